"""Plain values that a month makes by the hundred thousand: frozen for whoever writes code, quick to make."""

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

_Class = TypeVar("_Class")


@dataclass_transform(frozen_default=True)
def value(made: type[_Class]) -> type[_Class]:
    """A dataclass with slots that the type check holds frozen: made in half the time of one that guards itself.

    Equal ones are equal and hash alike, as those of ``dataclass(frozen=True, slots=True)``.
    """
    return dataclass(slots=True, unsafe_hash=True)(made)
