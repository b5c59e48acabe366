"""What happens to a pump or pole: each deed is one transition of its state, kept as an event for ever."""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import local_day, now_utc
from infusion_desktop.equipment.rules import AssetFacts, after, maintenance_warning, next_step, why_not_ready
from infusion_desktop.equipment.tables import Asset, AssetEvent, AssetModel
from infusion_desktop.equipment.words import AssetDeed, AssetId, AssetState
from infusion_desktop.errors import Refused, refuse_if, warn_unless
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.words import LocationId

_MEASURED = re.compile(r"[+-]?\d{1,9}(\.\d{1,6})?", re.ASCII)


def assign(
    session: Session, asset_id: AssetId, document: str, document_id: int, through: date, by: UserId, override: str = ""
) -> None:
    """Reserve a patient-ready pump or pole; maintenance due by ``through`` needs a pharmacist and a reason."""
    asset = _asset(session, asset_id)
    facts = facts_of(asset)
    refuse_if(why_not_ready(facts, through))
    warning = maintenance_warning(facts, through)
    if warning:
        warn_unless(override, [warning])
        authorize(session, by, Permission.OVERRIDE_EQUIPMENT)
    _do(session, asset, AssetDeed.RESERVE, by, document=document, document_id=document_id, note=override)


def let_go(session: Session, asset_id: AssetId, by: UserId) -> None:
    """Take a reserved pump or pole off its document; it is patient-ready again."""
    _do(session, _asset(session, asset_id), AssetDeed.LET_GO, by, document="", document_id=None)


def ship(session: Session, document: str, document_id: int, by: UserId, at: datetime | None = None) -> None:
    """Everything reserved for a document leaves the house; refused for what was put on hold meanwhile."""
    if session.connection().scalar(_RESERVED, {"document": document, "number": document_id}) is None:
        return
    transit = place_id(session, "TRANSIT")
    leaving = _of(session, document, document_id, AssetState.RESERVED)
    refuse_if(f"{asset.tag} is held: {asset.held}. Take another one." for asset in leaving if asset.held)
    for asset in leaving:
        _do(session, asset, AssetDeed.SHIP, by, to_id=transit, at=at)


def deliver(
    session: Session, document: str, document_id: int, home_id: LocationId, by: UserId, at: datetime | None = None
) -> None:
    """Everything on the way for a document arrives at a patient's home."""
    for asset in _of(session, document, document_id, AssetState.IN_TRANSIT):
        _do(session, asset, AssetDeed.DELIVER, by, to_id=home_id, at=at)


def bring_back(session: Session, asset_id: AssetId, by: UserId, at: datetime | None = None, note: str = "") -> None:
    """A pump or pole comes back dirty, from a home or from a delivery that was not taken."""
    asset = _asset(session, asset_id)
    _do(session, asset, AssetDeed.TAKE_BACK, by, to_id=place_id(session, "SERVICE"), at=at, note=note,
        document="", document_id=None, clean=False, checked_on=None, due_back_on=None)  # fmt: skip


def call_back(session: Session, asset_id: AssetId, due_on: date, by: UserId, at: datetime | None = None) -> None:
    """Ask a pump or pole back from a patient by a day."""
    _do(session, _asset(session, asset_id), AssetDeed.CALL_BACK, by, at=at, due_back_on=due_on)


def take_back(database: Database, asset_id: AssetId, by: UserId, at: datetime | None = None, note: str = "") -> None:
    """Book a returned pump or pole in: dirty, in the service area."""
    with database.transaction() as session:
        authorize(session, by, Permission.CARE_FOR_EQUIPMENT)
        bring_back(session, asset_id, by, at, note)


def clean(database: Database, asset_id: AssetId, by: UserId, at: datetime | None = None, note: str = "") -> None:
    """Somebody cleaned and disinfected it."""
    _care(database, asset_id, AssetDeed.CLEAN, by, at, note, clean=True)


def pass_check(
    database: Database,
    asset_id: AssetId,
    measured: Mapping[str, str],
    by: UserId,
    at: datetime | None = None,
    note: str = "",
) -> AssetState:
    """The function check with its measured values; outside a limit it goes to quarantine. The state it leads to."""
    with database.transaction() as session:
        authorize(session, by, Permission.CARE_FOR_EQUIPMENT)
        asset = _asset(session, asset_id)
        limits = check_limits(session, asset.item_id)
        failed = outside_limits(limits, measured)
        on = local_day(at or now_utc())
        if failed:
            _do(session, asset, AssetDeed.FAIL_CHECK, by, at=at, note="; ".join(failed), measured=measured,
                to_id=place_id(session, "QUARANTINE"))  # fmt: skip
        else:
            _do(session, asset, AssetDeed.PASS_CHECK, by, at=at, note=note, measured=measured, checked_on=on,
                to_id=place_id(session, "MAIN"))  # fmt: skip
        return asset.state


def start_maintenance(database: Database, asset_id: AssetId, by: UserId, at: datetime | None = None) -> None:
    """It goes to the workbench."""
    _care(database, asset_id, AssetDeed.START_MAINTENANCE, by, at, "", checked_on=None)


