"""Packing into totes and handing over to the driver or carrier."""

from datetime import date, datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc
from infusion_desktop.deliveries.schedule.scheduling import put_off
from infusion_desktop.deliveries.steps import DOCUMENT, Head, advance, core, expect, head_of, keep_step, tell
from infusion_desktop.deliveries.tables import Delivery, DeliveryLine, DeliveryLot
from infusion_desktop.deliveries.words import Carrier, DeliveryId, DeliveryState, Step
from infusion_desktop.equipment import custody
from infusion_desktop.errors import Refused, warn_unless
from infusion_desktop.stock.allocation import take_reserved
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import MoveReason, Storage


def pack(
    database: Database,
    delivery_id: DeliveryId,
    totes: int,
    cold_packs: int,
    by: UserId,
    *,
    override: str = "",
    at: datetime | None = None,
) -> None:
    """Into so many totes with so many cold packs. Warned where something cold goes without one."""
    with database.transaction() as session:
        authorize(session, by, Permission.PICK)
        head = head_of(session, delivery_id)
        expect(head, DeliveryState.VERIFIED)
        if not 1 <= totes <= 99 or not 0 <= cold_packs <= 999:
            raise Refused("Type how many totes (1 to 99) and cold packs (0 to 999) there are.")
        if not cold_packs:
            warn_unless(
                override, [f"{name} must stay cold and no cold pack goes along." for name in _cold(session, head)]
            )
        advance(session, head, DeliveryState.PACKED, Step.PACK, by, at, override, totes=totes, cold_packs=cold_packs)
        tell(session, head, by, "pack", override, totes=totes, cold_packs=cold_packs)


def ship(
    database: Database,
    delivery_id: DeliveryId,
    by: UserId,
    *,
    tracking: str = "",
    at: datetime | None = None,
    scanned: int | None = None,
    override: str = "",
) -> None:
    """Out of the house: reserved stock and equipment are on the way. A lot held since it was picked stops it.

    ``scanned`` is how many of its totes were scanned, None where they were counted. Warned, unless ``override`` says
    why, where fewer were scanned than were packed.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.SHIP)
        head = head_of(session, delivery_id)
        expect(head, DeliveryState.PACKED)
        number = tracking.strip() or head.tracking
        if head.carrier is Carrier.PARCEL and not number:
            raise Refused("Type the parcel's tracking number.")
        totes = _totes(session, head.id) if scanned is not None else 0
        if scanned is not None and scanned < totes:
            warn_unless(override, [f"{head.number}: {totes - scanned} of {totes} totes were not scanned. Count them."])
        note = "" if scanned is None else f"{scanned} of {totes} totes scanned"
        note = f"{note}: {override.strip()}" if override.strip() else note
        take_reserved(session, DOCUMENT, head.id, place_id(session, "TRANSIT"), MoveReason.SHIPPED, by, at)
        custody.ship(session, DOCUMENT, head.id, by, at)
        advance(session, head, DeliveryState.SHIPPED, Step.SHIP, by, at, note, tracking=number,
                shipped_at=at or now_utc())  # fmt: skip
        tell(session, head, by, "ship", override, state=DeliveryState.SHIPPED)


def _totes(session: Session, delivery_id: DeliveryId) -> int:
    return session.scalar(select(Delivery.totes).where(Delivery.id == delivery_id)) or 0


def failed_attempt(
    database: Database,
    delivery_id: DeliveryId,
    what: str,
    by: UserId,
    at: datetime | None = None,
    *,
    again_on: date | None = None,
) -> None:
    """Nobody was at home: kept as a step; the delivery stays on the way until it arrives or comes back.

    With ``again_on`` the driver tries again on that day.
    """
    if not what.strip():
        raise Refused("Say what happened, such as: nobody at home.")
    with database.transaction() as session:
        authorize(session, by, Permission.DELIVER)
        head = head_of(session, delivery_id)
        expect(head, DeliveryState.SHIPPED)
        keep_step(session, head.id, Step.FAIL, by, at, what)
        tell(session, head, by, "failed attempt", what)
        if again_on is None:
            session.execute(update(Delivery).where(Delivery.id == head.id).values(version=head.version + 1))
        else:
            put_off(session, head, again_on, by)


_LINE, _LOTS, _ITEM = core(DeliveryLine), core(DeliveryLot), core(Item)
_COLD = (
    select(_ITEM.c.name)
    .join(_LINE, _LINE.c.item_id == _ITEM.c.id)
    .join(_LOTS, _LOTS.c.line_id == _LINE.c.id)
    .where(_LOTS.c.delivery_id == bindparam("delivery"), _ITEM.c.storage != Storage.ROOM)
    .distinct()
    .order_by(_ITEM.c.name)
)


def _cold(session: Session, head: Head) -> list[str]:
    return [row.name for row in session.connection().execute(_COLD, {"delivery": head.id})]
