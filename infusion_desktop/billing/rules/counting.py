"""Count a patient's period: service days, ranks, claim lines, what was left out, and what a biller should look at."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

from infusion_desktop.billing.rules import day_mask
from infusion_desktop.billing.rules.codes import CodeTable
from infusion_desktop.billing.rules.conflicts import give_way
from infusion_desktop.billing.rules.days import Reason, count_days, days_paused
from infusion_desktop.billing.rules.legs import LeftOut, Leg, Piece, legs_of, prices
from infusion_desktop.billing.rules.limits import AuthorizationUse, authorize, cap_days, cap_months
from infusion_desktop.billing.rules.lines import NOTHING_GIVEN, Line, ServiceDay, lines_of
from infusion_desktop.billing.rules.ranking import rank_days
from infusion_desktop.billing.rules.rule_set import RuleSet, SpanPolicy
from infusion_desktop.billing.rules.therapy import Authorization, FeeSchedule, Interruption, RateBasis, TherapyCourse
from infusion_desktop.dates import Days, show_day, show_days
from infusion_desktop.errors import Refused

MOST_MODIFIERS = 4
NOTHING_BEFORE: Mapping[tuple[str, date], int] = {}


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Unbroken days of a therapy that are not billed, and why."""

    course_id: int
    therapy: str
    days: Days
    reason: Reason
    other: str = ""

    @property
    def sentence(self) -> str:
        """The exclusion as a biller reads it."""
        when = show_day(self.days.first) if len(self.days) == 1 else show_days(self.days)
        return f"{self.therapy}, {when}: {self.reason.value}{f' ({self.other})' if self.other else ''}."


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a biller should look at before the claim leaves."""

    code: str
    sentence: str
    course_id: int | None = None


@dataclass(unsafe_hash=True)
class PeriodResult:
    """What was counted for one patient and period; everything in a fixed order."""

    period: Days
    rules: str
    lines: tuple[Line, ...]
    left_out: tuple[tuple[Days, LeftOut], ...]
    authorization_uses: tuple[AuthorizationUse, ...]
    notices: tuple[Notice, ...]

    @cached_property
    def service_days(self) -> tuple[ServiceDay, ...]:
        """Each billed day of each therapy, by day, rank and therapy."""
        days = (day for line in self.lines for day in line.service_days())
        return tuple(sorted(days, key=lambda day: (day.on, day.rank, day.course_id, day.code)))

    @cached_property
    def exclusions(self) -> tuple[Exclusion, ...]:
        """Each stretch of days that is not billed, by day and therapy."""
        if not self.left_out:
            return ()
        found = (
            Exclusion(each.course.id, each.course.label, day_mask.span_of(period.first, run), each.reason, each.other)
            for period, each in self.left_out
            for run in day_mask.runs(each.mask)
        )
        return tuple(sorted(found, key=lambda each: (each.days.first, each.course_id, each.reason.name)))

    def units_of(self, course_id: int) -> int:
        """All units billed for one therapy."""
        return sum(line.units for line in self.lines if line.course_id == course_id)


@dataclass(slots=True)
class Count:
    """One patient's therapies in a period, under one version of one payer's rules, on their way to claim lines.

    ``units_before`` has, by code and first day of the month, the units that other counts already took (monthly maxima).
    """

    period: Days
    courses: Sequence[TherapyCourse]
    interruptions: Sequence[Interruption]
    rules: RuleSet
    fees: FeeSchedule
    authorizations: Sequence[Authorization]
    codes: CodeTable
    units_before: Mapping[tuple[str, date], int]
    legs: list[Leg] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    bridges: dict[int, int] = field(default_factory=dict)
    """Days without infusion by therapy: a line may span them."""
    uses: list[AuthorizationUse] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def result(self) -> PeriodResult:
        """What it came to when every step was taken."""
        return PeriodResult(
            self.period, self.rules.label, tuple(self.lines), tuple([(self.period, each) for each in self.left_out]),
            tuple(self.uses), tuple(self.notices),
        )  # fmt: skip


def count_together(counts: Sequence[Count]) -> list[PeriodResult]:
    """The per-diem lines of many patients: each step is taken for all of them before the next one begins.

    That is a quarter less work for a processor than one patient after the other. The same data gives the same result
    whatever stands beside it, and whatever the order of its sequences.
    """
    for step in _STEPS:
        for each in counts:
            step(each)
    return [each.result() for each in counts]


def count_period(
    period: Days,
    courses: Sequence[TherapyCourse],
    interruptions: Sequence[Interruption],
    rules: RuleSet,
    fees: FeeSchedule,
    authorizations: Sequence[Authorization] = (),
    *,
    codes: CodeTable,
    units_before: Mapping[tuple[str, date], int] = NOTHING_BEFORE,
) -> PeriodResult:
    """The same of one patient."""
    one = Count(period, courses, interruptions, rules, fees, authorizations, codes, units_before)
    return count_together([one])[0]


def count_versions(
    versions: Sequence[tuple[Days, RuleSet, FeeSchedule]],
    courses: Sequence[TherapyCourse],
    interruptions: Sequence[Interruption],
    authorizations: Sequence[Authorization] = (),
    *,
    codes: CodeTable,
    units_before: Mapping[tuple[str, date], int] = NOTHING_BEFORE,
) -> PeriodResult:
    """A period in which the rules change: each part by its version, monthly and authorized units carried on."""
    if not versions:
        raise Refused("The payer has no billing rules for these days. Enter them in the payer contract.")
    if len(versions) == 1:
        [(days, rules, fees)] = versions
        return count_period(
            days, courses, interruptions, rules, fees, authorizations, codes=codes, units_before=units_before
        )
    parts = []
    taken = dict(units_before)
    permissions = list(authorizations)
    for days, rules, fees in sorted(versions, key=lambda version: version[0]):
        part = count_period(days, courses, interruptions, rules, fees, permissions, codes=codes, units_before=taken)
        for day in part.service_days:
            month = (day.code, day.on.replace(day=1))
            taken[month] = taken.get(month, 0) + day.units
        used = {id(use.authorization): use.taken for use in part.authorization_uses}
        permissions = [replace(each, used=each.used + used.get(id(each), 0)) for each in permissions]
        parts.append(part)
    return PeriodResult(
        Days(parts[0].period.first, parts[-1].period.last),
        ", ".join(dict.fromkeys(part.rules for part in parts)),
        tuple(line for part in parts for line in part.lines),
        tuple(each for part in parts for each in part.left_out),
        tuple(use for part in parts for use in part.authorization_uses),
        tuple(dict.fromkeys(notice for part in parts for notice in part.notices)),
    )


def _find_days(count: Count) -> None:
    """The service days of each therapy by code, and why the others are none."""
    period, rules, courses = count.period, count.rules, count.courses
    pauses = count.interruptions
    paused = days_paused(period, sorted(pauses, key=_pause_order), rules) if pauses else ()
    for course in sorted(courses, key=_course_order) if len(courses) > 1 else courses:
        counted = count_days(course, period, paused, rules)
        if counted is None:
            continue
        for reason, mask in counted.left_out:
            count.left_out.append(LeftOut(course, reason, mask))
        if counted.note:
            count.notices.append(Notice("SCHEDULED_HOURS", counted.note, course.id))
        for leg in legs_of(course, counted, period, rules, count.codes):
            count.legs.append(leg)
            if leg.choice.note:
                count.notices.append(Notice("CODE", leg.choice.note, course.id))


def _leave_out(count: Count) -> None:
    """The days that the contract does not price, and those that give way to another therapy."""
    count.left_out += _without_contract(count.legs, count.period, count.fees)
    if count.left_out:
        count.bridges = {each.course.id: each.mask for each in count.left_out if each.reason in NOTHING_GIVEN}
    if len(count.legs) > 1:
        count.left_out += give_way(count.legs, count.period, count.rules, count.fees)


def _rank(count: Count) -> None:
    count.pieces = rank_days(count.legs, count.period, count.rules, count.fees)


def _price(count: Count) -> None:
    count.pieces = _priced(count.pieces, count.period, count.rules, count.fees)


def _cap(count: Count) -> None:
    pieces = count.pieces
    if len(pieces) > 1:
        pieces.sort(key=_piece_order)
        count.left_out += cap_days(pieces, count.rules)
    count.left_out += cap_months(pieces, count.period, count.rules, count.units_before)


def _authorize(count: Count) -> None:
    pieces = [piece for piece in count.pieces if piece.mask]
    count.pieces, unauthorized, count.uses = authorize(pieces, count.authorizations, count.period, count.rules)
    count.left_out += unauthorized


def _cut(count: Count) -> None:
    """The pieces into claim lines, in their order."""
    of_course: dict[int, tuple[LeftOut, ...]] = {}
    for each in count.left_out:
        of_course[each.course.id] = (*of_course.get(each.course.id, ()), each)
    label, lines = count.rules.label, count.lines
    for piece in count.pieces:
        course_id = piece.leg.course.id
        bridge, left_out = count.bridges.get(course_id, 0), of_course.get(course_id, ())
        lines += lines_of(piece, bridge, left_out, count.period, count.rules, label)
    if len(lines) > 1:
        lines.sort(key=_line_order)


def _notice(count: Count) -> None:
    count.notices += _notices(count.lines, count.left_out, count.uses, count.rules)


_STEPS = (_find_days, _leave_out, _rank, _price, _cap, _authorize, _cut, _notice)


def _without_contract(legs: Sequence[Leg], period: Days, fees: FeeSchedule) -> list[LeftOut]:
    """A therapy over the longest interval is billed by the infusion or dispense only where the contract prices that."""
    found = []
    for leg in legs:
        if leg.basis is RateBasis.PER_INFUSION or leg.basis is RateBasis.PER_DISPENSE:
            worn = leg.course.extra_modifiers
            if unpriced := sum(mask for mask, fee in prices(leg, leg.mask, worn, fees, period) if fee is None):
                leg.mask ^= unpriced
                found.append(LeftOut(leg.course, Reason.OVER_INTERVAL, unpriced))
    return found


def _course_order(course: TherapyCourse) -> tuple[date, int]:
    return course.begun_on, course.id


def _pause_order(pause: Interruption) -> tuple[str, date, date, int]:
    return pause.kind.value, pause.first_on, pause.last_on or date.max, pause.course_id or 0


def _piece_order(piece: Piece) -> tuple[int, date, int, int]:
    return piece.rank, piece.leg.course.begun_on, piece.leg.course.id, day_mask.first_of(piece.mask)


def _priced(ranked: Sequence[Piece], period: Days, rules: RuleSet, fees: FeeSchedule) -> list[Piece]:
    """The ranked days with modifiers and price, cut where the suite or the price changes them."""
    pieces = []
    tells = bool(rules.suite_modifier) or rules.suite_place_of_service != rules.place_of_service
    for piece in ranked:
        course = piece.leg.course
        suite = piece.mask & day_mask.of_days(period, course.suite_days) if tells and course.suite_days else 0
        for mask, in_suite in ((piece.mask & ~suite, False), (suite, True)):
            if not mask:
                continue
            modifiers = modifiers_for(course, piece.rank, in_suite, rules)
            for days, fee in prices(piece.leg, mask, modifiers, fees, period):
                pieces.append(Piece(piece.leg, days, piece.rank, piece.ahead, modifiers, fee, suite=in_suite))
    return pieces


def modifiers_for(course: TherapyCourse, rank: int, in_suite: bool, rules: RuleSet) -> tuple[str, ...]:
    """The modifiers of a day in the contract's order: pricing first (SH, SJ), then SS, then 59, then others."""
    worn = rules.modifiers_of_rank(rank) + course.extra_modifiers
    if in_suite and rules.suite_modifier:
        worn += (rules.suite_modifier,)
    if len(worn) < 2:
        return worn
    order = rules.modifier_order
    unique = dict.fromkeys(worn)
    return tuple(sorted(unique, key=lambda each: order.index(each) if each in order else len(order)))


