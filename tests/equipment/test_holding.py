"""A recall of pumps holds them wherever they are; what is outside is named."""

from datetime import date, timedelta

import pytest

from infusion_desktop.access.people import UserId
from infusion_desktop.access.roles import Role
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.equipment import checks, custody
from infusion_desktop.equipment.holding import end_hold, hold
from infusion_desktop.equipment.models import ModelFacts, edit_model
from infusion_desktop.equipment.registering import NewAsset, register
from infusion_desktop.equipment.tables import Asset
from infusion_desktop.equipment.verify import problems
from infusion_desktop.equipment.words import AssetId, AssetState
from infusion_desktop.errors import NotAllowed, Refused, Stale, Warned
from infusion_desktop.stock.catalogue import NewItem, add_item
from infusion_desktop.stock.places import add_patient_home, set_up_places
from infusion_desktop.stock.words import ItemId, ItemKind, LocationId

GOOD = {"Flow accuracy": "-1.5", "Occlusion alarm": "12", "Battery": "95"}
THROUGH = date(2026, 12, 1)


@pytest.fixture
def model(database: Database, administrator: UserId) -> ItemId:
    with database.transaction() as session:
        set_up_places(session, administrator)
    return add_item(database, NewItem("PU", "Ambulatory pump", ItemKind.PUMP, serial_tracked=True), administrator)


def make_ready(database: Database, model: ItemId, serial: str, by: UserId) -> AssetId:
    asset = register(database, NewAsset(model, serial, maintenance_due_on=date(2030, 1, 1)), by)
    custody.clean(database, asset, by)
    custody.pass_check(database, asset, GOOD, by)
    return asset


def test_held_pumps_are_neither_assigned_nor_shipped(
    database: Database, staff: dict[Role, UserId], model: ItemId
) -> None:
    administrator = staff[Role.ADMINISTRATOR]
    shelf, packed = (make_ready(database, model, serial, administrator) for serial in ("S1", "S2"))
    with database.transaction() as session:
        custody.assign(session, packed, "delivery", 1, THROUGH, administrator)
    with pytest.raises(NotAllowed):
        hold(database, model, ["s1"], "recall Z-1", staff[Role.TECHNICIAN])
    found = hold(database, model, ["s1", "S2", "S99"], "recall Z-1", administrator)
    assert (found.assets, found.outside, found.unknown) == ((shelf, packed), ("P0002",), ("S99",))
    with pytest.raises(Refused, match="P0001 is held: recall Z-1"), database.transaction() as session:
        custody.assign(session, shelf, "delivery", 2, THROUGH, administrator)
    with pytest.raises(Refused, match="P0002 is held: recall Z-1"), database.transaction() as session:
        custody.ship(session, "delivery", 1, administrator)
    with pytest.raises(Stale, match="why P0001 is held"):
        end_hold(database, shelf, "not affected", administrator, was="recall Y-9")
    end_hold(database, shelf, "not affected", administrator, was="recall Z-1")
    with database.transaction() as session:
        custody.assign(session, shelf, "delivery", 2, THROUGH, administrator)
    with database.reading() as session:
        assert problems(session) == ()


@pytest.mark.parametrize("typed", ["1_0", "١٢", "NaN", "1e1", "Infinity", "", "9" * 5000])
def test_a_measured_value_is_a_plain_number_or_the_check_fails(
    database: Database, administrator: UserId, model: ItemId, typed: str
) -> None:
    pump = register(database, NewAsset(model, "S1"), administrator)
    custody.clean(database, pump, administrator)
    measured = {**GOOD, "Occlusion alarm": typed}
    assert custody.pass_check(database, pump, measured, administrator) is AssetState.QUARANTINED


def test_what_came_back_goes_nowhere_before_each_step_that_it_owes(
    database: Database, administrator: UserId, model: ItemId
) -> None:
    """Dirty, faulty, owing maintenance, unchecked, due within the period: whoever hurries is refused each time."""
    by = administrator
    edit_model(database, model, ModelFacts(300, 0, True, 24, ()), 0, by)
    pump = make_ready(database, model, "S1", by)

    def goes(through: date) -> None:
        with database.transaction() as session:
            custody.assign(session, pump, "delivery", 1, through, by)

    def is_known_as(state: AssetState, *, clean: bool, checked: bool) -> None:
        with database.reading() as session:
            asset = session.get_one(Asset, pump)
            assert (asset.state, asset.clean, asset.checked_on is not None) == (state, clean, checked)

    with database.transaction() as session:
        home = add_patient_home(session, "P1", by)
        custody.assign(session, pump, "delivery", 1, THROUGH, by)
        custody.ship(session, "delivery", 1, by)
        custody.deliver(session, "delivery", 1, LocationId(home), by)
        custody.call_back(session, pump, today(), by)
        custody.report_fault(session, pump, "occlusion alarm")
    custody.take_back(database, pump, by)
    is_known_as(AssetState.RETURNED, clean=False, checked=False)
    for hurry in (lambda: custody.pass_check(database, pump, {}, by), lambda: goes(THROUGH)):
        with pytest.raises(Refused):
            hurry()
    custody.clean(database, pump, by)
    is_known_as(AssetState.CLEANED, clean=True, checked=False)
    for hurry in (lambda: custody.pass_check(database, pump, {}, by), lambda: checks.start_check(database, pump, by)):
        with pytest.raises(Refused, match=r"reported fault: occlusion alarm.*maintenance at each return"):
            hurry()
    custody.send_to_vendor(database, pump, by)
    custody.return_from_vendor(database, pump, by)
    custody.clean(database, pump, by)
    with pytest.raises(Refused, match=r"^P0001 came back and its model asks for maintenance at each return"):
        custody.pass_check(database, pump, {}, by)
    custody.quarantine(database, pump, "dropped", by)
    custody.start_maintenance(database, pump, by)
    custody.finish_maintenance(database, pump, by)
    custody.quarantine(database, pump, "dropped", by)
    custody.release(database, pump, by)
    is_known_as(AssetState.RETURNED, clean=False, checked=False)
    with pytest.raises(Refused, match="Clean it, then do the function check"):
        custody.pass_check(database, pump, {}, by)
    custody.clean(database, pump, by)
    for _ in range(2):
        custody.start_maintenance(database, pump, by)
        is_known_as(AssetState.MAINTENANCE, clean=True, checked=False)
        custody.finish_maintenance(database, pump, by)
        with pytest.raises(Refused, match="Do the function check"):
            goes(THROUGH)
        assert custody.pass_check(database, pump, {}, by) is AssetState.READY
    is_known_as(AssetState.READY, clean=True, checked=True)
    due = today() + timedelta(days=300)
    for through in (due, due + timedelta(days=20)):
        with pytest.raises(Warned, match="maintenance is due"):
            goes(through)
    goes(due - timedelta(days=1))
    with database.reading() as session:
        assert problems(session) == ()
