"""What a wave shows: its slots, and one walk through the bins for all of them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today as current_day
from infusion_desktop.deliveries.lists import DeliveryRow, listed, row_of
from infusion_desktop.deliveries.papers import STORAGE, letterhead, printed, tell_deliveries
from infusion_desktop.deliveries.schedule.dispatch_tables import Wave, WaveDelivery
from infusion_desktop.deliveries.schedule.dispatch_words import WaveId
from infusion_desktop.deliveries.tables import Delivery, DeliveryEquipment, DeliveryLine, DeliveryLot
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.errors import Refused
from infusion_desktop.patients.tables import Patient
from infusion_desktop.stock.tables import Item, Location, Lot
from infusion_desktop.stock.words import ItemId, LotId, Storage
from reports import wave_list


@dataclass(frozen=True, slots=True)
class WaveRow:
    """A wave in a list."""

    id: WaveId
    number: str
    made_at: datetime
    by: str
    deliveries: int
    picked: int
    """How many of them are picked or further."""
    closed: bool


@dataclass(frozen=True, slots=True)
class SlotRow:
    """A delivery on the cart, and how far it is."""

    slot: int
    delivery: DeliveryRow
    units_done: int
    units_wanted: int
    equipment: tuple[str, ...]
    """Pumps and poles still to be scanned."""


@dataclass(frozen=True, slots=True)
class WavePickRow:
    """One lot to take from one place for several slots; ``parts`` are slot, row on the bench, done and wanted."""

    id: tuple[int, int]
    turn: int
    place: str
    item_id: ItemId
    item_number: str
    item_name: str
    unit: str
    storage: Storage
    lot_id: LotId
    lot: str
    expires_on: date | None
    parts: tuple[tuple[int, int, int, int], ...]

    @property
    def done(self) -> int:
        return sum(part[2] for part in self.parts)

    @property
    def wanted(self) -> int:
        return sum(part[3] for part in self.parts)


@dataclass(frozen=True, slots=True)
class WavePage:
    """Everything about a wave."""

    id: WaveId
    number: str
    closed: bool
    slots: tuple[SlotRow, ...]
    picks: tuple[WavePickRow, ...]


def waves(session: Session, *, closed_too: bool = False) -> tuple[WaveRow, ...]:
    """The waves under way, the newest first."""
    further = (
        select(func.count())
        .select_from(WaveDelivery)
        .join(Delivery, Delivery.id == WaveDelivery.delivery_id)
        .where(WaveDelivery.wave_id == Wave.id)
        .where(Delivery.state.not_in((DeliveryState.DRAFT, DeliveryState.RELEASED)))
        .correlate(Wave)
        .scalar_subquery()
    )
    every = (
        select(func.count())
        .select_from(WaveDelivery)
        .where(WaveDelivery.wave_id == Wave.id)
        .correlate(Wave)
        .scalar_subquery()
    )
    query = select(Wave, Staff.name, every, further).join(Staff, Staff.id == Wave.staff_id).order_by(Wave.id.desc())
    if not closed_too:
        query = query.where(Wave.closed_at.is_(None))
    return tuple(
        WaveRow(WaveId(wave.id), wave.number, wave.made_at, name, count, picked, wave.closed_at is not None)
        for wave, name, count, picked in session.execute(query.limit(200))
    )


def open_wave(database: Database, wave_id: WaveId, by: UserId, reason: str = "") -> WavePage:
    """A wave as it is opened; AsksWhy where a patient's record among its deliveries is restricted."""
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_DELIVERIES)
        page = wave_page(session, wave_id, current_day())
        tell_deliveries(session, "wave", [slot.delivery.id for slot in page.slots], by, reason)
        return page


def wave_page(session: Session, wave_id: WaveId, today: date) -> WavePage:
    """A wave with its slots and its walk, or Refused."""
    wave = session.get(Wave, wave_id)
    if wave is None:
        raise Refused("This wave is not known. Choose it from the list again.")
    slots = {
        row.delivery_id: row.slot
        for row in session.execute(
            select(WaveDelivery.delivery_id, WaveDelivery.slot).where(WaveDelivery.wave_id == wave_id)
        )
    }
    rows = session.execute(listed().where(Delivery.id.in_(slots))).all()
    lots = _lots(session, tuple(slots))
    things = _things(session, tuple(slots))
    done: dict[int, int] = defaultdict(int)
    wanted: dict[int, int] = defaultdict(int)
    for lot in lots:
        done[lot.delivery_id] += lot.picked
        wanted[lot.delivery_id] += lot.quantity
    made = [
        SlotRow(
            slots[row.id],
            row_of(row, today),
            done[row.id],
            wanted[row.id],
            tuple(thing.kind for thing in things if thing.delivery_id == row.id and thing.asset_id is None),
        )
        for row in rows
    ]
    return WavePage(
        wave_id, wave.number, wave.closed_at is not None, tuple(sorted(made, key=lambda each: each.slot)),
        _walk(lots, slots, {row.id for row in rows if row.state is DeliveryState.RELEASED}),
    )  # fmt: skip


