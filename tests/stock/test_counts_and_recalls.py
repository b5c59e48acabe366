"""Counting is blind and approved by another person; a recall holds lots everywhere and is worked to its end."""

from dataclasses import fields
from datetime import date

import pytest
from sqlalchemy import select

from infusion_desktop.access.audit import record
from infusion_desktop.access.people import UserId
from infusion_desktop.access.roles import Role
from infusion_desktop.database.engine import Database
from infusion_desktop.errors import NotAllowed, Refused, Warned
from infusion_desktop.stock.allocation import Demand, let_go, reserve, take_reserved
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from infusion_desktop.stock.catalogue import NewItem, add_item
from infusion_desktop.stock.counting import count_queries, counts
from infusion_desktop.stock.house_rules import HouseRules, save_house_rules
from infusion_desktop.stock.places import add_patient_home, place_id, set_up_places
from infusion_desktop.stock.queries import stock_rows
from infusion_desktop.stock.scarce import recall
from infusion_desktop.stock.tables import Lot, RecalledLot
from infusion_desktop.stock.verify import problems
from infusion_desktop.stock.words import CountState, ItemId, ItemKind, LocationId, LotId, MoveReason, RecallState
from infusion_desktop.stock.write_offs import write_off

THROUGH = date(2027, 1, 31)


@pytest.fixture
def tubing(database: Database, staff: dict[Role, UserId]) -> ItemId:
    """Two lots of tubing in the main store: ten of A12, twenty of B7."""
    administrator = staff[Role.ADMINISTRATOR]
    with database.transaction() as session:
        set_up_places(session, administrator)
    save_house_rules(database, HouseRules(tolerance_percent=100), administrator)
    item = add_item(database, NewItem("TS", "Tubing set", ItemKind.TUBING), administrator)
    lines = (
        ReceiptLine(item, 10, None, "A12", date(2028, 1, 1)),
        ReceiptLine(item, 20, None, "B7", date(2029, 1, 1)),
    )
    receive(database, NewReceipt(lines), administrator)
    return item


def place(database: Database, code: str) -> LocationId:
    with database.reading() as session:
        return place_id(session, code)


def lot(database: Database, number: str) -> LotId:
    with database.reading() as session:
        return LotId(session.scalars(select(Lot.id).where(Lot.number == number)).one())


def on_hand(database: Database) -> dict[tuple[str, str], int]:
    with database.reading() as session:
        return {(row.lot, row.place): row.on_hand for row in stock_rows(session)}


def test_the_counter_never_sees_what_is_expected(database: Database, staff: dict[Role, UserId], tubing: ItemId) -> None:
    assert {field.name for field in fields(count_queries.SheetRow)}.isdisjoint({"expected", "on_hand", "difference"})
    sheet = counts.open_count(database, "Main", [place(database, "MAIN")], staff[Role.TECHNICIAN])
    with database.reading() as session:
        assert [row.counted for row in count_queries.sheet(session, sheet)] == [None, None]
        with pytest.raises(Refused, match="stays blind"):
            count_queries.variances(session, sheet)


def test_a_difference_is_against_the_moment_of_counting_and_posted_by_somebody_else(
    database: Database, staff: dict[Role, UserId], tubing: ItemId
) -> None:
    technician, pharmacist, main = staff[Role.TECHNICIAN], staff[Role.PHARMACIST], place(database, "MAIN")
    count = counts.open_count(database, "Main", [main], technician)
    with database.reading() as session:
        first, second = count_queries.sheet(session, count)
    counts.enter(database, first.id, 8, technician)
    with pytest.raises(Refused, match="1 lines of K000001 are not counted yet"):
        counts.finish(database, count, technician)
    write_off(database, lot(database, "A12"), main, 3, MoveReason.DAMAGED, "dropped", pharmacist)
    counts.enter(database, second.id, 21, technician)
    counts.finish(database, count, technician)
    with database.reading() as session:
        assert [(each.expected, each.difference) for each in count_queries.variances(session, count)] == [
            (10, -2),
            (20, 1),
        ]
    with pytest.raises(NotAllowed):
        counts.approve(database, count, technician)
    assert counts.approve(database, count, pharmacist) == (1, 2)
    assert on_hand(database) == {("A12", "MAIN"): 5, ("B7", "MAIN"): 21}
    with pytest.raises(Refused, match="is posted, not counted"):
        counts.approve(database, count, pharmacist)
    with database.reading() as session:
        assert count_queries.count_rows(session)[0].state is CountState.POSTED
        assert problems(session) == ()


