"""A patient's month becomes a claim: days with their evidence, drugs with NDC, visits, and twice the same."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select

from infusion_desktop.billing.months.charging import make_claim
from infusion_desktop.billing.months.counting import count_month
from infusion_desktop.billing.months.visits import NewVisit, add_visit
from infusion_desktop.billing.rules.days import Reason
from infusion_desktop.billing.rules.rule_set import DrugQuantity, RankBy
from infusion_desktop.billing.tables import Claim, ClaimLine
from infusion_desktop.billing.terms.authorizations import NewAuthorization, add_authorization, authorizations
from infusion_desktop.billing.terms.contracts import add_rules, rules_on, starter
from infusion_desktop.billing.words import ClaimState, LineKind
from infusion_desktop.dates import Days, month_of
from infusion_desktop.errors import NotAllowed, Refused
from infusion_desktop.patients.words import TherapyClass

MARCH = month_of(date(2026, 3, 1))


def lines_of(office, kind=None):
    with office.database.reading() as session:
        counted = count_month(session, office.patient, MARCH)
    return [line for line in counted.lines if kind in (None, line.kind)], counted


def shown(lines):
    return [(line.code, line.modifiers, line.days.first.day, line.days.last.day, int(line.units)) for line in lines]


def test_a_month_with_a_hospital_stay_leaves_its_full_days_out_and_says_so(office):
    office.rules()
    office.fee("S9500", "95")
    office.orders("ceftriaxone 2 g", date(2026, 3, 3), date(2026, 3, 16))
    office.delivers(date(2026, 3, 3), date(2026, 3, 16))
    office.hospital(date(2026, 3, 8), date(2026, 3, 11))
    lines, counted = lines_of(office)
    assert shown(lines) == [("S9500", (), 3, 8, 6), ("S9500", (), 11, 16, 6)]
    assert counted.charge == Decimal("1140.00")
    assert [(each.days, each.why) for each in counted.left_out] == [
        ((date(2026, 3, 9), date(2026, 3, 10)), "in hospital")
    ]


def test_a_change_of_dose_is_no_last_day_of_a_therapy_and_no_first(office):
    rules = replace(starter("commercial_100_50_0").rules, count_start_day=False, count_end_day=False,
                    rank_by=RankBy.START_DATE)  # fmt: skip
    add_rules(office.database, office.payer, rules, date(2026, 1, 1), office.biller)
    office.fee("S9500", "90")
    office.fee("S9501", "80")
    first = office.orders("ceftriaxone 2 g", date(2026, 2, 20), date(2026, 3, 10))
    second = office.orders("ceftriaxone 1 g", date(2026, 3, 11), date(2026, 3, 20), replaces_id=first)
    office.orders("ceftriaxone 2 g", date(2026, 3, 21), date(2026, 3, 25), replaces_id=second)
    office.orders("cefepime 2 g", date(2026, 3, 1), date(2026, 3, 31), interval_hours=12)
    lines, counted = lines_of(office)
    assert sorted(shown(lines)) == [
        ("S9500", (), 1, 10, 10),
        ("S9500", (), 11, 20, 10),
        ("S9500", (), 21, 24, 4),
        ("S9501", (), 25, 30, 6),
        ("S9501", ("SH",), 2, 24, 23),
    ], "the order that began first stays first through its changes"
    assert [(each.days, each.why) for each in counted.left_out] == [
        ((date(2026, 3, 1),), Reason.START_DAY.value),
        ((date(2026, 3, 25),), Reason.END_DAY.value),
        ((date(2026, 3, 31),), Reason.END_DAY.value),
    ]


def test_two_therapies_share_days_and_the_second_wears_sh_only_on_them(office):
    office.rules("commercial_100_50_0")
    office.fee("S9500", "90")
    office.fee("S9501", "80")
    office.orders("ceftriaxone 2 g", date(2026, 3, 1), date(2026, 3, 14))
    office.orders("cefepime 2 g", date(2026, 3, 8), date(2026, 3, 21), interval_hours=12)
    lines, counted = lines_of(office)
    assert sorted(shown(lines)) == [
        ("S9500", (), 1, 14, 14),
        ("S9501", (), 15, 21, 7),
        ("S9501", ("SH",), 8, 14, 7),
    ]
    assert counted.expected == Decimal("2100.00")


def test_an_authorization_that_ends_splits_the_line_and_counts_what_is_held(office):
    office.rules("commercial_weekly")
    office.fee("S9500", "95")
    office.orders("ceftriaxone 2 g", date(2026, 3, 1), date(2026, 3, 14))
    office.delivers(date(2026, 3, 1), date(2026, 3, 14))
    for number, units, first, last in (("AUTH1", 5, 1, 14), ("AUTH2", 20, 6, 31)):
        add_authorization(
            office.database,
            NewAuthorization(
                office.patient, office.payer, number, "S9500", date(2026, 3, first), date(2026, 3, last), units
            ),
            office.biller,
        )
    lines, _ = lines_of(office)
    assert [(int(line.units), line.authorization) for line in lines] == [
        (5, "AUTH1"),
        (7, "AUTH2"),
        (2, "AUTH2"),
    ]
    make_claim(office.database, office.patient, MARCH, office.biller)
    with office.database.reading() as session:
        uses = {use.allowed.number: use for use in authorizations(session, office.patient)}
    assert (uses["AUTH1"].held, uses["AUTH1"].left, uses["AUTH2"].held, uses["AUTH2"].left) == (5, 0, 9, 11)
    assert "used up" in uses["AUTH1"].warning() and uses["AUTH2"].warning() == ""


def test_a_therapy_no_code_describes_is_billed_with_s9379(office):
    office.rules()
    office.fee("S9379", "70")
    office.orders("rare drug", date(2026, 3, 1), date(2026, 3, 4), therapy_class=TherapyClass.OTHER)
    lines, counted = lines_of(office)
    assert shown(lines) == [("S9379", (), 1, 4, 4)]
    assert any("S9379" in note for note in counted.notes)


def test_drugs_are_billed_as_delivered_with_ndc_and_both_quantities(office):
    office.rules()
    office.fee("S9500", "95")
    office.fee("J0696", "1.50", "3.00")
    vial = office.item(
        "ceftriaxone 2 g vial", "J0696", hcpcs_units_per_unit=Decimal(8), ndc_quantity_per_unit=Decimal(1)
    )
    therapy = office.orders("ceftriaxone 2 g", date(2026, 3, 1), date(2026, 3, 7), drug_item_id=vial)
    office.delivers(date(2026, 3, 1), date(2026, 3, 7), {vial: 9}, therapy=therapy)
    (line,), _ = lines_of(office, LineKind.DRUG)
    assert (line.units, line.ndc, line.ndc_quantity, line.ndc_unit) == (72, "00781320985", 9, "UN")
    assert (line.charge, line.expected) == (Decimal("216.00"), Decimal("108.00"))
    with office.database.reading() as session:
        rules = rules_on(session, office.payer, date(2026, 3, 1)).rules
    administered = replace(rules, drug_quantity=DrugQuantity.ADMINISTERED)
    add_rules(office.database, office.payer, administered, date(2026, 2, 1), office.biller)
    (line,), _ = lines_of(office, LineKind.DRUG)
    assert line.units == 56


@pytest.mark.parametrize(("minutes", "further"), [(120, 0), (150, 0), (151, 1), (180, 1), (211, 2)])
def test_a_visit_counts_further_hours_from_thirty_one_minutes(office, minutes, further):
    office.rules()
    office.fee("99601", "150")
    office.fee("99602", "60")
    start = datetime(2026, 3, 5, 15, 0, tzinfo=UTC)
    ended = datetime.fromtimestamp(start.timestamp() + minutes * 60, UTC)
    add_visit(office.database, NewVisit(office.patient, start, ended, "R. Nurse"), office.biller)
    lines, _ = lines_of(office, LineKind.NURSING)
    assert [(line.code, int(line.units)) for line in lines] == [("99601", 1)] + [("99602", further)] * bool(further)


def test_the_same_month_run_twice_is_the_same_claim_and_a_changed_one_is_counted_anew(office):
    office.rules()
    office.fee("S9500", "95")
    therapy = office.orders("ceftriaxone 2 g", date(2026, 3, 3), date(2026, 3, 16))
    delivery = office.delivers(date(2026, 3, 3), date(2026, 3, 10))
    first = make_claim(office.database, office.patient, MARCH, office.biller)
    again = make_claim(office.database, office.patient, MARCH, office.biller)
    assert first == again
    with office.database.reading() as session:
        claim = session.get(Claim, first)
        line = session.scalars(select(ClaimLine)).one()
        evidence = json.loads(line.evidence)
    assert (claim.version, claim.charge, claim.diagnoses) == (1, Decimal("1330.00"), "L03115 Z452")
    assert [unit["delivery"] for unit in evidence["units"]] == [delivery] * 8 + [None] * 6
    assert {unit["therapy"] for unit in evidence["units"]} == {therapy}
    assert {unit["rules"] for unit in evidence["units"]} == {"Commercial, access days v1"}
    office.hospital(date(2026, 3, 8), date(2026, 3, 11))
    assert make_claim(office.database, office.patient, MARCH, office.biller) == first
    with office.database.reading() as session:
        claim = session.get(Claim, first)
    assert (claim.charge, claim.state) == (Decimal("1140.00"), ClaimState.DRAFT)


def test_a_rate_that_changes_in_the_month_is_priced_by_its_days(office):
    office.rules()
    office.fee("S9500", "95")
    office.fee("S9501", "10")
    from infusion_desktop.billing.terms.fees import NewFee, add_fee

    add_fee(
        office.database,
        office.payer,
        NewFee("S9500", Decimal(100), Decimal(100), date(2026, 3, 10)),
        office.biller,
    )
    office.orders("ceftriaxone 2 g", date(2026, 3, 3), date(2026, 3, 16))
    lines, _ = lines_of(office)
    assert [(int(line.units), line.rate) for line in lines] == [(7, Decimal("95.00")), (7, Decimal("100.00"))]


def test_nothing_to_bill_no_coverage_and_no_permission_are_refused(office, staff):
    office.rules()
    with pytest.raises(Refused, match="Nothing is to be billed"):
        make_claim(office.database, office.patient, MARCH, office.biller)
    with pytest.raises(Refused, match="No primary coverage"):
        make_claim(office.database, office.patient, Days(date(2025, 1, 1), date(2025, 1, 31)), office.biller)
    with pytest.raises(NotAllowed):
        make_claim(office.database, office.patient, MARCH, staff["technician"])


def test_two_billers_counting_the_same_month_at_once_make_one_claim(office):
    office.rules()
    office.fee("S9500", "95")
    office.orders("ceftriaxone 2 g", date(2026, 3, 3), date(2026, 3, 16))
    with ThreadPoolExecutor(4) as billers:
        jobs = [billers.submit(make_claim, office.database, office.patient, MARCH, office.biller) for _ in range(4)]
    assert len({job.result() for job in jobs}) == 1
    with office.database.reading() as session:
        assert len(session.scalars(select(Claim)).all()) == 1
