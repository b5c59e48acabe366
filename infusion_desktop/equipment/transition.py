"""One transition of a pump or pole: allowed from here, done by one person only, kept as an event for ever."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc
from infusion_desktop.equipment.rules import AssetFacts, after, next_step, standing
from infusion_desktop.equipment.tables import Asset, AssetEvent
from infusion_desktop.equipment.words import AssetDeed, AssetId, AssetState
from infusion_desktop.errors import Refused
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.words import LocationId

BOOKING = "booking"
"""The document of an asset that is kept for a future day; its number is the booking's."""


def facts_of(asset: Asset) -> AssetFacts:
    """What decides whether it may go."""
    return AssetFacts(
        asset.tag, asset.state, asset.clean, asset.checked_on, asset.maintenance_due_on, asset.held, asset.fault,
        asset.lacks, maintenance_owed=asset.maintenance_owed,
    )  # fmt: skip


def the_asset(session: Session, asset_id: AssetId) -> Asset:
    """The asset, locked for this transaction, or Refused."""
    found = session.get(Asset, asset_id, with_for_update=True)
    if found is None:
        raise Refused("There is no such pump or pole.")
    return found


def assets_on(session: Session, document: str, document_id: int, state: AssetState) -> list[Asset]:
    """The assets of a document that stand in a state, locked in their order."""
    wanted = select(Asset).where(Asset.document == document, Asset.document_id == document_id, Asset.state == state)
    return list(session.scalars(wanted.order_by(Asset.id).with_for_update()))


def care(
    database: Database,
    asset_id: AssetId,
    deed: AssetDeed,
    by: UserId,
    at: datetime | None,
    note: str,
    to: str = "",
    **facts: Any,
) -> None:
    """A whole deed of a technician: one transition, to the built-in place ``to`` where it names one."""
    with database.transaction() as session:
        authorize(session, by, Permission.CARE_FOR_EQUIPMENT)
        to_id = place_id(session, to) if to else None
        do(session, the_asset(session, asset_id), deed, by, to_id=to_id, at=at, note=note, **facts)


def do(
    session: Session,
    asset: Asset,
    deed: AssetDeed,
    by: UserId,
    *,
    to_id: LocationId | None = None,
    at: datetime | None = None,
    note: str = "",
    measured: Mapping[str, str] | None = None,
    **facts: Any,
) -> None:
    """One transition: refused unless allowed from here; a conditional update lets only one of two people do it."""
    state = after(deed, asset.state)
    if state is None:
        raise Refused(f"{asset.tag} is {standing(asset.state)}: it cannot {deed.value} now. {next_step(asset.state)}")
    before, was_at, was_for = asset.state, asset.location_id, (asset.document, asset.document_id)
    values = {"state": state, "location_id": to_id or was_at, "version": asset.version + 1, **facts}
    changed = session.execute(
        update(Asset)
        .where(Asset.id == asset.id, Asset.version == asset.version)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise Refused(f"Somebody else just did something with {asset.tag}. Look at it again.")
    session.refresh(asset)
    document, document_id = (asset.document, asset.document_id) if asset.document else was_for
    now = now_utc()
    session.execute(
        insert(AssetEvent).values(
            asset_id=asset.id,
            deed=deed,
            from_state=before,
            to_state=state,
            from_location_id=was_at,
            to_location_id=to_id or was_at,
            document=document,
            document_id=document_id,
            effective_at=at or now,
            recorded_at=now,
            staff_id=by,
            note=note.strip(),
            measured=json.dumps(dict(measured or {}), sort_keys=True),
        )
    )
    record(session, by, deed.value, "asset", asset.id, before={"state": before}, after={"state": state}, reason=note)
