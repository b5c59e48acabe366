"""Days in use and what they cost: every day counted once, rents by the period begun, prices spread over a life."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infusion_desktop.dates import ONE_DAY, Days
from infusion_desktop.equipment.figures import Spell, idle_since, rental_cost, spells, use_of, wear
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
    at = [(date(2026, 3, 1) + timedelta(days=day), state) for day, state in happened]
    history = spells(at)
    assert [spell.since for spell in history] == sorted({spell.since for spell in history})
    assert not happened or history[-1].state is happened[-1][1]
    period = Days(START + timedelta(days=first), START + timedelta(days=first + length))
    use = use_of(history, period)
    begun = history[0].since if history else period.last + ONE_DAY
    expected = len(Days(max(begun, period.first), period.last)) if begun <= period.last else 0
    assert use.ours + use.gone == expected


def test_use_says_percent_and_cost_of_a_day_and_nothing_where_there_is_none() -> None:
    history = (Spell(S.RECEIVED, START), Spell(S.READY, date(2026, 3, 3)), Spell(S.WITH_PATIENT, date(2026, 3, 11)),
               Spell(S.RETURNED, date(2026, 3, 21)), Spell(S.READY, date(2026, 3, 23)))  # fmt: skip
    use = use_of(history, Days(START, date(2026, 3, 31)))
    assert (use.out, use.idle, use.in_service, use.percent) == (10, 17, 4, 32)
    use.cost = Decimal("123.45")
    assert use.cost_per_day == Decimal("12.35")
    assert idle_since(history) == date(2026, 3, 23)
    empty = use_of((), Days(START, START))
    assert (empty.percent, empty.cost_per_day, idle_since(())) == (None, None, None)


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
