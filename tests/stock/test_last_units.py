"""Several processes on PostgreSQL reserve the last units at once: in 10,000 tries nothing is sold twice."""

import multiprocessing
from collections.abc import Sequence
from datetime import date
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from queue import Empty

from sqlalchemy import func, select

from infusion_desktop.access.audit import record
from infusion_desktop.access.roles import UserId
from infusion_desktop.database.engine import Database, Place
from infusion_desktop.stock.allocation import Demand, reserve
from infusion_desktop.stock.ledger import NewMove, post
from infusion_desktop.stock.places import place_id, set_up_places
from infusion_desktop.stock.tables import Balance, Item, Lot, Reservation
from infusion_desktop.stock.verify import problems
from infusion_desktop.stock.words import ItemId, ItemKind, LotId, MoveReason

PROCESSES = 4
TRIES = 10_000
AT_ONCE = 25
"""Tries in one transaction: each asks for the last units of another item, so a round is a race for 25 items."""
LOTS, UNITS = 2, 3
"""Of every item two lots of three units; each of four processes wants two units: the eighth goes short."""
THROUGH = date(2027, 1, 1)


def race(address: str, turn: int, items: Sequence[ItemId], start: Barrier, told: "Queue[tuple[int, int]]") -> None:
    """One workstation: reserve two units of every item, round after round, in its own order."""
    from infusion_desktop.access.audit import seal

    database = Database(Place.of(address), seal, f"bench-{turn}")
    start.wait()
    short = failed = 0
    for first in range(0, len(items), AT_ONCE):
        chosen = items[first : first + AT_ONCE]
        mine = chosen if turn % 2 else chosen[::-1]
        try:
            with database.transaction() as session:
                demands = [Demand(line, item, 2, THROUGH) for line, item in enumerate(mine, 1)]
                kept = reserve(session, "delivery", turn * 10_000 + first, demands)
                record(session, UserId(1), "release", "delivery", turn * 10_000 + first)
            short += sum(kept.shortages.values())
        except Exception:
            failed += 1
    database.close()
    told.put((short, failed))


def test_the_last_units_are_never_oversold_in_ten_thousand_tries(postgresql_database: Database) -> None:
    from infusion_desktop.access.people import add_first_administrator

    database = postgresql_database
    by = add_first_administrator(database, "admin", "Ada Min", "correct horse battery")
    wanted = TRIES // PROCESSES
    with database.transaction() as session:
        set_up_places(session, by)
        made = [Item(number=f"I{n}", name=f"Item {n}", kind=ItemKind.DRESSING) for n in range(wanted)]
        session.add_all(made)
        session.flush()
        lots = [
            Lot(item_id=item.id, number=f"L{n}", expires_on=date(2028 + n, 1, 1)) for item in made for n in range(LOTS)
        ]
        session.add_all(lots)
        session.flush()
        vendor, main = place_id(session, "VENDOR"), place_id(session, "MAIN")
        moves = [NewMove(LotId(lot.id), vendor, main, UNITS, MoveReason.RECEIVED) for lot in lots]
        post(session, moves, "receipt", 1, by)
        record(session, by, "receive", "receipt", 1)
        items = [ItemId(item.id) for item in made]
    address = database.place.url.render_as_string(hide_password=False)
    context = multiprocessing.get_context("spawn")
    start, told = context.Barrier(PROCESSES), context.Queue()
    workers = [
        context.Process(target=race, args=(address, turn, items, start, told)) for turn in range(1, PROCESSES + 1)
    ]
    for worker in workers:
        worker.start()
    ends = []
    for _ in workers:
        try:
            ends.append(told.get(timeout=600))
        except Empty:
            raise AssertionError("a process never ended: somebody waits for ever") from None
    for worker in workers:
        worker.join()
    there = LOTS * UNITS
    asked = 2 * PROCESSES
    with database.reading() as session:
        sold = session.execute(
            select(Balance.item_id, func.sum(Balance.reserved), func.sum(Balance.on_hand)).group_by(Balance.item_id)
        ).all()
        oversold = [row for row in sold if row[1] > row[2]]
        assert oversold == []
        assert {int(row[1]) for row in sold} == {min(there, asked)}, "nothing is kept back while somebody goes short"
        by_document = session.execute(select(func.sum(Reservation.quantity))).scalar_one()
        assert int(by_document) == there * wanted
        first_lots = session.execute(
            select(func.count()).select_from(Balance).where(Balance.reserved < Balance.on_hand)
        ).scalar_one()
        assert first_lots == 0
        assert problems(session) == ()
    assert sum(failed for _, failed in ends) == 0, "nobody deadlocked or was turned away"
    assert sum(short for short, _ in ends) == (asked - there) * wanted
