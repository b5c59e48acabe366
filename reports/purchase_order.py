"""The purchase order that goes to a supplier."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from reports import shown
from reports.grid import Cell, Column, Grid
from reports.lettering import BODY, CODE, FAINT, LARGE, LARGE_STRONG, SMALL, STRONG, Style
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
class OrderLine:
    """An item ordered, in the supplier's own packs."""

    supplier_item_number: str
    description: str
    packs: int
    pack: str
    price: Decimal | None = None
    item_number: str = ""
    note: str = ""

    @property
    def amount(self) -> Decimal | None:
        """Packs times price, where the price is known."""
        return None if self.price is None else self.packs * self.price


@dataclass(frozen=True, slots=True)
class PurchaseOrder:
    """An order to one supplier."""

    letterhead: Letterhead
    printed: Printed
    number: str
    ordered_on: date | None
    supplier_name: str
    supplier_lines: tuple[str, ...]
    ship_to_lines: tuple[str, ...]
    lines: tuple[OrderLine, ...]
    account_number: str = ""
    wanted_on: date | None = None
    terms: str = ""
    ordered_by: str = ""
    note: str = ""

    @property
    def total(self) -> Decimal:
        """The sum of the lines whose price is known."""
        return sum((line.amount for line in self.lines if line.amount is not None), Decimal("0.00"))


_GRID = Grid(
    (
        Column("#", 22, "right", SMALL),
        Column("Your item no.", 92, style=CODE),
        Column("Description", 200),
        Column("Packs", 40, "right", Style(STRONG.font, 9.0, 10.6)),
        Column("Pack", 62, style=SMALL),
        Column("Price", 58, "right"),
        Column("Amount", 66, "right"),
    ),
    least_height=17.0,
)


def scan_code(number: str) -> str:
    """What the code on the order says; scanned when the goods arrive it opens the order."""
    return f"PO:{number}"


def render(order: PurchaseOrder) -> bytes:
    """The purchase order as a PDF."""
    paper = Paper(f"Purchase order {order.number}")
    number = f"No. {order.number}"
    code = scan_code(order.number)
    first = letterhead_block(order.letterhead, "Purchase order", number, code, copy=order.printed.copy)
    following = running_head(order.letterhead, "Purchase order", f"{order.number} · {order.supplier_name}", code)
    draw_pages(paper, _blocks(paper, order), first, following, order.printed, f"Purchase order {order.number}")
    return paper.finish()


def _blocks(paper: Paper, order: PurchaseOrder) -> list[Block]:
    supplier = Panel(
        "Supplier",
        (
            ("", order.supplier_name, LARGE_STRONG),
            ("", "\n".join(order.supplier_lines), LARGE),
            ("", f"Our account {order.account_number}" if order.account_number else "", BODY),
        ),
    )
    known = (
        ("Ordered", shown.day(order.ordered_on)),
        ("Wanted by", shown.day(order.wanted_on)),
        ("Terms", order.terms),
        ("Ordered by", order.ordered_by),
    )
    dates = "\n".join(f"{name}: {value}" for name, value in known if value)
    ship_to = Panel("Ship to", (("", "\n".join(order.ship_to_lines), LARGE), ("", dates, BODY)))
    table = _GRID.heading()
    blocks = [panels_block(paper, (supplier, ship_to), (0.5, 0.5), gap=0.0), heading_block("Please send"), table]
    for index, line in enumerate(order.lines):
        blocks.append(_GRID.row(paper, _cells(index + 1, line), table, keep=index == len(order.lines) - 1))
    total = shown.money(order.total)
    known_prices = all(line.price is not None for line in order.lines)
    name = "Total" if known_prices else "Total of the lines with a price"
    blocks.append(_GRID.row(paper, ("", "", name, "", "", "", total), table, strong=True, shaded=True))
    return [*blocks, *paragraph_blocks(paper, order.note, BODY, gap=10.0)]


def _cells(number: int, line: OrderLine) -> tuple[Cell, ...]:
    described: tuple[tuple[str, Style], ...] = ((line.description, BODY),)
    if line.item_number:
        described = (*described, (f"our item {line.item_number}", FAINT))
    if line.note:
        described = (*described, (line.note, FAINT))
    return (
        str(number),
        line.supplier_item_number,
        described,
        f"{line.packs:,}",
        line.pack,
        shown.money(line.price),
        shown.money(line.amount),
    )
