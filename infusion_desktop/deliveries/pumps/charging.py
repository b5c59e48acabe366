"""What a patient is charged for equipment that was lost or came back damaged or incomplete; a waiver takes it back."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.database.counters import next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import local_day, now_utc
from infusion_desktop.deliveries.papers import letterhead, printed, recipient
from infusion_desktop.deliveries.pumps.returns import calls_about, holder
from infusion_desktop.equipment.tables import Asset, AssetEvent, EquipmentCharge
from infusion_desktop.equipment.words import AssetDeed, AssetId, AssetState, ChargeId, ChargeKind
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.patients.tables import Patient
from infusion_desktop.patients.words import PatientId
from infusion_desktop.stock.tables import Item
from reports import equipment_charge as paper

HIGHEST = Decimal("100000.00")


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


def charge(
    database: Database, asset_id: AssetId, kind: ChargeKind, amount: Decimal, reason: str, by: UserId,
    on: date | None = None,
) -> ChargeId:  # fmt: skip
    """Charge whoever has a pump, or had it last. A loss is charged once, and only for a pump that is reported lost."""
    with database.transaction() as session:
        authorize(session, by, Permission.CHARGE_EQUIPMENT)
        patient_id, tag, state = holder(session, asset_id)
        reasons = []
        if kind is ChargeKind.WAIVED:
            reasons.append("A charge is waived from the charge itself.")
        if not Decimal(0) < amount <= HIGHEST:
            reasons.append("Type the amount in dollars, more than zero.")
        if not reason.strip():
            reasons.append("Say what happened. It is printed on the statement.")
        if kind is ChargeKind.LOST and state is not AssetState.LOST:
            reasons.append(f"{tag} is {state.value}. Report it lost first.")
        if kind is ChargeKind.LOST and _charged_as_lost(session, asset_id):
            reasons.append(f"The loss of {tag} is charged already. Waive that charge first.")
        refuse_if(reasons)
        row = EquipmentCharge(
            number=f"EC{next_number(session, 'equipment charge'):05}", asset_id=asset_id, patient_id=patient_id,
            kind=kind, amount=amount, reason=reason.strip(), charged_on=on or local_day(now_utc()),
            recorded_at=now_utc(), staff_id=by,
        )  # fmt: skip
        session.add(row)
        session.flush()
        record(session, by, "charge", "asset", asset_id, patient_id=patient_id,
               after={"number": row.number, "kind": kind, "amount": amount}, reason=reason)  # fmt: skip
        return ChargeId(row.id)


def waive(database: Database, charge_id: ChargeId, reason: str, by: UserId) -> None:
    """Take a charge back, once, with the reason (the pump was found, hardship)."""
    if not reason.strip():
        raise Refused("Say why the charge is waived.")
    with database.transaction() as session:
        authorize(session, by, Permission.CHARGE_EQUIPMENT)
        row = session.get(EquipmentCharge, charge_id)
        if row is None or row.kind is ChargeKind.WAIVED:
            raise Refused("This charge is not known. Look at the list again.")
        if session.scalar(select(EquipmentCharge.id).where(EquipmentCharge.reverses_id == row.id)) is not None:
            raise Refused(f"Charge {row.number} was waived already.")
        session.add(
            EquipmentCharge(
                number=f"EC{next_number(session, 'equipment charge'):05}", asset_id=row.asset_id,
                patient_id=row.patient_id, kind=ChargeKind.WAIVED, amount=-row.amount, reason=reason.strip(),
                charged_on=local_day(now_utc()), reverses_id=row.id, recorded_at=now_utc(), staff_id=by,
            )
        )  # fmt: skip
        session.flush()
        record(session, by, "waive charge", "asset", row.asset_id, patient_id=row.patient_id,
               before={"number": row.number, "amount": row.amount}, reason=reason)  # fmt: skip


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


def _charged_as_lost(session: Session, asset_id: AssetId) -> bool:
    taken_back = select(EquipmentCharge.reverses_id).where(EquipmentCharge.reverses_id.is_not(None))
    return (
        session.scalar(
            select(EquipmentCharge.id).where(
                EquipmentCharge.asset_id == asset_id,
                EquipmentCharge.kind == ChargeKind.LOST,
                EquipmentCharge.id.not_in(taken_back),
            )
        )
        is not None
    )
