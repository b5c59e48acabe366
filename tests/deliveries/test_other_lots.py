"""A wrong lot found after it left: ledger, delivery, home, manifest and recalls say the right one after one deed."""

from datetime import timedelta
from typing import Any

import pytest

from infusion_desktop.access.audit import record
from infusion_desktop.access.roles import Role
from infusion_desktop.dates import now_utc, today
from infusion_desktop.deliveries.door.delivering import CameBack, Proof, deliver, return_later
from infusion_desktop.deliveries.door.other_lots import correct_lot, other_items, other_lots
from infusion_desktop.deliveries.door.proof import corrections_of
from infusion_desktop.deliveries.kits.home_counts import at_home, keep_counts
from infusion_desktop.deliveries.papers import manifest
from infusion_desktop.deliveries.plans.still_owed import still_owed
from infusion_desktop.deliveries.queries import LotRow
from infusion_desktop.deliveries.scarce.recall_queries import recall_page
from infusion_desktop.deliveries.words import DeliveryId, LineOutcome
from infusion_desktop.errors import NotAllowed, Refused, Warned
from infusion_desktop.stock.catalogue import NewItem, add_item
from infusion_desktop.stock.ledger import NewMove, post, set_held
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.scarce.recall import open_recall
from infusion_desktop.stock.words import ItemKind, MoveReason

from .test_steps import in_order, on_hand, page, shipped

ADMIN = Role.ADMINISTRATOR
WHY = "the caregiver read the box"


def lots_of(bench: Any, delivery: DeliveryId, number: str) -> dict[str, LotRow]:
    line = next(each for each in page(bench, delivery).lines if each.item_number == number)
    return {lot.lot: lot for lot in line.lots}


def arrives(bench: Any, delivery: DeliveryId, *back: CameBack) -> None:
    deliver(bench.database, delivery, Proof("Bob", "spouse", now_utc()), bench.tech, back=back)


@pytest.mark.parametrize("is_there", [False, True])
def test_the_right_lot_takes_the_wrong_ones_place_everywhere(bench: Any, is_there: bool) -> None:
    delivery = shipped(bench)
    if is_there:
        arrives(bench, delivery)
    wrong = lots_of(bench, delivery, "FLU-1")["F1"]
    before = on_hand(bench, "MAIN")
    with bench.database.reading() as session:
        offered = other_lots(session, wrong.id)
    assert [(each.number, each.free) for each in offered.lots] == [("F2", 100)] and not offered.counted
    f2 = offered.lots[0].id
    correct_lot(bench.database, wrong.id, f2, 10, WHY, bench.pharmacist)
    assert {lot: row.quantity for lot, row in lots_of(bench, delivery, "FLU-1").items()} == {"F1": 32, "F2": 10}
    after = on_hand(bench, "MAIN")
    assert after[wrong.lot_id] == before[wrong.lot_id] + 10 and after[f2] == before[f2] - 10
    correct_lot(bench.database, wrong.id, f2, 32, "all of them", bench.pharmacist)
    (row,) = lots_of(bench, delivery, "FLU-1").values()
    assert (row.lot, row.quantity, row.picked, row.verified) == ("F2", 42, 42, 42)
    assert on_hand(bench, "MAIN")[wrong.lot_id] == 100
    with bench.database.reading() as session:
        assert [(each.was, each.now, each.reason) for each in corrections_of(session, delivery)] == [
            ("42 of lot F1", "32 of lot F1, 10 of lot F2", WHY), ("32 of lot F1", "32 of lot F2", "all of them"),
        ]  # fmt: skip
        printed = manifest(session, delivery, bench.tech, now_utc())
    line = next(each for each in printed.lines if each.item_number == "FLU-1")
    assert [lot.lot for lot in line.lots] == ["F2"] and "lot corrected" in line.note
    in_order(bench)
    if not is_there:
        arrives(bench, delivery)
    in_order(bench)
    flush, boss = bench.items["flush"], bench.staff[Role.ADMINISTRATOR]
    recalls = [open_recall(bench.database, flush, [lot], "may leak", "FDA", boss) for lot in ("F1", "F2")]
    with bench.database.reading() as session:
        found = [recall_page(session, each) for each in recalls]
    assert [[each.units for each in one.patients] for one in found] == [[], [42]], "who has it is found, nobody else"
    assert [one.tally.came_back for one in found] == [0, 0] and [one.accounted for one in found]


