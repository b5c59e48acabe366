"""What desktop tests share: the look, jobs that end, and rows that look like a stock list."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, QSettings
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QLineEdit, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from infusion_desktop.access.roles import UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day
from infusion_desktop.desktop import theme
from infusion_desktop.desktop.banner import Banner
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.changes import Changes
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.jobs import Jobs
from infusion_desktop.desktop.messages import Messages
from infusion_desktop.desktop.pages import Figure, Page
from infusion_desktop.desktop.places import Place
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView

TODAY = date(2026, 3, 2)


@dataclass(frozen=True, slots=True)
class Lot:
    """A row as a stock list shows it."""

    id: int
    item: str
    number: str
    place: str
    on_hand: int
    expires_on: date | None
    state: str


TONES = {"Available": Tone.GOOD, "Expires soon": Tone.WARN, "Quarantined": Tone.BAD, "Reserved": Tone.INFO}
LOT_COLUMNS: tuple[Column[Lot], ...] = (
    Column("Item", text=lambda lot: lot.item, stretch=True),
    Column("Lot", text=lambda lot: lot.number),
    Column("Place", text=lambda lot: lot.place),
    Column(
        "On hand",
        text=lambda lot: f"{lot.on_hand:,}",
        sort_key=lambda lot: lot.on_hand,
        numeric=True,
        value=lambda lot: lot.on_hand,
    ),
    Column(
        "Expires",
        text=lambda lot: show_day(lot.expires_on),
        sort_key=lambda lot: lot.expires_on,
        value=lambda lot: lot.expires_on,
    ),
    Column("State", text=lambda lot: lot.state, tone=lambda lot: TONES[lot.state]),
)
_ITEMS = (
    "Huber needle 20 G x 0.75 in, with wings", "Transparent dressing 10 x 12 cm", "Sodium chloride 0.9 % flush 10 mL",
    "Administration set 60 drops, 2.5 m", "Elastomeric pump 100 mL/h, 300 mL", "Chlorhexidine applicator 3 mL",
    "PICC securement device", "Needleless connector, neutral", "Extension set 20 cm",
    "Sharps container 1.4 L",
)  # fmt: skip


def make_lots(number: int) -> tuple[Lot, ...]:
    """That many lots, always the same ones."""
    pick = random.Random(7)
    states = ("Available", "Available", "Available", "Expires soon", "Quarantined", "Reserved")
    return tuple(
        Lot(
            n,
            pick.choice(_ITEMS),
            f"{pick.choice('ABCDEFGH')}{pick.randrange(10_000, 99_999)}",
            f"Aisle {pick.randrange(1, 9)} / Bin {pick.randrange(1, 40)}",
            pick.randrange(0, 2_400),
            None if n % 50 == 0 else TODAY + timedelta(days=pick.randrange(5, 900)),
            pick.choice(states),
        )
        for n in range(number)
    )


class LotsScreen(Screen):
    """A screen as the capabilities write it, over plain rows."""

    title = "Stock"
    topics = frozenset({"stock"})
    help = "Every lot in stock, where it lies and when it expires."
    number = 400

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.loads = 0
        self.scans: list[str] = []
        self.uses_scans = False
        self.seen: list[tuple[str, object]] = []
        self.table: TableView[Lot] = TableView(
            LOT_COLUMNS, lambda lot: lot.id, name="Lots in stock", desk=desk, noun=("lot", "lots"),
            chips=[Chip(s, lambda lot, s=s: lot.state == s, group="state") for s in ("Expires soon", "Quarantined")],
            empty="No lot in stock yet. Scan a box to receive it.", empty_button=("Receive", lambda: None),
            settings=self.settings(),
        )  # fmt: skip
        self.figures = [
            Figure("Lots in stock", Tone.INFO),
            Figure("Expire in 60 days", Tone.WARN),
            Figure("On hold", Tone.BAD),
        ]
        row = QHBoxLayout()
        row.setSpacing(14)
        for figure in self.figures:
            row.addWidget(figure)
        page = Page(self, "What lies where, which lot goes first, and what must not go out.")
        page.actions(button("Count", icon="count"), button("Receive", icon="plus", kind="primary"))
        page.add(row)
        page.add(self.table, 1)

    def load(self) -> None:
        self.loads += 1
        self.ask(lambda: make_lots(self.number), self._show)

    def _show(self, lots: tuple[Lot, ...]) -> None:
        self.table.set_rows(lots)
        for figure, (number, detail, tone) in zip(
            self.figures,
            (
                (f"{len(lots):,}", "1,204 items, $182,340.10", Tone.INFO),
                ("38", "$6,120.00 at cost", Tone.WARN),
                ("7", "2 recalled", Tone.BAD),
            ),
            strict=True,
        ):
            figure.show_value(number, detail, tone)

    def on_scan(self, raw: str) -> bool:
        self.scans.append(raw)
        return self.uses_scans

    def show_record(self, kind: str, record: object) -> None:
        self.seen.append((kind, record))


class PlainScreen(Screen):
    """A second screen, to go to."""

    title = "Patients"
    topics = frozenset({"patients"})

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.loads = 0
        self.seen: list[tuple[str, object]] = []
        self.page = Page(self)

    def load(self) -> None:
        self.loads += 1

    def show_record(self, kind: str, record: object) -> None:
        self.seen.append((kind, record))


PLACES = (
    Place("patients", "Patients", "people", "see patients", PlainScreen, "Care", opens=("patient",)),
    Place("deliveries", "Deliveries", "truck", "", PlainScreen, "Care"),
    Place("kits", "Kit templates", "kit", "", PlainScreen, "Care"),
    Place("stock", "Stock", "box", "see stock", LotsScreen, "Supplies", opens=("lot",)),
    Place("equipment", "Pumps and poles", "pump", "", PlainScreen, "Supplies"),
    Place("recalls", "Recalls", "recall", "", PlainScreen, "Supplies"),
    Place("claims", "Claims", "claim", "see billing", PlainScreen, "Billing"),
    Place("reports", "Reports", "chart", "", PlainScreen, "Billing"),
)


@pytest.fixture(autouse=True)
def look(qapp: QApplication) -> Iterator[theme.Theme]:
    """The light theme, as the application starts with it."""
    yield theme.install(qapp, dark=False)


class _StrayWindows(QObject):
    """Notes every plain widget that is shown before it has a parent: a person sees it flash."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Show and isinstance(watched, QPushButton | QLabel | QLineEdit | QToolButton):
            self.seen.extend(
                [repr(watched)] if watched.isWindow() and watched.metaObject().className() in _PARTS else []
            )
        return False


