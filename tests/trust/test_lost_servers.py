"""A whole PostgreSQL server killed or restarted at work: nothing saved is lost or doubled, nothing typed (A3, B6).

A full run kills 30 and restarts 50.
"""

import random
import subprocess
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QCheckBox, QLineEdit, QPlainTextEdit, QTableWidget, QWidget
from pytestqt.qtbot import QtBot
from sqlalchemy import Engine, Pool, event, func, select

sys.path.insert(0, str(Path(__file__).parents[1] / "billing"))

from service_office import Office, office  # noqa: F401
from test_service_claims import sent_claim

from benchmarks.servers import Server
from infusion_desktop.access.audit import record
from infusion_desktop.access.people import UserId
from infusion_desktop.access.pharmacy import profile
from infusion_desktop.access.roles import Permission
from infusion_desktop.access.tables import AuditEntry
from infusion_desktop.billing.tables import Remittance
from infusion_desktop.database import listening
from infusion_desktop.database.engine import Database, Place
from infusion_desktop.dates import today
from infusion_desktop.deliveries.kits.template_rules import QuantityRule, TemplateLine
from infusion_desktop.deliveries.tables import KitTemplate
from infusion_desktop.desktop import theme
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.others import Others
from infusion_desktop.desktop.question import Answer
from infusion_desktop.desktop.rooms import house
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.patients.tables import Patient
from infusion_desktop.patients.words import AccessKind, Method, Route, Sex, TherapyClass
from infusion_desktop.stock.catalogue import NewItem, Pack, add_item
from infusion_desktop.stock.places import set_up_places
from infusion_desktop.stock.tables import Move, Receipt
from infusion_desktop.stock.words import ItemKind
from infusion_desktop.verifying import verify_books
from tests.promises import is_full, times

KILLS = times(2, 30)
RESTARTS = times(4, 50)
FREEZE_S = 1.0
WAIT_S = 120
GTIN = "00312345678906"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("own"))
    yield made
    made.close()


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    """A pharmacy on a server that may be killed."""
    name = f"pharmacy_{time.monotonic_ns()}"
    server.run(f"CREATE DATABASE {name}")
    made = open_pharmacy(Place.of(server.url.set(database=name).render_as_string(hide_password=False)), "bench-1")
    yield made
    made.close()


def test_what_was_said_to_be_saved_outlives_the_servers_death_and_is_there_once(
    server: Server,
    database: Database,
    administrator: UserId,
    make_shelf: Callable[..., Any],
    program: Callable[..., list[str]],
    pick: random.Random,
) -> None:
    """Two programs post kits through it all, each until it is told that it was saved; the server dies under them."""
    shelf = make_shelf(database, administrator, 2, 1_000_000)
    address = database.place.url.render_as_string(hide_password=False)
    commands = [program("persist", address, administrator, worker, *shelf.lots) for worker in (1, 2)]
    with ExitStack() as stack:
        running = [stack.enter_context(subprocess.Popen(each, stdout=subprocess.PIPE, text=True)) for each in commands]
        heard: list[list[str]] = [[], []]
        ears = [threading.Thread(target=_hear, args=(each, said)) for each, said in zip(running, heard, strict=True)]
        for each in ears:
            each.start()
        for _ in range(KILLS):
            before = [len(said) for said in heard]
            _until(lambda before=before: all(len(said) > many for said, many in zip(heard, before, strict=True)))
            time.sleep(pick.uniform(0.05, 0.6))
            server.kill()
            time.sleep(pick.uniform(0.0, 0.5))
            server.start()
        before = [len(said) for said in heard]
        _until(lambda: all(len(said) > many + 2 for said, many in zip(heard, before, strict=True)))
        for each in running:
            each.kill()
        for each in ears:
            each.join()
    said = [int(line) for each in heard for line in each if line.isdigit()]
    refused = sum(line == "refused" for each in heard for line in each)
    with database.reading() as session:
        moves = session.execute(
            select(Move.document_id, func.count()).where(Move.document == "transfer").group_by(Move.document_id)
        )
        found = dict(moves.all())
        told = Counter(session.scalars(select(AuditEntry.subject_id).where(AuditEntry.action == "send")))
    print(f"{KILLS} deaths of the server: {len(said)} kits said to be saved, {refused} refused")  # noqa: T201
    assert not set(said) - set(found), "lost"
    assert set(found.values()) == {2}, "half a kit, or a kit twice"
    assert told == dict.fromkeys(found, 1)
    assert len(set(found) - set(said)) <= 2, "only what each was about when it was ended was not told"
    assert verify_books(database) == ()


def _hear(running: Any, said: list[str]) -> None:
    said.extend(line.strip() for line in running.stdout)


def _until(is_so: Callable[[], bool], seconds: float = WAIT_S) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "nobody works any more"
        time.sleep(0.01)


