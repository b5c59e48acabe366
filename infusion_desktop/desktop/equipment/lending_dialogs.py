"""Dialogs about pumps that are out or shall go out: exchange, booking, call, charge, pick-up."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from PySide6.QtWidgets import QWidget

from infusion_desktop.billing.money.equipment_charging import charge
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day, today
from infusion_desktop.deliveries.plans.planning import Visit
from infusion_desktop.deliveries.pumps.pickups import TicketRow, Trip, plan_ticket, write_ticket
from infusion_desktop.deliveries.pumps.returns import NewCall, ReturnRow, log_call
from infusion_desktop.deliveries.pumps.swapping import NewSwap, order_swap
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.equipment.care_dialogs import AssetDialog
from infusion_desktop.desktop.forms import ChoiceField, DayField, Form, MoneyField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.picker import Picker
from infusion_desktop.equipment.booking import NewBooking, book
from infusion_desktop.equipment.queries import AssetRow
from infusion_desktop.equipment.words import AssetId, CallOutcome, ChargeKind
from infusion_desktop.patients.queries import PatientRow, patients

_TOPICS = ("equipment", "deliveries")
WINDOW = "10:00 to 14:00"


class SwapDialog(AssetDialog):
    """Exchanges a pump that is with a patient: the new one's delivery and the old one's ticket are made at once."""

    changed: Iterable[str] = _TOPICS

    def __init__(self, context: Context, desk: Desk, row: AssetRow, parent: QWidget) -> None:
        super().__init__(context, desk, "Exchange this pump", row, parent, save="Order the exchange", width=600)
        self.fault = TextField("What is wrong with it", required=True, placeholder="occlusion alarm, line is clear")
        self.reported_by = TextField("Reported by", longest=80, placeholder="patient, daughter, nurse")
        self.day = DayField("New pump on", required=True)
        self.day.set_value(today())
        self.between = TextField("Between", longest=40, placeholder=WINDOW)
        self.form.section("", (self.fault,), (self.reported_by,), (self.day, self.between))
        self.body.addWidget(self.form)
        said = (
            "The therapy and its days go on. A delivery for a new pump is drafted, this one is asked back on the same "
            "trip, and it is not checked again before it was maintained or repaired."
        )
        self.body.addWidget(label(said, "muted", wrap=True))
        self.fault.setFocus()

    def deed(self) -> Deed | None:
        day = self.day.value() if self.form.check() else None
        if day is None:
            return None
        new = NewSwap(
            self.row.id, self.fault.value(), day, self.reported_by.value(), visit=Visit(window=self.between.value())
        )
        database, by = self.context.database, self.context.user_id
        return lambda _override: order_swap(database, new, by)

    def said(self, result: Any) -> str:
        return f"Exchange {result.number} is ordered: release its delivery, then scan the new pump."


class BookingDialog(AssetDialog):
    """Keeps a ready pump on the shelf for a patient from a day on."""

    def __init__(self, context: Context, desk: Desk, row: AssetRow, parent: QWidget) -> None:
        super().__init__(context, desk, "Keep it for a patient", row, parent, save="Keep it", width=600)
        database = context.database
        self.patient: PatientRow | None = None
        self.picker: Picker[PatientRow] = Picker(
            desk.jobs, lambda typed: _patients(database, typed), lambda found: f"{found.name}   {found.number}",
            placeholder="Patient's name, number or telephone", name="Patient",
            on_failure=lambda error: desk.messages.show_failure(error, self),
        )  # fmt: skip
        self.picker.list.setMinimumHeight(120)
        self.chosen = label("No patient chosen yet.", "muted", wrap=True)
        self.first = DayField("From", required=True)
        self.last = DayField("Until", hint="The last day it is needed; left empty where that is open.")
        self.note = TextField("Note", longest=120)
        self.form.section("", (self.first, self.last), (self.note,))
        for part in (self.picker, self.chosen, self.form):
            self.body.addWidget(part)
        self.picker.picked.connect(self.choose)
        self.picker.setFocus()

    def choose(self, patient: PatientRow) -> None:
        """Keep it for this patient."""
        self.patient = patient
        self.chosen.setText(f"For {patient.name} ({patient.number})")
        self.first.setFocus()

    def deed(self) -> Deed | None:
        first = self.first.value() if self.form.check() else None
        if self.patient is None:
            self.chosen.setText("Choose the patient first.")
            self.picker.setFocus()
            return None
        if first is None:
            return None
        new = NewBooking(self.patient.id, first, self.last.value(), self.note.value())
        database, by, asset_id = self.context.database, self.context.user_id, self.row.id
        return lambda override: book(database, asset_id, new, by, override)

    def said(self, _result: Any) -> str:
        return f"{self.row.tag} is kept from {show_day(self.first.value())}."


class CallDialog(DeedDialog):
    """A call about a pump that should be back."""

    changed: Iterable[str] = _TOPICS

    def __init__(self, context: Context, desk: Desk, row: ReturnRow, parent: QWidget) -> None:
        super().__init__(context, desk, "Call about a return", parent, save="Keep the call")
        self.row = row
        due = f"{row.days_over} days overdue" if row.is_overdue else f"due back {show_day(row.due_back_on)}"
        self.body.addWidget(label(f"{row.patient_name}, {row.phone}", "strong", wrap=True))
        self.body.addWidget(label(f"{row.tag}, {row.item_name}: {due}.", "muted", wrap=True))
        self.outcome: ChoiceField[CallOutcome] = ChoiceField(
            "How it ended", [(each.value.capitalize(), each) for each in CallOutcome], required=True
        )
        self.spoke_with = TextField("Spoke with", longest=80)
        self.promised = DayField("Promised for", hint="Needed where it will be returned.")
        self.note = TextField("Note")
        self.form = Form()
        self.form.section("", (self.outcome, self.promised), (self.spoke_with,), (self.note,))
        self.body.addWidget(self.form)
        self.outcome.setFocus()

    def deed(self) -> Deed | None:
        outcome = self.outcome.value() if self.form.check() else None
        if outcome is None:
            return None
        call = NewCall(outcome, self.spoke_with.value(), self.promised.value(), self.note.value())
        database, by, asset_id = self.context.database, self.context.user_id, self.row.asset_id
        return lambda _override: log_call(database, asset_id, call, by)

    def said(self, _result: Any) -> str:
        return f"The call about {self.row.tag} is kept."


class ChargeDialog(DeedDialog):
    """Charges whoever has a pump, or had it last; the model's replacement value is offered."""

    changed: Iterable[str] = _TOPICS

    def __init__(
        self, context: Context, desk: Desk, asset_id: AssetId, tag: str, value: Decimal, is_lost: bool, parent: QWidget
    ) -> None:
        super().__init__(context, desk, f"Charge for {tag}", parent, save="Charge")
        self.asset_id, self.tag = asset_id, tag
        kinds = [each for each in ChargeKind if each is not ChargeKind.WAIVED]
        self.kind: ChoiceField[ChargeKind] = ChoiceField(
            "Why", [(each.value.capitalize(), each) for each in kinds], required=True,
            hint="A loss is charged after the pump was reported lost.",
        )  # fmt: skip
        self.kind.set_value(ChargeKind.LOST if is_lost else ChargeKind.DAMAGED)
        self.amount = MoneyField("Amount ($)", required=True)
        self.amount.set_value(value if is_lost and value else None)
        self.reason = TextField("What happened", required=True, hint="Printed on the patient's statement.")
        self.form = Form()
        self.form.section("", (self.kind, self.amount), (self.reason,))
        self.body.addWidget(self.form)
        self.reason.setFocus()

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        kind, amount, reason = self.kind.value(), self.amount.value(), self.reason.value()
        if kind is None or amount is None:
            return None
        database, by, asset_id = self.context.database, self.context.user_id, self.asset_id
        return lambda _override: charge(database, asset_id, kind, amount, reason, by)

    def said(self, _result: Any) -> str:
        return f"The charge for {self.tag} is kept; print its statement from the pump."


