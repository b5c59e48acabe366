"""Margin per therapy day, gathered from claims, kits, pumps and delivery costs.

Income is what the contract pays for the per-diem lines that were counted. A kit's supplies (drugs are billed beside the
per diem) count at their lots' cost, and its delivery at the carrier's cost of that day, both spread over the days the
kit is for. A pump's cost of the period is spread over the therapies it was out for, by days.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Text, case, func, literal, select, type_coerce
from sqlalchemy.orm import Session

from infusion_desktop.billing.counted_once import counts_once
from infusion_desktop.billing.tables import Claim, ClaimLine
from infusion_desktop.billing.words import LineKind
from infusion_desktop.database.local_days import KeptDays, local_day_of
from infusion_desktop.database.types import UnitCost
from infusion_desktop.dates import Days
from infusion_desktop.deliveries.tables import (
    Delivery,
    DeliveryCost,
    DeliveryEquipment,
    DeliveryLot,
    KitTemplate,
)
from infusion_desktop.deliveries.words import DeliveryState
from infusion_desktop.equipment.usage import use_rows
from infusion_desktop.patients.tables import Patient, Payer, Therapy
from infusion_desktop.reporting.margin_rules import Margin, all_together, share, together, with_reasons
from infusion_desktop.reporting.report import Found, instants
from infusion_desktop.stock.tables import Item, Lot
from infusion_desktop.stock.words import BillingClass
from reports.table_report import Column, Kind, Row

GONE_OUT = (DeliveryState.SHIPPED, DeliveryState.DELIVERED)
_AT_ONCE = 5_000
LONGEST = timedelta(days=120)
"""No kit is for more days; older ones cannot reach into the period."""


def margins(session: Session, period: Days) -> tuple[Margin, ...]:
    """Each therapy's margin in a period, the lowest a day first; therapies with neither days nor costs are left out."""
    sums: dict[int, _Sums] = defaultdict(_Sums)
    for line in per_diem_lines(session, period):
        kept = sums[line.therapy_id]
        kept.days += line.units
        kept.per_diem += line.amount
        kept.payer = kept.payer or line.payer
    for kit in _kits(session, period):
        kept = sums[kit.therapy_id]
        kept.supplies += kit.supplies
        kept.delivery += kit.delivery
        kept.template = kit.template or kept.template
    for therapy, cost in _equipment(session, period):
        sums[therapy].equipment += cost
    told = {therapy: kept for therapy, kept in sums.items() if kept.days or kept.cost}
    return with_reasons(
        [
            Margin(
                f"{row.last_name}, {row.first_name}: {row.drug}", f"{row.last_name}, {row.first_name} ({row.number})",
                kept.payer, kept.template, row.therapy_class.value, kept.days, kept.per_diem, kept.supplies,
                kept.equipment, kept.delivery, therapy_id=row.id,
            )
            for row, kept in ((row, told[row.id]) for row in _therapies(session, list(told)))
        ]
    )  # fmt: skip


@dataclass(slots=True)
class _Sums:
    """What a therapy brought and cost, while it is added up."""

    payer: str = ""
    template: str = ""
    days: Decimal = Decimal(0)
    per_diem: Decimal = Decimal(0)
    supplies: Decimal = Decimal(0)
    equipment: Decimal = Decimal(0)
    delivery: Decimal = Decimal(0)

    @property
    def cost(self) -> Decimal:
        return self.supplies + self.equipment + self.delivery


def _therapies(session: Session, wanted: list[int]) -> Iterator[Any]:
    """What these therapies are, in the order of their ids."""
    ordered = sorted(wanted)
    for place in range(0, len(ordered), _AT_ONCE):
        yield from session.connection().execute(
            select(Therapy.id, Therapy.drug, Therapy.therapy_class, Patient.last_name, Patient.first_name,
                   Patient.number)
            .join(Patient, Patient.id == Therapy.patient_id)
            .where(Therapy.id.in_(ordered[place : place + _AT_ONCE]))
            .order_by(Therapy.id)
        )  # fmt: skip


class PerDiemLine(NamedTuple):
    """A claim's per-diem line as far as its days lie in a period; units and amount are not rounded."""

    therapy_id: int
    therapy_class: str
    payer: str
    code: str
    units: Decimal
    amount: Decimal


