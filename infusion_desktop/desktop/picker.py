"""Type to find: a field with the matching rows below it, asked for off the window's thread."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from infusion_desktop.desktop.buttons import ENTER
from infusion_desktop.desktop.jobs import Jobs
from infusion_desktop.desktop.labels import label
from infusion_desktop.files import storable

R = TypeVar("R")
_AFTER_MS = 150
_MOST = 50


class Picker(QWidget, Generic[R]):
    """Finds one row among many. ``find`` gets the typed text on a worker thread and gives frozen rows."""

    picked = Signal(object)

    def __init__(
        self,
        jobs: Jobs,
        find: Callable[[str], Sequence[R]],
        show: Callable[[R], str],
        *,
        placeholder: str = "Type to find",
        name: str = "Find",
        on_failure: Callable[[Exception], object] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._jobs, self._find, self._show, self._on_failure = jobs, find, show, on_failure
        self._turn = 0
        self.rows: list[R] = []
        self.field = QLineEdit()
        self.field.setPlaceholderText(placeholder)
        self.field.setAccessibleName(name)
        self.field.setClearButtonEnabled(True)
        self.list = QListWidget()
        self.list.setAccessibleName(f"{name}: what was found")
        self.list.setUniformItemSizes(True)
        self.note = label("", "small")
        self.setFocusProxy(self.field)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for part in (self.field, self.list, self.note):
            column.addWidget(part)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_AFTER_MS)
        self._typing.timeout.connect(lambda: self.search())
        self.field.textChanged.connect(lambda _text: self._typing.start())
        self.field.installEventFilter(self)
        self.field.returnPressed.connect(self._pick_current)
        self.list.itemActivated.connect(lambda _item: self._pick_current())
        self.list.itemClicked.connect(lambda _item: self._pick_current())

    def look_for(self, text: str) -> None:
        """Look for this, such as a scanned code, and pick it where it is the only one."""
        self.field.setText(text)
        self.search(pick=True)

    def search(self, *, pick: bool = False) -> None:
        """Look for what is typed, now; ``pick`` takes what is found where it is one row only."""
        self._typing.stop()
        self._turn += 1
        turn, typed = self._turn, storable(self.field.text()).strip()

        def found(rows: Sequence[R]) -> None:
            if turn == self._turn:
                self._fill(rows)
                if pick and len(rows) == 1:
                    self._pick_current()

        self._jobs.run(self, lambda: tuple(self._find(typed)), found, self._on_failure)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        moves = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() in moves:
            line = self.list.currentRow() + moves[Qt.Key(event.key())]
            self.list.setCurrentRow(max(0, min(self.list.count() - 1, line)))
            return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in ENTER:  # It picks here, and presses nothing around it.
            super().keyPressEvent(event)

    def _fill(self, rows: Sequence[R]) -> None:
        self.rows = list(rows[:_MOST])
        self.list.clear()
        for row in self.rows:
            self.list.addItem(QListWidgetItem(self._show(row)))
        if self.rows:
            self.list.setCurrentRow(0)
        more = f"The first {_MOST} are shown; type more to narrow." if len(rows) > _MOST else ""
        self.note.setText(more if rows else "Nothing found. Try a part of the name or a number.")

    def _pick_current(self) -> None:
        line: Any = self.list.currentRow()
        if 0 <= line < len(self.rows):
            self.picked.emit(self.rows[line])
