"""Data and copies on a server: its copies are its own tools'; that one was proven within a day is told, or in red."""

from pathlib import Path

from pytestqt.qtbot import QtBot

from infusion_desktop.access.audit import record
from infusion_desktop.access.people import add_first_administrator
from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.office.data_screen import DataScreen
from infusion_desktop.recovering import PROVEN


def test_a_server_whose_copy_nobody_proved_is_told_in_red(
    qtbot: QtBot, desk: Desk, postgresql_database: Database, tmp_path: Path
) -> None:
    database = postgresql_database
    by = add_first_administrator(database, "admin", "Ada Min", "correct horse battery")
    context = Context(database, by, "Ada Min", frozenset(Permission), copies=tmp_path)
    screen = DataScreen(context, desk)
    qtbot.addWidget(screen)
    screen.show()
    screen.load()
    qtbot.waitUntil(lambda: "ever proven" in screen.newest.text())
    assert screen.newest.property("role") == "error"
    assert not screen.table.isVisible() and not screen.copy_button.isVisible()
    with database.transaction() as session:
        record(session, by, PROVEN, "database", after={"entries": 1, "problems": 0})
    screen.load()
    qtbot.waitUntil(lambda: "within the last 24 hours" in screen.newest.text())
    assert screen.newest.property("role") == ""
