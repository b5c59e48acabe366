"""Lines of pumps and poles in the home: rents by month or day, and the weekly supplies that go with a pump."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from infusion_desktop.billing.months.goods_lines import price_of
from infusion_desktop.billing.months.month_facts import MonthFacts
from infusion_desktop.billing.rules.counted import NOT_PLACED, ServiceLine, UnitEvidence
from infusion_desktop.billing.rules.rentals import (
    CAPPED,
    PURCHASED,
    RentalMonth,
    owned,
    rents,
    weeks_of_supplies,
)
from infusion_desktop.billing.rules.rule_set import EquipmentBilling, RuleSet
from infusion_desktop.billing.rules.therapy import Fee, FeeSchedule, TherapyCourse, is_effective
from infusion_desktop.billing.words import LineKind, RuleSetId
from infusion_desktop.dates import Days
from infusion_desktop.money import ZERO, percent_of, to_cents

WITH_WEEKLY_SUPPLIES = frozenset({"E0779", "E0780", "E0781", "E0791", "K0455"})
"""Pumps A4221 goes with: external ones that are not for insulin (HCPCS: E0784 has supplies of its own)."""
_PUMPS = WITH_WEEKLY_SUPPLIES | {"E0784", "E0787"}
_INEXPENSIVE = "IN"


def equipment_lines(
    facts: MonthFacts, period: Days, rules: RuleSet, rules_id: RuleSetId, fees: FeeSchedule
) -> Iterator[ServiceLine]:
    """The rents that begin in a period while a therapy runs, its purchases, and the weeks of supplies."""
    months, _ = rents(facts.homes, period, rules, _capped(fees))
    for month in months:
        bought = PURCHASED in month.modifiers
        if bought or (_therapy_on(facts, month) is not None and not _is_paid_off(month, fees)):
            yield _rent(facts, month, rules, rules_id, fees)
    if rules.weekly_supply_code:
        yield from _weekly(facts, period, rules, rules_id, fees)


def equipment_notes(facts: MonthFacts, period: Days, rules: RuleSet, fees: FeeSchedule) -> tuple[str, ...]:
    """What a biller should know of the rentals of a period: months over the cap, codes without a category."""
    if rules.equipment is EquipmentBilling.INCLUDED:
        return ()
    _, notes = rents(facts.homes, period, rules, _capped(fees))
    found = [note.sentence for note in notes]
    if rules.equipment is EquipmentBilling.CAPPED_RENTAL:
        known = {fee.code for fee in fees.fees if fee.category}
        ours = [home for home in facts.homes if home.elsewhere is None]
        codes = sorted({home.code for home in ours if home.last_on is None or home.last_on >= period.first})
        found += [
            f"The fee schedule names no category for {code}: it is rented without KH, KI and KJ. "
            "Take the DMEPOS fee schedule in."
            for code in codes
            if code not in known
        ]
    return tuple(found)


def own_pumps(facts: MonthFacts, period: Days, rules: RuleSet, fees: FeeSchedule) -> tuple[tuple[str, date], ...]:
    """The pumps that are the patient's own by the end of a period, and since when."""
    every = owned(facts.homes, period.last, rules, _capped(fees)) if facts.homes else ()
    return tuple((code, since) for code, since in every if code in _PUMPS)


def owner_note(pumps: Iterable[tuple[str, date]], day: date) -> str:
    """What a claim for a day's drug says of own pumps: which, that it is, since when (Noridian); "" for none."""
    return " ".join(f"{code} BENEFICIARY OWNED {since:%m/%d/%Y}" for code, since in pumps if since <= day)


def _capped(fees: FeeSchedule) -> frozenset[str]:
    return frozenset(fee.code for fee in fees.fees if fee.category == CAPPED)


def _therapy_on(facts: MonthFacts, month: RentalMonth) -> TherapyCourse | None:
    running = (
        each
        for each in facts.courses
        if each.start_on <= month.on and (each.stop_on is None or month.on <= each.stop_on)
    )
    return min(running, key=lambda each: (each.start_on, each.id), default=None)


