"""Every authorization with what is used, held and left of it, and the next delivery it does not cover."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.billing.months.month_facts import MonthFacts, facts_of_many
from infusion_desktop.billing.rules.codes import choose_code
from infusion_desktop.billing.rules.outlook import Coming, Ordered, Outlook, runs_over
from infusion_desktop.billing.rules.rule_set import RuleSet
from infusion_desktop.billing.rules.therapy import TherapyCourse
from infusion_desktop.billing.tables import Authorization, Claim, ClaimLine
from infusion_desktop.billing.terms.authorizations import FREED, WARN_PERCENT, AuthorizationUse, uses_of_many
from infusion_desktop.billing.terms.code_table import code_table
from infusion_desktop.billing.terms.contracts import rule_versions
from infusion_desktop.billing.words import Frequency, LineKind
from infusion_desktop.dates import Days, show_day
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.words import DeliveryState
from infusion_desktop.patients.order_versions import ChangedOrder, changed_orders
from infusion_desktop.patients.tables import Patient, Payer
from infusion_desktop.patients.words import PatientId, PayerId, TherapyId

SOON = timedelta(days=14)
AHEAD = timedelta(days=60)
_COMING = (
    DeliveryState.DRAFT, DeliveryState.RELEASED, DeliveryState.PICKED, DeliveryState.VERIFIED, DeliveryState.PACKED,
    DeliveryState.SHIPPED, DeliveryState.DELIVERED,
)  # fmt: skip


class Standing(StrEnum):
    """How an authorization stands."""

    GOOD = "good"
    SOON_OVER = "ends soon"
    RUNNING_OUT = "running out"
    RUNS_OVER = "runs over"
    USED_UP = "used up"
    OVER = "over"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class AuthorizationRow:
    """An authorization in the list; ``percent`` None: it has no limit."""

    use: AuthorizationUse
    patient: str
    patient_number: str
    payer: str
    percent: int | None
    days_left: int
    outlook: Outlook | None
    standing: Standing
    warn_percent: int = WARN_PERCENT
    """From how many percent on the payer's rules warn."""

    @property
    def sentence(self) -> str:
        """What to look at, "" when nothing."""
        allowed = self.use.allowed
        if self.standing is Standing.OVER:
            return f"It ended on {show_day(allowed.last_on)}."
        if self.outlook is not None:
            return self.outlook.sentence
        if self.standing is Standing.SOON_OVER:
            return f"It ends in {self.days_left} days, on {show_day(allowed.last_on)}."
        return self.use.warning(self.warn_percent)


def authorization_rows(
    session: Session, on: date, payer: PayerId | None = None, *, ended: bool = False
) -> tuple[AuthorizationRow, ...]:
    """The authorizations of all patients, those that need something first; ``ended`` shows the withdrawn ones too."""
    wanted = (
        select(Authorization.id, Authorization.patient_id, Patient.last_name, Patient.first_name, Patient.number,
               Payer.name)
        .join(Patient, Patient.id == Authorization.patient_id)
        .join(Payer, Payer.id == Authorization.payer_id)
    )  # fmt: skip
    if payer is not None:
        wanted = wanted.where(Authorization.payer_id == payer)
    if not ended:
        wanted = wanted.where(Authorization.ended_at.is_(None))
    names = {row.id: row for row in session.execute(wanted)}
    uses = uses_of_many(session, sorted(names))
    rules = {payer: _rules_on(session, payer, on) for payer in {use.allowed.payer_id for use in uses}}
    looks = _outlooks(session, [use for use in uses if not use.ended], on, rules)
    rows = []
    for use in uses:
        named = names[use.id]
        percent = _percent(use)
        days_left = (use.allowed.last_on - on).days
        look = looks.get(use.id)
        kept = rules[use.allowed.payer_id]
        warn = WARN_PERCENT if kept is None else kept.authorization_warning_percent
        rows.append(
            AuthorizationRow(
                use, f"{named.last_name}, {named.first_name}", named.number, named.name, percent, days_left, look,
                _standing(use, percent, days_left, look, warn), warn,
            )
        )  # fmt: skip
    order = list(Standing)
    return tuple(
        sorted(rows, key=lambda row: (-_URGENCY.index(row.standing), row.days_left, order.index(row.standing)))
    )


_URGENCY = (
    Standing.ENDED, Standing.OVER, Standing.GOOD, Standing.SOON_OVER, Standing.RUNNING_OUT, Standing.RUNS_OVER,
    Standing.USED_UP,
)  # fmt: skip


def _percent(use: AuthorizationUse) -> int | None:
    units = use.allowed.units
    return None if units is None else int((use.used + use.held) * 100 / units) if units else 100


def _standing(use: AuthorizationUse, percent: int | None, days_left: int, look: Outlook | None, warn: int) -> Standing:
    if use.ended:
        return Standing.ENDED
    if days_left < 0:
        return Standing.RUNS_OVER if look is not None else Standing.OVER
    if percent is not None and percent >= 100:
        return Standing.USED_UP
    if look is not None:
        return Standing.RUNS_OVER
    if percent is not None and percent >= warn:
        return Standing.RUNNING_OUT
    return Standing.SOON_OVER if days_left <= SOON.days else Standing.GOOD


