"""Scans accepted anywhere: a burst of keys that ends with Enter is a scan, whatever field has the focus.

A plain USB scanner types. Keys are collected from the events, before any field, because a line edit drops the group
separator (RELIABILITY G13). The field that happened to have the focus gets its text back, and the Enter is swallowed so
that it presses nothing. GS arrives as character 29, as Ctrl+], as Alt+029 or as a character chosen in the settings.

The filter goes where the focus goes. One of the whole application would have Python asked about every event there is:
half of the time that making a screen takes.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)  # fmt: skip
from shiboken6 import isValid

GS = "\x1d"
_ENDS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_LONGEST = 1024


@dataclass(frozen=True, slots=True)
class ScannerSettings:
    """How this pharmacy's scanners type."""

    gap_ms: int = 35
    """Keys that follow each other no slower than this belong to one scan."""
    prefix: str = ""
    """What the scanner sends first, if it was set up so; then nothing else counts as a scan."""
    separators: str = ""
    """Characters that stand for GS because the keyboard layout cannot type it."""
    shortest: int = 4


class Scanner(QObject):
    """Watches the application's keys and tells each scan as the text that was read."""

    scanned = Signal(str)
    _complete = Signal(str)

    def __init__(
        self,
        application: QApplication,
        settings: ScannerSettings | None = None,
        clock_ms: Callable[[], float] = lambda: time.monotonic() * 1000,
        is_badge: Callable[[str], bool] = lambda _read: False,
    ) -> None:
        super().__init__(application)
        self.settings = settings or ScannerSettings()
        self._clock_ms, self._is_badge = clock_ms, is_badge
        self._read = ""
        self._last = float("-inf")
        self._alt_digits = ""
        self._give_back: Callable[[], None] | None = None
        self._swallow_release = False
        self._complete.connect(self.scanned, Qt.ConnectionType.QueuedConnection)
        self._watched: QWidget | None = None
        self._moves = (application.focusChanged, application.focusWindowChanged)
        for each in self._moves:
            each.connect(self._follow)
        self._follow()

    def stop(self) -> None:
        """Watch no longer."""
        for each in self._moves:
            each.disconnect(self._follow)
        self._watch(None)

    def _follow(self) -> None:
        """Watch what has the focus now; where nothing has, the window.

        What lost the focus, and the window around it, may just be going for good: neither is touched before it is gone.
        """
        focus = QApplication.focusWidget()
        if focus is not None:
            self._watch(focus)
        else:
            QTimer.singleShot(0, self, self._settle)

    def _settle(self) -> None:
        self._watch(QApplication.focusWidget() or QApplication.activeWindow())

    def _watch(self, widget: QWidget | None) -> None:
        before, self._watched = self._watched, widget
        if before is not None and isValid(before):
            before.removeEventFilter(self)
        if widget is not None:
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QKeyEvent):
            return False
        kind = event.type()
        if kind == QEvent.Type.KeyPress and _is_for(watched):
            return self._pressed(watched, event)
        if kind == QEvent.Type.ShortcutOverride and self._is_burst(event):
            event.accept()  # A scan presses no shortcut.
            return True
        if kind == QEvent.Type.KeyRelease and self._swallow_release:
            self._swallow_release = event.key() not in _ENDS
            return event.key() in _ENDS
        return False

    def _pressed(self, watched: QObject, event: QKeyEvent) -> bool:
        if event.isAutoRepeat():
            self._forget()
            return False
        now = self._time_of(event)
        is_end = event.key() in _ENDS
        if now - self._last > self.settings.gap_ms * (2 if is_end else 1):
            self._forget()
        if is_end:
            return self._ended(_hides_its_keys(watched))
        text = self._text_of(event)
        if text is None:
            return False
        if not self._read:
            self._give_back = _memory_of(watched)
        self._last = now
        self._read = (self._read + text)[: _LONGEST + 1]
        return bool(text) and len(self._read) > 1 and text == " " and isinstance(watched, QAbstractButton)

    def _text_of(self, event: QKeyEvent) -> str | None:
        """What the key adds to a scan: a character, "" within Alt+029, None for keys that are no part."""
        modifiers = event.modifiers()
        if event.key() == Qt.Key.Key_BracketRight and modifiers & Qt.KeyboardModifier.ControlModifier:
            return GS
        if modifiers & Qt.KeyboardModifier.AltModifier and Qt.Key.Key_0 <= event.key() <= Qt.Key.Key_9:
            self._alt_digits += chr(event.key())
            whole = self._alt_digits in {"029", "0029"}
            return GS if whole and not self._read.endswith(GS) else ""
        text = event.text()
        if not text:
            return None
        after_alt, self._alt_digits = bool(self._alt_digits), ""
        if text == GS and after_alt and self._read.endswith(GS):
            return ""
        if text in self.settings.separators:
            return GS
        return text if text.isprintable() or text in "\x1c\x1d\x1e\x1f\x04" else None

    def _ended(self, is_hidden: bool) -> bool:
        read, prefix = self._read, self.settings.prefix
        is_scan = read.startswith(prefix) and len(read) > len(prefix) if prefix else len(read) >= self.settings.shortest
        if not is_scan or len(read) > _LONGEST or (is_hidden and not self._is_badge(read.removeprefix(prefix))):
            self._forget()
            return False
        if self._give_back is not None:
            self._give_back()
        self._forget()
        self._swallow_release = True
        self._complete.emit(read.removeprefix(prefix))
        return True

    def _is_burst(self, event: QKeyEvent) -> bool:
        return len(self._read) >= 2 and self._time_of(event) - self._last <= self.settings.gap_ms * 2

    def _time_of(self, event: QKeyEvent) -> float:
        """When the key was pressed: the system's own time where known, so that a busy window misjudges nothing."""
        return float(event.timestamp()) or self._clock_ms()

    def _forget(self) -> None:
        self._read, self._alt_digits, self._give_back = "", "", None


