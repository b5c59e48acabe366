"""A claim's life: checked, filed, answered, paid, taken back, replaced; the books add up at every step."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text, update

from infusion_desktop.access.audit import record
from infusion_desktop.billing import claim_lists, queries, verify
from infusion_desktop.billing.claiming.checking import check, give_delay_reason, leave_late_days_out
from infusion_desktop.billing.claiming.claims import mark_sent, replace_claim, void_claim, write_file
from infusion_desktop.billing.money.aging import AgingBy, aging_by
from infusion_desktop.billing.money.answers import read_answer
from infusion_desktop.billing.money.remittances import post_remittance
from infusion_desktop.billing.months.charging import make_claim
from infusion_desktop.billing.months.day_view import day_view
from infusion_desktop.billing.months.visits import NewVisit, add_visit
from infusion_desktop.billing.rules.rule_set import FilingClock, SpanPolicy
from infusion_desktop.billing.runs.month_run import run_month
from infusion_desktop.billing.tables import Claim, ClaimLine, LedgerEntry
from infusion_desktop.billing.terms.authorizations import NewAuthorization, add_authorization, authorizations
from infusion_desktop.billing.terms.contracts import add_rules, starter
from infusion_desktop.billing.words import ClaimState, EntryKind, Frequency
from infusion_desktop.dates import Days, month_of
from infusion_desktop.desktop.today.to_do import claims_stopped
from infusion_desktop.edi import claims_837p_reading
from infusion_desktop.errors import Refused, Warned
from infusion_desktop.progress import run_to_end

MARCH = month_of(date(2026, 3, 1))
CHECKED_ON = date(2026, 4, 3)


def complete_month(office, name="ceftriaxone 2 g vial"):
    """Fourteen days of ceftriaxone, its vials, a visit, and a signed delivery."""
    office.rules()
    for code, rate, charge in (("S9500", "95", "150"), ("J0696", "1.50", "3"), ("99601", "150", "200")):
        office.fee(code, rate, charge)
    vial = office.item(name, "J0696", hcpcs_units_per_unit=Decimal(8))
    therapy = office.orders("ceftriaxone 2 g", date(2026, 3, 3), date(2026, 3, 16), drug_item_id=vial)
    office.delivers(date(2026, 3, 3), date(2026, 3, 16), {vial: 14}, therapy=therapy)
    start = datetime(2026, 3, 3, 16, 0, tzinfo=UTC)
    add_visit(
        office.database, NewVisit(office.patient, start, start + timedelta(minutes=100), "R. Nurse"), office.biller
    )
    return therapy


def ready_claim(office):
    complete_month(office)
    claim = make_claim(office.database, office.patient, MARCH, office.biller)
    assert [each for each in check(office.database, claim, office.biller, on=CHECKED_ON) if each.stops] == []
    return claim


def sent_claim(office):
    claim = ready_claim(office)
    written = write_file(office.database, [claim], office.biller)
    mark_sent(office.database, written.batch_id, office.biller)
    return claim, written


def books(office):
    with office.database.reading() as session:
        return verify.problems(session)


def page(office, claim):
    with office.database.reading() as session:
        return queries.claim_page(session, claim)


def advice(page, *, trace="EFT1", status="1", sign="", number=None):
    """An 835 for the first line in full, the drug cut, the visit left to the patient."""
    number = number or page.row.number
    lines = ""
    for line, part in zip(page.lines, _parts(page, sign), strict=True):
        lines += (
            f"SVC*HC:{line.code}*{sign}{line.charge}*{part['paid']}**{line.units.normalize():f}~"
            f"DTM*472*{line.days.first:%Y%m%d}~{part['cas']}REF*6R*L{line.id}~"
        )
    total = sum((Decimal(part["paid"]) for part in _parts(page, sign)), Decimal(0))
    charge = f"{sign}{page.row.charge}"
    body = (
        f"BPR*I*{abs(total):f}*{'C' if total >= 0 else 'D'}*ACH************20260420~TRN*1*{trace}*1411234567~"
        "N1*PR*PRAIRIE HEALTH~N1*PE*NORTHSIDE*XX*1234567893~LX*1~"
        f"CLP*{number}*{status}*{charge}*{total:f}*{sign}150*12*PCN777~NM1*QC*1*QUILL*ANN~{lines}"
    )
    return envelope("HP", "835", "005010X221A1", body)


def _parts(page, sign):
    parts = {
        "S9500": ("1330.00", "CAS*CO*45*770~"),
        "J0696": ("168.00", "CAS*CO*45*168~"),
        "99601": ("0.00", "CAS*CO*45*50~CAS*PR*1*150~"),
    }
    for line in page.lines:
        paid, cas = parts[line.code]
        if sign:
            cas = cas.replace("*45*", "*45*-").replace("*PR*1*", "*PR*1*-")
            paid = f"-{paid}" if Decimal(paid) else paid
        yield {"paid": paid, "cas": cas}


def envelope(function, kind, version, body):
    count = body.count("~") + 2
    return (
        "ISA*00*          *00*          *ZZ*PRH01          *ZZ*1234567893     *260420*1200*^*00501*000000009*0*P*:~"
        f"GS*{function}*PRH01*1234567893*20260420*1200*9*X*{version}~ST*{kind}*0001~{body}SE*{count}*0001~GE*1*9~"
        "IEA*1*000000009~"
    )


def test_a_complete_claim_is_ready_and_one_without_proof_waits_for_it(office):
    office.rules()
    office.fee("S9500", "95")
    office.orders("ceftriaxone 2 g", date(2026, 3, 3), date(2026, 3, 16))
    office.delivers(date(2026, 3, 3), date(2026, 3, 10), signed=False)
    claim = make_claim(office.database, office.patient, MARCH, office.biller)
    found = check(office.database, claim, office.biller, on=CHECKED_ON)
    sentences = " ".join(each.sentence for each in found if each.stops)
    assert "has no proof of delivery" in sentences and "Mar 11, 2026 to Mar 16, 2026" in sentences
    assert page(office, claim).row.state is ClaimState.DRAFT
    with office.database.reading() as session:
        assert set(claim_lists.stopped(session)[claim]) == {each.sentence for each in found if each.stops}
    with pytest.raises(Refused, match="not ready"):
        write_file(office.database, [claim], office.biller)


def test_the_day_tells_of_each_claim_what_stops_it_and_not_what_stops_another(office):
    for payer in ("", "Another payer"):
        if payer:
            office.next_patient(payer)
        office.rules()
        office.fee("S9500", "95")
        office.orders("ceftriaxone 2 g", date(2026, 3, 3), date(2026, 3, 16))
        office.delivers(date(2026, 3, 3), date(2026, 3, 16), signed=False)
        check(office.database, make_claim(office.database, office.patient, MARCH, office.biller), office.biller)
    for row in claims_stopped(office.database, CHECKED_ON).rows:
        own = [each.sentence for each in page(office, row.record).findings if each.stops]
        assert (row.detail, row.state) == (own[0], f"{len(own)} to settle")
    with office.database.reading() as session:
        first, second = (" ".join(sentences) for sentences in claim_lists.stopped(session).values())
    assert ("D000001" in first, "D000002" in first, "D000001" in second, "D000002" in second) == (1, 0, 0, 1)


def test_late_days_are_left_out_so_that_the_rest_can_go(office):
    """Ninety days from the first day of a line: on June 8 what began before March 10 is too late."""
    complete_month(office)
    claim, day = make_claim(office.database, office.patient, MARCH, office.biller), date(2026, 6, 8)
    with pytest.raises(Refused, match="No day of claim"):
        leave_late_days_out(office.database, claim, office.biller, on=date(2026, 5, 1))
    with pytest.raises(Refused, match="Every day of claim"):
        leave_late_days_out(office.database, claim, office.biller, on=date(2026, 7, 1))
    found = check(office.database, claim, office.biller, on=day)
    assert "leave the late days out" in next(each.sentence for each in found if each.code == "LATE")
    assert not [each for each in leave_late_days_out(office.database, claim, office.biller, on=day) if each.stops]
    (line,) = page(office, claim).lines
    assert (line.code, line.days, line.units) == ("S9500", Days(date(2026, 3, 10), date(2026, 3, 16)), 7)
    left, notes = page(office, claim).left_out, page(office, claim).notes
    assert [(each.days, each.why) for each in left] == [(Days(date(2026, 3, 3), date(2026, 3, 9)), "too late to file")]
    assert sum("too late to file" in each for each in notes) == 2, "the vials and the visit of March 3"
    run = run_to_end(run_month(office.database, MARCH, office.biller, send=False, on=day))
    assert (run.claims, run.refused) == ((claim,), ()) and len(page(office, claim).lines) == 1
    with office.database.reading() as session:
        cells = [cell for row in day_view(session, office.patient, MARCH, claim).rows for cell in row.cells]
    assert [cell.kind.value for cell in cells] == ["not billed"] * 7 + ["billed"] * 7
    give_delay_reason(office.database, claim, "7", office.biller, was="", on=day)
    assert len(page(office, claim).lines) == 3, "with a reason all of it is sent late"
    assert books(office) == ()


def test_lines_in_time_by_their_last_day_keep_all_their_days(office):
    """Seven days a line, ninety days from a line's last day: on June 9 the line through March 9 is too late alone."""
    complete_month(office)
    rules = replace(starter("commercial_access").rules, filing_clock=FilingClock.THROUGH_DAY)
    weekly = replace(rules, span_policy=SpanPolicy.MAX7)
    add_rules(office.database, office.payer, weekly, MARCH.first, office.biller)
    office.orders("vancomycin", date(2026, 3, 5), date(2026, 3, 16))
    claim, day = make_claim(office.database, office.patient, MARCH, office.biller), date(2026, 6, 9)
    before = {(line.code, line.modifiers, line.days) for line in page(office, claim).lines}
    leave_late_days_out(office.database, claim, office.biller, on=day)
    kept = {(line.code, line.modifiers, line.days) for line in page(office, claim).lines}
    assert kept == {each for each in before if each[2].last >= date(2026, 3, 11)}
    assert ("S9500", ("SH",), Days(date(2026, 3, 5), date(2026, 3, 11))) in kept and len(kept) == 3
    stops = {each.code for each in check(office.database, claim, office.biller, on=day)}
    assert not {"LATE", "GAPS", "NOT_ON_CALENDAR"} & stops
    with pytest.raises(Refused, match="No day of claim"):
        leave_late_days_out(office.database, claim, office.biller, on=day)
    with pytest.raises(Refused, match="Every day of claim"):
        leave_late_days_out(office.database, claim, office.biller, on=date(2026, 6, 15))
    run = run_to_end(run_month(office.database, MARCH, office.biller, send=False, on=day))
    assert run.claims == (claim,) and len(page(office, claim).lines) == 3


