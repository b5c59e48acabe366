"""Correct what is owed by hand: write off, move between payer and patient, undo; each an entry with its reason."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.life import enter, the_claim
from infusion_desktop.billing.money.disputes import close_when_settled
from infusion_desktop.billing.money.receivables import NewEntry, balance_of, line_balances, post
from infusion_desktop.billing.tables import Claim, ClaimEvent, LedgerEntry
from infusion_desktop.billing.words import (
    Account,
    ClaimId,
    ClaimState,
    DisputeState,
    EntryKind,
)
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.errors import Refused
from infusion_desktop.money import ZERO, show_money

WRITE_OFF_REASONS = (
    "small balance", "filed too late", "denial accepted", "not covered, patient not liable", "bad debt",
    "financial assistance", "contract", "billed in error",
)  # fmt: skip


def write_off(
    database: Database,
    claim: ClaimId,
    account: Account,
    amount: Decimal | None,
    reason: str,
    by: UserId,
    note: str = "",
    *,
    on: date | None = None,
) -> Decimal:
    """Take an amount (all of it when None) off what payer or patient owes on a claim; gives how much.

    Refused when it is more than what is owed. A claim on which the payer owes nothing more is closed.
    """
    if reason not in WRITE_OFF_REASONS:
        raise Refused("Choose the reason of the write-off from the list.")
    with database.transaction() as session:
        authorize(session, by, Permission.ADJUST_ACCOUNTS)
        kept = the_claim(session, claim)
        entries = [
            NewEntry(claim, EntryKind.WRITE_OFF, -part, line, account, reason_code=reason, note=note.strip())
            for line, part in _spread(session, kept, account, amount)
        ]
        post(session, entries, on or today(), by)
        total = -sum((each.amount for each in entries), ZERO)
        close_when_settled(session, kept, by, DisputeState.WRITTEN_OFF, reason)
        after = {"account": account, "amount": total}
        record(session, by, "write off", "claim", claim, patient_id=kept.patient_id, after=after, reason=reason)
    return total


def move_balance(
    database: Database,
    claim: ClaimId,
    to: Account,
    amount: Decimal | None,
    by: UserId,
    reason: str,
    *,
    on: date | None = None,
) -> Decimal:
    """Move what is owed from payer to patient or back, when a payer's answer is not the last word; gives how much."""
    if not reason.strip():
        raise Refused("Say why somebody else owes it.")
    source = Account.PATIENT if to is Account.PAYER else Account.PAYER
    with database.transaction() as session:
        authorize(session, by, Permission.ADJUST_ACCOUNTS)
        kept = the_claim(session, claim)
        entries = []
        for line, part in _spread(session, kept, source, amount):
            entries.append(NewEntry(claim, EntryKind.TRANSFER, -part, line, source, note=reason.strip()))
            entries.append(NewEntry(claim, EntryKind.TRANSFER, part, line, to, note=reason.strip()))
        post(session, entries, on or today(), by)
        total = sum((each.amount for each in entries if each.account is to), ZERO)
        close_when_settled(session, kept, by, DisputeState.ACCEPTED, reason)
        record(
            session, by, "move balance", "claim", claim, patient_id=kept.patient_id,
            after={"to": to, "amount": total}, reason=reason,
        )  # fmt: skip
    return total