def wave_of(session: Session, delivery_id: DeliveryId) -> str:
    """The open wave a delivery is picked in, and its slot there: "wave W00001, slot 2"; "" for none."""
    found = session.execute(
        select(Wave.number, WaveDelivery.slot)
        .join(WaveDelivery, WaveDelivery.wave_id == Wave.id)
        .where(WaveDelivery.delivery_id == delivery_id, Wave.closed_at.is_(None))
    ).first()
    return "" if found is None else f"wave {found.number}, slot {found.slot}"


def _lots(session: Session, deliveries: Sequence[int]) -> Sequence[Any]:
    return session.execute(
        select(
            DeliveryLot.id, DeliveryLot.delivery_id, DeliveryLot.quantity, DeliveryLot.picked, DeliveryLot.lot_id,
            DeliveryLot.location_id, Lot.number.label("lot"), Lot.serial, Lot.expires_on, Item.id.label("item_id"),
            Item.number, Item.name, Item.base_unit, Item.storage, Location.name.label("place"), Location.pick_order,
            Location.code,
        )
        .join(Lot, Lot.id == DeliveryLot.lot_id)
        .join(DeliveryLine, DeliveryLine.id == DeliveryLot.line_id)
        .join(Item, Item.id == DeliveryLine.item_id)
        .join(Location, Location.id == DeliveryLot.location_id)
        .where(DeliveryLot.delivery_id.in_(deliveries))
        .order_by(Location.pick_order, Location.code, Item.number, Lot.expires_on, DeliveryLot.id)
    ).all()  # fmt: skip


def _things(session: Session, deliveries: Sequence[int]) -> Sequence[Any]:
    return session.execute(
        select(DeliveryEquipment.delivery_id, DeliveryEquipment.kind, DeliveryEquipment.asset_id)
        .where(DeliveryEquipment.delivery_id.in_(deliveries))
        .order_by(DeliveryEquipment.id)
    ).all()


def _walk(lots: Sequence[Any], slots: dict[int, int], to_pick: set[int]) -> tuple[WavePickRow, ...]:
    """What is still picked, one row for each lot in each place, in walking order."""
    together: dict[tuple[int, int], list[Any]] = defaultdict(list)
    for lot in lots:
        if lot.delivery_id in to_pick:
            together[lot.location_id, lot.lot_id].append(lot)
    return tuple(
        WavePickRow(
            key,
            turn,
            rows[0].place,
            ItemId(rows[0].item_id),
            rows[0].number,
            rows[0].name,
            rows[0].base_unit,
            rows[0].storage,
            LotId(rows[0].lot_id),
            rows[0].serial or rows[0].lot,
            rows[0].expires_on,
            tuple(sorted((slots[row.delivery_id], row.id, row.picked, row.quantity) for row in rows)),
        )
        for turn, (key, rows) in enumerate(together.items(), 1)
    )


def wave_paper(session: Session, wave_id: WaveId, by: UserId, now: datetime, *, copy: bool = False) -> Any:
    """The wave's pick list, filled."""
    page = wave_page(session, wave_id, now.astimezone().date())
    allergic = {
        row.id
        for row in session.execute(
            select(Delivery.id)
            .join(Patient, Patient.id == Delivery.patient_id)
            .where(Patient.latex_allergy, Delivery.id.in_([slot.delivery.id for slot in page.slots]))
        )
    }
    return wave_list.WaveList(
        letterhead(session),
        printed(session, by, now, copy),
        page.number,
        tuple(
            wave_list.Slot(
                slot.slot, slot.delivery.number, slot.delivery.patient_number, slot.delivery.lines, slot.equipment,
                (*(("LATEX ALLERGY",) if slot.delivery.id in allergic else ()),
                 *((f"{slot.delivery.owed:,} short",) if slot.delivery.owed else ())),
            )
            for slot in page.slots
        ),
        tuple(
            wave_list.WavePick(
                pick.place, pick.item_number, pick.item_name, pick.unit, pick.lot, pick.expires_on,
                STORAGE[pick.storage], tuple((slot, wanted) for slot, _row_id, _done, wanted in pick.parts),
            )
            for pick in page.picks
        ),
    )  # fmt: skip
