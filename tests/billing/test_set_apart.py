"""What one therapy lacks keeps no other from being billed: it gets a claim of its own, which waits and leaves later."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select, update
from test_service_claims import CHECKED_ON, MARCH, complete_month, page

from infusion_desktop.access.audit import record
from infusion_desktop.access.roles import Role
from infusion_desktop.billing import verify
from infusion_desktop.billing.claiming.checking import check
from infusion_desktop.billing.claiming.claims import mark_sent, void_claim, write_file
from infusion_desktop.billing.claiming.set_apart import let_the_rest_go
from infusion_desktop.billing.claiming.work_queue import work
from infusion_desktop.billing.months.charging import make_claim
from infusion_desktop.billing.months.day_view import day_view
from infusion_desktop.billing.runs.month_run import run_month
from infusion_desktop.billing.tables import Claim
from infusion_desktop.billing.terms.authorizations import NewAuthorization, add_authorization, authorizations
from infusion_desktop.billing.terms.contracts import add_rules, starter
from infusion_desktop.billing.words import ClaimState
from infusion_desktop.dates import Days
from infusion_desktop.errors import NotAllowed, Refused
from infusion_desktop.patients.tables import Therapy
from infusion_desktop.patients.therapies import record_signature
from infusion_desktop.progress import run_to_end

WEEK = Days(date(2026, 3, 10), date(2026, 3, 16))


@pytest.fixture
def sign(office, staff):
    """The prescriber's signature comes."""

    def sign(therapy, day):
        with office.database.reading() as session:
            version = session.get_one(Therapy, therapy).version
        record_signature(office.database, therapy, day, version, staff[Role.PHARMACIST])

    return sign


def two_therapies(office, unsigned="second"):
    """Fourteen days of ceftriaxone, and a week of vancomycin beside it; one of their orders is not signed."""
    first = complete_month(office)
    second = office.orders("vancomycin", WEEK.first, WEEK.last)
    spoken = {"first": first, "second": second}[unsigned]
    with office.database.transaction() as session:
        session.execute(update(Therapy).where(Therapy.id == spoken).values(unsigned=True))
        record(session, office.biller, "set up", "test", spoken)
    office.delivers(WEEK.first, WEEK.last, therapy=second)
    return first, second


def month_claims(office):
    with office.database.reading() as session:
        standing = select(Claim.id).where(Claim.state != ClaimState.VOIDED).order_by(Claim.id)
        return list(session.scalars(standing))


def codes(office, claim):
    return [(line.code, *line.modifiers) for line in page(office, claim).lines]


def run(office, on=CHECKED_ON):
    return run_to_end(run_month(office.database, MARCH, office.biller, send=False, on=on))


def test_what_is_stopped_waits_on_a_claim_of_its_own_and_leaves_when_it_is_signed(office, sign):
    _, second = two_therapies(office)
    claim = make_claim(office.database, office.patient, MARCH, office.biller)
    whole = page(office, claim).row
    assert {each.code for each in check(office.database, claim, office.biller, on=CHECKED_ON) if each.stops} == {
        "ORDER_SIGNED"
    }
    apart = let_the_rest_go(office.database, claim, office.biller, on=CHECKED_ON)
    assert codes(office, claim) == [("S9500",), ("J0696",), ("99601",)] and codes(office, apart) == [("S9500", "SH")]
    rest, waits = page(office, claim).row, page(office, apart).row
    assert (rest.state, waits.state) == (ClaimState.READY, ClaimState.DRAFT)
    assert rest.charge + waits.charge == whole.charge and rest.expected + waits.expected == whole.expected
    with office.database.reading() as session:
        rows = work(session, CHECKED_ON, month=MARCH)
        assert [(row.code, row.claim_id) for row in rows if row.stops] == [("ORDER_SIGNED", apart)]
        cells = [row.name for row in day_view(session, office.patient, MARCH, apart).rows]
    assert cells == ["vancomycin"]
    assert set(run(office).claims) == {claim, apart}, "run again, the month has the same two claims"
    assert (codes(office, apart), len(codes(office, claim))) == ([("S9500", "SH")], 3)
    with pytest.raises(Refused, match="before the order"):
        sign(second, date(2026, 3, 9))
    mark_sent(office.database, write_file(office.database, [claim], office.biller).batch_id, office.biller)
    sign(second, date(2026, 3, 12))
    again = run(office)
    assert page(office, apart).row.state is ClaimState.READY and again.refused == ()
    with pytest.raises(Refused, match="signed already"):
        sign(second, date(2026, 3, 12))
    write_file(office.database, [apart], office.biller)
    assert month_claims(office) == [claim, apart]
    with office.database.reading() as session:
        assert verify.problems(session) == ()


def test_a_further_therapy_may_go_before_the_first_and_both_come_together_again(office, sign):
    first, _ = two_therapies(office, unsigned="first")
    claim = make_claim(office.database, office.patient, MARCH, office.biller)
    apart = let_the_rest_go(office.database, claim, office.biller, on=CHECKED_ON)
    assert codes(office, claim) == [("S9500", "SH"), ("99601",)] and codes(office, apart) == [("S9500",), ("J0696",)]
    assert page(office, claim).row.state is ClaimState.READY, "the first therapy stands on the other claim"
    void_claim(office.database, apart, office.biller, "signed before it left")
    sign(first, date(2026, 3, 3))
    assert run(office).claims == (claim,) and len(codes(office, claim)) == 4
    with pytest.raises(Refused, match="Nothing stops claim"):
        let_the_rest_go(office.database, claim, office.biller, on=CHECKED_ON)


def test_a_claim_for_the_others_that_was_withdrawn_stays_withdrawn(office):
    two_therapies(office)
    claim = make_claim(office.database, office.patient, MARCH, office.biller)
    apart = let_the_rest_go(office.database, claim, office.biller, on=CHECKED_ON)
    void_claim(office.database, claim, office.biller, "another pharmacy bills it")
    assert run(office).claims == (apart,) and month_claims(office) == [apart]


def test_units_of_an_authorization_are_taken_once_by_both_claims(office):
    two_therapies(office)
    rules = replace(starter("commercial_access").rules, authorization_required=True)
    add_rules(office.database, office.payer, rules, MARCH.first, office.biller)
    allowed = NewAuthorization(office.patient, office.payer, "A1", "S9500", MARCH.first, MARCH.last, 21)
    add_authorization(office.database, allowed, office.biller)
    claim = make_claim(office.database, office.patient, MARCH, office.biller)
    apart = let_the_rest_go(office.database, claim, office.biller, on=CHECKED_ON)
    run(office)
    assert {line.authorization for each in (claim, apart) for line in page(office, each).lines} == {"A1", ""}
    assert [line.held for line in page(office, apart).lines] == [""]
    with office.database.reading() as session:
        [use] = authorizations(session, office.patient)
    assert (use.held, use.left) == (21, 0)


def test_what_stops_everything_is_not_set_apart(office, staff):
    two_therapies(office)
    claim = make_claim(office.database, office.patient, MARCH, office.biller)
    with pytest.raises(Refused, match="days that have not come"):
        let_the_rest_go(office.database, claim, office.biller, on=date(2026, 3, 2))
    with pytest.raises(NotAllowed):
        let_the_rest_go(office.database, claim, staff[Role.TECHNICIAN], on=CHECKED_ON)
    assert month_claims(office) == [claim]
