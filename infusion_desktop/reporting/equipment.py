"""Reports on pumps and poles: everything done in their care, and how much each model is used."""

import json
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.tables import Staff
from infusion_desktop.dates import Days, local_day
from infusion_desktop.equipment.figures import Use
from infusion_desktop.equipment.tables import Asset, AssetEvent
from infusion_desktop.equipment.usage import by_model, use_rows
from infusion_desktop.equipment.words import AssetDeed
from infusion_desktop.reporting.report import Found
from infusion_desktop.stock.tables import Item
from reports.table_report import Column, Kind, Row

CARE = (
    AssetDeed.CLEAN, AssetDeed.PASS_CHECK, AssetDeed.FAIL_CHECK, AssetDeed.FINISH_MAINTENANCE,
    AssetDeed.SEND_TO_VENDOR, AssetDeed.RETURN_FROM_VENDOR, AssetDeed.QUARANTINE, AssetDeed.RELEASE,
)  # fmt: skip


def care_log(session: Session, period: Days) -> Found:
    """Cleanings, checks with their values, maintenance and repairs, in their order."""
    rows = session.execute(
        select(AssetEvent, Asset.tag, Asset.serial, Item.name, Staff.name)
        .join(Asset, Asset.id == AssetEvent.asset_id)
        .join(Item, Item.id == Asset.item_id)
        .join(Staff, Staff.id == AssetEvent.staff_id)
        .where(AssetEvent.deed.in_(CARE))
        .order_by(AssetEvent.effective_at, AssetEvent.id)
    )
    columns = (
        Column("Day", Kind.DAY), Column("Tag"), Column("Serial"), Column("Model"), Column("What was done"),
        Column("Measured, remarks"), Column("By"),
    )  # fmt: skip
    return Found(
        columns,
        tuple(
            (local_day(event.effective_at), tag, serial, model, event.deed.value, _remarks(event), by)
            for event, tag, serial, model, by in rows
            if local_day(event.effective_at) in period
        ),
    )


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


def _remarks(event: AssetEvent) -> str:
    measured = ", ".join(f"{name} {value}" for name, value in json.loads(event.measured).items())
    return "; ".join(filter(None, (measured, event.note)))
