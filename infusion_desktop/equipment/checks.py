"""The function check: measured values against the model's limits; outside one of them it goes to quarantine."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import local_day, now_utc
from infusion_desktop.equipment.rules import reasons_against_check
from infusion_desktop.equipment.tables import Asset, AssetModel
from infusion_desktop.equipment.transition import care, do, facts_of, the_asset
from infusion_desktop.equipment.words import AssetDeed, AssetId, AssetState
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.stock.places import place_id

_MEASURED = re.compile(r"[+-]?\d{1,9}(\.\d{1,6})?", re.ASCII)
PASSES = "pass"
"""The lowest and highest value of a thing that is tried, not measured, such as an alarm."""
_HOURS = re.compile(r"\d{1,7}", re.ASCII)


def start_check(database: Database, asset_id: AssetId, by: UserId, at: datetime | None = None) -> None:
    """It is on the test bench, nobody else takes it. Refused while a fault or maintenance stands against it."""
    with database.transaction() as session:
        authorize(session, by, Permission.CARE_FOR_EQUIPMENT)
        asset = the_asset(session, asset_id)
        refuse_if(reasons_against_check(facts_of(asset)))
        do(session, asset, AssetDeed.START_CHECK, by, at=at, checked_on=None, to_id=place_id(session, "SERVICE"))


def stop_check(database: Database, asset_id: AssetId, by: UserId, why: str, at: datetime | None = None) -> None:
    """The check could not be finished (the tester is broken): it waits, cleaned, for the next one."""
    if not why.strip():
        raise Refused("Say why the check was not finished.")
    care(database, asset_id, AssetDeed.STOP_CHECK, by, at, why)


def pass_check(
    database: Database,
    asset_id: AssetId,
    measured: Mapping[str, str],
    by: UserId,
    at: datetime | None = None,
    note: str = "",
    *,
    run_hours: int | None = None,
) -> AssetState:
    """The function check with its measured values; outside a limit it goes to quarantine. The state it leads to.

    ``run_hours`` is what its hour meter says, where it has one. Refused while a reported fault or maintenance that is
    asked for at each return stands against it.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.CARE_FOR_EQUIPMENT)
        asset = the_asset(session, asset_id)
        refuse_if(reasons_against_check(facts_of(asset)))
        failed = outside_limits(check_limits(session, asset.item_id), measured)
        hours = asset.run_hours if run_hours is None else read_meter(asset, run_hours)
        kept = dict(measured) if run_hours is None else {**measured, "Hour meter": str(run_hours)}
        on = local_day(at or now_utc())
        if failed:
            do(session, asset, AssetDeed.FAIL_CHECK, by, at=at, note="; ".join(failed), measured=kept, checked_on=None,
               run_hours=hours, to_id=place_id(session, "QUARANTINE"))  # fmt: skip
        else:
            do(session, asset, AssetDeed.PASS_CHECK, by, at=at, note=note, measured=kept, checked_on=on, lacks="",
               run_hours=hours, to_id=place_id(session, "MAIN"))  # fmt: skip
        return asset.state


def read_meter(asset: Asset, run_hours: int) -> int:
    """The hours of a meter, or Refused: a meter only goes forward."""
    if not 0 <= run_hours <= 9_999_999:
        raise Refused("Type the hours its meter shows, a whole number.")
    if run_hours < asset.run_hours:
        raise Refused(
            f"{asset.tag} had {asset.run_hours:,} hours on its meter before. Read the meter again; if it was replaced, "
            "send it for repair and note it there."
        )
    return run_hours


def read_hours(text: str) -> int | None:
    """Hours as typed; None when nothing was."""
    plain = text.strip().replace(",", "")
    if not plain:
        return None
    if not _HOURS.fullmatch(plain):
        raise Refused("Type the hours its meter shows, a whole number.")
    return int(plain)


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
        elif limit["lowest"] == PASSES:
            failed += [] if value.casefold() == PASSES else [f"{name} did not pass ({value[:20]})"]
        elif not _is_within(limit, value):
            failed.append(f"{name} is {value[:12]} {limit['unit']}, allowed {limit['lowest']} to {limit['highest']}")
    return failed


def _is_within(limit: Mapping[str, str], value: str) -> bool:
    is_number = _MEASURED.fullmatch(value) is not None
    return is_number and Decimal(limit["lowest"]) <= Decimal(value) <= Decimal(limit["highest"])
