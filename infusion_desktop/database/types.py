"""Column types that keep their meaning on SQLite (STRICT tables) and PostgreSQL, and the base of all mapped classes.

SQLite keeps NUMERIC as floating point, has no dates and no booleans; so money is stored as whole cents, days as ISO
text, instants as ISO text in UTC and flags as 0 or 1. PostgreSQL uses its own DATE, TIMESTAMPTZ and BOOLEAN.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    Dialect,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    TypeDecorator,
    text,
)
from sqlalchemy.orm import DeclarativeBase

from infusion_desktop.database import when_asked

Whole = BigInteger().with_variant(Integer(), "sqlite")
Convert = Callable[[Any], Any]
"""How a value becomes what a database keeps, or what it keeps a value again: one call, as each column of each row
passes here."""


class _Seen(dict[Any, Any]):
    """What values became, remembered by value."""

    def __init__(self, convert: Convert) -> None:
        self._convert = convert

    def __missing__(self, value: Any) -> Any:
        found = self[value] = self._convert(value)
        return found


def once_each(convert: Convert) -> Convert:
    """The same where most values come again and again: each different one is converted once."""
    return _Seen(convert).__getitem__


class Cents(TypeDecorator[Decimal]):
    """Dollars and cents as Decimal, stored as whole cents; more than two places is a defect, never rounded here."""

    impl = BigInteger
    cache_ok = True
    places = 2

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else BigInteger())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        return None if value is None else _in_parts(value, self.places)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-self.places)


@lru_cache(4096)
def _in_parts(amount: Decimal, places: int) -> int:
    stored = amount.scaleb(places)
    if stored != stored.to_integral_value():
        raise ValueError(f"an amount has more than {places} decimal places")
    return int(stored)


class UnitCost(Cents):
    """The cost of one base unit in dollars with four places (a glove costs 0.0345), stored in ten-thousandths."""

    cache_ok = True
    places = 4


class Day(TypeDecorator[date]):
    """A calendar day without a time zone."""

    impl = Date
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else Date())

    def bind_processor(self, dialect: Dialect) -> Convert | None:
        return _day_as_text if dialect.name == "sqlite" else None

    def result_processor(self, dialect: Dialect, coltype: object) -> Convert:
        return _day_of


def _day_as_text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _day_of(kept: Any) -> Any:
    return date.fromisoformat(kept) if isinstance(kept, str) else kept


class Instant(TypeDecorator[datetime]):
    """A moment in UTC; a time without a zone is a defect."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else DateTime(timezone=True))

    def bind_processor(self, dialect: Dialect) -> Convert:
        return _instant_as_text if dialect.name == "sqlite" else _in_utc

    def result_processor(self, dialect: Dialect, coltype: object) -> Convert:
        return _instant_of


def _in_utc(instant: datetime | None) -> datetime | None:
    if instant is None or instant.tzinfo is UTC:
        return instant
    if instant.tzinfo is None:
        raise ValueError("an instant has no time zone")
    return instant.astimezone(UTC)


def _instant_as_text(instant: datetime | None) -> str | None:
    utc = _in_utc(instant)
    return None if utc is None else utc.isoformat(timespec="microseconds")


def _instant_of(kept: Any) -> datetime | None:
    return _in_utc(datetime.fromisoformat(kept) if isinstance(kept, str) else kept)


class Flag(TypeDecorator[bool]):
    """Yes or no."""

    impl = Boolean
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else Boolean())

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> Any:
        return int(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> bool | None:
        return None if value is None else bool(value)


class Choice(TypeDecorator[Any]):
    """One member of a StrEnum, stored as its value; pair it with `one_of` so that the database refuses others."""

    impl = Text
    cache_ok = True

    def __init__(self, members: type[StrEnum] = StrEnum) -> None:
        super().__init__()
        self.members = members

    def bind_processor(self, dialect: Dialect) -> Convert:
        return once_each(lambda value: None if value is None else str(self.members(value).value))

    def result_processor(self, dialect: Dialect, coltype: object) -> Convert:
        return once_each(lambda kept: None if kept is None else self.members(kept))


def one_of(column: str, members: type[StrEnum]) -> CheckConstraint:
    """The rule that a column holds one of an enum's values."""
    values = ", ".join(f"'{member.value}'" for member in members)
    return CheckConstraint(f"{column} IN ({values})", name=f"{column}_known")


class Table(DeclarativeBase):
    """Base of every mapped class. Each sits in a `tables.py` and ends its `__table_args__` with `STRICT`."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own spelling
        int: Whole,
        str: Text(),
        date: Day(),
        datetime: Instant(),
        bool: Flag(),
        Decimal: Cents(),
        bytes: LargeBinary(),
    }

    def __init_subclass__(cls) -> None:
        when_asked.declare(cls)


STRICT: dict[str, Any] = {"sqlite_strict": True}
"""Last element of `__table_args__`: SQLite checks the types it stores."""

APPEND_ONLY: dict[str, Any] = {"sqlite_strict": True, "info": {"append_only": True}}
"""Last element of `__table_args__` for a ledger: rows are added, never changed or removed (held by triggers)."""


def only_where(condition: str) -> dict[str, Any]:
    """Keywords of an index over the rows a condition holds for.

    PostgreSQL's own keyword would load its dialect at every start on SQLite; `schema.metadata` adds it from here.
    """
    return {"sqlite_where": text(condition), "info": {"where": condition}}
