"""Taking a catalogue file in: CSV or Excel, columns matched by name, every bad cell named, all rows or none."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.errors import Refused
from infusion_desktop.stock.catalogue import LONGEST_NAME, NewItem, Pack, add_items_in, checked, clashes
from infusion_desktop.stock.importing.table_files import LONGEST_CELL, lines_to_mend, read_headed_table
from infusion_desktop.stock.importing.vendor_columns import FIELDS as VENDOR_FIELDS
from infusion_desktop.stock.importing.vendor_columns import ImportedOffer, import_offers, read_offer
from infusion_desktop.stock.words import BillingClass, Container, ItemKind, Storage

MOST_PROBLEMS = 200

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

REQUIRED = ("number", "name", "kind")
_YES = {"yes", "y", "true", "1", "x"}
_NO = {"no", "n", "false", "0", ""}
_NUMBER = re.compile(r"\d{1,9}(\.\d{1,4})?", re.ASCII)
_ON_LINE = re.compile(r"Line (\d+)")
_WHOLE = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file would do: the columns as matched, the items, and every problem by line, column and reason."""

    headings: tuple[str, ...]
    mapping: dict[str, int]
    """Field name to column, from 0."""
    rows: tuple[NewItem, ...]
    problems: tuple[str, ...]
    lines: int
    offers: tuple[ImportedOffer | None, ...] = ()
    """Who sells each item, in the order of the rows."""
    cells: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """The lines as they came, by their number, for the file of bad lines."""


def preview_items(content: bytes, name: str, mapping: Mapping[str, int] | None = None) -> Preview:
    """Read a file without changing anything. Refused when it is no table at all; problems in rows are listed."""
    headings, table = read_headed_table(content, name)
    if not any(headings):
        raise Refused(f"{name} is empty. Its first line must name the columns, such as number, name, kind.")
    chosen = dict(mapping) if mapping is not None else guess(headings)
    missing = [each for each in REQUIRED if each not in chosen]
    if missing:
        sentence = (
            f"No column holds the item's {', '.join(missing)}. Match the columns, or name them in the first line."
        )
        return Preview(headings, chosen, (), (sentence,), 0)
    items: list[NewItem] = []
    problems: list[str] = []
    numbers: dict[str, int] = {}
    gtins: dict[str, int] = {}
    offers: list[ImportedOffer | None] = []
    kept: dict[int, tuple[str, ...]] = {}
    lines = 0
    for line, cells in table:
        if not any(cell.strip() for cell in cells):
            continue
        lines += 1
        kept[line] = tuple(cells)
        if len(cells) > len(headings):
            problems.append(f"Line {line}: {len(cells)} cells, but the first line names {len(headings)} columns.")
            continue
        item, offer = _row(line, cells, chosen, headings, problems)
        if item is not None:
            offers.append(offer)
            _note_twice(line, item, numbers, gtins, problems)
            items.append(item)
        if len(problems) > MOST_PROBLEMS:
            problems = [*problems[:MOST_PROBLEMS], "... and more. Mend these first."]
            break
    if not lines:
        problems.append("There is no item below the first line.")
    return Preview(headings, chosen, tuple(items), tuple(problems), lines, tuple(offers), kept)


def guess(headings: tuple[str, ...]) -> dict[str, int]:
    """Which column holds which field, by the heading."""
    plain = [re.sub(r"[\s_./#-]+", " ", heading.casefold()).strip() for heading in headings]
    found = {}
    for each, names in FIELDS.items():
        for name in names:
            if name in plain:
                found[each] = plain.index(name)
                break
    return found


def import_items(database: Database, preview: Preview, by: UserId) -> int:
    """Add every item of a preview as one deed, or none. Refused while the preview has problems."""
    if preview.problems or not preview.rows:
        raise Refused(*preview.problems[:20] or ("There is nothing to import.",))
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_CATALOGUE)
        made = add_items_in(session, list(preview.rows), by)
        if any(preview.offers):
            import_offers(session, list(zip(made, preview.offers, strict=True)), by)
        return len(made)


def bad_lines(preview: Preview) -> bytes:
    """The lines with a problem as they came, with what is wrong in a last column: a CSV to mend and bring again."""
    found: dict[int, list[str]] = {}
    for problem in preview.problems:
        if match := _ON_LINE.match(problem):
            found.setdefault(int(match[1]), []).append(problem[match.end() :].strip(" :,"))
    return lines_to_mend(preview.headings, preview.cells, found)


