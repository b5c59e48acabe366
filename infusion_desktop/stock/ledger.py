"""The ledger of stock: moves are added, balances follow in the same transaction, nothing ever goes below zero.

Balances are held in one order everywhere (item, expiry, lot, place) before they are changed by conditional updates
(`... WHERE on_hand - reserved >= n`, row count checked), so that two workstations neither oversell nor deadlock.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib import import_module
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

from sqlalchemy import BigInteger, Table, and_, bindparam, case, exists, func, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import Subquery

from infusion_desktop.access.roles import UserId
from infusion_desktop.database.many import ROWS, as_rows, few_given, given, insert_many, insert_numbered
from infusion_desktop.database.on_connection import connection_of
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.dates import now_utc
from infusion_desktop.errors import Refused, refuse_if, refuse_if_changed
from infusion_desktop.stock.tables import Balance, Item, Location, Lot, Move
from infusion_desktop.stock.words import NEVER_EXPIRES, PICKABLE, LocationId, LocationKind, LotId, MoveId, MoveReason

LotPlace = tuple[LotId, LocationId]

KEYS_AT_ONCE = 10_000
"""Rows looked for in one statement, below what the databases take as parameters."""


class NewMove(NamedTuple):
    """Base units of a lot that go from one place to another."""

    lot_id: LotId
    from_id: LocationId
    to_id: LocationId
    quantity: int
    reason: MoveReason
    note: str = ""
    reverses_id: MoveId | None = None
    unit_cost: Decimal | None = None
    """What one unit cost where this move brings it in at another price than its lot's."""


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
    kinds = _kinds(session, {place for move in moves for place in (move.from_id, move.to_id)})
    leaving: dict[LotPlace, int] = defaultdict(int)
    arriving: dict[LotPlace, int] = defaultdict(int)
    for move in moves:
        if kinds[move.from_id].keeps_balance:
            leaving[move.lot_id, move.from_id] += move.quantity
        if kinds[move.to_id].keeps_balance:
            arriving[move.lot_id, move.to_id] += move.quantity
    if passing := leaving.keys() & arriving.keys():  # Units that come and go on must have come before they go.
        lock_balances(session, {*leaving, *arriving})
        _add(session, {key: arriving.pop(key) for key in passing}, kinds)
    done, turned = _change(session, leaving, arriving, reserved, kinds)
    if turned:
        _TURN.change(session, {ROWS: as_rows([{"lot": lot, "place": place} for lot, place in turned])})
    if short := [key for key in leaving if key not in done]:
        if reserved:
            _refuse_held(session, short)
        raise Refused(*_what_is_short(session, {key: leaving[key] for key in short}, reserved))
    _add(session, {key: units for key, units in arriving.items() if key not in done}, kinds)
    return _add_moves(
        session,
        moves,
        document=document,
        document_id=document_id,
        effective_at=at or recorded_at,
        recorded_at=recorded_at,
        staff_id=by,
    )


def _add_moves(session: Session, moves: Sequence[NewMove], **common: Any) -> list[MoveId]:
    rows: list[dict[str, Any]] = [
        {"lot_id": move.lot_id, "from_id": move.from_id, "to_id": move.to_id, "quantity": move.quantity}
        for move in moves
    ]
    first = moves[0]
    if all(each.reason is first.reason and each.note == first.note and each.reverses_id is None for each in moves):
        common |= {"reason": first.reason, "note": first.note, "reverses_id": None}
    else:
        for row, move in zip(rows, moves, strict=True):
            row |= {"reason": move.reason, "note": move.note, "reverses_id": move.reverses_id}
    if any(move.unit_cost is not None for move in moves):
        for row, move in zip(rows, moves, strict=True):
            row["unit_cost"] = move.unit_cost
    if connection_of(session).dialect.name != "sqlite":
        return [MoveId(each) for each in insert_numbered(session, _MOVE, rows, **common)]
    # SQLite's one writer may number them itself, as moves are never removed.
    last = _LAST_MOVE.value(session, {}) or 0
    for number, row in enumerate(rows, last + 1):
        row["id"] = number
    insert_many(session, _MOVE, rows, **common)
    return [MoveId(last + place) for place in range(1, len(rows) + 1)]


