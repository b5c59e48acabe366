"""Catalogue files are taken in whole or not at all; scanned boxes become lots, packs become base units."""

import io
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from infusion_desktop.access.people import UserId
from infusion_desktop.access.roles import Role
from infusion_desktop.database.engine import Database
from infusion_desktop.errors import NotAllowed, Refused, Stale, Warned
from infusion_desktop.identifiers import gtin_check_digit
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive, recognise
from infusion_desktop.stock.catalogue import NewItem, Pack, add_item, attach_code, change_item, end_item
from infusion_desktop.stock.importing.item_import import beside_catalogue, import_items, preview_items
from infusion_desktop.stock.moving import hold_lot, transfer
from infusion_desktop.stock.places import add_place, place_id, set_up_places
from infusion_desktop.stock.queries import (
    expiring,
    find_items,
    item_page,
    item_rows,
    move_rows,
    stock_rows,
)
from infusion_desktop.stock.scanning.lot_scans import scanned_lots
from infusion_desktop.stock.scanning.scans import read_scan
from infusion_desktop.stock.tables import Item, Move
from infusion_desktop.stock.verify import problems
from infusion_desktop.stock.words import Container, ItemId, ItemKind, LocationKind, MoveReason
from infusion_desktop.stock.write_offs import write_off
from tests import hibc_codes

TODAY = date(2026, 11, 24)


def gtin(body: str) -> str:
    return body + str(gtin_check_digit(body))


EACH, BOX = gtin("0081234500001"), gtin("1081234500001")


@pytest.fixture
def flush(database: Database, administrator: UserId) -> ItemId:
    """A saline flush, thirty in a box."""
    with database.transaction() as session:
        set_up_places(session, administrator)
    item = NewItem(
        "FL-10", "Saline flush 10 mL", ItemKind.FLUSH, "Example Medical", unit_cost=Decimal("0.3545"), reorder_point=40,
        packs=(Pack("each", 1, EACH), Pack("box", 30, BOX)),
    )  # fmt: skip
    return add_item(database, item, administrator)


def test_a_scanned_box_adds_its_base_units_to_the_lot_on_the_label(
    database: Database, administrator: UserId, flush: ItemId
) -> None:
    scan = read_scan(f"]d201{BOX}1728022910A12", today=TODAY)
    with database.reading() as session:
        box = recognise(session, scan, TODAY)
    assert (box.item_id, box.pack_quantity, scan.lot, scan.expires_on) == (flush, 30, "A12", date(2028, 2, 29))
    assert box.item_id is not None
    line = ReceiptLine(box.item_id, 2, box.pack_id, scan.lot or "", scan.expires_on)
    receive(database, NewReceipt((line,)), administrator)
    with database.reading() as session:
        [row] = stock_rows(session)
        assert (row.lot, row.on_hand, row.expires_on, row.value) == ("A12", 60, date(2028, 2, 29), Decimal("21.27"))
        assert problems(session) == ()


def test_an_unknown_gtin_is_attached_on_the_spot(database: Database, administrator: UserId, flush: ItemId) -> None:
    code = gtin("2081234500001")
    with database.reading() as session:
        assert recognise(session, read_scan(code, today=TODAY), TODAY).item_id is None
    attach_code(database, flush, code, "case", 480, administrator)
    with database.reading() as session:
        assert recognise(session, read_scan(code, today=TODAY), TODAY).pack_quantity == 480
    with pytest.raises(Refused, match="FL-10 already"):
        attach_code(database, flush, code, "pallet", 4800, administrator)


