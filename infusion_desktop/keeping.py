"""How long things are kept, and letting go what is past its time: previewed, with a reason (RELIABILITY F9).

Ledgers that balances are sums of never go, nor does the life of a pump. What may go is the oldest part of the audit
trail, pictures of signed sheets, and claim files and payers' answers as they came. The database itself refuses to let
anything go before the years of `LAW`, whatever is asked (see database/append_only.py).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import mark_of, record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Kept, Permission, UserId
from infusion_desktop.access.tables import AuditEntry, AuditHead, KeepingRule, Purge
from infusion_desktop.billing.money.money_tables import AnswerFile
from infusion_desktop.billing.tables import ClaimBatch
from infusion_desktop.database.append_only import letting_go
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc
from infusion_desktop.deliveries.schedule.dispatch_tables import ProofAttachment
from infusion_desktop.errors import Refused, Stale

LONGEST = 100
GONE = "Removed after its time."


@dataclass(frozen=True, slots=True)
class Law:
    """The least years that are kept, and the federal rule they are taken from as we read it."""

    years: int
    source: str


LAW: dict[Kept, Law] = {
    Kept.AUDIT_TRAIL: Law(
        10, "Six years by 45 CFR 164.528 and, if it means audit logs, 164.316(b)(2); ten by 31 U.S.C. 3731(b)"
    ),
    Kept.PROOF_PICTURES: Law(7, "42 CFR 424.516(f): seven years from the day of service"),
    Kept.CLAIM_FILES: Law(7, "42 CFR 424.516(f): seven years from the day of service"),
}
ALWAYS: tuple[tuple[str, str], ...] = (
    ("Deliveries, claims, payments", "Seven years by 42 CFR 424.516(f). Balances are their sums: they stay."),
    ("Purchases and lots of drugs", "Six years by 21 U.S.C. 360eee-1. Balances are their sums: they stay."),
    ("The life of pumps and poles", "As long as the pump or pole is in the register."),
    ("Patients and their records", "No rule we know asks that they go. Claims and deliveries name them: they stay."),
)
"""What never goes, and what the law asks for it, as we read it.

A patient's row cannot go while the claims, ledgers and deliveries stay that name it; and a name blanked there would
still stand in claims as they were sent and in entries of the trail, and only look as if it were gone.
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one kind of thing stands: kept so many years here, since when there is any, and what is past its time.

    ``before`` is the moment before which everything may go.
    """

    kept: Kept
    years: int
    why: str
    total: int
    oldest: datetime | None
    before: datetime
    past: int
    purged_at: datetime | None


def standings(session: Session) -> tuple[Standing, ...]:
    """How each kind stands now."""
    now = now_utc()
    return tuple(_standing(session, kept, now) for kept in Kept)


def set_keeping(database: Database, kept: Kept, years: int, why: str, by: UserId) -> None:
    """Keep something for another number of years from now on, as a state's rule or a contract asks.

    Refused below what the law asks for at least.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.PURGE)
        least = LAW[kept].years
        if not least <= years <= LONGEST:
            raise Refused(f"The {kept.value}: keep them at least {least} and at most {LONGEST} years.")
        if not why.strip():
            raise Refused("Say which rule asks for it.")
        before = _years(session, kept)[0]
        session.add(KeepingRule(kept=kept, years=years, why=why.strip(), decided_at=now_utc(), staff_id=by))
        record(
            session, by, "set keeping", "keeping", before={"kept": kept.value, "years": before},
            after={"kept": kept.value, "years": years}, reason=why,
        )  # fmt: skip


