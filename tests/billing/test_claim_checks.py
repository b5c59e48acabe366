"""A clean claim passes every check; each fault is found by exactly its own check."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from infusion_desktop.billing.rules.checks.every_check import CHECKS, check_claim, may_leave
from infusion_desktop.billing.rules.checks.facts import (
    BilledBefore,
    Billing,
    ClaimFacts,
    CoverageFacts,
    Person,
)
from infusion_desktop.billing.rules.checks.sending import filing_deadline, first_timely, is_too_late
from infusion_desktop.billing.rules.counted import ServiceLine
from infusion_desktop.billing.rules.delivered import Delivered
from infusion_desktop.billing.rules.ordered import Order
from infusion_desktop.billing.rules.rule_set import (
    BillingModel,
    DrugQuantity,
    EquipmentBilling,
    FilingClock,
    RuleSet,
    ServiceDate,
    SpanPolicy,
)
from infusion_desktop.billing.rules.therapy import Authorization
from infusion_desktop.billing.terms.code_table import code_table
from infusion_desktop.billing.words import LineKind
from infusion_desktop.dates import Days
from infusion_desktop.deliveries.calls.refill_rules_kept import NO_LIMIT
from infusion_desktop.deliveries.rules import RefillRule
from infusion_desktop.deliveries.words import DeliveryId
from infusion_desktop.stock.words import Container

MARCH = Days(date(2026, 3, 3), date(2026, 3, 16))
YEAR = Days(date(2026, 1, 1), date(2026, 12, 31))
PER_DIEM = ServiceLine(
    1,
    LineKind.PER_DIEM,
    "S9500",
    MARCH,
    Decimal(14),
    Decimal("1260.00"),
    authorization="A1",
    therapy_id=7,
)
DRUG = ServiceLine(
    2, LineKind.DRUG, "J0696", MARCH, Decimal(112), Decimal("300.00"), therapy_id=7,
    ndc="00781320985", ndc_unit="UN", ndc_quantity=Decimal(14), modifiers=("JZ",),
)  # fmt: skip
VISIT = ServiceLine(
    3,
    LineKind.NURSING,
    "99601",
    Days(MARCH.first, MARCH.first),
    Decimal(1),
    Decimal("150.00"),
    therapy_id=7,
)
RULES = RuleSet(authorization_required=True)
ORDER = Order(7, YEAR, date(2026, 3, 2), "Dr. Adams", "1234567893")
DELIVERY = Delivered(DeliveryId(1), "D1", MARCH, 7, date(2026, 3, 2), MARCH.first, MARCH.first)
REFILL = Delivered(
    DeliveryId(2), "D2", Days(date(2026, 3, 17), date(2026, 3, 30)), 7, date(2026, 3, 12), date(2026, 3, 12),
    date(2026, 3, 12), counted_on=date(2026, 3, 10),
)  # fmt: skip
PERMISSION = Authorization("A1", "S9500", YEAR, units=30, used=10)
CLEAN = ClaimFacts(
    today=date(2026, 4, 2),
    codes=code_table(),
    lines=(PER_DIEM, DRUG, VISIT),
    rules=RULES,
    billing=Billing("Pharmacy", "1234567893", "123456789", "3336H0001X", "1 Main Street", "554011234"),
    patient=Person("Ann Example", date(1980, 5, 1), "F", "2 Oak Road", "Minneapolis", "MN", "55401"),
    coverage=CoverageFacts("Plan", "60054", "M123", days=YEAR),
    diagnoses=("L03.115",),
    pointers=(1,),
    orders=(ORDER,),
    deliveries=(DELIVERY,),
    authorizations=(PERMISSION,),
    therapy_days={7: frozenset(MARCH)},
)


def with_line(line: ServiceLine, **facts) -> ClaimFacts:
    """The clean claim with one of its lines changed."""
    lines = [replace(each, **facts) if each is line else each for each in CLEAN.lines]
    return replace(CLEAN, lines=tuple(lines))


def beside(*lines: ServiceLine) -> ClaimFacts:
    """The clean claim with further lines."""
    return replace(CLEAN, lines=CLEAN.lines + lines)


def ruled(**rules) -> ClaimFacts:
    return replace(CLEAN, rules=replace(RULES, **rules))


def refilled(**rule) -> ClaimFacts:
    """A payer that says something of refills; NO_LIMIT where it says nothing."""
    said = RefillRule(date(2020, 1, 1), NO_LIMIT, NO_LIMIT)
    return replace(CLEAN, refill_rules=(replace(said, **rule),))


def about(part: str, **facts) -> ClaimFacts:
    return replace(CLEAN, **{part: replace(getattr(CLEAN, part), **facts)})


SECOND = replace(PER_DIEM, number=4, code="S9501", modifiers=("SH",), authorization="", therapy_id=None)

FAULTS = [
    ("BILLING_NPI", about("billing", npi="1234567890")),
    ("TAX_ID", about("billing", tax_id="12-345678")),
    ("TAXONOMY", about("billing", taxonomy="")),
    ("BILLING_ADDRESS", about("billing", street="P.O. Box 12")),
    ("BILLING_ADDRESS", about("billing", zip_code="55401")),
    ("PATIENT_FACTS", about("patient", born_on=None)),
    ("PATIENT_ADDRESS", about("patient", city="")),
    ("BEFORE_BIRTH", about("patient", born_on=date(2026, 3, 5))),
    ("MEMBER_ID", about("coverage", member_id=" ")),
    ("SUBSCRIBER", about("coverage", relation="child")),
    ("COVERAGE_DAYS", about("coverage", days=Days(date(2026, 1, 1), date(2026, 3, 15)))),
    ("PAYER_NUMBER", about("coverage", payer_number="")),
    ("RULES_MISSING", replace(CLEAN, rules=None)),
    ("PRIOR_RESULT", about("coverage", position=2)),
    ("ORDER", replace(CLEAN, orders=(replace(ORDER, days=Days(date(2026, 1, 1), date(2026, 3, 10))),))),
    ("ORDER_SIGNED", replace(CLEAN, orders=(replace(ORDER, signed_on=None),))),
    ("PRESCRIBER", replace(CLEAN, orders=(replace(ORDER, prescriber=""),))),
    ("PRESCRIBER_NPI", replace(CLEAN, orders=(replace(ORDER, prescriber_npi="1234567890"),))),
    ("DIAGNOSIS", replace(with_line(PER_DIEM), diagnoses=())),
    ("DIAGNOSIS_FORM", replace(CLEAN, diagnoses=("486",))),
    ("DIAGNOSIS_FORM", replace(CLEAN, diagnoses=("L03.115",) * 13)),
    ("PROOF", replace(CLEAN, deliveries=(replace(DELIVERY, signed_on=None),))),
    (
        "PROOF_MEDICARE",
        replace(about("coverage", is_medicare=True), deliveries=(replace(DELIVERY, gaps=("No day.",)),)),
    ),
    ("PROOF_IN_PART", replace(CLEAN, deliveries=(replace(DELIVERY, gaps=("There is no signature.",)),))),
    ("PROOF_BY_STAFF", replace(CLEAN, deliveries=(replace(DELIVERY, signed_by_staff=True),))),
    (
        "SERVICE_DATE",
        replace(
            ruled(service_date=ServiceDate.DELIVERY),
            lines=(PER_DIEM, replace(DRUG, days=Days(date(2026, 3, 10), date(2026, 3, 10))), VISIT),
        ),
    ),
    ("DRUG_SHORT", replace(CLEAN, deliveries=(replace(DELIVERY, short=("14 of 21 Cefazolin 2 g",)),))),
    ("NO_SUPPLY", replace(CLEAN, deliveries=(replace(DELIVERY, supply=Days(date(2026, 3, 3), date(2026, 3, 9))),))),
    ("DAYS_SUPPLY", refilled(longest_supply_days=10, weekend_extra_days=3)),
    ("EARLY_REFILL", replace(refilled(delivery_days=3), deliveries=(DELIVERY, REFILL))),
    ("REFILL_CONTACT", replace(refilled(count_required=True), deliveries=(DELIVERY, replace(REFILL, counted_on=None)))),
    ("REFILL_CONTACT", replace(refilled(contact_days=5), deliveries=(DELIVERY, REFILL))),
    ("AUTHORIZATION", with_line(PER_DIEM, authorization="")),
    ("AUTHORIZATION_UNKNOWN", with_line(PER_DIEM, authorization="A9")),
    (
        "AUTHORIZATION_DAYS",
        replace(CLEAN, authorizations=(replace(PERMISSION, days=Days(date(2026, 1, 1), date(2026, 3, 9))),)),
    ),
    ("AUTHORIZATION_UNITS", replace(CLEAN, authorizations=(replace(PERMISSION, used=20),))),
    ("INPATIENT", replace(CLEAN, hospital_stays=(Days(date(2026, 3, 8), date(2026, 3, 11)),))),
    ("INPATIENT", replace(CLEAN, still_in_hospital_since=date(2026, 3, 12))),
    (
        "SPANS_HOSPITAL",
        replace(
            with_line(PER_DIEM, units=Decimal(13), dates=tuple(day for day in MARCH if day != date(2026, 3, 9))),
            lines=(
                replace(PER_DIEM, units=Decimal(13), dates=tuple(day for day in MARCH if day != date(2026, 3, 9))),
                replace(DRUG, days=Days(MARCH.first, MARCH.first)),
                VISIT,
            ),
            hospital_stays=(Days(date(2026, 3, 8), date(2026, 3, 10)),),
            therapy_days={7: frozenset(MARCH) - {date(2026, 3, 9)}},
        ),
    ),
    ("GAPS", replace(CLEAN, therapy_days={7: frozenset(MARCH) | {date(2026, 3, 17)}})),
    ("NOT_ON_CALENDAR", replace(CLEAN, therapy_days={7: frozenset(MARCH) - {date(2026, 3, 5)}})),
    ("HELD", with_line(PER_DIEM, held="no authorization covers this day")),
    ("NO_LINES", replace(CLEAN, lines=(), therapy_days=None)),
    ("TOO_MANY_LINES", ruled(lines_per_claim=2)),
    ("CODE", with_line(PER_DIEM, code="S0001")),
    ("CODE_CONFLICT", beside(replace(PER_DIEM, number=4, code="S9494"))),
    ("UNITS_DAYS", with_line(PER_DIEM, units=Decimal(15))),
    ("UNITS", with_line(DRUG, units=Decimal(0))),
    ("DUPLICATE_LINE", beside(replace(DRUG, number=4))),
    ("DUPLICATE_CLAIM", replace(CLEAN, billed_before=(BilledBefore("C1", "S9500", MARCH),))),
    ("BILLED_ELSEWHERE", replace(CLEAN, billed_elsewhere=(BilledBefore("C1", "S9500", MARCH),))),
    ("MODIFIERS", with_line(DRUG, modifiers=("JZ", "JB", "KX", "59", "XU"))),
    ("MODIFIERS", with_line(DRUG, modifiers=("JZ", "K"))),
    ("RANK", with_line(PER_DIEM, modifiers=("SH",))),
    ("NARRATIVE", with_line(DRUG, code="J3490")),
    ("NDC", with_line(DRUG, ndc="")),
    ("NDC_FORM", with_line(DRUG, ndc="0781-3209-85")),
    ("NDC_QUANTITY", with_line(DRUG, ndc_quantity=None)),
    ("NDC_QUANTITY", with_line(DRUG, ndc_unit="MG")),
    ("WASTE", replace(with_line(DRUG, modifiers=()), rules=replace(RULES, drug_quantity=DrugQuantity.JW_JZ))),
    (
        "CONTAINERS",
        beside(
            replace(VISIT, number=4, kind=LineKind.SUPPLY, code="A4222"),
            replace(VISIT, number=5, kind=LineKind.SUPPLY, code="K0552"),
        ),
    ),
    (
        "PREFILLED",
        replace(
            CLEAN,
            lines=(
                PER_DIEM,
                replace(DRUG, container=Container.PREFILLED),
                VISIT,
                replace(VISIT, number=4, kind=LineKind.SUPPLY, code="K0552"),
            ),
        ),
    ),
    (
        "VISIT_DRUG",
        replace(
            about("coverage", is_medicare=True),
            rules=replace(RULES, billing_model=BillingModel.SUPPLY_CODES),
            lines=(DRUG, replace(VISIT, code="G0068")),
            deliveries=(replace(DELIVERY, delivered_on=date(2026, 1, 2)),),
            therapy_days=None,
        ),
    ),
    ("KITS", beside(replace(VISIT, number=4, kind=LineKind.SUPPLY, code="B4220", units=Decimal(15)))),
    (
        "KITS",
        beside(
            replace(VISIT, number=4, kind=LineKind.SUPPLY, code="B4034"),
            replace(VISIT, number=5, kind=LineKind.SUPPLY, code="B4035"),
        ),
    ),
    (
        "OVER_MONTHS",
        replace(
            about("coverage", is_medicare=True),
            lines=(replace(VISIT, kind=LineKind.SUPPLY, code="B4087", units=Decimal(2)),),
            therapy_days=None,
        ),
    ),
    ("COMPOUND", with_line(DRUG, compound="C7")),
    (
        "RENTAL_MONTH",
        replace(
            ruled(equipment=EquipmentBilling.CAPPED_RENTAL),
            lines=(
                PER_DIEM,
                DRUG,
                VISIT,
                replace(VISIT, number=4, kind=LineKind.SUPPLY, code="E0781", modifiers=("RR",)),
            ),
        ),
    ),
    ("NO_PUMP", ruled(equipment=EquipmentBilling.CAPPED_RENTAL)),
    ("EXTRA_HOURS", with_line(VISIT, code="99602")),
    ("PRICE", with_line(PER_DIEM, priced=False)),
    ("CHARGE", with_line(PER_DIEM, charge=Decimal("0.00"))),
    ("CHARGE", with_line(PER_DIEM, charge=Decimal("10.005"))),
    ("SPAN", replace(ruled(span_policy=SpanPolicy.MAX7), lines=(PER_DIEM, DRUG, VISIT))),
    ("SPAN", replace(ruled(span_policy=SpanPolicy.DAILY))),
    ("PLACE", with_line(VISIT, place="")),
    ("POINTERS", replace(CLEAN, pointers=(2,))),
    ("MEDICARE_S_CODE", about("coverage", is_medicare=True)),
    ("THREE_PARTS", replace(CLEAN, lines=(PER_DIEM, VISIT))),
    ("THREE_PARTS", replace(CLEAN, lines=(PER_DIEM, DRUG), orders=(replace(CLEAN.orders[0], days=MARCH),))),
    ("THREE_PARTS", replace(CLEAN, lines=(replace(VISIT, number=1),), therapy_days=None)),
    (
        "THREE_PARTS",
        replace(
            beside(replace(SECOND, therapy_id=8)),
            orders=(ORDER, replace(ORDER, therapy_id=8)),
            rules=replace(RULES, authorization_required=False),
            therapy_days=None,
            deliveries=(DELIVERY, replace(DELIVERY, number="D8", therapy_id=8)),
        ),
    ),
    ("LATE", replace(CLEAN, today=date(2026, 8, 1))),
    ("SOON_LATE", replace(CLEAN, today=date(2026, 5, 25))),
    ("ORIGINAL_MISSING", replace(CLEAN, frequency="7")),
    ("ORIGINAL_NAMED", replace(CLEAN, payer_control_number="X9")),
    ("FREQUENCY", replace(CLEAN, frequency="5")),
    ("FUTURE", replace(CLEAN, today=date(2026, 3, 15))),
]
ALSO = {"PROOF_MEDICARE": {"MEDICARE_S_CODE"}, "DIAGNOSIS": {"POINTERS"}}
"""Findings that follow from a fault: without a diagnosis no line can point to one."""


def codes_found(facts: ClaimFacts) -> set[str]:
    return {finding.code for finding in check_claim(facts)}


def test_a_clean_claim_may_leave():
    assert check_claim(CLEAN) == ()
    assert may_leave(check_claim(CLEAN))


@pytest.mark.parametrize(("code", "facts"), FAULTS, ids=[f"{code}-{place}" for place, (code, _) in enumerate(FAULTS)])
def test_each_fault_is_found_by_its_own_check(code, facts):
    assert codes_found(facts) - ALSO.get(code, set()) == {code}


def test_every_check_has_a_fault_that_it_finds():
    assert {check.code for check in CHECKS} == {code for code, _ in FAULTS}
    assert len(CHECKS) >= 30
    assert len({check.code for check in CHECKS}) == len(CHECKS)


def test_a_finding_says_what_to_do_where_and_on_which_line():
    finding = check_claim(with_line(DRUG, ndc=""))[0]
    assert (finding.line, finding.where.value, finding.stops) == (2, "Catalogue", True)
    assert finding.sentence == "Line 2 (J0696-JZ) has no NDC. Enter it in the catalogue."
    assert all(each.sentence.rstrip().endswith(".") for _, facts in FAULTS for each in check_claim(facts))


def test_a_drug_sent_under_another_version_of_the_order_is_its_drug():
    changed = replace(PER_DIEM, therapy_id=9)
    sent = replace(DELIVERY, versions=frozenset({7, 9}))
    orders = (ORDER, replace(ORDER, therapy_id=9))
    facts = replace(CLEAN, lines=(changed, DRUG, VISIT), orders=orders, deliveries=(sent,), therapy_days=None)
    assert codes_found(facts) == set()


def test_a_warning_does_not_stop_a_claim():
    assert may_leave(check_claim(about("billing", taxonomy="")))
    assert not may_leave(check_claim(about("billing", npi="")))


def test_a_second_therapy_beside_the_first_is_in_order():
    assert "RANK" not in codes_found(beside(SECOND))


def test_a_replacement_may_bill_the_same_days_again():
    again = replace(
        CLEAN, frequency="7", payer_control_number="X9", billed_before=(BilledBefore("C1", "S9500", MARCH),)
    )
    assert codes_found(again) == set()


def test_nothing_needs_proof_or_ndc_where_the_contract_asks_for_none():
    easy = ruled(delivery_proof_required=False, ndc_required=False, authorization_required=False)
    bare = replace(
        easy,
        deliveries=(replace(DELIVERY, signed_on=None),),
        lines=(replace(PER_DIEM, authorization=""), replace(DRUG, ndc=""), VISIT),
    )
    assert codes_found(bare) == set()
    in_part = replace(DELIVERY, gaps=("There is no signature.",), signed_by_staff=True)
    assert codes_found(replace(bare, deliveries=(in_part,))) == set()
    medicare = replace(bare.coverage, is_medicare=True)
    visits = replace(bare, coverage=medicare, deliveries=(in_part,), lines=(DRUG, VISIT), therapy_days=None)
    assert not {each for each in codes_found(visits) if each.startswith("PROOF")}


@pytest.mark.parametrize(
    ("rules", "paid", "last"),
    [
        (RuleSet(filing_days=90), None, date(2024, 5, 29)),
        (RuleSet(filing_days=365), None, date(2025, 2, 28)),
        (RuleSet(filing_days=90, filing_clock=FilingClock.THROUGH_DAY), None, date(2024, 6, 8)),
        (RuleSet(filing_days=90, filing_clock=FilingClock.PRIMARY_PAID), date(2024, 7, 1), date(2024, 9, 29)),
    ],
)
def test_the_last_day_to_file(rules, paid, last):
    assert filing_deadline(Days(date(2024, 2, 29), date(2024, 3, 10)), rules, paid) == last


@pytest.mark.parametrize(
    ("clock", "line", "on", "late"),
    [
        (FilingClock.FROM_DAY, MARCH, date(2026, 6, 8), True),
        (FilingClock.FROM_DAY, Days(date(2026, 3, 10), date(2026, 3, 16)), date(2026, 6, 8), False),
        (FilingClock.THROUGH_DAY, MARCH, date(2026, 6, 8), False),
        (FilingClock.THROUGH_DAY, MARCH, date(2026, 6, 14), False),
        (FilingClock.THROUGH_DAY, MARCH, date(2026, 6, 15), True),
    ],
)
def test_a_line_is_too_late_by_the_payers_clock(clock, line, on, late):
    """Ninety days from a line's last day, March 16, are over after June 14; from its first, after June 1."""
    rules = RuleSet(filing_days=90, filing_clock=clock)
    first = first_timely(Days(date(2026, 3, 1), date(2026, 3, 31)), rules, on)
    assert is_too_late(line, first, rules) is late
    assert (on > filing_deadline(line, rules)) is late
    assert first_timely(MARCH, rules, date(2026, 7, 8)) is None
