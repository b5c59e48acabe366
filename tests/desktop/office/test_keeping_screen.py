"""What is past its time is let go from the window: previewed, confirmed, with a reason."""

from datetime import UTC, datetime

import pytest
from pytestqt.qtbot import QtBot
from sqlalchemy import insert

from infusion_desktop.access.audit import record
from infusion_desktop.access.people import UserId
from infusion_desktop.access.roles import Permission
from infusion_desktop.billing.money.money_tables import AnswerFile
from infusion_desktop.database.engine import Database
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.office.keeping_screen import KeepingScreen, LetGoDialog, YearsDialog


@pytest.mark.parametrize("database", ["one"], indirect=True)
def test_answers_past_their_time_are_let_go(
    qtbot: QtBot, desk: Desk, database: Database, administrator: UserId
) -> None:
    with database.transaction() as session:
        for number, year in enumerate((2010, 2011, datetime.now(UTC).year)):
            session.execute(
                insert(AnswerFile).values(
                    kind="999", sha256=str(number), content="ISA", told="[]",
                    read_at=datetime(year, 1, 2, tzinfo=UTC), staff_id=administrator,
                )
            )  # fmt: skip
        record(session, administrator, "read", "answer")
    screen = KeepingScreen(Context(database, administrator, "Ada Min", frozenset(Permission)), desk)
    qtbot.addWidget(screen)
    screen.resize(1200, 700)
    screen.show()
    screen.load()
    qtbot.waitUntil(lambda: len(screen.table.model.shown) == 7)
    screen.table.grid.selectRow(0)
    screen.go.click()
    assert screen.dialog is None, "none of the trail is ten years old"
    row = next(place for place, each in enumerate(screen.table.model.shown) if each.what.startswith("claim files"))
    screen.table.grid.selectRow(row)
    assert screen.table.current_row().standing.past == 2
    screen.go.click()
    dialog = screen.dialog
    assert isinstance(dialog, LetGoDialog)
    dialog.why.set_value("Yearly")
    dialog.save_button.click()
    assert dialog.banner.isVisibleTo(dialog) and screen.table.current_row().standing.total == 3
    dialog.sure.set_value(True)
    with qtbot.waitSignal(dialog.succeeded):
        dialog.save_button.click()
    screen.load()
    qtbot.waitUntil(lambda: screen.table.model.shown[row].standing.total == 1)
    screen.years.click()
    years = screen.dialog
    assert isinstance(years, YearsDialog)
    years.years.set_value(5)
    years.why.set_value("Shorter")
    years.save_button.click()
    qtbot.waitUntil(lambda: "at least 7" in years.banner.text.text())
    years.years.set_value(12)
    with qtbot.waitSignal(years.succeeded):
        years.save_button.click()
    screen.load()
    qtbot.waitUntil(lambda: screen.table.model.shown[row].standing.years == 12)
