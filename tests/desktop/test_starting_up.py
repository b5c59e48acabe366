"""The program's first seconds: signing in before the data are open, a first start, data that cannot be opened."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from infusion_desktop.access.front_door import known_pharmacy
from infusion_desktop.access.people import add_first_administrator
from infusion_desktop.access.pharmacy import save_profile
from infusion_desktop.application import Started, _cannot_start
from infusion_desktop.database import engine, local_disk
from infusion_desktop.database.place import Place, sqlite
from infusion_desktop.database.trouble import Unavailable
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.desktop.welcome.first_start import FirstStartWindow
from infusion_desktop.desktop.welcome.sign_in import SignInWindow
from infusion_desktop.errors import Refused
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.setting_up import EXAMPLE
from infusion_desktop.settings import load_settings

PASSWORD = "correct horse battery"
Start = Callable[[], Started]


@pytest.fixture
def place(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A pharmacy that is set up, where the settings look for it."""
    monkeypatch.setenv("INFUSION_DESKTOP_HOME", str(tmp_path))
    file = Path(load_settings().database)
    file.write_bytes(sqlite_template.read_bytes())
    database = open_pharmacy(Place.of(str(file)))
    save_profile(database, EXAMPLE, add_first_administrator(database, "admin", "Ada Min", PASSWORD))
    database.close()
    return database.place


@pytest.fixture
def start(qapp: QApplication, place: Place, qtbot: QtBot) -> Iterator[Start]:
    made: list[Started] = []

    def begin() -> Started:
        made.append(Started(qapp, load_settings(), place))
        return made[-1]

    yield begin
    for started in made:
        window = started.door
        if started.application is not None:
            started.application.scanner.stop()
            started.application.idle.stop()
            window = started.application.window
        if window is not None:
            window.close()
        started.close()


def test_who_types_at_once_is_let_in_when_the_data_are_open(start: Start, qtbot: QtBot) -> None:
    started = start()
    door = started.door
    assert isinstance(door, SignInWindow)
    assert started.application is None, "nothing behind the door yet"
    qtbot.keyClicks(door.username.line, "admin")
    qtbot.keyClicks(door.password.line, PASSWORD)
    qtbot.keyClick(door.password.line, Qt.Key.Key_Return)
    qtbot.waitUntil(
        lambda: started.application is not None and isinstance(started.application.window, Shell), timeout=20_000
    )
    shell = started.application.window if started.application else None
    assert isinstance(shell, Shell)
    qtbot.waitUntil(lambda: not shell.jobs.running, timeout=20_000)


def test_an_empty_place_leads_to_the_first_start(start: Start, place: Place, qtbot: QtBot) -> None:
    place.file.unlink()
    started = start()
    assert not isinstance(started.door, SignInWindow)
    qtbot.waitUntil(
        lambda: started.application is not None and isinstance(started.application.window, FirstStartWindow),
        timeout=20_000,
    )


def test_data_of_a_newer_program_are_refused(start: Start, place: Place, qtbot: QtBot) -> None:
    with sqlite.connect(place.file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    assert known_pharmacy(place) is None
    with qtbot.waitSignal(start().failed, timeout=20_000) as told:
        pass
    assert isinstance(told.args[0], Refused)
    assert "newer version" in str(told.args[0])


SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "zeros": lambda good: b"\0" * len(good),
    "another file": lambda good: b"Name,Lot\nSaline,A1\n" * 500,
    "cut off": lambda good: good[: len(good) // 3],
    "a wrong beginning": lambda good: good[:16] + b"\xff" * 84 + good[100:],
}


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
        with qtbot.waitSignal(start().failed, timeout=20_000) as told:
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


def test_whose_data_they_are_is_told_only_where_they_are_ready(place: Place, tmp_path: Path) -> None:
    assert known_pharmacy(place) == "Cascade Home Infusion"
    (tmp_path / "other.db").write_bytes(b"no database at all" * 100)
    assert known_pharmacy(Place.of(str(tmp_path / "other.db"))) is None
    assert known_pharmacy(Place.of(str(tmp_path / "missing.db"))) is None
    assert known_pharmacy(Place.of("postgresql://localhost/none")) is None
