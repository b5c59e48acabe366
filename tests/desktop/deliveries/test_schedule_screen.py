"""The schedule as people work it: dragged to another day with its check, given to drivers, put in order, printed."""

from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QDropEvent
from pytestqt.qtbot import QtBot

from infusion_desktop.dates import Days, today
from infusion_desktop.deliveries.bench.picking import pick_all
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.bench.shipping import pack, ship
from infusion_desktop.deliveries.bench.verifying import verify_all
from infusion_desktop.deliveries.plans.planning import Wanted, plan_items
from infusion_desktop.deliveries.schedule.calendar_rules import Week
from infusion_desktop.deliveries.schedule.delivery_days import (
    DriverRow,
    NewDriver,
    add_driver,
    calendar_of,
    close_days,
    set_week,
)
from infusion_desktop.deliveries.schedule.dispatch_words import DriverId
from infusion_desktop.deliveries.schedule.schedule_queries import ScheduleRow, schedule
from infusion_desktop.deliveries.schedule.scheduling import Assignment, assign
from infusion_desktop.deliveries.words import Carrier, DeliveryId, DeliveryState
from infusion_desktop.desktop.deliveries.day_tab import Day, DayTab, TourKey
from infusion_desktop.desktop.deliveries.schedule_cards import CardList, mime_of
from infusion_desktop.desktop.deliveries.schedule_dialogs import DriverDialog, RepeatDialog
from infusion_desktop.desktop.deliveries.schedule_screen import ScheduleScreen
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.question import QuestionDialog
from infusion_desktop.desktop.shell import Shell

from .conftest import House

Open = Callable[..., Shell]
NEXT = Days(today(), today() + timedelta(days=6))


@pytest.fixture
def two(house: House) -> tuple[DeliveryId, DeliveryId]:
    """Two released deliveries of today, every day being a delivery day."""
    set_week(house.database, Week(today(), frozenset(range(7)), time(23, 59), 0), house.pharmacist, was=None)
    made = [
        plan_items(
            house.database, house.patient, NEXT, today(), [Wanted(house.flush, 1, "asked for")], house.pharmacist
        )
        for _ in range(2)
    ]
    for each in made:
        release(house.database, each, house.pharmacist)
    return made[0], made[1]


def at(house: House, delivery: DeliveryId) -> ScheduleRow:
    with house.database.reading() as session:
        return next(row for row in schedule(session, NEXT, today()) if row.id == delivery)


def drop(onto: CardList, ids: list[int], y: float = 400) -> None:
    """Let go of dragged cards over a column."""
    data = mime_of(ids)
    none = Qt.KeyboardModifier.NoModifier
    left = Qt.MouseButton.LeftButton
    onto.dropEvent(QDropEvent(QPointF(20, y), Qt.DropAction.MoveAction, data, left, none))


def test_dragging_to_another_day_is_checked_and_a_reason_goes_on(
    open_shell: Open, house: House, two: tuple[DeliveryId, DeliveryId], qtbot: QtBot
) -> None:
    first, second = two
    shell = open_shell("schedule")
    screen = shell.screen_in_front
    assert isinstance(screen, ScheduleScreen)
    screen.go_to_week(today())
    columns = screen.calendar.columns
    qtbot.waitUntil(lambda: columns[0].cards.count() == 2)
    close_days(house.database, {today() + timedelta(days=2): "Inventory"}, house.pharmacist)
    columns[0].cards.mark(second)
    qtbot.waitUntil(lambda: columns[2].fits.isVisible())
    assert "Inventory" in columns[2].fits.toolTip()
    drop(columns[2].cards, [second])
    qtbot.waitUntil(lambda: bool(shell.findChildren(QuestionDialog)))
    asked = shell.findChildren(QuestionDialog)[0]
    assert any("Inventory" in sentence for sentence in asked.question.sentences)
    qtbot.keyClicks(asked.reason, "the driver comes in")
    qtbot.mouseClick(asked.yes, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: at(house, second).day == today() + timedelta(days=2))
    qtbot.waitUntil(lambda: columns[0].cards.count() == 1)
    columns[0].cards.mark(first)
    qtbot.keyClick(columns[0].cards, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: "has passed" in shell_text(screen))
    assert at(house, first).day == today()

    # After its last day, and once it is on the way: said at the day, and when it is dropped there.
    screen.go_to_week(today() + timedelta(days=1))
    qtbot.waitUntil(lambda: columns[1].cards.marked() == [] and columns[1].cards.count() == 1)
    columns[1].cards.mark(second)
    qtbot.waitUntil(lambda: "none of these days is left" in columns[6].fits.toolTip())
    drop(columns[6].cards, [second])
    qtbot.waitUntil(lambda: any(each.isVisible() for each in shell.findChildren(QuestionDialog)))
    question = next(each for each in shell.findChildren(QuestionDialog) if each.isVisible())
    assert any("none of these days is left" in sentence for sentence in question.question.sentences)
    question.reject()
    pick_all(house.database, first, house.technician)
    verify_all(house.database, first, house.pharmacist)
    pack(house.database, first, 1, 1, house.technician)
    ship(house.database, first, house.technician)
    screen.go_to_week(today())
    qtbot.waitUntil(lambda: columns[0].day == today() and screen.calendar.rows[first].state is DeliveryState.SHIPPED)
    drop(columns[1].cards, [first])
    qtbot.waitUntil(lambda: "is on the way, and its day stays" in shell_text(screen))
    assert at(house, first).day == today()
    tabs = screen.tabs.tabBar()
    qtbot.mouseClick(tabs, Qt.MouseButton.LeftButton, pos=tabs.tabRect(2).center())
    assert shell_text(screen) == "", "what was said of one tab does not stand over another"


