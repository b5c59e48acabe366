"""The lists of adjustment reasons (CARC) and remarks (RARC) that come with the application, in our own words.

An unknown code is shown, never refused: X12 adds codes three times a year. Which reasons need work and which may be
appealed are starting points of ours; a payer's own posting rules go before them.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import resources
from infusion_desktop.billing.rules.posting import Rule
from infusion_desktop.billing.words import Outcome


@dataclass(frozen=True, slots=True)
class Reason:
    """An adjustment reason: what it says, what to do next, whether somebody must act and whether to appeal."""

    code: str
    says: str
    next_step: str
    work: bool
    appeal: bool


@cache
def reasons() -> Mapping[str, Reason]:
    """All adjustment reasons known here."""
    return {
        row["code"]: Reason(row["code"], row["says"], row["next_step"], row["work"] == "yes", row["appeal"] == "yes")
        for row in _rows("codes/adjustment_reasons.csv")
    }


@cache
def remarks() -> Mapping[str, str]:
    """All remark codes known here."""
    return {row["code"]: row["says"] for row in _rows("codes/remark_codes.csv")}


@cache
def provider_adjustments() -> Mapping[str, str]:
    """What the reasons of a payer's account with us (835 PLB) mean."""
    return {row["code"]: row["says"] for row in _rows("codes/provider_adjustments.csv")}


@cache
def taken_from_claims() -> frozenset[str]:
    """The reasons of a payer's account with us by which it takes back what it paid for a claim."""
    return frozenset(row["code"] for row in _rows("codes/provider_adjustments.csv") if row["of_a_claim"] == "yes")


@cache
def shipped_rules() -> tuple[Rule, ...]:
    """What groups and reasons do where no payer's own rule speaks."""
    return tuple(Rule(row["group"], row["reason"], Outcome[row["outcome"]]) for row in _rows("codes/posting_rules.csv"))


def is_worked(code: str) -> bool:
    """Whether a reason means that somebody must act."""
    found = reasons().get(code)
    return found is not None and found.work


def say_reason(group: str, code: str) -> str:
    """A reason as people read it: "CO 197: Authorization or notification is missing"."""
    name = f"{group} {code}".strip()
    found = reasons().get(code)
    return f"{name}: {found.says}" if found else f"{name}: not in our list; look it up at the payer"


def next_step(code: str) -> str:
    """What to do next about a reason."""
    found = reasons().get(code)
    return found.next_step if found else "Read the payer's list of reasons, then correct or appeal."


def say_remark(code: str) -> str:
    """A remark as people read it."""
    return f"{code}: {remarks()[code]}" if code in remarks() else code


def _rows(name: str) -> Iterator[dict[str, str]]:
    return csv.DictReader(resources.read_text(name).splitlines())
