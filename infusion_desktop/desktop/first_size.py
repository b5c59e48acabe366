"""How large a window is the first time: the usual size, or as much as a small screen leaves beside its own bars."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

USUAL = QSize(1280, 800)
FRAME = 40
"""What a title bar takes, more or less: the frame is not known before the window is shown."""


def first_size(window: QWidget) -> None:
    """Give a window its size; one that would stand out over the screen takes the whole of it."""
    window.resize(USUAL)
    if QGuiApplication.platformName() == "offscreen":
        return  # There is no screen to fit on.
    free = window.screen().availableSize()
    if free.width() < USUAL.width() or free.height() < USUAL.height() + FRAME:
        window.setWindowState(window.windowState() | Qt.WindowState.WindowMaximized)