def test_a_hibc_code_is_attached_once_and_known_wherever_a_box_is_scanned(
    database: Database, administrator: UserId, flush: ItemId
) -> None:
    code = hibc_codes.build("A999FLUSH101", "$$3280229A12")
    with database.reading() as session:
        assert recognise(session, read_scan(code, today=TODAY), TODAY).item_id is None
    pack = attach_code(database, flush, hibc_codes.build("A999FLUSH101"), "tray", 50, administrator)
    receive(database, NewReceipt((ReceiptLine(flush, 1, pack, "A12", date(2028, 2, 29)),)), administrator)
    scan = read_scan(code, today=TODAY)
    with database.reading() as session:
        assert recognise(session, scan, TODAY).pack_quantity == 50
        found = scanned_lots(session, scan)
        assert ([named for _, named, _ in found.lots], found.pack_quantity) == (["A12"], 50)
        alone = scanned_lots(session, read_scan(hibc_codes.build_secondary("$A12", "B"), today=TODAY))
        assert (alone.item_number, alone.pack_quantity, len(alone.lots)) == ("FL-10", 1, 1)
        with pytest.raises(Refused, match="does not say which item"):
            scanned_lots(session, read_scan(hibc_codes.build_secondary("$B13", "B"), today=TODAY))
        assert find_items(session, "a999flush101")[0].id == find_items(session, BOX)[0].id == flush
        assert find_items(session, BOX[:-1]) == ()
    other = replace(_item(database, flush), number="FL-11", packs=(Pack("each", 1, "a999flush101"),))
    with pytest.raises(Refused, match="HIBC code A999FLUSH101 belongs to item FL-10 already"):
        add_item(database, other, administrator)
    with pytest.raises(Refused, match="not the first part of a HIBC code"):
        add_item(database, replace(other, packs=(Pack("each", 1, "+A999FLUSH101?"),)), administrator)


def _item(database: Database, item_id: ItemId) -> NewItem:
    with database.reading() as session:
        page = item_page(session, item_id)
    assert page is not None
    return page.item


def test_a_known_lots_expiry_is_never_overwritten(database: Database, administrator: UserId, flush: ItemId) -> None:
    receive(database, NewReceipt((ReceiptLine(flush, 10, None, "A12", date(2028, 2, 29)),)), administrator)
    receive(database, NewReceipt((ReceiptLine(flush, 5, None, "a12", None),)), administrator)
    with pytest.raises(Refused, match="known to expire Feb 29, 2028"):
        receive(database, NewReceipt((ReceiptLine(flush, 5, None, "A12", date(2029, 1, 1)),)), administrator)
    with database.reading() as session:
        [row] = stock_rows(session)
        assert (row.on_hand, row.expires_on) == (15, date(2028, 2, 29))


def test_wrong_lines_are_all_named_and_nothing_is_received(
    database: Database, administrator: UserId, flush: ItemId
) -> None:
    lines = (ReceiptLine(flush, 1, None, "A1"), ReceiptLine(flush, 0, None, ""), ReceiptLine(ItemId(999), 1))
    with pytest.raises(Refused) as refusal:
        receive(database, NewReceipt(lines), administrator)
    assert [reason[:6] for reason in refusal.value.reasons] == ["Line 2", "Line 2", "Line 3"]
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Move)) == 0


def test_expired_stock_is_taken_in_only_with_a_reason(database: Database, administrator: UserId, flush: ItemId) -> None:
    receipt = NewReceipt((ReceiptLine(flush, 1, None, "OLD", date(2020, 1, 31)),), place="QUARANTINE")
    with pytest.raises(Warned, match="expired on Jan 31, 2020"):
        receive(database, receipt, administrator)
    receive(database, receipt, administrator, override="kept as a sample")
    with database.reading() as session:
        assert [row.available for row in stock_rows(session)] == [0]
        assert [row.lot for row in expiring(session, TODAY, 30)] == ["OLD"]


def test_the_same_serial_cannot_come_in_twice(database: Database, administrator: UserId, flush: ItemId) -> None:
    port = add_item(database, NewItem("PT", "Port", ItemKind.CATHETER, serial_tracked=True), administrator)
    line = ReceiptLine(port, 1, None, "L1", date(2029, 1, 1), serial="SN1")
    with pytest.raises(Refused, match="Line 2: serial number SN1"):
        receive(database, NewReceipt((line, line)), administrator)
    receive(database, NewReceipt((line,)), administrator)
    with pytest.raises(Refused, match="came in before"):
        receive(database, NewReceipt((line,)), administrator)


