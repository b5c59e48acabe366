"""The database says the same calendar day of an instant as the program, the days on which clocks change too."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import literal, select

from infusion_desktop.database.engine import Database
from infusion_desktop.database.local_days import local_day_of, start_of
from infusion_desktop.database.types import Instant
from infusion_desktop.dates import Days, local_day

YEAR = Days(date(2026, 1, 1), date(2026, 12, 31))


@pytest.fixture(params=["America/New_York", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"])
def here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A place with its clock: an hour forward and back, half an hour, or never."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("here")
def test_a_day_in_the_database_is_the_day_here(database: Database) -> None:
    days = (date(2026, 3, 8), date(2026, 3, 29), date(2026, 4, 5), date(2026, 10, 4), date(2026, 10, 25),
            date(2026, 11, 1), date(2026, 7, 4), YEAR.first, YEAR.last)  # fmt: skip
    around = [start_of(day) + timedelta(minutes=minutes) for day in days for minutes in (0, 29, 150, 1409, 1439)]
    with database.reading() as session:
        told = session.execute(
            select(*(local_day_of(session, literal(at, Instant()), YEAR).label(f"d{place}")
                     for place, at in enumerate(around)))
        ).one()  # fmt: skip
    assert list(told) == [local_day(at) for at in around]
    assert around[0] == start_of(days[0]) and around[0].tzinfo is UTC and isinstance(around[0], datetime)
