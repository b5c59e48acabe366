"""Nursing visits: 99601 for each visit, 99602 for the hours beyond it, and the contract's limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from infusion_desktop.billing.rules.rule_set import NursingBiller, RuleSet

VISIT, EXTRA_HOUR = "99601", "99602"
FIRST_MINUTES = 120
_MINUTE = timedelta(minutes=1)
_DAYS_OF_A_WEEK = timedelta(days=6)


@dataclass(frozen=True, slots=True)
class Visit:
    """A nurse's visit; local times, None where the nurse wrote none."""

    id: int
    visited_on: date
    started_at: datetime | None = None
    ended_at: datetime | None = None
    specialised: bool = False
    in_suite: bool = False


@dataclass(frozen=True, slots=True)
class VisitLine:
    """One nursing line of one visit, with the reason for its units."""

    visit_id: int
    on: date
    code: str
    modifiers: tuple[str, ...]
    units: int
    why: str


@dataclass(frozen=True, slots=True)
class VisitProblem:
    """Why a visit, or a part of it, is not billed."""

    visit_id: int
    sentence: str


def visit_lines(visits: Sequence[Visit], rules: RuleSet) -> tuple[tuple[VisitLine, ...], tuple[VisitProblem, ...]]:
    """The nursing lines of a patient's visits in order of time, and what could not be billed.

    An hour beyond the first two counts from ``nursing_extra_minutes`` into it (31 in Michigan, by the written times).
    """
    if rules.nursing_biller is NursingBiller.AGENCY:
        return (), tuple(VisitProblem(visit.id, "The home health agency bills this visit.") for visit in visits)
    lines: list[VisitLine] = []
    problems: list[VisitProblem] = []
    hours: dict[date, int] = {}
    billed_on: list[date] = []
    for visit in sorted(visits, key=_by_time):
        problem = _problem(visit) or _over_visits(visit, billed_on, rules)
        if problem:
            problems.append(VisitProblem(visit.id, problem))
            continue
        minutes = _minutes(visit)
        wanted = 2 + extra_hours(minutes, rules.nursing_extra_minutes)
        allowed = min(wanted, _hours_left(visit.visited_on, hours, rules))
        if allowed < wanted:
            problems.append(
                VisitProblem(visit.id, f"{wanted - allowed} of {wanted} hours are over the contract's limit.")
            )
        if allowed < 1:
            continue
        hours[visit.visited_on] = hours.get(visit.visited_on, 0) + allowed
        billed_on.append(visit.visited_on)
        modifiers = modifiers_of(visit, rules)
        lines.append(VisitLine(visit.id, visit.visited_on, VISIT, modifiers, 1, f"A visit of {minutes} minutes."))
        if allowed > 2:
            why = f"{minutes} minutes are {minutes - FIRST_MINUTES} more than the first two hours."
            lines.append(VisitLine(visit.id, visit.visited_on, EXTRA_HOUR, modifiers, allowed - 2, why))
    return tuple(lines), tuple(problems)


def modifiers_of(visit: Visit, rules: RuleSet) -> tuple[str, ...]:
    """What a visit wears: that it was in the suite, and that the nurse is specially trained."""
    suite = (rules.suite_modifier,) if visit.in_suite and rules.suite_modifier else ()
    return suite + (("SD",) if visit.specialised else ())


def extra_hours(minutes: int, minutes_that_count: int) -> int:
    """Hours beyond the first two; a last part of an hour counts from so many minutes on."""
    whole, rest = divmod(max(0, minutes - FIRST_MINUTES), 60)
    return whole + (1 if rest and rest >= minutes_that_count else 0)


def _by_time(visit: Visit) -> tuple[date, str, int]:
    return visit.visited_on, visit.started_at.isoformat() if visit.started_at else "~", visit.id


def _minutes(visit: Visit) -> int:
    if visit.started_at is None or visit.ended_at is None:
        raise ValueError("a visit without times has no minutes")
    return (visit.ended_at - visit.started_at) // _MINUTE


def _problem(visit: Visit) -> str:
    if visit.started_at is None or visit.ended_at is None:
        return "The visit has no start and stop time. Enter them from the nurse's note."
    if visit.ended_at <= visit.started_at:
        return "The visit ends before it starts. Correct its times."
    return ""


def _over_visits(visit: Visit, billed_on: Sequence[date], rules: RuleSet) -> str:
    most = rules.nursing_max_visits_per_week
    if most is not None and _within_a_week(visit.visited_on, billed_on) >= most:
        return f"The contract pays {most} visits in seven days."
    return ""


def _within_a_week(day: date, days: Sequence[date]) -> int:
    return sum(1 for each in days if day - _DAYS_OF_A_WEEK <= each <= day)


def _hours_left(day: date, hours: dict[date, int], rules: RuleSet) -> int:
    left = [24]
    if rules.nursing_max_hours_per_day is not None:
        left.append(rules.nursing_max_hours_per_day - hours.get(day, 0))
    if rules.nursing_max_hours_per_week is not None:
        week = sum(each for on, each in hours.items() if day - _DAYS_OF_A_WEEK <= on <= day)
        left.append(rules.nursing_max_hours_per_week - week)
    return max(0, min(left))
