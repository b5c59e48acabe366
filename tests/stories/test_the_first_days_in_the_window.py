"""The main story in the real window: first start, kits, receiving by scan, admission, month, claim summary."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import resources
from infusion_desktop.access.people import add_person
from infusion_desktop.access.roles import Role
from infusion_desktop.application import Application
from infusion_desktop.billing.terms.contracts import add_rules, starter
from infusion_desktop.billing.terms.fee_files import import_fees
from infusion_desktop.database.engine import Place
from infusion_desktop.database.keys import is_encrypted
from infusion_desktop.dates import Days, month_of, now_utc, today
from infusion_desktop.deliveries.bench.picking import pick_all
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.bench.shipping import pack, ship
from infusion_desktop.deliveries.bench.verifying import verify_all
from infusion_desktop.deliveries.door.delivering import Proof, deliver
from infusion_desktop.deliveries.plans.planning import plan
from infusion_desktop.deliveries.queries import day_board
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.desktop.welcome.first_start import FirstStartWindow
from infusion_desktop.desktop.welcome.sign_in import SignInWindow
from infusion_desktop.logs import start_log
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.patients.payers import NewPayer, add_payer
from infusion_desktop.patients.prescribers import NewPrescriber, add_prescriber
from infusion_desktop.patients.queries import patient_page
from infusion_desktop.patients.words import AccessKind, Method, PatientId, PayerKind, Relation, Route, Sex, TherapyClass
from infusion_desktop.settings import load_settings
from infusion_desktop.stock.importing.item_import import import_items, preview_items
from infusion_desktop.stock.queries import item_page, item_rows, stock_rows
from infusion_desktop.verifying import verify_books

PASSWORD = "correct horse battery"
PASSPHRASE = "a sentence of a few words"


@pytest.fixture
def program(qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    """The program on an empty data folder, as a fresh machine starts it."""
    monkeypatch.setenv("INFUSION_DESKTOP_HOME", str(tmp_path))
    settings = load_settings()
    start_log(settings.logs)
    made = Application(qapp, settings, open_pharmacy(Place.of(settings.database)))
    made.start()
    yield made
    made.scanner.stop()
    made.idle.stop()
    if made.window is not None:
        made.window.close()
    made.database.close()
    made.deleteLater()


def press(qtbot: QtBot, widget: Any) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def quiet(shell: Shell) -> Callable[[], bool]:
    return lambda: not shell.jobs.running


def first_start(program: Application, qtbot: QtBot) -> Shell:
    window = program.window
    assert isinstance(window, FirstStartWindow)
    press(qtbot, window.steps.next)
    for field, typed in (
        (window.name, "Cascade Home Infusion"), (window.street, "1420 Larkspur Place"), (window.city, "Portland"),
        (window.state, "OR"), (window.zip, "97205-1234"), (window.phone, "503-555-0100"), (window.tax_id, "93-1234567"),
        (window.npi, "1234567890"),
    ):  # fmt: skip
        field.line.clear()
        qtbot.keyClicks(field.line, typed)
    press(qtbot, window.steps.next)
    assert window.steps.step == 1, "a wrong NPI is not let through"
    assert "NPI" in window.npi.error.text()
    window.npi.line.clear()
    qtbot.keyClicks(window.npi.line, "1234567893")
    press(qtbot, window.steps.next)
    for field, typed in (
        (window.person_name, "Ada Min"), (window.username, "ada"), (window.password, PASSWORD),
        (window.again, PASSWORD),
    ):  # fmt: skip
        qtbot.keyClicks(field.line, typed)
    press(qtbot, window.steps.next)
    protect = window.protect
    protect.wanted.box.click()
    press(qtbot, window.steps.next)
    assert window.steps.step == 3, "no encryption without a passphrase"
    for field in (protect.phrase, protect.again):
        qtbot.keyClicks(field.line, PASSPHRASE)
    press(qtbot, window.steps.next)
    assert "Write it down" in protect.noted.error.text()
    protect.noted.box.click()
    press(qtbot, window.steps.next)
    qtbot.waitUntil(lambda: isinstance(program.window, Shell), timeout=20_000)
    assert is_encrypted(program.database.place.file)
    shell = program.window
    assert isinstance(shell, Shell)
    return shell


def counted(screen: Any, lines: int) -> int:
    """How many boxes the newest line has, once there are that many lines."""
    rows = screen.table.model.rows
    return int(max(rows, key=lambda line: line.id).packs) if len(rows) == lines else 0


def receive_everything(shell: Shell, qtbot: QtBot, numbers: set[str], per_item: int) -> None:
    """Scan a box of each item, by the GTIN on its smallest pack, into the main store."""
    shell.go("receive")
    qtbot.waitUntil(quiet(shell), timeout=10_000)
    screen: Any = shell.screen_in_front
    with shell.context.database.reading() as session:
        pages = [item_page(session, row.id) for row in item_rows(session) if row.number in numbers]
    for wanted, page in enumerate(pages, start=1):
        assert page is not None
        pack = next(each for each in reversed(page.item.packs) if each.gtin)
        label = f"]d201{pack.gtin}17281231\x1d10L{page.item.number.replace('-', '')}"
        boxes = min(-(-per_item // pack.quantity), 15)
        for scan in range(1, boxes + 1):
            shell.on_scan(label)
            qtbot.waitUntil(lambda scan=scan, wanted=wanted: counted(screen, wanted) == scan, timeout=10_000)
    press(qtbot, screen.save_button)
    qtbot.waitUntil(lambda: screen.last_receipt is not None, timeout=20_000)


def admit(shell: Shell, qtbot: QtBot) -> PatientId:
    shell.go("admit")
    qtbot.waitUntil(quiet(shell), timeout=10_000)
    screen: Any = shell.screen_in_front
    press(qtbot, screen.steps.next)
    assert screen.steps.step == 0, "an empty form is not let through"
    for field, typed in (
        (screen.last_name, "O'Shaughnessy"), (screen.born_on, "2/29/1960"),
        (screen.phone, "503-555-0177"), (screen.street, "12 Alder Street"), (screen.city, "Portland"),
        (screen.state, "OR"), (screen.zip, "97205-4321"),
    ):  # fmt: skip
        qtbot.keyClicks(field.line, typed)
    screen.first_name.set_value("Nguyễn")  # keyClicks cannot type this letter
    screen.sex.set_value(Sex.FEMALE)
    press(qtbot, screen.steps.next)
    qtbot.keyClicks(screen.diagnoses.line, "M86.9 Z45.2")
    screen.device.set_value(AccessKind.PICC)
    press(qtbot, screen.steps.next)
    screen.payer.combo.setCurrentIndex(0)
    qtbot.keyClicks(screen.member.line, "W12345678")
    qtbot.keyClicks(screen.covered_from.line, "1/1/2026")
    screen.relation.set_value(Relation.SELF)
    press(qtbot, screen.steps.next)
    order = screen.order
    order.therapy_class.set_value(TherapyClass.ANTI_INFECTIVE)
    qtbot.keyClicks(order.drug.line, "ceftriaxone 2 g")
    order.item.set_value(next(meant for shown, meant in order.item._choices if "DRG-ELA-02" in shown))
    order.route.set_value(Route.INTRAVENOUS)
    order.method.set_value(Method.ELASTOMERIC)
    order.interval.set_value(24)
    first = month_of(today().replace(day=1) - timedelta(days=1)).first + timedelta(days=3)
    order.starts_on.set_value(first)
    order.stops_on.set_value(first + timedelta(days=13))
    order.ordered_on.set_value(first)
    order.prescriber.combo.setCurrentIndex(0)
    press(qtbot, screen.steps.next)
    for check in screen.checks.values():
        check.set_value(True)
    press(qtbot, screen.steps.next)
    qtbot.waitUntil(lambda: quiet(shell)() and shell.screen_in_front is not screen, timeout=15_000)
    page: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: page.shown is not None, timeout=10_000)
    assert "O'Shaughnessy" in page.name.text()
    assert "Shaughnessy" not in shell.windowTitle(), "no patient's name in a window title"
    return PatientId(page.shown.page.id)


def test_from_a_fresh_machine_to_a_claim_summary(program: Application, qtbot: QtBot, tmp_path: Path) -> None:
    shell = first_start(program, qtbot)
    database, by = shell.context.database, shell.context.user_id
    preview = preview_items(resources.read("demonstration/items.csv"), "items.csv")
    import_items(database, preview, by)
    shell.go("kits")
    qtbot.waitUntil(quiet(shell), timeout=10_000)
    kits: Any = shell.screen_in_front
    press(qtbot, kits.starter)
    qtbot.waitUntil(lambda: quiet(shell)() and len(kits.table.model.rows) >= 12, timeout=15_000)
    kit = next(row.kept for row in kits.table.model.rows if row.kept.template.code == "ABX-ELA-Q24")

    with database.reading() as session:
        names = {row.id: row.number for row in item_rows(session)}
    numbers = {names[line.item_id] for line in kit.template.lines if line.item_id and not line.optional}
    receive_everything(shell, qtbot, numbers, 30)
    with database.reading() as session:
        assert {row.item_number for row in stock_rows(session)} == numbers

    payer = add_payer(database, NewPayer("Cascadia Health Plan", "CHP01", PayerKind.COMMERCIAL), by)
    add_rules(database, payer, starter("commercial_access").rules, date(2026, 1, 1), by)
    import_fees(
        database, payer, "code,rate,charge,starts_on\nS9500,118.00,190.00,2026-01-01\nJ0696,2.10,4.00,2026-01-01", by
    )
    add_prescriber(database, NewPrescriber("Hartmann", "Lena", "1234567893", "MD"), by)
    patient = admit(shell, qtbot)

    second = add_person(database, "tom", "Tom Second", PASSWORD, frozenset({Role.TECHNICIAN}), by)
    with database.reading() as session:
        therapy = patient_page(session, patient).therapies[0]
    first, last = therapy.order.starts_on, therapy.order.stops_on
    assert last is not None
    delivery = plan(database, therapy.id, Days(first, last), first, {}, by)
    assert release(database, delivery, by).short == ()
    arrived = now_utc() - (today() - first)
    begun = arrived - timedelta(hours=2)
    pick_all(database, delivery, by, begun)
    verify_all(database, delivery, second, begun)
    pack(database, delivery, 1, 1, by, at=begun)
    ship(database, delivery, by, at=begun)
    deliver(database, delivery, Proof("Nguyễn O'Shaughnessy", "self", arrived), by)

    shell.go("month")
    month: Any = shell.screen_in_front
    qtbot.waitUntil(quiet(shell), timeout=10_000)
    press(qtbot, month.count_button)
    qtbot.waitUntil(lambda: quiet(shell)() and len(month.table.model.rows) == 1, timeout=20_000)
    [claim] = month.table.model.rows
    shell.open("claim", claim.id)
    page: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: page.shown is not None and quiet(shell)(), timeout=10_000)
    per_diem = page.shown.lines[0]
    assert (per_diem.code, int(per_diem.units)) == ("S9500", 14)
    qtbot.waitUntil(lambda: "14 service days" in page.why.toPlainText(), timeout=5_000)
    with database.reading() as session:
        number = day_board(session, Days(first, last), today())[0].number
    assert f"delivery {number}, delivered with proof" in page.why.toPlainText()

    page.preview()
    qtbot.waitUntil(lambda: hasattr(page, "dialog") and quiet(shell)(), timeout=20_000)
    from pypdfium2 import PdfDocument

    pdf = PdfDocument(page.dialog.preview._pdf)
    text = "".join(pdf[n].get_textpage().get_text_bounded() for n in range(len(pdf)))
    pdf.close()
    assert "S9500" in text
    assert "O'Shaughnessy" in text
    page.dialog.close()
    assert verify_books(database) == ()
    log = (tmp_path / "logs" / "infusion-desktop.log").read_text(encoding="utf-8")
    assert "Shaughnessy" not in log
    shell.sign_out_asked.emit()
    assert isinstance(program.window, SignInWindow)
