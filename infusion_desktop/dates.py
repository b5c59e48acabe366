"""Days without time zones, periods that include both ends, and UTC instants."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from infusion_desktop.errors import Refused
from infusion_desktop.values import value

ONE_DAY = timedelta(days=1)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@value(order=True)
class Days:
    """A period of whole days; ``first`` and ``last`` both belong to it."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("a period ends before it begins")

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=n) for n in range(len(self)))

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first <= day <= self.last

    def overlap(self, other: "Days") -> "Days | None":
        """The days both periods have, or None."""
        first, last = max(self.first, other.first), min(self.last, other.last)
        if first is self.first and last is self.last:
            return self  # As most are: what was found out about a period is found again at once.
        return Days(first, last) if first <= last else None

    def without(self, others: "Iterable[Days]") -> list["Days"]:
        """What is left of these days without others, in order."""
        left = [self]
        for other in others:
            left = [part for days in left for part in days._beside(other)]
        return left

    def _beside(self, other: "Days") -> Iterator["Days"]:
        if other.last < self.first or self.last < other.first:
            yield self
            return
        if self.first < other.first:
            yield Days(self.first, other.first - ONE_DAY)
        if other.last < self.last:
            yield Days(other.last + ONE_DAY, self.last)

    def by_month(self) -> list["Days"]:
        """The same days, cut at month ends."""
        pieces = []
        first = self.first
        while first <= self.last:
            last = min(self.last, month_of(first).last)
            pieces.append(Days(first, last))
            first = last + ONE_DAY
        return pieces


def month_of(day: date) -> Days:
    """The calendar month a day lies in."""
    first = day.replace(day=1)
    return Days(first, (first + timedelta(days=31)).replace(day=1) - ONE_DAY)


def runs_of(days: Iterable[date]) -> list[Days]:
    """The days, in order, as the fewest unbroken periods."""
    ordered = sorted(set(days))
    if not ordered:
        return []
    breaks = [(before, after) for before, after in pairwise(ordered) if after - before > ONE_DAY]
    firsts = [ordered[0], *(after for _, after in breaks)]
    lasts = [*(before for before, _ in breaks), ordered[-1]]
    return [Days(first, last) for first, last in zip(firsts, lasts, strict=True)]


def now_utc() -> datetime:
    """This instant; the only clock that deeds read."""
    return datetime.now(UTC)


def local_day(instant: datetime) -> date:
    """The calendar day of an instant where this computer stands."""
    return instant.astimezone().date()


def today() -> date:
    """Today where this computer stands; screens and deeds ask this, rules take the day as an argument."""
    return local_day(now_utc())


@lru_cache(4096)
def show_day(day: date | None) -> str:
    """A day as people read it in every list and on every paper: "Mar 3, 2026"; "" for none."""
    return f"{_MONTHS[day.month - 1]} {day.day}, {day.year}" if day else ""


def show_days(days: Days) -> str:
    """A period as people read it: "Mar 3, 2026 to Mar 16, 2026"."""
    return f"{show_day(days.first)} to {show_day(days.last)}"


def show_instant(instant: datetime | None) -> str:
    """An instant in this computer's time: "Mar 3, 2026 14:05"; "" for none."""
    return f"{show_day(local_day(instant))} {instant.astimezone():%H:%M}" if instant else ""


def read_day(text: str) -> date:
    """The day somebody typed: 2026-03-31, 3/31/2026 or 03/31/26; otherwise Refused naming what is expected."""
    plain = text.strip()
    if match := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", plain, re.ASCII):
        year, month, day = map(int, match.groups())
    elif match := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})", plain, re.ASCII):
        month, day, year = map(int, match.groups())
        year += 2000 if year < 100 else 0
    else:
        raise Refused(f"“{plain[:30]}” is not a date. Type it as 3/31/2026 or 2026-03-31.")
    try:
        return date(year, month, day)
    except ValueError:
        raise Refused(f"“{plain[:30]}” is not a day of the calendar. Type it as 3/31/2026 or 2026-03-31.") from None


def read_month(text: str) -> Days:
    """The month somebody typed as 2026-03, or Refused naming what is expected."""
    match = re.fullmatch(r"(\d{4})-(\d{2})", text.strip(), re.ASCII)
    if not match or not 1 <= int(match[2]) <= 12 or int(match[1]) < 1900:
        raise Refused(f"“{text.strip()[:30]}” is not a month. Type it as 2026-03.")
    return month_of(date(int(match[1]), int(match[2]), 1))
