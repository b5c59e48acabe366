"""Ledgers that are added to and never changed: the triggers that hold it in the database (RELIABILITY A7, F9)."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy import text
from sqlalchemy.orm import Session

_SQLITE = """CREATE TRIGGER {table}_{what}_refused BEFORE {WHAT} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"""

_POSTGRESQL_FUNCTION = """CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"""

_POSTGRESQL = """CREATE TRIGGER {table}_change_refused BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"""


def protect(table: str, dialect: str) -> list[str]:
    """The statements that make a table append-only on "sqlite" or "postgresql"."""
    if dialect == "sqlite":
        return [_SQLITE.format(table=table, what=what, WHAT=what.upper()) for what in ("update", "delete")]
    return [_POSTGRESQL_FUNCTION, _POSTGRESQL.format(table=table)]


_LETTING_GO: ContextVar[str] = ContextVar("letting_go", default="")

_SQLITE_UNTIL = """CREATE TRIGGER {table}_delete_refused BEFORE DELETE ON {table}
WHEN NOT (OLD.{made} < strftime('%Y-%m-%dT%H:%M:%S', 'now', '-{years} years') AND EXISTS (
    SELECT 1 FROM purge WHERE kept = '{kept}' AND {named}))
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"""

_POSTGRESQL_UNTIL = """CREATE FUNCTION refuse_early_{table}() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
IF OLD.{made} < now() - interval '{years} years' AND EXISTS (
    SELECT 1 FROM purge WHERE kept = '{kept}' AND {named}) THEN RETURN OLD; END IF;
RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"""

_POSTGRESQL_ASKED = """CREATE OR REPLACE FUNCTION refuse_unasked() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN IF current_setting('infusion.letting_go', true) = TG_TABLE_NAME THEN RETURN NULL; END IF;
RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"""


def protect_for_years(table: str, dialect: str, *, made: str, years: int, kept: str, named: str) -> list[str]:
    """The statements that let rows of a protected ledger go, but only after so many years and named in ``purge``.

    ``made`` is the column that says when a row was made; ``named`` the condition under which a row of ``purge`` of
    this kind means it.
    """
    words = {"table": table, "made": made, "years": years, "kept": kept, "named": named}
    if dialect == "sqlite":
        return [f"DROP TRIGGER {table}_delete_refused", _SQLITE_UNTIL.format(**words)]
    return [
        f"DROP TRIGGER {table}_change_refused ON {table}",
        f"CREATE TRIGGER {table}_change_refused BEFORE UPDATE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
        _POSTGRESQL_UNTIL.format(**words),
        f"CREATE TRIGGER {table}_early_refused BEFORE DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION refuse_early_{table}()",
        _POSTGRESQL_ASKED,
        f"CREATE TRIGGER {table}_unasked_refused BEFORE DELETE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_unasked()",
    ]


@contextmanager
def letting_go(session: Session, table: str) -> Iterator[None]:
    """In the block, and only in this transaction, rows of this ledger may go whose time the database finds over."""
    token = _LETTING_GO.set(table)
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT set_config('infusion.letting_go', :table, true)"), {"table": table})
    try:
        yield
    finally:
        _LETTING_GO.reset(token)


def may_go(table: str | None) -> bool:
    """Whether rows of this ledger are being let go just now, in this thread."""
    return bool(table) and table == _LETTING_GO.get()
