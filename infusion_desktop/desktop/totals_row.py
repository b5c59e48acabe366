"""A list's totals: one line that stays below the rows, each figure under its column."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QTableView, QTableWidget, QTableWidgetItem, QWidget

from infusion_desktop.desktop.badges import CellDelegate

ROW_PIXELS = 34


class TotalsRow(QTableWidget):
    """Follows the columns of a table: their widths, order, hiding and scrolling. Hidden while there is nothing."""

    def __init__(self, grid: QTableView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = grid
        self.setAccessibleName("Totals")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setItemDelegate(CellDelegate(self))
        self.setShowGrid(False)
        font = self.font()
        font.setBold(True)
        self.setFont(font)
        self.setWordWrap(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setMinimumSectionSize(ROW_PIXELS)
        self.verticalHeader().setDefaultSectionSize(ROW_PIXELS)
        self.horizontalHeader().hide()
        self.horizontalHeader().setMinimumSectionSize(0)
        self.setFixedHeight(ROW_PIXELS + 2)
        self.hide()
        header = grid.horizontalHeader()
        header.sectionResized.connect(lambda place, _old, new: self._resize(place, new))
        header.sectionMoved.connect(lambda _place, old, new: self.horizontalHeader().moveSection(old, new))
        grid.horizontalScrollBar().valueChanged.connect(lambda _value: self._scroll())
        grid.horizontalScrollBar().rangeChanged.connect(lambda _least, _most: self._scroll())

    def show_totals(self, texts: Sequence[str], numeric: Sequence[bool]) -> None:
        """Show a text for each column; nothing at all hides the line."""
        self.clearSpans()
        self.setRowCount(1 if texts else 0)
        self.setColumnCount(len(texts))
        for place, (text, is_number) in enumerate(zip(texts, numeric, strict=True)):
            item = QTableWidgetItem(text)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
            side = Qt.AlignmentFlag.AlignRight if is_number else Qt.AlignmentFlag.AlignLeft
            item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.setItem(0, place, item)
            self._resize(place, self._grid.columnWidth(place))
        empty = next((place for place in range(1, len(texts)) if texts[place]), len(texts))
        if empty > 1:
            self.setSpan(0, 0, 1, empty)  # A sentence, such as "98 of 102 on time", may use the empty columns after it.
        self.setVisible(bool(texts))

    def texts(self) -> list[str]:
        """What is shown, column by column."""
        found = [self.item(0, place) for place in range(self.columnCount())] if self.rowCount() else []
        return [item.text() if item is not None else "" for item in found]

    def _resize(self, place: int, width: int) -> None:
        if place < self.columnCount():
            self.setColumnHidden(place, width == 0)
            self.setColumnWidth(place, width)

    def _scroll(self) -> None:
        own, theirs = self.horizontalScrollBar(), self._grid.horizontalScrollBar()
        own.setRange(theirs.minimum(), theirs.maximum())
        own.setValue(theirs.value())
