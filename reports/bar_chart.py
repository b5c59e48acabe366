"""A bar chart at the head of a report: names, bars and figures in black and gray, read without colour."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from reports.lettering import CAPTION, SMALL, STRONG, capitals, width
from reports.paper import MARGIN, Block, Paper

ROW = 12.5
MOST_BARS = 12
_GAP = 8.0
_MOST_NAME = 190.0
_DARK = 0.25


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its name, its size, and its figure as people read it. Below zero it points left and is hollow."""

    name: str
    size: Decimal
    figure: str


@dataclass(frozen=True, slots=True)
class BarChart:
    """Bars from top to bottom, under what they show; ``left_out`` names how many smaller (or earlier) are not drawn."""

    title: str
    bars: tuple[Bar, ...]
    left_out: int = 0
    in_order: bool = False


def chart_of(
    title: str, named: Iterable[tuple[str, Decimal]], tell: Callable[[Decimal], str], *, in_order: bool = False
) -> BarChart | None:
    """A chart of these names and sizes, the biggest first unless ``in_order``; None of fewer than two.

    ``tell`` says a size as people read it.
    """
    known = [each for each in named if each[1]]
    if len(known) < 2:
        return None
    if not in_order:
        known.sort(key=lambda each: (-abs(each[1]), each[0]))
    drawn = known[-MOST_BARS:] if in_order else known[:MOST_BARS]
    bars = tuple(Bar(name, size, tell(size)) for name, size in drawn)
    return BarChart(title, bars, max(0, len(known) - MOST_BARS), in_order)


def chart_block(paper: Paper, chart: BarChart) -> Block:
    """The chart as one block that is never split."""
    names = min(_MOST_NAME, max(width(paper.say(bar.name), SMALL.font, SMALL.size) for bar in chart.bars) + 2)
    figures = max(width(paper.say(bar.figure), STRONG.font, STRONG.size) for bar in chart.bars) + 2
    most = max(abs(bar.size) for bar in chart.bars)
    below = any(bar.size < 0 for bar in chart.bars)
    room = min(paper.room, 560.0) - names - figures - 2 * _GAP
    scale = (room / 2 if below else room) / float(most)
    zero = MARGIN + names + _GAP + (room / 2 if below else 0.0)
    high = 14.0 + ROW * len(chart.bars) + (10.0 if chart.left_out else 0.0) + 6.0

    def draw(paper: Paper, top: float) -> None:
        paper.text(MARGIN, top - 8, capitals(chart.title), CAPTION)
        y = top - 14.0
        for bar in chart.bars:
            y -= ROW
            paper.text(MARGIN, y + 3.5, bar.name, SMALL, room=names)
            long = max(0.8, abs(float(bar.size)) * scale)
            if bar.size < 0:
                paper.box(zero - long, y + 2, long, ROW - 4, fill=1.0, stroke=0.0, weight=0.8)
            else:
                paper.box(zero, y + 2, long, ROW - 4, fill=_DARK, stroke=None)
            paper.text(MARGIN + names + room + 2 * _GAP + figures, y + 3, bar.figure, STRONG, "right")
        paper.canvas.setStrokeGray(0.4)
        paper.canvas.setLineWidth(0.6)
        paper.canvas.line(zero, y, zero, top - 14.0)
        if chart.left_out:
            which = f"{'earlier' if chart.in_order else 'smaller'} {'one' if chart.left_out == 1 else 'ones'}"
            paper.text(MARGIN, y - 9, f"and {chart.left_out:,} {which}, in the table below", SMALL)

    return Block(high, draw, gap=6.0)
