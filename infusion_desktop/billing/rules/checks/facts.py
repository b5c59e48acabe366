"""Everything the claim checks look at, as plain values, and what a check says."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from infusion_desktop.billing.rules.codes import CodeTable
from infusion_desktop.billing.rules.rule_set import RuleSet
from infusion_desktop.billing.rules.therapy import Authorization
from infusion_desktop.billing.words import LineKind
from infusion_desktop.dates import Days
from infusion_desktop.deliveries.rules import RefillRule
from infusion_desktop.stock.words import Container
from infusion_desktop.values import value


class Where(StrEnum):
    """Where in the application a finding is put right."""

    PHARMACY = "Pharmacy profile"
    PATIENT = "Patient"
    COVERAGE = "Coverage"
    PRESCRIBER = "Prescriber"
    THERAPY = "Therapy"
    CALENDAR = "Therapy calendar"
    DELIVERY = "Deliveries"
    VISITS = "Nursing visits"
    CATALOGUE = "Catalogue"
    CONTRACT = "Payer contract"
    AUTHORIZATION = "Authorizations"
    CLAIM = "Claim"
    REMITTANCE = "Remittances"


@dataclass(frozen=True, slots=True)
class Billing:
    """The pharmacy as the claim names it; ``zip_code`` digits only."""

    name: str = ""
    npi: str = ""
    tax_id: str = ""
    taxonomy: str = ""
    street: str = ""
    zip_code: str = ""


@value
class Person:
    """The patient and, when it is somebody else, the holder of the policy."""

    name: str = ""
    born_on: date | None = None
    sex: str = ""
    street: str = ""
    city: str = ""
    state: str = ""
    zip_code: str = ""


@value
class CoverageFacts:
    """The patient's policy with the payer the claim goes to."""

    payer: str = ""
    payer_number: str = ""
    member_id: str = ""
    relation: str = "self"
    subscriber: Person | None = None
    days: Days | None = None
    is_medicare: bool = False
    position: int = 1


@value
class OrderFacts:
    """A prescriber's order for one therapy, the days it is good for, and the diagnoses of its episode."""

    therapy_id: int
    days: Days
    signed_on: date | None = None
    prescriber: str = ""
    prescriber_npi: str = ""
    diagnoses: tuple[str, ...] = ()


@value
class DeliveryFacts:
    """A delivery: the days its supplies are for, when it went and arrived, its proof; no ``therapy_id`` serves all."""

    number: str
    supply: Days
    therapy_id: int | None = None
    shipped_on: date | None = None
    delivered_on: date | None = None
    signed_on: date | None = None
    signed_by_staff: bool = False
    counted_on: date | None = None
    """When the patient's supplies were counted for it, None when nobody did."""
    gaps: tuple[str, ...] = ()
    """What its proof of delivery still lacks, as sentences."""
    versions: frozenset[int] = frozenset()
    """Earlier and later versions of the therapy's order, which it serves too."""
    short: tuple[str, ...] = ()
    """Drugs it went without and nothing has brought since, as "21 of 21 Cefazolin 2 g"."""

    def serves(self, therapy_id: int | None) -> bool:
        """Whether its supplies are for a line's therapy; one for no therapy serves all."""
        return self.therapy_id in (None, therapy_id) or therapy_id in self.versions


@value
class LineFacts:
    """One line of the claim; ``dates`` are its service days, ``held`` why the day engine holds it back."""

    number: int
    kind: LineKind
    code: str
    days: Days
    units: Decimal
    charge: Decimal
    dates: tuple[date, ...] = ()
    modifiers: tuple[str, ...] = ()
    place_of_service: str = "12"
    priced: bool = True
    authorization: str = ""
    therapy_id: int | None = None
    pointers: tuple[int, ...] = ()
    narrative: str = ""
    ndc: str = ""
    ndc_unit: str = ""
    ndc_quantity: Decimal | None = None
    compound: str = ""
    held: str = ""
    container: Container = Container.AS_ITS_CODE
    """How a drug comes."""

    @property
    def label(self) -> str:
        """The line as findings name it."""
        return f"Line {self.number} ({self.code}{''.join(f'-{each}' for each in self.modifiers)})"


@value
class BilledBefore:
    """A line of an earlier claim that was not voided."""

    claim: str
    code: str
    days: Days
    modifiers: tuple[str, ...] = ()
    units: Decimal = Decimal(0)
    apart: bool = False
    """Whether it stands on the claim for the other therapies of the same month."""


@value
class ClaimFacts:
    """One claim as it would leave, with what stands behind it. ``today`` is given: no rule reads a clock.

    ``billed_before`` has the lines of other claims in these days and, of codes with a limit over months, those before;
    ``therapy_days`` has, by therapy, the days its calendar says were service days; ``hospital_stays`` admission through
    discharge, ``still_in_hospital_since`` the admission of a stay without an end.
    """

    today: date
    codes: CodeTable
    lines: tuple[LineFacts, ...]
    rules: RuleSet | None = None
    refill_rules: tuple[RefillRule, ...] = ()
    """What the payer says about refills, kept with deliveries."""
    billing: Billing = Billing()
    patient: Person = Person()
    coverage: CoverageFacts = CoverageFacts()
    diagnoses: tuple[str, ...] = ()
    orders: tuple[OrderFacts, ...] = ()
    deliveries: tuple[DeliveryFacts, ...] = ()
    hospital_stays: tuple[Days, ...] = ()
    still_in_hospital_since: date | None = None
    authorizations: tuple[Authorization, ...] = ()
    therapy_days: Mapping[int, frozenset[date]] | None = None
    billed_before: tuple[BilledBefore, ...] = ()
    billed_elsewhere: tuple[BilledBefore, ...] = ()
    """Lines of these days on standing claims to another payer as the first one."""
    frequency: str = "1"
    payer_control_number: str = ""
    primary_paid_on: date | None = None
    delay_reason: str = ""


@value
class Finding:
    """One thing that is wrong: the check's code, a sentence, where to put it right, and whether the claim must wait."""

    code: str
    sentence: str
    where: Where
    stops: bool
    line: int | None = None


Told = str | tuple[str, int]
"""What a check says: a sentence, or a sentence with the number of the line it is about."""


def to_medicare(facts: ClaimFacts) -> bool:
    """Whether Medicare is to pay."""
    return facts.coverage.is_medicare


def has_goods_or_visits(facts: ClaimFacts) -> bool:
    """Whether something stands on the claim beside days of therapy."""
    return any(line.kind is not LineKind.PER_DIEM for line in facts.lines)


@dataclass(frozen=True, slots=True)
class Check:
    """One question asked of every claim, or of those that are such ``when`` the question arises.

    ``title`` names it in lists; ``look`` gives a sentence for each fault.
    """

    code: str
    title: str
    where: Where
    stops: bool
    look: Callable[[ClaimFacts], Iterable[Told]]
    when: Callable[[ClaimFacts], bool] | None = None

    def finding(self, told: Told) -> Finding:
        """What was told, as the check's finding."""
        sentence, line = (told, None) if isinstance(told, str) else told
        return Finding(self.code, sentence, self.where, self.stops, line)
