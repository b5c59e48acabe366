"""Papers about money, read back: appeal, statement, closing (the same for ever), CMS-1500, audit packet."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pypdfium2
import pytest
from sqlalchemy import select, update
from test_next_payers_and_corrections import remit, second_payer
from test_service_claims import MARCH, advice, books, page, ready_claim, sent_claim
from test_service_papers import words_of

from infusion_desktop.access.queries import audit_rows
from infusion_desktop.access.roles import AuditKind
from infusion_desktop.access.tables import AuditEntry
from infusion_desktop.billing.claiming.audit_packet import audit_packet
from infusion_desktop.billing.claiming.claim_form import claim_forms, print_claim_form
from infusion_desktop.billing.claiming.claims import print_claims, write_file
from infusion_desktop.billing.claiming.secondary import make_secondary
from infusion_desktop.billing.money.adjusting import write_off
from infusion_desktop.billing.money.appeals import NewAppeal, appeal, suggested_argument
from infusion_desktop.billing.money.disputes import dispute_steps, disputes
from infusion_desktop.billing.money.money_tables import Dispute
from infusion_desktop.billing.money.month_close import close_month
from infusion_desktop.billing.money.patient_money import NewPatientPayment, take_back_payment, take_patient_payment
from infusion_desktop.billing.money.remittances import post_remittance
from infusion_desktop.billing.money.statements import closing_paper, print_statement, write_statement
from infusion_desktop.billing.months.authorization_papers import print_request
from infusion_desktop.billing.papers import print_claim_summaries, print_claim_summary
from infusion_desktop.billing.queries import open_claim
from infusion_desktop.billing.words import Account, DisputeState
from infusion_desktop.dates import month_of
from infusion_desktop.errors import AsksWhy, Refused, Warned
from infusion_desktop.patients.tables import Patient


def flat(text):
    return " ".join(text.split())


def test_an_appeal_says_what_by_when_and_why_and_is_asked_about_after_its_day(office):
    claim, _ = sent_claim(office)
    first = page(office, claim)
    told = [(first.lines[0], "1330", "CAS*CO*45*770~"), (first.lines[1], "0", "CAS*CO*197*336~LQ*HE*M62~"),
            (first.lines[2], "150", "CAS*CO*45*50~")]  # fmt: skip
    post_remittance(office.database, remit(first.row.number, told), office.biller)
    with office.database.reading() as session:
        (dispute,) = disputes(session)
        argument = suggested_argument(session, [dispute.id])
        due = session.get_one(Dispute, dispute.id).due_on
    assert "M62: The treatment authorization code" in argument
    new = NewAppeal(f"{argument}Authorization AUTH9 was given on Mar 1.", ("The authorization",), "Billing")
    try:
        pdf = appeal(office.database, [(dispute.id, dispute.version)], new, office.biller)
    except Warned as late:
        assert "last day" in str(late)
        pdf = appeal(office.database, [(dispute.id, dispute.version)], new, office.biller, "granted by telephone")
    keep("appeal", pdf)
    text = flat(words_of(pdf))
    for word in ("Prairie Health", "Ann Quill", "M12345", first.row.number, "PCN1", "J0696", "$336.00", "AUTH9",
                 "CO 197", f"{due:%b} {due.day}, {due.year}", "Some Biller"):  # fmt: skip
        assert word in text, word
    with office.database.reading() as session:
        (row,) = disputes(session)
        assert row.state is DisputeState.APPEALED and "letter" in dispute_steps(session, row.id)[-1].note
    with pytest.raises(Refused, match="Somebody else"):
        appeal(office.database, [(dispute.id, dispute.version)], new, office.biller, "again")


def test_a_statement_shows_the_share_and_how_it_came(office):
    claim, _ = sent_claim(office)
    with pytest.raises(Refused, match="owes nothing"):
        print_statement(office.database, office.patient, office.biller)
    post_remittance(office.database, advice(page(office, claim)), office.biller)
    pdf = print_statement(office.database, office.patient, office.biller)
    keep("statement", pdf)
    text = flat(words_of(pdf))
    for word in ("S0000001", "Ann Quill", "5 Oak St", "$150.00", "$1,498.00", "deductible", "Prairie Health"):
        assert word in text, word


def test_a_statement_after_a_returned_check_shows_the_share_as_it_was(office):
    claim, _ = sent_claim(office)
    post_remittance(office.database, advice(page(office, claim)), office.biller)
    for number in ("1", "2"):
        new = NewPatientPayment(office.patient, Decimal(50), "check", number)
        take_patient_payment(office.database, new, office.biller)
    paid = next(row for row in page(office, claim).entries if row.note == "check 2")
    take_back_payment(office.database, paid.id, "returned by the bank", office.biller)
    with office.database.transaction() as session:
        (line,) = write_statement(session, office.patient, office.biller, date(2026, 5, 1)).lines
    assert (line.share, line.paid) == (Decimal(150), Decimal(50))


def test_a_closing_prints_the_same_bytes_after_later_entries(office):
    claim = ready_claim(office)
    write_file(office.database, [claim], office.biller, at=datetime(2026, 4, 3, 12, tzinfo=UTC))
    told = [(line, "10", f"CAS*CO*45*{line.charge - 20}~CAS*PR*1*10~") for line in page(office, claim).lines]
    text = remit(page(office, claim).row.number, told, plb="PLB*1234567893*20261231*L6:X*-3~")
    post_remittance(office.database, text, office.biller, on=date(2026, 4, 28))
    closing = close_month(office.database, month_of(date(2026, 4, 1)), office.biller, on=date(2026, 5, 1))
    with office.database.reading() as session:
        first = closing_paper(session, closing)
    write_off(office.database, claim, Account.PATIENT, None, "bad debt", office.biller)
    with office.database.reading() as session:
        assert closing_paper(session, closing) == first
    keep("closing", first)
    text = flat(words_of(first))
    for word in ("April 2026", "Prairie Health", "$2,636.00", "-$30.00", "$30.00", "therapy and age"):
        assert word in text, word


def test_the_form_says_what_the_file_says_and_is_marked_as_a_proof(office):
    second_payer(office)
    claim, _ = sent_claim(office)
    post_remittance(office.database, advice(page(office, claim)), office.biller)
    second = make_secondary(office.database, claim, office.biller)
    with office.database.reading() as session:
        forms = claim_forms(session, [claim, second], Decimal(0), Decimal(0), proof=True)
        typed = claim_forms(session, [claim], Decimal("2.5"), Decimal(-1), proof=False)
        plain = claim_forms(session, [claim], Decimal(0), Decimal(0), proof=False)
        with pytest.raises(Refused, match="25 millimetres"):
            claim_forms(session, [claim], Decimal(90), Decimal(0), proof=False)
    keep("proof", forms)
    keep("typed", plain)
    proof = flat(words_of(forms))
    for word in ("Proof, not for submission", "C0000001", "M12345", "N400781320985 UN14", "L03115", "2636.00",
                 "Quill, Ann", "1234567893", "Silver Supplement", "W777", "1498.00"):  # fmt: skip
        assert word in proof, word
    letters = words_of(typed).replace(" ", "").replace("\n", "").replace("\r", "")
    assert "M12345" in letters and "Proof" not in letters and "263600" in letters
    x, y = _first_letter(typed), _first_letter(plain)
    assert round(x[0] - y[0], 1) == round(2.5 * 72 / 25.4, 1) and round(x[1] - y[1], 1) == round(72 / 25.4, 1)


def keep(name, pdf):
    """With PAPERS set, pages are kept as pictures to be looked at."""
    import os
    from pathlib import Path

    folder = os.environ.get("PAPERS")
    if folder:
        document = pypdfium2.PdfDocument(pdf)
        for number, each in enumerate(document, 1):
            each.render(scale=1.1).to_pil().save(Path(folder) / f"{name}-{number}.png")
        document.close()


def test_claims_sent_on_paper_are_charged_and_sent_once(office):
    claim = ready_claim(office)
    printed = print_claims(office.database, [claim], office.biller, Decimal(1), Decimal(0))
    assert printed.charge == Decimal("2636.00") and printed.name == "cms-1500-000000001.pdf"
    shown = page(office, claim)
    assert (shown.row.state.value, shown.payer_owes) == ("sent", Decimal("2636.00")) and books(office) == ()
    with pytest.raises(Refused, match="not ready"):
        print_claims(office.database, [claim], office.biller)
    post_remittance(office.database, advice(shown), office.biller)
    assert page(office, claim).payer_owes == 0 and books(office) == ()


def test_a_claim_decided_as_a_whole_below_the_contract_is_one_underpayment(office):
    claim, _ = sent_claim(office)
    text = advice(page(office, claim))
    head, _, rest = text.partition("SVC*")
    tail = rest[rest.index("SE*") :]
    whole = head.replace("*1498.00*", "*1400*") + "CAS*CO*45*1236~" + tail
    body = whole[whole.index("ST*") : whole.index("SE*")]
    whole = whole.replace(whole[whole.index("SE*") : whole.index("GE*")], f"SE*{body.count('~') + 1}*0001~")
    post_remittance(office.database, whole, office.biller)
    with office.database.reading() as session:
        (row,) = disputes(session)
    assert (row.code, row.kind.value, row.amount) == ("whole claim", "underpaid", Decimal("248.00"))


def _first_letter(pdf):
    document = pypdfium2.PdfDocument(pdf)
    text = document[0].get_textpage()
    found = text.get_charbox(0)
    document.close()
    return found


def test_the_audit_packet_holds_everything_with_bookmarks(office):
    claim, _ = sent_claim(office)
    post_remittance(office.database, advice(page(office, claim)), office.biller)
    pdf = audit_packet(office.database, claim, office.biller)
    keep("packet", pdf)
    document = pypdfium2.PdfDocument(pdf)
    marks = [each.get_title() for each in document.get_toc()]
    pages = {each.get_title(): each.get_dest().get_index() for each in document.get_toc()}
    document.close()
    parts = (
        "Contents|Claim summary and calendar|Orders|Rule trace|Authorizations|Delivery D000001|Proofs of delivery|"
        "What the payer answered|Ledger|History"
    )
    assert "|".join(marks) == parts
    assert sorted(pages.values()) == [pages[each] for each in marks] and len(set(pages.values())) == len(pages)
    text = flat(words_of(pdf))
    for title in marks[1:]:  # On paper the contents lead to the sheets, and every sheet says which it is.
        assert f"{title}, sheet {pages[title] + 1} " in text and f"sheet {pages[title] + 1} " in text, title
    for word in ("ceftriaxone 2 g", "Marcus Welby", "rank 1", "Ann", "EFT1", "CO 45", "PR 1: Deductible"):
        assert word in text, word
    with office.database.reading() as session:
        noted = session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc()).limit(1)).one()
    assert (noted.action, noted.subject, noted.subject_id) == ("audit packet", "claim", claim)
    assert noted.staff_id == office.biller and noted.patient_id is not None


def test_what_is_opened_and_printed_of_a_restricted_record_asks_why(office):
    claim, _ = sent_claim(office)
    post_remittance(office.database, advice(page(office, claim)), office.biller)
    with office.database.engine.begin() as connection:
        connection.execute(update(Patient).values(restricted=True))
    data, by, patient = office.database, office.biller, office.patient
    ways = {
        "claim": lambda why: open_claim(data, claim, by, why),
        "claim summary": lambda why: print_claim_summary(data, claim, by, why),
        "CMS-1500": lambda why: print_claim_form(data, claim, (Decimal(0), Decimal(0)), by, why, proof=True),
        "claim summaries": lambda why: print_claim_summaries(data, MARCH, by, override=why),
        "audit packet": lambda why: audit_packet(data, claim, by, why),
        "patient statement": lambda why: print_statement(data, patient, by, why),
        "authorization request": lambda why: print_request(data, patient, office.payer, MARCH, by, override=why),
    }
    for opens in ways.values():
        with pytest.raises(AsksWhy, match="restricted"):
            opens("")
    first, *others = ways.values()
    first("the payer asked for records")
    for opens in others:
        opens("")
    with data.reading() as session:
        looks = audit_rows(session, kind=AuditKind.VIEW, patient_id=patient)
    assert len(looks) == len(ways)
    assert {row.reason for row in looks} == {"the payer asked for records"}
