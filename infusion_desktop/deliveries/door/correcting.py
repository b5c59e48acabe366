"""After a delivery has left: what was counted or written wrong is put right beside the first entry, never over it."""

from sqlalchemy import select, update

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.deliveries.door.proof import keep_correction
from infusion_desktop.deliveries.door.proof_rules import Condition, GoesTo, verdict
from infusion_desktop.deliveries.steps import DOCUMENT, Head, expect, head_of, tell
from infusion_desktop.deliveries.tables import Delivery, DeliveryLot
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState, LineOutcome
from infusion_desktop.errors import Refused, refuse_if, refuse_if_changed
from infusion_desktop.stock.ledger import NewMove, post
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.tables import Item, Location, Lot
from infusion_desktop.stock.words import LocationId, LotId, MoveReason

_GONE = (DeliveryState.SHIPPED, DeliveryState.DELIVERED)


def correct_sent(database: Database, lot_line_id: int, units: int, why: str, by: UserId) -> GoesTo:
    """So many units that were recorded as delivered never left the house: back to their bin, a drug to quarantine.

    The line keeps what was recorded as sent; beside it stand what did not arrive and this correction.
    """
    if not why.strip():
        raise Refused("Say how you know, such as: found beside the scale, still sealed.")
    with database.transaction() as session:
        authorize(session, by, Permission.RELEASE)
        row = session.get(DeliveryLot, lot_line_id)
        if row is None:
            raise Refused("This lot is not on a delivery. Open the delivery again.")
        head = head_of(session, DeliveryId(row.delivery_id))
        if head.state is not DeliveryState.DELIVERED:
            raise Refused(
                f"Delivery {head.number} is {head.state.value}: say at the door what did not arrive, or step back."
            )
        left = row.quantity - row.came_back
        if not 0 < units <= left:
            raise Refused(f"{left} of this lot are recorded as delivered. Type a number from 1 to {left}.")
        lot = session.execute(
            select(Lot.number, Lot.held, Item.name, Item.kind, Item.storage, Location.ended_on)
            .join(Item, Item.id == Lot.item_id)
            .join(Location, Location.id == row.location_id)
            .where(Lot.id == row.lot_id)
        ).one()
        ruled = verdict(lot.kind, lot.storage, LineOutcome.NOT_DELIVERED, Condition.SEALED, is_held=bool(lot.held))
        goes = GoesTo.QUARANTINE if ruled.goes_to is not GoesTo.STOCK or lot.ended_on is not None else GoesTo.STOCK
        to_id = LocationId(row.location_id) if goes is GoesTo.STOCK else place_id(session, "QUARANTINE")
        note = f"never left the house: {why.strip()}"
        post(session, [NewMove(LotId(row.lot_id), head.home_id, to_id, units, MoveReason.RETURNED, note)], DOCUMENT,
             head.id, by)  # fmt: skip
        what = f"{lot.name}, lot {lot.number or '(none)'}"
        keep_correction(session, head.id, what, f"{left} delivered", f"{left - units} delivered", why, by)
        row.came_back += units
        row.outcome = LineOutcome.NOT_DELIVERED
        tell(session, head, by, "correct sent", why, lot=row.lot_id, units=units, goes=goes)
        return goes


def correct_tracking(
    database: Database, delivery_id: DeliveryId, tracking: str, why: str, by: UserId, *, was: str
) -> None:
    """Another tracking number than was typed when it left and was shown."""
    number = tracking.strip()
    refuse_if(
        [
            *([] if 0 < len(number) <= 60 else ["Type the tracking number, at most 60 characters."]),
            *([] if why.strip() else ["Say why it is another, such as: misread."]),
        ]
    )
    with database.transaction() as session:
        authorize(session, by, Permission.SHIP)
        head = head_of(session, delivery_id)
        expect(head, *_GONE)
        refuse_if_changed(f"delivery {head.number}", was, head.tracking)
        _not_the_same(head, number)
        keep_correction(session, head.id, "tracking number", head.tracking or "none", number, why, by)
        session.execute(
            update(Delivery).where(Delivery.id == head.id).values(tracking=number, version=head.version + 1)
        )
        tell(session, head, by, "correct tracking", why, was=head.tracking, tracking=number)


def _not_the_same(head: Head, number: str) -> None:
    if head.tracking == number:
        raise Refused(f"Delivery {head.number} has this tracking number already.")
