"""The moves that cross the border of our places, with what one unit cost: what valuation is made from."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, cast

from sqlalchemy import Table, bindparam, case, func, or_, select
from sqlalchemy.orm import Session

from infusion_desktop.database.prepared import Prepared
from infusion_desktop.money import ZERO
from infusion_desktop.stock.ledger import KEYS_AT_ONCE
from infusion_desktop.stock.rules import worth
from infusion_desktop.stock.tables import Item, Location, Lot, Move
from infusion_desktop.stock.valuation import AveragePool, Layer, LayerPool, Method, pool_of
from infusion_desktop.stock.words import ItemId, LocationId, LocationKind, LotId, MoveReason

OURS = tuple(kind for kind in LocationKind if kind.keeps_balance and kind is not LocationKind.PATIENT_HOME)
"""Our stock is what lies in any place that keeps a balance, except patients' homes."""


class Flow(NamedTuple):
    """A move of one item over the border of our places: units above zero came in."""

    move_id: int
    is_before: bool
    """Whether it lies before the period that is valued."""
    units: int
    unit_cost: Decimal
    """What one unit cost where it came in."""


_MOVE, _LOT = cast(Table, Move.__table__), cast(Table, Lot.__table__)
_OURS = select(Location.id).where(or_(*(Location.kind == kind for kind in OURS))).scalar_subquery()
_CAME = _MOVE.c.to_id.in_(_OURS)
_CROSSES = _MOVE.c.from_id.in_(_OURS) != _CAME
_FLOWS = Prepared(
    select(
        _MOVE.c.id,
        _MOVE.c.effective_at < bindparam("start", type_=_MOVE.c.effective_at.type),
        case((_CAME, _MOVE.c.quantity), else_=-_MOVE.c.quantity),
        func.coalesce(_MOVE.c.unit_cost, _LOT.c.unit_cost),
    )
    .join(_LOT, _LOT.c.id == _MOVE.c.lot_id)
    .where(
        _LOT.c.item_id == bindparam("item"),
        _MOVE.c.effective_at < bindparam("until", type_=_MOVE.c.effective_at.type),
        _CROSSES,
    )
    .order_by(_MOVE.c.effective_at, _MOVE.c.id)
)


def _flows(session: Session, item: ItemId, start: datetime, end: datetime) -> Iterator[Flow]:
    """An item's moves over the border before ``end``, in the order things happened."""
    return map(Flow._make, _FLOWS.rows(session, {"item": item, "start": start, "until": end}))


def _items(session: Session) -> list[ItemId]:
    """Every item that ever had a lot: their moves are read item by item, never all at once."""
    return [ItemId(each) for each in session.scalars(select(Lot.item_id).distinct().order_by(Lot.item_id))]


@dataclass(slots=True)
class Rolled:
    """An item's value over a period, in whole cents: opening + came in - went out = closing."""

    opening: Decimal
    came_in: Decimal
    went_out: Decimal
    closing: Decimal
    units: int


def rolled(session: Session, method: Method, start: datetime, end: datetime) -> dict[ItemId, Rolled]:
    """Every item that ever was ours, valued over a period by a method; ``end`` does not belong to it."""
    found: dict[ItemId, Rolled] = {}
    for item in _items(session):
        pool, row = pool_of(method), Rolled(ZERO, ZERO, ZERO, ZERO, 0)
        for flow in _flows(session, item, start, end):
            found[item] = row
            moved = pool.book(flow.units, flow.unit_cost)
            if flow.is_before:
                row.opening += moved
            elif flow.units > 0:
                row.came_in += moved
            else:
                row.went_out -= moved
        row.closing, row.units = pool.value, pool.units
    return found


class Crossing(NamedTuple):
    """A move over the border in a period, with the value it moved by average and by layers."""

    move_id: int
    at: datetime
    item_id: ItemId
    lot_id: LotId
    units: int
    reason: MoveReason
    document: str
    by_average: Decimal
    by_layers: Decimal


def valued(session: Session, start: datetime, end: datetime) -> Iterator[Crossing]:
    """Every crossing of a period, in the order things happened, valued; what ``rolled`` adds up."""
    values: dict[int, tuple[Decimal, Decimal]] = {}
    for item in _items(session):
        average, layers = AveragePool(), LayerPool()
        for flow in _flows(session, item, start, end):
            both = average.book(flow.units, flow.unit_cost), layers.book(flow.units, flow.unit_cost)
            if not flow.is_before:
                values[flow.move_id] = both
    rows = session.execute(
        select(Move.id, Move.effective_at, Lot.item_id, Move.lot_id, case((_CAME, Move.quantity), else_=-Move.quantity),
               Move.reason, Move.document, Move.document_id)
        .join(Lot, Lot.id == Move.lot_id)
        .where(Move.effective_at >= start, Move.effective_at < end, _CROSSES)
        .order_by(Move.effective_at, Move.id)
        .execution_options(yield_per=5000)
    )  # fmt: skip
    for move, at, item, lot, units, reason, document, number in rows:
        yield Crossing(move, at, ItemId(item), LotId(lot), units, reason, f"{document} {number}", *values[move])


