"""Claim lines from priced days: where one line ends and the next begins, its amounts, and why it is as it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from infusion_desktop.billing.rules import day_mask
from infusion_desktop.billing.rules.days import Reason
from infusion_desktop.billing.rules.legs import LeftOut, Piece, percent_paid
from infusion_desktop.billing.rules.rule_set import Rounding, RuleSet, SpanPolicy, UnitsVsSpan
from infusion_desktop.billing.rules.therapy import RateBasis
from infusion_desktop.dates import Days, show_day, show_days
from infusion_desktop.money import ZERO, percent_of, show_money, show_percent, to_cents
from infusion_desktop.values import value

_WEEK = 0b1111111
_money = lru_cache(4096)(show_money)
_percent = lru_cache(256)(show_percent)
_share = lru_cache(4096)(percent_of)
_ORDINALS = ("", "first", "second", "third")


@dataclass(frozen=True, slots=True)
class ServiceDay:
    """One day of service with its evidence: therapy, rule version, rank and rate."""

    on: date
    course_id: int
    therapy: str
    code: str
    modifiers: tuple[str, ...]
    units: int
    rank: int
    percent: Decimal
    rate: Decimal | None
    authorization: str
    rules: str


@value
class Line:
    """One claim line. ``rate`` is the contract's full price of a unit (None: the contract has none, amounts are zero).

    ``expected`` is rate x units x the rank's percent; ``charge`` is what the pharmacy bills. ``held`` says why the line
    must wait, "" when it need not.
    """

    course_id: int
    therapy_id: int
    therapy: str
    code: str
    modifiers: tuple[str, ...]
    place_of_service: str
    days: Days
    units: int
    basis: RateBasis
    rank: int
    rate: Decimal | None
    percent: Decimal
    expected: Decimal
    charge: Decimal
    authorization: str
    held: str
    rules: str
    piece: Piece
    mask: int
    period: Days
    left_out: tuple[LeftOut, ...]

    @property
    def rate_after_rank(self) -> Decimal:
        """What the contract pays for one unit at this rank, in whole cents; zero without a contracted price."""
        return ZERO if self.rate is None else _share(self.rate, self.percent)

    @property
    def dates(self) -> tuple[date, ...]:
        """The days of service on this line, in order."""
        return day_mask.days_of(self.period.first, self.mask)

    def service_days(self) -> Iterator[ServiceDay]:
        """Each day on the line with its evidence."""
        for offset in day_mask.offsets(self.mask):
            yield ServiceDay(
                day_mask.day_at(self.period.first, offset), self.course_id, self.therapy, self.code, self.modifiers,
                self.piece.leg.units(1 << offset), self.rank, self.percent, self.rate, self.authorization, self.rules,
            )  # fmt: skip

    @property
    def sentences(self) -> tuple[str, ...]:
        """Why this code, these units, this rank and this rate, as a biller reads it."""
        piece = self.piece
        course = piece.leg.course
        stop = f"through {show_day(course.stop_on)}" if course.stop_on else "with no end yet"
        found = [
            f"{self.therapy} (therapy {self.therapy_id}) runs from {show_day(course.start_on)} {stop}.",
            f"Counted by the payer rules {self.rules}.",
            _units_sentence(self),
        ]
        found += [_left_out_sentence(each, self.period) for each in self.left_out]
        found += (f"{piece.leg.choice.reason}.", _rank_sentence(self))
        if piece.suite:
            found.append(f"Given in the infusion suite: place of service {self.place_of_service}.")
        found.append(_rate_sentence(self))
        if self.authorization:
            found.append(f"Uses authorization {self.authorization}.")
        if self.held:
            found.append(f"The line waits: {self.held}.")
        return tuple(found)


def lines_of(
    piece: Piece, bridge: int, left_out: tuple[LeftOut, ...], period: Days, rules: RuleSet, label: str
) -> Iterator[Line]:
    """The claim lines of a piece; days in ``bridge`` have no infusion and may lie inside a spanned line."""
    leg, fee = piece.leg, piece.fee
    course = leg.course
    percent = percent_paid(piece, rules)
    rate = fee.rate if fee else None
    price = ZERO if fee is None else fee.rate if fee.charge is None else fee.charge
    number = piece.authorization.number if piece.authorization else ""
    held = piece.held.value if piece.held else ""
    place = rules.suite_place_of_service if piece.suite else rules.place_of_service
    for mask in spans(piece.mask, bridge, period, rules):
        units = leg.units(mask)
        yield Line(
            course.id, course.order, course.label, leg.choice.code, piece.modifiers, place,
            day_mask.span_of(period.first, mask), units, leg.basis, piece.rank, rate, percent,
            expected_amount(rate, units, percent, rules.rounding), _charge(price, units),
            number, held, label, piece, mask, period, left_out,
        )  # fmt: skip


@lru_cache(4096)
def _charge(price: Decimal, units: int) -> Decimal:
    return to_cents(price * units)


@lru_cache(4096)
def expected_amount(rate: Decimal | None, units: int, percent: Decimal, rounding: Rounding) -> Decimal:
    """What the contract pays for these units, rounded to cents once: at the unit's price or at the line."""
    if rate is None:
        return ZERO
    if rounding is Rounding.PER_UNIT:
        return _share(rate, percent) * units
    return _share(rate * units, percent)


