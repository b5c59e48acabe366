"""Cycle counts: counted blind, compared with the balance of that very moment, posted after somebody else approved.

What a count is compared with is what should lie on the shelf: the balance less what pickers carried to totes that are
not shipped yet. Stock does not know totes, so the deeds take a function that does (`deliveries/bench/in_totes.py`).
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.counters import next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.stock.house_rules import house_rules
from infusion_desktop.stock.ledger import NewMove, lock_balances, post
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.rules import is_beyond_tolerance
from infusion_desktop.stock.tables import Balance, Count, CountLine, Item, Location, Lot, Move
from infusion_desktop.stock.words import (
    CountId,
    CountLineId,
    CountPlanId,
    CountState,
    ItemKind,
    LocationId,
    LocationKind,
    LotId,
    MoveReason,
)

MOST_UNITS = 10_000_000
UnitsAway = Callable[[Session, LotId, LocationId], int]
"""Units of a lot that left a place in somebody's hands while the books still have them there."""


def nothing_away(_session: Session, _lot: LotId, _place: LocationId) -> int:
    """For places nobody picks from."""
    return 0


class Mark(NamedTuple):
    """How far the ledger and the pickers were when somebody began to count a line; it tells no quantity on hand."""

    last_move: int
    away: int


def open_count(
    database: Database,
    title: str,
    places: Sequence[LocationId],
    by: UserId,
    kinds: Sequence[ItemKind] = (),
    at: datetime | None = None,
) -> CountId:
    """A sheet with every lot in some places (of some kinds of items only, when given); quantities are not on it."""
    with database.transaction() as session:
        authorize(session, by, Permission.COUNT)
        _refuse_foreign(session, places)
        wanted = (
            select(Balance.lot_id, Balance.location_id)
            .join(Item, Item.id == Balance.item_id)
            .join(Lot, Lot.id == Balance.lot_id)
            .join(Location, Location.id == Balance.location_id)
            .where(Balance.location_id.in_(places), Balance.on_hand > 0)
            .order_by(Location.pick_order, Location.code, Item.name, Lot.number)
        )
        if kinds:
            wanted = wanted.where(Item.kind.in_(kinds))
        found = [(LotId(lot), LocationId(place)) for lot, place in session.execute(wanted)]
        return open_in(session, title, found, by, at)


def open_in(
    session: Session,
    title: str,
    lines: Sequence[tuple[LotId, LocationId]],
    by: UserId,
    at: datetime | None = None,
    plan_id: CountPlanId | None = None,
) -> CountId:
    """A sheet with these lots in these places, within a larger deed; it keeps the tolerance of today."""
    number, limits = f"K{next_number(session, 'count'):06}", house_rules(session)
    count = Count(
        number=number, state=CountState.OPEN, title=title.strip() or number, opened_at=at or now_utc(), opened_by=by,
        plan_id=plan_id, tolerance_percent=limits.tolerance_percent, tolerance_value=limits.tolerance_value,
    )  # fmt: skip
    session.add(count)
    session.flush()
    if lines:
        rows = [{"count_id": count.id, "lot_id": lot, "location_id": place} for lot, place in lines]
        session.execute(insert(CountLine), rows)
    record(session, by, "open count", "count", count.id, after={"number": number, "lines": len(lines)})
    return CountId(count.id)


def mark(session: Session, line_id: CountLineId, away: UnitsAway = nothing_away) -> Mark:
    """Where the ledger and the pickers stand as somebody turns to a line; given back when the number is entered."""
    line = session.get(CountLine, line_id)
    if line is None:
        raise Refused("There is no such line to count.")
    return _mark(session, line, away)


def _mark(session: Session, line: CountLine, away: UnitsAway) -> Mark:
    lot, place = LotId(line.lot_id), LocationId(line.location_id)
    touching = or_(Move.from_id == place, Move.to_id == place)
    last = session.scalar(select(func.max(Move.id)).where(Move.lot_id == lot, touching))
    return Mark(last or 0, away(session, lot, place))


