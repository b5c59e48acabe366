"""The day's refill calls, the most urgent first, and what is held: for all patients at once."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.dates import ONE_DAY, Days
from infusion_desktop.deliveries.calls.call_rules import CallWindow, Urgency, call_window, urgency
from infusion_desktop.deliveries.calls.lasting import supplied_through
from infusion_desktop.deliveries.calls.refill_rules_kept import Asked, reasons_to_hold, rules_by_patient
from infusion_desktop.deliveries.care_tables import RefillCall
from infusion_desktop.deliveries.care_words import CallOutcome
from infusion_desktop.deliveries.kits.kit_needs import GONE
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.patients.order_versions import changed_orders
from infusion_desktop.patients.queries import therapy_calendars
from infusion_desktop.patients.tables import Episode, Patient, Therapy
from infusion_desktop.patients.words import PatientId, TherapyId

_ARRIVED = DeliveryState.DELIVERED
_LINES = list(Urgency)
TOGETHER_DAYS = 2
"""Orders whose supplies end within so many days of each other are called about together."""


@dataclass(frozen=True, slots=True)
class CallDue:
    """A patient to call about the refill."""

    patient_id: PatientId
    number: str
    name: str
    phone: str
    therapies: tuple[str, ...]
    supply_ends_on: date
    """The last day that what is at home lasts for: as counted on the last call, otherwise as supplied."""
    urgency: Urgency
    window: CallWindow
    tries: int
    """Calls without an answer since somebody was reached."""
    last_call_on: date | None
    last_outcome: CallOutcome | None

    @property
    def next_dose_on(self) -> date:
        """The first day that nothing at home covers."""
        return self.supply_ends_on + ONE_DAY


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A draft that the payer's refill rule holds, and why."""

    delivery_id: DeliveryId
    number: str
    patient_id: PatientId
    patient: str
    therapy: str
    scheduled_on: date
    reasons: tuple[str, ...]


def calls_due(session: Session, today: date) -> tuple[CallDue, ...]:
    """Everybody in care whose supply ends before the next is arranged, the most urgent first.

    A delivery that is planned or under way for the days after arranges the refill, except where the patient was
    reached on no call since the last one arrived (then somebody still has to count and ask) and it is still a draft.
    """
    patients = _running(session, today)
    arrived, coming = _supplied(session, patients, today)
    calls = _last_calls(session, patients, today)
    rules = rules_by_patient(session, today, in_care=True)
    found = []
    for patient, orders in patients.items():
        ends = _ends_on(orders, arrived)
        call = calls.get(patient)
        is_fresh = call is not None and call.on >= _last_arrival(orders, arrived)
        counted = call is not None and is_fresh and call.ends_on is not None
        if call is not None and call.ends_on is not None and is_fresh:
            ends = call.ends_on
        agreed = call is not None and is_fresh and call.agreed
        lasting = [
            row
            for row in orders
            if (row.stops_on is None or row.stops_on > ends)
            and (counted or _ends_on([row], arrived) <= ends + timedelta(days=TOGETHER_DAYS))
            and not _is_arranged(row, coming, ends, agreed)
        ]
        if not lasting:
            continue
        window = call_window(ends, rules.get(patient))
        how = urgency(window, ends, today)
        if how is None or (call is not None and call.wait_until is not None and call.wait_until > today):
            continue
        row = orders[0]
        found.append(
            CallDue(
                patient, row.number, f"{row.last_name}, {row.first_name}", row.phone,
                tuple(dict.fromkeys(each.drug for each in lasting)), ends, how, window,
                0 if call is None else call.tries, None if call is None else call.newest_on,
                None if call is None else call.newest,
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda row: (_LINES.index(row.urgency), row.supply_ends_on, row.name)))


@dataclass(slots=True)
class _Calls:
    on: date
    ends_on: date | None = None
    wait_until: date | None = None
    agreed: bool = False
    tries: int = 0
    newest_on: date | None = None
    newest: CallOutcome | None = None


def _running(session: Session, today: date) -> dict[PatientId, list[Any]]:
    rows = session.execute(
        select(
            Therapy.id, Therapy.patient_id, Therapy.drug, Therapy.starts_on, Therapy.stops_on, Therapy.replaces_id,
            Patient.number, Patient.last_name, Patient.first_name, Patient.phone,
        )
        .join(Patient, Patient.id == Therapy.patient_id)
        .join(Episode, Episode.id == Therapy.episode_id)
        .where(Episode.discharged_on.is_(None), Therapy.starts_on <= today + timedelta(days=7))
        .where(Therapy.stops_on.is_(None) | (Therapy.stops_on >= today))
        .order_by(Therapy.patient_id, Therapy.id)
    )  # fmt: skip
    found: dict[PatientId, list[Any]] = defaultdict(list)
    for row in rows:
        found[PatientId(row.patient_id)].append(row)
    return found


_Arrived = dict[int, tuple[date, date]]


