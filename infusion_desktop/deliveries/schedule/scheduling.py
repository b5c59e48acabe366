"""Putting deliveries on days, with drivers and in order: every move is checked against the calendar first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, now_utc, show_day
from infusion_desktop.deliveries.calls.refill_rules_kept import rule_for
from infusion_desktop.deliveries.rules import delivery_from
from infusion_desktop.deliveries.schedule.calendar_rules import DayCheck, MoveFacts, check_day
from infusion_desktop.deliveries.schedule.delivery_days import NOT_GONE, calendar_of
from infusion_desktop.deliveries.schedule.dispatch_tables import DeliveryStop, Driver
from infusion_desktop.deliveries.schedule.dispatch_words import DriverId
from infusion_desktop.deliveries.steps import Head, expect, head_of, tell
from infusion_desktop.deliveries.tables import Delivery, DeliveryLine
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.errors import Refused, Stale, refuse_if, refuse_if_changed, warn_unless
from infusion_desktop.patients.order_versions import versions_of
from infusion_desktop.patients.tables import Interruption
from infusion_desktop.patients.words import InterruptionKind
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import Storage

_AWAY = (InterruptionKind.HOSPITAL, InterruptionKind.SKILLED_NURSING, InterruptionKind.AWAY)
_OPEN = (*NOT_GONE, DeliveryState.SHIPPED)


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who takes deliveries, and on which route; "" keeps the patient's own route."""

    driver_id: DriverId | None
    route: str = ""


def move_to_day(
    database: Database, delivery_id: DeliveryId, day: date, version: int, by: UserId, *, override: str = ""
) -> None:
    """Another day, as dragged on the calendar. Warned about everything ``check_move`` finds, unless overridden.

    Its place among the stops of the old day is given up. ``version`` is the one that was read.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        head = _in_the_house(session, delivery_id, version)
        checked = _check(session, head, day, now_utc().astimezone().replace(tzinfo=None))
        refuse_if(checked.refusals)
        warn_unless(override, checked.warnings)
        session.execute(
            update(Delivery).where(Delivery.id == head.id).values(scheduled_on=day, version=head.version + 1)
        )
        session.execute(update(DeliveryStop).where(DeliveryStop.delivery_id == head.id).values(position=0))
        tell(session, head, by, "reschedule", override, was=head.scheduled_on, scheduled_on=day)


def check_move(session: Session, delivery_id: DeliveryId, day: date, now: datetime) -> DayCheck:
    """What speaks against a delivery on a day; ``now`` is local time."""
    return _check(session, head_of(session, delivery_id, lock=False), day, now)


def assign(database: Database, seen: Iterable[tuple[DeliveryId, int]], to: Assignment, by: UserId) -> None:
    """Give deliveries to a driver and route; who carries them follows the driver. Until they are shipped.

    ``seen`` holds each delivery with the version that was read.
    """
    versions = dict(seen)
    if not versions:
        raise Refused("Mark the deliveries first.")
    route = to.route.strip()
    if len(route) > 40:
        raise Refused("A route's name has at most 40 characters.")
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        driver = None if to.driver_id is None else session.get(Driver, to.driver_id)
        if to.driver_id is not None and (driver is None or driver.ended_on is not None):
            raise Refused("This driver does not drive any more. Choose another.")
        for delivery_id, version in sorted(versions.items()):
            head = head_of(session, delivery_id)
            expect(head, *NOT_GONE)
            _same_version(head, version)
            stop = _stop(session, head.id)
            before = {"driver": stop.driver_id, "route": stop.route}
            stop.driver_id, stop.route, stop.position = to.driver_id, route, 0
            values = {"version": head.version + 1, **({} if driver is None else {"carrier": driver.carrier})}
            session.execute(update(Delivery).where(Delivery.id == head.id).values(**values))
            tell(session, head, by, "assign", was=before, driver=to.driver_id, route=route)


def order_stops(
    database: Database, delivery_ids: Sequence[DeliveryId], by: UserId, *, was: Mapping[DeliveryId, int]
) -> None:
    """The stops of a day's tour in the order they are driven; all of one day. ``was`` are the places as shown."""
    if len(set(delivery_ids)) != len(delivery_ids):
        raise Refused("A delivery is named twice in this tour. Look at the day again.")
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        heads = {each: head_of(session, each) for each in sorted(delivery_ids)}
        if len({head.scheduled_on for head in heads.values()}) > 1:
            raise Refused("These deliveries are not all on the same day any more. Look at the day again.")
        for head in heads.values():
            expect(head, *_OPEN)
        stops = {each: _stop(session, each) for each in delivery_ids}
        places = {each: stop.position for each, stop in stops.items()}
        refuse_if_changed("the order of this tour", {each: was.get(each) for each in delivery_ids}, places)
        for position, (delivery_id, stop) in enumerate(stops.items(), 1):
            if stop.position != position:
                before, stop.position = stop.position, position
                tell(session, heads[delivery_id], by, "order stops", was=before, position=position)


