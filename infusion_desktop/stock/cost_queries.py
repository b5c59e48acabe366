"""What items cost: the last receipt, the one before, and the average of what is on hand."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.money import ZERO
from infusion_desktop.stock.purchase_tables import ReceiptLine
from infusion_desktop.stock.queries import stock_rows
from infusion_desktop.stock.receipt_queries import COUNTS
from infusion_desktop.stock.tables import Receipt
from infusion_desktop.stock.words import Condition, ItemId


@dataclass(frozen=True, slots=True)
class ItemCost:
    """What an item cost lately, in dollars for one base unit."""

    last: Decimal
    before: Decimal | None
    """The cost of the receipt before, where it differed."""
    last_at: datetime


def item_costs(session: Session, item_id: ItemId | None = None) -> dict[ItemId, ItemCost]:
    """The last cost of each item that was received, and the one before where it differed."""
    query = (
        select(ReceiptLine.item_id, ReceiptLine.unit_cost, Receipt.received_at)
        .join(Receipt, Receipt.id == ReceiptLine.receipt_id)
        .where(ReceiptLine.condition == Condition.GOOD, COUNTS)
        .order_by(Receipt.received_at.desc(), ReceiptLine.id.desc())
    )
    if item_id is not None:
        query = query.where(ReceiptLine.item_id == item_id)
    found: dict[ItemId, ItemCost] = {}
    for item, cost, at in session.execute(query):
        known = found.get(ItemId(item))
        if known is None:
            found[ItemId(item)] = ItemCost(cost, None, at)
        elif known.before is None and cost != known.last:
            found[ItemId(item)] = ItemCost(known.last, cost, known.last_at)
    return found


def average_costs(session: Session, item_id: ItemId | None = None) -> dict[ItemId, Decimal]:
    """What one unit on hand cost on average, each lot at its own cost; items with nothing on hand are left out."""
    units: dict[ItemId, int] = defaultdict(int)
    value: dict[ItemId, Decimal] = defaultdict(lambda: ZERO)
    for row in stock_rows(session, item_id):
        units[row.item_id] += row.on_hand
        value[row.item_id] += row.on_hand * row.unit_cost
    return {item: (value[item] / units[item]).quantize(Decimal("0.0001")) for item in units if units[item]}
