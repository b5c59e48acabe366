"""A day at the bench in the real window: a wave, shortage and substitution, a wrong box, the second person, papers as
one batch stopped and gone on with, route sheet, nobody at home, a scanned sheet with something refused, a step back.
"""

import itertools
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from infusion_desktop.access.people import set_pin
from infusion_desktop.access.roles import Role
from infusion_desktop.dates import Days, today
from infusion_desktop.deliveries import batches as printing
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.plans.planning import Wanted, plan_items
from infusion_desktop.deliveries.queries import DeliveryPage, delivery_page
from infusion_desktop.deliveries.schedule.dispatch_tables import PaperPrint
from infusion_desktop.deliveries.schedule.dispatch_words import PaperKind
from infusion_desktop.deliveries.schedule.schedule_queries import schedule
from infusion_desktop.deliveries.verify import problems
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.desktop.deliveries.bench_screen import BenchScreen
from infusion_desktop.desktop.deliveries.deliver_dialog import DeliverDialog
from infusion_desktop.desktop.deliveries.delivery_screen import DeliveryScreen
from infusion_desktop.desktop.deliveries.hand_over_dialog import HandOverDialog
from infusion_desktop.desktop.deliveries.instead_dialog import InsteadDialog
from infusion_desktop.desktop.deliveries.print_dialogs import BatchDialog, PrintDialog
from infusion_desktop.desktop.deliveries.proof_screen import ProofScreen
from infusion_desktop.desktop.deliveries.schedule_screen import ScheduleScreen
from infusion_desktop.desktop.deliveries.small_dialogs import NobodyDialog
from infusion_desktop.desktop.deliveries.wave_screen import WaveScreen
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.stock import verify as stock_verify
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from infusion_desktop.stock.catalogue import NewItem, add_item
from infusion_desktop.stock.words import ItemId, ItemKind

from .conftest import DRUG, FLUSH, LATER, OTHER, PASSWORD, PIN, House, gs1, sign_on
from .test_proof_screen import as_scanned

Open = Callable[..., Shell]
NEXT = Days(today(), today() + timedelta(days=6))


def page_of(house: House, delivery: DeliveryId) -> DeliveryPage:
    with house.database.reading() as session:
        return delivery_page(session, delivery, today())


def planned(house: House, **wanted: int) -> DeliveryId:
    items = {"flush": house.flush, "drug": house.drug, **DRESSINGS}
    asked = [Wanted(items[name], units, "asked for") for name, units in wanted.items()]
    made = plan_items(house.database, house.patient, NEXT, today(), asked, house.pharmacist)
    release(house.database, made, house.pharmacist)
    return made


DRESSINGS: dict[str, ItemId] = {}


@pytest.fixture
def three(house: House) -> list[DeliveryId]:
    """Three released deliveries; of one the dressings are short."""
    for name, number in (("dressing", "DR-1"), ("gauze", "DR-2")):
        new = NewItem(number, f"Dressing {name}", ItemKind.DRESSING)
        DRESSINGS[name] = add_item(house.database, new, house.administrator)
    lines = (
        ReceiptLine(DRESSINGS["dressing"], 1, lot="DA1", expires_on=LATER),
        ReceiptLine(DRESSINGS["gauze"], 20, lot="GA1", expires_on=LATER),
    )
    receive(house.database, NewReceipt(lines, "A-01"), house.administrator)
    return [planned(house, flush=3, drug=2), planned(house, flush=4), planned(house, flush=2, dressing=3)]


