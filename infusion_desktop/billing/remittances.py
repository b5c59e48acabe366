"""Post a payer's remittance (835): all of it or nothing, once, and only when it adds up."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.claim_files import LINE_CONTROL
from infusion_desktop.billing.life import enter
from infusion_desktop.billing.receivables import NewEntry, balance_of, post
from infusion_desktop.billing.tables import Claim, ClaimLine, LedgerEntry, Remittance, RemittanceItem
from infusion_desktop.billing.words import (
    Account,
    ClaimId,
    ClaimState,
    EntryKind,
    Frequency,
    RemittanceId,
    RemittanceItemKind,
)
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, show_day, today
from infusion_desktop.edi import remittance_835
from infusion_desktop.edi.adjustments import Adjustment
from infusion_desktop.edi.remittance_data import ClaimResult, LineResult
from infusion_desktop.edi.remittance_data import Remittance as Advice
from infusion_desktop.errors import Refused, warn_unless
from infusion_desktop.money import ZERO, show_money

PATIENT_GROUP = "PR"
_SENT = (
    ClaimState.BATCHED,
    ClaimState.SENT,
    ClaimState.ACCEPTED,
    ClaimState.PAID,
    ClaimState.PART_PAID,
    ClaimState.DENIED,
    ClaimState.CLOSED,
    ClaimState.VOIDED,
)


@dataclass(frozen=True, slots=True)
class Posted:
    """A remittance that was posted: which claims it moved, and what belongs to none of ours."""

    id: RemittanceId
    trace: str
    claims: tuple[str, ...]
    set_aside: tuple[str, ...]


def post_remittance(database: Database, content: str | bytes, by: UserId, override: str = "") -> tuple[Posted, ...]:
    """Post every payment of an 835 file in one go.

    Refused when a payment was posted before (same payer, trace and amount), does not add up, or is a test file. Warned
    when claims in it are not ours; with a reason they are set aside as money of no claim.
    """
    advices = remittance_835.read(content)
    raw = content.encode() if isinstance(content, str) else content
    with database.transaction() as session:
        authorize(session, by, Permission.POST_PAYMENT)
        for advice in advices:
            _refuse_what_does_not_add_up(advice)
        matched = [(advice, [(result, _match(session, result)) for result in advice.claims]) for advice in advices]
        unknown = [result for _, results in matched for result, claim in results if claim is None]
        warn_unless(
            override,
            (
                f"Claim {each.claim_number[:20]} over {show_money(each.charge)} is not known here. "
                "Post it as money of no claim, with a reason, or ask the payer."
                for each in unknown
            ),
        )
        file = hashlib.sha256(raw).hexdigest()
        return tuple(_post(session, advice, results, file, by, override) for advice, results in matched)


def _refuse_what_does_not_add_up(advice: Advice) -> None:
    problems = [str(each) for each in advice.imbalances()]
    if advice.is_test:
        problems.append("This is a test file. It is not posted.")
    if problems:
        raise Refused(*problems)


def _post(
    session: Session,
    advice: Advice,
    results: Sequence[tuple[ClaimResult, Claim | None]],
    file: str,
    by: UserId,
    override: str,
) -> Posted:
    remittance = _keep(session, advice, file, by)
    claims = []
    for result, claim in results:
        if claim is not None:
            _post_claim(session, remittance, result, claim, by)
            claims.append(claim.number)
    items = list(_items(advice, [result for result, claim in results if claim is None]))
    if items:
        session.execute(insert(RemittanceItem), [{"remittance_id": remittance, **item} for item in items])
    after = {"trace": advice.trace, "amount": advice.amount, "claims": claims, "set_aside": len(items)}
    record(session, by, "post", "remittance", remittance, after=after, reason=override)
    return Posted(remittance, advice.trace, tuple(claims), tuple(str(item["reference"]) for item in items))


def _keep(session: Session, advice: Advice, file: str, by: UserId) -> RemittanceId:
    payer, trace, amount = advice.deposit_key
    before = session.scalar(
        select(Remittance.posted_at).where(
            Remittance.payer_code == payer, Remittance.trace_number == trace, Remittance.amount == amount
        )
    )
    if before is not None:
        raise Refused(
            f"Payment {trace} over {show_money(amount)} of this payer was posted on {show_day(before.date())}. "
            "It is not posted twice."
        )
    values = {
        "payer_code": payer,
        "payer_name": advice.payer.name,
        "trace_number": trace,
        "amount": amount,
        "paid_on": advice.paid_on or advice.produced_on or today(),
        "posted_at": now_utc(),
        "staff_id": by,
        "file_sha256": file,
    }
    return RemittanceId(session.execute(insert(Remittance).values(**values).returning(Remittance.id)).scalar_one())


def _match(session: Session, result: ClaimResult) -> Claim | None:
    """Ours by our claim number, else by the payer's; of several submissions the newest that was sent.

    The 835 of a replacement may carry the original's number (X12 RFI 1945), hence one number for all of them.
    """
    sent = select(Claim).where(Claim.state.in_(_SENT), Claim.frequency != Frequency.VOID)
    if result.is_reversal and result.payer_claim_number:
        sent = sent.order_by((Claim.payer_control_number == result.payer_claim_number).desc())
    newest = sent.order_by(Claim.id.desc()).limit(1).with_for_update()
    number = result.claim_number.strip()
    found = session.scalar(newest.where(Claim.number == number)) if number not in ("", "0") else None
    if found is None and result.payer_claim_number:
        found = session.scalar(newest.where(Claim.payer_control_number == result.payer_claim_number))
    return found


def _post_claim(session: Session, remittance: RemittanceId, result: ClaimResult, claim: Claim, by: UserId) -> None:
    claim_id = ClaimId(claim.id)
    entries = list(_entries(session, remittance, result, claim_id))
    if result.is_reversal:
        entries = _tied(session, claim_id, entries)
    post(session, entries, today(), by)
    if result.payer_claim_number:
        claim.payer_control_number = result.payer_claim_number
    if claim.state is ClaimState.VOIDED:
        session.flush()
        return
    state = _state_after(session, result, claim_id)
    enter(session, claim, state, by, f"remittance {remittance}: status {result.status}")


def _state_after(session: Session, result: ClaimResult, claim: ClaimId) -> ClaimState:
    """Denied without any payment, part paid while the payer still owes, else paid; a reversal awaits the new result."""
    if result.is_reversal:
        return ClaimState.ACCEPTED
    if result.is_denied or (result.paid == ZERO and result.patient_owes == ZERO):
        return ClaimState.DENIED
    return ClaimState.PAID if balance_of(session, claim, Account.PAYER) <= ZERO else ClaimState.PART_PAID


def _entries(session: Session, remittance: RemittanceId, result: ClaimResult, claim: ClaimId) -> Iterator[NewEntry]:
    """Payments and adjustments line by line; what the lines do not tell stands on the claim."""
    lines = session.execute(
        select(ClaimLine.id, ClaimLine.code, ClaimLine.first_on, ClaimLine.charge)
        .where(ClaimLine.claim_id == claim)
        .order_by(ClaimLine.position)
    ).all()
    kind = EntryKind.REVERSAL if result.is_reversal else EntryKind.PAYMENT
    told = ZERO
    for line in result.lines:
        line_id = _line_of(line, lines)
        told += line.paid
        if line.paid:
            yield NewEntry(claim, kind, -line.paid, line_id, remittance_id=remittance)
        yield from _adjusted(claim, line_id, line.adjustments, remittance, result.is_reversal)
    if result.paid != told:
        yield NewEntry(claim, kind, told - result.paid, remittance_id=remittance)
    yield from _adjusted(claim, None, result.adjustments, remittance, result.is_reversal)


def _line_of(line: LineResult, ours: Iterable[object]) -> int | None:
    """Our line by the number we sent (REF*6R), else the only one with this code, first day and charge."""
    rows = [row._mapping for row in ours]  # type: ignore[attr-defined]
    control = line.line_control.strip()
    for row in rows:
        if control == f"{LINE_CONTROL}{row['id']}":
            return int(row["id"])
    code = line.submitted_code or line.code
    same = [row for row in rows if (row["code"], row["first_on"], row["charge"]) == (code, line.first_day, line.charge)]
    return int(same[0]["id"]) if len(same) == 1 else None


def _adjusted(
    claim: ClaimId, line: int | None, adjustments: Iterable[Adjustment], remittance: RemittanceId, reversal: bool
) -> Iterator[NewEntry]:
    """What the payer cut: the patient's share is transferred to the patient, the rest lowers what is owed."""
    for each in adjustments:
        for_patient = each.group == PATIENT_GROUP
        kind = EntryKind.TRANSFER if for_patient else EntryKind.ADJUSTMENT
        kind = EntryKind.REVERSAL if reversal else kind
        cut = NewEntry(
            claim, kind, -each.amount, line, Account.PAYER, each.group, each.reason, remittance_id=remittance
        )
        yield cut
        if for_patient:
            yield NewEntry(
                claim, kind, each.amount, line, Account.PATIENT, each.group, each.reason, remittance_id=remittance
            )


