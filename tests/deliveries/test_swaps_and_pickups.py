"""A pump that fails at home is exchanged without a break; what a therapy leaves is fetched, called about, charged."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from infusion_desktop.access.pharmacy import save_profile
from infusion_desktop.access.roles import Role
from infusion_desktop.billing.money.aging import EQUIPMENT, AgingBy, aging_by, credit_balances
from infusion_desktop.billing.money.equipment_charges import refund_charge
from infusion_desktop.billing.money.equipment_charging import charge, waive
from infusion_desktop.billing.money.month_close import KINDS, as_json, close_month, closed_figures, figures, from_json
from infusion_desktop.billing.money.patient_money import NewPatientPayment, patients_owing, take_patient_payment
from infusion_desktop.billing.money.statements import print_statement
from infusion_desktop.billing.months.month_facts import month_facts
from infusion_desktop.billing.queries import patient_balance
from infusion_desktop.billing.words import Account
from infusion_desktop.dates import ONE_DAY, Days, month_of, now_utc, today
from infusion_desktop.deliveries.bench.picking import pick_all, scan_pick
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.bench.shipping import pack, ship
from infusion_desktop.deliveries.bench.undoing import cancel, undo
from infusion_desktop.deliveries.bench.verifying import verify_all
from infusion_desktop.deliveries.calls.follow_ups import FollowUpRow, Kind, follow_ups
from infusion_desktop.deliveries.care.task_making import make_tasks, tasks_wanting
from infusion_desktop.deliveries.door.delivering import Proof, deliver
from infusion_desktop.deliveries.pumps.charges import charge_rows, statement
from infusion_desktop.deliveries.pumps.pickup_papers import print_tickets
from infusion_desktop.deliveries.pumps.pickups import (
    Trip,
    cancel_ticket,
    plan_ticket,
    ticket_by_number,
    ticket_rows,
    write_due_tickets,
    write_ticket,
)
from infusion_desktop.deliveries.pumps.returns import NewCall, calls_about, log_call, returns_due
from infusion_desktop.deliveries.pumps.swap_papers import exchange_sheet, hand_over_sheet
from infusion_desktop.deliveries.pumps.swapping import NewSwap, order_swap, swap_rows
from infusion_desktop.deliveries.queries import delivery_page
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.verify import problems as delivery_problems
from infusion_desktop.deliveries.words import DeliveryId
from infusion_desktop.equipment import custody
from infusion_desktop.equipment.booking import NewBooking, book, end_booking
from infusion_desktop.equipment.queries import AssetRow, asset_row, history
from infusion_desktop.equipment.registering import NewAsset, register
from infusion_desktop.equipment.verify import problems
from infusion_desktop.equipment.words import AssetDeed, AssetId, AssetState, CallOutcome, ChargeKind
from infusion_desktop.errors import NotAllowed, Refused, Stale, Warned
from infusion_desktop.patients.order_versions import change_from
from infusion_desktop.patients.queries import therapies_of
from infusion_desktop.patients.therapies import stop_therapy
from infusion_desktop.setting_up import EXAMPLE
from tests.deliveries.conftest import WEEK, make_patient
from tests.reports.conftest import Read

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40
GOOD = {"Flow accuracy": "1", "Occlusion alarm": "12", "Battery": "95"}
S = AssetState


def words_of(pdf: bytes) -> str:
    return Read(pdf).words


def spare(bench: Any, serial: str = "SN200", tag: str = "P0200", **facts: Any) -> AssetId:
    boss = bench.staff[Role.ADMINISTRATOR]
    asset = register(bench.database, NewAsset(bench.items["pump"], serial, tag, **facts), boss)
    custody.clean(bench.database, asset, boss)
    custody.pass_check(bench.database, asset, GOOD, boss)
    return asset


def send(bench: Any, delivery: DeliveryId, tag: str) -> None:
    """A planned delivery, from release to the patient's signature."""
    release(bench.database, delivery, bench.pharmacist)
    assert scan_pick(bench.database, delivery, f"AST:{tag}", bench.tech).right
    with bench.database.reading() as session:
        if delivery_page(session, delivery, today()).row.state.value == "released":
            pick_all(bench.database, delivery, bench.tech)
    verify_all(bench.database, delivery, bench.pharmacist)
    pack(bench.database, delivery, 1, 1, bench.tech)
    ship(bench.database, delivery, bench.tech)
    deliver(bench.database, delivery, Proof("Ann", "Patient", now_utc(), PNG), bench.tech)


