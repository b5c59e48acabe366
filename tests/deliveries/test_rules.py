"""Quantities that follow from doses, days and counts, and what speaks against a delivery."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infusion_desktop.dates import Days
from infusion_desktop.deliveries.rules import (
    MEDICARE_REFILL_RULES,
    Frequency,
    KitLine,
    QuantityRule,
    Refill,
    RefillRule,
    SentLot,
    Supply,
    contact_from,
    delivery_from,
    need,
    reasons_against_latex,
    reasons_against_refill,
    reasons_against_verifier,
    refill_rule_on,
    times_in,
)
from infusion_desktop.errors import Refused

MONDAY = date(2026, 3, 2)
WEEK = Days(MONDAY, date(2026, 3, 8))
FOUR_WEEKS = Days(MONDAY, date(2026, 3, 29))
Q8 = Frequency.every_hours(8)


def line(rule, amount="1", round_to=1):
    return KitLine(QuantityRule(rule), Decimal(amount), round_to)


def test_the_explanation_tells_every_step():
    answer = need(line("per_dose", "2", 30), Supply(WEEK, doses=Q8), at_home=10)
    assert (answer.needed, answer.at_home, answer.to_send) == (42, 10, 60)
    assert answer.why == (
        "2 per dose × 21 doses (3 a day on 7 days) = 42; less 10 at home = 32; up to whole packs of 30 = 60"
    )


@pytest.mark.parametrize(
    ("rule", "amount", "needed", "why"),
    [
        ("per_dose", "2", 168, "2 per dose × 84 doses (3 a day on 28 days) = 168"),
        ("per_day", "1", 28, "1 per day × 28 days = 28"),
        ("per_week", "0.25", 1, "0.25 per week × 4 weeks begun = 1"),
        ("per_week", "0.3", 2, "0.3 per week × 4 weeks begun = 1.2, so 2"),
        ("per_dressing_change", "1", 4, "1 per dressing change × 4 dressing changes (1 every 7 days on 28 days) = 4"),
        ("per_bag", "1", 14, "1 per bag × 14 bags (1 every 2 days on 28 days) = 14"),
        ("per_delivery", "5", 5, "5 per delivery = 5"),
        ("once_at_start", "1", 0, "only with the first delivery = 0"),
    ],
)
def test_each_rule_counts_its_own_thing(rule, amount, needed, why):
    answer = need(line(rule, amount), Supply(FOUR_WEEKS, doses=Q8, bags=Frequency(1, 2)))
    assert (answer.needed, answer.why) == (needed, why)


def test_once_at_start_is_sent_with_the_first_delivery():
    assert need(line("once_at_start"), Supply(WEEK, is_first=True)).to_send == 1


def test_bags_are_the_doses_where_the_therapy_tells_none():
    assert need(line("per_bag"), Supply(WEEK, doses=Q8)).needed == 21


@pytest.mark.parametrize("rule", ["per_dose", "per_bag"])
def test_without_a_frequency_doses_are_not_guessed(rule):
    with pytest.raises(Refused, match="Fill in its frequency"):
        need(line(rule), Supply(WEEK))


def test_enough_at_home_sends_nothing():
    answer = need(line("per_dose", round_to=30), Supply(WEEK, doses=Q8), at_home=50)
    assert answer.to_send == 0
    assert answer.why.endswith("less 50 at home = 0 (enough at home)")
    with pytest.raises(Refused, match="below zero"):
        need(line("per_day"), Supply(WEEK), at_home=-1)


@pytest.mark.parametrize(
    ("hours", "times", "days"), [(24, 1, 1), (12, 2, 1), (6, 4, 1), (4, 6, 1), (36, 2, 3), (48, 1, 2), (168, 1, 7)]
)
def test_an_interval_in_hours_is_a_frequency(hours, times, days):
    assert Frequency.every_hours(hours) == Frequency(times, days)


def test_a_weekly_dose_falls_on_its_own_day():
    friday = Frequency(1, 7, first_on=date(2026, 3, 6))
    assert times_in(friday, Supply(Days(MONDAY, date(2026, 3, 5)))) == 0
    assert times_in(friday, Supply(WEEK)) == 1
    assert times_in(friday, Supply(Days(date(2026, 3, 6), date(2026, 3, 13)))) == 2
    assert times_in(Frequency(1, 7), Supply(Days(MONDAY, date(2026, 3, 5)))) == 1


def test_interrupted_days_need_nothing():
    hospital = Days(date(2026, 3, 4), date(2026, 3, 5))
    assert need(line("per_dose"), Supply(WEEK, (hospital,), doses=Q8)).needed == 15
    whole = Supply(WEEK, (Days(date(2026, 2, 1), date(2026, 4, 1)),), doses=Q8, is_first=True)
    for rule in QuantityRule:
        assert need(line(rule), whole).to_send == 0


# --- for any therapy --------------------------------------------------------------------------------------------------

frequencies = st.builds(Frequency, st.integers(1, 8), st.integers(1, 14))
days = st.dates(date(2026, 1, 1), date(2026, 6, 30))
periods = st.builds(lambda first, length: Days(first, first + timedelta(days=length)), days, st.integers(0, 60))
lines = st.builds(
    KitLine, st.sampled_from(QuantityRule), st.decimals(0, 20, places=2), st.integers(1, 200), st.just("each")
)
supplies = st.builds(
    Supply,
    periods,
    st.lists(periods, max_size=3).map(tuple),
    frequencies,
    st.none() | frequencies,
    frequencies,
    st.booleans(),
)


@given(lines, supplies, st.integers(0, 5000))
def test_never_short_never_negative_never_a_pack_too_many(kit_line, supply, at_home):
    answer = need(kit_line, supply, at_home)
    assert answer.to_send >= 0
    assert answer.to_send % kit_line.round_to == 0
    assert at_home + answer.to_send >= answer.needed
    assert answer.to_send < max(0, answer.needed - at_home) + kit_line.round_to
    if at_home >= answer.needed:
        assert answer.to_send == 0


@given(lines, supplies, st.integers(0, 5000), st.integers(0, 500))
def test_what_is_counted_at_home_is_honoured(kit_line, supply, at_home, more):
    kit_line = KitLine(kit_line.rule, kit_line.amount)
    less_sent = need(kit_line, supply, at_home).to_send - need(kit_line, supply, at_home + more).to_send
    assert 0 <= less_sent <= more


@given(frequencies, periods, st.integers(0, 13), st.lists(periods, max_size=2))
def test_never_fewer_doses_than_any_regular_schedule_has(frequency, period, shift, pauses):
    """Whatever day the rounds begin on, doses given as evenly as can be, or all in a row, are covered."""
    supply = Supply(period, tuple(pauses), doses=frequency)
    start = period.first - timedelta(days=60 + shift)
    rows = (frequency.times + frequency.every_days - 1) // frequency.every_days
    in_a_row = 0
    evenly = 0
    for day in supply.counted():
        place = (day - start).days % frequency.every_days
        in_a_row += min(rows, max(0, frequency.times - place * rows))
        evenly += (
            place + 1
        ) * frequency.times // frequency.every_days - place * frequency.times // frequency.every_days
    assert times_in(frequency, supply) >= max(in_a_row, evenly)


@given(frequencies, periods, periods)
def test_an_interruption_never_adds_a_dose(frequency, period, pause):
    assert times_in(frequency, Supply(period, (pause,))) <= times_in(frequency, Supply(period))


@given(periods, st.integers(0, 13), st.integers(2, 14))
def test_a_known_first_day_never_needs_more_than_an_unknown_one(period, shift, every):
    known = Frequency(1, every, first_on=period.first + timedelta(days=shift))
    assert times_in(known, Supply(period)) <= times_in(Frequency(1, every), Supply(period))


@pytest.mark.parametrize("wrong", [lambda: Frequency(0), lambda: Frequency(1, 0), lambda: Frequency.every_hours(0)])
def test_impossible_frequencies_are_defects(wrong):
    with pytest.raises(ValueError, match="at least"):
        wrong()


@pytest.mark.parametrize("amount", ["-1", "NaN", "Infinity"])
def test_impossible_amounts_are_defects(amount):
    with pytest.raises(ValueError, match="not negative"):
        line("per_day", amount)


# --- refills ----------------------------------------------------------------------------------------------------------

NOW = MEDICARE_REFILL_RULES[1]


def test_the_refill_rule_follows_the_delivery_date():
    assert refill_rule_on(date(2023, 12, 31)) == MEDICARE_REFILL_RULES[0]
    assert refill_rule_on(date(2024, 1, 1)) == NOW
    assert refill_rule_on(date(2001, 1, 1)) is None


def test_windows_since_2024_and_before():
    ends, delivers = date(2026, 3, 31), date(2026, 3, 25)
    assert contact_from(NOW, ends, delivers) == date(2026, 3, 1)
    assert delivery_from(NOW, ends) == date(2026, 3, 21)
    assert contact_from(MEDICARE_REFILL_RULES[0], ends, delivers) == date(2026, 3, 11)


@pytest.mark.parametrize(
    ("contacted_on", "confirmed", "delivers_on", "words"),
    [
        (date(2026, 3, 1), True, date(2026, 3, 21), []),
        (date(2026, 2, 28), True, date(2026, 3, 21), ["too early"]),
        (date(2026, 3, 1), True, date(2026, 3, 20), ["Mar 21, 2026 or later"]),
        (date(2026, 3, 1), False, date(2026, 3, 21), ["has not said yes"]),
        (None, False, date(2026, 3, 21), ["No refill call"]),
        (date(2026, 3, 22), True, date(2026, 3, 21), ["dated after"]),
        (date(2026, 2, 1), False, date(2026, 3, 2), ["Mar 21, 2026 or later", "too early", "has not said yes"]),
    ],
)
def test_all_reasons_against_a_refill_come_together(contacted_on, confirmed, delivers_on, words):
    refill = Refill(date(2026, 3, 31), contacted_on, confirmed)
    reasons = reasons_against_refill(NOW, refill, delivers_on, WEEK)
    assert len(reasons) == len(words)
    assert all(word in reason for word, reason in zip(words, reasons, strict=True))


def test_a_payers_longest_supply_is_kept():
    rule = RefillRule(date(2026, 1, 1), 30, 10, longest_supply_days=7)
    refill = Refill(date(2026, 3, 3), MONDAY, confirmed=True)
    assert reasons_against_refill(rule, refill, MONDAY, WEEK) == []
    (reason,) = reasons_against_refill(rule, refill, MONDAY, FOUR_WEEKS)
    assert "End it on Mar 8, 2026" in reason


# --- checks -----------------------------------------------------------------------------------------------------------


def test_the_verifier_is_not_a_picker():
    assert reasons_against_verifier({1, 2}, 2)
    assert not reasons_against_verifier({1, 2}, 3)
    assert not reasons_against_verifier({1}, None)


def test_latex_never_goes_to_an_allergic_patient():
    lots = [SentLot("Gloves", contains_latex=True)] * 2 + [SentLot("Gauze")]
    assert reasons_against_latex(True, lots) == [
        "The patient is allergic to latex and Gloves contains it. Choose an item without latex."
    ]
    assert reasons_against_latex(False, lots) == []
