"""All places of the window, in the order of the rail; each screen is imported when it is first opened."""

import gc
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from threading import Thread
from time import sleep

from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.places import NameScan, Place, Search

ROOMS = (
    "today",
    "deliveries",
    "care",
    "patients",
    "stock",
    "purchasing",
    "equipment",
    "billing",
    "reporting",
    "office",
)
"""Folders of screens; each has a `places.py` with PLACES, SEARCHES and NAME_SCANS."""

FIRST = "today"
"""The place everybody comes in at."""
_REST = 0.02
"""Seconds between two modules that are read behind the window, which is to answer at once meanwhile."""


@dataclass(frozen=True, slots=True)
class House:
    """What the shell shows and searches."""

    places: tuple[Place, ...]
    searches: tuple[Search, ...]
    name_scans: tuple[NameScan, ...]


def read_first_screen() -> None:
    """Import what the first screen is made of, and the places of all rooms."""
    import infusion_desktop.desktop.today.today_screen  # noqa: F401

    for room in ROOMS:
        import_module(f"infusion_desktop.desktop.{room}.places")


def read_behind() -> None:
    """Import all screens on a thread of their own, bit by bit, so that none is waited for when it is first opened."""
    Thread(target=_read_for_good, name="rooms", daemon=True).start()


def _read_for_good() -> None:
    read_all(_REST)
    gc.freeze()  # The collector would hold the window's thread while it looks through modules that stay anyway.


def read_all(rest: float = 0) -> None:
    """Import the modules of all rooms, with a rest of so many seconds after each."""
    for room in ROOMS:
        package = import_module(f"infusion_desktop.desktop.{room}")
        for module in iter_modules(package.__path__, f"{package.__name__}."):
            import_module(module.name)
            sleep(rest)


def house(context: Context) -> House:
    """The places, searches and scans of all rooms."""
    rooms = [import_module(f"infusion_desktop.desktop.{room}.places") for room in ROOMS]
    return House(
        tuple(place for room in rooms for place in room.PLACES),
        tuple(search(context) for room in rooms for search in room.SEARCHES),
        tuple(name(context) for room in rooms for name in room.NAME_SCANS),
    )
