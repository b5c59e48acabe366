"""On the delivery page: nobody was there and it goes again, numbers and lots put right, and what holds a draft."""

from collections.abc import Callable
from datetime import timedelta

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from infusion_desktop.dates import ONE_DAY, Days, today
from infusion_desktop.deliveries.calls.refill_rules_kept import NewRefillRule, add_refill_rule
from infusion_desktop.deliveries.door.proof import corrections_of
from infusion_desktop.deliveries.plans.planning import plan
from infusion_desktop.deliveries.verify import problems
from infusion_desktop.deliveries.words import DeliveryId
from infusion_desktop.desktop.deliveries.after_dialogs import TrackingDialog
from infusion_desktop.desktop.deliveries.delivery_screen import DeliveryScreen
from infusion_desktop.desktop.deliveries.other_lot_dialog import OtherLotDialog
from infusion_desktop.desktop.deliveries.small_dialogs import NobodyDialog
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.patients.queries import patient_page
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from infusion_desktop.stock.queries import item_rows

from .conftest import FLUSH, LATER, OTHER, House, gs1
from .test_proof_screen import left, on_the_way, page_of

__all__ = ["on_the_way"]
Open = Callable[..., Shell]
NEXT = Days(today(), today() + timedelta(days=6))


def opened(shell: Shell, delivery: DeliveryId, button: str, qtbot: QtBot) -> DeliveryScreen:
    shell.open("delivery", delivery)
    page = shell.screen_in_front
    assert isinstance(page, DeliveryScreen)
    qtbot.waitUntil(lambda: page.shown is not None and page.buttons[button].isVisible())
    return page


def press(button: QPushButton, qtbot: QtBot) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_nobody_was_there_the_driver_tries_again_and_the_number_is_put_right(
    open_shell: Open, house: House, on_the_way: list[DeliveryId], qtbot: QtBot
) -> None:
    delivery, database = on_the_way[0], house.database
    page = opened(open_shell("deliveries"), delivery, "fail", qtbot)
    press(page.buttons["fail"], qtbot)
    nobody = page.dialog
    assert isinstance(nobody, NobodyDialog)
    qtbot.keyClicks(nobody.text.line, "nobody at home")
    nobody.day.set_value(today() - ONE_DAY)
    qtbot.keyClick(nobody.text.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "has passed" in nobody.banner.text.text())
    assert "failed attempt" not in [each.step.value for each in page_of(house, delivery).steps], "all of it or nothing"
    nobody.day.set_value(today() + ONE_DAY)
    qtbot.keyClick(nobody.text.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page_of(house, delivery).row.scheduled_on == today() + ONE_DAY)
    assert [each.note for each in page_of(house, delivery).steps if each.step.value == "failed attempt"] == [
        "nobody at home"
    ]
    qtbot.waitUntil(lambda: page.kept().row.version == page_of(house, delivery).row.version)
    press(page.buttons["again"], qtbot)
    again = page.dialog
    assert isinstance(again, NobodyDialog)
    again.day.set_value(today() + timedelta(days=2))
    qtbot.keyClick(again.day.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page_of(house, delivery).row.scheduled_on == today() + timedelta(days=2))

    page.corrections["tracking"].trigger()
    number = page.dialog
    assert isinstance(number, TrackingDialog)
    number.on_scan("1Z999AA10123456784")
    qtbot.keyClick(number.tracking.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page_of(house, delivery).tracking == "1Z999AA10123456784")
    qtbot.waitUntil(lambda: "1Z999AA10123456784" in page.head.facts["Carrier"].text())
    with database.reading() as session:
        assert [each.reason for each in corrections_of(session, delivery)] == ["it came after the hand-over"]


def test_a_wrong_lot_is_put_right_by_a_scan_of_the_box(
    open_shell: Open, house: House, on_the_way: list[DeliveryId], qtbot: QtBot
) -> None:
    delivery, database = on_the_way[0], house.database
    line = ReceiptLine(house.flush, 30, lot="FL2", expires_on=LATER)
    receive(database, NewReceipt((line,), "B-07"), house.technician)
    page = opened(open_shell("deliveries"), delivery, "corrections", qtbot)
    page.corrections["lot"].trigger()
    dialog = page.dialog
    assert isinstance(dialog, OtherLotDialog)
    qtbot.waitUntil(lambda: [each.number for each in dialog.offered] == ["FL2"])
    assert dialog.units.value() == 5 and dialog.counted.isHidden()
    wrongs: list[str] = []
    dialog.desk.messages.wrong = wrongs.append  # type: ignore[method-assign]
    dialog.on_scan(gs1(FLUSH, "FL1"))
    qtbot.waitUntil(lambda: wrongs == ["This is not what it may have been instead. Scan what came."])
    assert dialog.right.is_blank()
    dialog.on_scan(gs1(FLUSH, "FL2"))
    qtbot.waitUntil(lambda: not dialog.right.is_blank())
    qtbot.keyClick(dialog.why.line, Qt.Key.Key_Return)
    assert dialog.why.error.text() == "How you know is needed."
    qtbot.keyClicks(dialog.why.line, "the caregiver read it to us")
    qtbot.keyClick(dialog.why.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: [lot.lot for lot in page_of(house, delivery).lines[0].lots] == ["FL2"])
    qtbot.waitUntil(lambda: len(page.after.corrections.model.rows) == 1)

    # Two of the five were needles: another item, found by a scan of its box.
    with database.reading() as session:
        needle = next(row.id for row in item_rows(session) if row.number == "HU-20")
    receive(database, NewReceipt((ReceiptLine(needle, 30, lot="N1", expires_on=LATER),), "B-07"), house.technician)
    page.dialog = None
    page.corrections["lot"].trigger()
    qtbot.waitUntil(lambda: page.dialog is not None and bool(page.dialog.items))
    dialog = page.dialog
    assert isinstance(dialog, OtherLotDialog) and dialog.serves.isHidden()
    dialog.on_scan(gs1(OTHER, "N1"))
    qtbot.waitUntil(lambda: not dialog.right.is_blank())
    assert dialog.item.shown() == "Huber needle 20 G" and not dialog.serves.isHidden()
    dialog.units.set_value(2)
    qtbot.keyClicks(dialog.why.line, "the caregiver opened the box")
    qtbot.keyClick(dialog.why.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: [(line.to_send, line.owed) for line in page_of(house, delivery).lines] == [(5, 2), (2, 0)])
    with database.reading() as session:
        assert problems(session) == ()


def test_a_draft_says_which_rule_would_hold_it_before_anybody_releases_it(
    open_shell: Open, house: House, qtbot: QtBot
) -> None:
    database, by = house.database, house.pharmacist
    with database.reading() as session:
        shown = patient_page(session, house.patient)
        therapy, payer = shown.therapies[0].id, shown.coverages[0].policy.payer_id
    add_refill_rule(database, NewRefillRule(payer, today() - timedelta(days=90), 30, 5), house.administrator)
    first = plan(database, therapy, NEXT, today(), {}, by)
    page = opened(open_shell("deliveries"), first, "release", qtbot)
    assert page.held.isHidden(), "the first of a therapy is held by no rule"
    left(house, first)
    after = Days(NEXT.last + ONE_DAY, NEXT.last + timedelta(days=7))
    second = plan(database, therapy, after, today(), {}, by)
    page.show_record("delivery", second)
    qtbot.waitUntil(page.held.isVisible)
    said = page.held.text.text()
    assert "Held by a refill rule (Cascadia Health Plan, rule from" in said
    assert "deliver no sooner than 5 days before the supply ends" in said and "No refill call is recorded" in said
