"""Post what a payer decided on claims: into the ledger by line, into the claims' states, into the work on denials.

A decision is kept as the payer said it (append-only). A reversal finds the decision it undoes and reverses exactly the
entries that were posted from it. Everything is asked and written for a whole file at once.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import Table, bindparam, func, insert, select, update
from sqlalchemy.orm import Session, aliased

from infusion_desktop.access.roles import UserId
from infusion_desktop.billing.money.adjusting import give_write_offs_back
from infusion_desktop.billing.money.matching import OurClaim, candidates
from infusion_desktop.billing.money.money_tables import ClaimPart, Dispute, DisputeStep, LineDecision, PayerDecision
from infusion_desktop.billing.money.overpaid import weigh
from infusion_desktop.billing.money.posting_rules import rules_by_payer
from infusion_desktop.billing.money.receivables import NewEntry, balance_of, post, take_back_cuts
from infusion_desktop.billing.money.replaced import hand_over, standing_for
from infusion_desktop.billing.money.superseding import keep_newest, supersede_replaced
from infusion_desktop.billing.rules.posting import Cut, Decided, Rules, decide, main_reason, short_paid
from infusion_desktop.billing.tables import Claim, ClaimEvent, LedgerEntry
from infusion_desktop.billing.terms.contracts import rules_on
from infusion_desktop.billing.words import (
    WORKING,
    Account,
    ClaimId,
    ClaimState,
    DisputeKind,
    DisputeState,
    EntryKind,
    Outcome,
    RemittanceId,
)
from infusion_desktop.database.bulk import insert_rows
from infusion_desktop.dates import now_utc
from infusion_desktop.edi.adjustments import Adjustment
from infusion_desktop.edi.remittance_data import ClaimResult, LineResult
from infusion_desktop.errors import Refused
from infusion_desktop.money import ZERO
from infusion_desktop.patients.words import PayerId

APPEAL_DAYS = 180
"""Days to appeal where the payer's rules of that time are not known."""
_CLAIM = cast(Table, Claim.__table__)
_AT_ONCE = 500
_LINE_COLUMNS = (
    "decision_id", "line_id", "code", "modifiers", "charge", "paid", "units", "allowed", "adjustments", "remarks",
)  # fmt: skip


@dataclass(slots=True)
class Matched:
    """A result with our claim, and for a reversal the decision it undoes."""

    result: ClaimResult
    claim: OurClaim
    undoes: int | None = None


@dataclass(slots=True)
class PostedClaims:
    """What posting led to."""

    numbers: list[str] = field(default_factory=list)
    denied: int = 0
    underpaid: int = 0
    overpaid: int = 0
    late: list[str] = field(default_factory=list)
    """A sentence for each decision that came too late: on a claim that was replaced, voided or billed on meanwhile."""


def match(
    session: Session, results: Iterable[ClaimResult], undoes: Sequence[int] = ()
) -> tuple[list[Matched], list[ClaimResult]]:
    """Which results are ours, and which are unknown or take back what was never posted.

    ``undoes`` names the decision that each result takes back, where it is known.
    """
    results = list(results)
    found, strange = [], []
    claims = candidates(session, results)
    undone: set[int] = set()
    named: Sequence[int | None] = undoes or [None] * len(results)
    for result, possible, known in zip(results, claims, named, strict=True):
        if not possible:
            strange.append(result)
        elif not result.is_reversal:
            found.append(Matched(result, possible[0]))
        elif (first := _undone(session, result, possible, undone, known)) is None:
            strange.append(result)
        else:
            undone.add(first[0])
            found.append(Matched(result, first[1], first[0]))
    return found, strange


def _undone(
    session: Session, result: ClaimResult, possible: Sequence[OurClaim], taken: set[int], known: int | None
) -> tuple[int, OurClaim] | None:
    """The known decision, else the standing one that pays what is taken back and is most like it, the newest first."""
    later = aliased(PayerDecision)
    rows = session.execute(
        select(
            PayerDecision.id,
            PayerDecision.claim_id,
            PayerDecision.charge,
            PayerDecision.payer_claim_number,
            PayerDecision.patient_owes,
        )
        .outerjoin(later, later.reverses_id == PayerDecision.id)
        .where(PayerDecision.claim_id.in_([claim.id for claim in possible]), later.id.is_(None))
        .where(PayerDecision.reverses_id.is_(None), PayerDecision.paid == -result.paid)
        .order_by(PayerDecision.id.desc())
    ).all()
    standing = [row for row in rows if row.id not in taken and known in (None, row.id)]
    standing.sort(
        key=lambda row: (
            row.payer_claim_number != result.payer_claim_number,
            row.charge != -result.charge,
            row.patient_owes != -result.patient_owes,
            -row.id,
        )
    )
    if not standing:
        return None
    by_id = {claim.id: claim for claim in possible}
    return standing[0].id, by_id[standing[0].claim_id]


