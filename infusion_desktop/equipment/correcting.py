"""Facts of one pump or pole that are set right without a transition: its software, drug library, due day, owner."""

from dataclasses import dataclass
from datetime import date

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.equipment.tables import Asset
from infusion_desktop.equipment.transition import the_asset
from infusion_desktop.equipment.words import AssetId
from infusion_desktop.errors import Refused, refuse_if, refuse_if_changed


@dataclass(frozen=True, slots=True)
class Versions:
    """What it runs now."""

    firmware: str
    library: str


def set_versions(database: Database, asset_id: AssetId, versions: Versions, by: UserId, *, was: Versions) -> None:
    """Its software or drug library was updated (or read from its screen); ``was`` is what was shown before."""
    with database.transaction() as session:
        authorize(session, by, Permission.CARE_FOR_EQUIPMENT)
        asset = the_asset(session, asset_id)
        refuse_if(
            f"{asset.tag} is with a patient. Update it when it is back."
            for _ in range(asset.state.value in ("with patient", "due back", "in transit"))
        )
        refuse_if_changed(asset.tag, was, Versions(asset.firmware, asset.library))
        before = {"firmware": asset.firmware, "library": asset.library}
        asset.firmware, asset.library = versions.firmware.strip()[:60], versions.library.strip()[:60]
        session.flush()
        record(session, by, "set versions", "asset", asset_id, before=before,
               after={"firmware": asset.firmware, "library": asset.library})  # fmt: skip


def set_maintenance_due(
    database: Database, asset_id: AssetId, due_on: date, why: str, by: UserId, *, was: date | None
) -> None:
    """Another day on which maintenance is due than ``was`` shown, with the reason (maker's letter, a wrong entry)."""
    if not why.strip():
        raise Refused("Say why the day changes, such as a letter from the maker.")
    with database.transaction() as session:
        authorize(session, by, Permission.OVERRIDE_EQUIPMENT)
        asset: Asset = the_asset(session, asset_id)
        refuse_if_changed(asset.tag, was, asset.maintenance_due_on)
        before, asset.maintenance_due_on = asset.maintenance_due_on, due_on
        session.flush()
        record(session, by, "set maintenance due", "asset", asset_id, before={"maintenance_due_on": before},
               after={"maintenance_due_on": due_on}, reason=why)  # fmt: skip