def _kinds(session: Session, places: set[LocationId]) -> dict[LocationId, LocationKind]:
    rows = _KINDS.rows(session, {ROWS: as_rows([{"place": place} for place in sorted(places)])})
    kinds = {LocationId(place): kind for place, kind in rows}
    if len(kinds) != len(places):
        raise Refused("There is no such place. Look at the places again.")
    return kinds


def lock_balances(session: Session, wanted: Iterable[LotPlace]) -> None:
    """Hold those of the balances that exist for this transaction in the one order: item, expiry, lot, place.

    On SQLite the one writer holds everything anyway.
    """
    rows = [{"lot": lot, "place": place} for lot, place in set(wanted)]
    _LOCK.rows(session, {ROWS: as_rows(rows)})


def held_in_order(dialect: str, *facts: str) -> Subquery:
    """The balances given by lot and place, held for the transaction in the one order: item, expiry, lot, place.

    ``facts`` are more whole numbers given with each.
    """
    wanted = few_given(dialect, "lot", "place", *facts)
    return (
        select(wanted, _BALANCE.c.usable)
        .join(_BALANCE, (_BALANCE.c.lot_id == wanted.c.lot) & (_BALANCE.c.location_id == wanted.c.place))
        .order_by(_BALANCE.c.item_id, _BALANCE.c.expires_on, _BALANCE.c.lot_id, _BALANCE.c.location_id)
        .with_for_update(of=_BALANCE)
        .subquery("held")
    )


def named_balances(dialect: str, *facts: str) -> Any:
    """What a change of balances is given: a server all of them, held in the one order; SQLite one at a time."""
    if dialect == "sqlite":
        return SimpleNamespace(**{name: bindparam(name, type_=BigInteger) for name in ("lot", "place", *facts)})
    return held_in_order(dialect, *facts).c


def _refuse_held(session: Session, keys: Sequence[LotPlace]) -> None:
    if keys:
        rows = session.connection().execute(_HELD, {"lots": sorted({lot for lot, _ in keys})})
        refuse_if(
            f"{row.name}, lot {row.number}, is held: {row.held}. Undo to picking and take another lot." for row in rows
        )


def _add(session: Session, arriving: dict[LotPlace, int], kinds: dict[LocationId, LocationKind]) -> None:
    """Balances for lots that come to a place for the first time.

    The lots are held, so that nobody puts one on hold between this look at it and the new row.
    """
    if not arriving:
        return
    lots = sorted({lot for lot, _ in arriving})
    facts: dict[int, Any] = {}
    for start in range(0, len(lots), KEYS_AT_ONCE):
        facts.update(
            {row.id: row for row in session.connection().execute(_FACTS, {"lots": lots[start : start + KEYS_AT_ONCE]})}
        )
    rows = [
        {
            "lot_id": lot,
            "location_id": place,
            "item_id": facts[lot].item_id,
            "expires_on": facts[lot].expires_on or NEVER_EXPIRES,
            "usable": not facts[lot].held and kinds[place].is_pickable,
            "on_hand": units,
            "reserved": 0,
        }
        for (lot, place), units in arriving.items()
    ]
    rows.sort(key=lambda row: (row["item_id"], row["expires_on"], row["lot_id"], row["location_id"]))
    session.connection().execute(_upsert(session.get_bind().dialect.name), rows)


@cache
def _upsert(dialect: str) -> Any:
    """Add a balance; where another workstation added it this very moment, add to it."""
    module = import_module(f"sqlalchemy.dialects.{dialect}")
    statement = module.insert(_BALANCE)
    more = {"on_hand": _BALANCE.c.on_hand + statement.excluded.on_hand, "usable": statement.excluded.usable}
    return statement.on_conflict_do_update(index_elements=["lot_id", "location_id"], set_=more)


