"""Ordering, changing and stopping a therapy."""

from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.patients import rules
from infusion_desktop.patients.demographics import the_patient
from infusion_desktop.patients.editing import change
from infusion_desktop.patients.tables import AccessDevice, Episode, Prescriber, Therapy
from infusion_desktop.patients.words import (
    DeviceId,
    EpisodeId,
    Method,
    PatientId,
    PrescriberId,
    Route,
    TherapyClass,
    TherapyId,
)
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import ItemId, ItemKind


@dataclass(frozen=True, slots=True)
class NewTherapy:
    """An order as the prescriber wrote it; ``starts_on`` and ``stops_on`` both count, no stop means that it goes on."""

    therapy_class: TherapyClass
    drug: str
    route: Route
    method: Method
    interval_hours: int
    starts_on: date
    prescriber_id: PrescriberId
    ordered_on: date
    drug_item_id: ItemId | None = None
    units_per_dose: int = 1
    device_id: DeviceId | None = None
    run_hours: Decimal = Decimal(0)
    volume_ml_per_day: int = 0
    stops_on: date | None = None
    per_diem_code: str = ""
    priority: int = 2
    unsigned: bool = False


def order_therapy(database: Database, patient_id: PatientId, order: NewTherapy, by: UserId) -> TherapyId:
    """Write a prescriber's order into the patient's running episode. Refused with all reasons."""
    with database.transaction() as session:
        authorize(session, by, Permission.WRITE_THERAPY)
        the_patient(session, patient_id)
        reasons: list[str] = []
        good = checked(session, patient_id, order, reasons)
        refuse_if(reasons)
        return insert_therapy(session, patient_id, running_episode(session, patient_id), good, by)


def change_therapy(
    database: Database, therapy_id: TherapyId, order: NewTherapy, version: int, by: UserId, reason: str
) -> None:
    """Change a running order (dose, interval, method, stop day), with the reason; ``version`` is the one read.

    Another drug or another kind of therapy is a new order: stop this one and write the new one.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.WRITE_THERAPY)
        row = the_therapy(session, therapy_id)
        patient_id = PatientId(row.patient_id)
        reasons: list[str] = (
            [] if reason.strip() else ["Say why the order changes, such as a call from the prescriber."]
        )
        if order.therapy_class is not row.therapy_class:
            reasons.append("Another kind of therapy is a new order. Stop this one and write the new one.")
        good = checked(session, patient_id, order, reasons)
        refuse_if(reasons)
        before, after = change(row, asdict(good), version, "this therapy")
        record(session, by, "change", "therapy", therapy_id, patient_id=patient_id, before=before, after=after,
               reason=reason)  # fmt: skip


def record_signature(database: Database, therapy_id: TherapyId, signed_on: date, version: int, by: UserId) -> None:
    """Say that the prescriber's signature came for an order given by telephone, with its day."""
    with database.transaction() as session:
        authorize(session, by, Permission.WRITE_THERAPY)
        row = the_therapy(session, therapy_id)
        reasons = [] if row.unsigned else ["This order is signed already."]
        if signed_on < row.ordered_on:
            reasons.append("The signature lies before the order. Correct one of the days.")
        if signed_on > today():
            reasons.append("The signature's day has not come yet.")
        before, after = change(row, {"unsigned": False, "signed_on": signed_on}, version, "this therapy")
        refuse_if(reasons)
        record(session, by, "sign", "therapy", therapy_id, patient_id=row.patient_id, before=before, after=after)


def stop_therapy(
    database: Database, therapy_id: TherapyId, last_on: date, reason: str, version: int, by: UserId
) -> None:
    """End a therapy for good; ``last_on`` is its last day. A pause is an interruption instead."""
    with database.transaction() as session:
        authorize(session, by, Permission.WRITE_THERAPY)
        row = the_therapy(session, therapy_id)
        reasons = rules.reasons_against_days(row.starts_on, last_on, "The therapy")
        if not reason.strip():
            reasons.append("Say why the therapy stops.")
        refuse_if(reasons)
        stop_in(session, row, last_on, reason, version, by)


