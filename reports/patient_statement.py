"""The statement: what services cost, what insurance paid, what the patient owes and by when, with a slip to pay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from reports import shown
from reports.grid import Column, Grid
from reports.lettering import BODY, CAPTION, FAINT, LARGE, LARGE_STRONG, STRONG, Style
from reports.paper import (
    Block,
    Letterhead,
    Paper,
    Printed,
    draw_pages,
    heading_block,
    letterhead_block,
    paragraph_blocks,
    running_head,
)

_TEXT = Style(size=9.5, leading=13.0)


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A claim's share: what it was for, who decided it, and how the share came about."""

    what: str
    first: date
    last: date
    payer: str
    charge: Decimal
    insurance: Decimal
    adjusted: Decimal
    share: Decimal
    paid: Decimal
    why: str

    @property
    def owed(self) -> Decimal:
        """Still to pay."""
        return self.share - self.paid


@dataclass(frozen=True, slots=True)
class PatientStatement:
    """A statement to one patient."""

    letterhead: Letterhead
    printed: Printed
    number: str
    written_on: date
    due_on: date
    patient: str
    patient_number: str
    address_lines: tuple[str, ...]
    lines: tuple[StatementLine, ...]
    ages: tuple[tuple[str, Decimal], ...] = ()

    @property
    def owed(self) -> Decimal:
        """All that is to pay."""
        return sum((each.owed for each in self.lines), Decimal(0))


_GRID = Grid(
    (
        Column("Service", 128, style=STRONG),
        Column("Insurance", 92),
        Column("Charged", 56, "right"),
        Column("Insurance paid", 60, "right"),
        Column("Reduced", 56, "right"),
        Column("Your share", 52, "right"),
        Column("You paid", 48, "right"),
        Column("To pay", 48, "right", STRONG),
    )
)


def render(statement: PatientStatement) -> bytes:
    """The statement as a PDF; the same data gives the same bytes."""
    paper = Paper("Patient statement")
    draw(paper, statement)
    return paper.finish()


def render_batch(statements: Sequence[PatientStatement]) -> bytes:
    """Several patients' statements in one PDF, each counting its own pages."""
    paper = Paper("Patient statements")
    for statement in statements:
        paper.missing = ""
        draw(paper, statement)
    return paper.finish()


def draw(paper: Paper, statement: PatientStatement) -> None:
    """The statement's pages on a paper that may hold others."""
    first = letterhead_block(
        statement.letterhead, "Statement", statement.number, details=(shown.day(statement.written_on),),
        copy=statement.printed.copy,
    )  # fmt: skip
    following = running_head(statement.letterhead, "Statement", f"{statement.number} · {statement.patient}")
    draw_pages(paper, _blocks(paper, statement), first, following, statement.printed, statement.number)


def _blocks(paper: Paper, statement: PatientStatement) -> list[Block]:
    blocks = [_head(statement)]
    table = _GRID.heading()
    blocks.append(heading_block("What you owe, and why", gap=18.0))
    blocks.append(table)
    for line in statement.lines:
        days = shown.days(line.first, line.last)
        cells = (
            ((line.what, STRONG), (days, FAINT), (line.why, FAINT)), line.payer, shown.money(line.charge),
            shown.money(line.insurance), shown.money(line.adjusted), shown.money(line.share), shown.money(line.paid),
            shown.money(line.owed),
        )  # fmt: skip
        blocks.append(_GRID.row(paper, cells, table))
    total = ("", "", "", "", "", "", "Total", shown.money(statement.owed))
    blocks.append(_GRID.row(paper, total, strong=True))
    if statement.ages:
        ages = "     ".join(f"{name}: {shown.money(amount)}" for name, amount in statement.ages)
        blocks += paragraph_blocks(paper, f"Of this since your share was known:  {ages}", _TEXT, gap=8.0)
    call = f" Call us at {statement.letterhead.phone} if" if statement.letterhead.phone else " Call us if"
    told = (
        f"Please pay by {shown.day(statement.due_on)}.{call} you cannot pay it at once or think that something is "
        "wrong: we will look for a way with you. If you have other insurance that we do not know of, tell us."
    )
    blocks += paragraph_blocks(paper, told, _TEXT, gap=12.0)
    return [*blocks, _slip(statement)]


def _head(statement: PatientStatement) -> Block:
    lines = (statement.patient, *statement.address_lines)
    high = max(36.0 + len(lines) * LARGE.leading, 84.0)

    def draw(paper: Paper, top: float) -> None:
        for index, line in enumerate(lines):
            paper.text(paper.left, top - 30 - index * LARGE.leading, line, LARGE, room=300)
        paper.box(paper.right - 190, top - 78, 190, 62, round_by=3)
        paper.text(paper.right - 178, top - 32, "Please pay", CAPTION)
        paper.text(paper.right - 178, top - 50, shown.money(statement.owed), Style(LARGE_STRONG.font, 18, 20))
        paper.text(paper.right - 178, top - 68, f"by {shown.day(statement.due_on)}", BODY)

    return Block(high, draw)


def _slip(statement: PatientStatement) -> Block:
    """The part that comes back with a check."""

    def draw(paper: Paper, top: float) -> None:
        paper.canvas.setDash(3, 3)
        paper.rule(paper.left, top, paper.right, 0.3, 0.7)
        paper.canvas.setDash()
        paper.text(paper.left, top - 18, "Please return this part with your payment", STRONG)
        whose = f"Statement {statement.number} · patient no. {statement.patient_number} · {statement.patient}"
        paper.text(paper.left, top - 32, whose, BODY, room=paper.room * 0.7)
        paper.text(paper.right, top - 32, f"To pay {shown.money(statement.owed)}", STRONG, "right")
        paper.text(paper.left, top - 46, f"Check to {statement.letterhead.name}", BODY, room=paper.room * 0.6)
        paper.rule(paper.right - 120, top - 58, paper.right, 0.0, 0.7)
        paper.text(paper.right - 120, top - 66, "Amount enclosed", CAPTION)

    return Block(70.0, draw, gap=24.0)
