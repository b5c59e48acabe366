"""Where the data are, whether they are encrypted, the copies of them, and going back to one."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from infusion_desktop.access.anchors import read_anchors
from infusion_desktop.database.backup import DUE_AFTER, copies, forget
from infusion_desktop.database.engine import CAN_ENCRYPT, Database, Place
from infusion_desktop.database.keys import find_key, is_encrypted, key_file_of, read_key_file, system_store
from infusion_desktop.database.transport import advice, log_settings
from infusion_desktop.dates import show_instant
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.file_choice import ask_what_to_read
from infusion_desktop.desktop.forms import TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.protect_form import ProtectForm
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.errors import Refused
from infusion_desktop.recovering import (
    Lost,
    Reach,
    check_books,
    copy_not_proven,
    go_back,
    make_copy,
    protect,
    reach_or_none,
    shown,
    staged_copy,
    would_be_lost,
)


@dataclass(frozen=True, slots=True)
class CopyRow:
    """A copy in the list."""

    file: Path
    made_at: datetime
    size: int
    encrypted: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """A copy made ready, against what is in use."""

    staged: Path
    copy: Reach
    now: Reach | None
    lost: tuple[Lost, ...]


COLUMNS: tuple[Column[CopyRow], ...] = (
    Column("Made", lambda row: show_instant(row.made_at), sort_key=lambda row: row.made_at),
    Column("File", lambda row: row.file.name, stretch=True),
    Column("Size", lambda row: f"{row.size / 1_000_000:,.1f} MB", sort_key=lambda row: row.size, numeric=True),
    Column("Encrypted", lambda row: "Yes" if row.encrypted else "No",
           tone=lambda row: Tone.GOOD if row.encrypted else Tone.NEUTRAL),
)  # fmt: skip
LOST_COLUMNS: tuple[Column[Lost], ...] = (
    Column("What was done since", lambda row: row.action.capitalize(), stretch=True),
    Column("To", lambda row: row.subject, stretch=True),
    Column("Times", lambda row: f"{row.times:,}", sort_key=lambda row: row.times, numeric=True),
)


SERVER_HELP = (
    "A server is copied and restored by its own tools (pg_dump, pg_restore). A dump restored into a database of its "
    "own is proven from the command line: prove-copy."
)


class DataScreen(Screen):
    """The database file and its copies."""

    title = "Data and copies"
    topics = frozenset({"copies"})
    help = (
        "A proven copy is made each day. Going back to one shows first what would be lost, and keeps the present file."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.place = context.database.place
        self.dialog: DeedDialog | None = None
        self.table: TableView[CopyRow] = TableView(
            COLUMNS, lambda row: row.file, name="Copies", desk=desk, noun=("copy", "copies"), settings=self.settings(),
            empty="No copy yet. One is made each day while the program is open.",
            empty_button=("Make a copy now", self.copy_now),
        )  # fmt: skip
        self.table.opened.connect(self._restore_row)
        self.where, self.protection, self.newest = label("", wrap=True), label("", wrap=True), label("", wrap=True)
        self.noted, self.settings_told = label("", "muted", wrap=True), label("", wrap=True)
        self.books = button("Check the books", self.check_books, icon="check")
        self.copy_button = button("Make a copy now", self.copy_now, icon="copy", kind="primary")
        self.encrypt_button = button("Encrypt…", self.protect, icon="lock")
        self.restore_button = button("Go back to this copy…", lambda: self._restore_row(self.table.current_row()))
        self.other_button = button("Another file…", self._other, icon="import")
        page = Page(self, self.help if self.place.is_sqlite else SERVER_HELP)
        if not self.place.is_sqlite:
            page.actions(self.books)
            for line in (self.where, self.protection, self.settings_told, self.newest, self.noted):
                page.add(line)
            page.add(QWidget(self), 1)
            return
        page.actions(self.books, self.encrypt_button, self.copy_button)
        for line in (self.where, self.protection, self.newest, self.noted):
            page.add(line)
        row = QHBoxLayout()
        row.addWidget(label("Copies", "heading"), 1)
        row.addWidget(self.other_button)
        row.addWidget(self.restore_button)
        page.add(row)
        page.add(self.table, 1)

    def load(self) -> None:
        self.where.setText(f"The data are in {self.context.place}.")
        if not self.place.is_sqlite:
            self.protection.setText("Encryption is the server's disk's; ask whoever runs the server. See the manual.")
            self.ask(self._noted, self.noted.setText, key="noted")
            self.ask(self._of_server, self._show_server, key="server")
            return
        if self.place.key is None:
            self.protection.setText("They are not encrypted: whoever gets hold of this disk can read them.")
        else:
            self.protection.setText("They are encrypted; so are the copies made from now on.")
            self.encrypt_button.setText("Change key and phrases…")
        self.encrypt_button.setVisible(CAN_ENCRYPT)
        self.ask(self._rows, self._show)

    def _of_server(self) -> tuple[str, tuple[str, ...]]:
        """Why the newest copy counts as missing, and what the server's settings should be."""
        with self.context.database.reading() as session:
            told = advice(log_settings(session))
        return copy_not_proven(self.context.database), told

    def _show_server(self, found: tuple[str, tuple[str, ...]]) -> None:
        missing, told = found
        self._say_newest(missing or "A copy of this server was proven within the last 24 hours.", good=not missing)
        self.settings_told.setText("\n".join(told))

    def _say_newest(self, sentence: str, *, good: bool) -> None:
        self.newest.setText(sentence)
        self.newest.setProperty("role", "" if good else "error")
        self.newest.style().polish(self.newest)

    def copy_now(self) -> None:
        """Make a copy, proven."""
        folder, database, by = self._folder(), self.context.database, self.context.user_id
        file = folder / f"{self.place.file.stem}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.db"
        self.do(
            lambda _override: make_copy(database, file, by, folder),
            changed=("copies",), said=lambda file: f"{file.name} was made, opened and compared.",
            pressed=self.copy_button,
        )  # fmt: skip

    def check_books(self) -> None:
        """Every balance against its moves, and every other rule."""
        database, by, folder = self.context.database, self.context.user_id, self.context.copies

        def show(problems: tuple[str, ...]) -> None:
            if problems:
                self.desk.messages.refused(problems[:8], self)

        self.do(
            lambda _override: check_books(database, by, folder), then=show, pressed=self.books,
            said=lambda problems: "" if problems else "The books are in order.",
        )  # fmt: skip

    def protect(self) -> None:
        """Encrypt, or give another key."""
        self.dialog = ProtectDialog(self.context, self.desk, self)
        self.dialog.open()

    def compare(self, file: Path, phrase: str = "") -> None:
        """Make a copy ready and show what going back to it would lose."""
        database = self.context.database
        self.ask(lambda: _compared(database, file, phrase), lambda found: self._offer(file, found), key="compare")

    def show_failure(self, error: Exception) -> None:
        if isinstance(error, NeedsPhrase):
            self.dialog = PhraseDialog(self, error.file)
            self.dialog.open()
            return
        super().show_failure(error)

    def _offer(self, file: Path, found: Comparison) -> None:
        self.dialog = RestoreDialog(self, file, found)
        self.dialog.open()

    def _rows(self) -> tuple[CopyRow, ...]:
        return tuple(
            CopyRow(copy.file, copy.at, copy.file.stat().st_size, is_encrypted(copy.file))
            for copy in copies(self.place, self._folder())
        )

    def _show(self, rows: tuple[CopyRow, ...]) -> None:
        self.table.set_rows(rows)
        fresh = bool(rows) and datetime.now(UTC) - max(row.made_at for row in rows) < DUE_AFTER
        self._say_newest(
            "The newest proven copy is from the last 24 hours." if fresh
            else "There is no proven copy of the last 24 hours. Make one now.",
            good=fresh,
        )  # fmt: skip
        self.ask(self._noted, self.noted.setText, key="noted")

    def _noted(self) -> str:
        """When the audit trail's seal was last noted outside the database."""
        noted = read_anchors(self.place, self._folder())
        if not noted:
            return "The audit trail's seal was not noted beside the copies yet."
        return (
            f"The audit trail's seal was noted beside the copies {len(noted):,} times, last on "
            f"{show_instant(noted[-1].at)}. “Check the books” compares the trail with every note."
        )

    def _restore_row(self, row: object) -> None:
        if isinstance(row, CopyRow):
            self.compare(row.file)
        else:
            self.desk.messages.refused(("Select a copy first.",), self, Tone.INFO)

    def _other(self) -> None:
        ask_what_to_read(self, "Go back to a copy", "Database (*.db)", self.compare)

    def _folder(self) -> Path:
        assert self.context.copies is not None
        return self.context.copies


