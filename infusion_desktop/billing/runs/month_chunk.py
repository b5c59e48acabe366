"""Some patients' months counted, made and checked in one transaction: what a month run does for each hundred of them.

Every fact is read once for all of them. A month without a claim becomes one; a claim that is still ours and would come
out the same is only checked again. Everything else (corrections, claims that left) is left to the deeds for one claim.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from json.encoder import encode_basestring as _quoted
from operator import attrgetter
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.claiming.claim_facts import (
    BILLED_BEFORE,
    LOOK_BACK,
    billed_before_of,
    billing_of,
    coverage_of,
    is_elsewhere,
    limited_codes,
    person_of,
    stays_of,
)
from infusion_desktop.billing.findings import findings_json
from infusion_desktop.billing.months.charging import EDITABLE
from infusion_desktop.billing.months.claim_rows import days_json, line_rows
from infusion_desktop.billing.months.counting import (
    Contract,
    CoveredPeriod,
    ToCount,
    counted_together,
    has_monthly_maximum,
    the_contract,
)
from infusion_desktop.billing.months.month_facts import MonthFacts, facts_of_many
from infusion_desktop.billing.months.scope import split_months
from infusion_desktop.billing.rules.checks import facts as told
from infusion_desktop.billing.rules.checks.every_check import check_claims, may_leave
from infusion_desktop.billing.rules.counted import MonthCounted
from infusion_desktop.billing.rules.counting import NOTHING_BEFORE
from infusion_desktop.billing.rules.ordered import Order
from infusion_desktop.billing.rules.therapy import Authorization as Allowed
from infusion_desktop.billing.tables import Claim, ClaimEvent, ClaimLine
from infusion_desktop.billing.terms.authorizations import HELD, AuthorizationUse, authorizations_of_many, for_engine
from infusion_desktop.billing.words import ClaimId, ClaimState, Frequency
from infusion_desktop.database.bulk import insert_rows, next_ids
from infusion_desktop.database.counters import next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.database.many import as_ids, is_given
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.dates import Days, now_utc, show_days
from infusion_desktop.deliveries.calls.refill_rules_kept import rules_of_payers
from infusion_desktop.errors import Refused
from infusion_desktop.patients.tables import Coverage, Patient, Payer
from infusion_desktop.patients.words import PatientId, PayerId
from infusion_desktop.values import value

Row = dict[str, Any]
_CLAIM_COLUMNS = (
    "id", "number", "patient_id", "coverage_id", "payer_id", "state", "period_first", "period_last", "diagnoses",
    "charge", "expected", "missing", "days",
)  # fmt: skip
_LINE_COLUMNS = tuple(column for column in ClaimLine.__table__.c if column.name not in ("id", "claim_id"))


@value
class Work:
    """One patient's covered period to bill."""

    patient_id: PatientId
    number: str
    covered: CoveredPeriod
    month: Days


@value
class Billed:
    """What became of a piece of work; ``later`` True: it is a matter for the deeds for one claim."""

    work: Work
    claim: ClaimId | None = None
    number: str = ""
    state: ClaimState | None = None
    charge: Decimal = Decimal(0)
    stops: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    later: bool = False


def bill_together(database: Database, work: Sequence[Work], by: UserId, on: date) -> tuple[Billed, ...]:
    """Count, make and check the claims of some patients' periods in one transaction, in the order of the work."""
    with database.transaction() as session:
        authorize(session, by, Permission.CHARGE)
        authorize(session, by, Permission.CLAIM)
        patients = sorted({each.patient_id for each in work})
        # Two billers counting one patient wait for each other.
        people = {row.id: person_of(row) for row in _PEOPLE.rows(session, as_ids(patients))}
        books = _Books(session, work, people, on)
        found = _count_all(books, work)
        counts = [each for each in found if isinstance(each, _Counted)]
        checked = check_claims([_claim_facts(books, each) for each in counts])
        for each, findings in zip(counts, checked, strict=True):
            each.judge(findings)
        _keep(session, [each for each in counts if each.newest is None], by)
        return tuple(each.billed() if isinstance(each, _Counted) else each for each in found)


@dataclass(slots=True)
class _Asked:
    """A piece of work to count, with the newest claim of it and that one's lines."""

    work: Work
    month: ToCount
    uses: tuple[AuthorizationUse, ...]
    newest: Any
    kept: list[Row]


