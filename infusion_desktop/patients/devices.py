"""Access devices: the catheter, port or tube a patient has, from the day it was placed until it was removed."""

from dataclasses import asdict, dataclass, replace
from datetime import date

from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.patients import rules
from infusion_desktop.patients.demographics import the_patient
from infusion_desktop.patients.editing import change
from infusion_desktop.patients.tables import AccessDevice
from infusion_desktop.patients.words import AccessKind, DeviceId, PatientId


@dataclass(frozen=True, slots=True)
class NewDevice:
    """What it is, how many lumens it has and where it sits."""

    kind: AccessKind
    lumens: int = 1
    site: str = ""
    placed_on: date | None = None
    removed_on: date | None = None


def add_device(database: Database, patient_id: PatientId, device: NewDevice, by: UserId) -> DeviceId:
    """Keep an access device of a patient."""
    reasons: list[str] = []
    good = checked(device, reasons)
    refuse_if(reasons)
    with database.transaction() as session:
        authorize(session, by, Permission.WRITE_THERAPY)
        the_patient(session, patient_id)
        return insert_device(session, patient_id, good, by)


def edit_device(database: Database, device_id: DeviceId, device: NewDevice, version: int, by: UserId) -> None:
    """Correct an access device or write down that it was removed; ``version`` is the one that was read."""
    reasons: list[str] = []
    good = checked(device, reasons)
    refuse_if(reasons)
    with database.transaction() as session:
        authorize(session, by, Permission.WRITE_THERAPY)
        row = session.get(AccessDevice, device_id)
        if row is None:
            raise Refused("This access device is not known. Open the patient again.")
        before, after = change(row, asdict(good), version, "this access device")
        record(session, by, "edit", "access device", device_id, patient_id=PatientId(row.patient_id), before=before,
               after=after)  # fmt: skip


def checked(device: NewDevice, reasons: list[str]) -> NewDevice:
    """The device in its kept spelling; what is wrong is added to ``reasons``."""
    if not 0 <= device.lumens <= 4:
        reasons.append("An access device has up to four lumens. Correct their number.")
    if device.placed_on is not None:
        reasons += rules.reasons_against_days(device.placed_on, device.removed_on, "The access device")
    reasons += rules.reasons_against_length((device.site,))
    return replace(device, site=device.site.strip())


def insert_device(session: Session, patient_id: PatientId, device: NewDevice, by: UserId) -> DeviceId:
    """Keep a checked device, within a larger deed."""
    row = AccessDevice(patient_id=patient_id, **asdict(device))
    session.add(row)
    session.flush()
    record(session, by, "add", "access device", row.id, patient_id=patient_id, after=asdict(device))
    return DeviceId(row.id)


def remove_device(session: Session, device_id: DeviceId, removed_on: date, by: UserId) -> None:
    """Write down within a larger deed that a device came out."""
    row = session.get(AccessDevice, device_id)
    if row is None:
        raise Refused("This access device is not known. Open the patient again.")
    before, after = change(row, {"removed_on": removed_on}, row.version, "this access device")
    record(session, by, "remove", "access device", device_id, patient_id=row.patient_id, before=before, after=after)
