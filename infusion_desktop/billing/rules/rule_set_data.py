"""A rule set as plain data that can be kept, compared and edited, and back, naming the key that is wrong."""

import types
import typing
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache

from infusion_desktop.billing.rules.rule_set import RuleSet
from infusion_desktop.errors import refuse_if

_SINGLE_MODIFIERS = (
    ("suite_modifier", "SS"), ("medical_policy_modifier", "KX"), ("waste_modifier", "JW"), ("no_waste_modifier", "JZ"),
    ("under_skin_modifier", "JB"),
)  # fmt: skip


@cache
def kinds_of_rules() -> dict[str, typing.Any]:
    """The type of each rule by its key."""
    return typing.get_type_hints(RuleSet)


def to_data(rules: RuleSet) -> dict[str, object]:
    """The rule set as dictionaries, lists, text, numbers and truth values; every key present, in a fixed order."""
    return {each.name: _plain(getattr(rules, each.name)) for each in fields(rules)}


def from_data(data: Mapping[str, object]) -> RuleSet:
    """The rule set that was kept; keys that are missing take their default.

    Refused names every key that is unknown or holds what it cannot.
    """
    hints = kinds_of_rules()
    problems = [f"“{key}” is not a billing rule. Remove it." for key in data if key not in hints]
    values = {}
    for key in hints:
        if key in data:
            try:
                values[key] = _typed(hints[key], data[key])
            except ValueError as wrong:
                problems.append(f"Billing rule “{key}” {wrong}.")
    refuse_if(problems)
    rules = RuleSet(**values)
    refuse_if(problems_in(rules))
    return rules


def defaults() -> dict[str, object]:
    """Every rule with its starting value, as plain data."""
    return to_data(RuleSet())


def changed(rules: RuleSet) -> dict[str, object]:
    """Only the rules that differ from their starting value, as plain data."""
    standard = defaults()
    return {key: value for key, value in to_data(rules).items() if value != standard[key]}


def problems_in(rules: RuleSet) -> list[str]:
    """Every value that makes no sense, one sentence each, naming the key."""
    found = [
        f"Billing rule “{key}” must be at least 1."
        for key in ("max_interval_hours", "max_units_per_day", "lines_per_claim", "version")
        if getattr(rules, key) < 1
    ]
    for each in fields(rules):
        value = getattr(rules, each.name)
        if type(value) is int and value < 0:
            found.append(f"Billing rule “{each.name}” must not be below zero.")
    if rules.max_units_per_month is not None and rules.max_units_per_month < 1:
        found.append("Billing rule “max_units_per_month” must be at least 1, or left empty for no maximum.")
    if not rules.rank_percent:
        found.append("Billing rule “rank_percent” needs at least the first therapy's percent, such as 100.")
    if any(not 0 <= percent <= 100 for percent in rules.rank_percent):
        found.append("Billing rule “rank_percent” takes percents from 0 to 100.")
    if not 0 <= rules.rental_later_percent <= 100:
        found.append("Billing rule “rental_later_percent” is a percent from 0 to 100.")
    found += _modifier_problems(rules)
    for key in ("place_of_service", "suite_place_of_service"):
        place = getattr(rules, key)
        if len(place) != 2 or not (place.isascii() and place.isdigit()):
            found.append(f"Billing rule “{key}” is a place of two digits, such as 12 for the home.")
    if not rules.name.strip():
        found.append("Billing rule “name” is empty. Name the rule set.")
    return found


def _modifier_problems(rules: RuleSet) -> list[str]:
    found = [
        f"Billing rule “{key}” holds “{modifier}”: a modifier has two letters or digits."
        for key in ("concurrency_modifiers", "concurrency_extra_modifiers", "modifier_order", "supply_modifiers")
        for modifier in getattr(rules, key)
        if len(modifier) != 2 or not modifier.isalnum()
    ]
    for key, such in _SINGLE_MODIFIERS:
        worn = getattr(rules, key)
        if worn and (len(worn) != 2 or not worn.isalnum()):
            found.append(f"Billing rule “{key}” is a modifier of two letters or digits, such as {such}, or empty.")
    return found


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {key: _plain(value[key]) for key in sorted(value)}
    return value


def _typed(kind: typing.Any, value: object) -> typing.Any:
    """The value as the rule's type; ValueError tells what it should have been, to follow "Billing rule “key” "."""
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        inner = next(each for each in typing.get_args(kind) if each is not type(None))
        return None if value is None else _typed(inner, value)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise ValueError(f"must be a list, not {_shown(value)}")
        return tuple(_typed(typing.get_args(kind)[0], each) for each in value)
    if origin is not None:
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise ValueError(f"must be a table of names and values, not {_shown(value)}")
        return {key: _typed(typing.get_args(kind)[1], each) for key, each in value.items()}
    return _single(kind, value)


def _single(kind: typing.Any, value: object) -> object:
    if issubclass(kind, Enum):
        choices = [each.value for each in kind]
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}, not {_shown(value)}")
        return kind(value)
    if kind is Decimal:
        return _number(value)
    if type(value) is not kind:
        wanted = {bool: "yes or no", int: "a whole number", str: "text"}[kind]
        raise ValueError(f"must be {wanted}, not {_shown(value)}")
    return value


def _number(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"must be a number written as text, not {_shown(value)}")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"must be a number, not {_shown(value)}") from None
    if not number.is_finite():
        raise ValueError(f"must be a number, not {_shown(value)}")
    return number


def _shown(value: object) -> str:
    return "nothing" if value is None else f"“{str(value)[:30]}”"
