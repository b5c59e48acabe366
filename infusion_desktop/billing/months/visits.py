"""Nursing visits with the times a nurse came and went."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, func, insert, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.tables import NursingVisit
from infusion_desktop.billing.words import VisitId
from infusion_desktop.database.engine import Database
from infusion_desktop.database.many import as_ids, is_given
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.dates import Days, local_day, now_utc
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.patients.editing import change
from infusion_desktop.patients.tables import Patient, Therapy
from infusion_desktop.patients.words import PatientId, TherapyId

LONGEST_VISIT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class NewVisit:
    """A visit as the nurse wrote it down: from ``started_at`` to ``ended_at``, both with their time zone."""

    patient_id: PatientId
    started_at: datetime
    ended_at: datetime
    nurse: str
    therapy_id: TherapyId | None = None
    note: str = ""
    specialised: bool = False
    """By a nurse with special training in infusion (SD)."""
    in_suite: bool = False
    """In the pharmacy's infusion suite (SS), not at home."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit that is kept."""

    id: VisitId
    visit: NewVisit
    version: int = 1

    @property
    def minutes(self) -> int:
        """Whole minutes from start to end."""
        return int((self.visit.ended_at - self.visit.started_at).total_seconds() // 60)


def add_visit(database: Database, visit: NewVisit, by: UserId) -> VisitId:
    """Keep a nurse's visit; refused without a nurse, or with times that cannot be."""
    refuse_if(_problems(visit))
    with database.transaction() as session:
        authorize(session, by, Permission.CHARGE)
        _refuse_unknown(session, visit)
        values = _values(visit)
        keep = insert(NursingVisit).values(**values, version=1).returning(NursingVisit.id)
        added = session.execute(keep).scalar_one()
        record(session, by, "add visit", "nursing visit", added, patient_id=visit.patient_id, after=values)
    return VisitId(added)


def correct_visit(database: Database, visit_id: VisitId, visit: NewVisit, version: int, by: UserId) -> None:
    """Put a visit right that was written down wrong; the month's claim follows when it is counted again."""
    refuse_if(_problems(visit))
    with database.transaction() as session:
        authorize(session, by, Permission.CHARGE)
        kept = _the_visit(session, visit_id)
        right = replace(visit, patient_id=PatientId(kept.patient_id))
        _refuse_unknown(session, right)
        values = _values(right)
        before, after = change(kept, values, version, "this visit")
        record(
            session, by, "correct visit", "nursing visit", visit_id, patient_id=kept.patient_id, before=before,
            after=after,
        )  # fmt: skip


def take_back_visit(database: Database, visit_id: VisitId, reason: str, version: int, by: UserId) -> None:
    """A visit that never was counts no more; it stays on record."""
    if not reason.strip():
        raise Refused("Say why it is taken back.")
    with database.transaction() as session:
        authorize(session, by, Permission.CHARGE)
        kept = _the_visit(session, visit_id)
        change(kept, {"removed_at": now_utc()}, version, "this visit")
        record(session, by, "take back visit", "nursing visit", visit_id, patient_id=kept.patient_id, reason=reason)


def _the_visit(session: Session, visit_id: VisitId) -> NursingVisit:
    kept = session.get(NursingVisit, visit_id)
    if kept is None or kept.removed_at is not None:
        raise Refused("This visit is not known. Look at the patient's visits again.")
    return kept


def _values(visit: NewVisit) -> dict[str, Any]:
    return {
        "patient_id": visit.patient_id,
        "therapy_id": visit.therapy_id,
        "visited_on": local_day(visit.started_at),
        "started_at": visit.started_at,
        "ended_at": visit.ended_at,
        "nurse": visit.nurse.strip(),
        "note": visit.note.strip(),
        "specialised": visit.specialised,
        "in_suite": visit.in_suite,
    }


def visits_of(session: Session, patient: PatientId) -> tuple[Visit, ...]:
    """All visits of a patient, the newest first."""
    rows = session.scalars(
        select(NursingVisit)
        .where(NursingVisit.patient_id == patient, NursingVisit.removed_at.is_(None))
        .order_by(NursingVisit.started_at.desc(), NursingVisit.id.desc())
    )
    return tuple(_visit(row) for row in rows)


def visits_of_many(
    session: Session, patients: Collection[PatientId], days: Days
) -> Mapping[PatientId, tuple[Visit, ...]]:
    """The visits of many patients that began on one of these days, by patient, each patient's in order."""
    rows = _VISITS.rows(session, {**as_ids(sorted(patients)), "first": days.first, "last": days.last})
    found: dict[PatientId, tuple[Visit, ...]] = {}
    for row in rows:
        patient = PatientId(row.patient_id)
        found[patient] = (*found.get(patient, ()), _visit(row))
    return found


def last_visits_before(session: Session, patients: Collection[PatientId], day: date) -> Mapping[PatientId, date]:
    """The day of each patient's last visit before a day; patients without one are not among them."""
    rows = _LAST_VISITS.rows(session, {**as_ids(sorted(patients)), "day": day})
    return {PatientId(row.patient_id): row.last for row in rows}


def _visits(dialect: str) -> Select[*tuple[Any, ...]]:
    return (
        select(*NursingVisit.__table__.c)
        .where(is_given(dialect, NursingVisit.patient_id), NursingVisit.removed_at.is_(None))
        .where(NursingVisit.visited_on.between(bindparam("first"), bindparam("last")))
        .order_by(NursingVisit.started_at, NursingVisit.id)
    )


def _last_visits(dialect: str) -> Select[*tuple[Any, ...]]:
    return (
        select(NursingVisit.patient_id, func.max(NursingVisit.visited_on).label("last"))
        .where(is_given(dialect, NursingVisit.patient_id), NursingVisit.visited_on < bindparam("day"))
        .where(NursingVisit.removed_at.is_(None))
        .group_by(NursingVisit.patient_id)
    )


_VISITS, _LAST_VISITS = Prepared(_visits), Prepared(_last_visits)


def _visit(row: Any) -> Visit:
    therapy = None if row.therapy_id is None else TherapyId(row.therapy_id)
    visit = NewVisit(
        PatientId(row.patient_id), row.started_at, row.ended_at, row.nurse, therapy, row.note, row.specialised,
        row.in_suite,
    )  # fmt: skip
    return Visit(VisitId(row.id), visit, row.version)


def _problems(visit: NewVisit) -> list[str]:
    found = []
    if not visit.nurse.strip():
        found.append("Type the nurse's name.")
    if visit.ended_at <= visit.started_at:
        found.append("The visit ends before it begins. Correct its times.")
    elif visit.ended_at - visit.started_at > LONGEST_VISIT:
        found.append("The visit is longer than a day. Correct its times.")
    return found


def _refuse_unknown(session: Session, visit: NewVisit) -> None:
    if session.get(Patient, visit.patient_id) is None:
        raise Refused("This patient is not known. Choose the patient again.")
    if visit.therapy_id is None:
        return
    owner = session.scalar(select(Therapy.patient_id).where(Therapy.id == visit.therapy_id))
    if owner != visit.patient_id:
        raise Refused("The therapy is not one of this patient. Choose the visit's therapy again.")
