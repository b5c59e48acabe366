"""The published counting cases V1 to V10, and the rules beside them, one by one."""

from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal

import pytest

from infusion_desktop.billing.rules.counting import PeriodResult, count_period, count_versions
from infusion_desktop.billing.rules.days import Reason
from infusion_desktop.billing.rules.rule_set import (
    AuthorizationScope,
    BillingModel,
    ConflictScope,
    DayBasis,
    ElapsedRounding,
    OverInterval,
    RankBy,
    RankScope,
    Rounding,
    RuleSet,
    RunDays,
    SpanPolicy,
    TierPolicy,
    Unauthorized,
    UnitsVsSpan,
)
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
from infusion_desktop.dates import Days, month_of
from infusion_desktop.errors import Refused

STANDARD = RuleSet()
INFUSION_DAY = RuleSet(day_basis=DayBasis.INFUSION_DAY)
TEXAS = RuleSet(name="Texas", rank_percent=(Decimal(100), Decimal(50), Decimal(0)))
MARCH = month_of(date(2026, 3, 1))
APRIL = month_of(date(2026, 4, 1))
FEES = FeeSchedule((Fee("S9500", Decimal(90)), Fee("S9501", Decimal(80)), Fee("S9502", Decimal(85))))


def march(day: int) -> date:
    return date(2026, 3, day)


def april(day: int) -> date:
    return date(2026, 4, day)


def therapy(start: date, stop: date | None = None, every: int = 24, number: int = 1, **facts) -> TherapyCourse:
    return TherapyCourse(number, "anti_infective", start, stop, interval_hours=every, **facts)


def hospital(admitted: date, discharged: date | None) -> Interruption:
    return Interruption(InterruptionKind.HOSPITAL, admitted, discharged)


def count(*courses, period=MARCH, rules=STANDARD, fees=FEES, pauses=(), authorizations=(), **more) -> PeriodResult:
    return count_period(period, courses, pauses, rules, fees, authorizations, codes=code_table(), **more)


def units(*courses, **more) -> int:
    return sum(line.units for line in count(*courses, **more).lines)


def shown(result: PeriodResult) -> list[tuple]:
    return [(line.code, *line.modifiers, line.days.first.day, line.days.last.day, line.units) for line in result.lines]


DAILY_3_TO_16 = therapy(march(3), march(16))


def test_v1_access_counts_each_day_from_start_through_stop():
    assert units(DAILY_3_TO_16) == 14
    assert units(DAILY_3_TO_16, rules=RuleSet(count_end_day=False)) == 13
    assert units(DAILY_3_TO_16, rules=RuleSet(count_start_day=False, count_end_day=False)) == 12


def test_v2_every_48_hours_counts_days_with_access_or_days_with_a_dose():
    course = therapy(march(3), march(15), every=48)
    given = tuple(Infusion(datetime.combine(march(day), time())) for day in range(3, 16, 2))
    recorded = replace(course, infusions=given)
    for each in (course, recorded):
        assert units(each) == 13
        assert units(each, rules=INFUSION_DAY) == 7


def test_v3_every_72_hours_is_the_longest_per_diem_interval():
    course = therapy(march(3), march(15), every=72)
    assert units(course) == 13
    assert units(course, rules=INFUSION_DAY) == 5
    every_96 = count(therapy(march(3), march(15), every=96))
    assert every_96.lines == () or all(line.basis is not RateBasis.PER_DIEM for line in every_96.lines)


def test_v4_a_46_hour_run_by_access_by_whole_and_by_begun_24_hours():
    run = Infusion(datetime.fromisoformat("2026-03-03T10:00"), datetime.fromisoformat("2026-03-05T08:00"))
    course = TherapyCourse(1, "chemotherapy", march(3), march(5), run_hours=46, infusions=(run,))
    floor = RuleSet(day_basis=DayBasis.ELAPSED_24H)
    assert units(course) == 3
    assert units(course, rules=floor) == 1
    assert units(course, rules=replace(floor, elapsed_rounding=ElapsedRounding.CEIL)) == 2
    assert units(course, rules=INFUSION_DAY) == 3
    assert units(course, rules=replace(INFUSION_DAY, run_days=RunDays.STARTED)) == 1
    assert count(course).lines[0].code == "S9330"


