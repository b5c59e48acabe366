"""One allocator for every path: first-expired-first-out, long enough dated, never held or expired lots.

A kit's candidates come from one look at the index of usable stock, as many lots of each item as are likely needed; what
fills it is held in the one order and taken by one conditional update. Where that is not enough, or somebody else was
quicker, items are held and looked at one by one. Nobody is told "out of stock" while stock is left, and no later lot is
used before an earlier one (never SKIP LOCKED; RELIABILITY B1, B2).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    Date,
    Table,
    bindparam,
    delete,
    exists,
    insert,
    literal_column,
    select,
    text,
    true,
    tuple_,
    update,
)
from sqlalchemy.orm import Session

from infusion_desktop.access.roles import UserId
from infusion_desktop.database.many import ROWS, as_rows, change_many, given, insert_many
from infusion_desktop.database.on_connection import connection_of
from infusion_desktop.database.prepared import Prepared, command
from infusion_desktop.dates import show_day
from infusion_desktop.errors import Refused
from infusion_desktop.stock.ledger import LotPlace, NewMove, lock_balances, named_balances, post
from infusion_desktop.stock.tables import Balance, Item, Location, Lot, Reservation
from infusion_desktop.stock.words import ItemId, LocationId, LocationKind, LotId, MoveId, MoveReason

FIRST_LOTS = 2
"""Lots of an item that the one look for a whole kit finds."""
LOTS_AT_ONCE = 8
MOST_NAMED = 40
_BALANCE = cast(Table, Balance.__table__)
_RESERVATION = cast(Table, Reservation.__table__)


class Demand(NamedTuple):
    """Base units of an item that a document's line wants, usable beyond ``usable_through``."""

    line_id: int
    item_id: ItemId
    quantity: int
    usable_through: date


class Allocation(NamedTuple):
    """Units of a lot in a place kept for a line."""

    line_id: int
    lot_id: LotId
    location_id: LocationId
    quantity: int


@dataclass(frozen=True, slots=True)
class Reserved:
    """What was kept, what was short by line, and which lots were passed over and why."""

    allocations: tuple[Allocation, ...]
    shortages: dict[int, int]
    passed_over: tuple[str, ...]


# Written as the index of usable stock has it: with "usable = 1" SQLite would not see that the index serves.
_USABLE = text("usable AND on_hand > reserved")
_CANDIDATES = (
    select(_BALANCE.c.lot_id, _BALANCE.c.location_id, _BALANCE.c.on_hand - _BALANCE.c.reserved)
    .where(_BALANCE.c.item_id == bindparam("item"), _USABLE, _BALANCE.c.expires_on > bindparam("through"))
    .order_by(_BALANCE.c.expires_on, _BALANCE.c.lot_id, _BALANCE.c.location_id)
    .limit(bindparam("most"))
    .with_for_update()
)
_KEY = (_BALANCE.c.lot_id == bindparam("lot"), _BALANCE.c.location_id == bindparam("place"))
_UNITS = bindparam("units", type_=_BALANCE.c.reserved.type)
_TAKE = (
    update(_BALANCE)
    .where(*_KEY, _USABLE, _BALANCE.c.on_hand - _BALANCE.c.reserved >= _UNITS)
    .values(reserved=_BALANCE.c.reserved + _UNITS)
)
_GIVE_BACK = update(_BALANCE).where(*_KEY).values(reserved=_BALANCE.c.reserved - _UNITS)


def reserve(session: Session, document: str, document_id: int, demands: Sequence[Demand]) -> Reserved:
    """Keep stock for a document's lines; what cannot be kept is a shortage, not a refusal.

    Items are taken in ascending order, the same everywhere, so that two kits never wait for each other.
    """
    ordered = sorted(
        (each for each in demands if each.quantity > 0),
        key=lambda each: (each.item_id, each.usable_through, each.line_id),
    )
    if not ordered:
        return Reserved((), {}, ())
    found, early = _look(session, ordered)
    allocations, shortages = _all_at_once(session, ordered, found) or _one_by_one(session, ordered)
    if allocations:
        rows = [
            {"line_id": each.line_id, "lot_id": each.lot_id, "location_id": each.location_id, "quantity": each.quantity}
            for each in allocations
        ]
        insert_many(session, _RESERVATION, rows, picked=0, document=document, document_id=document_id)
    return Reserved(tuple(allocations), shortages, _passed_over(session, ordered, early, shortages))


