"""What was thrown away of a drug when a delivery was made: recorded at the bench, billed with JW where a payer asks."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, insert, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.billing.months.compounds import billable_delivery, compounds_of
from infusion_desktop.billing.rules.drugs import discarded_units
from infusion_desktop.billing.tables import DrugWaste
from infusion_desktop.billing.words import WasteId
from infusion_desktop.database.engine import Database
from infusion_desktop.database.many import as_ids, is_given
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.dates import now_utc
from infusion_desktop.deliveries.tables import Delivery, DeliveryLine, DeliveryLot
from infusion_desktop.deliveries.words import DeliveryId
from infusion_desktop.errors import Refused
from infusion_desktop.patients.tables import Patient
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import BillingClass, ItemId


@dataclass(frozen=True, slots=True)
class WasteEntry:
    """One record of something thrown away; ``taken_back`` says that another entry takes it back."""

    id: WasteId
    discarded: Decimal
    reason: str
    who: str
    at: datetime
    taken_back: bool


@dataclass(frozen=True, slots=True)
class DrugOfDelivery:
    """A drug of a delivery with what was sent and thrown away of it, in units of its NDC."""

    item_id: ItemId
    name: str
    hcpcs: str
    ndc_unit: str
    sent: Decimal
    discarded: Decimal
    billing_units: int
    """HCPCS units that a JW line would bill."""
    per_unit: Decimal
    """HCPCS units in one unit of the NDC; zero when the catalogue does not say."""
    entries: tuple[WasteEntry, ...]
    compound: str = ""
    """The number it shares with the other ingredients of its compound."""


@dataclass(frozen=True, slots=True)
class WastePage:
    """The drugs of a delivery."""

    delivery_id: DeliveryId
    number: str
    patient: str
    drugs: tuple[DrugOfDelivery, ...]


def record_waste(
    database: Database, delivery: DeliveryId, item: ItemId, discarded: Decimal, reason: str, by: UserId
) -> WasteId:
    """Record what of a drug was thrown away for a delivery, in units of its NDC (0.4 of a vial, 3.5 millilitres).

    Refused when the drug is not on the delivery, or more is thrown away than was sent.
    """
    if not reason.strip():
        raise Refused("Say what was thrown away and why, such as “rest of the second vial”.")
    if discarded <= 0:
        raise Refused("Type how much was thrown away, above zero.")
    with database.transaction() as session:
        authorize(session, by, Permission.PICK)
        kept = billable_delivery(session, delivery)
        drug = next((each for each in _drugs(session, delivery) if each.item_id == item), None)
        if drug is None:
            raise Refused(f"Delivery {kept.number} holds no such drug. Choose a drug of the delivery.")
        if drug.discarded + discarded > drug.sent:
            raise Refused(
                f"{drug.name}: {drug.sent.normalize():f} {drug.ndc_unit} were taken for the delivery, "
                f"{(drug.discarded + discarded).normalize():f} cannot be thrown away. Correct the amount."
            )
        values = {"delivery_id": delivery, "item_id": item, "discarded": discarded, "reason": reason.strip()}
        added = WasteId(_add(session, values, None, by))
        record(session, by, "record waste", "drug waste", added, patient_id=kept.patient_id, after=values)
    return added


def take_back_waste(database: Database, waste: WasteId, reason: str, by: UserId) -> WasteId:
    """Take a mistaken record back by an entry against it; both stay to be read."""
    if not reason.strip():
        raise Refused("Say why it is taken back.")
    with database.transaction() as session:
        authorize(session, by, Permission.PICK)
        kept = session.get(DrugWaste, waste)
        if kept is None or kept.reverses_id is not None:
            raise Refused("This record of waste is not known. Look at the delivery's drugs again.")
        if session.scalar(select(DrugWaste.id).where(DrugWaste.reverses_id == waste)) is not None:
            raise Refused("This record was taken back already.")
        values = {"delivery_id": kept.delivery_id, "item_id": kept.item_id, "discarded": -kept.discarded}
        added = WasteId(_add(session, {**values, "reason": reason.strip()}, waste, by))
        patient = session.scalar(select(Delivery.patient_id).where(Delivery.id == kept.delivery_id))
        record(session, by, "take back waste", "drug waste", added, patient_id=patient, after={"takes back": waste},
               reason=reason)  # fmt: skip
    return added


def read_quantity(text: str) -> Decimal:
    """The amount somebody typed in units of an NDC, such as 0.3 or 12; at most four places."""
    plain = text.strip()
    if not re.fullmatch(r"\d{1,6}(\.\d{1,4})?", plain, re.ASCII):
        raise Refused(f"“{plain[:20]}” is not an amount. Type it such as 0.3 or 12.")
    return Decimal(plain)


def waste_page(session: Session, delivery: DeliveryId) -> WastePage:
    """The drugs of a delivery and what was thrown away of each; Refused when the delivery is not known."""
    row = session.execute(
        select(Delivery.number, Patient.last_name, Patient.first_name)
        .join(Patient, Patient.id == Delivery.patient_id)
        .where(Delivery.id == delivery)
    ).one_or_none()
    if row is None:
        raise Refused("This delivery is not known. Look at the list of deliveries again.")
    return WastePage(delivery, row.number, f"{row.last_name}, {row.first_name}", _drugs(session, delivery))


def discarded_of(session: Session, deliveries: Iterable[DeliveryId]) -> Mapping[tuple[DeliveryId, ItemId], Decimal]:
    """What was thrown away by delivery and drug, in units of the NDC; nothing where nothing was recorded."""
    rows = _DISCARDED.rows(session, as_ids(deliveries))
    return {(DeliveryId(row.delivery_id), ItemId(row.item_id)): row.discarded for row in rows if row.discarded}


def _discarded(dialect: str) -> Select[*tuple[Any, ...]]:
    return (
        select(DrugWaste.delivery_id, DrugWaste.item_id, func.sum(DrugWaste.discarded).label("discarded"))
        .where(is_given(dialect, DrugWaste.delivery_id))
        .group_by(DrugWaste.delivery_id, DrugWaste.item_id)
    )


_DISCARDED = Prepared(_discarded)


def _add(session: Session, values: Mapping[str, object], reverses: int | None, by: UserId) -> int:
    row = {**values, "reverses_id": reverses, "recorded_at": now_utc(), "staff_id": by}
    return session.execute(insert(DrugWaste).values(**row).returning(DrugWaste.id)).scalar_one()


def _drugs(session: Session, delivery: DeliveryId) -> tuple[DrugOfDelivery, ...]:
    rows = session.execute(
        select(Item, func.sum(DeliveryLot.quantity - DeliveryLot.came_back).label("sent"))
        .join(DeliveryLine, DeliveryLine.item_id == Item.id)
        .join(DeliveryLot, DeliveryLot.line_id == DeliveryLine.id)
        .where(DeliveryLine.delivery_id == delivery, Item.billing_class == BillingClass.DRUG)
        .group_by(Item.id)
        .order_by(Item.name)
    ).all()
    entries, compounds = _entries(session, delivery), compounds_of(session, [delivery])
    return tuple(
        _drug(item, Decimal(sent), entries.get(item.id, ()), compounds.get((delivery, ItemId(item.id)), ""))
        for item, sent in rows
    )


def _drug(item: Item, sent: Decimal, entries: tuple[WasteEntry, ...], compound: str) -> DrugOfDelivery:
    units = item.ndc_quantity_per_unit or Decimal(1)
    quantity = sent * units
    discarded = sum((each.discarded for each in entries if not each.taken_back), Decimal(0))
    per_unit = item.hcpcs_units_per_unit / units if item.hcpcs else Decimal(0)
    wasted = discarded_units(quantity - discarded, discarded, per_unit) if per_unit else 0
    return DrugOfDelivery(
        ItemId(item.id), item.name, item.hcpcs, item.ndc_unit or item.base_unit, quantity, discarded, wasted, per_unit,
        entries, compound,
    )  # fmt: skip


def _entries(session: Session, delivery: DeliveryId) -> dict[int, tuple[WasteEntry, ...]]:
    rows = session.execute(
        select(DrugWaste, Staff.name)
        .join(Staff, Staff.id == DrugWaste.staff_id)
        .where(DrugWaste.delivery_id == delivery)
        .order_by(DrugWaste.id)
    ).all()
    taken_back = {row.reverses_id for row, _ in rows if row.reverses_id is not None}
    found: dict[int, tuple[WasteEntry, ...]] = {}
    for row, who in rows:
        if row.reverses_id is None:
            entry = WasteEntry(WasteId(row.id), row.discarded, row.reason, who, row.recorded_at, row.id in taken_back)
            found[row.item_id] = (*found.get(row.item_id, ()), entry)
    return found
