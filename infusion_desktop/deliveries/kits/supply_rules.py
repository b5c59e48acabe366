"""What several therapies of a patient need together: shared once, home stock counted once, day by day. Pure decisions.

A kit's line says how much of an item a therapy takes (`rules.py`). Here the lines of all a patient's therapies meet:
a dressing is changed once for all that runs through the same catheter, gloves go for the week and not for each drug,
and what was counted at home is used up in the days before the new supply begins.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from math import ceil

from infusion_desktop.dates import ONE_DAY, Days, runs_of, show_day
from infusion_desktop.deliveries.rules import KitLine, QuantityRule, Supply, needed_of
from infusion_desktop.stock.words import ItemId
from infusion_desktop.values import value

NOT_USED_UP = (QuantityRule.PER_DELIVERY, QuantityRule.ONCE_AT_START)
"""What is not used day by day: it is not reckoned as gone before the next supply begins."""


@value
class Use:
    """One kit line of one therapy over the days it is for.

    Uses with the same ``shared_by`` key (not "") share what they take: it is needed once for the days of them all.
    """

    item: ItemId
    line: KitLine
    supply: Supply
    whose: str = ""
    shared_by: str = ""
    instead_of: str = ""
    """The item with latex that this one replaces."""


@value
class ItemNeed:
    """How much of an item is needed, is still at home when the supply begins, and is sent; with how it came about."""

    item: ItemId
    needed: int
    at_home: int
    to_send: int
    steps: tuple[str, ...]

    @property
    def why(self) -> str:
        """All steps as one line."""
        return "; ".join(self.steps)


def gathered(uses: Iterable[Use]) -> list[Use]:
    """The uses with those that share put together: the days of all, the largest amount, in the order they came."""
    found: dict[tuple[ItemId, QuantityRule, str] | int, Use] = {}
    for number, use in enumerate(uses):
        key = (use.item, use.line.rule, use.shared_by) if use.shared_by else number
        before = found.get(key)
        found[key] = use if before is None else _together(before, use)
    return list(found.values())


def _together(one: Use, other: Use) -> Use:
    mine, theirs = one.supply.counted(), other.supply.counted()
    if not (mine and theirs):  # Who is away the whole time shares nothing.
        return one if mine else other
    days = {*mine, *theirs}
    line = one.line if one.line.amount >= other.line.amount else other.line
    whose = one.whose if other.whose in one.whose.split(" and ") else f"{one.whose} and {other.whose}"
    supply = replace(
        one.supply,
        dressings=one.supply.dressings or other.supply.dressings,
        is_first=one.supply.is_first or other.supply.is_first,
    )
    return replace(one, line=replace(line, round_to=min(one.line.round_to, other.line.round_to)),
                   supply=over(supply, days), whose=whose)  # fmt: skip


def over(supply: Supply, days: Iterable[date]) -> Supply:
    """The supply for exactly these days at home (at least the hull of its own when there are none)."""
    runs = runs_of(days)
    if not runs:
        return replace(supply, interruptions=(supply.days,))
    gaps = tuple(Days(a.last + ONE_DAY, b.first - ONE_DAY) for a, b in pairwise(runs))
    return replace(supply, days=Days(runs[0].first, runs[-1].last), interruptions=gaps)


def total(uses: Iterable[Use]) -> int:
    """How much all the uses of one item need."""
    return sum(needed_of(use.line, use.supply)[0] for use in gathered(uses))


def needs(
    uses: Sequence[Use],
    counts: Mapping[ItemId, int],
    *,
    before: Sequence[Use] = (),
    others: Sequence[Use] = (),
    begins_on: date | None = None,
) -> tuple[ItemNeed, ...]:
    """What to send for ``uses``, item by item in their order.

    ``counts`` is what was counted at home; ``before`` is what is used from then until the supply begins on
    ``begins_on``; ``others`` is what other therapies take of the same days, supplied by deliveries of their own.
    """
    items = dict.fromkeys(use.item for use in uses)
    by_item = {kind: _by_item(group) for kind, group in (("mine", uses), ("before", before), ("others", others))}
    return tuple(
        _need(
            item, by_item["mine"][item], by_item["before"].get(item, ()), by_item["others"].get(item, ()),
            counts.get(item, 0), begins_on,
        )
        for item in items
    )  # fmt: skip


def _by_item(uses: Iterable[Use]) -> dict[ItemId, list[Use]]:
    found: dict[ItemId, list[Use]] = {}
    for use in uses:
        found.setdefault(use.item, []).append(use)
    return found


def _need(
    item: ItemId, mine: Sequence[Use], before: Sequence[Use], others: Sequence[Use], counted: int,
    begins_on: date | None,
) -> ItemNeed:  # fmt: skip
    together = gathered(mine) if len(mine) > 1 else mine
    parts = [needed_of(use.line, use.supply) for use in together]
    alone = sum(amount for amount, _ in parts)
    why = "; and ".join(f"without latex instead of {use.instead_of}: {told}" if use.instead_of else told
                        for use, (_, told) in zip(together, parts, strict=True))  # fmt: skip
    steps = [why]
    theirs = total(others) if others else 0
    needed = max(0, total([*mine, *others]) - theirs) if others else alone
    if needed != alone:
        steps.append(f"{alone - needed} go with {_names(others)}, so {needed}")
    used = min(counted, total(before)) if before and counted else 0
    left = max(0, counted - used - theirs)
    missing = max(0, needed - left)
    if counted and needed:
        steps.append(_home(counted, used, left, missing, needed, begins_on))
    round_to = min(use.line.round_to for use in together)
    to_send = -(-missing // round_to) * round_to
    if to_send != missing:
        steps.append(f"up to whole packs of {round_to} = {to_send}")
    return ItemNeed(item, needed, left, to_send, tuple(steps))


def _home(counted: int, used: int, left: int, missing: int, needed: int, begins_on: date | None) -> str:
    enough = " (enough at home)" if not missing else ""
    if left == counted:
        return f"less {left} at home = {missing}{enough}"
    taken = [f"{used} used before {show_day(begins_on)}"] if used else []
    if counted - used - left > 0:
        taken.append(f"{counted - used - left} for the other therapy")
    return f"{counted} counted at home, {' and '.join(taken)}: less {left} = {missing}{enough}"


def _names(uses: Iterable[Use]) -> str:
    return " and ".join(dict.fromkeys(use.whose for use in uses))


# --- day by day -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DayNeed:
    """What a day takes of an item, what is left in the evening, and what takes it."""

    day: date
    needed: int
    left: int
    why: str


def day_by_day(uses: Sequence[Use], at_home: int, arrives: Mapping[date, int], days: Days) -> tuple[DayNeed, ...]:
    """One item through the days: what each takes, and what is left with what arrives; below zero it is short.

    What a day takes is the most it can be (as in ``rules.Frequency``): up to any day together never less than what is
    really taken, over all days exactly what the kit reckons.
    """
    taken: dict[date, list[tuple[int, str]]] = {}
    for use in gathered(uses):
        so_far = 0
        counted = use.supply.counted()
        for place, day in enumerate(counted, 1):
            now = _up_to(use, counted[:place])
            if now > so_far:
                taken.setdefault(day, []).append((now - so_far, use.whose))
                so_far = now
    left, found = at_home, []
    for day in days:
        left += arrives.get(day, 0)
        parts = taken.get(day, [])
        units = sum(amount for amount, _ in parts)
        left -= units
        found.append(DayNeed(day, units, left, ", ".join(f"{amount} {whose}".strip() for amount, whose in parts)))
    return tuple(found)


def _up_to(use: Use, days: Sequence[date]) -> int:
    frequency = {
        QuantityRule.PER_DOSE: use.supply.doses,
        QuantityRule.PER_BAG: use.supply.bags or use.supply.doses,
    }.get(use.line.rule)
    if frequency is not None and frequency.every_days == 1:
        return ceil(use.line.amount * frequency.times * len(days))
    if use.line.rule is QuantityRule.PER_DAY:
        return ceil(use.line.amount * len(days))
    return needed_of(use.line, over(use.supply, days))[0]


def short_on(days: Iterable[DayNeed]) -> date | None:
    """The first day that takes more than there is, or None."""
    return next((each.day for each in days if each.left < 0 and each.needed), None)
