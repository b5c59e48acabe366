"""Reports on buying: what is short or below par with its sum, what is on backorder, and orders that are late."""

from sqlalchemy.orm import Session

from infusion_desktop.dates import Days
from infusion_desktop.deliveries.scarce.supply_demand import reorder_proposals
from infusion_desktop.money import ZERO
from infusion_desktop.reporting.report import Found
from infusion_desktop.stock.buying.purchase_queries import late_orders as overdue
from infusion_desktop.stock.buying.purchase_queries import order_page, order_rows
from infusion_desktop.stock.buying.return_queries import return_rows
from reports.table_report import Column, Kind

_NUMBER, _MONEY, _DAY = Kind.NUMBER, Kind.MONEY, Kind.DAY


def short(session: Session, period: Days) -> Found:
    """Items that are short now: at the reorder point, or fewer than patients need before an order could be here."""
    rows = tuple(
        (row.name, row.number, row.position.free, row.position.deliveries + row.position.therapies,
         row.position.on_order, row.vendor, row.reorder.why)
        for row in reorder_proposals(session, period.last)
        if row.is_short
    )  # fmt: skip
    columns = (Column("Item"), Column("Number"), Column("Free", _NUMBER), Column("Needed", _NUMBER),
               Column("On order", _NUMBER), Column("Vendor"), Column("Sum"))  # fmt: skip
    return Found(columns, rows)


def below_par(session: Session, period: Days) -> Found:
    """Items with fewer free units than par, and what is missing to it."""
    rows = tuple(
        (row.name, row.number, row.position.free, row.position.par, row.position.par - row.position.free,
         row.position.on_order)
        for row in reorder_proposals(session, period.last)
        if row.is_below_par
    )  # fmt: skip
    titles = ("Free", "Par", "Missing", "On order")
    return Found((Column("Item"), Column("Number"), *(Column(title, _NUMBER) for title in titles)), rows)


def on_backorder(session: Session, period: Days) -> Found:
    """Lines of orders that the vendor cannot send now, the first promised first."""
    found = [
        (line.item_name, order.number, order.vendor, line.outstanding, line.backordered_until, line.note)
        for order in order_rows(session, period.last)
        if order.on_backorder
        for line in order_page(session, order.id, period.last).lines
        if line.backordered and line.outstanding
    ]
    found.sort(key=lambda row: (row[4] is None, row[4] or period.last, row[0]))
    columns = (Column("Item"), Column("Order"), Column("Vendor"), Column("Units", _NUMBER), Column("Promised", _DAY),
               Column("What the vendor said"))  # fmt: skip
    return Found(columns, tuple(found))


def late_orders(session: Session, period: Days) -> Found:
    """Orders that are out past the day they were expected, the latest first."""
    late = sorted(overdue(session, period.last), key=lambda row: -row.days_late)
    rows = tuple((row.number, row.vendor, row.ordered_on, row.expected_on, row.days_late, row.open_lines, row.amount)
                 for row in late)  # fmt: skip
    columns = (Column("Order"), Column("Vendor"), Column("Sent", _DAY), Column("Expected", _DAY),
               Column("Days late", _NUMBER), Column("Open lines", _NUMBER), Column("Amount", _MONEY))  # fmt: skip
    return Found(columns, rows, (None, None, None, None, None, None, sum((row.amount for row in late), ZERO)))


def open_credits(session: Session, _period: Days) -> Found:
    """What vendors still owe us for goods that went back, the oldest first."""
    owed = [row for row in reversed(return_rows(session)) if row.open_credit]
    rows = tuple((row.number, row.vendor, row.sent_on, row.expected, row.credited, row.open_credit) for row in owed)
    columns = (Column("Return"), Column("Vendor"), Column("Sent", _DAY), Column("Expected", _MONEY),
               Column("Credited", _MONEY), Column("Open", _MONEY))  # fmt: skip
    sums = (sum((row[place] for row in rows), ZERO) for place in (3, 4, 5))
    return Found(columns, rows, (None, None, None, *sums))
