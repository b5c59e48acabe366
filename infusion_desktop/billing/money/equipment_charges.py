"""What patients owe for equipment lost or damaged: the charge less its waiver, less what they paid and got back."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.money.money_tables import EquipmentPayment, EquipmentRefund
from infusion_desktop.billing.money.receivables import refuse_closed
from infusion_desktop.billing.words import EntryKind
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, today
from infusion_desktop.equipment.tables import Asset, EquipmentCharge
from infusion_desktop.equipment.words import ChargeId, ChargeKind
from infusion_desktop.errors import Refused
from infusion_desktop.money import ZERO, show_money
from infusion_desktop.patients.tables import Patient
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
    """Less what was given back."""

    @property
    def owed(self) -> Decimal:
        """Still to pay; below zero where a waived charge was paid."""
        return self.amount - self.paid


def charges_owed(session: Session, patient: PatientId | None = None, on: date | None = None) -> tuple[ChargeOwed, ...]:
    """The charges that stand or were paid, the oldest first; of one patient or of all, as the end of a day had them."""
    waiver = aliased(EquipmentCharge)
    day = on or date.max
    paid, back = (
        select(each.charge_id, func.sum(each.amount).label("amount"))
        .where(each.posted_on <= day)
        .group_by(each.charge_id)
        .subquery()
        for each in (EquipmentPayment, EquipmentRefund)
    )
    wanted = (
        select(EquipmentCharge, Item.name, Asset.tag, waiver.amount, paid.c.amount, back.c.amount)
        .join(Asset, Asset.id == EquipmentCharge.asset_id)
        .join(Item, Item.id == Asset.item_id)
        .outerjoin(waiver, (waiver.reverses_id == EquipmentCharge.id) & (waiver.charged_on <= day))
        .outerjoin(paid, paid.c.charge_id == EquipmentCharge.id)
        .outerjoin(back, back.c.charge_id == EquipmentCharge.id)
        .where(EquipmentCharge.kind != ChargeKind.WAIVED, EquipmentCharge.charged_on <= day)
        .order_by(EquipmentCharge.charged_on, EquipmentCharge.id)
    )
    if patient is not None:
        wanted = wanted.where(EquipmentCharge.patient_id == patient)
    found = (
        ChargeOwed(
            ChargeId(row.id), row.number, PatientId(row.patient_id), f"{name} {tag}, {row.kind.value}", row.reason,
            row.charged_on, row.amount + (waived or ZERO), (given or ZERO) - (returned or ZERO),
        )
        for row, name, tag, waived, given, returned in session.execute(wanted)
    )  # fmt: skip
    return tuple(each for each in found if each.amount or each.paid)


def pay_charges(
    session: Session,
    shares: Iterable[tuple[ChargeId, Decimal]],
    note: str,
    posted_on: date,
    by: UserId,
    at: datetime,
) -> None:
    """Keep what a patient paid for charges, within a larger deed. Refused in a month that is closed."""
    rows = [
        {"charge_id": charge, "amount": amount, "note": note, "posted_on": posted_on, "recorded_at": at,
         "staff_id": by}
        for charge, amount in shares
    ]  # fmt: skip
    if rows:
        refuse_closed(session, posted_on)
        session.execute(insert(EquipmentPayment), rows)


def unpay_charges(session: Session, patient: PatientId, paid_at: datetime, posted_on: date, by: UserId) -> Decimal:
    """What a payment of that instant had paid for charges is owed again, within a larger deed; gives how much."""
    rows = session.execute(
        select(EquipmentPayment.charge_id, EquipmentPayment.amount)
        .join(EquipmentCharge, EquipmentCharge.id == EquipmentPayment.charge_id)
        .where(EquipmentCharge.patient_id == patient, EquipmentPayment.recorded_at == paid_at)
    ).all()
    same = {"note": "payment taken back", "posted_on": posted_on, "recorded_at": now_utc(), "staff_id": by}
    if rows:
        session.execute(
            insert(EquipmentRefund), [{**same, "charge_id": row.charge_id, "amount": row.amount} for row in rows]
        )
    return sum((row.amount for row in rows), ZERO)


def refund_charge(
    database: Database, charge: ChargeId, amount: Decimal, number: str, by: UserId, *, on: date | None = None
) -> None:
    """Give back what was paid for a charge that was waived; Refused when there is no such credit."""
    if not number.strip():
        raise Refused("Type the number of the refund's check or transfer.")
    with database.transaction() as session:
        authorize(session, by, Permission.POST_PAYMENT)
        row = session.get(EquipmentCharge, charge)
        if row is None or session.get(Patient, row.patient_id, with_for_update=True) is None:
            raise Refused("This charge is not known. Look at the list of credits again.")
        owed = next((each.owed for each in charges_owed(session, PatientId(row.patient_id)) if each.id == charge), ZERO)
        credit = max(-owed, ZERO)
        if not ZERO < amount <= credit:
            raise Refused(f"Charge {row.number} has a credit of {show_money(credit)}. Refund an amount up to that.")
        day = on or today()
        refuse_closed(session, day)
        values = {"charge_id": charge, "amount": amount, "note": number.strip(), "posted_on": day}
        session.execute(insert(EquipmentRefund).values(**values, recorded_at=now_utc(), staff_id=by))
        record(session, by, "refund", "equipment charge", charge, patient_id=row.patient_id, after=values)


def charge_entries(session: Session, last: date) -> Iterator[tuple[date, EntryKind, Decimal]]:
    """Everything that moved what patients owe for equipment until a day: the day, what it was, the amount.

    A waiver is a write-off; what was given back is a payment below zero.
    """
    charged = select(EquipmentCharge.charged_on, EquipmentCharge.kind, EquipmentCharge.amount)
    for day, kind, amount in session.execute(charged.where(EquipmentCharge.charged_on <= last)):
        yield day, EntryKind.WRITE_OFF if kind is ChargeKind.WAIVED else EntryKind.CHARGE, amount
    for table, sign in ((EquipmentPayment, -1), (EquipmentRefund, 1)):
        for day, amount in session.execute(select(table.posted_on, table.amount).where(table.posted_on <= last)):
            yield day, EntryKind.PAYMENT, sign * amount
