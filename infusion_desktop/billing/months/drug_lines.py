"""Drug lines of a month: units by NDC of what was sent or given, and what was thrown away on a line of its own."""

from collections.abc import Iterator, Mapping
from decimal import ROUND_UP, Decimal

from infusion_desktop.billing.months.goods_lines import days_of_service, price_of
from infusion_desktop.billing.months.month_facts import Goods, MonthFacts
from infusion_desktop.billing.rules import drugs, worn
from infusion_desktop.billing.rules.codes import Code
from infusion_desktop.billing.rules.counted import NOT_PLACED, ServiceLine, UnitEvidence
from infusion_desktop.billing.rules.rule_set import DrugQuantity, RuleSet
from infusion_desktop.billing.rules.therapy import FeeSchedule
from infusion_desktop.billing.terms.code_table import code_table
from infusion_desktop.billing.words import LineKind, RuleSetId
from infusion_desktop.dates import Days
from infusion_desktop.money import to_cents
from infusion_desktop.stock.words import BillingClass, ItemKind

_WHOLE = Decimal(1)


def drug_lines(
    facts: MonthFacts, period: Days, rules: RuleSet, rules_id: RuleSetId, fees: FeeSchedule, given: Mapping[int, int]
) -> Iterator[ServiceLine]:
    """The drug lines of deliveries whose days of service begin in a period; ``given`` has doses by therapy."""
    left = dict(given)
    if ItemKind.DRUG.value in rules.included_groups:
        return
    for goods in facts.goods:
        days = days_of_service(facts, goods.delivery, rules)
        if goods.billing_class is not BillingClass.DRUG or days.first not in period:
            continue
        used, why = _use(facts, goods, days, rules, left)
        for line in drugs.drug_lines(used, rules):
            yield _line(goods, line, days, why, rules, rules_id, fees)


def _use(
    facts: MonthFacts, goods: Goods, days: Days, rules: RuleSet, left: dict[int, int]
) -> tuple[drugs.DrugUse, str]:
    """What became of a drug of a delivery: sent, given by doses or without what was thrown away, and how it was told.

    Whole vials that were sent count as given where nothing was recorded as thrown away.
    """
    per_unit = goods.ndc_per_unit or _WHOLE
    sent = goods.quantity * per_unit
    given: Decimal | None = None
    why = f"{goods.quantity} dispensed with delivery {goods.delivery.number}"
    if rules.drug_quantity is DrugQuantity.ADMINISTERED:
        taken = _taken_by_doses(facts, goods, left)
        given = taken * per_unit
        why = f"{taken} of {goods.quantity} dispensed with delivery {goods.delivery.number} were given on service days"
    elif rules.drug_quantity is DrugQuantity.JW_JZ:
        given = sent - goods.discarded
        if goods.discarded:
            why += f", {goods.discarded.normalize():f} {goods.ndc_unit or 'UN'} of it thrown away"
    code = code_table().find(goods.hcpcs)
    by_supply = worn.worn_by_drug(code, rules, len(goods.delivery.supply))
    if set(by_supply) & set(rules.supply_modifiers):
        why += f", a supply of {len(goods.delivery.supply)} days"
    used = drugs.DrugUse(
        code=goods.hcpcs,
        ndc=goods.ndc,
        ndc_unit=goods.ndc_unit if goods.ndc_unit in drugs.NDC_UNITS else "UN",
        units_per_ndc_unit=max(goods.hcpcs_per_unit, Decimal("0.0001")) / per_unit,
        days=days,
        dispensed=sent,
        given=given,
        discarded=goods.discarded if rules.drug_quantity is DrugQuantity.JW_JZ else Decimal(0),
        single_dose=worn.comes_in_single_doses(code, goods.container),
        worn=(*_under_the_skin(facts, goods, code, rules), *by_supply),
        name=goods.name,
        compound=goods.compound,
    )
    return used, why


def _under_the_skin(facts: MonthFacts, goods: Goods, code: Code | None, rules: RuleSet) -> tuple[str, ...]:
    if rules.drug_quantity is not DrugQuantity.JW_JZ or not worn.is_under_the_skin_told(code):
        return ()
    told = any(facts.orders[each].under_the_skin for each in _therapies(facts, goods))
    return (rules.under_skin_modifier,) if told and rules.under_skin_modifier else ()


def _taken_by_doses(facts: MonthFacts, goods: Goods, left: dict[int, int]) -> int:
    """Base units that the doses of service days needed (Blue Cross North Carolina bills only what was given)."""
    billed = 0
    for therapy in _therapies(facts, goods):
        per_dose = facts.orders[therapy].units_per_dose
        take = min(goods.quantity - billed, left.get(therapy, 0) * per_dose)
        left[therapy] = left.get(therapy, 0) - take // max(1, per_dose)
        billed += take
    return billed


def _therapies(facts: MonthFacts, goods: Goods) -> list[int]:
    return [
        number
        for number, order in facts.orders.items()
        if order.drug_item_id == goods.item_id and goods.delivery.therapy_id in (None, number)
    ]


def _line(
    goods: Goods,
    line: drugs.DrugLine,
    days: Days,
    why: str,
    rules: RuleSet,
    rules_id: RuleSetId,
    fees: FeeSchedule,
) -> ServiceLine:
    units = Decimal(line.units).quantize(_WHOLE, rounding=ROUND_UP)
    rate, charge, priced = price_of(fees, goods.hcpcs, days.first, line.modifiers)
    delivery = goods.delivery
    evidence = UnitEvidence(
        (days.first,), units, delivery.therapy_id, delivery.id, delivery.number, delivery.proven, 0, rate, rules.label
    )
    return ServiceLine(
        NOT_PLACED, LineKind.DRUG, goods.hcpcs, days, units, to_cents(charge * units), rate, to_cents(rate * units),
        modifiers=line.modifiers, description=goods.name, ndc=goods.ndc,
        ndc_quantity=line.ndc_quantity if goods.ndc else None, ndc_unit=goods.ndc_unit,
        therapy_id=delivery.therapy_id, delivery_id=delivery.id, rules_id=rules_id, evidence=(evidence,),
        sentences=(f"{why}; one unit of stock is {goods.hcpcs_per_unit.normalize():f} of {goods.hcpcs}.", line.why),
        priced=priced, place=rules.place_of_service, compound=line.link,
        container=goods.container,
    )  # fmt: skip
