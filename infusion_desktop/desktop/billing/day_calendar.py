"""A month of therapies, one row each, one cell a day: what is billed, what is held, what does not count and why."""

from collections.abc import Sequence
from datetime import date

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QVBoxLayout, QWidget

from infusion_desktop.billing.months.day_view import DayCell, DayKind, DayView, TherapyDays
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.theme import colours

ROW_PIXELS = 30
HEAD_PIXELS = 22
NAME_PIXELS = 190
_MARKS = {DayKind.BILLED: "✓", DayKind.HELD: "…", DayKind.LEFT_OUT: "–"}
_TONES = {DayKind.BILLED: Tone.GOOD, DayKind.HELD: Tone.WARN, DayKind.LEFT_OUT: Tone.BAD}


class _Grid(QWidget):
    """Paints the cells; arrow keys and the mouse walk over them."""

    pointed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName("Days of the month")
        self.days: Sequence[date] = ()
        self.rows: Sequence[TherapyDays] = ()
        self._cells: list[dict[date, DayCell]] = []
        self._at = (0, 0)

    def show_view(self, view: DayView | None) -> None:
        """Show a month; None shows nothing."""
        self.days = tuple(view.month) if view is not None else ()
        self.rows = view.rows if view is not None else ()
        self._cells = [{cell.day: cell for cell in row.cells} for row in self.rows]
        self._at = (0, 0)
        self.setFixedHeight(HEAD_PIXELS + ROW_PIXELS * max(1, len(self.rows)))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(720, HEAD_PIXELS + ROW_PIXELS * max(1, len(self.rows)))

    def cell_at(self, place: QPoint) -> DayCell | None:
        """The day under a point, if a therapy ran on it."""
        if not self.days or place.x() < NAME_PIXELS or place.y() < HEAD_PIXELS:
            return None
        column = int((place.x() - NAME_PIXELS) / self._wide)
        row = (place.y() - HEAD_PIXELS) // ROW_PIXELS
        if not (0 <= column < len(self.days) and 0 <= row < len(self.rows)):
            return None
        return self._cells[row].get(self.days[column])

    @property
    def _wide(self) -> float:
        return max(8.0, (self.width() - NAME_PIXELS) / max(1, len(self.days)))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shown, wide = colours(), self._wide
        small = painter.font()
        small.setPointSizeF(max(7.5, small.pointSizeF() - 1.5))
        painter.setFont(small)
        painter.setPen(QColor(shown.muted))
        for column, day in enumerate(self.days):
            box = QRectF(NAME_PIXELS + column * wide, 0, wide, HEAD_PIXELS)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(day.day))
        for line, row in enumerate(self.rows):
            top = HEAD_PIXELS + line * ROW_PIXELS
            painter.setFont(self.font())
            painter.setPen(QColor(shown.text))
            name = painter.fontMetrics().elidedText(row.name, Qt.TextElideMode.ElideRight, NAME_PIXELS - 44)
            painter.drawText(QRectF(0, top, NAME_PIXELS - 40, ROW_PIXELS), Qt.AlignmentFlag.AlignVCenter, name)
            painter.setPen(QColor(shown.muted))
            count = QRectF(NAME_PIXELS - 40, top, 30, ROW_PIXELS)
            painter.drawText(count, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, str(row.billed))
            painter.setFont(small)
            for column, day in enumerate(self.days):
                self._paint_cell(painter, line, column, self._cells[line].get(day), wide)
        painter.end()

    def _paint_cell(self, painter: QPainter, line: int, column: int, cell: DayCell | None, wide: float) -> None:
        shown = colours()
        box = QRectF(NAME_PIXELS + column * wide + 1, HEAD_PIXELS + line * ROW_PIXELS + 3, wide - 2, ROW_PIXELS - 6)
        text, ground = shown.of(_TONES[cell.kind]) if cell is not None else (shown.faint, shown.window)
        border = QColor(text)
        border.setAlphaF(0.35 if cell is not None else 0.0)
        painter.setPen(QPen(border, 1))
        painter.setBrush(QColor(ground))
        painter.drawRoundedRect(box, 3, 3)
        if cell is not None:
            painter.setPen(QColor(text))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, cell.mark or _MARKS[cell.kind])
        if self.hasFocus() and self._at == (line, column):
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(shown.accent), 2))
            painter.drawRoundedRect(box, 3, 3)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}
        step = steps.get(Qt.Key(event.key()))
        if step is None or not self.rows:
            super().keyPressEvent(event)
            return
        line = min(max(self._at[0] + step[0], 0), len(self.rows) - 1)
        column = min(max(self._at[1] + step[1], 0), len(self.days) - 1)
        self._at = (line, column)
        cell = self._cells[line].get(self.days[column])
        self.pointed.emit(cell.why if cell is not None else "This therapy did not run that day.")
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        cell = self.cell_at(event.position().toPoint())
        if cell is not None:
            self.pointed.emit(cell.why)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            cell = self.cell_at(event.pos())
            QToolTip.showText(event.globalPos(), cell.why if cell is not None else "", self)
            return True
        return super().event(event)


class DayCalendar(QWidget):
    """The calendar with the sentence of the day that is pointed at."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.grid = _Grid(self)
        self.told = label("", "muted", wrap=True)
        self.grid.pointed.connect(self.told.setText)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.grid)
        column.addWidget(self.told)
        self.say("Select a claim to see its days.")

    def show_view(self, view: DayView) -> None:
        """Show a patient's month."""
        self.grid.show_view(view)
        out = [cell for row in view.rows for cell in row.cells if cell.kind is not DayKind.BILLED]
        without = sum(cell.mark == "!" for row in view.rows for cell in row.cells)
        told = f"{sum(row.billed for row in view.rows)} days billed"
        told += f", {len(out)} not" if out else ""
        told += f", {without} without a delivery behind them (!)" if without else ""
        self.told.setText(f"{told}. Point at a day, or walk with the arrow keys, to read why.")

    def say(self, sentence: str) -> None:
        """Show a sentence instead of a month."""
        self.grid.show_view(None)
        self.told.setText(sentence)
