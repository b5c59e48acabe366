"""The demonstration's house: the catalogue, bins, pumps and poles."""

import random
from collections.abc import Generator
from dataclasses import replace
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
from infusion_desktop.stock.importing.item_import import import_items, preview_items
from infusion_desktop.stock.places import add_place
from infusion_desktop.stock.queries import ItemRow, item_rows
from infusion_desktop.stock.words import ItemKind, LocationKind

_CENT = Decimal("0.01")
_PUMP_SHARES = {"AMB": 58, "SYR": 16, "ENT": 18, "PN": 4, "STA": 4}
"""Percent of the pumps, by the kind in the item's number."""
DUE_AFTER = (119, 126, 133, 142, 154, 170, 185, 200, 215, 230, 245, 260, 275, 290, 305, 320, 335, 350)
"""Days from the first day until a pump's maintenance is due: a few are a little late by now."""
READY = {"Flow accuracy": "1.2", "Occlusion alarm": "12", "Battery": "97", **TRIED}


def noon(day: date) -> datetime:
    """The middle of a working day, in UTC, so that it is the same day in every American time zone."""
    return datetime.combine(day, time(18), UTC)


def fill_shelves(
    database: Database, cast: Cast, pumps: int, poles: int, first: date, pick: random.Random
) -> Generator[Progress, None, None]:
    """Import the catalogue, set the bins up and register the equipment; how much is kept follows from use later."""
    preview = preview_items(resources.read("demonstration/items.csv"), "items.csv")
    rows = tuple(replace(row, item=replace(row.item, par_level=0, reorder_point=0)) for row in preview.rows)
    import_items(database, replace(preview, rows=rows), cast.administrator)
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
    yield from _register(database, cast, items, pumps, poles, first, pick)


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
            due = first + timedelta(days=pick.choice(DUE_AFTER))
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