def _tied(session: Session, claim: ClaimId, entries: Sequence[NewEntry]) -> list[NewEntry]:
    """Each reversing entry tied to the one it undoes, once only; Refused when a payment to undo is not found."""
    undo = aliased(LedgerEntry)
    rows = session.scalars(
        select(LedgerEntry)
        .outerjoin(undo, undo.reverses_id == LedgerEntry.id)
        .where(LedgerEntry.claim_id == claim, undo.id.is_(None), LedgerEntry.remittance_id.is_not(None))
        .where(LedgerEntry.kind != EntryKind.REVERSAL)
        .order_by(LedgerEntry.id.desc())
    ).all()
    open_entries = list(rows)
    tied = []
    for entry in entries:
        key = (entry.line_id, -entry.amount, entry.account, entry.group_code, entry.reason_code)
        undone = next(
            (
                row
                for row in open_entries
                if (row.line_id, row.amount, row.account, row.group_code, row.reason_code) == key
            ),
            None,
        )
        if undone is None:
            raise Refused(
                f"The payment takes back {show_money(abs(entry.amount))} of claim {claim} that was never posted. "
                "Post the first payment before its reversal."
            )
        open_entries.remove(undone)
        tied.append(
            NewEntry(
                entry.claim_id, entry.kind, entry.amount, entry.line_id, entry.account, entry.group_code,
                entry.reason_code, entry.remittance_id, undone.id,
            )
        )  # fmt: skip
    return tied


def _items(advice: Advice, unknown: Iterable[ClaimResult]) -> Iterator[dict[str, object]]:
    for each in advice.provider_adjustments:
        yield {
            "kind": RemittanceItemKind.PROVIDER_ADJUSTMENT,
            "code": each.reason,
            "reference": each.reference,
            "amount": -each.amount,
        }
    for result in unknown:
        yield {
            "kind": RemittanceItemKind.UNMATCHED_CLAIM,
            "code": result.status,
            "reference": result.claim_number,
            "amount": result.paid,
        }
