"""Cycle count plans: which shelves are due by the class of their items, and the sheet that counts them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import local_day, now_utc
from infusion_desktop.dates import today as this_day
from infusion_desktop.errors import Refused, Stale, refuse_if
from infusion_desktop.stock.counting.counts import open_in
from infusion_desktop.stock.rules import CountClass, due_on, risk_class, value_classes
from infusion_desktop.stock.tables import Balance, Count, CountLine, CountPlan, Item, Location, Lot, Move
from infusion_desktop.stock.words import (
    OUTSIDE,
    CountId,
    CountPlanId,
    CountState,
    ItemId,
    LocationId,
    LocationKind,
    LotId,
)

YEAR = timedelta(days=365)
_NOT_COUNTED = (LocationKind.PATIENT_HOME, LocationKind.TRANSIT, *OUTSIDE)


@dataclass(frozen=True, slots=True)
class Plan:
    """How often items are counted. With both ways of classing the stricter one holds.

    ``location_id`` limits it to a place and all places in it; ``most_lines`` is how long one sheet may get.
    """

    title: str
    a_days: int = 30
    b_days: int = 90
    c_days: int = 180
    by_value: bool = True
    by_risk: bool = True
    location_id: LocationId | None = None
    most_lines: int = 40


def checked(plan: Plan) -> Plan:
    """The plan as it is kept; Refused with every reason."""
    reasons = []
    if not plan.title.strip() or len(plan.title.strip()) > 60:
        reasons.append("Give the plan a name of at most 60 characters.")
    if not 1 <= plan.a_days <= plan.b_days <= plan.c_days <= 3650:
        reasons.append("A is counted at least as often as B, and B as often as C: days from 1 to 3650.")
    if not plan.by_value and not plan.by_risk:
        reasons.append("Class the items by value, by risk, or both.")
    if not 1 <= plan.most_lines <= 500:
        reasons.append("A sheet has 1 to 500 lines.")
    refuse_if(reasons)
    return Plan(plan.title.strip(), plan.a_days, plan.b_days, plan.c_days, plan.by_value, plan.by_risk,
                plan.location_id, plan.most_lines)  # fmt: skip


def add_plan(database: Database, plan: Plan, by: UserId) -> CountPlanId:
    """A new plan for cycle counts."""
    good = checked(plan)
    with database.transaction() as session:
        authorize(session, by, Permission.APPROVE_COUNT)
        if session.scalar(select(CountPlan.id).where(CountPlan.title == good.title)) is not None:
            raise Refused(f"There is a plan “{good.title}” already. Choose another name.")
        kept = CountPlan(**_values(good))
        session.add(kept)
        session.flush()
        record(session, by, "add count plan", "count plan", kept.id, after=_values(good))
        return CountPlanId(kept.id)


def change_plan(database: Database, plan_id: CountPlanId, plan: Plan, version: int, by: UserId) -> None:
    """Count otherwise from now on."""
    good = checked(plan)
    with database.transaction() as session:
        authorize(session, by, Permission.APPROVE_COUNT)
        kept = _plan(session, plan_id)
        if kept.version != version:
            raise Stale("Somebody else changed this plan meanwhile. Look at it again before you save.")
        other = select(CountPlan.id).where(CountPlan.title == good.title, CountPlan.id != plan_id)
        if session.scalar(other) is not None:
            raise Refused(f"There is a plan “{good.title}” already. Choose another name.")
        before = {name: getattr(kept, name) for name in _values(good)}
        for name, value in _values(good).items():
            setattr(kept, name, value)
        record(session, by, "change count plan", "count plan", plan_id, before=before, after=_values(good))


def end_plan(database: Database, plan_id: CountPlanId, by: UserId, on: date | None = None) -> None:
    """Count by this plan no longer; its counts stay."""
    with database.transaction() as session:
        authorize(session, by, Permission.APPROVE_COUNT)
        _plan(session, plan_id).ended_on = on or this_day()
        record(session, by, "end count plan", "count plan", plan_id)


def open_planned(database: Database, plan_id: CountPlanId, by: UserId, at: datetime | None = None) -> CountId:
    """The sheet of what is due by a plan, the longest overdue first; refused when nothing is due."""
    now = at or now_utc()
    with database.transaction() as session:
        authorize(session, by, Permission.COUNT)
        plan = _plan(session, plan_id)
        lines = [(lot, shelf.location_id) for shelf in _first_due(session, plan, local_day(now)) for lot in shelf.lots]
        if not lines:
            raise Refused(f"Nothing is due by “{plan.title}” today.")
        return open_in(session, plan.title, lines, by, at, plan_id)


def _first_due(session: Session, plan: CountPlan, today: date) -> list["Shelf"]:
    """The shelves of the next sheet: whole shelves, the longest overdue first; at least one, however many lots."""
    due = [shelf for shelf in shelves(session, plan, today) if shelf.due_on <= today and not shelf.is_on_sheet]
    chosen: list[Shelf] = []
    lines = 0
    for shelf in due:
        if chosen and lines + len(shelf.lots) > plan.most_lines:
            break
        chosen.append(shelf)
        lines += len(shelf.lots)
    return chosen


def _values(plan: Plan) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in Plan.__dataclass_fields__}


def _plan(session: Session, plan_id: CountPlanId) -> CountPlan:
    found = session.get(CountPlan, plan_id)
    if found is None or found.ended_on is not None:
        raise Refused("There is no such count plan any more. Choose another one.")
    return found


@dataclass(frozen=True, slots=True)
class Shelf:
    """An item in a place: its class, when it was last counted there, and when it is due again."""

    item_id: ItemId
    item_number: str
    item_name: str
    location_id: LocationId
    place: str
    kind: CountClass
    last_counted: date | None
    due_on: date
    lots: tuple[LotId, ...]
    is_on_sheet: bool
    """It stands on a sheet that is open now."""


def shelves(session: Session, plan: CountPlan, today: date) -> tuple[Shelf, ...]:
    """Every shelf a plan counts, the most overdue first."""
    places = _places(session, plan.location_id)
    days = {CountClass.A: plan.a_days, CountClass.B: plan.b_days, CountClass.C: plan.c_days}
    classes = item_classes(session, today, by_value=plan.by_value, by_risk=plan.by_risk)
    counted, open_now = _last_counted(session), _on_open_sheets(session)
    lots: dict[tuple[int, int], list[LotId]] = {}
    for item, place, lot in session.execute(
        select(Balance.item_id, Balance.location_id, Balance.lot_id)
        .where(Balance.on_hand > 0, Balance.location_id.in_(places))
        .order_by(Balance.expires_on, Balance.lot_id)
    ):
        lots.setdefault((item, place), []).append(LotId(lot))
    names = {row.id: row for row in session.execute(select(Item.id, Item.number, Item.name))}
    found = []
    for (item, place), there in lots.items():
        kind, last = classes[ItemId(item)], counted.get((item, place))
        found.append(
            Shelf(
                ItemId(item), names[item].number, names[item].name, LocationId(place), places[place], kind, last,
                due_on(last, days[kind], today), tuple(there), (item, place) in open_now,
            )
        )  # fmt: skip
    order = {code: number for number, code in enumerate(places.values())}
    return tuple(sorted(found, key=lambda each: (each.due_on, each.kind, order[each.place], each.item_name)))


def _places(session: Session, root: int | None) -> dict[int, str]:
    """Our places (or those in one of them, itself included) in walking order."""
    rows = session.execute(
        select(Location.id, Location.parent_id, Location.code)
        .where(Location.kind.not_in(_NOT_COUNTED), Location.ended_on.is_(None))
        .order_by(Location.pick_order, Location.code)
    ).all()
    if root is None:
        return {row.id: row.code for row in rows}
    inside = {root}
    while more := {row.id for row in rows if row.parent_id in inside} - inside:
        inside |= more
    return {row.id: row.code for row in rows if row.id in inside}


def item_classes(
    session: Session, today: date, *, by_value: bool = True, by_risk: bool = True
) -> dict[ItemId, CountClass]:
    """The class of every item: by what was used of it within a year, by risk, or the stricter of both."""
    items = session.execute(select(Item.id, Item.kind, Item.storage, Item.hazardous, Item.unit_cost)).all()
    used = dict.fromkeys((row.id for row in items), Decimal(0))
    if by_value:
        used.update(_used_value(session, today))
    values = value_classes(used)
    found = {}
    for row in items:
        kinds: list[CountClass] = [values[row.id]] if by_value else []
        if by_risk:
            kinds.append(risk_class(row.kind, row.storage, row.hazardous, row.unit_cost))
        found[ItemId(row.id)] = min(kinds)
    return found


def _used_value(session: Session, today: date) -> Iterable[tuple[int, Decimal]]:
    """Dollars of each item that left our places within the last year, at the catalogue's cost."""
    since = now_utc() - YEAR if today == this_day() else None
    target = select(Location.id).where(Location.kind.in_((LocationKind.TRANSIT, LocationKind.USED)))
    query = (
        select(Lot.item_id, func.sum(Move.quantity), Item.unit_cost)
        .join(Lot, Lot.id == Move.lot_id)
        .join(Item, Item.id == Lot.item_id)
        .where(Move.to_id.in_(target))
        .group_by(Lot.item_id, Item.unit_cost)
    )
    if since is not None:
        query = query.where(Move.effective_at >= since)
    return [(item, int(units) * cost) for item, units, cost in session.execute(query)]


