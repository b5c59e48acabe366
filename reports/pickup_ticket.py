"""The pick-up ticket: which pumps, poles and supplies the driver brings back from a home, and who handed them over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from reports import shown
from reports.delivery_manifest import Recipient
from reports.grid import Cell, Column, Grid
from reports.lettering import BODY, CAPTION, CODE, FAINT, LARGE, LARGE_STRONG, SMALL, STRONG, Style
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
    running_head,
)


@dataclass(frozen=True, slots=True)
class Collected:
    """One thing to bring back: equipment by serial, or supplies by lot."""

    kind: str
    description: str
    quantity: int = 1
    serial: str = ""
    asset_number: str = ""
    lot: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class PickupTicket:
    """A trip to a patient's home to collect."""

    letterhead: Letterhead
    printed: Printed
    number: str
    patient: Recipient
    collect_on: date | None
    window: str
    reason: str
    things: tuple[Collected, ...]
    instructions: str = ""
    driver: str = ""


_GRID = Grid(
    (
        Column("Taken", 34, box=True),
        Column("Kind", 50, style=SMALL),
        Column("Description", 142, style=STRONG),
        Column("Qty", 28, "right", STRONG),
        Column("Serial / lot", 96, style=Style(CODE.font, 8.2, 10.4)),
        Column("Asset", 58, style=CODE),
        Column("Condition, or why it was not there", 132, box=True),
    ),
    least_height=30.0,
)


def scan_code(number: str) -> str:
    """What the code on the ticket says; scanned on return it opens the pick-up."""
    return f"PUT:{number}"


def render(ticket: PickupTicket) -> bytes:
    """The ticket as a PDF."""
    return render_batch((ticket,))


def render_batch(tickets: Sequence[PickupTicket]) -> bytes:
    """The tickets of a driver's day in one PDF, each counting its own pages. ValueError when there is none."""
    if not tickets:
        raise ValueError("no pick-up ticket to print")
    paper = Paper(f"Pick-up ticket {tickets[0].number}" if len(tickets) == 1 else "Pick-up tickets")
    for ticket in tickets:
        paper.missing = ""
        draw(paper, ticket)
    return paper.finish()


def draw(paper: Paper, ticket: PickupTicket) -> None:
    """The ticket's pages on a paper that may hold others."""
    number = f"No. {ticket.number}"
    code = scan_code(ticket.number)
    first = letterhead_block(ticket.letterhead, "Pick-up ticket", number, code, copy=ticket.printed.copy)
    following = running_head(ticket.letterhead, "Pick-up ticket", f"{ticket.number} · {ticket.patient.name}", code)
    draw_pages(paper, _blocks(paper, ticket), first, following, ticket.printed, f"Pick-up {ticket.number}")


def _blocks(paper: Paper, ticket: PickupTicket) -> list[Block]:
    patient = ticket.patient
    where = Panel(
        "Collect from",
        (
            ("", patient.name, LARGE_STRONG),
            ("", "\n".join(patient.address_lines), LARGE),
            ("", f"Phone {patient.phone}" if patient.phone else "", LARGE),
            ("", f"Caregiver {patient.caregiver}" if patient.caregiver else "", BODY),
        ),
    )
    when = "  ".join(part for part in (shown.day(ticket.collect_on), ticket.window) if part)
    trip = Panel(
        "When and why",
        (
            ("", when or "not agreed", LARGE_STRONG),
            ("", ticket.reason, Style(size=9.0, leading=11.4)),
            ("", f"Driver {ticket.driver}" if ticket.driver else "", BODY),
            ("Instructions", ticket.instructions, Style(size=9.0, leading=11.4)),
        ),
    )
    blocks = [panels_block(paper, (where, trip), (0.5, 0.5), gap=0.0)]
    if ticket.things:
        table = _GRID.heading()
        note = "used equipment goes into a bag of its own and is not clean"
        blocks.extend((heading_block("Bring back", note), table))
        blocks.extend(_GRID.row(paper, _cells(thing), table) for thing in ticket.things)
    else:
        blocks.append(heading_block("Nothing is recorded at this home"))
    return [*blocks, _handed_over()]


def _cells(thing: Collected) -> tuple[Cell, ...]:
    described: Cell = ((thing.description, STRONG), (thing.note, FAINT)) if thing.note else thing.description
    marks = tuple((text, Style(CODE.font, 8.2, 10.4)) for text in (thing.serial, thing.lot) if text)
    return ("", thing.kind, described, f"{thing.quantity:,}", marks, thing.asset_number, "")


def _handed_over() -> Block:
    high = 112.0

    def draw(paper: Paper, top: float) -> None:
        paper.box(paper.left, top - high, paper.room, high, stroke=0.0, weight=1.0, round_by=3)
        left, right = paper.left + 12, paper.right - 12
        paper.text(left, top - 16, "Handed over", Style(STRONG.font, 10.5, 13))
        for x, y, end, name in (
            (left, top - 52, left + 220, "Name in print"),
            (left + 236, top - 52, left + 330, "Relation to the patient"),
            (left + 346, top - 52, right, "Signature"),
            (left, top - 92, left + 100, "Date"),
            (left + 116, top - 92, left + 220, "Time"),
            (left + 236, top - 92, right, "Driver: name and signature"),
        ):
            paper.rule(x, y, end, 0.0, 0.7)
            paper.text(x, y - 8, name, CAPTION)

    return Block(high, draw, gap=16.0)
