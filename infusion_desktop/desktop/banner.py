"""A sentence across the top of a page, and short notes that go away by themselves."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QFrame, QGraphicsDropShadowEffect, QHBoxLayout, QVBoxLayout, QWidget

from infusion_desktop.desktop.buttons import tool
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.labels import icon_label, label, restyle
from infusion_desktop.desktop.theme import Tint, set_icon

_TINTS: dict[Tone, Tint] = {
    Tone.BAD: "bad",
    Tone.WARN: "warn",
    Tone.INFO: "info",
    Tone.GOOD: "good",
    Tone.NEUTRAL: "muted",
}
TOAST_MS = 4000
FEEDBACK_MS = 1600


class Banner(QFrame):
    """Stays until it is closed or the next deed succeeds."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self._icon = icon_label("warning", "bad", 22)
        self.text = label("", wrap=True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.close_button = tool("cross", "Close this message", self.clear)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 6, 8, 6)
        row.setSpacing(12)
        row.addWidget(self._icon)
        row.addWidget(self.text, 1)
        row.addWidget(self.close_button)
        self.hide()

    def say(self, tone: Tone, sentences: Sequence[str]) -> None:
        """Show the sentences, one below the other."""
        self.setProperty("tone", tone.name.lower())
        set_icon(self._icon, tone.value, _TINTS[tone], 22)
        self.text.setText("\n".join(sentences))
        self.setAccessibleName("\n".join(sentences))
        restyle(self)
        self.show()

    def clear(self) -> None:
        """Take the message away."""
        self.text.setText("")
        self.hide()


class _Floating(QFrame):
    """Lies over its host and goes away after a while."""

    def __init__(self, host: QWidget, milliseconds: int) -> None:
        super().__init__(host)
        self.host = host
        shadow = QGraphicsDropShadowEffect(self)
        shadow.setBlurRadius(24)
        shadow.setOffset(0, 4)
        self.setGraphicsEffect(shadow)
        self.timer = QTimer(self)
        self.timer.setSingleShot(True)
        self.timer.setInterval(milliseconds)
        self.timer.timeout.connect(self.hide)
        host.installEventFilter(self)
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.place()
        return super().eventFilter(watched, event)

    def appear(self) -> None:
        """Show now, above everything in the host."""
        self.adjustSize()
        self.place()
        self.show()
        self.raise_()
        self.timer.start()

    def place(self) -> None:
        """Stand at the lower middle of the host."""
        self.move((self.host.width() - self.width()) // 2, self.host.height() - self.height() - 56)


class Toast(_Floating):
    """A short note of success, such as: Received 3 lots."""

    def __init__(self, host: QWidget) -> None:
        super().__init__(host, TOAST_MS)
        self.setObjectName("toast")
        self.text = label()
        row = QHBoxLayout(self)
        row.setContentsMargins(18, 12, 20, 12)
        row.addWidget(self.text)

    def say(self, text: str) -> None:
        """Show a short note of success."""
        self.text.setText(text)
        self.setAccessibleName(text)
        self.appear()


class Feedback(_Floating):
    """Right or wrong, large enough to see from across the bench: colour, icon and words together."""

    def __init__(self, host: QWidget) -> None:
        super().__init__(host, FEEDBACK_MS)
        self.setObjectName("feedback")
        self._icon = icon_label("check-circle", "good", 64)
        self.text = label("", wrap=False)
        self.text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(36, 24, 36, 24)
        column.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.text)

    def say(self, tone: Tone, text: str) -> None:
        """Show the answer to a scan."""
        self.setProperty("tone", tone.name.lower())
        set_icon(self._icon, tone.value, _TINTS[tone], 64)
        self.text.setText(text)
        self.setAccessibleName(text)
        restyle(self)
        restyle(self.text)
        self.appear()

    def place(self) -> None:
        """Stand a little above the middle."""
        self.move((self.host.width() - self.width()) // 2, max(0, self.host.height() // 2 - self.height()))
