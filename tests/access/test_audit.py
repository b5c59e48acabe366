"""Every write is audited in its own transaction, and the chain names the first entry that was touched."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from sqlalchemy import Connection, Table, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from benchmarks.audit_trail import PATIENTS, fill
from infusion_desktop.access import audit
from infusion_desktop.access.audit import first_broken_entry, record, seal_of
from infusion_desktop.access.people import UserId, add_first_administrator, add_person, sign_in
from infusion_desktop.access.queries import audit_rows
from infusion_desktop.access.roles import Role
from infusion_desktop.access.tables import AuditEntry, AuditHead, Staff
from infusion_desktop.database.engine import Database, UnauditedWrite
from tests.conftest import PASSWORD
from tests.meddling import meddling
from tests.promises import Clock, is_full, times


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


ELSEWISE = {
    "kind": "'view'", "action": "action || 'x'", "subject": "'patient'", "workstation": "'bench-2'",
    "before": "'{}' || ' '", "after": "after || ' '",
    "reason": "'agreed'", "seal": "upper(seal) || 'x'", "number": "number + 100",
    "staff_id": "NULL", "subject_id": "subject_id + 1", "patient_id": "7",
}  # fmt: skip


def test_another_value_in_any_column_of_an_entry_is_found(database: Database, administrator: UserId) -> None:
    _three_entries(database, administrator)
    later = "strftime('%Y-%m-%dT%H:%M:%f000+00:00', at, '+1 second')"
    other = {**ELSEWISE, "at": later if database.place.is_sqlite else "at + interval '1 microsecond'"}
    assert other.keys() == set(_ENTRY.columns.keys())
    for column, value in other.items():
        changed = f"UPDATE audit_entry SET {column} = {value} WHERE number = 3"
        assert _first_broken_after(database, changed) == 3, column
    assert _first_broken_after(database) is None


@pytest.mark.parametrize(
    ("tampering", "first_broken"),
    [
        ("UPDATE audit_head SET number = number + 1", 5),
        ("UPDATE audit_head SET number = number - 1", 5),
        ("UPDATE audit_head SET secret = '00' || secret", 1),
        ("UPDATE audit_head SET secret = 'no secret'", 1),
        ("DELETE FROM audit_head", 1),
    ],
)
def test_another_head_is_found(database: Database, administrator: UserId, tampering: str, first_broken: int) -> None:
    _three_entries(database, administrator)
    assert _first_broken_after(database, tampering) == first_broken


def _first_broken_after(database: Database, *tampering: str) -> int | None:
    """What is found when somebody changed the rows behind the program's back; they are as before afterwards."""
    with meddling(database.place) as connection:
        meddled = connection.begin_nested()
        for statement in tampering:
            assert connection.execute(text(statement)).rowcount == 1
        found = first_broken_entry(cast(Any, connection))
        meddled.rollback()
    return found


def _tamper(database: Database, statement: str) -> None:
    with meddling(database.place) as connection:
        connection.execute(text(statement))


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


@pytest.mark.parametrize("microsecond", [0, 5, 120000])
def test_strange_characters_and_whole_seconds_are_sealed_as_they_are_proven(
    database: Database, administrator: UserId, monkeypatch: pytest.MonkeyPatch, microsecond: int
) -> None:
    strange = 'O\u2019Neil "quoted" \\ back\n\t\x01 \u2028 \U0001f642 <b>&amp;'
    at = datetime(2026, 11, 26, 1, 2, 3, microsecond, tzinfo=UTC)
    monkeypatch.setattr(audit, "now_utc", lambda: at)
    with database.transaction() as session:
        record(session, administrator, strange, strange, None, after={"name": strange}, reason=strange)
        record(session, None, "x", "y", 4, patient_id=7)
    with database.reading() as session:
        assert first_broken_entry(session) is None


TRIES = times(3, 100)
ENTRIES = 12
_ENTRY, _HEAD = cast(Table, AuditEntry.__table__), cast(Table, AuditHead.__table__)


def _entry(connection: Connection, number: int) -> dict[str, Any]:
    return dict(connection.execute(select(_ENTRY).where(_ENTRY.c.number == number)).mappings().one())


def _edit(connection: Connection, number: int, _last: int) -> int:
    connection.execute(update(_ENTRY).where(_ENTRY.c.number == number).values(after='{"number":77}'))
    return number


def _other_user(connection: Connection, number: int, _last: int) -> int:
    connection.execute(update(_ENTRY).where(_ENTRY.c.number == number).values(staff_id=1))
    return number


def _remove(connection: Connection, number: int, _last: int) -> int:
    connection.execute(delete(_ENTRY).where(_ENTRY.c.number == number))
    return number


