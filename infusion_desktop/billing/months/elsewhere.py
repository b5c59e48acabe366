"""Equipment from elsewhere: rental months that another supplier was paid for, and pumps a patient brought along."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Select, insert, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.rules.rentals import Possession, add_months
from infusion_desktop.billing.tables import EquipmentElsewhere
from infusion_desktop.billing.terms.code_table import code_table
from infusion_desktop.database.engine import Database
from infusion_desktop.database.many import as_ids, is_given
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.dates import ONE_DAY, now_utc
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.patients.editing import change
from infusion_desktop.patients.tables import Patient
from infusion_desktop.patients.words import PatientId

MOST_MONTHS = 36
_KINDS = frozenset({"pump", "pump_nutrition", "pole"})


@dataclass(frozen=True, slots=True)
class FromElsewhere:
    """A code's rental months paid to another supplier through ``day``; no months: the patient's own since that day."""

    code: str
    months: int
    day: date
    note: str = ""


@dataclass(frozen=True, slots=True)
class ElsewhereRow:
    """What is kept, with its version."""

    id: int
    had: FromElsewhere
    version: int


def add_elsewhere(database: Database, patient: PatientId, had: FromElsewhere, by: UserId) -> int:
    """Keep what a patient had of a pump or pole before ours; the months count on with ours, what is own is not rented.

    Refused for a code that is no pump or pole.
    """
    good = replace(had, code=had.code.strip().upper(), note=had.note.strip())
    row = code_table().find(good.code)
    reasons = []
    if row is None or row.family not in _KINDS:
        reasons.append(f"{good.code or 'This'} is no code of a pump or pole.")
    if not 0 <= good.months <= MOST_MONTHS:
        reasons.append(f"Type the months from 1 to {MOST_MONTHS}, or none for the patient's own.")
    refuse_if(reasons)
    with database.transaction() as session:
        authorize(session, by, Permission.CHARGE)
        if session.get(Patient, patient) is None:
            raise Refused("This patient is not known. Choose the patient again.")
        values = {"patient_id": patient, "version": 1, **asdict(good)}
        keep = insert(EquipmentElsewhere).values(**values).returning(EquipmentElsewhere.id)
        added = session.execute(keep).scalar_one()
        record(session, by, "add", "equipment from elsewhere", added, patient_id=patient, after=values)
    return int(added)


def take_back_elsewhere(database: Database, kept_id: int, reason: str, version: int, by: UserId) -> None:
    """What was entered by mistake counts no more; it stays on record."""
    if not reason.strip():
        raise Refused("Say why it is taken back.")
    with database.transaction() as session:
        authorize(session, by, Permission.CHARGE)
        kept = session.get(EquipmentElsewhere, kept_id)
        if kept is None or kept.removed_at is not None:
            raise Refused("This is not known any more. Look at the patient's pumps again.")
        change(kept, {"removed_at": now_utc()}, version, "this equipment")
        record(session, by, "take back", "equipment from elsewhere", kept_id, patient_id=kept.patient_id, reason=reason)


def elsewhere_of(session: Session, patient: PatientId) -> tuple[ElsewhereRow, ...]:
    """What a patient had from elsewhere, the newest first."""
    rows = sorted(_ELSEWHERE.rows(session, as_ids([patient])), key=lambda row: (row.day, row.id), reverse=True)
    return tuple(
        ElsewhereRow(row.id, FromElsewhere(row.code, row.months, row.day, row.note), row.version) for row in rows
    )


def possessions_elsewhere(session: Session, patients: Sequence[PatientId]) -> dict[PatientId, tuple[Possession, ...]]:
    """The same of many patients, as rentals look at it."""
    found: dict[PatientId, tuple[Possession, ...]] = {}
    for row in _ELSEWHERE.rows(session, as_ids(patients)):
        patient = PatientId(row.patient_id)
        found[patient] = (*found.get(patient, ()), _possession(row))
    return found


def _possession(row: Any) -> Possession:
    if row.months == 0:
        return Possession(row.code, row.day, None, sold_on=row.day, elsewhere=0)
    return Possession(row.code, add_months(row.day + ONE_DAY, -row.months), row.day, elsewhere=row.months)


def _elsewhere(dialect: str) -> Select[*tuple[Any, ...]]:
    return (
        select(*EquipmentElsewhere.__table__.c)
        .where(is_given(dialect, EquipmentElsewhere.patient_id), EquipmentElsewhere.removed_at.is_(None))
        .order_by(EquipmentElsewhere.id)
    )


_ELSEWHERE = Prepared(_elsewhere)
