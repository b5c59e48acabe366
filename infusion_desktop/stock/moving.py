"""Moving stock between our own places, correcting what was entered wrong, and holding lots."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.counters import next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.errors import Refused
from infusion_desktop.stock.ledger import NewMove, post, reverse, set_held
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.tables import Location, Lot, Move, Receipt
from infusion_desktop.stock.words import LocationId, LocationKind, LotId, MoveId, MoveReason


def transfer(
    database: Database, lot_id: LotId, from_id: LocationId, to_code: str, quantity: int, by: UserId,
    at: datetime | None = None,
) -> None:  # fmt: skip
    """Units of a lot from one of our places to another."""
    with database.transaction() as session:
        authorize(session, by, Permission.MOVE_STOCK)
        to_id = place_id(session, to_code.strip().upper())
        if to_id == from_id:
            raise Refused("It lies there already. Choose another place.")
        _refuse_unless_ours(session, from_id, to_id)
        document = next_number(session, "transfer")
        post(session, [NewMove(lot_id, from_id, to_id, quantity, MoveReason.TRANSFERRED)], "transfer", document, by, at)
        record(session, by, "transfer", "lot", lot_id, after={"from": from_id, "to": to_id, "quantity": quantity})


def correct_move(database: Database, move_id: MoveId, why: str, by: UserId, at: datetime | None = None) -> MoveId:
    """Undo an entry of the ledger by its opposite, once only, with the reason; the entry itself stays.

    What belongs to a delivery is corrected there, what came in on an order goes back to the vendor.
    """
    if not why.strip():
        raise Refused("Say why it is corrected, such as “typed wrong, 3 and not 30”.")
    with database.transaction() as session:
        move = session.get(Move, move_id)
        if move is None:
            raise Refused(f"There is no move {move_id}.")
        if move.document not in CORRECTED_BY:
            raise Refused(f"This belongs to {move.document} {move.document_id}. Correct it there, so that both agree.")
        authorize(session, by, CORRECTED_BY[move.document])
        if move.document == "receipt" and session.scalar(
            select(Receipt.order_id).where(Receipt.id == move.document_id)
        ):
            raise Refused(
                "It came in on a purchase order. Take the line back on the order, or return it to the vendor."
            )
        made = reverse(session, move_id, why.strip(), by, at)
        record(session, by, "correct move", "move", move_id, after={"by move": made}, reason=why)
        return made


CORRECTED_BY = {
    "receipt": Permission.RECEIVE,
    "transfer": Permission.MOVE_STOCK,
    "write-off": Permission.WRITE_OFF,
    "count": Permission.APPROVE_COUNT,
    "recall": Permission.RECALL,
}
"""The documents whose moves are corrected from the ledger, and what somebody must be allowed for it."""


def hold_lot(database: Database, lot_id: LotId, why: str, by: UserId) -> None:
    """Hold a lot everywhere at once, with the reason; nobody can reserve or pick it."""
    if not why.strip():
        raise Refused("Say why the lot is held.")
    _hold(database, lot_id, why.strip(), by, was="")


def release_lot(database: Database, lot_id: LotId, by: UserId, *, was: str) -> None:
    """Let a lot be used again that was held for the reason shown (``was``): a recall of meanwhile holds it on."""
    _hold(database, lot_id, "", by, was=was)


def _hold(database: Database, lot_id: LotId, why: str, by: UserId, *, was: str) -> None:
    with database.transaction() as session:
        authorize(session, by, Permission.RECALL)
        before = session.scalar(select(Lot.held).where(Lot.id == lot_id))
        if before is None:
            raise Refused("There is no such lot.")
        set_held(session, [lot_id], why, was=was)
        action = "hold lot" if why else "release lot"
        record(session, by, action, "lot", lot_id, before={"held": before}, after={"held": why}, reason=why)


def _refuse_unless_ours(session: Session, *places: LocationId) -> None:
    kinds = session.scalars(select(Location.kind).where(Location.id.in_(places)))
    elsewhere = (LocationKind.PATIENT_HOME, LocationKind.TRANSIT, LocationKind.SITE)
    if any(not kind.keeps_balance or kind in elsewhere for kind in kinds):
        raise Refused(
            "Stock is moved between rooms, bins, vehicles and the like of the pharmacy. Homes have deliveries and "
            "returns, sites have transfers."
        )
