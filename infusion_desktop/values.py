"""Plain values that a month makes by the hundred thousand: frozen for whoever writes code, quick to make."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, dataclass_transform, overload

_Class = TypeVar("_Class")


@overload
def value(made: type[_Class]) -> type[_Class]: ...
@overload
def value(*, order: bool) -> Callable[[type[_Class]], type[_Class]]: ...
@dataclass_transform(frozen_default=True)
def value(
    made: type[_Class] | None = None, *, order: bool = False
) -> type[_Class] | Callable[[type[_Class]], type[_Class]]:
    """A dataclass with slots that the type check holds frozen: made in half the time of one that guards itself.

    Equal ones are equal and hash alike, as those of ``dataclass(frozen=True, slots=True)``.
    """
    kind = dataclass(slots=True, unsafe_hash=True, order=order)
    return kind if made is None else kind(made)
