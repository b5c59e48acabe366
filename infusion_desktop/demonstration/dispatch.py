"""The day outside the kits in the demonstration: drivers, closed days, what recurs, tours, a wave, a batch."""

from collections.abc import Sequence
from datetime import date, timedelta

from infusion_desktop.access.roles import UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days
from infusion_desktop.deliveries.batches import DAY_PAPERS, print_day
from infusion_desktop.deliveries.bench.shipping import failed_attempt
from infusion_desktop.deliveries.bench.waves import make_wave
from infusion_desktop.deliveries.schedule.calendar_rules import federal_holidays
from infusion_desktop.deliveries.schedule.delivery_days import NOT_GONE, NewDriver, add_driver, close_days
from infusion_desktop.deliveries.schedule.dispatch_words import DriverId
from infusion_desktop.deliveries.schedule.repeats import NewRepeat, add_repeat
from infusion_desktop.deliveries.schedule.schedule_queries import repeatable, schedule
from infusion_desktop.deliveries.schedule.scheduling import Assignment, assign, order_stops
from infusion_desktop.deliveries.words import Carrier, DeliveryState
from infusion_desktop.errors import Refused

_DRIVERS = (
    ("Maria Ortega", Carrier.OWN_DRIVER, ("North", "East")),
    ("Deshawn Bell", Carrier.OWN_DRIVER, ("South", "West")),
    ("Swift Couriers", Carrier.COURIER, ()),
)


def tours(database: Database, coordinator: UserId, technician: UserId, last: date) -> None:
    """Who drives, on which days nothing is delivered, what comes again, and the tours of the days around ``last``."""
    drivers = {
        route: driver
        for name, carrier, routes in _DRIVERS
        for driver in [add_driver(database, NewDriver(name, carrier, "503-555-0142", routes), coordinator)]
        for route in routes
    }
    close_days(
        database,
        {day: name for year in (last.year, last.year + 1) for day, name in federal_holidays(year).items()},
        coordinator,
    )
    _recurring(database, coordinator, last, list(drivers.values()))
    _days_tours(database, coordinator, last, drivers)
    _at_the_bench(database, technician, last)


def _recurring(database: Database, by: UserId, last: date, drivers: Sequence[DriverId]) -> None:
    with database.reading() as session:
        orders = repeatable(session, "", last, limit=12)
    for number, order in enumerate(orders):
        days = 14 if order.interval_hours >= 168 else 7
        weekday = number % 5 if number % 3 else None
        add_repeat(
            database, NewRepeat(order.therapy_id, days, 1, weekday, "10:00 to 14:00", driver_id=drivers[number % 2]), by
        )  # fmt: skip


def _days_tours(database: Database, by: UserId, last: date, drivers: dict[str, DriverId]) -> None:
    with database.reading() as session:
        rows = schedule(session, Days(last, last + timedelta(days=3)), last)
    for route, driver in drivers.items():
        mine = [row for row in rows if row.route == route and row.state in NOT_GONE]
        if mine:
            assign(database, [(row.id, row.version) for row in mine], Assignment(driver, route), by)
        today = [row.id for row in mine if row.day == last]
        if today:
            order_stops(database, today, by, was=dict.fromkeys(today, 0))


def _at_the_bench(database: Database, by: UserId, last: date) -> None:
    """A wave of what is released today, a batch of papers that waits, and one door where nobody opened."""
    with database.reading() as session:
        rows = schedule(session, Days(last, last), last)
    released = [row.id for row in rows if row.state is DeliveryState.RELEASED]
    if len(released) > 1:
        make_wave(database, released, by)
    on_the_way = [row.id for row in rows if row.state is DeliveryState.SHIPPED]
    if on_the_way:
        failed_attempt(database, on_the_way[0], "Nobody opened; a card was left.", by)
    try:
        print_day(database, last, DAY_PAPERS, by)
    except Refused:  # A small pharmacy may have nothing released on its last day.
        return
