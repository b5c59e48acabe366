"""Bill a month: every patient with a therapy in it is counted, checked, and what is ready goes into files by payer."""

from collections import defaultdict
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select
from sqlalchemy.orm import Session

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.claiming.checking import check
from infusion_desktop.billing.claiming.claims import Route, write_file
from infusion_desktop.billing.counted_once import counts_once
from infusion_desktop.billing.months.charging import make_claim
from infusion_desktop.billing.months.counting import covered_periods_of_many
from infusion_desktop.billing.months.scope import parts_of
from infusion_desktop.billing.months.withdrawn import AFTER_ALL, withdrawn
from infusion_desktop.billing.rules.rule_set import ClaimForm
from infusion_desktop.billing.runs.month_chunk import Billed, Work, bill_together
from infusion_desktop.billing.tables import Claim
from infusion_desktop.billing.terms.contracts import payer_name, rules_on
from infusion_desktop.billing.words import ClaimId, ClaimState
from infusion_desktop.database.engine import Database
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.dates import Days, today
from infusion_desktop.errors import NotAllowed, Refused
from infusion_desktop.patients.tables import Patient, Payer, Therapy
from infusion_desktop.patients.words import CoverageId, PatientId, PayerId
from infusion_desktop.progress import Progress

TOGETHER = 400
"""Patients counted in one transaction: enough to read their facts together, few enough to hold nobody up for long."""
MOST_IN_A_FILE = 2_000
"""Claims in one file; payers take at most 5,000 in a transaction set (X12 005010X222 front matter)."""
_READ_AT_ONCE = 500
_NAMED = 5
"""Claims that are told by their numbers; of more, how many."""


Ready = dict[tuple[PayerId, date], list[ClaimId]]
"""Claims that may leave, by payer and the first day of their period, whose rules say in which form."""


@dataclass(frozen=True, slots=True)
class MonthRun:
    """What a run did: the files by name, a sentence for each claim, and one for each patient or claim that must wait.

    Patients are named by their number only. ``on_paper`` says which ready claims leave otherwise than in a file, as
    ``done`` does.
    """

    files: tuple[tuple[str, str], ...]
    done: tuple[str, ...]
    refused: tuple[str, ...]
    claims: tuple[ClaimId, ...]
    on_paper: tuple[str, ...] = ()


def run_month(
    database: Database,
    month: Days,
    by: UserId,
    payer: str = "",
    *,
    send: bool = True,
    route: Route | None = None,
    files: list[tuple[str, str]] | None = None,
    on: date | None = None,
) -> Generator[Progress, None, MonthRun]:
    """Count, check and, with ``send``, write the files of a month; new claims are made some hundreds at a time.

    What cannot be billed is told and does not stop the others; what somebody withdrew is told and left alone. Run
    again, it changes only what has changed. Each file
    is put into ``files`` as soon as it is written: whoever stops the run half way has those that left before. Claims
    are checked, and their files dated, as of ``on``, today without one.
    """
    with database.reading() as session:
        authorize(session, by, Permission.CHARGE)
        if send:
            authorize(session, by, Permission.CLAIM)
        _refuse_stranger(session, payer.strip())
        work, refused = _work(session, month, payer)
        gone = withdrawn(session, month)
    done = [f"Patient {each.number}: {gone[key]} {AFTER_ALL}" for each in work if (key := _key(each)) in gone]
    work = [each for each in work if _key(each) not in gone]
    claims: list[ClaimId] = []
    ready: Ready = defaultdict(list)
    for place in range(0, len(work), TOGETHER):
        yield Progress(place, len(work), f"{place} of {len(work)} patients")
        billed = bill_together(database, work[place : place + TOGETHER], by, on or today())
        for each in billed:
            for claim, state in _told(database, each, by, on, done, refused):
                claims.append(claim)
                if state is ClaimState.READY:
                    ready[each.work.covered.payer_id, each.work.covered.period.first].append(claim)
            if each.later:
                yield Progress(place, len(work), each.work.number)
    on_paper = _left_for_paper(database, ready) if send else []
    done += on_paper
    files = [] if files is None else files
    at = None if on is None else datetime.combine(on, time(12), UTC)
    batches = (
        []
        if not send
        else [
            several[first : first + MOST_IN_A_FILE]
            for several in _by_payer(ready)
            for first in range(0, len(several), MOST_IN_A_FILE)
        ]
    )
    for place, batch in enumerate(batches):
        yield Progress(len(work), len(work) + len(batches) - place, f"File {place + 1} of {len(batches)}")
        try:
            written = write_file(database, batch, by, route, at=at)
        except NotAllowed:
            raise
        except Refused as no:
            refused += no.reasons
            continue
        files.append((written.name, written.text))
        done += written.notices
    yield Progress(len(work), len(work))
    return MonthRun(tuple(files), tuple(done), tuple(refused), tuple(claims), tuple(on_paper))


def _refuse_stranger(session: Session, payer: str) -> None:
    """A payer's name that nobody has would bill nothing and say nothing."""
    named = select(Payer.id).where(func.lower(Payer.name) == payer.lower()).limit(1)
    if payer and session.scalar(named) is None:
        names = ", ".join(session.scalars(select(Payer.name).order_by(Payer.name).limit(_NAMED)))
        raise Refused(f"No payer is called “{payer}”. Type its name as under Payers, such as {names}.")


def _key(work: Work) -> tuple[PatientId, CoverageId]:
    return work.patient_id, work.covered.coverage_id


def _by_payer(ready: Ready) -> list[list[ClaimId]]:
    found: dict[PayerId, list[ClaimId]] = defaultdict(list)
    for (payer, _), claims in ready.items():
        found[payer] += claims
    return [sorted(claims) for claims in found.values()]


