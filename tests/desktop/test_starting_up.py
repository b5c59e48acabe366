"""The program's first seconds: signing in before the data are open, a first start, data that cannot be opened."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid
from sqlalchemy import make_url
from sqlalchemy.pool import QueuePool

from benchmarks.servers import Door
from infusion_desktop import cli
from infusion_desktop.access.people import add_first_administrator, add_person, everybody, set_roles
from infusion_desktop.access.pharmacy import profile, save_profile
from infusion_desktop.access.roles import Role, permissions_of
from infusion_desktop.application import Started, _cannot_start
from infusion_desktop.database import engine, local_disk
from infusion_desktop.database.backup import backup_if_due
from infusion_desktop.database.driver import sqlite
from infusion_desktop.database.engine import Database, open_engine
from infusion_desktop.database.place import Place
from infusion_desktop.database.trouble import Unavailable
from infusion_desktop.desktop.jobs import AT_ONCE
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.desktop.today.today_screen import TodayScreen
from infusion_desktop.desktop.welcome.first_start import FirstStartWindow
from infusion_desktop.desktop.welcome.last_opened import LastOpened
from infusion_desktop.desktop.welcome.sign_in import SignInWindow
from infusion_desktop.errors import Refused
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.program import get_ready
from infusion_desktop.progress import run_to_end
from infusion_desktop.setting_up import EXAMPLE
from infusion_desktop.settings import load_settings

PASSWORD = "correct horse battery"
NAME = "Cascade Home Infusion"
Start = Callable[[], Started]


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A pharmacy that is set up, on each engine."""
    monkeypatch.setenv("INFUSION_DESKTOP_HOME", str(tmp_path))
    database: Database = request.getfixturevalue(f"{request.param}_database")
    save_profile(database, EXAMPLE, add_first_administrator(database, "admin", "Ada Min", PASSWORD))
    database.engine.dispose()
    return database.place


