"""The closing of a month: receivables rolled forward by payer, money of no claim, and what is owed by age."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from reports import shown
from reports.grid import Column, Grid
from reports.lettering import BODY, FAINT, STRONG
from reports.paper import (
    LANDSCAPE,
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


@dataclass(frozen=True, slots=True)
class RollRow:
    """A payer's receivables: opening, each kind of entry, closing."""

    name: str
    opening: Decimal
    moved: tuple[Decimal, ...]
    closing: Decimal


@dataclass(frozen=True, slots=True)
class AgedRow:
    """What is owed under a name by age, youngest first."""

    name: str
    amounts: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class MonthClosing:
    """All that the closing paper shows; it prints the same whenever it is printed."""

    letterhead: Letterhead
    closed_by: str
    closed_at: datetime
    first: date
    last: date
    kinds: tuple[str, ...]
    rolls: tuple[RollRow, ...]
    total: RollRow
    items: tuple[tuple[str, Decimal], ...]
    received: Decimal
    aged: tuple[tuple[str, tuple[AgedRow, ...]], ...]
    ages: tuple[str, ...]
    equipment: RollRow | None = None
    """What patients were charged for equipment, which is on no claim; None: it was not kept yet."""


_LEFT = 168.0
_WIDE = 69.0


def render(closing: MonthClosing) -> bytes:
    """The closing as a PDF; the same data gives the same bytes."""
    month = shown.month(closing.first)
    paper = Paper(f"Month closing {closing.first:%Y-%m}", LANDSCAPE)
    first = letterhead_block(
        closing.letterhead, "Month closing", month,
        details=(f"Closed {shown.instant(closing.closed_at)} by {closing.closed_by}",), shallow=True,
    )  # fmt: skip
    following = running_head(closing.letterhead, "Month closing", month)
    printed = Printed(closing.closed_at, closing.closed_by)
    draw_pages(paper, _blocks(paper, closing), first, following, printed, f"Closing of {month}")
    return paper.finish()


def _blocks(paper: Paper, closing: MonthClosing) -> list[Block]:
    moved = tuple(Column(kind.capitalize(), _WIDE, "right") for kind in closing.kinds)
    first = (Column("Payer", _LEFT, style=STRONG), Column("Owed before", _WIDE, "right"))
    grid = Grid((*first, *moved, Column("Owed after", _WIDE, "right", STRONG)))
    table = grid.heading()
    blocks = [heading_block("Receivables, from the ledger by claim line", gap=4.0), table]
    blocks += [grid.row(paper, _roll(each), table) for each in closing.rolls]
    blocks.append(grid.row(paper, _roll(closing.total), strong=True, shaded=True))
    if closing.equipment is not None:
        blocks.append(grid.row(paper, _roll(closing.equipment), table))
    note = (
        "A reversal stands with what it reverses. Transfers move between payers and patients. "
        "Negative amounts lower what is owed."
    )
    if closing.equipment is not None:
        note += " What patients owe for lost or damaged equipment is on no claim and stands below all payers."
    blocks += paragraph_blocks(paper, note, FAINT, gap=6.0)
    money = Grid((Column("Money by remittances of the month", 320, style=BODY), Column("Amount", 110, "right")))
    heading = money.heading()
    blocks += [heading_block("Remittances", gap=16.0), heading]
    blocks.append(money.row(paper, ("Brought by all remittances", shown.money(closing.received)), heading))
    for name, amount in closing.items:
        blocks.append(money.row(paper, (f"of it: {name}", shown.money(amount)), heading))
    for name, rows in closing.aged:
        blocks += _aged(paper, f"Owed by {name} and age", closing.ages, rows)
    return blocks


def _roll(row: RollRow) -> tuple[str, ...]:
    return (row.name, shown.money(row.opening), *map(shown.money, row.moved), shown.money(row.closing))


def _aged(paper: Paper, title: str, ages: tuple[str, ...], rows: tuple[AgedRow, ...]) -> list[Block]:
    grid = Grid(
        (
            Column("", 220, style=STRONG), *(Column(age, 78, "right") for age in ages),
            Column("Total", 84, "right", STRONG),
        )
    )  # fmt: skip
    table = grid.heading()
    blocks = [heading_block(title, gap=16.0), table]
    for row in rows:
        total = sum(row.amounts, Decimal(0))
        blocks.append(grid.row(paper, (row.name, *map(shown.money, row.amounts), shown.money(total)), table))
    sums = [sum((row.amounts[place] for row in rows), Decimal(0)) for place in range(len(ages))]
    total_row = ("All", *map(shown.money, sums), shown.money(sum(sums, Decimal(0))))
    blocks.append(grid.row(paper, total_row, strong=True, shaded=True))
    return blocks
