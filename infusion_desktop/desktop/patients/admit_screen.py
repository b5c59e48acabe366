"""Admission in six short steps; everything is kept as one deed at the end, and nothing typed is lost on a refusal."""

from decimal import Decimal

from PySide6.QtWidgets import QHBoxLayout, QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.dates import today
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed
from infusion_desktop.desktop.forms import CheckField, ChoiceField, DayField, Form, NotesField, QuantityField, TextField
from infusion_desktop.desktop.pages import Page, Steps, scrolled
from infusion_desktop.desktop.patients.order_form import OrderForm
from infusion_desktop.desktop.patients.small_dialogs import FormDialog, PrescriberForm
from infusion_desktop.desktop.payer_dialog import PayerDialog
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.errors import Refused
from infusion_desktop.identifiers import read_phone, read_zip
from infusion_desktop.money import read_number
from infusion_desktop.patients.admitting import Admission, Checklist, admit
from infusion_desktop.patients.coverage import NewCoverage
from infusion_desktop.patients.demographics import Demographics
from infusion_desktop.patients.devices import NewDevice
from infusion_desktop.patients.prescribers import add_prescriber
from infusion_desktop.patients.queries import PayerRow, PrescriberRow, payers, prescribers
from infusion_desktop.patients.words import AccessKind, PatientId, PayerId, Relation, Sex
from infusion_desktop.stock.queries import ItemFound, find_items
from infusion_desktop.stock.words import ItemKind

_RELATIONS = [(each.name.replace("_", " ").capitalize(), each) for each in Relation]


