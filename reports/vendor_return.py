"""The paper that goes back to a supplier with goods, and claims the credit for them."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from reports import shown
from reports.grid import Cell, Column, Grid
from reports.lettering import BODY, FAINT, LARGE, LARGE_STRONG, SMALL, STRONG, Style
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


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """Units of a lot, what is wrong with them, and what they cost."""

    description: str
    item_number: str
    lot: str
    quantity: int
    unit: str
    amount: Decimal
    why: str = ""


@dataclass(frozen=True, slots=True)
class VendorReturn:
    """A return to one supplier."""

    letterhead: Letterhead
    printed: Printed
    number: str
    sent_on: date
    supplier_name: str
    supplier_lines: tuple[str, ...]
    lines: tuple[ReturnLine, ...]
    expected: Decimal
    reason: str
    account_number: str = ""
    order_number: str = ""
    supplier_reference: str = ""
    note: str = ""


_GRID = Grid(
    (
        Column("#", 22, "right", SMALL),
        Column("Description", 210),
        Column("Lot", 78),
        Column("Quantity", 70, "right", Style(STRONG.font, 9.0, 10.6)),
        Column("What is wrong", 100, style=SMALL),
        Column("Amount", 60, "right"),
    ),
    least_height=17.0,
)


def scan_code(number: str) -> str:
    """What the code on the paper says."""
    return f"VR:{number}"


def render(goods: VendorReturn) -> bytes:
    """The vendor return as a PDF."""
    title = f"Vendor return {goods.number}"
    paper = Paper(title)
    code = scan_code(goods.number)
    first = letterhead_block(goods.letterhead, "Vendor return", f"No. {goods.number}", code, copy=goods.printed.copy)
    following = running_head(goods.letterhead, "Vendor return", f"{goods.number} · {goods.supplier_name}", code)
    draw_pages(paper, _blocks(paper, goods), first, following, goods.printed, title)
    return paper.finish()


def _blocks(paper: Paper, goods: VendorReturn) -> list[Block]:
    supplier = Panel(
        "Supplier",
        (
            ("", goods.supplier_name, LARGE_STRONG),
            ("", "\n".join(goods.supplier_lines), LARGE),
            ("", f"Our account {goods.account_number}" if goods.account_number else "", BODY),
        ),
    )
    known = (
        ("Sent back", shown.day(goods.sent_on)),
        ("Your return authorization", goods.supplier_reference),
        ("Our order", goods.order_number),
        ("Why", goods.reason),
    )
    about = Panel("Return", (("", "\n".join(f"{name}: {value}" for name, value in known if value), BODY),))
    table = _GRID.heading()
    blocks = [panels_block(paper, (supplier, about), (0.5, 0.5), gap=0.0), heading_block("Please credit"), table]
    for index, line in enumerate(goods.lines):
        blocks.append(_GRID.row(paper, _cells(index + 1, line), table, keep=index == len(goods.lines) - 1))
    total = ("", "Credit expected", "", "", "", shown.money(goods.expected))
    blocks.append(_GRID.row(paper, total, table, strong=True, shaded=True))
    return [*blocks, *paragraph_blocks(paper, goods.note, BODY, gap=10.0)]


def _cells(number: int, line: ReturnLine) -> tuple[Cell, ...]:
    return (
        str(number),
        ((line.description, BODY), (f"our item {line.item_number}", FAINT)),
        line.lot or "none: missing",
        f"{line.quantity:,} {line.unit}",
        line.why,
        shown.money(line.amount),
    )
