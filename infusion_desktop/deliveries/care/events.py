"""Clinical events that touch supplies: what happened, what was done, what it took, and what it does to the therapy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import local_day, now_utc, show_day
from infusion_desktop.deliveries.calls.follow_ups import Kind, add_task
from infusion_desktop.deliveries.care_tables import ClinicalEvent, ClinicalEventSupply
from infusion_desktop.deliveries.care_words import Effect, EventId, EventKind
from infusion_desktop.deliveries.kits.home_counts import take_from_home
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.patients import devices
from infusion_desktop.patients.demographics import the_patient
from infusion_desktop.patients.devices import NewDevice, remove_device
from infusion_desktop.patients.interruptions import NewInterruption, interrupt_in
from infusion_desktop.patients.queries import show_device
from infusion_desktop.patients.tables import AccessDevice, Therapy
from infusion_desktop.patients.therapies import stop_in, the_therapy
from infusion_desktop.patients.words import DeviceId, InterruptionKind, PatientId, TherapyId
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import ItemId

TAKES_DEVICE_OUT = (EventKind.CATHETER_CHANGE, EventKind.CATHETER_LOSS, EventKind.LINE_REMOVAL)
_PAUSES = {Effect.HELD: InterruptionKind.HOLD, Effect.HOSPITAL: InterruptionKind.HOSPITAL}


@dataclass(frozen=True, slots=True)
class NewEvent:
    """What is logged. ``used`` are supplies from the home beyond the plan; ``new_device`` replaces the one concerned.

    Held or in hospital takes days out of all therapies from the event's day through ``through`` (open without one);
    stopped ends ``therapy_id``, or every therapy through the device, on the event's day.
    """

    patient_id: PatientId
    kind: EventKind
    happened_at: datetime
    what: str
    action: str
    effect: Effect = Effect.NONE
    therapy_id: TherapyId | None = None
    device_id: DeviceId | None = None
    new_device: NewDevice | None = None
    through: date | None = None
    used: Mapping[ItemId, int] = field(default_factory=dict)
    follow_up: str = ""
    follow_up_on: date | None = None
    owner_id: UserId | None = None
    told_by: str = ""


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event as it is read; a withdrawn one says so."""

    id: EventId
    at: datetime
    kind: EventKind
    what: str
    action: str
    effect: Effect
    therapy: str
    device: str
    new_device: str
    used: tuple[tuple[str, int], ...]
    told_by: str
    by: str
    withdrawn: str
    """Why it never was; "" for an event that stands."""


def log_event(database: Database, event: NewEvent, by: UserId) -> EventId:
    """Keep an event and everything it brings about: supplies used, device changed, days out, orders ended, a task.

    One deed: all of it or nothing. Refused with all reasons.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.WRITE_THERAPY)
        the_patient(session, event.patient_id)
        refuse_if(_reasons_against(session, event))
        day = local_day(event.happened_at)
        new_device = _change_device(session, event, day, by)
        pause = _pause(session, event, day, by)
        if event.effect is Effect.STOPPED:
            _stop(session, event, day, by)
        elif new_device is not None:
            _lead_through(session, event, new_device)
        take_from_home(session, event.patient_id, event.used, event.kind.value, by)
        task = None
        if event.follow_up.strip():
            task = add_task(session, event.patient_id, Kind.CLINICAL, event.follow_up.strip(),
                            event.follow_up_on or day, owner_id=event.owner_id)  # fmt: skip
        event_id = _insert(session, event, new_device, pause, task, by)
        record(session, by, "log event", "clinical event", event_id, patient_id=event.patient_id,
               after={"kind": event.kind, "effect": event.effect, "device": event.device_id, "new_device": new_device,
                      "used": {str(item): units for item, units in event.used.items()}})  # fmt: skip
        return event_id


def withdraw_event(database: Database, event_id: EventId, why: str, by: UserId) -> EventId:
    """It never was, or was another patient's: the first entry stays, what it changed is put right by hand."""
    if not why.strip():
        raise Refused("Say why the event is withdrawn.")
    with database.transaction() as session:
        authorize(session, by, Permission.WRITE_THERAPY)
        row = session.get(ClinicalEvent, event_id)
        if row is None or row.withdraws_id is not None:
            raise Refused("This event is not known. Open the patient again.")
        if session.scalar(select(ClinicalEvent.id).where(ClinicalEvent.withdraws_id == event_id)) is not None:
            raise Refused("This event was withdrawn already.")
        made = ClinicalEvent(
            patient_id=row.patient_id, kind=row.kind, happened_at=row.happened_at, what=row.what, action=why.strip(),
            effect=Effect.NONE, withdraws_id=event_id, recorded_at=now_utc(), staff_id=by,
        )  # fmt: skip
        session.add(made)
        session.flush()
        record(session, by, "withdraw event", "clinical event", event_id, patient_id=row.patient_id, reason=why)
        return EventId(made.id)


