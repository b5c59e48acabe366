"""Reading a table somebody brings, CSV or Excel, within limits: lines with their numbers, cells as text."""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from infusion_desktop.errors import Refused

BIGGEST_FILE = 20_000_000
MOST_ROWS = 50_000
MOST_COLUMNS = 100
LONGEST_CELL = 4_000
MOST_CELLS = 2_000_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
MOST_CELLS_OF_A_WORKBOOK = 600_000
"""Excel's own parts take more time and memory a cell: as CSV the same table is read within a second."""
MOST_PARTS, MOST_UNPACKED, MOST_RATIO = 200, 50_000_000, 100


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a line; ``column`` is the file's own heading, "" where it is the whole line."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        where = f", column “{self.column[:40]}”" if self.column else ""
        return f"Line {self.line}{where}: {self.reason}"


def read_table(content: bytes, name: str, columns: int = MOST_COLUMNS) -> Iterator[tuple[int, list[str]]]:
    """The lines of a file by their number, each as its cells; Refused when it is no table or larger than allowed.

    ``columns`` is for known files that have more than other tables may.
    """
    if len(content) > BIGGEST_FILE:
        raise Refused(f"{name}: the file has more than {BIGGEST_FILE // 1_000_000} MB. Split it.")
    rows = _excel(content, name, columns) if content[:4] == b"PK\x03\x04" else _csv(content, name)
    counted = 0
    for line, cells in rows:
        counted += len(cells)
        if line > MOST_ROWS + 1:
            raise Refused(f"{name}: more than {MOST_ROWS:,} lines. Split the file.")
        if len(cells) > columns:
            raise Refused(f"{name}, line {line}: more than {columns} columns. Is it the right file?")
        if any(len(cell) > LONGEST_CELL for cell in cells):
            raise Refused(f"{name}, line {line}: a cell is longer than {LONGEST_CELL:,} characters.")
        if counted > MOST_CELLS:
            raise Refused(f"{name}, line {line}: more than {MOST_CELLS:,} cells. Split the file.")
        # A spreadsheet's guard against formulas is not part of the text.
        yield line, [cell[1:] if cell[:1] == "'" and cell[1:2] in _FORMULA else cell for cell in cells]


def read_headed_table(content: bytes, name: str) -> tuple[tuple[str, ...], list[tuple[int, list[str]]]]:
    """The headings in a file's first line, () when it is empty, and the lines below, once none is too many."""
    lines = list(read_table(content, name))
    return tuple(cell.strip() for cell in lines[0][1]) if lines else (), lines[1:]


def lines_to_mend(
    headings: Sequence[str], cells: Mapping[int, Sequence[str]], problems: Mapping[int, Sequence[str]]
) -> bytes:
    """The lines with a problem as they came, with what is wrong in a last column: a CSV to mend and bring again.

    What a spreadsheet would take for a formula gets an apostrophe in front, which reading takes off again.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*map(_harmless, headings), "problem"])
    for line, reasons in sorted(problems.items()):
        row = list(cells.get(line, ()))[: len(headings)]
        row += [""] * (len(headings) - len(row))
        writer.writerow([*map(_harmless, row), _harmless("; ".join(reasons))])
    return out.getvalue().encode("utf-8-sig")


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _csv(content: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    if b"\x00" in content:
        raise Refused(f"{name} is not a text file. Save it as CSV (UTF-8) or as an Excel workbook.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Refused(f"{name}, line {line}: not UTF-8 text. Save it as “CSV UTF-8”.") from error
    first = text.partition("\n")[0]
    separator = max(",;\t|", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise Refused(f"{name}, line {reader.line_num}: the quotes do not match up.") from error


def _excel(content: bytes, name: str, columns: int) -> Iterator[tuple[int, list[str]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            _refuse_heavy(parts, len(content), name)
        from openpyxl import load_workbook

        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        for line, row in enumerate(sheet.iter_rows(values_only=True, max_col=columns + 1), 1):
            cells = ["" if value is None else _cell(value) for value in row]
            while cells and not cells[-1]:
                cells.pop()
            yield line, cells
    except Refused:
        raise
    except Exception as error:
        raise Refused(f"{name} cannot be read as an Excel workbook. Save the sheet as CSV and try again.") from error


def _refuse_heavy(parts: zipfile.ZipFile, packed: int, name: str) -> None:
    """What unpacks to more than it should, or holds more than can be read at once, is not begun."""
    sizes = [part.file_size for part in parts.infolist()]
    unpacked = sum(sizes)
    if len(sizes) > MOST_PARTS or unpacked > MOST_UNPACKED or unpacked / max(packed, 1) > MOST_RATIO:
        raise Refused(f"{name}: the workbook is too large when unpacked. Save the sheet as CSV.")
    for part in parts.infolist():
        counts, tail = dict.fromkeys(_COUNTED, 0), b""
        with parts.open(part) as opened:
            while block := opened.read(1 << 20):
                if b"\x00" in block and part.filename.endswith((".xml", ".rels")):
                    raise Refused(f"{name}: the workbook is not written as UTF-8. Save the sheet as CSV.")
                for mark in _COUNTED:
                    counts[mark] += (tail + block).count(mark) - tail.count(mark)
                tail = block[-2:]
        if counts[b"<!D"]:
            raise Refused(f"{name}: the workbook holds definitions that no spreadsheet writes. Save the sheet as CSV.")
        if counts[b"<ro"] > 2 * MOST_ROWS:
            raise Refused(f"{name}: more than {MOST_ROWS:,} lines. Split the file.")
        if counts[b"<c "] + counts[b"<c>"] + counts[b"<si"] + counts[b":c "] > MOST_CELLS_OF_A_WORKBOOK:
            raise Refused(f"{name}: more than {MOST_CELLS_OF_A_WORKBOOK:,} cells. Save the sheet as CSV.")


_COUNTED = (b"<!D", b"<ro", b"<c ", b"<c>", b"<si", b":c ")


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
