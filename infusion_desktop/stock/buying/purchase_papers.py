"""Filling the papers that go to vendors: the purchase order and the vendor return."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.papers import letterhead, printed
from infusion_desktop.access.roles import UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.dates import local_day, show_day
from infusion_desktop.errors import Refused
from infusion_desktop.stock.buying.purchase_queries import OrderLineRow, order_page
from infusion_desktop.stock.buying.return_queries import return_rows
from infusion_desktop.stock.buying.vendor_queries import vendor_facts
from infusion_desktop.stock.buying.vendors import NewVendor, the_vendor
from infusion_desktop.stock.purchase_tables import PurchaseOrderEvent
from infusion_desktop.stock.words import OrderId, OrderState, VendorReturnId
from reports import purchase_order, vendor_return


def order_paper(session: Session, order_id: OrderId, by: UserId, now: datetime) -> purchase_order.PurchaseOrder:
    """A purchase order as it goes to the vendor; a draft says that it is one."""
    page = order_page(session, order_id, local_day(now))
    head, row = letterhead(session), page.row
    sender = session.scalar(
        select(Staff.name)
        .join(PurchaseOrderEvent, PurchaseOrderEvent.staff_id == Staff.id)
        .where(PurchaseOrderEvent.order_id == order_id, PurchaseOrderEvent.state == OrderState.SENT)
        .order_by(PurchaseOrderEvent.id)
    )
    notes = [
        "This is a draft, not an order." if row.state is OrderState.DRAFT else "",
        "This order is cancelled." if row.state is OrderState.CANCELLED else "",
        row.note,
    ]
    return purchase_order.PurchaseOrder(
        head,
        printed(session, by, now),
        row.number,
        row.ordered_on,
        row.vendor,
        _vendor_lines(page.vendor),
        (head.name, *head.address_lines, head.phone),
        tuple(_order_line(line) for line in page.lines),
        account_number=page.vendor.account,
        wanted_on=row.expected_on,
        terms=page.vendor.terms,
        ordered_by=sender or "",
        note="\n".join(filter(None, notes)),
    )


def _order_line(line: OrderLineRow) -> purchase_order.OrderLine:
    pack = line.pack_name if line.pack_quantity == 1 else f"{line.pack_name} of {line.pack_quantity:,}"
    until = f" until {show_day(line.backordered_until)}" if line.backordered_until else ""
    note = f"on backorder{until}" if line.backordered and line.outstanding else ""
    return purchase_order.OrderLine(
        line.vendor_number, line.item_name, line.packs, pack, line.pack_price, line.item_number, note
    )


def return_paper(session: Session, return_id: VendorReturnId, by: UserId, now: datetime) -> vendor_return.VendorReturn:
    """A vendor return as it goes with the goods."""
    found = return_rows(session, return_id)
    if not found:
        raise Refused("There is no such return. Open it from the list again.")
    row = found[0]
    vendor = vendor_facts(the_vendor(session, row.vendor_id))
    return vendor_return.VendorReturn(
        letterhead(session),
        printed(session, by, now),
        row.number,
        row.sent_on,
        row.vendor,
        _vendor_lines(vendor),
        tuple(
            vendor_return.ReturnLine(
                line.item_name, line.item_number, line.lot, line.quantity, line.unit, line.amount, line.why
            )
            for line in row.lines
        ),
        row.expected,
        row.reason,
        account_number=vendor.account,
        order_number=row.order,
        supplier_reference=row.vendor_reference,
        note=row.note,
    )


def _vendor_lines(vendor: NewVendor) -> tuple[str, ...]:
    known = (vendor.contact, *vendor.address.splitlines(), vendor.phone, vendor.email)
    return tuple(line.strip() for line in known if line.strip())
