"""A calm window around the first start and the sign-in: the name of the program, one card, one banner."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from infusion_desktop.desktop import theme
from infusion_desktop.desktop.banner import Banner
from infusion_desktop.desktop.first_size import first_size
from infusion_desktop.desktop.job_strip import JobStrip
from infusion_desktop.desktop.jobs import Jobs
from infusion_desktop.desktop.labels import icon_label, label
from infusion_desktop.desktop.messages import Messages
from infusion_desktop.desktop.pages import Card

WIDTH = 720


class DoorWindow(QWidget):
    """What stands before the shell. ``card`` holds the contents; jobs and messages belong to this window."""

    def __init__(self, heading: str, lead: str, width: int = WIDTH) -> None:
        super().__init__()
        self.setWindowTitle("Infusion Desktop")
        first_size(self)
        self.banner = Banner(self)
        self.jobs = Jobs(self)
        self.messages = Messages(self, self.banner)
        self.card = Card()
        self.card.setFixedWidth(width)
        self.strip = JobStrip(self.jobs)
        top = QHBoxLayout()
        top.setSpacing(12)
        top.addWidget(icon_label("drop", "accent", 34))
        words = QVBoxLayout()
        words.setSpacing(0)
        self.heading = label(heading, "title")
        words.addWidget(self.heading)
        words.addWidget(label(lead, "muted", wrap=True))
        top.addLayout(words, 1)
        middle = QVBoxLayout()
        middle.setSpacing(14)
        middle.addStretch(1)
        middle.addLayout(top)
        middle.addWidget(self.banner)
        middle.addWidget(self.card)
        middle.addWidget(self.strip, 0, Qt.AlignmentFlag.AlignRight)
        middle.addStretch(2)
        across = QHBoxLayout(self)
        across.addStretch(1)
        across.addLayout(middle)
        across.addStretch(1)

    def showEvent(self, event: QShowEvent) -> None:
        theme.dress(self)
        super().showEvent(event)

    def closeEvent(self, event: object) -> None:
        self.jobs.close()
        super().closeEvent(event)  # type: ignore[arg-type]
