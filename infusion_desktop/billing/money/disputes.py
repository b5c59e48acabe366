"""Work on denials, underpayments and overpayments: what to do next, appeal, accept, write off; every step is kept."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import insert, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.billing.life import enter, the_claim
from infusion_desktop.billing.money.money_tables import Dispute, DisputeStep, LineDecision, PayerDecision
from infusion_desktop.billing.money.reason_codes import next_step, reasons, say_reason, say_remark
from infusion_desktop.billing.money.receivables import NewEntry, balance_of, line_balances, post
from infusion_desktop.billing.tables import Claim, ClaimLine
from infusion_desktop.billing.words import (
    WORKING,
    Account,
    ClaimId,
    ClaimState,
    DisputeId,
    DisputeKind,
    DisputeState,
    EntryKind,
)
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, show_day, today
from infusion_desktop.errors import Refused, Stale, warn_unless
from infusion_desktop.money import ZERO
from infusion_desktop.patients.tables import Patient, Payer

UNDERPAID_STEP = "Compare with the contract's rate. If ours is right, ask the payer to correct the payment, or appeal."
OVERPAID_STEP = (
    "Compare with the contract in force. If its price rose, enter the new one and accept. If the payer paid too much, "
    "refund it, or tell the payer and let it take the money back from a later payment."
)
_SAYS = {DisputeKind.UNDERPAID: "Paid below the contract", DisputeKind.OVERPAID: "Paid above the contract"}
_STEPS = {DisputeKind.UNDERPAID: UNDERPAID_STEP, DisputeKind.OVERPAID: OVERPAID_STEP}
_OF_OVERPAID = frozenset({DisputeState.OPEN, DisputeState.TOLD, DisputeState.ACCEPTED})
_ENDED = frozenset({ClaimState.PART_PAID, ClaimState.DENIED})
DENIED_LEFT = "accepted after a denial"


@dataclass(frozen=True, slots=True)
class DisputeRow:
    """A denial, underpayment or overpayment in a list."""

    id: DisputeId
    claim_id: ClaimId
    claim: str
    patient: str
    payer: str
    kind: DisputeKind
    state: DisputeState
    code: str
    reason: str
    reason_code: str
    decision_id: int
    next_step: str
    may_appeal: bool
    amount: Decimal
    opened_on: date
    due_on: date
    version: int

    @property
    def is_overpaid(self) -> bool:
        """Whether the payer paid too much: it is given back, not appealed."""
        return self.kind is DisputeKind.OVERPAID

    def goes_with(self, chosen: "DisputeRow") -> bool:
        """Whether it is the chosen one, or waits beside it for the same letter."""
        same = (self.decision_id, self.kind, self.reason) == (chosen.decision_id, chosen.kind, chosen.reason)
        return self.id == chosen.id or (same and self.state is DisputeState.OPEN)


@dataclass(frozen=True, slots=True)
class StepRow:
    """Something that was done about it."""

    at: datetime
    state: DisputeState
    who: str
    note: str


Seen = tuple[DisputeId, int]
"""A denial or underpayment with the version that was looked at."""


def disputes(
    session: Session, *, states: Collection[DisputeState] = WORKING, claim: ClaimId | None = None
) -> tuple[DisputeRow, ...]:
    """What is worked on, the nearest deadline first, of one day the largest amount."""
    wanted = (
        select(Dispute, Claim.number, Patient.last_name, Patient.first_name, Payer.name, ClaimLine.code,
               ClaimLine.modifiers)
        .join(Claim, Claim.id == Dispute.claim_id)
        .join(Patient, Patient.id == Claim.patient_id)
        .join(Payer, Payer.id == Claim.payer_id)
        .outerjoin(ClaimLine, ClaimLine.id == Dispute.line_id)
        .order_by(Dispute.due_on, Dispute.amount.desc(), Dispute.id)
    )  # fmt: skip
    if states:
        wanted = wanted.where(Dispute.state.in_(list(states)))
    if claim is not None:
        wanted = wanted.where(Dispute.claim_id == claim)
    return tuple(_row(*row) for row in session.execute(wanted))


def dispute_steps(session: Session, dispute: DisputeId) -> tuple[StepRow, ...]:
    """What was done about a denial or underpayment, in order."""
    rows = session.execute(
        select(DisputeStep.at, DisputeStep.state, Staff.name, DisputeStep.note)
        .join(Staff, Staff.id == DisputeStep.staff_id)
        .where(DisputeStep.dispute_id == dispute)
        .order_by(DisputeStep.id)
    )
    return tuple(StepRow(*row) for row in rows)


def remarks_of(session: Session, dispute: DisputeId) -> tuple[str, ...]:
    """The payer's remarks on the decision and on the line, as people read them."""
    kept = session.get(Dispute, dispute)
    if kept is None:
        return ()
    found = (session.scalar(select(PayerDecision.remarks).where(PayerDecision.id == kept.decision_id)) or "").split()
    lines = select(LineDecision.remarks).where(
        LineDecision.decision_id == kept.decision_id, LineDecision.line_id == kept.line_id
    )
    for each in session.scalars(lines):
        found += each.split()
    return tuple(say_remark(code) for code in dict.fromkeys(found))


