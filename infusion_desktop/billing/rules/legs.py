"""A therapy on its way to claim lines: its service days with one code, and the pieces ranks and prices make."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from infusion_desktop.billing.rules import day_mask
from infusion_desktop.billing.rules.codes import CodeChoice, CodeTable, choose_code
from infusion_desktop.billing.rules.days import CountedDays, Reason
from infusion_desktop.billing.rules.rule_set import RuleSet
from infusion_desktop.billing.rules.therapy import Authorization, Fee, FeeSchedule, RateBasis, TherapyCourse
from infusion_desktop.dates import Days
from infusion_desktop.values import value


@dataclass(slots=True)
class Leg:
    """One therapy with one code in the period: ``mask`` are the days it still counts for."""

    course: TherapyCourse
    choice: CodeChoice
    mask: int
    basis: RateBasis = RateBasis.PER_DIEM
    doses: dict[int, int] | None = None

    @property
    def code(self) -> str:
        """The code its days are billed with."""
        return self.choice.code

    def units(self, mask: int) -> int:
        """The units of these days: one a day, or the doses."""
        if self.doses is None:
            return mask.bit_count()
        return sum(self.doses[offset] for offset in day_mask.offsets(mask))


@dataclass(slots=True)
class Piece:
    """Days of a leg on which everything a claim line says is the same; ``ahead`` ranked before it."""

    leg: Leg
    mask: int
    rank: int
    ahead: tuple[str, ...] = ()
    modifiers: tuple[str, ...] = ()
    fee: Fee | None = None
    authorization: Authorization | None = None
    held: Reason | None = None
    suite: bool = False

    def with_days(self, mask: int) -> "Piece":
        """The same piece for other days."""
        return Piece(
            self.leg, mask, self.rank, self.ahead, self.modifiers, self.fee, self.authorization, self.held, self.suite
        )


@value
class LeftOut:
    """Days of a therapy that are not billed, as a day set, and why; ``other`` names the therapy or code in the way."""

    course: TherapyCourse
    reason: Reason
    mask: int
    other: str = ""


def legs_of(
    course: TherapyCourse, counted: CountedDays, period: Days, rules: RuleSet, table: CodeTable
) -> Iterable[Leg]:
    """The therapy's service days by code: one leg, or more where a code begins or ends inside the period."""
    remaining = counted.counted
    if remaining and (course.manual_code or course.family not in table.changing(period)):
        choice = choose_code(course, period.first, rules, table)
        yield Leg(course, choice, remaining, counted.basis, counted.doses)
        return
    while remaining:
        choice = choose_code(course, day_mask.day_at(period.first, day_mask.first_of(remaining)), rules, table)
        mask = _while_same(choice, course, remaining, period, rules, table)
        yield Leg(course, choice, mask, counted.basis, counted.doses)
        remaining &= ~mask


def prices(
    leg: Leg, mask: int, modifiers: Sequence[str], fees: FeeSchedule, period: Days
) -> list[tuple[int, Fee | None]]:
    """The contracted prices of these days, in the order of their first day; None where the contract has none."""
    found: list[tuple[int, Fee | None]] = []
    remaining = mask
    for fee in fees.candidates(leg.choice.code, leg.basis):
        if fee.rate_key and fee.rate_key != leg.course.rate_key:
            continue
        if fee.modifiers and not all(each in modifiers for each in fee.modifiers):
            continue
        if hit := remaining & day_mask.between(period, fee.first_on, fee.last_on):
            found.append((hit, fee))
            remaining ^= hit
            if not remaining:
                break
    if remaining:
        found.append((remaining, None))
    return found if len(found) == 1 else _same_price_together(found)


def percent_paid(piece: Piece, rules: RuleSet) -> Decimal:
    """The share of the fee that is paid: the rank's, unless the fee itself names the rank's modifier."""
    if piece.fee and piece.fee.modifiers and any(each in rules.concurrency_modifiers for each in piece.fee.modifiers):
        return Decimal(100)
    return rules.percent_of_rank(piece.rank)


def _same_price_together(found: list[tuple[int, Fee | None]]) -> list[tuple[int, Fee | None]]:
    """A renewed fee at the same price changes nothing on the claim: one entry for each price, by first day."""
    alike: dict[object, tuple[int, Fee | None]] = {}
    for mask, fee in sorted(found, key=lambda priced: day_mask.first_of(priced[0])):
        price = None if fee is None else (fee.rate, fee.charge, fee.modifiers)
        days, first = alike.get(price, (0, fee))
        alike[price] = (days | mask, first)
    return list(alike.values())


def _while_same(
    choice: CodeChoice, course: TherapyCourse, remaining: int, period: Days, rules: RuleSet, table: CodeTable
) -> int:
    mask = 0
    for offset in day_mask.offsets(remaining):
        if choose_code(course, day_mask.day_at(period.first, offset), rules, table).code == choice.code:
            mask |= 1 << offset
    return mask
