"""Read what payers answer: TA1, 999 and 277CA move claims between states, an 835 is posted."""

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.life import enter, move
from infusion_desktop.billing.remittances import post_remittance
from infusion_desktop.billing.tables import Claim, ClaimBatch
from infusion_desktop.billing.words import ClaimId, ClaimState, Frequency
from infusion_desktop.database.engine import Database
from infusion_desktop.edi.acknowledgements import (
    BatchAnswer,
    ClaimAnswer,
    EnvelopeAnswer,
    GroupAnswer,
    read_277ca,
    read_999,
    read_ta1,
)
from infusion_desktop.edi.x12 import kinds_in
from infusion_desktop.errors import Refused

UNDERWAY = (ClaimState.BATCHED, ClaimState.SENT, ClaimState.ACCEPTED)
_BATCH_PREFIX = "B"


def read_answer(database: Database, content: str | bytes, by: UserId, override: str = "") -> tuple[str, ...]:
    """Take a payer's file, whatever it is, and give a sentence for each thing it changed; all of it or nothing."""
    kinds = kinds_in(content)
    if "835" in kinds:
        return tuple(
            f"Payment {each.trace} posted to {len(each.claims)} claims, {len(each.set_aside)} items set aside."
            for each in post_remittance(database, content, by, override)
        )
    with database.transaction() as session:
        authorize(session, by, Permission.CLAIM)
        if "277" in kinds:
            done = [line for each in read_277ca(content) for line in _claims_answered(session, each, by)]
        elif "999" in kinds:
            done = [line for each in read_999(content) for line in _group_answered(session, each, by)]
        else:
            done = [line for each in read_ta1(content) for line in _envelope_answered(session, each, by)]
    return tuple(done)


def _envelope_answered(session: Session, answer: EnvelopeAnswer, by: UserId) -> Iterator[str]:
    batch = _batch(session, ClaimBatch.interchange_control == int(answer.interchange_control), "interchange")
    _note(session, batch, f"TA1 {answer.verdict} {answer.note}", by)
    if answer.verdict == "R":
        yield from _refuse_all(session, batch, by, f"TA1 refused, note {answer.note}")
    else:
        yield f"File {batch.interchange_control}: envelope taken."


def _group_answered(session: Session, answer: GroupAnswer, by: UserId) -> Iterator[str]:
    batch = _batch(session, ClaimBatch.group_control == int(answer.group_control), "group")
    _note(session, batch, f"999 {answer.verdict}", by)
    refused = [each for each in answer.transactions if not each.taken]
    if answer.verdict == "R" or refused:
        why = "; ".join(
            f"segment {error.tag} {error.position} reason {error.reason}" for each in refused for error in each.errors
        )
        yield from _refuse_all(session, batch, by, f"999 refused {why}".strip())
    else:
        yield f"File {batch.interchange_control}: readable for the payer, {answer.accepted} of {answer.received} taken."


def _claims_answered(session: Session, answer: BatchAnswer, by: UserId) -> Iterator[str]:
    number = answer.batch_number.removeprefix(_BATCH_PREFIX)
    if not number.isdigit():
        raise Refused(f"Batch number “{answer.batch_number[:20]}” of this 277CA is none of ours.")
    batch = _batch(session, ClaimBatch.id == int(number), "batch")
    _note(session, batch, f"277CA {answer.action}", by)
    if answer.whole_batch_refused:
        yield from _refuse_all(session, batch, by, "277CA refused the whole file")
    for each in answer.claims:
        yield _claim_answered(session, batch, each, by)


def _claim_answered(session: Session, batch: ClaimBatch, answer: ClaimAnswer, by: UserId) -> str:
    claim = session.scalar(
        select(Claim).where(Claim.batch_id == batch.id, Claim.number == answer.claim_number.strip()).with_for_update()
    )
    if claim is None:
        return f"Claim {answer.claim_number[:20]} is not in our file {batch.interchange_control}: nothing changed."
    if answer.payer_claim_number:
        claim.payer_control_number = answer.payer_claim_number
    said = ", ".join(f"{status.category}:{status.status}" for status in answer.statuses)
    if claim.state not in UNDERWAY:
        session.flush()
        move(session, ClaimId(claim.id), claim.state, by, f"277CA {said}")
        return f"Claim {claim.number} is {claim.state.value} already; the answer {said} is kept."
    accepted = claim.frequency is Frequency.VOID or answer.accepted
    enter(session, claim, ClaimState.ACCEPTED if accepted else ClaimState.REJECTED, by, f"277CA {said} {answer.text}")
    return f"Claim {claim.number}: {claim.state.value} ({said})."


def _refuse_all(session: Session, batch: ClaimBatch, by: UserId, why: str) -> Iterator[str]:
    rows: Sequence[Claim] = session.scalars(
        select(Claim).where(Claim.batch_id == batch.id, Claim.state.in_(UNDERWAY)).order_by(Claim.id).with_for_update()
    ).all()
    for row in rows:
        enter(session, row, ClaimState.REJECTED, by, why[:200])
        yield f"Claim {row.number}: rejected ({why[:80]})."


def _batch(session: Session, ours: ColumnElement[bool], what: str) -> ClaimBatch:
    batch = session.scalar(select(ClaimBatch).where(ours).with_for_update())
    if batch is None:
        raise Refused(f"This answer names a {what} number that none of our files has.")
    return batch


def _note(session: Session, batch: ClaimBatch, said: str, by: UserId) -> None:
    before = batch.acknowledged
    batch.acknowledged = f"{before}; {said.strip()}".removeprefix("; ")
    session.flush()
    record(session, by, "read answer", "claim batch", batch.id, after={"said": said.strip()})
