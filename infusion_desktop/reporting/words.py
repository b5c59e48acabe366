"""The words of reports: periods told by a name, and the forms a report is taken away in."""

from enum import StrEnum
from typing import NewType

ScheduleId = NewType("ScheduleId", int)


class PeriodRule(StrEnum):
    """A period as seen from today; those that are under way end today."""

    YESTERDAY = "yesterday"
    LAST_7_DAYS = "last 7 days"
    THIS_MONTH = "this month"
    LAST_MONTH = "last month"
    THIS_QUARTER = "this quarter"
    LAST_QUARTER = "last quarter"
    THIS_YEAR = "this year"
    LAST_YEAR = "last year"


class Form(StrEnum):
    """What sort of file."""

    PDF = "pdf"
    XLSX = "xlsx"
    CSV = "csv"
