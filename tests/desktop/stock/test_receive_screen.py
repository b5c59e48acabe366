"""Receiving by scans: known boxes, second codes, unknown codes, wrong scans, pumps, warnings."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.desktop.question import Answer
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.desktop.stock.receive_screen import ReceiveScreen
from infusion_desktop.equipment.queries import board
from infusion_desktop.stock.queries import StockRow, move_rows, stock_rows
from infusion_desktop.stock.scanning.hibc import check_character
from infusion_desktop.stock.words import ItemId

Open = Callable[..., Shell]
LATER = today() + timedelta(days=400)


def in_stock(database: Database) -> list[tuple[str, str, int, date | None]]:
    with database.reading() as session:
        rows: tuple[StockRow, ...] = stock_rows(session)
        return [(row.place, row.lot, row.on_hand, row.expires_on) for row in rows]


def gs1(code: str, lot: str = "", expires_on: date | None = None, serial: str = "") -> str:
    text = f"]d201{code}"
    if expires_on:
        text += f"17{expires_on:%y%m%d}"
    if serial:
        text += f"21{serial}\x1d"
    return text + (f"10{lot}" if lot else "")


@pytest.fixture
def bench(open_shell: Open, flush: ItemId, needle: ItemId, pump: ItemId, qtbot: QtBot) -> Shell:
    shell = open_shell("receive")
    screen = shell.screen_in_front
    assert isinstance(screen, ReceiveScreen)
    qtbot.waitUntil(lambda: screen.place.value() == "MAIN")
    return shell


@pytest.fixture
def screen(bench: Shell) -> ReceiveScreen:
    found = bench.screen_in_front
    assert isinstance(found, ReceiveScreen)
    return found


def lines(screen: ReceiveScreen) -> list[tuple[str, int, str]]:
    return [(line.item_number, line.packs, line.lot or line.serial) for line in screen.receipt.lines]


def test_boxes_are_scanned_and_received_with_ctrl_enter(
    bench: Shell, screen: ReceiveScreen, codes: dict[str, str], qtbot: QtBot, one_database: Database
) -> None:
    for _ in range(3):
        bench.on_scan(gs1(codes["box"], "A12", LATER))
    bench.on_scan(gs1(codes["box"], "B7", LATER))
    bench.on_scan("LOC:A-01")
    qtbot.waitUntil(lambda: lines(screen) == [("FL-10", 3, "A12"), ("FL-10", 1, "B7")])
    assert screen.place.value() == "A-01"
    assert screen.save_button.text() == "Receive 2 lines"
    screen.table.grid.setFocus()
    qtbot.keyClick(screen.table.grid, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: screen.receipt.lines == () and screen.last_receipt is not None)
    assert sorted(in_stock(one_database)) == [("A-01", "A12", 90, LATER), ("A-01", "B7", 30, LATER)]


def test_a_second_code_completes_the_last_line_and_nothing_known_is_overwritten(
    bench: Shell, screen: ReceiveScreen, codes: dict[str, str], qtbot: QtBot
) -> None:
    bench.on_scan(codes["box"])
    qtbot.waitUntil(lambda: [line.missing for line in screen.receipt.lines] == [("lot",)])
    bench.on_scan(f"]d217{LATER:%y%m%d}10C3")
    qtbot.waitUntil(lambda: lines(screen) == [("FL-10", 1, "C3")])
    assert screen.receipt.lines[0].expires_on == LATER
    bench.on_scan(f"]d217{LATER:%y%m%d}10D4")
    assert "another lot" in bench.messages.feedback.text.text()
    assert lines(screen) == [("FL-10", 1, "C3")]
    bench.on_scan(codes["box"])
    bench.on_scan(f"]d217{LATER:%y%m%d}10C3")
    qtbot.waitUntil(lambda: lines(screen) == [("FL-10", 2, "C3")])


def test_an_unknown_code_is_attached_once_and_the_scan_is_not_lost(
    bench: Shell, screen: ReceiveScreen, codes: dict[str, str], qtbot: QtBot, one_database: Database
) -> None:
    bench.on_scan(codes["unknown"])
    qtbot.waitUntil(lambda: screen.side.currentWidget() is screen.identify)
    bench.on_scan(f"]d217{LATER:%y%m%d}10E5")
    bench.on_scan(codes["unknown"])
    qtbot.waitUntil(lambda: len(screen.unknown) == 3)
    qtbot.keyClicks(screen.identify.picker.field, "huber")
    qtbot.waitUntil(lambda: [row.number for row in screen.identify.picker.rows] == ["HU-20"])
    qtbot.keyClick(screen.identify.picker.field, Qt.Key.Key_Return)
    screen.identify.quantity.line.clear()
    qtbot.keyClicks(screen.identify.quantity.line, "25")
    assert screen.identify.pack_name.value() == "box"
    qtbot.keyClick(screen.identify.quantity.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: lines(screen) == [("HU-20", 1, "E5"), ("HU-20", 1, "")])
    assert screen.receipt.lines[0].units == 25
    screen.undo()
    qtbot.mouseClick(screen.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: in_stock(one_database) == [("MAIN", "E5", 25, LATER)])


def test_a_wrong_scan_is_said_and_nothing_is_lost(
    bench: Shell, screen: ReceiveScreen, codes: dict[str, str], qtbot: QtBot
) -> None:
    bench.on_scan(gs1(codes["box"], "A12", LATER))
    qtbot.waitUntil(lambda: len(screen.receipt.lines) == 1)
    before = screen.receipt.lines
    heard: list[str] = []
    bench.messages.beep = lambda: heard.append("beep")
    for raw, said in (
        ("]d201008123450000110", "not used"),
        ("no such item", "neither a product code nor an item number"),
        ("DLV:4812", "label of a delivery"),
        ("LOC:NOWHERE", "no place"),
    ):
        number = len(heard)
        bench.on_scan(raw)
        qtbot.waitUntil(lambda number=number: len(heard) == number + 1)
        assert said in bench.messages.feedback.text.text()
        assert screen.receipt.lines == before
    assert bench.screen_in_front is screen


def test_pumps_go_to_the_register_by_their_serial_numbers(
    bench: Shell, screen: ReceiveScreen, codes: dict[str, str], qtbot: QtBot, one_database: Database
) -> None:
    bench.on_scan(gs1(codes["pump"], serial="sn100"))
    bench.on_scan(gs1(codes["pump"], serial="sn100"))
    bench.on_scan(gs1(codes["pump"]))
    bench.on_scan(gs1(codes["box"], "A12", LATER))
    qtbot.waitUntil(lambda: len(screen.receipt.lines) == 3)
    qtbot.mouseClick(screen.save_button, Qt.MouseButton.LeftButton)
    assert "Serial number is needed" in screen.line_form.serial.error.text()
    screen.line_form.serial.line.clear()
    qtbot.keyClicks(screen.line_form.serial.line, "sn101")
    qtbot.mouseClick(screen.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: screen.last_receipt is not None)
    with one_database.reading() as session:
        assert [row.serial for row in board(session, today())] == ["SN100", "SN101"]
    assert in_stock(one_database) == [("MAIN", "A12", 30, LATER)]


def test_an_expired_box_is_received_only_with_a_reason(
    bench: Shell, screen: ReceiveScreen, codes: dict[str, str], qtbot: QtBot, one_database: Database
) -> None:
    old = today() - timedelta(days=30)
    bench.on_scan(gs1(codes["each"], "OLD", old))
    qtbot.waitUntil(lambda: len(screen.receipt.lines) == 1)
    asked: list[str] = []

    def answer(question: object, answered: Callable[[Answer], object], _parent: object) -> None:
        asked.extend(question.sentences)  # type: ignore[attr-defined]
        answered(Answer(True, "for the training kit"))

    bench.messages.ask = answer  # type: ignore[assignment]
    qtbot.mouseClick(screen.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: in_stock(one_database) == [("MAIN", "OLD", 1, old)])
    assert "expired on" in asked[0]


def test_lines_are_corrected_in_the_side_form_and_taken_back(
    bench: Shell, screen: ReceiveScreen, codes: dict[str, str], qtbot: QtBot
) -> None:
    bench.on_scan(gs1(codes["each"], "A1", LATER))
    qtbot.waitUntil(lambda: screen.side.currentWidget() is screen.line_form)
    screen.line_form.packs.line.clear()
    qtbot.keyClicks(screen.line_form.packs.line, "12")
    screen.line_form.lot.line.clear()
    qtbot.keyClicks(screen.line_form.lot.line, "b2")
    assert lines(screen) == [("FL-10", 12, "B2")]
    screen.table.grid.setFocus()
    qtbot.keyClick(screen.table.grid, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert lines(screen) != [("FL-10", 12, "B2")]
    while screen.receipt.can_undo:
        screen.undo()
    assert lines(screen) == []
    assert not screen.save_button.isEnabled()


def test_hibc_labels_of_two_codes_belong_together(
    bench: Shell, screen: ReceiveScreen, qtbot: QtBot, one_database: Database
) -> None:
    first = "+A999HUBER1"
    link = check_character(first)
    bench.on_scan(first + link)
    qtbot.waitUntil(lambda: screen.side.currentWidget() is screen.identify)
    assert screen.identify.use_button.text() == "Attach and add"
    qtbot.keyClicks(screen.identify.picker.field, "huber")
    qtbot.waitUntil(lambda: [row.number for row in screen.identify.picker.rows] == ["HU-20"])
    qtbot.keyClick(screen.identify.picker.field, Qt.Key.Key_Return)
    screen.identify.quantity.line.clear()
    qtbot.keyClicks(screen.identify.quantity.line, "40")
    qtbot.keyClick(screen.identify.quantity.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: lines(screen) == [("HU-20", 1, "")])
    other = f"+$$3{LATER:%y%m%d}Z9" + ("1" if link != "1" else "2")
    bench.on_scan(other + check_character(other))
    assert "another label" in bench.messages.feedback.text.text()
    own = f"+$$3{LATER:%y%m%d}Z9{link}"
    bench.on_scan(own + check_character(own))
    assert lines(screen) == [("HU-20", 1, "Z9")]
    assert screen.receipt.lines[0].units == 40
    bench.on_scan(f"+A999HUBER1/$$3{LATER:%y%m%d}Z9" + check_character(f"+A999HUBER1/$$3{LATER:%y%m%d}Z9"))
    qtbot.waitUntil(lambda: lines(screen) == [("HU-20", 2, "Z9")])  # Asked once: the code is kept.


def test_without_the_permission_nothing_can_be_saved(open_shell: Open, flush: ItemId) -> None:
    shell = open_shell("receive", frozenset({Permission.SEE_STOCK}))
    assert shell.screen_in_front is None


def test_the_last_receipt_can_be_looked_at(
    bench: Shell, screen: ReceiveScreen, codes: dict[str, str], qtbot: QtBot, one_database: Database, by: UserId
) -> None:
    bench.on_scan(gs1(codes["each"], "A1", LATER))
    qtbot.waitUntil(lambda: len(screen.receipt.lines) == 1)
    screen.save()
    qtbot.waitUntil(lambda: screen.last_button.isVisible())
    with one_database.reading() as session:
        assert [move.document for move in move_rows(session)] == [f"receipt {screen.last_receipt}"]


def test_a_box_scanned_while_the_rest_is_being_saved_stays_for_the_next_receipt(
    bench: Shell, screen: ReceiveScreen, codes: dict[str, str], qtbot: QtBot, one_database: Database
) -> None:
    bench.on_scan(gs1(codes["box"], "A12", LATER))
    screen.save()  # The scan is still being read: it is saved with it.
    qtbot.waitUntil(lambda: not screen.save_button.isEnabled() and len(screen.receipt.lines) == 1)
    screen.receipt.edit(replace(screen.receipt.lines[0], packs=3))
    qtbot.waitUntil(lambda: screen.last_receipt is not None)
    assert in_stock(one_database) == [("MAIN", "A12", 30, LATER)]
    assert lines(screen) == [("FL-10", 2, "A12")]


def test_typing_into_one_line_is_one_step_to_undo(
    bench: Shell, screen: ReceiveScreen, codes: dict[str, str], qtbot: QtBot
) -> None:
    bench.on_scan(codes["box"])
    qtbot.waitUntil(lambda: len(screen.receipt.lines) == 1)
    qtbot.keyClicks(screen.line_form.lot.line, "long lot 77")
    assert lines(screen) == [("FL-10", 1, "LONG LOT 77")]
    screen.undo()
    assert lines(screen) == [("FL-10", 1, "")]
    assert screen.line_form.lot.value() == ""
