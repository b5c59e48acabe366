"""The sheet of codes at the service bench: scan the pump, then the deed; no keyboard, no mouse."""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.lettering import BODY, LARGE_STRONG, SMALL
from reports.paper import Block, Letterhead, Paper, Printed, draw_pages, letterhead_block, running_head

_HIGH = 78.0


@dataclass(frozen=True, slots=True)
class DeedCode:
    """A deed and the code that asks for it."""

    title: str
    code: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class DeedSheet:
    """The codes in the order of a pump's round."""

    letterhead: Letterhead
    printed: Printed
    deeds: tuple[DeedCode, ...]


def render(sheet: DeedSheet) -> bytes:
    """The sheet as a PDF: two codes beside each other."""
    paper = Paper("Equipment codes")
    first = letterhead_block(sheet.letterhead, "Equipment codes", "Scan the pump, then the deed", shallow=True)
    following = running_head(sheet.letterhead, "Equipment codes", "Scan the pump, then the deed")
    pairs = [sheet.deeds[place : place + 2] for place in range(0, len(sheet.deeds), 2)]
    draw_pages(paper, [_row(pair) for pair in pairs], first, following, sheet.printed, "Equipment codes")
    return paper.finish()


def _row(pair: Sequence[DeedCode]) -> Block:
    def draw(paper: Paper, top: float) -> None:
        half = paper.room / 2
        for place, deed in enumerate(pair):
            x = paper.left + place * half
            paper.box(x + 2, top - _HIGH + 4, half - 6, _HIGH - 6, round_by=3)
            paper.symbol(x + 12, top - 64, 54, deed.code)
            paper.text(x + 80, top - 30, deed.title, LARGE_STRONG, room=half - 92)
            for index, line in enumerate(paper.lines(deed.said, BODY, half - 92, 2)):
                paper.text(x + 80, top - 44 - 11 * index, line, SMALL)

    return Block(_HIGH, draw)
