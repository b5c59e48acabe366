"""What payers do that no guide foresees: each leaves books that balance, and work where somebody must act."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from test_next_payers_and_corrections import decided, owed, remit, replaced, second_payer, two
from test_service_claims import CHECKED_ON, MARCH, advice, books, envelope, page, ready_claim, sent_claim

from infusion_desktop.access.audit import record
from infusion_desktop.billing.claiming.checking import check
from infusion_desktop.billing.claiming.claims import bill_after_all, replace_claim, void_claim, write_file
from infusion_desktop.billing.claiming.forwarded import mark_forwarded
from infusion_desktop.billing.claiming.secondary import make_secondary
from infusion_desktop.billing.claiming.work_queue import Fix
from infusion_desktop.billing.money.adjusting import undo_write_off, write_off
from infusion_desktop.billing.money.answers import read_answer
from infusion_desktop.billing.money.appeals import NewAppeal, appeal
from infusion_desktop.billing.money.disputes import disputes, move_disputes, write_off_disputes
from infusion_desktop.billing.money.overpaid import refund_overpaid
from infusion_desktop.billing.money.patient_money import refund
from infusion_desktop.billing.money.remittances import post_remittance
from infusion_desktop.billing.money.set_aside import place_item, set_aside
from infusion_desktop.billing.runs.month_run import run_month
from infusion_desktop.billing.runs.not_counted import not_counted
from infusion_desktop.billing.tables import ClaimLine
from infusion_desktop.billing.words import (
    WORKING,
    Account,
    ClaimState,
    DisputeKind,
    DisputeState,
    EntryKind,
    Frequency,
)
from infusion_desktop.errors import Refused, Warned
from infusion_desktop.progress import run_to_end


def balances(office, *claims):
    return [(shown.payer_owes, shown.patient_owes) for shown in (page(office, each) for each in claims)]


def refuse(office, written):
    """The payer does not take the only claim of a file."""
    batch = f"B{written.batch_id:08d}"
    read_answer(
        office.database,
        envelope(
            "HN", "277", "005010X214",
            "BHT*0085*08*X1*20260421*1200*TH~HL*1**20*1~NM1*PR*2*PRAIRIE*****PI*PRH01~TRN*1*R1~DTP*050*D8*20260421~"
            "DTP*009*D8*20260421~HL*2*1*21*1~NM1*41*2*NORTHSIDE*****46*1234567893~"
            f"TRN*2*{batch}~STC*A1:19*20260421*WQ*2636~HL*3*2*19*1~NM1*85*2*NORTHSIDE*****XX*1234567893~TRN*2*0~"
            "STC*A1:19**WQ*2636~HL*4*3*PT~NM1*QC*1*QUILL*ANN~TRN*2*C0000001~STC*A3:21*20260421*U*2636~",
        ),
        office.biller,
    )  # fmt: skip


def test_a_replacement_that_is_voided_leaves_as_credit_what_was_paid_where_it_was_paid(office):
    claim, new = replaced(office)
    first, told = page(office, claim), decided(page(office, new).lines)
    post_remittance(office.database, remit("C0000001", told, trace="EFT3", control="PCN888"), office.biller)
    write_file(office.database, [void_claim(office.database, new, office.biller, "never given")], office.biller)
    assert balances(office, claim, new) == [(Decimal(-1498), 0), (Decimal(-1068), 0)] and books(office) == ()
    post_remittance(office.database, advice(first, trace="EFT4", status="22", sign="-"), office.biller)
    back = [
        (line, f"-{paid}" if Decimal(paid) else paid, cas.replace("*45*", "*45*-").replace("*1*150", "*1*-150"))
        for line, paid, cas in told
    ]
    text = remit("C0000001", back, trace="EFT5", status="22", control="PCN888")
    post_remittance(office.database, text, office.biller)
    assert balances(office, claim, new) == [(0, 0), (0, 0)] and owed(office) == (0, ()) and books(office) == ()


def test_a_replacement_the_payer_refused_is_given_up_and_the_first_claim_stands_as_it_was(office):
    claim, _ = sent_claim(office)
    post_remittance(office.database, advice(page(office, claim)), office.biller)
    before = page(office, claim)
    office.hospital(date(2026, 3, 8), date(2026, 3, 11))
    new = replace_claim(office.database, claim, office.biller, "a stay was learned")
    check(office.database, new, office.biller, on=CHECKED_ON)
    refuse(office, write_file(office.database, [new], office.biller))
    again = replace_claim(office.database, new, office.biller, "once more")
    void_claim(office.database, again, office.biller, "the first one is right")
    after = page(office, claim)
    assert (after.row.state, after.payer_owes, after.patient_owes) == (ClaimState.PAID, 0, Decimal(150))
    assert after.payer_control_number == before.payer_control_number
    assert balances(office, new, again) == [(0, 0), (0, 0)] and books(office) == ()


def test_a_void_the_payer_refused_is_refused_here_too_and_given_up_the_claim_stands(office):
    claim, _ = sent_claim(office)
    first = page(office, claim)
    post_remittance(office.database, advice(first), office.biller)
    for trace in ("EFT2", "EFT4"):
        void = void_claim(office.database, claim, office.biller, "billed twice")
        refuse(office, write_file(office.database, [void], office.biller))
        assert page(office, void).row.state is ClaimState.REJECTED
        assert balances(office, claim) == [(Decimal(-1498), 0)]
        void_claim(office.database, void, office.biller, "it was not billed twice")
        after = page(office, claim)
        assert (after.row.state, after.payer_owes, after.patient_owes) == (ClaimState.PAID, 0, Decimal(150))
        assert books(office) == ()
        back = advice(first, trace=trace, status="22", sign="-")
        post_remittance(office.database, back, office.biller)
        assert balances(office, claim) == [(first.row.charge, 0)]
        post_remittance(office.database, advice(first, trace=f"{trace}B"), office.biller)
        assert balances(office, claim) == [(0, Decimal(150))] and books(office) == ()


def run(office):
    return run_to_end(run_month(office.database, MARCH, office.biller, send=False, on=CHECKED_ON))


def test_a_run_leaves_alone_what_was_withdrawn_and_says_why_until_it_is_billed_after_all(office):
    claim = ready_claim(office)
    void_claim(office.database, claim, office.biller, "charity care")
    done = run(office)
    assert done.claims == () and len(done.done) == 1 and done.refused == ()
    assert "Claim C0000001 was withdrawn on" in done.done[0] and "charity care" in done.done[0]
    with office.database.reading() as session:
        (row,) = not_counted(session, MARCH)
    assert ": charity care. To bill it after all" in row.why and row.fix == Fix("claim", claim)
    again = bill_after_all(office.database, claim, office.biller)
    assert again != claim and run(office).claims == (again,)
    with pytest.raises(Refused, match="Only one that was voided"):
        bill_after_all(office.database, again, office.biller)


def test_a_withdrawn_correction_is_not_made_again_unless_the_month_changes_once_more(office):
    claim, _ = sent_claim(office)
    post_remittance(office.database, advice(page(office, claim)), office.biller)
    office.hospital(date(2026, 3, 8), date(2026, 3, 11))
    (new,) = run(office).claims
    void_claim(office.database, new, office.biller, "too small to send")
    done = run(office)
    assert done.claims == () and "too small to send" in done.refused[0] and "Replace it" in done.refused[0]
    office.hospital(date(2026, 3, 13), date(2026, 3, 16))
    (third,) = run(office).claims
    assert third not in (claim, new) and page(office, third).row.frequency is Frequency.REPLACEMENT


def test_a_month_that_was_paid_and_voided_is_not_sent_as_new_by_the_next_run(office):
    claim, _ = sent_claim(office)
    post_remittance(office.database, advice(page(office, claim)), office.biller)
    write_file(office.database, [void_claim(office.database, claim, office.biller, "another insurer")], office.biller)
    done = run(office)
    assert done.claims == () and "another insurer" in done.done[0]


def worked(office, states=WORKING):
    with office.database.reading() as session:
        return [row for row in disputes(session, states=states) if row.kind is DisputeKind.OVERPAID]


def in_full(lines):
    return [(line, f"{line.charge}", "") for line in lines]


def test_what_is_paid_above_the_contract_is_work_until_the_payer_takes_it_back(office):
    claim, _ = sent_claim(office)
    lines = page(office, claim).lines
    (posted,) = post_remittance(office.database, remit("C0000001", in_full(lines)), office.biller)
    over = {row.code: row for row in worked(office)}
    assert posted.overpaid == 3 and {code: row.amount for code, row in over.items()} == {
        "S9500": Decimal(770), "J0696": Decimal(168), "99601": Decimal(50),
    }  # fmt: skip
    row = over["S9500"]
    assert row.due_on == row.opened_on + timedelta(days=60) and "refund it, or tell the payer" in row.next_step
    seen = [(row.id, row.version)]
    with pytest.raises(Refused, match="not appealed"):
        appeal(office.database, seen, NewAppeal("no"), office.biller)
    with pytest.raises(Refused, match="no loss"):
        write_off_disputes(office.database, seen, office.biller, "no")
    with pytest.raises(Refused, match="once it is told"):
        move_disputes(office.database, seen, DisputeState.WON, office.biller, "no")
    move_disputes(office.database, seen, DisputeState.TOLD, office.biller, "letter of today")
    back = [(line, f"-{paid}", "") for line, paid, _ in in_full(lines)]
    right = [(line, f"{line.expected}", f"CAS*CO*45*{line.charge - line.expected}~") for line in lines]
    pair = two(remit("C0000001", right, trace="E3"), remit("C0000001", back, status="22", trace="E2"))
    post_remittance(office.database, pair, office.biller)  # The new result first, as some payers send it.
    assert worked(office) == [] and {each.state for each in worked(office, ())} == {DisputeState.GIVEN_BACK}
    after = page(office, claim)
    assert (after.payer_owes, after.patient_owes, after.row.state) == (0, 0, ClaimState.PAID) and books(office) == ()
    post_remittance(office.database, remit("C0000001", in_full(lines), trace="E4"), office.biller)
    assert sum(row.amount for row in worked(office)) == after.row.charge, "the same once more, all of it too much"


def test_what_was_paid_too_much_is_refunded_and_the_claim_owes_nothing(office):
    claim, _ = sent_claim(office)
    lines = page(office, claim).lines
    paid = [(line, f"{line.expected + 10}", f"CAS*CO*45*{line.charge - line.expected - 10}~") for line in lines]
    post_remittance(office.database, remit("C0000001", paid), office.biller)
    first, *others = worked(office)
    assert refund_overpaid(office.database, [(first.id, first.version)], "CHK 7", office.biller) == 10
    with pytest.raises(Refused, match="settled already"):
        refund_overpaid(office.database, [(first.id, first.version + 1)], "CHK 7", office.biller)
    move_disputes(office.database, [(others[0].id, 1)], DisputeState.ACCEPTED, office.biller, "the price rose")
    assert len(worked(office)) == 1 and balances(office, claim) == [(0, 0)] and books(office) == ()
    post_remittance(office.database, remit("C0000001", paid, trace="E2"), office.biller)  # Paid twice.
    assert sum(row.amount for row in worked(office)) == sum(line.expected + 10 for line in lines) + 10
    credit = -balances(office, claim)[0][0]
    refund(office.database, claim, Account.PAYER, credit, "CHK 8", office.biller)
    assert worked(office) == [] and balances(office, claim) == [(0, 0)] and books(office) == ()
    back = [(line, f"-{got}", cas.replace("*45*", "*45*-")) for line, got, cas in paid]
    for trace in ("E3", "E4"):
        post_remittance(office.database, remit("C0000001", back, status="22", trace=trace), office.biller)
    assert books(office) == () and worked(office) == []


def test_a_line_without_a_price_is_never_paid_above_it(office):
    claim, _ = sent_claim(office)
    with office.database.transaction() as session:
        kept = session.scalars(select(ClaimLine).where(ClaimLine.claim_id == claim)).all()
        for line in kept:
            line.evidence, line.expected = line.evidence.replace('"priced": true', '"priced": false'), Decimal(0)
        record(session, office.biller, "spoil", "claim", claim)
    post_remittance(office.database, remit("C0000001", in_full(page(office, claim).lines)), office.biller)
    assert worked(office) == []


def test_a_next_payer_that_pays_more_than_was_left_is_work_too(office):
    second_payer(office)
    claim, _ = sent_claim(office)
    post_remittance(office.database, advice(page(office, claim)), office.biller)
    second = make_secondary(office.database, claim, office.biller)
    check(office.database, second, office.biller, on=CHECKED_ON)
    write_file(office.database, [second], office.biller)
    lines = page(office, second).lines
    told = [(lines[0], "0", "CAS*OA*23*2100~"), (lines[1], "0", "CAS*OA*23*336~"), (lines[2], "200", "")]
    post_remittance(office.database, remit("C0000002", told, trace="E5", status="2", payer="SLV"), office.biller)
    (row,) = worked(office)
    assert (row.claim, row.amount) == ("C0000002", Decimal(50)) and balances(office, second) == [(Decimal(-50), 0)]
    refund_overpaid(office.database, [(row.id, row.version)], "CHK 9", office.biller)
    assert balances(office, second) == [(0, 0)] and books(office) == ()


def test_a_replacement_paid_without_taking_the_first_payment_back_is_overpaid(office):
    claim, new = replaced(office)
    assert worked(office) == [], "the payer has still to decide it"
    told = decided(page(office, new).lines)
    post_remittance(office.database, remit("C0000001", told, trace="EFT3", control="PCN888"), office.biller)
    (row,) = worked(office)
    expected = sum(line.expected for line in page(office, new).lines)
    assert (row.claim_id, row.amount) == (new, 1498 + 1068 + 150 - expected)
    assert balances(office, claim, new) == [(0, 0), (Decimal(-1498), Decimal(150))] and books(office) == ()
    first = advice(page(office, claim), trace="EFT4", status="22", sign="-")
    post_remittance(office.database, first, office.biller)
    assert worked(office) == [] and books(office) == ()


def test_money_for_a_claim_that_was_voided_is_to_be_given_back(office):
    claim, _ = sent_claim(office)
    first = page(office, claim)
    post_remittance(office.database, advice(first), office.biller)
    write_file(office.database, [void_claim(office.database, claim, office.biller, "never given")], office.biller)
    post_remittance(office.database, advice(first, trace="EFT2", status="22", sign="-"), office.biller)
    assert worked(office) == []
    post_remittance(office.database, advice(first, trace="EFT3"), office.biller)
    (row,) = worked(office)
    refund_overpaid(office.database, [(row.id, row.version)], "CHK 9", office.biller)
    assert row.amount == 1498 and balances(office, claim) == [(0, 0)] and books(office) == ()


def crossed(page, *, sign=1, trace="E5"):
    """What the second payer says of a claim that the first one sent on: by the first claim's number and lines."""
    told = [("0", (("OA", 23, 1330), ("CO", 45, 770))), ("0", (("OA", 23, 168), ("CO", 45, 168))),
            ("120", (("CO", 45, 50), ("PR", 2, 30)))]  # fmt: skip
    lines = [
        (line, f"{Decimal(paid) * sign}", "".join(f"CAS*{group}*{why}*{sign * cut}~" for group, why, cut in cuts))
        for line, (paid, cuts) in zip(page.lines, told, strict=True)
    ]
    status = "2" if sign > 0 else "22"
    return remit(page.row.number, lines, trace=trace, status=status, payer="SLV", control="SLV1")


