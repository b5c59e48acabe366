"""What the checks found, as it is kept with a claim."""

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeptFinding:
    """A finding as it was kept with the claim: where to put it right, and whether it stops the claim."""

    code: str
    sentence: str
    where: str
    stops: bool
    line: int | None


def findings_of(missing: str) -> tuple[KeptFinding, ...]:
    """The findings kept with a claim when it was last checked."""
    return tuple(KeptFinding(**each) for each in json.loads(missing))
