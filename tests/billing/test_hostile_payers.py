"""What payers do that no guide foresees: each leaves books that balance, and work where somebody must act."""

from datetime import date
from decimal import Decimal

import pytest
from test_next_payers_and_corrections import decided, owed, remit, replaced
from test_service_claims import CHECKED_ON, MARCH, advice, books, envelope, page, ready_claim, sent_claim

from infusion_desktop.billing.claiming.checking import check
from infusion_desktop.billing.claiming.claims import bill_after_all, replace_claim, void_claim, write_file
from infusion_desktop.billing.claiming.work_queue import Fix
from infusion_desktop.billing.money.answers import read_answer
from infusion_desktop.billing.money.remittances import post_remittance
from infusion_desktop.billing.runs.month_run import run_month
from infusion_desktop.billing.runs.not_counted import not_counted
from infusion_desktop.billing.words import ClaimState, Frequency
from infusion_desktop.errors import Refused
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
