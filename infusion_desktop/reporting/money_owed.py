"""Reports on claims and on what is owed, from the receivables ledger and patients' charges for equipment."""

from collections import defaultdict
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.billing.money.aging import EQUIPMENT, Aged, AgingBy, aging_by, total
from infusion_desktop.billing.money.equipment_charges import charge_entries
from infusion_desktop.billing.tables import Claim, LedgerEntry
from infusion_desktop.billing.words import EntryKind
from infusion_desktop.dates import Days
from infusion_desktop.money import ZERO
from infusion_desktop.patients.tables import Payer
from infusion_desktop.reporting.report import Found
from reports.table_report import Column, Kind, Row


def aging(session: Session, period: Days) -> Found:
    """What is owed at the end of the period, by who owes it and how long; the same rows as under Payments, Aging."""
    aged = aging_by(session, period.last, AgingBy.PAYER)
    titles = ("0 to 30", "31 to 60", "61 to 90", "91 to 120", "Over 120", "Owed")
    columns = (Column("Payer"), *(Column(title, Kind.MONEY) for title in titles))
    return Found(columns, tuple(map(_aged, aged)), (None, *_aged(total(aged))[1:]))


def _aged(row: Aged) -> Row:
    return (row.name, row.to_30, row.to_60, row.to_90, row.to_120, row.older, row.total)


def entries_for_equipment(session: Session, period: Days) -> dict[EntryKind, list[Decimal]]:
    """What moved in the period of what patients owe for equipment, by kind; it is on no claim."""
    found: dict[EntryKind, list[Decimal]] = defaultdict(list)
    for day, kind, amount in charge_entries(session, period.last):
        if day >= period.first:
            found[kind].append(amount)
    return found


def payments(session: Session, period: Days) -> Found:
    """Payments posted in the period by payer of the claim, and for equipment; money received is shown positive."""
    wanted = (
        select(Payer.name, func.count().label("entries"), func.sum(LedgerEntry.amount).label("amount"))
        .join(Claim, Claim.id == LedgerEntry.claim_id)
        .join(Payer, Payer.id == Claim.payer_id)
        .where(LedgerEntry.kind == EntryKind.PAYMENT, LedgerEntry.posted_on.between(period.first, period.last))
        .group_by(Payer.id, Payer.name)
        .order_by(Payer.name)
    )
    rows: list[tuple[str, int, Decimal]] = [(row.name, row.entries, -row.amount) for row in session.execute(wanted)]
    if for_equipment := entries_for_equipment(session, period).get(EntryKind.PAYMENT):
        rows.append((EQUIPMENT, len(for_equipment), -sum(for_equipment, ZERO)))
    columns = (Column("Payer"), Column("Entries", Kind.NUMBER), Column("Paid", Kind.MONEY))
    return Found(columns, tuple(rows), ("", sum(row[1] for row in rows), sum((row[2] for row in rows), ZERO)))


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
