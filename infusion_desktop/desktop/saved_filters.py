"""The row of filters a person keeps of a list, and the button that keeps what is filtered now."""

from collections.abc import Callable, Collection

from PySide6.QtCore import QPoint, QTimer, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QMenu, QPushButton, QVBoxLayout, QWidget

from infusion_desktop.access.saved_filters import LONGEST_TITLE, LONGEST_WORDS, Filter
from infusion_desktop.desktop.buttons import button, tool
from infusion_desktop.desktop.context import Desk
from infusion_desktop.desktop.labels import label

Pressed = Callable[[], tuple[str, tuple[str, ...]]]
Apply = Callable[[str, Collection[str]], None]


class SavedFilters(QWidget):
    """Kept filters as chips; hidden while there are none. ``button`` belongs into the list's bar."""

    def __init__(self, name: str, desk: Desk | None, pressed: Pressed, apply: Apply, parent: QWidget) -> None:
        super().__init__(parent)
        self._name, self._pressed, self._apply = name, pressed, apply
        self._desk, self._lists = desk, desk.lists if desk is not None else None
        self.button = tool("filter", "Keep this filter, or forget one", self.show_menu)
        if self._lists is None:
            self.button.hide()
        self.chips: dict[str, QPushButton] = {}
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(8)
        self._row.addWidget(label("Kept filters", "small"))
        self._row.addStretch(1)
        if self._lists is not None:
            self._lists.changed.connect(self._show)
        self._show()

    def show_menu(self) -> None:
        """Keep or forget."""
        self.menu().popup(self.button.mapToGlobal(QPoint(0, self.button.height())))

    def menu(self) -> QMenu:
        """What the button offers."""
        menu = QMenu(self)
        menu.aboutToHide.connect(lambda: QTimer.singleShot(0, menu, menu.deleteLater))
        words, chips = self._pressed()
        keep = menu.addAction("Keep this filter…", self.ask_title)
        keep.setEnabled(bool(words or chips))
        if self.chips:
            menu.addSeparator()
        for title in self.chips:
            action = menu.addAction(f"Forget “{title}”".replace("&", "&&"))
            action.triggered.connect(lambda _on=False, title=title: self.forget(title))
        return menu

    def ask_title(self) -> None:
        """Ask how the filter shall be called, then keep it."""
        words, chips = self._pressed()
        dialog = TitleDialog(", ".join((*chips, *([words] if words else []))), self.window())
        dialog.named.connect(self.keep)
        dialog.open()

    def keep(self, title: str) -> None:
        """Keep what is filtered now under a name."""
        words, chips = self._pressed()
        if self._lists is not None:
            self._lists.keep(self._name, Filter(title, words[:LONGEST_WORDS], chips), self)

    def forget(self, title: str) -> None:
        """Forget a filter."""
        if self._lists is not None:
            self._lists.forget(self._name, title, self)

    def _show(self) -> None:
        filters = self._lists.filters(self._name) if self._lists is not None else ()
        for chip in self.chips.values():
            self._row.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        self.chips = {each.title: self._chip(each) for each in filters}
        for place, chip in enumerate(self.chips.values(), 1):
            self._row.insertWidget(place, chip)
        self.setVisible(bool(self.chips))

    def _chip(self, kept: Filter) -> QPushButton:
        made = button(kept.title.replace("&", "&&"), kind="chip", parent=self)
        made.setAccessibleName(f"Kept filter {kept.title}")
        made.setToolTip(", ".join(filter(None, (*kept.chips, f"“{kept.words}”" if kept.words else ""))))
        made.clicked.connect(lambda _on=False: self._press(kept))
        return made

    def _press(self, kept: Filter) -> None:
        is_on = self._pressed() == (kept.words, kept.chips)
        self._apply(*(("", ()) if is_on else (kept.words, kept.chips)))


class TitleDialog(QDialog):
    """Asks for the name of a filter."""

    named = Signal(str)

    def __init__(
        self, filtered_by: str, parent: QWidget | None, heading: str = "Keep this filter",
        about: str = "It stands above the list from now on, for you alone and at every workstation.",
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.setWindowTitle(heading)
        self.setMinimumWidth(420)
        self.title = QLineEdit(filtered_by[:LONGEST_TITLE])
        self.title.setAccessibleName("Name of the filter")
        self.title.setMaxLength(LONGEST_TITLE)
        self.title.selectAll()
        self.keep_button = button("Keep", self.accept, kind="primary")
        self.keep_button.setDefault(True)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(button("Cancel", self.reject))
        foot.addWidget(self.keep_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addWidget(label(heading, "heading"))
        column.addWidget(label(about, wrap=True))
        column.addWidget(self.title)
        column.addLayout(foot)
        self.title.textChanged.connect(lambda text: self.keep_button.setEnabled(bool(text.strip())))
        self.keep_button.setEnabled(bool(self.title.text().strip()))
        self.accepted.connect(lambda: self.named.emit(self.title.text().strip()))
        self.finished.connect(self.deleteLater)
