"""Ledgers that are added to and never changed: the triggers that hold it in the database itself (RELIABILITY A7)."""

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