def _is_paid_off(month: RentalMonth, fees: FeeSchedule) -> bool:
    """An inexpensive item is rented until the rents reach its price (NU)."""
    price = _purchase_price(month, fees)
    if price is None or price.category != _INEXPENSIVE:
        return False
    rent, _, _ = price_of(fees, month.code, month.on, month.modifiers)
    return rent * (month.number - 1) >= price.rate


def _purchase_price(month: RentalMonth, fees: FeeSchedule) -> Fee | None:
    return next((fee for fee in fees.fees if fee.code == month.code and PURCHASED in fee.modifiers
                 and is_effective(fee, month.on)), None)  # fmt: skip


def _rent(facts: MonthFacts, month: RentalMonth, rules: RuleSet, rules_id: RuleSetId, fees: FeeSchedule) -> ServiceLine:
    rate, charge, priced = price_of(fees, month.code, month.on, month.modifiers)
    bought = PURCHASED in month.modifiers
    if bought and _purchase_price(month, fees) is None:  # What is found without one is the rent.
        rate, charge, priced = ZERO, ZERO, False
    paid = percent_of(rate, month.percent)
    course = _therapy_on(facts, month)
    therapy = None if course is None else course.order
    units = Decimal(month.units)
    delivery = next((each for each in facts.deliveries if each.id == month.delivery_id), None)
    evidence = UnitEvidence(
        (month.on,), units, therapy, month.delivery_id, "" if delivery is None else delivery.number,
        delivery is not None and delivery.proven, 0, paid, rules.label,
    )  # fmt: skip
    days = month.days if month.number == 0 else Days(month.on, month.on)
    return ServiceLine(
        NOT_PLACED, LineKind.SUPPLY, month.code, days, units, to_cents(percent_of(charge, month.percent) * units),
        paid, to_cents(paid * units), modifiers=month.modifiers, description="Purchase" if bought else "Rent",
        therapy_id=therapy,
        delivery_id=None if delivery is None else delivery.id, rules_id=rules_id, evidence=(evidence,),
        sentences=(month.why,), priced=priced, place=rules.place_of_service,
    )  # fmt: skip


def _weekly(
    facts: MonthFacts, period: Days, rules: RuleSet, rules_id: RuleSetId, fees: FeeSchedule
) -> Iterator[ServiceLine]:
    """A line for each order with weeks that begin in the period, the order that began first before the others.

    One unit a week is the most: a week that shares days with one counted already is not counted again. The weeks of an
    order that was changed go on from its first day.
    """
    pumps = [home for home in facts.homes if home.code in WITH_WEEKLY_SUPPLIES and not home.elsewhere]
    counted: list[Days] = []
    for course in sorted(facts.courses, key=lambda each: (each.begun_on, each.id)):
        last = course.stop_on or max(period.last, course.start_on)
        version = Days(course.start_on, last).overlap(period)
        if version is None:
            continue
        weeks = [
            week
            for week in weeks_of_supplies(pumps, Days(course.begun_on, last), version)
            if not any(week.overlap(other) for other in counted)
        ]
        if not weeks:
            continue
        counted += weeks
        modifiers = (rules.medical_policy_modifier,) if rules.medical_policy_modifier else ()
        rate, charge, priced = price_of(fees, rules.weekly_supply_code, weeks[0].first, modifiers)
        units = Decimal(len(weeks))
        evidence = tuple(
            UnitEvidence((each.first,), Decimal(1), course.order, None, "", True, 0, rate, rules.label)
            for each in weeks
        )
        days = Days(weeks[0].first, min(weeks[-1].last, period.last))
        yield ServiceLine(
            NOT_PLACED, LineKind.SUPPLY, rules.weekly_supply_code, days, units, to_cents(charge * units), rate,
            to_cents(rate * units), modifiers=modifiers, description="Supplies of the week", therapy_id=course.order,
            rules_id=rules_id,
            evidence=evidence, sentences=(f"{len(weeks)} weeks of therapy with a pump begin in these days.",),
            priced=priced, place=rules.place_of_service,
        )  # fmt: skip
