"""How much each model and each pump is used, and what a day in use costs; asked of the events."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Text, func, select, type_coerce
from sqlalchemy.orm import Session

from infusion_desktop.database.local_days import KeptDays, local_day_of, start_of
from infusion_desktop.dates import Days, local_day, today
from infusion_desktop.equipment.figures import Spent, Use, rental_cost, spent, wear
from infusion_desktop.equipment.tables import Asset, AssetEvent, AssetModel, Rental
from infusion_desktop.equipment.words import AssetDeed, AssetId
from infusion_desktop.money import read_amount
from infusion_desktop.stock.tables import Item


@dataclass(frozen=True, slots=True)
class UseRow:
    """A pump's days of a period, and what they cost. ``idle_since`` where it stands ready and unused today."""

    asset_id: AssetId
    tag: str
    item_number: str
    item_name: str
    owner: str
    use: Use
    idle_since: date | None


@dataclass(frozen=True, slots=True)
class ModelUse:
    """All pumps of a model together."""

    item_number: str
    item_name: str
    count: int
    use: Use


def by_model(rows: Iterable[UseRow]) -> tuple[ModelUse, ...]:
    """The rows of pumps added up by their model, the most days with patients first."""
    together: dict[str, tuple[str, int, Use]] = {}
    for row in rows:
        name, count, use = together.get(row.item_number, (row.item_name, 0, Use()))
        use.add(row.use)
        together[row.item_number] = (name, count + 1, use)
    found = [ModelUse(number, *facts) for number, facts in together.items()]
    return tuple(sorted(found, key=lambda row: (-row.use.out, row.item_name)))


def use_rows(session: Session, period: Days) -> tuple[UseRow, ...]:
    """Every pump and pole that was here on a day of the period."""
    told = _spent(session, period)
    repairs, rents = _repairs(session, period), _rents(session, period)
    lives = dict(session.execute(select(AssetModel.item_id, AssetModel.life_months)).all())
    daily = dict(session.execute(select(AssetModel.item_id, AssetModel.daily_cost)).all())
    found = []
    assets = session.connection().execute(
        select(Asset.id, Asset.tag, Asset.owner, Asset.item_id, Asset.cost, Asset.acquired_on, Item.number, Item.name)
        .join(Item, Item.id == Asset.item_id)
        .order_by(Asset.tag)
    )
    for asset in assets:
        if asset.id not in told or not told[asset.id].use.ours:
            continue
        use, idle_since = told[asset.id]
        own = daily.get(asset.item_id, Decimal(0)) * use.ours
        spread = own or (Decimal(0) if asset.id in rents else
                         wear(asset.cost, lives.get(asset.item_id, 60), asset.acquired_on, period))  # fmt: skip
        use.cost = spread + repairs.get(asset.id, Decimal(0)) + rents.get(asset.id, Decimal(0))
        found.append(UseRow(AssetId(asset.id), asset.tag, asset.number, asset.name, asset.owner, use, idle_since))
    return tuple(found)


def _spent(session: Session, period: Days) -> dict[int, Spent]:
    """By the events that a period begins with and those since; what lies before does not matter to it."""
    begins = start_of(period.first)
    day = local_day_of(session, AssetEvent.effective_at, Days(period.first, max(period.last, today())))
    standing = (
        select(AssetEvent.asset_id, func.max(AssetEvent.id).label("id"))
        .where(AssetEvent.effective_at < begins)
        .group_by(AssetEvent.asset_id)
        .subquery()
    )
    events = (
        session.connection()
        .execute(
            select(AssetEvent.asset_id, type_coerce(day, Text), type_coerce(AssetEvent.to_state, Text))
            .outerjoin(standing, standing.c.asset_id == AssetEvent.asset_id)
            .where(AssetEvent.id >= func.coalesce(standing.c.id, 0))
            .order_by(AssetEvent.asset_id.desc(), AssetEvent.id.desc())
        )
        .all()
    )
    if not events:
        return {}
    assets, on, states = zip(*events, strict=True)
    days = KeptDays()
    ordinals = {each: days[each].toordinal() for each in set(on)}
    return spent(zip(assets, map(ordinals.__getitem__, on), states, strict=True), period)


def _repairs(session: Session, period: Days) -> dict[int, Decimal]:
    found: dict[int, Decimal] = defaultdict(Decimal)
    rows = session.execute(
        select(AssetEvent.asset_id, AssetEvent.effective_at, AssetEvent.measured).where(
            AssetEvent.deed == AssetDeed.RETURN_FROM_VENDOR, AssetEvent.measured != "{}"
        )
    )
    for asset_id, at, measured in rows:
        cost = json.loads(measured).get("Repair cost", "")
        if cost and local_day(at) in period:
            found[asset_id] += read_amount(cost)
    return found


def _rents(session: Session, period: Days) -> dict[int, Decimal]:
    """The rent of the days that lie in the period: what it had cost at its end, less what it had cost before."""
    found: dict[int, Decimal] = defaultdict(Decimal)
    for row in session.scalars(select(Rental)):
        last = min(row.ended_on or period.last, period.last)
        before = rental_cost(row.rate, row.per, row.starts_on, min(last, period.first.fromordinal(
            period.first.toordinal() - 1)))  # fmt: skip
        found[row.asset_id] += rental_cost(row.rate, row.per, row.starts_on, last) - before
    return found
