"""A pump exchanged in the middle of a therapy, in one document: the fault, the new pump's delivery, the old one's trip.

The therapy goes on and so do its days: nothing is stopped or paused, and the days' evidence stays the kit that
supplied them (billing passes over a swap's delivery).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.counters import next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, now_utc, show_day
from infusion_desktop.deliveries.kits.kinds import EQUIPMENT_KINDS, POLE, answers
from infusion_desktop.deliveries.plans.planning import Visit, Wanted, plan_items_in
from infusion_desktop.deliveries.pumps.pickups import Trip, write_in
from infusion_desktop.deliveries.pumps.returns import AT_HOME
from infusion_desktop.deliveries.steps import DOCUMENT
from infusion_desktop.deliveries.tables import Delivery, DeliveryEquipment
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.equipment import custody
from infusion_desktop.equipment.tables import Asset, AssetSwap
from infusion_desktop.equipment.transition import the_asset
from infusion_desktop.equipment.words import AssetId, AssetState, SwapId
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.patients.order_versions import version_on, versions_of
from infusion_desktop.patients.tables import Patient, Therapy
from infusion_desktop.patients.words import PatientId, TherapyId
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import ItemKind

LONGEST_FAULT = 200
_DEAD = (DeliveryState.CANCELLED, DeliveryState.REFUSED)
_SUPPLIES = (DeliveryState.SHIPPED, DeliveryState.DELIVERED)


@dataclass(frozen=True, slots=True)
class NewSwap:
    """What is wrong with the pump, who told us and when, and when the new one shall be there.

    ``supplies`` go along where the exchange needs them, such as a new tubing set.
    """

    old_asset_id: AssetId
    fault: str
    scheduled_on: date
    reported_by: str = ""
    reported_at: datetime | None = None
    visit: Visit | None = None
    supplies: tuple[Wanted, ...] = ()


@dataclass(frozen=True, slots=True)
class Ordered:
    """A swap that was ordered, and the draft delivery that brings the new pump."""

    swap_id: SwapId
    number: str
    delivery_id: DeliveryId


@dataclass(frozen=True, slots=True)
class SwapRow:
    """A swap and how far it is. ``new_tag`` is "" until a pump was scanned for its delivery."""

    id: SwapId
    number: str
    patient_id: PatientId
    patient_name: str
    old_asset_id: AssetId
    old_tag: str
    old_state: AssetState
    new_tag: str
    delivery_id: DeliveryId
    delivery_number: str
    delivery_state: DeliveryState
    fault: str
    reported_at: datetime

    @property
    def stands(self) -> str:
        """How far it is, as a person says it."""
        if self.delivery_state in _DEAD:
            return "new pump not delivered: order it again"
        if self.delivery_state is not DeliveryState.DELIVERED:
            return f"new pump {self.delivery_state.value}"
        return "new pump there, old one to fetch" if self.old_state in AT_HOME else "done"


def order_swap(database: Database, new: NewSwap, by: UserId) -> Ordered:
    """Exchange a pump that is with a patient: a delivery for the new one, and a ticket for the old one, at once.

    The old one is asked back and marked as faulty, so that it is repaired before it is checked again. Refused where
    the therapy has ended, or an exchange of this pump is under way.
    """
    if not new.fault.strip() or len(new.fault) > LONGEST_FAULT:
        raise Refused(f"Say what is wrong with the pump, in at most {LONGEST_FAULT} characters.")
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        old = the_asset(session, new.old_asset_id)
        patient_id, therapy = _whose(session, old, new.scheduled_on)
        refuse_if(_reasons_against(session, old))
        period = _rest_of_supply(session, therapy, new.scheduled_on)
        delivery_id = plan_items_in(
            session, patient_id, period, new.scheduled_on, new.supplies, by,
            equipment=(_kind_of(session, old, therapy),), visit=new.visit,
            therapy_id=None if therapy is None else TherapyId(therapy.id),
        )  # fmt: skip
        number = f"SW{next_number(session, 'swap'):05}"
        now = now_utc()
        swap = AssetSwap(
            number=number, patient_id=patient_id, therapy_id=therapy.id if therapy else None, old_asset_id=old.id,
            delivery_id=delivery_id, fault=new.fault.strip(), reported_by=new.reported_by.strip(),
            reported_at=new.reported_at or now, recorded_at=now, staff_id=by,
        )  # fmt: skip
        session.add(swap)
        session.flush()
        if old.state is AssetState.WITH_PATIENT:
            custody.call_back(session, AssetId(old.id), new.scheduled_on, by, note=f"out of order: {new.fault.strip()}")
        custody.report_fault(session, AssetId(old.id), new.fault)
        swap_id = SwapId(swap.id)
        trip = Trip(new.scheduled_on, new.visit.window if new.visit else "")
        write_in(session, patient_id, [AssetId(old.id)], f"Exchange {number}: {new.fault.strip()}", trip, by, swap_id)
        record(session, by, "swap", "asset", old.id, patient_id=patient_id,
               after={"number": number, "delivery": delivery_id}, reason=new.fault)  # fmt: skip
        return Ordered(swap_id, number, delivery_id)


def is_swap(session: Session, delivery_id: DeliveryId) -> bool:
    """Whether a delivery only brings a pump in exchange for another."""
    return session.scalar(select(AssetSwap.id).where(AssetSwap.delivery_id == delivery_id)) is not None


def swap_rows(session: Session, *, done_too: bool = False) -> tuple[SwapRow, ...]:
    """The exchanges, newest first; those that are done only where asked for."""
    rows = session.execute(
        select(AssetSwap, Asset.tag, Asset.state, Delivery.number, Delivery.state, Patient)
        .join(Asset, Asset.id == AssetSwap.old_asset_id)
        .join(Delivery, Delivery.id == AssetSwap.delivery_id)
        .join(Patient, Patient.id == AssetSwap.patient_id)
        .order_by(AssetSwap.id.desc())
    ).all()
    tags = _new_tags(session, [swap.delivery_id for swap, *_ in rows])
    found = [
        SwapRow(
            SwapId(swap.id), swap.number, PatientId(swap.patient_id), f"{patient.last_name}, {patient.first_name}",
            AssetId(swap.old_asset_id), tag, state, tags.get(swap.delivery_id, ""), DeliveryId(swap.delivery_id),
            number, delivery_state, swap.fault, swap.reported_at,
        )
        for swap, tag, state, number, delivery_state, patient in rows
    ]  # fmt: skip
    return tuple(row for row in found if done_too or row.stands != "done")


def swap_of(session: Session, asset_id: AssetId) -> SwapRow | None:
    """The exchange of this pump that is under way, or None."""
    return next((row for row in swap_rows(session) if row.old_asset_id == asset_id), None)


def _reasons_against(session: Session, old: Asset) -> list[str]:
    if old.state not in AT_HOME:
        return [f"{old.tag} is {old.state.value}: only a pump that is with a patient is exchanged."]
    under_way = session.scalar(
        select(AssetSwap.number)
        .join(Delivery, Delivery.id == AssetSwap.delivery_id)
        .where(AssetSwap.old_asset_id == old.id, Delivery.state.not_in((*_DEAD, DeliveryState.DELIVERED)))
    )
    if under_way is not None:
        return [f"The exchange of {old.tag} is under way already, as {under_way}. Open its delivery."]
    return []


def _whose(session: Session, old: Asset, on: date) -> tuple[PatientId, Therapy | None]:
    """The patient who has it and the therapy it is for, as ordered on the day. Refused where that has ended by then."""
    patient = session.scalar(select(Patient.id).where(Patient.home_id == old.location_id))
    if patient is None or old.state not in AT_HOME:
        raise Refused(f"{old.tag} is {old.state.value}: only a pump that is with a patient is exchanged.")
    came_for = None
    if old.document == DOCUMENT:
        came_for = session.scalar(select(Delivery.therapy_id).where(Delivery.id == old.document_id))
    therapy = None if came_for is None else version_on(session, TherapyId(came_for), on)
    if therapy is not None and therapy.stops_on is not None and therapy.stops_on < on:
        raise Refused(
            f"The therapy of {old.tag} ended on {show_day(therapy.stops_on)}. Write a pick-up ticket; no new pump is "
            "needed."
        )
    return PatientId(patient), therapy


def _rest_of_supply(session: Session, therapy: Therapy | None, on: date) -> Days:
    """How long the new pump is needed at least: to the end of what was sent already, or of the therapy, or a week."""
    last = on + timedelta(days=6)
    if therapy is not None:
        sent = session.scalar(
            select(func.max(Delivery.period_last)).where(
                Delivery.therapy_id.in_(versions_of(session, TherapyId(therapy.id))), Delivery.state.in_(_SUPPLIES)
            )
        )
        last = max(on, sent) if sent is not None and sent >= on else last
        if therapy.stops_on is not None:
            last = max(on, min(last, therapy.stops_on))
    return Days(on, last)


def _kind_of(session: Session, old: Asset, therapy: Therapy | None) -> str:
    """What the bench is asked for: the kind the old one was sent as, or what the therapy is given by."""
    sent_as = session.scalar(
        select(DeliveryEquipment.kind)
        .where(DeliveryEquipment.asset_id == old.id, DeliveryEquipment.delivery_id == old.document_id)
        .limit(1)
    )
    if sent_as:
        return sent_as
    item = session.get_one(Item, old.item_id)
    if item.kind is ItemKind.POLE:
        return POLE
    if therapy is not None and therapy.method.pump:
        return therapy.method.value
    return next(kind for kind in EQUIPMENT_KINDS if answers(kind, item.kind, item.hcpcs))


def _new_tags(session: Session, deliveries: Sequence[int]) -> dict[int, str]:
    rows = session.execute(
        select(DeliveryEquipment.delivery_id, Asset.tag)
        .join(Asset, Asset.id == DeliveryEquipment.asset_id)
        .where(DeliveryEquipment.delivery_id.in_(deliveries))
    )
    return {delivery: tag for delivery, tag in rows if delivery is not None}