def test_a_forwarded_claims_second_result_is_never_taken_for_the_first_payers(office):
    second_payer(office)
    claim, _ = sent_claim(office)
    first = page(office, claim)
    post_remittance(office.database, advice(first, status="19"), office.biller)
    with pytest.raises(Warned, match="a next payer decided it"):
        post_remittance(office.database, crossed(first), office.biller)
    assert balances(office, claim) == [(0, Decimal(150))]
    with pytest.raises(Refused, match="first payer"):
        mark_forwarded(office.database, claim, office.biller)
    second = make_secondary(office.database, claim, office.biller, "it is on its way already")
    mark_forwarded(office.database, second, office.biller)
    with pytest.raises(Refused, match="left already"):
        mark_forwarded(office.database, second, office.biller)
    assert balances(office, claim, second) == [(0, 0), (Decimal(150), 0)]
    post_remittance(office.database, crossed(first), office.biller)
    assert balances(office, claim, second) == [(0, 0), (0, Decimal(30))]
    shown = page(office, second)
    assert (shown.row.state, shown.payer_control_number) == (ClaimState.PAID, "SLV1") and books(office) == ()
    assert {entry.line[:1] for entry in shown.entries} == {"3"}, "by line, though it names the first claim's lines"
    post_remittance(office.database, crossed(first, sign=-1, trace="E6"), office.biller)
    assert balances(office, claim, second) == [(0, 0), (Decimal(150), 0)] and books(office) == ()
    with office.database.reading() as session:
        assert disputes(session) == ()


