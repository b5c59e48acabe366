"""Taking a supplier's delivery into stock: scanned lines become lots in a bin, as one receipt."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.counters import next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import local_day, now_utc, show_day
from infusion_desktop.errors import Refused, refuse_if, warn_unless
from infusion_desktop.stock.buying.order_receiving import (
    OpenOrder,
    ReceiptRow,
    count_received,
    keep_receipt_lines,
    open_order,
    reasons_to_ask,
)
from infusion_desktop.stock.ledger import NewMove, post
from infusion_desktop.stock.lots import set_expiry
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.scanning.scan_values import Scan, ScanKind
from infusion_desktop.stock.scarce.recall import hold_recalled
from infusion_desktop.stock.tables import Item, ItemPack, Lot, Receipt
from infusion_desktop.stock.words import Condition, ItemId, LocationId, LotId, MoveReason, OrderId, PackId, ReceiptId


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """What was in one box: so many packs of an item (of base units without a pack), with lot, expiry and serial."""

    item_id: ItemId
    packs: int
    pack_id: PackId | None = None
    lot: str = ""
    expires_on: date | None = None
    serial: str = ""
    unit_cost: Decimal | None = None
    """Dollars for one base unit; None takes the order's, or the catalogue's."""
    condition: Condition = Condition.GOOD
    note: str = ""


@dataclass(frozen=True, slots=True)
class NewReceipt:
    """A supplier's delivery, as it is taken in."""

    lines: tuple[ReceiptLine, ...]
    place: str = "MAIN"
    packing_slip: str = ""
    vendor_id: int | None = None
    order_id: OrderId | None = None
    """The order it is received against."""
    registered: tuple[tuple[ItemId, int], ...] = ()
    """Pumps and poles of the same truck that go into the equipment register: item and how many."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a scan at the receiving bench means; ``item_id`` is None when nobody told us this GTIN yet."""

    scan: Scan
    item_id: ItemId | None
    item_number: str = ""
    item_name: str = ""
    pack_id: PackId | None = None
    pack_name: str = ""
    pack_quantity: int = 1
    is_equipment: bool = False
    lot_tracked: bool = True
    serial_tracked: bool = False
    known_expiry: date | None = None
    notes: tuple[str, ...] = ()


def recognise(session: Session, scan: Scan, today: date) -> Recognised:
    """Which item, pack and lot a scan is. Refused for codes that are no product."""
    if scan.pack_code:
        wanted = ItemPack.gtin == scan.pack_code
    elif scan.kind in (ScanKind.TEXT, ScanKind.PRODUCT):
        wanted = Item.number == (scan.code or scan.raw).strip()
    else:
        raise Refused(f"This is the label of a {scan.kind.value}, not of a product. Scan the box.")
    found = session.execute(
        select(Item, ItemPack).join(ItemPack, ItemPack.item_id == Item.id).where(wanted).order_by(ItemPack.quantity)
    ).first()
    if found is None:
        if scan.kind is ScanKind.TEXT:
            raise Refused(
                f"“{scan.raw[:40]}” is neither a product code nor an item number. Scan again, or type the number."
            )
        return Recognised(scan, None)
    item, pack = found
    notes: list[str] = []
    if item.ended_on is not None:
        notes.append(f"{item.name} was ended on {show_day(item.ended_on)}.")
    known = None
    if scan.lot:
        lot = session.scalar(select(Lot).where(Lot.item_id == item.id, Lot.number == scan.lot))
        if lot is not None:
            known = lot.expires_on
            if lot.held:
                notes.append(f"Lot {lot.number} is held: {lot.held}.")
    expires_on = scan.expires_on or known
    if expires_on is not None and expires_on <= today:
        notes.append(f"It expired on {show_day(expires_on)}.")
    if pack.quantity > 1:
        notes.append(f"One {pack.name} is {pack.quantity} {item.base_unit}.")
    return Recognised(
        scan, ItemId(item.id), item.number, item.name, PackId(pack.id), pack.name, pack.quantity,
        item.kind.is_equipment, item.lot_tracked, item.serial_tracked, known, tuple(notes),
    )  # fmt: skip


def receive(
    database: Database, receipt: NewReceipt, by: UserId, at: datetime | None = None, override: str = ""
) -> ReceiptId:
    """Take a supplier's delivery of supplies into stock (with pumps in it: equipment/receiving).

    Expired or held lots, and more or other goods than the order says, are warned about; everything else that is wrong
    is refused, naming the line. What is not good goes to quarantine, to be sent back.
    """
    with database.transaction() as session:
        return receive_in(session, receipt, by, at, override)


