"""One patient at a glance, and everything that happened to them in one time line."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.dates import ONE_DAY, Days, local_day
from infusion_desktop.deliveries.calls.call_rules import CallWindow, call_window
from infusion_desktop.deliveries.calls.lasting import left_at_home, supplied_through
from infusion_desktop.deliveries.calls.refill_calls import CallRow, calls_of
from infusion_desktop.deliveries.calls.refill_rules_kept import rule_for
from infusion_desktop.deliveries.care.events import EventRow, events_of
from infusion_desktop.deliveries.care_tables import ClinicalEvent, RefillCall
from infusion_desktop.deliveries.care_words import EventKind
from infusion_desktop.deliveries.kits.home_counts import AtHome, at_home
from infusion_desktop.deliveries.kits.kit_needs import facts_of, used_until
from infusion_desktop.deliveries.kits.supply_rules import day_by_day, short_on
from infusion_desktop.deliveries.plans.still_owed import OwedRow, still_owed
from infusion_desktop.deliveries.tables import Delivery, ProofOfDelivery
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.patients.queries import therapy_calendars
from infusion_desktop.patients.tables import Episode, Interruption, Therapy
from infusion_desktop.patients.words import PatientId

LOOK_AHEAD = 45
"""Days through which it is reckoned how long the supplies at home last."""
MOST_MOMENTS = 400


@dataclass(frozen=True, slots=True)
class HomeSupply:
    """An item at home: what our books say, and the last day it lasts for (None: longer than we look ahead)."""

    item: AtHome
    left: int
    """What should be left this morning: our books know of no use since the last count or arrival."""
    is_used: bool
    """An order that runs uses it up."""
    lasts_through: date | None


@dataclass(frozen=True, slots=True)
class NextDelivery:
    """What comes next, or came last with who signed."""

    id: DeliveryId
    number: str
    on: date
    window: str
    state: DeliveryState
    period: Days
    signed_by: str = ""
    signed_at: datetime | None = None


class MomentKind(StrEnum):
    """What sort of thing happened."""

    CARE = "care"
    ORDER = "order"
    PAUSE = "pause"
    DELIVERY = "delivery"
    CALL = "call"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing on the time line; ``opens`` and ``record`` name what it leads to."""

    key: tuple[str, int]
    on: date
    kind: MomentKind
    what: str
    opens: str = ""
    record: int = 0


@dataclass(frozen=True, slots=True)
class Glance:
    """What one look at a patient should tell."""

    supplies: tuple[HomeSupply, ...]
    supply_ends_on: date | None
    """The last day that every order is supplied for by what arrived; None where nothing did."""
    window: CallWindow | None
    next_delivery: NextDelivery | None
    last_delivery: NextDelivery | None
    calls: tuple[CallRow, ...]
    events: tuple[EventRow, ...]
    moments: tuple[Moment, ...]
    owed: tuple[OwedRow, ...]
    """What left short and no delivery has brought since."""


def glance(session: Session, patient_id: PatientId, today: date) -> Glance:
    """Everything about a patient between deliveries; few statements however long their history is."""
    supplies = _supplies(session, patient_id, today)
    ends_on = _ends_on(session, patient_id, today)
    window = None if ends_on is None else call_window(ends_on, rule_for(session, patient_id, today))
    return Glance(
        supplies, ends_on, window, _next(session, patient_id), _last(session, patient_id),
        calls_of(session, patient_id, 50), events_of(session, patient_id, 50), moments(session, patient_id),
        still_owed(session, today, patient_id),
    )  # fmt: skip


def _supplies(session: Session, patient_id: PatientId, today: date) -> tuple[HomeSupply, ...]:
    rows = at_home(session, patient_id)
    if not rows:
        return ()
    days = Days(today, today + timedelta(days=LOOK_AHEAD))
    used = used_until(session, patient_id, days, facts_of(session, patient_id))
    there = left_at_home(session, patient_id, today)
    found = []
    for row in rows:
        mine, left = [use for use in used if use.item == row.item_id], there.get(row.item_id, 0)
        short = short_on(day_by_day(mine, left, {}, days)) if mine else None
        found.append(HomeSupply(row, left, bool(mine), None if short is None else short - ONE_DAY))
    return tuple(sorted(found, key=lambda each: (each.lasts_through or date.max, each.item.name)))


def _ends_on(session: Session, patient_id: PatientId, today: date) -> date | None:
    orders = therapy_calendars(session, Days(today, today + timedelta(days=LOOK_AHEAD)), patient_id)
    return min(supplied_through(session, patient_id, orders, today, arrived=True).values(), default=None)


def _next(session: Session, patient_id: PatientId) -> NextDelivery | None:
    row = session.scalars(
        select(Delivery)
        .where(Delivery.patient_id == patient_id)
        .where(Delivery.state.not_in((DeliveryState.DELIVERED, DeliveryState.REFUSED, DeliveryState.CANCELLED)))
        .order_by(Delivery.scheduled_on, Delivery.id)
        .limit(1)
    ).first()
    return None if row is None else _shown(row)


def _last(session: Session, patient_id: PatientId) -> NextDelivery | None:
    row = session.execute(
        select(Delivery, ProofOfDelivery.received_by, ProofOfDelivery.received_at)
        .outerjoin(ProofOfDelivery, ProofOfDelivery.delivery_id == Delivery.id)
        .where(Delivery.patient_id == patient_id, Delivery.state == DeliveryState.DELIVERED)
        .order_by(Delivery.delivered_at.desc(), ProofOfDelivery.id.desc())
        .limit(1)
    ).first()
    return None if row is None else _shown(row[0], row[1] or "", row[2])


