"""Emergency access: rights for an hour, with a reason, reviewed by another person (45 CFR 164.312(a)(2)(ii))."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, select, update
from sqlalchemy.orm import Session, aliased

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.people import User, user_of
from infusion_desktop.access.roles import AuditKind, Permission, UserId
from infusion_desktop.access.tables import AuditEntry, EmergencyAccess, Staff
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, show_instant
from infusion_desktop.errors import Refused

LASTS = timedelta(minutes=60)
SHORTEST_REASON = 10


@dataclass(frozen=True, slots=True)
class Emergency:
    """One emergency access, and what was done and opened during it."""

    id: int
    who: str
    why: str
    began_at: datetime
    ends_at: datetime
    changes: int
    openings: int
    reviewed_by: str
    reviewed_at: datetime | None
    review: str


def begin_emergency(database: Database, by: UserId, why: str) -> User:
    """Take the rights of care for an hour.

    Refused without a real reason, while it is open already, for who left, and for who only looks.
    """
    if len(why.strip()) < SHORTEST_REASON:
        raise Refused("Say in a sentence what the emergency is. It is kept and reviewed.")
    with database.transaction() as session:
        person = session.get(Staff, by, populate_existing=True, with_for_update=True)
        if person is None or person.ended_at is not None:
            raise Refused("This person's access has ended. Sign in as somebody who works here.")
        authorize(session, by, Permission.TAKE_EMERGENCY)
        now = now_utc()
        until = user_of(session, by).emergency_until
        if until is not None:
            raise Refused(f"Emergency access is open until {show_instant(until)} already.")
        taken = EmergencyAccess(staff_id=by, why=why.strip(), began_at=now, ends_at=now + LASTS)
        session.add(taken)
        session.flush()
        record(session, by, "begin emergency access", "emergency", taken.id, reason=why)
        return user_of(session, by)


def end_emergency(database: Database, by: UserId) -> User:
    """Give the rights back before the hour is over."""
    with database.transaction() as session:
        now = now_utc()
        ended = session.execute(
            update(EmergencyAccess)
            .where(EmergencyAccess.staff_id == by, EmergencyAccess.ends_at > now)
            .values(ends_at=now)
        )
        if not ended.rowcount:  # type: ignore[attr-defined]
            raise Refused("No emergency access is open.")
        record(session, by, "end emergency access", "staff", by)
        return user_of(session, by)


def review_emergency(database: Database, emergency: int, review: str, by: UserId) -> None:
    """Sign an emergency access off. Refused for one's own, while it lasts, and twice."""
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_AUDIT)
        taken = session.get(EmergencyAccess, emergency, with_for_update=True)
        if taken is None:
            raise Refused("There is no such emergency access.")
        if taken.staff_id == by:
            raise Refused("Your own emergency access is reviewed by somebody else.")
        if taken.ends_at > now_utc():
            raise Refused("This emergency access is still open. Review it when it is over.")
        if taken.reviewed_at is not None:
            raise Refused("This emergency access was reviewed already.")
        if len(review.strip()) < SHORTEST_REASON:
            raise Refused("Say in a sentence what you found.")
        taken.reviewed_by, taken.reviewed_at, taken.review = by, now_utc(), review.strip()
        record(session, by, "review emergency access", "emergency", emergency, reason=review)


def emergencies(session: Session, *, open_only: bool = False) -> tuple[Emergency, ...]:
    """Emergency accesses, the newest first; ``open_only`` those that nobody has reviewed."""
    reviewer = aliased(Staff)
    query = (
        select(EmergencyAccess, Staff.name, reviewer.name)
        .join(Staff, Staff.id == EmergencyAccess.staff_id)
        .outerjoin(reviewer, reviewer.id == EmergencyAccess.reviewed_by)
        .order_by(EmergencyAccess.id.desc())
    )
    if open_only:
        query = query.where(EmergencyAccess.reviewed_at.is_(None))
    rows = session.execute(query).all()
    done = _done_during(session, [taken for taken, *_who in rows])
    return tuple(
        Emergency(
            taken.id, who, taken.why, taken.began_at, taken.ends_at, done[taken.id, AuditKind.CHANGE],
            done[taken.id, AuditKind.VIEW], reviewed_by or "", taken.reviewed_at, taken.review,
        )
        for taken, who, reviewed_by in rows
    )  # fmt: skip


def _done_during(session: Session, taken: Sequence[EmergencyAccess]) -> Counter[tuple[int, AuditKind]]:
    """How many entries of each kind were made during each of these, in one pass over their people's entries.

    The trail has no index by person: it would cost every deed a page, for a list that is looked at now and then.
    """
    done: Counter[tuple[int, AuditKind]] = Counter()
    if not taken:
        return done
    entries = (
        select(AuditEntry.staff_id, AuditEntry.at, AuditEntry.kind)
        .where(AuditEntry.at.between(min(each.began_at for each in taken), max(each.ends_at for each in taken)))
        .where(AuditEntry.staff_id.in_({each.staff_id for each in taken}))
        .subquery()
    )
    during = and_(
        EmergencyAccess.staff_id == entries.c.staff_id,
        entries.c.at.between(EmergencyAccess.began_at, EmergencyAccess.ends_at),
    )
    counted = select(EmergencyAccess.id, entries.c.kind, func.count()).join(entries, during)
    for number, kind, count in session.execute(counted.group_by(EmergencyAccess.id, entries.c.kind)):
        done[number, kind] = count
    return done
