"""Reports on who did what: steps of deliveries and of pumps' care by person and day, and the audit trail."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.access.roles import AuditKind
from infusion_desktop.access.tables import AuditEntry, Staff
from infusion_desktop.dates import Days, local_day
from infusion_desktop.deliveries.tables import DeliveryStep
from infusion_desktop.equipment.tables import AssetEvent
from infusion_desktop.equipment.words import AssetDeed
from infusion_desktop.reporting.report import Found, instants
from reports.table_report import Column, Kind, Row

_TAKEN = ("export report", "save list", "send reports to folder")
_BY_ITSELF = "(the program)"
_HANDS = tuple(
    deed for deed in AssetDeed if deed not in (AssetDeed.RESERVE, AssetDeed.LET_GO, AssetDeed.SHIP, AssetDeed.DELIVER)
)
"""What somebody did with a pump; what a delivery did to it counts as the delivery's step."""


class Done(NamedTuple):
    """How often a person did a step on a day."""

    person: str
    step: str
    day: date
    times: int


def steps(session: Session, period: Days) -> tuple[Done, ...]:
    """Every person's steps by day: deliveries by their steps, pumps and poles by what was done with them."""
    start, end = instants(period)
    rows: dict[tuple[str, str, date], int] = defaultdict(int)
    for name, step, at in session.execute(
        select(Staff.name, DeliveryStep.step, DeliveryStep.effective_at)
        .join(Staff, Staff.id == DeliveryStep.staff_id)
        .where(DeliveryStep.effective_at >= start, DeliveryStep.effective_at < end)
    ):
        rows[name, f"delivery: {step.value}", local_day(at)] += 1
    for name, deed, at in session.execute(
        select(Staff.name, AssetEvent.deed, AssetEvent.effective_at)
        .join(Staff, Staff.id == AssetEvent.staff_id)
        .where(AssetEvent.effective_at >= start, AssetEvent.effective_at < end, AssetEvent.deed.in_(_HANDS))
    ):
        rows[name, f"equipment: {deed.value}", local_day(at)] += 1
    return tuple(Done(*key, times) for key, times in rows.items())


def productivity(session: Session, period: Days) -> Found:
    """Steps by person and kind: how many, on how many days, how many on such a day, and the most on one."""
    sums: dict[tuple[str, str], list[int]] = defaultdict(list)
    for each in steps(session, period):
        sums[each.person, each.step].append(each.times)
    rows = tuple(
        (*key, sum(times), len(times), (Decimal(sum(times)) / len(times)).quantize(Decimal("0.1")), max(times))
        for key, times in sorted(sums.items())
    )
    columns = (Column("Person"), Column("Step"), Column("Steps", Kind.NUMBER), Column("Days", Kind.NUMBER),
               Column("A day", Kind.NUMBER), Column("Most on a day", Kind.NUMBER))  # fmt: skip
    return Found(columns, rows, (None, None, sum(row[2] for row in rows), None, None, None) if rows else None)


def productivity_by_day(session: Session, period: Days) -> Found:
    """Steps by day and person."""
    sums: dict[tuple[date, str], list[int]] = defaultdict(lambda: [0, 0])
    for each in steps(session, period):
        sums[each.day, each.person][each.step.startswith("equipment")] += each.times
    rows: tuple[Row, ...] = tuple((day, person, *kept, sum(kept)) for (day, person), kept in sorted(sums.items()))
    columns = (Column("Day", Kind.DAY), Column("Person"), Column("Deliveries", Kind.NUMBER),
               Column("Equipment", Kind.NUMBER), Column("Steps", Kind.NUMBER))  # fmt: skip
    both = [sum(kept[place] for kept in sums.values()) for place in (0, 1)]
    total = (None, None, *both, sum(both)) if rows else None
    return Found(columns, rows, total)


def audit_by_action(session: Session, period: Days) -> Found:
    """Entries of the audit trail by what was done to what, by how many people, most first."""
    start, end = instants(period)
    found = session.execute(
        select(AuditEntry.kind, AuditEntry.action, AuditEntry.subject, func.count().label("entries"),
               func.count(func.distinct(AuditEntry.staff_id)).label("people"), func.max(AuditEntry.at).label("last"))
        .where(AuditEntry.at >= start, AuditEntry.at < end)
        .group_by(AuditEntry.kind, AuditEntry.action, AuditEntry.subject)
    )  # fmt: skip
    rows = sorted(
        ((row.kind.value, row.action, row.subject, row.entries, row.people, local_day(row.last)) for row in found),
        key=lambda row: (-row[3], row[1], row[2]),
    )
    columns = (Column("Kind"), Column("Action"), Column("Of what"), Column("Entries", Kind.NUMBER),
               Column("People", Kind.NUMBER), Column("Last", Kind.DAY))  # fmt: skip
    return Found(columns, tuple(rows), (None, None, None, sum(row[3] for row in rows), None, None) if rows else None)


def audit_by_person(session: Session, period: Days) -> Found:
    """Entries of the audit trail by person: changes, records opened, patients touched, and files taken away."""
    start, end = instants(period)
    found = session.execute(
        select(Staff.name, AuditEntry.kind, AuditEntry.action, func.count().label("entries"))
        .select_from(AuditEntry)
        .outerjoin(Staff, Staff.id == AuditEntry.staff_id)
        .where(AuditEntry.at >= start, AuditEntry.at < end)
        .group_by(Staff.name, AuditEntry.kind, AuditEntry.action)
    )
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for name, kind, action, entries in found:
        kept = sums[name or _BY_ITSELF]
        kept[kind is AuditKind.VIEW] += entries
        kept[2] += entries if action in _TAKEN else 0
    rows: tuple[Row, ...] = tuple((name, *kept, kept[0] + kept[1]) for name, kept in sorted(sums.items()))
    columns = (Column("Person"), Column("Changes", Kind.NUMBER), Column("Records opened", Kind.NUMBER),
               Column("Of changes: exports", Kind.NUMBER), Column("Entries", Kind.NUMBER))  # fmt: skip
    parts = [sum(kept[place] for kept in sums.values()) for place in range(3)]
    total = (None, *parts, parts[0] + parts[1]) if rows else None
    return Found(columns, rows, total)
