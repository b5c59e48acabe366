"""A paper in the window before it is printed: pages, zoom, print, save, open in the system's viewer."""

import atexit
import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QIcon, QImage, QPainter, QPixmap, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from infusion_desktop.desktop import file_choice
from infusion_desktop.desktop.banner import Banner
from infusion_desktop.desktop.buttons import button, tool
from infusion_desktop.desktop.context import Desk
from infusion_desktop.desktop.first_size import size_of_dialog
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pdf_pages import PagePicture, PageSize, page_sizes, picture_of
from infusion_desktop.files import safe_name, write_whole

if TYPE_CHECKING:
    from PySide6.QtPrintSupport import QPrinter

_GAP = 16
_PRINT_DPI = 200
_PRIVATE = "infusion-paper-"
_DAY_S = 86_400
_ZOOMS = (0.5, 0.67, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0)
_SCREEN = 96 / 72
"""Pixels for a point at a zoom of 1."""


def image_of(picture: PagePicture) -> QImage:
    """The page as a Qt picture that owns its pixels."""
    shown = QImage(picture.pixels, picture.width, picture.height, picture.stride, QImage.Format.Format_RGB32)
    return shown.copy()


def _private_folder(above: Path | None) -> Path:
    """A folder for one paper that only this person may look into, removed when the program ends or else a day later."""
    whole = Path(tempfile.gettempdir()) if above is None else above
    for left in whole.glob(f"{_PRIVATE}*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _DAY_S:
                shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_PRIVATE, dir=whole))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


