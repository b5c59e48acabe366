"""The places of purchasing in the window, and what search and scans find there."""

from infusion_desktop.access.roles import Permission
from infusion_desktop.dates import today
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.places import Hit, NameScan, Place, Search
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.errors import Refused

_GROUP = "Supplies"


def _purchasing(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.purchasing.purchasing_screen import PurchasingScreen

    return PurchasingScreen(context, desk)


def _order(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.purchasing.order_screen import OrderScreen

    return OrderScreen(context, desk)


def search_orders(context: Context) -> Search:
    """Finds purchase orders by number or vendor."""

    def search(text: str) -> list[Hit]:
        if not context.may(Permission.SEE_STOCK) or len(text.strip()) < 2:
            return []
        from infusion_desktop.stock.buying.purchase_queries import order_rows

        words = text.casefold().split()
        with context.database.reading() as session:
            rows = order_rows(session, today())
        found = [row for row in rows if all(word in f"{row.number} {row.vendor}".casefold() for word in words)]
        return [
            Hit(row.number, f"{row.vendor} · {row.state}", "clipboard", "purchase order", row.id) for row in found[:8]
        ]

    return search


def name_orders(context: Context) -> NameScan:
    """Says which purchase order the code on a printed one is."""

    def name(raw: str) -> Hit | None:
        if not context.may(Permission.SEE_STOCK):
            return None
        from infusion_desktop.stock.buying.purchase_queries import order_id_by_number
        from infusion_desktop.stock.scanning.scan_values import ScanKind
        from infusion_desktop.stock.scanning.scans import read_scan

        try:
            scan = read_scan(raw, today=today())
        except Refused:
            return None
        if scan.kind is not ScanKind.ORDER:
            return None
        with context.database.reading() as session:
            found = order_id_by_number(session, scan.code)
        return None if found is None else Hit(scan.code, "Purchase order", "clipboard", "purchase order", found)

    return name


PLACES: tuple[Place, ...] = (
    Place("purchasing", "Purchasing", "tag", Permission.SEE_STOCK, _purchasing, _GROUP, opens=("purchasing",)),
    Place("order", "Purchase order", "clipboard", Permission.SEE_STOCK, _order, _GROUP, opens=("purchase order",),
          in_rail=False),
)  # fmt: skip
SEARCHES = (search_orders,)
NAME_SCANS = (name_orders,)
