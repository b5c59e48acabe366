"""The program as a person starts it, until the first screen shows its data; then it leaves. A process of its own.

Alone it signs in by itself as soon as it can and prints: the moment the first screen was usable (system-wide monotonic
seconds), the cpu seconds until then, its greatest memory in MB. With a user name and a password it types them as a
person does and prints: the moment the sign-in window showed its first letter, the cpu seconds until then, the longest
wait of a key and the longest time the window answered nobody in ms, then the ms from the last key to the usable first
screen, its memory in MB.
"""

import sys
import time

from infusion_desktop.application import Started  # isort: skip - as the program itself starts

from PySide6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget

from benchmarks.figures import memory
from infusion_desktop.database.place import Place
from infusion_desktop.desktop import theme
from infusion_desktop.desktop.welcome.sign_in import SignInWindow
from infusion_desktop.logs import start_log
from infusion_desktop.settings import load_settings

BETWEEN_KEYS = 0.15
BEAT_MS = 4
"""How often the window is asked whether it still answers, while somebody types."""


def main() -> None:
    """Start as `application.main` does, then sign in one way or the other."""
    qt = QApplication([sys.argv[0], *theme.QT_OPTIONS])
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
    from infusion_desktop.access.people import user_named

    with started.application.database.reading() as session:
        user = user_named(session, "admin")
    assert user is not None
    started.application.open_shell(user)
    _until_shown(qt, started)
    print(time.monotonic(), time.process_time(), memory())


def _typed(qt: QApplication, started: Started, username: str, password: str) -> None:
    door = started.door
    assert isinstance(door, SignInWindow)
    qt.processEvents()
    _press(door, username[0])
    assert door.username.value() == username[0]
    print(time.monotonic(), time.process_time())
    typist = Typist(door, f"{username[1:]}\r{password}\r")
    while typist.keys:
        _wait(qt)
    pressed = time.monotonic()
    while started.application is None or started.application.window is door:
        _wait(qt)
    _until_shown(qt, started)
    print(typist.longest * 1000, typist.silence * 1000, (time.monotonic() - pressed) * 1000, memory())


class Typist(QObject):
    """Presses a key every 150 ms, and looks how long each waits and how long the window answers nobody."""

    def __init__(self, door: SignInWindow, keys: str) -> None:
        super().__init__(door)
        self.keys, self._door = list(keys), door
        self.longest = self.silence = 0.0
        self._beaten = time.monotonic()
        self._due = self._beaten + BETWEEN_KEYS
        self._beat = QTimer(self, timerType=Qt.TimerType.PreciseTimer)
        self._beat.timeout.connect(self._type)
        self._beat.start(BEAT_MS)

    def _type(self) -> None:
        now = time.monotonic()
        self.silence, self._beaten = max(self.silence, now - self._beaten - BEAT_MS / 1000), now
        if now < self._due or not self.keys:
            return
        _press(self._door, self.keys.pop(0))
        self.longest = max(self.longest, time.monotonic() - self._due)
        self._due += BETWEEN_KEYS
        if not self.keys:
            self._beat.stop()


def _press(window: QWidget, letter: str) -> None:
    """A key as the window system hands it over."""
    key = Qt.Key.Key_Return if letter == "\r" else Qt.Key.Key_A
    for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        line = window.focusWidget()
        assert line is not None
        QApplication.sendEvent(line, QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier, letter))


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
