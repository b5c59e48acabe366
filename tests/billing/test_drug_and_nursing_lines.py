"""Drug units, waste and links; nursing visits and their hours."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infusion_desktop.billing.rules.drugs import DrugUse, discarded_units, drug_lines, ndc_quantity_text
from infusion_desktop.billing.rules.infusion_services import ivig_lines
from infusion_desktop.billing.rules.nursing import Visit, extra_hours, visit_lines
from infusion_desktop.billing.rules.rule_set import DrugQuantity, NursingBiller, RuleSet
from infusion_desktop.dates import Days
from infusion_desktop.errors import Refused

DISPENSED, ADMINISTERED, JW_JZ = (RuleSet(drug_quantity=each) for each in (
    DrugQuantity.DISPENSED, DrugQuantity.ADMINISTERED, DrugQuantity.JW_JZ,
))  # fmt: skip
WEEK = Days(date(2026, 2, 1), date(2026, 2, 7))


def drug(dispensed="7", per_unit="8", **facts) -> DrugUse:
    return DrugUse("J0696", "00781320985", "UN", Decimal(per_unit), WEEK, Decimal(dispensed), **facts)


def test_seven_two_gram_vials_are_56_units_of_250_mg():
    (line,) = drug_lines(drug(prescription="1234"), DISPENSED)
    assert (line.units, line.ndc_quantity, line.modifiers, line.link, line.link_kind) == (56, 7, (), "1234", "XZ")
    assert line.why == "7 UN dispensed x 8 = 56 units of J0696."


def test_only_what_was_given_is_billed_where_the_contract_says_so():
    (line,) = drug_lines(drug(given=Decimal("5.5")), ADMINISTERED)
    assert (line.units, line.ndc_quantity) == (44, Decimal("5.5"))
    assert drug_lines(drug(given=Decimal(0)), ADMINISTERED) == ()


def test_discarded_units_stand_on_a_jw_line_and_none_on_jz():
    with_waste = drug_lines(drug("1", given=Decimal("0.5"), discarded=Decimal("0.5")), JW_JZ)
    assert [(line.units, line.modifiers) for line in with_waste] == [(4, ()), (4, ("JW",))]
    none = drug_lines(drug("1", given=Decimal(1)), JW_JZ)
    assert [(line.units, line.modifiers) for line in none] == [(8, ("JZ",))]


def test_a_dose_below_one_billing_unit_makes_no_jw_line():
    use = drug("1", per_unit="1", given=Decimal("0.7"), discarded=Decimal("0.3"))
    assert [(line.units, line.modifiers) for line in drug_lines(use, JW_JZ)] == [(1, ("JZ",))]


def test_multi_dose_containers_wear_neither_and_what_is_worn_anyway_comes_first():
    (line,) = drug_lines(drug(single_dose=False, given=Decimal(7)), JW_JZ)
    assert line.modifiers == () and "given from a multi-dose container" in line.why
    assert drug_lines(drug(worn=("JB",), given=Decimal(7)), JW_JZ)[0].modifiers == ("JB", "JZ")


def test_a_payer_may_want_other_modifiers_of_waste_or_none():
    use = drug("1", given=Decimal("0.5"), discarded=Decimal("0.5"))
    state = replace(JW_JZ, waste_modifier="U7", no_waste_modifier="")
    assert [line.modifiers for line in drug_lines(use, state)] == [(), ("U7",)]
    assert [line.modifiers for line in drug_lines(drug(), state)] == [()]


def test_compounds_without_prescription_number_are_tied_by_a_link_number():
    (line,) = drug_lines(drug(compound="C7"), DISPENSED)
    assert (line.link, line.link_kind) == ("C7", "VY")


@pytest.mark.parametrize(
    ("use", "told"),
    [
        (DrugUse("J0696", "00781320985", "MG", Decimal(1), WEEK, Decimal(1)), "UN, ML, GR, F2, ME"),
        (drug(per_unit="0"), "no conversion"),
        (drug(discarded=Decimal(-1)), "below zero"),
        (drug(discarded=Decimal(1)), "no record of what was given"),
    ],
)
def test_what_cannot_be_billed_is_refused(use, told):
    with pytest.raises(Refused, match=told):
        drug_lines(use, JW_JZ)


amounts = st.decimals(0, 50, places=2)


@given(amounts, amounts, st.decimals("0.1", 100, places=1))
def test_given_and_discarded_units_never_exceed_what_was_opened(given_, discarded, per_unit):
    use = drug("1", given=given_, discarded=discarded, per_unit=str(per_unit))
    units = sum(line.units for line in drug_lines(use, JW_JZ))
    exact = (given_ + discarded) * per_unit
    assert units <= exact + 1
    assert discarded_units(given_, discarded, per_unit) <= discarded * per_unit


@pytest.mark.parametrize(("quantity", "text"), [("7", "7"), ("1.500", "1.5"), ("100", "100"), ("0.0004999", None)])
def test_ndc_quantities_as_forms_take_them(quantity, text):
    if text is None:
        with pytest.raises(Refused):
            ndc_quantity_text(Decimal(quantity))
    else:
        assert ndc_quantity_text(Decimal(quantity)) == text


def visit(number: int, day: int, minutes: int | None, **facts) -> Visit:
    start = datetime.fromisoformat(f"2026-03-{day:02}T08:00")
    end = (
        None
        if minutes is None
        else datetime.fromisoformat(f"2026-03-{day:02}T{8 + minutes // 60:02}:{minutes % 60:02}")
    )
    return Visit(number, date(2026, 3, day), start if minutes is not None else None, end, **facts)


@pytest.mark.parametrize(
    ("minutes", "hours"), [(45, 0), (120, 0), (150, 0), (151, 1), (180, 1), (210, 1), (211, 2), (240, 2)]
)
def test_further_hours_count_from_31_minutes(minutes, hours):
    assert extra_hours(minutes, 31) == hours
    lines, problems = visit_lines([visit(1, 3, minutes)], RuleSet())
    assert [(line.code, line.units) for line in lines] == [("99601", 1), *([("99602", hours)] if hours else [])]
    assert problems == ()


def test_hours_and_visits_over_the_contract_are_told_and_not_billed():
    limits = RuleSet(nursing_max_hours_per_day=4, nursing_max_hours_per_week=5, nursing_max_visits_per_week=2)
    lines, problems = visit_lines([visit(3, 5, 60), visit(1, 3, 300), visit(2, 4, 180)], limits)
    assert [(line.visit_id, line.code, line.units) for line in lines] == [
        (1, "99601", 1),
        (1, "99602", 2),
        (2, "99601", 1),
    ]
    assert [problem.visit_id for problem in problems] == [1, 2, 3]


def test_immune_globulin_by_vein_is_paid_once_a_date_and_nothing_else_is():
    long, short, untimed = visit(1, 3, 250), visit(2, 3, 60), visit(3, 4, None)
    lines, problems = ivig_lines([(short, True), (long, True), (untimed, True), (visit(4, 5, 60), False)])
    assert [(line.visit_id, line.code, line.units) for line in lines] == [(1, "Q2052", 17)]
    assert [problem.visit_id for problem in problems] == [4, 2, 3]


def test_a_visit_without_times_or_billed_by_an_agency_makes_no_line():
    lines, problems = visit_lines([visit(1, 3, None), visit(2, 4, 60, in_suite=True, specialised=True)], RuleSet())
    assert [(line.visit_id, line.modifiers) for line in lines] == [(2, ("SS", "SD"))]
    assert "no start and stop time" in problems[0].sentence
    assert visit_lines([visit(2, 4, 60)], RuleSet(nursing_biller=NursingBiller.AGENCY))[0] == ()
