"""Pick-up tickets: written when a therapy ends, planned, printed; the scan of the pump at its return closes them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.counters import next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import local_day, now_utc, show_day
from infusion_desktop.deliveries.calls.follow_ups import Kind, add_task
from infusion_desktop.deliveries.pumps.returns import AT_HOME, open_tickets
from infusion_desktop.deliveries.steps import DOCUMENT
from infusion_desktop.deliveries.tables import Delivery, FollowUp
from infusion_desktop.equipment import custody
from infusion_desktop.equipment.tables import Asset, AssetEvent, Pickup, PickupLine
from infusion_desktop.equipment.words import AssetDeed, AssetId, AssetState, PickupId, SwapId
from infusion_desktop.errors import Refused, Stale
from infusion_desktop.identifiers import show_phone
from infusion_desktop.patients.order_versions import last_days_of_changed
from infusion_desktop.patients.tables import Episode, Patient, Therapy
from infusion_desktop.patients.words import PatientId, TherapyId
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import ItemKind

RETURN_DAYS = 3
"""Days after a therapy's last day by which its pump shall be back: our own working rule."""


@dataclass(frozen=True, slots=True)
class Trip:
    """When and how somebody goes there."""

    collect_on: date
    window: str = ""
    driver: str = ""
    instructions: str = ""


@dataclass(frozen=True, slots=True)
class TicketLine:
    """A pump or pole on a ticket and what became of it."""

    asset_id: AssetId
    tag: str
    serial: str
    item_name: str
    outcome: str
    """"to fetch", "returned", "lost", "stays with the patient"."""


@dataclass(frozen=True, slots=True)
class TicketRow:
    """A pick-up ticket."""

    id: PickupId
    number: str
    patient_id: PatientId
    patient_name: str
    phone: str
    address: str
    reason: str
    collect_on: date
    window: str
    driver: str
    instructions: str
    lines: tuple[TicketLine, ...]
    cancelled: bool
    printed: int
    version: int

    @property
    def is_open(self) -> bool:
        return not self.cancelled and any(line.outcome == TO_FETCH for line in self.lines)

    @property
    def state(self) -> str:
        if self.cancelled:
            return "cancelled"
        return "to fetch" if self.is_open else "done"


TO_FETCH = "to fetch"
_ENDS = {
    AssetDeed.TAKE_BACK: "returned",
    AssetDeed.LOSE: "lost",
    AssetDeed.LEAVE: "stays with the patient",
}


def write_due_tickets(database: Database, on: date, by: UserId) -> int:
    """Ask back, on a ticket for each patient, what therapies that stopped before ``on`` left there; how many tickets.

    Poles, and what came without a therapy, are asked back once no therapy of the patient runs. Run daily, and when a
    therapy is stopped; never asks twice, nor again for what somebody decided to leave there after the end.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        return write_due_in(session, on, by)


def tickets_wanting(session: Session, on: date) -> bool:
    """Whether something was left behind that nobody asked back yet."""
    return bool(_left_behind(session, on))


def write_due_in(session: Session, on: date, by: UserId) -> int:
    """The same within a larger deed, such as making the day's tasks."""
    wanted: dict[PatientId, list[tuple[Asset, date]]] = defaultdict(list)
    for asset, patient, stopped_on in _left_behind(session, on, lock=True):
        wanted[patient].append((asset, stopped_on))
    for patient, things in wanted.items():
        due = max(on, max(stopped for _, stopped in things) + timedelta(days=RETURN_DAYS))
        stopped = max(stopped for _, stopped in things)
        reason = f"The therapy ended on {show_day(stopped)}."
        for asset, _ in things:
            if asset.state is AssetState.WITH_PATIENT:
                custody.call_back(session, AssetId(asset.id), due, by, note="the therapy ended")
        write_in(session, patient, [AssetId(asset.id) for asset, _ in things], reason, Trip(due), by)
    return len(wanted)


