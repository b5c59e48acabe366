"""What must always be true of deliveries, proven from what is kept."""

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.deliveries.steps import DOCUMENT
from infusion_desktop.deliveries.tables import (
    Delivery,
    DeliveryEquipment,
    DeliveryLine,
    DeliveryLot,
    DeliveryStep,
    ProofOfDelivery,
)
from infusion_desktop.deliveries.words import DeliveryState, Step
from infusion_desktop.stock.tables import Move, Reservation
from infusion_desktop.stock.words import MoveReason

MOST = 20
_RESERVING = (DeliveryState.RELEASED, DeliveryState.PICKED, DeliveryState.VERIFIED, DeliveryState.PACKED)
_GONE = (DeliveryState.SHIPPED, DeliveryState.DELIVERED, DeliveryState.REFUSED)
_CAME_BACK = (MoveReason.REFUSED, MoveReason.RETURNED)


def problems(session: Session) -> tuple[str, ...]:
    """Every rule that a delivery breaks, each as a sentence naming it by its id; empty when all is well."""
    return (
        *_same_hands(session),
        *_lots(session, "reserved", _RESERVING, _reserved()),
        *_lots(session, "shipped", _GONE, _moved(MoveReason.SHIPPED)),
        *_stayed(session),
        *_unverified(session),
        *_lines(session),
        *_unproven(session),
        *_equipment(session),
    )


def _same_hands(session: Session) -> list[str]:
    picked, verified = aliased(DeliveryStep), aliased(DeliveryStep)
    rows = session.scalars(
        select(verified.delivery_id)
        .join(picked, (picked.delivery_id == verified.delivery_id) & (picked.staff_id == verified.staff_id))
        .where(verified.step == Step.VERIFY, picked.step == Step.PICK)
        .distinct()
        .limit(MOST)
    )
    return [f"Delivery {each}: whoever verified it had picked it." for each in rows]


def _reserved() -> Select[int, int, int]:
    return select(Reservation.document_id, Reservation.lot_id, Reservation.quantity).where(
        Reservation.document == DOCUMENT
    )


def _moved(reason: MoveReason) -> Select[int, int, int]:
    """Units moved for a reason, less those whose move was undone since."""
    undone = select(Move.reverses_id).where(Move.document == DOCUMENT, Move.reverses_id.is_not(None))
    return select(Move.document_id, Move.lot_id, Move.quantity).where(
        Move.document == DOCUMENT, Move.reason == reason, Move.id.not_in(undone)
    )


def _lots(session: Session, what: str, states: tuple[DeliveryState, ...], kept: Select[int, int, int]) -> list[str]:
    """The lots of deliveries in these states against what stock keeps for them."""
    listed = (
        select(
            DeliveryLot.delivery_id.label("document_id"), DeliveryLot.lot_id, (-DeliveryLot.quantity).label("quantity")
        )
        .join(Delivery, Delivery.id == DeliveryLot.delivery_id)
        .where(Delivery.state.in_(states))
    )
    both = kept.union_all(listed).subquery()
    difference = func.sum(both.c.quantity)
    rows = session.execute(
        select(both.c.document_id, both.c.lot_id, difference)
        .group_by(both.c.document_id, both.c.lot_id)
        .having(difference != 0)
        .limit(MOST)
    )
    return [f"Delivery {each}, lot {lot}: {units:+} {what} beyond what it lists." for each, lot, units in rows]


def _stayed(session: Session) -> list[str]:
    """What was delivered or came back, by the ledger, against the delivery's own account."""
    settled = (DeliveryState.DELIVERED, DeliveryState.REFUSED)
    listed = (
        select(
            DeliveryLot.delivery_id.label("document_id"),
            DeliveryLot.lot_id,
            (-DeliveryLot.came_back).label("quantity"),
        )
        .join(Delivery, Delivery.id == DeliveryLot.delivery_id)
        .where(Delivery.state.in_(settled))
    )
    moved = select(Move.document_id, Move.lot_id, Move.quantity).where(
        Move.document == DOCUMENT, Move.reason.in_(_CAME_BACK)
    )
    both = moved.union_all(listed).subquery()
    difference = func.sum(both.c.quantity)
    rows = session.execute(
        select(both.c.document_id, both.c.lot_id, difference)
        .group_by(both.c.document_id, both.c.lot_id)
        .having(difference != 0)
        .limit(MOST)
    )
    return [f"Delivery {each}, lot {lot}: {units:+} came back beyond what it lists." for each, lot, units in rows]


def _unverified(session: Session) -> list[str]:
    done = (DeliveryState.VERIFIED, DeliveryState.PACKED, *_GONE)
    rows = session.scalars(
        select(DeliveryLot.delivery_id)
        .join(Delivery, Delivery.id == DeliveryLot.delivery_id)
        .where(Delivery.state.in_(done))
        .where((DeliveryLot.verified != DeliveryLot.quantity) | (DeliveryLot.picked != DeliveryLot.quantity))
        .distinct()
        .limit(MOST)
    )
    return [f"Delivery {each}: a lot went on without being picked and verified in full." for each in rows]


def _lines(session: Session) -> list[str]:
    filled = (
        select(func.coalesce(func.sum(DeliveryLot.quantity), 0))
        .where(DeliveryLot.line_id == DeliveryLine.id)
        .correlate(DeliveryLine)
        .scalar_subquery()
    )
    rows = session.execute(
        select(DeliveryLine.delivery_id, DeliveryLine.id)
        .join(Delivery, Delivery.id == DeliveryLine.delivery_id)
        .where(Delivery.state.in_((*_RESERVING, *_GONE)), filled + DeliveryLine.owed != DeliveryLine.to_send)
        .limit(MOST)
    )
    return [f"Delivery {each}, line {line}: its lots and what is owed are not what it sends." for each, line in rows]


def _unproven(session: Session) -> list[str]:
    proven = select(ProofOfDelivery.delivery_id)
    rows = session.scalars(
        select(Delivery.id)
        .where(Delivery.state == DeliveryState.DELIVERED, Delivery.id.not_in(proven))
        .order_by(Delivery.id)
        .limit(MOST)
    )
    return [f"Delivery {each} is delivered without proof of delivery." for each in rows]


def _equipment(session: Session) -> list[str]:
    done = (DeliveryState.PICKED, DeliveryState.VERIFIED, DeliveryState.PACKED, *_GONE)
    rows = session.scalars(
        select(DeliveryEquipment.delivery_id)
        .join(Delivery, Delivery.id == DeliveryEquipment.delivery_id)
        .where(Delivery.state.in_(done), DeliveryEquipment.asset_id.is_(None))
        .distinct()
        .limit(MOST)
    )
    return [f"Delivery {each} went on without a pump or pole it asks for." for each in rows]