def test_what_was_written_off_is_owed_again_as_far_as_it_is_paid_after_all(office):
    claim, _ = sent_claim(office)
    lines = [(line, "0", f"CAS*CO*29*{line.charge}~") for line in page(office, claim).lines]
    post_remittance(office.database, remit("C0000001", lines, status="4"), office.biller)
    write_off(office.database, claim, Account.PAYER, None, "filed too late", office.biller)
    some = [
        (line, f"{line.expected}", f"CAS*OA*133*{line.charge - line.expected}~") for line in page(office, claim).lines
    ]
    post_remittance(office.database, remit("C0000001", some, trace="E2"), office.biller)
    after = page(office, claim)
    written_off = -sum(entry.amount for entry in after.entries if entry.reason_code == "filed too late")
    assert written_off == after.row.charge - after.row.expected and balances(office, claim) == [(0, 0)]
    assert after.row.state is ClaimState.PAID and books(office) == ()


def test_one_file_that_pays_and_takes_back_is_posted_in_its_order(office):
    claim, _ = sent_claim(office)
    first = page(office, claim)
    text = two(advice(first), advice(first, trace="E2", status="22", sign="-"))
    assert len(post_remittance(office.database, text, office.biller)) == 2
    after = page(office, claim)
    assert (after.payer_owes, after.patient_owes, after.row.state) == (after.row.charge, 0, ClaimState.ACCEPTED)
    with pytest.raises(Warned, match="never posted"):
        again = two(advice(first, trace="E3", status="22", sign="-"), advice(first, trace="E4"))
        post_remittance(office.database, again, office.biller)
    assert balances(office, claim) == [(after.row.charge, 0)] and books(office) == ()


