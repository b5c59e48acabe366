"""Sets of days inside one period as whole numbers: bit n is the n-th day of the period.

A month of days is one small integer, so that "these days without those" is one operation instead of thirty.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache

from infusion_desktop.dates import Days

NO_DAYS = 0


@lru_cache(maxsize=4096)
def whole(period: Days) -> int:
    """Every day of the period."""
    return (1 << len(period)) - 1


def between(period: Days, first: date | None, last: date | None) -> int:
    """The days from ``first`` through ``last`` that lie in the period; None is open at that end."""
    begin, end = period.first, period.last
    base = begin.toordinal()
    low = 0 if first is None or first <= begin else first.toordinal() - base
    high = (end if last is None or last >= end else last).toordinal() - base
    return (2 << high) - (1 << low) if low <= high else NO_DAYS


def of_days(period: Days, days: Iterable[date]) -> int:
    """These days, as far as they lie in the period."""
    base = period.first.toordinal()
    length = len(period)
    mask = NO_DAYS
    for day in days:
        offset = day.toordinal() - base
        if 0 <= offset < length:
            mask |= 1 << offset
    return mask


def offsets(mask: int) -> Iterator[int]:
    """The numbers of the days in the set, in order."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def runs(mask: int) -> Iterator[int]:
    """The unbroken runs of days in the set, each as a set, in order."""
    while mask:
        run = mask & ~(mask + (mask & -mask))
        yield run
        mask ^= run


def each_of(mask: int) -> Iterator[int]:
    """Each day of the set as a set of its own, in order."""
    return (1 << offset for offset in offsets(mask))


def is_unbroken(mask: int) -> bool:
    """Whether the set is one run of days."""
    after = mask + (mask & -mask)
    return mask != 0 and after & (after - 1) == 0


def first_of(mask: int) -> int:
    """The number of the first day in a set that has days."""
    return (mask & -mask).bit_length() - 1


def earliest(mask: int, count: int) -> int:
    """The first ``count`` days of the set, or all of them when it has fewer."""
    if mask.bit_count() <= count:
        return mask
    kept = NO_DAYS
    for _ in range(count):
        lowest = mask & -mask
        kept |= lowest
        mask ^= lowest
    return kept


def day_at(first: date, offset: int) -> date:
    """The calendar day with this number in the period that begins on ``first``."""
    return date.fromordinal(first.toordinal() + offset)


@lru_cache(maxsize=4096)
def days_of(first: date, mask: int) -> tuple[date, ...]:
    """The calendar days of the set, in order; its period begins on ``first``."""
    base = first.toordinal()
    if not mask:
        return ()
    if is_unbroken(mask):  # As most are.
        return tuple(map(date.fromordinal, range(base + first_of(mask), base + mask.bit_length())))
    return tuple(date.fromordinal(base + offset) for offset in offsets(mask))


@lru_cache(maxsize=4096)
def span_of(first: date, mask: int) -> Days:
    """From the first through the last day of a set that has days; its period begins on ``first``."""
    base = first.toordinal()
    return Days(date.fromordinal(base + first_of(mask)), date.fromordinal(base + mask.bit_length() - 1))


@lru_cache(maxsize=4096)
def months(period: Days) -> tuple[tuple[date, int], ...]:
    """Each calendar month the period touches: its first day and its days inside the period."""
    return tuple((piece.first.replace(day=1), between(period, piece.first, piece.last)) for piece in period.by_month())
