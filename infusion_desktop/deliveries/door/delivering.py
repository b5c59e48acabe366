"""At the door: what arrived, who signed for it, what was refused or came back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import local_day, now_utc
from infusion_desktop.deliveries.calls import follow_ups
from infusion_desktop.deliveries.door.proof_rules import Condition, GoesTo, verdict
from infusion_desktop.deliveries.steps import DOCUMENT, Head, advance, expect, head_of, tell
from infusion_desktop.deliveries.tables import Delivery, DeliveryEquipment, DeliveryLot, ProofOfDelivery
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState, LineOutcome, Step
from infusion_desktop.equipment import custody
from infusion_desktop.equipment.words import AssetId
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.stock.ledger import NewMove, post
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.tables import Item, Location, Lot
from infusion_desktop.stock.words import LocationId, LotId, MoveReason

_PNG = b"\x89PNG\r\n\x1a\n"
LARGEST_ATTACHMENT = 5_000_000
_REASONS = {
    LineOutcome.REFUSED: MoveReason.REFUSED,
    LineOutcome.RETURNED: MoveReason.RETURNED,
    LineOutcome.NOT_DELIVERED: MoveReason.RETURNED,
}


@dataclass(frozen=True, slots=True)
class Proof:
    """Who took it, what they are to the patient, when; their signature as PNG or the signed sheet as attachment."""

    received_by: str
    relation: str
    received_at: datetime
    signature: bytes | None = None
    attachment: bytes | None = None
    attachment_type: str = ""
    note: str = ""
    signed_on: date | None = None
    """The day beside the signature; the day it arrived unless somebody read another one."""


@dataclass(frozen=True, slots=True)
class CameBack:
    """Units of a delivered lot that did not stay; ``lot_line_id`` is the row on the delivery's page."""

    lot_line_id: int
    quantity: int
    outcome: LineOutcome = LineOutcome.REFUSED
    condition: Condition = Condition.SEALED


@dataclass(frozen=True, slots=True)
class EquipmentBack:
    """A pump or pole that did not stay."""

    equipment_id: int
    outcome: LineOutcome = LineOutcome.REFUSED


def deliver(
    database: Database,
    delivery_id: DeliveryId,
    proof: Proof,
    by: UserId,
    *,
    back: Sequence[CameBack] = (),
    equipment_back: Sequence[EquipmentBack] = (),
) -> DeliveryState:
    """It arrived. What came back goes where the rules say, drugs never back to the shelf. The state it leads to.

    The recipient is never one of the pharmacy's own people (Medicare supplier standard on proof of delivery).
    """
    with database.transaction() as session:
        authorize(session, by, Permission.DELIVER)
        head = head_of(session, delivery_id)
        expect(head, DeliveryState.SHIPPED)
        refuse_if(_reasons_against(session, head, proof))
        stays = _settle(session, head, back, equipment_back, by, proof.received_at)
        now = now_utc()
        session.execute(
            insert(ProofOfDelivery).values(
                delivery_id=head.id,
                received_by=proof.received_by.strip(),
                relation=proof.relation.strip(),
                received_at=proof.received_at,
                signed_on=proof.signed_on or local_day(proof.received_at),
                signature=proof.signature,
                attachment=proof.attachment,
                attachment_type=proof.attachment_type.strip(),
                note=proof.note.strip(),
                recorded_at=now,
                staff_id=by,
            )
        )
        state = DeliveryState.DELIVERED if stays else DeliveryState.REFUSED
        step = Step.DELIVER if stays else Step.REFUSE
        advance(session, head, state, step, by, proof.received_at, proof.note, delivered_at=proof.received_at)
        if stays:
            follow_ups.after_delivery(session, head, local_day(proof.received_at))
        tell(
            session, head, by, "deliver", state=state, came_back={str(each.lot_line_id): each.quantity for each in back}
        )
        return state


