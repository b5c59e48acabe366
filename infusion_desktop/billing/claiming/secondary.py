"""Bill the next payer: proposed when the first has decided, made with the first one's result, checked before it leaves.

The new claim is not charged again: what the first payer left to the patient moves to it when its file is written.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import func, insert, or_, select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.pharmacy import profile
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.claiming.cob import repeats_lines
from infusion_desktop.billing.life import move, the_claim
from infusion_desktop.billing.money.decisions import standing, standing_decisions
from infusion_desktop.billing.money.money_tables import PayerDecision
from infusion_desktop.billing.money.receivables import NewEntry, line_balances, post
from infusion_desktop.billing.money.replaced import FROM_REPLACED, TO_STANDING
from infusion_desktop.billing.months.claim_rows import Row, line_rows
from infusion_desktop.billing.months.counting import CoveredPeriod, counted, the_contract
from infusion_desktop.billing.months.month_facts import month_facts
from infusion_desktop.billing.rules.checks.facts import Finding, Where
from infusion_desktop.billing.rules.checks.sending import filed_by, has_filing_limit
from infusion_desktop.billing.tables import Claim, ClaimLine, LedgerEntry
from infusion_desktop.billing.terms.authorizations import authorizations, for_engine
from infusion_desktop.billing.terms.contracts import rules_on
from infusion_desktop.billing.words import Account, ClaimId, ClaimState, EntryKind, Frequency
from infusion_desktop.database.counters import next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, now_utc, show_day
from infusion_desktop.edi.remittance_data import FORWARDED_STATUSES
from infusion_desktop.errors import NotAllowed, Refused, Warned, warn_unless
from infusion_desktop.money import ZERO
from infusion_desktop.patients.tables import Coverage, Patient, Payer
from infusion_desktop.patients.words import CoverageId, PatientId, PayerId, PayerKind, Rank

_NEXT = {Rank.PRIMARY: Rank.SECONDARY, Rank.SECONDARY: Rank.TERTIARY}
_AT_ONCE = 500
_DECIDED = (ClaimState.PAID, ClaimState.PART_PAID, ClaimState.CLOSED)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A share that the next payer may owe; ``forwarded`` when the first payer has sent the claim on itself."""

    claim_id: ClaimId
    claim: str
    patient: str
    payer: str
    next_payer: str
    coverage_id: CoverageId
    period: Days
    share: Decimal
    decided_on: date
    forwarded: bool


def proposals(session: Session, claim: ClaimId | None = None) -> tuple[Proposal, ...]:
    """Claims whose share a next coverage of the patient may pay and that were not billed to it yet."""
    mine, following = aliased(Coverage), aliased(Coverage)
    payer, next_payer = aliased(Payer), aliased(Payer)
    later = aliased(Claim)
    share = (
        select(LedgerEntry.claim_id, func.sum(LedgerEntry.amount).label("owed"))
        .where(LedgerEntry.account == Account.PATIENT)
        .group_by(LedgerEntry.claim_id)
        .subquery()
    )
    stands = later.state != ClaimState.VOIDED
    billed = select(later.id).where((later.primary_id == Claim.id) | (later.replaces_id == Claim.id), stands)
    wanted = (
        select(Claim, Patient, payer.name, next_payer.name, following.id, following.rank, mine.rank, share.c.owed)
        .join(share, share.c.claim_id == Claim.id)
        .join(Patient, Patient.id == Claim.patient_id)
        .join(mine, mine.id == Claim.coverage_id)
        .join(payer, payer.id == Claim.payer_id)
        .join(following, following.patient_id == Claim.patient_id)
        .join(next_payer, next_payer.id == following.payer_id)
        .where(Claim.state.in_(_DECIDED), Claim.frequency != Frequency.VOID, share.c.owed > ZERO, ~billed.exists())
        .where(following.starts_on <= Claim.period_last, following.payer_id != Claim.payer_id)
        .where(or_(following.ends_on.is_(None), following.ends_on >= Claim.period_first))
        .order_by(Claim.period_first, Claim.id)
    )
    if claim is not None:
        wanted = wanted.where(Claim.id == claim)
    rows = [row for row in session.execute(wanted).all() if _NEXT.get(row[6]) is row[5]]
    decided = _newest_decisions(session, [row[0].id for row in rows])
    found = []
    for row, patient, name, next_name, coverage, _, _, owed in rows:
        decision = decided.get(row.id)
        if decision is None:
            continue
        found.append(
            Proposal(
                ClaimId(row.id), row.number, f"{patient.last_name}, {patient.first_name}", name, next_name,
                CoverageId(coverage), Days(row.period_first, row.period_last), owed, decision.decided_on,
                decision.status in FORWARDED_STATUSES,
            )
        )  # fmt: skip
    return tuple(found)


