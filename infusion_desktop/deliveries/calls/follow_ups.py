"""What is to be done for a patient by a day: the call after the first delivery, the refill call, fetching a pump."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import ONE_DAY, now_utc
from infusion_desktop.deliveries.tables import Delivery, FollowUp
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.equipment.tables import AssetSwap
from infusion_desktop.errors import Refused, Stale
from infusion_desktop.patients.tables import Patient, Therapy
from infusion_desktop.patients.words import PatientId

if TYPE_CHECKING:
    from infusion_desktop.deliveries.steps import Head

REFILL_CALL_DAYS = 5
"""Days before the supply ends on which the refill call is due: our own working rule, within Medicare's 30 days."""


class Kind(StrEnum):
    """What sort of thing is to be done."""

    FIRST_CALL = "first call"
    REFILL_CALL = "refill call"
    PUMP_RETURN = "pump return"
    RECALL = "recall fetch"
    LAB = "lab"
    HOME = "home assessment"
    CLINICAL = "clinical"
    OTHER = "other"

    @property
    def is_call(self) -> bool:
        """Done by telephone."""
        return self in (Kind.FIRST_CALL, Kind.REFILL_CALL)


@dataclass(frozen=True, slots=True)
class FollowUpRow:
    """Something to do, with the version to give back."""

    id: int
    patient_id: PatientId
    patient_number: str
    patient_name: str
    phone: str
    kind: str
    title: str
    due_on: date
    delivery_id: DeliveryId | None
    owner_id: UserId | None
    done: bool
    outcome: str
    version: int
    owner: str = ""


def after_delivery(session: Session, head: "Head", arrived_on: date) -> None:
    """A call 24 hours after a therapy's first delivery, and the refill call before the supply ends.

    A pump that came in exchange for another changes nothing about them.
    """
    is_swap = session.scalar(select(AssetSwap.id).where(AssetSwap.delivery_id == head.id)) is not None
    if head.therapy_id is None or is_swap:
        return
    from infusion_desktop.patients.order_versions import versions_of

    versions = versions_of(session, head.therapy_id)
    delivered = session.scalar(
        select(func.count())
        .select_from(Delivery)
        .where(Delivery.therapy_id.in_(versions), Delivery.state == DeliveryState.DELIVERED)
    )
    if delivered == 1:
        title = "Call: did the first dose go well?"
        made_by = f"first call {min(versions)}"
        add_task(session, head.patient_id, Kind.FIRST_CALL, title, arrived_on + ONE_DAY, head.id, made_by=made_by)
    stops = session.scalars(select(Therapy.stops_on).where(Therapy.id.in_(versions))).all()
    if None in stops or max(day for day in stops if day) > head.period.last:
        due = max(arrived_on, head.period.last - timedelta(days=REFILL_CALL_DAYS))
        title = "Call: count what is left and agree on the refill"
        add_task(session, head.patient_id, Kind.REFILL_CALL, title, due, head.id, made_by=f"refill {head.id}")


def add_follow_up(
    database: Database, patient_id: PatientId, title: str, due_on: date, by: UserId, owner_id: UserId | None = None
) -> int:
    """Something else to do for a patient."""
    if not title.strip():
        raise Refused("Say what is to be done.")
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        made = add_task(session, patient_id, Kind.OTHER, title.strip(), due_on, owner_id=owner_id)
        record(session, by, "add", "follow-up", made, patient_id=patient_id, after={"due_on": due_on})
        return made or 0


def finish_follow_up(database: Database, follow_up_id: int, outcome: str, version: int, by: UserId) -> None:
    """It is done; ``outcome`` says how it went."""
    if not outcome.strip():
        raise Refused("Say how it went.")
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        row = session.get(FollowUp, follow_up_id)
        if row is None:
            raise Refused("This follow-up is not known. Look at the list again.")
        if row.version != version or row.done_at is not None:
            raise Stale("Somebody else has done this meanwhile. Look at the list again.")
        row.done_at, row.done_by, row.outcome = now_utc(), by, outcome.strip()
        record(session, by, "finish", "follow-up", row.id, patient_id=row.patient_id, after={"done": True})


def assign_follow_up(
    database: Database, follow_up_id: int, owner_id: UserId | None, due_on: date, version: int, by: UserId
) -> None:
    """Give a task to somebody (or to whoever takes it), by another day."""
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        row = session.get(FollowUp, follow_up_id)
        if row is None:
            raise Refused("This follow-up is not known. Look at the list again.")
        if row.version != version or row.done_at is not None:
            raise Stale("Somebody else has done or changed this meanwhile. Look at the list again.")
        before = {"owner": row.owner_id, "due_on": row.due_on}
        row.owner_id, row.due_on = owner_id, due_on
        record(session, by, "assign", "follow-up", row.id, patient_id=row.patient_id, before=before,
               after={"owner": owner_id, "due_on": due_on})  # fmt: skip


def follow_ups(
    session: Session, until: date | None = None, *, patient_id: PatientId | None = None, done_too: bool = False
) -> tuple[FollowUpRow, ...]:
    """What is due by a day (everything without one), the most urgent first."""
    wanted = (
        select(FollowUp, Patient, Staff.name)
        .join(Patient, Patient.id == FollowUp.patient_id)
        .outerjoin(Staff, Staff.id == FollowUp.owner_id)
    )
    if until is not None:
        wanted = wanted.where(FollowUp.due_on <= until)
    if patient_id is not None:
        wanted = wanted.where(FollowUp.patient_id == patient_id)
    if not done_too:
        wanted = wanted.where(FollowUp.done_at.is_(None))
    return tuple(
        FollowUpRow(
            row.id,
            PatientId(row.patient_id),
            patient.number,
            f"{patient.last_name}, {patient.first_name}",
            patient.phone,
            row.kind,
            row.title,
            row.due_on,
            None if row.delivery_id is None else DeliveryId(row.delivery_id),
            None if row.owner_id is None else UserId(row.owner_id),
            row.done_at is not None,
            row.outcome,
            row.version,
            owner or "",
        )
        for row, patient, owner in session.execute(wanted.order_by(FollowUp.due_on, FollowUp.id))
    )


def who_has(session: Session, patient_id: PatientId) -> UserId | None:
    """Who took or was given the patient's last task and still works here; None while nobody has the patient."""
    found = session.scalar(
        select(FollowUp.owner_id)
        .join(Staff, Staff.id == FollowUp.owner_id)
        .where(FollowUp.patient_id == patient_id, Staff.ended_at.is_(None))
        .order_by(FollowUp.id.desc())
        .limit(1)
    )
    return None if found is None else UserId(found)


def add_task(
    session: Session,
    patient_id: PatientId,
    kind: Kind,
    title: str,
    due_on: date,
    delivery_id: DeliveryId | None = None,
    owner_id: UserId | None = None,
    made_by: str = "",
) -> int | None:
    """Keep a task within a larger deed; None when the rule ``made_by`` has made it before.

    What a rule makes goes to whoever has the patient (see ``who_has``) unless ``owner_id`` says otherwise.
    """
    if made_by and session.scalar(select(FollowUp.id).where(FollowUp.made_by == made_by)) is not None:
        return None
    if made_by and owner_id is None:
        owner_id = who_has(session, patient_id)
    values = {
        "patient_id": patient_id,
        "kind": kind.value,
        "title": title[:200],
        "due_on": due_on,
        "owner_id": owner_id,
        "delivery_id": delivery_id,
        "outcome": "",
        "made_by": made_by,
        "version": 1,
    }
    return int(session.execute(insert(FollowUp).values(**values).returning(FollowUp.id)).scalar_one())
