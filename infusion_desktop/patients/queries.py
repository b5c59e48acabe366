"""What screens and other rooms ask about patients: lists, one patient at a glance, the therapy calendar."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, cast

from sqlalchemy import Table, bindparam, or_, select
from sqlalchemy.orm import Session

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.dates import Days
from infusion_desktop.errors import Refused
from infusion_desktop.patients.admitting import Checklist
from infusion_desktop.patients.coverage import NewCoverage
from infusion_desktop.patients.demographics import Demographics
from infusion_desktop.patients.devices import NewDevice
from infusion_desktop.patients.interruptions import NewInterruption
from infusion_desktop.patients.openings import tell_opening
from infusion_desktop.patients.payers import NewPayer
from infusion_desktop.patients.prescribers import NewPrescriber
from infusion_desktop.patients.search import finder
from infusion_desktop.patients.tables import (
    AccessDevice,
    Coverage,
    Episode,
    Interruption,
    Patient,
    Payer,
    Prescriber,
    Therapy,
)
from infusion_desktop.patients.therapies import NewTherapy
from infusion_desktop.patients.words import (
    AccessKind,
    CoverageId,
    DeviceId,
    EpisodeId,
    PatientId,
    PayerId,
    PrescriberId,
    Rank,
    TherapyId,
)
from infusion_desktop.stock.words import LocationId

RESTRICTED = ("Restricted record",)
"""What a list shows in the place of a restricted record's therapies."""


@dataclass(frozen=True, slots=True)
class PatientRow:
    """A patient in a list."""

    id: PatientId
    number: str
    last_name: str
    first_name: str
    born_on: date
    phone: str
    city: str
    route: str
    in_care: bool
    therapies: tuple[str, ...]
    payer: str

    @property
    def name(self) -> str:
        """As lists show it: last name first."""
        return f"{self.last_name}, {self.first_name}"


@dataclass(frozen=True, slots=True)
class PrescriberRow:
    """A prescriber with the version to give back on an edit."""

    id: PrescriberId
    prescriber: NewPrescriber
    version: int

    @property
    def name(self) -> str:
        """First and last name with credentials."""
        one = self.prescriber
        return f"{one.first_name} {one.last_name}" + (f", {one.credentials}" if one.credentials else "")


@dataclass(frozen=True, slots=True)
class PayerRow:
    """A payer with the version to give back on an edit."""

    id: PayerId
    payer: NewPayer
    version: int


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """A policy with its payer's name."""

    id: CoverageId
    payer: str
    policy: NewCoverage
    version: int

    def ending(self, last_on: date) -> NewCoverage:
        """The same policy with its last day."""
        return replace(self.policy, ends_on=last_on)


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """An access device of a patient."""

    id: DeviceId
    device: NewDevice
    version: int


@dataclass(frozen=True, slots=True)
class TherapyRow:
    """An order with its prescriber and device in words."""

    id: TherapyId
    episode_id: EpisodeId
    order: NewTherapy
    stop_reason: str
    prescriber: str
    device: str
    version: int
    replaces: TherapyId | None = None
    """The order as it stood before this version of it."""
    signed_on: date | None = None
    """When the signature came, where it came later."""


@dataclass(frozen=True, slots=True)
class InterruptionRow:
    """A pause that counts."""

    id: int
    pause: NewInterruption
    version: int


@dataclass(frozen=True, slots=True)
class EpisodeRow:
    """From admission to discharge."""

    id: EpisodeId
    admitted_on: date
    discharged_on: date | None
    discharge_reason: str
    diagnoses: tuple[str, ...]
    checklist: Checklist
    version: int


@dataclass(frozen=True, slots=True)
class PatientPage:
    """Everything about one patient that this room knows; deliveries and equipment come from deliveries.queries."""

    id: PatientId
    number: str
    home_id: LocationId
    person: Demographics
    version: int
    episodes: tuple[EpisodeRow, ...]
    therapies: tuple[TherapyRow, ...]
    devices: tuple[DeviceRow, ...]
    interruptions: tuple[InterruptionRow, ...]
    coverages: tuple[CoverageRow, ...]

    @property
    def episode(self) -> EpisodeRow | None:
        """The running episode, or None after discharge."""
        return next((each for each in self.episodes if each.discharged_on is None), None)


