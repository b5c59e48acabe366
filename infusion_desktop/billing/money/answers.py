"""Read what payers answer: TA1, 999 and 277CA move claims between states, an 835 is posted."""

import hashlib
import json
from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, insert, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.life import enter, move
from infusion_desktop.billing.money.money_tables import AnswerFile, ClaimPart
from infusion_desktop.billing.money.remittances import Posted, post_advices
from infusion_desktop.billing.tables import Claim, ClaimBatch
from infusion_desktop.billing.words import ClaimId, ClaimState
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import local_day, now_utc, show_day, today
from infusion_desktop.edi import remittance_835
from infusion_desktop.edi.acknowledgements import (
    BatchAnswer,
    ClaimAnswer,
    EnvelopeAnswer,
    GroupAnswer,
    read_277ca,
    read_999,
    read_ta1,
)
from infusion_desktop.edi.claims_837p_reading import find_place
from infusion_desktop.edi.x12 import decode, kinds_in
from infusion_desktop.errors import Refused

UNDERWAY = (ClaimState.BATCHED, ClaimState.SENT, ClaimState.ACCEPTED)
_BATCH_PREFIX = "B"


def read_answer(database: Database, content: str | bytes, by: UserId, override: str = "") -> tuple[str, ...]:
    """Take a payer's file, whatever it is, and give a sentence for each thing it changed; all of it or nothing.

    The file is kept as it came; Refused when it was read before.
    """
    kinds = kinds_in(content)
    raw = content.encode() if isinstance(content, str) else content
    file = hashlib.sha256(raw).hexdigest()
    advices = remittance_835.read(content) if "835" in kinds else ()
    with database.transaction() as session:
        may = Permission.POST_PAYMENT if advices else Permission.CLAIM
        authorize(session, by, may)
        before = session.scalar(select(AnswerFile.read_at).where(AnswerFile.sha256 == file))
        if before is not None:
            raise Refused(f"This file was read on {show_day(local_day(before))} already. Nothing was changed.")
        if advices:
            done = [_said(each) for each in post_advices(session, advices, by, override, file=file, on=today())]
        elif "277" in kinds:
            done = [line for each in read_277ca(content) for line in _claims_answered(session, each, by)]
        elif "999" in kinds or "997" in kinds:
            done = [line for each in read_999(content) for line in _group_answered(session, each, by)]
        elif "TA1" in kinds:
            done = [line for each in read_ta1(content) for line in _envelope_answered(session, each, by)]
        else:
            raise Refused(f"This file holds {', '.join(kinds) or 'nothing'}. Choose a TA1, 999, 277CA or 835.")
        values = {
            "kind": " ".join(kinds),
            "sha256": file,
            "content": decode(content, "X12").replace("\x00", "\ufffd"),
            "told": json.dumps(done),
        }
        kept = insert(AnswerFile).values(**values, read_at=now_utc(), staff_id=by).returning(AnswerFile.id)
        number = session.execute(kept).scalar_one()
        record(session, by, "read", "answer file", number, after={"kind": values["kind"], "sha256": file})
    return tuple(done)


def _said(posted: Posted) -> str:
    claims = f"{len(posted.claims)} claim" + ("" if len(posted.claims) == 1 else "s")
    found = [f"Payment {posted.trace} posted to {claims}, {len(posted.set_aside)} items set aside"]
    found += [f"{posted.denied} denied"] if posted.denied else []
    found += [f"{posted.underpaid} paid below the contract"] if posted.underpaid else []
    found += [f"{posted.overpaid} paid above the contract"] if posted.overpaid else []
    found += ["its deposit agrees" if posted.deposit else "its deposit is not entered yet"]
    return " ".join(["; ".join(found) + ".", *posted.late])


def _envelope_answered(session: Session, answer: EnvelopeAnswer, by: UserId) -> Iterator[str]:
    batch = _batch(session, ClaimBatch.interchange_control == _control(answer.interchange_control), "interchange")
    _note(session, batch, f"TA1 {answer.verdict} {answer.note}", by)
    if answer.verdict == "R":
        yield from _refuse_all(session, batch, by, f"TA1 refused, note {answer.note}")
    else:
        yield f"File {batch.interchange_control}: envelope taken."


