"""What deliveries and therapies ask of the shelf, how long it lasts, who gets what is scarce, and substitutes sent."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from infusion_desktop.billing.months.price_effects import cost_alert
from infusion_desktop.dates import ONE_DAY
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.queries import lines_of
from infusion_desktop.deliveries.scarce.priorities import priorities, set_priority
from infusion_desktop.deliveries.scarce.shortages import ShortageRow, send_instead, shortages
from infusion_desktop.deliveries.scarce.supply_demand import demands, reorder_proposals
from infusion_desktop.errors import NotAllowed, Refused, Warned
from infusion_desktop.patients.interruptions import NewInterruption, interrupt
from infusion_desktop.patients.words import InterruptionKind, TherapyClass
from infusion_desktop.stock.buying.reordering import Source
from infusion_desktop.stock.buying.vendors import NewOffer, NewVendor, add_vendor, set_offer
from infusion_desktop.stock.scarce.substitutes import NewSubstitute, end_substitute, ration, set_substitute, substitutes
from tests.deliveries.conftest import START, WEEK, Bench

Make = Callable[..., Bench]


def asked(bench: Bench, days: int = 14) -> dict[str, list[tuple[Source, int, int]]]:
    """By item name: where from, in how many days, how many."""
    names = {item: name for name, item in bench.items.items()}
    with bench.database.reading() as session:
        found: dict[str, list[tuple[Source, int, int]]] = {}
        for each in sorted(demands(session, START, days), key=lambda each: (each.on, each.units)):
            found.setdefault(names[each.item_id], []).append((each.source, (each.on - START).days, each.units))
        return found


def short(bench: Bench, item: str) -> ShortageRow:
    with bench.database.reading() as session:
        return next(row for row in shortages(session, START) if row.item_id == bench.items[item])


def test_a_therapy_asks_for_its_next_kits_and_a_planned_delivery_takes_their_place(make_bench: Make) -> None:
    bench = make_bench()
    by_therapy = asked(bench)
    # Every 8 hours from today: 21 doses a week; kits leave today, in six days and in thirteen.
    assert by_therapy["drug"] == [(Source.THERAPY, 0, 21), (Source.THERAPY, 6, 21), (Source.THERAPY, 13, 21)]
    assert by_therapy["flush"][0] == (Source.THERAPY, 0, 42)
    assert by_therapy["dressing"] == [(Source.THERAPY, 0, 1), (Source.THERAPY, 6, 1), (Source.THERAPY, 13, 1)]
    assert "tubing" not in by_therapy, "optional lines are not counted"
    bench.plans(counts={bench.items["flush"]: 2})
    planned = asked(bench)
    assert planned["flush"] == [(Source.DELIVERY, 0, 40), (Source.THERAPY, 6, 42), (Source.THERAPY, 13, 42)]
    interrupt(
        bench.database, bench.patient,
        NewInterruption(InterruptionKind.HOSPITAL, WEEK.last + ONE_DAY, WEEK.last + timedelta(days=7)),
        bench.pharmacist,
    )  # fmt: skip
    assert asked(bench)["flush"] == [(Source.DELIVERY, 0, 40), (Source.THERAPY, 13, 42)]


def test_what_is_reserved_is_not_asked_for_twice_and_what_is_owed_still_is(make_bench: Make) -> None:
    bench = make_bench()
    bench.receives("flush", "F1", 30)
    bench.receives("drug", "D1", 100)
    bench.receives("dressing", "X1", 5)
    delivery = bench.plans()
    release(bench.database, delivery, bench.pharmacist)
    found = asked(bench, 3)
    assert found == {"flush": [(Source.DELIVERY, 0, 12)]}, "42 needed, 30 reserved"
    with bench.database.reading() as session:
        row = next(each for each in reorder_proposals(session, START) if each.item_id == bench.items["flush"])
    assert row.reorder.why == "needed by deliveries 12 + by therapies 84 - on hand 0 = 96"
    assert row.reorder.is_for_patients
    assert row.demands[0].what.endswith("still owed")


def test_latex_is_not_ordered_for_the_allergic(make_bench: Make) -> None:
    bench = make_bench(latex_allergy=True)
    assert "dressing" not in asked(bench)
    assert asked(bench)["dressing-nl"][0] == (Source.THERAPY, 0, 1)


def test_how_long_an_item_lasts_and_who_gets_it(make_bench: Make) -> None:
    bench = make_bench()
    bench.receives("flush", "F1", 60)
    bench.plans()
    row = short(bench, "flush")
    assert (row.lasting.patients, row.lasting.units_a_day, row.lasting.days, row.lasting.patient_days) == (
        1,
        6.0,
        10,
        10,
    )
    assert [(share.demand.units, share.given) for share in row.shares] == [(42, 42), (42, 18), (42, 0)]
    assert row.missing == 66
    with bench.database.reading() as session:
        assert priorities(session)[TherapyClass.ANTI_INFECTIVE] == 3
    with pytest.raises(NotAllowed):
        set_priority(bench.database, TherapyClass.ANTI_INFECTIVE, 1, "outbreak", bench.tech, was=3)
    set_priority(bench.database, TherapyClass.ANTI_INFECTIVE, 1, "outbreak", bench.pharmacist, was=3)
    assert {share.demand.priority for share in short(bench, "flush").shares} == {1}


def test_a_substitute_is_sent_converted_and_only_where_it_is_allowed(make_bench: Make) -> None:
    bench = make_bench()
    flush, tubing = bench.items["flush"], bench.items["tubing"]
    bench.receives("tubing", "T1", 200)
    delivery = bench.plans()
    with bench.database.reading() as session:
        line = next(each for each in lines_of(session, delivery) if each.item_id == flush)
    with pytest.raises(Refused, match="not a substitute"):
        send_instead(bench.database, line.id, tubing, 42, "short", bench.pharmacist, was=42)
    with pytest.raises(NotAllowed):
        set_substitute(bench.database, NewSubstitute(flush, tubing), bench.tech)
    kept = set_substitute(bench.database, NewSubstitute(flush, tubing, 1, 3, 2, "cut to length"), bench.pharmacist)
    row = short(bench, "flush")
    assert row.shares[0].instead is not None
    assert (row.shares[0].instead.conversion, row.substitutes[0].replaces) == ("3 for 2", 133)
    with pytest.raises(Refused, match="From 1 to 42"):
        send_instead(bench.database, line.id, tubing, 43, "short", bench.pharmacist, was=42)
    assert send_instead(bench.database, line.id, tubing, 21, "on backorder", bench.pharmacist, was=42) == 32
    with bench.database.reading() as session:
        lines = {each.item_id: each for each in lines_of(session, delivery)}
        assert (lines[flush].to_send, lines[tubing].to_send) == (21, 32)
        assert lines[tubing].substitutes == "Saline flush 10 mL"
        assert lines[flush].change_reason == "on backorder"
    end_substitute(bench.database, kept, bench.pharmacist)
    with bench.database.reading() as session:
        assert substitutes(session, {}) == {}
    with pytest.raises(Refused, match="cannot replace itself"):
        set_substitute(bench.database, NewSubstitute(flush, flush), bench.pharmacist)


def test_a_substitute_with_latex_is_not_sent_to_the_allergic(make_bench: Make) -> None:
    bench = make_bench(latex_allergy=True)
    flush, dressing = bench.items["flush"], bench.items["dressing"]
    set_substitute(bench.database, NewSubstitute(flush, dressing), bench.pharmacist)
    delivery = bench.plans()
    with bench.database.reading() as session:
        line = next(each for each in lines_of(session, delivery) if each.item_id == flush)
    with pytest.raises(Refused, match="allergic to latex"):
        send_instead(bench.database, line.id, dressing, 1, "short", bench.pharmacist, was=42)


def test_a_dearer_flush_takes_its_cents_from_each_day_of_therapy(make_bench: Make) -> None:
    bench = make_bench()
    vendor = add_vendor(bench.database, NewVendor("Northwest", lead_days=10), bench.pharmacist)
    box = NewOffer(bench.items["flush"], pack_name="box", pack_quantity=30, price=Decimal("9.90"))
    set_offer(bench.database, vendor, box, bench.pharmacist)
    with bench.database.reading() as session:
        alert = cost_alert(session, START)
        lead = {row.item_id: row.until for row in reorder_proposals(session, START)}[bench.items["flush"]]
    assert lead == START + timedelta(days=17), "lead time and a week of review"
    [change], [therapy] = alert.changes, alert.therapies
    assert (change.change.now, alert.used_by[change.change.item]) == (Decimal("0.3300"), 1)
    # Six flushes a day at 33 cents that were expected to cost nothing.
    assert (therapy.effect.cost_before, therapy.effect.cost_after, therapy.effect.per_diem) == (
        Decimal("0.00"), Decimal("1.98"), None,
    )  # fmt: skip
    assert alert.a_month[change.change.item] == Decimal("59.40")


def test_a_rationed_item_leaves_beyond_its_share_only_with_a_reason(make_bench: Make) -> None:
    bench = make_bench()
    flush = bench.items["flush"]
    for name, units in (("flush", 30), ("drug", 100), ("dressing", 5)):
        bench.receives(name, name.upper(), units)
    delivery = bench.plans()
    with pytest.raises(NotAllowed):
        ration(bench.database, flush, "plant closed", bench.tech, was="")
    ration(bench.database, flush, "plant closed", bench.pharmacist, was="")
    with pytest.raises(Warned, match=r"rationed \(plant closed\): by priority 30 of 42 go to this delivery. Send less"):
        release(bench.database, delivery, bench.pharmacist)
    set_substitute(bench.database, NewSubstitute(flush, bench.items["tubing"]), bench.pharmacist)
    with pytest.raises(Warned, match="Send Pump tubing for the rest"):
        release(bench.database, delivery, bench.pharmacist)
    assert short(bench, "flush").proposal.rationed == "plant closed"
    with bench.database.reading() as session:
        line = next(each for each in lines_of(session, delivery) if each.item_id == flush)
    send_instead(bench.database, line.id, bench.items["tubing"], 12, "plant closed", bench.pharmacist, was=42)
    assert [each.item_name for each in release(bench.database, delivery, bench.pharmacist).short] == ["Pump tubing"]
    ration(bench.database, flush, "", bench.pharmacist, was="plant closed")
    with pytest.raises(Refused, match="Say why"):
        ration(bench.database, flush, " ", bench.pharmacist, was="")