def _all_at_once(
    session: Session, demands: Sequence[Demand], found: Sequence[Sequence[tuple[LotPlace, int]]]
) -> tuple[list[Allocation], dict[int, int]] | None:
    """What was found fills all demands and is taken by one update; None, with nothing held, where it does not."""
    connection = connection_of(session)
    planned: dict[LotPlace, int] = defaultdict(int)
    allocations: list[Allocation] = []
    for demand, lots in zip(demands, found, strict=True):
        taken, short = _fill(demand, lots, planned)
        if short:
            return None
        allocations += taken
    several_writers = connection.dialect.name != "sqlite"
    if several_writers:  # Going back to it lets go of the rows held since, so that the one order is kept.
        command(connection, "SAVEPOINT before_taking")
    if _take(session, planned):
        return allocations, {}
    if not several_writers:
        raise Refused("The stock changed meanwhile. Nothing was reserved. Try again.")
    command(connection, "ROLLBACK TO SAVEPOINT before_taking")
    return None


def _one_by_one(session: Session, demands: Sequence[Demand]) -> tuple[list[Allocation], dict[int, int]]:
    """The same with each item's lots held before the next item's are looked at; what is short is said by line."""
    planned: dict[LotPlace, int] = defaultdict(int)
    allocations: list[Allocation] = []
    shortages: dict[int, int] = {}
    for demand in demands:
        taken, short = _fill(demand, _candidates(session, demand, planned), planned)
        allocations += taken
        if short:
            shortages[demand.line_id] = short
    if planned and not _take(session, planned):
        raise Refused("Another workstation was quicker. Nothing was reserved. Try again.")
    return allocations, shortages


def _fill(
    demand: Demand, found: Sequence[tuple[LotPlace, int]], planned: dict[LotPlace, int]
) -> tuple[list[Allocation], int]:
    """Which of the lots found fill a demand, and the units that are short; notes in ``planned`` what is spoken for."""
    wanted = demand.quantity
    taken: list[Allocation] = []
    for key, there in found:
        units = min(there - planned.get(key, 0), wanted)
        if units <= 0:
            continue
        planned[key] += units
        wanted -= units
        taken.append(Allocation(demand.line_id, *key, units))
        if not wanted:
            break
    return taken, wanted


def _look(session: Session, demands: Sequence[Demand]) -> tuple[list[list[tuple[LotPlace, int]]], set[LotPlace]]:
    """The first lots with free units for each demand in the order of their use, held for nobody; and lots that expire
    too early for theirs."""
    rows = [
        {"position": position, "item": each.item_id, "through": each.usable_through}
        for position, each in enumerate(demands)
    ]
    asked = {ROWS: as_rows(rows)}
    found: list[list[tuple[LotPlace, int]]] = [[] for _ in demands]
    is_early = False
    for position, _, lot, place, free, passes in sorted(_LOOK.kept(session, asked)):
        found[position].append(((LotId(lot), LocationId(place)), free))
        is_early = is_early or bool(passes)
    if is_early or not all(found):
        return found, {(LotId(lot), LocationId(place)) for lot, place in _EARLY.kept(session, asked)}
    return found, set()


