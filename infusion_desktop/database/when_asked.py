"""Tables are mapped when they are first asked for: no start waits for those that its first screen does not show."""

from typing import Any

from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.orm.decl_api import DeclarativeAttributeIntercept
from sqlalchemy.orm.mapper import _CONFIGURE_MUTEX

declared: dict[str, type[DeclarativeBase]] = {}
"""The class of each table whose module was read, mapped or not."""
_waiting: set[str] = set()
_KNOWN_BEFORE = frozenset({"__module__", "__name__", "__qualname__", "__doc__", "__tablename__", "__table_args__"})
"""What may be asked of a class without mapping it."""


def declare(cls: Any) -> None:
    """Let a class that was just read wait until somebody asks for its table."""
    declared[cls.__tablename__] = cls
    _waiting.add(cls.__tablename__)
    cls.__class__ = _Waiting


def map_all() -> None:
    """Map what still waits. Whoever writes needs it: SQLAlchemy follows each foreign key of what it saves."""
    for name in list(_waiting):
        _map(declared[name])


class _Waiting(DeclarativeAttributeIntercept):
    """What a class is while it waits: asked for anything, it is mapped first; other threads get it whole or not yet."""

    def __getattribute__(self, name: str) -> Any:
        if name not in _KNOWN_BEFORE:
            _map(self)
        return type.__getattribute__(self, name)

    def __call__(self, *values: Any, **named: Any) -> Any:
        _map(self)
        return self(*values, **named)


def _map(cls: Any) -> None:
    with _CONFIGURE_MUTEX:  # SQLAlchemy's own: with a second lock two threads would wait for each other.
        if cls.__tablename__ in _waiting:
            _waiting.remove(cls.__tablename__)
            cls.registry.map_declaratively(cls)
            cls.__class__ = DeclarativeAttributeIntercept