def _reasons_against(session: Session, event: NewEvent) -> list[str]:
    reasons = []
    if not event.what.strip():
        reasons.append("Say what happened.")
    if not event.action.strip():
        reasons.append("Say what was done about it.")
    if event.happened_at > now_utc():
        reasons.append("The event lies in the future. Correct its time.")
    if any(units <= 0 for units in event.used.values()):
        reasons.append("Supplies used are at least one. Leave out what was not used.")
    if event.follow_up_on is not None and not event.follow_up.strip():
        reasons.append("Say what is to be done on the day of the follow-up.")
    device = None if event.device_id is None else session.get(AccessDevice, event.device_id)
    if event.device_id is not None and (device is None or device.patient_id != event.patient_id):
        reasons.append("The access device is not one of this patient. Choose it again.")
    if device is not None and device.removed_on is not None:
        reasons.append(
            f"The {device.kind.value} was removed on {show_day(device.removed_on)}. Choose the one in place."
        )
    if event.kind in TAKES_DEVICE_OUT and event.device_id is None:
        reasons.append("Choose the access device that was changed, lost or removed.")
    if event.kind is EventKind.CATHETER_CHANGE and event.new_device is None:
        reasons.append("Say what was placed instead.")
    if event.new_device is not None and event.device_id is None:
        reasons.append("Choose the access device that was replaced.")
    if event.new_device is not None:
        devices.checked(event.new_device, reasons)
    if event.therapy_id is not None and the_therapy(session, event.therapy_id).patient_id != event.patient_id:
        reasons.append("The therapy is not one of this patient. Choose it again.")
    if event.through is not None and event.through < local_day(event.happened_at):
        reasons.append("The days out end before the event. Correct their last day.")
    if event.effect is Effect.STOPPED and event.therapy_id is None and event.device_id is None:
        reasons.append("Choose the therapy that stops.")
    return reasons


def _change_device(session: Session, event: NewEvent, day: date, by: UserId) -> DeviceId | None:
    """The device out where the event takes it out, and the new one in."""
    if event.device_id is None or (event.kind not in TAKES_DEVICE_OUT and event.new_device is None):
        return None
    remove_device(session, event.device_id, day, by)
    if event.new_device is None:
        return None
    placed = (
        event.new_device
        if event.new_device.placed_on
        else NewDevice(event.new_device.kind, event.new_device.lumens, event.new_device.site, day)
    )
    return devices.insert_device(session, event.patient_id, devices.checked(placed, []), by)


def _lead_through(session: Session, event: NewEvent, new_device: DeviceId) -> None:
    """The orders that ran through the old device run through the new one from now on."""
    for row in _running_through(session, event):
        row.device_id = new_device