def _newest_decisions(session: Session, claims: Sequence[int]) -> dict[int, PayerDecision]:
    """The newest standing decision of each claim."""
    found: dict[int, PayerDecision] = {}
    for start in range(0, len(claims), _AT_ONCE):
        rows = session.scalars(standing().where(PayerDecision.claim_id.in_(claims[start : start + _AT_ONCE])))
        found |= {each.claim_id: each for each in rows}
    return found


def standing_decision(session: Session, claim: ClaimId) -> PayerDecision | None:
    """The newest decision on a claim that was not taken back; None when there is none."""
    return next(reversed(standing_decisions(session, claim)), None)


def make_secondary(database: Database, claim: ClaimId, by: UserId, override: str = "") -> ClaimId:
    """Draft the claim to the next payer with the lines of the one that was decided; Warned when it was forwarded."""
    with database.transaction() as session:
        authorize(session, by, Permission.CLAIM)
        kept = the_claim(session, claim)
        offered = proposals(session, claim)
        if not offered:
            raise Refused(
                f"Claim {kept.number} leaves nothing that a next payer could owe, was billed to it already, or is "
                "being replaced."
            )
        first = offered[0]
        forwarded = f"{first.payer} has forwarded claim {kept.number} to the next payer itself. Wait some weeks first."
        warn_unless(override, [forwarded] if first.forwarded else [])
        coverage = session.get_one(Coverage, first.coverage_id)
        number = f"C{next_number(session, 'claim'):07d}"
        shares = line_balances(session, claim, Account.PATIENT)
        share = sum(shares.values(), ZERO)
        own = None if _repeats(session, kept, coverage) else _own_lines(session, kept, coverage, share)
        values = {
            "number": number, "patient_id": kept.patient_id, "coverage_id": first.coverage_id,
            "payer_id": coverage.payer_id, "state": ClaimState.DRAFT, "frequency": Frequency.ORIGINAL,
            "primary_id": claim, "payer_control_number": "", "period_first": kept.period_first,
            "period_last": kept.period_last, "diagnoses": kept.diagnoses,
            "charge": kept.charge if own is None else sum((row["charge"] for row in own), ZERO),
            "expected": share, "missing": "[]", "days": kept.days, "made_at": now_utc(), "version": 1,
        }  # fmt: skip
        added = ClaimId(session.execute(insert(Claim).values(**values).returning(Claim.id)).scalar_one())
        if own is None:
            copy_lines(session, claim, added, shares)
        else:
            session.execute(insert(ClaimLine), [{"claim_id": added, **row} for row in own])
        move(session, added, ClaimState.DRAFT, by, f"after claim {kept.number}")
        record(
            session, by, "make secondary", "claim", added, patient_id=kept.patient_id,
            after={"number": number, "after": kept.number, "share": share}, reason=override,
        )  # fmt: skip
    return added


def draft_for_next_payers(
    database: Database, claims: Sequence[ClaimId], by: UserId, override: str = ""
) -> tuple[tuple[ClaimId, ...], tuple[str, ...]]:
    """Draft each claim to its next payer: those made, and why others were refused or wait.

    One alone is refused or warned about as `make_secondary` does; Refused too where none of several is made.
    """
    if len(claims) == 1:
        return (make_secondary(database, claims[0], by, override),), ()
    made, refused = [], list[str]()
    for claim in claims:
        try:
            made.append(make_secondary(database, claim, by))
        except NotAllowed:
            raise
        except Refused as no:
            refused += no.reasons
        except Warned as asked:
            refused += asked.warnings
    if not made:
        raise Refused(*refused)
    return tuple(made), tuple(refused)


def _repeats(session: Session, before: Claim, coverage: Coverage) -> bool:
    """Whether the next payer takes the codes of the claim before; one without rules does."""
    try:
        rules = rules_on(session, PayerId(coverage.payer_id), before.period_first).rules
    except Refused:
        return True
    kind = session.get_one(Payer, before.payer_id).kind
    return rules.repeats_codes_of(medicare=kind is PayerKind.MEDICARE_B)


