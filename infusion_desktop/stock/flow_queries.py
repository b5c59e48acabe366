"""The moves that cross the border of our places, with what one unit cost: what valuation is made from."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Integer, bindparam, case, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from infusion_desktop.database.prepared import Prepared
from infusion_desktop.database.types import Cents, Instant, Whole
from infusion_desktop.money import ZERO
from infusion_desktop.stock.ledger import KEYS_AT_ONCE
from infusion_desktop.stock.rules import worth
from infusion_desktop.stock.tables import Balance, Item, Location, Lot, Move
from infusion_desktop.stock.valuation import LayerPool, Method, Pool, in_dollars, pool_of
from infusion_desktop.stock.words import ItemId, LocationId, LocationKind, LotId

OURS = tuple(kind for kind in LocationKind if kind.keeps_balance and kind is not LocationKind.PATIENT_HOME)
"""Our stock is what lies in any place that keeps a balance, except patients' homes."""


def worth_of(unit_cost: Any, units: Any) -> ColumnElement[Decimal]:
    """`worth` as the database says it, of units that are not below zero: in whole cents, half a cent up."""
    return type_coerce((type_coerce(unit_cost, Whole) * units + 50) // 100, Cents)


def stock_value(session: Session) -> tuple[int, Decimal]:
    """How many lots lie in our places (in two places counts twice), and what they are worth: as the stock list says."""
    lots, value = session.execute(
        select(func.count(), func.sum(worth_of(Lot.unit_cost, Balance.on_hand)))
        .select_from(Balance)
        .join(Lot, Lot.id == Balance.lot_id)
        .where(Balance.on_hand > 0, Balance.location_id.in_(_our_places(session)))
    ).one()
    return lots, value or ZERO


def value_by_place(session: Session) -> tuple[tuple[str, str, str, int, Decimal], ...]:
    """Item, its number, place, units and value of everything in our places."""
    rows = session.execute(
        select(Item.name, Item.number, Location.name, func.sum(Balance.on_hand),
               func.sum(worth_of(Lot.unit_cost, Balance.on_hand)))
        .select_from(Balance)
        .join(Lot, Lot.id == Balance.lot_id)
        .join(Item, Item.id == Balance.item_id)
        .join(Location, Location.id == Balance.location_id)
        .where(Balance.on_hand > 0, Balance.location_id.in_(_our_places(session)))
        .group_by(Item.name, Item.number, Location.name)
    )  # fmt: skip
    return tuple(sorted((name, number, place, int(units), value) for name, number, place, units, value in rows))


class Crossing(NamedTuple):
    """A move over the border of our places in a period: units above zero came in."""

    move_id: int
    at: datetime
    item_id: ItemId
    lot_id: LotId
    units: int
    reason: str
    document: str


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
    sums: dict[int, list[int]] = {}
    pools: dict[int, Pool] = {}
    lots = _lots(session)
    for some in _CROSSINGS.streamed(session, {"start": start, "end": end}):
        for is_late, lot, units, cost, _ in some:
            item, usual = lots[lot]
            if item not in pools:
                pools[item], sums[item] = pool_of(method), [0, 0, 0]
            moved = pools[item].book(units, usual if cost is None else cost)
            sums[item][0 if not is_late else 1 if units > 0 else 2] += moved
    return {
        ItemId(item): Rolled(
            in_dollars(opening), in_dollars(came), in_dollars(-went), in_dollars(pools[item].cents), pools[item].units
        )
        for item, (opening, came, went) in sums.items()
    }


def crossed(session: Session, start: datetime, end: datetime) -> int:
    """How many moves cross the border in a period."""
    crosses = _inside(session, Move.from_id) != _inside(session, Move.to_id)
    return session.scalar(select(func.count()).where(Move.effective_at >= start, Move.effective_at < end, crosses)) or 0


def valued(session: Session, start: datetime, end: datetime) -> Iterator[tuple[Crossing, Decimal, Decimal]]:
    """Every crossing of a period with the value it moved, by average and by layers; what ``rolled`` adds up."""
    moves = {row.id: row for row in session.execute(
        select(Move.id, Move.effective_at, Move.lot_id, Move.reason, Move.document, Move.document_id)
        .where(Move.effective_at >= start, Move.effective_at < end)
        .where(_inside(session, Move.from_id) != _inside(session, Move.to_id))
    )}  # fmt: skip
    pools: dict[int, tuple[Pool, Pool]] = {}
    lots = _lots(session)
    for is_late, lot, units, own, move in chain.from_iterable(
        _CROSSINGS.streamed(session, {"start": start, "end": end})
    ):
        item, usual = lots[lot]
        if item not in pools:
            pools[item] = (pool_of(Method.MOVING_AVERAGE), pool_of(Method.FIFO))
        cost = usual if own is None else own
        average, layers = (pool.book(units, cost) for pool in pools[item])
        if is_late:
            row = moves[move]
            crossing = Crossing(move, row.effective_at, ItemId(item), LotId(row.lot_id), units, row.reason.value,
                                f"{row.document} {row.document_id}")  # fmt: skip
            yield crossing, in_dollars(average), in_dollars(layers)


_INSIDE = select(Location.id).where(or_(*(Location.kind == kind for kind in OURS)))
_CROSSINGS = Prepared(
    select(
        case((Move.effective_at >= bindparam("start", type_=Instant), 1), else_=0), Move.lot_id,
        case((Move.to_id.in_(_INSIDE), Move.quantity), else_=-Move.quantity), type_coerce(Move.unit_cost, Whole),
        Move.id,
    )
    .where(Move.effective_at < bindparam("end", type_=Instant), Move.from_id.in_(_INSIDE) != Move.to_id.in_(_INSIDE))
    .order_by(Move.effective_at, Move.id)
)  # fmt: skip
"""Whether a move is of the period, its lot, units (above zero came in), cost of one and id; in the order of events.

As plain numbers, for there are millions: what a lot is and costs is read once, not again with each move.
"""


def _lots(session: Session) -> dict[int, tuple[int, int]]:
    """The item of each lot, and what one unit cost in ten-thousandths of a dollar."""
    rows = session.execute(select(Lot.id, Lot.item_id, type_coerce(Lot.unit_cost, Whole).label("cost")))
    return {row.id: (row.item_id, row.cost) for row in rows}


def _inside(session: Session, column: Any) -> ColumnElement[bool]:
    """Whether it is one of our places."""
    inside: ColumnElement[bool] = column.in_(_our_places(session))
    return inside


def _our_places(session: Session) -> list[int]:
    return list(session.scalars(select(Location.id).where(Location.kind.in_(OURS)).order_by(Location.id)))


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
    pools: dict[int, LayerPool] = {}
    lots = _lots(session)
    for _, lot, units, own, move in chain.from_iterable(_CROSSINGS.streamed(session, {"start": end, "end": end})):
        item, usual = lots[lot]
        if item not in pools:
            pools[item] = LayerPool()
        pools[item].book(units, usual if own is None else own, move)
    left = [layer for item in sorted(pools) for layer in pools[item].layers]
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
            row.serial or row.number, row.quantity, layer.units, Decimal(layer.cost).scaleb(-4),
            in_dollars(layer.cents),
        )
        for layer, row in ((layer, facts[layer.came]) for layer in left)
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda row: (row.item_name, row.item_number)))