def test_a_month_of_single_days_leaves_in_parts_of_as_many_lines_as_a_claim_takes(office):
    daily = replace(starter("commercial_access").rules, span_policy=SpanPolicy.DAILY)
    add_rules(office.database, office.payer, daily, MARCH.first, office.biller)
    office.fee("S9500", "95")
    for drug in ("ceftriaxone 2 g", "vancomycin"):
        office.delivers(MARCH.first, MARCH.last, therapy=office.orders(drug, MARCH.first, None))
    claim = make_claim(office.database, office.patient, MARCH, office.biller)
    found = check(office.database, claim, office.biller, on=CHECKED_ON)
    assert not [each.sentence for each in found if each.stops] and len(page(office, claim).lines) == 62
    [batch] = claims_837p_reading.read(write_file(office.database, [claim], office.biller).text)
    assert [len(each.lines) for each in batch.claims] == [50, 12]


def test_a_claim_after_the_limit_leaves_with_the_reason_of_its_delay(office):
    complete_month(office)
    claim = make_claim(office.database, office.patient, MARCH, office.biller)
    late = date(2026, 8, 1)
    assert "LATE" in {each.code for each in check(office.database, claim, office.biller, on=late)}
    with pytest.raises(Refused, match="from the list"):
        give_delay_reason(office.database, claim, "12", office.biller, was="")
    found = give_delay_reason(office.database, claim, "7", office.biller, was="", on=late)
    assert not {each.code for each in found if each.stops}
    assert run_to_end(run_month(office.database, MARCH, office.biller, send=False, on=late)).refused == ()
    (batch,) = claims_837p_reading.read(write_file(office.database, [claim], office.biller).text)
    assert batch.claims[0].delay_reason == "7"
    with pytest.raises(Refused, match="no original that waits"):
        give_delay_reason(office.database, claim, "11", office.biller, was="7")


