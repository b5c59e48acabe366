"""Many at once on one walk; something else instead by rule; and what is missing after the door."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from infusion_desktop.dates import local_day, now_utc, today
from infusion_desktop.deliveries import verify
from infusion_desktop.deliveries.bench.picking import pick_all, report_short
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.bench.shipping import pack, ship
from infusion_desktop.deliveries.bench.substituting import alternatives, substitute
from infusion_desktop.deliveries.bench.verifying import verify_all
from infusion_desktop.deliveries.bench.wave_queries import wave_of, wave_page, waves
from infusion_desktop.deliveries.bench.waves import close_wave, for_each, leave_wave, make_wave, scan_wave, ship_many
from infusion_desktop.deliveries.door.correcting import correct_sent, correct_tracking
from infusion_desktop.deliveries.door.delivering import CameBack, Proof, deliver, return_later
from infusion_desktop.deliveries.door.proof import (
    Attachment,
    attach,
    correct_proof,
    corrections_of,
    proof_gaps,
    to_complete,
)
from infusion_desktop.deliveries.door.proof_rules import Condition, GoesTo, ProofFacts, gaps, verdict
from infusion_desktop.deliveries.plans.planning import Wanted, plan_items
from infusion_desktop.deliveries.queries import DeliveryPage
from infusion_desktop.deliveries.schedule.dispatch_words import AttachmentKind
from infusion_desktop.deliveries.words import Carrier, DeliveryId, DeliveryState, LineOutcome
from infusion_desktop.errors import NotAllowed, Refused, Stale, Warned
from infusion_desktop.stock import verify as stock_verify
from infusion_desktop.stock.words import ItemKind, Storage

from .test_steps import WEEK, on_hand, page, shipped


def items(bench: Any, **wanted: int) -> DeliveryId:
    asked = [Wanted(bench.items[name.replace("_", "-")], units, "asked for") for name, units in wanted.items()]
    made = plan_items(bench.database, bench.patient, WEEK, today(), asked, bench.pharmacist)
    release(bench.database, made, bench.pharmacist)
    return made


def in_order(bench: Any) -> None:
    with bench.database.reading() as session:
        assert verify.problems(session) == ()
        assert stock_verify.problems(session) == ()


def line(shown: DeliveryPage, number: str) -> Any:
    return next(each for each in shown.lines if each.item_number == number)


def test_a_wave_is_picked_on_one_walk_into_its_slots(bench: Any) -> None:
    one, two = items(bench, flush=3, dressing=2), items(bench, flush=4)
    by_pump = bench.releases(bench.plans())
    database, tech = bench.database, bench.tech
    wave = make_wave(database, [one, two, by_pump], tech)
    with pytest.raises(Refused, match="in wave W00001 already"):
        make_wave(database, [one], tech)
    with pytest.raises(NotAllowed):
        make_wave(database, [one], bench.staff["coordinator"])
    with database.reading() as session:
        shown = wave_page(session, wave, today())
        assert wave_of(session, two) == "wave W00001, slot 2"
    flush = next(pick for pick in shown.picks if pick.item_number == "FLU-1")
    assert [(slot, wanted) for slot, _row, _done, wanted in flush.parts] == [(1, 3), (2, 4), (3, 42)]
    assert not scan_wave(database, wave, "LOC:A-01", tech).feedback.right
    answers = [scan_wave(database, wave, "LOT:F1", tech, quantity=units) for units in (3, 4, 42)]
    assert [(each.slot, each.delivery_id, each.feedback.right) for each in answers] == [
        (1, one, True), (2, two, True), (3, by_pump, True),
    ]  # fmt: skip
    assert answers[1].feedback.sentence.startswith("Slot 2. Saline flush 10 mL: 4 of 4")
    assert page(bench, two).row.state is DeliveryState.PICKED
    over = scan_wave(database, wave, "LOT:F1", tech)
    assert "not wanted in this wave any more" in over.feedback.sentence
    pump = scan_wave(database, wave, f"AST:{bench.pump_tag}", tech)
    assert (pump.slot, pump.feedback.right) == (3, True)
    assert "not wanted in this wave" in scan_wave(database, wave, f"AST:{bench.pump_tag}", tech).feedback.sentence
    with pytest.raises(Refused, match="Still to be picked"):
        close_wave(database, wave, tech)
    leave_wave(database, wave, by_pump, tech)
    scan_wave(database, wave, "LOT:X1", tech, quantity=2)
    close_wave(database, wave, tech)
    with database.reading() as session:
        assert waves(session) == ()
    verified = for_each(database, [one, two, by_pump], lambda each: verify_all(database, each, bench.pharmacist))
    assert verified.count == 2 and "Pick it first" in verified.problems[0]
    for_each(database, [one, two], lambda each: pack(database, each, 1, 0, tech))
    gone = ship_many(database, [one, two, by_pump], tech)
    assert gone.count == 2 and len(gone.problems) == 1
    in_order(bench)


def test_something_else_goes_by_rule_and_the_line_says_so(make_bench: Any) -> None:
    bench = make_bench(latex_allergy=True)
    bench.receives("flush", "F1", 5)
    bench.receives("tubing", "T1", 9)
    bench.receives("dressing", "X1", 9)
    bench.receives("dressing-nl", "N1", 2)
    bench.receives("drug", "D1", 90)
    database, tech = bench.database, bench.tech
    delivery = items(bench, tubing=4, dressing_nl=5, drug=2)
    dressing, drug, tubing = (line(page(bench, delivery), number) for number in ("DRS-2", "DRG-1", "TUB-1"))
    assert dressing.owed == 3
    with database.reading() as session:
        assert alternatives(session, dressing.id) == ()
        assert alternatives(session, drug.id) == ()
    for other, units, said in (
        ("dressing", 3, "allergic to latex"), ("drug", 3, "another order"), ("dressing-nl", 3, "the same item"),
        ("tubing", 9, "5 of Dressing kit without latex are short"),
    ):  # fmt: skip
        with pytest.raises(Refused, match=said):
            substitute(database, dressing.id, bench.items[other], units, "out of stock", tech)
    with pytest.raises(Refused, match="Say why"):
        substitute(database, dressing.id, bench.items["tubing"], 3, " ", tech)
    report_short(database, tubing.lots[0].id, 1, "torn", tech)
    substitute(database, dressing.id, bench.items["tubing"], 4, "out until Friday", tech, override="agreed with RN")
    shown = page(bench, delivery)
    assert (line(shown, "DRS-2").to_send, line(shown, "DRS-2").owed, line(shown, "DRS-2").reserved) == (1, 0, 1)
    put = line(shown, "TUB-1")
    assert (put.to_send, put.owed, put.reserved, put.substitutes) == (8, 3, 5, "Dressing kit without latex")
    assert put.change_reason == "out until Friday"
    in_order(bench)


KINDS = st.sampled_from(ItemKind)


@given(KINDS, st.sampled_from(Storage), st.sampled_from(LineOutcome), st.sampled_from(Condition), st.booleans())
def test_no_drug_nothing_cold_opened_or_held_is_ever_sold_again(
    kind: ItemKind, storage: Storage, outcome: LineOutcome, condition: Condition, held: bool
) -> None:
    goes = verdict(kind, storage, outcome, condition, is_held=held).goes_to
    if goes is GoesTo.STOCK:
        assert kind not in (ItemKind.DRUG, ItemKind.DILUENT, ItemKind.FLUSH)
        assert (storage, condition, held) == (Storage.ROOM, Condition.SEALED, False)
        assert outcome is not LineOutcome.RETURNED
    assert (goes is GoesTo.QUARANTINE) == held


def test_medicares_proof_is_dated_on_the_day_of_service() -> None:
    day = today()
    whole = ProofFacts("D1", True, Carrier.OWN_DRIVER, day, "Bob", "spouse", True, False, day, address="12 Elm")
    assert gaps(whole, day) == ()
    late = ProofFacts("D1", True, Carrier.OWN_DRIVER, day, "", "", False, False, day - timedelta(days=1))
    assert [each.split(".")[0] for each in gaps(late, day)][:3] == [
        "Type who received it", "Say what the recipient is to the patient", "There is no signature",
    ]  # fmt: skip
    assert "Medicare wants the day of service" in gaps(late, day)[-1]
    parcel = ProofFacts("D1", True, Carrier.PARCEL, day, "Front desk", "neighbor", address="12 Elm")
    assert [each.split(" ")[0] for each in gaps(parcel, day)] == ["Type", "The"]
    on_the_way = ProofFacts("D1", False, Carrier.COURIER, None, scheduled_on=day)
    assert "how the visit ended" in gaps(on_the_way, day)[0]
    assert gaps(on_the_way, day - timedelta(days=1)) == ()


def test_after_the_door_what_is_missing_is_listed_corrected_and_the_first_entry_stays(bench: Any) -> None:
    database, tech = bench.database, bench.tech
    delivery = shipped(bench)
    with database.reading() as session:
        assert [each.missing for each in to_complete(session, today())] == [
            ("Say how the visit ended: arrived, nobody there, or everything came back.",)
        ]
    lots = {each.item_number: each.lots[0] for each in page(bench, delivery).lines}
    before = on_hand(bench, "MAIN")
    back = [CameBack(lots["DRS-1"].id, 1, LineOutcome.REFUSED), CameBack(lots["FLU-1"].id, 2, LineOutcome.REFUSED)]
    deliver(database, delivery, Proof("Bob Abernaty", "Spouse", now_utc()), tech, back=back)
    after = on_hand(bench, "MAIN")
    assert after[lots["DRS-1"].lot_id] == before[lots["DRS-1"].lot_id] + 1, "refused and sealed: back in its bin"
    assert after[lots["FLU-1"].lot_id] == before[lots["FLU-1"].lot_id], "a drug: never"
    with database.reading() as session:
        assert proof_gaps(session, [delivery], today()) == {
            delivery: ("There is no signature. Scan the signed sheet, or have it signed.",)
        }
    arrived = page(bench, delivery).proof.received_at
    with pytest.raises(Refused, match="Say what was wrong"):
        correct_proof(database, delivery, Proof("Bob Abernathy", "Spouse", arrived), today(), " ", tech)
    right = Proof("Bob Abernathy", "Spouse", arrived)
    correct_proof(database, delivery, right, local_day(arrived), "the name was misread", tech)
    picture = BytesIO()
    Image.new("L", (20, 20)).save(picture, "PNG")
    attach(database, delivery, Attachment(AttachmentKind.SIGNED_SHEET, picture.getvalue(), "image/png"), tech)
    with database.reading() as session:
        assert to_complete(session, today()) == ()
        kept = corrections_of(session, delivery)
    assert "Bob Abernaty (Spouse)" in kept[0].was and "Bob Abernathy (Spouse)" in kept[0].now
    assert page(bench, delivery).proof.received_by == "Bob Abernathy"
    with pytest.raises(NotAllowed):
        correct_sent(database, lots["FLU-1"].id, 4, "found on the bench", tech)
    assert correct_sent(database, lots["FLU-1"].id, 4, "found on the bench", bench.pharmacist) is GoesTo.QUARANTINE
    assert page(bench, delivery).lines[1].lots[0].came_back == 6
    assert return_later(database, lots["FLU-1"].id, 1, "left over", tech) is GoesTo.WASTE
    correct_tracking(database, delivery, "1Z999", "misread", tech, was=page(bench, delivery).tracking)
    assert page(bench, delivery).tracking == "1Z999"
    with pytest.raises(Stale):
        correct_tracking(database, delivery, "1Z998", "misread", tech, was="")
    with database.reading() as session:
        assert [each.what for each in corrections_of(session, delivery)][1:] == [
            "Saline flush 10 mL, lot F1", "tracking number",
        ]  # fmt: skip
    in_order(bench)


def test_a_tote_that_was_not_scanned_is_asked_about_and_the_step_says_how_it_left(bench: Any) -> None:
    database, tech = bench.database, bench.tech
    one = items(bench, flush=4)
    pick_all(database, one, tech)
    verify_all(database, one, bench.pharmacist)
    pack(database, one, 2, 1, tech)
    with pytest.raises(Warned, match="1 of 2 totes were not scanned"):
        ship(database, one, tech, scanned=1)
    done = ship_many(database, [one], tech, scanned={one: 1})
    assert done.count == 0 and "not scanned" in done.problems[0]
    ship(database, one, tech, scanned=1, override="the label is wet, counted")
    assert [each.note for each in page(bench, one).steps][-1] == "1 of 2 totes scanned: the label is wet, counted"
