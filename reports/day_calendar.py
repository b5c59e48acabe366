"""Small month calendars on paper: which days of a therapy count, which are interrupted, when was delivered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from reports import shown
from reports.lettering import BOLD, CAPTION, REGULAR, Style
from reports.paper import Block, Paper, heading_block

_CELL_WIDE, _CELL_HIGH = 18.0, 14.5
_MONTHS_PER_ROW = 4
_WEEKDAYS = ("S", "M", "T", "W", "T", "F", "S")


class DayState(Enum):
    """What a day of the therapy is on the claim."""

    COUNTED = "counts"
    INTERRUPTED = "interrupted"
    NOT_COUNTED = "therapy day that does not count"


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day of the therapy; ``mark`` is up to two letters printed beside it ("SH", "H" for hospital)."""

    day: date
    state: DayState
    mark: str = ""
    delivered: bool = False


@dataclass(frozen=True, slots=True)
class TherapyCalendar:
    """A therapy's days on a claim; ``legend`` explains the marks."""

    title: str
    days: tuple[CalendarDay, ...]
    legend: str = ""

    @property
    def counted(self) -> int:
        """How many days count."""
        return sum(day.state is DayState.COUNTED for day in self.days)

    @property
    def interrupted(self) -> int:
        """How many days are interrupted."""
        return sum(day.state is DayState.INTERRUPTED for day in self.days)


def calendar_blocks(paper: Paper, calendars: Sequence[TherapyCalendar]) -> list[Block]:
    """All therapies' months, four beside each other under their therapy's name, with one legend."""
    months = [piece for calendar in calendars for piece in _by_month(paper, calendar)]
    if not months:
        return []
    counted = sum(calendar.counted for calendar in calendars)
    interrupted = sum(calendar.interrupted for calendar in calendars)
    numbers = f"{shown.count(counted, 'therapy day counts', 'therapy days count')}, {interrupted} interrupted"
    marks = " · ".join(dict.fromkeys(calendar.legend for calendar in calendars if calendar.legend))
    starts = range(0, len(months), _MONTHS_PER_ROW)
    return [
        heading_block("Days", numbers),
        _legend(paper, marks),
        *(_months_block(months[start : start + _MONTHS_PER_ROW]) for start in starts),
    ]


@dataclass(frozen=True, slots=True)
class _Month:
    """A therapy's days in one month, with its name in lines."""

    first: date
    name: tuple[str, ...]
    days: dict[date, CalendarDay]

    @property
    def numbers(self) -> str:
        counted = sum(day.state is DayState.COUNTED for day in self.days.values())
        interrupted = sum(day.state is DayState.INTERRUPTED for day in self.days.values())
        return f"{counted} count" + (f", {interrupted} interrupted" if interrupted else "")


def _by_month(paper: Paper, calendar: TherapyCalendar) -> list[_Month]:
    name = paper.lines(calendar.title, _NAME, paper.room / _MONTHS_PER_ROW - 12, 2)
    firsts = sorted({day.day.replace(day=1) for day in calendar.days})
    return [
        _Month(first, name, {day.day: day for day in calendar.days if day.day.replace(day=1) == first})
        for first in firsts
    ]


def _legend(paper: Paper, marks: str) -> Block:
    lines = paper.lines(marks, _LEGEND, paper.room) if marks else ()

    def draw(paper: Paper, top: float) -> None:
        x = paper.left
        for state, wide in ((DayState.COUNTED, 50.0), (DayState.INTERRUPTED, 62.0), (DayState.NOT_COUNTED, 128.0)):
            _cell(paper, x, top - 10, 12, 10, state)
            paper.text(x + 16, top - 8, state.value, _LEGEND)
            x += wide + 16
        _triangle(paper, x + 8, top - 1)
        paper.text(x + 12, top - 8, "delivered on this day", _LEGEND)
        for index, line in enumerate(lines):
            paper.text(paper.left, top - 20 - index * _LEGEND.leading, line, _LEGEND)

    return Block(14.0 + len(lines) * _LEGEND.leading, draw, keep_with_next=True)


_LEGEND = Style(REGULAR, 7.0, 9.0, 0.2)


_NAME = Style(BOLD, 7.6, 9.4)


def _months_block(months: Sequence[_Month]) -> Block:
    named = max(len(month.name) for month in months) * _NAME.leading
    high = named + 11.0 + 10.0 + max(_weeks(month.first) for month in months) * _CELL_HIGH + 4

    def draw(paper: Paper, top: float) -> None:
        for index, month in enumerate(months):
            x = paper.left + index * paper.room / _MONTHS_PER_ROW
            for line, text in enumerate(month.name):
                paper.text(x, top - 8 - line * _NAME.leading, text, _NAME)
            _month(paper, x, top - named, month)

    return Block(high, draw, gap=5.0)


def _month(paper: Paper, x: float, top: float, month: _Month) -> None:
    paper.text(x, top - 8, shown.month(month.first), _LEGEND)
    paper.text(x + 7 * _CELL_WIDE - 1, top - 8, month.numbers, _LEGEND, "right")
    for index, name in enumerate(_WEEKDAYS):
        paper.text(x + (index + 0.5) * _CELL_WIDE, top - 19, name, CAPTION, "center")
    first_column = _column(month.first)
    day = month.first
    while day.month == month.first.month:
        place = first_column + day.day - 1
        left = x + (place % 7) * _CELL_WIDE
        bottom = top - 21 - (place // 7 + 1) * _CELL_HIGH
        _day(paper, left, bottom, day, month.days.get(day))
        day += timedelta(days=1)


def _day(paper: Paper, x: float, y: float, day: date, known: CalendarDay | None) -> None:
    if known is None:
        paper.text(x + 1.5, y + 6.0, str(day.day), Style(REGULAR, 6.6, 8, 0.6))
        return
    _cell(paper, x, y, _CELL_WIDE - 1, _CELL_HIGH - 1, known.state)
    name = BOLD if known.state is DayState.COUNTED else REGULAR
    paper.text(x + 1.5, y + 6.0, str(day.day), Style(name, 6.6, 8))
    paper.text(x + _CELL_WIDE - 2, y + 1.6, known.mark[:2], Style(BOLD, 4.6, 6), "right")
    if known.delivered:
        _triangle(paper, x + _CELL_WIDE - 1, y + _CELL_HIGH - 1)


def _cell(paper: Paper, x: float, y: float, wide: float, high: float, state: DayState) -> None:
    """A day's box: filled where it counts, struck through where interrupted, empty otherwise."""
    paper.box(x, y, wide, high, fill=0.84 if state is DayState.COUNTED else None, stroke=0.45, weight=0.5)
    if state is DayState.INTERRUPTED:
        paper.canvas.setStrokeGray(0.45)
        paper.canvas.setLineWidth(0.7)
        paper.canvas.line(x, y, x + wide, y + high)


def _triangle(paper: Paper, x: float, y: float) -> None:
    """A black corner whose right angle is at x, y."""
    paper.triangle(x - 4.5, y, x, y, x, y - 4.5)


def _column(day: date) -> int:
    """The weekday, Sunday first."""
    return (day.weekday() + 1) % 7


def _weeks(month: date) -> int:
    last = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return (_column(month) + last.day + 6) // 7