class TripDialog(DeedDialog):
    """When and by whom equipment is fetched: a new ticket for a pump, or another day for one that is written."""

    changed: Iterable[str] = _TOPICS

    def __init__(
        self,
        context: Context,
        desk: Desk,
        parent: QWidget,
        ticket: TicketRow | None = None,
        row: AssetRow | None = None,
    ) -> None:
        title = f"Plan pick-up {ticket.number}" if ticket else "Pick-up ticket"
        super().__init__(context, desk, title, parent, save="Keep the plan" if ticket else "Write the ticket")
        self.ticket, self.row = ticket, row
        self.reason = TextField("Why it is fetched", required=True)
        self.day = DayField("Collect on", required=True)
        self.between = TextField("Between", longest=40, placeholder=WINDOW)
        self.driver = TextField("Driver", longest=60)
        self.instructions = TextField("Instructions", longest=200)
        rows = [(self.day, self.between), (self.driver,), (self.instructions,)]
        self.form = Form()
        if ticket is not None:
            self.body.addWidget(label(f"{ticket.patient_name}, {ticket.phone}", "strong", wrap=True))
            self.body.addWidget(label(f"{ticket.address}. {ticket.reason}", "muted", wrap=True))
            self.day.set_value(ticket.collect_on)
            self.between.set_value(ticket.window)
            self.driver.set_value(ticket.driver)
            self.instructions.set_value(ticket.instructions)
            self.form.section("", *rows)
        else:
            self.day.set_value(today())
            self.form.section("", (self.reason,), *rows)
        self.body.addWidget(self.form)
        (self.day if ticket else self.reason).setFocus()

    def deed(self) -> Deed | None:
        day = self.day.value() if self.form.check() else None
        if day is None:
            return None
        trip = Trip(day, self.between.value(), self.driver.value(), self.instructions.value())
        database, by, ticket, row = self.context.database, self.context.user_id, self.ticket, self.row
        if ticket is not None:
            return lambda _override: plan_ticket(database, ticket.id, trip, ticket.version, by)
        assert row is not None
        reason = self.reason.value()
        return lambda _override: write_ticket(database, [row.id], reason, trip, by)

    def said(self, _result: Any) -> str:
        return "The pick-up is planned."


def _patients(database: Database, typed: str) -> Sequence[PatientRow]:
    with database.reading() as session:
        return patients(session, typed, limit=50)
