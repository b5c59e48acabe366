"""The moves that cross the border of our places, with what one unit cost: what valuation is made from."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.money import ZERO
from infusion_desktop.stock.rules import worth
from infusion_desktop.stock.tables import Item, Location, Lot, Move
from infusion_desktop.stock.valuation import Flow, Method, Pool, values_of
from infusion_desktop.stock.words import ItemId, LocationId, LocationKind, LotId, MoveReason

OURS = tuple(kind for kind in LocationKind if kind.keeps_balance and kind is not LocationKind.PATIENT_HOME)
"""Our stock is what lies in any place that keeps a balance, except patients' homes."""


class Crossing(NamedTuple):
    """A move over the border of our places: units above zero came in."""

    move_id: int
    at: datetime
    item_id: ItemId
    lot_id: LotId
    units: int
    unit_cost: Decimal
    reason: MoveReason
    document: str


def crossings(session: Session, until: datetime) -> Iterator[Crossing]:
    """Every move over the border before an instant, in the order things happened."""
    source, target = aliased(Location), aliased(Location)
    rows = session.execute(
        select(Move.id, Move.effective_at, Lot.item_id, Move.lot_id, Move.quantity,
               func.coalesce(Move.unit_cost, Lot.unit_cost), target.kind, Move.reason, Move.document, Move.document_id)
        .join(Lot, Lot.id == Move.lot_id)
        .join(source, source.id == Move.from_id)
        .join(target, target.id == Move.to_id)
        .where(Move.effective_at < until, source.kind.in_(OURS) != target.kind.in_(OURS))
        .order_by(Move.effective_at, Move.id)
        .execution_options(yield_per=5000)
    )  # fmt: skip
    for move, at, item, lot, quantity, cost, kind, reason, document, number in rows:
        units = quantity if kind in OURS else -quantity
        yield Crossing(move, at, ItemId(item), LotId(lot), units, cost, reason, f"{document} {number}")


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
    pools: dict[ItemId, Pool] = {}
    found: dict[ItemId, Rolled] = {}
    known = list(crossings(session, end))
    flows = (Flow(each.item_id, each.units, each.unit_cost) for each in known)
    for each, moved in zip(known, values_of(flows, method, pools), strict=True):
        row = found.setdefault(each.item_id, Rolled(ZERO, ZERO, ZERO, ZERO, 0))
        if each.at < start:
            row.opening += moved
        elif each.units > 0:
            row.came_in += moved
        else:
            row.went_out -= moved
    for item, pool in pools.items():
        found[item].closing, found[item].units = pool.value, pool.units
    return found


def valued(session: Session, start: datetime, end: datetime) -> Iterator[tuple[Crossing, Decimal, Decimal]]:
    """Every crossing of a period with the value it moved, by average and by layers; what ``rolled`` adds up."""
    known = list(crossings(session, end))
    flows = [Flow(each.item_id, each.units, each.unit_cost) for each in known]
    by_average = values_of(flows, Method.MOVING_AVERAGE, {})
    by_layers = values_of(flows, Method.FIFO, {})
    for each, average, layers in zip(known, by_average, by_layers, strict=True):
        if each.at >= start:
            yield each, average, layers


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
