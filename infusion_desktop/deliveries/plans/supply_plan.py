"""The supply plan: what a patient's therapies need together in a period, item by item and day by day, and its cost."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import ONE_DAY, Days, runs_of, show_days
from infusion_desktop.deliveries.calls.lasting import left_at_home, supplied_through, supply_ends_on
from infusion_desktop.deliveries.calls.refill_calls import (
    CallRow,
    calls_of,
    counted_on_call,
    newest_reached,
)
from infusion_desktop.deliveries.calls.refill_rules_kept import Asked, reasons_to_hold, rule_for
from infusion_desktop.deliveries.care_words import RefillCallId
from infusion_desktop.deliveries.kits import templates as kits
from infusion_desktop.deliveries.kits.home_counts import by_books
from infusion_desktop.deliveries.kits.kit_needs import (
    GONE,
    Facts,
    Supplied,
    best_template,
    facts_of,
    is_first,
    supplied,
    used_until,
    uses_of,
)
from infusion_desktop.deliveries.kits.supply_rules import DayNeed, Use, day_by_day, needs, short_on
from infusion_desktop.deliveries.plans.planning import Visit, plan_in, supplied_already
from infusion_desktop.deliveries.plans.still_owed import OwedRow, still_owed
from infusion_desktop.deliveries.rules import RefillRule
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.money import to_cents
from infusion_desktop.patients.order_versions import versions_of
from infusion_desktop.patients.queries import TherapyCalendar, therapy_calendars
from infusion_desktop.patients.tables import Patient
from infusion_desktop.patients.words import PatientId, TherapyId
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import ItemId, ItemKind

USUAL_DAYS = 7
AHEAD_DAYS = 60
"""Orders that begin within these days are offered for a supply."""


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """An item of the plan; ``days`` is what each day takes and leaves when nothing is sent."""

    item_id: ItemId
    number: str
    name: str
    unit: str
    needed: int
    at_home: int
    to_send: int
    cost: Decimal
    is_drug: bool
    """Drugs are paid beside the per diem; the rest is what the per diem has to cover."""
    why: str
    short_on: date | None
    """The first day it would run out without this supply."""
    days: tuple[DayNeed, ...]


@dataclass(frozen=True, slots=True)
class PlannedTherapy:
    """A therapy the plan is for, with the kit it follows ("" where none fits, or it does not run in the period)."""

    therapy_id: TherapyId
    drug: str
    kit: str


@dataclass(frozen=True, slots=True)
class SupplyPlan:
    """What goes for a period, for all therapies chosen together."""

    period: Days
    therapies: tuple[PlannedTherapy, ...]
    items: tuple[PlannedItem, ...]
    days_at_home: int
    held: tuple[str, ...]
    """Why the payer's refill rule would hold it."""
    covered: tuple[str, ...] = ()
    """Which days other deliveries supply already, and what is left to plan."""

    @property
    def supplies_cost(self) -> Decimal:
        """What the supplies that go cost the pharmacy: what the per diem has to cover."""
        return sum((item.cost for item in self.items if not item.is_drug), Decimal(0))

    @property
    def drugs_cost(self) -> Decimal:
        """What the drugs that go cost; they are paid beside the per diem."""
        return sum((item.cost for item in self.items if item.is_drug), Decimal(0))


