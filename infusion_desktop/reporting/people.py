"""Reports on who did what: steps of deliveries and of pumps' care by person and day, and the audit trail."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import Session

from infusion_desktop.access.roles import AuditKind
from infusion_desktop.access.tables import AuditEntry, Staff
from infusion_desktop.billing.tables import Claim
from infusion_desktop.database.local_days import local_day_of
from infusion_desktop.dates import Days, local_day
from infusion_desktop.deliveries.tables import Delivery, DeliveryStep
from infusion_desktop.equipment.tables import AssetEvent
from infusion_desktop.equipment.words import AssetDeed
from infusion_desktop.patients.tables import Patient, Therapy
from infusion_desktop.reporting.report import Found, instants
from reports.table_report import Column, Kind, Row

_TAKEN = ("export report", "save list", "send report to folder", "audit packet")
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
    found = []
    for what, step, at, of in (
        ("delivery", DeliveryStep.step, DeliveryStep.effective_at, DeliveryStep.staff_id == Staff.id),
        ("equipment", AssetEvent.deed, AssetEvent.effective_at,
         (AssetEvent.staff_id == Staff.id) & AssetEvent.deed.in_(_HANDS)),
    ):  # fmt: skip
        day = local_day_of(session, at, period)
        rows: Any = session.execute(
            select(Staff.name, step, day.label("day"), func.count())
            .where(of, at >= start, at < end)
            .group_by(Staff.name, step, literal_column("day"))
        )
        found += [Done(name, f"{what}: {done.value}", on, times) for name, done, on, times in rows]
    return tuple(found)


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


AROUND = timedelta(days=30)
"""How near an order, a delivery or a claim must be for the opening of a record to need no explanation."""


def openings_without_care(session: Session, period: Days) -> Found:
    """Openings of a patient's record with no order, delivery or claim of the patient in the thirty days around them."""
    start, end = instants(period)
    views = session.execute(
        select(AuditEntry.number, AuditEntry.at, Staff.name, AuditEntry.workstation, AuditEntry.patient_id,
               AuditEntry.reason, Patient.number.label("patient"), Patient.last_name, Patient.first_name)
        .outerjoin(Staff, Staff.id == AuditEntry.staff_id)
        .join(Patient, Patient.id == AuditEntry.patient_id)
        .where(AuditEntry.kind == AuditKind.VIEW, AuditEntry.at >= start, AuditEntry.at < end)
        .order_by(AuditEntry.number.desc())
    ).all()  # fmt: skip
    care = _days_of_care(session, {row.patient_id for row in views})
    rows: tuple[Row, ...] = tuple(
        (row.number, local_day(row.at), row.name or _BY_ITSELF, row.workstation, row.patient,
         f"{row.last_name}, {row.first_name}", row.reason or None)
        for row in views
        if not any(
            first - AROUND <= local_day(row.at) <= last + AROUND for first, last in care.get(row.patient_id, ())
        )
    )  # fmt: skip
    columns = (Column("Entry", Kind.NUMBER), Column("Day", Kind.DAY), Column("Who"), Column("Workstation"),
               Column("Patient"), Column("Name"), Column("Reason"))  # fmt: skip
    return Found(columns, rows, (f"{len(rows):,} of {len(views):,}", *[None] * 6) if rows else None)


def openings_of_restricted(session: Session, period: Days) -> Found:
    """Openings and papers of records that are restricted, by whom and why, the newest first."""
    start, end = instants(period)
    views = session.execute(
        select(AuditEntry.number, AuditEntry.at, Staff.name, AuditEntry.workstation, Patient.number.label("patient"),
               Patient.last_name, Patient.first_name, AuditEntry.subject, AuditEntry.reason)
        .outerjoin(Staff, Staff.id == AuditEntry.staff_id)
        .join(Patient, Patient.id == AuditEntry.patient_id)
        .where(Patient.restricted, AuditEntry.kind == AuditKind.VIEW, AuditEntry.at >= start, AuditEntry.at < end)
        .order_by(AuditEntry.number.desc())
    )  # fmt: skip
    rows: tuple[Row, ...] = tuple(
        (row.number, local_day(row.at), row.name or _BY_ITSELF, row.workstation, row.patient,
         f"{row.last_name}, {row.first_name}", row.subject, row.reason or None)
        for row in views
    )  # fmt: skip
    columns = (Column("Entry", Kind.NUMBER), Column("Day", Kind.DAY), Column("Who"), Column("Workstation"),
               Column("Patient"), Column("Name"), Column("What"), Column("Reason"))  # fmt: skip
    return Found(columns, rows, (f"{len(rows):,}", *[None] * 7) if rows else None)


def _days_of_care(session: Session, patients: set[int]) -> dict[int, list[tuple[date, date]]]:
    """From when to when each patient had an order, a delivery or a claim; an order without an end runs on."""
    asked = (
        select(Therapy.patient_id, Therapy.starts_on, Therapy.stops_on),
        select(Delivery.patient_id, Delivery.scheduled_on, Delivery.scheduled_on),
        select(Claim.patient_id, Claim.period_first, Claim.period_last),
    )
    found: dict[int, list[tuple[date, date]]] = defaultdict(list)
    for each in asked:
        for patient, first, last in session.execute(each):
            if patient in patients:
                found[patient].append((first, last or date.max - AROUND))
    return found


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
