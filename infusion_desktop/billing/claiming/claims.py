"""Send claims: files with control numbers that are never given twice, replacements and voids."""

import contextlib
import functools
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.pharmacy import Profile, profile
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.claiming.claim_files import for_file, parts_for_file
from infusion_desktop.billing.claiming.claim_form import claim_forms
from infusion_desktop.billing.claiming.given_up import stand_again
from infusion_desktop.billing.claiming.secondary import copy_lines, give_all_back, give_share_back, move_share
from infusion_desktop.billing.life import enter, move, the_claim
from infusion_desktop.billing.money.adjusting import undo_write_offs
from infusion_desktop.billing.money.decisions import refuse_while_next_payer_billed
from infusion_desktop.billing.money.disputes import enter_step
from infusion_desktop.billing.money.money_tables import Dispute
from infusion_desktop.billing.money.receivables import (
    balance_of,
    charged_to_patient,
    post_charges,
    post_own_prices,
    reverse_charges,
)
from infusion_desktop.billing.money.replaced import hand_over, owe_nothing
from infusion_desktop.billing.months.charging import make_claim
from infusion_desktop.billing.months.scope import of_text
from infusion_desktop.billing.months.withdrawn import WITHDRAWN
from infusion_desktop.billing.rules.rule_set import ClaimForm
from infusion_desktop.billing.tables import Claim, ClaimBatch, ClaimEvent
from infusion_desktop.billing.terms.contracts import rules_on
from infusion_desktop.billing.words import Account, BatchId, ClaimId, ClaimState, DisputeState, Frequency
from infusion_desktop.database.counters import next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import local_day, month_of, now_utc
from infusion_desktop.edi import claim_data as edi
from infusion_desktop.edi import claims_837p
from infusion_desktop.edi.claim_checks import claim_reasons
from infusion_desktop.edi.x12_writing import Interchange
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.money import ZERO
from infusion_desktop.patients.tables import Payer
from infusion_desktop.patients.words import CoverageId, PatientId, PayerId

DECIDED = frozenset({ClaimState.ACCEPTED, ClaimState.PAID, ClaimState.PART_PAID, ClaimState.DENIED, ClaimState.CLOSED})
"""The payer has the claim under a number of its own: only a replacement or a void changes it."""

_OURS = frozenset({ClaimState.DRAFT, ClaimState.READY, ClaimState.REJECTED})
"""The payer has nothing of it: it is closed here."""


