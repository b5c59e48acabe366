"""One's own password, badge and emergency access, in the real window."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sqlalchemy import select, update

from infusion_desktop.access.emergency import begin_emergency, end_emergency
from infusion_desktop.access.people import (
    add_first_administrator,
    add_person,
    end_access,
    reset_password,
    set_pin,
    set_roles,
    sign_in,
    user_of,
)
from infusion_desktop.access.pharmacy import save_profile
from infusion_desktop.access.roles import Permission, Role
from infusion_desktop.access.tables import AuditEntry, EmergencyAccess
from infusion_desktop.chores import Chores
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.lock_cover import LockCover
from infusion_desktop.desktop.question import Answer
from infusion_desktop.desktop.scanner import ScannerSettings
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.desktop.welcome.sign_in import SignInWindow
from infusion_desktop.program import Application
from infusion_desktop.setting_up import EXAMPLE
from infusion_desktop.settings import load_settings

PASSWORD = "correct horse battery"


@pytest.fixture
def program(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_database: Database
) -> Iterator[Application]:
    """A technician at work, a biller with a badge next door."""
    monkeypatch.setenv("INFUSION_DESKTOP_HOME", str(tmp_path))
    monkeypatch.setattr(Chores, "keep_a_copy", lambda _self: None)
    settings = load_settings()
    administrator = add_first_administrator(one_database, "admin", "Ada Min", PASSWORD)
    save_profile(one_database, EXAMPLE, administrator)
    technician = add_person(one_database, "tina", "Tina Tech", PASSWORD, frozenset({Role.TECHNICIAN}), administrator)
    biller = add_person(one_database, "bill", "Bill Biller", PASSWORD, frozenset({Role.BILLER}), administrator)
    set_pin(one_database, technician, PASSWORD, "B-1", "2580")
    set_pin(one_database, biller, PASSWORD, "B-2", "8025")
    made = Application(qapp, settings, one_database)
    with one_database.reading() as session:
        made.open_shell(user_of(session, technician))
    yield made
    made.scanner.stop()
    made.idle.stop()
    if made.window is not None:
        made.window.hide()
        made.window.close()
    made.database.close()


def shell_of(program: Application) -> Shell:
    shell = program.window
    assert isinstance(shell, Shell)
    return shell


def type_pin(program: Application, qtbot: QtBot, pin: str) -> None:
    dialog: Any = program.dialog
    qtbot.keyClicks(dialog.pin.line, pin)
    qtbot.keyClick(dialog.pin.line, Qt.Key.Key_Return)


def test_a_badge_takes_over_and_ones_own_unlocks(program: Application, qtbot: QtBot) -> None:
    first = shell_of(program)
    first.go("today")
    first.lock()
    assert first.cover is not None
    program._scanned("B-1")
    type_pin(program, qtbot, "2580")
    qtbot.waitUntil(lambda: first.cover is None)
    assert program.window is first, "the work is where it was"
    program._scanned("B-2")
    type_pin(program, qtbot, "0000")
    dialog: Any = program.dialog
    qtbot.waitUntil(lambda: "PIN is not right" in dialog.banner.text.text())
    type_pin(program, qtbot, "8025")
    qtbot.waitUntil(lambda: program.window is not first)
    assert shell_of(program).context.user_name == "Bill Biller"
    shell_of(program).lock()
    program._scanned("B-1")
    type_pin(program, qtbot, "2580")
    qtbot.waitUntil(lambda: shell_of(program).context.user_name == "Tina Tech")
    assert not [each for each in QApplication.topLevelWidgets() if isinstance(each, LockCover) and each.isVisible()]


def scan(program: Application, qtbot: QtBot, code: str) -> None:
    """As a scanner does: key by key into whatever has the focus."""
    program.scanner.settings = ScannerSettings(gap_ms=60_000)
    focus, before = QApplication.focusWidget(), program.dialog
    assert focus is not None
    qtbot.keyClicks(focus, code)
    qtbot.keyClick(focus, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: program.dialog is not before)


def test_a_badge_scanned_at_the_locked_screen_is_no_wrong_password(program: Application, qtbot: QtBot) -> None:
    """The field for the password has the focus there: what the scanner types arrived in it and was tried."""
    shell = shell_of(program)
    shell.lock()
    cover = shell.cover
    assert cover is not None
    qtbot.waitUntil(lambda: QApplication.focusWidget() is cover.password)
    scan(program, qtbot, "USR:B-2")
    assert (cover.password.text(), cover.note.text()) == ("", "")
    type_pin(program, qtbot, "8025")
    qtbot.waitUntil(lambda: shell_of(program).context.user_name == "Bill Biller")
    other = shell_of(program)
    other.lock()
    qtbot.waitUntil(lambda: other.cover is not None and QApplication.focusWidget() is other.cover.password)
    scan(program, qtbot, "USR:nobody")
    dialog: Any = program.dialog
    type_pin(program, qtbot, "2580")
    qtbot.waitUntil(lambda: "Nobody has this badge" in dialog.banner.text.text())
    dialog.reject()
    with program.database.reading() as session:
        tried = select(AuditEntry.number).where(AuditEntry.action == "wrong password")
        assert session.scalars(tried).all() == []


class AtTheBench(Screen):
    """A screen that asks for a second person, or does not."""

    wants = True

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.scans: list[str] = []

    @property
    def wants_badge(self) -> bool:
        return self.wants

    def on_scan(self, raw: str) -> bool:
        self.scans.append(raw)
        return True


def test_a_badge_is_for_the_screen_only_while_it_asks_for_a_second_person(program: Application, qtbot: QtBot) -> None:
    """Else it takes over, at the bench too; and who takes over stands where the other one stood."""
    shell = shell_of(program)
    shell.go("stock")
    bench = AtTheBench(shell.context, shell.desk)
    shell._screens["stock"] = bench
    for code in ("B-2", "USR:B-2"):
        program._scanned(code)
    assert bench.scans == ["USR:B-2", "USR:B-2"] and program.dialog is None, "told as what it is, whoever printed it"
    bench.wants = False
    program._scanned("B-2")
    type_pin(program, qtbot, "8025")
    qtbot.waitUntil(lambda: shell_of(program).context.user_name == "Bill Biller")
    assert (shell_of(program).place_in_front, len(bench.scans)) == ("stock", 2)


def test_emergency_access_opens_more_for_an_hour(program: Application, qtbot: QtBot) -> None:
    first = shell_of(program)
    assert not first.context.may(Permission.RELEASE)
    program.own_access("emergency")
    dialog: Any = program.dialog
    qtbot.keyClicks(dialog.why.line, "now")
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "what the emergency is" in dialog.banner.text.text())
    qtbot.keyClicks(dialog.why.line, ": no pharmacist here, pump alarm")
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: program.window is not first)
    shell = shell_of(program)
    assert shell.context.may(Permission.RELEASE)
    assert not shell.context.may(Permission.MANAGE_STAFF)
    assert "Emergency access until" in shell.banner.text.text()
    program.own_access("end emergency")
    qtbot.waitUntil(lambda: program.window is not shell)
    ended = shell_of(program)
    assert not ended.context.may(Permission.RELEASE)
    program.own_access("end emergency")
    qtbot.waitUntil(lambda: "No emergency access is open" in ended.banner.text.text())


def test_a_first_password_is_changed_before_anything_else(program: Application, qtbot: QtBot) -> None:
    user = shell_of(program).context.user_id
    administrator = sign_in(program.database, "admin", PASSWORD).id
    reset_password(program.database, user, "given by the boss", administrator)
    program.open_shell(sign_in(program.database, "tina", "given by the boss"))
    dialog: Any = program.dialog
    assert dialog.isVisible()
    for field, typed in ((dialog.old, "given by the boss"), (dialog.new, "mine alone now"), (dialog.again, "mine")):
        qtbot.keyClicks(field.line, typed)
    dialog.press()
    assert "differ" in dialog.again.error.text()
    qtbot.keyClicks(dialog.again.line, " alone now")
    with qtbot.waitSignal(dialog.accepted):
        dialog.press()
    assert not sign_in(program.database, "tina", "mine alone now").must_change_password


def half_typed(program: Application, qtbot: QtBot) -> Any:
    """A dialog with something in it that is not saved."""
    program.own_access("pin")
    form: Any = program.dialog
    qtbot.keyClicks(form.badge.line, "half")
    return form


def test_whoever_takes_over_is_asked_first_where_somebody_typed(program: Application, qtbot: QtBot) -> None:
    first = shell_of(program)
    form = half_typed(program, qtbot)
    asked: list[Any] = []
    first.messages.ask = lambda *each: asked.append(each)
    first.lock()
    cover = first.cover
    assert cover is not None
    cover.sign_out_button.click()
    program._scanned("B-2")
    type_pin(program, qtbot, "8025")
    qtbot.waitUntil(lambda: len(asked) == 2)
    for question, answered, parent in asked:
        assert "Tina Tech typed something" in question.sentences[0] and parent is cover
        answered(Answer(False))
    assert (program.window, first.cover, form.badge.value()) == (first, cover, "half")
    asked[1][1](Answer(True))
    assert shell_of(program).context.user_name == "Bill Biller"


def test_closing_the_window_asks_first_where_somebody_typed(program: Application, qtbot: QtBot) -> None:
    shell, form = shell_of(program), half_typed(program, qtbot)
    asked: list[Any] = []
    shell.messages.ask = lambda *each: asked.append(each)
    shell.windowHandle().close()
    (question, answered, _parent), *more = asked
    assert question.title == "Close the program?" and not more and shell.isVisible()
    answered(Answer(False))
    assert shell.isVisible() and form.badge.value() == "half"
    with qtbot.waitSignal(shell.closed):
        answered(Answer(True))
    assert not shell.isVisible() and len(asked) == 1


def test_a_role_taken_away_is_gone_from_the_window_that_is_open(program: Application, qtbot: QtBot) -> None:
    first, boss = shell_of(program), sign_in(program.database, "admin", PASSWORD).id
    tina, form = first.context.user_id, half_typed(program, qtbot)
    set_roles(program.database, tina, frozenset({Role.BILLER}), boss, was=frozenset({Role.TECHNICIAN}))
    first.changes.announce("access", "people")
    qtbot.waitUntil(lambda: "roles were changed" in first.banner.text.text())
    assert (program.window, form.badge.value()) == (first, "half"), "nothing typed is lost"
    form.reject()
    first.changes.announce("access", "people")
    qtbot.waitUntil(lambda: program.window is not first)
    second = shell_of(program)
    assert second.context.may(Permission.SEE_BILLING) and not second.context.may(Permission.PICK)
    assert "roles were changed" in second.banner.text.text()
    end_access(program.database, tina, boss)
    second.changes.announce("access", "people")
    qtbot.waitUntil(lambda: isinstance(program.window, SignInWindow))
    door: Any = program.window
    qtbot.waitUntil(lambda: "your access has ended" in door.messages.banner.text.text())


def test_the_end_of_emergency_access_costs_nothing_that_was_typed(program: Application, qtbot: QtBot) -> None:
    user = begin_emergency(program.database, shell_of(program).context.user_id, "no pharmacist here, pump alarm")
    program.open_shell(user)
    shell, form = shell_of(program), half_typed(program, qtbot)
    with program.database.engine.begin() as connection:  # An hour goes by.
        connection.execute(update(EmergencyAccess).values(ends_at=now_utc()))
    program._enter_again(user)
    assert "hour of emergency access is over" in shell.banner.text.text()
    assert (program.window, form.badge.value()) == (shell, "half")
    shell.banner.clear()
    program._enter_again(user, told=True)
    assert not shell.banner.isVisible(), "it is told once"
    form.reject()
    program._enter_again(user)
    assert not shell_of(program).context.may(Permission.RELEASE)


def test_the_end_of_emergency_access_unlocks_no_screen(program: Application) -> None:
    user = begin_emergency(program.database, shell_of(program).context.user_id, "no pharmacist here, pump alarm")
    program.open_shell(user)
    shell_of(program).lock()
    with program.database.engine.begin() as connection:  # An hour goes by.
        connection.execute(update(EmergencyAccess).values(ends_at=now_utc()))
    program._enter_again(user)
    assert isinstance(program.window, SignInWindow), "nobody sits there who proved who they are"


def test_a_manager_reviews_an_emergency_in_the_window_and_changes_nobody(program: Application, qtbot: QtBot) -> None:
    database, tina = program.database, shell_of(program).context.user_id
    boss = sign_in(database, "admin", PASSWORD).id
    add_person(database, "mia", "Mia Manager", PASSWORD, frozenset({Role.MANAGER}), boss)
    begin_emergency(database, tina, "no pharmacist here, pump alarm")
    end_emergency(database, tina)
    program.open_shell(sign_in(database, "mia", PASSWORD))
    shell = shell_of(program)
    shell.go("people")
    screen: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: len(screen.emergencies.model.rows) == 1 and len(screen.table.model.rows) == 4)
    assert not any(each.isEnabled() for each in (screen.leave, screen.reset, screen.roles))
    screen.table.opened.emit(screen.table.model.rows[0])
    assert not hasattr(screen, "dialog"), "nobody's roles are changed"
    screen.emergencies.opened.emit(screen.emergencies.model.rows[0])
    screen.deed_dialog.found.set_value("Looked at the trail, all right")
    screen.deed_dialog.press()
    qtbot.waitUntil(lambda: screen.emergencies.model.rows[0].reviewed_by == "Mia Manager")


def test_at_the_cover_the_wait_after_wrong_tries_is_told(program: Application, qtbot: QtBot) -> None:
    shell = shell_of(program)
    shell.lock()
    cover = shell.cover
    assert cover is not None
    for told in [*["not the password"] * 5, "Wait until"]:
        cover.note.setText("")
        qtbot.keyClicks(cover.password, "guessed")
        qtbot.keyClick(cover.password, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda told=told: told in cover.note.text() and cover.unlock_button.isEnabled())
    assert shell.cover is cover