def row(bench: Any, asset: AssetId) -> AssetRow:
    with bench.database.reading() as session:
        found = asset_row(session, asset, today())
    assert found is not None
    return found


def in_order(bench: Any) -> None:
    with bench.database.reading() as session:
        assert (*problems(session), *delivery_problems(session)) == ()


def test_a_pump_is_swapped_in_one_document_and_the_therapys_days_do_not_break(bench: Any) -> None:
    new_pump = spare(bench)
    send(bench, bench.plans(), bench.pump_tag)
    with bench.database.reading() as session:
        before, calls = month_facts(session, bench.patient, WEEK), follow_ups(session)
    with pytest.raises(NotAllowed):
        order_swap(bench.database, NewSwap(bench.pump, "occlusion alarm", today()), bench.tech)
    with pytest.raises(Refused, match="what is wrong"):
        order_swap(bench.database, NewSwap(bench.pump, " ", today()), bench.pharmacist)
    ordered = order_swap(
        bench.database, NewSwap(bench.pump, "occlusion alarm all night", today(), "daughter"), bench.pharmacist
    )
    with pytest.raises(Refused, match=f"under way already, as {ordered.number}"):
        order_swap(bench.database, NewSwap(bench.pump, "again", today()), bench.pharmacist)
    with bench.database.reading() as session:
        page = delivery_page(session, ordered.delivery_id, today())
        [ticket] = ticket_rows(session)
    assert [each.kind for each in page.equipment] == ["ambulatory pump"]
    assert (page.row.period.first, page.row.period.last) == (today(), WEEK.last)
    assert (ticket.reason, ticket.lines[0].tag) == (f"Exchange {ordered.number}: occlusion alarm all night", "P0100")
    assert row(bench, bench.pump).state is S.DUE_BACK
    send(bench, ordered.delivery_id, "P0200")
    assert row(bench, new_pump).state is S.WITH_PATIENT
    with bench.database.reading() as session:
        after = month_facts(session, bench.patient, WEEK)
        assert replace(after, homes=before.homes) == before
        assert {home.tag for home in after.homes} == {"P0100", "P0200"}  # One rental: the rules join them.
        assert follow_ups(session) == calls
        [swap] = swap_rows(session)
        assert (swap.old_tag, swap.new_tag, swap.stands) == ("P0100", "P0200", "new pump there, old one to fetch")
        printed = words_of(exchange_sheet(session, swap.id, bench.tech, now_utc()))
    for said in (
        ordered.number,
        "P0100",
        "P0200",
        "occlusion alarm all night",
        "without a break",
        "gave the old one back",
    ):
        assert said in printed
    custody.take_back(bench.database, bench.pump, bench.tech)
    with bench.database.reading() as session:
        assert (swap_rows(session), ticket_rows(session)) == ((), ())
        assert [each.stands for each in swap_rows(session, done_too=True)] == ["done"]
    custody.clean(bench.database, bench.pump, bench.tech)
    with pytest.raises(Refused, match="reported fault: occlusion alarm all night"):
        custody.pass_check(bench.database, bench.pump, GOOD, bench.tech)
    custody.send_to_vendor(bench.database, bench.pump, bench.tech, note="RMA 4711", vendor="Maker")
    custody.return_from_vendor(bench.database, bench.pump, bench.tech, note="sensor", cost=Decimal("180.00"))
    custody.clean(bench.database, bench.pump, bench.tech)
    assert custody.pass_check(bench.database, bench.pump, GOOD, bench.tech) is S.READY
    in_order(bench)


def test_a_swap_that_was_cancelled_can_be_ordered_again_and_none_is_after_the_end(bench: Any) -> None:
    spare(bench)
    send(bench, bench.plans(), bench.pump_tag)
    first = order_swap(bench.database, NewSwap(bench.pump, "battery", today()), bench.pharmacist)
    cancel(bench.database, first.delivery_id, "wrong address", bench.pharmacist)
    with bench.database.reading() as session:
        assert swap_rows(session)[0].stands == "new pump not delivered: order it again"
    stop_therapy(bench.database, bench.therapy, today(), "cured", 1, bench.pharmacist)
    with pytest.raises(Refused, match="Write a pick-up ticket"):
        order_swap(bench.database, NewSwap(bench.pump, "battery", today() + ONE_DAY), bench.pharmacist)
    again = order_swap(bench.database, NewSwap(bench.pump, "battery", today()), bench.pharmacist)
    assert again.number != first.number
    in_order(bench)


