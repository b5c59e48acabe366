"""Filling the papers of equipment that name no patient: the life log, the morning's list, the sheet of deed codes."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.pharmacy import profile
from infusion_desktop.access.roles import UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.dates import local_day
from infusion_desktop.equipment.due import DueKind, due_list
from infusion_desktop.equipment.models import CheckLimit, ModelFacts, model_facts
from infusion_desktop.equipment.queries import EventRow, history
from infusion_desktop.equipment.tables import Asset
from infusion_desktop.equipment.words import AssetDeed, AssetId
from infusion_desktop.errors import Refused
from infusion_desktop.identifiers import show_phone, show_zip
from infusion_desktop.stock.scanning.scan_values import ScanKind
from infusion_desktop.stock.scanning.scans import own_code
from infusion_desktop.stock.tables import Item, Location
from reports import asset_log, deed_sheet, equipment_due, labels
from reports.paper import Letterhead, Printed

_CHECKS = (AssetDeed.PASS_CHECK, AssetDeed.FAIL_CHECK)


def asset_labels(session: Session, assets: Sequence[AssetId]) -> tuple[labels.Label, ...]:
    """A label for each pump or pole that has no code of ours, or a worn one."""
    kept = profile(session)
    rows = session.execute(
        select(Asset.id, Asset.tag, Asset.serial, Item.name).join(Item, Item.id == Asset.item_id).where(
            Asset.id.in_(assets))
    )  # fmt: skip
    by_id = {row.id: row for row in rows}
    owner = kept.name if kept is not None else ""
    return tuple(
        labels.asset_label(by_id[each].tag, by_id[each].name, by_id[each].serial, owner) for each in assets
        if each in by_id
    )  # fmt: skip


def life_log(session: Session, asset_id: AssetId, by: UserId, now: datetime) -> bytes:
    """Everything that ever happened to a pump or pole, for a surveyor. Homes are named by their number only."""
    row = session.execute(
        select(Asset, Item, Location.name)
        .join(Item, Item.id == Asset.item_id)
        .join(Location, Location.id == Asset.location_id)
        .where(Asset.id == asset_id)
    ).one_or_none()
    if row is None:
        raise Refused("There is no such pump or pole.")
    asset, item, place = row
    events = history(session, asset_id)[::-1]
    facts = model_facts(session, item.id)
    measures = _measures(facts, events)
    return asset_log.render(
        asset_log.AssetLog(
            head(session), stamp(session, by, now), asset.tag, asset.serial, f"{item.name} ({item.number})",
            item.manufacturer, asset.state.value, place, asset.owner, asset.acquired_on, asset.firmware, asset.library,
            asset.run_hours, asset.checked_on, asset.maintenance_due_on, maintenance_rule(facts),
            tuple(show_limit(limit) for limit in facts.limits), facts.accessories, measures,
            tuple(
                asset_log.CheckEntry(
                    event.at.astimezone(), event.deed is AssetDeed.PASS_CHECK, event.by,
                    tuple(event.measured.get(name, "") for name in measures), event.note,
                )
                for event in events if event.deed in _CHECKS
            ),
            tuple(_entry(event) for event in events),
            tuple(filter(None, (
                f"Held: {asset.held}" if asset.held else "", f"Reported fault: {asset.fault}" if asset.fault else "",
                f"Missing: {asset.lacks}" if asset.lacks else "",
                "Maintenance asked for since its return" if asset.maintenance_owed else "",
            ))),
        )
    )  # fmt: skip


def morning_list(session: Session, today: date, by: UserId, now: datetime) -> bytes:
    """What the technician does this morning, by kind of work."""
    due = due_list(session, today)
    groups = tuple(
        equipment_due.DueGroup(
            kind.value,
            tuple(
                equipment_due.DueLine(
                    each.tag, each.serial, each.item_name, each.place, each.what, each.on,
                    each.on is not None and each.on < today,
                )
                for each in due if each.kind is kind
            ),
        )
        for kind in DueKind
    )  # fmt: skip
    return equipment_due.render(equipment_due.DueList(head(session), stamp(session, by, now), today, groups))


def deed_codes(session: Session, deeds: Sequence[tuple[AssetDeed, str, str]], by: UserId, now: datetime) -> bytes:
    """The sheet of codes for these deeds, each with its title and a sentence."""
    codes = tuple(deed_sheet.DeedCode(title, deed_code(deed), said) for deed, title, said in deeds)
    return deed_sheet.render(deed_sheet.DeedSheet(head(session), stamp(session, by, now), codes))


def deed_code(deed: AssetDeed) -> str:
    """The text of the code that asks for a deed, such as DEED:CLEAN."""
    return own_code(ScanKind.DEED, deed.name)


def head(session: Session) -> Letterhead:
    """The pharmacy as its papers show it."""
    kept = profile(session)
    if kept is None:
        return Letterhead("Pharmacy without a profile")
    street = tuple(line for line in (kept.street, kept.street_2) if line)
    lines = (*street, f"{kept.city}, {kept.state} {show_zip(kept.zip)}")
    return Letterhead(kept.name, lines, show_phone(kept.phone), show_phone(kept.fax), kept.npi)


def stamp(session: Session, by: UserId, now: datetime) -> Printed:
    """When and by whom it is printed."""
    return Printed(now.astimezone(), session.scalar(select(Staff.name).where(Staff.id == by)) or "")


def maintenance_rule(facts: ModelFacts) -> str:
    """When a model's maintenance is due, as one line."""
    parts = [
        f"every {facts.maintenance_days:,} days" if facts.maintenance_days else "",
        f"every {facts.maintenance_hours:,} hours" if facts.maintenance_hours else "",
        "at each return" if facts.maintenance_at_return else "",
    ]
    return ", ".join(filter(None, parts)) or "none asked for"


def show_limit(limit: CheckLimit) -> str:
    """A value of the check and what it may be."""
    return (
        f"{limit.name}: passes" if limit.is_tried else f"{limit.name}: {limit.lowest} to {limit.highest} {limit.unit}"
    )


def _measures(facts: ModelFacts, events: Sequence[EventRow]) -> tuple[str, ...]:
    """The columns of the checks: what is measured today, then what was measured earlier."""
    names = dict.fromkeys(limit.name for limit in facts.limits)
    for event in events:
        if event.deed in _CHECKS:
            names |= dict.fromkeys(event.measured)
    return tuple(names)


def _entry(event: EventRow) -> asset_log.LogEntry:
    measured = (
        ", ".join(f"{name} {value}" for name, value in event.measured.items()) if event.deed not in _CHECKS else ""
    )
    late = event.recorded_at if local_day(event.recorded_at) != local_day(event.at) else None
    return asset_log.LogEntry(
        event.at.astimezone(), event.deed.value.capitalize(), event.state.value, event.place, event.by, event.document,
        "; ".join(filter(None, (event.note, measured))), late.astimezone() if late else None,
    )  # fmt: skip
