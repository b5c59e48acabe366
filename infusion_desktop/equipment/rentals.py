"""Pumps and poles that a vendor rents to us: the rate, the day they must be back, what they have cost."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import local_day, now_utc, show_day
from infusion_desktop.equipment.figures import rental_cost
from infusion_desktop.equipment.tables import Asset, Rental
from infusion_desktop.equipment.transition import do, the_asset
from infusion_desktop.equipment.words import AssetDeed, AssetId, AssetState, Per, RentalId
from infusion_desktop.errors import Refused, Stale, refuse_if
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.tables import Item


@dataclass(frozen=True, slots=True)
class NewRental:
    """What the vendor asks; a begun day, week or month is a whole one. ``return_by`` is the last day it may be here."""

    vendor: str
    rate: Decimal
    per: Per
    starts_on: date
    return_by: date | None = None
    agreement: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class RentalRow:
    """A rental with where its pump is and what it has cost until today."""

    id: RentalId
    asset_id: AssetId
    tag: str
    serial: str
    item_name: str
    state: AssetState
    vendor: str
    agreement: str
    rate: Decimal
    per: Per
    starts_on: date
    return_by: date | None
    ended_on: date | None
    days_left: int | None
    cost_so_far: Decimal
    version: int


def rent(database: Database, asset_id: AssetId, new: NewRental, by: UserId) -> RentalId:
    """Note that a registered pump or pole is rented."""
    with database.transaction() as session:
        return rent_in(session, asset_id, new, by)


def rent_in(session: Session, asset_id: AssetId, new: NewRental, by: UserId) -> RentalId:
    """The same within a larger deed."""
    authorize(session, by, Permission.REGISTER_EQUIPMENT)
    asset = the_asset(session, asset_id)
    reasons = []
    if not new.vendor.strip():
        reasons.append("Name the vendor who rents it to us.")
    if new.rate <= 0:
        reasons.append("Type the rate in dollars.")
    if new.return_by is not None and new.return_by < new.starts_on:
        reasons.append("It must be back before the rental begins. Correct one of the days.")
    if asset.state is AssetState.RETIRED:
        reasons.append(f"{asset.tag} has left the pharmacy. Register the rented one by its own serial number.")
    running = session.scalar(select(Rental.vendor).where(Rental.asset_id == asset_id, Rental.ended_on.is_(None)))
    if running is not None:
        reasons.append(f"{asset.tag} is rented from {running} already. End or extend that rental.")
    refuse_if(reasons)
    row = Rental(
        asset_id=asset_id, vendor=new.vendor.strip(), agreement=new.agreement.strip(), rate=new.rate, per=new.per,
        starts_on=new.starts_on, return_by=new.return_by, note=new.note.strip(),
    )  # fmt: skip
    session.add(row)
    asset.owner = new.vendor.strip()
    session.flush()
    record(session, by, "rent", "asset", asset_id, after={
        "vendor": row.vendor, "rate": row.rate, "per": row.per, "return_by": row.return_by})  # fmt: skip
    return RentalId(row.id)


def extend(
    database: Database, rental_id: RentalId, return_by: date | None, reason: str, version: int, by: UserId
) -> None:
    """Another day by which it must be back, as agreed with the vendor."""
    if not reason.strip():
        raise Refused("Say what was agreed with the vendor.")
    with database.transaction() as session:
        authorize(session, by, Permission.REGISTER_EQUIPMENT)
        row = _open(session, rental_id, version)
        if return_by is not None and return_by < row.starts_on:
            raise Refused(f"The rental began on {show_day(row.starts_on)}. Choose a later day.")
        before, row.return_by = row.return_by, return_by
        record(session, by, "extend rental", "asset", row.asset_id, before={"return_by": before},
               after={"return_by": return_by}, reason=reason)  # fmt: skip


def give_back(
    database: Database, rental_id: RentalId, by: UserId, *, note: str = "", version: int, at: datetime | None = None
) -> Decimal:
    """It goes back to the renting vendor and leaves the register's board; what it has cost in all.

    Refused while it is with a patient, on the way or reserved.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.REGISTER_EQUIPMENT)
        row = _open(session, rental_id, version)
        asset = the_asset(session, AssetId(row.asset_id))
        day = local_day(at or now_utc())
        cost = rental_cost(row.rate, row.per, row.starts_on, day)
        do(session, asset, AssetDeed.GIVE_BACK, by, at=at, note=note or f"to {row.vendor}",
           to_id=place_id(session, "VENDOR"))  # fmt: skip
        row.ended_on = day
        session.flush()
        record(session, by, "end rental", "asset", asset.id, after={"ended_on": day, "cost": cost}, reason=note)
        return cost


def rental_rows(session: Session, today: date, *, ended_too: bool = False) -> tuple[RentalRow, ...]:
    """All rentals, the one that must be back first at the top."""
    wanted = select(Rental, Asset, Item.name).join(Asset, Asset.id == Rental.asset_id).join(
        Item, Item.id == Asset.item_id
    )  # fmt: skip
    if not ended_too:
        wanted = wanted.where(Rental.ended_on.is_(None))
    rows = [
        RentalRow(
            RentalId(rental.id), AssetId(asset.id), asset.tag, asset.serial, name, asset.state, rental.vendor,
            rental.agreement, rental.rate, rental.per, rental.starts_on, rental.return_by, rental.ended_on,
            (rental.return_by - today).days if rental.return_by and rental.ended_on is None else None,
            rental_cost(rental.rate, rental.per, rental.starts_on, rental.ended_on or today), rental.version,
        )
        for rental, asset, name in session.execute(wanted)
    ]  # fmt: skip
    return tuple(
        sorted(rows, key=lambda row: (row.ended_on is not None, row.return_by is None, row.return_by or today, row.tag))
    )


def _open(session: Session, rental_id: RentalId, version: int) -> Rental:
    row = session.get(Rental, rental_id, with_for_update=True)
    if row is None:
        raise Refused("This rental is not known. Look at the list again.")
    if row.version != version or row.ended_on is not None:
        raise Stale("Somebody else changed this rental meanwhile. Look at the list again.")
    return row
