"""What patients pay, get back and are told: payments to the oldest share first, refunds of credits, statements.

What they owe is their share of claims and, after it, what equipment that was lost or damaged is charged with.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.life import enter, the_claim
from infusion_desktop.billing.money.equipment_charges import charges_owed, pay_charges, unpay_charges
from infusion_desktop.billing.money.money_tables import PatientStatement
from infusion_desktop.billing.money.overpaid import settle_given_back
from infusion_desktop.billing.money.receivables import (
    NewEntry,
    balance_of,
    charge_of,
    charged_to_patient,
    line_balances,
    post,
)
from infusion_desktop.billing.tables import Claim, LedgerEntry
from infusion_desktop.billing.words import Account, ClaimId, ClaimState, EntryKind
from infusion_desktop.database.counters import next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, show_day, today
from infusion_desktop.errors import Refused, warn_unless
from infusion_desktop.money import ZERO, show_money
from infusion_desktop.patients.tables import Patient
from infusion_desktop.patients.words import PatientId

METHODS = ("check", "card", "cash", "transfer")
DAYS_TO_PAY = 30


@dataclass(frozen=True, slots=True)
class NewPatientPayment:
    """Money a patient gave."""

    patient_id: PatientId
    amount: Decimal
    method: str
    number: str = ""
    received_on: date | None = None


@dataclass(frozen=True, slots=True)
class PatientOwes:
    """A patient with a share to pay, or a credit."""

    patient_id: PatientId
    number: str
    patient: str
    owed: Decimal
    since: date
    last_statement_on: date | None
    statements: int
    due_on: date | None = None
    """The last day to pay of the newest statement."""
    for_equipment: Decimal = ZERO
    """How much of it is for equipment that was lost or came back damaged."""

    def is_overdue(self, on: date) -> bool:
        """Whether something is owed after the last day to pay."""
        return self.owed > ZERO and self.due_on is not None and on > self.due_on


def take_patient_payment(
    database: Database, new: NewPatientPayment, by: UserId, override: str = "", *, on: date | None = None
) -> tuple[tuple[str, Decimal], ...]:
    """Post a patient's payment to the oldest share first, then to equipment; gives how much went to which claim.

    Warned when it is more than is owed: with a reason the rest stays as a credit on the newest claim.
    """
    if new.amount <= ZERO:
        raise Refused("Type the amount the patient paid.")
    if new.method not in METHODS:
        raise Refused(f"Choose how it was paid: {', '.join(METHODS)}.")
    note = " ".join(filter(None, (new.method, new.number.strip())))
    with database.transaction() as session:
        authorize(session, by, Permission.POST_PAYMENT)
        if session.get(Patient, new.patient_id, with_for_update=True) is None:
            raise Refused("This patient is not known. Choose the patient again.")
        claims = session.execute(
            select(Claim.id, Claim.number)
            .where(Claim.patient_id == new.patient_id)
            .order_by(Claim.period_first, Claim.id)
        ).all()
        charges = charges_owed(session, new.patient_id)
        if not claims and not charges:
            raise Refused("This patient has no claim that a payment could go to.")
        left, entries, shares = new.amount, [], []
        told: dict[str, Decimal] = {}
        for row in claims:
            for line, owed in line_balances(session, ClaimId(row.id), Account.PATIENT).items():
                part = min(left, max(owed, ZERO))
                left -= part
                if part:
                    entries.append(_paid(ClaimId(row.id), line, part, note))
                    told[row.number] = told.get(row.number, ZERO) + part
        for each in charges:
            part = min(left, max(each.owed, ZERO))
            left -= part
            if part:
                shares.append((each.id, part))
                told[each.number] = part
        if left and not claims:
            raise Refused(
                f"The patient owes {show_money(new.amount - left)} for equipment and has no claim to keep more: "
                "give the rest back."
            )
        twice = _looks_posted(session, new, note)
        over = f"The patient owes {show_money(new.amount - left)}; {show_money(left)} would stay as a credit."
        warn_unless(override, [*twice, *([over] if left else [])])
        if left:
            entries.append(_paid(ClaimId(claims[-1].id), None, left, note))
            told[claims[-1].number] = told.get(claims[-1].number, ZERO) + left
        day = on or new.received_on or today()
        at = now_utc()
        post(session, entries, day, by, at=at)
        pay_charges(session, shares, note, day, by, at)
        for claim in dict.fromkeys(each.claim_id for each in entries):
            _tell_paid(session, claim, by, "paid by the patient")
        record(
            session, by, "take payment", "patient", new.patient_id, patient_id=new.patient_id,
            after={"amount": new.amount, "how": note, "claims": list(told)}, reason=override,
        )  # fmt: skip
    return tuple(told.items())


def take_back_payment(database: Database, entry: int, reason: str, by: UserId, *, on: date | None = None) -> Decimal:
    """Undo a whole payment of a patient, of which an entry of the ledger is a part; gives how much is owed again.

    For a check that came back, or one that was another patient's. What it paid for equipment is owed again too.
    """
    if not reason.strip():
        raise Refused("Say why the payment is taken back, such as that the bank returned the check.")
    with database.transaction() as session:
        authorize(session, by, Permission.POST_PAYMENT)
        part = session.get(LedgerEntry, entry)
        if part is None or not is_patients_payment(part.kind, part.account, part.amount):
            raise Refused("Only a payment of the patient is taken back here. Select one in the ledger.")
        patient = session.scalars(select(Claim.patient_id).where(Claim.id == part.claim_id)).one()
        session.get_one(Patient, patient, with_for_update=True)
        if session.scalar(select(LedgerEntry.id).where(LedgerEntry.reverses_id == entry)) is not None:
            raise Refused("This payment was taken back already.")
        same = (
            LedgerEntry.recorded_at == part.recorded_at, LedgerEntry.staff_id == part.staff_id,
            LedgerEntry.kind == EntryKind.PAYMENT, LedgerEntry.account == Account.PATIENT,
            LedgerEntry.note == part.note,
        )  # fmt: skip
        rows = session.scalars(
            select(LedgerEntry).join(Claim, Claim.id == LedgerEntry.claim_id).where(Claim.patient_id == patient, *same)
        ).all()
        back = [
            NewEntry(
                ClaimId(row.claim_id), EntryKind.REVERSAL, -row.amount, row.line_id, Account.PATIENT,
                reverses_id=row.id, note=reason.strip(),
            )
            for row in rows
        ]  # fmt: skip
        day = on or today()
        post(session, back, day, by)
        equipment = unpay_charges(session, PatientId(patient), part.recorded_at, day, by)
        for claim in dict.fromkeys(each.claim_id for each in back):
            _tell_paid(session, claim, by, "payment of the patient taken back")
        total = sum((each.amount for each in back), equipment)
        record(session, by, "take back payment", "patient", patient, patient_id=patient,
               after={"amount": total, "entries": [row.id for row in rows]}, reason=reason)  # fmt: skip
    return total


def is_patients_payment(kind: EntryKind, account: Account, amount: Decimal) -> bool:
    """Whether an entry of the ledger is (a part of) money a patient gave."""
    return kind is EntryKind.PAYMENT and account is Account.PATIENT and amount < ZERO


def _tell_paid(session: Session, claim: ClaimId, by: UserId, note: str) -> None:
    """A self-payer's claim is paid by the patient; others are what their payer made them."""
    if charged_to_patient(session, claim):
        kept, owed = the_claim(session, claim), balance_of(session, claim)
        is_whole = owed >= charge_of(session, claim)
        state = ClaimState.PAID if owed <= ZERO else ClaimState.SENT if is_whole else ClaimState.PART_PAID
        if kept.state is not state:
            enter(session, kept, state, by, note)