def test_a_day_at_the_bench(
    open_shell: Open, house: House, three: list[DeliveryId], qtbot: QtBot, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    shell = open_shell("bench", Role.TECHNICIAN)
    heard: list[str] = []
    shell.messages.beep = lambda: heard.append("beep")
    _substituted_and_picked_as_a_wave(shell, house, three, heard, qtbot)
    _verified_with_a_wrong_box(shell, house, three, heard, qtbot)
    _packed_and_stepped_back(shell, house, three, qtbot)
    _papers_of_the_day(shell, house, three, qtbot, monkeypatch)
    _handed_over_together(shell, house, three, qtbot)
    _nobody_at_home_then_a_scanned_sheet(shell, house, three, qtbot, tmp_path)
    with house.database.reading() as session:
        assert problems(session) == ()
        assert stock_verify.problems(session) == ()


def _substituted_and_picked_as_a_wave(
    shell: Shell, house: House, three: list[DeliveryId], heard: list[str], qtbot: QtBot
) -> None:
    bench = shell.screen_in_front
    assert isinstance(bench, BenchScreen)
    shell.open("bench", three[2])
    qtbot.waitUntil(lambda: bench.state is DeliveryState.RELEASED)
    qtbot.mouseClick(bench.view.instead_button, Qt.MouseButton.LeftButton)
    instead = bench.dialog
    assert isinstance(instead, InsteadDialog)
    qtbot.waitUntil(lambda: not instead.item.is_blank())
    assert instead.units.typed() == "2", "what is owed is offered"
    qtbot.keyClicks(instead.why.line, "out of stock until Friday")
    qtbot.keyClick(instead.why.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: any(line.name == "Dressing gauze" for line in bench.lines))
    assert "instead of Dressing dressing" in next(line.note for line in bench.lines if line.name == "Dressing gauze")
    bench.put_away()
    qtbot.waitUntil(lambda: len(bench.queue.model.rows) == 3)
    bench.queue.grid.selectAll()
    qtbot.mouseClick(bench.home.wave_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: isinstance(shell.screen_in_front, WaveScreen))
    wave = shell.screen_in_front
    assert isinstance(wave, WaveScreen)
    qtbot.waitUntil(lambda: wave.shown is not None and len(wave.shown.picks) == 4)
    shell.on_scan(gs1(OTHER, "X9"))
    qtbot.waitUntil(lambda: len(heard) == 1)
    for count, slot in ((3, 1), (4, 2), (2, 3)):
        qtbot.keyClicks(wave.walk.quantity.line, str(count))
        shell.on_scan(gs1(FLUSH, "FL1"))
        qtbot.waitUntil(lambda slot=slot: wave.last is not None and wave.last.slot == slot)
        qtbot.waitUntil(lambda: not wave._busy)
    assert wave.answer.text.text().startswith("✓ Slot 3.")
    for each in range(2):
        shell.on_scan(gs1(DRUG, "CEF1"))
        qtbot.waitUntil(lambda each=each: page_of(house, three[0]).lines[1].picked == each + 1)
    for left in (1, 0):
        qtbot.waitUntil(lambda: wave._marked() is not None)
        row = wave._marked()
        assert row is not None
        wave.picks.select_ids([row.id])
        qtbot.keyClicks(wave.walk.quantity.line, str(row.wanted))
        qtbot.keyClick(wave.walk.quantity.line, Qt.Key.Key_Return)
        qtbot.waitUntil(
            lambda left=left: (
                wave.shown is not None and sum(each.done < each.wanted for each in wave.shown.picks) == left
            )
        )
    qtbot.waitUntil(lambda: page_of(house, three[2]).row.state is DeliveryState.PICKED)
    qtbot.mouseClick(wave.close_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: isinstance(shell.screen_in_front, BenchScreen))


def _verified_with_a_wrong_box(
    shell: Shell, house: House, three: list[DeliveryId], heard: list[str], qtbot: QtBot
) -> None:
    bench = shell.screen_in_front
    assert isinstance(bench, BenchScreen)
    qtbot.waitUntil(lambda: bench.state is DeliveryState.PICKED and bench.delivery_id == three[0])
    set_pin(house.database, house.pharmacist, PASSWORD, "1003", PIN)
    sign_on(shell, bench, qtbot, "USR:1003")
    qtbot.waitUntil(lambda: bench.verifier is not None)
    heard.clear()
    shell.on_scan(gs1(OTHER, "X"))
    qtbot.waitUntil(lambda: bench.side.currentWidget() is bench.view.stop_panel)
    assert heard == ["beep"] and bench.view.stop_panel.word.text() == "STOP"
    shell.on_scan(gs1(FLUSH, "FL1"))
    qtbot.waitUntil(lambda: len(heard) == 2)
    assert bench.lines[0].done == 0, "nothing counts until somebody has read it"
    qtbot.keyClick(bench.view.stop_panel.go_on, Qt.Key.Key_Space)
    assert bench.side.currentWidget() is bench.next_panel
    for _ in range(2):
        line = next(each for each in bench.lines if not each.is_done)
        bench.table.select_ids([line.id])
        qtbot.keyClicks(bench.next_panel.quantity.line, str(line.wanted))
        qtbot.keyClick(bench.next_panel.quantity.line, Qt.Key.Key_Return)
        qtbot.waitUntil(
            lambda line=line: (
                bench.state is DeliveryState.VERIFIED
                or next(each for each in bench.lines if each.id == line.id).is_done
            )
        )
    qtbot.waitUntil(lambda: bench.state is DeliveryState.VERIFIED)
    assert ("verify", "Aisha Rahman") in [(step.step.value, step.by) for step in page_of(house, three[0]).steps]


def _packed_and_stepped_back(shell: Shell, house: House, three: list[DeliveryId], qtbot: QtBot) -> None:
    bench = shell.screen_in_front
    assert isinstance(bench, BenchScreen)
    shell.messages.ask = lambda asked, answered, _parent: answered(_yes("forgot the leaflet"))
    panel = bench.pack_panel
    for turn in range(2):
        qtbot.waitUntil(lambda: bench.side.currentWidget() is panel)
        panel.totes.set_value(2)
        panel.cold_packs.set_value(3)
        qtbot.mouseClick(panel.pack, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: bench.state is DeliveryState.PACKED)
        if turn == 0:
            qtbot.mouseClick(bench.back_button, Qt.MouseButton.LeftButton)
            qtbot.waitUntil(lambda: bench.state is DeliveryState.VERIFIED)
    qtbot.mouseClick(bench.ship_panel.labels_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(bench.findChildren(PdfDialog)))
    _put_away(bench.findChildren(PdfDialog)[0], 2, qtbot)
    qtbot.waitUntil(lambda: bench.ship_panel.totes.text() == "Scan each tote: 0 of 2.")
    assert bench.on_scan(f"TOTE:{page_of(house, three[0]).row.number}/2") and bench.last is not None
    assert bench.last.right and bench.ship_panel.totes.text() == "Scan each tote: 1 of 2."
    assert bench.on_scan(f"TOTE:{page_of(house, three[1]).row.number}/1")
    assert not bench.last.right and "not handed over now" in bench.last.sentence
    from infusion_desktop.deliveries.bench.shipping import pack
    from infusion_desktop.deliveries.bench.verifying import verify_all

    for each in three[1:]:
        verify_all(house.database, each, house.pharmacist)
        pack(house.database, each, 1, 0, house.technician)


def _papers_of_the_day(
    shell: Shell, house: House, three: list[DeliveryId], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing, "AT_ONCE", 1)
    drawn, draw_part = itertools.count(1), printing._draw_part
    two_are_drawn, stopped, drawn_on = threading.Event(), threading.Event(), []

    def waiting_for_the_stop(*part: Any) -> None:
        drawn_on.append(threading.current_thread())
        if next(drawn) == 3:
            two_are_drawn.set()
            stopped.wait(300)
        draw_part(*part)

    monkeypatch.setattr(printing, "_draw_part", waiting_for_the_stop)
    shell.go("schedule")
    screen = shell.screen_in_front
    assert isinstance(screen, ScheduleScreen)
    shell.open("schedule", today())
    qtbot.waitUntil(lambda: screen.board.shown is not None and len(screen.board.shown.rows) == 3)
    qtbot.mouseClick(screen.board.print_button, Qt.MouseButton.LeftButton)
    asked = screen.dialog
    assert isinstance(asked, PrintDialog)
    qtbot.mouseClick(asked.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(screen.findChildren(BatchDialog)))
    batch = screen.findChildren(BatchDialog)[0]
    qtbot.waitUntil(two_are_drawn.is_set)
    qtbot.mouseClick(batch.stop_button, Qt.MouseButton.LeftButton)
    stopped.set()
    qtbot.waitUntil(lambda: batch.go_on_button.isVisible())
    assert batch.row is not None and batch.row.drawn == 3 < batch.row.parts
    assert "Go on where it stopped" in batch.state.text()
    qtbot.mouseClick(batch.go_on_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: batch.done_button.isVisible())
    assert len(drawn_on) > 3 and threading.main_thread() not in drawn_on, "the window stood still"
    qtbot.mouseClick(batch.pages_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(batch.findChildren(PdfDialog)))
    assert batch.row is not None
    _put_away(batch.findChildren(PdfDialog)[0], batch.row.pages, qtbot)
    with house.database.reading() as session:
        kept = session.execute(select(PaperPrint.kind, PaperPrint.is_copy)).all()
    assert sum(row.kind is PaperKind.MANIFEST for row in kept) == 3
    assert [row.is_copy for row in kept if row.kind is PaperKind.TOTE_LABEL] == [False, True, False, False]
    qtbot.mouseClick(batch.done_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not screen.findChildren(BatchDialog))


def _handed_over_together(shell: Shell, house: House, three: list[DeliveryId], qtbot: QtBot) -> None:
    shell.go("bench")
    bench = shell.screen_in_front
    assert isinstance(bench, BenchScreen)
    bench.put_away()
    qtbot.waitUntil(lambda: {row.state for row in bench.queue.model.rows} == {DeliveryState.PACKED})
    bench.queue.grid.selectAll()
    qtbot.mouseClick(bench.home.ship_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: isinstance(bench.dialog, HandOverDialog))
    dialog = bench.dialog
    assert isinstance(dialog, HandOverDialog)
    assert dialog.left.text() == "4 totes to scan"
    numbers = [page_of(house, each).row.number for each in three]
    wrongs: list[str] = []
    shell.messages.wrong = wrongs.append  # type: ignore[method-assign]
    for code in (f"TOTE:{numbers[0]}/1", f"TOTE:{numbers[0]}/1", "TOTE:D999999/1", f"DLV:{numbers[0]}", "AST:P0100"):
        dialog.on_scan(code)
    assert [each.split(".")[0] for each in wrongs] == [
        f"Tote 1 of {numbers[0]} was scanned already", "D999999 is not handed over now",
        f"This is the paper of {numbers[0]}", "This is no tote",
    ]  # fmt: skip
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    assert dialog.why.error.text().startswith("3 totes not scanned"), "nothing leaves unseen without a reason"
    for number, tote in ((numbers[0], 2), (numbers[1], 1), (numbers[2], 1)):
        dialog.on_scan(f"TOTE:{number}/{tote}")
    assert dialog.left.text() == "Every tote was scanned."
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: all(page_of(house, each).row.state is DeliveryState.SHIPPED for each in three))
    (step,) = (each for each in page_of(house, three[0]).steps if each.step.value == "ship")
    assert step.note == "2 of 2 totes scanned"