def _group_answered(session: Session, answer: GroupAnswer, by: UserId) -> Iterator[str]:
    batch = _batch(session, ClaimBatch.group_control == _control(answer.group_control), "group")
    _note(session, batch, f"999 {answer.verdict}", by)
    refused = [each for each in answer.transactions if not each.taken]
    if answer.verdict == "R" or refused:
        places = list(dict.fromkeys(_places(batch, answer)))
        yield from places[:20]
        yield from _refuse_all(session, batch, by, f"999 refused: {'; '.join(places)}".strip())
    else:
        yield f"File {batch.interchange_control}: readable for the payer, {answer.accepted} of {answer.received} taken."


def _places(batch: ClaimBatch, answer: GroupAnswer) -> Iterator[str]:
    """What the payer could not read, by claim and line of the file we sent."""
    for each in answer.transactions:
        for error in each.errors:
            found = find_place(batch.content, each.control, error.position)
            where = f"segment {error.position} ({error.tag})"
            if found is not None and found.claim_number:
                line = f", line {found.line}" if found.line else ""
                where = f"claim {found.claim_number}{line}, {where}"
            elements = ", ".join(
                f"{error.tag}{element.position:02d} reason {element.reason}" for element in error.elements
            )
            yield f"The payer could not read {where}: {elements or f'reason {error.reason}'}."


def _claims_answered(session: Session, answer: BatchAnswer, by: UserId) -> Iterator[str]:
    number = answer.batch_number.removeprefix(_BATCH_PREFIX)
    if not _control(number):
        raise Refused(f"Batch number “{answer.batch_number[:20]}” of this 277CA is none of ours.")
    batch = _batch(session, ClaimBatch.id == _control(number), "batch")
    _note(session, batch, f"277CA {answer.action}", by)
    if answer.whole_batch_refused:
        yield from _refuse_all(session, batch, by, "277CA refused the whole file")
    for each in answer.claims:
        yield _claim_answered(session, batch, each, by)


def _claim_answered(session: Session, batch: ClaimBatch, answer: ClaimAnswer, by: UserId) -> str:
    number = answer.claim_number.strip()
    claim = session.scalar(select(Claim).where(Claim.batch_id == batch.id, Claim.number == number).with_for_update())
    part = None if claim is not None or "-" not in number else _part(session, batch, number)
    if part is not None:
        claim = session.get(Claim, part.claim_id, with_for_update=True)
    if claim is None:
        return f"Claim {answer.claim_number[:20]} is not in our file {batch.interchange_control}: nothing changed."
    if answer.payer_claim_number:
        (part or claim).payer_control_number = answer.payer_claim_number
    said = ", ".join(f"{status.category}:{status.status}" for status in answer.statuses)
    if claim.state not in UNDERWAY:
        session.flush()
        move(session, ClaimId(claim.id), claim.state, by, f"277CA {said}")
        return f"Claim {claim.number} is {claim.state.value} already; the answer {said} is kept."
    state = ClaimState.ACCEPTED if answer.accepted else ClaimState.REJECTED
    enter(session, claim, state, by, f"277CA {said} {answer.text}")
    return f"Claim {claim.number}: {claim.state.value} ({said})."


def _part(session: Session, batch: ClaimBatch, number: str) -> ClaimPart | None:
    """The part with this number of a claim in this file that was split."""
    return session.scalar(
        select(ClaimPart)
        .join(Claim, Claim.id == ClaimPart.claim_id)
        .where(Claim.batch_id == batch.id, ClaimPart.number == number)
    )


def _refuse_all(session: Session, batch: ClaimBatch, by: UserId, why: str) -> Iterator[str]:
    rows: Sequence[Claim] = session.scalars(
        select(Claim).where(Claim.batch_id == batch.id, Claim.state.in_(UNDERWAY)).order_by(Claim.id).with_for_update()
    ).all()
    for row in rows:
        enter(session, row, ClaimState.REJECTED, by, why[:200])
        yield f"Claim {row.number}: rejected ({why[:80]})."


def _control(number: str) -> int:
    """A control number of ours; 0, which no file has, for anything else."""
    return int(number) if number.isascii() and number.isdigit() and len(number) <= 9 else 0


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
