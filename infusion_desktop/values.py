"""Plain values that a month makes by the hundred thousand: frozen, and quick to make."""

from dataclasses import FrozenInstanceError, dataclass, fields
from typing import Any, Never, TypeVar, dataclass_transform

_Class = TypeVar("_Class")


@dataclass_transform(frozen_default=True)
def value(made: type[_Class]) -> type[_Class]:
    """A frozen dataclass with slots, made in a quarter of the time that ``dataclass(frozen=True, slots=True)`` takes.

    Its fields are set while it is open; then it becomes one of a sealed subclass, which nobody can change.
    """

    check: Any = getattr(made, "__post_init__", None)

    def seal(self: Any) -> None:
        self.__class__ = sealed

    def check_and_seal(self: Any) -> None:
        check(self)
        self.__class__ = sealed

    made.__post_init__ = check_and_seal if check else seal  # type: ignore[attr-defined]
    opened: Any = dataclass(slots=True, unsafe_hash=True)(made)
    names = [field.name for field in fields(opened)]

    def make(_sealed: Any, *given: Any, **named: Any) -> Any:
        """`dataclasses.replace` asks the class of a value for another one."""
        return opened(*given, **named)

    def keep(self: Any, *_: Any, **__: Any) -> None:
        """It is made already."""

    def refuse(self: Any, name: str, *_: Any) -> Never:
        raise FrozenInstanceError(f"{opened.__name__}.{name} is not changed: make another value.")

    def taken_apart(self: Any) -> tuple[Any, tuple[Any, ...]]:
        return opened, tuple(getattr(self, name) for name in names)

    sealed = type(
        opened.__name__,
        (opened,),
        {
            "__slots__": (), "__module__": opened.__module__, "__qualname__": opened.__qualname__,
            "__doc__": opened.__doc__, "__new__": make, "__init__": keep, "__setattr__": refuse,
            "__delattr__": refuse, "__reduce__": taken_apart,
        },
    )  # fmt: skip
    return opened  # type: ignore[no-any-return]
