"""Openings of what tells of a patient, each kept in the audit trail; a restricted record asks why (45 CFR 164.312(b)).

The reason is asked once for as long as somebody is at it: what else of the same patient they open within half an hour
of the last opening is kept with the same reason.
"""

from collections.abc import Collection, Iterable
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record_view
from infusion_desktop.access.authority import CLOCKS_APART, authorize
from infusion_desktop.access.roles import AuditKind, Permission, UserId
from infusion_desktop.access.tables import AuditEntry
from infusion_desktop.database.engine import Database
from infusion_desktop.database.many import as_ids, is_given
from infusion_desktop.database.on_connection import connection_of
from infusion_desktop.dates import now_utc
from infusion_desktop.errors import AsksWhy
from infusion_desktop.patients.tables import Patient

HOLDS = timedelta(minutes=30)
USUAL = (
    "Packing or delivering this order", "Care of this patient", "Billing this patient's care",
    "The patient or caregiver asked",
)  # fmt: skip
"""What most people open a record for, offered so that nobody is kept from their work."""


def note_opening(
    database: Database, patient_id: int, subject: str, subject_id: int, by: UserId, reason: str = ""
) -> None:
    """Keep that somebody opened what tells of a patient: a refill call, a supply plan.

    AsksWhy where the record is restricted and nobody said why.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_PATIENTS)
        tell_opening(session, patient_id, subject, subject_id, by, reason)


def tell_opening(
    session: Session, patient_id: int, subject: str, subject_id: int, by: UserId, reason: str = ""
) -> None:
    """The same inside a larger deed."""
    why = _why(session, {patient_id}, by, reason)
    record_view(session, by, subject, subject_id, patient_id, reason or why.get(patient_id, ""))


def tell_papers(
    session: Session, subject: str, papers: Iterable[tuple[int, int]], by: UserId, reason: str = ""
) -> None:
    """Keep the openings that papers of restricted records are (each its id and its patient); AsksWhy without a reason.

    Of other records the paper's own entry is enough.
    """
    wanted = list(papers)
    why = _why(session, {patient for _each, patient in wanted}, by, reason)
    for each, patient in wanted:
        if patient in why:
            record_view(session, by, subject, each, patient, why[patient])


def is_closed(session: Session, patient_id: int, by: UserId) -> bool:
    """Whether a record is restricted and this person has not said just now why they open it."""
    return _held(session, {patient_id}, by).get(patient_id) == ""


def _why(session: Session, patients: Collection[int], by: UserId, reason: str) -> dict[int, str]:
    """Why each of the restricted ones among the patients is opened: as said now, or else a moment ago."""
    held = _held(session, patients, by)
    closed = [patient for patient, said in held.items() if not said]
    if closed and not reason.strip():
        what = "This record is" if len(patients) == 1 else f"{len(closed)} of these records are"
        raise AsksWhy(f"{what} restricted. Say why you open it; the reason is kept and reviewed.", usual=USUAL)
    return {patient: reason.strip() or said for patient, said in held.items()}


def _held(session: Session, patients: Collection[int], by: UserId) -> dict[int, str]:
    """The restricted ones among the patients, with the reason this person gave a moment ago ("" for none)."""
    among = is_given(connection_of(session).dialect.name, Patient.id)
    restricted = session.scalars(select(Patient.id).where(Patient.restricted, among), as_ids(patients)).all()
    return {patient: _said(session, patient, by) for patient in restricted}


def _said(session: Session, patient: int, by: UserId) -> str:
    """The reason of the last opening; one that the clock has not reached was given before it was set back."""
    now = now_utc()
    last = (
        select(AuditEntry.reason)
        .where(AuditEntry.patient_id == patient, AuditEntry.staff_id == by, AuditEntry.kind == AuditKind.VIEW)
        .where(AuditEntry.at >= now - HOLDS, AuditEntry.at <= now + CLOCKS_APART, AuditEntry.reason != "")
        .order_by(AuditEntry.number.desc())
        .limit(1)
    )
    return session.scalar(last) or ""
