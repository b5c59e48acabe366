"""The engine against a slow day-by-day reading of the same rules, on random patients, contracts and months."""

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import slow_reference
from hypothesis import given, settings
from hypothesis import strategies as st

from infusion_desktop.billing.rules.counting import count_period
from infusion_desktop.billing.rules.rule_set import (
    INJECTIONS_AND_CATHETER_CARE,
    DayBasis,
    RankBy,
    RankScope,
    Rounding,
    RuleSet,
    SpanPolicy,
    TierPolicy,
    Unauthorized,
    UnitsVsSpan,
)
from infusion_desktop.billing.rules.therapy import (
    Authorization,
    Fee,
    FeeSchedule,
    Interruption,
    InterruptionKind,
    TherapyCourse,
)
from infusion_desktop.billing.terms.code_table import code_table
from infusion_desktop.dates import Days

CODES = ("S9494", "S9500", "S9501", "S9502", "S9366", "S9364", "S5498", "S5501")
DAYS = st.dates(date(2028, 1, 20), date(2028, 4, 10))

rule_sets = st.builds(
    RuleSet,
    day_basis=st.sampled_from(DayBasis),
    count_start_day=st.booleans(),
    count_end_day=st.booleans(),
    count_admit_day=st.booleans(),
    count_discharge_day=st.booleans(),
    count_inpatient_day=st.booleans(),
    count_hold_days=st.booleans(),
    hold_grace_days=st.integers(0, 3),
    max_interval_hours=st.sampled_from((24, 72, 96)),
    count_other_interruptions=st.booleans(),
    count_suite_days=st.booleans(),
    suite_modifier=st.sampled_from(("SS", "")),
    max_units_per_day=st.integers(1, 2),
    max_units_per_month=st.one_of(st.none(), st.integers(1, 40)),
    rank_by=st.sampled_from(RankBy),
    rank_scope=st.sampled_from(RankScope),
    rank_table=st.permutations(CODES).map(tuple),
    rank_percent=st.sampled_from(
        ((Decimal(100),), (Decimal(100), Decimal(50), Decimal(0)), (Decimal(90), Decimal("33.3")))
    ),
    concurrency_modifiers=st.sampled_from(((), ("SH",), ("SH", "SJ"))),
    concurrency_extra_modifiers=st.sampled_from(((), ("59",))),
    modifier_order=st.permutations(("SH", "SJ", "SS", "59")).map(tuple),
    unranked_codes=st.sampled_from((INJECTIONS_AND_CATHETER_CARE, ("S9366", "S9500"))),
    tier_policy=st.just(TierPolicy.SPECIFIC),
    tier_policy_by_family=st.sampled_from(({}, {"anti_infective": TierPolicy.GENERIC})),
    catheter_care_beside_therapy=st.booleans(),
    span_policy=st.sampled_from(SpanPolicy),
    units_vs_span=st.sampled_from(UnitsVsSpan),
    rounding=st.sampled_from(Rounding),
    authorization_required=st.booleans(),
    unauthorized=st.sampled_from(Unauthorized),
)


@st.composite
def patients_courses(draw):
    made = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        start = draw(DAYS)
        stop = draw(st.one_of(st.none(), st.integers(0, 60).map(lambda days, start=start: start + timedelta(days))))
        family = draw(st.sampled_from(("anti_infective", "anti_infective", "tpn", "catheter_care")))
        daily = family != "anti_infective"
        made.append(
            TherapyCourse(
                number,
                family,
                start,
                stop,
                interval_hours=None if daily else draw(st.sampled_from((5, 8, 12, 24, 36, 48, 72, 96))),
                start_hour=draw(st.integers(0, 23)),
                litres_per_day=draw(st.sampled_from((None, Decimal("2.000"), Decimal("2.001")))),
                lumens=draw(st.sampled_from((None, 1, 2))),
                suite_days=frozenset(draw(st.lists(DAYS, max_size=3))),
                manual_rank=draw(st.sampled_from((None, 1, 2))),
                ordered_on=draw(st.sampled_from((None, None, start - timedelta(9)))),
                goes_on=stop is not None and draw(st.booleans()),
            )
        )
    return made


@st.composite
def pauses(draw):
    first = draw(DAYS)
    last = draw(st.one_of(st.none(), st.integers(0, 9).map(lambda days: first + timedelta(days))))
    return Interruption(draw(st.sampled_from(InterruptionKind)), first, last, draw(st.sampled_from((None, None, 1, 2))))


@st.composite
def price_lists(draw):
    fees = []
    for code in draw(st.lists(st.sampled_from(CODES), unique=True)):
        rate = draw(st.decimals(1, 200, places=2))
        change = draw(st.one_of(st.none(), DAYS))
        if change is None:
            fees.append(Fee(code, rate))
        else:
            fees.append(Fee(code, rate, last_on=change - timedelta(days=1)))
            fees.append(Fee(code, draw(st.decimals(1, 200, places=2)), first_on=change))
    return fees


@st.composite
def permissions(draw):
    made = []
    for number in range(draw(st.integers(0, 3))):
        first = draw(DAYS)
        days = Days(first, first + timedelta(draw(st.integers(0, 60))))
        units = draw(st.one_of(st.none(), st.integers(0, 40)))
        made.append(
            Authorization(f"A{number}", draw(st.sampled_from((*CODES, ""))), days, units, draw(st.integers(0, 5)))
        )
    return made


@st.composite
def periods(draw):
    first = draw(DAYS)
    return Days(first, first + timedelta(draw(st.integers(0, 75))))


def as_tuples(result):
    return sorted(
        (
            (
                line.course_id,
                line.code,
                line.modifiers,
                line.days.first,
                line.days.last,
                line.units,
                line.expected,
                line.authorization,
            )
            for line in result.lines
        ),
        key=repr,
    )


