"""Orders: every purchase order with how far it is; late ones and those with something on backorder stand out."""

from collections.abc import Callable

from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day, today
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.purchasing.looks import ORDER_TONES
from infusion_desktop.desktop.purchasing.order_dialogs import NewOrderDialog
from infusion_desktop.desktop.purchasing.tab import Tab, allow
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.money import show_money
from infusion_desktop.stock.buying.purchase_queries import OrderRow, order_rows
from infusion_desktop.stock.words import OrderId, OrderState


def _due(row: OrderRow) -> str:
    if row.is_late:
        return f"{row.days_late:,} days late" if row.days_late > 1 else "1 day late"
    return show_day(row.expected_on) if row.state.is_expected else ""


def _late_lines(row: OrderRow) -> str:
    return "" if not row.on_backorder else "1 line" if row.on_backorder == 1 else f"{row.on_backorder} lines"


COLUMNS: tuple[Column[OrderRow], ...] = (
    Column("Order", lambda row: row.number),
    Column("Vendor", lambda row: row.vendor, stretch=True),
    Column("State", lambda row: row.state.value.capitalize(), tone=lambda row: ORDER_TONES[row.state]),
    Column("Sent", lambda row: show_day(row.ordered_on), sort_key=lambda row: row.ordered_on),
    Column(
        "Expected", _due, sort_key=lambda row: row.expected_on if row.state.is_expected else None,
        tone=lambda row: Tone.BAD if row.is_late else None, value=lambda row: row.expected_on,
    ),
    Column("Lines", lambda row: f"{row.lines:,}", sort_key=lambda row: row.lines, numeric=True, hidden=True),
    Column("Here", lambda row: f"{row.received_percent} %", sort_key=lambda row: row.received_percent, numeric=True),
    Column(
        "Backorder", lambda row: _late_lines(row),
        sort_key=lambda row: row.on_backorder, tone=lambda row: Tone.WARN if row.on_backorder else None,
    ),
    Column("Amount", lambda row: show_money(row.amount), sort_key=lambda row: row.amount, numeric=True,
           value=lambda row: row.amount),
    Column("Note", lambda row: row.note, hidden=True),
)  # fmt: skip
CHIPS: tuple[Chip[OrderRow], ...] = (
    Chip("Drafts", lambda row: row.state is OrderState.DRAFT, "state"),
    Chip("Out", lambda row: row.state.is_expected, "state"),
    Chip("Received", lambda row: row.state is OrderState.RECEIVED, "state"),
    Chip("Late", lambda row: row.is_late),
    Chip("On backorder", lambda row: row.on_backorder > 0),
)


class OrdersTab(Tab):
    """All orders; Enter opens one."""

    title = "Orders"

    def __init__(self, screen: Screen, opened: Callable[[OrderId], object]) -> None:
        super().__init__(screen, "Drafts, what is out, and what came. Scan a printed order to open it.")
        self._opened = opened
        self.new_button = button("New order", self.new_order, icon="plus", kind="primary")
        allow(self.new_button, screen.context.may(Permission.ORDER), True, "Technicians and pharmacists order.")
        self.put_actions(self.new_button)
        self.table: TableView[OrderRow] = TableView(
            COLUMNS, lambda row: row.id, name="Purchase orders", chips=CHIPS, desk=self.desk, noun=("order", "orders"),
            settings=screen.settings(), empty="No order yet. Accept proposals, or make a new order by hand.",
        )  # fmt: skip
        self.table.opened.connect(lambda row: self._opened(row.id))
        self.column.addWidget(self.table, 1)

    def load(self) -> None:
        database = self.context.database
        self.owner.ask(lambda: _orders(database), self.table.set_rows, key="orders")

    def fit(self) -> None:
        self.table.fit_columns()

    def new_order(self) -> None:
        """An order by hand."""
        dialog = NewOrderDialog(self.context, self.desk, self.owner)
        dialog.succeeded.connect(self._opened)
        dialog.open()


def _orders(database: Database) -> tuple[OrderRow, ...]:
    with database.reading() as session:
        return order_rows(session, today())