def _looks_posted(session: Session, new: NewPatientPayment, note: str) -> list[str]:
    """The same check or receipt of the same patient, posted before."""
    if not new.number.strip():
        return []
    row = session.execute(
        select(func.min(LedgerEntry.posted_on), func.sum(LedgerEntry.amount))
        .join(Claim, Claim.id == LedgerEntry.claim_id)
        .where(Claim.patient_id == new.patient_id, LedgerEntry.account == Account.PATIENT)
        .where(LedgerEntry.kind == EntryKind.PAYMENT, LedgerEntry.note == note)
    ).one()
    if row[0] is None:
        return []
    told = f"{note.capitalize()} over {show_money(-row[1])} was posted for this patient on {show_day(row[0])}."
    return [f"{told} Post it again only when it is another payment."]


def _paid(claim: ClaimId, line: int | None, amount: Decimal, note: str) -> NewEntry:
    return NewEntry(claim, EntryKind.PAYMENT, -amount, line, Account.PATIENT, note=note)


def refund(
    database: Database,
    claim: ClaimId,
    account: Account,
    amount: Decimal,
    number: str,
    by: UserId,
    *,
    on: date | None = None,
) -> None:
    """Give a credit back to payer or patient; Refused when there is no such credit."""
    if not number.strip():
        raise Refused("Type the number of the refund's check or transfer.")
    with database.transaction() as session:
        authorize(session, by, Permission.POST_PAYMENT)
        kept = the_claim(session, claim)
        credit = -balance_of(session, claim, account)
        if amount <= ZERO or amount > credit:
            raise Refused(
                f"Claim {kept.number} has a credit of {show_money(max(credit, ZERO))}. Refund an amount up to that."
            )
        received = _received(session, kept.number, account)
        if amount > received:
            raise Refused(
                f"Only {show_money(received)} of the credit on claim {kept.number} came in as money of the "
                f"{account.value}. The rest is no money: look at its entries, and move or correct what is wrong there."
            )
        left, entries = amount, []
        for line, owed in line_balances(session, claim, account).items():
            part = min(left, max(-owed, ZERO))
            left -= part
            if part:
                entries.append(NewEntry(claim, EntryKind.PAYMENT, part, line, account, note=f"refund {number.strip()}"))
        if left:
            entries.append(NewEntry(claim, EntryKind.PAYMENT, left, None, account, note=f"refund {number.strip()}"))
        post(session, entries, on or today(), by)
        if account is Account.PAYER:
            settle_given_back(session, claim, on or today(), by, f"refund {number.strip()}")
        after = {"account": account, "amount": amount, "number": number.strip()}
        record(session, by, "refund", "claim", claim, patient_id=kept.patient_id, after=after)