def try_again(database: Database, delivery_id: DeliveryId, day: date, version: int, by: UserId) -> None:
    """After nobody took it: the day on which the driver tries again; it stays on the way."""
    with database.transaction() as session:
        authorize(session, by, Permission.DELIVER)
        head = head_of(session, delivery_id)
        expect(head, DeliveryState.SHIPPED)
        _same_version(head, version)
        put_off(session, head, day, by)


def put_off(session: Session, head: Head, day: date, by: UserId) -> None:
    """The same within a larger deed, such as a visit at which nobody was there."""
    if day < now_utc().astimezone().date():
        raise Refused(f"{show_day(day)} has passed. Choose today or a later day.")
    session.execute(update(Delivery).where(Delivery.id == head.id).values(scheduled_on=day, version=head.version + 1))
    session.execute(update(DeliveryStop).where(DeliveryStop.delivery_id == head.id).values(position=0))
    tell(session, head, by, "try again", was=head.scheduled_on, scheduled_on=day)


def _in_the_house(session: Session, delivery_id: DeliveryId, version: int) -> Head:
    head = head_of(session, delivery_id)
    if head.state is DeliveryState.SHIPPED:
        raise Refused(
            f"Delivery {head.number} is on the way, and its day stays. Record that nobody took it first; then it may "
            "go on another day."
        )
    expect(head, *NOT_GONE)
    _same_version(head, version)
    return head


def _same_version(head: Head, version: int) -> None:
    if head.version != version:
        raise Stale(f"Somebody else changed delivery {head.number} meanwhile. Look at it again.")


def _stop(session: Session, delivery_id: int) -> DeliveryStop:
    stop = session.get(DeliveryStop, delivery_id)
    if stop is None:
        stop = DeliveryStop(delivery_id=delivery_id, driver_id=None, route="", position=0)
        session.add(stop)
        session.flush()
    return stop


def _check(session: Session, head: Head, day: date, now: datetime) -> DayCheck:
    others = session.scalars(
        select(Delivery.number)
        .where(Delivery.patient_id == head.patient_id, Delivery.id != head.id, Delivery.scheduled_on == day)
        .where(Delivery.state.in_(_OPEN))
        .order_by(Delivery.number)
    ).all()
    supplied = _supplied_through(session, head)
    return check_day(
        MoveFacts(
            day,
            now,
            head.period,
            calendar_of(session),
            head.carrier,
            _cold(session, head),
            head.state is not DeliveryState.DRAFT,
            supplied,
            _earliest(session, head, supplied),
            _away(session, head, day),
            tuple(others),
        )
    )


def _cold(session: Session, head: Head) -> tuple[str, ...]:
    names = session.scalars(
        select(Item.name)
        .join(DeliveryLine, DeliveryLine.item_id == Item.id)
        .where(DeliveryLine.delivery_id == head.id, DeliveryLine.to_send > 0, Item.storage != Storage.ROOM)
        .order_by(DeliveryLine.position)
    )
    return tuple(names)


def _supplied_through(session: Session, head: Head) -> date | None:
    """The last day that an earlier delivery of the same therapy covers, under any version of its order."""
    if head.therapy_id is None:
        return None
    return session.scalar(
        select(Delivery.period_last)
        .where(Delivery.therapy_id.in_(versions_of(session, head.therapy_id)), Delivery.id != head.id)
        .where(Delivery.period_first < head.period.first)
        .where(Delivery.state.not_in((DeliveryState.CANCELLED, DeliveryState.REFUSED)))
        .order_by(Delivery.period_last.desc())
        .limit(1)
    )


def _earliest(session: Session, head: Head, supplied: date | None) -> date | None:
    """The first day on which the rule of whoever pays takes this refill; release checks the rest of the rule."""
    rule = None if supplied is None else rule_for(session, head.patient_id, head.scheduled_on)
    return None if rule is None or supplied is None else delivery_from(rule, supplied)


def _away(session: Session, head: Head, day: date) -> tuple[tuple[str, Days], ...]:
    rows = session.execute(
        select(Interruption.kind, Interruption.first_on, Interruption.last_on)
        .where(Interruption.patient_id == head.patient_id, Interruption.removed_at.is_(None))
        .where(Interruption.kind.in_(_AWAY), Interruption.first_on <= day)
        .where(Interruption.last_on.is_(None) | (Interruption.last_on >= day))
    )
    return tuple((row.kind.value, Days(row.first_on, row.last_on or max(row.first_on, day))) for row in rows)
