"""Checks that need more than the claim: each is found by what people record, and gone when they put it right."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from importlib import import_module

import pytest
from service_office import noon
from sqlalchemy import select, update
from test_service_claims import CHECKED_ON, MARCH, ready_claim

from infusion_desktop.access.audit import record
from infusion_desktop.access.people import add_person_with_hash
from infusion_desktop.access.roles import Role
from infusion_desktop.billing.claiming.checking import check
from infusion_desktop.billing.claiming.claim_files import for_file
from infusion_desktop.billing.months.charging import make_claim
from infusion_desktop.billing.months.compounds import record_compound, take_apart
from infusion_desktop.billing.runs.month_run import run_month
from infusion_desktop.billing.tables import Claim, PayerRules
from infusion_desktop.billing.terms.contracts import add_rules, rules_on, starter
from infusion_desktop.dates import Days
from infusion_desktop.deliveries.calls.refill_rules_kept import (
    Asked,
    NewRefillRule,
    add_refill_rule,
    reasons_to_hold,
    refill_rules,
)
from infusion_desktop.deliveries.door.delivering import Proof
from infusion_desktop.deliveries.door.proof import correct_proof
from infusion_desktop.deliveries.tables import Delivery, DeliveryLine
from infusion_desktop.deliveries.words import DeliveryId
from infusion_desktop.errors import NotAllowed, Refused
from infusion_desktop.patients.coverage import NewCoverage, edit_coverage
from infusion_desktop.patients.words import CoverageId, Rank
from infusion_desktop.progress import run_to_end
from infusion_desktop.stock.tables import Item


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


def test_the_ingredients_of_a_compound_are_tied_and_one_alone_is_told(office, staff):
    office.rules()
    for code, rate in (("S9500", "95"), ("J0696", "1.50"), ("J2001", "0.50")):
        office.fee(code, rate)
    first, last, bench = date(2026, 3, 3), date(2026, 3, 16), staff[Role.TECHNICIAN]
    vial = office.item("ceftriaxone 2 g vial", "J0696", hcpcs_units_per_unit=Decimal(8))
    solvent = office.item("lidocaine 10 mL", "J2001", ndc="00409427601", hcpcs_units_per_unit=Decimal(10))
    therapy = office.orders("ceftriaxone 2 g in lidocaine", first, last, drug_item_id=vial)
    delivery = DeliveryId(office.delivers(first, last, {vial: 14, solvent: 14}, therapy=therapy))
    database = office.database
    with pytest.raises(Refused, match="at least two"):
        record_compound(database, delivery, [vial], bench)
    with pytest.raises(Refused, match="no such drug"):
        record_compound(database, delivery, [vial, solvent + 1], bench)
    with pytest.raises(NotAllowed):
        record_compound(database, delivery, [vial, solvent], office.biller)
    assert record_compound(database, delivery, [vial, solvent], bench) == "D000001C1"
    [claim] = run_to_end(run_month(database, MARCH, office.biller, send=False, on=CHECKED_ON)).claims
    assert "COMPOUND" not in told(office, claim)
    with database.reading() as session:
        drugs = [line.drug for line in for_file(session, session.get_one(Claim, claim)).lines if line.drug]
    assert [(drug.prescription, drug.link) for drug in drugs] == [("", "D000001C1")] * 2
    with database.transaction() as session:  # The catalogue forgets the solvent's code: nothing bills it any more.
        session.execute(update(Item).where(Item.id == solvent).values(hcpcs=""))
        record(session, office.biller, "spoil", "test")
    assert make_claim(database, office.patient, MARCH, office.biller) == claim
    assert "belongs to a compound of which no other" in told(office, claim)["COMPOUND"]
    take_apart(database, delivery, "D000001C1", "given apart", bench)
    with pytest.raises(Refused, match="not recorded as one"):
        take_apart(database, delivery, "D000001C1", "twice", bench)
    make_claim(database, office.patient, MARCH, office.biller)
    assert "COMPOUND" not in told(office, claim)


def told(office, claim):
    return {each.code: each.sentence for each in check(office.database, claim, office.biller, on=CHECKED_ON)}


@pytest.mark.parametrize(("earlier", "is_early"), [(0, False), (1, True)])
def test_a_refill_rule_holds_the_delivery_and_checks_the_claim_alike(office, staff, earlier, is_early):
    """Three days before the supply ends on March 16 is March 13 for the plan and for the claim."""
    office.rules()
    office.fee("S9500", "95")
    rule = NewRefillRule(office.payer, date(2026, 1, 1), 0, 3, source="contract")
    add_refill_rule(office.database, rule, staff[Role.ADMINISTRATOR])
    therapy = office.orders("ceftriaxone 2 g", date(2026, 3, 3), date(2026, 3, 30))
    office.delivers(date(2026, 3, 3), date(2026, 3, 16), therapy=therapy)
    day = date(2026, 3, 13 - earlier)
    with office.database.reading() as session:
        told = reasons_to_hold(session, Asked(office.patient, therapy, day, Days(date(2026, 3, 17), date(2026, 3, 30))))
    assert any("Deliver on Mar 13, 2026 or later" in each for each in told) is is_early
    second = office.delivers(date(2026, 3, 17), date(2026, 3, 30), therapy=therapy)
    with office.database.transaction() as session:
        came = {"scheduled_on": day, "shipped_at": noon(day), "delivered_at": noon(day)}
        session.execute(update(Delivery).where(Delivery.id == second).values(**came))
        record(session, office.biller, "set up", "test")
    claim = make_claim(office.database, office.patient, MARCH, office.biller)
    found = {each.code for each in check(office.database, claim, office.biller, on=CHECKED_ON)}
    assert ("EARLY_REFILL" in found) is is_early


def test_billing_rules_that_spoke_of_refills_became_refill_rules(office):
    """What migration 0032 does with the rules of before; a version that was taken back says nothing."""
    office.rules()
    add_rules(office.database, office.payer, starter("commercial_access").rules, date(2026, 1, 1), office.biller)
    old = {"early_refill_days": 10, "contact_window_days": 30, "on_hand_required": True, "weekend_extra_days": 0}
    script = "infusion_desktop.database.migrations.versions.0032_refill_rules_in_one_place"
    with office.database.transaction() as session:
        for kept in session.scalars(select(PayerRules)):
            days = 20 if kept.ends_on is not None and kept.ends_on < kept.starts_on else 10
            told = {**old, "early_refill_days": days, "max_days_supply": None}
            kept.rules = json.dumps({**json.loads(kept.rules), **told})
        session.flush()
        import_module(script)._take_over(session.connection())
        import_module(script)._take_over(session.connection())
        record(session, office.biller, "set up", "test")
    with office.database.reading() as session:
        (row,) = refill_rules(session)
        assert rules_on(session, office.payer, MARCH.first).rules.filing_days == 90, (
            "the rest of the rules is as it was"
        )
    kept = NewRefillRule(office.payer, date(2026, 1, 1), 30, 10, count_required=True, source="billing rules")
    assert row.rule == kept
