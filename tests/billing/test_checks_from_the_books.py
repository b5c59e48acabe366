"""Checks that need more than the claim: each is found by what people record, and gone when they put it right."""

from dataclasses import replace
from datetime import date

from service_office import noon
from test_service_claims import CHECKED_ON, MARCH, ready_claim

from infusion_desktop.access.audit import record
from infusion_desktop.access.people import add_person_with_hash
from infusion_desktop.access.roles import Role
from infusion_desktop.billing.claiming.checking import check
from infusion_desktop.billing.runs.month_run import run_month
from infusion_desktop.deliveries.door.delivering import Proof
from infusion_desktop.deliveries.door.proof import correct_proof
from infusion_desktop.deliveries.tables import DeliveryLine
from infusion_desktop.deliveries.words import DeliveryId
from infusion_desktop.patients.coverage import NewCoverage, edit_coverage
from infusion_desktop.patients.words import CoverageId, Rank
from infusion_desktop.progress import run_to_end


def stopped(office, claim):
    return {each.code: each.sentence for each in check(office.database, claim, office.biller, on=CHECKED_ON)
            if each.stops}  # fmt: skip


def test_a_proof_that_our_own_people_signed_stops_the_claim_until_it_is_corrected(office, staff):
    """No name of ours is taken at the door; this one becomes ours when the driver gets an account."""
    claim = ready_claim(office)
    database, day = office.database, date(2026, 3, 3)
    with database.transaction() as session:
        add_person_with_hash(session, "ann", "ANN", "", frozenset({Role.TECHNICIAN}), staff[Role.ADMINISTRATOR])
    assert list(stopped(office, claim)) == ["PROOF_BY_STAFF"]
    told = run_to_end(run_month(database, MARCH, office.biller, send=False, on=CHECKED_ON))
    assert "signed by the pharmacy's staff" in told.refused[0]
    proof = Proof("Ann Quill", "self", noon(day))
    correct_proof(database, DeliveryId(1), proof, day, "the driver's name", staff[Role.PHARMACIST])
    assert stopped(office, claim) == {}


def test_a_claim_to_a_payer_that_turns_out_to_be_second_waits_for_the_first(office, staff):
    claim = ready_claim(office)
    by, policy = staff[Role.ADMINISTRATOR], NewCoverage(office.payer, "M12345", date(2026, 1, 1), Rank.SECONDARY)
    edit_coverage(office.database, CoverageId(1), policy, 1, by)
    assert list(stopped(office, claim)) == ["PRIOR_RESULT"]
    edit_coverage(office.database, CoverageId(1), replace(policy, rank=Rank.PRIMARY), 2, by)
    assert stopped(office, claim) == {}


def test_a_drug_that_left_short_is_asked_about_until_it_was_sent(office):
    def warned():
        return [each.sentence for each in check(office.database, claim, office.biller, on=CHECKED_ON)
                if each.code == "DRUG_SHORT"]  # fmt: skip

    claim = ready_claim(office)
    assert warned() == []
    item = office.item("ceftriaxone 1 g bag", "J0696")
    with office.database.transaction() as session:
        record(session, office.biller, "correct", "delivery", 1)
        session.add(DeliveryLine(delivery_id=1, item_id=item, position=9, needed=14, to_send=14, owed=14))
    (sentence,) = warned()
    assert sentence.startswith("Delivery D000001 went without 14 of 14 ceftriaxone 1 g bag, and none was sent since.")
    office.delivers(MARCH.last, MARCH.last, {item: 14})
    assert warned() == []
