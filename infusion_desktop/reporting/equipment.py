"""Reports on pumps and poles: everything done in their care, and how much each model is used."""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

from sqlalchemy import Text, select, type_coerce
from sqlalchemy.orm import Session

from infusion_desktop.access.tables import Staff
from infusion_desktop.database.local_days import KeptDays, local_day_of
from infusion_desktop.dates import Days, local_day
from infusion_desktop.equipment.figures import Use
from infusion_desktop.equipment.tables import Asset, AssetEvent, AssetModel
from infusion_desktop.equipment.usage import by_model, use_rows
from infusion_desktop.equipment.words import AssetDeed, AssetState
from infusion_desktop.money import percent
from infusion_desktop.reporting.report import Found, instants
from infusion_desktop.reporting.upkeep_rules import upkeep
from infusion_desktop.stock.tables import Item
from reports.table_report import Column, Kind, Row

CARE = (
    AssetDeed.CLEAN, AssetDeed.PASS_CHECK, AssetDeed.FAIL_CHECK, AssetDeed.FINISH_MAINTENANCE,
    AssetDeed.SEND_TO_VENDOR, AssetDeed.RETURN_FROM_VENDOR, AssetDeed.QUARANTINE, AssetDeed.RELEASE,
)  # fmt: skip


def care_log(session: Session, period: Days) -> Found:
    """Cleanings, checks with their values, maintenance and repairs, in their order."""
    start, end = instants(period)
    rows = session.connection().execute(
        select(type_coerce(local_day_of(session, AssetEvent.effective_at, period), Text), Asset.tag, Asset.serial,
               Item.name, type_coerce(AssetEvent.deed, Text), AssetEvent.measured, AssetEvent.note, Staff.name)
        .join(Asset, Asset.id == AssetEvent.asset_id)
        .join(Item, Item.id == Asset.item_id)
        .join(Staff, Staff.id == AssetEvent.staff_id)
        .where(AssetEvent.deed.in_(CARE), AssetEvent.effective_at >= start, AssetEvent.effective_at < end)
        .order_by(AssetEvent.effective_at, AssetEvent.id)
    )  # fmt: skip
    days = KeptDays()
    columns = (
        Column("Day", Kind.DAY), Column("Tag"), Column("Serial"), Column("Model"), Column("What was done"),
        Column("Measured, remarks"), Column("By"),
    )  # fmt: skip
    found = rows.all()
    if not found:
        return Found(columns, ())
    on, tags, serials, models, deeds, measured, notes, by = zip(*found, strict=True)
    remarks = map(_remarks, measured, notes)
    return Found(columns, tuple(zip([days[day] for day in on], tags, serials, models, deeds, remarks, by, strict=True)))


def use(session: Session, period: Days) -> Found:
    """How the days of the period were spent, by model, and what a day with a patient costs."""
    columns = (
        Column("Model"), Column("How many", Kind.NUMBER), Column("In use", Kind.PERCENT),
        Column("Days out", Kind.NUMBER), Column("Idle", Kind.NUMBER), Column("In service", Kind.NUMBER),
        Column("Cost", Kind.MONEY), Column("A day in use", Kind.MONEY),
    )  # fmt: skip
    models = by_model(use_rows(session, period))
    return Found(
        columns,
        tuple(_row(row.item_name, row.count, row.use) for row in models),
        _row("All", sum(row.count for row in models), _all(row.use for row in models)) if models else None,
    )


def _row(name: str, count: int, use: Use) -> Row:
    return (name, count, use.percent, use.out, use.idle, use.in_service, use.cost, use.cost_per_day)


def _all(uses: Iterable[Use]) -> Use:
    total = Use()
    for each in uses:
        total.add(each)
    return total


def _remarks(measured: str, note: str) -> str:
    if measured == "{}":
        return note
    told = ", ".join(f"{name} {value}" for name, value in json.loads(measured).items())
    return "; ".join(filter(None, (told, note)))


def use_by_asset(session: Session, period: Days) -> Found:
    """Each pump and pole: its days out, idle and in service; the idlest first, with since when it stands ready."""
    columns = (
        Column("Tag"), Column("Model"), Column("In use", Kind.PERCENT), Column("Days out", Kind.NUMBER),
        Column("Idle", Kind.NUMBER), Column("In service", Kind.NUMBER), Column("Idle since", Kind.DAY),
        Column("Cost", Kind.MONEY),
    )  # fmt: skip
    rows = sorted(use_rows(session, period), key=lambda row: (-row.use.idle, row.tag))
    if not rows:
        return Found(columns, ())
    total = _all(row.use for row in rows)
    return Found(
        columns,
        tuple((row.tag, row.item_name, row.use.percent, row.use.out, row.use.idle, row.use.in_service, row.idle_since,
               row.use.cost) for row in rows),
        (None, None, total.percent, total.out, total.idle, total.in_service, None, total.cost),
    )  # fmt: skip


def maintenance(session: Session, period: Days) -> Found:
    """Preventive maintenance that fell due in the period, by model: done by its day, late, or still open."""
    done: dict[int, list[date]] = defaultdict(list)
    first_seen: dict[int, date] = {}
    for asset_id, deed, at in session.execute(
        select(AssetEvent.asset_id, AssetEvent.deed, AssetEvent.effective_at)
        .where(AssetEvent.deed.in_((AssetDeed.FINISH_MAINTENANCE, AssetDeed.REGISTER)))
        .order_by(AssetEvent.effective_at)
    ):
        if deed is AssetDeed.FINISH_MAINTENANCE:
            done[asset_id].append(local_day(at))
        else:
            first_seen.setdefault(asset_id, local_day(at))
    sums: dict[str, list[int]] = defaultdict(lambda: [0] * 4)
    for asset, item, days in session.execute(
        select(Asset, Item.name, AssetModel.maintenance_days)
        .join(Item, Item.id == Asset.item_id)
        .join(AssetModel, AssetModel.item_id == Asset.item_id)
        .where(AssetModel.maintenance_days > 0, Asset.state.not_in((AssetState.RETIRED, AssetState.LOST)))
    ):
        registered = first_seen.get(asset.id)
        begins = asset.maintenance_due_on if not done[asset.id] else (
            None if registered is None else registered + timedelta(days=days)
        )  # fmt: skip
        seen = upkeep(done[asset.id], days, begins, period)
        facts = (1, seen.in_time, seen.late, seen.open)
        sums[item] = [old + new for old, new in zip(sums[item], facts, strict=True)]
    columns = (
        Column("Model"), Column("Pumps", Kind.NUMBER), Column("Fell due", Kind.NUMBER), Column("In time", Kind.NUMBER),
        Column("Late", Kind.NUMBER), Column("Still open", Kind.NUMBER), Column("In time of all", Kind.PERCENT),
    )  # fmt: skip
    if not sums:
        return Found(columns, ())
    total = [sum(kept[place] for kept in sums.values()) for place in range(4)]
    return Found(columns, tuple(_kept_up(name, sums[name]) for name in sorted(sums)), _kept_up("All", total))


def _kept_up(name: str, kept: list[int]) -> Row:
    pumps, in_time, late, still_open = kept
    due = in_time + late + still_open
    return (name, pumps, due, in_time, late, still_open, percent(in_time, due) if due else None)
