"""Lines beside the per diem: drugs as delivered with NDC, nursing visits by their minutes, supplies billed apart."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import ROUND_UP, Decimal

from infusion_desktop.billing.counted import CountedLine, UnitEvidence
from infusion_desktop.billing.month_facts import Delivered, Goods, MonthFacts
from infusion_desktop.billing.rules import nursing
from infusion_desktop.billing.rules.rule_set import (
    BillingModel,
    DrugQuantity,
    Inclusion,
    RuleSet,
    ServiceDate,
    SpanPolicy,
)
from infusion_desktop.billing.rules.therapy import FeeSchedule, InterruptionKind, RateBasis
from infusion_desktop.billing.words import LineKind, RuleSetId, VisitId
from infusion_desktop.dates import Days, local_day, show_day
from infusion_desktop.money import to_cents
from infusion_desktop.stock.words import BillingClass, ItemKind

_WHOLE = Decimal(1)

_LONGEST = {SpanPolicy.DAILY: 1, SpanPolicy.MAX7: 7}

AllowedFee = tuple[Decimal, Decimal, bool]


def other_lines(
    facts: MonthFacts, period: Days, rules: RuleSet, rules_id: RuleSetId, fees: FeeSchedule, given: Mapping[int, int]
) -> tuple[CountedLine, ...]:
    """Drug, nursing and supply lines of the days of a period; ``given`` has the doses of a therapy that were given."""
    found = [
        *_drug_lines(facts, period, rules, rules_id, fees, given),
        *_nursing_lines(facts, period, rules, rules_id, fees),
        *_supply_lines(facts, period, rules, rules_id, fees),
    ]
    return tuple(found)


def _days_of_service(facts: MonthFacts, delivery: Delivered, rules: RuleSet) -> Days:
    """The days a line of delivered goods names, never beyond the first month's end, which no line may cross.

    A supply period with days in hospital, or longer than the payer's lines, names its first day at home.
    """
    if rules.service_date is ServiceDate.THERAPY_DAY:
        at_home = [day for day in delivery.period if not _in_hospital(facts, day)]
        whole = delivery.period.by_month()[0]
        if len(at_home) == len(delivery.period) and len(whole) <= _LONGEST.get(rules.span_policy, 31):
            return whole
        first = at_home[0] if at_home else delivery.delivered_on
        return Days(first, first)
    day = delivery.delivered_on
    if rules.service_date is ServiceDate.SHIP and delivery.shipped_on is not None:
        day = delivery.shipped_on
    return Days(day, day)


def _in_hospital(facts: MonthFacts, day: date) -> bool:
    """A full day of a stay: neither its admission nor its discharge."""
    return any(
        each.kind is InterruptionKind.HOSPITAL and each.first_on < day and (each.last_on is None or day < each.last_on)
        for each in facts.interruptions
    )


def _price(fees: FeeSchedule, code: str, day: date, modifiers: Iterable[str] = ()) -> AllowedFee:
    """Rate and charge of one unit; a code the contract does not price is charged at nothing and said so."""
    for basis in (RateBasis.PER_DISPENSE, RateBasis.PER_DOSE, RateBasis.PER_DIEM):
        fee = fees.price_on(day, code, modifiers, basis=basis)
        if fee is not None:
            return fee.rate, fee.rate if fee.charge is None else fee.charge, True
    return Decimal(0), Decimal(0), False


def _is_drug(goods: Goods) -> bool:
    return goods.billing_class is BillingClass.DRUG


def _drug_lines(
    facts: MonthFacts, period: Days, rules: RuleSet, rules_id: RuleSetId, fees: FeeSchedule, given: Mapping[int, int]
) -> Iterator[CountedLine]:
    left = dict(given)
    for goods in facts.goods:
        days = _days_of_service(facts, goods.delivery, rules)
        if not _is_drug(goods) or days.first not in period:
            continue
        quantity, why = _drug_quantity(facts, goods, rules, left)
        if quantity:
            modifiers = ("JZ",) if rules.drug_quantity is DrugQuantity.JW_JZ else ()
            yield _goods_line(LineKind.DRUG, goods, quantity, days, modifiers, why, rules, rules_id, fees)


def _drug_quantity(facts: MonthFacts, goods: Goods, rules: RuleSet, left: dict[int, int]) -> tuple[int, str]:
    """Base units to bill: all that was dispensed, or only what the service days needed (Blue Cross North Carolina).

    With JW and JZ the whole vials that were sent carry JZ: nothing of an opened vial was thrown away on record.
    """
    sent = goods.quantity
    if rules.drug_quantity is not DrugQuantity.ADMINISTERED:
        return sent, f"{sent} dispensed with delivery {goods.delivery.number}"
    therapies = [
        number
        for number, order in facts.orders.items()
        if order.drug_item_id == goods.item_id and goods.delivery.therapy_id in (None, number)
    ]
    billed = 0
    for therapy in therapies:
        per_dose = facts.orders[therapy].units_per_dose
        take = min(sent - billed, left.get(therapy, 0) * per_dose)
        left[therapy] = left.get(therapy, 0) - take // max(1, per_dose)
        billed += take
    return billed, f"{billed} of {sent} dispensed with delivery {goods.delivery.number} were given on service days"


def _goods_line(
    kind: LineKind,
    goods: Goods,
    quantity: int,
    days: Days,
    modifiers: tuple[str, ...],
    why: str,
    rules: RuleSet,
    rules_id: RuleSetId,
    fees: FeeSchedule,
) -> CountedLine:
    units = (goods.hcpcs_per_unit * quantity).quantize(_WHOLE, rounding=ROUND_UP)
    rate, charge, priced = _price(fees, goods.hcpcs, days.first, modifiers)
    delivery = goods.delivery
    evidence = UnitEvidence(
        days.first, units, delivery.therapy_id, delivery.id, delivery.number, delivery.proven, 0, rate, rules.label
    )
    conversion = f"one unit of stock is {goods.hcpcs_per_unit.normalize():f} billing units of {goods.hcpcs}"
    is_drug = kind is LineKind.DRUG
    return CountedLine(
        kind,
        goods.hcpcs,
        days,
        units,
        rate,
        to_cents(charge * units),
        to_cents(rate * units),
        modifiers,
        goods.name,
        goods.ndc if is_drug else "",
        goods.ndc_per_unit * quantity if is_drug and goods.ndc else None,
        goods.ndc_unit if is_drug else "",
        delivery.therapy_id,
        delivery.id,
        rules_id=rules_id,
        evidence=(evidence,),
        sentences=(f"{why}; {conversion}.",),
        priced=priced,
    )


def _supply_lines(
    facts: MonthFacts, period: Days, rules: RuleSet, rules_id: RuleSetId, fees: FeeSchedule
) -> Iterator[CountedLine]:
    """Two products of one code in one delivery are one line with their units summed (DME contractors: PDAC)."""
    together: dict[tuple[str, int], CountedLine] = {}
    for goods in facts.goods:
        days = _days_of_service(facts, goods.delivery, rules)
        if not _is_drug(goods) and days.first in period and is_billed_apart(goods, rules):
            why = f"{goods.quantity} delivered with {goods.delivery.number}, billed apart from the per diem"
            line = _goods_line(LineKind.SUPPLY, goods, goods.quantity, days, (), why, rules, rules_id, fees)
            key = (line.code, goods.delivery.id)
            together[key] = _summed(together[key], line) if key in together else line
    yield from together.values()


def _summed(one: CountedLine, other: CountedLine) -> CountedLine:
    [evidence] = one.evidence
    units = one.units + other.units
    return replace(
        one,
        units=units,
        charge=one.charge + other.charge,
        expected=one.expected + other.expected,
        description=f"{one.description}; {other.description}",
        evidence=(replace(evidence, units=units),),
        sentences=(*one.sentences, *other.sentences),
    )


def is_billed_apart(goods: Goods, rules: RuleSet) -> bool:
    """Whether a contract bills these goods on a line of their own, by its lists first, then by the item's class."""
    group = goods.kind.value
    if group in rules.included_groups or goods.billing_class is BillingClass.NONE:
        return False
    if group in rules.separately_billable_groups or rules.billing_model is BillingModel.SUPPLY_CODES:
        return True
    if goods.kind is ItemKind.FLUSH and rules.flushes is Inclusion.SEPARATE:
        return True
    if goods.kind is ItemKind.DILUENT and rules.diluents is Inclusion.SEPARATE:
        return True
    return goods.billing_class is BillingClass.SEPARATELY_BILLABLE


