"""What lines of delivered goods share: their days of service, price and evidence; and supplies billed apart."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from decimal import ROUND_UP, Decimal

from infusion_desktop.billing.months.month_facts import Goods, MonthFacts
from infusion_desktop.billing.rules.counted import NOT_PLACED, ServiceLine, UnitEvidence
from infusion_desktop.billing.rules.delivered import Delivered
from infusion_desktop.billing.rules.rule_set import (
    BillingModel,
    EquipmentBilling,
    Inclusion,
    Nutrition,
    RuleSet,
    ServiceDate,
    SpanPolicy,
)
from infusion_desktop.billing.rules.therapy import FeeSchedule, InterruptionKind, RateBasis
from infusion_desktop.billing.rules.worn import is_paid_beside_prefilled, worn_by_goods
from infusion_desktop.billing.terms.code_table import code_table
from infusion_desktop.billing.words import LineKind, RuleSetId
from infusion_desktop.dates import Days
from infusion_desktop.money import to_cents
from infusion_desktop.stock.words import BillingClass, Container, ItemKind

_WHOLE = Decimal(1)
_LONGEST = {SpanPolicy.DAILY: 1, SpanPolicy.MAX7: 7}

AllowedFee = tuple[Decimal, Decimal, bool]


def days_of_service(facts: MonthFacts, delivery: Delivered, rules: RuleSet) -> Days:
    """The days a line of delivered goods names, never beyond the first month's end, which no line may cross, nor beyond
    the last day that the payer covers.

    A supply period with days in hospital, or longer than the payer's lines, names its first day at home.
    """
    if rules.service_date is ServiceDate.THERAPY_DAY:
        at_home = [day for day in delivery.supply if not _in_hospital(facts, day)]
        whole = delivery.supply.by_month()[0]
        if facts.period.last in whole:
            whole = Days(whole.first, facts.period.last)
        if len(at_home) == len(delivery.supply) and len(whole) <= _LONGEST.get(rules.span_policy, 31):
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


def price_of(fees: FeeSchedule, code: str, day: date, modifiers: Iterable[str] = ()) -> AllowedFee:
    """Rate and charge of one unit; a code the contract does not price is charged at nothing and said so."""
    for basis in (RateBasis.PER_DISPENSE, RateBasis.PER_DOSE, RateBasis.PER_INFUSION, RateBasis.PER_DIEM):
        fee = fees.price_on(day, code, modifiers, basis=basis)
        if fee is not None:
            return fee.rate, fee.rate if fee.charge is None else fee.charge, True
    return Decimal(0), Decimal(0), False


def supply_lines(
    facts: MonthFacts, period: Days, rules: RuleSet, rules_id: RuleSetId, fees: FeeSchedule
) -> Iterator[ServiceLine]:
    """Two products of one code in one delivery are one line with their units summed (DME contractors: PDAC)."""
    together: dict[tuple[str, int], ServiceLine] = {}
    for goods in facts.goods:
        days = days_of_service(facts, goods.delivery, rules)
        if _is_supply(goods, days, period, rules) and not _has_its_drug_in(facts, goods, rules):
            why = f"{goods.quantity} delivered with {goods.delivery.number}, billed apart from the per diem"
            marks = worn_by_goods(code_table().find(goods.hcpcs), rules, _family(facts, goods))
            line = _line(goods, days, why, marks, rules, rules_id, fees)
            key = (line.code, goods.delivery.id)
            together[key] = _summed(together[key], line) if key in together else line
    yield from together.values()


def supply_notes(facts: MonthFacts, period: Days, rules: RuleSet) -> Iterator[str]:
    """The syringes of a period that are not billed, because the drug comes in one."""
    for goods in facts.goods:
        days = days_of_service(facts, goods.delivery, rules)
        if _is_supply(goods, days, period, rules) and _has_its_drug_in(facts, goods, rules):
            yield (
                f"{goods.hcpcs} of delivery {goods.delivery.number} is not billed: the drug comes prefilled, as the "
                "catalogue says. Correct the item where it does not."
            )


def _is_supply(goods: Goods, days: Days, period: Days, rules: RuleSet) -> bool:
    return goods.billing_class is not BillingClass.DRUG and days.first in period and is_billed_apart(goods, rules)


def _has_its_drug_in(facts: MonthFacts, goods: Goods, rules: RuleSet) -> bool:
    """A syringe that Medicare does not pay, because the drug of its therapy comes prefilled."""
    if rules.equipment is EquipmentBilling.INCLUDED or is_paid_beside_prefilled(code_table().find(goods.hcpcs)):
        return False
    therapy = goods.delivery.therapy_id
    drugs = [
        each.container
        for each in facts.goods
        if each.billing_class is BillingClass.DRUG
        and (therapy is None or each.delivery.serves(therapy))
        and each.delivery.supply.overlap(goods.delivery.supply)
    ]
    return bool(drugs) and all(each is Container.PREFILLED for each in drugs)


def _summed(one: ServiceLine, other: ServiceLine) -> ServiceLine:
    [evidence] = one.evidence
    units = one.units + other.units
    return replace(
        one,
        units=units,
        charge=one.charge + other.charge,
        expected=one.expected + other.expected,
        description=f"{one.description}; {other.description}",
        evidence=(evidence._replace(units=units),),
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
    if rules.nutrition_solution is Nutrition.B_CODES and is_nutrition_solution(goods.hcpcs):
        return True
    return goods.billing_class is BillingClass.SEPARATELY_BILLABLE


def is_nutrition_solution(code: str) -> bool:
    """Whether a code is of a parenteral nutrition solution or its additives (HCPCS B4164 to B5200)."""
    row = code_table().find(code)
    return row is not None and row.family == "pn_solution"


def _family(facts: MonthFacts, goods: Goods) -> str:
    """The family of the therapy that goods were delivered for; "" for those of none."""
    therapy = goods.delivery.therapy_id
    return next((course.family for course in facts.courses if course.id == therapy), "")


def _line(
    goods: Goods,
    days: Days,
    why: str,
    marks: tuple[str, ...],
    rules: RuleSet,
    rules_id: RuleSetId,
    fees: FeeSchedule,
) -> ServiceLine:
    units = (goods.hcpcs_per_unit * goods.quantity).quantize(_WHOLE, rounding=ROUND_UP)
    rate, charge, priced = price_of(fees, goods.hcpcs, days.first, marks)
    delivery = goods.delivery
    evidence = UnitEvidence(
        (days.first,), units, delivery.therapy_id, delivery.id, delivery.number, delivery.proven, 0, rate, rules.label
    )
    return ServiceLine(
        NOT_PLACED, LineKind.SUPPLY, goods.hcpcs, days, units, to_cents(charge * units), rate, to_cents(rate * units),
        modifiers=marks, description=goods.name, therapy_id=delivery.therapy_id, delivery_id=delivery.id,
        rules_id=rules_id, evidence=(evidence,), priced=priced, place=rules.place_of_service,
        sentences=(f"{why}; one unit of stock is {goods.hcpcs_per_unit.normalize():f} of {goods.hcpcs}.",),
    )  # fmt: skip
