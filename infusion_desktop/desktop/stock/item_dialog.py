"""Adding an item to the catalogue, changing one, and adding a pack with its code."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from PySide6.QtWidgets import QWidget

from infusion_desktop.dates import today
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import DeedDialog
from infusion_desktop.desktop.forms import CheckField, ChoiceField, Form, QuantityField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import scrolled
from infusion_desktop.errors import Refused
from infusion_desktop.identifiers import read_ndc
from infusion_desktop.money import read_number
from infusion_desktop.stock.catalogue import NDC_UNITS, NewItem, Pack, add_item, attach_code, change_item
from infusion_desktop.stock.queries import ItemPage
from infusion_desktop.stock.scanning.scans import read_pack_code, read_scan
from infusion_desktop.stock.words import BillingClass, Container, ItemKind, Storage


class ItemDialog(DeedDialog):
    """All facts of an item."""

    changed = ("stock",)

    def __init__(self, context: Context, desk: Desk, parent: QWidget, page: ItemPage | None = None) -> None:
        super().__init__(
            context, desk, "Change the item" if page else "Add an item", parent,
            save="Save" if page else "Add the item", width=760,
        )  # fmt: skip
        self.page = page
        self._make_fields()
        self._lay_out()
        self.resize(780, 700)
        if page is not None:
            self._fill(page.item)
        self.number.setFocus()

    def on_scan(self, raw: str) -> None:
        try:
            scan = read_scan(raw, today=today())
        except Refused as refusal:
            self.desk.messages.wrong(str(refusal))
            return
        if scan.pack_code and self.page is None:
            (self.gtin if self.gtin.is_blank() else self.pack_gtin).set_value(scan.pack_code)
        elif scan.pack_code:
            self.desk.messages.wrong("The codes of an item that is known are added with its packs.")
        else:
            super().on_scan(raw)

    def deed(self) -> Callable[[str], Any] | None:
        if not self.form.check():
            return None
        database, by, item, page = self.context.database, self.context.user_id, self._item(), self.page
        if page is None:
            return lambda _override: add_item(database, item, by)
        return lambda _override: change_item(database, page.id, item, page.version, by)

    def said(self, _result: Any) -> str:
        return f"{self.name.value()} is saved."

    def _make_fields(self) -> None:
        self.number = TextField("Number", required=True, longest=40)
        self.name = TextField("Name", required=True)
        self.kind: ChoiceField[ItemKind] = ChoiceField("Kind", _choices(ItemKind), required=True)
        self.manufacturer = TextField("Manufacturer")
        self.base_unit = TextField("Counted in", required=True, longest=20, hint="The smallest unit sent: each, mL")
        self.storage: ChoiceField[Storage] = ChoiceField("Storage", _choices(Storage), required=True)
        self.cost = TextField("Cost of one unit ($)", read=_read_cost, placeholder="0.0000", longest=14)
        self.par_level = QuantityField("Par level")
        self.reorder_point = QuantityField("Reorder point")
        self.max_level = QuantityField("At most", hint="0: no limit")
        self.lot_tracked, self.serial_tracked = CheckField("Lots are tracked"), CheckField("Serial numbers are tracked")
        self.latex, self.hazardous = CheckField("Contains latex"), CheckField("Hazardous drug")
        self.billing: ChoiceField[BillingClass] = ChoiceField("Billing", _choices(BillingClass), required=True)
        self.hcpcs = TextField("HCPCS code", longest=7)
        self.ndc = TextField("NDC", read=read_ndc, longest=16)
        self.ndc_unit: ChoiceField[str] = ChoiceField("NDC unit", [(unit or "none", unit) for unit in NDC_UNITS])
        self.ndc_quantity = TextField("NDC units in one unit", read=_read_factor, longest=14)
        self.hcpcs_units = TextField("HCPCS units in one unit", read=_read_factor, longest=14)
        self.container: ChoiceField[Container] = ChoiceField(
            "A drug comes in", _choices(Container), required=True,
            hint="Waste of single-dose containers is billed; a prefilled one needs no syringe.",
        )  # fmt: skip
        self.gtin = TextField("Code of one unit", read=read_pack_code, longest=26, hint="GTIN or HIBC, or scan it.")
        self.pack_name = TextField("Pack", placeholder="box", longest=20)
        self.pack_quantity = QuantityField("Units in it", least=1)
        self.pack_gtin = TextField("Code of the pack", read=read_pack_code, longest=26)
        self.base_unit.set_value("each")
        self.storage.set_value(Storage.ROOM)
        self.billing.set_value(BillingClass.PER_DIEM_INCLUDED)
        self.lot_tracked.set_value(True)
        self.ndc_unit.set_value("")
        self.container.set_value(Container.AS_ITS_CODE)

    def _lay_out(self) -> None:
        self.form = Form()
        self.form.section(
            "", (self.number, self.name), (self.kind, self.manufacturer), (self.base_unit, self.storage),
            (self.cost, self.par_level, self.reorder_point, self.max_level), (self.lot_tracked, self.serial_tracked),
            (self.latex, self.hazardous),
        )  # fmt: skip
        if self.page is None:
            self.form.section("Packs", (self.gtin,), (self.pack_name, self.pack_quantity, self.pack_gtin))
        self.form.section(
            "Billing", (self.billing, self.hcpcs, self.hcpcs_units), (self.ndc, self.ndc_unit, self.ndc_quantity),
            (self.container,),
        )  # fmt: skip
        self.form.end()
        self.body.addWidget(scrolled(self.form), 1)

    def _fill(self, item: NewItem) -> None:
        shown: tuple[tuple[Any, Any], ...] = (
            (self.number, item.number), (self.name, item.name), (self.kind, item.kind),
            (self.manufacturer, item.manufacturer), (self.base_unit, item.base_unit), (self.storage, item.storage),
            (self.cost, show_factor(item.unit_cost)), (self.par_level, item.par_level),
            (self.reorder_point, item.reorder_point), (self.max_level, item.max_level or None),
            (self.lot_tracked, item.lot_tracked),
            (self.serial_tracked, item.serial_tracked), (self.latex, item.contains_latex),
            (self.hazardous, item.hazardous), (self.billing, item.billing_class), (self.hcpcs, item.hcpcs),
            (self.ndc, item.ndc), (self.ndc_unit, item.ndc_unit),
            (self.ndc_quantity, show_factor(item.ndc_quantity_per_unit)),
            (self.hcpcs_units, show_factor(item.hcpcs_units_per_unit)), (self.container, item.container),
        )  # fmt: skip
        for field, value in shown:
            field.set_value(value)

    def _item(self) -> NewItem:
        packs: list[Pack] = []
        if self.page is None:
            packs.append(Pack("each", 1, self.gtin.value()))
            if not self.pack_quantity.is_blank() or not self.pack_gtin.is_blank():
                packs.append(
                    Pack(self.pack_name.value() or "box", self.pack_quantity.value() or 1, self.pack_gtin.value())
                )
        return NewItem(
            self.number.value(), self.name.value(), self.kind.value() or ItemKind.OTHER, self.manufacturer.value(),
            self.base_unit.value(), self.lot_tracked.value(), self.serial_tracked.value(),
            self.storage.value() or Storage.ROOM, self.latex.value(), self.hazardous.value(),
            self.billing.value() or BillingClass.PER_DIEM_INCLUDED, self.hcpcs.value().upper(), self.ndc.value(),
            self.ndc_unit.value() or "", Decimal(self.ndc_quantity.value() or 1),
            Decimal(self.hcpcs_units.value() or 1), Decimal(self.cost.value() or 0), self.par_level.value() or 0,
            self.reorder_point.value() or 0, tuple(packs), self.max_level.value() or 0,
            self.container.value() or Container.AS_ITS_CODE,
        )  # fmt: skip


class PackDialog(DeedDialog):
    """A pack of an item, with the code printed on it."""

    changed = ("stock",)

    def __init__(self, context: Context, desk: Desk, parent: QWidget, page: ItemPage) -> None:
        super().__init__(context, desk, "Add a pack", parent, save="Add the pack")
        self.page = page
        self.gtin = TextField(
            "GTIN or HIBC code", read=read_pack_code, longest=26, required=True, hint="Scan the pack, or type it."
        )
        self.name = TextField("Name", placeholder="box", longest=20, required=True)
        self.quantity = QuantityField("Holds", least=1, unit=page.item.base_unit, required=True)
        self.form = Form()
        self.form.section("", (self.gtin,), (self.name, self.quantity))
        self.body.addWidget(label(page.item.name, "strong", wrap=True))
        self.body.addWidget(self.form)
        self.gtin.setFocus()

    def on_scan(self, raw: str) -> None:
        try:
            scan = read_scan(raw, today=today())
        except Refused as refusal:
            self.desk.messages.wrong(str(refusal))
            return
        if scan.pack_code:
            self.gtin.set_value(scan.pack_code)
            self.name.setFocus()
        else:
            self.desk.messages.wrong("This code does not say what it is. Scan the code with the item's number.")

    def deed(self) -> Callable[[str], Any] | None:
        quantity = self.quantity.value() if self.form.check() else None
        if quantity is None:
            return None
        database, by, item_id = self.context.database, self.context.user_id, self.page.id
        gtin, name = self.gtin.value(), self.name.value()
        return lambda _override: attach_code(database, item_id, gtin, name, quantity, by)

    def said(self, _result: Any) -> str:
        return "The pack is added."


def show_factor(number: Decimal) -> str:
    """A cost or factor with as many places as it needs."""
    return f"{number.normalize():f}"


def _choices(words: Any) -> list[tuple[str, Any]]:
    return [(f"{word.value[0].upper()}{word.value[1:]}", word) for word in words]


def _read_cost(text: str) -> str:
    plain = text.removeprefix("$").strip().replace(",", "")
    return _read_factor(plain)


def _read_factor(text: str) -> str:
    number = read_number(text)
    if number < 0:
        raise Refused(f"“{text[:20]}” is below zero. Type a number such as 0.0345.")
    return f"{number:f}"
