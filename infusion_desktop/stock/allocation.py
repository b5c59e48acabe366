"""One allocator for every path: first-expired-first-out, long enough dated, never held or expired lots.

Each item's candidates come from one look-up of the index of usable stock, as many lots as are likely needed; each lot
is taken by a conditional update. When another workstation was quicker, the candidates are read again, so that nobody is
told "out of stock" while stock is left (RELIABILITY B1, B2).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.roles import UserId
from infusion_desktop.dates import show_day
from infusion_desktop.stock.ledger import NewMove, post
from infusion_desktop.stock.tables import Balance, Item, Location, Lot, Reservation
from infusion_desktop.stock.words import ItemId, LocationId, LotId, MoveId, MoveReason

LOTS_AT_ONCE = 8


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


_CANDIDATES = (
    select(Balance.lot_id, Balance.location_id, (Balance.on_hand - Balance.reserved).label("free"))
    .where(
        Balance.item_id == bindparam("item"),
        Balance.usable,
        Balance.on_hand > Balance.reserved,
        Balance.expires_on > bindparam("through"),
    )
    .order_by(Balance.expires_on, Balance.lot_id, Balance.location_id)
    .limit(LOTS_AT_ONCE)
)
_TAKE = (
    update(Balance.__table__)  # type: ignore[arg-type]
    .where(
        Balance.lot_id == bindparam("lot"),
        Balance.location_id == bindparam("place"),
        Balance.usable,
        Balance.on_hand - Balance.reserved >= bindparam("units"),
    )
    .values(reserved=Balance.reserved + bindparam("units"))
)
_GIVE_BACK = (
    update(Balance.__table__)  # type: ignore[arg-type]
    .where(Balance.lot_id == bindparam("lot"), Balance.location_id == bindparam("place"))
    .values(reserved=Balance.reserved - bindparam("units"))
)


def reserve(session: Session, document: str, document_id: int, demands: Sequence[Demand]) -> Reserved:
    """Keep stock for a document's lines; what cannot be kept is a shortage, not a refusal.

    Items are taken in ascending order, the same everywhere, so that two kits never wait for each other.
    """
    allocations: list[Allocation] = []
    shortages: dict[int, int] = {}
    for demand in sorted(demands, key=lambda each: (each.item_id, each.usable_through, each.line_id)):
        taken, short = _take(session, demand)
        allocations += taken
        if short:
            shortages[demand.line_id] = short
    if allocations:
        session.execute(
            insert(Reservation),
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
    short_items = {demand.item_id: demand for demand in demands if demand.line_id in shortages}
    return Reserved(tuple(allocations), shortages, _passed_over(session, short_items))


def _take(session: Session, demand: Demand) -> tuple[list[Allocation], int]:
    connection = session.connection()
    wanted = demand.quantity
    units: dict[tuple[int, int], int] = defaultdict(int)
    while wanted > 0:
        found = connection.execute(_CANDIDATES, {"item": demand.item_id, "through": demand.usable_through}).all()
        if not found:
            break
        for lot, place, free in found:
            take = min(free, wanted)
            if connection.execute(_TAKE, {"lot": lot, "place": place, "units": take}).rowcount:
                units[lot, place] += take
                wanted -= take
            else:
                break  # Somebody was quicker: look again, so that the order of expiry is kept.
            if not wanted:
                break
    taken = [
        Allocation(demand.line_id, LotId(lot), LocationId(place), quantity) for (lot, place), quantity in units.items()
    ]
    return taken, wanted


def _passed_over(session: Session, short: dict[ItemId, Demand]) -> tuple[str, ...]:
    if not short:
        return ()
    rows = session.execute(
        select(
            Balance.item_id,
            Item.name,
            Lot.number,
            Lot.held,
            Lot.expires_on,
            Location.name.label("place"),
            Balance.on_hand,
        )
        .join(Lot, Lot.id == Balance.lot_id)
        .join(Item, Item.id == Balance.item_id)
        .join(Location, Location.id == Balance.location_id)
        .where(Balance.item_id.in_(short), Balance.on_hand > Balance.reserved)
        .order_by(Balance.item_id, Balance.expires_on, Balance.lot_id)
        .limit(200)
    )
    sentences = []
    for row in rows:
        through = short[ItemId(row.item_id)].usable_through
        if row.held:
            why = f"is held: {row.held}"
        elif row.expires_on is not None and row.expires_on <= through:
            why = f"expires {show_day(row.expires_on)}, within the supply period"
        elif not _is_shelf(row.place):
            why = f"lies in {row.place}"
        else:
            continue
        sentences.append(f"{row.name}, lot {row.number or '(none)'}: {row.on_hand} passed over, it {why}.")
    return tuple(sentences)


def _is_shelf(place: str) -> bool:
    return not place.startswith(("Home of", "On the way", "Quarantine", "Returns"))


def let_go(session: Session, document: str, document_id: int, line_id: int | None = None) -> None:
    """Give back what is reserved for a document, or for one of its lines."""
    kept = [Reservation.document == document, Reservation.document_id == document_id]
    if line_id is not None:
        kept.append(Reservation.line_id == line_id)
    found = session.execute(
        select(Reservation.lot_id, Reservation.location_id, Reservation.quantity)
        .where(*kept)
        .order_by(Reservation.lot_id, Reservation.location_id)
    ).all()
    if found:
        rows = [{"lot": lot, "place": place, "units": units} for lot, place, units in found]
        session.connection().execute(_GIVE_BACK, rows)
        session.execute(delete(Reservation).where(*kept))


def take_reserved(
    session: Session,
    document: str,
    document_id: int,
    to_id: LocationId,
    reason: MoveReason,
    by: UserId,
    at: datetime | None = None,
) -> list[MoveId]:
    """Move everything reserved for a document to a place; the reservations end."""
    kept = (Reservation.document == document, Reservation.document_id == document_id)
    found = session.execute(
        select(Reservation.lot_id, Reservation.location_id, Reservation.quantity).where(*kept)
    ).all()
    moves = [NewMove(LotId(lot), LocationId(place), to_id, units, reason) for lot, place, units in found]
    session.execute(delete(Reservation).where(*kept))
    return post(session, moves, document, document_id, by, at, reserved=True)


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
