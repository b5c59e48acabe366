"""The pharmacy's numbers are put right where a claim's finding leads to; a biller reads them only."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from infusion_desktop.access.pharmacy import profile, save_profile
from infusion_desktop.access.roles import Permission, Role, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.office.pharmacy_screen import PharmacyScreen
from infusion_desktop.setting_up import EXAMPLE


@pytest.fixture
def database(one_database: Database) -> Database:
    """Screens need not be tried on both engines."""
    return one_database


def opened(database: Database, who: UserId, permissions: frozenset[str], desk: Desk, qtbot: QtBot) -> PharmacyScreen:
    screen = PharmacyScreen(Context(database, who, "Somebody", permissions), desk)
    qtbot.addWidget(screen)
    screen.show()
    screen.load()
    qtbot.waitUntil(lambda: screen.fields["npi"].typed() == EXAMPLE.npi)
    return screen


def test_a_wrong_tax_id_is_told_at_its_field_and_a_right_one_is_saved(
    database: Database, staff: dict[Role, UserId], desk: Desk, qtbot: QtBot
) -> None:
    administrator = staff[Role.ADMINISTRATOR]
    save_profile(database, EXAMPLE, administrator)
    screen = opened(database, administrator, frozenset(Permission), desk, qtbot)
    field = screen.fields["tax_id"]
    field.line.selectAll()
    qtbot.keyClicks(field.line, "93-12")
    qtbot.mouseClick(screen.save_button, Qt.MouseButton.LeftButton)
    assert field.error.text() and not screen.may_leave()
    field.line.selectAll()
    qtbot.keyClicks(field.line, "93-7654321")
    qtbot.mouseClick(screen.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(screen.may_leave)
    with database.reading() as session:
        kept = profile(session)
    assert kept is not None and (kept.tax_id, kept.npi, kept.zip) == ("937654321", EXAMPLE.npi, "972051234")


def test_a_biller_sees_the_numbers_and_changes_none(
    database: Database, staff: dict[Role, UserId], desk: Desk, qtbot: QtBot
) -> None:
    save_profile(database, EXAMPLE, staff[Role.ADMINISTRATOR])
    seen = frozenset({Permission.SEE_BILLING})
    screen = opened(database, staff[Role.BILLER], seen, desk, qtbot)
    assert screen.save_button.isHidden() or screen.save_button.parent() is None
    assert all(line.isReadOnly() for line in screen.form.findChildren(QLineEdit))
