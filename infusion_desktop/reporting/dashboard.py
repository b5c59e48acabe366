"""The figures a manager sees first, each from one short look at the books."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.billing.counted_once import counts_once
from infusion_desktop.billing.tables import Claim, LedgerEntry
from infusion_desktop.billing.words import ClaimState, EntryKind
from infusion_desktop.dates import ONE_DAY, Days, month_of
from infusion_desktop.deliveries.calls.call_board import calls_due
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.words import DeliveryState
from infusion_desktop.equipment.queries import board
from infusion_desktop.equipment.words import AssetState
from infusion_desktop.money import ZERO
from infusion_desktop.patients.tables import Episode, Therapy
from infusion_desktop.reporting import behind
from infusion_desktop.reporting.behind import BACK_OVERDUE, NOT_SENT, OUT, PM_DUE, PM_OVERDUE, READY, among
from infusion_desktop.reporting.care import punctuality
from infusion_desktop.reporting.margin_rules import Margin, all_together
from infusion_desktop.reporting.margins import added_up, margins
from infusion_desktop.reporting.money_owed import entries_for_equipment
from infusion_desktop.stock.flow_queries import stock_value
from infusion_desktop.stock.queries import expiring, item_rows
from infusion_desktop.stock.words import ItemKind

EXPIRY_DAYS = 30
ON_TIME_DAYS = 30
MARGIN_BY = ("therapy", "patient", "payer", "kit")
"""By what the margin is looked at; each has its report, "margin by …"."""


@dataclass(frozen=True, slots=True)
class DeliveryFigures:
    """Today's deliveries by state, and how many of the last 30 days' arrived by the day they were promised for."""

    today: tuple[tuple[str, int], ...]
    on_time: int
    late: int


@dataclass(frozen=True, slots=True)
class PumpFigures:
    """Pumps by state, and how many are with patients, ready, due for maintenance, past it, and not back in time."""

    states: tuple[tuple[str, int], ...]
    all: int
    among: dict[str, int]


@dataclass(frozen=True, slots=True)
class StockFigures:
    """What our places hold at cost; lots that expire within 30 days; items short."""

    value: Decimal
    lots: int
    expiring: int
    short: int


@dataclass(frozen=True, slots=True)
class MoneyFigures:
    """Of one month's service: billed, not billed yet, denied (of what was billed); and collected in that month."""

    month: Days
    billed: Decimal
    unbilled: Decimal
    denied: Decimal
    collected: Decimal


@dataclass(frozen=True, slots=True)
class MarginFigures:
    """The margin of the last whole month: everything, and by each name those that bring least a day."""

    month: Days
    all: Margin
    by: dict[str, tuple[Margin, ...]]


def delivery_figures(session: Session, day: date) -> DeliveryFigures:
    """Deliveries of a day by state, and punctuality of the 30 days before it."""
    states = Counter(session.scalars(select(Delivery.state).where(Delivery.scheduled_on == day)))
    seen = punctuality(session, on_time_days(day))
    return DeliveryFigures(
        tuple((state.value, states[state]) for state in DeliveryState if states[state]),
        sum(row.on_time for row in seen), sum(row.late for row in seen),
    )  # fmt: skip


def on_time_days(day: date) -> Days:
    """The days whose punctuality a day's dashboard shows."""
    return Days(day - timedelta(days=ON_TIME_DAYS), day - ONE_DAY)


def calls_figure(session: Session, day: date) -> tuple[int, int]:
    """How many refill calls are due, and for how many of them a dose is missing by tomorrow."""
    due = calls_due(session, day)
    return len(due), sum(row.next_dose_on <= day + timedelta(days=1) for row in due)


def pump_figures(session: Session, day: date) -> PumpFigures:
    """Where the pumps are."""
    rows = board(session, day, ItemKind.PUMP)
    states = Counter(row.state for row in rows)
    return PumpFigures(
        tuple((state.value, states[state]) for state in AssetState if states[state]), len(rows),
        {what: len(among(rows, what, day)) for what in (OUT, READY, PM_DUE, PM_OVERDUE, BACK_OVERDUE)},
    )  # fmt: skip


def stock_figures(session: Session, day: date) -> StockFigures:
    """What lies in our places."""
    lots, value = stock_value(session)
    short = len(item_rows(session, short=True))
    return StockFigures(value, lots, len(expiring(session, day, EXPIRY_DAYS)), short)


def days_of_supply(session: Session, day: date) -> int | None:
    """How many days the stock lasts at the rate of the last 30 days, by cost; None when nothing was sent."""
    totals = behind.days_of_supply(session, Days(day, day)).totals
    return None if totals is None or totals[-1] is None else int(str(totals[-1]))


@dataclass(frozen=True, slots=True)
class Census:
    """Patients in care, and by class of a running therapy, most first; one with two classes counts in both."""

    patients: int
    classes: tuple[tuple[str, int], ...]


def census(session: Session, day: date) -> Census:
    """Whose therapies run on a day."""
    running = (
        select(Therapy.therapy_class, Therapy.patient_id)
        .join(Episode, Episode.id == Therapy.episode_id)
        .where(Therapy.starts_on <= day, Therapy.stops_on.is_(None) | (Therapy.stops_on >= day))
        .where(Episode.discharged_on.is_(None) | (Episode.discharged_on >= day))
        .distinct()
    )
    classes: Counter[str] = Counter()
    patients = set()
    for kind, patient in session.execute(running):
        classes[kind.value] += 1
        patients.add(patient)
    return Census(len(patients), tuple(sorted(classes.items(), key=lambda row: (-row[1], row[0]))))


def money_figures(session: Session, day: date, months: int = 4) -> tuple[MoneyFigures, ...]:
    """The last months up to the one of a day, the oldest first."""
    found = []
    month = month_of(day)
    for _ in range(months):
        found.append(_money_of(session, month))
        month = month_of(month.first - ONE_DAY)
    return tuple(reversed(found))


def _money_of(session: Session, month: Days) -> MoneyFigures:
    sums: dict[ClaimState, Decimal] = dict(
        session.execute(
            select(Claim.state, func.sum(Claim.expected))
            .where(Claim.period_first >= month.first, Claim.period_first <= month.last)
            .where(*counts_once())
            .group_by(Claim.state)
        ).all()
    )  # fmt: skip
    collected = session.scalar(
        select(func.sum(LedgerEntry.amount)).where(
            LedgerEntry.kind == EntryKind.PAYMENT, LedgerEntry.posted_on >= month.first,
            LedgerEntry.posted_on <= month.last,
        )
    )  # fmt: skip
    unbilled = sum((sums.get(state, ZERO) for state in NOT_SENT), ZERO)
    return MoneyFigures(
        month, sum(sums.values(), ZERO) - unbilled, unbilled, sums.get(ClaimState.DENIED, ZERO),
        -(collected or ZERO) - sum(entries_for_equipment(session, month).get(EntryKind.PAYMENT, ()), ZERO),
    )  # fmt: skip


def margin_figures(session: Session, day: date, most: int = 12) -> MarginFigures:
    """The last whole month's margin, and what brings least a day by therapy, patient, payer and kit."""
    month = month_of(month_of(day).first - ONE_DAY)
    rows = margins(session, month)
    return MarginFigures(month, all_together(rows), {by: added_up(rows, by)[:most] for by in MARGIN_BY})
