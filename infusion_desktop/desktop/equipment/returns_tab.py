"""Overdue returns: what patients have that should be back, since when, and the calls about it."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from infusion_desktop.dates import show_day, show_instant
from infusion_desktop.deliveries.pumps.returns import ReturnRow
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Desk
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView

COLUMNS: tuple[Column[ReturnRow], ...] = (
    Column("Tag", lambda row: row.tag),
    Column("Patient", lambda row: row.patient_name, stretch=True, hint=lambda row: row.patient_name),
    Column("Phone", lambda row: row.phone),
    Column(
        "Back by", lambda row: show_day(row.due_back_on), sort_key=lambda row: row.due_back_on,
        tone=lambda row: Tone.BAD if row.is_overdue else Tone.WARN, value=lambda row: row.due_back_on,
    ),
    Column("Days over", lambda row: str(max(0, row.days_over)), sort_key=lambda row: row.days_over, numeric=True,
           value=lambda row: row.days_over),
    Column("Last call", lambda row: row.last_call or "none yet",
           hint=lambda row: f"{row.calls} calls, last {show_instant(row.last_called_at)}" if row.calls else ""),
    Column("Promised", lambda row: show_day(row.promised_on), sort_key=lambda row: row.promised_on),
    Column("Ticket", lambda row: row.ticket),
    Column("Item", lambda row: row.item_name, hidden=True),
    Column("Serial", lambda row: row.serial, hidden=True),
    Column("City", lambda row: row.city, hidden=True),
)  # fmt: skip


class ReturnsTab(QWidget):
    """The list; the signals ask the screen for a deed with the row it concerns."""

    call_asked = Signal(object)
    charge_asked = Signal(object)

    def __init__(self, desk: Desk, may_call: bool, may_charge: bool) -> None:
        super().__init__()
        self.may_call, self.may_charge = may_call, may_charge
        self.table: TableView[ReturnRow] = TableView(
            COLUMNS, lambda row: row.asset_id, name="Returns due", desk=desk, noun=("return", "returns"),
            chips=(Chip("Overdue", lambda row: row.is_overdue, "due"),
                   Chip("No ticket", lambda row: not row.ticket, "ticket"),
                   Chip("Not called", lambda row: not row.calls, "calls")),
            empty="Nothing is to come back. Pumps are asked back when a therapy ends, on a pick-up ticket.",
        )  # fmt: skip
        self.call_button = button("Log a call", lambda: self._emit(self.call_asked.emit), icon="phone")
        self.charge_button = button("Charge", lambda: self._emit(self.charge_asked.emit), icon="dollar")
        self.summary = label("", "muted", wrap=True)
        top = QHBoxLayout()
        top.addWidget(self.summary, 1)
        top.addWidget(self.call_button)
        top.addWidget(self.charge_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(top)
        column.addWidget(self.table, 1)
        self.table.selected.connect(lambda _row: self.allow())
        self.allow()

    def show_rows(self, rows: tuple[ReturnRow, ...]) -> None:
        """Show what is to come back."""
        self.table.set_rows(rows)
        over = [row for row in rows if row.is_overdue]
        days = sum(row.days_over for row in over)
        self.summary.setText(f"{len(over)} overdue, {days} pump days lost" if over else "")
        self.allow()

    def allow(self) -> None:
        """Buttons follow the row that is chosen."""
        is_chosen = self.table.current_row() is not None
        self.call_button.setEnabled(self.may_call and is_chosen)
        self.charge_button.setEnabled(self.may_charge and is_chosen)

    def _emit(self, ask: Callable[[ReturnRow], object]) -> None:
        row = self.table.current_row()
        if row is not None:
            ask(row)
