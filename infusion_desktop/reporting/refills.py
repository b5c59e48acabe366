"""Reports on refills: called in the payer's window, supplied in time; and on the proof that supplies arrived."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.dates import Days, local_day
from infusion_desktop.deliveries.calls.refill_rules_kept import rules_by_patient
from infusion_desktop.deliveries.care_tables import RefillCall
from infusion_desktop.deliveries.door.proof import proof_gaps
from infusion_desktop.deliveries.scarce.recall_queries import percent
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.patients.tables import Patient, Therapy
from infusion_desktop.patients.words import PatientId
from infusion_desktop.reporting.report import ALL, Choice, Found, instants
from reports.table_report import Column, Kind, Row

_GONE_OUT = (DeliveryState.SHIPPED, DeliveryState.DELIVERED)
_LONGEST = timedelta(days=120)
_AT_ONCE = 5_000


class RefillSeen(NamedTuple):
    """One refill: whether somebody had called, in the payer's window, and whether it came in time."""

    therapy_class: str
    patient_id: int
    called: bool
    in_window: bool
    in_time: bool


def refills(session: Session, period: Days) -> tuple[RefillSeen, ...]:
    """Every refill whose supply period begins in the period; a therapy's first supply is none."""
    rows = session.execute(
        select(Delivery.id, Delivery.patient_id, Delivery.therapy_id, Therapy.therapy_class, Delivery.period_first,
               Delivery.period_last, Delivery.scheduled_on, Delivery.delivered_at, RefillCall.called_on)
        .join(Therapy, Therapy.id == Delivery.therapy_id)
        .outerjoin(RefillCall, RefillCall.id == Delivery.call_id)
        .where(Delivery.state.in_(_GONE_OUT))
        .where(Delivery.period_first >= period.first - _LONGEST, Delivery.period_first <= period.last)
        .order_by(Delivery.period_first, Delivery.id)
    )  # fmt: skip
    rules = rules_by_patient(session, period.last)
    supplied: dict[int | None, date] = {}
    found = []
    for row in rows:
        ends_on = supplied.get(row.therapy_id)
        supplied[row.therapy_id] = max(row.period_last, ends_on or row.period_last)
        if ends_on is None or row.period_first not in period:
            continue
        rule = rules.get(PatientId(row.patient_id))
        earliest = date.min
        if rule is not None and row.called_on is not None:
            counted_from = row.scheduled_on if rule.contact_counts_from_delivery else ends_on
            earliest = counted_from - timedelta(days=min(rule.contact_days, counted_from.toordinal() - 1))
        in_window = row.called_on is not None and earliest <= row.called_on <= row.scheduled_on
        in_time = row.delivered_at is not None and local_day(row.delivered_at) <= ends_on + timedelta(days=1)
        found.append(RefillSeen(row.therapy_class.value, row.patient_id, row.called_on is not None, in_window, in_time))
    return tuple(found)


def adherence(session: Session, period: Days, choice: Choice = ALL) -> Found:
    """Refills by therapy class: called, called in the window, supplied before the supply at home had ended."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0] * 4)
    for each in refills(session, period):
        if choice.therapy_class in ("", each.therapy_class):
            facts = (1, each.called, each.in_window, each.in_time)
            sums[each.therapy_class] = [old + new for old, new in zip(sums[each.therapy_class], facts, strict=True)]
    columns = (Column("Therapy class"), Column("Refills", Kind.NUMBER), Column("Called", Kind.NUMBER),
               Column("In the window", Kind.NUMBER), Column("Of all", Kind.PERCENT),
               Column("In time", Kind.NUMBER), Column("Of all", Kind.PERCENT))  # fmt: skip
    if not sums:
        return Found(columns, ())
    total = [sum(kept[place] for kept in sums.values()) for place in range(4)]
    return Found(columns, tuple(_adhered(name, sums[name]) for name in sorted(sums)), _adhered(None, total))


def _adhered(name: str | None, kept: list[int]) -> Row:
    refilled, called, window, in_time = kept
    return (name, refilled, called, window, percent(window, refilled), in_time, percent(in_time, refilled))


def proof_completeness(session: Session, period: Days) -> Found:
    """Deliveries that arrived in the period whose proof has gaps, with each gap; and the share that is complete."""
    start, end = instants(period)
    rows = session.execute(
        select(Delivery.id, Delivery.number, Patient.last_name, Patient.first_name, Delivery.delivered_at,
               Delivery.carrier)
        .join(Patient, Patient.id == Delivery.patient_id)
        .where(Delivery.state == DeliveryState.DELIVERED)
        .where(Delivery.delivered_at >= start, Delivery.delivered_at < end)
        .order_by(Delivery.delivered_at, Delivery.id)
    ).all()  # fmt: skip
    missing: dict[DeliveryId, tuple[str, ...]] = {}
    for place in range(0, len(rows), _AT_ONCE):
        some = [DeliveryId(row.id) for row in rows[place : place + _AT_ONCE]]
        missing.update(proof_gaps(session, some, period.last))
    columns = (Column("Delivery"), Column("Patient"), Column("Arrived", Kind.DAY), Column("Carrier"),
               Column("What is missing"))  # fmt: skip
    found = tuple(
        (row.number, f"{row.last_name}, {row.first_name}", local_day(row.delivered_at), row.carrier.value,
         " ".join(missing[DeliveryId(row.id)]))
        for row in rows if DeliveryId(row.id) in missing
    )  # fmt: skip
    if not rows:
        return Found(columns, ())
    share = Decimal(100 * (len(rows) - len(found))) / len(rows)
    told = f"{len(rows) - len(found):,} of {len(rows):,} complete ({share:.1f} %)"
    return Found(columns, found, (told, None, None, None, None))
