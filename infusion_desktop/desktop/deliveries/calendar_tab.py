"""The calendar: a week of deliveries by day, dragged to another day; each day says whether it would be right."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, now_utc, show_day, show_days
from infusion_desktop.deliveries.schedule.calendar_rules import WEEKDAYS, Calendar, DayCheck
from infusion_desktop.deliveries.schedule.delivery_days import calendar_of
from infusion_desktop.deliveries.schedule.repeats import Expected, expected
from infusion_desktop.deliveries.schedule.schedule_queries import ScheduleRow, schedule
from infusion_desktop.deliveries.schedule.scheduling import check_move
from infusion_desktop.deliveries.words import DeliveryId
from infusion_desktop.desktop.buttons import button, tool
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.deliveries.looks import NEXT, STATE_TONES
from infusion_desktop.desktop.deliveries.schedule_cards import Card, CardList
from infusion_desktop.desktop.labels import label, tone_icon
from infusion_desktop.desktop.theme import set_icon

DAYS = 7


@dataclass(frozen=True, slots=True)
class Week:
    """What the calendar shows: deliveries, what is expected, and on which days nothing is delivered."""

    first: date
    rows: tuple[ScheduleRow, ...]
    coming: tuple[Expected, ...]
    calendar: Calendar


def week_of(database: Database, first: date, today: date) -> Week:
    """Everything of seven days."""
    days = Days(first, first + timedelta(days=DAYS - 1))
    with database.reading() as session:
        return Week(first, schedule(session, days, today), expected(session, days, today), calendar_of(session))


def checks_of(database: Database, delivery_id: DeliveryId, first: date) -> dict[date, DayCheck]:
    """What speaks against each day of the week for one delivery."""
    now = now_utc().astimezone().replace(tzinfo=None)
    days = [first + timedelta(days=n) for n in range(DAYS)]
    with database.reading() as session:
        return {day: check_move(session, delivery_id, day, now) for day in days}


class DayColumn(QWidget):
    """One day: its name, how much goes out, why nothing does, and its cards."""

    def __init__(self, may_move: bool) -> None:
        super().__init__()
        self.day = date.min
        self.name = label("", "strong")
        self.note = label("", "small", wrap=True)
        self.name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.fits = tone_icon(Tone.NEUTRAL, 18)
        self.fits.hide()
        self.cards = CardList(None, "", may_move=may_move)
        head = QHBoxLayout()
        head.addWidget(self.name, 1)
        head.addWidget(self.fits)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self.note)
        column.addWidget(self.cards, 1)

    def show_day(self, day: date, today: date, why_not: str, cards: Sequence[Card], going: int) -> None:
        """Show a day and what is on it."""
        self.day, self.cards.key = day, day
        name = f"{WEEKDAYS[day.weekday()][:3]} {day.month}/{day.day}"
        self.name.setText(f"● {name}" if day == today else name)
        self.name.setToolTip("Today" if day == today else "")
        closed = why_not.partition(" is ")[2].removeprefix("a ") if why_not else ""
        plain = closed in WEEKDAYS
        self.note.setText(("no deliveries" if plain else closed) if closed else _count(going))
        self.cards.setAccessibleName(f"Deliveries on {show_day(day)}")
        self.cards.set_cards(cards)

    def show_check(self, check: DayCheck | None) -> None:
        """Whether the marked delivery may go on this day."""
        self.fits.setVisible(check is not None)
        if check is None:
            return
        tone = Tone.BAD if check.refusals else Tone.WARN if check.warnings else Tone.GOOD
        set_icon(self.fits, tone.value, tone.name.lower(), 18)  # type: ignore[arg-type]
        said = "\n".join((*check.refusals, *check.warnings)) or "Nothing speaks against this day."
        self.fits.setToolTip(said)
        self.fits.setAccessibleName(said)


def _count(going: int) -> str:
    return "" if not going else f"{going} delivery" if going == 1 else f"{going} deliveries"


class CalendarTab(QWidget):
    """Seven days side by side."""

    week_asked = Signal(object)
    moved = Signal(list, object)
    """Deliveries (ids) and the day they shall go on."""
    opened = Signal(int)
    chosen = Signal(int)
    plan_asked = Signal()

    def __init__(self, may_move: bool) -> None:
        super().__init__()
        self.week: Week | None = None
        self.rows: dict[int, ScheduleRow] = {}
        self.title = label("", "heading")
        self.columns = [DayColumn(may_move) for _ in range(DAYS)]
        self.plan_button = button("Plan what recurs", self.plan_asked.emit, icon="refresh")
        self.plan_button.setToolTip("Draft the recurring deliveries of the next two weeks")
        self.plan_button.setEnabled(may_move)
        bar = QHBoxLayout()
        bar.addWidget(tool("chevron-left", "A week earlier", lambda: self._go(-DAYS)))
        bar.addWidget(button("This week", lambda: self.week_asked.emit(None)))
        bar.addWidget(tool("chevron-right", "A week later", lambda: self._go(DAYS)))
        bar.addSpacing(8)
        bar.addWidget(self.title, 1)
        bar.addWidget(self.plan_button)
        across = QHBoxLayout()
        across.setSpacing(6)
        for column in self.columns:
            across.addWidget(column, 1)
            column.cards.opened.connect(self.opened)
            column.cards.chosen.connect(self._chosen)
            column.cards.dropped.connect(lambda day, ids, _row: self.moved.emit(ids, day))
            column.cards.stepped.connect(self._stepped)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 12, 0, 0)
        whole.addLayout(bar)
        whole.addLayout(across, 1)

    def show_week(self, week: Week, today: date) -> None:
        """Show a week."""
        self.week = week
        self.rows = {row.id: row for row in week.rows}
        last = week.first + timedelta(days=DAYS - 1)
        self.title.setText(f"{show_day(week.first)} to {show_day(last)}")
        for number, column in enumerate(self.columns):
            day = week.first + timedelta(days=number)
            mine = [row for row in week.rows if row.day == day]
            coming = [each for each in week.coming if each.arrives_on == day]
            cards = [*(card_of(row) for row in sorted(mine, key=_by_window)), *map(_ghost, coming)]
            column.show_day(day, today, week.calendar.why_not(day), cards, len(mine))
            column.show_check(None)

    def show_checks(self, checks: Mapping[date, DayCheck]) -> None:
        """Say at each day whether the marked delivery may go on it."""
        for column in self.columns:
            column.show_check(checks.get(column.day))

    def _go(self, days: int) -> None:
        if self.week is not None:
            self.week_asked.emit(self.week.first + timedelta(days=days))

    def _chosen(self, delivery_id: int) -> None:
        source = self.sender()
        for column in self.columns:
            if column.cards is not source:
                column.cards.clearSelection()
        self.chosen.emit(delivery_id)

    def _stepped(self, day: date, ids: list[int], columns: int, _rows: int) -> None:
        if columns:
            self.moved.emit(ids, day + timedelta(days=columns))


def _by_window(row: ScheduleRow) -> tuple[str, str]:
    return (row.window or "99", row.patient_name)


def short_window(window: str) -> str:
    """A window as a narrow card shows it: "10:00 to 14:00" becomes "10–14"."""
    return re.sub(r"\b0?(\d{1,2}):00\b", r"\1", window).replace(" to ", "–")


def card_of(row: ScheduleRow, *, with_group: bool = True, mark: str = "") -> Card:
    """A delivery as a card: its window and whose tour it is in, or where it goes."""
    attempts = f"nobody there {row.attempts}×" if row.attempts else ""
    where = row.group if with_group else row.town.partition(",")[0]
    parts = (short_window(row.window), where, row.state.value, attempts)
    hint = "\n".join(
        part
        for part in (
            f"{row.number}   {row.therapy}", f"{row.street}, {row.town}", f"{row.carrier.value}, {row.group}",
            NEXT[row.state], "Late: its day has passed." if row.late else "", row.instructions,
        )
        if part
    )  # fmt: skip
    tone = Tone.BAD if row.late else STATE_TONES[row.state]
    return Card(row.id, row.patient_name, " · ".join(part for part in parts if part), hint, tone, row.is_cold, mark)


def _ghost(coming: Expected) -> Card:
    parts = ("expected", short_window(coming.window), coming.driver)
    hint = f"{coming.therapy}: recurring, {show_days(coming.period)}. Not planned yet."
    return Card(None, coming.patient_name, " · ".join(part for part in parts if part), hint)
