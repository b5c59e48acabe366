"""Admitting a patient: one deed from the intake form to an open episode, its coverages, device and first order."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.counters import next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, show_day, today
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.patients import coverage, devices, rules, therapies
from infusion_desktop.patients.coverage import NewCoverage
from infusion_desktop.patients.demographics import Demographics, checked, the_patient
from infusion_desktop.patients.devices import NewDevice
from infusion_desktop.patients.editing import change
from infusion_desktop.patients.tables import Episode, Patient
from infusion_desktop.patients.therapies import NewTherapy
from infusion_desktop.patients.words import EpisodeId, PatientId, Rank
from infusion_desktop.stock.places import add_patient_home


@dataclass(frozen=True, slots=True)
class Checklist:
    """What is asked before care at home begins."""

    clinically_stable: bool = False
    trained: bool = False
    """The patient or a caregiver can do it."""
    home_safe: bool = False
    consent_signed: bool = False
    benefits_verified: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        """What was not ticked, in words."""
        return tuple(words for name, words in _CHECKS.items() if not getattr(self, name))


_CHECKS = {
    "clinically_stable": "clinically stable",
    "trained": "patient or caregiver trained",
    "home_safe": "home safe",
    "consent_signed": "consent signed",
    "benefits_verified": "benefits verified",
}


@dataclass(frozen=True, slots=True)
class Admission:
    """The intake form. The first order goes through the device given with it, when there is one.

    A second person of the same name and birth date is refused unless ``same_name_is_somebody_else``.
    """

    person: Demographics
    admitted_on: date
    coverages: tuple[NewCoverage, ...] = ()
    checklist: Checklist = Checklist()
    diagnoses: tuple[str, ...] = ()
    device: NewDevice | None = None
    order: NewTherapy | None = None
    same_name_is_somebody_else: bool = False


def admit(database: Database, admission: Admission, by: UserId) -> PatientId:
    """Take a patient into care: number, home, episode, coverages, device and first order. Refused with all reasons."""
    with database.transaction() as session:
        authorize(session, by, Permission.ADMIT)
        reasons: list[str] = []
        person = checked(admission.person, reasons, today())
        diagnoses = rules.read_diagnoses(admission.diagnoses, reasons)
        policies = coverage.checked(session, admission.coverages, reasons)
        reasons += rules.reasons_against_ranks([(each.rank, each.starts_on, each.ends_on) for each in policies])
        if policies and not any(each.rank is Rank.PRIMARY for each in policies):
            reasons.append("One coverage must be the primary one.")
        device = None if admission.device is None else devices.checked(admission.device, reasons)
        order = None if admission.order is None else therapies.checked(session, None, admission.order, reasons)
        if not admission.same_name_is_somebody_else:
            reasons += _known_already(session, person)
        refuse_if(reasons)
        patient_id = _insert_patient(session, person, by)
        episode_id = _open_episode(session, patient_id, admission.admitted_on, diagnoses, admission.checklist, by)
        coverage.insert_coverages(session, patient_id, policies, by)
        _insert_order(session, patient_id, episode_id, device, order, by)
        return patient_id


def readmit(
    database: Database,
    patient_id: PatientId,
    admitted_on: date,
    diagnoses: Sequence[str],
    checklist: Checklist,
    by: UserId,
) -> EpisodeId:
    """Open another episode for a patient who was discharged."""
    with database.transaction() as session:
        authorize(session, by, Permission.ADMIT)
        the_patient(session, patient_id)
        reasons: list[str] = []
        codes = rules.read_diagnoses(diagnoses, reasons)
        last = session.scalars(
            select(Episode).where(Episode.patient_id == patient_id).order_by(Episode.admitted_on.desc())
        ).first()
        if last is not None and last.discharged_on is None:
            reasons.append("The patient is in care already. Discharge the running episode first.")
        elif last is not None and last.discharged_on is not None and last.discharged_on > admitted_on:
            reasons.append(f"The patient was discharged on {show_day(last.discharged_on)}, after this admission.")
        refuse_if(reasons)
        return _open_episode(session, patient_id, admitted_on, codes, checklist, by)


def edit_episode(
    database: Database,
    episode_id: EpisodeId,
    diagnoses: Sequence[str],
    checklist: Checklist,
    version: int,
    by: UserId,
) -> None:
    """Correct the diagnoses and tick the intake checklist; ``version`` is the one that was read."""
    reasons: list[str] = []
    codes = rules.read_diagnoses(diagnoses, reasons)
    refuse_if(reasons)
    with database.transaction() as session:
        authorize(session, by, Permission.ADMIT)
        row = session.get(Episode, episode_id)
        if row is None:
            raise Refused("This episode is not known. Open the patient again.")
        before, after = change(row, {"diagnoses": codes, **asdict(checklist)}, version, "this episode")
        record(session, by, "edit", "episode", episode_id, patient_id=row.patient_id, before=before, after=after)


def _known_already(session: Session, person: Demographics) -> list[str]:
    same = select(Patient.number, Patient.last_name, Patient.first_name).where(Patient.born_on == person.born_on)
    names = (person.last_name.casefold(), person.first_name.casefold())
    return [
        f"A patient of this name and birth date is known as {row.number}. Open that patient, or say that this is "
        "somebody else."
        for row in session.execute(same)
        if (row.last_name.casefold(), row.first_name.casefold()) == names
    ]


def _insert_patient(session: Session, person: Demographics, by: UserId) -> PatientId:
    number = f"P{next_number(session, 'patient'):06}"
    home = add_patient_home(session, number, by)
    row = Patient(number=number, home_id=home, created_at=now_utc(), **asdict(person))
    session.add(row)
    session.flush()
    after = {"number": number, **asdict(person)}
    record(session, by, "admit", "patient", row.id, patient_id=row.id, after=after)
    return PatientId(row.id)


def _open_episode(
    session: Session, patient_id: PatientId, admitted_on: date, diagnoses: str, checklist: Checklist, by: UserId
) -> EpisodeId:
    values = {"admitted_on": admitted_on, "diagnoses": diagnoses, **asdict(checklist)}
    row = Episode(patient_id=patient_id, **values)
    session.add(row)
    session.flush()
    record(session, by, "open", "episode", row.id, patient_id=patient_id, after=values)
    return EpisodeId(row.id)


def _insert_order(
    session: Session,
    patient_id: PatientId,
    episode_id: EpisodeId,
    device: NewDevice | None,
    order: NewTherapy | None,
    by: UserId,
) -> None:
    device_id = None if device is None else devices.insert_device(session, patient_id, device, by)
    if order is not None:
        through = order if device_id is None else replace(order, device_id=device_id)
        therapies.insert_therapy(session, patient_id, episode_id, through, by)
