"""The appeal: what was decided, why it is wrong, what is enclosed, and by when the payer is asked to answer."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from reports import shown
from reports.grid import Column, Grid
from reports.lettering import BODY, LARGE, STRONG, Style
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

_TEXT = Style(size=10.0, leading=13.6)


@dataclass(frozen=True, slots=True)
class AppealedLine:
    """A line that was denied or paid short: what was charged, expected and paid, and the payer's reason."""

    code: str
    first: date
    last: date
    units: Decimal
    charge: Decimal
    expected: Decimal | None
    paid: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class AppealLetter:
    """A letter to a payer about one claim; ``argument`` is what the biller wrote."""

    letterhead: Letterhead
    printed: Printed
    written_on: date
    payer: str
    payer_address: tuple[str, ...]
    patient: str
    born_on: date
    member_id: str
    claim_number: str
    payer_claim_number: str
    first: date
    last: date
    decided_on: date
    appeal_by: date
    is_denial: bool
    lines: tuple[AppealedLine, ...]
    argument: str
    enclosures: tuple[str, ...] = ()
    signed_by: str = ""
    signed_title: str = ""

    @property
    def in_dispute(self) -> Decimal:
        """What the letter asks for."""
        return sum(((each.expected or each.charge) - each.paid for each in self.lines), Decimal(0))


_GRID = Grid(
    (
        Column("Code", 62, style=STRONG),
        Column("Days of service", 118),
        Column("Units", 38, "right"),
        Column("Charged", 62, "right"),
        Column("Expected", 62, "right"),
        Column("Paid", 58, "right"),
        Column("The decision's reason", 140),
    )
)


def render(letter: AppealLetter) -> bytes:
    """The letter as a PDF; the same data gives the same bytes."""
    paper = Paper("Appeal letter")
    draw(paper, letter)
    return paper.finish()


def draw(paper: Paper, letter: AppealLetter) -> None:
    """The letter's pages on a paper that may hold others."""
    number = f"Claim {letter.claim_number}"
    first = letterhead_block(letter.letterhead, "Appeal", number, copy=letter.printed.copy)
    following = running_head(letter.letterhead, "Appeal", f"{number} · {letter.patient}")
    draw_pages(paper, _blocks(paper, letter), first, following, letter.printed, number)


def _blocks(paper: Paper, letter: AppealLetter) -> list[Block]:
    what = "denial" if letter.is_denial else "underpayment"
    blocks = [_address(letter), _subject(paper, letter)]
    asks = (
        f"We appeal the {what} of the services below, decided on {shown.day(letter.decided_on)}, and ask you to pay "
        f"{shown.money(letter.in_dispute)}. The last day to appeal is {shown.day(letter.appeal_by)}."
    )
    blocks += paragraph_blocks(paper, "To the appeals department:", _TEXT, gap=12.0)
    blocks += paragraph_blocks(paper, asks, _TEXT, gap=6.0)
    table = _GRID.heading()
    blocks += [Block(6.0, lambda paper, top: None, keep_with_next=True), table]
    for line in letter.lines:
        cells = (
            line.code, shown.days(line.first, line.last), shown.number(line.units), shown.money(line.charge),
            shown.money(line.expected), shown.money(line.paid), line.reason,
        )  # fmt: skip
        blocks.append(_GRID.row(paper, cells, table))
    blocks.append(heading_block("Why we ask", gap=16.0))
    blocks += paragraph_blocks(paper, letter.argument, _TEXT, gap=6.0)
    if letter.enclosures:
        blocks.append(heading_block("Enclosed", gap=14.0))
        for place, each in enumerate(letter.enclosures, 1):
            blocks += paragraph_blocks(paper, f"{place}.  {each}", _TEXT, gap=3.0, indent=12.0)
    closing = (
        "Please answer in writing. If the decision stands, send us the rule it rests on, the name and licence of the "
        "reviewer, and how to reach the next level of appeal."
    )
    blocks += paragraph_blocks(paper, closing, _TEXT, gap=14.0)
    return [*blocks, _signed(letter)]


def _address(letter: AppealLetter) -> Block:
    lines = (letter.payer, *letter.payer_address)

    def draw_it(paper: Paper, top: float) -> None:
        for index, line in enumerate(lines):
            paper.text(paper.left, top - 24 - index * LARGE.leading, line, LARGE, room=320)
        paper.text(paper.right, top - 24, shown.day(letter.written_on), LARGE, "right")

    return Block(28.0 + len(lines) * LARGE.leading, draw_it)


def _subject(paper: Paper, letter: AppealLetter) -> Block:
    patient = Panel(
        "Patient",
        (("", letter.patient, STRONG), ("Born", shown.day(letter.born_on), BODY), ("Member", letter.member_id, BODY)),
    )
    claim = Panel(
        "Claim",
        (
            ("Our number", letter.claim_number, STRONG),
            ("Your number", letter.payer_claim_number, BODY),
            ("Days of service", shown.days(letter.first, letter.last), BODY),
        ),
    )
    return panels_block(paper, (patient, claim), (0.5, 0.5), gap=14.0)


def _signed(letter: AppealLetter) -> Block:
    def draw_it(paper: Paper, top: float) -> None:
        paper.rule(paper.left, top - 34, paper.left + 220, 0.0, 0.7)
        paper.text(paper.left, top - 46, letter.signed_by, Style(STRONG.font, 10, 13))
        paper.text(paper.left, top - 58, letter.signed_title or letter.letterhead.name, BODY)

    return Block(62.0, draw_it, gap=10.0)
