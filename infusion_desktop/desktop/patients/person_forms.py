"""Forms over a patient's page: who they are, what pays, what goes in, and the intake checklist."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from infusion_desktop.dates import today
from infusion_desktop.desktop.forms import CheckField, ChoiceField, DayField, Form, NotesField, QuantityField, TextField
from infusion_desktop.desktop.patients.admit_screen import read_weight
from infusion_desktop.errors import Refused
from infusion_desktop.identifiers import read_phone, read_zip, show_phone, show_zip
from infusion_desktop.patients.admitting import Checklist
from infusion_desktop.patients.coverage import NewCoverage
from infusion_desktop.patients.demographics import Demographics
from infusion_desktop.patients.devices import NewDevice
from infusion_desktop.patients.queries import EpisodeRow, PayerRow
from infusion_desktop.patients.words import AccessKind, PayerId, Rank, Relation, Sex

_RELATIONS = [(each.name.replace("_", " ").capitalize(), each) for each in Relation]
_RANKS = [(each.name.capitalize(), each) for each in Rank]
_CHECKS = (
    ("clinically_stable", "Clinically stable for care at home"),
    ("trained", "Patient or caregiver trained"),
    ("home_safe", "Home safe: telephone, refrigerator, clean place to work"),
    ("consent_signed", "Consent signed"),
    ("benefits_verified", "Benefits verified"),
)


class PersonForm(Form):
    """Who a patient is, where deliveries go, allergies and caregiver."""

    def __init__(self, person: Demographics) -> None:
        super().__init__()
        self.kept = person
        self.last_name, self.first_name = TextField("Last name", required=True), TextField("First name", required=True)
        self.middle_name = TextField("Middle name")
        self.born_on = DayField("Born", required=True)
        sexes = [("Female", Sex.FEMALE), ("Male", Sex.MALE), ("Unknown", Sex.UNKNOWN)]
        self.sex: ChoiceField[Sex] = ChoiceField("Sex", sexes, required=True)
        self.phone = TextField("Telephone", required=True, read=read_phone)
        self.phone_2 = TextField("Second telephone", read=read_phone)
        self.street, self.street_2 = TextField("Street", required=True), TextField("Apartment")
        self.city, self.state = TextField("City", required=True), TextField("State", required=True, longest=2)
        self.zip, self.route = TextField("ZIP code", required=True, read=read_zip), TextField("Route")
        self.instructions = NotesField("For the driver", lines=2)
        self.allergies = TextField("Allergies", placeholder="none known", longest=1000)
        self.weight = TextField("Weight (kg)", read=read_weight)
        self.latex = CheckField("Allergic to latex", hint="Every kit is checked against it.")
        self.restricted = CheckField("Restricted record", hint="Whoever opens it says why, and that is reviewed.")
        self.caregiver = TextField("Caregiver")
        self.caregiver_phone = TextField("Caregiver's telephone", read=read_phone)
        self.caregiver_relation = TextField("Is the patient's", placeholder="daughter")
        self.reason = TextField("Why it changes", placeholder="moved, corrected, told on the telephone …")
        self.section("Person", (self.last_name, self.first_name, self.middle_name), (self.born_on, self.sex),
                     (self.phone, self.phone_2))  # fmt: skip
        self.section("Where it goes", (self.street, self.street_2), (self.city, self.state, self.zip, self.route),
                     (self.instructions,))  # fmt: skip
        self.section("Health", (self.allergies, self.weight), (self.latex,))
        self.section("Caregiver", (self.caregiver, self.caregiver_phone, self.caregiver_relation))
        self.section("", (self.restricted,), (self.reason,))
        self._fill(person)

    def _fill(self, person: Demographics) -> None:
        for field, kept in (
            (self.last_name, person.last_name), (self.first_name, person.first_name),
            (self.middle_name, person.middle_name), (self.phone, show_phone(person.phone)),
            (self.phone_2, show_phone(person.phone_2) if person.phone_2 else ""), (self.street, person.street),
            (self.street_2, person.street_2), (self.city, person.city), (self.state, person.state),
            (self.zip, show_zip(person.zip)), (self.route, person.route), (self.allergies, person.allergies),
            (self.weight, "" if person.weight_kg is None else f"{person.weight_kg.normalize():f}"),
            (self.caregiver, person.caregiver_name), (self.caregiver_relation, person.caregiver_relation),
            (self.caregiver_phone, show_phone(person.caregiver_phone) if person.caregiver_phone else ""),
        ):  # fmt: skip
            field.set_value(kept)
        self.born_on.set_value(person.born_on)
        self.sex.set_value(person.sex)
        self.instructions.set_value(person.delivery_instructions)
        self.latex.set_value(person.latex_allergy)
        self.restricted.set_value(person.restricted)

    def person(self) -> Demographics:
        """The person as typed."""
        weight = self.weight.value()
        return replace(
            self.kept, last_name=self.last_name.value(), first_name=self.first_name.value(),
            middle_name=self.middle_name.value(), born_on=self.born_on.value() or self.kept.born_on,
            sex=self.sex.value() or Sex.UNKNOWN, phone=self.phone.value(), phone_2=self.phone_2.value(),
            street=self.street.value(), street_2=self.street_2.value(), city=self.city.value(),
            state=self.state.value(), zip=self.zip.value(), route=self.route.value(),
            delivery_instructions=self.instructions.value(), allergies=self.allergies.value(),
            latex_allergy=self.latex.value(), weight_kg=Decimal(weight) if weight else None,
            caregiver_name=self.caregiver.value(), caregiver_phone=self.caregiver_phone.value(),
            caregiver_relation=self.caregiver_relation.value(), restricted=self.restricted.value(),
        )  # fmt: skip


class CoverageForm(Form):
    """A policy: its payer, its turn, its days, and whose it is."""

    def __init__(self, policy: NewCoverage | None = None) -> None:
        super().__init__()
        self.payer: ChoiceField[PayerId] = ChoiceField("Payer", required=True)
        self.rank: ChoiceField[Rank] = ChoiceField("Its turn", _RANKS, required=True)
        self.member = TextField("Member id", hint="None for a patient who pays alone.")
        self.group = TextField("Group number")
        self.starts_on = DayField("Covers from", required=True)
        self.ends_on = DayField("Through", hint="Empty while it goes on.")
        self.relation: ChoiceField[Relation] = ChoiceField("The patient is the holder's", _RELATIONS, required=True)
        self.holder_last, self.holder_first = TextField("Holder's last name"), TextField("Holder's first name")
        self.holder_born = DayField("Holder born")
        self.section("", (self.payer, self.rank), (self.member, self.group), (self.starts_on, self.ends_on))
        self.section("Whose policy", (self.relation,), (self.holder_last, self.holder_first, self.holder_born))
        self._kept = policy
        self.relation.set_value(Relation.SELF if policy is None else policy.relation)
        self.rank.set_value(Rank.PRIMARY if policy is None else policy.rank)
        self.starts_on.set_value(today() if policy is None else policy.starts_on)
        if policy is not None:
            for field, kept in (
                (self.member, policy.member_id), (self.group, policy.group_number),
                (self.holder_last, policy.holder_last_name), (self.holder_first, policy.holder_first_name),
            ):  # fmt: skip
                field.set_value(kept)
            self.ends_on.set_value(policy.ends_on)
            self.holder_born.set_value(policy.holder_born_on)

    def offer(self, payers: Iterable[PayerRow]) -> None:
        """The payers to choose from."""
        self.payer.set_choices([(row.payer.name, row.id) for row in payers])
        if self._kept is not None:
            self.payer.set_value(self._kept.payer_id)

    def policy(self) -> NewCoverage:
        """The policy as typed; Refused where something is missing."""
        payer, starts_on = self.payer.value(), self.starts_on.value()
        if payer is None or starts_on is None:
            raise Refused("Choose the payer and type from when on it covers the patient.")
        return NewCoverage(
            payer, self.member.value(), starts_on, self.rank.value() or Rank.PRIMARY,
            self.relation.value() or Relation.SELF, self.group.value(), self.holder_last.value(),
            self.holder_first.value(), self.holder_born.value(), "" if self._kept is None else self._kept.holder_sex,
            self.ends_on.value(),
        )  # fmt: skip


class DeviceForm(Form):
    """A catheter, port or tube."""

    def __init__(self, device: NewDevice | None = None) -> None:
        super().__init__()
        self.kind: ChoiceField[AccessKind] = ChoiceField("What", [(each.value, each) for each in AccessKind],
                                                         required=True)  # fmt: skip
        self.lumens = QuantityField("Lumens", least=0, most=4, required=True)
        self.site = TextField("Site", placeholder="left arm")
        self.placed_on, self.removed_on = DayField("Placed on"), DayField("Removed on", hint="Empty while it is in.")
        self.section("", (self.kind, self.lumens), (self.site,), (self.placed_on, self.removed_on))
        self.lumens.set_value(1 if device is None else device.lumens)
        if device is not None:
            self.kind.set_value(device.kind)
            self.site.set_value(device.site)
            self.placed_on.set_value(device.placed_on)
            self.removed_on.set_value(device.removed_on)

    def device(self) -> NewDevice:
        """The device as typed."""
        kind = self.kind.value()
        if kind is None:
            raise Refused("Choose what it is.")
        lumens = self.lumens.value()
        return NewDevice(kind, 1 if lumens is None else lumens, self.site.value(), self.placed_on.value(),
                         self.removed_on.value())  # fmt: skip


class EpisodeForm(Form):
    """Diagnoses and the intake checklist; the day of admission when a patient comes back."""

    def __init__(self, episode: EpisodeRow | None = None) -> None:
        super().__init__()
        self.admitted_on = DayField("Admitted on", required=True)
        self.diagnoses = TextField("Diagnoses (ICD-10)", hint="The principal one first, separated by blanks.")
        self.checks = {name: CheckField(words) for name, words in _CHECKS}
        if episode is None:
            self.admitted_on.set_value(today())
            self.section("", (self.admitted_on,))
        else:
            self.diagnoses.set_value(" ".join(episode.diagnoses))
            for name, check in self.checks.items():
                check.set_value(getattr(episode.checklist, name))
        self.section("", (self.diagnoses,))
        self.section("Before care begins", *((check,) for check in self.checks.values()))

    def codes(self) -> tuple[str, ...]:
        """The diagnoses as typed."""
        return tuple(self.diagnoses.value().replace(",", " ").split())

    def checklist(self) -> Checklist:
        """What is ticked."""
        return Checklist(**{name: check.value() for name, check in self.checks.items()})


class TaskForm(Form):
    """Something to do for a patient by a day, and by whom."""

    def __init__(self, people: Sequence[tuple[str, int]] = ()) -> None:
        super().__init__()
        self.title = TextField("What is to be done", required=True)
        self.due_on = DayField("By", required=True)
        self.due_on.set_value(today())
        self.owner: ChoiceField[int] = ChoiceField("Whose task", people, hint="Empty: whoever takes it.")
        self.section("", (self.title,), (self.due_on, self.owner))


class LabForm(Form):
    """What is drawn with an order."""

    def __init__(self, first_on: date) -> None:
        super().__init__()
        self.name = TextField("What is drawn", required=True, placeholder="CBC with differential, BMP")
        self.first_on = DayField("First draw", required=True)
        self.first_on.set_value(first_on)
        self.every_days = QuantityField("Then every so many days", least=1, most=366, required=True)
        self.every_days.set_value(7)
        self.section("", (self.name,), (self.first_on, self.every_days))
