"""A contract changes: its effect is seen on a real month before it is kept, price files are previewed, it ends."""

import io
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_service_charging import MARCH, lines_of
from test_service_claims import complete_month

from infusion_desktop.billing.claiming.checking import check
from infusion_desktop.billing.claiming.claims import write_file
from infusion_desktop.billing.months.charging import make_claim
from infusion_desktop.billing.months.rule_effects import effect_of_fees, effect_of_rules
from infusion_desktop.billing.rules.rule_set import DayBasis, RuleSet
from infusion_desktop.billing.rules.rule_set_data import from_data, kinds_of_rules, to_data
from infusion_desktop.billing.rules.rule_words import GROUPS, difference, value_words
from infusion_desktop.billing.rules.therapy import RateBasis
from infusion_desktop.billing.tables import Fee, PayerRules
from infusion_desktop.billing.terms.authorizations import NewAuthorization, add_authorization
from infusion_desktop.billing.terms.contracts import add_rules, end_contract, rule_versions, rules_on
from infusion_desktop.billing.terms.fee_files import (
    Change,
    Layout,
    Place,
    compare,
    import_fee_file,
    read_fee_file,
    states_in,
)
from infusion_desktop.billing.terms.fees import NewFee, add_fee, add_fees, end_fee, fee_schedule, fees, take_back_fee
from infusion_desktop.errors import NotAllowed, Refused, Stale
from infusion_desktop.progress import run_to_end

CMS = """"DMEPOS Fee Schedule",,,,,,,,,,,
"January 2026 release",,,,,,,,,,,
HCPCS,Mod,Mod2,JURIS,CATG,Ceiling,Floor,AL (NR),AL (R),OR (NR),OR (R),Description
E0781,RR,,D,CR,0.00,0.00,240.10,260.20,251.33,270.00,Ambulatory infusion pump
A4222,,,D,SU,0.00,0.00,44.10,44.10,44.19,48.00,Infusion supplies with pump
E0776,NU,,D,IN,0.00,0.00,100.00,100.00,0.00,0.00,IV pole
"""


def rows_of(office, table):
    with office.database.reading() as session:
        return session.query(table).count()


def test_every_rule_has_words_and_every_choice_reads():
    keys = [each.key for group in GROUPS for each in group.rules]
    assert sorted(keys) == sorted(set(kinds_of_rules()) - {"name", "version"}), "each rule stands once in the form"
    for key in keys:
        assert value_words(getattr(RuleSet(), key))
    changed = replace(RuleSet(), day_basis=DayBasis.INFUSION_DAY, rank_percent=(Decimal(100), Decimal(50)))
    assert len(difference(RuleSet(), changed)) == 2
    assert from_data(to_data(changed)) == changed


def test_the_effect_of_new_rules_is_shown_on_a_real_month_and_nothing_is_kept(office, staff):
    office.rules()
    office.fee("S9500", "90")
    office.orders("ceftriaxone 2 g", date(2026, 3, 1), date(2026, 3, 10), interval_hours=48)
    office.orders("cefepime 2 g", date(2026, 3, 11), date(2026, 3, 14))
    before = rows_of(office, PayerRules)
    rules = replace(rules_of(office), day_basis=DayBasis.INFUSION_DAY)
    effect = run_to_end(effect_of_rules(office.database, office.payer, rules, date(2026, 3, 5), MARCH, office.biller))
    assert (effect.patients, effect.changed_patients) == (1, 1)
    counted, _ = lines_of(office)
    assert effect.before == sum(line.expected for line in counted)
    add_rules(office.database, office.payer, rules, date(2026, 3, 5), office.biller)
    counted, _ = lines_of(office)
    assert effect.after == sum(line.expected for line in counted), "what was shown is what then happens"
    assert before + 1 == rows_of(office, PayerRules)
    with pytest.raises(NotAllowed):
        run_to_end(effect_of_rules(office.database, office.payer, rules, date(2026, 3, 5), MARCH, staff["technician"]))


def rules_of(office):
    with office.database.reading() as session:
        return rules_on(session, office.payer, date(2026, 3, 1)).rules


def test_the_effect_of_new_prices_is_that_of_taking_them_in(office):
    office.rules()
    office.fee("S9500", "90")
    office.orders("ceftriaxone 2 g", date(2026, 3, 1), date(2026, 3, 10))
    new = (NewFee("S9500", Decimal(100), Decimal(160), date(2026, 3, 6)),)
    effect = run_to_end(effect_of_fees(office.database, office.payer, new, MARCH, office.biller))
    assert (effect.before, effect.after) == (Decimal("900.00"), Decimal("950.00"))
    assert [(row.code, row.units_before, row.units_after) for row in effect.lines if row.is_changed]
    assert rows_of(office, Fee) == 1
    with office.database.transaction() as session:
        add_fees(session, office.payer, new)
        from infusion_desktop.access.audit import record

        record(session, office.biller, "set up", "test", 1)
    assert sum(line.expected for line in lines_of(office)[0]) == effect.after
    with office.database.reading() as session:
        kept = [(each.fee.rate, each.fee.ends_on) for each in fees(session, office.payer)]
    assert sorted(kept, key=str) == [(Decimal("100.0000"), None), (Decimal("90.0000"), date(2026, 3, 5))]


