"""Many rows of one table written at once, past the layers that weigh each row: for ledgers posted a file at a time."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, cast

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from infusion_desktop.database.types import once_each


def insert_rows(
    session: Session,
    mapped: type[Any],
    columns: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
    same: Mapping[str, Any] | None = None,
) -> None:
    """Insert rows given as tuples in the order of ``columns``; ``same`` holds what all of them share.

    Values pass through the columns' own types, each different value once. Columns that are not named must have a
    default in the database, or be empty.
    """
    if not rows:
        return
    session.flush()
    connection = session.connection()
    dialect = connection.dialect
    table = cast(Table, mapped.__table__)
    shared = dict(same or {})
    names = [*columns, *shared]
    mark = "?" if dialect.paramstyle == "qmark" else "%s"
    quote = dialect.identifier_preparer.quote
    head = f"INSERT INTO {quote(table.name)} ({', '.join(quote(name) for name in names)})"
    statement = f"{head} VALUES ({', '.join([mark] * len(names))})"
    keeping = [_stored(table, name, dialect) for name in columns]
    by_column = zip(keeping, zip(*rows, strict=True), strict=True)
    kept: list[Iterable[Any]] = [values if keep is None else map(keep, values) for keep, values in by_column]
    for name, value in shared.items():
        keep = _stored(table, name, dialect)
        kept.append(repeat(value if keep is None else keep(value), len(rows)))
    connection.exec_driver_sql(statement, list(zip(*kept, strict=True)))


def next_ids(session: Session, mapped: type[Any], count: int) -> Sequence[int]:
    """Ids for so many new rows of a table, which no other workstation gets.

    A server gives them from its sequence. On SQLite they follow the last row, as its one writer numbers them itself;
    the rows are inserted in this transaction, or the next deed gets the same ids.
    """
    session.flush()
    connection = session.connection()
    table = cast(Table, mapped.__table__)
    if connection.dialect.name == "sqlite":
        last = connection.exec_driver_sql(f"SELECT max(id) FROM {table.name}").scalar_one() or 0
        return range(last + 1, last + count + 1)
    numbers = func.generate_series(1, count).table_valued("each")
    sequence = func.pg_get_serial_sequence(table.name, "id")
    return connection.execute(select(func.nextval(sequence)).select_from(numbers)).scalars().all()


def _stored(table: Table, name: str, dialect: Any) -> Callable[[Any], Any] | None:
    """How a column's value becomes what the driver takes, each different one once; None: it is taken as it is."""
    process = table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
    return None if process is None else once_each(process)
