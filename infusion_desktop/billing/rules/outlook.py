"""How long an authorization lasts: which delivery brings days it no longer covers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from infusion_desktop.dates import Days, show_day

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Coming:
    """A delivery whose days are not on a claim yet."""

    number: str
    delivery_id: int
    days: Days


@dataclass(frozen=True, slots=True)
class Outlook:
    """The first delivery that an authorization does not cover to its end, and the first day it does not cover."""

    delivery: Coming
    first_uncovered: date
    days: int
    why: str

    @property
    def sentence(self) -> str:
        """As a biller reads it."""
        days = "day" if self.days == 1 else "days"
        return (
            f"Delivery {self.delivery.number} runs over by {self.days} {days} from {show_day(self.first_uncovered)}: "
            f"{self.why}."
        )


def runs_over(
    left: int | None, allowed: Days, therapy: Days, billed: frozenset[date], deliveries: Sequence[Coming]
) -> Outlook | None:
    """The first delivery that brings service days beyond the units or days allowed; None when all are covered.

    ``left`` are the units no claim has taken (None: no limit), ``billed`` the days that claims took already.
    """
    seen: set[date] = set()
    for delivery in sorted(deliveries, key=lambda each: (each.days.first, each.number)):
        uncovered: list[date] = []
        reason = ""
        shared = delivery.days.overlap(therapy)
        for day in shared or ():
            if day in billed or day in seen or day < allowed.first:
                continue
            seen.add(day)
            if day > allowed.last:
                uncovered.append(day)
                reason = reason or f"it ends on {show_day(allowed.last)}"
            elif left is not None and len(seen) > left:
                uncovered.append(day)
                reason = reason or "its units are used up by then"
        if uncovered:
            return Outlook(delivery, uncovered[0], len(uncovered), reason)
    return None
