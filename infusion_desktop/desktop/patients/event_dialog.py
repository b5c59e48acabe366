"""A clinical event as it is logged: when, what, what was done, what it took, what it does to the therapy."""

from datetime import datetime, time
from typing import Any, ClassVar

from PySide6.QtWidgets import QGridLayout, QWidget

from infusion_desktop.access.roles import UserId
from infusion_desktop.dates import now_utc, today
from infusion_desktop.deliveries.care.events import NewEvent, log_event
from infusion_desktop.deliveries.care_words import Effect, EventKind
from infusion_desktop.desktop.counts import CountField
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import ChoiceField, DayField, Form, QuantityField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import scrolled
from infusion_desktop.desktop.patients.coverage_dialogs import read_time
from infusion_desktop.desktop.patients.page_base import Everything
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.patients.devices import NewDevice
from infusion_desktop.patients.queries import show_device
from infusion_desktop.patients.words import AccessKind, DeviceId, TherapyId
from infusion_desktop.stock.words import ItemId


class EventDialog(DeedDialog):
    """One event of one patient."""

    changed: ClassVar[frozenset[str]] = frozenset(  # type: ignore[misc]
        {"patients", "deliveries", "billing", "stock"}
    )

    def __init__(self, screen: Screen, found: Everything, people: tuple[tuple[str, UserId], ...]) -> None:
        super().__init__(screen.context, screen.desk, "A clinical event", screen, save="Log it", width=680)
        self.found = found
        day = today()
        running = [row for row in found.page.therapies if row.order.stops_on is None or row.order.stops_on >= day]
        inside = [row for row in found.page.devices if row.device.removed_on is None]
        kinds = [(each.value.capitalize(), each) for each in EventKind]
        self.kind: ChoiceField[EventKind] = ChoiceField("What happened", kinds, required=True)
        self.day, self.time = DayField("Day", required=True), TextField("Time", required=True, read=read_time)
        self.what = TextField("In words", required=True, placeholder="Red streak above the site, no fever")
        self.action = TextField("What was done", required=True, placeholder="Prescriber called, warm pack")
        self.told_by = TextField("Told by")
        effects = [(each.value.capitalize(), each) for each in Effect]
        self.effect: ChoiceField[Effect] = ChoiceField("The therapy", effects, required=True)
        self.therapy: ChoiceField[TherapyId] = ChoiceField(
            "Which order", [(row.order.drug, row.id) for row in running], placeholder="All orders"
        )
        self.through = DayField("Days out through", hint="Empty while it lasts.")
        self.device: ChoiceField[DeviceId] = ChoiceField(
            "Access device", [(show_device(row.device), row.id) for row in inside], placeholder="None concerned"
        )
        self.new_kind: ChoiceField[AccessKind] = ChoiceField(
            "Placed instead", [(each.value, each) for each in AccessKind], placeholder="Nothing"
        )
        self.new_lumens, self.new_site = QuantityField("Lumens", most=4), TextField("Site")
        self.follow_up = TextField("What is to be done next")
        self.follow_up_on = DayField("By")
        self.owner: ChoiceField[UserId] = ChoiceField("Whose task", people)
        self.form = Form()
        self.form.section("", (self.kind, self.day, self.time), (self.what,), (self.action, self.told_by))
        self.form.section("What it does", (self.effect, self.therapy, self.through))
        self.form.section("Site and line", (self.device, self.new_kind), (self.new_lumens, self.new_site))
        self.form.section("Next", (self.follow_up,), (self.follow_up_on, self.owner))
        now = now_utc().astimezone()
        self.day.set_value(day)
        self.time.set_value(f"{now:%H:%M}")
        self.effect.set_value(Effect.NONE)
        if len(inside) == 1:
            self.device.set_value(inside[0].id)
        self.used: dict[ItemId, CountField] = {}
        whole = Form()
        column = whole.layout()
        assert column is not None
        column.addWidget(self.form)
        column.addWidget(self._supplies())
        self.body.addWidget(scrolled(whole), 1)
        self.setMinimumHeight(600)

    def _supplies(self) -> QWidget:
        """What of the home it took beyond the plan."""
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(label("Supplies it took", "heading"), 0, 0, 1, 2)
        for turn, row in enumerate((row for row in self.found.supplies if row.by_ledger), 1):
            field = CountField(row.name)
            field.setAccessibleName(f"Used: {row.name}")
            grid.addWidget(label(f"{row.name}, {row.by_ledger:,} {row.unit} at home", wrap=True), turn, 0)
            grid.addWidget(field, turn, 1)
            self.used[row.item_id] = field
        grid.setColumnStretch(0, 1)
        return holder

    def deed(self) -> Deed | None:
        wrong = [field for field in self.used.values() if not field.show_whether_right()]
        if not self.form.check() or wrong:
            return None
        day, kind = self.day.value(), self.kind.value()
        if day is None or kind is None:
            return None
        instead = self.new_kind.value()
        lumens = self.new_lumens.value()
        new_device = None
        if instead is not None:
            new_device = NewDevice(instead, 1 if lumens is None else lumens, self.new_site.value())
        concerned = self.device.value()
        event = NewEvent(
            self.found.page.id, kind, datetime.combine(day, time.fromisoformat(self.time.value())).astimezone(),
            self.what.value(), self.action.value(), self.effect.value() or Effect.NONE, self.therapy.value(), concerned,
            new_device, self.through.value(),
            {item: number for item, field in self.used.items() if (number := field.number())}, self.follow_up.value(),
            self.follow_up_on.value(), self.owner.value(), self.told_by.value(),
        )  # fmt: skip
        database, by = self.context.database, self.context.user_id
        return lambda _override: log_event(database, event, by)

    def said(self, _result: Any) -> str:
        return "The event is logged, with what it changes."
