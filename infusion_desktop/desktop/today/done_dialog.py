"""A call was made, or a task is done: how it went."""

from typing import Any, ClassVar

from PySide6.QtWidgets import QWidget

from infusion_desktop.deliveries.calls.follow_ups import FollowUpRow, finish_follow_up
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.identifiers import show_phone


class DoneDialog(DeedDialog):
    """A call was made, or a task is done: how it went."""

    changed: ClassVar[frozenset[str]] = frozenset({"deliveries"})  # type: ignore[misc]

    def __init__(self, context: Context, desk: Desk, row: FollowUpRow, parent: QWidget) -> None:
        super().__init__(context, desk, row.title, parent, save="Done")
        self.row = row
        self.outcome = TextField("How did it go?", required=True)
        facts = f"{row.patient_name}   {row.patient_number}   {show_phone(row.phone)}"
        self.body.addWidget(label(facts, "muted", wrap=True))
        self.body.addWidget(self.outcome)
        self.outcome.setFocus()

    def deed(self) -> Deed | None:
        if not self.outcome.check():
            return None
        database, by, row, said = self.context.database, self.context.user_id, self.row, self.outcome.value()
        return lambda _override: finish_follow_up(database, row.id, said, row.version, by)

    def said(self, _result: Any) -> str:
        return "Done."
