"""What items cost: the last receipt, and the average of what is on hand."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.money import ZERO
from infusion_desktop.stock.buying.receipt_queries import COUNTS
from infusion_desktop.stock.purchase_tables import ReceiptLine
from infusion_desktop.stock.queries import stock_rows
from infusion_desktop.stock.tables import Receipt
from infusion_desktop.stock.words import Condition, ItemId


@dataclass(frozen=True, slots=True)
class ItemCost:
    """What an item cost lately, in dollars for one base unit."""

    last: Decimal
    last_at: datetime


def item_costs(session: Session, item_id: ItemId | None = None) -> dict[ItemId, ItemCost]:
    """What each item cost on the last receipt that was entered."""
    newest = select(func.max(ReceiptLine.id)).where(ReceiptLine.condition == Condition.GOOD, COUNTS)
    if item_id is not None:
        newest = newest.where(ReceiptLine.item_id == item_id)
    query = (
        select(ReceiptLine.item_id, ReceiptLine.unit_cost, Receipt.received_at)
        .join(Receipt, Receipt.id == ReceiptLine.receipt_id)
        .where(ReceiptLine.id.in_(newest.group_by(ReceiptLine.item_id)))
    )
    return {ItemId(item): ItemCost(cost, at) for item, cost, at in session.execute(query)}


def average_costs(session: Session, item_id: ItemId | None = None) -> dict[ItemId, Decimal]:
    """What one unit on hand cost on average, each lot at its own cost; items with nothing on hand are left out."""
    units: dict[ItemId, int] = defaultdict(int)
    value: dict[ItemId, Decimal] = defaultdict(lambda: ZERO)
    for row in stock_rows(session, item_id):
        units[row.item_id] += row.on_hand
        value[row.item_id] += row.on_hand * row.unit_cost
    return {item: (value[item] / units[item]).quantize(Decimal("0.0001")) for item in units if units[item]}
