"""Cycle counts: counted blind, compared with the balance of that very moment, posted after somebody else approved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.database.counters import next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc
from infusion_desktop.errors import Refused
from infusion_desktop.money import to_cents
from infusion_desktop.stock.ledger import NewMove, post
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.tables import Balance, Count, CountLine, Item, Location, Lot
from infusion_desktop.stock.words import (
    CountId,
    CountLineId,
    CountState,
    ItemKind,
    LocationId,
    LocationKind,
    LotId,
    MoveReason,
)

MOST_UNITS = 10_000_000


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
        found = session.execute(wanted).all()
        number = f"K{next_number(session, 'count'):06}"
        count = Count(
            number=number, state=CountState.OPEN, title=title.strip() or number, opened_at=at or now_utc(), opened_by=by
        )
        session.add(count)
        session.flush()
        if found:
            rows = [{"count_id": count.id, "lot_id": lot, "location_id": place} for lot, place in found]
            session.execute(insert(CountLine), rows)
        record(session, by, "open count", "count", count.id, after={"number": number, "lines": len(found)})
        return CountId(count.id)


def enter(database: Database, line_id: CountLineId, counted: int, by: UserId, at: datetime | None = None) -> None:
    """Write down what lies there. What the books say at this moment is kept beside it, unseen by the counter."""
    with database.transaction() as session:
        authorize(session, by, Permission.COUNT)
        line = session.get(CountLine, line_id)
        if line is None:
            raise Refused("There is no such line to count.")
        _enter(session, line, counted, by, at)


def enter_found(
    database: Database,
    count_id: CountId,
    lot_id: LotId,
    place: LocationId,
    counted: int,
    by: UserId,
    at: datetime | None = None,
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
        _enter(session, line, counted, by, at)
        return CountLineId(line.id)


def _enter(session: Session, line: CountLine, counted: int, by: UserId, at: datetime | None) -> None:
    if not 0 <= counted <= MOST_UNITS:
        raise Refused(f"A count is a whole number from 0 to {MOST_UNITS:,}.")
    _count(session, line.count_id, CountState.OPEN)
    before = line.counted
    line.expected = session.scalar(
        select(Balance.on_hand).where(Balance.lot_id == line.lot_id, Balance.location_id == line.location_id)
    ) or 0  # fmt: skip
    line.counted, line.counted_at, line.counted_by = counted, at or now_utc(), by
    session.flush()
    record(session, by, "count", "count", line.count_id, before={"counted": before},
           after={"line": line.id, "counted": counted})  # fmt: skip


def finish(database: Database, count_id: CountId, by: UserId) -> None:
    """Hand the sheet over for approval; refused while lines are not counted."""
    with database.transaction() as session:
        authorize(session, by, Permission.COUNT)
        count = _count(session, count_id, CountState.OPEN)
        lines = select(func.count()).where(CountLine.count_id == count_id)
        left = session.scalar(lines.where(CountLine.counted.is_(None)))
        if left:
            raise Refused(f"{left} lines of {count.number} are not counted yet. Count them; 0 is a count too.")
        if not session.scalar(lines):
            raise Refused(f"{count.number} has no lines. Cancel it.")
        _to(session, count, CountState.COUNTED)
        record(session, by, "finish count", "count", count_id)


def count_again(database: Database, line_id: CountLineId, why: str, by: UserId) -> None:
    """Send a line back to be counted a second time; the sheet is open again."""
    with database.transaction() as session:
        authorize(session, by, Permission.APPROVE_COUNT)
        line = session.get(CountLine, line_id)
        if line is None:
            raise Refused("There is no such line to count.")
        count = _count(session, line.count_id, CountState.COUNTED)
        before = {"line": line.id, "counted": line.counted, "expected": line.expected}
        line.counted = line.expected = line.counted_at = line.counted_by = None
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
        if any(line.counted_by == by for line in lines):
            raise Refused(f"You counted lines of {count.number} yourself. Somebody else approves it.")
        _to(session, count, CountState.POSTED)
        count.approved_at, count.approved_by = at or now_utc(), by
        adjust = place_id(session, "ADJUST")
        moves = [move for line in lines if (move := _difference(line, adjust, note.strip())) is not None]
        post(session, moves, "count", count_id, by, at)
        more = sum(move.quantity for move in moves if move.from_id == adjust)
        less = sum(move.quantity for move in moves if move.to_id == adjust)
        record(session, by, "approve count", "count", count_id, after={"more": more, "less": less}, reason=note)
        return more, less


def _difference(line: CountLine, adjust: LocationId, note: str) -> NewMove | None:
    lot, place = LotId(line.lot_id), LocationId(line.location_id)
    difference = (line.counted or 0) - (line.expected or 0)
    if not difference:
        return None
    ways = (adjust, place) if difference > 0 else (place, adjust)
    return NewMove(lot, *ways, abs(difference), MoveReason.COUNTED, note)


def cancel_count(database: Database, count_id: CountId, why: str, by: UserId) -> None:
    """Give a count up; what was written down stays readable, nothing is posted."""
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


@dataclass(frozen=True, slots=True)
class CountRow:
    """A count in the list of counts."""

    id: CountId
    number: str
    title: str
    state: CountState
    opened_at: datetime
    opened_by: str
    lines: int
    counted: int


def count_rows(session: Session, limit: int = 500) -> tuple[CountRow, ...]:
    """The newest counts, with how far they are."""
    query = (
        select(
            Count.id, Count.number, Count.title, Count.state, Count.opened_at, Staff.name, func.count(CountLine.id),
            func.count(CountLine.counted),
        )
        .join(Staff, Staff.id == Count.opened_by)
        .outerjoin(CountLine, CountLine.count_id == Count.id)
        .group_by(Count.id, Staff.id)
        .order_by(Count.id.desc())
        .limit(limit)
    )  # fmt: skip
    return tuple(CountRow(CountId(row[0]), *row[1:]) for row in session.execute(query))


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A line as the counter sees it: what and where, never how many there should be."""

    id: CountLineId
    place: str
    item_number: str
    item_name: str
    unit: str
    lot: str
    serial: str
    expires_on: date | None
    counted: int | None