@dataclass(slots=True)
class _Counted:
    """What a piece of work came to; ``newest`` is its claim where it has one already, with the same lines."""

    work: Work
    facts: MonthFacts
    month: MonthCounted
    rows: list[Row]
    allowed: tuple[Allowed, ...]
    orders: tuple[Order, ...]
    """Those of the therapies that are billed, the oldest first."""
    diagnoses: tuple[str, ...]
    newest: Any
    findings: list[told.Finding] = field(default_factory=list)
    state: ClaimState = ClaimState.DRAFT
    id: ClaimId | None = None
    number: str = ""

    def judge(self, findings: list[told.Finding]) -> None:
        """What its checks found decides whether it may leave."""
        self.findings, self.state = findings, ClaimState.READY if may_leave(findings) else ClaimState.DRAFT

    def billed(self) -> Billed:
        stops = tuple(each.sentence for each in self.findings if each.stops)
        kept = self.newest
        if kept is None:
            return Billed(self.work, self.id, self.number, self.state, self.month.charge, stops)
        now = findings_json(self.findings), self.state, " ".join(self.diagnoses)
        if (kept.missing, kept.state, kept.diagnoses) != now:
            return Billed(self.work, later=True)
        return Billed(self.work, ClaimId(kept.id), kept.number, kept.state, kept.charge, stops)


class _Books:
    """What is read for all of them together."""

    def __init__(
        self, session: Session, work: Sequence[Work], people: Mapping[PatientId, told.Person], on: date
    ) -> None:
        self.on = on
        ids = sorted({each.patient_id for each in work})
        self.session = session
        self.facts = facts_of_many(session, [(each.patient_id, each.covered.period) for each in work])
        self.contracts: dict[PayerId, Contract] = {
            payer: the_contract(session, payer) for payer in sorted({each.covered.payer_id for each in work})
        }
        self.monthly = {payer for payer, contract in self.contracts.items() if has_monthly_maximum(contract)}
        self.uses = authorizations_of_many(session, ids)
        self.people = people
        coverages = sorted({each.covered.coverage_id for each in work})
        self.coverages = {row.id: row for row in _COVERAGES.rows(session, as_ids(coverages))}
        self.payers = {row.id: row for row in _PAYERS.rows(session, as_ids(self.contracts))}
        self.refill_rules = rules_of_payers(session)
        self.billing = billing_of(session)
        self.newest = _newest(session, ids, work)
        first, last = min(each.month.first for each in work), max(each.month.last for each in work)
        self.split = split_months(session, ids, Days(first, last)) if self.newest else frozenset()
        self.kept = _kept_lines(session, [row.id for row in self.newest.values()])
        self.before = _billed_before(session, ids, work)
        times = Counter(each.patient_id for each in work)
        self.several = {patient for patient, count in times.items() if count > 1}


def _newest(session: Session, patients: Sequence[PatientId], work: Sequence[Work]) -> dict[tuple[int, int], Any]:
    """The newest submission of the month by patient and coverage, without voids and what was voided."""
    first, last = min(each.month.first for each in work), max(each.month.last for each in work)
    rows = _NEWEST.rows(session, {**as_ids(patients), "first": first, "last": last})
    return {(row.patient_id, row.coverage_id): row for row in rows}


def _kept_lines(session: Session, claims: Sequence[int]) -> Mapping[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in _KEPT_LINES.rows(session, as_ids(claims)) if claims else ():
        kept = row._asdict()
        found[kept.pop("claim_id")].append(kept)
    return found


def _billed_before(session: Session, patients: Sequence[PatientId], work: Sequence[Work]) -> Mapping[int, list[Any]]:
    first = min(each.covered.period.first for each in work)
    last = max(each.covered.period.last for each in work)
    rows = _BEFORE.rows(session, {**as_ids(patients), "first": first, "last": last, "earlier": first - LOOK_BACK})
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.patient_id].append(row)
    return found


def _people(dialect: str) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Patient.id, Patient.last_name, Patient.first_name, Patient.born_on, Patient.sex, Patient.street,
            Patient.city, Patient.state, Patient.zip,
        )
        .where(is_given(dialect, Patient.id))
        .order_by(Patient.id)
        .with_for_update()
    )  # fmt: skip


def _coverages(dialect: str) -> Select[*tuple[Any, ...]]:
    return select(
        Coverage.id, Coverage.rank, Coverage.member_id, Coverage.relation, Coverage.holder_last_name,
        Coverage.holder_born_on, Coverage.holder_sex, Coverage.starts_on, Coverage.ends_on,
    ).where(is_given(dialect, Coverage.id))  # fmt: skip


def _payers(dialect: str) -> Select[*tuple[Any, ...]]:
    return select(Payer.id, Payer.name, Payer.payer_code, Payer.kind).where(is_given(dialect, Payer.id))


