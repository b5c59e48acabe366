"""Waves: many deliveries picked on one walk, each into its slot on the cart; handed over together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.counters import next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc
from infusion_desktop.deliveries.bench.bench import Feedback, Thing, Wrong, understand
from infusion_desktop.deliveries.bench.picking import scan_pick
from infusion_desktop.deliveries.bench.shipping import ship
from infusion_desktop.deliveries.kits.kinds import answers
from infusion_desktop.deliveries.schedule.dispatch_tables import Wave, WaveDelivery
from infusion_desktop.deliveries.schedule.dispatch_words import WaveId
from infusion_desktop.deliveries.tables import Delivery, DeliveryEquipment, DeliveryLine, DeliveryLot
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.errors import Refused, Warned, refuse_if

MOST_SLOTS = 24
"""More than a cart holds: our own working limit."""


@dataclass(frozen=True, slots=True)
class WaveFeedback:
    """The answer to a scan on the walk, and the slot it belongs to."""

    feedback: Feedback
    slot: int = 0
    delivery_id: DeliveryId | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What became of many deliveries: how many went well, and a sentence for each that did not."""

    count: int
    problems: tuple[str, ...]


def make_wave(database: Database, delivery_ids: Sequence[DeliveryId], by: UserId) -> WaveId:
    """Put released deliveries into one walk, in this order of slots."""
    reasons = [] if delivery_ids else ["Mark the deliveries that shall be picked together."]
    if len(delivery_ids) > MOST_SLOTS:
        reasons.append(f"A cart has {MOST_SLOTS} slots. Make two waves of {len(delivery_ids)} deliveries.")
    if len(set(delivery_ids)) != len(delivery_ids):
        reasons.append("A delivery is marked twice.")
    refuse_if(reasons)
    with database.transaction() as session:
        authorize(session, by, Permission.PICK)
        rows = session.execute(
            select(Delivery.id, Delivery.number, Delivery.state)
            .where(Delivery.id.in_(delivery_ids))
            .order_by(Delivery.id)
            .with_for_update()
        ).all()
        taken = session.execute(
            select(Delivery.number, Wave.number.label("wave"))
            .join(WaveDelivery, WaveDelivery.delivery_id == Delivery.id)
            .join(Wave, Wave.id == WaveDelivery.wave_id)
            .where(Delivery.id.in_(delivery_ids), Wave.closed_at.is_(None))
        )
        refuse_if(
            [
                *(f"Delivery {row.number} is {row.state.value}: only released ones are picked in a wave."
                  for row in rows if row.state is not DeliveryState.RELEASED),
                *(f"Delivery {row.number} is in wave {row.wave} already." for row in taken),
            ]
        )  # fmt: skip
        if len(rows) != len(delivery_ids):
            raise Refused("A delivery is not known any more. Look at the list again.")
        wave = Wave(number=f"W{next_number(session, 'wave'):05}", made_at=now_utc(), staff_id=by)
        session.add(wave)
        session.flush()
        session.add_all(
            WaveDelivery(wave_id=wave.id, delivery_id=each, slot=slot) for slot, each in enumerate(delivery_ids, 1)
        )
        record(session, by, "make", "wave", wave.id, after={"number": wave.number, "deliveries": len(delivery_ids)})
        return WaveId(wave.id)


def leave_wave(database: Database, wave_id: WaveId, delivery_id: DeliveryId, by: UserId) -> None:
    """Take a delivery off the cart; what was picked for it stays picked."""
    with database.transaction() as session:
        authorize(session, by, Permission.PICK)
        session.get(Wave, wave_id, with_for_update=True)  # Whoever takes the last one off ends the wave.
        gone = session.execute(
            delete(WaveDelivery).where(WaveDelivery.wave_id == wave_id, WaveDelivery.delivery_id == delivery_id)
        )
        if gone.rowcount != 1:  # type: ignore[attr-defined]
            raise Refused("This delivery is not in the wave any more.")
        left = session.scalar(select(func.count()).select_from(WaveDelivery).where(WaveDelivery.wave_id == wave_id))
        if not left:
            session.execute(update(Wave).where(Wave.id == wave_id).values(closed_at=now_utc()))
        record(session, by, "leave", "wave", wave_id, after={"delivery": delivery_id})


def close_wave(database: Database, wave_id: WaveId, by: UserId) -> None:
    """The walk is over: refused while something of it is still to be picked."""
    with database.transaction() as session:
        authorize(session, by, Permission.PICK)
        wave = session.get(Wave, wave_id, with_for_update=True)
        if wave is None or wave.closed_at is not None:
            raise Refused("This wave is over already.")
        waiting = session.scalars(
            select(Delivery.number)
            .join(WaveDelivery, WaveDelivery.delivery_id == Delivery.id)
            .where(WaveDelivery.wave_id == wave_id, Delivery.state == DeliveryState.RELEASED)
            .order_by(WaveDelivery.slot)
        ).all()
        if waiting:
            raise Refused(f"Still to be picked: {', '.join(waiting)}. Pick them, or take them off the cart.")
        wave.closed_at = now_utc()
        record(session, by, "close", "wave", wave_id)