def test_v5_full_hospital_days_are_excluded_admission_and_discharge_by_rule():
    stay = hospital(march(8), march(11))
    assert units(DAILY_3_TO_16, pauses=[stay]) == 12
    assert units(DAILY_3_TO_16, pauses=[stay], rules=RuleSet(count_admit_day=False)) == 11
    neither = RuleSet(count_admit_day=False, count_discharge_day=False)
    assert units(DAILY_3_TO_16, pauses=[stay], rules=neither) == 10
    result = count(DAILY_3_TO_16, pauses=[stay], rules=neither)
    assert shown(result) == [("S9500", 3, 7, 5), ("S9500", 12, 16, 5)]
    assert [each.reason for each in result.exclusions] == [Reason.ADMITTED, Reason.INPATIENT, Reason.DISCHARGED]
    assert result.exclusions[1].sentence == "anti infective, Mar 9, 2026 to Mar 10, 2026: in hospital."


def test_v6_lines_are_cut_at_the_month_end():
    result = count(therapy(march(28), april(3)), period=Days(march(1), april(30)))
    assert [(line.days, line.units) for line in result.lines] == [
        (Days(march(28), march(31)), 4),
        (Days(april(1), april(3)), 3),
    ]


def test_v7_a_weekly_infusion_has_no_per_diem_but_a_unit_where_contracted():
    weekly = therapy(march(4), march(8), every=168)
    assert units(weekly, rules=RuleSet(over_interval=OverInterval.NOT_BILLED)) == 0
    contract = FeeSchedule((Fee("S9494", Decimal(250), basis=RateBasis.PER_INFUSION),))
    result = count(weekly, fees=contract)
    assert [(line.units, line.expected, line.basis) for line in result.lines] == [
        (1, Decimal("250.00"), RateBasis.PER_INFUSION)
    ]
    uncontracted = count(weekly)
    assert uncontracted.lines == ()
    assert {each.reason for each in uncontracted.exclusions} == {Reason.OVER_INTERVAL, Reason.NO_INFUSION}


V8 = (therapy(april(1), april(14), number=1), therapy(april(8), april(21), every=12, number=2))


def test_v8_rank_is_settled_for_each_day():
    result = count(*V8, period=APRIL, rules=TEXAS)
    assert shown(result) == [("S9500", 1, 14, 14), ("S9501", "SH", 8, 14, 7), ("S9501", 15, 21, 7)]
    assert [line.expected for line in result.lines] == [Decimal(1260), Decimal(280), Decimal(560)]


def test_v9_two_drugs_on_one_code_are_told_apart_by_sh():
    result = count(therapy(march(1), number=1), therapy(march(1), number=2))
    assert shown(result) == [("S9500", 1, 31, 31), ("S9500", "SH", 1, 31, 31)]


def test_v10_a_third_therapy_is_billed_with_sj_though_nothing_is_expected():
    result = count(*(therapy(march(1), march(10), number=n) for n in (1, 2, 3)), rules=TEXAS)
    third = result.lines[2]
    assert (third.modifiers, third.units, third.expected, third.charge) == (("SJ",), 10, Decimal(0), Decimal(900))


def test_without_concurrency_modifiers_a_second_therapy_on_the_code_is_over_the_days_maximum():
    result = count(therapy(march(1), number=1), therapy(march(1), number=2), rules=RuleSet(concurrency_modifiers=()))
    assert shown(result) == [("S9500", 1, 31, 31)]
    assert {each.reason for each in result.exclusions} == {Reason.OVER_DAY_MAXIMUM}
    two = RuleSet(concurrency_modifiers=(), max_units_per_day=2)
    assert units(therapy(march(1), number=1), therapy(march(1), number=2), rules=two) == 62


def test_equal_rates_rank_by_earlier_start_then_lower_code():
    fees = FeeSchedule((Fee("S9500", Decimal(90)), Fee("S9501", Decimal(90))))
    late = therapy(march(2), march(9), every=24, number=1)
    early = therapy(march(1), march(9), every=12, number=2)
    assert shown(count(late, early, fees=fees))[0] == ("S9501", 1, 9, 9)
    same_day = (replace(early, start_on=march(2)), late)
    assert shown(count(*same_day, fees=fees))[0] == ("S9500", 2, 9, 8)


