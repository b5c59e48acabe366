"""Copies, encryption and going back, as an administrator does it in the window."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sqlalchemy import func, select

from infusion_desktop.access.audit import record
from infusion_desktop.access.people import add_first_administrator, user_of
from infusion_desktop.access.pharmacy import save_profile
from infusion_desktop.access.tables import AuditEntry
from infusion_desktop.chores import Chores
from infusion_desktop.database import keys
from infusion_desktop.database.engine import Place
from infusion_desktop.database.keys import is_encrypted
from infusion_desktop.desktop.banner import Banner
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.desktop.welcome.sign_in import SignInWindow
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.program import Application
from infusion_desktop.setting_up import EXAMPLE
from infusion_desktop.settings import load_settings

PHRASE = "a sentence of a few words"


@pytest.fixture
def program(qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    """The program with an administrator at work; no copy is due, so that none comes by itself."""
    monkeypatch.setenv("INFUSION_DESKTOP_HOME", str(tmp_path))
    monkeypatch.setattr(keys, "MEMORY_KIB", 64)
    monkeypatch.setattr(Chores, "keep_a_copy", lambda _self: None)
    settings = load_settings()
    database = open_pharmacy(Place.of(settings.database))
    administrator = add_first_administrator(database, "admin", "Ada Min", "correct horse battery")
    save_profile(database, EXAMPLE, administrator)
    made = Application(qapp, settings, database)
    with database.reading() as session:
        user = user_of(session, administrator)
    made.open_shell(user)
    yield made
    made.scanner.stop()
    made.idle.stop()
    if made.window is not None:
        made.window.hide()
        made.window.close()
    made.database.close()


def screen_of(program: Application, qtbot: QtBot) -> Any:
    shell = program.window
    assert isinstance(shell, Shell)
    shell.go("data")
    qtbot.waitUntil(lambda: not shell.jobs.running)
    return shell.screen_in_front


def note(program: Application, text: str) -> None:
    with program.database.transaction() as session:
        record(session, None, text, "shelf")


def noted(program: Application, text: str) -> int:
    with program.database.reading() as session:
        return session.scalar(select(func.count()).where(AuditEntry.action == text)) or 0


def test_going_back_to_a_copy_shows_what_would_be_lost_and_keeps_the_present_file(
    program: Application, qtbot: QtBot, tmp_path: Path
) -> None:
    screen = screen_of(program, qtbot)
    qtbot.mouseClick(screen.copy_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(screen.table.model.rows) == 1)
    assert "last 24 hours" in screen.newest.text()
    for _ in range(3):
        note(program, "count again")
    screen.compare(screen.table.model.rows[0].file)
    qtbot.waitUntil(lambda: screen.dialog is not None and screen.dialog.isVisible())
    dialog = screen.dialog
    lost = {row.action: row.times for row in dialog.lost.model.rows}
    assert lost == {"count again": 3}
    dialog.press()
    assert dialog.isVisible(), "not without a reason"
    qtbot.keyClicks(dialog.why.line, "counted the wrong shelf")
    dialog.press()
    qtbot.waitUntil(lambda: isinstance(program.window, SignInWindow))
    assert noted(program, "count again") == 0
    assert noted(program, "restore copy") == 1
    assert len(list(tmp_path.glob("pharmacy-replaced-*.db"))) == 1


def test_a_copy_whose_file_is_no_pharmacy_is_refused_and_nothing_changes(
    program: Application, qtbot: QtBot, tmp_path: Path
) -> None:
    screen = screen_of(program, qtbot)
    wrong = tmp_path / "holiday.db"
    wrong.write_bytes(b"not a database at all" * 500)
    screen.compare(wrong)
    shell: Any = program.window
    qtbot.waitUntil(lambda: any(each.isVisible() for each in shell.findChildren(Banner)))
    said = next(each.text.text() for each in shell.findChildren(Banner) if each.isVisible())
    assert "no database of this program" in said
    assert screen.dialog is None
    assert not list(tmp_path.glob("*.restoring"))


def test_the_data_are_encrypted_from_the_window(program: Application, qtbot: QtBot) -> None:
    screen = screen_of(program, qtbot)
    note(program, "before")
    screen.protect()
    form = screen.dialog.form
    for field in (form.phrase, form.again):
        qtbot.keyClicks(field.line, PHRASE)
    form.noted.box.click()
    screen.dialog.press()
    qtbot.waitUntil(lambda: isinstance(program.window, SignInWindow))
    assert is_encrypted(program.database.place.file)
    assert noted(program, "before") == 1


def test_the_file_is_exchanged_once_nothing_works_on_it_any_more(program: Application, qtbot: QtBot) -> None:
    shell, begins, ends, had_ended = program.window, threading.Event(), threading.Event(), []

    def work() -> None:
        begins.set()
        ends.wait(300)

    def exchange(place: Place) -> Place:
        had_ended.append(ends.is_set())
        return place

    assert isinstance(shell, Shell)
    shell.jobs.run(shell, work)
    qtbot.waitUntil(begins.is_set)
    program.exchange(exchange)
    qtbot.wait(200)
    ends.set()
    qtbot.waitUntil(lambda: isinstance(program.window, SignInWindow))
    assert had_ended == [True]


def test_a_folder_of_copies_that_is_gone_is_told_in_red_and_work_goes_on(
    program: Application, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell, folder = program.window, program.settings.backups
    assert isinstance(shell, Shell)
    monkeypatch.undo()
    monkeypatch.setenv("INFUSION_DESKTOP_HOME", str(folder.parent))
    folder.rmdir() if folder.is_dir() else None
    folder.write_text("a share that went away")
    program.chores.keep_a_copy()
    banner = shell.findChildren(Banner)[0]
    qtbot.waitUntil(lambda: "no proven copy" in banner.text.text())
    assert banner.property("tone") == "bad" and "copy of the database was not made" in banner.text.text()
    note(program, "work goes on")
    assert noted(program, "work goes on") == 1
    folder.unlink()
    program.chores.look_after_copies()
    qtbot.waitUntil(lambda: bool(list(folder.glob("*.db"))) and not shell.jobs.running)
    assert noted(program, "rehearse restore") <= 1
