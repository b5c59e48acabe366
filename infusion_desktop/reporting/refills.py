"""Reports on refills: called in the payer's window, supplied in time; and on the proof that supplies arrived."""

from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Integer, case, func, literal, select, type_coerce
from sqlalchemy.orm import Session

from infusion_desktop.database.local_days import local_day_of
from infusion_desktop.database.types import Day
from infusion_desktop.dates import Days, local_day, today
from infusion_desktop.deliveries.calls.refill_rules_kept import rules_by_patient
from infusion_desktop.deliveries.care_tables import RefillCall
from infusion_desktop.deliveries.door.proof import may_have_gaps, proof_gaps
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.money import percent
from infusion_desktop.patients.tables import Patient, Therapy
from infusion_desktop.patients.words import PatientId
from infusion_desktop.reporting.report import ALL, Choice, Found, instants
from reports.table_report import Column, Kind, Row

_GONE_OUT = (DeliveryState.SHIPPED, DeliveryState.DELIVERED)
_LONGEST = timedelta(days=120)
_AT_ONCE = 5_000


class Refills(NamedTuple):
    """Refills of a therapy class: called before, called in the payer's window, in time."""

    refilled: int
    called: int
    in_window: int
    in_time: int


def refills(session: Session, period: Days) -> dict[str, Refills]:
    """Refills whose supply period begins in the period, by therapy class; a therapy's first supply is none."""
    seen = _supplies(session, period)
    is_refill = seen.c.ends_on.is_not(None) & (seen.c.period_first >= period.first)
    sums: dict[str, list[int]] = {}
    for kind, count, called, in_time in session.execute(
        select(seen.c.therapy_class, func.count(), func.count(seen.c.called_on), func.sum(seen.c.in_time))
        .where(is_refill)
        .group_by(seen.c.therapy_class)
    ):
        sums[kind.value] = [count, called, 0, int(in_time)]
    rules = rules_by_patient(session, period.last)
    for kind, patient, scheduled_on, ends_on, called_on in session.execute(
        select(seen.c.therapy_class, seen.c.patient_id, seen.c.scheduled_on, seen.c.ends_on, seen.c.called_on)
        .where(is_refill, seen.c.called_on.is_not(None), seen.c.called_on <= seen.c.scheduled_on)
    ):  # fmt: skip
        rule, earliest = rules.get(PatientId(patient)), date.min
        if rule is not None:
            counted_from = scheduled_on if rule.contact_counts_from_delivery else ends_on
            earliest = counted_from - timedelta(days=min(rule.contact_days, counted_from.toordinal() - 1))
        sums[kind.value][2] += earliest <= called_on
    return {kind: Refills(*kept) for kind, kept in sums.items()}


def _supplies(session: Session, period: Days) -> Any:
    """Each supply that went out, the last day that those before it covered, and whether it came by the day after.

    A supply is longer than ``_LONGEST`` for nobody, so what lies further back cannot be the one before.
    """
    before = (
        func.max(Delivery.period_last)
        .over(partition_by=Delivery.therapy_id, order_by=(Delivery.period_first, Delivery.id), rows=(None, -1))
        .label("ends_on")
    )
    looked_at = Days(period.first - _LONGEST, max(period.last, today()))
    arrived = local_day_of(session, Delivery.delivered_at, looked_at).label("arrived_on")
    supplies = (
        select(Therapy.therapy_class, Delivery.patient_id, Delivery.period_first, Delivery.scheduled_on,
               RefillCall.called_on, before, arrived)
        .join(Therapy, Therapy.id == Delivery.therapy_id)
        .outerjoin(RefillCall, RefillCall.id == Delivery.call_id)
        .where(Delivery.state.in_(_GONE_OUT))
        .where(Delivery.period_first >= looked_at.first, Delivery.period_first <= period.last)
        .subquery()
    )  # fmt: skip
    in_time = case((supplies.c.arrived_on <= _day_after(session, supplies.c.ends_on), 1), else_=0).label("in_time")
    return select(*supplies.c, in_time).subquery()


def _day_after(session: Session, day: Any) -> Any:
    if session.get_bind().dialect.name == "sqlite":
        return type_coerce(func.date(day, "+1 day"), Day)
    return type_coerce(day.op("+")(literal(1, Integer())), Day)


def adherence(session: Session, period: Days, choice: Choice = ALL) -> Found:
    """Refills by therapy class: called, called in the window, supplied before the supply at home had ended."""
    sums = {kind: list(kept) for kind, kept in refills(session, period).items() if choice.therapy_class in ("", kind)}
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
    arrived = (
        Delivery.state == DeliveryState.DELIVERED, Delivery.delivered_at >= start, Delivery.delivered_at < end,
    )  # fmt: skip
    count = session.scalar(select(func.count()).where(*arrived)) or 0
    rows = session.execute(
        select(Delivery.id, Delivery.number, Patient.last_name, Patient.first_name, Delivery.delivered_at,
               Delivery.carrier)
        .join(Patient, Patient.id == Delivery.patient_id)
        .where(*arrived, may_have_gaps(session, period))
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
    if not count:
        return Found(columns, ())
    complete = count - len(found)
    told = f"{complete:,} of {count:,} complete ({percent(complete, count)} %)"
    return Found(columns, found, (told, None, None, None, None))
