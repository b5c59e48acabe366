"""Places added and ended, stock between sites, write-offs by two people, corrections from the ledger."""

from datetime import date
from decimal import Decimal

import pytest

from infusion_desktop.access.roles import Role, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.errors import NotAllowed, Refused, Stale
from infusion_desktop.stock import site_transfers
from infusion_desktop.stock.allocation import Demand, reserve
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from infusion_desktop.stock.buying.vendor_returns import GoingBack, NewReturn, return_to_vendor
from infusion_desktop.stock.buying.vendors import NewVendor, add_vendor
from infusion_desktop.stock.catalogue import NewItem, add_item
from infusion_desktop.stock.house_rules import HouseRules, save_house_rules
from infusion_desktop.stock.moving import correct_move, hold_lot, release_lot, transfer
from infusion_desktop.stock.places import add_patient_home, add_place, change_place, end_place, place_id, set_up_places
from infusion_desktop.stock.queries import PlaceRow, move_rows, place_rows, stock_rows
from infusion_desktop.stock.site_transfers import Sending, transfer_lines, transfer_rows
from infusion_desktop.stock.tables import Lot
from infusion_desktop.stock.verify import problems
from infusion_desktop.stock.words import (
    ItemId,
    ItemKind,
    LocationId,
    LocationKind,
    LotId,
    MoveId,
    MoveReason,
    SiteTransferState,
    WriteOffCode,
    WriteOffState,
)
from infusion_desktop.stock.write_offs import approve_write_off, decline_write_off, write_off, write_off_rows

DAY = date(2028, 1, 1)


@pytest.fixture
def tubing(database: Database, staff: dict[Role, UserId]) -> ItemId:
    """Forty sets at ten dollars in the main store, and a second site with a room."""
    boss = staff[Role.ADMINISTRATOR]
    with database.transaction() as session:
        set_up_places(session, boss)
    item = add_item(database, NewItem("TS", "Tubing set", ItemKind.TUBING, unit_cost=Decimal(10)), boss)
    receive(database, NewReceipt((ReceiptLine(item, 40, None, "A12", DAY),)), boss)
    north = add_place(database, "NORTH", "North site", LocationKind.SITE, boss)
    add_place(database, "N-01", "North room", LocationKind.ROOM, boss, 900, north)
    return item


def place(database: Database, code: str) -> LocationId:
    with database.reading() as session:
        return place_id(session, code)


def on_hand(database: Database) -> dict[str, tuple[int, int]]:
    with database.reading() as session:
        assert problems(session) == ()
        return {row.place: (row.on_hand, row.reserved) for row in stock_rows(session)}


def the_lot(database: Database) -> LotId:
    with database.reading() as session:
        return stock_rows(session)[0].id[0]


def row_of(database: Database, code: str) -> PlaceRow:
    with database.reading() as session:
        return next(row for row in place_rows(session) if row.code == code)


def test_places_are_added_inside_each_other_changed_and_ended(
    database: Database, staff: dict[Role, UserId], tubing: ItemId
) -> None:
    boss, pharmacist = staff[Role.ADMINISTRATOR], staff[Role.PHARMACIST]
    for kind in (LocationKind.NURSE_BAG, LocationKind.CLEAN, LocationKind.DIRTY, LocationKind.VEHICLE):
        add_place(database, kind.name, kind.value, kind, pharmacist)
    north, room = row_of(database, "NORTH"), row_of(database, "N-01")
    assert (room.parent, room.parent_id, north.takes_stock) == ("NORTH", north.id, False)
    for wrong in (LocationKind.PATIENT_HOME, LocationKind.VENDOR, LocationKind.TRANSIT):
        with pytest.raises(Refused, match="can be added"):
            add_place(database, "X", "X", wrong, boss)
    with pytest.raises(NotAllowed):
        add_place(database, "X", "X", LocationKind.BIN, staff[Role.TECHNICIAN])
    with pytest.raises(Refused, match="A site is in no other place"):
        add_place(database, "S2", "South", LocationKind.SITE, boss, parent_id=north.id)
    shelf = add_place(database, "N-01-A", "Shelf", LocationKind.BIN, boss, parent_id=room.id)
    with pytest.raises(Refused, match="inside itself"):
        change_place(database, room.id, "North room", shelf, 900, room.version, boss)
    change_place(database, room.id, "Room of the north", north.id, 5, room.version, boss)
    with pytest.raises(Stale):
        change_place(database, room.id, "Again", north.id, 5, room.version, boss)
    assert row_of(database, "N-01").name == "Room of the north"
    transfer(database, the_lot(database), place(database, "MAIN"), "N-01-A", 3, boss)
    with pytest.raises(Refused, match="3 units lie in Shelf"):
        end_place(database, shelf, boss)
    with pytest.raises(Refused, match="N-01-A is in Room of the north"):
        end_place(database, room.id, boss)
    transfer(database, the_lot(database), shelf, "MAIN", 3, boss)
    end_place(database, shelf, boss)
    with pytest.raises(Refused, match="no place"):
        place(database, "N-01-A")
    with pytest.raises(Refused, match="needed by the program"):
        end_place(database, place(database, "MAIN"), boss)
    for outside in ("NORTH", "TRANSIT"):
        with pytest.raises(Refused, match="sites have transfers"):
            transfer(database, the_lot(database), place(database, "MAIN"), outside, 1, boss)


