"""A report as a file without a window: PDF, Excel or CSV, written whole or not at all, and noted."""

import csv
import io
from collections.abc import Generator
from datetime import date
from decimal import Decimal
from pathlib import Path

from infusion_desktop.access.roles import UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, show_days
from infusion_desktop.errors import Refused
from infusion_desktop.files import harmless, safe_name, without_controls, write_whole
from infusion_desktop.progress import Progress
from infusion_desktop.reporting.bundle import month_end
from infusion_desktop.reporting.papers import as_pdf, log_export, run
from infusion_desktop.reporting.registry import report
from infusion_desktop.reporting.report import ALL, Choice, Found
from infusion_desktop.reporting.words import Form
from reports.table_report import Kind, show


def write_report(
    database: Database, key: str, period: Days, form: Form, folder: Path, by: UserId, choice: Choice = ALL
) -> Path:
    """Put a report into a folder that is there; the file is named for the report and the days it is about."""
    _refuse_missing(folder)
    with database.reading() as session:
        if form is Form.PDF:
            content = as_pdf(session, key, period, by, choice)
        else:
            content = as_file(run(session, key, period, by, choice), form, about(key, period, choice))
    log_export(database, key, period, form.value.upper(), by)
    return _write(folder, key, period, form, content)


def save_found(
    database: Database, key: str, period: Days, found: Found, file: Path, by: UserId, choice: Choice = ALL
) -> Path:
    """Save what is shown of a report, totals too, as Excel or CSV as the file's ending says; noted before.

    Refused in a sentence when the file cannot be written.
    """
    form = Form.XLSX if file.suffix.lower() == ".xlsx" else Form.CSV
    log_export(database, key, period, form.value.upper(), by)
    write_whole(file, as_file(found, form, about(key, period, choice)))
    return file


About = tuple[tuple[str, str], ...]
"""What a report is, what it counts, its days and what it was narrowed to: names with what is said."""


def about(key: str, period: Days, choice: Choice) -> About:
    """What a paper says at its head, for a workbook's second sheet."""
    chosen = report(key)
    days = (("Period", show_days(period)),) if chosen.uses_period else ()
    narrowed = choice.shown() if chosen.asks else ()
    return (("Report", chosen.title), ("What it counts", chosen.definition), *days, *narrowed)


def as_file(found: Found, form: Form, head: About = ()) -> bytes:
    """Rows and totals as a workbook, with what it counts, or as CSV: rows alone, for other programs."""
    return as_csv(found) if form is Form.CSV else as_xlsx(found, head)


def write_bundle(database: Database, period: Days, folder: Path, by: UserId) -> Generator[Progress, None, Path]:
    """Put the month-end bundle into a folder that is there."""
    _refuse_missing(folder)
    pdf = yield from month_end(database, period, by)
    return _write(folder, "month-end", period, Form.PDF, pdf)


def as_csv(found: Found) -> bytes:
    """Titles, rows and totals; nothing in it is taken for a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([harmless(column.title) for column in found.columns])
    for row in (*found.rows, *([found.summed] if found.summed else [])):
        writer.writerow([harmless(show(value, column.kind)) for value, column in zip(row, found.columns, strict=True)])
    return out.getvalue().encode("utf-8-sig")


_FORMATS = {
    Kind.MONEY: "$#,##0.00;-$#,##0.00", Kind.COST: "$#,##0.0000;-$#,##0.0000",
    Kind.PERCENT: '0.0" %"', Kind.DAY: "mmm d, yyyy",
}  # fmt: skip
"""How a workbook shows a column's values, totals too."""


def as_xlsx(found: Found, head: About = ()) -> bytes:
    """The same as an Excel workbook, numbers as numbers with their unit and days as days."""
    import xlsxwriter

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet("Report")
        bold = book.add_format({"bold": True})
        shown = [
            [book.add_format({"bold": strong, "num_format": _FORMATS.get(column.kind, "General")})
             for column in found.columns]
            for strong in (False, True)
        ]  # fmt: skip
        sheet.freeze_panes(1, 0)
        last = len(found.rows) + 1
        for place, column in enumerate(found.columns):
            sheet.set_column(place, place, max(12, min(40, len(column.title) + 6)))
            sheet.write_string(0, place, column.title, bold)
        for line, row in enumerate((*found.rows, *([found.summed] if found.summed else [])), start=1):
            for place, value in enumerate(row):
                lettering = shown[line == last][place]
                if isinstance(value, int | Decimal):
                    sheet.write_number(line, place, float(value), lettering)
                elif isinstance(value, date):
                    sheet.write_datetime(line, place, value, lettering)
                elif value is not None:
                    sheet.write_string(line, place, without_controls(value)[:32_000], lettering)
        if head:
            told = book.add_worksheet("What it counts")
            told.set_column(0, 0, 16)
            told.set_column(1, 1, 100, book.add_format({"text_wrap": True, "valign": "top"}))
            for line, (name, said) in enumerate(head):
                told.write_string(line, 0, name, bold)
                told.write_string(line, 1, without_controls(said))
    return out.getvalue()


def _refuse_missing(folder: Path) -> None:
    if not folder.is_dir():
        raise Refused(f"The folder {folder} is not there. Connect it, or choose another one.")


def _write(folder: Path, key: str, period: Days, form: Form, content: bytes) -> Path:
    file = folder / f"{safe_name(f'{key} {period.first.isoformat()} {period.last.isoformat()}')}.{form.value}"
    write_whole(file, content)
    return file
