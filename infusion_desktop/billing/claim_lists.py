"""Lists of claims and of what stops them; apart from the rest so that the first screen loads no more."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from infusion_desktop.billing.findings import findings_of
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


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A finding that stops claims, with how many and which."""

    code: str
    where: str
    sentence: str
    claims: tuple[ClaimId, ...]


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


def work_queue(session: Session) -> tuple[WorkItem, ...]:
    """What stops claims now, the finding with most claims first; refused and denied claims are items of their own."""
    found: dict[tuple[str, str], list[ClaimId]] = {}
    sentences: dict[tuple[str, str], str] = {}
    rows = session.execute(
        select(Claim.id, Claim.number, Claim.state, Claim.missing).where(Claim.state.in_(STOPPED)).order_by(Claim.id)
    )
    for row in rows:
        for code, where, sentence in _stopping(row.number, row.state, row.missing):
            found.setdefault((code, where), []).append(ClaimId(row.id))
            sentences.setdefault((code, where), sentence)
    items = [WorkItem(code, where, sentences[code, where], tuple(ids)) for (code, where), ids in found.items()]
    return tuple(sorted(items, key=lambda each: (-len(each.claims), each.code)))


def _stopping(number: str, state: ClaimState, missing: str) -> list[tuple[str, str, str]]:
    if state is ClaimState.REJECTED:
        return [
            (
                "REJECTED",
                "Claim",
                f"Claim {number} was refused before adjudication. Put it right; then Correct, Replace it.",
            )
        ]
    if state is ClaimState.DENIED:
        return [("DENIED", "Remittances", f"Claim {number} was denied. Appeal, correct, or write it off.")]
    return [(each.code, each.where, each.sentence) for each in findings_of(missing) if each.stops]
