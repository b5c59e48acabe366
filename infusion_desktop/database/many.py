"""Many rows in one statement: the rows travel as one JSON parameter, read back as a table by either database.

A statement's text stays the same however many rows there are, so it is compiled and prepared once; and it is one round
trip where a statement a row would be many. To SQLite nothing travels: rows that are added or changed there are given as
they are.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
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
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.sql.selectable import Subquery
from sqlalchemy.types import TypeEngine

from infusion_desktop.database.on_connection import connection_of
from infusion_desktop.database.prepared import Prepared, change_plainly

ROWS = "rows"
"""The name of the parameter that carries them."""

_ENCODE = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False, default=str).encode


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


def few_given(dialect: str, *wanted: str) -> Subquery:
    """The same where a server shall look each row up by its key.

    It takes any rows given for a hundred, and would rather read a table of ten thousand than look up so many; a limit
    that it cannot foresee, be it their own number, it takes for ten.
    """
    rows = given(dialect, *wanted)
    if dialect == "sqlite":
        return rows
    from sqlalchemy.dialects.postgresql import JSONB

    count = select(func.jsonb_array_length(cast(bindparam(ROWS, type_=Text), JSONB))).scalar_subquery()
    return select(rows).limit(count).subquery("few")


def as_ids(ids: Iterable[int], name: str = ROWS) -> dict[str, str]:
    """Ids as the parameters of a statement that asks `is_given`."""
    return {name: _ENCODE(list(ids))}


def is_given(dialect: str, column: Any, name: str = ROWS) -> ColumnElement[bool]:
    """Whether a column holds one of the ids of the parameter."""
    rows = bindparam(name, type_=Text)
    each: ColumnElement[Any]
    if dialect == "sqlite":
        each = func.json_each(rows).table_valued("value").c.value
    else:
        from sqlalchemy.dialects.postgresql import JSONB

        each = cast(func.jsonb_array_elements_text(cast(rows, JSONB)).column_valued("each"), BigInteger)
    found: ColumnElement[bool] = column.in_(select(each))
    return found


def change_many(session: Session, statement: Prepared, rows: Sequence[Mapping[str, Any]]) -> int:
    """Run a statement for rows; how many it changed. A server is given them together, SQLite, at hand, one by one."""
    if connection_of(session).dialect.positional:
        return statement.change_each(session, rows)
    return statement.change(session, {ROWS: as_rows(rows)})


def insert_many(session: Session, table: Table, rows: Sequence[Mapping[str, Any]], **common: Any) -> None:
    """Add rows, all with the same columns, in their order; ``common`` is the same in all of them."""
    if not rows:
        return
    connection = connection_of(session)
    if connection.dialect.positional:
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            _insert_values(connection, table, rows[start : start + _ROWS_AT_ONCE], common)
        return
    statement, parameters = _insertion(session, table, rows, common, numbered=False)
    statement.change(session, parameters)


def insert_numbered(session: Session, table: Table, rows: Sequence[Mapping[str, Any]], **common: Any) -> list[int]:
    """The same on PostgreSQL; the ids that it gave them, in the rows' order."""
    if not rows:
        return []
    statement, parameters = _insertion(session, table, rows, common, numbered=True)
    return sorted(row[0] for row in statement.rows(session, parameters))


_Keep = Callable[[Any], Any] | None
_ROWS_AT_ONCE = 100
"""Rows that SQLite takes as parameters of one statement; more would be more statements to keep than kits have lines."""


def _insert_values(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], common: Mapping[str, Any]
) -> None:
    """SQLite reads values from parameters in half the time that it takes for JSON, and weighs a rule of words once."""
    empty = [name for name, first in rows[0].items() if first is None and all(row[name] is None for row in rows)]
    common = {**common, **dict.fromkeys(empty)}  # Told once: its driver looks long at each value that is none.
    names = tuple(name for name in rows[0] if name not in common)
    text, keeping, alike, fixed = _valuing(connection.dialect, table, names, tuple(common), len(rows))
    values = [keep(value) if keep else value for value, keep in zip(common.values(), alike, strict=True)]
    values += fixed
    for row in rows:
        values += [keep(row[name]) if keep else row[name] for name, keep in keeping]
    change_plainly(connection, text, values)


@lru_cache(512)
def _valuing(
    dialect: Dialect, table: Table, names: tuple[str, ...], common: tuple[str, ...], count: int
) -> tuple[str, Sequence[tuple[str, _Keep]], Sequence[_Keep], Sequence[Any]]:
    """The statement, how its values are kept, and what columns hold that nobody names."""

    def keep(name: str) -> _Keep:
        return table.c[name].type.dialect_impl(dialect).bind_processor(dialect)

    fixed = {
        each.name: each.default.arg
        for each in table.c
        if isinstance(each.default, ScalarElementColumnDefault) and each.name not in {*names, *common}
    }
    kept = [held(value) if (held := keep(name)) else value for name, value in fixed.items()]
    into = ", ".join(map(dialect.identifier_preparer.quote, (*common, *fixed, *names)))
    alike = "?, " * (len(common) + len(fixed))
    row = f"({', '.join('?' * len(names))})"
    text = f"INSERT INTO {table.name} ({into}) SELECT {alike}given.* FROM (VALUES {', '.join([row] * count)}) AS given"
    return text, [(name, keep(name)) for name in names], [keep(name) for name in common], kept


_INSERTIONS: dict[tuple[Any, ...], tuple[Prepared, Sequence[tuple[str, _Keep]]]] = {}


def _insertion(
    session: Session, table: Table, rows: Sequence[Mapping[str, Any]], common: Mapping[str, Any], *, numbered: bool
) -> tuple[Prepared, dict[str, Any]]:
    dialect = connection_of(session).dialect
    key = (dialect.name, table.name, *rows[0], None, *common, numbered)
    if key not in _INSERTIONS:
        types = {name: table.c[name].type for name in rows[0]}
        kept = [(name, type_.dialect_impl(dialect).bind_processor(dialect)) for name, type_ in types.items()]
        _INSERTIONS[key] = Prepared(partial(_inserting, table, types, tuple(common), numbered)), kept
    statement, keeping = _INSERTIONS[key]
    own = [{name: keep(row[name]) if keep else row[name] for name, keep in keeping} for row in rows]
    return statement, {ROWS: as_rows(own), **{f"all_{name}": value for name, value in common.items()}}


def _inserting(
    table: Table, types: Mapping[str, TypeEngine[Any]], common: Sequence[str], numbered: bool, dialect: str
) -> Insert | ReturningInsert[Any]:
    rows = given(dialect, **types)
    alike = [bindparam(f"all_{name}", type_=table.c[name].type) for name in common]
    statement = insert(table).from_select([*types, *common], select(*rows.c, *alike).select_from(rows))
    return statement.returning(table.c.id) if numbered else statement