class NeedsPhrase(Refused):
    """A copy has a key of its own that nobody keeps: its phrase must be typed."""

    def __init__(self, file: Path) -> None:
        super().__init__(f"{file.name} has another key than the data in use.")
        self.file = file


def _compared(database: Database, file: Path, phrase: str) -> Comparison:
    place, key = database.place, None
    if is_encrypted(file) and key_file_of(file).exists():
        key = find_key(file, read_key_file(file), phrase, system_store()) or _same_key(place, file)
        if key is None:
            raise NeedsPhrase(file)
    if key is not None and place.key is None:
        raise Refused("This copy is encrypted and the data in use are not. Encrypt them first, then go back to it.")
    staged, reach = staged_copy(place, file, key)
    return Comparison(staged, reach, reach_or_none(place), would_be_lost(database, reach))


def _same_key(place: Place, file: Path) -> bytes | None:
    from infusion_desktop.database.engine import opens_with

    return place.key if place.key is not None and opens_with(file, place.key) else None


class PhraseDialog(DeedDialog):
    """The phrase of a copy that has another key."""

    def __init__(self, screen: DataScreen, file: Path) -> None:
        super().__init__(screen.context, screen.desk, "Phrase of the copy", screen, save="Open")
        self.screen_behind, self.file = screen, file
        self.phrase = TextField("Passphrase or recovery phrase at the time of the copy", required=True)
        self.phrase.line.setEchoMode(QLineEdit.EchoMode.Password)
        self.body.addWidget(self.phrase)
        self.phrase.line.setFocus()

    def press(self) -> None:
        if self.phrase.check():
            self.screen_behind.compare(self.file, self.phrase.line.text())
            self.accept()


