"""What a delivery that went out would have held with another kit: planned again by the same rules, nothing is kept."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.dates import Days
from infusion_desktop.deliveries.calls.refill_calls import counted_on_call, the_call
from infusion_desktop.deliveries.care_words import RefillCallId
from infusion_desktop.deliveries.kits.kit_needs import calendar_of, care_of, reckon_with, setting_of
from infusion_desktop.deliveries.kits.supply_rules import ItemNeed
from infusion_desktop.deliveries.kits.template_rules import rank
from infusion_desktop.deliveries.tables import Delivery, DeliveryLine, DeliveryStep, HomeCount, KitTemplate
from infusion_desktop.deliveries.words import DeliveryId, Step, TemplateId
from infusion_desktop.errors import Refused
from infusion_desktop.patients.words import PatientId, TherapyId
from infusion_desktop.stock.words import ItemId


@dataclass(frozen=True, slots=True)
class LineAgain:
    """An item: what the delivery's own kit sends for its period, what the other kit would, and how that comes about."""

    item_id: ItemId
    own: int
    other: int
    why: str

    @property
    def more(self) -> int:
        """Units that the other kit would send more; below zero: fewer."""
        return self.other - self.own


@dataclass(frozen=True, slots=True)
class PlannedAgain:
    """A delivery planned again; ``fits`` says whether the other kit is meant for the order."""

    delivery_id: DeliveryId
    lines: tuple[LineAgain, ...]
    fits: bool


def planned_again(session: Session, delivery_id: DeliveryId, kit: str) -> PlannedAgain:
    """A delivery planned with its own kit and with the one of that name, both as things stood when it was planned.

    The version of that kit is the one of the period's first day, else the first after it; under its own kit's name its
    own version. Refused when the order no longer runs in the period, or the other kit has only latex for the allergic.
    """
    row = session.get_one(Delivery, delivery_id)
    if row.therapy_id is None or row.template_id is None:
        raise Refused(f"{row.number} was planned without a kit.")
    period = Days(row.period_first, row.period_last)
    calendar = calendar_of(session, TherapyId(row.therapy_id), period)
    counts, counted_on = _counts(session, row)
    setting = setting_of(session, calendar, period, counts, counted_on, delivery_id)
    had = [ItemId(each) for each in session.scalars(
        select(DeliveryLine.item_id).where(DeliveryLine.delivery_id == delivery_id)
    )]  # fmt: skip
    own = reckon_with(session, setting, TemplateId(row.template_id), had)
    there = (
        own
        if own.kit.template.name == kit
        else reckon_with(session, setting, version_of(session, kit, period.first), had)
    )
    mine, theirs = ({each.item: each for each in reckoned.needs} for reckoned in (own, there))
    care = care_of(calendar, setting.facts, period.first)
    return PlannedAgain(
        delivery_id,
        tuple(_line(item, mine.get(item), theirs.get(item)) for item in {**mine, **theirs}),
        rank(there.kit.template.fit, care) is not None,
    )


def _line(item: ItemId, own: ItemNeed | None, other: ItemNeed | None) -> LineAgain:
    return LineAgain(
        item, 0 if own is None else own.to_send, 0 if other is None else other.to_send,
        "not in this kit" if other is None else other.why,
    )  # fmt: skip


def version_of(session: Session, name: str, on: date) -> TemplateId:
    """The version of a kit on a day, else the first after it. Refused when there is no kit of that name."""
    versions = session.execute(
        select(KitTemplate.id, KitTemplate.starts_on).where(KitTemplate.name == name).order_by(KitTemplate.starts_on)
    ).all()
    if not versions:
        raise Refused(f"There is no kit “{name}”. Choose another one.")
    begun = [row.id for row in versions if row.starts_on <= on]
    return TemplateId(begun[-1] if begun else versions[0].id)


def _counts(session: Session, row: Delivery) -> tuple[dict[ItemId, int], date]:
    """What was counted at home for this delivery, and when."""
    if row.call_id is not None:
        call = RefillCallId(row.call_id)
        return counted_on_call(session, call), the_call(session, call).called_on
    if row.home_counted_on is None:
        return {}, row.period_first
    drafted = select(DeliveryStep.recorded_at).where(
        DeliveryStep.delivery_id == row.id, DeliveryStep.step == Step.DRAFT
    )
    at = session.scalar(drafted.order_by(DeliveryStep.id).limit(1))
    counted = session.execute(
        select(HomeCount.item_id, HomeCount.quantity)
        .where(HomeCount.patient_id == PatientId(row.patient_id), HomeCount.counted_on == row.home_counted_on)
        .where(HomeCount.call_id.is_(None), *(() if at is None else (HomeCount.recorded_at <= at,)))
        .order_by(HomeCount.id)
    )
    return {ItemId(each.item_id): each.quantity for each in counted}, row.home_counted_on