def _nobody_at_home_then_a_scanned_sheet(
    shell: Shell, house: House, three: list[DeliveryId], qtbot: QtBot, tmp_path: Path
) -> None:
    shell.open("delivery", three[2])
    page = shell.screen_in_front
    assert isinstance(page, DeliveryScreen)
    qtbot.waitUntil(lambda: page.buttons["fail"].isVisible())
    qtbot.mouseClick(page.buttons["fail"], Qt.MouseButton.LeftButton)
    said = page.dialog
    assert isinstance(said, NobodyDialog)
    qtbot.keyClicks(said.text.line, "nobody at home")
    qtbot.keyClick(said.text.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "failed attempt" in [step.step.value for step in page_of(house, three[2]).steps])
    with house.database.reading() as session:
        assert [row.attempts for row in schedule(session, NEXT, today()) if row.id == three[2]] == [1]
    shell.go("proof")
    proof = shell.screen_in_front
    assert isinstance(proof, ProofScreen)
    as_scanned(house, [three[2]], tmp_path / "sheet.pdf")
    proof.read(tmp_path / "sheet.pdf")
    qtbot.waitUntil(lambda: isinstance(proof.dialog, DeliverDialog))
    dialog = proof.dialog
    assert isinstance(dialog, DeliverDialog)
    qtbot.keyClicks(dialog.received_by.line, "Bob Abernathy")
    dialog.relation.set_value("spouse")
    qtbot.mouseClick(dialog.back_button, Qt.MouseButton.LeftButton)
    gauze = next(each for each in dialog.back.lots if "GA1" in each[0].lot)
    qtbot.keyClicks(gauze[1], "1")
    assert dialog.back.goes[gauze[0].id].text().startswith("goes back to its bin")
    qtbot.keyClick(dialog.received_by.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page_of(house, three[2]).row.state is DeliveryState.DELIVERED)
    lines = {line.item_number: line for line in page_of(house, three[2]).lines}
    assert (lines["DR-2"].lots[0].came_back, lines["DR-2"].substitutes) == (1, "Dressing dressing")


def _yes(reason: str) -> object:
    from infusion_desktop.desktop.question import Answer

    return Answer(True, reason)


def _put_away(paper: PdfDialog, pages: int, qtbot: QtBot) -> None:
    """Close a paper once its first page was drawn."""
    qtbot.waitUntil(lambda: paper.preview.pages == pages)
    qtbot.waitUntil(lambda: not paper.preview.picture(0).isNull())
    paper.reject()
