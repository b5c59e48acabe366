"""A scanned sheet without a readable code: whose is it?"""

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QWidget

from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.deliveries.door.proof import FoundSheet
from infusion_desktop.deliveries.lists import find_by_number
from infusion_desktop.deliveries.words import DeliveryId
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.deliveries.sheet_files import SheetPicture
from infusion_desktop.desktop.forms import Form, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.errors import Refused

Known = Callable[[FoundSheet, DeliveryId], None]


class WhoseDialog(DeedDialog):
    """Shows the sheet and asks for the delivery's number."""

    def __init__(self, context: Context, desk: Desk, sheet: FoundSheet, parent: QWidget, known: Known) -> None:
        super().__init__(context, desk, "Whose sheet is this?", parent, save="This one", width=640)
        self.sheet, self._known = sheet, known
        said = f"The code says {sheet.number}, which is no delivery of ours." if sheet.number else (
            "No code could be read on this sheet."
        )  # fmt: skip
        self.picture = SheetPicture()
        pages = "1 page" if sheet.sheet.pages == 1 else f"{sheet.sheet.pages} pages"
        self.picture.show_png(sheet.sheet.picture, pages)
        self.number = TextField("Delivery number on the sheet", required=True, longest=40, placeholder="D004812")
        self.form = Form()
        self.form.section("", (self.number,))
        for part in (label(said, wrap=True), self.picture, self.form):
            self.body.addWidget(part)
        self.number.setFocus()

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        database, number = self.context.database, self.number.value()
        return lambda _override: _delivery(database, number)

    def said(self, result: Any) -> str:
        self._known(self.sheet, result)
        return ""

    def on_scan(self, raw: str) -> None:
        """The code of the paper beside the keyboard."""
        self.number.set_value(raw)


def _delivery(database: Database, number: str) -> DeliveryId:
    with database.reading() as session:
        row = find_by_number(session, number, today())
    if row is None:
        raise Refused(f"There is no delivery {number[:40]}. Compare the number with the sheet.")
    return row.id
