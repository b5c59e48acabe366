"""What a month came to, before it is a claim: lines with the evidence of every unit, and what was left out and why."""

from dataclasses import field
from datetime import date
from decimal import Decimal
from itertools import chain
from typing import NamedTuple

from infusion_desktop.billing.words import LineKind, RuleSetId
from infusion_desktop.dates import Days
from infusion_desktop.money import ZERO
from infusion_desktop.patients.words import PatientId, PayerId
from infusion_desktop.stock.words import Container
from infusion_desktop.values import value


class UnitEvidence(NamedTuple):
    """Why the units of some days stand on a line, ``units`` each day; no ``delivery_id``: no delivery covers them."""

    days: tuple[date, ...]
    units: Decimal
    therapy_id: int | None
    delivery_id: int | None
    delivery_number: str
    proven: bool
    rank: int
    rate: Decimal
    rules: str


@value
class CountedLine:
    """One service line with everything a claim line keeps."""

    kind: LineKind
    code: str
    days: Days
    units: Decimal
    rate: Decimal
    charge: Decimal
    expected: Decimal
    modifiers: tuple[str, ...] = ()
    description: str = ""
    ndc: str = ""
    ndc_quantity: Decimal | None = None
    ndc_unit: str = ""
    therapy_id: int | None = None
    delivery_id: int | None = None
    visit_id: int | None = None
    authorization_number: str = ""
    rules_id: RuleSetId | None = None
    evidence: tuple[UnitEvidence, ...] = ()
    sentences: tuple[str, ...] = ()
    held: str = ""
    priced: bool = True
    place: str = "12"
    compound: str = ""
    """The number it shares with the other ingredients of its compound."""
    container: Container = Container.AS_ITS_CODE
    """How a drug comes."""
    note: str = ""
    """What the claim must say because of it (X12 NTE), as that the pump is the patient's own."""

    @property
    def dates(self) -> tuple[date, ...]:
        """The days whose units stand on it, in order."""
        if len(self.evidence) == 1:
            return self.evidence[0].days
        return tuple(chain.from_iterable([each.days for each in self.evidence]))


@value
class LeftOutDays:
    """Days of a therapy that are not billed, and why, as a biller reads it."""

    therapy_id: int
    therapy: str
    days: tuple[date, ...]
    why: str


@value
class MonthCounted:
    """A patient's period at one payer: lines in their order on the claim, left out days, and what to look at."""

    patient_id: PatientId
    payer_id: PayerId
    period: Days
    lines: tuple[CountedLine, ...]
    left_out: tuple[LeftOutDays, ...] = ()
    notes: tuple[str, ...] = ()
    rules: str = ""
    claim_limit: int = field(default=50)

    @property
    def charge(self) -> Decimal:
        """What all lines charge."""
        return sum([line.charge for line in self.lines], ZERO)

    @property
    def expected(self) -> Decimal:
        """What the contract should pay for all lines."""
        return sum([line.expected for line in self.lines], ZERO)
