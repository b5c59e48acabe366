"""Statements of a kit's path, compiled once for each database and run on SQLite's cursor or the server's own library.

A kit's life is some sixty small statements; the way through SQLAlchemy from a statement to its rows costs several times
what the database needs for one (benchmarks/kit_life.py). The SQL, the types and the guards are the same.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import Any

from sqlalchemy import Connection, Dialect, Select, TextClause
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from infusion_desktop.database import server
from infusion_desktop.database.engine import connection_of, guard_of
from infusion_desktop.database.statements import loosens, writes

Statement = Select[*tuple[Any, ...]] | UpdateBase | TextClause
_Convert = Callable[[Any], Any]
_AT_ONCE = 20_000
_FEW = 8
"""Rows that are not worth remembering values for."""


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement as one kind of database takes it."""

    text: str
    is_guarded: bool
    """Whether a guard is asked before it runs; none minds what only reads."""
    order: tuple[str, ...] | None
    """Names of the parameters in their order; None where the database takes them by name."""
    fixed: Mapping[str, Any]
    """Parameters that the statement itself gives, as the database keeps them."""
    keep: tuple[tuple[str, _Convert], ...]
    """How values become what the database keeps."""
    read: tuple[tuple[int, _Convert], ...]
    """How what it keeps becomes values again."""
    row: _Convert
    returns: bool
    """Whether it gives rows, asked or not (a new row's number)."""


class _Seen(dict[Any, Any]):
    """What values became, remembered by value."""

    def __init__(self, convert: _Convert) -> None:
        self._convert = convert

    def __missing__(self, value: Any) -> Any:
        found = self[value] = self._convert(value)
        return found


def once_each(convert: _Convert) -> _Convert:
    """The same for a whole column, where most values come again and again: each different one is converted once."""
    return _Seen(convert).__getitem__


