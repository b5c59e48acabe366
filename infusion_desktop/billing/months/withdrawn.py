"""Months that a biller withdrew, with the reason: no run bills them again until somebody says so."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.billing.tables import Claim, ClaimEvent
from infusion_desktop.billing.words import ClaimId, ClaimState, Frequency
from infusion_desktop.dates import Days, local_day, show_day
from infusion_desktop.patients.words import CoverageId, PatientId

WITHDRAWN = "withdrawn: "
"""What the event of a claim begins with that somebody withdrew; the reason follows."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A month's newest claim that was voided."""

    claim_id: ClaimId
    number: str
    on: date
    why: str

    def __str__(self) -> str:
        return f"Claim {self.number} was withdrawn on {show_day(self.on)}: {self.why or 'see its history'}."


AFTER_ALL = "To bill it after all, open the claim: Correct, Bill it after all."


def withdrawn(session: Session, month: Days) -> dict[tuple[PatientId, CoverageId], Withdrawn]:
    """Whose month is withdrawn, by patient and policy: the newest claim to the first payer is voided."""
    newest = (
        select(func.max(Claim.id))
        .where(Claim.period_first.between(month.first, month.last))
        .where(Claim.primary_id.is_(None), Claim.frequency != Frequency.VOID)
        .group_by(Claim.patient_id, Claim.coverage_id)
    )
    gone = select(Claim).where(Claim.id.in_(newest), Claim.state == ClaimState.VOIDED)
    found = session.scalars(gone).all()
    stands = (
        select(Claim.patient_id, Claim.coverage_id)
        .where(Claim.period_first.between(month.first, month.last), Claim.primary_id.is_(None))
        .where(Claim.frequency != Frequency.VOID, Claim.state != ClaimState.VOIDED)
        .where(Claim.patient_id.in_({claim.patient_id for claim in found}))
    )
    billed = {(row.patient_id, row.coverage_id) for row in session.execute(stands)} if found else set()
    told = _told(session, [claim for claim in found if (claim.patient_id, claim.coverage_id) not in billed])
    return {
        (PatientId(claim.patient_id), CoverageId(claim.coverage_id)): told[claim.id]
        for claim in found
        if claim.id in told
    }


def withdrawn_correction(session: Session, claim: Claim) -> Withdrawn | None:
    """The newest correction of a claim when it was withdrawn before it left; None when there is none or it stands."""
    newest = session.scalar(
        select(Claim)
        .where(Claim.replaces_id == claim.id, Claim.frequency != Frequency.VOID)
        .order_by(Claim.id.desc())
        .limit(1)
    )
    if newest is None or newest.state is not ClaimState.VOIDED or newest.batch_id is not None:
        return None
    return _told(session, [newest])[newest.id]


def _told(session: Session, claims: Iterable[Claim]) -> Mapping[int, Withdrawn]:
    by_id = {claim.id: claim for claim in claims}
    events = select(ClaimEvent).where(ClaimEvent.claim_id.in_(by_id), ClaimEvent.state == ClaimState.VOIDED)
    found: dict[int, Withdrawn] = {}
    for event in session.scalars(events.order_by(ClaimEvent.id)) if by_id else ():
        known = found.get(event.claim_id)
        if known is None or event.note.startswith(WITHDRAWN):
            why = event.note.removeprefix(WITHDRAWN)
            claim = by_id[event.claim_id]
            found[event.claim_id] = Withdrawn(ClaimId(claim.id), claim.number, local_day(event.at), why)
    return found
