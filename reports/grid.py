"""Tables on paper: columns, a heading that comes back on every page, rows that are never split, boxes to write in."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from reports.lettering import BODY, CAPTION, STRONG, Style, shrunk, wrap
from reports.paper import MARGIN, SHADE, Block, Paper

_PAD = 3.0
_MOST_LINES = 8


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, width in points, side its text stands on, lettering, or a box to write in by hand."""

    title: str
    wide: float
    align: str = "left"
    style: Style = BODY
    box: bool = False


Cell = str | tuple[tuple[str, Style], ...]
_Lines = tuple[tuple[tuple[str, Style], ...], ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table's columns placed on the page, from the left margin."""

    columns: tuple[Column, ...]
    least_height: float = 15.0
    left: float = MARGIN
    starts: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        starts = [self.left]
        for column in self.columns:
            starts.append(starts[-1] + column.wide)
        object.__setattr__(self, "starts", tuple(starts))

    @property
    def right(self) -> float:
        """Where the last column ends."""
        return self.starts[-1]

    def heading(self) -> Block:
        """The columns' titles on a shaded band."""
        titles = [_wrapped_title(column) for column in self.columns]
        high = max(len(lines) for lines in titles) * CAPTION.leading + 6

        def draw(paper: Paper, top: float) -> None:
            paper.box(self.left, top - high, self.right - self.left, high, fill=SHADE, stroke=None)
            base = top - high + 5
            for column, start, lines in zip(self.columns, self.starts, titles, strict=False):
                for index, line in enumerate(lines):
                    x, align = _anchor(column, start)
                    paper.text(x, base + (len(lines) - 1 - index) * CAPTION.leading, line, _TITLE_STYLE, align)
            paper.rule(self.left, top - high, self.right, 0.0, 0.8)

        return Block(high, draw, keep_with_next=True)

    def group(self, text: str, table_heading: Block, note: str = "") -> Block:
        """A line across the table that names the rows below it."""

        def draw(paper: Paper, top: float) -> None:
            paper.text(self.left + _PAD, top - 12, text, STRONG, room=(self.right - self.left) * 0.7)
            if note:
                paper.text(self.right - _PAD, top - 12, note, STRONG, "right", room=(self.right - self.left) * 0.28)
            paper.rule(self.left, top - 16, self.right, 0.0, 0.5)

        return Block(16.0, draw, keep_with_next=True, heading=table_heading)

    def row(
        self,
        paper: Paper,
        cells: Sequence[Cell],
        heading: Block | None = None,
        keep: bool = False,
        ruled: bool = True,
        shaded: bool = False,
        strong: bool = False,
    ) -> Block:
        """One row; ``heading`` comes again where a page begins with it, ``keep`` ties it to the row below."""
        filled = tuple(
            _cell_lines(paper, cell, column, strong) for cell, column in zip(cells, self.columns, strict=True)
        )
        texts = max((sum(style.leading for _, style in lines) for lines in filled), default=0.0)
        high = max(self.least_height, texts + 5.0)

        def draw(paper: Paper, top: float) -> None:
            if shaded:
                paper.box(self.left, top - high, self.right - self.left, high, fill=SHADE, stroke=None)
            self._draw_cells(paper, top, high, filled)
            if ruled:
                paper.rule(self.left, top - high, self.right, 0.8 if not strong else 0.0, 0.5)

        return Block(high, draw, keep_with_next=keep, heading=heading)

    def _draw_cells(self, paper: Paper, top: float, high: float, filled: _Lines) -> None:
        for column, start, lines in zip(self.columns, self.starts, filled, strict=False):
            if column.box:
                paper.box(start + 2, top - high + 2, column.wide - 4, high - 4, fill=1.0, stroke=0.35)
            x, align = _anchor(column, start)
            y = top - 2.0
            for line, style in lines:
                y -= style.leading
                paper.text(x, y + style.leading - style.size - 0.5, line, style, align)


_TITLE_STYLE = Style(CAPTION.font, CAPTION.size, CAPTION.leading, 0.15)


def _anchor(column: Column, start: float) -> tuple[float, str]:
    if column.box or column.align == "center":
        return start + column.wide / 2, "center"
    if column.align == "right":
        return start + column.wide - _PAD, "right"
    return start + _PAD, "left"


def _wrapped_title(column: Column) -> tuple[str, ...]:
    return wrap(column.title, CAPTION, column.wide - (2 if column.box else 2 * _PAD), 3) or ("",)


def _cell_lines(paper: Paper, cell: Cell, column: Column, strong: bool) -> tuple[tuple[str, Style], ...]:
    room = column.wide - 2 * _PAD
    if not cell:
        return ()
    if isinstance(cell, str):
        style = Style(STRONG.font, column.style.size, column.style.leading) if strong else column.style
        if column.align == "right":
            return ((cell, _never_cut(cell, style, room)),)
        return tuple((line, style) for line in paper.lines(cell, style, room, _MOST_LINES))
    return tuple((line, style) for text, style in cell for line in paper.lines(text, style, room, _MOST_LINES))


def _never_cut(number: str, style: Style, room: float) -> Style:
    """Numbers become smaller where the column is too narrow: half a number would be another number."""
    return Style(style.font, shrunk(number, style, room, 3.0).size, style.leading, style.gray)


def continued(heading: Block, group: str, grid: Grid) -> Block:
    """A table's heading with the name of the group that goes on below it, for the top of a new page."""
    name = grid.group(f"{group} (continued)", heading)

    def draw(paper: Paper, top: float) -> None:
        heading.draw(paper, top)
        name.draw(paper, top - heading.height)

    return Block(heading.height + name.height, draw, keep_with_next=True)