class RestoreDialog(DeedDialog):
    """What would be lost, and why it is right to go back all the same."""

    def __init__(self, screen: DataScreen, file: Path, found: Comparison) -> None:
        super().__init__(screen.context, screen.desk, f"Go back to {file.name}?", screen, save="Go back", kind="danger",
                         width=640)  # fmt: skip
        self.found = found
        for sentence in (
            f"The copy: {shown(found.copy)}.",
            f"In use now: {shown(found.now)}.",
            "What was done since the copy would only be in the present file, which is kept beside it. Everybody else "
            "must have closed the program.",
        ):
            self.body.addWidget(label(sentence, wrap=True))
        self.lost: TableView[Lost] = TableView(
            LOST_COLUMNS, lambda row: (row.action, row.subject), name="What would be lost", desk=screen.desk,
            noun=("kind of deed", "kinds of deeds"), empty="Nothing: the copy has everything.",
        )  # fmt: skip
        self.lost.set_rows(found.lost)
        self.lost.setMinimumHeight(260)
        self.why = TextField("Why is it right to go back?", required=True)
        self.body.addWidget(self.lost, 1)
        self.body.addWidget(self.why)
        self.rejected.connect(lambda: forget(found.staged))
        self.why.line.setFocus()

    def press(self) -> None:
        exchange = self.desk.exchange
        if not self.why.check() or exchange is None:
            return
        staged, why, by = self.found.staged, self.why.value(), self.context.user_id
        noted = self.context.copies

        def deed(place: Place) -> Place:
            try:
                go_back(place, staged, why, by, noted)
            finally:
                forget(staged)
            return place

        self.accept()
        exchange(deed)


class ProtectDialog(DeedDialog):
    """Encrypt the data, or give them another key."""

    def __init__(self, context: Context, desk: Desk, parent: QWidget) -> None:
        locked = context.database.place.key is not None
        super().__init__(context, desk, "Another key and other phrases" if locked else "Encrypt the data", parent,
                         save="Change the key" if locked else "Encrypt", width=640)  # fmt: skip
        self.form = ProtectForm(may_refuse=False)
        self.form.failed.connect(lambda error: desk.messages.show_failure(error, self))
        self.body.addWidget(label("Everybody else must have closed the program. You sign in again afterwards.",
                                  "muted", wrap=True))  # fmt: skip
        self.body.addWidget(self.form)
        desk.jobs.run(self, lambda: system_store() is not None, self.form.know_store, lambda _error: None)

    def deed(self) -> Deed | None:
        return None

    def press(self) -> None:
        exchange: Any = self.desk.exchange
        if not self.form.check() or exchange is None:
            return
        phrases, by = self.form.phrases(), self.context.user_id
        self.accept()
        exchange(lambda place: protect(place, phrases, system_store(), by))
