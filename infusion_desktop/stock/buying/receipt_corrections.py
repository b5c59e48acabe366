"""Taking back a line of a receipt on an order that was entered wrong: stock, order and costs forget it together."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc
from infusion_desktop.errors import Refused
from infusion_desktop.stock.buying.purchase_orders import locked, move
from infusion_desktop.stock.ledger import reverse
from infusion_desktop.stock.purchase_tables import (
    PurchaseOrderLine,
    ReceiptCorrection,
    ReceiptLine,
    VendorReturn,
    VendorReturnLine,
)
from infusion_desktop.stock.tables import Item, Move, Receipt
from infusion_desktop.stock.words import Condition, MoveId, OrderId, OrderState


def take_back(database: Database, line_id: int, why: str, by: UserId) -> None:
    """The box did not come, or held something else: its units leave stock by a reversing move, the order expects again.

    Refused when units of it have gone on meanwhile, or it is on a vendor return. Enter what really came after it.
    """
    if not why.strip():
        raise Refused("Say what was entered wrong, such as “3 cases, not 30”.")
    with database.transaction() as session:
        authorize(session, by, Permission.RECEIVE)
        found = session.execute(
            select(ReceiptLine, Receipt, Item.name)
            .join(Receipt, Receipt.id == ReceiptLine.receipt_id)
            .join(Item, Item.id == ReceiptLine.item_id)
            .where(ReceiptLine.id == line_id)
        ).one_or_none()
        order_id = None if found is None else found[1].order_id
        if found is None or order_id is None:
            raise Refused("This line did not come in on an order. Correct its move instead.")
        line, receipt, name = found
        order = locked(session, OrderId(order_id))
        _refuse_wrong(session, line, name)
        undone = _reverse(session, line, why, by)
        session.add(
            ReceiptCorrection(receipt_line_id=line_id, move_id=undone, at=now_utc(), staff_id=by, why=why.strip())
        )
        if line.condition is Condition.GOOD and line.order_line_id is not None:
            session.execute(
                update(PurchaseOrderLine)
                .where(PurchaseOrderLine.id == line.order_line_id)
                .values(received=PurchaseOrderLine.received - line.quantity)
            )
        if order.state in (OrderState.RECEIVED, OrderState.PARTLY_RECEIVED):
            state = _state(session, OrderId(order.id))
            move(session, order, state, by, f"receipt {receipt.number}: {line.quantity:,} of {name} taken back. {why}")
        record(session, by, "take back", "receipt", receipt.id, reason=why,
               after={"line": line_id, "item": line.item_id, "units": line.quantity})  # fmt: skip


def _refuse_wrong(session: Session, line: ReceiptLine, name: str) -> None:
    taken = select(ReceiptCorrection.id).where(ReceiptCorrection.receipt_line_id == line.id)
    if session.scalar(taken) is not None:
        raise Refused("This line was taken back already.")
    returned = session.scalar(
        select(VendorReturn.number)
        .join(VendorReturnLine, VendorReturnLine.return_id == VendorReturn.id)
        .where(VendorReturnLine.receipt_line_id == line.id)
    )
    if returned is not None:
        raise Refused(f"It went back to the vendor on return {returned}.")
    if line.lot_id is None and line.condition is Condition.GOOD:
        raise Refused(f"{name} is in the equipment register. Correct it there.")


def _reverse(session: Session, line: ReceiptLine, why: str, by: UserId) -> MoveId | None:
    if line.lot_id is None:
        return None
    undone = select(Move.reverses_id).where(Move.reverses_id.is_not(None))
    mine = (Move.document == "receipt", Move.document_id == line.receipt_id, Move.reverses_id.is_(None))
    found = session.scalar(
        select(Move.id)
        .where(*mine, Move.lot_id == line.lot_id, Move.to_id == line.place_id, Move.quantity == line.quantity)
        .where(Move.id.not_in(undone))
        .order_by(Move.id)
        .limit(1)
    )
    if found is None:
        raise Refused("Its move was corrected already.")
    return reverse(session, MoveId(found), why.strip(), by)


def _state(session: Session, order_id: OrderId) -> OrderState:
    """How far the order is now."""
    lines = session.execute(
        select(PurchaseOrderLine.quantity, PurchaseOrderLine.received).where(PurchaseOrderLine.order_id == order_id)
    ).all()
    if all(received >= quantity for quantity, received in lines):
        return OrderState.RECEIVED
    return OrderState.PARTLY_RECEIVED if any(received for _, received in lines) else OrderState.SENT
