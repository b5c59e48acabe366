"""Money a remittance brought that is on no claim: interest, takebacks, payments of claims unknown here."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.money.reason_codes import provider_adjustments
from infusion_desktop.billing.money.receivables import NewEntry, post, refuse_closed
from infusion_desktop.billing.tables import Claim, Remittance, RemittanceItem
from infusion_desktop.billing.words import ClaimId, EntryKind, RemittanceId, RemittanceItemKind
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.errors import Refused
from infusion_desktop.money import ZERO

PLACED = "PLACED"
"""The code of an item that says that an earlier one went to a claim."""


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An amount beside the claims; positive is money to us. ``open`` while nobody placed it on a claim."""

    id: int
    remittance_id: RemittanceId
    payer: str
    trace: str
    paid_on: date
    kind: RemittanceItemKind
    what: str
    reference: str
    amount: Decimal
    claim_id: ClaimId | None
    claim: str
    open: bool


def set_aside(session: Session) -> tuple[ItemRow, ...]:
    """Everything beside claims, the newest first; unknown claims are open until they are placed."""
    rows = session.execute(
        select(RemittanceItem, Remittance, Claim.number)
        .join(Remittance, Remittance.id == RemittanceItem.remittance_id)
        .outerjoin(Claim, Claim.id == RemittanceItem.claim_id)
        .order_by(RemittanceItem.id.desc())
    ).all()
    placed = {item.note for item, _, _ in rows if item.code == PLACED}
    known = provider_adjustments()
    found = []
    for item, paid, number in rows:
        unknown = item.kind is RemittanceItemKind.UNMATCHED_CLAIM
        what = "claim not found here" if unknown else known.get(item.code, f"reason {item.code}")
        if item.code == PLACED:
            what = "placed on a claim"
        is_open = unknown and item.code != PLACED and str(item.id) not in placed
        found.append(
            ItemRow(
                item.id, RemittanceId(paid.id), paid.payer_name, paid.trace_number, paid.paid_on, item.kind, what,
                item.reference, item.amount, None if item.claim_id is None else ClaimId(item.claim_id), number or "",
                is_open,
            )
        )  # fmt: skip
    return tuple(found)


def place_item(database: Database, item: int, number: str, by: UserId, *, on: date | None = None) -> ClaimId:
    """Put the payment of a claim that was not found on a claim of ours, by its number; once only."""
    with database.transaction() as session:
        authorize(session, by, Permission.POST_PAYMENT)
        kept = session.get(RemittanceItem, item)
        if kept is None or kept.kind is not RemittanceItemKind.UNMATCHED_CLAIM or kept.code == PLACED:
            raise Refused("Only the payment of a claim that was not found is placed. Select one.")
        done = select(func.count()).where(RemittanceItem.code == PLACED, RemittanceItem.note == str(item))
        session.scalar(select(Remittance.id).where(Remittance.id == kept.remittance_id).with_for_update())
        if session.scalar(done):
            raise Refused("This payment was placed already.")
        claim = session.execute(
            select(Claim.id, Claim.patient_id)
            .where(Claim.number == number.strip().upper(), Claim.batch_id.is_not(None))
            .order_by(Claim.id.desc())
            .limit(1)
        ).one_or_none()
        if claim is None:
            raise Refused(f"No claim with the number “{number.strip()[:20]}” was sent. Look it up in Claims.")
        day = on or today()
        refuse_closed(session, day)
        if kept.amount != ZERO:
            entry = NewEntry(
                ClaimId(claim.id), EntryKind.PAYMENT, -kept.amount,
                remittance_id=RemittanceId(kept.remittance_id), note=f"placed from {kept.reference[:30]}",
            )  # fmt: skip
            post(session, [entry], day, by)
        values = {
            "remittance_id": kept.remittance_id, "kind": kept.kind, "code": PLACED, "reference": kept.reference,
            "amount": -kept.amount, "note": str(item), "claim_id": claim.id,
            "posted_on": day,
        }  # fmt: skip
        session.execute(insert(RemittanceItem).values(**values))
        after = {"claim": claim.id, "amount": kept.amount}
        record(session, by, "place", "remittance item", item, patient_id=claim.patient_id, after=after)
    return ClaimId(claim.id)
