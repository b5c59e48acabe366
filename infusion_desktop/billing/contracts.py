"""What a payer's contract says: versions of its rules, and its fees, each with its effective days."""

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Row, insert, or_, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.rules import rule_set_data, therapy
from infusion_desktop.billing.rules.rule_set import RuleSet
from infusion_desktop.billing.rules.therapy import FeeSchedule, RateBasis
from infusion_desktop.billing.tables import Fee, PayerRules
from infusion_desktop.billing.words import FeeId, RuleSetId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import ONE_DAY, now_utc, read_day, show_day
from infusion_desktop.errors import Refused, refuse_if
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


@dataclass(frozen=True, slots=True)
class KeptFee:
    """A price as it is kept."""

    id: FeeId
    fee: NewFee


@dataclass(frozen=True, slots=True)
class StarterRules:
    """A rule set to begin a contract with; its values are starting points to compare with the contract."""

    key: str
    title: str
    why: str
    rules: RuleSet


# Rule sets


def add_rules(
    database: Database, payer: PayerId, rules: RuleSet, starts_on: date, by: UserId, note: str = ""
) -> RuleSetId:
    """Put a new version of a payer's rules in force from a day; the version before it ends the day before.

    Refused when a version starts on that day or later, because claims may already have been counted by it.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_PAYERS)
        name = _payer_name(session, payer)
        last = session.execute(
            select(PayerRules.id, PayerRules.rules_version, PayerRules.starts_on)
            .where(PayerRules.payer_id == payer)
            .order_by(PayerRules.rules_version.desc())
            .limit(1)
        ).one_or_none()
        if last is not None:
            _end_before(session, name, last.id, last.starts_on, starts_on)
        version = 1 if last is None else last.rules_version + 1
        good = rule_set_data.from_data(rule_set_data.to_data(replace(rules, version=version)))
        kept = json.dumps(rule_set_data.to_data(good), sort_keys=True)
        added = session.execute(
            insert(PayerRules)
            .values(
                payer_id=payer,
                rules_version=version,
                starts_on=starts_on,
                ends_on=None,
                rules=kept,
                note=note,
                recorded_at=now_utc(),
                staff_id=by,
            )
            .returning(PayerRules.id)
        ).scalar_one()
        record(
            session,
            by,
            "add rules",
            "payer rules",
            added,
            after={"payer": payer, "version": version, "starts_on": starts_on, "rules": kept},
            reason=note,
        )
    return RuleSetId(added)


def _end_before(session: Session, payer: str, last_id: int, last_starts_on: date, starts_on: date) -> None:
    if last_starts_on >= starts_on:
        raise Refused(
            f"{payer} already has rules from {show_day(last_starts_on)}. "
            "Start the new version after that day, so that counted claims keep their rules."
        )
    session.execute(update(PayerRules).where(PayerRules.id == last_id).values(ends_on=starts_on - ONE_DAY))


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
        name = _payer_name(session, payer)
        raise Refused(f"{name} has no rules in force on {show_day(day)}. Add a rule set to the payer first.")
    return _rule_set(row)


def rule_versions(session: Session, payer: PayerId) -> tuple[PayerRuleSet, ...]:
    """Every version of the payer's rules, the newest first."""
    rows = session.execute(
        select(*PayerRules.__table__.columns)
        .where(PayerRules.payer_id == payer)
        .order_by(PayerRules.rules_version.desc())
    )
    return tuple(_rule_set(row) for row in rows)


def _rule_set(row: Row[tuple[object, ...]]) -> PayerRuleSet:
    kept = row._mapping
    rules = rule_set_data.from_data(json.loads(kept["rules"]))
    return PayerRuleSet(
        RuleSetId(kept["id"]), PayerId(kept["payer_id"]), kept["starts_on"], kept["ends_on"], rules, kept["note"]
    )


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


# Fees


def add_fee(database: Database, payer: PayerId, fee: NewFee, by: UserId) -> FeeId:
    """Add a price to a payer's contract; an open price of the same code ends the day before."""
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_PAYERS)
        _payer_name(session, payer)
        return _add_fee(session, payer, fee, by)


def import_fees(database: Database, payer: PayerId, text: str, by: UserId) -> int:
    """Add all prices of a CSV file, or none: Refused names each wrong line and column. Gives how many were added."""
    fees = read_fees(text)
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_PAYERS)
        _payer_name(session, payer)
        refuse_if(problem for fee in fees for problem in _problems(fee))
        first = session.scalar(select(Fee.id).where(Fee.payer_id == payer).limit(1)) is None
        if first and len({_key(payer, fee) for fee in fees}) == len(fees):
            session.execute(insert(Fee), [_values(payer, fee) for fee in fees])
            record(session, by, "import fees", "payer", payer, after={"codes": [fee.code for fee in fees]})
        else:
            for fee in fees:
                _add_fee(session, payer, fee, by)
    return len(fees)


