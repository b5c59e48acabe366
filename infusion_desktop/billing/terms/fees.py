"""The prices of a payer's contract, each with its effective days: added, ended, and as the engine asks for them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import zip_longest
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, insert, or_, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.rules import therapy
from infusion_desktop.billing.rules.therapy import FeeSchedule, RateBasis
from infusion_desktop.billing.tables import Fee
from infusion_desktop.billing.terms.code_table import code_table
from infusion_desktop.billing.terms.contracts import payer_name
from infusion_desktop.billing.words import FeeId
from infusion_desktop.database.engine import Database
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.dates import ONE_DAY, show_day
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.patients.words import PayerId


@dataclass(frozen=True, slots=True)
class NewFee:
    """A price to be kept: ``rate`` is what the contract pays for one unit, ``charge`` what we bill for it."""

    code: str
    rate: Decimal
    charge: Decimal
    starts_on: date
    ends_on: date | None = None
    modifiers: tuple[str, ...] = ()
    basis: RateBasis = RateBasis.PER_DIEM
    rate_key: str = ""
    category: str = ""
    """Medicare's payment category where its fee schedule names one (CR capped rental, FS, IN, SU ...)."""

    @property
    def was_taken_back(self) -> bool:
        """Whether it never was in force: it ends before it begins."""
        return self.ends_on is not None and self.ends_on < self.starts_on

    @property
    def pays_for(self) -> str:
        """What it is paid for, as people read it: a code that is no per diem is priced by its own unit."""
        row = code_table().find(self.code)
        is_own = self.basis is RateBasis.PER_DIEM and (row is None or not row.per_diem)
        return "per unit" if is_own else self.basis.words


@dataclass(frozen=True, slots=True)
class KeptFee:
    """A price as it is kept."""

    id: FeeId
    fee: NewFee


def add_fee(database: Database, payer: PayerId, fee: NewFee, by: UserId) -> FeeId:
    """Add a price to a payer's contract; an open price of the same code ends the day before."""
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_PAYERS)
        payer_name(session, payer)
        return _add_fee(session, payer, fee, by)


def add_fees(session: Session, payer: PayerId, new: Sequence[NewFee]) -> int:
    """Put prices into a contract without an entry for each: the caller says what was taken in. Gives how many.

    An open price of the same code ends the day before the new one. Refused when one of another rate begins that day.
    """
    refuse_if(problem for fee in new for problem in fee_problems(fee))
    rows = {row.id: row for row in session.scalars(select(Fee).where(Fee.payer_id == payer, _STANDS))}
    begins = {(_key(payer, _kept(row)), row.starts_on): row.rate for row in rows.values()}
    refuse_if(
        [
            f"{fee.code} already has a price of {rate.normalize():f} from {show_day(fee.starts_on)}. "
            "Begin the new one another day."
            for fee in new
            if (rate := begins.get((_key(payer, fee), fee.starts_on))) is not None
        ][:20]
    )
    every = [*((number, _kept(row)) for number, row in rows.items()), *((0, fee) for fee in new)]
    added = []
    for number, fee in _ending_each_other(payer, every):
        if number == 0:
            added.append(_values(payer, fee))
        elif rows[number].ends_on != fee.ends_on:
            rows[number].ends_on = fee.ends_on
    session.flush()
    session.execute(insert(Fee), added)
    return len(added)


def _ending_each_other(payer: PayerId, every: Sequence[tuple[int, NewFee]]) -> list[tuple[int, NewFee]]:
    """Prices of one code follow each other: one ends the day before the next begins. The numbers are only carried."""
    by_key: dict[_Key, list[tuple[int, NewFee]]] = {}
    for number, fee in every:
        by_key.setdefault(_key(payer, fee), []).append((number, fee))
    found = []
    for group in by_key.values():
        ordered = sorted(group, key=_by_first_day)
        for (number, fee), after in zip_longest(ordered, ordered[1:]):
            last = None if after is None else after[1].starts_on - ONE_DAY
            ends = last is not None and (fee.ends_on is None or fee.ends_on > last)
            found.append((number, replace(fee, ends_on=last) if ends else fee))
    return found


def _by_first_day(numbered: tuple[int, NewFee]) -> tuple[date, int]:
    return numbered[1].starts_on, numbered[0]


def end_fee(database: Database, fee_id: FeeId, last_on: date, by: UserId) -> None:
    """Say on which day a price holds for the last time."""
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_PAYERS)
        fee = _standing(session, fee_id)
        if last_on < fee.starts_on:
            raise Refused(f"The price of {fee.code} starts on {show_day(fee.starts_on)}. End it on that day or later.")
        before = fee.ends_on
        fee.ends_on = last_on
        record(session, by, "end fee", "fee", fee_id, before={"ends_on": before}, after={"ends_on": last_on})


def take_back_fee(database: Database, fee_id: FeeId, reason: str, by: UserId) -> None:
    """A price that was entered wrong never was in force; the one before it goes on in its place."""
    if not reason.strip():
        raise Refused("Say what was wrong about the price.")
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_PAYERS)
        fee = _standing(session, fee_id)
        before, eve = fee.ends_on, fee.starts_on - ONE_DAY
        same = _same(_key(PayerId(fee.payer_id), _kept(fee)))
        session.execute(update(Fee).where(*same, Fee.ends_on == eve, _STANDS).values(ends_on=before))
        fee.ends_on = eve
        record(session, by, "take back fee", "fee", fee_id, before={"rate": fee.rate, "ends_on": before}, reason=reason)


