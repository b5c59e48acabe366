"""Where the reports are."""

from collections.abc import Callable

from infusion_desktop.access.roles import Permission
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.places import NameScan, Place, Search
from infusion_desktop.desktop.screens import Screen


def _reports(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.reporting.reports_screen import ReportsScreen

    return ReportsScreen(context, desk)


def _dashboard(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.reporting.dashboard_screen import DashboardScreen

    return DashboardScreen(context, desk)


PLACES = (
    Place("dashboard", "Dashboard", "chart", Permission.SEE_REPORTS, _dashboard, "Office"),
    Place("reports", "Reports", "list", Permission.SEE_REPORTS, _reports, "Office", opens=("report",)),
)
SEARCHES: tuple[Callable[[Context], Search], ...] = ()
NAME_SCANS: tuple[Callable[[Context], NameScan], ...] = ()
