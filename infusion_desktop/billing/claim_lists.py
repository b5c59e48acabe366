"""Lists of claims and of what stops them; apart from the rest so that the first screen loads no more."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from infusion_desktop.billing.findings import holding_up
from infusion_desktop.billing.tables import Claim
from infusion_desktop.billing.words import ClaimId, ClaimState, Frequency
from infusion_desktop.dates import Days
from infusion_desktop.patients.tables import Patient, Payer
from infusion_desktop.patients.words import PatientId, PayerId


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A claim in a list."""

    id: ClaimId
    number: str
    state: ClaimState
    frequency: Frequency
    patient_id: PatientId
    patient: str
    payer_id: PayerId
    payer: str
    period: Days
    charge: Decimal
    expected: Decimal
    findings: int
    made_at: datetime
    sent_at: datetime | None


STOPPED = (ClaimState.DRAFT, ClaimState.REJECTED, ClaimState.DENIED)
"""States in which something may stop a claim."""
LISTED = (
    select(
        Claim.id,
        Claim.number,
        Claim.state,
        Claim.frequency,
        Claim.patient_id,
        (Patient.last_name + ", " + Patient.first_name).label("patient"),
        Claim.payer_id,
        Payer.name.label("payer"),
        Claim.period_first,
        Claim.period_last,
        Claim.charge,
        Claim.expected,
        Claim.missing,
        Claim.made_at,
        Claim.sent_at,
    )
    .join(Patient, Patient.id == Claim.patient_id)
    .join(Payer, Payer.id == Claim.payer_id)
)


def row_of(row: Row[*tuple[Any, ...]]) -> ClaimRow:
    """A row of what is `LISTED`."""
    kept = row._mapping
    return ClaimRow(
        ClaimId(kept["id"]),
        kept["number"],
        kept["state"],
        kept["frequency"],
        PatientId(kept["patient_id"]),
        kept["patient"],
        PayerId(kept["payer_id"]),
        kept["payer"],
        Days(kept["period_first"], kept["period_last"]),
        kept["charge"],
        kept["expected"],
        len(json.loads(kept["missing"])),
        kept["made_at"],
        kept["sent_at"],
    )


def claims(
    session: Session,
    *,
    states: Collection[ClaimState] = (),
    payer: PayerId | None = None,
    patient: PatientId | None = None,
    month: Days | None = None,
    limit: int = 2000,
) -> tuple[ClaimRow, ...]:
    """Claims that meet every filter given, the newest period first."""
    wanted = LISTED
    if states:
        wanted = wanted.where(Claim.state.in_(list(states)))
    if payer is not None:
        wanted = wanted.where(Claim.payer_id == payer)
    if patient is not None:
        wanted = wanted.where(Claim.patient_id == patient)
    if month is not None:
        wanted = wanted.where(Claim.period_first <= month.last, Claim.period_last >= month.first)
    rows = session.execute(wanted.order_by(Claim.period_first.desc(), Claim.id.desc()).limit(limit))
    return tuple(row_of(row) for row in rows)


def stopped(session: Session) -> dict[ClaimId, tuple[str, ...]]:
    """The claims that something stops now, each with what."""
    rows = session.execute(
        select(Claim.id, Claim.number, Claim.state, Claim.missing).where(Claim.state.in_(STOPPED)).order_by(Claim.id)
    )
    told = {
        ClaimId(row.id): tuple(each.sentence for each in holding_up(row.number, row.state, row.missing) if each.stops)
        for row in rows
    }
    return {claim: sentences for claim, sentences in told.items() if sentences}
