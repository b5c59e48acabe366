"""Buttons that look alike everywhere, and that Enter presses where they have the focus, as Space does.

Qt has Enter press the first button of a dialog whichever has the focus, Cancel included, and none elsewhere.
"""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from infusion_desktop.desktop.theme import Tint, set_icon

ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class _Button(QPushButton):
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in ENTER:
            super().keyPressEvent(event)
        elif not event.isAutoRepeat():
            self.showMenu() if self.menu() is not None else self.click()


class _Tool(QToolButton):
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in ENTER:
            super().keyPressEvent(event)
        elif not event.isAutoRepeat():
            self.showMenu() if self.menu() is not None else self.click()


def button(
    text: str,
    press: Callable[[], object] | None = None,
    *,
    icon: str = "",
    kind: str = "",
    parent: QWidget | None = None,
) -> QPushButton:
    """A button; ``kind`` is "primary" for the one main deed of a page, "danger" for what cannot be taken back."""
    made = _Button(text, parent)
    made.setProperty("kind", kind)
    made.setAutoDefault(False)
    made.setCursor(Qt.CursorShape.PointingHandCursor)
    if icon:
        tints: dict[str, Tint] = {"primary": "on_accent", "danger": "bad"}
        set_icon(made, icon, tints.get(kind, "muted"), 18)
    if press is not None:
        made.clicked.connect(lambda _checked=False: press())
    return made


def tool(
    icon: str,
    tip: str,
    press: Callable[[], object] | None = None,
    *,
    tint: Tint = "muted",
    parent: QWidget | None = None,
) -> QToolButton:
    """A small button with an icon alone; ``tip`` is also its accessible name."""
    made = _Tool(parent)
    made.setToolTip(tip)
    made.setAccessibleName(tip)
    made.setAutoRaise(True)
    made.setCursor(Qt.CursorShape.PointingHandCursor)
    set_icon(made, icon, tint)
    if press is not None:
        made.clicked.connect(lambda _checked=False: press())
    return made
