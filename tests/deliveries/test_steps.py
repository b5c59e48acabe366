"""A delivery from draft to the door, and what is refused on the way."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from infusion_desktop.access.roles import Role
from infusion_desktop.access.tables import AuditEntry
from infusion_desktop.dates import ONE_DAY, Days, now_utc, show_day, show_days, today
from infusion_desktop.deliveries import verify
from infusion_desktop.deliveries.bench.picking import enter_pick, pick_all, report_short, scan_pick
from infusion_desktop.deliveries.bench.release import fill_owed, release, speaks_against
from infusion_desktop.deliveries.bench.shipping import failed_attempt, pack, ship
from infusion_desktop.deliveries.bench.undoing import cancel, undo
from infusion_desktop.deliveries.bench.verifying import enter_verified, scan_verify, verify_all
from infusion_desktop.deliveries.calls.follow_ups import follow_ups
from infusion_desktop.deliveries.door.delivering import (
    CameBack,
    EquipmentBack,
    Proof,
    bring_back_all,
    deliver,
    return_later,
)
from infusion_desktop.deliveries.kits.home_counts import at_home
from infusion_desktop.deliveries.lists import day_board
from infusion_desktop.deliveries.papers import manifest, picks, print_manifests, tote_labels
from infusion_desktop.deliveries.plans.planning import Wanted, add_line, change_quantity, plan, plan_items, remove_line
from infusion_desktop.deliveries.plans.still_owed import send_owed, still_owed
from infusion_desktop.deliveries.pumps.pickups import ticket_rows, write_due_tickets
from infusion_desktop.deliveries.queries import (
    DeliveryPage,
    deliveries_to_print,
    delivery_id_by_number,
    delivery_page,
    equipment_at_home,
)
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState, LineOutcome
from infusion_desktop.equipment import custody
from infusion_desktop.errors import NotAllowed, Refused, Stale, Warned
from infusion_desktop.patients.order_versions import change_from
from infusion_desktop.patients.queries import therapies_of
from infusion_desktop.patients.therapies import stop_therapy
from infusion_desktop.stock import verify as stock_verify
from infusion_desktop.stock.catalogue import attach_code
from infusion_desktop.stock.ledger import set_held
from infusion_desktop.stock.tables import Balance, Item, Location
from tests import hibc_codes

WEEK = Days(today(), today() + timedelta(days=6))
PNG = b"\x89PNG\r\n\x1a\nrest"


def page(bench: Any, delivery: DeliveryId) -> DeliveryPage:
    with bench.database.reading() as session:
        return delivery_page(session, delivery, today())


def in_order(bench: Any) -> None:
    with bench.database.reading() as session:
        assert verify.problems(session) == ()
        assert stock_verify.problems(session) == ()


def on_hand(bench: Any, place: str) -> dict[int, int]:
    with bench.database.reading() as session:
        rows = session.execute(
            select(Balance.lot_id, Balance.on_hand)
            .join(Location, Location.id == Balance.location_id)
            .where(Location.code == place, Balance.on_hand > 0)
        )
        return {row.lot_id: row.on_hand for row in rows}


def shipped(bench: Any) -> DeliveryId:
    delivery = bench.releases(bench.plans())
    assert scan_pick(bench.database, delivery, f"AST:{bench.pump_tag}", bench.tech).right
    pick_all(bench.database, delivery, bench.tech)
    verify_all(bench.database, delivery, bench.pharmacist)
    pack(bench.database, delivery, 2, 3, bench.tech)
    ship(bench.database, delivery, bench.tech)
    return delivery


def test_a_draft_says_how_each_number_came_about(bench: Any) -> None:
    counts = {bench.items["flush"]: 10}
    drafted = page(bench, bench.plans(counts=counts))
    lines = {line.item_number: line for line in drafted.lines}
    assert {number: line.to_send for number, line in lines.items()} == {"DRG-1": 21, "FLU-1": 32, "DRS-1": 1}
    assert lines["FLU-1"].why == "2 per dose × 21 doses (3 a day on 7 days) = 42; less 10 at home = 32"
    assert [each.kind for each in drafted.equipment] == ["ambulatory pump"]
    with bench.database.reading() as session:
        assert {each.number: each.counted for each in at_home(session, bench.patient)} == {"FLU-1": 10}


def test_a_draft_can_be_changed_with_a_reason_only(bench: Any) -> None:
    delivery = bench.plans()
    line = page(bench, delivery).lines[1]
    with pytest.raises(Refused, match="Say why"):
        change_quantity(bench.database, line.id, 50, "", bench.pharmacist, was=line.to_send)
    change_quantity(bench.database, line.id, 50, "traveling", bench.pharmacist, was=line.to_send)
    with pytest.raises(Stale):
        change_quantity(bench.database, line.id, 60, "as another saw it", bench.pharmacist, was=line.to_send)
    added = add_line(bench.database, delivery, bench.items["tubing"], 7, "asked for", bench.pharmacist)
    assert {each.item_number: each.to_send for each in page(bench, delivery).lines}["TUB-1"] == 7
    remove_line(bench.database, added, "has plenty", bench.pharmacist)
    assert [(each.item_number, each.to_send) for each in page(bench, delivery).lines] == [
        ("DRG-1", 21), ("FLU-1", 50), ("DRS-1", 1),
    ]  # fmt: skip
    with pytest.raises(NotAllowed):
        change_quantity(bench.database, line.id, 1, "why", bench.tech, was=50)


def test_a_second_draft_for_the_same_days_is_asked_about(bench: Any) -> None:
    first = page(bench, bench.plans()).row
    later = Days(WEEK.first + timedelta(days=5), WEEK.last + timedelta(days=5))
    with pytest.raises(Warned) as asked:
        bench.plans(later)
    (sentence,) = asked.value.warnings
    assert sentence == f"{first.number} (draft, for {show_day(WEEK.first)}) supplies {shared(later)} already."
    made = plan(bench.database, bench.therapy, later, later.first, {}, bench.pharmacist, override="travels, wants both")
    with bench.database.reading() as session:
        trail = session.scalars(select(AuditEntry).where(AuditEntry.action == "plan", AuditEntry.subject_id == made))
        assert [each.reason for each in trail] == ["travels, wants both"]
    cancel(bench.database, made, "too much", bench.pharmacist)
    bench.plans(Days(WEEK.last + timedelta(days=1), WEEK.last + timedelta(days=7)))


def test_a_draft_for_days_after_the_order_was_stopped_is_asked_about(bench: Any) -> None:
    later = Days(WEEK.last + timedelta(days=1), WEEK.last + timedelta(days=7))
    draft = bench.plans(later)
    with bench.database.reading() as session:
        assert speaks_against(session, draft) == ()
    stop_therapy(bench.database, bench.therapy, today(), "cured", 1, bench.pharmacist)
    with bench.database.reading() as session:
        (said,) = speaks_against(session, draft)
    assert "before this supply begins" in said
    with pytest.raises(Warned, match="before this supply begins"):
        release(bench.database, draft, bench.pharmacist)


def test_a_draft_in_whose_days_the_order_ends_or_changes_is_asked_about(bench: Any) -> None:
    draft, middle = bench.plans(), WEEK.first + timedelta(days=3)
    with bench.database.reading() as session:
        (kept,) = therapies_of(session, bench.patient)
    order = replace(kept.order, interval_hours=12)
    newer = change_from(bench.database, kept.id, order, middle, 1, bench.pharmacist, "level too high")
    said = (
        f"The order changes on {show_day(middle)} to cefazolin 2 g, every 12 h, in the middle of this supply. Cancel "
        f"it and plan through {show_day(middle - ONE_DAY)}, and the days after for the new order."
    )
    with bench.database.reading() as session:
        assert speaks_against(session, draft) == (said,)
    cancel(bench.database, draft, "the order changed", bench.pharmacist)
    second = plan(bench.database, newer, Days(middle, WEEK.last), middle, {}, bench.pharmacist)
    stop_therapy(bench.database, newer, WEEK.last - ONE_DAY, "cured", 1, bench.pharmacist)
    with pytest.raises(Warned, match=r"1 day longer\. Cancel it and plan through .*, or send less"):
        release(bench.database, second, bench.pharmacist)
    release(bench.database, second, bench.pharmacist, override="they count on a day more")


def shared(later: Days) -> str:
    both = WEEK.overlap(later)
    assert both is not None
    return show_days(both)


def test_latex_is_replaced_or_refused(make_bench: Callable[..., Any]) -> None:
    bench = make_bench(latex_allergy=True)
    delivery = bench.plans()
    lines = {line.item_number: line for line in page(bench, delivery).lines}
    assert "DRS-1" not in lines
    assert lines["DRS-2"].substitutes == "Dressing kit"
    with pytest.raises(Refused, match="allergic to latex"):
        add_line(bench.database, delivery, bench.items["dressing"], 1, "spare", bench.pharmacist)


def test_release_takes_the_first_to_expire_and_owes_what_is_short(bench: Any) -> None:
    bench.receives("tubing", "T1", 3)
    bench.receives("tubing", "TOLD", 9, WEEK.last)
    delivery = plan(bench.database, bench.therapy, WEEK, today(), {}, bench.pharmacist,
                    optional={bench.items["tubing"]})  # fmt: skip
    released = release(bench.database, delivery, bench.pharmacist)
    assert [(each.item_name, each.units) for each in released.short] == [("Pump tubing", 4)]
    assert any("TOLD" in sentence and "within the supply period" in sentence for sentence in released.passed_over)
    lines = {line.item_number: line for line in page(bench, delivery).lines}
    assert [lot.lot for lot in lines["FLU-1"].lots] == ["F1"]
    assert (lines["TUB-1"].reserved, lines["TUB-1"].owed) == (3, 4)
    in_order(bench)
    bench.receives("tubing", "T2", 100)
    assert fill_owed(bench.database, delivery, bench.pharmacist).short == ()
    assert owed(bench) == []
    in_order(bench)


def test_an_incomplete_checklist_warns_until_a_reason_is_given(bench: Any) -> None:
    from infusion_desktop.patients.admitting import Checklist, edit_episode
    from infusion_desktop.patients.queries import patient_page

    with bench.database.reading() as session:
        episode = patient_page(session, bench.patient).episode
    assert episode is not None
    edit_episode(bench.database, episode.id, ("M86.171",), Checklist(True, False, True, True), 1, bench.pharmacist)
    delivery = bench.plans()
    with pytest.raises(Warned, match="trained"):
        release(bench.database, delivery, bench.pharmacist)
    release(bench.database, delivery, bench.pharmacist, override="nurse teaches at the first dose")
    assert page(bench, delivery).row.state is DeliveryState.RELEASED


def test_picking_by_scan_tells_right_from_wrong(bench: Any) -> None:
    delivery = bench.releases(bench.plans())
    lot = {line.item_number: line.lots[0].id for line in page(bench, delivery).lines}

    def scan(text: str, **more: Any) -> Any:
        return scan_pick(bench.database, delivery, text, bench.tech, **more)

    assert "is not on delivery" in scan("DRS-2").sentence
    assert "does not say the lot" in scan("FLU-1").sentence
    assert "neither" in scan("NONSENSE").sentence or "not in the catalogue" in scan("NONSENSE").sentence
    attach_code(bench.database, bench.items["flush"], hibc_codes.build("A999FLUSH101"), "tray", 20, bench.tech)
    assert "does not say the lot" in scan(hibc_codes.build("A999FLUSH101")).sentence
    assert "never received" in scan(hibc_codes.build("A999FLUSH101", "$F7")).sentence
    assert "does not say which item" in scan(hibc_codes.build_secondary("$F7", "A")).sentence
    whole, second = scan(hibc_codes.build("A999FLUSH101", "$F1")), scan(hibc_codes.build_secondary("$F1", "A"))
    assert (whole.progress.done, second.progress.done) == (20, 21)
    enter_pick(bench.database, lot["FLU-1"], 0, bench.tech)
    first = scan("LOT:F1", quantity=40)
    assert (first.right, first.progress.done, first.progress.wanted) == (True, 40, 42)
    assert "only 2 more" in scan("LOT:F1", quantity=3).sentence
    swapped = scan("LOT:F2", quantity=2)
    assert swapped.right
    assert "Lot F2 instead of F1" in swapped.sentence
    assert "taken already" in scan("LOT:F1").sentence
    assert enter_pick(bench.database, lot["DRG-1"], 21, bench.tech).right
    assert scan("LOT:X1").right
    last = scan(f"AST:{bench.pump_tag}")
    assert last.complete
    seen = page(bench, delivery)
    assert seen.row.state is DeliveryState.PICKED
    assert {lot.lot: lot.quantity for lot in seen.lines[1].lots} == {"F1": 40, "F2": 2}
    assert seen.equipment[0].tag == bench.pump_tag
    in_order(bench)


def test_expired_and_held_lots_are_refused_at_the_bench(bench: Any) -> None:
    old = bench.receives("flush", "FOLD", 50, WEEK.last)
    delivery = bench.releases(bench.plans())
    assert "must last beyond" in scan_pick(bench.database, delivery, "LOT:FOLD", bench.tech).sentence
    assert on_hand(bench, "MAIN")[old] == 50
    with bench.database.transaction() as session:
        from infusion_desktop.access.audit import record

        held = page(bench, delivery).lines[1].lots[0].lot_id
        set_held(session, [held], "recall 9")
        record(session, bench.pharmacist, "hold", "lot", held)
    assert "is held: recall 9" in scan_pick(bench.database, delivery, "LOT:F1", bench.tech).sentence


def test_the_verifier_is_never_the_picker_and_counts_again(bench: Any) -> None:
    delivery = bench.releases(bench.plans())
    scan_pick(bench.database, delivery, bench.pump_tag, bench.tech)
    pick_all(bench.database, delivery, bench.tech)
    with pytest.raises(Refused, match="second person"):
        verify_all(bench.database, delivery, bench.tech)
    with pytest.raises(Refused, match="second person"):
        scan_verify(bench.database, delivery, "LOT:F1", bench.tech)
    lots = {line.item_number: line.lots[0] for line in page(bench, delivery).lines}
    wrong = enter_verified(bench.database, lots["FLU-1"].id, 41, bench.pharmacist)
    assert not wrong.right
    assert "42 were picked and you count 41" in wrong.sentence
    assert "was not picked" in scan_verify(bench.database, delivery, "LOT:F2", bench.pharmacist).sentence
    assert enter_verified(bench.database, lots["FLU-1"].id, 42, bench.pharmacist).right
    assert scan_verify(bench.database, delivery, "LOT:D1", bench.pharmacist, quantity=21).right
    assert scan_verify(bench.database, delivery, "LOT:X1", bench.pharmacist).right
    assert scan_verify(bench.database, delivery, f"AST:{bench.pump_tag}", bench.pharmacist).complete
    assert page(bench, delivery).row.state is DeliveryState.VERIFIED
    in_order(bench)


def test_cold_things_need_cold_packs_and_held_lots_do_not_leave(bench: Any) -> None:
    delivery = bench.releases(bench.plans())
    scan_pick(bench.database, delivery, bench.pump_tag, bench.tech)
    pick_all(bench.database, delivery, bench.tech)
    verify_all(bench.database, delivery, bench.pharmacist)
    with pytest.raises(Warned, match="must stay cold"):
        pack(bench.database, delivery, 1, 0, bench.tech)
    pack(bench.database, delivery, 1, 2, bench.tech)
    lot = page(bench, delivery).lines[0].lots[0].lot_id
    with bench.database.transaction() as session:
        from infusion_desktop.access.audit import record

        set_held(session, [lot], "recall 9")
        record(session, bench.pharmacist, "hold", "lot", lot)
    with pytest.raises(Refused, match="is held"):
        ship(bench.database, delivery, bench.tech)


def test_delivered_with_proof_and_what_was_refused_never_goes_back_to_the_shelf(bench: Any) -> None:
    delivery = shipped(bench)
    before = on_hand(bench, "MAIN")
    failed_attempt(bench.database, delivery, "nobody at home", bench.tech)
    lots = {line.item_number: line.lots[0] for line in page(bench, delivery).lines}
    back = [CameBack(lots["DRG-1"].id, 3), CameBack(lots["DRS-1"].id, 1, LineOutcome.RETURNED)]
    with pytest.raises(Refused, match="own people"):
        deliver(bench.database, delivery, Proof("Some Technician", "self", now_utc(), PNG), bench.tech)
    proof = Proof("Bob Abernathy", "Spouse", now_utc(), PNG)
    assert deliver(bench.database, delivery, proof, bench.tech, back=back) is DeliveryState.DELIVERED
    assert on_hand(bench, "MAIN") == before
    assert on_hand(bench, "RETURNS") == {lots["DRS-1"].lot_id: 1}
    assert on_hand(bench, "TRANSIT") == {}
    assert on_hand(bench, "HOME-P000001") == {lots["DRG-1"].lot_id: 18, lots["FLU-1"].lot_id: 42}
    with bench.database.reading() as session:
        assert [each.tag for each in equipment_at_home(session, bench.patient)] == [bench.pump_tag]
        assert [each.kind for each in follow_ups(session)] == ["first call", "refill call"]
    return_later(bench.database, lots["FLU-1"].id, 2, "too many", bench.tech)
    assert page(bench, delivery).lines[1].lots[0].came_back == 2
    in_order(bench)


def test_everything_may_come_back(bench: Any) -> None:
    delivery = shipped(bench)
    bring_back_all(bench.database, delivery, LineOutcome.NOT_DELIVERED, "moved away", bench.tech)
    assert page(bench, delivery).row.state is DeliveryState.REFUSED
    assert on_hand(bench, "TRANSIT") == {}
    with bench.database.reading() as session:
        assert equipment_at_home(session, bench.patient) == ()
    in_order(bench)


def test_a_refused_pump_comes_back_dirty(bench: Any) -> None:
    delivery = shipped(bench)
    thing = page(bench, delivery).equipment[0]
    proof = Proof("Ann", "Patient", now_utc(), PNG)
    deliver(bench.database, delivery, proof, bench.tech, equipment_back=[EquipmentBack(thing.id)])
    custody.clean(bench.database, bench.pump, bench.tech)
    in_order(bench)


def test_what_becomes_of_a_pump_on_its_way_is_said_at_its_delivery(bench: Any) -> None:
    delivery = shipped(bench)
    for lose in (
        lambda: custody.report_lost(bench.database, bench.pump, "the van was stolen", bench.tech),
        lambda: custody.take_back(bench.database, bench.pump, bench.tech),
    ):
        with pytest.raises(Refused, match="at its delivery"):
            lose()
    bring_back_all(bench.database, delivery, LineOutcome.NOT_DELIVERED, "the van was stolen", bench.tech)
    custody.report_lost(bench.database, bench.pump, "with the van", bench.tech)
    in_order(bench)


def test_steps_are_taken_back_one_by_one_until_shipping(bench: Any) -> None:
    delivery = bench.releases(bench.plans())
    scan_pick(bench.database, delivery, bench.pump_tag, bench.tech)
    pick_all(bench.database, delivery, bench.tech)
    verify_all(bench.database, delivery, bench.pharmacist)
    pack(bench.database, delivery, 1, 1, bench.tech)
    boss = bench.staff[Role.ADMINISTRATOR]
    states = [undo(bench.database, delivery, "once more", boss) for _ in range(4)]
    assert states == [DeliveryState.VERIFIED, DeliveryState.PICKED, DeliveryState.RELEASED, DeliveryState.DRAFT]
    with pytest.raises(Refused):
        undo(bench.database, delivery, "once more", boss)
    in_order(bench)
    bench.releases(delivery)
    assert scan_pick(bench.database, delivery, bench.pump_tag, bench.tech).right
    cancel(bench.database, delivery, "hospital", bench.pharmacist)
    in_order(bench)
    with bench.database.reading() as session:
        assert not any(row.reserved for row in session.scalars(select(Balance)))


def owed(bench: Any) -> list[tuple[str, str, int, str]]:
    with bench.database.reading() as session:
        numbers = {each.id: each.number for each in session.scalars(select(Item))}
        return [(row.number, numbers[row.item_id], row.units, row.coming) for row in still_owed(session, today())]


def test_what_is_not_on_the_shelf_stays_owed(bench: Any) -> None:
    delivery = bench.releases(bench.plans())
    flush = page(bench, delivery).lines[1]
    report_short(bench.database, flush.lots[0].id, 30, "not on the shelf", bench.tech)
    line = page(bench, delivery).lines[1]
    assert (line.reserved, line.owed) == (30, 12)
    in_order(bench)
    assert owed(bench) == [], "it may still be filled at the bench"
    assert scan_pick(bench.database, delivery, bench.pump_tag, bench.tech).right
    pick_all(bench.database, delivery, bench.tech)
    assert scan_verify(bench.database, delivery, bench.pump_tag, bench.pharmacist).right
    verify_all(bench.database, delivery, bench.pharmacist)
    pack(bench.database, delivery, 1, 1, bench.tech)
    ship(bench.database, delivery, bench.tech)
    number = page(bench, delivery).row.number
    assert owed(bench) == [(number, "FLU-1", 12, "")]
    rest = bench.releases(send_owed(bench.database, bench.patient, today(), bench.pharmacist))
    (line,) = page(bench, rest).lines
    assert (line.item_number, line.to_send, line.why) == ("FLU-1", 12, f"still owed of {number}")
    assert owed(bench) == [(number, "FLU-1", 12, page(bench, rest).row.number)]
    with pytest.raises(Refused, match="being made ready"):
        send_owed(bench.database, bench.patient, today(), bench.pharmacist)
    pick_all(bench.database, rest, bench.tech)
    verify_all(bench.database, rest, bench.pharmacist)
    pack(bench.database, rest, 1, 0, bench.tech)
    ship(bench.database, rest, bench.tech)
    deliver(bench.database, rest, Proof("Ann", "Patient", now_utc(), PNG), bench.tech)
    assert owed(bench) == []


def test_a_pump_that_was_sold_is_there_for_the_next_delivery_and_not_ours_any_more(bench: Any) -> None:
    first = shipped(bench)
    deliver(bench.database, first, Proof("Ann", "Patient", now_utc(), PNG), bench.tech)
    custody.sell(bench.database, bench.pump, "the patient chose to buy it, order 12", bench.pharmacist)
    with bench.database.reading() as session:
        assert [each.tag for each in equipment_at_home(session, bench.patient)] == []
    days = Days(WEEK.last + ONE_DAY, WEEK.last + timedelta(days=7))
    second = plan(bench.database, bench.therapy, days, today(), {}, bench.pharmacist)
    assert [each.kind for each in page(bench, second).equipment if "pump" in each.kind] == []


def test_the_second_delivery_asks_for_no_second_pump(bench: Any) -> None:
    first = shipped(bench)
    deliver(bench.database, first, Proof("Ann", "Patient", now_utc(), PNG), bench.tech)
    week_two = Days(WEEK.last + timedelta(days=1), WEEK.last + timedelta(days=7))
    second = page(bench, bench.plans(week_two, {bench.items["flush"]: 12, bench.items["drug"]: 0}))
    assert second.equipment == ()
    with bench.database.reading() as session:
        ledger = {each.number: each.by_ledger for each in at_home(session, bench.patient)}
    assert ledger == {"DRS-1": 1, "FLU-1": 12, "DRG-1": 0}
    in_order(bench)


def test_a_stopped_therapys_pump_is_asked_back_once(bench: Any) -> None:
    delivery = shipped(bench)
    deliver(bench.database, delivery, Proof("Ann", "Patient", now_utc(), PNG), bench.tech)
    stop_therapy(bench.database, bench.therapy, today(), "cured", 1, bench.pharmacist)
    tomorrow = today() + timedelta(days=1)
    assert write_due_tickets(bench.database, tomorrow, bench.pharmacist) == 1
    assert write_due_tickets(bench.database, tomorrow, bench.pharmacist) == 0
    with bench.database.reading() as session:
        [ticket] = ticket_rows(session)
    assert [(line.tag, line.outcome) for line in ticket.lines] == [(bench.pump_tag, "to fetch")]
    custody.take_back(bench.database, bench.pump, bench.tech)
    with bench.database.reading() as session:
        assert ticket_rows(session) == ()


def test_papers_show_lots_serial_and_signature_and_count_their_printing(bench: Any) -> None:
    draft = bench.plans()
    with pytest.raises(Refused, match="no manifest"):
        print_manifests(bench.database, [draft], bench.tech)
    cancel(bench.database, draft, "test", bench.pharmacist)
    delivery = shipped(bench)
    with bench.database.reading() as session:
        filled = manifest(session, delivery, bench.tech, now_utc())
        assert [label.storage.is_cold for label in tote_labels(session, delivery, today())] == [False, True]
        assert len(picks(session, delivery, bench.tech, now_utc()).picks) == 3
        assert deliveries_to_print(session, today()) == (delivery,)
        assert delivery_id_by_number(session, f"DLV:{filled.number}") == delivery
        assert [row.number for row in day_board(session, WEEK, today())] == [filled.number]
    assert {(line.item_number, lot.lot, lot.quantity) for line in filled.lines for lot in line.lots} == {
        ("DRG-1", "D1", 21), ("FLU-1", "F1", 42), ("DRS-1", "X1", 1),
    }  # fmt: skip
    assert [each.serial for each in filled.equipment] == ["SN100"]
    assert [step.name for step in filled.steps] == ["Released", "Picked", "Verified", "Packed", "Shipped"]
    assert print_manifests(bench.database, [delivery], bench.tech).startswith(b"%PDF")
    print_manifests(bench.database, [delivery], bench.tech)
    assert page(bench, delivery).row.printed == 2
    with bench.database.reading() as session:
        assert manifest(session, delivery, bench.tech, now_utc()).printed.copy


def test_items_may_be_sent_without_a_kit(bench: Any) -> None:
    wanted = [Wanted(bench.items["dressing"], 2, "came loose")]
    delivery = plan_items(bench.database, bench.patient, WEEK, today(), wanted, bench.pharmacist)
    release(bench.database, delivery, bench.pharmacist)
    pick_all(bench.database, delivery, bench.tech)
    with pytest.raises(Refused, match="named twice"):
        plan_items(bench.database, bench.patient, WEEK, today(), wanted * 2, bench.pharmacist)
    in_order(bench)


def test_the_books_say_when_a_verifier_had_picked(bench: Any) -> None:
    from infusion_desktop.deliveries.steps import head_of, keep_step, tell
    from infusion_desktop.deliveries.words import Step

    delivery = shipped(bench)
    with bench.database.transaction() as session:
        head = head_of(session, delivery)
        keep_step(session, delivery, Step.VERIFY, bench.tech)
        tell(session, head, bench.tech, "verify")
    with bench.database.reading() as session:
        assert verify.problems(session) == (f"Delivery {delivery}: whoever verified it had picked it.",)
