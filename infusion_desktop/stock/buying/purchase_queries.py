"""What screens and papers ask about purchase orders: how far each is, what is late, what came damaged or wrong."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, case, func, select, type_coerce
from sqlalchemy.orm import Session

from infusion_desktop.access.tables import Staff
from infusion_desktop.database.types import UnitCost
from infusion_desktop.errors import Refused
from infusion_desktop.money import to_cents
from infusion_desktop.stock.purchase_tables import (
    PurchaseOrder,
    PurchaseOrderEvent,
    PurchaseOrderLine,
    ReceiptLine,
    VendorReturn,
    VendorReturnLine,
)
from infusion_desktop.stock.tables import Item, Lot, Receipt, Vendor
from infusion_desktop.stock.words import (
    EXPECTED,
    Condition,
    ItemId,
    OrderId,
    OrderLineId,
    OrderState,
    ReceiptId,
    VendorId,
)

if TYPE_CHECKING:
    from infusion_desktop.stock.buying.receipt_queries import ReceivedRow
    from infusion_desktop.stock.buying.vendors import NewVendor


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A purchase order in a list; amounts at the order's own prices."""

    id: OrderId
    version: int
    number: str
    vendor_id: VendorId
    vendor: str
    state: OrderState
    ordered_on: date | None
    expected_on: date | None
    lines: int
    open_lines: int
    on_backorder: int
    amount: Decimal
    received_percent: int
    days_late: int
    note: str

    @property
    def is_late(self) -> bool:
        return self.days_late > 0


@dataclass(frozen=True, slots=True)
class OrderLineRow:
    """A line of an order with what came of it, in base units."""

    id: OrderLineId
    item_id: ItemId
    item_number: str
    item_name: str
    unit: str
    vendor_number: str
    packs: int
    pack_name: str
    pack_quantity: int
    quantity: int
    received: int
    damaged: int
    wrong_or_over: int
    missing: int
    pack_price: Decimal | None
    why: str
    backordered: bool
    backordered_until: date | None
    note: str

    @property
    def outstanding(self) -> int:
        return max(0, self.quantity - self.received)

    @property
    def amount(self) -> Decimal | None:
        return None if self.pack_price is None else to_cents(self.packs * self.pack_price)


