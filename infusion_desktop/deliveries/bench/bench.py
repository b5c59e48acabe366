"""What picking and verifying share: a scan read against a delivery's lines, and the answer a busy person sees."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.dates import show_day, today
from infusion_desktop.deliveries.steps import Head
from infusion_desktop.deliveries.tables import DeliveryEquipment, DeliveryLine, DeliveryLot
from infusion_desktop.deliveries.words import DeliveryLineId
from infusion_desktop.equipment.tables import Asset
from infusion_desktop.errors import Refused
from infusion_desktop.stock.scanning.lot_scans import BY_ID, LOT_ALONE
from infusion_desktop.stock.scanning.scan_values import Scan, ScanKind
from infusion_desktop.stock.scanning.scans import read_scan
from infusion_desktop.stock.tables import Item, ItemPack, Lot
from infusion_desktop.stock.words import ItemId


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a line is: ``done`` of ``wanted`` units."""

    line_id: DeliveryLineId
    done: int
    wanted: int


@dataclass(frozen=True, slots=True)
class Feedback:
    """The answer to a scan: right or wrong, one sentence, how far the line is, and whether the whole step is done."""

    right: bool
    sentence: str
    progress: Progress | None = None
    complete: bool = False


class Wrong(Exception):
    """The scan is not what is wanted here; its text is the sentence to show. Nothing is changed."""


@dataclass(frozen=True, slots=True)
class Thing:
    """What a scan is: an asset, or units of an item with the lot it names."""

    asset: Any = None
    item: Any = None
    units: int = 1
    lot: Any = None
    expires_on: date | None = None


def understand(session: Session, scan: Scan | str) -> Thing:
    """What was scanned; Wrong when it is nothing that can be on a delivery."""
    try:
        read = read_scan(scan, today=today()) if isinstance(scan, str) else scan
    except Refused as no:
        raise Wrong(str(no)) from None
    if read.kind in (ScanKind.ASSET, ScanKind.TEXT):
        asset = _asset(session, read.code)
        if asset is not None:
            return Thing(asset=asset)
        if read.kind is ScanKind.ASSET:
            raise Wrong(f"No pump or pole has the tag {read.code}. Check the label.")
    if read.kind is ScanKind.LOT_LABEL:
        return _lot_label(session, read.code)
    if read.kind not in (ScanKind.PRODUCT, ScanKind.TEXT):
        raise Wrong(f"This is the label of a {read.kind.value}. Scan the item.")
    return _product(session, read)


def _asset(session: Session, code: str) -> Any:
    rows = session.execute(
        select(Asset.id, Asset.tag, Asset.serial, Item.name, Item.kind, Item.hcpcs)
        .join(Item, Item.id == Asset.item_id)
        .where((Asset.tag == code.upper()) | (Asset.serial == code.upper()))
        .limit(3)
    ).all()
    tagged = [row for row in rows if row.tag == code.upper()]
    return (tagged or rows)[0] if tagged or len(rows) == 1 else None


_ITEM = select(Item.id, Item.number, Item.name, Item.base_unit, Item.lot_tracked, ItemPack.quantity).outerjoin(
    ItemPack, ItemPack.item_id == Item.id
)


def _product(session: Session, read: Scan) -> Thing:
    if not read.pack_code and not read.code:
        return _second_code(session, read)
    named = ItemPack.gtin == read.pack_code if read.pack_code else Item.number == read.code.upper()
    item = session.execute(_ITEM.where(named).order_by(ItemPack.quantity)).first()
    if item is None:
        if read.kind is ScanKind.PRODUCT and read.serial:
            serial = session.execute(
                select(Asset.id, Asset.tag, Asset.serial, Item.name, Item.kind, Item.hcpcs)
                .join(Item, Item.id == Asset.item_id)
                .where(Asset.serial == read.serial.upper())
            ).all()
            if len(serial) == 1:
                return Thing(asset=serial[0])
        raise Wrong(f"“{read.raw[:40]}” is not in the catalogue. Scan the item's own label.")
    if read.serial and (asset := _asset_of(session, item.id, read.serial)) is not None:
        return Thing(asset=asset)
    lot = None
    if read.lot is not None or read.serial is not None:
        lot = _lot(session, item.id, read.lot, read.serial)
        if lot is None:
            raise Wrong(f"{item.name} lot {read.lot or read.serial} was never received here. Scan another box.")
    units = item.quantity if read.pack_code and item.quantity else 1
    return Thing(item=item, units=units, lot=lot, expires_on=read.expires_on)