def supply_plan(
    session: Session,
    patient_id: PatientId,
    therapies: Collection[TherapyId],
    period: Days,
    counts: Mapping[ItemId, int],
    counted_on: date,
    *,
    arrives_on: date | None = None,
    call_id: RefillCallId | None = None,
) -> SupplyPlan:
    """What the therapies need in a period, less what was counted at home and is not used up by then.

    Supplies they share are needed once; therapies not named, whose deliveries supply these days already, share too.
    """
    facts = facts_of(session, patient_id)
    history = supplied(session, patient_id, period)
    calendars = therapy_calendars(session, period, patient_id)
    chosen = [each for each in calendars if each.therapy_id in therapies]
    rest = {each.therapy_id: not_supplied(each.therapy_id, period, history) for each in chosen}
    uses = [
        use
        for each in chosen
        if (open_days := rest[each.therapy_id]) is not None
        for use in uses_of(session, each, open_days, facts, first=is_first(session, each, history))
    ]
    running = {each.therapy_id: each for each in calendars}
    others: list[Use] = []
    for place, had in enumerate(history):
        other = running.get(had.therapy_id)
        if other is not None and had.template_id is not None and had.period.overlap(period):
            was_first = is_first(session, other, history[:place])
            others += uses_of(session, other, had.period, facts, first=was_first, template_id=had.template_id)
    before: list[Use] = []
    if counts and counted_on < period.first:
        before = used_until(session, patient_id, Days(counted_on, period.first - ONE_DAY), facts)
    found = needs(uses, counts, before=before, others=others, begins_on=period.first)
    items = {row.id: row for row in session.scalars(select(Item).where(Item.id.in_([each.item for each in found])))}
    by_item: dict[ItemId, list[Use]] = {}
    for use in uses:
        by_item.setdefault(use.item, []).append(use)
    planned = []
    for need in found:
        if not need.needed and not need.to_send:
            continue
        item = items[need.item]
        days = day_by_day(by_item[need.item], need.at_home, {}, period)
        cost, is_drug = to_cents(item.unit_cost * need.to_send), item.kind is ItemKind.DRUG
        planned.append(PlannedItem(need.item, item.number, item.name, item.base_unit, need.needed, need.at_home,
                                   need.to_send, cost, is_drug, need.why, short_on(days), days))  # fmt: skip
    held = [
        reason
        for each in chosen
        for reason in reasons_to_hold(
            session, Asked(patient_id, each.therapy_id, arrives_on or period.first, period, None, call_id)
        )
    ]
    at_home = {day for each in chosen for day in each.days(period)}
    named = tuple(PlannedTherapy(each.therapy_id, each.order.drug, _kit(session, each, period)) for each in chosen)
    covered = [said for each in chosen for said in _covered(session, each, period, rest[each.therapy_id])]
    return SupplyPlan(period, named, tuple(planned), len(at_home), tuple(dict.fromkeys(held)), tuple(covered))


def _covered(session: Session, calendar: TherapyCalendar, period: Days, left: Days | None) -> list[str]:
    found = [f"{calendar.order.drug}: {said}" for said in supplied_already(session, calendar.therapy_id, period)]
    if found and left is not None and left != period:
        found.append(f"{calendar.order.drug}: what is planned here is for {show_days(left)}.")
    return found


def not_supplied(therapy: TherapyId, period: Days, history: Sequence[Supplied]) -> Days | None:
    """The first unbroken days of a period that no delivery of the therapy covers; None when all are covered."""
    had = [each.period for each in history if each.therapy_id == therapy]
    gaps = runs_of(day for day in period if not any(day in days for days in had))
    return gaps[0] if gaps else None


def _kit(session: Session, calendar: TherapyCalendar, period: Days) -> str:
    try:
        chosen = best_template(session, calendar, facts_of(session, calendar.patient_id), period.first)
    except Refused:
        return ""
    kept = kits.template(session, chosen)
    return f"{kept.template.name} (version {kept.number})"


def plan_together(
    database: Database,
    patient_id: PatientId,
    therapies: Sequence[TherapyId],
    period: Days,
    scheduled_on: date,
    by: UserId,
    *,
    call_id: RefillCallId | None = None,
    counts: Mapping[ItemId, int] | None = None,
    counted_with: str = "",
    visit: Visit | None = None,
) -> tuple[DeliveryId, ...]:
    """A draft for each therapy, in one deed: the first takes what they share, the others what is still missing.

    Each order keeps a delivery of its own, because each of its days on a claim names the delivery that covered it. Days
    of an order that are supplied already are left out.
    """
    refuse_if([] if therapies else ["Choose at least one order to supply."])
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        made: list[DeliveryId] = []
        history = supplied(session, patient_id, period)
        for each in therapies:
            days = not_supplied(each, period, history)
            if days is None:
                continue
            keep = not made  # Counts are kept once; the later ones take what the first leaves of them.
            made.append(
                plan_in(session, each, days, scheduled_on, counts or {}, by, call_id=call_id, visit=visit,
                        counted_with=counted_with, keep=keep)
            )  # fmt: skip
        if not made:
            raise Refused("These days are supplied already. Choose later days, or name the items on a new delivery.")
        return tuple(made)


@dataclass(frozen=True, slots=True)
class OrderToSupply:
    """A running order, and through which day it is supplied."""

    therapy_id: TherapyId
    drug: str
    how: str
    supplied_through: date | None


@dataclass(frozen=True, slots=True)
class CountLine:
    """An item to ask for on a call: what our books say, what should be left by now, and what a day takes."""

    item_id: ItemId
    number: str
    name: str
    unit: str
    by_books: int
    expected: int
    a_day: Decimal


