"""A purchase order's life: drafted, sent, received (receiving.py), promised later, closed or cancelled."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.counters import next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, show_day, today
from infusion_desktop.errors import Refused, Stale, refuse_if, refuse_if_changed
from infusion_desktop.stock.buying.vendors import prices_on, the_vendor
from infusion_desktop.stock.purchase_tables import PurchaseOrder, PurchaseOrderEvent, PurchaseOrderLine, VendorOffer
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import ItemId, OfferId, OrderId, OrderLineId, OrderState, VendorId

MOST_PACKS = 1_000_000

NEXT = {
    OrderState.DRAFT: "Send it first.",
    OrderState.SENT: "The vendor has it. Receive it, close it or cancel it.",
    OrderState.PARTLY_RECEIVED: "Part of it is here. Receive the rest, or close it.",
    OrderState.RECEIVED: "Everything is here. Make a new order.",
    OrderState.CLOSED: "It is closed. Make a new order.",
    OrderState.CANCELLED: "It is cancelled. Make a new order.",
}
"""What to do with an order that stands in this state."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """So many packs of an item, as the vendor sells it; ``why`` is the sum that led there."""

    item_id: ItemId
    packs: int
    why: str = ""


def draft_order(
    database: Database, vendor_id: VendorId, lines: Sequence[Wanted], by: UserId, note: str = ""
) -> OrderId:
    """A new draft to a vendor, each line in the vendor's pack and at the price in force today."""
    with database.transaction() as session:
        authorize(session, by, Permission.ORDER)
        return _draft(session, vendor_id, lines, by, note)


def draft_orders(
    database: Database, wanted: Iterable[tuple[VendorId, Wanted]], by: UserId
) -> tuple[tuple[OrderId, str], ...]:
    """One draft for each vendor, as proposals are accepted; a draft that is open for a vendor takes the lines in.

    Gives the orders with their numbers. A line that the draft has already is raised by the packs.
    """
    by_vendor: dict[VendorId, list[Wanted]] = {}
    for vendor_id, line in wanted:
        by_vendor.setdefault(vendor_id, []).append(line)
    if not by_vendor:
        raise Refused("Nothing is chosen. Tick the proposals to order.")
    with database.transaction() as session:
        authorize(session, by, Permission.ORDER)
        made = []
        for vendor_id, lines in sorted(by_vendor.items()):
            is_open = (PurchaseOrder.vendor_id == vendor_id, PurchaseOrder.state == OrderState.DRAFT)
            newest = select(PurchaseOrder.id).where(*is_open).order_by(PurchaseOrder.id.desc()).limit(1)
            order_id = session.scalar(newest)
            if order_id is None:
                order_id = _draft(session, vendor_id, lines, by, "")
            else:
                kept = locked(session, OrderId(order_id))
                _add_lines(session, kept, lines)
                kept.version += 1
                record(session, by, "add to order", "purchase order", order_id, after=_told(lines))
            made.append((OrderId(order_id), session.get_one(PurchaseOrder, order_id).number))
        return tuple(made)


def _draft(session: Session, vendor_id: VendorId, lines: Sequence[Wanted], by: UserId, note: str) -> OrderId:
    vendor = the_vendor(session, vendor_id)
    if vendor.ended_on is not None:
        raise Refused(f"{vendor.name} was ended on {show_day(vendor.ended_on)}. Choose another vendor.")
    number = f"PO{next_number(session, 'purchase order'):06}"
    kept = PurchaseOrder(number=number, vendor_id=vendor_id, state=OrderState.DRAFT, note=note.strip())
    session.add(kept)
    session.flush()
    _add_lines(session, kept, lines)
    _happened(session, kept, by)
    record(session, by, "draft order", "purchase order", kept.id, after={"number": number, **_told(lines)})
    return OrderId(kept.id)


def _told(lines: Sequence[Wanted]) -> dict[str, object]:
    return {"lines": [{"item": line.item_id, "packs": line.packs} for line in lines]}


