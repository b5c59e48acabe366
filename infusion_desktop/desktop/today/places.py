"""The first place of everybody's rail."""

from collections.abc import Callable

from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.places import NameScan, Place, Search
from infusion_desktop.desktop.screens import Screen


def _today(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.today.today_screen import TodayScreen

    return TodayScreen(context, desk)


PLACES: tuple[Place, ...] = (Place("today", "Today", "calendar", "", _today),)
SEARCHES: tuple[Callable[[Context], Search], ...] = ()
NAME_SCANS: tuple[Callable[[Context], NameScan], ...] = ()
