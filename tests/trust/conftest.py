"""What the trust tests share: programs of their own to kill, and a pharmacy with one item in many lots."""

import os
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from infusion_desktop.access.audit import record
from infusion_desktop.access.people import UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.stock.ledger import NewMove, post
from infusion_desktop.stock.places import place_id, set_up_places
from infusion_desktop.stock.tables import Item, Lot
from infusion_desktop.stock.words import ItemId, ItemKind, LotId, MoveReason
from tests.promises import times

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Shelf:
    """An item with its lots in the order of their expiry, all in the main store."""

    item: ItemId
    lots: tuple[LotId, ...]


@pytest.fixture
def make_shelf() -> Callable[..., Shelf]:
    """Put an item with so many lots of so many units into the main store; a second one under another number."""

    def made(database: Database, by: UserId, lots: int, units: int, number: str = "I1") -> Shelf:
        with database.transaction() as session:
            if number == "I1":
                set_up_places(session, by)
            item = Item(number=number, name="Transparent dressing", kind=ItemKind.DRESSING)
            session.add(item)
            session.flush()
            kept = [Lot(item_id=item.id, number=f"L{n}", expires_on=date(2090 + n, 1, 1)) for n in range(lots)]
            session.add_all(kept[::-1])  # The last to expire came first.
            session.flush()
            vendor, main = place_id(session, "VENDOR"), place_id(session, "MAIN")
            moves = [NewMove(LotId(lot.id), vendor, main, units, MoveReason.RECEIVED) for lot in kept]
            post(session, moves, "receipt", 1, by)
            record(session, by, "receive", "receipt", 1)
            return Shelf(ItemId(item.id), tuple(LotId(lot.id) for lot in kept))

    return made


@pytest.fixture
def pick() -> random.Random:
    """Chance that can be repeated: the same in each normal run, TRUST_SEED sets it, and a failing test shows it."""
    seed = int(os.environ.get("TRUST_SEED", times(1, random.SystemRandom().randrange(10**9))))
    sys.stdout.write(f"TRUST_SEED={seed}\n")
    return random.Random(seed)


@pytest.fixture
def program() -> Callable[..., list[str]]:
    """The command that runs one of the programs in programs.py."""

    def command(name: str, *words: object) -> list[str]:
        return [sys.executable, "-B", str(HERE / "programs.py"), name, *map(str, words)]

    return command
