"""What a change of cost does to a day of therapy that is paid by a per diem. Pure: plain values in and out.

A per diem is one amount for a day, whatever the supplies cost (domain notes, HCPCS S codes); so each cent more for
what the per diem includes is a cent less of margin. Drugs and what is billed apart are left out by the caller.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class CostChange:
    """An item's cost for one unit, as expected until now and as it is."""

    item: int
    name: str
    was: Decimal
    now: Decimal

    @property
    def rise(self) -> Decimal:
        """Dollars more for one unit; below zero when it became cheaper."""
        return self.now - self.was

    @property
    def percent(self) -> int | None:
        """The rise in whole percent; None when nothing was expected."""
        return None if not self.was else round(self.rise * 100 / self.was)


@dataclass(frozen=True, slots=True)
class DayUse:
    """What a therapy takes of an item over so many days at home."""

    therapy: Hashable
    item: int
    units: int
    days: int


@dataclass(frozen=True, slots=True)
class Effect:
    """A therapy's day before and after the changes, in whole cents; no margin where no per diem is known."""

    therapy: Hashable
    per_diem: Decimal | None
    cost_before: Decimal
    cost_after: Decimal
    because: tuple[tuple[str, Decimal], ...]
    """Item and dollars a day more, the most first."""

    @property
    def change(self) -> Decimal:
        """Dollars a day that the supplies cost more."""
        return self.cost_after - self.cost_before

    @property
    def margin_before(self) -> Decimal | None:
        return None if self.per_diem is None else self.per_diem - self.cost_before

    @property
    def margin_after(self) -> Decimal | None:
        return None if self.per_diem is None else self.per_diem - self.cost_after


def effects(
    changes: Iterable[CostChange],
    uses: Iterable[DayUse],
    costs: Mapping[int, Decimal],
    per_diems: Mapping[Hashable, Decimal],
) -> tuple[Effect, ...]:
    """The therapies that use a changed item, those that lose most a day first.

    ``costs`` is what one unit of every item was expected to cost.
    """
    changed = {change.item: change for change in changes}
    by_therapy: dict[Hashable, list[DayUse]] = defaultdict(list)
    for use in uses:
        by_therapy[use.therapy].append(use)
    found = []
    for therapy, used in by_therapy.items():
        if not any(use.item in changed for use in used):
            continue
        before = sum((_a_day(use, costs.get(use.item, Decimal(0))) for use in used), Fraction(0))
        more: dict[str, Fraction] = defaultdict(Fraction)
        for use in used:
            if use.item in changed:
                more[changed[use.item].name] += _a_day(use, changed[use.item].rise)
        because = sorted(((name, to_cents(part)) for name, part in more.items()), key=lambda each: -each[1])
        after = before + sum(more.values(), Fraction(0))
        found.append(Effect(therapy, per_diems.get(therapy), to_cents(before), to_cents(after), tuple(because)))
    return tuple(sorted(found, key=lambda effect: (-effect.change, str(effect.therapy))))


def _a_day(use: DayUse, cost: Decimal) -> Fraction:
    return Fraction(use.units, use.days) * Fraction(cost)


def to_cents(amount: Fraction) -> Decimal:
    """An exact amount in whole cents, half a cent away from zero."""
    return (Decimal(amount.numerator) / Decimal(amount.denominator)).quantize(CENT, rounding=ROUND_HALF_UP)
