"""Every rule of a contract counts: with another value the same facts come out otherwise."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from infusion_desktop.billing.months.drug_lines import drug_lines as month_drug_lines
from infusion_desktop.billing.months.equipment_lines import equipment_lines
from infusion_desktop.billing.months.goods_lines import days_of_service, is_billed_apart
from infusion_desktop.billing.months.homes import Policy
from infusion_desktop.billing.months.month_facts import Goods, MonthFacts
from infusion_desktop.billing.months.nursing_lines import nursing_lines
from infusion_desktop.billing.months.other_lines import as_paid_by
from infusion_desktop.billing.months.visits import NewVisit, Visit
from infusion_desktop.billing.rules import rule_set as r
from infusion_desktop.billing.rules.checks.every_check import check_claim
from infusion_desktop.billing.rules.checks.facts import ClaimFacts, CoverageFacts
from infusion_desktop.billing.rules.checks.sending import filing_deadline
from infusion_desktop.billing.rules.counted import ServiceLine
from infusion_desktop.billing.rules.counting import count_period
from infusion_desktop.billing.rules.delivered import Delivered
from infusion_desktop.billing.rules.ordered import Order
from infusion_desktop.billing.rules.rentals import Possession
from infusion_desktop.billing.rules.rule_set import RuleSet
from infusion_desktop.billing.rules.rule_words import GROUPS
from infusion_desktop.billing.rules.therapy import (
    Authorization,
    Fee,
    FeeSchedule,
    Infusion,
    Interruption,
    InterruptionKind,
    RateBasis,
    TherapyCourse,
)
from infusion_desktop.billing.terms.code_table import code_table
from infusion_desktop.billing.words import LineKind, RuleSetId, VisitId
from infusion_desktop.dates import Days, month_of
from infusion_desktop.deliveries.words import DeliveryId
from infusion_desktop.patients.words import PatientId, PayerId, TherapyId
from infusion_desktop.stock.words import BillingClass, ItemId, ItemKind

MARCH = month_of(date(2026, 3, 1))
FEES = FeeSchedule((
    Fee("S9500", Decimal("90.05")), Fee("S9501", Decimal(80)), Fee("S9494", Decimal(60)), Fee("S5498", Decimal(9)),
    Fee("S9500", Decimal(500), basis=RateBasis.PER_INFUSION), Fee("S9494", Decimal(5), basis=RateBasis.PER_INFUSION),
    Fee("E0781", Decimal(250), category="CR"), Fee("A4221", Decimal(24)), Fee("99601", Decimal(150)),
))  # fmt: skip
Count = Callable[[RuleSet], Any]


def day(number: int) -> date:
    return date(2026, 3, number)


def therapy(number: int = 1, every: int = 24, first: int = 3, last: int = 16, family: str = "anti_infective", **more):
    return TherapyCourse(number, family, day(first), day(last), interval_hours=every, **more)


def days(*courses: TherapyCourse, pauses=(), permissions=(), fees=FEES) -> Count:
    """What the day engine makes of therapies."""

    def count(rules: RuleSet) -> Any:
        result = count_period(MARCH, courses or (therapy(),), pauses, rules, fees, permissions, codes=code_table())
        lines = [
            (each.code, each.modifiers, each.days, each.units, each.expected, each.place_of_service, each.held,
             each.authorization) for each in result.lines
        ]  # fmt: skip
        return lines, result.exclusions, [each.code for each in result.notices]

    return count


def stay(first: int, last: int, kind=InterruptionKind.HOSPITAL) -> Interruption:
    return Interruption(kind, day(first), day(last))


def delivered(**more) -> Delivered:
    values = {"id": DeliveryId(1), "number": "D1", "therapy_id": TherapyId(1), "supply": Days(day(3), day(16)),
              "shipped_on": day(1), "delivered_on": day(2), "signed_on": day(2)}  # fmt: skip
    return Delivered(**values | more)


def goods(kind=ItemKind.DRUG, billing_class=BillingClass.PER_DIEM_INCLUDED, hcpcs="A4223", **more) -> Goods:
    values = {"delivery": delivered(), "item_id": ItemId(1), "name": "item", "kind": kind,
              "billing_class": billing_class, "hcpcs": hcpcs, "ndc": "00781320985", "ndc_unit": "UN",
              "ndc_per_unit": Decimal(1), "hcpcs_per_unit": Decimal(8), "quantity": 14}  # fmt: skip
    return Goods(**values | more)


def month(*things: Goods, **more) -> MonthFacts:
    order = Order(1, MARCH, drug_item_id=ItemId(1), units_per_dose=1, under_the_skin=True)
    values = {"patient_id": PatientId(1), "period": MARCH, "courses": (therapy(),), "orders": {1: order},
              "interruptions": (), "deliveries": (delivered(),), "goods": things, "visits": ()}  # fmt: skip
    return MonthFacts(**values | more)


def drugs(*things: Goods) -> Count:
    facts = month(*things)
    return lambda rules: [
        (each.modifiers, each.units) for each in month_drug_lines(facts, MARCH, rules, RuleSetId(1), FEES, {1: 3})
    ]


def apart(*things: Goods) -> Count:
    return lambda rules: [is_billed_apart(each, rules) for each in things]


def visited(*visits: tuple[int, int]) -> Count:
    """Visits by day and minutes."""
    kept = []
    for number, (on, minutes) in enumerate(visits, start=1):
        start = datetime(2026, 3, on, 16, 0, tzinfo=UTC)
        kept.append(Visit(VisitId(number), NewVisit(PatientId(1), start, start + timedelta(minutes=minutes), "Nurse")))
    facts = month(visits=tuple(kept))
    return lambda rules: [(x.code, x.units) for x in nursing_lines(facts, MARCH, rules, RuleSetId(1), FEES)]


def rented(since: date = date(2025, 12, 10), **more) -> Count:
    other = (Policy(PayerId(2), is_first=True, days=Days(date(2025, 1, 1), date(2026, 2, 28))),)
    facts = month(homes=(Possession("E0781", since, None),), policies=other, **more)

    def count(rules: RuleSet) -> Any:
        seen = as_paid_by(facts, PayerId(1), rules)
        return [
            (each.code, each.modifiers, each.expected)
            for each in equipment_lines(seen, MARCH, rules, RuleSetId(1), FEES)
        ]

    return count


LINE = ServiceLine(
    1, LineKind.PER_DIEM, "S9500", Days(day(3), day(16)), Decimal(14), Decimal(1400),
    dates=tuple(Days(day(3), day(16))), therapy_id=1,
)  # fmt: skip
DRUG = ServiceLine(2, LineKind.DRUG, "J0696", Days(day(3), day(3)), Decimal(8), Decimal(8), therapy_id=1)


def checked(*lines: ServiceLine, **more) -> Count:
    facts = ClaimFacts(date(2026, 4, 1), code_table(), lines or (LINE,), **more)
    return lambda rules: {each.code for each in check_claim(replace(facts, rules=rules))}


Q48, WEEKLY = therapy(every=48), therapy(every=168)
RUN = therapy(
    family="chemotherapy", every=48, first=3, last=5, run_hours=46,
    infusions=(Infusion(datetime(2026, 3, 3, 10), datetime(2026, 3, 5, 8)),),  # noqa: DTZ001
)  # fmt: skip
PAIR = (therapy(), therapy(2, 12))
SAME = (therapy(), therapy(2))
PN = TherapyCourse(1, "tpn", day(3), day(16), litres_per_day=Decimal("1.9"), lipid_litres_per_day=Decimal("0.5"),
                   overfill_litres_per_day=Decimal("0.2"))  # fmt: skip
SUITE = therapy(suite_days=frozenset({day(5)}))
INFUSION, ELAPSED = {"day_basis": r.DayBasis.INFUSION_DAY}, {"day_basis": r.DayBasis.ELAPSED_24H}
NEEDED, CAPPED = {"authorization_required": True}, {"equipment": r.EquipmentBilling.CAPPED_RENTAL}
WASTE = {"drug_quantity": r.DrugQuantity.JW_JZ}
VIAL = goods(billing_class=BillingClass.DRUG, hcpcs="J0696", discarded=Decimal(2))
INSULIN = goods(billing_class=BillingClass.DRUG, hcpcs="J1817")
PERMISSION = Authorization("A1", "S9500", Days(day(1), day(10)), units=20)

CASES: dict[str, tuple[Count, dict[str, Any], Any]] = {
    "billing_model": (days(), {}, r.BillingModel.SUPPLY_CODES),
    "billing_model_by_family": (days(), {}, {"anti_infective": r.BillingModel.PER_DOSE}),
    "day_basis": (days(Q48), {}, r.DayBasis.INFUSION_DAY),
    "elapsed_rounding": (days(RUN), ELAPSED, r.ElapsedRounding.CEIL),
    "run_days": (days(RUN), INFUSION, r.RunDays.STARTED),
    "nursing_visit_is_infusion_day": (days(therapy(every=48, nursing_days=frozenset({day(4)}))), INFUSION, True),
    "count_start_day": (days(), {}, False),
    "count_end_day": (days(), {}, False),
    "max_interval_hours": (days(therapy(every=96)), {}, 96),
    "over_interval": (days(WEEKLY), {}, r.OverInterval.NOT_BILLED),
    "count_admit_day": (days(pauses=[stay(5, 8)]), {}, False),
    "count_discharge_day": (days(pauses=[stay(5, 8)]), {}, False),
    "count_inpatient_day": (days(pauses=[stay(5, 8)]), {}, True),
    "count_hold_days": (days(pauses=[stay(5, 8, InterruptionKind.HOLD)]), {}, True),
    "hold_grace_days": (days(pauses=[stay(5, 8, InterruptionKind.HOLD)]), {}, 1),
    "count_other_interruptions": (days(pauses=[stay(5, 8, InterruptionKind.OTHER)]), {}, True),
    "count_suite_days": (days(SUITE), {}, False),
    "suite_modifier": (days(SUITE), {}, ""),
    "max_units_per_day": (days(*SAME), {"concurrency_modifiers": ()}, 2),
    "max_units_per_month": (days(), {}, 5),
    "rank_by": (days(therapy(every=12), therapy(2, first=4)), {}, r.RankBy.START_DATE),
    "rank_scope": (days(therapy(), replace(PN, id=2)), {}, r.RankScope.SAME_FAMILY),
    "rank_table": (days(*PAIR), {"rank_by": r.RankBy.FIXED_TABLE}, ("S9501", "S9500")),
    "rank_percent": (days(*PAIR), {}, (Decimal(100), Decimal(50))),
    "unranked_codes": (days(*PAIR), {"rank_scope": r.RankScope.INFUSIONS_ONLY}, ("S9501",)),
    "concurrency_modifiers": (days(*PAIR), {}, ("XX",)),
    "concurrency_extra_modifiers": (days(*PAIR), {}, ("59",)),
    "modifier_order": (days(*PAIR), {"concurrency_extra_modifiers": ("59",)}, ("59", "SH")),
    "tier_policy": (days(), {}, r.TierPolicy.GENERIC),
    "tier_policy_by_family": (days(), {}, {"anti_infective": r.TierPolicy.GENERIC}),
    "long_interval": (days(Q48), {}, r.LongInterval.AS_EVERY_24H),
    "pump_interval": (days(therapy(every=6, bag_change_hours=24)), {}, r.PumpInterval.BAG_CHANGES),
    "volume_includes_lipids": (days(PN), {}, False),
    "volume_includes_overfill": (days(PN), {"volume_includes_lipids": False}, True),
    "code_conflicts": (days(therapy(), therapy(2, manual_code="S9494")), {}, r.ConflictScope.SAME_DAY),
    "catheter_care_beside_therapy": (days(therapy(), therapy(2, family="catheter_care", lumens=1)), {}, True),
    "span_policy": (days(), {}, r.SpanPolicy.MAX7),
    "units_vs_span": (days(Q48), INFUSION, r.UnitsVsSpan.LINE_PER_DATE),
    "lines_per_claim": (checked(LINE, DRUG), {}, 1),
    "place_of_service": (days(), {}, "11"),
    "suite_place_of_service": (days(SUITE), {}, "49"),
    "rounding": (days(therapy(), therapy(2)), {"rank_percent": (Decimal(100), Decimal("33.3"))}, r.Rounding.PER_UNIT),
    "authorization_required": (days(), {}, True),
    "authorization_scope": (
        days(*SAME, permissions=[replace(PERMISSION, days=MARCH)]), NEEDED, r.AuthorizationScope.CODE_AND_MODIFIER
    ),
    "unauthorized": (days(permissions=[PERMISSION]), NEEDED, r.Unauthorized.BLOCK),
    "authorization_warning_percent": (days(permissions=[PERMISSION]), {}, 40),
    "separately_billable_groups": (apart(goods(ItemKind.DRESSING)), {}, (ItemKind.DRESSING.value,)),
    "included_groups": (
        apart(goods(ItemKind.POLE, BillingClass.SEPARATELY_BILLABLE)), {}, (ItemKind.POLE.value,)
    ),
    "flushes": (apart(goods(ItemKind.FLUSH)), {}, r.Inclusion.SEPARATE),
    "diluents": (apart(goods(ItemKind.DILUENT)), {}, r.Inclusion.SEPARATE),
    "nutrition_solution": (apart(goods(hcpcs="B4189")), {}, r.Nutrition.B_CODES),
    "drug_quantity": (drugs(VIAL), {}, r.DrugQuantity.ADMINISTERED),
    "waste_modifier": (drugs(VIAL), WASTE, "XX"),
    "no_waste_modifier": (drugs(replace(VIAL, discarded=Decimal(0))), WASTE, ""),
    "under_skin_modifier": (drugs(VIAL), WASTE, ""),
    "supply_modifiers": (drugs(INSULIN), WASTE, ()),
    "supply_month_days": (drugs(INSULIN), WASTE, 7),
    "ndc_required": (checked(LINE, DRUG), {}, False),
    "equipment": (rented(courses=(therapy(first=1, last=31),)), {}, r.EquipmentBilling.CAPPED_RENTAL),
    "rental_months": (rented(), CAPPED | {"rental_counts_other_payers": True}, 2),
    "rental_later_percent": (rented(), CAPPED | {"rental_counts_other_payers": True}, Decimal(60)),
    "rental_counts_other_payers": (
        rented(courses=(therapy(first=1, last=31),)), CAPPED, True
    ),
    "medical_policy_modifier": (rented(), CAPPED | {"rental_counts_other_payers": True}, "KX"),
    "weekly_supply_code": (rented(), {}, "A4221"),
    "nursing_biller": (visited((3, 90)), {}, r.NursingBiller.AGENCY),
    "visit_codes": (visited((3, 90)), {}, r.VisitCodes.INFUSION_SERVICE),
    "nursing_extra_minutes": (visited((3, 155)), {}, 40),
    "nursing_max_hours_per_day": (visited((3, 290)), {}, 3),
    "nursing_max_hours_per_week": (visited((3, 290)), {}, 3),
    "nursing_max_visits_per_week": (visited((3, 90), (4, 90)), {}, 1),
    "filing_days": (lambda rules: filing_deadline(LINE.days, rules), {}, 365),
    "filing_clock": (lambda rules: filing_deadline(LINE.days, rules), {}, r.FilingClock.THROUGH_DAY),
    "delivery_proof_required": (
        checked(deliveries=(Delivered(DeliveryId(1), "D1", LINE.days, 1, day(2), day(3)),)), {}, False
    ),
    "service_date": (lambda rules: days_of_service(month(), delivered(), rules), {}, r.ServiceDate.SHIP),
    "claim_form": (checked(coverage=CoverageFacts("Payer")), {}, r.ClaimForm.STATEMENT),
    "secondary_rule": (lambda rules: rules.repeats_codes_of(medicare=False), {}, r.SecondaryRule.OWN_CODES),
}  # fmt: skip
ELSEWHERE = {"name", "version", "appeal_days"}
"""What a charge names, and the days to appeal: test_an_appeal_is_due_by_the_payers_own_days."""


@pytest.mark.parametrize("rule", CASES)
def test_another_value_counts_otherwise(rule: str) -> None:
    count, base, value = CASES[rule]
    before = replace(RuleSet(), **base)
    after = replace(before, **{rule: value})
    assert getattr(before, rule) != value, "the case changes the rule"
    assert count(before) != count(after)


def test_every_rule_has_its_case_and_its_place_on_the_screen() -> None:
    every = {each.name for each in fields(RuleSet)}
    assert every == set(CASES) | ELSEWHERE
    shown = [each.key for group in GROUPS for each in group.rules]
    assert sorted(shown) == sorted(every - {"name", "version"})
