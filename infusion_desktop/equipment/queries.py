"""What screens ask of equipment: the board, one asset's life, and the technician's due list."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.access.tables import Staff
from infusion_desktop.equipment.custody import check_limits, facts_of
from infusion_desktop.equipment.rules import maintenance_warning, next_step, why_not_ready
from infusion_desktop.equipment.tables import Asset, AssetEvent
from infusion_desktop.equipment.words import AssetDeed, AssetId, AssetState
from infusion_desktop.stock.receiving import Recognised, recognise
from infusion_desktop.stock.scan_values import Scan, ScanKind
from infusion_desktop.stock.tables import Item, Location
from infusion_desktop.stock.words import ItemId, ItemKind


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

    @property
    def is_ready(self) -> bool:
        return not self.why_not


def _board() -> Select[Asset, Item, Location]:
    return (
        select(Asset, Item, Location)
        .join(Item, Item.id == Asset.item_id)
        .join(Location, Location.id == Asset.location_id)
    )


def _row(asset: Asset, item: Item, place: Location, today: date) -> AssetRow:
    facts = facts_of(asset)
    not_ready = why_not_ready(facts, today)
    reasons = not_ready or (maintenance_warning(facts, today),)
    return AssetRow(
        AssetId(asset.id), asset.tag, asset.serial, item.number, item.name, item.kind, asset.state, place.name,
        asset.maintenance_due_on, asset.checked_on, asset.due_back_on,
        f"{asset.document} {asset.document_id}" if asset.document else "", " ".join(filter(None, reasons)),
    )  # fmt: skip


def board(session: Session, today: date) -> tuple[AssetRow, ...]:
    """Every pump and pole that was not retired."""
    query = _board().where(Asset.state != AssetState.RETIRED).order_by(Asset.tag)
    return tuple(_row(*row, today) for row in session.execute(query))


def find_asset(session: Session, code: str, today: date, item_id: ItemId | None = None) -> AssetRow | None:
    """The asset with this tag or serial number (the serial only where it is the only one), or None.

    With ``item_id`` only assets of that model are looked at.
    """
    plain = code.strip().upper()
    query = _board().where((Asset.tag == plain) | (Asset.serial == plain)).limit(3)
    rows = session.execute(query if item_id is None else query.where(Asset.item_id == item_id)).all()
    tagged = [row for row in rows if row[0].tag == plain]
    chosen = tagged or (rows if len(rows) == 1 else [])
    return _row(*chosen[0], today) if chosen else None


def find_scanned(session: Session, scan: Scan, today: date) -> tuple[AssetRow | None, Recognised | None]:
    """The asset a code names: our tag, a serial number, or the maker's label; and which product such a label is.

    Of a maker's label only assets of its own model count, as two makers may give the same serial number. Refused for
    labels of other things.
    """
    if scan.kind in (ScanKind.ASSET, ScanKind.TEXT):
        return find_asset(session, scan.code, today), None
    known = recognise(session, scan, today)
    return (find_asset(session, scan.serial, today, known.item_id) if scan.serial else None), known


def asset_row(session: Session, asset_id: AssetId, today: date) -> AssetRow | None:
    """One asset as on the board."""
    found = session.execute(_board().where(Asset.id == asset_id)).first()
    return _row(*found, today) if found else None


def at_place(session: Session, location_id: int, today: date) -> tuple[AssetRow, ...]:
    """What is at a patient's home, or in another place."""
    return tuple(_row(*row, today) for row in session.execute(_board().where(Asset.location_id == location_id)))


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
            json.loads(event.measured),
        )
        for event, where, by in session.execute(query)
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Due:
    """Something for the technician to do with a pump or pole, and by when."""

    id: AssetId
    tag: str
    item_name: str
    what: str
    on: date | None


def due_list(session: Session, today: date, days: int = 14) -> tuple[Due, ...]:
    """The morning's list: to clean, to check, maintenance due within so many days, overdue at patients."""
    found = []
    for row in board(session, today):
        if row.state in (AssetState.RECEIVED, AssetState.RETURNED, AssetState.CLEANED):
            found.append(Due(row.id, row.tag, row.item_name, next_step(row.state), None))
        elif row.state is AssetState.DUE_BACK:
            found.append(Due(row.id, row.tag, row.item_name, "Fetch it from the patient.", row.due_back_on))
        due = row.maintenance_due_on
        if due is not None and due <= today + timedelta(days=days) and row.state is not AssetState.LOST:
            found.append(Due(row.id, row.tag, row.item_name, "Preventive maintenance.", due))
    return tuple(sorted(found, key=lambda due: (due.on is None, due.on or today, due.tag)))


def limits_of(session: Session, asset_id: AssetId) -> tuple[dict[str, str], ...]:
    """What this asset's function check measures."""
    item_id = session.scalar(select(Asset.item_id).where(Asset.id == asset_id))
    return check_limits(session, item_id or 0)
