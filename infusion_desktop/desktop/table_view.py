"""A list as every screen shows it: filter, chips, sort, columns, copy, export, and what to do when it is empty."""

from collections.abc import Callable, Collection, Generator, Hashable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QPoint, QSettings, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QStackedLayout,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from infusion_desktop.desktop import file_choice
from infusion_desktop.desktop.badges import CellDelegate
from infusion_desktop.desktop.buttons import button, tool
from infusion_desktop.desktop.column_widths import Wish, share
from infusion_desktop.desktop.context import Desk
from infusion_desktop.desktop.labels import icon_label, label
from infusion_desktop.desktop.saved_filters import SavedFilters
from infusion_desktop.desktop.table import Chip, Column, TableModel
from infusion_desktop.desktop.totals_row import TotalsRow
from infusion_desktop.progress import Progress

R = TypeVar("R")
ROW_PIXELS = 32
_SAMPLE = 60
_ALL_NUMBERS = 2_000
"""Up to so many rows every number is looked at, so that not even the largest is cut."""
_WIDEST = 340
_NAME = 160
_FILTER_AFTER_MS = 120
_READ_AT_ONCE = 2_000
_ROOM = QSize(260, 140)
"""What a list asks for before its parts are made, about as much as with them."""
_PARTS = frozenset(
    {"filter", "chips", "grid", "totals", "count", "saved", "empty", "empty_button", "clear_button"}
    | {"columns_button", "print_button", "export_button"}
)


class _Grid(QTableView):
    """The table itself; Enter opens, Ctrl+C copies."""

    opened = Signal()
    copied = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.opened.emit()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copied.emit()
        else:
            super().keyPressEvent(event)