def test_what_was_used_at_home_was_used_of_the_right_lot_and_what_came_back_stays(bench: Any) -> None:
    delivery = shipped(bench)
    wrong = lots_of(bench, delivery, "FLU-1")["F1"]
    arrives(bench, delivery, CameBack(wrong.id, 2, LineOutcome.REFUSED))
    with bench.database.transaction() as session:
        keep_counts(session, bench.patient, {bench.items["flush"]: 5}, today(), "Bob", bench.pharmacist)
    with bench.database.reading() as session:
        (f2,) = (each.id for each in other_lots(session, wrong.id).lots)
    with pytest.raises(Refused, match="40 of this lot"):
        correct_lot(bench.database, wrong.id, f2, 41, WHY, bench.pharmacist)
    correct_lot(bench.database, wrong.id, f2, 40, WHY, bench.pharmacist)
    rows = lots_of(bench, delivery, "FLU-1")
    assert {lot: (row.quantity, row.came_back) for lot, row in rows.items()} == {"F1": (2, 2), "F2": (40, 0)}
    recall = open_recall(
        bench.database, bench.items["flush"], ["F2"], "may leak", "FDA", bench.staff[Role.ADMINISTRATOR]
    )
    with bench.database.reading() as session:
        (patient,) = recall_page(session, recall).patients
    assert (patient.at_home, patient.used) == (5, 35)
    return_later(bench.database, rows["F2"].id, 5, "left over", bench.tech)
    in_order(bench)


def test_a_shelf_that_was_counted_since_keeps_its_numbers(bench: Any) -> None:
    delivery = shipped(bench)
    wrong = lots_of(bench, delivery, "FLU-1")["F1"]
    arrives(bench, delivery)
    with bench.database.reading() as session:
        (f2,) = (each.id for each in other_lots(session, wrong.id).lots)
    with bench.database.transaction() as session:
        main, differences = place_id(session, "MAIN"), place_id(session, "ADJUST")
        found = [NewMove(wrong.lot_id, differences, main, 42, MoveReason.COUNTED),
                 NewMove(f2, main, differences, 42, MoveReason.COUNTED)]  # fmt: skip
        post(session, found, "count", 1, bench.tech)
        record(session, bench.tech, "approve count", "count", 1)
    before = on_hand(bench, "MAIN")
    with bench.database.reading() as session:
        offered = other_lots(session, wrong.id)
    assert offered.counted
    correct_lot(bench.database, wrong.id, offered.lots[0].id, 42, WHY, bench.pharmacist, shelf_counted=True)
    assert on_hand(bench, "MAIN") == before
    assert lots_of(bench, delivery, "FLU-1")["F2"].quantity == 42
    in_order(bench)


def test_what_cannot_be_and_what_must_be_read_first(bench: Any) -> None:
    delivery = shipped(bench)
    database, by = bench.database, bench.pharmacist
    wrong = lots_of(bench, delivery, "FLU-1")["F1"]
    soon = bench.receives("flush", "F3", 5, today() + timedelta(days=2))
    with database.reading() as session:
        f2 = next(each.id for each in other_lots(session, wrong.id).lots if each.number == "F2")
    with pytest.raises(Warned, match=r"Cefazolin 2 g came instead of Saline flush 10 mL\. Call the patient"):
        correct_lot(database, wrong.id, lots_of(bench, delivery, "DRG-1")["D1"].lot_id, 1, WHY, by)
    for lot, units, why, said in (
        (f2, 1, " ", "Say how you know"),
        (f2, 43, WHY, "from 1 to 42"),
        (wrong.lot_id, 1, WHY, "already"),
    ):
        with pytest.raises(Refused, match=said):
            correct_lot(database, wrong.id, lot, units, why, by)
    with pytest.raises(NotAllowed):
        correct_lot(database, wrong.id, f2, 1, WHY, bench.tech)
    with pytest.raises(Warned, match="before the supply ends"):
        correct_lot(database, wrong.id, soon, 2, WHY, by)
    with pytest.raises(Refused, match="5 free units of lot F3 in one place, not 6"):
        correct_lot(database, wrong.id, soon, 6, WHY, by, override="patient was called")
    with database.transaction() as session:
        set_held(session, [f2], "recall R-1")
        record(session, by, "hold", "lot", f2)
    with pytest.raises(Warned, match="held: recall R-1"):
        correct_lot(database, wrong.id, f2, 2, WHY, by)
    correct_lot(database, wrong.id, f2, 2, WHY, by, override="the patient was called")
    in_order(bench)


