"""What must always be true of stock, proven from the ledger."""

from typing import Any

from sqlalchemy import case, func, literal, select
from sqlalchemy.orm import Session

from infusion_desktop.stock.buying.receipt_queries import COUNTS
from infusion_desktop.stock.purchase_tables import PurchaseOrder, PurchaseOrderLine, ReceiptLine
from infusion_desktop.stock.tables import Balance, Location, Lot, Move, Reservation
from infusion_desktop.stock.words import NEVER_EXPIRES, OUTSIDE, PICKABLE, Condition

MOST = 20
_AT_ONCE = 1_000_000
"""Moves whose sums are worked out at once."""


def problems(session: Session) -> tuple[str, ...]:
    """Every difference between the ledger and what is kept beside it, each as a sentence; empty when all is well."""
    return (*_balances(session), *_reservations(session), *_copies(session), *_orders(session))


def _balances(session: Session) -> list[str]:
    """Some lots after the others: the database sorts a part of a ledger of millions at a time, and holds no more."""
    parts, moves = 1, session.scalar(select(func.count()).select_from(Move)) or 0
    while parts * _AT_ONCE < moves:
        parts *= 2
    found: list[str] = []
    for part in range(parts):
        found += _balances_of(session, parts, part)
    return found[:MOST]


def _balances_of(session: Session, parts: int, part: int) -> list[str]:
    """Of the lots whose number ends so, in a count by a power of two."""

    def among(column: Any) -> Any:
        return column.bitwise_and(parts - 1) == part

    inside = select(Location.id).where(Location.kind.not_in(OUTSIDE))
    arrived = select(Move.lot_id, Move.to_id.label("place"), Move.quantity.label("units")).where(
        Move.to_id.in_(inside), among(Move.lot_id)
    )
    left = select(Move.lot_id, Move.from_id.label("place"), (-Move.quantity).label("units")).where(
        Move.from_id.in_(inside), among(Move.lot_id)
    )
    kept = select(Balance.lot_id, Balance.location_id.label("place"), (-Balance.on_hand).label("units")).where(
        among(Balance.lot_id)
    )
    everything = arrived.union_all(left, kept).subquery()
    difference = func.sum(everything.c.units)
    rows = session.execute(
        select(everything.c.lot_id, everything.c.place, difference)
        .group_by(everything.c.lot_id, everything.c.place)
        .having(difference != 0)
        .limit(MOST)
    )
    return [
        f"Lot {lot} in place {place}: the moves make {units:+} more than the balance." for lot, place, units in rows
    ]


def _reservations(session: Session) -> list[str]:
    kept = select(Balance.lot_id, Balance.location_id, (-Balance.reserved).label("units"))
    held = select(Reservation.lot_id, Reservation.location_id, Reservation.quantity.label("units"))
    both = kept.union_all(held).subquery()
    difference = func.sum(both.c.units)
    rows = session.execute(
        select(both.c.lot_id, both.c.location_id, difference)
        .group_by(both.c.lot_id, both.c.location_id)
        .having(difference != 0)
        .limit(MOST)
    )
    found = [f"Lot {lot} in place {place}: {units:+} reserved beyond the balance." for lot, place, units in rows]
    odd = select(Balance.lot_id, Balance.location_id).where(
        (Balance.on_hand < 0) | (Balance.reserved < 0) | (Balance.reserved > Balance.on_hand)
    )
    return found + [f"Lot {lot} in place {place}: below zero." for lot, place in session.execute(odd.limit(MOST))]


def _copies(session: Session) -> list[str]:
    should = case(
        ((Lot.held != "") | (Balance.on_hand == 0), literal(0)),
        (Location.kind.in_(PICKABLE), literal(1)),
        else_=literal(0),
    )
    rows = session.execute(
        select(Balance.lot_id, Balance.location_id)
        .join(Lot, Lot.id == Balance.lot_id)
        .join(Location, Location.id == Balance.location_id)
        .where(
            (Balance.item_id != Lot.item_id)
            | (Balance.expires_on != func.coalesce(Lot.expires_on, literal(NEVER_EXPIRES, Balance.expires_on.type)))
            | (case((Balance.usable, literal(1)), else_=literal(0)) != should)
        )
        .limit(MOST)
    )
    return [f"Lot {lot} in place {place}: the balance repeats other facts than the lot." for lot, place in rows]


def _orders(session: Session) -> list[str]:
    """What order lines say was received is what the receipts' good lines add up to."""
    came = (
        select(ReceiptLine.order_line_id, func.sum(ReceiptLine.quantity).label("units"))
        .where(ReceiptLine.condition == Condition.GOOD, ReceiptLine.order_line_id.is_not(None), COUNTS)
        .group_by(ReceiptLine.order_line_id)
        .subquery()
    )
    units = func.coalesce(came.c.units, 0)
    rows = session.execute(
        select(PurchaseOrder.number, PurchaseOrderLine.id, PurchaseOrderLine.received, units.label("units"))
        .join(PurchaseOrder, PurchaseOrder.id == PurchaseOrderLine.order_id)
        .outerjoin(came, came.c.order_line_id == PurchaseOrderLine.id)
        .where(PurchaseOrderLine.received != units)
        .limit(MOST)
    )
    return [
        f"Order {row.number}, line {row.id}: {row.received} received, the receipts say {row.units}." for row in rows
    ]
