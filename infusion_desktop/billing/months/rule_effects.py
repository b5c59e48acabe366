"""What a change of rules or prices would do to a real month: lines before and after, in dollars; nothing is kept."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.months.counting import Contract, counted, covered_periods_of_many, the_contract
from infusion_desktop.billing.months.month_facts import facts_of_many
from infusion_desktop.billing.rules.counted import MonthCounted, ServiceLine
from infusion_desktop.billing.rules.rule_set import RuleSet
from infusion_desktop.billing.tables import Claim
from infusion_desktop.billing.terms.authorizations import authorizations_of_many, for_engine
from infusion_desktop.billing.terms.contracts import PayerRuleSet
from infusion_desktop.billing.terms.fees import NewFee, with_fees
from infusion_desktop.billing.words import ClaimId, RuleSetId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import ONE_DAY, Days, show_day, show_days
from infusion_desktop.errors import Refused
from infusion_desktop.money import ZERO
from infusion_desktop.patients.tables import Coverage, Patient, Therapy
from infusion_desktop.patients.words import PatientId, PayerId, Rank
from infusion_desktop.progress import Progress

_AT_ONCE = 40


@dataclass(frozen=True, slots=True)
class LineEffect:
    """A claim line before and after the change; no units stand for a line that is not there."""

    patient_id: PatientId
    patient: str
    code: str
    days: str
    units_before: Decimal
    units_after: Decimal
    before: Decimal
    after: Decimal
    why: str
    therapy_id: int | None = None

    @property
    def difference(self) -> Decimal:
        """What the contract pays more after the change."""
        return self.after - self.before

    @property
    def is_changed(self) -> bool:
        """Whether anything of the line is different."""
        return (self.units_before, self.before) != (self.units_after, self.after)


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change does to a month; ``problems`` are patients whose month cannot be counted, before or after."""

    month: Days
    patients: int
    lines: tuple[LineEffect, ...]
    problems: tuple[str, ...]

    @property
    def before(self) -> Decimal:
        """What the contract pays for the month as it is."""
        return sum((line.before for line in self.lines), ZERO)

    @property
    def after(self) -> Decimal:
        """What it would pay after the change."""
        return sum((line.after for line in self.lines), ZERO)

    @property
    def changed_patients(self) -> int:
        """How many patients' lines would be different."""
        return len({line.patient_id for line in self.lines if line.is_changed})


def effect_of_rules(
    database: Database, payer: PayerId, rules: RuleSet, starts_on: date, month: Days, by: UserId
) -> Generator[Progress, None, Effect]:
    """Count a month of a payer's patients by the rules as they are and as they would be from a day on."""
    with database.reading() as session:
        authorize(session, by, Permission.SEE_BILLING)
        now = the_contract(session, payer)
    return (yield from _effect(database, now, _with_rules(now, rules, starts_on), month))


def effect_of_fees(
    database: Database, payer: PayerId, new: tuple[NewFee, ...], month: Days, by: UserId
) -> Generator[Progress, None, Effect]:
    """Count a month of a payer's patients by the prices as they are and with new ones beside them."""
    with database.reading() as session:
        authorize(session, by, Permission.SEE_BILLING)
        now = the_contract(session, payer)
        then = replace(now, fees=with_fees(session, payer, new))
    return (yield from _effect(database, now, then, month))


def effect_of_contract(
    database: Database, payer: PayerId, like: PayerId, month: Days, by: UserId
) -> Generator[Progress, None, Effect]:
    """Count a month of a payer's patients by its own contract and as if it had another payer's rules and prices."""
    with database.reading() as session:
        authorize(session, by, Permission.SEE_BILLING)
        now, other = the_contract(session, payer), the_contract(session, like)
    return (yield from _effect(database, now, replace(now, versions=other.versions, fees=other.fees), month))


def _with_rules(contract: Contract, rules: RuleSet, starts_on: date) -> Contract:
    versions = [
        replace(each, ends_on=starts_on - ONE_DAY) if each.ends_on is None or each.ends_on >= starts_on else each
        for each in contract.versions
        if each.starts_on < starts_on
    ]
    number = 1 + max((each.rules.version for each in contract.versions), default=0)
    proposed = PayerRuleSet(
        RuleSetId(0), contract.payer_id, starts_on, None, replace(rules, version=number), "proposed"
    )
    return replace(contract, versions=(proposed, *versions))


def _effect(database: Database, now: Contract, then: Contract, month: Days) -> Generator[Progress, None, Effect]:
    with database.reading() as session:
        patients = _patients(session, now.payer_id, month)
    lines: list[LineEffect] = []
    problems: list[str] = []
    for place in range(0, len(patients), _AT_ONCE):
        yield Progress(place, len(patients), f"{place} of {len(patients)} patients")
        with database.reading() as session:
            part = patients[place : place + _AT_ONCE]
            for patient, name, before, after in _counted(session, part, month, now, then, problems):
                lines += _compared(patient, name, before, after)
    lines.sort(key=lambda line: (not line.is_changed, line.patient, line.patient_id, line.days, line.code))
    return Effect(month, len(patients), tuple(lines), tuple(dict.fromkeys(problems)))


