"""Make a patient's month into a claim: the same month gives the same claim, a changed one a new draft of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.life import move
from infusion_desktop.billing.money.receivables import charged_to_patient, reverse_charges
from infusion_desktop.billing.months.claim_rows import Row, days_json, line_rows
from infusion_desktop.billing.months.counting import CoveredPeriod, count_month, the_covered_period
from infusion_desktop.billing.months.scope import WHOLE, Scope, as_text, scope_of, scope_of_month
from infusion_desktop.billing.months.withdrawn import withdrawn_correction
from infusion_desktop.billing.rules.counted import MonthCounted
from infusion_desktop.billing.tables import Authorization, Claim, ClaimLine
from infusion_desktop.billing.words import ClaimId, ClaimState, Frequency
from infusion_desktop.database.counters import next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, month_of, now_utc, show_days, today
from infusion_desktop.errors import Refused
from infusion_desktop.patients.tables import Episode, Patient, Therapy
from infusion_desktop.patients.words import CoverageId, PatientId, PayerId

EDITABLE = frozenset({ClaimState.DRAFT, ClaimState.READY})
ON_ITS_WAY = frozenset({ClaimState.BATCHED, ClaimState.SENT})


def make_claim(
    database: Database,
    patient: PatientId,
    month: Days,
    by: UserId,
    coverage: CoverageId | None = None,
    *,
    after_all: bool = True,
    therapies: frozenset[int] = WHOLE,
) -> ClaimId:
    """The claim of a patient's month at the primary payer; run again, it is the same claim.

    When the month has changed since: a draft is counted anew, a claim the payer refused is drafted anew as an original,
    one the payer has decided on is drafted as its replacement. ``therapies`` are those of a claim of their own
    (`set_apart`); without any it is the claim for all others. Refused when nothing is to be billed, or when the claim
    is on its way and unanswered. Not ``after_all``: refused too when just this correction was withdrawn.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.CHARGE)
        _one_at_a_time(session, patient)
        covered = the_covered_period(session, patient, month, coverage)
        newest = _newest(session, patient, covered, month, therapies)
        late = None if newest is None else newest.counts_from
        scope = scope_of_month(session, patient, covered.coverage_id, month, therapies, late)
        counted = count_month(session, patient, month, covered.coverage_id, scope=scope)
        rows = _rows(session, counted)
        if newest is None:
            return _add(session, covered, counted, rows, by, scope)
        is_ours = newest.state in EDITABLE
        kept = Days(newest.period_first, newest.period_last), newest.diagnoses
        stands = not is_ours or kept == (covered.period, _diagnoses(session, counted))
        if stands and _kept_lines(session, newest.id) == rows:
            return ClaimId(newest.id)
        if is_ours:
            return _count_anew(session, newest, counted, rows, by)
        if not rows:
            raise Refused(
                f"Nothing of claim {newest.number} is left to bill. Void it, so that the payer takes it back."
            )
        gone = None if after_all else withdrawn_correction(session, newest)
        if gone is not None and _kept_lines(session, gone.claim_id) == rows:
            raise Refused(f"{gone} To send this correction after all, open claim {newest.number}: Correct, Replace it.")
        return _add_after(session, newest, covered, counted, rows, by, scope)


def count_from(session: Session, claim: Claim, first: date | None, by: UserId) -> None:
    """Count a draft anew without what was too late to file before ``first``; None: with all of it."""
    claim.counts_from = first
    _count_again(session, claim, replace(_scope(session, claim), counts_from=first), by)


def set_apart(session: Session, claim: Claim, therapies: frozenset[int], by: UserId) -> ClaimId:
    """Give some therapies of a draft a claim of their own for the month; the draft keeps all the others."""
    patient, coverage = PatientId(claim.patient_id), CoverageId(claim.coverage_id)
    _one_at_a_time(session, patient)
    month, was = month_of(claim.period_first), _scope(session, claim)
    apart = replace(was, only=therapies, without=WHOLE)
    covered = the_covered_period(session, patient, month, coverage)
    counted = count_month(session, patient, month, coverage, scope=apart)
    added = _add(session, covered, counted, _rows(session, counted), by, apart)
    without = was.without if was.only else was.without | therapies
    rest = replace(was, only=was.only - therapies, without=without, beside=(*was.beside, added))
    claim.therapies = as_text(rest.only)
    _count_again(session, claim, rest, by)
    return added


