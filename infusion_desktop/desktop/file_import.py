"""Importing a file: rows and problems are looked at first, bad lines saved to mend; all of it comes in, or nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from infusion_desktop.desktop import file_choice
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.column_match import ColumnMatch
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import DeedDialog
from infusion_desktop.desktop.labels import icon_label, label
from infusion_desktop.desktop.pages import scrolled
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.desktop.theme import set_icon
from infusion_desktop.files import write_whole
from infusion_desktop.stock.importing.table_files import Problem
from infusion_desktop.stock.importing.table_preview import Form, Preview


@dataclass(frozen=True, slots=True)
class Kind:
    """What differs from one kind of file to the next."""

    form: Form
    title: str
    said: str
    """What such a file holds, in a sentence."""
    files: str
    """The kinds of files that are offered."""
    columns: tuple[Column[Any], ...]
    """How a row that can come in is shown."""
    row_id: Callable[[Any], Any]
    name: str
    tab: str
    empty: str
    to_mend: str
    """The name of the file of bad lines."""
    noun: tuple[str, str] = ("line", "lines")
    save: str = "Import"
    counted: str = ""
    """What follows the number on the button: " items"."""


PROBLEMS: tuple[Column[tuple[int, Problem]], ...] = (
    Column("Line", lambda row: str(row[1].line), sort_key=lambda row: row[1].line, numeric=True,
           value=lambda row: row[1].line),
    Column("Column", lambda row: row[1].column),
    Column("What is wrong", lambda row: row[1].reason, stretch=True, hint=lambda row: row[1].reason),
)  # fmt: skip


class ImportDialog(DeedDialog):
    """Chooses a file and shows what it would bring; nothing is changed before the button is pressed."""

    kind: Kind

    def __init__(self, context: Context, desk: Desk, parent: QWidget) -> None:
        super().__init__(context, desk, self.kind.title, parent, save=self.kind.save, width=880)
        self.ask_path, self.ask_save = file_choice.ask_what_to_read, file_choice.ask_where_to_save
        self.preview: Preview[Any] | None = None
        self._content, self._name, self._turn = b"", "", 0
        self._mapping: dict[str, int] | None = None
        self.file_button = button("Choose the file", self._ask_file, icon="import")
        self.file_label = label(self.kind.said, "muted", wrap=True)
        self.state_icon, self.state = icon_label("info", "muted"), label("", "strong", wrap=True)
        self.error_button = button("Save the bad lines", self._ask_save, icon="save")
        self.rows: TableView[Any] = TableView(
            self.kind.columns, self.kind.row_id, name=self.kind.name, noun=self.kind.noun, empty=self.kind.empty
        )
        self.problems: TableView[tuple[int, Problem]] = TableView(
            PROBLEMS, lambda row: row[0], name="Problems in the file", noun=("problem", "problems"), desk=desk,
            empty="No problem found.",
        )  # fmt: skip
        self.columns = ColumnMatch(self.kind.form)
        self.columns.chosen.connect(self._match)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.add_tab(self.rows, self.kind.tab)
        self.add_tab(self.problems, "Problems")
        self.add_tab(scrolled(self.columns), "Columns")
        self.tabs.currentChanged.connect(lambda _tab: QTimer.singleShot(0, self, self.fit))
        top, self.state_row = QHBoxLayout(), QHBoxLayout()
        top.addWidget(self.file_button)
        top.addWidget(self.file_label, 1)
        self.state_row.addWidget(self.state_icon)
        self.state_row.addWidget(self.state, 1)
        self.state_row.addWidget(self.error_button)
        self.body.addLayout(top)
        self.body.addLayout(self.state_row)
        self.body.addWidget(self.tabs, 1)
        self.add_more()
        self.resize(1040, 700)
        self.show_state()
        self.file_button.setFocus()

    def add_more(self) -> None:
        """Pages and buttons of its own; none without an override."""

    def look(self, content: bytes, name: str, mapping: dict[str, int] | None) -> Preview[Any]:
        """What the file would bring; runs off the window's thread. Override."""
        raise NotImplementedError

    def good(self, preview: Preview[Any]) -> str:
        """What is said of a file without a problem. Override."""
        raise NotImplementedError

    def take_in(self, preview: Preview[Any]) -> Any:
        """The deed itself, for a file without a problem. Override."""
        raise NotImplementedError

    def add_tab(self, contents: QWidget, title: str) -> None:
        """One more page beside rows and problems."""
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 12, 0, 0)
        column.addWidget(contents)
        self.tabs.addTab(page, title)

    def read_file(self, file: Path) -> None:
        """Read the file off the window's thread and show what it would bring."""

        def read(content: bytes) -> None:
            self._content, self._name, self._mapping = content, file.name, None
            self.file_label.setText(file.name)
            self.look_again()

        self.banner.clear()
        self.desk.jobs.run(self, file.read_bytes, read, self._failed)

    def look_again(self) -> None:
        """Look at the file that was read; only the newest look is shown."""
        self._turn += 1
        turn, content, name, mapping = self._turn, self._content, self._name, self._mapping

        def seen(preview: Preview[Any]) -> None:
            if turn == self._turn:
                self.banner.clear()
                self.show_preview(preview)

        self.save_button.setEnabled(False)
        self.desk.jobs.run(self, lambda: self.look(content, name, mapping), seen, self._failed)

    def show_preview(self, preview: Preview[Any]) -> None:
        """Show rows and problems; in front is what has to be done: match the columns, look at the problems."""
        self.preview = preview
        self.columns.show_columns(preview.headings, preview.mapping)
        self.rows.set_rows(preview.rows)
        self.problems.set_rows(list(enumerate(preview.problems)))
        self.tabs.setCurrentIndex(2 if self.kind.form.missing(preview.mapping) else 1 if preview.problems else 0)
        self.show_state()

    def deed(self) -> Callable[[str], Any] | None:
        preview = self.preview
        if preview is None or preview.problems:
            return None
        return lambda _override: self.take_in(preview)

    def save_bad_lines(self, path: Path) -> None:
        """Write the lines with a problem, and what is wrong, as a CSV."""
        preview = self.preview
        if preview is not None:
            self.desk.jobs.run(
                self, lambda: write_whole(path, preview.bad_lines()),
                lambda _nothing: self.desk.messages.said("The bad lines are saved."),
                lambda error: self.desk.messages.show_failure(error, self),
            )  # fmt: skip

    def show_state(self) -> None:
        """Say how the file stands; only one without a problem can come in."""
        preview, wrong = self.preview, self.problems.model.rows
        problems = len(wrong)
        tone, sentence = Tone.INFO, f"Nothing is changed before you press {self.kind.save}."
        if preview is not None and self.kind.form.missing(preview.mapping):
            tone, sentence = Tone.BAD, wrong[0][1].reason
        elif preview is not None and problems:
            lines = len({each.line for _, each in wrong})
            tone = Tone.BAD
            sentence = (
                f"{problems} problem{'s' if problems > 1 else ''} on {lines} line{'s' if lines > 1 else ''}; "
                f"{len(preview.rows):,} are good. "
                "Mend the file and choose it again, or match its columns: all come in, or none."
            )
        elif preview is not None:
            tone, sentence = Tone.GOOD, f"{self.good(preview)} Nothing is changed yet."
        set_icon(self.state_icon, tone.value, tone.name.lower())  # type: ignore[arg-type]  # tones and tints share names
        self.state.setText(sentence)
        self.save_button.setEnabled(preview is not None and not problems)
        counted = "" if preview is None or problems else f" {len(preview.rows):,}{self.kind.counted}"
        self.save_button.setText(f"{self.kind.save}{counted}")
        self.error_button.setVisible(bool(problems))
        self.tabs.setTabText(1, f"Problems ({problems})" if problems else "Problems")

    def fit(self) -> None:
        """A table is as wide as it is seen only once it is seen."""
        for table in self.tabs.findChildren(TableView):
            if table.isVisible():
                table.fit_columns()

    def _match(self) -> None:
        self._mapping = self.columns.mapping()
        self.look_again()

    def _ask_file(self) -> None:
        self.ask_path(self, "Choose the file", self.kind.files, self.read_file)

    def _ask_save(self) -> None:
        self.ask_save(self, "Save the bad lines", self.kind.to_mend, "CSV (*.csv)", self.save_bad_lines)

    def _failed(self, error: Exception) -> None:
        self.preview = None
        self.columns.show_columns((), {})
        self.rows.set_rows(())
        self.problems.set_rows(())
        self.show_state()
        self.desk.messages.show_failure(error, self)
