"""The receivables ledger: charges when a claim leaves, and what undoes them; entries are added, never changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.access.roles import UserId
from infusion_desktop.billing.money.money_tables import MonthClose
from infusion_desktop.billing.tables import ClaimLine, LedgerEntry
from infusion_desktop.billing.words import Account, ClaimId, EntryKind, RemittanceId
from infusion_desktop.database.bulk import insert_rows
from infusion_desktop.dates import now_utc, show_day
from infusion_desktop.errors import Refused
from infusion_desktop.money import ZERO

VOIDED = "voided"
"""The note of what is undone because nobody owes anything of a voided claim."""
STANDS_AGAIN = "stands again"
OWN_PRICE = "self-pay price"
"""The note of what is taken off a charge because the patient pays alone; it stands and falls with the charge."""


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An amount to post: positive raises what is owed, negative lowers it."""

    claim_id: ClaimId
    kind: EntryKind
    amount: Decimal
    line_id: int | None = None
    account: Account = Account.PAYER
    group_code: str = ""
    reason_code: str = ""
    remittance_id: RemittanceId | None = None
    reverses_id: int | None = None
    note: str = ""
    decision_id: int | None = None


def post(
    session: Session, entries: Iterable[NewEntry], posted_on: date, by: UserId, *, at: datetime | None = None
) -> int:
    """Add entries of one day to the ledger; gives how many. Refused when the month of that day is closed."""
    refuse_closed(session, posted_on)
    rows = [
        (
            each.claim_id, each.line_id, each.kind, each.account, each.amount, each.group_code, each.reason_code,
            each.remittance_id, each.reverses_id, each.note, each.decision_id,
        )
        for each in entries
    ]  # fmt: skip
    same = {"posted_on": posted_on, "recorded_at": at or now_utc(), "staff_id": by}
    insert_rows(session, LedgerEntry, _COLUMNS, rows, same)
    return len(rows)


_COLUMNS = (
    "claim_id", "line_id", "kind", "account", "amount", "group_code", "reason_code", "remittance_id", "reverses_id",
    "note", "decision_id",
)  # fmt: skip


def refuse_closed(session: Session, day: date) -> None:
    """Refuse to post on a day whose month is closed."""
    closed = session.scalar(select(func.max(MonthClose.last_on)))
    if closed is not None and day <= closed:
        raise Refused(
            f"The books are closed through {show_day(closed)}. Post on a later day: a closed month stays as it is."
        )


def post_charges(
    session: Session, claim: ClaimId, posted_on: date, by: UserId, account: Account = Account.PAYER
) -> None:
    """Charge every line of a claim that leaves; a claim whose charges stand already is not charged again."""
    if _open_charges(session, claim):
        return
    lines = session.execute(select(ClaimLine.id, ClaimLine.charge).where(ClaimLine.claim_id == claim))
    post(session, (NewEntry(claim, EntryKind.CHARGE, line.charge, line.id, account) for line in lines), posted_on, by)


def post_own_prices(session: Session, claim: ClaimId, posted_on: date, by: UserId) -> None:
    """Lower a self-payer's charges to the prices agreed for patients who pay alone, line by line."""
    lines = session.execute(
        select(ClaimLine.id, ClaimLine.charge, ClaimLine.expected).where(ClaimLine.claim_id == claim)
    )
    off = ((line.id, max(line.charge - line.expected, ZERO)) for line in lines)
    entries = [
        NewEntry(claim, EntryKind.ADJUSTMENT, -amount, line, Account.PATIENT, note=OWN_PRICE)
        for line, amount in off
        if amount
    ]
    post(session, entries, posted_on, by)


def reverse_charges(session: Session, claim: ClaimId, posted_on: date, by: UserId, why: str) -> None:
    """Take back the charges of a claim that was refused, voided or replaced; each charge once."""
    entries = [
        NewEntry(claim, EntryKind.REVERSAL, -amount, line, account, reverses_id=entry, note=why)
        for entry, line, amount, account in _open_charges(session, claim)
    ]
    post(session, entries, posted_on, by)


