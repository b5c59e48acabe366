"""A vendor's facts, and how it sells an item: its number, its pack, its price from a day on."""

from decimal import Decimal
from typing import Any

from PySide6.QtWidgets import QWidget

from infusion_desktop.database.engine import Database
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import CheckField, DayField, Form, MoneyField, NotesField, QuantityField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.picker import Picker
from infusion_desktop.desktop.purchasing.order_dialogs import read_price, typed_price
from infusion_desktop.errors import Refused
from infusion_desktop.identifiers import read_phone, show_phone
from infusion_desktop.money import ZERO
from infusion_desktop.stock.buying.vendor_queries import OfferRow, VendorRow
from infusion_desktop.stock.buying.vendors import NewOffer, NewVendor, add_vendor, change_vendor, set_offer
from infusion_desktop.stock.pack_rules import say_packs, unit_cost_of
from infusion_desktop.stock.queries import ItemFound, find_items
from infusion_desktop.stock.words import ItemId


class VendorDialog(DeedDialog):
    """All facts of a vendor."""

    changed = ("purchasing", "stock")

    def __init__(self, context: Context, desk: Desk, parent: QWidget, row: VendorRow | None = None) -> None:
        super().__init__(
            context, desk, "Change the vendor" if row else "Add a vendor", parent,
            save="Save" if row else "Add the vendor", width=640,
        )  # fmt: skip
        self.row = row
        self.name = TextField("Name", required=True, longest=120)
        self.account = TextField("Our account number", longest=60)
        self.contact = TextField("Contact", longest=100)
        self.phone = TextField("Telephone", read=lambda text: show_phone(read_phone(text)), longest=20)
        self.email = TextField("E-mail", longest=100)
        self.address = NotesField("Address, as on an envelope", lines=3)
        self.terms = TextField("Terms", placeholder="Net 30", longest=100)
        self.lead_days = QuantityField("Lead time", most=365, unit="days", required=True)
        self.least_order = MoneyField("Least order ($)", hint="Below it the vendor charges freight.")
        self.form = Form()
        self.form.section(
            "", (self.name, self.account), (self.contact, self.phone, self.email), (self.address,),
            (self.terms, self.lead_days, self.least_order),
        )  # fmt: skip
        self.body.addWidget(self.form)
        self.lead_days.set_value(3)
        if row is not None:
            self._fill(row.vendor)
        self.name.setFocus()

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        database, by, row = self.context.database, self.context.user_id, self.row
        vendor = NewVendor(
            self.name.value(), self.account.value(), self.phone.value(), self.email.value(), self.contact.value(),
            self.address.value(), self.terms.value(), self.lead_days.value() or 0, self.least_order.value() or ZERO,
        )  # fmt: skip
        if row is None:
            return lambda _override: add_vendor(database, vendor, by)
        return lambda _override: change_vendor(database, row.id, vendor, row.version, by)

    def said(self, _result: Any) -> str:
        return f"{self.name.value()} is saved."

    def _fill(self, vendor: NewVendor) -> None:
        texts: tuple[tuple[Any, Any], ...] = (
            (self.name, vendor.name), (self.account, vendor.account), (self.contact, vendor.contact),
            (self.phone, vendor.phone), (self.email, vendor.email), (self.address, vendor.address),
            (self.terms, vendor.terms), (self.lead_days, vendor.lead_days),
            (self.least_order, vendor.least_order or None),
        )  # fmt: skip
        for field, value in texts:
            field.set_value(value)


