"""A report as a PDF, and the note in the audit trail that somebody took one away."""

from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.papers import letterhead, printed
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, show_days
from infusion_desktop.errors import Refused
from infusion_desktop.reporting.registry import report
from infusion_desktop.reporting.report import ALL, Choice, Found, Report

if TYPE_CHECKING:
    from reports.bar_chart import BarChart
    from reports.table_report import TableReport

MOST_ON_PAPER = 3_000
"""Rows of a report on paper: some eighty pages, drawn in a second."""


def run(session: Session, key: str, period: Days, by: UserId, choice: Choice = ALL) -> Found:
    """The rows of a report; only for those who may see reports, and what it shows besides."""
    authorize(session, by, Permission.SEE_REPORTS)
    chosen = report(key)
    _may(session, chosen, by)
    if choice.only and choice.only not in chosen.parts:
        raise Refused(f"{chosen.title} cannot be narrowed to “{choice.only}”.")
    return chosen.run(session, period, choice) if chosen.asks else chosen.run(session, period)


def _may(session: Session, chosen: Report, by: UserId) -> None:
    if chosen.also is not None:
        authorize(session, by, chosen.also)


def as_pdf(session: Session, key: str, period: Days, by: UserId, choice: Choice = ALL) -> bytes:
    """The report as a PDF."""
    from reports.table_report import render

    return render(as_paper(session, key, period, by, choice))


def as_paper(session: Session, key: str, period: Days, by: UserId, choice: Choice = ALL) -> "TableReport":
    """The report as what the paper shows, to be drawn elsewhere."""
    from reports.table_report import TableReport

    found = run(session, key, period, by, choice)
    chosen = report(key)
    parameters = (("Period", show_days(period)),) if chosen.uses_period else ()
    more = len(found.rows) - MOST_ON_PAPER
    note = (
        f"The first {MOST_ON_PAPER:,} of {len(found.rows):,} rows. All of them are in the Excel and CSV files; the"
        " totals are of all."
    )
    return TableReport(
        letterhead(session), printed(session, by), chosen.title, found.columns, found.rows[:MOST_ON_PAPER],
        totals=found.totals, definition=chosen.definition, note=note if more > 0 else "",
        parameters=(*parameters, *(choice.shown() if chosen.asks else ())), landscape=len(found.columns) > 6,
        chart=chart(chosen, found), nothing=found.nothing,
    )  # fmt: skip


def chart(chosen: Report, found: Found) -> "BarChart | None":
    """The bars at a report's head; None where it has none or there is nothing to compare. Equal names are one bar."""
    from reports.bar_chart import chart_of
    from reports.table_report import show

    if chosen.drawn is None:
        return None
    names, sizes = chosen.drawn.names, chosen.drawn.sizes
    column = found.columns[sizes]
    sums: dict[str, Decimal] = {}
    for row in found.rows:
        name, size = show(row[names], found.columns[names].kind), row[sizes]
        if isinstance(size, int | Decimal):
            sums[name] = sums.get(name, Decimal(0)) + size
    title = f"{column.title} by {found.columns[names].title.lower()}"
    return chart_of(title, sums.items(), lambda size: show(size, column.kind), in_order=chosen.drawn.in_order)


def log_export(database: Database, key: str, period: Days, form: str, by: UserId) -> None:
    """Note in the audit trail that a report left the program, as what (PDF, Excel or CSV) and for which period."""
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_REPORTS)
        _may(session, report(key), by)
        after = {"report": report(key).key, "first": period.first, "last": period.last, "form": form}
        record(session, by, "export report", "report", after=after)
