"""Values that are quick to make are values still."""

from dataclasses import replace

import pytest

from infusion_desktop.values import value


@value
class Dose:
    """A dose."""

    drug: str
    units: int = 1


def test_equal_values_are_equal_and_hash_alike() -> None:
    """As frozen dataclasses do; and they have no room for anything else."""
    one, other = Dose("A", 2), Dose("A", 2)
    assert one == other
    assert hash(one) == hash(other)
    assert replace(one, units=3) != other
    with pytest.raises(AttributeError):
        one.route = "iv"  # type: ignore[attr-defined]
