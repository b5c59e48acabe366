"""The recall letter: what to stop using, which lots, what happens next, and a slip to send back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from reports import shown
from reports.grid import Column, Grid
from reports.lettering import BODY, CAPTION, CODE, LARGE, STRONG, Style
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

_TEXT = Style(size=10.0, leading=13.6)
_URGENT = Style(STRONG.font, 12.0, 15.0)


@dataclass(frozen=True, slots=True)
class RecalledItem:
    """What this patient received of the recalled lots or serial numbers."""

    description: str
    lot_or_serial: str
    quantity: int
    unit: str
    delivered_on: date | None = None
    delivery_number: str = ""


@dataclass(frozen=True, slots=True)
class RecallLetter:
    """A letter to one patient; ``instructions`` are the steps to take, in order."""

    letterhead: Letterhead
    printed: Printed
    number: str
    written_on: date | None
    addressee: str
    address_lines: tuple[str, ...]
    product: str
    manufacturer: str
    reason: str
    instructions: tuple[str, ...]
    items: tuple[RecalledItem, ...]
    salutation: str = ""
    replacement: str = ""
    signed_by: str = ""
    signed_title: str = ""


_GRID = Grid(
    (
        Column("Product", 216),
        Column("Lot / serial", 110, style=Style(CODE.font, 8.6, 11)),
        Column("Sent to you", 74, "right", STRONG),
        Column("Delivered", 70),
        Column("Still here?", 70, box=True),
    ),
    least_height=22.0,
)


def scan_code(number: str) -> str:
    """What the code on the letter says; scanned on the returned slip it opens the recall."""
    return f"RCL:{number}"


def render(letter: RecallLetter) -> bytes:
    """The letter as a PDF."""
    return render_batch((letter,))


def render_batch(letters: Sequence[RecallLetter]) -> bytes:
    """The letters of a recall in one PDF, each counting its own pages. ValueError when there is none."""
    if not letters:
        raise ValueError("no recall letter to print")
    paper = Paper("Recall letter" if len(letters) == 1 else "Recall letters")
    for letter in letters:
        paper.missing = ""
        _draw(paper, letter)
    return paper.finish()


def _draw(paper: Paper, letter: RecallLetter) -> None:
    number = f"Recall {letter.number}"
    first = letterhead_block(
        letter.letterhead, "Recall notice", number, scan_code(letter.number), copy=letter.printed.copy
    )
    following = running_head(letter.letterhead, "Recall notice", f"{number} · {letter.addressee}")
    draw_pages(paper, _blocks(paper, letter), first, following, letter.printed, number)


def _blocks(paper: Paper, letter: RecallLetter) -> list[Block]:
    blocks = [_address(paper, letter)]
    urgent = f"Important: please stop using {letter.product}"
    blocks.extend(paragraph_blocks(paper, urgent, _URGENT, gap=20.0))
    blocks.extend(paragraph_blocks(paper, letter.salutation or f"Dear {letter.addressee},", _TEXT, gap=10.0))
    maker = f" by {letter.manufacturer}" if letter.manufacturer else ""
    opening = (
        f"{letter.product}{maker} has been recalled. {letter.reason} Our records show that we sent you the following:"
    )
    blocks.extend(paragraph_blocks(paper, opening, _TEXT, gap=6.0))
    blocks.extend(_items(paper, letter.items))
    blocks.extend(paragraph_blocks(paper, "What to do now", _URGENT, gap=16.0))
    for index, step in enumerate(letter.instructions, 1):
        blocks.extend(paragraph_blocks(paper, f"{index}.  {step}", _TEXT, gap=4.0, indent=12.0))
    blocks.extend(paragraph_blocks(paper, letter.replacement, _TEXT, gap=8.0))
    blocks.extend(paragraph_blocks(paper, _call_us(letter.letterhead), _TEXT, gap=8.0))
    return [*blocks, _signed(letter), _reply_slip(letter)]


def _address(paper: Paper, letter: RecallLetter) -> Block:
    lines = (letter.addressee, *letter.address_lines)

    def draw(paper: Paper, top: float) -> None:
        for index, line in enumerate(lines):
            paper.text(paper.left, top - 24 - index * LARGE.leading, line, LARGE, room=300)
        paper.text(paper.right, top - 24, shown.day(letter.written_on), LARGE, "right")

    return Block(24.0 + len(lines) * LARGE.leading, draw)


def _items(paper: Paper, items: Sequence[RecalledItem]) -> list[Block]:
    table = _GRID.heading()
    rows = [
        _GRID.row(
            paper,
            (
                item.description,
                item.lot_or_serial,
                f"{item.quantity:,} {item.unit}",
                shown.day(item.delivered_on),
                "",
            ),
            table,
        )
        for item in items
    ]
    return [Block(6.0, lambda paper, top: None, keep_with_next=True), table, *rows]


def _call_us(letterhead: Letterhead) -> str:
    day = f"Call us at {letterhead.phone}" if letterhead.phone else "Call us"
    night = f", at night and on weekends at {letterhead.after_hours}" if letterhead.after_hours else ""
    return f"{day}{night}, with any question, or at once if you feel unwell. In an emergency call 911."


def _signed(letter: RecallLetter) -> Block:
    def draw(paper: Paper, top: float) -> None:
        paper.text(paper.left, top - 30, letter.signed_by, Style(STRONG.font, 10, 13))
        paper.text(paper.left, top - 42, letter.signed_title or letter.letterhead.name, BODY)

    return Block(46.0, draw, gap=8.0)


def _reply_slip(letter: RecallLetter) -> Block:
    """The part that comes back: documented answers close a recall."""
    high = 124.0

    def draw(paper: Paper, top: float) -> None:
        paper.canvas.setDash(3, 3)
        paper.rule(paper.left, top, paper.right, 0.3, 0.7)
        paper.canvas.setDash()
        title = f"Reply to recall {letter.number}: please return this part to the driver or by mail"
        paper.text(paper.left, top - 18, title, STRONG, room=paper.room)
        paper.text(paper.left, top - 31, letter.addressee, BODY, room=paper.room)
        answers = ("I have none left", "I set them aside for the driver", "I used some and want to be called")
        for index, answer in enumerate(answers):
            x = paper.left + index * paper.room / 3
            paper.box(x, top - 56, 12, 12, stroke=0.0, weight=0.8)
            paper.text(x + 17, top - 53, answer, Style(size=9, leading=11))
        for start, end, name in (
            (0.0, 0.12, "How many"),
            (0.16, 0.5, "Name"),
            (0.54, 0.84, "Signature"),
            (0.88, 1.0, "Date"),
        ):
            x = paper.left + start * paper.room
            paper.rule(x, top - 92, paper.left + end * paper.room, 0.0, 0.7)
            paper.text(x, top - 100, name, CAPTION)

    return Block(high, draw, gap=18.0)