def bring_back_all(
    database: Database,
    delivery_id: DeliveryId,
    outcome: LineOutcome,
    why: str,
    by: UserId,
    at: datetime | None = None,
) -> None:
    """Nothing of it stayed: refused at the door, or nobody was ever at home. Everything comes back."""
    if not why.strip():
        raise Refused("Say why it came back.")
    with database.transaction() as session:
        authorize(session, by, Permission.DELIVER)
        head = head_of(session, delivery_id)
        expect(head, DeliveryState.SHIPPED)
        lots = session.execute(
            select(DeliveryLot.id, DeliveryLot.quantity).where(DeliveryLot.delivery_id == head.id)
        ).all()
        things = session.scalars(
            select(DeliveryEquipment.id).where(
                DeliveryEquipment.delivery_id == head.id, DeliveryEquipment.asset_id.is_not(None)
            )
        ).all()
        back = [CameBack(row.id, row.quantity, outcome) for row in lots]
        _settle(session, head, back, [EquipmentBack(each, outcome) for each in things], by, at)
        advance(session, head, DeliveryState.REFUSED, Step.REFUSE, by, at, why)
        tell(session, head, by, "bring back", why, outcome=outcome)


def return_later(
    database: Database,
    lot_line_id: int,
    quantity: int,
    why: str,
    by: UserId,
    at: datetime | None = None,
    *,
    condition: Condition = Condition.SEALED,
) -> GoesTo:
    """Supplies of a delivery come back from the home later, and go where the rules say. The first entry stays."""
    with database.transaction() as session:
        return return_in(session, lot_line_id, quantity, why, by, at, condition)


def return_in(
    session: Session,
    lot_line_id: int,
    quantity: int,
    why: str,
    by: UserId,
    at: datetime | None = None,
    condition: Condition = Condition.SEALED,
) -> GoesTo:
    """The same within a larger deed, such as a recall."""
    if not why.strip():
        raise Refused("Say why it comes back.")
    authorize(session, by, Permission.DELIVER)
    row = session.get(DeliveryLot, lot_line_id)
    if row is None:
        raise Refused("This lot is not on a delivery. Open the delivery again.")
    head = head_of(session, DeliveryId(row.delivery_id))
    if head.state is not DeliveryState.DELIVERED:
        raise Refused(f"Delivery {head.number} is {head.state.value}: only what was delivered can come back.")
    left = row.quantity - row.came_back
    if not 0 < quantity <= left:
        raise Refused(f"{left} of this lot are with the patient. Type a number from 1 to {left}.")
    back = CameBack(row.id, quantity, LineOutcome.RETURNED, condition)
    goes_to, to_id = _goes_to(session, {row.id: back})[row.id]
    move = NewMove(LotId(row.lot_id), head.home_id, to_id, quantity, MoveReason.RETURNED, why.strip())
    post(session, [move], DOCUMENT, head.id, by, at)
    row.came_back += quantity
    row.outcome = LineOutcome.RETURNED
    tell(session, head, by, "return", why, lot=row.lot_id, quantity=quantity, goes=goes_to)
    return goes_to


def _reasons_against(session: Session, head: Head, proof: Proof) -> list[str]:
    reasons = []
    name = proof.received_by.strip()
    if not name:
        reasons.append("Type who received it.")
    if not proof.relation.strip():
        reasons.append("Say what the recipient is to the patient, such as: patient, spouse.")
    staff = {row.casefold() for row in session.scalars(select(Staff.name))}
    if name.casefold() in staff:
        reasons.append("The pharmacy's own people cannot sign for a patient. Type the recipient's name.")
    if proof.received_at > now_utc():
        reasons.append("The time of arrival is in the future. Correct it.")
    shipped_at = session.scalar(select(Delivery.shipped_at).where(Delivery.id == head.id))
    if shipped_at is not None and proof.received_at < shipped_at:
        reasons.append("It arrived before it was shipped. Correct the time.")
    if proof.signature is not None and not proof.signature.startswith(_PNG):
        reasons.append("The signature could not be read. Sign again.")
    if max(len(proof.signature or b""), len(proof.attachment or b"")) > LARGEST_ATTACHMENT:
        reasons.append("The signed sheet is larger than 5 MB. Scan it smaller.")
    return reasons


