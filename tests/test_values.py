"""Values that are quick to make are values still."""

import pickle
from copy import copy
from dataclasses import FrozenInstanceError, replace

import pytest

from infusion_desktop.values import value


@value
class Dose:
    """A dose."""

    drug: str
    units: int = 1


@value
class Course:
    """What checks itself when it is made."""

    days: int

    def __post_init__(self) -> None:
        if self.days < 1:
            raise ValueError("no days")


def test_equal_values_are_equal_and_hash_alike() -> None:
    """As frozen dataclasses do; and they have no room for anything else."""
    one, other = Dose("A", 2), Dose("A", 2)
    assert one == other
    assert hash(one) == hash(other)
    assert replace(one, units=3) == Dose("A", 3) != other
    assert isinstance(one, Dose)
    assert repr(one) == "Dose(drug='A', units=2)"
    with pytest.raises(AttributeError):
        one.route = "iv"  # type: ignore[attr-defined]


@pytest.mark.parametrize("again", [copy, lambda each: pickle.loads(pickle.dumps(each)), replace])
def test_nobody_changes_a_value_nor_its_copy(again) -> None:
    dose = Dose("A", 2)
    for each in (dose, again(dose)):
        with pytest.raises(FrozenInstanceError, match=r"Dose.units is not changed"):
            each.units = 3
        with pytest.raises(FrozenInstanceError):
            del each.drug
        assert each == Dose("A", 2)


def test_a_value_that_checks_itself_does_so_and_is_closed_then() -> None:
    with pytest.raises(ValueError, match="no days"):
        Course(0)
    with pytest.raises(FrozenInstanceError):
        replace(Course(1), days=2).days = 3  # type: ignore[misc]
