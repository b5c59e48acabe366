"""What screens ask of equipment: the board, an asset by its code, one asset's life."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.access.tables import Staff
from infusion_desktop.equipment.rules import (
    HoursFacts,
    hours_warning,
    is_behind,
    maintenance_warning,
    rental_warning,
    why_not_ready,
)
from infusion_desktop.equipment.tables import Asset, AssetBooking, AssetEvent, AssetModel, Rental
from infusion_desktop.equipment.transition import facts_of
from infusion_desktop.equipment.words import AssetDeed, AssetId, AssetState, BookingId
from infusion_desktop.stock.scanning.scan_values import Scan, ScanKind
from infusion_desktop.stock.tables import Item, Location
from infusion_desktop.stock.words import ItemId, ItemKind

if TYPE_CHECKING:
    from infusion_desktop.stock.buying.receiving import Recognised


@dataclass(frozen=True, slots=True)
class AssetRow:
    """A pump or pole on the board. ``why_not`` is why it cannot go to a patient today, "" when it can."""

    id: AssetId
    tag: str
    serial: str
    item_number: str
    item_name: str
    kind: ItemKind
    state: AssetState
    place: str
    maintenance_due_on: date | None
    checked_on: date | None
    due_back_on: date | None
    document: str
    why_not: str
    item_id: ItemId
    owner: str
    firmware: str
    library: str
    is_behind: bool
    """Its software or drug library is not what its model should have."""
    run_hours: int
    hours_left: int | None
    """Hours until maintenance; None where hours do not count."""
    fault: str
    held: str
    """Why it goes to nobody, such as a recall; "" when it is not held."""
    lacks: str
    maintenance_owed: bool
    rental_ends_on: date | None
    booked_from: date | None
    booking_id: BookingId | None

    @property
    def is_ready(self) -> bool:
        return not self.why_not


def _board() -> Select[*tuple[Any, ...]]:
    """What the board tells of each asset, as plain columns: there are thousands."""
    return (
        select(
            Asset.id, Asset.tag, Asset.serial, Asset.state, Asset.clean, Asset.checked_on, Asset.maintenance_due_on,
            Asset.due_back_on, Asset.held, Asset.fault, Asset.lacks, Asset.maintenance_owed, Asset.document,
            Asset.document_id, Asset.owner, Asset.firmware, Asset.library, Asset.run_hours, Asset.maintained_hours,
            Asset.item_id, Item.number, Item.name, Item.kind, Location.name.label("place"),
            AssetModel.maintenance_hours, AssetModel.hours_per_day, AssetModel.firmware.label("newest_firmware"),
            AssetModel.library.label("newest_library"), Rental.return_by, AssetBooking.id.label("booking_id"),
            AssetBooking.first_on.label("booked_from"),
        )
        .join(Item, Item.id == Asset.item_id)
        .join(Location, Location.id == Asset.location_id)
        .outerjoin(AssetModel, AssetModel.item_id == Asset.item_id)
        .outerjoin(Rental, (Rental.asset_id == Asset.id) & Rental.ended_on.is_(None))
        .outerjoin(AssetBooking, (AssetBooking.asset_id == Asset.id) & AssetBooking.ended_at.is_(None))
    )  # fmt: skip


def _row(row: Any, today: date) -> AssetRow:
    facts = facts_of(row)
    warnings = [maintenance_warning(facts, today), rental_warning(row.tag, row.return_by, today)]
    hours_left = None
    if row.maintenance_hours:
        due_at = row.maintained_hours + row.maintenance_hours
        hours_left = due_at - row.run_hours
        warnings.append(hours_warning(HoursFacts(row.tag, row.run_hours, due_at, row.hours_per_day), 0))
    reasons = why_not_ready(facts, today) or [each for each in warnings if each]
    behind = is_behind(row.newest_firmware or "", row.firmware) or is_behind(row.newest_library or "", row.library)
    return AssetRow(
        AssetId(row.id), row.tag, row.serial, row.number, row.name, row.kind, row.state, row.place,
        row.maintenance_due_on, row.checked_on, row.due_back_on,
        f"{row.document} {row.document_id}" if row.document else "", " ".join(reasons), ItemId(row.item_id),
        row.owner, row.firmware, row.library, behind, row.run_hours, hours_left, row.fault, row.held,
        row.lacks, row.maintenance_owed, row.return_by, row.booked_from,
        None if row.booking_id is None else BookingId(row.booking_id),
    )  # fmt: skip


def board(session: Session, today: date, kind: ItemKind | None = None) -> tuple[AssetRow, ...]:
    """Every pump and pole that was not retired; of one kind only where one is named."""
    query = _board().where(Asset.state != AssetState.RETIRED).order_by(Asset.tag)
    query = query if kind is None else query.where(Item.kind == kind)
    return tuple(_row(row, today) for row in session.connection().execute(query))


def find_asset(session: Session, code: str, today: date, item_id: ItemId | None = None) -> AssetRow | None:
    """The asset with this tag or serial number (the serial only where it is the only one), or None.

    With ``item_id`` only assets of that model are looked at.
    """
    plain = code.strip().upper()
    query = _board().where((Asset.tag == plain) | (Asset.serial == plain)).limit(3)
    rows = session.execute(query if item_id is None else query.where(Asset.item_id == item_id)).all()
    tagged = [row for row in rows if row.tag == plain]
    chosen = tagged or (rows if len(rows) == 1 else [])
    return _row(chosen[0], today) if chosen else None


def find_scanned(session: Session, scan: Scan, today: date) -> tuple[AssetRow | None, "Recognised | None"]:
    """The asset a code names: our tag, a serial number, or the maker's label; and which product such a label is.

    Of a maker's label only assets of its own model count, as two makers may give the same serial number. Refused for
    labels of other things.
    """
    if scan.kind in (ScanKind.ASSET, ScanKind.TEXT):
        return find_asset(session, scan.code, today), None
    from infusion_desktop.stock.buying.receiving import recognise

    known = recognise(session, scan, today)
    return (find_asset(session, scan.serial, today, known.item_id) if scan.serial else None), known


def asset_row(session: Session, asset_id: AssetId, today: date) -> AssetRow | None:
    """One asset as on the board."""
    found = session.execute(_board().where(Asset.id == asset_id)).first()
    return _row(found, today) if found else None


def at_place(session: Session, location_id: int, today: date) -> tuple[AssetRow, ...]:
    """What of ours is at a patient's home, or in another place; what was sold there is not ours any more."""
    ours = _board().where(Asset.location_id == location_id, Asset.state != AssetState.RETIRED)
    return tuple(_row(row, today) for row in session.execute(ours))


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something that happened to a pump or pole."""

    id: int
    at: datetime
    deed: AssetDeed
    state: AssetState
    place: str
    document: str
    by: str
    note: str
    measured: dict[str, str]
    recorded_at: datetime


def history(session: Session, asset_id: AssetId) -> tuple[EventRow, ...]:
    """The asset's whole life, newest first."""
    place = aliased(Location)
    query = (
        select(AssetEvent, place.name, Staff.name)
        .join(place, place.id == AssetEvent.to_location_id)
        .join(Staff, Staff.id == AssetEvent.staff_id)
        .where(AssetEvent.asset_id == asset_id)
        .order_by(AssetEvent.id.desc())
    )
    return tuple(
        EventRow(
            event.id, event.effective_at, event.deed, event.to_state, where,
            f"{event.document} {event.document_id}" if event.document else "", by, event.note,
            json.loads(event.measured), event.recorded_at,
        )
        for event, where, by in session.execute(query)
    )  # fmt: skip
