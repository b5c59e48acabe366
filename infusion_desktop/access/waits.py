"""Waits after wrong tries: a person's own, wherever they try, and a workstation's, whoever is tried there."""

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select, text, update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record, wait_for_entries
from infusion_desktop.access.authority import CLOCKS_APART, authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.access.tables import SIGNING_IN, AuditEntry, Staff
from infusion_desktop.access.wait_rules import REMEMBERED, TRIES, Tried, Try, own_wait, station_wait
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, show_instant
from infusion_desktop.errors import Refused

_WHOLE_MINUTE = timedelta(seconds=59)
_CAME_TO = {"sign in": Tried.RIGHT, "wrong password": Tried.WRONG, "lift wait": Tried.LIFTED}


class MustWait(Refused):
    """Too many wrong tries: even the right secret is not looked at for a while."""


@dataclass(frozen=True, slots=True)
class WaitRow:
    """Who or what waits: a person, or a workstation."""

    person: UserId | None
    name: str
    until: datetime


def refuse_while_waiting(session: Session, person: Staff | None, workstation: str) -> None:
    """MustWait where the person, or the workstation that is tried at, waits after wrong tries."""
    now = now_utc()
    if person is not None and (until := waits_until(person, now)) is not None:
        raise MustWait(f"Too many wrong tries. Wait until {told_until(until)}, then try again.")
    until = _station_waits(session, now).get(workstation)
    if until is not None:
        raise MustWait(
            f"Too many wrong tries at this workstation. Wait until {told_until(until)}, or sign in at another one. "
            "An administrator can lift the wait (People)."
        )


def waits_until(person: Staff, now: datetime) -> datetime | None:
    """Until when a person waits; None where they do not, or where the clock was set back since by more than a bit."""
    until = person.locked_until
    if until is None or not now < until <= now + own_wait(person.failed_tries // TRIES * TRIES) + CLOCKS_APART:
        return None
    return until


def note_wrong_try(database: Database, person: int | None) -> None:
    """Count it for whom it was tried. A name that nobody has is not written down: it may be somebody's password."""
    with database.transaction() as session:
        now = now_utc()
        after: dict[str, object] = {"name": "not known"} if person is None else {}
        if person is not None:
            one_more = update(Staff).where(Staff.id == person).values(failed_tries=Staff.failed_tries + 1)
            tries = session.execute(one_more.returning(Staff.failed_tries)).scalar_one()
            after = {"tries": tries}
            if wait := own_wait(tries):
                after["wait_minutes"] = _minutes(wait)
                session.execute(update(Staff).where(Staff.id == person).values(locked_until=now + wait))
        wait_for_entries(session)
        before = _tries(session, now)[database.workstation]
        _counted, until = station_wait([*before, Try(now, person, Tried.WRONG)])
        if until is not None and until > now:
            after["workstation_wait_minutes"] = _minutes(until - now)
        record(session, None, "wrong password", "staff", person, after=after)


def lift_wait(database: Database, user: UserId, by: UserId) -> None:
    """Let a person try again at once. Refused where they do not wait."""
    with database.transaction() as session:
        authorize(session, by, Permission.MANAGE_STAFF)
        person = session.get_one(Staff, user, with_for_update=True, populate_existing=True)
        now = now_utc()
        until = waits_until(person, now)
        if until is None:
            raise Refused(f"{person.name} does not wait any more.")
        person.failed_tries, person.locked_until = 0, None
        record(session, by, "lift wait", "staff", user, before={"wait_minutes": _minutes(until - now)})


def lift_station_wait(database: Database, workstation: str, by: UserId) -> None:
    """Let people sign in at a workstation again at once. Refused where it does not wait."""
    with database.transaction() as session:
        authorize(session, by, Permission.MANAGE_STAFF)
        wait_for_entries(session)
        now = now_utc()
        until = _station_waits(session, now).get(workstation)
        if until is None:
            raise Refused(f"The workstation {workstation} does not wait any more.")
        left = {"wait_minutes": _minutes(until - now)}
        record(session, by, "lift wait", "workstation", before=left, after={"name": workstation})


def waiting(session: Session) -> tuple[WaitRow, ...]:
    """The people and workstations that wait now, people first."""
    now = now_utc()
    locked = select(Staff).where(Staff.ended_at.is_(None), Staff.locked_until > now).order_by(Staff.name)
    people = [(each, waits_until(each, now)) for each in session.scalars(locked)]
    return (
        *(WaitRow(UserId(each.id), each.name, until) for each, until in people if until is not None),
        *(WaitRow(None, name, until) for name, until in sorted(_station_waits(session, now).items())),
    )


def _station_waits(session: Session, now: datetime) -> dict[str, datetime]:
    """The workstations that wait now, and until when."""
    every = {name: station_wait(tries)[1] for name, tries in _tries(session, now).items()}
    return {name: until for name, until in every.items() if until is not None and until > now}


def _tries(session: Session, now: datetime) -> dict[str, list[Try]]:
    """What was tried at each workstation in the last day, the oldest first."""
    found: dict[str, list[Try]] = defaultdict(list)
    for row in session.execute(tried_by(now)):
        came_to = _CAME_TO[row.action]
        if came_to is not Tried.LIFTED:
            found[row.workstation].append(Try(row.at, row.subject_id, came_to))
        elif row.subject == "workstation":
            found[json.loads(row.after)["name"]].append(Try(row.at, None, came_to))
    return found


def tried_by(now: datetime) -> Select[*tuple[Any, ...]]:
    """Asks the entries of a day that tell of signing in.

    What the clock has not reached was entered before somebody set it back, and makes nobody wait for hours.
    """
    return (
        select(AuditEntry.at, AuditEntry.workstation, AuditEntry.action, AuditEntry.subject, AuditEntry.subject_id,
               AuditEntry.after)
        .where(text(SIGNING_IN), AuditEntry.at >= now - REMEMBERED, AuditEntry.at <= now + CLOCKS_APART)
        .order_by(AuditEntry.number)
    )  # fmt: skip


def told_until(until: datetime) -> str:
    """The first whole minute at which one may try again."""
    return show_instant(until + _WHOLE_MINUTE)


def _minutes(wait: timedelta) -> int:
    """The minutes of a wait, begun ones too."""
    return -(-wait // timedelta(minutes=1))