def write_ticket(database: Database, asset_ids: Sequence[AssetId], reason: str, trip: Trip, by: UserId) -> PickupId:
    """Ask back pumps and poles of one patient, for another reason than the therapy's end."""
    if not reason.strip():
        raise Refused("Say why they are fetched.")
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        homes = session.execute(
            select(Asset.id, Asset.tag, Asset.state, Patient.id.label("patient"))
            .outerjoin(Patient, Patient.home_id == Asset.location_id)
            .where(Asset.id.in_(asset_ids))
            .order_by(Asset.id)
            .with_for_update(of=Asset)
        ).all()
        for row in homes:
            if row.patient is None or row.state not in AT_HOME:
                raise Refused(f"{row.tag} is {row.state.value}: there is nothing to fetch.")
        if len({row.patient for row in homes}) != 1:
            raise Refused("A ticket is for one patient. Write one for each.")
        known = open_tickets(session, [row.id for row in homes])
        for row in homes:
            if row.id in known:
                raise Refused(f"{row.tag} is on pick-up ticket {known[row.id]} already. Change that one.")
            if row.state is AssetState.WITH_PATIENT:
                custody.call_back(session, AssetId(row.id), trip.collect_on, by, note=reason)
        return write_in(session, PatientId(homes[0].patient), asset_ids, reason, trip, by)


def write_in(
    session: Session,
    patient_id: PatientId,
    assets: Sequence[AssetId],
    reason: str,
    trip: Trip,
    by: UserId,
    swap_id: SwapId | None = None,
) -> PickupId:
    """The ticket itself, within a larger deed; its pumps were called back before."""
    ticket = Pickup(
        number=f"PU{next_number(session, 'pickup'):05}", patient_id=patient_id, swap_id=swap_id, reason=reason.strip(),
        collect_on=trip.collect_on, window=trip.window.strip(), driver=trip.driver.strip(),
        instructions=trip.instructions.strip(), made_at=now_utc(), staff_id=by,
    )  # fmt: skip
    session.add(ticket)
    session.flush()
    for asset in assets:
        newest = session.scalar(select(func.max(AssetEvent.id)).where(AssetEvent.asset_id == asset))
        session.add(PickupLine(pickup_id=ticket.id, asset_id=asset, event_id=newest or 0))
    session.flush()
    if swap_id is None:  # An exchanged pump comes back on the trip that brings the new one.
        tags = session.scalars(select(Asset.tag).where(Asset.id.in_(assets)).order_by(Asset.id)).all()
        title = f"Fetch {', '.join(tags)}: pick-up ticket {ticket.number}"
        add_task(session, patient_id, Kind.PUMP_RETURN, title, trip.collect_on, made_by=_task(ticket.id))
    record(session, by, "write pick-up ticket", "pick-up", ticket.id, patient_id=patient_id,
           after={"number": ticket.number, "assets": list(assets), "collect_on": trip.collect_on})  # fmt: skip
    return PickupId(ticket.id)


def plan_ticket(database: Database, ticket_id: PickupId, trip: Trip, version: int, by: UserId) -> None:
    """Another day, window or driver."""
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        row = _ticket(session, ticket_id, version)
        before = {"collect_on": row.collect_on, "window": row.window, "driver": row.driver}
        row.collect_on, row.window, row.driver = trip.collect_on, trip.window.strip(), trip.driver.strip()
        row.instructions = trip.instructions.strip()
        task = update(FollowUp).where(FollowUp.made_by == _task(row.id), FollowUp.done_at.is_(None))
        session.execute(task.values(due_on=trip.collect_on, version=FollowUp.version + 1))
        record(session, by, "plan pick-up", "pick-up", row.id, patient_id=row.patient_id, before=before,
               after={"collect_on": row.collect_on, "window": row.window, "driver": row.driver})  # fmt: skip


