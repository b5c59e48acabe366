"""Reports on counted days, on what was charged and how fast, and on what was paid short."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.billing.money.aging import EQUIPMENT
from infusion_desktop.billing.money.equipment_charges import charge_entries
from infusion_desktop.billing.money.money_tables import Dispute
from infusion_desktop.billing.tables import Claim, LedgerEntry
from infusion_desktop.billing.words import ClaimState, DisputeKind, EntryKind, Frequency
from infusion_desktop.database.local_days import local_day_of
from infusion_desktop.dates import Days
from infusion_desktop.money import ZERO, to_cents
from infusion_desktop.patients.tables import Patient, Payer
from infusion_desktop.reporting.margins import per_diem_lines
from infusion_desktop.reporting.money_owed import entries_for_equipment
from infusion_desktop.reporting.report import ALL, Choice, Found, instants
from reports.table_report import Column, Kind, Row

_NUMBER, _MONEY = Kind.NUMBER, Kind.MONEY
_TENTH = Decimal("0.1")
_LOOK_BACK = 90
_NOT_SENT = (ClaimState.DRAFT, ClaimState.READY, ClaimState.BATCHED)


def days_by_code(session: Session, period: Days, choice: Choice = ALL) -> Found:
    """Per-diem units counted for days of the period by code and payer, and what the contracts pay for them."""
    sums: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for line in per_diem_lines(session, period):
        if choice.payer in ("", line.payer) and choice.therapy_class in ("", line.therapy_class):
            kept = sums[line.code, line.payer]
            kept[0] += line.units
            kept[1] += line.amount
    columns = (Column("Code"), Column("Payer"), Column("Days", _NUMBER), Column("Expected", _MONEY),
               Column("A day", _MONEY))  # fmt: skip
    if not sums:
        return Found(columns, ())
    total = [sum((kept[place] for kept in sums.values()), Decimal(0)) for place in range(2)]
    rows = tuple((*key, *_per_day(*sums[key])) for key in sorted(sums))
    return Found(columns, rows, (None, None, *_per_day(*total)))


def _per_day(units: Decimal, amount: Decimal) -> Row:
    days = units.quantize(Decimal("0.01"))
    return (days, to_cents(amount), to_cents(amount / units) if units else None)


_MOVED = (
    (EntryKind.CHARGE, "Charges"), (EntryKind.PAYMENT, "Payments"), (EntryKind.ADJUSTMENT, "Adjustments"),
    (EntryKind.WRITE_OFF, "Write-offs"), (EntryKind.REVERSAL, "Reversals"), (EntryKind.TRANSFER, "Transfers"),
)  # fmt: skip


def receivable_roll(session: Session, period: Days, choice: Choice = ALL) -> Found:
    """What was owed before the period, what each kind of entry did, and what is owed at its end, by claim's payer."""
    opening, moved = _ledger(session, period)
    names = sorted(name for name in {*opening, *(name for name, _ in moved)} if choice.payer in ("", name))
    rows: list[Row] = []
    for name in names:
        parts = [moved.get((name, kind), ZERO) for kind, _ in _MOVED]
        before = opening.get(name, ZERO)
        if before or any(parts):
            rows.append((name, before, *parts, before + sum(parts, ZERO)))
    columns = (Column("Payer"), *(Column(title, _MONEY) for title in
               ("Opening", *(title for _, title in _MOVED), "Closing")))  # fmt: skip
    return Found(columns, tuple(rows), (None, *_sums(rows, 1, 9)) if rows else None)