def test_a_filed_claim_reads_back_is_charged_once_and_numbers_are_never_given_twice(office):
    claim, written = sent_claim(office)
    (batch,) = claims_837p_reading.read(written.text)
    (filed,) = batch.claims
    assert (filed.charge, filed.diagnoses, filed.place) == (Decimal("2636.00"), ("L03115", "Z452"), "12")
    assert [(line.code, line.units) for line in filed.lines] == [("S9500", 14), ("J0696", 112), ("99601", 1)]
    assert filed.lines[1].drug is not None and filed.lines[1].drug.ndc == "00781320985"
    shown = page(office, claim)
    assert (shown.row.state, shown.payer_owes) == (ClaimState.SENT, Decimal("2636.00"))
    assert [event.state for event in shown.events] == ["draft", "ready", "batched", "sent"]
    assert books(office) == ()
    with pytest.raises(Refused, match="not ready"):
        write_file(office.database, [claim], office.biller)
    assert "000000001" in written.name


def test_a_refused_file_gives_its_number_back_to_nobody_and_charges_nothing(office):
    claim = ready_claim(office)
    with office.database.transaction() as session:
        session.execute(text("UPDATE payer SET payer_code = '' WHERE id = :id"), {"id": office.payer})
        record(session, office.biller, "spoil", "payer", office.payer)
    with pytest.raises(Refused):
        write_file(office.database, [claim], office.biller)
    with office.database.reading() as session:
        assert session.scalars(select(LedgerEntry)).all() == []
        assert session.get_one(Claim, claim).state is ClaimState.READY


