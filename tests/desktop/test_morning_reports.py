"""The morning's reports go out by themselves when the day turns, while somebody is at work."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from infusion_desktop import chores
from infusion_desktop.access.people import add_first_administrator, user_of
from infusion_desktop.access.pharmacy import save_profile
from infusion_desktop.chores import Chores
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.program import Application
from infusion_desktop.reporting.sending import Schedule, add_schedule
from infusion_desktop.reporting.words import Form, PeriodRule
from infusion_desktop.setting_up import EXAMPLE
from infusion_desktop.settings import load_settings


class Clock:
    """The calendar on the wall."""

    def __init__(self) -> None:
        self.day = today()

    def __call__(self) -> date:
        return self.day


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(chores, "today", found)
    return found


@pytest.fixture
def program(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_database: Database, clock: Clock
) -> Iterator[Application]:
    monkeypatch.setenv("INFUSION_DESKTOP_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(Chores, "keep_a_copy", lambda _self: None)
    (tmp_path / "share").mkdir()
    settings = load_settings()
    by = add_first_administrator(one_database, "admin", "Ada Min", "correct horse battery")
    save_profile(one_database, EXAMPLE, by)
    add_schedule(one_database, Schedule("payments", PeriodRule.YESTERDAY, Form.CSV, str(tmp_path / "share")), by)
    made = Application(qapp, settings, one_database)
    with one_database.reading() as session:
        made.open_shell(user_of(session, by))
    yield made
    made.scanner.stop()
    made.idle.stop()
    assert made.window is not None
    made.window.hide()
    made.window.close()
    made.database.close()


def test_reports_go_out_once_when_the_day_turns(
    program: Application, clock: Clock, qtbot: QtBot, tmp_path: Path
) -> None:
    shell = program.window
    assert isinstance(shell, Shell)

    def look() -> int:
        """The timer has come round; how many files lie in the folder when all is done."""
        program.chores.often.timeout.emit()
        qtbot.waitUntil(lambda: not shell.jobs.running)
        return len(list((tmp_path / "share").iterdir()))

    assert program.chores.often.isActive() and program.chores.often.interval() == 5 * 60 * 1000
    assert look() == 1, "the first look of the day"
    assert look() == 1, "nothing more today"
    clock.day += timedelta(days=1)
    assert look() == 2, "yesterday is another day now"
    assert look() == 2
    program.chores.often.timeout.emit()
    program.chores.often.timeout.emit()
    assert sum(job is program.chores.sent_by for job in shell.jobs.running) == 1, "one run at a time"
    qtbot.waitUntil(lambda: not shell.jobs.running)
