"""Reports on patients in care and on the deliveries that reached them."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.dates import Days, local_day
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.words import DeliveryState
from infusion_desktop.patients.tables import Coverage, Episode, Interruption, Patient, Payer, Therapy
from infusion_desktop.patients.words import Rank
from infusion_desktop.reporting.report import ALL, Choice, Found
from reports.table_report import Column, Kind, Row


def census(session: Session, period: Days) -> Found:
    """Patients in care at the end of the period, by the classes of their therapies; and the day it began."""
    on = period.last
    rows = session.execute(
        select(Therapy.therapy_class, Therapy.patient_id, Payer.name)
        .join(Episode, Episode.id == Therapy.episode_id)
        .outerjoin(
            Coverage, (Coverage.patient_id == Therapy.patient_id) & (Coverage.rank == Rank.PRIMARY)
            & (Coverage.starts_on <= on) & (Coverage.ends_on.is_(None) | (Coverage.ends_on >= on)),
        )
        .outerjoin(Payer, Payer.id == Coverage.payer_id)
        .where(Therapy.starts_on <= on, Therapy.stops_on.is_(None) | (Therapy.stops_on >= on))
        .where(Episode.discharged_on.is_(None) | (Episode.discharged_on >= on))
    )  # fmt: skip
    patients: dict[tuple[str, str], set[int]] = {}
    everybody: set[int] = set()
    for kind, patient, payer in rows:
        patients.setdefault((kind.value, payer or "(no coverage)"), set()).add(patient)
        everybody.add(patient)
    found = tuple((*key, len(who)) for key, who in sorted(patients.items(), key=lambda row: (row[0][0], -len(row[1]))))
    columns = (Column("Therapy class"), Column("Payer"), Column("Patients", Kind.NUMBER))
    return Found(columns, found, ("Patients in care, each once", None, len(everybody)) if found else None)


def on_time(session: Session, period: Days) -> Found:
    """Deliveries promised for a day of the period that arrived late or did not arrive, the latest first."""
    rows = session.execute(
        select(Delivery.number, Patient.last_name, Patient.first_name, Delivery.scheduled_on, Delivery.delivered_at,
               Delivery.state, Delivery.carrier)
        .join(Patient, Patient.id == Delivery.patient_id)
        .where(Delivery.scheduled_on >= period.first, Delivery.scheduled_on <= period.last)
        .where(Delivery.state.in_((DeliveryState.SHIPPED, DeliveryState.DELIVERED, DeliveryState.REFUSED)))
        .order_by(Delivery.scheduled_on, Delivery.number)
    ).all()  # fmt: skip
    found = []
    late = 0
    for row in rows:
        arrived = None if row.delivered_at is None else local_day(row.delivered_at)
        days = None if arrived is None else max(timedelta(0), arrived - row.scheduled_on).days
        if days == 0:
            continue
        late += 1
        found.append((row.number, f"{row.last_name}, {row.first_name}", row.scheduled_on, arrived, days,
                      row.state.value, row.carrier.value))  # fmt: skip
    percent = 100 * (len(rows) - late) / len(rows) if rows else 100
    columns = (Column("Delivery"), Column("Patient"), Column("Promised", Kind.DAY), Column("Arrived", Kind.DAY),
               Column("Days late", Kind.NUMBER), Column("State"), Column("Carrier"))  # fmt: skip
    totals = (f"{len(rows) - late:,} of {len(rows):,} on time ({percent:.1f} %)", *[None] * 6)
    return Found(columns, tuple(found), totals)


def census_days(session: Session, period: Days, choice: Choice = ALL) -> Found:
    """Patients in care by class over a period: how many, patient days, days interrupted, the average and the last day.

    A patient with two therapies of a class counts once a day; the total counts each patient once a day.
    """
    rows = session.execute(
        select(Therapy.id, Therapy.therapy_class, Therapy.patient_id, Therapy.starts_on, Therapy.stops_on,
               Episode.discharged_on)
        .join(Episode, Episode.id == Therapy.episode_id)
        .where(Therapy.starts_on <= period.last, Therapy.stops_on.is_(None) | (Therapy.stops_on >= period.first))
        .where(Episode.discharged_on.is_(None) | (Episode.discharged_on >= period.first))
    )  # fmt: skip
    away = _interrupted(session, period)
    in_care: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    treated: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        kind = row.therapy_class.value
        ends = [day for day in (row.stops_on, row.discharged_on, period.last) if day is not None]
        span = _bits(period, row.starts_on, min(ends))
        if choice.therapy_class not in ("", kind):
            continue
        for name in (kind, ""):
            in_care[name][row.patient_id] |= span
            treated[name][row.patient_id] |= span & ~(away.get((row.patient_id, None), 0)
                                                      | away.get((row.patient_id, row.id), 0))  # fmt: skip
    last = 1 << (len(period) - 1)

    def shown(name: str, key: str) -> Row:
        spans = [span for span in in_care[key].values() if span]
        days = sum(span.bit_count() for span in spans)
        worked = sum(span.bit_count() for span in treated[key].values())
        mean = (Decimal(days) / len(period)).quantize(Decimal("0.1"))
        return (name, len(spans), days, days - worked, mean, sum(bool(span & last) for span in spans))

    columns = (Column("Therapy class"), Column("Patients", Kind.NUMBER), Column("Patient days", Kind.NUMBER),
               Column("Of these interrupted", Kind.NUMBER), Column("Average a day", Kind.NUMBER),
               Column("Last day", Kind.NUMBER))  # fmt: skip
    names = sorted(name for name in in_care if name and any(in_care[name].values()))
    total = shown("Patients in care, each once", "") if names else None
    return Found(columns, tuple(shown(name, name) for name in names), total)


def _bits(period: Days, first: date, last: date) -> int:
    """The days of the period from first to last as bits, the period's first day lowest: a union is one operation."""
    common = Days(first, last).overlap(period) if first <= last else None
    if common is None:
        return 0
    return ((1 << len(common)) - 1) << (common.first - period.first).days


def _interrupted(session: Session, period: Days) -> dict[tuple[int, int | None], int]:
    """Days on which a patient, or one therapy of theirs, was interrupted."""
    found: dict[tuple[int, int | None], int] = defaultdict(int)
    for row in session.scalars(
        select(Interruption)
        .where(Interruption.removed_at.is_(None), Interruption.first_on <= period.last)
        .where(Interruption.last_on.is_(None) | (Interruption.last_on >= period.first))
    ):
        found[row.patient_id, row.therapy_id] |= _bits(period, row.first_on, row.last_on or period.last)
    return found
