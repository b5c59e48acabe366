"""Whether preventive maintenance was done when it was due. Pure: plain days in and out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from infusion_desktop.dates import Days


@dataclass(frozen=True, slots=True)
class Upkeep:
    """The maintenance of one pump that fell due in a period: done by its day, done later, or still not done."""

    in_time: int = 0
    late: int = 0
    open: int = 0


def upkeep(done: Iterable[date], every_days: int, first_due: date | None, period: Days) -> Upkeep:
    """What fell due in a period: maintenance is due again ``every_days`` after it was done, and the first on its day.

    What is done before it is due counts as in time in the period of its due day, and the next one is due from the day
    it was done. What was open at the period's first day counts as due in it.
    """
    in_time = late = still_open = 0
    due = first_due
    for day in sorted(done):
        if due is not None and due <= period.last and max(day, due) >= period.first:
            if day <= due:
                in_time += 1
            elif day <= period.last:
                late += 1
            else:
                still_open += 1
        if day > period.last:
            return Upkeep(in_time, late, still_open)
        due = day + timedelta(days=every_days)
    if due is not None and due <= period.last:
        still_open += 1
    return Upkeep(in_time, late, still_open)
