"""Reports on stock. Our stock is what lies in any place that keeps a balance, except patients' homes.

What stock is worth is rounded in one way everywhere (`stock/rules.py`, `worth`): the same figures as on the screens.
"""

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.database.local_days import start_of
from infusion_desktop.dates import ONE_DAY, Days, local_day
from infusion_desktop.reporting.report import Found, refuse_many
from infusion_desktop.stock import flow_queries
from infusion_desktop.stock.queries import StockRow, place_rows, stock_rows
from infusion_desktop.stock.tables import Balance, Item, Lot
from infusion_desktop.stock.valuation import Method
from reports.table_report import Column, Kind

_NUMBER, _MONEY, _DAY = Kind.NUMBER, Kind.MONEY, Kind.DAY


def valuation(session: Session, _period: Days) -> Found:
    """What our stock is worth now, at what each lot cost, by item and place: the same figure as on the stock screen."""
    rows = flow_queries.value_by_place(session)
    columns = (Column("Item"), Column("Number"), Column("Place"), Column("Units", _NUMBER), Column("Value", _MONEY))
    units, value = sum(row[3] for row in rows), sum((row[4] for row in rows), Decimal(0))
    return Found(columns, rows, ("", None, None, units, value))


def as_of_day(session: Session, period: Days) -> Found:
    """What lay where at the end of the period's last day, by item, lot and place."""
    rows = tuple(
        (row.item_name, row.item_number, row.lot, row.place, row.units, row.unit, row.value)
        for row in flow_queries.as_of(session, start_of(period.last + ONE_DAY))
    )
    columns = (Column("Item"), Column("Number"), Column("Lot"), Column("Place"), Column("Units", _NUMBER),
               Column("Unit"), Column("Value", _MONEY))  # fmt: skip
    value = sum((row[6] for row in rows), Decimal(0))
    return Found(columns, rows, (None, None, None, None, sum(row[4] for row in rows), None, value))


def roll_forward(session: Session, period: Days) -> Found:
    """Value at the start, what came in and went out, value at the end, from the ledger alone.

    Opening and closing are what the stock screen showed on these days: each lot in each place rounded to the cent.
    """
    start, end = start_of(period.first), start_of(period.last + ONE_DAY)
    names = {row.id: (row.name, row.number) for row in session.execute(select(Item.id, Item.name, Item.number))}
    sums: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 4)
    for place, values in (
        (0, flow_queries.value_at(session, start)), (1, flow_queries.came_in(session, start, end)),
        (3, flow_queries.value_at(session, end)),
    ):  # fmt: skip
        for item, value in values.items():
            sums[names[item]][place] += value
    for amounts in sums.values():
        amounts[2] = amounts[0] + amounts[1] - amounts[3]
    return _rolled_up(sums)


def by_average(session: Session, period: Days) -> Found:
    """Opening, in, out and closing by moving average."""
    return _by_method(session, period, Method.MOVING_AVERAGE)


def by_layers(session: Session, period: Days) -> Found:
    """Opening, in, out and closing by FIFO layers."""
    return _by_method(session, period, Method.FIFO)


def _by_method(session: Session, period: Days, method: Method) -> Found:
    start, end = start_of(period.first), start_of(period.last + ONE_DAY)
    names = {row.id: (row.name, row.number) for row in session.execute(select(Item.id, Item.name, Item.number))}
    found = flow_queries.rolled(session, method, start, end)
    rows: tuple[tuple[Any, ...], ...] = tuple(
        (*names[item], row.opening, row.came_in, row.went_out, row.closing, row.units,
         (row.closing / row.units).quantize(Decimal("0.0001")) if row.units else None)
        for item, row in sorted(found.items(), key=lambda pair: names[pair[0]])
    )  # fmt: skip
    titles = ("Opening", "In", "Out", "Closing")
    columns = (Column("Item"), Column("Number"), *(Column(title, _MONEY) for title in titles),
               Column("Units", _NUMBER), Column("For one", Kind.COST))  # fmt: skip
    sums = [sum((row[place] for row in rows), Decimal(0)) for place in range(2, 6)]
    return Found(columns, rows, ("", None, *sums, sum(row[6] for row in rows), None))


