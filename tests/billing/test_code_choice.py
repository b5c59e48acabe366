"""Which code describes a therapy, and what the shipped code table promises."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from infusion_desktop.billing.rules.codes import CodeTable, choose_code, exclude_each_other
from infusion_desktop.billing.rules.counting import count_period
from infusion_desktop.billing.rules.rule_set import LongInterval, PumpInterval, RuleSet, TierPolicy
from infusion_desktop.billing.rules.therapy import FeeSchedule, TherapyCourse
from infusion_desktop.billing.terms.code_table import code_sources, code_table
from infusion_desktop.dates import month_of

DAY = date(2026, 3, 2)
STANDARD = RuleSet()


def code(family: str, rules: RuleSet = STANDARD, table: CodeTable | None = None, **facts) -> str:
    course = TherapyCourse(1, family, DAY, **facts)
    return choose_code(course, DAY, rules, table or code_table()).code


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (3, "S9497"), (4, "S9504"), (6, "S9503"), (8, "S9502"), (12, "S9501"), (24, "S9500"),
        (5, "S9494"), (36, "S9494"), (72, "S9494"), (None, "S9494"), (Decimal("8.0"), "S9502"),
    ],
)  # fmt: skip
def test_anti_infectives_by_interval(hours, expected):
    assert code("anti_infective", interval_hours=hours) == expected


def test_long_intervals_may_be_billed_as_daily_where_the_contract_says_so():
    rules = RuleSet(long_interval=LongInterval.AS_EVERY_24H)
    assert code("anti_infective", rules, interval_hours=48) == "S9500"


def test_a_pump_is_coded_by_doses_or_by_bag_changes():
    pump = {"interval_hours": 4, "bag_change_hours": 24}
    assert code("anti_infective", **pump) == "S9504"
    assert code("anti_infective", RuleSet(pump_interval=PumpInterval.BAG_CHANGES), **pump) == "S9500"


@pytest.mark.parametrize(
    ("litres", "nutrition", "hydration"),
    [
        ("0.5", "S9365", "S9374"), ("1.000", "S9365", "S9374"), ("1.001", "S9366", "S9375"),
        ("2.000", "S9366", "S9375"), ("2.001", "S9367", "S9376"), ("3.000", "S9367", "S9376"),
        ("3.001", "S9368", "S9377"), (None, "S9364", "S9373"),
    ],
)  # fmt: skip
def test_volumes_are_closed_above(litres, nutrition, hydration):
    volume = Decimal(litres) if litres else None
    assert code("tpn", litres_per_day=volume) == nutrition
    assert code("hydration", litres_per_day=volume) == hydration


def test_what_counts_as_volume_is_the_payers_choice():
    bag = {
        "litres_per_day": Decimal("1.9"),
        "lipid_litres_per_day": Decimal("0.25"),
        "overfill_litres_per_day": Decimal(1),
    }
    assert code("tpn", **bag) == "S9367"
    assert code("tpn", RuleSet(volume_includes_lipids=False), **bag) == "S9366"
    assert code("tpn", RuleSet(volume_includes_overfill=True), **bag) == "S9368"


@pytest.mark.parametrize(
    ("family", "facts", "expected"),
    [
        ("pain", {"run_hours": 24}, "S9326"),
        ("pain", {"run_hours": 23}, "S9327"),
        ("pain", {}, "S9325"),
        ("pain", {"run_hours": 24, "device": "implanted_pump"}, "S9328"),
        ("chemotherapy", {"run_hours": 46}, "S9330"),
        ("chemotherapy", {"run_hours": 2}, "S9331"),
        ("chemotherapy", {}, "S9329"),
        ("enteral", {"method": "gravity"}, "S9341"),
        ("enteral", {"method": "pump"}, "S9342"),
        ("enteral", {"method": "bolus"}, "S9343"),
        ("enteral", {}, "S9340"),
        ("catheter_care", {"lumens": 1}, "S5498"),
        ("catheter_care", {"lumens": 3}, "S5501"),
        ("catheter_care", {"lumens": 1, "device": "implanted_port", "device_in_use": False}, "S5502"),
        ("catheter_care", {"lumens": 1, "device": "implanted_port", "device_in_use": True}, "S5498"),
        ("catheter_care", {}, "S5497"),
        ("immunotherapy", {}, "S9338"),
        ("immunotherapy", {"by_injection": True}, "S9563"),
        ("antiemetic", {}, "S9351"),
        ("antiemetic", {"by_injection": True}, "S9370"),
        ("anticoagulant", {"run_hours": 24}, "S9336"),
        ("anticoagulant", {"by_injection": True}, "S9372"),
        ("anticoagulant", {"run_hours": 1, "by_injection": False}, "S9379"),
        ("hemophilia", {}, "S9345"),
        ("alpha1", {}, "S9346"),
        ("pulmonary_hypertension", {}, "S9347"),
        ("inotrope", {}, "S9348"),
        ("insulin", {}, "S9353"),
        ("chelation", {}, "S9355"),
        ("enzyme_replacement", {}, "S9357"),
        ("anti_tnf", {}, "S9359"),
        ("diuretic", {}, "S9361"),
        ("antispasmodic", {}, "S9363"),
        ("corticosteroid", {}, "S9490"),
        ("hematopoietic", {"by_injection": True}, "S9537"),
        ("transfusion", {}, "S9538"),
        ("growth_hormone", {"by_injection": True}, "S9558"),
        ("interferon", {"by_injection": True}, "S9559"),
        ("hormone", {"by_injection": True}, "S9560"),
        ("rsv_antibody", {"by_injection": True}, "S9562"),
        ("irrigation", {}, "S9590"),
        ("aerosol", {}, "S9061"),
        ("a_new_class", {}, "S9379"),
        ("a_new_class", {"by_injection": True}, "S9542"),
        ("inotrope", {"by_injection": True}, "S9542"),
    ],
)
def test_the_most_specific_code_of_the_class(family, facts, expected):
    assert code(family, **facts) == expected


def test_codes_not_otherwise_classified_ask_for_the_drugs_name():
    choice = choose_code(TherapyCourse(1, "a_new_class", DAY, name="drug x"), DAY, STANDARD, code_table())
    assert "NDC" in choice.note
    assert "no infusion code fits" in choice.reason


def test_the_general_code_by_contract_and_a_code_set_by_hand():
    assert code("anti_infective", RuleSet(tier_policy=TierPolicy.GENERIC), interval_hours=8) == "S9494"
    assert code("inotrope", RuleSet(tier_policy=TierPolicy.GENERIC)) == "S9348"
    assert code("anti_infective", interval_hours=8, manual_code="S9379") == "S9379"
    unknown = choose_code(TherapyCourse(1, "pain", DAY, manual_code="S0000"), DAY, STANDARD, code_table())
    assert "not in the code table" in unknown.note
    supply = choose_code(TherapyCourse(1, "pain", DAY, manual_code="A4221"), DAY, STANDARD, code_table())
    assert "not a per diem" in supply.note


def test_a_code_that_ends_inside_the_month_gives_way_to_the_next():
    rows = [replace(row, last_on=date(2026, 3, 15)) if row.code == "S9500" else row for row in code_table().codes]
    course = TherapyCourse(1, "anti_infective", date(2026, 3, 1), interval_hours=24)
    result = count_period(month_of(DAY), [course], [], STANDARD, FeeSchedule(), codes=CodeTable(tuple(rows)))
    assert [(line.code, line.units) for line in result.lines] == [("S9500", 15), ("S9494", 16)]


def test_pairs_that_must_not_stand_together():
    table = code_table()
    for one, other, apart in (
        ("S9494", "S9500", True), ("S9494", "S9365", False), ("S9364", "S9366", True), ("S9325", "S9328", True),
        ("S9373", "S9377", True), ("S9810", "S9500", True), ("S9208", "S9500", True), ("S9500", "S9501", False),
    ):  # fmt: skip
        assert exclude_each_other(table.find(one), table.find(other)) is apart, (one, other)


def test_the_shipped_table_is_whole():
    table = code_table()
    assert len(table.by_code) == len(table.codes) == 242
    known = set(code_sources())
    for row in table.codes:
        assert len(row.code) == 5
        assert row.description
        assert row.sources
        assert known.issuperset(row.sources)
        assert row.billing_class in ("drug", "per_diem_included", "separately_billable", "nursing", "none")
        assert all(other in table.by_code or other.startswith("ANY_") for other in row.not_with), row.code
        assert all(len(modifier) == 2 for modifier in row.modifiers), row.code


def test_the_table_tells_confirmed_facts_from_defaults():
    table = code_table()
    assert table.by_code["S9500"].confirmed
    assert not table.by_code["E0781"].confirmed
    assert table.by_code["A4221"].facts["requires_pump"] == "E0779 E0780 E0781 E0791 K0455"
