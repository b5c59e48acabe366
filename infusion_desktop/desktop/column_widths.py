"""How the columns of a list share its room: nothing is cut while there is room, and then the longest texts first."""

from collections.abc import Sequence
from dataclasses import dataclass

_READABLE = 96
"""Pixels below which a text that gives way says nothing any more."""


@dataclass(frozen=True)
class Wish:
    """What one column asks for, in pixels."""

    whole: int
    """Shows every text in full."""
    usual: int
    """What it takes while others need room too."""
    least: int
    """It does not go below this; a number, a badge and a heading are never cut."""
    kept: int = 0
    """It goes below this only when every other column is at what it keeps: names of people and things."""
    stretches: bool = False


def share(wishes: Sequence[Wish], room: int) -> list[int]:
    """A width for each column: together at most the room, unless every column is at its least already.

    What does not fit even then is scrolled, so that names may as well keep what they keep.
    """
    widths = [each.usual for each in wishes]
    left = room - sum(widths)
    if left < 0:
        least = [min(each.usual, max(_READABLE, each.least)) for each in wishes]
        kept = [max(floor, min(each.usual, each.kept)) for floor, each in zip(least, wishes, strict=True)]
        _level(widths, kept, room)
        if sum(least) <= room:
            _level(widths, least, room)
        return widths
    # The smallest wants first: three columns shown whole are worth more than a part of a long one. Long ones are alike.
    hungry = sorted(range(len(wishes)), key=lambda place: wishes[place].whole - widths[place])
    for others, place in zip(reversed(range(len(hungry))), hungry, strict=True):
        wants = wishes[place].whole - widths[place]
        given = wants if wants <= left // 2 else min(wants, left // (others + 1))
        widths[place] += given
        left -= given
    if not widths:
        return widths
    each_gets = left // 2 // len(widths)  # Half to all, so that a wide window does not tear a row apart.
    stretching = [place for place, each in enumerate(wishes) if each.stretches] or [len(widths) - 1]
    widths = [width + each_gets for width in widths]
    for place in stretching:
        widths[place] += (left - each_gets * len(widths)) // len(stretching)
    return widths


def _level(widths: list[int], least: Sequence[int], room: int) -> None:
    """Take from the widest that may give, again and again, until they fit the room or nobody can give."""
    while (too_much := sum(widths) - room) > 0:
        giving = [place for place, width in enumerate(widths) if width > least[place]]
        if not giving:
            return
        top = max(widths[place] for place in giving)
        widest = [place for place in giving if widths[place] == top]
        floor = max([least[place] for place in widest] + [widths[place] for place in giving if widths[place] < top])
        step = max(1, min(top - floor, -(-too_much // len(widest))))
        for place in widest:
            given = min(step, too_much)
            widths[place] -= given
            too_much -= given
