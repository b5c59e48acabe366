"""The pharmacy's delivery days and the people who drive: kept, changed, ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day, today
from infusion_desktop.deliveries.schedule.calendar_rules import USUAL_WEEK, Calendar, Week
from infusion_desktop.deliveries.schedule.dispatch_tables import ClosedDay, DeliveryStop, DeliveryWeek, Driver
from infusion_desktop.deliveries.schedule.dispatch_words import DriverId
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.words import Carrier, DeliveryState
from infusion_desktop.errors import Refused, Stale, refuse_if, refuse_if_changed
from infusion_desktop.identifiers import read_phone


@dataclass(frozen=True, slots=True)
class NewDriver:
    """Who drives, as typed; ``routes`` are the routes usually driven."""

    name: str
    carrier: Carrier = Carrier.OWN_DRIVER
    phone: str = ""
    routes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DriverRow:
    """Somebody who takes deliveries out."""

    id: DriverId
    name: str
    carrier: Carrier
    phone: str
    routes: tuple[str, ...]
    version: int


def calendar_of(session: Session) -> Calendar:
    """The delivery days as they are kept; Monday to Friday until somebody says otherwise."""
    weeks = tuple(map(_week, session.scalars(select(DeliveryWeek).order_by(DeliveryWeek.starts_on))))
    closed = {row.day: row.name for row in session.execute(select(ClosedDay.day, ClosedDay.name))}
    return Calendar((USUAL_WEEK, *weeks), closed)


def _week(row: DeliveryWeek) -> Week:
    return Week(row.starts_on, frozenset(map(int, row.weekdays)), time.fromisoformat(row.cutoff), row.cutoff_days)


def set_week(database: Database, week: Week, by: UserId, *, was: Week | None) -> None:
    """The weekdays and cutoff from a day on; what was set for the same day (``was``, None for nothing) is replaced."""
    reasons = [] if week.weekdays else ["Choose at least one weekday."]
    if not 0 <= week.cutoff_days <= 7:
        reasons.append("The cutoff lies 0 to 7 delivery days before.")
    refuse_if(reasons)
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        of_that_day = select(DeliveryWeek).where(DeliveryWeek.starts_on == week.starts_on).with_for_update()
        kept = session.scalars(of_that_day).one_or_none()
        now = None if kept is None else _week(kept)
        refuse_if_changed(f"the delivery days from {show_day(week.starts_on)} on", was, now)
        before = {} if kept is None else {"weekdays": kept.weekdays, "cutoff": kept.cutoff, "days": kept.cutoff_days}
        if kept is None:
            kept = DeliveryWeek(starts_on=week.starts_on, weekdays="", cutoff="", cutoff_days=0)
            session.add(kept)
        kept.weekdays = "".join(str(day) for day in sorted(week.weekdays))
        kept.cutoff, kept.cutoff_days = f"{week.cutoff:%H:%M}", week.cutoff_days
        session.flush()
        after = {"from": week.starts_on, "weekdays": kept.weekdays, "cutoff": kept.cutoff, "days": kept.cutoff_days}
        record(session, by, "set delivery days", "delivery week", kept.id, before=before, after=after)


def close_days(database: Database, days: Mapping[date, str], by: UserId) -> int:
    """Nothing is delivered on these days; how many were not closed before."""
    if not days or not all(name.strip() for name in days.values()):
        raise Refused("Name each day, such as: Thanksgiving Day.")
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        known = set(session.scalars(select(ClosedDay.day).where(ClosedDay.day.in_(days))))
        new = {day: name.strip()[:80] for day, name in days.items() if day not in known}
        session.add_all(ClosedDay(day=day, name=name) for day, name in new.items())
        record(session, by, "close days", "delivery days", after={day.isoformat(): name for day, name in new.items()})
        return len(new)


def open_day(database: Database, day: date, by: UserId) -> None:
    """Deliveries go out on a day that was closed."""
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        name = session.scalar(select(ClosedDay.name).where(ClosedDay.day == day))
        if name is None:
            raise Refused(f"{show_day(day)} is not closed.")
        session.execute(delete(ClosedDay).where(ClosedDay.day == day))
        record(session, by, "open day", "delivery days", before={day.isoformat(): name})


def drivers(session: Session) -> tuple[DriverRow, ...]:
    """Everybody who takes deliveries out now, by carrier and name."""
    rows = session.scalars(select(Driver).where(Driver.ended_on.is_(None)).order_by(Driver.carrier, Driver.name))
    return tuple(
        DriverRow(DriverId(row.id), row.name, row.carrier, row.phone, split_routes(row.routes), row.version)
        for row in rows
    )


def add_driver(database: Database, driver: NewDriver, by: UserId) -> DriverId:
    """Somebody new who takes deliveries out."""
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        values = _checked(session, driver, None)
        row = Driver(**values)
        session.add(row)
        session.flush()
        record(session, by, "add", "driver", row.id, after=values)
        return DriverId(row.id)


def change_driver(database: Database, driver_id: DriverId, driver: NewDriver, version: int, by: UserId) -> None:
    """Another name, telephone or routes; ``version`` is the one that was read."""
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        row = _driver(session, driver_id, version)
        values = _checked(session, driver, driver_id)
        before = {name: getattr(row, name) for name in values}
        for name, value in values.items():
            setattr(row, name, value)
        record(session, by, "change", "driver", driver_id, before=before, after=values)


def end_driver(database: Database, driver_id: DriverId, version: int, by: UserId) -> None:
    """Drives no more; refused while deliveries wait for them."""
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        row = _driver(session, driver_id, version)
        waiting = session.scalars(
            select(Delivery.number)
            .join(DeliveryStop, DeliveryStop.delivery_id == Delivery.id)
            .where(DeliveryStop.driver_id == driver_id, Delivery.state.in_(NOT_GONE))
            .order_by(Delivery.number)
            .limit(5)
        ).all()
        if waiting:
            raise Refused(f"{', '.join(waiting)} wait for {row.name}. Give them to somebody else first.")
        row.ended_on = today()
        record(session, by, "end", "driver", driver_id, before={"name": row.name})


NOT_GONE = (
    DeliveryState.DRAFT,
    DeliveryState.RELEASED,
    DeliveryState.PICKED,
    DeliveryState.VERIFIED,
    DeliveryState.PACKED,
)
"""States in which a delivery is still in the house."""


def split_routes(text: str) -> tuple[str, ...]:
    """The routes in a list separated by commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _driver(session: Session, driver_id: DriverId, version: int) -> Driver:
    row = session.get(Driver, driver_id)
    if row is None or row.ended_on is not None:
        raise Refused("This driver is not known any more. Look at the list again.")
    if row.version != version:
        raise Stale("Somebody else changed this driver meanwhile. Look at the list again.")
    return row


def _checked(session: Session, driver: NewDriver, own: DriverId | None) -> dict[str, object]:
    name, reasons = driver.name.strip(), []
    if not 0 < len(name) <= 80:
        reasons.append("Type the driver's name, at most 80 characters.")
    same = session.scalars(select(Driver.id).where(Driver.name == name, Driver.ended_on.is_(None)))
    if any(each != own for each in same):
        reasons.append(f"There is a driver {name} already. Add something that tells them apart.")
    phone = driver.phone.strip()
    if phone:
        try:
            phone = read_phone(phone)
        except Refused as no:
            reasons += no.reasons
    if any(len(route) > 40 for route in driver.routes):
        reasons.append("A route's name has at most 40 characters.")
    refuse_if(reasons)
    return {"name": name, "carrier": driver.carrier, "phone": phone, "routes": ", ".join(driver.routes)}
