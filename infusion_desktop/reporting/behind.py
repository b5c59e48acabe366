"""The lists behind the dashboard's figures: as many rows, and the same sums, as the figure that opens them."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Text, select, type_coerce
from sqlalchemy.orm import Session

from infusion_desktop.billing.counted_once import counts_once
from infusion_desktop.billing.tables import Claim
from infusion_desktop.billing.words import ClaimState
from infusion_desktop.database.local_days import KeptDays
from infusion_desktop.database.types import once_each
from infusion_desktop.dates import ONE_DAY, Days, today
from infusion_desktop.deliveries.calls.call_board import calls_due
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.words import DeliveryState
from infusion_desktop.equipment.queries import AssetRow, board
from infusion_desktop.equipment.words import AssetState
from infusion_desktop.identifiers import show_phone
from infusion_desktop.money import ZERO
from infusion_desktop.patients.tables import Patient, Payer
from infusion_desktop.reporting.report import ALL, Choice, Found, refuse_many
from infusion_desktop.reporting.usage import leaves
from infusion_desktop.stock.flow_queries import value_by_place
from infusion_desktop.stock.words import ItemKind
from reports.table_report import Column, Kind, Row

URGENT = "ends by tomorrow"
OUT, READY, PM_DUE, PM_OVERDUE, BACK_OVERDUE = "out", "ready", "PM due", "PM overdue", "back overdue"
PM_DAYS = 30
BILLED, UNBILLED, DENIED = "billed", "unbilled", "denied"
NOT_SENT = (ClaimState.DRAFT, ClaimState.READY, ClaimState.BATCHED)
SUPPLY_DAYS = 30
"""From how many days' use the days of supply are told."""

DELIVERY_CHOICES = tuple(each.value for each in DeliveryState)
PUMP_CHOICES = (OUT, READY, PM_DUE, PM_OVERDUE, BACK_OVERDUE, *(each.value for each in AssetState))
CLAIM_CHOICES = (BILLED, UNBILLED, DENIED)


def deliveries(session: Session, period: Days, choice: Choice = ALL) -> Found:
    """Deliveries promised for a day of the period."""
    rows = session.connection().execute(
        select(Delivery.number, Patient.last_name, Patient.first_name, Delivery.scheduled_on, Delivery.state,
               Delivery.carrier)
        .join(Patient, Patient.id == Delivery.patient_id)
        .where(Delivery.scheduled_on.between(period.first, period.last))
        .where(*((Delivery.state == choice.only,) if choice.only else ()))
        .order_by(Delivery.scheduled_on, Delivery.number)
    ).all()  # fmt: skip
    refuse_many(len(rows), "deliveries are promised for these days")
    columns = (Column("Delivery"), Column("Patient"), Column("Promised", Kind.DAY), Column("State"), Column("Carrier"))
    found = tuple((number, f"{last}, {first}", on, state.value, carrier.value)
                  for number, last, first, on, state, carrier in rows)  # fmt: skip
    return Found(columns, found, (f"{len(found):,} deliveries", *[None] * 4) if found else None)


def calls(session: Session, _period: Days, choice: Choice = ALL) -> Found:
    """Refill calls that are due, the most urgent first."""
    day = today()
    found: tuple[Row, ...] = tuple(
        (row.name, row.number, show_phone(row.phone), ", ".join(row.therapies), row.supply_ends_on, row.urgency.value)
        for row in calls_due(session, day)
        if choice.only == "" or row.next_dose_on <= day + timedelta(days=1)
    )
    columns = (Column("Patient"), Column("Number"), Column("Telephone"), Column("Therapies"),
               Column("Supply ends", Kind.DAY), Column("How soon"))  # fmt: skip
    return Found(columns, found, (f"{len(found):,} calls", *[None] * 5) if found else None)


def _is_due(day: date | None, by: date) -> bool:
    return day is not None and day <= by


_AMONG: dict[str, Callable[[AssetRow, date], bool]] = {
    "": lambda row, day: True,
    OUT: lambda row, day: row.state in (AssetState.WITH_PATIENT, AssetState.DUE_BACK),
    READY: lambda row, day: row.is_ready,
    PM_DUE: lambda row, day: _is_due(row.maintenance_due_on, day + timedelta(days=PM_DAYS)),
    PM_OVERDUE: lambda row, day: _is_due(row.maintenance_due_on, day - ONE_DAY),
    BACK_OVERDUE: lambda row, day: _is_due(row.due_back_on, day - ONE_DAY),
}


def among(rows: Iterable[AssetRow], what: str, day: date) -> list[AssetRow]:
    """Those of the pumps that are in a state, or out, ready, due or overdue, on a day."""
    if test := _AMONG.get(what):
        return [row for row in rows if test(row, day)]
    return [row for row in rows if row.state.value == what]