def _newest_of(dialect: str) -> Select[*tuple[Any, ...]]:
    last = (
        select(func.max(Claim.id))
        .where(
            is_given(dialect, Claim.patient_id), Claim.state != ClaimState.VOIDED, Claim.frequency != Frequency.VOID,
            Claim.primary_id.is_(None), Claim.period_first.between(bindparam("first"), bindparam("last")),
        )
        .group_by(Claim.patient_id, Claim.coverage_id)
    )  # fmt: skip
    return select(
        Claim.id, Claim.patient_id, Claim.coverage_id, Claim.period_first, Claim.period_last, Claim.number,
        Claim.state, Claim.charge, Claim.missing, Claim.diagnoses, Claim.counts_from,
    ).where(Claim.id.in_(last))  # fmt: skip


def _kept_of(dialect: str) -> Select[*tuple[Any, ...]]:
    return (
        select(ClaimLine.claim_id, *_LINE_COLUMNS)
        .where(is_given(dialect, ClaimLine.claim_id))
        .order_by(ClaimLine.claim_id, ClaimLine.position)
    )


def _before(dialect: str) -> Select[*tuple[Any, ...]]:
    return (
        select(Claim.patient_id, *BILLED_BEFORE)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(is_given(dialect, Claim.patient_id))
        .where(Claim.state != ClaimState.VOIDED, Claim.frequency != Frequency.VOID)
        .where(ClaimLine.first_on <= bindparam("last"))
        .where(
            or_(
                ClaimLine.last_on >= bindparam("first"),
                and_(or_(*map(ClaimLine.code.__eq__, limited_codes())), ClaimLine.first_on > bindparam("earlier")),
            )
        )
        .order_by(ClaimLine.id)
    )  # fmt: skip


_PEOPLE, _COVERAGES, _PAYERS = Prepared(_people), Prepared(_coverages), Prepared(_payers)
_NEWEST, _KEPT_LINES, _BEFORE = Prepared(_newest_of), Prepared(_kept_of), Prepared(_before)


def _count_all(books: _Books, work: Sequence[Work]) -> list[Billed | _Counted]:
    asked = [_ask(books, each) for each in work]
    months = iter(counted_together([each.month for each in asked if isinstance(each, _Asked)]))
    return [_compare(each, next(months)) if isinstance(each, _Asked) else each for each in asked]


def _ask(books: _Books, work: Work) -> Billed | _Asked:
    """What to count for a piece of work, unless it is a matter for the deeds for one claim."""
    covered = work.covered
    newest = books.newest.get((work.patient_id, covered.coverage_id))
    alone = newest is not None and (
        newest.state not in EDITABLE
        or newest.counts_from is not None
        or (newest.period_first, newest.period_last) != (covered.period.first, covered.period.last)
    )
    alone = alone or (work.patient_id, covered.coverage_id) in books.split
    if alone or work.patient_id in books.several:
        return Billed(work, later=True)
    contract = books.contracts[covered.payer_id]
    if covered.payer_id in books.monthly and any(
        row.payer_id == covered.payer_id for row in books.before.get(work.patient_id, ())
    ):
        return Billed(work, later=True)  # Units of other claims count against the month's maximum.
    kept = [] if newest is None else books.kept.get(newest.id, [])
    uses = _without(books.uses.get((work.patient_id, covered.payer_id), ()), newest, kept)
    facts = books.facts[work.patient_id, covered.period]
    month = ToCount(facts, covered, contract, for_engine(uses), NOTHING_BEFORE)
    return _Asked(work, month, uses, newest, kept)


def _compare(asked: _Asked, month: MonthCounted | Refused) -> Billed | _Counted:
    """What a month came to, beside what is kept of it."""
    work, facts = asked.work, asked.month.facts
    if isinstance(month, Refused):
        return Billed(work, refused=month.reasons)
    uses = sorted(asked.uses, key=_id) if asked.uses else ()
    rows = line_rows(month, {(use.allowed.number, use.allowed.code): int(use.id) for use in uses if not use.ended})
    if asked.newest is not None and asked.kept != rows:
        return Billed(work, later=True)
    if not rows:
        payer, period = work.covered.payer, show_days(work.covered.period)
        return Billed(work, refused=(f"Nothing is to be billed to {payer} for {period}.",))
    billed = {line.therapy_id for line in month.lines}
    orders = tuple([facts.orders[each.id] for each in facts.courses if each.id in billed])
    return _Counted(work, facts, month, rows, asked.month.allowed, orders, _diagnoses(orders), asked.newest)


def _id(use: AuthorizationUse) -> int:
    return int(use.id)


