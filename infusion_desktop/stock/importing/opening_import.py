"""Opening balances from a file: what lies where on the first day, looked at before it is taken in, undone as one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.counters import next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day
from infusion_desktop.errors import Refused
from infusion_desktop.stock.importing.table_preview import Form, Line, Preview, look_at, read_cell_day
from infusion_desktop.stock.ledger import NewMove, post, reverse
from infusion_desktop.stock.lots import set_expiry
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.scanning.scans import read_pack_code
from infusion_desktop.stock.scarce.recall import hold_recalled
from infusion_desktop.stock.tables import Balance, Item, ItemPack, Location, Lot, Move, RecallScope
from infusion_desktop.stock.words import ItemId, LocationId, LocationKind, LotId, MoveId, MoveReason

DOCUMENT = "opening"
FIELDS: dict[str, tuple[str, ...]] = {
    "item": ("item", "item number", "number", "sku", "item no"),
    "gtin": ("gtin", "upc", "barcode"),
    "lot": ("lot", "lot number", "batch"),
    "expires_on": ("expires", "expires on", "expiry", "expiration", "expiration date", "exp"),
    "serial": ("serial", "serial number"),
    "place": ("place", "bin", "location"),
    "quantity": ("quantity", "qty", "on hand", "count"),
    "pack": ("pack", "unit", "uom"),
    "unit_cost": ("unit cost", "cost", "cost of one"),
}
"""What can be brought, and the headings that are understood as it without asking."""
FORM = Form("line", FIELDS, (("quantity",), ("item", "gtin")))
_WHOLE = re.compile(r"\d{1,9}", re.ASCII)
_COST = re.compile(r"\d{1,8}(\.\d{1,4})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class OpeningRow:
    """A line of the file as it would be taken in; ``units`` are base units."""

    line: int
    item_id: ItemId
    item_number: str
    item_name: str
    unit: str
    lot: str
    serial: str
    expires_on: date | None
    place_id: LocationId
    place: str
    units: int
    packs: str
    """How the file said it, such as "3 case of 60"."""
    unit_cost: Decimal

    @property
    def value(self) -> Decimal:
        return self.units * self.unit_cost


@dataclass(frozen=True, slots=True)
class OpeningBatch:
    """Opening balances that were taken in together; ``undone`` when all of it was taken back."""

    number: int
    at: datetime
    lines: int
    units: int
    undone: bool


def preview_opening(
    session: Session, content: bytes, name: str, mapping: Mapping[str, int] | None = None
) -> Preview[OpeningRow]:
    """Read a file against catalogue, places and lots, changing nothing. Refused when it is no table at all."""
    return look_at(FORM, content, name, _Reader(session).read, mapping)


def import_opening(database: Database, preview: Preview[OpeningRow], by: UserId) -> int:
    """Take every row in as one batch, or none; gives the batch's number, by which it is undone."""
    preview.refuse_problems()
    with database.transaction() as session:
        authorize(session, by, Permission.APPROVE_COUNT)
        batch = next_number(session, DOCUMENT)
        lots = _lots(session, preview.rows)
        outside = place_id(session, "ADJUST")
        moves = [
            NewMove(lots[row.item_id, row.lot, row.serial], outside, row.place_id, row.units, MoveReason.OPENING)
            for row in preview.rows
        ]
        post(session, moves, DOCUMENT, batch, by)
        record(session, by, "take in opening balances", DOCUMENT, batch,
               after={"lines": len(moves), "units": sum(move.quantity for move in moves)})  # fmt: skip
        return batch


def undo_opening(database: Database, batch: int, why: str, by: UserId) -> int:
    """Take a whole batch back by reversing entries; refused, naming them, when units of it have gone on meanwhile."""
    if not why.strip():
        raise Refused("Say why the opening balances are taken back.")
    with database.transaction() as session:
        authorize(session, by, Permission.APPROVE_COUNT)
        undone = select(Move.reverses_id).where(Move.reverses_id.is_not(None))
        mine = (Move.document == DOCUMENT, Move.document_id == batch, Move.reverses_id.is_(None))
        moves = session.scalars(select(Move.id).where(*mine, Move.id.not_in(undone)).order_by(Move.id)).all()
        if not moves:
            raise Refused(f"There is nothing of batch {batch} to take back.")
        for move in moves:
            reverse(session, MoveId(move), why.strip(), by)
        record(session, by, "undo opening balances", DOCUMENT, batch, reason=why, after={"lines": len(moves)})
        return len(moves)


