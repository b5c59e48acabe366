"""Deliveries that did not go as planned, one line for each thing: what happened, to what, and why."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.dates import Days
from infusion_desktop.deliveries.schedule.dispatch_tables import DeliveryCorrection
from infusion_desktop.deliveries.tables import Delivery, DeliveryLine, DeliveryLot, DeliveryStep
from infusion_desktop.deliveries.words import DeliveryState, Step
from infusion_desktop.patients.tables import Patient
from infusion_desktop.reporting.report import ALL, Choice, Found, refuse_many
from infusion_desktop.stock.tables import Item
from reports.table_report import Column, Kind, Row

NOBODY, REFUSED, CANCELLED = "nobody there", "refused", "cancelled"
BACK, SHORT, INSTEAD, RIGHTED = "came back", "left short", "something else sent", "put right afterwards"
EXCEPTION_CHOICES = (NOBODY, REFUSED, BACK, SHORT, INSTEAD, RIGHTED, CANCELLED)
_LEFT = (DeliveryState.SHIPPED, DeliveryState.DELIVERED)
_STEPS = {Step.FAIL: NOBODY, Step.REFUSE: REFUSED, Step.CANCEL: CANCELLED}
Told = tuple[str, str, int | None, str]
"""What happened, the item, how many units, and why."""


def exceptions(session: Session, period: Days, choice: Choice = ALL) -> Found:
    """Everything that did not go as planned with deliveries promised for a day of the period, in their order."""
    found: list[tuple[Any, Told]] = []
    for asked, read in ((_steps(), _step), (_came_back(), _back), (_lines(), _line), (_corrections(), _right)):
        rows = session.execute(asked.where(Delivery.scheduled_on.between(period.first, period.last))).all()
        found += [(row, told) for row in rows for told in read(row) if choice.only in ("", told[0])]
    refuse_many(len(found), "things did not go as planned in these days")
    found.sort(key=lambda each: (each[0].scheduled_on, each[0].number, EXCEPTION_CHOICES.index(each[1][0]), each[1][1]))
    columns = (Column("Delivery"), Column("Patient"), Column("Promised", Kind.DAY), Column("What happened"),
               Column("Item"), Column("Units", Kind.NUMBER), Column("Why"), Column("Carrier"))  # fmt: skip
    lines: tuple[Row, ...] = tuple(
        (row.number, f"{row.last_name}, {row.first_name}", row.scheduled_on, what, item, units, why, row.carrier.value)
        for row, (what, item, units, why) in found
    )
    concerned = len({row.number for row, _ in found})
    told = f"{len(lines):,} on {concerned:,} deliveries"
    return Found(columns, lines, (told, *[None] * 7) if lines else None)


def _of(*columns: Any) -> Select[Any]:
    return select(
        Delivery.number, Patient.last_name, Patient.first_name, Delivery.scheduled_on, Delivery.carrier, *columns
    ).join(Patient, Patient.id == Delivery.patient_id)


def _steps() -> Select[Any]:
    """Nobody was there, everything came back, or it never left."""
    step = DeliveryStep
    return _of(step.step, step.note).join(step, step.delivery_id == Delivery.id).where(step.step.in_(_STEPS))


def _step(row: Any) -> Iterator[Told]:
    yield _STEPS[row.step], "", None, row.note


def _came_back() -> Select[Any]:
    """Part of what arrived; where all came back, the step says so."""
    lot = DeliveryLot
    return (
        _of(Item.name, lot.came_back, lot.outcome)
        .join(lot, lot.delivery_id == Delivery.id)
        .join(DeliveryLine, DeliveryLine.id == lot.line_id)
        .join(Item, Item.id == DeliveryLine.item_id)
        .where(Delivery.state == DeliveryState.DELIVERED, lot.came_back > 0)
    )


def _back(row: Any) -> Iterator[Told]:
    yield BACK, row.name, row.came_back, "" if row.outcome is None else row.outcome.value


def _lines() -> Select[Any]:
    """What left short and was not sent since, and what went instead of something else."""
    line, other = DeliveryLine, aliased(Item)
    return (
        _of(Item.name, line.owed, line.to_send, line.change_reason, other.name.label("planned"))
        .join(line, line.delivery_id == Delivery.id)
        .join(Item, Item.id == line.item_id)
        .outerjoin(other, other.id == line.substitutes_item_id)
        .where(Delivery.state.in_(_LEFT), (line.owed > 0) | line.substitutes_item_id.is_not(None))
    )


def _line(row: Any) -> Iterator[Told]:
    if row.owed:
        yield SHORT, row.name, row.owed, "not sent since"
    if row.planned is not None:
        yield INSTEAD, row.name, row.to_send, f"instead of {row.planned}: {row.change_reason}"


def _corrections() -> Select[Any]:
    """What was written or counted wrong, and found after it had left."""
    right = DeliveryCorrection
    return _of(right.what, right.reason).join(right, right.delivery_id == Delivery.id)


def _right(row: Any) -> Iterator[Told]:
    yield RIGHTED, row.what, None, row.reason
