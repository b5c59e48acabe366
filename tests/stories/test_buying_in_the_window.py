"""Buying in the real window: proposal, order paper, part scanned in, backorder, the rest damaged, vendor return."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pypdfium2 import PdfDocument
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from infusion_desktop.access.people import add_first_administrator
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.desktop import theme
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.purchasing.order_dialogs import AddLineDialog, BackorderDialog, SendDialog
from infusion_desktop.desktop.purchasing.order_screen import OrderScreen
from infusion_desktop.desktop.purchasing.places import NAME_SCANS, PLACES, SEARCHES
from infusion_desktop.desktop.purchasing.purchasing_screen import PurchasingScreen
from infusion_desktop.desktop.purchasing.returns_tab import CreditDialog, ReturnDialog
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.desktop.stock.places import PLACES as STOCK
from infusion_desktop.desktop.stock.receive_screen import ReceiveScreen
from infusion_desktop.identifiers import gtin_check_digit
from infusion_desktop.stock.buying.purchase_orders import draft_order
from infusion_desktop.stock.buying.return_queries import return_rows
from infusion_desktop.stock.buying.vendor_queries import vendor_rows
from infusion_desktop.stock.buying.vendors import NewOffer, NewVendor, add_vendor, set_offer
from infusion_desktop.stock.catalogue import NewItem, Pack, add_item
from infusion_desktop.stock.places import set_up_places
from infusion_desktop.stock.queries import stock_rows
from infusion_desktop.stock.verify import problems
from infusion_desktop.stock.words import Condition, ItemKind, OrderState, VendorReturnState

BODY = "1081234500001"
CASE = BODY + str(gtin_check_digit(BODY))
LATER = today() + timedelta(days=500)


@pytest.fixture
def by(one_database: Database) -> UserId:
    """A pharmacy that keeps 150 flushes, has none, and buys them by the case of 60."""
    admin = add_first_administrator(one_database, "admin", "Ada Min", "correct horse battery")
    with one_database.transaction() as session:
        set_up_places(session, admin)
    flush = add_item(one_database, NewItem(
        "FL-10", "Saline flush 10 mL", ItemKind.FLUSH, unit_cost=Decimal("0.30"), par_level=150, reorder_point=40,
        packs=(Pack("each", 1), Pack("case", 60, CASE)),
    ), admin)  # fmt: skip
    vendor = add_vendor(one_database, NewVendor("Northwest <Medical> & Sons", "AC-77", lead_days=4), admin)
    set_offer(one_database, vendor, NewOffer(flush, "NW-555", "case", 60, price=Decimal("21.50")), admin)
    return admin


@pytest.fixture
def shell(qtbot: QtBot, qapp: QApplication, one_database: Database, by: UserId) -> Iterator[Shell]:
    theme.install(qapp, dark=False)
    context = Context(one_database, by, "Ada Min", frozenset(Permission))
    made = Shell(
        context, (*STOCK, *PLACES), searches=[each(context) for each in SEARCHES],
        name_scans=[each(context) for each in NAME_SCANS],
    )  # fmt: skip
    made.messages.beep = lambda: None  # type: ignore[method-assign]
    qtbot.addWidget(made)
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.jobs.close()


def quiet(shell: Shell) -> Callable[[], bool]:
    return lambda: not shell.jobs.running


def screen(shell: Shell, qtbot: QtBot, kind: type[Any]) -> Any:
    qtbot.waitUntil(lambda: isinstance(shell.screen_in_front, kind))
    qtbot.waitUntil(quiet(shell))
    return shell.screen_in_front


def dialog(shell: Shell, qtbot: QtBot, kind: type[Any]) -> Any:
    def found() -> list[Any]:
        return [each for each in shell.findChildren(QDialog) if isinstance(each, kind) and each.isVisible()]

    qtbot.waitUntil(lambda: bool(found()))
    return found()[-1]


def press(qtbot: QtBot, widget: Any) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def words(pdf: bytes) -> str:
    with PdfDocument(pdf) as document:
        return " ".join(" ".join(page.get_textpage().get_text_bounded().split()) for page in document)


def test_flushes_are_proposed_ordered_partly_received_and_the_damaged_rest_goes_back(
    shell: Shell, qtbot: QtBot, one_database: Database
) -> None:
    # The proposal, with its sum.
    shell.go("purchasing")
    buying = screen(shell, qtbot, PurchasingScreen)
    tab = buying.proposals
    qtbot.waitUntil(lambda: len(tab.table.model.shown) == 1)
    assert tab.side.why.text() == "par 150 - on hand 0 = 150, rounded to 3 cases of 60"
    tab.side.packs.line.selectAll()
    qtbot.keyClicks(tab.side.packs.line, "4")
    assert tab.order_button.text() == "Draft orders: 1 item, $86.00"
    tab.table.grid.setFocus()
    qtbot.keyClick(tab.table.grid, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    # The draft, its paper, and that it was sent.
    order = screen(shell, qtbot, OrderScreen)
    qtbot.waitUntil(lambda: order.page is not None and len(order.page.lines) == 1)
    assert order.page.lines[0].why.endswith("set to 4 by hand")
    press(qtbot, order.print_button)
    qtbot.waitUntil(lambda: order.dialog is not None)
    paper = words(order.dialog.preview._pdf)
    for shown in ("Northwest <Medical> & Sons", "NW-555", "case of 60", "$86.00", "This is a draft, not an order."):
        assert shown in paper
    order.dialog.close()
    press(qtbot, order.send_button)
    press(qtbot, dialog(shell, qtbot, SendDialog).save_button)
    qtbot.waitUntil(lambda: order.page.row.state is OrderState.SENT)
    number = order.page.row.number
    # Two cases come: the printed order is scanned, then the boxes; one of them is crushed.
    shell.go("receive")
    bench = screen(shell, qtbot, ReceiveScreen)
    shell.on_scan(f"PO:{number}")
    qtbot.waitUntil(lambda: bench.strip.page is not None)
    assert "4 cases of Saline flush 10 mL" in bench.strip.text.text()
    label = f"]d201{CASE}17{LATER:%y%m%d}10A1"
    for boxes in (1, 2, 3):
        shell.on_scan(label)
        qtbot.waitUntil(lambda boxes=boxes: sum(line.packs for line in bench.receipt.lines) == boxes)
    press(qtbot, bench.line_form.aside_button)
    qtbot.keyClicks(bench.line_form.note.line, "crushed")
    assert [(line.packs, line.condition, line.note) for line in bench.receipt.lines] == [
        (2, Condition.GOOD, ""), (1, Condition.DAMAGED, "crushed"),
    ]  # fmt: skip
    assert bench.strip.ordered(bench.receipt.lines[0]) == "120 of 240"
    press(qtbot, bench.save_button)
    qtbot.waitUntil(lambda: bench.last_receipt is not None and bench.strip.page is None)
    # The rest is on backorder.
    shell.open("purchase order", order.order_id)
    qtbot.waitUntil(lambda: order.page.row.state is OrderState.PARTLY_RECEIVED)
    line = order.page.lines[0]
    assert (line.received, line.damaged, line.outstanding) == (120, 60, 120)
    order.lines.select_ids([line.id])
    press(qtbot, order.line_button)
    late = dialog(shell, qtbot, BackorderDialog)
    late.until.set_value(today() + timedelta(days=20))
    press(qtbot, late.save_button)
    qtbot.waitUntil(lambda: order.page.row.on_backorder == 1)
    # The backordered cases come damaged, too; the order stays open.
    press(qtbot, order.receive_button)
    screen(shell, qtbot, ReceiveScreen)
    qtbot.waitUntil(lambda: bench.strip.page is not None)
    first = bench.last_receipt
    shell.on_scan(f"]d201{CASE}17{LATER:%y%m%d}10B2")
    qtbot.waitUntil(lambda: len(bench.receipt.lines) == 1)
    press(qtbot, bench.line_form.aside_button)
    press(qtbot, bench.save_button)
    qtbot.waitUntil(lambda: bench.last_receipt not in (None, first))
    with one_database.reading() as session:
        assert problems(session) == ()
        assert {(row.place, row.lot): (row.on_hand, row.available) for row in stock_rows(session)} == {
            ("MAIN", "A1"): (120, 120), ("QUARANTINE", "A1"): (60, 0), ("QUARANTINE", "B2"): (60, 0),
        }  # fmt: skip
    # Both damaged cases go back; half of the credit comes, then the rest.
    shell.open("purchasing", "returns")
    screen(shell, qtbot, PurchasingScreen)
    returns = buying.returns
    qtbot.waitUntil(lambda: len(returns.waiting.model.rows) == 2)
    returns.waiting.grid.selectAll()
    press(qtbot, returns.send_button)
    back = dialog(shell, qtbot, ReturnDialog)
    assert (back.reason.value(), back.expected.value()) == ("crushed", Decimal("43.00"))
    press(qtbot, back.save_button)
    qtbot.waitUntil(lambda: returns.dialog is not None)
    assert "Credit expected $43.00" in words(returns.dialog.preview._pdf)
    returns.dialog.close()
    qtbot.waitUntil(lambda: len(returns.table.model.rows) == 1 and not returns.waiting.model.rows)
    for amount, state in (("20.00", VendorReturnState.SENT), ("23.00", VendorReturnState.CREDITED)):
        returns.table.select_ids([returns.table.model.rows[0].id])
        press(qtbot, returns.credit_button)
        credit = dialog(shell, qtbot, CreditDialog)
        credit.amount.set_value(Decimal(amount))
        press(qtbot, credit.save_button)
        qtbot.waitUntil(lambda state=state: returns.table.model.rows[0].state is state)
        qtbot.waitUntil(quiet(shell))
    with one_database.reading() as session:
        assert problems(session) == ()
        assert {row.place for row in stock_rows(session)} == {"MAIN"}
        [kept] = return_rows(session)
        assert (kept.credited, kept.open_credit) == (Decimal("43.00"), Decimal("0.00"))
        assert sorted(each.lot for each in kept.lines) == ["A1", "B2"]
    # A scanned order opens anywhere.
    shell.on_scan(f"PO:{number}")
    assert screen(shell, qtbot, OrderScreen).page.row.number == number


def test_an_item_is_scanned_onto_an_order_and_rounded_up_to_what_the_vendor_sells(
    shell: Shell, qtbot: QtBot, one_database: Database, by: UserId
) -> None:
    tape = add_item(one_database, NewItem("TP-1", "Silk tape", ItemKind.DRESSING, base_unit="roll"), by)
    with one_database.reading() as session:
        vendor = vendor_rows(session, today())[0].id
    gauze = add_item(one_database, NewItem("GZ-1", "Gauze", ItemKind.DRESSING), by)
    set_offer(one_database, vendor, NewOffer(gauze, "G", "box", 10, 3), by)
    shell.open("purchase order", draft_order(one_database, vendor, [], by))
    order = screen(shell, qtbot, OrderScreen)
    for scanned, wanted, said in (
        (f"]d201{CASE}", "61", "Ordered: 2 cases of 60 = 120 each."), ("TP-1", "5", "Ordered: 5 roll."),
        ("GZ-1", "12", "Ordered: 3 boxes of 10 = 30 each, the least this vendor sells is 3."),
    ):  # fmt: skip
        order.add_item()
        adding = dialog(shell, qtbot, AddLineDialog)
        shell.on_scan(scanned)
        qtbot.waitUntil(lambda adding=adding: adding.sold is not None)  # type: ignore[misc]
        qtbot.keyClicks(adding.units.line, wanted)
        assert adding.comes_to.text() == said
        lines = len(order.page.lines)
        adding.press()
        qtbot.waitUntil(lambda lines=lines: len(order.page.lines) == lines + 1)  # type: ignore[misc]
    assert {line.item_id: line.quantity for line in order.page.lines if line.item_id in (tape, gauze)} == {
        tape: 5, gauze: 30,
    }  # fmt: skip


def test_every_tab_says_what_to_do_when_it_is_empty(shell: Shell, qtbot: QtBot) -> None:
    shell.go("purchasing")
    buying = screen(shell, qtbot, PurchasingScreen)
    for place, tab in enumerate(buying.all):
        buying.tabs.setCurrentIndex(place)
        qtbot.waitUntil(quiet(shell))
        assert tab.lead.text()
    assert buying.shortages.table.empty.text() == "No therapy or delivery uses an item yet."
    assert [row.name for row in buying.vendors.table.model.shown] == ["Northwest <Medical> & Sons"]
    assert buying.costs.table.model.shown[0].change.percent == 19
    buying.costs.table.select_ids([buying.costs.table.model.shown[0].item_id])
    press(qtbot, buying.costs.accept_button)
    qtbot.waitUntil(lambda: not buying.costs.table.model.rows)
