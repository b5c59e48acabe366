"""Whose month has no claim, and why: no coverage, no rules, nothing to bill, withdrawn, or simply not counted yet."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.billing.claiming.work_queue import Fix
from infusion_desktop.billing.months.counting import (
    Contract,
    CoveredPeriod,
    counted,
    covered_periods_of_many,
    the_contract,
)
from infusion_desktop.billing.months.month_facts import MonthFacts, facts_of_many
from infusion_desktop.billing.months.withdrawn import AFTER_ALL, withdrawn
from infusion_desktop.billing.queries import month_overview
from infusion_desktop.billing.rules.therapy import Authorization
from infusion_desktop.billing.tables import Claim
from infusion_desktop.billing.terms.authorizations import authorizations_of_many, for_engine
from infusion_desktop.billing.words import ClaimState, Frequency
from infusion_desktop.dates import Days
from infusion_desktop.errors import Refused
from infusion_desktop.money import ZERO
from infusion_desktop.patients.words import PatientId, PayerId

MOST = 500


@dataclass(frozen=True, slots=True)
class NotCounted:
    """A patient in therapy without a claim: why, what it would come to, and where to put it right."""

    patient_id: PatientId
    patient: str
    payer: str
    why: str
    expected: Decimal
    fix: Fix


def not_counted(session: Session, month: Days, payer: PayerId | None = None) -> tuple[NotCounted, ...]:
    """Patients with a therapy in the month and no claim for it; at most five hundred, by name."""
    patients = month_overview(session, month, payer).not_counted[:MOST]
    if not patients:
        return ()
    ids = [patient for patient, _ in patients]
    covered = covered_periods_of_many(session, ids, month)
    plain = {patient: periods for patient, periods in covered.items() if not isinstance(periods, Refused)}
    done = _billed(session, ids, month)
    plain = {
        patient: tuple(each for each in periods if each.coverage_id not in done and payer in (None, each.payer_id))
        for patient, periods in plain.items()
    }
    work = [(patient, each) for patient, periods in plain.items() for each in periods]
    facts = facts_of_many(session, [(patient, each.period) for patient, each in work]) if work else {}
    contracts = {each: the_contract(session, each) for each in sorted({one.payer_id for _, one in work})}
    allowed = authorizations_of_many(session, ids)
    gone = withdrawn(session, month)
    found = []
    for patient, name in patients:
        periods = covered.get(patient, ())
        if isinstance(periods, Refused) or not periods:
            none = "No primary coverage is in force. Enter the patient's coverage."
            why = str(periods) if isinstance(periods, Refused) else none
            found.append(NotCounted(patient, name, "", why, ZERO, Fix("patient", patient)))
            continue
        for each in plain[patient]:
            uses = for_engine(allowed.get((patient, each.payer_id), ()))
            row = _one(name, each, facts[patient, each.period], contracts[each.payer_id], uses)
            if (kept := gone.get((patient, each.coverage_id))) is not None:
                row = replace(row, why=f"{kept} {AFTER_ALL}", fix=Fix("claim", kept.claim_id))
            found.append(row)
    return tuple(found)


def _billed(session: Session, patients: Sequence[PatientId], month: Days) -> frozenset[int]:
    """The policies that a claim bills for the month."""
    rows = session.scalars(
        select(Claim.coverage_id)
        .where(Claim.patient_id.in_(patients), Claim.period_first.between(month.first, month.last))
        .where(Claim.primary_id.is_(None), Claim.state != ClaimState.VOIDED, Claim.frequency != Frequency.VOID)
    )
    return frozenset(rows)


def _one(
    name: str, covered: CoveredPeriod, facts: MonthFacts, contract: Contract, uses: tuple[Authorization, ...]
) -> NotCounted:
    patient = facts.patient_id
    try:
        month = counted(facts, covered, contract, uses)
    except Refused as no:
        return NotCounted(patient, name, covered.payer, str(no), ZERO, Fix("payer", covered.payer_id))
    if not month.lines:
        reasons = list(dict.fromkeys(each.why for each in month.left_out))
        why = f"Nothing is to be billed: {'; '.join(reasons)}." if reasons else "Nothing is to be billed."
        return NotCounted(patient, name, covered.payer, why, ZERO, Fix("patient", patient))
    why = "Not counted yet. Count and make claims."
    return NotCounted(patient, name, covered.payer, why, month.expected, Fix("patient", patient))
