"""Medicare's ways in the pharmacy's books: waste recorded at the bench, pumps rented by the month, weekly supplies."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from service_office import noon
from sqlalchemy import select, update
from test_service_charging import MARCH, lines_of, shown

from infusion_desktop.access.audit import record
from infusion_desktop.access.roles import Role
from infusion_desktop.billing.claiming.checking import check
from infusion_desktop.billing.claiming.claim_files import for_file
from infusion_desktop.billing.claiming.work_queue import work
from infusion_desktop.billing.months.charging import make_claim
from infusion_desktop.billing.months.counting import count_month
from infusion_desktop.billing.months.elsewhere import FromElsewhere, add_elsewhere, elsewhere_of, take_back_elsewhere
from infusion_desktop.billing.months.visits import NewVisit, add_visit, correct_visit, take_back_visit
from infusion_desktop.billing.months.waste import record_waste, take_back_waste, waste_page
from infusion_desktop.billing.queries import claim_page
from infusion_desktop.billing.rules.rule_set import EquipmentBilling, Nutrition
from infusion_desktop.billing.rules.therapy import RateBasis
from infusion_desktop.billing.runs.month_run import run_month
from infusion_desktop.billing.tables import Claim
from infusion_desktop.billing.terms.contracts import add_rules, rules_on, starter
from infusion_desktop.billing.verify import problems
from infusion_desktop.billing.words import LineKind
from infusion_desktop.dates import Days, month_of
from infusion_desktop.equipment.custody import sell
from infusion_desktop.equipment.queries import board
from infusion_desktop.equipment.tables import Asset, AssetEvent
from infusion_desktop.equipment.words import AssetDeed, AssetId, AssetState
from infusion_desktop.errors import NotAllowed, Refused, Stale
from infusion_desktop.patients.tables import Coverage, Payer
from infusion_desktop.patients.words import PayerKind, Rank, Relation, Route, TherapyClass
from infusion_desktop.progress import run_to_end
from infusion_desktop.stock.tables import Location
from infusion_desktop.stock.words import BillingClass, Container, ItemKind, LocationKind


def vial(office, **more):
    values = {"hcpcs_units_per_unit": Decimal(8), "ndc_quantity_per_unit": Decimal(1)} | more
    return office.item("ceftriaxone 2 g vial", "J0696", **values)


def pump(office, first, last=None):
    """A pump that came into the home on a day, and left it on another."""
    item = office.item(
        f"pump of {office.patient}", "E0781", kind=ItemKind.PUMP, billing_class=BillingClass.PER_DIEM_INCLUDED, ndc=""
    )
    shelf = office._add(Location, code=f"SHELF-{item}", name="shelf", kind=LocationKind.BIN, version=1)
    asset = office._add(
        Asset, item_id=item, serial=f"S{item}", tag=f"P{item}", state=AssetState.WITH_PATIENT, location_id=office.home,
        version=1,
    )  # fmt: skip
    moves = [(AssetDeed.DELIVER, AssetState.IN_TRANSIT, AssetState.WITH_PATIENT, shelf, office.home, first)]
    if last is not None:
        moves.append((AssetDeed.TAKE_BACK, AssetState.WITH_PATIENT, AssetState.RETURNED, office.home, shelf, last))
    for deed, was, now, source, target, day in moves:
        office._add(
            AssetEvent, asset_id=asset, deed=deed, from_state=was, to_state=now, from_location_id=source,
            to_location_id=target, effective_at=noon(day), recorded_at=noon(day), staff_id=office.biller,
        )  # fmt: skip
    return asset


def test_waste_recorded_at_the_bench_is_billed_with_jw_and_can_be_taken_back(office, staff):
    office.rules("medicare_dme")
    office.fee("J0696", "1.50", "3.00")
    item = vial(office)
    therapy = office.orders("ceftriaxone 1.4 g", date(2026, 3, 1), date(2026, 3, 7), drug_item_id=item)
    delivery = office.delivers(date(2026, 3, 1), date(2026, 3, 7), {item: 7}, therapy=therapy)
    drugs, _ = lines_of(office, LineKind.DRUG)
    assert [(line.modifiers, line.units) for line in drugs] == [(("JZ",), 56)], "nothing was recorded"
    bench = staff[Role.TECHNICIAN]
    waste = record_waste(office.database, delivery, item, Decimal("2.1"), "0.3 of each of 7 vials", bench)
    drugs, _ = lines_of(office, LineKind.DRUG)
    assert [(line.modifiers, line.units, line.ndc_quantity) for line in drugs] == [
        ((), 40, Decimal("4.9")),
        (("JW",), 16, Decimal("2.1")),
    ]
    assert sum(line.units for line in drugs) == 56
    assert "thrown away" in drugs[0].sentences[0]
    with office.database.reading() as session:
        (drug,) = waste_page(session, delivery).drugs
    assert (drug.sent, drug.discarded, drug.billing_units) == (7, Decimal("2.1"), 16)
    with pytest.raises(Refused, match="cannot be thrown away"):
        record_waste(office.database, delivery, item, Decimal(5), "too much", bench)
    with pytest.raises(Refused, match="no such drug"):
        record_waste(office.database, delivery, item + 1, Decimal(1), "another drug", bench)
    with pytest.raises(NotAllowed):
        record_waste(office.database, delivery, item, Decimal(1), "by the biller", office.biller)
    take_back_waste(office.database, waste, "another delivery", bench)
    with pytest.raises(Refused, match="taken back already"):
        take_back_waste(office.database, waste, "twice", bench)
    drugs, _ = lines_of(office, LineKind.DRUG)
    assert [line.modifiers for line in drugs] == [("JZ",)]


def test_a_pump_is_a_capped_rental_with_weekly_supplies(office):
    office.rules("medicare_dme")
    office.fee("E0781", "250.00", "400.00", category="CR")
    office.fee("A4221", "24.00", "40.00")
    office.fee("J0696", "1.50", "3.00")
    item = vial(office)
    therapy = office.orders("ceftriaxone 2 g", date(2025, 12, 10), None, drug_item_id=item)
    pump(office, date(2025, 12, 10))
    office.delivers(date(2026, 3, 1), date(2026, 3, 31), {item: 31}, therapy=therapy)
    lines, counted = lines_of(office)
    rents = [line for line in lines if line.code == "E0781"]
    assert [(line.modifiers, line.days.first, line.rate, line.charge) for line in rents] == [
        (("RR", "KJ", "KX"), date(2026, 3, 10), Decimal("187.50"), Decimal("300.00"))
    ], "the fourth month, at three quarters of the rent"
    (weekly,) = [line for line in lines if line.code == "A4221"]
    assert (weekly.units, weekly.modifiers, len(weekly.evidence)) == (4, ("KX",), 4)
    assert not any("no category" in note for note in counted.notes)
    claim = make_claim(office.database, office.patient, MARCH, office.biller)
    found = {each.code for each in check(office.database, claim, office.biller, on=date(2026, 4, 2))}
    assert not {"SERVICE_DATE", "NO_PUMP", "RENTAL_MONTH", "THREE_PARTS", "WASTE"} & found
    with office.database.reading() as session:
        assert problems(session) == ()


@pytest.mark.parametrize(("counts", "modifier", "day"), [(False, "KH", 10), (True, "KJ", 5)])
def test_medicare_after_another_payer_begins_a_rental_period_unless_its_rules_count_on(office, counts, modifier, day):
    """The pump came on December 5; Medicare pays from March 10 on, and until then another payer did."""
    rules = replace(starter("medicare_dme").rules, rental_counts_other_payers=counts)
    add_rules(office.database, office.payer, rules, date(2026, 1, 1), office.biller)
    office.fee("E0781", "250.00", "400.00", category="CR")
    office.orders("milrinone", date(2025, 12, 5), None)
    pump(office, date(2025, 12, 5))
    before = office._add(Payer, name="Before Health", payer_code="", kind=PayerKind.COMMERCIAL, version=1)
    with office.database.transaction() as session:
        session.execute(update(Coverage).values(starts_on=date(2026, 3, 10)))
        record(session, office.biller, "set up", "test", 0)
    office._add(
        Coverage, patient_id=office.patient, payer_id=before, rank=Rank.PRIMARY, member_id="B1",
        relation=Relation.SELF, starts_on=date(2025, 1, 1), ends_on=date(2026, 3, 9), version=1,
    )  # fmt: skip
    months = (MARCH, month_of(date(2026, 4, 1)))
    with office.database.reading() as session:
        medicare = session.scalars(select(Coverage.id).where(Coverage.payer_id == office.payer)).one()
        counted = [count_month(session, office.patient, month, medicare) for month in months]
    rented = [line for month in counted for line in month.lines if line.code == "E0781"]
    assert (rented[0].days.first.day, rented[0].modifiers[1]) == (day, modifier)
    assert any("new rental period" in note for note in counted[0].notes) is not counts


def test_a_stay_on_the_day_a_rent_is_due_stops_no_claim(office):
    office.rules("medicare_dme")
    office.fee("E0781", "250.00", "400.00", category="CR")
    office.fee("A4221", "24.00", "40.00")
    office.orders("milrinone", date(2025, 12, 10), None)
    pump(office, date(2025, 12, 10))
    office.hospital(date(2026, 3, 9), date(2026, 3, 12))
    lines, _ = lines_of(office)
    [rent] = [line for line in lines if line.code == "E0781"]
    assert (rent.days.first, rent.modifiers) == (date(2026, 3, 12), ("RR", "KJ", "KX"))
    begun = [each.days[0].day for line in lines if line.code == "A4221" for each in line.evidence]
    assert begun == [4, 12, 18, 25], "the week of March 11 began in hospital, and goes on at home"
    claim = make_claim(office.database, office.patient, MARCH, office.biller)
    assert "INPATIENT" not in {each.code for each in check(office.database, claim, office.biller, on=date(2026, 4, 2))}


def test_the_weeks_of_supplies_go_on_through_a_change_of_dose_and_into_another_therapy(office):
    office.rules("medicare_dme")
    office.fee("A4221", "24.00", "40.00")
    first = office.orders("milrinone", date(2025, 12, 10), date(2026, 3, 12))
    office.orders("milrinone, more", date(2026, 3, 13), date(2026, 3, 20), replaces_id=first)
    office.orders("dobutamine", date(2026, 3, 18), None)
    pump(office, date(2025, 12, 10))
    lines, _ = lines_of(office)
    weekly = [line for line in lines if line.code == "A4221"]
    begun = [day.day for line in weekly for each in line.evidence for day in each.days]
    assert begun == [4, 11, 18, 25], "a week that an order before counted is not counted again"


def test_a_pump_without_a_category_is_told_and_a_drug_without_a_pump_too(office):
    office.rules("medicare_dme")
    office.fee("E0781", "250.00")
    office.fee("J0696", "1.50")
    item = vial(office)
    therapy = office.orders("ceftriaxone 2 g", date(2026, 3, 1), None, drug_item_id=item)
    office.delivers(date(2026, 3, 1), date(2026, 3, 31), {item: 31}, therapy=therapy)
    claim = make_claim(office.database, office.patient, MARCH, office.biller)
    assert "NO_PUMP" in {each.code for each in check(office.database, claim, office.biller, on=date(2026, 4, 2))}
    pump(office, date(2026, 3, 2), date(2026, 3, 20))
    lines, counted = lines_of(office)
    assert [line.modifiers for line in lines if line.code == "E0781"] == [("RR", "KX")]
    assert any("names no category for E0781" in note for note in counted.notes)


@pytest.mark.parametrize(("last", "wears"), [(date(2026, 3, 31), "JK"), (date(2026, 5, 30), "JL")])
def test_insulin_for_a_pump_says_for_how_long_and_neither_jw_nor_jb(office, last, wears):
    office.rules("medicare_dme")
    office.fee("J1817", "6.00", "9.00")
    item = office.item("insulin 10 mL vial", "J1817", hcpcs_units_per_unit=Decimal(20))
    therapy = office.orders(
        "insulin", date(2026, 3, 1), None, drug_item_id=item, route=Route.SUBCUTANEOUS,
        therapy_class=TherapyClass.INSULIN,
    )  # fmt: skip
    office.delivers(date(2026, 3, 1), last, {item: 3}, therapy=therapy)
    (line,), _ = lines_of(office, LineKind.DRUG)
    assert (line.modifiers, line.units) == ((wears, "KX"), 60)
    claim = make_claim(office.database, office.patient, MARCH, office.biller)
    assert "WASTE" not in {each.code for each in check(office.database, claim, office.biller, on=date(2026, 4, 2))}


def test_how_a_drug_comes_and_the_payers_modifiers_are_the_billers_to_say(office):
    office.rules("medicare_dme")
    office.fee("J1817", "6.00", "9.00")
    office.fee("J0696", "1.50", "3.00")
    insulin = office.item("insulin pen", "J1817", container=Container.SINGLE_DOSE)
    several = vial(office, container=Container.MULTI_DOSE)
    office.delivers(date(2026, 3, 1), date(2026, 3, 20), {insulin: 3, several: 2})
    worn = {line.code: line.modifiers for line in lines_of(office, LineKind.DRUG)[0]}
    assert worn == {"J1817": ("JK", "KX", "JZ"), "J0696": ()}
    claim = make_claim(office.database, office.patient, MARCH, office.biller)
    assert "WASTE" not in {each.code for each in check(office.database, claim, office.biller, on=date(2026, 4, 2))}
    with office.database.reading() as session:
        rules = rules_on(session, office.payer, date(2026, 3, 1)).rules
    own = replace(rules, supply_month_days=15, no_waste_modifier="", medical_policy_modifier="")
    add_rules(office.database, office.payer, own, date(2026, 2, 1), office.biller)
    lines, _ = lines_of(office, LineKind.DRUG)
    assert {line.code: line.modifiers for line in lines} == {"J1817": ("JL",), "J0696": ()}
    assert any("a supply of 20 days" in line.sentences[0] for line in lines)
    add_rules(office.database, office.payer, replace(own, supply_modifiers=()), date(2026, 2, 2), office.biller)
    assert {line.modifiers for line in lines_of(office, LineKind.DRUG)[0]} == {()}


def test_a_syringe_for_the_pump_is_not_paid_beside_a_drug_that_comes_in_one(office):
    office.rules("medicare_dme")
    office.fee("K0552", "3.00")
    office.fee("J0696", "1.50")
    more = {"kind": ItemKind.NEEDLE, "billing_class": BillingClass.SEPARATELY_BILLABLE, "ndc": ""}
    syringe, filled = office.item("pump syringe", "K0552", **more), vial(office, container=Container.PREFILLED)
    therapy = office.orders("ceftriaxone", date(2026, 3, 1), None, drug_item_id=filled)
    office.delivers(date(2026, 3, 1), date(2026, 3, 14), {syringe: 14, filled: 14}, therapy=therapy)
    lines, counted = lines_of(office)
    assert [line.code for line in lines] == ["J0696"]
    assert any("K0552 of delivery D000001 is not billed: the drug comes prefilled" in each for each in counted.notes)
    # Another drug of the therapy is drawn up by us: the syringe may be for that one, and a biller looks.
    drawn_up = office.item("drawn up", "J0696", hcpcs_units_per_unit=Decimal(8))
    office.delivers(date(2026, 3, 8), date(2026, 3, 14), {drawn_up: 7}, therapy=therapy)
    claim = make_claim(office.database, office.patient, MARCH, office.biller)
    [told] = [each for each in check(office.database, claim, office.biller, on=date(2026, 4, 2))
              if each.code == "PREFILLED"]  # fmt: skip
    assert not told.stops and "(K0552) pays for a syringe, and Line" in told.sentence
    with office.database.reading() as session:
        [row] = [each for each in work(session, date(2026, 4, 2)) if each.code == "PREFILLED"]
    assert (row.fix.kind, row.fix.record) == ("item", syringe)


def test_a_pole_that_is_delivered_to_keep_is_bought_and_one_of_a_plain_payer_is_not_told_so(office):
    office.rules("medicare_dme")
    office.fee("E0776", "12.00", "20.00", modifiers=("RR",))
    office.fee("E0776", "90.00", "140.00", modifiers=("NU",))
    more = {"billing_class": BillingClass.SEPARATELY_BILLABLE, "ndc": "", "kind": ItemKind.POLE}
    pole = office.item("folding pole", "E0776", **more)
    needle = office.item("tubing", "A4222", **{**more, "kind": ItemKind.TUBING})
    therapy = office.orders(
        "nutrition", date(2026, 3, 1), None, therapy_class=TherapyClass.PARENTERAL_NUTRITION,
        volume_ml_per_day=2000,
    )  # fmt: skip
    office.delivers(date(2026, 3, 1), date(2026, 3, 31), {pole: 1, needle: 4}, therapy=therapy)
    lines, _ = lines_of(office, LineKind.SUPPLY)
    sold = {line.code: (line.modifiers, line.rate, line.charge) for line in lines}
    assert sold["E0776"] == (("NU", "BA"), Decimal("90.00"), Decimal("140.00")) and sold["A4222"][0] == ()
    plain = replace(starter("medicaid_supply_codes").rules, equipment=EquipmentBilling.INCLUDED)
    add_rules(office.database, office.payer, plain, date(2026, 2, 1), office.biller)
    lines, _ = lines_of(office, LineKind.SUPPLY)
    assert {line.modifiers for line in lines} == {()}


def test_a_visit_is_a_home_infusion_service_paid_once(office):
    office.rules("medicare_infusion_services")
    office.fee("G0088", "230.00", "300.00")
    office.fee("G0069", "250.00", "320.00")
    therapy = office.orders(
        "immune globulin", date(2026, 3, 1), None, therapy_class=TherapyClass.IMMUNE_GLOBULIN, route=Route.SUBCUTANEOUS
    )
    office.delivers(date(2026, 3, 1), date(2026, 3, 31), {vial(office): 4}, therapy=therapy)
    for day in (3, 17):
        begun = noon(date(2026, 3, day))
        ended = begun.replace(hour=13, minute=30)
        which = None if day == 3 else therapy
        add_visit(office.database, NewVisit(office.patient, begun, ended, "R. Nurse", which), office.biller)
    lines, _ = lines_of(office)
    assert [(line.code, int(line.units), line.expected, line.charge) for line in lines] == [
        ("G0089", 6, 0, 0),
        ("G0069", 6, Decimal("250.00"), Decimal("320.00")),
    ], "only services are billed; the first one has no price yet"
    assert shown(lines)[0][2] == 3


def test_a_visit_is_put_right_or_taken_back_and_immune_globulin_by_vein_has_a_code_of_its_own(office):
    office.rules("medicare_dme")
    office.fee("Q2052", "420.48", "500.00")
    therapy = office.orders("immune globulin", date(2026, 3, 1), None, therapy_class=TherapyClass.IMMUNE_GLOBULIN)
    office.delivers(date(2026, 3, 1), date(2026, 3, 31), therapy=therapy)
    begun = noon(date(2026, 3, 3))
    visit = NewVisit(office.patient, begun, begun.replace(hour=22), "R. Nurse", therapy)
    kept = add_visit(office.database, visit, office.biller)
    add_visit(office.database, replace(visit, started_at=noon(date(2026, 3, 4)).replace(hour=9),
                                       ended_at=noon(date(2026, 3, 4))), office.biller)  # fmt: skip
    right = replace(visit, ended_at=begun.replace(hour=15))
    correct_visit(office.database, kept, right, 1, office.biller)
    with pytest.raises(Stale):
        correct_visit(office.database, kept, visit, 1, office.biller)
    lines, _ = lines_of(office, LineKind.NURSING)
    assert [(line.code, int(line.units), line.expected) for line in lines] == [
        ("Q2052", 12, Decimal("420.48")),
        ("Q2052", 12, Decimal("420.48")),
    ]
    with pytest.raises(Refused, match="Say why"):
        take_back_visit(office.database, kept, " ", 2, office.biller)
    take_back_visit(office.database, kept, "another patient's", 2, office.biller)
    with pytest.raises(Refused, match="not known"):
        take_back_visit(office.database, kept, "twice", 3, office.biller)
    lines, _ = lines_of(office, LineKind.NURSING)
    assert [line.days.first for line in lines] == [date(2026, 3, 4)]


def test_compounded_drugs_of_one_therapy_share_a_prescription_number(office):
    office.rules()
    office.fee("S9500", "95")
    office.fee("J0696", "1.50")
    office.fee("J7030", "2.00")
    item = vial(office)
    bag = office.item("sodium chloride 1000 ml", "J7030", ndc="00409798309", ndc_unit="ML",
                      ndc_quantity_per_unit=Decimal(1000), hcpcs_units_per_unit=Decimal(1))  # fmt: skip
    therapy = office.orders("ceftriaxone 2 g", date(2026, 3, 1), date(2026, 3, 7), drug_item_id=item)
    office.delivers(date(2026, 3, 1), date(2026, 3, 7), {item: 7, bag: 7}, therapy=therapy)
    claim = make_claim(office.database, office.patient, MARCH, office.biller)
    with office.database.reading() as session:
        written = for_file(session, session.get_one(Claim, claim))
    ties = {line.drug.prescription for line in written.lines if line.drug is not None}
    assert len(ties) == 1 and sum(line.drug is not None for line in written.lines) == 2


def test_nutrition_solution_is_inside_the_per_diem_or_has_b_codes_of_its_own(office):
    office.rules()
    office.fee("S9366", "210")
    office.fee("B4189", "160", basis=RateBasis.PER_DISPENSE)
    bag = office.item("premix 2 l", "B4189", billing_class=BillingClass.PER_DIEM_INCLUDED, ndc="")
    therapy = office.orders(
        "nutrition", date(2026, 3, 1), date(2026, 3, 7), therapy_class=TherapyClass.PARENTERAL_NUTRITION,
        volume_ml_per_day=2000,
    )  # fmt: skip
    office.delivers(date(2026, 3, 1), date(2026, 3, 7), {bag: 7}, therapy=therapy)
    assert [line.code for line in lines_of(office)[0]] == ["S9366"]
    with office.database.reading() as session:
        rules = rules_on(session, office.payer, date(2026, 3, 1)).rules
    apart = replace(rules, nutrition_solution=Nutrition.B_CODES)
    add_rules(office.database, office.payer, apart, date(2026, 3, 1), office.biller)
    lines, _ = lines_of(office)
    assert [(line.code, int(line.units), line.expected) for line in lines] == [
        ("S9366", 7, Decimal("1470.00")),
        ("B4189", 7, Decimal("1120.00")),
    ]


def test_a_pump_of_the_register_is_sold_to_the_patient_and_billed_as_a_purchase(office, staff):
    office.rules("medicare_dme")
    office.fee("E0781", "250.00", "400.00", category="CR")
    item = vial(office)
    therapy = office.orders("ceftriaxone 2 g", date(2025, 12, 10), None, drug_item_id=item)
    pump(office, date(2025, 12, 10))
    office.delivers(date(2026, 3, 1), date(2026, 3, 14), {item: 14}, therapy=therapy)
    office.delivers(date(2026, 3, 15), date(2026, 3, 31), {item: 17}, therapy=therapy)
    database, asset, at = office.database, AssetId(1), noon(date(2026, 3, 8))
    with pytest.raises(Refused, match="Say why"):
        sell(database, asset, " ", staff[Role.PHARMACIST], at)
    with pytest.raises(NotAllowed):
        sell(database, asset, "order 12", staff[Role.TECHNICIAN], at)
    sell(database, asset, "the patient chose to buy it, order 12", staff[Role.PHARMACIST], at)
    with pytest.raises(Refused, match="left the pharmacy for good"):
        sell(database, asset, "twice", staff[Role.PHARMACIST])
    with database.reading() as session:
        assert asset not in [row.id for row in board(session, MARCH.last)]
    [line] = [each for each in lines_of(office)[0] if each.code == "E0781"]
    assert (line.modifiers, line.days.first, line.priced) == (("NU", "KX"), date(2026, 3, 8), False)
    office.fee("E0781", "2500.00", "3100.00", modifiers=("NU",))
    [line] = [each for each in lines_of(office)[0] if each.code == "E0781"]
    assert (line.rate, line.charge, line.description) == (Decimal(2500), Decimal(3100), "Purchase")
    claim = make_claim(database, office.patient, MARCH, office.biller)
    with database.reading() as session:
        kept = session.get_one(Claim, claim)
        assert for_file(session, kept).note == "E0781 BENEFICIARY OWNED 03/08/2026"
        lines = claim_page(session, claim).lines
    said = ["The pump is the patient's own" in line.sentences[-1] for line in lines if line.code == "J0696"]
    assert said == [False, True], "not of the drug that came while it was rented"


def test_a_pump_that_came_before_its_therapy_is_rented_from_the_first_day_of_it(office):
    office.rules("medicare_dme")
    office.fee("E0781", "250.00", "400.00", category="CR")
    office.orders("ceftriaxone 2 g", date(2026, 3, 5), None)
    pump(office, date(2026, 3, 4))
    [line] = [each for each in lines_of(office)[0] if each.code == "E0781"]
    assert (line.modifiers, line.days.first) == (("RR", "KH", "KX"), date(2026, 3, 5))


def test_a_pump_that_came_before_a_hospital_stay_ended_in_the_next_month_is_rented_once(office):
    office.rules("medicare_dme")
    office.fee("E0781", "250.00", "400.00", category="CR")
    office.orders("milrinone", date(2026, 2, 1), None)
    office.hospital(date(2026, 2, 20), date(2026, 3, 2))
    pump(office, date(2026, 2, 28))
    begun = []
    for month in (Days(date(2026, 2, 1), date(2026, 2, 28)), MARCH):
        with office.database.reading() as session:
            lines = count_month(session, office.patient, month).lines
        begun += [(line.days.first, line.modifiers) for line in lines if line.code == "E0781"]
    assert begun == [(date(2026, 3, 2), ("RR", "KH", "KX"))]


def test_months_paid_elsewhere_and_a_pump_brought_along_are_entered_and_taken_back(office, staff):
    office.rules("medicare_dme")
    office.fee("E0781", "250.00", "400.00", category="CR")
    office.fee("A4221", "24.00", "40.00")
    office.fee("J0696", "1.50", "3.00")
    item = vial(office)
    therapy = office.orders("ceftriaxone 2 g", date(2026, 3, 1), None, drug_item_id=item)
    office.delivers(date(2026, 3, 1), date(2026, 3, 31), {item: 31}, therapy=therapy)
    had = FromElsewhere("e0781", 3, date(2026, 3, 4), "Valley Infusion")
    with pytest.raises(NotAllowed):
        add_elsewhere(office.database, office.patient, had, staff[Role.TECHNICIAN])
    with pytest.raises(Refused, match="no code of a pump"):
        add_elsewhere(office.database, office.patient, replace(had, code="J0696"), office.biller)
    before = add_elsewhere(office.database, office.patient, had, office.biller)
    pump(office, date(2026, 3, 1))
    (rent,) = [line for line in lines_of(office)[0] if line.code == "E0781"]
    assert (rent.days.first, rent.modifiers) == (date(2026, 3, 5), ("RR", "KJ", "KX"))
    with pytest.raises(Refused, match="Say why"):
        take_back_elsewhere(office.database, before, " ", 1, office.biller)
    take_back_elsewhere(office.database, before, "another patient's", 1, office.biller)
    assert [line.modifiers[1] for line in lines_of(office)[0] if line.code == "E0781"] == ["KH"]
    # Another patient brought a pump along: its supplies and drug are billed, the claim says whose it is, no rent.
    office.next_patient("Medicare, another region")
    office.rules("medicare_dme")
    for code in ("A4221", "J0696"):
        office.fee(code, "20.00", "40.00")
    therapy = office.orders("ceftriaxone 2 g", date(2026, 3, 1), None, drug_item_id=item)
    office.delivers(date(2026, 3, 1), date(2026, 3, 31), {item: 31}, therapy=therapy)
    own = FromElsewhere("E0781", 0, date(2024, 5, 1))
    add_elsewhere(office.database, office.patient, own, office.biller)
    lines, _ = lines_of(office)
    assert sorted({line.code for line in lines}) == ["A4221", "J0696"]
    assert {line.note for line in lines if line.code == "J0696"} == {"E0781 BENEFICIARY OWNED 05/01/2024"}
    with office.database.reading() as session:
        assert [each.had for each in elsewhere_of(session, office.patient)] == [own]


def test_tubes_beyond_three_months_number_are_told_by_the_run_and_by_the_check(office):
    """Three nasogastric tubes in three months: one in January and two in March; two more in April are too many."""
    office.rules("medicare_dme")
    tubes = []
    for code in ("B4081", "B4082"):
        office.fee(code, "20.00", "40.00")
        tubes.append(
            office.item(
                f"tube {code}", code, kind=ItemKind.OTHER, billing_class=BillingClass.SEPARATELY_BILLABLE, ndc=""
            )
        )
    with office.database.transaction() as session:
        session.execute(update(Payer).values(kind=PayerKind.MEDICARE_B))
        record(session, office.biller, "set up", "test")
    therapy = office.orders(
        "formula", date(2026, 1, 10), None, therapy_class=TherapyClass.ENTERAL_NUTRITION, route=Route.ENTERAL
    )

    def billed(day, goods):
        office.delivers(day, day + timedelta(27), goods, therapy=therapy)
        run = run_to_end(run_month(office.database, month_of(day), office.biller, send=False, on=date(2026, 5, 1)))
        (claim,) = run.claims
        with office.database.reading() as session:
            by_run = {each.code for each in claim_page(session, claim).findings}
        by_check = {each.code for each in check(office.database, claim, office.biller, on=date(2026, 5, 1))}
        assert ("OVER_MONTHS" in by_run) == ("OVER_MONTHS" in by_check)
        return "OVER_MONTHS" in by_check

    assert not billed(date(2026, 1, 20), {tubes[0]: 1})
    assert not billed(date(2026, 3, 2), {tubes[0]: 1, tubes[1]: 1}), "three in three months"
    assert billed(date(2026, 4, 15), {tubes[1]: 2}), "with January and March more than three"
    with office.database.reading() as session:
        sentences = [each.sentence for each in claim_page(session, 3).findings if each.code == "OVER_MONTHS"]
    assert len(sentences) == 1 and "5 tubes of this kind in 3 months" in sentences[0], "January 20 to April 15"
