"""Everything the claim checks look at, gathered from the books for one claim."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from infusion_desktop.access.pharmacy import profile
from infusion_desktop.billing.months.counting import count_month
from infusion_desktop.billing.months.month_facts import month_facts, order_of, ordered
from infusion_desktop.billing.months.scope import scope_of
from infusion_desktop.billing.rules.checks import facts as told
from infusion_desktop.billing.rules.checks.facts import ClaimFacts
from infusion_desktop.billing.rules.counted import MonthCounted, ServiceLine
from infusion_desktop.billing.rules.ordered import Order
from infusion_desktop.billing.rules.therapy import Interruption, InterruptionKind
from infusion_desktop.billing.tables import Authorization, Claim, ClaimLine
from infusion_desktop.billing.terms.authorizations import authorizations, for_engine
from infusion_desktop.billing.terms.code_lists import codes_in
from infusion_desktop.billing.terms.code_table import code_table
from infusion_desktop.billing.terms.contracts import rules_on
from infusion_desktop.billing.words import ClaimId, ClaimState, Frequency, LineKind
from infusion_desktop.database.many import as_ids, is_given
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.dates import Days, month_of
from infusion_desktop.deliveries.calls.refill_rules_kept import rules_of_payers
from infusion_desktop.patients.tables import Coverage, Patient, Payer, Therapy
from infusion_desktop.patients.words import CoverageId, PatientId, PayerId, PayerKind, Rank, Relation
from infusion_desktop.stock.words import Container

LOOK_BACK = timedelta(days=92)
"""How far back lines of `limited_codes` are looked at: three months."""
_POSITIONS = {Rank.PRIMARY: 1, Rank.SECONDARY: 2, Rank.TERTIARY: 3}


def claim_facts(session: Session, claim: Claim, day: date) -> ClaimFacts:
    """Everything the checks look at, for a claim as it would leave on a day."""
    period = Days(claim.period_first, claim.period_last)
    patient = session.get_one(Patient, claim.patient_id)
    lines = session.scalars(select(ClaimLine).where(ClaimLine.claim_id == claim.id).order_by(ClaimLine.position)).all()
    month = month_facts(session, PatientId(claim.patient_id), period)
    uses = authorizations(session, PatientId(claim.patient_id), PayerId(claim.payer_id), beside=(ClaimId(claim.id),))
    stays, open_stay = stays_of(month.interruptions)
    coverage = session.get_one(Coverage, claim.coverage_id)
    before = _billed_before(session, claim, period)
    diagnoses = tuple(claim.diagnoses.split())
    return ClaimFacts(
        today=day,
        codes=codes_in(session),
        lines=_lines(session, lines),
        rules=rules_on(session, PayerId(claim.payer_id), period.first).rules,
        refill_rules=rules_of_payers(session).get(PayerId(claim.payer_id), ()),
        billing=billing_of(session),
        patient=person_of(patient),
        coverage=coverage_of(coverage, session.get_one(Payer, claim.payer_id)),
        diagnoses=diagnoses,
        pointers=told.pointers_to(diagnoses),
        orders=_orders(session, lines),
        deliveries=month.deliveries,
        hospital_stays=stays,
        still_in_hospital_since=open_stay,
        authorizations=for_engine(uses),
        therapy_days=_therapy_days(session, claim, period) if coverage.rank is Rank.PRIMARY else None,
        billed_before=tuple(
            billed_before_of(row, apart=_is_apart(row, claim)) for row in before if row.payer_id == claim.payer_id
        ),
        billed_elsewhere=tuple(billed_before_of(row) for row in before if is_elsewhere(row, claim.payer_id, period)),
        frequency=claim.frequency.value,
        delay_reason=claim.delay_reason,
        payer_control_number=claim.payer_control_number,
    )


def stays_of(interruptions: Iterable[Interruption]) -> tuple[tuple[Days, ...], date | None]:
    """Hospital stays that are over, and since when one goes on."""
    stays = [each for each in interruptions if each.kind is InterruptionKind.HOSPITAL]
    if not stays:
        return (), None
    over = tuple(Days(each.first_on, each.last_on) for each in stays if each.last_on is not None)
    return over, next((each.first_on for each in stays if each.last_on is None), None)


def _lines(session: Session, lines: Sequence[ClaimLine]) -> tuple[ServiceLine, ...]:
    ids = {line.authorization_id for line in lines if line.authorization_id is not None}
    rows = session.execute(select(Authorization.id, Authorization.number).where(Authorization.id.in_(ids)))
    numbers = {row.id: row.number for row in rows}
    return tuple(line_of(line, numbers.get(line.authorization_id or 0, "")) for line in lines)


def line_of(line: Any, authorization: str) -> ServiceLine:
    """A claim line, or a row with its columns, as the checks look at it."""
    evidence = json.loads(line.evidence)
    per_diem = line.kind is LineKind.PER_DIEM
    return ServiceLine(
        number=line.position,
        kind=line.kind,
        code=line.code,
        days=Days(line.first_on, line.last_on),
        units=line.units,
        charge=line.charge,
        rate=line.rate,
        expected=line.expected,
        dates=tuple(date.fromisoformat(unit["day"]) for unit in evidence["units"]) if per_diem else (),
        modifiers=tuple(line.modifiers.split()),
        description=line.description,
        therapy_id=line.therapy_id,
        delivery_id=line.delivery_id,
        visit_id=line.visit_id,
        rules_id=line.rules_id,
        authorization=authorization,
        place=evidence["place"],
        priced=evidence["priced"],
        held=evidence["held"],
        ndc=line.ndc,
        ndc_quantity=line.ndc_quantity,
        ndc_unit=line.ndc_unit,
        compound=evidence.get("compound", ""),
        container=Container(evidence.get("container", Container.AS_ITS_CODE)),
        note=evidence.get("note", ""),
    )


def billing_of(session: Session) -> told.Billing:
    """The pharmacy as the claim names it."""
    ours = profile(session)
    if ours is None:
        return told.Billing()
    return told.Billing(ours.name, ours.npi, ours.tax_id, ours.taxonomy, ours.street, ours.zip)


def person_of(row: Any) -> told.Person:
    """The patient."""
    name = f"{row.last_name}, {row.first_name}" if row.last_name and row.first_name else ""
    return told.Person(name, row.born_on, row.sex.value, row.street, row.city, row.state, row.zip)


def coverage_of(row: Any, payer: Any) -> told.CoverageFacts:
    """The patient's policy with the payer, of a claim that follows no other payer's."""
    themselves = row.relation is Relation.SELF
    return told.CoverageFacts(
        payer.name,
        payer.payer_code,
        row.member_id,
        "self" if themselves else "other",
        None if themselves else told.Person(row.holder_last_name, row.holder_born_on, row.holder_sex),
        Days(row.starts_on, row.ends_on or date.max),
        payer.kind is PayerKind.MEDICARE_B,
        _POSITIONS[row.rank],
    )


def _orders(session: Session, lines: Sequence[ClaimLine]) -> tuple[Order, ...]:
    """The prescribers' orders of what is billed, also of therapies that touch the period no longer."""
    wanted = sorted({line.therapy_id for line in lines if line.therapy_id is not None})
    return tuple(map(order_of, _ORDERS.rows(session, as_ids(wanted))))


