"""The day board: the tours of a day side by side, stops in order; dragged between drivers and along a tour."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, show_day
from infusion_desktop.deliveries.schedule.calendar_rules import WEEKDAYS
from infusion_desktop.deliveries.schedule.delivery_days import DriverRow, drivers
from infusion_desktop.deliveries.schedule.dispatch_words import DriverId
from infusion_desktop.deliveries.schedule.schedule_queries import ScheduleRow, in_tour_order, schedule
from infusion_desktop.desktop.buttons import button, tool
from infusion_desktop.desktop.deliveries.calendar_tab import card_of
from infusion_desktop.desktop.deliveries.schedule_cards import CardList
from infusion_desktop.desktop.labels import label

GROUPINGS = ("Tour", "Route", "Driver", "Carrier")
_FILLS = 4
_NARROWEST, _WIDEST = 188, 300
"""Pixels of a tour's column: five stand beside each other at 1280 without scrolling."""


@dataclass(frozen=True, slots=True)
class TourKey:
    """What a column stands for: whose tour, and what a delivery gets that is put there."""

    name: str
    driver_id: DriverId | None = None
    route: str = ""
    takes: bool = True
    """Whether deliveries may be put there."""


@dataclass(frozen=True, slots=True)
class Day:
    """What the board shows."""

    day: date
    rows: tuple[ScheduleRow, ...]
    drivers: tuple[DriverRow, ...]


def day_of(database: Database, day: date, today: date) -> Day:
    """Everything of one day."""
    with database.reading() as session:
        return Day(day, schedule(session, Days(day, day), today), drivers(session))


def columns_of(shown: Day, grouping: str) -> list[tuple[TourKey, tuple[ScheduleRow, ...]]]:
    """The day's deliveries by what they are grouped by; every driver has a column, with or without stops."""
    found: dict[TourKey, list[ScheduleRow]] = {}
    if grouping in ("Tour", "Driver"):
        found.update({TourKey(each.name, each.id): [] for each in shown.drivers})
    for row in shown.rows:
        found.setdefault(_key_of(row, grouping), []).append(row)
    ordered = sorted(found.items(), key=lambda each: (not each[1], each[0].name.casefold()))
    return [(key, in_tour_order(rows)) for key, rows in ordered]


def _key_of(row: ScheduleRow, grouping: str) -> TourKey:
    if grouping == "Route":
        return TourKey(row.route or "No route", row.driver_id, row.route, takes=bool(row.route))
    if grouping == "Carrier":
        return TourKey(row.carrier.value.capitalize(), takes=False)
    if row.driver_id is not None:
        return TourKey(row.driver, row.driver_id)
    if grouping == "Driver":
        return TourKey("No driver yet", takes=True)
    return TourKey(row.group, None, row.route, takes=bool(row.route))


class TourColumn(QFrame):
    """A tour: its stops in order, and its route sheet."""

    sheet_asked = Signal(str)

    def __init__(self, key: TourKey, rows: Sequence[ScheduleRow], may_move: bool, is_tour: bool) -> None:
        super().__init__()
        self.setObjectName("card")
        self.setMinimumWidth(_NARROWEST)
        self.setMaximumWidth(_WIDEST)
        self.key = key
        totes = sum(row.totes for row in rows)
        cold = sum(row.is_cold for row in rows)
        facts = [f"{len(rows)} stop" if len(rows) == 1 else f"{len(rows)} stops"]
        facts += [f"{totes} tote" if totes == 1 else f"{totes} totes"] if totes else []
        facts += [f"{cold} cold"] if cold else []
        self.cards = CardList(key, f"Stops of {key.name}", may_move=may_move)
        self.cards.set_cards([card_of(row, with_group=False, mark=f"{place}.") for place, row in enumerate(rows, 1)])
        self.sheet = tool("print", f"Print the route sheet of {key.name}", lambda: self.sheet_asked.emit(key.name))
        policy = self.sheet.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # The columns' heads stand at one height.
        self.sheet.setSizePolicy(policy)
        self.sheet.setVisible(is_tour and bool(rows))
        head = QHBoxLayout()
        name = label(key.name, "strong", wrap=True)
        head.addWidget(name, 1)
        head.addWidget(self.sheet)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 10)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(label(", ".join(facts), "small"))
        column.addWidget(self.cards, 1)


