"""Who waits after wrong tries, person or workstation, is seen and let go on the people screen (RELIABILITY C1)."""

from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from infusion_desktop.access.people import add_person, sign_in
from infusion_desktop.access.roles import PERMISSIONS, Role
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.office.people import WAIT_COLUMNS
from infusion_desktop.desktop.office.places import PLACES as OFFICE
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.errors import Refused
from tests.conftest import PASSWORD
from tests.desktop.deliveries.conftest import House


def test_a_persons_and_a_workstations_wait_are_seen_and_lifted(house: House, shell: Shell, qtbot: QtBot) -> None:
    database = house.database
    tina = add_person(database, "tina", "Tina Tech", PASSWORD, frozenset({Role.TECHNICIAN}), house.administrator)
    for name in ("tina", *(f"nobody {each}" for each in range(4)), *["tina"] * 4):
        with pytest.raises(Refused):
            sign_in(database, name, "guessed")
    database.workstation, here = "BENCH-2", database.workstation
    for _ in range(4):  # Where Tina is not at work, somebody tries on.
        with pytest.raises(Refused):
            sign_in(database, "tina", "guessed")
    shell.go("people")
    screen: Any = shell.screen_in_front
    screen.tabs.setCurrentIndex(2)
    qtbot.waitUntil(lambda: screen.tabs.tabText(2) == "Waits (2)")
    assert [(row.person, row.name) for row in screen.waits.model.shown] == [(tina, "Tina Tech"), (None, here)]
    with pytest.raises(Refused) as waits:
        sign_in(database, "tina", PASSWORD)
    assert WAIT_COLUMNS[2].text(screen.waits.model.shown[0]) in str(waits.value), "the minute that Tina was told"
    for left, name in ((1, "Tina Tech"), (0, here)):
        screen.waits.select_ids([name])
        screen.lift.click()
        qtbot.waitUntil(lambda left=left: len(screen.waits.model.shown) == left)  # type: ignore[misc]
    qtbot.waitUntil(lambda: not shell.jobs.running)
    assert screen.tabs.tabText(2) == "Waits"
    database.workstation = here
    assert sign_in(database, "tina", PASSWORD).id == tina


def test_a_manager_sees_waits_and_lifts_none(house: House, qtbot: QtBot) -> None:
    made = Shell(Context(house.database, house.administrator, "Ma", PERMISSIONS[Role.MANAGER]), OFFICE)
    qtbot.addWidget(made)
    made.go("people")
    screen: Any = made.screen_in_front
    assert not screen.lift.isEnabled()
    made.jobs.close()
