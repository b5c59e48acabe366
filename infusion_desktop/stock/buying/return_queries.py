"""What screens and papers ask about vendor returns: what went back, what credit is expected, what came."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.tables import Staff
from infusion_desktop.money import ZERO, to_cents
from infusion_desktop.stock.purchase_tables import PurchaseOrder, VendorCredit, VendorReturn, VendorReturnLine
from infusion_desktop.stock.tables import Item, Lot, Vendor
from infusion_desktop.stock.words import OrderId, VendorId, VendorReturnId, VendorReturnState


@dataclass(frozen=True, slots=True)
class ReturnLineRow:
    """A line of a return."""

    item_number: str
    item_name: str
    unit: str
    lot: str
    quantity: int
    unit_cost: Decimal
    why: str

    @property
    def amount(self) -> Decimal:
        return to_cents(self.quantity * self.unit_cost)


@dataclass(frozen=True, slots=True)
class CreditRow:
    """Money that came for a return."""

    on: date
    amount: Decimal
    number: str
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class ReturnRow:
    """A vendor return with what is expected and what came."""

    id: VendorReturnId
    version: int
    number: str
    vendor_id: VendorId
    vendor: str
    order_id: OrderId | None
    order: str
    state: VendorReturnState
    vendor_reference: str
    reason: str
    sent_on: date
    expected: Decimal
    credited: Decimal
    note: str
    lines: tuple[ReturnLineRow, ...]
    credits: tuple[CreditRow, ...]

    @property
    def open_credit(self) -> Decimal:
        """What the vendor still owes us."""
        return max(ZERO, self.expected - self.credited) if self.state is VendorReturnState.SENT else ZERO


def return_rows(session: Session, return_id: VendorReturnId | None = None) -> tuple[ReturnRow, ...]:
    """Every vendor return, the newest first; or one."""
    query = (
        select(VendorReturn, Vendor.name, PurchaseOrder.number)
        .join(Vendor, Vendor.id == VendorReturn.vendor_id)
        .outerjoin(PurchaseOrder, PurchaseOrder.id == VendorReturn.order_id)
        .order_by(VendorReturn.id.desc())
    )
    if return_id is not None:
        query = query.where(VendorReturn.id == return_id)
    found = session.execute(query).all()
    ids = [kept.id for kept, _, _ in found]
    lines: dict[int, list[ReturnLineRow]] = {each: [] for each in ids}
    came: dict[int, list[CreditRow]] = {each: [] for each in ids}
    for line, item, lot in session.execute(
        select(VendorReturnLine, Item, Lot.number)
        .join(Item, Item.id == VendorReturnLine.item_id)
        .outerjoin(Lot, Lot.id == VendorReturnLine.lot_id)
        .where(VendorReturnLine.return_id.in_(ids))
        .order_by(VendorReturnLine.id)
    ):
        lines[line.return_id].append(ReturnLineRow(
            item.number, item.name, item.base_unit, lot or "", line.quantity, line.unit_cost, line.why))  # fmt: skip
    for credit, name in session.execute(
        select(VendorCredit, Staff.name)
        .join(Staff, Staff.id == VendorCredit.staff_id)
        .where(VendorCredit.return_id.in_(ids))
        .order_by(VendorCredit.id)
    ):
        came[credit.return_id].append(CreditRow(credit.received_on, credit.amount, credit.number, name, credit.note))
    return tuple(
        ReturnRow(
            VendorReturnId(kept.id), kept.version, kept.number, VendorId(kept.vendor_id), vendor,
            None if kept.order_id is None else OrderId(kept.order_id), order or "", kept.state, kept.vendor_reference,
            kept.reason, kept.sent_on, kept.expected, sum((each.amount for each in came[kept.id]), ZERO), kept.note,
            tuple(lines[kept.id]), tuple(came[kept.id]),
        )
        for kept, vendor, order in found
    )  # fmt: skip
