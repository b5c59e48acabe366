"""What people see of counts: the list, the blind sheet, and the differences once nobody counts any more."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.access.tables import Staff
from infusion_desktop.errors import Refused
from infusion_desktop.stock.rules import worth
from infusion_desktop.stock.tables import Count, CountLine, Item, Location, Lot
from infusion_desktop.stock.words import CountId, CountLineId, CountState, LocationId, LotId


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
    again: int
    """Lines that somebody else has to count a second time."""
    approved_by: str
    approved_at: datetime | None


_APPROVER = aliased(Staff)
_AGAIN = func.coalesce(func.sum(case((cast(ColumnElement[bool], CountLine.again), 1), else_=0)), 0)
_ROWS = (
    select(
        Count.id, Count.number, Count.title, Count.state, Count.opened_at, Staff.name, func.count(CountLine.id),
        func.count(CountLine.counted), _AGAIN, func.coalesce(_APPROVER.name, ""), Count.approved_at,
    )
    .join(Staff, Staff.id == Count.opened_by)
    .outerjoin(_APPROVER, _APPROVER.id == Count.approved_by)
    .outerjoin(CountLine, CountLine.count_id == Count.id)
    .group_by(Count.id, Staff.id, _APPROVER.id)
    .order_by(Count.id.desc())
)  # fmt: skip


def count_rows(session: Session, limit: int = 500) -> tuple[CountRow, ...]:
    """The newest counts, with how far they are."""
    return tuple(map(_row, session.execute(_ROWS.limit(limit))))


def count_row(session: Session, count_id: CountId) -> CountRow:
    """One count."""
    found = session.execute(_ROWS.where(Count.id == count_id)).one_or_none()
    if found is None:
        raise Refused("There is no such count.")
    return _row(found)


def _row(row: Any) -> CountRow:
    facts: list[Any] = [CountId(row[0]), *row[1:8], int(row[8]), *row[9:]]
    return CountRow(*facts)


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A line as the counter sees it: what and where, never how many there should be."""

    id: CountLineId
    place: str
    place_name: str
    item_number: str
    item_name: str
    unit: str
    lot: str
    serial: str
    expires_on: date | None
    counted: int | None
    counted_by: str
    again: bool
    first_by: str
    """Who counted it the first time, where somebody else has to count it again."""
    lot_id: LotId
    location_id: LocationId


_FIRST = aliased(Staff)
_COUNTER = aliased(Staff)
_LINES = (
    select(
        CountLine.id, Location.code, Location.name.label("place_name"), Item.number, Item.name, Item.base_unit,
        Lot.number.label("lot"), Lot.serial, Lot.expires_on, CountLine.counted,
        func.coalesce(_COUNTER.name, "").label("counter"),
        case((cast(ColumnElement[bool], CountLine.again), 1), else_=0).label("is_again"),
        func.coalesce(_FIRST.name, "").label("first_counter"), CountLine.lot_id, CountLine.location_id,
    )
    .join(Lot, Lot.id == CountLine.lot_id)
    .join(Item, Item.id == Lot.item_id)
    .join(Location, Location.id == CountLine.location_id)
    .outerjoin(_FIRST, _FIRST.id == CountLine.first_by)
    .outerjoin(_COUNTER, _COUNTER.id == CountLine.counted_by)
    .order_by(Location.pick_order, Location.code, Item.name, Lot.number, CountLine.id)
)  # fmt: skip


def sheet(session: Session, count_id: CountId) -> tuple[SheetRow, ...]:
    """The blind counting sheet, place by place."""
    return tuple(_sheet_row(row) for row in session.execute(_LINES.where(CountLine.count_id == count_id)))


def _sheet_row(row: Any) -> SheetRow:
    facts = list(row[1:15])
    facts[10] = bool(facts[10])
    return SheetRow(CountLineId(row[0]), *facts)


@dataclass(frozen=True, slots=True)
class Variance:
    """A counted line beside what should have lain there at that moment; ``value`` is the difference in dollars.

    Where it was counted twice, ``first`` is what the first count said and what was expected then.
    """

    line: SheetRow
    expected: int
    difference: int
    value: Decimal
    counted_at: datetime
    counted_by: str
    first: tuple[int, int] | None


def variances(session: Session, count_id: CountId) -> tuple[Variance, ...]:
    """What was counted against what was expected; Refused while anybody still counts."""
    state = session.scalar(select(Count.state).where(Count.id == count_id))
    if state not in (CountState.COUNTED, CountState.POSTED):
        raise Refused("The differences are shown once the count is finished, so that it stays blind.")
    query = _LINES.add_columns(
        CountLine.expected, Lot.unit_cost, CountLine.counted_at, CountLine.first_counted, CountLine.first_expected
    )
    found = []
    for row in session.execute(query.where(CountLine.count_id == count_id)):
        line, difference = _sheet_row(row), row.counted - row.expected
        value = worth(row.unit_cost, abs(difference)) * (1 if difference >= 0 else -1)
        first = None if row.first_counted is None else (row.first_counted, row.first_expected)
        found.append(Variance(line, row.expected, difference, value, row.counted_at, row.counter, first))
    return tuple(found)
