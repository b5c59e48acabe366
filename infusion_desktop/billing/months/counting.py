"""Count a patient's month at a payer: the per-diem engine over the calendar, with the delivery behind every day."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from operator import itemgetter
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select
from sqlalchemy.orm import Session

from infusion_desktop.billing.months.month_facts import MonthFacts, month_facts
from infusion_desktop.billing.months.other_lines import as_paid_by, authorized, other_lines, other_notes
from infusion_desktop.billing.months.scope import Scope
from infusion_desktop.billing.rules import day_mask
from infusion_desktop.billing.rules.codes import CodeTable
from infusion_desktop.billing.rules.counted import LeftOutDays, MonthCounted, ServiceLine, UnitEvidence, in_places
from infusion_desktop.billing.rules.counting import NOTHING_BEFORE, Count, PeriodResult, count_together, count_versions
from infusion_desktop.billing.rules.delivered import Delivered
from infusion_desktop.billing.rules.lines import Line
from infusion_desktop.billing.rules.rule_set import BillingModel, DrugQuantity, FilingClock, RuleSet
from infusion_desktop.billing.rules.therapy import Authorization as Allowed
from infusion_desktop.billing.rules.therapy import FeeSchedule
from infusion_desktop.billing.tables import Claim, ClaimLine, Fee, PayerRules
from infusion_desktop.billing.terms.authorizations import FREED, authorizations, for_engine
from infusion_desktop.billing.terms.code_lists import codes_in
from infusion_desktop.billing.terms.contracts import PayerRuleSet, payer_name, rule_versions
from infusion_desktop.billing.terms.fees import fee_schedule
from infusion_desktop.billing.words import ClaimId, Frequency, LineKind, RuleSetId
from infusion_desktop.database.many import as_ids, is_given
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.dates import ONE_DAY, Days, month_of, show_day, show_days
from infusion_desktop.errors import Refused
from infusion_desktop.money import show_money
from infusion_desktop.patients.tables import Coverage, Payer
from infusion_desktop.patients.words import CoverageId, PatientId, PayerId, Rank
from infusion_desktop.values import value


@dataclass(frozen=True, slots=True)
class Contract:
    """A payer's rules in all their versions and its prices: what a count goes by, in force or only proposed."""

    payer_id: PayerId
    payer: str
    versions: tuple[PayerRuleSet, ...]
    fees: FeeSchedule
    codes: CodeTable
    _parts: dict[Days, tuple[tuple[Days, PayerRuleSet], ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def parts(self, period: Days) -> tuple[tuple[Days, PayerRuleSet], ...]:
        """A period by the versions that hold in it; Refused where none does. What was found once is known."""
        found = self._parts.get(period)
        if found is None:
            found = tuple(sorted(self._holding(period), key=itemgetter(0)))
            if sum(len(days) for days, _ in found) != len(period):
                raise Refused(f"{self.payer} has no rules for all of {show_days(period)}. Add its rule set first.")
            self._parts[period] = found
        return found

    def _holding(self, period: Days) -> Iterator[tuple[Days, PayerRuleSet]]:
        for version in self.versions:
            last = version.ends_on or period.last
            if last >= version.starts_on and (shared := period.overlap(Days(version.starts_on, last))):
                yield shared, version


EVERYTHING = Scope()


@value
class CoveredPeriod:
    """The days of a month that one primary coverage pays for."""

    coverage_id: CoverageId
    payer_id: PayerId
    payer: str
    period: Days


def covered_periods(session: Session, patient: PatientId, month: Days) -> tuple[CoveredPeriod, ...]:
    """Who pays first on which days of a period; Refused when two primary coverages claim the same day."""
    found = covered_periods_of_many(session, [patient], month).get(patient, ())
    if isinstance(found, Refused):
        raise found
    return found


def covered_periods_of_many(
    session: Session, patients: Sequence[PatientId], month: Days
) -> dict[PatientId, tuple[CoveredPeriod, ...] | Refused]:
    """Who pays first for each of many patients; the refusal in place of the periods where two claim one day."""
    rows = _COVERED.rows(session, {**as_ids(patients), "first": month.first, "last": month.last})
    several: dict[PatientId, list[CoveredPeriod]] = {}
    for row in rows:
        first, last = max(month.first, row.starts_on), min(month.last, row.ends_on or month.last)
        days = month if (first, last) == (month.first, month.last) else Days(first, last)
        covered = CoveredPeriod(CoverageId(row.id), PayerId(row.payer_id), row.name, days)
        several.setdefault(PatientId(row.patient_id), []).append(covered)
    return {patient: _without_clash(found) for patient, found in several.items()}


def _covered(dialect: str) -> Select[*tuple[Any, ...]]:
    return (
        select(Coverage.id, Coverage.patient_id, Coverage.payer_id, Payer.name, Coverage.starts_on, Coverage.ends_on)
        .join(Payer, Payer.id == Coverage.payer_id)
        .where(is_given(dialect, Coverage.patient_id), Coverage.rank == Rank.PRIMARY)
        .where(Coverage.starts_on <= bindparam("last"))
        .where(or_(Coverage.ends_on.is_(None), Coverage.ends_on >= bindparam("first")))
        .order_by(Coverage.starts_on, Coverage.id)
    )


_COVERED = Prepared(_covered)


def _without_clash(found: list[CoveredPeriod]) -> tuple[CoveredPeriod, ...] | Refused:
    for before, after in pairwise(found):
        if after.period.first <= before.period.last:
            return Refused(
                f"{before.payer} and {after.payer} are both primary from {after.period.first:%m/%d/%Y}. "
                "End one coverage before the other begins."
            )
    return tuple(found)


def the_covered_period(
    session: Session, patient: PatientId, month: Days, coverage: CoverageId | None = None
) -> CoveredPeriod:
    """The one coverage to bill; Refused when there is none, or more than one and nobody chose."""
    found = covered_periods(session, patient, month)
    if coverage is not None:
        found = tuple(each for each in found if each.coverage_id == coverage)
    if not found:
        raise Refused(f"No primary coverage is in force in {show_days(month)}. Enter the patient's coverage.")
    if len(found) > 1:
        names = " and ".join(each.payer for each in found)
        raise Refused(f"{names} share {show_days(month)}. Choose the coverage to bill.")
    return found[0]


def count_month(
    session: Session,
    patient: PatientId,
    month: Days,
    coverage: CoverageId | None = None,
    *,
    by: Contract | None = None,
    scope: Scope = EVERYTHING,
) -> MonthCounted:
    """What a month comes to at the patient's primary payer; changes nothing.

    ``month`` is usually a calendar month. ``by`` is the contract to count by, when it is not the one in force. What
    had to be filed by a day before ``scope.counts_from`` is left out as too late: days where a line's limit counts
    from its first day, else lines that end before.
    """
    covered = the_covered_period(session, patient, month_of(month.first) if len(month) == 1 else month, coverage)
    contract = by or the_contract(session, covered.payer_id)
    allowed = for_engine(authorizations(session, patient, covered.payer_id, beside=scope.beside))
    before = _units_before(session, patient, covered, contract, scope.beside)
    counts_from = scope.counts_from

    def count(those: CoveredPeriod) -> MonthCounted:
        return counted(month_facts(session, patient, those.period), those, contract, allowed, before)

    if counts_from is None or counts_from <= covered.period.first:
        return scope.of(count(covered))
    if _clock(contract, covered.period) is not FilingClock.FROM_DAY:
        rest, late = _by_last_day(count(covered), counts_from)
    elif counts_from > covered.period.last:
        raise Refused(f"Every day of {show_days(covered.period)} was too late to file. Void the claim.")
    else:
        rest = count(replace(covered, period=Days(counts_from, covered.period.last)))
        late = count(replace(covered, period=Days(covered.period.first, counts_from - ONE_DAY)))
    rest, late = scope.of(rest), scope.of(late)
    return replace(
        rest,
        period=covered.period,
        left_out=(*_too_late(late), *rest.left_out),
        notes=(*_late_goods(late), *rest.notes),
    )


def _clock(contract: Contract, period: Days) -> FilingClock:
    """Which day of a line starts the limit, by the rules of the period's first day, as the checks ask them."""
    return contract.parts(period)[0][1].rules.filing_clock


def _by_last_day(month: MonthCounted, timely_from: date) -> tuple[MonthCounted, MonthCounted]:
    """A month without its lines that end before a day, and those: a limit from the last day takes lines whole."""
    in_time = in_places(line for line in month.lines if line.days.last >= timely_from)
    late = tuple(line for line in month.lines if line.days.last < timely_from)
    return replace(month, lines=in_time), replace(month, lines=late, left_out=(), notes=())


TOO_LATE = "too late to file"


def _too_late(late: MonthCounted) -> Iterator[LeftOutDays]:
    for line in late.lines:
        if line.kind is LineKind.PER_DIEM and line.therapy_id is not None:
            yield LeftOutDays(line.therapy_id, line.description, line.dates, TOO_LATE)
    yield from late.left_out


def _late_goods(late: MonthCounted) -> Iterator[str]:
    for line in late.lines:
        if line.kind is not LineKind.PER_DIEM:
            yield f"{line.code} of {show_day(line.days.first)}, {show_money(line.charge)}, is left out: {TOO_LATE}."


@dataclass(frozen=True, slots=True)
class ToCount:
    """A patient's covered period, and what it is counted from and by.

    ``units_before`` are the units by code and month that claims of other periods took (monthly maxima).
    """

    facts: MonthFacts
    covered: CoveredPeriod
    contract: Contract
    allowed: tuple[Allowed, ...]
    units_before: Mapping[tuple[str, date], int]


def counted(
    facts: MonthFacts,
    covered: CoveredPeriod,
    contract: Contract,
    allowed: tuple[Allowed, ...],
    units_before: Mapping[tuple[str, date], int] = NOTHING_BEFORE,
) -> MonthCounted:
    """What the facts of a covered period come to by a contract; Refused where it has no rules for some day, or a drug
    that was sent cannot be billed as it stands in the books.
    """
    [month] = counted_together([ToCount(facts, covered, contract, allowed, units_before)])
    if isinstance(month, Refused):
        raise month
    return month


def counted_together(asked: Sequence[ToCount]) -> list[MonthCounted | Refused]:
    """The same of many; the refusal in place of a month that cannot be counted, whose reasons stop no other."""
    results = _results(asked)
    lines = [
        [] if isinstance(result, Refused) else _lines(each, result) for each, result in zip(asked, results, strict=True)
    ]
    return [
        result if isinstance(result, Refused) else _month(each, result, of_it)
        for each, result, of_it in zip(asked, results, lines, strict=True)
    ]


def _results(asked: Sequence[ToCount]) -> list[PeriodResult | Refused]:
    """The per-diem lines of each, counted together where one version of the rules holds for all of it, as mostly."""
    found: list[PeriodResult | Refused | Count] = [_count(each) for each in asked]
    together = iter(count_together([each for each in found if isinstance(each, Count)]))
    return [next(together) if isinstance(each, Count) else each for each in found]


def _count(asked: ToCount) -> Count | PeriodResult | Refused:
    contract, facts = asked.contract, asked.facts
    try:
        parts = contract.parts(asked.covered.period)
    except Refused as no:
        return no
    if len(parts) == 1:
        [(days, version)] = parts
        return Count(
            days, facts.courses, facts.interruptions, version.rules, contract.fees, asked.allowed, contract.codes,
            asked.units_before,
        )  # fmt: skip
    return count_versions(
        [(days, version.rules, contract.fees) for days, version in parts],
        facts.courses,
        facts.interruptions,
        asked.allowed,
        codes=contract.codes,
        units_before=asked.units_before,
    )


def _lines(asked: ToCount, result: PeriodResult) -> list[ServiceLine]:
    """The lines of per diems with the deliveries behind their days."""
    deliveries = asked.facts.best_first()
    lines: list[ServiceLine] = []
    for days, version in asked.contract.parts(asked.covered.period):
        supplied = [(day_mask.between(days, each.supply.first, each.supply.last), each) for each in deliveries]
        counted_by = [line for line in result.lines if line.period is days]
        lines += [_per_diem_line(n, line, supplied, version.id) for n, line in enumerate(counted_by, len(lines) + 1)]
    return lines


def _month(asked: ToCount, result: PeriodResult, lines: list[ServiceLine]) -> MonthCounted | Refused:
    """The month with its other lines and what a biller should know of it."""
    facts, covered, contract = asked.facts, asked.covered, asked.contract
    versions, fees = contract.parts(covered.period), contract.fees
    beside: list[ServiceLine] = []
    notes = [notice.sentence for notice in result.notices]
    try:
        for days, version in versions:
            seen = as_paid_by(facts, covered.payer_id, version.rules) if facts.policies else facts
            notes += other_notes(seen, days, version.rules, fees)
            given = _doses_given(facts, result, days, version.rules)
            beside += other_lines(seen, days, version.rules, version.id, fees, given)
    except Refused as no:
        return no
    if asked.allowed and beside:
        beside, short = authorized(beside, asked.allowed)
        notes += short
    lines += in_places(beside, len(lines))
    return MonthCounted(
        facts.patient_id,
        covered.payer_id,
        covered.period,
        tuple(lines),
        _left_out(result) if result.left_out else (),
        tuple(dict.fromkeys(notes)),
        result.rules,
        min([version.rules.lines_per_claim for _, version in versions]),
    )


def has_monthly_maximum(contract: Contract) -> bool:
    """Whether some version of the contract limits the units of a code a month."""
    return any(each.rules.max_units_per_month is not None for each in contract.versions)


def _units_before(
    session: Session, patient: PatientId, covered: CoveredPeriod, contract: Contract, beside: Sequence[ClaimId]
) -> Mapping[tuple[str, date], int]:
    """Per-diem units by code and month that the patient's claims of other periods took at this payer.

    Claims ``beside`` took none, whatever days their period has: those of the policy may have been others then.
    """
    if not has_monthly_maximum(contract):
        return NOTHING_BEFORE
    months = Days(month_of(covered.period.first).first, month_of(covered.period.last).last)
    newest = (
        select(func.max(Claim.id))
        .where(Claim.patient_id == patient, Claim.payer_id == covered.payer_id, Claim.primary_id.is_(None))
        .where(Claim.state.not_in(FREED), Claim.frequency != Frequency.VOID)
        .group_by(Claim.number)
    )
    rows = session.execute(
        select(ClaimLine.code, ClaimLine.first_on, ClaimLine.units)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(Claim.id.in_(newest), Claim.id.not_in(beside), ClaimLine.kind == LineKind.PER_DIEM)
        .where(Claim.period_first != covered.period.first, ClaimLine.first_on.between(months.first, months.last))
    )
    taken: dict[tuple[str, date], int] = {}
    for row in rows:
        key = row.code, row.first_on.replace(day=1)
        taken[key] = taken.get(key, 0) + int(row.units)
    return taken


def the_contract(session: Session, payer: PayerId) -> Contract:
    """The payer's contract as it is kept; read anew and put together again only where it changed."""
    of_payer = {"payer": payer}
    kept = [_NAME.kept(session, of_payer), _RULES.kept(session, of_payer), _FEES.kept(session, of_payer)]
    codes = codes_in(session)
    seen, contract = _KNOWN.get(payer, (None, None))
    if contract is None or seen != kept or contract.codes is not codes:
        name, versions = payer_name(session, payer), rule_versions(session, payer)
        contract = Contract(payer, name, versions, fee_schedule(session, payer), codes)
        _KNOWN[payer] = kept, contract
    return contract


_NAME = Prepared(select(Payer.name).where(Payer.id == bindparam("payer")))
_RULES = Prepared(select(*PayerRules.__table__.c).where(PayerRules.payer_id == bindparam("payer")))
_FEES = Prepared(select(*Fee.__table__.c).where(Fee.payer_id == bindparam("payer")))
_KNOWN: dict[PayerId, tuple[list[list[tuple[Any, ...]]], Contract]] = {}


_Supplied = tuple[int, Delivered]
"""A delivery behind the days of a period that its supplies are for."""


def _per_diem_line(number: int, line: Line, deliveries: Sequence[_Supplied], rules_id: RuleSetId) -> ServiceLine:
    paid = line.rate_after_rank
    evidence = _evidence(line, deliveries, paid)
    behind = {each.delivery_id for each in evidence}
    return ServiceLine(
        number,
        LineKind.PER_DIEM,
        line.code,
        line.days,
        Decimal(line.units),
        line.charge,
        paid,
        line.expected,
        line.dates,
        line.modifiers,
        line.therapy,
        line.therapy_id,
        behind.pop() if len(behind) == 1 else None,
        None,
        rules_id,
        line.authorization,
        line.place_of_service,
        line.rate is not None,
        line.held,
        evidence,
        line.sentences,
    )


def _evidence(line: Line, deliveries: Sequence[_Supplied], paid: Decimal) -> tuple[UnitEvidence, ...]:
    """The days of a line by the first of the deliveries that covers them, in order."""
    parts: list[tuple[int, _Sent]] = []
    left, doses = line.mask, line.piece.leg.doses
    for supplied, delivery in deliveries:
        days = left & supplied
        if days and delivery.serves(line.course_id):
            parts.append((days, (delivery.id, delivery.number, delivery.proven)))
            left ^= days
            if not left:
                break
    if left:
        parts.append((left, _NOTHING_SENT))
    if len(parts) > 1 or doses is not None:
        cut = day_mask.runs if doses is None else day_mask.each_of
        parts = sorted([(days, sent) for mask, sent in parts for days in cut(mask)])  # A later run is a higher number.
    return tuple([
        UnitEvidence(
            day_mask.days_of(line.period.first, days), _ONE if doses is None else Decimal(line.piece.leg.units(days)),
            line.therapy_id, *sent, line.rank, paid, line.rules,
        )
        for days, sent in parts
    ])  # fmt: skip


_Sent = tuple[int | None, str, bool]
_NOTHING_SENT: _Sent = (None, "", False)
_ONE = Decimal(1)


def _left_out(result: PeriodResult) -> tuple[LeftOutDays, ...]:
    return tuple(
        LeftOutDays(
            each.course_id,
            each.therapy,
            tuple(each.days),
            each.reason.value + (f" ({each.other})" if each.other else ""),
        )
        for each in result.exclusions
    )


def _doses_given(facts: MonthFacts, result: PeriodResult, days: Days, rules: RuleSet) -> dict[int, int]:
    """Doses on the service days by the ordered interval; where no day is billed, on the therapy's days.

    Nobody asks for them unless the contract bills drugs by what was given.
    """
    if rules.drug_quantity is not DrugQuantity.ADMINISTERED:
        return {}
    given = {}
    for course in facts.courses:
        if rules.model_for(course.family) is BillingModel.SUPPLY_CODES:
            shared = days.overlap(Days(course.start_on, course.stop_on or max(days.last, course.start_on)))
            counted_days = 0 if shared is None else len(shared)
        else:
            counted_days = sum(day.on in days for day in result.service_days if day.course_id == course.id)
        interval = facts.orders[course.id].interval_hours
        given[course.id] = -(-counted_days * 24 // interval)
    return given
