"""A dialog that asks why, and does one deed with the answer."""

from collections.abc import Callable, Iterable
from typing import Any

from PySide6.QtWidgets import QWidget

from infusion_desktop.access.roles import UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import Form, NotesField
from infusion_desktop.desktop.labels import label

Act = Callable[[Database, UserId, str], Any]


class WhyDialog(DeedDialog):
    """``act`` gets the database, who asks and why; ``said`` is the note of success, or makes it of the result."""

    def __init__(
        self,
        context: Context,
        desk: Desk,
        parent: QWidget | None,
        title: str,
        act: Act,
        *,
        told: str = "",
        field: str = "Why",
        save: str = "Save",
        kind: str = "primary",
        said: str | Callable[[Any], str] = "",
        changed: Iterable[str] = ("billing",),
    ) -> None:
        super().__init__(context, desk, title, parent, save=save, kind=kind)
        self._act, self._said, self.changed = act, said, tuple(changed)
        if told:
            self.body.addWidget(label(told, "muted", wrap=True))
        self.reason = NotesField(field, required=True)
        self.form = Form()
        self.form.section("", (self.reason,))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        act, database, by, why = self._act, self.context.database, self.context.user_id, self.reason.value()
        return lambda _override: act(database, by, why)

    def said(self, result: Any) -> str:
        return self._said if isinstance(self._said, str) else self._said(result)
