"""Close a month: its figures are kept, nothing can be posted into it any more, and it prints the same ever after."""

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.billing.money.aging import EQUIPMENT, Aged, AgingBy, aging_by
from infusion_desktop.billing.money.equipment_charges import charge_entries
from infusion_desktop.billing.money.money_tables import MonthClose
from infusion_desktop.billing.tables import Claim, LedgerEntry, Remittance, RemittanceItem
from infusion_desktop.billing.words import Account, EntryKind
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, now_utc, show_day, show_days, today
from infusion_desktop.errors import Refused
from infusion_desktop.money import ZERO
from infusion_desktop.patients.tables import Payer

KINDS = ("charges", "payments", "patient payments", "adjustments", "transfers", "write-offs")
"""What the month's entries come to; a reversal counts with what it reverses."""


@dataclass(frozen=True, slots=True)
class Roll:
    """What was owed before, what the month did by kind, and what is owed after."""

    name: str
    opening: Decimal
    moved: tuple[Decimal, ...]

    @property
    def closing(self) -> Decimal:
        """Owed at the month's end."""
        return self.opening + sum(self.moved, ZERO)


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything a closing says."""

    month: Days
    rolls: tuple[Roll, ...]
    items: tuple[tuple[str, Decimal], ...]
    """Money of no claim by kind: interest, takebacks, claims not found here; positive is money to us."""
    received: Decimal
    """What the remittances brought."""
    aged: tuple[tuple[AgingBy, tuple[Aged, ...]], ...]
    last_entry_id: int
    last_item_id: int
    equipment: Roll | None = None
    """What patients were charged for equipment: on no claim, and in no other figure than the aging.

    None in closings from before it was kept.
    """

    @property
    def total(self) -> Roll:
        """All payers together."""
        moved = tuple(sum((each.moved[place] for each in self.rolls), ZERO) for place in range(len(KINDS)))
        return Roll("All", sum((each.opening for each in self.rolls), ZERO), moved)


@dataclass(frozen=True, slots=True)
class ClosedMonth:
    """A closed month in a list."""

    id: int
    month: Days
    closed_at: datetime
    who: str
    closing: Decimal


def figures(session: Session, month: Days) -> Figures:
    """What a month came to, from the ledger alone."""
    before = _sums(session, None, month.first - timedelta(days=1))
    during = _sums(session, month.first, month.last)
    names = sorted({*before, *during})
    rolls = tuple(
        Roll(
            name,
            sum(before.get(name, {}).values(), ZERO),
            tuple(during.get(name, {}).get(kind, ZERO) for kind in KINDS),
        )
        for name in names
    )
    rolls = tuple(each for each in rolls if each.opening or any(each.moved))
    within = Remittance.posted_on.between(month.first, month.last)
    counts_on = func.coalesce(RemittanceItem.posted_on, Remittance.posted_on)
    items = session.execute(
        select(RemittanceItem.kind, RemittanceItem.code, func.sum(RemittanceItem.amount))
        .join(Remittance, Remittance.id == RemittanceItem.remittance_id)
        .where(counts_on >= month.first, counts_on <= month.last)
        .group_by(RemittanceItem.kind, RemittanceItem.code)
        .order_by(RemittanceItem.kind, RemittanceItem.code)
    )
    received = select(func.sum(Remittance.amount)).where(within)
    return Figures(
        month,
        rolls,
        tuple((f"{kind.value} {code}".strip(), amount) for kind, code, amount in items),
        session.scalar(received) or ZERO,
        tuple((by, aging_by(session, month.last, by)) for by in AgingBy),
        session.scalar(select(func.max(LedgerEntry.id)).where(LedgerEntry.posted_on <= month.last)) or 0,
        session.scalar(
            select(func.max(RemittanceItem.id))
            .join(Remittance, Remittance.id == RemittanceItem.remittance_id)
            .where(counts_on <= month.last)
        )
        or 0,
        _equipment(session, month),
    )


def _equipment(session: Session, month: Days) -> Roll:
    opening, moved = ZERO, dict.fromkeys(KINDS, ZERO)
    for day, kind, amount in charge_entries(session, month.last):
        if day < month.first:
            opening += amount
        else:
            moved[_kind(kind, Account.PATIENT)] += amount
    return Roll(EQUIPMENT, opening, tuple(moved.values()))


def close_month(database: Database, month: Days, by: UserId, *, on: date | None = None) -> int:
    """Close a month; gives the closing's id.

    Refused before the month is over, when it is closed, or when a later month is.
    """
    day = on or today()
    with database.transaction() as session:
        authorize(session, by, Permission.CLOSE_MONTH)
        if month.last >= day:
            raise Refused(
                f"{show_days(month)} is not over. Close it from {show_day(month.last + timedelta(days=1))} on."
            )
        last = session.scalar(select(func.max(MonthClose.last_on)))
        if last is not None and month.first <= last:
            raise Refused(f"The books are closed through {show_day(last)} already.")
        kept = as_json(figures(session, month))
        values = {
            "first_on": month.first, "last_on": month.last, "closed_at": now_utc(), "staff_id": by,
            "last_entry_id": kept["last_entry_id"], "last_item_id": kept["last_item_id"],
            "figures": json.dumps(kept, sort_keys=True),
        }  # fmt: skip
        values["sha256"] = hashlib.sha256(values["figures"].encode()).hexdigest()
        number = session.execute(insert(MonthClose).values(**values).returning(MonthClose.id)).scalar_one()
        after = {"first": month.first, "last": month.last, "sha256": values["sha256"]}
        record(session, by, "close", "month", number, after=after)
    return int(number)


def closed_months(session: Session) -> tuple[ClosedMonth, ...]:
    """The closed months, the newest first."""
    rows = session.execute(
        select(MonthClose, Staff.name).join(Staff, Staff.id == MonthClose.staff_id).order_by(MonthClose.id.desc())
    )
    return tuple(
        ClosedMonth(
            kept.id, Days(kept.first_on, kept.last_on), kept.closed_at, who,
            from_json(json.loads(kept.figures)).total.closing,
        )
        for kept, who in rows
    )  # fmt: skip


def closed_figures(session: Session, closing: int) -> tuple[Figures, datetime, str]:
    """The figures kept with a closing, when it was closed and by whom.

    Refused when they are no longer what the ledger says: that would be a damaged database.
    """
    row = session.execute(
        select(MonthClose, Staff.name).join(Staff, Staff.id == MonthClose.staff_id).where(MonthClose.id == closing)
    ).one_or_none()
    if row is None:
        raise Refused("This closing is not known. Look at the list again.")
    kept, who = row
    found = from_json(json.loads(kept.figures))
    now = figures(session, found.month)
    same = (_amounts(now), now.items) == (_amounts(found), found.items) and found.equipment in (None, now.equipment)
    if not same or hashlib.sha256(kept.figures.encode()).hexdigest() != kept.sha256:
        raise Refused(f"The ledger of {show_days(found.month)} differs from its closing. Restore a copy; call support.")
    return found, kept.closed_at, who


def _amounts(found: Figures) -> list[tuple[Decimal, tuple[Decimal, ...]]]:
    """The rolls by their amounts: a payer may be called otherwise today than when the month was closed."""
    return sorted((each.opening, each.moved) for each in found.rolls)


def next_to_close(session: Session, on: date) -> Days | None:
    """The month after the last closed one, or the first with an entry; None when it is not over or nothing is there."""
    from infusion_desktop.dates import month_of

    last = session.scalar(select(func.max(MonthClose.last_on)))
    first = last + timedelta(days=1) if last else session.scalar(select(func.min(LedgerEntry.posted_on)))
    if first is None or month_of(first).last >= on:
        return None
    return month_of(first)


def as_json(found: Figures) -> dict[str, Any]:
    """The figures as they are kept."""
    return {
        "first": found.month.first.isoformat(),
        "last": found.month.last.isoformat(),
        "rolls": [_as_list(each) for each in found.rolls],
        "items": [[name, str(amount)] for name, amount in found.items],
        "received": str(found.received),
        "aged": [
            [by.value, [[row.name, *(str(getattr(row, name)) for name in _BUCKETS)] for row in rows]]
            for by, rows in found.aged
        ],
        "last_entry_id": found.last_entry_id,
        "last_item_id": found.last_item_id,
        "equipment": None if found.equipment is None else _as_list(found.equipment),
    }


def _as_list(roll: Roll) -> list[Any]:
    return [roll.name, str(roll.opening), [str(amount) for amount in roll.moved]]


def _as_roll(kept: list[Any]) -> Roll:
    name, opening, moved = kept
    return Roll(name, Decimal(opening), tuple(map(Decimal, moved)))


def from_json(kept: dict[str, Any]) -> Figures:
    """The figures as they were kept."""
    return Figures(
        Days(date.fromisoformat(kept["first"]), date.fromisoformat(kept["last"])),
        tuple(map(_as_roll, kept["rolls"])),
        tuple((name, Decimal(amount)) for name, amount in kept["items"]),
        Decimal(kept["received"]),
        tuple((AgingBy(by), tuple(Aged(row[0], *map(Decimal, row[1:])) for row in rows)) for by, rows in kept["aged"]),
        kept["last_entry_id"],
        kept["last_item_id"],
        _as_roll(kept["equipment"]) if kept.get("equipment") else None,
    )


_BUCKETS = ("to_30", "to_60", "to_90", "to_120", "older")


def _sums(session: Session, first: date | None, last: date) -> dict[str, dict[str, Decimal]]:
    undone = aliased(LedgerEntry)
    kind = func.coalesce(undone.kind, LedgerEntry.kind)
    wanted = (
        select(Payer.name, kind, LedgerEntry.account, func.sum(LedgerEntry.amount))
        .join(Claim, Claim.id == LedgerEntry.claim_id)
        .join(Payer, Payer.id == Claim.payer_id)
        .outerjoin(undone, undone.id == LedgerEntry.reverses_id)
        .where(LedgerEntry.posted_on <= last)
        .group_by(Payer.name, kind, LedgerEntry.account)
    )
    if first is not None:
        wanted = wanted.where(LedgerEntry.posted_on >= first)
    found: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO))
    for name, what, account, amount in session.execute(wanted):
        found[name][_kind(EntryKind(what), account)] += amount
    return found


def _kind(kind: EntryKind, account: Account) -> str:
    if kind is EntryKind.PAYMENT:
        return "patient payments" if account is Account.PATIENT else "payments"
    names = {
        EntryKind.CHARGE: "charges", EntryKind.ADJUSTMENT: "adjustments", EntryKind.TRANSFER: "transfers",
        EntryKind.WRITE_OFF: "write-offs",
    }  # fmt: skip
    return names.get(kind, "adjustments")
