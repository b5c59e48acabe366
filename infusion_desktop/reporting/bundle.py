"""The month-end bundle: about twenty reports of a period as one PDF, read here and drawn in a process of its own."""

from collections.abc import Generator

from sqlalchemy.orm import Session

from infusion_desktop.access.audit import head_of, record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.papers import letterhead, printed
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days
from infusion_desktop.progress import Progress
from infusion_desktop.reporting.papers import as_paper
from infusion_desktop.reporting.registry import report
from infusion_desktop.reporting.report import Room
from infusion_desktop.worker import Worker

MONTH_END = (
    "stock value", "roll-forward", "expiry", "usage by item", "usage by therapy", "count accuracy", "price variance",
    "equipment use", "maintenance", "census days", "on time", "exceptions", "refills", "proof", "days by code",
    "charges", "claims", "days to bill", "receivables", "aging", "dso", "denials", "underpayments", "payments",
    "margin by therapy class", "margin by payer",
)  # fmt: skip
"""What belongs into it, in its order; grouped as the list of reports is."""


def month_end(
    database: Database, period: Days, by: UserId, keys: tuple[str, ...] = MONTH_END
) -> Generator[Progress, None, bytes]:
    """Every report of a period as one PDF with contents and bookmarks; stopped between two reports.

    Each report is a look of its own: people work on meanwhile, and what they do shows in the reports read later.
    """
    from reports import report_bundle

    rooms = list(Room)
    chosen = sorted((report(key) for key in keys), key=lambda each: rooms.index(each.room))
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_REPORTS)
        after = {"report": "month-end bundle", "first": period.first, "last": period.last, "form": "PDF"}
        record(session, by, "export report", "report", after={**after, "reports": len(chosen)})
    with database.reading() as session:
        cover = report_bundle.Cover(
            letterhead(session), printed(session, by), "Month-end reports", period.first, period.last,
            tuple((each.room.value, each.title) for each in chosen), _trail(session),
        )  # fmt: skip
    with Worker() as worker:
        worker.run(report_bundle.begin, cover)
        for done, each in enumerate(chosen):
            yield Progress(done, len(chosen), each.title)
            with database.reading() as session:
                paper = as_paper(session, each.key, period, by)
            worker.run(report_bundle.add, paper)
        yield Progress(len(chosen), len(chosen), "Putting together")
        pdf: bytes = worker.run(report_bundle.finish)
    return pdf


def _trail(session: Session) -> str:
    """How far the audit trail reaches and its newest seal: on paper, where nobody seals it anew (RELIABILITY C7)."""
    head = head_of(session)
    return "" if head is None else f"Audit trail: entry {head[0]:,}, seal {head[1]}"
