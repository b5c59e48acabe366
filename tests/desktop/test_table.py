"""The table model and its view: order, filter, selection, copy and empty states."""

from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from infusion_desktop.desktop.table import TONE_ROLE, Chip, TableModel
from infusion_desktop.desktop.table_view import TableView
from tests.desktop.conftest import LOT_COLUMNS, TONES, Lot, make_lots
from tests.effort import light

EXPIRES, ON_HAND, STATE = 4, 3, 5
SHOWN, SORTED, FILTERED = 10, 25, 12
"""Pieces of plain work, for what a person waits for."""


@pytest.fixture
def model(qtmodeltester: ModelTester) -> TableModel[Lot]:
    return TableModel(LOT_COLUMNS, lambda lot: lot.id)


def _view(qtbot: QtBot, **options: object) -> TableView[Lot]:
    view: TableView[Lot] = TableView(LOT_COLUMNS, lambda lot: lot.id, name="Lots", noun=("lot", "lots"), **options)  # type: ignore[arg-type]
    qtbot.addWidget(view)
    view.resize(1000, 500)
    view.show()
    return view


def test_the_model_keeps_the_rules_of_qt(model: TableModel[Lot], qtmodeltester: ModelTester) -> None:
    model.set_rows(make_lots(20))
    model.sort(EXPIRES)
    model.set_filter("dressing")
    qtmodeltester.check(model)


def test_lots_sort_by_day_and_lots_without_a_day_come_last_both_ways(model: TableModel[Lot]) -> None:
    model.set_rows(make_lots(120))
    for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
        model.sort(EXPIRES, order)
        days = [lot.expires_on for lot in model.shown]
        known = [day for day in days if day is not None]
        assert known == sorted(known, reverse=order == Qt.SortOrder.DescendingOrder)
        assert days[len(known) :] == [None] * 3


def test_numbers_sort_as_numbers_and_a_third_click_gives_back_the_first_order(model: TableModel[Lot]) -> None:
    rows = make_lots(50)
    model.set_rows(rows)
    model.sort(ON_HAND)
    assert [lot.on_hand for lot in model.shown] == sorted(lot.on_hand for lot in rows)
    model.sort(-1)
    assert tuple(model.shown) == rows


def test_the_filter_wants_every_word_in_any_column(model: TableModel[Lot]) -> None:
    model.set_rows(make_lots(400))
    model.set_filter("DRESSING aisle 3")
    assert model.shown
    assert all("dressing" in lot.item and "3" in f"{lot}" and "Aisle" in lot.place for lot in model.shown)
    model.set_filter("")
    assert len(model.shown) == 400


def test_the_filter_still_holds_after_new_rows_and_another_order(model: TableModel[Lot]) -> None:
    model.set_filter("sharps")
    model.set_rows(make_lots(300))
    found = {lot.id for lot in model.shown}
    model.sort(EXPIRES)
    assert {lot.id for lot in model.shown} == found == {lot.id for lot in make_lots(300) if "Sharps" in lot.item}


def test_chips_of_one_group_widen_and_of_two_groups_narrow(model: TableModel[Lot]) -> None:
    model.set_rows(make_lots(300))
    soon = Chip[Lot]("Soon", lambda lot: lot.state == "Expires soon", group="state")
    held = Chip[Lot]("Held", lambda lot: lot.state == "Quarantined", group="state")
    few = Chip[Lot]("Few", lambda lot: lot.on_hand < 500)
    model.set_chips([soon, held])
    both = len(model.shown)
    assert {lot.state for lot in model.shown} == {"Expires soon", "Quarantined"}
    model.set_chips([soon, held, few])
    assert 0 < len(model.shown) < both
    assert all(lot.on_hand < 500 for lot in model.shown)


def test_numbers_stand_right_and_a_state_has_a_tone(model: TableModel[Lot]) -> None:
    model.set_rows(make_lots(1))
    at = model.index(0, ON_HAND).data(Qt.ItemDataRole.TextAlignmentRole)
    assert Qt.AlignmentFlag(at) & Qt.AlignmentFlag.AlignRight
    assert model.index(0, STATE).data(TONE_ROLE) is TONES[make_lots(1)[0].state]
    assert model.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole).startswith("Item: ")


def sort_by(view: TableView[Lot], title: str, *, descending: bool = False) -> None:
    """As a click on the header does."""
    place = [column.title for column in view.model.columns].index(title)
    view.grid.sortByColumn(place, Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder)