def _running_through(session: Session, event: NewEvent) -> list[Therapy]:
    day = local_day(event.happened_at)
    wanted = select(Therapy).where(
        Therapy.patient_id == event.patient_id, Therapy.stops_on.is_(None) | (Therapy.stops_on > day)
    )
    if event.therapy_id is not None and event.effect is Effect.STOPPED:
        return list(session.scalars(wanted.where(Therapy.id == event.therapy_id)))
    return list(session.scalars(wanted.where(Therapy.device_id == event.device_id)))


def _pause(session: Session, event: NewEvent, day: date, by: UserId) -> int | None:
    kind = _PAUSES.get(event.effect)
    if kind is None:
        return None
    pause = NewInterruption(
        kind, day, event.through, event.therapy_id, f"{event.kind.value}: {event.what.strip()}"[:200]
    )
    return interrupt_in(session, event.patient_id, pause, by)


def _stop(session: Session, event: NewEvent, day: date, by: UserId) -> None:
    for row in _running_through(session, event):
        if row.starts_on > day:
            raise Refused(f"{row.drug} begins on {show_day(row.starts_on)}, after the event. Correct that order first.")
        stop_in(session, row, day, event.kind.value.capitalize(), row.version, by)


def _insert(
    session: Session, event: NewEvent, new_device: DeviceId | None, pause: int | None, task: int | None, by: UserId
) -> EventId:
    values = {
        "patient_id": event.patient_id,
        "kind": event.kind,
        "happened_at": event.happened_at,
        "therapy_id": event.therapy_id,
        "device_id": event.device_id,
        "new_device_id": new_device,
        "what": event.what.strip(),
        "action": event.action.strip(),
        "effect": event.effect,
        "interruption_id": pause,
        "follow_up_id": task,
        "told_by": event.told_by.strip(),
        "withdraws_id": None,
        "recorded_at": now_utc(),
        "staff_id": by,
    }
    event_id = EventId(session.execute(insert(ClinicalEvent).values(**values).returning(ClinicalEvent.id)).scalar_one())
    if event.used:
        rows = [{"event_id": event_id, "item_id": item, "quantity": units} for item, units in event.used.items()]
        session.execute(insert(ClinicalEventSupply), rows)
    return event_id


def events_of(session: Session, patient_id: PatientId, limit: int = 200) -> tuple[EventRow, ...]:
    """A patient's clinical events, the newest first; a withdrawn one says why."""
    rows = session.execute(
        select(ClinicalEvent, Staff.name, Therapy.drug)
        .join(Staff, Staff.id == ClinicalEvent.staff_id)
        .outerjoin(Therapy, Therapy.id == ClinicalEvent.therapy_id)
        .where(ClinicalEvent.patient_id == patient_id)
        .order_by(ClinicalEvent.happened_at.desc(), ClinicalEvent.id.desc())
        .limit(limit)
    ).all()
    if not rows:
        return ()
    withdrawn = {row.withdraws_id: row.action for row, *_ in rows if row.withdraws_id is not None}
    known = session.scalars(select(AccessDevice).where(AccessDevice.patient_id == patient_id))
    names = {device.id: show_device(device) for device in known}
    used: dict[int, list[tuple[str, int]]] = {}
    for supply in session.execute(
        select(ClinicalEventSupply.event_id, Item.name, ClinicalEventSupply.quantity)
        .join(Item, Item.id == ClinicalEventSupply.item_id)
        .where(ClinicalEventSupply.event_id.in_([row.id for row, *_ in rows]))
        .order_by(Item.name)
    ):
        used.setdefault(supply.event_id, []).append((supply.name, supply.quantity))
    return tuple(
        EventRow(
            EventId(row.id), row.happened_at, row.kind, row.what, row.action, row.effect, drug or "",
            names.get(row.device_id or 0, ""), names.get(row.new_device_id or 0, ""), tuple(used.get(row.id, ())),
            row.told_by, by, withdrawn.get(row.id, ""),
        )
        for row, by, drug in rows
        if row.withdraws_id is None
    )  # fmt: skip