@pytest.mark.parametrize("reason", ["133", "100"])
def test_what_the_payer_still_looks_at_or_paid_to_the_patient_is_not_written_off(office, reason):
    claim, _ = sent_claim(office)
    lines = page(office, claim).lines
    told = [(line, f"{line.expected / 2}", f"CAS*OA*{reason}*{line.charge - line.expected / 2}~") for line in lines]
    post_remittance(office.database, remit("C0000001", told), office.biller)
    after = page(office, claim)
    assert after.payer_owes == after.row.charge - after.row.expected / 2 and after.row.state is ClaimState.PART_PAID
    with office.database.reading() as session:
        assert {row.reason_code for row in disputes(session)} == {reason}


def aside(office):
    with office.database.reading() as session:
        return [row for row in set_aside(session) if row.open]


def test_what_the_payer_takes_back_by_its_account_is_placed_on_the_overpaid_claim(office):
    claim, _ = sent_claim(office)
    lines = page(office, claim).lines
    post_remittance(office.database, remit("C0000001", in_full(lines)), office.biller)
    assert len(worked(office)) == 3 and aside(office) == []
    over = sum(line.charge - line.expected for line in lines)
    other = [(lines[0], "0", f"CAS*PR*96*{lines[0].charge}~")]
    plb = f"PLB*1234567893*20261231*WO:C0000001 PCN1*{over}~"
    text = remit("0", other, trace="E2", plb=plb, control="STRANGE")
    post_remittance(office.database, text, office.biller, "not ours")
    (taken,) = [row for row in aside(office) if row.amount]
    assert (taken.claim, taken.amount) == ("C0000001", -over)
    place_item(office.database, taken.id, taken.claim, office.biller)
    with pytest.raises(Refused, match="placed already"):
        place_item(office.database, taken.id, taken.claim, office.biller)
    assert worked(office) == [] and balances(office, claim) == [(0, 0)] and books(office) == ()


