"""Care between deliveries in the demonstration: refill calls, tests, events, tasks, second therapies."""

import random
from collections.abc import Mapping
from datetime import date, timedelta

from infusion_desktop.access.roles import UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import ONE_DAY
from infusion_desktop.deliveries.calls.follow_ups import assign_follow_up, finish_follow_up, follow_ups
from infusion_desktop.deliveries.calls.refill_calls import NewCall, record_call
from infusion_desktop.deliveries.calls.refill_rules_kept import take_in_medicare_rules
from infusion_desktop.deliveries.care.events import NewEvent, log_event
from infusion_desktop.deliveries.care.task_making import make_tasks
from infusion_desktop.deliveries.care_words import CallOutcome, Effect, EventKind, RefillCallId, SiteState
from infusion_desktop.demonstration.cast import Cast
from infusion_desktop.demonstration.shelves import noon
from infusion_desktop.errors import Refused
from infusion_desktop.patients.labs import NewLab, add_lab
from infusion_desktop.patients.queries import patient_page
from infusion_desktop.patients.therapies import NewTherapy, order_therapy
from infusion_desktop.patients.words import AccessKind, Method, PatientId, TherapyClass, TherapyId
from infusion_desktop.stock.words import ItemId

CALLS_SINCE = 16
"""Days before today from which refill calls are told; before, counts alone are."""
_LABS = {
    TherapyClass.ANTI_INFECTIVE: "CBC with differential, BMP",
    TherapyClass.PARENTERAL_NUTRITION: "CMP, magnesium, phosphorus, triglycerides",
    TherapyClass.CHEMOTHERAPY: "CBC with differential",
    TherapyClass.INOTROPE: "BMP, magnesium",
}
_EVENTS = (
    (EventKind.OCCLUSION, "No flow through the white lumen", "Flushed by the nurse, flow is back", Effect.NONE),
    (EventKind.PHLEBITIS, "Red streak above the site", "Warm pack, prescriber called", Effect.NONE),
    (EventKind.SITE_INFECTION, "Pus at the exit site", "Culture taken, dressing changed", Effect.NONE),
    (EventKind.ALLERGIC_REACTION, "Hives after the second dose", "Dose stopped, diphenhydramine given", Effect.NONE),
    (EventKind.INFILTRATION, "Swollen arm during the dose", "Stopped, arm raised", Effect.NONE),
)


def call_about(
    database: Database, patient: PatientId, counts: Mapping[ItemId, int], on: date, arrives_on: date,
    told_by: tuple[str, str], by: UserId, pick: random.Random,
) -> RefillCallId | None:  # fmt: skip
    """A refill call with its counts, or None where nothing was there to count."""
    if not counts:
        return None
    missed = pick.random() < 0.1
    call = NewCall(
        patient, CallOutcome.AGREED, counts, told_by[0], told_by[1], 1 if missed else 0,
        "slept through it" if missed else "", SiteState.RED if pick.random() < 0.2 else SiteState.WELL,
        SiteState.WELL, "", "a little nausea" if pick.random() < 0.1 else "", "", max(on, arrives_on),
    )  # fmt: skip
    return record_call(database, call, by, on).id


def draw_blood(
    database: Database, therapy: TherapyId, therapy_class: TherapyClass, starts_on: date, by: UserId
) -> None:
    """The tests that such a therapy asks for."""
    name = _LABS.get(therapy_class)
    if name is not None:
        add_lab(database, therapy, NewLab(name, starts_on + timedelta(days=3), 7), by)


def look_after(database: Database, cast: Cast, patients: list[PatientId], last: date) -> None:
    """What stands open on the last day: payers' rules, events, second therapies, calls tried, and the day's tasks."""
    take_in_medicare_rules(database, cast.administrator)
    running: list[tuple[PatientId, TherapyId]] = []
    with database.reading() as session:
        for patient in patients:
            running.extend(
                (patient, row.id)
                for row in patient_page(session, patient).therapies[:1]
                if row.order.starts_on < last - timedelta(days=4) and (row.order.stops_on or last) >= last
            )
    for place, (patient, therapy) in enumerate(running[::4]):
        kind, what, action, effect = _EVENTS[place % len(_EVENTS)]
        event = NewEvent(patient, kind, noon(last - timedelta(days=1 + place % 9)), what, action, effect, therapy,
                         follow_up="Look at the site with the nurse", follow_up_on=last + ONE_DAY)  # fmt: skip
        log_event(database, event, cast.pharmacists[0])
    seconds = (patient for patient, _therapy in running if _second_order(database, cast, patient, last))
    for _ in zip(range(2), seconds, strict=False):
        pass
    for patient, _therapy in running[5:30:6]:
        record_call(database, NewCall(patient, CallOutcome.NO_ANSWER), cast.coordinator, last)
    make_tasks(database, last, cast.coordinator)
    with database.reading() as session:
        late = follow_ups(session, last - ONE_DAY)
    for task in late[3:]:  # A few are left over from yesterday.
        finish_follow_up(database, task.id, "Done, all well.", task.version, cast.coordinator)
    with database.reading() as session:
        open_tasks = follow_ups(session)
    people = (cast.coordinator, cast.pharmacists[0], cast.pharmacists[-1])
    for place, task in enumerate(open_tasks[:24]):
        assign_follow_up(database, task.id, people[place % 3], task.due_on, task.version, cast.coordinator)


def _second_order(database: Database, cast: Cast, patient: PatientId, last: date) -> bool:
    """Fluids through the same catheter, from the day after tomorrow on; whether the patient has one for them."""
    with database.reading() as session:
        page = patient_page(session, patient)
    kept = page.therapies[0].order
    lines = {row.id for row in page.devices if row.device.kind in (AccessKind.PICC, AccessKind.TUNNELED)}
    if kept.device_id not in lines or kept.therapy_class is TherapyClass.HYDRATION:
        return False
    fluid = NewTherapy(
        TherapyClass.HYDRATION, "Lactated Ringer 1 L a day", kept.route, Method.GRAVITY, 24,
        last + timedelta(days=2), kept.prescriber_id, last, device_id=kept.device_id, volume_ml_per_day=1000,
        stops_on=last + timedelta(days=15),
    )  # fmt: skip
    try:
        order_therapy(database, patient, fluid, cast.pharmacists[0])
    except Refused:
        return False
    return True
