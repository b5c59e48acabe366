"""Rentals: what vendors rent to us, until when, and what it has cost."""

from decimal import Decimal

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from infusion_desktop.dates import show_day
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Desk
from infusion_desktop.desktop.equipment.deeds import tone_of
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.equipment.rentals import RentalRow
from infusion_desktop.money import show_money

SOON = 14


def _tone(row: RentalRow) -> Tone | None:
    if row.days_left is None or row.days_left > SOON:
        return None
    return Tone.BAD if row.days_left < 0 else Tone.WARN


COLUMNS: tuple[Column[RentalRow], ...] = (
    Column("Tag", lambda row: row.tag),
    Column("State", lambda row: row.state.value.capitalize(), tone=lambda row: tone_of(row.state)),
    Column("Vendor", lambda row: row.vendor, stretch=True, hint=lambda row: row.agreement),
    Column("Item", lambda row: row.item_name, stretch=True, hint=lambda row: row.item_name),
    Column("Rate", lambda row: f"{show_money(row.rate)} a {row.per}", sort_key=lambda row: row.rate, numeric=True),
    Column("Since", lambda row: show_day(row.starts_on), sort_key=lambda row: row.starts_on, hidden=True),
    Column("Back by", lambda row: show_day(row.return_by) or "open", sort_key=lambda row: row.return_by, tone=_tone,
           value=lambda row: row.return_by),
    Column("Cost so far", lambda row: show_money(row.cost_so_far), sort_key=lambda row: row.cost_so_far, numeric=True,
           value=lambda row: row.cost_so_far),
    Column("Serial", lambda row: row.serial, hidden=True),
    Column("Agreement", lambda row: row.agreement, hidden=True),
    Column("Ended", lambda row: show_day(row.ended_on), sort_key=lambda row: row.ended_on, hidden=True),
)  # fmt: skip


class RentalsTab(QWidget):
    """The list with its deeds; the screen opens their dialogs."""

    chosen = Signal(object)
    extend_asked = Signal(object)
    give_back_asked = Signal(object)

    def __init__(self, desk: Desk, may_register: bool) -> None:
        super().__init__()
        self.may_register = may_register
        self.table: TableView[RentalRow] = TableView(
            COLUMNS, lambda row: row.id, name="Rentals", desk=desk, noun=("rental", "rentals"),
            chips=(Chip("Running", lambda row: row.ended_on is None, "state", on=True),
                   Chip("Back soon", lambda row: _tone(row) is not None, "due")),
            empty="Nothing is rented. Choose a pump on the board, and under More note that it is rented.",
        )  # fmt: skip
        self.total = label("", "muted", wrap=True)
        self.extend_button = button("Extend", lambda: self._emit(self.extend_asked), icon="calendar")
        self.give_back_button = button("Give back", lambda: self._emit(self.give_back_asked), icon="truck")
        top = QHBoxLayout()
        top.addWidget(self.total, 1)
        for each in (self.extend_button, self.give_back_button):
            top.addWidget(each)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(top)
        column.addWidget(self.table, 1)
        self.table.selected.connect(self._tell)
        self._allow(None)

    def show_rows(self, rows: tuple[RentalRow, ...]) -> None:
        """Show all rentals, also those that ended."""
        self.table.set_rows(rows)
        running = [row for row in rows if row.ended_on is None]
        cost = sum((row.cost_so_far for row in running), Decimal(0))
        self.total.setText(f"{len(running)} running, {show_money(cost)} so far" if running else "")

    def _emit(self, signal: object) -> None:
        row = self.table.current_row()
        if row is not None:
            signal.emit(row)  # type: ignore[attr-defined]  # a bound Signal

    def _tell(self, row: RentalRow | None) -> None:
        self._allow(row)
        if row is not None:
            self.chosen.emit(row.asset_id)

    def _allow(self, row: RentalRow | None) -> None:
        is_running = self.may_register and row is not None and row.ended_on is None
        self.extend_button.setEnabled(is_running)
        self.give_back_button.setEnabled(is_running)