class DayTab(QWidget):
    """The tours of one day."""

    day_asked = Signal(object)
    assigned = Signal(list, object)
    """Deliveries and the TourKey they are given to."""
    ordered = Signal(list)
    """All deliveries of a tour in their new order."""
    opened = Signal(int)
    sheet_asked = Signal(str)
    print_asked = Signal()

    def __init__(self, may_move: bool) -> None:
        super().__init__()
        self.shown: Day | None = None
        self._may_move = may_move
        self.columns: list[TourColumn] = []
        self.title = label("", "heading")
        self.groups = QButtonGroup(self)
        self.empty = label("Nothing goes out on this day. Plan a delivery, or drag one here on the calendar.", "muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        bar = QHBoxLayout()
        bar.addWidget(tool("chevron-left", "The day before", lambda: self._go(-1)))
        bar.addWidget(button("Today", lambda: self.day_asked.emit(None)))
        bar.addWidget(tool("chevron-right", "The day after", lambda: self._go(1)))
        bar.addSpacing(8)
        bar.addWidget(self.title, 1)
        bar.addWidget(label("By", "small"))
        for number, name in enumerate(GROUPINGS):
            chip = button(name, kind="chip")
            chip.setCheckable(True)
            chip.setChecked(number == 0)
            self.groups.addButton(chip, number)
            bar.addWidget(chip)
        self.print_button = button("Print the day…", self.print_asked.emit, icon="print", kind="primary")
        bar.addWidget(self.print_button)
        self.groups.idToggled.connect(lambda _id, on: self._rebuild() if on else None)
        self._inside = QWidget()
        self._inside.setObjectName("scrolled")
        self._across = QHBoxLayout(self._inside)
        self._across.setContentsMargins(0, 0, 0, 0)
        self._across.setSpacing(10)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(self._inside)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 12, 0, 0)
        whole.addLayout(bar)
        whole.addWidget(self.empty)
        whole.addWidget(self.area, 1)

    @property
    def grouping(self) -> str:
        """What the columns stand for."""
        return GROUPINGS[max(0, self.groups.checkedId())]

    def show_day(self, shown: Day, today: date) -> None:
        """Show a day."""
        self.shown = shown
        day = shown.day
        near = {0: "Today, ", 1: "Tomorrow, ", -1: "Yesterday, "}.get((day - today).days, "")
        self.title.setText(f"{near}{WEEKDAYS[day.weekday()]} {show_day(day)}")
        self.print_button.setEnabled(bool(shown.rows))
        self._rebuild()

    def row(self, delivery: int) -> ScheduleRow | None:
        """The delivery as the board shows it."""
        return next((each for each in self.shown.rows if each.id == delivery), None) if self.shown else None

    def column(self, name: str) -> TourColumn:
        """The column with this name."""
        return next(each for each in self.columns if each.key.name == name)

    def _rebuild(self) -> None:
        if self.shown is None:
            return
        focused = next((each.key.name for each in self.columns if each.cards.hasFocus()), "")
        marked = [card for each in self.columns for card in each.cards.marked()]
        while self._across.count():
            item = self._across.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.deleteLater()
        is_tour = self.grouping == "Tour"
        self.columns = [
            TourColumn(key, rows, self._may_move, is_tour) for key, rows in columns_of(self.shown, self.grouping)
        ]
        for each in self.columns:
            self._across.addWidget(each, 1)
            each.cards.opened.connect(self.opened)
            each.cards.dropped.connect(self._dropped)
            each.cards.stepped.connect(self._stepped)
            each.sheet_asked.connect(self.sheet_asked)
            for card_id in marked:
                each.cards.mark(card_id)
            if each.key.name == focused:
                each.cards.setFocus()
        if len(self.columns) < _FILLS:
            self._across.addStretch(1)
        self.empty.setVisible(not self.shown.rows)

    def _go(self, days: int) -> None:
        if self.shown is not None:
            self.day_asked.emit(self.shown.day + timedelta(days=days))

    def _dropped(self, key: TourKey, ids: list[int], row: int) -> None:
        column = next((each for each in self.columns if each.key == key), None)
        if column is None:
            return
        there = [card.id for card in column.cards.cards() if card.id is not None]
        if set(ids) <= set(there):
            before = [each for each in there[:row] if each not in ids]
            after = [each for each in there[row:] if each not in ids]
            self.ordered.emit([*before, *ids, *after])
        elif key.takes:
            self.assigned.emit(ids, key)

    def _stepped(self, key: TourKey, ids: list[int], columns: int, rows: int) -> None:
        place = next((n for n, each in enumerate(self.columns) if each.key == key), -1)
        if place < 0:
            return
        if columns:
            there = self.columns[(place + columns) % len(self.columns)]
            if there.key.takes:
                self.assigned.emit(ids, there.key)
            return
        now = [card.id for card in self.columns[place].cards.cards() if card.id is not None]
        first = now.index(ids[0])
        rest = [each for each in now if each not in ids]
        at = max(0, min(len(rest), first + rows))
        self.ordered.emit([*rest[:at], *ids, *rest[at:]])