def _ledger(session: Session, period: Days) -> tuple[dict[str, Decimal], dict[tuple[str, EntryKind], Decimal]]:
    """What was owed before a period by claim's payer and for equipment, and what each kind of entry added in it."""
    owed = (
        select(Payer.name, func.sum(LedgerEntry.amount))
        .join(Claim, Claim.id == LedgerEntry.claim_id)
        .join(Payer, Payer.id == Claim.payer_id)
        .where(LedgerEntry.posted_on < period.first)
        .group_by(Payer.name)
    )
    changes = session.execute(
        select(Payer.name, LedgerEntry.kind, func.sum(LedgerEntry.amount).label("amount"))
        .join(Claim, Claim.id == LedgerEntry.claim_id)
        .join(Payer, Payer.id == Claim.payer_id)
        .where(LedgerEntry.posted_on.between(period.first, period.last))
        .group_by(Payer.name, LedgerEntry.kind)
    )
    before: dict[str, Decimal] = {row[0]: row[1] for row in session.execute(owed)}
    moved: dict[tuple[str, EntryKind], Decimal] = {(row.name, row.kind): row.amount for row in changes}
    for day, kind, amount in charge_entries(session, period.last):
        if day < period.first:
            before[EQUIPMENT] = before.get(EQUIPMENT, ZERO) + amount
        else:
            moved[EQUIPMENT, kind] = moved.get((EQUIPMENT, kind), ZERO) + amount
    return before, moved


def charges(session: Session, period: Days, choice: Choice = ALL) -> Found:
    """What was charged in the period by the claim's payer, what of charges was taken back, and the net."""
    undone = aliased(LedgerEntry)
    rows = session.execute(
        select(Payer.name, LedgerEntry.kind, func.sum(LedgerEntry.amount).label("amount"),
               func.count(func.distinct(LedgerEntry.claim_id)).label("claims"))
        .join(Claim, Claim.id == LedgerEntry.claim_id)
        .join(Payer, Payer.id == Claim.payer_id)
        .outerjoin(undone, undone.id == LedgerEntry.reverses_id)
        .where(LedgerEntry.posted_on.between(period.first, period.last))
        .where((LedgerEntry.kind == EntryKind.CHARGE)
               | ((LedgerEntry.kind == EntryKind.REVERSAL) & (undone.kind == EntryKind.CHARGE)))
        .group_by(Payer.name, LedgerEntry.kind)
    )  # fmt: skip
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), ZERO, ZERO])
    for row in rows:
        if choice.payer not in ("", row.name):
            continue
        if row.kind is EntryKind.CHARGE:
            sums[row.name][0] += row.claims
            sums[row.name][1] += row.amount
        else:
            sums[row.name][2] -= row.amount
    for_equipment = entries_for_equipment(session, period).get(EntryKind.CHARGE)
    if for_equipment and choice.payer in ("", EQUIPMENT):
        sums[EQUIPMENT][1] += sum(for_equipment, ZERO)
    found = [(name, int(kept[0]), kept[1], kept[2], kept[1] - kept[2]) for name, kept in sorted(sums.items())]
    columns = (Column("Payer"), Column("Claims", _NUMBER), Column("Charged", _MONEY), Column("Taken back", _MONEY),
               Column("Net", _MONEY))  # fmt: skip
    total = (None, sum(row[1] for row in found), *_sums(found, 2, 5)) if found else None
    return Found(columns, tuple(found), total)


def days_to_bill(session: Session, period: Days, choice: Choice = ALL) -> Found:
    """Claims sent in the period: days from the last day of service to sending, by payer; and what waits since."""
    start, end = instants(period)
    sent: dict[str, list[_Sent]] = defaultdict(list)
    day = local_day_of(session, Claim.sent_at, period)
    for name, last_on, sent_on, count, charge in session.execute(
        select(Payer.name, Claim.period_last, day.label("day"), func.count(), func.sum(Claim.charge))
        .join(Payer, Payer.id == Claim.payer_id)
        .where(Claim.sent_at >= start, Claim.sent_at < end, Claim.frequency == Frequency.ORIGINAL)
        .where(Claim.primary_id.is_(None))
        .group_by(Payer.name, Claim.period_last, literal_column("day"))
    ):
        sent[name].append(_Sent(max(0, (sent_on - last_on).days), count, charge))
    waiting = {row.name: row for row in session.execute(
        select(Payer.name, func.count().label("claims"), func.sum(Claim.charge).label("charge"))
        .join(Payer, Payer.id == Claim.payer_id)
        .where(Claim.state.in_(_NOT_SENT), Claim.period_last <= period.last, Claim.frequency != Frequency.VOID)
        .group_by(Payer.name)
    )}  # fmt: skip
    names = sorted(name for name in {*sent, *waiting} if choice.payer in ("", name))
    rows = [_billed(name, sent.get(name, []), (waiting[name].claims, waiting[name].charge) if name in waiting
            else (0, ZERO)) for name in names]  # fmt: skip
    columns = (Column("Payer"), Column("Sent", _NUMBER), Column("Days on average", _NUMBER),
               Column("Longest", _NUMBER), Column("Charged", _MONEY), Column("Wait now", _NUMBER),
               Column("Waiting charges", _MONEY))  # fmt: skip
    if not rows:
        return Found(columns, ())
    everything = [each for name in names for each in sent.get(name, [])]
    count, charge = sum(int(str(row[5])) for row in rows), _sums(rows, 6, 7)[0]
    return Found(columns, tuple(rows), _billed(None, everything, (count, charge)))


