"""Of several decisions on a claim that stand at once, the newest says what is cut and what the patient owes.

Payers pay a claim twice, or decide it anew before they take the first decision back. What was paid adds up; what was
cut and left to the patient is said once: that of the decision before is undone as long as the newer one stands, and
counts again when that is taken back. A claim decided in parts has a newest decision for each of its lines. A denial
besides a payment, such as that of a claim sent twice, cuts nothing of what was paid.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.access.roles import UserId
from infusion_desktop.billing.money.money_tables import LineDecision, PayerDecision
from infusion_desktop.billing.money.receivables import NewEntry, post, take_back_cuts
from infusion_desktop.billing.money.replaced import hand_over, replaced_claims
from infusion_desktop.billing.tables import Claim, LedgerEntry
from infusion_desktop.billing.words import Account, ClaimId, EntryKind
from infusion_desktop.money import ZERO

SUPERSEDED, COUNTS_AGAIN = "a newer decision stands", "the newer decision was taken back"
_CUTS = (EntryKind.ADJUSTMENT, EntryKind.TRANSFER)

_Part = tuple[int, int | None]
"""A decision and a line of the claim; no line: what was cut of the claim as a whole."""


def keep_newest(session: Session, decisions: Iterable[int], on: date, by: UserId) -> None:
    """Make the cuts of the newest of these standing decisions count, line by line, and none of those before."""
    newest = _newest(session, sorted(decisions))
    undo = aliased(LedgerEntry)
    rows = session.execute(
        select(LedgerEntry, undo.note)
        .outerjoin(undo, undo.reverses_id == LedgerEntry.id)
        .where(LedgerEntry.decision_id.in_(list(decisions)), LedgerEntry.kind.in_(_CUTS))
        .order_by(LedgerEntry.id)
    ).all()
    parts: dict[_Part, list[tuple[LedgerEntry, str | None]]] = defaultdict(list)
    for entry, undone in rows:
        parts[entry.decision_id or 0, entry.line_id].append((entry, undone))
    entries: list[NewEntry] = []
    for (decision, line), several in parts.items():
        counts = newest.get(line, decision) == decision
        standing = [entry for entry, undone in several if undone is None]
        if not counts:
            entries += [_against(entry) for entry in standing]
        elif not standing:
            entries += [
                _again(entry) for entry, undone in several if undone == SUPERSEDED and entry.note != COUNTS_AGAIN
            ]
    post(session, entries, on, by)


def _newest(session: Session, decisions: list[int]) -> dict[int | None, int]:
    """The newest decision that pays on each line, and (no line) on the claim as a whole; else the newest at all."""
    pays = or_(PayerDecision.paid != ZERO, PayerDecision.patient_owes != ZERO)
    rows = session.execute(
        select(PayerDecision.id, LineDecision.line_id)
        .join(LineDecision, LineDecision.decision_id == PayerDecision.id)
        .where(PayerDecision.id.in_(decisions), LineDecision.line_id.is_not(None))
        .order_by(pays, PayerDecision.id)
    )
    found: dict[int | None, int] = {line: decision for decision, line in rows}
    whole = select(PayerDecision.id).where(PayerDecision.id.in_(decisions)).order_by(pays, PayerDecision.id)
    of_all = whole.join(Claim, Claim.id == PayerDecision.claim_id).where(PayerDecision.charge == Claim.charge)
    wholes = session.scalars(of_all).all()
    if len(wholes) == len(decisions):
        found[None] = wholes[-1]
    return found


def _against(entry: LedgerEntry) -> NewEntry:
    return NewEntry(
        ClaimId(entry.claim_id), EntryKind.REVERSAL, -entry.amount, entry.line_id, entry.account, entry.group_code,
        entry.reason_code, reverses_id=entry.id, note=SUPERSEDED, decision_id=entry.decision_id,
    )  # fmt: skip


def _again(entry: LedgerEntry) -> NewEntry:
    return NewEntry(
        ClaimId(entry.claim_id), entry.kind, entry.amount, entry.line_id, entry.account, entry.group_code,
        entry.reason_code, note=COUNTS_AGAIN, decision_id=entry.decision_id,
    )  # fmt: skip


def supersede_replaced(session: Session, number: str, on: date, by: UserId) -> None:
    """The payer decided the claim that stands: of those it replaces only what was paid counts, and counts for it."""
    for claim in replaced_claims(session, number):
        take_back_cuts(session, claim, on, by)
    for account in Account:
        hand_over(session, number, on, by, account)
