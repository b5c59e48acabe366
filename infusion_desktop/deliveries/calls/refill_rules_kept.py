"""What payers say about refills, kept with the day each rule begins; and whether a delivery keeps to it."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.dates import Days, show_day
from infusion_desktop.deliveries.care_tables import PayerRefillRule, RefillCall
from infusion_desktop.deliveries.care_words import CallOutcome
from infusion_desktop.deliveries.rules import (
    MEDICARE_REFILL_RULES,
    Refill,
    RefillRule,
    reasons_against_refill,
    refill_rule_on,
    terms,
)
from infusion_desktop.deliveries.steps import core
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.words import DeliveryState
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.patients.editing import change
from infusion_desktop.patients.order_versions import versions_of
from infusion_desktop.patients.tables import Coverage, Episode, Payer
from infusion_desktop.patients.words import PatientId, PayerId, PayerKind, Rank, TherapyId

NO_LIMIT = 36_500
"""Days; what 0 in a kept rule stands for."""
MEDICARE_SOURCE = "CMS standard documentation requirements, refills (DME contractors' articles of Jan 1, 2024)"


@dataclass(frozen=True, slots=True)
class NewRefillRule:
    """A payer's rule from a day on; 0 days sets no limit."""

    payer_id: PayerId
    starts_on: date
    contact_days: int
    delivery_days: int
    longest_supply_days: int = 0
    contact_counts_from_delivery: bool = False
    weekend_extra_days: int = 0
    count_required: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class RefillRuleRow:
    """A kept rule with its payer's name and the version to give back."""

    id: int
    payer: str
    rule: NewRefillRule
    version: int


def add_refill_rule(database: Database, rule: NewRefillRule, by: UserId) -> int:
    """Another rule of a payer; the one before holds until the day it begins."""
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_PAYERS)
        return _insert(session, rule, by)


def edit_refill_rule(database: Database, rule_id: int, rule: NewRefillRule, version: int, by: UserId) -> None:
    """Correct a kept rule; ``version`` is the one that was read. A changed rule of a payer is another rule."""
    refuse_if(_reasons_against(rule))
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_PAYERS)
        row = session.get(PayerRefillRule, rule_id)
        if row is None:
            raise Refused("This rule is not known. Look at the list again.")
        before, after = change(row, asdict(rule), version, "this rule")
        record(session, by, "edit", "refill rule", rule_id, before=before, after=after)


def take_in_medicare_rules(database: Database, by: UserId) -> int:
    """Give every Medicare payer without refill rules the published ones; how many payers."""
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_PAYERS)
        have = select(PayerRefillRule.payer_id)
        payers = session.scalars(
            select(Payer.id).where(Payer.kind == PayerKind.MEDICARE_B, Payer.id.not_in(have)).order_by(Payer.id)
        ).all()
        for payer in payers:
            for each in MEDICARE_REFILL_RULES:
                rule = NewRefillRule(
                    PayerId(payer), each.starts_on, each.contact_days, each.delivery_days, each.longest_supply_days,
                    each.contact_counts_from_delivery, each.weekend_extra_days, each.count_required, MEDICARE_SOURCE,
                )  # fmt: skip
                _insert(session, rule, by)
        return len(payers)


def _insert(session: Session, rule: NewRefillRule, by: UserId) -> int:
    reasons = _reasons_against(rule)
    if session.get(Payer, rule.payer_id) is None:
        reasons.append("Choose the payer from the list.")
    known = select(PayerRefillRule.id).where(
        PayerRefillRule.payer_id == rule.payer_id, PayerRefillRule.starts_on == rule.starts_on
    )
    if session.scalar(known) is not None:
        reasons.append("This payer has a rule from that day on already. Correct that one.")
    refuse_if(reasons)
    row = PayerRefillRule(**asdict(rule))
    session.add(row)
    session.flush()
    record(session, by, "add", "refill rule", row.id, after=asdict(rule))
    return row.id


def _reasons_against(rule: NewRefillRule) -> list[str]:
    days = (rule.contact_days, rule.delivery_days, rule.longest_supply_days, rule.weekend_extra_days)
    return [] if all(0 <= each <= 366 for each in days) else ["Type days from 0 (no limit) to 366."]


