"""Taking the last step back, or the whole delivery, until it is shipped."""

from typing import Any

from sqlalchemy import update

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.deliveries.bench.release import free_equipment, free_everything
from infusion_desktop.deliveries.steps import advance, expect, head_of, tell
from infusion_desktop.deliveries.tables import DeliveryEquipment, DeliveryLot
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState, Step
from infusion_desktop.errors import Refused

_BACK = {
    DeliveryState.RELEASED: DeliveryState.DRAFT,
    DeliveryState.PICKED: DeliveryState.RELEASED,
    DeliveryState.VERIFIED: DeliveryState.PICKED,
    DeliveryState.PACKED: DeliveryState.VERIFIED,
}
_WHO = {
    DeliveryState.RELEASED: Permission.RELEASE,
    DeliveryState.PICKED: Permission.PICK,
    DeliveryState.VERIFIED: Permission.VERIFY,
    DeliveryState.PACKED: Permission.PICK,
}


def undo(database: Database, delivery_id: DeliveryId, reason: str, by: UserId) -> DeliveryState:
    """Take the last step back, with the reason; the state it leads to. Not after shipping: that is a return."""
    if not reason.strip():
        raise Refused("Say why the step is taken back.")
    with database.transaction() as session:
        head = head_of(session, delivery_id)
        expect(head, *_BACK)
        authorize(session, by, _WHO[head.state])
        state = _BACK[head.state]
        lots = update(DeliveryLot).where(DeliveryLot.delivery_id == delivery_id)
        things = update(DeliveryEquipment).where(DeliveryEquipment.delivery_id == delivery_id)
        if state is DeliveryState.DRAFT:
            free_everything(session, head, by)
        elif state is DeliveryState.RELEASED:
            free_equipment(session, head, by)
            session.execute(lots.values(picked=0, verified=0))
        elif state is DeliveryState.PICKED:
            session.execute(lots.values(verified=0))
            session.execute(things.values(verified=False))
        packed: dict[str, Any] = {"totes": 0, "cold_packs": 0} if state is DeliveryState.VERIFIED else {}
        advance(session, head, state, Step.UNDO, by, note=reason, **packed)
        tell(session, head, by, "undo", reason, state=state)
        return state


def cancel(database: Database, delivery_id: DeliveryId, reason: str, by: UserId) -> None:
    """Send it not at all: reserved stock and equipment are free again. Not after shipping."""
    if not reason.strip():
        raise Refused("Say why the delivery is cancelled.")
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        head = head_of(session, delivery_id)
        expect(head, DeliveryState.DRAFT, *_BACK)
        free_everything(session, head, by)
        advance(session, head, DeliveryState.CANCELLED, Step.CANCEL, by, note=reason)
        tell(session, head, by, "cancel", reason, state=DeliveryState.CANCELLED)
