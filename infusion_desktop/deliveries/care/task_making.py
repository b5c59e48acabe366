"""The day's tasks made by rules; run when the first person of the day comes in, and never makes one twice."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from importlib import import_module
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days
from infusion_desktop.deliveries.calls.follow_ups import Kind, who_has
from infusion_desktop.deliveries.care.task_rules import AHEAD, Draw, Task, draws_due, home_assessment_due
from infusion_desktop.deliveries.pumps.pickups import fetched, finish_fetched, tickets_wanting, write_due_in
from infusion_desktop.deliveries.tables import FollowUp
from infusion_desktop.patients.tables import Episode, Interruption, Therapy, TherapyLab
from infusion_desktop.patients.words import PatientId


def make_tasks(database: Database, on: date, by: UserId) -> int:
    """Make the tasks that the day's rules ask for, and the tickets for pumps to fetch; how many tasks are new.

    Whoever is there may: the rules decide, not the person. Where nothing is wanted nothing is written. Two workstations
    at once make each task once.
    """
    with database.reading() as session:
        if not tasks_wanting(session, on):
            return 0
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_DELIVERIES)
        wanted = _wanted(session, on)
        known = _made(session, wanted)
        new = [
            {"patient_id": patient, "kind": kind.value, "title": task.title[:200], "due_on": task.due_on,
             "owner_id": who_has(session, patient), "made_by": task.made_by, "version": 1}
            for patient, kind, task in wanted
            if task.made_by not in known
        ]  # fmt: skip
        if new:
            session.connection().execute(_once(session.get_bind().dialect.name), new)
        tickets, back = write_due_in(session, on, by), finish_fetched(session, by)
        after = {"made": len(new), "tickets": tickets, "fetched": back, "on": on}
        record(session, by, "make tasks", "follow-up", None, after=after)
        return len(new) + tickets


def tasks_wanting(session: Session, on: date) -> bool:
    """Whether rules ask for tasks or tickets that are not made yet, or something to fetch is back."""
    wanted = _wanted(session, on)
    return len(_made(session, wanted)) < len(wanted) or tickets_wanting(session, on) or bool(fetched(session))


def _wanted(session: Session, on: date) -> list[tuple[PatientId, Kind, Task]]:
    return [*_draws(session, on), *_assessments(session, on)]


@cache
def _once(dialect: str) -> Any:
    """Add a task; where another workstation made it this very moment, leave it at that."""
    insert = import_module(f"sqlalchemy.dialects.{dialect}").insert
    return insert(FollowUp).on_conflict_do_nothing(index_elements=["made_by"], index_where=text("made_by <> ''"))


def _made(session: Session, wanted: Sequence[tuple[PatientId, Kind, Task]]) -> set[str]:
    keys = [task.made_by for _, _, task in wanted]
    return set(session.scalars(select(FollowUp.made_by).where(FollowUp.made_by.in_(keys))))


def _draws(session: Session, on: date) -> list[tuple[PatientId, Kind, Task]]:
    soon = on + timedelta(days=AHEAD)
    rows = session.execute(
        select(TherapyLab, Therapy.patient_id, Therapy.stops_on)
        .join(Therapy, Therapy.id == TherapyLab.therapy_id)
        .join(Episode, Episode.id == Therapy.episode_id)
        .where(TherapyLab.first_on <= soon, Episode.discharged_on.is_(None))
        .where(TherapyLab.ended_on.is_(None) | (TherapyLab.ended_on >= on))
        .where(Therapy.stops_on.is_(None) | (Therapy.stops_on >= on))
        .order_by(TherapyLab.id)
    ).all()
    away: dict[int, list[Days]] = {}
    for pause in session.execute(
        select(Interruption.patient_id, Interruption.first_on, Interruption.last_on)
        .where(Interruption.removed_at.is_(None), Interruption.therapy_id.is_(None), Interruption.first_on <= soon)
        .where(Interruption.last_on.is_(None) | (Interruption.last_on >= on))
    ):
        last = max(pause.first_on, pause.last_on or soon)
        away.setdefault(pause.patient_id, []).append(Days(pause.first_on, last))
    found = []
    for lab, patient, stops_on in rows:
        ends = [day for day in (lab.ended_on, stops_on) if day is not None]
        draw = Draw(lab.id, lab.name, lab.first_on, lab.every_days, min(ends) if ends else None)
        found += [(PatientId(patient), Kind.LAB, task) for task in draws_due(draw, on, away.get(patient, ()))]
    return found


def _assessments(session: Session, on: date) -> list[tuple[PatientId, Kind, Task]]:
    rows = session.execute(
        select(Episode.id, Episode.patient_id, Episode.admitted_on)
        .where(Episode.discharged_on.is_(None))
        .where(Episode.admitted_on <= on)
        .order_by(Episode.id)
    )
    found = []
    for row in rows:
        task = home_assessment_due(row.id, row.admitted_on, on)
        if task is not None:
            found.append((PatientId(row.patient_id), Kind.HOME, task))
    return found
