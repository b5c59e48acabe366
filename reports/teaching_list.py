"""The teaching sheet list: which sheets go into which delivery, to be ticked while packing."""

from dataclasses import dataclass
from datetime import date

from reports import shown
from reports.grid import Cell, Column, Grid
from reports.lettering import CODE, SMALL, STRONG
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
class Packet:
    """The sheets of one delivery."""

    delivery_number: str
    patient: str
    therapy: str
    sheets: tuple[str, ...]
    language: str = ""
    is_first: bool = False
    """The therapy's first delivery: a nurse goes through the sheets with the patient."""


@dataclass(frozen=True, slots=True)
class TeachingList:
    """The packets of a day."""

    letterhead: Letterhead
    printed: Printed
    day: date
    packets: tuple[Packet, ...]


_GRID = Grid(
    (
        Column("In tote", 38, box=True),
        Column("Delivery", 56, style=CODE),
        Column("Patient", 130, style=STRONG),
        Column("Therapy", 120, style=SMALL),
        Column("Teaching sheets", 196),
    ),
    least_height=24.0,
)
_COUNTS = Grid((Column("Sheet", 420), Column("Copies", 60, "right", STRONG)))


def render(teaching: TeachingList) -> bytes:
    """The list as a PDF."""
    paper = Paper(f"Teaching sheets {teaching.day.isoformat()}")
    draw(paper, teaching)
    return paper.finish()


def draw(paper: Paper, teaching: TeachingList) -> None:
    """The list's pages on a paper that may hold others."""
    when = shown.day(teaching.day)
    first = letterhead_block(teaching.letterhead, "Teaching sheets", when, copy=teaching.printed.copy, shallow=True)
    following = running_head(teaching.letterhead, "Teaching sheets", when)
    draw_pages(paper, _blocks(paper, teaching), first, following, teaching.printed, f"Teaching sheets {when}")


def _blocks(paper: Paper, teaching: TeachingList) -> list[Block]:
    packets = [packet for packet in teaching.packets if packet.sheets]
    if not packets:
        return [heading_block("No delivery takes a teaching sheet along")]
    counted: dict[str, int] = {}
    for packet in packets:
        for sheet in packet.sheets:
            counted[sheet] = counted.get(sheet, 0) + 1
    take, table = _COUNTS.heading(), _GRID.heading()
    blocks = [heading_block("Take from the drawer", shown.count(sum(counted.values()), "sheet", "sheets"), 0.0), take]
    blocks += [_COUNTS.row(paper, (name, f"{number:,}"), take) for name, number in sorted(counted.items())]
    blocks += [heading_block("Put into the totes", shown.count(len(packets), "delivery", "deliveries")), table]
    blocks += [_GRID.row(paper, _cells(packet), table, shaded=packet.is_first) for packet in packets]
    return blocks


def _cells(packet: Packet) -> tuple[Cell, ...]:
    first = ((packet.patient, STRONG), ("first delivery: teach before it is used", SMALL))
    patient: Cell = first if packet.is_first else packet.patient
    language = ((packet.language, STRONG),) if packet.language else ()
    sheets = (*((sheet, SMALL) for sheet in packet.sheets), *language)
    return ("", packet.delivery_number, patient, packet.therapy, sheets)
