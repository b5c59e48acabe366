"""The exchange sheet of a swap, and the hand-over sheet of a delivery that brings a pump."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc
from infusion_desktop.deliveries.papers import letterhead, printed, recipient, tell_deliveries
from infusion_desktop.deliveries.tables import Delivery, DeliveryEquipment
from infusion_desktop.deliveries.words import DeliveryId
from infusion_desktop.equipment.models import ModelFacts, model_facts
from infusion_desktop.equipment.tables import Asset, AssetSwap
from infusion_desktop.equipment.words import SwapId
from infusion_desktop.errors import Refused
from infusion_desktop.patients.tables import Patient, Therapy
from infusion_desktop.stock.scanning.scan_values import ScanKind
from infusion_desktop.stock.scanning.scans import own_code
from infusion_desktop.stock.tables import Item
from reports import swap_sheet


def exchange_sheet(session: Session, swap_id: SwapId, by: UserId, now: datetime) -> bytes:
    """One document for the exchange: the old pump out of order, the new one, the check list, one signature."""
    swap = session.get(AssetSwap, swap_id)
    if swap is None:
        raise Refused("This exchange is not known. Look at the pump again.")
    delivery = session.get_one(Delivery, swap.delivery_id)
    old = session.get_one(Asset, swap.old_asset_id)
    told = ", ".join(filter(None, (swap.reported_by, f"{swap.reported_at.astimezone():%b %d, %Y %H:%M}")))
    return swap_sheet.render(
        _sheet(session, delivery, swap.number, by, now, old=_pump(session, old, model_facts(session, old.item_id)),
               fault=swap.fault, reported=told)
    )  # fmt: skip


def hand_over_sheet(session: Session, delivery_id: DeliveryId, by: UserId, now: datetime) -> bytes:
    """What is shown and signed when a delivery brings a pump; an exchange has the sheet of its own."""
    swap = session.scalar(select(AssetSwap.id).where(AssetSwap.delivery_id == delivery_id))
    if swap is not None:
        return exchange_sheet(session, SwapId(swap), by, now)
    delivery = session.get(Delivery, delivery_id)
    wanted = select(DeliveryEquipment.id).where(DeliveryEquipment.delivery_id == delivery_id).limit(1)
    if delivery is None or session.scalar(wanted) is None:
        raise Refused("This delivery brings no pump or pole: there is nothing to hand over.")
    return swap_sheet.render(_sheet(session, delivery, delivery.number, by, now))


def print_exchange(database: Database, swap_id: SwapId, by: UserId, reason: str = "") -> bytes:
    """The same for somebody who prints it; AsksWhy where the patient's record is restricted."""
    with database.reading() as session:
        swap = session.get(AssetSwap, swap_id)
    if swap is None:
        raise Refused("This exchange is not known. Look at the pump again.")
    _tell(database, DeliveryId(swap.delivery_id), "exchange sheet", by, reason)
    with database.reading() as session:
        return exchange_sheet(session, swap_id, by, now_utc())


def print_hand_over(database: Database, delivery_id: DeliveryId, by: UserId, reason: str = "") -> bytes:
    """The same for somebody who prints it; AsksWhy where the patient's record is restricted."""
    _tell(database, delivery_id, "hand-over sheet", by, reason)
    with database.reading() as session:
        return hand_over_sheet(session, delivery_id, by, now_utc())


def _tell(database: Database, delivery_id: DeliveryId, paper: str, by: UserId, reason: str) -> None:
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_DELIVERIES)
        whose = tell_deliveries(session, paper, [delivery_id], by, reason)
        record(session, by, f"print {paper}", "delivery", delivery_id, patient_id=whose.get(delivery_id))


def _sheet(
    session: Session, delivery: Delivery, number: str, by: UserId, now: datetime,
    *, old: swap_sheet.Pump | None = None, fault: str = "", reported: str = "",
) -> swap_sheet.HandOver:  # fmt: skip
    new: swap_sheet.Pump | None = None
    lines: tuple[str, ...] = ()
    asset = session.scalar(
        select(Asset)
        .join(DeliveryEquipment, DeliveryEquipment.asset_id == Asset.id)
        .join(Item, Item.id == Asset.item_id)
        .where(DeliveryEquipment.delivery_id == delivery.id)
        .order_by(Item.kind.desc(), DeliveryEquipment.id)  # A pump before its pole.
        .limit(1)
    )
    if asset is not None:
        facts = model_facts(session, asset.item_id)
        new, lines = _pump(session, asset, facts), facts.handover
    therapy = session.get(Therapy, delivery.therapy_id) if delivery.therapy_id else None
    return swap_sheet.HandOver(
        letterhead(session), printed(session, by, now), number, own_code(ScanKind.DELIVERY, delivery.number),
        recipient(session.get_one(Patient, delivery.patient_id)), delivery.scheduled_on, delivery.window,
        therapy.drug if therapy else "", new, old, fault, reported, lines,
    )  # fmt: skip


def _pump(session: Session, asset: Asset, facts: ModelFacts) -> swap_sheet.Pump:
    item = session.get_one(Item, asset.item_id)
    return swap_sheet.Pump(
        asset.tag, asset.serial, item.name, asset.checked_on, asset.maintenance_due_on, asset.firmware, asset.library,
        facts.accessories,
    )  # fmt: skip