def takes_back(office, amount):
    """The payer keeps an amount back from what it pays for somebody else's claims; gives what of it waits."""
    line = page(office, 1).lines[0]
    strange = [(replace(line, charge=Decimal(5000)), "5000", "")]
    plb = f"PLB*1234567893*20261231*WO:C0000001 PCN1*{amount}~"
    text = remit("STRANGE", strange, trace="WO", control="STRANGE", plb=plb)
    post_remittance(office.database, text, office.biller, "not ours")
    (taken,) = [row for row in aside(office) if row.amount < 0]
    assert (taken.claim, taken.amount) == ("C0000001", -amount) and books(office) == ()
    return taken


def test_a_takeback_larger_than_what_was_paid_is_placed_and_the_payer_owes_the_rest_again(office):
    """Paid 2,636 of which 988 were too much; 3,000 are taken back: 364 more than came, and 1,648 by the contract."""
    claim, _ = sent_claim(office)
    post_remittance(office.database, remit("C0000001", in_full(page(office, claim).lines)), office.biller)
    taken = takes_back(office, Decimal(3000))
    assert balances(office, claim) == [(0, 0)], "kept beside the claims until it is placed"
    place_item(office.database, taken.id, taken.claim, office.biller)
    after = page(office, claim)
    assert (after.payer_owes, after.row.state) == (Decimal(364 + 1648), ClaimState.PART_PAID)
    assert worked(office) == [] and after.events[-1].note == "The payer took it back." and books(office) == ()
    write_off(office.database, claim, Account.PAYER, None, "small balance", office.biller)
    assert page(office, claim).row.state is ClaimState.CLOSED and books(office) == ()


