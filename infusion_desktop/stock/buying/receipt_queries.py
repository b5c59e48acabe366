"""What came on an order, box by box, and which lines of receipts still count."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.tables import Staff
from infusion_desktop.stock.purchase_tables import ReceiptCorrection, ReceiptLine
from infusion_desktop.stock.tables import Item, Lot, Receipt
from infusion_desktop.stock.words import Condition, OrderId

COUNTS = ReceiptLine.id.not_in(select(ReceiptCorrection.receipt_line_id))
"""The line was not taken back as entered wrong."""


@dataclass(frozen=True, slots=True)
class ReceivedRow:
    """What was in one box of a receipt; ``taken_back`` is why it counts no more, "" when it does."""

    id: int
    receipt: str
    at: datetime
    by: str
    item_name: str
    unit: str
    lot: str
    condition: Condition
    packs: int
    pack_quantity: int
    quantity: int
    note: str
    taken_back: str


def received_on(session: Session, order_id: OrderId) -> tuple[ReceivedRow, ...]:
    """Everything that came on an order, the newest first."""
    rows = session.execute(
        select(ReceiptLine, Receipt.number, Receipt.received_at, Staff.name, Item, Lot.number, Lot.serial,
               ReceiptCorrection.why)
        .join(Receipt, Receipt.id == ReceiptLine.receipt_id)
        .join(Staff, Staff.id == Receipt.staff_id)
        .join(Item, Item.id == ReceiptLine.item_id)
        .outerjoin(Lot, Lot.id == ReceiptLine.lot_id)
        .outerjoin(ReceiptCorrection, ReceiptCorrection.receipt_line_id == ReceiptLine.id)
        .where(Receipt.order_id == order_id)
        .order_by(ReceiptLine.id.desc())
    )  # fmt: skip
    return tuple(
        ReceivedRow(
            line.id, number, at, by, item.name, item.base_unit, " / ".join(filter(None, (lot, serial))),
            line.condition, line.packs, line.pack_quantity, line.quantity, line.note, why or "",
        )
        for line, number, at, by, item, lot, serial, why in rows
    )  # fmt: skip
