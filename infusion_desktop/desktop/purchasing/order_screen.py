"""One purchase order: its lines with what came of them, its life, its paper, and what can be done with it next."""

from dataclasses import dataclass
from typing import ClassVar

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, show_day, show_instant, today
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.labels import icon_label, label
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.purchasing.looks import ORDER_TONES
from infusion_desktop.desktop.purchasing.order_dialogs import (
    AddLineDialog,
    BackorderDialog,
    ExpectDialog,
    LineDialog,
    ReasonDialog,
    SendDialog,
    show_price,
)
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.desktop.theme import set_icon
from infusion_desktop.files import safe_name
from infusion_desktop.money import show_money
from infusion_desktop.stock.buying.purchase_orders import cancel_order, close_order
from infusion_desktop.stock.buying.purchase_papers import order_paper
from infusion_desktop.stock.buying.purchase_queries import (
    DifferenceRow,
    OrderEventRow,
    OrderLineRow,
    OrderPage,
    order_page,
)
from infusion_desktop.stock.buying.receipt_corrections import take_back
from infusion_desktop.stock.buying.receipt_queries import ReceivedRow
from infusion_desktop.stock.pack_rules import plural
from infusion_desktop.stock.words import Condition, OrderId, OrderState


def _state(line: OrderLineRow) -> str:
    if not line.outstanding:
        return "Here"
    if line.backordered:
        until = f" until {show_day(line.backordered_until)}" if line.backordered_until else ""
        return f"Backorder{until}"
    return "Partly here" if line.received else "Expected"


def _tone(line: OrderLineRow) -> Tone:
    if not line.outstanding:
        return Tone.GOOD
    return Tone.WARN if line.backordered or line.received else Tone.INFO


def _packs(line: OrderLineRow) -> str:
    if line.pack_quantity == 1:
        return f"{line.packs:,} {line.unit}"
    return f"{line.packs:,} {plural(line.pack_name, line.packs)} of {line.pack_quantity:,}"


def _not_good(line: OrderLineRow) -> str:
    parts = ((line.damaged, "damaged"), (line.wrong_or_over, "wrong or too many"), (line.missing, "missing"))
    return ", ".join(f"{units:,} {what}" for units, what in parts if units)


LINES: tuple[Column[OrderLineRow], ...] = (
    Column("Item", lambda line: line.item_name, stretch=True, hint=lambda line: f"{line.item_number}\n{line.why}"),
    Column("Vendor's number", lambda line: line.vendor_number, hidden=True),
    Column("Packs", lambda line: _packs(line), sort_key=lambda line: line.packs, numeric=True),
    Column("Units", lambda line: f"{line.quantity:,}", sort_key=lambda line: line.quantity, numeric=True),
    Column("Here", lambda line: f"{line.received:,}", sort_key=lambda line: line.received, numeric=True),
    Column("Not good", _not_good, tone=lambda line: Tone.BAD if _not_good(line) else None),
    Column("Price", lambda line: show_price(line.pack_price), sort_key=lambda line: line.pack_price, numeric=True),
    Column("Amount", lambda line: "" if line.amount is None else show_money(line.amount), numeric=True,
           sort_key=lambda line: line.amount, value=lambda line: line.amount),
    Column("State", _state, tone=_tone, hint=lambda line: line.note),
    Column("Why", lambda line: line.why, hint=lambda line: line.why, width=260, hidden=True),
)  # fmt: skip
EVENTS: tuple[Column[OrderEventRow], ...] = (
    Column("When", lambda row: show_instant(row.at), sort_key=lambda row: row.at),
    Column("State", lambda row: row.state.value.capitalize(), tone=lambda row: ORDER_TONES[row.state]),
    Column("Who", lambda row: row.by),
    Column("What", lambda row: row.note, stretch=True),
)
DIFFERENCES: tuple[Column[DifferenceRow], ...] = (
    Column("Item", lambda row: row.item_name, stretch=True),
    Column("What", lambda row: row.condition.value.capitalize(), tone=lambda _row: Tone.BAD),
    Column("Units", lambda row: f"{row.quantity:,}", sort_key=lambda row: row.quantity, numeric=True),
    Column("Lot", lambda row: row.lot),
    Column("Receipt", lambda row: row.receipt),
    Column("Note", lambda row: row.note, stretch=True),
    Column("Return", lambda row: row.returned_on or "to do", tone=lambda r: Tone.GOOD if r.returned_on else Tone.WARN),
)


