"""The panel that asks which item a box is: for a code nobody knows yet, or for a box without a code."""

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from infusion_desktop.database.engine import Database
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.forms import Form, QuantityField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Card
from infusion_desktop.desktop.picker import Picker
from infusion_desktop.stock.queries import ItemFound, find_items
from infusion_desktop.stock.scanning.scan_values import Scan


@dataclass(frozen=True, slots=True)
class Identified:
    """What the person said: the item, and how many base units are in such a pack."""

    item: ItemFound
    pack_name: str
    quantity: int
    scan: Scan | None


class IdentifyPanel(Card):
    """Finds the item and asks for the pack; ``identified`` carries the answer, ``skipped`` the scan left aside."""

    identified = Signal(object)
    skipped = Signal()

    def __init__(self, context: Context, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.scan: Scan | None = None
        self._chosen: ItemFound | None = None
        database = context.database
        self.title = label("", "heading", wrap=True)
        self.detail = label("", "muted", wrap=True)
        self.picker: Picker[ItemFound] = Picker(
            desk.jobs, lambda typed: _find(database, typed), lambda item: f"{item.number}  ·  {item.name}",
            placeholder="Part of the name or the number", name="Find the item",
            on_failure=lambda error: desk.messages.show_failure(error, self),
        )  # fmt: skip
        self.picker.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.chosen = label("", "strong", wrap=True)
        self.pack_name = TextField("This pack is called", longest=20)
        self.quantity = QuantityField("Units in it", least=1, required=True)
        self.form = Form()
        self.form.section("", (self.pack_name, self.quantity))
        self.use_button = button("Use this item", self._use, kind="primary")
        self.skip_button = button("Leave it aside", self.skipped.emit)
        answers = QHBoxLayout()
        answers.addWidget(self.skip_button)
        answers.addStretch(1)
        answers.addWidget(self.use_button)
        for part in (self.title, self.detail, self.picker, self.chosen, self.form):
            self.add(part, 1 if part is self.picker else 0)
        self.add(answers)
        self.picker.picked.connect(self.choose)
        self.quantity.changed.connect(self._name_pack)
        for line in (self.pack_name.line, self.quantity.line):
            line.returnPressed.connect(self._use)

    def ask(self, scan: Scan | None) -> None:
        """Ask for the item of a scanned code, or of a box without one."""
        self.scan, self._chosen = scan, None
        if scan is None:
            self.title.setText("Add a line by hand")
            self.detail.setText("For a box without a readable code.")
        else:
            self.title.setText("Which item is this?")
            kept = "It is kept with the item, so this is asked once." if scan.pack_code else "This code cannot be kept."
            self.detail.setText(f"No item has the code {scan.pack_code or scan.code or scan.raw} yet. {kept}")
        self.pack_name.setVisible(scan is not None and bool(scan.pack_code))
        self.pack_name.set_value("each")
        self.quantity.set_value(1)
        self.chosen.setText("")
        self.use_button.setText("Attach and add" if scan is not None and scan.pack_code else "Add this line")
        self.use_button.setEnabled(False)
        self.picker.field.clear()
        self.picker.search()
        self.picker.field.setFocus()

    def choose(self, item: ItemFound) -> None:
        """The item was picked; the pack is asked next."""
        self._chosen = item
        self.chosen.setText(f"{item.name} ({item.number}), counted in {item.unit}")
        self.use_button.setEnabled(True)
        field = self.pack_name if self.pack_name.isVisibleTo(self) else self.quantity
        field.line.setFocus()
        field.line.selectAll()

    def _name_pack(self) -> None:
        if self.pack_name.typed() in ("each", "") and self.quantity.typed() not in ("", "1"):
            self.pack_name.set_value("box")

    def _use(self) -> None:
        quantity = self.quantity.value() if self.form.check() else None
        if self._chosen is not None and quantity is not None:
            name = self.pack_name.value() or ("each" if quantity == 1 else "pack")
            self.identified.emit(Identified(self._chosen, name, quantity, self.scan))


def _find(database: Database, typed: str) -> tuple[ItemFound, ...]:
    with database.reading() as session:
        return find_items(session, typed)
