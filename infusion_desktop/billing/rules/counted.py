"""What a month came to, before it is a claim: lines with the evidence of every unit, and what was left out and why."""

from collections.abc import Iterable
from dataclasses import field, replace
from datetime import date
from decimal import Decimal
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


NOT_PLACED = 0
"""The number of a line that has no place on a claim yet."""


@value
class ServiceLine:
    """One service line: what the checks look at, and what stands behind it. ``number`` is its place on the claim.

    ``dates`` are the days of a per diem, in order; ``held`` says why the day engine holds it back. One that is read
    back from its claim has its ``evidence`` and ``sentences`` there, as text.
    """

    number: int
    kind: LineKind
    code: str
    days: Days
    units: Decimal
    charge: Decimal
    rate: Decimal = ZERO
    expected: Decimal = ZERO
    dates: tuple[date, ...] = ()
    modifiers: tuple[str, ...] = ()
    description: str = ""
    therapy_id: int | None = None
    delivery_id: int | None = None
    visit_id: int | None = None
    rules_id: RuleSetId | None = None
    authorization: str = ""
    place: str = "12"
    priced: bool = True
    held: str = ""
    evidence: tuple[UnitEvidence, ...] = ()
    sentences: tuple[str, ...] = ()
    ndc: str = ""
    ndc_quantity: Decimal | None = None
    ndc_unit: str = ""
    compound: str = ""
    """The number it shares with the other ingredients of its compound."""
    container: Container = Container.AS_ITS_CODE
    """How a drug comes."""
    note: str = ""
    """What the claim must say because of it (X12 NTE), as that the pump is the patient's own."""

    @property
    def label(self) -> str:
        """The line as findings name it."""
        return f"Line {self.number} ({self.code}{''.join(f'-{each}' for each in self.modifiers)})"


def in_places(lines: Iterable[ServiceLine], after: int = 0) -> tuple[ServiceLine, ...]:
    """Lines with their numbers on a claim, behind those that are there."""
    return tuple(replace(line, number=number) for number, line in enumerate(lines, after + 1))


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
    lines: tuple[ServiceLine, ...]
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