def receive_in(
    session: Session, receipt: NewReceipt, by: UserId, at: datetime | None = None, override: str = "",
    *, empty: bool = False,
) -> ReceiptId:  # fmt: skip
    """The same within a larger deed; ``empty`` allows a receipt that holds only equipment."""
    authorize(session, by, Permission.RECEIVE)
    if not receipt.lines and not receipt.registered and not empty:
        raise Refused("Nothing has been scanned yet. Scan the first box.")
    now = at or now_utc()
    order = None if receipt.order_id is None else open_order(session, receipt.order_id)
    if order is not None:
        counted = [(line.item_id, _units(session, line), line.condition) for line in receipt.lines]
        counted += [(item, count, Condition.GOOD) for item, count in receipt.registered]
        warn_unless(override, reasons_to_ask(session, order, counted))
    kept = Receipt(
        number=f"R{next_number(session, 'receipt'):06}", staff_id=by, received_at=now,
        vendor_id=receipt.vendor_id if order is None else order.vendor_id, order_id=receipt.order_id,
        packing_slip=receipt.packing_slip.strip(),
    )  # fmt: skip
    session.add(kept)
    session.flush()
    taken = _taken(session, receipt, order, local_day(now), override)
    vendor, place = place_id(session, "VENDOR"), place_id(session, receipt.place)
    aside = place_id(session, "QUARANTINE") if any(each.line.condition.goes_back for each in taken) else place
    moves = [
        NewMove(
            LotId(each.lot.id), vendor, aside if each.line.condition.goes_back else place, each.quantity,
            MoveReason.RECEIVED, _note(each.line),
            unit_cost=None if each.unit_cost == each.lot.unit_cost else each.unit_cost,
        )
        for each in taken
        if each.lot is not None
    ]  # fmt: skip
    post(session, moves, "receipt", kept.id, by, at)
    rows = [each.row(kept.id, aside if each.line.condition.goes_back else place) for each in taken]
    rows += [_registered_row(session, kept.id, order, *each) for each in receipt.registered]
    keep_receipt_lines(session, rows)
    if order is not None:
        count_received(session, order, rows, kept.number, by)
    record(
        session, by, "receive", "receipt", kept.id, reason=override,
        after={"number": kept.number, "lines": len(rows), "units": sum(row["quantity"] for row in rows),
               "order": receipt.order_id},
    )  # fmt: skip
    return ReceiptId(kept.id)


@dataclass(frozen=True, slots=True)
class _Taken:
    """A line as it is kept: its lot (none for what is missing), its order line and its cost."""

    line: ReceiptLine
    lot: Lot | None
    order_line_id: int | None
    pack_quantity: int
    unit_cost: Decimal

    @property
    def quantity(self) -> int:
        return self.line.packs * self.pack_quantity

    def row(self, receipt_id: int, place: LocationId) -> ReceiptRow:
        return {
            "receipt_id": receipt_id, "order_line_id": self.order_line_id, "item_id": self.line.item_id,
            "lot_id": None if self.lot is None else self.lot.id, "place_id": None if self.lot is None else place,
            "condition": self.line.condition, "packs": self.line.packs, "pack_quantity": self.pack_quantity,
            "quantity": self.quantity, "unit_cost": self.unit_cost, "note": self.line.note.strip(),
        }  # fmt: skip


def _note(line: ReceiptLine) -> str:
    return "" if line.condition is Condition.GOOD else f"{line.condition.value}. {line.note}".strip()


def _units(session: Session, line: ReceiptLine) -> int:
    pack = None if line.pack_id is None else session.get(ItemPack, line.pack_id)
    return line.packs * (1 if pack is None else pack.quantity)


def _registered_row(session: Session, receipt_id: int, order: OpenOrder | None, item: ItemId, count: int) -> ReceiptRow:
    ordered = None if order is None else order.lines.get(item)
    cost = ordered.unit_cost if ordered is not None else session.get_one(Item, item).unit_cost
    return {
        "receipt_id": receipt_id, "order_line_id": None if ordered is None else ordered.id, "item_id": item,
        "lot_id": None, "place_id": None, "condition": Condition.GOOD, "packs": count, "pack_quantity": 1,
        "quantity": count, "unit_cost": cost, "note": "into the equipment register",
    }  # fmt: skip


