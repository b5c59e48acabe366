"""The lines of a plan: what is needed, what the patient counted at home, what is sent, and why."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from infusion_desktop.deliveries.screen_queries import PreviewLine
from infusion_desktop.desktop.counts import CountField
from infusion_desktop.desktop.labels import label
from infusion_desktop.stock.words import ItemId

_HEADINGS = ("Item", "At home", "Needed", "To send", "Why")


class PlanLines(QWidget):
    """Rows with a field for the count at home; ``changed`` when a count or an optional item was changed."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[ItemId, CountField] = {}
        self.options: dict[ItemId, QCheckBox] = {}
        self._texts: dict[ItemId, tuple[QLabel, QLabel, QLabel]] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(12)
        self._rows: QWidget | None = None
        self._more: QWidget | None = None
        self._column.addStretch(1)

    def clear(self) -> None:
        """Show nothing."""
        self._show_rows(())
        self._show_options(())

    def show_lines(self, lines: Sequence[PreviewLine], optional: Sequence[tuple[ItemId, str]]) -> None:
        """Show these; counts that were typed stay."""
        if list(self.counts) != [line.item_id for line in lines]:
            self._show_rows(lines)
        for line in lines:
            needed, to_send, why = self._texts[line.item_id]
            needed.setText(f"{line.needed:,}")
            to_send.setText(f"{line.to_send:,} {line.unit}")
            why.setText(line.why)
        if list(self.options) != [item for item, _name in optional]:
            self._show_options(optional)

    def typed_counts(self) -> Mapping[ItemId, int]:
        """What was counted, by item."""
        found = {item: field.number() for item, field in self.counts.items()}
        return {item: number for item, number in found.items() if number is not None}

    def chosen(self) -> tuple[ItemId, ...]:
        """The optional items that are wanted."""
        return tuple(item for item, box in self.options.items() if box.isChecked())

    def check(self) -> bool:
        """Whether every count is a number or blank."""
        wrong = [field for field in self.counts.values() if not field.show_whether_right()]
        return not wrong

    def _show_rows(self, lines: Sequence[PreviewLine]) -> None:
        typed = {item: field.text() for item, field in self.counts.items()}
        focused = next((item for item, field in self.counts.items() if field.hasFocus()), None)
        if self._rows is not None:
            self._rows.setParent(None)
            self._rows.deleteLater()
        self.counts, self._texts, self._rows = {}, {}, None
        if not lines:
            return
        rows = QWidget()
        grid = QGridLayout(rows)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(9)
        for place, heading in enumerate(_HEADINGS):
            side = Qt.AlignmentFlag.AlignRight if place in (1, 2, 3) else Qt.AlignmentFlag.AlignLeft
            grid.addWidget(label(heading, "caption"), 0, place, side)
        grid.setColumnStretch(0, 5)
        grid.setColumnStretch(4, 6)
        for turn, line in enumerate(lines, 1):
            self._add_row(grid, turn, line, typed.get(line.item_id, ""))
        self._rows = rows
        self._column.insertWidget(0, rows)
        if focused in self.counts:
            self.counts[focused].setFocus()

    def _add_row(self, grid: QGridLayout, turn: int, line: PreviewLine, typed: str) -> None:
        field = CountField(line.item_name)
        field.setText(typed)
        field.setPlaceholderText(str(line.by_books) if line.by_books else "")
        if line.by_books:
            field.setToolTip(f"Our books say {line.by_books:,} {line.unit}")
        field.textEdited.connect(lambda _text: self.changed.emit())
        name = label(line.item_name, wrap=True)
        name.setToolTip(line.item_number)
        needed, to_send, why = label(""), label("", "strong"), label("", "small", wrap=True)
        middle, right = Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignRight
        grid.addWidget(name, turn, 0, middle)
        grid.addWidget(field, turn, 1, middle | right)
        grid.addWidget(needed, turn, 2, middle | right)
        grid.addWidget(to_send, turn, 3, middle | right)
        grid.addWidget(why, turn, 4, middle)
        self.counts[line.item_id] = field
        self._texts[line.item_id] = (needed, to_send, why)

    def _show_options(self, optional: Sequence[tuple[ItemId, str]]) -> None:
        if self._more is not None:
            self._more.setParent(None)
            self._more.deleteLater()
        self.options, self._more = {}, None
        if not optional:
            return
        more = QWidget()
        column = QVBoxLayout(more)
        column.setContentsMargins(0, 6, 0, 0)
        column.addWidget(label("May go along", "caption"))
        for item, name in optional:
            box = QCheckBox(name.replace("&", "&&"))
            box.toggled.connect(lambda _on: self.changed.emit())
            column.addWidget(box)
            self.options[item] = box
        self._more = more
        self._column.insertWidget(self._column.count() - 1, more)