def refill_rules(session: Session) -> tuple[RefillRuleRow, ...]:
    """Every payer's rules, by payer, the newest first."""
    rows = session.execute(
        select(PayerRefillRule, Payer.name)
        .join(Payer, Payer.id == PayerRefillRule.payer_id)
        .order_by(Payer.name, PayerRefillRule.starts_on.desc())
    )
    return tuple(RefillRuleRow(row.id, payer, _kept(row), row.version) for row, payer in rows)


def _kept(row: Any) -> NewRefillRule:
    return NewRefillRule(
        PayerId(row.payer_id), row.starts_on, row.contact_days, row.delivery_days, row.longest_supply_days,
        row.contact_counts_from_delivery, row.weekend_extra_days, row.count_required, row.source,
    )  # fmt: skip


_RULE, _PAYER, _COVERAGE, _EPISODE = core(PayerRefillRule), core(Payer), core(Coverage), core(Episode)
_RULES_OF = (
    select(
        _PAYER.c.kind, _RULE.c.starts_on, _RULE.c.contact_days, _RULE.c.delivery_days, _RULE.c.longest_supply_days,
        _RULE.c.contact_counts_from_delivery, _RULE.c.weekend_extra_days, _RULE.c.count_required,
        _COVERAGE.c.patient_id,
    )
    .select_from(_COVERAGE.join(_PAYER, _PAYER.c.id == _COVERAGE.c.payer_id).outerjoin(
        _RULE, _RULE.c.payer_id == _PAYER.c.id))
    .where(
        _COVERAGE.c.rank == Rank.PRIMARY,
        _COVERAGE.c.starts_on <= bindparam("on"),
        _COVERAGE.c.ends_on.is_(None) | (_COVERAGE.c.ends_on >= bindparam("on")),
    )
)  # fmt: skip
_PAYER_OF = Prepared(
    select(_PAYER.c.name)
    .join(_COVERAGE, _COVERAGE.c.payer_id == _PAYER.c.id)
    .where(
        _COVERAGE.c.patient_id == bindparam("patient"),
        _COVERAGE.c.rank == Rank.PRIMARY,
        _COVERAGE.c.starts_on <= bindparam("on"),
        _COVERAGE.c.ends_on.is_(None) | (_COVERAGE.c.ends_on >= bindparam("on")),
    )
)
_RULES_OF_PAYERS = select(
    _PAYER.c.id, _PAYER.c.kind, _RULE.c.starts_on, _RULE.c.contact_days, _RULE.c.delivery_days,
    _RULE.c.longest_supply_days, _RULE.c.contact_counts_from_delivery, _RULE.c.weekend_extra_days,
    _RULE.c.count_required,
).select_from(_PAYER.outerjoin(_RULE, _RULE.c.payer_id == _PAYER.c.id))  # fmt: skip
_FIRST_PAYERS = select(_COVERAGE.c.patient_id, _COVERAGE.c.payer_id).where(
    _COVERAGE.c.rank == Rank.PRIMARY,
    _COVERAGE.c.starts_on <= bindparam("on"),
    _COVERAGE.c.ends_on.is_(None) | (_COVERAGE.c.ends_on >= bindparam("on")),
)
_IN_CARE = select(_EPISODE.c.patient_id).where(_EPISODE.c.discharged_on.is_(None))
_RULES_OF_ONE = Prepared(_RULES_OF.where(_COVERAGE.c.patient_id == bindparam("patient")))


def rule_for(session: Session, patient_id: PatientId, on: date) -> RefillRule | None:
    """The refill rule of whoever pays first for a patient on a day, or None where none is known."""
    return _rule_of(_RULES_OF_ONE.rows(session, {"patient": patient_id, "on": on}), on)


def rules_by_patient(session: Session, on: date, *, in_care: bool = False) -> dict[PatientId, RefillRule]:
    """The same for every patient, or all in care, at once: payers are few, so their rules are read once for all."""
    of_payer: dict[int, list[Any]] = {}
    for row in session.connection().execute(_RULES_OF_PAYERS).all():
        of_payer.setdefault(row.id, []).append(row)
    payers: dict[int, tuple[int, ...]] = {}
    wanted = _FIRST_PAYERS.where(_COVERAGE.c.patient_id.in_(_IN_CARE)) if in_care else _FIRST_PAYERS
    for patient, payer in session.connection().execute(wanted, {"on": on}).all():
        payers[patient] = (*payers.get(patient, ()), payer)
    rules = {
        each: _rule_of([row for payer in sorted(set(each)) for row in of_payer[payer]], on)
        for each in set(payers.values())
    }
    return {PatientId(patient): rule for patient, each in payers.items() if (rule := rules[each]) is not None}