def undo_write_off(database: Database, entry: int, by: UserId, reason: str, *, on: date | None = None) -> None:
    """Put a write-off back by a reversing entry; once only."""
    if not reason.strip():
        raise Refused("Say why the write-off is undone.")
    with database.transaction() as session:
        authorize(session, by, Permission.ADJUST_ACCOUNTS)
        kept = session.get(LedgerEntry, entry)
        if kept is None or kept.kind is not EntryKind.WRITE_OFF:
            raise Refused("Only a write-off is undone here. Select one in the ledger.")
        if session.scalar(select(LedgerEntry.id).where(LedgerEntry.reverses_id == entry)) is not None:
            raise Refused("This write-off was undone already.")
        back = NewEntry(
            ClaimId(kept.claim_id), EntryKind.REVERSAL, -kept.amount, kept.line_id, kept.account,
            reason_code=kept.reason_code, reverses_id=entry, note=reason.strip(),
        )  # fmt: skip
        post(session, [back], on or today(), by)
        claim = the_claim(session, ClaimId(kept.claim_id))
        if claim.state is ClaimState.CLOSED and balance_of(session, ClaimId(claim.id), Account.PAYER) > ZERO:
            enter(session, claim, _before_closing(session, claim), by, "the write-off was undone")
        record(session, by, "undo write-off", "claim", kept.claim_id, after={"amount": -kept.amount}, reason=reason)


def _before_closing(session: Session, claim: Claim) -> ClaimState:
    states = select(ClaimEvent.state).where(ClaimEvent.claim_id == claim.id, ClaimEvent.state != ClaimState.CLOSED)
    return session.scalars(states.order_by(ClaimEvent.id.desc()).limit(1)).one()


def undo_write_offs(session: Session, claim: ClaimId, on: date, by: UserId, why: str) -> None:
    """What was given up on a claim that is sent again is owed by the payer again."""
    entries = [
        NewEntry(
            claim, EntryKind.REVERSAL, -row.amount, row.line_id, reason_code=row.reason_code, reverses_id=row.id,
            note=why,
        )
        for row in _written_off(session, [claim])
    ]  # fmt: skip
    post(session, entries, on, by)


def _written_off(session: Session, claims: Sequence[int]) -> Sequence[LedgerEntry]:
    """The write-offs that stand of what payers owe on some claims, the newest first."""
    undo = aliased(LedgerEntry)
    return session.scalars(
        select(LedgerEntry)
        .outerjoin(undo, undo.reverses_id == LedgerEntry.id)
        .where(LedgerEntry.claim_id.in_(claims), LedgerEntry.kind == EntryKind.WRITE_OFF, undo.id.is_(None))
        .where(LedgerEntry.account == Account.PAYER)
        .order_by(LedgerEntry.id.desc())
    ).all()


def give_write_offs_back(session: Session, claims: Sequence[int], on: date, by: UserId) -> None:
    """A payer pays after all what was written off: so much of the write-off as is a credit now is undone."""
    rows = _written_off(session, claims)
    credit = {each: -balance_of(session, ClaimId(each), Account.PAYER) for each in {row.claim_id for row in rows}}
    entries = []
    for row in rows:
        part = min(max(credit[row.claim_id], ZERO), -row.amount)
        if not part:
            continue
        credit[row.claim_id] -= part
        claim, line, reason = ClaimId(row.claim_id), row.line_id, row.reason_code
        back = NewEntry(
            claim, EntryKind.REVERSAL, -row.amount, line, reason_code=reason, reverses_id=row.id, note="paid after all"
        )
        entries.append(back)
        if rest := row.amount + part:
            entries.append(NewEntry(claim, EntryKind.WRITE_OFF, rest, line, reason_code=reason, note=row.note))
    post(session, entries, on, by)


def _spread(
    session: Session, claim: Claim, account: Account, amount: Decimal | None
) -> Iterator[tuple[int | None, Decimal]]:
    """The amount over the claim's lines in their order; Refused when so much is not owed."""
    owed = line_balances(session, ClaimId(claim.id), account)
    total = balance_of(session, ClaimId(claim.id), account)
    wanted = total if amount is None else amount
    if wanted <= ZERO or wanted > total:
        who = "The payer" if account is Account.PAYER else "The patient"
        raise Refused(f"{who} owes {show_money(total)} on claim {claim.number}. Choose an amount up to that.")
    left = wanted
    for line, balance in owed.items():
        part = min(left, max(balance, ZERO))
        left -= part
        if part:
            yield line, part