def test_the_selection_follows_its_lot_through_sort_filter_and_new_rows(qtbot: QtBot) -> None:
    view = _view(qtbot)
    view.set_rows(make_lots(200))
    view.select_ids([17])
    sort_by(view, "Expires", descending=True)
    assert [lot.id for lot in view.selected_rows()] == [17]
    view.set_rows(make_lots(150))
    assert view.current_row() == make_lots(150)[17]
    view.filter.setText("zzz")
    view.apply_filter()
    assert view.selected_rows() == []
    view.clear_filter()
    assert [lot.id for lot in view.selected_rows()] == [17]


def test_a_click_on_the_header_sorts(qtbot: QtBot) -> None:
    view = _view(qtbot)
    view.set_rows(make_lots(60))
    header = view.grid.horizontalHeader()
    spot = header.sectionViewportPosition(ON_HAND) + 12
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=header.rect().topLeft().__class__(spot, 10))
    assert [lot.on_hand for lot in view.model.shown] == sorted(lot.on_hand for lot in make_lots(60))


def test_enter_and_double_click_open_the_row(qtbot: QtBot) -> None:
    view = _view(qtbot)
    view.set_rows(make_lots(5))
    view.grid.selectRow(3)
    with qtbot.waitSignal(view.opened) as opened:
        qtbot.keyClick(view.grid, Qt.Key.Key_Return)
    assert opened.args[0].id == 3
    with qtbot.waitSignal(view.opened):
        view.grid.doubleClicked.emit(view.model.index(3, 0))


def test_typing_filters_and_enter_goes_into_the_list(qtbot: QtBot) -> None:
    view = _view(qtbot)
    view.set_rows(make_lots(100))
    qtbot.keyClicks(view.filter, "huber")
    qtbot.waitUntil(lambda: 0 < len(view.model.shown) < 100)
    assert view.count.text() == f"{len(view.model.shown)} of 100 lots"
    qtbot.keyClick(view.filter, Qt.Key.Key_Return)
    assert view.current_row() == view.model.shown[0]


def test_an_empty_list_says_what_to_do_next_and_offers_it(qtbot: QtBot) -> None:
    pressed: list[bool] = []
    view = _view(qtbot, empty="Scan a box to receive it.", empty_button=("Receive", lambda: pressed.append(True)))
    assert view.empty.isVisible()
    assert view.empty.text() == "Scan a box to receive it."
    view.empty_button.click()
    assert pressed == [True]
    view.set_rows(make_lots(3))
    view.filter.setText("nothing like this")
    view.apply_filter()
    assert view.clear_button.isVisible()
    assert not view.empty_button.isVisible()
    view.clear_button.click()
    assert view.grid.isVisible()


def test_copied_rows_carry_the_shown_columns_and_no_formula(qtbot: QtBot) -> None:
    view = _view(qtbot)
    view.set_rows([Lot(1, "=cmd()\tx", "A1", "Aisle 1", 5, None, "Available")])
    view.show_column("Place", shown=False)
    view.grid.selectRow(0)
    view.copy()
    header, row = QGuiApplication.clipboard().text().split("\n")
    assert header == "Item\tLot\tOn hand\tExpires\tState"
    assert row == "'=cmd() x\tA1\t5\t\tAvailable"


def test_chosen_columns_are_kept_for_the_next_time(qtbot: QtBot, tmp_path: Path) -> None:
    def settings() -> QSettings:
        return QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)

    first = _view(qtbot, settings=settings())
    first.set_rows(make_lots(3))
    action = next(each for each in first.column_menu().actions() if each.text() == "Lot")
    action.setChecked(False)
    second = _view(qtbot, settings=settings())
    assert "Lot" not in [column.title for column in second.shown_columns()]


def test_one_column_always_stays(qtbot: QtBot) -> None:
    view = _view(qtbot)
    for column in LOT_COLUMNS:
        view.show_column(column.title, shown=False)
    assert len(view.shown_columns()) == 1


def test_a_hundred_thousand_lots_stay_quick(qtbot: QtBot) -> None:
    """`benchmarks/stock_list.py` measures it; here none of it may become another order of work."""
    view = _view(qtbot)
    lots = make_lots(100_000)

    def show() -> None:
        view.set_rows(lots)
        view.grab()

    light(show, SHOWN)
    light(lambda: sort_by(view, "Expires"), SORTED)
    light(lambda: sort_by(view, "On hand"), SORTED)
    qtbot.waitUntil(lambda: view.model.is_searchable)
    words = iter(("dressing 3", "dressing 4", "dressing 5"))
    light(lambda: view.model.set_filter(next(words)), FILTERED)
