"""What happens to a pump or pole: each deed is one transition of its state, kept as an event for ever."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import Table, bindparam, select
from sqlalchemy.orm import Session

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.dates import local_day, now_utc, show_day, today
from infusion_desktop.equipment.checks import check_limits, outside_limits, pass_check, read_meter
from infusion_desktop.equipment.rules import (
    HoursFacts,
    hours_warning,
    kept_ready,
    maintenance_warning,
    next_step,
    rental_warning,
    why_not_ready,
)
from infusion_desktop.equipment.tables import Asset, AssetBooking, AssetModel, Rental
from infusion_desktop.equipment.transition import BOOKING, assets_on, care, do, facts_of, the_asset
from infusion_desktop.equipment.words import AssetDeed, AssetId, AssetState
from infusion_desktop.errors import Refused, refuse_if, warn_unless
from infusion_desktop.money import show_money
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.tables import Location
from infusion_desktop.stock.words import LocationId, LocationKind

__all__ = [
    "assign", "bring_back", "call_back", "check_limits", "clean", "deliver", "facts_of", "finish_maintenance", "leave",
    "let_go", "move", "outside_limits", "pass_check", "quarantine", "release", "report_fault", "report_found",
    "report_lost", "retire", "return_from_vendor", "send_to_vendor", "ship", "start_maintenance",
    "take_back", "warnings_against",
]  # fmt: skip


_SHELVES = (LocationKind.ROOM, LocationKind.BIN, LocationKind.SERVICE)


def assign(
    session: Session, asset_id: AssetId, document: str, document_id: int, through: date, by: UserId, override: str = "",
    *, patient_id: int | None = None,
) -> None:  # fmt: skip
    """Reserve a patient-ready pump or pole; maintenance due by ``through`` needs a pharmacist and a reason.

    One that is booked goes to the patient it is booked for (``patient_id``) and to nobody else.
    """
    asset = the_asset(session, asset_id)
    facts = facts_of(asset)
    booking = None
    if asset.state is AssetState.RESERVED and asset.document == BOOKING:
        booking = _booking_for(session, asset, patient_id)
        facts = kept_ready(facts)
    refuse_if(why_not_ready(facts, through))
    warnings = warnings_against(session, asset, through)
    if warnings:
        warn_unless(override, warnings)
        authorize(session, by, Permission.OVERRIDE_EQUIPMENT)
    if booking is not None:
        booking.ended_at, booking.ended_how = now_utc(), _taken_for(document, document_id)
    do(session, asset, AssetDeed.RESERVE, by, document=document, document_id=document_id, note=override)


def warnings_against(session: Session, asset: Asset, through: date) -> list[str]:
    """What stands against lending it until ``through``: maintenance by day or hours, or the end of its rental."""
    warnings = [maintenance_warning(facts_of(asset), through)]
    model = session.execute(
        select(AssetModel.maintenance_hours, AssetModel.hours_per_day).where(AssetModel.item_id == asset.item_id)
    ).first()
    if model is not None and model.maintenance_hours:
        hours = HoursFacts(
            asset.tag, asset.run_hours, asset.maintained_hours + model.maintenance_hours, model.hours_per_day
        )
        warnings.append(hours_warning(hours, (through - today()).days + 1))
    return_by = session.scalar(select(Rental.return_by).where(Rental.asset_id == asset.id, Rental.ended_on.is_(None)))
    warnings.append(rental_warning(asset.tag, return_by, through))
    return [each for each in warnings if each]


def let_go(session: Session, asset_id: AssetId, by: UserId) -> None:
    """Take a reserved pump or pole off its document; it is patient-ready again, or kept for whom it was booked."""
    asset = the_asset(session, asset_id)
    booking = session.scalar(
        select(AssetBooking)
        .where(
            AssetBooking.asset_id == asset.id, AssetBooking.ended_how == _taken_for(asset.document, asset.document_id)
        )
        .where(AssetBooking.last_on.is_(None) | (AssetBooking.last_on >= today()))
        .order_by(AssetBooking.id.desc())
        .limit(1)
    )
    do(session, asset, AssetDeed.LET_GO, by, document="", document_id=None)
    if booking is not None:
        booking.ended_at, booking.ended_how = None, ""
        session.flush()
        do(session, asset, AssetDeed.RESERVE, by, document=BOOKING, document_id=booking.id,
           note=f"kept again from {show_day(booking.first_on)}")  # fmt: skip


def ship(session: Session, document: str, document_id: int, by: UserId, at: datetime | None = None) -> None:
    """Everything reserved for a document leaves the house; refused for what was put on hold meanwhile."""
    if _RESERVED.first(session, {"document": document, "number": document_id}) is None:
        return
    transit = place_id(session, "TRANSIT")
    leaving = assets_on(session, document, document_id, AssetState.RESERVED)
    refuse_if(f"{asset.tag} is held: {asset.held}. Take another one." for asset in leaving if asset.held)
    refuse_if(
        f"{asset.tag} is not clean, checked and free of faults any more. Take another one."
        for asset in leaving
        if not asset.clean or asset.checked_on is None or asset.fault
    )
    for asset in leaving:
        do(session, asset, AssetDeed.SHIP, by, to_id=transit, at=at)


def deliver(
    session: Session, document: str, document_id: int, home_id: LocationId, by: UserId, at: datetime | None = None
) -> None:
    """Everything on the way for a document arrives at a patient's home."""
    for asset in assets_on(session, document, document_id, AssetState.IN_TRANSIT):
        do(session, asset, AssetDeed.DELIVER, by, to_id=home_id, at=at)


