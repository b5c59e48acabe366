"""Lines of nurses' visits: by the hour, or as Medicare's home infusion therapy services."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from infusion_desktop.billing.months.goods_lines import price_of
from infusion_desktop.billing.months.month_facts import MonthFacts
from infusion_desktop.billing.rules import nursing
from infusion_desktop.billing.rules.counted import NOT_PLACED, ServiceLine, UnitEvidence
from infusion_desktop.billing.rules.infusion_services import ServiceVisit, category_of, ivig_lines, service_lines
from infusion_desktop.billing.rules.nursing import VisitLine, VisitProblem
from infusion_desktop.billing.rules.rule_set import NursingBiller, RuleSet, VisitCodes
from infusion_desktop.billing.rules.therapy import FeeSchedule
from infusion_desktop.billing.words import LineKind, RuleSetId, VisitId
from infusion_desktop.dates import Days, local_day, show_day
from infusion_desktop.money import to_cents

_WHAT = {
    VisitCodes.HOURS: "Home infusion nursing visit",
    VisitCodes.INFUSION_SERVICE: "Home infusion service",
    VisitCodes.HOME_IVIG: "Immune globulin given at home",
}


def nursing_lines(
    facts: MonthFacts, period: Days, rules: RuleSet, rules_id: RuleSetId, fees: FeeSchedule
) -> Iterator[ServiceLine]:
    """The visits of the period by the contract's rule; what is not billed is told by `nursing_notes`."""
    by_id = {each.id: each for each in facts.visits}
    lines, _ = _visit_lines(facts, period, rules)
    paid_once = rules.visit_codes is not VisitCodes.HOURS
    for line in lines:
        rate, charge, priced = price_of(fees, line.code, line.on, line.modifiers)
        count = Decimal(line.units)
        times = Decimal(1) if paid_once else count
        visit = by_id[VisitId(line.visit_id)].visit
        therapy = visit.therapy_id
        yield ServiceLine(
            NOT_PLACED,
            LineKind.NURSING,
            line.code,
            Days(line.on, line.on),
            count,
            to_cents(charge * times),
            rate,
            to_cents(rate * times),
            modifiers=line.modifiers,
            description=_WHAT[rules.visit_codes],
            therapy_id=therapy,
            visit_id=line.visit_id,
            rules_id=rules_id,
            evidence=(UnitEvidence((line.on,), count, therapy, None, "", True, 0, rate, rules.label),),
            sentences=(line.why,),
            priced=priced,
            place=rules.suite_place_of_service if visit.in_suite else rules.place_of_service,
        )


def nursing_notes(facts: MonthFacts, period: Days, rules: RuleSet) -> tuple[str, ...]:
    """Visits and hours of the period that are not billed, and why."""
    _, problems = _visit_lines(facts, period, rules)
    on = {each.id: local_day(each.visit.started_at) for each in facts.visits}
    return tuple(f"Visit of {show_day(on[VisitId(each.visit_id)])}: {each.sentence}" for each in problems)


def _visit_lines(
    facts: MonthFacts, period: Days, rules: RuleSet
) -> tuple[tuple[VisitLine, ...], tuple[VisitProblem, ...]]:
    visits = _visits(facts, period)
    if rules.visit_codes is VisitCodes.HOURS or rules.nursing_biller is NursingBiller.AGENCY:
        mine = {visit.id for visit in visits}
        lines, problems = nursing.visit_lines(_visits_until(facts, period.last), rules)
        return (
            tuple(line for line in lines if line.visit_id in mine),
            tuple(problem for problem in problems if problem.visit_id in mine),
        )
    by_id = {each.id: each.visit.therapy_id for each in facts.visits}
    families = {course.id: course.family for course in facts.courses}

    def drug_of(visit: nursing.Visit) -> tuple[str, bool]:
        therapy = by_id[VisitId(visit.id)] or next(iter(families), 0)
        order = facts.orders.get(therapy)
        return families.get(therapy, ""), order is not None and order.under_the_skin

    if rules.visit_codes is VisitCodes.HOME_IVIG:
        return ivig_lines([(visit, drug_of(visit) == ("immunotherapy", False)) for visit in visits])
    earlier = [local_day(each.visit.started_at) for each in facts.visits]
    before = max([day for day in earlier if day < period.first], default=facts.last_visit_before)
    return service_lines([ServiceVisit(visit, category_of(*drug_of(visit))) for visit in visits], before)


def _visits(facts: MonthFacts, period: Days) -> tuple[nursing.Visit, ...]:
    return tuple(each for each in _visits_until(facts, period.last) if each.visited_on in period)


def _visits_until(facts: MonthFacts, last: date) -> tuple[nursing.Visit, ...]:
    """The visits through a day, with those of the days before the period: a week's limit does not begin anew."""
    return tuple(
        nursing.Visit(
            each.id, day, each.visit.started_at, each.visit.ended_at, each.visit.specialised, each.visit.in_suite
        )
        for each in (*facts.visits_before, *facts.visits)
        if (day := local_day(each.visit.started_at)) <= last
    )
