"""Who pays first, and on which days, is learned late: drafts follow, what left is replaced, nothing is billed twice."""

from datetime import date
from decimal import Decimal

from sqlalchemy import update
from test_next_payers_and_corrections import second_payer
from test_service_claims import CHECKED_ON, MARCH, advice, books, complete_month, page, sent_claim

from infusion_desktop.access.audit import record
from infusion_desktop.billing.claiming.checking import check, give_delay_reason
from infusion_desktop.billing.claiming.secondary import make_secondary
from infusion_desktop.billing.money.remittances import post_remittance
from infusion_desktop.billing.months.charging import make_claim
from infusion_desktop.billing.runs.month_run import run_month
from infusion_desktop.billing.terms.contracts import add_rules, starter
from infusion_desktop.billing.terms.fees import NewFee, add_fee
from infusion_desktop.billing.words import ClaimState, Frequency
from infusion_desktop.dates import Days
from infusion_desktop.patients.tables import Coverage
from infusion_desktop.patients.words import PayerId, Rank
from infusion_desktop.progress import run_to_end


def policy(office, payer, **values):
    with office.database.transaction() as session:
        session.execute(update(Coverage).where(Coverage.payer_id == payer).values(**values))
        record(session, office.biller, "set up", "test")


def stops(office, claim, on=CHECKED_ON):
    return sorted({each.code for each in check(office.database, claim, office.biller, on=on) if each.stops})


def run(office):
    return run_to_end(run_month(office.database, MARCH, office.biller, send=False, on=CHECKED_ON))


def test_a_payer_that_ends_within_the_month_has_its_days_and_its_goods_end_with_it(office):
    complete_month(office)
    claim = make_claim(office.database, office.patient, MARCH, office.biller)
    policy(office, office.payer, ends_on=date(2026, 3, 9))
    done = run(office)
    assert (done.claims, done.refused) == ((claim,), ())
    shown = page(office, claim)
    assert shown.row.period == Days(date(2026, 3, 1), date(2026, 3, 9))
    assert [(line.code, line.days.last.day, line.units) for line in shown.lines] == [
        ("S9500", 9, 7), ("J0696", 9, 112), ("99601", 3, 1),
    ]  # fmt: skip


def test_a_policy_that_began_later_counts_the_draft_anew(office):
    complete_month(office)
    claim = make_claim(office.database, office.patient, MARCH, office.biller)
    policy(office, office.payer, starts_on=date(2026, 3, 10))
    done = run(office)
    assert (done.claims, done.refused) == ((claim,), ()), "not a second claim beside it"
    assert page(office, claim).row.period == Days(date(2026, 3, 10), date(2026, 3, 31))


def test_a_policy_that_began_later_than_what_was_paid_is_a_replacement(office):
    claim, _ = sent_claim(office)
    post_remittance(office.database, advice(page(office, claim)), office.biller)
    policy(office, office.payer, starts_on=date(2026, 3, 10))
    done = run(office)
    (again,) = done.claims
    shown = page(office, again).row
    assert (done.refused, shown.frequency, shown.number) == ((), Frequency.REPLACEMENT, page(office, claim).row.number)
    assert shown.period.first == date(2026, 3, 10) and books(office) == ()


def test_payers_that_change_places_do_not_both_get_the_days_as_the_first(office):
    other = PayerId(second_payer(office))
    claim, _ = sent_claim(office)
    post_remittance(office.database, advice(page(office, claim)), office.biller)
    second = make_secondary(office.database, claim, office.biller)
    policy(office, other, rank=Rank.TERTIARY)
    policy(office, office.payer, rank=Rank.SECONDARY)
    policy(office, other, rank=Rank.PRIMARY)
    add_rules(office.database, other, starter("commercial_access").rules, date(2026, 1, 1), office.biller)
    for code in ("S9500", "J0696", "99601"):
        add_fee(office.database, other, NewFee(code, Decimal(10), Decimal(20), date(2026, 1, 1)), office.biller)
    first = make_claim(office.database, office.patient, MARCH, office.biller)
    assert first not in (claim, second) and len(page(office, second).lines) == 3, "the share's draft is another claim"
    assert stops(office, first) == ["BILLED_ELSEWHERE", "DUPLICATE_CLAIM"]
    assert any("claim C0000001 bills some of these days" in told for told in run(office).refused), "the run says so too"


def test_a_share_after_its_limit_leaves_with_a_reason_and_within_the_policy_by_its_services(office):
    other = PayerId(second_payer(office))
    claim, _ = sent_claim(office)
    post_remittance(office.database, advice(page(office, claim)), office.biller)
    second = make_secondary(office.database, claim, office.biller)
    policy(office, other, ends_on=date(2026, 3, 20))
    assert stops(office, second) == [], "the last service was on March 16"
    policy(office, other, ends_on=None, starts_on=date(2026, 3, 10))
    assert stops(office, second) == ["COVERAGE_DAYS"], "the first was on March 3"
    policy(office, other, starts_on=date(2026, 1, 1))
    add_rules(office.database, other, starter("commercial_access").rules, date(2026, 1, 1), office.biller)
    late = date(2026, 12, 1)
    assert stops(office, second, late) == ["LATE"]
    found = give_delay_reason(office.database, second, "7", office.biller, was="", on=late)
    assert not [each for each in found if each.stops]
    assert page(office, second).row.state is ClaimState.READY
