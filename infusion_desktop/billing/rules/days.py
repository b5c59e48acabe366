"""Which days of a therapy are service days, and why the others are not."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from enum import Enum

from infusion_desktop.billing.rules import day_mask
from infusion_desktop.billing.rules.rule_set import (
    BillingModel,
    DayBasis,
    ElapsedRounding,
    OverInterval,
    RuleSet,
    RunDays,
)
from infusion_desktop.billing.rules.therapy import Infusion, Interruption, InterruptionKind, RateBasis, TherapyCourse
from infusion_desktop.dates import Days
from infusion_desktop.values import value

DAY_HOURS = 24
_DAY = timedelta(days=1)


class Reason(Enum):
    """Why a day of a therapy is not a service day; the value is how a biller reads it."""

    START_DAY = "the contract does not count the first day"
    END_DAY = "the contract does not count the last day"
    ADMITTED = "admitted to hospital"
    INPATIENT = "in hospital"
    DISCHARGED = "discharged from hospital"
    HOLD = "therapy on hold"
    PAUSED = "therapy interrupted"
    SUITE = "given in the infusion suite, which the contract does not count"
    NO_INFUSION = "nothing was infused this day"
    NOT_ELAPSED = "no 24 hours of infusion belong to this day"
    NOT_DISPENSED = "nothing was dispensed this day"
    OVER_INTERVAL = "dosed less often than the contract's longest per-diem interval"
    SUPPLY_CODES = "the contract pays this therapy by supply codes, not by the day"
    SAME_ORDER = "a newer version of the same order counts this day"
    CODE_CONFLICT = "its code may not stand beside that of another therapy this day"
    COVERED = "another therapy's per diem covers catheter care this day"
    OVER_DAY_MAXIMUM = "over the most units the contract pays a day for this code"
    OVER_MONTH_MAXIMUM = "over the most units the contract pays a month for this code"
    NOT_AUTHORIZED = "no authorization covers this day"
    AUTHORIZATION_USED_UP = "the authorization is used up"


@value
class CountedDays:
    """A therapy's days in a period: ``counted`` are service days, ``left_out`` the others by reason, all as day sets.

    ``doses`` has the units of days for bases other than the per diem (day number to units); None is one unit a day.
    """

    counted: int
    left_out: tuple[tuple[Reason, int], ...] = ()
    basis: RateBasis = RateBasis.PER_DIEM
    doses: dict[int, int] | None = None
    note: str = ""


def days_paused(
    period: Days, interruptions: Iterable[Interruption], rules: RuleSet
) -> list[tuple[int | None, tuple[tuple[Reason, int], ...]]]:
    """Which days of the period each interruption takes, with its therapy (None: all of them)."""
    pauses = ((pause.course_id, tuple(_taken(period, pause, rules))) for pause in interruptions)
    return [(course_id, taken) for course_id, taken in pauses if taken]


def count_days(
    course: TherapyCourse,
    period: Days,
    paused: Iterable[tuple[int | None, tuple[tuple[Reason, int], ...]]],
    rules: RuleSet,
) -> CountedDays | None:
    """The service days of a therapy in a period, or None when it does not run in it.

    Every day from the start through the stop is either counted or left out for exactly one reason.
    """
    running = day_mask.between(period, course.start_on, course.stop_on)
    if not running:
        return None
    model = rules.model_for(course.family)
    if model is BillingModel.SUPPLY_CODES:
        return CountedDays(0, ((Reason.SUPPLY_CODES, running),))
    interval = course.interval_hours
    over = interval is not None and interval > rules.max_interval_hours
    if over and rules.over_interval is OverInterval.NOT_BILLED:
        return CountedDays(0, ((Reason.OVER_INTERVAL, running),))
    left_out: list[tuple[Reason, int]] = []
    remaining = running
    for reason, days in _always_left_out(course, period, paused, rules):
        if hit := remaining & days:
            left_out.append((reason, hit))
            remaining ^= hit
    if over:
        return _by_occasion(course, period, remaining, left_out, rules)
    if model is BillingModel.PER_DOSE:
        return _by_dose(course, period, remaining, left_out, RateBasis.PER_DOSE)
    return _by_day(course, period, remaining, left_out, rules)


def _by_day(
    course: TherapyCourse, period: Days, remaining: int, left_out: list[tuple[Reason, int]], rules: RuleSet
) -> CountedDays:
    if rules.day_basis is DayBasis.ACCESS or not remaining:
        return CountedDays(remaining, tuple(left_out))
    if rules.day_basis is DayBasis.INFUSION_DAY:
        wanted = infusion_days(course, period, rules)
        if missed := remaining & ~wanted:
            left_out.append((Reason.NO_INFUSION, missed))
        return CountedDays(remaining & wanted, tuple(left_out))
    wanted = elapsed_days(course, period, rules.elapsed_rounding)
    if missed := remaining & ~wanted:
        left_out.append((Reason.NOT_ELAPSED, missed))
    note = ""
    if course.infusions is None:
        note = f"{course.label} has no recorded infusion times: its hours follow the ordered schedule."
    return CountedDays(remaining & wanted, tuple(left_out), note=note)


def _by_occasion(
    course: TherapyCourse, period: Days, remaining: int, left_out: list[tuple[Reason, int]], rules: RuleSet
) -> CountedDays:
    """A therapy over the longest interval: no per diem, but a unit each time, if the contract prices that."""
    if rules.over_interval is OverInterval.PER_INFUSION:
        return _by_dose(course, period, remaining, left_out, RateBasis.PER_INFUSION)
    doses: dict[int, int] = {}
    for day in course.dispensed_on:
        _add_dose(doses, period, day, remaining)
    return _with_doses(doses, remaining, left_out, RateBasis.PER_DISPENSE, Reason.NOT_DISPENSED)


def _by_dose(
    course: TherapyCourse, period: Days, remaining: int, left_out: list[tuple[Reason, int]], basis: RateBasis
) -> CountedDays:
    doses: dict[int, int] = {}
    for infusion in infusions_of(course, period):
        _add_dose(doses, period, infusion.starts_at.date(), remaining)
    return _with_doses(doses, remaining, left_out, basis, Reason.NO_INFUSION)


def _add_dose(doses: dict[int, int], period: Days, day: date, remaining: int) -> None:
    offset = (day - period.first).days
    if offset >= 0 and remaining >> offset & 1:
        doses[offset] = doses.get(offset, 0) + 1


def _with_doses(
    doses: dict[int, int], remaining: int, left_out: list[tuple[Reason, int]], basis: RateBasis, reason: Reason
) -> CountedDays:
    counted = sum(1 << offset for offset in doses)
    if missed := remaining & ~counted:
        left_out.append((reason, missed))
    return CountedDays(counted, tuple(left_out), basis, doses)


def infusion_days(course: TherapyCourse, period: Days, rules: RuleSet) -> int:
    """The days on which something was infused (Texas adds nursing visits), within the period."""
    visits = day_mask.of_days(period, course.nursing_days) if rules.nursing_visit_is_infusion_day else 0
    if _every_day(course):
        return visits | day_mask.between(period, course.start_on, course.stop_on)
    mask = visits
    for infusion in infusions_of(course, period):
        mask |= day_mask.between(period, infusion.starts_at.date(), _last_day(infusion, rules.run_days))
    return mask


def elapsed_days(course: TherapyCourse, period: Days, rounding: ElapsedRounding) -> int:
    """The days that 24-hour blocks of infusion begin on, within the period.

    A run counts whole 24-hour blocks but at least one, or every block begun (North Carolina: a run of more than 24 and
    less than 48 hours is one per diem). Block n belongs to the day on which n times 24 hours of the run are over.
    """
    if _every_day(course):
        return day_mask.between(period, course.start_on, course.stop_on)
    mask = 0
    for infusion in infusions_of(course, period):
        length = timedelta() if infusion.ends_at is None else infusion.ends_at - infusion.starts_at
        whole, rest = divmod(length, _DAY)
        blocks = whole + (1 if rounding is ElapsedRounding.CEIL and rest else 0)
        first = infusion.starts_at.date()
        mask |= day_mask.between(period, first, first + (max(1, blocks) - 1) * _DAY)
    return mask


def infusions_of(course: TherapyCourse, period: Days) -> Iterator[Infusion]:
    """What was given: the record, or without one the ordered schedule, as far as it can touch the period."""
    if course.infusions is not None:
        yield from course.infusions
        return
    step = timedelta(hours=float(course.interval_hours or DAY_HOURS))
    length = timedelta(hours=float(course.run_hours)) if course.run_hours is not None else None
    first = datetime.combine(course.start_on, time(course.start_hour))
    last = period.last if course.stop_on is None else min(period.last, course.stop_on)
    early = datetime.combine(period.first, time()) - (length or timedelta())
    number = max(0, (early - first) // step)
    while (start := first + number * step).date() <= last:
        yield Infusion(start, None if length is None else start + length)
        number += 1


def _every_day(course: TherapyCourse) -> bool:
    """Whether the ordered schedule, without a record, has a dose on each calendar day."""
    return course.infusions is None and (course.interval_hours is None or course.interval_hours <= DAY_HOURS)


def _last_day(infusion: Infusion, run_days: RunDays) -> date:
    first = infusion.starts_at.date()
    if infusion.ends_at is None or infusion.ends_at <= infusion.starts_at or run_days is RunDays.STARTED:
        return first
    if run_days is RunDays.CONTINUOUS_TOUCHED and infusion.ends_at - infusion.starts_at < _DAY:
        return first
    return (infusion.ends_at - timedelta(microseconds=1)).date()


def _always_left_out(
    course: TherapyCourse,
    period: Days,
    paused: Iterable[tuple[int | None, tuple[tuple[Reason, int], ...]]],
    rules: RuleSet,
) -> Iterator[tuple[Reason, int]]:
    """What takes days whatever the day basis; hours of infusion know no first and last day."""
    for course_id, taken in paused:
        if course_id is None or course_id == course.id:
            yield from taken
    if rules.day_basis is not DayBasis.ELAPSED_24H:
        if not rules.count_start_day:
            yield Reason.START_DAY, day_mask.between(period, course.begun_on, course.begun_on)
        if not rules.count_end_day and course.stop_on is not None and not course.goes_on:
            yield Reason.END_DAY, day_mask.between(period, course.stop_on, course.stop_on)
    if course.suite_days and not rules.count_suite_days:
        yield Reason.SUITE, day_mask.of_days(period, course.suite_days)


def _taken(period: Days, pause: Interruption, rules: RuleSet) -> Iterator[tuple[Reason, int]]:
    if pause.kind is InterruptionKind.HOSPITAL:
        yield from _inpatient(period, pause, rules)
        return
    counted = rules.count_hold_days if pause.kind is InterruptionKind.HOLD else rules.count_other_interruptions
    if counted:
        return
    first = pause.first_on
    if pause.kind is InterruptionKind.HOLD and rules.day_basis is DayBasis.ACCESS:
        first += rules.hold_grace_days * _DAY
    if days := day_mask.between(period, first, pause.last_on):
        yield (Reason.HOLD if pause.kind is InterruptionKind.HOLD else Reason.PAUSED), days


def _inpatient(period: Days, stay: Interruption, rules: RuleSet) -> Iterator[tuple[Reason, int]]:
    """Admission, discharge and the full days between, each by its own rule; a day that is both must count by both."""
    if not rules.count_admit_day and (day := day_mask.between(period, stay.first_on, stay.first_on)):
        yield Reason.ADMITTED, day
    if not rules.count_discharge_day and stay.last_on and (day := day_mask.between(period, stay.last_on, stay.last_on)):
        yield Reason.DISCHARGED, day
    last_full = None if stay.last_on is None else stay.last_on - _DAY
    if not rules.count_inpatient_day and (days := day_mask.between(period, stay.first_on + _DAY, last_full)):
        yield Reason.INPATIENT, days
