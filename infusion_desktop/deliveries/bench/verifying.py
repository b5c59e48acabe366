"""Verifying: a second person scans or counts every line again."""

from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.database.prepared import Prepared, change_together
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
from infusion_desktop.deliveries.rules import reasons_against_verifier
from infusion_desktop.deliveries.steps import Head, advance, core, expect, head_of, pickers_of, tell
from infusion_desktop.deliveries.tables import DeliveryEquipment, DeliveryLot
from infusion_desktop.deliveries.words import DeliveryId, DeliveryLineId, DeliveryState, Step
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.stock.scanning.scan_values import Scan
from infusion_desktop.stock.words import ItemId

_LOTS = core(DeliveryLot)
_VERIFY_LOTS = Prepared(
    update(_LOTS).where(_LOTS.c.delivery_id == bindparam("delivery")).values(verified=_LOTS.c.picked)
)
_EQUIPMENT = core(DeliveryEquipment)
_VERIFY_THINGS = Prepared(
    update(_EQUIPMENT).where(_EQUIPMENT.c.delivery_id == bindparam("delivery")).values(verified=True)
)


def scan_verify(
    database: Database, delivery_id: DeliveryId, scan: Scan | str, by: UserId, *, quantity: int | None = None
) -> Feedback:
    """One scan while verifying: right only for a lot or pump that was picked. Refused for whoever picked."""
    try:
        with database.transaction() as session:
            head = _begin(session, delivery_id, by)
            thing = understand(session, scan)
            feedback = (
                _see_asset(session, head, thing)
                if thing.asset is not None
                else _see_units(session, head, thing, quantity)
            )
            return _verified(session, head, by, feedback)
    except Wrong as wrong:
        return Feedback(False, str(wrong))


def enter_verified(database: Database, lot_line_id: int, counted: int, by: UserId) -> Feedback:
    """Type how many of a picked lot were counted; another number than picked changes nothing and is answered."""
    with database.transaction() as session:
        authorize(session, by, Permission.VERIFY)
        row = session.get(DeliveryLot, lot_line_id)
        if row is None:
            raise Refused("This lot is no longer on the delivery. Look at the bench again.")
        head = _begin(session, DeliveryId(row.delivery_id), by)
        progress = Progress(DeliveryLineId(row.line_id), row.verified, row.quantity)
        if counted != row.picked:
            said = f"{row.picked} were picked and you count {counted}. Have them counted together, or undo the picking."
            return Feedback(False, said, progress)
        row.verified = counted
        session.flush()
        progress = Progress(progress.line_id, counted, row.quantity)
        return _verified(session, head, by, Feedback(True, f"{counted} of {row.quantity} counted.", progress))


def verify_all(database: Database, delivery_id: DeliveryId, by: UserId, at: datetime | None = None) -> None:
    """A second person confirms that every lot and pump was compared with the list."""
    with database.transaction() as session:
        head = _begin(session, delivery_id, by)
        mine = {"delivery": head.id}
        change_together(session, (_VERIFY_LOTS, mine), (_VERIFY_THINGS, mine))
        advance(session, head, DeliveryState.VERIFIED, Step.VERIFY, by, at)
        tell(session, head, by, "verify all", state=DeliveryState.VERIFIED)


def _begin(session: Session, delivery_id: DeliveryId, by: UserId) -> Head:
    authorize(session, by, Permission.VERIFY)
    head = head_of(session, delivery_id)
    expect(head, DeliveryState.PICKED)
    refuse_if(reasons_against_verifier(pickers_of(session, delivery_id), by))
    return head


def _verified(session: Session, head: Head, by: UserId, feedback: Feedback) -> Feedback:
    done = not unfinished(session, head, verifying=True)
    if done:
        advance(session, head, DeliveryState.VERIFIED, Step.VERIFY, by)
    line = feedback.progress
    tell(session, head, by, "verify", line=line and line.line_id, done=line and line.done)
    return Feedback(True, f"{feedback.sentence} Everything is verified.", line, True) if done else feedback


def _see_asset(session: Session, head: Head, thing: Thing) -> Feedback:
    row = session.scalar(
        select(DeliveryEquipment).where(
            DeliveryEquipment.delivery_id == head.id, DeliveryEquipment.asset_id == thing.asset.id
        )
    )
    if row is None:
        raise Wrong(f"{thing.asset.tag} was not picked for delivery {head.number}. Compare it with the list.")
    row.verified = True
    session.flush()
    return Feedback(True, f"{thing.asset.tag}, {thing.asset.name}: right.")


def _see_units(session: Session, head: Head, thing: Thing, quantity: int | None) -> Feedback:
    item = thing.item
    rows = lots_for(session, head, ItemId(item.id))
    if not rows:
        raise Wrong(f"{item.name} ({item.number}) is not on delivery {head.number}. Take it out.")
    refuse_wrong_box(head, thing)
    same = [row for row in rows if thing.lot is None or row.lot_id == thing.lot.id]
    if not same:
        raise Wrong(f"{item.name} lot {thing.lot.number} was not picked; lot {rows[0].number} was. Take it out.")
    row = next((each for each in same if each.verified < each.picked), None)
    if row is None:
        raise Wrong(f"{item.name}: all of this lot are verified already. This one is too many.")
    left = row.picked - row.verified
    if quantity is not None and not 0 < quantity <= left:
        raise Wrong(f"{item.name}: {left} of this lot are still to be counted, not {quantity}.")
    units = min(quantity or thing.units, left)
    session.execute(update(DeliveryLot).where(DeliveryLot.id == row.id).values(verified=row.verified + units))
    done, wanted = sum(each.verified for each in rows) + units, sum(each.quantity for each in rows)
    progress = Progress(DeliveryLineId(row.line_id), done, wanted)
    return Feedback(True, f"{item.name}: {done} of {wanted} {item.base_unit}.", progress)
