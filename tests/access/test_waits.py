"""Waits after wrong tries: a person's everywhere, a workstation's whoever is tried there, both engines (C1)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import bindparam, text

from infusion_desktop.access import audit, people, waits
from infusion_desktop.access.audit import first_broken_entry
from infusion_desktop.access.people import change_password, sign_in, switch_by_badge
from infusion_desktop.access.queries import audit_rows
from infusion_desktop.access.roles import Role, UserId
from infusion_desktop.access.wait_rules import Tried, Try, own_wait, station_wait
from infusion_desktop.access.waits import MustWait, lift_station_wait, lift_wait, note_wrong_try, waiting
from infusion_desktop.database.engine import Database
from infusion_desktop.database.types import Instant
from infusion_desktop.dates import now_utc
from infusion_desktop.errors import NotAllowed, Refused
from tests.conftest import PASSWORD

People = dict[Role, UserId]
EIGHT = datetime(2026, 3, 3, 8, tzinfo=UTC)
NOBODY, ANN, BEN, CID = None, 1, 2, 3
OTHERS = ("technician", "pharmacist", "coordinator", "biller", "manager")


def tries(*told: tuple[float, int | None, str]) -> list[Try]:
    """Minutes after eight, whom, and what came of it."""
    return [Try(EIGHT + timedelta(minutes=minute), person, Tried(came_to)) for minute, person, came_to in told]


def minutes(told: list[Try]) -> float | None:
    """Until how many minutes after eight the workstation waits."""
    until = station_wait(told)[1]
    return None if until is None else (until - EIGHT) / timedelta(minutes=1)


def test_guesses_at_many_make_a_workstation_wait_and_one_forgotten_password_does_not() -> None:
    sprayed = [(each, each + 10, "wrong") for each in range(5)]
    assert minutes(tries(*sprayed[:4])) is None
    assert minutes(tries(*sprayed)) == 4 + 5
    assert minutes(tries(*((each, NOBODY, "wrong") for each in range(5)))) == 4 + 5
    forgotten = [(each / 2, ANN, "wrong") for each in range(12)]
    assert minutes(tries(*forgotten)) is None
    assert minutes(tries(*forgotten, (7, BEN, "wrong"))) is None
    assert minutes(tries(*forgotten, (7, BEN, "wrong"), (8, BEN, "wrong"))) == 8 + 5


def test_getting_it_right_takes_back_ones_own_slip_and_nobody_elses() -> None:
    slips = [(each * 3 + part, each, came_to) for each in range(12) for part, came_to in ((0, "wrong"), (1, "right"))]
    assert minutes(tries(*slips)) is None
    sprayed = [
        (each * 2 + part, *what) for each in range(5) for part, what in ((0, (each, "wrong")), (1, (99, "right")))
    ]
    assert minutes(tries(*sprayed)) == 8 + 5
    later = [(0, ANN, "wrong"), (6, ANN, "right"), *((6, each + 10, "wrong") for each in range(4))]
    assert minutes(tries(*later)) == 6 + 5, "an hour's guess is not forgiven by whoever comes to work later"


def test_slips_of_a_whole_day_are_no_guessing_and_each_wait_is_longer_than_the_last() -> None:
    assert minutes(tries(*((each * 20, NOBODY, "wrong") for each in range(30)))) is None
    at, lengths, tried = 0.0, [], []
    for _ in range(14):  # Whoever tries five times whenever the wait is over.
        tried += [(at, NOBODY, "wrong")] * 5
        end = minutes(tries(*tried)) or 0
        lengths.append(end - at)
        at = end
    assert lengths == [5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 60, 60]
    lifted = [*((0, NOBODY, "wrong") for _ in range(5)), (1, NOBODY, "lifted")]
    assert minutes(tries(*lifted)) is None
    assert minutes(tries(*lifted, *((2, NOBODY, "wrong") for _ in range(5)))) == 2 + 5


def test_a_person_waits_after_each_fifth_try() -> None:
    assert [own_wait(each) / timedelta(minutes=1) for each in (4, 5, 6, 10, 15)] == [0, 5, 0, 10, 15]


def test_a_workstation_from_which_many_are_guessed_waits_and_others_do_not(database: Database, staff: People) -> None:
    for name in OTHERS[:4]:
        with pytest.raises(Refused, match="do not belong together"):
            sign_in(database, name, "guessed")
    with pytest.raises(Refused, match="do not belong together"):
        sign_in(database, "nobody of this name", "guessed")
    for attempt in (
        lambda: sign_in(database, "manager", PASSWORD),
        lambda: switch_by_badge(database, "B-1", "2580"),
        lambda: change_password(database, staff[Role.MANAGER], PASSWORD, "known to me alone"),
    ):
        with pytest.raises(MustWait, match=r"at this workstation. Wait until .* \d\d:\d\d, or sign in at another one"):
            attempt()
    with database.reading() as session:
        newest = audit_rows(session, limit=1)[0]
        (row,) = waiting(session)
        assert first_broken_entry(session) is None
    assert newest.after == '{"name":"not known","workstation_wait_minutes":5}'
    assert (row.person, row.name) == (None, database.workstation)
    database.workstation = "BENCH-2"
    assert sign_in(database, "technician", PASSWORD).id == staff[Role.TECHNICIAN]


def test_an_administrator_sees_and_lifts_both_kinds_of_wait(database: Database, staff: People) -> None:
    boss, biller = staff[Role.ADMINISTRATOR], staff[Role.BILLER]
    for _ in range(5):
        note_wrong_try(database, biller)
        note_wrong_try(database, None)
    with database.reading() as session:
        assert [row.name for row in waiting(session)] == ["Some Biller", database.workstation]
    for lift in (partial(lift_wait, database, biller), partial(lift_station_wait, database, database.workstation)):
        with pytest.raises(NotAllowed):
            lift(staff[Role.MANAGER])
        lift(boss)
        with pytest.raises(Refused, match="does not wait any more"):
            lift(boss)
    assert sign_in(database, "biller", PASSWORD).id == biller
    with database.reading() as session:
        assert waiting(session) == ()
        lifted = [row for row in audit_rows(session) if row.action == "lift wait"]
    assert [(row.subject, row.by) for row in lifted] == [("workstation", "Ada Min"), (f"staff {biller}", "Ada Min")]


def test_a_clock_set_back_makes_nobody_wait_for_hours(
    database: Database, staff: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (audit, waits):
        monkeypatch.setattr(module, "now_utc", lambda: now_utc() + timedelta(hours=3))
    for _ in range(5):
        note_wrong_try(database, staff[Role.BILLER])
        note_wrong_try(database, None)
    with database.reading() as session:
        assert len(waiting(session)) == 2
    with pytest.raises(MustWait):
        sign_in(database, "biller", PASSWORD)
    monkeypatch.undo()  # The clock is set right.
    assert sign_in(database, "biller", PASSWORD).id == staff[Role.BILLER]
    with database.reading() as session:
        assert waiting(session) == ()


def test_tries_at_once_are_all_counted_and_the_right_one_after_them_is_refused(
    database: Database, staff: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = people.is_password

    def meanwhile(kept_hash: str, password: str) -> bool:
        monkeypatch.undo()
        with ThreadPoolExecutor(4) as pool:
            tried = [pool.submit(sign_in, database, name, "guessed") for name in (*OTHERS[:4], "nobody")]
        assert [type(each.exception()) for each in tried] == [Refused] * 5
        return look(kept_hash, password)

    monkeypatch.setattr(people, "is_password", meanwhile)
    with pytest.raises(Refused, match="do not belong together"):
        sign_in(database, "manager", PASSWORD)
    with database.reading() as session:
        assert [row.name for row in waiting(session)] == [database.workstation]


def test_what_was_tried_is_found_by_its_own_index(database: Database, staff: People) -> None:
    asked = waits.tried_by(now_utc()).compile()
    moments = [bindparam(name, moment, Instant()) for name, moment in asked.params.items()]
    with database.engine.connect() as connection:
        if not database.place.is_sqlite:
            connection.execute(text("SET LOCAL enable_seqscan = off"))  # It would read a few rows without any index.
        explain = "EXPLAIN QUERY PLAN" if database.place.is_sqlite else "EXPLAIN"
        plan = connection.execute(text(f"{explain} {asked}").bindparams(*moments)).all()
    assert "ix_audit_entry_signing_in" in str(plan)