@dataclass(frozen=True, slots=True)
class OrderEventRow:
    """Something that happened to an order."""

    state: OrderState
    at: datetime
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """Units of a receipt that were not good: what is to be done with them, or the return they went on."""

    id: int
    receipt_id: ReceiptId
    receipt: str
    order_id: OrderId | None
    order: str
    vendor_id: VendorId | None
    vendor: str
    item_id: ItemId
    item_name: str
    item_number: str
    lot_id: int | None
    lot: str
    condition: Condition
    quantity: int
    unit: str
    unit_cost: Decimal
    note: str
    received_at: datetime
    returned_on: str
    """The number of the vendor return, "" while nothing was done."""


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Everything about one order."""

    row: OrderRow
    vendor: "NewVendor"
    lines: tuple[OrderLineRow, ...]
    events: tuple[OrderEventRow, ...]
    differences: tuple[DifferenceRow, ...]
    received: "tuple[ReceivedRow, ...]"


def order_rows(session: Session, today: date) -> tuple[OrderRow, ...]:
    """Every order, the newest first."""
    return _orders(session, today, _ORDERS)


_OPEN = (PurchaseOrderLine.received < PurchaseOrderLine.quantity) & PurchaseOrder.state.in_(EXPECTED)
_ORDERS = (
    select(
        PurchaseOrder,
        Vendor.name.label("vendor"),
        func.count(PurchaseOrderLine.id).label("lines"),
        func.sum(case((_OPEN, 1), else_=0)).label("open_lines"),
        func.sum(case((_OPEN & PurchaseOrderLine.backordered, 1), else_=0)).label("late"),
        func.sum(PurchaseOrderLine.packs * type_coerce(func.coalesce(PurchaseOrderLine.pack_price, 0), Integer))
        .label("ten_thousandths"),
        func.sum(PurchaseOrderLine.quantity).label("quantity"),
        func.sum(case((PurchaseOrderLine.received < PurchaseOrderLine.quantity, PurchaseOrderLine.received),
                      else_=PurchaseOrderLine.quantity)).label("received"),
    )
    .join(Vendor, Vendor.id == PurchaseOrder.vendor_id)
    .outerjoin(PurchaseOrderLine, PurchaseOrderLine.order_id == PurchaseOrder.id)
    .group_by(PurchaseOrder.id, Vendor.name)
    .order_by(PurchaseOrder.id.desc())
)  # fmt: skip


def late_orders(session: Session, today: date) -> tuple[OrderRow, ...]:
    """Orders that are out past the day they were expected, the newest first."""
    late = PurchaseOrder.state.in_(EXPECTED) & (PurchaseOrder.expected_on < today)
    return _orders(session, today, _ORDERS.where(late))


def _orders(session: Session, today: date, query: Any) -> tuple[OrderRow, ...]:
    """Each order with its lines added up in the database."""
    return tuple(_order_row(row, today) for row in session.execute(query))


def _order_row(row: Any, today: date) -> OrderRow:
    order, quantity = row.PurchaseOrder, int(row.quantity or 0)
    late = (today - order.expected_on).days if order.state in EXPECTED and order.expected_on is not None else 0
    amount = Decimal(int(row.ten_thousandths or 0)).scaleb(-UnitCost.places)
    return OrderRow(
        OrderId(order.id), order.version, order.number, VendorId(order.vendor_id), row.vendor, order.state,
        order.ordered_on, order.expected_on, row.lines, int(row.open_lines or 0), int(row.late or 0), to_cents(amount),
        int(row.received or 0) * 100 // quantity if quantity else 0, max(0, late), order.note,
    )  # fmt: skip


def order_page(session: Session, order_id: OrderId, today: date) -> OrderPage:
    """One order with its lines, what came and its life; Refused when there is none."""
    from infusion_desktop.stock.buying.receipt_queries import received_on
    from infusion_desktop.stock.buying.vendor_queries import vendor_facts

    found = _orders(session, today, _ORDERS.where(PurchaseOrder.id == order_id))
    if not found:
        raise Refused("There is no such order. Open it from the list again.")
    vendor = session.get_one(Vendor, found[0].vendor_id)
    events = session.execute(
        select(PurchaseOrderEvent, Staff.name)
        .join(Staff, Staff.id == PurchaseOrderEvent.staff_id)
        .where(PurchaseOrderEvent.order_id == order_id)
        .order_by(PurchaseOrderEvent.id)
    )
    return OrderPage(
        found[0],
        vendor_facts(vendor),
        _lines(session, order_id),
        tuple(OrderEventRow(event.state, event.at, name, event.note) for event, name in events),
        differences(session, order_id=order_id),
        received_on(session, order_id),
    )


def _lines(session: Session, order_id: OrderId) -> tuple[OrderLineRow, ...]:
    from infusion_desktop.stock.buying.receipt_queries import COUNTS

    not_good: dict[tuple[int | None, Condition], int] = {
        (row[0], row[1]): int(row[2])
        for row in session.execute(
            select(ReceiptLine.order_line_id, ReceiptLine.condition, func.sum(ReceiptLine.quantity))
            .join(PurchaseOrderLine, PurchaseOrderLine.id == ReceiptLine.order_line_id)
            .where(PurchaseOrderLine.order_id == order_id, ReceiptLine.condition != Condition.GOOD, COUNTS)
            .group_by(ReceiptLine.order_line_id, ReceiptLine.condition)
        )
    }
    rows = session.execute(
        select(PurchaseOrderLine, Item)
        .join(Item, Item.id == PurchaseOrderLine.item_id)
        .where(PurchaseOrderLine.order_id == order_id)
        .order_by(PurchaseOrderLine.id)
    )

    def came(line: int, *conditions: Condition) -> int:
        return sum(not_good.get((line, each), 0) for each in conditions)

    return tuple(
        OrderLineRow(
            OrderLineId(line.id), ItemId(item.id), item.number, item.name, item.base_unit, line.vendor_number,
            line.packs, line.pack_name, line.pack_quantity, line.quantity, line.received,
            came(line.id, Condition.DAMAGED), came(line.id, Condition.WRONG, Condition.OVER),
            came(line.id, Condition.MISSING), line.pack_price, line.why, line.backordered, line.backordered_until,
            line.note,
        )
        for line, item in rows
    )  # fmt: skip


def order_id_by_number(session: Session, number: str) -> OrderId | None:
    """The order with this number (as printed or scanned), or None."""
    plain = number.strip().upper().removeprefix("PO:")
    found = session.scalar(select(PurchaseOrder.id).where(PurchaseOrder.number == plain))
    return None if found is None else OrderId(found)


def differences(
    session: Session, *, order_id: OrderId | None = None, open_only: bool = False
) -> tuple[DifferenceRow, ...]:
    """What came damaged, wrong, too much or not at all, newest first; ``open_only`` leaves out what is on a return."""
    from infusion_desktop.stock.buying.receipt_queries import COUNTS

    returned = (
        select(VendorReturnLine.receipt_line_id, func.max(VendorReturn.number).label("number"))
        .join(VendorReturn, VendorReturn.id == VendorReturnLine.return_id)
        .group_by(VendorReturnLine.receipt_line_id)
        .subquery()
    )
    query = (
        select(
            ReceiptLine, Receipt.number, Receipt.received_at, Receipt.order_id, Receipt.vendor_id, Item, Lot.number,
            Lot.serial, PurchaseOrder.number, Vendor.name, returned.c.number,
        )
        .join(Receipt, Receipt.id == ReceiptLine.receipt_id)
        .join(Item, Item.id == ReceiptLine.item_id)
        .outerjoin(Lot, Lot.id == ReceiptLine.lot_id)
        .outerjoin(PurchaseOrder, PurchaseOrder.id == Receipt.order_id)
        .outerjoin(Vendor, Vendor.id == Receipt.vendor_id)
        .outerjoin(returned, returned.c.receipt_line_id == ReceiptLine.id)
        .where(ReceiptLine.condition != Condition.GOOD, COUNTS)
        .order_by(ReceiptLine.id.desc())
    )  # fmt: skip
    if order_id is not None:
        query = query.where(Receipt.order_id == order_id)
    if open_only:
        query = query.where(returned.c.number.is_(None))
    found = session.execute(query)
    return tuple(
        DifferenceRow(
            line.id, ReceiptId(line.receipt_id), number, None if order is None else OrderId(order), order_number or "",
            None if vendor is None else VendorId(vendor), vendor_name or "", ItemId(item.id), item.name, item.number,
            line.lot_id, " / ".join(filter(None, (lot, serial))), line.condition, line.quantity, item.base_unit,
            line.unit_cost, line.note, at, back or "",
        )
        for line, number, at, order, vendor, item, lot, serial, order_number, vendor_name, back in found
    )  # fmt: skip