def scan_wave(
    database: Database, wave_id: WaveId, scan: str, by: UserId, *, quantity: int | None = None, override: str = ""
) -> WaveFeedback:
    """One scan on the walk: it goes to the first slot that still wants this lot, else this item, else this pump."""
    with database.reading() as session:
        authorize(session, by, Permission.PICK)
        try:
            thing = understand(session, scan)
        except Wrong as wrong:
            return WaveFeedback(Feedback(False, str(wrong)))
        found = _slot_for(session, wave_id, thing)
    if found is None:
        return WaveFeedback(Feedback(False, _not_wanted(thing)))
    slot, delivery_id = found
    feedback = scan_pick(database, delivery_id, scan, by, quantity=quantity, override=override)
    if feedback.right:
        feedback = replace(feedback, sentence=f"Slot {slot}. {feedback.sentence}")
    return WaveFeedback(feedback, slot, delivery_id)


def for_each(database: Database, delivery_ids: Sequence[DeliveryId], deed: Callable[[DeliveryId], object]) -> Done:
    """Do one deed for many deliveries, each in a transaction of its own; those refused are told, the rest goes on."""
    count, problems = 0, []
    for each in delivery_ids:
        try:
            deed(each)
            count += 1
        except (Refused, Warned) as no:
            with database.reading() as session:
                number = session.scalar(select(Delivery.number).where(Delivery.id == each)) or "A delivery"
            problems += [sentence if number in sentence else f"{number}: {sentence}" for sentence in no.args]
    return Done(count, tuple(problems))


def ship_many(
    database: Database,
    delivery_ids: Sequence[DeliveryId],
    by: UserId,
    *,
    scanned: Mapping[DeliveryId, int] | None = None,
    override: str = "",
) -> Done:
    """Hand a driver everything that is packed; a parcel needs its own tracking number and is told.

    ``scanned`` is how many totes of each were scanned; a delivery that is not in it was counted (see ``ship``).
    """
    with database.reading() as session:
        authorize(session, by, Permission.SHIP)
    seen = scanned or {}
    return for_each(
        database, delivery_ids,
        lambda each: ship(database, each, by, scanned=seen.get(each), override=override if each in seen else ""),
    )  # fmt: skip


def _slot_for(session: Session, wave_id: WaveId, thing: Thing) -> tuple[int, DeliveryId] | None:
    if thing.asset is not None:
        return _slot_for_pump(session, wave_id, thing.asset)
    rows = session.execute(
        select(WaveDelivery.slot, WaveDelivery.delivery_id, DeliveryLot.lot_id)
        .join(Delivery, Delivery.id == WaveDelivery.delivery_id)
        .join(DeliveryLine, DeliveryLine.delivery_id == Delivery.id)
        .join(DeliveryLot, DeliveryLot.line_id == DeliveryLine.id)
        .where(WaveDelivery.wave_id == wave_id, Delivery.state == DeliveryState.RELEASED)
        .where(DeliveryLine.item_id == thing.item.id, DeliveryLot.picked < DeliveryLot.quantity)
        .order_by(WaveDelivery.slot)
    ).all()
    same = [row for row in rows if thing.lot is not None and row.lot_id == thing.lot.id]
    found = (same or rows)[:1]
    return (found[0].slot, DeliveryId(found[0].delivery_id)) if found else None


def _slot_for_pump(session: Session, wave_id: WaveId, asset: Any) -> tuple[int, DeliveryId] | None:
    rows = session.execute(
        select(WaveDelivery.slot, WaveDelivery.delivery_id, DeliveryEquipment.kind)
        .join(Delivery, Delivery.id == WaveDelivery.delivery_id)
        .join(DeliveryEquipment, DeliveryEquipment.delivery_id == Delivery.id)
        .where(WaveDelivery.wave_id == wave_id, Delivery.state == DeliveryState.RELEASED)
        .where(DeliveryEquipment.asset_id.is_(None))
        .order_by(WaveDelivery.slot, DeliveryEquipment.id)
    )
    return next(
        ((row.slot, DeliveryId(row.delivery_id)) for row in rows if answers(row.kind, asset.kind, asset.hcpcs)), None
    )


def _not_wanted(thing: Thing) -> str:
    if thing.asset is not None:
        return f"{thing.asset.tag} ({thing.asset.name}) is not wanted in this wave. Put it back."
    return f"{thing.item.name} ({thing.item.number}) is not wanted in this wave any more. Put it back."
