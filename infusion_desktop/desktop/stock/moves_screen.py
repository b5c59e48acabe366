"""The ledger: every move of stock, newest first, and all moves of one receipt."""

from typing import ClassVar

from PySide6.QtWidgets import QHBoxLayout, QWidget

from infusion_desktop.database.engine import Database
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.stock.move_columns import MOVE_CHIPS, MOVE_COLUMNS
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.stock.queries import MoveRow, move_rows

MOST = 5_000


class MovesScreen(Screen):
    """All moves, or those of one document."""

    title = "Moves"
    topics: ClassVar[frozenset[str]] = frozenset({"stock", "deliveries"})
    help = "What moved from where to where, when, why and by whom. Entries are never changed; Enter opens the item."

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self._document: tuple[str, int] | None = None
        self.table: TableView[MoveRow] = TableView(
            MOVE_COLUMNS, lambda move: move.id, name="Moves", chips=MOVE_CHIPS, noun=("move", "moves"), desk=desk,
            settings=self.settings(), empty="Nothing has moved yet. Receive the first boxes.",
        )  # fmt: skip
        self.only = label("", "strong")
        self.all_button = button("Show all moves", self.show_all)
        self.document_bar = QWidget()
        self.document_bar.hide()
        row = QHBoxLayout(self.document_bar)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.only)
        row.addWidget(self.all_button)
        row.addStretch(1)
        page = Page(self, f"The ledger of stock. The newest {MOST:,} entries are shown.")
        page.add(self.document_bar)
        page.add(self.table, 1)
        self.table.opened.connect(lambda move: self.desk.open("item", move.item_id))

    def load(self) -> None:
        database, document = self.context.database, self._document
        self.ask(lambda: _moves(database, document), self.table.set_rows)

    def show_record(self, kind: str, record: object) -> None:
        if isinstance(record, int):
            self._document = (kind, record)
            self._show_document()

    def show_all(self) -> None:
        """Back to the whole ledger."""
        self._document = None
        self._show_document()

    def _show_document(self) -> None:
        self.table.clear_filter()
        self.only.setText(f"Only {' '.join(map(str, self._document))}" if self._document else "")
        self.document_bar.setVisible(self._document is not None)
        self.load()


def _moves(database: Database, document: tuple[str, int] | None) -> tuple[MoveRow, ...]:
    with database.reading() as session:
        return move_rows(session, document=document, limit=MOST)
