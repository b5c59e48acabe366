"""The reports screen in a real desk on a real database."""

from dataclasses import replace
from pathlib import Path

from pytestqt.qtbot import QtBot
from sqlalchemy import select

from infusion_desktop.access.people import add_first_administrator
from infusion_desktop.access.tables import AuditEntry
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.reporting.reports_screen import ReportsScreen
from infusion_desktop.reporting.registry import REPORTS


def test_every_report_is_shown_and_an_export_is_noted(
    qtbot: QtBot, context: Context, desk: Desk, tmp_path: Path
) -> None:
    by = add_first_administrator(context.database, "admin", "Ada Min", "correct horse battery")
    screen = ReportsScreen(replace(context, user_id=by), desk)
    qtbot.addWidget(screen)
    screen.resize(1280, 800)
    screen.show()
    screen.load()
    for row, each in enumerate(REPORTS):
        screen.list.setCurrentRow(row)
        qtbot.waitUntil(lambda title=each.title: screen.table is not None and screen.table._name == title)
        assert screen.definition.text() == each.definition
    file = tmp_path / "payments.csv"
    screen.export_to(file)
    qtbot.waitUntil(file.exists)
    assert file.read_text(encoding="utf-8-sig").startswith("Payer,Entries,Paid")
    with context.database.reading() as session:
        assert session.scalars(select(AuditEntry.action).order_by(AuditEntry.number)).all()[-1] == "export report"
