"""The day of a run: nearly every test asks more than once which day it is, and must be told the same one each time."""

from datetime import UTC, datetime, time, timedelta, tzinfo
from itertools import count

import pytest

from infusion_desktop import dates


def no_midnight_passes(patch: pytest.MonkeyPatch) -> None:
    """The program's clock goes as all do, and a minute before midnight, here or in UTC, no further than it is asked."""
    here = datetime.combine(dates.today() + dates.ONE_DAY, time()).astimezone()
    in_utc = datetime.combine(datetime.now(UTC) + dates.ONE_DAY, time(), UTC)
    last, asked = min(here, in_utc) - timedelta(minutes=1), count()

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            now = datetime.now(UTC)
            return (now if now < last else last + timedelta(microseconds=next(asked))).astimezone(tz)

    patch.setattr(dates, "datetime", Clock)
