"""What payers paid above their contract: found when it is posted, told or refunded, settled when it is taken back.

Money that was never ours is a debt: it is refunded, or the payer is told and takes it back from a later payment. Where
the contract's price rose, it is entered and the payment accepted.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.life import enter, the_claim
from infusion_desktop.billing.money.disputes import Seen, enter_step, the_dispute
from infusion_desktop.billing.money.money_tables import Dispute, PayerDecision
from infusion_desktop.billing.money.receivables import NewEntry, balance_of, line_balances, post
from infusion_desktop.billing.rules.posting import UNDERPAID_FROM
from infusion_desktop.billing.tables import Claim, ClaimLine, LedgerEntry
from infusion_desktop.billing.words import (
    WORKING,
    Account,
    ClaimId,
    ClaimState,
    DisputeKind,
    DisputeState,
    EntryKind,
    Frequency,
)
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.errors import Refused
from infusion_desktop.money import ZERO

DAYS_TO_RETURN = 60
"""Days to give an overpayment back once it is known; Medicare's limit (42 CFR 401.305), and a good custom elsewhere."""
ABOVE = "above the contract"
"""The note of what is taken off a charge when the payment above the contract goes back."""
_AT_ONCE = 500

Place = tuple[int, int | None]
"""A claim and its line; no line means the claim as a whole."""


def weigh(session: Session, claims: Mapping[int, int], on: date, by: UserId) -> list[dict[str, object]]:
    """Compare what was decided on claims, all decisions together, with what their contracts pay.

    ``claims`` names the newest decision of each that may be overpaid. Gives the rows of what is overpaid and not worked
    on yet; settles what no longer is.
    """
    over = _overpaid(session, claims)
    known: dict[Place, Decimal] = defaultdict(Decimal)
    undone = aliased(PayerDecision)
    for some in _runs(sorted(claims)):
        numbers = select(Claim.number).where(Claim.id.in_(some))
        mine = (
            select(Dispute, Claim.number, undone.id)
            .join(Claim, Claim.id == Dispute.claim_id)
            .outerjoin(undone, undone.reverses_id == Dispute.decision_id)
            .where(Dispute.kind == DisputeKind.OVERPAID, Claim.number.in_(numbers))
        )
        for each, number, taken_back in session.execute(mine).all():
            if each.state in WORKING and (taken_back is not None or number not in over):
                enter_step(session, each, DisputeState.GIVEN_BACK, by, "It is paid no longer.")
            elif taken_back is None and each.state is not DisputeState.GIVEN_BACK:
                known[each.claim_id, each.line_id] += each.amount
    return [
        {
            "claim_id": claim, "line_id": line, "decision_id": claims[claim], "kind": DisputeKind.OVERPAID,
            "state": DisputeState.OPEN, "group_code": "", "reason_code": "", "amount": amount - known[claim, line],
            "opened_on": on, "due_on": on + timedelta(days=DAYS_TO_RETURN), "version": 1,
        }
        for places in over.values()
        for (claim, line), amount in places.items()
        if amount - known[claim, line] >= UNDERPAID_FROM
    ]  # fmt: skip


def _overpaid(session: Session, claims: Mapping[int, int]) -> dict[str, dict[Place, Decimal]]:
    """What is above the contract by the claims' number."""
    found: dict[str, dict[Place, Decimal]] = {}
    for some in _runs(sorted(claims)):
        for number in session.scalars(select(Claim.number).where(Claim.id.in_(some)).distinct()).all():
            if places := _of_number(session, number, claims):
                found[number] = places
    return found


def _got(session: Session, number: str) -> dict[Place, Decimal]:
    """What stands as paid by payers, refunds taken off, and as the patient's by their decisions, line by line."""
    amount = case((LedgerEntry.account == Account.PATIENT, LedgerEntry.amount), else_=-LedgerEntry.amount)
    decided, is_payment = LedgerEntry.decision_id.is_not(None), LedgerEntry.kind == EntryKind.PAYMENT
    rows = session.execute(
        select(LedgerEntry.claim_id, LedgerEntry.line_id, func.sum(amount).label("got"))
        .join(Claim, Claim.id == LedgerEntry.claim_id)
        .where(Claim.number == number)
        .where(
            or_(
                and_(LedgerEntry.account == Account.PATIENT, decided),
                and_(LedgerEntry.account == Account.PAYER, LedgerEntry.group_code == "", or_(decided, is_payment)),
            )
        )
        .group_by(LedgerEntry.claim_id, LedgerEntry.line_id)
    )
    return {(row.claim_id, row.line_id): row.got for row in rows if row.got}


