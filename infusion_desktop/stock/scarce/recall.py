"""Recalls: the named lots are held at once everywhere, found wherever they are, and worked to a documented end."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import cast, func, insert, or_, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.counters import next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.database.types import Whole
from infusion_desktop.dates import now_utc
from infusion_desktop.errors import Refused, warn_unless
from infusion_desktop.stock.ledger import NewMove, post, set_held
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.scarce.recall_rules import Scope
from infusion_desktop.stock.tables import (
    Balance,
    Item,
    Location,
    Lot,
    Recall,
    RecalledLot,
    RecallScope,
)
from infusion_desktop.stock.words import ItemId, LocationId, LocationKind, LotId, MoveReason, RecallId, RecallState

_ENDED = (LocationKind.QUARANTINE,)
_OURS = tuple(
    kind
    for kind in LocationKind
    if kind.keeps_balance and kind not in (LocationKind.QUARANTINE, LocationKind.TRANSIT, LocationKind.PATIENT_HOME)
)


def open_recall(
    database: Database,
    item_id: ItemId,
    lot_numbers: Sequence[str],
    reason: str,
    source: str,
    by: UserId,
    at: datetime | None = None,
    *,
    scopes: Sequence[Scope] = (),
) -> RecallId:
    """Hold the named lots of an item everywhere at once. ``source`` is the notice (FDA number, maker's letter).

    ``scopes`` names ranges, serial numbers or everything. What is named and never came in is kept too: when it comes
    in later it is held at once (see ``hold_recalled``).
    """
    with database.transaction() as session:
        return open_in(session, item_id, [*map(one_lot, lot_numbers), *scopes], reason, source, by, at)


def one_lot(number: str) -> Scope:
    """The scope of one lot."""
    return Scope(number.strip().upper(), number.strip().upper())


def open_in(
    session: Session,
    item_id: ItemId,
    scopes: Sequence[Scope],
    reason: str,
    source: str,
    by: UserId,
    at: datetime | None = None,
) -> RecallId:
    """The same within a larger deed."""
    if not reason.strip() or not scopes:
        raise Refused("A recall needs its reason and at least one lot number.")
    authorize(session, by, Permission.RECALL)
    if session.get(Item, item_id) is None:
        raise Refused("There is no such item.")
    number = f"RC{next_number(session, 'recall'):05}"
    lots = _lots(session, item_id, scopes)
    recall = Recall(
        number=number, item_id=item_id, state=RecallState.OPEN, reason=reason.strip(), source=source.strip(),
        opened_at=at or now_utc(), opened_by=by,
    )  # fmt: skip
    session.add(recall)
    session.flush()
    if lots:
        session.execute(insert(RecalledLot), [{"recall_id": recall.id, "lot_id": lot} for lot in lots])
    kept = [{"recall_id": recall.id, "item_id": item_id, **asdict(scope)} for scope in scopes]
    session.execute(insert(RecallScope), kept)
    set_held(session, lots, held_because(number, reason))
    after = {"number": number, "item": item_id, "named": [scope.shown() for scope in scopes], "lots": len(lots)}
    record(session, by, "recall", "recall", recall.id, after=after, reason=reason)
    return RecallId(recall.id)


def held_because(number: str, reason: str) -> str:
    """What stands on a held lot or pump."""
    return f"recall {number}: {reason.strip()}"


def named_lots(session: Session, item_id: ItemId, scopes: Sequence[Scope]) -> tuple[tuple[LotId, str, str], ...]:
    """The lots known here that these scopes name: id, lot and serial number."""
    known = session.execute(select(Lot.id, Lot.number, Lot.serial).where(Lot.item_id == item_id).order_by(Lot.id))
    return tuple(
        (LotId(row.id), row.number, row.serial)
        for row in known
        if any(scope.names(row.number, row.serial) for scope in scopes)
    )


def _lots(session: Session, item_id: ItemId, scopes: Sequence[Scope]) -> list[LotId]:
    known = named_lots(session, item_id, scopes)
    numbers = {number for _, number, _ in known}
    unseen = sorted({scope.one_lot for scope in scopes if scope.one_lot} - numbers)
    added = [Lot(item_id=item_id, number=number) for number in unseen]
    session.add_all(added)
    session.flush()
    return [LotId(lot_id) for lot_id in (*(lot for lot, _, _ in known), *(lot.id for lot in added))]


def hold_recalled(session: Session, lots: Sequence[Lot]) -> list[str]:
    """Hold those of these new lots that a recall names, before anything of them is booked; each as a sentence."""
    named = _named(session, {lot.item_id for lot in lots})
    found = []
    for lot in lots:
        for scope, number, reason, item in named:
            if scope.item_id == lot.item_id and _is_named(scope, lot.number, lot.serial) and not lot.held:
                lot.held = held_because(number, reason)
                session.flush()
                session.add(RecalledLot(recall_id=scope.recall_id, lot_id=lot.id))
                found.append(f"Lot {lot.number or lot.serial} of {item} is held: {lot.held}.")
    session.flush()
    return found


def why_recalled(session: Session, item_id: ItemId, serial: str) -> str:
    """Why a pump or pole that comes in is held: the first recall that names it; "" where none does."""
    named = _named(session, {item_id})
    return next(
        (held_because(number, reason) for scope, number, reason, _ in named if _is_named(scope, "", serial)), ""
    )


def _named(session: Session, items: Collection[int]) -> Sequence[Any]:
    """What recalls name of some items, with the recall's number and reason and the item's name."""
    return session.execute(
        select(RecallScope, Recall.number, Recall.reason, Item.name)
        .join(Recall, Recall.id == RecallScope.recall_id)
        .join(Item, Item.id == RecallScope.item_id)
        .where(RecallScope.item_id.in_(items))
        .order_by(RecallScope.id)
    ).all()


def _is_named(scope: RecallScope, lot: str, serial: str) -> bool:
    return Scope(scope.lot_from, scope.lot_to, scope.serial).names(lot, serial)


def scopes_of(session: Session, recall_id: RecallId) -> tuple[Scope, ...]:
    """What a recall names, as it was typed."""
    rows = session.scalars(select(RecallScope).where(RecallScope.recall_id == recall_id).order_by(RecallScope.id))
    return tuple(Scope(row.lot_from, row.lot_to, row.serial) for row in rows)


def quarantine_recalled(database: Database, recall_id: RecallId, by: UserId, at: datetime | None = None) -> int:
    """Bring what lies free in our own places to quarantine; how many units. Reserved units wait for their kit."""
    with database.transaction() as session:
        authorize(session, by, Permission.RECALL)
        recall = _open(session, recall_id)
        quarantine = place_id(session, "QUARANTINE")
        free = session.execute(
            select(Balance.lot_id, Balance.location_id, (Balance.on_hand - Balance.reserved).label("units"))
            .join(RecalledLot, RecalledLot.lot_id == Balance.lot_id)
            .join(Location, Location.id == Balance.location_id)
            .where(
                RecalledLot.recall_id == recall_id, Balance.on_hand > Balance.reserved, Location.kind.in_(_OURS)
            )
        ).all()  # fmt: skip
        moves = [
            NewMove(LotId(lot), LocationId(place), quarantine, units, MoveReason.QUARANTINED, recall.number)
            for lot, place, units in free
        ]
        post(session, moves, "recall", recall_id, by, at)
        units = sum(move.quantity for move in moves)
        record(session, by, "quarantine recalled", "recall", recall_id, after={"units": units})
        return units


def close_recall(
    database: Database, recall_id: RecallId, outcome: str, by: UserId, override: str = "", at: datetime | None = None
) -> None:
    """End a recall with what came of it; the lots stay held. What was not brought in is warned about, by place."""
    with database.transaction() as session:
        close_in(session, recall_id, outcome, by, override, at)


def close_in(
    session: Session,
    recall_id: RecallId,
    outcome: str,
    by: UserId,
    override: str = "",
    at: datetime | None = None,
    warnings: Sequence[str] = (),
) -> None:
    """The same within a larger deed, with what else speaks against closing it."""
    if not outcome.strip():
        raise Refused("Write down what came of the recall, such as “12 destroyed, 3 returned to the maker”.")
    authorize(session, by, Permission.RECALL)
    recall = _open(session, recall_id)
    left = [row for row in whereabouts(session, recall_id) if row.on_hand and row.place_kind not in _ENDED]
    still = [f"{row.on_hand} of lot {row.lot} are still in {row.place}." for row in left]
    warn_unless(override, [*still, *warnings])
    recall.state, recall.closed_at = RecallState.CLOSED, at or now_utc()
    session.flush()
    reason = " / ".join(filter(None, (outcome.strip(), override.strip())))
    record(session, by, "close recall", "recall", recall_id, reason=reason,
           after={"not reached": {row.place: row.on_hand for row in left}})  # fmt: skip


def _open(session: Session, recall_id: RecallId) -> Recall:
    found = session.get(Recall, recall_id, with_for_update=True)
    if found is None:
        raise Refused("There is no such recall.")
    if found.state is not RecallState.OPEN:
        raise Refused(f"Recall {found.number} is closed.")
    return found


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where units of a recalled lot are, or were: a home that used them up is listed with none left."""

    lot_id: LotId
    lot: str
    serial: str
    expires_on: date | None
    location_id: LocationId
    place: str
    place_kind: LocationKind
    on_hand: int
    reserved: int


def whereabouts(session: Session, recall_id: RecallId) -> tuple[Whereabouts, ...]:
    """Every place of the recalled lots in one look: our bins, what is reserved, on the way, and at homes."""
    lots = select(RecalledLot.lot_id).where(RecalledLot.recall_id == recall_id)
    return where_are(session, list(session.scalars(lots)))


def where_are(session: Session, lots: Sequence[int]) -> tuple[Whereabouts, ...]:
    """The same for any lots, without a recall."""
    query = (
        select(
            Balance.lot_id, Lot.number, Lot.serial, Lot.expires_on, Balance.location_id, Location.name, Location.kind,
            Balance.on_hand, Balance.reserved,
        )
        .join(Lot, Lot.id == Balance.lot_id)
        .join(Location, Location.id == Balance.location_id)
        .where(Balance.lot_id.in_(lots), or_(Balance.on_hand > 0, Location.kind == LocationKind.PATIENT_HOME))
        .order_by(Lot.number, Location.kind, Location.code)
    )  # fmt: skip
    rows: Any = session.execute(query)
    return tuple(Whereabouts(LotId(row[0]), row[1], row[2], row[3], LocationId(row[4]), *row[5:]) for row in rows)


@dataclass(frozen=True, slots=True)
class RecallRow:
    """A recall in the list of recalls."""

    id: RecallId
    number: str
    item_name: str
    state: RecallState
    reason: str
    source: str
    opened_at: datetime
    lots: int
    units_left: int
    """Units that are not in quarantine yet, homes included."""


def recall_rows(session: Session, recall_id: RecallId | None = None) -> tuple[RecallRow, ...]:
    """Every recall, newest first; or one."""
    lots = select(func.count()).where(RecalledLot.recall_id == Recall.id).correlate(Recall).scalar_subquery()
    left = (
        select(cast(func.coalesce(func.sum(Balance.on_hand), 0), Whole))
        .join(RecalledLot, RecalledLot.lot_id == Balance.lot_id)
        .join(Location, Location.id == Balance.location_id)
        .where(RecalledLot.recall_id == Recall.id, Location.kind.not_in(_ENDED))
        .correlate(Recall)
        .scalar_subquery()
    )
    query = (
        select(Recall.id, Recall.number, Item.name, Recall.state, Recall.reason, Recall.source, Recall.opened_at, lots,
               left)
        .join(Item, Item.id == Recall.item_id)
        .order_by(Recall.id.desc())
    )  # fmt: skip
    if recall_id is not None:
        query = query.where(Recall.id == recall_id)
    rows: Any = session.execute(query)
    return tuple(RecallRow(*row) for row in rows)
