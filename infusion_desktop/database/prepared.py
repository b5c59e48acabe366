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
from infusion_desktop.database.on_connection import connection_of, guard
from infusion_desktop.database.statements import loosens, writes
from infusion_desktop.database.types import Convert, once_each

Statement = Select[*tuple[Any, ...]] | UpdateBase | TextClause
_AT_ONCE = 20_000
_FEW = 8
"""Rows that are not worth remembering values for."""


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement as one kind of database takes it."""

    text: str
    is_guarded: bool
    """Whether a guard is asked before it runs; none minds what only reads."""
    order: tuple[tuple[str, Convert | None], ...]
    """Names of the parameters, in their order where the database does not take them by name, and how their values
    become what it keeps."""
    fixed: Mapping[str, Any]
    """Parameters that the statement itself gives, as the database keeps them."""
    read: tuple[tuple[int, Convert], ...]
    """How what it keeps becomes values again."""
    row: Convert
    returns: bool
    """Whether it gives rows, asked or not (a new row's number)."""


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
        if form.read and len(found) < _FEW:
            found = [_with_values(row, form.read) for row in found]
        elif form.read:
            columns: list[Iterable[Any]] = list(zip(*found, strict=True))
            for place, read in form.read:
                columns[place] = map(once_each(read), columns[place])
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
        form = self._form(connection.dialect, rows[0])
        if form.is_guarded:
            guard(connection, form.text)
        columns: list[Iterable[Any]] = []
        for name, keep in form.order:
            if name in form.fixed:
                columns.append(repeat(form.fixed[name]))
            elif keep is None:
                columns.append([row[name] for row in rows])
            else:
                columns.append([keep(row[name]) for row in rows])
        return form.text, zip(*columns, strict=False)

    def _run(self, connection: Connection, parameters: Mapping[str, Any], name: str = "") -> tuple[_Form, Any]:
        form = self._form(connection.dialect, parameters)
        if form.is_guarded:
            guard(connection, form.text)
        given = {**form.fixed, **parameters} if form.fixed else parameters
        if connection.dialect.positional:
            in_order = [given[name] if keep is None else keep(given[name]) for name, keep in form.order]
            return form, _run(connection, form.text, in_order)
        values = _by_name(form, given)
        return form, _run(connection, form.text, values, name=name) if name else _asked(connection, form.text, values)

    def _form(self, dialect: Dialect, parameters: Mapping[str, Any]) -> _Form:
        """The statement as this database takes it with these parameters."""
        key = (dialect.name, *parameters)
        return self._forms.get(key) or self._forms.setdefault(key, _form(self._statement, dialect, list(parameters)))


def _with_values(row: Sequence[Any], reading: Iterable[tuple[int, Convert]]) -> list[Any]:
    values = list(row)
    for place, read in reading:
        values[place] = read(values[place])
    return values


def _by_name(form: _Form, given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: given[name] if keep is None else keep(given[name]) for name, keep in form.order}


def change_together(session: Session, *changes: tuple[Prepared, Mapping[str, Any]]) -> list[int]:
    """Run changes of different tables; how many rows each changed. To a server they go in one round trip.

    There none of them sees what another one did.
    """
    connection = connection_of(session)
    dialect = connection.dialect
    if dialect.positional:
        return [statement.change(session, parameters) for statement, parameters in changes]
    forms = [statement._form(dialect, parameters) for statement, parameters in changes]
    texts = tuple(form.text if form.returns else f"{form.text} RETURNING 1" for form in forms)
    text = _TOGETHER.get(texts) or _TOGETHER.setdefault(texts, _as_one(texts))
    guard(connection, text)
    filled = [_by_name(form, {**form.fixed, **given}) for form, (_, given) in zip(forms, changes, strict=True)]
    values = {f"c{at}_{name}": value for at, each in enumerate(filled) for name, value in each.items()}
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
    guard(connection, text)
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
    driver: Any = connection.connection.dbapi_connection
    cursor = driver.cursor(name=name) if name and not connection.dialect.positional else driver.cursor()
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
        tuple((name, keep.get(name)) for name in (compiled.positiontup or () if dialect.positional else types)),
        fixed,
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
