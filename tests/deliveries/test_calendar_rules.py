"""Which day a delivery goes: weekends, holidays, cutoffs, cold parcels, doses; and what speaks against a day."""

from datetime import date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from infusion_desktop.dates import Days
from infusion_desktop.deliveries.rules import Frequency
from infusion_desktop.deliveries.schedule.calendar_rules import (
    Calendar,
    MoveFacts,
    Week,
    aligned,
    arrives_on,
    check_day,
    federal_holidays,
)
from infusion_desktop.deliveries.words import Carrier

MONDAY = date(2026, 3, 2)
NOW = datetime.fromisoformat("2026-03-02T09:00")
FOURTH = date(2026, 7, 3)  # Observed on the Friday before.
CALENDAR = Calendar(closed=federal_holidays(2026))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


def facts(day: date, **other: object) -> MoveFacts:
    known: dict[str, object] = {"now": NOW, "period": Days(day, day + timedelta(days=6)), "calendar": CALENDAR}
    return MoveFacts(day, **{**known, **other})  # type: ignore[arg-type]


def test_the_holidays_of_a_year_fall_on_the_days_they_are_kept() -> None:
    assert list(federal_holidays(2026)) == [
        date(2026, 1, 1), date(2026, 1, 19), date(2026, 2, 16), date(2026, 5, 25), date(2026, 6, 19), FOURTH,
        date(2026, 9, 7), date(2026, 10, 12), date(2026, 11, 11), date(2026, 11, 26), date(2026, 12, 25),
    ]  # fmt: skip


def test_cutoffs_count_delivery_days_over_weekends_and_holidays() -> None:
    assert CALENDAR.cutoff_of(MONDAY + timedelta(days=7)) == local("2026-03-06T15:00")
    assert CALENDAR.cutoff_of(date(2026, 7, 6)) == local("2026-07-02T15:00")
    saturdays = Calendar((Week(date(2026, 1, 1), frozenset(range(6)), time(11, 30), 0),))
    assert saturdays.cutoff_of(date(2026, 3, 7)) == local("2026-03-07T11:30")


def test_everything_that_speaks_against_a_day_is_said_together() -> None:
    sunday = date(2026, 3, 8)
    away = (("hospital", Days(sunday, sunday)),)
    said = check_day(facts(sunday, away=away, others=("D000001",), earliest=sunday + timedelta(days=2)))
    assert [part[:34] for part in said.warnings] == [
        "Mar 8, 2026 is a Sunday, and we do", "The payer takes this refill from M",
        "The patient is not at home on Mar ", "D000001 also goes to this patient ",
    ]  # fmt: skip
    assert "Near delivery days: Mar 6, 2026 or Mar 9, 2026." in said.warnings[0]
    assert check_day(facts(MONDAY - timedelta(days=3))).refusals
    assert check_day(facts(MONDAY + timedelta(days=1))).is_fine
    assert "Independence Day" in check_day(facts(FOURTH)).warnings[0]


def test_a_cutoff_that_has_passed_is_said_until_it_is_released() -> None:
    late = NOW.replace(hour=16)
    assert "cutoff" in check_day(facts(MONDAY + timedelta(days=1), now=late)).warnings[0]
    assert check_day(facts(MONDAY + timedelta(days=1), now=late, is_released=True)).is_fine


def test_cold_parcels_do_not_travel_over_the_weekend() -> None:
    monday = MONDAY + timedelta(days=7)
    cold = {"carrier": Carrier.PARCEL, "cold": ("Cefazolin 2 g", "Cefepime")}
    assert (
        "Cefazolin 2 g and 1 more must stay cold and would travel 3 nights"
        in check_day(facts(monday, **cold)).warnings[0]
    )
    assert check_day(facts(monday + timedelta(days=1), **cold)).is_fine
    assert check_day(facts(monday, cold=("Cefazolin",))).is_fine


def test_a_day_after_the_supply_begins_is_warned_about_only_when_the_patient_would_run_out() -> None:
    day = MONDAY + timedelta(days=3)
    period = Days(day - timedelta(days=2), day + timedelta(days=5))
    assert "needed from Mar 3, 2026" in check_day(facts(day, period=period)).warnings[0]
    enough = check_day(facts(day, period=period, supplied_through=day))
    assert enough.is_fine
    late = check_day(facts(day + timedelta(days=7), period=period, supplied_through=day + timedelta(days=9))).warnings
    assert late == (
        "Its supplies are for Mar 3, 2026 to Mar 10, 2026, and none of these days is left on Mar 12, 2026. Cancel it, "
        "and plan the days that come then.",
    )


@given(st.integers(0, 400), st.integers(1, 40), st.integers(1, 14), st.integers(0, 60))
def test_recurring_supplies_never_cut_an_interval_nor_leave_a_gap(
    start: int, length: int, every: int, gap: int
) -> None:
    dosed = MONDAY + timedelta(days=start)
    doses = Frequency(1, every, dosed)
    first = aligned(dosed + timedelta(days=gap), length, doses)
    assert first is not None
    second = aligned(first.last + timedelta(days=1), length, doses)
    assert second is not None
    assert (second.first - first.last).days == 1
    assert len(first) == len(second) <= max(length, every)
    if every > 1:
        assert (first.first - dosed).days % every == 0 and len(first) % every == 0


@given(st.integers(0, 800), st.integers(0, 14), st.none() | st.integers(0, 6))
def test_a_recurring_delivery_arrives_on_a_delivery_day_in_time(start: int, lead: int, weekday: int | None) -> None:
    period = Days(MONDAY + timedelta(days=start), MONDAY + timedelta(days=start + 6))
    day = arrives_on(CALENDAR, period, lead, weekday)
    assert not CALENDAR.why_not(day)
    assert 0 <= (period.first - day).days - lead <= 12


def test_a_therapy_that_ends_gets_only_what_is_left() -> None:
    assert aligned(MONDAY, 7, None, MONDAY + timedelta(days=2)) == Days(MONDAY, MONDAY + timedelta(days=2))
    assert aligned(MONDAY, 7, None, MONDAY - timedelta(days=1)) is None
