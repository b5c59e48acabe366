"""The calendar day of an instant where this computer stands, told by the database: to group and compare long lists."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Date, Interval, case, cast, func, literal, type_coerce
from sqlalchemy.orm import Session

from infusion_desktop.database.types import Day
from infusion_desktop.dates import ONE_DAY, Days


def start_of(day: date) -> datetime:
    """The instant a day begins where this computer stands."""
    return datetime.combine(day, time.min).astimezone(UTC)


def local_day_of(session: Session, column: Any, period: Days) -> ColumnElement[date]:
    """The day of an instant that lies in a period: what `local_day` says of it, the days on which clocks change too.

    An instant before the period counts as if clocks had never changed before; one after it likewise.
    """
    is_sqlite = session.get_bind().dialect.name == "sqlite"

    def shifted(offset: timedelta) -> ColumnElement[date]:
        if is_sqlite:
            return type_coerce(func.date(column, f"{offset.total_seconds():+.0f} seconds"), Day)
        at = func.timezone("UTC", column) + cast(literal(offset, Interval()), Interval())
        return type_coerce(cast(at, Date), Day)

    pieces: list[tuple[Any, ColumnElement[date]]] = []
    offset = _offset(period.first)
    for day in period:
        after = _offset(day + ONE_DAY)
        if after != offset:
            pieces.append((column < start_of(day), shifted(offset)))
            pieces.append((column < start_of(day + ONE_DAY), literal(day, Day())))
            offset = after
    return case(*pieces, else_=shifted(offset)) if pieces else shifted(offset)


class KeptDays(dict[Any, date]):
    """Days as the database keeps them (SQLite: as text), each read once: long lists have few different ones."""

    def __missing__(self, kept: Any) -> date:
        self[kept] = read = date.fromisoformat(kept) if isinstance(kept, str) else kept
        return read


def _offset(day: date) -> timedelta:
    """How far the clock is ahead of UTC when a day begins."""
    begins = datetime.combine(day, time.min).astimezone()
    return begins.utcoffset() or timedelta(0)
