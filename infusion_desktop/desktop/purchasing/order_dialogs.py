"""Small dialogs of purchase orders: a new one, another line, packs and price, sending, another day, backorder."""

from collections.abc import Callable
from decimal import Decimal
from re import ASCII, fullmatch
from typing import Any

from PySide6.QtWidgets import QWidget

from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import CheckField, ChoiceField, DayField, Form, QuantityField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.picker import Picker
from infusion_desktop.errors import Refused
from infusion_desktop.stock.buying.purchase_orders import (
    Wanted,
    add_line,
    change_line,
    draft_order,
    expect_on,
    put_on_backorder,
    send_order,
)
from infusion_desktop.stock.buying.purchase_queries import OrderLineRow, OrderPage
from infusion_desktop.stock.buying.reorder_rules import SoldIn
from infusion_desktop.stock.buying.vendor_queries import VendorRow, offer_rows, vendor_rows
from infusion_desktop.stock.pack_rules import packs_for, say_packs
from infusion_desktop.stock.queries import ItemFound, find_items
from infusion_desktop.stock.words import VendorId

_TOPICS = ("stock", "purchasing")
HOW = ("by e-mail", "by telephone", "on the vendor's site", "by fax")


def read_price(text: str) -> str:
    """A price with at most four places, or Refused."""
    plain = text.strip().removeprefix("$").replace(",", "")
    if not fullmatch(r"\d{1,8}(\.\d{1,4})?", plain, ASCII):
        raise Refused(f"“{text[:20]}” is not a price such as 24.50 (at most four places).")
    return plain


def show_price(price: Decimal | None) -> str:
    """A price in dollars with cents, and more places where it has them; "" for none."""
    return "" if price is None else f"${typed_price(price)}"


def typed_price(price: Decimal | None) -> str:
    """The same as it stands in a field to type over."""
    if price is None:
        return ""
    plain = price.normalize()
    exponent = plain.as_tuple().exponent
    return f"{plain:.2f}" if isinstance(exponent, int) and exponent >= -2 else f"{plain:f}"


class NewOrderDialog(DeedDialog):
    """An empty draft to a vendor."""

    changed = _TOPICS

    def __init__(self, context: Context, desk: Desk, parent: QWidget) -> None:
        super().__init__(context, desk, "New order", parent, save="Make the draft")
        self.vendor: ChoiceField[VendorId] = ChoiceField("Vendor", required=True)
        self.note = TextField("Note to the vendor", longest=300)
        self.form = Form()
        self.form.section("", (self.vendor,), (self.note,))
        self.body.addWidget(self.form)
        database = context.database
        desk.jobs.run(
            self, lambda: _vendors(database), self._offer, lambda error: desk.messages.show_failure(error, self)
        )
        self.vendor.setFocus()

    def deed(self) -> Deed | None:
        vendor = self.vendor.value() if self.form.check() else None
        if vendor is None:
            return None
        database, by, note = self.context.database, self.context.user_id, self.note.value()
        return lambda _override: draft_order(database, vendor, [], by, note)

    def said(self, _result: Any) -> str:
        return "The draft is made. Add its items."

    def _offer(self, rows: tuple[VendorRow, ...]) -> None:
        self.vendor.set_choices([(row.name, row.id) for row in rows if row.ended_on is None])
        if not rows:
            self.desk.messages.refused(("There is no vendor yet. Add one on the Vendors tab.",), self)


