"""What left was another lot, or another item: ledger, delivery, home and recalls put right in one deed.

The moves of the wrong lot are reversed and made anew, each tied to the one it undoes; the first entry stays beside.
Units that the ledger holds as used at home were used of the right lot; of another item nothing is known as used until
it is counted. Where the shelf was counted since, its numbers are right already and stay.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, aliased

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day
from infusion_desktop.deliveries.door.proof import keep_correction
from infusion_desktop.deliveries.steps import DOCUMENT, Head, expect, head_of, tell
from infusion_desktop.deliveries.tables import Delivery, DeliveryLine, DeliveryLot
from infusion_desktop.deliveries.words import WHICH_LOT, DeliveryId, DeliveryState
from infusion_desktop.errors import Refused, warn_unless
from infusion_desktop.stock.ledger import NewMove, post
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.tables import Balance, Item, Location, Lot, Move
from infusion_desktop.stock.words import ItemId, ItemKind, LocationId, LocationKind, LotId, MoveId, MoveReason

_OURS = tuple(
    kind
    for kind in LocationKind
    if kind.keeps_balance and kind not in (LocationKind.TRANSIT, LocationKind.PATIENT_HOME)
)
_EQUIPMENT = tuple(kind for kind in ItemKind if kind.is_equipment)
_ORDERED = (ItemKind.DRUG, ItemKind.DILUENT)
_FREE = Balance.on_hand - Balance.reserved


@dataclass(frozen=True, slots=True)
class OtherItem:
    """An item that it may have been."""

    id: ItemId
    name: str


@dataclass(frozen=True, slots=True)
class OtherLot:
    """A lot that it may have been; ``free`` units stand on our shelves, reserved for nobody."""

    id: LotId
    number: str
    serial: str
    expires_on: date | None
    held: str
    free: int


@dataclass(frozen=True, slots=True)
class OtherLots:
    """What the correction of a lot is chosen from; ``counted`` says that a shelf of these lots was counted since."""

    lots: tuple[OtherLot, ...]
    counted: bool


def other_items(session: Session, lot_line_id: int) -> tuple[OtherItem, ...]:
    """The items that a delivered lot may have been: what it says first, then all that came here in the same unit."""
    own = _lot(session, _row_of(session, lot_line_id).lot_id)
    rows = session.execute(
        select(Item.id, Item.name)
        .where(Item.base_unit == own.base_unit, Item.id != own.item_id, Item.kind.not_in(_EQUIPMENT))
        .where(select(Lot.id).where(Lot.item_id == Item.id).exists())
        .order_by(Item.name, Item.id)
    )
    return (OtherItem(ItemId(own.item_id), own.name), *(OtherItem(ItemId(row.id), row.name) for row in rows))


def other_lots(session: Session, lot_line_id: int, item_id: ItemId | None = None) -> OtherLots:
    """The lots that a delivered lot may have been, those on the shelf first: of its own item, or of ``item_id``."""
    row = _row_of(session, lot_line_id)
    item = item_id or select(Lot.item_id).where(Lot.id == row.lot_id).scalar_subquery()
    free = func.coalesce(func.sum(_FREE), 0)
    rows = session.execute(
        select(Lot.id, Lot.number, Lot.serial, Lot.expires_on, Lot.held, free.label("free"))
        .outerjoin(Balance, (Balance.lot_id == Lot.id) & Balance.location_id.in_(
            select(Location.id).where(Location.kind.in_(_OURS))))
        .where(Lot.item_id == item, Lot.id != row.lot_id)
        .group_by(Lot.id)
        .order_by(free.desc(), Lot.expires_on, Lot.id)
    ).all()  # fmt: skip
    found = tuple(OtherLot(LotId(each.id), each.number, each.serial, each.expires_on, each.held, int(each.free))
                  for each in rows)  # fmt: skip
    shipped_at = session.scalar(select(Delivery.shipped_at).where(Delivery.id == row.delivery_id))
    counted = select(Move.id).where(
        Move.reason == MoveReason.COUNTED, Move.lot_id.in_([row.lot_id, *(each.id for each in found)]),
        Move.recorded_at > shipped_at,
    )  # fmt: skip
    return OtherLots(found, shipped_at is not None and session.scalar(counted.limit(1)) is not None)


def correct_lot(
    database: Database,
    lot_line_id: int,
    right: LotId,
    units: int,
    why: str,
    by: UserId,
    *,
    shelf_counted: bool = False,
    serves: bool = False,
    override: str = "",
) -> None:
    """So many units that left were of another lot, or another item, than the delivery says.

    Everything that asks what a patient has says the right one from then on: the delivery, its manifest, the home,
    recalls. With ``shelf_counted`` the shelf was counted since it left, so its numbers are not changed. What did not go
    because another item did is owed to the patient, unless that one ``serves`` as well. Warned where the right lot is
    held or expires within the supply period, or the item must not simply be used.
    """
    if not why.strip():
        raise Refused("Say how you know, such as: the caregiver read the lot on the box.")
    with database.transaction() as session:
        authorize(session, by, Permission.RELEASE)
        row = _row_of(session, lot_line_id)
        head = head_of(session, DeliveryId(row.delivery_id))
        expect(head, DeliveryState.SHIPPED, DeliveryState.DELIVERED)
        left = row.quantity - row.came_back
        if not 0 < units <= left:
            raise Refused(f"{left} of this lot are with the patient or on the way. Type a number from 1 to {left}.")
        wrong, now = _lot(session, row.lot_id), _lot(session, right)
        if wrong.id == now.id:
            raise Refused(f"The delivery says lot {_named(now)} already. Choose the lot that it was.")
        if now.kind in _EQUIPMENT or wrong.base_unit != now.base_unit:
            raise Refused(f"{now.name} is not counted as {wrong.name} is. Take back what came wrong, and plan anew.")
        is_other = wrong.item_id != now.item_id
        warn_unless(override, [*_against(head, now), *(_against_item(head, wrong, now) if is_other else ())])
        asked = _Asked(head, row, units, why.strip(), shelf_counted)
        shelf = LocationId(row.location_id) if shelf_counted else _shelf(session, row, now, units)
        moves = [*_of_the_wrong(session, asked), *_of_the_right(session, asked, right, shelf)]
        used = _used_at_home(session, asked)
        if used:
            outside = place_id(session, "USED")
            moves.append(NewMove(LotId(row.lot_id), outside, head.home_id, used, MoveReason.CORRECTED, why.strip()))
            if not is_other:
                moves.append(NewMove(right, head.home_id, outside, used, MoveReason.USED, why.strip()))
        post(session, moves, DOCUMENT, head.id, by)
        was, rest = f"{row.quantity} of lot {_named(wrong)}", row.quantity - units
        line_id = _line_of(session, row, now, units, why, serves=serves) if is_other else row.line_id
        _rewrite(session, row, line_id, right, shelf, units)
        stays, what = f"{rest} of lot {_named(wrong)}, " if rest else "", f"{now.name}, " if is_other else ""
        keep_correction(session, head.id, wrong.name + WHICH_LOT, was, f"{stays}{units} of {what}lot {_named(now)}",
                        why, by)  # fmt: skip
        session.execute(update(Delivery).where(Delivery.id == head.id).values(version=head.version + 1))
        tell(session, head, by, "correct lot", " ".join((why.strip(), override.strip())).strip(), was=wrong.id,
             lot=now.id, units=units, used_at_home=used, shelf_counted=shelf_counted)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Asked:
    head: Head
    row: DeliveryLot
    units: int
    why: str
    shelf_counted: bool


def _row_of(session: Session, lot_line_id: int) -> DeliveryLot:
    row = session.get(DeliveryLot, lot_line_id)
    if row is None:
        raise Refused("This lot is not on a delivery. Open the delivery again.")
    return row


def _lot(session: Session, lot_id: int) -> Any:
    row = session.execute(
        select(
            Lot.id,
            Lot.item_id,
            Lot.number,
            Lot.serial,
            Lot.expires_on,
            Lot.held,
            Item.name,
            Item.kind,
            Item.base_unit,
            Item.contains_latex,
        )
        .join(Item, Item.id == Lot.item_id)
        .where(Lot.id == lot_id)
    ).one_or_none()
    if row is None:
        raise Refused("This lot was never received here. Choose it from the list.")
    return row


def _named(lot: Any) -> str:
    return str(lot.serial or lot.number or "(none)")


def _against(head: Head, lot: Any) -> list[str]:
    reasons = []
    if lot.held:
        reasons.append(f"Lot {_named(lot)} is held: {lot.held}. Call the patient, and see the recall.")
    if lot.expires_on is not None and lot.expires_on <= head.period.last:
        reasons.append(
            f"Lot {_named(lot)} expires on {show_day(lot.expires_on)}, before the supply ends on "
            f"{show_day(head.period.last)}. Call the patient, and send what is good."
        )
    return reasons


def _against_item(head: Head, wrong: Any, now: Any) -> list[str]:
    """Why another item than was sent must not simply be used."""
    reasons = []
    if wrong.kind in _ORDERED or now.kind in _ORDERED:
        reasons.append(
            f"The order names what is given, and {now.name} came instead of {wrong.name}. Call the patient before the "
            "next dose, then the prescriber."
        )
    if head.latex_allergy and now.contains_latex:
        reasons.append(f"The patient is allergic to latex and {now.name} contains it. Call the patient, and fetch it.")
    return reasons


def _line_of(session: Session, row: DeliveryLot, now: Any, units: int, why: str, *, serves: bool) -> int:
    """The line of the item that did go, a new one or one that is there; the other line owes it, or sends fewer."""
    line = session.get_one(DeliveryLine, row.line_id)
    if serves or (not line.needed and line.substitutes_item_id is not None):  # It was never to go: nobody owes it.
        line.to_send -= units
    else:
        line.owed += units
    mine = session.scalars(
        select(DeliveryLine).where(DeliveryLine.delivery_id == row.delivery_id, DeliveryLine.item_id == now.item_id)
    ).one_or_none()
    if mine is None:
        mine = DeliveryLine(
            delivery_id=row.delivery_id, item_id=now.item_id, position=line.position, needed=0, at_home=0, to_send=0,
            why="another item than was to go", change_reason=why.strip(), substitutes_item_id=line.item_id,
        )  # fmt: skip
        session.add(mine)
        session.flush()
    brought = min(mine.owed, units)  # What is owed of it has come after all.
    mine.owed -= brought
    mine.to_send += units - brought
    session.flush()
    return mine.id


def _made(session: Session, head: Head, lot_id: int, reason: MoveReason, least: int, from_id: int | None) -> Any:
    """The move of this lot that stands and is undone: the smallest that holds as many."""
    undone = aliased(Move)
    wanted = (
        select(Move.id, Move.from_id, Move.to_id, Move.quantity, Move.unit_cost)
        .where(Move.document == DOCUMENT, Move.document_id == head.id, Move.lot_id == lot_id, Move.reason == reason)
        .where(Move.quantity >= least, ~select(undone.id).where(undone.reverses_id == Move.id).exists())
        .order_by(Move.quantity, Move.id)
    )
    if from_id is not None:
        wanted = wanted.where(Move.from_id == from_id)
    found = session.execute(wanted.limit(1)).one_or_none()
    if found is None:
        raise Refused(f"No move of {least} units at once stands in the ledger. Correct fewer at a time.")
    return found


def _of_the_wrong(session: Session, asked: _Asked) -> list[NewMove]:
    """The wrong lot never left: what took it away is undone, and made anew for what is left of it."""
    head, units = asked.head, asked.units
    lot, place = LotId(asked.row.lot_id), LocationId(asked.row.location_id)
    steps = [(MoveReason.SHIPPED, _made(session, head, lot, MoveReason.SHIPPED, units, place))]
    if head.state is DeliveryState.DELIVERED:
        steps.append((MoveReason.DELIVERED, _made(session, head, lot, MoveReason.DELIVERED, units, None)))
    moves = [
        NewMove(lot, LocationId(move.to_id), LocationId(move.from_id), move.quantity, MoveReason.CORRECTED, asked.why,
                MoveId(move.id), move.unit_cost)
        for _reason, move in reversed(steps)
    ]  # fmt: skip
    for reason, move in steps:
        if move.quantity > units:
            moves.append(NewMove(lot, LocationId(move.from_id), LocationId(move.to_id), move.quantity - units, reason))
    if asked.shelf_counted:
        moves.append(NewMove(lot, place, place_id(session, "ADJUST"), units, MoveReason.CORRECTED,
                             f"the count had found them: {asked.why}"))  # fmt: skip
    elif session.scalar(select(Location.ended_on).where(Location.id == place)) is not None:
        moves.append(NewMove(lot, place, place_id(session, "QUARANTINE"), units, MoveReason.QUARANTINED, asked.why))
    return moves


def _of_the_right(session: Session, asked: _Asked, lot: LotId, shelf: LocationId) -> list[NewMove]:
    """The right lot left instead."""
    transit, moves = place_id(session, "TRANSIT"), []
    if asked.shelf_counted:
        moves.append(NewMove(lot, place_id(session, "ADJUST"), shelf, asked.units, MoveReason.CORRECTED,
                             f"the count had missed them: {asked.why}"))  # fmt: skip
    moves.append(NewMove(lot, shelf, transit, asked.units, MoveReason.SHIPPED))
    if asked.head.state is DeliveryState.DELIVERED:
        moves.append(NewMove(lot, transit, asked.head.home_id, asked.units, MoveReason.DELIVERED))
    return moves


def _shelf(session: Session, row: DeliveryLot, lot: Any, units: int) -> LocationId:
    """Where the right lot was taken from: the wrong one's own place, or the one with the most of it."""
    places = session.execute(
        select(Balance.location_id, _FREE.label("free"))
        .join(Location, Location.id == Balance.location_id)
        .where(Balance.lot_id == lot.id, Location.kind.in_(_OURS), _FREE > 0)
    ).all()
    enough = [each for each in places if each.free >= units]
    if not enough:
        most = max((each.free for each in places), default=0)
        raise Refused(
            f"The books have {most} free units of lot {_named(lot)} in one place, not {units}. Count that shelf and "
            "say so here, or correct fewer."
        )
    best = max(enough, key=lambda each: (each.location_id == row.location_id, each.free, -each.location_id))
    return LocationId(best.location_id)


