"""Bars with names and figures, drawn by the window itself: readable without colour, pressed to see what is behind."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from infusion_desktop.desktop import theme
from infusion_desktop.desktop.colours import Tone

ROW = 26
GAP = 10
LEAST_BAR = 2.0
GROUP_GAP = 9.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its name, its size, its figure as people read it, and how it stands. Below zero it points left."""

    name: str
    size: float
    figure: str
    tone: Tone = Tone.INFO
    group: str = ""
    """What it stands under, such as a month: told once, before the first of its bars."""


class BarChart(QWidget):
    """Bars from top to bottom, each with its name at the left and its figure at its end; ``pressed`` carries its place.

    Up and Down choose a bar, Enter presses it. What is drawn is read out as text too. ``empty`` is said where no bar
    is.
    """

    pressed = Signal(int)

    def __init__(self, name: str, empty: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._empty = empty
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.bars: tuple[Bar, ...] = ()
        self._tops: list[float] = []
        self._chosen = 0

    def show_bars(self, bars: Sequence[Bar]) -> None:
        """Draw these bars."""
        self.bars, self._chosen = tuple(bars), 0
        self._tops = []
        for place, bar in enumerate(self.bars):
            begins = place > 0 and bar.group != self.bars[place - 1].group
            self._tops.append((self._tops[-1] + ROW if self._tops else 0.0) + (GROUP_GAP if begins else 0.0))
        told = "; ".join(f"{bar.group} {bar.name} {bar.figure}".strip() for bar in self.bars)
        self.setAccessibleDescription(told or self._empty)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, int(self._tops[-1]) + ROW + 4 if self._tops else ROW + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(220, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        colours, metrics = theme.colours(), self.fontMetrics()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.bars:
            painter.setPen(QColor(colours.muted))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, self._empty)
            return
        names = min(self.width() * 0.42, max(metrics.horizontalAdvance(bar.name) for bar in self.bars) + 4.0)
        widest = max(metrics.horizontalAdvance(bar.group) for bar in self.bars)
        groups = widest + 14.0 if widest else 0.0
        figures = max(metrics.horizontalAdvance(bar.figure) for bar in self.bars) + 4.0
        for place, bar in enumerate(self.bars):
            begins = place == 0 or bar.group != self.bars[place - 1].group
            if begins and bar.group:
                painter.setPen(QColor(colours.muted))
                middle = int(Qt.AlignmentFlag.AlignVCenter)
                painter.drawText(QRectF(0, self._tops[place] + 2, groups, ROW - 4), middle, bar.group)
            self._draw(painter, metrics, place, bar, groups, names, figures)
        painter.end()

    def _draw(
        self, painter: QPainter, metrics: QFontMetrics, place: int, bar: Bar, left: float, names: float, figures: float
    ) -> None:
        colours, top = theme.colours(), self._tops[place] + 2.0
        room = max(20.0, self.width() - left - names - figures - 2 * GAP)
        most = max((abs(each.size) for each in self.bars), default=0.0)
        below = any(each.size < 0 for each in self.bars)
        zero = left + names + GAP + (room / 2 if below else 0.0)
        length = (room / 2 if below else room) * abs(bar.size) / most if most else 0.0
        length = max(length, LEAST_BAR if bar.size else 0.0)
        painter.setPen(QColor(colours.text))
        flags = int(Qt.AlignmentFlag.AlignVCenter)
        shown = metrics.elidedText(bar.name, Qt.TextElideMode.ElideRight, int(names))
        painter.drawText(QRectF(left, top, names, ROW - 4), flags, shown)
        ink, _ground = colours.of(bar.tone)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(ink))
        begins = zero - length if bar.size < 0 else zero
        painter.drawRoundedRect(QRectF(begins, top + 4, length, ROW - 12), 3, 3)
        painter.setPen(QColor(colours.muted))
        right = flags | int(Qt.AlignmentFlag.AlignRight)
        painter.drawText(QRectF(self.width() - figures, top, figures, ROW - 4), right, bar.figure)
        if self.hasFocus() and place == self._chosen:
            painter.setPen(QColor(colours.accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(0.5, top - 1, self.width() - 1, ROW - 2), 4, 4)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        spot = event.position().y()
        self._press(next((place for place, top in enumerate(self._tops) if top <= spot < top + ROW), -1))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
        if event.key() in moves and self.bars:
            self._chosen = max(0, min(len(self.bars) - 1, self._chosen + moves[Qt.Key(event.key())]))
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._press(self._chosen)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def _press(self, place: int) -> None:
        if 0 <= place < len(self.bars):
            self._chosen = place
            self.update()
            self.pressed.emit(place)