def test_nobody_approves_their_own_count_and_a_line_can_be_counted_again(
    database: Database, staff: dict[Role, UserId], tubing: ItemId
) -> None:
    pharmacist, main = staff[Role.PHARMACIST], place(database, "MAIN")
    count = counts.open_count(database, "Main", [main], pharmacist, [ItemKind.TUBING])
    with database.reading() as session:
        lines = count_queries.sheet(session, count)
    for line in lines:
        counts.enter(database, line.id, 1, pharmacist)
    counts.finish(database, count, pharmacist)
    with pytest.raises(Refused, match="You counted lines of K000001 yourself"):
        counts.approve(database, count, pharmacist)
    counts.count_again(database, lines[0].id, "far off", staff[Role.ADMINISTRATOR])
    counts.enter(database, lines[0].id, 10, staff[Role.TECHNICIAN])
    counts.cancel_count(database, count, "wrong room", pharmacist)
    assert on_hand(database) == {("A12", "MAIN"): 10, ("B7", "MAIN"): 20}


def test_a_lot_found_where_it_should_not_be_is_counted_too(
    database: Database, staff: dict[Role, UserId], tubing: ItemId
) -> None:
    returns = place(database, "RETURNS")
    count = counts.open_count(database, "Returns", [returns], staff[Role.TECHNICIAN])
    counts.enter_found(database, count, lot(database, "A12"), returns, 2, staff[Role.TECHNICIAN])
    counts.finish(database, count, staff[Role.TECHNICIAN])
    assert counts.approve(database, count, staff[Role.PHARMACIST]) == (2, 0)
    assert on_hand(database)["A12", "RETURNS"] == 2


def test_homes_are_not_counted_here(database: Database, staff: dict[Role, UserId], tubing: ItemId) -> None:
    with database.transaction() as session:
        home = add_patient_home(session, "P1", staff[Role.ADMINISTRATOR])
    with pytest.raises(Refused, match="refill call"):
        counts.open_count(database, "Home", [home], staff[Role.TECHNICIAN])


def test_a_recall_finds_and_holds_a_lot_in_bins_kits_transit_and_homes(
    database: Database, staff: dict[Role, UserId], tubing: ItemId
) -> None:
    administrator, pharmacist = staff[Role.ADMINISTRATOR], staff[Role.PHARMACIST]
    with database.transaction() as session:
        home = add_patient_home(session, "P000001", administrator)
        for document, to in ((1, home), (2, place_id(session, "TRANSIT"))):
            reserve(session, "delivery", document, [Demand(1, tubing, 2, THROUGH)])
            take_reserved(session, "delivery", document, to, MoveReason.SHIPPED, administrator)
        reserve(session, "delivery", 3, [Demand(1, tubing, 3, THROUGH)])
        record(session, administrator, "ship", "delivery", 1)
    opened = recall.open_recall(database, tubing, ["a12", "NEVER-SEEN"], "leaking", "Z-1234-2026", pharmacist)
    with database.reading() as session:
        found = {row.place: (row.on_hand, row.reserved) for row in recall.whereabouts(session, opened)}
        assert found == {
            "Main store": (6, 3), "On the way to patients": (2, 0), "Home of patient P000001": (2, 0),
        }  # fmt: skip
        assert recall.recall_rows(session)[0].units_left == 10
    with database.transaction() as session:
        kept = reserve(session, "delivery", 4, [Demand(1, tubing, 1, THROUGH)])
        assert [each.lot_id for each in kept.allocations] == [lot(database, "B7")], "never the recalled one"
        record(session, administrator, "release", "delivery", 4)
    assert recall.quarantine_recalled(database, opened, pharmacist) == 3
    with database.transaction() as session:
        let_go(session, "delivery", 3)
        record(session, administrator, "let go", "delivery", 3)
    assert recall.quarantine_recalled(database, opened, pharmacist) == 3
    with pytest.raises(Warned) as warning:
        recall.close_recall(database, opened, "6 returned to the maker", pharmacist)
    assert len(warning.value.warnings) == 2
    recall.close_recall(database, opened, "6 returned to the maker", pharmacist, "letters sent twice, no answer")
    with database.reading() as session:
        assert recall.recall_rows(session)[0].state is RecallState.CLOSED
        assert problems(session) == ()


def test_a_recalled_lot_that_comes_in_later_is_warned_about(
    database: Database, staff: dict[Role, UserId], tubing: ItemId
) -> None:
    opened = recall.open_recall(database, tubing, ["C9"], "leaking", "", staff[Role.PHARMACIST])
    line = ReceiptLine(tubing, 5, None, "C9", date(2029, 1, 1))
    with pytest.raises(Warned, match="is held: recall RC00001: leaking"):
        receive(database, NewReceipt((line,)), staff[Role.TECHNICIAN])
    with database.reading() as session:
        assert len(session.scalars(select(RecalledLot.lot_id).where(RecalledLot.recall_id == opened)).all()) == 1


def test_a_technician_recalls_nothing(database: Database, staff: dict[Role, UserId], tubing: ItemId) -> None:
    with pytest.raises(NotAllowed):
        recall.open_recall(database, tubing, ["A12"], "leaking", "", staff[Role.TECHNICIAN])
