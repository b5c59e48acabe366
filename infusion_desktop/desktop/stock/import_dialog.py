"""Importing a catalogue file: columns matched, rows and problems looked at, then all of it or nothing."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from infusion_desktop.database.engine import Database
from infusion_desktop.desktop import file_choice
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import DeedDialog
from infusion_desktop.desktop.labels import icon_label, label
from infusion_desktop.desktop.pages import scrolled
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.desktop.theme import set_icon
from infusion_desktop.files import read_part, write_whole
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
from infusion_desktop.stock.importing.table_files import BIGGEST_FILE

_PLACED = re.compile(r"Line (\d+)(?:, column “(.*?)”)?: (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in the file, where it stands."""

    id: int
    line: int | None
    column: str
    reason: str


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
PROBLEM_COLUMNS: tuple[Column[Problem], ...] = (
    Column(
        "Line", lambda row: str(row.line or ""), sort_key=lambda row: row.line, numeric=True, value=lambda row: row.line
    ),
    Column("Column", lambda row: row.column),
    Column("What is wrong", lambda row: row.reason, stretch=True, hint=lambda row: row.reason),
)


class ImportDialog(DeedDialog):
    """Chooses a file, matches its columns and shows what it would add."""

    changed = ("stock",)

    def __init__(self, context: Context, desk: Desk, parent: QWidget) -> None:
        super().__init__(context, desk, "Import items from a file", parent, save="Import", width=900)
        self.ask_path = file_choice.ask_what_to_read
        self.preview: Preview | None = None
        self.choices: dict[str, QComboBox] = {}
        self._content, self._name = b"", ""
        self._turn = 0
        self.file_button = button("Choose the file", self._ask_file, icon="import")
        self.file_label = label("CSV (UTF-8) or Excel: one item a line, the columns named in the first.", "muted")
        self.ask_save = file_choice.ask_where_to_save
        self.error_button = button("Save the bad lines", self._ask_save, icon="save")
        self.state_icon = icon_label("info", "muted")
        self.state = label("", "strong", wrap=True)
        self.mapping = QWidget()
        self.mapping_grid = QGridLayout(self.mapping)
        self.mapping_grid.setContentsMargins(0, 0, 0, 0)
        self.mapping_grid.setHorizontalSpacing(14)
        self.mapping_grid.setVerticalSpacing(6)
        self.rows: TableView[tuple[int, NewItem]] = TableView(
            ROW_COLUMNS, lambda row: row[0], name="Items in the file", noun=("item", "items"),
            empty="Choose a file to see its items here.",
        )  # fmt: skip
        self.problems: TableView[Problem] = TableView(
            PROBLEM_COLUMNS, lambda row: row.id, name="Problems in the file", noun=("problem", "problems"), desk=desk,
            empty="No problem found.",
        )  # fmt: skip
        self._lay_out()
        self._show_state()
        self.resize(1080, 720)
        self.file_button.setFocus()

    def read_file(self, file: Path) -> None:
        """Read the file off the window's thread and show what it would add."""

        def read(content: bytes) -> None:
            self._content, self._name = content, file.name
            self.file_label.setText(file.name)
            self._look(None)

        self.banner.clear()
        self.desk.jobs.run(self, lambda: read_part(file, BIGGEST_FILE), read, self._failed)

    def deed(self) -> Callable[[str], Any] | None:
        preview, database, by = self.preview, self.context.database, self.context.user_id
        if preview is None or preview.problems:
            return None
        return lambda _override: import_items(database, preview, by)

    def said(self, result: Any) -> str:
        return f"Imported {result:,} items." if result != 1 else "Imported 1 item."

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(12)
        top.addWidget(self.file_button)
        top.addWidget(self.file_label, 1)
        state = QHBoxLayout()
        state.addWidget(self.state_icon)
        state.addWidget(self.state, 1)
        state.addWidget(self.error_button)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for contents, title in ((self.rows, "Items"), (self.problems, "Problems"), (scrolled(self.mapping), "Columns")):
            page = QWidget()
            column = QVBoxLayout(page)
            column.setContentsMargins(0, 12, 0, 0)
            column.addWidget(contents)
            self.tabs.addTab(page, title)
        self.tabs.currentChanged.connect(lambda _tab: QTimer.singleShot(0, self, self._fit))
        self.body.addLayout(top)
        self.body.addLayout(state)
        self.body.addWidget(self.tabs, 1)

    def _fit(self) -> None:
        """A table is as wide as it is seen only once it is seen."""
        for table in (self.rows, self.problems):
            if table.isVisible():
                table.fit_columns()

    def save_bad_lines(self, path: Path) -> None:
        """Write the lines with a problem, and what is wrong, as a CSV."""
        preview = self.preview
        if preview is not None:
            self.desk.jobs.run(
                self, lambda: write_whole(path, bad_lines(preview)),
                lambda _nothing: self.desk.messages.said("The bad lines are saved."),
                lambda error: self.desk.messages.show_failure(error, self),
            )  # fmt: skip

    def _ask_save(self) -> None:
        self.ask_save(self, "Save the bad lines", "items-to-mend.csv", "CSV (*.csv)", self.save_bad_lines)

    def _ask_file(self) -> None:
        self.ask_path(self, "Choose the catalogue file", "Catalogue files (*.csv *.txt *.xlsx)", self.read_file)

    def _look(self, mapping: dict[str, int] | None) -> None:
        self._turn += 1
        turn, content, name, database = self._turn, self._content, self._name, self.context.database

        def seen(preview: Preview) -> None:
            if turn == self._turn:
                self._show(preview)

        self.save_button.setEnabled(False)
        self.desk.jobs.run(self, lambda: _preview(database, content, name, mapping), seen, self._failed)

    def _show(self, preview: Preview) -> None:
        self.banner.clear()
        self.preview = preview
        self._show_mapping(preview)
        self.rows.set_rows(list(enumerate(preview.rows)))
        self.problems.set_rows([_placed(number, text) for number, text in enumerate(preview.problems)])
        unmatched = any(field not in preview.mapping for field in REQUIRED)
        self.tabs.setCurrentIndex(2 if unmatched else 1 if preview.problems else 0)
        self._show_state()

    def _show_state(self) -> None:
        preview = self.preview
        tone, sentence = Tone.INFO, "Nothing is changed before you press Import."
        if preview is not None and preview.problems:
            counted = "1 problem" if len(preview.problems) == 1 else f"{len(preview.problems)} problems"
            tone = Tone.BAD
            sentence = f"{counted}. Mend the file and choose it again, or match the columns."
        elif preview is not None:
            tone, sentence = Tone.GOOD, f"{len(preview.rows):,} items can be imported. Nothing is changed yet."
        set_icon(self.state_icon, tone.value, tone.name.lower())  # type: ignore[arg-type]  # tones and tints share names
        self.state.setText(sentence)
        is_clean = preview is not None and not preview.problems
        self.save_button.setEnabled(is_clean)
        self.save_button.setText(f"Import {len(preview.rows):,} items" if preview and is_clean else "Import")
        problems = len(preview.problems) if preview else 0
        self.error_button.setVisible(problems > 0)
        self.tabs.setTabText(1, f"Problems ({problems})" if problems else "Problems")

    def _show_mapping(self, preview: Preview) -> None:
        if not self.choices:
            for place, field in enumerate(FIELDS):
                choice = QComboBox()
                choice.setAccessibleName(f"Column of {_title(field)}")
                choice.activated.connect(lambda _index: self._look(self._chosen()))
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

    def _failed(self, error: Exception) -> None:
        self.preview = None
        self.rows.set_rows(())
        self.problems.set_rows(())
        self._show_state()
        self.desk.messages.show_failure(error, self)


def _preview(database: Database, content: bytes, name: str, mapping: dict[str, int] | None) -> Preview:
    preview = preview_items(content, name, mapping)
    if preview.problems:
        return preview
    taken = clashes_with_catalogue(database, preview)
    return replace(preview, problems=tuple(taken))


def _placed(number: int, text: str) -> Problem:
    match = _PLACED.fullmatch(text)
    if match is None:
        return Problem(number, None, "", text)
    return Problem(number, int(match[1]), match[2] or "", match[3])


def _title(field: str) -> str:
    words = field.replace("_", " ")
    for short in ("gtin", "ndc", "hcpcs"):
        words = words.replace(short, short.upper())
    return words[0].upper() + words[1:]
