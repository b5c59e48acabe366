"""The catalogue: items added, changed, ended, and a file imported only when it is clean."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.desktop.question import Answer
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.desktop.stock.catalogue_screen import CatalogueScreen
from infusion_desktop.desktop.stock.import_dialog import ImportItemsDialog
from infusion_desktop.desktop.stock.item_dialog import ItemDialog, PackDialog
from infusion_desktop.desktop.stock.opening_dialog import OpeningDialog
from infusion_desktop.stock.catalogue import Pack
from infusion_desktop.stock.queries import item_page, item_rows, stock_rows
from infusion_desktop.stock.words import Container, ItemId, ItemKind

Open = Callable[..., Shell]
HEAD = "Item number,Description,Type,Unit cost,What we call minimum\n"


@pytest.fixture
def shell(open_shell: Open, flush: ItemId, qtbot: QtBot) -> Shell:
    shell = open_shell("catalogue")
    screen = shell.screen_in_front
    assert isinstance(screen, CatalogueScreen)
    qtbot.waitUntil(lambda: len(screen.table.model.rows) == 1)
    return shell


@pytest.fixture
def screen(shell: Shell) -> CatalogueScreen:
    found = shell.screen_in_front
    assert isinstance(found, CatalogueScreen)
    return found


def modal(kind: type[QWidget]) -> QWidget:
    found = QApplication.activeModalWidget()
    assert isinstance(found, kind)
    return found


def on_hand(database: Database) -> list[int]:
    with database.reading() as session:
        return [row.on_hand for row in stock_rows(session)]


def numbers(database: Database) -> set[str]:
    with database.reading() as session:
        return {row.number for row in item_rows(session)}


def test_a_file_with_a_bad_row_is_shown_and_imported_once_mended(
    screen: CatalogueScreen, qtbot: QtBot, tmp_path: Path, one_database: Database
) -> None:
    file = tmp_path / "items.csv"
    file.write_text(HEAD + "G1,Gauze 4x4,dressing,0.0345,100\nG2,Tape,bandage,1.00,10\n")
    qtbot.mouseClick(screen.import_button, Qt.MouseButton.LeftButton)
    dialog = modal(ImportItemsDialog)
    assert isinstance(dialog, ImportItemsDialog)
    dialog.read_file(file)
    qtbot.waitUntil(lambda: len(dialog.problems.model.shown) == 1)
    [(_, problem)] = dialog.problems.model.shown
    assert (problem.line, problem.column) == (3, "Type")
    assert "bandage" in problem.reason
    assert not dialog.save_button.isEnabled()
    file.write_text(HEAD + "G1,Gauze 4x4,dressing,0.0345,100\nG2,Tape,other,1.00,10\n")
    dialog.read_file(file)
    qtbot.waitUntil(lambda: dialog.save_button.isEnabled())
    assert dialog.save_button.text() == "Import 2 items"
    choice = dialog.columns.choices["reorder_point"]
    choice.setCurrentIndex(choice.findData(4))
    choice.activated.emit(choice.currentIndex())
    qtbot.waitUntil(lambda: [row.item.reorder_point for row in dialog.rows.model.shown] == [100, 10])
    qtbot.waitUntil(lambda: dialog.save_button.isEnabled())
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: {row.number for row in screen.table.model.rows} == {"FL-10", "G1", "G2"})
    assert numbers(one_database) == {"FL-10", "G1", "G2"}


def test_a_file_that_clashes_or_is_no_table_changes_nothing(
    screen: CatalogueScreen, qtbot: QtBot, tmp_path: Path, one_database: Database
) -> None:
    screen.import_file()
    dialog = modal(ImportItemsDialog)
    assert isinstance(dialog, ImportItemsDialog)
    file = tmp_path / "items.csv"
    file.write_text(HEAD + "FL-10,Another flush,flush,1,1\n")
    dialog.read_file(file)
    qtbot.waitUntil(
        lambda: [row.reason for _, row in dialog.problems.model.shown] == ["there is an item FL-10 already."]
    )
    file.write_bytes(b"\x00\x01")
    dialog.read_file(file)
    qtbot.waitUntil(lambda: "not a text file" in dialog.banner.text.text())
    assert not dialog.save_button.isEnabled()
    dialog.press()
    dialog.reject()
    assert numbers(one_database) == {"FL-10"}


def test_an_item_is_added_by_keyboard_and_its_mistakes_are_said_at_the_field(
    shell: Shell, screen: CatalogueScreen, qtbot: QtBot, codes: dict[str, str], one_database: Database
) -> None:
    screen.add_item()
    dialog = modal(ItemDialog)
    assert isinstance(dialog, ItemDialog)
    qtbot.keyClicks(dialog.number.line, "HU-22")
    qtbot.keyClick(dialog.number.line, Qt.Key.Key_Return)
    assert dialog.name.error.text() == "Name is needed."
    qtbot.keyClicks(dialog.name.line, "Huber needle 22 G")
    dialog.kind.set_value(ItemKind.NEEDLE)
    qtbot.keyClicks(dialog.cost.line, "1.23456")
    qtbot.keyClick(dialog.cost.line, Qt.Key.Key_Return)
    assert "four places" in dialog.cost.error.text()
    dialog.cost.set_value("1.2345")
    shell.on_scan(codes["each"])
    assert dialog.gtin.value() == codes["each"]
    qtbot.keyClick(dialog.name.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "belongs to item FL-10" in dialog.banner.text.text())
    dialog.gtin.set_value(codes["unknown"])
    qtbot.keyClick(dialog.name.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: screen.view.facts is not None)
    assert screen.view.facts is not None
    made = screen.view.facts.page
    assert (made.item.number, made.item.unit_cost, made.item.packs) == (
        "HU-22", Decimal("1.2345"), (Pack("each", 1, codes["unknown"]),),
    )  # fmt: skip


def test_an_item_is_opened_changed_given_a_pack_and_ended(
    shell: Shell, screen: CatalogueScreen, qtbot: QtBot, flush: ItemId, codes: dict[str, str], one_database: Database
) -> None:
    screen.table.grid.selectRow(0)
    qtbot.keyClick(screen.table.grid, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: screen.stack.currentWidget() is screen.view)
    qtbot.mouseClick(screen.view.change_button, Qt.MouseButton.LeftButton)
    dialog = modal(ItemDialog)
    assert isinstance(dialog, ItemDialog)
    assert dialog.cost.value() == "0.3545"
    assert dialog.container.value() is Container.AS_ITS_CODE
    dialog.container.set_value(Container.PREFILLED)
    dialog.name.set_value("Saline flush 10 mL, sterile")
    dialog.press()
    qtbot.waitUntil(lambda: screen.view.name.text() == "Saline flush 10 mL, sterile")
    assert "prefilled syringe or cassette" in [each.text() for each in screen.view.findChildren(QLabel)]
    qtbot.mouseClick(screen.view.pack_button, Qt.MouseButton.LeftButton)
    pack = modal(PackDialog)
    assert isinstance(pack, PackDialog)
    shell.on_scan(codes["unknown"])
    qtbot.keyClicks(pack.name.line, "case")
    qtbot.keyClicks(pack.quantity.line, "480")
    qtbot.keyClick(pack.quantity.line, Qt.Key.Key_Return)
    with one_database.reading() as session:
        qtbot.waitUntil(lambda: screen.view.facts is not None and len(screen.view.facts.page.item.packs) == 3)
        page = item_page(session, flush)
    assert page is not None
    assert page.item.packs[-1] == Pack("case", 480, codes["unknown"])
    shell.messages.ask = lambda _asked, answered, _parent: answered(Answer(True))  # type: ignore[assignment]
    qtbot.mouseClick(screen.view.end_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not screen.view.end_button.isEnabled())
    shell.activateWindow()
    qtbot.waitUntil(shell.isActiveWindow)
    screen.view.lots.grid.setFocus()
    qtbot.keyClick(screen.view.lots.grid, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: screen.table.isVisible())
    assert list(screen.table.model.shown) == []


def test_a_scanned_box_opens_its_item_and_roles_without_the_right_only_look(
    open_shell: Open, flush: ItemId, qtbot: QtBot, codes: dict[str, str]
) -> None:
    shell = open_shell("catalogue", frozenset({Permission.SEE_STOCK}))
    screen = shell.screen_in_front
    assert isinstance(screen, CatalogueScreen)
    shell.on_scan(codes["box"])
    qtbot.waitUntil(lambda: screen.view.isVisible() and screen.view.name.text() == "Saline flush 10 mL")
    assert not screen.view.change_button.isEnabled()
    assert screen.view.change_button.toolTip() == "Pharmacists change the catalogue."


def test_opening_balances_are_looked_at_taken_in_and_taken_back(
    screen: CatalogueScreen, qtbot: QtBot, tmp_path: Path, one_database: Database
) -> None:
    file, mend = tmp_path / "opening.csv", tmp_path / "mend.csv"
    file.write_text("Item,Lot,Bin,Quantity\nFL-10,A1,MAIN,12\nNO-1,A2,MAIN,3\n")
    screen.import_opening()
    dialog = modal(OpeningDialog)
    assert isinstance(dialog, OpeningDialog)
    dialog.read_file(file)
    qtbot.waitUntil(lambda: [row[1].line for row in dialog.problems.model.rows] == [3])
    assert "1 problem on 1 line; 1 are good." in dialog.state.text()
    dialog.save_bad_lines(mend)
    qtbot.waitUntil(mend.exists)
    assert "NO-1" in mend.read_text("utf-8-sig")
    file.write_text("Article,Lot,Bin,How many\nFL-10,A1,MAIN,12\n")
    dialog.read_file(file)
    qtbot.waitUntil(lambda: dialog.tabs.tabText(dialog.tabs.currentIndex()) == "Columns")
    assert dialog.state.text().startswith("No column holds the quantity and the item or gtin. Match the columns")
    for field, column in (("item", 0), ("quantity", 3)):
        choice = dialog.columns.choices[field]
        choice.setCurrentIndex(choice.findData(column))
    choice.activated.emit(choice.currentIndex())
    qtbot.waitUntil(dialog.save_button.isEnabled)
    assert [row.units for row in dialog.rows.model.rows] == [12]
    file.write_text("Item,Lot,Bin,Quantity\nFL-10,A1,MAIN,12\n")
    dialog.read_file(file)
    qtbot.waitUntil(dialog.save_button.isEnabled)
    assert dialog.save_button.text() == "Take in 1"
    dialog.press()
    qtbot.waitUntil(lambda: on_hand(one_database) == [12])
    screen.import_opening()
    again = modal(OpeningDialog)
    assert isinstance(again, OpeningDialog)
    qtbot.waitUntil(lambda: len(again.batches.model.rows) == 1)
    again.undo(again.batches.model.rows[0], Answer(True, "the wrong file"))
    qtbot.waitUntil(lambda: again.batches.model.rows[0].undone)
    assert on_hand(one_database) == []