def _without(uses: tuple[AuthorizationUse, ...], newest: Any, kept: Sequence[Row]) -> tuple[AuthorizationUse, ...]:
    """The authorizations as if this claim had taken nothing of them."""
    if newest is None or not kept:
        return uses
    mine: dict[int, Decimal] = defaultdict(Decimal)
    for row in kept:
        if row["authorization_id"] is not None:
            mine[row["authorization_id"]] += row["units"]
    return tuple(use.less(mine[int(use.id)], held=newest.state in HELD) if int(use.id) in mine else use for use in uses)


def _diagnoses(orders: Sequence[Order]) -> tuple[str, ...]:
    """The diagnoses of the episodes whose therapies are billed, principal first, at most twelve (X12 HI)."""
    codes = dict.fromkeys([code for order in orders for code in order.diagnoses])
    return tuple(codes)[:12]


def _claim_facts(books: _Books, each: _Counted) -> told.ClaimFacts:
    """Everything the checks look at. The calendar's days are not among them: they have just been counted."""
    patient, covered = each.work.patient_id, each.work.covered
    stays, open_stay = stays_of(each.facts.interruptions)
    contract = books.contracts[covered.payer_id]
    number = "" if each.newest is None else each.newest.number
    first, last, limited = covered.period.first, covered.period.last, limited_codes()
    before = [row for row in books.before.get(patient, ()) if row.number != number]
    return told.ClaimFacts(
        today=books.on,
        codes=contract.codes,
        lines=each.month.lines,
        rules=contract.parts(covered.period)[0][1].rules,
        refill_rules=books.refill_rules.get(covered.payer_id, ()),
        billing=books.billing,
        patient=books.people[patient],
        coverage=coverage_of(books.coverages[covered.coverage_id], books.payers[covered.payer_id]),
        diagnoses=each.diagnoses,
        pointers=told.pointers_to(each.diagnoses),
        orders=tuple(sorted(each.orders, key=attrgetter("therapy_id"))),
        deliveries=each.facts.deliveries,
        hospital_stays=stays,
        still_in_hospital_since=open_stay,
        authorizations=each.allowed,
        billed_before=tuple([
            billed_before_of(row)
            for row in before
            if row.payer_id == covered.payer_id
            and (row.code in limited or (row.first_on <= last and row.last_on >= first))
        ]),
        billed_elsewhere=tuple([
            billed_before_of(row) for row in before if is_elsewhere(row, covered.payer_id, covered.period)
        ]),
    )  # fmt: skip


def _keep(session: Session, new: Sequence[_Counted], by: UserId) -> None:
    """Claims, lines, events and audit entries of all of them, a statement for each table."""
    if not new:
        return
    at = now_utc()
    first = next_number(session, "claim", count=len(new))
    for place, each in enumerate(new):
        each.number = f"C{first + place:07d}"
    for each, number in zip(new, next_ids(session, Claim, len(new)), strict=True):
        each.id = ClaimId(number)
    charges = [(each.month.charge, each.month.expected) for each in new]
    claims = [
        (
            each.id, each.number, each.work.patient_id, each.work.covered.coverage_id, each.work.covered.payer_id,
            each.state, each.work.covered.period.first, each.work.covered.period.last, " ".join(each.diagnoses),
            *amounts, findings_json(each.findings), days_json(each.month),
        )
        for each, amounts in zip(new, charges, strict=True)
    ]  # fmt: skip
    same = {
        "frequency": Frequency.ORIGINAL, "payer_control_number": "", "delay_reason": "", "therapies": "",
        "made_at": at, "version": 1,
    }  # fmt: skip
    insert_rows(session, Claim, _CLAIM_COLUMNS, claims, same)
    lines = [(each.id, *row.values()) for each in new for row in each.rows]
    insert_rows(session, ClaimLine, ("claim_id", *new[0].rows[0]), lines)
    events = []
    for each in new:
        note = "nothing stops it" if each.state is ClaimState.READY else f"{len(each.findings)} findings"
        events += [(each.id, ClaimState.DRAFT, "counted"), (each.id, each.state, note)]
    insert_rows(session, ClaimEvent, ("claim_id", "state", "note"), events, {"at": at, "staff_id": by})
    for each, amounts in zip(new, charges, strict=True):
        record(session, by, "make", "claim", each.id, patient_id=each.work.patient_id, after=_made(each, *amounts))


def _made(each: _Counted, charge: Decimal, expected: Decimal) -> str:
    """What the audit trail keeps of a claim that was made, as `as_json` would say it."""
    period, found = each.month.period, ",".join([f'"{finding.code}"' for finding in each.findings])
    return (
        f'{{"charge":"{charge}","expected":"{expected}","findings":[{found}],"first":"{period.first}",'
        f'"last":"{period.last}","lines":{len(each.rows)},"number":"{each.number}","payer":{each.month.payer_id},'
        f'"rules":{_quoted(each.month.rules)},"state":"{each.state}"}}'
    )