_PARTS = frozenset({"QPushButton", "QLabel", "QLineEdit", "QToolButton"})


@pytest.fixture
def stray_windows(qapp: QApplication) -> Iterator[list[str]]:
    """What flashed up as a window of its own."""
    watch = _StrayWindows()
    qapp.installEventFilter(watch)
    yield watch.seen
    qapp.removeEventFilter(watch)


@pytest.fixture
def jobs(qtbot: QtBot) -> Iterator[Jobs]:
    made = Jobs()
    yield made
    made.close()


@pytest.fixture
def context(one_database: Database, tmp_path: Path) -> Context:
    return Context(
        one_database, UserId(1), "Dana Ruiz", frozenset({"see stock", "see patients", "see billing"}), None,
        tmp_path,
        "/home/pharmacy/infusion.db",
    )  # fmt: skip


@pytest.fixture
def desk(qtbot: QtBot, jobs: Jobs) -> Desk:
    """What a shell lends, without a shell."""
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(900, 600)
    window.show()
    return Desk(jobs, Messages(window, Banner(window)), Changes(window), lambda _kind, _record: None)


@pytest.fixture
def make_shell(qtbot: QtBot, context: Context, tmp_path: Path) -> Iterator[Callable[..., Shell]]:
    """Makes a shown shell over the places above."""
    made: list[Shell] = []

    def make(**options: object) -> Shell:
        options.setdefault("settings", QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat))
        shell = Shell(context, PLACES, **options)  # type: ignore[arg-type]
        qtbot.addWidget(shell)
        shell.show()
        qtbot.waitExposed(shell)
        with qtbot.waitActive(shell):
            shell.activateWindow()
        made.append(shell)
        return shell

    yield make
    for shell in made:
        shell.jobs.close()