def test_a_takeback_of_a_claim_that_was_voided_is_placed_where_it_was_paid(office):
    claim, _ = sent_claim(office)
    first = page(office, claim)
    post_remittance(office.database, advice(first), office.biller)
    void = void_claim(office.database, claim, office.biller, "never given")
    write_file(office.database, [void], office.biller)
    post_remittance(office.database, advice(first, trace="EFT2", status="22", sign="-"), office.biller)
    post_remittance(office.database, advice(first, trace="EFT3"), office.biller)
    assert [row.amount for row in worked(office)] == [1498]
    taken = takes_back(office, Decimal(1498))
    place_item(office.database, taken.id, taken.claim, office.biller)
    assert balances(office, claim, void) == [(0, 0), (0, 0)] and worked(office) == [] and books(office) == ()
    assert page(office, claim).row.state is ClaimState.VOIDED


def test_a_reversal_that_came_before_its_payment_undoes_all_of_it_once_it_is_placed(office):
    claim, _ = sent_claim(office)
    first = page(office, claim)
    post_remittance(office.database, advice(first, trace="E2", status="22", sign="-"), office.biller, "out of order")
    (item,) = aside(office)
    with pytest.raises(Refused, match="No payment of"):
        place_item(office.database, item.id, "C0000001", office.biller)
    post_remittance(office.database, advice(first), office.biller)
    assert balances(office, claim) == [(0, Decimal(150))]
    place_item(office.database, item.id, "C0000001", office.biller)
    after = page(office, claim)
    assert (after.payer_owes, after.patient_owes, after.row.state) == (after.row.charge, 0, ClaimState.ACCEPTED)
    assert aside(office) == [] and books(office) == ()


