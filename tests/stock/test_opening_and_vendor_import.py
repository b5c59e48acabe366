"""Opening balances and catalogue files with vendors: previewed, all or nothing, bad lines to mend, taken back whole."""

import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infusion_desktop.access.roles import Role, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.errors import NotAllowed, Refused
from infusion_desktop.identifiers import gtin_check_digit
from infusion_desktop.stock.buying.vendor_queries import offer_rows, vendor_rows
from infusion_desktop.stock.catalogue import NewItem, Pack, add_item
from infusion_desktop.stock.importing.item_import import import_items, preview_items
from infusion_desktop.stock.importing.opening_import import (
    OpeningRow,
    import_opening,
    opening_batches,
    preview_opening,
    undo_opening,
)
from infusion_desktop.stock.importing.table_preview import Preview
from infusion_desktop.stock.moving import transfer
from infusion_desktop.stock.places import add_place, set_up_places
from infusion_desktop.stock.queries import stock_rows
from infusion_desktop.stock.verify import problems
from infusion_desktop.stock.words import ItemKind, LocationKind

CASE = "1081234500001" + str(gtin_check_digit("1081234500001"))
HEAD = "Item,GTIN,Lot,Expires,Serial,Bin,Quantity,Pack,Unit cost\n"
GOOD = (
    "FL-10,,a1,2028-02-29,,A-01,2,case,0.31\n"
    f",{CASE},A1,2/29/2028,,MAIN,1,,\n"
    "FL-10,,B7,,,MAIN,5,,\n"
    "PT-1,,L1,2029-01-01,sn1,MAIN,1,,88.5\n"
)


@pytest.fixture
def by(database: Database, staff: dict[Role, UserId]) -> UserId:
    """Flushes by the case, a port with serial numbers, and a bin."""
    boss = staff[Role.ADMINISTRATOR]
    with database.transaction() as session:
        set_up_places(session, boss)
    add_place(database, "A-01", "Bin", LocationKind.BIN, boss)
    flush = NewItem("FL-10", "Flush", ItemKind.FLUSH, unit_cost=Decimal("0.30"), packs=(Pack("case", 60, CASE),))
    add_item(database, flush, boss)
    add_item(database, NewItem("PT-1", "Port", ItemKind.CATHETER, serial_tracked=True), boss)
    add_item(database, NewItem("PU-1", "Pump", ItemKind.PUMP, serial_tracked=True), boss)
    return staff[Role.PHARMACIST]


def look(database: Database, text: str | bytes) -> Preview[OpeningRow]:
    with database.reading() as session:
        return preview_opening(session, text.encode() if isinstance(text, str) else text, "opening.csv")


def on_hand(database: Database) -> dict[tuple[str, str], tuple[int, Decimal]]:
    with database.reading() as session:
        assert problems(session) == ()
        return {(row.place, row.lot): (row.on_hand, row.value) for row in stock_rows(session)}


def test_opening_balances_come_in_as_one_batch_and_go_as_one(
    database: Database, by: UserId, staff: dict[Role, UserId]
) -> None:
    preview = look(database, HEAD + GOOD)
    assert preview.problems == ()
    assert [(row.units, row.packs, row.lot) for row in preview.rows] == [
        (120, "2 case of 60", "A1"), (60, "1 pack of 60", "A1"), (5, "5", "B7"), (1, "1", "L1"),
    ]  # fmt: skip
    assert on_hand(database) == {}, "a preview changes nothing"
    with pytest.raises(NotAllowed):
        import_opening(database, preview, staff[Role.TECHNICIAN])
    batch = import_opening(database, preview, by)
    assert on_hand(database) == {
        ("A-01", "A1"): (120, Decimal("37.20")), ("MAIN", "A1"): (60, Decimal("18.60")),
        ("MAIN", "B7"): (5, Decimal("1.50")), ("MAIN", "L1 / SN1"): (1, Decimal("88.50")),
    }  # fmt: skip
    with pytest.raises(Refused, match="Say why"):
        undo_opening(database, batch, " ", by)
    assert undo_opening(database, batch, "wrong file", by) == 4
    assert on_hand(database) == {}
    with database.reading() as session:
        assert [(each.number, each.lines, each.undone) for each in opening_batches(session)] == [(batch, 4, True)]
    with pytest.raises(Refused, match="nothing of batch"):
        undo_opening(database, batch, "again", by)
    mended = look(database, HEAD + GOOD.replace("2029-01-01", "2029-06-30").replace("88.5", "90"))
    import_opening(database, mended, by)
    assert on_hand(database)["MAIN", "L1 / SN1"] == (1, Decimal("90.00"))
    with database.reading() as session:
        assert date(2029, 6, 30) in [row.expires_on for row in stock_rows(session)]
    with pytest.raises(Refused, match="“SN1” is in the books"):
        import_opening(database, look(database, HEAD + GOOD), by)


