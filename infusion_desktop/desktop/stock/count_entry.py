"""The line that is being counted, large: what it is, where it lies, and the number."""

from dataclasses import dataclass

from PySide6.QtCore import QLocale, Qt, Signal
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import QLineEdit, QWidget

from infusion_desktop.dates import show_day
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Card
from infusion_desktop.stock.counting.count_queries import SheetRow
from infusion_desktop.stock.counting.counts import MOST_UNITS, Mark
from infusion_desktop.stock.queries import PlaceRow
from infusion_desktop.stock.scanning.lot_scans import ScannedLots
from infusion_desktop.stock.words import CountLineId, LocationId, LotId

_WIDE = 300


@dataclass(frozen=True, slots=True)
class Target:
    """What is counted: a line of the sheet, or (without ``line_id``) a lot that lay where it was not expected."""

    line_id: CountLineId | None
    lot_id: LotId
    location_id: LocationId
    name: str
    lot: str
    place: str


class CountEntry(Card):
    """Enter, or the button, writes the number down."""

    entered = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__("", parent)
        self.setFixedWidth(_WIDE)
        self.target: Target | None = None
        self.begun: Mark | None = None
        self.is_typed = False
        self.where = label("", "caption", wrap=True)
        self.name = label("", "heading", wrap=True)
        self.facts = label("", "muted", wrap=True)
        self.note = label("", "small", wrap=True)
        self.quantity = QLineEdit()
        self.quantity.setAccessibleName("Counted")
        digits, plain = QIntValidator(0, MOST_UNITS, self), QLocale.c()
        plain.setNumberOptions(QLocale.NumberOption.RejectGroupSeparator)
        digits.setLocale(plain)  # Else it lets "1,234" pass, or "1.234": as the system writes numbers.
        self.quantity.setValidator(digits)
        self.quantity.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.quantity.setPlaceholderText("How many lie there?")
        self.quantity.setProperty("role", "figure")
        self.unit = label("", "muted")
        self.save_button = button("Write down", self.entered.emit, icon="check", kind="primary")
        for part in (self.where, self.name, self.facts, self.quantity, self.unit, self.note, self.save_button):
            self.column.addWidget(part)
        self.quantity.textEdited.connect(self._typed)
        self.quantity.returnPressed.connect(self.entered.emit)
        self.show_nothing("")

    def number(self) -> int | None:
        """What stands in the field."""
        text = self.quantity.text().strip()
        return int(text) if text.isascii() and text.isdigit() else None

    def count_more(self, units: int) -> None:
        """Add what one scan counted."""
        self.quantity.setText(str((self.number() or 0) + units if self.is_typed else units))
        self.is_typed = True

    def show_nothing(self, where: str) -> None:
        """No line is chosen."""
        self._show(
            None, where, "Choose a line, or scan one", "Scan a shelf, a box, or a line of the printed sheet.", ""
        )

    def tell_place(self, where: str) -> None:
        """The shelf that was scanned."""
        if self.target is None:
            self.where.setText(where)

    def show_line(self, row: SheetRow) -> None:
        """A line of the sheet."""
        lot = f"{row.lot} / {row.serial}" if row.serial else row.lot
        target = Target(row.id, row.lot_id, row.location_id, row.item_name, lot, row.place)
        facts = [f"Lot {lot or '(none)'}", f"expires {show_day(row.expires_on)}" if row.expires_on else ""]
        note = ""
        if row.again:
            note = f"{row.first_by} counted it first. Somebody else counts it again."
        elif row.counted is not None:
            note = f"{row.counted_by} wrote down {row.counted:,}. A new number takes its place."
        self._show(target, f"{row.place}  {row.place_name}", row.item_name, " · ".join(filter(None, facts)), row.unit)
        self.note.setText(note)

    def show_found(self, found: ScannedLots, place: PlaceRow) -> None:
        """A lot that is not on the sheet there."""
        (lot_id, lot, expires_on), *_ = found.lots
        target = Target(None, lot_id, place.id, found.item_name, lot, place.code)
        facts = [f"Lot {lot or '(none)'}", f"expires {show_day(expires_on)}" if expires_on else ""]
        self._show(target, f"{place.code}  {place.name}", found.item_name, " · ".join(filter(None, facts)), found.unit)
        self.note.setText("It is not on the sheet in this place. It is counted there all the same.")

    def _show(self, target: Target | None, where: str, name: str, facts: str, unit: str) -> None:
        self.target, self.begun, self.is_typed = target, None, False
        self.where.setText(where)
        self.name.setText(name)
        self.facts.setText(facts)
        self.unit.setText(f"in {unit}" if unit else "")
        self.note.setText("")
        self.quantity.clear()
        for part in (self.quantity, self.save_button):
            part.setEnabled(target is not None)

    def _typed(self, _text: str) -> None:
        self.is_typed = True