def _line_order(line: Line) -> tuple[object, ...]:
    return (
        line.days.first,
        line.rank,
        line.piece.leg.course.begun_on,
        line.course_id,
        line.days.last,
        line.authorization,
    )


def _notices(
    lines: Sequence[Line], left_out: Sequence[LeftOut], uses: Sequence[AuthorizationUse], rules: RuleSet
) -> Iterator[Notice]:
    for code, therapy, course_id in dict.fromkeys([
        (line.code, line.therapy, line.course_id) for line in lines if line.rate is None
    ]):  # fmt: skip
        yield Notice("NO_PRICE", f"The contract has no price for {code} ({therapy}). Enter its fee.", course_id)
    for line in lines:
        if len(line.modifiers) > MOST_MODIFIERS:
            yield Notice("MODIFIERS", f"{line.code} has more than four modifiers. Drop one.", line.course_id)
        if line.held:
            yield Notice("HELD", f"{line.code}, {show_days(line.days)}, waits: {line.held}.", line.course_id)
    for each in left_out:
        if each.reason is Reason.CODE_CONFLICT:
            sentence = f"{each.course.label} is left out on some days: its code may not stand beside {each.other}."
            yield Notice("CODE_CONFLICT", sentence, each.course.id)
    yield from _authorization_notices(uses, rules)
    if rules.span_policy is SpanPolicy.EPISODE_MIN7:
        yield from _short_lines(lines)


def _authorization_notices(uses: Sequence[AuthorizationUse], rules: RuleSet) -> Iterator[Notice]:
    for use in uses:
        if use.percent is None or not use.taken:
            continue
        number, units = use.authorization.number, use.authorization.units
        if use.percent >= 100:
            yield Notice("AUTHORIZATION_USED_UP", f"Authorization {number} is used up ({units} units). Ask for more.")
        elif use.percent >= rules.authorization_warning_percent:
            sentence = f"Authorization {number} is {use.percent} percent used: {use.left} of {units} units are left."
            yield Notice("AUTHORIZATION_LOW", sentence)


def _short_lines(lines: Sequence[Line]) -> Iterator[Notice]:
    """A payer that wants at least seven days a line gets a shorter one only from a shorter episode (Idaho)."""
    for line in lines:
        whole = sum(each.units for each in lines if each.course_id == line.course_id)
        if len(line.days) < 7 <= whole:
            sentence = f"{line.code}, {show_days(line.days)}, spans fewer than the seven days this payer asks for."
            yield Notice("SHORT_LINE", sentence, line.course_id)