_BACK = (
    update(DeliveryLot.__table__)  # type: ignore[arg-type]
    .where(DeliveryLot.id == bindparam("row"))
    .values(came_back=bindparam("units"), outcome=bindparam("what"))
)


def _settle(
    session: Session,
    head: Head,
    back: Sequence[CameBack],
    equipment_back: Sequence[EquipmentBack],
    by: UserId,
    at: datetime | None,
) -> bool:
    """Move what stayed home, and what did not where the rules say; whether anything stayed."""
    rows = session.execute(
        select(DeliveryLot.id, DeliveryLot.line_id, DeliveryLot.lot_id, DeliveryLot.quantity)
        .where(DeliveryLot.delivery_id == head.id)
        .order_by(DeliveryLot.id)
    ).all()
    returned = {each.lot_line_id: each for each in back if each.quantity}
    quantities = {row.id: row.quantity for row in rows}
    if any(not 0 < each.quantity <= quantities.get(each.lot_line_id, 0) for each in returned.values()):
        raise Refused("More came back than was sent, or from another delivery. Correct the numbers.")
    transit = place_id(session, "TRANSIT")
    goes_to = _goes_to(session, returned)
    moves = []
    for row in rows:
        gone = returned.get(row.id)
        stays = row.quantity - (gone.quantity if gone else 0)
        if stays:
            moves.append(NewMove(LotId(row.lot_id), transit, head.home_id, stays, MoveReason.DELIVERED))
        if gone:
            reason = _REASONS[gone.outcome]
            moves.append(NewMove(LotId(row.lot_id), transit, goes_to[row.id][1], gone.quantity, reason))
    post(session, moves, DOCUMENT, head.id, by, at)
    if returned:
        session.connection().execute(
            _BACK,
            [{"row": each.lot_line_id, "units": each.quantity, "what": each.outcome} for each in returned.values()],
        )
    _settle_equipment(session, head, equipment_back, by, at)
    kept = session.scalar(
        select(func.count())
        .select_from(DeliveryEquipment)
        .where(
            DeliveryEquipment.delivery_id == head.id,
            DeliveryEquipment.asset_id.is_not(None),
            DeliveryEquipment.outcome.is_(None),
        )
    )
    return bool(kept) or any(move.reason is MoveReason.DELIVERED for move in moves)


def _settle_equipment(
    session: Session, head: Head, equipment_back: Sequence[EquipmentBack], by: UserId, at: datetime | None
) -> None:
    for each in equipment_back:
        row = session.get(DeliveryEquipment, each.equipment_id)
        if row is None or row.delivery_id != head.id or row.asset_id is None:
            raise Refused("This pump or pole is not on the delivery. Open it again.")
        custody.bring_back(session, AssetId(row.asset_id), by, at, f"{each.outcome.value} with delivery {head.number}")
        row.outcome = each.outcome
    session.flush()
    custody.deliver(session, DOCUMENT, head.id, head.home_id, by, at)


def _goes_to(session: Session, back: Mapping[int, CameBack]) -> dict[int, tuple[GoesTo, LocationId]]:
    """Where units of each lot row go that came back, by the rules, and which place that is."""
    if not back:
        return {}
    rows = session.execute(
        select(DeliveryLot.id, DeliveryLot.location_id, Item.kind, Item.storage, Lot.held, Location.ended_on)
        .join(Lot, Lot.id == DeliveryLot.lot_id)
        .join(Item, Item.id == Lot.item_id)
        .join(Location, Location.id == DeliveryLot.location_id)
        .where(DeliveryLot.id.in_(back))
    ).all()
    found = {}
    for row in rows:
        each = back[row.id]
        goes = verdict(row.kind, row.storage, each.outcome, each.condition, is_held=bool(row.held)).goes_to
        if goes is GoesTo.STOCK and row.ended_on is not None:
            goes = GoesTo.RETURNS  # Its bin is no more.
        place = LocationId(row.location_id) if goes is GoesTo.STOCK else place_id(session, _PLACES[goes])
        found[row.id] = (goes, place)
    return found


_PLACES = {GoesTo.RETURNS: "RETURNS", GoesTo.QUARANTINE: "QUARANTINE", GoesTo.WASTE: "LOST"}
