"""What a payer allowed for a patient, a nurse's visit, equipment from elsewhere: all of it stands on claims."""

from datetime import datetime, time
from re import ASCII, fullmatch

from PySide6.QtWidgets import QWidget

from infusion_desktop.billing.months.elsewhere import MOST_MONTHS, FromElsewhere, add_elsewhere
from infusion_desktop.billing.months.visits import NewVisit, Visit, add_visit, correct_visit
from infusion_desktop.billing.terms.authorizations import NewAuthorization, add_authorization
from infusion_desktop.dates import today
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import CheckField, ChoiceField, DayField, Form, QuantityField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.errors import Refused
from infusion_desktop.patients.queries import PatientPage
from infusion_desktop.patients.words import PatientId, PayerId, TherapyId


def read_time(text: str) -> str:
    """A time of day as 9:05 or 14:30; Refused otherwise."""
    match = fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text.strip(), ASCII)
    if not match:
        raise Refused("Type the time as 14:30.")
    return f"{int(match[1]):02}:{match[2]}"


class AuthorizationDialog(DeedDialog):
    """A payer's permission."""

    changed = ("billing", "patients")

    def __init__(self, context: Context, desk: Desk, parent: QWidget, page: PatientPage) -> None:
        super().__init__(context, desk, "An authorization", parent)
        self._patient = page.id
        covers = [(row.payer, row.policy.payer_id) for row in page.coverages]
        self.payer: ChoiceField[PayerId] = ChoiceField("Payer", covers, required=True)
        if covers:
            self.payer.set_value(covers[0][1])
        self.number = TextField("Number", required=True)
        self.code = TextField("Code", required=True, placeholder="S9500", longest=5)
        self.modifiers = TextField("Only with modifiers", placeholder="SH", hint="Empty: with or without.", longest=11)
        self.units = QuantityField("Units", least=1, most=10_000, hint="Empty for as many as there are days.")
        self.first_on, self.last_on = DayField("First day", required=True), DayField("Last day", required=True)
        self.form = Form()
        self.form.section(
            "", (self.payer, self.number), (self.code, self.modifiers, self.units), (self.first_on, self.last_on)
        )
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        payer = self.payer.value() if self.form.check() else None
        if payer is None:
            return None
        new = NewAuthorization(
            self._patient, payer, self.number.value(), self.code.value().upper(), self.first_on.value() or today(),
            self.last_on.value() or today(), self.units.value(), tuple(self.modifiers.value().upper().split()),
        )  # fmt: skip
        database, by = self.context.database, self.context.user_id
        return lambda _why: add_authorization(database, new, by)

    def said(self, _result: object) -> str:
        return "The authorization is kept."


class VisitDialog(DeedDialog):
    """A nursing visit with its times; a new one, or one that is put right."""

    changed = ("billing", "patients")

    def __init__(
        self, context: Context, desk: Desk, parent: QWidget, page: PatientPage, kept: Visit | None = None
    ) -> None:
        super().__init__(context, desk, "A nursing visit" if kept is None else "Correct the visit", parent)
        self._patient, self._kept = page.id, kept
        orders = [(row.order.drug, row.id) for row in page.therapies]
        self.therapy: ChoiceField[TherapyId] = ChoiceField("For", orders)
        if orders:
            self.therapy.set_value(orders[0][1])
        self.nurse = TextField("Nurse", required=True)
        self.day = DayField("Day", required=True)
        self.came = TextField("Came at", required=True, read=read_time, placeholder="10:00")
        self.left = TextField("Left at", required=True, read=read_time, placeholder="11:30")
        self.form = Form()
        self.trained = CheckField("Specially trained in infusion", hint="SD on the claim.")
        self.in_suite = CheckField("In our infusion suite", hint="SS, or what the payer's rules say.")
        self.form.section(
            "", (self.therapy, self.nurse), (self.day, self.came, self.left), (self.trained, self.in_suite)
        )
        self.body.addWidget(self.form)
        if kept is not None:
            self._fill(kept.visit)

    def _fill(self, visit: NewVisit) -> None:
        came, left = visit.started_at.astimezone(), visit.ended_at.astimezone()
        self.therapy.set_value(visit.therapy_id)
        self.nurse.set_value(visit.nurse)
        self.day.set_value(came.date())
        self.came.set_value(f"{came:%H:%M}")
        self.left.set_value(f"{left:%H:%M}")
        self.trained.set_value(visit.specialised)
        self.in_suite.set_value(visit.in_suite)

    def deed(self) -> Deed | None:
        day = self.day.value() if self.form.check() else None
        if day is None:
            return None
        came, left = (
            datetime.combine(day, time.fromisoformat(field.value())).astimezone() for field in (self.came, self.left)
        )
        kept, database, by = self._kept, self.context.database, self.context.user_id
        new = NewVisit(
            self._patient, came, left, self.nurse.value(), self.therapy.value(),
            "" if kept is None else kept.visit.note, self.trained.value(), self.in_suite.value(),
        )  # fmt: skip
        if kept is None:
            return lambda _why: add_visit(database, new, by)
        return lambda _why: correct_visit(database, kept.id, new, kept.version, by)

    def said(self, _result: object) -> str:
        return "The visit is kept." if self._kept is None else "The visit is corrected. Count its month again."


class ElsewhereDialog(DeedDialog):
    """Rental months that another supplier was paid for, or a pump that is the patient's own."""

    changed = ("billing", "patients")

    def __init__(self, context: Context, desk: Desk, parent: QWidget, patient: PatientId) -> None:
        super().__init__(context, desk, "Equipment from elsewhere", parent)
        self._patient = patient
        told = (
            "Months that a payer paid another supplier count with ours: which month a rental is, and when it ends. "
            "What the patient owns is not rented; its supplies and drugs are billed, and the claim says whose it is."
        )
        self.body.addWidget(label(told, "muted", wrap=True))
        self.code = TextField("Code", required=True, placeholder="E0781", longest=5)
        self.months = QuantityField("Months paid", least=1, most=MOST_MONTHS, hint="Empty: it is the patient's own.")
        self.day = DayField("Through", required=True, hint="The last day paid for; since when they own it.")
        self.note = TextField("Note", placeholder="The other supplier, or how we know")
        self.form = Form()
        self.form.section("", (self.code, self.months, self.day), (self.note,))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        day = self.day.value() if self.form.check() else None
        if day is None:
            return None
        had = FromElsewhere(self.code.value(), self.months.value() or 0, day, self.note.value())
        database, by, patient = self.context.database, self.context.user_id, self._patient
        return lambda _why: add_elsewhere(database, patient, had, by)

    def said(self, _result: object) -> str:
        return "It is kept. Count the months it changes again."
