"""One file above each limit for every reader of the program (RELIABILITY D3); run by itself it says what they cost."""

import contextlib
import io
import resource
import struct
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from infusion_desktop.billing.terms.code_lists import read_code_list
from infusion_desktop.billing.terms.fee_files import read_fee_file
from infusion_desktop.database.keys import key_file_of, read_key_file
from infusion_desktop.deliveries.door.proof import reasons_against_file
from infusion_desktop.edi import acknowledgements, claims_837p, remittance_835
from infusion_desktop.edi.x12 import kinds_in
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.settings import load_settings
from infusion_desktop.stock.importing.item_import import preview_items
from infusion_desktop.stock.scanning.scans import read_scan
from reports.press import read_sheets
from tests.effort import plain_piece

Case = tuple[Callable[[], object], str]
DAY = date(2026, 1, 1)
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def workbook(sheet: str, strings: str = "", *, more: dict[str, str] | None = None, start: str = "") -> bytes:
    """A workbook of one sheet, its rows and shared strings as XML."""
    kind = f"{PACKAGE.rpartition('/')[0]}/2006"
    sheets = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{kind}/content-types"><Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType='
        f'"application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{sheets}.sheet.main+xml"/><Override '
        f'PartName="/xl/worksheets/s.xml" ContentType="{sheets}.worksheet+xml"/><Override PartName='
        f'"/xl/sharedStrings.xml" ContentType="{sheets}.sharedStrings+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" Type='
        f'"{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="S" sheetId="1" '
        'r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" Type='
        f'"{OFFICE}/worksheet" Target="worksheets/s.xml"/><Relationship Id="r2" Type="{OFFICE}/sharedStrings" '
        'Target="sharedStrings.xml"/></Relationships>',
        "xl/worksheets/s.xml": f'{start}<worksheet xmlns="{MAIN}"><sheetData>{sheet}</sheetData></worksheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{strings}</sst>',
        **(more or {}),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return out.getvalue()


def text_row(*cells: str) -> str:
    return "<row>" + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells) + "</row>"


HEAD = text_row("number", "name", "kind", "unit")
NOISE = "".join(f"{n * 2654435761 % 2**32:08x}" for n in range(12_500)) + "0" * 900_000
"""A megabyte that packs to a twentieth, so that the limit of size is met before the one of the ratio."""


def png(wide: int, high: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", wide, high, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\x00" * 1000)) + chunk(b"IEND", b"")


def pdf(pages: int) -> bytes:
    import pypdfium2

    document = pypdfium2.PdfDocument.new()
    for _ in range(pages):
        document.new_page(10, 10)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


TABLES: dict[str, tuple[Callable[[], bytes], str]] = {
    "over 20 MB": (lambda: b"number,name,kind\n" + b"x" * 20_000_001, "more than 20 MB"),
    "over 20 MB, packed": (lambda: b"PK\x03\x04" + b"\x00" * 20_000_001, "more than 20 MB"),
    "50,002 lines": (
        lambda: b"number,name,kind\n" + b"".join(b"A%d,Gauze,dressing\n" % n for n in range(50_001)),
        "more than 50,000 lines"),
    "20 million empty lines": (lambda: b"\n" * 19_900_000, "more than 50,000 lines|is empty"),
    "131 columns": (lambda: b",".join(b"c%d" % n for n in range(131)) + b"\n", r"more than 1\d0 columns"),
    "a field of 4,001": (lambda: b"number,name,kind\nA," + b"y" * 4_001 + b"\n", "longer than 4,000 characters"),
    "one quote, 19 MB": (lambda: b'"' + b"x" * 19_000_000, "quotes do not match|longer than"),
    "more than 2 million cells": (
        lambda: b"number,name,kind" + b",latex" * 97 + b"\n" + (b",".join([b"ab1"] * 100) + b"\n") * 20_001,
        "more than 2,000,000 cells|Line 2"),
    "201 parts": (lambda: workbook("", more={f"xl/{n}.xml": "" for n in range(200)}), "too large when unpacked"),
    "unpacks to 50 MB": (lambda: workbook("", more={"xl/x.bin": NOISE * 53}), "too large when unpacked"),
    "ratio over 100": (lambda: workbook("", more={"xl/x.bin": "0" * 8_000_000}), "too large when unpacked"),
    "Excel: 50,002 lines": (lambda: workbook("".join(f'<row r="{n}"/>' for n in range(1, 50_003))),
                            "more than 50,000 lines|is empty"),
    "Excel: a far row": (lambda: workbook('<row r="1048576"><c r="A1048576"><v>1</v></c></row>'),
                         "more than 50,000 lines|is empty"),
    "Excel: 132 columns": (lambda: workbook(text_row(*map(str, range(132)))), r"more than 1\d0 columns"),
    "Excel: a cell of 4,001": (lambda: workbook(HEAD + text_row("A", "y" * 4_001)), "longer than 4,000 characters"),
    "Excel: a row of 700,000 cells": (
        lambda: workbook("<row>" + "".join(f"<c><v>{n}</v></c>" for n in range(700_000)) + "</row>"),
        "more than 600,000 cells"),
    "Excel: 700,000 strings": (
        lambda: workbook(HEAD, "".join(f"<si><t>{n * 7919}</t></si>" for n in range(700_000))),
        "more than 600,000 cells"),
    "Excel: definitions": (lambda: workbook(HEAD, start='<!DOCTYPE x [<!ENTITY a "aaaa">]>'), "definitions"),
    "Excel: UTF-16": (lambda: workbook(HEAD, more={"xl/x.xml": "<\x00x\x00/\x00>\x00"}), "not written as UTF-8"),
}  # fmt: skip
READERS: dict[str, Callable[[bytes], object]] = {
    "fees": lambda content: read_fee_file(content, "file", starts_on=DAY),
    "codes": lambda content: read_code_list(content, "file"),
    "items": lambda content: refuse_if(map(str, preview_items(content, "file").problems[:1])),
}
EDI: dict[str, Callable[[bytes], object]] = {
    "835": remittance_835.read, "837": claims_837p.read, "999": acknowledgements.read_999,
    "277": acknowledgements.read_277ca, "TA1": acknowledgements.read_ta1, "any": kinds_in,
}  # fmt: skip
ISA = (
    "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *261201*0900*^*00501*000000007*0*T*:~"
)  # fmt: skip