@pytest.mark.parametrize(
    ("rules", "first"),
    [
        (RuleSet(rank_by=RankBy.START_DATE), "S9501"),
        (RuleSet(rank_by=RankBy.FIXED_TABLE, rank_table=("S9501", "S9500")), "S9501"),
        (RuleSet(rank_by=RankBy.MANUAL), "S9501"),
        (RuleSet(rank_by=RankBy.CONTRACT_RATE_DESC), "S9500"),
    ],
)
def test_what_ranks_first_is_the_contracts_choice(rules, first):
    cheap_but_earlier = therapy(march(1), march(9), every=12, number=1, manual_rank=1)
    dear_but_later = therapy(march(2), march(9), number=2, manual_rank=2)
    result = count(cheap_but_earlier, dear_but_later, rules=rules)
    assert {day.code for day in result.service_days if day.on == march(5) and day.rank == 1} == {first}


def test_ranks_within_a_family_and_among_infusions_only():
    hydration = TherapyCourse(2, "hydration", march(1), march(5), litres_per_day=Decimal("2.000"))
    growth = TherapyCourse(3, "growth_hormone", march(1), march(5), by_injection=True)
    infection = therapy(march(1), march(5))
    by_family = count(infection, hydration, rules=RuleSet(rank_scope=RankScope.SAME_FAMILY))
    assert all(line.modifiers == () for line in by_family.lines)
    infusions = count(infection, hydration, growth, rules=RuleSet(rank_scope=RankScope.INFUSIONS_ONLY))
    assert {line.code: (line.rank, line.modifiers) for line in infusions.lines} == {
        "S9558": (0, ()),
        "S9500": (1, ()),
        "S9375": (2, ("SH",)),
    }


def test_suite_days_wear_ss_after_the_rank_and_59_last():
    rules = RuleSet(concurrency_extra_modifiers=("59",), suite_place_of_service="49")
    suite = therapy(march(1), march(4), number=2, suite_days=frozenset({march(2)}))
    result = count(therapy(march(1), march(4), number=1), suite, rules=rules)
    in_suite = next(line for line in result.lines if line.days.first == march(2))
    assert (in_suite.modifiers, in_suite.place_of_service) == (("SH", "SS", "59"), "49")
    assert units(suite, rules=RuleSet(count_suite_days=False)) == 3


def test_a_hold_is_excluded_after_its_grace_days():
    hold = Interruption(InterruptionKind.HOLD, march(5), march(9))
    assert units(DAILY_3_TO_16, pauses=[hold]) == 9
    assert units(DAILY_3_TO_16, pauses=[hold], rules=RuleSet(hold_grace_days=2)) == 11
    assert units(DAILY_3_TO_16, pauses=[hold], rules=RuleSet(count_hold_days=True)) == 14
    only_another = replace(hold, course_id=99)
    assert units(DAILY_3_TO_16, pauses=[only_another]) == 14
    assert units(DAILY_3_TO_16, pauses=[hospital(march(10), None)]) == 8


def test_catheter_care_counts_only_on_days_no_other_therapy_covers():
    care = TherapyCourse(2, "catheter_care", march(1), march(31), lumens=1)
    result = count(DAILY_3_TO_16, care)
    assert shown(result) == [("S5498", 1, 2, 2), ("S9500", 3, 16, 14), ("S5498", 17, 31, 15)]
    beside = count(DAILY_3_TO_16, care, rules=RuleSet(catheter_care_beside_therapy=True))
    assert sum(line.units for line in beside.lines if line.code == "S5498") == 31


def test_two_versions_of_one_order_never_count_a_day_twice():
    first = therapy(march(1), march(10), every=8, number=1, therapy_id=7)
    second = therapy(march(10), march(20), every=24, number=2, therapy_id=7)
    assert shown(count(second, first)) == [("S9502", 1, 9, 9), ("S9500", 10, 20, 11)]


def test_general_and_specific_codes_exclude_each_other_where_the_payer_looks_at_the_day():
    general, specific = therapy(march(1), march(3), every=5, number=1), therapy(march(1), march(3), number=2)
    assert {line.code for line in count(general, specific).lines} == {"S9494", "S9500"}
    result = count(general, specific, rules=RuleSet(code_conflicts=ConflictScope.SAME_DAY))
    assert {line.code for line in result.lines} == {"S9500"}
    assert "CODE_CONFLICT" in {notice.code for notice in result.notices}


def test_obstetric_management_excludes_every_infusion_per_diem():
    care = TherapyCourse(2, "preterm_labor", march(1), march(3))
    assert len({line.code for line in count(therapy(march(1), march(3)), care).lines}) == 1