def _looking(dialect: str) -> Any:
    """Each demand with its first lots, in no order, and whether it passes over any: the index is walked by demand."""
    # SQLite would read the JSON again with each use of a value.
    wanted = select(given(dialect, "position", "item", through=Date())).cte("wanted").prefix_with("MATERIALIZED")
    first = _BALANCE.alias("first")
    lots = (
        select(first.c.expires_on, first.c.lot_id, first.c.location_id, first.c.on_hand, first.c.reserved)
        .where(first.c.item_id == wanted.c.item, text("first.usable AND first.on_hand > first.reserved"))
        .where(first.c.expires_on > wanted.c.through)
        .order_by(first.c.expires_on, first.c.lot_id, first.c.location_id)
        .limit(literal_column(str(FIRST_LOTS)))
    )
    early = exists().where(_BALANCE.c.item_id == wanted.c.item, _USABLE, _BALANCE.c.expires_on <= wanted.c.through)
    if dialect == "sqlite":  # It knows no LATERAL, but each row's key.
        there = _BALANCE.alias("there")
        keys = lots.with_only_columns(first.c.lot_id, first.c.location_id).correlate(wanted)
        joined = wanted.join(there, tuple_(there.c.lot_id, there.c.location_id).in_(keys))
    else:
        there = lots.correlate(wanted).lateral("there")  # type: ignore[assignment]
        joined = wanted.join(there, true())
    free = there.c.on_hand - there.c.reserved
    found = select(
        wanted.c.position, there.c.expires_on, there.c.lot_id, there.c.location_id, free, early.correlate(wanted)
    )
    return found.select_from(joined)


def _candidates(session: Session, demand: Demand, planned: Mapping[LotPlace, int]) -> list[tuple[LotPlace, int]]:
    """Lots with free units in the order of their use, held for this transaction, until there is enough or no more.

    While this waited for another workstation, that one may have given lots back: too little is believed only when a
    second look, at what is there by then, finds the same.
    """
    connection = session.connection()
    most, before, looks_again = LOTS_AT_ONCE, None, connection.dialect.name != "sqlite"
    while True:
        rows = connection.execute(
            _CANDIDATES, {"item": demand.item_id, "through": demand.usable_through, "most": most}
        ).all()
        found = [((LotId(lot), LocationId(place)), free) for lot, place, free in rows]
        if sum(max(0, free - planned.get(key, 0)) for key, free in found) >= demand.quantity:
            return found
        if len(rows) == most:
            most *= 8
        elif rows == before or not looks_again:
            return found
        before = rows


def _take(session: Session, planned: Mapping[LotPlace, int]) -> bool:
    """Reserve units of lots, held in the one order, where so many are free; whether all of them were."""
    rows = [{"lot": lot, "place": place, "units": units} for (lot, place), units in planned.items()]
    return change_many(session, _TAKE_ALL, rows) == len(rows)


def _taking(dialect: str) -> Any:
    wanted = named_balances(dialect, "units")
    return (
        update(_BALANCE)
        .where(_BALANCE.c.lot_id == wanted.lot, _BALANCE.c.location_id == wanted.place)
        .where(_BALANCE.c.usable, _BALANCE.c.on_hand - _BALANCE.c.reserved >= wanted.units)
        .values(reserved=_BALANCE.c.reserved + wanted.units)
    )


def _passing_over(dialect: str) -> Any:
    """Lots that expire too early for a demand."""
    wanted = given(dialect, "position", "item", through=Date())
    return (
        select(_BALANCE.c.lot_id, _BALANCE.c.location_id)
        .join(wanted, (_BALANCE.c.item_id == wanted.c.item) & (_BALANCE.c.expires_on <= wanted.c.through))
        .where(_USABLE)
        .limit(literal_column(str(2 * MOST_NAMED)))
    )


_LOOK = Prepared(_looking)
_EARLY = Prepared(_passing_over)
_TAKE_ALL = Prepared(_taking)


def _passed_over(
    session: Session, demands: Sequence[Demand], early: Collection[LotPlace], shortages: Mapping[int, int]
) -> tuple[str, ...]:
    """Lots that expire too early for any line; for short lines also what is held or lies where nobody picks."""
    keys = set(early)
    short = {demand.item_id for demand in demands if demand.line_id in shortages}
    if short:
        found = session.connection().execute(_UNREACHABLE, {"items": sorted(short), "most": MOST_NAMED})
        keys.update((LotId(lot), LocationId(place)) for lot, place in found)
    if not keys:
        return ()
    through = {demand.item_id: demand.usable_through for demand in demands}
    rows = session.connection().execute(_NAMED, {"keys": sorted(keys)[: 2 * MOST_NAMED]})
    return tuple(
        f"{row.name}, lot {row.number or '(none)'}: {row.free} passed over, {_why(row, through[ItemId(row.item_id)])}."
        for row in rows
    )