def test_a_batch_that_was_used_meanwhile_is_not_taken_back(database: Database, by: UserId) -> None:
    batch = import_opening(database, look(database, HEAD + "FL-10,,A1,,,MAIN,10,,\n"), by)
    with database.reading() as session:
        [row] = stock_rows(session)
    transfer(database, row.id[0], row.id[1], "A-01", 1, by)
    with pytest.raises(Refused, match="transfer"):
        undo_opening(database, batch, "wrong file", by)
    assert on_hand(database)["MAIN", "A1"][0] == 9


BAD = {
    "NO-1,,A,,,MAIN,1,,": "Item: “NO-1” is no item in use",
    ",,A,,,MAIN,1,,": "Item: is empty",
    "PU-1,,,,S1,MAIN,1,,": "is equipment",
    "FL-10,12345678901234,A,,,MAIN,1,,": "check digit is wrong",
    "FL-10,,,,,MAIN,1,,": "Lot: Flush needs its lot number",
    "FL-10,,A,31.12.2028,,MAIN,1,,": "Expires: “31.12.2028” is not a date",
    "FL-10,,A,,,Z-99,1,,": "Bin: “Z-99” is no place",
    "FL-10,,A,,,VENDOR,1,,": "Bin: “VENDOR” is no place",
    "FL-10,,A,,,MAIN,0,,": "Quantity: “0” is not a whole number",
    "FL-10,,A,,,MAIN,1_000,,": "is not a whole number",
    "FL-10,,A,,,MAIN,1e5,,": "is not a whole number",
    "FL-10,,A,,,MAIN,-3,,": "is not a whole number",
    "FL-10,,A,,,MAIN,1,pallet,": "has no pack “pallet”. Known are: case, each",
    "FL-10,,A,,,MAIN,1,,NaN": "is not a cost",
    "PT-1,,L,,,MAIN,1,,": "Port needs its serial number",
    "PT-1,,L,,S9,MAIN,2,,": "a serial number is one unit",
    "FL-10,,A,,,MAIN,1,,,extra": "10 cells, but the first line names 9",
    f"PT-1,{CASE},L,,S1,MAIN,1,,": "belongs to another item",
}


@pytest.mark.parametrize(("line", "said"), BAD.items())
def test_every_bad_line_is_named_and_comes_back_to_be_mended(
    one_database: Database, opening: None, line: str, said: str
) -> None:
    preview = look(one_database, HEAD + "FL-10,,OK,2028-01-31,,MAIN,1,,\n" + line + "\n")
    shown = [str(each).replace("column “", "").replace("”:", ":") for each in preview.problems]
    assert any(said in each for each in shown), shown
    assert all(each.startswith("Line 3") for each in shown)
    assert len(preview.rows) == 1
    mended = preview.bad_lines().decode("utf-8-sig").splitlines()
    assert mended[0] == HEAD.strip() + ",problem"
    assert len(mended) == 2
    assert mended[1].split(",")[2] == line.split(",")[2]
    with pytest.raises(Refused):
        import_opening(one_database, preview, UserId(1))


