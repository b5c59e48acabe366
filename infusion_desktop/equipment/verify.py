"""What must always be true of equipment, proven from its events."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.equipment.tables import Asset, AssetEvent
from infusion_desktop.equipment.words import AssetState

MOST = 20
_OUT = (AssetState.RESERVED, AssetState.IN_TRANSIT)


def problems(session: Session) -> tuple[str, ...]:
    """Assets whose state or place is not what their last event says, or that are out without a document."""
    newest = select(func.max(AssetEvent.id).label("id")).group_by(AssetEvent.asset_id).subquery()
    differing = session.scalars(
        select(Asset.tag)
        .outerjoin(AssetEvent, (AssetEvent.asset_id == Asset.id) & AssetEvent.id.in_(select(newest.c.id)))
        .where(
            AssetEvent.id.is_(None)
            | (AssetEvent.to_state != Asset.state)
            | (AssetEvent.to_location_id != Asset.location_id)
        )
        .limit(MOST)
    )
    loose = session.scalars(select(Asset.tag).where(Asset.state.in_(_OUT), Asset.document == "").limit(MOST))
    return (
        *(f"{tag}: its state or place is not what its last event says." for tag in differing),
        *(f"{tag}: it is reserved or on the way, but for nothing." for tag in loose),
    )
