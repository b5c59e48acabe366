"""The refill call: what is left at home, how it goes, and whether the patient says yes to the next delivery."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, show_day, today
from infusion_desktop.deliveries.calls.follow_ups import Kind, add_task
from infusion_desktop.deliveries.calls.lasting import supply_ends_on
from infusion_desktop.deliveries.care_tables import RefillCall
from infusion_desktop.deliveries.care_words import CallOutcome, RefillCallId, SiteState
from infusion_desktop.deliveries.kits.home_counts import keep_counts
from infusion_desktop.deliveries.tables import FollowUp, HomeCount
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.patients.demographics import the_patient
from infusion_desktop.patients.words import PatientId
from infusion_desktop.stock.words import ItemId


@dataclass(frozen=True, slots=True)
class NewCall:
    """What was asked and answered. ``counts`` is what is left of each item; ``next_on`` the day agreed on."""

    patient_id: PatientId
    outcome: CallOutcome
    counts: Mapping[ItemId, int] = field(default_factory=dict)
    spoke_with: str = ""
    relation: str = ""
    doses_missed: int = 0
    missed_why: str = ""
    site: SiteState = SiteState.NOT_ASKED
    catheter: SiteState = SiteState.NOT_ASKED
    hospital: str = ""
    side_effects: str = ""
    note: str = ""
    next_on: date | None = None


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call that was made."""

    id: RefillCallId
    called_on: date
    outcome: CallOutcome
    by: str
    spoke_with: str
    relation: str
    doses_missed: int
    missed_why: str
    site: SiteState
    catheter: SiteState
    hospital: str
    side_effects: str
    note: str
    next_on: date | None
    supply_ends_on: date | None


@dataclass(frozen=True, slots=True)
class Kept:
    """What a call led to: its id, the last day the supply at home lasts for, and the tasks it made."""

    id: RefillCallId
    supply_ends_on: date | None
    tasks: tuple[str, ...]


def record_call(database: Database, call: NewCall, by: UserId, on: date | None = None) -> Kept:
    """Keep a refill call with its counts. A call that reached somebody ends the open refill tasks.

    Trouble at site or catheter and side effects become tasks for today; a refill not wanted now, a call on the day
    agreed. Refused where something that was to be asked is missing.
    """
    called_on = on or today()
    refuse_if(reasons_against_call(call, called_on))
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        the_patient(session, call.patient_id)
        ends_on = supply_ends_on(session, call.patient_id, call.counts, called_on) if call.counts else None
        call_id = _insert(session, call, called_on, ends_on, by)
        keep_counts(session, call.patient_id, call.counts, called_on, call.spoke_with, by, call_id)
        if call.outcome.reached:
            _finish_tasks(session, call, by)
        tasks = _make_tasks(session, call, call_id, called_on)
        record(session, by, "refill call", "refill call", call_id, patient_id=call.patient_id,
               after={"outcome": call.outcome, "next_on": call.next_on, "supply_ends_on": ends_on})  # fmt: skip
        return Kept(call_id, ends_on, tasks)


def reasons_against_call(call: NewCall, on: date) -> list[str]:
    """What is missing or wrong in a call; all reasons."""
    reasons = []
    if call.outcome.reached and not (call.spoke_with.strip() and call.relation.strip()):
        reasons.append("Type whom you spoke with and what they are to the patient.")
    if call.outcome is CallOutcome.AGREED and not call.counts:
        reasons.append("Count at least one item: a refill is what is needed less what is left.")
    if call.outcome is CallOutcome.AGREED and call.next_on is None:
        reasons.append("Agree on the day of the delivery.")
    if call.outcome is CallOutcome.NOT_NOW and call.next_on is None:
        reasons.append("Agree on the day of the next call.")
    if call.next_on is not None and call.next_on < on:
        reasons.append(f"The day agreed, {show_day(call.next_on)}, is past. Correct it.")
    if call.doses_missed and not call.missed_why.strip():
        reasons.append("Say why doses were missed.")
    if not 0 <= call.doses_missed <= 999 or any(count < 0 for count in call.counts.values()):
        reasons.append("Counts and missed doses are whole numbers from 0 on.")
    return reasons


