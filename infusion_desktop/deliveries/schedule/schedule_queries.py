"""What the schedule shows: deliveries of some days with driver, route and stop, and what recurs."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from infusion_desktop.dates import Days
from infusion_desktop.deliveries.lists import OPEN
from infusion_desktop.deliveries.schedule.dispatch_tables import DeliveryRepeat, DeliveryStop, Driver
from infusion_desktop.deliveries.schedule.dispatch_words import DriverId
from infusion_desktop.deliveries.tables import Delivery, DeliveryEquipment, DeliveryLine, DeliveryStep
from infusion_desktop.deliveries.words import Carrier, DeliveryId, DeliveryState, Step
from infusion_desktop.identifiers import show_phone, show_zip
from infusion_desktop.patients.tables import Patient, Therapy
from infusion_desktop.patients.words import PatientId, TherapyId
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import Storage


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """A delivery as the calendar, the day board and the route sheet show it."""

    id: DeliveryId
    number: str
    patient_id: PatientId
    patient_name: str
    street: str
    town: str
    phone: str
    caregiver: str
    therapy: str
    state: DeliveryState
    day: date
    window: str
    period: Days
    carrier: Carrier
    driver_id: DriverId | None
    driver: str
    route: str
    position: int
    totes: int
    cold_packs: int
    cold_lines: int
    equipment: int
    attempts: int
    """How often nobody took it."""
    instructions: str
    late: bool
    version: int

    @property
    def group(self) -> str:
        """Whose tour it is in: the driver's, else the route, else the carrier."""
        return self.driver or self.route or self.carrier.value

    @property
    def is_cold(self) -> bool:
        """Whether something in it must stay cold."""
        return self.cold_lines > 0


def _query() -> Select[Any]:
    cold = (
        select(func.count())
        .select_from(DeliveryLine)
        .join(Item, Item.id == DeliveryLine.item_id)
        .where(DeliveryLine.delivery_id == Delivery.id, DeliveryLine.to_send > 0, Item.storage != Storage.ROOM)
        .correlate(Delivery)
        .scalar_subquery()
    )
    things = (
        select(func.count())
        .select_from(DeliveryEquipment)
        .where(DeliveryEquipment.delivery_id == Delivery.id)
        .correlate(Delivery)
        .scalar_subquery()
    )
    failed = (
        select(func.count())
        .select_from(DeliveryStep)
        .where(DeliveryStep.delivery_id == Delivery.id, DeliveryStep.step == Step.FAIL)
        .correlate(Delivery)
        .scalar_subquery()
    )
    return (
        select(Delivery, Patient, Therapy.drug, DeliveryStop, Driver.name, cold, things, failed)
        .join(Patient, Patient.id == Delivery.patient_id)
        .outerjoin(Therapy, Therapy.id == Delivery.therapy_id)
        .outerjoin(DeliveryStop, DeliveryStop.delivery_id == Delivery.id)
        .outerjoin(Driver, Driver.id == DeliveryStop.driver_id)
        .where(Delivery.state != DeliveryState.CANCELLED)
    )


def schedule(session: Session, days: Days, today: date) -> tuple[ScheduleRow, ...]:
    """The deliveries of these days, in tour order within each group."""
    rows = session.execute(_query().where(Delivery.scheduled_on.between(days.first, days.last)))
    return in_tour_order(_row(row, today) for row in rows)


def schedule_of(session: Session, delivery_ids: Iterable[DeliveryId], today: date) -> tuple[ScheduleRow, ...]:
    """These deliveries, in tour order."""
    return in_tour_order(
        _row(row, today) for row in session.execute(_query().where(Delivery.id.in_(tuple(delivery_ids))))
    )


def in_tour_order(rows: Iterable[ScheduleRow]) -> tuple[ScheduleRow, ...]:
    """By day and group; within it the stops that were put in order, then by window and town."""
    return tuple(
        sorted(
            rows,
            key=lambda row: (
                row.day, row.group.casefold(), row.position == 0, row.position, row.window or "99", row.town, row.id,
            ),
        )
    )  # fmt: skip


def numbered(rows: Iterable[ScheduleRow]) -> tuple[ScheduleRow, ...]:
    """The rows of one tour with the stops counted from 1, whether somebody ordered them or not."""
    return tuple(replace(row, position=place) for place, row in enumerate(rows, 1))


def _row(found: Any, today: date) -> ScheduleRow:
    delivery, patient, drug, stop, driver, cold, things, failed = found
    street = ", ".join(line for line in (patient.street, patient.street_2) if line)
    helper = " ".join(part for part in (patient.caregiver_name, show_phone(patient.caregiver_phone)) if part)
    notes = " ".join(text for text in (delivery.instructions, patient.delivery_instructions) if text)
    return ScheduleRow(
        DeliveryId(delivery.id),
        delivery.number,
        PatientId(patient.id),
        f"{patient.last_name}, {patient.first_name}",
        street,
        f"{patient.city}, {patient.state} {show_zip(patient.zip)}",
        ", ".join(show_phone(each) for each in (patient.phone, patient.phone_2) if each),
        helper,
        drug or "",
        delivery.state,
        delivery.scheduled_on,
        delivery.window,
        Days(delivery.period_first, delivery.period_last),
        delivery.carrier,
        None if stop is None or stop.driver_id is None else DriverId(stop.driver_id),
        driver or "",
        (stop.route if stop is not None else "") or patient.route,
        0 if stop is None else stop.position,
        delivery.totes,
        delivery.cold_packs,
        cold,
        things,
        failed,
        notes,
        delivery.state in OPEN and delivery.scheduled_on < today,
        delivery.version,
    )


@dataclass(frozen=True, slots=True)
class Repeatable:
    """An order that runs and whose deliveries do not come again yet."""

    therapy_id: TherapyId
    patient_name: str
    therapy: str
    interval_hours: int


def repeatable(session: Session, typed: str, today: date, limit: int = 50) -> tuple[Repeatable, ...]:
    """Orders that run and have no repeat, whose patient or drug contains every typed word."""
    query = (
        select(Therapy, Patient)
        .join(Patient, Patient.id == Therapy.patient_id)
        .where(Therapy.stops_on.is_(None) | (Therapy.stops_on >= today))
        .where(Therapy.id.not_in(select(DeliveryRepeat.therapy_id).where(DeliveryRepeat.ended_at.is_(None))))
        .order_by(Patient.last_name, Patient.first_name, Therapy.id)
        .limit(limit)
    )
    for word in typed.split():
        has = Patient.last_name.icontains(word, autoescape=True) | Patient.first_name.icontains(word, autoescape=True)
        query = query.where(has | Therapy.drug.icontains(word, autoescape=True))
    return tuple(
        Repeatable(TherapyId(row.id), f"{patient.last_name}, {patient.first_name}", row.drug, row.interval_hours)
        for row, patient in session.execute(query)
    )
