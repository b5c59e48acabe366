"""Stock that travels between sites: sent, on the way, received, and what to do with what never arrived."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.database.counters import next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.stock.ledger import NewMove, post
from infusion_desktop.stock.places import ADDED, between_sites, place_id
from infusion_desktop.stock.tables import Item, Location, Lot, SiteTransfer, SiteTransferLine
from infusion_desktop.stock.words import (
    LocationId,
    LocationKind,
    LotId,
    MoveReason,
    SiteTransferId,
    SiteTransferState,
)

DOCUMENT = "site transfer"
_OPEN = (SiteTransferState.SENT, SiteTransferState.SHORT)


@dataclass(frozen=True, slots=True)
class Sending:
    """Units of a lot that leave a place."""

    lot_id: LotId
    from_id: LocationId
    quantity: int


def send(
    database: Database, lines: Sequence[Sending], to_code: str, by: UserId, note: str = "", at: datetime | None = None
) -> SiteTransferId:
    """Send stock to a place at another site; until it is received there it is on the way."""
    if not lines:
        raise Refused("Scan what is sent first.")
    refuse_if(
        "At least one unit of each lot is sent." for line in lines[:1] if any(each.quantity < 1 for each in lines)
    )
    now = at or now_utc()
    with database.transaction() as session:
        authorize(session, by, Permission.MOVE_STOCK)
        to_id = place_id(session, to_code.strip().upper())
        _refuse_unless_fit(session, [line.from_id for line in lines], to_id)
        transfer = SiteTransfer(
            number=f"T{next_number(session, DOCUMENT):06}", state=SiteTransferState.SENT, to_id=to_id,
            note=note.strip(), sent_at=now, sent_by=by,
        )  # fmt: skip
        session.add(transfer)
        session.flush()
        between = between_sites(session, by)
        post(session, [NewMove(line.lot_id, line.from_id, between, line.quantity, MoveReason.TRANSFERRED)
                       for line in lines], DOCUMENT, transfer.id, by, at)  # fmt: skip
        session.add_all(
            SiteTransferLine(transfer_id=transfer.id, lot_id=line.lot_id, from_id=line.from_id, sent=line.quantity)
            for line in lines
        )
        session.flush()
        units = sum(line.quantity for line in lines)
        record(session, by, "send transfer", DOCUMENT, transfer.id,
               after={"number": transfer.number, "to": to_id, "lines": len(lines), "units": units})  # fmt: skip
        return SiteTransferId(transfer.id)


def receive(
    database: Database, transfer_id: SiteTransferId, arrived: Mapping[int, int], by: UserId, at: datetime | None = None
) -> SiteTransferState:
    """Take in what arrived, by line; what is missing stays on the way until it arrives or is settled."""
    now = at or now_utc()
    with database.transaction() as session:
        authorize(session, by, Permission.MOVE_STOCK)
        transfer, lines = _open(session, transfer_id)
        between = between_sites(session, by)
        moves, reasons = [], []
        for line_id, units in arrived.items():
            line = lines.get(line_id)
            if line is None:
                raise Refused("This line is not on the transfer. Look at it again.")
            left = line.sent - line.received - line.lost
            if not 0 <= units <= left:
                reasons.append(f"{left} of lot {_lot(session, line)} are on the way. More that came is counted there.")
            elif units:
                moves.append(NewMove(LotId(line.lot_id), between, LocationId(transfer.to_id), units,
                                     MoveReason.TRANSFERRED))  # fmt: skip
                line.received += units
        refuse_if(reasons)
        session.flush()
        post(session, moves, DOCUMENT, transfer.id, by, at)
        missing = sum(line.sent - line.received - line.lost for line in lines.values())
        transfer.state = SiteTransferState.SHORT if missing else SiteTransferState.RECEIVED
        transfer.received_at, transfer.received_by = now, by
        session.flush()
        record(session, by, "receive transfer", DOCUMENT, transfer.id,
               after={"units": sum(arrived.values()), "missing": missing})  # fmt: skip
        return transfer.state


def settle(
    database: Database,
    transfer_id: SiteTransferId,
    why: str,
    by: UserId,
    *,
    went_back: bool,
    at: datetime | None = None,
) -> int:
    """End a transfer with what never arrived: it went back to where it was sent from, or it is lost. How many units."""
    if not why.strip():
        raise Refused("Say what became of the missing units.")
    with database.transaction() as session:
        authorize(session, by, Permission.MOVE_STOCK if went_back else Permission.WRITE_OFF)
        transfer, lines = _open(session, transfer_id)
        between, lost = between_sites(session, by), place_id(session, "LOST")
        moves = []
        for line in lines.values():
            left = line.sent - line.received - line.lost
            if not left:
                continue
            goal, reason = (LocationId(line.from_id), MoveReason.TRANSFERRED) if went_back else (lost, MoveReason.LOST)
            moves.append(NewMove(LotId(line.lot_id), between, goal, left, reason, why.strip()))
            line.lost += left
        transfer.state = SiteTransferState.CLOSED
        session.flush()
        post(session, moves, DOCUMENT, transfer.id, by, at)
        units = sum(move.quantity for move in moves)
        record(session, by, "settle transfer", DOCUMENT, transfer.id, reason=why,
               after={"units": units, "went back": went_back})  # fmt: skip
        return units


def _open(session: Session, transfer_id: SiteTransferId) -> tuple[SiteTransfer, dict[int, SiteTransferLine]]:
    transfer = session.get(SiteTransfer, transfer_id, with_for_update=True)
    if transfer is None:
        raise Refused("There is no such transfer.")
    if transfer.state not in _OPEN:
        raise Refused(f"Transfer {transfer.number} is {transfer.state.value}. Nothing of it is on the way.")
    lines = session.scalars(
        select(SiteTransferLine).where(SiteTransferLine.transfer_id == transfer_id).order_by(SiteTransferLine.id)
    )
    return transfer, {line.id: line for line in lines}


def _lot(session: Session, line: SiteTransferLine) -> str:
    return session.scalar(select(Lot.number).where(Lot.id == line.lot_id)) or "(none)"


def _refuse_unless_fit(session: Session, sources: Sequence[LocationId], target: LocationId) -> None:
    kinds = {row.id: row.kind for row in session.execute(
        select(Location.id, Location.kind).where(Location.id.in_([*sources, target])))}  # fmt: skip
    if any(kinds.get(place) not in ADDED or kinds.get(place) is LocationKind.SITE for place in (*sources, target)):
        raise Refused("A transfer goes from our rooms, bins and vehicles to a room or bin of another site.")
    if target in sources:
        raise Refused("It is there already. Choose another place.")


@dataclass(frozen=True, slots=True)
class TransferRow:
    """A transfer in the list."""

    id: SiteTransferId
    number: str
    state: SiteTransferState
    to_place: str
    note: str
    sent_at: datetime
    sent_by: str
    received_at: datetime | None
    received_by: str
    lines: int
    sent: int
    received: int
    missing: int


def transfer_rows(session: Session, limit: int = 1000) -> tuple[TransferRow, ...]:
    """The newest transfers; what is on the way comes first."""
    sender, receiver = aliased(Staff), aliased(Staff)
    line = SiteTransferLine
    rows = session.execute(
        select(SiteTransfer, Location.code, sender.name, receiver.name, func.count(line.id), func.sum(line.sent),
               func.sum(line.received), func.sum(line.sent - line.received - line.lost))
        .join(line, line.transfer_id == SiteTransfer.id)
        .join(Location, Location.id == SiteTransfer.to_id)
        .join(sender, sender.id == SiteTransfer.sent_by)
        .outerjoin(receiver, receiver.id == SiteTransfer.received_by)
        .group_by(SiteTransfer.id, Location.id, sender.id, receiver.id)
        .order_by(SiteTransfer.id.desc())
        .limit(limit)
    )  # fmt: skip
    found = [
        TransferRow(SiteTransferId(row.id), row.number, row.state, place, row.note, row.sent_at, by, row.received_at,
                    got or "", count, int(sent), int(received), int(missing))
        for row, place, by, got, count, sent, received, missing in rows
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda each: each.state not in _OPEN))


@dataclass(frozen=True, slots=True)
class TransferLine:
    """A lot on a transfer."""

    id: int
    lot_id: LotId
    item_name: str
    lot: str
    unit: str
    from_place: str
    sent: int
    received: int
    left: int


def transfer_lines(session: Session, transfer_id: SiteTransferId) -> tuple[TransferLine, ...]:
    """What is on a transfer."""
    rows = session.execute(
        select(SiteTransferLine, Lot.number, Item.name, Item.base_unit, Location.code)
        .join(Lot, Lot.id == SiteTransferLine.lot_id)
        .join(Item, Item.id == Lot.item_id)
        .join(Location, Location.id == SiteTransferLine.from_id)
        .where(SiteTransferLine.transfer_id == transfer_id)
        .order_by(Item.name, Lot.number, SiteTransferLine.id)
    )
    return tuple(
        TransferLine(row.id, LotId(row.lot_id), item, lot, unit, place, row.sent, row.received,
                     row.sent - row.received - row.lost)
        for row, lot, item, unit, place in rows
    )  # fmt: skip