def _why(row: Any, through: date) -> str:
    if row.held:
        return f"it is held: {row.held}"
    if row.expires_on is not None and row.expires_on <= through:
        return f"it expires {show_day(row.expires_on)}, within the supply period"
    return f"it lies in {row.place}"


_UNREACHABLE = (
    select(_BALANCE.c.lot_id, _BALANCE.c.location_id)
    .join(Location, Location.id == _BALANCE.c.location_id)
    .where(
        _BALANCE.c.item_id.in_(bindparam("items", expanding=True)),
        text("NOT usable AND on_hand > reserved"),
        Location.kind.not_in((LocationKind.PATIENT_HOME, LocationKind.TRANSIT)),
    )
    .limit(bindparam("most"))
)
_NAMED = (
    select(
        Balance.item_id,
        Item.name,
        Lot.number,
        Lot.held,
        Lot.expires_on,
        Location.name.label("place"),
        (Balance.on_hand - Balance.reserved).label("free"),
    )
    .join(Lot, Lot.id == Balance.lot_id)
    .join(Item, Item.id == Balance.item_id)
    .join(Location, Location.id == Balance.location_id)
    .where(tuple_(Balance.lot_id, Balance.location_id).in_(bindparam("keys", expanding=True)))
    .order_by(Item.name, Balance.expires_on, Balance.lot_id)
)


def let_go(session: Session, document: str, document_id: int, line_id: int | None = None) -> None:
    """Give back what is reserved for a document, or for one of its lines."""
    units: dict[LotPlace, int] = defaultdict(int)
    for lot, place, quantity in _end_reservations(session, document, document_id, line_id):
        units[lot, place] += quantity
    if units:
        lock_balances(session, units)
        rows = [{"lot": lot, "place": place, "units": count} for (lot, place), count in units.items()]
        session.connection().execute(_GIVE_BACK, rows)


def take_reserved(
    session: Session,
    document: str,
    document_id: int,
    to_id: LocationId,
    reason: MoveReason,
    by: UserId,
    at: datetime | None = None,
) -> list[MoveId]:
    """Move everything reserved for a document to a place; the reservations end.

    Refused, naming the lots, when one was put on hold since it was reserved.
    """
    ended = _end_reservations(session, document, document_id)
    moves = [NewMove(lot, place, to_id, quantity, reason) for lot, place, quantity in ended]
    return post(session, moves, document, document_id, by, at, reserved=True)


_OF_DOCUMENT = delete(_RESERVATION).where(
    _RESERVATION.c.document == bindparam("document"), _RESERVATION.c.document_id == bindparam("number")
)
_ENDED = (_RESERVATION.c.line_id, _RESERVATION.c.lot_id, _RESERVATION.c.location_id, _RESERVATION.c.quantity)
_END = Prepared(_OF_DOCUMENT.returning(*_ENDED))
_END_LINE = Prepared(_OF_DOCUMENT.where(_RESERVATION.c.line_id == bindparam("line")).returning(*_ENDED))


def _end_reservations(
    session: Session, document: str, document_id: int, line_id: int | None = None
) -> list[tuple[LotId, LocationId, int]]:
    """Delete reservations and tell what they held; of two people who do it at once, the second finds none."""
    which = {"document": document, "number": document_id}
    ended = _END.kept(session, which) if line_id is None else _END_LINE.kept(session, {**which, "line": line_id})
    return [(LotId(lot), LocationId(place), quantity) for _, lot, place, quantity in sorted(ended)]


def reserve_lot(session: Session, document: str, document_id: int, allocation: Allocation) -> bool:
    """Keep units of exactly this lot in this place for a line; False when they are not free or not usable."""
    took = session.connection().execute(
        _TAKE, {"lot": allocation.lot_id, "place": allocation.location_id, "units": allocation.quantity}
    )
    if not took.rowcount:
        return False
    session.execute(
        insert(Reservation).values(
            lot_id=allocation.lot_id,
            location_id=allocation.location_id,
            quantity=allocation.quantity,
            picked=0,
            document=document,
            document_id=document_id,
            line_id=allocation.line_id,
        )
    )
    return True
