"""The supply plan once more, hour by hour and day by day, without any of its arithmetic."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import ceil

from infusion_desktop.deliveries.rules import QuantityRule

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Course:
    """A therapy: its days at home in the order they come, how often a dose, and the catheter it runs through."""

    days: tuple[date, ...]
    interval_hours: int
    starts_on: date
    device: int
    is_first: bool


@dataclass(frozen=True)
class Line:
    """A kit line of a course."""

    course: Course
    rule: QuantityRule
    amount: Decimal
    pack: int


def doses_on(day: date, course: Course, hour: int) -> int:
    """The doses of a day when the first one ever was given at that hour of the first day; the clock never stops."""
    at = datetime.combine(course.starts_on, time()) + timedelta(hours=hour)
    begin = datetime.combine(day, time())
    while at < begin:
        at += timedelta(hours=course.interval_hours)
    count = 0
    while at < begin + DAY:
        count += 1
        at += timedelta(hours=course.interval_hours)
    return count


def phases(course: Course) -> range:
    """The hours at which a first dose may be given: within its first day."""
    return range(min(24, course.interval_hours))


def use(line: Line, day: date, before: Iterable[date], phase: int, days: Iterable[date]) -> Decimal:
    """What a line takes on one of its days, with the first dose (or dressing) at that phase."""
    earlier = len(list(before))
    whole = list(days)
    times: dict[QuantityRule, Callable[[], int]] = {
        QuantityRule.PER_DOSE: lambda: doses_on(day, line.course, phase),
        QuantityRule.PER_BAG: lambda: doses_on(day, line.course, phase),
        QuantityRule.PER_DAY: lambda: 1,
        QuantityRule.PER_WEEK: lambda: int(earlier % 7 == 0),
        QuantityRule.PER_DRESSING_CHANGE: lambda: int((day - whole[0]).days % 7 == phase),
        QuantityRule.PER_DELIVERY: lambda: int(earlier == 0),
        QuantityRule.ONCE_AT_START: lambda: int(earlier == 0 and line.course.is_first),
    }
    return line.amount * times[line.rule]()


def walk(line: Line, days: tuple[date, ...], phase: int) -> list[Decimal]:
    """What a line takes on each of the days."""
    return [use(line, day, days[:place], phase, days) for place, day in enumerate(days)]


def phases_of(line: Line) -> range:
    """Every way it may fall."""
    if line.rule in (QuantityRule.PER_DOSE, QuantityRule.PER_BAG):
        return phases(line.course)
    return range(7) if line.rule is QuantityRule.PER_DRESSING_CHANGE else range(1)


def most(line: Line, days: tuple[date, ...]) -> int:
    """The most a line may take on these days, whichever way it falls, in whole units."""
    return max((ceil(sum(walk(line, days, phase), Decimal(0))) for phase in phases_of(line)), default=0)
