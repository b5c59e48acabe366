"""The pharmacy of the delivery screens' tests, with Ann on cefazolin once a day, and an administrator's window."""

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from infusion_desktop.access.roles import Permission
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.office.places import PLACES as OFFICE
from infusion_desktop.desktop.patients.places import PLACES as PATIENTS
from infusion_desktop.desktop.shell import Shell
from tests.desktop.deliveries.conftest import House, house

__all__ = ["house"]


@pytest.fixture
def shell(house: House, qtbot: QtBot) -> Iterator[Shell]:
    made = Shell(Context(house.database, house.administrator, "Ada Min", frozenset(Permission)), (*PATIENTS, *OFFICE))
    qtbot.addWidget(made)
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.jobs.close()
