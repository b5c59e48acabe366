"""What billing screens and papers ask: one claim with its evidence, months, balances and files."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.billing.claim_lists import LISTED, ClaimRow, row_of
from infusion_desktop.billing.counted_once import counts_once
from infusion_desktop.billing.findings import KeptFinding, findings_of
from infusion_desktop.billing.money.equipment_charges import charges_owed
from infusion_desktop.billing.tables import Authorization, Claim, ClaimBatch, ClaimEvent, ClaimLine, LedgerEntry
from infusion_desktop.billing.words import Account, ClaimId, ClaimState, EntryKind, Frequency, LineKind
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days
from infusion_desktop.errors import Refused
from infusion_desktop.money import ZERO
from infusion_desktop.patients.openings import tell_opening
from infusion_desktop.patients.tables import Coverage, Patient, Payer, Therapy
from infusion_desktop.patients.words import PatientId, PayerId
from infusion_desktop.patients.words import Rank as PayerRank


@dataclass(frozen=True, slots=True)
class Unit:
    """The evidence of a day's units on a line."""

    day: date
    units: Decimal
    therapy_id: int | None
    delivery_id: int | None
    delivery: str
    proven: bool
    rank: int
    rate: Decimal
    rules: str


@dataclass(frozen=True, slots=True)
class LineRow:
    """A service line of a claim, with why every unit stands on it."""

    id: int
    position: int
    kind: LineKind
    code: str
    modifiers: tuple[str, ...]
    description: str
    days: Days
    units: Decimal
    rate: Decimal
    charge: Decimal
    expected: Decimal
    ndc: str
    ndc_quantity: Decimal | None
    ndc_unit: str
    authorization: str
    place: str
    held: str
    evidence: tuple[Unit, ...]
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Days that are not billed, and why."""

    therapy_id: int
    therapy: str
    days: Days
    why: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something that happened to a claim."""

    at: datetime
    state: ClaimState
    who: str
    note: str


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry of a claim in the receivables ledger."""

    posted_on: date
    kind: EntryKind
    account: Account
    amount: Decimal
    group_code: str
    reason_code: str
    note: str
    id: int = 0
    line: str = ""


@dataclass(frozen=True, slots=True)
class ClaimPage:
    """One claim with everything a biller asks about it."""

    row: ClaimRow
    payer_control_number: str
    delay_reason: str
    diagnoses: tuple[str, ...]
    lines: tuple[LineRow, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]
    rules: str
    findings: tuple[KeptFinding, ...]
    events: tuple[EventRow, ...]
    entries: tuple[EntryRow, ...]
    payer_owes: Decimal
    patient_owes: Decimal
    version: int


@dataclass(frozen=True, slots=True)
class MonthOverview:
    """A month at a glance; ``not_counted`` are patients with a therapy in it and no claim for it."""

    month: Days
    by_state: tuple[tuple[ClaimState, int, Decimal], ...]
    billed: Decimal
    unbilled: Decimal
    expected: Decimal
    paid: Decimal
    not_counted: tuple[tuple[PatientId, str], ...]


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A claim file that was written."""

    id: int
    interchange_control: int
    made_at: datetime
    payer: str
    claims: int
    charge: Decimal
    acknowledged: str


def open_claim(database: Database, claim: ClaimId, by: UserId, reason: str = "") -> ClaimPage:
    """One claim, with the look kept in the audit trail; AsksWhy where the patient's record is restricted."""
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_BILLING)
        page = claim_page(session, claim)
        tell_opening(session, page.row.patient_id, "claim", claim, by, reason)
        return page


