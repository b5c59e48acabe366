"""The side form of a receipt line: count, lot, expiry and serial number, corrected while scanning goes on."""

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.forms import ChoiceField, DayField, Form, QuantityField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Card
from infusion_desktop.desktop.stock.receipt_lines import Line
from infusion_desktop.errors import Refused
from infusion_desktop.stock.words import Condition


class LineForm(Card):
    """Shows one line; ``edited`` carries it as corrected, ``removed`` its id."""

    edited = Signal(object)
    removed = Signal(int)
    set_aside = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.line: Line | None = None
        self._filling = False
        self.title = label("", "heading", wrap=True)
        self.detail = label("", "muted", wrap=True)
        self.notes = label("", "error", wrap=True)
        self.packs = QuantityField("How many", least=1, required=True)
        self.lot = TextField("Lot", longest=40)
        self.expires_on = DayField("Expires")
        self.serial = TextField("Serial number", longest=60)
        self.condition: ChoiceField[Condition] = ChoiceField(
            "Condition", [(each.value.capitalize(), each) for each in Condition], required=True
        )
        self.note = TextField("What is wrong", longest=200, placeholder="crushed, wet, label unreadable")
        self.form = Form()
        self.form.section(
            "", (self.packs,), (self.lot, self.expires_on), (self.serial,), (self.condition,), (self.note,)
        )
        self.aside_button = button("Set one aside as damaged", self._set_aside, icon="warning")
        self.remove_button = button("Remove this line", self._remove, icon="trash", kind="danger")
        for part in (self.title, self.detail, self.notes, self.form, self.aside_button, self.remove_button):
            self.add(part)
        self.column.addStretch(1)
        self.form.changed.connect(self._apply)

    def show_line(self, line: Line, *, keep_typed: bool = False) -> None:
        """Show a line; ``keep_typed`` leaves the fields as they are (the person is typing in them)."""
        is_same = self.line is not None and self.line.id == line.id
        self.line = line
        self.title.setText(line.item_name)
        unit = f"{line.pack_name} of {line.pack_quantity:,}" if line.pack_quantity > 1 else line.pack_name
        self.detail.setText(f"{line.item_number} · {unit} · {line.units:,} in all")
        self.notes.setText("\n".join(line.notes))
        self.notes.setVisible(bool(line.notes))
        self.packs.setVisible(not line.needs_serial)
        self.lot.setVisible(not line.is_equipment)
        self.expires_on.setVisible(not line.is_equipment)
        self.serial.setVisible(line.needs_serial)
        self.condition.setVisible(not line.is_equipment)
        self.note.setVisible(line.condition is not Condition.GOOD)
        self.aside_button.setVisible(not line.is_equipment and line.condition is Condition.GOOD)
        if is_same and keep_typed:
            return
        self._filling = True
        self.packs.set_value(line.packs)
        self.lot.set_value(line.lot)
        self.expires_on.set_value(line.expires_on)
        self.serial.set_value(line.serial)
        self.condition.set_value(line.condition)
        self.note.set_value(line.note)
        self._filling = False

    def focus_missing(self) -> None:
        """Go to the first field that is still needed."""
        if self.line is None:
            return
        field = self.serial if "serial number" in self.line.missing else self.lot
        field.complain(f"{field.title} is needed. Scan or type it.")
        field.editor.setFocus()

    def _apply(self) -> None:
        if self._filling or self.line is None:
            return
        try:
            packs, expires_on, condition = self.packs.value(), self.expires_on.value(), self.condition.value()
        except Refused:
            return  # Half typed; the field says so when it is left.
        line = replace(
            self.line, packs=packs or self.line.packs, lot=self.lot.value().upper(), expires_on=expires_on,
            serial=self.serial.value().upper(), condition=condition or Condition.GOOD, note=self.note.value(),
        )  # fmt: skip
        if line != self.line:
            self.edited.emit(line)

    def _set_aside(self) -> None:
        if self.line is not None:
            self.set_aside.emit(self.line.id)

    def _remove(self) -> None:
        if self.line is not None:
            self.removed.emit(self.line.id)
