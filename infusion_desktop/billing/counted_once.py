"""Which claims count when a month's claims are added up, so that no service day and no dollar is told twice."""

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import aliased

from infusion_desktop.billing.tables import Claim
from infusion_desktop.billing.words import ClaimState, Frequency


def counts_once() -> tuple[ColumnElement[bool], ...]:
    """Conditions on Claim: it stands, no replacement or void stands in its place, and it goes to the first payer.

    What a claim to the next payer expects is part of what the first claim's contract allows, and its units are the
    same days.
    """
    newer = aliased(Claim)
    followed = (
        select(newer.id)
        .where(newer.replaces_id == Claim.id, newer.frequency != Frequency.ORIGINAL)
        .where(newer.state != ClaimState.VOIDED)
        .correlate(Claim)
    )
    return (
        Claim.state != ClaimState.VOIDED,
        Claim.frequency != Frequency.VOID,
        Claim.primary_id.is_(None),
        ~followed.exists(),
    )
