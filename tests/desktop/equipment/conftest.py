"""A pharmacy with two pump models' worth of equipment, and the board in a real window over it."""

from collections.abc import Callable, Iterator

import pytest
from pytestqt.qtbot import QtBot

from infusion_desktop.access.people import add_first_administrator
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.equipment.places import NAME_SCANS, PLACES, SEARCHES
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.equipment.registering import NewAsset, register
from infusion_desktop.equipment.words import AssetId
from infusion_desktop.identifiers import gtin_check_digit
from infusion_desktop.stock.catalogue import NewItem, Pack, add_item
from infusion_desktop.stock.places import set_up_places
from infusion_desktop.stock.words import ItemId, ItemKind

_BODY = "0081234500002"
PUMP_CODE = _BODY + str(gtin_check_digit(_BODY))


@pytest.fixture
def by(one_database: Database) -> UserId:
    administrator = add_first_administrator(one_database, "admin", "Ada Min", "correct horse battery")
    with one_database.transaction() as session:
        set_up_places(session, administrator)
    return administrator


@pytest.fixture
def pump_code() -> str:
    return PUMP_CODE


@pytest.fixture
def model(one_database: Database, by: UserId) -> ItemId:
    item = NewItem(
        "PU-1", "Ambulatory infusion pump, two channels", ItemKind.PUMP, lot_tracked=False, serial_tracked=True,
        packs=(Pack("each", 1, PUMP_CODE),),
    )  # fmt: skip
    return add_item(one_database, item, by)


@pytest.fixture
def pumps(one_database: Database, by: UserId, model: ItemId) -> list[AssetId]:
    return [register(one_database, NewAsset(model, serial), by) for serial in ("SN-A", "SN-B", "SN-C")]


@pytest.fixture
def open_shell(qtbot: QtBot, one_database: Database, by: UserId) -> Iterator[Callable[..., Shell]]:
    """Opens the board, as the administrator or with fewer permissions."""
    made: list[Shell] = []

    def make(permissions: frozenset[str] = frozenset(Permission)) -> Shell:
        context = Context(one_database, by, "Ada Min", permissions)
        shell = Shell(
            context, PLACES, searches=[each(context) for each in SEARCHES],
            name_scans=[each(context) for each in NAME_SCANS],
        )  # fmt: skip
        shell.messages.beep = lambda: None
        qtbot.addWidget(shell)
        shell.resize(1280, 800)
        shell.show()
        qtbot.waitExposed(shell)
        shell.go("equipment")
        made.append(shell)
        return shell

    yield make
    for shell in made:
        shell.jobs.close()