def bring_back(
    session: Session, asset_id: AssetId, by: UserId, at: datetime | None = None, note: str = "",
    *, lacks: Iterable[str] = (), run_hours: int | None = None,
) -> None:  # fmt: skip
    """A pump or pole comes back dirty, from a home or from a delivery that was not taken.

    ``lacks`` names accessories that did not come with it, ``run_hours`` what its meter says.
    """
    asset = the_asset(session, asset_id)
    missing = ", ".join(dict.fromkeys(each.strip() for each in lacks if each.strip()))
    hours = asset.run_hours if run_hours is None else read_meter(asset, run_hours)
    wants = session.scalar(select(AssetModel.maintenance_at_return).where(AssetModel.item_id == asset.item_id))
    owed = asset.maintenance_owed or (bool(wants) and asset.state in (AssetState.WITH_PATIENT, AssetState.DUE_BACK))
    measured = {"Missing": missing} if missing else {}
    if run_hours is not None:
        measured["Hour meter"] = str(run_hours)
    do(session, asset, AssetDeed.TAKE_BACK, by, to_id=place_id(session, "SERVICE"), at=at, note=note, measured=measured,
       document="", document_id=None, clean=False, checked_on=None, due_back_on=None, maintenance_owed=owed,
       lacks=missing, run_hours=hours)  # fmt: skip


def call_back(
    session: Session, asset_id: AssetId, due_on: date, by: UserId, at: datetime | None = None, note: str = ""
) -> None:
    """Ask a pump or pole back from a patient by a day."""
    do(session, the_asset(session, asset_id), AssetDeed.CALL_BACK, by, at=at, note=note, due_back_on=due_on)


def leave(session: Session, asset_id: AssetId, why: str, by: UserId, at: datetime | None = None) -> None:
    """It was asked back, but the patient still needs it."""
    if not why.strip():
        raise Refused("Say why it stays with the patient.")
    do(session, the_asset(session, asset_id), AssetDeed.LEAVE, by, at=at, note=why, due_back_on=None)