def let_go(database: Database, kept: Kept, before: datetime, past: int, why: str, by: UserId) -> int:
    """Let go what was made before a moment, as it was previewed (``past`` of them); how many went.

    Refused when the moment is not past the years that are kept, Stale when meanwhile more or less would go.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.PURGE)
        now = now_utc()
        if before > years_before(now, _years(session, kept)[0]):
            raise Refused(f"The {kept.value} of that time must still be kept. Nothing was removed.")
        if not why.strip():
            raise Refused("Say why it may go now.")
        secret = session.scalars(select(AuditHead.secret).with_for_update()).one()  # One at a time.
        found = _past(session, kept, before)
        if not found:
            raise Refused(f"Nothing of the {kept.value} is past its time.")
        if found != past:
            raise Stale("What would go has changed since you looked. Look at it again first.")
        gap = Purge(
            kept=kept, before=before, removed=found, through=0, seal="", mark="", why=why.strip(), at=now, staff_id=by
        )
        if kept is Kept.AUDIT_TRAIL:
            gap.through = _through(session, before)
            gap.seal = session.scalars(select(AuditEntry.seal).where(AuditEntry.number == gap.through)).one()
        gap.mark = mark_of(secret, gap)
        session.add(gap)
        session.flush()
        _remove(session, kept, before, gap.through)
        record(
            session, by, "let go", "keeping", gap.id, reason=why,
            after={"kept": kept.value, "before": before, "removed": found, "through": gap.through},
        )  # fmt: skip
        return found


def years_before(now: datetime, years: int) -> datetime:
    """The same moment so many years earlier; February 29 becomes the 28th, so that nothing goes a day early."""
    try:
        return now.replace(year=now.year - years)
    except ValueError:
        return now.replace(year=now.year - years, month=2, day=28)


def _standing(session: Session, kept: Kept, now: datetime) -> Standing:
    years, why = _years(session, kept)
    before = years_before(now, years)
    oldest, total = None, 0
    for table, made in _places(kept):
        kept_now = select(func.min(made), func.count()).select_from(table).where(_holds(table))
        first, count = session.execute(kept_now).one()
        total += count
        oldest = min(filter(None, (oldest, first)), default=None)
    purged = session.scalar(select(func.max(Purge.at)).where(Purge.kept == kept))
    return Standing(kept, years, why, total, oldest, before, _past(session, kept, before), purged)


def _years(session: Session, kept: Kept) -> tuple[int, str]:
    rule = session.execute(
        select(KeepingRule.years, KeepingRule.why)
        .where(KeepingRule.kept == kept)
        .order_by(KeepingRule.id.desc())
        .limit(1)
    ).first()
    least = LAW[kept]
    return (least.years, "") if rule is None else (max(rule.years, least.years), rule.why)


def _places(kept: Kept) -> tuple[tuple[Any, Any], ...]:
    return {
        Kept.AUDIT_TRAIL: ((AuditEntry, AuditEntry.at),),
        Kept.PROOF_PICTURES: ((ProofAttachment, ProofAttachment.recorded_at),),
        Kept.CLAIM_FILES: ((AnswerFile, AnswerFile.read_at), (ClaimBatch, ClaimBatch.made_at)),
    }[kept]


def _holds(table: Any) -> Any:
    return ClaimBatch.content != GONE if table is ClaimBatch else True


def _past(session: Session, kept: Kept, before: datetime) -> int:
    """How many would go. Of the trail only what lies before the first entry that must stay: its links hold together."""
    if kept is Kept.AUDIT_TRAIL:
        through = _through(session, before)
        return session.scalar(select(func.count()).where(AuditEntry.number <= through)) or 0
    return sum(
        session.scalar(select(func.count()).select_from(table).where(made < before, _holds(table))) or 0
        for table, made in _places(kept)
    )


def _through(session: Session, before: datetime) -> int:
    stays = session.scalar(select(func.min(AuditEntry.number)).where(AuditEntry.at >= before))
    last = session.scalar(select(func.max(AuditEntry.number))) or 0
    return last if stays is None else stays - 1


def _remove(session: Session, kept: Kept, before: datetime, through: int) -> None:
    if kept is Kept.AUDIT_TRAIL:
        _delete(session, AuditEntry, AuditEntry.number <= through)
    elif kept is Kept.PROOF_PICTURES:
        _delete(session, ProofAttachment, ProofAttachment.recorded_at < before)
    else:
        _delete(session, AnswerFile, AnswerFile.read_at < before)
        session.execute(update(ClaimBatch).where(ClaimBatch.made_at < before).values(content=GONE))


def _delete(session: Session, table: Any, which: Any) -> None:
    with letting_go(session, table.__tablename__):
        session.execute(delete(table).where(which).execution_options(synchronize_session=False))