def test_a_pump_is_exchanged_after_a_change_of_dose_for_the_order_as_it_is_now(bench: Any) -> None:
    spare(bench)
    send(bench, bench.plans(), bench.pump_tag)
    with bench.database.reading() as session:
        (kept,) = therapies_of(session, bench.patient)
    order, on = replace(kept.order, interval_hours=12), today() + 2 * ONE_DAY
    newer = change_from(bench.database, kept.id, order, on, kept.version, bench.pharmacist, "level too high")
    ordered = order_swap(bench.database, NewSwap(bench.pump, "battery", on), bench.pharmacist)
    with bench.database.reading() as session:
        page = delivery_page(session, ordered.delivery_id, on)
        assert session.scalar(select(Delivery.therapy_id).where(Delivery.id == ordered.delivery_id)) == newer
    assert page.row.period == Days(on, WEEK.last), "until what was sent for the earlier dose is used up"
    in_order(bench)


def to_fetch(bench: Any) -> list[FollowUpRow]:
    with bench.database.reading() as session:
        return [each for each in follow_ups(session) if each.kind == Kind.PUMP_RETURN]


def test_what_a_therapy_leaves_is_fetched_on_one_ticket_that_the_return_closes(bench: Any) -> None:
    send(bench, bench.plans(), bench.pump_tag)
    stop_therapy(bench.database, bench.therapy, today(), "cured", 1, bench.pharmacist)
    assert write_due_tickets(bench.database, today(), bench.pharmacist) == 0
    tomorrow = today() + ONE_DAY
    with bench.database.reading() as session:
        assert tasks_wanting(session, tomorrow)
    for _ in range(2):  # By itself, with the day's tasks, and once.
        make_tasks(bench.database, tomorrow, bench.pharmacist)
    with bench.database.reading() as session:
        [ticket] = ticket_rows(session)
        assert ticket_by_number(session, ticket.number.lower()) == ticket.id
    trip = Trip(today() + timedelta(days=2), "08:00 to 12:00", "Sam", "side door")
    plan_ticket(bench.database, ticket.id, trip, ticket.version, bench.pharmacist)
    with pytest.raises(Stale):
        plan_ticket(bench.database, ticket.id, trip, ticket.version, bench.pharmacist)
    paper = words_of(print_tickets(bench.database, [ticket.id], bench.tech))
    for said in (ticket.number, "P0100", "Ann Abernathy", "08:00 to 12:00", "Driver Sam", "side door"):
        assert said in paper
    assert "COPY" in words_of(print_tickets(bench.database, [ticket.id], bench.tech))
    with pytest.raises(Refused, match=f"on pick-up ticket {ticket.number} already"):
        write_ticket(bench.database, [bench.pump], "moved away", Trip(today()), bench.pharmacist)
    assert [(each.title, each.due_on) for each in to_fetch(bench)] == [
        (f"Fetch P0100: pick-up ticket {ticket.number}", trip.collect_on)
    ]
    custody.take_back(bench.database, bench.pump, bench.tech, lacks=["AC adapter"])
    make_tasks(bench.database, today(), bench.tech)
    assert to_fetch(bench) == [], "it is back: nobody has to be told"
    with bench.database.reading() as session:
        assert ticket_rows(session) == ()
        assert [line.outcome for line in ticket_rows(session, closed_too=True)[0].lines] == ["returned"]
    assert row(bench, bench.pump).lacks == "AC adapter"
    in_order(bench)


def test_a_ticket_written_too_early_is_cancelled_and_the_pump_stays(bench: Any) -> None:
    send(bench, bench.plans(), bench.pump_tag)
    write_ticket(bench.database, [bench.pump], "the family asked", Trip(today()), bench.pharmacist)
    with bench.database.reading() as session:
        [ticket] = ticket_rows(session)
    with pytest.raises(Refused, match="why nothing is fetched"):
        cancel_ticket(bench.database, ticket.id, " ", ticket.version, bench.pharmacist)
    cancel_ticket(bench.database, ticket.id, "the therapy goes on", ticket.version, bench.pharmacist)
    assert row(bench, bench.pump).state is S.WITH_PATIENT and to_fetch(bench) == []
    stop_therapy(bench.database, bench.therapy, today(), "cured", 1, bench.pharmacist)
    left = write_due_tickets(bench.database, today() + ONE_DAY, bench.pharmacist)
    assert left == 0, "what somebody left there on or after the last day is not asked back by itself"
    with bench.database.reading() as session:
        assert ticket_rows(session) == ()
        assert [row.state for row in ticket_rows(session, closed_too=True)] == ["cancelled"]
    in_order(bench)