def _of_number(session: Session, number: str, claims: Mapping[int, int]) -> dict[Place, Decimal]:
    """What is above the contract: line by line, or as a whole where a claim was decided or replaced as one."""
    got = _got(session, number)
    if not got:
        return {}
    paid = {claim for claim, _ in got}
    standing = session.scalar(
        select(Claim.id)
        .where(Claim.number == number, Claim.state != ClaimState.VOIDED, Claim.frequency != Frequency.VOID)
        .where(Claim.batch_id.is_not(None))
        .order_by(Claim.id.desc())
        .limit(1)
    )
    if standing is not None and standing not in paid:
        return {}  # The payer has still to decide the claim that replaces the one it paid.
    expected = _expected(session, standing)
    if len(paid) > 1 or standing is None or any(line is None for _, line in got):
        known = [each for each in expected.values() if each is not None]
        of = standing if standing in claims else max(claims.keys() & _of(session, number))
        whole = sum(got.values(), ZERO) - sum(known, ZERO)
        return _above({(of or 0, None): whole}) if len(known) == len(expected) else {}
    return _above(
        {place: amount - each for place, amount in got.items() if (each := expected[place[1] or 0]) is not None}
    )


def _of(session: Session, number: str) -> set[int]:
    return set(session.scalars(select(Claim.id).where(Claim.number == number)))


def _expected(session: Session, claim: int | None) -> dict[int, Decimal | None]:
    """What the contract pays for each line of a claim; None for a line that it has no price for."""
    rows = session.execute(
        select(ClaimLine.id, ClaimLine.expected, ClaimLine.evidence).where(ClaimLine.claim_id == claim)
    )
    return {row.id: row.expected if json.loads(row.evidence).get("priced", True) else None for row in rows}


def _above(amounts: Mapping[Place, Decimal]) -> dict[Place, Decimal]:
    return {place: amount for place, amount in amounts.items() if amount >= UNDERPAID_FROM}


def refund_overpaid(database: Database, seen: Sequence[Seen], number: str, by: UserId) -> Decimal:
    """Give back what a payer paid above its contract, with the check's or transfer's number; gives how much."""
    if not number.strip():
        raise Refused("Type the number of the refund's check or transfer.")
    with database.transaction() as session:
        authorize(session, by, Permission.POST_PAYMENT)
        total = ZERO
        for each in sorted(seen):
            kept = the_dispute(session, *each)
            if kept.kind is not DisputeKind.OVERPAID:
                raise Refused("Only what was paid above the contract is refunded here. Select such lines.")
            note = f"refund {number.strip()}"
            claim, amount = ClaimId(kept.claim_id), kept.amount
            post(session, [NewEntry(claim, EntryKind.PAYMENT, amount, kept.line_id, note=note)], today(), by)
            take_off(session, kept, today(), by)
            enter_step(session, kept, DisputeState.GIVEN_BACK, by, note)
            total += amount
            after = {"claim": claim, "amount": amount, "number": number.strip()}
            record(session, by, "refund", "dispute", kept.id, after=after)
    return total


def settle_given_back(session: Session, claim: ClaimId, on: date, by: UserId, note: str) -> None:
    """Money went back to the payer: what is worked on as overpaid on the claim is settled once no credit is left.

    A paid claim of which more went back than was too much is paid in part: the payer owes the rest again.
    """
    if balance_of(session, claim, Account.PAYER) < ZERO:
        return
    mine = select(Dispute).where(Dispute.claim_id == claim, Dispute.kind == DisputeKind.OVERPAID)
    for each in session.scalars(mine.where(Dispute.state.in_(WORKING)).order_by(Dispute.id)).all():
        take_off(session, each, on, by)
        enter_step(session, each, DisputeState.GIVEN_BACK, by, note)
    kept = the_claim(session, claim)
    if kept.state is ClaimState.PAID and balance_of(session, claim, Account.PAYER) > ZERO:
        enter(session, kept, ClaimState.PART_PAID, by, note)


def take_off(session: Session, kept: Dispute, on: date, by: UserId) -> None:
    """What of the charge was only paid because the payer paid too much is owed by nobody once it is given back."""
    claim, entries = ClaimId(kept.claim_id), []
    owed = line_balances(session, claim, Account.PAYER)
    left = min(kept.amount, max(sum(owed.values(), ZERO), ZERO))
    for line in [kept.line_id, *(each for each in owed if each != kept.line_id)]:
        part = min(left, max(owed.get(line, ZERO), ZERO))
        left -= part
        if part:
            entries.append(
                NewEntry(
                    claim, EntryKind.ADJUSTMENT, -part, line, group_code="CO", reason_code="45", note=ABOVE,
                    decision_id=kept.decision_id,
                )
            )  # fmt: skip
    post(session, entries, on, by)


def _runs(values: Sequence[int]) -> Iterable[Sequence[int]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))
