"""What a model asks for is held: maintenance by hours and at return, limits, versions; rentals; papers; import."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from infusion_desktop.access.people import UserId
from infusion_desktop.access.roles import Role
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import ONE_DAY, Days, now_utc, today
from infusion_desktop.equipment import checks, custody
from infusion_desktop.equipment.asset_import import import_assets, preview_assets
from infusion_desktop.equipment.correcting import Versions, set_maintenance_due, set_versions
from infusion_desktop.equipment.due import DueKind, due_list
from infusion_desktop.equipment.models import ALARMS, CheckLimit, ModelFacts, edit_model, model_rows
from infusion_desktop.equipment.papers import deed_codes, life_log, morning_list
from infusion_desktop.equipment.queries import AssetRow, asset_row, board
from infusion_desktop.equipment.registering import NewAsset, register
from infusion_desktop.equipment.rentals import NewRental, extend, give_back, rental_rows
from infusion_desktop.equipment.usage import use_rows
from infusion_desktop.equipment.verify import problems
from infusion_desktop.equipment.words import AssetDeed, AssetId, AssetState, Per
from infusion_desktop.errors import NotAllowed, Refused, Stale, Warned
from infusion_desktop.reporting.equipment import care_log
from infusion_desktop.reporting.equipment import use as equipment_use
from infusion_desktop.stock.catalogue import NewItem, add_item
from infusion_desktop.stock.places import add_patient_home, set_up_places
from infusion_desktop.stock.words import ItemId, ItemKind
from tests.reports.conftest import Read

S = AssetState
FLOW = CheckLimit("Flow accuracy", "%", "-5", "5")
GOOD = {"Flow accuracy": "1", "Air-in-line alarm": "pass"}
FACTS = ModelFacts(365, 1000, True, 12, (FLOW, ALARMS[0]), "4.1", "2026.3", ("AC adapter",), (), Decimal("950.00"))


@pytest.fixture
def model(database: Database, staff: dict[Role, UserId]) -> ItemId:
    boss = staff[Role.ADMINISTRATOR]
    with database.transaction() as session:
        set_up_places(session, boss)
    item = add_item(database, NewItem("PU", "Ambulatory pump", ItemKind.PUMP, serial_tracked=True), boss)
    edit_model(database, item, FACTS, 0, staff[Role.PHARMACIST])
    return item


@pytest.fixture
def tech(staff: dict[Role, UserId]) -> UserId:
    return staff[Role.TECHNICIAN]


def row(database: Database, asset: AssetId) -> AssetRow:
    with database.reading() as session:
        found = asset_row(session, asset, today())
    assert found is not None
    return found


def ready(database: Database, model: ItemId, serial: str, by: UserId, **facts: object) -> AssetId:
    asset = register(database, NewAsset(model, serial, **facts), by)  # type: ignore[arg-type]
    custody.clean(database, asset, by)
    assert custody.pass_check(database, asset, GOOD, by) is S.READY
    return asset


def out_and_back(database: Database, asset: AssetId, by: UserId, days: int = 3, **back: object) -> None:
    with database.transaction() as session:
        home = add_patient_home(session, f"P{asset}", by)
        custody.assign(session, asset, "delivery", 1, today() + timedelta(days=days), by)
        custody.ship(session, "delivery", 1, by)
        custody.deliver(session, "delivery", 1, home, by)
    custody.take_back(database, asset, by, **back)  # type: ignore[arg-type]


def test_maintenance_is_asked_for_at_return_and_by_hours_and_foreseen(
    database: Database, model: ItemId, tech: UserId, staff: dict[Role, UserId]
) -> None:
    pump = ready(database, model, "S1", tech)
    out_and_back(database, pump, tech, run_hours=940, lacks=["AC adapter"])
    custody.clean(database, pump, tech)
    for refused in (lambda: custody.pass_check(database, pump, GOOD, tech), lambda: checks.start_check(
            database, pump, tech)):  # fmt: skip
        with pytest.raises(Refused, match="asks for maintenance at each return"):
            refused()
    with pytest.raises(Refused, match="had 940 hours"):
        custody.start_maintenance(database, pump, tech)
        custody.finish_maintenance(database, pump, tech, run_hours=12)
    custody.finish_maintenance(database, pump, tech, note="filter changed", run_hours=940)
    assert custody.pass_check(database, pump, GOOD, tech, run_hours=1850) is S.READY
    found = row(database, pump)
    assert (found.hours_left, found.lacks, found.why_not) == (90, "", "")
    assert found.maintenance_due_on == today() + timedelta(days=365)
    with database.transaction() as session, pytest.raises(Warned, match="due at 1,940 hours"):
        custody.assign(session, pump, "delivery", 2, today() + timedelta(days=7), tech)
    with database.transaction() as session:
        custody.assign(session, pump, "delivery", 2, today() + timedelta(days=6), tech)
    shown = found.maintenance_due_on
    set_maintenance_due(database, pump, today(), "letter from the maker", staff[Role.PHARMACIST], was=shown)
    with pytest.raises(Stale):
        set_maintenance_due(database, pump, today(), "as another saw it", staff[Role.PHARMACIST], was=shown)
    with pytest.raises(NotAllowed):
        set_maintenance_due(database, pump, today() + ONE_DAY, "x", tech, was=today())
    with database.reading() as session:
        assert problems(session) == ()


def test_limits_of_the_model_decide_and_alarms_are_tried(
    database: Database, model: ItemId, tech: UserId, staff: dict[Role, UserId]
) -> None:
    pump = ready(database, model, "S1", tech)
    bad = {"Flow accuracy": "6", "Air-in-line alarm": "fail"}
    assert custody.pass_check(database, pump, bad, tech) is S.QUARANTINED
    with pytest.raises(NotAllowed):
        edit_model(database, model, FACTS, 0, tech)
    with database.reading() as session:
        [shown] = model_rows(session)
    twice = replace(FACTS, limits=(FLOW, FLOW))
    with pytest.raises(Refused, match="a name of its own"):
        edit_model(database, model, twice, shown.version, staff[Role.PHARMACIST])
    for lowest, highest in (("5", "-5"), ("1e5", "9"), ("NaN", "9"), ("", "9"), ("-٣", "9")):
        wrong = replace(FACTS, limits=(CheckLimit("Flow", "%", lowest, highest),))
        with pytest.raises(Refused, match="lowest and highest value as numbers"):
            edit_model(database, model, wrong, shown.version, staff[Role.PHARMACIST])
    wide = replace(FACTS, limits=(replace(FLOW, highest="8"), ALARMS[0]))
    edit_model(database, model, wide, shown.version, staff[Role.PHARMACIST])
    with pytest.raises(Stale):
        edit_model(database, model, FACTS, shown.version, staff[Role.PHARMACIST])
    custody.release(database, pump, tech)
    custody.clean(database, pump, tech)
    assert custody.pass_check(database, pump, {**bad, "Air-in-line alarm": "pass"}, tech) is S.READY


def test_a_rented_pump_is_back_in_time_and_says_what_it_cost(database: Database, model: ItemId, tech: UserId) -> None:
    rental = NewRental("Cascade", Decimal("10.00"), Per.DAY, today() - timedelta(days=9), today() + timedelta(days=5))
    pump = ready(database, model, "R1", tech, rental=rental)
    with database.transaction() as session, pytest.raises(Warned, match="rented and goes back by"):
        custody.assign(session, pump, "delivery", 1, today() + timedelta(days=5), tech)
    with database.reading() as session:
        [rented] = rental_rows(session, today())
        assert (rented.cost_so_far, rented.days_left, rented.vendor) == (Decimal("100.00"), 5, "Cascade")
        assert [each.kind for each in due_list(session, today())] == [DueKind.UPDATE, DueKind.GIVE_BACK]
    extend(database, rented.id, today() + timedelta(days=60), "Lee, RX-12", rented.version, tech)
    with pytest.raises(Stale):
        extend(database, rented.id, None, "again", rented.version, tech)
    out_and_back(database, pump, tech, 30)
    with database.reading() as session:
        [rented] = rental_rows(session, today())
        [use] = use_rows(session, Days(today() - timedelta(days=4), today()))
    assert use.use.cost == Decimal("50.00")
    assert give_back(database, rented.id, tech, version=rented.version) == Decimal("100.00")
    with database.reading() as session:
        assert rental_rows(session, today()) == ()
        assert board(session, today()) == ()
        assert problems(session) == ()


def test_the_morning_names_everything_that_is_due_on_screen_and_on_paper(
    database: Database, model: ItemId, tech: UserId
) -> None:
    dirty = register(database, NewAsset(model, "S1", firmware="4.1", library="2026.3"), tech)
    cleaned = register(database, NewAsset(model, "S2", firmware="4.1", library="2026.2"), tech)
    custody.clean(database, cleaned, tech)
    over = ready(database, model, "S3", tech, maintenance_due_on=today() - ONE_DAY, firmware="4.1", library="2026.3")
    aside = ready(database, model, "S4", tech, firmware="4.1", library="2026.3")
    custody.quarantine(database, aside, "cracked", tech)
    with database.reading() as session:
        due = due_list(session, today())
        paper = Read(morning_list(session, today(), tech, now_utc()))
    assert {(each.id, each.kind) for each in due} == {
        (dirty, DueKind.CLEAN), (cleaned, DueKind.CHECK), (cleaned, DueKind.UPDATE), (over, DueKind.MAINTAIN),
        (aside, DueKind.SET_ASIDE),
    }  # fmt: skip
    for said in ("5 things to do", "To clean", "Set aside", "P0003", "overdue", "S2"):
        assert said in paper.words
    before = Versions(row(database, cleaned).firmware, row(database, cleaned).library)
    set_versions(database, cleaned, Versions("4.1", "2026.3"), tech, was=before)
    with pytest.raises(Stale):
        set_versions(database, cleaned, Versions("4.0", "2026.3"), tech, was=before)
    with database.reading() as session:
        assert (cleaned, DueKind.UPDATE) not in {(each.id, each.kind) for each in due_list(session, today())}
        sheet = Read(
            deed_codes(session, [(AssetDeed.CLEAN, "Clean", ""), (AssetDeed.LOSE, "Lost", "")], tech, now_utc())
        )
    assert sorted(code.text for code in sheet.codes(0)) == ["DEED:CLEAN", "DEED:LOSE"]


def test_the_life_log_holds_everything_measured_and_names_no_patient(
    database: Database, model: ItemId, tech: UserId
) -> None:
    pump = ready(database, model, "S1", tech)
    out_and_back(database, pump, tech, run_hours=120)
    custody.clean(database, pump, tech, note="Super Sani-Cloth")
    custody.start_maintenance(database, pump, tech)
    custody.finish_maintenance(database, pump, tech, note="per service manual")
    custody.pass_check(database, pump, {**GOOD, "Flow accuracy": "-7.5"}, tech)
    custody.send_to_vendor(database, pump, tech, note="RMA 12", vendor="Maker")
    custody.return_from_vendor(database, pump, tech, note="sensor", cost=Decimal("80.00"))
    with database.reading() as session:
        paper = Read(life_log(session, pump, tech, now_utc()))
        [use] = use_rows(session, Days(today() - ONE_DAY, today()))
    for said in ("1 passed, 1 failed", "-7.5", "FAILED", "Super Sani-Cloth", "RMA 12", "$80.00", "Home of patient P",
                 "every 365 days, every 1,000 hours, at each return", "13 entries"):  # fmt: skip
        assert said in paper.words, said
    assert [code.text for code in paper.codes(0)] == ["AST:P0001"]
    assert use.use.cost >= Decimal("80.00")
    with database.reading() as session:
        log = care_log(session, Days(today(), today()))
        used = equipment_use(session, Days(today() - ONE_DAY, today()))
    assert [row[4] for row in log.rows] == [
        "clean", "pass function check", "clean", "finish maintenance", "fail function check", "send to vendor",
        "return from vendor",
    ]  # fmt: skip
    assert used.totals is not None
    assert used.totals[:2] == ("All", 1)


BROKEN = {
    "no table": b"\x00\x01",
    "not utf-8": b"Model,Serial\nPU,\xff\n",
    "empty": b"",
    "no columns": b",,\n",
    "quotes": b'Model,Serial\n"PU,S1\n',
    "no model column": b"Serial\nS1\n",
    "nothing below": b"Model,Serial\n",
    "unknown model": b"Model,Serial\nXX,S1\n",
    "no serial": b"Model,Serial\nPU,\n",
    "too many cells": b"Model,Serial\nPU,S1,x\n",
    "twice": b"Model,Serial\nPU,S1\nPU,s1\n",
    "known": b"Model,Serial\nPU,OLD\n",
    "tag twice": b"Model,Serial,Tag\nPU,A,T\nPU,B,t\n",
    "known tag": b"Model,Serial,Tag\nPU,A,P0001\n",
    "cost": b"Model,Serial,Cost\nPU,A,1e9\n",
    "hours": b"Model,Serial,Hours\nPU,A,-4\n",
    "date": b"Model,Serial,PM due\nPU,A,soon\n",
    "future": b"Model,Serial,Acquired\nPU,A,2099-01-01\n",
    "state": b"Model,Serial,Status\nPU,A,with patient\n",
    "ready unproven": b"Model,Serial,Status\nPU,A,ready\n",
    "checked long ago": b"Model,Serial,Status,Last check\nPU,A,ready,2001-01-01\n",
    "long serial": b"Model,Serial\nPU," + b"9" * 61 + b"\n",
    "long owner": b"Model,Serial,Owner\nPU,A," + b"o" * 61 + b"\n",
    "a workbook that is none": b"PK\x03\x04 nothing",
}


def test_every_broken_file_is_answered_by_line_and_column_and_nothing_is_stored(
    database: Database, model: ItemId, tech: UserId
) -> None:
    register(database, NewAsset(model, "OLD"), tech)
    for name, content in BROKEN.items():
        try:
            with database.reading() as session:
                preview = preview_assets(session, content, "pumps.csv")
        except Refused as no:
            assert str(no).endswith("."), name
            continue
        assert preview.problems, name
        assert all(str(each).startswith(f"Line {each.line}") for each in preview.problems), name
        assert preview.problems[0].reason.rstrip(".") in preview.bad_lines().decode("utf-8-sig"), name
        with pytest.raises(Refused):
            import_assets(database, preview, tech)
    with database.reading() as session:
        assert [each.serial for each in board(session, today())] == ["OLD"]


def test_a_register_comes_in_whole_and_an_error_file_carries_no_formula(
    database: Database, model: ItemId, tech: UserId, staff: dict[Role, UserId]
) -> None:
    lines = [f"PU,S{n},,{'ready' if n % 2 else ''},{today()},$950.00" for n in range(40)]
    content = "\n".join(["Item;Serial number;Asset tag;Status;Last check;Price".replace(";", ","), *lines]).encode()
    with database.reading() as session:
        preview = preview_assets(session, content, "pumps.csv")
        bad = preview_assets(session, b"Model,Serial\n=HYPERLINK(1),S9\n", "x.csv")
    assert (len(preview.rows), preview.problems) == (40, ())
    assert "\n'=HYPERLINK(1),S9" in bad.bad_lines().decode("utf-8-sig").replace("\r", "")
    with pytest.raises(NotAllowed):
        import_assets(database, preview, staff[Role.BILLER])
    assert import_assets(database, preview, tech) == 40
    with database.reading() as session:
        rows = board(session, today())
        assert sum(each.is_ready for each in rows) == 20
        assert problems(session) == ()
    with database.reading() as session:
        assert len(preview_assets(session, content, "pumps.csv").problems) == 40