def shell_text(screen: Any) -> str:
    from infusion_desktop.desktop.banner import Banner

    found = screen.findChild(Banner, options=Qt.FindChildOption.FindDirectChildrenOnly)
    return found.text.text() if isinstance(found, Banner) else ""


def test_a_tour_is_given_to_a_driver_put_in_order_and_printed(
    open_shell: Open, house: House, two: tuple[DeliveryId, DeliveryId], qtbot: QtBot
) -> None:
    first, second = two
    add_driver(house.database, NewDriver("Maria Ortega"), house.pharmacist)
    shell = open_shell("schedule")
    screen = shell.screen_in_front
    assert isinstance(screen, ScheduleScreen)
    shell.open("schedule", today())
    board = screen.board
    qtbot.waitUntil(lambda: {"Maria Ortega", "own driver"} <= {each.key.name for each in board.columns})
    drop(board.column("Maria Ortega").cards, [first, second])
    qtbot.waitUntil(lambda: board.column("Maria Ortega").cards.count() == 2)
    cards = board.column("Maria Ortega").cards
    cards.mark(first)
    qtbot.keyClick(cards, Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: (at(house, second).position, at(house, first).position) == (1, 2))
    qtbot.waitUntil(lambda: [card.id for card in board.column("Maria Ortega").cards.cards()] == [second, first])
    qtbot.mouseClick(board.column("Maria Ortega").sheet, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(screen.findChildren(PdfDialog)))
    paper = screen.findChildren(PdfDialog)[0]
    qtbot.waitUntil(lambda: paper.preview.pages == 1)
    qtbot.waitUntil(lambda: not paper.preview.picture(0).isNull())
    paper.reject()
    for name, column in (
        ("Route", "No route"),
        ("Driver", "Maria Ortega"),
        ("Carrier", "Own driver"),
        ("Tour", "Maria Ortega"),
    ):
        next(chip for chip in board.groups.buttons() if chip.text() == name).click()
        full = {each.key.name: each.cards.count() for each in board.columns if each.cards.count()}
        assert full == {column: 2}, name
    assert board.grouping == "Tour"


