"""Sending goods back to a vendor, or claiming what was missing, until the credit is here."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.counters import next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, today
from infusion_desktop.errors import Refused, Stale, refuse_if, warn_unless
from infusion_desktop.money import ZERO, show_money, to_cents
from infusion_desktop.stock.buying.vendors import the_vendor
from infusion_desktop.stock.ledger import NewMove, post
from infusion_desktop.stock.places import place_id, refuse_on_the_way
from infusion_desktop.stock.purchase_tables import (
    ReceiptCorrection,
    ReceiptLine,
    VendorCredit,
    VendorReturn,
    VendorReturnLine,
)
from infusion_desktop.stock.tables import Item, Lot, Receipt
from infusion_desktop.stock.words import (
    Condition,
    LocationId,
    LotId,
    MoveReason,
    VendorId,
    VendorReturnId,
    VendorReturnState,
)


@dataclass(frozen=True, slots=True)
class GoingBack:
    """Units of a lot from one of our places, at what they cost us; for goods that no receipt found wrong."""

    lot_id: LotId
    place_id: LocationId
    quantity: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class NewReturn:
    """What goes back: lines of receipts that were not good, and other lots. ``expected`` None is what they cost."""

    vendor_id: VendorId
    reason: str
    receipt_lines: tuple[int, ...] = ()
    lots: tuple[GoingBack, ...] = ()
    vendor_reference: str = ""
    expected: Decimal | None = None


def return_to_vendor(
    database: Database, new: NewReturn, by: UserId, on: date | None = None, at: datetime | None = None
) -> VendorReturnId:
    """Send goods back: they leave stock at once, and a credit is expected. What was missing is only claimed."""
    if not new.reason.strip():
        raise Refused("Say why it goes back, such as “crushed in transit”.")
    with database.transaction() as session:
        authorize(session, by, Permission.ORDER)
        the_vendor(session, new.vendor_id)
        lines, moves, order = _lines(session, new)
        if not lines:
            raise Refused("Nothing is chosen to send back.")
        worth = to_cents(sum((row["quantity"] * row["unit_cost"] for row in lines), Decimal(0)))
        expected = worth if new.expected is None else new.expected
        if expected < 0:
            raise Refused("The credit expected is not below zero.")
        number = f"VR{next_number(session, 'vendor return'):06}"
        kept = VendorReturn(
            number=number, vendor_id=new.vendor_id, order_id=order, state=VendorReturnState.SENT,
            vendor_reference=new.vendor_reference.strip(), reason=new.reason.strip(), sent_on=on or today(),
            expected=to_cents(expected),
        )  # fmt: skip
        session.add(kept)
        session.flush()
        post(session, moves, "vendor return", kept.id, by, at)
        session.execute(insert(VendorReturnLine), [{"return_id": kept.id, **row} for row in lines])
        record(session, by, "return to vendor", "vendor return", kept.id, reason=new.reason,
               after={"number": number, "lines": len(lines), "expected": expected})  # fmt: skip
        return VendorReturnId(kept.id)


def _lines(session: Session, new: NewReturn) -> tuple[list[dict[str, Any]], list[NewMove], int | None]:
    """The lines as they are kept, the moves out of stock, and the one order they came from (None for several)."""
    outside = place_id(session, "VENDOR")
    rows: list[dict[str, Any]] = []
    moves: list[NewMove] = []
    reasons: list[str] = []
    orders: set[int | None] = set()
    found = session.execute(
        select(ReceiptLine, Receipt.vendor_id, Receipt.order_id, Item.name)
        .join(Receipt, Receipt.id == ReceiptLine.receipt_id)
        .join(Item, Item.id == ReceiptLine.item_id)
        .where(ReceiptLine.id.in_(new.receipt_lines))
        .order_by(ReceiptLine.id)
        .with_for_update(of=Receipt)
    ).all()
    taken = ReceiptCorrection.receipt_line_id
    back = set(session.scalars(select(taken).where(taken.in_(new.receipt_lines))))
    returned = VendorReturnLine.receipt_line_id
    gone = set(session.scalars(select(returned).where(returned.in_(new.receipt_lines))))
    for line, vendor, order, name in found:
        if line.condition is Condition.GOOD:
            reasons.append(f"{name} was received as good. Choose the lot instead.")
        if vendor is not None and vendor != new.vendor_id:
            reasons.append(f"{name} came from another vendor. Make a return of its own.")
        if line.id in back:
            reasons.append(f"{name}: this line was taken back, it was entered wrong.")
        if line.id in gone:
            reasons.append(f"{name} is on a return already.")
        orders.add(order)
        why = " · ".join(filter(None, (line.condition.value, line.note)))
        rows.append(_row(line.item_id, line.lot_id, line.id, line.quantity, line.unit_cost, why))
        if line.lot_id is not None and line.place_id is not None:
            moves.append(NewMove(LotId(line.lot_id), LocationId(line.place_id), outside, line.quantity,
                                 MoveReason.VENDOR_RETURN, why))  # fmt: skip
    if len(found) < len(set(new.receipt_lines)):
        reasons.append("A line of a receipt is not known. Look at the list again.")
    refuse_on_the_way(session, *(each.place_id for each in new.lots))
    lots = {lot.id: lot for lot in session.scalars(select(Lot).where(Lot.id.in_({each.lot_id for each in new.lots})))}
    for each in new.lots:
        lot = lots.get(each.lot_id)
        if lot is None or each.quantity < 1:
            reasons.append("Choose a lot and at least one unit of it.")
            continue
        rows.append(_row(lot.item_id, lot.id, None, each.quantity, lot.unit_cost, each.why.strip()))
        moves.append(NewMove(LotId(lot.id), each.place_id, outside, each.quantity, MoveReason.VENDOR_RETURN, each.why))
    refuse_if(reasons)
    return rows, moves, orders.pop() if len(orders) == 1 else None


def _row(
    item: int, lot: int | None, receipt_line: int | None, quantity: int, cost: Decimal, why: str
) -> dict[str, Any]:
    return {"item_id": item, "lot_id": lot, "receipt_line_id": receipt_line, "quantity": quantity, "unit_cost": cost,
            "why": why}  # fmt: skip


def receive_credit(
    database: Database, return_id: VendorReturnId, amount: Decimal, number: str, on: date, by: UserId, note: str = "",
    override: str = "",
) -> None:  # fmt: skip
    """The vendor credited money; with all of it here the return is done. More than expected is asked about.

    A negative amount takes back a credit that was entered wrong, with a note.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.ORDER)
        kept = _the_return(session, return_id)
        reasons = [] if amount else ["Type the amount that was credited."]
        if amount < 0 and not note.strip():
            reasons.append("Say why a credit is taken back.")
        here = _credited(session, return_id)
        if here + amount < 0:
            reasons.append(f"Only {show_money(here)} was credited; no more can be taken back.")
        if kept.state is VendorReturnState.CLOSED:
            reasons.append(f"Return {kept.number} was closed. Open a new one.")
        refuse_if(reasons)
        if here + amount > kept.expected:
            warn_unless(override, [f"Return {kept.number} expects {show_money(kept.expected)}; with this "
                                   f"{show_money(here + amount)} would be credited."])  # fmt: skip
        session.add(VendorCredit(return_id=return_id, amount=to_cents(amount), number=number.strip(), received_on=on,
                                 recorded_at=now_utc(), staff_id=by, note=(note or override).strip()))  # fmt: skip
        is_all = here + amount >= kept.expected
        kept.state = VendorReturnState.CREDITED if is_all else VendorReturnState.SENT
        kept.version += 1
        record(session, by, "receive credit", "vendor return", return_id, reason=note or override,
               after={"amount": amount, "number": number})  # fmt: skip


def close_return(database: Database, return_id: VendorReturnId, version: int, reason: str, by: UserId) -> None:
    """No more credit will come; the reason is kept."""
    with database.transaction() as session:
        authorize(session, by, Permission.WRITE_OFF)
        kept = _the_return(session, return_id)
        if kept.version != version:
            raise Stale(f"Somebody else changed return {kept.number} meanwhile. Look at it again.")
        if kept.state is not VendorReturnState.SENT:
            raise Refused(f"Return {kept.number} is {kept.state.value} already.")
        if not reason.strip():
            raise Refused("Say why no more credit will come.")
        kept.state, kept.note = VendorReturnState.CLOSED, reason.strip()
        record(session, by, "close return", "vendor return", return_id, reason=reason,
               after={"lost": kept.expected - _credited(session, return_id)})  # fmt: skip


def _the_return(session: Session, return_id: VendorReturnId) -> VendorReturn:
    found = session.get(VendorReturn, return_id, with_for_update=True)
    if found is None:
        raise Refused("There is no such return. Open it from the list again.")
    return found


def _credited(session: Session, return_id: VendorReturnId) -> Decimal:
    amounts = session.scalars(select(VendorCredit.amount).where(VendorCredit.return_id == return_id))
    return sum(amounts, ZERO)
