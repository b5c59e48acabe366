"""Files that come back from the door: a signed sheet or a photo, read off the window's thread and looked at."""

from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from infusion_desktop.deliveries.door.proof import LARGEST_STACK
from infusion_desktop.desktop.labels import label
from infusion_desktop.errors import Refused

KINDS = {".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
CHOICE = "Signed sheets (*.pdf *.png *.jpg *.jpeg)"
PICTURES = "Photo (*.png *.jpg *.jpeg)"


def read_file(path: Path, *, largest: int = LARGEST_STACK) -> tuple[bytes, str]:
    """A file's content and type; Refused where it is of another kind or too large. Runs on a worker thread."""
    kind = KINDS.get(path.suffix.casefold())
    if kind is None:
        raise Refused("Choose a PDF, PNG or JPEG file.")
    if path.stat().st_size > largest:
        raise Refused(f"The file is larger than {largest // 1_000_000} MB. Scan it smaller, or fewer sheets at once.")
    return path.read_bytes(), kind


class SheetPicture(QWidget):
    """A scanned page to read from while typing; as wide as there is room."""

    def __init__(self) -> None:
        super().__init__()
        self._picture = QPixmap()
        self.page = QLabel()
        self.page.setAccessibleName("The scanned sheet")
        self.page.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        self.caption = label("", "small", wrap=True)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setWidget(self.page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.caption)
        column.addWidget(self.area, 1)
        self.setMinimumSize(QSize(420, 420))

    def show_png(self, picture: bytes, caption: str) -> None:
        """Show a page."""
        self._picture = QPixmap()
        self._picture.loadFromData(picture)
        self.caption.setText(caption)
        self._fit()
        QTimer.singleShot(0, self, self._to_the_signature)

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._fit()

    def _to_the_signature(self) -> None:
        bar = self.area.verticalScrollBar()
        bar.setValue(bar.maximum())

    def _fit(self) -> None:
        if self._picture.isNull():
            return
        wide = max(200, self.area.viewport().width() - 4)
        self.page.setPixmap(self._picture.scaledToWidth(wide, Qt.TransformationMode.SmoothTransformation))
