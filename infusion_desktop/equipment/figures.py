"""What a pump costs and how much it is used, from its events. Pure: no session, no clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from infusion_desktop.dates import ONE_DAY, Days, month_of
from infusion_desktop.equipment.words import AssetState, Per

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


class Spell(NamedTuple):
    """A state that began on a day; it lasts until the next one begins."""

    state: AssetState
    since: date


def spells(events: Iterable[tuple[date, AssetState]]) -> tuple[Spell, ...]:
    """The states of an asset by the day they began, from its events in their order; the last of a day counts."""
    latest = date.max
    ends: list[tuple[date, AssetState]] = []  # From the last event back: none happened later than what came after it.
    for day, state in reversed(list(events)):
        if day < latest:
            latest = day
            ends.append((day, state))
    found: list[Spell] = []
    before = None
    for day, state in reversed(ends):
        if state is not before:
            found.append(Spell(state, day))
            before = state
    return tuple(found)


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
    def percent(self) -> int | None:
        """Days with patients in a hundred; None when it was not here."""
        return round(100 * self.out / self.ours) if self.ours else None

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


def use_of(history: Sequence[Spell], period: Days) -> Use:
    """The days of a period by state; days before the first spell do not count."""
    use = Use()
    for place, spell in enumerate(history):
        until = history[place + 1].since - ONE_DAY if place + 1 < len(history) else period.last
        days = (min(until, period.last) - max(spell.since, period.first)).days + 1
        if days <= 0:
            continue
        if spell.state in OUT:
            use.out += days
        elif spell.state in IDLE:
            use.idle += days
        elif spell.state in KEPT:
            use.kept += days
        elif spell.state in GONE:
            use.gone += days
        else:
            use.in_service += days
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


def idle_since(history: Sequence[Spell]) -> date | None:
    """Since when it stands ready and unused; None when it does not."""
    return history[-1].since if history and history[-1].state in IDLE else None
