"""What the delivery screens ask beyond queries.py: the start of a plan, its preview, the bench with its pickers."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import ONE_DAY, Days
from infusion_desktop.dates import today as current_day
from infusion_desktop.deliveries.kits.home_counts import at_home
from infusion_desktop.deliveries.kits.kit_needs import calendar_of, reckon
from infusion_desktop.deliveries.plans.planning import planned_lines
from infusion_desktop.deliveries.queries import (
    BenchRow,
    DeliveryPage,
    bench,
    delivery_page,
)
from infusion_desktop.deliveries.steps import pickers_of
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState, TemplateId
from infusion_desktop.patients.openings import tell_opening
from infusion_desktop.patients.order_versions import versions_of
from infusion_desktop.patients.queries import TherapyRow, therapies_of
from infusion_desktop.patients.tables import Patient
from infusion_desktop.patients.words import PatientId, TherapyId
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import ItemId

USUAL_DAYS = 7
"""Days of the first supply that is offered; a person may type any other."""


@dataclass(frozen=True, slots=True)
class TherapyToSupply:
    """An order, the last day supplied so far, and the days that are offered next."""

    therapy: TherapyRow
    supplied_through: date | None
    next_days: Days
    last_window: str


@dataclass(frozen=True, slots=True)
class PlanStart:
    """A patient for whom a delivery is planned."""

    patient_id: PatientId
    number: str
    name: str
    phone: str
    latex_allergy: bool
    instructions: str
    therapies: tuple[TherapyToSupply, ...]


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """A line that would be sent, and what our books say is at home."""

    item_id: ItemId
    item_number: str
    item_name: str
    unit: str
    by_books: int
    needed: int
    at_home: int
    to_send: int
    why: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a plan would send: the kit it follows, lines, equipment, and optional items that may be added."""

    template_id: TemplateId
    kit: str
    lines: tuple[PreviewLine, ...]
    equipment: tuple[str, ...]
    optional: tuple[tuple[ItemId, str], ...]


@dataclass(frozen=True, slots=True)
class BenchPage:
    """A delivery on the bench: everything about it, its lots in walking order, and who picked."""

    page: DeliveryPage
    rows: tuple[BenchRow, ...]
    pickers: frozenset[int]


def open_delivery(database: Database, delivery_id: DeliveryId, by: UserId, reason: str = "") -> DeliveryPage:
    """Everything about one delivery, with the look kept in the audit trail; AsksWhy where the patient is restricted."""
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_DELIVERIES)
        page = delivery_page(session, delivery_id, current_day())
        tell_opening(session, page.row.patient_id, "delivery", delivery_id, by, reason)
        return page


def open_bench(database: Database, delivery_id: DeliveryId, by: UserId, reason: str = "") -> BenchPage:
    """The same as it comes onto the bench."""
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_DELIVERIES)
        page = bench_page(session, delivery_id, current_day())
        tell_opening(session, page.page.row.patient_id, "kit on the bench", delivery_id, by, reason)
        return page


def open_plan(database: Database, patient_id: PatientId, by: UserId, reason: str = "") -> PlanStart:
    """What planning starts from, with the look kept in the audit trail; AsksWhy where the patient is restricted."""
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        tell_opening(session, patient_id, "new delivery", patient_id, by, reason)
        return plan_start(session, patient_id, current_day())


def plan_start(session: Session, patient_id: PatientId, today: date) -> PlanStart:
    """What planning starts from: the patient's running orders, each with the days to supply next."""
    patient = session.get_one(Patient, patient_id)
    orders = [
        each
        for each in therapies_of(session, patient_id)
        if each.order.stops_on is None or each.order.stops_on >= today - timedelta(days=30)
    ]
    return PlanStart(
        patient_id,
        patient.number,
        f"{patient.last_name}, {patient.first_name}",
        patient.phone,
        patient.latex_allergy,
        patient.delivery_instructions,
        tuple(_to_supply(session, each, today) for each in orders),
    )


def _to_supply(session: Session, therapy: TherapyRow, today: date) -> TherapyToSupply:
    last = session.execute(
        select(Delivery.period_first, Delivery.period_last, Delivery.window)
        .where(Delivery.therapy_id.in_(versions_of(session, therapy.id)))
        .where(Delivery.state.not_in((DeliveryState.CANCELLED, DeliveryState.REFUSED)))
        .order_by(Delivery.period_last.desc())
        .limit(1)
    ).one_or_none()
    order = therapy.order
    if last is None:
        first, length = max(order.starts_on, today), USUAL_DAYS
    else:
        first, length = last.period_last + ONE_DAY, (last.period_last - last.period_first).days + 1
    end = first + timedelta(days=length - 1)
    if order.stops_on is not None:
        end = max(first, min(end, order.stops_on))
    return TherapyToSupply(
        therapy, None if last is None else last.period_last, Days(first, end), "" if last is None else last.window
    )


def preview(
    session: Session,
    therapy_id: TherapyId,
    period: Days,
    counts: Mapping[ItemId, int],
    optional: Collection[ItemId] = (),
    counted_on: date | None = None,
) -> Preview:
    """What ``plan`` would make of the same, without keeping anything. Refused for the same reasons."""
    calendar = calendar_of(session, therapy_id, period)
    reckoned = reckon(session, calendar, period, counts, counted_on or current_day(), optional=optional)
    kept, lines, planned = reckoned.kit, reckoned.lines, planned_lines(reckoned)
    by_books = {each.item_id: each.by_ledger for each in at_home(session, calendar.patient_id)}
    may_add = [each.item_id for each in lines if each.optional and each.item_id is not None]
    items = {
        row.id: row
        for row in session.execute(
            select(Item.id, Item.number, Item.name, Item.base_unit).where(
                Item.id.in_({*(each.item_id for each in planned), *may_add})
            )
        )
    }
    return Preview(
        reckoned.template_id,
        f"{kept.template.name} (version {kept.number})",
        tuple(
            PreviewLine(
                each.item_id,
                items[each.item_id].number,
                items[each.item_id].name,
                items[each.item_id].base_unit,
                by_books.get(each.item_id, 0),
                each.needed,
                each.at_home,
                each.to_send,
                each.why,
            )
            for each in planned
        ),
        tuple(each.equipment for each in lines if each.equipment and not each.optional),
        tuple((item, items[item].name) for item in may_add),
    )


def bench_page(session: Session, delivery_id: DeliveryId, today: date) -> BenchPage:
    """A delivery as the bench shows it."""
    return BenchPage(
        delivery_page(session, delivery_id, today), bench(session, delivery_id), pickers_of(session, delivery_id)
    )