def end_fee(database: Database, fee_id: FeeId, last_on: date, by: UserId) -> None:
    """Say on which day a price holds for the last time."""
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_PAYERS)
        fee = session.get(Fee, fee_id)
        if fee is None:
            raise Refused("This price is not in the contract. Look at the contract again.")
        if last_on < fee.starts_on:
            raise Refused(f"The price of {fee.code} starts on {show_day(fee.starts_on)}. End it on that day or later.")
        before = fee.ends_on
        fee.ends_on = last_on
        record(session, by, "end fee", "fee", fee_id, before={"ends_on": before}, after={"ends_on": last_on})


def fee_schedule(session: Session, payer: PayerId) -> FeeSchedule:
    """Every price of a payer's contract, with its days, as the per-diem engine asks for it."""
    return FeeSchedule(tuple(_for_engine(kept.fee) for kept in fees(session, payer)))


def fees(session: Session, payer: PayerId) -> tuple[KeptFee, ...]:
    """The payer's prices by code, the newest first."""
    rows = session.scalars(
        select(Fee).where(Fee.payer_id == payer).order_by(Fee.code, Fee.modifiers, Fee.rate_key, Fee.starts_on.desc())
    )
    return tuple(KeptFee(FeeId(row.id), _kept(row)) for row in rows)


def _kept(row: Fee) -> NewFee:
    return NewFee(
        row.code,
        row.rate,
        row.charge,
        row.starts_on,
        row.ends_on,
        tuple(row.modifiers.split()),
        RateBasis[row.rate_basis],
        row.rate_key,
    )


def _for_engine(fee: NewFee) -> therapy.Fee:
    return therapy.Fee(
        fee.code, fee.rate, fee.starts_on, fee.ends_on, fee.modifiers, fee.basis, fee.rate_key, fee.charge
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
    return {**_key(payer, fee)._asdict(), **prices}


def _add_fee(session: Session, payer: PayerId, fee: NewFee, by: UserId) -> FeeId:
    refuse_if(_problems(fee))
    values = _key(payer, fee)._asdict()
    same = [Fee.__table__.c[name] == value for name, value in values.items()]
    clash = session.scalar(select(Fee.id).where(*same, Fee.starts_on == fee.starts_on))
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


def _problems(fee: NewFee) -> list[str]:
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


# A contract's prices as a CSV file

COLUMNS = ("code", "rate", "charge", "starts_on", "ends_on", "modifiers", "basis", "rate_key")
_NEEDED = ("code", "rate", "starts_on")


def read_fees(text: str) -> tuple[NewFee, ...]:
    """The prices of a CSV file whose first line names the columns; Refused names every wrong line and column."""
    table = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), skipinitialspace=True)
    names = [name.strip().lower() for name in table.fieldnames or ()]
    table.fieldnames = names
    refuse_if(
        [f"Line 1: column “{name}” is missing." for name in _NEEDED if name not in names]
        + [f"Line 1: “{name[:20]}” is not a column of a fee file." for name in names if name not in COLUMNS]
    )
    read: list[NewFee] = []
    problems: list[str] = []
    for row in table:
        if None in row:
            problems.append(f"Line {table.line_num}: more values than columns.")
            continue
        try:
            read.append(_fee_of({name: (value or "").strip() for name, value in row.items()}))
        except Refused as no:
            problems += [f"Line {table.line_num}: {reason}" for reason in no.reasons]
    refuse_if(problems)
    if not read:
        raise Refused("The file holds no prices below its first line.")
    return tuple(read)


def _fee_of(row: Mapping[str, str]) -> NewFee:
    problems: list[str] = []

    def amount(column: str) -> Decimal:
        plain = row[column].removeprefix("$").replace(",", "")
        if not re.fullmatch(r"\d{1,9}(\.\d{1,4})?", plain, re.ASCII):
            problems.append(f"column “{column}”: “{row[column][:20]}” is not an amount, such as 95.50.")
            return Decimal(0)
        return Decimal(plain)

    def day(column: str) -> date:
        try:
            return read_day(row[column])
        except Refused as no:
            problems.append(f"column “{column}”: {no}")
            return date.min

    basis = row.get("basis", "").upper().replace(" ", "_") or RateBasis.PER_DIEM.name
    if basis not in RateBasis.__members__:
        problems.append(f"column “basis”: “{basis[:20]}” is none of {', '.join(RateBasis.__members__)}.")
        basis = RateBasis.PER_DIEM.name
    rate = amount("rate")
    fee = NewFee(
        code=row["code"].upper(),
        rate=rate,
        charge=amount("charge") if row.get("charge") else rate,
        starts_on=day("starts_on"),
        ends_on=day("ends_on") if row.get("ends_on") else None,
        modifiers=tuple(row.get("modifiers", "").upper().split()),
        basis=RateBasis[basis],
        rate_key=row.get("rate_key", ""),
    )
    refuse_if(problems or _problems(fee))
    return fee


def _payer_name(session: Session, payer: PayerId) -> str:
    name = session.scalar(select(Payer.name).where(Payer.id == payer))
    if name is None:
        raise Refused("This payer is not known. Choose a payer from the list.")
    return name