def _shown(row: Delivery, signed_by: str = "", signed_at: datetime | None = None) -> NextDelivery:
    return NextDelivery(
        DeliveryId(row.id), row.number, row.scheduled_on, row.window, row.state,
        Days(row.period_first, row.period_last), signed_by, signed_at,
    )  # fmt: skip


def moments(session: Session, patient_id: PatientId) -> tuple[Moment, ...]:
    """Everything that happened and is planned, the newest first; the newest few hundred."""
    found = [
        *_care(session, patient_id),
        *_orders(session, patient_id),
        *_deliveries(session, patient_id),
        *_told(session, patient_id),
    ]
    return tuple(sorted(found, key=lambda each: (each.on, each.key), reverse=True)[:MOST_MOMENTS])


def _care(session: Session, patient_id: PatientId) -> Iterable[Moment]:
    for row in session.execute(
        select(Episode.id, Episode.admitted_on, Episode.discharged_on, Episode.discharge_reason)
        .where(Episode.patient_id == patient_id)
    ):  # fmt: skip
        yield Moment(("admitted", row.id), row.admitted_on, MomentKind.CARE, "Admitted")
        if row.discharged_on is not None:
            yield Moment(("discharged", row.id), row.discharged_on, MomentKind.CARE,
                         f"Discharged: {row.discharge_reason}")  # fmt: skip
    for pause in session.execute(
        select(Interruption.id, Interruption.kind, Interruption.first_on, Interruption.last_on, Interruption.note)
        .where(Interruption.patient_id == patient_id, Interruption.removed_at.is_(None))
    ):  # fmt: skip
        note = f": {pause.note}" if pause.note else ""
        yield Moment(("pause", pause.id), pause.first_on, MomentKind.PAUSE, f"{pause.kind.value.capitalize()}{note}")
        if pause.last_on is not None:
            yield Moment(("back", pause.id), pause.last_on + ONE_DAY, MomentKind.PAUSE,
                         f"Back from {pause.kind.value}")  # fmt: skip


def _orders(session: Session, patient_id: PatientId) -> Iterable[Moment]:
    rows = session.execute(
        select(Therapy.id, Therapy.drug, Therapy.interval_hours, Therapy.starts_on, Therapy.stops_on,
               Therapy.stop_reason, Therapy.replaces_id)
        .where(Therapy.patient_id == patient_id)
    ).all()  # fmt: skip
    replaced = {row.replaces_id for row in rows}
    for row in rows:
        what = "changes to" if row.replaces_id is not None else "begins:"
        said = f"Order {what} {row.drug}, every {row.interval_hours} h"
        yield Moment(("order", row.id), row.starts_on, MomentKind.ORDER, said)
        if row.stops_on is not None and row.id not in replaced:
            why = f": {row.stop_reason}" if row.stop_reason else ""
            yield Moment(("stop", row.id), row.stops_on, MomentKind.ORDER, f"{row.drug} ends{why}")


def _deliveries(session: Session, patient_id: PatientId) -> Iterable[Moment]:
    for row in session.execute(
        select(Delivery.id, Delivery.number, Delivery.state, Delivery.scheduled_on, Delivery.delivered_at,
               Delivery.period_first, Delivery.period_last, Therapy.drug)
        .outerjoin(Therapy, Therapy.id == Delivery.therapy_id)
        .where(Delivery.patient_id == patient_id)
        .order_by(Delivery.id.desc())
        .limit(MOST_MOMENTS)
    ):  # fmt: skip
        on = row.scheduled_on if row.delivered_at is None else local_day(row.delivered_at)
        said = f"Delivery {row.number} {row.state.value}" + (f": {row.drug}" if row.drug else "")
        yield Moment(("delivery", row.id), on, MomentKind.DELIVERY, said, "delivery", row.id)


def _told(session: Session, patient_id: PatientId) -> Iterable[Moment]:
    for row in session.execute(
        select(RefillCall.id, RefillCall.called_on, RefillCall.outcome, RefillCall.spoke_with)
        .where(RefillCall.patient_id == patient_id)
        .order_by(RefillCall.id.desc())
        .limit(MOST_MOMENTS)
    ):
        whom = f" ({row.spoke_with})" if row.spoke_with else ""
        yield Moment(("call", row.id), row.called_on, MomentKind.CALL, f"Refill call: {row.outcome.value}{whom}")
    withdrawn = select(ClinicalEvent.withdraws_id).where(
        ClinicalEvent.patient_id == patient_id, ClinicalEvent.withdraws_id.is_not(None)
    )
    for event in session.execute(
        select(ClinicalEvent.id, ClinicalEvent.kind, ClinicalEvent.happened_at, ClinicalEvent.what)
        .where(ClinicalEvent.patient_id == patient_id, ClinicalEvent.withdraws_id.is_(None))
        .where(ClinicalEvent.id.not_in(withdrawn))
    ):
        yield Moment(("event", event.id), local_day(event.happened_at), MomentKind.EVENT,
                     f"{EventKind(event.kind).value.capitalize()}: {event.what}")  # fmt: skip
