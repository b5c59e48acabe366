"""The ledger: every move of stock, newest first, and all moves of one receipt."""

from typing import ClassVar

from PySide6.QtWidgets import QHBoxLayout, QWidget

from infusion_desktop.database.engine import Database
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.question import Answer, Question
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.stock.move_columns import MOVE_CHIPS, MOVE_COLUMNS
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.stock.moving import CORRECTED_BY, correct_move
from infusion_desktop.stock.queries import MoveRow, move_rows
from infusion_desktop.stock.words import MoveId

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
        self.correct_button = button("Correct", self.correct, icon="undo")
        page = Page(self, f"The ledger of stock. The newest {MOST:,} entries are shown.")
        page.actions(self.correct_button)
        page.add(self.document_bar)
        page.add(self.table, 1)
        self.table.opened.connect(lambda move: self.desk.open("item", move.item_id))
        self.table.selected.connect(lambda _move: self._allow())
        self._allow()

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

    def correct(self) -> None:
        """Undo the selected move by its opposite, with the reason; the move itself stays."""
        move = self.table.current_row()
        if move is None:
            return
        database, by = self.context.database, self.context.user_id
        told = f"{move.quantity:,} of {move.item_name}, lot {move.lot}: {move.to_place} back to {move.from_place}."

        def answered(answer: Answer) -> None:
            if answer.yes:
                self.do(
                    lambda _override: correct_move(database, MoveId(move.id), answer.reason, by), changed=("stock",),
                    said="Corrected. Both entries stay in the ledger.", pressed=self.correct_button,
                )  # fmt: skip

        asked = Question("Correct this move?", (told, "Nothing is erased: the opposite move is added."), yes="Correct",
                         needs_reason=True)  # fmt: skip
        self.desk.messages.ask(asked, answered, self.window())

    def _allow(self) -> None:
        move = self.table.current_row()
        needed = CORRECTED_BY.get(move.document.rpartition(" ")[0]) if move is not None else None
        is_free = move is not None and move.reverses is None and move.undone_by is None
        self.correct_button.setEnabled(needed is not None and is_free and self.context.may(needed))
        tip = "Choose a move."
        if move is not None and not is_free:
            tip = "It was corrected already, or is a correction itself."
        elif move is not None and needed is None:
            tip = f"It belongs to {move.document}: correct it there."
        self.correct_button.setToolTip("" if self.correct_button.isEnabled() else tip)

    def _show_document(self) -> None:
        self.table.clear_filter()
        self.only.setText(f"Only {' '.join(map(str, self._document))}" if self._document else "")
        self.document_bar.setVisible(self._document is not None)
        self.load()


def _moves(database: Database, document: tuple[str, int] | None) -> tuple[MoveRow, ...]:
    with database.reading() as session:
        return move_rows(session, document=document, limit=MOST)