def test_a_claim_somebody_on_the_way_refused_is_paid_all_the_same(office):
    claim, written = sent_claim(office)
    refuse(office, written)
    assert page(office, claim).row.state is ClaimState.REJECTED
    post_remittance(office.database, advice(page(office, claim)), office.biller)
    after = page(office, claim)
    assert (after.row.state, after.payer_owes, after.patient_owes) == (ClaimState.PAID, 0, Decimal(150))
    assert books(office) == ()


def test_a_claim_paid_twice_is_cut_once_and_its_credit_is_what_was_paid_too_much(office):
    claim, _ = sent_claim(office)
    first = page(office, claim)
    for trace in ("E1", "E2", "E3"):
        post_remittance(office.database, advice(first, trace=trace), office.biller)
    assert balances(office, claim) == [(Decimal(-2996), Decimal(150))], "a statement asks for the share once"
    assert sum(row.amount for row in worked(office)) == 2996 and books(office) == ()
    for trace, credit in (("E4", 1498), ("E5", 0)):
        post_remittance(office.database, advice(first, trace=trace, status="22", sign="-"), office.biller)
        after = page(office, claim)
        assert (after.payer_owes, after.patient_owes, after.row.state) == (-credit, Decimal(150), ClaimState.PAID)
    assert worked(office) == [] and books(office) == ()
    post_remittance(office.database, advice(first, trace="E6", status="22", sign="-"), office.biller)
    after = page(office, claim)
    assert (after.payer_owes, after.patient_owes, after.row.state) == (after.row.charge, 0, ClaimState.ACCEPTED)


def test_a_denial_besides_a_payment_takes_nothing_from_it_until_the_payment_is_taken_back(office):
    claim, _ = sent_claim(office)
    first = page(office, claim)
    post_remittance(office.database, advice(first), office.biller)
    twice = [(line, "0", f"CAS*CO*18*{line.charge - 10}~CAS*CO*45*10~") for line in first.lines]
    post_remittance(office.database, remit("C0000001", twice, trace="E2", status="4"), office.biller)
    after = page(office, claim)
    assert (after.payer_owes, after.patient_owes, after.row.state) == (0, Decimal(150), ClaimState.PAID)
    with office.database.reading() as session:
        assert {row.reason_code for row in disputes(session)} == {"18"}
    post_remittance(office.database, advice(first, trace="E3", status="22", sign="-"), office.biller)
    after = page(office, claim)
    assert (after.payer_owes, after.patient_owes, after.row.state) == (
        after.row.charge - 30, 0, ClaimState.DENIED,
    )  # fmt: skip
    assert books(office) == ()


def test_only_money_that_came_in_is_refunded(office):
    """The first payer lowers the patient's share while the next one is billed: the difference is no credit of money."""
    second_payer(office)
    claim, _ = sent_claim(office)
    first = page(office, claim)
    post_remittance(office.database, advice(first), office.biller)
    second = make_secondary(office.database, claim, office.biller)
    check(office.database, second, office.biller, on=CHECKED_ON)
    write_file(office.database, [second], office.biller)
    less = [(first.lines[0], "1330", "CAS*CO*45*770~"), (first.lines[1], "168", "CAS*CO*45*168~"),
            (first.lines[2], "50", "CAS*CO*45*50~CAS*PR*1*100~")]  # fmt: skip
    pair = two(advice(first, trace="E4", status="22", sign="-"), remit("C0000001", less, trace="E5"))
    (told, _) = post_remittance(office.database, pair, office.biller)
    assert "replace that claim" in told.late[0] and balances(office, claim) == [(0, Decimal(-50))]
    with pytest.raises(Refused, match=r"Only \$0.00 of the credit"):
        refund(office.database, claim, Account.PATIENT, Decimal(50), "CHK 3", office.biller)