def take_back(
    database: Database, asset_id: AssetId, by: UserId, at: datetime | None = None, note: str = "",
    *, lacks: Iterable[str] = (), run_hours: int | None = None,
) -> None:  # fmt: skip
    """Book a pump or pole in that is back from a home: dirty, in the service area."""
    with database.transaction() as session:
        authorize(session, by, Permission.CARE_FOR_EQUIPMENT)
        asset = the_asset(session, asset_id)
        if asset.state is AssetState.IN_TRANSIT:
            raise Refused(f"{asset.tag} is on its way with a kit. {next_step(asset.state)}")
        bring_back(session, asset_id, by, at, note, lacks=lacks, run_hours=run_hours)


def clean(database: Database, asset_id: AssetId, by: UserId, at: datetime | None = None, note: str = "") -> None:
    """Somebody cleaned and disinfected it; ``note`` says with what."""
    care(database, asset_id, AssetDeed.CLEAN, by, at, note, clean=True)


def report_fault(session: Session, asset_id: AssetId, fault: str) -> None:
    """Something is reported wrong with it: it is not checked before maintenance or a repair. Within a larger deed."""
    asset = the_asset(session, asset_id)
    asset.fault = fault.strip()
    session.flush()


def start_maintenance(
    database: Database, asset_id: AssetId, by: UserId, at: datetime | None = None, note: str = ""
) -> None:
    """It goes to the workbench."""
    care(database, asset_id, AssetDeed.START_MAINTENANCE, by, at, note, checked_on=None)


def finish_maintenance(
    database: Database, asset_id: AssetId, by: UserId, at: datetime | None = None, note: str = "",
    *, run_hours: int | None = None,
) -> None:  # fmt: skip
    """Preventive maintenance is done; the next one is due after the model's interval. A function check follows."""
    with database.transaction() as session:
        authorize(session, by, Permission.CARE_FOR_EQUIPMENT)
        asset = the_asset(session, asset_id)
        days = session.scalar(select(AssetModel.maintenance_days).where(AssetModel.item_id == asset.item_id)) or 0
        due = local_day(at or now_utc()) + timedelta(days=days) if days else None
        hours = asset.run_hours if run_hours is None else read_meter(asset, run_hours)
        measured = {"Next due": show_day(due)} if due else {}
        if run_hours is not None:
            measured["Hour meter"] = str(run_hours)
        maintained: dict[str, Any] = {
            "run_hours": hours,
            "maintained_hours": hours,
            "maintenance_owed": False,
            "fault": "",
        }
        do(session, asset, AssetDeed.FINISH_MAINTENANCE, by, at=at, note=note, measured=measured, clean=True,
           maintenance_due_on=due, **maintained)  # fmt: skip


def quarantine(database: Database, asset_id: AssetId, why: str, by: UserId, at: datetime | None = None) -> None:
    """Set it aside, with the reason."""
    if not why.strip():
        raise Refused("Say why it goes to quarantine.")
    care(database, asset_id, AssetDeed.QUARANTINE, by, at, why, to="QUARANTINE", checked_on=None)


def release(database: Database, asset_id: AssetId, by: UserId, at: datetime | None = None, note: str = "") -> None:
    """Out of quarantine, to be cleaned and checked again."""
    care(database, asset_id, AssetDeed.RELEASE, by, at, note, to="SERVICE", clean=False)


def send_to_vendor(
    database: Database, asset_id: AssetId, by: UserId, at: datetime | None = None, note: str = "", *, vendor: str = ""
) -> None:
    """Out for repair; ``note`` says what is wrong and under which number the vendor takes it."""
    measured = {"Vendor": vendor.strip()} if vendor.strip() else {}
    care(database, asset_id, AssetDeed.SEND_TO_VENDOR, by, at, note, to="VENDOR", checked_on=None, measured=measured)


def return_from_vendor(
    database: Database, asset_id: AssetId, by: UserId, at: datetime | None = None, note: str = "",
    *, cost: Decimal | None = None,
) -> None:  # fmt: skip
    """Back from repair, to be cleaned and checked; ``cost`` is the repair's bill, ``note`` what was done."""
    if cost is not None and cost < 0:
        raise Refused("A repair's cost is not below zero.")
    measured = {"Repair cost": show_money(cost)} if cost else {}
    care(database, asset_id, AssetDeed.RETURN_FROM_VENDOR, by, at, note, to="SERVICE", clean=False, fault="",
         measured=measured)  # fmt: skip