def test_moving_holding_and_writing_off_keep_the_books(
    database: Database, administrator: UserId, flush: ItemId
) -> None:
    receive(database, NewReceipt((ReceiptLine(flush, 50, None, "A12", date(2028, 2, 29)),)), administrator)
    add_place(database, "b-04", "Bin B-04", LocationKind.BIN, administrator)
    with database.reading() as session:
        [row] = stock_rows(session)
        before = row
    lot, main = before.id
    transfer(database, lot, main, "B-04", 20, administrator)
    write_off(database, lot, main, 5, MoveReason.DAMAGED, "dropped", administrator)
    hold_lot(database, lot, "complaint 7", administrator)
    with database.reading() as session:
        assert {row.place: (row.on_hand, row.available) for row in stock_rows(session)} == {
            "MAIN": (25, 0),
            "B-04": (20, 0),
        }
        moves = move_rows(session, lot_id=lot)
        assert [(move.quantity, move.reason) for move in moves] == [
            (5, MoveReason.DAMAGED),
            (20, MoveReason.TRANSFERRED),
            (50, MoveReason.RECEIVED),
        ]
        assert problems(session) == ()
    with pytest.raises(Refused, match="of the pharmacy"):
        with database.reading() as session:
            vendor = place_id(session, "VENDOR")
        transfer(database, lot, vendor, "B-04", 1, administrator)
    with pytest.raises(Refused, match="lies there already"):
        transfer(database, lot, main, "main", 1, administrator)


def test_a_manager_receives_nothing(database: Database, staff: dict[Role, UserId], flush: ItemId) -> None:
    with pytest.raises(NotAllowed):
        receive(database, NewReceipt((ReceiptLine(flush, 1, None, "A1"),)), staff[Role.MANAGER])


def test_two_people_edit_one_item_and_the_second_is_told(
    database: Database, administrator: UserId, flush: ItemId
) -> None:
    with database.reading() as session:
        page = item_page(session, flush)
    assert page is not None
    change_item(database, flush, page.item, page.version, administrator)
    with pytest.raises(Stale):
        change_item(database, flush, page.item, page.version - 1, administrator)
    end_item(database, flush, administrator, TODAY)
    with database.reading() as session:
        assert find_items(session, "saline") == ()


@pytest.mark.parametrize("text", ["%", "_", "'; DROP TABLE item; --", '"', "\\", "100%"])
def test_search_text_is_taken_literally(database: Database, administrator: UserId, flush: ItemId, text: str) -> None:
    with database.reading() as session:
        assert find_items(session, text) == ()
        assert [found.id for found in find_items(session, "flush exam")] == [flush]


def test_what_is_short_is_found_as_each_row_says_it(database: Database, administrator: UserId, flush: ItemId) -> None:
    for number, point, ended in (("N-1", 0, False), ("E-1", 40, True), ("O-1", 40, False)):
        other = add_item(database, NewItem(number, number, ItemKind.OTHER, reorder_point=point), administrator)
        if ended:
            end_item(database, other, administrator)
    for received, short in ((0, {"FL-10", "O-1"}), (40, {"FL-10", "O-1"}), (1, {"O-1"})):
        if received:
            receive(
                database, NewReceipt((ReceiptLine(flush, received, None, "A12", date(2028, 2, 29)),)), administrator
            )
        with database.reading() as session:
            found = item_rows(session, short=True)
            assert found == tuple(row for row in item_rows(session) if row.is_short)
            assert {row.number for row in found} == short


HEAD = "Item number,Description,Type,Unit cost,Par,GTIN,Box,GTIN box,Latex\n"
GOOD = f"A1,Gauze 4x4,dressing,0.0345,100,{EACH},25,{BOX},no\n"


