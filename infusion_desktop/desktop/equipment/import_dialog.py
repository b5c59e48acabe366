"""Importing a register of pumps and poles."""

from typing import Any

from infusion_desktop.dates import show_day
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.file_import import ImportDialog, Kind
from infusion_desktop.desktop.table import Column
from infusion_desktop.equipment.asset_import import FORM, ImportedAsset, import_assets, preview_assets
from infusion_desktop.stock.importing.table_preview import Preview

ROW_COLUMNS: tuple[Column[ImportedAsset], ...] = (
    Column("Line", lambda row: str(row.line), sort_key=lambda row: row.line, numeric=True),
    Column("Model", lambda row: row.model, stretch=True),
    Column("Serial", lambda row: row.new.serial),
    Column("Tag", lambda row: row.new.tag or "the next one"),
    Column("Comes in as", lambda row: "Patient-ready" if row.ready_since else "Received",
           tone=lambda row: Tone.GOOD if row.ready_since else Tone.WARN),
    Column("PM due", lambda row: show_day(row.new.maintenance_due_on) or "by its model",
           sort_key=lambda row: row.new.maintenance_due_on),
    Column("Owner", lambda row: row.new.owner or "ours"),
    Column("Software", lambda row: row.new.firmware, hidden=True),
    Column("Drug library", lambda row: row.new.library, hidden=True),
)  # fmt: skip


class ImportAssetsDialog(ImportDialog):
    """One pump or pole a line, by model and serial number."""

    changed = ("equipment",)
    kind = Kind(
        FORM, "Import pumps and poles from a file",
        "CSV (UTF-8) or Excel: one pump or pole a line, with its model and serial number.",
        "Lists of equipment (*.csv *.txt *.xlsx)", ROW_COLUMNS, lambda row: row.line, "Pumps and poles in the file",
        "Pumps and poles", "Choose a file to see its pumps and poles here.", "equipment-to-mend.csv",
    )  # fmt: skip

    def look(self, content: bytes, name: str, mapping: dict[str, int] | None) -> Preview[ImportedAsset]:
        with self.context.database.reading() as session:
            return preview_assets(session, content, name, mapping)

    def good(self, preview: Preview[ImportedAsset]) -> str:
        return f"{len(preview.rows):,} can be registered."

    def take_in(self, preview: Preview[ImportedAsset]) -> int:
        return import_assets(self.context.database, preview, self.context.user_id)

    def said(self, result: Any) -> str:
        return "1 pump or pole is registered." if result == 1 else f"{result:,} pumps and poles are registered."