@dataclass(frozen=True, slots=True)
class Route:
    """How a file travels; what is left empty is the pharmacy's NPI as sender and the payer as receiver."""

    sender_id: str = ""
    receiver_id: str = ""
    receiver_name: str = ""
    test: bool = False


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A claim file as text, ready to be kept under ``name`` and sent."""

    batch_id: BatchId
    name: str
    text: str
    claims: tuple[ClaimId, ...]
    charge: Decimal
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PrintedClaims:
    """Claims that leave on paper, to be printed on pre-printed forms and mailed."""

    batch_id: BatchId
    name: str
    pdf: bytes
    claims: tuple[ClaimId, ...]
    charge: Decimal


def write_file(
    database: Database, claims: Sequence[ClaimId], by: UserId, route: Route | None = None, *, at: datetime | None = None
) -> WrittenFile:
    """Batch ready claims of one payer into a file and charge them; all of them or none.

    Refused naming each claim that is not ready, is another payer's, or cannot be written, with its reason.
    """
    when = at or now_utc()
    with database.transaction() as session:
        authorize(session, by, Permission.CLAIM)
        rows = ready_claims(session, claims)
        refuse_if(_statements(session, rows))
        ours = profile(session)
        if ours is None:
            raise Refused("The pharmacy's own name and numbers are missing. Enter them in Office, Pharmacy first.")
        payer = session.get_one(Payer, rows[0].payer_id)
        batch, interchange, group = new_batch(session, payer.id, by)
        heading = _heading(ours, payer, route or Route(), batch, interchange, group, when)
        parts = tuple(part for row in rows for part in parts_for_file(session, row))
        written = claims_837p.write(edi.Batch(heading, parts))
        kept = session.get_one(ClaimBatch, batch)
        kept.content = written.text
        kept.file_sha256 = hashlib.sha256(written.text.encode("ascii")).hexdigest()
        for row in rows:
            take_along(session, row, batch, when, by)
        numbers = [row.number for row in rows]
        after = {"interchange": interchange, "group": group, "claims": numbers, "sha256": kept.file_sha256}
        record(session, by, "write file", "claim batch", batch, after=after)
        name = f"837P-{interchange:09d}.txt"
        done = tuple(ClaimId(row.id) for row in rows)
        return WrittenFile(BatchId(batch), name, written.text, done, written.charge, written.notices)


def print_claims(
    database: Database,
    claims: Sequence[ClaimId],
    by: UserId,
    right: Decimal = ZERO,
    down: Decimal = ZERO,
    *,
    at: datetime | None = None,
) -> PrintedClaims:
    """Send ready claims of one payer on paper: the CMS-1500's text for pre-printed forms; they are charged and sent.

    Refused as a claim file is, claim by claim, and for claims that would not read as a form.
    """
    when = at or now_utc()
    with database.transaction() as session:
        authorize(session, by, Permission.CLAIM)
        rows = ready_claims(session, claims)
        refuse_if(_statements(session, rows))
        refuse_if(reason for row in rows for reason in claim_reasons(for_file(session, row), on_paper=True))
        pdf = claim_forms(session, [ClaimId(row.id) for row in rows], right, down, proof=False)
        batch, interchange, _ = new_batch(session, rows[0].payer_id, by)
        kept = session.get_one(ClaimBatch, batch)
        numbers = [row.number for row in rows]
        kept.content = f"CMS-1500 on paper: {' '.join(numbers)}"
        kept.acknowledged = "on paper"
        kept.file_sha256 = hashlib.sha256(pdf).hexdigest()
        for row in rows:
            take_along(session, row, batch, when, by)
            row.sent_at = when
            enter(session, row, ClaimState.SENT, by, "on paper")
        after = {"claims": numbers, "sha256": kept.file_sha256}
        record(session, by, "print claims", "claim batch", batch, after=after)
        charge = sum((row.charge for row in rows), ZERO)
    return PrintedClaims(BatchId(batch), f"cms-1500-{interchange:09d}.pdf", pdf, tuple(claims), charge)


def mark_sent(database: Database, batch: BatchId, by: UserId, *, at: datetime | None = None) -> None:
    """Say that a file went to the payer."""
    when = at or now_utc()
    with database.transaction() as session:
        authorize(session, by, Permission.CLAIM)
        waiting = select(Claim).where(Claim.batch_id == batch, Claim.state == ClaimState.BATCHED)
        rows = session.scalars(waiting.with_for_update()).all()
        if not rows:
            raise Refused("No claim of this file waits to be sent.")
        for row in rows:
            row.sent_at = when
            enter(session, row, ClaimState.SENT, by)
        record(session, by, "send", "claim batch", batch, after={"claims": [row.number for row in rows]})


def void_claim(database: Database, claim: ClaimId, by: UserId, reason: str) -> ClaimId:
    """Withdraw a claim: a draft is closed here, one the payer decided on gets a void claim (frequency 8) to be sent.

    Gives the claim that now stands for it: itself, or the void claim, ready to be batched. Where the payer refused a
    replacement or a void, the claim that it was for stands again.
    """
    if not reason.strip():
        raise Refused("Say why the claim is voided.")
    with database.transaction() as session:
        authorize(session, by, Permission.CLAIM)
        kept = the_claim(session, claim)
        refuse_while_next_payer_billed(session, [claim])
        if kept.state in DECIDED and kept.payer_control_number:
            _nothing_waits_after(session, kept)
            void = _copy_of(session, kept, Frequency.VOID, ClaimState.READY, by, f"{WITHDRAWN}{reason.strip()}")
        elif kept.state in _OURS or charged_to_patient(session, claim):
            day, void = local_day(now_utc()), claim
            patients_own = charged_to_patient(session, claim)
            give_share_back(session, kept, day, by)
            reverse_charges(session, claim, day, by, "voided")
            enter(session, kept, ClaimState.VOIDED, by, f"{WITHDRAWN}{reason.strip()}")
            if not patients_own:
                stand_again(session, kept, day, by)
        else:
            raise Refused(
                f"Claim {kept.number} is {kept.state.value} and the payer's own number of it is not known. "
                "Read the payer's answer first."
            )
        record(session, by, "void", "claim", claim, patient_id=kept.patient_id, reason=reason, after={"void": void})
    return void


def ready_claims(session: Session, claims: Sequence[ClaimId], *, of_one_payer: bool = True) -> list[Claim]:
    """The claims, locked; Refused naming each that is not ready or, unless that is no matter, another payer's."""
    rows = [the_claim(session, claim) for claim in sorted(set(claims))]
    if not rows:
        raise Refused("Choose at least one claim.")
    problems = [f"Claim {row.number} is {row.state.value}, not ready." for row in rows if row.state != ClaimState.READY]
    if of_one_payer:
        problems += [f"Claim {row.number} goes to another payer." for row in rows if row.payer_id != rows[0].payer_id]
    if problems:
        raise Refused(*problems)
    return rows


