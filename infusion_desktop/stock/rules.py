"""What the stock room decides: how often an item is counted, when a count is done twice, what stock is worth."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from infusion_desktop.money import to_cents
from infusion_desktop.stock.words import ItemKind, Storage

K = TypeVar("K")

A_SHARE, B_SHARE = Decimal("0.80"), Decimal("0.95")
"""The usual cut of an ABC analysis: A is the first 80 % of the value that moves, B up to 95 %, C the rest."""
DEAR = Decimal(100)
"""Dollars for one base unit from which an item is counted as class A: our own working rule."""
_STERILE = (ItemKind.DILUENT, ItemKind.FLUSH, ItemKind.CATHETER, ItemKind.NEEDLE, ItemKind.TUBING)


class CountClass(StrEnum):
    """How often an item is counted: A often, C seldom."""

    A = "A"
    B = "B"
    C = "C"


def value_classes(used: Mapping[K, Decimal]) -> dict[K, CountClass]:
    """Classes by the value that was used of each item, the most valuable first; what nobody used is C."""
    total = sum(used.values(), Decimal(0))
    classes: dict[K, CountClass] = {}
    before = Decimal(0)
    for key, value in sorted(used.items(), key=lambda pair: -pair[1]):
        share = before / total if total else Decimal(1)
        is_used = value > 0
        classes[key] = (
            CountClass.A
            if is_used and share < A_SHARE
            else CountClass.B
            if is_used and share < B_SHARE
            else CountClass.C
        )
        before += value
    return classes


def risk_class(kind: ItemKind, storage: Storage, hazardous: bool, unit_cost: Decimal) -> CountClass:
    """The class by what a mistake would do: hazardous, cold or dear items are A, drugs and sterile supplies B."""
    if hazardous or storage.is_cold or unit_cost >= DEAR:
        return CountClass.A
    return CountClass.B if kind is ItemKind.DRUG or kind in _STERILE else CountClass.C


def due_on(last_counted: date | None, days: int, today: date) -> date:
    """The day a shelf is due again; what was never counted is due today."""
    return today if last_counted is None else last_counted + timedelta(days=days)


def is_beyond_tolerance(expected: int, counted: int, unit_cost: Decimal, percent: int, value: Decimal) -> bool:
    """Whether somebody else counts again: the difference is too large in percent of what was expected, or in value.

    100 percent looks at the value alone.
    """
    difference = abs(counted - expected)
    if not difference:
        return False
    is_far_off = percent < 100 and difference * 100 > percent * expected
    return is_far_off or worth(unit_cost, difference) > value


def worth(unit_cost: Decimal, units: int) -> Decimal:
    """What units of one lot in one place are worth, in whole cents.

    The one rounding rule of stock: each lot in each place is rounded to the cent, and every total is the sum of these.
    """
    return to_cents(unit_cost * units)
