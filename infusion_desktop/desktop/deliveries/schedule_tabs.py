"""Two tabs of the schedule: what recurs, and the drivers with the days on which we deliver."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day, show_days
from infusion_desktop.deliveries.schedule.calendar_rules import WEEKDAYS, Calendar
from infusion_desktop.deliveries.schedule.delivery_days import DriverRow, calendar_of, drivers
from infusion_desktop.deliveries.schedule.repeats import RepeatRow, repeats
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Desk
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Card
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.identifiers import show_phone

Press = Callable[[], object]


@dataclass(frozen=True, slots=True)
class ClosedRow:
    """A day without deliveries."""

    day: date
    name: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Drivers and delivery days, as the tabs show them."""

    drivers: tuple[DriverRow, ...]
    calendar: Calendar
    repeats: tuple[RepeatRow, ...]


def settings_of(database: Database, today: date) -> Settings:
    """Everything the two tabs show."""
    with database.reading() as session:
        return Settings(drivers(session), calendar_of(session), repeats(session, today))


def _next(row: RepeatRow) -> str:
    return "the therapy ends" if row.next is None else show_day(row.next.arrives_on)


REPEAT_COLUMNS: tuple[Column[RepeatRow], ...] = (
    Column("Patient", lambda row: row.patient_name, stretch=True, width=170),
    Column("Therapy", lambda row: row.therapy, stretch=True, width=150),
    Column("Days each", lambda row: str(row.repeat.supply_days), sort_key=lambda row: row.repeat.supply_days,
           numeric=True, value=lambda row: row.repeat.supply_days),
    Column("Weekday", lambda row: "any" if row.repeat.weekday is None else WEEKDAYS[row.repeat.weekday]),
    Column("Planned through", lambda row: show_day(row.planned_through), sort_key=lambda row: row.planned_through,
           value=lambda row: row.planned_through),
    Column("Next arrives", _next, sort_key=lambda row: None if row.next is None else row.next.arrives_on,
           hint=lambda row: "" if row.next is None else f"for {show_days(row.next.period)}"),
    Column("By", lambda row: row.driver or row.repeat.carrier.value),
    Column("Window", lambda row: row.repeat.window, hidden=True),
)  # fmt: skip
DRIVER_COLUMNS: tuple[Column[DriverRow], ...] = (
    Column("Name", lambda row: row.name, stretch=True, width=120, hint=lambda row: row.name),
    Column("Works as", lambda row: row.carrier.value.capitalize()),
    Column("Usual routes", lambda row: ", ".join(row.routes), width=110),
    Column("Telephone", lambda row: show_phone(row.phone), hidden=True),
)
CLOSED_COLUMNS: tuple[Column[ClosedRow], ...] = (
    Column("Day", lambda row: show_day(row.day), sort_key=lambda row: row.day, value=lambda row: row.day, width=130),
    Column("", lambda row: WEEKDAYS[row.day.weekday()]),
    Column("Why", lambda row: row.name, stretch=True, tone=lambda _row: Tone.WARN),
)


class RepeatsTab(QWidget):
    """What comes again, and when next."""

    def __init__(self, desk: Desk, add: Press, end: Press, *, may_change: bool) -> None:
        super().__init__()
        self.table: TableView[RepeatRow] = TableView(
            REPEAT_COLUMNS, lambda row: row.id, name="Recurring deliveries", desk=desk,
            noun=("repeat", "repeats"),
            empty="Nothing comes again yet. Add an order whose deliveries recur, such as every 7 days.",
        )  # fmt: skip
        self.add_button = button("Add…", add, icon="plus", kind="primary")
        self.end_button = button("End…", end, icon="cross")
        row = QHBoxLayout()
        row.addWidget(label("Aligned to the doses; weekends and holidays are stepped over.", "muted"))
        row.addStretch(1)
        for each in (self.end_button, self.add_button):
            each.setEnabled(may_change)
            row.addWidget(each)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.addLayout(row)
        column.addWidget(self.table, 1)


class DaysTab(QWidget):
    """Who drives, on which weekdays we deliver, and the days we are closed."""

    def __init__(
        self, desk: Desk, *, add_driver: Press, end_driver: Press, week: Press, holidays: Press, close: Press,
        reopen: Press, may_change: bool,
    ) -> None:  # fmt: skip
        super().__init__()
        self.drivers: TableView[DriverRow] = TableView(
            DRIVER_COLUMNS, lambda row: row.id, name="Drivers and couriers", desk=desk, noun=("driver", "drivers"),
            empty="No driver yet. Add the drivers and couriers who take deliveries out.",
        )  # fmt: skip
        self.closed: TableView[ClosedRow] = TableView(
            CLOSED_COLUMNS, lambda row: row.day, name="Closed days", desk=desk, noun=("day", "days"),
            empty="No closed day yet. Add the federal holidays, or a day of your own.",
        )  # fmt: skip
        self.week_text = label("", wrap=True)
        self.add_driver = button("Add driver…", add_driver, icon="plus")
        self.end_driver = button("End…", end_driver, icon="cross")
        self.week_button = button("Change…", week, icon="edit")
        self.holidays_button = button("Federal holidays…", holidays, icon="calendar")
        self.close_button = button("Close a day…", close, icon="plus")
        self.reopen_button = button("Deliver after all", reopen, icon="undo")
        left, right = Card("Drivers and couriers"), Card("Delivery days")
        left.add(self.drivers, 1)
        left.add(_row(self.end_driver, self.add_driver))
        right.add(_beside(self.week_text, self.week_button))
        right.add(self.closed, 1)
        right.add(_row(self.reopen_button, self.close_button, self.holidays_button))
        for each in (self.add_driver, self.end_driver, self.week_button, self.holidays_button, self.close_button,
                     self.reopen_button):  # fmt: skip
            each.setEnabled(may_change)
        across = QHBoxLayout(self)
        across.setContentsMargins(0, 12, 0, 0)
        across.setSpacing(14)
        across.addWidget(left, 1)
        across.addWidget(right, 1)

    def show_settings(self, shown: Settings, today: date) -> None:
        """Show drivers and days."""
        self.drivers.set_rows(shown.drivers)
        self.closed.set_rows(
            ClosedRow(day, name) for day, name in sorted(shown.calendar.closed.items()) if day >= today
        )
        week = shown.calendar.week_on(today)
        days = ", ".join(WEEKDAYS[day] for day in sorted(week.weekdays))
        before = {0: "the same day", 1: "the delivery day before"}.get(
            week.cutoff_days, f"{week.cutoff_days} delivery days before"
        )
        self.week_text.setText(f"{days}. Released by {week.cutoff:%H:%M} {before}.")


def _row(*buttons: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.addStretch(1)
    for each in buttons:
        row.addWidget(each)
    return row


def _beside(text: QWidget, press: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.addWidget(text, 1)
    row.addWidget(press)
    return row
