"""What screens, papers and the command line ask about one delivery, the bench, and equipment at home."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.tables import Staff
from infusion_desktop.deliveries.lists import DeliveryRow, listed, row_of
from infusion_desktop.deliveries.tables import (
    Delivery,
    DeliveryEquipment,
    DeliveryLine,
    DeliveryLot,
    DeliveryStep,
    KitTemplate,
    ProofOfDelivery,
)
from infusion_desktop.deliveries.words import (
    DeliveryId,
    DeliveryLineId,
    DeliveryState,
    LineOutcome,
    Step,
)
from infusion_desktop.equipment.tables import Asset
from infusion_desktop.equipment.words import AssetId, AssetState
from infusion_desktop.errors import Refused
from infusion_desktop.patients.tables import Patient
from infusion_desktop.patients.words import PatientId, TherapyId
from infusion_desktop.stock.tables import Item, Location, Lot
from infusion_desktop.stock.words import ItemId, ItemKind, LotId, Storage

TO_PRINT = (
    DeliveryState.RELEASED,
    DeliveryState.PICKED,
    DeliveryState.VERIFIED,
    DeliveryState.PACKED,
    DeliveryState.SHIPPED,
    DeliveryState.DELIVERED,
)


@dataclass(frozen=True, slots=True)
class LotRow:
    """Units of a lot on a delivery. ``id`` is what the bench's deeds take as ``lot_line_id``."""

    id: int
    line_id: DeliveryLineId
    lot_id: LotId
    lot: str
    serial: str
    expires_on: date | None
    held: str
    place: str
    quantity: int
    picked: int
    verified: int
    came_back: int
    outcome: LineOutcome | None


@dataclass(frozen=True, slots=True)
class LineRow:
    """An item of a delivery with its numbers, how they came about, and its lots."""

    id: DeliveryLineId
    item_id: ItemId
    item_number: str
    item_name: str
    kind: ItemKind
    unit: str
    storage: Storage
    needed: int
    at_home: int
    to_send: int
    owed: int
    why: str
    change_reason: str
    substitutes: str
    lots: tuple[LotRow, ...]

    @property
    def reserved(self) -> int:
        return sum(lot.quantity for lot in self.lots)

    @property
    def picked(self) -> int:
        return sum(lot.picked for lot in self.lots)

    @property
    def verified(self) -> int:
        return sum(lot.verified for lot in self.lots)


@dataclass(frozen=True, slots=True)
class EquipmentRow:
    """A pump or pole a delivery asks for, and the one that was scanned."""

    id: int
    kind: str
    asset_id: AssetId | None
    tag: str
    serial: str
    model: str
    checked_on: date | None
    maintenance_due_on: date | None
    picked: bool
    verified: bool
    outcome: LineOutcome | None