@contextmanager
def the_window_asks_nobody() -> Iterator[None]:
    """Whoever asks a server that is away is kept waiting: never the window's own thread."""
    asked: list[str] = []

    def notice(*_: object) -> None:
        if threading.current_thread() is threading.main_thread():
            asked.append("".join(traceback.format_stack(limit=12)))

    hooks = ((Engine, "do_connect"), (Pool, "checkout"))
    for place, what in hooks:
        event.listen(place, what, notice)
    yield
    for place, what in hooks:
        event.remove(place, what, notice)
    assert not asked, asked[0]


class Freezes:
    """How long the window's thread answered nobody, less what the machine kept it waiting for a processor (Linux)."""

    def __init__(self) -> None:
        self.worst, self._last, self._waited = 0.0, time.monotonic(), self._kept_waiting()
        self._timer = QTimer()
        self._timer.timeout.connect(self._tick)
        self._timer.start(10)

    def stop(self) -> None:
        self._timer.stop()

    def _tick(self) -> None:
        now, waited = time.monotonic(), self._kept_waiting()
        self.worst = max(self.worst, now - self._last - (waited - self._waited))
        self._last, self._waited = now, waited

    @staticmethod
    def _kept_waiting() -> float:
        file = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
        return int(file.read_text().split()[1]) / 1e9 if file.exists() else 0.0


class Typing:
    """Something a person has typed and not saved yet."""

    def __init__(self, shell: Shell, qtbot: QtBot, number: int) -> None:
        self.shell, self.qtbot, self.number = shell, qtbot, number
        self.quiet()

    def quiet(self) -> None:
        self.qtbot.waitUntil(lambda: not self.shell.jobs.running)

    @property
    def where(self) -> QWidget:
        return self.screen

    @property
    def screen(self) -> Any:
        return self.shell.screen_in_front

    def type(self) -> None:
        raise NotImplementedError

    def save(self) -> None:
        raise NotImplementedError

    def typed(self) -> list[str]:
        """Every letter on the form."""
        parts: list[str] = [each.text() for each in self.where.findChildren(QLineEdit)]
        parts += [each.toPlainText() for each in self.where.findChildren(QPlainTextEdit)]
        parts += [str(each.isChecked()) for each in self.where.findChildren(QCheckBox)]
        for each in self.where.findChildren(QTableWidget):
            parts += [
                item.text() if (item := each.item(row, column)) is not None else ""
                for row in range(each.rowCount())
                for column in range(each.columnCount())
            ]
        return parts


class Admission(Typing):
    counts: Any = Patient

    def type(self) -> None:
        self.shell.go("admit")
        self.quiet()
        screen = self.screen
        for field, typed in (
            (screen.last_name, f"Quagmire{'abcdefghij'[self.number % 10] * (1 + self.number // 10)}"),
            (screen.first_name, "Ann"), (screen.born_on, "2/28/1960"), (screen.phone, "503-555-0177"),
            (screen.street, "12 Alder Street"), (screen.city, "Portland"), (screen.state, "OR"),
            (screen.zip, "97205-4321"),
        ):  # fmt: skip
            self.qtbot.keyClicks(field.line, typed)
        screen.sex.set_value(Sex.FEMALE)
        screen.steps.next.click()
        self.qtbot.keyClicks(screen.diagnoses.line, "M86.9")
        screen.device.set_value(AccessKind.PICC)
        screen.steps.next.click()
        screen.payer.combo.setCurrentIndex(0)
        self.qtbot.keyClicks(screen.member.line, "W12345678")
        self.qtbot.keyClicks(screen.covered_from.line, "1/1/2026")
        screen.steps.next.click()
        order = screen.order
        order.therapy_class.set_value(TherapyClass.ANTI_INFECTIVE)
        self.qtbot.keyClicks(order.drug.line, "ceftriaxone 2 g")
        order.route.set_value(Route.INTRAVENOUS)
        order.method.set_value(Method.GRAVITY)
        order.interval.set_value(24)
        order.starts_on.set_value(today())
        order.ordered_on.set_value(today())
        order.prescriber.combo.setCurrentIndex(0)
        screen.steps.next.click()
        for check in screen.checks.values():
            check.set_value(True)
        assert screen.steps.step == 4

    def save(self) -> None:
        self.screen.steps.next.click()


class Receiving(Typing):
    counts: Any = Receipt

    def type(self) -> None:
        self.shell.go("receive")
        self.quiet()
        for _ in range(3):
            self.shell.on_scan(f"]d201{GTIN}17301231\x1d10A{self.number}")
        self.qtbot.waitUntil(lambda: [line.packs for line in self.screen.receipt.lines] == [3])

    def typed(self) -> list[str]:
        return [f"{line.item_number} {line.lot} {line.packs}" for line in self.screen.receipt.lines]

    def save(self) -> None:
        self.screen.save_button.click()


class KitLines(Typing):
    counts: Any = KitTemplate

    def type(self) -> None:
        self.shell.open("kit", None)
        self.quiet()
        screen = self.screen
        self.qtbot.keyClicks(screen.code.line, f"K{self.number}")
        self.qtbot.keyClicks(screen.name.line, "A kit typed in a storm")
        screen.therapy_class.set_value(TherapyClass.HYDRATION)
        screen.starts_on.set_value(today())
        screen._show_lines([TemplateLine(screen.items[0].id, QuantityRule.PER_DELIVERY, Decimal(4), note="two hands")])
        self.quiet()

    def typed(self) -> list[str]:
        return [*super().typed(), *(f"{each.item_id} {each.amount} {each.note}" for each in self.screen.lines)]

    def save(self) -> None:
        self.screen.save_button.click()