def test_units_that_the_months_own_claim_holds_do_not_make_its_effect_smaller(office):
    office.rules("commercial_weekly")
    office.fee("S9500", "90")
    office.orders("ceftriaxone 2 g", date(2026, 3, 1), date(2026, 3, 10))
    new = NewAuthorization(office.patient, office.payer, "AUTH1", "S9500", date(2026, 3, 1), date(2026, 3, 31), 10)
    add_authorization(office.database, new, office.biller)
    make_claim(office.database, office.patient, MARCH, office.biller)
    price = (NewFee("S9500", Decimal(100), Decimal(160), date(2026, 3, 1)),)
    effect = run_to_end(effect_of_fees(office.database, office.payer, price, MARCH, office.biller))
    assert (effect.before, effect.after, effect.problems) == (Decimal("900.00"), Decimal("1000.00"), ())


def test_a_version_is_taken_back_until_a_claim_left_by_it(office):
    complete_month(office)
    wrong = replace(rules_of(office), filing_days=5)
    add_rules(office.database, office.payer, wrong, date(2026, 3, 1), office.biller)
    add_rules(office.database, office.payer, replace(wrong, filing_days=365), date(2026, 3, 1), office.biller)
    assert rules_of(office).filing_days == 365
    with office.database.reading() as session:
        found = [(each.rules.version, each.starts_on, each.ends_on) for each in rule_versions(session, office.payer)]
    assert found == [
        (3, date(2026, 3, 1), None),
        (2, date(2026, 3, 1), date(2026, 2, 28)),
        (1, date(2026, 1, 1), date(2026, 2, 28)),
    ]
    with pytest.raises(Stale, match="Somebody else changed"):
        add_rules(office.database, office.payer, wrong, date(2026, 5, 1), office.biller, seen=2)
    claim = make_claim(office.database, office.patient, MARCH, office.biller)
    check(office.database, claim, office.biller, on=date(2026, 4, 2))
    write_file(office.database, [claim], office.biller)
    with pytest.raises(Refused, match="claims that left were counted"):
        add_rules(office.database, office.payer, wrong, date(2026, 3, 1), office.biller)
    add_rules(office.database, office.payer, wrong, date(2026, 4, 1), office.biller)


def test_a_contract_ends_with_its_prices_and_can_begin_again(office):
    office.rules()
    office.fee("S9500", "90")
    office.orders("ceftriaxone 2 g", date(2026, 3, 1), date(2026, 3, 10))
    with pytest.raises(Refused, match="Say why"):
        end_contract(office.database, office.payer, date(2026, 3, 5), office.biller, "")
    with pytest.raises(Refused, match="no rules in force"):
        end_contract(office.database, office.payer, date(2025, 3, 5), office.biller, "not renewed")
    assert end_contract(office.database, office.payer, date(2026, 3, 5), office.biller, "not renewed") == 1
    with pytest.raises(Refused, match="has no rules for all of"):
        lines_of(office)
    add_rules(office.database, office.payer, RuleSet(name="Renewed"), date(2026, 3, 8), office.biller)
    with office.database.reading() as session:
        found = [(each.starts_on, each.ends_on) for each in rule_versions(session, office.payer)]
    assert found == [(date(2026, 3, 8), None), (date(2026, 1, 1), date(2026, 3, 5))], "the gap stays a gap"


def test_the_cms_fee_schedule_is_read_by_state_with_its_categories(office):
    content = CMS.encode()
    assert states_in(content, "dme.csv") == ("AL", "OR")
    with pytest.raises(Refused, match="choose the state"):
        read_fee_file(content, "dme.csv")
    file = read_fee_file(content, "dme.csv", starts_on=date(2026, 1, 1), place=Place("OR"))
    assert (file.layout, file.skipped, file.problems) == (Layout.CMS, 1, ())
    assert [(each.line, each.fee.code, each.fee.modifiers, each.fee.rate, each.fee.category) for each in file.fees] == [
        (4, "E0781", ("RR",), Decimal("251.33"), "CR"),
        (5, "A4222", (), Decimal("44.19"), "SU"),
    ]
    assert read_fee_file(content, "dme.csv", starts_on=date(2026, 1, 1), place=Place("OR", rural=True)).fees[
        0
    ].fee.rate == Decimal("270.00")
    with pytest.raises(Refused, match="no column WA"):
        read_fee_file(content, "dme.csv", starts_on=date(2026, 1, 1), place=Place("WA"))
    assert import_fee_file(office.database, office.payer, file, office.biller) == 2
    with office.database.reading() as session:
        assert [each.change for each in compare(session, office.payer, file)] == [Change.SAME, Change.SAME]
    with pytest.raises(Refused, match="already"):
        import_fee_file(office.database, office.payer, file, office.biller)