def _own_lines(session: Session, before: Claim, coverage: Coverage, share: Decimal) -> list[Row]:
    """The period counted by the next payer's own contract; what its lines expect together is the share."""
    patient, payer = PatientId(before.patient_id), PayerId(coverage.payer_id)
    contract = the_contract(session, payer)
    period = Days(before.period_first, before.period_last)
    uses = authorizations(session, patient, payer)
    covered = CoveredPeriod(CoverageId(coverage.id), payer, contract.payer, period)
    month = counted(month_facts(session, patient, period), covered, contract, for_engine(uses))
    rows = line_rows(month, {(use.allowed.number, use.allowed.code): int(use.id) for use in uses})
    if not rows:
        raise Refused(f"{contract.payer} takes its own codes, and by its contract nothing of this period is billed.")
    for row in rows:
        row["expected"] = min(row["expected"], share)
        share -= row["expected"]
    rows[-1]["expected"] += share
    return rows


def copy_lines(
    session: Session, source: ClaimId, target: ClaimId, shares: dict[int | None, Decimal] | None = None
) -> None:
    """Give a claim the lines of another; with ``shares`` (to the next payer) each line expects only what is left of it.

    The first payer's authorization is not shown to the next one as if that had given it.
    """
    columns = [column for column in ClaimLine.__table__.c if column.name != "claim_id"]
    rows = session.execute(select(*columns).where(ClaimLine.claim_id == source).order_by(ClaimLine.position))
    copies = []
    for row in rows:
        copy = dict(row._mapping) | {"claim_id": target}
        line = copy.pop("id")
        if shares is not None:
            copy |= {"expected": max(shares.get(line, ZERO), ZERO), "authorization_id": None}
        copies.append(copy)
    session.execute(insert(ClaimLine), copies)


def move_share(session: Session, kept: Claim, on: date, by: UserId) -> None:
    """The claim to the next payer leaves: what the patient owes on the claim before moves to it, line by line."""
    if kept.primary_id is None:
        return
    first = ClaimId(kept.primary_id)
    same = repeats_lines(session, kept)
    places = dict(_positions(session, ClaimId(kept.id)))
    lines = dict(_lines(session, first))
    entries, share = [], ZERO
    for line, owed in line_balances(session, first, Account.PATIENT).items():
        if owed <= ZERO:
            continue
        share += owed
        entries.append(NewEntry(first, EntryKind.TRANSFER, -owed, line, Account.PATIENT, note="to the next payer"))
        if same:
            target = places.get(lines[line]) if line is not None else None
            entries.append(_taken_over(kept, owed, target))
    if not same:
        entries += _spread(session, kept, share)
    post(session, entries, on, by)


def _taken_over(kept: Claim, owed: Decimal, line: int | None) -> NewEntry:
    return NewEntry(ClaimId(kept.id), EntryKind.TRANSFER, owed, line, note="from the payer before")


def _spread(session: Session, kept: Claim, share: Decimal) -> Iterator[NewEntry]:
    """The share on lines of the payer's own: as much on each as it expects, the rest on the last."""
    rows = session.execute(
        select(ClaimLine.id, ClaimLine.expected).where(ClaimLine.claim_id == kept.id).order_by(ClaimLine.position)
    ).all()
    for place, row in enumerate(rows, start=1):
        part = share if place == len(rows) else min(share, row.expected)
        share -= part
        if part > ZERO:
            yield _taken_over(kept, part, row.id)


def give_share_back(session: Session, kept: Claim, on: date, by: UserId) -> None:
    """The claim to the next payer does not stand any more: what it still owes goes back to the patient's share."""
    _give_back(session, kept, line_balances(session, ClaimId(kept.id), Account.PAYER), on, by)


def give_all_back(session: Session, kept: Claim, on: date, by: UserId) -> None:
    """The next payer's decision is void with the claim: all that was moved to it is the patient's share again.

    What the next payer paid stays there, as a credit.
    """
    moved = session.execute(
        select(LedgerEntry.line_id, func.sum(LedgerEntry.amount))
        .where(LedgerEntry.claim_id == kept.id, LedgerEntry.account == Account.PAYER)
        .where(LedgerEntry.kind == EntryKind.TRANSFER, LedgerEntry.decision_id.is_(None))
        .where(LedgerEntry.note.not_in((TO_STANDING, FROM_REPLACED)))
        .group_by(LedgerEntry.line_id)
    )
    _give_back(session, kept, {line: amount for line, amount in moved}, on, by)  # noqa: C416


