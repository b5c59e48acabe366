"""Purchasing in the window where something is scarce or dearer: substitutes, shares by priority, a day's new cost."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from infusion_desktop.access.roles import Permission
from infusion_desktop.dates import Days, today
from infusion_desktop.deliveries.plans.planning import plan
from infusion_desktop.deliveries.queries import lines_of
from infusion_desktop.deliveries.scarce.priorities import priorities, set_priority
from infusion_desktop.desktop.both_versions import BothVersions
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.purchasing.order_dialogs import ReasonDialog
from infusion_desktop.desktop.purchasing.places import PLACES
from infusion_desktop.desktop.purchasing.purchasing_screen import PurchasingScreen
from infusion_desktop.desktop.purchasing.shortage_dialogs import PriorityDialog, SubstituteDialog
from infusion_desktop.desktop.purchasing.vendor_dialogs import OfferDialog
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.patients.queries import patient_page
from infusion_desktop.patients.words import TherapyClass, TherapyId
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from infusion_desktop.stock.buying.vendors import NewVendor, add_vendor
from infusion_desktop.stock.moving import transfer
from infusion_desktop.stock.queries import find_items, stock_rows
from infusion_desktop.stock.scarce.substitutes import NewSubstitute, set_substitute
from tests.desktop.deliveries.conftest import LATER, OTHER, House

D = TypeVar("D")
WEEK = Days(today(), today() + timedelta(days=6))


@pytest.fixture
def buying(qtbot: QtBot, house: House) -> Iterator[PurchasingScreen]:
    """Ten flushes may be sent, a week's kit wants a box of thirty; a vendor sells nothing yet."""
    by = house.administrator
    with house.database.reading() as session:
        [flush] = [row for row in stock_rows(session) if row.item_id == house.flush]
        needle = find_items(session, "huber")[0].id
    transfer(house.database, flush.id[0], flush.id[1], "QUARANTINE", 50, by)
    receive(house.database, NewReceipt((ReceiptLine(needle, 90, lot="HU1", expires_on=LATER),), "B-07"), by)
    add_vendor(house.database, NewVendor("Northwest", lead_days=3), by)
    shell = Shell(Context(house.database, by, "Ada Min", frozenset(Permission)), PLACES)
    shell.messages.beep = lambda: None
    qtbot.addWidget(shell)
    shell.resize(1280, 800)
    shell.show()
    qtbot.waitExposed(shell)
    shell.go("purchasing")
    screen = shell.screen_in_front
    assert isinstance(screen, PurchasingScreen)
    yield screen
    shell.jobs.close()


def in_front(kind: type[D]) -> D:
    found = QApplication.activeModalWidget()
    assert isinstance(found, kind)
    return found


def until(qtbot: QtBot, is_so: Callable[[], bool]) -> None:
    qtbot.waitUntil(is_so)


def test_what_is_short_is_shared_by_priority_and_replaced_by_what_stands_for_it(
    buying: PurchasingScreen, qtbot: QtBot, house: House
) -> None:
    with house.database.reading() as session:
        therapy = TherapyId(patient_page(session, house.patient).therapies[0].id)
    delivery = plan(house.database, therapy, WEEK, today(), {}, house.administrator)
    tab = buying.shortages
    buying.show_record("", "shortages")
    until(qtbot, lambda: bool(tab.table.model.rows))
    tab.table.select_ids([house.flush])
    row = tab.table.current_row()
    assert row is not None
    assert (row.lasting.patients, row.lasting.patient_days, row.shares[0].short) == (1, 4, 20)
    assert not tab.instead_button.isEnabled()
    # Three needles stand for two flushes; the box is scanned.
    tab.add_substitute()
    adding = in_front(SubstituteDialog)
    adding.on_scan(f"]d201{OTHER}")
    until(qtbot, lambda: adding.item_id is not None)
    adding.gives.set_value(3)
    adding.for_units.set_value(2)
    adding.press()
    until(qtbot, lambda: bool(tab.substitutes.model.rows))
    assert tab.substitutes.model.rows[0].conversion == "3 for 2"
    tab.shares.select_ids([tab.shares.model.rows[0].id])
    assert tab.instead_button.isEnabled()
    tab.instead_button.click()
    reason = in_front(ReasonDialog)
    reason.reason.set_value("on backorder")
    reason.press()
    until(qtbot, lambda: tab.shares.model.rows[0].short == 0)
    with house.database.reading() as session:
        sent = {line.item_id: line.to_send for line in lines_of(session, delivery)}
        needle = find_items(session, "huber")[0].id
    assert (sent[house.flush], sent[needle]) == (10, 30)
    # Rationed, with its reason, and taken as it comes again.
    tab.ration_button.click()
    ration = in_front(ReasonDialog)
    ration.reason.set_value("plant closed")
    ration.press()
    until(qtbot, lambda: tab.ration_button.text() == "Stop rationing")
    tab.ration_button.click()
    until(qtbot, lambda: tab.ration_button.text() == "Ration")
    tab.priority_button.click()
    until(qtbot, lambda: isinstance(QApplication.activeModalWidget(), PriorityDialog))
    ranks = in_front(PriorityDialog)
    ranks.therapy.set_value(TherapyClass.ANTI_INFECTIVE)
    ranks.rank.set_value(1)
    ranks.why.set_value("outbreak")
    ranks.press()
    until(qtbot, lambda: {share.demand.priority for share in tab.shares.model.rows} == {1})
    with house.database.reading() as session:
        assert priorities(session)[TherapyClass.ANTI_INFECTIVE] == 1