def take_back_cuts(session: Session, claim: ClaimId, posted_on: date, by: UserId) -> None:
    """Of a voided claim nobody owes anything: what was cut, written off or left to the patient is undone, once each.

    What was paid stays, as a credit until the payer takes it back or it is refunded.
    """
    undo = aliased(LedgerEntry)
    rows = session.scalars(
        select(LedgerEntry)
        .outerjoin(undo, undo.reverses_id == LedgerEntry.id)
        .where(LedgerEntry.claim_id == claim, undo.id.is_(None))
        .where(
            or_(
                LedgerEntry.kind == EntryKind.WRITE_OFF,
                and_(
                    LedgerEntry.kind.in_((EntryKind.ADJUSTMENT, EntryKind.TRANSFER)),
                    LedgerEntry.decision_id.is_not(None),
                ),
            )
        )
        .order_by(LedgerEntry.id)
    )
    back = [
        NewEntry(
            claim, EntryKind.REVERSAL, -row.amount, row.line_id, row.account, row.group_code, row.reason_code,
            reverses_id=row.id, note=VOIDED, decision_id=row.decision_id,
        )
        for row in rows
    ]  # fmt: skip
    post(session, back, posted_on, by)


def put_cuts_back(session: Session, claim: ClaimId, posted_on: date, by: UserId) -> None:
    """The claim was not voided after all: what was cut, written off or left to the patient counts again, once each."""
    since = select(func.coalesce(func.max(LedgerEntry.id), 0)).where(
        LedgerEntry.claim_id == claim, LedgerEntry.note == STANDS_AGAIN
    )
    undo = aliased(LedgerEntry)
    rows = session.scalars(
        select(LedgerEntry)
        .join(undo, undo.reverses_id == LedgerEntry.id)
        .where(undo.claim_id == claim, undo.note == VOIDED)
        .where(LedgerEntry.kind != EntryKind.CHARGE, undo.id > since.scalar_subquery())
        .order_by(LedgerEntry.id)
    )
    again = [
        NewEntry(
            claim, row.kind, row.amount, row.line_id, row.account, row.group_code, row.reason_code,
            note=STANDS_AGAIN, decision_id=row.decision_id,
        )
        for row in rows
    ]  # fmt: skip
    post(session, again, posted_on, by)


def charged_to_patient(session: Session, claim: ClaimId) -> bool:
    """Whether a claim stands as the patient's own debt: a self-payer's, told by a statement."""
    return any(account is Account.PATIENT for _, _, _, account in _open_charges(session, claim))


def charge_of(session: Session, claim: ClaimId) -> Decimal:
    """What the charges of a claim come to that stand, a self-payer's at the agreed prices; 0 before it leaves."""
    return sum((amount for _, _, amount, _ in _open_charges(session, claim)), ZERO)


def balance_of(session: Session, claim: ClaimId, account: Account | None = None) -> Decimal:
    """What is still owed on a claim, by everybody or by one of payer and patient."""
    wanted = select(func.sum(LedgerEntry.amount)).where(LedgerEntry.claim_id == claim)
    if account is not None:
        wanted = wanted.where(LedgerEntry.account == account)
    return session.scalar(wanted) or ZERO


def line_balances(session: Session, claim: ClaimId, account: Account) -> dict[int | None, Decimal]:
    """What one account owes on each line of a claim, in the lines' order; what stands on no line comes last."""
    owed = func.sum(LedgerEntry.amount)
    rows = session.execute(
        select(LedgerEntry.line_id, owed)
        .outerjoin(ClaimLine, ClaimLine.id == LedgerEntry.line_id)
        .where(LedgerEntry.claim_id == claim, LedgerEntry.account == account)
        .group_by(LedgerEntry.line_id, ClaimLine.position)
        .order_by(ClaimLine.position.is_(None), ClaimLine.position)
    )
    return {line: amount for line, amount in rows}  # noqa: C416


def _open_charges(session: Session, claim: ClaimId) -> list[tuple[int, int | None, Decimal, Account]]:
    undo = aliased(LedgerEntry)
    rows = session.execute(
        select(LedgerEntry.id, LedgerEntry.line_id, LedgerEntry.amount, LedgerEntry.account)
        .outerjoin(undo, undo.reverses_id == LedgerEntry.id)
        .where(LedgerEntry.claim_id == claim, undo.id.is_(None))
        .where(or_(LedgerEntry.kind == EntryKind.CHARGE, LedgerEntry.note == OWN_PRICE))
        .order_by(LedgerEntry.id)
    )
    return [(row.id, row.line_id, row.amount, row.account) for row in rows]
