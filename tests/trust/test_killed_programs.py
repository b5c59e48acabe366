"""A program killed at any moment loses nothing it said was saved and leaves nothing half done (RELIABILITY A1, A6)."""

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
from infusion_desktop.database.engine import Database
from infusion_desktop.stock.tables import Balance, Move, Reservation
from infusion_desktop.verifying import verify_books
from tests.promises import times

KILLS = {
    ("sqlite", 1): times(20, 300), ("sqlite", 2): times(10, 200),
    ("postgresql", 1): times(5, 300), ("postgresql", 2): times(3, 200),
}  # fmt: skip


def killed_after(commands: list[list[str]], seconds: float) -> list[int]:
    """Start the programs together, kill each without warning, and return the documents they said were saved."""
    said: list[int] = []
    with ExitStack() as stack:
        running = [stack.enter_context(subprocess.Popen(each, stdout=subprocess.PIPE, text=True)) for each in commands]
        for each in running:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
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
        expected.update(killed_after(commands, pick.uniform(0.01, 0.4)))
    assert expected, "the programs worked at all"
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


def test_the_last_units_go_once_each_in_order_of_expiry_to_separate_programs(
    database: Database,
    administrator: UserId,
    make_shelf: Callable[..., Any],
    program: Callable[..., list[str]],
) -> None:
    shelf = make_shelf(database, administrator, 4, 10)
    address = database.place.url.render_as_string(hide_password=False)
    commands = [program("race", address, administrator, worker, shelf.item, 15) for worker in range(1, 5)]
    with ExitStack() as stack:
        running = [
            stack.enter_context(subprocess.Popen(each, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            for each in commands
        ]
        for each in running:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        got = [
            [int(line) for line in out.split()]
            for out in [each.communicate("go\n", timeout=120)[0] for each in _all_told(running)]
        ]
    taken = Counter(lot for each in got for lot in each if lot)
    assert sum(len(each) for each in got) == 60
    assert taken == dict.fromkeys(shelf.lots, 10), "40 were there, 60 were wanted: each given once, none kept back"
    for each in got:
        lots = [lot for lot in each if lot]
        assert lots == sorted(lots), "an earlier expiry goes first"
    with database.reading() as session:
        assert session.scalar(select(func.sum(Balance.reserved))) == 40
        assert session.scalar(select(func.sum(Reservation.quantity))) == 40
    assert verify_books(database) == ()


def _all_told(running: list[Any]) -> list[Any]:
    """Give all of them the word before any is waited for."""
    for each in running:
        each.stdin.write("go\n")
        each.stdin.flush()
    return running