def _add_lines(session: Session, order: PurchaseOrder, lines: Sequence[Wanted]) -> None:
    wanted = {line.item_id for line in lines}
    items = {item.id: item for item in session.scalars(select(Item).where(Item.id.in_(wanted)))}
    reasons = [] if len(items) == len(wanted) else ["There is no such item."]
    reasons += [f"{item.name} was ended on {show_day(item.ended_on)}." for item in items.values() if item.ended_on]
    reasons += [f"“{line.packs}” is no number of packs to order." for line in lines if not 0 < line.packs <= MOST_PACKS]
    refuse_if(reasons)
    offers = {row.item_id: row for row in session.scalars(
        select(VendorOffer).where(VendorOffer.vendor_id == order.vendor_id, VendorOffer.item_id.in_(wanted),
                                  VendorOffer.ended_on.is_(None)))}  # fmt: skip
    prices = prices_on(session, [OfferId(row.id) for row in offers.values()], today())
    known = {row.item_id: row for row in session.scalars(
        select(PurchaseOrderLine).where(PurchaseOrderLine.order_id == order.id))}  # fmt: skip
    for line in lines:
        kept, offer = known.get(line.item_id), offers.get(line.item_id)
        if kept is not None:
            kept.packs += line.packs
            kept.quantity = kept.packs * kept.pack_quantity
            kept.why = "; ".join(filter(None, (kept.why, line.why)))
            continue
        price = None if offer is None else prices.get(OfferId(offer.id))
        size = 1 if offer is None else offer.pack_quantity
        known[line.item_id] = added = PurchaseOrderLine(
            order_id=order.id, item_id=line.item_id, vendor_number="" if offer is None else offer.number,
            packs=line.packs, pack_name=items[line.item_id].base_unit if offer is None else offer.pack_name,
            pack_quantity=size, quantity=line.packs * size, received=0, why=line.why,
            pack_price=None if price is None else price.price,
        )  # fmt: skip
        session.add(added)
    session.flush()


def add_line(database: Database, order_id: OrderId, line: Wanted, by: UserId) -> None:
    """One more item on a draft; an item that is on it already is raised by the packs."""
    with database.transaction() as session:
        authorize(session, by, Permission.ORDER)
        order = _expect(locked(session, order_id), OrderState.DRAFT)
        _add_lines(session, order, [line])
        order.version += 1
        record(session, by, "add to order", "purchase order", order_id, after=_told([line]))


def change_line(
    database: Database, line_id: OrderLineId, packs: int, price: Decimal | None, by: UserId, *,
    was: tuple[int, Decimal | None],
) -> None:  # fmt: skip
    """Another number of packs or price for one pack, on a draft; 0 packs takes the line off.

    ``was`` is what was shown: Stale when somebody changed it meanwhile.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.ORDER)
        line, order = _line(session, line_id)
        _expect(order, OrderState.DRAFT)
        if not 0 <= packs <= MOST_PACKS or (price is not None and price < 0):
            raise Refused("Packs and price are not below zero.")
        refuse_if_changed("this line", was, (line.packs, line.pack_price))
        before = {"packs": line.packs, "price": line.pack_price}
        after = {"item": line.item_id, "packs": packs, "price": price}
        record(session, by, "change order line", "purchase order", order.id, before=before, after=after)
        order.version += 1
        if not packs:
            session.delete(line)
            return
        line.packs, line.quantity, line.pack_price = packs, packs * line.pack_quantity, price


def send_order(
    database: Database, order_id: OrderId, version: int, by: UserId, *, how: str = "", expected_on: date | None = None,
    on: date | None = None,
) -> date:  # fmt: skip
    """The draft went to the vendor (``how``: by e-mail, telephone, their site); gives the day it is expected.

    Without ``expected_on`` that is after the vendor's lead time.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.ORDER)
        order = _read(locked(session, order_id), version)
        _expect(order, OrderState.DRAFT)
        if session.scalar(select(PurchaseOrderLine.id).where(PurchaseOrderLine.order_id == order_id).limit(1)) is None:
            raise Refused(f"Order {order.number} has no line. Add an item first.")
        day = on or today()
        due = expected_on or day + timedelta(days=the_vendor(session, VendorId(order.vendor_id)).lead_days)
        if due < day:
            raise Refused("An order cannot be expected before it is sent. Correct the day.")
        order.ordered_on, order.expected_on = day, due
        move(session, order, OrderState.SENT, by, how)
        record(session, by, "send order", "purchase order", order_id, after={"expected_on": due, "how": how})
        return due


def expect_on(
    database: Database, order_id: OrderId, expected_on: date, note: str, by: UserId, *, was: date | None
) -> None:
    """The vendor named another day for an order that is out; Stale when the day shown (``was``) is another by now."""
    with database.transaction() as session:
        authorize(session, by, Permission.ORDER)
        order = _expect(locked(session, order_id), OrderState.SENT, OrderState.PARTLY_RECEIVED)
        refuse_if_changed(f"order {order.number}", was, order.expected_on)
        before, order.expected_on = order.expected_on, expected_on
        order.version += 1
        _happened(session, order, by, f"expected {show_day(expected_on)}. {note}".strip())
        record(session, by, "expect order", "purchase order", order_id, before={"expected_on": before},
               after={"expected_on": expected_on}, reason=note)  # fmt: skip


