"""Moving stock between our own places, writing it off, and holding lots."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.counters import next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.errors import Refused
from infusion_desktop.stock.ledger import NewMove, post, set_held
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.tables import Location, Lot
from infusion_desktop.stock.words import LocationId, LocationKind, LotId, MoveReason

WASTE = (MoveReason.EXPIRED, MoveReason.DAMAGED, MoveReason.LOST)


def transfer(
    database: Database, lot_id: LotId, from_id: LocationId, to_code: str, quantity: int, by: UserId,
    at: datetime | None = None,
) -> None:  # fmt: skip
    """Units of a lot from one of our places to another."""
    with database.transaction() as session:
        authorize(session, by, Permission.MOVE_STOCK)
        to_id = place_id(session, to_code.strip().upper())
        _refuse_unless_ours(session, from_id, to_id)
        document = next_number(session, "transfer")
        post(session, [NewMove(lot_id, from_id, to_id, quantity, MoveReason.TRANSFERRED)], "transfer", document, by, at)
        record(session, by, "transfer", "lot", lot_id, after={"from": from_id, "to": to_id, "quantity": quantity})


def write_off(
    database: Database, lot_id: LotId, from_id: LocationId, quantity: int, reason: MoveReason, note: str, by: UserId,
    at: datetime | None = None,
) -> None:  # fmt: skip
    """Units that expired, were damaged or are lost leave the books, with the reason kept."""
    if reason not in WASTE:
        raise Refused("Stock is written off as expired, damaged or lost.")
    if reason is not MoveReason.EXPIRED and not note.strip():
        raise Refused("Say in a few words what happened.")
    with database.transaction() as session:
        authorize(session, by, Permission.WRITE_OFF)
        document = next_number(session, "write-off")
        lost = place_id(session, "LOST")
        post(session, [NewMove(lot_id, from_id, lost, quantity, reason, note.strip())], "write-off", document, by, at)
        record(session, by, "write off", "lot", lot_id, after={"quantity": quantity, "as": reason}, reason=note)


def hold_lot(database: Database, lot_id: LotId, why: str, by: UserId) -> None:
    """Hold a lot everywhere at once, with the reason; nobody can reserve or pick it."""
    if not why.strip():
        raise Refused("Say why the lot is held.")
    _hold(database, lot_id, why.strip(), by)


def release_lot(database: Database, lot_id: LotId, by: UserId) -> None:
    """Let a held lot be used again."""
    _hold(database, lot_id, "", by)


def _hold(database: Database, lot_id: LotId, why: str, by: UserId) -> None:
    with database.transaction() as session:
        authorize(session, by, Permission.RECALL)
        before = session.scalar(select(Lot.held).where(Lot.id == lot_id))
        if before is None:
            raise Refused("There is no such lot.")
        set_held(session, [lot_id], why)
        action = "hold lot" if why else "release lot"
        record(session, by, action, "lot", lot_id, before={"held": before}, after={"held": why}, reason=why)


def _refuse_unless_ours(session: Session, *places: LocationId) -> None:
    kinds = session.scalars(select(Location.kind).where(Location.id.in_(places)))
    if any(not kind.keeps_balance or kind in (LocationKind.PATIENT_HOME, LocationKind.TRANSIT) for kind in kinds):
        raise Refused("Stock is transferred between places of the pharmacy. Use a delivery or a return for homes.")