def _second_code(session: Session, read: Scan) -> Thing:
    """A label's second code names the lot alone: enough where only one lot of ours has that number."""
    found = session.execute(_LOT.where(Lot.number == read.lot).limit(2)).all() if read.lot else []
    if len(found) != 1:
        raise Wrong(LOT_ALONE)
    item = session.execute(_ITEM.where(Item.id == found[0].item_id).order_by(ItemPack.quantity)).first()
    return Thing(item=item, lot=found[0], expires_on=read.expires_on)


def _asset_of(session: Session, item_id: int, serial: str) -> Any:
    return session.execute(
        select(Asset.id, Asset.tag, Asset.serial, Item.name, Item.kind, Item.hcpcs)
        .join(Item, Item.id == Asset.item_id)
        .where(Asset.item_id == item_id, Asset.serial == serial.upper())
    ).one_or_none()


_LOT = select(Lot.id, Lot.item_id, Lot.number, Lot.serial, Lot.expires_on, Lot.held)


def _lot(session: Session, item_id: int, number: str | None, serial: str | None) -> Any:
    wanted = _LOT.where(Lot.item_id == item_id)
    if serial:
        found = session.execute(wanted.where(Lot.serial == serial)).first()
        if found is not None:
            return found
    return session.execute(wanted.where(Lot.number == (number or ""), Lot.serial == "")).first()


def _lot_label(session: Session, code: str) -> Thing:
    """Our own lot labels name the item and the lot ("ITEM/LOT"), or the lot alone where only one has that number."""
    number, slash, lot_number = code.partition("/")
    wanted = _LOT.add_columns(Item.number.label("item_number")).join(Item, Item.id == Lot.item_id)
    named = wanted.where(Item.number == number, Lot.number == lot_number) if slash else None
    if code.startswith(BY_ID) and lot_number.isascii() and lot_number.isdecimal() and len(code) < 20:
        named = wanted.where(Lot.id == int(lot_number))
    found = [] if named is None else session.execute(named.limit(2)).all()
    found = found or session.execute(wanted.where(Lot.number == code).limit(2)).all()
    if len(found) != 1:
        raise Wrong(f"The lot label {code} names no lot of ours, or more than one. Scan the box instead.")
    item = session.execute(_ITEM.where(Item.id == found[0].item_id).order_by(ItemPack.quantity)).first()
    return Thing(item=item, lot=found[0])


def lots_for(session: Session, head: Head, item_id: ItemId) -> Sequence[Any]:
    """The delivery's lots of an item, the first to expire first."""
    return session.execute(
        select(
            DeliveryLot.id, DeliveryLot.line_id, DeliveryLot.lot_id, DeliveryLot.location_id, DeliveryLot.quantity,
            DeliveryLot.picked, DeliveryLot.verified, Lot.number, Lot.serial, Lot.expires_on,
        )
        .join(DeliveryLine, DeliveryLine.id == DeliveryLot.line_id)
        .join(Lot, Lot.id == DeliveryLot.lot_id)
        .where(DeliveryLot.delivery_id == head.id, DeliveryLine.item_id == item_id)
        .order_by(Lot.expires_on, DeliveryLot.id)
    ).all()  # fmt: skip


def refuse_wrong_box(head: Head, thing: Thing) -> None:
    """A code without its lot, a lot that is expired or held, a label whose expiry is not the one we keep for it."""
    lot, item = thing.lot, thing.item
    if lot is None and item.lot_tracked:
        raise Wrong(f"This code of {item.name} does not say the lot. Scan the code with the lot, or type the number.")
    if lot is not None and lot.held:
        raise Wrong(f"{item.name} lot {lot.number} is held: {lot.held}. Put it aside and take another lot.")
    expires_on = thing.expires_on or (lot.expires_on if lot is not None else None)
    if expires_on is not None and expires_on <= head.period.last:
        raise Wrong(
            f"{item.name} lot {lot.number if lot is not None else ''} expires on {show_day(expires_on)}, "
            f"but must last beyond {show_day(head.period.last)}. Take a lot that expires later."
        )
    if lot is not None and thing.expires_on and lot.expires_on and thing.expires_on != lot.expires_on:
        raise Wrong(
            f"The label says {show_day(thing.expires_on)}, our books say {show_day(lot.expires_on)} for {item.name} "
            f"lot {lot.number}. Put the box aside and have the lot checked."
        )


def unfinished(session: Session, head: Head, verifying: bool) -> bool:
    """Whether a lot or a pump of the delivery still waits for this step."""
    done = DeliveryLot.verified if verifying else DeliveryLot.picked
    seen = DeliveryEquipment.verified if verifying else DeliveryEquipment.picked
    lots = select(DeliveryLot.id).where(DeliveryLot.delivery_id == head.id, done < DeliveryLot.quantity).limit(1)
    things = select(DeliveryEquipment.id).where(DeliveryEquipment.delivery_id == head.id, ~seen).limit(1)
    return session.scalar(lots) is not None or session.scalar(things) is not None
