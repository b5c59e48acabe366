"""The places a person can go to in the window, as plain values that application.py lists."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.screens import Screen

MakeScreen: TypeAlias = Callable[[Context, Desk], Screen]


@dataclass(frozen=True, slots=True)
class Place:
    """A screen that can be gone to. The screen is made, and its module imported, when it is first opened."""

    key: str
    title: str
    icon: str
    permission: str
    """Who may go there; "" for everybody."""
    make_screen: MakeScreen
    group: str = ""
    """Heading in the rail."""
    opens: tuple[str, ...] = ()
    """Kinds of records it shows: ``desk.open("patient", 12)`` leads to the place that opens "patient"."""
    in_rail: bool = True
    """False for screens that are only reached by opening a record."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found, or something that a scanned code names."""

    title: str
    detail: str
    icon: str
    kind: str
    id: object


@dataclass(frozen=True, slots=True)
class Command:
    """Something a person may do from anywhere, by typing its name."""

    title: str
    run: Callable[[], object]
    icon: str = "chevron-right"
    detail: str = ""
    words: str = ""
    """Other words it is found by."""
    permission: str = ""


Search: TypeAlias = Callable[[str], Iterable[Hit]]
"""Finds records by typed text; runs on a worker thread."""
NameScan: TypeAlias = Callable[[str], Hit | None]
"""Says what a scanned code names; runs on a worker thread."""


def places_for(places: Iterable[Place], context: Context) -> list[Place]:
    """The places this person may go to."""
    return [place for place in places if not place.permission or context.may(place.permission)]


def matching(commands: Sequence[Command], typed: str, context: Context) -> list[Command]:
    """The commands that contain every typed word."""
    words = typed.casefold().split()
    allowed = [each for each in commands if not each.permission or context.may(each.permission)]
    return [each for each in allowed if all(word in f"{each.title} {each.words}".casefold() for word in words)]
