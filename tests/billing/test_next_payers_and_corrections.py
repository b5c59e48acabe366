"""After the first answer: the next payer, corrections, split claims, typed papers, deposits, denials, closed months."""

import importlib.util
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update
from test_service_claims import (
    CHECKED_ON,
    MARCH,
    advice,
    books,
    complete_month,
    envelope,
    page,
    ready_claim,
    sent_claim,
)

from infusion_desktop.access.audit import record
from infusion_desktop.billing.claiming.checking import check
from infusion_desktop.billing.claiming.claims import mark_sent, print_claims, replace_claim, void_claim, write_file
from infusion_desktop.billing.claiming.secondary import make_secondary, proposals
from infusion_desktop.billing.money.adjusting import move_balance, undo_write_off, write_off
from infusion_desktop.billing.money.aging import AgingBy, aging_by, credit_balances, open_claims, total
from infusion_desktop.billing.money.answers import read_answer
from infusion_desktop.billing.money.collectors import assign_collector
from infusion_desktop.billing.money.deposits import (
    NewDeposit,
    add_deposit,
    deposits,
    remittances,
    tie,
    withdraw_deposit,
)
from infusion_desktop.billing.money.disputes import dispute_steps, disputes, move_disputes, write_off_disputes
from infusion_desktop.billing.money.eob import EobClaim, EobLine, NewEob, post_eob, take_back_paper
from infusion_desktop.billing.money.money_tables import PayerDecision
from infusion_desktop.billing.money.month_close import (
    close_month,
    closed_figures,
    closed_months,
    figures,
    next_to_close,
)
from infusion_desktop.billing.money.patient_money import NewPatientPayment, patients_owing, refund, take_patient_payment
from infusion_desktop.billing.money.posting_rules import add_posting_rule, end_posting_rule, posting_rules
from infusion_desktop.billing.money.remittances import post_remittance
from infusion_desktop.billing.money.set_aside import place_item, set_aside
from infusion_desktop.billing.months.charging import make_claim
from infusion_desktop.billing.rules.rule_set import SecondaryRule, TierPolicy
from infusion_desktop.billing.tables import Claim, ClaimLine, LedgerEntry
from infusion_desktop.billing.terms.contracts import add_rules, starter
from infusion_desktop.billing.terms.fees import NewFee, add_fee
from infusion_desktop.billing.words import Account, ClaimState, DisputeKind, DisputeState, Frequency, Outcome, Source
from infusion_desktop.dates import month_of, today
from infusion_desktop.edi import claims_837p_reading
from infusion_desktop.errors import NotAllowed, Refused, Warned
from infusion_desktop.patients.tables import Coverage, Payer
from infusion_desktop.patients.words import PayerId, PayerKind, Rank, Relation


