"""What must always be true of equipment, proven from its events."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.equipment.tables import Asset, AssetBooking, AssetEvent
from infusion_desktop.equipment.transition import BOOKING
from infusion_desktop.equipment.words import AssetDeed, AssetState
from infusion_desktop.stock.tables import Location
from infusion_desktop.stock.words import LocationKind

MOST = 20
_OUT = (AssetState.RESERVED, AssetState.IN_TRANSIT)
_AT_HOME = (AssetState.WITH_PATIENT, AssetState.DUE_BACK)
_WAITING = (AssetDeed.RESERVE, AssetDeed.LET_GO, AssetDeed.MOVE)
"""What may lie between a passed check and leaving the house."""


def problems(session: Session) -> tuple[str, ...]:
    """Assets whose state or place is not what their last event says, that are out for nothing, or left unchecked."""
    return (*_differing(session), *_loose(session), *_misplaced(session), *_unchecked(session), *_bookings(session))


def _differing(session: Session) -> list[str]:
    each = aliased(AssetEvent)
    newest = select(func.max(each.id)).where(each.asset_id == Asset.id).correlate(Asset).scalar_subquery()
    differing = session.scalars(
        select(Asset.tag)
        .outerjoin(AssetEvent, AssetEvent.id == newest)
        .where(
            AssetEvent.id.is_(None)
            | (AssetEvent.to_state != Asset.state)
            | (AssetEvent.to_location_id != Asset.location_id)
        )
        .limit(MOST)
    )
    return [f"{tag}: its state or place is not what its last event says." for tag in differing]


def _loose(session: Session) -> list[str]:
    loose = session.scalars(select(Asset.tag).where(Asset.state.in_(_OUT), Asset.document == "").limit(MOST))
    return [f"{tag}: it is reserved or on the way, but for nothing." for tag in loose]


def _misplaced(session: Session) -> list[str]:
    """One custody: with a patient is in a home, on the way is in transit, and nothing else is in either."""
    home, transit = LocationKind.PATIENT_HOME, LocationKind.TRANSIT
    rows = session.scalars(
        select(Asset.tag)
        .join(Location, Location.id == Asset.location_id)
        .where(
            (Asset.state.in_(_AT_HOME) != (Location.kind == home))
            | ((Asset.state == AssetState.IN_TRANSIT) != (Location.kind == transit))
        )
        .limit(MOST)
    )
    return [f"{tag}: its state and its place do not go together." for tag in rows]


def _unchecked(session: Session) -> list[str]:
    """Everything that ever left the house had passed its check, and only waited since."""
    left, before = aliased(AssetEvent), aliased(AssetEvent)
    last_done = (
        select(before.deed)
        .where(before.asset_id == left.asset_id, before.id < left.id, before.deed.not_in(_WAITING))
        .order_by(before.id.desc())
        .limit(1)
        .correlate(left)
        .scalar_subquery()
    )
    rows = session.scalars(
        select(Asset.tag)
        .join(left, left.asset_id == Asset.id)
        .where(left.deed == AssetDeed.SHIP, func.coalesce(last_done, "") != AssetDeed.PASS_CHECK)
        .distinct()
        .limit(MOST)
    )
    return [f"{tag}: it left the house without a passed check before." for tag in rows]


def _bookings(session: Session) -> list[str]:
    """An open booking and the asset that is kept for it name each other."""
    kept = (Asset.state == AssetState.RESERVED) & (Asset.document == BOOKING)
    lonely = session.scalars(
        select(Asset.tag)
        .outerjoin(
            AssetBooking,
            (AssetBooking.id == Asset.document_id)
            & (AssetBooking.asset_id == Asset.id)
            & AssetBooking.ended_at.is_(None),
        )
        .where(kept, AssetBooking.id.is_(None))
        .limit(MOST)
    )
    forgotten = session.scalars(
        select(Asset.tag)
        .join(AssetBooking, AssetBooking.asset_id == Asset.id)
        .where(AssetBooking.ended_at.is_(None))
        .where(~kept | (Asset.document_id != AssetBooking.id))
        .limit(MOST)
    )
    return [
        f"{tag}: it is kept for a booking that is not open, or booked and not kept." for tag in (*lonely, *forgotten)
    ]
