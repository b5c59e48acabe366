"""What patients owe for equipment lost or damaged: the charge less its waiver, less what the patient paid for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.access.roles import UserId
from infusion_desktop.billing.money.money_tables import EquipmentPayment
from infusion_desktop.billing.money.receivables import refuse_closed
from infusion_desktop.dates import now_utc
from infusion_desktop.equipment.tables import Asset, EquipmentCharge
from infusion_desktop.equipment.words import ChargeId, ChargeKind
from infusion_desktop.money import ZERO
from infusion_desktop.patients.words import PatientId
from infusion_desktop.stock.tables import Item


@dataclass(frozen=True, slots=True)
class ChargeOwed:
    """A charge on a patient's account; ``amount`` is nothing once it was waived."""

    id: ChargeId
    number: str
    patient_id: PatientId
    what: str
    reason: str
    charged_on: date
    amount: Decimal
    paid: Decimal

    @property
    def owed(self) -> Decimal:
        """Still to pay; below zero where a waived charge was paid."""
        return self.amount - self.paid


def charges_owed(session: Session, patient: PatientId | None = None) -> tuple[ChargeOwed, ...]:
    """The charges that stand or were paid, the oldest first; of one patient, or of all."""
    waiver = aliased(EquipmentCharge)
    paid = (
        select(EquipmentPayment.charge_id, func.sum(EquipmentPayment.amount).label("amount"))
        .group_by(EquipmentPayment.charge_id)
        .subquery()
    )
    wanted = (
        select(EquipmentCharge, Item.name, Asset.tag, waiver.amount, paid.c.amount)
        .join(Asset, Asset.id == EquipmentCharge.asset_id)
        .join(Item, Item.id == Asset.item_id)
        .outerjoin(waiver, waiver.reverses_id == EquipmentCharge.id)
        .outerjoin(paid, paid.c.charge_id == EquipmentCharge.id)
        .where(EquipmentCharge.kind != ChargeKind.WAIVED)
        .order_by(EquipmentCharge.charged_on, EquipmentCharge.id)
    )
    if patient is not None:
        wanted = wanted.where(EquipmentCharge.patient_id == patient)
    found = (
        ChargeOwed(
            ChargeId(row.id), row.number, PatientId(row.patient_id), f"{name} {tag}, {row.kind.value}", row.reason,
            row.charged_on, row.amount + (waived or ZERO), given or ZERO,
        )
        for row, name, tag, waived, given in session.execute(wanted)
    )  # fmt: skip
    return tuple(each for each in found if each.amount or each.paid)


def pay_charges(
    session: Session, shares: Iterable[tuple[ChargeId, Decimal]], note: str, posted_on: date, by: UserId
) -> None:
    """Keep what a patient paid for charges, within a larger deed. Refused in a month that is closed."""
    rows = [
        {"charge_id": charge, "amount": amount, "note": note, "posted_on": posted_on, "recorded_at": now_utc(),
         "staff_id": by}
        for charge, amount in shares
    ]  # fmt: skip
    if rows:
        refuse_closed(session, posted_on)
        session.execute(insert(EquipmentPayment), rows)
