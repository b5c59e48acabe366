"""The ledger of stock: moves are added, balances follow in the same transaction, nothing ever goes below zero.

Balances are changed by conditional updates (`... WHERE on_hand - reserved >= n`, row count checked) in one order of
rows everywhere, so that two workstations neither oversell nor deadlock (RELIABILITY G5, B1, B4).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, case, insert, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.roles import UserId
from infusion_desktop.dates import now_utc
from infusion_desktop.errors import Refused
from infusion_desktop.stock.tables import Balance, Item, Location, Lot, Move
from infusion_desktop.stock.words import NEVER_EXPIRES, LocationId, LocationKind, LotId, MoveId, MoveReason

Place = tuple[LotId, LocationId]

OUTSIDE = tuple(kind for kind in LocationKind if not kind.keeps_balance)
PICKABLE = tuple(kind for kind in LocationKind if kind.is_pickable)


@dataclass(frozen=True, slots=True)
class NewMove:
    """Base units of a lot that go from one place to another."""

    lot_id: LotId
    from_id: LocationId
    to_id: LocationId
    quantity: int
    reason: MoveReason
    note: str = ""
    reverses_id: MoveId | None = None


def post(
    session: Session,
    moves: Sequence[NewMove],
    document: str,
    document_id: int,
    by: UserId,
    at: datetime | None = None,
    *,
    reserved: bool = False,
) -> list[MoveId]:
    """Add moves to the ledger and follow with the balances; the ids of the moves in their order.

    ``at`` is when it happened (now by default). With ``reserved`` the units leave as they were reserved; otherwise only
    units that nobody reserved may leave. Refused, with nothing changed, when a place holds fewer.
    """
    if not moves:
        return []
    if any(move.quantity <= 0 for move in moves):
        raise Refused("A move needs at least one unit.")
    recorded_at = now_utc()
    outside = set(session.scalars(select(Location.id).where(Location.kind.in_(OUTSIDE))))
    leaving: dict[Place, int] = defaultdict(int)
    arriving: dict[Place, int] = defaultdict(int)
    for move in moves:
        if move.from_id not in outside:
            leaving[move.lot_id, move.from_id] += move.quantity
        if move.to_id not in outside:
            arriving[move.lot_id, move.to_id] += move.quantity
    _make_balances(session, arriving)
    _change(session, leaving, arriving, reserved)
    rows = [
        {
            "lot_id": move.lot_id,
            "from_id": move.from_id,
            "to_id": move.to_id,
            "quantity": move.quantity,
            "reason": move.reason,
            "note": move.note,
            "document": document,
            "document_id": document_id,
            "effective_at": at or recorded_at,
            "recorded_at": recorded_at,
            "staff_id": by,
            "reverses_id": move.reverses_id,
        }
        for move in moves
    ]
    ids = session.scalars(insert(Move).returning(Move.id, sort_by_parameter_order=True), rows)
    return [MoveId(each) for each in ids]


def _make_balances(session: Session, arriving: Iterable[Place]) -> None:
    wanted = set(arriving)
    if not wanted:
        return
    lots = {lot for lot, _ in wanted}
    known = session.execute(select(Balance.lot_id, Balance.location_id).where(Balance.lot_id.in_(lots)))
    missing = wanted - {(LotId(lot), LocationId(place)) for lot, place in known}
    if not missing:
        return
    facts = {
        row.id: row
        for row in session.execute(select(Lot.id, Lot.item_id, Lot.expires_on, Lot.held).where(Lot.id.in_(lots)))
    }
    pickable = set(session.scalars(select(Location.id).where(Location.kind.in_(PICKABLE))))
    rows = [
        {
            "lot_id": lot,
            "location_id": place,
            "item_id": facts[lot].item_id,
            "expires_on": facts[lot].expires_on or NEVER_EXPIRES,
            "usable": not facts[lot].held and place in pickable,
            "on_hand": 0,
            "reserved": 0,
        }
        for lot, place in sorted(missing)
    ]
    session.execute(_insert_or_ignore(session), rows)


def _insert_or_ignore(session: Session):  # type: ignore[no-untyped-def]
    if session.get_bind().dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert

        return sqlite_insert(Balance).on_conflict_do_nothing()
    from sqlalchemy.dialects.postgresql import insert as postgresql_insert

    return postgresql_insert(Balance).on_conflict_do_nothing()


_KEY = (Balance.lot_id == bindparam("lot"), Balance.location_id == bindparam("place"))
_FREE = Balance.on_hand - Balance.reserved
_LEAVE = {
    False: update(Balance.__table__)  # type: ignore[arg-type]
    .where(*_KEY, _FREE >= bindparam("units"))
    .values(on_hand=Balance.on_hand - bindparam("units")),
    True: update(Balance.__table__)  # type: ignore[arg-type]
    .where(*_KEY, Balance.reserved >= bindparam("units"))
    .values(on_hand=Balance.on_hand - bindparam("units"), reserved=Balance.reserved - bindparam("units")),
}
_ARRIVE = update(Balance.__table__).where(*_KEY).values(on_hand=Balance.on_hand + bindparam("units"))  # type: ignore[arg-type]


def _change(session: Session, leaving: dict[Place, int], arriving: dict[Place, int], reserved: bool) -> None:
    steps = [(place, units, True) for place, units in leaving.items()]
    steps += [(place, units, False) for place, units in arriving.items()]
    order = _lock_order(session, {lot for (lot, _), _, _ in steps})
    steps.sort(key=lambda step: (order[step[0][0]], step[0][1]))
    for is_leaving in (True, False):
        rows = [{"lot": lot, "place": place, "units": n} for (lot, place), n, leaves in steps if leaves is is_leaving]
        if rows:
            changed = session.connection().execute(_LEAVE[reserved] if is_leaving else _ARRIVE, rows)
            if changed.rowcount != len(rows):
                raise Refused(*_what_is_short(session, leaving, reserved))


def _lock_order(session: Session, lots: set[LotId]) -> dict[LotId, tuple[object, ...]]:
    rows = session.execute(select(Lot.id, Lot.item_id, Lot.expires_on).where(Lot.id.in_(lots)))
    return {LotId(row.id): (row.item_id, row.expires_on or NEVER_EXPIRES, row.id) for row in rows}


def _what_is_short(session: Session, leaving: dict[Place, int], reserved: bool) -> list[str]:
    sentences = []
    for (lot, place), units in leaving.items():
        left = case((Balance.reserved >= 0, Balance.reserved if reserved else _FREE))
        found = session.execute(
            select(Item.name, Lot.number, Location.name.label("place"), left.label("left"))
            .select_from(Lot)
            .join(Item, Item.id == Lot.item_id)
            .join(Location, Location.id == place)
            .outerjoin(Balance, (Balance.lot_id == Lot.id) & (Balance.location_id == place))
            .where(Lot.id == lot)
        ).one()
        if (found.left or 0) < units:
            what = "reserved" if reserved else "free"
            sentences.append(
                f"{found.name}, lot {found.number or '(none)'}: {units} wanted, but only {found.left or 0} {what} in "
                f"{found.place}. Count the place or take another lot."
            )
    return sentences or ["The stock changed meanwhile. Look again, then repeat it."]


def reverse(session: Session, move_id: MoveId, why: str, by: UserId, at: datetime | None = None) -> MoveId:
    """Undo one move by its opposite, once only; Refused when the units have gone on meanwhile."""
    move = session.get(Move, move_id)
    if move is None:
        raise Refused(f"There is no move {move_id}.")
    if move.reverses_id is not None:
        raise Refused("This move is a correction itself. Enter the right move instead.")
    if session.scalar(select(Move.id).where(Move.reverses_id == move_id)) is not None:
        raise Refused(f"Move {move_id} was corrected already.")
    opposite = NewMove(
        LotId(move.lot_id), LocationId(move.to_id), LocationId(move.from_id), move.quantity, MoveReason.CORRECTED, why,
        move_id,
    )  # fmt: skip
    return post(session, [opposite], move.document, move.document_id, by, at)[0]


def set_held(session: Session, lots: Iterable[LotId], why: str) -> None:
    """Hold lots everywhere at once ("" lets them go): held lots are neither reserved nor picked."""
    chosen = sorted(set(lots))
    session.execute(update(Lot).where(Lot.id.in_(chosen)).values(held=why, version=Lot.version + 1))
    pickable = select(Location.id).where(Location.kind.in_(PICKABLE))
    usable = case((Balance.location_id.in_(pickable), not why), else_=False)
    session.execute(update(Balance).where(Balance.lot_id.in_(chosen)).values(usable=usable))
