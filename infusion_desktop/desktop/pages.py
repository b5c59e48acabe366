"""The building blocks of a screen: a page with its deeds at the top, cards, figures, and steps one after the other."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLayout,
    QScrollArea,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from infusion_desktop.desktop.banner import Banner
from infusion_desktop.desktop.buttons import ENTER, button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.labels import icon_label, label, restyle, rule, tone_icon
from infusion_desktop.desktop.theme import set_icon

MARGIN = 24


class Page:
    """Fills a screen: an optional line of text with the deeds at its right, the banner, then the contents."""

    def __init__(self, screen: QWidget, lead: str = "") -> None:
        self.column = QVBoxLayout(screen)
        self.column.setContentsMargins(MARGIN, 18, MARGIN, MARGIN - 6)
        self.column.setSpacing(14)
        self.lead = label(lead, "muted", wrap=True)
        self.banner = Banner(screen)
        self._top = QHBoxLayout()
        self._top.setSpacing(10)
        self._top.addWidget(self.lead, 1)
        self.column.addLayout(self._top)
        self.column.addWidget(self.banner)

    def actions(self, *widgets: QWidget) -> None:
        """Put buttons at the top right; the primary one last."""
        for widget in widgets:
            self._top.addWidget(widget)

    def add(self, what: QWidget | QLayout, stretch: int = 0) -> None:
        """Put something below what is there."""
        if isinstance(what, QLayout):
            self.column.addLayout(what, stretch)
            return
        self.column.addWidget(what, stretch)
        for tabs in (what, *what.findChildren(QTabWidget)):
            if isinstance(tabs, QTabWidget):  # What was said of one tab is not left standing over another.
                tabs.tabBarClicked.connect(self.banner.clear)


class Card(QFrame):
    """A framed group with an optional heading."""

    def __init__(self, heading: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(18, 14, 18, 16)
        self.column.setSpacing(10)
        self.heading = label(heading, "heading")
        if not heading:
            self.heading.hide()
        self.column.addWidget(self.heading)

    def add(self, what: QWidget | QLayout, stretch: int = 0) -> None:
        """Put something below what is there."""
        if isinstance(what, QLayout):
            self.column.addLayout(what, stretch)
        else:
            self.column.addWidget(what, stretch)


class Figure(QFrame):
    """One number that matters, with what it counts and how it stands; a click leads to what it counts."""

    pressed = Signal()

    def __init__(self, caption: str, tone: Tone = Tone.NEUTRAL, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName(caption)
        self.number = label("–", "figure")
        self.detail = label("", "small", wrap=True)
        self._icon = tone_icon(tone)
        top = QHBoxLayout()
        top.addWidget(label(caption, "caption"), 1)
        top.addWidget(self._icon)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(2)
        column.addLayout(top)
        column.addWidget(self.number)
        column.addWidget(self.detail)
        column.addStretch(1)

    def show_value(self, number: str, detail: str = "", tone: Tone = Tone.NEUTRAL) -> None:
        """Show the number."""
        self.number.setText(number)
        self.detail.setText(detail)
        tint = tone.name.lower()
        set_icon(self._icon, tone.value, tint)  # type: ignore[arg-type]  # tones and tints share these names

    def mouseReleaseEvent(self, _event: object) -> None:
        self.pressed.emit()


def scrolled(contents: QWidget) -> QScrollArea:
    """Contents that may be taller than the window."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    inner = QWidget()
    inner.setObjectName("scrolled")
    column = QVBoxLayout(inner)
    column.setContentsMargins(0, 0, 6, 0)
    column.addWidget(contents)
    area.setWidget(inner)
    return area


def roomy(form: QWidget, fields: int, most: int = 6) -> QWidget:
    """A form in a dialog; with more fields than a small window shows it can be scrolled."""
    if fields <= most:
        return form
    area = scrolled(form)
    area.setMinimumHeight(400)
    return area


class Steps(QWidget):
    """Several pages one after the other; each says whether it is complete before the next is shown. Enter goes on."""

    finished = Signal()
    cancelled = Signal()
    shown = Signal(int)

    def __init__(self, finish: str = "Finish", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._checks: list[Callable[[], bool]] = []
        self._titles: list[str] = []
        self._marks: list[tuple[QWidget, QWidget]] = []
        self._finish = finish
        self._trail = QHBoxLayout()
        self._trail.setSpacing(8)
        self.pages = QStackedWidget()
        self.back = button("Back", self.go_back, icon="chevron-left")
        self.cancel = button("Cancel", self.cancelled.emit)
        self.next = button("Next", self.go_on, kind="primary")
        foot = QHBoxLayout()
        foot.addWidget(self.cancel)
        foot.addStretch(1)
        foot.addWidget(self.back)
        foot.addWidget(self.next)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(16)
        column.addLayout(self._trail)
        column.addWidget(rule())
        column.addWidget(self.pages, 1)
        column.addLayout(foot)

    def add_step(self, title: str, page: QWidget, complete: Callable[[], bool] = lambda: True) -> None:
        """Add a page; ``complete`` shows what is missing on it and returns False, or returns True."""
        number = len(self._titles)
        if number:
            self._trail.addWidget(icon_label("chevron-right", "muted", 16))
        mark, text = icon_label("dot", "muted"), label(f"{number + 1}. {title}")
        self._trail.addWidget(mark)
        self._trail.addWidget(text)
        self._titles.append(title)
        self._checks.append(complete)
        self._marks.append((mark, text))
        self.pages.addWidget(page)
        self._show(self.pages.currentIndex())

    def seal(self) -> None:
        """Call after the last step: the trail keeps to the left."""
        self._trail.addStretch(1)
        self._show(0)

    @property
    def step(self) -> int:
        return self.pages.currentIndex()

    def go_on(self) -> None:
        """To the next page, or to the end, when this page is complete."""
        if not self._checks[self.step]():
            return
        if self.step + 1 == len(self._titles):
            self.finished.emit()
        else:
            self._show(self.step + 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in ENTER:
            super().keyPressEvent(event)
        elif not event.isAutoRepeat():
            self.next.click()

    def go_back(self) -> None:
        """To the page before."""
        self._show(max(0, self.step - 1))

    def titles(self) -> Sequence[str]:
        """The steps in order."""
        return tuple(self._titles)

    def _show(self, step: int) -> None:
        self.pages.setCurrentIndex(step)
        for number, (mark, text) in enumerate(self._marks):
            is_done, is_now = number < step, number == step
            set_icon(mark, "check-circle" if is_done else "dot", "accent" if is_done or is_now else "muted")
            text.setProperty("role", "strong" if is_now else "muted")
            restyle(text)
        self.back.setEnabled(step > 0)
        self.next.setText(self._finish if step + 1 == len(self._titles) else "Next")
        self.shown.emit(step)
