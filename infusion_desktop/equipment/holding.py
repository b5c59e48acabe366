"""Holding pumps and poles that a recall names, wherever they are, and letting them go again."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.equipment.tables import Asset
from infusion_desktop.equipment.words import AssetId, AssetState
from infusion_desktop.errors import Refused, refuse_if_changed
from infusion_desktop.stock.words import ItemId


@dataclass(frozen=True, slots=True)
class Held:
    """What a recall of equipment found: assets now held, those of them outside, and serial numbers never seen here."""

    assets: tuple[AssetId, ...]
    outside: tuple[str, ...]
    unknown: tuple[str, ...]


_OUTSIDE = (AssetState.RESERVED, AssetState.IN_TRANSIT, AssetState.WITH_PATIENT, AssetState.DUE_BACK)


def hold(database: Database, item_id: ItemId, serials: Sequence[str], why: str, by: UserId) -> Held:
    """Hold the named serial numbers of a model, or all of it when none is named; none of them can go out any more.

    What is at a patient's, on the way or reserved is named, so that it can be swapped and fetched.
    """
    with database.transaction() as session:
        return hold_in(session, item_id, serials, why, by)


def hold_in(session: Session, item_id: ItemId, serials: Sequence[str], why: str, by: UserId) -> Held:
    """The same within a larger deed."""
    if not why.strip():
        raise Refused("Say why they are held, such as the number of the recall.")
    authorize(session, by, Permission.RECALL)
    wanted = {serial.strip().upper() for serial in serials} - {""}
    query = select(Asset.id, Asset.serial, Asset.tag, Asset.state).where(
        Asset.item_id == item_id, Asset.state != AssetState.RETIRED
    )
    if wanted:
        query = query.where(Asset.serial.in_(wanted))
    found = session.execute(query.order_by(Asset.id).with_for_update(key_share=True)).all()
    _set(session, [row.id for row in found], why.strip())
    tags = [row.tag for row in found]
    record(session, by, "hold equipment", "item", item_id, after={"tags": tags}, reason=why)
    return Held(
        tuple(AssetId(row.id) for row in found),
        tuple(row.tag for row in found if row.state in _OUTSIDE),
        tuple(sorted(wanted - {row.serial for row in found})),
    )


def end_hold(database: Database, asset_id: AssetId, why: str, by: UserId, *, was: str) -> None:
    """Let a held pump or pole be used again, with the reason (repaired by the maker, not affected).

    ``was`` is why it was held as the person saw it: a recall of meanwhile holds it on.
    """
    if not why.strip():
        raise Refused("Say why it may be used again.")
    with database.transaction() as session:
        authorize(session, by, Permission.RECALL)
        row = session.execute(
            select(Asset.tag, Asset.held).where(Asset.id == asset_id).with_for_update(key_share=True)
        ).one()
        refuse_if_changed(f"why {row.tag} is held", was, row.held)
        if not row.held:
            raise Refused(f"{row.tag} is not held.")
        _set(session, [asset_id], "")
        record(session, by, "end hold", "asset", asset_id, before={"held": row.held}, reason=why)


def _set(session: Session, assets: Sequence[int], why: str) -> None:
    session.execute(update(Asset).where(Asset.id.in_(assets)).values(held=why, version=Asset.version + 1))
