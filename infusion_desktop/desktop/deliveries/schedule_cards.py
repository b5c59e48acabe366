"""Deliveries as cards in columns: drawn small, opened with Enter, dragged with the mouse or moved with the keyboard."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QByteArray, QMimeData, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QDragEnterEvent, QDragMoveEvent, QDropEvent, QFont, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from infusion_desktop.desktop import icons, theme
from infusion_desktop.desktop.colours import Tone

MIME = "application/x-delivery-cards"
HIGH = 54
_CARD_ROLE = Qt.ItemDataRole.UserRole + 7


@dataclass(frozen=True, slots=True)
class Card:
    """What a card shows. ``id`` is the delivery's; None on a card that is only expected and cannot be moved."""

    id: int | None
    title: str
    detail: str
    hint: str = ""
    tone: Tone = Tone.NEUTRAL
    cold: bool = False
    mark: str = ""
    """A short word at the right, such as the stop's number."""


class _CardPainter(QStyledItemDelegate):
    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        card = index.data(_CARD_ROLE)
        if not isinstance(card, Card):
            return
        shown = theme.colours()
        colour, _ground = shown.of(card.tone)
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        rect: QRect = option.rect.adjusted(3, 2, -3, -2)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(shown.accent if is_selected else shown.line))
        painter.setBrush(QColor(shown.selected if is_selected else shown.surface))
        painter.drawRoundedRect(rect, 6, 6)
        painter.fillRect(QRect(rect.left() + 1, rect.top() + 6, 3, rect.height() - 12), QColor(colour))
        room = rect.adjusted(11, 5, -8, -5)
        mark_wide = self._mark(painter, room, card, option, shown.muted)
        bold = QFont(option.font)
        bold.setWeight(QFont.Weight.DemiBold)
        painter.setFont(bold)
        ghost = card.id is None
        painter.setPen(QColor(shown.muted if ghost else shown.selected_text if is_selected else shown.text))
        line = QRect(room.left(), room.top(), room.width() - mark_wide, room.height() // 2)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, _cut(painter, card.title, line.width()))
        painter.setFont(option.font)
        painter.setPen(QColor(shown.muted))
        below = QRect(room.left(), room.top() + room.height() // 2, room.width(), room.height() // 2)
        if card.cold:
            below.setLeft(below.left() + 19)
            picture = icons.pixmap("cold", shown.info, 15, painter.device().devicePixelRatio())
            painter.drawPixmap(room.left(), below.center().y() - 7, picture)
        painter.drawText(below, Qt.AlignmentFlag.AlignVCenter, _cut(painter, card.detail, below.width()))
        painter.restore()

    def _mark(self, painter: QPainter, room: QRect, card: Card, option: QStyleOptionViewItem, colour: str) -> int:
        if not card.mark:
            return 0
        wide = option.fontMetrics.horizontalAdvance(card.mark) + 6
        painter.setPen(QColor(colour))
        top = QRect(room.right() - wide + 6, room.top(), wide, room.height() // 2)
        painter.drawText(top, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, card.mark)
        return wide

    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(90, HIGH)


def _cut(painter: QPainter, text: str, room: int) -> str:
    return painter.fontMetrics().elidedText(text.replace("\n", " "), Qt.TextElideMode.ElideRight, room)


class CardList(QListWidget):
    """A column of cards. ``dropped`` tells which cards were put here and before which row."""

    opened = Signal(int)
    chosen = Signal(int)
    dropped = Signal(object, list, int)
    stepped = Signal(object, list, int, int)
    """This column's key, the marked cards, and how many columns and rows they shall move (Ctrl and an arrow)."""

    def __init__(self, key: object, name: str, *, may_move: bool) -> None:
        super().__init__()
        self.key = key
        self._may_move = may_move
        self.setAccessibleName(name)
        self.setItemDelegate(_CardPainter(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        self.setDragEnabled(may_move)
        self.setAcceptDrops(may_move)
        self.setDropIndicatorShown(True)
        self.setDragDropMode(
            QAbstractItemView.DragDropMode.DragDrop if may_move else QAbstractItemView.DragDropMode.NoDragDrop
        )
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.itemActivated.connect(self._activated)
        self.currentRowChanged.connect(self._current)

    def set_cards(self, cards: Sequence[Card]) -> None:
        """Show these; what was marked stays marked."""
        marked = set(self.marked())
        self.blockSignals(True)
        self.clear()
        for card in cards:
            item = QListWidgetItem()
            item.setData(_CARD_ROLE, card)
            item.setToolTip(card.hint)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{card.title}, {card.detail}. {card.hint}")
            if card.id is None:
                item.setFlags(Qt.ItemFlag.ItemIsEnabled)
            self.addItem(item)
            item.setSelected(card.id in marked)
        self.blockSignals(False)

    def cards(self) -> list[Card]:
        """The cards in their order."""
        return [self.item(row).data(_CARD_ROLE) for row in range(self.count())]

    def marked(self) -> list[int]:
        """The ids of the marked cards, in their order."""
        rows = sorted(self.row(item) for item in self.selectedItems())
        return [card.id for card in (self.item(row).data(_CARD_ROLE) for row in rows) if card.id is not None]

    def mark(self, card_id: int) -> None:
        """Mark one card and bring it into view."""
        for row, card in enumerate(self.cards()):
            if card.id == card_id:
                self.setCurrentRow(row)

    def mimeTypes(self) -> list[str]:
        return [MIME]

    def mimeData(self, _items: Sequence[QListWidgetItem]) -> QMimeData:
        return mime_of(self.marked())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._accept(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        super().dragMoveEvent(event)
        self._accept(event)

    def dropEvent(self, event: QDropEvent) -> None:
        ids = ids_of(event.mimeData())
        if not ids or not self._may_move:
            event.ignore()
            return
        point = event.position().toPoint()
        under = self.itemAt(point)
        row = self.count()
        if under is not None:
            row = self.row(under) + (point.y() > self.visualItemRect(under).center().y())
        event.setDropAction(Qt.DropAction.CopyAction)  # The list itself moves nothing: it shows what the deed did.
        event.accept()
        self.dropped.emit(self.key, ids, row)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
        }  # fmt: skip
        step = steps.get(Qt.Key(event.key()))
        if step is not None and event.modifiers() & Qt.KeyboardModifier.ControlModifier and self._may_move:
            if self.marked():
                self.stepped.emit(self.key, self.marked(), *step)
            return
        super().keyPressEvent(event)

    def _accept(self, event: QDragEnterEvent | QDragMoveEvent) -> None:
        if self._may_move and event.mimeData().hasFormat(MIME):
            event.acceptProposedAction()
        else:
            event.ignore()

    def _activated(self, item: QListWidgetItem) -> None:
        card = item.data(_CARD_ROLE)
        if isinstance(card, Card) and card.id is not None:
            self.opened.emit(card.id)

    def _current(self, row: int) -> None:
        card = self.item(row).data(_CARD_ROLE) if row >= 0 else None
        if isinstance(card, Card) and card.id is not None:
            self.chosen.emit(card.id)


def mime_of(ids: Sequence[int]) -> QMimeData:
    """What is dragged: the deliveries' ids and nothing else, because other programs may see it."""
    data = QMimeData()
    data.setData(MIME, QByteArray(json.dumps(list(ids)).encode()))
    return data


def ids_of(data: QMimeData) -> list[int]:
    """The deliveries that are dragged; none for anything else."""
    if not data.hasFormat(MIME):
        return []
    return [each for each in json.loads(bytes(data.data(MIME).data())) if isinstance(each, int)]
