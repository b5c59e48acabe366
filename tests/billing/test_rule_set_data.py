"""Rule sets go to plain data and come back the same; what is wrong is named by its key."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from infusion_desktop.billing.rules.rule_set import BillingModel, DayBasis, RuleSet, SpanPolicy
from infusion_desktop.billing.rules.rule_set_data import changed, from_data, to_data
from infusion_desktop.errors import Refused

TEXAS = RuleSet(
    name="Texas",
    version=4,
    day_basis=DayBasis.INFUSION_DAY,
    rank_percent=(Decimal(100), Decimal("33.3"), Decimal(0)),
    billing_model_by_family={"enteral": BillingModel.SUPPLY_CODES},
    max_units_per_month=30,
    span_policy=SpanPolicy.MAX7,
)


@pytest.mark.parametrize("rules", [RuleSet(), TEXAS])
def test_a_rule_set_comes_back_from_json_as_it_was(rules):
    assert from_data(json.loads(json.dumps(to_data(rules)))) == rules


def test_missing_rules_take_their_default_and_changes_are_told_apart():
    assert from_data({}) == RuleSet()
    assert set(changed(TEXAS)) == {
        "name", "version", "day_basis", "rank_percent", "billing_model_by_family", "max_units_per_month", "span_policy",
    }  # fmt: skip
    assert from_data(changed(TEXAS)) == TEXAS


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("colour", "red", "“colour” is not a billing rule"),
        ("day_basis", "MOON", "must be one of ACCESS, INFUSION_DAY, ELAPSED_24H, not “MOON”"),
        ("count_end_day", 1, "must be yes or no"),
        ("max_units_per_day", "1", "must be a whole number"),
        ("max_units_per_day", True, "must be a whole number"),
        ("max_units_per_day", 0, "must be at least 1"),
        ("max_units_per_month", 0, "at least 1, or left empty"),
        ("hold_grace_days", -1, "must not be below zero"),
        ("rank_percent", [], "needs at least the first"),
        ("rank_percent", ["150"], "percents from 0 to 100"),
        ("rank_percent", ["half"], "must be a number"),
        ("rank_percent", [1.5], "must be a number written as text"),
        ("rank_percent", ["NaN"], "must be a number"),
        ("rank_percent", "100", "must be a list"),
        ("concurrency_modifiers", ["SHX"], "two letters or digits"),
        ("suite_modifier", "S", "two letters or digits"),
        ("place_of_service", "home", "two digits"),
        ("billing_model_by_family", [], "must be a table"),
        ("billing_model_by_family", {"pain": "FREE"}, "must be one of"),
        ("name", None, "must be text, not nothing"),
        ("name", " ", "is empty"),
    ],
)
def test_what_is_wrong_is_named_by_its_key(key, value, told):
    with pytest.raises(Refused, match=key) as refused:
        from_data({key: value})
    assert told in str(refused.value)


def test_every_fault_is_told_at_once():
    with pytest.raises(Refused) as refused:
        from_data({"colour": 1, "name": 2, "version": "x"})
    assert len(refused.value.reasons) == 3


def test_a_rule_set_can_be_a_key():
    assert len({TEXAS, replace(TEXAS), RuleSet()}) == 2