def test_a_price_change_inside_the_month_makes_a_new_line_and_may_change_the_rank():
    fees = FeeSchedule(
        (
            Fee("S9500", Decimal(90), last_on=march(15)),
            Fee("S9500", Decimal(70), first_on=march(16)),
            Fee("S9501", Decimal(80)),
        )
    )
    result = count(therapy(march(1), number=1), therapy(march(1), every=12, number=2), fees=fees)
    assert shown(result) == [
        ("S9500", 1, 15, 15),
        ("S9501", "SH", 1, 15, 15),
        ("S9501", 16, 31, 16),
        ("S9500", "SH", 16, 31, 16),
    ]


def test_a_renewed_fee_at_the_same_price_makes_no_new_line():
    fees = FeeSchedule((Fee("S9500", Decimal(90), last_on=march(9)), Fee("S9500", Decimal(90), first_on=march(10))))
    assert shown(count(DAILY_3_TO_16, fees=fees)) == [("S9500", 3, 16, 14)]


def test_a_fee_that_names_the_modifier_is_the_price_and_takes_no_percent():
    fees = FeeSchedule((*FEES.fees, Fee("S9501", Decimal(33), modifiers=("SH",))))
    second = count(*V8, period=APRIL, rules=TEXAS, fees=fees).lines[1]
    assert (second.expected, second.percent) == (Decimal("231.00"), Decimal(100))


def test_the_percentage_is_rounded_where_the_contract_says():
    fees = FeeSchedule((Fee("S9500", Decimal(90)), Fee("S9501", Decimal("87.33"))))
    per_line = count(*V8, period=APRIL, rules=TEXAS, fees=fees).lines[1]
    per_unit = count(*V8, period=APRIL, rules=replace(TEXAS, rounding=Rounding.PER_UNIT), fees=fees).lines[1]
    assert (per_line.expected, per_unit.expected) == (Decimal("305.66"), Decimal("305.69"))


@pytest.mark.parametrize(
    ("policy", "spans"),
    [
        (SpanPolicy.CALENDAR_MONTH, [(25, 31), (1, 6)]),
        (SpanPolicy.EPISODE_MIN7, [(25, 6)]),
        (SpanPolicy.MAX7, [(25, 31), (1, 6)]),
        (SpanPolicy.CONTIGUOUS_RUNS, [(25, 6)]),
        (SpanPolicy.DAILY, [(day, day) for day in (*range(25, 32), *range(1, 7))]),
    ],
)
def test_span_policies(policy, spans):
    result = count(therapy(march(25), april(6)), period=Days(march(1), april(30)), rules=RuleSet(span_policy=policy))
    assert [(line.days.first.day, line.days.last.day) for line in result.lines] == spans


def test_days_without_infusion_lie_inside_a_spanned_line_or_break_it_by_rule():
    course = therapy(march(3), march(9), every=48)
    assert shown(count(course, rules=INFUSION_DAY)) == [("S9494", 3, 9, 4)]
    dated = count(course, rules=replace(INFUSION_DAY, units_vs_span=UnitsVsSpan.LINE_PER_DATE))
    assert shown(dated) == [("S9494", day, day, 1) for day in (3, 5, 7, 9)]


def test_a_months_maximum_drops_the_last_days():
    result = count(DAILY_3_TO_16, rules=RuleSet(max_units_per_month=10))
    assert shown(result) == [("S9500", 3, 12, 10)]
    with_earlier = count(DAILY_3_TO_16, rules=RuleSet(max_units_per_month=10), units_before={("S9500", march(1)): 4})
    assert shown(with_earlier) == [("S9500", 3, 8, 6)]


def test_authorizations_are_used_day_by_day_the_one_that_ends_first_first():
    early = Authorization("A1", "S9500", Days(march(1), march(20)), units=5, used=1)
    late = Authorization("A2", "S9500", Days(march(1), march(31)), units=6)
    result = count(DAILY_3_TO_16, authorizations=[late, early], rules=RuleSet(authorization_required=True))
    assert [(line.authorization, line.units, bool(line.held)) for line in result.lines] == [
        ("A1", 4, False),
        ("A2", 6, False),
        ("", 4, True),
    ]
    assert [(use.authorization.number, use.taken, use.left, use.percent) for use in result.authorization_uses] == [
        ("A1", 4, 0, 100),
        ("A2", 6, 0, 100),
    ]
    blocked = RuleSet(authorization_required=True, unauthorized=Unauthorized.BLOCK)
    assert units(DAILY_3_TO_16, authorizations=[late, early], rules=blocked) == 10
    assert units(DAILY_3_TO_16, rules=blocked) == 0