def _give_back(session: Session, kept: Claim, amounts: Mapping[int | None, Decimal], on: date, by: UserId) -> None:
    if kept.primary_id is None:
        return
    first = ClaimId(kept.primary_id)
    places = dict(_positions(session, first)) if repeats_lines(session, kept) else {}
    lines = dict(_lines(session, ClaimId(kept.id)))
    entries = []
    for line, owed in amounts.items():
        if owed <= ZERO:
            continue
        target = places.get(lines[line]) if line is not None else None
        entries.append(NewEntry(ClaimId(kept.id), EntryKind.TRANSFER, -owed, line, note="back from the next payer"))
        entries.append(NewEntry(first, EntryKind.TRANSFER, owed, target, Account.PATIENT, note="back"))
    post(session, entries, on, by)


def findings(session: Session, kept: Claim, day: date) -> list[Finding]:
    """What stops a claim to the next payer, or should be looked at."""
    return [Finding(*each) for each in _found(session, kept, day)]


def _found(session: Session, kept: Claim, day: date) -> Iterator[tuple[str, str, Where, bool]]:
    from infusion_desktop.billing.claiming.claim_files import for_file, parts_for_file
    from infusion_desktop.edi.claim_checks import claim_reasons

    first = ClaimId(kept.primary_id or 0)
    decision = standing_decision(session, first)
    if decision is None:
        yield (
            "PRIOR_RESULT",
            "The payer before has no standing decision on this claim. Read its remittance.",
            Where.REMITTANCE,
            True,
        )
        return
    if decision.status in FORWARDED_STATUSES:
        yield (
            "FORWARDED",
            "The payer before has sent this claim on itself. Wait, or this becomes a duplicate.",
            Where.REMITTANCE,
            False,
        )
    if (
        kept.frequency is Frequency.ORIGINAL
        and sum(line_balances(session, first, Account.PATIENT).values(), ZERO) <= ZERO
    ):
        yield "NOTHING_LEFT", "The payer before left nothing to pay.", Where.REMITTANCE, True
    coverage = session.get_one(Coverage, kept.coverage_id)
    first_on, last_on = session.execute(
        select(func.min(ClaimLine.first_on), func.max(ClaimLine.last_on)).where(ClaimLine.claim_id == kept.id)
    ).one()
    if coverage.ends_on is not None and coverage.ends_on < last_on:
        told = f"The policy ends on {show_day(coverage.ends_on)}, before the last service of this claim."
        yield "COVERAGE_DAYS", told, Where.COVERAGE, True
    if coverage.starts_on > first_on:
        told = f"The policy begins on {show_day(coverage.starts_on)}, after the first service of this claim."
        yield "COVERAGE_DAYS", told, Where.COVERAGE, True
    if profile(session) is None:
        yield "NO_PROFILE", "The pharmacy's own name and numbers are missing.", Where.PHARMACY, True
        return
    try:
        rules = rules_on(session, PayerId(kept.payer_id), kept.period_first).rules
        is_late = has_filing_limit(rules) and day > filed_by(decision.decided_on, rules)
        if is_late and kept.frequency is Frequency.ORIGINAL and not kept.delay_reason:
            yield (
                "LATE",
                f"It had to be filed within {rules.filing_days} days of the first payer's result. On the claim, "
                "Correct: say why it comes late, or void it.",
                Where.CLAIM,
                True,
            )
    except Refused:
        pass  # A next payer needs no per-diem rules: it pays by the first one's result.
    on_paper = not repeats_lines(session, kept)
    if on_paper:
        yield (
            "ON_PAPER",
            "This payer takes its own codes, which the first payer's result cannot be told by. Print the CMS-1500 and "
            "send that payer's explanation of benefits with it.",
            Where.CLAIM,
            False,
        )
    try:
        parts = (for_file(session, kept),) if on_paper else parts_for_file(session, kept, keep=False)
        reasons = [each for part in parts for each in claim_reasons(part, on_paper=on_paper)]
    except Refused as no:
        reasons = list(no.reasons)
    for reason in reasons:
        yield "FILE", reason.partition(": ")[2] or reason, Where.CLAIM, True


def _positions(session: Session, claim: ClaimId) -> Iterator[tuple[int, int]]:
    rows = session.execute(select(ClaimLine.position, ClaimLine.id).where(ClaimLine.claim_id == claim))
    return ((row.position, row.id) for row in rows)


def _lines(session: Session, claim: ClaimId) -> Iterator[tuple[int, int]]:
    return ((line, position) for position, line in _positions(session, claim))
