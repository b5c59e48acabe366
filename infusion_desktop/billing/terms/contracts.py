"""What a payer's contract says: versions of its rules, each with its effective days, and the contract's end."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import bindparam, insert, or_, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.rules import rule_set_data
from infusion_desktop.billing.rules.rule_set import RuleSet
from infusion_desktop.billing.tables import Claim, ClaimLine, Fee, PayerRules
from infusion_desktop.billing.words import ClaimState, RuleSetId
from infusion_desktop.database.engine import Database
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.dates import ONE_DAY, now_utc, show_day
from infusion_desktop.errors import Refused, Stale
from infusion_desktop.patients.tables import Payer
from infusion_desktop.patients.words import PayerId


@dataclass(frozen=True, slots=True)
class PayerRuleSet:
    """A version of a payer's rules; both of its days belong to it, no last day means until further notice."""

    id: RuleSetId
    payer_id: PayerId
    starts_on: date
    ends_on: date | None
    rules: RuleSet
    note: str


@dataclass(frozen=True, slots=True)
class StarterRules:
    """A rule set to begin a contract with; its values are starting points to compare with the contract."""

    key: str
    title: str
    why: str
    rules: RuleSet


def add_rules(
    database: Database,
    payer: PayerId,
    rules: RuleSet,
    starts_on: date,
    by: UserId,
    note: str = "",
    *,
    seen: int | None = None,
) -> RuleSetId:
    """Put a new version of a payer's rules in force from a day on; the version before it ends the day before.

    ``seen`` is the newest version the person had before them; Stale when somebody added another one meanwhile.

    A version that began on that day or later is taken back, as long as no claim that left was counted by it; Refused
    otherwise, because a sent claim keeps the rules it names.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_PAYERS)
        name = payer_name(session, payer)
        kept = session.scalars(
            select(PayerRules).where(PayerRules.payer_id == payer).order_by(PayerRules.rules_version).with_for_update()
        ).all()
        newest = max((row.rules_version for row in kept), default=0)
        if seen is not None and seen != newest:
            raise Stale(f"Somebody else changed the rules of {name} meanwhile (version {newest}). Look at them again.")
        taken_back = _make_room(session, name, kept, starts_on)
        version = 1 + newest
        good = rule_set_data.from_data(rule_set_data.to_data(replace(rules, version=version)))
        plain = json.dumps(rule_set_data.to_data(good), sort_keys=True)
        values = {"payer_id": payer, "rules_version": version, "starts_on": starts_on, "ends_on": None, "rules": plain}
        values |= {"note": note, "recorded_at": now_utc(), "staff_id": by}
        added = session.execute(insert(PayerRules).values(**values).returning(PayerRules.id)).scalar_one()
        after: dict[str, object] = {"payer": payer, "version": version, "starts_on": starts_on, "rules": plain}
        if taken_back:
            after["taken back"] = taken_back
        record(session, by, "add rules", "payer rules", added, after=after, reason=note)
    return RuleSetId(added)


def _make_room(session: Session, payer: str, kept: Sequence[PayerRules], starts_on: date) -> list[int]:
    """End what is in force on the day before; take back what began on the day or later. Gives the versions taken."""
    later = [row for row in kept if row.starts_on >= starts_on and not _is_taken_back(row)]
    if later and _counted_a_sent_claim(session, [row.id for row in later]):
        first = min(row.starts_on for row in later)
        raise Refused(
            f"{payer} has rules from {show_day(first)} by which claims that left were counted. "
            "Start the new version after that day, so that sent claims keep their rules."
        )
    for row in later:
        row.ends_on = row.starts_on - ONE_DAY
    for row in kept:
        if row.starts_on < starts_on and (row.ends_on is None or row.ends_on >= starts_on):
            row.ends_on = starts_on - ONE_DAY
    session.flush()
    return [row.rules_version for row in later]


def _is_taken_back(row: PayerRules) -> bool:
    return row.ends_on is not None and row.ends_on < row.starts_on


def _counted_a_sent_claim(session: Session, versions: Sequence[int]) -> bool:
    waiting = (ClaimState.DRAFT, ClaimState.READY, ClaimState.VOIDED)
    found = session.scalar(
        select(ClaimLine.id)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(ClaimLine.rules_id.in_(versions), Claim.state.not_in(waiting))
        .limit(1)
    )
    return found is not None


def end_contract(database: Database, payer: PayerId, last_on: date, by: UserId, reason: str) -> int:
    """Say on which day a payer's rules and prices hold for the last time; gives how many prices ended.

    Days after it are not counted until a new version of rules begins. Refused without a reason, when no rules hold on
    that day, and when claims that left were counted by rules that begin after it.
    """
    if not reason.strip():
        raise Refused("Say why the contract ends.")
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_PAYERS)
        name = payer_name(session, payer)
        rows = session.scalars(select(PayerRules).where(PayerRules.payer_id == payer).with_for_update()).all()
        if not any(row.starts_on <= last_on and (row.ends_on is None or row.ends_on >= last_on) for row in rows):
            raise Refused(f"{name} has no rules in force on {show_day(last_on)}. Choose a day of the contract.")
        _make_room(session, name, rows, last_on + ONE_DAY)
        open_fees = session.scalars(
            select(Fee).where(Fee.payer_id == payer, or_(Fee.ends_on.is_(None), Fee.ends_on > last_on))
        ).all()
        for fee in open_fees:
            fee.ends_on = max(last_on, fee.starts_on - ONE_DAY)
        after = {"last_on": last_on, "prices": len(open_fees)}
        record(session, by, "end contract", "payer", payer, after=after, reason=reason)
    return len(open_fees)


def rules_on(session: Session, payer: PayerId, day: date) -> PayerRuleSet:
    """The payer's rules in force on a day; Refused naming the payer when none are."""
    row = session.execute(
        select(*PayerRules.__table__.columns).where(
            PayerRules.payer_id == payer,
            PayerRules.starts_on <= day,
            or_(PayerRules.ends_on.is_(None), PayerRules.ends_on >= day),
        )
    ).one_or_none()
    if row is None:
        name = payer_name(session, payer)
        raise Refused(f"{name} has no rules in force on {show_day(day)}. Add a rule set to the payer first.")
    return _rule_set(row)


