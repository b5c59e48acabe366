"""Taking a catalogue file in: CSV or Excel, columns matched by name, every bad cell named, all rows or none."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.errors import Refused
from infusion_desktop.stock.catalogue import LONGEST_NAME, NewItem, Pack, add_items_in, checked, code_named, taken
from infusion_desktop.stock.importing.table_files import LONGEST_CELL, Problem
from infusion_desktop.stock.importing.table_preview import Form, Line, Preview, look_at
from infusion_desktop.stock.importing.vendor_columns import FIELDS as VENDOR_FIELDS
from infusion_desktop.stock.importing.vendor_columns import ImportedOffer, import_offers, read_offer
from infusion_desktop.stock.words import BillingClass, Container, ItemKind, Storage

FIELDS: dict[str, tuple[str, ...]] = {
    "number": ("number", "item number", "sku", "item", "item no", "catalog number"),
    "name": ("name", "description", "item name", "item description"),
    "kind": ("kind", "type", "category", "item kind"),
    "manufacturer": ("manufacturer", "maker", "mfr", "brand"),
    "base_unit": ("base unit", "unit", "uom", "unit of measure"),
    "lot_tracked": ("lot tracked", "track lots"),
    "serial_tracked": ("serial tracked", "track serials"),
    "storage": ("storage", "storage condition", "temperature"),
    "contains_latex": ("contains latex", "latex"),
    "hazardous": ("hazardous", "hazard", "hazardous drug"),
    "billing_class": ("billing class", "billing"),
    "hcpcs": ("hcpcs", "hcpcs code"),
    "ndc": ("ndc", "ndc 11"),
    "ndc_unit": ("ndc unit",),
    "ndc_quantity_per_unit": ("ndc quantity per unit", "ndc quantity"),
    "hcpcs_units_per_unit": ("hcpcs units per unit", "hcpcs units"),
    "container": ("container", "drug container", "comes in"),
    "unit_cost": ("unit cost", "cost", "price"),
    "par_level": ("par level", "par"),
    "reorder_point": ("reorder point", "reorder", "min"),
    "max_level": ("max level", "max", "maximum"),
    "gtin": ("gtin", "gtin each", "each gtin", "upc"),
    "pack": ("pack", "pack quantity", "per pack"),
    "pack_gtin": ("pack gtin", "gtin pack"),
    "box": ("box", "box quantity", "per box"),
    "box_gtin": ("box gtin", "gtin box"),
    "case": ("case", "case quantity", "per case"),
    "case_gtin": ("case gtin", "gtin case"),
    "pack1_name": ("pack1 name",),
    "pack1": ("pack1 quantity",),
    "pack1_gtin": ("pack1 gtin",),
    "pack2_name": ("pack2 name",),
    "pack2": ("pack2 quantity",),
    "pack2_gtin": ("pack2 gtin",),
    **VENDOR_FIELDS,
}
"""What can be imported, and the headings that are understood as it without asking."""

FORM = Form("item", FIELDS, (("number",), ("name",), ("kind",)))
_YES = {"yes", "y", "true", "1", "x"}
_NO = {"no", "n", "false", "0", ""}
_NUMBER = re.compile(r"\d{1,9}(\.\d{1,4})?", re.ASCII)
_WHOLE = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ImportedItem:
    """A line of the file: the item it adds, and who sells it."""

    line: int
    item: NewItem
    offer: ImportedOffer | None = None


def preview_items(content: bytes, name: str, mapping: Mapping[str, int] | None = None) -> Preview[ImportedItem]:
    """Read a file without changing anything. Refused when it is no table at all; problems in rows are listed."""
    return look_at(FORM, content, name, _Reader().read, mapping)


def beside_catalogue(database: Database, preview: Preview[ImportedItem]) -> Preview[ImportedItem]:
    """The same file with what the catalogue has already as problems of its lines."""
    by_number = {row.item.number: row.line for row in preview.rows}
    by_gtin = {pack.gtin: row.line for row in preview.rows for pack in row.item.packs if pack.gtin}
    with database.reading() as session:
        numbers, gtins = taken(session, [row.item for row in preview.rows])
    found = [Problem(by_number[number], "", f"there is an item {number} already.") for number in sorted(numbers)]
    found += [
        Problem(by_gtin[gtin], "", f"{code_named(gtin)} belongs to item {number} already.") for gtin, number in gtins
    ]
    return preview.also(found)


def import_items(database: Database, preview: Preview[ImportedItem], by: UserId) -> int:
    """Add every item of a preview as one deed, or none. Refused while the preview has problems."""
    preview.refuse_problems()
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_CATALOGUE)
        made = add_items_in(session, [row.item for row in preview.rows], by)
        if any(row.offer for row in preview.rows):
            import_offers(session, [(item, row.offer) for item, row in zip(made, preview.rows, strict=True)], by)
        return len(made)


class _Reader:
    """Reads line after line, knowing the lines before."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._gtins: dict[str, int] = {}

    def read(self, line: Line) -> ImportedItem | None:
        """One line: its item when all of it is good, problems otherwise."""
        for (needed,) in FORM.required:
            if not line.text(needed):
                line.wrong(needed, "is empty.")
        values: dict[str, Any] = {
            "number": line.text("number"),
            "name": line.text("name"),
            "kind": line.value("kind", _kind, ItemKind.OTHER),
            "manufacturer": line.text("manufacturer"),
            "base_unit": line.text("base_unit") or "each",
            "lot_tracked": line.value("lot_tracked", _yes_or_no, True),
            "serial_tracked": line.value("serial_tracked", _yes_or_no, False),
            "storage": line.value("storage", _storage, Storage.ROOM),
            "contains_latex": line.value("contains_latex", _yes_or_no, False),
            "hazardous": line.value("hazardous", _yes_or_no, False),
            "billing_class": line.value("billing_class", _billing_class, None),
            "hcpcs": line.text("hcpcs").upper(),
            "ndc": line.text("ndc"),
            "ndc_unit": line.text("ndc_unit").upper(),
            "ndc_quantity_per_unit": line.value("ndc_quantity_per_unit", _number, Decimal(1)),
            "hcpcs_units_per_unit": line.value("hcpcs_units_per_unit", _number, Decimal(1)),
            "container": line.value("container", _container, Container.AS_ITS_CODE),
            "unit_cost": line.value("unit_cost", _number, Decimal(0)),
            "par_level": line.value("par_level", _whole, 0),
            "reorder_point": line.value("reorder_point", _whole, 0),
            "max_level": line.value("max_level", _whole, 0),
        }
        if values["billing_class"] is None:
            is_drug = values["kind"] is ItemKind.DRUG
            values["billing_class"] = BillingClass.DRUG if is_drug else BillingClass.PER_DIEM_INCLUDED
        packs = [Pack("each", 1, line.text("gtin"))]
        packs += [
            Pack(line.text(f"{name}_name") or name, quantity, line.text(f"{name}_gtin"))
            for name in ("pack", "box", "case", "pack1", "pack2")
            if (quantity := line.value(name, _whole, 0))
        ]
        try:
            item = checked(NewItem(**values, packs=tuple(packs)))
        except Refused as no:
            for reason in no.reasons if line.is_good else ():
                line.wrong("", reason)
            return None
        offer = read_offer(line, item)
        if line.is_good:
            self._note(line, item)
        return ImportedItem(line.number, item, offer)

    def _note(self, line: Line, item: NewItem) -> None:
        """Say what stands on an earlier line already."""
        if item.number in self._numbers:
            line.wrong("", f"item number {item.number} stands on line {self._numbers[item.number]} already.")
        self._numbers.setdefault(item.number, line.number)
        for gtin in filter(None, (pack.gtin for pack in item.packs)):
            if gtin in self._gtins:
                line.wrong("", f"{code_named(gtin)} stands on line {self._gtins[gtin]} already.")
            self._gtins.setdefault(gtin, line.number)