class Prepared:
    """A statement with named parameters; one that depends on the database is given as a function of its name."""

    def __init__(self, statement: Statement | Callable[[str], Statement]) -> None:
        self._statement = statement
        self._forms: dict[tuple[Any, ...], _Form] = {}

    def rows(self, session: Session, parameters: Mapping[str, Any]) -> list[Any]:
        """The rows it finds, their columns by name."""
        form, cursor = self._run(connection_of(session), parameters)
        found = cursor.fetchall()
        cursor.close()
        if form.read and found:
            columns: list[Iterable[Any]] = list(zip(*found, strict=True))
            for place, read in form.read:
                columns[place] = map(read if len(found) < _FEW else once_each(read), columns[place])
            found = zip(*columns, strict=True)
        return list(map(form.row, found))

    def kept(self, session: Session, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The rows as the database keeps them (SQLite: days as text, amounts as whole numbers), for very long lists."""
        _, cursor = self._run(connection_of(session), parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        cursor.close()
        return found

    def streamed(self, session: Session, parameters: Mapping[str, Any]) -> Iterator[list[tuple[Any, ...]]]:
        """The same some thousands at a time, for ledgers that memory shall not hold."""
        _, cursor = self._run(connection_of(session), parameters, name="streamed")
        try:
            while some := cursor.fetchmany(_AT_ONCE):
                yield some
        finally:
            cursor.close()

    def first(self, session: Session, parameters: Mapping[str, Any]) -> Any:
        """The first row, or None."""
        rows = self.rows(session, parameters)
        return rows[0] if rows else None

    def value(self, session: Session, parameters: Mapping[str, Any]) -> Any:
        """The first column of the first row, or None."""
        rows = self.rows(session, parameters)
        return rows[0][0] if rows else None

    def change(self, session: Session, parameters: Mapping[str, Any]) -> int:
        """Run it; how many rows it changed."""
        _, cursor = self._run(connection_of(session), parameters)
        changed: int = cursor.rowcount
        cursor.close()
        return changed

    def change_each(self, session: Session, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run it on SQLite for each row; how many rows it changed in all."""
        connection = connection_of(session)
        text, values = self._each(connection, rows)
        cursor = _run(connection, text, values, many=True)
        changed: int = cursor.rowcount
        cursor.close()
        return changed

    def changed_each(self, session: Session, rows: Sequence[Mapping[str, Any]]) -> list[bool]:
        """The same; whether it changed one for each of them."""
        connection = connection_of(session)
        text, values = self._each(connection, rows)
        cursor = connection.connection.cursor()
        try:
            found = [cursor.execute(text, each).rowcount == 1 for each in values]
        except connection.dialect.loaded_dbapi.Error as error:
            raise _explained(connection, text, error, cursor) from error
        cursor.close()
        return found

    def _each(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> tuple[str, Iterable[tuple[Any, ...]]]:
        form, values = self._filled(connection.dialect, rows[0])
        if form.is_guarded:
            guard_of(connection.dialect)(connection, form.text)
        assert form.order is not None
        kept = dict(form.keep)
        columns: list[Iterable[Any]] = []
        for name in form.order:
            if name not in rows[0]:
                columns.append(repeat(values[name]))
            elif (keep := kept.get(name)) is None:
                columns.append([row[name] for row in rows])
            else:
                columns.append([keep(row[name]) for row in rows])
        return form.text, zip(*columns, strict=False)

    def _run(self, connection: Connection, parameters: Mapping[str, Any], name: str = "") -> tuple[_Form, Any]:
        form, values = self._filled(connection.dialect, parameters)
        if form.is_guarded:
            guard_of(connection.dialect)(connection, form.text)
        if form.order is None and not name:
            return form, _asked(connection, form.text, values)
        given = values if form.order is None else [values[name] for name in form.order]
        return form, _run(connection, form.text, given, name=name)

    def _filled(self, dialect: Dialect, parameters: Mapping[str, Any]) -> tuple[_Form, Mapping[str, Any]]:
        """The statement as this database takes it, with the values it keeps."""
        key = (dialect.name, *parameters)
        form = self._forms.get(key)
        if form is None:
            form = self._forms[key] = _form(self._statement, dialect, list(parameters))
        if not form.fixed and not form.keep:
            return form, parameters
        values = {**form.fixed, **parameters}
        for name, keep in form.keep:
            values[name] = keep(values[name])
        return form, values


def change_together(session: Session, *changes: tuple[Prepared, Mapping[str, Any]]) -> list[int]:
    """Run changes of different tables; how many rows each changed. To a server they go in one round trip.

    There none of them sees what another one did.
    """
    connection = connection_of(session)
    dialect = connection.dialect
    if dialect.positional:
        return [statement.change(session, parameters) for statement, parameters in changes]
    filled = [statement._filled(dialect, parameters) for statement, parameters in changes]
    texts = tuple(form.text if form.returns else f"{form.text} RETURNING 1" for form, _ in filled)
    text = _TOGETHER.get(texts) or _TOGETHER.setdefault(texts, _as_one(texts))
    guard_of(dialect)(connection, text)
    values = {f"c{at}_{name}": value for at, (_, each) in enumerate(filled) for name, value in each.items()}
    return list(_asked(connection, text, values).fetchall()[0])


_TOGETHER: dict[tuple[str, ...], str] = {}


def _as_one(texts: tuple[str, ...]) -> str:
    parts = ", ".join(f"c{at} AS ({text.replace('%(', f'%(c{at}_')})" for at, text in enumerate(texts))
    counts = ", ".join(f"(SELECT count(*) FROM c{at})" for at in range(len(texts)))
    return f"WITH {parts} SELECT {counts}"


def _asked(connection: Connection, text: str, values: Mapping[str, Any]) -> Any:
    """What a server answers to a statement."""
    try:
        return server.ask(connection, text, values)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _explained(connection, text, error, None) from error


def change_plainly(connection: Connection, text: str, values: Sequence[Any]) -> None:
    """Run a statement on SQLite as it is written, with its parameters in their order."""
    guard_of(connection.dialect)(connection, text)
    _run(connection, text, values).close()


def command(connection: Connection, words: str) -> None:
    """Run a command without parameters that gives no rows; on a server perhaps several, after semicolons."""
    if connection.dialect.positional:
        _run(connection, words, ()).close()
        return
    try:
        server.tell(connection, words)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _explained(connection, words, error, None) from error


def _run(connection: Connection, text: str, parameters: Any, *, name: str = "", many: bool = False) -> Any:
    """Run a statement on the driver's cursor, which is given back; its errors are raised as SQLAlchemy raises them.

    With a ``name`` a server keeps the rows until they are asked for, as SQLite always does. ``many`` runs it once for
    each of the parameters.
    """
    is_named = name and not connection.dialect.positional
    cursor = connection.connection.cursor(name=name) if is_named else connection.connection.cursor()
    try:
        (cursor.executemany if many else cursor.execute)(text, parameters)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _explained(connection, text, error, cursor) from error
    return cursor


def _form(statement: Statement | Callable[[str], Statement], dialect: Dialect, names: list[str]) -> _Form:
    made = statement if isinstance(statement, (Select, UpdateBase, TextClause)) else statement(dialect.name)
    compiled = made.compile(dialect=dialect, column_keys=names)
    assert isinstance(compiled, SQLCompiler)
    fixed = {name: value for name, value in compiled.params.items() if name not in names}
    for column in compiled.insert_prefetch:
        assert isinstance(column.default, ScalarElementColumnDefault)
        fixed[column.key] = column.default.arg
    types = {name: bind.type for bind, name in compiled.bind_names.items()}
    keep = {name: type_.dialect_impl(dialect).bind_processor(dialect) for name, type_ in types.items()}
    fixed = {name: convert(value) if (convert := keep.pop(name, None)) else value for name, value in fixed.items()}
    columns = [] if isinstance(made, TextClause) else list(made.exported_columns)
    read = [(at, each.type.dialect_impl(dialect).result_processor(dialect, None)) for at, each in enumerate(columns)]
    row: Any = namedtuple("Row", [each.key for each in columns], rename=True)  # type: ignore[misc]
    asked = str(compiled)
    return _Form(
        asked,
        writes(asked) or loosens(asked),
        tuple(compiled.positiontup or ()) if dialect.positional else None,
        fixed,
        tuple((name, convert) for name, convert in keep.items() if convert is not None),
        tuple((at, convert) for at, convert in read if convert is not None),
        partial(tuple.__new__, row) if columns else tuple,
        bool(compiled.effective_returning),
    )


def _explained(connection: Connection, text: str, error: Any, cursor: Any) -> Any:
    """The driver's error as SQLAlchemy raises it; a connection that is gone is not used again."""
    dialect = connection.dialect
    gone = dialect.is_disconnect(error, connection.connection.dbapi_connection, cursor)
    if gone:
        connection.invalidate(error)
    base = dialect.loaded_dbapi.Error
    return DBAPIError.instance(
        text, None, error, base, hide_parameters=True, connection_invalidated=gone, dialect=dialect
    )
