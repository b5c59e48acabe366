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
from infusion_desktop.dates import ONE_DAY, Days, local_day, month_of
from infusion_desktop.deliveries.calls.call_board import calls_due
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.words import DeliveryState
from infusion_desktop.equipment.queries import board
from infusion_desktop.equipment.words import AssetState
from infusion_desktop.money import ZERO
from infusion_desktop.patients.tables import Episode, Therapy
from infusion_desktop.reporting.margin_rules import Margin, all_together
from infusion_desktop.reporting.margins import margins
from infusion_desktop.stock.queries import expiring, item_rows, stock_rows
from infusion_desktop.stock.words import ItemKind

EXPIRY_DAYS = 30
ON_TIME_DAYS = 30


@dataclass(frozen=True, slots=True)
class DeliveryFigures:
    """Today's deliveries by state, and how many of the last 30 days' arrived by the day they were promised for."""

    today: tuple[tuple[str, int], ...]
    on_time: int
    late: int


@dataclass(frozen=True, slots=True)
class PumpFigures:
    """Pumps by state; how many are with patients; maintenance overdue; to be fetched."""

    states: tuple[tuple[str, int], ...]
    all: int
    out: int
    ready: int
    overdue: int
    due_back: int


@dataclass(frozen=True, slots=True)
class StockFigures:
    """What our places hold at cost; lots that expire within 30 days; items short."""

    value: Decimal
    lots: int
    expiring: int
    expiring_value: Decimal
    short: int


@dataclass(frozen=True, slots=True)
class MoneyFigures:
    """Of one month's service: expected in all, not sent yet, denied; and what was collected in that month."""

    month: Days
    expected: Decimal
    unbilled: Decimal
    denied: Decimal
    collected: Decimal


@dataclass(frozen=True, slots=True)
class MarginFigures:
    """The margin of the last whole month: everything, and the therapies that bring least a day."""

    month: Days
    all: Margin
    rows: tuple[Margin, ...]


def delivery_figures(session: Session, day: date) -> DeliveryFigures:
    """Deliveries of a day by state, and punctuality of the 30 days before it."""
    states = Counter(session.scalars(select(Delivery.state).where(Delivery.scheduled_on == day)))
    arrived = session.execute(
        select(Delivery.scheduled_on, Delivery.delivered_at).where(
            Delivery.state == DeliveryState.DELIVERED,
            Delivery.scheduled_on >= day - timedelta(days=ON_TIME_DAYS), Delivery.scheduled_on < day,
        )
    ).all()  # fmt: skip
    late = sum(at is not None and local_day(at) > promised for promised, at in arrived)
    return DeliveryFigures(
        tuple((state.value, states[state]) for state in DeliveryState if states[state]), len(arrived) - late, late
    )


def calls_figure(session: Session, day: date) -> tuple[int, int]:
    """How many refill calls are due, and for how many of them a dose is missing by tomorrow."""
    due = calls_due(session, day)
    return len(due), sum(row.next_dose_on <= day + timedelta(days=1) for row in due)


def pump_figures(session: Session, day: date) -> PumpFigures:
    """Where the pumps are."""
    rows = [row for row in board(session, day) if row.kind is ItemKind.PUMP]
    states = Counter(row.state for row in rows)
    overdue = sum(row.maintenance_due_on is not None and row.maintenance_due_on < day for row in rows)
    out = states[AssetState.WITH_PATIENT] + states[AssetState.DUE_BACK]
    return PumpFigures(
        tuple((state.value, states[state]) for state in AssetState if states[state]),
        len(rows), out, sum(row.is_ready for row in rows), overdue, states[AssetState.DUE_BACK],
    )  # fmt: skip


def stock_figures(session: Session, day: date) -> StockFigures:
    """What lies in our places."""
    rows = stock_rows(session)
    soon = [row for row in expiring(session, day, EXPIRY_DAYS) if row.on_hand]
    return StockFigures(
        sum((row.value for row in rows), ZERO), len(rows), len(soon), sum((row.value for row in soon), ZERO),
        sum(row.is_short for row in item_rows(session)),
    )  # fmt: skip


def census(session: Session, day: date) -> tuple[tuple[str, int], ...]:
    """Patients in care by the class of a therapy that runs on a day, most first; one with two classes counts twice."""
    rows = session.execute(
        select(Therapy.therapy_class, func.count(func.distinct(Therapy.patient_id)))
        .join(Episode, Episode.id == Therapy.episode_id)
        .where(Therapy.starts_on <= day, Therapy.stops_on.is_(None) | (Therapy.stops_on >= day))
        .where(Episode.discharged_on.is_(None) | (Episode.discharged_on >= day))
        .group_by(Therapy.therapy_class)
    )
    return tuple(sorted(((kind.value, count) for kind, count in rows), key=lambda row: (-row[1], row[0])))


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
    waiting = (ClaimState.DRAFT, ClaimState.READY, ClaimState.BATCHED)
    return MoneyFigures(
        month, sum(sums.values(), ZERO), sum((sums.get(state, ZERO) for state in waiting), ZERO),
        sums.get(ClaimState.DENIED, ZERO), -(collected or ZERO),
    )  # fmt: skip


def margin_figures(session: Session, day: date, most: int = 12) -> MarginFigures:
    """The last whole month's margin, and the therapies that bring least a day."""
    month = month_of(month_of(day).first - ONE_DAY)
    rows = margins(session, month)
    return MarginFigures(month, all_together(rows), rows[:most])
