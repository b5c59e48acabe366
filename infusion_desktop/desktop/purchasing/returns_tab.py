"""Returns: what came damaged, wrong or missing and waits, what went back, and which credits are still open."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QWidget

from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, show_day, today
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import DayField, Form, MoneyField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.purchasing.looks import RETURN_TONES
from infusion_desktop.desktop.purchasing.order_dialogs import ReasonDialog
from infusion_desktop.desktop.purchasing.tab import Tab, allow, once
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.files import safe_name
from infusion_desktop.money import ZERO, show_money, to_cents
from infusion_desktop.stock.buying.purchase_papers import return_paper
from infusion_desktop.stock.buying.purchase_queries import DifferenceRow, differences
from infusion_desktop.stock.buying.return_queries import ReturnRow, return_rows
from infusion_desktop.stock.buying.vendor_returns import NewReturn, close_return, receive_credit, return_to_vendor
from infusion_desktop.stock.words import VendorReturnId, VendorReturnState


@dataclass(frozen=True, slots=True)
class _Found:
    waiting: tuple[DifferenceRow, ...]
    returns: tuple[ReturnRow, ...]


WAITING: tuple[Column[DifferenceRow], ...] = (
    Column("Item", lambda row: row.item_name, stretch=True, hint=lambda row: row.item_number),
    Column("What", lambda row: row.condition.value.capitalize(), tone=lambda _row: Tone.BAD),
    Column("Units", lambda row: f"{row.quantity:,}", sort_key=lambda row: row.quantity, numeric=True),
    Column("Lot", lambda row: row.lot),
    Column("Vendor", lambda row: row.vendor or "Not known", width=170, hint=lambda row: row.order),
    Column("Order", lambda row: row.order, hidden=True),
    Column("Worth", lambda row: show_money(row.quantity * row.unit_cost), numeric=True,
           sort_key=lambda row: row.quantity * row.unit_cost),
    Column("Note", lambda row: row.note, hint=lambda row: row.note, stretch=True),
)  # fmt: skip
RETURNS: tuple[Column[ReturnRow], ...] = (
    Column("Return", lambda row: row.number),
    Column("Vendor", lambda row: row.vendor, stretch=True),
    Column("State", lambda row: row.state.value.capitalize(), tone=lambda row: RETURN_TONES[row.state]),
    Column("Sent", lambda row: show_day(row.sent_on), sort_key=lambda row: row.sent_on),
    Column("Expected", lambda row: show_money(row.expected), sort_key=lambda row: row.expected, numeric=True,
           value=lambda row: row.expected),
    Column("Credited", lambda row: show_money(row.credited), sort_key=lambda row: row.credited, numeric=True,
           value=lambda row: row.credited),
    Column("Their number", lambda row: row.vendor_reference),
    Column("Order", lambda row: row.order, hidden=True),
    Column("Why", lambda row: row.reason, stretch=True, hint=lambda row: row.reason),
)  # fmt: skip


class ReturnsTab(Tab):
    """What waits above, returns below."""

    title = "Returns"

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "What came damaged, wrong, too much or not at all, until the vendor has credited it.")
        self.dialog: PdfDialog | None = None
        self.send_button = button("Send back or claim", self.send_back, icon="truck", kind="primary")
        self.put_actions(self.send_button)
        settings = screen.settings()
        self.waiting: TableView[DifferenceRow] = TableView(
            WAITING, lambda row: row.id, name="Waiting to go back", desk=self.desk, noun=("line", "lines"),
            settings=settings, empty="Nothing waits. What is received as damaged, wrong or missing is listed here.",
        )  # fmt: skip
        self.table: TableView[ReturnRow] = TableView(
            RETURNS, lambda row: row.id, name="Vendor returns", desk=self.desk, noun=("return", "returns"),
            settings=settings, empty="Nothing was sent back yet.",
            chips=(Chip("Credit open", lambda row: row.open_credit > 0),),
        )  # fmt: skip
        self.credit_button = button("Credit came", self.credit, icon="dollar")
        self.close_button = button("Close without credit", self.close_return, icon="check")
        self.print_button = button("Print", self.print_return, icon="print")
        self.total = label("", "muted")
        below = QHBoxLayout()
        below.setSpacing(10)
        for press in (self.credit_button, self.close_button, self.print_button):
            below.addWidget(press)
        below.addStretch(1)
        below.addWidget(self.total)
        self.column.addWidget(self.waiting, 1)
        self.column.addLayout(below)
        self.column.addWidget(self.table, 1)
        self.waiting.grid.selectionModel().selectionChanged.connect(once(self._allow))
        self.waiting.selected.connect(once(self._allow))
        self.table.selected.connect(once(self._allow))
        self.table.opened.connect(lambda _row: self.print_return())
        self._allow()

    def load(self) -> None:
        database = self.context.database
        self.owner.ask(lambda: _found(database), self._show, key="returns")

    def fit(self) -> None:
        self.waiting.fit_columns()
        self.table.fit_columns()

    def send_back(self) -> None:
        """Send the selected lines back to their vendor, or claim what was missing."""
        rows = self.waiting.selected_rows()
        if rows and self.send_button.isEnabled():
            dialog = ReturnDialog(self.context, self.desk, tuple(rows), self.owner)
            dialog.succeeded.connect(lambda made: self.print_one(made))
            dialog.open()

    def credit(self) -> None:
        """The vendor credited money for the selected return."""
        row = self.table.current_row()
        if row is not None:
            CreditDialog(self.context, self.desk, row, self.owner).open()

    def close_return(self) -> None:
        """No more credit will come."""
        row = self.table.current_row()
        if row is None:
            return
        database, by = self.context.database, self.context.user_id
        ReasonDialog(
            self.context, self.desk, f"Close {row.number}", f"{show_money(row.open_credit)} will not be credited.",
            "Close it", self.owner, lambda reason: close_return(database, row.id, row.version, reason, by),
        ).opened_by(self.close_return).open()  # fmt: skip

    def print_return(self) -> None:
        """The selected return's paper."""
        row = self.table.current_row()
        if row is not None:
            self.print_one(row.id)

    def print_one(self, return_id: VendorReturnId) -> None:
        """The paper of a return."""
        database, by = self.context.database, self.context.user_id
        self.owner.ask(lambda: _paper(database, return_id, by), self._show_paper, key="return paper")

    def _show_paper(self, found: tuple[str, bytes]) -> None:
        number, pdf = found
        name = safe_name(f"return-{number}") + ".pdf"
        self.dialog = PdfDialog(self.desk, "Vendor return", pdf, name, self.context.folder, self)
        self.dialog.show()

    def _show(self, found: _Found) -> None:
        self.waiting.set_rows(found.waiting)
        self.table.set_rows(found.returns)
        owed = sum((row.open_credit for row in found.returns), ZERO)
        self.total.setText(f"{show_money(owed)} of credits are open." if owed else "")
        self._allow()

    def _allow(self) -> None:
        may = self.context.may(Permission.ORDER)
        rows, row = self.waiting.selected_rows(), self.table.current_row()
        one_vendor = len({each.vendor_id for each in rows}) == 1 and rows[0].vendor_id is not None
        allow(self.send_button, may, one_vendor, "Technicians and pharmacists send goods back.")
        if may:
            self.send_button.setToolTip("" if one_vendor else "Select lines that came from one vendor.")
        is_open = row is not None and row.state is VendorReturnState.SENT
        allow(self.credit_button, may, row is not None and row.state is not VendorReturnState.CLOSED, "")
        allow(self.close_button, self.context.may(Permission.WRITE_OFF), is_open, "Pharmacists close returns.")
        self.print_button.setEnabled(row is not None)


