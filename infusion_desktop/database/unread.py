"""SQLAlchemy without the libraries it names and this program never asks: they are read when somebody does."""

import importlib
import inspect
import sys
import threading
from types import ModuleType
from typing import Any

_ONE_AT_A_TIME = threading.Lock()


def leave_unread() -> None:
    """To be called before SQLAlchemy is imported: a twentieth of its import and four megabytes are spared.

    Where it comes to use one of them after all, or psycopg does, the library itself is there.
    """
    _stands_in("asyncio", iscoroutine=inspect.iscoroutine)  # The one thing that is asked of it at import.
    _stands_in("importlib.metadata")


def _stands_in(name: str, **known: Any) -> None:
    if name in sys.modules:
        return
    module = ModuleType(name)

    def read(attribute: str) -> Any:
        with _ONE_AT_A_TIME:
            if sys.modules.get(name) is module:
                del sys.modules[name]
        return getattr(importlib.import_module(name), attribute)

    vars(module).update(known, __getattr__=read)
    sys.modules[name] = module
    parent, _, last = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], last, module)