_STANDS = or_(Fee.ends_on.is_(None), Fee.ends_on >= Fee.starts_on)
"""Not taken back."""


def _standing(session: Session, fee_id: FeeId) -> Fee:
    fee = session.get(Fee, fee_id, with_for_update=True)
    if fee is None or _kept(fee).was_taken_back:
        raise Refused("This price is not in the contract. Look at the contract again.")
    return fee


def _same(key: "_Key") -> list[ColumnElement[bool]]:
    """The prices of one key."""
    return [Fee.__table__.c[name] == value for name, value in key._asdict().items()]


def fee_schedule(session: Session, payer: PayerId) -> FeeSchedule:
    """Every price of a payer's contract, with its days, as the per-diem engine asks for it."""
    return FeeSchedule(tuple(_for_engine(kept.fee) for kept in fees(session, payer)))


def with_fees(session: Session, payer: PayerId, new: Sequence[NewFee]) -> FeeSchedule:
    """The prices a contract would have with these beside them; nothing is kept."""
    replaced = {(_key(payer, fee), fee.starts_on) for fee in new}
    every = [
        *(
            (1, kept.fee)
            for kept in fees(session, payer)
            if (_key(payer, kept.fee), kept.fee.starts_on) not in replaced and not kept.fee.was_taken_back
        ),
        *((0, fee) for fee in new),
    ]
    return FeeSchedule(tuple(_for_engine(fee) for _, fee in _ending_each_other(payer, every)))


def fees(session: Session, payer: PayerId) -> tuple[KeptFee, ...]:
    """The payer's prices by code, the newest first."""
    return tuple(KeptFee(FeeId(row.id), _kept(row)) for row in _FEES.rows(session, {"payer": payer}))


_FEES = Prepared(
    lambda _dialect: (
        select(*Fee.__table__.c)
        .where(Fee.payer_id == bindparam("payer"))
        .order_by(Fee.code, Fee.modifiers, Fee.rate_key, Fee.starts_on.desc())
    )
)


def _kept(row: Any) -> NewFee:
    return NewFee(
        row.code,
        row.rate,
        row.charge,
        row.starts_on,
        row.ends_on,
        tuple(row.modifiers.split()),
        RateBasis[row.rate_basis],
        row.rate_key,
        row.category,
    )


def _for_engine(fee: NewFee) -> therapy.Fee:
    return therapy.Fee(
        fee.code, fee.rate, fee.starts_on, fee.ends_on, fee.modifiers, fee.basis, fee.rate_key, fee.charge, fee.category
    )


class _Key(NamedTuple):
    """What two prices that replace each other have in common; the names are those of the columns."""

    payer_id: PayerId
    code: str
    modifiers: str
    rate_basis: str
    rate_key: str


def _key(payer: PayerId, fee: NewFee) -> _Key:
    return _Key(payer, fee.code.strip().upper(), " ".join(fee.modifiers), fee.basis.name, fee.rate_key)


def _values(payer: PayerId, fee: NewFee) -> dict[str, object]:
    prices = {"rate": fee.rate, "charge": fee.charge, "starts_on": fee.starts_on, "ends_on": fee.ends_on}
    return {**_key(payer, fee)._asdict(), **prices, "category": fee.category}


def _add_fee(session: Session, payer: PayerId, fee: NewFee, by: UserId) -> FeeId:
    refuse_if(fee_problems(fee))
    same = _same(_key(payer, fee))
    clash = session.scalar(select(Fee.id).where(*same, Fee.starts_on == fee.starts_on, _STANDS))
    if clash is not None:
        raise Refused(f"{fee.code} already has a price from {show_day(fee.starts_on)}. Start the new one another day.")
    session.execute(
        update(Fee)
        .where(*same, Fee.starts_on < fee.starts_on, or_(Fee.ends_on.is_(None), Fee.ends_on >= fee.starts_on))
        .values(ends_on=fee.starts_on - ONE_DAY)
    )
    values = _values(payer, fee)
    added = session.execute(insert(Fee).values(**values).returning(Fee.id)).scalar_one()
    record(session, by, "add fee", "fee", added, after=values)
    return FeeId(added)


def fee_problems(fee: NewFee) -> list[str]:
    """Everything about a price that cannot be, one sentence each."""
    found = []
    if not fee.code.strip().isalnum() or len(fee.code.strip()) != 5:
        found.append(f"“{fee.code[:12]}” is not a procedure code: type its five letters and digits, such as S9500.")
    if fee.rate < 0 or fee.charge < 0:
        found.append(f"The price of {fee.code} is below zero.")
    if fee.ends_on is not None and fee.ends_on < fee.starts_on:
        found.append(f"The price of {fee.code} ends before it starts.")
    found += [
        f"“{each[:8]}” is not a modifier of two letters or digits."
        for each in fee.modifiers
        if len(each) != 2 or not each.isalnum()
    ]
    return found
