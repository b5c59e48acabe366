"""Notices that nobody is at the keyboard (45 CFR 164.312(a)(2)(iii), automatic logoff).

Keys and mouse are watched where they reach a window, before any widget. To watch the whole application would be to ask
Python about every event there is: half of the time that making a screen takes.
"""

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QInputEvent
from PySide6.QtWidgets import QApplication

_SIGNS_OF_LIFE = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseMove,
        QEvent.Type.Wheel,
        QEvent.Type.TouchBegin,
    }
)


class IdleWatch(QObject):
    """Tells when to lock and when to sign out; looks every second."""

    lock_due = Signal()
    sign_out_due = Signal()

    def __init__(
        self,
        application: QApplication,
        lock_after_s: float = 300,
        sign_out_after_s: float = 1800,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(application)
        self.lock_after_s, self.sign_out_after_s = lock_after_s, sign_out_after_s
        self._clock, self._last, self._told_lock, self._told_out = clock, clock(), False, False
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        application.focusWindowChanged.connect(self._watch)
        self._watch()

    def look(self) -> None:
        """Compare the clock with the last sign of life; told once each."""
        idle = self._clock() - self._last
        if idle >= self.lock_after_s and not self._told_lock:
            self._told_lock = True
            self.lock_due.emit()
        if idle >= self.sign_out_after_s and not self._told_out:
            self._told_out = True
            self.sign_out_due.emit()

    def alive(self) -> None:
        """Somebody is there."""
        self._last, self._told_lock, self._told_out = self._clock(), False, False

    def stop(self) -> None:
        """Watch no longer."""
        self._timer.stop()

    def _watch(self) -> None:
        """Watch a window that people turn to; each is watched until it is gone."""
        window = QGuiApplication.focusWindow()
        if window is not None:
            window.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QInputEvent) and event.type() in _SIGNS_OF_LIFE:
            self.alive()
        return False
