"""What stock is worth by moving average and by FIFO layers, from the moves alone. Pure.

Money is in whole cents at every step: what comes in is rounded once, what goes out takes its share of what is there,
rounded once, and the last unit takes all that is left. So the values of the moves always add up to the value of the
stock, to the cent.
"""

from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from infusion_desktop.money import ZERO, to_cents


class Method(StrEnum):
    """How units that go out are valued."""

    MOVING_AVERAGE = "moving average"
    FIFO = "first in, first out"


class Pool(Protocol):
    """What is there of an item, and what it is worth."""

    @property
    def units(self) -> int: ...

    @property
    def value(self) -> Decimal: ...

    def book(self, units: int, unit_cost: Decimal, came: int = 0) -> Decimal:
        """Let units come in at what one cost, brought by the move ``came``, or go out; the value that came or went."""
        ...


@dataclass(slots=True)
class AveragePool:
    """One heap: every unit is worth the same."""

    units: int = 0
    value: Decimal = ZERO

    def book(self, units: int, unit_cost: Decimal, came: int = 0) -> Decimal:
        """Let units come in at their cost or go out at the average."""
        if units >= 0 or self.units <= 0:  # Nothing is there to average: what goes out is worth its own cost.
            moved = to_cents(units * unit_cost)
        elif -units >= self.units:
            beyond = -units - self.units
            moved = -self.value - to_cents(beyond * unit_cost)
        else:
            moved = -to_cents(self.value * -units / self.units)
        self.units += units
        self.value += moved
        if not self.units:  # An entry dated before its stock came in leaves cents; they go with the last unit.
            moved, self.value = moved - self.value, ZERO
        return moved

    @property
    def average(self) -> Decimal:
        """What one unit is worth, with four places; zero of nothing."""
        return (self.value / self.units).quantize(Decimal("0.0001")) if self.units else Decimal(0)


@dataclass(slots=True)
class Layer:
    """Units that came in together, with what is left of their value. Below zero: owed by an entry dated too early."""

    units: int
    value: Decimal
    unit_cost: Decimal
    came: int
    """Which move brought them."""


@dataclass(slots=True)
class LayerPool:
    """Layers in the order they came in; the oldest goes first."""

    layers: deque[Layer] = field(default_factory=deque)
    units: int = 0
    value: Decimal = ZERO

    def book(self, units: int, unit_cost: Decimal, came: int = 0) -> Decimal:
        """Let units come in as a new layer, brought by the move ``came``, or go out from the oldest."""
        before = self.value
        left, sign = abs(units), 1 if units >= 0 else -1
        while left and self.layers and self.layers[0].units * sign < 0:
            left -= self._take(left)
        if left:
            layer = Layer(left * sign, to_cents(left * sign * unit_cost), unit_cost, came)
            self.layers.append(layer)
            self.value += layer.value
        self.units += units
        return self.value - before

    def _take(self, wanted: int) -> int:
        """Take units from the oldest layer, its whole value with its last unit; how many those are."""
        layer = self.layers[0]
        there = abs(layer.units)
        if wanted >= there:
            self.value -= self.layers.popleft().value
            return there
        share = to_cents(layer.value * wanted / there)
        layer.units -= wanted if layer.units > 0 else -wanted
        layer.value -= share
        self.value -= share
        return wanted


def pool_of(method: Method) -> Pool:
    """An empty pool for a method."""
    return AveragePool() if method is Method.MOVING_AVERAGE else LayerPool()
