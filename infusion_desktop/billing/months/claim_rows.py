"""A count as it is kept with a claim: its lines as rows, the evidence of each, and the days that were left out."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any

from infusion_desktop.billing.rules.counted import MonthCounted, ServiceLine, UnitEvidence
from infusion_desktop.stock.words import Container

Row = dict[str, Any]
_JSON = json.JSONEncoder(sort_keys=True).encode


def line_rows(counted: MonthCounted, authorizations: Mapping[tuple[str, str], int]) -> list[Row]:
    """The claim lines of a count as they are kept; ``authorizations`` are ids by number and code."""
    return [_row(line, authorizations) for line in counted.lines]


def _row(line: ServiceLine, authorizations: Mapping[tuple[str, str], int]) -> Row:
    number = line.authorization
    return {
        "position": line.number,
        "kind": line.kind,
        "code": line.code,
        "modifiers": " ".join(line.modifiers),
        "description": line.description,
        "first_on": line.days.first,
        "last_on": line.days.last,
        "units": line.units,
        "rate": line.rate,
        "charge": line.charge,
        "expected": line.expected,
        "ndc": line.ndc,
        "ndc_quantity": line.ndc_quantity,
        "ndc_unit": line.ndc_unit,
        "therapy_id": line.therapy_id,
        "delivery_id": line.delivery_id,
        "visit_id": line.visit_id,
        "authorization_id": authorizations.get((number, line.code), authorizations.get((number, "")))
        if authorizations
        else None,
        "rules_id": line.rules_id,
        "evidence": evidence_json(line),
    }


def evidence_json(line: ServiceLine) -> str:
    """A line's evidence as it is kept: each day with therapy, delivery, rank and rate, and the trace in sentences.

    Put together by hand: days that differ in nothing else are most of what a month writes.
    """
    units = []
    for each in line.evidence:
        behind = _behind(each)
        days = f'", {behind}, {{"day": "'.join(_iso(each.days))
        units.append(f'{{"day": "{days}", {behind}')
    goods = f'"compound": {_quoted(line.compound)}, ' if line.compound else ""
    if line.container is not Container.AS_ITS_CODE:
        goods += f'"container": {_quoted(line.container.value)}, '
    if line.note:
        goods += f'"note": {_quoted(line.note)}, '
    priced = "true" if line.priced else "false"
    return (
        f'{{{goods}"held": {_quoted(line.held)}, "place": {_quoted(line.place)}, "priced": {priced}, '
        f'"sentences": [{", ".join(map(_quoted, line.sentences))}], "units": [{", ".join(units)}]}}'
    )


def _behind(each: UnitEvidence) -> str:
    """What stands behind a day, without the day's own opening."""
    delivery = "null" if each.delivery_id is None else each.delivery_id
    therapy = "null" if each.therapy_id is None else each.therapy_id
    return (
        f'"delivery": {delivery}, "delivery_number": {_quoted(each.delivery_number)}, '
        f'"proven": {"true" if each.proven else "false"}, "rank": {each.rank}, "rate": "{_plain(each.rate)}", '
        f'"rules": {_quoted(each.rules)}, "therapy": {therapy}, "units": "{_plain(each.units)}"}}'
    )


@lru_cache(4096)
def _iso(days: tuple[date, ...]) -> tuple[str, ...]:
    return tuple(map(date.isoformat, days))


@lru_cache(4096)
def _plain(number: Decimal) -> str:
    return f"{number:f}"


def days_json(counted: MonthCounted) -> str:
    """The days left out, the notes and the rules of a count, as they are kept with the claim."""
    if not counted.left_out and not counted.notes:
        return _nothing_left_out(counted.rules, counted.claim_limit)
    left_out = [
        {"therapy": each.therapy_id, "name": each.therapy, "first": each.days[0].isoformat(),
         "last": each.days[-1].isoformat(), "why": each.why}
        for each in counted.left_out
    ]  # fmt: skip
    return _days_json(left_out, counted.notes, counted.rules, counted.claim_limit)


@lru_cache(256)
def _nothing_left_out(rules: str, limit: int) -> str:
    return _days_json([], (), rules, limit)


def _days_json(left_out: list[Row], notes: Sequence[str], rules: str, limit: int) -> str:
    return _JSON({"left_out": left_out, "notes": list(notes), "rules": rules, "line_limit": limit})