def _nursing_lines(
    facts: MonthFacts, period: Days, rules: RuleSet, rules_id: RuleSetId, fees: FeeSchedule
) -> Iterator[CountedLine]:
    """The visits of the period by the contract's rule; what is not billed is told by `nursing_notes`."""
    by_id = {each.id: each for each in facts.visits}
    lines, _ = nursing.visit_lines(_visits(facts, period), rules)
    for line in lines:
        rate, charge, priced = _price(fees, line.code, line.on, line.modifiers)
        count = Decimal(line.units)
        therapy = by_id[VisitId(line.visit_id)].visit.therapy_id
        yield CountedLine(
            LineKind.NURSING,
            line.code,
            Days(line.on, line.on),
            count,
            rate,
            to_cents(charge * count),
            to_cents(rate * count),
            line.modifiers,
            "Home infusion nursing visit",
            therapy_id=therapy,
            visit_id=line.visit_id,
            rules_id=rules_id,
            evidence=(UnitEvidence(line.on, count, therapy, None, "", True, 0, rate, rules.label),),
            sentences=(line.why,),
            priced=priced,
        )


def nursing_notes(facts: MonthFacts, period: Days, rules: RuleSet) -> tuple[str, ...]:
    """Visits and hours of the period that are not billed, and why."""
    _, problems = nursing.visit_lines(_visits(facts, period), rules)
    on = {each.id: local_day(each.visit.started_at) for each in facts.visits}
    return tuple(f"Visit of {show_day(on[VisitId(each.visit_id)])}: {each.sentence}" for each in problems)


def _visits(facts: MonthFacts, period: Days) -> tuple[nursing.Visit, ...]:
    return tuple(
        nursing.Visit(each.id, day, each.visit.started_at, each.visit.ended_at)
        for each in facts.visits
        if (day := local_day(each.visit.started_at)) in period
    )
