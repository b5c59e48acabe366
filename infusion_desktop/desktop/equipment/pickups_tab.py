"""Pick-ups and swaps: the tickets of drivers' trips above, pumps that are being exchanged below."""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from infusion_desktop.dates import show_day
from infusion_desktop.deliveries.pumps.pickups import TicketRow
from infusion_desktop.deliveries.pumps.swapping import SwapRow
from infusion_desktop.deliveries.words import DeliveryState
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Desk
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView

TICKET_COLUMNS: tuple[Column[TicketRow], ...] = (
    Column("Ticket", lambda row: row.number),
    Column("Collect", lambda row: show_day(row.collect_on), sort_key=lambda row: row.collect_on,
           value=lambda row: row.collect_on),
    Column("Window", lambda row: row.window),
    Column("Patient", lambda row: row.patient_name, stretch=True, hint=lambda row: row.address),
    Column("What", lambda row: ", ".join(line.tag for line in row.lines),
           hint=lambda row: "\n".join(f"{line.tag} {line.item_name}: {line.outcome}" for line in row.lines)),
    Column("Why", lambda row: row.reason, hint=lambda row: row.reason, stretch=True),
    Column("State", lambda row: row.state.capitalize(), tone=lambda row: Tone.WARN if row.is_open else Tone.GOOD),
    Column("Driver", lambda row: row.driver, hidden=True),
    Column("Phone", lambda row: row.phone, hidden=True),
    Column("Printed", lambda row: str(row.printed), numeric=True, hidden=True),
)  # fmt: skip


def _tone(row: SwapRow) -> Tone:
    if row.delivery_state in (DeliveryState.CANCELLED, DeliveryState.REFUSED):
        return Tone.BAD
    return Tone.GOOD if row.stands == "done" else Tone.INFO


SWAP_COLUMNS: tuple[Column[SwapRow], ...] = (
    Column("Exchange", lambda row: row.number),
    Column("Patient", lambda row: row.patient_name, stretch=True),
    Column("Old", lambda row: row.old_tag),
    Column("New", lambda row: row.new_tag or "not chosen"),
    Column("Fault", lambda row: row.fault, stretch=True, hint=lambda row: row.fault),
    Column("How far", lambda row: row.stands.capitalize(), tone=_tone),
    Column("Delivery", lambda row: row.delivery_number),
)  # fmt: skip


class PickupsTab(QWidget):
    """The signals ask the screen for a deed with the ticket it concerns."""

    plan_asked = Signal(object)
    cancel_asked = Signal(object)

    def __init__(
        self, desk: Desk, may_plan: bool, write: Callable[[], object], print_tickets: Callable[[], object]
    ) -> None:
        super().__init__()
        self.may_plan = may_plan
        self.tickets: TableView[TicketRow] = TableView(
            TICKET_COLUMNS, lambda row: row.id, name="Pick-up tickets", desk=desk, noun=("ticket", "tickets"),
            chips=(Chip("Open", lambda row: row.is_open, "state", on=True),),
            empty="No pick-up ticket. Each morning asks back by itself what ended therapies left at home.",
        )  # fmt: skip
        self.swaps: TableView[SwapRow] = TableView(
            SWAP_COLUMNS, lambda row: row.id, name="Exchanges", desk=desk, noun=("exchange", "exchanges"),
            chips=(Chip("Under way", lambda row: row.stands != "done", "state", on=True),),
            empty="No pump is being exchanged. Choose a pump that is with a patient and press “Swap”.",
        )  # fmt: skip
        self.write_button = button("Write due tickets", write, icon="plus")
        self.write_button.setToolTip("Asks back, on one ticket for each patient, what ended therapies left at home.")
        self.plan_button = button("Plan", lambda: self._emit(self.plan_asked.emit), icon="calendar")
        self.cancel_button = button("Cancel", lambda: self._emit(self.cancel_asked.emit), icon="cross")
        self.print_button = button("Print tickets", print_tickets, icon="print")
        self._lay_out()
        self.tickets.selected.connect(lambda _row: self.allow())
        self.tickets.opened.connect(lambda row: self.plan_asked.emit(row) if may_plan and row.is_open else None)
        self.swaps.opened.connect(lambda row: desk.open("delivery", row.delivery_id))
        self.allow()

    def show_rows(self, tickets: tuple[TicketRow, ...], swaps: tuple[SwapRow, ...], unwritten: int) -> None:
        """Show the trips; ``unwritten`` counts things of ended therapies without a ticket."""
        self.tickets.set_rows(tickets)
        self.swaps.set_rows(swaps)
        self.write_button.setText(f"Write due tickets ({unwritten})" if unwritten else "Write due tickets")
        self.write_button.setEnabled(self.may_plan and bool(unwritten))
        self.allow()

    def allow(self) -> None:
        """Buttons follow the ticket that is chosen."""
        ticket = self.tickets.current_row()
        is_open = ticket is not None and ticket.is_open
        self.plan_button.setEnabled(self.may_plan and is_open)
        self.cancel_button.setEnabled(self.may_plan and is_open)
        self.print_button.setEnabled(any(row.is_open for row in self.tickets.model.rows))

    def fit(self) -> None:
        """A table is as wide as it is seen only once it is seen."""
        self.tickets.fit_columns()
        self.swaps.fit_columns()

    def _emit(self, ask: Callable[[TicketRow], object]) -> None:
        row = self.tickets.current_row()
        if row is not None:
            ask(row)

    def _lay_out(self) -> None:
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        buttons = (self.write_button, self.plan_button, self.cancel_button, self.print_button)
        split.addWidget(_part("Pick-up tickets", self.tickets, buttons))
        split.addWidget(_part("Pumps being exchanged", self.swaps, ()))
        split.setSizes([340, 220])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(split, 1)


def _part(title: str, table: QWidget, buttons: tuple[QWidget, ...]) -> QWidget:
    made = QWidget()
    inner = QVBoxLayout(made)
    inner.setContentsMargins(0, 0, 0, 6)
    inner.setSpacing(8)
    top = QHBoxLayout()
    top.addWidget(label(title, "heading"))
    top.addStretch(1)
    for each in buttons:
        top.addWidget(each)
    inner.addLayout(top)
    inner.addWidget(table, 1)
    return made
