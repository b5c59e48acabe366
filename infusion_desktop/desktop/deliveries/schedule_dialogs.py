"""Small dialogs of the schedule: a driver, delivery days, a closed day, what recurs."""

from datetime import date, time
from typing import Any, ClassVar

from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QWidget

from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.deliveries.schedule.calendar_rules import WEEKDAYS, Calendar, Week, federal_holidays
from infusion_desktop.deliveries.schedule.delivery_days import (
    DriverRow,
    NewDriver,
    add_driver,
    change_driver,
    close_days,
    set_week,
    split_routes,
)
from infusion_desktop.deliveries.schedule.dispatch_words import DriverId
from infusion_desktop.deliveries.schedule.repeats import NewRepeat, add_repeat
from infusion_desktop.deliveries.schedule.schedule_queries import Repeatable, repeatable
from infusion_desktop.deliveries.words import Carrier
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.deliveries.deliver_dialog import read_time
from infusion_desktop.desktop.deliveries.small_dialogs import carriers
from infusion_desktop.desktop.forms import CheckField, ChoiceField, DayField, Form, QuantityField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.picker import Picker

_TOPICS = frozenset({"deliveries", "schedule"})


class DriverDialog(DeedDialog):
    """A new driver or courier, or other facts of one."""

    changed: ClassVar[frozenset[str]] = _TOPICS  # type: ignore[misc]

    def __init__(self, context: Context, desk: Desk, parent: QWidget, row: DriverRow | None = None) -> None:
        super().__init__(context, desk, "A new driver or courier" if row is None else row.name, parent)
        self.row = row
        self.name = TextField("Name", required=True, longest=80)
        self.carrier: ChoiceField[Carrier] = ChoiceField("Works as", carriers(), required=True)
        self.carrier.set_value(Carrier.OWN_DRIVER)
        self.phone = TextField("Telephone", longest=30)
        self.routes = TextField("Usual routes", hint="separated by commas", placeholder="North, East")
        if row is not None:
            self.name.set_value(row.name)
            self.carrier.set_value(row.carrier)
            self.phone.set_value(row.phone)
            self.routes.set_value(", ".join(row.routes))
        self.form = Form()
        self.form.section("", (self.name, self.carrier), (self.phone, self.routes))
        self.body.addWidget(self.form)
        self.name.setFocus()

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        carrier = self.carrier.value()
        assert carrier is not None
        new = NewDriver(self.name.value(), carrier, self.phone.value(), split_routes(self.routes.value()))
        database, by, row = self.context.database, self.context.user_id, self.row
        if row is None:
            return lambda _override: add_driver(database, new, by)
        return lambda _override: change_driver(database, row.id, new, row.version, by)

    def said(self, _result: Any) -> str:
        return "Saved."


class WeekDialog(DeedDialog):
    """The weekdays on which we deliver, and the cutoff, from a day on."""

    changed: ClassVar[frozenset[str]] = _TOPICS  # type: ignore[misc]

    def __init__(self, context: Context, desk: Desk, parent: QWidget, calendar: Calendar, start: date) -> None:
        super().__init__(context, desk, "Delivery days", parent)
        self.calendar, week = calendar, calendar.week_on(start)
        self.start = DayField("From", required=True)
        self.start.set_value(start)
        self.cutoff = TextField("Released by", required=True, read=read_time, longest=8, placeholder="15:00")
        self.cutoff.set_value(f"{week.cutoff:%H:%M}")
        self.days_before = QuantityField("Delivery days before", least=0, most=7, required=True)
        self.days_before.set_value(week.cutoff_days)
        self.form = Form()
        self.form.section("", (self.start, self.cutoff, self.days_before))
        self.boxes = [CheckField(name[:3]) for name in WEEKDAYS]
        row = QHBoxLayout()
        for number, field in enumerate(self.boxes):
            field.caption.hide()
            field.set_value(number in week.weekdays)
            field.box.setAccessibleName(f"Deliver on {WEEKDAYS[number]}")
            row.addWidget(field)
        row.addStretch(1)
        self.body.addWidget(label("Deliveries go out on", "caption"))
        self.body.addLayout(row)
        self.body.addWidget(self.form)
        self.start.setFocus()
        self.body.addWidget(label("0 delivery days before means the same day.", "small"))

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        start, before = self.start.value(), self.days_before.value()
        assert start is not None and before is not None
        chosen = frozenset(number for number, field in enumerate(self.boxes) if field.value())
        week = Week(start, chosen, time.fromisoformat(self.cutoff.value()), before)
        was = next((each for each in self.calendar.weeks if each.starts_on == start), None)
        database, by = self.context.database, self.context.user_id
        return lambda _override: set_week(database, week, by, was=was)

    def said(self, _result: Any) -> str:
        return "Saved."


