"""One item on a page: its facts, packs with their codes, lots in stock and moves."""

from dataclasses import dataclass
from decimal import Decimal

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.dates import local_day, show_day
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.labels import icon_label, label
from infusion_desktop.desktop.pages import Card, scrolled
from infusion_desktop.desktop.stock.item_dialog import show_factor
from infusion_desktop.desktop.stock.move_columns import columns_without
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.identifiers import show_ndc
from infusion_desktop.money import show_money
from infusion_desktop.stock.buying.cost_queries import ItemCost
from infusion_desktop.stock.buying.vendor_queries import OfferRow
from infusion_desktop.stock.catalogue import NewItem
from infusion_desktop.stock.pack_rules import PackSize, as_largest
from infusion_desktop.stock.queries import ItemPage, MoveRow, StockRow
from infusion_desktop.stock.words import Container


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """What the page shows."""

    page: ItemPage
    lots: tuple[StockRow, ...]
    moves: tuple[MoveRow, ...]
    cost: ItemCost | None = None
    """What it cost lately."""
    average: Decimal | None = None
    """What one unit on hand cost on average."""
    offers: tuple[OfferRow, ...] = ()


LOT_COLUMNS: tuple[Column[StockRow], ...] = (
    Column("Lot", lambda row: row.lot),
    Column("Expires", lambda row: show_day(row.expires_on), sort_key=lambda row: row.expires_on),
    Column("Place", lambda row: row.place),
    Column("On hand", lambda row: f"{row.on_hand:,}", sort_key=lambda row: row.on_hand, numeric=True),
    Column("Available", lambda row: f"{row.available:,}", sort_key=lambda row: row.available, numeric=True),
    Column("Value", lambda row: show_money(row.value), sort_key=lambda row: row.value, numeric=True),
    Column("Held", lambda row: row.held, hint=lambda row: row.held),
)


