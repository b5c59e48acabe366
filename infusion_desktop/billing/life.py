"""A claim's life, one event after the other, and what may follow what."""

from sqlalchemy import insert
from sqlalchemy.orm import Session

from infusion_desktop.access.roles import UserId
from infusion_desktop.billing.tables import Claim, ClaimEvent
from infusion_desktop.billing.words import ClaimId, ClaimState
from infusion_desktop.dates import now_utc
from infusion_desktop.errors import Refused


def move(session: Session, claim: ClaimId, state: ClaimState, by: UserId, note: str = "") -> None:
    """Put an event into a claim's life; the claim's own state is the caller's to set."""
    session.execute(insert(ClaimEvent).values(claim_id=claim, state=state, at=now_utc(), staff_id=by, note=note))


def the_claim(session: Session, claim: ClaimId) -> Claim:
    """The claim, locked for this deed; Refused when it is not known."""
    kept = session.get(Claim, claim, with_for_update=True)
    if kept is None:
        raise Refused("This claim is not known. Look at the list of claims again.")
    return kept


def enter(session: Session, claim: Claim, state: ClaimState, by: UserId, note: str = "") -> None:
    """Bring a claim into a state and say so in its life."""
    claim.state = state
    session.flush()
    move(session, ClaimId(claim.id), state, by, note)
