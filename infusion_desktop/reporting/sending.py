"""Reports that go to a folder each morning: kept, ended, and sent when the day has not seen them yet."""

import logging
from collections.abc import Generator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.database.trouble import Unavailable
from infusion_desktop.dates import now_utc
from infusion_desktop.errors import NotAllowed, Refused
from infusion_desktop.progress import Progress
from infusion_desktop.reporting.period_rules import period_of
from infusion_desktop.reporting.registry import report
from infusion_desktop.reporting.report import ALL, Choice
from infusion_desktop.reporting.report_files import write_bundle, write_report
from infusion_desktop.reporting.tables import ReportSchedule
from infusion_desktop.reporting.words import Form, PeriodRule, ScheduleId

log = logging.getLogger(__name__)
BUNDLE = ""
"""Stands for the month-end bundle where a report's key would."""
MOST = 30


@dataclass(frozen=True, slots=True)
class Schedule:
    """What goes where each morning; ``key`` is a report's or BUNDLE."""

    key: str
    period: PeriodRule
    form: Form
    folder: str
    choice: Choice = ALL

    @property
    def title(self) -> str:
        """What it is, as people read it."""
        return "Month-end bundle" if self.key == BUNDLE else report(self.key).title


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """A kept schedule: when it was last sent, and what went wrong when it was last tried."""

    id: ScheduleId
    schedule: Schedule
    sent_on: date | None
    failed: str


@dataclass(frozen=True, slots=True)
class Sent:
    """What a morning's run did: files written, and a sentence for each that could not be."""

    files: tuple[Path, ...]
    failures: tuple[str, ...]
    news: tuple[str, ...]
    """Failures that were not told yet."""


def add_schedule(database: Database, schedule: Schedule, by: UserId) -> ScheduleId:
    """Put a report into a folder each morning from now on."""
    if schedule.key != BUNDLE:
        report(schedule.key)
    if schedule.key == BUNDLE and schedule.form is not Form.PDF:
        raise Refused("The month-end bundle is a PDF. Choose PDF, or a single report.")
    folder = Path(schedule.folder.strip())
    if not folder.is_absolute() or not folder.is_dir():
        raise Refused("This folder is not there. Choose one that this computer can reach.")
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_REPORTS)
        if schedule.key != BUNDLE and (also := report(schedule.key).also) is not None:
            authorize(session, by, also)
        if len(schedules(session, by)) >= MOST:
            raise Refused(f"At most {MOST} reports go out each morning. End one first.")
        values = {
            "staff_id": by, "report": schedule.key, "period": schedule.period, "payer": schedule.choice.payer,
            "therapy_class": schedule.choice.therapy_class, "only": schedule.choice.only, "form": schedule.form,
            "folder": str(folder), "failed": "",
        }  # fmt: skip
        added = session.scalar(insert(ReportSchedule).values(**values).returning(ReportSchedule.id))
        assert added is not None
        record(session, by, "schedule report", "report", added, after={"report": schedule.title, "form": schedule.form})
        return ScheduleId(added)


def end_schedule(database: Database, schedule_id: ScheduleId, by: UserId) -> None:
    """Stop sending one of one's own; nothing happens when it has ended already."""
    mine = (ReportSchedule.id == schedule_id, ReportSchedule.staff_id == by, ReportSchedule.ended_at.is_(None))
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_REPORTS)
        ended = session.execute(
            update(ReportSchedule).where(*mine).values(ended_at=now_utc()).returning(ReportSchedule.id)
        )
        if ended.first() is not None:
            record(session, by, "end report schedule", "report", schedule_id)


def schedules(session: Session, by: UserId) -> tuple[ScheduleRow, ...]:
    """What goes out each morning for a person."""
    rows = session.scalars(
        select(ReportSchedule)
        .where(ReportSchedule.staff_id == by, ReportSchedule.ended_at.is_(None))
        .order_by(ReportSchedule.id)
    )
    return tuple(
        ScheduleRow(
            ScheduleId(row.id),
            Schedule(row.report, row.period, row.form, row.folder, Choice(row.payer, row.therapy_class, row.only)),
            row.sent_on, row.failed,
        )
        for row in rows
    )  # fmt: skip


def send_due(database: Database, today: date, by: UserId) -> Generator[Progress, None, Sent]:
    """Send what a person's schedules have not sent today; what fails is kept with its reason and tried again later.

    One that fails, for whatever reason, keeps none of the others back.

    A file of the same report and days is written over: sending twice does no harm.
    """
    with database.reading() as session:
        authorize(session, by, Permission.SEE_REPORTS)
        due = [row for row in schedules(session, by) if row.sent_on is None or row.sent_on < today]
    files: list[Path] = []
    failures: list[str] = []
    news: list[str] = []
    for done, row in enumerate(due):
        each = row.schedule
        yield Progress(done, len(due), each.title)
        period, folder, reason = period_of(each.period, today), Path(each.folder), ""
        try:
            if each.key == BUNDLE:
                files.append((yield from write_bundle(database, period, folder, by)))
            else:
                files.append(write_report(database, each.key, period, each.form, folder, by, each.choice))
        except Unavailable:
            raise
        except Exception as error:
            is_no = isinstance(error, Refused | NotAllowed)
            reason = str(error) if is_no else "It could not be made. The others were; what happened is in the log."
            if not is_no:
                log.error("report schedule %s failed: %s", row.id, type(error).__qualname__)
            failures.append(f"{each.title}: {reason}")
            if reason != row.failed:
                news.append(failures[-1])
            log.warning("report schedule %s was not sent", row.id)
        if not reason or reason != row.failed:
            _keep(database, row.id, today if not reason else row.sent_on, reason, by)
    return Sent(tuple(files), tuple(failures), tuple(news))


def _keep(database: Database, schedule_id: ScheduleId, sent_on: date | None, failed: str, by: UserId) -> None:
    with database.transaction() as session:
        session.execute(
            update(ReportSchedule).where(ReportSchedule.id == schedule_id).values(sent_on=sent_on, failed=failed)
        )
        record(session, by, "send report to folder", "report", schedule_id, after={"sent": not failed})