@dataclass(frozen=True, slots=True)
class CallSheet:
    """What somebody has before them on a refill call, or when planning a supply."""

    patient_id: PatientId
    number: str
    name: str
    phone: str
    phone_2: str
    caregiver: str
    caregiver_phone: str
    latex_allergy: bool
    orders: tuple[OrderToSupply, ...]
    lines: tuple[CountLine, ...]
    supply_ends_on: date | None
    """The last day that what should be left lasts for."""
    rule: RefillRule | None
    calls: tuple[CallRow, ...]
    next_days: Days
    counts: Mapping[ItemId, int]
    """What was counted on the last call that reached somebody since anything arrived."""
    counted_on: date | None
    call_id: RefillCallId | None
    owed: tuple[OwedRow, ...]
    """What earlier deliveries were short of."""


def call_sheet(session: Session, patient_id: PatientId, today: date) -> CallSheet:
    """Everything to ask a patient about the refill, and from where a plan starts."""
    patient = session.get_one(Patient, patient_id)
    facts = facts_of(session, patient_id)
    ahead = Days(today, today + timedelta(days=AHEAD_DAYS))
    calendars = therapy_calendars(session, ahead, patient_id)
    through = supplied_through(session, patient_id, calendars, today)
    orders = tuple(
        OrderToSupply(each.therapy_id, each.order.drug, _how(each),
                      through.get(each.therapy_id))
        for each in calendars
    )  # fmt: skip
    arrived_on = session.scalar(
        select(func.max(Delivery.scheduled_on)).where(
            Delivery.patient_id == patient_id, Delivery.state == DeliveryState.DELIVERED
        )
    )
    calls = calls_of(session, patient_id, 20)
    newest = newest_reached(calls)
    is_fresh = newest is not None and (arrived_on is None or newest.called_on >= arrived_on)
    call = newest if is_fresh else None
    counts = {} if call is None else counted_on_call(session, call.id)
    lines = _lines(session, patient_id, facts, today)
    expected = {line.item_id: line.expected for line in lines if line.expected or line.by_books}
    ends_on = call.supply_ends_on if call is not None else None
    if ends_on is None and expected:
        ends_on = supply_ends_on(session, patient_id, expected, today)
    return CallSheet(
        patient_id, patient.number, f"{patient.last_name}, {patient.first_name}", patient.phone, patient.phone_2,
        patient.caregiver_name, patient.caregiver_phone, patient.latex_allergy, orders, lines, ends_on,
        rule_for(session, patient_id, today), calls, _next_days(calendars, through, session, today), counts,
        None if call is None else call.called_on, None if call is None else call.id,
        still_owed(session, today, patient_id),
    )  # fmt: skip


def _how(calendar: TherapyCalendar) -> str:
    return f"{calendar.order.method.value}, every {calendar.order.interval_hours} h"


def _next_days(
    calendars: Sequence[TherapyCalendar], through: Mapping[TherapyId, date], session: Session, today: date
) -> Days:
    """The days to supply next: from the first that nothing covers, as long as the last supply was."""
    begins = [
        max(today, through[each.therapy_id] + ONE_DAY) if each.therapy_id in through
        else max(today, each.order.starts_on)
        for each in calendars
    ]  # fmt: skip
    first = min(begins, default=today)
    versions = {version for each in calendars for version in versions_of(session, each.therapy_id)}
    last = session.execute(
        select(Delivery.period_first, Delivery.period_last)
        .where(Delivery.therapy_id.in_(versions), Delivery.state.not_in(GONE))
        .order_by(Delivery.period_last.desc(), Delivery.id)
        .limit(1)
    ).one_or_none()
    length = USUAL_DAYS if last is None else (last.period_last - last.period_first).days + 1
    ends = [each.order.stops_on for each in calendars]
    end = first + timedelta(days=length - 1)
    if ends and all(day is not None for day in ends):
        end = max(first, min(end, max(day for day in ends if day is not None)))
    return Days(first, end)


def _lines(session: Session, patient_id: PatientId, facts: Facts, today: date) -> tuple[CountLine, ...]:
    ledger, left = by_books(session, patient_id), left_at_home(session, patient_id, today)
    week = Days(today, today + timedelta(days=6))
    a_day: dict[ItemId, Decimal] = {}
    for use in used_until(session, patient_id, week, facts):
        total = sum(each.needed for each in day_by_day([use], 0, {}, week))
        a_day[use.item] = a_day.get(use.item, Decimal(0)) + Decimal(total) / 7
    wanted = {*ledger, *a_day}
    items = session.scalars(select(Item).where(Item.id.in_(wanted)).order_by(Item.name))
    lines = [
        CountLine(ItemId(item.id), item.number, item.name, item.base_unit, ledger.get(ItemId(item.id), 0),
                  left.get(ItemId(item.id), 0), round(a_day.get(ItemId(item.id), Decimal(0)), 1))
        for item in items
    ]  # fmt: skip
    return tuple(sorted(lines, key=lambda line: (not line.a_day, line.name)))
