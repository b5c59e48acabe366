"""The navigation rail: the places this person may go to, as icon and word."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
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


@dataclass(slots=True)
class _Group:
    """A group's name and the places below it."""

    caption: QToolButton
    places: list[QToolButton] = field(default_factory=list)
    is_folded: bool = False


class Rail(QFrame):
    """Alt+1 to Alt+9 go to the first nine places; narrow, it shows icons alone; a group's name folds its places."""

    chosen = Signal(str)

    def __init__(self, pharmacy: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rail")
        self.setAccessibleName("Places")
        self.buttons: dict[str, QToolButton] = {}
        self._groups: dict[str, _Group] = {}
        self._group = QButtonGroup(self)
        self._is_wide = True
        self.name = label(pharmacy, "rail-title", wrap=True)
        head = QHBoxLayout()
        head.setContentsMargins(18, 14, 12, 6)
        head.setSpacing(10)
        head.addWidget(icon_label("drop", "rail_accent", 26))
        head.addWidget(self.name, 1)
        self._list = QVBoxLayout()
        self._list.setContentsMargins(0, 0, 0, 8)
        self._list.setSpacing(0)
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
                self._list.addWidget(self._caption(group))
            keys = f" (Alt+{number})" if number <= 9 else ""
            made = self._button(place.icon, place.title, f"{place.title}{keys}")
            made.setCheckable(True)
            made.clicked.connect(lambda _checked=False, key=place.key: self.chosen.emit(key))
            self._group.addButton(made)
            self.buttons[place.key] = made
            if group:
                self._groups[group].places.append(made)
            self._list.addWidget(made)
        self._list.addStretch(1)
        self.set_wide(self._is_wide)

    def mark(self, key: str) -> None:
        """Show where the person is; a key that is not in the rail leaves it as it is."""
        if key in self.buttons:
            made = self.buttons[key]
            made.setChecked(True)
            for group in self._groups.values():
                if made in group.places and group.is_folded:
                    self._fold(group, False)
            self._area.ensureWidgetVisible(made)

    def folded_groups(self) -> tuple[str, ...]:
        """The names of the groups that are folded now."""
        return tuple(name for name, group in self._groups.items() if group.is_folded)

    def fold_groups(self, names: Sequence[str]) -> None:
        """Fold the groups with these names, as they were when the person left."""
        for name, group in self._groups.items():
            self._fold(group, name in names)

    def set_wide(self, wide: bool) -> None:
        """Show words beside the icons, or icons alone."""
        self._is_wide = wide
        self.setFixedWidth(WIDE if wide else NARROW)
        style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon if wide else Qt.ToolButtonStyle.ToolButtonIconOnly
        for made in (*self.buttons.values(), self.fold):
            made.setToolButtonStyle(style)
        for group in self._groups.values():
            group.caption.setVisible(wide)
            for made in group.places:
                made.setVisible(not (wide and group.is_folded))
        self.name.setVisible(wide)

    def _caption(self, name: str) -> QToolButton:
        caption = QToolButton()
        caption.setObjectName("railCaption")
        caption.setText(name)
        caption.setToolTip(f"Fold or unfold {name}")
        caption.setAccessibleName(name)
        caption.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        caption.setArrowType(Qt.ArrowType.DownArrow)
        caption.setIconSize(QSize(9, 9))
        caption.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        caption.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        group = self._groups[name] = _Group(caption)
        caption.clicked.connect(lambda _checked=False: self._fold(group, not group.is_folded))
        return caption

    def _fold(self, group: "_Group", folded: bool) -> None:
        group.is_folded = folded
        group.caption.setArrowType(Qt.ArrowType.RightArrow if folded else Qt.ArrowType.DownArrow)
        for made in group.places:
            made.setVisible(not (folded and self._is_wide))

    def _button(self, icon: str, text: str, tip: str) -> QToolButton:
        made = QToolButton()
        made.setText(f"  {text}")  # The style leaves too little room between icon and word.
        made.setToolTip(tip)
        made.setAccessibleName(text)
        made.setIconSize(QSize(20, 20))
        made.setCursor(Qt.CursorShape.PointingHandCursor)
        made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        set_icon(made, icon, "rail_text")
        made.toggled.connect(lambda on: set_icon(made, icon, "rail_accent" if on else "rail_text"))
        return made
