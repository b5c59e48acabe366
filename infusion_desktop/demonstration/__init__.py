"""The demonstration pharmacy: invented people and four months of work, made from a seed by the services people use."""

import random
from collections.abc import Generator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from infusion_desktop.access.roles import UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.demonstration.cast import Cast, make_cast
from infusion_desktop.demonstration.shelves import fill_shelves
from infusion_desktop.progress import Progress

Size = Literal["small", "standard", "large"]


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is made."""

    patients: int
    days: int
    pumps: int
    poles: int
    lots: int
    """How many lots of an item come at a time; with one, most of what no kit takes is not kept at all."""


SCALES: dict[Size, Scale] = {
    "small": Scale(patients=12, days=66, pumps=20, poles=8, lots=1),
    "standard": Scale(patients=80, days=122, pumps=74, poles=26, lots=4),
    "large": Scale(patients=400, days=122, pumps=340, poles=120, lots=4),
}


def fill(
    database: Database,
    administrator: UserId,
    kept_hash: str,
    *,
    seed: int = 1,
    size: Size = "standard",
    on: date | None = None,
) -> Generator[Progress, None, str]:
    """Fill an empty, set-up pharmacy; a sentence that says what was made.

    Everything is relative to ``on`` (today) and the same for the same seed. The invented staff get the password whose
    hash is given.
    """
    from infusion_desktop.demonstration.buying import buy
    from infusion_desktop.demonstration.caring_for_shelves import care_for_shelves
    from infusion_desktop.demonstration.months import work_through

    scale, pick, last = SCALES[size], random.Random(seed), on or today()
    first = last - timedelta(days=scale.days)
    yield Progress(0, 100, "People and payers")
    cast: Cast = make_cast(database, administrator, kept_hash, first, pick)
    yield Progress(3, 100, "Catalogue and shelves")
    yield from fill_shelves(database, cast, scale.pumps, scale.poles, first, pick)
    made: str = yield from work_through(database, cast, scale.patients, first, last, pick, scale.lots)
    yield Progress(98, 100, "Counts and a recall")
    care_for_shelves(database, cast, last, pick)
    yield Progress(97, 100, "Vendors and orders")
    buy(database, cast, last, random.Random(seed))
    yield Progress(100, 100, "Ready")
    return made