class _Sent(NamedTuple):
    """Claims that took so many days from the last day of service to sending."""

    days: int
    claims: int
    charge: Decimal


def _billed(name: str | None, sent: list[_Sent], waiting: tuple[int, Decimal]) -> Row:
    claims = sum(each.claims for each in sent)
    days = sum(each.days * each.claims for each in sent)
    mean = (Decimal(days) / claims).quantize(_TENTH) if claims else None
    longest = max((each.days for each in sent), default=None)
    return (name, claims, mean, longest, sum((each.charge for each in sent), ZERO), *waiting)


def days_outstanding(session: Session, period: Days, choice: Choice = ALL) -> Found:
    """What is owed at the end of the period, in days of the net charges of the 90 days before."""
    recent = Days(period.last - timedelta(days=_LOOK_BACK - 1), period.last)
    opening, moved = _ledger(session, recent)
    net = _net_charges(session, recent)
    owed: dict[str, Decimal] = defaultdict(lambda: ZERO, opening)
    for (name, _), amount in moved.items():
        owed[name] += amount
    names = sorted(name for name in owed if choice.payer in ("", name) and (owed[name] or net.get(name)))
    rows = [_outstanding(name, owed[name], net.get(name, ZERO)) for name in names]
    columns = (Column("Payer"), Column("Owed", _MONEY), Column(f"Charged in {_LOOK_BACK} days", _MONEY),
               Column("A day", _MONEY), Column("Days outstanding", _NUMBER))  # fmt: skip
    total = _outstanding(None, *_sums(rows, 1, 3)) if rows else None
    return Found(columns, tuple(rows), total)


def _net_charges(session: Session, period: Days) -> dict[str, Decimal]:
    return {str(row[0]): Decimal(str(row[4])) for row in charges(session, period).rows}


def _outstanding(name: str | None, owed: Decimal, net: Decimal) -> Row:
    days = (owed * _LOOK_BACK / net).quantize(_TENTH) if net > 0 else None
    return (name, owed, net, to_cents(net / _LOOK_BACK), days)


def underpayments(session: Session, period: Days, choice: Choice = ALL) -> Found:
    """Lines opened in the period because a payer paid below its contract, the biggest first."""
    rows = session.execute(
        select(Payer.name, Claim.number, Patient.last_name, Patient.first_name, Dispute.opened_on, Dispute.due_on,
               Dispute.state, Dispute.amount)
        .join(Claim, Claim.id == Dispute.claim_id)
        .join(Payer, Payer.id == Claim.payer_id)
        .join(Patient, Patient.id == Claim.patient_id)
        .where(Dispute.kind == DisputeKind.UNDERPAID, Dispute.opened_on.between(period.first, period.last))
        .order_by(Dispute.amount.desc(), Dispute.id)
    )  # fmt: skip
    found = tuple(
        (row.name, row.number, f"{row.last_name}, {row.first_name}", row.opened_on, row.due_on, row.state.value,
         row.amount)
        for row in rows if choice.payer in ("", row.name)
    )  # fmt: skip
    columns = (Column("Payer"), Column("Claim"), Column("Patient"), Column("Found", Kind.DAY),
               Column("Appeal by", Kind.DAY), Column("State"), Column("Paid short", _MONEY))  # fmt: skip
    return Found(columns, found, (*[None] * 6, *_sums(found, 6, 7)) if found else None)


def _sums(rows: Sequence[Sequence[object]], first: int, after: int) -> list[Decimal]:
    return [sum((Decimal(str(row[place])) for row in rows), ZERO) for place in range(first, after)]
