"""What the bench shows of one delivery: the trail of steps, the large panel at the side, the lines and the answer."""

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from infusion_desktop.deliveries.words import DeliveryState
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.deliveries.bench_lines import COLUMNS, BenchLine
from infusion_desktop.desktop.deliveries.bench_panels import (
    DonePanel,
    LastAnswer,
    NextPanel,
    PackPanel,
    ShipPanel,
    SignOnPanel,
    StopPanel,
    mark_step,
)
from infusion_desktop.desktop.deliveries.looks import UNDO_PERMISSION, who_may
from infusion_desktop.desktop.labels import icon_label, label
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table_view import TableView

_STEPS = ("Pick", "Verify", "Pack", "Hand over")
_AT = {
    DeliveryState.RELEASED: 0,
    DeliveryState.PICKED: 1,
    DeliveryState.VERIFIED: 2,
    DeliveryState.PACKED: 3,
    DeliveryState.SHIPPED: 4,
    DeliveryState.DELIVERED: 4,
}


class BenchView(QWidget):
    """The widgets of the work; what they do is the screen's."""

    def __init__(self, screen: Screen) -> None:
        super().__init__()
        self.table: TableView[BenchLine] = TableView(
            COLUMNS, lambda line: line.id, name="Lines on the bench", noun=("line", "lines"),
            settings=screen.settings(),
            empty="Nothing is reserved for this delivery: everything is short. Send something else instead, or receive "
            "stock and release it again.",
        )  # fmt: skip
        self.answer = LastAnswer()
        self.who = label("", "muted")
        self.undo_button = button("Undo last", icon="undo")
        self.undo_button.setToolTip("Take the last scan back (Ctrl+Z)")
        self.short_button = button("Short…", icon="minus")
        self.short_button.setToolTip("Fewer than wanted are in the bin of the marked line")
        self.instead_button = button("Instead…", icon="refresh")
        self.instead_button.setToolTip("Send another item instead of what is short")
        self.all_button = button("All was counted by hand")
        self.next_panel, self.sign_on, self.stop_panel = NextPanel(), SignOnPanel(), StopPanel()
        self.pack_panel, self.ship_panel, self.done_panel = PackPanel(), ShipPanel(), DonePanel()
        self.side = QStackedWidget()
        for panel in (self.next_panel, self.sign_on, self.stop_panel, self.pack_panel, self.ship_panel,
                      self.done_panel):  # fmt: skip
            self.side.addWidget(panel)
        self.side.setMinimumWidth(330)
        self.side.setMaximumWidth(440)
        middle = QHBoxLayout()
        middle.setSpacing(14)
        middle.addWidget(self.side, 2)
        middle.addWidget(self._list_side(), 4)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addLayout(self._trail())
        column.addLayout(middle, 1)

    def show_step(self, state: DeliveryState, *, can_undo: bool, may_verify_all: bool, verifier: str) -> None:
        """Mark the step, and show the buttons that help with it."""
        now = _AT.get(state, -1)
        for number, (icon, text) in enumerate(self._marks):
            mark_step(icon, text, number < now, number == now)
        picking = state is DeliveryState.RELEASED
        for each in (self.undo_button, self.short_button, self.instead_button):
            each.setVisible(picking)
        self.undo_button.setEnabled(can_undo)
        self.all_button.setVisible(picking or may_verify_all)
        self.all_button.setText("All was counted by hand" if picking else "All was compared by hand")
        self.who.setText(f"Verified by {verifier}" if verifier else "")

    def show_back(self, state: DeliveryState, back: QWidget, context: Context) -> None:
        """Whether the last step may be taken back, and by whom."""
        permission = None if state is DeliveryState.RELEASED else UNDO_PERMISSION.get(state)
        back.setVisible(permission is not None)
        if permission is not None:
            allowed = context.may(permission)
            back.setEnabled(allowed)
            back.setToolTip("Take the last step back" if allowed else who_may(permission))

    def _trail(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self._marks: list[tuple[QWidget, QWidget]] = []
        for number, step in enumerate(_STEPS):
            if number:
                row.addWidget(icon_label("chevron-right", "muted", 16))
            icon, text = icon_label("dot", "muted"), label(step)
            row.addWidget(icon)
            row.addWidget(text)
            self._marks.append((icon, text))
        row.addStretch(1)
        row.addWidget(self.who)
        return row

    def _list_side(self) -> QWidget:
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self.table, 1)
        column.addWidget(self.answer)
        row = QHBoxLayout()
        for each in (self.undo_button, self.short_button, self.instead_button):
            row.addWidget(each)
        row.addStretch(1)
        row.addWidget(self.all_button)
        column.addLayout(row)
        return side
