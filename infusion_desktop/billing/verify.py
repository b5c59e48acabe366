"""Do billing's books add up: claims against lines, the ledger against claims and payments, units against evidence."""

import json
from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.billing.money.money_tables import Deposit, MonthClose, PayerDecision
from infusion_desktop.billing.tables import Claim, ClaimBatch, ClaimLine, LedgerEntry, Remittance, RemittanceItem
from infusion_desktop.billing.words import ClaimState, EntryKind, Frequency, LineKind
from infusion_desktop.money import ZERO

_LEFT = (ClaimState.BATCHED, ClaimState.SENT, ClaimState.ACCEPTED, ClaimState.PAID, ClaimState.PART_PAID)


def problems(session: Session) -> tuple[str, ...]:
    """Every problem found, each as a sentence naming the record by its number; empty when all is well."""
    return (
        *_claims_against_lines(session),
        *_charges_against_claims(session),
        *_payments_against_remittances(session),
        *_transfers(session),
        *_decisions(session),
        *_deposits(session),
        *_closed_months(session),
        *_units_against_evidence(session),
        *_batches(session),
    )


def _claims_against_lines(session: Session) -> Iterator[str]:
    rows = session.execute(
        select(Claim.id, Claim.charge, func.sum(ClaimLine.charge).label("lines"))
        .outerjoin(ClaimLine, ClaimLine.claim_id == Claim.id)
        .group_by(Claim.id, Claim.charge)
        .order_by(Claim.id)
    )
    for row in rows:
        if row.charge != (row.lines or ZERO):
            yield f"Claim {row.id} charges {row.charge}, its lines {row.lines or ZERO}."


def _charges_against_claims(session: Session) -> Iterator[str]:
    """A claim that left is charged in the ledger; one that did not, or was voided, is not."""
    undone = aliased(LedgerEntry)
    charged = (
        select(LedgerEntry.claim_id, func.sum(LedgerEntry.amount).label("amount"))
        .outerjoin(undone, undone.id == LedgerEntry.reverses_id)
        .where((LedgerEntry.kind == EntryKind.CHARGE) | (undone.kind == EntryKind.CHARGE))
        .group_by(LedgerEntry.claim_id)
        .subquery()
    )
    rows = session.execute(
        select(Claim.id, Claim.state, Claim.frequency, Claim.charge, charged.c.amount)
        .outerjoin(charged, charged.c.claim_id == Claim.id)
        .where(Claim.primary_id.is_(None))
        .order_by(Claim.id)
    )
    for row in rows:
        stands = row.state in _LEFT and row.frequency is not Frequency.VOID
        found = row.amount or ZERO
        if stands and found != row.charge:
            yield f"Claim {row.id} charges {row.charge}, the ledger {found}."
        if row.state in (ClaimState.DRAFT, ClaimState.READY, ClaimState.VOIDED) and found != ZERO:
            yield f"Claim {row.id} is {row.state.value}, but the ledger charges {found}."


def _payments_against_remittances(session: Session) -> Iterator[str]:
    paid: dict[int, Decimal] = {}
    money = select(LedgerEntry.remittance_id, func.sum(LedgerEntry.amount)).where(
        LedgerEntry.group_code == "", LedgerEntry.remittance_id.is_not(None)
    )
    for remittance, amount in session.execute(money.group_by(LedgerEntry.remittance_id)):
        paid[remittance or 0] = -amount
    items = select(RemittanceItem.remittance_id, func.sum(RemittanceItem.amount))
    for remittance, amount in session.execute(items.group_by(RemittanceItem.remittance_id)):
        paid[remittance] = paid.get(remittance, ZERO) + amount
    for row in session.execute(select(Remittance.id, Remittance.amount).order_by(Remittance.id)):
        if paid.get(row.id, ZERO) != row.amount:
            yield f"Remittance {row.id} is {row.amount}, its entries {paid.get(row.id, ZERO)}."


