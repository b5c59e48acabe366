"""Opening balances from a file; batches that were taken in are taken back here."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day, show_instant
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.file_import import ImportDialog, Kind
from infusion_desktop.desktop.question import Answer, Question
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.money import show_money
from infusion_desktop.stock.importing.opening_import import (
    FORM,
    OpeningBatch,
    OpeningRow,
    import_opening,
    opening_batches,
    preview_opening,
    undo_opening,
)
from infusion_desktop.stock.importing.table_preview import Preview

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


class OpeningDialog(ImportDialog):
    """One lot in one place a line."""

    changed = ("stock",)
    kind = Kind(
        FORM, "Opening balances from a file",
        "CSV (UTF-8) or Excel: one lot in one place a line, with item or GTIN, lot, expiry, place and quantity.",
        "Opening balances (*.csv *.txt *.xlsx)", ROWS, lambda row: row.line, "Opening balances in the file", "Lines",
        "Choose a file to see what it would take in.", "opening-to-mend.csv", save="Take in",
    )  # fmt: skip

    def add_more(self) -> None:
        self.batches: TableView[OpeningBatch] = TableView(
            BATCHES, lambda row: row.number, name="Taken in before", noun=("batch", "batches"),
            empty="Nothing was taken in yet.",
        )  # fmt: skip
        self.undo_button = button("Take the batch back", self._ask_undo, icon="undo")
        self.add_tab(self.batches, "Taken in before")
        self.state_row.addWidget(self.undo_button)
        self.batches.selected.connect(lambda _row: self.show_state())
        self.tabs.currentChanged.connect(lambda _tab: self.show_state())
        self._ask_batches()

    def look(self, content: bytes, name: str, mapping: dict[str, int] | None) -> Preview[OpeningRow]:
        with self.context.database.reading() as session:
            return preview_opening(session, content, name, mapping)

    def good(self, preview: Preview[OpeningRow]) -> str:
        units = sum(row.units for row in preview.rows)
        worth = show_money(sum((row.value for row in preview.rows), Decimal(0)))
        return f"{len(preview.rows):,} lines, {units:,} units, {worth}."

    def take_in(self, preview: Preview[OpeningRow]) -> _Batch:
        return _Batch(import_opening(self.context.database, preview, self.context.user_id), len(preview.rows))

    def said(self, result: Any) -> str:
        return f"Batch {result.number}: {result.lines:,} lines are in the books."

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
        why = answer.reason
        self.desk.jobs.run(self, lambda: undo_opening(database, batch.number, why, by), done, self._not_undone)

    def show_state(self) -> None:
        super().show_state()
        batch = self.batches.current_row()
        self.undo_button.setVisible(self.tabs.currentIndex() == 3)
        self.undo_button.setEnabled(batch is not None and not batch.undone)

    def _ask_batches(self) -> None:
        database = self.context.database
        self.desk.jobs.run(self, lambda: _batches(database), self.batches.set_rows, self._not_undone)

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

    def _not_undone(self, error: Exception) -> None:
        self.show_state()
        self.desk.messages.show_failure(error, self)


def _batches(database: Database) -> tuple[OpeningBatch, ...]:
    with database.reading() as session:
        return opening_batches(session)
