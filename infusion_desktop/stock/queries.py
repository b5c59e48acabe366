"""What screens and papers ask of stock: frozen rows, by plain SQL."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Dialect, bindparam, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.access.tables import Staff
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.errors import Refused
from infusion_desktop.stock.rules import worth
from infusion_desktop.stock.tables import Balance, Item, ItemPack, Location, Lot, Move
from infusion_desktop.stock.words import (
    NEVER_EXPIRES,
    OUTSIDE,
    PICKABLE,
    BillingClass,
    ItemId,
    ItemKind,
    LocationId,
    LocationKind,
    LotId,
    MoveReason,
    Storage,
)

if TYPE_CHECKING:
    from infusion_desktop.stock.catalogue import NewItem


class StockRow(NamedTuple):
    """A lot in a place of ours. A named tuple, as a list may hold a hundred thousand."""

    id: tuple[LotId, LocationId]
    item_id: ItemId
    item_number: str
    item_name: str
    kind: ItemKind
    unit: str
    lot: str
    expires_on: date | None
    place: str
    place_kind: LocationKind
    on_hand: int
    reserved: int
    held: str
    storage: Storage
    unit_cost: Decimal

    @property
    def value(self) -> Decimal:
        """What is on hand by the lot's own cost, by the one rounding rule of stock."""
        return worth(self.unit_cost, self.on_hand)

    @property
    def available(self) -> int:
        return 0 if self.held or not self.place_kind.is_pickable else self.on_hand - self.reserved


_OURS = Location.kind != LocationKind.PATIENT_HOME
# Plain rows that sort as they are: by expiry, lot and place; how a lot is called and what it costs follows.
_STOCK = (
    select(
        Balance.expires_on,
        Balance.lot_id,
        Balance.location_id,
        Balance.item_id,
        Lot.number,
        Lot.serial,
        Balance.on_hand,
        Balance.reserved,
        Lot.held,
        Lot.unit_cost,
    )
    .join(Lot, Lot.id == Balance.lot_id)
    .where(Balance.on_hand > 0, Balance.location_id.in_(select(Location.id).where(_OURS)))
)
_ALL = Prepared(_STOCK)
_OF_ITEM = Prepared(_STOCK.where(Balance.item_id == bindparam("item")))
_EXPIRING = Prepared(_STOCK.where(Balance.expires_on <= bindparam("last")))
_ASIDE = or_(*(Location.kind == kind for kind in (LocationKind.QUARANTINE, LocationKind.RETURNS)))
_SET_ASIDE = Prepared(_STOCK.where((Lot.held != "") | Balance.location_id.in_(select(Location.id).where(_ASIDE))))
_ITEMS = select(Item.id, Item.number, Item.name, Item.kind, Item.base_unit, Item.storage)
_NAMES = select(Item.id, Item.name)
_PLACES = select(Location.id, Location.code, Location.kind).where(_OURS)


def stock_rows(session: Session, item_id: ItemId | None = None) -> tuple[StockRow, ...]:
    """Every lot in every place of ours, by item and expiry; homes are not in it."""
    if item_id is not None:
        return tuple(_stock(session, sorted(_OF_ITEM.kept(session, {"item": item_id})), [item_id]))
    by_item: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in _ALL.kept(session, {}):
        by_item[row[3]].append(row)
    names = sorted((name, item) for item, name in session.connection().execute(_NAMES) if item in by_item)
    return tuple(_stock(session, chain.from_iterable(sorted(by_item[item]) for _, item in names)))


def stock_set_aside(session: Session) -> tuple[StockRow, ...]:
    """What nobody may use, by item and expiry: in quarantine, in Returns, or of a held lot."""
    found = _stock(session, _SET_ASIDE.kept(session, {}))
    return tuple(sorted(found, key=lambda row: (row.item_name, row.expires_on or NEVER_EXPIRES, row.id)))


def expiring(session: Session, today: date, days: int) -> tuple[StockRow, ...]:
    """What expires within so many days, or has expired, soonest first."""
    found = _EXPIRING.kept(session, {"last": today + timedelta(days=days)})
    return tuple(
        sorted(_stock(session, found), key=lambda row: (row.expires_on or NEVER_EXPIRES, row.item_name, row.id))
    )


def _stock(
    session: Session, found: Iterable[tuple[Any, ...]], item_ids: Sequence[ItemId] | None = None
) -> Iterator[StockRow]:
    """Rows in their order. What an item, a place, a day or a cost is, is read once and not again with each lot."""
    connection = session.connection()
    of_items = _ITEMS if item_ids is None else _ITEMS.where(Item.id.in_(item_ids))
    items = {row[0]: tuple(row) for row in connection.execute(of_items)}
    places = {place: (code, kind) for place, code, kind in connection.execute(_PLACES)}
    days = _Read(Lot.expires_on, connection.dialect)
    costs = _Read(Lot.unit_cost, connection.dialect)
    days[days.kept(NEVER_EXPIRES)] = None
    make = tuple.__new__  # Half the time of calling the class.
    for expires_on, lot_id, place, item_id, lot, serial, on_hand, reserved, held, cost in found:
        if place not in places:
            continue
        code, place_kind = places[place]
        _, number, name, kind, unit, storage = items[item_id]
        yield make(
            StockRow,
            (
                (lot_id, place), item_id, number, name, kind, unit, f"{lot} / {serial}" if serial else lot,
                days[expires_on], code, place_kind, on_hand, reserved, held, storage, costs[cost],
            ),
        )  # fmt: skip