@dataclass(frozen=True, slots=True)
class StepRow:
    """Who did which step when."""

    step: Step
    by: str
    at: datetime
    recorded_at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class ProofRow:
    """Who took it."""

    received_by: str
    relation: str
    received_at: datetime
    signature: bytes | None
    has_attachment: bool
    note: str
    signed_on: date | None = None


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Everything about one delivery."""

    row: DeliveryRow
    therapy_id: TherapyId | None
    template: str
    tracking: str
    instructions: str
    note: str
    cold_packs: int
    home_counted_on: date | None
    counted_with: str
    shipped_at: datetime | None
    lines: tuple[LineRow, ...]
    equipment: tuple[EquipmentRow, ...]
    steps: tuple[StepRow, ...]
    proof: ProofRow | None


@dataclass(frozen=True, slots=True)
class BenchRow:
    """One lot to take from one place, in walking order."""

    lot_line_id: int
    place: str
    line: LineRow
    lot: LotRow


@dataclass(frozen=True, slots=True)
class AtHomeAsset:
    """A pump or pole a patient has, and since which delivery."""

    asset_id: AssetId
    tag: str
    serial: str
    model: str
    kind: ItemKind
    state: AssetState
    due_back_on: date | None
    delivery: str


def delivery_id_by_number(session: Session, number: str) -> DeliveryId | None:
    """The delivery with this number (as printed or scanned), or None."""
    plain = number.strip().upper().removeprefix("DLV:")
    found = session.scalar(select(Delivery.id).where(Delivery.number == plain))
    return None if found is None else DeliveryId(found)


def deliveries_to_print(session: Session, day: date) -> tuple[DeliveryId, ...]:
    """The deliveries of a day that were released, by route and number."""
    rows = session.scalars(
        select(Delivery.id)
        .join(Patient, Patient.id == Delivery.patient_id)
        .where(Delivery.scheduled_on == day, Delivery.state.in_(TO_PRINT))
        .order_by(Patient.route, Delivery.number)
    )
    return tuple(DeliveryId(each) for each in rows)


def delivery_page(session: Session, delivery_id: DeliveryId, today: date) -> DeliveryPage:
    """Everything about one delivery, or Refused."""
    found = session.execute(listed().add_columns(Delivery).where(Delivery.id == delivery_id)).one_or_none()
    if found is None:
        raise Refused("This delivery is not known. Open it from the list again.")
    kept: Delivery = found.Delivery
    template = ""
    if kept.template_id is not None:
        kit = session.get(KitTemplate, kept.template_id)
        template = f"{kit.name} (version {kit.template_version})" if kit else ""
    return DeliveryPage(
        row_of(found, today),
        None if kept.therapy_id is None else TherapyId(kept.therapy_id),
        template,
        kept.tracking,
        kept.instructions,
        kept.note,
        kept.cold_packs,
        kept.home_counted_on,
        kept.counted_with,
        kept.shipped_at,
        lines_of(session, delivery_id),
        equipment_of(session, delivery_id),
        steps_of(session, delivery_id),
        proof_of(session, delivery_id),
    )


def lines_of(session: Session, delivery_id: DeliveryId) -> tuple[LineRow, ...]:
    """A delivery's lines with their lots, in the kit's order."""
    lots: dict[int, list[LotRow]] = defaultdict(list)
    for row, lot, place in session.execute(
        select(DeliveryLot, Lot, Location.name)
        .join(Lot, Lot.id == DeliveryLot.lot_id)
        .join(Location, Location.id == DeliveryLot.location_id)
        .where(DeliveryLot.delivery_id == delivery_id)
        .order_by(Lot.expires_on, DeliveryLot.id)
    ):
        lots[row.line_id].append(
            LotRow(
                row.id,
                DeliveryLineId(row.line_id),
                LotId(lot.id),
                lot.number,
                lot.serial,
                lot.expires_on,
                lot.held,
                place,
                row.quantity,
                row.picked,
                row.verified,
                row.came_back,
                row.outcome,
            )
        )
    rows = session.execute(
        select(DeliveryLine, Item)
        .join(Item, Item.id == DeliveryLine.item_id)
        .where(DeliveryLine.delivery_id == delivery_id)
        .order_by(DeliveryLine.position, DeliveryLine.id)
    ).all()
    instead = {row.substitutes_item_id for row, _ in rows if row.substitutes_item_id is not None}
    known = session.execute(select(Item.id, Item.name).where(Item.id.in_(instead))) if instead else ()
    names = {each.id: each.name for each in known}
    return tuple(
        LineRow(
            DeliveryLineId(row.id),
            ItemId(item.id),
            item.number,
            item.name,
            item.kind,
            item.base_unit,
            item.storage,
            row.needed,
            row.at_home,
            row.to_send,
            row.owed,
            row.why,
            row.change_reason,
            names.get(row.substitutes_item_id, ""),
            tuple(lots[row.id]),
        )
        for row, item in rows
    )


def equipment_of(session: Session, delivery_id: DeliveryId) -> tuple[EquipmentRow, ...]:
    """The pumps and poles a delivery asks for."""
    rows = session.execute(
        select(DeliveryEquipment, Asset, Item.name)
        .outerjoin(Asset, Asset.id == DeliveryEquipment.asset_id)
        .outerjoin(Item, Item.id == Asset.item_id)
        .where(DeliveryEquipment.delivery_id == delivery_id)
        .order_by(DeliveryEquipment.id)
    )
    return tuple(
        EquipmentRow(
            row.id,
            row.kind,
            None if asset is None else AssetId(asset.id),
            "" if asset is None else asset.tag,
            "" if asset is None else asset.serial,
            name or "",
            None if asset is None else asset.checked_on,
            None if asset is None else asset.maintenance_due_on,
            row.picked,
            row.verified,
            row.outcome,
        )
        for row, asset, name in rows
    )


def steps_of(session: Session, delivery_id: DeliveryId) -> tuple[StepRow, ...]:
    """Who did what, in order."""
    rows = session.execute(
        select(DeliveryStep, Staff.name)
        .join(Staff, Staff.id == DeliveryStep.staff_id)
        .where(DeliveryStep.delivery_id == delivery_id)
        .order_by(DeliveryStep.id)
    )
    return tuple(StepRow(row.step, name, row.effective_at, row.recorded_at, row.note) for row, name in rows)


def proof_of(session: Session, delivery_id: DeliveryId) -> ProofRow | None:
    """The newest proof of delivery, or None."""
    row = session.scalars(
        select(ProofOfDelivery)
        .where(ProofOfDelivery.delivery_id == delivery_id)
        .order_by(ProofOfDelivery.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return ProofRow(row.received_by, row.relation, row.received_at, row.signature, row.attachment is not None, row.note,
                    row.signed_on)  # fmt: skip


def bench(session: Session, delivery_id: DeliveryId) -> tuple[BenchRow, ...]:
    """What to take from where, in walking order."""
    order = {row.name: (row.pick_order, row.code) for row in session.execute(
        select(Location.name, Location.pick_order, Location.code))}  # fmt: skip
    rows = [BenchRow(lot.id, lot.place, line, lot) for line in lines_of(session, delivery_id) for lot in line.lots]
    return tuple(sorted(rows, key=lambda row: (order.get(row.place, (0, "")), row.line.item_number, row.lot.id)))


def equipment_at_home(session: Session, patient_id: PatientId) -> tuple[AtHomeAsset, ...]:
    """The pumps and poles of ours that a patient has; one that was sold is not ours any more."""
    rows = session.execute(
        select(Asset, Item.name, Item.kind, Delivery.number)
        .join(Item, Item.id == Asset.item_id)
        .join(Patient, Patient.home_id == Asset.location_id)
        .outerjoin(Delivery, (Asset.document == "delivery") & (Asset.document_id == Delivery.id))
        .where(Patient.id == patient_id, Asset.state != AssetState.RETIRED)
        .order_by(Asset.tag)
    )
    return tuple(
        AtHomeAsset(
            AssetId(asset.id), asset.tag, asset.serial, name, kind, asset.state, asset.due_back_on, number or ""
        )
        for asset, name, kind, number in rows
    )
