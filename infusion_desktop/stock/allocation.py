"""One allocator for every path: first-expired-first-out, long enough dated, never held or expired lots.

Each item's candidates come from one look-up of the index of usable stock, as many lots as are likely needed; they are
held for the transaction and taken together by one conditional update. Nobody is told "out of stock" while stock is
left, and no later lot is used before an earlier one (never SKIP LOCKED; RELIABILITY B1, B2).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, insert, select, text, tuple_, update
from sqlalchemy.orm import Session

from infusion_desktop.access.roles import UserId
from infusion_desktop.dates import show_day
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.stock.ledger import LotPlace, NewMove, lock_balances, post
from infusion_desktop.stock.tables import Balance, Item, Location, Lot, Reservation
from infusion_desktop.stock.words import ItemId, LocationId, LocationKind, LotId, MoveId, MoveReason

LOTS_AT_ONCE = 8
MOST_NAMED = 40
_BALANCE = cast(Table, Balance.__table__)
_RESERVATION = cast(Table, Reservation.__table__)


@dataclass(frozen=True, slots=True)
class Demand:
    """Base units of an item that a document's line wants, usable beyond ``usable_through``."""

    line_id: int
    item_id: ItemId
    quantity: int
    usable_through: date


@dataclass(frozen=True, slots=True)
class Allocation:
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
    planned: dict[LotPlace, int] = defaultdict(int)
    allocations: list[Allocation] = []
    shortages: dict[int, int] = {}
    for demand in sorted(demands, key=lambda each: (each.item_id, each.usable_through, each.line_id)):
        taken, short = _plan(session, demand, planned)
        allocations += taken
        if short:
            shortages[demand.line_id] = short
    if allocations:
        _keep(session, document, document_id, allocations, planned)
    return Reserved(tuple(allocations), shortages, _passed_over(session, demands, shortages))


def _plan(session: Session, demand: Demand, planned: dict[LotPlace, int]) -> tuple[list[Allocation], int]:
    """Which lots fill a demand, and the units that are short; notes in ``planned`` what is spoken for."""
    wanted = demand.quantity
    taken: list[Allocation] = []
    if wanted <= 0:
        return taken, 0
    for key, free in _candidates(session, demand, planned):
        units = min(free, wanted)
        planned[key] += units
        wanted -= units
        taken.append(Allocation(demand.line_id, *key, units))
        if not wanted:
            break
    return taken, wanted


def _candidates(session: Session, demand: Demand, planned: dict[LotPlace, int]) -> list[tuple[LotPlace, int]]:
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
        keyed = [((LotId(lot), LocationId(place)), free) for lot, place, free in rows]
        found = [(key, free - planned.get(key, 0)) for key, free in keyed if free > planned.get(key, 0)]
        if sum(free for _, free in found) >= demand.quantity:
            return found
        if len(rows) == most:
            most *= 8
        elif rows == before or not looks_again:
            return found
        before = rows


def _keep(
    session: Session,
    document: str,
    document_id: int,
    allocations: Sequence[Allocation],
    planned: Mapping[LotPlace, int],
) -> None:
    connection = session.connection()
    rows = [{"lot": lot, "place": place, "units": units} for (lot, place), units in planned.items()]
    if connection.execute(_TAKE, rows).rowcount != len(rows):
        raise Refused("Another workstation was quicker. Nothing was reserved. Try again.")
    connection.execute(
        insert(_RESERVATION),
        [
            {
                "lot_id": each.lot_id,
                "location_id": each.location_id,
                "quantity": each.quantity,
                "picked": 0,
                "document": document,
                "document_id": document_id,
                "line_id": each.line_id,
            }
            for each in allocations
        ],
    )


def _passed_over(session: Session, demands: Sequence[Demand], shortages: Mapping[int, int]) -> tuple[str, ...]:
    """Lots that expire too early for any line; for short lines also what is held or lies where nobody picks."""
    through = {demand.item_id: demand.usable_through for demand in demands if demand.quantity > 0}
    short = {demand.item_id for demand in demands if demand.line_id in shortages}
    if not through:
        return ()
    early = session.connection().execute(
        _EARLY, {"items": sorted(through), "through": max(through.values()), "most": MOST_NAMED}
    )
    keys = [(lot, place) for lot, place, item, expires_on in early if expires_on <= through[item]]
    if short:
        keys += session.connection().execute(_UNREACHABLE, {"items": sorted(short), "most": MOST_NAMED}).all()
    if not keys:
        return ()
    rows = session.connection().execute(_NAMED, {"keys": sorted({(lot, place) for lot, place in keys})})
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


_EARLY = (
    select(_BALANCE.c.lot_id, _BALANCE.c.location_id, _BALANCE.c.item_id, _BALANCE.c.expires_on)
    .where(
        _BALANCE.c.item_id.in_(bindparam("items", expanding=True)),
        _USABLE,
        _BALANCE.c.expires_on <= bindparam("through"),
    )
    .order_by(_BALANCE.c.item_id, _BALANCE.c.expires_on)
    .limit(bindparam("most"))
)
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


_HELD = (
    select(Item.name, Lot.number, Lot.held)
    .join(Item, Item.id == Lot.item_id)
    .where(Lot.id.in_(bindparam("lots", expanding=True)), Lot.held != "")
    .order_by(Lot.id)
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
    held = session.connection().execute(_HELD, {"lots": sorted({lot for lot, _, _ in ended})})
    refuse_if(f"{row.name}, lot {row.number}, is held: {row.held}. Take another lot for it." for row in held)
    moves = [NewMove(lot, place, to_id, quantity, reason) for lot, place, quantity in ended]
    return post(session, moves, document, document_id, by, at, reserved=True)


def _end_reservations(
    session: Session, document: str, document_id: int, line_id: int | None = None
) -> list[tuple[LotId, LocationId, int]]:
    """Delete reservations and tell what they held; of two people who do it at once, the second finds none."""
    ended = (
        delete(_RESERVATION)
        .where(_RESERVATION.c.document == document, _RESERVATION.c.document_id == document_id)
        .returning(_RESERVATION.c.lot_id, _RESERVATION.c.location_id, _RESERVATION.c.quantity, _RESERVATION.c.line_id)
    )
    if line_id is not None:
        ended = ended.where(_RESERVATION.c.line_id == line_id)
    rows = sorted(session.connection().execute(ended), key=lambda row: (row.line_id, row.lot_id, row.location_id))
    return [(LotId(row.lot_id), LocationId(row.location_id), row.quantity) for row in rows]


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
