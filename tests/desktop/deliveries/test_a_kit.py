"""One kit through the screens, as people do it: planned, released, picked, verified, shipped, signed for."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from infusion_desktop.access.people import set_pin
from infusion_desktop.access.roles import Role
from infusion_desktop.dates import Days, today
from infusion_desktop.deliveries.bench.picking import pick_all
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.plans.planning import Wanted, plan, plan_items
from infusion_desktop.deliveries.queries import DeliveryPage, delivery_page
from infusion_desktop.deliveries.verify import problems
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.desktop.deliveries.bench_screen import BenchScreen
from infusion_desktop.desktop.deliveries.board_screen import BoardScreen
from infusion_desktop.desktop.deliveries.deliver_dialog import DeliverDialog, read_time
from infusion_desktop.desktop.deliveries.delivery_screen import DeliveryScreen
from infusion_desktop.desktop.deliveries.plan_screen import PlanScreen
from infusion_desktop.desktop.deliveries.small_dialogs import AddItemDialog, QuantityDialog, SayDialog, ShortDialog
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.desktop.signature import SignaturePad
from infusion_desktop.equipment.custody import clean, pass_check
from infusion_desktop.equipment.queries import board
from infusion_desktop.equipment.registering import NewAsset, register
from infusion_desktop.errors import Refused
from infusion_desktop.patients.queries import therapies_of
from infusion_desktop.patients.words import Method
from infusion_desktop.stock.catalogue import NewItem, add_item
from infusion_desktop.stock.moving import hold_lot
from infusion_desktop.stock.queries import stock_rows
from infusion_desktop.stock.words import ItemKind

from .conftest import DRUG, FLUSH, LATER, OTHER, PASSWORD, PIN, House, gs1, sign_on

Open = Callable[..., Shell]
S = TypeVar("S", bound=Screen)


def in_front(shell: Shell, kind: type[S]) -> S:
    screen = shell.screen_in_front
    assert isinstance(screen, kind)
    return screen


def page_of(house: House, delivery_id: DeliveryId) -> DeliveryPage:
    with house.database.reading() as session:
        return delivery_page(session, delivery_id, today())


@pytest.fixture
def draft(house: House) -> DeliveryId:
    with house.database.reading() as session:
        therapy = therapies_of(session, house.patient)[0].id
    period = Days(today(), today() + timedelta(days=6))
    return plan(house.database, therapy, period, today(), {}, house.administrator)


@pytest.fixture
def released(house: House, draft: DeliveryId) -> DeliveryId:
    release(house.database, draft, house.administrator)
    return draft


def type_into(qtbot: QtBot, line: QLineEdit, text: str) -> None:
    line.selectAll()
    qtbot.keyClicks(line, text)


def sign(qtbot: QtBot, pad: SignaturePad) -> None:
    left = Qt.MouseButton.LeftButton
    qtbot.mousePress(pad, left, pos=QPoint(40, 60))
    qtbot.mouseMove(pad, QPoint(120, 40))
    qtbot.mouseRelease(pad, left, pos=QPoint(180, 70))


def test_a_plan_follows_the_count_at_home_and_becomes_a_released_delivery(
    open_shell: Open, house: House, qtbot: QtBot
) -> None:
    shell = open_shell("deliveries")
    qtbot.mouseClick(in_front(shell, BoardScreen).new_button, Qt.MouseButton.LeftButton)
    screen = in_front(shell, PlanScreen)
    qtbot.keyClicks(screen.picker.field, "lukasik")
    qtbot.waitUntil(lambda: [row.last_name for row in screen.picker.rows] == ["Łukasik"])
    qtbot.keyClick(screen.picker.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: screen.shown is not None)
    assert screen.shown is not None
    assert [(line.to_send, line.why) for line in screen.shown.lines] == [
        (7, "1 per dose × 7 doses (1 a day on 7 days) = 7"),
        (30, "2 per dose × 7 doses (1 a day on 7 days) = 14; up to whole packs of 30 = 30"),
    ]
    qtbot.keyClicks(screen.lines.counts[house.drug], "2")
    qtbot.waitUntil(lambda: screen.shown is not None and screen.shown.lines[0].to_send == 5)
    qtbot.mouseClick(screen.save_button, Qt.MouseButton.LeftButton)
    assert "whom you asked" in screen.told_by.error.text()
    qtbot.keyClicks(screen.told_by.line, "Ann")
    qtbot.keyClick(screen.told_by.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: isinstance(shell.screen_in_front, DeliveryScreen))
    page = in_front(shell, DeliveryScreen)
    qtbot.waitUntil(lambda: page.shown is not None)
    assert page.delivery_id is not None
    page.lines.grid.selectRow(0)
    qtbot.keyClick(page.lines.grid, Qt.Key.Key_Return)
    dialog = page.dialog
    assert isinstance(dialog, QuantityDialog)
    type_into(qtbot, dialog.quantity.line, "100")
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    assert "needed" in dialog.reason.error.text()
    qtbot.keyClicks(dialog.reason.line, "travels")
    qtbot.keyClick(dialog.reason.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.shown is not None and page.shown.lines[0].to_send == 100)
    qtbot.mouseClick(page.buttons["release"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "60 short" in page.found.text.text())
    assert page_of(house, page.delivery_id).row.state is DeliveryState.RELEASED


def test_a_kit_is_picked_verified_shipped_and_signed_for(
    open_shell: Open, house: House, released: DeliveryId, qtbot: QtBot, tmp_path: Path
) -> None:
    set_pin(house.database, house.technician, PASSWORD, "1002", PIN)
    shell = open_shell("today", Role.TECHNICIAN)
    number = page_of(house, released).row.number
    shell.on_scan(f"DLV:{number}")
    qtbot.waitUntil(lambda: isinstance(shell.screen_in_front, BenchScreen))
    bench = in_front(shell, BenchScreen)
    qtbot.waitUntil(lambda: bench.state is DeliveryState.RELEASED)
    assert bench.next_panel.place.text() == "Aisle A, bin 1"
    _wrong_box_is_said(shell, bench, qtbot)
    for count in range(1, 4):
        shell.on_scan(gs1(DRUG, "CEF1"))
        qtbot.waitUntil(lambda count=count: bench.lines[0].done == count)
    qtbot.mouseClick(bench.undo_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bench.lines[0].done == 2)
    bench.table.select_ids([bench.lines[0].id])
    qtbot.keyClicks(bench.next_panel.quantity.line, "7")
    qtbot.keyClick(bench.next_panel.quantity.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bench.lines[0].is_done)
    assert bench.next_panel.place.text() == "Aisle B, bin 7"
    shell.on_scan(gs1(FLUSH, "FL1"))
    qtbot.waitUntil(lambda: bench.side.currentWidget() is bench.sign_on)
    _second_person_verifies(shell, bench, qtbot)
    _packed_and_handed_over(shell, bench, qtbot)
    assert page_of(house, released).row.state is DeliveryState.SHIPPED
    steps = [(step.step.value, step.by) for step in page_of(house, released).steps]
    assert ("pick", "Tom Brand") in steps
    assert ("verify", "Aisha Rahman") in steps
    _signed_for(shell, house, released, qtbot, tmp_path)
    with house.database.reading() as session:
        assert problems(session) == ()


def _wrong_box_is_said(shell: Shell, bench: BenchScreen, qtbot: QtBot) -> None:
    heard: list[str] = []
    shell.messages.beep = lambda: heard.append("beep")
    shell.on_scan(gs1(OTHER, "X"))
    qtbot.waitUntil(lambda: len(heard) == 1)
    shell.on_scan(gs1(DRUG, "CEF9"))
    qtbot.waitUntil(lambda: len(heard) == 2)
    assert "never received" in bench.answer.text.text()
    shell.on_scan(gs1(DRUG, "CEF1", LATER + timedelta(days=1)))
    qtbot.waitUntil(lambda: len(heard) == 3)
    assert "our books say" in bench.answer.text.text()
    assert bench.lines[0].done == 0


def _second_person_verifies(shell: Shell, bench: BenchScreen, qtbot: QtBot) -> None:
    shell.on_scan(gs1(FLUSH, "FL1"))
    assert "second person" in bench.answer.text.text()
    sign_on(shell, bench, qtbot, "USR:1002")
    qtbot.waitUntil(lambda: "picked this kit" in bench.answer.text.text())
    qtbot.keyClicks(bench.sign_on.username.line, "aisha")
    qtbot.keyClick(bench.sign_on.username.line, Qt.Key.Key_Return)
    qtbot.keyClicks(bench.sign_on.password.line, PASSWORD)
    qtbot.keyClick(bench.sign_on.password.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bench.verifier is not None)
    assert bench.side.currentWidget() is bench.next_panel
    assert bench.sign_on.password.line.text() == ""
    shell.on_scan(gs1(FLUSH, "FL1"))  # The count is typed while the scan is booked.
    bench.table.select_ids([bench.lines[0].id])
    qtbot.keyClicks(bench.next_panel.quantity.line, "7")
    qtbot.keyClick(bench.next_panel.quantity.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bench.state is DeliveryState.VERIFIED)
    assert bench.verifier is None


def _packed_and_handed_over(shell: Shell, bench: BenchScreen, qtbot: QtBot) -> None:
    panel = bench.pack_panel
    qtbot.waitUntil(lambda: bench.side.currentWidget() is panel)
    assert "Cefazolin" in panel.cold.text()
    type_into(qtbot, panel.totes.line, "2")
    qtbot.keyClick(panel.totes.line, Qt.Key.Key_Return)
    qtbot.keyClick(panel.cold_packs.line, Qt.Key.Key_Return)
    assert "needed" in panel.cold_packs.error.text()
    qtbot.keyClicks(panel.cold_packs.line, "3")
    qtbot.keyClick(panel.cold_packs.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bench.state is DeliveryState.PACKED)
    qtbot.mouseClick(bench.ship_panel.print_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(bench.findChildren(PdfDialog)))
    paper = bench.findChildren(PdfDialog)[0]
    qtbot.waitUntil(lambda: paper.preview.pages == 1)
    paper.reject()
    qtbot.waitUntil(lambda: bench.kept is not None and bench.kept.page.row.printed == 1)
    qtbot.mouseClick(bench.ship_panel.ship, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bench.state is DeliveryState.SHIPPED)


def _signed_for(shell: Shell, house: House, delivery_id: DeliveryId, qtbot: QtBot, tmp_path: Path) -> None:
    shell.open("delivery", delivery_id)
    page = in_front(shell, DeliveryScreen)
    qtbot.waitUntil(lambda: page.buttons["deliver"].isVisible())
    qtbot.mouseClick(page.buttons["deliver"], Qt.MouseButton.LeftButton)
    dialog = page.dialog
    assert isinstance(dialog, DeliverDialog)
    qtbot.keyClicks(dialog.received_by.line, "Tom Brand")
    dialog.relation.set_value("spouse")
    sign(qtbot, dialog.pad)
    sheet = tmp_path / "sheet.pdf"
    sheet.write_bytes(b"%PDF-1.7 signed")
    dialog.attach(tmp_path / "sheet.txt")
    qtbot.waitUntil(lambda: "PDF, PNG or JPEG" in dialog.banner.text.text())
    dialog.attach(sheet)
    qtbot.waitUntil(lambda: dialog.sheet[0] == b"%PDF-1.7 signed")
    qtbot.mouseClick(dialog.back_button, Qt.MouseButton.LeftButton)
    qtbot.keyClicks(dialog.back.lots[1][1], "10")
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "own people" in dialog.banner.text.text())
    type_into(qtbot, dialog.received_by.line, "Piotr Lukasik")
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.shown is not None and page.shown.row.state is DeliveryState.DELIVERED)
    kept = page_of(house, delivery_id)
    assert kept.proof is not None
    assert (kept.proof.received_by, kept.proof.relation) == ("Piotr Lukasik", "spouse")
    assert kept.proof.signature is not None
    assert kept.proof.has_attachment
    assert kept.proof.signature.startswith(b"\x89PNG")
    assert [lot.came_back for line in kept.lines for lot in line.lots] == [0, 10]
    assert page.proof_card.isVisible()
    assert not page.buttons["undo"].isVisible()


def test_a_picker_with_a_second_badge_goes_on_and_steps_are_taken_back(
    open_shell: Open, house: House, released: DeliveryId, qtbot: QtBot
) -> None:
    set_pin(house.database, house.pharmacist, PASSWORD, "1003", PIN)
    pick_all(house.database, released, house.administrator)
    shell = open_shell("bench")
    shell.open("bench", released)
    bench = in_front(shell, BenchScreen)
    qtbot.waitUntil(lambda: bench.side.currentWidget() is bench.sign_on)
    for badge, pin, told in (("USR:9999", PIN, "Nobody has this badge"), ("USR:1003", "8025", "PIN is not right")):
        dialog = sign_on(shell, bench, qtbot, badge, pin)
        qtbot.waitUntil(lambda dialog=dialog, told=told: told in dialog.banner.text.text())
        assert bench.verifier is None, "a badge that lies about verifies nothing"
        dialog.reject()
    sign_on(shell, bench, qtbot, "USR:1003")
    qtbot.waitUntil(lambda: bench.verifier is not None)
    assert bench.who.text() == "Verified by Aisha Rahman"
    bench.put_away()
    assert bench.verifier is None
    qtbot.waitUntil(lambda: [row.id for row in bench.queue.model.rows] == [released])


def test_a_lot_held_since_it_was_picked_is_said_as_soon_as_the_kit_is_on_the_bench(
    open_shell: Open, house: House, released: DeliveryId, qtbot: QtBot
) -> None:
    pick_all(house.database, released, house.administrator)
    with house.database.reading() as session:
        lot = next(row.id[0] for row in stock_rows(session) if row.lot == "CEF1")
    hold_lot(house.database, lot, "recall RC00001: seal open", house.administrator)
    shell = open_shell("bench")
    shell.open("bench", released)
    bench = in_front(shell, BenchScreen)
    qtbot.waitUntil(lambda: "lot CEF1, is held: recall RC00001: seal open" in bench.answer.text.text())
    assert [line.held for line in bench.lines] == ["recall RC00001: seal open", ""]


def test_what_is_short_is_said_at_the_bench_and_stays_owed(
    open_shell: Open, house: House, released: DeliveryId, qtbot: QtBot
) -> None:
    shell = open_shell("bench", Role.TECHNICIAN)
    shell.open("bench", released)
    bench = in_front(shell, BenchScreen)
    qtbot.waitUntil(lambda: len(bench.lines) == 2)
    bench.report_short()
    dialog = bench.findChildren(ShortDialog)[0]
    type_into(qtbot, dialog.found.line, "4")
    qtbot.keyClick(dialog.found.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bench.lines[0].wanted == 4)
    assert page_of(house, released).lines[0].owed == 3


def test_the_board_counts_states_and_late_deliveries_show_up_today(
    open_shell: Open, house: House, draft: DeliveryId, qtbot: QtBot
) -> None:
    shell = open_shell("deliveries", Role.TECHNICIAN)
    board = in_front(shell, BoardScreen)
    qtbot.waitUntil(lambda: [row.id for row in board.table.model.shown] == [draft])
    assert board.states[DeliveryState.DRAFT].text() == "Draft 1"
    board.states[DeliveryState.SHIPPED].click()
    assert len(board.table.model.shown) == 0
    assert not board.new_button.isEnabled()
    assert "coordinator" in board.new_button.toolTip()
    qtbot.mouseClick(board.print_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "no manifest to print" in board.findChildren(type(shell.banner))[0].text.text())


@pytest.mark.parametrize(
    ("typed", "meant"), [("14:05", "14:05"), ("2:05 pm", "14:05"), ("12:00am", "00:00"), ("905", "09:05")]
)
def test_times_are_read_as_people_type_them(typed: str, meant: str) -> None:
    assert read_time(typed) == meant


@pytest.mark.parametrize("typed", ["25:00", "9", "13:00 pm", "12:75", "noon"])
def test_what_is_no_time_is_refused(typed: str) -> None:
    with pytest.raises(Refused, match="14:05"):
        read_time(typed)


def test_a_pump_is_assigned_by_its_scan_and_put_back_again(open_shell: Open, house: House, qtbot: QtBot) -> None:
    by, database = house.administrator, house.database
    pump = add_item(
        database, NewItem("PU-1", "Ambulatory infusion pump", ItemKind.PUMP, lot_tracked=False, serial_tracked=True), by
    )
    ready, dirty = (register(database, NewAsset(pump, serial), by) for serial in ("SN1", "SN2"))
    clean(database, ready, by)
    pass_check(database, ready, {"Flow accuracy": "1.2", "Occlusion alarm": "12", "Battery": "97"}, by)
    period = Days(today(), today() + timedelta(days=6))
    wanted = [Wanted(house.flush, 30)]
    delivery = plan_items(
        database, house.patient, period, today(), wanted, by, equipment=[Method.AMBULATORY_PUMP.value]
    )  # fmt: skip
    release(database, delivery, by)
    with database.reading() as session:
        tags = {row.id: row.tag for row in board(session, today())}
    shell = open_shell("bench", Role.TECHNICIAN)
    shell.open("bench", delivery)
    bench = in_front(shell, BenchScreen)
    qtbot.waitUntil(lambda: len(bench.lines) == 2)
    shell.on_scan(f"AST:{tags[dirty]}")
    qtbot.waitUntil(lambda: bool(bench.answer.text.text()))
    assert bench.last is not None
    assert not bench.last.right
    shell.on_scan(f"AST:{tags[ready]}")
    qtbot.waitUntil(lambda: bench.lines[1].is_done)
    assert bench.lines[1].number == tags[ready]
    bench.undo_last()
    qtbot.waitUntil(lambda: not bench.lines[1].is_done)
    bench.scans.last = None
    shell.on_scan(f"AST:{tags[ready]}")
    bench.undo_last()  # While the scan is being booked.
    qtbot.waitUntil(lambda: bench.last is not None and bench.last.sentence == "The last scan was taken back.")
    qtbot.waitUntil(lambda: not bench.lines[1].is_done)
    assert page_of(house, delivery).equipment[0].asset_id is None
    shell.on_scan(f"AST:{tags[ready]}")
    shell.on_scan(gs1(FLUSH, "FL1"))
    qtbot.waitUntil(lambda: bench.state is DeliveryState.PICKED)
    assert page_of(house, delivery).equipment[0].asset_id == ready


def test_a_delivery_is_cancelled_only_with_a_reason(
    open_shell: Open, house: House, released: DeliveryId, qtbot: QtBot
) -> None:
    shell = open_shell("deliveries")
    shell.open("delivery", released)
    page = in_front(shell, DeliveryScreen)
    qtbot.waitUntil(lambda: page.buttons["cancel"].isVisible())
    qtbot.mouseClick(page.buttons["cancel"], Qt.MouseButton.LeftButton)
    dialog = page.dialog
    assert isinstance(dialog, SayDialog)
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    assert "needed" in dialog.text.error.text()
    qtbot.keyClicks(dialog.text.line, "the patient is in hospital")
    qtbot.keyClick(dialog.text.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.shown is not None and page.shown.row.state is DeliveryState.CANCELLED)
    assert not page.buttons["bench"].isVisible()


def test_what_a_technician_may_not_do_is_shown_but_rests(
    open_shell: Open, house: House, draft: DeliveryId, qtbot: QtBot
) -> None:
    shell = open_shell("deliveries", Role.TECHNICIAN)
    shell.open("delivery", draft)
    page = in_front(shell, DeliveryScreen)
    qtbot.waitUntil(lambda: page.buttons["release"].isVisible())
    for name in ("release", "cancel", "change", "add", "remove"):
        assert not page.buttons[name].isEnabled()
        assert "pharmacist" in page.buttons[name].toolTip()


def test_an_item_is_added_to_a_draft_and_taken_off_again(
    open_shell: Open, house: House, draft: DeliveryId, qtbot: QtBot
) -> None:
    shell = open_shell("deliveries")
    shell.open("delivery", draft)
    page = in_front(shell, DeliveryScreen)
    qtbot.waitUntil(lambda: page.buttons["add"].isVisible())
    qtbot.mouseClick(page.buttons["add"], Qt.MouseButton.LeftButton)
    dialog = page.dialog
    assert isinstance(dialog, AddItemDialog)
    qtbot.keyClicks(dialog.picker.field, "huber")
    qtbot.waitUntil(lambda: [row.number for row in dialog.picker.rows] == ["HU-20"])
    qtbot.keyClick(dialog.picker.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dialog.item is not None)
    qtbot.keyClicks(dialog.quantity.line, "3")
    qtbot.keyClicks(dialog.reason.line, "port")
    qtbot.keyClick(dialog.reason.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.shown is not None and len(page.shown.lines) == 3)
    page.lines.grid.selectRow(2)
    qtbot.mouseClick(page.buttons["remove"], Qt.MouseButton.LeftButton)
    off = page.dialog
    assert isinstance(off, SayDialog)
    qtbot.keyClicks(off.text.line, "no port after all")
    qtbot.keyClick(off.text.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.shown is not None and len(page.shown.lines) == 2)
