"""Packs and base units: how many eaches a case is, how many cases are enough, and how both are said. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_FOUR_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class PackSize:
    """A level of packing and the base units in it."""

    name: str
    quantity: int


def packs_for(units: int, pack_quantity: int, least_packs: int = 1) -> int:
    """The fewest packs, not below ``least_packs``, that hold so many units; 0 when none are wanted."""
    return max(least_packs, -(-units // pack_quantity)) if units > 0 else 0


def say_packs(packs: int, name: str, pack_quantity: int, unit: str = "each") -> str:
    """A number of packs and what they come to: "2 cases of 60 = 120 each"; "5 each" where the pack is the unit."""
    if pack_quantity == 1:
        return f"{packs:,} {unit}"
    return f"{packs:,} {plural(name, packs)} of {pack_quantity:,} = {packs * pack_quantity:,} {unit}"


def plural(name: str, count: int) -> str:
    """The pack's name for so many of them: box, boxes; case, cases; each stays each."""
    if count == 1 or name == "each" or name.endswith("s"):
        return name
    return f"{name}es" if name.endswith(("x", "ch", "sh")) else f"{name}s"


def as_largest(units: int, sizes: Iterable[PackSize], unit: str = "each") -> str:
    """So many units as people would stack them: "1 case, 3 boxes and 5 each"."""
    parts = []
    left = units
    for size in sorted(
        {each.quantity: each for each in sizes if each.quantity > 1}.values(), key=lambda s: -s.quantity
    ):
        count, left = divmod(left, size.quantity)
        if count:
            parts.append(f"{count:,} {plural(size.name, count)}")
    if left or not parts:
        parts.append(f"{left:,} {unit}")
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def unit_cost_of(pack_price: Decimal, pack_quantity: int) -> Decimal:
    """The cost of one base unit with four places, half a ten-thousandth up; what ledgers and lots keep."""
    return (pack_price / pack_quantity).quantize(_FOUR_PLACES, rounding=ROUND_HALF_UP)
