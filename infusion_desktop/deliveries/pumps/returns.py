"""Pumps and poles that should be back: who has them, how long they are overdue, and the calls made about them."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc
from infusion_desktop.equipment.tables import Asset, AssetEvent, AssetModel, Pickup, PickupLine, ReturnCall
from infusion_desktop.equipment.words import AssetDeed, AssetId, AssetState, CallOutcome
from infusion_desktop.errors import Refused
from infusion_desktop.identifiers import show_phone
from infusion_desktop.patients.tables import Patient
from infusion_desktop.patients.words import PatientId
from infusion_desktop.stock.tables import Item

AT_HOME = (AssetState.WITH_PATIENT, AssetState.DUE_BACK)


@dataclass(frozen=True, slots=True)
class ReturnRow:
    """A pump or pole asked back from a patient. ``days_over`` is below zero while it is not due yet."""

    asset_id: AssetId
    tag: str
    serial: str
    item_name: str
    patient_id: PatientId
    patient_name: str
    patient_number: str
    phone: str
    city: str
    due_back_on: date
    days_over: int
    ticket: str
    """The open pick-up ticket's number, "" without one."""
    calls: int
    last_call: str
    last_called_at: datetime | None
    promised_on: date | None
    replacement_value: Decimal

    @property
    def is_overdue(self) -> bool:
        return self.days_over > 0


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call about a return."""

    id: int
    called_at: datetime
    spoke_with: str
    outcome: CallOutcome
    promised_on: date | None
    note: str
    by: str


@dataclass(frozen=True, slots=True)
class NewCall:
    """Somebody was called about a pump; without ``called_at`` it was just now."""

    outcome: CallOutcome
    spoke_with: str = ""
    promised_on: date | None = None
    note: str = ""
    called_at: datetime | None = None


def log_call(database: Database, asset_id: AssetId, call: NewCall, by: UserId) -> int:
    """Keep a call about a pump that should be back. A promise needs its day."""
    with database.transaction() as session:
        authorize(session, by, Permission.DELIVER)
        patient_id, tag, state = holder(session, asset_id)
        if state not in (*AT_HOME, AssetState.LOST):
            raise Refused(f"{tag} is {state.value}: there is nothing to call about.")
        if call.outcome is CallOutcome.PROMISED and call.promised_on is None:
            raise Refused("Type the day on which it will be returned.")
        at = call.called_at or now_utc()
        if at > now_utc():
            raise Refused("The call lies in the future. Correct its time.")
        row = ReturnCall(
            asset_id=asset_id, patient_id=patient_id, called_at=at, spoke_with=call.spoke_with.strip(),
            outcome=call.outcome, promised_on=call.promised_on, note=call.note.strip(), recorded_at=now_utc(),
            staff_id=by,
        )  # fmt: skip
        session.add(row)
        session.flush()
        record(session, by, "call about return", "asset", asset_id, patient_id=patient_id,
               after={"outcome": call.outcome, "promised_on": call.promised_on})  # fmt: skip
        return row.id


def calls_about(session: Session, asset_id: AssetId) -> tuple[CallRow, ...]:
    """The calls about a pump, newest first."""
    rows = session.execute(
        select(ReturnCall, Staff.name)
        .join(Staff, Staff.id == ReturnCall.staff_id)
        .where(ReturnCall.asset_id == asset_id)
        .order_by(ReturnCall.called_at.desc(), ReturnCall.id.desc())
    )
    return tuple(
        CallRow(row.id, row.called_at, row.spoke_with, row.outcome, row.promised_on, row.note, name)
        for row, name in rows
    )


def returns_due(session: Session, today: date) -> tuple[ReturnRow, ...]:
    """Everything asked back from patients, the longest overdue first."""
    rows = session.execute(
        select(Asset, Item.name, Patient, AssetModel.replacement_value)
        .join(Item, Item.id == Asset.item_id)
        .join(Patient, Patient.home_id == Asset.location_id)
        .outerjoin(AssetModel, AssetModel.item_id == Asset.item_id)
        .where(Asset.state == AssetState.DUE_BACK)
        .order_by(Asset.due_back_on, Asset.tag)
    ).all()
    ids = [asset.id for asset, *_ in rows]
    tickets, calls = open_tickets(session, ids), _last_calls(session, ids)
    found = []
    for asset, name, patient, value in rows:
        due = asset.due_back_on or today
        count, last = calls.get(asset.id, (0, None))
        found.append(
            ReturnRow(
                AssetId(asset.id), asset.tag, asset.serial, name, PatientId(patient.id),
                f"{patient.last_name}, {patient.first_name}", patient.number, show_phone(patient.phone), patient.city,
                due, (today - due).days, tickets.get(asset.id, ""), count,
                last.outcome.value if last else "", last.called_at if last else None,
                last.promised_on if last else None, value or Decimal(0),
            )
        )  # fmt: skip
    return tuple(found)


def holder(session: Session, asset_id: AssetId) -> tuple[PatientId, str, AssetState]:
    """The patient who has a pump, or had it last; its tag and state. Refused when it never was with one."""
    row = session.execute(select(Asset.tag, Asset.state, Asset.location_id).where(Asset.id == asset_id)).one_or_none()
    if row is None:
        raise Refused("There is no such pump or pole.")
    delivered = (
        select(AssetEvent.to_location_id)
        .where(AssetEvent.asset_id == asset_id, AssetEvent.deed == AssetDeed.DELIVER)
        .order_by(AssetEvent.id.desc())
        .limit(1)
    )
    home = row.location_id if row.state in AT_HOME else session.scalar(delivered)
    found = session.scalar(select(Patient.id).where(Patient.home_id == home))
    if found is None:
        raise Refused(f"{row.tag} was never with a patient.")
    return PatientId(found), row.tag, row.state


def open_tickets(session: Session, assets: list[int]) -> dict[int, str]:
    """The open pick-up ticket of each of these assets that has one: nothing came back since it was written."""
    later = select(AssetEvent.id).where(
        AssetEvent.asset_id == PickupLine.asset_id,
        AssetEvent.id > PickupLine.event_id,
        AssetEvent.deed.in_((AssetDeed.TAKE_BACK, AssetDeed.LOSE, AssetDeed.LEAVE)),
    )
    rows = session.execute(
        select(PickupLine.asset_id, Pickup.number)
        .join(Pickup, Pickup.id == PickupLine.pickup_id)
        .where(PickupLine.asset_id.in_(assets), Pickup.cancelled_at.is_(None), ~later.exists())
        .order_by(Pickup.id)
    )
    return dict(rows.all())


def _last_calls(session: Session, assets: list[int]) -> dict[int, tuple[int, ReturnCall]]:
    newest = (
        select(func.max(ReturnCall.id).label("id"), func.count().label("calls"))
        .where(ReturnCall.asset_id.in_(assets))
        .group_by(ReturnCall.asset_id)
        .subquery()
    )
    rows = session.execute(select(ReturnCall, newest.c.calls).join(newest, newest.c.id == ReturnCall.id))
    return {row.asset_id: (count, row) for row, count in rows}
