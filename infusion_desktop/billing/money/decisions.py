"""What payers decided on a claim: what stands, and how lists and papers show it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.billing.money.money_tables import LineDecision, PayerDecision
from infusion_desktop.billing.money.posting import cuts_of
from infusion_desktop.billing.money.reason_codes import say_reason, say_remark
from infusion_desktop.billing.tables import Claim, Remittance
from infusion_desktop.billing.words import ClaimId, ClaimState, Frequency
from infusion_desktop.errors import Refused
from infusion_desktop.money import show_money


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A decision on one line (or on the claim itself) with its reasons in words."""

    id: int
    decided_on: date
    payer: str
    trace: str
    status: str
    code: str
    charge: Decimal
    allowed: Decimal | None
    paid: Decimal
    why: str
    taken_back: bool


def decisions_of(session: Session, claim: ClaimId) -> tuple[DecisionRow, ...]:
    """Everything payers decided on a claim, in the order it came."""
    undone = aliased(PayerDecision)
    rows = session.execute(
        select(PayerDecision, Remittance.payer_name, Remittance.trace_number, undone.id)
        .join(Remittance, Remittance.id == PayerDecision.remittance_id)
        .outerjoin(undone, undone.reverses_id == PayerDecision.id)
        .where(PayerDecision.claim_id == claim)
        .order_by(PayerDecision.id)
    ).all()
    found = []
    for decision, payer, trace, later in rows:
        taken_back = later is not None or decision.reverses_id is not None
        status = "taken back" if taken_back else decision.status
        lines = session.scalars(
            select(LineDecision).where(LineDecision.decision_id == decision.id).order_by(LineDecision.id)
        ).all()
        for line in lines:
            code = " ".join(filter(None, (line.code, line.modifiers)))
            why = _why(line.adjustments, line.remarks)
            found.append(
                DecisionRow(
                    line.id, decision.decided_on, payer, trace, status, code, line.charge, line.allowed, line.paid, why,
                    taken_back,
                )
            )  # fmt: skip
        if not lines or decision.adjustments != "[]" or decision.remarks:
            why = _why(decision.adjustments, decision.remarks)
            found.append(
                DecisionRow(
                    -decision.id, decision.decided_on, payer, trace, status, "whole claim", decision.charge, None,
                    decision.paid, why, taken_back,
                )
            )  # fmt: skip
    return tuple(found)


def _why(adjustments: str, remarks: str) -> str:
    told = [f"{say_reason(cut.group, cut.reason)} {show_money(cut.amount)}" for cut in cuts_of(adjustments)]
    return "; ".join([*told, *(say_remark(code) for code in remarks.split())])


def standing_decisions(session: Session, claim: ClaimId) -> Sequence[PayerDecision]:
    """Every decision that was not taken back, in order: several where a claim was decided in parts."""
    return session.scalars(standing().where(PayerDecision.claim_id == claim)).all()


def standing() -> Select[PayerDecision]:
    """The decisions that were not taken back, in order, of whatever is asked for besides."""
    undone = aliased(PayerDecision)
    return (
        select(PayerDecision)
        .outerjoin(undone, undone.reverses_id == PayerDecision.id)
        .where(PayerDecision.reverses_id.is_(None), undone.id.is_(None))
        .order_by(PayerDecision.id)
    )


def refuse_while_next_payer_billed(session: Session, claims: Collection[int]) -> None:
    """Refused while a next payer owes by a result of these claims: the patient would owe the same share again."""
    following = session.scalar(
        select(Claim.number)
        .where(Claim.primary_id.in_(claims), Claim.state != ClaimState.VOIDED, Claim.frequency != Frequency.VOID)
        .limit(1)
    )
    if following is not None:
        raise Refused(f"Claim {following} bills the next payer by this one's result. Void that one first.")