def pumps(session: Session, _period: Days, choice: Choice = ALL) -> Found:
    """Pumps that are not retired, as they stand now."""
    rows = among(board(session, today(), ItemKind.PUMP), choice.only, today())
    columns = (Column("Tag"), Column("Model"), Column("State"), Column("Where"), Column("PM due", Kind.DAY),
               Column("Back by", Kind.DAY), Column("Why not ready"))  # fmt: skip
    found = tuple((row.tag, row.item_name, row.state.value, row.place, row.maintenance_due_on, row.due_back_on,
                   row.why_not or None) for row in rows)  # fmt: skip
    return Found(columns, found, (f"{len(found):,} pumps", *[None] * 6) if found else None)


def claims(session: Session, period: Days, choice: Choice = ALL) -> Found:
    """Claims to the first payer that stand, whose service period begins in the period."""
    states = {
        "": (), BILLED: (Claim.state.not_in(NOT_SENT),), UNBILLED: (Claim.state.in_(NOT_SENT),),
        DENIED: (Claim.state == ClaimState.DENIED,),
    }  # fmt: skip
    kept: list[Any] = [type_coerce(each, Text) for each in (Claim.period_first, Claim.period_last, Claim.state)]
    kept += [type_coerce(each, BigInteger) for each in (Claim.charge, Claim.expected)]
    rows = session.connection().execute(
        select(Claim.number, Patient.last_name + ", " + Patient.first_name, Payer.name, *kept)
        .join(Patient, Patient.id == Claim.patient_id)
        .join(Payer, Payer.id == Claim.payer_id)
        .where(Claim.period_first.between(period.first, period.last), *counts_once(), *states[choice.only])
        .where(*((Payer.name == choice.payer,) if choice.payer else ()))
        .order_by(Claim.period_first, Claim.number, Claim.id)
    ).all()  # fmt: skip
    refuse_many(len(rows), "claims begin in these days")
    columns = (Column("Claim"), Column("Patient"), Column("Payer"), Column("From", Kind.DAY), Column("To", Kind.DAY),
               Column("State"), Column("Charged", Kind.MONEY), Column("Expected", Kind.MONEY))  # fmt: skip
    if not rows:
        return Found(columns, ())
    numbers, patients, payers, first, last, in_state, charged, expected = zip(*rows, strict=True)
    day, money = KeptDays().__getitem__, once_each(lambda cents: Decimal(cents).scaleb(-2))
    amounts = [tuple(map(money, each)) for each in (charged, expected)]
    found = tuple(zip(numbers, patients, payers, map(day, first), map(day, last), in_state, *amounts, strict=True))
    return Found(columns, found, (f"{len(found):,} claims", *[None] * 5, *(sum(each, ZERO) for each in amounts)))


def days_of_supply(session: Session, _period: Days) -> Found:
    """Each item in our places: how many days it lasts at the rate at which it went to patients lately."""
    last = today()
    sent: dict[str, tuple[int, Decimal]] = {}
    for leaf in leaves(session, Days(last - timedelta(days=SUPPLY_DAYS), last - timedelta(days=1))):
        units, cost = sent.get(leaf.number, (0, ZERO))
        sent[leaf.number] = (units + leaf.units, cost + leaf.cost)
    there: dict[tuple[str, str], tuple[int, Decimal]] = {}
    for name, number, _, units, value in value_by_place(session):
        before = there.get((name, number), (0, ZERO))
        there[name, number] = (before[0] + units, before[1] + value)
    rows: list[Row] = []
    for (name, number), (units, value) in sorted(there.items()):
        went, cost = sent.get(number, (0, ZERO))
        rows.append((name, number, units, value, went, cost, _lasts(units, went)))
    columns = (Column("Item"), Column("Number"), Column("Units", Kind.NUMBER), Column("Value", Kind.MONEY),
               Column(f"Sent in {SUPPLY_DAYS} days", Kind.NUMBER), Column("At cost", Kind.MONEY),
               Column("Days of supply", Kind.NUMBER))  # fmt: skip
    if not rows:
        return Found(columns, ())
    value = sum((each[1] for each in there.values()), ZERO)
    spent = sum((sent[number][1] for _, number in there if number in sent), ZERO)
    return Found(columns, tuple(rows), (None, None, None, value, None, spent, _lasts(value, spent)))


def _lasts(there: int | Decimal, went: int | Decimal) -> int | None:
    """Days until all of it has gone; None where nothing goes."""
    return int(there * SUPPLY_DAYS / went) if went > 0 else None