@dataclass(frozen=True, slots=True)
class TherapyCalendar:
    """A therapy's days for whoever counts them: its order and the pauses that touch it, in order."""

    therapy_id: TherapyId
    patient_id: PatientId
    episode_id: EpisodeId
    order: NewTherapy
    device: AccessKind | None
    lumens: int
    interruptions: tuple[NewInterruption, ...]

    def days(self, period: Days) -> tuple[date, ...]:
        """The days of the period on which the therapy runs and the patient is at home."""
        whole = period.overlap(
            Days(self.order.starts_on, max(self.order.starts_on, self.order.stops_on or period.last))
        )
        pauses = [Days(each.first_on, max(each.first_on, each.last_on or period.last)) for each in self.interruptions]
        return tuple(day for day in whole or () if not any(day in pause for pause in pauses))


def patients(
    session: Session, typed: str = "", *, in_care_only: bool = False, limit: int | None = None
) -> tuple[PatientRow, ...]:
    """Patients by name; ``typed`` finds them by name, number, telephone or birth date.

    Of a restricted record a list tells who it is and nothing of the care.
    """
    finds = finder(typed)
    known = select(
        Patient.id, Patient.number, Patient.last_name, Patient.first_name, Patient.born_on, Patient.phone, Patient.city,
        Patient.route, Patient.restricted,
    )  # fmt: skip
    in_care = set(session.scalars(select(Episode.patient_id).where(Episode.discharged_on.is_(None))))
    found = [
        row
        for row in session.execute(known)
        if finds(row.number, row.last_name, row.first_name, row.phone, row.born_on)
        and (row.id in in_care or not in_care_only)
    ]
    found.sort(key=lambda row: (row.last_name.casefold(), row.first_name.casefold(), row.id))
    chosen = found[:limit]
    ids = {row.id for row in chosen} if len(chosen) <= 500 else None
    therapies, payers = _running_drugs(session, ids), _primary_payers(session, ids)
    return tuple(
        PatientRow(
            PatientId(row.id),
            *row[1:-1],
            row.id in in_care,
            RESTRICTED if row.restricted else tuple(therapies[row.id]),
            "" if row.restricted else payers.get(row.id, ""),
        )
        for row in chosen
    )


def _running_drugs(session: Session, ids: set[int] | None) -> dict[int, list[str]]:
    running = (
        select(Therapy.patient_id, Therapy.drug)
        .join(Episode, Episode.id == Therapy.episode_id)
        .where(Episode.discharged_on.is_(None))
        .order_by(Therapy.starts_on, Therapy.id)
    )
    drugs: dict[int, list[str]] = defaultdict(list)
    for patient, drug in session.execute(running if ids is None else running.where(Therapy.patient_id.in_(ids))):
        drugs[patient].append(drug)
    return drugs


def _primary_payers(session: Session, ids: set[int] | None) -> dict[int, str]:
    primary = (
        select(Coverage.patient_id, Payer.name)
        .join(Payer, Payer.id == Coverage.payer_id)
        .where(Coverage.rank == Rank.PRIMARY)
        .order_by(Coverage.starts_on)
    )
    rows = session.execute(primary if ids is None else primary.where(Coverage.patient_id.in_(ids)))
    return {row.patient_id: row.name for row in rows}


def patient_by_number(session: Session, number: str) -> PatientId | None:
    """The patient with this number, in whatever case it was typed; None when nobody has it."""
    found = session.scalar(select(Patient.id).where(Patient.number == number.strip().upper()))
    return None if found is None else PatientId(found)


def patient_number(session: Session, patient_id: PatientId) -> str:
    """A patient's number; "" when there is no such patient."""
    return session.scalar(select(Patient.number).where(Patient.id == patient_id)) or ""


