"""Plans say what is due; large differences are counted twice; picking meanwhile changes nothing; sheets scan back."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infusion_desktop.access.people import UserId
from infusion_desktop.access.roles import Role
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, today
from infusion_desktop.errors import NotAllowed, Refused, Stale
from infusion_desktop.stock import papers
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from infusion_desktop.stock.catalogue import NewItem, add_item
from infusion_desktop.stock.counting import count_plans, counts
from infusion_desktop.stock.counting.count_queries import count_row, sheet, variances
from infusion_desktop.stock.counting.counts import Mark
from infusion_desktop.stock.house_rules import HouseRules, house_rules, save_house_rules
from infusion_desktop.stock.moving import transfer
from infusion_desktop.stock.places import add_place, place_id, set_up_places
from infusion_desktop.stock.rules import CountClass, is_beyond_tolerance, risk_class, value_classes
from infusion_desktop.stock.scanning.scan_values import ScanKind
from infusion_desktop.stock.scanning.scans import read_scan
from infusion_desktop.stock.verify import problems
from infusion_desktop.stock.words import CountState, ItemId, ItemKind, LocationId, LocationKind, Storage
from reports import count_sheet, table_report
from tests.reports.conftest import Read

DAY, COLD = date(2028, 1, 1), Storage.REFRIGERATED


@pytest.fixture
def shelves(database: Database, staff: dict[Role, UserId]) -> dict[str, ItemId]:
    """A dear cold drug and a cheap dressing in two bins, and a box of swabs."""
    administrator = staff[Role.ADMINISTRATOR]
    with database.transaction() as session:
        set_up_places(session, administrator)
    for code in ("B-01", "B-02"):
        add_place(database, code, f"Bin {code}", LocationKind.BIN, administrator)
    made = {
        number: add_item(database, item, administrator)
        for number, item in (
            ("DRUG", NewItem("DRUG", "Cold drug <1 g>", ItemKind.DRUG, storage=COLD, unit_cost=Decimal(80))),
            ("DRESS", NewItem("DRESS", "Dressing", ItemKind.DRESSING, unit_cost=Decimal("0.5"))),
            ("SWAB", NewItem("SWAB", "Swab", ItemKind.OTHER, lot_tracked=False, unit_cost=Decimal("0.01"))),
        )
    }  # fmt: skip
    lines = (
        ReceiptLine(made["DRUG"], 10, None, "D1", DAY), ReceiptLine(made["DRESS"], 200, None, "E1", DAY),
        ReceiptLine(made["SWAB"], 1000),
    )  # fmt: skip
    receive(database, NewReceipt(lines, "B-01"), administrator)
    receive(database, NewReceipt((ReceiptLine(made["DRESS"], 100, None, "E2", DAY),), "B-02"), administrator)
    return made


def place(database: Database, code: str) -> LocationId:
    with database.reading() as session:
        return place_id(session, code)


def count_all(database: Database, count: counts.CountId, numbers: dict[str, int], by: UserId) -> None:
    """Write down these numbers by lot (the swabs' lot is "")."""
    with database.reading() as session:
        lines = sheet(session, count)
    for line in lines:
        if line.counted is None and line.lot in numbers:
            counts.enter(database, line.id, numbers[line.lot], by)


def test_a_plan_classes_items_and_gives_the_overdue_shelves_whole(
    database: Database, staff: dict[Role, UserId], shelves: dict[str, ItemId]
) -> None:
    pharmacist, technician = staff[Role.PHARMACIST], staff[Role.TECHNICIAN]
    plan = count_plans.add_plan(database, count_plans.Plan("Weekly", 7, 30, 90, most_lines=2), pharmacist)
    with pytest.raises(NotAllowed):
        count_plans.add_plan(database, count_plans.Plan("Mine"), technician)
    with pytest.raises(Refused, match="as often as B"):
        count_plans.add_plan(database, count_plans.Plan("Odd", 30, 7, 90), pharmacist)
    with database.reading() as session:
        rows = count_plans.plan_shelves(session, plan, today())
        assert [(row.item_number, row.place, row.kind) for row in rows] == [
            ("DRUG", "B-01", CountClass.A), ("DRESS", "B-01", CountClass.C), ("SWAB", "B-01", CountClass.C),
            ("DRESS", "B-02", CountClass.C),
        ]  # fmt: skip
        [row] = count_plans.plan_rows(session, today())
        assert (row.due, row.shelves, row.overdue, [number for _, number in row.by_class]) == (4, 4, 0, [1, 0, 3])
    first = count_plans.open_planned(database, plan, technician)
    second = count_plans.open_planned(database, plan, technician)
    with database.reading() as session:
        assert [(line.item_number, line.place) for line in sheet(session, first)] == [
            ("DRUG", "B-01"), ("DRESS", "B-01")]  # fmt: skip
        assert len(sheet(session, second)) == 2, "what is on an open sheet is not put on another"
    with pytest.raises(Refused, match="Nothing is due"):
        count_plans.open_planned(database, plan, technician)
    count_all(database, first, {"D1": 10, "E1": 200}, technician)
    assert counts.finish(database, first, technician) == 0
    counts.approve(database, first, pharmacist)
    with database.reading() as session:
        due = {
            row.item_number: row.due_on
            for row in count_plans.plan_shelves(session, plan, today())
            if row.place == "B-01"
        }
        assert due["DRUG"] == today() + timedelta(days=7)
        assert due["DRESS"] == today() + timedelta(days=90)
        [row] = count_plans.plan_rows(session, today() + timedelta(days=20))
        assert row.overdue == 1
        version = row.version
    count_plans.change_plan(database, plan, count_plans.Plan("Weekly", 14, 30, 90), version, pharmacist)
    with pytest.raises(Stale):
        count_plans.change_plan(database, plan, count_plans.Plan("Weekly", 21, 30, 90), version, pharmacist)
    count_plans.end_plan(database, plan, pharmacist)
    with database.reading() as session:
        assert count_plans.plan_rows(session, today()) == ()


def test_a_plan_for_a_site_counts_the_places_inside_it(
    database: Database, staff: dict[Role, UserId], shelves: dict[str, ItemId]
) -> None:
    only = place(database, "B-02")
    plan = count_plans.add_plan(database, count_plans.Plan("Bin 2", location_id=only), staff[Role.PHARMACIST])
    with database.reading() as session:
        assert {row.place for row in count_plans.plan_shelves(session, plan, today())} == {"B-02"}


def test_a_large_difference_is_counted_again_by_somebody_else_and_both_counts_are_kept(
    database: Database, staff: dict[Role, UserId], shelves: dict[str, ItemId]
) -> None:
    technician, pharmacist, administrator = (
        staff[role] for role in (Role.TECHNICIAN, Role.PHARMACIST, Role.ADMINISTRATOR)
    )
    count = counts.open_count(database, "Bin 1", [place(database, "B-01")], technician)
    count_all(database, count, {"D1": 7, "E1": 199, "": 1000}, technician)
    assert counts.finish(database, count, technician) == 1, "three vials of ten; one dressing of 200 is tolerated"
    with database.reading() as session:
        assert count_row(session, count).again == 1
        [again] = [line for line in sheet(session, count) if line.again]
        assert (again.lot, again.counted, again.first_by) == ("D1", None, "Some Technician")
        with pytest.raises(Refused, match="stays blind"):
            variances(session, count)
        paper = papers.count_sheet(session, count, technician, now_utc())
        assert paper.again and [line.lot for line in paper.lines] == ["D1"]
    with pytest.raises(Refused, match="You counted this line the first time"):
        counts.enter(database, again.id, 9, technician)
    counts.enter(database, again.id, 9, administrator)
    assert counts.finish(database, count, technician) == 0, "nobody counts a third time"
    with database.reading() as session:
        found = {row.line.lot: row for row in variances(session, count)}
        assert (found["D1"].first, found["D1"].difference, found["D1"].value) == ((7, 10), -1, Decimal("-80.00"))
        assert (found["E1"].difference, found["E1"].value) == (-1, Decimal("-0.50"))
    with pytest.raises(Refused, match="You counted lines of K000001 yourself"):
        counts.approve(database, count, administrator)
    assert counts.approve(database, count, pharmacist) == (0, 2)
    with database.reading() as session:
        assert count_row(session, count).approved_by == "Some Pharmacist"
        assert problems(session) == ()


def test_what_pickers_carry_away_is_not_missing_and_a_move_meanwhile_is_noticed(
    database: Database, staff: dict[Role, UserId], shelves: dict[str, ItemId]
) -> None:
    technician, bin_1 = staff[Role.TECHNICIAN], place(database, "B-01")
    save_house_rules(database, HouseRules(tolerance_percent=100), staff[Role.ADMINISTRATOR])
    count = counts.open_count(database, "Bin 1", [bin_1], technician)
    in_totes = 4
    with database.reading() as session:
        drug = next(line for line in sheet(session, count) if line.lot == "D1")
        begun = counts.mark(session, drug.id, lambda *_: in_totes)
    assert begun.away == 4
    counts.enter(database, drug.id, 6, technician, begun=begun, away=lambda *_: in_totes)
    with pytest.raises(Refused, match="while you counted it"):
        counts.enter(database, drug.id, 6, technician, begun=begun, away=lambda *_: in_totes + 1)
    transfer(database, drug.lot_id, bin_1, "B-02", 2, technician)
    with pytest.raises(Refused, match="while you counted it"):
        counts.enter(database, drug.id, 6, technician, begun=begun, away=lambda *_: in_totes)
    with database.reading() as session:
        line = next(line for line in sheet(session, count) if line.lot == "D1")
        assert line.counted == 6
    count_all(database, count, {"E1": 200, "": 1000}, technician)
    counts.finish(database, count, technician)
    with database.reading() as session:
        assert {row.line.lot: row.difference for row in variances(session, count)} == {"D1": 0, "E1": 0, "": 0}


def test_units_that_are_promised_to_kits_are_not_written_out_by_a_count(
    database: Database, staff: dict[Role, UserId], shelves: dict[str, ItemId]
) -> None:
    from infusion_desktop.access.audit import record
    from infusion_desktop.stock.allocation import Demand, reserve

    technician, pharmacist = staff[Role.TECHNICIAN], staff[Role.PHARMACIST]
    save_house_rules(
        database, HouseRules(tolerance_percent=100, tolerance_value=Decimal(9999)), staff[Role.ADMINISTRATOR]
    )
    with database.transaction() as session:
        reserve(session, "delivery", 1, [Demand(1, shelves["DRUG"], 9, date(2027, 1, 1))])
        record(session, technician, "release", "delivery", 1)
    count = counts.open_count(database, "Bin 1", [place(database, "B-01")], technician)
    count_all(database, count, {"D1": 7, "E1": 200, "": 1000}, technician)
    counts.finish(database, count, technician)
    with pytest.raises(Refused, match="3 are missing, but 9 of 10 are promised to kits"):
        counts.approve(database, count, pharmacist)
    with database.reading() as session:
        assert count_row(session, count).state is CountState.COUNTED


def test_the_printed_sheet_is_blind_and_every_line_scans_back(
    database: Database,
    staff: dict[Role, UserId],
    shelves: dict[str, ItemId],
) -> None:
    technician = staff[Role.TECHNICIAN]
    count = counts.open_count(database, "Both bins", [place(database, "B-01"), place(database, "B-02")], technician)
    with database.reading() as session:
        lines = sheet(session, count)
        filled = papers.count_sheet(session, count, technician, datetime(2026, 3, 5, tzinfo=UTC))
    paper = Read(count_sheet.render(filled))
    for text in ("Cold drug <1 g>", "B-01", "Bin B-02", "E2", "Both bins: 4 lines"):
        assert text in paper.words
    assert "200" not in paper.words.replace("2028", ""), "no quantity on hand"
    scans = [read_scan(code.text, today=DAY) for code in paper.codes(0)]
    assert {scan.kind for scan in scans} == {ScanKind.COUNT_LINE}
    assert sorted(scan.code for scan in scans) == sorted(f"K000001/{line.id}" for line in lines)
    count_all(database, count, {"D1": 10, "E1": 201, "E2": 100, "": 1000}, technician)
    counts.finish(database, count, technician)
    with database.reading() as session:
        report = papers.variance_report(session, count, technician, now_utc())
        with pytest.raises(Refused, match="Only an open count"):
            papers.count_sheet(session, count, technician, now_utc())
    words = Read(table_report.render(report)).words
    assert "Differences of count K000001" in words and "3 as expected (75 %)" in words
    assert "found more worth $0.50" in words


def test_limits_are_kept_checked_and_not_changed_twice_at_once(database: Database, staff: dict[Role, UserId]) -> None:
    administrator = staff[Role.ADMINISTRATOR]
    save_house_rules(database, HouseRules(Decimal("99.50"), 3, Decimal(10), 60), administrator)
    with database.reading() as session:
        kept = house_rules(session)
    assert (kept.second_person_above, kept.tolerance_percent, kept.dead_after_days) == (Decimal("99.50"), 3, 60)
    with pytest.raises(Stale):
        save_house_rules(database, HouseRules(), administrator)
    with pytest.raises(Refused, match="0 to 100 percent"):
        save_house_rules(database, HouseRules(tolerance_percent=101, version=kept.version), administrator)
    with pytest.raises(NotAllowed):
        save_house_rules(database, HouseRules(version=kept.version), staff[Role.PHARMACIST])


@given(st.dictionaries(st.integers(0, 50), st.decimals(0, 10_000, places=2), max_size=30))
def test_value_classes_cut_at_80_and_95_percent(used: dict[int, Decimal]) -> None:
    classes = value_classes(used)
    assert classes.keys() == used.keys()
    total = sum(used.values())
    a_items = [key for key, kind in classes.items() if kind is CountClass.A]
    if total:
        assert sum(used[key] for key in a_items) >= total * Decimal("0.8")
        without_last = sorted((used[key] for key in a_items), reverse=True)[:-1]
        assert sum(without_last) < total * Decimal("0.8")
    assert all(kind is CountClass.C for key, kind in classes.items() if not used[key])


def test_risk_and_tolerance() -> None:
    assert risk_class(ItemKind.DRESSING, Storage.ROOM, True, Decimal(1)) is CountClass.A
    assert risk_class(ItemKind.DRUG, Storage.ROOM, False, Decimal(1)) is CountClass.B
    assert risk_class(ItemKind.DRESSING, Storage.ROOM, False, Decimal(1)) is CountClass.C
    cheap, dear = Decimal("0.01"), Decimal(400)
    assert not is_beyond_tolerance(100, 100, dear, 0, Decimal(0))
    assert not is_beyond_tolerance(100, 95, cheap, 5, Decimal(50))
    assert is_beyond_tolerance(100, 94, cheap, 5, Decimal(50))
    assert is_beyond_tolerance(1000, 999, dear, 5, Decimal(50))
    assert is_beyond_tolerance(0, 1, cheap, 5, Decimal(50)), "what should not be there at all is counted twice"
    assert not is_beyond_tolerance(10, 0, cheap, 100, Decimal(50))


def test_a_mark_tells_no_quantity() -> None:
    assert Mark._fields == ("last_move", "away")
    assert CountState.OPEN.value == "open"


def test_a_pharmacy_of_the_first_version_keeps_its_places_and_counts(tmp_path: Path) -> None:
    from alembic import command
    from sqlalchemy import event

    from infusion_desktop.database import migrations
    from infusion_desktop.database.engine import Place, open_engine
    from infusion_desktop.opening import open_pharmacy

    place = Place.of(str(tmp_path / "old.db"))
    engine = open_engine(place, guarded=False)
    event.listen(engine, "connect", migrations._without_foreign_keys)
    with engine.begin() as connection:
        command.upgrade(migrations._config(connection), "0001")
        for statement in (
            "INSERT INTO staff (id, username, name, password_hash, badge, must_change_password, failed_tries, version) "
            "VALUES (1, 'a', 'Ada', '-', '', 0, 0, 1)",
            "INSERT INTO location (id, code, name, kind, pick_order, version) VALUES "
            "(1, 'MAIN', 'Main', 'room', 0, 1), (2, 'VENDOR', 'Vendors', 'vendor', 0, 1)",
            "INSERT INTO location (id, code, name, kind, parent_id, pick_order, version) "
            "VALUES (3, 'A-01', 'Bin', 'bin', 1, 7, 1)",
            "INSERT INTO item (id, number, name, kind, manufacturer, base_unit, lot_tracked, serial_tracked, storage, "
            "contains_latex, hazardous, billing_class, hcpcs, ndc, ndc_unit, ndc_quantity_per_unit, "
            "hcpcs_units_per_unit, unit_cost, par_level, reorder_point, version) VALUES (1, 'T', 'Tubing', "
            "'tubing and administration sets', '', 'each', 1, 0, 'room temperature', 0, 0, 'inside the per diem', '', "
            "'', '', 10000, 10000, 100, 0, 0, 1)",
            "INSERT INTO lot (id, item_id, number, serial, held, unit_cost, version) "
            "VALUES (1, 1, 'A', '', '', 100, 1)",
            "INSERT INTO move (id, lot_id, from_id, to_id, quantity, reason, note, document, document_id, "
            "effective_at, recorded_at, staff_id) VALUES (1, 1, 2, 3, 5, 'received', '', 'receipt', 1, "
            "'2026-01-01T00:00:00.000000+00:00', '2026-01-01T00:00:00.000000+00:00', 1)",
            "INSERT INTO balance (lot_id, location_id, item_id, expires_on, usable, on_hand, reserved) "
            "VALUES (1, 3, 1, '9999-12-31', 1, 5, 0)",
            "INSERT INTO stock_count (id, number, state, title, opened_at, opened_by, version) VALUES (1, 'K000001', "
            "'open', 'Old', '2026-01-02T00:00:00.000000+00:00', 1, 1)",
            "INSERT INTO stock_count_line (id, count_id, lot_id, location_id) VALUES (1, 1, 1, 3)",
        ):
            connection.exec_driver_sql(statement)
    engine.dispose()
    database = open_pharmacy(place)
    with database.reading() as session:
        assert problems(session) == ()
        [line] = sheet(session, counts.CountId(1))
        assert (line.place, line.lot, line.counted) == ("A-01", "A", None)
        assert session.connection().exec_driver_sql("PRAGMA foreign_key_check").all() == []
        assert session.connection().exec_driver_sql(
            "SELECT parent_id, pick_order FROM location WHERE id = 3"
        ).one() == (1, 7)
    database.close()
