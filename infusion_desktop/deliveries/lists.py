"""Lists of deliveries: the day, the bench, a patient's, a search; apart from the rest so that they load fast."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from infusion_desktop.dates import Days
from infusion_desktop.deliveries.tables import Delivery, DeliveryLine
from infusion_desktop.deliveries.words import NEXT_STEP, Carrier, DeliveryId, DeliveryState
from infusion_desktop.patients.tables import Patient, Therapy
from infusion_desktop.patients.words import PatientId

OPEN = (
    DeliveryState.DRAFT,
    DeliveryState.RELEASED,
    DeliveryState.PICKED,
    DeliveryState.VERIFIED,
    DeliveryState.PACKED,
    DeliveryState.SHIPPED,
)
ON_BENCH = (DeliveryState.RELEASED, DeliveryState.PICKED, DeliveryState.VERIFIED, DeliveryState.PACKED)


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery in a list. ``late`` says that its day has passed and it has not arrived."""

    id: DeliveryId
    number: str
    patient_id: PatientId
    patient_number: str
    patient_name: str
    city: str
    route: str
    therapy: str
    state: DeliveryState
    scheduled_on: date
    window: str
    period: Days
    carrier: Carrier
    lines: int
    owed: int
    totes: int
    printed: int
    delivered_at: datetime | None
    late: bool
    next_step: str
    version: int


def listed() -> Select[*tuple[Any, ...]]:
    """What a list tells of each delivery, as plain columns."""
    lines = (
        select(func.count())
        .where(DeliveryLine.delivery_id == Delivery.id, DeliveryLine.to_send > 0)
        .correlate(Delivery)
        .scalar_subquery()
    )
    owed = (
        select(func.coalesce(func.sum(DeliveryLine.owed), 0))
        .where(DeliveryLine.delivery_id == Delivery.id)
        .correlate(Delivery)
        .scalar_subquery()
    )
    return (
        select(
            Delivery.id, Delivery.number, Delivery.patient_id, Patient.number.label("patient_number"),
            Patient.last_name, Patient.first_name, Patient.city, Patient.route, Therapy.drug, Delivery.state,
            Delivery.scheduled_on, Delivery.window, Delivery.period_first, Delivery.period_last, Delivery.carrier,
            lines.label("lines"), owed.label("owed"), Delivery.totes, Delivery.printed, Delivery.delivered_at,
            Delivery.version,
        )
        .join(Patient, Patient.id == Delivery.patient_id)
        .outerjoin(Therapy, Therapy.id == Delivery.therapy_id)
    )  # fmt: skip


def row_of(found: Any, today: date) -> DeliveryRow:
    """A row of what is `listed`."""
    return DeliveryRow(
        DeliveryId(found.id), found.number, PatientId(found.patient_id), found.patient_number,
        f"{found.last_name}, {found.first_name}", found.city, found.route, found.drug or "", found.state,
        found.scheduled_on, found.window, Days(found.period_first, found.period_last), found.carrier, found.lines,
        int(found.owed), found.totes, found.printed, found.delivered_at,
        found.state in OPEN and found.scheduled_on < today, NEXT_STEP[found.state], found.version,
    )  # fmt: skip


def day_board(session: Session, days: Days, today: date, *, late_too: bool = True) -> tuple[DeliveryRow, ...]:
    """The deliveries of these days, and those of earlier days that have not arrived; cancelled ones are left out."""
    wanted: ColumnElement[bool] = Delivery.scheduled_on.between(days.first, days.last)
    if late_too:
        late = (Delivery.scheduled_on < days.first) & Delivery.delivered_at.is_(None) & Delivery.state.in_(OPEN)
        wanted = wanted | late
    query = listed().where(wanted, Delivery.state != DeliveryState.CANCELLED)
    rows = session.execute(query.order_by(Delivery.scheduled_on, Patient.route, Delivery.window, Delivery.id))
    return tuple(row_of(row, today) for row in rows)


def of_patient(session: Session, patient_id: PatientId, today: date) -> tuple[DeliveryRow, ...]:
    """A patient's deliveries, the newest first."""
    query = listed().where(Delivery.patient_id == patient_id)
    rows = session.execute(query.order_by(Delivery.scheduled_on.desc(), Delivery.id.desc()))
    return tuple(row_of(row, today) for row in rows)


def on_bench(session: Session, today: date) -> tuple[DeliveryRow, ...]:
    """What is released and not shipped yet, the most urgent first."""
    query = listed().where(Delivery.delivered_at.is_(None), Delivery.state.in_(ON_BENCH))
    query = query.order_by(Delivery.scheduled_on, Delivery.window, Delivery.id)
    return tuple(row_of(row, today) for row in session.execute(query))


def find_deliveries(session: Session, typed: str, today: date, limit: int = 8) -> tuple[DeliveryRow, ...]:
    """Deliveries whose number contains what was typed, the newest first."""
    plain = typed.strip().upper().removeprefix("DLV:")
    if len(plain) < 2 or not any(letter.isdigit() for letter in plain):
        return ()
    query = listed().where(Delivery.number.contains(plain, autoescape=True)).order_by(Delivery.id.desc()).limit(limit)
    return tuple(row_of(row, today) for row in session.execute(query))


def find_by_number(session: Session, number: str, today: date) -> DeliveryRow | None:
    """The delivery with this number, as printed or scanned; a tote's number may follow after a slash."""
    plain = number.strip().upper().removeprefix("DLV:").partition("/")[0]
    found = session.execute(listed().where(Delivery.number == plain)).one_or_none()
    return None if found is None else row_of(found, today)
