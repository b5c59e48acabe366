"""Opening balances from a file: what lies where on the first day, looked at before it is taken in, undone as one."""

import re
from collections.abc import Mapping
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
from infusion_desktop.dates import read_day, show_day
from infusion_desktop.errors import Refused
from infusion_desktop.identifiers import gtin14
from infusion_desktop.stock.importing.table_files import Problem, lines_to_mend, read_headed_table
from infusion_desktop.stock.ledger import NewMove, post, reverse
from infusion_desktop.stock.lots import set_expiry
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.tables import Balance, Item, ItemPack, Location, Lot, Move
from infusion_desktop.stock.words import ItemId, LocationId, LocationKind, LotId, MoveId, MoveReason

DOCUMENT = "opening"
MOST_PROBLEMS = 200
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
class OpeningPreview:
    """What a file would do, before anything is changed."""

    headings: tuple[str, ...]
    rows: tuple[OpeningRow, ...]
    problems: tuple[Problem, ...]
    cells: dict[int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class OpeningBatch:
    """Opening balances that were taken in together; ``undone`` when all of it was taken back."""

    number: int
    at: datetime
    lines: int
    units: int
    undone: bool


def preview_opening(session: Session, content: bytes, name: str) -> OpeningPreview:
    """Read a file against catalogue, places and lots, changing nothing. Refused when it is no table at all."""
    headings, table = read_headed_table(content, name)
    if not any(headings):
        raise Refused(f"{name} is empty. Its first line must name the columns, such as item, lot, place, quantity.")
    mapping = _guess(headings)
    missing = ["quantity"] if "quantity" not in mapping else []
    missing += [] if "item" in mapping or "gtin" in mapping else ["item or gtin"]
    if missing:
        sentence = f"No column holds the {' and the '.join(missing)}. Name the columns in the first line."
        return OpeningPreview(headings, (), (Problem(1, "", sentence),), {})
    reader = _Reader(session, headings, mapping)
    cells: dict[int, tuple[str, ...]] = {}
    for line, row in table:
        if any(cell.strip() for cell in row):
            cells[line] = tuple(row)
            reader.read(line, row)
        if len(reader.problems) > MOST_PROBLEMS:
            more = Problem(line, "", "... and more. Mend these first.")
            reader.problems = [*reader.problems[:MOST_PROBLEMS], more]
            break
    if not cells:
        reader.problems.append(Problem(1, "", "There is nothing below the first line."))
    return OpeningPreview(headings, tuple(reader.rows), tuple(reader.problems), cells)


def bad_lines(preview: OpeningPreview) -> bytes:
    """The lines with a problem as they came, with what is wrong in a last column: a CSV to mend and bring again."""
    found: dict[int, list[str]] = {}
    for each in preview.problems:
        found.setdefault(each.line, []).append(f"{each.column}: {each.reason}" if each.column else each.reason)
    return lines_to_mend(preview.headings, preview.cells, found)


def import_opening(database: Database, preview: OpeningPreview, by: UserId) -> int:
    """Take every row in as one batch, or none; gives the batch's number, by which it is undone."""
    if preview.problems or not preview.rows:
        raise Refused(*[str(each) for each in preview.problems[:20]] or ("There is nothing to take in.",))
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
    """The lot of each row: those that are known, and new ones."""
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
        ids = session.scalars(
            insert(Lot).returning(Lot.id, sort_by_parameter_order=True),
            [{"item_id": row.item_id, "number": row.lot, "serial": row.serial, "expires_on": row.expires_on, "held": "",
              "unit_cost": row.unit_cost, "version": 1} for row in fresh],
        )  # fmt: skip
        for row, lot_id in zip(fresh, ids, strict=True):
            found[row.item_id, row.lot, row.serial] = LotId(lot_id)
    return found


def _idle(session: Session) -> set[int]:
    """Lots that are known from opening balances alone and lie nowhere any more."""
    only = select(Move.lot_id).group_by(Move.lot_id).having(func.min(Move.document) == func.max(Move.document))
    here = select(Balance.lot_id).where(Balance.on_hand > 0)
    opened = only.having(func.min(Move.document) == DOCUMENT)
    return set(session.scalars(select(Lot.id).where(Lot.id.in_(opened), Lot.id.not_in(here))))


def _guess(headings: tuple[str, ...]) -> dict[str, int]:
    plain = [re.sub(r"[\s_./#-]+", " ", heading.casefold()).strip() for heading in headings]
    found: dict[str, int] = {}
    for field, names in FIELDS.items():
        place = next((plain.index(name) for name in names if name in plain), None)
        if place is not None and place not in found.values():
            found[field] = place
    return found


class _Reader:
    """Reads line after line, knowing the catalogue, the places, the lots and the lines before."""

    def __init__(self, session: Session, headings: tuple[str, ...], mapping: dict[str, int]) -> None:
        self.headings, self.mapping = headings, mapping
        self.rows: list[OpeningRow] = []
        self.problems: list[Problem] = []
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

    def read(self, line: int, cells: list[str]) -> None:
        """One line: a row when all of it is good, problems otherwise."""
        if len(cells) > len(self.headings):
            self._wrong(line, "", f"{len(cells)} cells, but the first line names {len(self.headings)} columns.")
            return
        before = len(self.problems)
        values = {field: self._cell(cells, field) for field in FIELDS}
        item, size = self._item(line, values)
        place = self._places.get((values["place"] or "MAIN").casefold())
        if place is None:
            self._wrong(line, "place", f"“{values['place'][:40]}” is no place of ours. Add it first.")
        units, said = self._units(line, values, item, size)
        expires_on, cost = self._expiry(line, values["expires_on"]), self._cost(line, values["unit_cost"], item)
        lot, serial = values["lot"].upper(), values["serial"].upper()
        if item is None or place is None:
            return
        expires_on = self._identity(line, item, lot, serial, expires_on, units)
        key = (item.id, lot, serial, place.id)
        if key in self._seen:
            self._wrong(line, "", f"the same lot in the same place stands on line {self._seen[key]} already.")
        self._seen.setdefault(key, line)
        if len(self.problems) == before:
            self.rows.append(OpeningRow(
                line, ItemId(item.id), item.number, item.name, item.base_unit, lot, serial, expires_on,
                LocationId(place.id), place.code, units, said, cost,
            ))  # fmt: skip

    def _item(self, line: int, values: Mapping[str, str]) -> tuple[Any, int]:
        """The item, and the units in one of what the line counts (by its GTIN)."""
        item, size = self._items.get(values["item"].casefold()), 1
        if values["gtin"]:
            try:
                found = self._gtins.get(gtin14(values["gtin"]))
            except Refused as no:
                self._wrong(line, "gtin", str(no))
                return None, 1
            if found is None:
                self._wrong(line, "gtin", f"no item has the GTIN {values['gtin'][:14]}. Attach it to its item first.")
                return None, 1
            if item is not None and item.id != found[0]:
                self._wrong(line, "gtin", f"belongs to another item than {item.number}.")
            item, size = self._by_id.get(found[0]), found[1]
        if item is None:
            named = f"“{values['item'][:40]}” is no item in use. Import the catalogue first."
            self._wrong(line, "item" if "item" in self.mapping else "gtin", named if values["item"] else "is empty.")
        elif item.kind.is_equipment:
            self._wrong(line, "item", f"{item.name} is equipment; import it into the equipment register.")
        return item, size

    def _units(self, line: int, values: Mapping[str, str], item: Any, size: int) -> tuple[int, str]:
        text = values["quantity"].replace(",", "")
        text = text.removesuffix(".0")
        if not _WHOLE.fullmatch(text) or not int(text):
            self._wrong(line, "quantity", f"“{values['quantity'][:20]}” is not a whole number above zero.")
            return 0, ""
        name = values["pack"].lower()
        if name and item is not None:
            packs = self._packs.get(item.id, {})
            if name not in packs and name != item.base_unit:
                known = ", ".join(sorted(packs))
                self._wrong(line, "pack", f"{item.name} has no pack “{name[:20]}”. Known are: {known}.")
                return 0, ""
            size = packs.get(name, 1)
        units = int(text) * size
        if units > 1_000_000_000:
            self._wrong(line, "quantity", "is more than a billion units.")
        return units, f"{int(text):,} {name or 'pack'} of {size:,}" if size > 1 else f"{units:,}"

    def _expiry(self, line: int, text: str) -> date | None:
        if not text:
            return None
        try:
            return read_day(text.removesuffix(" 00:00:00"))
        except Refused as no:
            self._wrong(line, "expires_on", str(no))
            return None

    def _cost(self, line: int, text: str, item: Any) -> Decimal:
        plain = text.removeprefix("$").replace(",", "")
        if not plain:
            return Decimal(0) if item is None else Decimal(item.unit_cost)
        if not _COST.fullmatch(plain):
            self._wrong(line, "unit_cost", f"“{text[:20]}” is not a cost such as 0.0345 (at most four places).")
            return Decimal(0)
        return Decimal(plain)

    def _identity(
        self, line: int, item: Any, lot: str, serial: str, expires_on: date | None, units: int
    ) -> date | None:
        """Lot, serial number and expiry against what is known; gives the expiry that holds."""
        if item.lot_tracked and not lot:
            self._wrong(line, "lot", f"{item.name} needs its lot number.")
        if len(lot) > 40 or len(serial) > 60:
            self._wrong(line, "lot", "a lot number has at most 40 characters and a serial number 60.")
        if item.serial_tracked and not serial:
            self._wrong(line, "serial", f"{item.name} needs its serial number.")
        if serial:
            if units > 1:
                self._wrong(line, "quantity", "a serial number is one unit.")
            if (item.id, serial) in self._serials:
                self._wrong(line, "serial", f"“{serial[:40]}” is in {self._serials[item.id, serial]} already.")
            self._serials[item.id, serial] = f"line {line}"
        key = (item.id, lot, serial)
        known = self._lots.get(key)
        if known is not None and expires_on is not None and known != expires_on:
            self._wrong(line, "expires_on", f"lot {lot} is known to expire {show_day(known)}. Check the label.")
        if key in self._lots and known is None and expires_on is not None:
            self._wrong(line, "expires_on", f"lot {lot} is in the books without an expiry date. Correct the lot first.")
        self._lots.setdefault(key, expires_on)
        return known or expires_on

    def _cell(self, cells: list[str], field: str) -> str:
        place = self.mapping.get(field, -1)
        return cells[place].strip() if 0 <= place < len(cells) else ""

    def _wrong(self, line: int, field: str, reason: str) -> None:
        place = self.mapping.get(field, -1)
        heading = self.headings[place] if 0 <= place < len(self.headings) else field
        self.problems.append(Problem(line, heading, reason))