def _used_at_home(session: Session, asked: _Asked) -> int:
    """How many of the wrong lot's units the ledger does not find at home any more: they were used there."""
    head, row, units = asked.head, asked.row, asked.units
    if head.state is not DeliveryState.DELIVERED:
        return 0
    there = session.scalar(
        select(Balance.on_hand).where(Balance.lot_id == row.lot_id, Balance.location_id == head.home_id)
    )
    gone = max(0, units - (there or 0))
    outside = place_id(session, "USED")

    def moved(origin: LocationId, goal: LocationId) -> int:
        return session.scalar(
            select(func.coalesce(func.sum(Move.quantity), 0)).where(
                Move.lot_id == row.lot_id, Move.from_id == origin, Move.to_id == goal
            )
        ) or 0  # fmt: skip

    if gone > moved(head.home_id, outside) - moved(outside, head.home_id):
        raise Refused(f"The ledger has only {units - gone} of these with the patient. Correct what came later first.")
    return gone


def _rewrite(session: Session, row: DeliveryLot, line_id: int, right: LotId, shelf: LocationId, units: int) -> None:
    """The delivery's own account: so many of the row's units are of the right lot."""
    same = session.scalars(
        select(DeliveryLot).where(
            DeliveryLot.line_id == line_id, DeliveryLot.lot_id == right, DeliveryLot.location_id == shelf
        )
    ).one_or_none()
    if same is None and units == row.quantity:
        row.line_id, row.lot_id, row.location_id = line_id, right, shelf
    elif same is None:
        same = DeliveryLot(
            delivery_id=row.delivery_id, line_id=line_id, lot_id=right, location_id=shelf, quantity=units,
            picked=units, verified=units, came_back=0,
        )  # fmt: skip
        session.add(same)
        _less(row, units)
    else:
        _less(same, -units)
        if units == row.quantity:
            session.delete(row)
        else:
            _less(row, units)
    session.flush()


def _less(row: DeliveryLot, units: int) -> None:
    row.quantity, row.picked, row.verified = row.quantity - units, row.picked - units, row.verified - units