RECEIVED: tuple[Column[ReceivedRow], ...] = (
    Column("When", lambda row: show_instant(row.at), sort_key=lambda row: row.at),
    Column("Receipt", lambda row: row.receipt),
    Column("Item", lambda row: row.item_name, stretch=True),
    Column("Lot", lambda row: row.lot),
    Column("Units", lambda row: f"{row.quantity:,}", sort_key=lambda row: row.quantity, numeric=True),
    Column("Condition", lambda row: "Taken back" if row.taken_back else row.condition.value.capitalize(),
           tone=lambda row: _box_tone(row),
           hint=lambda row: row.taken_back or row.note),
    Column("Who", lambda row: row.by),
)  # fmt: skip


def _box_tone(row: ReceivedRow) -> Tone:
    if row.taken_back:
        return Tone.NEUTRAL
    return Tone.GOOD if row.condition is Condition.GOOD else Tone.BAD


@dataclass(frozen=True, slots=True)
class _Event:
    """An entry of the order's life with a place of its own."""

    id: int
    row: OrderEventRow


class OrderScreen(Screen):
    """A purchase order on a page."""

    title = "Purchase order"
    topics: ClassVar[frozenset[str]] = frozenset({"stock", "purchasing"})
    help = (
        "Change packs with Enter while it is a draft. Print it, send it, say that it was sent; then receive against "
        "it: scan its code at the receiving bench."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.order_id: OrderId | None = None
        self.page: OrderPage | None = None
        self.dialog: PdfDialog | None = None
        self._lay_out()
        self._allow()

    def load(self) -> None:
        if self.order_id is not None:
            database, order_id = self.context.database, self.order_id
            self.ask(lambda: _page(database, order_id), self._show, key="order")

    def show_record(self, _kind: str, record: object) -> None:
        if isinstance(record, int):
            self.order_id = OrderId(record)
            self.load()

    def print_order(self) -> None:
        """Show the order's paper."""
        if self.page is not None:
            database, order_id, by = self.context.database, self.page.row.id, self.context.user_id
            self.ask(lambda: _paper(database, order_id, by), self._show_paper, key="paper")

    def receive(self) -> None:
        """Receive against this order at the bench."""
        if self.page is not None and self.receive_button.isEnabled():
            self.desk.open("receive order", self.page.row.id)

    def send(self) -> None:
        """Say that it went to the vendor."""
        if self.page is not None:
            SendDialog(self.context, self.desk, self.page, self).opened_by(self.send).open()

    def add_item(self) -> None:
        """One more item on the draft."""
        if self.page is not None:
            AddLineDialog(self.context, self.desk, self.page, self).open()

    def expect(self) -> None:
        """The vendor named another day."""
        if self.page is not None:
            ExpectDialog(self.context, self.desk, self.page, self).open()

    def change_line(self) -> None:
        """Packs and price on a draft; a backorder on an order that is out."""
        line = self.lines.current_row()
        if line is None or self.page is None or not self.context.may(Permission.ORDER):
            return
        if self.page.row.state is OrderState.DRAFT:
            LineDialog(self.context, self.desk, line, self).open()
        elif self.page.row.state.is_expected:
            BackorderDialog(self.context, self.desk, line, self).open()

    def take_back(self) -> None:
        """A line of a receipt was entered wrong."""
        row = self.received.current_row()
        if row is None:
            return
        database, by = self.context.database, self.context.user_id
        ReasonDialog(
            self.context, self.desk, "Take the line back",
            f"{row.quantity:,} {row.unit} of {row.item_name} leave stock again and are expected again. Receive what "
            "really came afterwards.",
            "Take it back", self, lambda reason: take_back(database, row.id, reason, by), kind="danger",
        ).open()  # fmt: skip

    def close_order(self) -> None:
        """The rest is no longer expected."""
        if self.page is None:
            return
        database, by, row = self.context.database, self.context.user_id, self.page.row
        ReasonDialog(
            self.context, self.desk, f"Close {row.number}",
            f"{row.open_lines} lines are not complete. What is here stays; the rest is no longer expected.",
            "Close the order", self,
            lambda reason: close_order(database, row.id, row.version, reason, by),
        ).opened_by(self.close_order).open()  # fmt: skip

    def cancel(self) -> None:
        """Nothing of it is wanted any more."""
        if self.page is None:
            return
        database, by, row = self.context.database, self.context.user_id, self.page.row
        is_out = row.state is OrderState.SENT
        ReasonDialog(
            self.context, self.desk, f"Cancel {row.number}",
            "The vendor has this order: tell them, and say who was told." if is_out else "The draft is not sent.",
            "Cancel the order", self, lambda reason: cancel_order(database, row.id, row.version, reason, by),
            required=is_out, kind="danger",
        ).opened_by(self.cancel).open()  # fmt: skip

    def _lay_out(self) -> None:
        self.name = label("", "title", wrap=True)
        self.about = label("", "muted", wrap=True)
        self.state_icon, self.state = icon_label("dot", "muted"), label("", "strong")
        self.back_button = button("Purchasing", lambda: self.desk.open("purchasing", "orders"), icon="chevron-left")
        self.print_button = button("Print", self.print_order, icon="print")
        self.cancel_button = button("Cancel it", self.cancel, icon="cross")
        self.close_button = button("Close it", self.close_order, icon="check")
        self.expect_button = button("Another day", self.expect, icon="calendar")
        self.add_button = button("Add an item", self.add_item, icon="plus")
        self.line_button = button("Packs and price", self.change_line, icon="edit")
        self.send_button = button("Send", self.send, icon="export", kind="primary")
        self.receive_button = button("Receive", self.receive, icon="scan", kind="primary")
        settings = self.settings()
        self.lines: TableView[OrderLineRow] = TableView(
            LINES, lambda line: line.id, name="Lines of the order", noun=("line", "lines"), desk=self.desk,
            settings=settings, empty="No item yet. Add what is to be ordered.",
            empty_button=("Add an item", self.add_item),
        )  # fmt: skip
        self.differences: TableView[DifferenceRow] = TableView(
            DIFFERENCES, lambda row: row.id, name="What was not good", noun=("line", "lines"), desk=self.desk,
            empty="Nothing damaged, wrong or missing.",
        )  # fmt: skip
        self.received: TableView[ReceivedRow] = TableView(
            RECEIVED, lambda row: row.id, name="What came on the order", noun=("line", "lines"), desk=self.desk,
            empty="Nothing came yet. Receive against it: scan its code at the receiving bench.",
        )  # fmt: skip
        self.back_in_button = button("Take the line back", self.take_back, icon="undo")
        self.received.selected.connect(lambda _row: self._allow())
        self.events: TableView[_Event] = TableView(
            tuple(_of_event(column) for column in EVENTS), lambda event: event.id, name="Life of the order",
            noun=("entry", "entries"), desk=self.desk, empty="Nothing happened yet.",
        )  # fmt: skip
        self.lines.opened.connect(lambda _line: self.change_line())
        self.lines.selected.connect(lambda _line: self._allow())
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for table, title in (
            (self.lines, "Lines"), (self.differences, "Not good"), (self.received, "Received"), (self.events, "Life"),
        ):  # fmt: skip
            holder = QWidget()
            column = QVBoxLayout(holder)
            column.setContentsMargins(0, 12, 0, 0)
            column.addWidget(table)
            self.tabs.addTab(holder, title)
        self.tabs.currentChanged.connect(lambda _tab: QTimer.singleShot(0, self, self._fit))
        top, head = QHBoxLayout(), QHBoxLayout()
        top.setSpacing(10)
        top.addWidget(self.back_button)
        top.addStretch(1)
        for press in (
            self.back_in_button, self.cancel_button, self.close_button, self.expect_button, self.line_button,
            self.add_button, self.print_button, self.receive_button, self.send_button,
        ):  # fmt: skip
            top.addWidget(press)
        head.setSpacing(12)
        head.addWidget(icon_label("clipboard", "accent", 28))
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.name)
        words.addWidget(self.about)
        head.addLayout(words, 1)
        head.addWidget(self.state_icon)
        head.addWidget(self.state)
        page = Page(self)
        page.lead.hide()
        page.add(top)
        page.add(head)
        page.add(self.tabs, 1)

    def _fit(self) -> None:
        for table in (self.lines, self.differences, self.received, self.events):
            if table.isVisible():
                table.fit_columns()
        self._allow()

    def _show(self, page: OrderPage) -> None:
        if page.row.id != self.order_id:
            return
        self.page = page
        row = page.row
        self.name.setText(f"{row.number}  ·  {row.vendor}")
        days = "1 day late" if row.days_late == 1 else f"{row.days_late} days late"
        parts = [
            f"sent {show_day(row.ordered_on)}" if row.ordered_on else "not sent yet",
            f"expected {show_day(row.expected_on)}" if row.expected_on and row.state.is_expected else "",
            days if row.is_late else "", show_money(row.amount),
            f"{row.received_percent} % here" if row.ordered_on else "", row.note,
        ]  # fmt: skip
        self.about.setText("  ·  ".join(part for part in parts if part))
        tone = Tone.BAD if row.is_late else ORDER_TONES[row.state]
        set_icon(self.state_icon, tone.value, tone.name.lower())  # type: ignore[arg-type]  # tones and tints share names
        self.state.setText(f"{row.state.value.capitalize()}, late" if row.is_late else row.state.value.capitalize())
        self.lines.set_rows(page.lines)
        self.differences.set_rows(page.differences)
        self.received.set_rows(page.received)
        self.events.set_rows(_Event(place, event) for place, event in enumerate(page.events))
        todo = sum(not each.returned_on for each in page.differences)
        self.tabs.setTabText(1, f"Not good ({todo} to do)" if todo else "Not good")
        self._allow()

    def _allow(self) -> None:
        page, may = self.page, self.context.may(Permission.ORDER)
        state = None if page is None else page.row.state
        is_draft, is_out = state is OrderState.DRAFT, state is not None and state.is_expected
        has_line = self.lines.current_row() is not None
        came = self.received.current_row()
        for press, shown, enabled in (
            (
                self.back_in_button,
                self.received.isVisible(),
                self.context.may(Permission.RECEIVE) and came is not None and not came.taken_back,
            ),
            (self.send_button, is_draft, may and bool(page and page.lines)),
            (self.add_button, is_draft, may),
            (self.cancel_button, is_draft or state is OrderState.SENT, may),
            (self.close_button, is_out, may),
            (self.expect_button, is_out, may),
            (self.line_button, is_draft or is_out, may and has_line),
            (self.receive_button, is_out, self.context.may(Permission.RECEIVE)),
            (self.print_button, state is not None, True),
        ):
            press.setVisible(shown)
            press.setEnabled(enabled)
        self.line_button.setText("Packs and price" if is_draft else "Backorder")

    def _show_paper(self, pdf: bytes) -> None:
        if self.page is not None:
            name = safe_name(f"order-{self.page.row.number}") + ".pdf"
            self.dialog = PdfDialog(self.desk, "Purchase order", pdf, name, self.context.folder, self)
            self.dialog.show()


def _of_event(column: Column[OrderEventRow]) -> Column[_Event]:
    tone, key = column.tone, column.sort_key
    return Column(
        column.title, lambda event: column.text(event.row), stretch=column.stretch,
        sort_key=None if key is None else lambda event: key(event.row),
        tone=None if tone is None else lambda event: tone(event.row),
    )  # fmt: skip


def _page(database: Database, order_id: OrderId) -> OrderPage:
    with database.reading() as session:
        return order_page(session, order_id, today())


def _paper(database: Database, order_id: OrderId, by: UserId) -> bytes:
    from reports.purchase_order import render

    with database.reading() as session:
        filled = order_paper(session, order_id, by, now_utc())
    return render(filled)
