"""Read the shipped table of HCPCS codes and the list of its sources.

Descriptions are our own words. ``confirmed`` (evidence "confirmed") means that the code stands in a published list read
for this table; "default" that the code exists but its rule or modifiers are partly our knowledge of the field. Whether
goods are inside the per diem (``billing_class``, fact ``inside_per_diem``) is a default that contracts override.
First and last days are blank where no source told them: S codes change each quarter, so codes are ended, never removed.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

import resources
from infusion_desktop.billing.rules.codes import Code, CodeTable


@dataclass(frozen=True, slots=True)
class Source:
    """Where facts of the code table were read."""

    key: str
    what: str
    address: str


@cache
def code_table() -> CodeTable:
    """The codes that come with the application, read once."""
    return CodeTable(tuple(_code(row) for row in _rows("codes/hcpcs.csv")))


@cache
def code_sources() -> Mapping[str, Source]:
    """The sources of the code table by their key."""
    return {row["key"]: Source(row["key"], row["what"], row["address"]) for row in _rows("codes/hcpcs_sources.csv")}


def _rows(name: str) -> Iterator[dict[str, str]]:
    return csv.DictReader(resources.read_text(name).splitlines())


def _code(row: Mapping[str, str]) -> Code:
    return Code(
        code=row["code"],
        description=row["description"],
        family=row["family"],
        per_diem=row["per_diem"] == "yes",
        unit=row["unit"],
        generic=row["generic"] == "yes",
        injection=_yes_or_no(row["injection"]),
        method=row["method"],
        interval_hours=_number(row["interval_hours"]),
        litres_over=_number(row["litres_over"]),
        litres_up_to=_number(row["litres_up_to"]),
        run_hours_from=_number(row["run_hours_from"]),
        run_hours_below=_number(row["run_hours_below"]),
        continuous=row["continuous"] == "yes",
        lumens_from=_count(row["lumens_from"]),
        lumens_to=_count(row["lumens_to"]),
        device=row["device"],
        device_in_use=_yes_or_no(row["device_in_use"]),
        not_otherwise_classified=row["not_otherwise_classified"] == "yes",
        only_uncovered_days=row["only_uncovered_days"] == "yes",
        not_with=frozenset(row["not_with"].split()),
        modifiers=tuple(row["modifiers"].split()),
        billing_class=row["billing_class"],
        facts=dict(fact.split("=", 1) for fact in row["facts"].split(";") if fact),
        first_on=_day(row["first_day"]),
        last_on=_day(row["last_day"]),
        confirmed=row["evidence"] == "confirmed",
        sources=tuple(row["sources"].split()),
    )


def _yes_or_no(text: str) -> bool | None:
    return {"yes": True, "no": False, "": None}[text]


def _number(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def _count(text: str) -> int | None:
    return int(text) if text else None


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
