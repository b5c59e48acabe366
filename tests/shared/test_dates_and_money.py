"""Periods include both ends, amounts are rounded once, and what people type is read or refused in a sentence."""

import itertools
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infusion_desktop.dates import Days, month_of, read_day, read_month, runs_of, show_day
from infusion_desktop.errors import Refused
from infusion_desktop.money import percent_of, read_amount, show_money, to_cents

DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))


@given(first=DAYS, length=st.integers(0, 1000))
def test_a_period_cut_at_month_ends_is_the_same_days(first: date, length: int) -> None:
    period = Days(first, first + timedelta(days=length))
    pieces = period.by_month()
    assert [day for piece in pieces for day in piece] == list(period)
    assert all(piece == (piece.overlap(month_of(piece.first))) for piece in pieces)


@given(days=st.sets(DAYS, max_size=60))
def test_runs_hold_the_same_days_and_never_touch(days: set[date]) -> None:
    runs = runs_of(days)
    assert {day for run in runs for day in run} == days
    assert all((after.first - before.last).days > 1 for before, after in itertools.pairwise(runs))


def test_leap_years_and_short_months() -> None:
    assert len(month_of(date(2028, 2, 10))) == 29
    assert len(read_month("2027-02")) == 28


@pytest.mark.parametrize(
    ("typed", "day"),
    [("3/31/2026", date(2026, 3, 31)), ("2026-03-31", date(2026, 3, 31)), (" 2/29/28 ", date(2028, 2, 29))],
)
def test_typed_days_are_read(typed: str, day: date) -> None:
    assert read_day(typed) == day


@pytest.mark.parametrize("typed", ["", "31/3/2026", "2/29/2027", "2026-3", "٣/٣/٢٠٢٦", "tomorrow", "1" * 5000])
def test_other_days_are_refused_with_an_example(typed: str) -> None:
    with pytest.raises(Refused, match="3/31/2026"):
        read_day(typed)


@pytest.mark.parametrize(
    "typed", ["", "1_000", "NaN", "Infinity", "1e5", "1e1000000", "١٢", "1.234", "9" * 5000, "1,00"]
)
def test_other_amounts_are_refused(typed: str) -> None:
    with pytest.raises(Refused, match=r"1234\.50"):
        read_amount(typed)


def test_amounts_are_read_rounded_and_shown() -> None:
    assert read_amount("$1,234.5") == Decimal("1234.50")
    assert to_cents(Decimal("0.005")) == Decimal("0.01")
    assert percent_of(Decimal("85.55"), Decimal(50)) == Decimal("42.78")
    assert show_money(Decimal("-1234.5")) == "-$1,234.50"
    assert show_day(date(2026, 3, 3)) == "Mar 3, 2026"