def pays_for_it(bench: Any) -> None:
    """The charge of $900 stands on the patient's account, is on the statement, and $300 of it are paid."""
    biller = bench.staff[Role.BILLER]
    save_profile(bench.database, EXAMPLE, bench.staff[Role.ADMINISTRATOR])
    with bench.database.reading() as session:
        [owing] = patients_owing(session)
        assert (owing.owed, owing.for_equipment, patient_balance(session, bench.patient)) == (900, 900, 900)
    paid = NewPatientPayment(bench.patient, Decimal("300.00"), "card")
    assert take_patient_payment(bench.database, paid, biller) == (("EC00001", Decimal("300.00")),)
    with pytest.raises(Refused, match=r"owes \$600.00 for equipment and has no claim to keep more"):
        take_patient_payment(bench.database, replace(paid, amount=Decimal("601.00")), biller)
    printed = words_of(print_statement(bench.database, bench.patient, biller))
    for said in ("EC00001", "P0100, lost", "not returned", "$900.00", "$300.00", "$600.00"):
        assert said in printed


def gets_it_back(bench: Any) -> None:
    """The $300 paid for the charge that was waived are a credit of the patient's until they are refunded, once."""
    biller, month = bench.staff[Role.BILLER], month_of(today())
    with bench.database.reading() as session:
        [credit] = credit_balances(session, today())
        assert (credit.claim, credit.owed, credit.account) == ("EC00001", -300, Account.PATIENT)
        assert [(row.name, row.total) for row in aging_by(session, today(), AgingBy.PAYER)] == [(EQUIPMENT, -300)]
        assert aging_by(session, today() - ONE_DAY, AgingBy.PAYER) == ()
    with pytest.raises(Refused, match=r"has a credit of \$300.00"):
        refund_charge(bench.database, credit.charge_id, Decimal("300.01"), "1002", biller)
    refund_charge(bench.database, credit.charge_id, Decimal("300.00"), "1002", biller)
    with pytest.raises(Refused, match=r"has a credit of \$0.00"):
        refund_charge(bench.database, credit.charge_id, Decimal("1.00"), "1003", biller)
    with bench.database.reading() as session:
        assert credit_balances(session, today()) == () == patients_owing(session)
        found = figures(session, month)
        assert from_json(json.loads(json.dumps(as_json(found)))) == found
    moved = dict(zip(KINDS, found.equipment.moved, strict=True))
    assert (moved["charges"], moved["patient payments"], moved["write-offs"]) == (900, 0, -900)
    assert (found.rolls, found.equipment.closing) == ((), 0)


def test_an_overdue_pump_is_called_about_reported_lost_charged_and_waived_when_found(bench: Any) -> None:
    send(bench, bench.plans(), bench.pump_tag)
    with pytest.raises(Refused, match="Report it lost first"):
        charge(bench.database, bench.pump, ChargeKind.LOST, Decimal("900.00"), "not returned", bench.pharmacist)
    write_ticket(bench.database, [bench.pump], "the therapy ended", Trip(today()), bench.pharmacist)
    with pytest.raises(Refused, match="the day on which"):
        log_call(bench.database, bench.pump, NewCall(CallOutcome.PROMISED, "Ann"), bench.tech)
    log_call(bench.database, bench.pump, NewCall(CallOutcome.NO_ANSWER), bench.tech)
    promise = NewCall(CallOutcome.PROMISED, "Ann", today() + ONE_DAY, "by her son")
    log_call(bench.database, bench.pump, promise, bench.tech)
    with bench.database.reading() as session:
        [due] = returns_due(session, today() + timedelta(days=4))
        assert (due.days_over, due.calls, due.last_call, due.promised_on) == (
            4, 2, "will return it", today() + ONE_DAY,
        )  # fmt: skip
        assert due.ticket.startswith("PU")
        assert [call.outcome for call in calls_about(session, bench.pump)] == [
            CallOutcome.PROMISED,
            CallOutcome.NO_ANSWER,
        ]
    custody.report_lost(bench.database, bench.pump, "the patient moved", bench.tech)
    with pytest.raises(NotAllowed):
        charge(bench.database, bench.pump, ChargeKind.LOST, Decimal("900.00"), "not returned", bench.tech)
    made = charge(bench.database, bench.pump, ChargeKind.LOST, Decimal("900.00"), "not returned", bench.pharmacist)
    with pytest.raises(Refused, match="charged already"):
        charge(bench.database, bench.pump, ChargeKind.LOST, Decimal("900.00"), "again", bench.pharmacist)
    pays_for_it(bench)
    with bench.database.reading() as session:
        paper = words_of(statement(session, made, bench.tech, now_utc()))
    for said in ("$900.00", "SN100", "no answer", "will return it", "Ann Abernathy"):
        assert said in paper
    custody.report_found(bench.database, bench.pump, bench.tech)
    waive(bench.database, made, "the pump turned up", bench.pharmacist)
    with pytest.raises(Refused, match="waived already"):
        waive(bench.database, made, "twice", bench.pharmacist)
    with bench.database.reading() as session:
        assert [(each.amount, each.waived) for each in charge_rows(session)] == [(Decimal("900.00"), True)]
        assert "Nothing is to be paid" in words_of(statement(session, made, bench.tech, now_utc()))
    gets_it_back(bench)
    in_order(bench)


