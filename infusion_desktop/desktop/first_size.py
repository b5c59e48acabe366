"""How large a window is the first time: the usual size, or what a small screen leaves beside its own bars."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

USUAL = QSize(1280, 800)
FRAME = QSize(2, 40)
"""What borders and a title bar take, more or less: they are not known before the window is shown."""


def first_size(window: QWidget) -> None:
    """Give a main window its size; one that would stand out over the screen takes the whole of it."""
    window.resize(USUAL)
    if _room(window, USUAL) != USUAL:
        window.setWindowState(window.windowState() | Qt.WindowState.WindowMaximized)


def size_of_dialog(window: QWidget, width: int, height: int) -> None:
    """Give a dialog its size, but no more than fits on the screen."""
    window.resize(_room(window, QSize(width, height)))


def _room(window: QWidget, wanted: QSize) -> QSize:
    if QGuiApplication.platformName() == "offscreen":
        return wanted  # There is no screen to fit on.
    return wanted.boundedTo(window.screen().availableSize() - FRAME)
