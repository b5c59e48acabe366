"""Contracts as data, and the claim summary read back from its PDF."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from test_service_claims import MARCH, complete_month

from infusion_desktop.billing.months.charging import make_claim
from infusion_desktop.billing.papers import claim_summary, claim_summary_of
from infusion_desktop.billing.rules.rule_set import DayBasis
from infusion_desktop.billing.terms.contracts import (
    add_rules,
    rule_versions,
    rules_on,
    starter,
    starter_rules,
)
from infusion_desktop.billing.terms.fee_files import import_fees
from infusion_desktop.billing.terms.fees import fee_schedule
from infusion_desktop.errors import NotAllowed, Refused


def words_of(pdf):
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    text = "\n".join(page.get_textpage().get_text_bounded() for page in document)
    document.close()
    return text


def test_a_new_rule_version_ends_the_old_one_the_day_before(office):
    office.rules()
    with office.database.reading() as session:
        old = rules_on(session, office.payer, date(2026, 3, 1)).rules
    changed = replace(old, day_basis=DayBasis.INFUSION_DAY)
    add_rules(office.database, office.payer, changed, date(2026, 4, 1), office.biller, "new contract")
    with office.database.reading() as session:
        versions = rule_versions(session, office.payer)
        assert [(each.rules.version, each.starts_on, each.ends_on) for each in versions] == [
            (2, date(2026, 4, 1), None),
            (1, date(2026, 1, 1), date(2026, 3, 31)),
        ]
        assert rules_on(session, office.payer, date(2026, 3, 31)).rules == old
        assert rules_on(session, office.payer, date(2026, 4, 1)).rules.day_basis is DayBasis.INFUSION_DAY
        with pytest.raises(Refused, match="no rules in force"):
            rules_on(session, office.payer, date(2025, 12, 31))


def test_every_starter_rule_set_is_one_and_an_unknown_one_is_named():
    keys = {each.key for each in starter_rules()}
    assert {"commercial_access", "commercial_100_50_0", "medicare_dme", "medicaid_supply_codes", "tricare"} <= keys
    assert starter("commercial_100_50_0").rules.rank_percent == (Decimal(100), Decimal(50), Decimal(0))
    with pytest.raises(Refused, match="commercial_access"):
        starter("commercial")


def test_a_fee_file_is_taken_whole_or_refused_by_line_and_column(office, staff):
    good = "code,rate,charge,starts_on,modifiers\nS9500,95.00,150,2026-01-01,\nS9500,47.50,150,1/1/2026,SH\n"
    assert import_fees(office.database, office.payer, good, office.biller) == 2
    with office.database.reading() as session:
        fees = fee_schedule(session, office.payer)
    assert fees.price_on(date(2026, 3, 1), "S9500", ("SH",)).rate == Decimal("47.50")
    assert fees.price_on(date(2026, 3, 1), "S9500").rate == Decimal("95.00")
    bad = "code,rate,starts_on\nS9501,abc,2026-01-01\nS95,10,2026-13-01\n"
    with pytest.raises(Refused) as no:
        import_fees(office.database, office.payer, bad, office.biller)
    assert [reason[:6] for reason in no.value.reasons] == ["Line 2", "Line 3"]
    assert "column “rate”" in no.value.reasons[0] and "starts_on" in no.value.reasons[1]
    with pytest.raises(Refused, match="column “colour”: is not a column"):
        import_fees(office.database, office.payer, "code,rate,starts_on,colour\n", office.biller)
    with pytest.raises(NotAllowed):
        import_fees(office.database, office.payer, good, staff["coordinator"])


def test_the_claim_summary_tells_patient_payer_lines_proof_and_why(office):
    complete_month(office)
    claim = make_claim(office.database, office.patient, MARCH, office.biller)
    with office.database.reading() as session:
        by_patient = words_of(claim_summary(session, MARCH, office.biller, patient="P000001"))
        by_payer = words_of(claim_summary(session, MARCH, office.biller, payer="Prairie Health"))
        one = words_of(claim_summary_of(session, claim, office.biller))
        with pytest.raises(Refused, match="No claim was counted"):
            claim_summary(session, MARCH, office.biller, patient="P999999")
    for text in (by_patient, by_payer, one):
        for word in ("C0000001", "Quill, Ann", "Prairie Health", "S9500", "J0696", "99601", "2,636.00", "D000001"):
            assert word in text
        assert "14 service days" in text.replace("\n", " ").replace("\r", "")