def _kind(text: str) -> ItemKind:
    plain = text.casefold().replace("_", " ")
    for kind in ItemKind:
        if plain in (kind.value, kind.name.casefold().replace("_", " "), kind.value + "s"):
            return kind
    raise Refused(f"“{text[:40]}” is not a kind of item. Known are: {', '.join(kind.value for kind in ItemKind)}.")


def _container(text: str) -> Container:
    plain = text.casefold().replace("_", " ").replace("-", " ")
    for each in Container:
        if plain in (each.value.replace("-", " "), each.name.casefold().replace("_", " ")):
            return each
    known = ", ".join(each.value for each in Container)
    raise Refused(f"“{text[:40]}” is no way a drug comes. Known are: {known}.")


def _storage(text: str) -> Storage:
    short = {"room": Storage.ROOM, "refrigerator": Storage.REFRIGERATED, "cold": Storage.REFRIGERATED}
    plain = text.casefold()
    for kind in Storage:
        if plain in (kind.value, kind.name.casefold()):
            return kind
    if plain in short:
        return short[plain]
    raise Refused(f"“{text[:40]}” is not a storage. Known are: room temperature, refrigerated, frozen.")


def _billing_class(text: str) -> BillingClass:
    plain = text.casefold().replace("_", " ")
    for kind in BillingClass:
        if plain in (kind.value, kind.name.casefold().replace("_", " ")):
            return kind
    raise Refused(f"“{text[:40]}” is not a billing class. Known are: {', '.join(kind.value for kind in BillingClass)}.")


def _yes_or_no(text: str) -> bool:
    plain = text.casefold()
    if plain not in _YES | _NO:
        raise Refused(f"“{text[:20]}” is neither yes nor no.")
    return plain in _YES


def _number(text: str) -> Decimal:
    plain = text.removeprefix("$").strip()
    if not _NUMBER.fullmatch(plain):
        raise Refused(f"“{text[:20]}” is not a number such as 12.5 (at most four places).")
    return Decimal(plain)


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise Refused(f"“{text[:20]}” is not a whole number.")
    return int(text)


assert LONGEST_NAME <= LONGEST_CELL
