"""A HCPCS list from a file: which codes are new, changed or ended, before it is taken in."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QTabWidget, QWidget

from infusion_desktop.billing.terms.code_lists import (
    CodeChange,
    CodeList,
    ComparedCode,
    compare_codes,
    import_code_list,
    read_code_list,
)
from infusion_desktop.dates import show_day
from infusion_desktop.desktop import file_choice
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.files import read_part
from infusion_desktop.stock.importing.table_files import BIGGEST_FILE, Problem

_TONES = {CodeChange.NEW: Tone.INFO, CodeChange.CHANGED: Tone.INFO, CodeChange.ENDED: Tone.WARN}
CODES: tuple[Column[ComparedCode], ...] = (
    Column("Code", text=lambda row: row.listed.code),
    Column("Description", text=lambda row: row.listed.description, stretch=True,
           hint=lambda row: row.listed.description),
    Column("From", text=lambda row: show_day(row.listed.starts_on), sort_key=lambda row: row.listed.starts_on),
    Column("To", text=lambda row: show_day(row.listed.ends_on) or "further notice",
           sort_key=lambda row: row.listed.ends_on),
    Column("Rules", text=lambda row: "known" if row.shipped else ""),
    Column("", text=lambda row: row.change.value, tone=lambda row: _TONES.get(row.change)),
)  # fmt: skip
PROBLEMS: tuple[Column[Problem], ...] = (
    Column("Line", text=lambda row: str(row.line), sort_key=lambda row: row.line, numeric=True),
    Column("Column", text=lambda row: row.column),
    Column("What is wrong", text=lambda row: row.reason, stretch=True, hint=lambda row: row.reason),
)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at the file found."""

    listed: CodeList
    codes: tuple[ComparedCode, ...]


class CodeFileDialog(DeedDialog):
    """Chooses a list, shows what it changes, and takes it in whole."""

    changed = ("billing",)

    def __init__(self, context: Context, desk: Desk, parent: QWidget) -> None:
        super().__init__(context, desk, "HCPCS codes from a file", parent, save="Take the codes in", width=900)
        self.looked: Looked | None = None
        self.ask_path = file_choice.ask_what_to_read
        self.file_label = label("The quarterly CMS list, or code, description, starts_on, ends_on.", "muted", wrap=True)
        self.sentence = label("Codes are ended by their last day, never deleted.", "strong", wrap=True)
        self.codes: TableView[ComparedCode] = TableView(
            CODES, lambda row: row.listed.code, name="Codes in the file", desk=desk, noun=("code", "codes"),
            chips=[Chip("Only what changes", lambda row: row.change is not CodeChange.SAME, on=True)],
            empty="Choose a file to see its codes here.",
        )  # fmt: skip
        self.problems: TableView[Problem] = TableView(
            PROBLEMS, lambda row: (row.line, row.column, row.reason), name="Problems in the file", desk=desk,
            noun=("problem", "problems"), empty="No problem found.",
        )  # fmt: skip
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.codes, "Codes")
        self.tabs.addTab(self.problems, "Problems")
        top = QHBoxLayout()
        top.addWidget(button("Choose the file", self._ask_file, icon="import"))
        top.addWidget(self.file_label, 1)
        self.body.addLayout(top)
        self.body.addWidget(self.sentence)
        self.body.addWidget(self.tabs, 1)
        self.save_button.setEnabled(False)
        self.resize(980, 640)

    def read_file(self, file: Path) -> None:
        """Read the file off the window's thread and show what it changes."""
        database = self.context.database

        def look() -> Looked:
            listed = read_code_list(read_part(file, BIGGEST_FILE), file.name)
            with database.reading() as session:
                return Looked(listed, compare_codes(session, listed))

        self.banner.clear()
        self.file_label.setText(file.name)
        self.desk.jobs.run(self, look, self._show, self._failed)

    def _ask_file(self) -> None:
        self.ask_path(self, "Which list of codes?", "Lists of codes (*.csv *.txt *.xlsx)", self.read_file)

    def _show(self, looked: Looked) -> None:
        self.looked = looked
        problems = looked.listed.problems
        self.codes.set_rows(looked.codes)
        self.problems.set_rows(problems)
        self.tabs.setCurrentIndex(1 if problems else 0)
        self.tabs.setTabText(1, f"Problems ({len(problems)})" if problems else "Problems")
        wanted = [each for each in looked.codes if each.change is not CodeChange.SAME]
        ended = sum(each.change is CodeChange.ENDED for each in wanted)
        self.sentence.setText(
            "Mend the file and choose it again. Nothing is changed."
            if problems
            else f"{len(wanted)} of {len(looked.codes)} codes change, {ended} of them end. Nothing is changed yet."
        )
        self.save_button.setEnabled(not problems and bool(wanted))

    def deed(self) -> Deed | None:
        if self.looked is None or self.looked.listed.problems:
            return None
        listed, database, by = self.looked.listed, self.context.database, self.context.user_id
        return lambda _override: import_code_list(database, listed, by)

    def said(self, result: Any) -> str:
        return f"{result} codes were taken in."

    def _failed(self, error: Exception) -> None:
        self.looked = None
        self.codes.set_rows(())
        self.save_button.setEnabled(False)
        self.desk.messages.show_failure(error, self)
