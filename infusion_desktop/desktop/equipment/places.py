"""The place of equipment in the window, and what search and scans find there."""

from infusion_desktop.access.roles import Permission
from infusion_desktop.dates import today
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.places import Hit, NameScan, Place, Search
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.errors import Refused


def _board(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.equipment.board_screen import BoardScreen

    return BoardScreen(context, desk)


def search_assets(context: Context) -> Search:
    """Finds a pump or pole by its whole tag or serial number."""

    def search(text: str) -> list[Hit]:
        from infusion_desktop.equipment.queries import find_asset

        if not context.may(Permission.SEE_EQUIPMENT) or not text.strip():
            return []
        with context.database.reading() as session:
            found = find_asset(session, text, today())
        if found is None:
            return []
        return [Hit(f"{found.tag} · {found.item_name}", f"{found.serial} · {found.state}", "pump", "asset", found.id)]

    return search


def name_assets(context: Context) -> NameScan:
    """Says which pump or pole a scanned label is: our own tag, or the maker's code with its serial number."""

    def name(raw: str) -> Hit | None:
        from infusion_desktop.equipment.queries import find_scanned
        from infusion_desktop.stock.scanning.scans import read_scan

        if not context.may(Permission.SEE_EQUIPMENT):
            return None
        try:
            scan = read_scan(raw, today=today())
            with context.database.reading() as session:
                found, _product = find_scanned(session, scan, today())
        except Refused:
            return None
        return None if found is None else Hit(found.tag, found.item_name, "pump", "asset", found.id)

    return name


def name_tickets(context: Context) -> NameScan:
    """Says which pick-up ticket a scanned code is."""

    def name(raw: str) -> Hit | None:
        from infusion_desktop.deliveries.pumps.pickups import ticket_by_number
        from infusion_desktop.stock.scanning.scan_values import ScanKind
        from infusion_desktop.stock.scanning.scans import read_scan

        if not context.may(Permission.SEE_EQUIPMENT):
            return None
        try:
            scan = read_scan(raw, today=today())
        except Refused:
            return None
        if scan.kind is not ScanKind.PICK_UP:
            return None
        with context.database.reading() as session:
            found = ticket_by_number(session, scan.code)
        return None if found is None else Hit(f"Pick-up {scan.code}", "pick-up ticket", "truck", "pickup", found)

    return name


PLACES: tuple[Place, ...] = (
    Place(
        "equipment", "Pumps and poles", "pump", Permission.SEE_EQUIPMENT, _board, "Supplies", opens=("asset", "pickup")
    ),
)
SEARCHES = (search_assets,)
NAME_SCANS = (name_assets, name_tickets)
