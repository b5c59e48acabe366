"""Whom a change of a kit template touches: the running orders that follow it, or would, or would no longer."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.dates import Days
from infusion_desktop.deliveries.kits.kit_needs import Facts, care_of
from infusion_desktop.deliveries.kits.template_rules import Care, Fit, Template, rank
from infusion_desktop.deliveries.kits.templates import fits_on
from infusion_desktop.patients.queries import therapy_calendars
from infusion_desktop.patients.tables import Episode, Patient
from infusion_desktop.patients.words import PatientId


@dataclass(frozen=True, slots=True)
class Touched:
    """A running order whose kit changes: the code it follows today, and after ("" for none)."""

    patient_id: PatientId
    number: str
    patient: str
    drug: str
    was: str
    becomes: str

    @property
    def what(self) -> str:
        """In words."""
        if self.was == self.becomes:
            return "follows the new version"
        if not self.becomes:
            return "no kit fits any more"
        return f"changes from {self.was or 'no kit'} to {self.becomes}"


def touched(session: Session, template: Template, on: date) -> tuple[Touched, ...]:
    """The orders that run on a day in patients in care, and whose kit is or becomes this one; by patient."""
    offered = [(code, fit) for _id, code, fit in fits_on(session, on)]
    others = [(code, fit) for code, fit in offered if code != template.code]
    patients = {
        row.id: row
        for row in session.execute(
            select(Patient.id, Patient.number, Patient.last_name, Patient.first_name, Patient.latex_allergy,
                   Patient.born_on)
            .join(Episode, Episode.patient_id == Patient.id)
            .where(Episode.discharged_on.is_(None))
        )
    }  # fmt: skip
    found = []
    for calendar in therapy_calendars(session, Days(on, on)):
        row = patients.get(calendar.patient_id)
        if row is None:
            continue
        care = care_of(calendar, Facts(row.latex_allergy, row.born_on), on)
        was, becomes = _best(offered, care), _best([*others, (template.code, template.fit)], care)
        if template.code in (was, becomes):
            name = f"{row.last_name}, {row.first_name}"
            found.append(Touched(PatientId(row.id), row.number, name, calendar.order.drug, was, becomes))
    return tuple(sorted(found, key=lambda each: (each.patient, each.drug)))


def _best(offered: list[tuple[str, Fit]], care: Care) -> str:
    fitting = sorted((how, code) for code, fit in offered if (how := rank(fit, care)) is not None)
    return fitting[0][1] if fitting else ""