class AddLineDialog(DeedDialog):
    """One more item on a draft."""

    changed = _TOPICS

    def __init__(self, context: Context, desk: Desk, page: OrderPage, parent: QWidget) -> None:
        super().__init__(context, desk, f"Add an item to {page.row.number}", parent, save="Add")
        self.page = page
        self.item: ItemFound | None = None
        self.sold: SoldIn | None = None
        database = context.database
        self.picker: Picker[ItemFound] = Picker(
            desk.jobs, lambda typed: _items(database, typed), lambda item: f"{item.number}  ·  {item.name}",
            placeholder="Part of the name or the number", name="Find the item",
            on_failure=lambda error: desk.messages.show_failure(error, self),
        )  # fmt: skip
        self.picker.list.setMinimumHeight(170)
        self.chosen = label("No item chosen yet.", "muted", wrap=True)
        self.units = QuantityField("How many are wanted", least=1, required=True, hint="Rounded up to whole packs.")
        self.why = TextField("Why", longest=200)
        self.comes_to = label("", "muted", wrap=True)
        self.form = Form()
        self.form.section("", (self.units, self.why))
        for part in (self.picker, self.chosen, self.form, self.comes_to):
            self.body.addWidget(part)
        self.picker.picked.connect(self.choose)
        self.units.changed.connect(self._say)
        self.picker.setFocus()
        self.picker.search()

    def choose(self, item: ItemFound) -> None:
        """This one; how the vendor sells it is asked for."""
        self.item, self.sold = item, None
        self.chosen.setText(f"{item.name} ({item.number})")
        self.units.setFocus()
        database, vendor = self.context.database, self.page.row.vendor_id

        def sold(found: SoldIn) -> None:
            if self.item is item:
                self.sold = found
                self._say()

        self.desk.jobs.run(
            self, lambda: _sold_in(database, vendor, item), sold,
            lambda error: self.desk.messages.show_failure(error, self),
        )  # fmt: skip

    def deed(self) -> Deed | None:
        units = self.units.value() if self.form.check() else None
        if self.item is None or self.sold is None:
            self.desk.messages.refused(("Choose an item from the list.",), self)
            return None
        if units is None:
            return None
        packs = packs_for(units, self.sold.pack_quantity, self.sold.least_packs)
        line = Wanted(self.item.id, packs, self.why.value())
        database, by, order = self.context.database, self.context.user_id, self.page.row.id
        return lambda _override: add_line(database, order, line, by)

    def said(self, _result: Any) -> str:
        return "The item is added."

    def _say(self) -> None:
        """What the vendor is asked for: the fewest whole packs that hold what is wanted."""
        sold = self.sold
        try:
            units = self.units.value()
        except Refused:
            units = None
        if sold is None or self.item is None or not units:
            self.comes_to.setText("")
            return
        packs = packs_for(units, sold.pack_quantity, sold.least_packs)
        least = f", the least this vendor sells is {sold.least_packs:,}" if packs == sold.least_packs > 1 else ""
        self.comes_to.setText(
            f"Ordered: {say_packs(packs, sold.pack_name, sold.pack_quantity, self.item.unit)}{least}."
        )


class LineDialog(DeedDialog):
    """Packs and price of a draft's line."""

    changed = _TOPICS

    def __init__(self, context: Context, desk: Desk, line: OrderLineRow, parent: QWidget) -> None:
        super().__init__(context, desk, "Packs and price", parent)
        self.line = line
        pack = line.pack_name if line.pack_quantity == 1 else f"{line.pack_name} of {line.pack_quantity:,}"
        self.packs = QuantityField(f"Packs ({pack})", required=True, hint="0 takes the line off.")
        self.price = TextField("Price of one pack ($)", read=read_price, longest=14)
        self.comes_to = label("", "muted")
        self.packs.set_value(line.packs)
        self.price.set_value(typed_price(line.pack_price))
        self.form = Form()
        self.form.section("", (self.packs, self.price))
        for part in (label(line.item_name, "strong", wrap=True), self.form, self.comes_to):
            self.body.addWidget(part)
        self.packs.changed.connect(self._say)
        self._say()
        self.packs.line.selectAll()
        self.packs.setFocus()

    def deed(self) -> Deed | None:
        packs = self.packs.value() if self.form.check() else None
        if packs is None:
            return None
        price = Decimal(self.price.value()) if not self.price.is_blank() else None
        database, by, line = self.context.database, self.context.user_id, self.line.id
        was = (self.line.packs, self.line.pack_price)
        return lambda _override: change_line(database, line, packs, price, by, was=was)

    def said(self, _result: Any) -> str:
        return "The line is changed."

    def _say(self) -> None:
        try:
            packs = self.packs.value() or 0
        except Refused:
            return
        self.comes_to.setText(say_packs(packs, self.line.pack_name, self.line.pack_quantity, self.line.unit))


