"""Signing in: a user name and a password, checked off the window's thread."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit

from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.forms import Form, TextField
from infusion_desktop.desktop.welcome.window import DoorWindow
from infusion_desktop.errors import Refused

if TYPE_CHECKING:
    from infusion_desktop.access.people import User


class SignInWindow(DoorWindow):
    """``signed_in`` carries the user, ``named`` the user name once it is typed."""

    signed_in = Signal(object)
    named = Signal(str)

    def __init__(self, pharmacy: str, check: "Callable[[str, str], User]", username: str = "") -> None:
        super().__init__(pharmacy, "Sign in to begin.", width=420)
        self._check = check
        self.username = TextField("User name", required=True)
        self.password = TextField("Password", required=True)
        self.password.line.setEchoMode(QLineEdit.EchoMode.Password)
        form = Form()
        form.section("", (self.username,), (self.password,))
        self._form = form
        self.enter = button("Sign in", self.sign_in, kind="primary")
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(self.enter)
        self.card.add(form)
        self.card.add(foot)
        self.username.line.returnPressed.connect(self.password.line.setFocus)
        self.username.line.editingFinished.connect(self.tell_name)
        self.password.line.returnPressed.connect(self.sign_in)
        self.username.set_value(username)
        (self.password if username else self.username).line.setFocus()

    def tell_name(self) -> None:
        """Say who is about to sign in, once they have come to the password."""
        if self.focusWidget() is self.password.line and not self.username.is_blank():
            self.named.emit(self.username.value())

    def sign_in(self) -> None:
        """Check what was typed."""
        if not self.enter.isEnabled() or not self._form.check():
            return
        username, password = self.username.value(), self.password.line.text()
        self.enter.setEnabled(False)
        self.enter.setText("Checking…")
        self.jobs.run(self, lambda: self._check(username, password), self._welcome, self._refused)

    def _welcome(self, user: "User") -> None:
        self.password.set_value("")
        self._ready()
        self.signed_in.emit(user)

    def _refused(self, error: Exception) -> None:
        self._ready()
        if isinstance(error, Refused):
            self.password.set_value("")
        self.password.line.setFocus()
        self.messages.show_failure(error, self)

    def _ready(self) -> None:
        self.enter.setEnabled(True)
        self.enter.setText("Sign in")
