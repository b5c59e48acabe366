"""Reports on patients in care and on the deliveries that reached them."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.dates import Days, local_day
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.words import DeliveryState
from infusion_desktop.patients.tables import Coverage, Episode, Patient, Payer, Therapy
from infusion_desktop.patients.words import Rank
from infusion_desktop.reporting.report import Found
from reports.table_report import Column, Kind


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