class OpenLayer(NamedTuple):
    """What is left of units that came in together; ``value`` is in whole cents."""

    item_id: ItemId
    item_name: str
    item_number: str
    at: datetime
    document: str
    lot: str
    came_in: int
    units: int
    unit_cost: Decimal
    value: Decimal


def open_layers(session: Session, end: datetime) -> tuple[OpenLayer, ...]:
    """The layers just before an instant, by item, the next to go first; an item's add up to its value by layers."""
    left: list[Layer] = []
    for item in _items(session):
        pool = LayerPool()
        for flow in _flows(session, item, end, end):
            pool.book(flow.units, flow.unit_cost, flow.move_id)
        left += pool.layers
    facts = {}
    for first in range(0, len(left), KEYS_AT_ONCE):
        asked = [layer.came for layer in left[first : first + KEYS_AT_ONCE]]
        rows = session.execute(
            select(Move.id, Move.effective_at, Move.document, Move.document_id, Move.quantity, Lot.number, Lot.serial,
                   Item.id.label("item"), Item.name, Item.number.label("item_number"))
            .join(Lot, Lot.id == Move.lot_id)
            .join(Item, Item.id == Lot.item_id)
            .where(Move.id.in_(asked))
        )  # fmt: skip
        facts.update({row.id: row for row in rows})
    found = [
        OpenLayer(
            ItemId(row.item), row.name, row.item_number, row.effective_at, f"{row.document} {row.document_id}",
            row.serial or row.number, row.quantity, layer.units, layer.unit_cost, layer.value,
        )
        for layer, row in ((layer, facts[layer.came]) for layer in left)
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda row: (row.item_name, row.item_number)))


def received(session: Session, start: datetime, end: datetime) -> Iterator[tuple[ItemId, Decimal]]:
    """What came into our places in a period, at what its lots cost: each move in whole cents, added up by item."""
    rows = session.execute(
        select(Lot.item_id, Lot.unit_cost, Move.quantity, func.count())
        .join(Lot, Lot.id == Move.lot_id)
        .where(Move.effective_at >= start, Move.effective_at < end, _CROSSES, _CAME)
        .group_by(Lot.item_id, Lot.unit_cost, Move.quantity)
    )
    for item, cost, quantity, times in rows:
        yield ItemId(item), worth(cost, quantity) * times


class AsOf(NamedTuple):
    """What a lot and place held at an instant."""

    item_id: ItemId
    item_name: str
    item_number: str
    lot: str
    place: str
    place_kind: LocationKind
    units: int
    unit: str
    unit_cost: Decimal

    @property
    def value(self) -> Decimal:
        """By the lot's own cost, by the one rounding rule of stock."""
        return worth(self.unit_cost, self.units)


def as_of(session: Session, instant: datetime) -> tuple[AsOf, ...]:
    """Stock in our places just before an instant, by the effective times of the moves."""
    held = _held(session, instant)
    lots = {row.id: row for row in session.execute(
        select(Lot.id, Lot.number, Lot.serial, Lot.unit_cost, Lot.item_id, Item.name, Item.number.label("item_number"),
               Item.base_unit)
        .join(Item, Item.id == Lot.item_id))}  # fmt: skip
    places = {row.id: row for row in session.execute(
        select(Location.id, Location.code, Location.kind).where(Location.kind.in_(OURS)))}  # fmt: skip
    found = []
    for (lot_id, place_id), units in held.items():
        lot, place = lots[lot_id], places.get(place_id)
        if place is not None and units:
            named = f"{lot.number} / {lot.serial}" if lot.serial else lot.number
            found.append(AsOf(ItemId(lot.item_id), lot.name, lot.item_number, named, place.code, place.kind, units,
                              lot.base_unit, lot.unit_cost))  # fmt: skip
    return tuple(sorted(found, key=lambda row: (row.item_name, row.lot, row.place)))


def _held(session: Session, instant: datetime) -> dict[tuple[LotId, LocationId], int]:
    units: dict[tuple[LotId, LocationId], int] = {}
    for column, sign in ((Move.to_id, 1), (Move.from_id, -1)):
        for lot, place, total in session.execute(
            select(Move.lot_id, column, func.sum(Move.quantity))
            .where(Move.effective_at < instant)
            .group_by(Move.lot_id, column)
        ):
            key = LotId(lot), LocationId(place)
            units[key] = units.get(key, 0) + sign * int(total)
    return units
