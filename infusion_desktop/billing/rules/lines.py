"""Claim lines from priced days: where one line ends and the next begins, its amounts, and why it is as it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

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
_cents = lru_cache(4096)(to_cents)
_ORDINALS = ("", "first", "second", "third")


class TraceRow(NamedTuple):
    """One reason behind a claim line: what it is about, and the sentence a biller reads."""

    topic: str
    sentence: str


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
    def trace(self) -> tuple[TraceRow, ...]:
        """Why this code, these units, this rank and this rate."""
        return tuple([TraceRow(topic, sentence) for topic, sentence in _trace(self)])

    @property
    def sentences(self) -> tuple[str, ...]:
        """The trace, its sentences alone."""
        return tuple([sentence for _, sentence in _trace(self)])


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
            expected_amount(rate, units, percent, rules.rounding), _cents(price * units),
            number, held, label, piece, mask, period, left_out,
        )  # fmt: skip


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
    if policy is SpanPolicy.DAILY:
        return list(day_mask.each_of(mask))
    if policy is SpanPolicy.CONTIGUOUS_RUNS:
        return list(day_mask.runs(mask))
    if policy is SpanPolicy.CALENDAR_MONTH:
        months = day_mask.months(period)
        return [part for _, days in months for part in _stretches(mask & days, bridge & days)]
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


def _trace(line: Line) -> list[tuple[str, str]]:
    piece = line.piece
    course = piece.leg.course
    stop = f"through {show_day(course.stop_on)}" if course.stop_on else "with no end yet"
    runs = f"{line.therapy} (therapy {line.therapy_id}) runs from {show_day(course.start_on)} {stop}."
    return [
        ("therapy", runs),
        ("rules", f"Counted by the payer rules {line.rules}."),
        ("units", _units_sentence(line)),
        *[("left out", _left_out_sentence(each, line.period)) for each in line.left_out],
        ("code", f"{piece.leg.choice.reason}."),
        ("rank", _rank_sentence(line)),
        *([("place", _suite_sentence(line))] if piece.suite else ()),
        ("rate", _rate_sentence(line)),
        *([("authorization", f"Uses authorization {line.authorization}.")] if line.authorization else ()),
        *([("held", f"The line waits: {line.held}.")] if line.held else ()),
    ]


def _left_out_sentence(each: LeftOut, period: Days) -> str:
    days = ", ".join([_show_span(run, period) for run in day_mask.runs(each.mask)])
    return f"Not counted: {days}: {each.reason.value}{f' ({each.other})' if each.other else ''}."


def _suite_sentence(line: Line) -> str:
    return f"Given in the infusion suite: place of service {line.place_of_service}."


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
