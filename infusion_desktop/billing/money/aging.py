"""What is owed by age, by payer, by who works on it and by therapy; and credits that belong to somebody else.

What patients owe for equipment that was lost or came back damaged is on no claim: it has a row of its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.billing.money.collectors import NOBODY, collectors
from infusion_desktop.billing.money.equipment_charges import charges_owed
from infusion_desktop.billing.tables import Claim, ClaimLine, LedgerEntry
from infusion_desktop.billing.words import Account, ClaimId
from infusion_desktop.equipment.words import ChargeId
from infusion_desktop.money import ZERO
from infusion_desktop.patients.tables import Patient, Payer, Therapy
from infusion_desktop.patients.words import PatientId

PATIENTS = "Patients"
EQUIPMENT = "Patients, for equipment"
OF_PATIENTS = (PATIENTS, EQUIPMENT)


class AgingBy(StrEnum):
    """What the rows of an aging are."""

    PAYER = "payer"
    COLLECTOR = "collector"
    THERAPY = "therapy"


@dataclass(frozen=True, slots=True)
class Aged:
    """What is owed under one name by the days since it was first charged to who owes it."""

    name: str
    to_30: Decimal = ZERO
    to_60: Decimal = ZERO
    to_90: Decimal = ZERO
    to_120: Decimal = ZERO
    older: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """All of it."""
        return self.to_30 + self.to_60 + self.to_90 + self.to_120 + self.older


@dataclass(frozen=True, slots=True)
class OpenClaim:
    """What somebody owes on a claim, or a patient for equipment."""

    claim_id: ClaimId | None
    claim: str
    """Its number, or that of the charge."""
    patient: str
    payer: str
    account: Account
    owed: Decimal
    since: date
    charge_id: ChargeId | None = None
    patient_id: PatientId | None = None
    """Whose charge it is; a claim says so itself."""


BUCKETS = tuple(each.name for each in fields(Aged))[1:]


def bucket(since: date, on: date) -> int:
    """The place of an age: to 30 days, to 60, to 90, to 120, older."""
    return min(max((on - since).days - 1, 0) // 30, 4)


def aging_by(session: Session, on: date, by: AgingBy) -> tuple[Aged, ...]:
    """What is owed at the end of a day, credits taken off; patients' shares stand under "Patients" (not by therapy)."""
    names = _collector_of(session, on) if by is AgingBy.COLLECTOR else {}
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO] * 5)
    for account, name, since, amount in _owed(session, on, by):
        if by is AgingBy.COLLECTOR:
            name = names.get(name, NOBODY)
        if account is Account.PATIENT and by is not AgingBy.THERAPY:
            name = PATIENTS
        sums[name][bucket(since, on)] += amount
    for each in charges_owed(session, on=on):
        sums[EQUIPMENT][bucket(each.charged_on, on)] += each.owed
    ordered = sorted(sums, key=lambda name: (name in OF_PATIENTS, name))
    return tuple(Aged(name, *sums[name]) for name in ordered if any(sums[name]))


def open_claims(session: Session, on: date) -> tuple[OpenClaim, ...]:
    """Every claim on which payer or patient owes something or has a credit, the oldest first."""
    since = _since(session, on)
    owed = func.sum(LedgerEntry.amount).label("owed")
    rows = session.execute(
        select(Claim.id, Claim.number, Patient.last_name, Patient.first_name, Payer.name, LedgerEntry.account, owed)
        .join(Claim, Claim.id == LedgerEntry.claim_id)
        .join(Patient, Patient.id == Claim.patient_id)
        .join(Payer, Payer.id == Claim.payer_id)
        .where(LedgerEntry.posted_on <= on)
        .group_by(Claim.id, Claim.number, Patient.last_name, Patient.first_name, Payer.name, LedgerEntry.account)
        .having(owed != ZERO)
    )
    found = [
        OpenClaim(
            ClaimId(row.id), row.number, f"{row.last_name}, {row.first_name}", row.name, row.account, row.owed,
            since[row.id, row.account],
        )
        for row in rows
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda each: (each.since, each.claim_id, each.account.value)))


def credit_balances(session: Session, on: date) -> tuple[OpenClaim, ...]:
    """Claims with more paid than was owed, and charges for equipment that were waived after they were paid."""
    claims = tuple(each for each in open_claims(session, on) if each.owed < ZERO)
    charges = [each for each in charges_owed(session, on=on) if each.owed < ZERO]
    patients = session.execute(
        select(Patient.id, Patient.last_name, Patient.first_name).where(
            Patient.id.in_({each.patient_id for each in charges})
        )
    )
    names = {row.id: f"{row.last_name}, {row.first_name}" for row in patients}
    return claims + tuple(
        OpenClaim(
            None,
            each.number,
            names[each.patient_id],
            each.what,
            Account.PATIENT,
            each.owed,
            each.charged_on,
            each.id,
            each.patient_id,
        )
        for each in charges
    )


def total(rows: Iterable[Aged]) -> Aged:
    """All rows together."""
    rows = tuple(rows)
    return Aged("All", *(sum((getattr(row, name) for row in rows), ZERO) for name in BUCKETS))


def _since(session: Session, on: date) -> Mapping[tuple[int, Account], date]:
    rows = session.execute(
        select(LedgerEntry.claim_id, LedgerEntry.account, func.min(LedgerEntry.posted_on))
        .where(LedgerEntry.posted_on <= on)
        .group_by(LedgerEntry.claim_id, LedgerEntry.account)
    )
    return {(claim, account): day for claim, account, day in rows}


def _owed(session: Session, on: date, by: AgingBy) -> Iterable[tuple[Account, str, date, Decimal]]:
    """What is owed by who owes it, a name, and the day on which it was first charged to them."""
    claims = (
        select(LedgerEntry.claim_id, LedgerEntry.account, func.min(LedgerEntry.posted_on).label("since"),
               func.sum(LedgerEntry.amount).label("owed"))
        .where(LedgerEntry.posted_on <= on)
        .group_by(LedgerEntry.claim_id, LedgerEntry.account)
        .subquery()
    )  # fmt: skip
    if by is not AgingBy.THERAPY:
        rows = session.execute(
            select(claims.c.account, Payer.name, claims.c.since, func.sum(claims.c.owed))
            .join(Claim, Claim.id == claims.c.claim_id)
            .join(Payer, Payer.id == Claim.payer_id)
            .group_by(claims.c.account, Payer.name, claims.c.since)
        )
        return ((account, name, since, owed) for account, name, since, owed in rows)
    by_therapy = session.execute(
        select(LedgerEntry.account, Therapy.therapy_class, claims.c.since, func.sum(LedgerEntry.amount))
        .join(claims, (claims.c.claim_id == LedgerEntry.claim_id) & (claims.c.account == LedgerEntry.account))
        .outerjoin(ClaimLine, ClaimLine.id == LedgerEntry.line_id)
        .outerjoin(Therapy, Therapy.id == ClaimLine.therapy_id)
        .where(LedgerEntry.posted_on <= on)
        .group_by(LedgerEntry.account, Therapy.therapy_class, claims.c.since)
    )
    return (
        (account, kind.value.capitalize() if kind else "Not of one therapy", since, owed)
        for account, kind, since, owed in by_therapy
    )


def _collector_of(session: Session, on: date) -> dict[str, str]:
    return {row.payer: row.collector for row in collectors(session, on)}
