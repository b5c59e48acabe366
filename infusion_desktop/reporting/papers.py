"""A report as a PDF, and the note in the audit trail that somebody took one away."""

from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.papers import letterhead, printed
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, show_days
from infusion_desktop.reporting.registry import report
from infusion_desktop.reporting.report import ALL, Choice, Found, Report


def run(session: Session, key: str, period: Days, by: UserId, choice: Choice = ALL) -> Found:
    """The rows of a report; only for those who may see reports, and what it shows besides."""
    chosen = report(key)
    _may(session, chosen, by)
    return chosen.run(session, period, choice) if chosen.asks else chosen.run(session, period)


def _may(session: Session, chosen: Report, by: UserId) -> None:
    authorize(session, by, Permission.SEE_REPORTS)
    if chosen.also is not None:
        authorize(session, by, chosen.also)


def as_pdf(session: Session, key: str, period: Days, by: UserId) -> bytes:
    """The report as a PDF."""
    from reports.table_report import TableReport, render

    chosen, found = report(key), run(session, key, period, by)
    parameters = (("Period", show_days(period)),) if chosen.uses_period else ()
    return render(
        TableReport(
            letterhead(session), printed(session, by), chosen.title, found.columns, found.rows, totals=found.totals,
            definition=chosen.definition, parameters=parameters, landscape=len(found.columns) > 6,
        )
    )  # fmt: skip


def log_export(database: Database, key: str, period: Days, form: str, by: UserId) -> None:
    """Note in the audit trail that a report left the program, as what (PDF, Excel or CSV) and for which period."""
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_REPORTS)
        after = {"report": report(key).key, "first": period.first, "last": period.last, "form": form}
        record(session, by, "export report", "report", after=after)