def test_stock_between_sites_is_on_the_way_until_it_is_received_and_what_is_missing_is_settled(
    database: Database, staff: dict[Role, UserId], tubing: ItemId
) -> None:
    tech, pharmacist, lot, main = (
        staff[Role.TECHNICIAN],
        staff[Role.PHARMACIST],
        the_lot(database),
        place(database, "MAIN"),
    )
    sent = site_transfers.send(database, [Sending(lot, main, 12)], "n-01", tech, "weekly")
    assert on_hand(database) == {"MAIN": (28, 0), "BETWEEN": (12, 0)}
    with database.transaction() as session:
        from infusion_desktop.access.audit import record

        kept = reserve(session, "delivery", 1, [Demand(1, tubing, 40, date(2027, 1, 1))])
        assert sum(each.quantity for each in kept.allocations) == 28, "what is on the way is for nobody"
        record(session, tech, "release", "delivery", 1)
    with database.reading() as session:
        [line] = transfer_lines(session, sent)
    with pytest.raises(Refused, match="12 of lot A12 are on the way"):
        site_transfers.receive(database, sent, {line.id: 13}, tech)
    assert site_transfers.receive(database, sent, {line.id: 7}, tech) is SiteTransferState.SHORT
    assert site_transfers.receive(database, sent, {line.id: 2}, tech) is SiteTransferState.SHORT
    with database.reading() as session:
        [row] = transfer_rows(session)
        assert (row.sent, row.received, row.missing, row.to_place) == (12, 9, 3, "N-01")
    with pytest.raises(NotAllowed):
        site_transfers.settle(database, sent, "gone", tech, went_back=False)
    assert site_transfers.settle(database, sent, "fell off the van", pharmacist, went_back=False) == 3
    assert on_hand(database) == {"MAIN": (28, 28), "N-01": (9, 0)}
    with pytest.raises(Refused, match="closed"):
        site_transfers.receive(database, sent, {line.id: 1}, tech)
    back = site_transfers.send(database, [Sending(lot, place(database, "N-01"), 9)], "MAIN", tech)
    between, boss = place(database, "BETWEEN"), staff[Role.ADMINISTRATOR]
    with pytest.raises(Refused, match="on their way"):
        write_off(database, lot, between, 1, MoveReason.LOST, "not there", boss)
    vendor = add_vendor(database, NewVendor("Northwest Medical"), boss)
    with pytest.raises(Refused, match="on their way"):
        return_to_vendor(database, NewReturn(vendor, "overstock", lots=(GoingBack(lot, between, 1),)), boss)
    assert site_transfers.settle(database, back, "never loaded", tech, went_back=True) == 9
    assert on_hand(database)["N-01"] == (9, 0)
    with pytest.raises(Refused, match="free in Main store"):
        site_transfers.send(database, [Sending(lot, main, 1)], "N-01", tech)
    with pytest.raises(Refused, match="of another site"):
        site_transfers.send(database, [Sending(lot, place(database, "N-01"), 1)], "NORTH", tech)


