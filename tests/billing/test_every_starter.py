"""Each payer that is shipped bills one and the same month its own way; a charge names the rules it was counted by."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from service_office import noon
from sqlalchemy import select, update
from test_service_claims import CHECKED_ON, MARCH, page, ready_claim
from test_service_medicare import pump

from infusion_desktop.access.audit import record
from infusion_desktop.billing.claiming.claims import write_file
from infusion_desktop.billing.months.charging import make_claim
from infusion_desktop.billing.months.visits import NewVisit, add_visit
from infusion_desktop.billing.rules.rule_set import SpanPolicy
from infusion_desktop.billing.runs.month_run import run_month
from infusion_desktop.billing.tables import ClaimLine, PayerRules
from infusion_desktop.billing.terms.authorizations import NewAuthorization, add_authorization
from infusion_desktop.billing.terms.contracts import add_rules, starter, starter_rules
from infusion_desktop.billing.verify import problems
from infusion_desktop.billing.words import ClaimState
from infusion_desktop.errors import Refused
from infusion_desktop.patients.tables import Coverage, Payer
from infusion_desktop.patients.words import Method, PayerKind
from infusion_desktop.progress import run_to_end
from infusion_desktop.stock.words import BillingClass, ItemKind

FEES = {"S9494": "60", "S9501": "90", "S9502": "80", "J0696": "1.50", "A4222": "40", "A4221": "24", "99601": "150",
        "G0088": "230"}  # fmt: skip
DRUG, VISIT = "J0696 2-17 64 96.00", "99601 2-2 1 150.00"
SENT = "J0696 2-2 64 96.00", VISIT, "E0781 RR 10-10 1 250.00", "A4222 2-2 16 640.00"
IN_FULL = (
    "S9494 2-9 8 480.00", "S9501 10-16 7 630.00", "S9494 SH 10-10 1 60.00", "S9502 SH 11-12 2 160.00",
    "S9494 SJ 11-12 2 120.00", "S9494 SH 13-16 4 240.00", "S9494 17-17 1 60.00", DRUG, VISIT,
)  # fmt: skip
BILLED = {
    "commercial_access": IN_FULL,
    "commercial_infusion_days": (
        "S9494 2-2 1 60.00", "S9494 4-4 1 60.00", "S9494 6-6 1 60.00", "S9494 8-8 1 60.00", "S9501 10-16 7 630.00",
        "S9494 SH 10-10 1 60.00", "S9502 SH 11-12 2 160.00", "S9494 SJ 12-12 1 60.00", "S9494 SH 14-14 1 60.00",
        "S9494 SH 16-16 1 60.00", DRUG, VISIT,
    ),
    "commercial_100_50_0": (
        "S9494 2-9 8 480.00", "S9501 10-16 7 630.00", "S9494 SH 10-10 1 30.00", "S9502 SH 11-12 2 80.00",
        "S9494 SJ 11-12 2 0.00", "S9494 SH 13-16 4 120.00", "S9494 17-17 1 60.00", DRUG, VISIT,
    ),
    "commercial_weekly": (
        "S9494 2-8 7 420.00", "S9494 9-9 1 60.00", *IN_FULL[1:-2], "J0696 2-2 64 96.00", VISIT,
    ),
    "medicaid_supply_codes": SENT,
    "medicare_dme": (
        "J0696 JZ 2-2 64 96.00", "E0781 RR KH KX 10-10 1 250.00", "A4221 KX 10-17 2 48.00", "A4222 2-2 16 640.00",
    ),
    "medicare_infusion_services": ("G0088 2-2 6 230.00",),
    "tricare": SENT,
    "self_pay": IN_FULL,
}  # fmt: skip
"""Code, modifiers, days, units and what the contract pays."""


def a_month(office, vial, pump_set):
    """Ceftriaxone every other day, cefepime twice a day for a week of it, and for two days of that a third drug."""
    first = office.orders("ceftriaxone", date(2026, 3, 2), date(2026, 3, 17), interval_hours=48, drug_item_id=vial)
    office.orders("cefepime", date(2026, 3, 10), date(2026, 3, 16), interval_hours=12, method=Method.AMBULATORY_PUMP)
    office.orders("ampicillin", date(2026, 3, 11), date(2026, 3, 12), interval_hours=8)
    pump(office, date(2026, 3, 10))
    office.delivers(date(2026, 3, 2), date(2026, 3, 17), {vial: 8, pump_set: 16}, therapy=first, sheet=b"signed")
    office.delivers(date(2026, 3, 10), date(2026, 3, 16), sheet=b"signed")
    start = noon(date(2026, 3, 2))
    visit = NewVisit(office.patient, start, start + timedelta(minutes=90), "R. Nurse", first)
    add_visit(office.database, visit, office.biller)


def everyone(office):
    """A patient of each payer that is shipped, with the same month, the same prices and every authorization."""
    vial = office.item("vial", "J0696", hcpcs_units_per_unit=Decimal(8))
    inside = BillingClass.PER_DIEM_INCLUDED
    pump_set = office.item("pump set", "A4222", kind=ItemKind.TUBING, billing_class=inside, ndc="")
    whose = {}
    for each in starter_rules():
        office.next_patient(each.title)
        whose[office.patient] = each.key
        office.rules(each.key)
        for code, rate in FEES.items():
            office.fee(code, rate)
            allowed = NewAuthorization(office.patient, office.payer, f"A-{code}", code, MARCH.first, MARCH.last)
            add_authorization(office.database, allowed, office.biller)
        office.fee("E0781", "250", category="CR")
        a_month(office, vial, pump_set)
        if each.key != "self_pay":
            kind = PayerKind.MEDICARE_B if "medicare" in each.key else PayerKind.COMMERCIAL
            with office.database.transaction() as session:
                session.execute(update(Payer).where(Payer.id == office.payer).values(kind=kind, payer_code="P1"))
                session.execute(update(Coverage).values(member_id="M1"))
                record(session, office.biller, "set up", "test", office.payer)
    return whose


def said(line):
    days = f"{line.days.first.day}-{line.days.last.day}"
    return " ".join((line.code, *line.modifiers, days, f"{line.units:.0f}", f"{line.expected}"))


def test_each_shipped_payer_bills_the_same_month_its_own_way(office):
    whose = everyone(office)
    run = run_to_end(run_month(office.database, MARCH, office.biller, send=False, on=CHECKED_ON))
    pages = [page(office, claim) for claim in run.claims]
    assert {whose[each.row.patient_id]: tuple(map(said, each.lines)) for each in pages} == BILLED
    assert {each.row.state for each in pages} == {ClaimState.READY} and run.refused == ()
    with office.database.reading() as session:
        assert problems(session) == ()


def versions(office, claim):
    """The versions of rules that a claim's charges name: in their row, and with the evidence of each day."""
    with office.database.reading() as session:
        of_claim = select(PayerRules.rules_version, ClaimLine.evidence).join(ClaimLine)
        rows = session.execute(of_claim.where(ClaimLine.claim_id == claim)).all()
    assert rows and all(f'"rules": "Commercial, access days v{row.rules_version}"' in row.evidence for row in rows)
    return {row.rules_version for row in rows}


def test_a_charge_names_the_rules_it_was_counted_by_whatever_is_saved_later(office):
    claim, rules = ready_claim(office), starter("commercial_access").rules
    add_rules(office.database, office.payer, rules, date(2026, 4, 1), office.biller)
    assert make_claim(office.database, office.patient, MARCH, office.biller) == claim and versions(office, claim) == {1}
    add_rules(office.database, office.payer, rules, MARCH.first, office.biller)
    assert versions(office, claim) == {1}, "until it is counted again"
    assert make_claim(office.database, office.patient, MARCH, office.biller) == claim and versions(office, claim) == {3}
    run_to_end(run_month(office.database, MARCH, office.biller, send=False, on=CHECKED_ON))
    write_file(office.database, [claim], office.biller)
    before = page(office, claim).lines
    weekly = replace(rules, span_policy=SpanPolicy.MAX7)
    with pytest.raises(Refused, match="claims that left were counted"):
        add_rules(office.database, office.payer, weekly, MARCH.first, office.biller)
    add_rules(office.database, office.payer, weekly, date(2026, 3, 10), office.biller)
    assert versions(office, claim) == {3} and page(office, claim).lines == before, "what left keeps its rules"
