"""The day of a run: nearly every test asks more than once which day it is, and must be told the same one each time.

`python -m tests.one_day MODULE ...` runs a module of the program or of the tests on the day of the run that started it.
"""

import os
import runpy
import sys
from datetime import UTC, datetime, time, timedelta, tzinfo
from itertools import count

import pytest

from infusion_desktop import dates

DAYS_END = "INFUSION_TESTS_DAYS_END"
"""Tells programs which a run starts when its day ends: a second earlier, so that what they did is past."""


def no_midnight_passes(patch: pytest.MonkeyPatch) -> None:
    """The program's clock goes as all do, and a minute before midnight, here or in UTC, no further than it is asked."""
    last, asked = _days_end(), count()
    patch.setenv(DAYS_END, (last - timedelta(seconds=1)).isoformat())

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            now = datetime.now(UTC)
            return (now if now < last else last + timedelta(microseconds=next(asked))).astimezone(tz)

    patch.setattr(dates, "datetime", Clock)


def _days_end() -> datetime:
    if known := os.environ.get(DAYS_END):
        return datetime.fromisoformat(known)
    here = datetime.combine(dates.today() + dates.ONE_DAY, time()).astimezone()
    in_utc = datetime.combine(datetime.now(UTC) + dates.ONE_DAY, time(), UTC)
    return min(here, in_utc) - timedelta(minutes=1)


if __name__ == "__main__":
    no_midnight_passes(pytest.MonkeyPatch())
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
