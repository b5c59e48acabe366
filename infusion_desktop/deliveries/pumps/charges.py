"""The charges for equipment that was lost or came back damaged, and the letter that tells the patient of one."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.roles import UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.dates import local_day
from infusion_desktop.deliveries.papers import letterhead, printed, recipient
from infusion_desktop.deliveries.pumps.returns import calls_about
from infusion_desktop.equipment.tables import Asset, AssetEvent, EquipmentCharge
from infusion_desktop.equipment.words import AssetDeed, AssetId, ChargeId, ChargeKind
from infusion_desktop.errors import Refused
from infusion_desktop.patients.tables import Patient
from infusion_desktop.patients.words import PatientId
from infusion_desktop.stock.tables import Item
from reports import equipment_charge as paper


@dataclass(frozen=True, slots=True)
class ChargeRow:
    """A charge; ``waived`` says that it was taken back."""

    id: ChargeId
    number: str
    asset_id: AssetId
    tag: str
    item_name: str
    patient_id: PatientId
    patient_name: str
    kind: ChargeKind
    amount: Decimal
    reason: str
    charged_on: date
    by: str
    waived: bool


def charge_rows(session: Session, *, asset_id: AssetId | None = None) -> tuple[ChargeRow, ...]:
    """The charges, newest first; waivers stand with the charge they take back."""
    wanted = (
        select(EquipmentCharge, Asset.tag, Item.name, Patient, Staff.name)
        .join(Asset, Asset.id == EquipmentCharge.asset_id)
        .join(Item, Item.id == Asset.item_id)
        .join(Patient, Patient.id == EquipmentCharge.patient_id)
        .join(Staff, Staff.id == EquipmentCharge.staff_id)
        .where(EquipmentCharge.kind != ChargeKind.WAIVED)
        .order_by(EquipmentCharge.id.desc())
    )
    if asset_id is not None:
        wanted = wanted.where(EquipmentCharge.asset_id == asset_id)
    waived = set(session.scalars(select(EquipmentCharge.reverses_id).where(EquipmentCharge.reverses_id.is_not(None))))
    return tuple(
        ChargeRow(
            ChargeId(row.id), row.number, AssetId(row.asset_id), tag, name, PatientId(row.patient_id),
            f"{patient.last_name}, {patient.first_name}", row.kind, row.amount, row.reason, row.charged_on, by,
            row.id in waived,
        )
        for row, tag, name, patient, by in session.execute(wanted)
    )  # fmt: skip


def statement(session: Session, charge_id: ChargeId, by: UserId, now: datetime) -> bytes:
    """The letter that tells the patient what is charged and what was tried before."""
    row = session.get(EquipmentCharge, charge_id)
    if row is None or row.kind is ChargeKind.WAIVED:
        raise Refused("This charge is not known. Look at the list again.")
    asset = session.get_one(Asset, row.asset_id)
    item = session.get_one(Item, asset.item_id)
    waived = session.scalar(select(EquipmentCharge.charged_on).where(EquipmentCharge.reverses_id == row.id))
    delivered = session.scalar(
        select(AssetEvent.effective_at)
        .where(AssetEvent.asset_id == asset.id, AssetEvent.deed == AssetDeed.DELIVER)
        .order_by(AssetEvent.id.desc())
        .limit(1)
    )
    calls = tuple(
        paper.Tried(local_day(each.called_at), each.spoke_with, each.outcome.value, each.promised_on)
        for each in reversed(calls_about(session, AssetId(asset.id)))
    )
    return paper.render(
        paper.EquipmentCharge(
            letterhead(session), printed(session, by, now), row.number,
            recipient(session.get_one(Patient, row.patient_id)),
            row.charged_on, row.kind.value, item.name, asset.serial, asset.tag,
            local_day(delivered) if delivered else None, row.reason, row.amount, calls, waived,
        )
    )  # fmt: skip
