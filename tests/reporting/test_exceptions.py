"""What did not go as planned with deliveries is listed once each, with what and why; and narrowed to one kind."""

from collections.abc import Callable
from typing import Any

from infusion_desktop.access.roles import Role
from infusion_desktop.dates import ONE_DAY, Days, now_utc, today
from infusion_desktop.deliveries.bench.picking import pick_all
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.bench.shipping import failed_attempt, pack, ship
from infusion_desktop.deliveries.bench.substituting import substitute
from infusion_desktop.deliveries.bench.undoing import cancel
from infusion_desktop.deliveries.bench.verifying import verify_all
from infusion_desktop.deliveries.door.correcting import correct_tracking
from infusion_desktop.deliveries.door.delivering import CameBack, Proof, bring_back_all, deliver
from infusion_desktop.deliveries.plans.planning import Wanted, plan_items
from infusion_desktop.deliveries.words import DeliveryId, LineOutcome
from infusion_desktop.reporting.delivery_exceptions import EXCEPTION_CHOICES
from infusion_desktop.reporting.papers import run
from infusion_desktop.reporting.report import Choice
from tests.deliveries.conftest import WEEK, Bench, make_bench
from tests.deliveries.test_steps import page

__all__ = ["make_bench"]


def test_each_thing_that_did_not_go_as_planned_stands_once_with_its_reason(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    for item, lot, units in (("flush", "F1", 60), ("tubing", "T1", 40), ("dressing-nl", "N1", 2)):
        bench.receives(item, lot, units)
    database, tech, boss = bench.database, bench.tech, bench.staff[Role.ADMINISTRATOR]

    def planned(**wanted: int) -> DeliveryId:
        asked = [Wanted(bench.items[name.replace("_", "-")], units, "asked for") for name, units in wanted.items()]
        made = plan_items(database, bench.patient, WEEK, today(), asked, bench.pharmacist)
        release(database, made, bench.pharmacist)
        return made

    def line(delivery: DeliveryId, number: str) -> Any:
        return next(each for each in page(bench, delivery).lines if each.item_number == number)

    astray, back, refused, never = planned(flush=4, dressing_nl=5), planned(flush=6), planned(flush=2), planned(flush=1)
    short = line(astray, "DRS-2").id
    substitute(database, short, bench.items["tubing"], 2, "out until Friday", tech, override="the nurse agreed")
    cancel(database, never, "planned twice", bench.pharmacist)
    for each in (astray, back, refused):
        pick_all(database, each, tech)
        verify_all(database, each, bench.pharmacist)
        pack(database, each, 1, 0, tech)
        ship(database, each, tech)
    failed_attempt(database, back, "nobody at home", tech)
    came = CameBack(line(back, "FLU-1").lots[0].id, 2, LineOutcome.REFUSED)
    deliver(database, back, Proof("Bob Abernathy", "spouse", now_utc()), tech, back=[came])
    correct_tracking(database, back, "1Z999", "misread", tech, was="")
    bring_back_all(database, refused, LineOutcome.REFUSED, "no room for the boxes", tech)

    with database.reading() as session:
        found = run(session, "exceptions", WEEK, boss)
        parts = [run(session, "exceptions", WEEK, boss, Choice(only=each)).rows for each in EXCEPTION_CHOICES]
        assert run(session, "exceptions", Days(WEEK.first - ONE_DAY, WEEK.first - ONE_DAY), boss).rows == ()
    first, second, third, last = (page(bench, each).row.number for each in (astray, back, refused, never))
    assert [(row[0], *row[3:7]) for row in found.rows] == [
        (first, "left short", "Dressing kit without latex", 1, "not sent since"),
        (first, "something else sent", "Pump tubing", 2, "instead of Dressing kit without latex: out until Friday"),
        (second, "nobody there", "", None, "nobody at home"),
        (second, "came back", "Saline flush 10 mL", 2, "refused"),
        (second, "put right afterwards", "tracking number", None, "misread"),
        (third, "refused", "", None, "no room for the boxes"),
        (last, "cancelled", "", None, "planned twice"),
    ]
    assert [row for part in parts for row in part] == sorted(
        found.rows, key=lambda row: EXCEPTION_CHOICES.index(row[3])
    )
    assert found.totals is not None and found.totals[0] == "7 on 4 deliveries"
