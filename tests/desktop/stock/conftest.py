"""A pharmacy with a small catalogue, and the stock screens in a real window over it."""

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from pytestqt.qtbot import QtBot

from infusion_desktop.access.people import add_first_administrator
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.equipment.places import PLACES as EQUIPMENT
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.desktop.stock.places import PLACES as STOCK
from infusion_desktop.identifiers import gtin_check_digit
from infusion_desktop.stock.catalogue import NewItem, Pack, add_item
from infusion_desktop.stock.places import add_place, set_up_places
from infusion_desktop.stock.words import ItemId, ItemKind, LocationKind

PASSWORD = "correct horse battery"


def gtin(body: str) -> str:
    return body + str(gtin_check_digit(body))


EACH, BOX, PUMP_CODE, UNKNOWN = (
    gtin(body) for body in ("0081234500001", "1081234500001", "0081234500002", "0081234500009")
)


@pytest.fixture
def codes() -> dict[str, str]:
    """The GTINs on the boxes, and one that no item has."""
    return {"each": EACH, "box": BOX, "pump": PUMP_CODE, "unknown": UNKNOWN}


@pytest.fixture
def by(one_database: Database) -> UserId:
    administrator = add_first_administrator(one_database, "admin", "Ada Min", PASSWORD)
    with one_database.transaction() as session:
        set_up_places(session, administrator)
    add_place(one_database, "A-01", "Aisle A, bin 1", LocationKind.BIN, administrator, 1)
    return administrator


@pytest.fixture
def flush(one_database: Database, by: UserId) -> ItemId:
    item = NewItem(
        "FL-10", "Saline flush 10 mL", ItemKind.FLUSH, "Example Medical", unit_cost=Decimal("0.3545"), reorder_point=40,
        par_level=200, packs=(Pack("each", 1, EACH), Pack("box", 30, BOX)),
    )  # fmt: skip
    return add_item(one_database, item, by)


@pytest.fixture
def needle(one_database: Database, by: UserId) -> ItemId:
    return add_item(one_database, NewItem("HU-20", "Huber needle 20 G x 0.75 in, with wings", ItemKind.NEEDLE), by)


@pytest.fixture
def pump(one_database: Database, by: UserId) -> ItemId:
    item = NewItem(
        "PU-1", "Ambulatory infusion pump", ItemKind.PUMP, lot_tracked=False, serial_tracked=True,
        packs=(Pack("each", 1, PUMP_CODE),),
    )  # fmt: skip
    return add_item(one_database, item, by)


@pytest.fixture
def open_shell(qtbot: QtBot, one_database: Database, by: UserId) -> Iterator[Callable[..., Shell]]:
    """Opens the window at a place, as the administrator or with fewer permissions."""
    made: list[Shell] = []

    def make(place: str, permissions: frozenset[str] = frozenset(Permission)) -> Shell:
        shell = Shell(Context(one_database, by, "Ada Min", permissions), (*STOCK, *EQUIPMENT))
        shell.messages.beep = lambda: None
        qtbot.addWidget(shell)
        shell.resize(1280, 800)
        shell.show()
        qtbot.waitExposed(shell)
        shell.go(place)
        made.append(shell)
        return shell

    yield make
    for shell in made:
        shell.jobs.close()