def _remove_and_close_up(connection: Connection, number: int, last: int) -> int:
    connection.execute(delete(_ENTRY).where(_ENTRY.c.number == number))
    for each in range(number + 1, last + 1):
        connection.execute(update(_ENTRY).where(_ENTRY.c.number == each).values(number=each - 1))
    return number


def _put_in(connection: Connection, _number: int, last: int) -> int:
    forged = {**_entry(connection, last), "number": last + 1}
    connection.execute(insert(_ENTRY), [forged])
    return last + 1


def _swap(connection: Connection, number: int, _last: int) -> int:
    for old, new in ((number, 999), (number - 1, number), (999, number - 1)):
        connection.execute(update(_ENTRY).where(_ENTRY.c.number == old).values(number=new))
    return number - 1


def _cut_tail(connection: Connection, number: int, _last: int) -> int:
    connection.execute(delete(_ENTRY).where(_ENTRY.c.number >= number))
    return number


def _sealed_with_a_guess(connection: Connection, number: int, last: int) -> int:
    """Everything from the edited entry on sealed again, the head too, but without the secret."""
    _edit(connection, number, last)
    seal = connection.execute(select(_ENTRY.c.seal).where(_ENTRY.c.number == number - 1)).scalar_one()
    for each in range(number, last + 1):
        seal = seal_of("00" * 32, seal, _entry(connection, each))
        connection.execute(update(_ENTRY).where(_ENTRY.c.number == each).values(seal=seal))
    connection.execute(update(_HEAD).values(seal=seal))
    return number


def _sealed_again_in_part(connection: Connection, number: int, last: int) -> int:
    """Somebody who can read the secret seals the edited entry itself again; the next one tells."""
    _edit(connection, number, last)
    seal = connection.execute(select(_ENTRY.c.seal).where(_ENTRY.c.number == number - 1)).scalar_one()
    secret = connection.execute(select(_HEAD.c.secret)).scalar_one()
    seal = seal_of(secret, seal, _entry(connection, number))
    connection.execute(update(_ENTRY).where(_ENTRY.c.number == number).values(seal=seal))
    return number + 1


@pytest.mark.parametrize(
    "kind",
    [
        _edit, _other_user, _remove, _remove_and_close_up, _put_in, _swap, _cut_tail, _sealed_with_a_guess,
        _sealed_again_in_part,
    ],
)  # fmt: skip
def test_nine_kinds_of_tampering_are_found_and_the_first_bad_entry_named(
    one_database: Database, kind: Callable[[Connection, int, int], int]
) -> None:
    """A full run makes the 900 of RELIABILITY C7."""
    database, pick = one_database, random.Random(7)
    add_first_administrator(database, "admin", "Ada Min", "correct horse battery")
    for number in range(ENTRIES):
        with database.transaction() as session:
            record(session, None, "look around", "shelf", number, after={"number": number})
    with meddling(database.place) as connection:
        last = connection.execute(select(_HEAD.c.number)).scalar_one()
        for _ in range(TRIES):
            meddled = connection.begin_nested()
            expected = kind(connection, pick.randrange(3, last - 1), last)
            assert first_broken_entry(cast(Any, connection)) == expected
            meddled.rollback()
        assert first_broken_entry(cast(Any, connection)) is None


LONG_TRAIL = times(8_000, 1_000_000)
CHECKED_S, ASKED_S = 30, 2


def test_a_long_trail_is_checked_and_asked_who_saw_a_patient(database: Database, administrator: UserId) -> None:
    """A full run makes the million of RELIABILITY C6 and C7, and looks at the clock."""
    few = add_person(database, "few", "Fay Few", PASSWORD, frozenset({Role.TECHNICIAN}), administrator)
    sign_in(database, "few", PASSWORD)  # The only entry of hers, before all the others.
    fill(database, LONG_TRAIL)
    with Clock() as checked, database.reading() as session:
        assert first_broken_entry(session) is None
    with Clock() as asked, database.reading() as session:
        rows = audit_rows(session, patient_id=7)
    with Clock() as searched, database.reading() as session:
        hers = audit_rows(session, by=few)
    print(f"{LONG_TRAIL:,} entries checked in {checked}, {len(rows)} of a patient found in {asked}")  # noqa: T201
    print(f"the oldest entry of a person found in {searched}")  # noqa: T201
    assert [row.action for row in hers] == ["sign in"]
    assert searched.passed <= ASKED_S or not is_full()
    assert len(rows) == LONG_TRAIL // PATIENTS
    assert (checked.worked <= CHECKED_S and asked.passed <= ASKED_S) or not is_full()