def test_a_predetermination_decides_nothing(office):
    claim, _ = sent_claim(office)
    told = [(line, "0", f"CAS*CO*101*{line.charge}~") for line in page(office, claim).lines]
    (posted,) = post_remittance(office.database, remit("C0000001", told, status="25"), office.biller)
    after = page(office, claim)
    assert (after.row.state, after.payer_owes, posted.claims) == (ClaimState.SENT, after.row.charge, ())
    assert "predetermination" in posted.late[0]


def test_a_claim_that_was_given_up_is_sent_again_and_its_write_off_with_it_undone(office):
    claim, _ = sent_claim(office)
    lines = [(line, "0", f"CAS*CO*197*{line.charge}~") for line in page(office, claim).lines]
    post_remittance(office.database, remit("C0000001", lines, status="4"), office.biller)

    def give_up():
        write_off(office.database, claim, Account.PAYER, None, "denial accepted", office.biller)
        with office.database.reading() as session:
            assert disputes(session) == () and page(office, claim).row.state is ClaimState.CLOSED

    give_up()
    for entry in [each.id for each in page(office, claim).entries if each.kind is EntryKind.WRITE_OFF]:
        undo_write_off(office.database, entry, office.biller, "the authorization is here")
    assert page(office, claim).row.state is ClaimState.DENIED
    give_up()
    new = replace_claim(office.database, claim, office.biller, "the authorization is here")
    check(office.database, new, office.biller, on=CHECKED_ON)
    write_file(office.database, [new], office.biller)
    assert balances(office, claim, new) == [(0, 0), (page(office, new).row.charge, 0)] and books(office) == ()


def paid_by_the_next(office):
    """A claim with its share at the next payer, which paid 120 and left 30 to the patient."""
    second_payer(office)
    claim, _ = sent_claim(office)
    post_remittance(office.database, advice(page(office, claim)), office.biller)
    second = make_secondary(office.database, claim, office.biller)
    check(office.database, second, office.biller, on=CHECKED_ON)
    write_file(office.database, [second], office.biller)
    post_remittance(office.database, of_the_next(page(office, second)), office.biller)
    return claim, second


def of_the_next(shown, *, sign=1, trace="S5"):
    told = [("0", (("OA", 23, 2100),)), ("0", (("OA", 23, 336),)), ("120", (("OA", 23, 50), ("PR", 2, 30)))]
    lines = [
        (line, f"{Decimal(paid) * sign}", "".join(f"CAS*{group}*{why}*{sign * cut}~" for group, why, cut in cuts))
        for line, (paid, cuts) in zip(shown.lines, told, strict=True)
    ]
    status = "2" if sign > 0 else "22"
    return remit(shown.row.number, lines, trace=trace, status=status, payer="SLV", control="SLV1")


def test_a_next_payers_claim_is_replaced_and_its_pair_settles_it(office):
    claim, second = paid_by_the_next(office)
    new = replace_claim(office.database, second, office.biller, "the member id was another one")
    check(office.database, new, office.biller, on=CHECKED_ON)
    write_file(office.database, [new], office.biller)
    pair = two(of_the_next(page(office, second), sign=-1, trace="S6"), of_the_next(page(office, new), trace="S7"))
    post_remittance(office.database, pair, office.biller)
    assert balances(office, claim, second, new) == [(0, 0), (0, 0), (0, Decimal(30))] and books(office) == ()
    assert page(office, new).row.state is ClaimState.PAID and worked(office) == []


def test_a_next_payers_claim_is_voided_after_it_was_paid(office):
    claim, second = paid_by_the_next(office)
    write_file(
        office.database, [void_claim(office.database, second, office.biller, "not insured there")], office.biller
    )
    assert balances(office, claim, second) == [(0, Decimal(150)), (Decimal(-120), 0)] and books(office) == ()
    post_remittance(office.database, of_the_next(page(office, second), sign=-1, trace="S6"), office.biller)
    assert balances(office, claim, second) == [(0, Decimal(150)), (0, 0)] and books(office) == ()
