"""Changing a kept record: only the version that was read, and the trail says what it was before."""

from collections.abc import Mapping
from typing import Any, Protocol

from infusion_desktop.errors import Stale


class Versioned(Protocol):
    """A mapped row that counts its changes."""

    version: Any


def change(row: Versioned, values: Mapping[str, Any], version: int, what: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Set the values that differ and give them before and after; Stale when the row is not the one that was read."""
    if row.version != version:
        raise Stale(f"Somebody else changed {what} meanwhile. Look at it again before you save.")
    before = {name: getattr(row, name) for name, value in values.items() if getattr(row, name) != value}
    after = {name: values[name] for name in before}
    for name, value in after.items():
        setattr(row, name, value)
    return before, after
