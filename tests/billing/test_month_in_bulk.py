"""A month run in bulk makes what the slow reading of the rules says, and what the deeds for one claim make."""

import json
from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal

import slow_reference
from sqlalchemy import func, select

from benchmarks.month_run import MARCH, fill_pharmacy, make_pharmacy
from infusion_desktop.access.audit import as_json, first_broken_entry
from infusion_desktop.access.tables import AuditEntry
from infusion_desktop.billing.claiming.checking import check
from infusion_desktop.billing.months.charging import make_claim
from infusion_desktop.billing.months.counting import ToCount, counted, counted_together, covered_periods, the_contract
from infusion_desktop.billing.months.month_facts import Goods, facts_of_many
from infusion_desktop.billing.rules.counting import NOTHING_BEFORE
from infusion_desktop.billing.rules.rule_set import DrugQuantity
from infusion_desktop.billing.runs.month_run import run_month
from infusion_desktop.billing.tables import Claim, ClaimEvent, ClaimLine
from infusion_desktop.billing.terms.authorizations import authorizations_of_many, for_engine
from infusion_desktop.billing.terms.contracts import rules_on
from infusion_desktop.billing.terms.fees import fee_schedule
from infusion_desktop.billing.verify import problems
from infusion_desktop.errors import Refused
from infusion_desktop.patients.words import PatientId, PayerId, TherapyClass
from infusion_desktop.progress import run_to_end
from infusion_desktop.stock.words import BillingClass, ItemId, ItemKind

APRIL = date(2026, 4, 5)


def test_a_thousand_patients_months_on_claims_add_up_to_the_slow_reading(one_database):
    database = one_database
    by = fill_pharmacy(database, 1000, seed=20260401, classes=(TherapyClass.ANTI_INFECTIVE,))
    run = run_to_end(run_month(database, MARCH, by, send=False, on=APRIL))
    assert len(run.claims) == 1000
    with database.reading() as session:
        rows = session.execute(
            select(Claim.patient_id, func.sum(ClaimLine.expected), func.sum(ClaimLine.units))
            .join(ClaimLine, ClaimLine.claim_id == Claim.id)
            .group_by(Claim.patient_id)
        )
        ours = {row[0]: (row[1], row[2]) for row in rows}
        wanted = [(PatientId(number), MARCH) for number in range(1, 1001)]
        facts = facts_of_many(session, wanted)
        rules = rules_on(session, PayerId(1), MARCH.first).rules
        fees = fee_schedule(session, PayerId(1)).fees
        assert problems(session) == ()
        allowed = authorizations_of_many(session, [patient for patient, _ in wanted])
    total = Decimal(0)
    for patient, month in wanted:
        known = facts[patient, month]
        unused = [use.less(use.held, held=True) for use in allowed.get((patient, PayerId(1)), ())]
        days = slow_reference.billed_days(
            month, known.courses, known.interruptions, rules, fees, for_engine(tuple(unused))
        )
        lines = slow_reference.lines(days, month, known.courses, known.interruptions, rules)
        expected = sum((line[6] for line in lines), Decimal(0))
        assert ours[patient] == (expected, sum(line[5] for line in lines)), f"patient {patient}"
        total += expected
    assert total == sum(money for money, _ in ours.values()) > 0


def kept(database):
    with database.reading() as session:
        columns = [column for column in ClaimLine.__table__.c if column.name not in ("id", "claim_id")]
        lines = defaultdict(list)
        for row in session.execute(
            select(Claim.patient_id, *columns)
            .join(Claim, Claim.id == ClaimLine.claim_id)
            .order_by(Claim.patient_id, ClaimLine.position)
        ):
            lines[row[0]].append(tuple(row[1:]))
        claims = {
            row.patient_id: (row.number, row.state, row.charge, row.expected, row.diagnoses, row.missing, row.days)
            for row in session.scalars(select(Claim))
        }
        events = session.execute(
            select(Claim.patient_id, ClaimEvent.state, ClaimEvent.note)
            .join(Claim, Claim.id == ClaimEvent.claim_id)
            .order_by(ClaimEvent.id)
        ).all()
    return dict(lines), claims, sorted(map(tuple, events))


def test_a_month_that_cannot_be_counted_stops_none_of_those_beside_it(one_database):
    database = one_database
    fill_pharmacy(database, 3)
    numbers = [PatientId(number) for number in (1, 2, 3)]
    with database.reading() as session:
        contract = the_contract(session, PayerId(1))
        covered = [covered_periods(session, patient, MARCH)[0] for patient in numbers]
        known = facts_of_many(session, [(patient, MARCH) for patient in numbers])
    [version] = contract.versions
    wasting = replace(version, rules=replace(version.rules, drug_quantity=DrugQuantity.JW_JZ))
    contract = replace(contract, versions=(wasting,))
    facts = [known[patient, MARCH] for patient in numbers]
    more_than_was_sent = Goods(
        facts[1].deliveries[-1], ItemId(1), "Cefazolin 1 g", ItemKind.DRUG, BillingClass.DRUG, "J0690", "00781320985",
        "UN", Decimal(1), Decimal(2), 5, discarded=Decimal(6),
    )  # fmt: skip
    facts[1] = replace(facts[1], goods=(more_than_was_sent,))
    asked = [ToCount(each, whose, contract, (), NOTHING_BEFORE) for each, whose in zip(facts, covered, strict=True)]
    first, refused, last = counted_together(asked)
    assert isinstance(refused, Refused) and "below zero" in str(refused)
    alone = [counted(facts[place], covered[place], contract, ()) for place in (0, 2)]
    assert [first, last] == alone and alone[0].lines


def test_many_together_are_what_each_would_be_alone_on_either_database(database, tmp_path):
    together, by = database, fill_pharmacy(database, 120, seed=5)
    run_to_end(run_month(together, MARCH, by, send=False, on=APRIL))
    alone, by = make_pharmacy(tmp_path / "alone.db", 120, seed=5)
    for number in range(1, 121):
        try:
            check(alone, make_claim(alone, PatientId(number), MARCH, by), by, on=APRIL)
        except Refused:
            continue
    assert kept(together) == kept(alone)
    before = kept(together)
    run_to_end(run_month(together, MARCH, by, send=False, on=APRIL))
    assert kept(together) == before
    with together.reading() as session:
        assert first_broken_entry(session) is None
        made = session.scalars(select(AuditEntry.after).where(AuditEntry.action == "make")).all()
        assert len(made) == len(before[1]) and all(as_json(json.loads(facts)) == facts for facts in made)
        assert session.scalar(select(func.max(Claim.id))) == len(before[1])
    alone.close()
