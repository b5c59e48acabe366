"""Which lot a scan means: a maker's code with its lot, our own lot label, or a line of a counting sheet."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.errors import Refused
from infusion_desktop.stock.scanning.scan_values import Scan, ScanKind
from infusion_desktop.stock.tables import Item, ItemPack, Lot
from infusion_desktop.stock.words import ItemId, LotId

BY_ID = "ID/"
"""Our own label of a lot whose item or number has characters that our labels do not hold: LOT:ID/123."""

LOT_ALONE = "This code does not say which item it is. Scan the other code on the label, or one that holds both."


@dataclass(frozen=True, slots=True)
class ScannedLots:
    """The lots a scan may mean; ``pack_quantity`` is how many base units the scanned package holds."""

    item_id: ItemId
    item_number: str
    item_name: str
    unit: str
    lots: tuple[tuple[LotId, str, date | None], ...]
    pack_quantity: int = 1


def scanned_lots(session: Session, scan: Scan) -> ScannedLots:
    """Every lot of the scanned item that the code may mean: one when it names its lot. Refused for other codes."""
    if scan.kind is ScanKind.LOT_LABEL:
        return _own_label(session, scan.code)
    if scan.kind not in (ScanKind.PRODUCT, ScanKind.TEXT):
        raise Refused(f"This is the label of a {scan.kind.value}. Scan a box or a lot label.")
    item, units = _item(session, scan) if scan.pack_code or scan.code else (_item_of_lot(session, scan), 1)
    wanted = select(Lot.id, Lot.number, Lot.serial, Lot.expires_on).where(Lot.item_id == item.id)
    if scan.lot:
        wanted = wanted.where(Lot.number == scan.lot.upper())
    if scan.serial and item.serial_tracked:
        wanted = wanted.where(Lot.serial == scan.serial.upper())
    rows = session.execute(wanted.order_by(Lot.expires_on, Lot.id)).all()
    if not rows and (scan.lot or scan.serial):
        raise Refused(f"Lot {scan.lot or scan.serial} of {item.name} was never received here. Receive it first.")
    lots = tuple((LotId(row.id), _named(row.number, row.serial), row.expires_on) for row in rows)
    return ScannedLots(ItemId(item.id), item.number, item.name, item.base_unit, lots, units)


def _item(session: Session, scan: Scan) -> tuple[Item, int]:
    by_code = ItemPack.gtin == scan.pack_code if scan.pack_code else Item.number == scan.code.upper()
    found = session.execute(
        select(Item, ItemPack.quantity)
        .outerjoin(ItemPack, ItemPack.item_id == Item.id)
        .where(by_code)
        .order_by(ItemPack.quantity)
    ).first()
    if found is None:
        raise Refused(f"“{scan.raw[:40]}” is not in the catalogue. Scan the box again, or type the item's number.")
    return found[0], (found[1] or 1) if scan.pack_code else 1


def _item_of_lot(session: Session, scan: Scan) -> Item:
    """A label's second code names the lot alone: enough where only one item of ours has such a lot."""
    wanted = select(Item).where(Item.id.in_(select(Lot.item_id).where(Lot.number == (scan.lot or "").upper())))
    found = session.scalars(wanted.limit(2)).all() if scan.lot else []
    if len(found) != 1:
        raise Refused(LOT_ALONE)
    return found[0]


def _own_label(session: Session, code: str) -> ScannedLots:
    query = select(Lot.id, Lot.number, Lot.serial, Lot.expires_on, Item).join(Item, Item.id == Lot.item_id)
    named = code.removeprefix(BY_ID)
    if named != code and named.isascii() and named.isdecimal() and len(code) < 20:
        query = query.where(Lot.id == int(named))
    else:
        number, _, lot = code.partition("/")
        query = query.where(Item.number == number, Lot.number == lot)
    rows = session.execute(query.order_by(Lot.id)).all()
    if not rows:
        raise Refused(f"No lot has the label “LOT:{code[:40]}”. Scan the maker's code instead.")
    item = rows[0].Item
    lots = tuple((LotId(row.id), _named(row.number, row.serial), row.expires_on) for row in rows)
    return ScannedLots(ItemId(item.id), item.number, item.name, item.base_unit, lots)


def _named(number: str, serial: str) -> str:
    return f"{number} / {serial}" if serial else number
