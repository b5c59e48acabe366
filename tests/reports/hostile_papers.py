"""One paper of every kind with the same name in each of its texts, made from what the paper itself says it shows."""

import collections.abc
import dataclasses
import importlib
import inspect
import pkgutil
import typing
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Any

import reports

SIMPLE: dict[Any, object] = {
    int: 3, bool: True, float: 1.0, Decimal: Decimal(12), date: date(2026, 3, 6), bytes: b"",
    datetime: datetime(2026, 3, 6, 14, 5, tzinfo=UTC),
}  # fmt: skip
PLAIN = {
    "number", "npi", "tax_id", "code", "codes", "modifiers", "barcode", "bars", "seal", "ndc", "state", "zip", "title",
    "tag", "delivery_number", "claim_number",
}  # fmt: skip
"""Fields that no person's name reaches: numbers that the program gives, and codes of fixed form."""

CELLS = {"places": 5, "kits": 6, "patients": 9, "sent": 6, "contacts": 6, "moves": 7}
"""How many cells a row of these tables has, where the paper's own type does not say."""

CHOSEN = {"Form": {"kind": "Medicare", "relation": "Self", "sex": "F"}}
"""Texts that are one of a few, where the paper's own type does not say."""


def kinds() -> dict[str, Callable[[str], bytes]]:
    """Every function of `reports` that makes a paper, taking the name that stands in all its texts."""
    found: dict[str, Callable[[str], bytes]] = {}
    for each in pkgutil.iter_modules(reports.__path__):
        module = importlib.import_module(f"reports.{each.name}")
        for name, function in vars(module).items():
            if name.startswith("render") and inspect.isfunction(function) and function.__module__ == module.__name__:
                found[f"{each.name}.{name}"] = lambda text, function=function: _drawn(function, text)
    return found


def _drawn(function: Callable[..., bytes], text: str) -> bytes:
    hints = typing.get_type_hints(function)
    first = next(iter(inspect.signature(function).parameters))
    return function(_value(hints[first], text))


def _value(kind: Any, text: str, field: str = "") -> Any:
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if kind is str:
        return "12" if field in PLAIN else text
    if field == "gs1":
        return False
    if kind in SIMPLE:
        return SIMPLE[kind]
    if kind is Any or kind is object:
        return text
    if origin in (typing.Union, UnionType):
        return _value(next(each for each in inner if each is not type(None)), text, field)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    if isinstance(origin, type) and issubclass(origin, collections.abc.Mapping):
        return {_value(inner[0], text, field): _value(inner[1], text, field)}
    if isinstance(origin, type) and issubclass(origin, Sequence):
        several = inner[:-1] if inner[-1] is Ellipsis else inner
        if several == (str,) and field in CELLS:
            several *= CELLS[field]
        return tuple(_value(each, text, field) for each in several)
    if isinstance(origin, type):
        return origin(_value(each, text, field) for each in inner[:1])
    hints = typing.get_type_hints(kind)
    if dataclasses.is_dataclass(kind):
        fixed = CHOSEN.get(kind.__name__, {})
        return kind(
            **fixed,
            **{
                each.name: _value(hints[each.name], text, each.name)
                for each in dataclasses.fields(kind)
                if each.name not in fixed
            },
        )
    return kind(*(_value(each, text, name) for name, each in hints.items()))