class ItemView(QWidget):
    """The page of an item; what its buttons ask for is done by the screen."""

    back_asked = Signal()
    change_asked = Signal()
    pack_asked = Signal()
    end_asked = Signal()

    def __init__(self, context: Context, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.facts: ItemFacts | None = None
        self.name = label("", "title", wrap=True)
        self.about = label("", "muted", wrap=True)
        self.back_button = button("Catalogue", self.back_asked.emit, icon="chevron-left")
        self.end_button = button("End", self.end_asked.emit, icon="cross", kind="danger")
        self.pack_button = button("Add a pack", self.pack_asked.emit, icon="box")
        self.change_button = button("Change", self.change_asked.emit, icon="edit", kind="primary")
        self.stock_card, self.facts_card, self.pack_card = Card("In stock"), Card("Facts"), Card("Packs")
        self.vendor_card = Card("Vendors")
        cards = (self.stock_card, self.facts_card, self.pack_card, self.vendor_card)
        self._grids = {card: QGridLayout() for card in cards}
        for card, grid in self._grids.items():
            grid.setHorizontalSpacing(16)
            grid.setVerticalSpacing(6)
            grid.setColumnStretch(1, 1)
            card.add(grid)
        self.lots: TableView[StockRow] = TableView(
            LOT_COLUMNS, lambda row: row.id, name="Lots of the item", noun=("lot", "lots"), desk=desk,
            empty="No lot of it in stock.",
        )  # fmt: skip
        self.moves: TableView[MoveRow] = TableView(
            columns_without("Item"), lambda move: move.id, name="Moves of the item", noun=("move", "moves"), desk=desk,
            empty="It has not moved yet.",
        )  # fmt: skip
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for table, title in ((self.lots, "Lots"), (self.moves, "Moves")):
            page = QWidget()
            column = QVBoxLayout(page)
            column.setContentsMargins(0, 12, 0, 0)
            column.addWidget(table)
            self.tabs.addTab(page, title)
        self.tabs.currentChanged.connect(lambda _tab: QTimer.singleShot(0, self, self.moves.fit_columns))
        self._lay_out()

    def show_facts(self, facts: ItemFacts) -> None:
        """Show an item."""
        self.facts = facts
        item, page = facts.page.item, facts.page
        self.name.setText(item.name)
        parts = [item.number, item.kind.value, item.manufacturer]
        if page.ended_on:
            parts.append(f"ended {show_day(page.ended_on)}")
        self.about.setText("  ·  ".join(filter(None, parts)))
        self._fill(self.stock_card, self._stock_lines(facts))
        self._fill(self.facts_card, self._fact_lines(facts))
        self._fill(
            self.pack_card,
            [(f"{pack.name} of {pack.quantity:,}", pack.gtin or "no code yet") for pack in item.packs],
        )
        self._fill(self.vendor_card, [_offer_line(offer) for offer in facts.offers])
        self.vendor_card.setVisible(bool(facts.offers))
        self.lots.set_rows(facts.lots)
        self.moves.set_rows(facts.moves)
        may_edit, may_receive = (self.context.may(each) for each in (Permission.EDIT_CATALOGUE, Permission.RECEIVE))
        for press, may, who in (
            (self.change_button, may_edit, "Pharmacists change the catalogue."),
            (self.end_button, may_edit and page.ended_on is None, "Pharmacists end items."),
            (self.pack_button, may_receive, "Technicians and pharmacists add packs."),
        ):
            press.setEnabled(may)
            press.setToolTip("" if may else who)

    def _stock_lines(self, facts: ItemFacts) -> list[tuple[str, str]]:
        item = facts.page.item
        on_hand, available = sum(row.on_hand for row in facts.lots), sum(row.available for row in facts.lots)
        levels = [("At most", f"{item.max_level:,}")] if item.max_level else []
        costs = [("Expected cost", f"${show_factor(item.unit_cost)}")]
        if facts.cost is not None:
            costs.append(("Last cost", f"${show_factor(facts.cost.last)} on {show_day(local_day(facts.cost.last_at))}"))
        if facts.average is not None:
            costs.append(("Average cost", f"${show_factor(facts.average)}"))
        return [
            ("On hand", f"{on_hand:,} {item.base_unit}"),
            ("Available", _stacked(available, item)),
            ("Reorder point", f"{item.reorder_point:,}"),
            ("Par level", f"{item.par_level:,}"),
            *levels,
            *costs,
        ]

    def _fact_lines(self, facts: ItemFacts) -> list[tuple[str, str]]:
        item = facts.page.item
        lines = [
            ("Storage", item.storage.value),
            ("Latex", "contains latex" if item.contains_latex else "none"),
            ("Hazardous", "hazardous drug" if item.hazardous else "no"),
            ("Tracked by", " and ".join(_tracked(item.lot_tracked, item.serial_tracked)) or "quantity only"),
            ("Billing", item.billing_class.value),
            ("HCPCS", item.hcpcs),
            ("NDC", f"{show_ndc(item.ndc)} {item.ndc_unit}".strip()),
            ("Comes in", "" if item.container is Container.AS_ITS_CODE else item.container.value),
        ]
        return [(name, value) for name, value in lines if value]

    def _fill(self, card: Card, lines: list[tuple[str, str]]) -> None:
        grid = self._grids[card]
        while grid.count():
            place = grid.takeAt(0)
            widget = place.widget() if place is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for line, (name, value) in enumerate(lines):
            grid.addWidget(label(name, "muted"), line, 0)
            shown = label(value, wrap=True)
            shown.setTextInteractionFlags(shown.textInteractionFlags().TextSelectableByMouse)
            grid.addWidget(shown, line, 1)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(10)
        top.addWidget(self.back_button)
        top.addStretch(1)
        for press in (self.end_button, self.pack_button, self.change_button):
            top.addWidget(press)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(icon_label("box", "accent", 28))
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.name)
        words.addWidget(self.about)
        head.addLayout(words, 1)
        cards = QWidget()
        left = QVBoxLayout(cards)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(12)
        for card in (self.stock_card, self.pack_card, self.vendor_card, self.facts_card):
            left.addWidget(card)
        left.addStretch(1)
        side = scrolled(cards)
        side.setFixedWidth(320)
        body = QHBoxLayout()
        body.setSpacing(16)
        body.addWidget(side)
        body.addWidget(self.tabs, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(14)
        column.addLayout(top)
        column.addLayout(head)
        column.addLayout(body, 1)


def _dollars(price: Decimal) -> str:
    """A price with its cents, and with four places where it has them: $495.00, $0.0345."""
    return f"${price:,.2f}" if price == round(price, 2) else f"${show_factor(price)}"


def _offer_line(offer: OfferRow) -> tuple[str, str]:
    """The vendor's number for the item, and how it sells it."""
    pack = offer.pack_name if offer.pack_quantity == 1 else f"{offer.pack_name} of {offer.pack_quantity:,}"
    price = "" if offer.price is None else f" at {_dollars(offer.price)}"
    chosen = ", preferred" if offer.preferred else ""
    return offer.number or "no number", f"{offer.vendor}: {pack}{price}{chosen}"


def _tracked(by_lot: bool, by_serial: bool) -> list[str]:
    return [name for name, yes in (("lot", by_lot), ("serial number", by_serial)) if yes]


def _stacked(units: int, item: NewItem) -> str:
    """So many units, and how many packs that is: "250 each (2 cases and 10 each)"."""
    plain = f"{units:,} {item.base_unit}"
    said = as_largest(units, [PackSize(pack.name, pack.quantity) for pack in item.packs], item.base_unit)
    return plain if said == plain else f"{plain} ({said})"
