"""What deliveries and therapies will take from the shelf, by item and day: the demand that reorder proposals add up.

Planned deliveries ask for what is to be sent and not yet reserved, and for what is still owed. A therapy that goes on
beyond its last planned delivery asks for its next kits, in periods as long as the last one, on the day each must leave.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from infusion_desktop.dates import ONE_DAY, Days, show_days
from infusion_desktop.deliveries.kits import templates as kits
from infusion_desktop.deliveries.kits.kit_needs import GONE, Facts, care_of, supply_of
from infusion_desktop.deliveries.kits.template_rules import Care, TemplateLine, lines_for
from infusion_desktop.deliveries.plans.still_owed import settled
from infusion_desktop.deliveries.rules import KitLine, QuantityRule, need
from infusion_desktop.deliveries.scarce.priorities import priorities
from infusion_desktop.deliveries.tables import Delivery, DeliveryLine
from infusion_desktop.deliveries.words import DeliveryState
from infusion_desktop.errors import Refused
from infusion_desktop.patients.queries import TherapyCalendar, therapy_calendars
from infusion_desktop.patients.tables import Patient, Therapy
from infusion_desktop.patients.words import TherapyClass, TherapyId
from infusion_desktop.stock.buying.reordering import (
    DEFAULT_LEAD_DAYS,
    REVIEW_DAYS,
    Demand,
    ProposalRow,
    Source,
    proposals,
)
from infusion_desktop.stock.tables import Item, Vendor
from infusion_desktop.stock.words import ItemId, ItemKind

USUAL_PERIOD = 7
"""Days of a therapy's next kit where none was sent yet."""
USE_DAYS = 28
"""Days over which a therapy's daily use is averaged; weekly dressings and once-a-delivery items come out even."""


@dataclass(frozen=True, slots=True)
class ItemUse:
    """What one running therapy takes of an item over its next days at home."""

    item_id: ItemId
    therapy_id: TherapyId
    therapy_class: TherapyClass
    drug: str
    patient: str
    """Our patient number."""
    units: int
    days: int
    priority: int


def reorder_proposals(session: Session, today: date) -> tuple[ProposalRow, ...]:
    """Every item in use with what to order of it, from levels, deliveries and therapies."""
    longest = session.scalar(select(func.max(Vendor.lead_days)).where(Vendor.ended_on.is_(None))) or 0
    return proposals(session, today, demands(session, today, max(longest, DEFAULT_LEAD_DAYS) + REVIEW_DAYS))


def demands(session: Session, today: date, days: int) -> tuple[Demand, ...]:
    """What will leave until ``days`` from today, in no order."""
    last = today + timedelta(days=days)
    ranks = priorities(session)
    return (*_of_deliveries(session, today, last, ranks), *_of_therapies(session, today, last, ranks))


def _of_deliveries(session: Session, today: date, last: date, ranks: Mapping[TherapyClass, int]) -> Iterator[Demand]:
    wanted = (
        select(
            Delivery.id, Delivery.number, Delivery.state, Delivery.scheduled_on, DeliveryLine.id.label("line"),
            DeliveryLine.item_id, DeliveryLine.to_send, DeliveryLine.owed, Therapy.therapy_class,
        )
        .join(DeliveryLine, DeliveryLine.delivery_id == Delivery.id)
        .outerjoin(Therapy, Therapy.id == Delivery.therapy_id)
    )  # fmt: skip
    drafts = wanted.where(
        Delivery.state == DeliveryState.DRAFT, Delivery.delivered_at.is_(None), Delivery.scheduled_on <= last,
        DeliveryLine.to_send > 0,
    )  # fmt: skip
    # What was owed for days that are over is not sent any more.
    still = (DeliveryLine.owed > 0, Delivery.period_last >= today, ~settled())
    owed = wanted.where(*still, Delivery.state.not_in((DeliveryState.DRAFT, *GONE)))
    for query in (drafts, owed):
        for row in session.execute(query):
            is_draft = row.state is DeliveryState.DRAFT
            yield Demand(
                ItemId(row.item_id), max(today, row.scheduled_on) if is_draft else today,
                row.to_send if is_draft else row.owed, Source.DELIVERY,
                row.number if is_draft else f"{row.number}, still owed", _rank(ranks, row.therapy_class), row.id,
                row.line,
            )  # fmt: skip


def _rank(ranks: Mapping[TherapyClass, int], therapy_class: TherapyClass | None) -> int:
    return ranks[therapy_class or TherapyClass.OTHER]


def _of_therapies(session: Session, today: date, last: date, ranks: Mapping[TherapyClass, int]) -> Iterator[Demand]:
    plans = _Plans(session, today)
    planned = _planned(session, today)
    for calendar in therapy_calendars(session, Days(today, last + timedelta(days=USUAL_PERIOD))):
        ends, length, count = planned.get(calendar.therapy_id, (None, USUAL_PERIOD, 0))
        order = calendar.order
        first = max(today, order.starts_on, *(() if ends is None else (ends + ONE_DAY,)))
        while first - ONE_DAY <= last and (order.stops_on is None or first <= order.stops_on):
            end = first + timedelta(days=length - 1)
            period = Days(first, end if order.stops_on is None else min(end, order.stops_on))
            for item, units in plans.needs(calendar, period, is_first=not count).items():
                what = f"{order.drug}, {plans.patients[calendar.patient_id].number}: {show_days(period)}"
                yield Demand(item, max(today, first - ONE_DAY), units, Source.THERAPY, what, ranks[order.therapy_class])
            first, count = end + ONE_DAY, count + 1


