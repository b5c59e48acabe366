"""Taking a pump or pole into the register by its serial number."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.counters import next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import local_day, now_utc
from infusion_desktop.equipment.rentals import NewRental, rent_in
from infusion_desktop.equipment.tables import Asset, AssetEvent, AssetModel
from infusion_desktop.equipment.words import AssetDeed, AssetId, AssetState
from infusion_desktop.errors import Refused
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.scarce.recall import why_recalled
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import ItemId, ItemKind

PUMP_CHECK = (
    {"name": "Flow accuracy", "unit": "%", "lowest": "-6", "highest": "6"},
    {"name": "Occlusion alarm", "unit": "psi", "lowest": "4", "highest": "40"},
    {"name": "Battery", "unit": "%", "lowest": "80", "highest": "100"},
)
"""An editable default for a new pump model; the maker's own limits belong in its place."""


@dataclass(frozen=True, slots=True)
class NewAsset:
    """A pump or pole to register; without a tag it is given the next one."""

    item_id: ItemId
    serial: str
    tag: str = ""
    maintenance_due_on: date | None = None
    owner: str = ""
    cost: Decimal = Decimal(0)
    firmware: str = ""
    library: str = ""
    run_hours: int = 0
    acquired_on: date | None = None
    rental: NewRental | None = None


def register(database: Database, new: NewAsset, by: UserId, at: datetime | None = None) -> AssetId:
    """Register one pump or pole; one that a recall names is held. Refused when its serial number or tag is known."""
    with database.transaction() as session:
        return register_in(session, new, by, at)


def register_in(session: Session, new: NewAsset, by: UserId, at: datetime | None = None) -> AssetId:
    """The same within a larger deed, such as a receipt."""
    authorize(session, by, Permission.REGISTER_EQUIPMENT)
    item = session.get(Item, new.item_id)
    if item is None or not item.kind.is_equipment:
        raise Refused("Only pumps and poles have a place in the equipment register. Choose one from the catalogue.")
    serial = new.serial.strip().upper()
    if not serial or len(serial) > 60:
        raise Refused(f"{item.name} needs its serial number, at most 60 characters.")
    known = session.scalar(select(Asset.tag).where(Asset.item_id == new.item_id, Asset.serial == serial))
    if known is not None:
        raise Refused(f"Serial number {serial} of {item.name} is registered already, as {known}.")
    prefix = "P" if item.kind is ItemKind.PUMP else "L"
    tag = new.tag.strip().upper() or f"{prefix}{next_number(session, 'asset'):04}"
    if session.scalar(select(Asset.id).where(Asset.tag == tag)) is not None:
        raise Refused(f"The tag {tag} is on another pump or pole. Choose another one.")
    model = model_of(session, item)
    now = now_utc()
    day = local_day(at or now)
    due = new.maintenance_due_on or (day + timedelta(days=model.maintenance_days) if model.maintenance_days else None)
    place = place_id(session, "SERVICE")
    asset = Asset(
        item_id=new.item_id,
        serial=serial,
        tag=tag,
        state=AssetState.RECEIVED,
        location_id=place,
        maintenance_due_on=due,
        owner=new.owner.strip(),
        cost=new.cost,
        firmware=new.firmware.strip(),
        library=new.library.strip(),
        run_hours=new.run_hours,
        maintained_hours=new.run_hours,
        acquired_on=new.acquired_on or day,
        held=why_recalled(session, new.item_id, serial),
    )
    session.add(asset)
    session.flush()
    session.execute(
        insert(AssetEvent).values(
            asset_id=asset.id,
            deed=AssetDeed.REGISTER,
            to_state=AssetState.RECEIVED,
            to_location_id=place,
            effective_at=at or now,
            recorded_at=now,
            staff_id=by,
            document="",
            note="",
            measured="{}",
        )
    )
    record(session, by, "register", "asset", asset.id, after={"tag": tag, "serial": serial, "item": item.number})
    if new.rental is not None:
        rent_in(session, AssetId(asset.id), new.rental, by)
    return AssetId(asset.id)


def model_of(session: Session, item: Item) -> AssetModel:
    """The model of a pump or pole of the catalogue; made, with a usual check, when it is first asked for."""
    found = session.scalar(select(AssetModel).where(AssetModel.item_id == item.id))
    if found is not None:
        return found
    is_pump = item.kind is ItemKind.PUMP
    made = AssetModel(
        item_id=item.id, maintenance_days=365 if is_pump else 0, check_limits=json.dumps(PUMP_CHECK if is_pump else [])
    )
    session.add(made)
    session.flush()
    return made