class SendDialog(DeedDialog):
    """The draft goes to the vendor."""

    changed = _TOPICS

    def __init__(self, context: Context, desk: Desk, page: OrderPage, parent: QWidget) -> None:
        super().__init__(context, desk, f"Send {page.row.number} to {page.row.vendor}", parent, save="It is sent")
        self.page = page
        self.how: ChoiceField[str] = ChoiceField("How it was sent", [(each, each) for each in HOW], required=True)
        self.how.set_value(HOW[0])
        lead = page.vendor.lead_days
        self.expected_on = DayField("Expected on", hint=f"Empty: in {lead} days, as this vendor usually takes.")
        self.form = Form()
        self.form.section("", (self.how, self.expected_on))
        parts = [part for part in (page.vendor.email, page.vendor.phone) if part]
        if page.vendor.least_order and page.row.amount < page.vendor.least_order:
            parts.append(f"The order is below the least order of ${page.vendor.least_order:,.2f}.")
        self.body.addWidget(label("Print or save the order, send it, then say so here.", "muted", wrap=True))
        if parts:
            self.body.addWidget(label("  ·  ".join(parts), "muted", wrap=True))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        database, by, row = self.context.database, self.context.user_id, self.page.row
        how, day = self.how.value() or "", self.expected_on.value()
        return lambda _override: send_order(database, row.id, row.version, by, how=how, expected_on=day)

    def said(self, result: Any) -> str:
        return f"{self.page.row.number} is sent and expected on {show_day(result)}."


class ExpectDialog(DeedDialog):
    """The vendor named another day."""

    changed = _TOPICS

    def __init__(self, context: Context, desk: Desk, page: OrderPage, parent: QWidget) -> None:
        super().__init__(context, desk, f"When {page.row.number} is expected", parent)
        self.page = page
        self.day = DayField("Expected on", required=True)
        self.day.set_value(page.row.expected_on)
        self.note = TextField("What the vendor said")
        self.form = Form()
        self.form.section("", (self.day,), (self.note,))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        day = self.day.value() if self.form.check() else None
        if day is None:
            return None
        database, by, order, note = self.context.database, self.context.user_id, self.page.row.id, self.note.value()
        was = self.page.row.expected_on
        return lambda _override: expect_on(database, order, day, note, by, was=was)

    def said(self, _result: Any) -> str:
        return "Kept."


class BackorderDialog(DeedDialog):
    """What is left of a line cannot be sent now, or can again."""

    changed = _TOPICS

    def __init__(self, context: Context, desk: Desk, line: OrderLineRow, parent: QWidget) -> None:
        super().__init__(context, desk, "Backorder", parent)
        self.line = line
        self.until = DayField("Expected again on", hint="Empty when the vendor named no day.")
        self.until.set_value(line.backordered_until)
        self.note = TextField("What the vendor said")
        self.note.set_value(line.note)
        self.is_over = CheckField("The vendor can send it again")
        self.form = Form()
        self.form.section("", (self.until,), (self.note,), (self.is_over,))
        self.is_over.setVisible(line.backordered)
        left = f"{line.outstanding:,} {line.unit} of {line.item_name} are still expected."
        self.body.addWidget(label(left, "strong", wrap=True))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        database, by, line = self.context.database, self.context.user_id, self.line.id
        until, note, is_over = self.until.value(), self.note.value(), self.is_over.value()
        was = (self.line.backordered_until, self.line.note)
        return lambda _override: put_on_backorder(database, line, until, note, by, was=was, is_over=is_over)

    def said(self, _result: Any) -> str:
        return "Kept."


class ReasonDialog(DeedDialog):
    """One sentence that is kept with a deed."""

    changed = _TOPICS

    def __init__(
        self, context: Context, desk: Desk, title: str, lead: str, save: str, parent: QWidget,
        deed: Callable[[str], Any], *, required: bool = True, kind: str = "primary",
    ) -> None:  # fmt: skip
        super().__init__(context, desk, title, parent, save=save, kind=kind)
        self.reason = TextField("Why", required=required)
        self.form = Form()
        self.form.section("", (self.reason,))
        self.body.addWidget(label(lead, "muted", wrap=True))
        self.body.addWidget(self.form)
        self._deed = deed
        self.reason.setFocus()

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        reason, deed = self.reason.value(), self._deed
        return lambda _override: deed(reason)

    def said(self, _result: Any) -> str:
        return "Done."


def _sold_in(database: Database, vendor: VendorId, item: ItemFound) -> SoldIn:
    """How the vendor sells it; one by one where it has no offer for it."""
    from infusion_desktop.dates import today

    with database.reading() as session:
        offers = offer_rows(session, today(), vendor_id=vendor, item_ids=[item.id])
    return SoldIn(item.unit) if not offers else SoldIn(
        offers[0].pack_name, offers[0].pack_quantity, offers[0].least_packs
    )  # fmt: skip


def _vendors(database: Database) -> tuple[VendorRow, ...]:
    from infusion_desktop.dates import today

    with database.reading() as session:
        return vendor_rows(session, today())


def _items(database: Database, typed: str) -> tuple[ItemFound, ...]:
    with database.reading() as session:
        return find_items(session, typed)
