"""Margin per therapy day: what the per diem brings against what the day costs. Pure: plain values in and out."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from statistics import median

_CENT = Decimal("0.01")
_ZERO = Decimal(0)
UNUSUAL = Decimal("1.5")
"""From how many times the usual of its kind a cost is named as the reason."""


@dataclass(frozen=True, slots=True)
class Margin:
    """Days, income and costs of one therapy (or of several added up) in a period; amounts in dollars, not rounded."""

    therapy: str
    patient: str
    payer: str
    template: str
    kind: str
    """The therapy's class: what is usual is told from those of one class."""
    days: Decimal = _ZERO
    """Per-diem units counted."""
    per_diem: Decimal = _ZERO
    supplies: Decimal = _ZERO
    equipment: Decimal = _ZERO
    delivery: Decimal = _ZERO
    reason: str = ""
    therapy_id: int = 0

    @property
    def cost(self) -> Decimal:
        return self.supplies + self.equipment + self.delivery

    @property
    def margin(self) -> Decimal:
        return self.per_diem - self.cost

    @property
    def per_day(self) -> Decimal | None:
        """Margin of a therapy day, in cents; None where no day was counted."""
        return (self.margin / self.days).quantize(_CENT, ROUND_HALF_UP) if self.days else None


PARTS = ("supplies", "equipment", "delivery")


def share(amount: Decimal, part: int, whole: int) -> Decimal:
    """What falls on ``part`` of ``whole`` days, unrounded."""
    return amount * part / whole if whole else _ZERO


def with_reasons(rows: Sequence[Margin]) -> tuple[Margin, ...]:
    """The rows, the lowest margin a day first, each with what makes it unusual among its kind."""
    usual: dict[tuple[str, str], Decimal] = {}
    by_kind: dict[str, list[Margin]] = defaultdict(list)
    for row in rows:
        if row.days:
            by_kind[row.kind].append(row)
    for kind, of_kind in by_kind.items():
        for part in (*PARTS, "per_diem"):
            usual[kind, part] = median(getattr(row, part) / row.days for row in of_kind)
    found = [replace(row, reason=reason) if (reason := _reason(row, usual)) else row for row in rows]
    return tuple(sorted(found, key=_worst_first))


def _worst_first(row: Margin) -> tuple[int, Decimal, str]:
    return (0, row.margin, row.therapy) if row.per_day is None else (1, row.per_day, row.therapy)


def _reason(row: Margin, usual: dict[tuple[str, str], Decimal]) -> str:
    if not row.days:
        return "Costs, and no day was counted." if row.cost else ""
    worst, most = "", UNUSUAL
    for part in PARTS:
        a_day, normal = getattr(row, part) / row.days, usual[row.kind, part]
        if normal and a_day / normal >= most:
            worst, most = part, a_day / normal
    if worst:
        a_day, normal = getattr(row, worst) / row.days, usual[row.kind, worst]
        return f"{worst.capitalize()} ${_shown(a_day)} a day; usual for {row.kind} is ${_shown(normal)}."
    income, normal = row.per_diem / row.days, usual[row.kind, "per_diem"]
    if normal and income * UNUSUAL <= normal:
        return f"Per diem ${_shown(income)} a day; usual for {row.kind} is ${_shown(normal)}."
    return "Costs more than it brings." if row.margin < 0 else ""


def together(rows: Iterable[Margin], name: Callable[[Margin], str]) -> tuple[Margin, ...]:
    """The rows added up by a name, the lowest margin a day first; the reason says how many of them lose money."""
    members: dict[str, list[Margin]] = defaultdict(list)
    for row in rows:
        members[name(row)].append(row)
    return tuple(sorted((_sum(key, of_it) for key, of_it in members.items()), key=_worst_first))


def _sum(name: str, rows: Sequence[Margin]) -> Margin:
    losing = sum(row.margin < 0 for row in rows)
    total = {part: sum((getattr(row, part) for row in rows), _ZERO) for part in ("days", "per_diem", *PARTS)}
    reason = rows[0].reason if len(rows) == 1 else (
        f"{losing} of {len(rows)} therapies cost more than they bring." if losing else ""
    )  # fmt: skip
    return replace(rows[0], therapy=name, reason=reason, **total)  # type: ignore[arg-type]  # the names are fields


def all_together(rows: Iterable[Margin]) -> Margin:
    """One row for everything."""
    found = together(rows, lambda _row: "All")
    return found[0] if found else Margin("All", "", "", "", "")


def _shown(amount: Decimal) -> str:
    return f"{amount.quantize(_CENT, ROUND_HALF_UP):,}"
