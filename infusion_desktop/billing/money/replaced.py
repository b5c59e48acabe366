"""What a payer decides on a claim that was replaced counts against the claim that stands for it.

A replacement is the same bill once more. Its file takes back the charges of the claim before; what was paid and cut
there moves along, so that each bill says what is still owed and none shows a credit that nobody may refund. When the
payer takes its first decision back and decides anew (X12's published answers 791 and 2442), both find their way.
"""

from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.roles import UserId
from infusion_desktop.billing.money.receivables import NewEntry, line_balances, post
from infusion_desktop.billing.tables import Claim, ClaimLine
from infusion_desktop.billing.words import Account, ClaimId, ClaimState, EntryKind, Frequency
from infusion_desktop.money import ZERO


def standing_for(session: Session, number: str) -> ClaimId | None:
    """The newest claim of this number that left and was neither voided nor replaced; None when there is none."""
    found = session.scalar(
        select(Claim.id)
        .where(Claim.number == number, Claim.state != ClaimState.VOIDED, Claim.frequency != Frequency.VOID)
        .where(Claim.batch_id.is_not(None), Claim.primary_id.is_(None))
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
    replaced = session.scalars(
        select(Claim.id)
        .where(Claim.number == number, Claim.state == ClaimState.VOIDED, Claim.frequency != Frequency.VOID)
        .order_by(Claim.id)
    ).all()
    target = _lines(session, standing)
    entries: list[NewEntry] = []
    for claim in replaced:
        of_line = {line: place for place, line in _lines(session, ClaimId(claim)).items()}
        for line, owed in line_balances(session, ClaimId(claim), account).items():
            if owed != ZERO:
                there = None if line is None else target.get(of_line[line])
                entries += _moved((ClaimId(claim), line), (standing, there), account, owed)
    post(session, entries, on, by)


def _moved(
    source: tuple[ClaimId, int | None], target: tuple[ClaimId, int | None], account: Account, owed: Decimal
) -> tuple[NewEntry, NewEntry]:
    claim, line = source
    standing, there = target
    return (
        NewEntry(claim, EntryKind.TRANSFER, -owed, line, account, note="to the claim that replaces it"),
        NewEntry(standing, EntryKind.TRANSFER, owed, there, account, note="from the claim it replaces"),
    )


def _lines(session: Session, claim: ClaimId) -> dict[tuple[int, str], int]:
    """A claim's lines by place and code."""
    rows = session.execute(select(ClaimLine.id, ClaimLine.position, ClaimLine.code).where(ClaimLine.claim_id == claim))
    return {(row.position, row.code): row.id for row in rows}
