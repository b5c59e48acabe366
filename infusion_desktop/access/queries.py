"""What screens ask about people and the audit trail."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import newest_entry
from infusion_desktop.access.authority import CLOCKS_APART
from infusion_desktop.access.people import User, user_of
from infusion_desktop.access.roles import AuditKind, UserId
from infusion_desktop.access.tables import AuditEntry, Staff
from infusion_desktop.access.waits import waits_until
from infusion_desktop.dates import now_utc, show_instant


@dataclass(frozen=True, slots=True)
class StaffRow:
    """Somebody who works or worked here."""

    user: User
    badge: str
    ended_at: datetime | None
    waits_until: datetime | None


def staff_rows(session: Session) -> tuple[StaffRow, ...]:
    """Everybody, those who left last."""
    now = now_utc()
    people = session.scalars(select(Staff).order_by(Staff.ended_at.is_not(None), Staff.name)).all()
    return tuple(
        StaffRow(user_of(session, UserId(person.id)), person.badge, person.ended_at, waits_until(person, now))
        for person in people
    )


def working_people(session: Session) -> tuple[tuple[str, UserId], ...]:
    """Names and ids of those who work here now, by name: to whom a task may be given."""
    people = session.execute(select(Staff.name, Staff.id).where(Staff.ended_at.is_(None)).order_by(Staff.name))
    return tuple((row.name, UserId(row.id)) for row in people)


def all_people(session: Session) -> tuple[tuple[str, UserId], ...]:
    """Names and ids of everybody who works or worked here, by name: whose entries may be asked for."""
    people = session.execute(select(Staff.name, Staff.id).order_by(Staff.name))
    return tuple((row.name, UserId(row.id)) for row in people)


def clock_behind(session: Session, now: datetime) -> str:
    """A sentence where this computer's clock stands before what was entered already; "" where it does not."""
    newest = newest_entry(session)
    if newest is None or newest[1] - now < CLOCKS_APART:
        return ""
    return (
        f"This computer's clock says {show_instant(now)}, but the newest entry was made at {show_instant(newest[1])}. "
        "Set the clock right: what is entered now would carry the wrong time. The order of entries stays right."
    )


def last_saved(session: Session, by: UserId, workstation: str) -> str:
    """What somebody saved last at a workstation, such as "receive receipt 12, Nov 26, 2026 10:41"; "" for nothing."""
    found = session.execute(
        select(AuditEntry.action, AuditEntry.subject, AuditEntry.subject_id, AuditEntry.at)
        .where(
            AuditEntry.staff_id == by,
            AuditEntry.workstation == workstation,
            AuditEntry.kind == AuditKind.CHANGE,
            AuditEntry.action != "sign in",
        )
        .order_by(AuditEntry.number.desc())
        .limit(1)
    ).first()
    if found is None:
        return ""
    which = f" {found.subject_id}" if found.subject_id is not None else ""
    return f"{found.action} {found.subject}{which}, {show_instant(found.at)}"


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An entry of the audit trail as people read it."""

    id: int
    at: datetime
    by: str
    workstation: str
    kind: AuditKind
    action: str
    subject: str
    before: str
    after: str
    reason: str


def audit_rows(
    session: Session,
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    by: UserId | None = None,
    kind: AuditKind | None = None,
    patient_id: int | None = None,
    limit: int = 5000,
) -> tuple[AuditRow, ...]:
    """The newest entries from ``since`` on and before ``until``; with ``patient_id`` who saw or changed that record."""
    query = (
        select(
            AuditEntry.number, AuditEntry.at, Staff.name, AuditEntry.workstation, AuditEntry.kind, AuditEntry.action,
            AuditEntry.subject, AuditEntry.subject_id, AuditEntry.before, AuditEntry.after, AuditEntry.reason,
        )
        .outerjoin(Staff, Staff.id == AuditEntry.staff_id)
        .order_by(AuditEntry.number.desc())
        .limit(limit)
    )  # fmt: skip
    if since is not None:
        query = query.where(AuditEntry.at >= since)
    if until is not None:
        query = query.where(AuditEntry.at < until)
    if by is not None:
        query = query.where(AuditEntry.staff_id == by)
    if kind is not None:
        query = query.where(AuditEntry.kind == kind)
    if patient_id is not None:
        query = query.where(AuditEntry.patient_id == patient_id)
    return tuple(
        AuditRow(
            row[0], row[1], row[2] or "(the program)", row[3], row[4], row[5],
            f"{row[6]} {row[7]}" if row[7] is not None else row[6], row[8], row[9], row[10],
        )
        for row in session.execute(query)
    )  # fmt: skip