def finish_maintenance(
    database: Database, asset_id: AssetId, by: UserId, at: datetime | None = None, note: str = ""
) -> None:
    """Preventive maintenance is done; the next one is due after the model's interval. A function check follows."""
    with database.transaction() as session:
        authorize(session, by, Permission.CARE_FOR_EQUIPMENT)
        asset = _asset(session, asset_id)
        days = session.scalar(select(AssetModel.maintenance_days).where(AssetModel.item_id == asset.item_id)) or 0
        due = local_day(at or now_utc()) + timedelta(days=days) if days else None
        _do(session, asset, AssetDeed.FINISH_MAINTENANCE, by, at=at, note=note, clean=True, maintenance_due_on=due)


def quarantine(database: Database, asset_id: AssetId, why: str, by: UserId, at: datetime | None = None) -> None:
    """Set it aside, with the reason."""
    if not why.strip():
        raise Refused("Say why it goes to quarantine.")
    _care(database, asset_id, AssetDeed.QUARANTINE, by, at, why, to="QUARANTINE", checked_on=None)


def release(database: Database, asset_id: AssetId, by: UserId, at: datetime | None = None, note: str = "") -> None:
    """Out of quarantine, to be cleaned and checked again."""
    _care(database, asset_id, AssetDeed.RELEASE, by, at, note, to="SERVICE", clean=False)


def send_to_vendor(
    database: Database, asset_id: AssetId, by: UserId, at: datetime | None = None, note: str = ""
) -> None:
    """Out for repair."""
    _care(database, asset_id, AssetDeed.SEND_TO_VENDOR, by, at, note, to="VENDOR", checked_on=None)


def return_from_vendor(database: Database, asset_id: AssetId, by: UserId, at: datetime | None = None) -> None:
    """Back from repair, to be cleaned and checked."""
    _care(database, asset_id, AssetDeed.RETURN_FROM_VENDOR, by, at, "", to="SERVICE", clean=False)


def report_lost(database: Database, asset_id: AssetId, why: str, by: UserId, at: datetime | None = None) -> None:
    """Nobody knows where it is."""
    _care(database, asset_id, AssetDeed.LOSE, by, at, why, to="LOST", checked_on=None)


def report_found(database: Database, asset_id: AssetId, by: UserId, at: datetime | None = None) -> None:
    """It turned up; it is cleaned and checked before it goes out."""
    _care(database, asset_id, AssetDeed.FIND, by, at, "", to="SERVICE", clean=False)


def retire(database: Database, asset_id: AssetId, why: str, by: UserId, at: datetime | None = None) -> None:
    """It leaves the pharmacy for good."""
    _care(database, asset_id, AssetDeed.RETIRE, by, at, why, to="LOST")


def _care(
    database: Database,
    asset_id: AssetId,
    deed: AssetDeed,
    by: UserId,
    at: datetime | None,
    note: str,
    to: str = "",
    **facts: Any,
) -> None:
    with database.transaction() as session:
        authorize(session, by, Permission.CARE_FOR_EQUIPMENT)
        to_id = place_id(session, to) if to else None
        _do(session, _asset(session, asset_id), deed, by, to_id=to_id, at=at, note=note, **facts)


def check_limits(session: Session, item_id: int) -> tuple[dict[str, str], ...]:
    """What the model's function check measures: name, unit, lowest and highest value as text."""
    kept = session.scalar(select(AssetModel.check_limits).where(AssetModel.item_id == item_id))
    return tuple(json.loads(kept or "[]"))


def outside_limits(limits: tuple[dict[str, str], ...], measured: Mapping[str, str]) -> list[str]:
    """What was not measured or lies outside its limits, each as a sentence."""
    failed = []
    for limit in limits:
        name = limit["name"]
        value = measured.get(name, "").strip()
        if not value:
            failed.append(f"{name} was not measured")
            continue
        is_number = _MEASURED.fullmatch(value) is not None
        if not is_number or not Decimal(limit["lowest"]) <= Decimal(value) <= Decimal(limit["highest"]):
            failed.append(f"{name} is {value[:12]} {limit['unit']}, allowed {limit['lowest']} to {limit['highest']}")
    return failed


def facts_of(asset: Asset) -> AssetFacts:
    """What decides whether it may go."""
    return AssetFacts(asset.tag, asset.state, asset.clean, asset.checked_on, asset.maintenance_due_on, asset.held)


def _asset(session: Session, asset_id: AssetId) -> Asset:
    found = session.get(Asset, asset_id, with_for_update=True)
    if found is None:
        raise Refused("There is no such pump or pole.")
    return found


_ASSET = cast(Table, Asset.__table__)
_RESERVED = (
    select(_ASSET.c.id)
    .where(_ASSET.c.document == bindparam("document"), _ASSET.c.document_id == bindparam("number"))
    .where(_ASSET.c.state == AssetState.RESERVED)
    .limit(1)
)


def _of(session: Session, document: str, document_id: int, state: AssetState) -> list[Asset]:
    wanted = select(Asset).where(Asset.document == document, Asset.document_id == document_id, Asset.state == state)
    return list(session.scalars(wanted.order_by(Asset.id).with_for_update()))


def _do(
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
        raise Refused(f"{asset.tag} is {asset.state.value}: it cannot {deed.value} now. {next_step(asset.state)}")
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
