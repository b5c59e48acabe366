"""What a remittance (835) says, as plain frozen data, and whether it adds up.

Balances after the 835 guide's published summaries: line charge less its adjustments is what was paid on it; claim
charge less all its adjustments is what was paid on the claim; all claims less the provider adjustments is the payment.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from infusion_desktop.edi.adjustments import Adjustment, total
from infusion_desktop.edi.claim_data import Name
from infusion_desktop.money import ZERO

FORWARDED_STATUSES = frozenset({"19", "20", "21", "23"})
NEXT_PAYER_STATUSES = frozenset({"2", "3", "20", "21"})
"""Processed as secondary or tertiary."""
DENIED_STATUS = "4"
PREDETERMINED_STATUS = "25"
"""What would be paid: nothing is decided by it."""
REVERSAL_STATUS = "22"


@dataclass(frozen=True, slots=True)
class Imbalance:
    """Something that does not add up: where it stands, what was expected, what is written there."""

    segment: int
    what: str
    expected: Decimal
    found: Decimal

    @property
    def difference(self) -> Decimal:
        """How much the written amount is over the expected one."""
        return self.found - self.expected

    def __str__(self) -> str:
        return f"Segment {self.segment}: {self.what} {self.found}, expected {self.expected}: {self.difference:+} apart."


@dataclass(frozen=True, slots=True)
class Reference:
    """A number with its qualifier (REF), such as 1K or 6R."""

    qualifier: str
    number: str


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount with its qualifier (AMT), for information only: never part of a balance."""

    qualifier: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class LineResult:
    """What the payer decided on one line (loop 2110).

    ``code`` is what was adjudicated, ``submitted_code`` what we sent when the payer changed it ("" otherwise).
    """

    segment: int
    qualifier: str
    code: str
    modifiers: tuple[str, ...]
    charge: Decimal
    paid: Decimal
    units: Decimal
    submitted_code: str
    submitted_units: Decimal | None
    first_day: date | None
    last_day: date | None
    line_control: str
    adjustments: tuple[Adjustment, ...]
    allowed: Decimal | None
    remarks: tuple[str, ...]
    references: tuple[Reference, ...]
    amounts: tuple[Amount, ...]

    def imbalances(self) -> Iterator[Imbalance]:
        """Charge less adjustments must be what was paid."""
        expected = self.charge - total(self.adjustments)
        if expected != self.paid:
            yield Imbalance(self.segment, f"line {self.code} pays", expected, self.paid)


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """What the payer decided on one claim (loop 2100)."""

    segment: int
    claim_number: str
    status: str
    charge: Decimal
    paid: Decimal
    patient_owes: Decimal
    plan_kind: str
    payer_claim_number: str
    place: str
    frequency: str
    patient: Name
    patient_id: str
    subscriber: Name | None
    corrected_id: str
    crossover_payer: str
    priority_payer: str
    first_day: date | None
    last_day: date | None
    received_on: date | None
    adjustments: tuple[Adjustment, ...]
    remarks: tuple[str, ...]
    references: tuple[Reference, ...]
    amounts: tuple[Amount, ...]
    lines: tuple[LineResult, ...]

    @property
    def is_reversal(self) -> bool:
        """Whether this undoes an earlier payment of the same claim."""
        return self.status == REVERSAL_STATUS

    @property
    def is_denied(self) -> bool:
        """Whether the payer says denied; a claim processed as primary may have been paid nothing all the same."""
        return self.status == DENIED_STATUS

    def all_adjustments(self) -> tuple[Adjustment, ...]:
        """Those of the claim and of its lines."""
        return self.adjustments + tuple(one for line in self.lines for one in line.adjustments)

    def imbalances(self) -> Iterator[Imbalance]:
        """What does not add up in this claim and its lines."""
        for line in self.lines:
            yield from line.imbalances()
        expected = self.charge - total(self.all_adjustments())
        if expected != self.paid:
            yield Imbalance(self.segment, "the claim pays", expected, self.paid)
        if self.lines and (charged := sum((line.charge for line in self.lines), ZERO)) != self.charge:
            yield Imbalance(self.segment, "the claim's charge, against its lines, is", charged, self.charge)


@dataclass(frozen=True, slots=True)
class ProviderAdjustment:
    """A change of the payment beside the claims (PLB): positive takes money away, negative gives."""

    segment: int
    provider_id: str
    fiscal_date: date
    reason: str
    reference: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Party:
    """The payer or the payee as the file names it."""

    name: str
    identifier: str = ""
    street: str = ""
    city: str = ""
    state: str = ""
    zip_code: str = ""
    phone: str = ""
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class Remittance:
    """One payment with everything it explains (one ST of an 835).

    ``amount`` is negative when BPR03 says debit. ``trace`` (TRN02) and ``payer_id`` (TRN03) tie it to the deposit.
    """

    interchange_control: str
    group_control: str
    transaction_control: str
    version: str
    is_test: bool
    handling: str
    amount: Decimal
    method: str
    paid_on: date | None
    trace: str
    payer_id: str
    produced_on: date | None
    payer: Party
    payee: Party
    claims: tuple[ClaimResult, ...]
    provider_adjustments: tuple[ProviderAdjustment, ...]
    segment: int

    @property
    def deposit_key(self) -> tuple[str, str, Decimal]:
        """What may be posted once only: payer, check or transfer number, amount."""
        return self.payer_id or self.payer.identifier or self.payer.name, self.trace, self.amount

    @property
    def claims_paid(self) -> Decimal:
        """What all claims were paid."""
        return sum((claim.paid for claim in self.claims), ZERO)

    @property
    def provider_adjusted(self) -> Decimal:
        """What the provider adjustments take away together."""
        return sum((one.amount for one in self.provider_adjustments), ZERO)

    def imbalances(self) -> tuple[Imbalance, ...]:
        """Everything that does not add up: lines, claims, then the payment; empty when all is right."""
        found = [problem for claim in self.claims for problem in claim.imbalances()]
        expected = self.claims_paid - self.provider_adjusted
        if expected != self.amount:
            found.append(Imbalance(self.segment, "the payment is", expected, self.amount))
        return tuple(found)