def opening_batches(session: Session) -> tuple[OpeningBatch, ...]:
    """What was taken in so far, the newest first."""
    undone = select(Move.reverses_id).where(Move.document == DOCUMENT, Move.reverses_id.is_not(None))
    left = dict.fromkeys(session.scalars(
        select(Move.document_id).where(Move.document == DOCUMENT, Move.reverses_id.is_(None), Move.id.not_in(undone))
        .distinct()))  # fmt: skip
    rows = session.execute(
        select(Move.document_id, func.min(Move.recorded_at), func.count(), func.sum(Move.quantity))
        .where(Move.document == DOCUMENT, Move.reverses_id.is_(None))
        .group_by(Move.document_id)
        .order_by(Move.document_id.desc())
    )
    return tuple(OpeningBatch(row[0], row[1], row[2], int(row[3]), row[0] not in left) for row in rows)


def _lots(session: Session, rows: tuple[OpeningRow, ...]) -> dict[tuple[ItemId, str, str], LotId]:
    """The lot of each row: those that are known, and new ones; those of them that a recall names are held."""
    wanted: dict[tuple[ItemId, str, str], OpeningRow] = {}
    for row in rows:
        wanted.setdefault((row.item_id, row.lot, row.serial), row)
    found: dict[tuple[ItemId, str, str], LotId] = {}
    idle = _idle(session)
    for lot in session.execute(
        select(Lot.id, Lot.item_id, Lot.number, Lot.serial).where(Lot.item_id.in_({row.item_id for row in rows}))
    ):
        key = (ItemId(lot.item_id), lot.number, lot.serial)
        found[key] = LotId(lot.id)
        if lot.id in idle and key in wanted:  # Only ever part of a batch that was taken back: this file is right.
            set_expiry(session, LotId(lot.id), wanted[key].expires_on)
            session.execute(update(Lot).where(Lot.id == lot.id).values(unit_cost=wanted[key].unit_cost))
    fresh = [row for key, row in wanted.items() if key not in found]
    if fresh:
        ids: Sequence[int] = session.scalars(
            insert(Lot).returning(Lot.id, sort_by_parameter_order=True),
            [{"item_id": row.item_id, "number": row.lot, "serial": row.serial, "expires_on": row.expires_on, "held": "",
              "unit_cost": row.unit_cost, "version": 1} for row in fresh],
        ).all()  # fmt: skip
        for row, lot_id in zip(fresh, ids, strict=True):
            found[row.item_id, row.lot, row.serial] = LotId(lot_id)
        recalled = set(session.scalars(select(RecallScope.item_id)))
        named = [lot_id for row, lot_id in zip(fresh, ids, strict=True) if row.item_id in recalled]
        hold_recalled(session, [session.get_one(Lot, lot_id) for lot_id in named])
    return found


def _idle(session: Session) -> set[int]:
    """Lots that are known from opening balances alone and lie nowhere any more."""
    only = select(Move.lot_id).group_by(Move.lot_id).having(func.min(Move.document) == func.max(Move.document))
    here = select(Balance.lot_id).where(Balance.on_hand > 0)
    opened = only.having(func.min(Move.document) == DOCUMENT)
    return set(session.scalars(select(Lot.id).where(Lot.id.in_(opened), Lot.id.not_in(here))))


