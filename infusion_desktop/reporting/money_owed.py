"""Reports on claims and on what is owed, from the receivables ledger alone."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.billing.tables import Claim, LedgerEntry
from infusion_desktop.billing.words import EntryKind
from infusion_desktop.dates import Days
from infusion_desktop.patients.tables import Payer
from infusion_desktop.reporting.report import Found
from reports.table_report import Column, Kind, Row

_OLDEST = (30, 60, 90, 120)


def aging(session: Session, period: Days) -> Found:
    """What is owed at the end of the period by payer of the claim, by days since the claim was first posted."""
    posted = func.min(LedgerEntry.posted_on).label("posted")
    wanted = (
        select(Payer.name, posted, func.sum(LedgerEntry.amount).label("owed"))
        .join(Claim, Claim.id == LedgerEntry.claim_id)
        .join(Payer, Payer.id == Claim.payer_id)
        .where(LedgerEntry.posted_on <= period.last)
        .group_by(Payer.id, Payer.name, Claim.id)
    )
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 5)
    for row in session.execute(wanted):
        sums[row.name][_bucket(row.posted, period.last)] += row.owed
    rows: tuple[Row, ...] = tuple(
        (name, *sums[name], sum(sums[name], Decimal(0))) for name in sorted(sums) if any(sums[name])
    )
    total = [sum((each[place] for each in sums.values()), Decimal(0)) for place in range(5)]
    titles = ("0 to 30", "31 to 60", "61 to 90", "91 to 120", "Over 120", "Owed")
    columns = (Column("Payer"), *(Column(title, Kind.MONEY) for title in titles))
    return Found(columns, rows, ("", *total, sum(total, Decimal(0))))


def payments(session: Session, period: Days) -> Found:
    """Payments posted in the period by payer of the claim; money received is shown positive."""
    wanted = (
        select(Payer.name, func.count().label("entries"), func.sum(LedgerEntry.amount).label("amount"))
        .join(Claim, Claim.id == LedgerEntry.claim_id)
        .join(Payer, Payer.id == Claim.payer_id)
        .where(LedgerEntry.kind == EntryKind.PAYMENT, LedgerEntry.posted_on.between(period.first, period.last))
        .group_by(Payer.id, Payer.name)
        .order_by(Payer.name)
    )
    rows = tuple((row.name, row.entries, -row.amount) for row in session.execute(wanted))
    columns = (Column("Payer"), Column("Entries", Kind.NUMBER), Column("Paid", Kind.MONEY))
    return Found(columns, rows, ("", sum(row[1] for row in rows), sum((row[2] for row in rows), Decimal(0))))


def claim_status(session: Session, period: Days) -> Found:
    """Claims whose service period begins in the period, by state, with what was charged and is expected."""
    wanted = (
        select(Claim.state, func.count().label("claims"), func.sum(Claim.charge).label("charge"),
               func.sum(Claim.expected).label("expected"))
        .where(Claim.period_first.between(period.first, period.last))
        .group_by(Claim.state)
        .order_by(Claim.state)
    )  # fmt: skip
    rows = tuple((row.state.value, row.claims, row.charge, row.expected) for row in session.execute(wanted))
    columns = (Column("State"), Column("Claims", Kind.NUMBER), Column("Charged", Kind.MONEY),
               Column("Expected", Kind.MONEY))  # fmt: skip
    sums = (sum((row[place] for row in rows), Decimal(0)) for place in (2, 3))
    return Found(columns, rows, ("", sum(row[1] for row in rows), *sums))


def _bucket(posted: date, on: date) -> int:
    age = (on - posted).days
    return sum(age > oldest for oldest in _OLDEST)
