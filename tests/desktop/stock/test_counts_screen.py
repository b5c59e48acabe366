"""Counting at the shelf in a real window: by scan and by keys, a second count, approval, papers and plans."""

from collections.abc import Callable, Iterator
from datetime import date

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from infusion_desktop.access.passwords import hash_password
from infusion_desktop.access.people import add_person_with_hash
from infusion_desktop.access.roles import Permission, Role, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.question import Answer
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.desktop.stock.count_dialogs import LimitsDialog, NewCountDialog, PlanDialog
from infusion_desktop.desktop.stock.count_sheet_view import CountSheetView
from infusion_desktop.desktop.stock.counts_screen import CountsScreen
from infusion_desktop.desktop.stock.places import PLACES
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from infusion_desktop.stock.queries import stock_rows
from infusion_desktop.stock.verify import problems
from infusion_desktop.stock.words import CountState, ItemId

Open = Callable[[UserId], Shell]


@pytest.fixture
def second(one_database: Database, by: UserId) -> UserId:
    """Somebody else who counts."""
    with one_database.transaction() as session:
        kept = hash_password("correct horse battery")
        return add_person_with_hash(session, "tess", "Tess Nick", kept, frozenset({Role.PHARMACIST}), by)


@pytest.fixture
def third(one_database: Database, by: UserId, second: UserId) -> UserId:
    """Somebody who approves."""
    with one_database.transaction() as session:
        return add_person_with_hash(session, "phil", "Phil Armacist", "-", frozenset({Role.PHARMACIST}), by)


@pytest.fixture
def window(qtbot: QtBot, one_database: Database) -> Iterator[Open]:
    made: list[Shell] = []

    def open_as(user: UserId) -> Shell:
        shell = Shell(Context(one_database, user, f"Person {user}", frozenset(Permission)), PLACES)
        shell.messages.beep = lambda: None
        shell.messages.ask = lambda _asked, answered, _parent: answered(  # type: ignore[assignment]
            Answer(True, "counted in a hurry")
        )
        qtbot.addWidget(shell)
        shell.resize(1280, 800)
        shell.show()
        qtbot.waitExposed(shell)
        shell.go("counts")
        made.append(shell)
        return shell

    yield open_as
    for shell in made:
        shell.jobs.close()


def screen_of(shell: Shell) -> CountsScreen:
    found = shell.screen_in_front
    assert isinstance(found, CountsScreen)
    return found


def wait_counted(qtbot: QtBot, sheet: CountSheetView, *numbers: int | None) -> None:
    qtbot.waitUntil(lambda: sorted(str(row.counted) for row in sheet.lines.model.rows) == sorted(map(str, numbers)))