def claim_page(session: Session, claim: ClaimId) -> ClaimPage:
    """One claim with lines, evidence, findings, life and ledger; Refused when it is not known."""
    row = session.execute(LISTED.where(Claim.id == claim)).one_or_none()
    if row is None:
        raise Refused("This claim is not known. Look at the list of claims again.")
    kept = session.get_one(Claim, claim)
    days = json.loads(kept.days)
    entries = _entries(session, claim)
    totals = dict.fromkeys(Account, ZERO)
    for each in entries:
        totals[each.account] += each.amount
    return ClaimPage(
        row_of(row),
        kept.payer_control_number,
        kept.delay_reason,
        tuple(kept.diagnoses.split()),
        _lines(session, claim),
        tuple(
            LeftOut(
                each["therapy"],
                each["name"],
                Days(date.fromisoformat(each["first"]), date.fromisoformat(each["last"])),
                each["why"],
            )
            for each in days["left_out"]
        ),
        tuple(days["notes"]),
        days["rules"],
        findings_of(kept.missing),
        _events(session, claim),
        entries,
        totals[Account.PAYER],
        totals[Account.PATIENT],
        kept.version,
    )


def month_overview(session: Session, month: Days, payer: PayerId | None = None) -> MonthOverview:
    """What was billed of a month (to one payer), what waits, and whose month was not counted at all."""
    of_month = [Claim.period_first >= month.first, Claim.period_first <= month.last]
    if payer is not None:
        of_month.append(Claim.payer_id == payer)
    rows = session.execute(
        select(Claim.state, func.count(), func.sum(Claim.charge))
        .where(*of_month)
        .where(Claim.frequency != Frequency.VOID)
        .group_by(Claim.state)
    ).all()
    by_state = tuple(sorted(((state, count, charge) for state, count, charge in rows), key=lambda each: each[0].value))
    waiting = {ClaimState.DRAFT, ClaimState.READY}
    alive = [each for each in rows if each[0] is not ClaimState.VOIDED]
    once = [] if payer is not None else counts_once()
    expected = select(func.sum(Claim.expected)).where(
        *of_month, *once, Claim.frequency != Frequency.VOID, Claim.state != ClaimState.VOIDED
    )
    paid = session.scalar(
        select(func.sum(LedgerEntry.amount))
        .join(Claim, Claim.id == LedgerEntry.claim_id)
        .where(*of_month)
        .where(LedgerEntry.group_code == "", LedgerEntry.remittance_id.is_not(None))
    )
    return MonthOverview(
        month,
        by_state,
        sum((charge for state, _, charge in alive if state not in waiting), ZERO),
        sum((charge for state, _, charge in alive if state in waiting), ZERO),
        session.scalar(expected) or ZERO,
        -(paid or ZERO),
        _not_counted(session, month, payer),
    )


def patient_balance(session: Session, patient: PatientId) -> Decimal:
    """What the patient owes: shares of claims and charges for equipment, less the patient's own payments."""
    owed = session.scalar(
        select(func.sum(LedgerEntry.amount))
        .join(Claim, Claim.id == LedgerEntry.claim_id)
        .where(Claim.patient_id == patient, LedgerEntry.account == Account.PATIENT)
    )
    return (owed or ZERO) + sum((each.owed for each in charges_owed(session, patient)), ZERO)


def batches(session: Session, limit: int = 200) -> tuple[BatchRow, ...]:
    """The claim files that were written, the newest first."""
    rows = session.execute(
        select(
            ClaimBatch.id,
            ClaimBatch.interchange_control,
            ClaimBatch.made_at,
            ClaimBatch.acknowledged,
            Payer.name,
            func.count(Claim.id).label("claims"),
            func.sum(Claim.charge).label("charge"),
        )
        .outerjoin(Payer, Payer.id == ClaimBatch.payer_id)
        .outerjoin(Claim, Claim.batch_id == ClaimBatch.id)
        .group_by(
            ClaimBatch.id, ClaimBatch.interchange_control, ClaimBatch.made_at, ClaimBatch.acknowledged, Payer.name
        )
        .order_by(ClaimBatch.id.desc())
        .limit(limit)
    )
    return tuple(
        BatchRow(
            row.id, row.interchange_control, row.made_at, row.name or "", row.claims, row.charge or ZERO,
            row.acknowledged,
        )
        for row in rows
    )  # fmt: skip


def file_content(session: Session, batch: int) -> str:
    """A claim file as it was written."""
    content = session.scalar(select(ClaimBatch.content).where(ClaimBatch.id == batch))
    if content is None:
        raise Refused("This claim file is not known.")
    return content


