"""Lots by place: what expires, moving, writing off, holding; and the ledger of it all."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.desktop.question import Answer
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.desktop.stock.lot_dialogs import LotMovesDialog, MoveDialog, WriteOffDialog
from infusion_desktop.desktop.stock.moves_screen import MovesScreen
from infusion_desktop.desktop.stock.stock_screen import StockScreen
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from infusion_desktop.stock.queries import move_rows
from infusion_desktop.stock.verify import problems
from infusion_desktop.stock.words import ItemId, MoveReason, WriteOffCode

Open = Callable[..., Shell]


@pytest.fixture
def shell(open_shell: Open, flush: ItemId, needle: ItemId, one_database: Database, by: UserId, qtbot: QtBot) -> Shell:
    day = today()
    lines = (
        ReceiptLine(flush, 100, None, "SOON", day + timedelta(days=20)),
        ReceiptLine(flush, 50, None, "LATE", day + timedelta(days=400)),
        ReceiptLine(needle, 5, None, "N1", day + timedelta(days=80)),
    )
    receive(one_database, NewReceipt(lines), by)
    receive(one_database, NewReceipt((ReceiptLine(needle, 3, None, "N2"),), "QUARANTINE"), by)
    shell = open_shell("stock")
    screen = shell.screen_in_front
    assert isinstance(screen, StockScreen)
    qtbot.waitUntil(lambda: len(screen.table.model.rows) == 4)
    return shell


@pytest.fixture
def screen(shell: Shell) -> StockScreen:
    found = shell.screen_in_front
    assert isinstance(found, StockScreen)
    return found


def shown(screen: StockScreen) -> list[str]:
    return [row.lot for row in screen.table.model.shown]


def choose(screen: StockScreen, lot: str) -> None:
    screen.table.select_ids([row.id for row in screen.rows if row.lot == lot])


def test_chips_show_what_expires_and_what_is_set_aside(screen: StockScreen) -> None:
    chips = {chip.title: press for chip, press in screen.table.chips}
    for title, lots in (("30 days", ["SOON"]), ("90 days", ["N1", "SOON"]), ("Quarantine", ["N2"]), ("Expired", [])):
        chips[title].click()
        assert sorted(shown(screen)) == lots
        chips[title].click()
    assert screen.soon.number.text() == "1 lot"
    assert screen.blocked.number.text() == "1 lot"


def test_a_lot_is_moved_to_a_scanned_shelf(
    shell: Shell, screen: StockScreen, qtbot: QtBot, one_database: Database
) -> None:
    choose(screen, "SOON")
    qtbot.mouseClick(screen.move_button, Qt.MouseButton.LeftButton)
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, MoveDialog)
    dialog.quantity.set_value(500)
    shell.on_scan("LOC:A-01")
    assert dialog.to.value() == "A-01"
    dialog.press()
    qtbot.waitUntil(lambda: dialog.banner.isVisible())
    assert "SOON" in dialog.banner.text.text()
    dialog.quantity.set_value(40)
    qtbot.keyClick(dialog.quantity.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: sorted(r.on_hand for r in screen.rows if r.lot == "SOON") == [40, 60])
    shell.on_scan("LOC:A-01")
    assert shown(screen) == ["SOON"]


def test_broken_units_are_written_off_with_what_happened(
    screen: StockScreen, qtbot: QtBot, one_database: Database
) -> None:
    choose(screen, "N1")
    qtbot.mouseClick(screen.write_off_button, Qt.MouseButton.LeftButton)
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, WriteOffDialog)
    dialog.quantity.set_value(2)
    dialog.reason.set_value(WriteOffCode.BROKEN)
    dialog.press()
    assert dialog.note.error.text() == "Say in a few words what happened."
    qtbot.keyClicks(dialog.note.line, "dropped")
    qtbot.keyClick(dialog.note.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: [row.on_hand for row in screen.rows if row.lot == "N1"] == [3])
    with one_database.reading() as session:
        assert move_rows(session)[0].note == "dropped or broken: dropped"
        assert problems(session) == ()


def test_a_lot_is_held_and_released(shell: Shell, screen: StockScreen, qtbot: QtBot) -> None:
    choose(screen, "LATE")
    shell.messages.ask = lambda _asked, answered, _parent: answered(  # type: ignore[assignment]
        Answer(True, "torn seals")
    )
    qtbot.mouseClick(screen.hold_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: [row.held for row in screen.rows if row.lot == "LATE"] == ["torn seals"])
    assert screen.hold_button.text() == "Release"
    qtbot.mouseClick(screen.hold_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: [row.held for row in screen.rows if row.lot == "LATE"] == [""])


def test_a_scanned_box_shows_its_lots(shell: Shell, screen: StockScreen, qtbot: QtBot, codes: dict[str, str]) -> None:
    shell.on_scan(f"]d201{codes['box']}10LATE")
    qtbot.waitUntil(lambda: shown(screen) == ["LATE"])
    shell.on_scan(f"]d201{codes['box']}10GONE")
    qtbot.waitUntil(lambda: "no such lot" in shell.messages.feedback.text.text())


def test_enter_shows_the_moves_of_a_lot(screen: StockScreen, qtbot: QtBot) -> None:
    choose(screen, "SOON")
    screen.table.grid.setFocus()
    qtbot.keyClick(screen.table.grid, Qt.Key.Key_Return)
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, LotMovesDialog)
    qtbot.waitUntil(lambda: [move.reason for move in dialog.table.model.shown] == [MoveReason.RECEIVED])
    dialog.accept()


def test_the_ledger_shows_everything_or_one_receipt(shell: Shell, qtbot: QtBot) -> None:
    shell.go("moves")
    moves = shell.screen_in_front
    assert isinstance(moves, MovesScreen)
    qtbot.waitUntil(lambda: len(moves.table.model.shown) == 4)
    shell.open("receipt", 2)
    qtbot.waitUntil(lambda: [move.lot for move in moves.table.model.shown] == ["N2"])
    assert moves.only.text() == "Only receipt 2"
    qtbot.mouseClick(moves.all_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(moves.table.model.shown) == 4)


def test_who_only_looks_is_told_who_may(open_shell: Open, shell: Shell, qtbot: QtBot) -> None:
    screen = open_shell("stock", frozenset({Permission.SEE_STOCK})).screen_in_front
    assert isinstance(screen, StockScreen)
    qtbot.waitUntil(lambda: len(screen.rows) == 4)
    choose(screen, "SOON")
    assert not screen.move_button.isEnabled()
    assert screen.move_button.toolTip() == "Technicians and pharmacists move stock."
    assert screen.moves_button.isEnabled()
