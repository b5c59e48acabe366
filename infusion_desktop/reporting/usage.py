"""Reports on what went to patients: by item, and by what it was for.

Both add up the same leaves (an item in a therapy class, rounded to the cent once), so that their totals agree.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import func, select, type_coerce
from sqlalchemy.orm import Session

from infusion_desktop.database.types import UnitCost, Whole
from infusion_desktop.dates import Days
from infusion_desktop.deliveries.tables import Delivery, DeliveryLot
from infusion_desktop.deliveries.words import DeliveryState
from infusion_desktop.money import ZERO, to_cents
from infusion_desktop.patients.tables import Therapy
from infusion_desktop.reporting.report import ALL, Choice, Found, instants
from infusion_desktop.stock.tables import Item, Lot
from reports.table_report import Column, Kind, Row

_GONE_OUT = (DeliveryState.SHIPPED, DeliveryState.DELIVERED)
NO_THERAPY = "(no therapy)"


class Leaf(NamedTuple):
    """Units of an item that went out for a therapy class and stayed there, at their lots' cost."""

    name: str
    number: str
    unit: str
    kind: str
    therapy_class: str
    units: int
    cost: Decimal


def leaves(session: Session, period: Days, choice: Choice = ALL) -> tuple[Leaf, ...]:
    """What left in a period, less what came back since."""
    start, end = instants(period)
    units = type_coerce(func.sum(DeliveryLot.quantity - DeliveryLot.came_back), Whole).label("units")
    by_lot = (
        select(DeliveryLot.lot_id, Therapy.therapy_class, units)
        .select_from(Delivery)
        .outerjoin(DeliveryLot, DeliveryLot.delivery_id == Delivery.id)
        .outerjoin(Therapy, Therapy.id == Delivery.therapy_id)
        .where(Delivery.state.in_(_GONE_OUT), Delivery.shipped_at >= start, Delivery.shipped_at < end)
        .group_by(DeliveryLot.lot_id, Therapy.therapy_class)
        .subquery()
    )  # Added up by lot first: what an item is and a lot cost is not looked up again with each box. The outer join
    # has SQLite begin with the period's deliveries, not with every lot that ever left.
    rows = session.execute(
        select(Item.name, Item.number, Item.base_unit, Item.kind, by_lot.c.therapy_class,
               func.sum(by_lot.c.units).label("units"),
               type_coerce(func.sum(by_lot.c.units * Lot.unit_cost), UnitCost).label("cost"))
        .select_from(by_lot)
        .join(Lot, Lot.id == by_lot.c.lot_id)
        .join(Item, Item.id == Lot.item_id)
        .group_by(Item.id, Item.name, Item.number, Item.base_unit, Item.kind, by_lot.c.therapy_class)
    )  # fmt: skip
    found = (
        Leaf(row.name, row.number, row.base_unit, row.kind.value,
             NO_THERAPY if row.therapy_class is None else row.therapy_class.value, int(row.units), to_cents(row.cost))
        for row in rows if row.units
    )  # fmt: skip
    return tuple(leaf for leaf in found if choice.therapy_class in ("", leaf.therapy_class))


def by_item(session: Session, period: Days, choice: Choice = ALL) -> Found:
    """Units and cost by item, the costliest first."""
    sums: dict[tuple[str, str, str, str], tuple[int, Decimal]] = defaultdict(lambda: (0, ZERO))
    for leaf in leaves(session, period, choice):
        key = (leaf.name, leaf.number, leaf.kind, leaf.unit)
        sums[key] = (sums[key][0] + leaf.units, sums[key][1] + leaf.cost)
    ordered = sorted(sums.items(), key=lambda each: (-each[1][1], each[0]))
    rows = tuple((*key, *kept) for key, kept in ordered)
    columns = (Column("Item"), Column("Number"), Column("Kind"), Column("Unit"), Column("Units", Kind.NUMBER),
               Column("Cost", Kind.MONEY))  # fmt: skip
    return Found(columns, rows, _total(sums.values(), 4))


def by_therapy(session: Session, period: Days, choice: Choice = ALL) -> Found:
    """Units and cost by therapy class and kind of item."""
    sums: dict[tuple[str, str], tuple[int, Decimal]] = defaultdict(lambda: (0, ZERO))
    for leaf in leaves(session, period, choice):
        key = (leaf.therapy_class, leaf.kind)
        sums[key] = (sums[key][0] + leaf.units, sums[key][1] + leaf.cost)
    ordered = sorted(sums.items(), key=lambda each: (each[0][0], -each[1][1], each[0][1]))
    rows = tuple((*key, *kept) for key, kept in ordered)
    columns = (Column("Therapy class"), Column("Kind"), Column("Units", Kind.NUMBER), Column("Cost", Kind.MONEY))
    return Found(columns, rows, _total(sums.values(), 2))


def _total(sums: Iterable[tuple[int, Decimal]], names: int) -> Row | None:
    found = list(sums)
    units, cost = sum(each for each, _ in found), sum((each for _, each in found), ZERO)
    return (*[None] * names, units, cost) if found else None
