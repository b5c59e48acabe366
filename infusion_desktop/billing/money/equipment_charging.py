"""Charging a patient for equipment that was lost or came back damaged; a waiver takes it back. Closed months stay."""

from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.money.receivables import refuse_closed
from infusion_desktop.database.counters import next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, today
from infusion_desktop.deliveries.pumps.returns import holder
from infusion_desktop.equipment.tables import EquipmentCharge
from infusion_desktop.equipment.words import AssetId, AssetState, ChargeId, ChargeKind
from infusion_desktop.errors import Refused, refuse_if

HIGHEST = Decimal("100000.00")


def charge(
    database: Database, asset_id: AssetId, kind: ChargeKind, amount: Decimal, reason: str, by: UserId,
    on: date | None = None,
) -> ChargeId:  # fmt: skip
    """Charge whoever has a pump, or had it last. A loss is charged once, and only for a pump that is reported lost.

    Refused on a day whose month is closed.
    """
    day = on or today()
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
        refuse_closed(session, day)
        row = EquipmentCharge(
            number=f"EC{next_number(session, 'equipment charge'):05}", asset_id=asset_id, patient_id=patient_id,
            kind=kind, amount=amount, reason=reason.strip(), charged_on=day,
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
    day = today()
    with database.transaction() as session:
        authorize(session, by, Permission.CHARGE_EQUIPMENT)
        refuse_closed(session, day)
        row = session.get(EquipmentCharge, charge_id)
        if row is None or row.kind is ChargeKind.WAIVED:
            raise Refused("This charge is not known. Look at the list again.")
        if session.scalar(select(EquipmentCharge.id).where(EquipmentCharge.reverses_id == row.id)) is not None:
            raise Refused(f"Charge {row.number} was waived already.")
        session.add(
            EquipmentCharge(
                number=f"EC{next_number(session, 'equipment charge'):05}", asset_id=row.asset_id,
                patient_id=row.patient_id, kind=ChargeKind.WAIVED, amount=-row.amount, reason=reason.strip(),
                charged_on=day, reverses_id=row.id, recorded_at=now_utc(), staff_id=by,
            )
        )  # fmt: skip
        session.flush()
        record(session, by, "waive charge", "asset", row.asset_id, patient_id=row.patient_id,
               before={"number": row.number, "amount": row.amount}, reason=reason)  # fmt: skip


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