def _settings(text: str) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "settings.toml"
        file.write_text(text)
        load_settings(file)


def _key(text: str) -> None:
    with TemporaryDirectory() as folder:
        database = Path(folder) / "pharmacy.db"
        key_file_of(database).write_text(text)
        read_key_file(database)


def _attachment(content: bytes, kind: str) -> None:
    refuse_if(reasons_against_file(content, kind))
    try:
        read_sheets(content, kind)
    except ValueError as error:
        raise Refused(f"The scan was not used: {error}.") from None


OTHERS: dict[str, Case] = {
    "scan of 129": (lambda: read_scan("1" * 129, today=DAY), "128 at most"),
    "scan of 5 million": (lambda: read_scan("1" * 5_000_000, today=DAY), "128 at most"),
    "settings over 100 kB": (lambda: _settings("#" * 100_001), "more than 100 kB"),
    "a setting of 4,001": (lambda: _settings(f'theme = "{"x" * 4_001}"'), "may have 4000"),
    "settings in 50,000 brackets": (lambda: _settings("theme = " + "[" * 50_000), "cannot be read"),
    "a wait of an hour": (lambda: _settings("lock_after_minutes = 60"), "from 1 to 15"),
    "a wait of nothing": (lambda: _settings("lock_after_minutes = 0"), "from 1 to 15"),
    "key file over 100 kB": (lambda: _key('{"name": "' + "0" * 100_001), "cannot be read"),
    "key file in 50,000 brackets": (lambda: _key("[" * 50_000), "cannot be read"),
    "attachment over 5 MB": (lambda: _attachment(b"%PDF-" + b"0" * 5_000_000, "application/pdf"), "larger than 5 MB"),
    "a picture of 400 million dots": (lambda: _attachment(png(20_000, 20_000), "image/png"), "cannot be read"),
    "201 pages": (lambda: _attachment(pdf(201), "application/pdf"), "1 to 200"),
    "a picture that is none": (lambda: _attachment(b"\xff\xd8\xff" + b"\x00" * 4_000_000, "image/jpeg"), "cannot be"),
}  # fmt: skip


def cases() -> dict[str, Case]:
    """Every case by its name: what to call, and what the refusal says."""
    found = {
        f"{reader}: {name}": (lambda read=read, make=make: read(make()), pattern)
        for reader, read in READERS.items()
        for name, (make, pattern) in TABLES.items()
    }
    for kind, read in EDI.items():
        found[f"{kind}: over 20 MB"] = (lambda read=read: read(b" " * (20 * 1024 * 1024 + 1)), "larger than 20 MB")
        found[f"{kind}: a segment of 4,001"] = (
            lambda read=read: read((ISA + "GS*" + "A" * 4_001 + "~").encode()), "longer than 4000 characters"
        )  # fmt: skip
        found[f"{kind}: 20 MB without an end"] = (
            lambda read=read: read((ISA + "9" * 20_000_000).encode()), "longer than 4000 characters"
        )  # fmt: skip
    return found | OTHERS


def _seconds(call: Callable[[], object]) -> float:
    since = time.thread_time()
    with contextlib.suppress(Refused):
        call()
    return time.thread_time() - since


if __name__ == "__main__":
    begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds, name = max((_seconds(call), name) for name, (call, _) in cases().items())
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - begun) // 1024
    pieces = min(_seconds(cases()[name][0]) / plain_piece() for _ in range(3))
    sys.stdout.write(f"{seconds:.2f} {pieces:.0f} {grown} {name}\n")