def _outlooks(
    session: Session, uses: Iterable[AuthorizationUse], on: date, rules: Mapping[PayerId, RuleSet | None]
) -> Mapping[int, Outlook]:
    """The next delivery each authorization does not cover; another authorization that takes over is respected."""
    by_patient: dict[PatientId, list[AuthorizationUse]] = defaultdict(list)
    for use in uses:
        by_patient[use.allowed.patient_id].append(use)
    if not by_patient:
        return {}
    around = Days(on - SOON, on + AHEAD)
    facts = facts_of_many(session, [(patient, around) for patient in by_patient])
    coming = _coming(session, by_patient, around)
    billed = _billed(session, by_patient, around)
    changed = changed_orders(session, by_patient)
    found: dict[int, Outlook] = {}
    for patient, mine in by_patient.items():
        for use in mine:
            kept = rules[use.allowed.payer_id]
            deliveries = coming.get(patient, [])
            if kept is None or not deliveries:
                continue
            orders = _orders(_courses(facts[patient, around], use.allowed.code, kept, on), changed, billed)
            others = [other for other in mine if other is not use and _takes_over(other, use, on)]
            look = _one(use, orders, deliveries)
            if look is not None and not any(
                other.allowed.first_on <= look.first_uncovered <= other.allowed.last_on for other in others
            ):
                found[use.id] = look
    return found


def _takes_over(other: AuthorizationUse, use: AuthorizationUse, on: date) -> bool:
    same = other.allowed.payer_id == use.allowed.payer_id and other.allowed.code in ("", use.allowed.code)
    return same and other.allowed.last_on >= on and (other.left is None or other.left > 0)


def _one(use: AuthorizationUse, orders: Sequence[Ordered], deliveries: Sequence[Coming]) -> Outlook | None:
    allowed = use.allowed
    left = None if use.left is None else max(0, int(use.left))
    return runs_over(left, Days(allowed.first_on, allowed.last_on), orders, deliveries)


def _orders(
    courses: Iterable[TherapyCourse],
    changed: Mapping[TherapyId, ChangedOrder],
    billed: Mapping[int, frozenset[date]],
) -> list[Ordered]:
    """The orders that courses are versions of, each with the days of these versions and those claims took."""
    versions: dict[frozenset[int], list[TherapyCourse]] = defaultdict(list)
    for course in courses:
        order = changed.get(TherapyId(course.order))
        versions[frozenset({course.order} if order is None else order.versions)].append(course)
    return [
        Ordered(
            every,
            tuple(Days(each.start_on, each.stop_on or date.max) for each in mine),
            frozenset(day for each in every for day in billed.get(each, ())),
        )
        for every, mine in versions.items()
    ]


def _courses(facts: MonthFacts, code: str, rules: RuleSet, on: date) -> Iterable[TherapyCourse]:
    return (each for each in facts.courses if code in ("", choose_code(each, on, rules, code_table()).code))


def _rules_on(session: Session, payer: PayerId, on: date) -> RuleSet | None:
    return next(
        (
            each.rules
            for each in rule_versions(session, payer)
            if each.starts_on <= on and (each.ends_on is None or each.ends_on >= on)
        ),
        None,
    )


def _coming(session: Session, patients: Iterable[PatientId], around: Days) -> Mapping[PatientId, list[Coming]]:
    rows = session.execute(
        select(
            Delivery.id,
            Delivery.number,
            Delivery.patient_id,
            Delivery.therapy_id,
            Delivery.period_first,
            Delivery.period_last,
        )
        .where(Delivery.patient_id.in_(sorted(patients)), Delivery.state.in_(_COMING))
        .where(Delivery.period_last >= around.first, Delivery.period_first <= around.last)
    )
    found: dict[PatientId, list[Coming]] = defaultdict(list)
    for row in rows:
        days = Days(row.period_first, row.period_last)
        found[PatientId(row.patient_id)].append(Coming(row.number, row.id, days, row.therapy_id))
    return found


def _billed(session: Session, patients: Iterable[PatientId], around: Days) -> Mapping[int, frozenset[date]]:
    """The days of each therapy that stand on claims, as spans of their lines."""
    rows = session.execute(
        select(ClaimLine.therapy_id, ClaimLine.first_on, ClaimLine.last_on)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(Claim.patient_id.in_(sorted(patients)), Claim.state.not_in(FREED), Claim.frequency != Frequency.VOID)
        .where(ClaimLine.kind == LineKind.PER_DIEM, ClaimLine.last_on >= around.first)
    )
    found: dict[int, set[date]] = defaultdict(set)
    for row in rows:
        if row.therapy_id is not None:
            found[row.therapy_id].update(Days(row.first_on, row.last_on))
    return {key: frozenset(days) for key, days in found.items()}
