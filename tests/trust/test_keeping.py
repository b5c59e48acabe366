"""Nothing goes before its time; what goes after it is named, sealed and audited (RELIABILITY F9)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.exc import DBAPIError

from infusion_desktop import keeping
from infusion_desktop.access import audit
from infusion_desktop.access.audit import first_broken_entry, record
from infusion_desktop.access.people import UserId
from infusion_desktop.access.roles import Kept, Role
from infusion_desktop.access.tables import AuditEntry, Purge
from infusion_desktop.billing.money.money_tables import AnswerFile
from infusion_desktop.billing.tables import ClaimBatch
from infusion_desktop.database.append_only import letting_go
from infusion_desktop.database.engine import Database
from infusion_desktop.errors import NotAllowed, Refused, Stale
from infusion_desktop.keeping import LAW, let_go, set_keeping, standings, years_before
from infusion_desktop.verifying import verify_books
from tests.meddling import meddling

NOW = datetime.now(UTC)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """The program's clock stands at a moment; the database's own clock goes on."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (audit, keeping):
            patch.setattr(module, "now_utc", lambda: moment)
        yield


def years_ago(years: int, days: int = 0) -> datetime:
    return years_before(NOW, years) - timedelta(days=days)


@pytest.fixture
def old(database: Database, administrator: UserId) -> Database:
    """A pharmacy whose trail begins fifteen years ago: three entries each year, and files of the same days."""
    with meddling(database.place) as connection:
        connection.execute(text("DELETE FROM audit_entry"))
        connection.execute(text("UPDATE audit_head SET number = 0, seal = ''"))
    for year in range(15, 0, -1):
        with at(years_ago(year, 1)), database.transaction() as session:
            for number in range(3):
                record(session, administrator, "note", "shelf", number)
            made = {"staff_id": administrator, "read_at": years_ago(year, 1)}
            session.execute(insert(AnswerFile).values(kind="999", sha256=str(year), content="x", told="[]", **made))
            session.execute(
                insert(ClaimBatch).values(
                    interchange_control=year, group_control=year, content="ISA", file_sha256="", acknowledged="",
                    made_at=years_ago(year, 1), staff_id=administrator,
                )
            )  # fmt: skip
    return database


def count(database: Database, table: type, *which: object) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table).where(*which)) or 0


def test_what_is_past_its_time_goes_and_the_chain_is_whole(old: Database, administrator: UserId) -> None:
    with old.reading() as session:
        stands = {each.kept: each for each in standings(session)}
    trail, files = stands[Kept.AUDIT_TRAIL], stands[Kept.CLAIM_FILES]
    assert (trail.years, trail.past, trail.oldest) == (10, 18, years_ago(15, 1))
    assert (files.years, files.past, files.total) == (7, 18, 30)
    assert let_go(old, Kept.AUDIT_TRAIL, trail.before, trail.past, "yearly", administrator) == 18
    assert let_go(old, Kept.CLAIM_FILES, files.before, files.past, "yearly", administrator) == 18
    assert count(old, AuditEntry, AuditEntry.number <= 18) == 0
    assert count(old, AuditEntry) == 45 - 18 + 2
    assert count(old, AnswerFile) == 6
    assert count(old, ClaimBatch, ClaimBatch.content == "ISA") == 6
    assert verify_books(old) == ()
    with old.reading() as session:
        said = session.scalars(select(AuditEntry).where(AuditEntry.action == "let go")).all()
        again = {each.kept: each for each in standings(session)}
    assert [each.reason for each in said] == ["yearly", "yearly"]
    assert '"removed":18' in said[0].after and '"through":18' in said[0].after
    assert again[Kept.AUDIT_TRAIL].past == 0
    with pytest.raises(Refused, match="past its time"):
        let_go(old, Kept.AUDIT_TRAIL, again[Kept.AUDIT_TRAIL].before, 0, "again", administrator)


def test_nothing_goes_a_day_before_its_time_however_it_is_asked(old: Database, administrator: UserId) -> None:
    for kept, law in LAW.items():
        for early in (years_ago(law.years, -1), NOW, years_ago(1)):
            with pytest.raises(Refused, match="must still be kept"):
                let_go(old, kept, early, 3, "early", administrator)
    with at(NOW + timedelta(days=365 * 20)), pytest.raises(DBAPIError):  # The program's clock is wrong by 20 years.
        let_go(old, Kept.AUDIT_TRAIL, NOW, 45, "clock", administrator)
    with at(NOW + timedelta(days=365 * 20)), pytest.raises(DBAPIError):
        let_go(old, Kept.CLAIM_FILES, NOW, 30, "clock", administrator)
    for table in (AuditEntry, AnswerFile):
        with pytest.raises(DBAPIError), old.transaction() as session, letting_go(session, table.__tablename__):
            session.execute(delete(table))  # Old enough, but no row of "purge" names it.
    assert (count(old, AuditEntry), count(old, AnswerFile), count(old, Purge)) == (45, 15, 0)
    assert verify_books(old) == ()


def test_a_states_longer_time_holds_and_a_shorter_one_is_refused(old: Database, administrator: UserId) -> None:
    with pytest.raises(Refused, match="at least 10"):
        set_keeping(old, Kept.AUDIT_TRAIL, 9, "shorter", administrator)
    set_keeping(old, Kept.AUDIT_TRAIL, 13, "Board of pharmacy", administrator)
    with old.reading() as session:
        trail = standings(session)[0]
    assert (trail.years, trail.why, trail.past) == (13, "Board of pharmacy", 9)
    with pytest.raises(Refused, match="must still be kept"):
        let_go(old, Kept.AUDIT_TRAIL, years_ago(10), 18, "early", administrator)
    with pytest.raises(Stale):
        let_go(old, Kept.AUDIT_TRAIL, trail.before, 8, "counted wrong", administrator)


def test_only_who_may_lets_go(database: Database, staff: dict[Role, UserId]) -> None:
    for role, person in staff.items():
        if role is not Role.ADMINISTRATOR:
            with pytest.raises(NotAllowed):
                let_go(database, Kept.AUDIT_TRAIL, years_ago(20), 1, "x", person)


TAMPERED = {
    "the marker's reach": "UPDATE purge SET through = through + 1",
    "the marker's seal": "UPDATE purge SET seal = 'ab'",
    "the marker's reason": "UPDATE purge SET why = 'no reason'",
    "the marker is gone": "DELETE FROM purge",
    "another entry is gone": "DELETE FROM audit_entry WHERE number = 19",
    "one more marker": "INSERT INTO purge (kept, before, removed, through, seal, mark, why, at, staff_id) "
    "SELECT kept, before, removed + 3, through + 3, (SELECT seal FROM audit_entry WHERE number = 21), mark, why, at, "
    "staff_id FROM purge",
}


@pytest.mark.parametrize("what", TAMPERED)
@pytest.mark.parametrize("database", ["one"], indirect=True)
def test_a_marker_that_was_tampered_with_is_noticed(old: Database, administrator: UserId, what: str) -> None:
    with old.reading() as session:
        trail = standings(session)[0]
    let_go(old, Kept.AUDIT_TRAIL, trail.before, trail.past, "yearly", administrator)
    with meddling(old.place) as connection:
        connection.execute(text(TAMPERED[what]))
    with old.reading() as session:
        assert first_broken_entry(session) is not None


def test_leap_days() -> None:
    assert years_before(datetime(2036, 2, 29, 12, tzinfo=UTC), 10) == datetime(2026, 2, 28, 12, tzinfo=UTC)