def post_claims(
    session: Session, remittance: RemittanceId, matched: Sequence[Matched], decided_on: date, on: date, by: UserId
) -> PostedClaims:
    """Post every result of one remittance."""
    work = _Work(session, remittance, decided_on, on, by)
    work.prepare(matched)
    for each in matched:
        work.take(each)
    work.write()
    return work.told


class _Work:
    """Collects the rows of a remittance, then writes them table by table."""

    def __init__(self, session: Session, remittance: RemittanceId, decided_on: date, on: date, by: UserId) -> None:
        self._session, self._remittance, self._decided_on, self._on, self._by = session, remittance, decided_on, on, by
        self._now: datetime = now_utc()
        self.told = PostedClaims()
        self._entries: list[NewEntry] = []
        self._lines: list[tuple[Any, ...]] = []
        self._events: list[tuple[Any, ...]] = []
        self._changes: dict[int, dict[str, Any]] = {}
        self._disputes: list[dict[str, Any]] = []
        self._settled: dict[str, tuple[int, frozenset[int], bool]] = {}
        self._appeal_days: dict[tuple[int, date], int] = {}
        self._balances: dict[int, Decimal] = {}
        self._moved: dict[tuple[int, int | None], Decimal] = {}
        self._rules: dict[int, Rules] = {}
        self._decisions: list[int] = []
        self._replaced: set[str] = set()
        self._following: dict[int, str] = {}
        self._voided: set[int] = set()
        self._newest: dict[int, int] = {}
        self._doubtful: set[int] = set()
        """Claims whose decisions, all together, may be above the contract."""
        self._standing: dict[int, set[int]] = {}
        """The decisions that stand on each claim."""
        self._paying: set[int] = set()
        """Those of them that pay or leave something to the patient."""
        self._several: set[int] = set()
        """Claims on which several decisions stand, or did before one of them was taken back."""
        self._superseded: set[str] = set()
        """Numbers of which the payer has decided the claim that stands."""
        self._place = 0

    def prepare(self, matched: Sequence[Matched]) -> None:
        """Read what all results need, and keep the decisions themselves."""
        claims = {each.claim.id: each.claim for each in matched}
        self._rules = rules_by_payer(self._session, (claim.payer_id for claim in claims.values()))
        for some in _runs(sorted(claims)):
            sums = (
                select(LedgerEntry.claim_id, func.sum(LedgerEntry.amount))
                .where(LedgerEntry.claim_id.in_(some), LedgerEntry.account == Account.PAYER)
                .group_by(LedgerEntry.claim_id)
            )
            self._balances.update({claim: amount or ZERO for claim, amount in self._session.execute(sums)})
        self._following = self._billed_next(sorted(claims))
        self._read_standing(sorted(claims))
        self._moved = self._moved_here([claim.id for claim in claims.values() if claim.primary_id is not None])
        rows = [self._decision(each) for each in matched]
        if rows:
            kept = insert(PayerDecision).returning(PayerDecision.id, sort_by_parameter_order=True)
            self._decisions = list(self._session.execute(kept, rows).scalars())

    def _read_standing(self, claims: Sequence[int]) -> None:
        later = aliased(PayerDecision)
        for some in _runs(claims):
            rows = self._session.execute(
                select(PayerDecision.claim_id, PayerDecision.id, PayerDecision.paid, PayerDecision.patient_owes)
                .outerjoin(later, later.reverses_id == PayerDecision.id)
                .where(PayerDecision.claim_id.in_(some), PayerDecision.reverses_id.is_(None), later.id.is_(None))
            )
            for claim, decision, paid, patient in rows:
                self._standing.setdefault(claim, set()).add(decision)
                self._doubtful.add(claim)
                if paid or patient:
                    self._paying.add(decision)

    def _billed_next(self, claims: Sequence[int]) -> dict[int, str]:
        """The numbers of the claims to next payers that left with a share of these."""
        found: dict[int, str] = {}
        for some in _runs(claims):
            rows = self._session.execute(
                select(Claim.primary_id, Claim.number)
                .where(Claim.primary_id.in_(some), Claim.batch_id.is_not(None), Claim.state != ClaimState.VOIDED)
            )  # fmt: skip
            found.update({first: number for first, number in rows if first is not None})
        return found

    def _moved_here(self, claims: Sequence[int]) -> dict[tuple[int, int | None], Decimal]:
        """What the payers before left to these claims, by line."""
        if not claims:
            return {}
        rows = self._session.execute(
            select(LedgerEntry.claim_id, LedgerEntry.line_id, func.sum(LedgerEntry.amount))
            .where(LedgerEntry.claim_id.in_(claims), LedgerEntry.kind == EntryKind.TRANSFER)
            .where(LedgerEntry.account == Account.PAYER, LedgerEntry.decision_id.is_(None))
            .group_by(LedgerEntry.claim_id, LedgerEntry.line_id)
        )
        return {(claim, line): amount for claim, line, amount in rows}

    def _decision(self, each: Matched) -> dict[str, Any]:
        result = each.result
        return {
            "remittance_id": self._remittance, "claim_id": each.claim.id, "status": result.status,
            "charge": result.charge, "paid": result.paid, "patient_owes": result.patient_owes,
            "payer_claim_number": result.payer_claim_number, "decided_on": self._decided_on,
            "adjustments": _as_json(result.adjustments), "remarks": " ".join(result.remarks),
            "reverses_id": each.undoes,
        }  # fmt: skip

    def take(self, each: Matched) -> None:
        """Work out what one result does."""
        decision = self._decisions[self._place]
        self._place += 1
        result, claim = each.result, each.claim
        self._newest[claim.id] = decision
        is_odd = each.undoes is not None or not result.lines or bool(result.adjustments)
        if is_odd or not claim.alone or claim.state is ClaimState.VOIDED:
            self._doubtful.add(claim.id)
        if claim.number not in self.told.numbers[-1:]:
            self.told.numbers.append(claim.number)
        ours = {id(line): claim.line_of(line) for line in result.lines}
        for line in result.lines:
            self._lines.append(self._line(decision, line, getattr(ours[id(line)], "id", None)))
        if each.undoes is not None:
            if claim.id in self._following:
                self.told.late.append(
                    f"Claim {claim.number}: the payer took back what claim {self._following[claim.id]} to the next "
                    "payer rests on. Once it has decided anew, replace that claim: the share may be another one."
                )
            change = self._undo(each, decision)
            state = self._after_reversal(claim.id, each.undoes, change)
        else:
            change, state = self._decide(result, claim, decision, ours)
            standing = self._standing.setdefault(claim.id, set())
            standing.add(decision)
            if result.paid or result.patient_owes:
                self._paying.add(decision)
            if len(standing) > 1:
                self._several.add(claim.id)
            if not claim.alone and claim.state is not ClaimState.VOIDED:
                self._superseded.add(claim.number)
        self._balances[claim.id] = self._balances.get(claim.id, ZERO) + change
        if claim.state is ClaimState.VOIDED:
            self._came_late(each, change)
        self._move(claim, result, state)

    def _after_reversal(self, claim: int, undone: int, change: Decimal) -> ClaimState:
        """What a claim is once a decision is taken back: undecided, or what another one that stands made it."""
        left = self._standing.setdefault(claim, set())
        left.discard(undone)
        if not left:
            return ClaimState.ACCEPTED
        self._several.add(claim)
        if not left & self._paying:
            return ClaimState.DENIED
        owed = self._balances.get(claim, ZERO) + change
        return ClaimState.PAID if owed <= ZERO else ClaimState.PART_PAID

    def _came_late(self, each: Matched, change: Decimal) -> None:
        """The payer speaks of a claim that was replaced or voided: what it leaves there is the standing claim's."""
        standing = standing_for(self._session, each.claim.number)
        is_decided = standing is not None and _is_decided(self._session, standing)
        (self._superseded if is_decided else self._replaced).add(each.claim.number)
        if standing is not None:
            self._balances[standing] = self._balances.get(standing, ZERO) + change
        if standing is None:
            self._voided.add(each.claim.id)
        if each.undoes is None:
            self.told.late.append(
                f"Claim {each.claim.number}: the payer decided the claim that was replaced. What it paid is set "
                "against the replacement until it takes it back."
                if standing is not None
                else f"Claim {each.claim.number}: the payer decided a claim that was voided. What it paid is a credit "
                "until it takes it back, or it is refunded (Payments, Credits)."
            )

    def _line(self, decision: int, line: LineResult, ours: int | None) -> tuple[Any, ...]:
        return (
            decision, ours, line.code, " ".join(line.modifiers), line.charge, line.paid, line.units, line.allowed,
            _as_json(line.adjustments), " ".join(line.remarks),
        )  # fmt: skip

    def _undo(self, each: Matched, decision: int) -> Decimal:
        """Reverse every entry of the decision that still counts; gives by how much the payer's account changes."""
        back = aliased(LedgerEntry)
        rows = self._session.scalars(
            select(LedgerEntry)
            .outerjoin(back, back.reverses_id == LedgerEntry.id)
            .where(LedgerEntry.decision_id == each.undoes, LedgerEntry.kind != EntryKind.REVERSAL, back.id.is_(None))
            .order_by(LedgerEntry.id)
        ).all()
        change = ZERO
        for row in rows:
            if row.account is Account.PAYER:
                change -= row.amount
            self._entries.append(
                NewEntry(
                    ClaimId(row.claim_id), EntryKind.REVERSAL, -row.amount, row.line_id, row.account, row.group_code,
                    row.reason_code, self._remittance, row.id, "taken back by the payer", decision,
                )
            )  # fmt: skip
        waiting = select(Dispute).where(Dispute.decision_id == each.undoes, Dispute.state.in_(WORKING))
        for dispute in self._session.scalars(waiting.where(Dispute.kind != DisputeKind.OVERPAID)):
            self._settle(dispute, DisputeState.ACCEPTED, "The payer took its decision back.")
        return change

    def _decide(
        self, result: ClaimResult, claim: OurClaim, decision: int, ours: dict[int, Any]
    ) -> tuple[Decimal, ClaimState]:
        rules, is_first = self._rules[claim.payer_id], claim.primary_id is None
        unpaid = result.paid == ZERO and result.patient_owes == ZERO
        all_denied = result.is_denied or (unpaid and is_first and result.charge != ZERO)
        whole = [Cut(cut.group, cut.reason, cut.amount, cut.quantity) for cut in result.adjustments]
        told, change, patient, denied, short = ZERO, ZERO, ZERO, ZERO, ZERO
        for line in result.lines:
            told += line.paid
            own = ours[id(line)]
            already = ZERO if is_first or own is None else line.charge - self._moved.get((claim.id, own.id), ZERO)
            cuts = [Cut(cut.group, cut.reason, cut.amount, cut.quantity) for cut in line.adjustments]
            found = decide(line.paid, cuts, rules, self._decided_on, all_denied=all_denied, already=already)
            change += self._post(claim, getattr(own, "id", None), found, decision)
            patient += found.patient
            denied += found.denied
            if own is None or line.paid + found.patient > own.expected:
                self._doubtful.add(claim.id)
            if is_first and own is not None and not whole:
                missing = short_paid(own.expected, line.paid, found.patient, found.denied)
                short += missing
                self._question(claim, own.id, decision, found, missing)
            elif found.denied > ZERO:
                self._question(claim, getattr(own, "id", None), decision, found, ZERO)
        already = ZERO
        if not is_first and not result.lines:
            already = result.charge - sum((v for (c, _), v in self._moved.items() if c == claim.id), ZERO)
        found = decide(
            result.paid - told, whole, rules, self._decided_on,
            all_denied=all_denied and denied == ZERO, already=already,
        )  # fmt: skip
        change += self._post(claim, None, found, decision)
        patient += found.patient
        denied += found.denied
        if is_first and (not result.lines or whole):  # Decided as a whole: so is what is missing.
            expected = sum((line.expected for line in claim.lines), ZERO)
            short = short_paid(expected, result.paid, patient, denied)
            self._question(claim, None, decision, found, short)
        elif found.denied > ZERO:
            self._question(claim, None, decision, found, ZERO)
        is_whole = result.charge == claim.charge
        if denied == ZERO and short == ZERO and result.paid > ZERO:
            paid = frozenset(own.id for own in ours.values() if own is not None)
            _, before, was_whole = self._settled.get(claim.number, (claim.id, frozenset[int](), False))
            self._settled[claim.number] = claim.id, before | paid, was_whole or is_whole
        had_something = claim.state in (ClaimState.PAID, ClaimState.PART_PAID)
        if denied > ZERO and result.paid == ZERO and patient == ZERO:
            if is_whole and self._standing.get(claim.id, set()) & self._paying:
                return change, claim.state  # Denied besides what was paid, as a claim that was sent twice is.
            return change, ClaimState.PART_PAID if had_something and not is_whole else ClaimState.DENIED
        owed = self._balances.get(claim.id, ZERO) + change
        return change, ClaimState.PAID if owed <= ZERO else ClaimState.PART_PAID

    def _post(self, claim: OurClaim, line: int | None, found: Decided, decision: int) -> Decimal:
        """The entries of one line; gives by how much the payer's account changes."""
        number, remittance = ClaimId(claim.id), self._remittance
        change = ZERO
        if found.paid != ZERO:
            change -= found.paid
            self._entries.append(
                NewEntry(number, EntryKind.PAYMENT, -found.paid, line, remittance_id=remittance, decision_id=decision)
            )
        for effect in found.effects:
            if effect.amount == ZERO:
                continue
            change -= effect.amount
            for_patient = effect.outcome is Outcome.PATIENT
            kind = EntryKind.TRANSFER if for_patient else EntryKind.ADJUSTMENT
            group, reason = effect.cut.group, effect.cut.reason
            accounts = (
                [(Account.PAYER, -effect.amount), (Account.PATIENT, effect.amount)]
                if for_patient
                else [(Account.PAYER, -effect.amount)]
            )
            for account, amount in accounts:
                self._entries.append(
                    NewEntry(number, kind, amount, line, account, group, reason, remittance, None, "", decision)
                )
        return change

    def _question(self, claim: OurClaim, line: int | None, decision: int, found: Decided, short: Decimal) -> None:
        """Open the work on a denial or an underpayment."""
        worst = main_reason(found.effects)
        if claim.state is ClaimState.VOIDED or (worst is None and short == ZERO):
            return
        kind = DisputeKind.DENIED if worst is not None else DisputeKind.UNDERPAID
        if worst is not None:
            self.told.denied += 1
        else:
            self.told.underpaid += 1
        self._disputes.append(
            {
                "claim_id": claim.id, "line_id": line, "decision_id": decision, "kind": kind,
                "state": DisputeState.OPEN, "group_code": worst.group if worst else "",
                "reason_code": worst.reason if worst else "", "amount": found.denied if worst else short,
                "opened_on": self._on, "due_on": self._decided_on + timedelta(days=self._days_to_appeal(claim)),
                "version": 1,
            }
        )  # fmt: skip

    def _days_to_appeal(self, claim: OurClaim) -> int:
        key = (claim.payer_id, claim.period_first)
        if key not in self._appeal_days:
            try:
                rules = rules_on(self._session, PayerId(claim.payer_id), claim.period_first).rules
                self._appeal_days[key] = rules.appeal_days
            except Refused:
                self._appeal_days[key] = APPEAL_DAYS
        return self._appeal_days[key]

    def _move(self, claim: OurClaim, result: ClaimResult, state: ClaimState) -> None:
        if claim.state is ClaimState.VOIDED:
            state = ClaimState.VOIDED
        is_part = "-" in result.claim_number and result.claim_number.strip() != claim.number
        number = claim.control if is_part else result.payer_claim_number or claim.control
        claim.state, claim.control = state, number
        self._changes[claim.id] = {"row": claim.id, "new_state": state, "new_control": number}
        if is_part and result.payer_claim_number:
            part = (ClaimPart.claim_id == claim.id, ClaimPart.number == result.claim_number.strip())
            named = update(ClaimPart).where(*part).values(payer_control_number=result.payer_claim_number)
            self._session.execute(named)
        note = f"remittance {self._remittance}: status {result.status}"
        self._events.append((claim.id, state, note))

    def _settle(self, dispute: Dispute, state: DisputeState, note: str) -> None:
        dispute.state = state
        step = {"dispute_id": dispute.id, "state": state, "at": self._now, "staff_id": self._by, "note": note}
        self._session.execute(insert(DisputeStep), [step])

    def write(self) -> None:
        """Write everything, table by table."""
        session = self._session
        self._settle_what_is_paid()
        insert_rows(session, LineDecision, _LINE_COLUMNS, self._lines)
        post(session, self._entries, self._on, self._by)
        for claim in sorted(self._voided):
            take_back_cuts(session, ClaimId(claim), self._on, self._by)
        voided = {claim for claim, change in self._changes.items() if change["new_state"] is ClaimState.VOIDED}
        for claim in sorted(self._several - voided):
            keep_newest(session, self._standing[claim], self._on, self._by)
            self._weigh_state(claim)
        for number in sorted(self._replaced - self._superseded):
            hand_over(session, number, self._on, self._by)
        for number in sorted(self._superseded):
            supersede_replaced(session, number, self._on, self._by)
        for some in _runs(sorted(claim for claim in self._newest if self._balances.get(claim, ZERO) < ZERO)):
            give_write_offs_back(session, some, self._on, self._by)
        if self._changes:
            changed = (
                update(_CLAIM)
                .where(_CLAIM.c.id == bindparam("row"))
                .values(
                    state=bindparam("new_state"),
                    payer_control_number=bindparam("new_control"),
                    version=_CLAIM.c.version + 1,
                )
            )
            session.connection().execute(changed, list(self._changes.values()))
            same = {"at": self._now, "staff_id": self._by}
            insert_rows(session, ClaimEvent, ("claim_id", "state", "note"), self._events, same)
        doubtful = {claim: decision for claim, decision in self._newest.items() if claim in self._doubtful}
        overpaid = weigh(session, doubtful, self._on, self._by)
        self.told.overpaid = len(overpaid)
        self._disputes += overpaid
        if self._disputes:
            kept = insert(Dispute).returning(Dispute.id, sort_by_parameter_order=True)
            ids = session.execute(kept, self._disputes).scalars()
            steps = [
                {"dispute_id": each, "state": DisputeState.OPEN, "at": self._now, "staff_id": self._by, "note": ""}
                for each in ids
            ]
            session.execute(insert(DisputeStep), steps)

    def _weigh_state(self, claim: int) -> None:
        """Paid or part paid as the newest of several decisions leaves it."""
        paid_states = (ClaimState.PAID, ClaimState.PART_PAID)
        owed = balance_of(self._session, ClaimId(claim), Account.PAYER)
        state = ClaimState.PAID if owed <= ZERO else ClaimState.PART_PAID
        if self._changes[claim]["new_state"] in paid_states:
            self._changes[claim]["new_state"] = state
            last = max(place for place, event in enumerate(self._events) if event[0] == claim)
            self._events[last] = (claim, state, self._events[last][2])

    def _settle_what_is_paid(self) -> None:
        """What is paid in full needs no more work: the lines, and of a claim decided as a whole all that was before."""
        for some in _runs(sorted(self._settled)):
            waiting = (
                select(Dispute, Claim.number)
                .join(Claim, Claim.id == Dispute.claim_id)
                .where(Claim.number.in_(some), Dispute.state.in_(WORKING), Dispute.kind != DisputeKind.OVERPAID)
            )
            for dispute, number in self._session.execute(waiting).all():
                claim, lines, is_whole = self._settled[number]
                as_a_whole = is_whole and (dispute.line_id is None or dispute.claim_id != claim)
                if as_a_whole or dispute.line_id in lines:
                    self._settle(dispute, DisputeState.WON, "Paid by a later decision.")


def _is_decided(session: Session, claim: ClaimId) -> bool:
    later = aliased(PayerDecision)
    decided = select(PayerDecision.id).outerjoin(later, later.reverses_id == PayerDecision.id)
    standing = decided.where(PayerDecision.claim_id == claim, PayerDecision.reverses_id.is_(None), later.id.is_(None))
    return session.scalar(standing.limit(1)) is not None


def _as_json(adjustments: Iterable[Adjustment]) -> str:
    found = [
        [each.group, each.reason, f"{each.amount:f}", None if each.quantity is None else f"{each.quantity:f}"]
        for each in adjustments
    ]
    return json.dumps(found) if found else "[]"


def cuts_of(kept: str) -> tuple[Cut, ...]:
    """The adjustments kept with a decision."""
    return tuple(
        Cut(group, reason, Decimal(amount), None if quantity is None else Decimal(quantity))
        for group, reason, amount, quantity in json.loads(kept)
    )


def _runs(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))
