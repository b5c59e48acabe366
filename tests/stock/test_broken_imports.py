"""Fifty broken catalogue files: each is answered by a sentence naming line and field, and nothing is stored."""

import io
import zipfile

import pytest
from openpyxl import Workbook
from sqlalchemy import func, select

from infusion_desktop.access.people import UserId, add_first_administrator
from infusion_desktop.database.engine import Database
from infusion_desktop.equipment.asset_import import import_assets, preview_assets
from infusion_desktop.equipment.registering import NewAsset, register
from infusion_desktop.equipment.tables import Asset
from infusion_desktop.errors import Refused
from infusion_desktop.stock.catalogue import NewItem, add_item
from infusion_desktop.stock.importing.item_import import import_items, preview_items
from infusion_desktop.stock.places import set_up_places
from infusion_desktop.stock.tables import Item, ItemPack
from infusion_desktop.stock.words import ItemKind

HEAD = "number,name,kind,unit cost,par,gtin,box,box gtin,latex,ndc,ndc unit,storage,billing class\n"
GOOD = "A1,Gauze,dressing,1.25,10,00812345000016,20,,no,,,,\n"


def row(place: int, value: str) -> str:
    """The good line with one cell changed (quoted, as a spreadsheet writes it)."""
    cells = GOOD.strip().split(",")
    cells[place] = '"' + value.replace('"', '""') + '"'
    return ",".join(cells) + "\n"


BAD_CELLS = [
    (0, ""), (0, "x" * 41), (1, ""), (1, "n" * 201), (2, "bandage"), (2, ""), (2, "Dressing; other"),
    *((3, value) for value in ("1e5", "NaN", "Infinity", "-1", "1,000.00.0", "1_000", "٣", "1" * 500, "$",
                               "0x10", "1.23456")),
    *((4, value) for value in ("-1", "1.5", "ten", "1e3", "99999999999", "٤", "--")),
    *((5, value) for value in ("00812345000011", "12345", "ABCDEFGHIJKLM", "0081234500001２", "1" * 15)),
    *((6, value) for value in ("-2", "a dozen", "1.5", "1e9")),
    *((7, value) for value in ("123", "00812345000019")),
    *((8, value) for value in ("maybe", "2", "tr ue")),
    *((9, value) for value in ("123", "12345-678-9012", "ABCDE-1234-56")),
    (10, "XX"), (11, "lukewarm"), (12, "sometimes"),
]  # fmt: skip


def test_there_are_enough_broken_files() -> None:
    assert len(BAD_CELLS) + len(BROKEN_FILES) >= 50


def test_the_good_line_is_good() -> None:
    assert preview_items((HEAD + GOOD).encode(), "items.csv").problems == ()


@pytest.mark.parametrize(("place", "value"), BAD_CELLS, ids=lambda each: ascii(each)[:20])
def test_a_bad_cell_is_named_by_line_and_column(place: int, value: str) -> None:
    preview = preview_items(
        (HEAD + GOOD.replace("A1", "Z9").replace("00812345000016", "") + row(place, value)).encode(), "items.csv"
    )
    heading = HEAD.strip().split(",")[place]
    about = [each for each in map(str, preview.problems) if each.startswith("Line 3")]
    assert about, preview.problems
    named = heading.casefold() if place not in (5, 7, 9) else f"“{value}” is not "
    assert any(named in each.casefold() or named in each for each in about), about
    assert all(len(each) < 400 for each in about), "a long value is shortened"


def _workbook(*lines: list[object]) -> bytes:
    book, content = Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for line in lines:
        sheet.append(line)
    book.save(content)
    return content.getvalue()


def _zip(name: str, inside: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name, inside)
    return content.getvalue()


BROKEN_FILES = {
    "empty": b"", "blank": b"\n\n\n", "binary": b"\x00\x01\x02", "utf16": (HEAD + GOOD).encode("utf-16"),
    "latin1": HEAD.encode() + "A1,Gaz\xe9,dressing,1,1,,,,,,,,\n".encode("latin-1"),
    "no headings": GOOD.encode(), "only headings": HEAD.encode(),
    "unclosed quote": (HEAD + 'A1,"Gauze,dressing\n').encode(),
    "too many cells": (HEAD + GOOD.strip() + ",extra,more\n").encode(), "twice": (HEAD + GOOD + GOOD).encode(),
    "gtin twice": (HEAD + GOOD + GOOD.replace("A1", "A2")).encode(),
    "a web page": b"<html><body><table><tr><td>number</td></tr></table></body></html>",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "a zip of nothing": _zip("a.txt", b"hello"),
    "a bomb": _zip("xl/worksheets/sheet1.xml", b"0" * 60_000_000),
    "half a workbook": _workbook(["number"], ["A1"])[:700],
    "a workbook without names": _workbook(["number", "kind"], ["A1", "dressing"]),
    "a wide line": (",".join(["number"] * 101) + "\n").encode(), "a long cell": (HEAD + row(1, "y" * 4001)).encode(),
}  # fmt: skip
PLACED = {
    "latin1": "items.csv, line 2: not UTF-8", "unclosed quote": "items.csv, line 2: the quotes",
    "too many cells": "Line 2: 15 cells", "twice": "Line 3: item number A1", "gtin twice": "Line 3: GTIN",
    "a wide line": "items.csv, line 1: more than 100 columns", "a long cell": "items.csv, line 2: a cell is longer",
}  # fmt: skip
"""Where something is wrong, by its place; of the others the file is named, or its first line."""


@pytest.mark.parametrize("name", BROKEN_FILES)
def test_a_broken_file_stores_nothing_and_says_what_is_wrong(one_database: Database, name: str) -> None:
    by = add_first_administrator(one_database, "admin", "Ada Min", "correct horse battery")
    with pytest.raises(Refused) as refused:
        import_items(one_database, preview_items(BROKEN_FILES[name], "items.csv"), by)
    assert all(reason.strip() and len(reason) < 500 for reason in refused.value.reasons)
    assert str(refused.value).startswith(PLACED.get(name, ("items.csv", "Line 1: ")))
    with one_database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Item)) == 0
        assert session.scalar(select(func.count()).select_from(ItemPack)) == 0


def test_a_file_whose_last_line_became_wrong_meanwhile_is_not_taken_in_at_all(
    database: Database, administrator: UserId
) -> None:
    """Somebody else adds the same while the preview is looked at."""
    with database.transaction() as session:
        set_up_places(session, administrator)
    pump = add_item(database, NewItem("PU", "Pump", ItemKind.PUMP, serial_tracked=True), administrator)
    items = preview_items(b"number,name,kind\nA1,Gauze,dressing\nA2,Cap,dressing\nA3,Set,tubing\n", "items.csv")
    with database.reading() as session:
        pumps = preview_assets(session, b"model,serial\nPU,S1\nPU,S2\nPU,S3\n", "pumps.csv")
    assert (items.problems, pumps.problems) == ((), ())
    add_item(database, NewItem("A3", "Set", ItemKind.TUBING), administrator)
    register(database, NewAsset(pump, "S3"), administrator)
    with pytest.raises(Refused, match="A3"):
        import_items(database, items, administrator)
    with pytest.raises(Refused, match="S3"):
        import_assets(database, pumps, administrator)
    with database.reading() as session:
        assert session.scalars(select(Item.number).order_by(Item.number)).all() == ["A3", "PU"]
        assert session.scalars(select(Asset.serial)).all() == ["S3"]
