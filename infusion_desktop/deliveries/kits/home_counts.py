"""What a patient told us is left at home. A count is kept, and what was used since follows into the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, show_day
from infusion_desktop.deliveries.tables import HomeCount
from infusion_desktop.errors import Refused
from infusion_desktop.patients.tables import Patient
from infusion_desktop.patients.words import PatientId
from infusion_desktop.stock.ledger import NewMove, post
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.tables import Balance, Item
from infusion_desktop.stock.words import ItemId, LocationId, LotId, MoveReason


@dataclass(frozen=True, slots=True)
class AtHome:
    """An item at a patient's home: what our ledger says, and the last count."""

    item_id: ItemId
    number: str
    name: str
    unit: str
    by_ledger: int
    counted: int | None
    counted_on: date | None


def count_at_home(
    database: Database, patient_id: PatientId, counts: Mapping[ItemId, int], counted_on: date, told_by: str, by: UserId
) -> None:
    """Keep what was counted on the refill call; what our ledger has beyond it is booked as used."""
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        keep_counts(session, patient_id, counts, counted_on, told_by, by)


def keep_counts(
    session: Session,
    patient_id: PatientId,
    counts: Mapping[ItemId, int],
    counted_on: date,
    told_by: str,
    by: UserId,
    call_id: int | None = None,
) -> None:
    """The same within a larger deed; ``call_id`` is the refill call it was counted on."""
    if not counts:
        return
    if any(quantity < 0 for quantity in counts.values()):
        raise Refused("A count at home is below zero. Type how many are left, or 0.")
    if counted_on > (recorded_at := now_utc()).astimezone().date():
        raise Refused(f"The count is dated {show_day(counted_on)}, in the future. Correct its day.")
    session.execute(
        insert(HomeCount),
        [
            {
                "patient_id": patient_id,
                "item_id": item,
                "counted_on": counted_on,
                "quantity": quantity,
                "told_by": told_by.strip(),
                "call_id": call_id,
                "recorded_at": recorded_at,
                "staff_id": by,
            }
            for item, quantity in counts.items()
        ],
    )
    _book_use(session, patient_id, counts, by)
    record(session, by, "count at home", "home count", patient_id, patient_id=patient_id,
           after={str(item): quantity for item, quantity in counts.items()})  # fmt: skip


def _book_use(session: Session, patient_id: PatientId, counts: Mapping[ItemId, int], by: UserId) -> None:
    rows = _stock_at_home(session, patient_id, counts)
    known: dict[int, int] = {}
    for row in rows:
        known[row.item_id] = known.get(row.item_id, 0) + row.on_hand
    gone = {item: units - counts[ItemId(item)] for item, units in known.items() if units > counts[ItemId(item)]}
    _use(session, patient_id, rows, gone, "", by)


def take_from_home(session: Session, patient_id: PatientId, used: Mapping[ItemId, int], why: str, by: UserId) -> None:
    """Book supplies as used at a patient's home, as far as our ledger has them there (an older count may be out)."""
    if used:
        _use(session, patient_id, _stock_at_home(session, patient_id, used), dict(used), why, by)


def _stock_at_home(session: Session, patient_id: PatientId, items: Mapping[ItemId, int]) -> Sequence[Any]:
    home = session.scalars(select(Patient.home_id).where(Patient.id == patient_id)).one()
    return session.execute(
        select(Balance.item_id, Balance.lot_id, Balance.location_id, Balance.on_hand)
        .where(Balance.location_id == home, Balance.item_id.in_(items), Balance.on_hand > 0)
        .order_by(Balance.item_id, Balance.expires_on, Balance.lot_id)
    ).all()


def _use(
    session: Session, patient_id: PatientId, rows: Sequence[Any], gone: Mapping[Any, int], why: str, by: UserId
) -> None:
    """Move what is gone from the home to used, first what expires first."""
    left = dict(gone)
    used = place_id(session, "USED")
    moves = []
    for row in rows:
        units = min(row.on_hand, left.get(row.item_id, 0))
        if units:
            home = LocationId(row.location_id)
            moves.append(NewMove(LotId(row.lot_id), home, used, units, MoveReason.USED, why))
            left[row.item_id] -= units
    post(session, moves, "home count", patient_id, by)


def by_books(session: Session, patient_id: PatientId) -> dict[ItemId, int]:
    """What the ledger has at a patient's home, by item."""
    home = select(Patient.home_id).where(Patient.id == patient_id).scalar_subquery()
    rows = session.execute(
        select(Balance.item_id, func.sum(Balance.on_hand))
        .where(Balance.location_id == home, Balance.on_hand > 0)
        .group_by(Balance.item_id)
    )
    return {ItemId(item): int(units) for item, units in rows}


def at_home(session: Session, patient_id: PatientId) -> tuple[AtHome, ...]:
    """Everything at a patient's home: by our ledger and as last counted, by item name."""
    by_ledger = by_books(session, patient_id)
    newest = select(func.max(HomeCount.id)).where(HomeCount.patient_id == patient_id).group_by(HomeCount.item_id)
    counted: dict[int, tuple[int, date]] = {
        row.item_id: (row.quantity, row.counted_on)
        for row in session.execute(
            select(HomeCount.item_id, HomeCount.quantity, HomeCount.counted_on).where(HomeCount.id.in_(newest))
        )
    }
    items = session.scalars(select(Item).where(Item.id.in_({*by_ledger, *counted})).order_by(Item.name, Item.id))
    return tuple(
        AtHome(
            ItemId(item.id),
            item.number,
            item.name,
            item.base_unit,
            by_ledger.get(ItemId(item.id), 0),
            *counted.get(item.id, (None, None)),
        )
        for item in items
    )
