"""Pages behind tabs that run over the whole width, with something beside the pages that stays."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QTabBar, QVBoxLayout, QWidget


class TabPages(QWidget):
    """Like a tab widget, with ``beside`` at the right of the pages, below the tabs."""

    currentChanged = Signal(int)  # Qt's spelling, as of a tab widget.  # noqa: N815

    def __init__(self, beside: QWidget) -> None:
        super().__init__()
        self.bar = QTabBar()
        self.bar.setDocumentMode(True)
        self.bar.setDrawBase(False)
        self.bar.setExpanding(False)
        self.stack = QStackedWidget()
        body = QHBoxLayout()
        body.setSpacing(14)
        body.addWidget(self.stack, 1)
        body.addWidget(beside)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self.bar)
        column.addLayout(body, 1)
        self.bar.currentChanged.connect(self._change)

    def add(self, page: QWidget, title: str) -> None:
        """One more page."""
        self.stack.addWidget(page)
        self.bar.addTab(title)

    def show_page(self, page: QWidget) -> None:
        """Bring a page into view."""
        self.bar.setCurrentIndex(self.stack.indexOf(page))

    def is_shown(self, page: QWidget) -> bool:
        """Whether this is the page in view."""
        return self.stack.currentWidget() is page

    def entitle(self, page: QWidget, title: str) -> None:
        """Another title for a page's tab."""
        self.bar.setTabText(self.stack.indexOf(page), title)

    def title_of(self, page: QWidget) -> str:
        """The title of a page's tab."""
        return self.bar.tabText(self.stack.indexOf(page))

    def _change(self, place: int) -> None:
        self.stack.setCurrentIndex(place)
        self.currentChanged.emit(place)
