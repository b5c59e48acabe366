"""An expiry date learned later or corrected follows into every place; a blank never wipes one out."""

from datetime import date

import pytest

from infusion_desktop.access.audit import record
from infusion_desktop.access.people import UserId
from infusion_desktop.access.roles import Role
from infusion_desktop.database.engine import Database
from infusion_desktop.errors import NotAllowed, Refused, Stale
from infusion_desktop.stock.allocation import Demand, reserve, take_reserved
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from infusion_desktop.stock.catalogue import NewItem, add_item
from infusion_desktop.stock.lots import correct_expiry
from infusion_desktop.stock.moving import hold_lot
from infusion_desktop.stock.places import place_id, set_up_places
from infusion_desktop.stock.queries import stock_rows
from infusion_desktop.stock.verify import problems
from infusion_desktop.stock.words import ItemId, ItemKind, LotId, MoveReason

DAY, OTHER = date(2028, 2, 29), date(2029, 1, 1)


@pytest.fixture
def dressing(database: Database, administrator: UserId) -> ItemId:
    with database.transaction() as session:
        set_up_places(session, administrator)
    return add_item(database, NewItem("DR", "Dressing", ItemKind.DRESSING), administrator)


def take_in(database: Database, by: UserId, *lines: ReceiptLine) -> None:
    receive(database, NewReceipt(lines), by)


def test_an_expiry_learned_later_fills_the_blank_and_a_blank_changes_nothing(
    database: Database, administrator: UserId, dressing: ItemId
) -> None:
    take_in(database, administrator, ReceiptLine(dressing, 5, None, "A1", None))
    take_in(database, administrator, ReceiptLine(dressing, 5, None, "A1", DAY))
    take_in(database, administrator, ReceiptLine(dressing, 5, None, "A1", None))
    with database.reading() as session:
        [row] = stock_rows(session)
        assert (row.on_hand, row.expires_on) == (15, DAY)
        assert problems(session) == ()


def test_two_labels_of_one_new_lot_that_disagree_are_refused(
    database: Database, administrator: UserId, dressing: ItemId
) -> None:
    blank, one, other = (ReceiptLine(dressing, 5, None, "A1", day) for day in (None, DAY, OTHER))
    with pytest.raises(Refused, match="Line 3: lot A1 of Dressing is known to expire Feb 29, 2028"):
        take_in(database, administrator, blank, one, other)


def test_a_corrected_expiry_needs_a_reason_and_follows_into_the_balances(
    database: Database, staff: dict[Role, UserId], dressing: ItemId
) -> None:
    administrator = staff[Role.ADMINISTRATOR]
    take_in(database, administrator, ReceiptLine(dressing, 5, None, "A1", DAY))
    with database.reading() as session:
        lot = stock_rows(session)[0].id[0]
    with pytest.raises(Refused, match="Say why"):
        correct_expiry(database, lot, OTHER, 1, " ", administrator)
    with pytest.raises(NotAllowed):
        correct_expiry(database, lot, OTHER, 1, "typed wrong", staff[Role.TECHNICIAN])
    correct_expiry(database, lot, OTHER, 1, "typed wrong", administrator)
    with pytest.raises(Stale):
        correct_expiry(database, lot, DAY, 1, "typed wrong", administrator)
    with database.reading() as session:
        assert stock_rows(session)[0].expires_on == OTHER
        assert problems(session) == ()


def test_a_lot_held_after_it_was_reserved_does_not_leave_the_house(
    database: Database, administrator: UserId, dressing: ItemId
) -> None:
    take_in(database, administrator, ReceiptLine(dressing, 5, None, "A1", DAY))
    with database.transaction() as session:
        kept = reserve(session, "delivery", 1, [Demand(1, dressing, 3, date(2027, 1, 1))])
        record(session, administrator, "release", "delivery", 1)
    hold_lot(database, LotId(kept.allocations[0].lot_id), "recall 4", administrator)
    with pytest.raises(Refused, match="lot A1, is held: recall 4"), database.transaction() as session:
        transit = place_id(session, "TRANSIT")
        take_reserved(session, "delivery", 1, transit, MoveReason.SHIPPED, administrator)
    with database.reading() as session:
        assert [(row.place, row.on_hand, row.reserved) for row in stock_rows(session)] == [("MAIN", 5, 3)]
