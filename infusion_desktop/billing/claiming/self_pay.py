"""Bill patients who pay alone: what was counted is charged to them and becomes a statement, no form and no file."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.claiming.claims import new_batch, ready_claims, take_along
from infusion_desktop.billing.life import enter
from infusion_desktop.billing.money.patient_money import owed_by
from infusion_desktop.billing.money.receivables import charge_of
from infusion_desktop.billing.money.statements import write_statement
from infusion_desktop.billing.rules.rule_set import ClaimForm
from infusion_desktop.billing.tables import Claim, ClaimBatch
from infusion_desktop.billing.terms.contracts import payer_name, rules_on
from infusion_desktop.billing.words import Account, ClaimId, ClaimState
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import local_day, now_utc
from infusion_desktop.errors import refuse_if
from infusion_desktop.money import ZERO
from infusion_desktop.patients.words import PatientId, PayerId


@dataclass(frozen=True, slots=True)
class BilledPatients:
    """Statements to print and mail, one a patient, in one PDF."""

    pdf: bytes
    name: str
    claims: tuple[ClaimId, ...]
    patients: int
    charged: Decimal
    """What the claims charge the patients, at the prices for who pays alone."""
    covered: int = 0
    """Patients whose credits cover all they owe: there is no statement for them."""


def bill_patients(
    database: Database, claims: Sequence[ClaimId], by: UserId, *, at: datetime | None = None
) -> BilledPatients:
    """Charge ready claims of self-payers to the patients and write their statements; all of them or none.

    A patient gets one, whichever contract for who pays alone a claim is by. Refused naming each claim that is not ready
    or whose payer takes files or forms.
    """
    from reports.patient_statement import render_batch

    when = at or now_utc()
    with database.transaction() as session:
        authorize(session, by, Permission.CLAIM)
        by_payer: dict[PayerId, list[Claim]] = defaultdict(list)
        for row in ready_claims(session, claims, of_one_payer=False):
            by_payer[PayerId(row.payer_id)].append(row)
        refuse_if(
            f"Claim {row.number} goes to {payer_name(session, payer)}, not to the patient."
            for payer, rows in by_payer.items()
            for row in rows
            if rules_on(session, payer, row.period_first).rules.claim_form is not ClaimForm.STATEMENT
        )
        interchanges = [_charge(session, payer, rows, by, when) for payer, rows in by_payer.items()]
        rows = [row for several in by_payer.values() for row in several]
        patients = list(dict.fromkeys(PatientId(row.patient_id) for row in rows))
        day = local_day(when)
        statements = [write_statement(session, each, by, day) for each in patients if owed_by(session, each) > ZERO]
        price = sum((charge_of(session, ClaimId(row.id)) for row in rows), ZERO)
    pdf = render_batch(statements) if statements else b""
    name = f"statements-{interchanges[0]:09d}.pdf"
    return BilledPatients(pdf, name, tuple(claims), len(statements), price, len(patients) - len(statements))


def _charge(session: Session, payer: PayerId, rows: Sequence[Claim], by: UserId, when: datetime) -> int:
    """Claims of one payer are owed by their patients from now on; gives the number of their batch."""
    batch, interchange, _ = new_batch(session, payer, by)
    numbers = [row.number for row in rows]
    kept = session.get_one(ClaimBatch, batch)
    kept.content, kept.acknowledged = f"Patient statements: {' '.join(numbers)}", "by statement"
    for row in rows:
        take_along(session, row, batch, when, by, Account.PATIENT)
        row.sent_at = when
        enter(session, row, ClaimState.SENT, by, "patient's statement")
    record(session, by, "bill patients", "claim batch", batch, after={"claims": numbers})
    return interchange
