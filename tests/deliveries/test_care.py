"""Refill calls, payers' refill rules, the board of calls, clinical events, and tasks made by rules; on both engines."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from infusion_desktop.access.roles import Role
from infusion_desktop.dates import ONE_DAY, Days, now_utc, today
from infusion_desktop.deliveries.bench.picking import pick_all, scan_pick
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.bench.shipping import pack, ship
from infusion_desktop.deliveries.bench.verifying import verify_all
from infusion_desktop.deliveries.calls.call_board import calls_due, held_deliveries
from infusion_desktop.deliveries.calls.call_rules import Urgency, call_window, urgency
from infusion_desktop.deliveries.calls.follow_ups import assign_follow_up, follow_ups
from infusion_desktop.deliveries.calls.refill_calls import NewCall, calls_of, record_call
from infusion_desktop.deliveries.calls.refill_rules_kept import (
    NewRefillRule,
    add_refill_rule,
    edit_refill_rule,
    refill_rules,
    rule_for,
    take_in_medicare_rules,
)
from infusion_desktop.deliveries.care.events import NewEvent, events_of, log_event, withdraw_event
from infusion_desktop.deliveries.care.patient_glance import glance
from infusion_desktop.deliveries.care.task_making import make_tasks, tasks_wanting
from infusion_desktop.deliveries.care.task_rules import Draw, draws_due, home_assessment_due
from infusion_desktop.deliveries.care_words import CallOutcome, Effect, EventKind, SiteState
from infusion_desktop.deliveries.door.delivering import Proof, deliver
from infusion_desktop.deliveries.kits.home_counts import at_home
from infusion_desktop.deliveries.plans.planning import plan
from infusion_desktop.deliveries.plans.supply_plan import call_sheet
from infusion_desktop.deliveries.queries import delivery_page
from infusion_desktop.deliveries.rules import MEDICARE_REFILL_RULES, RefillRule
from infusion_desktop.deliveries.schedule.repeats import NewRepeat, add_repeat, repeats
from infusion_desktop.deliveries.schedule.route_papers import teaching_sheets
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.verify import problems
from infusion_desktop.deliveries.words import DeliveryId
from infusion_desktop.errors import NotAllowed, Refused, Warned
from infusion_desktop.patients.coverage import NewCoverage, add_coverage
from infusion_desktop.patients.devices import NewDevice
from infusion_desktop.patients.labs import NewLab, add_lab
from infusion_desktop.patients.order_versions import change_from
from infusion_desktop.patients.payers import NewPayer, add_payer
from infusion_desktop.patients.queries import interruptions_of, patient_page, therapies_of, therapy_calendars
from infusion_desktop.patients.words import AccessKind, PayerId, PayerKind
from infusion_desktop.stock import verify as stock_verify
from infusion_desktop.stock.catalogue import NewItem, add_item
from infusion_desktop.stock.words import ItemKind
from tests.deliveries.conftest import START, WEEK, Bench, make_patient


def sends(bench: Bench, delivery: DeliveryId) -> DeliveryId:
    """Release, pick, verify, pack, ship, deliver."""
    release(bench.database, delivery, bench.pharmacist, override="asked")
    with bench.database.reading() as session:
        wants_pump = any(not each.tag for each in delivery_page(session, delivery, START).equipment)
    if wants_pump:
        assert scan_pick(bench.database, delivery, f"AST:{bench.pump_tag}", bench.tech).right
    pick_all(bench.database, delivery, bench.tech)
    verify_all(bench.database, delivery, bench.pharmacist)
    pack(bench.database, delivery, 1, 1, bench.tech)
    ship(bench.database, delivery, bench.tech)
    deliver(bench.database, delivery, Proof("Bob Abernathy", "spouse", now_utc()), bench.tech)
    return delivery


def agreed(bench: Bench, **changes: object) -> NewCall:
    counts = {bench.items["drug"]: 9, bench.items["flush"]: 40}
    call = NewCall(bench.patient, CallOutcome.AGREED, counts, "Bob", "spouse", next_on=today() + ONE_DAY)
    return replace(call, **changes)  # type: ignore[arg-type]


def test_a_call_is_kept_with_its_counts_and_makes_the_tasks_it_asks_for(bench: Bench) -> None:
    sends(bench, bench.plans())
    call = agreed(bench, doses_missed=1, missed_why="forgot", site=SiteState.RED, side_effects="nausea")
    kept = record_call(bench.database, call, bench.staff[Role.COORDINATOR])
    assert kept.supply_ends_on == today() + timedelta(days=2), "nine doses, three a day, today's among them"
    with bench.database.reading() as session:
        (row,) = calls_of(session, bench.patient)
        assert (row.outcome, row.spoke_with, row.doses_missed, row.site) == (
            CallOutcome.AGREED,
            "Bob",
            1,
            SiteState.RED,
        )
        counted = {each.item_id: (each.by_ledger, each.counted) for each in at_home(session, bench.patient)}
        assert counted[bench.items["drug"]] == (9, 9), "what is gone was booked as used"
        titles = [each.title for each in follow_ups(session, patient_id=bench.patient)]
        assert any("red or warm" in title for title in titles)
        assert any("Side effects" in title for title in titles)
        assert not any("Call: count" in title for title in titles), "the refill call is done"
        assert stock_verify.problems(session) == ()
    next_week = Days(WEEK.last + ONE_DAY, WEEK.last + timedelta(days=7))
    delivery = plan(bench.database, bench.therapy, next_week, next_week.first, {}, bench.pharmacist, call_id=kept.id)
    with bench.database.reading() as session:
        page = delivery_page(session, delivery, START)
        drug = next(line for line in page.lines if line.item_id == bench.items["drug"])
        assert (drug.at_home, drug.to_send) == (0, 21), "nine are used before the next week begins"
        assert page.counted_with == "Bob"
        assert session.scalar(select(Delivery.call_id).where(Delivery.id == delivery)) == kept.id


def test_what_a_call_lacks_is_told_together(bench: Bench) -> None:
    by = bench.staff[Role.COORDINATOR]
    with pytest.raises(Refused) as no:
        record_call(bench.database, NewCall(bench.patient, CallOutcome.AGREED, doses_missed=2), by)
    said = " ".join(no.value.reasons)
    assert all(words in said for words in ("whom you spoke", "Count at least one", "day of the delivery", "why doses"))
    with pytest.raises(NotAllowed):
        record_call(bench.database, agreed(bench), bench.staff[Role.BILLER])
    record_call(bench.database, NewCall(bench.patient, CallOutcome.NO_ANSWER), by)
    later = today() + timedelta(days=4)
    record_call(bench.database, NewCall(bench.patient, CallOutcome.NOT_NOW, {}, "Ann", "patient", next_on=later), by)
    with bench.database.reading() as session:
        assert [row.due_on for row in follow_ups(session, patient_id=bench.patient) if row.kind == "refill call"] == [
            later
        ]


@pytest.fixture
def payer(bench: Bench) -> PayerId:
    """Medicare pays first."""
    boss = bench.staff[Role.ADMINISTRATOR]
    made = add_payer(bench.database, NewPayer("Medicare", "MB01", PayerKind.MEDICARE_B), boss)
    add_coverage(bench.database, bench.patient, NewCoverage(made, "1EG4", date(2020, 1, 1)), boss)
    return made


def test_a_payers_rules_are_data_with_their_days(bench: Bench, payer: PayerId) -> None:
    boss = bench.staff[Role.ADMINISTRATOR]
    with bench.database.reading() as session:
        assert rule_for(session, bench.patient, today()) == MEDICARE_REFILL_RULES[-1], "as published, until kept"
    assert take_in_medicare_rules(bench.database, boss) == 1
    assert take_in_medicare_rules(bench.database, boss) == 0
    with bench.database.reading() as session:
        assert rule_for(session, bench.patient, date(2023, 12, 31)) == MEDICARE_REFILL_RULES[0], (
            "the older rule by date"
        )
        assert rule_for(session, bench.patient, date(2024, 1, 1)) == MEDICARE_REFILL_RULES[1]
        rows = refill_rules(session)
    assert [row.rule.starts_on.year for row in rows] == [2024, 2011]
    with pytest.raises(Refused, match="already"):
        add_refill_rule(bench.database, rows[0].rule, boss)
    edit_refill_rule(bench.database, rows[0].id, replace(rows[0].rule, longest_supply_days=5), rows[0].version, boss)
    add_refill_rule(bench.database, NewRefillRule(payer, today() + timedelta(days=30), 0, 0), boss)
    with bench.database.reading() as session:
        now, later = (rule_for(session, bench.patient, today() + timedelta(days=n)) for n in (0, 31))
    assert now is not None
    assert later is not None
    assert now.longest_supply_days == 5
    assert later.contact_days > 30_000, "0 sets no limit"
    with pytest.raises(NotAllowed):
        take_in_medicare_rules(bench.database, bench.tech)


def test_too_early_too_much_or_not_asked_is_held_with_the_reason(bench: Bench, payer: PayerId) -> None:
    boss = bench.staff[Role.ADMINISTRATOR]
    sends(bench, bench.plans())
    rule = NewRefillRule(payer, date(2024, 1, 1), 30, 2, longest_supply_days=5)
    add_refill_rule(bench.database, rule, boss)
    next_week = Days(WEEK.last + ONE_DAY, WEEK.last + timedelta(days=7))
    draft = plan(bench.database, bench.therapy, next_week, today(), {}, bench.pharmacist)
    with bench.database.reading() as session:
        (held,) = held_deliveries(session, today())
    said = " ".join(held.reasons)
    assert all(words in said for words in ("Deliver on", "No refill call", "allows 5 days"))
    with pytest.raises(Warned, match="No refill call"):
        release(bench.database, draft, bench.pharmacist)
    record_call(bench.database, agreed(bench, counts={bench.items["drug"]: 3}), bench.pharmacist)
    with bench.database.reading() as session:
        (held,) = held_deliveries(session, today())
    assert [each for each in held.reasons if "allows 5" not in each] == [], "asked, and the supply ends today"
    release(bench.database, draft, bench.pharmacist, override="the payer agreed on the telephone")
    with bench.database.reading() as session:
        assert "telephone" in (session.scalar(select(Delivery.let_go).where(Delivery.id == draft)) or "")
        assert held_deliveries(session, today()) == ()


def test_a_call_before_the_last_supply_speaks_for_no_refill_under_a_changed_order(bench: Bench, payer: PayerId) -> None:
    record_call(bench.database, agreed(bench), bench.pharmacist)
    sends(bench, plan(bench.database, bench.therapy, WEEK, START + ONE_DAY, {}, bench.pharmacist))
    add_refill_rule(bench.database, NewRefillRule(payer, date(2024, 1, 1), 30, 10), bench.staff[Role.ADMINISTRATOR])
    on = WEEK.last + ONE_DAY
    with bench.database.reading() as session:
        (kept,) = therapies_of(session, bench.patient)
    order = replace(kept.order, interval_hours=12)
    newer = change_from(bench.database, kept.id, order, on, kept.version, bench.pharmacist, "level too high")
    plan(bench.database, newer, Days(on, on + timedelta(days=6)), on, {}, bench.pharmacist)
    with bench.database.reading() as session:
        (held,) = held_deliveries(session, today())
    assert any("No refill call" in each for each in held.reasons)


def test_the_board_shows_who_must_be_called_before_a_dose_is_missed(bench: Bench) -> None:
    def board(on: date) -> list[tuple[Urgency, date]]:
        with bench.database.reading() as session:
            return [(row.urgency, row.supply_ends_on) for row in calls_due(session, on)]

    assert board(today()) == [(Urgency.NOW, today() - ONE_DAY)], "nothing was ever sent"
    sends(bench, bench.plans())
    last = WEEK.last
    assert board(today() - timedelta(days=3)) == []
    assert board(last - timedelta(days=6)) == [(Urgency.LATER, last)]
    assert board(last - timedelta(days=5)) == [(Urgency.DUE, last)]
    assert board(last - timedelta(days=2)) == [(Urgency.TODAY, last)]
    assert board(last - ONE_DAY) == [(Urgency.NOW, last)]
    record_call(bench.database, NewCall(bench.patient, CallOutcome.NO_ANSWER), bench.pharmacist)
    with bench.database.reading() as session:
        (row,) = calls_due(session, last - ONE_DAY)
        assert (row.tries, row.last_outcome) == (1, CallOutcome.NO_ANSWER)
    kept = record_call(bench.database, agreed(bench), bench.pharmacist)
    counted_end = today() + timedelta(days=2)
    assert board(last - ONE_DAY) == [(Urgency.NOW, counted_end)], "counted: it ends sooner"
    next_week = Days(last + ONE_DAY, last + timedelta(days=7))
    plan(bench.database, bench.therapy, next_week, next_week.first, {}, bench.pharmacist, call_id=kept.id)
    assert board(last - ONE_DAY) == [], "arranged"


@pytest.mark.parametrize("ends_in", range(-2, 14))
def test_a_call_is_never_first_shown_the_night_before_a_dose(ends_in: int) -> None:
    """Day by day from the delivery on: the call is due three days before the last day that is left to make it."""
    begins, ends = date(2026, 3, 2), date(2026, 3, 2) + timedelta(days=ends_in)
    for rule in (None, *MEDICARE_REFILL_RULES, RefillRule(date(2020, 1, 1), 3, 1)):
        window = call_window(ends, rule)
        shown = [day for n in range(-30, ends_in) if (how := urgency(window, ends, day := begins + timedelta(days=n)))
                 and how is not Urgency.LATER]  # fmt: skip
        if shown:
            assert shown[0] <= ends - timedelta(days=2)
            assert window.call_from is None or rule is None or shown[0] <= window.latest_on


def test_a_catheter_lost_changes_device_days_supplies_and_tasks_at_once(bench: Bench) -> None:
    sends(bench, bench.plans())
    with bench.database.reading() as session:
        device = patient_page(session, bench.patient).devices[0].id
    event = NewEvent(
        bench.patient, EventKind.CATHETER_CHANGE, now_utc(), "PICC pulled while dressing", "New PICC placed",
        Effect.HELD, device_id=device, new_device=NewDevice(AccessKind.PICC, 2, "left arm"), through=today() + ONE_DAY,
        used={bench.items["flush"]: 4}, follow_up="Ask for the X-ray of the tip", follow_up_on=today() + ONE_DAY,
        told_by="Bob",
    )  # fmt: skip
    log_event(bench.database, event, bench.pharmacist)
    with bench.database.reading() as session:
        page = patient_page(session, bench.patient)
        inside = [each for each in page.devices if each.device.removed_on is None]
        assert [(each.device.lumens, each.device.site) for each in inside] == [(2, "left arm")]
        assert page.therapies[0].order.device_id == inside[0].id, "the order runs through the new one"
        (pause,) = interruptions_of(session, bench.patient)
        assert (pause.pause.first_on, pause.pause.last_on) == (today(), today() + ONE_DAY)
        flushes = next(each for each in at_home(session, bench.patient) if each.item_id == bench.items["flush"])
        assert flushes.by_ledger == 38
        assert "X-ray" in " ".join(each.title for each in follow_ups(session, patient_id=bench.patient))
        (row,) = events_of(session, bench.patient)
        assert (row.kind, row.effect, row.used, row.withdrawn) == (
            EventKind.CATHETER_CHANGE, Effect.HELD, (("Saline flush 10 mL", 4),), "")  # fmt: skip
        assert "2 lumens" in row.new_device
        assert stock_verify.problems(session) == problems(session) == ()
    withdraw_event(bench.database, row.id, "another patient's", bench.pharmacist)
    with pytest.raises(Refused, match="already"):
        withdraw_event(bench.database, row.id, "again", bench.pharmacist)
    with bench.database.reading() as session:
        assert [each.withdrawn for each in events_of(session, bench.patient)] == ["another patient's"]


def test_an_event_that_stops_the_therapy_and_one_that_says_too_little(bench: Bench) -> None:
    log_event(
        bench.database,
        NewEvent(bench.patient, EventKind.ALLERGIC_REACTION, now_utc(), "hives", "stopped the dose, 911",
                 Effect.STOPPED, therapy_id=bench.therapy),
        bench.pharmacist,
    )  # fmt: skip
    with bench.database.reading() as session:
        (order,) = therapies_of(session, bench.patient)
    assert (order.order.stops_on, order.stop_reason) == (today(), "Allergic reaction")
    with pytest.raises(Refused) as no:
        log_event(
            bench.database,
            NewEvent(bench.patient, EventKind.LINE_REMOVAL, now_utc() + timedelta(hours=1), " ", "", Effect.STOPPED,
                     used={bench.items["flush"]: 0}),
            bench.pharmacist,
        )  # fmt: skip
    assert len(no.value.reasons) == 6
    with pytest.raises(NotAllowed):
        log_event(bench.database, NewEvent(bench.patient, EventKind.OTHER, now_utc(), "a", "b"), bench.tech)


@pytest.mark.parametrize(
    ("effect", "days"), [(Effect.NONE, 7), (Effect.HELD, 5), (Effect.HOSPITAL, 0), (Effect.STOPPED, 1)]
)
def test_each_kind_of_event_is_kept_with_its_task_its_device_and_its_effect_on_the_days(
    bench: Bench, effect: Effect, days: int
) -> None:
    goes_out = {EventKind.CATHETER_CHANGE, EventKind.CATHETER_LOSS, EventKind.LINE_REMOVAL}
    with bench.database.reading() as session:
        prescriber = therapies_of(session, bench.patient)[0].order.prescriber_id
    for kind in EventKind:
        patient = make_patient(bench.database, bench.pharmacist, prescriber, last_name=f"Case {kind.value}")
        with bench.database.reading() as session:
            device, therapy = patient_page(session, patient).devices[0].id, therapies_of(session, patient)[0].id
        at, instead = now_utc(), NewDevice(AccessKind.MIDLINE, 1) if kind is EventKind.CATHETER_CHANGE else None
        through = today() + ONE_DAY if effect is Effect.HELD else None
        event = NewEvent(patient, kind, at, "seen at home", "told the prescriber", effect, therapy, device, instead,
                         through, follow_up=f"Look again: {kind.value}", follow_up_on=today() + ONE_DAY)  # fmt: skip
        log_event(bench.database, event, bench.pharmacist)
        with bench.database.reading() as session:
            (row,) = events_of(session, patient)
            assert (row.kind, row.at, row.action, row.effect) == (kind, at, "told the prescriber", effect)
            (task,) = follow_ups(session, patient_id=patient)
            assert (task.kind, task.title, task.due_on) == ("clinical", f"Look again: {kind.value}", today() + ONE_DAY)
            left = [
                each.device.kind for each in patient_page(session, patient).devices if each.device.removed_on is None
            ]
            assert left == ([AccessKind.MIDLINE] if instead else [] if kind in goes_out else [AccessKind.PICC])
            (calendar,) = therapy_calendars(session, WEEK, patient)
            assert len(calendar.days(WEEK)) == days, kind


def test_rules_make_each_task_once(bench: Bench) -> None:
    add_lab(bench.database, bench.therapy, NewLab("CBC, BMP", today() + ONE_DAY, 7), bench.pharmacist)
    add_lab(bench.database, bench.therapy, NewLab("Trough", today() + timedelta(days=20), 7), bench.pharmacist)
    by = bench.staff[Role.COORDINATOR]
    with bench.database.reading() as session:
        assert tasks_wanting(session, today())
    assert make_tasks(bench.database, today(), by) == 2
    assert make_tasks(bench.database, today(), by) == 0
    with bench.database.reading() as session:
        due = {row.kind: (row.title, row.due_on) for row in follow_ups(session, patient_id=bench.patient)}
        assert not tasks_wanting(session, today())
    assert due["lab"] == ("Lab due: CBC, BMP", today() + ONE_DAY)
    assert due["home assessment"][1] == START + timedelta(days=7)
    with bench.database.reading() as session:
        lab = next(row for row in follow_ups(session) if row.kind == "lab")
    assert lab.owner == ""
    assign_follow_up(bench.database, lab.id, by, lab.due_on, lab.version, by)
    assert make_tasks(bench.database, today() + timedelta(days=7), by) == 1, "the draw of next week"
    with bench.database.reading() as session:
        assert {row.owner_id for row in follow_ups(session) if row.kind == "lab"} == {by}, "whoever has the patient"


def test_draws_keep_their_rhythm_and_leave_out_days_away() -> None:
    draw = Draw(1, "CBC", date(2026, 3, 2), 7, date(2026, 3, 30))
    away = [Days(date(2026, 3, 14), date(2026, 3, 20))]
    seen = {task.due_on for n in range(60) for task in draws_due(draw, date(2026, 2, 20) + timedelta(days=n), away)}
    assert seen == {date(2026, 3, 2), date(2026, 3, 9), date(2026, 3, 23), date(2026, 3, 30)}
    visits = {
        task.due_on
        for n in range(200)
        if (task := home_assessment_due(1, date(2026, 1, 1), date(2026, 1, 1) + timedelta(days=n)))
    }
    assert sorted(visits) == [date(2026, 1, 8), date(2026, 3, 9), date(2026, 5, 8), date(2026, 7, 7)]


def test_a_changed_order_is_no_first_delivery_and_keeps_its_pump(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    for item, lot in (("drug", "D1"), ("flush", "F1"), ("dressing", "X1"), ("dressing-nl", "N1")):
        bench.receives(item, lot, 200)
    sends(bench, bench.plans())
    on = WEEK.last + ONE_DAY
    with bench.database.reading() as session:
        (kept,) = therapies_of(session, bench.patient)
    order = replace(kept.order, interval_hours=12)
    newer = change_from(bench.database, kept.id, order, on, kept.version, bench.pharmacist, "level too high")
    kit = plan(bench.database, newer, Days(on, on + timedelta(days=6)), on, {}, bench.pharmacist)
    with bench.database.reading() as session:
        page = delivery_page(session, kit, START)
        (packet,) = teaching_sheets(session, [kit], START, bench.tech, now_utc()).packets
    assert not packet.is_first
    assert page.equipment == (), "the pump is there already"
    assert {line.item_number: line.to_send for line in page.lines}["DRG-1"] == 14
    with bench.database.reading() as session:
        assert [row.kind for row in follow_ups(session, patient_id=bench.patient)].count("first call") == 1


@pytest.mark.parametrize(("hours", "drug", "through"), [(12, None, 6), (4, None, 3), (8, "DRG-2", None)])
def test_what_came_before_a_change_of_dose_is_counted(
    make_bench: Callable[..., Bench], hours: int, drug: str | None, through: int | None
) -> None:
    """A week came and the order changes on the third day: what is left lasts shorter at more doses a day."""
    bench = make_bench()
    for item, lot in (("drug", "D1"), ("flush", "F1"), ("dressing", "X1"), ("dressing-nl", "N1")):
        bench.receives(item, lot, 200)
    sends(bench, bench.plans())
    with bench.database.reading() as session:
        (kept,) = therapies_of(session, bench.patient)
    boss, item = bench.staff[Role.ADMINISTRATOR], None
    if drug is not None:
        item = add_item(bench.database, NewItem(drug, "Cefazolin 1 g", ItemKind.DRUG), boss)
    order = replace(kept.order, interval_hours=hours, drug_item_id=item)
    on = START + timedelta(days=2)
    newer = change_from(bench.database, kept.id, order, on, kept.version, bench.pharmacist, "a new dose")
    add_repeat(bench.database, NewRepeat(bench.therapy, 7, 0), bench.pharmacist)
    last = None if through is None else START + timedelta(days=through)
    with bench.database.reading() as session:
        orders = {each.therapy_id: each.supplied_through for each in call_sheet(session, bench.patient, on).orders}
        begins = call_sheet(session, bench.patient, on).next_days.first
        ends = {row.supply_ends_on for row in calls_due(session, on)}
        seen = glance(session, bench.patient, on).supply_ends_on
        (again,) = repeats(session, on)
    assert seen == last, "the patient's page says the same"
    assert again.next is not None and again.next.period.first == begins, "and what recurs"
    assert orders == {newer: last}
    assert begins == (on if last is None else last + ONE_DAY)
    assert ends == {on - ONE_DAY if last is None else last}, "the board of calls says the same"