def _lines(session: Session, claim: ClaimId) -> tuple[LineRow, ...]:
    rows = session.execute(
        select(ClaimLine, Authorization.number)
        .outerjoin(Authorization, Authorization.id == ClaimLine.authorization_id)
        .where(ClaimLine.claim_id == claim)
        .order_by(ClaimLine.position)
    )
    return tuple(_line(line, number or "") for line, number in rows)


def _line(line: ClaimLine, authorization: str) -> LineRow:
    evidence = json.loads(line.evidence)
    units = tuple(
        Unit(
            date.fromisoformat(each["day"]),
            Decimal(each["units"]),
            each["therapy"],
            each["delivery"],
            each["delivery_number"],
            each["proven"],
            each["rank"],
            Decimal(each["rate"]),
            each["rules"],
        )
        for each in evidence["units"]
    )
    return LineRow(
        line.id,
        line.position,
        line.kind,
        line.code,
        tuple(line.modifiers.split()),
        line.description,
        Days(line.first_on, line.last_on),
        line.units,
        line.rate,
        line.charge,
        line.expected,
        line.ndc,
        line.ndc_quantity,
        line.ndc_unit,
        authorization,
        evidence["place"],
        evidence["held"],
        units,
        tuple(evidence["sentences"]),
    )


def _events(session: Session, claim: ClaimId) -> tuple[EventRow, ...]:
    rows = session.execute(
        select(ClaimEvent.at, ClaimEvent.state, Staff.name, ClaimEvent.note)
        .join(Staff, Staff.id == ClaimEvent.staff_id)
        .where(ClaimEvent.claim_id == claim)
        .order_by(ClaimEvent.id)
    )
    return tuple(EventRow(row.at, row.state, row.name, row.note) for row in rows)


def _entries(session: Session, claim: ClaimId) -> tuple[EntryRow, ...]:
    rows = session.execute(
        select(LedgerEntry, ClaimLine.position, ClaimLine.code)
        .outerjoin(ClaimLine, ClaimLine.id == LedgerEntry.line_id)
        .where(LedgerEntry.claim_id == claim)
        .order_by(LedgerEntry.id)
    )
    return tuple(
        EntryRow(
            row.posted_on, row.kind, row.account, row.amount, row.group_code, row.reason_code, row.note, row.id,
            "" if position is None else f"{position}: {code}",
        )
        for row, position, code in rows
    )  # fmt: skip


def _not_counted(session: Session, month: Days, payer: PayerId | None) -> tuple[tuple[PatientId, str], ...]:
    """Patients with a therapy in the month, and a policy in force beside it, or none at all, that no claim bills."""
    of_month = (
        select(Claim.id)
        .where(Claim.period_first >= month.first, Claim.period_first <= month.last, Claim.primary_id.is_(None))
        .where(Claim.state != ClaimState.VOIDED, Claim.frequency != Frequency.VOID)
    )
    pays = and_(
        Coverage.patient_id == Patient.id, Coverage.rank == PayerRank.PRIMARY, Coverage.starts_on <= month.last,
        or_(Coverage.ends_on.is_(None), Coverage.ends_on >= month.first),
        or_(Therapy.stops_on.is_(None), Coverage.starts_on <= Therapy.stops_on),
        or_(Coverage.ends_on.is_(None), Coverage.ends_on >= Therapy.starts_on),
    )  # fmt: skip
    billed = case(
        (Coverage.id.is_(None), of_month.where(Claim.patient_id == Patient.id).correlate(Patient).exists()),
        else_=of_month.where(Claim.coverage_id == Coverage.id).correlate(Coverage).exists(),
    )
    wanted = (
        select(Patient.id, (Patient.last_name + ", " + Patient.first_name).label("name"))
        .join(Therapy, Therapy.patient_id == Patient.id)
        .outerjoin(Coverage, pays)
        .where(Therapy.starts_on <= month.last, or_(Therapy.stops_on.is_(None), Therapy.stops_on >= month.first))
        .where(~billed)
        .distinct()
        .order_by("name", Patient.id)
    )
    if payer is not None:
        wanted = wanted.where(Coverage.payer_id == payer)
    rows = session.execute(wanted)
    return tuple((PatientId(row.id), row.name) for row in rows)