def rules_of_payers(session: Session) -> dict[PayerId, tuple[RefillRule, ...]]:
    """Every payer's rules, whenever they began."""
    of_payer: dict[PayerId, list[Any]] = {}
    for row in session.connection().execute(_RULES_OF_PAYERS).all():
        of_payer.setdefault(PayerId(row.id), []).append(row)
    return {payer: _rules_in(rows) for payer, rows in of_payer.items()}


def _rule_of(rows: Iterable[Any], on: date) -> RefillRule | None:
    return refill_rule_on(on, _rules_in(list(rows)))


def _rules_in(kept: Sequence[Any]) -> tuple[RefillRule, ...]:
    rules = tuple(
        RefillRule(
            row.starts_on, row.contact_days or NO_LIMIT, row.delivery_days or NO_LIMIT,
            row.contact_counts_from_delivery, row.longest_supply_days, row.weekend_extra_days, row.count_required,
        )
        for row in kept
        if row.starts_on is not None
    )  # fmt: skip
    if not rules and any(row.kind is PayerKind.MEDICARE_B for row in kept):
        return MEDICARE_REFILL_RULES  # Until the pharmacy keeps its own: what CMS published.
    return rules


@dataclass(frozen=True, slots=True)
class Asked:
    """A delivery as far as refill rules ask; ``delivery_id`` None before it is kept."""

    patient_id: PatientId
    therapy_id: TherapyId | None
    scheduled_on: date
    period: Days
    delivery_id: int | None = None
    call_id: int | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """The rule that holds a delivery, by its payer and first day, and why."""

    rule: str
    reasons: tuple[str, ...]


def hold_of(session: Session, asked: Asked) -> Hold | None:
    """Which rule holds a delivery and why; None when none does."""
    reasons = reasons_to_hold(session, asked)
    rule = rule_for(session, asked.patient_id, asked.scheduled_on) if reasons else None
    if rule is None:
        return None
    payer = _PAYER_OF.value(session, {"patient": asked.patient_id, "on": asked.scheduled_on})
    return Hold(f"{payer}, rule from {show_day(rule.starts_on)}: {terms(rule, NO_LIMIT)}", tuple(reasons))


def reasons_to_hold(session: Session, asked: Asked) -> list[str]:
    """Why a delivery is held by the payer's refill rule; nothing for the first of a therapy or without a rule."""
    if asked.therapy_id is None:
        return []
    rule = rule_for(session, asked.patient_id, asked.scheduled_on)
    if rule is None:
        return []
    shipped = _shipped_before(session, asked)
    if shipped is None:
        return []
    through, left_on = shipped
    call = _call_for(session, asked, left_on)
    ends_on = through if call is None or call.supply_ends_on is None else call.supply_ends_on
    agreed = call is not None and call.outcome is CallOutcome.AGREED
    refill = Refill(ends_on, None if call is None else call.called_on, agreed)
    return reasons_against_refill(rule, refill, asked.scheduled_on, asked.period)


def _shipped_before(session: Session, asked: Asked) -> tuple[date, date] | None:
    """The last day that what left covers, under any version of the order, and the last day something left."""
    assert asked.therapy_id is not None
    query = (
        select(func.max(Delivery.period_last), func.max(Delivery.scheduled_on))
        .where(Delivery.therapy_id.in_(versions_of(session, asked.therapy_id)))
        .where(Delivery.state.in_((DeliveryState.SHIPPED, DeliveryState.DELIVERED)))
    )
    if asked.delivery_id is not None:
        query = query.where(Delivery.id != asked.delivery_id)
    through, left_on = session.execute(query).one()
    return None if through is None else (through, left_on)


def _call_for(session: Session, asked: Asked, left_on: date) -> RefillCall | None:
    """The call a refill follows: the one it names, otherwise the newest that reached somebody since the last supply
    left."""
    named = asked.call_id
    if named is None and asked.delivery_id is not None:
        named = session.scalar(select(Delivery.call_id).where(Delivery.id == asked.delivery_id))
    if named is not None:
        return session.get(RefillCall, named)
    calls = (
        select(RefillCall)
        .where(RefillCall.patient_id == asked.patient_id, RefillCall.called_on.between(left_on, asked.scheduled_on))
        .where(RefillCall.outcome.in_([each for each in CallOutcome if each.reached]))
        .order_by(RefillCall.id.desc())
        .limit(1)
    )
    return session.scalars(calls).first()
