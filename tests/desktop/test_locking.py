"""Nobody at the keyboard: covered within two seconds over whatever is open, signed out later, the work kept (C3)."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from infusion_desktop.access import audit
from infusion_desktop.access.audit import record
from infusion_desktop.access.people import add_first_administrator, user_of
from infusion_desktop.access.pharmacy import save_profile
from infusion_desktop.chores import Chores
from infusion_desktop.database.engine import Database
from infusion_desktop.database.trouble import Unavailable
from infusion_desktop.dates import now_utc
from infusion_desktop.desktop.last_time import LastTime
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.desktop.welcome.sign_in import SignInWindow
from infusion_desktop.program import Application
from infusion_desktop.setting_up import EXAMPLE
from infusion_desktop.settings import load_settings

PASSWORD = "correct horse battery"
CANARY = "Zebulonia Quagmire"


@pytest.fixture
def clock() -> list[float]:
    return [1000.0]


@pytest.fixture
def program(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_database: Database, clock: list[float]
) -> Iterator[Application]:
    monkeypatch.setenv("INFUSION_DESKTOP_HOME", str(tmp_path))
    monkeypatch.setattr(Chores, "keep_a_copy", lambda _self: None)
    settings = load_settings()
    boss = add_first_administrator(one_database, "admin", "Ada Min", PASSWORD)
    save_profile(one_database, EXAMPLE, boss)
    made = Application(qapp, settings, one_database)
    made.idle._clock = lambda: clock[0]
    made.idle.alive()
    with one_database.reading() as session:
        made.open_shell(user_of(session, boss))
    yield made
    made.scanner.stop()
    made.idle.stop()
    if made.window is not None:
        made.window.hide()
        made.window.close()
    made.database.close()


def shell_of(program: Application) -> Shell:
    assert isinstance(program.window, Shell)
    return program.window


def a_dialog(shell: Shell) -> tuple[QDialog, QLineEdit]:
    dialog = QDialog(shell)
    column, field = QVBoxLayout(dialog), QLineEdit(dialog)
    column.addWidget(QLabel(CANARY))
    column.addWidget(field)
    field.setText(f"half an entry about {CANARY}")
    return dialog, field


def test_a_dialog_that_waits_for_an_answer_is_covered_and_goes_on_afterwards(
    program: Application, qtbot: QtBot, clock: list[float]
) -> None:
    shell = shell_of(program)
    dialog, field = a_dialog(shell)
    told: list[Any] = []

    def leave() -> None:
        clock[0] += program.settings.lock_after_minutes * 60
        qtbot.waitUntil(lambda: shell.cover is not None and shell.cover.isVisible())
        cover = shell.cover
        assert cover is not None
        told.append(QApplication.activeModalWidget() is cover and cover.geometry().contains(dialog.geometry()))
        qtbot.keyClicks(cover.password, PASSWORD)
        qtbot.keyClick(cover.password, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: shell.cover is None)
        told.append((dialog.isVisible(), field.text()))
        dialog.accept()

    QTimer.singleShot(0, leave)
    assert dialog.exec() == QDialog.DialogCode.Accepted, "its exec() outlived the cover"
    assert told == [True, (True, f"half an entry about {CANARY}")]
    assert [each.interval() <= 1_000 for each in program.idle.findChildren(QTimer)] == [True], "it looks every second"


@pytest.mark.parametrize("is_away", [False, True])
def test_half_an_hour_later_nothing_can_be_read_even_when_the_server_is_away(
    program: Application, qtbot: QtBot, clock: list[float], monkeypatch: pytest.MonkeyPatch, is_away: bool
) -> None:
    shell = shell_of(program)
    dialog, _field = a_dialog(shell)
    dialog.open()
    if is_away:

        def lost(_self: Database) -> Any:
            raise Unavailable("The database server cannot be reached.")

        monkeypatch.setattr(Database, "reading", lost)
    for minutes in (5, 25):
        clock[0] += minutes * 60
        program.idle.look()
    qtbot.waitUntil(lambda: isinstance(program.window, SignInWindow))
    seen = [each for each in QApplication.topLevelWidgets() if each.isVisible()]
    assert program.window in seen
    assert not [text for window in seen for text in _texts(window) if CANARY in text]
    assert not any(isinstance(each, Shell) for each in seen)


def _texts(window: QWidget) -> list[str]:
    shown = [*window.findChildren(QLabel), *window.findChildren(QLineEdit)]
    return [window.windowTitle(), *(each.text() for each in shown if each.isVisible())]


def test_signing_out_does_not_wait_for_work_that_hangs(program: Application, qtbot: QtBot) -> None:
    shell, hangs = shell_of(program), threading.Event()
    shell.jobs.run(shell, lambda: hangs.wait(300))
    gone: list[bool] = []
    shell.closed.connect(lambda: gone.append(True))
    shell.sign_out_asked.emit()
    assert isinstance(program.window, SignInWindow)
    assert not shell.isVisible() and not gone, "the work hangs still"
    hangs.set()
    qtbot.waitUntil(lambda: gone == [True])


def test_after_a_program_that_died_people_hear_what_they_saved_last(program: Application, tmp_path: Path) -> None:
    by = shell_of(program).context.user_id
    with program.database.transaction() as session:
        record(session, by, "receive", "receipt", 12)
    program.last_time.close()
    code = (
        "import os, sys; from pathlib import Path; from infusion_desktop.desktop.last_time import LastTime; "
        "kept = LastTime(Path(sys.argv[1])); print(kept.ended_badly, flush=True); os._exit(9)"
    )
    first = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert first.stdout.strip() == "False", "the time before was fine"
    program.last_time = LastTime(tmp_path)
    assert program.last_time.ended_badly
    assert not LastTime(tmp_path).ended_badly, "a second program beside it says nothing"
    for expected in (True, False):
        with program.database.reading() as session:
            program.open_shell(user_of(session, by))
        assert ("receive receipt 12" in shell_of(program).banner.text.text()) is expected


AT_THE_SYSTEMS_END = """
import os, sys
from PySide6.QtCore import QEvent, QTimer
from PySide6.QtWidgets import QApplication, QDialog
from infusion_desktop import application, program
from infusion_desktop.access.people import everybody, user_of