def _statements(session: Session, rows: Sequence[Claim]) -> Iterator[str]:
    """Why claims of self-payers leave neither as a file nor as a form."""
    form = functools.cache(functools.partial(_form, session, PayerId(rows[0].payer_id)))
    for row in rows:
        if row.primary_id is None and form(row.period_first) is ClaimForm.STATEMENT:
            yield f"Claim {row.number}: this patient pays alone and gets a statement. Claims, Bill the patients."


def _form(session: Session, payer: PayerId, day: date) -> ClaimForm:
    try:
        return rules_on(session, payer, day).rules.claim_form
    except Refused:
        return ClaimForm.X12_837P  # A payer without rules is nobody who pays alone.


def new_batch(session: Session, payer: int, by: UserId) -> tuple[int, int, int]:
    """A batch and its control numbers, never given again: the batch, interchange and group."""
    interchange = next_number(session, "interchange control")
    group = next_number(session, "group control")
    values = {
        "payer_id": payer,
        "interchange_control": interchange,
        "group_control": group,
        "made_at": now_utc(),
        "staff_id": by,
    }
    return (
        session.execute(insert(ClaimBatch).values(**values).returning(ClaimBatch.id)).scalar_one(),
        interchange,
        group,
    )


def _heading(
    ours: Profile, payer: Payer, route: Route, batch: int, interchange: int, group: int, when: datetime
) -> edi.Heading:
    sender = route.sender_id or ours.npi
    receiver = route.receiver_id or payer.payer_code
    local = when.astimezone()
    envelope = Interchange(sender, receiver, interchange, group, local.date(), local.time(), route.test)
    address = edi.Address(ours.street, ours.city, ours.state, ours.zip, ours.street_2)
    return edi.Heading(
        envelope,
        f"{group:09d}",
        f"B{batch:08d}",
        edi.Submitter(ours.name, sender, ours.name, ours.phone),
        edi.Receiver(route.receiver_name or payer.name, receiver),
        edi.BillingProvider(ours.name, ours.npi, ours.tax_id, address, ours.taxonomy),
    )


def take_along(
    session: Session, row: Claim, batch: int, when: datetime, by: UserId, account: Account = Account.PAYER
) -> None:
    """The claim is on its way: its charges stand, and those of the claim it replaces or voids no longer do."""
    row.batch_id = batch
    enter(session, row, ClaimState.BATCHED, by, f"file {batch}")
    posted_on = local_day(when)
    if row.frequency is not Frequency.ORIGINAL and row.replaces_id is not None:
        before = the_claim(session, ClaimId(row.replaces_id))
        give_share_back(session, before, posted_on, by)
        reverse_charges(session, ClaimId(before.id), posted_on, by, f"{row.frequency.name.lower()} sent")
        if row.frequency is Frequency.REPLACEMENT:
            undo_write_offs(session, ClaimId(before.id), posted_on, by, "sent again")
        if row.frequency is Frequency.VOID:
            owe_nothing(session, before.number, posted_on, by)
            give_all_back(session, before, posted_on, by)
        is_void = row.frequency is Frequency.VOID
        enter(session, before, ClaimState.VOIDED, by, _reason_of(session, row) if is_void else "replacement sent")
        _corrected(session, before, by)
    if row.frequency is not Frequency.VOID:
        if row.primary_id is None:
            post_charges(session, ClaimId(row.id), posted_on, by, account)
            if account is Account.PATIENT:
                post_own_prices(session, ClaimId(row.id), posted_on, by)
            if row.replaces_id is not None:
                hand_over(session, row.number, posted_on, by, account)
        else:
            move_share(session, row, posted_on, by)
            if row.replaces_id is not None:
                hand_over(session, row.number, posted_on, by)


def _reason_of(session: Session, void: Claim) -> str:
    """Why a claim is voided, as it was said when its void claim was made."""
    made = select(ClaimEvent.note).where(ClaimEvent.claim_id == void.id).order_by(ClaimEvent.id).limit(1)
    return session.scalars(made).one()


def bill_after_all(database: Database, claim: ClaimId, by: UserId) -> ClaimId:
    """Draft the month of a withdrawn claim again: the run that leaves it alone then takes it along as any other."""
    with database.transaction() as session:
        authorize(session, by, Permission.CHARGE)
        kept = the_claim(session, claim)
        if kept.state is not ClaimState.VOIDED:
            raise Refused(f"Claim {kept.number} is {kept.state.value}. Only one that was voided is billed after all.")
        if kept.primary_id is not None:
            raise Refused("This claim went to a next payer: on the first payer's claim, Correct, Bill the next payer.")
        patient, coverage, month = PatientId(kept.patient_id), CoverageId(kept.coverage_id), month_of(kept.period_first)
    return make_claim(database, patient, month, by, coverage)