def test_a_remittance_is_posted_once_line_by_line_and_the_rest_is_the_patients(office):
    claim, _ = sent_claim(office)
    before = page(office, claim)
    text = advice(before)
    (posted,) = post_remittance(office.database, text, office.biller)
    assert posted.claims == (before.row.number,)
    after = page(office, claim)
    assert (after.row.state, after.payer_owes, after.patient_owes) == (ClaimState.PAID, 0, Decimal("150.00"))
    assert after.payer_control_number == "PCN777"
    with office.database.reading() as session:
        assert queries.patient_balance(session, office.patient) == Decimal("150.00")
        lines = {row.line_id for row in session.scalars(select(LedgerEntry))}
        assert lines == {line.id for line in after.lines}
    assert books(office) == ()
    with pytest.raises(Refused, match="not posted twice"):
        post_remittance(office.database, text, office.biller)
    assert len(page(office, claim).entries) == len(after.entries)


def test_a_remittance_that_does_not_add_up_or_names_a_stranger_changes_nothing(office):
    claim, _ = sent_claim(office)
    before = page(office, claim)
    with pytest.raises(Refused, match="expected"):
        post_remittance(office.database, advice(before).replace("CAS*CO*45*770", "CAS*CO*45*760"), office.biller)
    stranger = advice(before, number="C9999999").replace("PCN777", "PCN000")
    with pytest.raises(Warned, match="not known here"):
        post_remittance(office.database, stranger, office.biller)
    assert page(office, claim).entries == before.entries
    (posted,) = post_remittance(office.database, stranger, office.biller, override="billed by the old system")
    assert (posted.claims, posted.set_aside) == ((), ("C9999999",))
    assert page(office, claim).entries == before.entries and books(office) == ()


def test_a_reversal_undoes_the_payment_entry_by_entry_and_only_once(office):
    claim, _ = sent_claim(office)
    before = page(office, claim)
    post_remittance(office.database, advice(before), office.biller)
    post_remittance(office.database, advice(before, trace="EFT2", status="22", sign="-"), office.biller)
    after = page(office, claim)
    assert (after.payer_owes, after.patient_owes, after.row.state) == (before.payer_owes, 0, ClaimState.ACCEPTED)
    with office.database.reading() as session:
        undone = [row for row in session.scalars(select(LedgerEntry)) if row.kind is EntryKind.REVERSAL]
    assert undone and all(row.reverses_id is not None for row in undone)
    assert books(office) == ()
    with pytest.raises(Warned, match="never posted"):
        post_remittance(office.database, advice(before, trace="EFT3", status="22", sign="-"), office.biller)


