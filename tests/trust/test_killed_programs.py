"""A program killed at any moment loses nothing it said was saved and leaves nothing half done (RELIABILITY A1, A6)."""

import os
import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import func, select

from infusion_desktop.access.people import UserId
from infusion_desktop.access.tables import AuditEntry
from infusion_desktop.database.engine import Database, Place
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.stock.tables import Move
from infusion_desktop.verifying import verify_books
from tests.promises import TESTS, times
from tests.stories.test_random_weeks import Walk
from tests.trust.programs import content_of

KILLS = {
    ("sqlite", 1): times(12, 300), ("sqlite", 2): times(8, 200),
    ("postgresql", 1): times(4, 300), ("postgresql", 2): times(3, 200),
}  # fmt: skip


def killed_after(commands: list[list[str]], seconds: float, *, once_saved: bool = False) -> list[int]:
    """Start the programs together, kill each without warning, and return the documents they said were saved.

    The seconds begin when all are ready, or ``once_saved`` when the first has saved something.
    """
    said: list[int] = []
    with ExitStack() as stack:
        running = [stack.enter_context(subprocess.Popen(each, stdout=subprocess.PIPE, text=True)) for each in commands]
        for each in running:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        first = running[0].stdout
        if once_saved and first is not None:
            said.append(int(first.readline()))
        time.sleep(seconds)
        for each in running:
            each.kill()
        for each in running:
            assert each.stdout is not None
            said += [int(line) for line in each.stdout.read().split()]
    return said


@pytest.mark.parametrize("writers", [1, 2])
def test_nothing_that_was_saved_is_lost_and_nothing_is_half_done(
    database: Database,
    administrator: UserId,
    make_shelf: Callable[..., Any],
    program: Callable[..., list[str]],
    pick: random.Random,
    writers: int,
) -> None:
    shelf = make_shelf(database, administrator, 2, 1_000_000)
    address = database.place.url.render_as_string(hide_password=False)
    expected: set[int] = set()
    for turn in range(KILLS[database.place.url.get_backend_name(), writers]):
        commands = [
            program("post", address, administrator, turn * 10 + worker, *shelf.lots) for worker in range(1, writers + 1)
        ]
        expected.update(killed_after(commands, pick.uniform(0.01, 0.4), once_saved=turn == 0))
    with database.reading() as session:
        moves = session.execute(
            select(Move.document_id, func.count()).where(Move.document == "transfer").group_by(Move.document_id)
        )
        found = dict(moves.all())
        told = Counter(session.scalars(select(AuditEntry.subject_id).where(AuditEntry.action == "send")))
    assert expected <= set(found), f"lost: {sorted(expected - set(found))[:5]}"
    assert set(found.values()) == {2}, "a kit with one of its two moves is half a kit"
    assert told == dict.fromkeys(found, 1), "the trail names each kit once"
    assert verify_books(database) == ()


def test_a_file_is_opened_so_that_no_kill_and_no_power_cut_can_spoil_it(sqlite_database: Database) -> None:
    """A journal in memory would be gone with the program: few kills fall into the moment that shows it."""
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1, "trusted_schema": 0}
    for session_of in (sqlite_database.transaction, sqlite_database.reading):
        with session_of() as session:
            asked = session.connection().exec_driver_sql
            assert {name: asked(f"PRAGMA {name}").scalar_one() for name in wanted} == wanted


DEEDS = sorted(name.removeprefix("do_") for name in vars(Walk) if name.startswith("do_"))
"""Every kind of deed of a day, in all rooms."""
KILLED = times(2, 5 * len(DEEDS))


@pytest.mark.parametrize("where", ["sqlite", "postgresql"])
def test_killed_within_any_deed_of_any_room_nothing_of_it_is_half_done(
    request: pytest.FixtureRequest, program: Callable[..., list[str]], pick: random.Random, where: str
) -> None:
    """Each goes on in what the one before left: killed by itself at a write of its deed, before that is committed."""
    place: Place = request.getfixturevalue(f"{where}_demonstration")
    address = place.url.set(drivername=place.engine).render_as_string(hide_password=False)
    ended, before = Counter[int](), entries(place)
    for deed in pick.sample(DEEDS, len(DEEDS)) * times(1, 5):
        if ended[-9] == KILLED:
            break
        command = program("die_within", address, deed, pick.randrange(10**6), times(25, 200))
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=600, env={**os.environ, "PYTHONPATH": str(TESTS.parent)}
        )
        ended[done.returncode] += 1
        assert done.returncode in (0, -9), done.stderr
        *_, said, content = map(int, done.stdout.split())
        assert content_of(place) == content, f"{deed}: something of it is there, though it was not committed"
        before, least = entries(place), before + said
        assert before >= least, f"{deed}: told as done, and not in the trail"
        database = open_pharmacy(place)
        walk = Walk(database, 1)
        try:
            walk.hold_true()
            walk.margins_agree()
        finally:
            database.close()
    assert ended[-9] >= min(KILLED, 150), f"too few came about to be killed: {ended}"


def entries(place: Place) -> int:
    """How many entries the trail of a pharmacy has."""
    database = open_pharmacy(place)
    try:
        with database.reading() as session:
            return session.scalar(select(func.count()).select_from(AuditEntry)) or 0
    finally:
        database.close()
