"""Importing a register of pumps and poles: rows and problems looked at first, bad lines saved as a file to mend."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day
from infusion_desktop.desktop import file_choice
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import DeedDialog
from infusion_desktop.desktop.labels import icon_label, label
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.desktop.theme import set_icon
from infusion_desktop.equipment.asset_import import (
    AssetPreview,
    ImportedAsset,
    Problem,
    error_file,
    import_assets,
    preview_assets,
)  # fmt: skip
from infusion_desktop.files import read_part, write_whole
from infusion_desktop.stock.importing.table_files import BIGGEST_FILE

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
PROBLEM_COLUMNS: tuple[Column[tuple[int, Problem]], ...] = (
    Column("Line", lambda row: str(row[1].line), sort_key=lambda row: row[1].line, numeric=True,
           value=lambda row: row[1].line),
    Column("Column", lambda row: row[1].column),
    Column("What is wrong", lambda row: row[1].reason, stretch=True, hint=lambda row: row[1].reason),
)  # fmt: skip


class ImportAssetsDialog(DeedDialog):
    """Chooses a file and shows what it would register; nothing is changed before the button is pressed."""

    changed = ("equipment",)

    def __init__(self, context: Context, desk: Desk, parent: QWidget) -> None:
        super().__init__(context, desk, "Import pumps and poles from a file", parent, save="Import", width=860)
        self.ask_path = file_choice.ask_what_to_read
        self.ask_save = file_choice.ask_where_to_save
        self.preview: AssetPreview | None = None
        self._turn = 0
        self.file_button = button("Choose the file", self._ask_file, icon="import")
        said = "CSV (UTF-8) or Excel: one pump or pole a line, with its model and serial number."
        self.file_label = label(said, "muted", wrap=True)
        self.state_icon, self.state = icon_label("info", "muted"), label("", "strong", wrap=True)
        self.error_button = button("Save the bad lines", self._ask_save, icon="save")
        self.rows: TableView[ImportedAsset] = TableView(
            ROW_COLUMNS, lambda row: row.line, name="Pumps and poles in the file", noun=("line", "lines"),
            empty="Choose a file to see its pumps and poles here.",
        )  # fmt: skip
        self.problems: TableView[tuple[int, Problem]] = TableView(
            PROBLEM_COLUMNS, lambda row: row[0], name="Problems in the file", noun=("problem", "problems"), desk=desk,
            empty="No problem found.",
        )  # fmt: skip
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for contents, title in ((self.rows, "Pumps and poles"), (self.problems, "Problems")):
            page = QWidget()
            column = QVBoxLayout(page)
            column.setContentsMargins(0, 12, 0, 0)
            column.addWidget(contents)
            self.tabs.addTab(page, title)
        self.tabs.currentChanged.connect(lambda _tab: QTimer.singleShot(0, self, self._fit))
        top, state = QHBoxLayout(), QHBoxLayout()
        top.addWidget(self.file_button)
        top.addWidget(self.file_label, 1)
        state.addWidget(self.state_icon)
        state.addWidget(self.state, 1)
        state.addWidget(self.error_button)
        self.body.addLayout(top)
        self.body.addLayout(state)
        self.body.addWidget(self.tabs, 1)
        self.resize(980, 660)
        self._show_state()
        self.file_button.setFocus()

    def read_file(self, file: Path) -> None:
        """Read the file off the window's thread and show what it would register."""
        self._turn += 1
        turn, database = self._turn, self.context.database

        def seen(preview: AssetPreview) -> None:
            if turn == self._turn:
                self._show(preview)

        self.banner.clear()
        self.file_label.setText(file.name)
        self.save_button.setEnabled(False)
        self.desk.jobs.run(self, lambda: _preview(database, file), seen, self._failed)

    def deed(self) -> Callable[[str], Any] | None:
        preview, database, by = self.preview, self.context.database, self.context.user_id
        if preview is None or preview.problems:
            return None
        return lambda _override: import_assets(database, preview, by)

    def said(self, result: Any) -> str:
        return "1 pump or pole is registered." if result == 1 else f"{result:,} pumps and poles are registered."

    def save_bad_lines(self, path: Path) -> None:
        """Write the lines with a problem, and what is wrong, as a CSV."""
        preview = self.preview
        if preview is not None:
            self.desk.jobs.run(
                self, lambda: write_whole(path, error_file(preview)),
                lambda _nothing: self.desk.messages.said("The bad lines are saved."), self._failed,
            )  # fmt: skip

    def _show(self, preview: AssetPreview) -> None:
        self.preview = preview
        self.rows.set_rows(preview.rows)
        self.problems.set_rows(list(enumerate(preview.problems)))
        self.tabs.setCurrentIndex(1 if preview.problems else 0)
        self._show_state()

    def _show_state(self) -> None:
        preview = self.preview
        tone, sentence = Tone.INFO, "Nothing is changed before you press Import."
        problems = len(preview.problems) if preview is not None else 0
        if preview is not None and problems:
            lines = len({each.line for each in preview.problems})
            tone = Tone.BAD
            sentence = (
                f"{problems} problem{'s' if problems > 1 else ''} on {lines} line{'s' if lines > 1 else ''}; "
                f"{len(preview.rows):,} are good. Mend the file and choose it again: all come in, or none."
            )
        elif preview is not None:
            tone, sentence = Tone.GOOD, f"{len(preview.rows):,} can be registered. Nothing is changed yet."
        set_icon(self.state_icon, tone.value, tone.name.lower())  # type: ignore[arg-type]  # tones and tints share names
        self.state.setText(sentence)
        is_clean = preview is not None and not problems
        self.save_button.setEnabled(is_clean)
        self.save_button.setText(f"Import {len(preview.rows):,}" if preview is not None and is_clean else "Import")
        self.error_button.setVisible(bool(problems))
        self.tabs.setTabText(1, f"Problems ({problems})" if problems else "Problems")

    def _fit(self) -> None:
        """A table is as wide as it is seen only once it is seen."""
        for table in (self.rows, self.problems):
            if table.isVisible():
                table.fit_columns()

    def _ask_file(self) -> None:
        self.ask_path(self, "Choose the file", "Lists of equipment (*.csv *.txt *.xlsx)", self.read_file)

    def _ask_save(self) -> None:
        self.ask_save(self, "Save the bad lines", "equipment-to-mend.csv", "CSV (*.csv)", self.save_bad_lines)

    def _failed(self, error: Exception) -> None:
        self.preview = None
        self.rows.set_rows(())
        self.problems.set_rows(())
        self._show_state()
        self.desk.messages.show_failure(error, self)


def _preview(database: Database, file: Path) -> AssetPreview:
    content = read_part(file, BIGGEST_FILE)
    with database.reading() as session:
        return preview_assets(session, content, file.name)
