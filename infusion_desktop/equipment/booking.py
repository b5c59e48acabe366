"""Keeping a patient-ready pump or pole on the shelf for a patient whose therapy begins on a future day."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, show_day, today
from infusion_desktop.equipment.custody import warnings_against
from infusion_desktop.equipment.rules import why_not_ready
from infusion_desktop.equipment.tables import AssetBooking
from infusion_desktop.equipment.transition import BOOKING, do, facts_of, the_asset
from infusion_desktop.equipment.words import AssetDeed, AssetId, BookingId
from infusion_desktop.errors import Refused, Stale, refuse_if, warn_unless
from infusion_desktop.stock.places import place_id


@dataclass(frozen=True, slots=True)
class NewBooking:
    """For whom and when; ``last_on`` is the last day it is needed, None where that is open."""

    patient_id: int
    first_on: date
    last_on: date | None = None
    note: str = ""


def book(database: Database, asset_id: AssetId, new: NewBooking, by: UserId, override: str = "") -> BookingId:
    """Reserve it for a future day: it stays on the shelf, and only that patient's delivery may take it.

    Warned where maintenance, or the end of its rental, falls before its last day (the first, where that is open).
    """
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        asset = the_asset(session, asset_id)
        through = new.last_on or new.first_on
        reasons = list(why_not_ready(facts_of(asset), through))
        if new.first_on < today():
            reasons.append("A booking is for today or later. Choose another first day.")
        if new.last_on is not None and new.last_on < new.first_on:
            reasons.append("The booking's last day lies before its first. Correct one of them.")
        refuse_if(reasons)
        warnings = warnings_against(session, asset, through)
        if warnings:
            warn_unless(override, warnings)
            authorize(session, by, Permission.OVERRIDE_EQUIPMENT)
        booking = AssetBooking(
            asset_id=asset.id, patient_id=new.patient_id, first_on=new.first_on, last_on=new.last_on,
            note=new.note.strip(), made_at=now_utc(), staff_id=by,
        )  # fmt: skip
        session.add(booking)
        session.flush()
        said = f"kept from {show_day(new.first_on)}" + (f" until {show_day(new.last_on)}" if new.last_on else "")
        do(session, asset, AssetDeed.RESERVE, by, document=BOOKING, document_id=booking.id, note=override or said,
           to_id=place_id(session, "MAIN"))  # fmt: skip
        record(session, by, "book", "asset", asset.id, patient_id=new.patient_id,
               after={"first_on": new.first_on, "last_on": new.last_on}, reason=override)  # fmt: skip
        return BookingId(booking.id)


def end_booking(database: Database, booking_id: BookingId, why: str, by: UserId) -> None:
    """It is not needed after all: the pump is free for others again."""
    if not why.strip():
        raise Refused("Say why the booking ends.")
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        asset_id = session.scalar(select(AssetBooking.asset_id).where(AssetBooking.id == booking_id))
        if asset_id is None:
            raise Refused("This booking is not known. Look at the pump again.")
        asset = the_asset(session, AssetId(asset_id))
        booking = session.get_one(AssetBooking, booking_id)
        if booking.ended_at is not None:
            raise Stale(f"This booking of {asset.tag} ended meanwhile: {booking.ended_how}.")
        booking.ended_at, booking.ended_how = now_utc(), why.strip()
        do(session, asset, AssetDeed.LET_GO, by, document="", document_id=None, note=why)
        record(session, by, "end booking", "asset", asset.id, patient_id=booking.patient_id, reason=why)
