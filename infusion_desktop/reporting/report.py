"""What a report is: a line that says what is counted, columns with kinds, rows and totals."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from infusion_desktop.access.roles import Permission
from infusion_desktop.database.local_days import start_of
from infusion_desktop.dates import ONE_DAY, Days
from infusion_desktop.errors import Refused
from reports.table_report import Column, Row


class Room(StrEnum):
    """Where a report belongs, as the list of reports is grouped."""

    STOCK = "Stock"
    BUYING = "Buying"
    EQUIPMENT = "Pumps and poles"
    CARE = "Patients and deliveries"
    CLAIMS = "Days and claims"
    MONEY = "Money owed"
    MARGIN = "Margin"
    PEOPLE = "People"


class Ask(StrEnum):
    """What a report may be narrowed to."""

    PAYER = "payer"
    THERAPY_CLASS = "therapy class"
    ONLY = "only"


@dataclass(frozen=True, slots=True)
class Choice:
    """What a report is narrowed to: a payer's name, a therapy class, one of the report's own parts; "" for all."""

    payer: str = ""
    therapy_class: str = ""
    only: str = ""

    def shown(self) -> tuple[tuple[str, str], ...]:
        """What was chosen, as it stands on paper."""
        pairs = (("Payer", self.payer), ("Therapy class", self.therapy_class), ("Only", self.only))
        return tuple((name, value) for name, value in pairs if value)


ALL = Choice()


@dataclass(frozen=True, slots=True)
class Found:
    """The answer of a report: columns, rows, and a row of totals when there is something to add up."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    totals: Row | None = None

    @property
    def summed(self) -> Row | None:
        """The totals with their name in the first column where that is empty; None without any."""
        if self.totals is None:
            return None
        first, *others = self.totals
        return ("Total" if first in (None, "") else first, *others)

    @property
    def nothing(self) -> str:
        """What stands in place of rows: that there are none, and the sentence of the totals, which may be good news."""
        told = self.totals[0] if self.totals else None
        return f"There is nothing to show for this choice. {told if isinstance(told, str) else ''}".strip()


@dataclass(frozen=True, slots=True)
class Drawn:
    """Which columns the chart at a report's head shows: names and sizes; the biggest first unless in order."""

    names: int
    sizes: int
    in_order: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """A report a manager may ask for; ``run`` reads the books for a period (both days belong to it).

    ``run`` takes a Choice after the period when the report ``asks`` for something.
    """

    key: str
    title: str
    definition: str
    run: Callable[..., Found]
    uses_period: bool = True
    """False for reports on how things stand now."""
    room: Room = Room.STOCK
    asks: tuple[Ask, ...] = ()
    drawn: Drawn | None = None
    parts: tuple[str, ...] = ()
    """What it may be narrowed to by ``only``."""
    also: Permission | None = None
    """What one must be allowed to see besides reports."""


def instants(period: Days) -> tuple[datetime, datetime]:
    """The instant a period begins where this computer stands, and the first one after it."""
    first, after = period.first, period.last + ONE_DAY
    return start_of(first), start_of(after)


MOST_ROWS = 100_000
"""What a list on screen or in a workbook may hold."""


def refuse_many(rows: int, what: str) -> None:
    """Refuse a period whose list nobody could read, before it is put together."""
    if rows > MOST_ROWS:
        raise Refused(f"{rows:,} {what}; a list holds {MOST_ROWS:,}. Choose fewer days.")