def _corrected(session: Session, before: Claim, by: UserId) -> None:
    """Denials and underpayments of the claim that was replaced or voided wait for the answer to the new one."""
    waiting = select(Dispute).where(Dispute.claim_id == before.id, Dispute.state == DisputeState.OPEN)
    for dispute in session.scalars(waiting).all():
        enter_step(session, dispute, DisputeState.CORRECTED, by, "corrected claim sent")


def replace_claim(database: Database, claim: ClaimId, by: UserId, reason: str) -> ClaimId:
    """Draft a replacement (frequency 7) of a claim the payer has decided on, counted anew from the patient's month.

    One that was refused before the payer decided is drafted anew as what it was. Where the month gives nothing else,
    the lines are those of the first claim: what changes is what stands behind them (authorization, diagnosis, policy).
    """
    if not reason.strip():
        raise Refused("Say why the claim is replaced.")
    with database.transaction() as session:
        authorize(session, by, Permission.CLAIM)
        kept = the_claim(session, claim)
        decided = kept.state in DECIDED and kept.payer_control_number
        was_refused = kept.state is ClaimState.REJECTED
        if not decided and not was_refused and not charged_to_patient(session, claim):
            raise Refused(
                f"Claim {kept.number} is {kept.state.value}. Only a claim the payer has decided on, under a number of "
                "its own, is replaced, or one that was refused before."
            )
        _nothing_waits_after(session, kept)
        refuse_while_next_payer_billed(session, [claim])
        frequency = Frequency.REPLACEMENT
        if was_refused:
            frequency, day = kept.frequency, local_day(now_utc())
            give_share_back(session, kept, day, by)
            reverse_charges(session, claim, day, by, "refused before adjudication, drafted anew")
            enter(session, kept, ClaimState.VOIDED, by, "refused, drafted anew")
        state = ClaimState.READY if frequency is Frequency.VOID else ClaimState.DRAFT
        note = f"{WITHDRAWN}{reason.strip()}" if frequency is Frequency.VOID else reason.strip()
        added = _copy_of(session, kept, frequency, state, by, note)
        record(session, by, "replace", "claim", claim, patient_id=kept.patient_id, reason=reason, after={"by": added})
        if kept.primary_id is not None or frequency is Frequency.VOID:
            return added
        patient, coverage, month = PatientId(kept.patient_id), CoverageId(kept.coverage_id), month_of(kept.period_first)
        therapies = of_text(kept.therapies)
    with contextlib.suppress(Refused):  # Then the copy stands as it is, to be corrected where its checks say.
        return make_claim(database, patient, month, by, coverage, therapies=therapies)
    return added


def _nothing_waits_after(session: Session, kept: Claim) -> None:
    """Refused while a replacement or void of the claim is not sent yet: the payer would get both."""
    newer = select(Claim.id).where(Claim.replaces_id == kept.id, Claim.state.in_((ClaimState.DRAFT, ClaimState.READY)))
    if session.scalar(newer.limit(1)) is not None:
        raise Refused(f"Claim {kept.number} has a replacement or void waiting already. Send or void that one.")


def _copy_of(session: Session, kept: Claim, frequency: Frequency, state: ClaimState, by: UserId, note: str) -> ClaimId:
    copied = ("number", "patient_id", "coverage_id", "payer_id", "payer_control_number", "period_first",
              "period_last", "diagnoses", "charge", "counts_from", "therapies", "days", "primary_id")  # fmt: skip
    values = {name: getattr(kept, name) for name in copied}
    expected = ZERO if frequency is Frequency.VOID else kept.expected
    if frequency is Frequency.ORIGINAL:
        values |= {"payer_control_number": "", "delay_reason": kept.delay_reason}
    values |= {"state": state, "frequency": frequency, "replaces_id": kept.id, "expected": expected}
    values |= {"missing": "[]", "made_at": now_utc(), "version": 1}
    added = ClaimId(session.execute(insert(Claim).values(**values).returning(Claim.id)).scalar_one())
    copy_lines(session, ClaimId(kept.id), added)
    move(session, added, state, by, note)
    return added


def owed(session: Session, claim: ClaimId) -> Decimal:
    """What is still owed on a claim by payer and patient together."""
    return balance_of(session, claim)
