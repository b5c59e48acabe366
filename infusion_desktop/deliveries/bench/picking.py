"""Picking at the bench: every box and pump scanned or counted, another good lot swapped in, shortages said."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.deliveries.bench.bench import (
    Feedback,
    Progress,
    Thing,
    Wrong,
    lots_for,
    refuse_wrong_box,
    understand,
    unfinished,
)
from infusion_desktop.deliveries.bench.release import add_lots
from infusion_desktop.deliveries.kits.kinds import answers
from infusion_desktop.deliveries.steps import (
    DOCUMENT,
    Head,
    advance,
    core,
    expect,
    head_of,
    keep_step,
    pickers_of,
    tell,
)
from infusion_desktop.deliveries.tables import DeliveryEquipment, DeliveryLine, DeliveryLot
from infusion_desktop.deliveries.words import DeliveryId, DeliveryLineId, DeliveryState, Step
from infusion_desktop.equipment import custody
from infusion_desktop.equipment.words import AssetId
from infusion_desktop.errors import NotAllowed, Refused, Stale
from infusion_desktop.stock.allocation import Allocation, let_go, reserve_lot
from infusion_desktop.stock.scanning.scan_values import Scan
from infusion_desktop.stock.tables import Balance
from infusion_desktop.stock.words import ItemId, LocationId, LotId

_LOTS = core(DeliveryLot)
_EQUIPMENT = core(DeliveryEquipment)
_THINGS = Prepared(
    select(_EQUIPMENT.c.kind, _EQUIPMENT.c.picked).where(_EQUIPMENT.c.delivery_id == bindparam("delivery"))
)
_PICK_LOTS = Prepared(update(_LOTS).where(_LOTS.c.delivery_id == bindparam("delivery")).values(picked=_LOTS.c.quantity))


def scan_pick(
    database: Database,
    delivery_id: DeliveryId,
    scan: Scan | str,
    by: UserId,
    *,
    quantity: int | None = None,
    override: str = "",
) -> Feedback:
    """One scan while picking. A box counts as many units as it holds (``quantity`` says otherwise), never too many.

    A wrong item, lot or pump changes nothing and is answered with a sentence. Raises Warned for a pump whose
    maintenance falls into the period, unless ``override`` names the reason and the person may override.
    """
    try:
        with database.transaction() as session:
            authorize(session, by, Permission.PICK)
            head = head_of(session, delivery_id)
            expect(head, DeliveryState.RELEASED)
            thing = understand(session, scan)
            if thing.asset is not None:
                feedback = _pick_asset(session, head, thing, by, override)
            else:
                feedback = _pick_units(session, head, thing, quantity)
            return _picked(session, head, by, feedback)
    except Wrong as wrong:
        return Feedback(False, str(wrong))
    except (NotAllowed, Stale):
        raise
    except Refused as no:
        return Feedback(False, str(no))


def enter_pick(database: Database, lot_line_id: int, picked: int, by: UserId) -> Feedback:
    """Type how many of a reserved lot were taken; ``lot_line_id`` is the row on the bench. 0 puts them back."""
    with database.transaction() as session:
        authorize(session, by, Permission.PICK)
        row = session.get(DeliveryLot, lot_line_id)
        if row is None:
            raise Refused("This lot is no longer on the delivery. Look at the bench again.")
        head = head_of(session, DeliveryId(row.delivery_id))
        expect(head, DeliveryState.RELEASED)
        if not 0 <= picked <= row.quantity:
            raise Refused(f"{row.quantity} of this lot are wanted. Type a number from 0 to {row.quantity}.")
        row.picked = picked
        session.flush()
        progress = Progress(DeliveryLineId(row.line_id), picked, row.quantity)
        return _picked(session, head, by, Feedback(True, f"{picked} of {row.quantity} taken.", progress))


def report_short(database: Database, lot_line_id: int, found: int, reason: str, by: UserId) -> None:
    """Fewer of a reserved lot are on the shelf: what is missing stays owed, its reservation is given back."""
    if not reason.strip():
        raise Refused("Say what is wrong, such as: not on the shelf.")
    with database.transaction() as session:
        authorize(session, by, Permission.PICK)
        row = session.get(DeliveryLot, lot_line_id)
        if row is None:
            raise Refused("This lot is no longer on the delivery. Look at the bench again.")
        head = head_of(session, DeliveryId(row.delivery_id))
        expect(head, DeliveryState.RELEASED)
        if not 0 <= found < row.quantity:
            raise Refused(f"{row.quantity} are wanted. Type how many were found, fewer than that.")
        missing, line_id, lot_id = row.quantity - found, row.line_id, row.lot_id
        row.picked = min(row.picked, found)
        session.flush()
        wanted = _reserved_now(session, line_id)
        wanted[lot_id, row.location_id] = found
        _rearrange(session, head, line_id, wanted)
        session.execute(update(DeliveryLine).where(DeliveryLine.id == line_id).values(owed=DeliveryLine.owed + missing))
        tell(session, head, by, "report short", reason, line=line_id, lot=lot_id, missing=missing)
        if _something_picked(session, head) and not unfinished(session, head, verifying=False):
            keep_step(session, head.id, Step.PICK, by)
            advance(session, head, DeliveryState.PICKED, Step.PICK, by)


def take_off_pump(database: Database, equipment_id: int, by: UserId) -> None:
    """Put a scanned pump or pole back; another one may be scanned."""
    with database.transaction() as session:
        authorize(session, by, Permission.PICK)
        row = session.get(DeliveryEquipment, equipment_id)
        if row is None or row.asset_id is None:
            raise Refused("No pump or pole was scanned for this line.")
        head = head_of(session, DeliveryId(row.delivery_id))
        expect(head, DeliveryState.RELEASED)
        custody.let_go(session, AssetId(row.asset_id), by)
        row.asset_id, row.picked = None, False
        tell(session, head, by, "take off", equipment=equipment_id)


def do_without_pump(database: Database, equipment_id: int, reason: str, by: UserId) -> None:
    """The delivery needs no such pump or pole after all, with the reason."""
    if not reason.strip():
        raise Refused("Say why it is not needed, such as: the patient has one.")
    with database.transaction() as session:
        authorize(session, by, Permission.RELEASE)
        row = session.get(DeliveryEquipment, equipment_id)
        if row is None:
            raise Refused("This line is not known. Open the delivery again.")
        head = head_of(session, DeliveryId(row.delivery_id))
        expect(head, DeliveryState.DRAFT, DeliveryState.RELEASED)
        if row.asset_id is not None:
            custody.let_go(session, AssetId(row.asset_id), by)
        tell(session, head, by, "do without", reason, equipment=equipment_id, kind=row.kind)
        session.delete(row)


def pick_all(database: Database, delivery_id: DeliveryId, by: UserId, at: datetime | None = None) -> None:
    """Somebody confirms that every reserved lot was counted out; pumps must have been scanned before."""
    with database.transaction() as session:
        authorize(session, by, Permission.PICK)
        head = head_of(session, delivery_id)
        expect(head, DeliveryState.RELEASED)
        things = _THINGS.rows(session, {"delivery": head.id})
        for kind, picked in things:
            if not picked:
                raise Refused(f"Scan the {kind} first.")
        lots = _PICK_LOTS.change(session, {"delivery": head.id})
        if not lots and not things:
            raise Refused(f"Delivery {head.number} has nothing to send: everything is short. Receive stock first.")
        advance(session, head, DeliveryState.PICKED, Step.PICK, by, at)
        tell(session, head, by, "pick all", state=DeliveryState.PICKED)


def _something_picked(session: Session, head: Head) -> bool:
    lots = select(DeliveryLot.id).where(DeliveryLot.delivery_id == head.id).limit(1)
    things = select(DeliveryEquipment.id).where(DeliveryEquipment.delivery_id == head.id).limit(1)
    return session.scalar(lots) is not None or session.scalar(things) is not None


def _picked(session: Session, head: Head, by: UserId, feedback: Feedback) -> Feedback:
    """Keep who picks; the last thing picked moves the delivery on."""
    done = not unfinished(session, head, verifying=False)
    if done:
        advance(session, head, DeliveryState.PICKED, Step.PICK, by)
    elif by not in pickers_of(session, head.id):
        keep_step(session, head.id, Step.PICK, by)
    line = feedback.progress
    tell(session, head, by, "pick", line=line and line.line_id, done=line and line.done)
    if not done:
        return feedback
    said = f"{feedback.sentence} Everything is picked: hand it to a second person to verify."
    return Feedback(True, said, feedback.progress, True)


def _pick_asset(session: Session, head: Head, thing: Thing, by: UserId, override: str) -> Feedback:
    asset = thing.asset
    wanted = session.scalars(
        select(DeliveryEquipment).where(DeliveryEquipment.delivery_id == head.id).order_by(DeliveryEquipment.id)
    ).all()
    if any(row.asset_id == asset.id for row in wanted):
        raise Wrong(f"{asset.tag} is on this delivery already.")
    open_rows = [row for row in wanted if row.asset_id is None]
    fitting = [row for row in open_rows if answers(row.kind, asset.kind, asset.hcpcs)]
    if not fitting:
        asked = f"It asks for: {', '.join(row.kind for row in open_rows)}." if open_rows else "It asks for no more."
        raise Wrong(f"{asset.tag} ({asset.name}) is not wanted on delivery {head.number}. {asked}")
    custody.assign(
        session, AssetId(asset.id), DOCUMENT, head.id, head.period.last, by, override, patient_id=head.patient_id
    )
    fitting[0].asset_id, fitting[0].picked = asset.id, True
    session.flush()
    return Feedback(True, f"{asset.tag}, {asset.name}: assigned.")


def _pick_units(session: Session, head: Head, thing: Thing, quantity: int | None) -> Feedback:
    item = thing.item
    rows = lots_for(session, head, ItemId(item.id))
    if not rows:
        raise Wrong(f"{item.name} ({item.number}) is not on delivery {head.number}. Put it back.")
    refuse_wrong_box(head, thing)
    if quantity is not None and quantity <= 0:
        raise Wrong("Type how many were taken, at least one.")
    lot_id = rows[0].lot_id if thing.lot is None else thing.lot.id
    waiting = [row for row in rows if row.picked < row.quantity]
    if not waiting:
        raise Wrong(f"{item.name}: all {sum(row.quantity for row in rows)} are taken already. Put this one back.")
    same = next((row for row in waiting if row.lot_id == lot_id), None)
    swapped = ""
    if same is None and thing.lot is not None:
        free = sum(row.quantity - row.picked for row in waiting)
        same = _swap(session, head, thing, waiting, min(quantity or thing.units, free))
        swapped = f" Lot {thing.lot.number} instead of {waiting[0].number}."
    row = same or waiting[0]
    left = row.quantity - row.picked
    if quantity is not None and quantity > left:
        raise Wrong(f"{item.name}: only {left} more of lot {row.number or '(none)'} are wanted, not {quantity}.")
    units = min(quantity or thing.units, left)
    session.execute(update(DeliveryLot).where(DeliveryLot.id == row.id).values(picked=row.picked + units))
    rows = lots_for(session, head, ItemId(item.id))
    done, wanted = sum(each.picked for each in rows), sum(each.quantity for each in rows)
    progress = Progress(DeliveryLineId(row.line_id), done, wanted)
    return Feedback(True, f"{item.name}: {done} of {wanted} {item.base_unit}.{swapped}", progress)


def _swap(session: Session, head: Head, thing: Thing, waiting: Sequence[Any], units: int) -> Any:
    """Units of the scanned lot take the place of reserved units that were not picked yet."""
    line_id = waiting[0].line_id
    places = session.execute(
        select(Balance.location_id, Balance.on_hand - Balance.reserved)
        .where(Balance.lot_id == thing.lot.id, Balance.usable, Balance.on_hand > Balance.reserved)
        .order_by((Balance.on_hand - Balance.reserved).desc())
    ).all()
    if not places:
        raise Wrong(
            f"{thing.item.name} lot {thing.lot.number} is not free: it is reserved for others or not on a shelf. "
            f"Take lot {waiting[0].number}."
        )
    place, free = places[0]
    units = min(units, free)
    wanted = _reserved_now(session, line_id)
    left = units
    for row in waiting:
        given = min(left, row.quantity - row.picked)
        wanted[row.lot_id, row.location_id] -= given
        left -= given
    wanted[thing.lot.id, place] = wanted.get((thing.lot.id, place), 0) + units
    _rearrange(session, head, line_id, wanted)
    return next(row for row in lots_for(session, head, ItemId(thing.item.id)) if row.lot_id == thing.lot.id
                and row.location_id == place)  # fmt: skip


def _reserved_now(session: Session, line_id: int) -> dict[tuple[int, int], int]:
    rows = session.execute(
        select(DeliveryLot.lot_id, DeliveryLot.location_id, DeliveryLot.quantity).where(DeliveryLot.line_id == line_id)
    )
    return {(row.lot_id, row.location_id): row.quantity for row in rows}


def _rearrange(session: Session, head: Head, line_id: int, wanted: dict[tuple[int, int], int]) -> None:
    """Make a line's reservations and lots be ``wanted`` (units by lot and place)."""
    now = _reserved_now(session, line_id)
    let_go(session, DOCUMENT, head.id, line_id)
    for (lot, place), units in sorted(wanted.items()):
        kept = Allocation(line_id, LotId(lot), LocationId(place), units)
        if units and not reserve_lot(session, DOCUMENT, head.id, kept):
            raise Wrong("Somebody else just reserved these units. Take the lot on the list.")
    mine = DeliveryLot.line_id == line_id
    for (lot, place), units in wanted.items():
        here = (mine, DeliveryLot.lot_id == lot, DeliveryLot.location_id == place)
        if not units:
            session.execute(delete(DeliveryLot).where(*here))
        elif (lot, place) not in now:
            add_lots(session, head.id, [Allocation(line_id, LotId(lot), LocationId(place), units)])
        elif units != now[lot, place]:
            session.execute(update(DeliveryLot).where(*here).values(quantity=units))