class _Read(dict[Any, Any]):
    """Values of a column as they are meant, by how the database keeps them."""

    def __init__(self, column: Any, dialect: Dialect) -> None:
        type_ = column.type.dialect_impl(dialect)
        self._read = type_.result_processor(dialect, None) or (lambda value: value)
        self._keep = type_.bind_processor(dialect) or (lambda value: value)

    def __missing__(self, kept: Any) -> Any:
        self[kept] = value = self._read(kept)
        return value

    def kept(self, value: Any) -> Any:
        """How a value is kept."""
        return self._keep(value)


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item with what is there of it, in base units."""

    id: ItemId
    number: str
    name: str
    kind: ItemKind
    manufacturer: str
    unit: str
    storage: Storage
    billing_class: BillingClass
    on_hand: int
    available: int
    par_level: int
    reorder_point: int
    unit_cost: Decimal
    ended_on: date | None

    @property
    def is_short(self) -> bool:
        return self.ended_on is None and self.available <= self.reorder_point and self.reorder_point > 0


def item_rows(session: Session, *, short: bool = False) -> tuple[ItemRow, ...]:
    """The whole catalogue with totals in our own places, or only what of it is short."""
    pickable = Location.kind.in_(PICKABLE)
    totals = (
        select(
            Balance.item_id,
            func.sum(Balance.on_hand).label("on_hand"),
            func.sum(case((Balance.usable & pickable, Balance.on_hand - Balance.reserved), else_=0)).label("available"),
        )
        .join(Location, Location.id == Balance.location_id)
        .where(Balance.location_id.in_(select(Location.id).where(_OURS)))
        .group_by(Balance.item_id)
        .subquery()
    )
    available = func.coalesce(totals.c.available, 0)
    query = (
        select(
            Item.id, Item.number, Item.name, Item.kind, Item.manufacturer, Item.base_unit, Item.storage,
            Item.billing_class, func.coalesce(totals.c.on_hand, 0), available,
            Item.par_level, Item.reorder_point, Item.unit_cost, Item.ended_on,
        )
        .outerjoin(totals, totals.c.item_id == Item.id)
        .order_by(Item.name)
    )  # fmt: skip
    if short:  # As ItemRow.is_short says it.
        query = query.where(Item.ended_on.is_(None), available <= Item.reorder_point, Item.reorder_point > 0)
    rows: Any = session.execute(query)
    return tuple(_item_row(tuple(row)) for row in rows)


def _item_row(row: tuple[Any, ...]) -> ItemRow:
    facts: list[Any] = [ItemId(row[0]), *row[1:8], int(row[8]), int(row[9]), *row[10:]]
    return ItemRow(*facts)


@dataclass(frozen=True, slots=True)
class ItemFound:
    """An item as a search offers it."""

    id: ItemId
    number: str
    name: str
    kind: ItemKind
    unit: str
    lot_tracked: bool
    serial_tracked: bool


def find_items(
    session: Session, text: str, *, kinds: tuple[ItemKind, ...] = (), limit: int = 51
) -> tuple[ItemFound, ...]:
    """Items whose number, name or manufacturer holds every word of the text (taken literally), not ended ones.

    A word may also be the whole GTIN or HIBC code of one of their packs.
    """
    # One index holds all that is looked at, in the order of names; SQLite's LIKE takes no account of case by itself.
    fitting = select(Item.id).where(Item.ended_on.is_(None)).order_by(Item.name).limit(limit)
    if kinds:
        fitting = fitting.where(Item.kind.in_(kinds))
    holds = "contains" if session.connection().dialect.name == "sqlite" else "icontains"
    for word in text.split()[:8]:
        columns = (Item.name, Item.number, Item.manufacturer)
        ways = [getattr(column, holds)(word, autoescape=True) for column in columns]
        if (code := _pack_code(word)) is not None:
            ways.append(Item.id.in_(select(ItemPack.item_id).where(ItemPack.gtin == code)))
        fitting = fitting.where(or_(*ways))
    query = select(
        Item.id, Item.number, Item.name, Item.kind, Item.base_unit, Item.lot_tracked, Item.serial_tracked
    ).where(Item.id.in_(fitting))
    return tuple(ItemFound(ItemId(row[0]), *row[1:]) for row in session.execute(query.order_by(Item.name)))


def _pack_code(word: str) -> str | None:
    """The word as a pack's code; None for one that is none, such as any usual word."""
    if len(word) < 6 or not word[-1].isdecimal():
        return None
    from infusion_desktop.stock.scanning.scans import read_pack_code

    try:
        return read_pack_code(word)
    except Refused:
        return None


