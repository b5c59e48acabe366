"""When maintenance counts as done in time."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from infusion_desktop.dates import Days
from infusion_desktop.reporting.upkeep_rules import Upkeep, upkeep

MARCH = Days(date(2026, 3, 1), date(2026, 3, 31))


def test_done_before_its_day_is_in_time() -> None:
    assert upkeep([date(2026, 3, 9)], 365, date(2026, 3, 10), MARCH) == Upkeep(in_time=1)


def test_done_after_its_day_is_late_and_after_the_period_still_open() -> None:
    assert upkeep([date(2026, 3, 11)], 365, date(2026, 3, 10), MARCH) == Upkeep(late=1)
    assert upkeep([date(2026, 4, 2)], 365, date(2026, 3, 10), MARCH) == Upkeep(open=1)
    assert upkeep([], 365, date(2026, 1, 10), MARCH) == Upkeep(open=1)


def test_what_is_due_later_or_was_settled_before_does_not_count() -> None:
    assert upkeep([date(2026, 2, 10)], 365, date(2026, 2, 12), MARCH) == Upkeep()
    assert upkeep([date(2026, 2, 10)], 365, date(2026, 3, 2), MARCH) == Upkeep(in_time=1)
    assert upkeep([], 365, date(2026, 4, 1), MARCH) == Upkeep()
    assert upkeep([], 365, None, MARCH) == Upkeep()


@given(st.lists(st.dates(date(2025, 1, 1), date(2027, 1, 1)), max_size=6, unique=True), st.integers(5, 400),
       st.dates(date(2025, 1, 1), date(2027, 1, 1)))  # fmt: skip
def test_the_months_of_a_year_agree_with_the_year(done: list[date], every: int, first: date) -> None:
    year = Days(date(2026, 1, 1), date(2026, 12, 31))
    whole = upkeep(done, every, first, year)
    months = [upkeep(done, every, first, month) for month in year.by_month()]
    assert sum(each.in_time for each in months) == whole.in_time
    assert sum(each.late + each.open for each in months) >= whole.late + whole.open
    assert months[-1].open == whole.open
    long_after = year.last + timedelta(days=4000)
    assert upkeep(done, every, first, Days(long_after, long_after)).open == 1