@pytest.fixture
def opening(one_database: Database) -> None:
    from infusion_desktop.access.people import add_first_administrator

    boss = add_first_administrator(one_database, "admin", "Ada Min", "correct horse battery")
    with one_database.transaction() as session:
        set_up_places(session, boss)
    flush = NewItem("FL-10", "Flush", ItemKind.FLUSH, packs=(Pack("case", 60, CASE),))
    add_item(one_database, flush, boss)
    add_item(one_database, NewItem("PT-1", "Port", ItemKind.CATHETER, serial_tracked=True), boss)
    add_item(one_database, NewItem("PU-1", "Pump", ItemKind.PUMP, serial_tracked=True), boss)


def test_lines_that_contradict_each_other_are_named(one_database: Database, opening: None) -> None:
    text = HEAD + "FL-10,,A,2028-01-31,,MAIN,1,,\nFL-10,,A,2028-02-28,,QUARANTINE,1,,\nFL-10,,A,,,MAIN,2,,\n"
    text += "PT-1,,L,,S1,MAIN,1,,\nPT-1,,M,,S1,MAIN,1,,\n"
    shown = [str(each) for each in look(one_database, text).problems]
    assert shown[0] == "Line 3, column “Expires”: lot A is known to expire Jan 31, 2028. Check the label."
    assert "stands on line 2 already" in shown[1]
    assert "is in line 5 already" in shown[2]


@given(data=st.one_of(st.text(max_size=300), st.lists(st.text(max_size=12), max_size=40).map(",".join)))
@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_file_breaks_the_preview(one_database: Database, opening: None, data: str) -> None:
    for text in (data, HEAD + data):
        try:
            preview = look(one_database, text.encode("utf-8", "surrogatepass"))
        except Refused as no:
            assert no.reasons
            continue
        assert all(each.line >= 1 and each.reason for each in preview.problems)
        assert preview.problems or preview.rows


ITEMS = (
    "Number,Name,Kind,Case,Max,Vendor,Vendor number,Sold in,Vendor pack quantity,Contract price,Contract\n"
    "FL-20,Flush 20,flush,50,900,Northwest,NW-1,case,,24.50,GPO 9\n"
    "DR-9,Dressing,dressing,,,Northwest,NW-2,carton,12,$6.00,\n"
    "XX-1,Tape,other,,,,,,,,\n"
)


def test_a_catalogue_file_brings_its_vendors_packs_and_prices(database: Database, by: UserId) -> None:
    preview = preview_items(ITEMS.encode(), "items.csv")
    assert preview.problems == ()
    assert import_items(database, preview, by) == 3
    with database.reading() as session:
        assert [row.name for row in vendor_rows(session, today())] == ["Northwest"]
        found = offer_rows(session, today())
    assert [(each.item_number, each.number, each.pack_name, each.pack_quantity) for each in found] == [
        ("DR-9", "NW-2", "carton", 12), ("FL-20", "NW-1", "case", 50),
    ]  # fmt: skip
    assert [(each.price, each.contract, each.preferred) for each in found] == [
        (Decimal(6), "", True), (Decimal("24.5"), "GPO 9", True),
    ]  # fmt: skip
    bad = ITEMS + "ZZ-1,Zed,other,,,,NW-3,,,1.2.3,\nZZ-2,=1+1,other,,5,Northwest,,crate,,x,\n"
    preview = preview_items(bad.encode(), "items.csv")
    assert [str(each).split(": ", 1)[0] for each in preview.problems] == [
        "Line 5, column “Vendor”", "Line 6, column “Contract price”", "Line 6, column “Sold in”",
    ]  # fmt: skip
    mended = io.StringIO(preview.bad_lines().decode("utf-8-sig")).read().splitlines()
    assert [line.split(",")[0] for line in mended] == ["Number", "ZZ-1", "ZZ-2"]
    assert "'=1+1" in mended[2], "a formula is written as text, and read back without its guard"
