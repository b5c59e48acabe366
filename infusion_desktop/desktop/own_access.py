"""What a person does about their own access: password, badge and PIN, emergency access, switching by badge."""

from typing import Any

from PySide6.QtWidgets import QLineEdit, QWidget

from infusion_desktop.access.emergency import begin_emergency
from infusion_desktop.access.passwords import SHORTEST
from infusion_desktop.access.people import change_password, set_pin, switch_by_badge
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import TextField
from infusion_desktop.desktop.labels import label


def secret(title: str, *, hint: str = "") -> TextField:
    """A field whose letters are not shown."""
    field = TextField(title, required=True, hint=hint)
    field.line.setEchoMode(QLineEdit.EchoMode.Password)
    return field


class PasswordDialog(DeedDialog):
    """A new password of one's own; ``forced`` after somebody else gave the first one."""

    def __init__(self, context: Context, desk: Desk, parent: QWidget, *, forced: bool = False) -> None:
        super().__init__(context, desk, "Choose a new password", parent, save="Change password")
        if forced:
            self.body.addWidget(
                label("Your password was given to you by somebody else. Choose one that only you know.", wrap=True)
            )
        self.old = secret("Present password")
        self.new = secret("New password", hint=f"At least {SHORTEST} characters; a few words are easiest.")
        self.again = secret("The new password again")
        for field in (self.old, self.new, self.again):
            self.body.addWidget(field)
        self.old.setFocus()

    def deed(self) -> Deed | None:
        if not _right(self.old, self.new, self.again):
            return None
        old, new = self.old.line.text(), self.new.line.text()
        if new != self.again.line.text():
            self.again.complain("The two passwords differ. Type the same one twice.")
            self.again.setFocus()
            return None
        if new == old:
            self.new.complain("This is the present password. Choose another one.")
            self.new.setFocus()
            return None
        database, by = self.context.database, self.context.user_id
        return lambda _override: change_password(database, by, old, new)

    def said(self, _result: Any) -> str:
        return "The new password counts from now on."


class PinDialog(DeedDialog):
    """One's own badge and PIN."""

    def __init__(self, context: Context, desk: Desk, parent: QWidget) -> None:
        super().__init__(context, desk, "Badge and PIN", parent)
        self.body.addWidget(
            label("Scan the badge at a shared bench and type the PIN to take over there.", "muted", wrap=True)
        )
        self.badge = TextField("Badge", required=True, hint="Scan it now.")
        self.pin = secret("PIN", hint="Four to eight digits.")
        self.password = secret("Your password")
        for field in (self.badge, self.pin, self.password):
            self.body.addWidget(field)
        self.badge.setFocus()

    def on_scan(self, raw: str) -> None:
        self.badge.set_value(raw.strip())
        self.pin.setFocus()

    def deed(self) -> Deed | None:
        if not _right(self.badge, self.pin, self.password):
            return None
        badge, pin, password = self.badge.value(), self.pin.line.text(), self.password.line.text()
        database, by = self.context.database, self.context.user_id
        return lambda _override: set_pin(database, by, password, badge, pin)

    def said(self, _result: Any) -> str:
        return "Badge and PIN are kept."


class EmergencyDialog(DeedDialog):
    """Rights of care for an hour; ``succeeded`` carries the person with them."""

    def __init__(self, context: Context, desk: Desk, parent: QWidget) -> None:
        super().__init__(context, desk, "Emergency access", parent, save="Take emergency access", kind="danger")
        self.body.addWidget(
            label(
                "For an hour you may do whatever a patient's care needs. What you do and open is noted, and somebody "
                "else reviews it.", wrap=True,
            )
        )  # fmt: skip
        self.why = TextField("What is the emergency?", required=True)
        self.body.addWidget(self.why)
        self.why.setFocus()

    def deed(self) -> Deed | None:
        if not self.why.check():
            return None
        why, database, by = self.why.value(), self.context.database, self.context.user_id
        return lambda _override: begin_emergency(database, by, why)


class BadgeDialog(DeedDialog):
    """Somebody scanned their badge: the PIN proves that it is theirs; ``succeeded`` carries them."""

    def __init__(
        self, context: Context, desk: Desk, badge: str, parent: QWidget, title: str = "Take over here"
    ) -> None:
        super().__init__(context, desk, title, parent, save="Go on", width=380)
        self.badge = badge
        self.pin = secret("PIN")
        self.body.addWidget(self.pin)
        self.pin.setFocus()

    def deed(self) -> Deed | None:
        if not self.pin.check():
            return None
        pin, database, badge = self.pin.line.text(), self.context.database, self.badge
        self.pin.line.clear()
        return lambda _override: switch_by_badge(database, badge, pin)


def _right(*fields: TextField) -> bool:
    """Whether every field is; each says what it lacks, and the first of them has the cursor."""
    wrong = [field for field in fields if not field.check()]
    if wrong:
        wrong[0].setFocus()
    return not wrong