def pyx12_errors(text):
    spec = importlib.util.spec_from_file_location("edi_conftest", Path(__file__).parents[1] / "edi" / "conftest.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.find_errors(text)


def second_payer(office):
    payer = office._add(Payer, name="Silver Supplement", payer_code="SLV02", kind=PayerKind.COMMERCIAL, version=1)
    office._add(
        Coverage, patient_id=office.patient, payer_id=payer, rank=Rank.SECONDARY, member_id="W777",
        relation=Relation.SELF, starts_on=date(2026, 1, 1), version=1,
    )  # fmt: skip
    return payer


def remit(number, lines, *, trace="EFT9", status="1", payer="PRH", control="PCN1", extra="", claim_cas="", plb=""):
    """An 835 of one claim from (line row, paid, CAS segments)."""
    paid = sum((Decimal(each[1]) for each in lines), Decimal(0))
    charge = sum((each[0].charge for each in lines), Decimal(0)) * (-1 if status == "22" else 1)
    plb_amount = sum((Decimal(part.split("*")[4]) for part in plb.split("~") if part), Decimal(0))
    body = (
        f"BPR*I*{abs(paid - plb_amount)}*{'C' if paid >= plb_amount else 'D'}*ACH************20260420~"
        f"TRN*1*{trace}*1{payer}~N1*PR*{payer}~N1*PE*NORTHSIDE*XX*1234567893~LX*1~"
        f"CLP*{number}*{status}*{charge}*{paid}*0*12*{control}~{claim_cas}NM1*QC*1*QUILL*ANN~{extra}"
    )
    for line, got, cas in lines:
        sign = -1 if status == "22" else 1
        body += (
            f"SVC*HC:{line.code}*{line.charge * sign}*{got}**{line.units.normalize():f}~"
            f"DTM*472*{line.days.first:%Y%m%d}~{cas}REF*6R*L{line.id}~"
        )
    return envelope("HP", "835", "005010X221A1", body + plb)


def test_the_next_payer_gets_the_first_ones_result_and_the_share_moves_with_the_claim(office):
    second_payer(office)
    claim, _ = sent_claim(office)
    first = page(office, claim)
    post_remittance(office.database, advice(first), office.biller)
    with office.database.reading() as session:
        (offer,) = proposals(session)
    assert (offer.share, offer.next_payer, offer.forwarded) == (Decimal("150.00"), "Silver Supplement", False)
    second = make_secondary(office.database, claim, office.biller)
    with pytest.raises(Refused, match="Void that one first"):  # The patient's share would be owed twice.
        replace_claim(office.database, claim, office.biller, "a stay was learned")
    assert [each for each in check(office.database, second, office.biller, on=CHECKED_ON) if each.stops] == []
    written = write_file(office.database, [second], office.biller)
    assert pyx12_errors(written.text) == []
    (batch,) = claims_837p_reading.read(written.text)
    (filed,) = batch.claims
    assert (filed.rank, filed.other_payers[0].identifier, filed.other_payers[0].paid) == ("S", "PRH01", Decimal(1498))
    assert filed.other_payers[0].claim_control == "PCN777"
    assert [line.adjudications[0].paid for line in filed.lines] == [Decimal(1330), Decimal(168), Decimal(0)]
    assert (page(office, claim).patient_owes, page(office, second).payer_owes) == (0, Decimal("150.00"))
    assert books(office) == ()
    lines = page(office, second).lines
    told = [(lines[0], "0", "CAS*OA*23*2100~"), (lines[1], "0", "CAS*OA*23*336~"),
            (lines[2], "120", "CAS*OA*23*50~CAS*PR*2*30~")]  # fmt: skip
    text = remit(page(office, second).row.number, told, trace="EFT55", status="2", payer="SLV")
    post_remittance(office.database, text, office.biller)
    after = page(office, second)
    assert (after.payer_owes, after.patient_owes, after.row.state) == (0, Decimal("30.00"), ClaimState.PAID)
    with office.database.reading() as session:
        assert disputes(session) == () and proposals(session) == ()
        assert session.scalar(select(func.sum(LedgerEntry.amount))) == Decimal("30.00")
    back = [(lines[0], "0", "CAS*OA*23*-2100~"), (lines[1], "0", "CAS*OA*23*-336~"),
            (lines[2], "-120", "CAS*OA*23*-50~CAS*PR*2*-30~")]  # fmt: skip
    post_remittance(
        office.database, remit(after.row.number, back, trace="EFT56", status="22", payer="SLV"), office.biller
    )
    assert page(office, second).payer_owes == Decimal("150.00") and books(office) == ()
    void_claim(office.database, second, office.biller, "not insured there")
    sent = write_file(office.database, [max(_claims(office))], office.biller)
    assert pyx12_errors(sent.text) == []
    assert (page(office, claim).patient_owes, page(office, second).payer_owes) == (Decimal("150.00"), 0)
    assert books(office) == ()


def _claims(office):
    with office.database.reading() as session:
        return list(session.scalars(select(Claim.id)))


@pytest.mark.parametrize(
    ("rule", "first", "codes"),
    [
        (SecondaryRule.OWN_CODES, PayerKind.MEDICARE_B, ["S9494", "J0696", "99601"]),
        (SecondaryRule.B_CODES_WHEN_MEDICARE_PRIMARY, PayerKind.COMMERCIAL, ["S9494", "J0696", "99601"]),
        (SecondaryRule.B_CODES_WHEN_MEDICARE_PRIMARY, PayerKind.MEDICARE_B, ["S9500", "J0696", "99601"]),
    ],
)
def test_whose_codes_the_next_payer_takes_is_its_contracts_choice(office, rule, first, codes):
    payer = PayerId(second_payer(office))
    rules = replace(starter("commercial_access").rules, secondary_rule=rule, tier_policy=TierPolicy.GENERIC)
    add_rules(office.database, payer, rules, date(2026, 1, 1), office.biller)
    add_fee(office.database, payer, NewFee("S9494", Decimal(40), Decimal(120), date(2026, 1, 1)), office.biller)
    claim, _ = sent_claim(office)
    post_remittance(office.database, advice(page(office, claim)), office.biller)
    with office.database.transaction() as session:
        session.get_one(Payer, office.payer).kind = first
        record(session, office.biller, "set up", "test")
    second = make_secondary(office.database, claim, office.biller)
    found = check(office.database, second, office.biller, on=CHECKED_ON)
    made = page(office, second)
    assert [line.code for line in made.lines] == codes and [each.code for each in found if each.stops] == []
    assert sum(line.expected for line in made.lines) == made.row.expected == Decimal(150)
    if "S9494" not in codes:
        assert found == () and pyx12_errors(write_file(office.database, [second], office.biller).text) == []
        return
    assert made.lines[0].charge == Decimal(14 * 120) and [each.code for each in found] == ["ON_PAPER"]
    with pytest.raises(Refused, match="explanation of benefits"):
        write_file(office.database, [second], office.biller)
    print_claims(office.database, [second], office.biller)
    assert (page(office, claim).patient_owes, page(office, second).payer_owes) == (0, Decimal(150))
    told = [(line, f"{line.expected}", f"CAS*OA*23*{line.charge - line.expected}~") for line in made.lines]
    paid = remit(made.row.number, told, trace="EFT2", status="2", payer="SLV")
    post_remittance(office.database, paid, office.biller)
    assert (page(office, second).payer_owes, page(office, second).row.state) == (0, ClaimState.PAID)
    assert books(office) == ()


def test_a_claim_the_payer_forwarded_itself_is_asked_about_first(office):
    second_payer(office)
    claim, _ = sent_claim(office)
    post_remittance(office.database, advice(page(office, claim), status="19"), office.biller)
    with pytest.raises(Warned, match="forwarded"):
        make_secondary(office.database, claim, office.biller)
    assert make_secondary(office.database, claim, office.biller, "they never got it")
    with pytest.raises(Refused, match="Void that one first"):
        void_claim(office.database, claim, office.biller, "billed twice")
    with pytest.raises(Refused, match="billed to it already"):
        make_secondary(office.database, claim, office.biller)


def test_an_appeal_is_due_by_the_payers_own_days(office):
    complete_month(office)
    rules = replace(starter("commercial_access").rules, appeal_days=60)
    add_rules(office.database, office.payer, rules, MARCH.first, office.biller)
    claim = make_claim(office.database, office.patient, MARCH, office.biller)
    check(office.database, claim, office.biller, on=CHECKED_ON)
    written = write_file(office.database, [claim], office.biller)
    mark_sent(office.database, written.batch_id, office.biller)
    first = page(office, claim)
    told = [(each, "0", f"CAS*CO*50*{each.charge}~") for each in first.lines]
    post_remittance(office.database, remit(first.row.number, told), office.biller)
    with office.database.reading() as session:
        assert {each.due_on for each in disputes(session)} == {date(2026, 4, 20) + timedelta(days=60)}


def test_a_denial_is_worked_replaced_and_paid(office):
    claim, _ = sent_claim(office)
    first = page(office, claim)
    drug = first.lines[1]
    told = [(first.lines[0], "1330", "CAS*CO*45*770~"), (drug, "0", "CAS*CO*16*336~LQ*HE*M119~"),
            (first.lines[2], "100", "CAS*CO*45*50~CAS*CO*253*50~")]  # fmt: skip
    post_remittance(office.database, remit(first.row.number, told), office.biller)
    with office.database.reading() as session:
        found = {each.kind: each for each in disputes(session)}
    denied, short = found[DisputeKind.DENIED], found[DisputeKind.UNDERPAID]
    assert (denied.code, denied.amount, denied.reason_code) == ("J0696", drug.charge, "16")
    assert denied.due_on == date(2026, 4, 20) + timedelta(days=180) and "NDC" in denied.next_step
    assert (short.code, short.amount) == ("99601", Decimal("50.00"))
    after = page(office, claim)
    assert (after.row.state, after.payer_owes) == (ClaimState.PART_PAID, drug.charge)
    move_disputes(office.database, [(short.id, short.version)], DisputeState.APPEALED, office.biller, "called, ref 12")
    again = replace_claim(office.database, claim, office.biller, "NDC added")
    assert page(office, again).row.frequency is Frequency.REPLACEMENT
    with pytest.raises(Refused, match="waiting already"):
        replace_claim(office.database, claim, office.biller, "twice")
    with pytest.raises(Refused, match="waiting already"):  # The payer would get a replacement and a void of one claim.
        void_claim(office.database, claim, office.biller, "not ours")
    assert [each for each in check(office.database, again, office.biller, on=CHECKED_ON) if each.stops] == []
    written = write_file(office.database, [again], office.biller)
    assert pyx12_errors(written.text) == [] and "REF*F8*PCN1" in written.text
    with office.database.reading() as session:
        assert {each.id: each.state for each in disputes(session)}[denied.id] is DisputeState.CORRECTED
    new = page(office, again).lines
    back = [(each, f"-{paid}" if paid != "0" else "0", cas.replace("*45*", "*45*-").replace("*16*", "*16*-")
             .replace("*253*", "*253*-")) for each, paid, cas in told]  # fmt: skip
    post_remittance(office.database, remit(first.row.number, back, trace="EFT10", status="22"), office.biller)
    paid = [(new[0], "1330", "CAS*CO*45*770~"), (new[1], "168", "CAS*CO*45*168~"), (new[2], "150", "CAS*CO*45*50~")]
    post_remittance(office.database, remit(first.row.number, paid, trace="EFT11", control="PCN2"), office.biller)
    done = page(office, again)
    assert (done.row.state, done.payer_owes, page(office, claim).payer_owes) == (ClaimState.PAID, 0, 0)
    with office.database.reading() as session:
        assert disputes(session) == ()
        states = [each.state for each in dispute_steps(session, denied.id)]
    assert states[0] is DisputeState.OPEN and books(office) == ()


def test_write_offs_transfers_payments_refunds_and_credits_are_entries_that_can_be_undone(office):
    claim, _ = sent_claim(office)
    first = page(office, claim)
    post_remittance(office.database, advice(first), office.biller)
    with pytest.raises(Refused, match="owes"):
        write_off(office.database, claim, Account.PAYER, None, "small balance", office.biller)
    with pytest.raises(Warned, match="credit"):
        take_patient_payment(
            office.database, NewPatientPayment(office.patient, Decimal(200), "check", "77"), office.biller
        )
    told = take_patient_payment(
        office.database, NewPatientPayment(office.patient, Decimal(200), "check", "77"), office.biller, "prepaid"
    )
    assert told == ((first.row.number, Decimal(200)),)
    with pytest.raises(Warned, match=r"Check 77 over \$200.00 was posted"):
        take_patient_payment(
            office.database, NewPatientPayment(office.patient, Decimal(200), "check", "77"), office.biller
        )
    with office.database.reading() as session:
        (credit,) = credit_balances(session, today())
        assert (credit.owed, credit.account) == (Decimal(-50), Account.PATIENT)
    with pytest.raises(Refused, match="credit of"):
        refund(office.database, claim, Account.PATIENT, Decimal(60), "R1", office.biller)
    refund(office.database, claim, Account.PATIENT, Decimal(50), "R1", office.biller)
    with office.database.reading() as session:
        assert credit_balances(session, today()) == () and patients_owing(session) == ()
    assert books(office) == ()


def test_what_is_left_is_moved_written_off_and_put_back(office, staff):
    claim, _ = sent_claim(office)
    first = page(office, claim)
    told = [(first.lines[0], "1330", "CAS*CO*45*770~"), (first.lines[1], "0", "CAS*CO*197*336~"),
            (first.lines[2], "150", "CAS*CO*45*50~")]  # fmt: skip
    post_remittance(office.database, remit(first.row.number, told), office.biller)
    moved = move_balance(office.database, claim, Account.PATIENT, Decimal(36), office.biller, "waiver signed")
    assert moved == 36 and page(office, claim).patient_owes == 36
    write_off(office.database, claim, Account.PATIENT, None, "financial assistance", office.biller)
    with office.database.reading() as session:
        (dispute,) = disputes(session)
        entry = session.scalars(select(LedgerEntry).order_by(LedgerEntry.id.desc())).first()
    assert write_off_disputes(office.database, [(dispute.id, dispute.version)], office.biller, "too small") == 300
    assert page(office, claim).payer_owes == 0
    undo_write_off(office.database, entry.id, office.biller, "wrong patient")
    with pytest.raises(Refused, match="already"):
        undo_write_off(office.database, entry.id, office.biller, "wrong patient")
    assert page(office, claim).patient_owes == 36 and books(office) == ()
    with pytest.raises(NotAllowed):
        write_off(office.database, claim, Account.PATIENT, None, "small balance", staff["coordinator"])


def test_a_paper_is_typed_and_posted_like_a_file_and_a_deposit_must_agree(office):
    claim, _ = sent_claim(office)
    lines = page(office, claim).lines
    said = (
        EobLine(lines[0].id, Decimal(1330), Decimal(1230), deductible=Decimal(100)),
        EobLine(lines[1].id, Decimal(168), Decimal(168)),
        EobLine(lines[2].id, Decimal(150), Decimal(0), reason="197"),
    )
    deposit = add_deposit(office.database, NewDeposit(date(2026, 4, 21), Decimal("1400.00"), "CHK1"), office.biller)
    new = NewEob(office.payer, "CHK1", date(2026, 4, 20), Decimal("1398.00"), (EobClaim(claim, said, "ICN9"),))
    with pytest.raises(Refused, match=r"\$2.00 apart"):
        post_eob(office.database, new, office.biller)
    withdraw_deposit(office.database, deposit, office.biller, "typed wrong")
    short = NewEob(office.payer, "CHK1", date(2026, 4, 20), Decimal("1390.00"), new.claims)
    with pytest.raises(Refused, match="the payment is"):
        post_eob(office.database, short, office.biller)
    unexplained = EobLine(lines[2].id, Decimal(150), Decimal(0))
    with pytest.raises(Refused, match="reason code"):
        post_eob(office.database, NewEob(office.payer, "C", date(2026, 4, 20), Decimal(1398),
                                         (EobClaim(claim, (*said[:2], unexplained)),)), office.biller)  # fmt: skip
    posted = post_eob(office.database, new, office.biller)
    assert (posted.denied, posted.deposit) == (1, None)
    after = page(office, claim)
    assert (after.payer_owes, after.patient_owes, after.payer_control_number) == (Decimal(150), Decimal(100), "ICN9")
    with pytest.raises(Refused, match="not posted twice"):
        post_eob(office.database, new, office.biller)
    with office.database.reading() as session:
        (paid,) = remittances(session)
    assert paid.awaits_money
    with pytest.raises(Refused, match="posted over"):
        add_deposit(office.database, NewDeposit(date(2026, 4, 21), Decimal("1399.00"), "CHK1"), office.biller)
    bulk = add_deposit(office.database, NewDeposit(date(2026, 4, 21), Decimal("2000.00"), "BULK"), office.biller)
    tie(office.database, paid.id, bulk, office.biller)
    with office.database.reading() as session:
        row = next(each for each in deposits(session) if each.id == bulk)
    assert (row.posted, row.left) == (Decimal(1398), Decimal(602)) and books(office) == ()
    back = take_back_paper(office.database, paid.id, "the check of another payer", office.biller)
    with office.database.reading() as session:
        row = next(each for each in deposits(session) if each.id == bulk)
        open_ones = [each for each in disputes(session) if each.claim_id == claim]
        awaits = [each.trace for each in remittances(session) if each.awaits_money]
    assert (row.posted, row.left, open_ones, awaits) == (0, Decimal(2000), [], [])
    after = page(office, claim)
    assert (after.payer_owes, after.patient_owes) == (after.row.charge, 0) and books(office) == ()
    for wrong, told in ((paid.id, "taken back already"), (back.id, "taken back already")):
        with pytest.raises(Refused, match=told):
            take_back_paper(office.database, wrong, "twice", office.biller)
    post_remittance(office.database, remit(after.row.number, [(line, "0", f"CAS*CO*45*{line.charge}~")
                                                              for line in after.lines]), office.biller)  # fmt: skip
    with office.database.reading() as session:
        file = next(each for each in remittances(session) if each.source is Source.FILE)
    with pytest.raises(Refused, match="Only a paper"):
        take_back_paper(office.database, file.id, "a file", office.biller)


def test_a_paper_on_a_claim_that_was_replaced_since_is_taken_back_from_that_claim(office):
    first, _ = sent_claim(office)

    def denied(claim, number):
        said = tuple(EobLine(line.id, Decimal(0), Decimal(0), reason="197") for line in page(office, claim).lines)
        new = NewEob(office.payer, number, date(2026, 4, 20), Decimal(0), (EobClaim(claim, said, "ICN9"),))
        return post_eob(office.database, new, office.biller).id

    paper = denied(first, "CHK1")
    again = replace_claim(office.database, first, office.biller, "authorization added")
    check(office.database, again, office.biller, on=CHECKED_ON)
    write_file(office.database, [again], office.biller)
    denied(again, "CHK2")
    back = take_back_paper(office.database, paper, "another claim's paper", office.biller)
    assert page(office, again).row.state is ClaimState.DENIED, "its own paper stands"
    with office.database.reading() as session:
        undone = session.scalars(select(PayerDecision).where(PayerDecision.remittance_id == back.id)).one()
        assert undone.claim_id == first and {each.claim_id for each in disputes(session)} == {again}
    assert books(office) == ()


def test_a_paper_stays_while_the_next_payer_is_billed_by_what_it_said(office):
    second_payer(office)
    claim, _ = sent_claim(office)
    *paid, last = page(office, claim).lines
    said = (*(EobLine(line.id, line.expected, line.expected) for line in paid),
            EobLine(last.id, Decimal(150), Decimal(0), deductible=Decimal(150)))  # fmt: skip
    amount = sum(line.expected for line in paid)
    new = NewEob(office.payer, "CHK1", date(2026, 4, 20), amount, (EobClaim(claim, said, "ICN9"),))
    paper = post_eob(office.database, new, office.biller).id
    second = make_secondary(office.database, claim, office.biller)
    check(office.database, second, office.biller, on=CHECKED_ON)
    write_file(office.database, [second], office.biller)
    with pytest.raises(Refused, match="Void that one first"):
        take_back_paper(office.database, paper, "another month's", office.biller)
    number, lines = page(office, second).row.number, page(office, second).lines
    for trace, status, sign in (("EFT55", "2", ""), ("EFT56", "22", "-")):  # It answers, and takes that back.
        told = [(line, "0", f"CAS*OA*23*{sign}{line.charge}~") for line in lines[:-1]]
        told.append((lines[-1], f"{sign}150", f"CAS*OA*23*{sign}50~"))
        post_remittance(office.database, remit(number, told, trace=trace, status=status, payer="SLV"), office.biller)
    void_claim(office.database, second, office.biller, "the first result was wrong")
    write_file(office.database, [max(_claims(office))], office.biller)
    take_back_paper(office.database, paper, "another month's", office.biller)
    after = page(office, claim)
    assert (after.payer_owes, after.patient_owes) == (after.row.charge, 0) and books(office) == ()


def test_a_file_after_its_paper_is_asked_about_and_interest_takebacks_stand_beside_the_claims(office):
    claim, _ = sent_claim(office)
    shown = page(office, claim)
    lines = [EobLine(line.id, line.charge, line.charge) for line in shown.lines]
    post_eob(
        office.database,
        NewEob(office.payer, "EFT1", date(2026, 4, 20), Decimal("2646.00"), (EobClaim(claim, tuple(lines)),),
               interest=Decimal(12), taken_back=Decimal(2)),
        office.biller,
    )  # fmt: skip
    paid = [(line, f"{line.charge}", "") for line in shown.lines]
    plb = "PLB*1234567893*20261231*L6:INT*-12~PLB*1234567893*20261231*WO:" + shown.row.number + "*2~"
    text = remit(shown.row.number, paid, trace="EFT1", plb=plb)
    with pytest.raises(Warned, match="looks like one of"):
        post_remittance(office.database, text, office.biller)
    assert books(office) == ()


def test_a_payers_own_posting_rules_go_before_the_shipped_ones(office):
    add_posting_rule(office.database, office.payer, "CO", "45", Outcome.KEEP_OPEN, date(2026, 1, 1), office.biller)
    rule = add_posting_rule(office.database, None, "CO", "197", Outcome.WRITE_OFF, date(2026, 1, 1), office.biller)
    with pytest.raises(Refused, match="starts on"):
        add_posting_rule(office.database, None, "CO", "197", Outcome.DENIAL, date(2025, 1, 1), office.biller)
    claim, _ = sent_claim(office)
    first = page(office, claim)
    told = [(first.lines[0], "1330", "CAS*CO*45*770~"), (first.lines[1], "0", "CAS*CO*197*336~"),
            (first.lines[2], "150", "CAS*PR*1*50~")]  # fmt: skip
    post_remittance(office.database, remit(first.row.number, told), office.biller)
    after = page(office, claim)
    assert (after.payer_owes, after.patient_owes) == (Decimal(770), Decimal(50)) and books(office) == ()
    end_posting_rule(office.database, rule, date(2026, 12, 31), office.biller)
    with office.database.reading() as session:
        assert [each.payer for each in posting_rules(session)] == ["Prairie Health", "every payer"]


def test_a_claim_with_more_than_fifty_lines_leaves_in_parts_and_is_paid_by_part(office):
    claim = ready_claim(office)
    with office.database.transaction() as session:
        row = session.scalars(select(ClaimLine).where(ClaimLine.claim_id == claim, ClaimLine.position == 3)).one()
        columns = [c for c in ClaimLine.__table__.c if c.name not in ("id", "position")]
        values = dict(session.execute(select(*columns).where(ClaimLine.id == row.id)).one()._mapping)
        session.execute(insert(ClaimLine), [{**values, "position": place} for place in range(4, 62)])
        session.execute(update(Claim).where(Claim.id == claim).values(charge=Decimal(2636 + 58 * 200)))
        record(session, office.biller, "grow", "claim", claim)
    written = write_file(office.database, [claim], office.biller)
    mark_sent(office.database, written.batch_id, office.biller)
    assert pyx12_errors(written.text) == []
    (batch,) = claims_837p_reading.read(written.text)
    assert [(each.number, len(each.lines)) for each in batch.claims] == [("C0000001", 50), ("C0000001-2", 11)]
    lines = page(office, claim).lines
    full = [(line, f"{line.charge}", "") for line in lines]
    post_remittance(office.database, remit("C0000001", full[:50], trace="A", control="P1"), office.biller)
    assert page(office, claim).row.state is ClaimState.PART_PAID
    post_remittance(office.database, remit("C0000001-2", full[50:], trace="B", control="P2"), office.biller)
    after = page(office, claim)
    assert (after.row.state, after.payer_owes, after.payer_control_number) == (ClaimState.PAID, 0, "P1")
    void = void_claim(office.database, claim, office.biller, "billed twice")
    text = write_file(office.database, [void], office.biller).text
    assert "REF*F8*P1" in text and "REF*F8*P2" in text and pyx12_errors(text) == []
    assert books(office) == ()


def replaced(office, paid_before=True):
    """A claim, paid or only taken by the payer, and its replacement on the way: two more days were in hospital."""
    claim, _ = sent_claim(office)
    if paid_before:
        post_remittance(office.database, advice(page(office, claim)), office.biller)
    else:
        with office.database.transaction() as session:
            kept = session.get_one(Claim, claim)
            kept.state, kept.payer_control_number = ClaimState.ACCEPTED, "PCN777"
            record(session, office.biller, "accept", "claim", claim)
    office.hospital(date(2026, 3, 8), date(2026, 3, 11))
    new = replace_claim(office.database, claim, office.biller, "a stay was learned")
    check(office.database, new, office.biller, on=CHECKED_ON)
    mark_sent(office.database, write_file(office.database, [new], office.biller).batch_id, office.biller)
    return claim, new


def owed(office):
    with office.database.reading() as session:
        return (
            session.scalar(select(func.sum(LedgerEntry.amount)).where(LedgerEntry.account == Account.PAYER)),
            credit_balances(session, today()),
        )


def test_a_replacement_carries_what_was_paid_and_the_pair_settles_it(office):
    claim, new = replaced(office)
    charge = page(office, new).row.charge
    assert charge == Decimal(2336) and page(office, claim).payer_owes == 0
    assert page(office, new).payer_owes == charge - Decimal(2636)
    first = page(office, claim)
    back = advice(first, trace="EFT2", status="22", sign="-")
    post_remittance(office.database, back, office.biller)
    assert (page(office, new).payer_owes, page(office, claim).payer_owes, owed(office)[1]) == (charge, 0, ())
    told = decided(page(office, new).lines)
    post_remittance(office.database, remit("C0000001", told, trace="EFT3", control="PCN888"), office.biller)
    after = page(office, new)
    assert (after.payer_owes, after.patient_owes, after.row.state) == (0, Decimal(150), ClaimState.PAID)
    assert owed(office) == (0, ()) and books(office) == ()


def test_the_first_claims_result_after_its_replacement_left_is_set_against_the_replacement(office):
    claim, new = replaced(office, paid_before=False)
    charge = page(office, new).row.charge
    (posted,) = post_remittance(office.database, advice(page(office, claim)), office.biller)
    assert posted.late[0].startswith("Claim C0000001: the payer decided the claim that was replaced")
    assert (page(office, claim).row.state, page(office, claim).payer_owes) == (ClaimState.VOIDED, 0)
    assert (page(office, new).row.state, page(office, new).payer_owes) == (ClaimState.SENT, charge - Decimal(2636))
    told = decided(page(office, new).lines)
    pair = two(advice(page(office, claim), trace="EFT2", status="22", sign="-"),
               remit("C0000001", told, trace="EFT3", control="PCN888"))  # fmt: skip
    post_remittance(office.database, pair, office.biller)
    after = page(office, new)
    assert (after.payer_owes, after.patient_owes, after.row.state) == (0, Decimal(150), ClaimState.PAID)
    assert owed(office) == (0, ()) and books(office) == ()


def decided(lines):
    """Half of each line is allowed; the visit's share is the patient's."""
    return [
        (line, "0", "CAS*CO*45*50~CAS*PR*1*150~")
        if line.code == "99601"
        else (line, f"{line.charge / 2}", f"CAS*CO*45*{line.charge / 2}~")
        for line in lines
    ]


def two(first, second):
    """Two payments in one file."""
    body = first.partition("~ST*")[2].partition("~GE*")[0]
    other = second.partition("~ST*")[2].partition("~GE*")[0].replace("835*0001", "835*0002", 1)
    other = other[: other.rindex("*")] + "*0002"
    return first.partition("~ST*")[0] + f"~ST*{body}~ST*{other}~GE*2*9~IEA*1*000000009~"


def test_a_late_denial_of_the_first_claim_is_no_work_and_of_a_voided_one_a_credit_stays(office):
    claim, new = replaced(office, paid_before=False)
    lines = [(line, "0", f"CAS*CO*16*{line.charge}~") for line in page(office, claim).lines]
    post_remittance(office.database, remit("C0000001", lines, status="4"), office.biller)
    with office.database.reading() as session:
        assert disputes(session) == () and page(office, new).row.state is ClaimState.SENT
    with office.database.transaction() as session:
        kept = session.get_one(Claim, new)
        kept.state, kept.payer_control_number = ClaimState.ACCEPTED, "PCN888"
        record(session, office.biller, "accept", "claim", new)
    void = void_claim(office.database, new, office.biller, "never given")
    write_file(office.database, [void], office.biller)
    paid = [(line, f"{line.charge}", "") for line in page(office, new).lines]
    (posted,) = post_remittance(office.database, remit("C0000001", paid, trace="EFT5"), office.biller)
    assert "a claim that was voided" in posted.late[0]
    assert [each.owed for each in owed(office)[1]] == [-page(office, new).row.charge] and books(office) == ()


def grown(office, lines):
    """A sent claim with so many lines, each of 200 after the first two; every part has the payer's number."""
    claim = ready_claim(office)
    with office.database.transaction() as session:
        row = session.scalars(select(ClaimLine).where(ClaimLine.claim_id == claim, ClaimLine.position == 3)).one()
        columns = [c for c in ClaimLine.__table__.c if c.name not in ("id", "position")]
        values = dict(session.execute(select(*columns).where(ClaimLine.id == row.id)).one()._mapping)
        session.execute(insert(ClaimLine), [{**values, "position": place} for place in range(4, lines + 1)])
        session.execute(update(Claim).where(Claim.id == claim).values(charge=Decimal(2636 + (lines - 3) * 200)))
        record(session, office.biller, "grow", "claim", claim)
    mark_sent(office.database, write_file(office.database, [claim], office.biller).batch_id, office.biller)
    told = [(line, f"{line.charge}", "") for line in page(office, claim).lines]
    for part, start in enumerate(range(0, lines, 50), start=1):
        number = page(office, claim).row.number + (f"-{part}" if part > 1 else "")
        paid = remit(number, told[start : start + 50], trace=f"P{part}", control=f"P{part}")
        post_remittance(office.database, paid, office.biller)
    return claim


def corrected(office, claim, lines):
    """The parts of a replacement with only so many lines, as its file says them."""
    new = replace_claim(office.database, claim, office.biller, "fewer services")
    with office.database.transaction() as session:
        kept = session.get_one(Claim, new)
        rows = session.scalars(select(ClaimLine).where(ClaimLine.claim_id == new).order_by(ClaimLine.position)).all()
        for row in rows[lines:]:
            session.delete(row)
        for place in range(len(rows) + 1, lines + 1):
            columns = [c for c in ClaimLine.__table__.c if c.name not in ("id", "position")]
            values = dict(session.execute(select(*columns).where(ClaimLine.id == rows[2].id)).one()._mapping)
            session.execute(insert(ClaimLine), [{**values, "position": place}])
        session.flush()
        kept.state = ClaimState.READY
        kept.charge = session.scalar(select(func.sum(ClaimLine.charge)).where(ClaimLine.claim_id == new))
        record(session, office.biller, "change", "claim", new)
    written = write_file(office.database, [new], office.biller)
    assert pyx12_errors(written.text) == []
    (batch,) = claims_837p_reading.read(written.text)
    return [
        (each.number, each.frequency.value, each.original_reference, len(each.lines), each.charge)
        for each in batch.claims
    ]


def test_a_replacement_in_fewer_parts_voids_the_part_that_is_left_over(office):
    claim = grown(office, 61)
    assert corrected(office, claim, 3) == [
        ("C0000001", "7", "P1", 3, Decimal(2636)), ("C0000001-2", "8", "P2", 11, Decimal(2200)),
    ]  # fmt: skip
    assert books(office) == ()
    # The payer takes the part's money back under the part's number: it is found on the claim that was replaced.
    lines = [(line, f"-{line.charge}", "") for line in page(office, claim).lines[50:]]
    post_remittance(office.database, remit("C0000001-2", lines, trace="V", status="22", control="P2"), office.biller)
    assert books(office) == ()


def test_a_replacement_in_more_parts_sends_the_new_one_as_an_original(office):
    claim = grown(office, 50)
    assert [each[:4] for each in corrected(office, claim, 52)] == [
        ("C0000001", "7", "P1", 50), ("C0000001-2", "1", "", 2),
    ]  # fmt: skip


def test_a_claim_decided_in_parts_goes_to_the_next_payer_whole(office):
    second_payer(office)
    claim = ready_claim(office)
    with office.database.transaction() as session:
        row = session.scalars(select(ClaimLine).where(ClaimLine.claim_id == claim, ClaimLine.position == 3)).one()
        columns = [c for c in ClaimLine.__table__.c if c.name not in ("id", "position")]
        values = dict(session.execute(select(*columns).where(ClaimLine.id == row.id)).one()._mapping)
        session.execute(insert(ClaimLine), [{**values, "position": place} for place in range(4, 53)])
        session.execute(update(Claim).where(Claim.id == claim).values(charge=Decimal(2636 + 49 * 200)))
        record(session, office.biller, "grow", "claim", claim)
    write_file(office.database, [claim], office.biller)
    told = [(each, f"{each.charge - 20}", "CAS*PR*1*20~") for each in page(office, claim).lines]
    post_remittance(office.database, remit("C0000001", told[:50], trace="A", control="P1"), office.biller)
    post_remittance(office.database, remit("C0000001-2", told[50:], trace="B", control="P2"), office.biller)
    second = make_secondary(office.database, claim, office.biller)
    assert [each for each in check(office.database, second, office.biller, on=CHECKED_ON) if each.stops] == []
    text = write_file(office.database, [second], office.biller).text
    assert pyx12_errors(text) == []
    (batch,) = claims_837p_reading.read(text)
    assert [len(each.lines) for each in batch.claims] == [50, 2]
    assert sum(each.other_payers[0].paid for each in batch.claims) == page(office, claim).row.charge - 52 * 20
    assert page(office, second).payer_owes == 52 * 20 and books(office) == ()


def test_the_payment_of_a_claim_that_was_not_found_is_placed_once(office):
    claim, _ = sent_claim(office)
    shown = page(office, claim)
    full = [(line, f"{line.charge}", "") for line in shown.lines]
    text = remit("0", full, control="THEIRS", plb="PLB*1234567893*20261231*L6:INT*-5~")
    post_remittance(office.database, text, office.biller, "ask the payer")
    with office.database.reading() as session:
        rows = {each.what: each for each in set_aside(session)}
    unknown = rows["claim not found here"]
    assert (unknown.amount, unknown.open, rows["interest"].amount) == (Decimal(2636), True, Decimal(5))
    with pytest.raises(Refused, match="No claim with the number"):
        place_item(office.database, unknown.id, "C9999999", office.biller)
    assert place_item(office.database, unknown.id, shown.row.number, office.biller) == claim
    with pytest.raises(Refused, match="placed already"):
        place_item(office.database, unknown.id, shown.row.number, office.biller)
    with office.database.reading() as session:
        assert not any(each.open for each in set_aside(session))
    assert page(office, claim).payer_owes == 0 and books(office) == ()


def test_what_is_placed_after_a_close_counts_in_its_own_month(office):
    claim = ready_claim(office)
    write_file(office.database, [claim], office.biller, at=datetime(2026, 4, 3, 12, tzinfo=UTC))
    line = page(office, claim).lines[0]
    text = remit("0", [(line, f"{line.charge}", "")], control="THEIRS")
    post_remittance(office.database, text, office.biller, "ask", on=date(2026, 4, 28))
    closing = close_month(office.database, month_of(date(2026, 4, 1)), office.biller, on=date(2026, 5, 2))
    with office.database.reading() as session:
        (row,) = set_aside(session)
    place_item(office.database, row.id, page(office, claim).row.number, office.biller, on=date(2026, 5, 3))
    with office.database.reading() as session:
        found, _, _ = closed_figures(session, closing)
        may = figures(session, month_of(date(2026, 5, 1)))
    assert [amount for _, amount in found.items] == [line.charge] and [amount for _, amount in may.items] == [
        -line.charge
    ]
    assert may.total.moved[1] == -line.charge and books(office) == ()


def test_a_closed_month_takes_no_entry_and_says_the_same_for_ever(office, staff):
    claim = ready_claim(office)
    write_file(office.database, [claim], office.biller, at=datetime(2026, 4, 3, 12, tzinfo=UTC))
    april = month_of(date(2026, 4, 1))
    shown = page(office, claim)
    paid = [(shown.lines[0], "1330", "CAS*CO*45*770~"), (shown.lines[1], "0", "CAS*CO*197*336~"),
            (shown.lines[2], "100", "CAS*CO*45*50~CAS*PR*1*50~")]  # fmt: skip
    post_remittance(office.database, remit(shown.row.number, paid), office.biller, on=date(2026, 4, 28))
    assign_collector(office.database, office.payer, office.biller, office.biller, was=None, on=date(2026, 4, 1))
    with office.database.reading() as session:
        found = figures(session, april)
        assert next_to_close(session, date(2026, 5, 2)) == april
        by = {each: aging_by(session, date(2026, 6, 30), each) for each in AgingBy}
    assert found.total.moved == (Decimal(2636), Decimal(-1430), 0, Decimal(-820), 0, 0)
    assert found.total.closing == Decimal(386) == total(by[AgingBy.THERAPY]).total
    assert [(row.name, row.total) for row in by[AgingBy.COLLECTOR]] == [("Some Biller", 336), ("Patients", 50)]
    with pytest.raises(Refused, match="not over"):
        close_month(office.database, april, office.biller, on=date(2026, 4, 30))
    with pytest.raises(NotAllowed):
        close_month(office.database, april, staff["coordinator"], on=date(2026, 5, 2))
    closing = close_month(office.database, april, office.biller, on=date(2026, 5, 2))
    with pytest.raises(Refused, match="closed through Apr 30, 2026"):
        write_off(office.database, claim, Account.PATIENT, None, "small balance", office.biller, on=date(2026, 4, 29))
    with pytest.raises(Refused, match="already"):
        close_month(office.database, april, office.biller, on=date(2026, 5, 2))
    write_off(office.database, claim, Account.PATIENT, None, "small balance", office.biller, on=date(2026, 5, 3))
    with pytest.raises(Refused, match="closed through"):
        post_remittance(
            office.database, remit("0", [(shown.lines[0], "9", "")], trace="LATE"), office.biller, "x",
            on=date(2026, 4, 30),
        )  # fmt: skip
    with office.database.reading() as session:
        again, _, who = closed_figures(session, closing)
        assert again == found and who == "Some Biller" and len(closed_months(session)) == 1
    with office.database.transaction() as session:
        session.execute(update(Payer).values(name="Prairie Health and Life"))
        record(session, office.biller, "set up", "test")
    with office.database.reading() as session:
        assert closed_figures(session, closing)[0] == found, "the payer goes by its name of then"
        assert len(open_claims(session, date(2026, 5, 31))) == 1
    assert books(office) == ()


def test_the_same_answer_file_twice_does_nothing(office):
    claim, _ = sent_claim(office)
    ack = envelope("FA", "999", "005010X231A1", "AK1*HC*1~AK2*837*000000001~IK5*A~AK9*A*1*1*1~")
    assert read_answer(office.database, ack, office.biller)
    with pytest.raises(Refused, match="Nothing was changed"):
        read_answer(office.database, ack, office.biller)
    text = advice(page(office, claim))
    read_answer(office.database, text, office.biller)
    before = page(office, claim)
    with pytest.raises(Refused, match="Nothing was changed"):
        read_answer(office.database, text, office.biller)
    with pytest.raises(Refused, match="not posted twice"):
        read_answer(office.database, text.replace("~", "~\n"), office.biller)
    after = page(office, claim)
    assert (after.entries, after.events) == (before.entries, before.events)


def test_a_refused_999_names_claim_and_line(office):
    _, written = sent_claim(office)
    segments = [line for line in written.text.replace("\n", "").split("~") if line]
    start = next(at for at, line in enumerate(segments) if line.startswith("ST*"))
    sv1 = next(at for at, line in enumerate(segments) if line.startswith("SV1*HC:J0696")) - start + 1
    ack = envelope(
        "FA", "999", "005010X231A1",
        f"AK1*HC*1~AK2*837*000000001~IK3*SV1*{sv1}*2400*8~IK4*1:2*C003*7*J0696~IK5*R*5~AK9*R*1*1*0~",
    )  # fmt: skip
    told = " ".join(read_answer(office.database, ack, office.biller))
    assert "claim C0000001, line 2" in told and "SV101 reason 7" in told and "rejected" in told


def test_the_report_on_denials_tells_what_came_of_them(office):
    from infusion_desktop.reporting.denials import by_reason

    claim, _ = sent_claim(office)
    first = page(office, claim)
    told = [(first.lines[0], "1000", "CAS*CO*45*1100~"), (first.lines[1], "0", "CAS*CO*197*336~"),
            (first.lines[2], "150", "CAS*CO*45*50~")]  # fmt: skip
    post_remittance(office.database, remit(first.row.number, told), office.biller)
    with office.database.reading() as session:
        denied = next(each for each in disputes(session) if each.kind is DisputeKind.DENIED)
    write_off_disputes(office.database, [(denied.id, denied.version)], office.biller, "no appeal")
    with office.database.reading() as session:
        found = by_reason(session, month_of(today()))
    assert [row[1:] for row in found.rows] == [
        ("CO 197: Authorization or notification is missing", 1, 336, 0, 0, 336),
        ("Paid below the contract", 1, 330, 330, 0, 0),
    ]


def test_a_first_payer_that_decides_anew_says_which_claim_to_the_next_one_is_to_be_replaced(office):
    second_payer(office)
    claim, _ = sent_claim(office)
    first = page(office, claim)
    post_remittance(office.database, advice(first), office.biller)
    second = make_secondary(office.database, claim, office.biller)
    check(office.database, second, office.biller, on=CHECKED_ON)
    mark_sent(office.database, write_file(office.database, [second], office.biller).batch_id, office.biller)
    (posted,) = post_remittance(
        office.database, advice(first, trace="EFT2", status="22", sign="-"), office.biller
    )  # fmt: skip
    assert ["what claim C0000002 to the next payer rests on" in each for each in posted.late] == [True]
    less = [
        (first.lines[0], "1330", "CAS*CO*45*770~"), (first.lines[1], "168", "CAS*CO*45*168~"),
        (first.lines[2], "50", "CAS*CO*45*50~CAS*PR*1*100~"),
    ]  # fmt: skip
    post_remittance(office.database, remit(first.row.number, less, trace="EFT3"), office.biller)
    told = [(line, "0", f"CAS*OA*23*{line.charge}~") for line in page(office, second).lines[:2]]
    told.append((page(office, second).lines[2], "120", "CAS*OA*23*50~CAS*PR*2*30~"))
    number = page(office, second).row.number
    post_remittance(office.database, remit(number, told, trace="E5", status="2", payer="SLV"), office.biller)
    again = replace_claim(office.database, second, office.biller, "the first payer decided anew")
    assert not [each for each in check(office.database, again, office.biller, on=CHECKED_ON) if each.stops]
    write_file(office.database, [again], office.biller)
    assert books(office) == ()


def test_the_rest_of_a_claim_paid_later_leaves_the_denied_line_to_be_worked(office):
    """The payer decides a claim in two parts (split claims): what is paid says nothing of the other lines."""
    claim, _ = sent_claim(office)
    first, drug, visit = page(office, claim).lines
    number = page(office, claim).row.number
    told = remit(number, [(first, "0", "CAS*CO*197*2100~")], trace="E1", status="4")
    post_remittance(office.database, told, office.biller)
    with office.database.reading() as session:
        assert [(row.kind, row.code) for row in disputes(session)] == [(DisputeKind.DENIED, "S9500")]
    paid = [(drug, "168", "CAS*CO*45*168~"), (visit, "150", "CAS*CO*45*50~")]
    post_remittance(office.database, remit(number, paid, trace="E2"), office.biller)
    with office.database.reading() as session:
        assert [row.state for row in disputes(session)] == [DisputeState.OPEN], "S9500 is still denied"
    assert page(office, claim).row.state is ClaimState.PART_PAID
    told = remit(number, [(visit, "0", "CAS*CO*97*200~")], trace="E3", status="4")
    post_remittance(office.database, told, office.biller)
    assert page(office, claim).row.state is ClaimState.PART_PAID, "something was paid"
    assert books(office) == ()
