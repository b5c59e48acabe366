"""What a report is: a line that says what is counted, columns with kinds, rows and totals."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from infusion_desktop.dates import Days
from reports.table_report import Column, Row


@dataclass(frozen=True, slots=True)
class Found:
    """The answer of a report: columns, rows, and a row of totals when there is something to add up."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    totals: Row | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A report a manager may ask for; ``run`` reads the books for a period (both days belong to it)."""

    key: str
    title: str
    definition: str
    run: Callable[[Session, Days], Found]
    uses_period: bool = True
    """False for reports on how things stand now."""
