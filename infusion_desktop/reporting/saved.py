"""Reports a person keeps under a name, with their period and choices: the same at every workstation."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from infusion_desktop.access.roles import UserId
from infusion_desktop.access.saved_filters import Filter, filters_of, forget_filter, keep_filter
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, read_day
from infusion_desktop.errors import Refused
from infusion_desktop.reporting.registry import report
from infusion_desktop.reporting.report import ALL, Choice
from infusion_desktop.reporting.words import PeriodRule

_LIST = "reports"


@dataclass(frozen=True, slots=True)
class SavedReport:
    """A report with a period told by a rule, or by its days; and what it is narrowed to."""

    title: str
    key: str
    period: PeriodRule | Days
    choice: Choice = ALL


def keep_report(database: Database, saved: SavedReport, by: UserId) -> None:
    """Keep a report for oneself; one with the same name is replaced."""
    report(saved.key)
    days = saved.period
    told = days.value if isinstance(days, PeriodRule) else f"{days.first.isoformat()}/{days.last.isoformat()}"
    keep_filter(
        database,
        _LIST,
        Filter(saved.title, saved.key, (told, saved.choice.payer, saved.choice.therapy_class, saved.choice.only)),
        by,
    )


def forget_report(database: Database, title: str, by: UserId) -> None:
    """Forget one of one's own."""
    forget_filter(database, _LIST, title, by)


def saved_reports(session: Session, by: UserId) -> tuple[SavedReport, ...]:
    """A person's reports by name; what this version does not know any more is left out."""
    found = []
    for each in filters_of(session, by).get(_LIST, ()):
        try:
            report(each.words)
            told, *chosen = each.chips  # Those kept by an older version name two choices.
            found.append(SavedReport(each.title, each.words, _read(told), Choice(*chosen)))
        except (Refused, ValueError, TypeError):
            continue
    return tuple(found)


def _read(told: str) -> PeriodRule | Days:
    if "/" not in told:
        return PeriodRule(told)
    first, _, last = told.partition("/")
    return Days(read_day(first), read_day(last))
