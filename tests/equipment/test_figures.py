"""Days in use and what they cost: every day counted once, rents by the period begun, prices spread over a life."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infusion_desktop.dates import ONE_DAY, Days
from infusion_desktop.equipment.figures import Spent, Use, rental_cost, spent, wear
from infusion_desktop.equipment.rules import HoursFacts, hours_warning, rental_warning
from infusion_desktop.equipment.words import AssetState, Per

S = AssetState
START = date(2026, 3, 1)
RATE = Decimal("10.00")


@pytest.mark.parametrize(
    ("per", "last", "cost"),
    [
        (Per.DAY, START, "10.00"), (Per.DAY, date(2026, 3, 31), "310.00"), (Per.DAY, START - ONE_DAY, "0.00"),
        (Per.WEEK, date(2026, 3, 7), "10.00"), (Per.WEEK, date(2026, 3, 8), "20.00"),
        (Per.MONTH, date(2026, 3, 31), "10.00"), (Per.MONTH, date(2026, 4, 1), "20.00"),
        (Per.MONTH, date(2027, 2, 28), "120.00"), (Per.MONTH, date(2027, 3, 1), "130.00"),
    ],
)  # fmt: skip
def test_a_begun_period_of_a_rental_is_a_whole_one(per: Per, last: date, cost: str) -> None:
    assert rental_cost(RATE, per, START, last) == Decimal(cost)


def test_a_month_that_begins_on_the_31st_begins_again_on_a_short_months_last_day() -> None:
    assert rental_cost(RATE, Per.MONTH, date(2026, 1, 31), date(2026, 2, 27)) == RATE
    assert rental_cost(RATE, Per.MONTH, date(2026, 1, 31), date(2026, 2, 28)) == 2 * RATE


@given(first=st.dates(date(2020, 1, 1), date(2030, 1, 1)), days=st.integers(0, 900), per=st.sampled_from(list(Per)))
def test_a_longer_rental_never_costs_less(first: date, days: int, per: Per) -> None:
    last = first + timedelta(days=days)
    assert rental_cost(RATE, per, first, last) <= rental_cost(RATE, per, first, last + ONE_DAY)
    assert rental_cost(RATE, per, first, last) >= RATE


@given(
    st.lists(st.tuples(st.integers(0, 200), st.sampled_from(list(AssetState))), max_size=12),
    st.integers(-20, 220), st.integers(0, 120),
)  # fmt: skip
def test_every_day_since_registration_is_counted_once(
    happened: list[tuple[int, AssetState]], first: int, length: int
) -> None:
    period = Days(START + timedelta(days=first), START + timedelta(days=first + length))
    found = _spent([(START + timedelta(days=day), state) for day, state in happened], period)
    by_hand: Counter[AssetState] = Counter()
    for day in range(first, first + length + 1):
        until = [place for place, (when, _) in enumerate(happened) if when <= day]
        by_hand.update([happened[until[-1]][1]] if until else [])
    assert found.use.out == by_hand[S.WITH_PATIENT] + by_hand[S.DUE_BACK] and found.use.idle == by_hand[S.READY]
    assert found.use.ours + found.use.gone == by_hand.total()
    assert (found.idle_since is not None) == bool(happened and happened[-1][1] is S.READY)


def _spent(events: list[tuple[date, AssetState]], period: Days) -> Spent:
    """One asset's, from events in their order."""
    newest_first = [(7, day.toordinal(), state.value) for day, state in reversed(events)]
    return spent(newest_first, period).get(7, Spent(Use(), None))


def test_use_says_percent_and_cost_of_a_day_and_nothing_where_there_is_none() -> None:
    history = [(START, S.RECEIVED), (date(2026, 3, 3), S.READY), (date(2026, 3, 11), S.WITH_PATIENT),
               (date(2026, 3, 21), S.RETURNED), (date(2026, 3, 23), S.READY), (date(2026, 3, 25), S.READY)]  # fmt: skip
    use, idle_since = _spent(history, Days(START, date(2026, 3, 31)))
    assert (use.out, use.idle, use.in_service, use.percent) == (10, 17, 4, Decimal("32.3"))
    use.cost = Decimal("123.45")
    assert use.cost_per_day == Decimal("12.35")
    assert idle_since == date(2026, 3, 23)
    empty = _spent([], Days(START, START))
    assert (empty.use.percent, empty.use.cost_per_day, empty.idle_since) == (None, None, None)


def test_a_price_is_spread_over_its_life_and_not_beyond() -> None:
    year = Days(date(2026, 1, 1), date(2026, 12, 31))
    assert wear(Decimal("6000.00"), 60, date(2026, 1, 1), year) == Decimal("1199.18")
    assert wear(Decimal("6000.00"), 60, date(2019, 1, 1), year) == 0
    assert wear(Decimal(0), 60, None, year) == 0


def test_hours_and_rentals_are_foreseen() -> None:
    facts = HoursFacts("P1", 950, 1000, 12)
    assert hours_warning(facts, 4) == ""
    assert "950 now and up to 12 a day" in hours_warning(facts, 5)
    assert "its meter says 1,001" in hours_warning(HoursFacts("P1", 1001, 1000, 12), 1)
    assert rental_warning("P1", START, START - ONE_DAY) == ""
    assert "goes back by Mar 1, 2026" in rental_warning("P1", START, START)
