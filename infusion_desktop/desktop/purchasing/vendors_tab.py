"""Vendors: who we buy from, and how the chosen one sells each item."""

from dataclasses import dataclass

from PySide6.QtWidgets import QHBoxLayout

from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day, today
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.purchasing.order_dialogs import show_price
from infusion_desktop.desktop.purchasing.tab import Tab, allow
from infusion_desktop.desktop.purchasing.vendor_dialogs import OfferDialog, VendorDialog
from infusion_desktop.desktop.question import Question
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.stock.buying.vendor_queries import OfferRow, VendorRow, offer_rows, vendor_rows
from infusion_desktop.stock.buying.vendors import end_offer, end_vendor, prefer


@dataclass(frozen=True, slots=True)
class _Found:
    vendors: tuple[VendorRow, ...]
    offers: tuple[OfferRow, ...]


def _orders(row: VendorRow) -> str:
    if row.ended_on:
        return "Ended"
    if row.late:
        return f"{row.late} late"
    return f"{row.out} out" if row.out else ""


def _took(row: VendorRow) -> str:
    usual = f"{row.vendor.lead_days} days"
    return usual if row.took_days is None else f"{usual}, took {row.took_days}"


VENDORS: tuple[Column[VendorRow], ...] = (
    Column("Vendor", lambda row: row.name, stretch=True, hint=lambda row: row.vendor.address),
    Column("Account", lambda row: row.vendor.account),
    Column("Telephone", lambda row: row.vendor.phone),
    Column("Lead time", _took, sort_key=lambda row: row.vendor.lead_days),
    Column("Items", lambda row: f"{row.items:,}", sort_key=lambda row: row.items, numeric=True),
    Column("Orders", _orders, tone=lambda row: Tone.BAD if row.late else Tone.NEUTRAL if row.ended_on else Tone.INFO,
           sort_key=lambda row: (row.late, row.out)),
    Column("E-mail", lambda row: row.vendor.email, hidden=True),
    Column("Terms", lambda row: row.vendor.terms, hidden=True),
)  # fmt: skip


def _differs(row: OfferRow) -> str:
    if row.unit_price is None or not row.expected_cost:
        return ""
    percent = round((row.unit_price - row.expected_cost) * 100 / row.expected_cost)
    return f"{percent:+} %" if percent else ""


OFFERS: tuple[Column[OfferRow], ...] = (
    Column("Item", lambda row: row.item_name, stretch=True, hint=lambda row: row.item_number),
    Column("Vendor's number", lambda row: row.number),
    Column("Sold in", lambda row: _sold_in(row), sort_key=lambda row: row.pack_quantity),
    Column("Price", lambda row: show_price(row.price), sort_key=lambda row: row.price, numeric=True,
           value=lambda row: row.price),
    Column("One unit", lambda row: "" if row.unit_price is None else f"{row.unit_price:.4f}",
           sort_key=lambda row: row.unit_price, numeric=True),
    Column("Against expected", _differs, sort_key=lambda row: _differs(row) and row.unit_price, numeric=True,
           hint=lambda row: f"expected cost {row.expected_cost:f}"),
    Column("Contract", lambda row: row.contract or "list price"),
    Column("Since", lambda row: show_day(row.price_from), sort_key=lambda row: row.price_from, hidden=True),
    Column("Preferred", lambda row: "Preferred" if row.preferred else "",
           tone=lambda row: Tone.GOOD if row.preferred else None),
    Column("Least", lambda row: f"{row.least_packs:,}", sort_key=lambda row: row.least_packs, numeric=True,
           hidden=True),
)  # fmt: skip


def _sold_in(row: OfferRow) -> str:
    return f"{row.pack_name} of {row.pack_quantity:,}" if row.pack_quantity > 1 else row.pack_name


