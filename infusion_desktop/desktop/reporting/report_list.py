"""The reports by room, with a search over their titles and what they say they count."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from infusion_desktop.reporting.report import Report, Room

_KEY = Qt.ItemDataRole.UserRole


class ReportList(QWidget):
    """Chooses a report; ``chosen`` carries its key."""

    chosen = Signal(str)

    def __init__(self, reports: Sequence[Report], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reports = {each.key: each for each in reports}
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a report")
        self.search.setAccessibleName("Filter reports")
        self.search.setClearButtonEnabled(True)
        self.list = QListWidget()
        self.list.setAccessibleName("Reports")
        self.list.setUniformItemSizes(True)
        for room in dict.fromkeys(sorted((each.room for each in reports), key=list(Room).index)):
            heading = QListWidgetItem(room.value.upper())
            heading.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(heading)
            for each in reports:
                if each.room is room:
                    item = QListWidgetItem(f"   {each.title}")
                    item.setData(_KEY, each.key)
                    item.setToolTip(each.definition)
                    self.list.addItem(item)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.search)
        column.addWidget(self.list, 1)
        self.setFixedWidth(236)
        self._key = reports[0].key
        self.choose(self._key)
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self._take_first)
        self.list.currentItemChanged.connect(self._changed)

    @property
    def report(self) -> Report:
        """The chosen report."""
        return self._reports[self._key]

    def choose(self, key: str) -> None:
        """Choose a report by its key; nothing happens for one that is not offered."""
        for item in self._items():
            if item.data(_KEY) == key:
                self.list.setCurrentItem(item)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down and self.search.hasFocus():
            self.list.setFocus()
        else:
            super().keyPressEvent(event)

    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(row) for row in range(self.list.count())]

    def _filter(self, text: str) -> None:
        """Show reports whose title, room or definition has all the words typed; headings only above something."""
        words = text.casefold().split()
        heading: QListWidgetItem | None = None
        for item in self._items():
            key = item.data(_KEY)
            if key is None:
                heading = item
                item.setHidden(True)
                continue
            each = self._reports[key]
            told = f"{each.title} {each.room.value} {each.definition}".casefold()
            item.setHidden(not all(word in told for word in words))
            if heading is not None and not item.isHidden():
                heading.setHidden(False)

    def _take_first(self) -> None:
        first = next((item for item in self._items() if item.data(_KEY) and not item.isHidden()), None)
        if first is not None:
            self.list.setCurrentItem(first)
            self.list.setFocus()

    def _changed(self, item: QListWidgetItem | None) -> None:
        key = None if item is None else item.data(_KEY)
        if key is not None and key != self._key:
            self._key = key
            self.chosen.emit(key)
