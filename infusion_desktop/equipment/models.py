"""What all pumps or poles of one model share: maintenance, check limits, software, accessories, hand-over, value."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.equipment.checks import PASSES
from infusion_desktop.equipment.registering import model_of
from infusion_desktop.equipment.rules import is_behind
from infusion_desktop.equipment.tables import Asset, AssetModel
from infusion_desktop.equipment.words import AssetState
from infusion_desktop.errors import Refused, Stale, refuse_if
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import ItemId, ItemKind

_NUMBER = re.compile(r"[+-]?\d{1,9}(\.\d{1,6})?", re.ASCII)
MOST_LINES = 20
LONGEST = 60


@dataclass(frozen=True, slots=True)
class CheckLimit:
    """One value of the function check. ``lowest`` and ``highest`` both count; both "pass" for a thing that is tried."""

    name: str
    unit: str
    lowest: str
    highest: str

    @property
    def is_tried(self) -> bool:
        """Passed or failed, not measured."""
        return self.lowest == PASSES


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What may be set for a model. Days or hours of 0 mean that none are asked for."""

    maintenance_days: int
    maintenance_hours: int
    maintenance_at_return: bool
    hours_per_day: int
    limits: tuple[CheckLimit, ...]
    firmware: str = ""
    library: str = ""
    accessories: tuple[str, ...] = ()
    handover: tuple[str, ...] = ()
    replacement_value: Decimal = Decimal(0)
    daily_cost: Decimal = Decimal(0)
    life_months: int = 60


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A pump or pole of the catalogue, and how many of it there are. ``version`` 0: none was registered or set yet."""

    item_id: ItemId
    number: str
    name: str
    kind: ItemKind
    facts: ModelFacts
    assets: int
    behind: int
    """Of these, how many have another software or drug library than they should."""
    version: int


ALARMS = tuple(
    CheckLimit(name, "", PASSES, PASSES)
    for name in ("Air-in-line alarm", "Door-open alarm", "Low-battery alarm", "End-of-infusion alarm")
)
"""Alarms that a technician tries; an editable start, the maker's service manual belongs in its place."""


def edit_model(database: Database, item_id: ItemId, facts: ModelFacts, version: int, by: UserId) -> None:
    """Set what a model asks for; ``version`` is the one read, 0 for none. Due days stay until the next maintenance."""
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_EQUIPMENT_MODELS)
        item = session.get(Item, item_id)
        if item is None or not item.kind.is_equipment:
            raise Refused("Only pumps and poles of the catalogue have a model page.")
        refuse_if(_reasons_against(facts))
        if (session.scalar(select(AssetModel.version).where(AssetModel.item_id == item_id)) or 0) != version:
            raise Stale(f"Somebody else changed {item.name} meanwhile. Look at it again.")
        row = model_of(session, item)
        before = asdict(_facts(row))
        good = replace(facts, accessories=_lines(facts.accessories), handover=_lines(facts.handover))
        for name in ("maintenance_days", "maintenance_hours", "maintenance_at_return", "hours_per_day", "firmware",
                     "library", "replacement_value", "daily_cost", "life_months"):  # fmt: skip
            setattr(row, name, getattr(good, name))
        row.check_limits = json.dumps([asdict(limit) for limit in good.limits])
        row.accessories, row.handover = json.dumps(good.accessories), json.dumps(good.handover)
        session.flush()
        after = asdict(good)
        changed = [name for name in after if after[name] != before[name]]
        record(session, by, "edit", "asset model", row.id, before={name: before[name] for name in changed},
               after={"item": item.number, **{name: after[name] for name in changed}})  # fmt: skip


def model_rows(session: Session) -> tuple[ModelRow, ...]:
    """Every pump and pole of the catalogue that was not ended, or of which there still are some."""
    counts = (
        select(Asset.item_id, func.count().label("assets"))
        .where(Asset.state != AssetState.RETIRED)
        .group_by(Asset.item_id)
        .subquery()
    )
    versions: dict[int, list[tuple[str, str]]] = {}
    for item_id, firmware, library in session.execute(
        select(Asset.item_id, Asset.firmware, Asset.library).where(Asset.state != AssetState.RETIRED)
    ):
        versions.setdefault(item_id, []).append((firmware, library))
    rows = session.execute(
        select(Item, AssetModel, counts.c.assets)
        .outerjoin(AssetModel, AssetModel.item_id == Item.id)
        .outerjoin(counts, counts.c.item_id == Item.id)
        .where(Item.kind.in_((ItemKind.PUMP, ItemKind.POLE)), Item.ended_on.is_(None) | (counts.c.assets > 0))
        .order_by(Item.kind.desc(), Item.name)
    )
    found = []
    for item, model, assets in rows:
        facts = _facts(model) if model is not None else NO_MODEL
        behind = sum(is_behind(facts.firmware, has) or is_behind(facts.library, lib)
                     for has, lib in versions.get(item.id, ()))  # fmt: skip
        found.append(
            ModelRow(ItemId(item.id), item.number, item.name, item.kind, facts, assets or 0, behind,
                     model.version if model is not None else 0)
        )  # fmt: skip
    return tuple(found)


def model_facts(session: Session, item_id: int) -> ModelFacts:
    """What a model asks for."""
    row = session.scalar(select(AssetModel).where(AssetModel.item_id == item_id))
    return NO_MODEL if row is None else _facts(row)


NO_MODEL = ModelFacts(0, 0, False, 24, ())


def _facts(row: AssetModel) -> ModelFacts:
    return ModelFacts(
        row.maintenance_days, row.maintenance_hours, row.maintenance_at_return, row.hours_per_day,
        tuple(CheckLimit(each["name"], each["unit"], each["lowest"], each["highest"])
              for each in json.loads(row.check_limits)),
        row.firmware, row.library, tuple(json.loads(row.accessories)), tuple(json.loads(row.handover)),
        row.replacement_value, row.daily_cost, row.life_months,
    )  # fmt: skip


def _lines(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))


def _reasons_against(facts: ModelFacts) -> list[str]:
    reasons = []
    if not 0 <= facts.maintenance_days <= 3660 or not 0 <= facts.maintenance_hours <= 200_000:
        reasons.append("Maintenance is due after 0 to 3,660 days and 0 to 200,000 hours; 0 asks for none.")
    if not 1 <= facts.hours_per_day <= 24:
        reasons.append("It runs 1 to 24 hours a day. Correct the number.")
    if not 1 <= facts.life_months <= 600:
        reasons.append("Its price is spread over 1 to 600 months. Correct the number.")
    if facts.replacement_value < 0 or facts.daily_cost < 0:
        reasons.append("An amount is not below zero.")
    names = [limit.name.strip().casefold() for limit in facts.limits]
    if len(set(names)) != len(names) or "" in names:
        reasons.append("Each value of the check needs a name of its own.")
    for limit in facts.limits:
        if limit.is_tried:
            continue
        numbers = [text for text in (limit.lowest, limit.highest) if _NUMBER.fullmatch(text)]
        if len(numbers) != 2 or Decimal(limit.lowest) > Decimal(limit.highest):
            reasons.append(f"{limit.name}: type its lowest and highest value as numbers, such as -5 and 5.")
    for lines, what in ((facts.accessories, "accessories"), (facts.handover, "hand-over list")):
        if len(lines) > MOST_LINES or any(len(line) > LONGEST * 2 for line in lines):
            reasons.append(f"The {what} holds at most {MOST_LINES} lines of {LONGEST * 2} characters.")
    if any(len(text) > LONGEST for text in (facts.firmware, facts.library)):
        reasons.append(f"A version has at most {LONGEST} characters.")
    return reasons
