"""Lines beside the per diem: drugs with NDC and waste, visits, pumps and their rent, supplies billed apart."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from infusion_desktop.billing.months.counted import CountedLine
from infusion_desktop.billing.months.drug_lines import drug_lines
from infusion_desktop.billing.months.equipment_lines import equipment_lines, equipment_notes, own_pumps, owner_note
from infusion_desktop.billing.months.goods_lines import supply_lines, supply_notes
from infusion_desktop.billing.months.month_facts import MonthFacts
from infusion_desktop.billing.months.nursing_lines import nursing_lines, nursing_notes
from infusion_desktop.billing.rules.rule_set import RuleSet
from infusion_desktop.billing.rules.therapy import FeeSchedule
from infusion_desktop.billing.words import RuleSetId
from infusion_desktop.dates import Days


def other_lines(
    facts: MonthFacts, period: Days, rules: RuleSet, rules_id: RuleSetId, fees: FeeSchedule, given: Mapping[int, int]
) -> tuple[CountedLine, ...]:
    """Drug, nursing, equipment and supply lines of a period; ``given`` has the doses of a therapy that were given."""
    if not (facts.goods or facts.visits or facts.homes):
        return ()
    return (
        *_noted(drug_lines(facts, period, rules, rules_id, fees, given), own_pumps(facts, period, rules, fees)),
        *nursing_lines(facts, period, rules, rules_id, fees),
        *equipment_lines(facts, period, rules, rules_id, fees),
        *supply_lines(facts, period, rules, rules_id, fees),
    )


def _noted(lines: Iterable[CountedLine], pumps: Sequence[tuple[str, date]]) -> Iterator[CountedLine]:
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
