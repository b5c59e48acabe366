"""A pump's round: every transition, the forbidden ones, two people wanting one pump, and the books."""

import threading
from datetime import date

import pytest

from infusion_desktop.access.audit import record
from infusion_desktop.access.people import UserId
from infusion_desktop.access.roles import Role
from infusion_desktop.database.engine import Database
from infusion_desktop.equipment import custody, queries
from infusion_desktop.equipment.receiving import receive
from infusion_desktop.equipment.registering import NewAsset, register
from infusion_desktop.equipment.rules import TRANSITIONS, after, next_step
from infusion_desktop.equipment.verify import problems
from infusion_desktop.equipment.words import AssetDeed, AssetId, AssetState
from infusion_desktop.errors import NotAllowed, Refused, Warned
from infusion_desktop.stock.buying.receiving import NewReceipt
from infusion_desktop.stock.catalogue import NewItem, add_item
from infusion_desktop.stock.places import add_patient_home, set_up_places
from infusion_desktop.stock.words import ItemId, ItemKind

TODAY = date(2026, 11, 24)
GOOD = {"Flow accuracy": "1.5", "Occlusion alarm": "12", "Battery": "95"}


@pytest.fixture
def model(database: Database, administrator: UserId) -> ItemId:
    with database.transaction() as session:
        set_up_places(session, administrator)
    return add_item(database, NewItem("PU", "Ambulatory pump", ItemKind.PUMP, serial_tracked=True), administrator)


def make_ready(database: Database, model: ItemId, serial: str, by: UserId, due: date | None = None) -> AssetId:
    asset = register(database, NewAsset(model, serial, maintenance_due_on=due), by)
    custody.clean(database, asset, by)
    assert custody.pass_check(database, asset, GOOD, by) is AssetState.READY
    return asset


def test_a_pump_goes_out_comes_back_and_is_ready_again(
    database: Database, administrator: UserId, model: ItemId
) -> None:
    pump = make_ready(database, model, "sn-1", administrator)
    with database.transaction() as session:
        home = add_patient_home(session, "P1", administrator)
        custody.assign(session, pump, "delivery", 7, date(2026, 12, 1), administrator)
        custody.ship(session, "delivery", 7, administrator)
        custody.deliver(session, "delivery", 7, home, administrator)
    with database.reading() as session:
        [out] = queries.at_place(session, home, TODAY)
        assert (out.state, out.document, out.is_ready) == (AssetState.WITH_PATIENT, "delivery 7", False)
    custody.take_back(database, pump, administrator)
    with pytest.raises(Refused, match="Clean it, then do the function check"), database.transaction() as session:
        custody.assign(session, pump, "delivery", 8, date(2026, 12, 1), administrator)
    custody.clean(database, pump, administrator)
    custody.pass_check(database, pump, GOOD, administrator)
    with database.reading() as session:
        row = queries.find_asset(session, "SN-1", TODAY)
        assert row is not None
        assert row.is_ready
        assert [event.deed for event in queries.history(session, pump)][:3] == [
            AssetDeed.PASS_CHECK,
            AssetDeed.CLEAN,
            AssetDeed.TAKE_BACK,
        ]
        assert problems(session) == ()


def test_a_failed_check_leads_to_quarantine(database: Database, administrator: UserId, model: ItemId) -> None:
    pump = register(database, NewAsset(model, "SN2"), administrator)
    custody.clean(database, pump, administrator)
    assert custody.pass_check(database, pump, {**GOOD, "Battery": "12"}, administrator) is AssetState.QUARANTINED
    with database.reading() as session:
        assert "Battery is 12 %" in queries.history(session, pump)[0].note


def test_maintenance_within_the_period_needs_a_pharmacist_with_a_reason(
    database: Database, staff: dict[Role, UserId], model: ItemId
) -> None:
    pump = make_ready(database, model, "SN3", staff[Role.ADMINISTRATOR], due=date(2026, 12, 10))
    through = date(2026, 12, 10)
    with pytest.raises(Warned, match="maintenance is due Dec 10, 2026"), database.transaction() as session:
        custody.assign(session, pump, "delivery", 1, through, staff[Role.PHARMACIST])
    with pytest.raises(NotAllowed), database.transaction() as session:
        custody.assign(session, pump, "delivery", 1, through, staff[Role.TECHNICIAN], override="only one left")
    with database.transaction() as session:
        custody.assign(session, pump, "delivery", 1, through, staff[Role.PHARMACIST], override="only one left")


def test_a_serial_is_registered_once(database: Database, administrator: UserId, model: ItemId) -> None:
    receive(database, NewReceipt(()), (NewAsset(model, "X1"), NewAsset(model, "X2")), administrator)
    with pytest.raises(Refused, match="registered already, as P0001"):
        receive(database, NewReceipt(()), (NewAsset(model, "X3"), NewAsset(model, "x1")), administrator)
    with database.reading() as session:
        assert [row.serial for row in queries.board(session, TODAY)] == ["X1", "X2"]


def test_one_pump_one_patient(database: Database, administrator: UserId, model: ItemId) -> None:
    pump = make_ready(database, model, "SN4", administrator)
    got: list[int] = []

    def want(document: int) -> None:
        try:
            with database.transaction() as session:
                custody.assign(session, pump, "delivery", document, date(2026, 12, 1), administrator)
                record(session, administrator, "assign", "delivery", document)
            got.append(document)
        except Refused:
            pass

    workers = [threading.Thread(target=want, args=(number,)) for number in range(1, 6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(got) == 1
    with database.reading() as session:
        assert problems(session) == ()


@pytest.mark.parametrize("deed", list(AssetDeed))
@pytest.mark.parametrize("state", list(AssetState))
def test_every_deed_in_every_state_is_either_a_transition_or_has_a_way_out(deed: AssetDeed, state: AssetState) -> None:
    leads_to = after(deed, state)
    assert (leads_to is not None) == (state in TRANSITIONS[deed][0])
    assert next_step(state).endswith(".")


def test_only_one_way_leads_to_a_patient() -> None:
    into = {deed for deed, (_, leads_to) in TRANSITIONS.items() if leads_to is AssetState.READY}
    assert into == {AssetDeed.PASS_CHECK, AssetDeed.LET_GO}
    assert TRANSITIONS[AssetDeed.RESERVE][0] == (AssetState.READY, AssetState.RESERVED)  # The second: a booking taken.
