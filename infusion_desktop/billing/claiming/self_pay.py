"""Bill patients who pay alone: what was counted is charged to them and becomes a statement, no form and no file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.claiming.claims import new_batch, ready_claims, take_along
from infusion_desktop.billing.life import enter
from infusion_desktop.billing.money.patient_money import owed_by
from infusion_desktop.billing.money.receivables import charge_of
from infusion_desktop.billing.money.statements import write_statement
from infusion_desktop.billing.rules.rule_set import ClaimForm
from infusion_desktop.billing.tables import ClaimBatch
from infusion_desktop.billing.terms.contracts import payer_name, rules_on
from infusion_desktop.billing.words import Account, BatchId, ClaimId, ClaimState
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import local_day, now_utc
from infusion_desktop.errors import refuse_if
from infusion_desktop.money import ZERO
from infusion_desktop.patients.words import PatientId, PayerId


@dataclass(frozen=True, slots=True)
class BilledPatients:
    """Statements to print and mail, one a patient, in one PDF."""

    batch_id: BatchId
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

    Refused naming each claim that is not ready or whose payer takes files or forms.
    """
    from reports.patient_statement import render_batch

    when = at or now_utc()
    with database.transaction() as session:
        authorize(session, by, Permission.CLAIM)
        rows = ready_claims(session, claims)
        payer = PayerId(rows[0].payer_id)
        refuse_if(
            f"Claim {row.number} goes to {payer_name(session, payer)}, not to the patient."
            for row in rows
            if rules_on(session, payer, row.period_first).rules.claim_form is not ClaimForm.STATEMENT
        )
        batch, interchange, _ = new_batch(session, payer, by)
        numbers = [row.number for row in rows]
        kept = session.get_one(ClaimBatch, batch)
        kept.content, kept.acknowledged = f"Patient statements: {' '.join(numbers)}", "by statement"
        for row in rows:
            take_along(session, row, batch, when, by, Account.PATIENT)
            row.sent_at = when
            enter(session, row, ClaimState.SENT, by, "patient's statement")
        patients = list(dict.fromkeys(PatientId(row.patient_id) for row in rows))
        day = local_day(when)
        statements = [write_statement(session, each, by, day) for each in patients if owed_by(session, each) > ZERO]
        record(session, by, "bill patients", "claim batch", batch, after={"claims": numbers})
        price = sum((charge_of(session, ClaimId(row.id)) for row in rows), ZERO)
    pdf = render_batch(statements) if statements else b""
    name = f"statements-{interchange:09d}.pdf"
    return BilledPatients(BatchId(batch), pdf, name, tuple(claims), len(statements), price,
                          len(patients) - len(statements))  # fmt: skip