on_sqlite = pytest.mark.parametrize("place", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("place", ["postgresql"], indirect=True)


@pytest.fixture
def start(qapp: QApplication, place: Place, qtbot: QtBot) -> Iterator[Start]:
    """The program started once more; ``place`` may change before."""
    made: list[Started] = []

    def begin() -> Started:
        while made:
            _end(made.pop())
        made.append(Started(qapp, load_settings(), place))
        return made[-1]

    yield begin
    while made:
        _end(made.pop())


def _end(started: Started) -> None:
    window: QWidget | None = started.door
    if started.application is not None:
        started.application.scanner.stop()
        started.application.idle.stop()
        window = started.application.window
    if window is not None:
        window.close()
    started.close()


def _is_at(started: Started, window: type[QWidget]) -> Callable[[], bool]:
    return lambda: started.application is not None and isinstance(started.application.window, window)


@pytest.fixture
def start_again(start: Start, place: Place, qtbot: QtBot) -> Start:
    """The program where it was started before."""
    started = start()
    assert not isinstance(started.door, SignInWindow), "whose data these are is not known yet"
    qtbot.waitUntil(_is_at(started, SignInWindow))
    return start


def _type(qtbot: QtBot, door: SignInWindow) -> None:
    qtbot.keyClicks(door.username.line, "admin")
    qtbot.keyClicks(door.password.line, PASSWORD)


def _go_in(qtbot: QtBot, started: Started, door: SignInWindow) -> None:
    qtbot.keyClick(door.password.line, Qt.Key.Key_Return)
    qtbot.waitUntil(_is_at(started, Shell))
    shell = started.application.window if started.application else None
    assert isinstance(shell, Shell)
    qtbot.waitUntil(lambda: not shell.jobs.running)


def test_who_types_at_once_is_let_in_when_the_data_are_open(start_again: Start, qtbot: QtBot) -> None:
    started = start_again()
    door = started.door
    assert isinstance(door, SignInWindow)
    assert door.heading.text() == NAME
    assert started.application is None, "nothing behind the door yet"
    _type(qtbot, door)
    _go_in(qtbot, started, door)


def _prepared_for(qtbot: QtBot, started: Started, door: SignInWindow, username: str, name: str) -> Shell:
    """The window that is made for whoever typed their name, once it is there with its first screen."""
    door.username.line.clear()
    qtbot.keyClicks(door.username.line, username)
    qtbot.keyClick(door.username.line, Qt.Key.Key_Return)
    qtbot.waitUntil(
        lambda: (
            started.application is not None
            and started.application.prepared is not None
            and started.application.prepared.context.user_name == name
            and started.application.prepared.stack.count() == 1
        )
    )
    assert started.application is not None
    assert started.application.prepared is not None
    return started.application.prepared


def test_the_window_of_whoever_types_a_password_is_ready_hidden_and_empty_until_it_is_right(
    start_again: Start, qtbot: QtBot
) -> None:
    started = start_again()
    door = started.door
    assert isinstance(door, SignInWindow)
    prepared = _prepared_for(qtbot, started, door, "admin", "Ada Min")
    today = prepared.stack.widget(0)
    assert isinstance(today, TodayScreen)
    qtbot.keyClicks(door.password.line, "a wrong password")
    qtbot.keyClick(door.password.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "do not belong together" in door.banner.text.text())
    assert not prepared.isVisible()
    assert not today.heaps
    qtbot.keyClicks(door.password.line, PASSWORD)
    _go_in(qtbot, started, door)
    assert started.application is not None
    assert started.application.window is prepared
    assert today.heaps.keys() == today.figures.keys()


def test_a_window_prepared_for_somebody_else_or_before_a_role_was_taken_is_not_shown(
    start_again: Start, place: Place, qtbot: QtBot
) -> None:
    database = open_pharmacy(place)
    with database.reading() as session:
        administrator = everybody(session)[0].id
    roles = frozenset({Role.BILLER, Role.MANAGER})
    bill = add_person(database, "bill", "Bill Er", PASSWORD, roles, administrator)
    started = start_again()
    door = started.door
    assert isinstance(door, SignInWindow)
    first = _prepared_for(qtbot, started, door, "admin", "Ada Min")
    second = _prepared_for(qtbot, started, door, "bill", "Bill Er")
    qtbot.waitUntil(lambda: not isValid(first))
    set_roles(database, bill, frozenset({Role.BILLER}), administrator, was=roles)
    database.close()
    qtbot.keyClicks(door.password.line, PASSWORD)
    _go_in(qtbot, started, door)
    assert started.application is not None
    shell = started.application.window
    assert isinstance(shell, Shell)
    assert shell is not second
    assert shell.context.permissions == permissions_of(frozenset({Role.BILLER}))


def test_another_name_than_the_last_time_is_shown_when_it_is_known(
    start_again: Start, place: Place, qtbot: QtBot
) -> None:
    database = open_pharmacy(place)
    with database.reading() as session:
        who_we_are = profile(session)
        assert who_we_are is not None
        administrator = everybody(session)[0].id
    save_profile(database, replace(who_we_are, name="Larkspur Infusion"), administrator)
    database.close()
    started = start_again()
    door = started.door
    assert isinstance(door, SignInWindow)
    _type(qtbot, door)
    qtbot.waitUntil(lambda: door.heading.text() == "Larkspur Infusion")
    assert (door.username.value(), door.password.value()) == ("admin", PASSWORD)
    again = start_again().door
    assert isinstance(again, SignInWindow)
    assert again.heading.text() == "Larkspur Infusion"


@on_sqlite
def test_an_empty_place_leads_to_the_first_start(start_again: Start, place: Place, qtbot: QtBot) -> None:
    place.file.unlink()
    started = start_again()
    assert not isinstance(started.door, SignInWindow)
    qtbot.waitUntil(_is_at(started, FirstStartWindow))


@on_sqlite
def test_where_a_pharmacy_was_lost_the_first_start_tells_of_its_copies(
    start_again: Start, place: Place, qtbot: QtBot
) -> None:
    database = open_pharmacy(place)
    made = backup_if_due(database, load_settings().backups)
    database.close()
    place.file.write_bytes(b"")
    started = start_again()
    qtbot.waitUntil(_is_at(started, FirstStartWindow))
    door = started.application.window if started.application is not None else None
    assert isinstance(door, FirstStartWindow)
    qtbot.waitUntil(lambda: str(made) in door.banner.text.text())
    assert f'infusion-desktop restore "{made}"' in door.banner.text.text()


@pytest.mark.parametrize("spoken", ["C.UTF-8", "de_DE.UTF-8", "tr_TR.UTF-8", "ar_EG.UTF-8"])
def test_the_program_names_days_and_numbers_in_english_whatever_the_system_speaks(spoken: str) -> None:
    """Qt takes the system's locale for the whole process; that of C stands for a language that is not installed."""
    code = (
        "import locale; from datetime import date; from PySide6.QtCore import QLocale\n"
        "from infusion_desktop.application import Program; it = Program(['x'])\n"
        "print(locale.setlocale(locale.LC_TIME), locale.setlocale(locale.LC_NUMERIC), QLocale().name(), "
        "f'{date(2026, 3, 5):%A %B}')"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "LC_ALL": spoken}, capture_output=True, text=True, timeout=600
    )
    assert said.stdout.split() == ["C", "C", "en_US", "Thursday", "March"], said.stderr


def _meddle(place: Place, statement: str) -> None:
    """What no program of ours does to data."""
    unguarded = open_engine(place, guarded=False)
    with unguarded.begin() as connection:
        connection.exec_driver_sql(statement)
    unguarded.dispose()


def test_a_place_that_was_emptied_leads_to_the_first_start(start_again: Start, place: Place, qtbot: QtBot) -> None:
    _meddle(place, "DELETE FROM pharmacy")
    started = start_again()
    qtbot.waitUntil(_is_at(started, FirstStartWindow))


