"""The last day to file a claim that has not left, by the payer's own limit and clock."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.billing.claim_lists import ClaimRow
from infusion_desktop.billing.claiming.secondary import standing_decision
from infusion_desktop.billing.rules.checks.sending import filed_by, has_filing_limit
from infusion_desktop.billing.rules.rule_set import ClaimForm, FilingClock, RuleSet
from infusion_desktop.billing.tables import Claim, ClaimLine
from infusion_desktop.billing.terms.contracts import rules_on
from infusion_desktop.billing.words import ClaimId, ClaimState, Frequency
from infusion_desktop.errors import Refused
from infusion_desktop.patients.words import PayerId

UNSENT = (ClaimState.DRAFT, ClaimState.READY, ClaimState.REJECTED)
_AT_ONCE = 500


def file_by(session: Session, rows: Iterable[ClaimRow]) -> dict[ClaimId, date]:
    """For each original claim that is not sent, or was refused, the last day to file it; left out without a limit."""
    waiting = [row for row in rows if row.state in UNSENT and row.frequency is Frequency.ORIGINAL]
    days = _days(session, [row.id for row in waiting])
    known: dict[tuple[PayerId, date], RuleSet | None] = {}
    found: dict[ClaimId, date] = {}
    for row in waiting:
        key = (row.payer_id, row.period.first)
        if key not in known:
            known[key] = _rules(session, *key)
        rules = known[key]
        if rules is None or not has_filing_limit(rules) or row.id not in days:
            continue
        first, last, before = days[row.id]
        start = first if rules.filing_clock is FilingClock.FROM_DAY else last
        if before is not None and (decision := standing_decision(session, ClaimId(before))) is not None:
            start = decision.decided_on
        found[row.id] = filed_by(start, rules)
    return found


def leaves_as(session: Session, rows: Iterable[ClaimRow]) -> dict[ClaimId, ClaimForm]:
    """What each ready claim leaves as: a line of a file, a form on paper, or the patient's statement."""
    known: dict[tuple[PayerId, date], ClaimForm] = {}
    found: dict[ClaimId, ClaimForm] = {}
    for row in rows:
        if row.state is not ClaimState.READY:
            continue
        key = (row.payer_id, row.period.first)
        if key not in known:
            rules = _rules(session, *key)
            known[key] = ClaimForm.X12_837P if rules is None else rules.claim_form
        found[row.id] = known[key]
    return found


def _days(session: Session, claims: list[ClaimId]) -> dict[ClaimId, tuple[date, date, int | None]]:
    """The earliest first and last day of each claim's lines, and the claim before it."""
    found: dict[ClaimId, tuple[date, date, int | None]] = {}
    for start in range(0, len(claims), _AT_ONCE):
        rows = session.execute(
            select(Claim.id, func.min(ClaimLine.first_on), func.min(ClaimLine.last_on), Claim.primary_id)
            .join(ClaimLine, ClaimLine.claim_id == Claim.id)
            .where(Claim.id.in_(claims[start : start + _AT_ONCE]))
            .group_by(Claim.id, Claim.primary_id)
        )
        found |= {ClaimId(claim): (first, last, before) for claim, first, last, before in rows}
    return found


def _rules(session: Session, payer: PayerId, day: date) -> RuleSet | None:
    try:
        return rules_on(session, payer, day).rules
    except Refused:
        return None
