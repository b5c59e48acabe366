"""Authorizations: which delivery runs over, what is used, held and left, changed, ended, and the request as a paper."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update
from test_service_charging import MARCH
from test_service_papers import words_of

from infusion_desktop.access.audit import record
from infusion_desktop.access.roles import Role
from infusion_desktop.billing.months.authorization_list import Standing, authorization_rows
from infusion_desktop.billing.months.authorization_papers import authorization_request
from infusion_desktop.billing.months.charging import make_claim
from infusion_desktop.billing.months.visits import NewVisit, add_visit
from infusion_desktop.billing.queries import claim_page
from infusion_desktop.billing.rules.outlook import Coming, Ordered, runs_over
from infusion_desktop.billing.terms.authorizations import (
    ChangedAuthorization,
    NewAuthorization,
    add_authorization,
    authorizations,
    change_authorization,
    end_authorization,
)
from infusion_desktop.billing.terms.contracts import add_rules, starter
from infusion_desktop.dates import Days
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.words import DeliveryState
from infusion_desktop.errors import NotAllowed, Refused, Stale
from infusion_desktop.patients.tables import Therapy

YEAR = Days(date(2026, 1, 1), date(2026, 12, 31))


def days(first, last):
    return Days(date(2026, 4, first), date(2026, 4, last))


def test_the_first_delivery_that_is_not_covered_to_its_end_is_named():
    week, next_week = Coming("D1", 1, days(1, 7)), Coming("D2", 2, days(8, 14))
    always = Ordered(frozenset({1}), (YEAR,))
    assert runs_over(14, YEAR, [always], [week, next_week]) is None
    over = runs_over(10, YEAR, [always], [next_week, week])
    assert (over.delivery.number, over.first_uncovered, over.days) == ("D2", date(2026, 4, 11), 4)
    assert over.sentence == "Delivery D2 runs over by 4 days from Apr 11, 2026: its units are used up by then."
    billed = replace(always, billed=frozenset(days(1, 4)))
    assert runs_over(10, YEAR, [billed], [week, next_week]) is None, "days on claims are taken already"
    ends = runs_over(None, days(1, 12), [always], [week, next_week])
    assert (ends.first_uncovered, ends.days, ends.why) == (date(2026, 4, 13), 2, "it ends on Apr 12, 2026")
    until = replace(always, days=(days(1, 12),))
    assert runs_over(None, days(1, 12), [until], [next_week]) is None, "the therapy ends first"
    changed = replace(always, versions=frozenset({1, 2}), days=(days(1, 4), days(5, 30)))
    over = runs_over(10, YEAR, [changed], [replace(week, therapy_id=1), replace(next_week, therapy_id=2)])
    assert over.first_uncovered == date(2026, 4, 11), "both versions of the order use the units"
    other = Ordered(frozenset({7}), (YEAR,))
    assert runs_over(14, YEAR, [other, always], [replace(week, therapy_id=7), next_week]).first_uncovered.day == 11


@given(
    st.one_of(st.none(), st.integers(0, 20)),
    st.integers(1, 30),
    st.lists(st.tuples(st.integers(1, 30), st.integers(0, 9)), max_size=4),
    st.sets(st.integers(1, 30)),
)
def test_the_outlook_is_that_of_counting_day_by_day(left, last, spans, billed):
    start = date(2026, 4, 1)
    deliveries = [
        Coming(f"D{n}", n, Days(start + timedelta(first - 1), start + timedelta(first - 1 + length)))
        for n, (first, length) in enumerate(spans)
    ]
    taken = frozenset(start + timedelta(day - 1) for day in billed)
    allowed = Days(start, start + timedelta(last - 1))
    found = runs_over(left, allowed, [Ordered(frozenset({1}), (YEAR,), taken)], deliveries)
    room, counted, expected = left, set(), None
    for each in sorted(deliveries, key=lambda one: (one.days.first, one.number)):
        for day in each.days:
            if day in taken or day in counted:
                continue
            counted.add(day)
            if room is not None:
                room -= 1
            if expected is None and (day > allowed.last or (room is not None and room < 0)):
                expected = each.number, day
    assert (None if found is None else (found.delivery.number, found.first_uncovered)) == expected


@pytest.fixture
def allowed(office):
    """Two weeks of March billed, a delivery planned for April, and 20 days allowed."""
    office.rules("commercial_weekly")
    office.fee("S9500", "95")
    office.therapy = office.orders("ceftriaxone 2 g", date(2026, 3, 18), None)
    office.delivers(date(2026, 3, 18), date(2026, 3, 31), therapy=office.therapy)
    planned = office.delivers(date(2026, 4, 1), date(2026, 4, 14), therapy=office.therapy)
    with office.database.transaction() as session:
        session.execute(update(Delivery).where(Delivery.id == planned).values(state=DeliveryState.RELEASED))
        record(session, office.biller, "set up", "test", planned)
    new = NewAuthorization(office.patient, office.payer, "AUTH1", "S9500", date(2026, 3, 1), date(2026, 12, 31), 20)
    office.authorization = add_authorization(office.database, new, office.biller)
    make_claim(office.database, office.patient, MARCH, office.biller)
    return office


def one(office, on=date(2026, 4, 1), **more):
    with office.database.reading() as session:
        (row,) = authorization_rows(session, on, **more)
    return row


def test_the_list_tells_used_held_left_and_the_delivery_that_runs_over(allowed):
    row = one(allowed)
    assert (row.use.used, row.use.held, row.use.left, row.percent) == (0, 14, 6, 70)
    assert row.standing is Standing.RUNS_OVER
    assert (row.outlook.delivery.number, row.outlook.first_uncovered, row.outlook.days) == (
        "D000002",
        date(2026, 4, 7),
        8,
    )
    more = NewAuthorization(allowed.patient, allowed.payer, "AUTH2", "S9500", date(2026, 4, 7), date(2026, 12, 31), 40)
    add_authorization(allowed.database, more, allowed.biller)
    with allowed.database.reading() as session:
        rows = {row.use.allowed.number: row for row in authorization_rows(session, date(2026, 4, 1))}
    assert rows["AUTH1"].outlook is None, "another one takes over"


def test_the_list_warns_from_the_payers_own_percent_on(allowed):
    """Fourteen of twenty units are held: seventy percent."""
    early = date(2026, 1, 2)
    assert (one(allowed, early).standing, one(allowed, early).sentence) == (Standing.GOOD, "")
    rules = replace(starter("commercial_weekly").rules, authorization_warning_percent=70)
    add_rules(allowed.database, allowed.payer, rules, date(2026, 1, 1), allowed.biller)
    assert one(allowed, early).standing is Standing.RUNNING_OUT
    assert "is 70 percent used" in one(allowed, early).sentence


def test_drugs_and_visits_use_the_authorization_for_their_code_as_far_as_it_lasts(allowed):
    new = NewAuthorization(allowed.patient, allowed.payer, "VISITS", "99601", MARCH.first, MARCH.last, 2)
    add_authorization(allowed.database, new, allowed.biller)
    allowed.fee("99601", "150")
    for day in (3, 9, 15):
        start = datetime(2026, 3, day, 16, 0, tzinfo=UTC)
        visit = NewVisit(allowed.patient, start, start + timedelta(minutes=90), "R. Nurse")
        add_visit(allowed.database, visit, allowed.biller)
    claim = make_claim(allowed.database, allowed.patient, MARCH, allowed.biller)
    with allowed.database.reading() as session:
        page = claim_page(session, claim)
        uses = {use.allowed.number: use for use in authorizations(session, allowed.patient)}
    assert [line.authorization for line in page.lines if line.code == "99601"] == ["VISITS", "VISITS", ""]
    assert "Too few units of authorization VISITS are left for 99601 of Mar 15, 2026." in page.notes
    assert (uses["VISITS"].held, uses["VISITS"].left, uses["AUTH1"].held) == (2, 0, 14)
    assert make_claim(allowed.database, allowed.patient, MARCH, allowed.biller) == claim


def test_days_of_both_versions_of_a_changed_order_use_the_units(allowed):
    """Six units are left on April 1; the dose changes on April 5: four days of the old one and three of the new."""
    with allowed.database.transaction() as session:
        session.execute(update(Therapy).values(stops_on=date(2026, 4, 4)))
        record(session, allowed.biller, "set up", "test")
    allowed.orders("ceftriaxone 2 g", date(2026, 4, 5), None, replaces_id=allowed.therapy)
    row = one(allowed)
    assert (row.outlook.first_uncovered, row.outlook.days) == (date(2026, 4, 7), 8)


def test_it_is_changed_and_ended_with_a_reason_and_never_below_what_left(allowed, staff):
    row = one(allowed)
    changed = ChangedAuthorization("AUTH1-X", date(2026, 3, 1), date(2026, 12, 31), 40)
    change = lambda version, what, by, why: change_authorization(  # noqa: E731
        allowed.database, allowed.authorization, version, what, by, why
    )
    with pytest.raises(Refused, match="Say why"):
        change(row.use.version, changed, allowed.biller, " ")
    with pytest.raises(NotAllowed):
        change(row.use.version, changed, staff[Role.TECHNICIAN], "extended")
    change(row.use.version, changed, allowed.biller, "extended on the telephone")
    with pytest.raises(Stale):
        change(row.use.version, changed, allowed.biller, "again")
    row = one(allowed)
    assert (row.use.allowed.number, row.use.left, row.standing) == ("AUTH1-X", 26, Standing.GOOD)
    with allowed.database.transaction() as session:
        from infusion_desktop.billing.tables import Claim
        from infusion_desktop.billing.words import ClaimState

        session.execute(update(Claim).values(state=ClaimState.SENT))
        record(session, allowed.biller, "set up", "test", 1)
    with pytest.raises(Refused, match="used 14 units"):
        change(
            row.use.version, ChangedAuthorization("A", date(2026, 3, 1), date(2026, 12, 31), 13), allowed.biller, "cut"
        )
    end_authorization(allowed.database, allowed.authorization, row.use.version, allowed.biller, "withdrawn")
    assert one(allowed, ended=True).standing is Standing.ENDED
    with allowed.database.reading() as session:
        assert authorization_rows(session, date(2026, 4, 1)) == ()
        assert authorizations(session, allowed.patient)[0].used == Decimal(14)


def test_the_request_names_therapy_days_codes_and_what_was_allowed_before(allowed):
    april = Days(date(2026, 4, 7), date(2026, 5, 6))
    with allowed.database.reading() as session:
        pdf = authorization_request(session, allowed.patient, allowed.payer, april, allowed.biller, "Not healed yet.")
        with pytest.raises(Refused, match="No therapy runs"):
            before = Days(date(2026, 1, 1), date(2026, 1, 31))
            authorization_request(session, allowed.patient, allowed.payer, before, allowed.biller)
    words = words_of(pdf)
    for wanted in ("Authorization request", "Prairie Health", "Quill, Ann", "M12345", "ceftriaxone 2 g", "S9500",
                   "Apr 7, 2026", "May 6, 2026", "30", "AUTH1", "L03115", "Not healed yet.", "1234567893"):  # fmt: skip
        assert wanted in words