def cancel_ticket(database: Database, ticket_id: PickupId, why: str, version: int, by: UserId) -> None:
    """The patient still needs what is on the ticket: it stays there, and is not asked back any more."""
    if not why.strip():
        raise Refused("Say why nothing is fetched, such as: the therapy goes on.")
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        row = _ticket(session, ticket_id, version)
        lines = session.scalars(select(PickupLine.asset_id).where(PickupLine.pickup_id == row.id)).all()
        still = session.scalars(
            select(Asset.id).where(Asset.id.in_(lines), Asset.state == AssetState.DUE_BACK).order_by(Asset.id)
        ).all()
        row.cancelled_at, row.cancel_reason = now_utc(), why.strip()
        session.flush()
        for asset in still:
            custody.leave(session, AssetId(asset), why, by)
        _finish(session, [_task(row.id)], f"cancelled: {why.strip()}", by)
        record(session, by, "cancel pick-up", "pick-up", row.id, patient_id=row.patient_id, reason=why)


def _task(ticket_id: int) -> str:
    """What the task of a ticket is made by."""
    return f"pickup {ticket_id}"


def fetched(session: Session) -> tuple[str, ...]:
    """The open tasks whose ticket is done: everything on it is back, lost or left there."""
    waiting = set(
        session.scalars(select(FollowUp.made_by).where(FollowUp.kind == Kind.PUMP_RETURN, FollowUp.done_at.is_(None)))
    )
    if not waiting:
        return ()
    still = {_task(row.id) for row in ticket_rows(session)}
    return tuple(sorted(each for each in waiting - still if each.startswith("pickup ")))


def finish_fetched(session: Session, by: UserId) -> int:
    """The tasks of tickets that are done are done too; how many."""
    done = fetched(session)
    _finish(session, done, "it is back", by)
    return len(done)


def _finish(session: Session, tasks: Sequence[str], outcome: str, by: UserId) -> None:
    session.execute(
        update(FollowUp)
        .where(FollowUp.made_by.in_(tasks), FollowUp.done_at.is_(None))
        .values(done_at=now_utc(), done_by=by, outcome=outcome[:200], version=FollowUp.version + 1)
    )


def ticket_rows(session: Session, *, closed_too: bool = False) -> tuple[TicketRow, ...]:
    """The tickets, by the day of the trip."""
    rows = session.execute(
        select(Pickup, Patient).join(Patient, Patient.id == Pickup.patient_id).order_by(Pickup.collect_on, Pickup.id)
    ).all()
    lines = _lines(session)
    found = [
        TicketRow(
            PickupId(row.id), row.number, PatientId(row.patient_id), f"{patient.last_name}, {patient.first_name}",
            show_phone(patient.phone), f"{patient.street}, {patient.city}", row.reason, row.collect_on, row.window,
            row.driver, row.instructions, tuple(lines.get(row.id, ())), row.cancelled_at is not None, row.printed,
            row.version,
        )
        for row, patient in rows
    ]  # fmt: skip
    return tuple(row for row in found if closed_too or row.is_open)


def count_unwritten(session: Session, on: date) -> int:
    """How many pumps and poles ended therapies left with patients, on no ticket yet."""
    return len(_left_behind(session, on))


def ticket_by_number(session: Session, number: str) -> PickupId | None:
    """The ticket whose code was scanned."""
    found = session.scalar(select(Pickup.id).where(Pickup.number == number.strip().upper()))
    return None if found is None else PickupId(found)


