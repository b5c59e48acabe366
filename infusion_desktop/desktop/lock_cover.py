"""Hides the work from passers-by and keeps it: nothing below is closed or hidden (RELIABILITY C3, G14)."""

from collections.abc import Callable

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from infusion_desktop.desktop import theme
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.jobs import Jobs
from infusion_desktop.desktop.labels import icon_label, label
from infusion_desktop.desktop.pages import Card


class LockCover(QWidget):
    """An application-modal window over all others; it goes when the password is right or the person signs out."""

    unlocked = Signal()
    sign_out_asked = Signal()

    def __init__(self, jobs: Jobs, user_name: str, is_right: Callable[[str], bool], over: QWidget) -> None:
        """``is_right`` checks the password of the person at work; it runs on a worker thread and may raise Refused."""
        super().__init__(
            None, Qt.WindowType.Window | Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowStaysOnTopHint
        )
        self.setObjectName("lockCover")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowModality(Qt.WindowModality.ApplicationModal)
        self.setWindowTitle("Locked")
        self._jobs, self._is_right, self._over = jobs, is_right, over
        self._may_close = False
        self.password = QLineEdit()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.password.setPlaceholderText("Password")
        self.password.setAccessibleName("Password")
        self.note = label("", "error", wrap=True)
        self.unlock_button = button("Unlock", self.unlock, kind="primary", icon="lock")
        self.sign_out_button = button("Sign out", self.sign_out_asked.emit, kind="quiet")
        self.password.returnPressed.connect(self.unlock)
        self._lay_out(user_name)

    def cover(self) -> None:
        """Lie over every window that is open."""
        area = QRect(self._over.frameGeometry())
        for window in QApplication.topLevelWidgets():
            if window.isVisible() and window is not self:
                area = area.united(window.frameGeometry())
        self.setGeometry(area)
        theme.dress(self)
        self.show()
        self.activateWindow()
        self.password.setFocus()

    def unlock(self) -> None:
        """Check what was typed, away from the window's thread: a password hash takes a quarter of a second."""
        if not self.unlock_button.isEnabled():
            return
        typed = self.password.text()
        self.unlock_button.setEnabled(False)
        self._jobs.run(self, lambda: self._is_right(typed), self._answer, self._fail)

    def lift(self) -> None:
        """Go away."""
        self._may_close = True
        self.close()
        self.deleteLater()

    def closeEvent(self, event: QCloseEvent) -> None:
        event.setAccepted(self._may_close)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)

    def _answer(self, right: bool) -> None:
        self.unlock_button.setEnabled(True)
        self.password.clear()
        if right:
            self.unlocked.emit()
            return
        self.note.setText("This is not the password. Try again.")
        self.password.setFocus()

    def _fail(self, error: Exception) -> None:
        from infusion_desktop.errors import Refused

        self.unlock_button.setEnabled(True)
        self.password.clear()
        self.note.setText(
            str(error) if isinstance(error, Refused) else "The password cannot be checked now. Try again."
        )

    def _lay_out(self, user_name: str) -> None:
        card = Card()
        card.setFixedWidth(380)
        card.column.setSpacing(12)
        card.column.setContentsMargins(28, 26, 28, 24)
        card.add(icon_label("lock", "accent", 32))
        card.add(label("Locked", "title"))
        card.add(
            label(
                f"{user_name} is at work here. Everything is kept as it was. Type the password, or scan a badge.",
                "muted",
                wrap=True,
            )
        )
        for part in (self.password, self.note, self.unlock_button, self.sign_out_button):
            card.add(part)
        across = QHBoxLayout()
        across.addStretch(1)
        across.addWidget(card)
        across.addStretch(1)
        column = QVBoxLayout(self)
        column.addStretch(1)
        column.addLayout(across)
        column.addStretch(1)
