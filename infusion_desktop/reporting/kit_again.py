"""A month's deliveries of one kit planned again with another: what each item would be more or fewer, and cost."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import func, select, type_coerce
from sqlalchemy.orm import Session

from infusion_desktop.database.engine import Database
from infusion_desktop.database.types import UnitCost
from infusion_desktop.dates import Days
from infusion_desktop.deliveries.plans.planned_again import planned_again, version_of
from infusion_desktop.deliveries.tables import Delivery, DeliveryLine, DeliveryLot, KitTemplate
from infusion_desktop.deliveries.words import DeliveryId
from infusion_desktop.errors import Refused
from infusion_desktop.patients.tables import Patient
from infusion_desktop.progress import Progress
from infusion_desktop.reporting.margin_rules import share
from infusion_desktop.reporting.margins import GONE_OUT
from infusion_desktop.stock.tables import Item, Lot
from infusion_desktop.stock.words import BillingClass

_WENT = DeliveryLot.quantity - DeliveryLot.came_back
_AT_ONCE = 25
"""Deliveries planned again in one look at the books; between two looks it may be stopped."""


@dataclass(frozen=True, slots=True)
class KitLine:
    """An item of a delivery that another kit changes: units sent and as they would be, and what that costs more.

    Dollars are what falls on the days of the month; ``why`` is how the plan comes to its number.
    """

    therapy_id: int
    patient: str
    delivery_id: DeliveryId
    delivery: str
    item: str
    sent: int
    would_be: int
    costs_more: Decimal
    why: str


class _Sent(NamedTuple):
    """Units of a line that went and did not come back, and what their lots cost."""

    units: int
    cost: Decimal


def with_kit(
    database: Database, kit: str, instead: str, month: Days
) -> Generator[Progress, None, tuple[tuple[KitLine, ...], tuple[str, ...]]]:
    """The lines that differ, and what could not be planned again or is not meant for its order."""
    with database.reading() as session:
        version_of(session, instead, month.first)  # Refused before anything is planned.
        wanted = _deliveries(session, kit, month)
    lines: list[KitLine] = []
    problems: list[str] = []
    unfit = 0
    for place in range(0, len(wanted), _AT_ONCE):
        yield Progress(place, len(wanted), "Planning again")
        with database.reading() as session:
            for row in wanted[place : place + _AT_ONCE]:
                try:
                    again = planned_again(session, row.id, instead)
                except Refused as no:
                    problems.append(f"{row.number} stays as it was: {no}")
                    continue
                unfit += not again.fits
                differ = {each.item_id: each for each in again.lines if each.more}
                lines += _changed(session, row, differ, month)
    if unfit:
        problems.insert(0, f"{unfit:,} of {len(wanted):,} deliveries are for orders that “{instead}” is not meant for.")
    return tuple(lines), tuple(problems)


def _deliveries(session: Session, kit: str, month: Days) -> Sequence[Any]:
    """What went out with a kit for days of a month."""
    return session.execute(
        select(Delivery.id, Delivery.number, Delivery.therapy_id, Delivery.period_first, Delivery.period_last,
               (Patient.last_name + ", " + Patient.first_name).label("patient"))
        .join(KitTemplate, KitTemplate.id == Delivery.template_id)
        .join(Patient, Patient.id == Delivery.patient_id)
        .where(KitTemplate.name == kit, Delivery.therapy_id.is_not(None), Delivery.state.in_(GONE_OUT))
        .where(Delivery.period_first <= month.last, Delivery.period_last >= month.first)
        .order_by(Delivery.id)
    ).all()  # fmt: skip


def _changed(session: Session, row: Any, differ: Any, month: Days) -> Iterator[KitLine]:
    """Drugs stay out of it: they are paid beside the per diem."""
    period = Days(row.period_first, row.period_last)
    inside = period.overlap(month)
    if not differ or inside is None:
        return
    sent = {
        item: _Sent(units, cost)
        for item, units, cost in session.execute(
            select(DeliveryLine.item_id, func.sum(_WENT), type_coerce(func.sum(Lot.unit_cost * _WENT), UnitCost))
            .join(DeliveryLot, DeliveryLot.line_id == DeliveryLine.id)
            .join(Lot, Lot.id == DeliveryLot.lot_id)
            .where(DeliveryLine.delivery_id == row.id, DeliveryLine.item_id.in_(differ))
            .group_by(DeliveryLine.item_id)
        )
    }  # fmt: skip
    for item in session.scalars(
        select(Item).where(Item.id.in_(differ), Item.billing_class != BillingClass.DRUG).order_by(Item.name)
    ):
        had, again = sent.get(item.id, _Sent(0, Decimal(0))), differ[item.id]
        would_be = max(0, had.units + again.more)
        a_unit = had.cost / had.units if had.units else item.unit_cost
        more = share(a_unit * (would_be - had.units), len(inside), len(period))
        if would_be != had.units:
            yield KitLine(row.therapy_id, row.patient, DeliveryId(row.id), row.number, item.name, had.units, would_be,
                          more, again.why)  # fmt: skip
