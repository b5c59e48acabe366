"""What the checks found, as it is kept with a claim."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as _quoted
from typing import TYPE_CHECKING

from infusion_desktop.billing.words import ClaimState

if TYPE_CHECKING:
    from infusion_desktop.billing.rules.checks.facts import Finding


@dataclass(frozen=True, slots=True)
class KeptFinding:
    """A finding as it was kept with the claim: where to put it right, and whether it stops the claim."""

    code: str
    sentence: str
    where: str
    stops: bool
    line: int | None


DENIALS = "Denials"
"""Where a denied claim is worked on."""


def findings_json(findings: Iterable["Finding"]) -> str:
    """Findings as they are kept with a claim; put together by hand, for a month keeps thousands."""
    return f"[{', '.join(map(_as_json, findings))}]"


def _as_json(found: "Finding") -> str:
    stops, line = "true" if found.stops else "false", "null" if found.line is None else str(found.line)
    return (
        f'{{"code": "{found.code}", "sentence": {_quoted(found.sentence)}, "where": "{found.where}", '
        f'"stops": {stops}, "line": {line}}}'
    )


def findings_of(missing: str) -> tuple[KeptFinding, ...]:
    """The findings kept with a claim when it was last checked."""
    return tuple(KeptFinding(**each) for each in json.loads(missing))


def holding_up(number: str, state: ClaimState, missing: str) -> tuple[KeptFinding, ...]:
    """What holds a claim up: that it was refused or denied, else what was found when it was last checked."""
    if state is ClaimState.REJECTED:
        told = f"Claim {number} was refused before adjudication. Put it right; then Correct, Replace it."
        return (KeptFinding("REJECTED", told, "Claim", True, None),)
    if state is ClaimState.DENIED:
        told = f"Claim {number} was denied. Appeal, correct, or write it off."
        return (KeptFinding("DENIED", told, DENIALS, True, None),)
    return findings_of(missing)
