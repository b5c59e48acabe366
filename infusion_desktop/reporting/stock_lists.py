"""Lists of the stock room: what nobody takes any more, what is set aside, the proof that nothing went below zero."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.dates import Days, local_day, now_utc
from infusion_desktop.reporting.report import Found
from infusion_desktop.stock.house_rules import house_rules
from infusion_desktop.stock.ledger import OUTSIDE
from infusion_desktop.stock.queries import stock_rows
from infusion_desktop.stock.tables import Balance, Item, Location, Lot, Move
from infusion_desktop.stock.words import LocationKind
from reports.table_report import Column, Kind, Row

_NUMBER, _MONEY, _DAY = Kind.NUMBER, Kind.MONEY, Kind.DAY
_TAKEN = (LocationKind.TRANSIT, LocationKind.USED, LocationKind.PATIENT_HOME)


def dead_stock(session: Session, _period: Days) -> Found:
    """Items of which nothing was sent for as long as the pharmacy calls dead, with all that lies there of them."""
    limits = house_rules(session)
    since = now_utc() - timedelta(days=limits.dead_after_days)
    last_sent, first_seen = _last_sent(session), _first_seen(session)
    rows: list[Row] = []
    for row in stock_rows(session):
        sent = last_sent.get(row.item_id)
        seen = first_seen.get(row.item_id)
        if (sent is None or sent < since) and seen is not None and seen < since:
            rows.append((row.item_name, row.item_number, row.lot, row.place, row.on_hand, row.value, row.expires_on,
                         local_day(sent) if sent is not None else "never"))  # fmt: skip
    columns = (Column("Item"), Column("Number"), Column("Lot"), Column("Place"), Column("Units", _NUMBER),
               Column("Value", _MONEY), Column("Expires", _DAY), Column("Last sent", _DAY))  # fmt: skip
    return Found(columns, tuple(rows), (None, None, None, None, *_sums(rows, 4, 5), None, None))


def _last_sent(session: Session) -> dict[int, datetime]:
    target = select(Location.id).where(Location.kind.in_(_TAKEN))
    rows = session.execute(
        select(Lot.item_id, func.max(Move.effective_at))
        .join(Lot, Lot.id == Move.lot_id)
        .where(Move.to_id.in_(target))
        .group_by(Lot.item_id)
    )
    return {item: at for item, at in rows if at is not None}


def _first_seen(session: Session) -> dict[int, datetime]:
    rows = session.execute(
        select(Lot.item_id, func.min(Move.effective_at)).join(Lot, Lot.id == Move.lot_id).group_by(Lot.item_id)
    )
    return {item: at for item, at in rows if at is not None}


def set_aside(session: Session, _period: Days) -> Found:
    """Everything nobody may use: in quarantine, in Returns, or of a held lot."""
    kinds = (LocationKind.QUARANTINE, LocationKind.RETURNS)
    rows = tuple(
        (row.place, row.item_name, row.lot, row.on_hand, row.value, row.expires_on,
         row.held or row.place_kind.value)
        for row in stock_rows(session)
        if row.held or row.place_kind in kinds
    )  # fmt: skip
    columns = (Column("Place"), Column("Item"), Column("Lot"), Column("Units", _NUMBER), Column("Value", _MONEY),
               Column("Expires", _DAY), Column("Why"))  # fmt: skip
    return Found(columns, rows, (None, None, None, *_sums(rows, 3, 4), None, None))


def never_below_zero(session: Session, _period: Days) -> Found:
    """Every entry of the ledger replayed in the order it was recorded: the lowest each item ever stood in any place."""
    outside = set(session.scalars(select(Location.id).where(Location.kind.in_(OUTSIDE))))
    items = {lot: item for lot, item in session.execute(select(Lot.id, Lot.item_id))}  # noqa: C416
    lowest: dict[int, int] = {}
    entries: dict[int, int] = defaultdict(int)
    stands: dict[tuple[int, int], int] = defaultdict(int)
    moves = session.execute(
        select(Move.lot_id, Move.from_id, Move.to_id, Move.quantity).order_by(Move.id).execution_options(yield_per=5000)
    )
    for lot, origin, goal, units in moves:
        item = items[lot]
        entries[item] += 1
        if goal not in outside:
            stands[lot, goal] += units
        if origin not in outside:
            stands[lot, origin] = left = stands[lot, origin] - units
            if left < lowest.get(item, 0):
                lowest[item] = left
    off: dict[int, int] = defaultdict(int)
    kept = {(lot, place): units for lot, place, units in session.execute(
        select(Balance.lot_id, Balance.location_id, Balance.on_hand))}  # fmt: skip
    for key in stands.keys() | kept.keys():
        if stands.get(key, 0) != kept.get(key, 0):
            off[items.get(key[0], 0)] += 1
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
