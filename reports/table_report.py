"""A report as a table: what it counts, for which choice, rows by section, totals; managers' reports print with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum

from reports import grid, shown
from reports.bar_chart import BarChart, chart_block
from reports.lettering import BODY, CAPTION, FAINT, STRONG, Style, width
from reports.paper import (
    LANDSCAPE,
    LETTER,
    MARGIN,
    Block,
    Letterhead,
    Paper,
    Printed,
    draw_pages,
    letterhead_block,
    paragraph_blocks,
    running_head,
)
from reports.safe_text import printable

Value = str | int | Decimal | date | None
_MEASURED_ROWS = 200
_LEAST_WIDE = 24.0
_ENTRY = Style(size=7.6, leading=9.4)


class Kind(Enum):
    """What a column holds: it decides how values are shown and on which side they stand."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    COST = "cost"
    PERCENT = "percent"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Column:
    """A column; without ``wide`` (in points) its width follows from what stands in it."""

    title: str
    kind: Kind = Kind.TEXT
    wide: float = 0.0

    @property
    def align(self) -> str:
        """Numbers stand to the right."""
        return "right" if self.kind in (Kind.NUMBER, Kind.MONEY, Kind.COST, Kind.PERCENT) else "left"


Row = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under a name of their own, with their subtotal (one value for each column) if there is one."""

    title: str
    rows: tuple[Row, ...]
    subtotal: Row | None = None


@dataclass(frozen=True, slots=True)
class TableReport:
    """A tabular report; ``definition`` says in one line what is counted and from when.

    Every row has one value for each column. Give ``rows`` or ``sections``; ``landscape`` for many columns.
    """

    letterhead: Letterhead
    printed: Printed
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...] = ()
    sections: tuple[Section, ...] = ()
    totals: Row | None = None
    definition: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    note: str = ""
    landscape: bool = False
    nothing: str = "There is nothing to show for this choice."
    chart: BarChart | None = None
    """Bars at the head, for those who would rather look than read."""


def render(report: TableReport) -> bytes:
    """The report as a PDF. ValueError for a row whose values do not match the columns."""
    paper = Paper(report.title, LANDSCAPE if report.landscape else LETTER)
    draw(paper, report)
    return paper.finish()


def draw(paper: Paper, report: TableReport) -> None:
    """Draw the report on pages of its own. ValueError for a row whose values do not match the columns."""
    _check(report)
    paper.size_to(LANDSCAPE if report.landscape else LETTER)
    first = letterhead_block(report.letterhead, report.title, "", copy=report.printed.copy, shallow=True)
    following = running_head(report.letterhead, report.letterhead.name, report.title)
    draw_pages(paper, _blocks(paper, report), first, following, report.printed, report.title)


def show(value: Value, kind: Kind) -> str:
    """A value as its column shows it; text in a column of numbers stays as it is."""
    if value is None:
        return ""
    if isinstance(value, date):
        return shown.day(value)
    if isinstance(value, str):
        return value
    if kind is Kind.MONEY:
        return shown.money(Decimal(value))
    if kind is Kind.COST:
        return shown.unit_cost(Decimal(value))
    return shown.percent(Decimal(value)) if kind is Kind.PERCENT else shown.number(value)


def _check(report: TableReport) -> None:
    extra = [row for section in report.sections for row in (section.subtotal, *section.rows)]
    for row in (report.totals, *report.rows, *extra):
        if row is not None and len(row) != len(report.columns):
            raise ValueError("a row does not match the columns")


def _blocks(paper: Paper, report: TableReport) -> list[Block]:
    blocks = paragraph_blocks(paper, report.definition, BODY, gap=2.0)
    if report.parameters:
        chosen = "     ".join(f"{name}: {value}" for name, value in report.parameters)
        blocks.extend(paragraph_blocks(paper, chosen, STRONG, gap=3.0))
    if report.chart is not None:
        blocks.append(chart_block(paper, report.chart))
    sections = report.sections or (Section("", report.rows),)
    if any(section.rows for section in sections):
        blocks.extend(_table(paper, report, sections))
    else:
        blocks.extend(paragraph_blocks(paper, report.nothing, Style(size=10, leading=13), gap=24.0))
    blocks.extend(paragraph_blocks(paper, report.note, FAINT, gap=8.0))
    return blocks


def _table(paper: Paper, report: TableReport, sections: Sequence[Section]) -> list[Block]:
    filled = [
        (section, [_shown_row(row, report.columns) for row in section.rows]) for section in sections if section.rows
    ]
    totals = _summed("Total", report.totals, report.columns) if report.totals else None
    table = _grid(paper, report, [row for _, rows in filled for row in rows[:_MEASURED_ROWS]], totals)
    heading = table.heading()
    blocks = [_space(8.0), heading]
    last = filled[-1][0]
    for section, rows in filled:
        again = heading
        if section.title:
            blocks.append(table.group(section.title, heading, shown.count(len(rows), "row", "rows")))
            again = grid.continued(heading, section.title, table)
        summed = section.subtotal is not None or (section is last and totals is not None)
        blocks.extend(
            table.row(paper, row, again, keep=summed and index == len(rows) - 1) for index, row in enumerate(rows)
        )
        if section.subtotal is not None:
            subtotal = _summed("Subtotal", section.subtotal, report.columns)
            blocks.append(table.row(paper, subtotal, again, keep=section is last and totals is not None, strong=True))
    if totals:
        blocks.append(table.row(paper, totals, heading, strong=True, shaded=True))
    return blocks


def _shown_row(row: Row, columns: Sequence[Column]) -> tuple[str, ...]:
    return tuple(show(value, column.kind) for value, column in zip(row, columns, strict=True))


def _summed(name: str, row: Row, columns: Sequence[Column]) -> tuple[str, ...]:
    """A row of sums, named in its first column where that is empty."""
    first, *rest = _shown_row(row, columns)
    return (first or name, *rest)


def _space(high: float) -> Block:
    return Block(high, lambda paper, top: None, keep_with_next=True)


def _grid(
    paper: Paper, report: TableReport, rows: Sequence[tuple[str, ...]], totals: tuple[str, ...] | None
) -> grid.Grid:
    """The columns at the widths their contents want; texts give way when that is more than the page has."""
    measured = [*rows, totals] if totals else rows
    wanted = [column.wide or _wanted(index, column, measured) for index, column in enumerate(report.columns)]
    fixed = sum(wide for wide, column in zip(wanted, report.columns, strict=True) if not _gives_way(column))
    flexible = sum(wanted) - fixed
    room = max(paper.room - fixed, _LEAST_WIDE * sum(map(_gives_way, report.columns)))
    factor = room / flexible if flexible else 1.0
    widths = [
        wide * factor if _gives_way(column) else wide for wide, column in zip(wanted, report.columns, strict=True)
    ]
    shrink = min(1.0, paper.room / sum(widths))
    columns = (
        grid.Column(column.title, wide * shrink, column.align, _ENTRY)
        for column, wide in zip(report.columns, widths, strict=True)
    )
    return grid.Grid(tuple(columns), least_height=14.0, left=MARGIN)


def _gives_way(column: Column) -> bool:
    return column.kind is Kind.TEXT and not column.wide


def _wanted(index: int, column: Column, rows: Sequence[tuple[str, ...]]) -> float:
    """The widest of the title's words and the values, each text counted up to a third of a page."""
    title = width(column.title, CAPTION.font, CAPTION.size)
    words = max((width(word, CAPTION.font, CAPTION.size) for word in column.title.split()), default=0.0)
    words = title if title <= 48 else words
    values = (width(printable(row[index])[0], STRONG.font, _ENTRY.size) for row in rows)
    return max(_LEAST_WIDE, words + 7, min(200.0, max(values, default=0.0) + 9))
