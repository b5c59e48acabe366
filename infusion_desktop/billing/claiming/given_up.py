"""A replacement or void that the payer never took is given up: the claim that it was for stands again."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.roles import UserId
from infusion_desktop.billing.claiming.secondary import move_share
from infusion_desktop.billing.life import enter, the_claim
from infusion_desktop.billing.money.disputes import enter_step
from infusion_desktop.billing.money.money_tables import Dispute
from infusion_desktop.billing.money.receivables import post_charges, put_cuts_back
from infusion_desktop.billing.money.replaced import hand_back, hand_over
from infusion_desktop.billing.tables import Claim, ClaimEvent
from infusion_desktop.billing.words import ClaimId, ClaimState, DisputeState, Frequency


def stand_again(session: Session, given_up: Claim, on: date, by: UserId) -> None:
    """Where sending the given-up one (or what it was drafted anew from) ended a claim, bring that one back.

    Its charges stand again, what was paid and cut is its own, and its denials are open as they were. Nothing happens
    where the given-up one never left.
    """
    before = _ended_by(session, given_up)
    if before is None:
        return
    claim = ClaimId(before.id)
    hand_back(session, before.number, on, by)
    if before.primary_id is None:
        post_charges(session, claim, on, by)
    else:
        move_share(session, before, on, by)
    for each in _of_number(session, before):
        put_cuts_back(session, each, on, by)
    enter(session, before, _was(session, claim), by, "stands again")
    hand_over(session, before.number, on, by)
    waiting = select(Dispute).where(Dispute.claim_id == claim, Dispute.state == DisputeState.CORRECTED)
    for dispute in session.scalars(waiting).all():
        enter_step(session, dispute, DisputeState.OPEN, by, "the corrected claim was given up")


def _ended_by(session: Session, given_up: Claim) -> Claim | None:
    """The claim that the payer still has: the one before those that it refused; None where another one stands."""
    claim = given_up
    while claim.replaces_id is not None:
        claim = the_claim(session, ClaimId(claim.replaces_id))
        if claim.frequency is not Frequency.VOID and not _was_refused(session, ClaimId(claim.id)):
            is_ended = claim.state is ClaimState.VOIDED and claim.batch_id is not None
            return claim if is_ended and not _another_stands(session, claim.number) else None
    return None


def _another_stands(session: Session, number: str) -> bool:
    left = select(Claim.id).where(Claim.number == number, Claim.batch_id.is_not(None))
    return session.scalar(left.where(Claim.state != ClaimState.VOIDED).limit(1)) is not None


def _was_refused(session: Session, claim: ClaimId) -> bool:
    refused = select(ClaimEvent.id).where(ClaimEvent.claim_id == claim, ClaimEvent.state == ClaimState.REJECTED)
    return session.scalar(refused.limit(1)) is not None


def _of_number(session: Session, claim: Claim) -> list[ClaimId]:
    same = select(Claim.id).where(Claim.number == claim.number, Claim.frequency != Frequency.VOID).order_by(Claim.id)
    return [ClaimId(each) for each in session.scalars(same)]


def _was(session: Session, claim: ClaimId) -> ClaimState:
    """The state before it was ended."""
    states = select(ClaimEvent.state).where(ClaimEvent.claim_id == claim, ClaimEvent.state != ClaimState.VOIDED)
    return session.scalars(states.order_by(ClaimEvent.id.desc()).limit(1)).one()