def test_a_vendors_new_price_is_told_beside_the_day_it_takes_from_until_it_is_expected(
    buying: PurchasingScreen, qtbot: QtBot, house: House
) -> None:
    buying.show_record("", "vendors")
    until(qtbot, lambda: bool(buying.vendors.table.model.rows))
    buying.vendors.table.select_ids([buying.vendors.table.model.rows[0].id])
    buying.vendors.offer_button.click()
    offer = in_front(OfferDialog)
    offer.picker.look_for("FL-10")
    until(qtbot, lambda: offer.item_id == house.flush)
    offer.pack_name.set_value("box")
    offer.pack_quantity.set_value(30)
    qtbot.keyClicks(offer.price.line, "9.90")
    assert offer.comes_to.text() == "1 box of 30 = 30 each, $0.3300 for one"
    offer.press()
    until(qtbot, lambda: bool(buying.vendors.offer_table.model.rows))
    costs = buying.costs
    buying.show_record("", "costs")
    until(qtbot, lambda: bool(costs.therapies.model.rows))
    [therapy] = costs.therapies.model.rows
    assert costs.table.model.rows[0].item_id == house.flush
    assert therapy.effect.cost_after - therapy.effect.cost_before == Decimal("0.71")  # A box in fourteen days.
    costs.table.select_ids([house.flush])
    costs.accept_button.click()
    until(qtbot, lambda: not costs.table.model.rows)
    assert costs.therapies.model.rows == ()


def test_two_people_rank_a_therapy_and_describe_a_substitute_and_the_second_sees_both(
    buying: PurchasingScreen, qtbot: QtBot, house: House
) -> None:
    with house.database.reading() as session:
        therapy = TherapyId(patient_page(session, house.patient).therapies[0].id)
        needle = find_items(session, "huber")[0].id
    plan(house.database, therapy, WEEK, today(), {}, house.administrator)
    tab, by = buying.shortages, house.administrator
    set_substitute(house.database, NewSubstitute(house.flush, needle, note="as it was"), by)
    buying.show_record("", "shortages")
    until(qtbot, lambda: bool(tab.table.model.rows))
    tab.table.select_ids([house.flush])
    tab.substitutes.select_ids([tab.substitutes.model.rows[0].id])
    tab.add_substitute()
    mine = in_front(SubstituteDialog)
    mine.gives.set_value(3)
    set_substitute(house.database, NewSubstitute(house.flush, needle, note="theirs"), by, version=1)
    mine.press()
    until(qtbot, lambda: isinstance(QApplication.activeModalWidget(), BothVersions))
    shown = {row.field: (row.theirs, row.mine) for row in in_front(BothVersions).rows}
    assert shown == {"So many of it": ("1", "3"), "Note": ("theirs", "as it was")}
    in_front(BothVersions).mine.click()
    until(qtbot, lambda: [(each.gives, each.note) for each in tab.substitutes.model.rows] == [(3, "theirs")])
    tab.priority_button.click()
    until(qtbot, lambda: isinstance(QApplication.activeModalWidget(), PriorityDialog))
    ranks = in_front(PriorityDialog)
    ranks.therapy.set_value(TherapyClass.ANTI_INFECTIVE)
    ranks.rank.set_value(1)
    ranks.why.set_value("outbreak")
    set_priority(house.database, TherapyClass.ANTI_INFECTIVE, 9, "enough of it", by, was=3)
    ranks.press()
    until(qtbot, lambda: isinstance(QApplication.activeModalWidget(), BothVersions))
    assert ("9", "1") in {(row.theirs, row.mine) for row in in_front(BothVersions).rows}
    in_front(BothVersions).mine.click()
    until(qtbot, lambda: {share.demand.priority for share in tab.shares.model.rows} == {1})
