"""Purchasing: proposals, orders, returns, vendors, shortages and costs, each on a tab."""

from typing import ClassVar

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QTabWidget

from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.purchasing.costs_tab import CostsTab
from infusion_desktop.desktop.purchasing.orders_tab import OrdersTab
from infusion_desktop.desktop.purchasing.proposals_tab import ProposalsTab
from infusion_desktop.desktop.purchasing.returns_tab import ReturnsTab
from infusion_desktop.desktop.purchasing.shortages_tab import ShortagesTab
from infusion_desktop.desktop.purchasing.tab import Tab
from infusion_desktop.desktop.purchasing.vendors_tab import VendorsTab
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.stock.words import OrderId


class PurchasingScreen(Screen):
    """The tabs of purchasing; a tab asks for its rows when it is first seen, and again after a change."""

    title = "Purchasing"
    topics: ClassVar[frozenset[str]] = frozenset({"stock", "deliveries", "purchasing", "patients"})
    help = (
        "Proposals say what to order and why; Ctrl+Enter drafts an order for each vendor of the selected rows. Orders, "
        "returns, vendors, shortages and costs each have a tab; a scanned order opens it."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.proposals = ProposalsTab(self, self._open_order)
        self.orders = OrdersTab(self, self._open_order)
        self.returns = ReturnsTab(self)
        self.vendors = VendorsTab(self)
        self.shortages = ShortagesTab(self)
        self.costs = CostsTab(self)
        self.all: tuple[Tab, ...] = (
            self.proposals, self.orders, self.returns, self.vendors, self.shortages, self.costs,
        )  # fmt: skip
        self._stale = set(self.all)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for tab in self.all:
            self.tabs.addTab(tab, tab.title)
        self.tabs.currentChanged.connect(lambda _place: self._seen())
        page = Page(self)
        page.lead.hide()
        page.add(self.tabs, 1)

    def load(self) -> None:
        self._stale = set(self.all)
        self._seen()

    def show_record(self, _kind: str, record: object) -> None:
        """Bring a tab to the front by its title, such as "orders"."""
        for place, tab in enumerate(self.all):
            if tab.title.casefold() == str(record).casefold():
                self.tabs.setCurrentIndex(place)

    def _seen(self) -> None:
        tab = self.tabs.currentWidget()
        if isinstance(tab, Tab) and tab in self._stale:
            self._stale.discard(tab)
            tab.load()
        if isinstance(tab, Tab):
            QTimer.singleShot(0, self, tab.fit)

    def _open_order(self, order: OrderId) -> None:
        self.desk.open("purchase order", order)
