"""Rows of a table as text for the clipboard and as CSV and Excel files that carry no formula (RELIABILITY E3, E6)."""

import csv
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from infusion_desktop.desktop.table import Column
from infusion_desktop.errors import Refused
from infusion_desktop.files import harmless, in_place_of, without_controls
from infusion_desktop.progress import Progress

R = TypeVar("R")
Steps = Generator[Progress, None, Path]
_LONGEST_CELL = 32_000
_STEP = 2_000


def as_clipboard(columns: Sequence[Column[R]], rows: Sequence[R]) -> str:
    """Header and rows, tabs between the cells."""
    lines = [
        [column.title for column in columns],
        *([harmless(column.text(row)) for column in columns] for row in rows),
    ]
    return "\n".join("\t".join(re.sub(r"[\t\r\n]+", " ", cell) for cell in line) for line in lines)


def export(path: Path, columns: Sequence[Column[R]], rows: Sequence[R]) -> Steps:
    """Write the rows as Excel or CSV, as the file's ending says; the file appears whole or not at all."""
    if not path.parent.is_dir():
        raise Refused("This folder is not there any more. Choose another one.")
    write = _write_xlsx if path.suffix.lower() == ".xlsx" else _write_csv
    with in_place_of(path) as part:
        yield from write(part, columns, rows)
    return path


def _write_csv(part: Path, columns: Sequence[Column[R]], rows: Sequence[R]) -> Generator[Progress, None, None]:
    with part.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([harmless(column.title) for column in columns])
        for done, row in enumerate(rows, start=1):
            writer.writerow([harmless(column.text(row)) for column in columns])
            if done % _STEP == 0:
                yield Progress(done, len(rows))


@contextmanager
def _workbook(part: Path) -> Iterator[Any]:
    """A workbook whose rows wait beside it until it is closed; what the disk refuses is raised as the disk says it."""
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
        "tmpdir": str(part.parent),
    }  # fmt: skip
    try:
        with xlsxwriter.Workbook(str(part), options) as book:
            yield book
    except FileCreateError as error:
        raise error.args[0] from None


def _write_xlsx(part: Path, columns: Sequence[Column[R]], rows: Sequence[R]) -> Generator[Progress, None, None]:
    with _workbook(part) as book:
        sheet = book.add_worksheet("List")
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "mmm d, yyyy"})
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            sheet.set_column(place, place, max(12, min(40, len(column.title) + 6)))
        for place, column in enumerate(columns):
            sheet.write_string(0, place, column.title, bold)
        getters: list[Callable[[R], object]] = [column.value or column.text for column in columns]
        for line, row in enumerate(rows, start=1):
            for place, get in enumerate(getters):
                value = get(row)
                if isinstance(value, int | Decimal) and not isinstance(value, bool):
                    sheet.write_number(line, place, float(value))
                elif isinstance(value, date):
                    sheet.write_datetime(line, place, value, day)
                elif value is not None:
                    sheet.write_string(line, place, without_controls(str(value))[:_LONGEST_CELL])
            if line % _STEP == 0:
                yield Progress(line, len(rows))
