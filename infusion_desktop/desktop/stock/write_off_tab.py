"""Write-offs: what waits for a second person, and what was booked."""

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.dates import show_instant
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.question import Answer, Question
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.money import show_money
from infusion_desktop.stock.words import MoveReason, WriteOffState
from infusion_desktop.stock.write_offs import WriteOffRow, approve_write_off, decline_write_off

_STATES = {
    WriteOffState.WAITING: ("To decide", Tone.WARN),
    WriteOffState.POSTED: ("Posted", Tone.GOOD),
    WriteOffState.DECLINED: ("Declined", Tone.NEUTRAL),
}
COLUMNS: tuple[Column[WriteOffRow], ...] = (
    Column("Number", lambda row: row.number),
    Column("State", lambda row: _STATES[row.state][0], tone=lambda row: _STATES[row.state][1]),
    Column("Item", lambda row: row.item_name, stretch=True, width=180, hint=lambda row: row.item_name),
    Column("Lot", lambda row: row.lot),
    Column("Place", lambda row: row.place, hidden=True),
    Column("Quantity", lambda row: f"{row.quantity:,}", sort_key=lambda row: row.quantity, numeric=True,
           value=lambda row: row.quantity),
    Column("Value", lambda row: show_money(row.value), sort_key=lambda row: row.value, numeric=True,
           value=lambda row: row.value),
    Column("Why", lambda row: row.code.capitalize(), hint=lambda row: row.note),
    Column("Note", lambda row: row.note, hint=lambda row: row.note, hidden=True),
    Column("Asked by", lambda row: row.asked_by, stretch=True),
    Column("When", lambda row: show_instant(row.asked_at), sort_key=lambda row: row.asked_at, hidden=True),
    Column("Decided by", lambda row: row.decided_by, hidden=True, hint=lambda row: show_instant(row.decided_at)),
)  # fmt: skip
CHIPS: tuple[Chip[WriteOffRow], ...] = (
    Chip("To decide", lambda row: row.state is WriteOffState.WAITING, "state"),
    Chip("Expired", lambda row: row.reason is MoveReason.EXPIRED, "why"),
    Chip("Damaged", lambda row: row.reason is MoveReason.DAMAGED, "why"),
    Chip("Lost", lambda row: row.reason is MoveReason.LOST, "why"),
)


class WriteOffTab(QWidget):
    """Belongs to the stock screen."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self.owner, self.context, self.desk = screen, screen.context, screen.desk
        self.approve_button = button("Approve", self.approve, icon="check", kind="primary")
        self.decline_button = button("Decline", self.decline, icon="cross")
        self.table: TableView[WriteOffRow] = TableView(
            COLUMNS, lambda row: row.id, name="Write-offs", chips=CHIPS, noun=("write-off", "write-offs"),
            desk=self.desk, settings=screen.settings(), empty="Nothing was written off yet.",
        )  # fmt: skip
        top = QHBoxLayout()
        top.addWidget(label("Above the pharmacy's limit a second person decides. Until then the units are set aside.",
                            "muted", wrap=True), 1)  # fmt: skip
        top.addWidget(self.decline_button)
        top.addWidget(self.approve_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.addLayout(top)
        column.addWidget(self.table, 1)
        self.table.selected.connect(lambda _row: self._allow())
        self._allow()

    def approve(self) -> None:
        """Agree as the second person."""
        row = self.table.current_row()
        if row is None:
            return
        database, by = self.context.database, self.context.user_id
        told = f"{row.quantity:,} {row.unit} of {row.item_name}, lot {row.lot}, {show_money(row.value)}: {row.code}."
        self.desk.messages.confirm(
            Question("Write this off?", (told, row.note, f"Asked for by {row.asked_by}."), yes="Approve"),
            lambda: self.owner.do(
                lambda _o: approve_write_off(database, row.id, by), changed=("stock",),
                said=f"{row.number} is booked.", pressed=self.approve_button,
            ),
            self,
        )  # fmt: skip

    def decline(self) -> None:
        """Do not agree."""
        row = self.table.current_row()
        if row is None:
            return
        database, by = self.context.database, self.context.user_id

        def answered(answer: Answer) -> None:
            if answer.yes:
                self.owner.do(
                    lambda _o: decline_write_off(database, row.id, answer.reason, by), changed=("stock",),
                    said=f"{row.number} is declined.",
                )  # fmt: skip

        asked = Question("Decline it?", ("The units can be used again.",), yes="Decline", needs_reason=True)
        self.desk.messages.ask(asked, answered, self.window())

    def show_rows(self, rows: tuple[WriteOffRow, ...]) -> None:
        """Show them."""
        self.table.set_rows(rows)
        self._allow()

    def _allow(self) -> None:
        row, may = self.table.current_row(), self.context.may(Permission.WRITE_OFF)
        waits = row is not None and row.state is WriteOffState.WAITING
        for press in (self.approve_button, self.decline_button):
            press.setEnabled(may and waits)
            press.setToolTip("" if may else "Pharmacists decide write-offs.")
