"""A pad to sign on with mouse, pen or finger; the signature becomes a small PNG."""

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QImageWriter, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from infusion_desktop.desktop import theme


class SignaturePad(QWidget):
    """Draw to sign. ``png()`` gives black ink on white, b"" while nothing is drawn."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Signature")
        self.setMinimumSize(360, 130)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self._strokes: list[QPainterPath] = []

    @property
    def is_blank(self) -> bool:
        return not self._strokes

    def clear(self) -> None:
        """Start again."""
        self._strokes.clear()
        self.update()
        self.changed.emit()

    def png(self) -> bytes:
        """The signature as PNG, twice the size on screen; b"" while blank."""
        if self.is_blank:
            return b""
        picture = QImage(self.width() * 2, self.height() * 2, QImage.Format.Format_Grayscale8)
        picture.fill(Qt.GlobalColor.white)
        painter = QPainter(picture)
        painter.scale(2, 2)
        self._draw(painter, QColor("black"))
        painter.end()
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        QImageWriter(buffer, QByteArray(b"png")).write(picture)
        return bytes(buffer.data().data())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        start = QPainterPath(event.position())
        start.lineTo(event.position() + QPointF(0.1, 0.1))
        self._strokes.append(start)
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._strokes:
            self._strokes[-1].lineTo(event.position())
            self.update()

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self.changed.emit()

    def paintEvent(self, _event: QPaintEvent) -> None:
        shown = theme.colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(shown.line_strong), 1))
        painter.setBrush(QColor(shown.surface))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 7, 7)
        line = self.height() - 32
        painter.drawLine(20, line, self.width() - 20, line)
        painter.setPen(QColor(shown.faint))
        painter.drawText(20, line + 20, "Sign above the line")
        self._draw(painter, QColor(shown.text))
        painter.end()

    def _draw(self, painter: QPainter, ink: QColor) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(ink, 2.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        for stroke in self._strokes:
            painter.drawPath(stroke)
