"""The one table model: a tuple of frozen rows and a tuple of columns, sorted and filtered in Python (STYLE 4)."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from infusion_desktop.desktop.colours import Tone

R = TypeVar("R")
Index = QModelIndex | QPersistentModelIndex
Value = str | int | Decimal | date | None

TONE_ROLE = Qt.ItemDataRole.UserRole + 1
ROW_ROLE = Qt.ItemDataRole.UserRole + 2
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_NOTHING = QModelIndex()


@dataclass(frozen=True)
class Column(Generic[R]):
    """One column: what it is called, what it shows of a row, and how it sorts."""

    title: str
    text: Callable[[R], str]
    sort_key: Callable[[R], Any] | None = None
    """What to sort by (a day, an amount); None values come last. Without it, the text regardless of case."""
    numeric: bool = False
    """Right aligned."""
    tone: Callable[[R], Tone | None] | None = None
    """Shown as a badge with icon and colour where this gives a tone. A badge begins with a capital."""
    value: Callable[[R], Value] | None = None
    """What a spreadsheet gets instead of the text: a number or a day."""
    hint: Callable[[R], str] | None = None
    """Tool tip."""
    width: int = 0
    """Pixels it keeps at most while room is scarce; with room to spare it grows to its contents. 0 fits them."""
    stretch: bool = False
    """Takes a share of the room that is left."""
    hidden: bool = False
    """Not shown until somebody chooses it."""

    def __post_init__(self) -> None:
        if self.tone is not None:  # One habit on every screen, paper and export, whoever wrote the word.
            plain = self.text
            object.__setattr__(self, "text", lambda row: capital(plain(row)))


@dataclass(frozen=True)
class Chip(Generic[R]):
    """A filter as a button. Chips of one group widen each other, different groups narrow."""

    title: str
    accepts: Callable[[R], bool]
    group: str = ""
    on: bool = False
    none: str = ""
    """What is said where this chip alone hides every row."""


class TableModel(QAbstractTableModel, Generic[R]):
    """Shows the rows that pass the filter, in the chosen order."""

    def __init__(
        self, columns: Sequence[Column[R]], id_of: Callable[[R], Hashable], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.id_of = id_of
        self._rows: tuple[R, ...] = ()
        self._order: Sequence[int] = ()
        self._shown: Sequence[R] = ()
        self._search: list[str] = []
        self._words: tuple[str, ...] = ()
        self._chips: tuple[Chip[R], ...] = ()
        self._sorted_by: tuple[int, bool] | None = None

    @property
    def rows(self) -> tuple[R, ...]:
        """All rows, as they were given."""
        return self._rows

    @property
    def shown(self) -> Sequence[R]:
        """The rows that are shown, in their order on screen."""
        return self._shown

    def set_rows(self, rows: Iterable[R]) -> None:
        """Show these rows from now on, in the order and filter that hold."""
        self.beginResetModel()
        self._rows = tuple(rows)
        self._search = []
        self._put_in_order()
        self._filter()
        self.endResetModel()

    def set_filter(self, text: str) -> None:
        """Show only rows that contain every word of the text in some column."""
        words = tuple(text.casefold().split())
        if words != self._words:
            self.beginResetModel()
            self._words = words
            self._filter()
            self.endResetModel()

    def set_chips(self, chips: Iterable[Chip[R]]) -> None:
        """Show only rows that these chips accept; none of them accepts all."""
        self.beginResetModel()
        self._chips = tuple(chips)
        self._filter()
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order the rows by a column; a column below 0 gives back the order they came in."""
        self.beginResetModel()
        in_range = 0 <= column < len(self.columns)
        self._sorted_by = (column, order == Qt.SortOrder.DescendingOrder) if in_range else None
        self._put_in_order()
        self._filter()
        self.endResetModel()

    def row_at(self, index: Index) -> R | None:
        """The row an index stands for."""
        return self._shown[index.row()] if index.isValid() and index.row() < len(self._shown) else None

    def lines_of(self, ids: set[Hashable]) -> list[int]:
        """Where the rows with these ids are shown."""
        left, found, id_of = len(ids), [], self.id_of
        for line, row in enumerate(self._shown):
            if not left:
                break
            if id_of(row) in ids:
                found.append(line)
                left -= 1
        return found

    @property
    def is_searchable(self) -> bool:
        """Whether the filter has read every row already; ``read_more`` goes on with that."""
        return len(self._search) == len(self._rows)

    def read_more(self, most: int | None = None) -> None:
        """Read the texts of some more rows, in lower case: what the filter looks through. Done while nobody types."""
        start = len(self._search)
        rows = self._rows[start : None if most is None else start + most]
        parts = [[column.text(row) for row in rows] for column in self.columns]
        self._search += ["\n".join(texts).casefold() for texts in zip(*parts, strict=True)]

    def _put_in_order(self) -> None:
        if self._sorted_by is None:
            self._order = range(len(self._rows))
        else:
            column, backwards = self._sorted_by
            self._order = _order_of(self._rows, self.columns[column], backwards)

    def _filter(self) -> None:
        rows, order = self._rows, self._order
        if self._words:
            self.read_more()
            search = self._search
            for word in self._words:
                order = [line for line in order if word in search[line]]
        groups: dict[str, list[Callable[[R], bool]]] = {}
        for chip in self._chips:
            groups.setdefault(chip.group or chip.title, []).append(chip.accepts)
        for accepts in groups.values():
            order = [line for line in order if any(accept(rows[line]) for accept in accepts)]
        is_whole = isinstance(order, range) and len(order) == len(rows)
        self._shown = rows if is_whole else [rows[line] for line in order]

    def rowCount(self, parent: Index = _NOTHING) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = _NOTHING) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        column, row = self.columns[index.column()], self._shown[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(row)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.numeric else _LEFT
        if role == TONE_ROLE:
            return column.tone(row) if column.tone else None
        if role == ROW_ROLE:
            return row
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.hint(row) if column.hint else None
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{column.title}: {column.text(row)}"
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if self.columns[section].numeric else _LEFT
        return None


def capital(text: str) -> str:
    """The text with its first letter as a capital; the others stay as they are."""
    return text[:1].upper() + text[1:]


def _order_of(rows: tuple[R, ...], column: Column[R], backwards: bool) -> list[int]:
    """The places of the rows in their order; rows without a key come last both ways."""
    key, text = column.sort_key, column.text
    keys: list[Any] = list(map(key, rows)) if key is not None else [text(row).casefold() for row in rows]
    lines: Iterable[int] = range(len(rows))
    missing: list[int] = []
    if None in keys:
        missing = [line for line in lines if keys[line] is None]
        lines = [line for line in lines if keys[line] is not None]
    return [*sorted(lines, key=keys.__getitem__, reverse=backwards), *missing]
