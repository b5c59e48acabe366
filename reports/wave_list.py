"""The wave's pick list: one walk through the bins for many deliveries, with how many go into which slot of the cart."""

from dataclasses import dataclass
from datetime import date

from reports import shown
from reports.delivery_manifest import Storage
from reports.grid import Cell, Column, Grid
from reports.lettering import BODY, CODE, FAINT, SMALL, STRONG, Style
from reports.paper import (
    Block,
    Letterhead,
    Paper,
    Printed,
    draw_pages,
    heading_block,
    letterhead_block,
    running_head,
)


@dataclass(frozen=True, slots=True)
class Slot:
    """A delivery on the cart."""

    slot: int
    delivery_number: str
    patient_number: str
    lines: int
    equipment: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WavePick:
    """One lot to take from one bin, and how many of it go into each slot."""

    bin: str
    item_number: str
    description: str
    unit: str
    lot: str
    expires_on: date | None
    storage: Storage
    slots: tuple[tuple[int, int], ...]

    @property
    def quantity(self) -> int:
        """All that is taken of it."""
        return sum(units for _slot, units in self.slots)


@dataclass(frozen=True, slots=True)
class WaveList:
    """A wave: its slots and picks in walking order."""

    letterhead: Letterhead
    printed: Printed
    number: str
    slots: tuple[Slot, ...]
    picks: tuple[WavePick, ...]


_SLOTS = Grid(
    (
        Column("Slot", 40, "right", Style(STRONG.font, 11, 13)),
        Column("Delivery", 70, style=CODE),
        Column("Patient no.", 70, style=SMALL),
        Column("Lines", 40, "right"),
        Column("Pumps and poles", 130, style=SMALL),
        Column("Mind", 190, style=STRONG),
    ),
    least_height=18.0,
)
_PICKS = Grid(
    (
        Column("Picked", 34, box=True),
        Column("Bin", 70, style=Style(STRONG.font, 9.0, 10.6)),
        Column("Item no.", 54, style=SMALL),
        Column("Description", 138),
        Column("Take", 34, "right", Style(STRONG.font, 11.0, 12.4)),
        Column("Lot", 76, style=CODE),
        Column("Expires", 52, style=SMALL),
        Column("Slot → how many", 82, style=Style(STRONG.font, 9.0, 10.6)),
    ),
    least_height=22.0,
)


def render(wave: WaveList) -> bytes:
    """The wave's pick list as a PDF."""
    paper = Paper(f"Wave {wave.number}")
    draw(paper, wave)
    return paper.finish()


def draw(paper: Paper, wave: WaveList) -> None:
    """Its pages on a paper that may hold others."""
    number = f"Wave {wave.number}"
    first = letterhead_block(wave.letterhead, "Wave pick list", number, copy=wave.printed.copy, shallow=True)
    following = running_head(wave.letterhead, "Wave pick list", number)
    draw_pages(paper, _blocks(paper, wave), first, following, wave.printed, number)


def _blocks(paper: Paper, wave: WaveList) -> list[Block]:
    slots, picks = _SLOTS.heading(), _PICKS.heading()
    count = shown.count(len(wave.slots), "delivery", "deliveries")
    blocks = [heading_block("Slots on the cart", count, 0.0), slots]
    for slot in wave.slots:
        things, alerts = ", ".join(slot.equipment), ", ".join(slot.alerts)
        cells = (str(slot.slot), slot.delivery_number, slot.patient_number, str(slot.lines), things, alerts)
        blocks.append(_SLOTS.row(paper, cells, slots))
    if not wave.picks:
        return [*blocks, heading_block("Nothing is left to pick")]
    blocks += [heading_block("Take in this order", shown.count(len(wave.picks), "pick", "picks")), picks]
    blocks += [_PICKS.row(paper, _cells(pick), picks, shaded=pick.storage.is_cold) for pick in wave.picks]
    return blocks


def _cells(pick: WavePick) -> tuple[Cell, ...]:
    described: tuple[tuple[str, Style], ...] = ((pick.description, BODY), (pick.unit, FAINT))
    if pick.storage.is_cold:
        described = (*described, (pick.storage.mark, STRONG))
    into = "  ".join(f"{slot}→{units:,}" for slot, units in pick.slots)
    return (
        "", pick.bin, pick.item_number, described, f"{pick.quantity:,}", pick.lot, shown.day(pick.expires_on), into,
    )  # fmt: skip