def open_patient(database: Database, patient_id: PatientId, by: UserId, reason: str = "") -> PatientPage:
    """A patient's page, with the look kept in the audit trail (45 CFR 164.312(b)).

    AsksWhy without a reason where the record is restricted: the reason is kept with the look.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_PATIENTS)
        page = patient_page(session, patient_id)
        tell_opening(session, patient_id, "patient", patient_id, by, reason)
        return page


def patient_page(session: Session, patient_id: PatientId) -> PatientPage:
    """Everything about one patient; use ``open_patient`` where a person looks at it."""
    row = session.get(Patient, patient_id)
    if row is None:
        raise Refused("This patient is not known. Choose the patient again.")
    episodes = session.scalars(
        select(Episode).where(Episode.patient_id == patient_id).order_by(Episode.admitted_on.desc(), Episode.id.desc())
    )
    return PatientPage(
        patient_id,
        row.number,
        LocationId(row.home_id),
        _taken(Demographics, row),
        row.version,
        tuple(_episode(each) for each in episodes),
        therapies_of(session, patient_id),
        devices_of(session, patient_id),
        interruptions_of(session, patient_id),
        coverages_of(session, patient_id),
    )


def _taken(kind: Any, row: Any, **others: Any) -> Any:
    return kind(**{name: others.get(name, getattr(row, name, None)) for name in kind.__dataclass_fields__})


def _episode(row: Episode) -> EpisodeRow:
    return EpisodeRow(
        EpisodeId(row.id),
        row.admitted_on,
        row.discharged_on,
        row.discharge_reason,
        tuple(row.diagnoses.split()),
        _taken(Checklist, row),
        row.version,
    )


def therapies_of(session: Session, patient_id: PatientId) -> tuple[TherapyRow, ...]:
    """A patient's orders, the newest first."""
    rows = session.execute(
        select(Therapy, Prescriber, AccessDevice)
        .join(Prescriber, Prescriber.id == Therapy.prescriber_id)
        .outerjoin(AccessDevice, AccessDevice.id == Therapy.device_id)
        .where(Therapy.patient_id == patient_id)
        .order_by(Therapy.starts_on.desc(), Therapy.id.desc())
    )
    return tuple(
        TherapyRow(
            TherapyId(row.id),
            EpisodeId(row.episode_id),
            _taken(NewTherapy, row),
            row.stop_reason,
            f"{prescriber.first_name} {prescriber.last_name}"
            + (f", {prescriber.credentials}" if prescriber.credentials else ""),
            show_device(device),
            row.version,
            None if row.replaces_id is None else TherapyId(row.replaces_id),
            row.signed_on,
        )
        for row, prescriber, device in rows
    )


def show_device(device: AccessDevice | NewDevice | None) -> str:
    """An access device in words, such as "PICC, 2 lumens, left arm"."""
    if device is None:
        return ""
    lumens = f", {device.lumens} lumens" if device.lumens > 1 else ""
    return device.kind.value + lumens + (f", {device.site}" if device.site else "")


def devices_of(session: Session, patient_id: PatientId) -> tuple[DeviceRow, ...]:
    """A patient's access devices, those still in place first."""
    rows = session.scalars(select(AccessDevice).where(AccessDevice.patient_id == patient_id))
    ordered = sorted(rows, key=lambda row: (row.removed_on is not None, row.placed_on or date.min, row.id))
    return tuple(DeviceRow(DeviceId(row.id), _taken(NewDevice, row), row.version) for row in ordered)


def interruptions_of(session: Session, patient_id: PatientId) -> tuple[InterruptionRow, ...]:
    """A patient's pauses that count, in order."""
    rows = session.scalars(
        select(Interruption)
        .where(Interruption.patient_id == patient_id, Interruption.removed_at.is_(None))
        .order_by(Interruption.first_on, Interruption.id)
    )
    return tuple(InterruptionRow(row.id, _taken(NewInterruption, row), row.version) for row in rows)


def coverages_of(session: Session, patient_id: PatientId) -> tuple[CoverageRow, ...]:
    """A patient's policies: primary, secondary, tertiary, the newest first."""
    rows = session.execute(
        select(Coverage, Payer.name)
        .join(Payer, Payer.id == Coverage.payer_id)
        .where(Coverage.patient_id == patient_id)
        .order_by(Coverage.starts_on.desc(), Coverage.id)
    ).all()
    turn = list(Rank)
    ordered = sorted(rows, key=lambda row: turn.index(row[0].rank))
    return tuple(
        CoverageRow(CoverageId(row.id), payer, _taken(NewCoverage, row), row.version) for row, payer in ordered
    )


