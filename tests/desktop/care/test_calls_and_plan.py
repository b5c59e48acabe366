"""A refill call in the real window: the board, the count, the plan, the drafts; tasks taken and done; rules added."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from infusion_desktop.access.roles import Permission
from infusion_desktop.billing.terms.contracts import add_rules, starter
from infusion_desktop.billing.terms.fees import NewFee, add_fee
from infusion_desktop.dates import ONE_DAY, Days, today
from infusion_desktop.deliveries.bench.picking import pick_all
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.bench.shipping import pack, ship
from infusion_desktop.deliveries.bench.verifying import verify_all
from infusion_desktop.deliveries.calls.follow_ups import add_follow_up, follow_ups
from infusion_desktop.deliveries.calls.refill_calls import calls_of
from infusion_desktop.deliveries.calls.refill_rules_kept import refill_rules
from infusion_desktop.deliveries.care.task_making import make_tasks
from infusion_desktop.deliveries.care_words import CallOutcome, SiteState
from infusion_desktop.deliveries.lists import of_patient
from infusion_desktop.deliveries.plans.planning import Wanted, plan_items
from infusion_desktop.desktop.care.places import PLACES
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.deliveries.places import PLACES as DELIVERIES
from infusion_desktop.desktop.patients.places import PLACES as PATIENTS
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.patients.words import PayerId
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from tests.desktop.deliveries.conftest import LATER, House


@pytest.fixture
def open_window(qtbot: QtBot, house: House) -> Iterator[Callable[[str], Shell]]:
    """The window as the administrator."""
    made: list[Shell] = []

    def make(place: str) -> Shell:
        context = Context(house.database, house.administrator, "Ada Min", frozenset(Permission))
        shell = Shell(context, (*PLACES, *DELIVERIES, *PATIENTS))
        shell.messages.beep = lambda: None
        qtbot.addWidget(shell)
        shell.resize(1280, 800)
        shell.show()
        qtbot.waitExposed(shell)
        shell.go(place)
        made.append(shell)
        return shell

    yield make
    for shell in made:
        shell.jobs.close()


def idle(shell: Shell) -> Callable[[], bool]:
    return lambda: not shell.jobs.running


def test_a_call_leads_to_the_plan_and_to_a_draft(
    house: House,
    open_window: Callable[[str], Shell],
    qtbot: QtBot,
) -> None:
    rules, began = starter("commercial_access").rules, today() - timedelta(days=365)
    add_rules(house.database, PayerId(1), rules, began, house.administrator)
    fee = NewFee("S9500", Decimal(95), Decimal(120), began)
    add_fee(house.database, PayerId(1), fee, house.administrator)
    shell = open_window("calls")
    board: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: len(board.calls.model.rows) == 1)
    board.calls.select_ids([house.patient])
    board.no_answer()
    qtbot.waitUntil(lambda: "no answer" in board.calls.model.data(board.calls.model.index(0, 5)))
    board.calls.select_ids([house.patient])
    board.call()
    screen: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: house.drug in screen.counts)
    assert screen.may_leave()
    qtbot.keyClicks(screen.note.line, "wants the blue pole")
    assert not screen.may_leave(), "words are typed as counts are"
    screen.counts[house.drug].setFocus()
    qtbot.keyClicks(screen.counts[house.drug], "x")
    screen.outcome.set_value(CallOutcome.AGREED)
    qtbot.mouseClick(screen.save_button, Qt.MouseButton.LeftButton)
    assert "whole number" in screen.page.banner.text.text()
    screen.counts[house.drug].clear()
    qtbot.keyClicks(screen.counts[house.drug], "3")
    qtbot.keyClick(screen.counts[house.drug], Qt.Key.Key_Return)
    screen.site.set_value(SiteState.SWOLLEN)
    qtbot.mouseClick(screen.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "day of the delivery" in screen.page.banner.text.text())
    qtbot.keyClicks(screen.spoke_with.line, "Bob")
    qtbot.keyClicks(screen.relation.line, "spouse")
    screen.next_on.set_value(today() + ONE_DAY)
    qtbot.mouseClick(screen.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: shell.screen_in_front is not screen)
    plan: Any = shell.screen_in_front
    assert plan.title == "Supply plan"
    qtbot.waitUntil(lambda: bool(plan.items.model.rows))
    assert plan.day.value() == today() + ONE_DAY, "the day agreed on"
    plan.first.set_value(today() + ONE_DAY)
    plan.last.set_value(today() + timedelta(days=7))
    plan.first.changed.emit()
    drug = lambda: next(row for row in plan.items.model.rows if row.item_id == house.drug)  # noqa: E731
    qtbot.waitUntil(lambda: (drug().needed, drug().to_send) == (7, 5))
    assert "1 used before" in drug().why
    plan.items.select_ids([house.drug])
    qtbot.waitUntil(lambda: len(plan.days.model.rows) == 7)
    assert plan.figures["Kit cost"].number.text() == "$0.00"
    assert plan.figures["Per diem of these days"].number.text() == "$665.00", "seven days of $95"
    assert "7 units, S9500" in plan.figures["Per diem of these days"].detail.text()
    assert plan.figures["Left of the per diem"].number.text() == "$665.00"
    qtbot.mouseClick(plan.plan_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: shell.screen_in_front is not plan)
    with house.database.reading() as session:
        (draft,) = of_patient(session, house.patient, today())
        assert draft.period == Days(today() + ONE_DAY, today() + timedelta(days=7))
        call, tried = calls_of(session, house.patient)
        assert (call.outcome, call.site, tried.outcome) == (
            CallOutcome.AGREED, SiteState.SWOLLEN, CallOutcome.NO_ANSWER)  # fmt: skip
        assert any("swollen" in row.title for row in follow_ups(session))
    shell.go("calls")
    qtbot.waitUntil(lambda: board.calls.model.rows == ())


def test_tasks_are_taken_given_and_done_and_a_rule_is_added(
    house: House,
    open_window: Callable[[str], Shell],
    qtbot: QtBot,
) -> None:
    add_follow_up(house.database, house.patient, "Ask for the culture", today(), house.pharmacist)
    assert make_tasks(house.database, today(), house.pharmacist) == 1
    shell = open_window("calls")
    board: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: any(row.kind == "home assessment" for row in board.tasks.model.rows))
    culture = next(row for row in board.tasks.model.rows if "culture" in row.title)
    board.tasks.select_ids([culture.id])
    board.take()
    qtbot.waitUntil(lambda: any(row.owner == "Ada Min" for row in board.tasks.model.rows))
    board.tasks.select_ids([culture.id])
    board.give()
    qtbot.waitUntil(lambda: board.dialog is not None)
    board.dialog.owner.set_value(house.pharmacist)
    qtbot.mouseClick(board.dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: any(row.owner == "Aisha Rahman" for row in board.tasks.model.rows))
    board.tasks.select_ids([culture.id])
    board.finish()
    qtbot.keyClicks(board.dialog.text.line, "sensitive")
    qtbot.mouseClick(board.dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: all("culture" not in row.title for row in board.tasks.model.rows))

    board.add_rule()
    qtbot.waitUntil(idle(shell))
    board.dialog.payer.set_value(PayerId(1))
    board.dialog.longest.set_value(14)
    qtbot.mouseClick(board.dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(board.rules.model.rows) == 1)
    with house.database.reading() as session:
        (kept,) = refill_rules(session)
    assert (kept.payer, kept.rule.longest_supply_days, kept.rule.delivery_days) == ("Cascadia Health Plan", 14, 10)


def test_what_left_short_is_listed_and_sent(
    house: House,
    open_window: Callable[[str], Shell],
    qtbot: QtBot,
) -> None:
    by, database, week = house.administrator, house.database, Days(today(), today() + timedelta(days=6))
    wanted = [Wanted(house.drug, 45), Wanted(house.flush, 14)]
    delivery = plan_items(database, house.patient, week, today(), wanted, by)
    assert [each.units for each in release(database, delivery, by).short] == [5]
    pick_all(database, delivery, by)
    verify_all(database, delivery, house.pharmacist)
    pack(database, delivery, 1, 1, by)
    ship(database, delivery, by)
    receive(database, NewReceipt((ReceiptLine(house.drug, 3, lot="CEF2", expires_on=LATER),), "A-01"), by)
    shell = open_window("calls")
    board: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: board.tabs.tabText(3) == "Still owed (1)")
    (row,) = board.owed.model.rows
    assert (row.is_drug, row.units, row.on_shelf, row.coming) == (True, 5, 3, "")
    board.tabs.setCurrentIndex(3)
    board.owed.select_ids([row.line_id])
    board.send_owed()
    qtbot.waitUntil(lambda: shell.screen_in_front is not board)
    draft: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: draft.shown is not None)
    assert [(line.item_id, line.to_send) for line in draft.shown.lines] == [(house.drug, 5)]
    shell.go("calls")
    qtbot.waitUntil(lambda: board.owed.model.rows[0].coming == draft.shown.row.number)
    board.owed.select_ids([row.line_id])
    board.send_owed()
    qtbot.waitUntil(lambda: "being made ready already" in board.page.banner.text.text())

    shell.open("patient", house.patient)
    patient: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: patient.shown is not None and bool(patient.glance.texts["Deliveries"]))
    assert patient.glance.texts["Deliveries"][0].startswith("Owed: 5 each Cefazolin 2 g in elastomeric pump of D")