def enter(
    database: Database,
    line_id: CountLineId,
    counted: int,
    by: UserId,
    at: datetime | None = None,
    *,
    begun: Mark | None = None,
    away: UnitsAway = nothing_away,
) -> None:
    """Write down what lies there. What the books say at this moment is kept beside it, unseen by the counter.

    With ``begun`` (see ``mark``) the number is refused when the lot was moved or picked there while it was counted.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.COUNT)
        line = session.get(CountLine, line_id)
        if line is None:
            raise Refused("There is no such line to count.")
        _hold_still(session, line)
        if begun is not None and begun != _mark(session, line, away):
            raise Refused("Somebody moved or picked this lot while you counted it. Count it once more.")
        _enter(session, line, counted, by, at, away)


def enter_found(
    database: Database,
    count_id: CountId,
    lot_id: LotId,
    place: LocationId,
    counted: int,
    by: UserId,
    at: datetime | None = None,
    *,
    away: UnitsAway = nothing_away,
) -> CountLineId:
    """Write down a lot that lies in a place where the sheet does not have it."""
    with database.transaction() as session:
        authorize(session, by, Permission.COUNT)
        _refuse_foreign(session, [place])
        kept = (CountLine.count_id == count_id, CountLine.lot_id == lot_id, CountLine.location_id == place)
        line = session.scalar(select(CountLine).where(*kept))
        if line is None:
            if session.get(Lot, lot_id) is None:
                raise Refused("There is no such lot. Receive it first.")
            line = CountLine(count_id=count_id, lot_id=lot_id, location_id=place)
            session.add(line)
            session.flush()
        _enter(session, line, counted, by, at, away)
        return CountLineId(line.id)


def _hold_still(session: Session, line: CountLine) -> None:
    """Nobody moves the lot between the looks at its mark and its quantity; the sheet is held first, as to approve."""
    _count(session, line.count_id, CountState.OPEN)
    lock_balances(session, [(LotId(line.lot_id), LocationId(line.location_id))])


def _enter(session: Session, line: CountLine, counted: int, by: UserId, at: datetime | None, away: UnitsAway) -> None:
    if not 0 <= counted <= MOST_UNITS:
        raise Refused(f"A count is a whole number from 0 to {MOST_UNITS:,}.")
    _count(session, line.count_id, CountState.OPEN)
    if line.first_by == by:
        raise Refused("You counted this line the first time. Somebody else counts it again.")
    before = line.counted
    lot, place = LotId(line.lot_id), LocationId(line.location_id)
    on_hand = session.scalar(select(Balance.on_hand).where(Balance.lot_id == lot, Balance.location_id == place))
    line.expected = max(0, (on_hand or 0) - away(session, lot, place))
    line.counted, line.counted_at, line.counted_by, line.again = counted, at or now_utc(), by, False
    session.flush()
    record(session, by, "count", "count", line.count_id, before={"counted": before},
           after={"line": line.id, "counted": counted})  # fmt: skip


def finish(database: Database, count_id: CountId, by: UserId) -> int:
    """Hand the sheet over for approval; refused while lines are not counted.

    Lines that differ by more than the tolerance go back once, to be counted by another person; how many those are. 0
    says that the sheet is handed over.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.COUNT)
        count = _count(session, count_id, CountState.OPEN)
        lines = select(func.count()).where(CountLine.count_id == count_id)
        left = session.scalar(lines.where(CountLine.counted.is_(None)))
        if left:
            raise Refused(f"{left} lines of {count.number} are not counted yet. Count them; 0 is a count too.")
        if not session.scalar(lines):
            raise Refused(f"{count.number} has no lines. Cancel it.")
        far_off = _beyond_tolerance(session, count)
        for line in far_off:
            _send_back(line)
        if not far_off:
            _to(session, count, CountState.COUNTED)
        record(session, by, "finish count", "count", count_id, after={"again": [line.id for line in far_off]})
        return len(far_off)


def _beyond_tolerance(session: Session, count: Count) -> list[CountLine]:
    percent, value = count.tolerance_percent, count.tolerance_value
    if percent is None or value is None:
        return []
    rows: Any = session.execute(
        select(CountLine, Lot.unit_cost)
        .join(Lot, Lot.id == CountLine.lot_id)
        .where(CountLine.count_id == count.id, CountLine.first_by.is_(None))
        .order_by(CountLine.id)
    )
    return [line for line, cost in rows
            if is_beyond_tolerance(line.expected or 0, line.counted or 0, cost, percent, value)]  # fmt: skip


def _send_back(line: CountLine) -> None:
    """Keep the first count aside; somebody else counts the line again."""
    line.first_counted, line.first_expected = line.counted, line.expected
    line.first_at, line.first_by = line.counted_at, line.counted_by
    line.counted = line.expected = line.counted_at = line.counted_by = None
    line.again = True


def count_again(database: Database, line_id: CountLineId, why: str, by: UserId) -> None:
    """Send a line back to be counted a second time by somebody else; the sheet is open again."""
    if not why.strip():
        raise Refused("Say why the line is counted again.")
    with database.transaction() as session:
        authorize(session, by, Permission.APPROVE_COUNT)
        line = session.get(CountLine, line_id)
        if line is None:
            raise Refused("There is no such line to count.")
        count = _count(session, line.count_id, CountState.COUNTED)
        before = {"line": line.id, "counted": line.counted, "expected": line.expected}
        _send_back(line)
        session.flush()
        _to(session, count, CountState.OPEN)
        record(session, by, "count again", "count", count.id, before=before, reason=why)


