"""The program as a person starts it, until the first screen shows its data; then it leaves. A process of its own.

Alone it signs in by itself as soon as it can and prints: the moment the first screen was usable (system-wide monotonic
seconds), the cpu seconds until then, its greatest memory in MB. With a user name and a password it types them as a
person does and prints: the moment the sign-in window showed its first letter, the cpu seconds until then, the longest
wait of a letter in ms while the rest was read, then the ms from Enter to the usable first screen, its memory in MB.
"""

import sys
import time

from infusion_desktop.application import Started  # isort: skip - as the program itself starts

from PySide6.QtCore import QEvent, QEventLoop, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QLineEdit

from benchmarks.figures import memory
from infusion_desktop.database.place import Place
from infusion_desktop.desktop.welcome.sign_in import SignInWindow
from infusion_desktop.logs import start_log
from infusion_desktop.settings import load_settings

BETWEEN_LETTERS = 0.06
READING = 2.5
"""Seconds somebody takes at the least to type a name and a password."""


def main() -> None:
    """Start as `application.main` does, then sign in one way or the other."""
    qt = QApplication(sys.argv)
    settings = load_settings()
    start_log(settings.logs)
    started = Started(qt, settings, Place.of(settings.database))
    if len(sys.argv) > 1:
        _typed(qt, started, *sys.argv[1:])
    else:
        _by_itself(qt, started)
    assert started.application is not None and started.application.window is not None
    started.application.window.close()
    started.close()


def _by_itself(qt: QApplication, started: Started) -> None:
    while started.application is None:
        _wait(qt)
    from infusion_desktop.access.people import everybody
    from infusion_desktop.access.roles import Role

    with started.application.database.reading() as session:
        user = next(user for user in everybody(session) if Role.ADMINISTRATOR in user.roles)
    started.application.open_shell(user)
    _until_shown(qt, started)
    print(time.monotonic(), time.process_time(), memory())


def _typed(qt: QApplication, started: Started, username: str, password: str) -> None:
    door = started.door
    assert isinstance(door, SignInWindow)
    qt.processEvents()
    _press(door.username.line, username[0])
    assert door.username.value() == username[0]
    print(time.monotonic(), time.process_time())
    longest, letters, begun = 0.0, list(username[1:]), time.monotonic()
    while started.application is None or letters or time.monotonic() - begun < READING:
        due = time.monotonic() + BETWEEN_LETTERS
        while time.monotonic() < due:
            qt.processEvents()
            time.sleep(0.0005)
        if letters:
            _press(door.username.line, letters.pop(0))
        qt.processEvents()
        longest = max(longest, time.monotonic() - due)
    for letter in password:
        _press(door.password.line, letter)
    pressed = time.monotonic()
    _press(door.password.line, "\r", Qt.Key.Key_Return)
    while started.application is None or started.application.window is door:
        _wait(qt)
    _until_shown(qt, started)
    print(longest * 1000, (time.monotonic() - pressed) * 1000, memory())


def _press(line: QLineEdit, letter: str, key: Qt.Key = Qt.Key.Key_A) -> None:
    QApplication.sendEvent(line, QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, letter))


def _until_shown(qt: QApplication, started: Started) -> None:
    from infusion_desktop.desktop.shell import Shell

    assert started.application is not None
    shell = started.application.window
    assert isinstance(shell, Shell)
    qt.processEvents()
    while shell.jobs.running:
        _wait(qt)
    qt.processEvents()


def _wait(qt: QApplication) -> None:
    """Until something happens: looking all the time would take the processor from what is waited for."""
    qt.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)


if __name__ == "__main__":
    main()
