"""Many rows in one statement: the rows travel as one JSON parameter, read back as a table by either database.

A statement's text stays the same however many rows there are, so it is compiled and prepared once; and it is one round
trip where a statement a row would be many.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Dialect,
    Insert,
    Table,
    Text,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
)
from sqlalchemy import literal_column as literally
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.sql.selectable import Subquery
from sqlalchemy.types import TypeEngine

ROWS = "rows"
"""The name of the parameter that carries them."""

_ENCODE = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, default=str).encode


def as_rows(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as the parameter wants them: whole numbers and text, days as ISO text."""
    return _ENCODE(rows)


def given(dialect: str, *wanted: str, **typed: TypeEngine[Any]) -> Subquery:
    """The rows of the parameter as a table: whole numbers under the names wanted, other types by keyword."""
    types: dict[str, TypeEngine[Any]] = {**{each: BigInteger() for each in wanted}, **typed}
    if dialect == "sqlite":
        each = func.json_each(bindparam(ROWS, type_=Text)).table_valued("value").c.value
        return select(*(each.op("->>")(literally(f"'{name}'")).label(name) for name in types)).subquery("given")
    from sqlalchemy.dialects.postgresql import JSONB

    table = func.jsonb_to_recordset(cast(bindparam(ROWS, type_=Text), JSONB)).table_valued(
        *(column(name, type_) for name, type_ in types.items())
    )
    return select(*table.render_derived(with_types=True).c).subquery("given")


def insert_many(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows, all with the same columns, in their order, by one statement."""
    if rows:
        _execute(connection, table, rows, numbered=False)


def insert_numbered(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """The same on PostgreSQL; the ids that it gave them, in the rows' order."""
    return sorted(_execute(connection, table, rows, numbered=True).scalars()) if rows else []


def _execute(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, numbered: bool) -> Any:
    key = (connection.dialect.name, table.name, tuple(rows[0]), numbered)
    if key not in _PREPARED:
        _PREPARED[key] = _prepare(connection.dialect, table, tuple(rows[0]), numbered)
    statement, kept = _PREPARED[key]
    plain = [{name: keep(row[name]) if (keep := kept[name]) else row[name] for name in kept} for row in rows]
    return connection.execute(statement, {ROWS: as_rows(plain)})


_Prepared = tuple[Insert | ReturningInsert[Any], Mapping[str, Callable[[Any], Any] | None]]
_PREPARED: dict[tuple[str, str, tuple[str, ...], bool], _Prepared] = {}


def _prepare(dialect: Dialect, table: Table, names: Sequence[str], numbered: bool) -> _Prepared:
    """The statement that adds rows of these columns, and how each column keeps its values."""
    types = {name: table.c[name].type for name in names}
    rows = given(dialect.name, **types)
    statement = insert(table).from_select(list(names), select(*rows.c))
    kept = {name: type_.dialect_impl(dialect).bind_processor(dialect) for name, type_ in types.items()}
    return statement.returning(table.c.id) if numbered else statement, kept