def _left_for_paper(database: Database, ready: Ready) -> list[str]:
    """Take the claims out of ``ready`` whose payers want paper, and say where they leave."""
    told = []
    with database.reading() as session:
        for (payer, first), claims in list(ready.items()):
            form = rules_on(session, payer, first).rules.claim_form
            if form is ClaimForm.X12_837P:
                continue
            del ready[payer, first]
            numbers = session.scalars(select(Claim.number).where(Claim.id.in_(claims)).order_by(Claim.id)).all()
            who = payer_name(session, payer)
            which = ", ".join(numbers) if len(numbers) <= _NAMED else f"{len(numbers)} claims"
            told.append(
                f"{who} takes paper: {which} are ready to print. Claims, Print as CMS-1500."
                if form is ClaimForm.CMS_1500
                else f"{who}: {which} are ready for the patients' statements. Claims, Bill the patients."
            )
    return told


def _checked(database: Database, claim: ClaimId, by: UserId, on: date | None) -> tuple[ClaimState, list[str]]:
    with database.reading() as session:
        kept = session.get_one(Claim, claim)
        number, state, charge = kept.number, kept.state, kept.charge
    if state not in (ClaimState.DRAFT, ClaimState.READY):
        return state, [f"Claim {number} is {state.value} already."]
    stopping = [each.sentence for each in check(database, claim, by, on=on) if each.stops]
    if stopping:
        return ClaimState.DRAFT, [f"Claim {number}: {sentence}" for sentence in stopping]
    return ClaimState.READY, [f"Claim {number} over {charge} is ready."]


def _told(
    database: Database, billed: Billed, by: UserId, on: date | None, done: list[str], refused: list[str]
) -> list[tuple[ClaimId, ClaimState]]:
    """Put what became of a piece of work where the run tells it; what was left for later is done now."""
    if billed.later:
        return list(_one_by_one(database, billed.work, by, on, done, refused))
    if billed.claim is None or billed.state is None:
        refused += [f"Patient {billed.work.number}: {reason}" for reason in billed.refused]
        return []
    if billed.state is ClaimState.READY:
        done.append(f"Claim {billed.number} over {billed.charge} is ready.")
    else:
        refused += [f"Claim {billed.number}: {sentence}" for sentence in billed.stops]
    return [(billed.claim, billed.state)]


def _one_by_one(
    database: Database, work: Work, by: UserId, on: date | None, done: list[str], refused: list[str]
) -> Iterator[tuple[ClaimId, ClaimState]]:
    """Each claim of the month: the one for all therapies, and those for some that were set apart."""
    with database.reading() as session:
        parts = parts_of(session, work.patient_id, work.covered.coverage_id, work.month)
    for therapies in parts:
        try:
            claim = make_claim(
                database, work.patient_id, work.month, by, work.covered.coverage_id, after_all=False,
                therapies=therapies,
            )  # fmt: skip
            state, told = _checked(database, claim, by, on)
        except NotAllowed:
            raise
        except Refused as no:
            refused += [f"Patient {work.number}: {reason}" for reason in no.reasons]
            continue
        (done if state is not ClaimState.DRAFT else refused).extend(told)
        yield claim, state


def _work(session: Session, month: Days, payer: str) -> tuple[list[Work], list[str]]:
    """The patients with a therapy in the month by covered period, and who cannot be billed at all."""
    rows = _IN_THERAPY.rows(session, {"first": month.first, "last": month.last})
    found: list[Work] = []
    refused: list[str] = []
    unclear: set[PatientId] = set()
    for place in range(0, len(rows), _READ_AT_ONCE):
        part = rows[place : place + _READ_AT_ONCE]
        covered = covered_periods_of_many(session, [PatientId(row.id) for row in part], month)
        for row in part:
            periods = covered.get(PatientId(row.id), ())
            if isinstance(periods, Refused):
                refused += [f"Patient {row.number}: {reason}" for reason in periods.reasons]
                unclear.add(PatientId(row.id))
                continue
            found += [
                Work(PatientId(row.id), row.number, each, month)
                for each in periods
                if payer.strip().lower() in ("", each.payer.lower())
            ]
    known = {(each.patient_id, each.covered.coverage_id) for each in found}
    for row in _BILLED.rows(session, {"first": month.first, "last": month.last}):
        gone = (row.patient_id, row.coverage_id) not in known and row.patient_id not in unclear
        if gone and payer.strip().lower() in ("", row.payer.lower()):
            refused.append(
                f"Patient {row.number}: claim {row.claim} bills {row.payer} for a month in which no therapy runs under "
                "that policy any more. Void the claim, or correct the therapy's or the coverage's days."
            )
    return found, refused


def _in_therapy(_dialect: str) -> Select[*tuple[Any, ...]]:
    return (
        select(Patient.id, Patient.number)
        .join(Therapy, Therapy.patient_id == Patient.id)
        .where(Therapy.starts_on <= bindparam("last"))
        .where(or_(Therapy.stops_on.is_(None), Therapy.stops_on >= bindparam("first")))
        .distinct()
        .order_by(Patient.number)
    )


def _billed(_dialect: str) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Claim.number.label("claim"), Claim.patient_id, Claim.coverage_id, Patient.number, Payer.name.label("payer")
        )
        .join(Patient, Patient.id == Claim.patient_id)
        .join(Payer, Payer.id == Claim.payer_id)
        .where(Claim.period_first.between(bindparam("first"), bindparam("last")), *counts_once())
        .where(*(Claim.state != each for each in (ClaimState.REJECTED, ClaimState.DENIED, ClaimState.CLOSED)))
        .order_by(Claim.id)
    )  # fmt: skip


_IN_THERAPY, _BILLED = Prepared(_in_therapy), Prepared(_billed)