def prescribers(session: Session, *, ended_too: bool = False) -> tuple[PrescriberRow, ...]:
    """Prescribers by name."""
    rows = select(Prescriber).order_by(Prescriber.last_name, Prescriber.first_name, Prescriber.id)
    kept = session.scalars(rows if ended_too else rows.where(Prescriber.ended_on.is_(None)))
    return tuple(PrescriberRow(PrescriberId(row.id), _taken(NewPrescriber, row), row.version) for row in kept)


def payers(session: Session, *, ended_too: bool = False) -> tuple[PayerRow, ...]:
    """Payers by name."""
    rows = select(Payer).order_by(Payer.name)
    kept = session.scalars(rows if ended_too else rows.where(Payer.ended_on.is_(None)))
    return tuple(PayerRow(PayerId(row.id), _taken(NewPayer, row), row.version) for row in kept)


_THERAPY, _DEVICE = cast(Table, Therapy.__table__), cast(Table, AccessDevice.__table__)
_PAUSE = cast(Table, Interruption.__table__)
_RUNNING = (
    select(_THERAPY, _DEVICE.c.kind.label("device_kind"), _DEVICE.c.lumens)
    .outerjoin(_DEVICE, _DEVICE.c.id == _THERAPY.c.device_id)
    .where(
        _THERAPY.c.starts_on <= bindparam("last"),
        or_(_THERAPY.c.stops_on.is_(None), _THERAPY.c.stops_on >= bindparam("first")),
    )
    .order_by(_THERAPY.c.patient_id, _THERAPY.c.starts_on, _THERAPY.c.id)
)
_PAUSED = (
    select(_PAUSE)
    .where(_PAUSE.c.removed_at.is_(None), _PAUSE.c.first_on <= bindparam("last"))
    .where(or_(_PAUSE.c.last_on.is_(None), _PAUSE.c.last_on >= bindparam("first")))
    .order_by(_PAUSE.c.first_on, _PAUSE.c.id)
)
_RUNNING_OF = Prepared(_RUNNING.where(_THERAPY.c.patient_id == bindparam("patient")))
_PAUSED_OF = Prepared(_PAUSED.where(_PAUSE.c.patient_id == bindparam("patient")))
_RUNNING_ONE = Prepared(_RUNNING.where(_THERAPY.c.id == bindparam("therapy")))


def therapy_calendars(
    session: Session, period: Days, patient_id: PatientId | None = None
) -> tuple[TherapyCalendar, ...]:
    """Therapies that touch the period, of one patient or of all, each with the pauses that touch both."""
    wanted: dict[str, Any] = {"first": period.first, "last": period.last}
    if patient_id is None:
        connection = session.connection()
        return _calendars(connection.execute(_RUNNING, wanted), connection.execute(_PAUSED, wanted))
    wanted["patient"] = patient_id
    return _calendars(_RUNNING_OF.rows(session, wanted), _PAUSED_OF.rows(session, wanted))


def therapy_calendar(session: Session, therapy_id: TherapyId, period: Days) -> TherapyCalendar | None:
    """The same of one therapy; None when it does not touch the period."""
    wanted = {"first": period.first, "last": period.last}
    row = _RUNNING_ONE.first(session, {**wanted, "therapy": therapy_id})
    if row is None:
        return None
    return _calendars([row], _PAUSED_OF.rows(session, {**wanted, "patient": row.patient_id}))[0]


def _calendars(therapies: Iterable[Any], paused: Iterable[Any]) -> tuple[TherapyCalendar, ...]:
    pauses: dict[int, list[Any]] = defaultdict(list)
    for pause in paused:
        pauses[pause.patient_id].append(pause)
    return tuple(
        TherapyCalendar(
            TherapyId(row.id),
            PatientId(row.patient_id),
            EpisodeId(row.episode_id),
            _taken(NewTherapy, row),
            row.device_kind,
            row.lumens or 0,
            tuple(
                _taken(NewInterruption, pause) for pause in pauses[row.patient_id] if pause.therapy_id in (None, row.id)
            ),
        )
        for row in therapies
    )