@settings(max_examples=250)
@given(periods(), patients_courses(), st.lists(pauses(), max_size=3), rule_sets, price_lists(), permissions())
def test_days_and_lines_are_those_of_the_slow_reading(period, courses, stays, rules, fees, authorizations):
    result = count_period(period, courses, stays, rules, FeeSchedule(tuple(fees)), authorizations, codes=code_table())
    rows = slow_reference.billed_days(period, courses, stays, rules, fees, authorizations)
    billed = [(day.on, day.course_id, day.code, day.modifiers, day.rank, day.rate) for day in result.service_days]
    slow = [(row["day"], row["course"], row["code"], row["marks"], row["rank"], row["rate"]) for row in rows]
    assert sorted(billed, key=repr) == sorted(slow, key=repr)
    assert as_tuples(result) == slow_reference.lines(rows, period, courses, stays, rules)


@settings(max_examples=60)
@given(periods(), patients_courses(), st.lists(pauses(), max_size=3), rule_sets, price_lists(), st.data())
def test_an_order_changed_on_any_day_is_billed_on_the_days_it_would_be_billed_on_unchanged(
    period, courses, stays, rules, fees, data
):
    courses = [replace(each, interval_hours=None) for each in courses]
    stays = [replace(each, course_id=None) for each in stays]
    rules = replace(rules, authorization_required=False)
    changed = []
    for each in courses:
        last = each.start_on + timedelta(data.draw(st.integers(0, 40)))
        if each.stop_on is not None and last >= each.stop_on:
            changed.append(each)
            continue
        changed.append(replace(each, stop_on=last, goes_on=True))
        changed.append(replace(each, id=each.id + 0.5, start_on=last + timedelta(1), ordered_on=each.begun_on))

    def billed(of):
        result = count_period(period, of, stays, rules, FeeSchedule(tuple(fees)), [], codes=code_table())
        return sorted(
            ((day.on, int(day.course_id), day.code, day.modifiers, day.rank, day.rate) for day in result.service_days),
            key=repr,
        )

    assert billed(changed) == billed(courses)


@settings(max_examples=100)
@given(
    periods(), patients_courses(), st.lists(pauses(), max_size=3), rule_sets, price_lists(), permissions(), st.randoms()
)
def test_every_day_is_billed_or_left_out_once_and_order_of_input_is_no_matter(
    period, courses, stays, rules, fees, authorizations, shuffler
):
    def count():
        return count_period(period, courses, stays, rules, FeeSchedule(tuple(fees)), authorizations, codes=code_table())

    result = count()
    for course in courses:
        last = period.last if course.stop_on is None else min(period.last, course.stop_on)
        running = slow_reference.day_list(max(period.first, course.start_on), last)
        billed = [day.on for day in result.service_days if day.course_id == course.id]
        left = [day for each in result.exclusions if each.course_id == course.id for day in each.days]
        assert sorted(billed + left) == running
    for things in (courses, stays, fees, authorizations):
        shuffler.shuffle(things)
    again = count()
    assert again.service_days == result.service_days
    assert again.exclusions == result.exclusions
    assert again.notices == result.notices
    assert [(line.days, line.sentences) for line in again.lines] == [
        (line.days, line.sentences) for line in result.lines
    ]


@settings(max_examples=100)
@given(periods(), patients_courses(), st.lists(pauses(), max_size=3), rule_sets, price_lists())
def test_lines_keep_their_promises(period, courses, stays, rules, fees):
    result = count_period(period, courses, stays, rules, FeeSchedule(tuple(fees)), codes=code_table())
    assert sum(line.units for line in result.lines) == len(result.service_days)
    for line in result.lines:
        assert 1 <= line.units <= len(line.days)
        assert line.days.first in line.dates
        assert line.days.last in line.dates
        if rules.span_policy is SpanPolicy.MAX7:
            assert len(line.days) <= 7
        if rules.span_policy is SpanPolicy.CALENDAR_MONTH:
            assert len(line.days.by_month()) == 1
        if rules.units_vs_span is UnitsVsSpan.LINE_PER_DATE:
            assert line.units == len(line.days)


def test_a_thousand_random_patients_months_add_up_to_the_reference():
    chance = random.Random(20260301)
    fees = [Fee(code, Decimal(50 + 7 * place)) for place, code in enumerate(CODES)]
    rules = RuleSet(rank_percent=(Decimal(100), Decimal(50), Decimal(0)))
    period = Days(date(2026, 3, 1), date(2026, 3, 31))
    engine = reference = Decimal(0)
    for patient in range(1000):
        courses = [_random_course(chance, number) for number in range(1, chance.randint(1, 3) + 1)]
        stays = []
        if patient % 4 == 0:
            admitted = date(2026, 3, chance.randint(1, 28))
            stays = [Interruption(InterruptionKind.HOSPITAL, admitted, admitted + timedelta(chance.randint(0, 5)))]
        result = count_period(period, courses, stays, rules, FeeSchedule(tuple(fees)), codes=code_table())
        rows = slow_reference.billed_days(period, courses, stays, rules, fees, [])
        engine += sum(line.expected for line in result.lines)
        reference += sum(line[6] for line in slow_reference.lines(rows, period, courses, stays, rules))
    assert engine == reference > 0


def _random_course(chance, number):
    start = date(2026, 2, 15) + timedelta(chance.randint(0, 40))
    stop = start + timedelta(chance.randint(0, 30)) if chance.random() < 0.7 else None
    return TherapyCourse(number, "anti_infective", start, stop, interval_hours=chance.choice((8, 12, 24, 48)))