def _in_care(today: date) -> Select[int]:
    """Patients with an order that runs or will."""
    return select(Therapy.patient_id).where(Therapy.stops_on.is_(None) | (Therapy.stops_on >= today))


def _planned(session: Session, today: date) -> dict[TherapyId, tuple[date, int, int]]:
    """Of each therapy the last day that a delivery covers, the length of that delivery's period, and how many.

    Versions of one order are one therapy here: what was sent before a change of dose covers its days.
    """
    orders = select(Therapy.id, Therapy.replaces_id).where(Therapy.patient_id.in_(_in_care(today)))
    before = {row.id: row.replaces_id for row in session.execute(orders)}
    rows = session.execute(
        select(Delivery.therapy_id, Delivery.period_first, Delivery.period_last)
        .where(Delivery.therapy_id.is_not(None), Delivery.template_id.is_not(None), Delivery.state.not_in(GONE))
        .where(Delivery.patient_id.in_(_in_care(today)))
        .order_by(Delivery.period_last)
    )
    found: dict[int, tuple[date, int, int]] = {}
    for therapy, first, last in rows:
        if therapy is not None:
            root = _first(therapy, before)
            _, _, count = found.get(root, (last, 0, 0))
            found[root] = (last, (last - first).days + 1, count + 1)
    return {TherapyId(each): found[root] for each in before if (root := _first(each, before)) in found}


def _first(therapy: int, before: Mapping[int, int | None]) -> int:
    while (earlier := before.get(therapy)) is not None:
        therapy = earlier
    return therapy


def daily_use(session: Session, today: date) -> tuple[ItemUse, ...]:
    """What each running therapy takes of each item in the next four weeks, pauses left out."""
    plans, ranks = _Plans(session, today), priorities(session)
    period = Days(today, today + timedelta(days=USE_DAYS - 1))
    found = []
    for calendar in therapy_calendars(session, period):
        days = len(calendar.days(period))
        order = calendar.order
        if not days or order.starts_on > today:
            continue
        patient = plans.patients[calendar.patient_id].number
        for item, units in plans.needs(calendar, period, is_first=False).items():
            found.append(ItemUse(
                item, calendar.therapy_id, order.therapy_class, order.drug, patient, units, days,
                ranks[order.therapy_class],
            ))  # fmt: skip
    return tuple(found)


class _Plans:
    """What kits send, with the catalogue, the patients and each kit's lines read once."""

    def __init__(self, session: Session, today: date) -> None:
        self.session, self.today = session, today
        self.items: dict[int, Any] = {row.id: row for row in session.execute(
            select(Item.id, Item.kind, Item.base_unit, Item.contains_latex))}  # fmt: skip
        self.patients: dict[int, Any] = {row.id: row for row in session.execute(
            select(Patient.id, Patient.number, Patient.latex_allergy, Patient.born_on)
            .where(Patient.id.in_(_in_care(today))))}  # fmt: skip
        self._lines: dict[Care, tuple[TemplateLine, ...]] = {}

    def needs(self, calendar: TherapyCalendar, period: Days, *, is_first: bool) -> dict[ItemId, int]:
        """Units of each item for a period of a therapy, nothing at home counted off; empty where no kit fits."""
        try:
            supply = supply_of(calendar, period, is_first=is_first)
        except Refused:
            return {}
        allergic = self.patients[calendar.patient_id].latex_allergy
        found: dict[ItemId, int] = defaultdict(int)
        for line in self._lines_of(calendar):
            if line.item_id is None or line.optional:
                continue
            item = line.item_id
            if allergic and self.items[item].contains_latex:
                item = line.latex_free_item_id or item
            rule = KitLine(line.rule, line.amount, line.round_to, self.items[item].base_unit)
            units = need(rule, supply).to_send
            if units:
                found[item] += units
        return found

    def _lines_of(self, calendar: TherapyCalendar) -> tuple[TemplateLine, ...]:
        order, row = calendar.order, self.patients[calendar.patient_id]
        care = care_of(calendar, Facts(row.latex_allergy, row.born_on), self.today)
        if care not in self._lines:
            chosen = kits.matching_templates(self.session, self.today, care)
            lines = kits.template(self.session, chosen[0]).template.lines if chosen else ()
            self._lines[care] = lines_for(lines, care.access, care.lumens)
        return self._with_ordered_drug(order.drug_item_id, order.units_per_dose, self._lines[care])

    def _with_ordered_drug(
        self, ordered: ItemId | None, units_per_dose: Any, lines: tuple[TemplateLine, ...]
    ) -> tuple[TemplateLine, ...]:
        """As planning does: the ordered drug stands in place of the one that the kit names."""
        if ordered is None:
            return lines
        drug = TemplateLine(ordered, QuantityRule.PER_DOSE, Decimal(units_per_dose))
        kinds: dict[int, ItemKind] = {line.item_id: self.items[line.item_id].kind for line in lines if line.item_id}
        at = next((place for place, line in enumerate(lines) if kits.is_drug(kinds, line)), None)
        rest = [line for place, line in enumerate(lines) if place != at and line.item_id != ordered]
        return (drug, *rest)
