"""The catalogue: every item with what is there of it, and each item's own page."""

from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.question import Question
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.stock.import_dialog import ImportItemsDialog
from infusion_desktop.desktop.stock.item_dialog import ItemDialog, PackDialog, show_factor
from infusion_desktop.desktop.stock.item_view import ItemFacts, ItemView
from infusion_desktop.desktop.stock.opening_dialog import OpeningDialog
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.errors import Refused
from infusion_desktop.stock.buying.cost_queries import average_costs, item_costs
from infusion_desktop.stock.buying.receiving import recognise
from infusion_desktop.stock.buying.vendor_queries import offer_rows
from infusion_desktop.stock.catalogue import end_item
from infusion_desktop.stock.queries import ItemRow, item_page, item_rows, move_rows, stock_rows
from infusion_desktop.stock.scanning.scan_values import Scan, ScanKind
from infusion_desktop.stock.scanning.scans import read_scan
from infusion_desktop.stock.words import ItemId, ItemKind

_SETS = (ItemKind.TUBING, ItemKind.NEEDLE, ItemKind.CATHETER, ItemKind.DRESSING, ItemKind.ANTISEPTIC, ItemKind.SHARPS)
_FLUIDS = (ItemKind.DRUG, ItemKind.DILUENT, ItemKind.FLUSH)


def _state(row: ItemRow) -> str:
    if row.ended_on is not None:
        return "Ended"
    if row.kind.is_equipment:
        return "Equipment"
    return "Short" if row.is_short else "In stock" if row.available else "None"


_TONES = {"Short": Tone.WARN, "In stock": Tone.GOOD, "Equipment": Tone.INFO}
ITEM_COLUMNS: tuple[Column[ItemRow], ...] = (
    Column("Item", lambda row: row.name, stretch=True, hint=lambda row: row.name),
    Column("Number", lambda row: row.number),
    Column("Kind", lambda row: row.kind.value.capitalize(), hint=lambda row: row.kind.value, width=150),
    Column("Manufacturer", lambda row: row.manufacturer, hidden=True),
    Column(
        "On hand", lambda row: f"{row.on_hand:,}", sort_key=lambda row: row.on_hand, numeric=True,
        value=lambda row: row.on_hand,
    ),
    Column(
        "Available", lambda row: f"{row.available:,}", sort_key=lambda row: row.available, numeric=True,
        value=lambda row: row.available,
    ),
    Column(
        "Reorder at", lambda row: f"{row.reorder_point:,}", sort_key=lambda row: row.reorder_point, numeric=True,
        value=lambda row: row.reorder_point,
    ),
    Column("Unit", lambda row: row.unit),
    Column("State", _state, tone=lambda row: _TONES.get(_state(row), Tone.NEUTRAL)),
    Column(
        "Cost of one", lambda row: f"${show_factor(row.unit_cost)}", sort_key=lambda row: row.unit_cost, numeric=True,
        value=lambda row: row.unit_cost, hidden=True,
    ),
    Column("Storage", lambda row: row.storage.value, hidden=True),
    Column("Billing", lambda row: row.billing_class.value, hidden=True),
)  # fmt: skip
ITEM_CHIPS: tuple[Chip[ItemRow], ...] = (
    Chip("Short", lambda row: row.is_short),
    Chip("Drugs and fluids", lambda row: row.kind in _FLUIDS, "kind"),
    Chip("Supplies", lambda row: row.kind in _SETS, "kind"),
    Chip("Pumps and poles", lambda row: row.kind.is_equipment, "kind"),
    Chip("In use", lambda row: row.ended_on is None, on=True),
)