def clashes_with_catalogue(database: Database, preview: Preview) -> list[str]:
    """What the catalogue already has, to be shown with the preview."""
    with database.reading() as session:
        return clashes(session, preview.rows)


def _row(
    line: int, cells: list[str], mapping: Mapping[str, int], headings: tuple[str, ...], problems: list[str]
) -> tuple[NewItem | None, ImportedOffer | None]:
    before = len(problems)

    def cell(name: str) -> str:
        place = mapping.get(name, -1)
        return cells[place].strip() if 0 <= place < len(cells) else ""

    def problem(name: str, reason: str) -> None:
        place = mapping.get(name, -1)
        heading = headings[place] if 0 <= place < len(headings) else name
        problems.append(f"Line {line}, column “{heading[:40]}”: {reason}")

    def read(name: str, default: Any, reader: Any) -> Any:
        text = cell(name)
        if not text:
            return default
        try:
            return reader(text)
        except Refused as no:
            problem(name, str(no))
            return default

    for needed in REQUIRED:
        if not cell(needed):
            problem(needed, "is empty.")
    values: dict[str, Any] = {
        "number": cell("number"),
        "name": cell("name"),
        "kind": read("kind", ItemKind.OTHER, lambda text: _one_of(text, ItemKind)),
        "manufacturer": cell("manufacturer"),
        "base_unit": cell("base_unit") or "each",
        "lot_tracked": read("lot_tracked", True, _yes_or_no),
        "serial_tracked": read("serial_tracked", False, _yes_or_no),
        "storage": read("storage", Storage.ROOM, _storage),
        "contains_latex": read("contains_latex", False, _yes_or_no),
        "hazardous": read("hazardous", False, _yes_or_no),
        "billing_class": read("billing_class", None, _billing_class),
        "hcpcs": cell("hcpcs").upper(),
        "ndc": cell("ndc"),
        "ndc_unit": cell("ndc_unit").upper(),
        "ndc_quantity_per_unit": read("ndc_quantity_per_unit", Decimal(1), _number),
        "hcpcs_units_per_unit": read("hcpcs_units_per_unit", Decimal(1), _number),
        "container": read("container", Container.AS_ITS_CODE, _container),
        "unit_cost": read("unit_cost", Decimal(0), _number),
        "par_level": read("par_level", 0, _whole),
        "reorder_point": read("reorder_point", 0, _whole),
        "max_level": read("max_level", 0, _whole),
    }
    if values["billing_class"] is None:
        is_drug = values["kind"] is ItemKind.DRUG
        values["billing_class"] = BillingClass.DRUG if is_drug else BillingClass.PER_DIEM_INCLUDED
    packs = [Pack("each", 1, cell("gtin"))]
    for name in ("pack", "box", "case", "pack1", "pack2"):
        quantity = read(name, 0, _whole)
        if quantity:
            packs.append(Pack(cell(f"{name}_name") or name, quantity, cell(f"{name}_gtin")))
    try:
        item = checked(NewItem(**values, packs=tuple(packs)))
    except Refused as no:
        if len(problems) == before:
            problems += [f"Line {line}: {reason}" for reason in no.reasons]
        return None, None
    offer = read_offer(cell, problem, item)
    return (item, offer) if len(problems) == before else (None, None)


def _note_twice(line: int, item: NewItem, numbers: dict[str, int], gtins: dict[str, int], problems: list[str]) -> None:
    if item.number in numbers:
        problems.append(f"Line {line}: item number {item.number} stands on line {numbers[item.number]} already.")
    numbers.setdefault(item.number, line)
    for pack in item.packs:
        if pack.gtin and pack.gtin in gtins:
            problems.append(f"Line {line}: GTIN {pack.gtin} stands on line {gtins[pack.gtin]} already.")
        if pack.gtin:
            gtins.setdefault(pack.gtin, line)


def _one_of(text: str, kinds: type[ItemKind]) -> ItemKind:
    plain = text.casefold().replace("_", " ")
    for kind in kinds:
        if plain in (kind.value, kind.name.casefold().replace("_", " "), kind.value + "s"):
            return kind
    raise Refused(f"“{text[:40]}” is not a kind of item. Known are: {', '.join(kind.value for kind in kinds)}.")


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