class ReturnDialog(DeedDialog):
    """Why it goes back, and what is expected for it."""

    changed = ("stock", "purchasing")

    def __init__(self, context: Context, desk: Desk, rows: tuple[DifferenceRow, ...], parent: QWidget) -> None:
        super().__init__(context, desk, f"Back to {rows[0].vendor}", parent, save="Send back", width=560)
        self.rows = rows
        self.worth = to_cents(sum((row.quantity * row.unit_cost for row in rows), Decimal(0)))
        self.reason = TextField("Why", required=True, longest=200)
        self.reference = TextField("Their return number", longest=60)
        self.expected = MoneyField("Credit expected ($)", required=True)
        self.reason.set_value(", ".join(dict.fromkeys(filter(None, (row.note for row in rows)))))
        self.expected.set_value(self.worth)
        self.form = Form()
        self.form.section("", (self.reason,), (self.reference, self.expected))
        for row in rows[:8]:
            lot = f", lot {row.lot}" if row.lot else ""
            self.body.addWidget(label(
                f"{row.quantity:,} {row.unit} of {row.item_name}{lot}: {row.condition.value}", wrap=True))  # fmt: skip
        if len(rows) > 8:
            self.body.addWidget(label(f"and {len(rows) - 8} more lines", "muted"))
        self.body.addWidget(
            label("What is here leaves stock now; what was missing is only claimed.", "muted", wrap=True)
        )
        self.body.addWidget(self.form)
        self.reason.setFocus()

    def deed(self) -> Deed | None:
        vendor = self.rows[0].vendor_id
        if not self.form.check() or vendor is None:
            return None
        new = NewReturn(
            vendor, self.reason.value(), tuple(row.id for row in self.rows), (), self.reference.value(),
            self.expected.value(),
        )  # fmt: skip
        database, by = self.context.database, self.context.user_id
        return lambda _override: return_to_vendor(database, new, by)

    def said(self, _result: Any) -> str:
        return "It is sent back, and the credit is expected."


class CreditDialog(DeedDialog):
    """Money that the vendor credited."""

    changed = ("purchasing",)

    def __init__(self, context: Context, desk: Desk, row: ReturnRow, parent: QWidget) -> None:
        super().__init__(context, desk, f"Credit for {row.number}", parent, save="Keep it")
        self.row = row
        self.amount = MoneyField("Amount ($)", required=True, allow_negative=True)
        self.number = TextField("Credit memo", longest=60)
        self.on = DayField("Received on", required=True)
        self.note = TextField("Note", longest=200)
        self.amount.set_value(row.open_credit or None)
        self.on.set_value(today())
        self.form = Form()
        self.form.section("", (self.amount, self.number), (self.on,), (self.note,))
        expected = f"{show_money(row.expected)} expected, {show_money(row.credited)} credited so far."
        self.body.addWidget(label(expected, "muted", wrap=True))
        self.body.addWidget(self.form)
        self.number.setFocus()

    def deed(self) -> Deed | None:
        amount, day = (self.amount.value(), self.on.value()) if self.form.check() else (None, None)
        if amount is None or day is None:
            return None
        database, by, row = self.context.database, self.context.user_id, self.row
        number, note = self.number.value(), self.note.value()
        return lambda override: receive_credit(database, row.id, amount, number, day, by, note, override)

    def said(self, _result: Any) -> str:
        return "The credit is kept."


def _found(database: Database) -> _Found:
    with database.reading() as session:
        return _Found(differences(session, open_only=True), return_rows(session))


def _paper(database: Database, return_id: VendorReturnId, by: UserId) -> tuple[str, bytes]:
    from reports.vendor_return import render

    with database.reading() as session:
        filled = return_paper(session, return_id, by, now_utc())
    return filled.number, render(filled)
