"""What stock is worth by moving average and by FIFO layers, from the moves alone. Pure.

Money is in whole cents at every step: what comes in is rounded once, what goes out takes its share of what is there,
rounded once, and the last unit takes all that is left. So the values of the moves always add up to the value of the
stock, to the cent.
"""

from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol


class Method(StrEnum):
    """How units that go out are valued."""

    MOVING_AVERAGE = "moving average"
    FIFO = "first in, first out"


def in_dollars(cents: int) -> Decimal:
    """Whole cents as dollars."""
    return Decimal(cents).scaleb(-2)


def _rounded(amount: int, divisor: int) -> int:
    """A whole number divided by one above zero, half away from zero: as `to_cents` rounds."""
    return (2 * amount + divisor) // (2 * divisor) if amount >= 0 else -((divisor - 2 * amount) // (2 * divisor))


class Pool(Protocol):
    """What is there of an item, and what it is worth. Whole numbers: units, cents, ten-thousandths of a dollar."""

    units: int
    cents: int

    def book(self, units: int, cost: int, came: int = 0) -> int:
        """Let units come in at a cost each, brought by the move ``came``, or go out; the cents that came or went."""
        ...


class AveragePool:
    """One heap: every unit is worth the same."""

    __slots__ = ("cents", "units")

    def __init__(self) -> None:
        self.units = self.cents = 0

    def book(self, units: int, cost: int, came: int = 0) -> int:
        """Let units come in at their cost or go out at the average."""
        there = self.units
        if units >= 0 or there <= 0:  # Nothing is there to average: what goes out is worth its own cost.
            moved = _rounded(units * cost, 100)
        elif -units >= there:
            moved = -self.cents - _rounded((-units - there) * cost, 100)
        else:
            moved = -_rounded(self.cents * -units, there)
        self.units = left = there + units
        self.cents += moved
        if not left:  # An entry dated before its stock came in leaves cents; they go with the last unit.
            moved, self.cents = moved - self.cents, 0
        return moved


@dataclass(slots=True)
class Layer:
    """Units that came in together, with what is left of their cents. Below zero: owed by an entry dated too early."""

    units: int
    cents: int
    cost: int
    came: int
    """Which move brought them."""


class LayerPool:
    """Layers in the order they came in; the oldest goes first."""

    __slots__ = ("cents", "layers", "units")

    def __init__(self) -> None:
        self.units = self.cents = 0
        self.layers: deque[Layer] = deque()

    def book(self, units: int, cost: int, came: int = 0) -> int:
        """Let units come in as a new layer, or go out from the oldest, a layer's whole value with its last unit."""
        layers, left, moved = self.layers, units, 0
        while left and layers and (layers[0].units > 0) is not (left > 0):
            oldest = layers[0]
            there = oldest.units
            if abs(left) >= abs(there):
                layers.popleft()
                left += there
                moved -= oldest.cents
            else:
                part = _rounded(oldest.cents * abs(left), abs(there))
                oldest.units = there + left
                oldest.cents -= part
                moved -= part
                left = 0
        if left:
            value = _rounded(left * cost, 100)
            layers.append(Layer(left, value, cost, came))
            moved += value
        self.units += units
        self.cents += moved
        return moved


def pool_of(method: Method) -> Pool:
    """An empty pool for a method."""
    return AveragePool() if method is Method.MOVING_AVERAGE else LayerPool()