def test_a_month_that_changes_after_payment_is_drafted_as_a_replacement(office):
    claim, _ = sent_claim(office)
    office_page = page(office, claim)
    office.hospital(date(2026, 3, 8), date(2026, 3, 11))
    with pytest.raises(Refused, match="on its way"):
        make_claim(office.database, office.patient, MARCH, office.biller)
    post_remittance(office.database, advice(office_page), office.biller)
    replacement = make_claim(office.database, office.patient, MARCH, office.biller)
    assert make_claim(office.database, office.patient, MARCH, office.biller) == replacement != claim
    shown = page(office, replacement)
    assert (shown.row.number, shown.row.frequency) == (office_page.row.number, Frequency.REPLACEMENT)
    assert [each for each in check(office.database, replacement, office.biller, on=CHECKED_ON) if each.stops] == []
    written = write_file(office.database, [replacement], office.biller)
    assert "CLM*C0000001*2336***12:B:7" in written.text and "REF*F8*PCN777" in written.text
    assert page(office, claim).row.state is ClaimState.VOIDED
    assert books(office) == ()


def test_acknowledgements_move_the_claim_and_a_refusal_is_drafted_anew_as_original(office):
    claim, written = sent_claim(office)
    batch_number = f"B{written.batch_id:08d}"
    refusal = envelope(
        "HN", "277", "005010X214",
        "BHT*0085*08*X1*20260421*1200*TH~HL*1**20*1~NM1*PR*2*PRAIRIE*****PI*PRH01~TRN*1*R1~DTP*050*D8*20260421~"
        "DTP*009*D8*20260421~HL*2*1*21*1~NM1*41*2*NORTHSIDE*****46*1234567893~"
        f"TRN*2*{batch_number}~STC*A1:19*20260421*WQ*2636~HL*3*2*19*1~NM1*85*2*NORTHSIDE*****XX*1234567893~TRN*2*0~"
        "STC*A1:19**WQ*2636~HL*4*3*PT~NM1*QC*1*QUILL*ANN~TRN*2*C0000001~STC*A3:21*20260421*U*2636~",
    )  # fmt: skip
    told = read_answer(office.database, refusal, office.biller)
    assert any("rejected" in sentence for sentence in told)
    assert page(office, claim).row.state is ClaimState.REJECTED
    with office.database.reading() as session:
        (told,) = claim_lists.stopped(session)[claim]
    assert told.startswith("Claim C0000001 was refused before adjudication.")
    office.hospital(date(2026, 3, 8), date(2026, 3, 11))
    again = make_claim(office.database, office.patient, MARCH, office.biller)
    shown = page(office, again)
    assert (again != claim, shown.row.frequency, shown.row.number) == (True, Frequency.ORIGINAL, "C0000001")
    assert page(office, claim).payer_owes == 0 and books(office) == ()


def test_a_voided_draft_frees_its_units_and_the_month_can_be_billed_again(office):
    add_authorization(
        office.database,
        NewAuthorization(office.patient, office.payer, "AUTH1", "S9500", MARCH.first, MARCH.last, 14),
        office.biller,
    )
    claim = ready_claim(office)

    def left():
        with office.database.reading() as session:
            return authorizations(session, office.patient)[0].left

    assert left() == 0
    void_claim(office.database, claim, office.biller, "wrong patient month")
    assert left() == 14
    again = make_claim(office.database, office.patient, MARCH, office.biller)
    assert again != claim and left() == 0 and books(office) == ()


def test_a_paid_claim_is_voided_by_a_void_claim_with_the_payers_number(office):
    claim, _ = sent_claim(office)
    with pytest.raises(Refused, match="payer's own number"):
        void_claim(office.database, claim, office.biller, "billed twice")
    post_remittance(office.database, advice(page(office, claim)), office.biller)
    void = void_claim(office.database, claim, office.biller, "billed twice")
    written = write_file(office.database, [void], office.biller)
    assert ":B:8" in written.text and "REF*F8*PCN777" in written.text
    assert page(office, claim).row.state is ClaimState.VOIDED and books(office) == ()


def test_a_month_run_files_what_is_ready_and_tells_what_waits(office):
    complete_month(office)
    steps = []
    result = run_to_end(run_month(office.database, MARCH, office.biller), steps.append)
    stopped = [line for line in result.refused if "had to be filed" not in line]
    assert stopped == [] and (steps[-1].done, steps[-1].total) == (1, 1)
    assert "Quill" not in " ".join((*result.done, *result.refused))
    with office.database.reading() as session:
        overview = queries.month_overview(session, MARCH)
        assert overview.not_counted == ()
        assert overview.billed + overview.unbilled == Decimal("2636.00")