def move_disputes(database: Database, seen: Sequence[Seen], state: DisputeState, by: UserId, note: str) -> None:
    """Say where the work stands: appealed by another way, corrected, paid after all, accepted; with what was done.

    Accepting keeps what is owed as it is: write it off, or move it, besides.
    """
    if not note.strip():
        raise Refused("Say in a few words what was done.")
    if state is DisputeState.WRITTEN_OFF:
        raise Refused("Use “Write off”: it takes the amount off what is owed too.")
    with database.transaction() as session:
        authorize(session, by, Permission.CLAIM)
        for dispute, version in sorted(seen):
            kept = the_dispute(session, dispute, version)
            _refuse_odd(kept.kind, state)
            enter_step(session, kept, state, by, note)
            record(session, by, state.value, "dispute", dispute, after={"claim": kept.claim_id}, reason=note)


def write_off_disputes(database: Database, seen: Sequence[Seen], by: UserId, note: str) -> Decimal:
    """Give up what was denied or paid short: what is still owed of it is written off. Gives how much that was."""
    if not note.strip():
        raise Refused("Say why it is written off.")
    with database.transaction() as session:
        authorize(session, by, Permission.ADJUST_ACCOUNTS)
        return sum((_give_up(session, each, by, note) for each in sorted(seen)), ZERO)


def _refuse_odd(kind: DisputeKind, state: DisputeState) -> None:
    if kind is DisputeKind.OVERPAID and state not in _OF_OVERPAID:
        raise Refused("What was paid too much is refunded, taken back by the payer once it is told, or accepted.")
    if kind is not DisputeKind.OVERPAID and state is DisputeState.TOLD:
        raise Refused("Only of what was paid too much the payer is told. Choose what was done about the denial.")


def _may_appeal(kept: Dispute) -> bool:
    known = reasons().get(kept.reason_code)
    return kept.kind is DisputeKind.UNDERPAID or (kept.kind is DisputeKind.DENIED and (known is None or known.appeal))


def _give_up(session: Session, seen: Seen, by: UserId, note: str) -> Decimal:
    dispute, version = seen
    kept = the_dispute(session, dispute, version)
    if kept.kind is DisputeKind.OVERPAID:
        raise Refused("What was paid too much is no loss to write off: refund it, or tell the payer.")
    claim = ClaimId(kept.claim_id)
    owed = line_balances(session, claim, Account.PAYER)
    wanted = [kept.line_id] if kept.line_id is not None else list(owed)
    left, entries = kept.amount, []
    for line in wanted:
        part = min(left, max(owed.get(line, ZERO), ZERO))
        left -= part
        if part:
            entries.append(
                NewEntry(claim, EntryKind.WRITE_OFF, -part, line, reason_code=DENIED_LEFT, note=note.strip())
            )
    post(session, entries, today(), by)
    enter_step(session, kept, DisputeState.WRITTEN_OFF, by, note)
    close_when_settled(session, the_claim(session, claim), by, DisputeState.WRITTEN_OFF, note)
    given_up = -sum((each.amount for each in entries), ZERO)
    record(session, by, "write off", "dispute", dispute, after={"claim": claim, "amount": given_up}, reason=note)
    return given_up


def close_when_settled(session: Session, claim: Claim, by: UserId, state: DisputeState, note: str) -> None:
    """Where the payer owes nothing more, the claim is closed, and so is the work on its denials."""
    if claim.state in _ENDED and balance_of(session, ClaimId(claim.id), Account.PAYER) <= ZERO:
        enter(session, claim, ClaimState.CLOSED, by, "nothing more is owed by the payer")
        waiting = select(Dispute).where(Dispute.claim_id == claim.id, Dispute.state.in_(WORKING))
        for each in session.scalars(waiting.where(Dispute.kind == DisputeKind.DENIED)).all():
            enter_step(session, each, state, by, note)


def the_dispute(session: Session, dispute: DisputeId, version: int) -> Dispute:
    """The dispute, locked for this deed; Refused when it is settled or somebody else moved it on."""
    kept = session.get(Dispute, dispute, with_for_update=True)
    if kept is None:
        raise Refused("This denial is not known. Look at the list again.")
    if kept.state not in WORKING:
        raise Refused(f"This is settled already: {kept.state.value}.")
    if kept.version != version:
        raise Stale("Somebody else worked on this meanwhile. Look at it again.")
    return kept


def enter_step(session: Session, kept: Dispute, state: DisputeState, by: UserId, note: str) -> None:
    """Bring a dispute into a state and keep the step."""
    kept.state = state
    flag_modified(kept, "state")  # A second letter in the same state is a step too.
    session.flush()
    session.execute(
        insert(DisputeStep).values(dispute_id=kept.id, state=state, at=now_utc(), staff_id=by, note=note.strip())
    )


def refuse_late_appeal(due_on: date, day: date, override: str) -> None:
    """Ask before an appeal leaves after its last day."""
    late = [f"The last day to appeal was {show_day(due_on)}."] if day > due_on else []
    warn_unless(override, late)


def _row(
    kept: Dispute, number: str, last: str, first: str, payer: str, code: str | None, modifiers: str | None
) -> DisputeRow:
    return DisputeRow(
        DisputeId(kept.id), ClaimId(kept.claim_id), number, f"{last}, {first}", payer, kept.kind, kept.state,
        " ".join(filter(None, (code or "whole claim", modifiers or ""))),
        _SAYS.get(kept.kind) or say_reason(kept.group_code, kept.reason_code), kept.reason_code, kept.decision_id,
        _STEPS.get(kept.kind) or next_step(kept.reason_code), _may_appeal(kept), kept.amount, kept.opened_on,
        kept.due_on, kept.version,
    )  # fmt: skip
