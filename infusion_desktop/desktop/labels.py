"""Labels that show text as text: what a person or a file brought is never read as markup (RELIABILITY G14)."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QWidget

from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.theme import Tint, set_icon


def label(text: str = "", role: str = "", *, wrap: bool = False, parent: QWidget | None = None) -> QLabel:
    """A label in one of the stylesheet's roles: title, heading, muted, small, caption, figure."""
    made = QLabel(parent)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setText(text)
    made.setWordWrap(wrap)
    if role:
        made.setProperty("role", role)
    return made


def icon_label(name: str, tint: Tint = "muted", size: int = 20, parent: QWidget | None = None) -> QLabel:
    """An icon that stands by itself."""
    made = QLabel(parent)
    made.setFixedSize(size, size)
    set_icon(made, name, tint, size)
    return made


def tone_icon(tone: Tone, size: int = 20, parent: QWidget | None = None) -> QLabel:
    """The icon of a tone in its colour, so that colour never speaks alone."""
    tints: dict[Tone, Tint] = {
        Tone.NEUTRAL: "neutral", Tone.INFO: "info", Tone.GOOD: "good", Tone.WARN: "warn", Tone.BAD: "bad",
    }  # fmt: skip
    return icon_label(tone.value, tints[tone], size, parent)


def rule(parent: QWidget | None = None) -> QFrame:
    """A thin horizontal line."""
    made = QFrame(parent)
    made.setObjectName("rule")
    made.setFixedHeight(1)
    return made


def restyle(widget: QWidget) -> None:
    """Let the stylesheet look at a widget's properties again, if it has looked at them before."""
    if widget.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):
        widget.style().unpolish(widget)
        widget.style().polish(widget)
