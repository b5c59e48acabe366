"""Buttons that look alike everywhere."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from infusion_desktop.desktop.theme import Tint, set_icon


def button(
    text: str,
    press: Callable[[], object] | None = None,
    *,
    icon: str = "",
    kind: str = "",
    parent: QWidget | None = None,
) -> QPushButton:
    """A button; ``kind`` is "primary" for the one main deed of a page, "danger" for what cannot be taken back."""
    made = QPushButton(text, parent)
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
    made = QToolButton(parent)
    made.setToolTip(tip)
    made.setAccessibleName(tip)
    made.setAutoRaise(True)
    made.setCursor(Qt.CursorShape.PointingHandCursor)
    set_icon(made, icon, tint)
    if press is not None:
        made.clicked.connect(lambda _checked=False: press())
    return made