def test_a_price_list_in_excel_is_previewed_with_its_problems_by_line(office, staff):
    from openpyxl import Workbook

    book = Workbook()
    for row in (
        ("HCPCS", "Contract Rate", "Effective Date", "Mod"),
        ("S9500", 95.5, date(2026, 1, 1), None),
        ("S9501", "n/a", date(2026, 1, 1), None),
        ("S9500", 97, date(2026, 1, 1), ""),
    ):
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    file = read_fee_file(content.getvalue(), "list.xlsx")
    assert [str(each) for each in file.problems] == [
        "Line 3, column “Contract Rate”: “n/a” is not an amount, such as 95.50.",
        "Line 4: S9500 from Jan 1, 2026 stands on line 2 already.",
    ]
    with pytest.raises(Refused, match="Line 3"):
        import_fee_file(office.database, office.payer, file, office.biller)
    office.fee("S9500", "95.5")
    good = read_fee_file(b"code;rate;from\nS9500;99;2026-02-01\nS9502;80;2026-02-01\n", "list.csv")
    with office.database.reading() as session:
        compared = compare(session, office.payer, good)
    assert [(each.was, each.change) for each in compared] == [
        (Decimal("95.5000"), Change.CHANGED),
        (None, Change.NEW),
    ]
    with pytest.raises(NotAllowed):
        import_fee_file(office.database, office.payer, good, staff["technician"])
    assert import_fee_file(office.database, office.payer, good, office.biller) == 2


@settings(max_examples=150)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)), st.booleans())
def test_whatever_is_in_a_price_file_it_is_read_or_refused_in_a_sentence(content, after_headings):
    start = b"code,rate,starts_on\n" if after_headings else b""
    try:
        file = read_fee_file(start + content, "x.csv", starts_on=date(2026, 1, 1), place=Place("OR"))
    except Refused:
        return
    assert file.fees or file.problems
    for each in file.fees:
        assert each.fee.rate.is_finite() and len(each.fee.code) == 5


@pytest.mark.parametrize(
    ("code", "basis", "said"),
    [
        ("S9500", RateBasis.PER_DIEM, "per diem"), ("99601", RateBasis.PER_DIEM, "per unit"),
        ("A4206", RateBasis.PER_DIEM, "per unit"), ("J0690", RateBasis.PER_DIEM, "per unit"),
        ("S9500", RateBasis.PER_DOSE, "per dose"),
    ],
)  # fmt: skip
def test_a_price_says_what_one_unit_of_its_code_is(code, basis, said):
    assert NewFee(code, Decimal(1), Decimal(1), date(2026, 1, 1), basis=basis).pays_for == said


def test_a_price_entered_wrong_never_was_in_force_and_the_one_before_goes_on(office):
    office.rules()
    office.fee("S9500", "95")
    wrong = NewFee("S9500", Decimal(1050), Decimal(1900), date(2026, 3, 1))
    kept = add_fee(office.database, office.payer, wrong, office.biller)
    with pytest.raises(Refused, match="Say what was wrong"):
        take_back_fee(office.database, kept, " ", office.biller)
    take_back_fee(office.database, kept, "a zero too much", office.biller)
    with pytest.raises(Refused, match="not in the contract"):
        take_back_fee(office.database, kept, "twice", office.biller)

    def rate(day):
        with office.database.reading() as session:
            fee = fee_schedule(session, office.payer).price_on(day, "S9500", ())
        return fee.rate

    assert rate(date(2026, 3, 1)) == Decimal(95)
    add_fee(office.database, office.payer, replace(wrong, rate=Decimal(105), charge=Decimal(190)), office.biller)
    assert (rate(date(2026, 2, 28)), rate(date(2026, 3, 1))) == (Decimal(95), Decimal(105))
    with pytest.raises(Refused, match="not in the contract"):
        end_fee(office.database, kept, date(2026, 12, 31), office.biller)
    with office.database.reading() as session:
        again = next(each for each in fees(session, office.payer) if each.fee.rate == 105)
    take_back_fee(office.database, again.id, "the contract was not signed", office.biller)
    assert rate(date(2026, 3, 1)) == Decimal(95), "the price that stood before, not the one that never was"