class _Reader:
    """Reads line after line, knowing the catalogue, the places, the lots and the lines before."""

    def __init__(self, session: Session) -> None:
        self._items: dict[str, Any] = {row.number.casefold(): row for row in session.execute(
            select(Item.id, Item.number, Item.name, Item.base_unit, Item.kind, Item.lot_tracked, Item.serial_tracked,
                   Item.unit_cost).where(Item.ended_on.is_(None)))}  # fmt: skip
        self._by_id = {row.id: row for row in self._items.values()}
        self._packs: dict[int, dict[str, int]] = {}
        self._gtins: dict[str, tuple[int, int]] = {}
        for pack in session.execute(select(ItemPack.item_id, ItemPack.name, ItemPack.quantity, ItemPack.gtin)):
            self._packs.setdefault(pack.item_id, {})[pack.name] = pack.quantity
            if pack.gtin:
                self._gtins[pack.gtin] = (pack.item_id, pack.quantity)
        ours = Location.kind.not_in([LocationKind.PATIENT_HOME, LocationKind.TRANSIT])
        self._places = {row.code.casefold(): row for row in session.execute(
            select(Location.id, Location.code, Location.kind).where(ours, Location.ended_on.is_(None)))
            if row.kind.keeps_balance}  # fmt: skip
        idle = _idle(session)
        self._lots = {(lot.item_id, lot.number, lot.serial): lot.expires_on for lot in session.execute(
            select(Lot.id, Lot.item_id, Lot.number, Lot.serial, Lot.expires_on)) if lot.id not in idle}  # fmt: skip
        self._serials = {(item, serial): "the books" for item, _, serial in self._lots if serial}
        self._seen: dict[tuple[int, str, str, int], int] = {}

    def read(self, line: Line) -> OpeningRow | None:
        """One line: a row when all of it is good, problems otherwise."""
        item, size = self._item(line)
        code = line.text("place") or "MAIN"
        place = self._places.get(code.casefold())
        if place is None:
            line.wrong("place", f"“{code[:40]}” is no place of ours. Add it first.")
        units, said = self._units(line, item, size)
        expires_on, cost = line.value("expires_on", read_cell_day, None), self._cost(line, item)
        lot, serial = line.text("lot").upper(), line.text("serial").upper()
        if item is None or place is None:
            return None
        expires_on = self._identity(line, item, lot, serial, expires_on, units)
        key = (item.id, lot, serial, place.id)
        if key in self._seen:
            line.wrong("", f"the same lot in the same place stands on line {self._seen[key]} already.")
        self._seen.setdefault(key, line.number)
        return OpeningRow(
            line.number, ItemId(item.id), item.number, item.name, item.base_unit, lot, serial, expires_on,
            LocationId(place.id), place.code, units, said, cost,
        )  # fmt: skip

    def _item(self, line: Line) -> tuple[Any, int]:
        """The item, and the units in one of what the line counts (by its code)."""
        named, typed = line.text("item"), line.text("gtin")
        item, size = self._items.get(named.casefold()), 1
        if typed:
            try:
                found = self._gtins.get(read_pack_code(typed))
            except Refused as no:
                line.wrong("gtin", str(no))
                return None, 1
            if found is None:
                line.wrong("gtin", f"no item has the code {typed[:20]}. Attach it to its item first.")
                return None, 1
            if item is not None and item.id != found[0]:
                line.wrong("gtin", f"belongs to another item than {item.number}.")
            item, size = self._by_id.get(found[0]), found[1]
        if item is None:
            unknown = f"“{named[:40]}” is no item in use. Import the catalogue first."
            line.wrong("item" if "item" in line.mapping else "gtin", unknown if named else "is empty.")
        elif item.kind.is_equipment:
            line.wrong("item", f"{item.name} is equipment; import it into the equipment register.")
        return item, size

    def _units(self, line: Line, item: Any, size: int) -> tuple[int, str]:
        text = line.text("quantity").replace(",", "").removesuffix(".0")
        if not _WHOLE.fullmatch(text) or not int(text):
            line.wrong("quantity", f"“{line.text('quantity')[:20]}” is not a whole number above zero.")
            return 0, ""
        name = line.text("pack").lower()
        if name and item is not None:
            packs = self._packs.get(item.id, {})
            if name not in packs and name != item.base_unit:
                known = ", ".join(sorted(packs))
                line.wrong("pack", f"{item.name} has no pack “{name[:20]}”. Known are: {known}.")
                return 0, ""
            size = packs.get(name, 1)
        units = int(text) * size
        if units > 1_000_000_000:
            line.wrong("quantity", "is more than a billion units.")
        return units, f"{int(text):,} {name or 'pack'} of {size:,}" if size > 1 else f"{units:,}"

    def _cost(self, line: Line, item: Any) -> Decimal:
        plain = line.text("unit_cost").removeprefix("$").replace(",", "")
        if not plain:
            return Decimal(0) if item is None else Decimal(item.unit_cost)
        if not _COST.fullmatch(plain):
            typed = line.text("unit_cost")[:20]
            line.wrong("unit_cost", f"“{typed}” is not a cost such as 0.0345 (at most four places).")
            return Decimal(0)
        return Decimal(plain)

    def _identity(
        self, line: Line, item: Any, lot: str, serial: str, expires_on: date | None, units: int
    ) -> date | None:
        """Lot, serial number and expiry against what is known; gives the expiry that holds."""
        if item.lot_tracked and not lot:
            line.wrong("lot", f"{item.name} needs its lot number.")
        if len(lot) > 40 or len(serial) > 60:
            line.wrong("lot", "a lot number has at most 40 characters and a serial number 60.")
        if item.serial_tracked and not serial:
            line.wrong("serial", f"{item.name} needs its serial number.")
        if serial:
            if units > 1:
                line.wrong("quantity", "a serial number is one unit.")
            if (item.id, serial) in self._serials:
                line.wrong("serial", f"“{serial[:40]}” is in {self._serials[item.id, serial]} already.")
            self._serials[item.id, serial] = f"line {line.number}"
        key = (item.id, lot, serial)
        known = self._lots.get(key)
        if known is not None and expires_on is not None and known != expires_on:
            line.wrong("expires_on", f"lot {lot} is known to expire {show_day(known)}. Check the label.")
        if key in self._lots and known is None and expires_on is not None:
            line.wrong("expires_on", f"lot {lot} is in the books without an expiry date. Correct the lot first.")
        self._lots.setdefault(key, expires_on)
        return known or expires_on