def _count_again(session: Session, claim: Claim, scope: Scope, by: UserId) -> None:
    counted = count_month(
        session, PatientId(claim.patient_id), month_of(claim.period_first), CoverageId(claim.coverage_id), scope=scope
    )
    _count_anew(session, claim, counted, _rows(session, counted), by)


def _scope(session: Session, claim: Claim) -> Scope:
    return scope_of(session, ClaimId(claim.id))


def _one_at_a_time(session: Session, patient: PatientId) -> None:
    """Two billers counting one patient wait for each other: neither a month nor an authorized unit is taken twice."""
    if session.scalar(select(Patient.id).where(Patient.id == patient).with_for_update()) is None:
        raise Refused("This patient is not known. Choose the patient again.")


def _newest(
    session: Session, patient: PatientId, covered: CoveredPeriod, month: Days, therapies: frozenset[int]
) -> Claim | None:
    """The newest submission for this patient, policy, month and therapies that was not voided by a void claim.

    The policy's days in the month may have been others when it was made.
    """
    return session.scalar(
        select(Claim)
        .where(
            Claim.patient_id == patient,
            Claim.coverage_id == covered.coverage_id,
            Claim.period_first.between(month.first, month.last),
            Claim.primary_id.is_(None),
            Claim.therapies == as_text(therapies),
            Claim.state != ClaimState.VOIDED,
            Claim.frequency != Frequency.VOID,
        )
        .order_by(Claim.id.desc())
        .limit(1)
        .with_for_update()
    )


def _add(
    session: Session,
    covered: CoveredPeriod,
    counted: MonthCounted,
    rows: list[Row],
    by: UserId,
    scope: Scope,
    after: Claim | None = None,
    frequency: Frequency = Frequency.ORIGINAL,
) -> ClaimId:
    if not rows:
        raise Refused(f"Nothing is to be billed to {covered.payer} for {show_days(covered.period)}.")
    number = f"C{next_number(session, 'claim'):07d}" if after is None else after.number
    values = {
        "number": number,
        "patient_id": counted.patient_id,
        "coverage_id": covered.coverage_id,
        "payer_id": covered.payer_id,
        "state": ClaimState.DRAFT,
        "frequency": frequency,
        "replaces_id": None if after is None else after.id,
        "payer_control_number": after.payer_control_number if after and frequency is not Frequency.ORIGINAL else "",
        "period_first": covered.period.first,
        "period_last": covered.period.last,
        "diagnoses": _diagnoses(session, counted),
        "charge": counted.charge,
        "expected": counted.expected,
        "counts_from": scope.counts_from,
        "therapies": as_text(scope.only),
        "missing": "[]",
        "days": days_json(counted),
        "made_at": now_utc(),
        "sent_at": None,
        "batch_id": None,
        "version": 1,
    }
    claim = ClaimId(session.execute(insert(Claim).values(**values).returning(Claim.id)).scalar_one())
    _add_lines(session, claim, rows)
    note = {Frequency.ORIGINAL: "counted", Frequency.REPLACEMENT: "replacement counted"}.get(frequency, "void")
    move(session, claim, ClaimState.DRAFT, by, note)
    _record(session, by, "make", claim, counted, number)
    return claim


