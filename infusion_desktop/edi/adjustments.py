"""Adjustments (CAS): why a payer paid another amount than was charged, the same in claims and remittances."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from infusion_desktop.edi.x12 import Segment
from infusion_desktop.money import ZERO


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One reason why a payer paid another amount (CAS): positive lowers the payment, negative raises it."""

    group: str
    reason: str
    amount: Decimal
    quantity: Decimal | None = None


def total(adjustments: Iterable[Adjustment]) -> Decimal:
    """All adjustments together."""
    return sum((adjustment.amount for adjustment in adjustments), ZERO)


def each_adjustment(adjustments: tuple[Adjustment, ...]) -> Iterator[tuple[str, tuple[Adjustment, ...]]]:
    """The adjustments as CAS segments hold them: runs of one group, at most six each."""
    start = 0
    while start < len(adjustments):
        end = start
        while end < len(adjustments) and end - start < 6 and adjustments[end].group == adjustments[start].group:
            end += 1
        yield adjustments[start].group, adjustments[start:end]
        start = end


def read_adjustments(segments: Iterable[Segment]) -> tuple[Adjustment, ...]:
    """The reason, amount and quantity triplets of CAS segments, each with its group."""
    found = []
    for cas in segments:
        group = cas.required(1, "a group such as CO or PR")
        for element in range(2, max(len(cas), 3) + 1, 3):
            if element > 2 and not cas[element] and not cas[element + 1]:
                continue
            reason = cas.required(element, "an adjustment reason code")
            found.append(Adjustment(group, reason, cas.amount(element + 1), cas.number_at(element + 2)))
    return tuple(found)
