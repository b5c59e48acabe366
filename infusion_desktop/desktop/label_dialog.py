"""Labels to print: on which paper, how many of each, and which places of the first sheet are used already."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QWidget

from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import DeedDialog
from infusion_desktop.desktop.forms import ChoiceField, Form, QuantityField
from infusion_desktop.desktop.labels import label

if TYPE_CHECKING:
    from reports.labels import Label

PAPERS = (
    ("Label printer, 2 x 1 inch", "THERMAL_2X1"),
    ("Sheet of 30 (2.625 x 1 inch)", "SHEET_30"),
)
MOST_COPIES = 100
MOST_LABELS = 3_000


class LabelDialog(DeedDialog):
    """Shows the labels as a paper when they are drawn."""

    def __init__(
        self, context: Context, desk: Desk, parent: QWidget, what: str, fill: Callable[[], "tuple[Label, ...]"]
    ) -> None:
        """``fill`` reads the labels on a worker thread; ``what`` says of what they are ("12 lots")."""
        super().__init__(context, desk, "Print labels", parent, save="Show labels")
        self.fill, self.near = fill, parent
        self.body.addWidget(label(f"A code to scan and the same in words, for {what}.", "muted", wrap=True))
        self.paper: ChoiceField[str] = ChoiceField("Paper", PAPERS, required=True)
        self.paper.set_value(PAPERS[0][1])
        self.copies = QuantityField("Of each", least=1, most=MOST_COPIES, required=True)
        self.copies.set_value(1)
        self.skip = QuantityField("Used places on the first sheet", most=29)
        self.form = Form()
        self.form.section("", (self.paper,), (self.copies, self.skip))
        self.body.addWidget(self.form)
        self.succeeded.connect(self._show)
        self.copies.setFocus()

    def deed(self) -> Callable[[str], Any] | None:
        paper = self.paper.value() if self.form.check() else None
        if paper is None:
            return None
        copies, skip, fill = self.copies.value() or 1, self.skip.value() or 0, self.fill
        return lambda _override: draw(fill(), paper, copies, skip)

    def _show(self, pdf: bytes) -> None:
        from infusion_desktop.desktop.pdf_preview import PdfDialog

        folder: Path | None = self.context.folder
        PdfDialog(self.desk, "Labels", pdf, "labels.pdf", folder, self.near).show()


def draw(filled: "tuple[Label, ...]", paper: str, copies: int, skip: int) -> bytes:
    """The labels as a PDF; Refused for none or far too many."""
    from infusion_desktop.errors import Refused
    from reports.labels import LabelStock, render

    if not filled:
        raise Refused("Choose what the labels are for first.")
    if len(filled) * copies > MOST_LABELS:
        raise Refused(f"More than {MOST_LABELS:,} labels at once. Choose fewer.")
    stock = LabelStock[paper]
    every = [each for each in filled for _ in range(copies)]
    return render(every, stock, skip if stock.value.per_page > 1 else 0)