def open_layers(session: Session, period: Days) -> Found:
    """What is left of each receipt at the end of the period, the next to go first, and what it is worth."""
    rows: tuple[tuple[Any, ...], ...] = tuple(
        (row.item_name, row.item_number, local_day(row.at), row.document, row.lot, row.came_in, row.units,
         row.unit_cost, row.value)
        for row in flow_queries.open_layers(session, start_of(period.last + ONE_DAY))
    )  # fmt: skip
    columns = (Column("Item"), Column("Number"), Column("Came in", _DAY), Column("Document"), Column("Lot"),
               Column("Came", _NUMBER), Column("Left", _NUMBER), Column("For one", Kind.COST),
               Column("Value", _MONEY))  # fmt: skip
    value = sum((row[8] for row in rows), Decimal(0))
    return Found(columns, rows, ("", None, None, None, None, None, sum(row[6] for row in rows), None, value))


def moves_valued(session: Session, period: Days) -> Found:
    """Each move over the border of our places with its value by both ways: what makes closing out of opening."""
    start, end = start_of(period.first), start_of(period.last + ONE_DAY)
    refuse_many(flow_queries.crossed(session, start, end), "moves crossed the border of our places in these days")
    names = {row.id: row.name for row in session.execute(select(Item.id, Item.name))}
    lots = {row.id: row.serial or row.number for row in session.execute(select(Lot.id, Lot.number, Lot.serial))}
    rows: tuple[tuple[Any, ...], ...] = tuple(
        (each.move_id, local_day(each.at), each.reason, each.document, names[each.item_id], lots[each.lot_id],
         each.units, average, layers)
        for each, average, layers in flow_queries.valued(session, start, end)
    )  # fmt: skip
    columns = (Column("Entry", _NUMBER), Column("Day", _DAY), Column("Why"), Column("Document"), Column("Item"),
               Column("Lot"), Column("Units", _NUMBER), Column("By average", _MONEY),
               Column("By layers", _MONEY))  # fmt: skip
    sums = [sum((row[place] for row in rows), Decimal(0)) for place in (7, 8)]
    return Found(columns, rows, (None, None, None, None, None, None, sum(row[6] for row in rows), *sums))


def _rolled_up(sums: dict[tuple[str, str], list[Decimal]]) -> Found:
    rows: tuple[tuple[Any, ...], ...] = tuple((*key, *sums[key]) for key in sorted(sums))
    total = [sum((each[place] for each in sums.values()), Decimal(0)) for place in range(4)]
    titles = ("Opening", "In", "Out", "Closing")
    columns = (Column("Item"), Column("Number"), *(Column(title, _MONEY) for title in titles))
    return Found(columns, rows, ("", None, *total))


def expiring(session: Session, period: Days) -> Found:
    """Lots in our stock that expire within the period, first to expire first."""
    return _expiring(session, period, lambda row: (row.expires_on, row.item_name, row.lot, row.place))


def expiring_by_bin(session: Session, period: Days) -> Found:
    """The same in walking order: place by place, to be taken off the shelf."""
    order = {row.code: number for number, row in enumerate(place_rows(session))}
    return _expiring(session, period, lambda row: (order.get(row.place, 0), row.expires_on, row.item_name, row.lot))


def _expiring(session: Session, period: Days, order: Callable[[StockRow], Any]) -> Found:
    found = [row for row in stock_rows(session) if row.expires_on is not None and row.expires_on in period]
    rows = tuple(
        (row.place, row.expires_on, row.item_name, row.lot, row.on_hand, row.value) for row in sorted(found, key=order)
    )
    columns = (Column("Place"), Column("Expires", _DAY), Column("Item"), Column("Lot"), Column("Units", _NUMBER),
               Column("Value", _MONEY))  # fmt: skip
    value = sum((row[5] for row in rows), Decimal(0))
    return Found(columns, rows, (None, None, None, None, sum(row[4] for row in rows), value))


def below_reorder(session: Session, _period: Days) -> Found:
    """Items with as few usable, unreserved units as their reorder point, or fewer: those the stock list calls short."""
    free = func.coalesce(func.sum(Balance.on_hand - Balance.reserved), 0)
    wanted = (
        select(Item.name, Item.number, free.label("free"), Item.reorder_point, Item.par_level)
        .outerjoin(Balance, (Balance.item_id == Item.id) & Balance.usable & (Balance.on_hand > Balance.reserved))
        .where(Item.ended_on.is_(None), Item.reorder_point > 0)
        .group_by(Item.id, Item.name, Item.number, Item.reorder_point, Item.par_level)
        .having(free <= Item.reorder_point)
        .order_by(Item.name, Item.number)
    )
    rows = tuple((*row[:2], int(row.free), *row[3:], max(0, row.par_level - int(row.free)))
                 for row in session.execute(wanted))  # fmt: skip
    titles = ("Free", "Reorder point", "Par level", "Missing to par")
    return Found((Column("Item"), Column("Number"), *(Column(title, _NUMBER) for title in titles)), rows)