def _left_behind(session: Session, on: date, *, lock: bool = False) -> list[tuple[Asset, PatientId, date]]:
    """What patients have and no longer need, without an open ticket; with the day it was last needed.

    Locked, so that two workstations that begin the day at once do not both write tickets.
    """
    wanted = (
        select(Asset, Patient.id, Therapy.stops_on, Item.kind, Delivery.therapy_id)
        .join(Patient, Patient.home_id == Asset.location_id)
        .join(Item, Item.id == Asset.item_id)
        .outerjoin(Delivery, (Asset.document == DOCUMENT) & (Asset.document_id == Delivery.id))
        .outerjoin(Therapy, Therapy.id == Delivery.therapy_id)
        .where(Asset.state.in_(AT_HOME))
        .order_by(Asset.id)
    )
    rows = session.execute(wanted.with_for_update(of=Asset) if lock else wanted).all()
    known = open_tickets(session, [asset.id for asset, *_ in rows])
    left = _left_there(session)
    idle = _patients_without_therapy(session, {patient for _, patient, *_ in rows}, on)
    changed = last_days_of_changed(session)
    found = []
    for asset, patient, stops_on, kind, therapy in rows:
        if asset.id in known:
            continue
        shared = kind is ItemKind.POLE or therapy is None
        ended = idle.get(patient) if shared else changed.get(TherapyId(therapy or 0), stops_on)
        if ended is not None and ended < on and left.get((asset.id, patient), date.min) < ended:
            found.append((asset, PatientId(patient), ended))
    return found


def _left_there(session: Session) -> dict[tuple[int, int], date]:
    """When somebody last cancelled a ticket for a pump or pole at a patient's: it stays there."""
    rows = session.execute(
        select(PickupLine.asset_id, Pickup.patient_id, func.max(Pickup.cancelled_at))
        .join(Pickup, Pickup.id == PickupLine.pickup_id)
        .where(Pickup.cancelled_at.is_not(None))
        .group_by(PickupLine.asset_id, Pickup.patient_id)
    )
    return {(asset, patient): local_day(at) for asset, patient, at in rows if at is not None}


def _patients_without_therapy(session: Session, patients: set[int], on: date) -> dict[int, date]:
    """Of these patients, those none of whose therapies runs on a day or later; with the day the last one ended."""
    last: dict[int, date] = {}
    running: set[int] = set()
    for patient, stops_on in session.execute(
        select(Therapy.patient_id, Therapy.stops_on).where(Therapy.patient_id.in_(patients))
    ):
        if stops_on is None or stops_on >= on:
            running.add(patient)
        else:
            last[patient] = max(stops_on, last.get(patient, stops_on))
    for patient, discharged_on in session.execute(
        select(Episode.patient_id, Episode.discharged_on).where(
            Episode.patient_id.in_(patients), Episode.discharged_on.is_not(None)
        )
    ):
        if discharged_on is not None:
            last.setdefault(patient, discharged_on)
    return {patient: day for patient, day in last.items() if patient not in running}


def _lines(session: Session) -> dict[int, list[TicketLine]]:
    ends: dict[int, list[tuple[int, AssetDeed]]] = defaultdict(list)
    asked = select(PickupLine.asset_id)
    for asset_id, event, deed in session.execute(
        select(AssetEvent.asset_id, AssetEvent.id, AssetEvent.deed)
        .where(AssetEvent.deed.in_(_ENDS), AssetEvent.asset_id.in_(asked))
        .order_by(AssetEvent.id)
    ):
        ends[asset_id].append((event, deed))
    found: dict[int, list[TicketLine]] = defaultdict(list)
    for line, asset, name in session.execute(
        select(PickupLine, Asset, Item.name)
        .join(Asset, Asset.id == PickupLine.asset_id)
        .join(Item, Item.id == Asset.item_id)
        .order_by(PickupLine.id)
    ):
        end = next((deed for event, deed in ends[asset.id] if event > line.event_id), None)
        found[line.pickup_id].append(
            TicketLine(AssetId(asset.id), asset.tag, asset.serial, name, _ENDS[end] if end else TO_FETCH)
        )
    return found


def _ticket(session: Session, ticket_id: PickupId, version: int) -> Pickup:
    row = session.get(Pickup, ticket_id, with_for_update=True)
    if row is None:
        raise Refused("This pick-up ticket is not known. Look at the list again.")
    if row.version != version:
        raise Stale(f"Somebody else changed pick-up ticket {row.number} meanwhile. Look at it again.")
    if row.cancelled_at is not None:
        raise Refused(f"Pick-up ticket {row.number} was cancelled: {row.cancel_reason}.")
    return row
