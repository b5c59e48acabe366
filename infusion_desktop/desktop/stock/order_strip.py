"""The order that is received against: what is still expected, and how each scanned line stands against it."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.labels import icon_label, label
from infusion_desktop.desktop.stock.receipt_lines import Line, ReceiptLines
from infusion_desktop.stock.buying.purchase_queries import OrderLineRow, OrderPage
from infusion_desktop.stock.pack_rules import plural
from infusion_desktop.stock.words import Condition

_NAMED = 2
"""Expected items that are named; the others are counted."""


class OrderStrip(QWidget):
    """Hidden while goods are received without an order; ``left`` asks to go on without it."""

    open_asked = Signal(object)
    left = Signal()

    def __init__(self, receipt: ReceiptLines) -> None:
        super().__init__()
        self.page: OrderPage | None = None
        self._receipt = receipt
        self.text = label("", "strong", wrap=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(icon_label("clipboard", "accent"))
        row.addWidget(self.text, 1)
        row.addWidget(button("Show the order", self._open, icon="clipboard"))
        row.addWidget(button("Without the order", self.left.emit, icon="cross"))
        self.hide()

    def show_order(self, page: OrderPage | None) -> None:
        """Receive against this order from now on; None for none."""
        self.page = page
        self.setVisible(page is not None)
        if page is not None:
            expected = [line for line in page.lines if line.outstanding]
            more = f" and {len(expected) - _NAMED} more" if expected[_NAMED:] else ""
            named = ", ".join(_said(line) for line in expected[:_NAMED])
            self.text.setText(f"Against {page.row.number} of {page.row.vendor}. Still expected: {named}{more}")

    def ordered(self, line: Line) -> str:
        """How much of the line's item is on the list, of how much is still expected."""
        if self.page is None or line.condition is not Condition.GOOD:
            return ""
        wanted = self._wanted(line)
        return "Not ordered" if wanted is None else f"{self._receipt.units_of(line.item_id):,} of {wanted:,}"

    def tone(self, line: Line) -> Tone | None:
        """Right, too few so far, or too many."""
        if self.page is None or line.condition is not Condition.GOOD:
            return None
        wanted, came = self._wanted(line), self._receipt.units_of(line.item_id)
        if wanted is None or came > wanted:
            return Tone.BAD
        return Tone.GOOD if came == wanted else Tone.INFO

    def _wanted(self, line: Line) -> int | None:
        lines = () if self.page is None else self.page.lines
        return next((each.outstanding for each in lines if each.item_id == line.item_id), None)

    def _open(self) -> None:
        if self.page is not None:
            self.open_asked.emit(self.page.row.id)


def _said(line: OrderLineRow) -> str:
    packs, rest = divmod(line.outstanding, line.pack_quantity)
    what = f"{line.outstanding:,} {line.unit}" if rest else f"{packs:,} {plural(line.pack_name, packs)}"
    name = line.item_name if len(line.item_name) <= 28 else f"{line.item_name[:27]}…"
    return f"{what} of {name}"
