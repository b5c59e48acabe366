"""The route sheet: a driver's stops of a day in order, with room to write how each ended; needs no telephone or app."""

from dataclasses import dataclass
from datetime import date

from reports import shown
from reports.delivery_manifest import scan_code
from reports.lettering import BODY, CAPTION, FAINT, LARGE, LARGE_STRONG, SMALL, STRONG, Style
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
class Stop:
    """A door: what is carried in, what is fetched, what the driver must know."""

    number: int
    delivery_number: str
    name: str
    address_lines: tuple[str, ...]
    phone: str = ""
    caregiver: str = ""
    window: str = ""
    totes: int = 0
    cold_packs: int = 0
    is_cold: bool = False
    equipment: int = 0
    instructions: str = ""
    remark: str = ""
    """What happened before, such as a failed attempt."""


@dataclass(frozen=True, slots=True)
class RouteSheet:
    """A tour of one day; ``whose`` names the driver, the route or the courier."""

    letterhead: Letterhead
    printed: Printed
    day: date
    whose: str
    stops: tuple[Stop, ...]
    phone: str = ""
    remarks: tuple[str, ...] = ()


def render(sheet: RouteSheet) -> bytes:
    """The route sheet as a PDF."""
    paper = Paper(f"Route sheet {sheet.day.isoformat()}")
    draw(paper, sheet)
    return paper.finish()


def draw(paper: Paper, sheet: RouteSheet) -> None:
    """The route sheet's pages on a paper that may hold others."""
    when = shown.day(sheet.day)
    first = letterhead_block(sheet.letterhead, "Route sheet", when, copy=sheet.printed.copy)
    following = running_head(sheet.letterhead, "Route sheet", f"{sheet.whose} · {when}")
    draw_pages(paper, _blocks(paper, sheet), first, following, sheet.printed, f"Route sheet {when}")


def _blocks(paper: Paper, sheet: RouteSheet) -> list[Block]:
    totes, cold = sum(stop.totes for stop in sheet.stops), sum(stop.is_cold for stop in sheet.stops)
    parts = (
        shown.count(len(sheet.stops), "stop", "stops"),
        shown.count(totes, "tote", "totes"),
        f"{cold} with something cold" if cold else "nothing cold",
    )
    whose = Panel("Tour", (("", sheet.whose, LARGE_STRONG), ("", sheet.phone, BODY)))
    load = Panel("To load", (("", ", ".join(parts), LARGE_STRONG), ("", "\n".join(sheet.remarks), BODY)))
    blocks = [panels_block(paper, (whose, load), (0.4, 0.6), gap=0.0), _start_and_end()]
    if not sheet.stops:
        return [*blocks, heading_block("No stop is on this tour")]
    blocks.append(heading_block("Stops in order", "tick how each ended; the signed manifest comes back with you"))
    blocks.extend(_stop(paper, stop) for stop in sheet.stops)
    return [*blocks, _signed()]


def _start_and_end() -> Block:
    def draw_it(paper: Paper, top: float) -> None:
        quarter = paper.room / 4
        names = ("Left the pharmacy, time", "Back, time", "Miles at the start", "Miles at the end")
        for index, name in enumerate(names):
            x = paper.left + index * quarter
            paper.rule(x, top - 20, x + quarter - 14, 0.0, 0.7)
            paper.text(x, top - 29, name, CAPTION)

    return Block(32.0, draw_it, gap=6.0)


_LEFT = 40.0
_RIGHT = 178.0
_NUMBER = Style(STRONG.font, 17, 20)


def _stop(paper: Paper, stop: Stop) -> Block:
    """One stop on one page: who and where at the left, its code and the boxes for how it ended at the right."""
    room = paper.room - _LEFT - _RIGHT - 14
    lines: list[tuple[str, Style]] = [(line, LARGE_STRONG) for line in paper.lines(stop.name, LARGE_STRONG, room, 3)]
    for address in stop.address_lines:
        lines += [(line, LARGE) for line in paper.lines(address, LARGE, room, 2)]
    reach = "   ".join(part for part in (stop.phone, f"Caregiver {stop.caregiver}" if stop.caregiver else "") if part)
    lines += [(line, BODY) for line in paper.lines(reach, BODY, room, 3)]
    lines += [(line, BODY) for line in paper.lines(stop.instructions, BODY, room, 5)]
    lines += [(line, STRONG) for line in paper.lines(stop.remark, STRONG, room, 2)]
    high = max(92.0, sum(style.leading for _, style in lines) + 16)

    def draw_it(paper: Paper, top: float) -> None:
        paper.box(paper.left, top - high, paper.room, high, stroke=0.35, round_by=3)
        paper.text(paper.left + _LEFT / 2, top - 24, str(stop.number), _NUMBER, "center")
        y = top - 7
        for line, style in lines:
            y -= style.leading
            paper.text(paper.left + _LEFT, y + style.leading - style.size, line, style)
        _right_side(paper, paper.right - _RIGHT, top, stop)

    return Block(high, draw_it, gap=5.0)


def _right_side(paper: Paper, x: float, top: float, stop: Stop) -> None:
    paper.symbol(paper.right - 42, top - 42, 36, scan_code(stop.delivery_number))
    room = _RIGHT - 52
    paper.text(x, top - 13, stop.window or "any time", STRONG, room=room)
    carried = shown.count(stop.totes, "tote", "totes") if stop.totes else "not packed yet"
    if stop.equipment:
        carried += f", {stop.equipment} pump or pole" if stop.equipment == 1 else f", {stop.equipment} pumps and poles"
    paper.text(x, top - 25, carried, BODY, room=room)
    if stop.is_cold:
        said = f"COLD, {stop.cold_packs} packs" if stop.cold_packs else "COLD"
        paper.box(x - 2, top - 40, 74, 12, fill=0.0, stroke=None)
        paper.text(x + 35, top - 37, said, Style(STRONG.font, 8, 10, 1.0), "center")
    paper.text(paper.right - 24, top - 50, stop.delivery_number, FAINT, "center")
    for index, name in enumerate(("Delivered", "Nobody there", "Refused")):
        at = x + (0, 58, 122)[index]
        paper.box(at, top - 66, 9, 9, stroke=0.0, weight=0.8)
        paper.text(at + 12, top - 64.5, name, SMALL)
    paper.rule(x, top - 82, x + 54, 0.0, 0.6)
    paper.text(x, top - 89, "Arrived", CAPTION)
    paper.rule(x + 62, top - 82, paper.right - 8, 0.0, 0.6)
    paper.text(x + 62, top - 89, "Taken by", CAPTION)


def _signed() -> Block:
    def draw_it(paper: Paper, top: float) -> None:
        half = paper.room / 2
        for index, name in enumerate(("Driver", "Taken back at the pharmacy by, time")):
            x = paper.left + index * half
            paper.rule(x, top - 24, x + half - 16, 0.0, 0.7)
            paper.text(x, top - 33, name, CAPTION)

    return Block(36.0, draw_it, gap=10.0)
