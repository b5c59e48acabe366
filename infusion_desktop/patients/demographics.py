"""Who a patient is and where they live: checked, kept, changed."""

from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.identifiers import read_phone, read_zip
from infusion_desktop.patients import rules
from infusion_desktop.patients.editing import change
from infusion_desktop.patients.tables import Patient
from infusion_desktop.patients.words import PatientId, Sex


@dataclass(frozen=True, slots=True)
class Demographics:
    """A person as the intake form asks; telephone numbers and ZIP as typed or as kept."""

    last_name: str
    first_name: str
    born_on: date
    sex: Sex
    phone: str
    street: str
    city: str
    state: str
    zip: str
    middle_name: str = ""
    phone_2: str = ""
    street_2: str = ""
    delivery_instructions: str = ""
    route: str = ""
    allergies: str = ""
    latex_allergy: bool = False
    weight_kg: Decimal | None = None
    caregiver_name: str = ""
    caregiver_phone: str = ""
    caregiver_relation: str = ""
    restricted: bool = False
    """Whoever opens the record says why (somebody known here, a colleague, a threatened person)."""


_NEEDED = {
    "last_name": "Type the patient's last name.",
    "first_name": "Type the patient's first name.",
    "street": "Type the street.",
    "city": "Type the city.",
}


def checked(person: Demographics, reasons: list[str], on: date) -> Demographics:
    """The person in the kept spelling; everything that is wrong is added to ``reasons``."""
    texts = {name: value.strip() for name, value in asdict(person).items() if isinstance(value, str) and name != "sex"}
    reasons += [sentence for name, sentence in _NEEDED.items() if not texts[name]]
    texts["state"] = texts["state"].upper()
    texts["zip"] = rules.kept(read_zip, texts["zip"], reasons)
    texts["phone"] = rules.kept(read_phone, texts["phone"], reasons)
    for name in ("phone_2", "caregiver_phone"):
        texts[name] = rules.kept(read_phone, texts[name], reasons) if texts[name] else ""
    reasons += rules.reasons_against_state(texts["state"])
    reasons += rules.reasons_against_birth(person.born_on, on)
    long = {"delivery_instructions", "allergies"}
    reasons += rules.reasons_against_length(text for name, text in texts.items() if name not in long)
    reasons += rules.reasons_against_length((texts[name] for name in long), 1000)
    if person.weight_kg is not None and not 0 < person.weight_kg < 700:
        reasons.append("The weight must be between 0 and 700 kg. Correct it.")
    weight = None if person.weight_kg is None else round(person.weight_kg, 4)
    changed: dict[str, Any] = {**texts, "weight_kg": weight}
    return replace(person, **changed)


def edit_demographics(
    database: Database, patient_id: PatientId, person: Demographics, version: int, by: UserId, reason: str = ""
) -> None:
    """Correct or update who a patient is; ``version`` is the one that was read."""
    reasons: list[str] = []
    good = checked(person, reasons, today())
    refuse_if(reasons)
    with database.transaction() as session:
        authorize(session, by, Permission.ADMIT)
        row = the_patient(session, patient_id)
        before, after = change(row, asdict(good), version, "this patient")
        record(session, by, "edit", "patient", patient_id, patient_id=patient_id, before=before, after=after,
               reason=reason)  # fmt: skip


def the_patient(session: Session, patient_id: PatientId) -> Patient:
    """The patient's row, or Refused."""
    row = session.get(Patient, patient_id)
    if row is None:
        raise Refused("This patient is not known. Choose the patient again.")
    return row
