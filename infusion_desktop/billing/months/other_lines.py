"""Lines beside the per diem: drugs with NDC and waste, visits, pumps and their rent, supplies billed apart."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from infusion_desktop.billing.months.drug_lines import drug_lines
from infusion_desktop.billing.months.equipment_lines import equipment_lines, equipment_notes, own_pumps, owner_note
from infusion_desktop.billing.months.goods_lines import supply_lines, supply_notes
from infusion_desktop.billing.months.homes import paid_by_others
from infusion_desktop.billing.months.month_facts import MonthFacts
from infusion_desktop.billing.months.nursing_lines import nursing_lines, nursing_notes
from infusion_desktop.billing.rules.counted import ServiceLine
from infusion_desktop.billing.rules.rentals import under_payer
from infusion_desktop.billing.rules.rule_set import EquipmentBilling, RuleSet
from infusion_desktop.billing.rules.therapy import Authorization, FeeSchedule
from infusion_desktop.billing.words import RuleSetId
from infusion_desktop.dates import Days, local_day, show_day
from infusion_desktop.patients.words import PayerId


def as_paid_by(facts: MonthFacts, payer: PayerId, rules: RuleSet) -> MonthFacts:
    """The facts as a payer counts them: without visits and rental months on days when another one paid first."""
    others = paid_by_others(facts.policies, payer)
    if not others:
        return facts
    visits = tuple(
        each for each in facts.visits_before if not any(local_day(each.visit.started_at) in days for days in others)
    )
    apart = rules.equipment is EquipmentBilling.INCLUDED or rules.rental_counts_other_payers
    return replace(facts, homes=facts.homes if apart else under_payer(facts.homes, others), visits_before=visits)


def authorized(
    lines: Sequence[ServiceLine], allowed: Sequence[Authorization]
) -> tuple[list[ServiceLine], tuple[str, ...]]:
    """Lines of drugs, visits and goods with the authorization each uses, and those for which too little is left.

    Only an authorization for just that code is theirs; the one that ends first is used first.
    """
    codes = {each.code for each in allowed}
    left = {id(each): each.left for each in allowed}
    found: list[ServiceLine] = []
    short: list[str] = []
    for line in lines:
        fits = [each for each in allowed if _fits(each, line)] if line.code in codes else []
        if not fits:
            found.append(line)
            continue
        fits.sort(key=lambda each: (each.days.last, each.days.first, each.number))
        chosen = next((each for each in fits if (room := left[id(each)]) is None or room >= line.units), None)
        if chosen is None:
            when = show_day(line.days.first)
            short.append(f"Too few units of authorization {fits[0].number} are left for {line.code} of {when}.")
            found.append(line)
            continue
        room = left[id(chosen)]
        left[id(chosen)] = None if room is None else room - int(line.units)
        told = f"Uses authorization {chosen.number}."
        found.append(replace(line, authorization=chosen.number, sentences=(*line.sentences, told)))
    return found, tuple(short)


def _fits(authorization: Authorization, line: ServiceLine) -> bool:
    days = authorization.days
    return (
        authorization.code == line.code
        and days.first <= line.days.first
        and line.days.last <= days.last
        and set(authorization.modifiers) <= set(line.modifiers)
    )


def other_lines(
    facts: MonthFacts, period: Days, rules: RuleSet, rules_id: RuleSetId, fees: FeeSchedule, given: Mapping[int, int]
) -> tuple[ServiceLine, ...]:
    """Drug, nursing, equipment and supply lines of a period; ``given`` has the doses of a therapy that were given."""
    if not (facts.goods or facts.visits or facts.homes):
        return ()
    return (
        *_noted(drug_lines(facts, period, rules, rules_id, fees, given), own_pumps(facts, period, rules, fees)),
        *nursing_lines(facts, period, rules, rules_id, fees),
        *equipment_lines(facts, period, rules, rules_id, fees),
        *supply_lines(facts, period, rules, rules_id, fees),
    )


def _noted(lines: Iterable[ServiceLine], pumps: Sequence[tuple[str, date]]) -> Iterator[ServiceLine]:
    for line in lines:
        note = owner_note(pumps, line.days.last)
        told = f"The pump is the patient's own, and the claim says so: {note}."
        yield replace(line, note=note, sentences=(*line.sentences, told)) if note else line


def other_notes(facts: MonthFacts, period: Days, rules: RuleSet, fees: FeeSchedule) -> tuple[str, ...]:
    """What of a period is not billed, or should be looked at, and why."""
    if not (facts.goods or facts.visits or facts.homes):
        return ()
    return (
        *nursing_notes(facts, period, rules),
        *equipment_notes(facts, period, rules, fees),
        *supply_notes(facts, period, rules),
    )