def test_data_of_a_newer_program_are_refused(start_again: Start, place: Place, qtbot: QtBot) -> None:
    _meddle(place, "UPDATE alembic_version SET version_num = '9999'")
    with qtbot.waitSignal((started := start_again()).failed) as told:
        pass
    assert isinstance(told.args[0], Refused)
    assert "newer version" in str(told.args[0])
    assert not started.goes_on_after(told.args[0])


@pytest.fixture
def shut_door(postgresql_server: str) -> Iterator[Door]:
    """A way to the server that can be shut; a socket's path must be short."""
    with tempfile.TemporaryDirectory(prefix="door") as folder:
        door = Door(make_url(postgresql_server), Path(folder))
        yield door
        door.close()


@on_postgresql
def test_a_server_that_is_away_is_told_and_asked_again_and_nothing_typed_is_lost(
    qapp: QApplication, place: Place, shut_door: Door, qtbot: QtBot
) -> None:
    by_the_door = Place(shut_door.url.set(database=place.url.database).render_as_string(hide_password=False))
    settings = load_settings()
    LastOpened(QSettings(str(settings.file.parent / "window.ini"), QSettings.Format.IniFormat)).keep(by_the_door, NAME)
    shut_door.is_shut = True
    started = Started(qapp, settings, by_the_door)
    window = started.door
    assert isinstance(window, SignInWindow)
    _type(qtbot, window)
    with qtbot.waitSignal(started.failed) as told:
        pass
    assert started.goes_on_after(told.args[0])
    assert "server cannot be reached" in window.banner.text.text()
    qtbot.keyClick(window.password.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not window.jobs.running)
    assert (window.username.value(), window.password.value()) == ("admin", PASSWORD)
    shut_door.is_shut = False
    _go_in(qtbot, started, window)
    _end(started)


def test_what_is_made_ready_for_nobody_is_read_to_its_end(place: Place) -> None:
    """In the program nobody hears of a fault in it."""
    database = open_pharmacy(place)
    run_to_end(get_ready(database))
    pool = database.engine.pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedin() == AT_ONCE
    database.close()


def test_a_folder_that_cannot_be_used_is_named_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert _cannot_start(PermissionError(13, "Permission denied", "/data/logs"), quietly=True) == 1
    assert capsys.readouterr().err.startswith("/data/logs: Permission denied. Check that it exists, may be written to")


@on_sqlite
@pytest.mark.parametrize("how", ["cut off", "zeros"])
def test_who_cannot_open_the_data_is_told_which_copy_to_go_back_to(
    start: Start, place: Place, qtbot: QtBot, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    database = open_pharmacy(place)
    made = backup_if_due(database, load_settings().backups)
    database.close()
    place.file.write_bytes(SPOILT[how](place.file.read_bytes()))
    with qtbot.waitSignal(start().failed) as told:
        pass
    assert f'infusion-desktop restore "{made}"' in str(told.args[0])
    assert cli.main(["--database", str(place.file), "verify"]) == 1
    assert f'infusion-desktop restore "{made}"' in capsys.readouterr().err


SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "zeros": lambda good: b"\0" * len(good),
    "another file": lambda good: b"Name,Lot\nSaline,A1\n" * 500,
    "cut off": lambda good: good[: len(good) // 3],
    "a wrong beginning": lambda good: good[:16] + b"\xff" * 84 + good[100:],
}


@on_sqlite
@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("zeros", "is either damaged, or encrypted"),
        ("another file", "infusion-desktop restore FILE"),
        ("cut off", "The database file is damaged. Stop working and go back to the newest copy"),
        ("a wrong beginning", "not a database of this program"),
        ("network drive", "network drive"),
        ("held", "Another program holds the database. Nothing was saved. Try again in a moment."),
    ],
)
def test_data_that_cannot_be_opened_are_told_in_the_window_in_a_sentence_that_says_what_to_do(
    start: Start, place: Place, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, what: str, sentence: str
) -> None:
    shown: list[str] = []
    monkeypatch.setenv("QT_QPA_PLATFORM", "some screen")
    monkeypatch.setattr(QMessageBox, "critical", lambda _parent, _title, text: shown.append(text))
    holder = None
    if what in SPOILT:
        place.file.write_bytes(SPOILT[what](place.file.read_bytes()))
    elif what == "network drive":
        monkeypatch.setattr(local_disk, "file_system_of", lambda _folder, _mounts: "nfs4")
    else:
        monkeypatch.setattr(engine, "BUSY_MS", 100)
        holder = sqlite.connect(str(place.file), isolation_level=None)
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
    try:
        with qtbot.waitSignal(start().failed) as told:
            pass
        error = told.args[0]
    except (Refused, Unavailable) as no:
        error = no
    finally:
        if holder is not None:
            holder.close()
    assert _cannot_start(error, quietly=False) == 1
    assert sentence in shown[0]
    assert len(shown[0].replace(str(place.file.parent), "")) < 400