def test_what_recurs_is_set_up_expected_and_planned(open_shell: Open, house: House, qtbot: QtBot) -> None:
    set_week(house.database, Week(date(2020, 1, 1), frozenset(range(7)), time(23, 59), 0), house.pharmacist, was=None)
    shell = open_shell("schedule")
    screen = shell.screen_in_front
    assert isinstance(screen, ScheduleScreen)
    screen.tabs.setCurrentWidget(screen.days)
    qtbot.mouseClick(screen.days.add_driver, Qt.MouseButton.LeftButton)
    driver = screen.dialog
    assert isinstance(driver, DriverDialog)
    qtbot.keyClicks(driver.name.line, "Deshawn Bell")
    qtbot.keyClick(driver.name.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: [row.name for row in screen.days.drivers.model.rows] == ["Deshawn Bell"])
    screen.tabs.setCurrentWidget(screen.repeats)
    qtbot.mouseClick(screen.repeats.add_button, Qt.MouseButton.LeftButton)
    dialog = screen.dialog
    assert isinstance(dialog, RepeatDialog)
    qtbot.waitUntil(lambda: len(dialog.picker.rows) == 1)
    qtbot.keyClick(dialog.picker.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dialog.therapy is not None)
    qtbot.keyClick(dialog.days.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(screen.repeats.table.model.rows) == 1)
    screen.go_to_week(today())
    screen.tabs.setCurrentWidget(screen.calendar)
    cards = screen.calendar.columns[0].cards
    qtbot.waitUntil(lambda: [card.id for card in cards.cards()] == [None])
    qtbot.mouseClick(screen.calendar.plan_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: cards.count() == 1 and cards.cards()[0].id is not None)
    with house.database.reading() as session:
        planned = schedule(session, Days(today(), today() + timedelta(days=20)), today())
    assert [row.day for row in planned] == [today() + timedelta(days=days) for days in (0, 6, 13)]


def test_five_tours_stand_beside_each_other_in_a_window_of_1280(qtbot: QtBot) -> None:
    drivers = tuple(
        DriverRow(DriverId(number), f"Driver {number}", Carrier.OWN_DRIVER, "", (), 1) for number in range(6)
    )
    board = DayTab(may_move=True)
    qtbot.addWidget(board)
    board.resize(1016, 560)
    board.show()
    bar = board.area.horizontalScrollBar()
    board.show_day(Day(today(), (), drivers), today())
    qtbot.waitUntil(lambda: 0 < bar.maximum() < 200)
    board.show_day(Day(today(), (), drivers[:5]), today())
    qtbot.waitUntil(lambda: bar.maximum() == 0)


def test_two_people_set_the_delivery_days_and_the_second_sees_both(
    open_shell: Open, house: House, qtbot: QtBot
) -> None:
    shell = open_shell("schedule")
    screen = shell.screen_in_front
    assert isinstance(screen, ScheduleScreen)
    qtbot.waitUntil(lambda: screen.settings_shown is not None and not shell.jobs.running)
    screen.change_week()
    mine: Any = screen.dialog
    assert mine.focusWidget() is mine.start.line, "Enter presses no Cancel"
    mine.boxes[5].set_value(True)
    theirs = Week(today(), frozenset({0, 1}), time(9), 2)
    set_week(house.database, theirs, house.pharmacist, was=None)
    mine.press()
    qtbot.waitUntil(lambda: hasattr(screen.dialog, "comparison"))
    rows = {row.field: (row.theirs, row.mine) for row in screen.dialog.comparison.rows}
    assert rows["Sat"] == ("no", "yes")
    assert rows["Released by"] == ("09:00", "15:00") and rows["Wed"] == ("no", "yes")
    screen.dialog.comparison.mine.click()
    qtbot.waitUntil(lambda: not shell.jobs.running)
    with house.database.reading() as session:
        kept = calendar_of(session).week_on(today())
    assert (sorted(kept.weekdays), kept.cutoff, kept.cutoff_days) == ([0, 1, 5], time(9), 2)


def test_a_delivery_somebody_else_moved_is_not_given_away_unseen(
    open_shell: Open, house: House, two: tuple[DeliveryId, DeliveryId], qtbot: QtBot
) -> None:
    first, _second = two
    maria, deshawn = (add_driver(house.database, NewDriver(name), house.pharmacist) for name in ("Maria", "Deshawn"))
    shell = open_shell("schedule")
    screen = shell.screen_in_front
    assert isinstance(screen, ScheduleScreen)
    shell.open("schedule", today())
    qtbot.waitUntil(lambda: screen.board.row(first) is not None and not shell.jobs.running)
    assign(house.database, [(first, at(house, first).version)], Assignment(maria), house.pharmacist)
    screen.assign([first], TourKey("Deshawn", deshawn))
    qtbot.waitUntil(lambda: "Somebody else changed delivery" in shell_text(screen))
    assert at(house, first).driver == "Maria"
    qtbot.waitUntil(lambda: screen.board.row(first).driver == "Maria")
    screen.assign([], TourKey("Deshawn", deshawn))
    qtbot.waitUntil(lambda: "Mark the deliveries first" in shell_text(screen))
    screen.assign([first], TourKey("Deshawn", deshawn))
    qtbot.waitUntil(lambda: at(house, first).driver == "Deshawn")
