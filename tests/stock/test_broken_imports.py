"""Fifty broken catalogue files: each is answered by a sentence naming line and field, and nothing is stored."""

import io
import zipfile

import pytest
from openpyxl import Workbook
from sqlalchemy import func, select

from infusion_desktop.access.people import add_first_administrator
from infusion_desktop.database.engine import Database
from infusion_desktop.errors import Refused
from infusion_desktop.stock.importing.item_import import import_items, preview_items
from infusion_desktop.stock.tables import Item, ItemPack

HEAD = "number,name,kind,unit cost,par,gtin,box,box gtin,latex,ndc,ndc unit,storage,billing class\n"
GOOD = "A1,Gauze,dressing,1.25,10,00812345000012,20,,no,,,,\n"


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


@pytest.mark.parametrize(("place", "value"), BAD_CELLS, ids=lambda each: ascii(each)[:20])
def test_a_bad_cell_is_named_by_line_and_column(place: int, value: str) -> None:
    preview = preview_items(
        (HEAD + GOOD.replace("A1", "Z9").replace("00812345000012", "") + row(place, value)).encode(), "items.csv"
    )
    heading = HEAD.strip().split(",")[place]
    about = [each for each in map(str, preview.problems) if each.startswith("Line 3")]
    assert about, preview.problems
    assert any(heading.casefold() in each.casefold() for each in about) or place in (5, 7, 9), about
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


@pytest.mark.parametrize("name", BROKEN_FILES)
def test_a_broken_file_stores_nothing_and_says_what_is_wrong(sqlite_database: Database, name: str) -> None:
    by = add_first_administrator(sqlite_database, "admin", "Ada Min", "correct horse battery")
    with pytest.raises(Refused) as refused:
        import_items(sqlite_database, preview_items(BROKEN_FILES[name], "items.csv"), by)
    assert all(reason.strip() and len(reason) < 500 for reason in refused.value.reasons)
    with sqlite_database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Item)) == 0
        assert session.scalar(select(func.count()).select_from(ItemPack)) == 0
