"""Scarce items: who gets what is there, how long it lasts, and how much of a substitute stands for it. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody's need of a scarce item: who is served first, the day, and how much."""

    key: int
    priority: int
    """1 is served first."""
    on: date
    units: int


@dataclass(frozen=True, slots=True)
class Share:
    """What one claim gets of what is there."""

    claim: Claim
    given: int

    @property
    def short(self) -> int:
        return self.claim.units - self.given


def share_out(available: int, claims: Iterable[Claim]) -> tuple[Share, ...]:
    """What is there, by priority, then by day, then in the order of the keys; the last one served may get a part."""
    left, shares = max(0, available), []
    for claim in sorted(claims, key=lambda each: (each.priority, each.on, each.key)):
        given = min(left, claim.units)
        left -= given
        shares.append(Share(claim, given))
    return tuple(shares)


@dataclass(frozen=True, slots=True)
class Use:
    """What one patient's therapy takes of an item over so many days at home."""

    units: int
    days: int


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long an item lasts."""

    patients: int
    patient_days: int
    """Days of one patient's care that the units on the shelf are enough for, by the average use."""
    days: int | None
    """Days until it is gone when all of them go on; None when nobody uses it."""
    units_a_day: float


def lasting(available: int, uses: Sequence[Use]) -> Lasting:
    """How long so many units last for patients who use an item like this; whole days, never rounded up."""
    used = [use for use in uses if use.units and use.days]
    if not used:
        return Lasting(0, 0, None, 0.0)
    units, days = sum(use.units for use in used), sum(use.days for use in used)
    # A patient-day takes units/days on average; all patients together take the sum of their own daily use.
    a_day = sum(use.units / use.days for use in used)
    have = max(0, available)
    return Lasting(len(used), have * days // units, int(have / a_day + 1e-9), a_day)


def substitute_units(units: int, gives: int, for_units: int) -> int:
    """So many units of the substitute stand for ``units`` of the item, when ``gives`` stand for ``for_units``."""
    return -(-units * gives // for_units)


def covers(available: int, gives: int, for_units: int) -> int:
    """So many units of the item can be replaced by what is there of the substitute."""
    return max(0, available) * for_units // gives
