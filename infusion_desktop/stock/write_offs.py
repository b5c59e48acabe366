"""Writing stock off: expired, damaged or lost, each with its code; above the pharmacy's limit a second person decides.

Until that person decides, the units are set aside, so that nobody ships them meanwhile.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session, aliased

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.database.counters import next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc
from infusion_desktop.errors import Refused
from infusion_desktop.stock.house_rules import house_rules
from infusion_desktop.stock.ledger import NewMove, lock_balances, post
from infusion_desktop.stock.places import place_id, refuse_on_the_way
from infusion_desktop.stock.rules import worth
from infusion_desktop.stock.tables import Balance, Item, Location, Lot, Reservation, WriteOff
from infusion_desktop.stock.words import LocationId, LotId, MoveReason, WriteOffCode, WriteOffId, WriteOffState

WASTE = (MoveReason.EXPIRED, MoveReason.DAMAGED, MoveReason.LOST)
DOCUMENT = "write-off"
_USUAL = {
    MoveReason.EXPIRED: WriteOffCode.EXPIRED_ON_SHELF,
    MoveReason.DAMAGED: WriteOffCode.BROKEN,
    MoveReason.LOST: WriteOffCode.NOT_FOUND,
}


@dataclass(frozen=True, slots=True)
class WrittenOff:
    """What came of it: booked, or waiting for a second person."""

    id: WriteOffId
    number: str
    value: Decimal
    waits: bool


def write_off(
    database: Database, lot_id: LotId, from_id: LocationId, quantity: int, reason: MoveReason, note: str, by: UserId,
    at: datetime | None = None, *, code: WriteOffCode | None = None,
) -> WrittenOff:  # fmt: skip
    """Units that expired, were damaged or are lost leave the books, with the reason kept.

    Worth more than the pharmacy's limit they are set aside, and leave when somebody else has approved it.
    """
    if reason not in WASTE:
        raise Refused("Stock is written off as expired, damaged or lost.")
    chosen = code or _USUAL[reason]
    if chosen.reason is not reason:
        raise Refused(f"“{chosen.value}” is no way to be {reason.value}. Choose the reason that fits.")
    if reason is not MoveReason.EXPIRED and not note.strip():
        raise Refused("Say in a few words what happened.")
    if quantity < 1:
        raise Refused("At least one unit is written off.")
    now = at or now_utc()
    with database.transaction() as session:
        authorize(session, by, Permission.WRITE_OFF)
        cost = session.scalar(select(Lot.unit_cost).where(Lot.id == lot_id))
        if cost is None:
            raise Refused("There is no such lot.")
        refuse_on_the_way(session, from_id)
        value = worth(cost, quantity)
        waits = value > house_rules(session).second_person_above
        row = WriteOff(
            number=f"W{next_number(session, DOCUMENT):06}", state=WriteOffState.WAITING, lot_id=lot_id,
            location_id=from_id, quantity=quantity, reason=reason, code=chosen.value, note=note.strip(), value=value,
            asked_at=now, asked_by=by,
        )  # fmt: skip
        session.add(row)
        session.flush()
        if waits:
            _set_aside(session, row)
        else:
            _book(session, row, by, at)
        after = {"quantity": quantity, "as": reason, "code": chosen, "value": value, "waits": waits}
        record(session, by, "write off", "lot", lot_id, after=after, reason=note)
        return WrittenOff(WriteOffId(row.id), row.number, value, waits)


def approve_write_off(database: Database, write_off_id: WriteOffId, by: UserId, at: datetime | None = None) -> None:
    """The second person agrees: the units leave the books."""
    with database.transaction() as session:
        authorize(session, by, Permission.WRITE_OFF)
        row = _waiting(session, write_off_id, by)
        _give_back(session, row)
        _book(session, row, by, at)
        row.decided_at, row.decided_by = at or now_utc(), by
        record(session, by, "approve write-off", "write-off", row.id, after={"value": row.value})


def decline_write_off(database: Database, write_off_id: WriteOffId, why: str, by: UserId) -> None:
    """The second person does not agree: the units can be used again, as far as their lot may."""
    if not why.strip():
        raise Refused("Say why it is not written off.")
    with database.transaction() as session:
        authorize(session, by, Permission.WRITE_OFF)
        row = _waiting(session, write_off_id, by)
        _give_back(session, row)
        row.state, row.decided_at, row.decided_by = WriteOffState.DECLINED, now_utc(), by
        session.flush()
        record(session, by, "decline write-off", "write-off", row.id, reason=why)


def _waiting(session: Session, write_off_id: WriteOffId, by: UserId) -> WriteOff:
    row = session.get(WriteOff, write_off_id, with_for_update=True)
    if row is None:
        raise Refused("There is no such write-off.")
    if row.state is not WriteOffState.WAITING:
        raise Refused(f"{row.number} is {row.state.value} already.")
    if row.asked_by == by:
        raise Refused(f"You asked for {row.number} yourself. Somebody else decides it.")
    return row


def _book(session: Session, row: WriteOff, by: UserId, at: datetime | None) -> None:
    lost = place_id(session, "LOST")
    move = NewMove(
        LotId(row.lot_id), LocationId(row.location_id), lost, row.quantity, row.reason,
        ": ".join(filter(None, (row.code, row.note))),
    )  # fmt: skip
    post(session, [move], DOCUMENT, row.id, by, at)
    row.state = WriteOffState.POSTED
    session.flush()


def _set_aside(session: Session, row: WriteOff) -> None:
    """Keep the units from everybody else; unlike for a patient, a held or quarantined lot may be kept too."""
    lot, place = LotId(row.lot_id), LocationId(row.location_id)
    lock_balances(session, [(lot, place)])
    here = (Balance.lot_id == lot, Balance.location_id == place)
    taken = session.execute(
        update(Balance).where(*here, Balance.on_hand - Balance.reserved >= row.quantity)
        .values(reserved=Balance.reserved + row.quantity)
    )  # fmt: skip
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        free = session.scalar(select(Balance.on_hand - Balance.reserved).where(*here)) or 0
        raise Refused(f"{row.quantity} are to be written off, but only {free} are free there. Count the place first.")
    session.execute(
        insert(Reservation).values(
            lot_id=lot, location_id=place, quantity=row.quantity, picked=0, document=DOCUMENT, document_id=row.id,
            line_id=0,
        )
    )  # fmt: skip


def _give_back(session: Session, row: WriteOff) -> None:
    lot, place = LotId(row.lot_id), LocationId(row.location_id)
    lock_balances(session, [(lot, place)])
    session.execute(delete(Reservation).where(Reservation.document == DOCUMENT, Reservation.document_id == row.id))
    session.execute(
        update(Balance).where(Balance.lot_id == lot, Balance.location_id == place)
        .values(reserved=Balance.reserved - row.quantity)
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class WriteOffRow:
    """A write-off in the list."""

    id: WriteOffId
    number: str
    state: WriteOffState
    item_name: str
    lot: str
    place: str
    quantity: int
    unit: str
    reason: MoveReason
    code: str
    note: str
    value: Decimal
    asked_at: datetime
    asked_by: str
    decided_at: datetime | None
    decided_by: str


def write_off_rows(session: Session, limit: int = 2000) -> tuple[WriteOffRow, ...]:
    """The newest write-offs; what waits for a second person comes first."""
    asked, decided = aliased(Staff), aliased(Staff)
    rows = session.execute(
        select(WriteOff, Item.name, Item.base_unit, Lot.number, Lot.serial, Location.code, asked.name, decided.name)
        .join(Lot, Lot.id == WriteOff.lot_id)
        .join(Item, Item.id == Lot.item_id)
        .join(Location, Location.id == WriteOff.location_id)
        .join(asked, asked.id == WriteOff.asked_by)
        .outerjoin(decided, decided.id == WriteOff.decided_by)
        .order_by(WriteOff.id.desc())
        .limit(limit)
    )
    found = [
        WriteOffRow(
            WriteOffId(row.id), row.number, row.state, item, f"{lot} / {serial}" if serial else lot, place,
            row.quantity, unit, row.reason, row.code, row.note, row.value, row.asked_at, asker, row.decided_at,
            decider or "",
        )
        for row, item, unit, lot, serial, place, asker, decider in rows
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda each: each.state is not WriteOffState.WAITING))
