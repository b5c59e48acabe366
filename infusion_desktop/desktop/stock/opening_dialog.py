"""Opening balances from a file: rows and problems looked at first, bad lines saved to mend, batches taken back."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day, show_instant
from infusion_desktop.desktop import file_choice
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import DeedDialog
from infusion_desktop.desktop.labels import icon_label, label
from infusion_desktop.desktop.question import Answer, Question
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.desktop.theme import set_icon
from infusion_desktop.files import read_part, write_whole
from infusion_desktop.money import show_money
from infusion_desktop.stock.importing.opening_import import (
    OpeningBatch,
    OpeningPreview,
    OpeningProblem,
    OpeningRow,
    bad_lines,
    import_opening,
    opening_batches,
    preview_opening,
    undo_opening,
)
from infusion_desktop.stock.importing.table_files import BIGGEST_FILE

ROWS: tuple[Column[OpeningRow], ...] = (
    Column("Line", lambda row: str(row.line), sort_key=lambda row: row.line, numeric=True),
    Column("Item", lambda row: row.item_name, stretch=True, hint=lambda row: row.item_number),
    Column("Lot or serial", lambda row: row.serial or row.lot),
    Column("Expires", lambda row: show_day(row.expires_on), sort_key=lambda row: row.expires_on),
    Column("Place", lambda row: row.place),
    Column("Units", lambda row: f"{row.units:,} {row.unit}", sort_key=lambda row: row.units, numeric=True),
    Column("In the file", lambda row: row.packs),
    Column("Value", lambda row: show_money(row.value), sort_key=lambda row: row.value, numeric=True),
)
PROBLEMS: tuple[Column[tuple[int, OpeningProblem]], ...] = (
    Column("Line", lambda row: str(row[1].line), sort_key=lambda row: row[1].line, numeric=True),
    Column("Column", lambda row: row[1].column),
    Column("What is wrong", lambda row: row[1].reason, stretch=True, hint=lambda row: row[1].reason),
)
BATCHES: tuple[Column[OpeningBatch], ...] = (
    Column("Batch", lambda row: str(row.number), sort_key=lambda row: row.number, numeric=True),
    Column("Taken in", lambda row: show_instant(row.at), sort_key=lambda row: row.at, stretch=True),
    Column("Lines", lambda row: f"{row.lines:,}", sort_key=lambda row: row.lines, numeric=True),
    Column("Units", lambda row: f"{row.units:,}", sort_key=lambda row: row.units, numeric=True),
    Column("State", lambda row: "Taken back" if row.undone else "In the books",
           tone=lambda row: Tone.NEUTRAL if row.undone else Tone.GOOD),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Batch:
    """What the deed gave."""

    number: int
    lines: int


class OpeningDialog(DeedDialog):
    """Chooses a file and shows what it would take in; nothing is changed before the button is pressed."""

    changed = ("stock",)

    def __init__(self, context: Context, desk: Desk, parent: QWidget) -> None:
        super().__init__(context, desk, "Opening balances from a file", parent, save="Take in", width=900)
        self.ask_path, self.ask_save = file_choice.ask_what_to_read, file_choice.ask_where_to_save
        self.preview: OpeningPreview | None = None
        self._turn = 0
        said = "CSV (UTF-8) or Excel: one lot in one place a line, with item or GTIN, lot, expiry, place and quantity."
        self.file_button = button("Choose the file", self._ask_file, icon="import")
        self.file_label = label(said, "muted", wrap=True)
        self.state_icon, self.state = icon_label("info", "muted"), label("", "strong", wrap=True)
        self.error_button = button("Save the bad lines", self._ask_save, icon="save")
        self.undo_button = button("Take the batch back", self._ask_undo, icon="undo")
        self.rows: TableView[OpeningRow] = TableView(
            ROWS, lambda row: row.line, name="Opening balances in the file", noun=("line", "lines"),
            empty="Choose a file to see what it would take in.",
        )  # fmt: skip
        self.problems: TableView[tuple[int, OpeningProblem]] = TableView(
            PROBLEMS, lambda row: row[0], name="Problems in the file", noun=("problem", "problems"), desk=desk,
            empty="No problem found.",
        )  # fmt: skip
        self.batches: TableView[OpeningBatch] = TableView(
            BATCHES, lambda row: row.number, name="Taken in before", noun=("batch", "batches"),
            empty="Nothing was taken in yet.",
        )  # fmt: skip
        self._lay_out()
        self.batches.selected.connect(lambda _row: self._show_state())
        self.resize(1000, 680)
        self._show_state()
        self._ask_batches()
        self.file_button.setFocus()

    def read_file(self, file: Path) -> None:
        """Read the file off the window's thread and show what it would take in."""
        self._turn += 1
        turn, database = self._turn, self.context.database

        def seen(preview: OpeningPreview) -> None:
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
        return lambda _override: _Batch(import_opening(database, preview, by), len(preview.rows))

    def said(self, result: Any) -> str:
        return f"Batch {result.number}: {result.lines:,} lines are in the books."

    def save_bad_lines(self, path: Path) -> None:
        """Write the lines with a problem, and what is wrong, as a CSV."""
        preview = self.preview
        if preview is not None:
            self.desk.jobs.run(
                self, lambda: write_whole(path, bad_lines(preview)),
                lambda _nothing: self.desk.messages.said("The bad lines are saved."), self._failed,
            )  # fmt: skip

    def undo(self, batch: OpeningBatch, answer: Answer) -> None:
        """Take a whole batch back, with the reason."""
        if not answer.yes:
            return
        database, by = self.context.database, self.context.user_id

        def done(lines: int) -> None:
            self.desk.changes.announce("stock")
            self.desk.messages.said(f"Batch {batch.number}: {lines:,} lines are taken back.")
            self._ask_batches()

        self.banner.clear()
        self.desk.jobs.run(self, lambda: undo_opening(database, batch.number, answer.reason, by), done, self._failed)

    def _lay_out(self) -> None:
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for contents, title in ((self.rows, "Lines"), (self.problems, "Problems"), (self.batches, "Taken in before")):
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
        state.addWidget(self.undo_button)
        self.body.addLayout(top)
        self.body.addLayout(state)
        self.body.addWidget(self.tabs, 1)

    def _show(self, preview: OpeningPreview) -> None:
        self.preview = preview
        self.rows.set_rows(preview.rows)
        self.problems.set_rows(list(enumerate(preview.problems)))
        self.tabs.setCurrentIndex(1 if preview.problems else 0)
        self._show_state()

    def _show_state(self) -> None:
        preview, batch = self.preview, self.batches.current_row()
        tone, sentence = Tone.INFO, "Nothing is changed before you press Take in."
        problems = len(preview.problems) if preview is not None else 0
        if preview is not None and problems:
            lines = len({each.line for each in preview.problems})
            tone = Tone.BAD
            sentence = (
                f"{problems} problem{'s' if problems > 1 else ''} on {lines} line{'s' if lines > 1 else ''}; "
                f"{len(preview.rows):,} are good. Mend the file and choose it again: all come in, or none."
            )
        elif preview is not None:
            units = sum(row.units for row in preview.rows)
            worth = show_money(sum((row.value for row in preview.rows), Decimal(0)))
            tone, sentence = (
                Tone.GOOD,
                f"{len(preview.rows):,} lines, {units:,} units, {worth}. Nothing is changed yet.",
            )
        set_icon(self.state_icon, tone.value, tone.name.lower())  # type: ignore[arg-type]  # tones and tints share names
        self.state.setText(sentence)
        is_clean = preview is not None and not problems
        self.save_button.setEnabled(is_clean)
        self.save_button.setText(f"Take in {len(preview.rows):,}" if preview is not None and is_clean else "Take in")
        self.error_button.setVisible(bool(problems))
        self.undo_button.setVisible(self.tabs.currentIndex() == 2)
        self.undo_button.setEnabled(batch is not None and not batch.undone)
        self.tabs.setTabText(1, f"Problems ({problems})" if problems else "Problems")

    def _fit(self) -> None:
        """A table is as wide as it is seen only once it is seen."""
        for table in (self.rows, self.problems, self.batches):
            if table.isVisible():
                table.fit_columns()
        self._show_state()

    def _ask_batches(self) -> None:
        database = self.context.database
        self.desk.jobs.run(self, lambda: _batches(database), self.batches.set_rows, self._failed)

    def _ask_file(self) -> None:
        self.ask_path(self, "Choose the file", "Opening balances (*.csv *.txt *.xlsx)", self.read_file)

    def _ask_save(self) -> None:
        self.ask_save(self, "Save the bad lines", "opening-to-mend.csv", "CSV (*.csv)", self.save_bad_lines)

    def _ask_undo(self) -> None:
        batch = self.batches.current_row()
        if batch is not None:
            asked = Question(
                "Take this batch back?",
                (f"All {batch.lines:,} lines of batch {batch.number} leave the books by reversing entries.",
                 "It is refused when some of it was used meanwhile."),
                yes="Take it back", needs_reason=True, tone=Tone.BAD,
            )  # fmt: skip
            self.desk.messages.ask(asked, lambda answer: self.undo(batch, answer), self)

    def _failed(self, error: Exception) -> None:
        self._show_state()
        self.desk.messages.show_failure(error, self)


def _preview(database: Database, file: Path) -> OpeningPreview:
    content = read_part(file, BIGGEST_FILE)
    with database.reading() as session:
        return preview_opening(session, content, file.name)


def _batches(database: Database) -> tuple[OpeningBatch, ...]:
    with database.reading() as session:
        return opening_batches(session)
