"""Importing a catalogue file."""

from typing import Any

from infusion_desktop.desktop.file_import import ImportDialog, Kind
from infusion_desktop.desktop.table import Column
from infusion_desktop.stock.importing.item_import import (
    FORM,
    ImportedItem,
    beside_catalogue,
    import_items,
    preview_items,
)  # fmt: skip
from infusion_desktop.stock.importing.table_preview import Preview

ROW_COLUMNS: tuple[Column[ImportedItem], ...] = (
    Column("Line", lambda row: str(row.line), sort_key=lambda row: row.line, numeric=True, hidden=True),
    Column("Number", lambda row: row.item.number),
    Column("Name", lambda row: row.item.name, stretch=True),
    Column("Kind", lambda row: row.item.kind.value),
    Column("Manufacturer", lambda row: row.item.manufacturer),
    Column("Unit", lambda row: row.item.base_unit),
    Column("Cost", lambda row: f"{row.item.unit_cost:f}", sort_key=lambda row: row.item.unit_cost, numeric=True),
    Column("Packs", lambda row: ", ".join(f"{pack.name} of {pack.quantity}" for pack in row.item.packs)),
    Column("Billing", lambda row: row.item.billing_class.value, hidden=True),
    Column("Vendor", lambda row: row.offer.vendor if row.offer else "", hidden=True),
)


class ImportItemsDialog(ImportDialog):
    """One item a line."""

    changed = ("stock",)
    kind = Kind(
        FORM, "Import items from a file", "CSV (UTF-8) or Excel: one item a line, the columns named in the first.",
        "Catalogue files (*.csv *.txt *.xlsx)", ROW_COLUMNS, lambda row: row.line, "Items in the file", "Items",
        "Choose a file to see its items here.", "items-to-mend.csv", noun=("item", "items"), counted=" items",
    )  # fmt: skip

    def look(self, content: bytes, name: str, mapping: dict[str, int] | None) -> Preview[ImportedItem]:
        return beside_catalogue(self.context.database, preview_items(content, name, mapping))

    def good(self, preview: Preview[ImportedItem]) -> str:
        return f"{len(preview.rows):,} items can be imported."

    def take_in(self, preview: Preview[ImportedItem]) -> int:
        return import_items(self.context.database, preview, self.context.user_id)

    def said(self, result: Any) -> str:
        return f"Imported {result:,} items." if result != 1 else "Imported 1 item."
