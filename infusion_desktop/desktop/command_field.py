"""Ctrl+K: one field that finds records and commands; searches run off the window's thread."""

from collections.abc import Callable, Sequence
from functools import cached_property

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, QTimer
from PySide6.QtGui import QIcon, QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from infusion_desktop.desktop import icons, theme
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.jobs import Jobs
from infusion_desktop.desktop.labels import icon_label, label
from infusion_desktop.desktop.places import Command, Hit, Search, matching
from infusion_desktop.files import storable

_AFTER_MS = 140
_MOST = 12
_ROW = 38


class CommandField(QLineEdit):
    """Typing shows commands at once and records as they are found; Enter takes the marked line."""

    def __init__(
        self,
        window: QWidget,
        jobs: Jobs,
        context: Context,
        open_hit: Callable[[Hit], object],
        on_failure: Callable[[Exception], object],
    ) -> None:
        super().__init__(window)
        self.setObjectName("commandField")
        self.setPlaceholderText("Search or type a command   Ctrl+K")
        self.setAccessibleName("Search and commands")
        self.setMinimumWidth(300)
        self.setMaximumWidth(460)
        self.commands: list[Command] = []
        self.searches: list[Search] = []
        self._jobs, self._context, self._open_hit, self._on_failure = jobs, context, open_hit, on_failure
        self._turn = 0
        self._offers: list[Command | Hit] = []
        icon_label("search", "muted", 18, self).move(11, 8)
        window.installEventFilter(self)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_AFTER_MS)
        self._typing.timeout.connect(self.search)
        self.textEdited.connect(self._edited)
        self.returnPressed.connect(self.take)

    def start(self) -> None:
        """Be ready for typing, from anywhere."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()
        self._offer(matching(self.commands, self.text(), self._context), ())

    def search(self) -> None:
        """Look for what is typed, now."""
        self._typing.stop()
        typed, self._turn = storable(self.text()).strip(), self._turn + 1
        turn, found_commands = self._turn, matching(self.commands, typed, self._context)
        if not typed:
            self._offer(found_commands, ())
            return

        def show(hits: Sequence[Hit]) -> None:
            if turn == self._turn and self.hasFocus():
                self._offer(found_commands, hits)

        searches = tuple(self.searches)
        self._jobs.run(self, lambda: [hit for each in searches for hit in each(typed)], show, self._on_failure)

    def take(self) -> None:
        """Do the marked command or open the marked record."""
        line = self.list.currentRow()
        if self.popup.isVisible() and 0 <= line < len(self._offers):
            chosen = self._offers[line]
            self.close_popup()
            self.clear()
            self.clearFocus()  # What is opened gets the keys.
            if isinstance(chosen, Command):
                chosen.run()
            else:
                self._open_hit(chosen)

    def close_popup(self) -> None:
        """Hide what is offered; answers still under way are dropped."""
        self._turn += 1
        self._typing.stop()
        if "popup" in self.__dict__:
            self.popup.hide()

    def offers(self) -> list[str]:
        """What is offered now, from top to bottom."""
        return [offer.title for offer in self._offers]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
        if event.key() in moves and self.popup.isVisible():
            line = (self.list.currentRow() + moves[Qt.Key(event.key())]) % max(1, len(self._offers))
            self.list.setCurrentRow(line)
        elif event.key() == Qt.Key.Key_Escape:
            self.clear()
            self.close_popup()
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.window() and event.type() in (QEvent.Type.Resize, QEvent.Type.MouseButtonPress):
            self.close_popup()
        return super().eventFilter(watched, event)

    def focusOutEvent(self, event: object) -> None:
        super().focusOutEvent(event)  # type: ignore[arg-type]  # Qt hands over a QFocusEvent
        if "popup" not in self.__dict__ or not self.list.underMouse():
            self.close_popup()

    def _edited(self, typed: str) -> None:
        self._offer(matching(self.commands, typed, self._context), ())
        self._typing.start()

    def _offer(self, commands: Sequence[Command], hits: Sequence[Hit]) -> None:
        self._offers = [*hits[:_MOST], *commands[: max(4, _MOST - len(hits))]]
        colours = theme.colours()
        assert self.popup is not None  # Made before its list and note are shown: alone they would be windows.
        self.list.clear()
        for offer in self._offers:
            item = QListWidgetItem(QIcon(icons.pixmap(offer.icon, colours.muted, 20)), offer.title)
            item.setText(f"{offer.title}   ·   {offer.detail}" if offer.detail else offer.title)
            item.setSizeHint(QSize(100, _ROW))
            self.list.addItem(item)
        if self._offers:
            self.list.setCurrentRow(0)
        typed = bool(self.text().strip())
        self.note.setText("" if self._offers or not typed else "Nothing found. Try a part of the name or a number.")
        self.note.setVisible(bool(self.note.text()))
        self._place_popup()

    @cached_property
    def popup(self) -> QFrame:
        """The frame below the field; made when something is first offered, so that no start waits for it."""
        popup = QFrame(self.window())
        popup.setObjectName("commandList")
        column = QVBoxLayout(popup)
        column.setContentsMargins(6, 6, 6, 6)
        column.addWidget(self.list)
        column.addWidget(self.note)
        popup.hide()
        return popup

    @cached_property
    def list(self) -> QListWidget:
        """What was found."""
        found = QListWidget()
        found.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        found.setAccessibleName("What was found")
        found.setIconSize(QSize(20, 20))
        found.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        found.itemClicked.connect(lambda _item: self.take())
        return found

    @cached_property
    def note(self) -> QLabel:
        """The sentence where nothing was found."""
        return label("", "muted")

    def _place_popup(self) -> None:
        width = max(self.width(), 460)
        corner = self.mapTo(self.window(), QPoint(self.width() - width, self.height() + 6))
        self.list.setVisible(bool(self._offers))
        height = len(self._offers) * _ROW + 20 if self._offers else 56
        room = self.window().height() - corner.y() - 20
        self.popup.setGeometry(max(8, corner.x()), corner.y(), width, min(height, room))
        self.popup.show()
        self.popup.raise_()
