"""Margin per therapy day, gathered from claims, kits, pumps and delivery costs.

Income is what the contract pays for the per-diem lines that were counted. A kit's supplies (drugs are billed beside the
per diem) count at their lots' cost, and its delivery at the carrier's cost of that day, both spread over the days the
kit is for. A pump's cost of the period is spread over the therapies it was out for, by days.
"""

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from sqlalchemy import func, select, type_coerce
from sqlalchemy.orm import Session

from infusion_desktop.billing.counted_once import counts_once
from infusion_desktop.billing.tables import Claim, ClaimLine
from infusion_desktop.billing.words import LineKind
from infusion_desktop.database.types import UnitCost
from infusion_desktop.dates import Days, local_day
from infusion_desktop.deliveries.tables import (
    Delivery,
    DeliveryCost,
    DeliveryEquipment,
    DeliveryLine,
    DeliveryLot,
    KitTemplate,
)
from infusion_desktop.deliveries.words import DeliveryState
from infusion_desktop.equipment.usage import use_rows
from infusion_desktop.patients.tables import Patient, Payer, Therapy
from infusion_desktop.reporting.margin_rules import Margin, all_together, share, together, with_reasons
from infusion_desktop.reporting.report import Found
from infusion_desktop.stock.tables import Item, Lot
from infusion_desktop.stock.words import BillingClass
from reports.table_report import Column, Kind, Row

GONE_OUT = (DeliveryState.SHIPPED, DeliveryState.DELIVERED)
LONGEST = timedelta(days=120)
"""No kit is for more days; older ones cannot reach into the period."""


def margins(session: Session, period: Days) -> tuple[Margin, ...]:
    """Each therapy's margin in a period, the lowest a day first; therapies with neither days nor costs are left out."""
    found: dict[int, Margin] = {}
    therapies = _therapies(session)

    def add(therapy: int, **amounts: Decimal) -> None:
        row = found.get(therapy) or therapies[therapy]
        found[therapy] = replace(row, **{name: getattr(row, name) + amount for name, amount in amounts.items()})

    for line in per_diem_lines(session, period):
        add(line.therapy_id, days=line.units, per_diem=line.amount)
        if not found[line.therapy_id].payer:
            found[line.therapy_id] = replace(found[line.therapy_id], payer=line.payer)
    for therapy, template, supplies, delivery in _kits(session, period):
        add(therapy, supplies=supplies, delivery=delivery)
        if template:
            found[therapy] = replace(found[therapy], template=template)
    for therapy, cost in _equipment(session, period):
        add(therapy, equipment=cost)
    return with_reasons([row for row in found.values() if row.days or row.cost])


def _therapies(session: Session) -> dict[int, Margin]:
    rows = session.execute(
        select(Therapy.id, Therapy.drug, Therapy.therapy_class, Patient.last_name, Patient.first_name, Patient.number)
        .join(Patient, Patient.id == Therapy.patient_id)
    )  # fmt: skip
    return {
        row.id: Margin(
            f"{row.last_name}, {row.first_name}: {row.drug}", f"{row.last_name}, {row.first_name} ({row.number})",
            "", "", row.therapy_class.value, therapy_id=row.id,
        )
        for row in rows
    }  # fmt: skip


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
    rows = session.execute(
        select(ClaimLine.therapy_id, Therapy.therapy_class, Payer.name, ClaimLine.code, ClaimLine.first_on,
               ClaimLine.last_on, ClaimLine.units, ClaimLine.expected)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .join(Payer, Payer.id == Claim.payer_id)
        .join(Therapy, Therapy.id == ClaimLine.therapy_id)
        .where(ClaimLine.kind == LineKind.PER_DIEM, Claim.primary_id.is_(None))
        .where(ClaimLine.first_on <= period.last, ClaimLine.last_on >= period.first)
        .where(*counts_once())
    )  # fmt: skip
    found = []
    for therapy, kind, payer, code, first, last, units, expected in rows:
        line = Days(first, last)
        common = line.overlap(period)
        assert therapy is not None and common is not None
        part = partial(share, part=len(common), whole=len(line))
        found.append(PerDiemLine(therapy, kind.value, payer, code, part(units), part(expected)))
    return found


def supplies_of(session: Session, period: Days, item: str) -> dict[int, Decimal]:
    """What one item (by its number) cost each therapy in a period, as its margin counts it."""
    found: dict[int, Decimal] = defaultdict(Decimal)
    for therapy, _, supplies, _ in _kits(session, period, item):
        found[therapy] += supplies
    return found


