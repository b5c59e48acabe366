"""Lists of the stock room: what nobody takes any more, what is set aside, the proof that nothing went below zero."""

from collections import defaultdict
from collections.abc import Sequence, Set
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import compress, repeat
from operator import ne
from typing import Any

from sqlalchemy import BigInteger, case, func, select, type_coerce
from sqlalchemy.orm import Session

from infusion_desktop.database.prepared import Prepared
from infusion_desktop.dates import Days, local_day, now_utc
from infusion_desktop.reporting.report import Found
from infusion_desktop.stock.house_rules import house_rules
from infusion_desktop.stock.queries import stock_rows, stock_set_aside
from infusion_desktop.stock.tables import Balance, Item, Location, Lot, Move
from infusion_desktop.stock.words import OUTSIDE, LocationKind
from reports.table_report import Column, Kind, Row

_NUMBER, _MONEY, _DAY = Kind.NUMBER, Kind.MONEY, Kind.DAY
_TAKEN = (LocationKind.TRANSIT, LocationKind.USED, LocationKind.PATIENT_HOME)


def dead_stock(session: Session, _period: Days) -> Found:
    """Items of which nothing was sent for as long as the pharmacy calls dead, with all that lies there of them."""
    since = now_utc() - timedelta(days=house_rules(session).dead_after_days)
    stock = stock_rows(session)
    seen = _seen(session, {row.item_id for row in stock} - _taken_lately(session, since))
    rows: list[Row] = []
    for row in stock:
        first, sent = seen.get(row.item_id, (None, None))
        if first is not None and first < since and (sent is None or sent < since):
            rows.append((row.item_name, row.item_number, row.lot, row.place, row.on_hand, row.value, row.expires_on,
                         local_day(sent) if sent is not None else "never"))  # fmt: skip
    columns = (Column("Item"), Column("Number"), Column("Lot"), Column("Place"), Column("Units", _NUMBER),
               Column("Value", _MONEY), Column("Expires", _DAY), Column("Last sent", _DAY))  # fmt: skip
    return Found(columns, tuple(rows), (None, None, None, None, *_sums(rows, 4, 5), None, None))


_IS_SENT = Move.to_id.in_(select(Location.id).where(Location.kind.in_(_TAKEN)))
_NEWEST_MOVES = 100_000


def _taken_lately(session: Session, since: datetime) -> set[int]:
    """Items among the newest moves that were sent: nearly all that are alive, without reading the whole ledger."""
    newest = (
        select(Move.id)
        .where(Move.effective_at >= since)
        .order_by(Move.effective_at.desc())
        .limit(_NEWEST_MOVES)
        .subquery()
    )
    lots = select(Move.lot_id).where(Move.id.in_(select(newest.c.id)), _IS_SENT)
    return set(session.scalars(select(Lot.item_id).where(Lot.id.in_(lots)).distinct()))


def _seen(session: Session, items: Set[int]) -> dict[int, tuple[datetime | None, datetime | None]]:
    """When each of these items was first seen, and when it was last sent."""
    rows = session.execute(
        select(Lot.item_id, func.min(Move.effective_at), func.max(case((_IS_SENT, Move.effective_at))))
        .join(Move, Move.lot_id == Lot.id)
        .where(Lot.item_id.in_(sorted(items)))
        .group_by(Lot.item_id)
    )
    return {item: (first, sent) for item, first, sent in rows}


def set_aside(session: Session, _period: Days) -> Found:
    """Everything nobody may use: in quarantine, in Returns, or of a held lot."""
    rows = tuple(
        (row.place, row.item_name, row.lot, row.on_hand, row.value, row.expires_on, row.held or row.place_kind.value)
        for row in stock_set_aside(session)
    )
    columns = (Column("Place"), Column("Item"), Column("Lot"), Column("Units", _NUMBER), Column("Value", _MONEY),
               Column("Expires", _DAY), Column("Why"))  # fmt: skip
    return Found(columns, rows, (None, None, None, *_sums(rows, 3, 4), None, None))


_PLACES = 1 << 31
"""A lot and a place as one number, put together and taken apart by it: half the work of a ledger of millions."""
_LOT, _LOT_THERE = (type_coerce(each, BigInteger) * _PLACES for each in (Move.lot_id, Balance.lot_id))
_LEDGER = Prepared(select(_LOT + Move.from_id, _LOT + Move.to_id, Move.quantity).order_by(Move.id))
_ENTRIES = select(Move.lot_id, func.count()).group_by(Move.lot_id)
_BALANCES = Prepared(select(_LOT_THERE + Balance.location_id, Balance.on_hand))


def never_below_zero(session: Session, _period: Days) -> Found:
    """Every entry of the ledger replayed in the order it was recorded: the lowest each item ever stood in any place."""
    items = {row.id: row.item_id for row in session.execute(select(Lot.id, Lot.item_id))}
    inside = set(session.scalars(select(Location.id).where(Location.kind.not_in(OUTSIDE))))
    lowest: dict[int, int] = {}
    stands: dict[int, int] = defaultdict(int)
    for some in _LEDGER.streamed(session, {}):
        for origin, goal, units in some:
            stands[goal] += units
            stands[origin] = left = stands[origin] - units
            if left < 0 and origin % _PLACES in inside:
                item = items[origin // _PLACES]
                lowest[item] = min(lowest.get(item, 0), left)
    entries: dict[int, int] = defaultdict(int)
    for lot, times in session.execute(_ENTRIES):
        entries[items[lot]] += times
    off: dict[int, int] = defaultdict(int)
    for some in _BALANCES.streamed(session, {}):
        each, kept = zip(*some, strict=True)
        differ = map(ne, map(stands.pop, each, repeat(0)), kept)
        for lot_there in compress(each, differ):
            off[items[lot_there // _PLACES]] += 1
    for lot_there, units in stands.items():
        if units and lot_there % _PLACES in inside:
            off[items[lot_there // _PLACES]] += 1
    names = {row.id: row for row in session.execute(select(Item.id, Item.name, Item.number))}
    rows = tuple(
        (names[item].name, names[item].number, count, lowest.get(item, 0), off.get(item, 0),
         "below zero" if lowest.get(item, 0) < 0 else "differs" if off.get(item) else "right")
        for item, count in sorted(entries.items(), key=lambda pair: names[pair[0]].name)
    )  # fmt: skip
    columns = (Column("Item"), Column("Number"), Column("Entries", _NUMBER), Column("Lowest ever", _NUMBER),
               Column("Balances that differ", _NUMBER), Column("Proof"))  # fmt: skip
    totals = ("", None, sum(entries.values()), min(lowest.values(), default=0), sum(off.values()), None)
    return Found(columns, rows, totals)


def _sums(rows: Sequence[tuple[Any, ...]], units: int, value: int) -> tuple[int, Decimal]:
    return sum(row[units] for row in rows), sum((row[value] for row in rows), Decimal(0))
