"""Every write is audited in its own transaction, and the chain names the first entry that was touched."""

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DBAPIError

from infusion_desktop.access.audit import first_broken_entry, record
from infusion_desktop.access.people import UserId
from infusion_desktop.access.tables import AuditEntry, Staff
from infusion_desktop.database.engine import Database, UnauditedWrite, open_engine


def _three_entries(database: Database, by: UserId) -> None:
    for number in range(3):
        with database.transaction() as session:
            record(session, by, "look around", "shelf", number, after={"number": number})


def test_an_untouched_chain_is_whole(database: Database, administrator: UserId) -> None:
    _three_entries(database, administrator)
    with database.reading() as session:
        assert first_broken_entry(session) is None


@pytest.mark.parametrize(
    ("tampering", "first_broken"),
    [
        ("UPDATE audit_entry SET reason = 'x' WHERE number = 2", 2),
        ("UPDATE audit_entry SET staff_id = NULL WHERE number = 3", 3),
        ("DELETE FROM audit_entry WHERE number = 2", 2),
        ("DELETE FROM audit_entry WHERE number = 4", 4),
        ("UPDATE audit_entry SET number = 9 WHERE number = 3", 3),
        ("UPDATE audit_head SET seal = 'x'", 5),
    ],
)
def test_tampering_is_found_and_named(
    database: Database, administrator: UserId, tampering: str, first_broken: int
) -> None:
    _three_entries(database, administrator)
    _tamper(database, tampering)
    with database.reading() as session:
        assert first_broken_entry(session) == first_broken


def _tamper(database: Database, statement: str) -> None:
    engine = open_engine(database.place, guarded=False)
    with engine.begin() as connection:
        if database.place.is_sqlite:
            connection.execute(text("DROP TRIGGER audit_entry_update_refused"))
            connection.execute(text("DROP TRIGGER audit_entry_delete_refused"))
        else:
            connection.execute(text("DROP TRIGGER audit_entry_change_refused ON audit_entry"))
        connection.execute(text(statement))
    engine.dispose()


def test_a_write_without_an_audit_entry_is_refused(database: Database, administrator: UserId) -> None:
    with pytest.raises(UnauditedWrite), database.transaction() as session:
        session.execute(update(Staff).values(name="Nobody"))
    with database.reading() as session:
        assert session.get_one(Staff, administrator).name == "Ada Min"


@pytest.mark.parametrize("statement", [update(AuditEntry).values(reason="x"), delete(AuditEntry)])
def test_the_programs_own_connection_cannot_change_the_trail(
    database: Database, administrator: UserId, statement: object
) -> None:
    with pytest.raises(DBAPIError), database.transaction() as session:
        session.execute(statement)  # type: ignore[call-overload]
