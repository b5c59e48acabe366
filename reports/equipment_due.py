"""The technician's morning list: what is to be done with which pump or pole, most urgent first, with boxes to tick."""

from dataclasses import dataclass
from datetime import date

from reports import shown
from reports.grid import Column, Grid
from reports.lettering import CODE, SMALL, STRONG, Style
from reports.paper import (
    Block,
    Letterhead,
    Paper,
    Printed,
    draw_pages,
    heading_block,
    letterhead_block,
    running_head,
)


@dataclass(frozen=True, slots=True)
class DueLine:
    """One thing to do."""

    tag: str
    serial: str
    model: str
    place: str
    what: str
    due_on: date | None
    overdue: bool


@dataclass(frozen=True, slots=True)
class DueGroup:
    """What is done at one time: to clean, to check, maintenance, to fetch."""

    title: str
    lines: tuple[DueLine, ...]


@dataclass(frozen=True, slots=True)
class DueList:
    """A morning's list."""

    letterhead: Letterhead
    printed: Printed
    day: date
    groups: tuple[DueGroup, ...]


_GRID = Grid(
    (
        Column("Done", 32, box=True),
        Column("Tag", 52, style=Style(CODE.font, 9.0, 11.0)),
        Column("Serial", 82, style=Style(CODE.font, 8.0, 10.0)),
        Column("Model", 128, style=SMALL),
        Column("Where", 92, style=SMALL),
        Column("What to do", 92, style=SMALL),
        Column("Due", 62, style=STRONG),
    ),
    least_height=20.0,
)


def render(due: DueList) -> bytes:
    """The list as a PDF."""
    paper = Paper(f"Equipment due {shown.day(due.day)}")
    count = sum(len(group.lines) for group in due.groups)
    said = shown.count(count, "thing to do", "things to do")
    first = letterhead_block(due.letterhead, "Equipment due", shown.day(due.day), details=(said,), shallow=True)
    following = running_head(due.letterhead, "Equipment due", shown.day(due.day))
    draw_pages(paper, _blocks(paper, due), first, following, due.printed, "Equipment due")
    return paper.finish()


def _blocks(paper: Paper, due: DueList) -> list[Block]:
    if not any(group.lines for group in due.groups):
        return [heading_block("Nothing to do: everything is clean, checked and maintained")]
    blocks: list[Block] = []
    for group in due.groups:
        if not group.lines:
            continue
        table = _GRID.heading()
        blocks.extend((heading_block(group.title, str(len(group.lines))), table))
        for line in group.lines:
            when = "today" if line.due_on is None else shown.day(line.due_on)
            blocks.append(
                _GRID.row(
                    paper,
                    ("", line.tag, line.serial, line.model, line.place, line.what,
                     ((when, STRONG), ("overdue", SMALL)) if line.overdue else when),
                    table,
                )
            )  # fmt: skip
    return blocks
