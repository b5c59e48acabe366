"""Pauses of therapy: hospital, hold, away. They never change a therapy's first or last day."""

from dataclasses import asdict, dataclass, replace
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, show_day
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.patients import rules
from infusion_desktop.patients.demographics import the_patient
from infusion_desktop.patients.editing import change
from infusion_desktop.patients.tables import Interruption, Patient, Therapy
from infusion_desktop.patients.therapies import the_therapy
from infusion_desktop.patients.words import InterruptionKind, PatientId, TherapyId


@dataclass(frozen=True, slots=True)
class NewInterruption:
    """Both ends belong to it; no last day means that it goes on; no therapy means all therapies of the patient."""

    kind: InterruptionKind
    first_on: date
    last_on: date | None = None
    therapy_id: TherapyId | None = None
    note: str = ""


def interrupt(database: Database, patient_id: PatientId, pause: NewInterruption, by: UserId) -> int:
    """Take days out of the calendar. Refused when another pause of the same therapy has one of these days."""
    with database.transaction() as session:
        authorize(session, by, Permission.WRITE_THERAPY)
        the_patient(session, patient_id)
        return interrupt_in(session, patient_id, pause, by)


def interrupt_in(session: Session, patient_id: PatientId, pause: NewInterruption, by: UserId) -> int:
    """The same within a larger deed."""
    good = replace(pause, note=pause.note.strip())
    # One after the other for a patient: two people who hear of the same stay at once must not both write it.
    session.execute(select(Patient.id).where(Patient.id == patient_id).with_for_update(key_share=True))
    refuse_if(_reasons_against(session, patient_id, good))
    row = Interruption(patient_id=patient_id, recorded_at=now_utc(), **asdict(good))
    session.add(row)
    session.flush()
    record(session, by, "interrupt", "interruption", row.id, patient_id=patient_id, after=asdict(good))
    return row.id


def close_interruption(database: Database, interruption_id: int, last_on: date, version: int, by: UserId) -> None:
    """The patient is back: ``last_on`` is the last day that does not count."""
    with database.transaction() as session:
        authorize(session, by, Permission.WRITE_THERAPY)
        row = _kept(session, interruption_id)
        kept = NewInterruption(row.kind, row.first_on, last_on, None if row.therapy_id is None else
                               TherapyId(row.therapy_id))  # fmt: skip
        refuse_if(_reasons_against(session, PatientId(row.patient_id), kept, but=interruption_id))
        before, after = change(row, {"last_on": last_on}, version, "this interruption")
        record(session, by, "close", "interruption", interruption_id, patient_id=row.patient_id, before=before,
               after=after)  # fmt: skip


def remove_interruption(database: Database, interruption_id: int, reason: str, version: int, by: UserId) -> None:
    """It was entered by mistake: it no longer counts, and stays on record with the reason."""
    if not reason.strip():
        raise Refused("Say why the interruption is removed.")
    with database.transaction() as session:
        authorize(session, by, Permission.WRITE_THERAPY)
        row = _kept(session, interruption_id)
        before, after = change(row, {"removed_at": now_utc()}, version, "this interruption")
        record(session, by, "remove", "interruption", interruption_id, patient_id=row.patient_id, before=before,
               after=after, reason=reason)  # fmt: skip


def _kept(session: Session, interruption_id: int) -> Interruption:
    row = session.get(Interruption, interruption_id)
    if row is None or row.removed_at is not None:
        raise Refused("This interruption is not known or was removed. Open the patient again.")
    return row


def _reasons_against(
    session: Session, patient_id: PatientId, pause: NewInterruption, but: int | None = None
) -> list[str]:
    reasons = rules.reasons_against_days(pause.first_on, pause.last_on, "The interruption")
    if reasons:
        return reasons
    if pause.therapy_id is not None:
        therapy: Therapy = the_therapy(session, pause.therapy_id)
        if therapy.patient_id != patient_id:
            return ["The therapy is not one of this patient. Choose it again."]
        if therapy.stops_on is not None and pause.first_on > therapy.stops_on:
            reasons.append(f"The therapy stopped on {show_day(therapy.stops_on)}, before the interruption begins.")
    others = select(Interruption).where(
        Interruption.patient_id == patient_id,
        Interruption.removed_at.is_(None),
        or_(Interruption.last_on.is_(None), Interruption.last_on >= pause.first_on),
    )
    if pause.last_on is not None:
        others = others.where(Interruption.first_on <= pause.last_on)
    if but is not None:
        others = others.where(Interruption.id != but)
    for other in session.scalars(others):
        if other.therapy_id == pause.therapy_id:
            until = f"until {show_day(other.last_on)}" if other.last_on else "and has no end yet"
            reasons.append(
                f"There is an interruption ({other.kind.value}) from {show_day(other.first_on)} {until}. "
                "Close or remove it first."
            )
    return reasons