def _kits(session: Session, period: Days, item: str = "") -> list[tuple[int, str, Decimal, Decimal]]:
    """Therapy, template, supplies and delivery cost of each kit that went out, by its days in the period.

    With ``item`` only that one's cost stands for the supplies.
    """
    units = DeliveryLot.quantity - DeliveryLot.came_back
    supplies = (
        select(DeliveryLot.delivery_id, type_coerce(func.sum(Lot.unit_cost * units), UnitCost).label("cost"))
        .join(Lot, Lot.id == DeliveryLot.lot_id)
        .join(DeliveryLine, DeliveryLine.id == DeliveryLot.line_id)
        .join(Item, Item.id == DeliveryLine.item_id)
        .where(Item.billing_class != BillingClass.DRUG, *((Item.number == item,) if item else ()))
        .group_by(DeliveryLot.delivery_id)
        .subquery()
    )
    rows = session.execute(
        select(Delivery.therapy_id, KitTemplate.name, Delivery.period_first, Delivery.period_last, Delivery.carrier,
               Delivery.scheduled_on, supplies.c.cost)
        .outerjoin(supplies, supplies.c.delivery_id == Delivery.id)
        .outerjoin(KitTemplate, KitTemplate.id == Delivery.template_id)
        .where(Delivery.therapy_id.is_not(None), Delivery.state.in_(GONE_OUT))
        .where(Delivery.period_first <= period.last, Delivery.period_last >= period.first)
        .where(Delivery.period_first >= period.first - LONGEST)
    )  # fmt: skip
    costs = _delivery_costs(session)
    found = []
    for therapy, template, first, last, carrier, on, supply in rows:
        kit = Days(first, last)
        common = kit.overlap(period)
        assert therapy is not None and common is not None
        part = partial(share, part=len(common), whole=len(kit))
        way = next((amount for since, amount in costs.get(carrier, ()) if since <= on), Decimal(0))
        found.append((therapy, template or "", part(supply or Decimal(0)), part(way)))
    return found


def _delivery_costs(session: Session) -> dict[str, list[tuple[date, Decimal]]]:
    """What a delivery costs by carrier, the newest first."""
    found: dict[str, list[tuple[date, Decimal]]] = defaultdict(list)
    for row in session.scalars(select(DeliveryCost).order_by(DeliveryCost.starts_on.desc(), DeliveryCost.id.desc())):
        found[row.carrier].append((row.starts_on, row.amount))
    return found


def _equipment(session: Session, period: Days) -> list[tuple[int, Decimal]]:
    """Therapy and its part of the cost of each pump that was out for it."""
    stays: dict[int | None, list[tuple[date, int]]] = defaultdict(list)
    rows = session.execute(
        select(DeliveryEquipment.asset_id, Delivery.shipped_at, Delivery.therapy_id)
        .join(Delivery, Delivery.id == DeliveryEquipment.delivery_id)
        .where(Delivery.state.in_(GONE_OUT), Delivery.therapy_id.is_not(None), Delivery.shipped_at.is_not(None))
        .where(DeliveryEquipment.asset_id.is_not(None))
        .order_by(Delivery.shipped_at, Delivery.id)
    )
    for asset, shipped, therapy in rows:
        assert shipped is not None and therapy is not None
        if local_day(shipped) <= period.last:
            stays[asset].append((local_day(shipped), therapy))
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


def by_therapy(session: Session, period: Days) -> Found:
    """Each therapy, the lowest margin a day first, with the reason."""
    return _found("Therapy", margins(session, period))


def by_patient(session: Session, period: Days) -> Found:
    """The same by patient."""
    return _found("Patient", together(margins(session, period), lambda row: row.patient))


def by_payer(session: Session, period: Days) -> Found:
    """The same by payer."""
    return _found("Payer", together(margins(session, period), lambda row: row.payer or "(not billed yet)"))


def by_template(session: Session, period: Days) -> Found:
    """The same by kit template."""
    return _found("Kit", together(margins(session, period), lambda row: row.template or "(no template)"))


def by_class(session: Session, period: Days) -> Found:
    """The same by therapy class."""
    return _found("Therapy class", together(margins(session, period), lambda row: row.kind))


def _found(title: str, rows: tuple[Margin, ...]) -> Found:
    columns = (Column(title), Column("Days", Kind.NUMBER), *(Column(each, Kind.MONEY) for each in _TITLES),
               Column("A day", Kind.MONEY), Column("Reason"))  # fmt: skip
    return Found(columns, tuple(map(_row, rows)), _row(all_together(rows)) if rows else None)


def _row(row: Margin) -> Row:
    amounts = (row.per_diem, row.supplies, row.equipment, row.delivery, row.margin)
    return (row.therapy, _plain(row.days), *(each.quantize(Decimal("0.01")) for each in amounts), row.per_day,
            row.reason)  # fmt: skip


def _plain(days: Decimal) -> Decimal | int:
    return int(days) if days == days.to_integral_value() else days.quantize(Decimal("0.1"))
