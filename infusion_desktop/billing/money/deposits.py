"""Money on the bank statement, and which remittances it brought."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.money.money_tables import Deposit
from infusion_desktop.billing.tables import Remittance
from infusion_desktop.billing.words import DepositId, RemittanceId, Source
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, show_day
from infusion_desktop.errors import Refused
from infusion_desktop.money import ZERO, show_money

NO_MONEY = "NON"
"""How a remittance without money comes (X12 BPR04)."""


@dataclass(frozen=True, slots=True)
class NewDeposit:
    """A line of the bank statement; ``reference`` is the check's or transfer's number, negative is taken by a payer."""

    deposited_on: date
    amount: Decimal
    reference: str
    payer_name: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class DepositRow:
    """A deposit with what was posted against it."""

    id: DepositId
    deposit: NewDeposit
    posted: Decimal
    remittances: int
    withdrawn: bool

    @property
    def left(self) -> Decimal:
        """What of it nothing was posted for yet."""
        return ZERO if self.withdrawn else self.deposit.amount - self.posted


@dataclass(frozen=True, slots=True)
class RemittanceRow:
    """A posted remittance and the deposit that brought it."""

    id: RemittanceId
    payer: str
    trace: str
    amount: Decimal
    paid_on: date
    posted_on: date
    method: str
    source: Source
    deposit_id: DepositId | None

    @property
    def awaits_money(self) -> bool:
        """Whether its deposit was not found yet."""
        return self.deposit_id is None and self.method != NO_MONEY and self.amount != ZERO


def add_deposit(database: Database, new: NewDeposit, by: UserId) -> DepositId:
    """Enter a deposit. A remittance with its number that waits for money is tied to it when the amounts agree.

    Refused when a posted remittance with that number has another amount, or the same deposit is there already.
    """
    reference = new.reference.strip()
    if not reference:
        raise Refused("Type the number of the check or transfer as the bank shows it.")
    if new.amount == ZERO:
        raise Refused("A deposit of nothing is not a deposit. Type its amount.")
    with database.transaction() as session:
        authorize(session, by, Permission.POST_PAYMENT)
        same = session.scalar(
            select(Deposit.deposited_on).where(
                Deposit.reference == reference, Deposit.amount == new.amount, Deposit.withdrawn_at.is_(None)
            )
        )
        if same is not None:
            raise Refused(f"Deposit {reference} over {show_money(new.amount)} is here since {show_day(same)}.")
        waiting = session.scalars(
            select(Remittance)
            .where(Remittance.trace_number == reference, Remittance.deposit_id.is_(None), Remittance.amount != ZERO)
            .where(Remittance.method != NO_MONEY)
            .with_for_update()
        ).all()
        for each in waiting:
            if each.amount != new.amount:
                raise Refused(
                    f"Remittance {reference} was posted over {show_money(each.amount)}; the deposit says "
                    f"{show_money(new.amount)}. Compare both with the bank statement."
                )
        values = {
            "deposited_on": new.deposited_on, "amount": new.amount, "reference": reference,
            "payer_name": new.payer_name.strip(), "note": new.note.strip(),
        }  # fmt: skip
        added = session.execute(
            insert(Deposit).values(**values, recorded_at=now_utc(), staff_id=by).returning(Deposit.id)
        ).scalar_one()
        if len(waiting) == 1:
            waiting[0].deposit_id = added
            session.flush()
        record(session, by, "add", "deposit", added, after=values | {"remittances": [each.id for each in waiting]})
    return DepositId(added)


def find_deposit(session: Session, reference: str, amount: Decimal) -> DepositId | None:
    """The deposit with this number; None when none was entered, Refused when the bank shows another amount."""
    kept = session.scalar(
        select(Deposit)
        .where(Deposit.reference == reference, Deposit.withdrawn_at.is_(None))
        .order_by(Deposit.id.desc())
        .limit(1)
        .with_for_update()
    )
    if kept is None:
        return None
    if _posted(session, kept.id) + amount != kept.amount:
        already = _posted(session, kept.id)
        more = f", of which {show_money(already)} are posted" if already else ""
        raise Refused(
            f"The bank shows {show_money(kept.amount)} for {reference[:30]}{more}; the payment says "
            f"{show_money(amount)}, {show_money(amount + already - kept.amount)} apart. Nothing was posted."
        )
    return DepositId(kept.id)


def tie(database: Database, remittance: RemittanceId, deposit: DepositId, by: UserId) -> None:
    """Say that a deposit brought a remittance, also when one deposit brought several.

    Refused when more would be posted against the deposit than it brought.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.POST_PAYMENT)
        kept = session.get(Deposit, deposit, with_for_update=True)
        paid = session.get(Remittance, remittance, with_for_update=True)
        if kept is None or paid is None or kept.withdrawn_at is not None:
            raise Refused("This deposit or remittance is not known. Look at both lists again.")
        if paid.deposit_id is not None:
            raise Refused(f"Remittance {paid.trace_number} is tied to a deposit already.")
        left = kept.amount - _posted(session, deposit)
        if abs(paid.amount) > abs(left) or paid.amount * left < 0:
            raise Refused(
                f"Deposit {kept.reference} has {show_money(left)} left; the remittance is over "
                f"{show_money(paid.amount)}. Choose another deposit."
            )
        paid.deposit_id = deposit
        record(session, by, "tie", "remittance", remittance, after={"deposit": deposit})


