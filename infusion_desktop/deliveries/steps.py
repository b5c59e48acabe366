"""What every step of a delivery shares: the delivery read and locked, its state moved on, who did it kept."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.roles import UserId
from infusion_desktop.database.prepared import Prepared, change_together
from infusion_desktop.database.types import Table as MappedTable
from infusion_desktop.dates import Days, now_utc
from infusion_desktop.deliveries.tables import Delivery, DeliveryStep
from infusion_desktop.deliveries.words import NEXT_STEP, Carrier, DeliveryId, DeliveryState, Step
from infusion_desktop.errors import Refused, Stale
from infusion_desktop.patients.tables import Patient
from infusion_desktop.patients.words import PatientId, TherapyId
from infusion_desktop.stock.words import LocationId

DOCUMENT = "delivery"


@dataclass(frozen=True, slots=True)
class Head:
    """A delivery as its steps need it."""

    id: DeliveryId
    number: str
    patient_id: PatientId
    therapy_id: TherapyId | None
    state: DeliveryState
    period: Days
    scheduled_on: date
    carrier: Carrier
    tracking: str
    version: int
    home_id: LocationId
    latex_allergy: bool


def core(mapped: type[MappedTable]) -> Table:
    """The plain table of a mapped class: statements of hot paths are made from it once, not at each call."""
    table = mapped.__table__
    assert isinstance(table, Table)
    return table


_DELIVERY, _STEP, _PATIENT = core(Delivery), core(DeliveryStep), core(Patient)
_ADVANCE = Prepared(
    update(_DELIVERY).where(_DELIVERY.c.id == bindparam("delivery"), _DELIVERY.c.version == bindparam("read"))
)
_KEEP_STEP = Prepared(insert(_STEP))
_PICKERS = Prepared(
    select(_STEP.c.staff_id).where(_STEP.c.delivery_id == bindparam("delivery"), _STEP.c.step == Step.PICK)
)
_FIND = (
    select(
        _DELIVERY.c.id,
        _DELIVERY.c.number,
        _DELIVERY.c.patient_id,
        _DELIVERY.c.therapy_id,
        _DELIVERY.c.state,
        _DELIVERY.c.period_first,
        _DELIVERY.c.period_last,
        _DELIVERY.c.scheduled_on,
        _DELIVERY.c.carrier,
        _DELIVERY.c.tracking,
        _DELIVERY.c.version,
        _PATIENT.c.home_id,
        _PATIENT.c.latex_allergy,
    )
    .join(_PATIENT, _PATIENT.c.id == _DELIVERY.c.patient_id)
    .where(_DELIVERY.c.id == bindparam("delivery"))
)
_HEAD = Prepared(_FIND)
_HEAD_LOCKED = Prepared(_FIND.with_for_update(of=_DELIVERY))


def head_of(session: Session, delivery_id: DeliveryId, *, lock: bool = True) -> Head:
    """The delivery, locked for this transaction, or Refused."""
    wanted = _HEAD_LOCKED if lock else _HEAD
    row = wanted.first(session, {"delivery": delivery_id})
    if row is None:
        raise Refused("This delivery is not known. Open it from the list again.")
    return Head(
        DeliveryId(row.id),
        row.number,
        PatientId(row.patient_id),
        None if row.therapy_id is None else TherapyId(row.therapy_id),
        row.state,
        Days(row.period_first, row.period_last),
        row.scheduled_on,
        row.carrier,
        row.tracking,
        row.version,
        LocationId(row.home_id),
        row.latex_allergy,
    )


def expect(head: Head, *states: DeliveryState) -> None:
    """Refuse, with the way out, unless the delivery stands in one of these states."""
    if head.state not in states:
        raise Refused(f"Delivery {head.number} is {head.state.value}. {NEXT_STEP[head.state]}")


def advance(
    session: Session,
    head: Head,
    state: DeliveryState,
    step: Step,
    by: UserId,
    at: datetime | None = None,
    note: str = "",
    **values: Any,
) -> None:
    """Move the delivery on and keep the step; Stale when somebody else just did."""
    values = {"state": state, "version": head.version + 1, **values, "delivery": head.id, "read": head.version}
    done = change_together(session, (_ADVANCE, values), (_KEEP_STEP, _step(head.id, step, by, at, note)))
    if done[0] != 1:
        raise Stale(f"Somebody else changed delivery {head.number} meanwhile. Look at it again.")


def keep_step(
    session: Session, delivery_id: DeliveryId, step: Step, by: UserId, at: datetime | None = None, note: str = ""
) -> None:
    """Who did which step when."""
    _KEEP_STEP.change(session, _step(delivery_id, step, by, at, note))


def _step(delivery_id: DeliveryId, step: Step, by: UserId, at: datetime | None, note: str) -> dict[str, Any]:
    now = now_utc()
    return {
        "delivery_id": delivery_id,
        "step": step,
        "staff_id": by,
        "effective_at": at or now,
        "recorded_at": now,
        "note": note.strip(),
    }


def tell(session: Session, head: Head, by: UserId, action: str, reason: str = "", **after: Any) -> None:
    """The audit entry of a step."""
    record(session, by, action, DOCUMENT, head.id, patient_id=head.patient_id, before={"state": head.state},
           after=after, reason=reason)  # fmt: skip


def pickers_of(session: Session, delivery_id: DeliveryId) -> frozenset[int]:
    """Everybody who picked for this delivery."""
    return frozenset(row.staff_id for row in _PICKERS.rows(session, {"delivery": delivery_id}))
