"""What the tabs of Purchasing share."""

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.screens import Screen


class Tab(QWidget):
    """One tab: it asks and does through its screen, so that refusals show in the screen's banner."""

    title = ""

    def __init__(self, screen: Screen, lead: str) -> None:
        super().__init__()
        self.owner, self.context, self.desk = screen, screen.context, screen.desk
        self.lead = label(lead, "muted", wrap=True)
        self._bar = QHBoxLayout()
        self._bar.setSpacing(10)
        self._bar.addWidget(self.lead, 1)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 12, 0, 0)
        self.column.setSpacing(12)
        self.column.addLayout(self._bar)

    def load(self) -> None:
        """Ask for what is shown; override."""

    def fit(self) -> None:
        """The tab was brought to the front: tables take their width; override."""

    def put_actions(self, *widgets: QWidget) -> None:
        """Put buttons at the top right; the primary one last."""
        for widget in widgets:
            self._bar.addWidget(widget)


def allow(press: QPushButton, may: bool, enabled: bool, who: str) -> None:
    """A button that is off says who may press it."""
    press.setEnabled(may and enabled)
    if not may:
        press.setToolTip(who)


def once(press: Callable[[], object]) -> Callable[..., None]:
    """A slot that ignores what its signal carries."""

    def pressed(*_what: object) -> None:
        press()

    return pressed