class VendorsTab(Tab):
    """Vendors above, what the chosen one sells below."""

    title = "Vendors"

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "Who we buy from; below, how the chosen vendor sells each item and at which price.")
        self.offers: tuple[OfferRow, ...] = ()
        may = screen.context.may(Permission.EDIT_CATALOGUE)
        self.add_button = button("Add a vendor", self.add_vendor, icon="plus", kind="primary")
        self.end_button = button("End", self.end_vendor, icon="cross")
        self.change_button = button("Change", self.change_vendor, icon="edit")
        allow(self.add_button, may, True, "Pharmacists add vendors.")
        self.put_actions(self.end_button, self.change_button, self.add_button)
        settings = screen.settings()
        self.table: TableView[VendorRow] = TableView(
            VENDORS, lambda row: row.id, name="Vendors", desk=self.desk, noun=("vendor", "vendors"), settings=settings,
            chips=(Chip("In use", lambda row: row.ended_on is None, on=True),),
            empty="No vendor yet. Add the first one, then how it sells your items.",
        )  # fmt: skip
        self.offer_table: TableView[OfferRow] = TableView(
            OFFERS, lambda row: row.id, name="What the vendor sells", desk=self.desk, noun=("item", "items"),
            settings=settings, empty="Select a vendor, then add how it sells an item.",
        )  # fmt: skip
        self.offer_button = button("Add or change an item", self.set_offer, icon="plus")
        self.prefer_button = button("Prefer for this item", self.prefer, icon="check")
        self.end_offer_button = button("No longer sold", self.end_offer, icon="cross")
        below = QHBoxLayout()
        below.setSpacing(10)
        for press in (self.offer_button, self.prefer_button, self.end_offer_button):
            below.addWidget(press)
        below.addStretch(1)
        self.column.addWidget(self.table, 2)
        self.column.addLayout(below)
        self.column.addWidget(self.offer_table, 3)
        self.table.selected.connect(lambda _row: self._show_offers())
        self.table.opened.connect(lambda _row: self.change_vendor())
        self.offer_table.selected.connect(lambda _row: self._allow())
        self.offer_table.opened.connect(lambda _row: self.set_offer())
        self._allow()

    def load(self) -> None:
        database = self.context.database
        self.owner.ask(lambda: _found(database), self._show, key="vendors")

    def fit(self) -> None:
        self.table.fit_columns()
        self.offer_table.fit_columns()

    def add_vendor(self) -> None:
        """A new vendor."""
        VendorDialog(self.context, self.desk, self.owner).open()

    def change_vendor(self) -> None:
        """The selected vendor's facts."""
        row = self.table.current_row()
        if row is not None and self.change_button.isEnabled():
            VendorDialog(self.context, self.desk, self.owner, row).opened_by(self.change_vendor).open()

    def end_vendor(self) -> None:
        """We buy there no longer."""
        row = self.table.current_row()
        if row is None:
            return
        database, by = self.context.database, self.context.user_id
        sentences = [f"{row.name} is no longer offered for orders. It cannot be undone here."]
        if row.out:
            out = "1 order is out; it" if row.out == 1 else f"{row.out} orders are out; they"
            sentences.append(f"{out} can still be received.")
        self.desk.messages.confirm(
            Question("End this vendor?", tuple(sentences), yes="End the vendor", tone=Tone.BAD),
            lambda: self.owner.do(lambda _o: end_vendor(database, row.id, by), changed=("purchasing",),
                                   said=f"{row.name} is ended."), self,
        )  # fmt: skip

    def set_offer(self) -> None:
        """How the selected vendor sells an item."""
        vendor = self.table.current_row()
        if vendor is not None and self.offer_button.isEnabled():
            dialog = OfferDialog(self.context, self.desk, self.owner, vendor, self.offer_table.current_row())
            dialog.opened_by(self.set_offer).open()

    def prefer(self) -> None:
        """Order the selected item from this vendor."""
        row = self.offer_table.current_row()
        if row is not None:
            database, by = self.context.database, self.context.user_id
            self.owner.do(
                lambda _o: prefer(database, row.item_id, row.vendor_id, by, was=row.preferred_vendor),
                changed=("purchasing", "stock"),
                said=f"{row.item_name} is ordered from {row.vendor}.", pressed=self.prefer_button,
            )  # fmt: skip

    def end_offer(self) -> None:
        """The vendor sells the selected item no longer."""
        row = self.offer_table.current_row()
        if row is not None:
            database, by = self.context.database, self.context.user_id
            self.owner.do(
                lambda _o: end_offer(database, row.id, by), changed=("purchasing", "stock"),
                said=f"{row.vendor} sells {row.item_name} no longer.", pressed=self.end_offer_button,
            )  # fmt: skip

    def _show(self, found: _Found) -> None:
        self.offers = found.offers
        self.table.set_rows(found.vendors)
        if self.table.current_row() is None and self.table.model.shown:
            self.table.select_ids([self.table.model.shown[0].id])
        self._show_offers()

    def _show_offers(self) -> None:
        row = self.table.current_row()
        self.offer_table.set_rows(each for each in self.offers if row is not None and each.vendor_id == row.id)
        self._allow()

    def _allow(self) -> None:
        may = self.context.may(Permission.EDIT_CATALOGUE)
        vendor, offer = self.table.current_row(), self.offer_table.current_row()
        in_use = vendor is not None and vendor.ended_on is None
        who = "Pharmacists change vendors and prices."
        allow(self.change_button, may, vendor is not None, who)
        for press, enabled in (
            (self.end_button, in_use),
            (self.offer_button, in_use),
            (self.prefer_button, offer is not None and not offer.preferred),
            (self.end_offer_button, offer is not None),
        ):
            allow(press, may, enabled, who)


def _found(database: Database) -> _Found:
    with database.reading() as session:
        return _Found(vendor_rows(session, today()), offer_rows(session, today()))
