"""What is on the demonstration's shelves: the catalogue, bins, lots received over the months, pumps and poles."""

import random
from collections.abc import Generator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import resources
from infusion_desktop.access.roles import UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.demonstration.cast import Cast
from infusion_desktop.demonstration.lending import LIBRARY, OLD_LIBRARY, SOFTWARE, TRIED, set_up_models
from infusion_desktop.equipment import custody
from infusion_desktop.equipment.registering import NewAsset, register
from infusion_desktop.equipment.words import AssetId
from infusion_desktop.progress import Progress
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from infusion_desktop.stock.importing.item_import import import_items, preview_items
from infusion_desktop.stock.places import add_place
from infusion_desktop.stock.queries import ItemRow, item_rows
from infusion_desktop.stock.words import ItemKind, LocationKind

LINES_A_RECEIPT = 25
_CENT = Decimal("0.01")
_USED_UP_QUICKLY = (ItemKind.DRUG, ItemKind.FLUSH, ItemKind.TUBING, ItemKind.ANTISEPTIC)
_PUMP_SHARES = {"AMB": 58, "SYR": 16, "ENT": 18, "PN": 4, "STA": 4}
"""Percent of the pumps, by the kind in the item's number."""
READY = {"Flow accuracy": "1.2", "Occlusion alarm": "12", "Battery": "97", **TRIED}


def noon(day: date) -> datetime:
    """The middle of a working day, in UTC, so that it is the same day in every American time zone."""
    return datetime.combine(day, time(18), UTC)


def fill_shelves(
    database: Database, cast: Cast, lots: int, pumps: int, poles: int, first: date, last: date, pick: random.Random
) -> Generator[Progress, None, None]:
    """Import the catalogue, receive ``lots`` lots over time and register the equipment."""
    preview = preview_items(resources.read("demonstration/items.csv"), "items.csv")
    import_items(database, preview, cast.administrator)
    for aisle in "ABCD":
        for bin_number in range(1, 7):
            add_place(
                database, f"{aisle}-{bin_number:02}", f"Aisle {aisle}, bin {bin_number}", LocationKind.BIN,
                cast.administrator, ord(aisle) * 100 + bin_number,
            )  # fmt: skip
    add_place(database, "VAN-1", "Van 1", LocationKind.VEHICLE, cast.administrator)
    add_place(database, "FRIDGE", "Refrigerator 2 to 8 C", LocationKind.ROOM, cast.administrator)
    with database.reading() as session:
        items = item_rows(session)
    supplies = [item for item in items if not item.kind.is_equipment]
    yield from _receive(database, cast, supplies, lots, first, last, pick)
    yield from _register(database, cast, items, pumps, poles, first, pick)


