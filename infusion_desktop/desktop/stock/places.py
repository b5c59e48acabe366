"""The places of stock in the window, and what search and scans find there."""

from infusion_desktop.access.roles import Permission
from infusion_desktop.dates import today
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.places import Hit, NameScan, Place, Search
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.errors import Refused

_GROUP = "Supplies"


def _receive(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.stock.receive_screen import ReceiveScreen

    return ReceiveScreen(context, desk)


def _stock(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.stock.stock_screen import StockScreen

    return StockScreen(context, desk)


def _catalogue(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.stock.catalogue_screen import CatalogueScreen

    return CatalogueScreen(context, desk)


def _moves(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.stock.moves_screen import MovesScreen

    return MovesScreen(context, desk)


def _counts(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.stock.counts_screen import CountsScreen

    return CountsScreen(context, desk)


def _recalls(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.stock.recalls_screen import RecallsScreen

    return RecallsScreen(context, desk)


def search_items(context: Context) -> Search:
    """Finds items of the catalogue by name, number or manufacturer."""

    def search(text: str) -> list[Hit]:
        from infusion_desktop.stock.queries import find_items

        if not context.may(Permission.SEE_STOCK):
            return []
        with context.database.reading() as session:
            found = find_items(session, text, limit=8)
        return [Hit(item.name, f"{item.number} · {item.kind}", "box", "item", item.id) for item in found]

    return search


def name_items(context: Context) -> NameScan:
    """Says which item a scanned product is."""

    def name(raw: str) -> Hit | None:
        from infusion_desktop.stock.buying.receiving import recognise
        from infusion_desktop.stock.scanning.scan_values import ScanKind
        from infusion_desktop.stock.scanning.scans import read_scan

        if not context.may(Permission.SEE_STOCK):
            return None
        try:
            scan = read_scan(raw, today=today())
            if scan.kind not in (ScanKind.PRODUCT, ScanKind.TEXT):
                return None
            with context.database.reading() as session:
                known = recognise(session, scan, today())
        except Refused:
            return None
        if known.item_id is None or (known.is_equipment and scan.serial):
            return None  # One pump or pole by its serial number is named by the equipment register.
        return Hit(known.item_name, known.item_number, "box", "item", known.item_id)

    return name


def name_labels(context: Context) -> NameScan:
    """Says what a label of our own leads to: a place, a lot, a transfer, a line to count, a recall."""

    def name(raw: str) -> Hit | None:
        from infusion_desktop.stock.scanning.scan_values import ScanKind
        from infusion_desktop.stock.scanning.scans import read_scan

        try:
            scan = read_scan(raw, today=today())
        except Refused:
            return None
        led_to = {
            ScanKind.RECALL: ("recall", "recall number"), ScanKind.COUNT_LINE: ("count", "count line"),
            ScanKind.LOCATION: ("place", "place label"), ScanKind.LOT_LABEL: ("box", "lot label"),
            ScanKind.TRANSFER: ("truck", "transfer label"),
        }  # fmt: skip
        if scan.kind not in led_to or not context.may(Permission.SEE_STOCK):
            return None
        icon, kind = led_to[scan.kind]
        return Hit(scan.code, scan.kind.value.capitalize(), icon, kind, scan.code)

    return name


PLACES: tuple[Place, ...] = (
    Place("receive", "Receive", "scan", Permission.RECEIVE, _receive, _GROUP, opens=("receive order",)),
    Place("stock", "Stock", "box", Permission.SEE_STOCK, _stock, _GROUP,
          opens=("place label", "lot label", "transfer label")),
    Place("catalogue", "Catalogue", "list", Permission.SEE_STOCK, _catalogue, _GROUP, opens=("item",)),
    Place("counts", "Counts", "count", Permission.SEE_STOCK, _counts, _GROUP, opens=("count", "count line")),
    Place("recalls", "Recalls", "recall", Permission.SEE_STOCK, _recalls, _GROUP, opens=("recall", "recall number")),
    Place("moves", "Moves", "history", Permission.SEE_STOCK, _moves, _GROUP, opens=("receipt",)),
)  # fmt: skip
SEARCHES = (search_items,)
NAME_SCANS = (name_items, name_labels)