def rule_versions(session: Session, payer: PayerId) -> tuple[PayerRuleSet, ...]:
    """Every version of the payer's rules, the newest first."""
    return tuple(_rule_set(row) for row in _VERSIONS.rows(session, {"payer": payer}))


_VERSIONS = Prepared(
    lambda _dialect: (
        select(*PayerRules.__table__.c)
        .where(PayerRules.payer_id == bindparam("payer"))
        .order_by(PayerRules.rules_version.desc())
    )
)


def _rule_set(row: Any) -> PayerRuleSet:
    rules = rule_set_data.from_data(json.loads(row.rules))
    return PayerRuleSet(RuleSetId(row.id), PayerId(row.payer_id), row.starts_on, row.ends_on, rules, row.note)


def starter_rules() -> tuple[StarterRules, ...]:
    """The rule sets a new contract can begin with, as shipped."""
    import resources

    shipped = json.loads(resources.read_text("templates/payers.json"))
    return tuple(_starter(key, entry) for key, entry in shipped.items())


def starter(key: str) -> StarterRules:
    """One shipped rule set by its key, such as "commercial_access"; Refused naming the keys there are."""
    by_key = {each.key: each for each in starter_rules()}
    if key not in by_key:
        raise Refused(f"There is no starter rule set “{key}”. Choose one of {', '.join(by_key)}.")
    return by_key[key]


def _starter(key: str, entry: Mapping[str, object]) -> StarterRules:
    data = entry["rules"]
    if not isinstance(data, Mapping):
        raise ValueError("a starter rule set holds no rules")
    return StarterRules(key, str(entry["title"]), str(entry["why"]), rule_set_data.from_data(data))


def payer_name(session: Session, payer: PayerId) -> str:
    """The payer's name; Refused when there is no such payer."""
    name = _NAME.value(session, {"payer": payer})
    if name is None:
        raise Refused("This payer is not known. Choose a payer from the list.")
    return str(name)


_NAME = Prepared(lambda _dialect: select(Payer.name).where(Payer.id == bindparam("payer")))