def withdraw_deposit(database: Database, deposit: DepositId, by: UserId, reason: str) -> None:
    """Take back a deposit that was entered by mistake; refused once something is posted against it."""
    if not reason.strip():
        raise Refused("Say why the deposit is taken back.")
    with database.transaction() as session:
        authorize(session, by, Permission.POST_PAYMENT)
        kept = session.get(Deposit, deposit, with_for_update=True)
        if kept is None or kept.withdrawn_at is not None:
            raise Refused("This deposit is not known any more. Look at the list again.")
        if session.scalar(select(func.count()).where(Remittance.deposit_id == deposit)):
            raise Refused(f"Remittances are posted against deposit {kept.reference}: it stays.")
        kept.withdrawn_at = now_utc()
        record(session, by, "withdraw", "deposit", deposit, after={"withdrawn_at": kept.withdrawn_at}, reason=reason)


def deposits(session: Session, limit: int = 500) -> tuple[DepositRow, ...]:
    """The deposits, the newest first."""
    rows = session.execute(
        select(Deposit, func.sum(Remittance.amount).label("posted"), func.count(Remittance.id).label("number"))
        .outerjoin(Remittance, Remittance.deposit_id == Deposit.id)
        .group_by(Deposit.id)
        .order_by(Deposit.deposited_on.desc(), Deposit.id.desc())
        .limit(limit)
    )
    return tuple(
        DepositRow(
            DepositId(row.Deposit.id),
            NewDeposit(
                row.Deposit.deposited_on, row.Deposit.amount, row.Deposit.reference, row.Deposit.payer_name,
                row.Deposit.note,
            ),
            row.posted or ZERO, row.number, row.Deposit.withdrawn_at is not None,
        )
        for row in rows
    )  # fmt: skip


def remittances(session: Session, limit: int = 500) -> tuple[RemittanceRow, ...]:
    """The posted remittances, the newest first."""
    rows = session.scalars(select(Remittance).order_by(Remittance.id.desc()).limit(limit))
    return tuple(
        RemittanceRow(
            RemittanceId(row.id), row.payer_name, row.trace_number, row.amount, row.paid_on,
            row.posted_on or row.posted_at.date(),
            row.method, row.source, None if row.deposit_id is None else DepositId(row.deposit_id),
        )
        for row in rows
    )  # fmt: skip


def _posted(session: Session, deposit: int) -> Decimal:
    return session.scalar(select(func.sum(Remittance.amount)).where(Remittance.deposit_id == deposit)) or ZERO
