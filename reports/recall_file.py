"""The recall file: what was recalled and why, where every unit is, whom it reached, every contact, how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from reports import shown
from reports.grid import Column, Grid
from reports.lettering import BODY, CODE, SMALL, STRONG, Style
from reports.paper import (
    Block,
    Letterhead,
    Panel,
    Paper,
    Printed,
    draw_pages,
    heading_block,
    letterhead_block,
    panels_block,
    paragraph_blocks,
    running_head,
)

Row = tuple[str, ...]
_SMALL = Style(size=7.6, leading=9.4)
_LOT = Style(CODE.font, 7.8, 9.6)


@dataclass(frozen=True, slots=True)
class RecallFile:
    """Everything about one recall; ``tally`` is captions with units, in the order they are read."""

    letterhead: Letterhead
    printed: Printed
    number: str
    product: str
    manufacturer: str
    reason: str
    source: str
    state: str
    opened: str
    closed: str
    named: tuple[str, ...]
    tally: tuple[tuple[str, int], ...]
    came_in: int
    effectiveness: str
    accounted: str
    places: tuple[Row, ...] = ()
    """Place, lot, expires, on hand, reserved."""
    kits: tuple[Row, ...] = ()
    """Delivery, state, patient, day, lot, units."""
    patients: tuple[Row, ...] = ()
    """Patient, phone, address, lots, at home, used, back, state, replaced by."""
    sent: tuple[Row, ...] = ()
    """Patient, lot, delivery, day, units, back."""
    contacts: tuple[Row, ...] = ()
    """When, patient, how, outcome, note, by."""
    moves: tuple[Row, ...] = ()
    """When, what, lot, units, from, to, by."""
    printed_on: date | None = None


_PLACES = Grid((Column("Place", 250), Column("Lot", 120, style=_LOT), Column("Expires", 80),
                Column("On hand", 45, "right"), Column("Reserved", 45, "right")))  # fmt: skip
_KITS = Grid((Column("Delivery", 80), Column("State", 70), Column("Patient", 190), Column("Scheduled", 80),
              Column("Lot", 80, style=_LOT), Column("Units", 40, "right")))  # fmt: skip
_PATIENTS = Grid((
    Column("Patient", 88, style=STRONG), Column("Telephone", 66, style=_SMALL), Column("Address", 104, style=_SMALL),
    Column("Lots", 76, style=_LOT), Column("At home", 32, "right", _SMALL), Column("Used", 30, "right", _SMALL),
    Column("Back", 28, "right", _SMALL), Column("State", 58, style=_SMALL), Column("Replaced by", 58, style=_SMALL),
))  # fmt: skip
_SENT = Grid((Column("Patient", 170), Column("Lot / serial", 120, style=_LOT), Column("Delivery", 80),
              Column("Delivered", 80), Column("Sent", 45, "right"), Column("Came back", 45, "right")))  # fmt: skip
_CONTACTS = Grid((
    Column("When", 84, style=_SMALL), Column("Patient", 108), Column("How", 62), Column("Outcome", 86),
    Column("Note", 120, style=SMALL), Column("By", 80, style=_SMALL),
))  # fmt: skip
_MOVES = Grid((
    Column("When", 84, style=_SMALL), Column("What", 80), Column("Lot", 80, style=_LOT), Column("Units", 36, "right"),
    Column("From", 100, style=_SMALL), Column("To", 90, style=_SMALL), Column("By", 70, style=_SMALL),
))  # fmt: skip


def render(file: RecallFile) -> bytes:
    """The file as one PDF."""
    paper = Paper(f"Recall file {file.number}")
    number = f"Recall {file.number}"
    first = letterhead_block(file.letterhead, "Recall file", number, f"RCL:{file.number}", copy=file.printed.copy)
    following = running_head(file.letterhead, "Recall file", number)
    draw_pages(paper, _blocks(paper, file), first, following, file.printed, number)
    return paper.finish()


def _blocks(paper: Paper, file: RecallFile) -> list[Block]:
    blocks = paragraph_blocks(paper, file.product, Style(STRONG.font, 13, 16), gap=4.0)
    blocks.append(panels_block(paper, (_about(file), _figures(file)), (0.62, 0.38)))
    named = f"Named by the notice: {', '.join(file.named)}." if file.named else ""
    blocks.extend(paragraph_blocks(paper, named, BODY, gap=8.0))
    blocks.append(heading_block("Where every unit is", f"{file.came_in:,} came in"))
    tally = Grid(tuple(Column(caption, paper.room / len(file.tally), "right") for caption, _ in file.tally))
    heading = tally.heading()
    blocks += [heading, tally.row(paper, tuple(f"{units:,}" for _, units in file.tally), heading, strong=True)]
    for title, grid, rows, nothing in (
        ("In our places", _PLACES, file.places, "Nothing lies in our places."),
        ("In kits that are not shipped", _KITS, file.kits, "No kit holds any of it."),
        ("Patients", _PATIENTS, file.patients, "No patient has or had any of it."),
        ("What was sent", _SENT, file.sent, "Nothing was sent to patients."),
        ("Contacts", _CONTACTS, file.contacts, "Nobody was contacted."),
        ("Moves since the recall", _MOVES, file.moves, "Nothing was moved."),
    ):
        blocks.extend(_table(paper, title, grid, rows, nothing))
    return [*blocks, _signed()]


def _about(file: RecallFile) -> Panel:
    return Panel(
        "Recall",
        (
            ("Manufacturer", file.manufacturer, BODY), ("Reason", file.reason, STRONG), ("Notice", file.source, BODY),
            ("Opened", file.opened, BODY), ("Closed", file.closed or "open", BODY),
        ),
    )  # fmt: skip


def _figures(file: RecallFile) -> Panel:
    large = Style(STRONG.font, 15, 18)
    return Panel(
        "Effectiveness",
        (
            ("Patients reached", file.effectiveness, large), ("Units accounted for", file.accounted, large),
            ("State", file.state, BODY),
        ),
    )  # fmt: skip


def _table(paper: Paper, title: str, grid: Grid, rows: Sequence[Row], nothing: str) -> list[Block]:
    blocks = [heading_block(title, shown.count(len(rows), "row", "rows") if rows else "")]
    if not rows:
        return [*blocks, *paragraph_blocks(paper, nothing, BODY, gap=0.0)]
    heading = grid.heading()
    return [*blocks, heading, *(grid.row(paper, row, heading) for row in rows)]


def _signed() -> Block:
    def draw(paper: Paper, top: float) -> None:
        for start, end, name in ((0.0, 0.45, "Recall coordinator"), (0.5, 0.8, "Signature"), (0.85, 1.0, "Date")):
            x = paper.left + start * paper.room
            paper.rule(x, top - 34, paper.left + end * paper.room, 0.0, 0.7)
            paper.text(x, top - 43, name, SMALL)

    return Block(50.0, draw, gap=14.0)