def came_in(session: Session, start: datetime, end: datetime) -> dict[ItemId, Decimal]:
    """What came over the border in a period by item, each move at its lot's cost in whole cents."""
    rows = session.execute(
        select(Lot.item_id, func.sum(worth_of(Lot.unit_cost, Move.quantity)))
        .join(Lot, Lot.id == Move.lot_id)
        .where(Move.effective_at >= start, Move.effective_at < end)
        .where(_inside(session, Move.to_id), ~_inside(session, Move.from_id))
        .group_by(Lot.item_id)
    )
    return {ItemId(item): value for item, value in rows}


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
    held = held_at(session, instant)
    lots = {row.id: row for row in session.execute(
        select(Lot.id, Lot.number, Lot.serial, Lot.unit_cost, Lot.item_id, Item.name, Item.number.label("item_number"),
               Item.base_unit)
        .join(Item, Item.id == Lot.item_id))}  # fmt: skip
    places = {row.id: row for row in session.execute(
        select(Location.id, Location.code, Location.kind).where(Location.kind.in_(OURS)))}  # fmt: skip
    found = []
    for (lot_id, place_id), units in held.items():
        lot, place = lots[lot_id], places[place_id]
        named = f"{lot.number} / {lot.serial}" if lot.serial else lot.number
        found.append(AsOf(ItemId(lot.item_id), lot.name, lot.item_number, named, place.code, place.kind, units,
                          lot.base_unit, lot.unit_cost))  # fmt: skip
    return tuple(sorted(found, key=lambda row: (row.item_name, row.lot, row.place)))


def held_at(session: Session, instant: datetime) -> dict[tuple[LotId, LocationId], int]:
    """Units by lot and place of ours just before an instant; zeros are left out.

    Counted from the nearer end: up from nothing, or back from the balances, which are the sum of all moves.
    """
    first, last = session.execute(select(func.min(Move.effective_at), func.max(Move.effective_at))).one()
    if first is None or instant <= first:
        return {}
    ours = _our_places(session)
    is_back = last is None or instant - first > last - instant
    units: dict[tuple[int, int], int] = {}
    if is_back:
        for lot, place, on_hand in session.execute(
            select(Balance.lot_id, Balance.location_id, Balance.on_hand).where(Balance.location_id.in_(ours))
        ):
            units[lot, place] = on_hand
    source, target = (case((column.in_(ours), column), else_=0) for column in (Move.from_id, Move.to_id))
    when = Move.effective_at >= instant if is_back else Move.effective_at < instant
    moved = session.execute(
        select(Move.lot_id, source, target, type_coerce(func.sum(Move.quantity), Integer))
        .where(when, (source != 0) | (target != 0))
        .group_by(Move.lot_id, source, target)
    )
    sign = -1 if is_back else 1
    for lot, origin, goal, quantity in moved:
        for place, change in ((origin, -int(quantity)), (goal, int(quantity))):
            if place:
                units[lot, place] = units.get((lot, place), 0) + sign * change
    return {(LotId(lot), LocationId(place)): each for (lot, place), each in units.items() if each}


def value_at(session: Session, instant: datetime) -> dict[ItemId, Decimal]:
    """What each item in our places was worth just before an instant, each lot in each place in whole cents."""
    lots = {row.id: row for row in session.execute(select(Lot.id, Lot.item_id, Lot.unit_cost))}
    found: dict[ItemId, Decimal] = {}
    for (lot_id, _), units in held_at(session, instant).items():
        lot = lots[lot_id]
        item = ItemId(lot.item_id)
        found[item] = found.get(item, ZERO) + worth(lot.unit_cost, units)
    return found
