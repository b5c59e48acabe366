"""What the panel of one pump shows beyond its own life: who has it or waits for it, calls, charges, its exchange."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.deliveries.pumps.charges import ChargeRow, charge_rows
from infusion_desktop.deliveries.pumps.returns import CallRow, calls_about, open_tickets
from infusion_desktop.deliveries.pumps.swapping import SwapRow, swap_of
from infusion_desktop.deliveries.steps import DOCUMENT
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.words import DeliveryId
from infusion_desktop.equipment.tables import Asset, AssetBooking
from infusion_desktop.equipment.words import AssetId
from infusion_desktop.patients.tables import Patient
from infusion_desktop.patients.words import PatientId


@dataclass(frozen=True, slots=True)
class AssetPage:
    """``patient_id`` is who has it, or for whom it is kept; None where it is nobody's now."""

    patient_id: PatientId | None
    patient_name: str
    delivery_id: DeliveryId | None
    delivery_number: str
    ticket: str
    calls: tuple[CallRow, ...]
    charges: tuple[ChargeRow, ...]
    swap: SwapRow | None


def asset_page(session: Session, asset_id: AssetId) -> AssetPage:
    """Everything about a pump that lies outside its own events."""
    at_home = session.execute(
        select(Patient).join(Asset, Asset.location_id == Patient.home_id).where(Asset.id == asset_id)
    ).scalar_one_or_none()
    kept_for = session.execute(
        select(Patient)
        .join(AssetBooking, AssetBooking.patient_id == Patient.id)
        .where(AssetBooking.asset_id == asset_id, AssetBooking.ended_at.is_(None))
    ).scalar_one_or_none()
    delivery = session.execute(
        select(Delivery, Patient)
        .join(Asset, (Asset.document == DOCUMENT) & (Asset.document_id == Delivery.id))
        .join(Patient, Patient.id == Delivery.patient_id)
        .where(Asset.id == asset_id)
    ).first()
    whose = at_home or kept_for or (delivery[1] if delivery is not None else None)
    return AssetPage(
        PatientId(whose.id) if whose is not None else None,
        f"{whose.first_name} {whose.last_name}" if whose is not None else "",
        DeliveryId(delivery[0].id) if delivery is not None else None,
        delivery[0].number if delivery is not None else "",
        open_tickets(session, [asset_id]).get(asset_id, ""),
        calls_about(session, asset_id),
        charge_rows(session, asset_id=asset_id),
        swap_of(session, asset_id),
    )
