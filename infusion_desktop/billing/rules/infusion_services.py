"""Medicare's home infusion therapy services: a visit's G code by category, first or later, paid once a day.

G0088, G0089 and G0090 stand for a first visit (none in the 60 days before), G0068, G0069 and G0070 for later ones;
category 1 are intravenous anti-infectives, pain, chelation, pulmonary hypertension and inotropes, category 2 infusions
under the skin, category 3 chemotherapy and other highly complex drugs (42 CFR 414.1550, MM11880). Time is reported in
units of 15 minutes and paid once. That a last part counts from its eighth minute is our default.

Q2052 stands for everything at a home infusion of immune globulin by vein: each date on a line, its 15-minute units told
and paid once (Noridian, home IVIG).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from infusion_desktop.billing.rules.nursing import Visit, VisitLine, VisitProblem

FIRST = {1: "G0088", 2: "G0089", 3: "G0090"}
LATER = {1: "G0068", 2: "G0069", 3: "G0070"}
GAP = timedelta(days=60)
HOME_IVIG = "Q2052"
_UNIT_MINUTES = 15
_COUNTS_FROM = 8


@dataclass(frozen=True, slots=True)
class ServiceVisit:
    """A nurse's visit with the category of the drug that was given."""

    visit: Visit
    category: int


def category_of(family: str, under_the_skin: bool) -> int:
    """The payment category of a therapy's drug."""
    if family == "chemotherapy":
        return 3
    return 2 if under_the_skin else 1


def service_lines(
    visits: Sequence[ServiceVisit], last_before: date | None
) -> tuple[tuple[VisitLine, ...], tuple[VisitProblem, ...]]:
    """The service lines of a patient's visits in order of time; ``last_before`` is the last visit before them.

    One category is paid a day: the highest of the day's visits, and only once.
    """
    lines: list[VisitLine] = []
    problems: list[VisitProblem] = []
    before = last_before
    by_day: dict[date, list[ServiceVisit]] = {}
    for each in visits:
        by_day.setdefault(each.visit.visited_on, []).append(each)
    for day in sorted(by_day):
        group = by_day[day]
        paid = max(group, key=lambda each: (each.category, _minutes(each.visit), -each.visit.id))
        told = "Only one home infusion service is paid a day; another visit is."
        problems += [VisitProblem(each.visit.id, told) for each in group if each is not paid]
        minutes = _minutes(paid.visit)
        if not minutes:
            problems.append(VisitProblem(paid.visit.id, "The visit has no start and stop time. Enter them."))
            continue
        is_first = before is None or day - before > GAP
        code = (FIRST if is_first else LATER)[paid.category]
        units = _units(minutes)
        told = "no visit in the 60 days before" if is_first else f"a later visit, the last was {before:%m/%d/%Y}"
        why = f"{minutes} minutes are {units} units of 15 minutes, paid once; {told}; category {paid.category}."
        lines.append(VisitLine(paid.visit.id, day, code, (), units, why))
        before = day
    return tuple(lines), tuple(problems)


def ivig_lines(visits: Sequence[tuple[Visit, bool]]) -> tuple[tuple[VisitLine, ...], tuple[VisitProblem, ...]]:
    """The lines of visits, each with whether it was for immune globulin by vein; one a date, the longest visit's."""
    lines: list[VisitLine] = []
    problems = [
        VisitProblem(visit.id, "Only a visit for immune globulin by vein is billed here (Q2052).")
        for visit, is_ivig in visits
        if not is_ivig
    ]
    by_day: dict[date, list[Visit]] = {}
    for visit, is_ivig in visits:
        if is_ivig:
            by_day.setdefault(visit.visited_on, []).append(visit)
    for day in sorted(by_day):
        paid = max(by_day[day], key=lambda each: (_minutes(each), -each.id))
        problems += [
            VisitProblem(each.id, "One administration is paid a date; another visit is.")
            for each in by_day[day]
            if each is not paid
        ]
        minutes = _minutes(paid)
        if not minutes:
            problems.append(VisitProblem(paid.id, "The visit has no start and stop time. Enter them."))
            continue
        why = f"{minutes} minutes are {_units(minutes)} units of 15 minutes; the date is paid once."
        lines.append(VisitLine(paid.id, day, HOME_IVIG, (), _units(minutes), why))
    return tuple(lines), tuple(problems)


def _units(minutes: int) -> int:
    return max(1, (minutes + _UNIT_MINUTES - _COUNTS_FROM) // _UNIT_MINUTES)


def _minutes(visit: Visit) -> int:
    if visit.started_at is None or visit.ended_at is None or visit.ended_at <= visit.started_at:
        return 0
    return int((visit.ended_at - visit.started_at).total_seconds() // 60)