def _add_after(
    session: Session,
    newest: Claim,
    covered: CoveredPeriod,
    counted: MonthCounted,
    rows: list[Row],
    by: UserId,
    scope: Scope,
) -> ClaimId:
    if charged_to_patient(session, ClaimId(newest.id)):
        return _add(session, covered, counted, rows, by, scope, after=newest, frequency=Frequency.REPLACEMENT)
    if newest.state in ON_ITS_WAY:
        raise Refused(
            f"Claim {newest.number} is on its way to {covered.payer} and the month has changed. "
            "Wait for the payer's answer, then count the month again."
        )
    if newest.state is ClaimState.REJECTED:
        reverse_charges(session, ClaimId(newest.id), today(), by, "refused before adjudication, drafted anew")
        newest.state = ClaimState.VOIDED
        session.flush()
        move(session, ClaimId(newest.id), ClaimState.VOIDED, by, "refused, drafted anew")
        return _add(session, covered, counted, rows, by, scope, after=newest, frequency=newest.frequency)
    if not newest.payer_control_number:
        raise Refused(
            f"The payer's own number of claim {newest.number} is not known yet. "
            "Read the payer's answer first: a replacement must name it."
        )
    return _add(session, covered, counted, rows, by, scope, after=newest, frequency=Frequency.REPLACEMENT)


def _count_anew(session: Session, claim: Claim, counted: MonthCounted, rows: list[Row], by: UserId) -> ClaimId:
    before = {"charge": claim.charge, "expected": claim.expected, "state": claim.state}
    if not rows:
        raise Refused(f"Nothing of claim {claim.number} is left to bill. Void the draft.")
    session.execute(delete(ClaimLine).where(ClaimLine.claim_id == claim.id))
    _add_lines(session, ClaimId(claim.id), rows)
    claim.period_first, claim.period_last = counted.period.first, counted.period.last
    claim.charge, claim.expected = counted.charge, counted.expected
    claim.diagnoses, claim.days, claim.missing = _diagnoses(session, counted), days_json(counted), "[]"
    claim.state = ClaimState.DRAFT
    session.flush()
    move(session, ClaimId(claim.id), ClaimState.DRAFT, by, "counted anew")
    _record(session, by, "count anew", ClaimId(claim.id), counted, claim.number, before)
    return ClaimId(claim.id)


def _record(
    session: Session,
    by: UserId,
    action: str,
    claim: ClaimId,
    counted: MonthCounted,
    number: str,
    before: Mapping[str, object] | None = None,
) -> None:
    after = {
        "number": number,
        "payer": counted.payer_id,
        "first": counted.period.first,
        "last": counted.period.last,
        "lines": len(counted.lines),
        "charge": counted.charge,
        "expected": counted.expected,
        "rules": counted.rules,
    }
    record(session, by, action, "claim", claim, patient_id=counted.patient_id, before=before, after=after)


def _add_lines(session: Session, claim: ClaimId, rows: Sequence[Row]) -> None:
    session.execute(insert(ClaimLine), [{"claim_id": claim, **row} for row in rows])


def _rows(session: Session, counted: MonthCounted) -> list[Row]:
    return line_rows(counted, _authorization_ids(session, counted.patient_id, counted.payer_id))


def _kept_lines(session: Session, claim: int) -> list[Row]:
    table = ClaimLine.__table__.c
    wanted = [column for column in table if column.name not in ("id", "claim_id")]
    rows = session.execute(select(*wanted).where(table.claim_id == claim).order_by(table.position))
    return [dict(row._mapping) for row in rows]


def _authorization_ids(session: Session, patient: PatientId, payer: PayerId) -> dict[tuple[str, str], int]:
    rows = session.execute(
        select(Authorization.number, Authorization.code, Authorization.id)
        .where(Authorization.patient_id == patient, Authorization.payer_id == payer, Authorization.ended_at.is_(None))
        .order_by(Authorization.id)
    )
    return {(row.number, row.code): row.id for row in rows}


def _diagnoses(session: Session, counted: MonthCounted) -> str:
    return diagnoses_of(session, {line.therapy_id for line in counted.lines if line.therapy_id is not None})


def diagnoses_of(session: Session, therapies: Collection[int]) -> str:
    """The diagnoses of the episodes whose therapies are billed, principal first, at most twelve (X12 HI)."""
    rows = session.scalars(
        select(Episode.diagnoses)
        .join(Therapy, Therapy.episode_id == Episode.id)
        .where(Therapy.id.in_(therapies))
        .order_by(Therapy.starts_on, Therapy.id)
    )
    codes = dict.fromkeys(code for diagnoses in rows for code in diagnoses.split())
    return " ".join(list(codes)[:12])