class OfferDialog(DeedDialog):
    """How a vendor sells one item; the item is found first, unless one was selected."""

    changed = ("purchasing", "stock")

    def __init__(
        self, context: Context, desk: Desk, parent: QWidget, vendor: VendorRow, offer: OfferRow | None
    ) -> None:
        super().__init__(context, desk, f"How {vendor.name} sells an item", parent, width=640)
        self.vendor, self.offer = vendor, offer
        self.item_id: ItemId | None = None
        self._unit = "each"
        database = context.database
        self.picker: Picker[ItemFound] = Picker(
            desk.jobs, lambda typed: _items(database, typed), lambda item: f"{item.number}  ·  {item.name}",
            placeholder="Part of the name or the number", name="Find the item",
            on_failure=lambda error: desk.messages.show_failure(error, self),
        )  # fmt: skip
        self.picker.list.setMinimumHeight(120)
        self.chosen = label("No item chosen yet.", "strong", wrap=True)
        self.number = TextField("Vendor's item number", longest=60)
        self.pack_name = TextField("Sold in", placeholder="case", longest=20, required=True)
        self.pack_quantity = QuantityField("Units in it", least=1, required=True)
        self.least_packs = QuantityField("Packs at least", least=1, required=True)
        self.price = TextField("Price of one ($)", read=read_price, longest=14)
        self.contract = TextField("Contract", placeholder="empty for the list price", longest=60)
        self.starts_on = DayField("Price holds from", hint="Empty: from today.")
        self.preferred = CheckField("Order this item here")
        self.comes_to = label("", "muted")
        self.form = Form()
        self.form.section(
            "", (self.number, self.preferred), (self.pack_name, self.pack_quantity, self.least_packs),
            (self.price, self.contract, self.starts_on),
        )  # fmt: skip
        for part in (self.picker, self.chosen, self.form, self.comes_to):
            self.body.addWidget(part)
        self.picker.picked.connect(self.choose)
        self.form.changed.connect(self._say)
        self.pack_name.set_value("each")
        self.pack_quantity.set_value(1)
        self.least_packs.set_value(1)
        if offer is not None:
            self._fill(offer)
        else:
            self.picker.search()
            self.picker.setFocus()

    def choose(self, item: ItemFound) -> None:
        """This item."""
        self.item_id, self._unit = item.id, item.unit
        self.chosen.setText(f"{item.name} ({item.number}), counted in {item.unit}")
        self.number.setFocus()

    def deed(self) -> Deed | None:
        if self.item_id is None:
            self.desk.messages.refused(("Choose an item from the list.",), self)
            return None
        if not self.form.check():
            return None
        new = NewOffer(
            self.item_id, self.number.value(), self.pack_name.value(), self.pack_quantity.value() or 1,
            self.least_packs.value() or 1, Decimal(self.price.value()) if not self.price.is_blank() else None,
            self.contract.value(), self.starts_on.value(), self.preferred.value(),
        )  # fmt: skip
        same = self.offer is not None and self.offer.item_id == self.item_id
        version = self.offer.version if same and self.offer is not None else None
        database, by, vendor = self.context.database, self.context.user_id, self.vendor.id
        return lambda _override: set_offer(database, vendor, new, by, version)

    def said(self, _result: Any) -> str:
        return "Kept."

    def _fill(self, offer: OfferRow) -> None:
        self.picker.hide()
        self.item_id, self._unit = offer.item_id, offer.unit
        self.chosen.setText(f"{offer.item_name} ({offer.item_number}), counted in {offer.unit}")
        values: tuple[tuple[Any, Any], ...] = (
            (self.number, offer.number), (self.pack_name, offer.pack_name), (self.pack_quantity, offer.pack_quantity),
            (self.least_packs, offer.least_packs), (self.contract, offer.contract), (self.preferred, offer.preferred),
            (self.price, typed_price(offer.price)),
        )  # fmt: skip
        for field, value in values:
            field.set_value(value)
        self._say()
        self.price.setFocus()

    def _say(self) -> None:
        try:
            size, price = self.pack_quantity.value() or 1, self.price.value()
        except Refused:
            return
        said = say_packs(1, self.pack_name.typed() or "pack", size, self._unit)
        each = f", ${unit_cost_of(Decimal(price), size):f} for one" if price else ""
        self.comes_to.setText(f"{said}{each}")


def _items(database: Database, typed: str) -> tuple[ItemFound, ...]:
    with database.reading() as session:
        return find_items(session, typed)
