"""Money a remittance brought that is on no claim: interest, takebacks, payments of claims unknown here."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.money.decisions import standing
from infusion_desktop.billing.money.eob import reversal_of
from infusion_desktop.billing.money.money_tables import Dispute, PayerDecision
from infusion_desktop.billing.money.overpaid import settle_given_back
from infusion_desktop.billing.money.posting import match, post_claims
from infusion_desktop.billing.money.reason_codes import provider_adjustments, taken_from_claims
from infusion_desktop.billing.money.receivables import NewEntry, post, refuse_closed
from infusion_desktop.billing.tables import Claim, Remittance, RemittanceItem
from infusion_desktop.billing.words import (
    WORKING,
    ClaimId,
    DisputeKind,
    EntryKind,
    RemittanceId,
    RemittanceItemKind,
)
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.edi.remittance_data import REVERSAL_STATUS
from infusion_desktop.errors import Refused
from infusion_desktop.money import ZERO, show_money

PLACED = "PLACED"
"""The code of an item that says that an earlier one went to a claim."""

_OVERPAID = select(Dispute.claim_id).where(Dispute.kind == DisputeKind.OVERPAID, Dispute.state.in_(WORKING))
"""The claims that are worked on as overpaid."""


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
    """Everything beside claims, the newest first.

    Unknown claims are open until they are placed, and so is what was taken back of a claim that is worked on as
    overpaid.
    """
    rows = session.execute(
        select(RemittanceItem, Remittance, Claim.number)
        .join(Remittance, Remittance.id == RemittanceItem.remittance_id)
        .outerjoin(Claim, Claim.id == RemittanceItem.claim_id)
        .order_by(RemittanceItem.id.desc())
    ).all()
    overpaid = set(session.scalars(select(Claim.number).where(Claim.id.in_(_OVERPAID))))
    placed = {item.note for item, _, _ in rows if item.code == PLACED}
    known = provider_adjustments()
    found = []
    for item, paid, number in rows:
        unknown = item.kind is RemittanceItemKind.UNMATCHED_CLAIM
        what = "claim not found here" if unknown else known.get(item.code, f"reason {item.code}")
        if item.code == PLACED:
            what = "placed on a claim"
        taken = number in overpaid and item.code in taken_from_claims()
        is_open = (unknown or taken) and item.code != PLACED and str(item.id) not in placed
        found.append(
            ItemRow(
                item.id, RemittanceId(paid.id), paid.payer_name, paid.trace_number, paid.paid_on, item.kind, what,
                item.reference, item.amount, None if item.claim_id is None else ClaimId(item.claim_id), number or "",
                is_open,
            )
        )  # fmt: skip
    return tuple(found)


def place_item(database: Database, item: int, number: str, by: UserId, *, on: date | None = None) -> ClaimId:
    """Put the payment of a claim that was not found, or what was taken back of one, on a claim of ours; once only.

    A reversal that came before its payment undoes that payment's whole decision now. What was taken back is put where
    it is worked on as overpaid: a voided claim's void has its number too.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.POST_PAYMENT)
        kept = session.get(RemittanceItem, item)
        if kept is None or not _may_be_placed(kept):
            raise Refused("Only the payment of a claim that was not found, or a takeback, is placed. Select one.")
        done = select(func.count()).where(RemittanceItem.code == PLACED, RemittanceItem.note == str(item))
        session.scalar(select(Remittance.id).where(Remittance.id == kept.remittance_id).with_for_update())
        if session.scalar(done):
            raise Refused("This payment was placed already.")
        claim = session.execute(
            select(Claim.id, Claim.patient_id)
            .where(Claim.number == number.strip().upper(), Claim.batch_id.is_not(None))
            .order_by(*((Claim.id.in_(_OVERPAID).desc(),) if kept.amount < ZERO else ()), Claim.id.desc())
            .limit(1)
        ).one_or_none()
        if claim is None:
            raise Refused(f"No claim with the number “{number.strip()[:20]}” was sent. Look it up in Claims.")
        day = on or today()
        refuse_closed(session, day)
        if kept.kind is RemittanceItemKind.UNMATCHED_CLAIM and kept.code == REVERSAL_STATUS:
            _undo(session, kept, number, day, by)
        elif kept.amount != ZERO:
            entry = NewEntry(
                ClaimId(claim.id), EntryKind.PAYMENT, -kept.amount,
                remittance_id=RemittanceId(kept.remittance_id), note=f"placed from {kept.reference[:30]}",
            )  # fmt: skip
            post(session, [entry], day, by)
            if kept.amount < ZERO:
                settle_given_back(session, ClaimId(claim.id), day, by, "The payer took it back.")
        values = {
            "remittance_id": kept.remittance_id, "kind": kept.kind, "code": PLACED, "reference": kept.reference,
            "amount": -kept.amount, "note": str(item), "claim_id": claim.id,
            "posted_on": day,
        }  # fmt: skip
        session.execute(insert(RemittanceItem).values(**values))
        after = {"claim": claim.id, "amount": kept.amount}
        record(session, by, "place", "remittance item", item, patient_id=claim.patient_id, after=after)
    return ClaimId(claim.id)


def _may_be_placed(item: RemittanceItem) -> bool:
    is_claims = item.kind is RemittanceItemKind.UNMATCHED_CLAIM or item.code in taken_from_claims()
    return is_claims and item.code != PLACED


def _undo(session: Session, item: RemittanceItem, number: str, day: date, by: UserId) -> None:
    wanted = standing().join(Claim, Claim.id == PayerDecision.claim_id).where(Claim.number == number.strip().upper())
    decided = session.scalars(wanted.where(PayerDecision.paid == -item.amount)).all()
    if not decided:
        raise Refused(
            f"No payment of {show_money(-item.amount)} stands on claim {number.strip()[:20]}. Post it before it is "
            "taken back."
        )
    result = reversal_of(session, decided[-1], 1)
    found, _ = match(session, [result], [decided[-1].id])
    remittance = session.get_one(Remittance, item.remittance_id)
    post_claims(session, RemittanceId(remittance.id), found, remittance.paid_on, day, by)
