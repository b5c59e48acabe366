"""Deliveries on days, with drivers and in order; what recurs is planned once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest

from infusion_desktop.dates import Days, now_utc, show_day, today
from infusion_desktop.deliveries.bench.shipping import failed_attempt
from infusion_desktop.deliveries.schedule.calendar_rules import Week
from infusion_desktop.deliveries.schedule.delivery_days import (
    NewDriver,
    add_driver,
    calendar_of,
    change_driver,
    close_days,
    drivers,
    end_driver,
    open_day,
    set_week,
)
from infusion_desktop.deliveries.schedule.repeats import NewRepeat, add_repeat, end_repeat, expected, plan_due, repeats
from infusion_desktop.deliveries.schedule.route_papers import route_sheet_of, teaching_sheets
from infusion_desktop.deliveries.schedule.schedule_queries import ScheduleRow, schedule
from infusion_desktop.deliveries.schedule.scheduling import (
    Assignment,
    assign,
    check_move,
    move_to_day,
    order_stops,
    try_again,
)
from infusion_desktop.deliveries.words import Carrier, DeliveryId
from infusion_desktop.errors import NotAllowed, Refused, Stale, Warned
from infusion_desktop.patients.order_versions import change_from
from infusion_desktop.patients.queries import therapies_of
from infusion_desktop.progress import run_to_end
from reports import route_sheet, teaching_list

from .test_steps import shipped

EVERY_DAY = frozenset(range(7))


def at(bench: Any, delivery: DeliveryId) -> ScheduleRow:
    with bench.database.reading() as session:
        rows = schedule(session, Days(today() - timedelta(days=30), today() + timedelta(days=90)), today())
    return next(row for row in rows if row.id == delivery)


def open_all_week(bench: Any) -> None:
    set_week(bench.database, Week(today() - timedelta(days=1), EVERY_DAY, time(23, 59), 0), bench.pharmacist, was=None)


def test_a_move_is_checked_and_may_be_overridden_with_a_reason(bench: Any) -> None:
    open_all_week(bench)
    delivery = bench.plans()
    holiday = today() + timedelta(days=2)
    close_days(bench.database, {holiday: "Founder's day"}, bench.pharmacist)
    with bench.database.reading() as session:
        found = check_move(session, delivery, holiday, now_utc().astimezone().replace(tzinfo=None))
    assert "Founder's day" in found.warnings[0]
    with pytest.raises(Warned, match="Founder's day"):
        move_to_day(bench.database, delivery, holiday, at(bench, delivery).version, bench.pharmacist)
    version = at(bench, delivery).version
    move_to_day(bench.database, delivery, holiday, version, bench.pharmacist, override="the driver comes in")
    assert at(bench, delivery).day == holiday
    with pytest.raises(Stale):
        move_to_day(bench.database, delivery, today(), version, bench.pharmacist)
    with pytest.raises(Refused, match="has passed"):
        move_to_day(bench.database, delivery, today() - timedelta(days=1), version + 1, bench.pharmacist)
    with pytest.raises(NotAllowed):
        move_to_day(bench.database, delivery, today(), version + 1, bench.tech)
    open_day(bench.database, holiday, bench.pharmacist)
    with pytest.raises(Refused, match="is not closed"):
        open_day(bench.database, holiday, bench.pharmacist)


def test_drivers_take_stops_in_order_and_the_sheet_says_all_a_driver_needs(bench: Any, read_pdf: Any) -> None:
    open_all_week(bench)
    maria = add_driver(bench.database, NewDriver("Maria Ortega", phone="503-555-0142", routes=("North",)),
                       bench.pharmacist)  # fmt: skip
    courier = add_driver(bench.database, NewDriver("Swift Couriers", Carrier.COURIER), bench.pharmacist)
    with pytest.raises(Refused, match="already"):
        add_driver(bench.database, NewDriver("Maria Ortega"), bench.pharmacist)
    change_driver(bench.database, courier, NewDriver("Swift", Carrier.COURIER), 1, bench.pharmacist)
    first = bench.releases(bench.plans())
    assign(bench.database, [(first, at(bench, first).version)], Assignment(maria, "North"), bench.pharmacist)
    version = at(bench, first).version
    move_to_day(bench.database, first, today() + timedelta(days=1), version, bench.pharmacist, override="agreed")
    move_to_day(bench.database, first, today(), version + 1, bench.pharmacist, override="agreed")
    order_stops(bench.database, [first], bench.pharmacist, was={first: 0})
    row = at(bench, first)
    assert (row.driver, row.route, row.position, row.group, row.is_cold) == (
        "Maria Ortega", "North", 1, "Maria Ortega", True,
    )  # fmt: skip
    with pytest.raises(Refused, match="wait for Maria"):
        end_driver(bench.database, maria, 1, bench.pharmacist)
    with bench.database.reading() as session:
        sheet = route_sheet_of(session, today(), "Maria Ortega", bench.tech, now_utc())
        teaching = teaching_sheets(session, [first], today(), bench.tech, now_utc())
    said = read_pdf(route_sheet.render(sheet))
    for text in (
        "Maria Ortega",
        "(503) 555-0142",
        "12 Elm Avenue",
        "COLD",
        row.number,
        "not packed yet",
        "Nobody there",
    ):
        assert text in said, text
    assert "Ambulatory pump: start, alarms, batteries" in read_pdf(teaching_list.render(teaching))
    assign(bench.database, [(first, at(bench, first).version)], Assignment(courier), bench.pharmacist)
    assert (at(bench, first).carrier, at(bench, first).position) == (Carrier.COURIER, 0)
    end_driver(bench.database, maria, 1, bench.pharmacist)
    with bench.database.reading() as session:
        assert [each.name for each in drivers(session)] == ["Swift"]


def test_after_nobody_was_there_the_driver_tries_again_another_day(bench: Any) -> None:
    delivery = shipped(bench)
    failed_attempt(bench.database, delivery, "nobody at home", bench.tech)
    tomorrow = today() + timedelta(days=1)
    try_again(bench.database, delivery, tomorrow, at(bench, delivery).version, bench.tech)
    row = at(bench, delivery)
    assert (row.day, row.attempts) == (tomorrow, 1)
    with bench.database.reading() as session:
        sheet = route_sheet_of(session, tomorrow, row.group, bench.tech, now_utc())
    assert [stop.remark for stop in sheet.stops] == ["Nobody was there once before."]


def test_recurring_deliveries_are_expected_then_planned_once(bench: Any) -> None:
    open_all_week(bench)
    driver = add_driver(bench.database, NewDriver("Maria Ortega"), bench.pharmacist)
    new = NewRepeat(bench.therapy, 7, 1, None, "10:00 to 14:00", driver_id=driver)
    repeat = add_repeat(bench.database, new, bench.pharmacist)
    with pytest.raises(Refused, match="come again already"):
        add_repeat(bench.database, new, bench.pharmacist)
    month = Days(today(), today() + timedelta(days=27))
    with bench.database.reading() as session:
        coming = expected(session, month, today())
    firsts = [today() + timedelta(days=days) for days in (0, 7, 14, 21, 28)]
    assert [each.period.first for each in coming] == firsts
    assert [each.arrives_on for each in coming] == [today(), *(day - timedelta(days=1) for day in firsts[1:])]
    until = today() + timedelta(days=14)
    with ThreadPoolExecutor(2) as two:  # Two people press the button at once: nothing is planned twice.
        both = [two.submit(run_to_end, plan_due(bench.database, until, bench.pharmacist, today())) for _ in range(2)]
    assert [each.result() for each in both] == [(), ()]
    with bench.database.reading() as session:
        planned = schedule(session, month, today())
        assert [row.period.first for row in planned] == firsts[:3]
        assert {row.driver for row in planned} == {"Maria Ortega"}
        assert [each.period.first for each in expected(session, month, today())] == firsts[3:]
        kept = repeats(session, today())[0]
        assert kept.planned_through == firsts[3] - timedelta(days=1)
        assert calendar_of(session).week_on(date(2020, 1, 1)).weekdays == frozenset(range(5))
    with pytest.raises(Stale):
        end_repeat(bench.database, repeat, "cured", kept.version + 1, bench.pharmacist)
    end_repeat(bench.database, repeat, "cured", kept.version, bench.pharmacist)
    with bench.database.reading() as session:
        assert expected(session, month, today()) == ()
        assert show_day(today()) in [show_day(row.day) for row in schedule(session, month, today())]


def test_what_recurs_goes_on_with_the_changed_order(bench: Any) -> None:
    open_all_week(bench)
    add_repeat(bench.database, NewRepeat(bench.therapy, 7, 0), bench.pharmacist)
    with bench.database.reading() as session:
        (order,) = therapies_of(session, bench.patient)
    on = today() + timedelta(days=10)
    changed = replace(order.order, interval_hours=12)
    newer = change_from(bench.database, order.id, changed, on, order.version, bench.pharmacist, "level too high")
    with pytest.raises(Refused, match="come again already"):
        add_repeat(bench.database, NewRepeat(newer, 7, 0), bench.pharmacist)
    month = Days(today(), today() + timedelta(days=27))
    with bench.database.reading() as session:
        coming = expected(session, month, today())
        assert [each.therapy_id for each in coming][:3] == [bench.therapy, bench.therapy, newer]
        assert coming[1].period.last == on - timedelta(days=1) and coming[2].period.first == on
    assert run_to_end(plan_due(bench.database, on + timedelta(days=7), bench.pharmacist, today())) == ()
    with bench.database.reading() as session:
        kept = repeats(session, today())[0]
        assert kept.next is not None and kept.next.therapy_id == newer
        assert kept.planned_through is not None and kept.planned_through > on, "the next follows the last one planned"