_ORDERS = Prepared(lambda dialect: ordered().where(is_given(dialect, Therapy.id)).order_by(Therapy.id))


def _therapy_days(session: Session, claim: Claim, period: Days) -> dict[int, frozenset[date]]:
    """The days the calendar counts today: they differ from the lines when it changed since the claim was counted."""
    counted = count_month(
        session, PatientId(claim.patient_id), period, CoverageId(claim.coverage_id),
        scope=scope_of(session, ClaimId(claim.id)),
    )  # fmt: skip
    return therapy_days_of(counted)


def therapy_days_of(counted: MonthCounted) -> dict[int, frozenset[date]]:
    """The service days of a count by therapy."""
    days: dict[int, set[date]] = defaultdict(set)
    for line in counted.lines:
        if line.kind is LineKind.PER_DIEM and line.therapy_id is not None:
            days[line.therapy_id].update(line.dates)
    return {therapy: frozenset(each) for therapy, each in days.items()}


def _billed_before(session: Session, claim: Claim, period: Days) -> Sequence[Any]:
    return session.execute(
        select(*BILLED_BEFORE)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(Claim.patient_id == claim.patient_id, Claim.number != claim.number)
        .where(Claim.state != ClaimState.VOIDED, Claim.frequency != Frequency.VOID)
        .where(ClaimLine.first_on <= period.last)
        .where(
            or_(
                ClaimLine.last_on >= period.first,
                and_(ClaimLine.code.in_(limited_codes()), ClaimLine.first_on > period.first - LOOK_BACK),
            )
        )
        .order_by(ClaimLine.id)
    ).all()


BILLED_BEFORE = (
    Claim.number, Claim.payer_id, Claim.primary_id, Claim.state, Claim.coverage_id, Claim.period_first, Claim.therapies,
    ClaimLine.code, ClaimLine.first_on, ClaimLine.last_on,
    ClaimLine.modifiers, ClaimLine.units,
)  # fmt: skip
"""What is read of lines of other claims."""
_GIVEN_UP = frozenset({ClaimState.DENIED, ClaimState.REJECTED, ClaimState.CLOSED})


def is_elsewhere(row: Any, payer: int, period: Days) -> bool:
    """Whether a line stands on a claim to another payer as the first one, for some of these days."""
    other = row.payer_id != payer and row.primary_id is None and row.state not in _GIVEN_UP
    return other and row.first_on <= period.last and row.last_on >= period.first


@cache
def limited_codes() -> tuple[str, ...]:
    """Codes of which some months take only so many."""
    return code_table().with_fact("medicare_most")


def billed_before_of(row: Any, *, apart: bool = False) -> told.BilledBefore:
    """A line of another claim as the checks look at it; ``apart``: that claim is the other part of this month."""
    days = Days(row.first_on, row.last_on)
    return told.BilledBefore(row.number, row.code, days, tuple(row.modifiers.split()), row.units, apart)


def _is_apart(row: Any, claim: Claim) -> bool:
    """Whether a line stands on the claim for other therapies of the same month."""
    same = row.coverage_id == claim.coverage_id and month_of(row.period_first) == month_of(claim.period_first)
    return same and row.therapies != claim.therapies and row.primary_id is None and claim.primary_id is None
