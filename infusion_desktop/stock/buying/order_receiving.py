"""What a receipt does to the order it is received against: over, short, wrong and damaged, and how far the order is."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias, cast

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.roles import UserId
from infusion_desktop.errors import Refused
from infusion_desktop.stock.buying.purchase_orders import NEXT, locked, move
from infusion_desktop.stock.pack_rules import unit_cost_of
from infusion_desktop.stock.purchase_tables import PurchaseOrder, PurchaseOrderLine, ReceiptLine
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import Condition, ItemId, OrderId, OrderState

ReceiptRow: TypeAlias = dict[str, Any]
"""A row of the receipt's lines, by column."""

_LINE = cast(Table, PurchaseOrderLine.__table__)
_RECEIVED = (
    update(_LINE)
    .where(_LINE.c.id == bindparam("line"))
    .values(received=_LINE.c.received + bindparam("units", type_=_LINE.c.received.type))
)


@dataclass(frozen=True, slots=True)
class OrderedLine:
    """A line of an open order, in base units; ``unit_cost`` is the order's price, or the catalogue's cost."""

    id: int
    item_id: ItemId
    quantity: int
    received: int
    unit_cost: Decimal

    @property
    def outstanding(self) -> int:
        return max(0, self.quantity - self.received)


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order that goods may be received against, held for this transaction."""

    id: OrderId
    number: str
    vendor_id: int
    lines: Mapping[ItemId, OrderedLine]


def open_order(session: Session, order_id: OrderId) -> OpenOrder:
    """The order, held for this transaction; Refused unless the vendor has it and still owes goods."""
    order = locked(session, order_id)
    if not order.state.is_expected:
        raise Refused(
            f"Order {order.number} is {order.state.value}; nothing can be received against it. {NEXT[order.state]}"
        )
    rows = session.execute(
        select(PurchaseOrderLine, Item.unit_cost)
        .join(Item, Item.id == PurchaseOrderLine.item_id)
        .where(PurchaseOrderLine.order_id == order_id)
        .order_by(PurchaseOrderLine.id)
        .execution_options(populate_existing=True)
    )
    lines = {
        ItemId(line.item_id): OrderedLine(
            line.id, ItemId(line.item_id), line.quantity, line.received,
            cost if line.pack_price is None else unit_cost_of(line.pack_price, line.pack_quantity),
        )
        for line, cost in rows
    }  # fmt: skip
    return OpenOrder(order_id, order.number, order.vendor_id, lines)


def reasons_to_ask(session: Session, order: OpenOrder, came: Iterable[tuple[ItemId, int, Condition]]) -> list[str]:
    """What arrived beyond the order: other items, or more of one than is still expected."""
    good: dict[ItemId, int] = defaultdict(int)
    for item, units, condition in came:
        if condition is Condition.GOOD:
            good[item] += units
    beyond = {item: units for item, units in good.items()
              if item not in order.lines or units > order.lines[item].outstanding}  # fmt: skip
    if not beyond:
        return []
    rows = session.execute(select(Item.id, Item.name, Item.base_unit).where(Item.id.in_(beyond)).order_by(Item.name))
    sentences = []
    for row in rows:
        line, units = order.lines.get(ItemId(row.id)), beyond[ItemId(row.id)]
        if line is None:
            sentences.append(
                f"{row.name} is not on order {order.number}. Mark it as the wrong item to send it back, or keep it."
            )
        else:
            sentences.append(
                f"{row.name}: {units:,} {row.base_unit} came and {line.outstanding:,} are still expected on order "
                f"{order.number}. Mark the {units - line.outstanding:,} too many to send them back, or keep them."
            )
    return sentences


def keep_receipt_lines(session: Session, rows: Sequence[ReceiptRow]) -> None:
    """Write what was in the boxes, line by line."""
    if rows:
        session.connection().execute(_ADD, list(rows))


_ADD = insert(cast(Table, ReceiptLine.__table__))


def count_received(session: Session, order: OpenOrder, rows: Sequence[ReceiptRow], receipt: str, by: UserId) -> None:
    """Good units count as received; with nothing outstanding the order is received, otherwise partly."""
    came: dict[int, int] = defaultdict(int)
    for row in rows:
        if row["condition"] is Condition.GOOD and row["order_line_id"] is not None:
            came[row["order_line_id"]] += row["quantity"]
    if came:
        session.connection().execute(
            _RECEIVED, [{"line": line, "units": units} for line, units in sorted(came.items())]
        )
    left = sum(max(0, line.outstanding - came.get(line.id, 0)) for line in order.lines.values())
    kept = session.get_one(PurchaseOrder, order.id)
    state = OrderState.PARTLY_RECEIVED if left else OrderState.RECEIVED
    not_good = sum(row["quantity"] for row in rows if row["condition"] is not Condition.GOOD)
    parts = (
        f"receipt {receipt}",
        f"{left:,} still expected" if left else "complete",
        f"{not_good:,} not good" if not_good else "",
    )
    move(session, kept, state, by, ", ".join(filter(None, parts)))
