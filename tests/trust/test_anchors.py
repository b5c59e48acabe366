"""Who seals a changed trail anew is found by what was noted outside the database, with its day (RELIABILITY C7)."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import Connection, Table, select, update

from infusion_desktop.access.anchors import anchor_file, note_head, note_head_if_due, read_anchors
from infusion_desktop.access.audit import first_broken_entry, record, seal_of
from infusion_desktop.access.people import UserId, add_first_administrator
from infusion_desktop.access.tables import AuditEntry, AuditHead
from infusion_desktop.database.backup import back_up
from infusion_desktop.database.engine import Database
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.recovering import go_back, staged_copy
from infusion_desktop.verifying import verify_books
from tests.meddling import meddling
from tests.promises import times

TRIES = times(3, 100)
FIRST = datetime(2026, 11, 2, 18, tzinfo=UTC)
DAYS, A_DAY = 6, 4
_ENTRY, _HEAD = cast(Table, AuditEntry.__table__), cast(Table, AuditHead.__table__)


def days_of_work(database: Database, folder: Path) -> list[int]:
    """Some days with some entries each, the seal noted in the evening; the last entry of each day."""
    ends = []
    for day in range(DAYS):
        for number in range(A_DAY):
            with database.transaction() as session:
                record(session, None, "look around", "shelf", number, after={"day": day})
        noted = note_head(database, folder, at=FIRST + timedelta(days=day))
        assert noted is not None
        ends.append(noted.number)
    return ends


def seal_anew(connection: Connection, number: int) -> None:
    """As somebody does who reads the secret: one entry tells another story, and everything after it is sealed again."""
    secret, last = connection.execute(select(_HEAD.c.secret, _HEAD.c.number)).one()
    connection.execute(update(_ENTRY).where(_ENTRY.c.number == number).values(after='{"day":77}'))
    before = connection.execute(select(_ENTRY.c.seal).where(_ENTRY.c.number == number - 1)).scalar_one()
    for each in range(number, last + 1):
        row = dict(connection.execute(select(_ENTRY).where(_ENTRY.c.number == each)).mappings().one())
        before = seal_of(secret, before, row)
        connection.execute(update(_ENTRY).where(_ENTRY.c.number == each).values(seal=before))
    connection.execute(update(_HEAD).values(seal=before))


def forge(database: Database, number: int) -> None:
    with meddling(database.place) as connection:
        seal_anew(connection, number)


def test_a_trail_sealed_anew_is_whole_in_itself_and_the_first_day_that_differs_is_named(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """100 in a full run."""
    database, folder, pick = sqlite_database, tmp_path / "copies", random.Random(7)
    add_first_administrator(database, "admin", "Ada Min", "correct horse battery")
    ends = days_of_work(database, folder)
    assert verify_books(database, folder) == ()
    good = database.place.file
    database.close()
    kept = good.read_bytes()
    for _ in range(TRIES):
        number = pick.randint(2, ends[-1])
        forge(database, number)
        first = next(day for day, end in enumerate(ends) if end >= number)
        forged = Database(database.place)
        with forged.reading() as session:
            assert first_broken_entry(session) is None, "nothing inside tells"
        (problem,) = verify_books(forged, folder)
        forged.close()
        assert f"Nov {2 + first}, 2026" in problem
        good.write_bytes(kept)


def test_a_servers_trail_is_noted_too(postgresql_database: Database, tmp_path: Path) -> None:
    add_first_administrator(postgresql_database, "admin", "Ada Min", "correct horse battery")
    ends = days_of_work(postgresql_database, tmp_path)
    assert verify_books(postgresql_database, tmp_path) == ()
    forge(postgresql_database, ends[2])
    (problem,) = verify_books(postgresql_database, tmp_path)
    assert "Nov 4, 2026" in problem


def test_once_a_day_and_only_when_something_was_done(database: Database, administrator: UserId, tmp_path: Path) -> None:
    assert note_head_if_due(database, tmp_path, at=FIRST) is not None
    assert note_head_if_due(database, tmp_path, at=FIRST + timedelta(hours=3)) is None
    assert note_head_if_due(database, tmp_path, at=FIRST + timedelta(hours=21)) is not None
    with anchor_file(database.place, tmp_path).open("a") as out:
        out.write("somebody wrote a shopping list here\n")
    assert [each.at for each in read_anchors(database.place, tmp_path)] == [FIRST, FIRST + timedelta(hours=21)]
    assert verify_books(database, tmp_path) == ()


def test_what_was_noted_beyond_a_copy_counts_no_longer_after_going_back_to_it(
    sqlite_database: Database, tmp_path: Path
) -> None:
    database, folder = sqlite_database, tmp_path / "copies"
    boss = add_first_administrator(database, "admin", "Ada Min", "correct horse battery")
    days_of_work(database, folder)
    copy = back_up(database.place, folder / "copy.db")
    days_of_work(database, folder)
    database.close()
    staged, _reach = staged_copy(database.place, copy)
    go_back(database.place, staged, "the wrong shelf was counted", boss, folder)
    again = open_pharmacy(database.place)
    assert verify_books(again, folder) == ()
    note_head(again, folder)
    assert verify_books(again, folder) == ()
    again.close()
    anchor_file(database.place, folder).write_text(
        "".join(
            line
            for line in anchor_file(database.place, folder).read_text().splitlines(keepends=True)
            if "restored" not in line
        )
    )
    assert verify_books(again, folder), "without the note the lost days are missed"


@pytest.mark.parametrize("number", [5, 9])
def test_a_note_alone_does_not_end_what_was_noted_before(one_database: Database, tmp_path: Path, number: int) -> None:
    """Who forges the trail and writes that a copy was restored lacks the trail's own entry of it."""
    from infusion_desktop.access.anchors import note_restored

    add_first_administrator(one_database, "admin", "Ada Min", "correct horse battery")
    days_of_work(one_database, tmp_path)
    forge(one_database, number)
    note_restored(one_database.place, tmp_path, number - 1)
    assert verify_books(one_database, tmp_path)