def test_a_shelf_is_counted_by_scans_and_keys_twice_where_it_is_far_off_and_posted_by_a_third_person(
    window: Open, qtbot: QtBot, one_database: Database, by: UserId, second: UserId, third: UserId, flush: ItemId,
    needle: ItemId, codes: dict[str, str],
) -> None:  # fmt: skip
    day = date(2028, 1, 1)
    lines = (ReceiptLine(flush, 90, None, "F1", day), ReceiptLine(needle, 5, None, "N1", day))
    receive(one_database, NewReceipt(lines, "A-01"), by)
    receive(one_database, NewReceipt((ReceiptLine(flush, 30, None, "F2", day),), "MAIN"), by)
    shell = window(by)
    screen, sheet = screen_of(shell), screen_of(shell).sheet
    qtbot.waitUntil(lambda: bool(screen.places))
    qtbot.mouseClick(screen.new_button, Qt.MouseButton.LeftButton)
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, NewCountDialog)
    dialog.place.set_value(next(place.id for place in screen.places if place.code == "A-01"))
    dialog.press()
    qtbot.waitUntil(lambda: len(sheet.lines.model.rows) == 2)
    shell.on_scan("LOC:A-01")
    assert sheet.place is not None
    for _ in range(2):
        shell.on_scan(f"]d201{codes['box']}10F1")
    qtbot.waitUntil(lambda: sheet.entry.number() == 60)
    shell.on_scan(f"]d201{codes['each']}10F1")
    qtbot.waitUntil(lambda: sheet.entry.number() == 61)
    needle_line = next(row for row in sheet.lines.model.rows if row.lot == "N1")
    shell.on_scan(f"CNT:K000001/{needle_line.id}")
    wait_counted(qtbot, sheet, 61, None)
    assert sheet.entry.name.text().startswith("Huber needle")
    qtbot.waitUntil(lambda: sheet.entry.begun is not None)
    qtbot.keyClicks(sheet.entry.quantity, "5")
    qtbot.keyClick(sheet.entry.quantity, Qt.Key.Key_Return)
    wait_counted(qtbot, sheet, 61, 5)
    shell.on_scan(f"]d201{codes['box']}10F2")
    qtbot.waitUntil(lambda: sheet.entry.target is not None and sheet.entry.target.line_id is None)
    assert "not on the sheet" in sheet.entry.note.text()
    sheet.save()
    wait_counted(qtbot, sheet, 61, 5, 30)
    qtbot.mouseClick(sheet.print_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(sheet.findChildren(PdfDialog)))
    paper = sheet.findChildren(PdfDialog)[0]
    qtbot.waitUntil(lambda: paper.preview.pages == 1)
    paper.close()
    qtbot.mouseClick(sheet.finish_button, Qt.MouseButton.LeftButton)
    wait_counted(qtbot, sheet, None, 5, None)
    assert "count again" in sheet.about.text()
    again = next(row for row in sheet.lines.model.rows if row.lot == "F1")
    sheet.lines.select_ids([again.id])
    assert "Ada Min counted it first" in sheet.entry.note.text()
    qtbot.keyClicks(sheet.entry.quantity, "88")
    qtbot.keyClick(sheet.entry.quantity, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: shell.messages.banner.isVisible() or bool(_banner(screen)))
    assert "Somebody else counts it again" in _banner(screen)

    other = window(second)
    sheet = screen_of(other).sheet
    other.on_scan(f"CNT:K000001/{again.id}")
    qtbot.waitUntil(lambda: bool(screen_of(other).counts.model.rows))
    other.on_scan(f"CNT:K000001/{again.id}")
    qtbot.waitUntil(lambda: sheet.entry.target is not None and sheet.entry.target.lot == "F1")
    qtbot.keyClicks(sheet.entry.quantity, "88")
    qtbot.keyClick(sheet.entry.quantity, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: sheet.entry.target is not None and sheet.entry.target.lot == "F2")
    qtbot.keyClicks(sheet.entry.quantity, "3,.0")
    assert sheet.entry.quantity.text() == "30", "digits alone, however the system writes numbers"
    qtbot.keyClick(sheet.entry.quantity, Qt.Key.Key_Return)
    wait_counted(qtbot, sheet, 88, 5, 30)
    qtbot.mouseClick(sheet.finish_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(sheet.differences.model.rows) == 3)

    last = window(third)
    sheet = screen_of(last).sheet
    last.open("count", 1)
    qtbot.waitUntil(lambda: len(sheet.differences.model.rows) == 3)
    off = {row.line.lot: (row.first, row.difference) for row in sheet.differences.model.rows}
    assert off == {"F1": ((61, 90), -2), "N1": (None, 0), "F2": ((30, 0), 30)}
    qtbot.mouseClick(sheet.approve_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: sheet.shown is not None and sheet.shown.row.state is CountState.POSTED)
    with one_database.reading() as session:
        assert {(r.lot, r.place): r.on_hand for r in stock_rows(session)} == {
            ("F1", "A-01"): 88, ("N1", "A-01"): 5, ("F2", "A-01"): 30, ("F2", "MAIN"): 30,
        }  # fmt: skip
        assert problems(session) == ()
    qtbot.mouseClick(sheet.back_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: [row.state for row in screen_of(last).counts.model.rows] == [CountState.POSTED])


def _banner(screen: CountsScreen) -> str:
    from infusion_desktop.desktop.banner import Banner

    return " ".join(each.text.text() for each in screen.findChildren(Banner) if each.isVisible())


def test_a_plan_is_made_changed_started_and_ended(
    window: Open, qtbot: QtBot, one_database: Database, by: UserId, second: UserId, flush: ItemId
) -> None:
    receive(one_database, NewReceipt((ReceiptLine(flush, 90, None, "F1", date(2028, 1, 1)),), "A-01"), by)
    shell = window(second)
    screen = screen_of(shell)
    screen.tabs.setCurrentIndex(1)
    screen.new_plan()
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, PlanDialog)
    dialog.press()
    assert dialog.title.error.text() == "Name is needed."
    dialog.title.set_value("All shelves")
    dialog.press()
    qtbot.waitUntil(lambda: len(screen.shelves.model.rows) == 1)
    assert screen.tabs.tabText(1) == "Plans (1 due)"
    screen.change_plan()
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, PlanDialog)
    dialog.days[0].set_value(5)
    dialog.press()
    qtbot.waitUntil(lambda: [row.plan.a_days for row in screen.plans.model.rows] == [5])
    qtbot.mouseClick(screen.start_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: screen.sheet.shown is not None and len(screen.sheet.lines.model.rows) == 1)
    screen.sheet.give_up()
    qtbot.waitUntil(lambda: screen.sheet.shown is not None and screen.sheet.shown.row.state is CountState.CANCELLED)
    screen.show_list()
    screen.end_plan()
    qtbot.waitUntil(lambda: not screen.plans.model.rows)
    screen.show_limits()
    limits = QApplication.activeModalWidget()
    assert isinstance(limits, LimitsDialog)
    assert limits.percent.value() == 5
    limits.reject()
