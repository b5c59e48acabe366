"""Laboratory tests that an order asks for: what is drawn, first on which day, then how often."""

from dataclasses import asdict, dataclass, replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.patients import rules
from infusion_desktop.patients.editing import change
from infusion_desktop.patients.tables import Therapy, TherapyLab
from infusion_desktop.patients.therapies import the_therapy
from infusion_desktop.patients.words import PatientId, TherapyId


@dataclass(frozen=True, slots=True)
class NewLab:
    """Such as: weekly CBC with differential and basic metabolic panel, first on Monday."""

    name: str
    first_on: date
    every_days: int = 7


@dataclass(frozen=True, slots=True)
class LabRow:
    """A test that goes with an order, with the version to give back."""

    id: int
    therapy_id: TherapyId
    drug: str
    lab: NewLab
    ended_on: date | None
    version: int


def add_lab(database: Database, therapy_id: TherapyId, lab: NewLab, by: UserId) -> int:
    """Draw something with an order; each draw becomes a task when it is due."""
    good = replace(lab, name=lab.name.strip())
    with database.transaction() as session:
        authorize(session, by, Permission.WRITE_THERAPY)
        therapy = the_therapy(session, therapy_id)
        reasons = [] if good.name else ["Say what is drawn, such as CBC and BMP."]
        if not 1 <= good.every_days <= 366:
            reasons.append("A test is drawn every day at most and every year at least. Correct the days.")
        if good.first_on < therapy.starts_on:
            reasons.append("The first draw is before the therapy starts. Correct its day.")
        reasons += rules.reasons_against_length((good.name,))
        refuse_if(reasons)
        row = TherapyLab(therapy_id=therapy_id, **asdict(good))
        session.add(row)
        session.flush()
        record(session, by, "add", "therapy lab", row.id, patient_id=therapy.patient_id, after=asdict(good))
        return row.id


def end_lab(database: Database, lab_id: int, ended_on: date, version: int, by: UserId) -> None:
    """No draw after ``ended_on``."""
    with database.transaction() as session:
        authorize(session, by, Permission.WRITE_THERAPY)
        row = session.get(TherapyLab, lab_id)
        if row is None:
            raise Refused("This test is not known. Open the patient again.")
        patient = the_therapy(session, TherapyId(row.therapy_id)).patient_id
        before, after = change(row, {"ended_on": ended_on}, version, "this test")
        record(session, by, "end", "therapy lab", lab_id, patient_id=patient, before=before, after=after)


def labs_of(session: Session, patient_id: PatientId) -> tuple[LabRow, ...]:
    """What is drawn for a patient, the tests that go on first."""
    rows = session.execute(
        select(TherapyLab, Therapy.drug)
        .join(Therapy, Therapy.id == TherapyLab.therapy_id)
        .where(Therapy.patient_id == patient_id)
        .order_by(TherapyLab.ended_on.is_not(None), TherapyLab.first_on, TherapyLab.id)
    )
    return tuple(
        LabRow(
            row.id, TherapyId(row.therapy_id), drug, NewLab(row.name, row.first_on, row.every_days), row.ended_on,
            row.version,
        )
        for row, drug in rows
    )  # fmt: skip
