"""Rental months of pumps: thirteen at most, breaks of sixty days, exchanges, weeks of supplies; Medicare's visits."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infusion_desktop.billing.rules.infusion_services import ServiceVisit, category_of, service_lines
from infusion_desktop.billing.rules.nursing import Visit
from infusion_desktop.billing.rules.rentals import (
    Possession,
    add_months,
    at_home,
    from_care_on,
    owned,
    rents,
    under_payer,
    weeks_of_supplies,
)
from infusion_desktop.billing.rules.rule_set import EquipmentBilling, RuleSet
from infusion_desktop.dates import Days

MEDICARE = RuleSet(equipment=EquipmentBilling.CAPPED_RENTAL, medical_policy_modifier="KX")
CAPPED = frozenset({"E0781"})
LONG = Days(date(2025, 1, 1), date(2027, 12, 31))


def home(first, last=None, code="E0781"):
    return Possession(code, first, last)


def shown(homes, rules=MEDICARE, period=LONG, capped=CAPPED):
    months, _ = rents(homes, period, rules, capped)
    return [(each.on, each.number, each.modifiers) for each in months]


def test_a_capped_rental_has_thirteen_months_with_their_modifiers_and_rents():
    months, notes = rents([home(date(2026, 1, 31))], LONG, MEDICARE, CAPPED)
    assert [each.modifiers[1] for each in months] == ["KH", "KI", "KI"] + ["KJ"] * 10
    assert {each.modifiers[0] for each in months} == {"RR"} and {each.modifiers[2] for each in months} == {"KX"}
    assert [each.percent for each in months] == [Decimal(100)] * 3 + [Decimal(75)] * 10
    assert [each.on for each in months[:4]] == [
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 3, 31),
        date(2026, 4, 30),
    ], "the day of the month on which it began, or the last of a shorter one"
    assert ["13 rental months are billed" in note.sentence for note in notes] == [True]


def test_a_month_bills_only_what_begins_in_it():
    assert [on for on, _, _ in shown([home(date(2026, 1, 20))], period=Days(date(2026, 3, 1), date(2026, 3, 31)))] == [
        date(2026, 3, 20)
    ]


@pytest.mark.parametrize(
    ("back", "number"),
    [
        (date(2026, 3, 20), 3),  # within the paid month: nothing happened
        (date(2026, 4, 20), 3),  # a break, but not over 60 days after the paid month: the count goes on
        (date(2026, 5, 14), 3),  # the sixtieth day
        (date(2026, 5, 15), 1),  # over sixty days: a new rental period
    ],
)
def test_a_break_over_sixty_days_and_the_rest_of_the_month_begins_anew(back, number):
    found = shown([home(date(2026, 1, 15), date(2026, 3, 2)), home(back)])
    assert found[:2] == [(date(2026, 1, 15), 1, ("RR", "KH", "KX")), (date(2026, 2, 15), 2, ("RR", "KI", "KX"))]
    assert found[2][1] == number
    assert found[2][0] == max(back, date(2026, 3, 15))


def test_an_exchange_is_no_break_and_other_codes_count_apart():
    swapped = [home(date(2026, 1, 1), date(2026, 2, 10)), home(date(2026, 2, 10))]
    assert shown(swapped)[:3] == shown([home(date(2026, 1, 1))])[:3]
    assert len(shown([*swapped, home(date(2026, 1, 1), code="E0779")])) == 26


def test_what_the_fee_schedule_does_not_cap_has_no_k_modifiers_and_other_payers_rent_plainly():
    serviced = shown([home(date(2026, 1, 1), code="E0776")], capped=CAPPED)
    assert {modifiers for _, _, modifiers in serviced} == {("RR", "KX")}
    monthly = RuleSet(equipment=EquipmentBilling.MONTHLY_RENTAL, rental_months=12)
    assert len(shown([home(date(2026, 1, 1))], monthly, capped=frozenset())) == 12
    assert shown([home(date(2026, 1, 1))], RuleSet()) == []
    days = RuleSet(equipment=EquipmentBilling.DAILY_RENTAL)
    (rent,), _ = rents(
        [home(date(2026, 3, 5), date(2026, 3, 14))], Days(date(2026, 3, 1), date(2026, 3, 31)), days, CAPPED
    )
    assert (rent.units, rent.modifiers) == (10, ("RR",))


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(st.dates(date(2025, 1, 1), date(2026, 12, 1)), st.one_of(st.none(), st.integers(0, 300))), min_size=1,
        max_size=4,
    )
)  # fmt: skip
def test_months_counted_piece_by_piece_are_those_counted_at_once(stays):
    homes = [home(first, None if days is None else first + timedelta(days)) for first, days in stays]
    whole = shown(homes)
    pieces = []
    for month in LONG.by_month():
        pieces += shown(homes, period=month)
    assert pieces == whole
    assert all(number <= 13 for _, number, _ in whole)
    days = [on for on, _, _ in whole]
    assert days == sorted(set(days))
    for on in days:
        assert any(each.first_on <= on and (each.last_on is None or on <= each.last_on) for each in homes)
    assert add_months(date(2028, 2, 29), 12) == date(2029, 2, 28)


def test_weekly_supplies_count_weeks_that_begin_while_a_pump_is_there():
    march = Days(date(2026, 3, 1), date(2026, 3, 31))
    therapy = Days(date(2026, 2, 25), date(2026, 3, 28))
    weeks = weeks_of_supplies([home(date(2026, 2, 25), date(2026, 3, 20))], therapy, march)
    assert [week.first for week in weeks] == [date(2026, 3, 4), date(2026, 3, 11), date(2026, 3, 18)]
    assert weeks_of_supplies([], therapy, march) == ()
    away = [home(date(2026, 2, 25), date(2026, 3, 9)), home(date(2026, 3, 13), date(2026, 3, 16))]
    weeks = weeks_of_supplies(away, therapy, march)
    assert [week.first for week in weeks] == [date(2026, 3, 4), date(2026, 3, 13)], "from its first day with a pump"


def visit(number, day, minutes, category=1):
    start = datetime(day.year, day.month, day.day, 10, tzinfo=UTC)
    return ServiceVisit(Visit(number, day, start, start + timedelta(minutes=minutes)), category)


def test_a_first_visit_needs_sixty_days_without_one_and_a_day_is_paid_once():
    lines, problems = service_lines(
        [
            visit(1, date(2026, 3, 2), 60),
            visit(2, date(2026, 3, 9), 37, 2),
            visit(3, date(2026, 3, 9), 90, 1),
            visit(4, date(2026, 5, 8), 4),
            visit(5, date(2026, 7, 8), 20, 3),
        ],
        date(2026, 1, 1),
    )
    assert [(line.code, line.units) for line in lines] == [("G0068", 4), ("G0069", 2), ("G0068", 1), ("G0090", 1)]
    assert [problem.visit_id for problem in problems] == [3]
    assert service_lines([visit(1, date(2026, 3, 3), 60)], date(2026, 1, 1))[0][0].code == "G0088"
    assert (category_of("chemotherapy", False), category_of("immunotherapy", True), category_of("pain", False)) == (
        3,
        2,
        1,
    )


def test_what_came_before_care_is_rented_from_the_first_day_of_therapy_at_home():
    home, care = Possession("E0781", date(2026, 3, 9), None), Days(date(2026, 3, 1), date(2026, 6, 30))
    stay = Days(date(2026, 3, 2), date(2026, 3, 11))
    assert from_care_on(home, [care], []) is home
    assert from_care_on(home, [care], [stay]).first_on == date(2026, 3, 11)
    assert from_care_on(home, [care], [replace(stay, last=date(2026, 3, 12))]) is home, "more than two days before"
    assert from_care_on(home, [replace(care, first=date(2026, 3, 10))], []).first_on == date(2026, 3, 10)
    assert from_care_on(home, [replace(care, first=date(2026, 4, 10))], []) is home, "more than a month before"
    gone = replace(home, last_on=date(2026, 3, 10))
    assert from_care_on(gone, [care], [stay]) is gone


def test_a_pump_that_was_bought_or_rented_to_the_end_is_the_patients_own():
    bought = Possession("E0781", date(2026, 1, 10), None, sold_on=date(2026, 3, 8))
    rented = Possession("E0791", date(2025, 1, 10), None)
    assert owned([bought, rented], date(2026, 3, 31), MEDICARE, frozenset({"E0781", "E0791"})) == (
        ("E0781", date(2026, 3, 8)),
        ("E0791", date(2026, 2, 10)),
    )
    assert owned([bought], date(2026, 3, 7), MEDICARE, frozenset({"E0781"})) == ()
    assert owned([bought], date(2026, 3, 31), RuleSet(), frozenset({"E0781"})) == ()


def test_a_pump_that_the_patient_buys_is_a_purchase_and_rented_no_more() -> None:
    bought = Possession("E0781", date(2026, 1, 10), None, "P7", sold_on=date(2026, 3, 10))
    march, capped = Days(date(2026, 3, 1), date(2026, 3, 31)), frozenset({"E0781"})
    [line], notes = rents([bought], march, MEDICARE, capped)
    assert (line.on, line.modifiers, line.units, notes) == (date(2026, 3, 10), ("NU", "KX"), 1, ())
    assert "P7 was sold to the patient on Mar 10, 2026" in line.why
    assert [each.on for each in rents([bought], Days(date(2026, 1, 1), date(2026, 2, 28)), MEDICARE, capped)[0]] == [
        date(2026, 1, 10),
        date(2026, 2, 10),
    ]
    assert rents([bought], Days(date(2026, 4, 1), date(2026, 4, 30)), MEDICARE, capped)[0] == ()
    days = rents([bought], march, RuleSet(equipment=EquipmentBilling.DAILY_RENTAL), capped)[0]
    assert [(each.units, each.modifiers) for each in days] == [(1, ("NU",)), (9, ("RR",))]
    assert len(weeks_of_supplies([bought], march, march)) == 5, "its supplies go on"


def test_months_another_supplier_was_paid_for_count_with_ours():
    four = Possession("E0781", date(2025, 9, 10), date(2026, 1, 9), elsewhere=4)
    ours = shown([four, home(date(2026, 1, 20))])
    assert [(number, marks[1]) for _, number, marks in ours] == [(each, "KJ") for each in range(5, 14)]
    assert ours[0][0] == date(2026, 1, 20), "the break is not over 60 days: the count goes on from the day ours came"
    assert shown([four, home(date(2026, 1, 2))])[0][0] == date(2026, 1, 10), "what was paid elsewhere is not paid again"
    assert shown([four, home(date(2026, 3, 12))])[0][1] == 1, "more than 60 days without need begin anew"
    here, back = home(date(2025, 1, 5), date(2025, 3, 20)), home(date(2025, 7, 1))
    away = Possession("E0781", date(2025, 4, 1), date(2025, 6, 30), elsewhere=3)
    assert [number for _, number, _ in shown([here, away, back])][:4] == [1, 2, 3, 7]
    rented_out = [replace(four, elsewhere=13), home(date(2026, 1, 20))]
    _, notes = rents(rented_out, LONG, MEDICARE, CAPPED)
    assert len(notes) == 1 and owned(rented_out, LONG.last, MEDICARE, CAPPED) == (("E0781", date(2026, 1, 20)),)


def test_a_pump_the_patient_brought_along_is_neither_rented_nor_sold():
    own = Possession("E0781", date(2024, 5, 1), None, sold_on=date(2024, 5, 1), elsewhere=0)
    assert rents([own], Days(date(2024, 5, 1), date(2024, 5, 31)), MEDICARE, CAPPED) == ((), ())
    assert owned([own], LONG.last, MEDICARE, CAPPED) == (("E0781", date(2024, 5, 1)),)
    assert shown([own, home(date(2026, 1, 20))])[0][1] == 1, "ours beside it is rented"


def test_a_month_due_in_hospital_begins_on_the_day_of_discharge_and_no_stay_begins_the_count_anew():
    pump, long = home(date(2026, 1, 10)), Days(date(2026, 3, 5), date(2026, 6, 20))
    assert [(on, number) for on, number, _ in shown(at_home(pump, [long]))][:5] == [
        (date(2026, 1, 10), 1), (date(2026, 2, 10), 2), (date(2026, 6, 20), 3), (date(2026, 7, 20), 4),
        (date(2026, 8, 20), 5),
    ]  # fmt: skip
    on_admission = Days(date(2026, 3, 10), date(2026, 3, 20))
    assert [on for on, _, _ in shown(at_home(pump, [on_admission]))][:4] == [
        date(2026, 1, 10), date(2026, 2, 10), date(2026, 3, 10), date(2026, 4, 10)
    ]  # fmt: skip
    still = at_home(pump, [Days(date(2026, 3, 5), date.max)])
    assert [on for on, _, _ in shown(still)] == [date(2026, 1, 10), date(2026, 2, 10)]
    assert at_home(pump, [Days(date(2026, 3, 5), date(2026, 3, 6))]) == (pump,), "no full day"
    sold = replace(pump, sold_on=date(2026, 4, 1))
    assert owned(at_home(sold, [long]), LONG.last, MEDICARE, CAPPED) == (("E0781", date(2026, 4, 1)),)


def test_a_payer_counts_its_own_rental_months():
    """From a commercial payer to Medicare a new rental period begins; back within sixty days the count goes on."""
    pump, rest = home(date(2025, 9, 15)), date(2026, 2, 1)
    commercial = Days(date(2025, 1, 1), date(2026, 1, 31))
    months = shown(under_payer([pump], [commercial]))
    assert months[0] == (rest, 1, ("RR", "KH", "KX")) and len(months) == 13
    _, notes = rents(under_payer([pump], [commercial]), Days(rest, date(2026, 2, 28)), MEDICARE, CAPPED)
    assert next(note.sentence for note in notes).startswith("E0781: a new rental period begins on Feb 1, 2026")
    assert owned(under_payer([pump], [commercial]), date(2026, 12, 31), MEDICARE, CAPPED) == ()
    away = under_payer([pump], [Days(date(2025, 12, 1), rest)])
    assert [(on, number) for on, number, _ in shown(away)][2:5] == [
        (date(2025, 11, 15), 3), (date(2026, 2, 2), 4), (date(2026, 3, 2), 5)
    ]  # fmt: skip
    four = Possession("E0781", date(2025, 9, 10), date(2026, 1, 9), elsewhere=4)
    assert under_payer([four], [commercial]) == () and under_payer([four], []) == (four,)
    sold = replace(pump, sold_on=date(2026, 1, 10))
    assert owned(under_payer([sold], [commercial]), LONG.last, MEDICARE, CAPPED) == (("E0781", date(2026, 1, 10)),)
    assert shown(under_payer([sold], [commercial]), period=Days(rest, LONG.last)) == []
    swapped = [replace(pump, last_on=date(2026, 3, 3)), home(date(2026, 3, 3))]
    assert shown(under_payer(swapped, [commercial])) == months


spans = st.lists(
    st.tuples(st.dates(date(2025, 1, 1), date(2026, 12, 1)), st.integers(0, 200)).map(
        lambda each: Days(each[0], each[0] + timedelta(each[1]))
    ),
    max_size=3,
)


@settings(max_examples=200)
@given(st.dates(date(2025, 1, 1), date(2026, 6, 1)), st.one_of(st.none(), st.integers(0, 600)), spans, spans)
def test_no_month_begins_in_hospital_or_under_another_payer(first, length, stays, others):
    pump = home(first, None if length is None else first + timedelta(length))
    homes = under_payer(at_home(pump, stays), others)
    whole = shown(homes)
    assert [each for month in LONG.by_month() for each in shown(homes, period=month)] == whole
    assert all(number <= 13 for _, number, _ in whole)
    for on, _, _ in whole:
        assert not any(stay.first < on < stay.last for stay in stays)
        assert not any(on in days for days in others)
        assert pump.first_on <= on and (pump.last_on is None or on <= pump.last_on)
    if not others:
        numbers = [number for _, number, _ in whole]
        assert numbers == list(range(1, len(numbers) + 1)), "a stay alone begins no new period"
