"""How long a supply lasts: what should be left at home, when it ends, and through which day each order is supplied."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.dates import ONE_DAY, Days
from infusion_desktop.deliveries.kits.home_counts import by_books
from infusion_desktop.deliveries.kits.kit_needs import GONE, facts_of, used_until, uses_of
from infusion_desktop.deliveries.kits.supply_rules import Use, day_by_day, short_on
from infusion_desktop.deliveries.rules import QuantityRule
from infusion_desktop.deliveries.tables import Delivery, HomeCount
from infusion_desktop.deliveries.words import DeliveryState
from infusion_desktop.patients.order_versions import first_versions
from infusion_desktop.patients.queries import TherapyCalendar
from infusion_desktop.patients.words import PatientId, TherapyId
from infusion_desktop.stock.words import ItemId

ENDS_A_SUPPLY = (QuantityRule.PER_DOSE, QuantityRule.PER_BAG, QuantityRule.PER_DAY)
"""What a dose cannot be given without; a box of gloves that runs out does not end the supply."""
LOOK_AHEAD = 90
"""Days through which the end of the supply at home is looked for."""


def supply_ends_on(
    session: Session, patient_id: PatientId, counts: Mapping[ItemId, int], counted_on: date
) -> date | None:
    """The last day that everything counted lasts for, from the day of the count on; None when it lasts on and on."""
    days = Days(counted_on, counted_on + timedelta(days=LOOK_AHEAD))
    used = used_until(session, patient_id, days, facts_of(session, patient_id))
    ends = [short for item, left in counts.items() if (short := _short_on(used, item, left, days)) is not None]
    return min(ends) - ONE_DAY if ends else None


def _short_on(used: Iterable[Use], item: ItemId, left: int, days: Days) -> date | None:
    mine = [use for use in used if use.item == item and use.line.rule in ENDS_A_SUPPLY]
    return short_on(day_by_day(mine, left, {}, days)) if mine else None


def left_at_home(session: Session, patient_id: PatientId, on: date) -> dict[ItemId, int]:
    """What should be left on the morning of a day: by our books, less what was used since the last count or arrival."""
    left = by_books(session, patient_id)
    counted = select(func.max(HomeCount.counted_on)).where(HomeCount.patient_id == patient_id)
    arrived = select(func.max(Delivery.scheduled_on)).where(
        Delivery.patient_id == patient_id, Delivery.state == DeliveryState.DELIVERED
    )
    since = max((day for day in (session.scalar(counted), session.scalar(arrived)) if day is not None), default=None)
    if not left or since is None or since >= on:
        return left
    days = Days(since, on - ONE_DAY)
    used = used_until(session, patient_id, days, facts_of(session, patient_id))
    for item in {use.item for use in used if use.item in left}:
        mine = [use for use in used if use.item == item]
        gone = sum(each.needed for each in day_by_day(mine, 0, {}, days))
        left[item] = max(0, left[item] - gone)
    return left


def supplied_through(
    session: Session, patient_id: PatientId, orders: Sequence[TherapyCalendar], on: date, *, arrived: bool = False
) -> dict[TherapyId, date]:
    """The last day each order is supplied for, by what came or is to come; an order that is not supplied is not named.

    With ``arrived`` by what came alone.

    What came for an order before it was changed counts, as far as what is at home lasts under the order as it is now.
    """
    counts = Delivery.state == DeliveryState.DELIVERED if arrived else Delivery.state.not_in(GONE)
    first, newest = first_versions(session, patient_id), dict[TherapyId, tuple[date, TherapyId, DeliveryState]]()
    for row in session.execute(
        select(Delivery.therapy_id, Delivery.period_last, Delivery.state)
        .where(Delivery.patient_id == patient_id, Delivery.therapy_id.in_(first), counts)
        .order_by(Delivery.period_last, Delivery.id)
    ):
        therapy = TherapyId(row.therapy_id or 0)
        newest[first[therapy]] = (row.period_last, therapy, row.state)
    through: dict[TherapyId, date] = {}
    for each in orders:
        last, therapy, state = newest.get(first[each.therapy_id], (date.min, each.therapy_id, DeliveryState.DRAFT))
        if therapy != each.therapy_id and state is DeliveryState.DELIVERED:
            last = min(last, _lasts(session, each, on) or last)
        if last >= each.order.starts_on:
            through[each.therapy_id] = last
    return through


def _lasts(session: Session, order: TherapyCalendar, on: date) -> date | None:
    """The last day that what should be left lasts for, of what this order's doses take."""
    facts = facts_of(session, order.patient_id)
    ahead = Days(max(on, order.order.starts_on), on + timedelta(days=LOOK_AHEAD))
    mine = {use.item for use in uses_of(session, order, ahead, facts, first=False) if use.line.rule in ENDS_A_SUPPLY}
    left = left_at_home(session, order.patient_id, on)
    return supply_ends_on(session, order.patient_id, {item: left.get(item, 0) for item in mine}, on)
