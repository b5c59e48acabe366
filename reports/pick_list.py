"""The pick list: where each reserved lot lies, in walking order, with room to tick; for when the scanner rests."""

from dataclasses import dataclass
from datetime import date

from reports import shown
from reports.delivery_manifest import Storage, scan_code
from reports.grid import Cell, Column, Grid, continued
from reports.lettering import BODY, CODE, FAINT, LARGE_STRONG, SMALL, STRONG, Style
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
class Pick:
    """One lot to take from one bin."""

    zone: str
    bin: str
    item_number: str
    description: str
    quantity: int
    unit: str
    lot: str = ""
    expires_on: date | None = None
    serial: str = ""
    storage: Storage = Storage.ROOM
    note: str = ""


@dataclass(frozen=True, slots=True)
class PickList:
    """All picks of a delivery in walking order; ``for_whom`` is the least the bench needs to know."""

    letterhead: Letterhead
    printed: Printed
    delivery_number: str
    for_whom: str
    deliver_on: date | None
    picks: tuple[Pick, ...]
    supply: str = ""
    alerts: tuple[str, ...] = ()


_GRID = Grid(
    (
        Column("Picked", 34, box=True),
        Column("Bin", 76, style=Style(STRONG.font, 9.0, 10.6)),
        Column("Item no.", 58, style=SMALL),
        Column("Description", 142),
        Column("Take", 32, "right", Style(STRONG.font, 11.0, 12.4)),
        Column("Unit", 32, style=SMALL),
        Column("Lot / serial", 78, style=Style(CODE.font, 8.0, 10.0)),
        Column("Expires", 54, style=SMALL),
        Column("Short", 34, box=True),
    ),
    least_height=22.0,
)


def render(pick_list: PickList) -> bytes:
    """The pick list as a PDF."""
    paper = Paper(f"Pick list {pick_list.delivery_number}")
    draw(paper, pick_list)
    return paper.finish()


def draw(paper: Paper, pick_list: PickList) -> None:
    """The list's pages on a paper that may hold others."""
    number = f"Delivery {pick_list.delivery_number}"
    code = scan_code(pick_list.delivery_number)
    first = letterhead_block(pick_list.letterhead, "Pick list", number, code, copy=pick_list.printed.copy, shallow=True)
    following = running_head(pick_list.letterhead, "Pick list", f"{number} · {pick_list.for_whom}", code)
    draw_pages(paper, _blocks(paper, pick_list), first, following, pick_list.printed, number)


def _blocks(paper: Paper, pick_list: PickList) -> list[Block]:
    who = Panel("For", (("", pick_list.for_whom, LARGE_STRONG), ("", pick_list.supply, BODY)))
    amount = shown.count(len(pick_list.picks), "pick", "picks")
    when = Panel(
        "Deliver on", (("", shown.day(pick_list.deliver_on) or "not agreed", LARGE_STRONG), ("", amount, BODY))
    )
    blocks = [panels_block(paper, (who, when), (0.65, 0.35), gap=0.0)]
    if pick_list.alerts:
        alerts = Panel("Mind", (("", "\n".join(pick_list.alerts), Style(STRONG.font, 9.5, 12)),))
        blocks.append(panels_block(paper, (alerts,), (1.0,)))
    if not pick_list.picks:
        return [*blocks, heading_block("Nothing to pick")]
    table = _GRID.heading()
    blocks.extend((heading_block("Take in this order"), table))
    for zone in dict.fromkeys(pick.zone for pick in pick_list.picks):
        picks = [pick for pick in pick_list.picks if pick.zone == zone]
        blocks.append(_GRID.group(zone, table, shown.count(len(picks), "pick", "picks")))
        again = continued(table, zone, _GRID)
        blocks.extend(_GRID.row(paper, _cells(pick), again, shaded=pick.storage.is_cold) for pick in picks)
    return [*blocks, _signed()]


def _cells(pick: Pick) -> tuple[Cell, ...]:
    described: tuple[tuple[str, Style], ...] = ((pick.description, BODY),)
    if pick.storage.is_cold:
        described = (*described, (pick.storage.mark, STRONG))
    if pick.note:
        described = (*described, (pick.note, FAINT))
    marks = tuple((text, CODE) for text in (pick.lot, f"SN {pick.serial}" if pick.serial else "") if text)
    return (
        "",
        pick.bin,
        pick.item_number,
        described,
        f"{pick.quantity:,}",
        pick.unit,
        marks,
        shown.day(pick.expires_on),
        "",
    )


def _signed() -> Block:
    def draw(paper: Paper, top: float) -> None:
        half = paper.room / 2
        for index, name in enumerate(("Picked by", "Verified by (another person)")):
            x = paper.left + index * half
            paper.rule(x, top - 26, x + half - 16, 0.0, 0.7)
            paper.text(x, top - 35, f"{name}, time", SMALL)

    return Block(38.0, draw, gap=12.0)