def test_a_file_is_previewed_and_imported_whole(database: Database, administrator: UserId) -> None:
    preview = preview_items((HEAD + GOOD + "B2,=HYPERLINK(),other,1,0,,,,yes\n").encode("utf-8-sig"), "items.csv")
    assert preview.problems == ()
    assert import_items(database, preview, administrator) == 2
    with database.reading() as session:
        assert {row.name for row in item_rows(session)} == {"Gauze 4x4", "=HYPERLINK()"}
    with pytest.raises(Refused, match="item A1 already"):
        import_items(database, preview, administrator)
    assert [str(each) for each in beside_catalogue(database, preview).problems] == [
        "Line 2: there is an item A1 already.",
        "Line 3: there is an item B2 already.",
        f"Line 2: GTIN {EACH} belongs to item A1 already.",
        f"Line 2: GTIN {BOX} belongs to item A1 already.",
    ]


def test_an_excel_workbook_is_read_the_same() -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for line in (HEAD + GOOD).strip().split("\n"):
        sheet.append(line.split(","))
    sheet.append(["N2", "Needle", "needles and syringes", 0.25, 10])
    sheet["J1"], sheet["J2"], sheet["J3"] = "Container", "", "Multi-dose container"
    content = io.BytesIO()
    book.save(content)
    preview = preview_items(content.getvalue(), "items.xlsx")
    assert preview.problems == ()
    assert [(row.item.number, row.item.container) for row in preview.rows] == [
        ("A1", Container.AS_ITS_CODE),
        ("N2", Container.MULTI_DOSE),
    ]


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ("A1,Gauze,dressing,1e5,1,,,,\n", "Line 2, column “Unit cost”"),
        ("A1,Gauze,dressing,NaN,1,,,,\n", "Line 2, column “Unit cost”"),
        ("A1,Gauze,dressing,1_000,1,,,,\n", "Line 2, column “Unit cost”"),
        ("A1,Gauze,bandage,1,1,,,,\n", "Line 2, column “Type”"),
        ("A1,,dressing,1,1,,,,\n", "Line 2, column “Description”"),
        ("A1,Gauze,dressing,1,1,00812345000011,,,\n", "Line 2"),
        ("A1,Gauze,dressing,1,1,,,,maybe\n", "Line 2, column “Latex”"),
        (GOOD + GOOD, "Line 3: item number A1 stands on line 2 already"),
        ("A1,Gauze,dressing,1,1,,,,,,,,extra\n", "Line 2: 13 cells"),
        ("", "no item below"),
    ],
)
def test_bad_rows_are_named_by_line_and_column(bad: str, named: str) -> None:
    preview = preview_items((HEAD + bad).encode(), "items.csv")
    assert any(named in str(problem) for problem in preview.problems), preview.problems


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x01binary",
        b"\xff\xfe\xff",
        b'number,name,kind\n"A1,Gauze',
        b"PK\x03\x04 no zip",
        b"a," * 101 + b"\n",
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(content: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        preview_items(content, "items.csv")
    assert str(refusal.value).endswith(".") or str(refusal.value).endswith("?")


@settings(max_examples=150)
@given(
    content=st.one_of(
        st.binary(max_size=400), st.text(max_size=400).map(lambda text: (HEAD + text).encode("utf-8", "replace"))
    )
)
def test_no_file_crashes_the_reader(content: bytes) -> None:
    try:
        preview = preview_items(content, "f.csv")
    except Refused:
        return
    assert preview.rows or preview.problems


def test_half_a_file_is_never_imported(database: Database, administrator: UserId) -> None:
    preview = preview_items((HEAD + GOOD + "B2,,other,1,0,,,,\n").encode(), "items.csv")
    with pytest.raises(Refused):
        import_items(database, preview, administrator)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Item)) == 0
