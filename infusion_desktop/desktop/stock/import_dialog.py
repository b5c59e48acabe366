"""Importing a catalogue file: its columns are matched to what we know of an item."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QComboBox, QGridLayout, QWidget

from infusion_desktop.desktop.file_import import ImportDialog, Kind, Wrong
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import scrolled
from infusion_desktop.desktop.table import Column
from infusion_desktop.stock.catalogue import NewItem
from infusion_desktop.stock.importing.item_import import (
    FIELDS,
    REQUIRED,
    Preview,
    bad_lines,
    clashes_with_catalogue,
    import_items,
    preview_items,
)  # fmt: skip

_PLACED = re.compile(r"Line (\d+)(?:, column “(.*?)”)?: (.*)", re.DOTALL)

ROW_COLUMNS: tuple[Column[tuple[int, NewItem]], ...] = (
    Column("Number", lambda row: row[1].number),
    Column("Name", lambda row: row[1].name, stretch=True),
    Column("Kind", lambda row: row[1].kind.value),
    Column("Manufacturer", lambda row: row[1].manufacturer),
    Column("Unit", lambda row: row[1].base_unit),
    Column("Cost", lambda row: f"{row[1].unit_cost:f}", sort_key=lambda row: row[1].unit_cost, numeric=True),
    Column("Packs", lambda row: ", ".join(f"{pack.name} of {pack.quantity}" for pack in row[1].packs)),
    Column("Billing", lambda row: row[1].billing_class.value, hidden=True),
)


class ImportItemsDialog(ImportDialog):
    """One item a line; which column is which can be said."""

    changed = ("stock",)
    kind = Kind(
        "Import items from a file", "CSV (UTF-8) or Excel: one item a line, the columns named in the first.",
        "Catalogue files (*.csv *.txt *.xlsx)", ROW_COLUMNS, lambda row: row[0], "Items in the file", "Items",
        "Choose a file to see its items here.", "items-to-mend.csv", noun=("item", "items"), counted=" items",
        advice="Mend the file and choose it again, or match the columns: all come in, or none.",
    )  # fmt: skip

    def add_more(self) -> None:
        self.choices: dict[str, QComboBox] = {}
        self._mapping: dict[str, int] | None = None
        self.mapping = QWidget()
        self.mapping_grid = QGridLayout(self.mapping)
        self.mapping_grid.setContentsMargins(0, 0, 0, 0)
        self.mapping_grid.setHorizontalSpacing(14)
        self.mapping_grid.setVerticalSpacing(6)
        self.add_tab(scrolled(self.mapping), "Columns")

    def read_file(self, file: Path) -> None:
        self._mapping = None
        super().read_file(file)

    def look(self, content: bytes, name: str) -> Preview:
        preview = preview_items(content, name, self._mapping)
        if preview.problems:
            return preview
        return replace(preview, problems=tuple(clashes_with_catalogue(self.context.database, preview)))

    def wrong(self, preview: Preview) -> list[Wrong]:
        return [_placed(text) for text in preview.problems]

    def shown_rows(self, preview: Preview) -> list[tuple[int, NewItem]]:
        return list(enumerate(preview.rows))

    def bad_lines(self, preview: Preview) -> bytes:
        return bad_lines(preview)

    def good(self, preview: Preview) -> str:
        return f"{len(preview.rows):,} items can be imported."

    def take_in(self, preview: Preview) -> int:
        return import_items(self.context.database, preview, self.context.user_id)

    def said(self, result: Any) -> str:
        return f"Imported {result:,} items." if result != 1 else "Imported 1 item."

    def show_preview(self, preview: Preview) -> None:
        self._show_mapping(preview)
        super().show_preview(preview)
        if any(field not in preview.mapping for field in REQUIRED):
            self.tabs.setCurrentIndex(2)

    def _match(self) -> None:
        self._mapping = self._chosen()
        self.look_again()

    def _show_mapping(self, preview: Preview) -> None:
        if not self.choices:
            for place, field in enumerate(FIELDS):
                choice = QComboBox()
                choice.setAccessibleName(f"Column of {_title(field)}")
                choice.activated.connect(lambda _index: self._match())
                self.choices[field] = choice
                line, side = divmod(place, 2)
                title = f"{_title(field)} *" if field in REQUIRED else _title(field)
                self.mapping_grid.addWidget(label(title, "muted"), line, 2 * side)
                self.mapping_grid.addWidget(choice, line, 2 * side + 1)
            for side in (1, 3):
                self.mapping_grid.setColumnStretch(side, 1)
        for field, choice in self.choices.items():
            choice.clear()
            choice.addItem("– not in the file –", -1)
            for place, heading in enumerate(preview.headings):
                choice.addItem(heading or f"Column {place + 1}", place)
            choice.setCurrentIndex(choice.findData(preview.mapping.get(field, -1)))

    def _chosen(self) -> dict[str, int]:
        return {field: choice.currentData() for field, choice in self.choices.items() if choice.currentData() >= 0}


def _placed(text: str) -> Wrong:
    match = _PLACED.fullmatch(text)
    if match is None:
        return Wrong(None, "", text)
    return Wrong(int(match[1]), match[2] or "", match[3])


def _title(field: str) -> str:
    words = field.replace("_", " ")
    for short in ("gtin", "ndc", "hcpcs"):
        words = words.replace(short, short.upper())
    return words[0].upper() + words[1:]