def put_on_backorder(
    database: Database, line_id: OrderLineId, until: date | None, note: str, by: UserId, *,
    was: tuple[date | None, str], is_over: bool = False,
) -> None:  # fmt: skip
    """The vendor cannot send what is left of a line now; ``until`` is the day it named, None for none.

    ``is_over`` says that the vendor can send it again. Stale when day and note shown (``was``) are others by now.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.ORDER)
        line, order = _line(session, line_id)
        _expect(order, OrderState.SENT, OrderState.PARTLY_RECEIVED)
        if line.received >= line.quantity and not is_over:
            raise Refused("All of this line is here; nothing of it can be late.")
        refuse_if_changed("this line", was, (line.backordered_until, line.note))
        line.backordered, line.backordered_until = not is_over, None if is_over else until
        line.note = note.strip()
        order.version += 1
        what = "back in stock" if is_over else f"on backorder{f' until {show_day(until)}' if until else ''}"
        _happened(session, order, by, f"item {line.item_id} {what}. {note}".strip())
        record(
            session, by, "backorder", "purchase order", order.id, reason=note,
            before={"until": was[0], "note": was[1]}, after={"item": line.item_id, "until": until, "over": is_over},
        )  # fmt: skip


def close_order(database: Database, order_id: OrderId, version: int, reason: str, by: UserId) -> None:
    """The rest is no longer expected; what is here stays. The reason is kept."""
    with database.transaction() as session:
        authorize(session, by, Permission.ORDER)
        order = _read(locked(session, order_id), version)
        _expect(order, OrderState.SENT, OrderState.PARTLY_RECEIVED, OrderState.RECEIVED)
        if not reason.strip():
            raise Refused("Say why the rest is no longer expected, such as “vendor cannot deliver”.")
        move(session, order, OrderState.CLOSED, by, reason)
        record(session, by, "close order", "purchase order", order_id, reason=reason)


def cancel_order(database: Database, order_id: OrderId, version: int, reason: str, by: UserId) -> None:
    """An order of which nothing has come is not wanted any more; a draft needs no reason."""
    with database.transaction() as session:
        authorize(session, by, Permission.ORDER)
        order = _read(locked(session, order_id), version)
        _expect(order, OrderState.DRAFT, OrderState.SENT)
        if order.state is OrderState.SENT and not reason.strip():
            raise Refused("The vendor has this order. Say who was told that it is cancelled.")
        move(session, order, OrderState.CANCELLED, by, reason)
        record(session, by, "cancel order", "purchase order", order_id, reason=reason)


def locked(session: Session, order_id: OrderId) -> PurchaseOrder:
    """The order, held for this transaction; Refused when there is none."""
    found = session.get(PurchaseOrder, order_id, with_for_update=True)
    if found is None:
        raise Refused("There is no such order. Open it from the list again.")
    return found


def move(session: Session, order: PurchaseOrder, state: OrderState, by: UserId, note: str = "") -> None:
    """Another state, and an entry in the order's life."""
    order.state = state
    order.version += 1
    _happened(session, order, by, note)


def _happened(session: Session, order: PurchaseOrder, by: UserId, note: str = "") -> None:
    row = {"order_id": order.id, "state": order.state, "at": now_utc(), "staff_id": by, "note": note.strip()}
    session.execute(insert(PurchaseOrderEvent), [row])


def _expect(order: PurchaseOrder, *states: OrderState) -> PurchaseOrder:
    if order.state not in states:
        raise Refused(f"Order {order.number} is {order.state.value}. {NEXT[order.state]}")
    return order


def _read(order: PurchaseOrder, version: int) -> PurchaseOrder:
    if order.version != version:
        raise Stale(f"Somebody else changed order {order.number} meanwhile. Look at it again.")
    return order


def _line(session: Session, line_id: OrderLineId) -> tuple[PurchaseOrderLine, PurchaseOrder]:
    """The line and its order, both as they are now and held for this transaction."""
    found = session.get(PurchaseOrderLine, line_id)
    if found is None:
        raise Refused("There is no such line. Open the order again.")
    order = locked(session, OrderId(found.order_id))
    session.refresh(found)
    return found, order
