"""The navigation rail: the places this person may go to, as icon and word."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from infusion_desktop.desktop.labels import icon_label, label
from infusion_desktop.desktop.places import Place
from infusion_desktop.desktop.theme import set_icon

WIDE, NARROW = 216, 68


class Rail(QFrame):
    """Alt+1 to Alt+9 go to the first nine places; narrow, it shows icons alone."""

    chosen = Signal(str)

    def __init__(self, pharmacy: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rail")
        self.setAccessibleName("Places")
        self.buttons: dict[str, QToolButton] = {}
        self._captions: list[QLabel] = []
        self._group = QButtonGroup(self)
        self._is_wide = True
        self.name = label(pharmacy, "rail-title", wrap=True)
        head = QHBoxLayout()
        head.setContentsMargins(18, 16, 12, 10)
        head.setSpacing(10)
        head.addWidget(icon_label("drop", "rail_accent", 26))
        head.addWidget(self.name, 1)
        self._list = QVBoxLayout()
        self._list.setContentsMargins(0, 0, 0, 8)
        self._list.setSpacing(1)
        inner = QWidget()
        inner.setLayout(self._list)
        area = self._area = QScrollArea()
        area.setObjectName("railScroll")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inner)
        self.fold = self._button("menu", "Narrow", "Show icons alone")
        self.fold.clicked.connect(lambda _checked=False: self.set_wide(not self._is_wide))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 8)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(area, 1)
        column.addWidget(self.fold)
        self.set_wide(True)

    @property
    def is_wide(self) -> bool:
        return self._is_wide

    def show_places(self, places: Sequence[Place]) -> None:
        """Offer these places."""
        group = ""
        for number, place in enumerate(places, start=1):
            if place.group != group:
                group = place.group
                caption = label(group, "rail-caption")
                self._captions.append(caption)
                self._list.addWidget(caption)
            keys = f" (Alt+{number})" if number <= 9 else ""
            made = self._button(place.icon, place.title, f"{place.title}{keys}")
            made.setCheckable(True)
            made.clicked.connect(lambda _checked=False, key=place.key: self.chosen.emit(key))
            self._group.addButton(made)
            self.buttons[place.key] = made
            self._list.addWidget(made)
        self._list.addStretch(1)
        self.set_wide(self._is_wide)

    def mark(self, key: str) -> None:
        """Show where the person is; a key that is not in the rail leaves it as it is."""
        if key in self.buttons:
            self.buttons[key].setChecked(True)
            self._area.ensureWidgetVisible(self.buttons[key])

    def set_wide(self, wide: bool) -> None:
        """Show words beside the icons, or icons alone."""
        self._is_wide = wide
        self.setFixedWidth(WIDE if wide else NARROW)
        style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon if wide else Qt.ToolButtonStyle.ToolButtonIconOnly
        for made in (*self.buttons.values(), self.fold):
            made.setToolButtonStyle(style)
        for caption in self._captions:
            caption.setVisible(wide)
        self.name.setVisible(wide)

    def _button(self, icon: str, text: str, tip: str) -> QToolButton:
        made = QToolButton()
        made.setText(f"  {text}")  # The style leaves too little room between icon and word.
        made.setToolTip(tip)
        made.setAccessibleName(text)
        made.setIconSize(QSize(22, 22))
        made.setCursor(Qt.CursorShape.PointingHandCursor)
        made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        set_icon(made, icon, "rail_text", 22, active="rail_accent")
        return made
