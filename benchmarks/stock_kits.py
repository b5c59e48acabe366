"""A 25-line kit's way through the ledger (reserve, ship, deliver, each its own audited transaction) on SQLite.

Told as processor time against the same kit in hand-written SQL, with 1,000 and with 100,000 lots in the store; and how
long the proof of the books takes over that many moves. Goals: at most 4 ms times 4, flat in the number of lots, 5 s.

    python -m benchmarks.stock_kits [lots ...]
"""

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from itertools import count
from pathlib import Path

from sqlalchemy import insert, select

from benchmarks.floors import cpu_time, kit_by_hand
from infusion_desktop.access.audit import record
from infusion_desktop.access.people import add_first_administrator
from infusion_desktop.access.roles import UserId
from infusion_desktop.database.engine import Database, Place
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.stock.allocation import Demand, reserve, take_reserved
from infusion_desktop.stock.ledger import NewMove, post
from infusion_desktop.stock.places import add_patient_home, place_id, set_up_places
from infusion_desktop.stock.tables import Item, Lot
from infusion_desktop.stock.verify import problems
from infusion_desktop.stock.words import ItemId, ItemKind, LotId, MoveReason

ITEMS, LINES, THROUGH = 300, 25, date(2029, 1, 1)


def fill(database: Database, by: UserId, lots: int) -> None:
    """A store with so many lots, spread evenly over the items."""
    with database.transaction() as session:
        set_up_places(session, by)
        add_patient_home(session, "P1", by)
        session.execute(
            insert(Item),
            [{"number": f"I{n}", "name": f"Item {n}", "kind": ItemKind.DRESSING, "version": 1} for n in range(ITEMS)],
        )
        rows = [
            {"item_id": 1 + n % ITEMS, "number": f"L{n}", "expires_on": date(2030, 1, 1) + timedelta(n // ITEMS),
             "version": 1}
            for n in range(lots)
        ]  # fmt: skip
        session.execute(insert(Lot), rows)
        vendor, main = place_id(session, "VENDOR"), place_id(session, "MAIN")
        ids = list(session.scalars(select(Lot.id)))
        for start in range(0, lots, 5000):
            moves = [
                NewMove(LotId(lot), vendor, main, 100_000, MoveReason.RECEIVED) for lot in ids[start : start + 5000]
            ]
            post(session, moves, "opening", 1, by)
        record(session, by, "open", "stock")


def kit(database: Database, by: UserId) -> Callable[[], None]:
    """The way of one kit, with a new number each time."""
    numbers = count(1)

    def life() -> None:
        number = next(numbers)
        demands = [Demand(line, ItemId(1 + line * 10), 4, THROUGH) for line in range(LINES)]
        with database.transaction() as session:
            kept = reserve(session, "delivery", number, demands)
            record(session, by, "release", "delivery", number)
        with database.transaction() as session:
            transit = place_id(session, "TRANSIT")
            take_reserved(session, "delivery", number, transit, MoveReason.SHIPPED, by)
            record(session, by, "ship", "delivery", number)
        with database.transaction() as session:
            transit, home = place_id(session, "TRANSIT"), place_id(session, "HOME-P1")
            moves = [
                NewMove(each.lot_id, transit, home, each.quantity, MoveReason.DELIVERED) for each in kept.allocations
            ]
            post(session, moves, "delivery", number, by)
            record(session, by, "deliver", "delivery", number)

    return life


def main(sizes: list[int]) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        floor = cpu_time(kit_by_hand(Path(folder), LINES), 40)
        print(f"by hand: {floor * 1000:.1f} ms")
        for lots in sizes:
            database = open_pharmacy(Place.of(str(Path(folder) / f"{lots}.db")))
            by = add_first_administrator(database, "bench", "Ben Ch", "correct horse battery")
            fill(database, by, lots)
            ours = cpu_time(kit(database, by), 40)
            begun = time.perf_counter()
            with database.reading() as session:
                assert problems(session) == ()
            proof = time.perf_counter() - begun
            print(f"{lots:,} lots: {ours * 1000:.1f} ms a kit, {ours / floor:.1f} x; books proven in {proof:.2f} s")
            database.close()


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [1_000, 100_000])