def stop_in(session: Session, row: Therapy, last_on: date, reason: str, version: int, by: UserId) -> None:
    """The same within a larger deed, checked."""
    values = {"stops_on": last_on, "stop_reason": reason.strip()}
    before, after = change(row, values, version, "this therapy")
    record(session, by, "stop", "therapy", row.id, patient_id=row.patient_id, before=before, after=after, reason=reason)


def checked(session: Session, patient_id: PatientId | None, order: NewTherapy, reasons: list[str]) -> NewTherapy:
    """The order in its kept spelling; what is wrong with it is added to ``reasons``."""
    drug, code = order.drug.strip(), order.per_diem_code.strip().upper()
    if not drug:
        reasons.append("Type the drug and dose as ordered.")
    if not 1 <= order.interval_hours <= 24 * 366:
        reasons.append("The interval is at least one hour and at most a year. Correct it.")
    if not 0 <= order.run_hours <= 24:
        reasons.append("An infusion runs up to 24 hours a day. Correct its hours.")
    if order.volume_ml_per_day < 0 or order.units_per_dose < 1 or not 1 <= order.priority <= 9:
        reasons.append("Volume, units of a dose and priority must be positive numbers.")
    if code and not (len(code) == 5 and code.isascii() and code[0].isalpha() and code[1:].isdigit()):
        reasons.append(f"“{code[:8]}” is not a HCPCS code. Type a letter and four digits, or leave it empty.")
    reasons += rules.reasons_against_days(order.starts_on, order.stops_on, "The therapy")
    reasons += rules.reasons_against_length((drug,))
    _check_links(session, patient_id, order, reasons)
    return replace(order, drug=drug, per_diem_code=code)


def _check_links(session: Session, patient_id: PatientId | None, order: NewTherapy, reasons: list[str]) -> None:
    prescriber = session.get(Prescriber, order.prescriber_id)
    if prescriber is None:
        reasons.append("Choose the prescriber from the list.")
    elif prescriber.ended_on is not None and prescriber.ended_on < order.ordered_on:
        reasons.append(f"{prescriber.last_name} no longer orders here. Choose another prescriber.")
    if order.device_id is not None:
        device = session.get(AccessDevice, order.device_id)
        if device is None or device.patient_id != patient_id:
            reasons.append("The access device is not one of this patient. Choose it again.")
        elif device.removed_on is not None and device.removed_on < order.starts_on:
            reasons.append(f"The {device.kind.value} was removed before the therapy starts. Choose another device.")
    if order.drug_item_id is not None:
        item = session.get(Item, order.drug_item_id)
        if item is None or item.kind is not ItemKind.DRUG:
            reasons.append("Choose the drug from the catalogue, or leave it empty.")


def running_episode(session: Session, patient_id: PatientId) -> EpisodeId:
    """The episode of care that is not discharged, or Refused."""
    found = session.scalar(
        select(Episode.id).where(Episode.patient_id == patient_id, Episode.discharged_on.is_(None)).order_by(Episode.id)
    )
    if found is None:
        raise Refused("The patient was discharged. Admit the patient again first.")
    return EpisodeId(found)


def insert_therapy(
    session: Session, patient_id: PatientId, episode_id: EpisodeId, order: NewTherapy, by: UserId
) -> TherapyId:
    """Keep a checked order, within a larger deed."""
    row = Therapy(patient_id=patient_id, episode_id=episode_id, **asdict(order))
    session.add(row)
    session.flush()
    record(session, by, "order", "therapy", row.id, patient_id=patient_id, after=asdict(order))
    return TherapyId(row.id)


def the_therapy(session: Session, therapy_id: TherapyId) -> Therapy:
    """The therapy's row, or Refused."""
    row = session.get(Therapy, therapy_id)
    if row is None:
        raise Refused("This therapy is not known. Open the patient again.")
    return row