def test_aging_puts_what_a_payer_owes_where_its_days_are(office):
    claim = ready_claim(office)
    write_file(office.database, [claim], office.biller, at=datetime(2026, 4, 3, 12, tzinfo=UTC))
    with office.database.reading() as session:
        (row,) = aging_by(session, date(2026, 6, 10), AgingBy.PAYER)
    assert (row.to_90, row.total, row.name) == (Decimal("2636.00"), Decimal("2636.00"), "Prairie Health")


def test_verify_names_a_claim_whose_evidence_or_charge_was_changed(office):
    claim = ready_claim(office)
    assert books(office) == ()
    with office.database.transaction() as session:
        line = session.scalars(select(ClaimLine).where(ClaimLine.claim_id == claim)).first()
        evidence = json.loads(line.evidence)
        evidence["units"].pop()
        session.execute(
            update(ClaimLine)
            .where(ClaimLine.id == line.id)
            .values(evidence=json.dumps(evidence), charge=Decimal("1.00"))
        )
        record(session, office.biller, "spoil", "claim", claim)
    found = " ".join(books(office))
    assert f"Claim {claim} charges 2636.00" in found and "without evidence" in found


@pytest.mark.parametrize("what", [Frequency.ORIGINAL, Frequency.REPLACEMENT])
def test_a_refused_claim_is_put_right_and_drafted_anew_as_what_it_was(office, what):
    """Refused for the member id, say: no line changes, and counting alone would change nothing."""
    claim, written = sent_claim(office)
    if what is Frequency.REPLACEMENT:
        post_remittance(office.database, advice(page(office, claim)), office.biller)
        claim = replace_claim(office.database, claim, office.biller, "another diagnosis")
        check(office.database, claim, office.biller, on=CHECKED_ON)
        written = write_file(office.database, [claim], office.biller)
        mark_sent(office.database, written.batch_id, office.biller)
    group, control = written.text.split("GS*")[1].split("*")[5], written.text.split("ST*837*")[1].split("*")[0]
    refused = f"AK1*HC*{group}*005010X222A1~AK2*837*{control}*005010X222A1~IK5*R*5~AK9*R*1*1*0~"
    read_answer(office.database, envelope("FA", "999", "005010X231A1", refused), office.biller)
    assert page(office, claim).row.state is ClaimState.REJECTED
    again = replace_claim(office.database, claim, office.biller, "member id corrected")
    shown = page(office, again)
    assert (shown.row.frequency, shown.row.state, shown.row.number) == (what, ClaimState.DRAFT, "C0000001")
    assert shown.payer_control_number == ("PCN777" if what is Frequency.REPLACEMENT else "")
    assert not [each for each in check(office.database, again, office.biller, on=CHECKED_ON) if each.stops]
    text = write_file(office.database, [again], office.biller).text
    assert f":B:{what.value}*" in text and ("REF*F8*PCN777~" in text) is (what is Frequency.REPLACEMENT)
    assert (page(office, claim).row.state, page(office, claim).payer_owes) == (ClaimState.VOIDED, 0)
    assert books(office) == ()


def test_of_a_voided_claim_nobody_owes_anything_and_what_was_paid_is_a_credit_until_it_is_taken_back(office):
    claim, _ = sent_claim(office)
    first = page(office, claim)
    post_remittance(office.database, advice(first), office.biller)
    assert page(office, claim).patient_owes == Decimal(150)
    void = void_claim(office.database, claim, office.biller, "never given")
    write_file(office.database, [void], office.biller)
    after = page(office, claim)
    assert (after.payer_owes, after.patient_owes) == (Decimal(-1498), 0), "no statement for what never was"
    assert books(office) == ()
    post_remittance(office.database, advice(first, trace="EFT2", status="22", sign="-"), office.biller)
    after = page(office, claim)
    assert (after.payer_owes, after.patient_owes) == (0, 0) and books(office) == ()
    post_remittance(office.database, advice(first, trace="EFT3"), office.biller)  # The payer pays it all the same.
    after = page(office, claim)
    assert (after.payer_owes, after.patient_owes) == (Decimal(-1498), 0) and books(office) == ()
