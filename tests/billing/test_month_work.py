"""A month is billed: the same result when run again, stopped half way, late changes; and the queue of what waits."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select, update
from test_money_papers import flat, words_of
from test_service_charging import MARCH
from test_service_claims import complete_month

from infusion_desktop.access.audit import record
from infusion_desktop.access.tables import Pharmacy
from infusion_desktop.billing.claim_lists import claims
from infusion_desktop.billing.claiming.checking import check, leave_late_days_out
from infusion_desktop.billing.claiming.claims import print_claims, void_claim, write_file
from infusion_desktop.billing.claiming.filing import file_by, leaves_as
from infusion_desktop.billing.claiming.self_pay import bill_patients
from infusion_desktop.billing.claiming.work_queue import Fix, fix_of, reasons, work
from infusion_desktop.billing.findings import KeptFinding
from infusion_desktop.billing.money.equipment_charges import charges_owed
from infusion_desktop.billing.money.money_tables import PatientStatement
from infusion_desktop.billing.money.patient_money import (
    NewPatientPayment,
    owed_by,
    patients_owing,
    take_back_payment,
    take_patient_payment,
)
from infusion_desktop.billing.months.charging import make_claim
from infusion_desktop.billing.months.counting import count_month
from infusion_desktop.billing.months.day_view import DayKind, day_view
from infusion_desktop.billing.months.visits import NewVisit, add_visit
from infusion_desktop.billing.queries import claim_page, month_overview
from infusion_desktop.billing.rules.checks.facts import Where
from infusion_desktop.billing.rules.rule_set import ClaimForm
from infusion_desktop.billing.runs.month_run import run_month
from infusion_desktop.billing.runs.not_counted import not_counted
from infusion_desktop.billing.tables import Claim, ClaimLine, LedgerEntry, PayerRules
from infusion_desktop.billing.terms.contracts import add_rules, starter
from infusion_desktop.billing.verify import problems
from infusion_desktop.billing.words import ClaimState, EntryKind, Frequency
from infusion_desktop.dates import month_of
from infusion_desktop.equipment.tables import Asset, EquipmentCharge
from infusion_desktop.equipment.words import AssetState, ChargeKind
from infusion_desktop.errors import Refused
from infusion_desktop.patients.tables import Coverage, Episode, Payer, Therapy
from infusion_desktop.patients.words import PayerId, PayerKind, Rank, Relation
from infusion_desktop.progress import run_to_end
from infusion_desktop.stock.words import BillingClass, ItemKind

APRIL = date(2026, 4, 10)


def everything(office):
    with office.database.reading() as session:
        lines = session.execute(
            select(
                ClaimLine.claim_id, ClaimLine.code, ClaimLine.units, ClaimLine.expected, ClaimLine.evidence
            ).order_by(ClaimLine.id)
        ).all()
        kept = session.execute(select(Claim.id, Claim.number, Claim.state, Claim.charge, Claim.version)).all()
    return [tuple(row) for row in lines], [tuple(row) for row in kept]


def test_a_month_run_again_changes_nothing_and_late_news_is_a_correction(office):
    complete_month(office)
    run = run_to_end(run_month(office.database, MARCH, office.biller, on=APRIL))
    assert (len(run.claims), len(run.files), run.refused) == (1, 1, ())
    before = everything(office)
    again = run_to_end(run_month(office.database, MARCH, office.biller, on=APRIL))
    assert (again.claims, again.files) == (run.claims, ())
    assert everything(office) == before
    with office.database.transaction() as session:
        claim = session.get_one(Claim, run.claims[0])
        claim.state, claim.payer_control_number = ClaimState.PAID, "ICN77"
        record(session, office.biller, "set up", "test", 1)
    office.hospital(date(2026, 3, 8), date(2026, 3, 11))
    late = run_to_end(run_month(office.database, MARCH, office.biller, send=False, on=APRIL))
    assert late.claims != run.claims
    with office.database.reading() as session:
        first, second = session.scalars(select(Claim).order_by(Claim.id)).all()
        assert (first.state, first.charge) == (ClaimState.PAID, before[1][0][3]), "the claim that left is not edited"
        assert (second.frequency, second.replaces_id, second.payer_control_number) == (
            Frequency.REPLACEMENT,
            first.id,
            "ICN77",
        )
        assert second.charge < first.charge
    assert run_to_end(run_month(office.database, MARCH, office.biller, send=False, on=APRIL)).claims == late.claims


def decided(office, claim):
    with office.database.transaction() as session:
        kept = session.get_one(Claim, claim)
        kept.state, kept.payer_control_number = ClaimState.PAID, "ICN77"
        record(session, office.biller, "set up", "test", 1)


def told_of(office):
    return run_to_end(run_month(office.database, MARCH, office.biller, send=False, on=APRIL)).refused


def test_a_paid_month_of_which_nothing_is_left_is_to_be_voided(office):
    """The hospital stay is learned of when the payer has paid: no day, no vial and no visit of it is left to bill."""
    office.rules()
    office.fee("S9500", "95")
    therapy = office.orders("ceftriaxone 2 g", date(2026, 3, 3), date(2026, 3, 16))
    office.delivers(date(2026, 3, 3), date(2026, 3, 16), therapy=therapy)
    run = run_to_end(run_month(office.database, MARCH, office.biller, on=APRIL))
    decided(office, run.claims[0])
    assert told_of(office) == ()
    office.hospital(date(2026, 3, 2), date(2026, 3, 20))
    [told] = told_of(office)
    assert told.endswith("is left to bill. Void it, so that the payer takes it back.")


@pytest.mark.parametrize("what", ["therapy", "policy"])
def test_a_claim_for_a_month_whose_therapy_or_policy_was_taken_back_is_told(office, what):
    therapy = complete_month(office)
    run = run_to_end(run_month(office.database, MARCH, office.biller, on=APRIL))
    decided(office, run.claims[0])
    with office.database.transaction() as session:
        if what == "policy":
            session.execute(update(Coverage).values(ends_on=date(2026, 2, 28)))
        else:
            early = {"starts_on": date(2026, 2, 3), "stops_on": date(2026, 2, 16)}
            session.execute(update(Therapy).where(Therapy.id == therapy).values(**early))
        record(session, office.biller, "set up", "test", 1)
    assert any("claim C0000001 bills Prairie Health for a month" in each for each in told_of(office))
    void_claim(office.database, run.claims[0], office.biller, "taken back")
    assert not any("claim C0000001" in each for each in told_of(office))


def test_the_second_policy_of_a_month_is_not_counted_until_it_has_a_claim_too(office):
    complete_month(office)
    second = office._add(Payer, name="Harbor Life", payer_code="HL1", kind=PayerKind.COMMERCIAL, version=1)
    with office.database.transaction() as session:
        session.execute(update(Coverage).values(ends_on=date(2026, 3, 9)))
        record(session, office.biller, "set up", "test", 1)
    office._add(
        Coverage, patient_id=office.patient, payer_id=second, rank=Rank.PRIMARY, member_id="H1",
        relation=Relation.SELF, starts_on=date(2026, 3, 10), version=1,
    )  # fmt: skip
    run = run_to_end(run_month(office.database, MARCH, office.biller, "Prairie Health", send=False, on=APRIL))
    assert len(run.claims) == 1
    with office.database.reading() as session:
        assert [row.payer for row in not_counted(session, MARCH)] == ["Harbor Life"]
        assert not_counted(session, MARCH, office.payer) == ()
        assert [row.payer for row in not_counted(session, MARCH, PayerId(second))] == ["Harbor Life"]


@pytest.mark.parametrize(("since", "billed"), [(date(2026, 1, 1), 1), (date(2026, 4, 1), 2)])
def test_a_weeks_limit_of_visits_goes_over_the_months_end_but_not_to_another_payer(office, since, billed):
    """Two visits in seven days: those of March 30 and 31 leave none for April 2 to the same payer."""
    rules = replace(starter("commercial_access").rules, nursing_max_visits_per_week=2)
    add_rules(office.database, office.payer, rules, date(2026, 1, 1), office.biller)
    office.fee("99601", "150")
    office.orders("ceftriaxone 2 g", date(2026, 3, 3), date(2026, 4, 16))
    for month, day in ((3, 30), (3, 31), (4, 2), (4, 6)):
        start = datetime(2026, month, day, 16, 0, tzinfo=UTC)
        visit = NewVisit(office.patient, start, start + timedelta(minutes=90), "R. Nurse")
        add_visit(office.database, visit, office.biller)
    if since.month == 4:
        before = office._add(Payer, name="Before Health", payer_code="", kind=PayerKind.COMMERCIAL, version=1)
        with office.database.transaction() as session:
            session.execute(update(Coverage).values(starts_on=since))
            record(session, office.biller, "set up", "test", 1)
        office._add(
            Coverage, patient_id=office.patient, payer_id=before, rank=Rank.PRIMARY, member_id="B1",
            relation=Relation.SELF, starts_on=date(2026, 1, 1), ends_on=date(2026, 3, 31), version=1,
        )  # fmt: skip
    with office.database.reading() as session:
        april = count_month(session, office.patient, month_of(date(2026, 4, 1)))
    assert sum(line.code == "99601" for line in april.lines) == billed
    assert any("Visit of Apr 2, 2026" in note for note in april.notes) is (billed == 1)


def test_a_run_that_is_stopped_keeps_the_files_it_wrote(office):
    complete_month(office)
    written: list[tuple[str, str]] = []
    run = run_month(office.database, MARCH, office.biller, files=written, on=APRIL)
    for step in run:
        if step.text.startswith("File"):
            break
    run.close()
    assert written == []
    run = run_month(office.database, MARCH, office.biller, files=written, on=APRIL)
    for _ in run:
        if written:
            break
    run.close()
    assert len(written) == 1 and written[0][1].startswith("ISA")
    assert run_to_end(run_month(office.database, MARCH, office.biller, on=APRIL)).files == ()


@pytest.fixture
def waiting(office):
    """A March with a delivery nobody signed for and a code without a price."""
    office.rules()
    therapy = office.orders("ceftriaxone 2 g", date(2026, 3, 3), date(2026, 3, 16))
    office.delivery = office.delivers(date(2026, 3, 3), date(2026, 3, 16), therapy=therapy, signed=False)
    run_to_end(run_month(office.database, MARCH, office.biller, send=False, on=APRIL))
    return office


def test_what_holds_claims_up_is_told_by_reason_with_money_age_and_where_to_put_it_right(waiting):
    with waiting.database.reading() as session:
        rows = work(session, APRIL)
        found = {row.code: row for row in rows}
        proof, price = found["PROOF"], next(row for row in rows if row.where == "Payer contract")
        assert proof.fix == Fix("delivery", waiting.delivery)
        assert price.fix == Fix("payer", waiting.payer)
        assert (proof.age, proof.title, proof.stops) == (10, "Proof of delivery", True)
        told = reasons(rows)
        assert {each.code for each in told} == set(found)
        assert all(each.claims == 1 and each.value == proof.value for each in told)
        assert work(session, APRIL, month=MARCH, payer=waiting.payer) == rows
        assert work(session, APRIL, month=type(MARCH)(date(2026, 5, 1), date(2026, 5, 31))) == ()
    waiting.fee("S9500", "95")
    with waiting.database.transaction() as session:
        session.get_one(Pharmacy, 1).tax_id = "12"
        record(session, waiting.biller, "spoil", "test")
    run_to_end(run_month(waiting.database, MARCH, waiting.biller, send=False, on=APRIL))
    with waiting.database.reading() as session:
        assert next(row for row in work(session, APRIL) if row.code == "TAX_ID").fix == Fix("pharmacy", 1)
    with waiting.database.reading() as session:
        after = work(session, APRIL)
    assert price.code not in {row.code for row in after}
    assert next(row for row in after if row.code == "PROOF").value == Decimal("1330.00")


def test_a_missing_ndc_is_put_right_at_the_item_it_was_billed_from(office):
    office.rules()
    vial = office.item("Ceftriaxone 2 g vial", "J0696", ndc="", hcpcs_units_per_unit=Decimal(8))
    therapy = office.orders("ceftriaxone 2 g", date(2026, 3, 3), date(2026, 3, 16))
    office.delivers(date(2026, 3, 3), date(2026, 3, 16), {vial: 14}, therapy=therapy)
    run_to_end(run_month(office.database, MARCH, office.biller, send=False, on=APRIL))
    with office.database.reading() as session:
        row = next(row for row in work(session, APRIL) if row.code == "NDC")
        (finding,) = [each for each in claim_page(session, row.claim_id).findings if each.code == "NDC"]
        assert row.fix == Fix("item", vial) == fix_of(session, row.claim_id, finding)
        hours = KeptFinding("EXTRA_HOURS", "The visit has too many hours.", Where.VISITS, True, None)
        assert fix_of(session, row.claim_id, hours) == Fix("visits", office.patient)


def test_a_month_is_seen_for_one_payer_only(waiting):
    other = waiting._add(
        Payer, name="Other Plan", payer_code="OTH01", kind=PayerKind.COMMERCIAL, street="", city="", state="", zip="",
        version=1,
    )  # fmt: skip
    with waiting.database.reading() as session:
        assert len(claims(session, month=MARCH, payer=waiting.payer)) == 1
        assert claims(session, month=MARCH, payer=other) == ()
        assert month_overview(session, MARCH, other).by_state == ()
        assert month_overview(session, MARCH, waiting.payer) == month_overview(session, MARCH)
    assert run_to_end(run_month(waiting.database, MARCH, waiting.biller, "Other Plan")).claims == ()


def test_a_patients_month_reads_as_a_calendar(waiting):
    waiting.hospital(date(2026, 3, 8), date(2026, 3, 11))
    with waiting.database.reading() as session:
        view = day_view(session, waiting.patient, MARCH)
    (row,) = view.rows
    assert (row.name, row.billed, len(row.cells)) == ("ceftriaxone 2 g", 12, 14)
    out = [cell for cell in row.cells if cell.kind is DayKind.LEFT_OUT]
    assert [cell.why for cell in out] == ["Mar 9, 2026: in hospital", "Mar 10, 2026: in hospital"]
    assert row.cells[0].why == "Mar 3, 2026: S9500, rank 1, delivery D000001 (no proof yet)"


def test_whose_month_has_no_claim_is_told_with_the_reason(office):
    month = MARCH
    with office.database.reading() as session:
        assert not_counted(session, month) == ()
    office.orders("ceftriaxone 2 g", date(2026, 3, 3), date(2026, 3, 16))
    with office.database.reading() as session:
        (row,) = not_counted(session, month)
    assert "has no rules for all of" in row.why and row.fix == Fix("payer", office.payer)
    office.rules("medicaid_supply_codes")
    with office.database.reading() as session:
        (row,) = not_counted(session, month, office.payer)
    assert row.why.startswith("Nothing is to be billed: the contract pays this therapy by supply codes")
    add_rules(office.database, office.payer, starter("commercial_access").rules, date(2026, 2, 1), office.biller)
    office.fee("S9500", "95")
    with office.database.reading() as session:
        (row,) = not_counted(session, month)
    assert (row.why, row.expected) == ("Not counted yet. Count and make claims.", Decimal("1330.00"))
    with office.database.transaction() as session:
        session.execute(update(Coverage).values(ends_on=date(2026, 2, 1)))
        record(session, office.biller, "set up", "test", 1)
    with office.database.reading() as session:
        (row,) = not_counted(session, month)
    assert row.why.startswith("No primary coverage") and row.fix == Fix("patient", office.patient)


def test_two_billers_running_one_month_at_once_make_each_claim_once(office):
    complete_month(office)

    def run():
        return run_to_end(run_month(office.database, MARCH, office.biller, send=False, on=APRIL)).claims

    with ThreadPoolExecutor(3) as billers:
        found = {job.result() for job in [billers.submit(run) for _ in range(3)]}
    assert len(found) == 1
    with office.database.reading() as session:
        assert len(session.scalars(select(Claim.id)).all()) == 1
        assert problems(session) == ()


def test_a_monthly_maximum_holds_over_two_coverages_of_one_month(office):
    ten_units_a_month(office)
    with office.database.transaction() as session:
        session.execute(update(Coverage).values(ends_on=date(2026, 3, 7)))
        record(session, office.biller, "set up", "test", 1)
    office._add(
        Coverage, patient_id=office.patient, payer_id=office.payer, rank=Rank.PRIMARY, member_id="M2",
        relation=Relation.SELF, starts_on=date(2026, 3, 8), version=1,
    )  # fmt: skip
    for _ in range(2):
        run_to_end(run_month(office.database, MARCH, office.biller, send=False, on=APRIL))
        with office.database.reading() as session:
            lines = session.scalars(select(ClaimLine).order_by(ClaimLine.first_on)).all()
            assert [(line.first_on.day, int(line.units)) for line in lines] == [(1, 7), (8, 3)]


def ten_units_a_month(office):
    """A payer that pays ten days a month, and a therapy that runs through all of March."""
    rules = replace(starter("commercial_access").rules, max_units_per_month=10)
    add_rules(office.database, office.payer, rules, date(2026, 1, 1), office.biller)
    office.fee("S9500", "95")
    office.orders("ceftriaxone 2 g", date(2026, 3, 1), date(2026, 3, 31))


def units_of(office, claim):
    with office.database.reading() as session:
        return [(line.days.first.day, int(line.units)) for line in claim_page(session, claim).lines]


def test_a_claim_and_its_replacement_take_of_a_monthly_maximum_once(office):
    """Seven days were paid, five of them stand in the replacement: five are left to the other policy, not none."""
    ten_units_a_month(office)
    with office.database.transaction() as session:
        first = session.scalars(select(Coverage.id)).one()
        session.execute(update(Coverage).values(ends_on=date(2026, 3, 7)))
        record(session, office.biller, "set up", "test", 1)
    second = office._add(
        Coverage, patient_id=office.patient, payer_id=office.payer, rank=Rank.PRIMARY, member_id="M2",
        relation=Relation.SELF, starts_on=date(2026, 3, 8), version=1,
    )  # fmt: skip
    paid = make_claim(office.database, office.patient, MARCH, office.biller, first)
    decided(office, paid)
    office.hospital(date(2026, 3, 2), date(2026, 3, 5))
    again = make_claim(office.database, office.patient, MARCH, office.biller, first)
    assert again != paid and sum(units for _, units in units_of(office, again)) == 5
    other = make_claim(office.database, office.patient, MARCH, office.biller, second)
    assert units_of(office, other) == [(8, 5)]


def test_a_draft_counted_anew_takes_nothing_of_a_monthly_maximum_from_itself(office):
    """Ninety days from March 10 are over after June 8; from March 15, when the policy began after all, later."""
    ten_units_a_month(office)
    claim = make_claim(office.database, office.patient, MARCH, office.biller)
    assert units_of(office, claim) == [(1, 10)]
    leave_late_days_out(office.database, claim, office.biller, on=date(2026, 6, 8))
    assert units_of(office, claim) == [(10, 10)]
    with office.database.transaction() as session:
        session.execute(update(Coverage).values(starts_on=date(2026, 3, 15)))
        record(session, office.biller, "set up", "test", 1)
    assert make_claim(office.database, office.patient, MARCH, office.biller) == claim
    assert units_of(office, claim) == [(15, 10)]


def by_form(office, form, kind):
    complete_month(office)
    leave_as(office, form, kind)
    run = run_to_end(run_month(office.database, MARCH, office.biller, on=APRIL))
    assert (len(run.claims), run.files, run.refused) == (1, (), ())
    return run


def leave_as(office, form, kind):
    with office.database.transaction() as session:
        for kept in session.scalars(select(PayerRules)):
            kept.rules = json.dumps({**json.loads(kept.rules), "claim_form": form, "filing_days": 3650})
        session.execute(update(Payer).values(kind=kind, payer_code="" if form == "STATEMENT" else "PRH01"))
        record(session, office.biller, "set up", "test", 1)


def test_a_payer_that_takes_paper_gets_no_file(office):
    run = by_form(office, "CMS1500", PayerKind.COMMERCIAL)
    assert run.done[-1].endswith("C0000001 are ready to print. Claims, Print as CMS-1500.")
    printed = print_claims(office.database, run.claims, office.biller, at=None)
    assert printed.pdf.startswith(b"%PDF")
    with office.database.reading() as session:
        assert session.scalars(select(Claim.state)).all() == [ClaimState.SENT]
    assert run_to_end(run_month(office.database, MARCH, office.biller, on=APRIL)).files == ()


def test_a_claim_leaves_in_the_form_of_its_first_day_where_the_rules_change_within_the_month(office):
    complete_month(office)
    paper = replace(starter("commercial_access").rules, claim_form=ClaimForm.CMS_1500)
    add_rules(office.database, office.payer, paper, date(2026, 3, 20), office.biller)
    run = run_to_end(run_month(office.database, MARCH, office.biller, send=False, on=APRIL))
    with office.database.reading() as session:
        assert leaves_as(session, claims(session)) == {run.claims[0]: ClaimForm.X12_837P}
    sent = run_to_end(run_month(office.database, MARCH, office.biller, on=APRIL))
    assert (len(sent.files), sent.on_paper) == (1, ()), "as the list of claims says"


def test_who_pays_alone_gets_a_statement_pays_it_and_a_late_change_corrects_it(office):
    run = by_form(office, "STATEMENT", PayerKind.SELF_PAY)
    claim, at = run.claims[0], datetime(2026, 4, 10, 12, tzinfo=UTC)
    assert run.done[-1].endswith("ready for the patients' statements. Claims, Bill the patients.")
    for leave in (print_claims, write_file):
        with pytest.raises(Refused, match="pays alone"):
            leave(office.database, run.claims, office.biller)
    with office.database.reading() as session:
        rows = claims(session)
        assert (file_by(session, rows), leaves_as(session, rows)) == ({}, {claim: ClaimForm.STATEMENT})
    billed = bill_patients(office.database, run.claims, office.biller, at=at)
    text = flat(words_of(billed.pdf))
    for word in (
        "Please pay",
        "$2,636.00",
        "$1,648.00",
        "$988.00",
        "by May 10, 2026",
        "therapy days $2,100.00",
        "drugs $336.00",
    ):
        assert word in text, word
    assert (billed.patients, billed.charged) == (1, Decimal(1648)) and "File by" not in text
    pay(office, "1000", "7", ClaimState.PART_PAID)
    with office.database.reading() as session:
        (owing,) = patients_owing(session)
        assert (owing.owed, owing.due_on, claim_page(session, claim).payer_owes) == (
            Decimal(648),
            date(2026, 5, 10),
            0,
        )
        assert owing.is_overdue(date(2026, 5, 11)) and not owing.is_overdue(date(2026, 5, 10))
    # Two days in hospital are learned: the next run drafts what corrects the statement, the payment goes along.
    office.hospital(date(2026, 3, 8), date(2026, 3, 11))
    (again,) = run_to_end(run_month(office.database, MARCH, office.biller, on=APRIL)).claims
    assert again != claim
    text = flat(words_of(bill_patients(office.database, [again], office.biller, at=at).pdf))
    assert "$1,000.00" in text and "$458.00" in text
    with office.database.reading() as session:
        assert (claim_page(session, claim).patient_owes, claim_page(session, again).patient_owes) == (0, Decimal(458))
    pay(office, "458", "8", ClaimState.PAID)
    assert billed.covered == 0
    void_claim(office.database, again, office.biller, "never given")
    with office.database.reading() as session:
        assert problems(session) == () and patients_owing(session)[0].owed == Decimal(-1458)


def test_all_who_pay_alone_are_billed_in_one_step_whatever_their_contract(office):
    complete_month(office)
    office.next_patient("Pays alone, second price list")
    complete_month(office, "ceftriaxone 2 g vial of another maker")
    leave_as(office, "STATEMENT", PayerKind.SELF_PAY)
    run = run_to_end(run_month(office.database, MARCH, office.biller, on=APRIL))
    assert [each.endswith("Claims, Bill the patients.") for each in run.on_paper] == [True, True]
    billed = bill_patients(office.database, run.claims, office.biller)
    assert (billed.patients, billed.covered, billed.charged) == (2, 0, 2 * Decimal(1648))
    text = flat(words_of(billed.pdf))
    assert "Quill" in text and "Reed" in text
    with office.database.reading() as session:
        assert {row.owed for row in patients_owing(session)} == {Decimal(1648)} and problems(session) == ()


def test_a_patient_whose_credit_covers_everything_gets_no_statement(office):
    run, at = by_form(office, "STATEMENT", PayerKind.SELF_PAY), datetime(2026, 4, 10, 12, tzinfo=UTC)
    assert bill_patients(office.database, run.claims, office.biller, at=at).covered == 0
    ahead = NewPatientPayment(office.patient, Decimal(2000), "check", "9", APRIL)
    take_patient_payment(office.database, ahead, office.biller, "paid ahead", on=APRIL)
    office.hospital(date(2026, 3, 8), date(2026, 3, 11))
    again = run_to_end(run_month(office.database, MARCH, office.biller, on=APRIL)).claims
    billed = bill_patients(office.database, again, office.biller, at=at)
    assert (billed.patients, billed.covered, billed.pdf, billed.charged) == (0, 1, b"", Decimal(1458))
    with office.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(PatientStatement)) == 1, "that of the first bill"
        assert patients_owing(session)[0].owed == Decimal(-542)


def test_a_check_that_came_back_is_owed_again_on_the_claim_and_for_the_pump(office):
    run, at = by_form(office, "STATEMENT", PayerKind.SELF_PAY), datetime(2026, 4, 10, 12, tzinfo=UTC)
    bill_patients(office.database, run.claims, office.biller, at=at)
    pump = office.item("Curlin 6000", "E0781", kind=ItemKind.PUMP, billing_class=BillingClass.NONE)
    asset = office._add(Asset, item_id=pump, tag="P0001", serial="SN1", state=AssetState.LOST, location_id=office.home,
                        version=1)  # fmt: skip
    office._add(EquipmentCharge, number="EC00001", kind=ChargeKind.LOST, amount=Decimal(900), asset_id=asset,
                patient_id=office.patient, staff_id=office.biller, charged_on=APRIL, recorded_at=at,
                reason="not returned")  # fmt: skip
    pay(office, "1600", "7", ClaimState.PART_PAID)
    pay(office, "500", "8", ClaimState.PAID)

    def owed():
        with office.database.reading() as session:
            kept = session.scalars(select(Claim)).one()
            (pump_owed,) = charges_owed(session, office.patient)
            paid = select(LedgerEntry.id, LedgerEntry.note).where(LedgerEntry.kind == EntryKind.PAYMENT)
            entries = {note: entry for entry, note in session.execute(paid)}
            return kept.state, owed_by(session, office.patient), pump_owed.owed, entries

    state, on_claim, for_pump, entries = owed()
    assert (state, on_claim, for_pump) == (ClaimState.PAID, 0, 448), "1,648 were owed on the claim"
    assert take_back_payment(office.database, entries["check 8"], "returned", office.biller, on=APRIL) == 500
    assert owed()[:3] == (ClaimState.PART_PAID, 48, 900), "what the other check paid stays"
    with pytest.raises(Refused, match="taken back already"):
        take_back_payment(office.database, entries["check 8"], "returned", office.biller, on=APRIL)
    assert take_back_payment(office.database, entries["check 7"], "returned", office.biller, on=APRIL) == 1600
    assert owed()[:3] == (ClaimState.SENT, 1648, 900)
    with office.database.reading() as session:
        assert problems(session) == () and claim_page(session, run.claims[0]).events[-1].note.endswith("taken back")


def pay(office, amount, number, state):
    new = NewPatientPayment(office.patient, Decimal(amount), "check", number, APRIL)
    take_patient_payment(office.database, new, office.biller, on=APRIL)
    with office.database.reading() as session:
        newest = session.scalars(select(Claim).order_by(Claim.id.desc())).first()
        assert newest is not None and newest.state is state and problems(session) == ()


def test_a_diagnosis_entered_later_is_on_the_draft_that_is_counted_again(office):
    complete_month(office)
    diagnose(office, "")
    run = run_to_end(run_month(office.database, MARCH, office.biller, send=False, on=APRIL))
    assert any("no diagnosis" in each for each in run.refused)
    diagnose(office, "L03115 Z452")
    run = run_to_end(run_month(office.database, MARCH, office.biller, send=False, on=APRIL))
    assert run.refused == () and len(run.claims) == 1
    with office.database.reading() as session:
        assert claim_page(session, run.claims[0]).diagnoses == ("L03115", "Z452")
    diagnose(office, "L03115")
    assert not any(each.stops for each in check(office.database, run.claims[0], office.biller, on=APRIL))
    with office.database.reading() as session:
        assert claim_page(session, run.claims[0]).diagnoses == ("L03115",), "also where it is checked alone"


def diagnose(office, codes):
    with office.database.transaction() as session:
        session.execute(update(Episode).values(diagnoses=codes))
        record(session, office.biller, "set up", "test")
