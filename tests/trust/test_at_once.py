"""Four programs at once want the same: the last units, kits in any order, the next link of the trail (B1, B2, B4, C8).

A full run makes 200 races of each kind, 1,200 units at full speed, 600 kits and 1,000 entries, and looks at the clock.
"""

import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from statistics import quantiles
from typing import Any

import pytest
from sqlalchemy import func, select

from infusion_desktop.access.audit import first_broken_entry
from infusion_desktop.access.people import UserId
from infusion_desktop.access.tables import AuditEntry
from infusion_desktop.database.engine import Database
from infusion_desktop.stock.tables import Balance, Reservation
from infusion_desktop.stock.words import ItemId
from infusion_desktop.verifying import verify_books
from tests.promises import is_full, times

WORKERS = 4
RACES = times(10, 200)
UNITS = times(40, 1_200)
KITS = times(5, 150)
"""Of each of the four."""
ENTRIES = times(15, 250)
P95_MS, A_SECOND = 100, 100

Ordered = Callable[..., list[list[int]]]


@pytest.fixture
def ordered(database: Database, administrator: UserId, program: Callable[..., list[str]]) -> Iterator[Ordered]:
    """Four programs that do what they are told at the same moment; what each of them answers."""
    address = database.place.url.render_as_string(hide_password=False)
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                subprocess.Popen(
                    program("obey", address, administrator, worker),
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                )
            )
            for worker in range(1, WORKERS + 1)
        ]  # fmt: skip
        for each in running:
            assert each.stdout is not None and each.stdout.readline() == "ready\n"

        def tell(*words: object) -> list[list[int]]:
            for each in running:
                assert each.stdin is not None
                each.stdin.write(" ".join(map(str, words)) + "\n")
                each.stdin.flush()
            return [[int(word) for word in each.stdout.readline().split()] for each in running if each.stdout]

        yield tell
        for each in running:
            each.communicate("", timeout=300)
            assert each.returncode == 0, "something reached a person"


def test_four_programs_at_once_take_what_is_there_and_wait_for_nobody_for_ever(
    database: Database, administrator: UserId, make_shelf: Callable[..., Any], ordered: Ordered
) -> None:
    """One after the other with the same four programs, as starting them takes longest."""

    def shelf(number: str, lots: int, units: int) -> Any:
        return make_shelf(database, administrator, lots, units, number)

    sold = last_units_at_full_speed(shelf("I1", 4, UNITS // 4), ordered)
    sold += races_for_the_last(shelf, ordered)
    sold += kits_in_any_order([shelf(f"KIT-{n}", 3, 4 * KITS).item for n in range(8)], ordered)
    with database.reading() as session:
        assert session.scalar(select(func.sum(Balance.reserved))) == sold
        assert session.scalar(select(func.sum(Reservation.quantity))) == sold
        assert session.scalar(select(func.count()).where(Balance.reserved > Balance.on_hand)) == 0
    entries_one_after_the_other(database, ordered)
    assert verify_books(database) == ()


def last_units_at_full_speed(shelf: Any, ordered: Ordered) -> int:
    """Half as many units again are wanted as there are."""
    got = ordered("take", UNITS * 3 // 8, shelf.item)
    assert [len(each) for each in got] == [UNITS * 3 // 8] * WORKERS
    assert Counter(lot for each in got for lot in each if lot) == dict.fromkeys(shelf.lots, UNITS // 4)
    for each in got:
        lots = [shelf.lots.index(lot) for lot in each if lot]
        assert lots == sorted(lots), "an earlier expiry goes first"
    return UNITS


def races_for_the_last(shelf: Callable[[str, int, int], Any], ordered: Ordered) -> int:
    for turn in range(RACES):
        three = shelf(f"THREE-{turn}", 3, 1)
        took = sorted(one for [one] in ordered("take", 1, three.item))
        assert took == sorted([0, *three.lots]), "three for four, once each"
        more = shelf(f"MORE-{turn}", 3, 2)
        first, second, _ = more.lots
        found = sorted(one for [one] in ordered("take", 1, more.item))
        assert found == sorted([first, first, second, second]), (
            "nobody goes without, and no later lot before an earlier one"
        )
    return RACES * (3 + 4)


def kits_in_any_order(items: list[ItemId], ordered: Ordered) -> int:
    told = ordered("kit", KITS, *items)
    took = [each / 1000 for one in told for each in one]
    assert len(took) == WORKERS * KITS
    p95 = quantiles(took, n=20)[-1]
    print(f"{len(took)} kits by {WORKERS} programs, p95 {p95:.1f} ms")  # noqa: T201
    assert p95 <= P95_MS or not is_full()
    return 4 * len(took)


def entries_one_after_the_other(database: Database, ordered: Ordered) -> None:
    begun = time.perf_counter()
    ordered("note", ENTRIES)
    rate = WORKERS * ENTRIES / (time.perf_counter() - begun)
    print(f"{WORKERS * ENTRIES} entries by {WORKERS} programs, {rate:.0f} a second")  # noqa: T201
    assert rate >= A_SECOND or not is_full()
    with database.reading() as session:
        numbers = session.scalars(select(AuditEntry.number).order_by(AuditEntry.number)).all()
        assert numbers == list(range(1, len(numbers) + 1))
        assert session.scalar(select(func.count()).where(AuditEntry.action == "look around")) == WORKERS * ENTRIES
        assert first_broken_entry(session) is None
