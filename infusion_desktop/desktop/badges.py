"""Cells of a table: room at both sides, and a badge with icon and colour where a column gives a tone."""

from html import escape

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from infusion_desktop.desktop import icons, theme
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.table import TONE_ROLE

_SIDE = 10
_ICON = 16


class CellDelegate(QStyledItemDelegate):
    """Paints text cells itself: several times quicker than a styled item, and elided in the same way."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        shown = theme.colours()
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        is_hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        rect: QRect = option.rect
        if is_selected:
            painter.fillRect(rect, QColor(shown.selected))
        elif is_hovered:
            painter.fillRect(rect, QColor(shown.raised))
        text = str(index.data())
        tone = index.data(TONE_ROLE)
        if isinstance(tone, Tone) and text:
            _paint_badge(painter, rect, text, tone, option)
        else:
            painter.setPen(QColor(shown.selected_text if is_selected else shown.text))
            alignment = Qt.AlignmentFlag(index.data(Qt.ItemDataRole.TextAlignmentRole))
            room = rect.adjusted(_SIDE, 0, -_SIDE, 0)
            one_line = text.replace("\n", " ")
            painter.drawText(
                room, alignment, option.fontMetrics.elidedText(one_line, Qt.TextElideMode.ElideRight, room.width())
            )
        painter.setPen(QColor(shown.line))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        widget = option.widget
        if option.state & QStyle.StateFlag.State_HasFocus and isinstance(widget, QWidget):
            painter.setPen(QColor(shown.accent))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))

    def helpEvent(
        self,
        event: QHelpEvent,
        view: QAbstractItemView,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> bool:
        """A cell that is cut tells its whole text under the pointer, where its column has nothing else to tell."""
        text = str(index.data() or "")
        is_cut = self.sizeHint(option, index).width() > option.rect.width()
        if is_cut and event.type() == QEvent.Type.ToolTip and not index.data(Qt.ItemDataRole.ToolTipRole):
            QToolTip.showText(event.globalPos(), f"<span>{escape(text)}</span>", view)
            return True
        return bool(super().helpEvent(event, view, option, index))

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        extra = _ICON + 2 * 8 + 6 if index.data(TONE_ROLE) else 0
        return QSize(option.fontMetrics.horizontalAdvance(str(index.data())) + 2 * _SIDE + extra, 32)


def _paint_badge(painter: QPainter, rect: QRect, text: str, tone: Tone, option: QStyleOptionViewItem) -> None:
    colour, ground = theme.colours().of(tone)
    metrics = option.fontMetrics
    width = min(metrics.horizontalAdvance(text) + _ICON + 22, rect.width() - _SIDE)
    pill = QRectF(rect.left() + _SIDE - 4, rect.center().y() - 12, width, 25)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(ground))
    painter.drawRoundedRect(pill, 7, 7)
    ratio = painter.device().devicePixelRatio()
    picture = icons.pixmap(tone.value, colour, _ICON, ratio)
    painter.drawPixmap(int(pill.left()) + 6, int(pill.center().y()) - _ICON // 2, picture)
    painter.setPen(QColor(colour))
    room = pill.adjusted(_ICON + 11, 0, -6, 0)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(room.width()) + 1)
    painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), shown)
    painter.restore()