def _transfers(session: Session) -> Iterator[str]:
    """What is transferred from payer to patient leaves the claim's balance as it was."""
    rows = session.execute(
        select(LedgerEntry.claim_id, func.sum(LedgerEntry.amount))
        .where(LedgerEntry.group_code == "PR")
        .group_by(LedgerEntry.claim_id)
    )
    for claim, amount in rows:
        if amount != ZERO:
            yield f"Claim {claim}: transfers to the patient do not balance, {amount} apart."


def _decisions(session: Session) -> Iterator[str]:
    """Every payment the ledger took from a decision is what the payer said, and only standing decisions count."""
    paid = select(LedgerEntry.decision_id, func.sum(LedgerEntry.amount)).where(
        LedgerEntry.decision_id.is_not(None), LedgerEntry.group_code == ""
    )
    posted = {decision: -amount for decision, amount in session.execute(paid.group_by(LedgerEntry.decision_id))}
    for row in session.execute(select(PayerDecision.id, PayerDecision.paid).order_by(PayerDecision.id)):
        if posted.get(row.id, ZERO) != row.paid:
            yield f"Decision {row.id} pays {row.paid}, the ledger took {posted.get(row.id, ZERO)}."
    moved = session.scalar(
        select(func.sum(LedgerEntry.amount)).where(
            LedgerEntry.kind == EntryKind.TRANSFER, LedgerEntry.decision_id.is_(None)
        )
    )
    if moved:
        yield f"Transfers between payers and patients do not balance, {moved} apart."


def _deposits(session: Session) -> Iterator[str]:
    rows = session.execute(
        select(Deposit.id, Deposit.amount, func.sum(Remittance.amount).label("posted"))
        .join(Remittance, Remittance.deposit_id == Deposit.id)
        .group_by(Deposit.id, Deposit.amount)
    )
    for row in rows:
        if abs(row.posted) > abs(row.amount):
            yield f"Deposit {row.id} brought {row.amount}, but {row.posted} are posted against it."


def _closed_months(session: Session) -> Iterator[str]:
    for row in session.execute(select(MonthClose.id, MonthClose.last_on, MonthClose.last_entry_id)):
        late = session.scalar(
            select(func.count()).where(LedgerEntry.posted_on <= row.last_on, LedgerEntry.id > row.last_entry_id)
        )
        if late:
            yield f"{late} entries were posted into a month that was closed (close {row.id})."


def _units_against_evidence(session: Session) -> Iterator[str]:
    """Every unit names its evidence: the payer rules, and for a per diem the therapy."""
    rows = session.execute(
        select(
            ClaimLine.id, ClaimLine.claim_id, ClaimLine.kind, ClaimLine.units, ClaimLine.rules_id, ClaimLine.evidence
        )
        .order_by(ClaimLine.id)
        .execution_options(yield_per=2000)
    )
    for row in rows:
        units = json.loads(row.evidence).get("units", [])
        if sum((Decimal(each["units"]) for each in units), Decimal(0)) != row.units:
            yield f"Line {row.id} of claim {row.claim_id} bills {row.units} units without evidence for each."
        if row.rules_id is None or any(not each["rules"] for each in units):
            yield f"Line {row.id} of claim {row.claim_id} does not name the payer rules it was counted by."
        if row.kind is LineKind.PER_DIEM and any(each["therapy"] is None for each in units):
            yield f"Line {row.id} of claim {row.claim_id} has a unit without a therapy."


def _batches(session: Session) -> Iterator[str]:
    rows = session.execute(select(Claim.id).where(Claim.batch_id.is_(None), Claim.state.in_(_LEFT)).order_by(Claim.id))
    for row in rows:
        yield f"Claim {row.id} left without a claim file."
    for row in session.execute(select(ClaimBatch.id).where(ClaimBatch.content == "").order_by(ClaimBatch.id)):
        yield f"Claim file {row.id} has no content."