_BALANCE = cast(Table, Balance.__table__)
_MOVE = cast(Table, Move.__table__)
_PLACE = cast(Table, Location.__table__)
_LOT = cast(Table, Lot.__table__)
_KINDS = Prepared(
    lambda dialect: select(_PLACE.c.id, _PLACE.c.kind).join(
        wanted := given(dialect, "place"), wanted.c.place == _PLACE.c.id
    )
)
_FACTS = (
    select(Lot.id, Lot.item_id, Lot.expires_on, Lot.held)
    .where(Lot.id.in_(bindparam("lots", expanding=True)))
    .order_by(Lot.id)
    .with_for_update(read=True)
)
_LAST_MOVE = Prepared(select(func.max(_MOVE.c.id)))
_FREE = Balance.on_hand - Balance.reserved
_HELD = (
    select(Item.name, Lot.number, Lot.held)
    .join(Item, Item.id == Lot.item_id)
    .where(Lot.id.in_(bindparam("lots", expanding=True)), Lot.held != "")
    .order_by(Lot.id)
)


def _change(
    session: Session, leaving: Mapping[LotPlace, int], arriving: Mapping[LotPlace, int], reserved: bool,
    kinds: Mapping[LocationId, LocationKind],
) -> tuple[set[LotPlace], list[LotPlace]]:  # fmt: skip
    """Change balances, held in the one order, by a conditional update; those it changed, and those of them where people
    pick that are used up or there again.

    Not those that are not there yet, would go below zero, or were put on hold since they were reserved.
    """
    rows = [
        {"lot": lot, "place": place, "units": -units, "kept": -units if reserved else 0}
        for (lot, place), units in leaving.items()
    ] + [{"lot": lot, "place": place, "units": units, "kept": 0} for (lot, place), units in arriving.items()]
    if connection_of(session).dialect.name == "sqlite":  # Changes that tell what they left take it three times as long.
        changed = _CHANGE.changed_each(session, rows)
        done = {key for key, is_done in zip((*leaving, *arriving), changed, strict=True) if is_done}
        picked = [{"lot": lot, "place": place} for lot, place in done if kinds[place].is_pickable]
        turned = _TURNED.kept(session, {ROWS: as_rows(picked)}) if picked else []
        return done, [(LotId(lot), LocationId(place)) for lot, place in turned]
    left = {
        (LotId(lot), LocationId(place)): on_hand for lot, place, on_hand in _CHANGE.kept(session, {ROWS: as_rows(rows)})
    }
    return set(left), [
        key for key, on_hand in left.items() if on_hand == arriving.get(key, 0) and kinds[key[1]].is_pickable
    ]


def _changing(dialect: str) -> Any:
    change = named_balances(dialect, "units", "kept")
    on_hand, kept = _BALANCE.c.on_hand + change.units, _BALANCE.c.reserved + change.kept
    changed = (
        update(_BALANCE)
        .where(_BALANCE.c.lot_id == change.lot, _BALANCE.c.location_id == change.place)
        .where(kept >= 0, on_hand >= kept, or_(change.kept == 0, _BALANCE.c.usable))
        .values(on_hand=on_hand, reserved=kept)
    )
    if dialect == "sqlite":
        return changed
    return changed.returning(_BALANCE.c.lot_id, _BALANCE.c.location_id, _BALANCE.c.on_hand)


_LOCK = Prepared(lambda dialect: select(held_in_order(dialect).c.lot))
_CHANGE = Prepared(_changing)


def _turning(dialect: str) -> Any:
    """Balances given by lot and place are usable or no longer so."""
    turned = given(dialect, "lot", "place")
    sound = exists().where(_LOT.c.id == _BALANCE.c.lot_id, _LOT.c.held == "")
    return (
        update(_BALANCE)
        .where(_BALANCE.c.lot_id == turned.c.lot, _BALANCE.c.location_id == turned.c.place)
        .values(usable=and_(_BALANCE.c.on_hand > 0, sound))
    )