def test_a_dear_write_off_waits_for_a_second_person_and_is_kept_from_patients_meanwhile(
    database: Database, staff: dict[Role, UserId], tubing: ItemId
) -> None:
    boss, pharmacist, lot, main = (
        staff[Role.ADMINISTRATOR],
        staff[Role.PHARMACIST],
        the_lot(database),
        place(database, "MAIN"),
    )
    save_house_rules(database, HouseRules(second_person_above=Decimal(100)), boss)
    small = write_off(database, lot, main, 10, MoveReason.DAMAGED, "dropped", pharmacist)
    assert not small.waits and small.value == Decimal("100.00")
    large = write_off(database, lot, main, 11, MoveReason.LOST, "not there", pharmacist, code=WriteOffCode.STOLEN)
    assert large.waits and on_hand(database) == {"MAIN": (30, 11)}
    with pytest.raises(Refused, match="yourself"):
        approve_write_off(database, large.id, pharmacist)
    with pytest.raises(NotAllowed):
        approve_write_off(database, large.id, staff[Role.TECHNICIAN])
    with pytest.raises(Refused, match="only 19 are free"):
        write_off(database, lot, main, 20, MoveReason.LOST, "also gone", pharmacist)
    approve_write_off(database, large.id, boss)
    assert on_hand(database) == {"MAIN": (19, 0)}
    with pytest.raises(Refused, match="posted already"):
        decline_write_off(database, large.id, "no", boss)
    hold_lot(database, lot, "torn seals", pharmacist)
    with pytest.raises(Stale):
        hold_lot(database, lot, "looks odd", boss)
    with pytest.raises(Stale):  # Meanwhile a recall came: it is not undone by who saw another reason.
        release_lot(database, lot, boss, was="looks odd")
    with database.reading() as session:
        assert session.get_one(Lot, lot).held == "torn seals"
    held = write_off(database, lot, main, 15, MoveReason.DAMAGED, "torn", boss, code=WriteOffCode.TORN)
    decline_write_off(database, held.id, "the maker takes them back", pharmacist)
    assert on_hand(database) == {"MAIN": (19, 0)}
    again = write_off(database, lot, main, 15, MoveReason.DAMAGED, "torn", boss, code=WriteOffCode.TORN)
    approve_write_off(database, again.id, pharmacist)
    assert on_hand(database) == {"MAIN": (4, 0)}, "a held lot is written off too"
    with database.reading() as session:
        rows = write_off_rows(session)
        assert [row.state for row in rows] == [
            WriteOffState.POSTED, WriteOffState.DECLINED, WriteOffState.POSTED, WriteOffState.POSTED]  # fmt: skip
        assert move_rows(session)[0].note == "package torn or wet: torn"
    with pytest.raises(Refused, match="no way to be damaged"):
        write_off(database, lot, main, 1, MoveReason.DAMAGED, "x", boss, code=WriteOffCode.STOLEN)
    for code in WriteOffCode:
        assert code.reason in (MoveReason.EXPIRED, MoveReason.DAMAGED, MoveReason.LOST)


def test_a_wrong_entry_is_corrected_by_its_opposite_once_and_only_where_it_belongs(
    database: Database, staff: dict[Role, UserId], tubing: ItemId
) -> None:
    tech, lot, main = staff[Role.TECHNICIAN], the_lot(database), place(database, "MAIN")
    transfer(database, lot, main, "QUARANTINE", 6, tech)
    with database.reading() as session:
        moved = move_rows(session)[0]
    with pytest.raises(Refused, match="Say why"):
        correct_move(database, MoveId(moved.id), " ", tech)
    correct_move(database, MoveId(moved.id), "wrong shelf", tech)
    assert on_hand(database) == {"MAIN": (40, 0)}
    with database.reading() as session:
        newest, first = move_rows(session)[:2]
        assert (newest.reverses, first.undone_by) == (first.id, newest.id)
    with pytest.raises(Refused, match="corrected already"):
        correct_move(database, MoveId(moved.id), "again", tech)
    with pytest.raises(Refused, match="correction itself"):
        correct_move(database, MoveId(newest.id), "again", tech)
    write_off(database, lot, main, 1, MoveReason.DAMAGED, "dropped", staff[Role.PHARMACIST])
    with database.reading() as session:
        lost = move_rows(session)[0]
    with pytest.raises(NotAllowed):
        correct_move(database, MoveId(lost.id), "found it", tech)
    with database.transaction() as session:
        from infusion_desktop.access.audit import record
        from infusion_desktop.stock.ledger import NewMove, post

        home = add_patient_home(session, "P1", staff[Role.ADMINISTRATOR])
        [shipped] = post(session, [NewMove(lot, main, home, 2, MoveReason.SHIPPED)], "delivery", 9, tech)
        record(session, tech, "ship", "delivery", 9)
    with pytest.raises(Refused, match="belongs to delivery 9"):
        correct_move(database, shipped, "typed wrong", staff[Role.PHARMACIST])
