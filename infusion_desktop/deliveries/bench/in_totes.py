"""Units that pickers carried from a shelf to a tote that is not shipped yet: the books still have them on the shelf."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.deliveries.tables import Delivery, DeliveryLot
from infusion_desktop.deliveries.words import DeliveryState
from infusion_desktop.stock.words import LocationId, LotId

_ON_THE_BENCH = (DeliveryState.RELEASED, DeliveryState.PICKED, DeliveryState.VERIFIED, DeliveryState.PACKED)


def units_in_totes(session: Session, lot_id: LotId, location_id: LocationId) -> int:
    """Units of a lot that were picked from a place and wait in totes."""
    picked = session.scalar(
        select(func.sum(DeliveryLot.picked))
        .join(Delivery, Delivery.id == DeliveryLot.delivery_id)
        .where(
            DeliveryLot.lot_id == lot_id,
            DeliveryLot.location_id == location_id,
            Delivery.state.in_(_ON_THE_BENCH),
        )
    )
    return int(picked or 0)