def _taken(session: Session, receipt: NewReceipt, order: OpenOrder | None, day: date, override: str) -> list[_Taken]:
    lines = receipt.lines
    items = {
        item.id: item for item in session.scalars(select(Item).where(Item.id.in_({line.item_id for line in lines})))
    }
    packs = {pack.id: pack for pack in session.scalars(select(ItemPack).where(ItemPack.item_id.in_(items)))}
    wanted = {(line.item_id, _lot_number(line), _serial(line)) for line in lines}
    found = session.scalars(
        select(Lot).where(Lot.item_id.in_(items), Lot.number.in_({number for _, number, _ in wanted}))
    )
    lots = {(lot.item_id, lot.number, lot.serial): lot for lot in found}
    reasons: list[str] = []
    warnings: list[str] = []
    fresh: dict[tuple[int, str, str], Lot] = {}
    learned: dict[tuple[int, str, str], date] = {}
    taken: list[_Taken] = []
    for number, line in enumerate(lines, 1):
        item, pack = items.get(line.item_id), packs.get(line.pack_id or 0)
        wrong = _wrong_line(line, item, pack)
        if item is None or wrong:
            reasons += [f"Line {number}: {reason}" for reason in wrong]
            continue
        ordered = None if order is None else order.lines.get(line.item_id)
        cost = line.unit_cost
        if cost is None:
            cost = item.unit_cost if ordered is None else ordered.unit_cost
        order_line, size = None if ordered is None else ordered.id, pack.quantity if pack is not None else 1
        if line.condition is Condition.MISSING:
            taken.append(_Taken(line, None, order_line, size, cost))
            continue
        key = (line.item_id, _lot_number(line), _serial(line))
        lot = lots.get(key) or fresh.get(key)
        if key[2] and (lot is not None or _serial_is_known(session, item.id, key[2])):
            reasons.append(f"Line {number}: serial number {key[2]} of {item.name} came in before. Check the label.")
            continue
        if lot is None:
            lot = fresh[key] = Lot(
                item_id=item.id, number=key[1], serial=key[2], expires_on=line.expires_on, unit_cost=cost
            )
            session.add(lot)
        elif line.expires_on is not None and (lot.expires_on or learned.get(key)) not in (None, line.expires_on):
            known_day = lot.expires_on or learned.get(key)
            reasons.append(
                f"Line {number}: lot {lot.number} of {item.name} is known to expire {show_day(known_day)}, this "
                f"label says {show_day(line.expires_on)}. Check the label, or correct the lot."
            )
            continue
        elif lot.expires_on is None and line.expires_on is not None:
            learned[key] = line.expires_on
        expires_on = lot.expires_on or learned.get(key)
        if expires_on is not None and expires_on <= day:
            warnings.append(f"Line {number}: lot {lot.number} of {item.name} expired on {show_day(expires_on)}.")
        if lot.held:
            warnings.append(f"Line {number}: lot {lot.number} of {item.name} is held: {lot.held}.")
        taken.append(_Taken(line, lot, order_line, size, cost))
    refuse_if(reasons)
    if fresh:
        session.flush()
        warnings += hold_recalled(session, list(fresh.values()))
    warn_unless(override, warnings)
    session.flush()
    for lot_key, new_day in learned.items():
        set_expiry(session, LotId((lots.get(lot_key) or fresh[lot_key]).id), new_day)
    return taken


def _wrong_line(line: ReceiptLine, item: Item | None, pack: ItemPack | None) -> list[str]:
    if item is None:
        return ["there is no such item."]
    reasons = []
    if item.kind.is_equipment and line.condition is not Condition.MISSING:
        reasons.append(f"{item.name} is equipment; register it by its serial number.")
    if line.pack_id is not None and (pack is None or pack.item_id != item.id):
        reasons.append(f"this pack does not belong to {item.name}.")
    if not 1 <= line.packs <= 1_000_000:
        reasons.append("the quantity must be from 1 to 1,000,000.")
    if line.condition is Condition.MISSING:
        return reasons
    if item.lot_tracked and not line.lot.strip():
        reasons.append(f"{item.name} needs its lot number. Scan or type it.")
    if len(line.lot) > 40:
        reasons.append("a lot number has at most 40 characters.")
    if item.serial_tracked and not line.serial.strip():
        reasons.append(f"{item.name} needs its serial number. Scan or type it.")
    if line.serial.strip() and line.packs * (pack.quantity if pack is not None else 1) != 1:
        reasons.append("a serial number is one unit; the quantity must be 1.")
    if line.unit_cost is not None and line.unit_cost < 0:
        reasons.append("a cost is not below zero.")
    return reasons


def _lot_number(line: ReceiptLine) -> str:
    return line.lot.strip().upper()


def _serial(line: ReceiptLine) -> str:
    return line.serial.strip().upper()


def _serial_is_known(session: Session, item_id: int, serial: str) -> bool:
    return session.scalar(select(Lot.id).where(Lot.item_id == item_id, Lot.serial == serial)) is not None
