"""Lists as files: no formula, whole or not at all, refused in words."""

import csv
import zipfile
from datetime import date
from pathlib import Path

import pytest
from openpyxl import load_workbook
from pytestqt.qtbot import QtBot

from infusion_desktop.desktop.context import Desk
from infusion_desktop.desktop.table_export import export, harmless
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.errors import Refused
from infusion_desktop.progress import Progress, run_to_end
from tests.desktop.conftest import LOT_COLUMNS, Lot, make_lots

HOSTILE = ["=1+1", "+cmd", "-2+3|x", "@SUM(A1)", "\t=1", "\r=1", "\x00=1", '=HYPERLINK("x")', "\x01=1", "-A1"]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_looks_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert harmless(text).startswith("'")


@pytest.mark.parametrize("text", ["-12.50", "+3", "-$0.50", "Ann", "", "3 - 2"])
def test_plain_text_and_negative_amounts_stay_as_they_are(text: str) -> None:
    assert harmless(text) == text


def test_a_csv_file_holds_what_is_on_screen(tmp_path: Path) -> None:
    rows = [Lot(1, "=cmd()", "A1", "Łódź", 1200, date(2026, 5, 1), "Available")]
    file = run_to_end(export(tmp_path / "lots.csv", LOT_COLUMNS, rows))
    with file.open(encoding="utf-8-sig", newline="") as opened:
        lines = list(csv.reader(opened))
    assert lines[1] == ["'=cmd()", "A1", "Łódź", "1,200", "May 1, 2026", "Available"]
    assert [each.name for each in tmp_path.iterdir()] == ["lots.csv"]


def test_an_excel_file_holds_numbers_and_days_and_no_formula(tmp_path: Path) -> None:
    rows = [Lot(n, text, "A1", "x", 1200, date(2026, 5, 1), "Available") for n, text in enumerate(HOSTILE)]
    file = run_to_end(export(tmp_path / "lots.xlsx", LOT_COLUMNS, rows))
    with zipfile.ZipFile(file) as packed:
        assert not any(b"<f>" in packed.read(name) for name in packed.namelist() if name.endswith(".xml"))
    sheet = load_workbook(file).active
    assert sheet is not None
    assert sheet["A2"].value == "=1+1"
    assert sheet["A2"].data_type in {"s", "inlineStr", "f"}
    assert sheet["D2"].value == 1200
    assert sheet["E2"].value.date() == date(2026, 5, 1)


def test_a_cancelled_export_leaves_the_old_file_alone(tmp_path: Path) -> None:
    target = tmp_path / "lots.csv"
    target.write_text("old")
    steps = export(target, LOT_COLUMNS, make_lots(5_000))
    assert isinstance(next(steps), Progress)
    steps.close()
    assert target.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["lots.csv"]


def test_a_folder_that_is_gone_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="Choose another"):
        run_to_end(export(tmp_path / "gone" / "lots.csv", LOT_COLUMNS, make_lots(1)))


def test_the_button_asks_where_and_saves_the_filtered_rows(qtbot: QtBot, desk: Desk, tmp_path: Path) -> None:
    view: TableView[Lot] = TableView(LOT_COLUMNS, lambda lot: lot.id, name="Lots in stock", desk=desk)
    qtbot.addWidget(view)
    view.set_rows(make_lots(60))
    view.filter.setText("sharps")
    view.apply_filter()
    asked: list[str] = []

    def answer(_parent: object, _title: str, suggested: str, _kinds: str, then: object) -> None:
        asked.append(suggested)
        then(tmp_path / "out.csv")  # type: ignore[operator]

    view.ask_path = answer
    view.export_button.click()
    qtbot.waitUntil(lambda: desk.messages.toast.isVisible())
    assert asked == ["lots-in-stock.xlsx"]
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 1 + len(view.model.shown)
