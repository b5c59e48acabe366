"""The first screen: figures that agree with the rows behind them, rows that open records, calls that are finished."""

from collections.abc import Callable
from datetime import timedelta

from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from infusion_desktop.access.roles import Role
from infusion_desktop.dates import Days, today
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.calls.follow_ups import add_follow_up, follow_ups
from infusion_desktop.deliveries.plans.planning import plan
from infusion_desktop.desktop.care.supply_screen import SupplyScreen
from infusion_desktop.desktop.deliveries.delivery_screen import DeliveryScreen
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.desktop.today.today_screen import TodayScreen
from infusion_desktop.patients.queries import therapies_of
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive

from .conftest import House

Open = Callable[..., Shell]


def screen_of(shell: Shell) -> TodayScreen:
    screen = shell.screen_in_front
    assert isinstance(screen, TodayScreen)
    return screen


def test_figures_lead_to_what_they_count(open_shell: Open, house: House, qtbot: QtBot) -> None:
    with house.database.reading() as session:
        therapy = therapies_of(session, house.patient)[0].id
    yesterday = today() - timedelta(days=1)
    late = plan(house.database, therapy, Days(today(), today() + timedelta(days=6)), yesterday, {}, house.administrator)
    release(house.database, late, house.administrator)
    soon = today() + timedelta(days=12)
    receive(
        house.database, NewReceipt((ReceiptLine(house.flush, 5, lot="OLD", expires_on=soon),), "A-01"),
        house.administrator,
    )  # fmt: skip
    shell = open_shell("today")
    screen = screen_of(shell)
    qtbot.waitUntil(lambda: len(screen.heaps) == 6)
    shown = {key: (figure.number.text(), figure.detail.text()) for key, figure in screen.figures.items()}
    assert shown["deliveries"] == ("1", "1 late, 1 released")
    assert shown["bench"][0] == "1"
    assert shown["pumps"][0] == "0 of 0"
    assert shown["expiring"] == ("1", "lots within 30 days")
    for key, figure in screen.figures.items():
        qtbot.mouseClick(figure, Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
        assert len(screen.table.model.rows) == len(screen.heaps[key].rows)
        assert shown[key][0].startswith(str(len(screen.table.model.rows)))
    screen.choose("deliveries")
    screen.table.grid.selectRow(0)
    qtbot.keyClick(screen.table.grid, Qt.Key.Key_Return)
    page = shell.screen_in_front
    assert isinstance(page, DeliveryScreen)
    assert page.delivery_id == late


def test_a_due_call_is_finished_with_its_outcome_or_leads_to_a_refill(
    open_shell: Open, house: House, qtbot: QtBot
) -> None:
    add_follow_up(house.database, house.patient, "Call: ask about the dressing", today(), house.administrator)
    shell = open_shell("today")
    screen = screen_of(shell)
    qtbot.waitUntil(lambda: len(screen.calls.model.rows) == 1)
    qtbot.mouseClick(screen.done_button, Qt.MouseButton.LeftButton)
    assert "Mark the call" in screen.page.banner.text.text()
    assert screen.calls_heading.text() == "Due: 1 call" and screen.calls_overdue.isHidden()
    screen.calls.grid.selectRow(0)
    qtbot.mouseClick(screen.plan_button, Qt.MouseButton.LeftButton)
    planning = shell.screen_in_front
    assert isinstance(planning, SupplyScreen)
    qtbot.waitUntil(lambda: planning.shown is not None)
    shell.go("today")
    screen.calls.grid.selectRow(0)
    qtbot.mouseClick(screen.done_button, Qt.MouseButton.LeftButton)
    dialog = screen.dialog
    assert dialog is not None
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    assert "needed" in dialog.outcome.error.text()
    qtbot.keyClicks(dialog.outcome.line, "all is well")
    qtbot.keyClick(dialog.outcome.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not screen.calls.model.rows)
    with house.database.reading() as session:
        assert [row.outcome for row in follow_ups(session, done_too=True)] == ["all is well"]


def test_a_technician_sees_no_claims_and_plans_nothing(open_shell: Open, qtbot: QtBot) -> None:
    screen = screen_of(open_shell("today", Role.TECHNICIAN))
    qtbot.waitUntil(lambda: len(screen.heaps) == 5)
    assert "claims" not in screen.figures
    assert not screen.done_button.isEnabled()
    assert "coordinator" in screen.done_button.toolTip()