_LINES = (
    select(
        CountLine.id, Location.code, Item.number, Item.name, Item.base_unit, Lot.number.label("lot"), Lot.serial,
        Lot.expires_on, CountLine.counted,
    )
    .join(Lot, Lot.id == CountLine.lot_id)
    .join(Item, Item.id == Lot.item_id)
    .join(Location, Location.id == CountLine.location_id)
    .order_by(Location.pick_order, Location.code, Item.name, Lot.number, CountLine.id)
)  # fmt: skip


def sheet(session: Session, count_id: CountId) -> tuple[SheetRow, ...]:
    """The blind counting sheet, place by place."""
    rows = session.execute(_LINES.where(CountLine.count_id == count_id))
    return tuple(SheetRow(CountLineId(row[0]), *row[1:]) for row in rows)


@dataclass(frozen=True, slots=True)
class Variance:
    """A counted line beside what the books said at that moment; ``value`` is the difference in dollars."""

    line: SheetRow
    expected: int
    difference: int
    value: Decimal
    counted_at: datetime
    counted_by: str


def variances(session: Session, count_id: CountId) -> tuple[Variance, ...]:
    """What was counted against what was expected; Refused while anybody still counts."""
    state = session.scalar(select(Count.state).where(Count.id == count_id))
    if state not in (CountState.COUNTED, CountState.POSTED):
        raise Refused("The differences are shown once the count is finished, so that it stays blind.")
    query = _LINES.add_columns(CountLine.expected, Lot.unit_cost, CountLine.counted_at, Staff.name.label("counter"))
    rows = session.execute(query.join(Staff, Staff.id == CountLine.counted_by).where(CountLine.count_id == count_id))
    found = []
    for row in rows:
        difference = row.counted - row.expected
        line = SheetRow(CountLineId(row[0]), *row[1:9])
        found.append(
            Variance(line, row.expected, difference, to_cents(difference * row.unit_cost), row.counted_at, row.counter)
        )
    return tuple(found)
