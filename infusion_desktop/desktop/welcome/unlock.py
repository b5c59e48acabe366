"""Opening an encrypted database: the passphrase, or the recovery phrase that was written down."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit

from infusion_desktop.database.place import Place
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.forms import Form, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.welcome.window import DoorWindow


class UnlockWindow(DoorWindow):
    """``opened`` carries the place with its key."""

    opened = Signal(object)

    def __init__(self, place: str, open_with: Callable[[str], Place]) -> None:
        super().__init__("Infusion Desktop", "The data on this computer are encrypted.", width=520)
        self._open_with = open_with
        self.phrase = TextField(
            "Passphrase", required=True, hint="Or the recovery phrase that was written down at the first start."
        )
        self.phrase.line.setEchoMode(QLineEdit.EchoMode.Password)
        self._form = Form()
        self._form.section("", (self.phrase,))
        self.enter = button("Open", self.unlock, kind="primary")
        foot = QHBoxLayout()
        foot.addWidget(label(place, "small", wrap=True), 1)
        foot.addWidget(self.enter)
        self.card.add(self._form)
        self.card.add(foot)
        self.phrase.line.returnPressed.connect(self.unlock)
        self.phrase.line.setFocus()

    def unlock(self) -> None:
        """Try what was typed; a phrase takes a moment to stretch, so not on the window's thread."""
        if not self.enter.isEnabled() or not self._form.check():
            return
        phrase = self.phrase.line.text()
        self._rest(True)
        self.jobs.run(self, lambda: self._open_with(phrase), self._opened, self._refused)

    def _opened(self, place: Place) -> None:
        self.phrase.line.clear()
        self.opened.emit(place)

    def _refused(self, error: Exception) -> None:
        self._rest(False)
        self.phrase.line.clear()
        self.phrase.line.setFocus()
        self.messages.show_failure(error, self)

    def _rest(self, is_resting: bool) -> None:
        self.enter.setEnabled(not is_resting)
        self.enter.setText("Opening…" if is_resting else "Open")