class Paper(Typing):
    counts: Any = Remittance

    @property
    def where(self) -> QWidget:
        dialog: QWidget = self.screen.dialog
        return dialog

    def type(self) -> None:
        self.shell.go("money")
        self.qtbot.waitUntil(lambda: self.screen._found is not None and not self.shell.jobs.running)
        self.screen.type_paper()
        eob = self.screen.dialog
        eob.payer.combo.setCurrentIndex(0)
        self.qtbot.waitUntil(lambda: bool(eob.claim._choices) and not self.shell.jobs.running)
        self.qtbot.keyClicks(eob.number.line, f"CHK {self.number}")
        eob.claim.set_value(eob.claim._choices[0][1])
        eob.add_button.click()
        self.qtbot.waitUntil(lambda: eob.lines.rowCount() == 3)
        eob.lines.item(2, 3).setText("0")
        eob.lines.item(2, 4).setText("150.00")
        self.qtbot.keyClicks(eob.amount.line, "1498.00")
        assert "adds up" in eob.sum.text()

    def save(self) -> None:
        self.screen.dialog.press()


@pytest.fixture
def shell(
    database: Database,
    office: Office,  # noqa: F811
    administrator: UserId,
    qapp: QApplication,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Shell]:
    """The whole program's window, with an administrator at work and a claim that is out."""
    monkeypatch.setattr(listening, "TRY_AGAIN_S", (0.1, 0.2))
    with database.transaction() as session:
        set_up_places(session, administrator)
        session.get_one(Patient, office.patient).number = "Q000001"  # Those that are admitted begin with 1.
        record(session, administrator, "set up places", "place")
    add_item(database, NewItem("FL-10", "Flush 10 mL", ItemKind.FLUSH, packs=(Pack("box", 30, GTIN),)), administrator)
    sent_claim(office)
    with database.reading() as session:
        who = profile(session)
    context = Context(
        database, administrator, "Ada Min", frozenset(Permission), who, tmp_path, database.place.shown(), tmp_path
    )
    theme.install(qapp, dark=False)
    rooms = house(context)
    made = Shell(context, rooms.places, searches=rooms.searches, name_scans=rooms.name_scans)
    qtbot.addWidget(made)
    made.messages.ask = lambda _asked, answered, _parent: answered(Answer(True, "so it stands on the paper"))
    others = Others(database, made.changes, made)
    others.reached.connect(made.show_reached)
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    others.start()
    yield made
    others.stop()
    made.jobs.close()


def test_a_form_outlives_the_server_and_is_saved_once_when_it_is_back(
    server: Server, database: Database, shell: Shell, qtbot: QtBot
) -> None:
    forms = (Admission, Receiving, KitLines, Paper)
    worst, known = 0.0, verify_books(database)  # The office's own rows are made up.
    for number in range(RESTARTS):
        form = forms[number % len(forms)](shell, qtbot, number)
        form.type()
        before, typed = _count(database, form.counts), form.typed()
        assert any(typed)
        freezes = Freezes()
        with the_window_asks_nobody():
            meanwhile(server.kill if (number // len(forms) + number) % 2 else server.stop, qtbot)
            qtbot.waitUntil(lambda: "does not answer" in shell.place_label.text())
            form.save()
            form.quiet()
        assert "Nothing was saved" in _said(shell), "the person is told"
        assert form.typed() == typed
        meanwhile(server.start, qtbot)
        qtbot.waitUntil(lambda: "does not answer" not in shell.place_label.text())
        qtbot.wait(500)  # What others may have changed is asked for again; nothing typed goes.
        form.quiet()
        assert form.typed() == typed
        form.save()
        end = time.monotonic() + WAIT_S
        while _count(database, form.counts) != before + 1:
            assert time.monotonic() < end, f"{form.__class__.__name__} was not saved: {_said(shell)}"
            qtbot.wait(50)
        form.quiet()
        assert _count(database, form.counts) == before + 1, "once"
        freezes.stop()
        worst = max(worst, freezes.worst)
        form.quiet()
    print(f"{RESTARTS} restarts: the window's longest silence {worst:.2f} s")  # noqa: T201
    assert worst < FREEZE_S or not is_full()
    assert verify_books(database) == known


def meanwhile(work: Callable[[], None], qtbot: QtBot) -> None:
    """Do something to the server while the window lives on."""
    thread = threading.Thread(target=work)
    thread.start()
    qtbot.waitUntil(lambda: not thread.is_alive())


def _count(database: Database, table: Any) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def _said(shell: Shell) -> str:
    from infusion_desktop.desktop.banner import Banner

    return " ".join(each.text.text() for each in shell.findChildren(Banner) if each.isVisible())
