"""Ledgers cannot be changed and nothing is written unsaid, however a statement is spelt (RELIABILITY A7, C2, C5)."""

import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.exc import DBAPIError

from infusion_desktop.access.audit import first_broken_entry, record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.people import UserId
from infusion_desktop.access.roles import PERMISSIONS, Permission, Role
from infusion_desktop.access.tables import Staff, StaffRole
from infusion_desktop.database.engine import Database, Protected, UnauditedWrite, append_only_tables
from infusion_desktop.database.statements import loosens, writes
from infusion_desktop.errors import NotAllowed
from infusion_desktop.opening import know_tables

know_tables()
LEDGERS = sorted(append_only_tables())
BOTH = (
    "UPDATE {t} SET {c} = {c}", "update {t} set {c} = {c}", "DELETE FROM {t}", "/* x */ delete from {t}",
    "WITH x AS (SELECT 1) UPDATE {t} SET {c} = {c}", "WITH x AS (SELECT 1) DELETE FROM {t}",
    "DROP TABLE {t}", "ALTER TABLE {t} ADD COLUMN more TEXT", "ALTER TABLE {t} RENAME TO other",
)  # fmt: skip
ONLY = {
    "sqlite": (
        "INSERT OR REPLACE INTO {t} SELECT * FROM {t}", "REPLACE INTO {t} SELECT * FROM {t}",
        "DROP TRIGGER {t}_update_refused", "DROP TRIGGER {t}_delete_refused",
        "CREATE TEMP TRIGGER quiet BEFORE UPDATE ON {t} BEGIN SELECT RAISE(IGNORE); END",
        "ATTACH DATABASE ':memory:' AS other", "PRAGMA recursive_triggers = OFF", "PRAGMA Recursive_Triggers = OFF",
        "PRAGMA main.writable_schema = ON", "PRAGMA ignore_check_constraints = ON", "PRAGMA foreign_keys = OFF",
        "PRAGMA synchronous = OFF", "PRAGMA journal_mode = MEMORY", "PRAGMA schema_version = 1",
    ),
    "postgresql": (
        "TRUNCATE {t} CASCADE", "ALTER TABLE {t} DISABLE TRIGGER ALL", "DROP TRIGGER {t}_change_refused ON {t}",
        "SET session_replication_role = replica", "SET LOCAL session_replication_role TO replica",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
        "DO $$ BEGIN DELETE FROM {t}; END $$", "SELECT 1; DROP TABLE {t}",
        "DO $$ BEGIN EXECUTE 'ALTER TABLE {t} DISABLE TRIGGER ALL'; DELETE FROM {t}; END $$",
    ),
}  # fmt: skip


def test_there_are_ledgers() -> None:
    assert {"move", "audit_entry", "asset_event", "delivery_step"} <= set(LEDGERS)


@pytest.mark.parametrize("ledger", LEDGERS)
def test_no_statement_changes_a_ledger(database: Database, administrator: UserId, ledger: str) -> None:
    column = "number" if ledger == "audit_entry" else "id"
    for form in BOTH + ONLY[database.place.url.get_backend_name()]:
        statement = form.format(t=ledger, c=column)
        if "REPLACE INTO" in statement and ledger != "audit_entry":
            continue  # An empty table has nothing to replace; the trail always has an entry.
        with pytest.raises((DBAPIError, Protected)), database.transaction() as session:
            session.connection().exec_driver_sql(statement)
            record(session, administrator, "try", "ledger")
    with database.reading() as session:
        assert first_broken_entry(session) is None


def test_the_database_itself_refuses_to_change_a_ledger_whoever_is_connected(database: Database) -> None:
    """The second line behind the program's own guard; a table that an upgrade made anew has its triggers again."""
    asked = {
        "sqlite": "SELECT tbl_name, sql FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger "
        "WHERE NOT tgisinternal AND tgenabled = 'O'",
    }
    with database.engine.connect() as connection:
        triggers = connection.exec_driver_sql(asked[database.place.url.get_backend_name()]).all()
    for ledger in LEDGERS:
        held = " ".join(sql for table, sql in triggers if table == ledger).replace(" OR ", " BEFORE ")
        assert "BEFORE UPDATE" in held and "BEFORE DELETE" in held, ledger


UNSAID = (
    "UPDATE staff SET name = 'Nobody'", "update staff set name = 'Nobody'",
    "  \n-- x\nUPDATE staff SET name = 'Nobody'",
    "/* FOR */ UPDATE staff SET name = 'Nobody'", "WITH x AS (SELECT 1) UPDATE staff SET name = 'Nobody'",
    "INSERT INTO counter (series, last) VALUES ('x', 1)", "DELETE FROM staff_role",
)  # fmt: skip


@pytest.mark.parametrize("statement", UNSAID)
@pytest.mark.parametrize("raw", [False, True])
def test_a_write_as_text_without_its_entry_is_rolled_back(
    database: Database, administrator: UserId, statement: str, raw: bool
) -> None:
    with pytest.raises(UnauditedWrite), database.transaction() as session:
        session.connection().exec_driver_sql(statement) if raw else session.execute(text(statement))
    with database.reading() as session:
        assert session.get_one(Staff, administrator).name == "Ada Min"
        assert session.query(StaffRole).count() == 1


def test_core_bulk_and_mapped_writes_without_their_entry_are_rolled_back(
    database: Database, administrator: UserId
) -> None:
    rows = [{"staff_id": administrator, "role": role} for role in (Role.BILLER, Role.MANAGER)]
    with pytest.raises(UnauditedWrite), database.transaction() as session:
        session.execute(insert(StaffRole), rows)
    with pytest.raises(UnauditedWrite), database.transaction() as session:
        session.execute(update(Staff), [{"id": administrator, "name": "Nobody", "version": 1}])
    with pytest.raises(UnauditedWrite), database.transaction() as session:
        session.get_one(Staff, administrator).name = "Nobody"
    with pytest.raises(UnauditedWrite), database.transaction() as session:
        session.add(StaffRole(staff_id=administrator, role=Role.BILLER))
    with database.transaction() as session:
        session.get_one(Staff, administrator)  # The next one, on the same connection, is not blamed for the last.


@pytest.mark.parametrize("statement", UNSAID)
def test_a_look_cannot_write(database: Database, administrator: UserId, statement: str) -> None:
    with pytest.raises(UnauditedWrite), database.reading() as session:
        session.execute(text(statement))
        session.commit()
    with database.reading() as session:
        assert session.get_one(Staff, administrator).name == "Ada Min"


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 'DELETE FROM move'", "SELECT id FROM move FOR UPDATE", "SELECT id FROM move FOR NO KEY UPDATE",
        'SELECT "update" FROM x', "SELECT 1 -- UPDATE", "SELECT replace(note, 'a', 'b') FROM move", "SAVEPOINT a",
    ],
)  # fmt: skip
def test_what_only_reads_is_let_through(statement: str) -> None:
    assert not writes(statement)
    assert not loosens(statement)


def test_each_role_may_do_exactly_what_is_written(database: Database, staff: dict[Role, UserId]) -> None:
    cells = 0
    with database.reading() as session:
        for role, person in staff.items():
            for permission in Permission:
                cells += 1
                if permission in PERMISSIONS[role]:
                    authorize(session, person, permission)
                else:
                    with pytest.raises(NotAllowed):
                        authorize(session, person, permission)
    assert cells == len(Role) * len(Permission)
