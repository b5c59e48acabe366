"""The statement for lost or damaged equipment: what it was, what was tried to get it back, what is charged."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from reports import shown
from reports.delivery_manifest import Recipient
from reports.grid import Column, Grid
from reports.lettering import BODY, CODE, LARGE, LARGE_STRONG, STRONG, Style
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
_SUM = Style(STRONG.font, 15.0, 18.0)


@dataclass(frozen=True, slots=True)
class Tried:
    """A call made to get it back."""

    on: date
    spoke_with: str
    outcome: str
    promised_on: date | None = None


@dataclass(frozen=True, slots=True)
class EquipmentCharge:
    """A charge to one patient; ``waived_on`` where it was taken back."""

    letterhead: Letterhead
    printed: Printed
    number: str
    patient: Recipient
    charged_on: date
    kind: str
    description: str
    serial: str
    asset_number: str
    delivered_on: date | None
    reason: str
    amount: Decimal
    calls: tuple[Tried, ...]
    waived_on: date | None = None


_CALLS = Grid((Column("Called", 90), Column("Spoke with", 170), Column("Outcome", 150), Column("Promised for", 130)))


def render(charge: EquipmentCharge) -> bytes:
    """The statement as a PDF."""
    paper = Paper(f"Equipment charge {charge.number}")
    first = letterhead_block(charge.letterhead, "Equipment charge", f"No. {charge.number}", copy=charge.printed.copy)
    following = running_head(charge.letterhead, "Equipment charge", f"{charge.number} · {charge.patient.name}")
    draw_pages(paper, _blocks(paper, charge), first, following, charge.printed, f"Charge {charge.number}")
    return paper.finish()


def _blocks(paper: Paper, charge: EquipmentCharge) -> list[Block]:
    whom = Panel(
        "To",
        (("", charge.patient.name, LARGE_STRONG), ("", "\n".join(charge.patient.address_lines), LARGE)),
    )
    what = Panel(
        "What it is for",
        (
            ("", charge.description, LARGE_STRONG),
            ("", f"Serial number {charge.serial}", Style(CODE.font, 9.0, 11.4)),
            ("", f"Our number {charge.asset_number}", BODY),
            ("", f"Delivered {shown.day(charge.delivered_on)}" if charge.delivered_on else "", BODY),
        ),
    )
    blocks = [panels_block(paper, (whom, what), (0.5, 0.5), gap=0.0)]
    blocks.extend(paragraph_blocks(paper, f"Dear {charge.patient.name},", _TEXT, gap=16.0))
    said = (
        f"the equipment named above belongs to us and was lent to you for your therapy. We charge you because of: "
        f"{charge.kind}."
    )
    blocks.extend(paragraph_blocks(paper, said, _TEXT, gap=6.0))
    blocks.extend(paragraph_blocks(paper, charge.reason, _TEXT, gap=6.0))
    if charge.calls:
        table = _CALLS.heading()
        blocks.extend((heading_block("Our calls"), table))
        blocks.extend(
            _CALLS.row(paper, (shown.day(each.on), each.spoke_with, each.outcome, shown.day(each.promised_on)), table)
            for each in charge.calls
        )
    blocks.append(_total(charge))
    if charge.waived_on is not None:
        waived = f"This charge was waived on {shown.day(charge.waived_on)}. Nothing is to be paid."
        blocks.extend(paragraph_blocks(paper, waived, _SUM, gap=12.0))
    else:
        way_out = (
            f"If you find the equipment, bring or send it back, or call us and we fetch it: the charge for a loss is "
            f"then waived. Questions: {charge.letterhead.phone or 'call the pharmacy'}."
        )
        blocks.extend(paragraph_blocks(paper, way_out, _TEXT, gap=12.0))
    return blocks


def _total(charge: EquipmentCharge) -> Block:
    high = 34.0

    def draw(paper: Paper, top: float) -> None:
        paper.box(paper.left, top - high, paper.room, high, stroke=0.0, weight=1.0, round_by=3)
        paper.text(paper.left + 12, top - 22, f"Charged on {shown.day(charge.charged_on)}", LARGE)
        paper.text(paper.right - 12, top - 23, shown.money(charge.amount), _SUM, "right")

    return Block(high, draw, gap=16.0)