def _insert(session: Session, call: NewCall, called_on: date, ends_on: date | None, by: UserId) -> RefillCallId:
    values = {
        "patient_id": call.patient_id,
        "called_on": called_on,
        "outcome": call.outcome,
        "spoke_with": call.spoke_with.strip(),
        "relation": call.relation.strip(),
        "doses_missed": call.doses_missed,
        "missed_why": call.missed_why.strip(),
        "site": call.site,
        "catheter": call.catheter,
        "hospital": call.hospital.strip(),
        "side_effects": call.side_effects.strip(),
        "note": call.note.strip(),
        "next_on": call.next_on,
        "supply_ends_on": ends_on,
        "recorded_at": now_utc(),
        "staff_id": by,
    }
    return RefillCallId(session.execute(insert(RefillCall).values(**values).returning(RefillCall.id)).scalar_one())


def _finish_tasks(session: Session, call: NewCall, by: UserId) -> None:
    session.execute(
        update(FollowUp)
        .where(FollowUp.patient_id == call.patient_id, FollowUp.kind == Kind.REFILL_CALL, FollowUp.done_at.is_(None))
        .values(done_at=now_utc(), done_by=by, outcome=call.outcome.value.capitalize(), version=FollowUp.version + 1)
    )


def _make_tasks(session: Session, call: NewCall, call_id: RefillCallId, on: date) -> tuple[str, ...]:
    made = []
    for what, state in (("Site", call.site), ("Catheter", call.catheter)):
        if state.worries:
            made.append(f"{what} {state.value}: look into it")
    if call.side_effects.strip():
        made.append("Side effects told on the refill call: look into them")
    for title in made:
        add_task(session, call.patient_id, Kind.CLINICAL, title, on, made_by=f"call {call_id} {title[:40]}")
    if call.outcome is CallOutcome.NOT_NOW and call.next_on is not None:
        title = "Call: count what is left and agree on the refill"
        add_task(session, call.patient_id, Kind.REFILL_CALL, title, call.next_on, made_by=f"call {call_id} again")
        made.append(title)
    return tuple(made)


def calls_of(session: Session, patient_id: PatientId, limit: int = 200) -> tuple[CallRow, ...]:
    """A patient's refill calls, the newest first."""
    rows = session.execute(
        select(RefillCall, Staff.name)
        .join(Staff, Staff.id == RefillCall.staff_id)
        .where(RefillCall.patient_id == patient_id)
        .order_by(RefillCall.id.desc())
        .limit(limit)
    )
    return tuple(
        CallRow(
            RefillCallId(row.id), row.called_on, row.outcome, name, row.spoke_with, row.relation, row.doses_missed,
            row.missed_why, row.site, row.catheter, row.hospital, row.side_effects, row.note, row.next_on,
            row.supply_ends_on,
        )
        for row, name in rows
    )  # fmt: skip


def counted_on_call(session: Session, call_id: RefillCallId) -> dict[ItemId, int]:
    """What was counted on a call, by item."""
    rows = session.execute(select(HomeCount.item_id, HomeCount.quantity).where(HomeCount.call_id == call_id))
    return {ItemId(row.item_id): row.quantity for row in rows}


def the_call(session: Session, call_id: RefillCallId) -> RefillCall:
    """The call's row, or Refused."""
    row = session.get(RefillCall, call_id)
    if row is None:
        raise Refused("This refill call is not known. Open the patient again.")
    return row


def newest_reached(rows: Sequence[CallRow]) -> CallRow | None:
    """The newest call that reached somebody."""
    return next((row for row in rows if row.outcome.reached), None)
