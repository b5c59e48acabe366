"""Fill and keep a patient's statement, and the paper of a closed month."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.money.aging import BUCKETS, bucket
from infusion_desktop.billing.money.equipment_charges import charges_owed
from infusion_desktop.billing.money.month_close import KINDS, Roll, closed_figures
from infusion_desktop.billing.money.patient_money import keep_statement
from infusion_desktop.billing.money.reason_codes import reasons
from infusion_desktop.billing.papers import letterhead, printed
from infusion_desktop.billing.tables import Claim, ClaimLine, LedgerEntry
from infusion_desktop.billing.words import Account, EntryKind, LineKind
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.errors import Refused
from infusion_desktop.identifiers import show_zip
from infusion_desktop.money import ZERO
from infusion_desktop.patients.openings import tell_papers
from infusion_desktop.patients.tables import Patient, Payer
from infusion_desktop.patients.words import PatientId

if TYPE_CHECKING:
    from reports.month_closing import RollRow
    from reports.patient_statement import PatientStatement, StatementLine

_AGES = ("to 30 days", "31 to 60", "61 to 90", "91 to 120", "older")
_WHAT = {LineKind.PER_DIEM: "therapy days", LineKind.DRUG: "drugs", LineKind.NURSING: "nursing visits",
         LineKind.SUPPLY: "supplies"}  # fmt: skip


def print_statement(database: Database, patient: PatientId, by: UserId, override: str = "") -> bytes:
    """The statement of what a patient owes, numbered and kept; Refused when nothing is owed."""
    return print_statements(database, [patient], by, override=override)


def print_statements(
    database: Database, patients: Sequence[PatientId], by: UserId, *, on: date | None = None, override: str = ""
) -> bytes:
    """The statements of several patients in one PDF, to print and mail; Refused naming each who owes nothing.

    AsksWhy where a patient's record is restricted and ``override`` says nothing.
    """
    from reports.patient_statement import render_batch

    with database.transaction() as session:
        authorize(session, by, Permission.POST_PAYMENT)
        tell_papers(session, "patient statement", [(each, each) for each in patients], by, override)
        statements = [write_statement(session, patient, by, on or today()) for patient in patients]
    return render_batch(statements)


def write_statement(session: Session, patient: PatientId, by: UserId, day: date) -> "PatientStatement":
    """Give a patient's statement its number and keep it, within a larger deed; Refused when nothing is owed."""
    from reports import patient_statement as paper

    row = session.get(Patient, patient)
    if row is None:
        raise Refused("This patient is not known. Choose the patient again.")
    lines, ages = _lines(session, patient, day)
    owed = sum((each.owed for each in lines), ZERO)
    if owed <= ZERO:
        raise Refused(f"Patient {row.number} owes nothing: there is no statement to print.")
    number, due_on = keep_statement(session, patient, owed, by, day)
    address = (row.street, row.street_2, f"{row.city}, {row.state} {show_zip(row.zip)}")
    return paper.PatientStatement(
        letterhead(session), printed(session, by), number, day, due_on, f"{row.first_name} {row.last_name}",
        row.number, tuple(line for line in address if line), tuple(lines), ages,
    )  # fmt: skip


def _lines(
    session: Session, patient: PatientId, day: date
) -> tuple[list["StatementLine"], tuple[tuple[str, Decimal], ...]]:
    from reports import patient_statement as paper

    rows = session.execute(
        select(Claim, Payer.name)
        .join(Payer, Payer.id == Claim.payer_id)
        .where(Claim.patient_id == patient)
        .order_by(Claim.period_first, Claim.id)
    ).all()
    found, sums = [], [ZERO] * len(BUCKETS)
    for claim, payer in rows:
        entries = session.scalars(select(LedgerEntry).where(LedgerEntry.claim_id == claim.id)).all()
        mine = [each for each in entries if each.account is Account.PATIENT]
        alone = any(each.kind is EntryKind.CHARGE for each in mine)
        given = {EntryKind.PAYMENT, EntryKind.TRANSFER} if alone else {EntryKind.PAYMENT}
        kinds = {each.id: each.kind for each in entries}  # A payment taken back is less paid, not a larger share.
        gave = [each for each in mine if kinds.get(each.reverses_id or 0, each.kind) in given]
        share, paid = _sum(mine) - _sum(gave), -_sum(gave)
        if not mine or (share == ZERO and paid == ZERO):
            continue
        theirs = [each for each in entries if each.account is Account.PAYER]
        insurance = -_sum(each for each in theirs if each.group_code == "" and each.decision_id is not None)
        adjusted = -_sum(
            each for each in theirs if each.group_code not in ("", "PR") or each.kind is EntryKind.WRITE_OFF
        )
        charges: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for kind, charge in session.execute(
            select(ClaimLine.kind, ClaimLine.charge).where(ClaimLine.claim_id == claim.id).order_by(ClaimLine.position)
        ):
            charges[_WHAT[kind]] += charge
        if alone and share > ZERO:
            adjusted = claim.charge - share
        why = ", ".join(f"{name} ${amount:,.2f}" for name, amount in charges.items()) if alone else _why(mine)
        found.append(
            paper.StatementLine(
                ", ".join(charges).capitalize(), claim.period_first, claim.period_last, "None" if alone else payer,
                claim.charge, insurance, adjusted, share, paid, why,
            )
        )  # fmt: skip
        sums[bucket(min(each.posted_on for each in mine), day)] += share - paid
    for each in charges_owed(session, patient):
        found.append(
            paper.StatementLine(
                each.what, each.charged_on, each.charged_on, "", each.amount, ZERO, ZERO, each.amount, each.paid,
                f"{each.number}: {each.reason}",
            )
        )  # fmt: skip
        sums[bucket(each.charged_on, day)] += each.owed
    ages = tuple((name, amount) for name, amount in zip(_AGES, sums, strict=True) if amount)
    return found, ages


def _sum(entries: Iterable[LedgerEntry]) -> Decimal:
    return sum((each.amount for each in entries), ZERO)


def _why(entries: Iterable[LedgerEntry]) -> str:
    """The share's reasons with their amounts, such as "deductible $100.00, coinsurance $50.00"."""
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for each in entries:
        if each.group_code and each.reason_code:
            known = reasons().get(each.reason_code)
            sums[(known.says if known else f"reason {each.reason_code}").lower()] += each.amount
    return ", ".join(f"{name} ${amount:,.2f}" for name, amount in sums.items() if amount)


def closing_paper(session: Session, closing: int) -> bytes:
    """A closed month on paper, the same whenever it is printed. Refused when the ledger says otherwise now."""
    from reports import month_closing as paper

    found, closed_at, who = closed_figures(session, closing)
    total = found.total
    return paper.render(
        paper.MonthClosing(
            letterhead(session),
            who,
            closed_at.astimezone(),
            found.month.first,
            found.month.last,
            KINDS,
            tuple(map(_roll_row, found.rolls)),
            replace(_roll_row(total), name="All payers"),
            found.items,
            found.received,
            tuple(
                (by.value, tuple(paper.AgedRow(row.name, tuple(getattr(row, b) for b in BUCKETS)) for row in rows))
                for by, rows in found.aged
            ),
            ("To 30 days", "31 to 60", "61 to 90", "91 to 120", "Older"),
            None if found.equipment is None else _roll_row(found.equipment),
        )
    )


def _roll_row(roll: Roll) -> "RollRow":
    from reports import month_closing as paper

    return paper.RollRow(roll.name, roll.opening, roll.moved, roll.closing)