def test_an_authorization_warns_at_eighty_percent():
    permission = Authorization("A1", "S9500", MARCH, units=17)
    notices = count(DAILY_3_TO_16, authorizations=[permission]).notices
    assert [notice.code for notice in notices] == ["AUTHORIZATION_LOW"]
    assert "3 of 17 units are left" in notices[0].sentence


def test_an_authorization_may_be_for_the_code_with_its_modifier():
    rules = RuleSet(authorization_required=True, authorization_scope=AuthorizationScope.CODE_AND_MODIFIER)
    plain, second = Authorization("A", "S9500", MARCH), Authorization("B", "S9500", MARCH, modifiers=("SH",))
    result = count(
        therapy(march(1), number=1), therapy(march(1), number=2), authorizations=[second, plain], rules=rules
    )
    assert [(line.modifiers, line.authorization) for line in result.lines] == [((), "A"), (("SH",), "B")]


def test_billing_by_dose_or_supply_codes_makes_no_per_diem():
    doses = count(
        therapy(march(1), march(2), every=8),
        rules=RuleSet(billing_model=BillingModel.PER_DOSE),
        fees=FeeSchedule((Fee("S9502", Decimal(20), basis=RateBasis.PER_DOSE),)),
    )
    assert [(line.units, line.expected) for line in doses.lines] == [(6, Decimal("120.00"))]
    supplies = RuleSet(billing_model_by_family={"anti_infective": BillingModel.SUPPLY_CODES})
    assert units(DAILY_3_TO_16, rules=supplies) == 0


def test_the_contract_may_want_the_general_code():
    rules = RuleSet(tier_policy_by_family={"anti_infective": TierPolicy.GENERIC})
    assert shown(count(therapy(march(1), march(14), every=8), rules=rules)) == [("S9494", 1, 14, 14)]


def test_leap_days_count():
    february = month_of(date(2028, 2, 1))
    assert units(therapy(date(2028, 2, 1)), period=february) == 29
    over = count(therapy(date(2028, 2, 28), date(2028, 3, 1)), period=Days(february.first, date(2028, 3, 31)))
    assert [line.units for line in over.lines] == [2, 1]


def test_rules_that_change_inside_the_month_count_each_part_by_its_own_version():
    first = (Days(march(1), march(10)), RuleSet(name="Plan", version=1, max_units_per_month=12), FEES)
    second = (Days(march(11), march(31)), RuleSet(name="Plan", version=2, max_units_per_month=12), FEES)
    permission = Authorization("A", "S9500", MARCH, units=11)
    result = count_versions([second, first], [DAILY_3_TO_16], [], [permission], codes=code_table())
    assert [(line.rules, line.units, line.authorization) for line in result.lines] == [
        ("Plan v1", 8, "A"),
        ("Plan v2", 3, "A"),
        ("Plan v2", 1, ""),
    ]
    assert [each.reason for each in result.exclusions] == [Reason.OVER_MONTH_MAXIMUM]


def test_without_any_rules_nothing_is_counted():
    with pytest.raises(Refused, match="no billing rules"):
        count_versions([], [DAILY_3_TO_16], [], codes=code_table())


def test_every_line_can_say_why():
    line = count(*V8, period=APRIL, rules=TEXAS).lines[1]
    told = " ".join(line.sentences)
    for words in ("therapy 2", "Texas v1", "ranks second", "wears SH", "$80.00", "50 percent", "$280.00", "every 12 h"):
        assert words in told
    days = list(line.service_days())
    assert len(days) == 7
    assert (days[0].on, days[0].rank, days[0].rate, days[0].rules) == (april(8), 2, Decimal(80), "Texas v1")


def test_a_code_without_a_contracted_price_is_told():
    result = count(DAILY_3_TO_16, fees=FeeSchedule())
    assert (result.lines[0].rate, result.lines[0].expected) == (None, Decimal(0))
    assert [notice.code for notice in result.notices] == ["NO_PRICE"]


def test_the_drugs_own_price_goes_before_the_general_one():
    fees = FeeSchedule((Fee("S9379", Decimal(50)), Fee("S9379", Decimal(75), rate_key="drug x")))
    course = TherapyCourse(1, "something_new", march(1), march(2), rate_key="drug x")
    assert count(course, fees=fees).lines[0].expected == Decimal("150.00")


def test_a_therapy_that_stops_before_it_starts_is_refused():
    with pytest.raises(Refused, match="stops before it starts"):
        therapy(march(5), march(4))