class CatalogueScreen(Screen):
    """The list of items, and the page of one."""

    title = "Catalogue"
    topics: ClassVar[frozenset[str]] = frozenset({"stock", "deliveries"})
    help = (
        "Every item we keep, lend or send. Enter opens an item, Escape goes back to the list; a scanned box opens it."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self._item_id: ItemId | None = None
        self.import_button = button("Import a file", self.import_file, icon="import")
        self.opening_button = button("Opening balances", self.import_opening, icon="import")
        may_open = context.may(Permission.APPROVE_COUNT)
        self.opening_button.setEnabled(may_open)
        self.opening_button.setToolTip("" if may_open else "Pharmacists take opening balances in.")
        self.add_button = button("Add an item", self.add_item, icon="plus", kind="primary")
        may = context.may(Permission.EDIT_CATALOGUE)
        for press in (self.import_button, self.add_button):
            press.setEnabled(may)
            press.setToolTip("" if may else "Pharmacists change the catalogue.")
        self.table: TableView[ItemRow] = TableView(
            ITEM_COLUMNS, lambda row: row.id, name="Catalogue", chips=ITEM_CHIPS, noun=("item", "items"), desk=desk,
            settings=self.settings(), empty="No item yet. Add the first one, or import the list you have.",
        )  # fmt: skip
        self.view = ItemView(context, desk)
        self.stack = QStackedWidget()
        listing = QWidget()
        page = Page(self)
        page.lead.hide()
        top = QHBoxLayout()
        top.addWidget(label("What we keep, lend and send, and how much of it is there.", "muted"), 1)
        top.addWidget(self.opening_button)
        top.addWidget(self.import_button)
        top.addWidget(self.add_button)
        column = QVBoxLayout(listing)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(14)
        column.addLayout(top)
        column.addWidget(self.table)
        self.stack.addWidget(listing)
        self.stack.addWidget(self.view)
        page.add(self.stack, 1)
        self._connect()

    def load(self) -> None:
        database = self.context.database
        self.ask(lambda: _items(database), self.table.set_rows, key="items")
        if self._item_id is not None:
            self._load_item(self._item_id)

    def show_record(self, kind: str, record: object) -> None:
        if isinstance(record, int):
            self._load_item(ItemId(record))

    def on_scan(self, raw: str) -> bool:
        try:
            scan = read_scan(raw, today=today())
        except Refused as refusal:
            self.desk.messages.wrong(str(refusal))
            return True
        if scan.kind is not ScanKind.PRODUCT:
            return False
        database = self.context.database
        self.ask(lambda: _which(database, scan), self._open_scanned, key="scan")
        return True

    def add_item(self) -> None:
        """A new item."""
        dialog = ItemDialog(self.context, self.desk, self)
        dialog.succeeded.connect(lambda item_id: self._load_item(item_id))
        dialog.open()

    def import_file(self) -> None:
        """Many items from a file."""
        ImportItemsDialog(self.context, self.desk, self).open()

    def import_opening(self) -> None:
        """What lies where on the first day, from a file."""
        OpeningDialog(self.context, self.desk, self).open()

    def show_list(self) -> None:
        """Back from an item to the list."""
        self._item_id = None
        if self.stack.currentIndex() == 0:
            return
        self.stack.setCurrentIndex(0)
        self.table.grid.setFocus()

    def _connect(self) -> None:
        self.table.opened.connect(lambda row: self._load_item(row.id))
        self.view.back_asked.connect(self.show_list)
        self.view.change_asked.connect(self._change)
        self.view.pack_asked.connect(self._add_pack)
        self.view.end_asked.connect(self._end)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        escape.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        escape.activated.connect(self.show_list)

    def _load_item(self, item_id: ItemId) -> None:
        self._item_id = item_id
        database = self.context.database
        self.ask(lambda: _facts(database, item_id), self._show_item, key="item")

    def _show_item(self, facts: ItemFacts | None) -> None:
        if facts is None:
            self.desk.messages.refused(("There is no such item.",), self)
            return
        if facts.page.id != self._item_id:
            return
        self.view.show_facts(facts)
        if self.stack.currentWidget() is not self.view:
            self.stack.setCurrentWidget(self.view)
            self.view.change_button.setFocus()

    def _open_scanned(self, item_id: ItemId | None) -> None:
        if item_id is None:
            self.desk.messages.wrong("No item has this code yet. Open its item and add a pack.")
        else:
            self._load_item(item_id)

    def _change(self) -> None:
        if self.view.facts is not None:
            ItemDialog(self.context, self.desk, self, self.view.facts.page).opened_by(self._change).open()

    def _add_pack(self) -> None:
        if self.view.facts is not None:
            PackDialog(self.context, self.desk, self, self.view.facts.page).open()

    def _end(self) -> None:
        facts = self.view.facts
        if facts is None:
            return
        page, database, by = facts.page, self.context.database, self.context.user_id
        on_hand = sum(row.on_hand for row in facts.lots)
        still = f"{on_hand:,} {page.item.base_unit} are still on hand; they stay in the books." if on_hand else ""
        said = f"{page.item.name} is ended."
        sentence = f"{page.item.name} is no longer offered in kits, orders and searches. It cannot be undone here."
        self.desk.messages.confirm(
            Question("End this item?", tuple(filter(None, (sentence, still))), yes="End the item", tone=Tone.BAD),
            lambda: self.do(
                lambda _override: end_item(database, page.id, by),
                changed=("stock",),
                said=said,
            ),
            self,
        )


def _items(database: Database) -> tuple[ItemRow, ...]:
    with database.reading() as session:
        return item_rows(session)


def _facts(database: Database, item_id: ItemId) -> ItemFacts | None:
    with database.reading() as session:
        page = item_page(session, item_id)
        if page is None:
            return None
        return ItemFacts(
            page,
            stock_rows(session, item_id),
            move_rows(session, item_id=item_id, limit=500),
            item_costs(session, item_id).get(item_id),
            average_costs(session, item_id).get(item_id),
            offer_rows(session, today(), item_ids=[item_id]),
        )


def _which(database: Database, scan: Scan) -> ItemId | None:
    with database.reading() as session:
        return recognise(session, scan, today()).item_id