def approve(
    database: Database, count_id: CountId, by: UserId, note: str = "", at: datetime | None = None
) -> tuple[int, int]:
    """Post the differences; nobody approves what they counted themselves. (Units found more, units found less.)"""
    with database.transaction() as session:
        authorize(session, by, Permission.APPROVE_COUNT)
        count = _count(session, count_id, CountState.COUNTED)
        lines = session.scalars(select(CountLine).where(CountLine.count_id == count_id).order_by(CountLine.id)).all()
        if any(by in (line.counted_by, line.first_by) for line in lines):
            raise Refused(f"You counted lines of {count.number} yourself. Somebody else approves it.")
        refuse_if(_promised(session, lines))
        _to(session, count, CountState.POSTED)
        count.approved_at, count.approved_by = at or now_utc(), by
        adjust = place_id(session, "ADJUST")
        moves = [move for line in lines if (move := _difference(line, adjust, note.strip())) is not None]
        post(session, moves, "count", count_id, by, at)
        more = sum(move.quantity for move in moves if move.from_id == adjust)
        less = sum(move.quantity for move in moves if move.to_id == adjust)
        record(session, by, "approve count", "count", count_id, after={"more": more, "less": less}, reason=note)
        return more, less


def _promised(session: Session, lines: Sequence[CountLine]) -> list[str]:
    """Lines where fewer lie than kits are promised: those must give some back before the books can follow."""
    found = []
    for line in lines:
        missing = (line.expected or 0) - (line.counted or 0)
        if missing <= 0:
            continue
        row = session.execute(
            select(Balance.on_hand, Balance.reserved, Lot.number, Item.name, Location.code)
            .join(Lot, Lot.id == Balance.lot_id)
            .join(Item, Item.id == Balance.item_id)
            .join(Location, Location.id == Balance.location_id)
            .where(Balance.lot_id == line.lot_id, Balance.location_id == line.location_id)
        ).one_or_none()
        if row is not None and row.on_hand - row.reserved < missing:
            found.append(
                f"{row.name}, lot {row.number or '(none)'}, in {row.code}: {missing} are missing, but {row.reserved} "
                f"of {row.on_hand} are promised to kits. Report them short at the bench, or have it counted again."
            )
    return found


def _difference(line: CountLine, adjust: LocationId, note: str) -> NewMove | None:
    lot, place = LotId(line.lot_id), LocationId(line.location_id)
    difference = (line.counted or 0) - (line.expected or 0)
    if not difference:
        return None
    ways = (adjust, place) if difference > 0 else (place, adjust)
    return NewMove(lot, *ways, abs(difference), MoveReason.COUNTED, note)


def cancel_count(database: Database, count_id: CountId, why: str, by: UserId) -> None:
    """Give a count up; what was written down stays readable, nothing is posted."""
    if not why.strip():
        raise Refused("Say why the count is given up.")
    with database.transaction() as session:
        authorize(session, by, Permission.COUNT)
        count = session.get(Count, count_id)
        if count is None or count.state in (CountState.POSTED, CountState.CANCELLED):
            raise Refused("Only a count that is not posted yet can be cancelled.")
        _to(session, count, CountState.CANCELLED)
        record(session, by, "cancel count", "count", count_id, reason=why)


def _count(session: Session, count_id: int, state: CountState) -> Count:
    found = session.get(Count, count_id, with_for_update=True)
    if found is None:
        raise Refused("There is no such count.")
    if found.state is not state:
        raise Refused(f"{found.number} is {found.state.value}, not {state.value}. Look at it again.")
    return found


def _to(session: Session, count: Count, state: CountState) -> None:
    changed = session.execute(
        update(Count.__table__)  # type: ignore[arg-type]
        .where(Count.id == count.id, Count.state == count.state)
        .values(state=state, version=Count.version + 1)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise Refused(f"Somebody else just worked on {count.number}. Look at it again.")
    session.refresh(count)


def _refuse_foreign(session: Session, places: Sequence[LocationId]) -> None:
    kinds = list(session.scalars(select(Location.kind).where(Location.id.in_(places))))
    foreign = [kind for kind in kinds if not kind.keeps_balance or kind is LocationKind.PATIENT_HOME]
    if not places or len(kinds) != len(set(places)) or foreign:
        raise Refused("Choose the rooms and bins of the pharmacy to count. Homes are counted on the refill call.")
