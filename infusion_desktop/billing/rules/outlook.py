"""How long an authorization lasts: which delivery brings days it no longer covers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from infusion_desktop.dates import Days, show_day


@dataclass(frozen=True, slots=True)
class Coming:
    """A delivery whose days are not on a claim yet."""

    number: str
    delivery_id: int
    days: Days
    therapy_id: int | None = None
    """The version of the order it was made for; None: it is for every therapy."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order whose days an authorization is for: its versions, the days they run, and those that claims took."""

    versions: frozenset[int]
    days: tuple[Days, ...]
    billed: frozenset[date] = frozenset()

    def counts(self, delivery: Coming, day: date) -> bool:
        """Whether a delivery brings a day of this order that no claim has taken."""
        supplies = delivery.therapy_id is None or delivery.therapy_id in self.versions
        return supplies and day not in self.billed and any(day in each for each in self.days)


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
    left: int | None, allowed: Days, orders: Sequence[Ordered], deliveries: Sequence[Coming]
) -> Outlook | None:
    """The first delivery that brings service days beyond the units or days allowed; None when all are covered.

    ``left`` are the units no claim has taken (None: no limit). A day of each order is a unit; versions of one order
    have its days together.
    """
    seen: set[tuple[int, date]] = set()
    for delivery in sorted(deliveries, key=lambda each: (each.days.first, each.number)):
        uncovered: dict[date, str] = {}
        for day in delivery.days:
            for place, order in enumerate(orders):
                if day < allowed.first or (place, day) in seen or not order.counts(delivery, day):
                    continue
                seen.add((place, day))
                if day > allowed.last:
                    uncovered.setdefault(day, f"it ends on {show_day(allowed.last)}")
                elif left is not None and len(seen) > left:
                    uncovered.setdefault(day, "its units are used up by then")
        if uncovered:
            first, why = next(iter(uncovered.items()))
            return Outlook(delivery, first, len(uncovered), why)
    return None
