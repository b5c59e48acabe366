"""Reading a table somebody brings, CSV or Excel, within limits: lines with their numbers, cells as text."""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence

from infusion_desktop.errors import Refused

BIGGEST_FILE = 20_000_000
MOST_ROWS = 50_000
MOST_COLUMNS = 100
LONGEST_CELL = 4_000


def read_table(content: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    """The lines of a file by their number, each as its cells; Refused when it is no table or larger than allowed."""
    if len(content) > BIGGEST_FILE:
        raise Refused(f"{name}: the file has more than {BIGGEST_FILE // 1_000_000} MB. Split it.")
    rows = _excel(content, name) if content[:4] == b"PK\x03\x04" else _csv(content, name)
    for line, cells in rows:
        if line > MOST_ROWS + 1:
            raise Refused(f"{name}: more than {MOST_ROWS:,} lines. Split the file.")
        if len(cells) > MOST_COLUMNS:
            raise Refused(f"{name}, line {line}: more than {MOST_COLUMNS} columns. Is it the right file?")
        if any(len(cell) > LONGEST_CELL for cell in cells):
            raise Refused(f"{name}, line {line}: a cell is longer than {LONGEST_CELL:,} characters.")
        # A spreadsheet's guard against formulas is not part of the text.
        yield line, [cell[1:] if cell[:2] in ("'=", "'+", "'-", "'@") else cell for cell in cells]


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
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


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


def _excel(content: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            sizes = [part.file_size for part in parts.infolist()]
            packed = max(len(content), 1)
        if len(sizes) > 200 or sum(sizes) > 50_000_000 or sum(sizes) / packed > 100:
            raise Refused(f"{name}: the workbook is too large when unpacked. Save the sheet as CSV.")
        from openpyxl import load_workbook

        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        for line, row in enumerate(sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS + 1), 1):
            cells = ["" if value is None else _cell(value) for value in row]
            while cells and not cells[-1]:
                cells.pop()
            yield line, cells
    except Refused:
        raise
    except Exception as error:
        raise Refused(f"{name} cannot be read as an Excel workbook. Save the sheet as CSV and try again.") from error


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