def _is_for(watched: QObject) -> bool:
    """A key that nobody takes is offered to each parent: count it once, where the focus is."""
    focus = QApplication.focusWidget()
    if focus is not None:
        return watched is focus
    return isinstance(watched, QWidget) and watched.isWindow()


def _hides_its_keys(watched: QObject) -> bool:
    return isinstance(watched, QLineEdit) and watched.echoMode() != QLineEdit.EchoMode.Normal


def _memory_of(watched: QObject) -> Callable[[], None] | None:
    """What puts the focused field back as it is now."""
    if isinstance(watched, QComboBox):
        line = watched.lineEdit()
        return _line_memory(line) if line is not None else _choice_memory(watched)
    if isinstance(watched, QAbstractSpinBox):
        return _line_memory(watched.lineEdit())
    if isinstance(watched, QLineEdit):
        return _line_memory(watched)
    if isinstance(watched, QPlainTextEdit | QTextEdit):
        return _page_memory(watched)
    if isinstance(watched, QAbstractItemView):
        return _list_memory(watched)
    return None


def _line_memory(line: QLineEdit) -> Callable[[], None]:
    text, cursor, start, length = line.text(), line.cursorPosition(), line.selectionStart(), len(line.selectedText())

    def give_back() -> None:
        completions = line.completer().popup() if line.completer() is not None else None
        if completions is not None:
            completions.hide()
        line.setText(text)
        line.setCursorPosition(cursor)
        if start >= 0:
            line.setSelection(start, length)

    return give_back


def _choice_memory(choice: QComboBox) -> Callable[[], None]:
    chosen = choice.currentIndex()
    return lambda: choice.setCurrentIndex(chosen)


def _page_memory(page: QPlainTextEdit | QTextEdit) -> Callable[[], None]:
    text, cursor = page.toPlainText(), page.textCursor()
    anchor, position = cursor.anchor(), cursor.position()

    def give_back() -> None:
        page.setPlainText(text)
        restored = page.textCursor()
        restored.setPosition(anchor)
        restored.setPosition(position, QTextCursor.MoveMode.KeepAnchor)
        page.setTextCursor(restored)

    return give_back


def _list_memory(view: QAbstractItemView) -> Callable[[], None]:
    current = view.currentIndex()
    return lambda: view.setCurrentIndex(current)