def _patients(session: Session, payer: PayerId, month: Days) -> list[tuple[PatientId, str]]:
    rows = session.execute(
        select(Patient.id, Patient.last_name, Patient.first_name)
        .join(Coverage, Coverage.patient_id == Patient.id)
        .join(Therapy, Therapy.patient_id == Patient.id)
        .where(Coverage.payer_id == payer, Coverage.rank == Rank.PRIMARY, Coverage.starts_on <= month.last)
        .where(or_(Coverage.ends_on.is_(None), Coverage.ends_on >= month.first))
        .where(Therapy.starts_on <= month.last, or_(Therapy.stops_on.is_(None), Therapy.stops_on >= month.first))
        .distinct()
        .order_by(Patient.last_name, Patient.first_name, Patient.id)
    )
    return [(PatientId(row.id), f"{row.last_name}, {row.first_name}") for row in rows]


def _counted(
    session: Session,
    patients: Sequence[tuple[PatientId, str]],
    month: Days,
    now: Contract,
    then: Contract,
    problems: list[str],
) -> Iterator[tuple[PatientId, str, MonthCounted | None, MonthCounted | None]]:
    """Each patient's month by both contracts, as if the month's own claims had taken nothing of authorizations."""
    ids = [patient for patient, _ in patients]
    covered = covered_periods_of_many(session, ids, month)
    mine = session.scalars(
        select(Claim.id).where(
            Claim.patient_id.in_(ids), Claim.payer_id == now.payer_id, Claim.period_first <= month.last,
            Claim.period_last >= month.first,
        )
    )  # fmt: skip
    allowed = authorizations_of_many(session, ids, [ClaimId(each) for each in mine])
    work = []
    for patient, name in patients:
        periods = covered.get(patient, ())
        if isinstance(periods, Refused):
            problems += [f"{name}: {reason}" for reason in periods.reasons]
            continue
        work += [(patient, name, each) for each in periods if each.payer_id == now.payer_id]
    facts = facts_of_many(session, [(patient, each.period) for patient, _, each in work]) if work else {}
    for patient, name, each in work:
        uses = for_engine(allowed.get((patient, now.payer_id), ()))
        found: list[MonthCounted | None] = []
        for contract in (now, then):
            try:
                found.append(counted(facts[patient, each.period], each, contract, uses))
            except Refused as no:
                problems += [f"{name}: {reason}" for reason in no.reasons]
                found.append(None)
        yield patient, name, found[0], found[1]


def _compared(
    patient: PatientId, name: str, before: MonthCounted | None, after: MonthCounted | None
) -> list[LineEffect]:
    old, new = _by_key(before), _by_key(after)
    notes = {(each.therapy_id, day): each.why for each in (after.left_out if after else ()) for day in each.days}
    found = []
    for key in dict.fromkeys([*old, *new]):
        was, is_now = old.get(key, []), new.get(key, [])
        one = (is_now or was)[0]
        found.append(
            LineEffect(
                patient,
                name,
                " ".join([one.code, *one.modifiers]),
                show_day(one.days.first) if len(one.days) == 1 else show_days(one.days),
                sum((line.units for line in was), Decimal(0)),
                sum((line.units for line in is_now), Decimal(0)),
                sum((line.expected for line in was), ZERO),
                sum((line.expected for line in is_now), ZERO),
                _why(was, is_now, notes),
                one.therapy_id,
            )
        )
    return found


def _by_key(counted: MonthCounted | None) -> dict[tuple[object, ...], list[ServiceLine]]:
    found: dict[tuple[object, ...], list[ServiceLine]] = {}
    for line in () if counted is None else counted.lines:
        found.setdefault((line.code, line.modifiers, line.days, line.therapy_id), []).append(line)
    return found


def _why(was: list[ServiceLine], is_now: list[ServiceLine], notes: dict[tuple[int, date], str]) -> str:
    """The sentence that explains the new line, or why the old one's days no longer count."""
    if is_now:
        line = is_now[0]
        if was and (line.units, line.expected) == (was[0].units, was[0].expected):
            return ""
        told = [each for each in line.sentences if each]
        return next((each for each in told if each.startswith("The contract")), told[-1] if told else "")
    days = [(line.therapy_id or 0, day) for line in was for unit in line.evidence for day in unit.days]
    reasons = {notes[each] for each in days if each in notes}
    return "; ".join(sorted(reasons)) or "Billed on another line."