kept = []
def enter(made):
    with made.database.reading() as session:
        made.open_shell(user_of(session, everybody(session)[0].id))
    shell = made.window
    dialog = QDialog(shell)
    dialog.open()
    shell.lock()
    kept.extend((dialog, shell))
    shell.close()
    assert shell.isVisible() and shell.cover.isVisible(), "nobody closes what a colleague has under the cover"
    QApplication.postEvent(QApplication.instance(), QEvent(QEvent.Type.Quit))
    QTimer.singleShot(60_000, lambda: os._exit(9))

start = program.Application.start
def begin(made):
    start(made)
    QTimer.singleShot(0, lambda: enter(made))
program.Application.start = begin
code = application.main(sys.argv[1:])
assert all(each.isVisible() for each in kept), "nothing was shown or asked on the way out"
print("left", code, flush=True)
"""


def test_the_systems_end_is_not_held_up_by_a_covered_screen(program: Application, tmp_path: Path) -> None:
    """Log-off and shutdown ask every window to close; a covered one never does that by itself."""
    left = subprocess.run(
        [sys.executable, "-c", AT_THE_SYSTEMS_END, "--database", program.database.place.address],
        env={**os.environ, "INFUSION_DESKTOP_HOME": str(tmp_path / "home")},
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert (left.returncode, left.stdout.strip()) == (0, "left 0"), left.stderr


def test_a_clock_that_was_set_back_is_said_at_signing_in(program: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not shell_of(program).banner.isVisible()
    monkeypatch.setattr(audit, "now_utc", lambda: now_utc() + timedelta(hours=3))
    by = shell_of(program).context.user_id
    with program.database.transaction() as session:
        record(session, by, "look around", "shelf")
    monkeypatch.undo()
    with program.database.reading() as session:
        program.open_shell(user_of(session, by))
    assert "Set the clock right" in shell_of(program).banner.text.text()


def test_emergency_rights_end_with_their_hour_also_when_the_server_is_away_then(
    program: Application, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from infusion_desktop import program as module

    monkeypatch.setattr(module, "LATER_MS", 20)
    shell = shell_of(program)
    with program.database.reading() as session:
        user = user_of(session, shell.context.user_id)
    calls: list[bool] = []
    look = Database.reading

    def reading(database: Database) -> Any:
        calls.append(True)
        if len(calls) == 1:
            raise Unavailable("The database server cannot be reached.")
        return look(database)

    monkeypatch.setattr(Database, "reading", reading)
    program._enter_again(user)
    qtbot.waitUntil(lambda: program.window is not shell)
    assert len(calls) >= 2
