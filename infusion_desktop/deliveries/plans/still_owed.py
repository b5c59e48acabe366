"""What left short and is still owed: a line of a delivery that went without all of its units, for days not yet over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Exists, func, select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days
from infusion_desktop.deliveries.lists import OPEN
from infusion_desktop.deliveries.plans.planning import Wanted, plan_items_in
from infusion_desktop.deliveries.tables import Delivery, DeliveryLine
from infusion_desktop.deliveries.words import DeliveryId, DeliveryLineId, DeliveryState
from infusion_desktop.errors import Refused
from infusion_desktop.patients.tables import Patient
from infusion_desktop.patients.words import PatientId
from infusion_desktop.stock.buying.reordering import free_units
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import ItemId, ItemKind

_LEFT = (DeliveryState.SHIPPED, DeliveryState.DELIVERED)


@dataclass(frozen=True, slots=True)
class OwedRow:
    """Units of an item that a patient was to get and did not."""

    line_id: DeliveryLineId
    patient_id: PatientId
    patient: str
    delivery_id: DeliveryId
    number: str
    period: Days
    item_id: ItemId
    item: str
    is_drug: bool
    units: int
    unit: str
    on_shelf: int
    """Units that may be sent."""
    coming: str
    """The delivery that is being made ready and sends the item; "" where none is."""

    @property
    def said(self) -> str:
        """In words: 12 each Saline flush of D000123."""
        return f"{self.units:,} {self.unit} {self.item} of {self.number}"


def settled() -> Exists:
    """A later delivery that sends the line's item has arrived, so that nothing of it is owed any more."""
    later, sent = aliased(Delivery), aliased(DeliveryLine)
    return (
        select(sent.id)
        .join(later, later.id == sent.delivery_id)
        .where(later.patient_id == Delivery.patient_id, later.state == DeliveryState.DELIVERED)
        .where(later.id > Delivery.id, sent.item_id == DeliveryLine.item_id, sent.to_send > sent.owed)
        .correlate(Delivery, DeliveryLine)
        .exists()
    )


def still_owed(session: Session, today: date, patient_id: PatientId | None = None) -> tuple[OwedRow, ...]:
    """What left short for days that are not over, drugs first, then the oldest; everybody's or one patient's."""
    later, sent = aliased(Delivery), aliased(DeliveryLine)
    coming = (
        select(func.min(later.number))
        .join(sent, sent.delivery_id == later.id)
        .where(later.patient_id == Delivery.patient_id, later.state.in_(OPEN), later.id > Delivery.id)
        .where(sent.item_id == DeliveryLine.item_id, sent.to_send > sent.owed)
        .correlate(Delivery, DeliveryLine)
        .scalar_subquery()
    )
    found = (
        select(
            DeliveryLine.id.label("line"), DeliveryLine.item_id, DeliveryLine.owed, Delivery.id, Delivery.number,
            Delivery.patient_id, Delivery.period_first, Delivery.period_last, Patient.last_name, Patient.first_name,
            Item.name, Item.kind, Item.base_unit, coming.label("coming"),
        )
        .join(Delivery, Delivery.id == DeliveryLine.delivery_id)
        .join(Patient, Patient.id == Delivery.patient_id)
        .join(Item, Item.id == DeliveryLine.item_id)
        .where(DeliveryLine.owed > 0, Delivery.state.in_(_LEFT), Delivery.period_last >= today, ~settled())
    )  # fmt: skip
    if patient_id is not None:
        found = found.where(Delivery.patient_id == patient_id)
    rows = session.execute(found.order_by(Delivery.id, DeliveryLine.position)).all()
    free = free_units(session, today, {ItemId(row.item_id) for row in rows})
    return tuple(sorted((_row(row, free) for row in rows), key=lambda row: not row.is_drug))


def send_owed(database: Database, patient_id: PatientId, on: date, by: UserId) -> DeliveryId:
    """A draft for ``on`` of everything still owed to a patient that no delivery brings yet.

    Refused where nothing is owed, or all of it comes with a delivery already.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        rows = [row for row in still_owed(session, on, patient_id) if not row.coming]
        if not rows:
            raise Refused("Nothing is owed to this patient that is not being made ready already.")
        wanted: dict[ItemId, Wanted] = {}
        for row in rows:
            units = row.units + (wanted[row.item_id].quantity if row.item_id in wanted else 0)
            wanted[row.item_id] = Wanted(row.item_id, units, f"still owed of {row.number}")
        period = Days(max(on, min(row.period.first for row in rows)), max(row.period.last for row in rows))
        return plan_items_in(session, patient_id, period, on, list(wanted.values()), by)


def _row(row: Any, free: Mapping[ItemId, int]) -> OwedRow:
    return OwedRow(
        DeliveryLineId(row.line), PatientId(row.patient_id), f"{row.last_name}, {row.first_name}", DeliveryId(row.id),
        row.number, Days(row.period_first, row.period_last), ItemId(row.item_id), row.name,
        row.kind is ItemKind.DRUG, row.owed, row.base_unit, free.get(ItemId(row.item_id), 0), row.coming or "",
    )  # fmt: skip
