"""How much of an item to order, and the sum that says why. Pure: quantities in, quantities and sentences out.

Projected stock = free on hand + on order - what deliveries and therapies take before a new order could be here. When it
falls to the reorder point (or below par, where there is none), it is filled up to par, in whole packs of the vendor.
"""

from dataclasses import dataclass

from infusion_desktop.stock.pack_rules import packs_for, plural


@dataclass(frozen=True, slots=True)
class Position:
    """Where an item stands, in base units."""

    free: int
    """Usable and not reserved."""
    on_order: int = 0
    """Ordered or drafted, and not received."""
    par: int = 0
    reorder_point: int = 0
    """The minimum; 0 for none."""
    most: int = 0
    """Never order above this, except what patients need; 0 for no limit."""
    deliveries: int = 0
    """Wanted by deliveries that are planned and not yet reserved, until a new order could be here."""
    therapies: int = 0
    """Wanted by therapies that go on beyond their planned deliveries, until then."""

    @property
    def projected(self) -> int:
        """What would be left if nothing more were ordered; below zero when patients would go short."""
        return self.free + self.on_order - self.deliveries - self.therapies

    @property
    def target(self) -> int:
        """Up to where an order fills."""
        return max(self.par, self.reorder_point)


@dataclass(frozen=True, slots=True)
class SoldIn:
    """How the vendor sells it."""

    pack_name: str = "each"
    pack_quantity: int = 1
    least_packs: int = 1


@dataclass(frozen=True, slots=True)
class Reorder:
    """What to order; 0 packs when nothing. ``why`` is the sum as a person reads it."""

    packs: int
    units: int
    missing: int
    """Units wanted before rounding to packs."""
    why: str
    is_for_patients: bool = False
    """Without it, planned deliveries or therapies would go short."""


def reorder(position: Position, sold: SoldIn) -> Reorder:
    """What to order of an item now."""
    total = position.target - position.projected
    sum_said = _sum(position, total)
    if not _is_due(position):
        return Reorder(0, 0, 0, _enough(position))
    packs = packs_for(total, sold.pack_quantity, sold.least_packs)
    rounded = _rounded(packs, sold) if sold.pack_quantity > 1 or packs != total else ""
    if position.most and position.projected + packs * sold.pack_quantity > position.most:
        packs, rounded = _within_most(position, sold)
    why = f"{sum_said}, {rounded}" if rounded else sum_said
    return Reorder(packs, packs * sold.pack_quantity, total, why, position.projected < 0)


def _is_due(position: Position) -> bool:
    if position.projected < 0:
        return True
    if position.reorder_point:
        return position.projected <= position.reorder_point and position.projected < position.target
    return position.projected < position.par


def _within_most(position: Position, sold: SoldIn) -> tuple[int, str]:
    """As many packs as fit below the maximum; patients are served first."""
    fits = max(0, (position.most - position.projected) // sold.pack_quantity)
    needed = packs_for(-position.projected, sold.pack_quantity, sold.least_packs)
    packs = max(fits if fits >= sold.least_packs else 0, needed)
    if not packs:
        size = sold.pack_quantity * sold.least_packs
        return 0, f"but {size:,} more would pass the maximum {position.most:,}"
    if packs > fits:
        return packs, f"{_rounded(packs, sold)} above the maximum {position.most:,}, because patients need it"
    return packs, f"{_rounded(packs, sold)} to stay within the maximum {position.most:,}"


def _rounded(packs: int, sold: SoldIn) -> str:
    if sold.pack_quantity == 1:
        return f"so {packs:,}"
    return f"rounded to {packs:,} {plural(sold.pack_name, packs)} of {sold.pack_quantity:,}"


def _sum(position: Position, total: int) -> str:
    level = "par" if position.par >= position.reorder_point else "reorder point"
    plus = [
        (f"needed by deliveries {position.deliveries:,}", position.deliveries),
        (f"by therapies {position.therapies:,}", position.therapies),
        (f"{level} {position.target:,}", position.target),
    ]
    added = " + ".join(text for text, value in plus if value) or "wanted 0"
    less = [f"on hand {position.free:,}"] + ([f"on order {position.on_order:,}"] if position.on_order else [])
    return f"{added} - {' - '.join(less)} = {total:,}"


def _enough(position: Position) -> str:
    start = f"on hand {position.free:,}" + (f" + on order {position.on_order:,}" if position.on_order else "")
    wanted = position.deliveries + position.therapies
    left = f" - needed {wanted:,} = {position.projected:,}" if wanted else ""
    level = position.reorder_point or position.par
    limit = "reorder point" if position.reorder_point else "par"
    return f"{start}{left}: enough" + (f" above {limit} {level:,}" if level else "")
