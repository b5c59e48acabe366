"""A payer's own way with adjustments: rules that are added and ended, never changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.money.money_tables import PostingRule
from infusion_desktop.billing.money.reason_codes import is_worked, shipped_rules
from infusion_desktop.billing.rules.posting import Rule, Rules
from infusion_desktop.billing.words import Outcome, PostingRuleId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import ONE_DAY, now_utc, show_day
from infusion_desktop.errors import Refused
from infusion_desktop.patients.tables import Payer
from infusion_desktop.patients.words import PayerId


@dataclass(frozen=True, slots=True)
class PostingRuleRow:
    """A rule in a list; no payer means every payer."""

    id: PostingRuleId
    payer_id: PayerId | None
    payer: str
    group: str
    reason: str
    outcome: Outcome
    starts_on: date
    ends_on: date | None
    note: str


def add_posting_rule(
    database: Database,
    payer: PayerId | None,
    group: str,
    reason: str,
    outcome: Outcome,
    starts_on: date,
    by: UserId,
    note: str = "",
) -> PostingRuleId:
    """Say what an adjustment does from a day on; an open rule for the same ends the day before."""
    group, reason = group.strip().upper(), reason.strip().upper()
    if group not in ("CO", "PI", "OA", "PR", "CR"):
        raise Refused("Choose the group of the adjustment: CO, PI, OA, PR or CR.")
    if len(reason) > 5 or not (reason == "" or reason.isalnum()):
        raise Refused("The reason is a code of one to five letters and digits, such as 45; empty for the whole group.")
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_PAYERS)
        same = [
            PostingRule.payer_id == payer if payer is not None else PostingRule.payer_id.is_(None),
            PostingRule.group_code == group,
            PostingRule.reason_code == reason,
            PostingRule.ends_on.is_(None),
        ]
        later = session.scalar(select(PostingRule.starts_on).where(*same, PostingRule.starts_on >= starts_on))
        if later is not None:
            raise Refused(f"A rule for this adjustment starts on {show_day(later)}. Begin the new one after that day.")
        session.execute(update(PostingRule).where(*same).values(ends_on=starts_on - ONE_DAY))
        values = {"payer_id": payer, "group_code": group, "reason_code": reason, "outcome": outcome,
                  "starts_on": starts_on, "ends_on": None, "note": note.strip()}  # fmt: skip
        added = session.execute(
            insert(PostingRule).values(**values, recorded_at=now_utc(), staff_id=by).returning(PostingRule.id)
        ).scalar_one()
        record(session, by, "add", "posting rule", added, after=values)
    return PostingRuleId(added)


def end_posting_rule(database: Database, rule: PostingRuleId, last_on: date, by: UserId) -> None:
    """Say on which day a rule holds for the last time."""
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_PAYERS)
        kept = session.get(PostingRule, rule)
        if kept is None:
            raise Refused("This rule is not known. Look at the list again.")
        if last_on < kept.starts_on:
            raise Refused(f"This rule starts on {show_day(kept.starts_on)}. End it on that day or later.")
        before, kept.ends_on = kept.ends_on, last_on
        record(session, by, "end", "posting rule", rule, before={"ends_on": before}, after={"ends_on": last_on})


def posting_rules(session: Session) -> tuple[PostingRuleRow, ...]:
    """Every rule of the pharmacy's own, those for one payer first."""
    rows = session.execute(
        select(PostingRule, Payer.name)
        .outerjoin(Payer, Payer.id == PostingRule.payer_id)
        .order_by(Payer.name.is_(None), Payer.name, PostingRule.group_code, PostingRule.reason_code,
                  PostingRule.starts_on.desc())
    )  # fmt: skip
    return tuple(
        PostingRuleRow(
            PostingRuleId(rule.id), None if rule.payer_id is None else PayerId(rule.payer_id), name or "every payer",
            rule.group_code, rule.reason_code, rule.outcome, rule.starts_on, rule.ends_on, rule.note,
        )
        for rule, name in rows
    )  # fmt: skip


def rules_by_payer(session: Session, payers: Iterable[int]) -> dict[int, Rules]:
    """How each of these payers' adjustments are posted."""
    own: dict[int | None, list[Rule]] = {}
    for rule in session.scalars(select(PostingRule)):
        own.setdefault(rule.payer_id, []).append(
            Rule(rule.group_code, rule.reason_code, rule.outcome, rule.starts_on, rule.ends_on)
        )
    shared = tuple(own.get(None, ()))
    return {
        payer: Rules(tuple(own.get(payer, ())), shared, shipped_rules(), is_worked) for payer in dict.fromkeys(payers)
    }