def _turned(dialect: str) -> Any:
    """Those of the balances given that are used up and usable, or there and not."""
    wanted = given(dialect, "lot", "place")
    return (
        select(_BALANCE.c.lot_id, _BALANCE.c.location_id)
        .join(wanted, (_BALANCE.c.lot_id == wanted.c.lot) & (_BALANCE.c.location_id == wanted.c.place))
        .where(_BALANCE.c.usable != (_BALANCE.c.on_hand > 0))
    )


_TURN = Prepared(_turning)
_TURNED = Prepared(_turned)


def _what_is_short(session: Session, leaving: dict[LotPlace, int], reserved: bool) -> list[str]:
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
    """Undo one move by its opposite, once only; Refused, naming later moves, when the units have gone on meanwhile."""
    move = session.get(Move, move_id, with_for_update=True)
    if move is None:
        raise Refused(f"There is no move {move_id}.")
    if move.reverses_id is not None:
        raise Refused("This move is a correction itself. Enter the right move instead.")
    if session.scalar(select(Move.id).where(Move.reverses_id == move_id)) is not None:
        raise Refused(f"Move {move_id} was corrected already.")
    _refuse_when_gone_on(session, move)
    opposite = NewMove(
        LotId(move.lot_id), LocationId(move.to_id), LocationId(move.from_id), move.quantity, MoveReason.CORRECTED, why,
        move_id, move.unit_cost,
    )  # fmt: skip
    return post(session, [opposite], move.document, move.document_id, by, at)[0]


def _refuse_when_gone_on(session: Session, move: Move) -> None:
    kind = session.scalar(select(Location.kind).where(Location.id == move.to_id))
    if kind is None or not kind.keeps_balance:
        return
    lock_balances(session, [(LotId(move.lot_id), LocationId(move.to_id))])
    here = (Balance.lot_id == move.lot_id, Balance.location_id == move.to_id)
    free = session.scalar(select(_FREE).where(*here)) or 0
    if free >= move.quantity:
        return
    later = session.execute(
        select(Move.id, Move.document, Move.document_id, Move.quantity)
        .where(Move.lot_id == move.lot_id, Move.from_id == move.to_id, Move.id > move.id)
        .order_by(Move.id)
        .limit(5)
    )
    took = ", ".join(f"{row.document} {row.document_id} took {row.quantity} (move {row.id})" for row in later)
    raise Refused(
        f"Move {move.id} brought {move.quantity} units, and only {free} of them are still free: "
        f"{took or 'the rest is reserved'}. Correct what came later first."
    )


def set_held(session: Session, lots: Iterable[LotId], why: str, *, was: str | None = None) -> None:
    """Hold lots everywhere at once ("" lets them go): held lots are neither reserved nor picked.

    Stale when ``was``, why they were held as it was shown, is another reason by now.
    """
    chosen = sorted(set(lots))
    places = session.execute(select(Balance.lot_id, Balance.location_id).where(Balance.lot_id.in_(chosen)))
    lock_balances(session, [(LotId(lot), LocationId(place)) for lot, place in places])
    # Balances before lots, as everywhere; balances that are added meanwhile wait for the lot, so the last update sees
    # them. NO KEY, because references from new rows must not wait.
    held = select(Lot.number, Lot.held).where(Lot.id.in_(chosen)).order_by(Lot.id)
    for number, now in session.execute(held.with_for_update(key_share=True)).all():
        refuse_if_changed(f"lot {number}", now if was is None else was, now)
    session.execute(update(Lot).where(Lot.id.in_(chosen)).values(held=why, version=Lot.version + 1))
    pickable = select(Location.id).where(Location.kind.in_(PICKABLE))
    usable = case((Balance.location_id.in_(pickable) & (Balance.on_hand > 0), not why), else_=False)
    session.execute(update(Balance).where(Balance.lot_id.in_(chosen)).values(usable=usable))
