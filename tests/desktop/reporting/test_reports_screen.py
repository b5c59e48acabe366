"""The reports screen in a real desk on a real database."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from infusion_desktop.access.people import add_first_administrator
from infusion_desktop.access.roles import Permission
from infusion_desktop.access.tables import AuditEntry
from infusion_desktop.dates import Days, today
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.reporting.reports_screen import ReportsScreen
from infusion_desktop.reporting.period_rules import period_of
from infusion_desktop.reporting.registry import REPORTS
from infusion_desktop.reporting.words import PeriodRule


def test_every_report_is_shown_and_an_export_is_noted(
    qtbot: QtBot, context: Context, desk: Desk, tmp_path: Path
) -> None:
    by = add_first_administrator(context.database, "admin", "Ada Min", "correct horse battery")
    screen = ReportsScreen(replace(context, user_id=by, permissions=frozenset(Permission)), desk)
    qtbot.addWidget(screen)
    screen.resize(1280, 800)
    screen.show()
    screen.load()
    for each in (*REPORTS, next(each for each in REPORTS if each.key == "payments")):
        screen.choose(each.key)
        qtbot.waitUntil(lambda title=each.title: screen.table is not None and screen.table._name == title)
        assert screen.definition.text() == each.definition
    file = tmp_path / "payments.csv"
    screen.export_to(file)
    qtbot.waitUntil(file.exists)
    assert file.read_text(encoding="utf-8-sig").splitlines() == ["Payer,Entries,Paid", "Total,0,$0.00"]
    with context.database.reading() as session:
        assert session.scalars(select(AuditEntry.action).order_by(AuditEntry.number)).all()[-1] == "export report"


def test_a_report_is_found_by_words_narrowed_kept_and_shown_again(qtbot: QtBot, context: Context, desk: Desk) -> None:
    by = add_first_administrator(context.database, "admin", "Ada Min", "correct horse battery")
    screen = ReportsScreen(replace(context, user_id=by), desk)
    qtbot.addWidget(screen)
    screen.resize(1280, 800)
    screen.show()
    screen.load()
    assert "audit" not in screen.list._reports  # Whoever may not see the trail is not offered it.
    screen.list.search.setFocus()
    qtbot.keyClicks(screen.list.search, "days outstanding")
    qtbot.keyClick(screen.list.search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: screen.table is not None and screen.table._name == "Days sales outstanding")
    shown = [item for item in screen.list._items() if not item.isHidden()]
    assert [item.text().strip() for item in shown] == ["MONEY OWED", "Days sales outstanding"]
    assert screen.bar.payer.isVisible() and not screen.bar.kind.isVisible()
    screen.bar.set_period(PeriodRule.LAST_QUARTER)
    screen.keep("DSO by quarter")
    qtbot.waitUntil(lambda: [each.title for each in screen.saved] == ["DSO by quarter"])
    screen.list.search.clear()
    screen.choose("payments")
    screen.bar.set_period(Days(today(), today()))
    next(action for action in screen.kept_menu().actions() if action.text() == "DSO by quarter").trigger()
    assert screen.report.key == "dso" and screen.bar.told() is PeriodRule.LAST_QUARTER
    assert screen.bar.period() == period_of(PeriodRule.LAST_QUARTER, today())
    qtbot.keyClicks(screen.bar.first.line, "1")  # Days typed by hand are no named period any more.
    assert screen.bar.rule.is_blank()
    next(action for action in screen.kept_menu().actions() if action.text().startswith("Forget")).trigger()
    qtbot.waitUntil(lambda: screen.saved == ())


def test_a_report_is_sent_to_a_folder_each_morning_and_ended(
    qtbot: QtBot, context: Context, desk: Desk, tmp_path: Path
) -> None:
    by = add_first_administrator(context.database, "admin", "Ada Min", "correct horse battery")
    screen = ReportsScreen(replace(context, user_id=by), desk)
    qtbot.addWidget(screen)
    screen.show()
    screen.choose("aging")
    screen.ask_morning()
    dialog = screen.morning
    dialog.folder.set_value(str(tmp_path))
    with qtbot.waitSignal(dialog.succeeded):
        dialog.press()
    screen.ask_morning()
    again = screen.morning
    qtbot.waitUntil(lambda: len(again.rows) == 1)
    assert again.rows[0].schedule.title == "Receivables by age" and not again.grab().isNull()
    again.end(again.rows[0])
    qtbot.waitUntil(lambda: again.rows == ())
    again.reject()
