"""What a payer decides on a claim that was replaced counts against the claim that stands for it.

A replacement is the same bill once more. Its file takes back the charges of the claim before; what was paid and cut
there moves along, so that each bill says what is still owed and none shows a credit that nobody may refund. When the
payer takes its first decision back and decides anew (X12's published answers 791 and 2442), both find their way.
When none stands any more, everything goes back to where it came from, and only what was paid is a credit there.
"""

from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.access.roles import UserId
from infusion_desktop.billing.money.receivables import NewEntry, line_balances, post, take_back_cuts
from infusion_desktop.billing.tables import Claim, ClaimLine, LedgerEntry
from infusion_desktop.billing.words import Account, ClaimId, ClaimState, EntryKind, Frequency
from infusion_desktop.money import ZERO

TO_STANDING, FROM_REPLACED = "to the claim that replaces it", "from the claim it replaces"
"""The notes of what was handed over."""


def standing_for(session: Session, number: str) -> ClaimId | None:
    """The newest claim of this number that left and was neither voided nor replaced; None when there is none."""
    found = session.scalar(
        select(Claim.id)
        .where(Claim.number == number, Claim.state != ClaimState.VOIDED, Claim.frequency != Frequency.VOID)
        .where(Claim.batch_id.is_not(None))
        .order_by(Claim.id.desc())
        .limit(1)
    )
    return None if found is None else ClaimId(found)


def hand_over(session: Session, number: str, on: date, by: UserId, account: Account = Account.PAYER) -> None:
    """Move what is owed, or paid too much, on the replaced claims of a number to the one that stands for them.

    Line by line where both have the same; nothing moves while no claim stands for them.
    """
    standing = standing_for(session, number)
    if standing is None:
        return
    target = _lines(session, standing)
    entries: list[NewEntry] = []
    for claim in replaced_claims(session, number):
        of_line = {line: place for place, line in _lines(session, claim).items()}
        for line, owed in line_balances(session, claim, account).items():
            if owed != ZERO:
                there = None if line is None else target.get(of_line[line])
                entries += _moved((claim, line), (standing, there), account, owed)
    post(session, entries, on, by)


def replaced_claims(session: Session, number: str) -> list[ClaimId]:
    """The claims of a number that do not stand any more."""
    gone = select(Claim.id).where(Claim.number == number, Claim.state == ClaimState.VOIDED)
    return [ClaimId(each) for each in session.scalars(gone.where(Claim.frequency != Frequency.VOID).order_by(Claim.id))]


def hand_back(session: Session, number: str, on: date, by: UserId) -> None:
    """Put what was handed over among the claims of a number back to where it came from, once each."""
    undo = aliased(LedgerEntry)
    rows = session.scalars(
        select(LedgerEntry)
        .join(Claim, Claim.id == LedgerEntry.claim_id)
        .outerjoin(undo, undo.reverses_id == LedgerEntry.id)
        .where(Claim.number == number, LedgerEntry.kind == EntryKind.TRANSFER, undo.id.is_(None))
        .where(LedgerEntry.note.in_((TO_STANDING, FROM_REPLACED)))
        .order_by(LedgerEntry.id)
    )
    back = [
        NewEntry(
            ClaimId(row.claim_id), EntryKind.REVERSAL, -row.amount, row.line_id, row.account, reverses_id=row.id,
            note="no claim stands for it",
        )
        for row in rows
    ]  # fmt: skip
    post(session, back, on, by)


def owe_nothing(session: Session, number: str, on: date, by: UserId) -> None:
    """A number's last claim is voided: of none of its claims anybody owes anything; what was paid is a credit there."""
    hand_back(session, number, on, by)
    gone = select(Claim.id).where(Claim.number == number, Claim.batch_id.is_not(None)).order_by(Claim.id)
    for claim in session.scalars(gone.where(Claim.frequency != Frequency.VOID)).all():
        take_back_cuts(session, ClaimId(claim), on, by)


def _moved(
    source: tuple[ClaimId, int | None], target: tuple[ClaimId, int | None], account: Account, owed: Decimal
) -> tuple[NewEntry, NewEntry]:
    claim, line = source
    standing, there = target
    return (
        NewEntry(claim, EntryKind.TRANSFER, -owed, line, account, note=TO_STANDING),
        NewEntry(standing, EntryKind.TRANSFER, owed, there, account, note=FROM_REPLACED),
    )


def _lines(session: Session, claim: ClaimId) -> dict[tuple[int, str], int]:
    """A claim's lines by place and code."""
    rows = session.execute(select(ClaimLine.id, ClaimLine.position, ClaimLine.code).where(ClaimLine.claim_id == claim))
    return {(row.position, row.code): row.id for row in rows}