class AdmitScreen(Screen):
    """The intake form."""

    title = "Admit a patient"
    topics = frozenset({"patients"})
    help = "From the referral to an open episode: person, health, coverage, prescriber and order, checklist."

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.steps = Steps("Admit")
        self._make_fields()
        self.steps.add_step("Person", self._person(), self._person_form.check)
        self.steps.add_step("Health", self._health(), self._health_is_right)
        self.steps.add_step("Coverage", self._coverage(), self._coverage_is_right)
        self.order = OrderForm()
        self.order.begin(today())
        self.steps.add_step("Order", self._order(), self.order.check)
        self.steps.add_step("Checklist", self._checklist())
        self.steps.seal()
        self.steps.finished.connect(self._admit)
        self.steps.cancelled.connect(self._leave)
        page = Page(self)
        page.add(self.steps, 1)

    def _make_fields(self) -> None:
        self.last_name = TextField("Last name", required=True)
        self.first_name = TextField("First name", required=True)
        self.born_on = DayField("Born", required=True)
        sexes = [("Female", Sex.FEMALE), ("Male", Sex.MALE), ("Unknown", Sex.UNKNOWN)]
        self.sex: ChoiceField[Sex] = ChoiceField("Sex", sexes, required=True)
        self.phone = TextField("Telephone", required=True, read=read_phone)
        self.street = TextField("Street", required=True)
        self.street_2 = TextField("Apartment")
        self.city = TextField("City", required=True)
        self.state = TextField("State", required=True, longest=2, placeholder="OR")
        self.zip = TextField("ZIP code", required=True, read=read_zip)
        self.route = TextField("Route", hint="Which van or courier brings it.")
        self.instructions = NotesField("For the driver", lines=2)
        self.caregiver = TextField("Caregiver")
        self.caregiver_phone = TextField("Caregiver's telephone", read=read_phone)
        self.caregiver_relation = TextField("Caregiver is the patient's", placeholder="daughter")
        self.allergies = TextField("Allergies", placeholder="none known")
        self.latex = CheckField("Allergic to latex", hint="Every kit is checked against it.")
        self.weight = TextField("Weight (kg)", read=read_weight)
        self.diagnoses = TextField("Diagnoses (ICD-10)", hint="The principal one first, separated by blanks.")
        devices = [(each.value, each) for each in AccessKind]
        self.device: ChoiceField[AccessKind] = ChoiceField("Access device", devices)
        self.lumens = QuantityField("Lumens", least=1, most=4)
        self.lumens.set_value(1)
        self.site = TextField("Site", placeholder="right arm")
        self.placed_on = DayField("Placed on")
        self.payer: ChoiceField[PayerId] = ChoiceField("Primary payer", required=True)
        self.member = TextField("Member id", hint="None for a patient who pays alone.")
        self.group = TextField("Group number")
        self.covered_from = DayField("Covered from", required=True)
        self.relation: ChoiceField[Relation] = ChoiceField(
            "The patient is the policy holder's", _RELATIONS, required=True
        )
        self.relation.set_value(Relation.SELF)
        self.holder_last = TextField("Policy holder's last name")
        self.holder_first = TextField("Policy holder's first name")
        self.holder_born = DayField("Policy holder born")
        self.checks = {
            "clinically_stable": CheckField("Clinically stable for care at home"),
            "trained": CheckField("Patient or caregiver trained"),
            "home_safe": CheckField("Home safe: telephone, refrigerator, clean place to work"),
            "consent_signed": CheckField("Consent signed"),
            "benefits_verified": CheckField("Benefits verified"),
        }
        self.somebody_else = CheckField("Another patient of this name and birth date is somebody else")

    def may_leave(self) -> bool:
        return all(field.is_blank() for field in self.findChildren(TextField))

    def _person(self) -> QWidget:
        self._person_form = Form()
        self._person_form.section("Person", (self.last_name, self.first_name), (self.born_on, self.sex, self.phone))
        self._person_form.section(
            "Where it goes", (self.street, self.street_2), (self.city, self.state, self.zip, self.route),
            (self.instructions,),
        )  # fmt: skip
        self._person_form.section("Caregiver", (self.caregiver, self.caregiver_phone, self.caregiver_relation))
        self._person_form.end()
        return scrolled(self._person_form)

    def _health(self) -> QWidget:
        self._health_form = Form()
        self._health_form.section("Health", (self.allergies, self.weight), (self.latex,), (self.diagnoses,))
        self._health_form.section("Access device", (self.device, self.lumens), (self.site, self.placed_on))
        self._health_form.end()
        return scrolled(self._health_form)

    def _coverage(self) -> QWidget:
        self._coverage_form = Form()
        self._coverage_form.section("Who pays", (self.payer,), (self.member, self.group, self.covered_from))
        self._coverage_form.section(
            "Whose policy", (self.relation,), (self.holder_last, self.holder_first, self.holder_born)
        )
        another = button("Another payer…", self._new_payer, icon="plus")
        another.setEnabled(self.context.may(Permission.EDIT_PAYERS))
        another.setToolTip("" if another.isEnabled() else "A biller or administrator adds payers.")
        self._beside(self._coverage_form, another)
        self._coverage_form.end()
        return scrolled(self._coverage_form)

    def _order(self) -> QWidget:
        self._beside(self.order, button("Another prescriber…", self._new_prescriber, icon="plus"))
        self.order.end()
        return scrolled(self.order)

    def _checklist(self) -> QWidget:
        form = Form()
        form.section("Before care begins", *((check,) for check in self.checks.values()))
        form.section("", (self.somebody_else,))
        form.end()
        return form

    def _beside(self, form: Form, widget: QWidget) -> None:
        row = QHBoxLayout()
        row.addWidget(widget)
        row.addStretch(1)
        column = form.layout()
        assert column is not None
        column.addItem(row)

    def load(self) -> None:
        self.ask(self._choices, self._offer)

    def _choices(self) -> tuple[tuple[PayerRow, ...], tuple[PrescriberRow, ...], tuple[ItemFound, ...]]:
        with self.context.database.reading() as session:
            drugs = find_items(session, "", kinds=(ItemKind.DRUG,), limit=5000)
            return payers(session), prescribers(session), drugs

    def _offer(self, found: tuple[tuple[PayerRow, ...], tuple[PrescriberRow, ...], tuple[ItemFound, ...]]) -> None:
        who_pays, who_orders, drugs = found
        self.payer.set_choices([(row.payer.name, row.id) for row in who_pays])
        self.order.offer(who_orders, drugs)

    def _health_is_right(self) -> bool:
        return self._health_form.check()

    def _coverage_is_right(self) -> bool:
        if not self._coverage_form.check():
            return False
        if self.relation.value() is not Relation.SELF and not self.holder_last.value():
            self.holder_last.complain("Type the policy holder's name when it is not the patient.")
            return False
        return True

    def _new_payer(self) -> None:
        self.payer_dialog = PayerDialog(self.context, self.desk, self)
        self.payer_dialog.open()

    def _new_prescriber(self) -> None:
        form = PrescriberForm()
        self.dialog = FormDialog(
            self, "A new prescriber", form, lambda: self._keep_prescriber(form), said="Prescriber added."
        )
        self.dialog.open()

    def _keep_prescriber(self, form: PrescriberForm) -> Deed:
        prescriber, database, by = form.prescriber(), self.context.database, self.context.user_id
        return lambda _why: add_prescriber(database, prescriber, by)

    def admission(self) -> Admission:
        """The intake form as typed; Refused names what is missing."""
        person = Demographics(
            last_name=self.last_name.value(),
            first_name=self.first_name.value(),
            born_on=self.born_on.value() or today(),
            sex=self.sex.value() or Sex.UNKNOWN,
            phone=self.phone.value(),
            street=self.street.value(),
            street_2=self.street_2.value(),
            city=self.city.value(),
            state=self.state.value(),
            zip=self.zip.value(),
            delivery_instructions=self.instructions.value(),
            route=self.route.value(),
            allergies=self.allergies.value(),
            latex_allergy=self.latex.value(),
            weight_kg=Decimal(self.weight.value()) if self.weight.value() else None,
            caregiver_name=self.caregiver.value(),
            caregiver_phone=self.caregiver_phone.value(),
            caregiver_relation=self.caregiver_relation.value(),
        )
        payer, covered_from, kind = self.payer.value(), self.covered_from.value(), self.device.value()
        if payer is None or covered_from is None:
            raise Refused("Choose the primary payer and type from when on it covers the patient.")
        policy = NewCoverage(
            payer,
            self.member.value(),
            covered_from,
            relation=self.relation.value() or Relation.SELF,
            group_number=self.group.value(),
            holder_last_name=self.holder_last.value(),
            holder_first_name=self.holder_first.value(),
            holder_born_on=self.holder_born.value(),
        )
        device = (
            None
            if kind is None
            else NewDevice(kind, self.lumens.value() or 1, self.site.value(), self.placed_on.value())
        )
        return Admission(
            person=person,
            admitted_on=today(),
            coverages=(policy,),
            checklist=Checklist(**{name: check.value() for name, check in self.checks.items()}),
            diagnoses=tuple(self.diagnoses.value().replace(",", " ").split()),
            device=device,
            order=self.order.order(),
            same_name_is_somebody_else=self.somebody_else.value(),
        )

    def _admit(self) -> None:
        database, by = self.context.database, self.context.user_id
        try:
            admission = self.admission()
        except Refused as no:
            self.show_failure(no)
            return
        self.do(
            lambda _why: admit(database, admission, by), changed=("patients",), said="The patient is admitted.",
            then=self._admitted, pressed=self.steps.next,
        )  # fmt: skip

    def _admitted(self, patient_id: PatientId) -> None:
        self._clear()
        self.desk.open("patient", patient_id)

    def _clear(self) -> None:
        for form in (self._person_form, self._health_form, self._coverage_form, self.order):
            for field in form.fields:
                field.set_value(False if isinstance(field, CheckField) else None if _is_optional(field) else "")
        for check in (*self.checks.values(), self.somebody_else):
            check.set_value(False)
        self.lumens.set_value(1)
        self.order.units.set_value(1)
        self.relation.set_value(Relation.SELF)
        self.order.begin(today())
        while self.steps.step:
            self.steps.go_back()

    def _leave(self) -> None:
        self._clear()
        self.desk.open("patients", None)


def _is_optional(field: object) -> bool:
    return isinstance(field, ChoiceField | DayField | QuantityField)


def read_weight(text: str) -> str:
    """A weight in kilograms as typed, or Refused."""
    try:
        weight = read_number(text, 3, 3)
    except Refused:
        weight = Decimal(0)
    if not Decimal("0.3") <= weight <= 500:
        raise Refused("Type the weight in kilograms, such as 72.5.")
    return text