class CloseDialog(DeedDialog):
    """A day without deliveries, or a year's holidays."""

    changed: ClassVar[frozenset[str]] = _TOPICS  # type: ignore[misc]

    def __init__(self, context: Context, desk: Desk, parent: QWidget, *, holidays_of: int = 0) -> None:
        title = f"Federal holidays of {holidays_of}" if holidays_of else "A day without deliveries"
        super().__init__(context, desk, title, parent, save="Close them" if holidays_of else "Close this day")
        self.holidays = federal_holidays(holidays_of) if holidays_of else {}
        self.boxes: list[tuple[QCheckBox, date, str]] = []
        self.day = DayField("Day", required=True)
        self.name = TextField("Why", required=True, longest=80, placeholder="Inventory")
        self.form = Form()
        if self.holidays:
            for day, name in self.holidays.items():
                box = QCheckBox(f"{WEEKDAYS[day.weekday()][:3]} {day.month}/{day.day}   {name}")
                box.setChecked(day >= today())
                self.boxes.append((box, day, name))
                self.body.addWidget(box)
        else:
            self.form.section("", (self.day, self.name))
            self.body.addWidget(self.form)
            self.day.setFocus()

    def deed(self) -> Deed | None:
        if self.holidays:
            days = {day: name for box, day, name in self.boxes if box.isChecked()}
        elif self.form.check():
            day = self.day.value()
            assert day is not None
            days = {day: self.name.value()}
        else:
            return None
        database, by = self.context.database, self.context.user_id
        return lambda _override: close_days(database, days, by)

    def said(self, result: Any) -> str:
        return f"{result} closed." if result else "They were closed already."


class RepeatDialog(DeedDialog):
    """A therapy whose deliveries come again."""

    changed: ClassVar[frozenset[str]] = _TOPICS  # type: ignore[misc]

    def __init__(self, context: Context, desk: Desk, parent: QWidget, drivers: tuple[DriverRow, ...]) -> None:
        super().__init__(context, desk, "Deliveries that come again", parent, width=600)
        database = context.database
        self.therapy: Repeatable | None = None
        self.picker: Picker[Repeatable] = Picker(
            desk.jobs, lambda typed: _find(database, typed), lambda row: f"{row.patient_name}   {row.therapy}",
            placeholder="Patient or drug", name="Order", on_failure=self._fail,
        )  # fmt: skip
        self.picker.list.setMinimumHeight(120)
        self.chosen = label("No order chosen yet.", "muted", wrap=True)
        self.days = QuantityField("Days each is for", least=1, most=92, required=True)
        self.days.set_value(7)
        self.lead = QuantityField("Days before its first", least=0, most=14, required=True)
        self.lead.set_value(1)
        self.weekday: ChoiceField[int] = ChoiceField("Weekday", [(name, n) for n, name in enumerate(WEEKDAYS)],
                                                     placeholder="Any delivery day")  # fmt: skip
        self.window_field = TextField("Window", placeholder="10:00 to 14:00", longest=40)
        self.carrier: ChoiceField[Carrier] = ChoiceField("Carrier", carriers(), required=True)
        self.carrier.set_value(Carrier.OWN_DRIVER)
        self.driver: ChoiceField[DriverId] = ChoiceField("Driver", [(each.name, each.id) for each in drivers],
                                                         placeholder="By route")  # fmt: skip
        self.instructions = TextField("Instructions for the driver")
        self.form = Form()
        self.form.section("", (self.days, self.lead, self.weekday), (self.window_field, self.carrier, self.driver),
                          (self.instructions,))  # fmt: skip
        for part in (self.picker, self.chosen, self.form):
            self.body.addWidget(part)
        self.picker.picked.connect(self.choose)
        self.picker.setFocus()
        self.picker.search()

    def choose(self, row: Repeatable) -> None:
        """This order."""
        self.therapy = row
        often = f"every {row.interval_hours} hours"
        self.chosen.setText(f"{row.patient_name}: {row.therapy}, {often}")
        self.days.setFocus()

    def deed(self) -> Deed | None:
        if self.therapy is None:
            self.desk.messages.refused(("Choose an order from the list.",), self)
            return None
        if not self.form.check():
            return None
        days, lead, carrier = self.days.value(), self.lead.value(), self.carrier.value()
        assert days is not None and lead is not None and carrier is not None
        new = NewRepeat(
            self.therapy.therapy_id, days, lead, self.weekday.value(), self.window_field.value(), carrier,
            self.driver.value(), self.instructions.value(),
        )  # fmt: skip
        database, by = self.context.database, self.context.user_id
        return lambda _override: add_repeat(database, new, by)

    def said(self, _result: Any) -> str:
        return "They come again from now on."

    def _fail(self, error: Exception) -> None:
        self.desk.messages.show_failure(error, self)


def _find(database: Database, typed: str) -> tuple[Repeatable, ...]:
    with database.reading() as session:
        return repeatable(session, typed, today())
