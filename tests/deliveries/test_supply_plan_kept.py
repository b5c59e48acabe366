"""The supply plan, the call sheet and the patient at a glance over what is kept, on both engines."""

from dataclasses import replace
from datetime import timedelta

import pytest

from infusion_desktop.access.roles import Role
from infusion_desktop.dates import ONE_DAY, Days, today
from infusion_desktop.deliveries.calls.refill_calls import NewCall, record_call
from infusion_desktop.deliveries.care.patient_glance import MomentKind, glance
from infusion_desktop.deliveries.care_words import CallOutcome
from infusion_desktop.deliveries.kits.kit_needs import facts_of, supplied
from infusion_desktop.deliveries.kits.template_effects import touched
from infusion_desktop.deliveries.kits.templates import save_template, templates
from infusion_desktop.deliveries.plans.supply_plan import call_sheet, plan_together, supply_plan
from infusion_desktop.deliveries.queries import delivery_page
from infusion_desktop.errors import Refused
from infusion_desktop.patients.queries import patient_page, therapies_of
from infusion_desktop.patients.therapies import order_therapy
from infusion_desktop.patients.words import Method
from tests.deliveries.conftest import START, WEEK, Bench
from tests.deliveries.test_care import sends


def test_two_orders_are_planned_together_and_sent_what_they_share_once(bench: Bench) -> None:
    with bench.database.reading() as session:
        (first,) = therapies_of(session, bench.patient)
    other = replace(first.order, drug="vancomycin 1 g", interval_hours=12)
    second = order_therapy(bench.database, bench.patient, other, bench.pharmacist)
    both = (first.id, second)
    with bench.database.reading() as session:
        plan = supply_plan(session, bench.patient, both, WEEK, {}, today())
        alone = supply_plan(session, bench.patient, (second,), WEEK, {}, today())
    needed = {item.number: item.needed for item in plan.items}
    assert needed == {"DRG-1": 21 + 14, "FLU-1": 42 + 28, "DRS-1": 1}, "one dressing for the one catheter"
    assert {item.number: item.needed for item in alone.items}["DRS-1"] == 1
    assert plan.days_at_home == 7
    assert all(sum(day.needed for day in item.days) == item.needed for item in plan.items)

    made = plan_together(bench.database, bench.patient, both, WEEK, START, bench.pharmacist)
    with bench.database.reading() as session:
        kits = [{line.item_number: line.to_send for line in delivery_page(session, each, START).lines} for each in made]
        assert [each.therapy_id for each in supplied(session, bench.patient, WEEK)] == list(both)
    assert kits == [{"DRG-1": 21, "FLU-1": 42, "DRS-1": 1}, {"DRG-1": 14, "FLU-1": 28}]
    with pytest.raises(Refused, match="supplied already"):
        plan_together(bench.database, bench.patient, both, WEEK, START, bench.pharmacist)
    with bench.database.reading() as session:
        later = Days(WEEK.first + timedelta(days=3), WEEK.last + timedelta(days=3))
        said = supply_plan(session, bench.patient, (second,), later, {}, today()).covered
        number = delivery_page(session, made[1], START).row.number
    assert f"vancomycin 1 g: {number} (draft" in said[0] and "planned here is for" in said[1]
    third = Days(WEEK.last + timedelta(days=8), WEEK.last + timedelta(days=14))
    plan_together(bench.database, bench.patient, both, third, third.first, bench.pharmacist)
    gap = Days(WEEK.first, third.last)
    (filled,) = plan_together(bench.database, bench.patient, (second,), gap, third.first, bench.pharmacist)
    with bench.database.reading() as session:
        between = Days(WEEK.last + ONE_DAY, third.first - ONE_DAY)
        assert delivery_page(session, filled, START).row.period == between, "only the week that nothing covers"


def test_the_call_sheet_and_the_glance_follow_what_happened(bench: Bench) -> None:
    sends(bench, bench.plans())
    drug, flush = bench.items["drug"], bench.items["flush"]
    with bench.database.reading() as session:
        sheet = call_sheet(session, bench.patient, today())
        lines = {line.item_id: (line.by_books, line.expected, line.a_day) for line in sheet.lines}
        assert lines[drug] == (21, 21, 3)
        assert sheet.supply_ends_on == WEEK.last
        assert sheet.next_days == Days(WEEK.last + ONE_DAY, WEEK.last + timedelta(days=7))
        assert sheet.call_id is None
    counts = {drug: 15, flush: 42}
    call = NewCall(bench.patient, CallOutcome.AGREED, counts, "Bob", "spouse", next_on=WEEK.last)
    kept = record_call(bench.database, call, bench.pharmacist)
    with bench.database.reading() as session:
        sheet = call_sheet(session, bench.patient, today())
        assert (sheet.call_id, sheet.counts, sheet.counted_on) == (kept.id, counts, today())
        seen = glance(session, bench.patient, today())
        left = {each.item.item_id: each.lasts_through for each in seen.supplies if each.is_used}
        assert left[drug] == START + timedelta(days=4)
        assert seen.last_delivery is not None
        assert seen.last_delivery.signed_by == "Bob Abernathy"
        assert seen.supply_ends_on == WEEK.last
        assert {each.kind for each in seen.moments} >= {MomentKind.CARE, MomentKind.ORDER, MomentKind.DELIVERY,
                                                        MomentKind.CALL}  # fmt: skip
        (kit,) = templates(session, today())
        (row,) = touched(session, kit.template, today())
        assert (row.patient_id, row.what) == (bench.patient, "follows the new version")
        gone = replace(kit.template, latex_allergic_only=True)
        assert [each.what for each in touched(session, gone, today())] == ["no kit fits any more"]
        assert not facts_of(session, bench.patient).latex_allergic
        assert patient_page(session, bench.patient).episode is not None
    assert bench.staff[Role.PHARMACIST] == bench.pharmacist


def test_the_patients_page_and_the_refill_call_reckon_alike_what_is_left_days_after_it_came(bench: Bench) -> None:
    with bench.database.reading() as session:
        (first,), (kit,) = therapies_of(session, bench.patient), templates(session, START)
    by_hand = replace(kit.template, code="GRV", methods=(Method.GRAVITY,), lines=kit.template.lines[:4])
    save_template(bench.database, by_hand, bench.staff[Role.ADMINISTRATOR], START)
    other = replace(first.order, drug="vancomycin 1 g", interval_hours=12, method=Method.GRAVITY)
    second = order_therapy(bench.database, bench.patient, other, bench.pharmacist)
    fortnight = Days(START, START + timedelta(days=13))
    for each in plan_together(bench.database, bench.patient, (first.id, second), fortnight, START, bench.pharmacist):
        sends(bench, each)
    later = START + timedelta(days=2)
    with bench.database.reading() as session:
        seen = {each.item.item_id: each for each in glance(session, bench.patient, later).supplies}
        sheet = {line.item_id: line.expected for line in call_sheet(session, bench.patient, later).lines}
    drug = seen[bench.items["drug"]]
    assert (drug.item.by_ledger, drug.left, drug.lasts_through) == (70, 60, fortnight.last), "two days of 5 doses gone"
    assert {item: each.left for item, each in seen.items()} == sheet
    dressing = next(each for each in seen.values() if each.item.number == "DRS-1")
    assert (dressing.item.by_ledger, dressing.left) == (2, 1), "one change for both drugs through one catheter"
