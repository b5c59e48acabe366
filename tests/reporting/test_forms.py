"""Every report in all its forms, over the demonstration pharmacy: paper, workbook and CSV hold the same rows."""

import csv
import io
from collections.abc import Iterator

import pypdfium2
import pytest
from openpyxl import load_workbook

from infusion_desktop.access.people import everybody
from infusion_desktop.access.roles import Role
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import ONE_DAY, month_of, show_days, today
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.reporting.papers import as_pdf, run
from infusion_desktop.reporting.registry import REPORTS
from infusion_desktop.reporting.report import ALL, Room
from infusion_desktop.reporting.report_files import about, as_file
from infusion_desktop.reporting.words import Form
from reports.table_report import Kind
from tests.conftest import Demonstrations


@pytest.fixture(scope="module")
def pharmacy(demonstrations: Demonstrations) -> Iterator[Database]:
    with demonstrations() as place:
        database = open_pharmacy(place)
        yield database
        database.close()


@pytest.mark.parametrize("room", Room)
def test_every_report_is_a_paper_a_workbook_and_csv_and_says_what_it_counts(pharmacy: Database, room: Room) -> None:
    """The same rows in all three; numbers are numbers in the workbook, and money says that it is money."""
    period = month_of(month_of(today()).first - ONE_DAY)
    with pharmacy.reading() as session:
        by = next(person.id for person in everybody(session) if Role.ADMINISTRATOR in person.roles)
        for each in (each for each in REPORTS if each.room is room):
            found = run(session, each.key, period, by)
            lines = len(found.rows) + (found.summed is not None)
            assert each.definition.endswith(".") and not each.definition.startswith("The same"), each.key

            with pypdfium2.PdfDocument(as_pdf(session, each.key, period, by)) as pdf:
                words = " ".join(pdf[0].get_textpage().get_text_bounded().split())
            assert each.title in words and each.definition in words, each.key
            assert not each.uses_period or show_days(period) in words, each.key

            written = as_file(found, Form.CSV).decode("utf-8-sig")
            assert len(list(csv.reader(io.StringIO(written)))) == 1 + lines, each.key

            book = load_workbook(io.BytesIO(as_file(found, Form.XLSX, about(each.key, period, ALL))))
            sheet, told = book.worksheets
            assert (sheet.max_row, sheet.max_column) == (1 + lines, len(found.columns)), each.key
            assert told["B1"].value == each.title and told["B2"].value == each.definition
            for place, column in enumerate(found.columns, 1):
                cells = [sheet.cell(row, place) for row in range(2, 2 + lines)]
                numbers = [cell for cell in cells if isinstance(cell.value, int | float)]
                assert column.kind not in (Kind.TEXT, Kind.DAY) or not numbers, (each.key, column.title)
                assert column.kind is not Kind.MONEY or all("$" in cell.number_format for cell in numbers), each.key