def _last_counted(session: Session) -> dict[tuple[int, int], date]:
    rows = session.execute(
        select(Lot.item_id, CountLine.location_id, func.max(CountLine.counted_at))
        .join(Lot, Lot.id == CountLine.lot_id)
        .join(Count, Count.id == CountLine.count_id)
        .where(Count.state == CountState.POSTED)
        .group_by(Lot.item_id, CountLine.location_id)
    )
    return {(item, place): local_day(at) for item, place, at in rows if at is not None}


def _on_open_sheets(session: Session) -> set[tuple[int, int]]:
    rows = session.execute(
        select(Lot.item_id, CountLine.location_id)
        .join(Lot, Lot.id == CountLine.lot_id)
        .join(Count, Count.id == CountLine.count_id)
        .where(Count.state.in_((CountState.OPEN, CountState.COUNTED)))
        .distinct()
    )
    return {(item, place) for item, place in rows}


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan in the list of plans, with what is due by it."""

    id: CountPlanId
    version: int
    plan: Plan
    place: str
    shelves: int
    due: int
    overdue: int
    """Due since a week or longer."""
    by_class: tuple[tuple[CountClass, int], ...]


def plan_rows(session: Session, today: date) -> tuple[PlanRow, ...]:
    """The plans that hold, with how much of each is due."""
    kept = session.scalars(select(CountPlan).where(CountPlan.ended_on.is_(None)).order_by(CountPlan.title)).all()
    return tuple(_plan_row(session, each, shelves(session, each, today), today) for each in kept)


def _plan_row(session: Session, kept: CountPlan, found: Sequence[Shelf], today: date) -> PlanRow:
    place = "" if kept.location_id is None else session.get_one(Location, kept.location_id).name
    due = [shelf for shelf in found if shelf.due_on <= today]
    location = None if kept.location_id is None else LocationId(kept.location_id)
    plan = Plan(kept.title, kept.a_days, kept.b_days, kept.c_days, kept.by_value, kept.by_risk, location,
                kept.most_lines)  # fmt: skip
    return PlanRow(
        CountPlanId(kept.id), kept.version, plan, place, len(found), len(due),
        sum(shelf.last_counted is not None and (today - shelf.due_on).days >= 7 for shelf in due),
        tuple((kind, sum(shelf.kind is kind for shelf in found)) for kind in CountClass),
    )  # fmt: skip


def plan_shelves(session: Session, plan_id: CountPlanId, today: date) -> tuple[Shelf, ...]:
    """Every shelf of a plan, the most overdue first."""
    return shelves(session, _plan(session, plan_id), today)
