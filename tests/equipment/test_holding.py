"""A recall of pumps holds them wherever they are; what is outside is named."""

from datetime import date

import pytest

from infusion_desktop.access.people import UserId
from infusion_desktop.access.roles import Role
from infusion_desktop.database.engine import Database
from infusion_desktop.equipment import custody
from infusion_desktop.equipment.holding import end_hold, hold
from infusion_desktop.equipment.registering import NewAsset, register
from infusion_desktop.equipment.verify import problems
from infusion_desktop.equipment.words import AssetId, AssetState
from infusion_desktop.errors import NotAllowed, Refused, Stale
from infusion_desktop.stock.catalogue import NewItem, add_item
from infusion_desktop.stock.places import set_up_places
from infusion_desktop.stock.words import ItemId, ItemKind

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