@dataclass(frozen=True, slots=True)
class ItemPage:
    """All about one item, with the version that was read."""

    id: ItemId
    version: int
    item: "NewItem"
    ended_on: date | None


def item_page(session: Session, item_id: ItemId) -> ItemPage | None:
    """One item with its packs; None when there is none."""
    kept = session.get(Item, item_id)
    if kept is None:
        return None
    from infusion_desktop.stock.catalogue import NewItem, Pack

    packs = session.scalars(select(ItemPack).where(ItemPack.item_id == item_id).order_by(ItemPack.quantity))
    names = [name for name in NewItem.__dataclass_fields__ if name != "packs"]
    item = NewItem(
        **{name: getattr(kept, name) for name in names},
        packs=tuple(Pack(pack.name, pack.quantity, pack.gtin) for pack in packs),
    )
    return ItemPage(item_id, kept.version, item, kept.ended_on)


@dataclass(frozen=True, slots=True)
class MoveRow:
    """An entry of the ledger as people read it."""

    id: int
    at: datetime
    item_name: str
    lot: str
    quantity: int
    from_place: str
    to_place: str
    reason: MoveReason
    document: str
    by: str
    note: str
    item_id: ItemId
    reverses: int | None = None
    """The move it corrects."""
    undone_by: int | None = None
    """The move that corrected it."""


def move_rows(
    session: Session,
    *,
    item_id: ItemId | None = None,
    lot_id: LotId | None = None,
    document: tuple[str, int] | None = None,
    lots: Sequence[LotId] | None = None,
    since: datetime | None = None,
    limit: int = 2000,
) -> tuple[MoveRow, ...]:
    """The newest moves, of everything, of an item, of lots or of a document such as ("receipt", 12)."""
    source, target, undoing = aliased(Location), aliased(Location), aliased(Move)
    query = (
        select(
            Move.id, Move.effective_at, Item.name, Lot.number, Move.quantity, source.code, target.code, Move.reason,
            Move.document, Move.document_id, Staff.name.label("by"), Move.note, Item.id.label("item_id"),
            Move.reverses_id, undoing.id.label("undone_by"),
        )
        .outerjoin(undoing, undoing.reverses_id == Move.id)
        .join(Lot, Lot.id == Move.lot_id)
        .join(Item, Item.id == Lot.item_id)
        .join(source, source.id == Move.from_id)
        .join(target, target.id == Move.to_id)
        .join(Staff, Staff.id == Move.staff_id)
        .order_by(Move.id.desc())
        .limit(limit)
    )  # fmt: skip
    if lot_id is not None:
        query = query.where(Move.lot_id == lot_id)
    if item_id is not None:
        query = query.where(Lot.item_id == item_id)
    if document is not None:
        query = query.where(Move.document == document[0], Move.document_id == document[1])
    if lots is not None:
        query = query.where(Move.lot_id.in_(lots))
    if since is not None:
        query = query.where(Move.recorded_at >= since)
    return tuple(
        MoveRow(
            *row[:8], f"{row.document} {row.document_id}", row.by, row.note, ItemId(row.item_id), row.reverses_id,
            row.undone_by,
        )
        for row in session.execute(query)
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A place of the pharmacy, with the place it is in ("" for none) and how much lies there."""

    id: LocationId
    code: str
    name: str
    kind: LocationKind
    lots: int
    units: int = 0
    parent_id: LocationId | None = None
    parent: str = ""
    pick_order: int = 0
    version: int = 0

    @property
    def takes_stock(self) -> bool:
        """Whether people may put something there by hand."""
        return self.kind not in (LocationKind.SITE, LocationKind.TRANSIT)


def place_rows(session: Session) -> tuple[PlaceRow, ...]:
    """Our own places in walking order, with how many lots and units lie there."""
    parent = aliased(Location)
    there = (
        select(Balance.location_id, func.count().label("lots"), func.sum(Balance.on_hand).label("units"))
        .where(Balance.on_hand > 0)
        .group_by(Balance.location_id)
        .subquery()
    )
    query = (
        select(
            Location.id, Location.code, Location.name, Location.kind, func.coalesce(there.c.lots, 0),
            func.coalesce(there.c.units, 0), Location.parent_id, func.coalesce(parent.code, ""), Location.pick_order,
            Location.version,
        )
        .outerjoin(there, there.c.location_id == Location.id)
        .outerjoin(parent, parent.id == Location.parent_id)
        .where(Location.kind.not_in([*OUTSIDE, LocationKind.PATIENT_HOME]), Location.ended_on.is_(None))
        .order_by(Location.pick_order, Location.code)
    )  # fmt: skip
    rows: Any = session.execute(query)
    facts: list[list[Any]] = [[LocationId(row[0]), *row[1:5], int(row[5]), *row[6:]] for row in rows]
    return tuple(PlaceRow(*each) for each in facts)