class TableView(QWidget, Generic[R]):
    """Rows of one kind. ``opened`` and ``selected`` carry the row, or None where nothing is selected.

    Its parts are made when they are first seen or asked for: a list behind a tab costs next to nothing.
    """

    filter: QLineEdit
    chips: list[tuple[Chip[R], QPushButton]]
    grid: _Grid
    count: QLabel
    saved: SavedFilters
    empty: QLabel
    empty_button: QPushButton
    clear_button: QPushButton
    columns_button: QToolButton
    print_button: QToolButton
    export_button: QToolButton

    opened = Signal(object)
    selected = Signal(object)
    shown_changed = Signal(int)

    def __init__(
        self,
        columns: Sequence[Column[R]],
        id_of: Callable[[R], Hashable],
        *,
        name: str,
        chips: Iterable[Chip[R]] = (),
        empty: str = "Nothing here yet.",
        empty_button: tuple[str, Callable[[], object]] | None = None,
        desk: Desk | None = None,
        settings: QSettings | None = None,
        noun: tuple[str, str] = ("row", "rows"),
        chips_below: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """``name`` is the accessible name and the key of the kept columns; with ``desk`` the list can be exported.

        ``chips_below`` gives many chips a line of their own where the list is narrow.
        """
        super().__init__(parent)
        self.setAccessibleName(name)
        self.model: TableModel[R] = TableModel(columns, id_of, self)
        self.ask_path = file_choice.ask_where_to_save
        self._name, self._noun, self._desk, self._settings = name, noun, desk, settings
        self._empty_text, self._kept_ids = empty, set[Hashable]()
        self._current_id: Hashable | None = None
        self._fitted = self._is_begun = self._is_made = False
        self._chips, self._chips_below, self._empty_button = tuple(chips), chips_below, empty_button
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._chip_titles = tuple(chip.title for chip in self._chips)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_FILTER_AFTER_MS)
        self._typing.timeout.connect(self.apply_filter)
        self._reading = QTimer(self)  # Rows are read for the filter in small steps while nothing else is to do.
        self._reading.setInterval(0)
        self._reading.timeout.connect(self._read_more)
        self.model.set_chips([chip for chip in self._chips if chip.on])
        self.model.modelAboutToBeReset.connect(self._remember_selection)
        self.model.modelReset.connect(self._after_reset)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name not in _PARTS or self._is_begun:
                raise AttributeError(name)
            self._make()
            return getattr(self, name)

    def make(self) -> None:
        """Make the parts now; otherwise they are made when the list is shown or somebody asks for them."""
        if not self._is_begun:
            self._make()

    def _make(self) -> None:
        self._is_begun = True
        self.filter = self._make_filter()
        self.chips = [(chip, self._make_chip(chip)) for chip in self._chips]
        self.name_chips(self._chip_titles)
        self.grid = self._make_grid()
        self.totals = TotalsRow(self.grid)
        self.count = label(role="small")
        self.saved = SavedFilters(self._name, self._desk, self.pressed_filter, self.apply_saved, self)
        body = self._lay_out()
        self._is_made = True
        self._connect()
        self._restore_columns()
        self._column.addWidget(body)
        if self.isVisible():
            body.show()
        if not self._fitted:
            self.fit_columns()
        self._give_back_selection()

    def set_rows(self, rows: Iterable[R]) -> None:
        """Show these rows; what was selected stays selected where it still exists."""
        self.model.set_rows(rows)
        if self._is_made and not self._fitted and self.model.rows:
            self.fit_columns()
        self._reading.start()

    def show_totals(self, texts: Sequence[str]) -> None:
        """Show a line of totals below the rows, a text for each column; none hides it."""
        self.totals.show_totals(texts, [column.numeric for column in self.model.columns] if texts else [])

    def name_chips(self, titles: Sequence[str]) -> None:
        """Let the chips say this, such as how many rows each has."""
        self._chip_titles = tuple(titles)
        if self._is_begun:
            for (_chip, press), title in zip(self.chips, titles, strict=True):
                press.setText(title)

    def selected_rows(self) -> list[R]:
        """The selected rows, in the order on screen."""
        if not self._is_made:
            return []
        lines = sorted(index.row() for index in self.grid.selectionModel().selectedRows())
        return [self.model.shown[line] for line in lines]

    def current_row(self) -> R | None:
        """The one row the cursor is on."""
        return self.model.row_at(self.grid.currentIndex()) if self.selected_rows() else None

    def select_ids(self, ids: Iterable[Hashable]) -> None:
        """Select the rows with these ids and bring the first into view."""
        self._kept_ids, self._current_id = set(ids), None
        self._give_back_selection()

    def set_empty(self, text: str) -> None:
        """Change what an empty list says."""
        self._empty_text = text
        self._show_count()

    def shown_columns(self) -> list[Column[R]]:
        """The columns as they stand on screen, from left to right."""
        header = self.grid.horizontalHeader()
        places = sorted(range(len(self.model.columns)), key=header.visualIndex)
        return [self.model.columns[place] for place in places if not header.isSectionHidden(place)]

    def show_column(self, title: str, *, shown: bool) -> None:
        """Show or hide a column; one always stays."""
        place = self._place(title)
        if shown or len(self.shown_columns()) > 1:
            self.grid.setColumnHidden(place, not shown)
            self.fit_columns()
            self._keep_columns()

    def copy(self) -> None:
        """Put the selected rows on the clipboard, to paste into a spreadsheet; noted as every list taken away is."""
        rows, desk, name = self.selected_rows(), self._desk, self._name
        if not rows:
            return
        from infusion_desktop.desktop.table_export import as_clipboard

        QGuiApplication.clipboard().setText(as_clipboard(self.shown_columns(), rows))
        if desk is not None and (lists := desk.lists) is not None:
            desk.jobs.run(
                self, lambda: lists.note(name, len(rows), "clipboard"),
                on_failure=lambda error: desk.messages.show_failure(error, self),
            )  # fmt: skip

    def export_to(self, path: Path) -> None:
        """Write the rows that are shown to an Excel or CSV file, in the background."""
        if self._desk is None:
            return
        columns, rows, desk, name = tuple(self.shown_columns()), tuple(self.model.shown), self._desk, self._name

        def save() -> Generator[Progress, None, Path]:
            from infusion_desktop.desktop.table_export import export

            if desk.lists is not None:
                desk.lists.note(name, len(rows), path.suffix.lstrip(".").upper())
            return (yield from export(path, columns, rows))

        desk.jobs.run(
            self, save,
            on_success=lambda _path: desk.messages.said(f"{self._counted(len(rows))} saved."),
            on_failure=lambda error: desk.messages.show_failure(error, self), text="Saving the list",
        )  # fmt: skip

    def print_list(self) -> None:
        """Show the rows that are shown as a paper, with the columns as they stand."""
        if self._desk is not None and self._desk.lists is not None:
            words = self.filter.text().strip()
            chosen = ", ".join(filter(None, (*self.pressed_filter()[1], f"“{words}”" if words else "")))
            rows = tuple(self.model.shown)
            self._desk.lists.print(self._name, chosen, tuple(self.shown_columns()), rows, self._desk, self)

    def pressed_filter(self) -> tuple[str, tuple[str, ...]]:
        """What is typed into the filter, and the titles of the chips that are pressed."""
        return self.filter.text().strip(), tuple(chip.title for chip, press in self.chips if press.isChecked())

    def apply_saved(self, words: str, titles: Collection[str]) -> None:
        """Filter by exactly these words and chips."""
        for chip, press in self.chips:
            press.setChecked(chip.title in titles)
        self.filter.setText(words)
        self.apply_filter()

    def fit_columns(self) -> None:
        """Give each column the room its first rows need, and share what is left among those that stretch."""
        header, metrics = self.grid.horizontalHeader(), self.grid.fontMetrics()
        if not self.model.rows:
            return
        self._fitted = True
        rows = self.model.shown or self.model.rows
        sample = rows[:: max(1, len(rows) // _SAMPLE)]  # From all over the list: the first rows may be all alike.
        wishes: dict[int, Wish] = {}
        totals = self.totals.texts()
        for place, column in enumerate(self.model.columns):
            if not header.isSectionHidden(place):
                extra = 26 + (30 if column.tone else 0)
                looked = rows if column.numeric and len(rows) <= _ALL_NUMBERS else sample
                lengths = [metrics.horizontalAdvance(text) for text in map(column.text, looked) if text] or [0]
                if column.numeric and place < len(totals):
                    lengths.append(self.totals.fontMetrics().horizontalAdvance(totals[place]))
                titled = metrics.horizontalAdvance(column.title) + 36
                whole = max(max(lengths) + extra, titled)
                is_alike = max(lengths) < min(180, 1.3 * min(lengths))  # Days, telephones, numbers: useless when cut.
                gives_way = not column.numeric and column.tone is None and not is_alike
                usual, least = min(whole, column.width or _WIDEST), titled if gives_way else whole
                wishes[place] = Wish(whole, usual, least, min(column.width, _NAME), column.stretch)
        widths = dict(zip(wishes, share(list(wishes.values()), self._room(len(rows))), strict=True))
        for place, width in widths.items():
            header.resizeSection(place, width)

    def _room(self, rows: int) -> int:
        """The width that stays beside the scroll bar, which may be about to appear."""
        seen, bar = self.grid.maximumViewportSize(), self.grid.verticalScrollBar()
        appears = bar.isVisible() or rows * self.grid.verticalHeader().defaultSectionSize() > seen.height()
        return seen.width() - (bar.sizeHint().width() if appears else 0)

    def column_menu(self) -> QMenu:
        """The menu that chooses columns."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for place, column in enumerate(self.model.columns):
            action = menu.addAction(column.title)
            action.setCheckable(True)
            action.setChecked(not self.grid.isColumnHidden(place))
            action.toggled.connect(lambda shown, title=column.title: self.show_column(title, shown=shown))
        menu.addSeparator()
        menu.addAction("Fit the widths", self.fit_columns)
        return menu

    def sizeHint(self) -> QSize:
        return super().sizeHint() if self._is_made else _ROOM

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fitted and not self._widths_kept():
            self.fit_columns()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.make()
        QTimer.singleShot(0, self, self._fit_to_room)  # A list behind a tab gets its room only after it is shown.

    def _fit_to_room(self) -> None:
        if self._fitted and not self._widths_kept():
            self.fit_columns()

    def _make_filter(self) -> QLineEdit:
        field = QLineEdit()
        field.setPlaceholderText("Filter this list")
        field.setAccessibleName(f"Filter {self._name}")
        field.setMaximumWidth(280)
        field.textChanged.connect(lambda _text: field.setClearButtonEnabled(True))  # Costs more than the field itself.
        return field

    def _make_chip(self, chip: Chip[R]) -> QPushButton:
        made = button(chip.title, kind="chip")
        made.setCheckable(True)
        made.setChecked(chip.on)
        made.toggled.connect(lambda _on: self._apply_chips())
        return made

    def _make_grid(self) -> _Grid:
        grid = _Grid()
        grid.setAccessibleName(self._name)
        grid.setModel(self.model)
        grid.setItemDelegate(CellDelegate(grid))
        grid.setShowGrid(False)
        grid.setWordWrap(False)
        grid.setMouseTracking(True)
        grid.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        grid.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        grid.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        grid.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        grid.setTabKeyNavigation(False)
        down, across = grid.verticalHeader(), grid.horizontalHeader()
        down.hide()
        down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        down.setDefaultSectionSize(ROW_PIXELS)
        down.setMinimumSectionSize(ROW_PIXELS)
        across.setHighlightSections(False)
        across.setSectionsMovable(True)
        across.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        across.setSortIndicatorClearable(True)
        across.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        grid.setSortingEnabled(True)
        grid.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        return grid

    def _lay_out(self) -> QWidget:
        bar, below = QHBoxLayout(), QHBoxLayout()
        bar.setSpacing(8)
        below.setSpacing(8)
        bar.addWidget(self.filter)
        for _, chip in self.chips:
            (below if self._chips_below else bar).addWidget(chip)
        bar.addStretch(1)
        below.addStretch(1)
        bar.addWidget(self.count)
        bar.addWidget(self.saved.button)
        self.columns_button = tool("columns", "Choose columns", self._show_column_menu)
        bar.addWidget(self.columns_button)
        self.print_button = tool("print", "Print this list", self.print_list)
        if self._desk is None or self._desk.lists is None:
            self.print_button.hide()
        bar.addWidget(self.print_button)
        self.export_button = tool("export", "Save this list as Excel or CSV", self._ask_export)
        if self._desk is None:
            self.export_button.hide()
        bar.addWidget(self.export_button)
        frame = QFrame()
        frame.setObjectName("tableFrame")
        self._stack = QStackedLayout(frame)
        self._stack.setContentsMargins(1, 1, 1, 4)
        rows = QWidget()
        inside = QVBoxLayout(rows)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addWidget(self.grid, 1)
        inside.addWidget(self.totals)
        self._stack.addWidget(rows)
        self._stack.addWidget(self._make_empty())
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(bar)
        if self._chips_below:
            column.addLayout(below)
        column.addWidget(self.saved)
        column.addWidget(frame, 1)
        return body

    def _make_empty(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setSpacing(14)
        column.addStretch(2)
        column.addWidget(icon_label("list", "muted", 40), 0, Qt.AlignmentFlag.AlignHCenter)
        self.empty = label(self._empty_text, "muted", wrap=True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.empty)
        words, press = self._empty_button or ("", None)
        self.empty_button = button(words, press, kind="primary")
        self.clear_button = button("Clear the filter", self.clear_filter)
        for each in (self.empty_button, self.clear_button):
            column.addWidget(each, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        return page

    def _connect(self) -> None:
        self.filter.textChanged.connect(lambda _text: self._typing.start())
        self.filter.returnPressed.connect(self._enter_list)
        grid, header = self.grid, self.grid.horizontalHeader()
        grid.opened.connect(self._open_current)
        grid.copied.connect(self.copy)
        grid.doubleClicked.connect(lambda _index: self._open_current())
        grid.customContextMenuRequested.connect(self._show_row_menu)
        grid.selectionModel().selectionChanged.connect(self._tell_selection)
        header.customContextMenuRequested.connect(lambda _spot: self._show_column_menu())
        header.sectionResized.connect(lambda *_sizes: self._keep_if_dragged())
        header.sectionMoved.connect(lambda *_places: self._keep_columns())
        self.model.modelReset.disconnect(self._after_reset)
        self.model.modelReset.connect(self._after_reset)  # After the grid, which forgets its selection.
        self._show_count()

    def apply_filter(self) -> None:
        """Filter by what the field says, now."""
        self._typing.stop()
        self.model.set_filter(self.filter.text())

    def _read_more(self) -> None:
        self.model.read_more(_READ_AT_ONCE)
        if self.model.is_searchable:
            self._reading.stop()

    def clear_filter(self) -> None:
        """Show everything again."""
        self.apply_saved("", ())

    def _apply_chips(self) -> None:
        self.model.set_chips([chip for chip, pressed in self.chips if pressed.isChecked()])

    def _enter_list(self) -> None:
        self.apply_filter()
        if self.model.shown:
            self.grid.setFocus()
            self.grid.selectRow(0)

    def _open_current(self) -> None:
        row = self.model.row_at(self.grid.currentIndex())
        if row is not None:
            self.opened.emit(row)

    def _tell_selection(self, *_changes: object) -> None:
        self.selected.emit(self.current_row())

    def _remember_selection(self) -> None:
        if self._is_made and self.grid.selectionModel().hasSelection():
            self._kept_ids = {self.model.id_of(row) for row in self.selected_rows()}
            current = self.current_row()
            self._current_id = None if current is None else self.model.id_of(current)

    def _after_reset(self) -> None:
        self._show_count()
        self._give_back_selection()
        self.selected.emit(self.current_row())

    def _give_back_selection(self) -> None:
        if not self._kept_ids:
            return
        if not self._is_made:
            self.make()  # Which gives it back.
            return
        lines = self.model.lines_of(self._kept_ids)
        if not lines:
            return
        chosen, last = QItemSelection(), len(self.model.columns) - 1
        for line in lines:
            chosen.select(self.model.index(line, 0), self.model.index(line, last))
        current = self.model.lines_of({self._current_id}) if self._current_id is not None else []
        at = self.model.index((current or lines)[0], 0)
        flags = QItemSelectionModel.SelectionFlag
        self.grid.selectionModel().setCurrentIndex(at, flags.NoUpdate)
        self.grid.selectionModel().select(chosen, flags.ClearAndSelect | flags.Rows)
        self.grid.scrollTo(at)

    def _counted(self, number: int) -> str:
        return f"{number:,} {self._noun[0] if number == 1 else self._noun[1]}"

    def _show_count(self) -> None:
        shown, total = len(self.model.shown), len(self.model.rows)
        if self._is_made:
            self._say_count(shown, total)
        self.shown_changed.emit(shown)

    def _say_count(self, shown: int, total: int) -> None:
        self.count.setText(self._counted(total) if shown == total else f"{shown:,} of {self._counted(total)}")
        is_filtered_away = total > 0 and shown == 0
        self.empty.setText(self._told_of_none() if is_filtered_away else self._empty_text)
        self.clear_button.setVisible(is_filtered_away)
        self.empty_button.setVisible(self._empty_button is not None and not is_filtered_away)
        self._stack.setCurrentIndex(0 if shown else 1)

    def _told_of_none(self) -> str:
        pressed = [chip for chip, press in self.chips if press.isChecked()]
        told = pressed[0].none if len(pressed) == 1 and not self.filter.text().strip() else ""
        return told or "No row matches the filter."

    def _show_row_menu(self, spot: QPoint) -> None:
        index = self.grid.indexAt(spot)
        if not index.isValid():
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Open", self._open_current)
        menu.addAction("Copy rows", self.copy)
        menu.addAction("Copy cell", lambda: QGuiApplication.clipboard().setText(str(index.data())))
        menu.popup(self.grid.viewport().mapToGlobal(spot))

    def _show_column_menu(self) -> None:
        self.column_menu().popup(self.columns_button.mapToGlobal(QPoint(0, self.columns_button.height())))

    def _ask_export(self) -> None:
        suggested = f"{self._name.lower().replace(' ', '-')}.xlsx"
        self.ask_path(self, "Save this list", suggested, "Excel (*.xlsx);;CSV (*.csv)", self.export_to)

    def _place(self, title: str) -> int:
        return [column.title for column in self.model.columns].index(title)

    def _key(self) -> str:
        return f"columns/{self._name}"

    def _widths_kept(self) -> bool:
        return self._settings is not None and self._settings.contains(self._key())

    def _keep_if_dragged(self) -> None:
        if QGuiApplication.mouseButtons() & Qt.MouseButton.LeftButton and self.grid.horizontalHeader().underMouse():
            self._keep_columns()

    def _keep_columns(self) -> None:
        if self._settings is not None:
            self._settings.setValue(self._key(), self.grid.horizontalHeader().saveState())

    def _restore_columns(self) -> None:
        for place, column in enumerate(self.model.columns):
            self.grid.setColumnHidden(place, column.hidden)
        kept: Any = self._settings.value(self._key()) if self._settings is not None else None
        if kept is not None and self.grid.horizontalHeader().restoreState(kept):
            self._fitted = True
            self.grid.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
            if self.grid.horizontalHeader().count() != len(self.model.columns):
                self._fitted = False
