"""Where the office's screens are."""

from collections.abc import Callable

from infusion_desktop.access.roles import Permission
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.places import NameScan, Place, Search
from infusion_desktop.desktop.screens import Screen


def _people(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.office.people import PeopleScreen

    return PeopleScreen(context, desk)


def _trail(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.office.trail import TrailScreen

    return TrailScreen(context, desk)


def _kits(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.office.kits import KitsScreen

    return KitsScreen(context, desk)


def _pharmacy(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.office.pharmacy_screen import PharmacyScreen

    return PharmacyScreen(context, desk)


def _data(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.office.data_screen import DataScreen

    return DataScreen(context, desk)


def _keeping(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.office.keeping_screen import KeepingScreen

    return KeepingScreen(context, desk)


def _kit(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.office.kit_screen import KitScreen

    return KitScreen(context, desk)


PLACES = (
    Place("kits", "Kit templates", "kit", Permission.SEE_DELIVERIES, _kits, "Office", opens=("kits",)),
    Place("kit", "Kit template", "kit", Permission.SEE_DELIVERIES, _kit, "Office", opens=("kit",), in_rail=False),
    Place("pharmacy", "Pharmacy", "home", Permission.SEE_BILLING, _pharmacy, "Office", opens=("pharmacy",)),
    Place("people", "People", "people", Permission.SEE_AUDIT, _people, "Office"),
    Place("data", "Data and copies", "database", Permission.BACK_UP, _data, "Office"),
    Place("keeping", "Keeping", "clock", Permission.PURGE, _keeping, "Office"),
    Place("trail", "Audit trail", "shield", Permission.SEE_AUDIT, _trail, "Office", opens=("who looked",)),
)
SEARCHES: tuple[Callable[[Context], Search], ...] = ()
NAME_SCANS: tuple[Callable[[Context], NameScan], ...] = ()