def test_a_pump_kept_for_a_future_day_goes_to_that_patient_and_to_nobody_else(bench: Any) -> None:
    kept = spare(bench, maintenance_due_on=today() + timedelta(days=30))
    other = make_patient(bench.database, bench.pharmacist, 1, first_name="Bea", last_name="Bond")
    first_on = today() + timedelta(days=9)
    with pytest.raises(Refused, match="today or later"):
        book(bench.database, kept, NewBooking(bench.patient, today() - ONE_DAY), bench.pharmacist)
    with pytest.raises(Warned, match="maintenance is due"):
        long = NewBooking(bench.patient, first_on, today() + timedelta(days=40))
        book(bench.database, kept, long, bench.pharmacist)
    booking = book(bench.database, kept, NewBooking(other, first_on, first_on + ONE_DAY), bench.pharmacist)
    assert (row(bench, kept).state, row(bench, kept).booked_from) == (S.RESERVED, first_on)
    with pytest.raises(Refused, match="is reserved"):
        book(bench.database, kept, NewBooking(bench.patient, first_on), bench.pharmacist)
    delivery = bench.releases(bench.plans())
    told = scan_pick(bench.database, delivery, "AST:P0200", bench.tech)
    assert not told.right
    assert "kept for another patient" in told.sentence
    end_booking(bench.database, booking, "she starts later", bench.pharmacist)
    with pytest.raises(Stale, match="she starts later"):
        end_booking(bench.database, booking, "twice", bench.pharmacist)
    book(bench.database, kept, NewBooking(bench.patient, first_on), bench.pharmacist)
    in_order(bench)
    assert scan_pick(bench.database, delivery, "AST:P0200", bench.tech).right
    assert row(bench, kept).document == f"delivery {delivery}"
    pick_all(bench.database, delivery, bench.tech)
    undo(bench.database, delivery, "the wrong tote", bench.pharmacist)
    assert (row(bench, kept).state, row(bench, kept).booked_from) == (S.RESERVED, first_on), "kept for her again"
    in_order(bench)
    assert scan_pick(bench.database, delivery, "AST:P0200", bench.tech).right
    with bench.database.reading() as session:
        deeds = [event.deed for event in history(session, kept)][:5]
        assert deeds == [AssetDeed.RESERVE, AssetDeed.RESERVE, AssetDeed.LET_GO, AssetDeed.RESERVE, AssetDeed.RESERVE]
        sheet = words_of(hand_over_sheet(session, delivery, bench.tech, now_utc()))
    assert "P0200" in sheet
    assert "Alarms" in sheet
    in_order(bench)


def test_equipment_is_not_charged_into_a_closed_month(bench: Any) -> None:
    """The next opening is the kept closing: who charges for an earlier day is refused and told since when."""
    send(bench, bench.plans(), bench.pump_tag)
    custody.report_lost(bench.database, bench.pump, "the patient moved", bench.tech)
    month = month_of(month_of(today()).first - ONE_DAY)
    closing = close_month(bench.database, month, bench.staff[Role.BILLER])
    lost = (bench.database, bench.pump, ChargeKind.LOST, Decimal("900.00"), "not returned", bench.pharmacist)
    with pytest.raises(Refused, match="books are closed through"):
        charge(*lost, on=month.last)
    charge(*lost, on=month.last + ONE_DAY)
    with bench.database.reading() as session:
        kept, _, _ = closed_figures(session, closing)
        after = figures(session, month_of(today()))
    assert kept.equipment is not None and kept.equipment.closing == after.equipment.opening == 0
    assert after.equipment.closing == 900