def _received(session: Session, number: str, account: Account) -> Decimal:
    """What payer or patient paid on all claims of a number, refunds and payments taken back left out."""
    undone = aliased(LedgerEntry)
    paid = (
        select(func.sum(LedgerEntry.amount))
        .join(Claim, Claim.id == LedgerEntry.claim_id)
        .outerjoin(undone, undone.id == LedgerEntry.reverses_id)
        .where(Claim.number == number, LedgerEntry.account == account)
        .where(func.coalesce(undone.kind, LedgerEntry.kind) == EntryKind.PAYMENT)
    )
    return max(-(session.scalar(paid) or ZERO), ZERO)


def owed_by(session: Session, patient: PatientId) -> Decimal:
    """What a patient owes on all claims together; below zero for a credit."""
    total = select(func.sum(LedgerEntry.amount)).join(Claim, Claim.id == LedgerEntry.claim_id)
    mine = total.where(Claim.patient_id == patient, LedgerEntry.account == Account.PATIENT)
    return session.scalar(mine) or ZERO


def patients_owing(session: Session) -> tuple[PatientOwes, ...]:
    """Patients with a share to pay or a credit, the largest first."""
    owed = func.sum(LedgerEntry.amount)
    by_claim = session.execute(
        select(Claim.patient_id, owed, func.min(LedgerEntry.posted_on))
        .join(Claim, Claim.id == LedgerEntry.claim_id)
        .where(LedgerEntry.account == Account.PATIENT)
        .group_by(Claim.patient_id, Claim.id)
        .having(owed != ZERO)
    )
    sums: dict[int, tuple[Decimal, date]] = {}
    for patient, amount, since in by_claim:
        before, earliest = sums.get(patient, (ZERO, since))
        sums[patient] = before + amount, min(earliest, since)
    equipment: dict[int, Decimal] = {}
    for each in charges_owed(session):
        before, earliest = sums.get(each.patient_id, (ZERO, each.charged_on))
        sums[each.patient_id] = before + each.owed, min(earliest, each.charged_on) if each.owed else earliest
        equipment[each.patient_id] = equipment.get(each.patient_id, ZERO) + each.owed
    rows = session.execute(select(Patient.id, Patient.number, Patient.last_name, Patient.first_name)).all()
    rows = [row for row in rows if row.id in sums and sums[row.id][0] != ZERO]
    told = {
        row.patient_id: (row.last, row.times, row.due)
        for row in session.execute(
            select(PatientStatement.patient_id, func.max(PatientStatement.printed_on).label("last"),
                   func.count().label("times"), func.max(PatientStatement.due_on).label("due"))
            .group_by(PatientStatement.patient_id)
        )
    }  # fmt: skip
    found = [
        PatientOwes(
            PatientId(row.id), row.number, f"{row.last_name}, {row.first_name}", *sums[row.id],
            *told.get(row.id, (None, 0, None)), equipment.get(row.id, ZERO),
        )
        for row in rows
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda each: (-each.owed, each.number)))


def keep_statement(session: Session, patient: PatientId, amount: Decimal, by: UserId, day: date) -> tuple[str, date]:
    """Give a statement its number and last day to pay, and keep that it was printed."""
    number, due_on = f"S{next_number(session, 'statement'):07d}", day + timedelta(days=DAYS_TO_PAY)
    values = {"number": number, "patient_id": patient, "printed_on": day, "due_on": due_on, "amount": amount}
    added = session.execute(insert(PatientStatement).values(**values, staff_id=by).returning(PatientStatement.id))
    record(session, by, "print", "statement", added.scalar_one(), patient_id=patient, after=values)
    return number, due_on