def report_lost(database: Database, asset_id: AssetId, why: str, by: UserId, at: datetime | None = None) -> None:
    """Nobody knows where it is."""
    care(database, asset_id, AssetDeed.LOSE, by, at, why, to="LOST", checked_on=None)


def report_found(database: Database, asset_id: AssetId, by: UserId, at: datetime | None = None) -> None:
    """It turned up; it is cleaned and checked before it goes out."""
    care(database, asset_id, AssetDeed.FIND, by, at, "", to="SERVICE", clean=False, document="", document_id=None,
         due_back_on=None)  # fmt: skip


def move(database: Database, asset_id: AssetId, place_code: str, by: UserId, at: datetime | None = None) -> str:
    """Put it on another shelf of ours, as its label says (LOC:A-01); the place's name. Its state stays."""
    with database.transaction() as session:
        authorize(session, by, Permission.CARE_FOR_EQUIPMENT)
        to_id = place_id(session, place_code)
        place = session.get_one(Location, to_id)
        if place.kind not in _SHELVES:
            raise Refused(f"{place.name} is no shelf for pumps. Scan a room's, a bin's or the service area's label.")
        asset = the_asset(session, asset_id)
        if asset.location_id == to_id:
            raise Refused(f"{asset.tag} is there already.")
        do(session, asset, AssetDeed.MOVE, by, at=at, to_id=to_id)
        return place.name


def retire(database: Database, asset_id: AssetId, why: str, by: UserId, at: datetime | None = None) -> None:
    """It leaves the pharmacy for good."""
    care(database, asset_id, AssetDeed.RETIRE, by, at, why, to="LOST")


def sell(database: Database, asset_id: AssetId, why: str, by: UserId, at: datetime | None = None) -> None:
    """The patient who has it buys it: it leaves the register as sold and stays where it is.

    A purchase is billed instead of rent from that day on, where the contract pays equipment apart. Refused while it is
    held, a vendor's, or to be fetched.
    """
    if not why.strip():
        raise Refused("Say why it is sold, such as: the patient chose to buy it, with the order's number.")
    with database.transaction() as session:
        authorize(session, by, Permission.CHARGE_EQUIPMENT)
        asset = the_asset(session, asset_id)
        reasons = []
        if asset.held:
            reasons.append(f"{asset.tag} is held: {asset.held}. It goes to nobody for good.")
        if session.scalar(select(Rental.id).where(Rental.asset_id == asset_id, Rental.ended_on.is_(None))) is not None:
            reasons.append(f"{asset.tag} is rented from a vendor. It is not ours to sell.")
        if asset.state is AssetState.DUE_BACK:
            reasons.append(f"{asset.tag} is to be fetched. Cancel its pick-up ticket first.")
        refuse_if(reasons)
        do(session, asset, AssetDeed.SELL, by, at=at, note=why)


_ASSET = cast(Table, Asset.__table__)
_RESERVED = Prepared(
    select(_ASSET.c.id)
    .where(_ASSET.c.document == bindparam("document"), _ASSET.c.document_id == bindparam("number"))
    .where(_ASSET.c.state == AssetState.RESERVED)
)


def _taken_for(document: str, document_id: int | None) -> str:
    """How a booking ended that a document took over; by it the booking is found again when the document lets go."""
    return f"taken for {document} {document_id}"


def _booking_for(session: Session, asset: Asset, patient_id: int | None) -> AssetBooking:
    found = session.get_one(AssetBooking, asset.document_id, with_for_update=True)
    if patient_id is None or found.patient_id != patient_id:
        raise Refused(
            f"{asset.tag} is kept for another patient from {show_day(found.first_on)}. Take another one, or end that "
            "booking first."
        )
    return found