def _receive(
    database: Database, cast: Cast, items: list[ItemRow], lots: int, first: date, last: date, pick: random.Random
) -> Generator[Progress, None, None]:
    rounds = max(2, round(lots / len(items)))
    days = (last - first).days
    receipts: list[tuple[date, str, list[ReceiptLine]]] = []
    for turn in range(rounds):
        shelf: dict[str, list[ItemRow]] = {}
        for item in items:
            where = (
                "FRIDGE"
                if item.storage.is_cold
                else f"{'ABCD'[hash_of(item.number) % 4]}-{hash_of(item.name) % 6 + 1:02}"
            )
            shelf.setdefault(where, []).append(item)
        for where, chosen in sorted(shelf.items()):
            day = first - timedelta(days=20) + timedelta(days=round(turn * days / rounds * 0.9))
            for start in range(0, len(chosen), LINES_A_RECEIPT):
                lines = [_line(item, day, last, turn, rounds, pick) for item in chosen[start : start + LINES_A_RECEIPT]]
                receipts.append((day, where, lines))
    receipts.sort(key=lambda receipt: receipt[0])
    for number, (day, where, lines) in enumerate(receipts):
        slip = f"PS-{pick.randrange(10**6):06}"
        receive(database, NewReceipt(tuple(lines), where, slip), cast.technicians[number % 2], noon(day))
        if number % 5 == 0:
            yield Progress(4 + 10 * number // len(receipts), 100, "Receiving stock")


def _line(item: ItemRow, day: date, last: date, turn: int, rounds: int, pick: random.Random) -> ReceiptLine:
    # Earlier lots expire sooner; a few of the first will be near their end by now, as on any shelf.
    life = pick.randrange(150, 300) if turn == 0 else pick.randrange(300, 900)
    soon = turn == 0 and pick.random() < 0.06
    expires_on = last + timedelta(days=pick.randrange(-10, 45)) if soon else last + timedelta(days=life)
    expires_on = max(expires_on, day + timedelta(days=30))
    unit_level = max(item.par_level, 40) if item.unit_cost < 60 else min(max(item.par_level, 8), 28)
    quantity = max(4, round(unit_level * pick.uniform(1.6, 3.2) * _how_many_times(item)))
    lot = f"{item.number[:3].replace('-', '')}{pick.randrange(10**5):05}{'ABCDEFGH'[turn % 8]}"
    cost = (item.unit_cost * (100 + pick.randrange(-3, 6)) / 100).quantize(item.unit_cost)
    return ReceiptLine(item.id, quantity, None, lot, expires_on, unit_cost=cost)


def _how_many_times(item: ItemRow) -> float:
    """Dear items are bought as they are needed, cheap ones by the pallet."""
    if item.unit_cost > 60:
        return 0.15
    if item.unit_cost > 8:
        return 0.4
    return 2 if item.kind in _USED_UP_QUICKLY and item.unit_cost < 3 else 1


def hash_of(text: str) -> int:
    """A number that is the same for the same text in every run."""
    return sum(place * ord(letter) for place, letter in enumerate(text, 1))


def _register(
    database: Database, cast: Cast, items: tuple[ItemRow, ...], pumps: int, poles: int, first: date, pick: random.Random
) -> Generator[Progress, None, None]:
    set_up_models(database, items, cast.pharmacists[0])
    models = [item for item in items if item.kind is ItemKind.PUMP]
    groups = {kind: [item for item in models if f"-{kind}-" in item.number] for kind in _PUMP_SHARES}
    wanted = []
    for kind, share in _PUMP_SHARES.items():
        wanted += [groups[kind][number % len(groups[kind])] for number in range(round(pumps * share / 100))]
    stands = [item for item in items if item.kind is ItemKind.POLE]
    wanted += [stands[number % len(stands)] for number in range(poles)] if stands else []
    technician = cast.technicians[0]
    for number, item in enumerate(wanted):
        when = noon(first - timedelta(days=pick.randrange(20, 30)))
        serial = f"{item.number[-2:]}{pick.randrange(10**6):06}"
        due = None
        if item.kind is ItemKind.PUMP:
            due = first + timedelta(days=pick.choice([118, 127, 140, 165, 200, 230, 260, 290, 320, 350]))
        versions = (SOFTWARE, OLD_LIBRARY if number % 12 == 5 else LIBRARY) if item.kind is ItemKind.PUMP else ("", "")
        new = NewAsset(item.id, serial, "", due, "", item.unit_cost.quantize(_CENT), *versions)
        asset = register(database, new, technician, when)
        if number % 9 != 8:
            make_ready(database, asset, item.kind, technician, when)
        if number % 10 == 0:
            yield Progress(15 + 4 * number // len(wanted), 100, "Registering pumps and poles")


def make_ready(database: Database, asset: AssetId, kind: ItemKind, by: UserId, at: datetime) -> None:
    """Clean and check a pump or pole."""
    custody.clean(database, asset, by, at)
    custody.pass_check(database, asset, READY if kind is ItemKind.PUMP else {}, by, at)
