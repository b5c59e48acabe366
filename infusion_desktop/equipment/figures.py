"""What a pump costs and how much it is used, from its events. Pure: no session, no clock."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from infusion_desktop.dates import Days, month_of
from infusion_desktop.equipment.words import AssetState, Per
from infusion_desktop.money import percent

_CENT = Decimal("0.01")
_DAYS_A_MONTH = Decimal("30.4375")
OUT = frozenset({AssetState.WITH_PATIENT, AssetState.DUE_BACK})
IDLE = frozenset({AssetState.READY})
KEPT = frozenset({AssetState.RESERVED, AssetState.IN_TRANSIT})
GONE = frozenset({AssetState.LOST, AssetState.RETIRED})
"""Everything else is being cleaned, checked, maintained or repaired."""


def rental_cost(rate: Decimal, per: Per, first: date, last: date) -> Decimal:
    """What a rental costs from its first to its last day, both counted: a begun day, week or month is a whole one."""
    if last < first:
        return Decimal(0)
    days = (last - first).days + 1
    if per is Per.DAY:
        return rate * days
    if per is Per.WEEK:
        return rate * -(-days // 7)
    months = (last.year - first.year) * 12 + last.month - first.month
    # The last month is begun on the day of the month on which the rental began, or on that month's last day.
    anniversary = min(first.day, month_of(last).last.day)
    return rate * (months + (1 if last.day >= anniversary else 0))


@dataclass(slots=True)
class Use:
    """How the days of a period were spent: each day in the state it ended in."""

    out: int = 0
    idle: int = 0
    kept: int = 0
    in_service: int = 0
    gone: int = 0
    cost: Decimal = field(default_factory=Decimal)

    @property
    def ours(self) -> int:
        """Days on which it was here to be used."""
        return self.out + self.idle + self.kept + self.in_service

    @property
    def percent(self) -> Decimal | None:
        """Days with patients in a hundred; None when it was not here."""
        return percent(self.out, self.ours) if self.ours else None

    @property
    def cost_per_day(self) -> Decimal | None:
        """What a day with a patient costs; None when there was none."""
        return (self.cost / self.out).quantize(_CENT, ROUND_HALF_UP) if self.out else None

    def add(self, other: "Use") -> None:
        """Both together."""
        self.out += other.out
        self.idle += other.idle
        self.kept += other.kept
        self.in_service += other.in_service
        self.gone += other.gone
        self.cost += other.cost


class Spent(NamedTuple):
    """How an asset spent a period, and since when it stands ready and unused; None when it does not."""

    use: Use
    idle_since: date | None


def spent(events: Iterable[tuple[int, int, str]], period: Days) -> dict[int, Spent]:
    """Each asset's days of a period by state, from events as asset, day (its ordinal) and state.

    An asset's events lie together, the newest first. The last of a day counts, and none happened later than what came
    after it; days before the first do not count. There are hundreds of thousands: each is looked at once.
    """
    first, after = period.first.toordinal(), period.last.toordinal() + 1
    days: dict[int, dict[str, int]] = {}
    idle: dict[int, int] = {}
    asset, until, is_idle = 0, after, False
    for of, day, state in events:
        if of != asset:
            asset, until, is_idle = of, date.max.toordinal(), True
            days[asset] = {}
        if day >= until:
            continue
        is_idle = is_idle and state in IDLE
        if is_idle:
            idle[asset] = day
        common = (min(after, until)) - (max(first, day))
        if common > 0:
            days[asset][state] = days[asset].get(state, 0) + common
        until = day
    return {
        each: Spent(_use(kept), date.fromordinal(idle[each]) if each in idle else None) for each, kept in days.items()
    }


def _use(days: dict[str, int]) -> Use:
    use = Use()
    for state, count in days.items():
        if state in OUT:
            use.out += count
        elif state in IDLE:
            use.idle += count
        elif state in KEPT:
            use.kept += count
        elif state in GONE:
            use.gone += count
        else:
            use.in_service += count
    return use


def wear(price: Decimal, life_months: int, acquired_on: date | None, period: Days) -> Decimal:
    """The part of the price that falls on a period, spread evenly over its life; nothing beyond it."""
    if not price or not life_months:
        return Decimal(0)
    life_days = life_months * _DAYS_A_MONTH
    first = acquired_on or period.first
    last = first + timedelta(days=int(life_days) - 1)
    shared = Days(first, max(first, last)).overlap(period)
    return (price / life_days * len(shared)).quantize(_CENT, ROUND_HALF_UP) if shared else Decimal(0)
