"""The schedule: which delivery goes on which day, with whom, in which order; what recurs; when we deliver."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any, ClassVar

from PySide6.QtWidgets import QTabWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.dates import today
from infusion_desktop.deliveries.batches import DAY_PAPERS, print_day
from infusion_desktop.deliveries.printing import print_route_sheet
from infusion_desktop.deliveries.schedule.delivery_days import NOT_GONE, end_driver, open_day
from infusion_desktop.deliveries.schedule.repeats import PLANNED_AHEAD_DAYS, end_repeat, plan_due
from infusion_desktop.deliveries.schedule.scheduling import Assignment, assign, move_to_day, order_stops, try_again
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deliveries.calendar_tab import CalendarTab, Week, checks_of, week_of
from infusion_desktop.desktop.deliveries.day_tab import Day, DayTab, TourKey, day_of
from infusion_desktop.desktop.deliveries.print_dialogs import print_many
from infusion_desktop.desktop.deliveries.schedule_dialogs import (
    CloseDialog,
    DriverDialog,
    RepeatDialog,
    WeekDialog,
)
from infusion_desktop.desktop.deliveries.schedule_tabs import DaysTab, RepeatsTab, Settings, settings_of
from infusion_desktop.desktop.deliveries.small_dialogs import SayDialog
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.screens import Screen


class ScheduleScreen(Screen):
    """Calendar, day board, recurring deliveries, drivers and delivery days."""

    title = "Schedule"
    topics: ClassVar[frozenset[str]] = frozenset({"deliveries", "schedule"})
    help = (
        "Drag a delivery to another day, or mark it and press Ctrl and Left or Right; each day says whether it would "
        "be right. On the day board drag between drivers, or along a tour to put the stops in order (Ctrl and an "
        "arrow). Enter opens a delivery."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.may_plan = context.may(Permission.PLAN_DELIVERY)
        self.first = _monday(today())
        self.day = today()
        self.settings_shown: Settings | None = None
        self.dialog: Any = None
        self._is_changing = False
        self.calendar = CalendarTab(self.may_plan)
        self.board = DayTab(self.may_plan)
        self.repeats = RepeatsTab(desk, self.add_repeat, self.end_repeat, may_change=self.may_plan)
        self.days = DaysTab(
            desk, add_driver=self.add_driver, end_driver=self.end_driver, week=self.change_week,
            holidays=self.add_holidays, close=self.close_day, reopen=self.open_day, may_change=self.may_plan,
        )  # fmt: skip
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        for widget, name in (
            (self.calendar, "Calendar"), (self.board, "Day board"), (self.repeats, "Recurring"),
            (self.days, "Drivers and days"),
        ):  # fmt: skip
            self.tabs.addTab(widget, name)
        page = Page(self, "Which delivery goes on which day, with whom, in which order.")
        page.add(self.tabs, 1)
        self._connect()

    def load(self) -> None:
        database, first, day, now = self.context.database, self.first, self.day, today()
        self.ask(lambda: week_of(database, first, now), self._show_week, key="week")
        self.ask(lambda: day_of(database, day, now), self._show_day, key="day")
        self.ask(lambda: settings_of(database, now), self._show_settings, key="settings")

    def show_record(self, kind: str, record: object) -> None:
        """Show the day board of a day."""
        assert isinstance(record, date)
        self.day = record
        self.tabs.setCurrentWidget(self.board)
        self.load()

    # The calendar.

    def go_to_week(self, first: date | None) -> None:
        """Show the week that begins on a day; this week without one."""
        self.first = _monday(today()) if first is None else first
        database, start, now = self.context.database, self.first, today()
        self.ask(lambda: week_of(database, start, now), self._show_week, key="week")

    def move_to(self, ids: Sequence[int], day: date) -> None:
        """Put deliveries on another day, one after the other; each is checked."""
        database, by = self.context.database, self.context.user_id
        rows = [self.calendar.rows[each] for each in ids if each in self.calendar.rows]
        moving = [row for row in rows if row.day != day]

        def next_one(_result: object = None) -> None:
            if not moving:
                return
            row = moving.pop(0)
            if row.state is DeliveryState.SHIPPED and row.attempts:
                self.do(
                    lambda _override: try_again(database, row.id, day, row.version, by), changed=("deliveries",),
                    said=f"The driver tries {row.number} again that day.", then=next_one,
                )  # fmt: skip
                return
            self.do(
                lambda override: move_to_day(database, row.id, day, row.version, by, override=override),
                changed=("deliveries",), said=f"{row.number} goes on another day.", then=next_one,
            )  # fmt: skip

        next_one()

    def check(self, delivery_id: int) -> None:
        """Say at each day of the week whether this delivery may go on it."""
        row = self.calendar.rows.get(delivery_id)
        if row is None or not self.may_plan or row.state not in NOT_GONE:
            self.calendar.show_checks({})
            return
        database, first = self.context.database, self.first
        self.ask(lambda: checks_of(database, row.id, first), self.calendar.show_checks, key="checks")

    def plan_recurring(self) -> None:
        """Draft the recurring deliveries that come near."""
        database, by, now = self.context.database, self.context.user_id, today()
        until = now + timedelta(days=PLANNED_AHEAD_DAYS)

        def planned(problems: tuple[str, ...]) -> None:
            if problems:
                self.desk.messages.refused(problems, self, Tone.WARN)

        self.do(
            lambda _override: plan_due(database, until, by, now), changed=("deliveries", "schedule"),
            said="What recurs is planned for two weeks.", then=planned, pressed=self.calendar.plan_button,
            text="Planning recurring deliveries",
        )  # fmt: skip

    # The day board.

    def go_to_day(self, day: date | None) -> None:
        """Show a day's tours; today without one."""
        self.day = today() if day is None else day
        database, shown, now = self.context.database, self.day, today()
        self.ask(lambda: day_of(database, shown, now), self._show_day, key="day")

    def assign(self, ids: Sequence[int], key: TourKey) -> None:
        """Give deliveries to the tour they were put on."""
        database, by = self.context.database, self.context.user_id
        seen = [(DeliveryId(each), row.version) for each in ids if (row := self.board.row(each)) is not None]
        to = Assignment(key.driver_id, key.route)
        self._change_tours(lambda: assign(database, seen, to, by), f"Given to {key.name}.")

    def order(self, ids: Sequence[int]) -> None:
        """The stops of a tour in this order."""
        database, by = self.context.database, self.context.user_id
        chosen = [DeliveryId(each) for each in ids]
        was = {each: row.position for each in chosen if (row := self.board.row(each)) is not None}
        self._change_tours(lambda: order_stops(database, chosen, by, was=was))

    def _change_tours(self, change: Callable[[], None], said: str = "") -> None:
        """One change at a time: a key pressed again before the board shows the last one is about what is gone."""
        if not self._is_changing:
            self._is_changing = True
            self.do(lambda _override: change(), changed=("deliveries",), said=said)

    def show_failure(self, error: Exception) -> None:
        self._is_changing = False
        super().show_failure(error)

    def print_sheet(self, whose: str) -> None:
        """The route sheet of a tour."""
        database, by, day = self.context.database, self.context.user_id, self.day

        def show(pdf: bytes) -> None:
            name = f"route-sheet-{day.isoformat()}.pdf"
            PdfDialog(self.desk, "Route sheet", pdf, name, self.context.folder, self).open()

        self.do(lambda _override: print_route_sheet(database, day, whose, by), then=show, text="Drawing the sheet")

    def print_day(self) -> None:
        """The whole day as one batch."""
        database, by, day = self.context.database, self.context.user_id, self.day
        self.dialog = print_many(
            self.context, self.desk, "Papers of the day", DAY_PAPERS, self,
            lambda kinds, why: print_day(database, day, kinds, by, why),
        )  # fmt: skip

    # What recurs, drivers, days.

    def add_repeat(self) -> None:
        """An order whose deliveries come again."""
        known = self.settings_shown.drivers if self.settings_shown else ()
        self._open(RepeatDialog(self.context, self.desk, self, known))

    def end_repeat(self) -> None:
        """They do not come again."""
        row = self.repeats.table.current_row()
        if row is None:
            self._mark_first()
            return
        database, by = self.context.database, self.context.user_id
        self._open(SayDialog(
            self.context, self.desk, "They do not come again", "Why", self,
            lambda why: end_repeat(database, row.id, why, row.version, by), save="End", done="Ended.",
            lead="What is planned already stays.",
        ).opened_by(self.end_repeat))  # fmt: skip

    def add_driver(self) -> None:
        """Somebody new who drives."""
        self._open(DriverDialog(self.context, self.desk, self))

    def end_driver(self) -> None:
        """Somebody drives no more."""
        row = self.days.drivers.current_row()
        if row is None:
            self._mark_first()
            return
        database, by = self.context.database, self.context.user_id
        self.do(
            lambda _override: end_driver(database, row.id, row.version, by), changed=("deliveries", "schedule"),
            said=f"{row.name} drives no more.", pressed=self.days.end_driver,
        )  # fmt: skip

    def change_week(self) -> None:
        """Other weekdays or another cutoff."""
        self._ask_for_week(today())

    def _ask_for_week(self, start: date) -> None:
        if self.settings_shown is not None:
            dialog = WeekDialog(self.context, self.desk, self, self.settings_shown.calendar, start)
            self._open(dialog.opened_by(lambda: self._ask_for_week(dialog.start.value() or start)))

    def add_holidays(self) -> None:
        """The federal holidays of this year, or of the next in its last month."""
        now = today()
        self._open(CloseDialog(self.context, self.desk, self, holidays_of=now.year + (now.month == 12)))

    def close_day(self) -> None:
        """One day without deliveries."""
        self._open(CloseDialog(self.context, self.desk, self))

    def open_day(self) -> None:
        """Deliveries on a closed day after all."""
        row = self.days.closed.current_row()
        if row is None:
            self._mark_first()
            return
        database, by = self.context.database, self.context.user_id
        self.do(
            lambda _override: open_day(database, row.day, by), changed=("deliveries", "schedule"),
            said="Deliveries go out that day.", pressed=self.days.reopen_button,
        )  # fmt: skip

    # What is shown.

    def _show_week(self, week: Week) -> None:
        if week.first == self.first:
            self.calendar.show_week(week, today())

    def _show_day(self, shown: Day) -> None:
        if shown.day == self.day:
            self._is_changing = False
            self.board.show_day(shown, today())

    def _show_settings(self, shown: Settings) -> None:
        self.settings_shown = shown
        self.days.show_settings(shown, today())
        self.repeats.table.set_rows(shown.repeats)

    def _open(self, dialog: Any) -> None:
        self.dialog = dialog
        dialog.open()

    def _mark_first(self) -> None:
        self.desk.messages.refused(("Mark a line of the list first.",), self, Tone.INFO)

    def _connect(self) -> None:
        opened: Callable[[int], None] = lambda each: self.desk.open("delivery", each)  # noqa: E731
        self.calendar.week_asked.connect(self.go_to_week)
        self.calendar.moved.connect(self.move_to)
        self.calendar.opened.connect(opened)
        self.calendar.chosen.connect(self.check)
        self.calendar.plan_asked.connect(self.plan_recurring)
        self.board.day_asked.connect(self.go_to_day)
        self.board.assigned.connect(self.assign)
        self.board.ordered.connect(self.order)
        self.board.opened.connect(opened)
        self.board.sheet_asked.connect(self.print_sheet)
        self.board.print_asked.connect(self.print_day)
        self.days.drivers.opened.connect(lambda _row: self.change_driver())

    def change_driver(self) -> None:
        """Another name, telephone or vehicle."""
        row = self.days.drivers.current_row()
        if row is not None:
            self._open(DriverDialog(self.context, self.desk, self, row).opened_by(self.change_driver))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
