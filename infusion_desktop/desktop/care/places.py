"""Where the screens of care between deliveries are."""

from collections.abc import Callable

from infusion_desktop.access.roles import Permission
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.places import NameScan, Place, Search
from infusion_desktop.desktop.screens import Screen


def _calls(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.care.calls_screen import CallsScreen

    return CallsScreen(context, desk)


def _call(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.care.call_screen import RefillCallScreen

    return RefillCallScreen(context, desk)


def _supply(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.care.supply_screen import SupplyScreen

    return SupplyScreen(context, desk)


_PLAN = Permission.PLAN_DELIVERY
PLACES: tuple[Place, ...] = (
    Place("calls", "Calls and tasks", "phone", Permission.SEE_DELIVERIES, _calls, "Care", opens=("calls",)),
    Place("refill call", "Refill call", "phone", _PLAN, _call, "Care", ("refill call",), in_rail=False),
    Place("supply plan", "Supply plan", "kit", _PLAN, _supply, "Care", ("supply plan",), in_rail=False),
)
SEARCHES: tuple[Callable[[Context], Search], ...] = ()
NAME_SCANS: tuple[Callable[[Context], NameScan], ...] = ()
