"""Long books are proven in seconds (RELIABILITY A6). A full run posts the 100,000 moves and looks at the clock."""

import time
from collections.abc import Callable
from typing import Any

from infusion_desktop.access.audit import record
from infusion_desktop.access.people import UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.stock.ledger import NewMove, post
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.words import MoveReason
from infusion_desktop.verifying import verify_books
from tests.promises import is_full, times

POSTINGS = times(4_000, 100_000)
TOGETHER = 1_000
PROVEN_S = 5


def test_many_postings_are_proven_in_seconds(
    database: Database, administrator: UserId, make_shelf: Callable[..., Any]
) -> None:
    shelf = make_shelf(database, administrator, 200, 1_000_000)
    for document in range(POSTINGS // TOGETHER):
        with database.transaction() as session:
            main, transit = place_id(session, "MAIN"), place_id(session, "TRANSIT")
            moves = [NewMove(shelf.lots[n % 200], main, transit, 1, MoveReason.TRANSFERRED) for n in range(TOGETHER)]
            post(session, moves, "transfer", document, administrator)
            record(session, administrator, "send", "transfer", document)
    begun = time.perf_counter()
    assert verify_books(database) == ()
    took = time.perf_counter() - begun
    print(f"{POSTINGS:,} postings proven in {took:.1f} s")  # noqa: T201
    assert took <= PROVEN_S or not is_full()