def per_diem_lines(session: Session, period: Days) -> list[PerDiemLine]:
    """The per-diem lines that count in a period: units and expected amount by the days of theirs that lie in it.

    A claim that another one replaced counts no more; only the primary payer's claims are income here.
    """
    inside = (ClaimLine.first_on >= period.first) & (ClaimLine.last_on <= period.last)
    facts = (ClaimLine.therapy_id, Therapy.therapy_class, Payer.name, ClaimLine.code)
    by_itself = case((inside, 0), else_=ClaimLine.id)  # Lines inside are added up, one over the border is shared out.
    rows = session.connection().execute(
        select(*facts, func.sum(ClaimLine.units), func.sum(ClaimLine.expected), func.min(ClaimLine.first_on),
               func.max(ClaimLine.last_on))
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .join(Payer, Payer.id == Claim.payer_id)
        .join(Therapy, Therapy.id == ClaimLine.therapy_id)
        .where(ClaimLine.kind == LineKind.PER_DIEM, Claim.primary_id.is_(None))
        .where(ClaimLine.first_on <= period.last, ClaimLine.last_on >= period.first)
        .where(Claim.period_first <= period.last, Claim.period_last >= period.first)  # A claim's lines lie in its days.
        .where(*counts_once())
        .group_by(*facts, by_itself)
        .order_by(ClaimLine.therapy_id, func.min(ClaimLine.first_on))
    )  # fmt: skip
    found = []
    for therapy, kind, payer, code, units, expected, first, last in rows:
        assert therapy is not None
        if first < period.first or last > period.last:
            part, whole = len(Days(max(first, period.first), min(last, period.last))), len(Days(first, last))
            units, expected = share(units, part, whole), share(expected, part, whole)
        found.append(PerDiemLine(therapy, kind.value, payer, code, units, expected))
    return found


def supplies_of(session: Session, period: Days, item: str) -> dict[int, Decimal]:
    """What one item (by its number) cost each therapy in a period, as its margin counts it."""
    found: dict[int, Decimal] = defaultdict(Decimal)
    for kit in _kits(session, period, item):
        found[kit.therapy_id] += kit.supplies
    return found


class Kit(NamedTuple):
    """What kits for a therapy cost as far as their days lie in a period; not rounded."""

    therapy_id: int
    template: str
    supplies: Decimal
    delivery: Decimal


def _kits(session: Session, period: Days, item: str = "") -> Iterator[Kit]:
    """Each kit that went out, by its days in the period. With ``item`` only that one stands for the supplies."""
    units = DeliveryLot.quantity - DeliveryLot.came_back
    spent = (
        select(func.sum(Lot.unit_cost * units))
        .select_from(DeliveryLot)
        .join(Lot, Lot.id == DeliveryLot.lot_id)
        .join(Item, Item.id == Lot.item_id)
        .where(DeliveryLot.delivery_id == Delivery.id, Item.billing_class != BillingClass.DRUG)
        .where(*((Item.number == item,) if item else ()))
        .correlate(Delivery)
        .scalar_subquery()
    )
    costs = _delivery_costs(session)
    changes = sorted({since for each in costs.values() for since, _ in each})
    prices = sum((case((Delivery.scheduled_on >= since, 1), else_=0) for since in changes), literal(0))
    inside = (Delivery.period_first >= period.first) & (Delivery.period_last <= period.last)
    by_itself = case((inside, 0), else_=Delivery.id)  # Kits inside are added up, one over the border is shared out.
    kits = (
        select(Delivery.therapy_id, Delivery.template_id, Delivery.carrier, prices.label("price"),
               by_itself.label("by_itself"), Delivery.id, Delivery.period_first, Delivery.period_last,
               Delivery.scheduled_on, spent.label("spent"))
        .where(Delivery.therapy_id.is_not(None), Delivery.state.in_(GONE_OUT))
        .where(Delivery.period_first <= period.last, Delivery.period_last >= period.first)
        .where(Delivery.period_first >= period.first - LONGEST)
        .subquery()
    )  # fmt: skip
    rows = session.connection().execute(
        select(kits.c.therapy_id, KitTemplate.name, func.min(kits.c.period_first), func.max(kits.c.period_last),
               kits.c.carrier, func.max(kits.c.scheduled_on), func.count(),
               type_coerce(func.sum(kits.c.spent), UnitCost))
        .outerjoin(KitTemplate, KitTemplate.id == kits.c.template_id)
        .group_by(kits.c.therapy_id, KitTemplate.name, kits.c.carrier, kits.c.price, kits.c.by_itself)
        .order_by(func.max(kits.c.id))
    )  # fmt: skip
    for therapy, template, first, last, carrier, on, count, supply in rows:
        assert therapy is not None
        supplies = supply or Decimal(0)
        way = count * next((amount for since, amount in costs.get(carrier, ()) if since <= on), Decimal(0))
        if first < period.first or last > period.last:
            whole, part = (last - first).days + 1, (min(last, period.last) - max(first, period.first)).days + 1
            supplies, way = share(supplies, part, whole), share(way, part, whole)
        yield Kit(therapy, template or "", supplies, way)