def _supplied(
    session: Session, patients: dict[PatientId, list[Any]], today: date
) -> tuple[_Arrived, dict[TherapyId, list[Any]]]:
    """For each order the last day its arrived deliveries cover (with the day the last came), and what is coming.

    What came or is coming for an earlier version of an order counts; what came, as far as it lasts under the newest.
    """
    changed = changed_orders(session, patients)
    orders = {TherapyId(row.id): row for rows in patients.values() for row in rows}
    versions = {order: changed[order].versions if order in changed else frozenset({order}) for order in orders}
    wanted = {each for group in versions.values() for each in group}
    came = {
        TherapyId(row[0] or 0): (row[1], row[2])
        for row in session.execute(
            select(Delivery.therapy_id, func.max(Delivery.period_last), func.max(Delivery.scheduled_on))
            .where(Delivery.therapy_id.in_(wanted), Delivery.state == _ARRIVED)
            .group_by(Delivery.therapy_id)
        )
    }
    arrived: _Arrived = {}
    for order, group in versions.items():
        if had := [each for each in group if each in came]:
            newest = max(had, key=lambda each: came[each])
            last = came[newest][0] if newest == order else _lasts(session, orders[order], came[newest][0], today)
            arrived[order] = (last, max(came[each][1] for each in had))
    coming: dict[int, list[Any]] = defaultdict(list)
    for row in session.execute(
        select(Delivery.therapy_id, Delivery.period_last, Delivery.state, Delivery.call_id, Delivery.home_counted_on)
        .where(Delivery.therapy_id.in_(wanted), Delivery.state.not_in((*GONE, _ARRIVED)))
    ):  # fmt: skip
        coming[row.therapy_id or 0].append(row)
    return arrived, {order: [row for each in group for row in coming[each]] for order, group in versions.items()}


def _lasts(session: Session, order: Any, last: date, today: date) -> date:
    """The last day an order is supplied for by what came before it was changed, at most ``last``."""
    patient, days = PatientId(order.patient_id), Days(order.starts_on, max(order.starts_on, today))
    mine = [each for each in therapy_calendars(session, days, patient) if each.therapy_id == order.id]
    through = supplied_through(session, patient, mine, today)
    ended: date = order.starts_on - ONE_DAY
    return min(last, through.get(TherapyId(order.id), ended))


def _ends_on(orders: list[Any], arrived: _Arrived) -> date:
    """The earliest last day of the orders: what was supplied, or the day before an order that nothing came for."""
    return min(arrived[row.id][0] if row.id in arrived else row.starts_on - ONE_DAY for row in orders)


def _last_arrival(orders: list[Any], arrived: _Arrived) -> date:
    return max((arrived[row.id][1] for row in orders if row.id in arrived), default=date.min)


def _is_arranged(row: Any, coming: dict[TherapyId, list[Any]], ends: date, agreed: bool) -> bool:
    """Something is coming for the days after; a draft counts once somebody counted or said yes."""

    def counts(delivery: Any) -> bool:
        asked = delivery.call_id is not None or delivery.home_counted_on is not None
        return delivery.period_last > ends and (delivery.state is not DeliveryState.DRAFT or asked or agreed)

    return any(map(counts, coming.get(row.id, ())))


def _last_calls(session: Session, patients: dict[PatientId, list[Any]], today: date) -> dict[PatientId, _Calls]:
    found: dict[PatientId, _Calls] = {}
    in_care = select(Episode.patient_id).where(Episode.discharged_on.is_(None))
    newest = select(func.max(RefillCall.id)).where(
        RefillCall.outcome.in_([each for each in CallOutcome if each.reached]), RefillCall.patient_id.in_(in_care)
    ).group_by(RefillCall.patient_id)  # fmt: skip
    for row in session.execute(
        select(RefillCall.patient_id, RefillCall.called_on, RefillCall.supply_ends_on, RefillCall.outcome,
               RefillCall.next_on)
        .where(RefillCall.id.in_(newest))
    ):  # fmt: skip
        kept = _Calls(row.called_on, row.supply_ends_on, agreed=row.outcome is CallOutcome.AGREED,
                      newest_on=row.called_on, newest=row.outcome)  # fmt: skip
        if row.outcome is CallOutcome.NOT_NOW:
            kept.wait_until = row.next_on
        found[PatientId(row.patient_id)] = kept
    since = select(RefillCall.patient_id, RefillCall.called_on, RefillCall.outcome).where(
        RefillCall.outcome.in_([each for each in CallOutcome if not each.reached]),
        RefillCall.called_on >= today - timedelta(days=60),
    ).order_by(RefillCall.id)  # fmt: skip
    for tried in session.execute(since):
        patient = PatientId(tried.patient_id)
        if patient not in patients:
            continue
        kept = found.setdefault(patient, _Calls(date.min))
        if tried.called_on >= kept.on:
            kept.tries += 1
            kept.newest_on, kept.newest = tried.called_on, tried.outcome
    return found


def held_deliveries(session: Session, today: date) -> tuple[HeldRow, ...]:
    """Drafts for today or later that the payer's refill rule holds, each with the reasons."""
    rows = session.execute(
        select(Delivery, Patient.last_name, Patient.first_name, Therapy.drug)
        .join(Patient, Patient.id == Delivery.patient_id)
        .join(Therapy, Therapy.id == Delivery.therapy_id)
        .where(Delivery.state == DeliveryState.DRAFT, Delivery.scheduled_on >= today - timedelta(days=14))
        .order_by(Delivery.scheduled_on, Delivery.id)
    ).all()
    ruled = rules_by_patient(session, today)
    found = []
    for row, last, first, drug in rows:
        if row.patient_id not in ruled:
            continue
        asked = Asked(
            PatientId(row.patient_id), TherapyId(row.therapy_id or 0), row.scheduled_on,
            Days(row.period_first, row.period_last), row.id, row.call_id,
        )  # fmt: skip
        if reasons := reasons_to_hold(session, asked):
            found.append(
                HeldRow(DeliveryId(row.id), row.number, asked.patient_id, f"{last}, {first}", drug, row.scheduled_on,
                        tuple(reasons))
            )  # fmt: skip
    return tuple(found)
