"""Reports on stock. Our stock is what lies in any place that keeps a balance, except patients' homes."""

from collections import defaultdict
from datetime import UTC, date, datetime, time
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.dates import ONE_DAY, Days
from infusion_desktop.reporting.report import Found
from infusion_desktop.stock.tables import Balance, Item, Location, Lot, Move
from infusion_desktop.stock.words import LocationKind
from reports.table_report import Column, Kind

OURS = tuple(kind for kind in LocationKind if kind.keeps_balance and kind is not LocationKind.PATIENT_HOME)
_NUMBER, _MONEY, _DAY = Kind.NUMBER, Kind.MONEY, Kind.DAY


def valuation(session: Session, _period: Days) -> Found:
    """What our stock is worth now, at what each lot cost, by item and place."""
    wanted = (
        select(Item.number, Item.name, Location.name.label("place"), Balance.on_hand, Lot.unit_cost)
        .join(Lot, Lot.id == Balance.lot_id)
        .join(Item, Item.id == Lot.item_id)
        .join(Location, Location.id == Balance.location_id)
        .where(Location.kind.in_(OURS), Balance.on_hand > 0)
    )
    units: dict[tuple[str, str, str], int] = defaultdict(int)
    value: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for row in session.execute(wanted):
        key = (row.name, row.number, row.place)
        units[key] += row.on_hand
        value[key] += row.on_hand * row.unit_cost
    rows = tuple((name, number, place, units[name, number, place], value[name, number, place])
                 for name, number, place in sorted(units))  # fmt: skip
    columns = (Column("Item"), Column("Number"), Column("Place"), Column("Units", _NUMBER), Column("Value", _MONEY))
    return Found(columns, rows, ("", None, None, sum(units.values()), sum(value.values(), Decimal(0))))


def roll_forward(session: Session, period: Days) -> Found:
    """Value at the start, what came in and went out, value at the end, from the ledger alone."""
    start, end = _start_of(period.first), _start_of(period.last + ONE_DAY)
    from_place, to_place = aliased(Location), aliased(Location)
    wanted = (
        select(Item.number, Item.name, Lot.unit_cost, Move.quantity, Move.effective_at,
               from_place.kind.label("origin"), to_place.kind.label("goal"))
        .join(Lot, Lot.id == Move.lot_id)
        .join(Item, Item.id == Lot.item_id)
        .join(from_place, from_place.id == Move.from_id)
        .join(to_place, to_place.id == Move.to_id)
        .where(Move.effective_at < end)
    )  # fmt: skip
    sums: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for row in session.execute(wanted):
        sign = (row.goal in OURS) - (row.origin in OURS)
        if sign:
            column = 0 if row.effective_at < start else 1 if sign > 0 else 2
            amount = row.quantity * row.unit_cost
            sums[row.name, row.number][column] += amount if column else sign * amount
    rows = tuple((*key, *_rolled(sums[key])) for key in sorted(sums))
    total = [sum((each[place] for each in sums.values()), Decimal(0)) for place in range(3)]
    titles = ("Opening", "In", "Out", "Closing")
    columns = (Column("Item"), Column("Number"), *(Column(title, _MONEY) for title in titles))
    return Found(columns, rows, ("", None, *_rolled(total)))


def expiring(session: Session, period: Days) -> Found:
    """Lots in our stock that expire within the period, first to expire first."""
    wanted = (
        select(Lot.expires_on, Item.name, Lot.number, Location.name.label("place"), Balance.on_hand, Lot.unit_cost)
        .join(Lot, Lot.id == Balance.lot_id)
        .join(Item, Item.id == Lot.item_id)
        .join(Location, Location.id == Balance.location_id)
        .where(Location.kind.in_(OURS), Balance.on_hand > 0, Lot.expires_on.between(period.first, period.last))
        .order_by(Lot.expires_on, Item.name, Lot.number, Location.name)
    )
    rows = tuple((*row[:5], row.on_hand * row.unit_cost) for row in session.execute(wanted))
    columns = (Column("Expires", _DAY), Column("Item"), Column("Lot"), Column("Place"), Column("Units", _NUMBER),
               Column("Value", _MONEY))  # fmt: skip
    units = sum(row[4] for row in rows)
    return Found(columns, rows, (None, None, None, None, units, sum((row[5] for row in rows), Decimal(0))))


def below_reorder(session: Session, _period: Days) -> Found:
    """Items with fewer usable, unreserved units than their reorder point."""
    free = func.coalesce(func.sum(Balance.on_hand - Balance.reserved), 0)
    wanted = (
        select(Item.name, Item.number, free.label("free"), Item.reorder_point, Item.par_level)
        .outerjoin(Balance, (Balance.item_id == Item.id) & Balance.usable)
        .where(Item.ended_on.is_(None), Item.reorder_point > 0)
        .group_by(Item.id, Item.name, Item.number, Item.reorder_point, Item.par_level)
        .having(free < Item.reorder_point)
        .order_by(Item.name, Item.number)
    )
    rows = tuple((*row[:2], int(row.free), *row[3:], max(0, row.par_level - int(row.free)))
                 for row in session.execute(wanted))  # fmt: skip
    titles = ("Free", "Reorder point", "Par level", "Missing to par")
    return Found((Column("Item"), Column("Number"), *(Column(title, _NUMBER) for title in titles)), rows)


def _rolled(sums: list[Decimal]) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    opening, came, went = sums
    return opening, came, went, opening + came - went


def _start_of(day: date) -> datetime:
    """The instant a day begins where this computer stands."""
    return datetime.combine(day, time.min).astimezone(UTC)
