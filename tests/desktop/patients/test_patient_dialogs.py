"""The times of a nursing visit are read or refused in a sentence."""

import pytest

from infusion_desktop.desktop.patients.coverage_dialogs import read_time
from infusion_desktop.errors import Refused


@pytest.mark.parametrize(("typed", "read"), [("9:05", "09:05"), ("14:30", "14:30"), (" 00:00 ", "00:00")])
def test_times_are_read(typed: str, read: str) -> None:
    assert read_time(typed) == read


@pytest.mark.parametrize("typed", ["", "24:00", "9.05", "9:5", "noon", "٩:٠٥"])
def test_other_times_are_refused(typed: str) -> None:
    with pytest.raises(Refused, match="14:30"):
        read_time(typed)
