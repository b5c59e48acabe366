"""Filling the papers of a day: route sheets by tour, teaching sheets by delivery."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.access.roles import UserId
from infusion_desktop.dates import Days, local_day
from infusion_desktop.deliveries.care_words import Purpose
from infusion_desktop.deliveries.papers import letterhead, printed
from infusion_desktop.deliveries.schedule.dispatch_tables import Driver
from infusion_desktop.deliveries.schedule.schedule_queries import ScheduleRow, schedule, schedule_of
from infusion_desktop.deliveries.tables import Delivery, DeliveryLine, KitTemplateLine
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.identifiers import show_phone
from infusion_desktop.patients.order_versions import changed_orders
from infusion_desktop.patients.tables import AccessDevice, Therapy
from infusion_desktop.patients.words import Method, TherapyId
from infusion_desktop.stock.tables import Item
from reports import route_sheet, teaching_list

GOES_OUT = (
    DeliveryState.RELEASED,
    DeliveryState.PICKED,
    DeliveryState.VERIFIED,
    DeliveryState.PACKED,
    DeliveryState.SHIPPED,
)
"""What a driver takes along; a draft is not sure yet, what arrived is over."""


def tours(session: Session, day: date, today: date) -> dict[str, tuple[ScheduleRow, ...]]:
    """The stops of a day by whose tour they are in, in the order they are driven."""
    going = [row for row in schedule(session, Days(day, day), today) if row.state in GOES_OUT]
    return {whose: tuple(rows) for whose, rows in groupby(going, key=lambda row: row.group)}


def route_sheet_of(
    session: Session, day: date, whose: str, by: UserId, now: datetime, *, copy: bool = False
) -> route_sheet.RouteSheet:
    """The sheet of one tour; without a stop when it has none any more."""
    rows = tours(session, day, local_day(now)).get(whose, ())
    driver = session.scalar(select(Driver.phone).where(Driver.name == whose, Driver.ended_on.is_(None)))
    unpacked = sum(row.totes == 0 for row in rows)
    remarks = (f"{unpacked} not packed yet: print again before leaving",) if unpacked else ()
    return route_sheet.RouteSheet(
        letterhead(session),
        printed(session, by, now, copy),
        day,
        whose,
        tuple(_stop(number, row) for number, row in enumerate(rows, 1)),
        show_phone(driver or ""),
        remarks,
    )


def _stop(number: int, row: ScheduleRow) -> route_sheet.Stop:
    times = "once" if row.attempts == 1 else f"{row.attempts} times"
    return route_sheet.Stop(
        number,
        row.number,
        row.patient_name,
        (row.street, row.town),
        row.phone,
        row.caregiver,
        row.window,
        row.totes,
        row.cold_packs,
        row.is_cold,
        row.equipment,
        row.instructions,
        f"Nobody was there {times} before." if row.attempts else "",
    )


_BY_METHOD = {
    Method.ELASTOMERIC: "Elastomeric pump: connect, run, disconnect",
    Method.AMBULATORY_PUMP: "Ambulatory pump: start, alarms, batteries",
    Method.SYRINGE_PUMP: "Syringe pump: start, alarms, batteries",
    Method.STATIONARY_PUMP: "Stationary pump: start, alarms",
    Method.ENTERAL_PUMP: "Enteral pump: start, alarms, cleaning",
    Method.GRAVITY: "Gravity infusion: set the drip, watch the bag",
}
_ALWAYS = ("Washing hands and a clean place to work", "When to call us, when to call 911")


def teaching_sheets(
    session: Session, delivery_ids: Sequence[DeliveryId], day: date, by: UserId, now: datetime, *, copy: bool = False
) -> teaching_list.TeachingList:
    """Which sheets go along with these deliveries: those the kit sends, else our usual ones with a therapy's first."""
    rows = schedule_of(session, delivery_ids, local_day(now))
    facts = {
        row.id: row
        for row in session.execute(
            select(Delivery.id, Delivery.patient_id, Delivery.therapy_id, Therapy.method, AccessDevice.kind)
            .outerjoin(Therapy, Therapy.id == Delivery.therapy_id)
            .outerjoin(AccessDevice, AccessDevice.id == Therapy.device_id)
            .where(Delivery.id.in_(tuple(delivery_ids)))
        )
    }
    in_kit = _sheets_in_kits(session, delivery_ids)
    firsts = _first_deliveries(session, facts.values())
    packets = []
    for row in rows:
        known = facts[row.id]
        is_first = row.id in firsts
        usual = _sheets(known.method, known.kind.value if known.kind is not None else "") if is_first else ()
        sheets = tuple(in_kit.get(row.id, ())) or usual
        packets.append(teaching_list.Packet(row.number, row.patient_name, row.therapy, sheets, is_first=is_first))
    return teaching_list.TeachingList(letterhead(session), printed(session, by, now, copy), day, tuple(packets))


def _sheets_in_kits(session: Session, delivery_ids: Sequence[DeliveryId]) -> dict[int, list[str]]:
    """The teaching sheets that a delivery's kit names and that go along with it."""
    rows = session.execute(
        select(Delivery.id, Item.name)
        .join(KitTemplateLine, KitTemplateLine.template_id == Delivery.template_id)
        .join(
            DeliveryLine,
            (DeliveryLine.delivery_id == Delivery.id) & (DeliveryLine.item_id == KitTemplateLine.item_id),
        )
        .join(Item, Item.id == DeliveryLine.item_id)
        .where(Delivery.id.in_(tuple(delivery_ids)), KitTemplateLine.purpose == Purpose.TEACHING)
        .where(DeliveryLine.to_send > 0)
        .order_by(KitTemplateLine.position)
    )
    found: dict[int, list[str]] = defaultdict(list)
    for delivery, name in rows:
        if name not in found[delivery]:
            found[delivery].append(name)
    return found


def _sheets(method: Method | None, device: str) -> tuple[str, ...]:
    own = _BY_METHOD.get(method, "") if method is not None else ""
    line = f"Living with your {device}: flushing and dressing" if device else ""
    return tuple(sheet for sheet in (*_ALWAYS, line, own) if sheet)


def _first_deliveries(session: Session, rows: Collection[Any]) -> frozenset[int]:
    """Of each therapy among the rows the delivery that goes first, under any version of its order."""
    changed = changed_orders(session, {row.patient_id for row in rows})
    therapies = {TherapyId(row.therapy_id) for row in rows if row.therapy_id is not None}
    orders = {changed[each].versions if each in changed else frozenset({each}) for each in therapies}
    found = session.execute(
        select(Delivery.therapy_id, func.min(Delivery.id))
        .where(Delivery.therapy_id.in_({version for order in orders for version in order}))
        .where(Delivery.state.not_in((DeliveryState.CANCELLED, DeliveryState.REFUSED)))
        .group_by(Delivery.therapy_id)
    )
    first = {TherapyId(therapy or 0): delivery for therapy, delivery in found}
    return frozenset(min(first[each] for each in order if each in first) for order in orders if order & first.keys())