def spans(mask: int, bridge: int, period: Days, rules: RuleSet) -> list[int]:
    """The days cut into lines by the contract's span policy and its rule for fewer units than days."""
    parts = _by_policy(mask, bridge, period, rules.span_policy)
    if rules.units_vs_span is not UnitsVsSpan.LINE_PER_DATE:
        return parts
    cut: list[int] = []
    for part in parts:
        thin = part.bit_length() - day_mask.first_of(part) > part.bit_count()
        cut += day_mask.each_of(part) if thin else (part,)
    return cut


def _by_policy(mask: int, bridge: int, period: Days, policy: SpanPolicy) -> list[int]:
    if policy is SpanPolicy.CALENDAR_MONTH:
        months = day_mask.months(period)
        return [part for _, days in months for part in _stretches(mask & days, bridge & days)]
    if policy is SpanPolicy.DAILY:
        return list(day_mask.each_of(mask))
    if policy is SpanPolicy.CONTIGUOUS_RUNS:
        return list(day_mask.runs(mask))
    if policy is SpanPolicy.MAX7:
        return [week for stretch in _stretches(mask, bridge) for week in _weeks(stretch)]
    return _stretches(mask, bridge)


def _stretches(mask: int, bridge: int) -> list[int]:
    """Runs of service days, joined over days without infusion but not over hospital, holds or other lines."""
    if day_mask.is_unbroken(mask):
        return [mask]
    return [part for run in day_mask.runs(mask | bridge) if (part := run & mask)]


def _weeks(mask: int) -> Iterator[int]:
    while mask:
        week = mask & (_WEEK << day_mask.first_of(mask))
        yield week
        mask ^= week


def _left_out_sentence(each: LeftOut, period: Days) -> str:
    days = ", ".join([_show_span(run, period) for run in day_mask.runs(each.mask)])
    return f"Not counted: {days}: {each.reason.value}{f' ({each.other})' if each.other else ''}."


def _units_sentence(line: Line) -> str:
    if line.basis is RateBasis.PER_DIEM:
        days = "day" if line.units == 1 else "days"
        return f"{line.units} service {days} in {show_days(line.days)}, one unit a day."
    return f"{line.units} units in {show_days(line.days)}, billed {line.basis.words}."


def _rank_sentence(line: Line) -> str:
    worn = f" and wears {' '.join(line.modifiers)}" if line.modifiers else " and wears no modifier"
    if line.rank == 0:
        return f"It takes no rank among the day's therapies{worn}."
    rank = _ORDINALS[line.rank] if line.rank < len(_ORDINALS) else f"number {line.rank}"
    after = f", after {', '.join(line.piece.ahead)}" if line.piece.ahead else ""
    return f"It ranks {rank} of the therapies on these days{after}{worn}."


def _rate_sentence(line: Line) -> str:
    if line.rate is None:
        return f"The contract has no {line.basis.words} price for {line.code} on these days."
    paid, percent = _money(line.rate), _percent(line.percent)
    return (
        f"The contract pays {paid} {line.basis.words} at {percent} percent: "
        f"{line.units} x {paid} x {percent}% = {_money(line.expected)}."
    )


def _show_span(mask: int, period: Days) -> str:
    days = day_mask.span_of(period.first, mask)
    return show_day(days.first) if len(days) == 1 else show_days(days)


NOTHING_GIVEN = frozenset((Reason.NO_INFUSION, Reason.NOT_ELAPSED, Reason.NOT_DISPENSED))