@pytest.mark.parametrize("serves", [False, True])
def test_a_mistaken_correction_is_put_right_again(bench: Any, serves: bool) -> None:
    small = add_item(bench.database, NewItem("FLU-9", "Saline flush 5 mL", ItemKind.FLUSH), bench.staff[ADMIN])
    bench.items["small"] = small
    other = bench.receives("small", "S1", 50)
    delivery = shipped(bench)
    sent = lots_of(bench, delivery, "FLU-1")["F1"]
    correct_lot(bench.database, sent.id, other, 42, WHY, bench.pharmacist, serves=serves)
    back = lots_of(bench, delivery, "FLU-9")["S1"]
    correct_lot(bench.database, back.id, sent.lot_id, 42, WHY, bench.pharmacist)
    lines = {line.item_number: line for line in page(bench, delivery).lines}
    assert [(lot.lot, lot.quantity) for lot in lines["FLU-1"].lots] == [("F1", 42)]
    assert (lines["FLU-1"].to_send, lines["FLU-1"].owed) == (42, 0)
    assert (lines["FLU-9"].to_send, lines["FLU-9"].owed, lines["FLU-9"].lots) == (0, 0, ())
    with bench.database.reading() as session:
        assert still_owed(session, today(), bench.patient) == ()
    in_order(bench)


@pytest.mark.parametrize(("is_there", "serves"), [(False, False), (True, True)])
def test_another_item_than_was_sent_is_put_right_in_one_deed(bench: Any, is_there: bool, serves: bool) -> None:
    small = add_item(bench.database, NewItem("FLU-9", "Saline flush 5 mL", ItemKind.FLUSH), bench.staff[ADMIN])
    bench.items["small"] = small
    right = bench.receives("small", "S1", 50)
    delivery = shipped(bench)
    if is_there:
        arrives(bench, delivery)
        with bench.database.transaction() as session:  # None is there: by the ledger all were used.
            keep_counts(session, bench.patient, {bench.items["flush"]: 0}, today(), "Bob", bench.pharmacist)
    wrong = lots_of(bench, delivery, "FLU-1")["F1"]
    with bench.database.reading() as session:
        offered = [each.name for each in other_items(session, wrong.id)]
        assert offered == ["Saline flush 10 mL", "Cefazolin 2 g", "Dressing kit", "Dressing kit without latex",
                           "Saline flush 5 mL"]  # fmt: skip
        assert [each.number for each in other_lots(session, wrong.id, small).lots] == ["S1"]
    correct_lot(bench.database, wrong.id, right, 42, WHY, bench.pharmacist, serves=serves)
    lines = {line.item_number: line for line in page(bench, delivery).lines}
    large = lines["FLU-1"]
    assert (large.to_send, large.owed, large.lots) == ((0, 0, ()) if serves else (42, 42, ()))
    assert [(lot.lot, lot.quantity) for lot in lines["FLU-9"].lots] == [("S1", 42)]
    assert on_hand(bench, "MAIN")[wrong.lot_id] == 100 and on_hand(bench, "MAIN")[right] == 8
    in_order(bench)
    if not is_there:
        arrives(bench, delivery)
    with bench.database.reading() as session:
        assert {each.number: each.by_ledger for each in at_home(session, bench.patient)}.get("FLU-9") == 42
        printed = manifest(session, delivery, bench.tech, now_utc())
        assert [(row.number, row.units) for row in still_owed(session, today(), bench.patient)] == (
            [] if serves else [(page(bench, delivery).row.number, 42)])  # fmt: skip
    (line,) = (each for each in printed.lines if each.item_number == "FLU-9")
    assert line.note.startswith("instead of Saline flush 10 mL")
    recall = open_recall(bench.database, small, ["S1"], "may leak", "FDA", bench.staff[ADMIN])
    with bench.database.reading() as session:
        assert [each.units for each in recall_page(session, recall).patients] == [42]
    in_order(bench)
