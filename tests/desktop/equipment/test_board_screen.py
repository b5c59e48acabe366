"""The board: a scan chooses a pump, its next deed is a button, a check is judged while it is typed."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sqlalchemy import update

from infusion_desktop.access.audit import record
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.desktop.equipment.board_screen import BoardScreen
from infusion_desktop.desktop.equipment.deeds import DEEDS, NEXT_OF, allowed
from infusion_desktop.desktop.equipment.places import name_assets, search_assets
from infusion_desktop.desktop.equipment.register_dialog import RegisterDialog
from infusion_desktop.desktop.question import Answer
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.equipment import custody
from infusion_desktop.equipment.queries import asset_row, find_asset, history
from infusion_desktop.equipment.tables import Asset
from infusion_desktop.equipment.words import AssetDeed, AssetId, AssetState
from infusion_desktop.stock.words import ItemId

Open = Callable[..., Shell]


@pytest.fixture
def shell(open_shell: Open, pumps: list[AssetId], qtbot: QtBot) -> Shell:
    shell = open_shell()
    screen = shell.screen_in_front
    assert isinstance(screen, BoardScreen)
    qtbot.waitUntil(lambda: len(screen.table.model.rows) == 3)
    return shell


@pytest.fixture
def screen(shell: Shell) -> BoardScreen:
    found = shell.screen_in_front
    assert isinstance(found, BoardScreen)
    return found


def state_of(database: Database, asset_id: AssetId) -> AssetState:
    with database.reading() as session:
        row = asset_row(session, asset_id, today())
    assert row is not None
    return row.state


def choose(shell: Shell, screen: BoardScreen, qtbot: QtBot, code: str, asset_id: AssetId) -> None:
    shell.on_scan(code)
    qtbot.waitUntil(lambda: screen.panel.facts is not None and screen.panel.facts.row.id == asset_id)


def press(screen: BoardScreen, qtbot: QtBot, title: str) -> None:
    qtbot.mouseClick(screen.panel.buttons[title], Qt.MouseButton.LeftButton)


def shown_state(screen: BoardScreen) -> AssetState | None:
    return screen.panel.facts.row.state if screen.panel.facts else None


def test_a_scanned_pump_is_cleaned_and_checked_and_is_ready(
    shell: Shell, screen: BoardScreen, pumps: list[AssetId], qtbot: QtBot, one_database: Database
) -> None:
    choose(shell, screen, qtbot, "AST:P0002", pumps[1])
    assert screen.panel.buttons["Clean"].property("kind") == "primary"
    press(screen, qtbot, "Clean")
    qtbot.waitUntil(lambda: shown_state(screen) is AssetState.CLEANED)
    press(screen, qtbot, "Check")
    check = screen.panel.check
    assert not check.save_button.isEnabled()
    for name, value in (("Flow accuracy", "1.5"), ("Occlusion alarm", "12"), ("Battery", "95")):
        qtbot.keyClicks(check.fields[name], value)
        qtbot.keyClick(check.fields[name], Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: shown_state(screen) is AssetState.READY)
    assert screen.panel.why_not.text() == "Ready for a patient."
    assert "ready for a patient" in shell.messages.feedback.text.text()
    assert state_of(one_database, pumps[1]) is AssetState.READY
    assert [event.deed.value for event in screen.panel.facts.history][:2] == ["pass function check", "clean"]  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: sum(row.is_ready for row in screen.table.model.rows) == 1)
    {chip.title: each for chip, each in screen.table.chips}["Ready"].click()
    assert [row.tag for row in screen.table.model.shown] == ["P0002"]


def test_a_value_outside_its_limits_is_said_while_typed_and_leads_to_quarantine(
    shell: Shell, screen: BoardScreen, pumps: list[AssetId], qtbot: QtBot, one_database: Database, by: UserId
) -> None:
    custody.clean(one_database, pumps[0], by)
    choose(shell, screen, qtbot, "SN-A", pumps[0])
    press(screen, qtbot, "Check")
    check = screen.panel.check
    for name, value in (("Flow accuracy", "1.5"), ("Occlusion alarm", "12"), ("Battery", "12")):
        qtbot.keyClicks(check.fields[name], value)
    assert "Battery is 12 %" in check.verdict.text()
    assert check.save_button.text() == "Save as failed"
    qtbot.mouseClick(check.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: shown_state(screen) is AssetState.QUARANTINED)
    assert "Release" in screen.panel.buttons


def test_setting_aside_asks_why_and_a_cancelled_question_changes_nothing(
    shell: Shell, screen: BoardScreen, pumps: list[AssetId], qtbot: QtBot, one_database: Database
) -> None:
    choose(shell, screen, qtbot, "AST:P0001", pumps[0])
    shell.messages.ask = lambda _asked, answered, _parent: answered(Answer(False))  # type: ignore[assignment]
    press(screen, qtbot, "Quarantine")
    shell.messages.ask = lambda _asked, answered, _parent: answered(  # type: ignore[assignment]
        Answer(True, "cracked case")
    )
    screen.panel.more["Lost"].run()
    qtbot.waitUntil(lambda: shown_state(screen) is AssetState.LOST)
    assert screen.panel.facts is not None
    assert screen.panel.facts.history[0].note == "cracked case"
    assert len(screen.panel.facts.history) == 2
    press(screen, qtbot, "Found")
    qtbot.waitUntil(lambda: shown_state(screen) is AssetState.RETURNED)


def test_a_new_pumps_label_opens_its_registration(
    shell: Shell, screen: BoardScreen, pump_code: str, qtbot: QtBot, one_database: Database, model: ItemId
) -> None:
    shell.on_scan(f"]d201{pump_code}21SN-NEW")
    qtbot.waitUntil(lambda: isinstance(QApplication.activeModalWidget(), RegisterDialog))
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, RegisterDialog)
    qtbot.waitUntil(lambda: dialog.model.value() == model)
    assert dialog.serial.value() == "SN-NEW"
    shell.on_scan("SN-A")
    dialog.press()
    qtbot.waitUntil(lambda: "registered already, as P0001" in dialog.banner.text.text())
    shell.on_scan("SN-NEW")
    shell.on_scan("AST:PUMP-77")
    qtbot.keyClick(dialog.serial.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: screen.panel.facts is not None and screen.panel.facts.row.tag == "PUMP-77")
    with one_database.reading() as session:
        assert find_asset(session, "SN-NEW", today()) is not None


def test_a_wrong_scan_is_said_and_the_choice_stays(
    shell: Shell, screen: BoardScreen, pumps: list[AssetId], qtbot: QtBot
) -> None:
    choose(shell, screen, qtbot, "AST:P0001", pumps[0])
    shell.on_scan("AST:P9999")
    qtbot.waitUntil(lambda: "No pump or pole has the tag" in shell.messages.feedback.text.text())
    assert screen.chosen == pumps[0]


def test_the_due_list_leads_to_the_pump(screen: BoardScreen, pumps: list[AssetId], qtbot: QtBot) -> None:
    screen.tabs.show_page(screen.due)
    assert screen.tabs.title_of(screen.due) == "Due this morning (3)"
    screen.due.table.grid.selectRow(2)
    qtbot.waitUntil(lambda: screen.panel.facts is not None and screen.panel.facts.row.id == pumps[2])


def test_who_only_looks_presses_nothing(open_shell: Open, pumps: list[AssetId], qtbot: QtBot) -> None:
    shell = open_shell(frozenset({Permission.SEE_EQUIPMENT}))
    screen = shell.screen_in_front
    assert isinstance(screen, BoardScreen)
    choose(shell, screen, qtbot, "AST:P0001", pumps[0])
    assert not screen.register_button.isEnabled()
    assert not any(each.isEnabled() for each in screen.panel.buttons.values())


def test_search_and_scan_name_a_pump(shell: Shell, pumps: list[AssetId]) -> None:
    assert [hit.id for hit in search_assets(shell.context)("sn-b")] == [pumps[1]]
    hit = name_assets(shell.context)("AST:P0003")
    assert hit is not None
    assert (hit.kind, hit.id) == ("asset", pumps[2])


@pytest.mark.parametrize("state", [each for each in AssetState if each is not AssetState.RETIRED])
def test_every_state_offers_its_usual_next_deed(state: AssetState) -> None:
    offered = {each.deed for each in allowed(state)}
    assert state not in NEXT_OF or NEXT_OF[state] in offered
    assert offered <= {each.deed for each in DEEDS}


def test_a_scan_does_not_throw_away_a_check_that_is_being_typed(
    shell: Shell, screen: BoardScreen, pumps: list[AssetId], qtbot: QtBot, one_database: Database, by: UserId
) -> None:
    custody.clean(one_database, pumps[0], by)
    choose(shell, screen, qtbot, "AST:P0001", pumps[0])
    press(screen, qtbot, "Check")
    qtbot.keyClicks(screen.panel.check.fields["Battery"], "95")
    shell.on_scan("AST:P0002")
    qtbot.waitUntil(lambda: "check of P0001 first" in shell.messages.feedback.text.text())
    assert screen.panel.check.measured()["Battery"] == "95"
    qtbot.mouseClick(screen.panel.check.cancel_button, Qt.MouseButton.LeftButton)
    choose(shell, screen, qtbot, "AST:P0002", pumps[1])


def test_labels_of_the_chosen_pumps_are_read_back(
    shell: Shell, screen: BoardScreen, pumps: list[AssetId], qtbot: QtBot
) -> None:
    import pypdfium2
    import zxingcpp

    from infusion_desktop.desktop.label_dialog import LabelDialog
    from infusion_desktop.desktop.pdf_preview import PdfDialog

    screen.table.select_ids(pumps[:2])
    screen.print_labels()
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, LabelDialog)
    dialog.press()
    qtbot.waitUntil(lambda: any(each.preview.pages for each in screen.findChildren(PdfDialog)))
    paper = screen.findChildren(PdfDialog)[0]
    with pypdfium2.PdfDocument(paper.preview._pdf) as document:
        pictures = [page.render(scale=203 / 72, grayscale=True).to_pil() for page in document]
    read = sorted(code.text for each in pictures for code in zxingcpp.read_barcodes(each))
    assert read == sorted(f"AST:{row.tag}" for row in screen.table.selected_rows())
    paper.close()


def test_a_pump_at_home_is_sold_to_the_patient_from_its_panel(
    shell: Shell, screen: BoardScreen, pumps: list[AssetId], qtbot: QtBot, one_database: Database, by: UserId
) -> None:
    with one_database.transaction() as session:
        session.execute(update(Asset).where(Asset.id == pumps[0]).values(state=AssetState.WITH_PATIENT))
        record(session, by, "set up", "test")
    choose(shell, screen, qtbot, "AST:P0001", pumps[0])
    shell.messages.ask = lambda _asked, answered, _parent: answered(Answer(True, "order 12"))  # type: ignore[assignment]
    screen.panel.more["Sell to the patient"].run()
    qtbot.waitUntil(lambda: state_of(one_database, pumps[0]) is AssetState.RETIRED)
    with one_database.reading() as session:
        newest = history(session, pumps[0])[0]
    assert (newest.deed, newest.note) == (AssetDeed.SELL, "order 12")