class PdfPreview(QWidget):
    """Shows the bytes of a PDF; pages are drawn off the window's thread, when they come into view."""

    page_shown = Signal(int)
    loaded = Signal(int)

    def __init__(
        self, desk: Desk, pdf: bytes, file_name: str, folder: Path | None = None, parent: QWidget | None = None
    ) -> None:
        """``file_name`` is suggested for saving, without patient data; ``folder`` keeps papers opened in a viewer."""
        super().__init__(parent)
        self.ask_path = file_choice.ask_where_to_save
        self.open_url: Callable[[QUrl], bool] = QDesktopServices.openUrl
        self._desk, self._pdf, self._file_name, self._folder = desk, pdf, file_name, folder
        self._sizes: tuple[PageSize, ...] = ()
        self._pages: list[QLabel] = []
        self._asked: set[tuple[int, float]] = set()
        self.zoom = 1.0
        self._is_fitted = True
        self.banner = Banner(self)
        self.page_list = self._make_page_list()
        self.count = label("", "muted")
        self.zoom_text = label("", "muted")
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setAccessibleName("Pages")
        self.area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)  # Keeps the fitted width steady.
        self._paper = QWidget()
        self._column = QVBoxLayout(self._paper)
        self._column.setSpacing(_GAP)
        self._column.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.area.setWidget(self._paper)
        self._lay_out()
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(60)
        self._settle.timeout.connect(self._draw_seen)
        self.area.verticalScrollBar().valueChanged.connect(lambda _value: self._settle.start())
        desk.jobs.run(self, lambda: page_sizes(pdf), self._show_sizes, self._fail)

    @property
    def pages(self) -> int:
        """How many pages there are; 0 until they were counted."""
        return len(self._sizes)

    def picture(self, page: int) -> QPixmap:
        """What is shown of a page now; a null picture until it was drawn."""
        return self._pages[page].pixmap()

    def set_zoom(self, zoom: float, *, fitted: bool = False) -> None:
        """Show pages at this size; 1.0 is that of the paper."""
        self._is_fitted = fitted
        self.zoom = max(0.2, min(4.0, zoom))
        self.zoom_text.setText(f"{self.zoom:.0%}")
        self._asked.clear()
        for page, size in zip(self._pages, self._sizes, strict=True):
            page.setFixedSize(self._pixels(size))
        self._settle.start()

    def zoom_in(self) -> None:
        """One step larger."""
        self.set_zoom(next((step for step in _ZOOMS if step > self.zoom + 0.01), _ZOOMS[-1]))

    def zoom_out(self) -> None:
        """One step smaller."""
        self.set_zoom(next((step for step in reversed(_ZOOMS) if step < self.zoom - 0.01), _ZOOMS[0]))

    def fit(self) -> None:
        """As wide as the window."""
        if self._sizes:
            widest = max(size.width for size in self._sizes)
            room = self.area.viewport().width() - 2 * _GAP - 4
            self.set_zoom(min(1.6, room / (widest * _SCREEN)), fitted=True)

    def save(self) -> None:
        """Ask where, then write the file whole or not at all."""
        self.ask_path(self, "Save this paper", self._file_name, "PDF (*.pdf)", self.save_to)

    def save_to(self, path: Path) -> None:
        """Write the PDF to this file."""
        pdf = self._pdf
        messages = self._desk.messages
        self._desk.jobs.run(
            self, lambda: write_whole(path, pdf), lambda _nothing: messages.said("The paper was saved."), self._fail
        )

    def open_outside(self) -> None:
        """Write a private copy and open it in the system's viewer; it goes when the program ends."""
        path = _private_folder(self._folder) / safe_name(self._file_name)

        def opened(_nothing: None) -> None:
            if not self.open_url(QUrl.fromLocalFile(str(path))):
                self._desk.messages.refused(
                    ("No program on this computer opens PDF files. Save the paper instead.",), self
                )

        self._desk.jobs.run(self, lambda: write_whole(path, self._pdf), opened, self._fail)

    def print_out(self) -> None:
        """Ask for a printer, then print."""
        from PySide6.QtPrintSupport import QPrintDialog, QPrinter

        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        dialog = QPrintDialog(printer, self)
        dialog.setMinMax(1, max(1, self.pages))
        dialog.accepted.connect(lambda: self.print_on(printer))
        dialog.finished.connect(dialog.deleteLater)
        dialog.setModal(True)
        dialog.show()

    def print_on(self, printer: "QPrinter") -> None:
        """Print on this printer, page after page; each is drawn off the window's thread."""
        first = (printer.fromPage() or 1) - 1
        last = min(printer.toPage() or self.pages, self.pages) - 1
        painter = QPainter()
        if last < first or not painter.begin(printer):
            self._desk.messages.refused(("The printer does not answer. Check that it is on, or save the paper.",), self)
            return
        _Printing(self._desk, self, self._pdf, printer, painter, first, last, self._fail).draw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._refit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refit()

    def _refit(self) -> None:
        if self._is_fitted:
            self.fit()
        self._settle.start()

    def _make_page_list(self) -> QListWidget:
        pages = QListWidget()
        pages.setAccessibleName("Page list")
        pages.setFixedWidth(132)
        pages.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        pages.setIconSize(QSize(92, 120))
        pages.currentRowChanged.connect(self._go_to)
        return pages

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.addWidget(self.count)
        bar.addStretch(1)
        bar.addWidget(tool("zoom-out", "Smaller", self.zoom_out))
        bar.addWidget(self.zoom_text)
        bar.addWidget(tool("zoom-in", "Larger", self.zoom_in))
        bar.addWidget(tool("fit", "As wide as the window", self.fit))
        bar.addSpacing(12)
        bar.addWidget(button("Open outside", self.open_outside, icon="open-outside"))
        bar.addWidget(button("Save", self.save, icon="save"))
        bar.addWidget(button("Print", self.print_out, icon="print", kind="primary"))
        body = QHBoxLayout()
        body.addWidget(self.page_list)
        body.addWidget(self.area, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 16)
        column.addLayout(bar)
        column.addWidget(self.banner)
        column.addLayout(body, 1)

    def _show_sizes(self, sizes: tuple[PageSize, ...]) -> None:
        self._sizes = sizes
        self.count.setText(f"{len(sizes)} page" if len(sizes) == 1 else f"{len(sizes)} pages")
        for number, size in enumerate(sizes, start=1):
            page = QLabel()
            page.setFixedSize(self._pixels(size))
            page.setAccessibleName(f"Page {number}")
            page.setStyleSheet("background: white;")
            self._pages.append(page)
            self._column.addWidget(page)
            item = QListWidgetItem(str(number))
            item.setSizeHint(QSize(120, 130))
            self.page_list.addItem(item)
        self._refit()
        self.loaded.emit(len(sizes))

    def _pixels(self, size: PageSize) -> QSize:
        return QSize(round(size.width * _SCREEN * self.zoom), round(size.height * _SCREEN * self.zoom))

    def _draw_seen(self) -> None:
        top = self.area.verticalScrollBar().value()
        bottom = top + self.area.viewport().height()
        for number, page in enumerate(self._pages):
            if page.y() <= bottom + 400 and page.y() + page.height() >= top - 400:
                self._draw(number)

    def _draw(self, number: int) -> None:
        zoom, ratio, pdf = self.zoom, self.devicePixelRatioF(), self._pdf
        if (number, zoom) in self._asked:
            return
        self._asked.add((number, zoom))

        def show(picture: PagePicture) -> None:
            if zoom == self.zoom:
                self._show_page(picture, ratio)

        self._desk.jobs.run(self, lambda: picture_of(pdf, number, _SCREEN * zoom * ratio), show, self._fail)

    def _show_page(self, picture: PagePicture, ratio: float) -> None:
        pixmap = QPixmap.fromImage(image_of(picture))
        small = pixmap.scaled(
            QSize(92, 120), Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        pixmap.setDevicePixelRatio(ratio)
        self._pages[picture.number].setPixmap(pixmap)
        item = self.page_list.item(picture.number)
        if item is not None:
            item.setIcon(QIcon(small))
        self.page_shown.emit(picture.number)

    def _go_to(self, page: int) -> None:
        if 0 <= page < len(self._pages):
            self.area.verticalScrollBar().setValue(self._pages[page].y() - _GAP)

    def _fail(self, error: Exception) -> None:
        self._desk.messages.show_failure(error, self)


class _Printing:
    """Draws one page after the other on a printer, so that only one large picture exists at a time."""

    def __init__(
        self, desk: Desk, owner: QWidget, pdf: bytes, printer: "QPrinter", painter: QPainter, first: int, last: int,
        fail: Callable[[Exception], object],
    ) -> None:  # fmt: skip
        self._desk, self._owner, self._pdf, self._printer, self._painter = desk, owner, pdf, printer, painter
        self._page, self._last, self._fail = first, last, fail

    def draw(self) -> None:
        """Draw the page that is due."""
        page, pdf = self._page, self._pdf
        self._desk.jobs.run(
            self._owner, lambda: picture_of(pdf, page, _PRINT_DPI / 72), self._put, self._stop, text="Printing"
        )

    def _put(self, picture: PagePicture) -> None:
        room = self._painter.viewport()
        size = QSize(picture.width, picture.height).scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
        self._painter.drawImage(QRect(room.topLeft(), size), image_of(picture))
        if self._page == self._last:
            self._painter.end()
            self._desk.messages.said("Sent to the printer.")
            return
        self._page += 1
        self._printer.newPage()
        self.draw()

    def _stop(self, error: Exception) -> None:
        self._painter.end()
        self._fail(error)


class PdfDialog(QDialog):
    """A preview in a window of its own; its title names the kind of paper, never a person."""

    def __init__(
        self,
        desk: Desk,
        title: str,
        pdf: bytes,
        file_name: str,
        folder: Path | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        size_of_dialog(self, 980, 800)
        self.preview = PdfPreview(desk, pdf, file_name, folder)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.preview)
        self.finished.connect(self.deleteLater)
