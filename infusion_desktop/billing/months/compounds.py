"""Drugs of a delivery that were compounded into one preparation: their lines are tied on the claim (X12 REF*VY)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, func, insert, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.tables import DrugCompound
from infusion_desktop.database.engine import Database
from infusion_desktop.database.many import as_ids, is_given
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.dates import now_utc
from infusion_desktop.deliveries.tables import Delivery, DeliveryLine
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.errors import Refused
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import BillingClass, ItemId

_OVER = (DeliveryState.CANCELLED, DeliveryState.REFUSED)


def record_compound(database: Database, delivery: DeliveryId, items: Sequence[ItemId], by: UserId) -> str:
    """Say that drugs of a delivery were made into one preparation; gives the number that ties their lines.

    Refused with fewer than two drugs, or with one that is not a drug of the delivery.
    """
    together = sorted(set(items))
    if len(together) < 2:
        raise Refused("Select the drugs that were made into one preparation, at least two.")
    with database.transaction() as session:
        authorize(session, by, Permission.PICK)
        kept = billable_delivery(session, delivery)
        drugs = select(DeliveryLine.item_id).join(Item, Item.id == DeliveryLine.item_id)
        drugs = drugs.where(DeliveryLine.delivery_id == delivery, Item.billing_class == BillingClass.DRUG)
        if not set(together) <= set(session.scalars(drugs)):
            raise Refused(f"Delivery {kept.number} holds no such drug. Choose drugs of the delivery.")
        made = select(func.count(DrugCompound.number.distinct())).where(DrugCompound.delivery_id == delivery)
        number = f"{kept.number}C{(session.scalar(made) or 0) + 1}"
        _add(session, kept, together, number, by)
        record(session, by, "record compound", "delivery", delivery, patient_id=kept.patient_id,
               after={"compound": number, "drugs": together})  # fmt: skip
    return number


def take_apart(database: Database, delivery: DeliveryId, number: str, reason: str, by: UserId) -> None:
    """A compound was recorded by mistake: its drugs are billed each for itself again; both records stay."""
    if not reason.strip():
        raise Refused("Say why they were not made together.")
    with database.transaction() as session:
        authorize(session, by, Permission.PICK)
        kept = billable_delivery(session, delivery)
        apart = [item for (_, item), mine in compounds_of(session, [delivery]).items() if mine == number]
        if not apart:
            raise Refused("These drugs are not recorded as one compound. Look at the delivery's drugs again.")
        _add(session, kept, apart, "", by)
        record(session, by, "take compound apart", "delivery", delivery, patient_id=kept.patient_id,
               before={"compound": number, "drugs": apart}, reason=reason)  # fmt: skip


def compounds_of(session: Session, deliveries: Iterable[DeliveryId]) -> Mapping[tuple[DeliveryId, ItemId], str]:
    """The number of the compound by delivery and drug; nothing for drugs of none."""
    newest = {
        (DeliveryId(row.delivery_id), ItemId(row.item_id)): row.number
        for row in _COMPOUNDS.rows(session, as_ids(deliveries))
    }
    return {drug: number for drug, number in newest.items() if number}


def _compounds(dialect: str) -> Select[*tuple[Any, ...]]:
    wanted = select(DrugCompound.delivery_id, DrugCompound.item_id, DrugCompound.number)
    return wanted.where(is_given(dialect, DrugCompound.delivery_id)).order_by(DrugCompound.id)


_COMPOUNDS = Prepared(_compounds)


def billable_delivery(session: Session, delivery: DeliveryId) -> Delivery:
    """A delivery of which something may be billed, kept from others meanwhile. Refused where it came to nothing."""
    kept = session.get(Delivery, delivery, with_for_update=True)
    if kept is None:
        raise Refused("This delivery is not known. Look at the list of deliveries again.")
    if kept.state in _OVER:
        raise Refused(f"Delivery {kept.number} is {kept.state.value}: nothing of it is billed.")
    return kept


def _add(session: Session, delivery: Delivery, items: Iterable[ItemId], number: str, by: UserId) -> None:
    same = {"delivery_id": delivery.id, "number": number, "recorded_at": now_utc(), "staff_id": by}
    session.execute(insert(DrugCompound), [{**same, "item_id": item} for item in items])
