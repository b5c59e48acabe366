"""At the bench: an item found while typing among 100,000, and 1,000 boxes scanned into stock."""

import tempfile
import time
from datetime import date
from pathlib import Path

from sqlalchemy import insert

from benchmarks.figures import Figure, in_turns
from infusion_desktop.access.audit import record
from infusion_desktop.access.people import add_first_administrator
from infusion_desktop.access.roles import UserId
from infusion_desktop.database.engine import Database, Place
from infusion_desktop.dates import today
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive, recognise
from infusion_desktop.stock.places import set_up_places
from infusion_desktop.stock.queries import find_items
from infusion_desktop.stock.scanning.scans import read_scan
from infusion_desktop.stock.tables import Item, ItemPack
from infusion_desktop.stock.words import ItemKind, PackId

ITEMS = 100_000
SCANS = 1_000
BOXES_A_RECEIPT = 50
TYPED = ("gl", "glo", "glove", "glove ster", "dressing 4821", "I0099", "3m", "zzz", "needle 25g 99")
KINDS = ("Glove, sterile", "Dressing, transparent", "Tubing, vented", "Needle 25G", "Syringe 10 mL", "Cap, needle-free")


def measure() -> list[Figure]:
    """Processor time of each letter typed, the slowest of many; and of all scans read, looked up and received."""
    with tempfile.TemporaryDirectory() as folder:
        database = open_pharmacy(Place.of(str(Path(folder) / "bench.db")))
        boss = add_first_administrator(database, "bench", "Ben Ch", "correct horse battery")
        _catalogue(database, boss)
        clock = time.process_time
        typed = [in_turns(lambda text=text: _find(database, text), runs=5, warm=1, clock=clock)[0] for text in TYPED]  # type: ignore[misc]
        begun = clock()
        _receive(database, boss)
        received = clock() - begun
        database.close()
    return [
        Figure(f"an item typed among {ITEMS:,}, the slowest of {len(TYPED)} texts, cpu", max(typed), "ms", goal=30),
        Figure(f"{SCANS:,} scans read and received, {BOXES_A_RECEIPT} boxes a receipt, cpu", received, "s", goal=10),
    ]


def _find(database: Database, text: str) -> None:
    with database.reading() as session:
        find_items(session, text)


def _receive(database: Database, by: UserId) -> None:
    """As the receiving screen does it: each scan read and recognised by itself, a receipt saved for each carton."""
    expires = date(2030, 1, 31)
    for start in range(0, SCANS, BOXES_A_RECEIPT):
        lines = []
        for number in range(start, start + BOXES_A_RECEIPT):
            scan = read_scan(
                f"]d201{_gtin(number)}17{expires:%y%m%d}10LOT{number}", today=today(), separators_proven=True
            )
            with database.reading() as session:
                known = recognise(session, scan, today())
            assert known.item_id is not None
            lines.append(ReceiptLine(known.item_id, 1, PackId(known.pack_id or 0), scan.lot or "", scan.expires_on))
        receive(database, NewReceipt(tuple(lines), packing_slip=str(start)), by)


def _catalogue(database: Database, by: UserId) -> None:
    with database.transaction() as session:
        set_up_places(session, by)
        session.execute(
            insert(Item),
            [
                {"number": f"I{n:06}", "name": f"{KINDS[n % len(KINDS)]} {n}", "kind": ItemKind.DRESSING,
                 "manufacturer": "3M" if n % 7 else "Becton", "version": 1}
                for n in range(ITEMS)
            ],
        )  # fmt: skip
        session.execute(
            insert(ItemPack),
            [{"item_id": 1 + n, "name": "box", "quantity": 50, "gtin": _gtin(n)} for n in range(ITEMS)],
        )
        record(session, by, "import", "item")


def _gtin(number: int) -> str:
    """A GTIN-14 with its check digit."""
    body = f"1036{number:09}"
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(body))
    return body + str(-total % 10)