def _delivery_costs(session: Session) -> dict[str, list[tuple[date, Decimal]]]:
    """What a delivery costs by carrier, the newest first."""
    found: dict[str, list[tuple[date, Decimal]]] = defaultdict(list)
    for row in session.scalars(select(DeliveryCost).order_by(DeliveryCost.starts_on.desc(), DeliveryCost.id.desc())):
        found[row.carrier].append((row.starts_on, row.amount))
    return found


def _equipment(session: Session, period: Days) -> list[tuple[int, Decimal]]:
    """Therapy and its part of the cost of each pump that was out for it."""
    _, end = instants(period)
    rows = session.connection().execute(
        select(DeliveryEquipment.asset_id, type_coerce(local_day_of(session, Delivery.shipped_at, period), Text),
               Delivery.therapy_id)
        .join(Delivery, Delivery.id == DeliveryEquipment.delivery_id)
        .where(Delivery.state.in_(GONE_OUT), Delivery.therapy_id.is_not(None), Delivery.shipped_at < end)
        .where(DeliveryEquipment.asset_id.is_not(None))
        .order_by(Delivery.shipped_at, Delivery.id)
    )  # fmt: skip
    days = KeptDays()
    stays: dict[int | None, list[tuple[date, int]]] = defaultdict(list)
    for asset, shipped, therapy in rows.all():
        assert therapy is not None
        if days[shipped] < period.first:
            stays[asset].clear()  # Only the last one before the period reaches into it.
        stays[asset].append((days[shipped], therapy))
    found = []
    for row in use_rows(session, period):
        spans = _spans(stays.get(int(row.asset_id), []), period)
        whole = sum(days for _, days in spans)
        found += [(therapy, share(row.use.cost, days, whole)) for therapy, days in spans]
    return found


def _spans(stays: list[tuple[date, int]], period: Days) -> list[tuple[int, int]]:
    """For each therapy how many days of the period lie between this delivery of the pump and the next one."""
    found = []
    for place, (since, therapy) in enumerate(stays):
        until = stays[place + 1][0] - timedelta(days=1) if place + 1 < len(stays) else period.last
        if until >= since and (common := Days(since, until).overlap(period)):
            found.append((therapy, len(common)))
    return found


_TITLES = ("Per diem", "Supplies", "Equipment", "Delivery", "Margin")


_NAMES: dict[str, Callable[[Margin], str]] = {
    "patient": lambda row: row.patient,
    "payer": lambda row: row.payer or "(not billed yet)",
    "kit": lambda row: row.template or "(no template)",
    "therapy class": lambda row: row.kind,
}
"""What therapies are added up by."""


def added_up(therapies: tuple[Margin, ...], by: str) -> tuple[Margin, ...]:
    """The therapies themselves for "therapy", or added up by a name; the lowest margin a day first, with the reason."""
    return together(therapies, _NAMES[by]) if by in _NAMES else therapies


def by_therapy(session: Session, period: Days) -> Found:
    """Each therapy, the lowest margin a day first, with the reason."""
    return _found("therapy", margins(session, period))


def by_patient(session: Session, period: Days) -> Found:
    """The same by patient."""
    return _found("patient", margins(session, period))


def by_payer(session: Session, period: Days) -> Found:
    """The same by payer."""
    return _found("payer", margins(session, period))


def by_template(session: Session, period: Days) -> Found:
    """The same by kit template."""
    return _found("kit", margins(session, period))


def by_class(session: Session, period: Days) -> Found:
    """The same by therapy class."""
    return _found("therapy class", margins(session, period))


def _found(by: str, therapies: tuple[Margin, ...]) -> Found:
    """The therapies, or their sums by a name; the total is of the therapies, and says how many of them lose money."""
    columns = (Column(by.capitalize()), Column("Days", Kind.NUMBER), *(Column(each, Kind.MONEY) for each in _TITLES),
               Column("A day", Kind.MONEY), Column("Reason"))  # fmt: skip
    rows = added_up(therapies, by)
    return Found(columns, tuple(map(_row, rows)), _row(all_together(therapies)) if rows else None)


def _row(row: Margin) -> Row:
    amounts = (row.per_diem, row.supplies, row.equipment, row.delivery, row.margin)
    return (row.therapy, _plain(row.days), *(each.quantize(Decimal("0.01")) for each in amounts), row.per_day,
            row.reason)  # fmt: skip


def _plain(days: Decimal) -> Decimal | int:
    return int(days) if days == days.to_integral_value() else days.quantize(Decimal("0.1"))
