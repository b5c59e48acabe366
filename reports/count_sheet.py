"""The counting sheet: what lies where, a box to write in and a code to scan for each line, never how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from reports import shown
from reports.grid import Column, Grid, continued
from reports.lettering import CAPTION, CODE, STRONG, Style
from reports.paper import (
    Block,
    Letterhead,
    Paper,
    Printed,
    draw_pages,
    letterhead_block,
    paragraph_blocks,
    running_head,
)

_SYMBOL = 24.0
_HIGH = 30.0


@dataclass(frozen=True, slots=True)
class CountLine:
    """A lot in a place; ``code`` is what the scanner reads to find the line again."""

    place: str
    place_name: str
    item_number: str
    item_name: str
    lot: str
    expires_on: date | None
    unit: str
    code: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class CountSheet:
    """A blind sheet; ``again`` says that only lines to be counted a second time are on it."""

    letterhead: Letterhead
    printed: Printed
    number: str
    title: str
    lines: tuple[CountLine, ...]
    again: bool = False


_GRID = Grid(
    (
        Column("Scan", 34),
        Column("Item", 226),
        Column("Lot", 96, style=Style(CODE.font, 8.6, 11)),
        Column("Expires", 66),
        Column("Unit", 44),
        Column("Counted", 74, box=True),
    ),
    least_height=_HIGH,
)


def render(sheet: CountSheet) -> bytes:
    """The sheet as a PDF. ValueError when it has no line."""
    if not sheet.lines:
        raise ValueError("no line to count")
    paper = Paper("Counting sheet")
    title = "Second count" if sheet.again else "Counting sheet"
    first = letterhead_block(sheet.letterhead, title, sheet.number, shallow=True, copy=sheet.printed.copy)
    following = running_head(sheet.letterhead, title, f"{sheet.number} · {sheet.title}")
    draw_pages(paper, _blocks(paper, sheet), first, following, sheet.printed, sheet.number)
    return paper.finish()


def _blocks(paper: Paper, sheet: CountSheet) -> list[Block]:
    told = f"{sheet.title}: {shown.count(len(sheet.lines), 'line', 'lines')}."
    blocks = paragraph_blocks(paper, told, STRONG, gap=2.0)
    how = "Count what lies there, not what should. Write 0 where nothing lies; scan a line's code to enter its number."
    if sheet.again:
        how = f"These lines differed. Somebody who did not count them first counts them again. {how}"
    blocks.extend(paragraph_blocks(paper, how, Style(size=9, leading=12), gap=3.0))
    blocks.append(Block(6.0, lambda paper, top: None, keep_with_next=True))
    heading = _GRID.heading()
    blocks.append(heading)
    for (place, name), lines in groupby(sheet.lines, key=lambda line: (line.place, line.place_name)):
        blocks.extend(_place(paper, place, name, tuple(lines), heading))
    return [*blocks, _signed()]


def _place(paper: Paper, place: str, name: str, lines: Sequence[CountLine], heading: Block) -> list[Block]:
    title = place if name in ("", place) else f"{place}  ·  {name}"
    again = continued(heading, title, _GRID)
    rows = [_row(paper, line, again) for line in lines]
    return [_GRID.group(title, heading, shown.count(len(lines), "line", "lines")), *rows]


def _row(paper: Paper, line: CountLine, heading: Block) -> Block:
    name = ((line.item_name, Style(STRONG.font, 9, 11)), (line.item_number, CAPTION))
    row = _GRID.row(
        paper, ("", name, line.lot or "(no lot)", shown.day(line.expires_on), line.unit, ""), heading,
    )  # fmt: skip

    def draw(paper: Paper, top: float) -> None:
        row.draw(paper, top)
        paper.symbol(paper.left + 4, top - row.height + (row.height - _SYMBOL) / 2, _SYMBOL, line.code)

    return Block(row.height, draw, keep_with_next=row.keep_with_next, heading=row.heading)


def _signed() -> Block:
    def draw(paper: Paper, top: float) -> None:
        for start, end, name in ((0.0, 0.5, "Counted by"), (0.56, 0.78, "Date and time"), (0.84, 1.0, "Initials")):
            x = paper.left + start * paper.room
            paper.rule(x, top - 34, paper.left + end * paper.room, 0.0, 0.7)
            paper.text(x, top - 43, name, CAPTION)

    return Block(50.0, draw, gap=12.0)
