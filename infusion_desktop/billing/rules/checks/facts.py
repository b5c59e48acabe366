"""Everything the claim checks look at, as plain values, and what a check says."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from infusion_desktop.billing.rules.codes import CodeTable
from infusion_desktop.billing.rules.counted import ServiceLine
from infusion_desktop.billing.rules.delivered import Delivered
from infusion_desktop.billing.rules.ordered import Order
from infusion_desktop.billing.rules.rule_set import RuleSet
from infusion_desktop.billing.rules.therapy import Authorization
from infusion_desktop.billing.words import LineKind
from infusion_desktop.dates import Days
from infusion_desktop.deliveries.rules import RefillRule
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
    lines: tuple[ServiceLine, ...]
    rules: RuleSet | None = None
    refill_rules: tuple[RefillRule, ...] = ()
    """What the payer says about refills, kept with deliveries."""
    billing: Billing = Billing()
    patient: Person = Person()
    coverage: CoverageFacts = CoverageFacts()
    diagnoses: tuple[str, ...] = ()
    pointers: tuple[int, ...] = ()
    """Which of them every line points to."""
    orders: tuple[Order, ...] = ()
    deliveries: tuple[Delivered, ...] = ()
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
    per_diems: tuple[ServiceLine, ...] = field(init=False)
    """The lines that bill days of therapy."""

    def __post_init__(self) -> None:
        per_diems = [line for line in self.lines if line.kind is LineKind.PER_DIEM]
        object.__setattr__(self, "per_diems", tuple(per_diems))


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


def pointers_to(diagnoses: Sequence[str]) -> tuple[int, ...]:
    """Which of a claim's diagnoses its lines point to: the first four (X12 SV107)."""
    return tuple(range(1, min(4, len(diagnoses)) + 1))


def to_medicare(facts: ClaimFacts) -> bool:
    """Whether Medicare is to pay."""
    return facts.coverage.is_medicare


def has_goods_or_visits(facts: ClaimFacts) -> bool:
    """Whether something stands on the claim beside days of therapy."""
    return len(facts.per_diems) < len(facts.lines)


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
