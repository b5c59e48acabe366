"""Deliveries that come again: set up once for a therapy, expected on the calendar, planned when they come near."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import ONE_DAY, Days, now_utc
from infusion_desktop.deliveries.calls.lasting import supplied_through
from infusion_desktop.deliveries.plans.planning import Visit, plan_in
from infusion_desktop.deliveries.rules import Frequency
from infusion_desktop.deliveries.schedule.calendar_rules import Calendar, aligned, arrives_on
from infusion_desktop.deliveries.schedule.delivery_days import calendar_of
from infusion_desktop.deliveries.schedule.dispatch_tables import DeliveryRepeat, DeliveryStop, Driver
from infusion_desktop.deliveries.schedule.dispatch_words import DriverId, RepeatId
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.words import Carrier, DeliveryState
from infusion_desktop.errors import Refused, Stale, refuse_if
from infusion_desktop.patients.order_versions import versions_of
from infusion_desktop.patients.queries import therapy_calendars
from infusion_desktop.patients.tables import Patient, Therapy
from infusion_desktop.patients.words import PatientId, TherapyId
from infusion_desktop.progress import Progress

PLANNED_AHEAD_DAYS = 14
"""How far ahead drafts are made: our own working rule, so that the refill call still changes them."""
_MOST_EXPECTED = 60


@dataclass(frozen=True, slots=True)
class NewRepeat:
    """How a therapy's deliveries come again; ``weekday`` (0 is Monday) where one is wanted."""

    therapy_id: TherapyId
    supply_days: int
    lead_days: int = 1
    weekday: int | None = None
    window: str = ""
    carrier: Carrier = Carrier.OWN_DRIVER
    driver_id: DriverId | None = None
    instructions: str = ""


@dataclass(frozen=True, slots=True)
class Expected:
    """A delivery that is to come but is not planned yet."""

    repeat_id: RepeatId
    patient_name: str
    therapy: str
    period: Days
    arrives_on: date
    window: str
    carrier: Carrier
    driver: str
    therapy_id: TherapyId
    """The version of the order that runs then."""


@dataclass(frozen=True, slots=True)
class RepeatRow:
    """A repeat in force: the last day planned for, and what comes next (None when the therapy is over)."""

    id: RepeatId
    patient_id: PatientId
    patient_name: str
    therapy: str
    repeat: NewRepeat
    driver: str
    planned_through: date | None
    next: Expected | None
    version: int


def add_repeat(database: Database, new: NewRepeat, by: UserId) -> RepeatId:
    """From now on this therapy's deliveries come again; one repeat for a therapy."""
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        reasons = [] if 1 <= new.supply_days <= 92 else ["A delivery is for 1 to 92 days."]
        if not 0 <= new.lead_days <= 14:
            reasons.append("It arrives 0 to 14 days before its first day.")
        patient = session.scalar(select(Therapy.patient_id).where(Therapy.id == new.therapy_id))
        if patient is None:
            reasons.append("This order is not known. Choose it again.")
        there = session.scalar(
            select(DeliveryRepeat.id).where(
                DeliveryRepeat.therapy_id.in_(versions_of(session, new.therapy_id)), DeliveryRepeat.ended_at.is_(None)
            )
        )
        if there is not None:
            reasons.append("This order's deliveries come again already. End that first.")
        if new.driver_id is not None and session.get(Driver, new.driver_id) is None:
            reasons.append("This driver is not known. Choose another.")
        refuse_if(reasons)
        row = DeliveryRepeat(
            therapy_id=new.therapy_id,
            supply_days=new.supply_days,
            lead_days=new.lead_days,
            weekday=new.weekday,
            window=new.window.strip(),
            carrier=new.carrier,
            driver_id=new.driver_id,
            instructions=new.instructions.strip(),
        )
        session.add(row)
        session.flush()
        after = {"therapy": new.therapy_id, "days": new.supply_days, "lead": new.lead_days, "weekday": new.weekday}
        record(session, by, "add", "delivery repeat", row.id, patient_id=patient, after=after)
        return RepeatId(row.id)


def end_repeat(database: Database, repeat_id: RepeatId, why: str, version: int, by: UserId) -> None:
    """They do not come again; what is planned already stays."""
    if not why.strip():
        raise Refused("Say why they do not come again.")
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        row = session.get(DeliveryRepeat, repeat_id)
        if row is None or row.ended_at is not None or row.version != version:
            raise Stale("Somebody else changed or ended this meanwhile. Look at the list again.")
        row.ended_at = now_utc()
        patient = session.scalar(select(Therapy.patient_id).where(Therapy.id == row.therapy_id))
        record(session, by, "end", "delivery repeat", repeat_id, patient_id=patient, reason=why.strip())


def repeats(session: Session, today: date) -> tuple[RepeatRow, ...]:
    """What comes again, by patient; a repeat goes on with the newer version of an order that was changed."""
    calendar = calendar_of(session)
    made = []
    for row, versions, patient, driver, through in _in_force(session, today):
        name = f"{patient.last_name}, {patient.first_name}"
        coming = _coming(row, versions, name, driver, through, calendar, today)
        made.append(
            RepeatRow(
                RepeatId(row.id),
                PatientId(patient.id),
                name,
                coming[0].therapy if coming else versions[-1].drug,
                NewRepeat(
                    TherapyId(row.therapy_id), row.supply_days, row.lead_days, row.weekday, row.window, row.carrier,
                    None if row.driver_id is None else DriverId(row.driver_id), row.instructions,
                ),
                driver,
                through,
                coming[0] if coming else None,
                row.version,
            )
        )  # fmt: skip
    return tuple(made)


def expected(session: Session, days: Days, today: date) -> tuple[Expected, ...]:
    """What is to come on these days and is not planned yet."""
    calendar = calendar_of(session)
    found = []
    for row, versions, patient, driver, through in _in_force(session, today):
        name = f"{patient.last_name}, {patient.first_name}"
        coming = _coming(row, versions, name, driver, through, calendar, today, days.last)
        found += [each for each in coming if each.arrives_on in days]
    return tuple(sorted(found, key=lambda each: (each.arrives_on, each.patient_name)))


_Repeat = tuple[DeliveryRepeat, list[Therapy], Patient, str, date | None]


def _in_force(session: Session, today: date) -> list[_Repeat]:
    """Each repeat with its order and every newer version of it, and the last day that any of them is planned for.

    What came before a change counts as far as it lasts under the order as it is now.
    """
    rows = session.execute(
        select(DeliveryRepeat, Therapy, Patient, Driver.name)
        .join(Therapy, Therapy.id == DeliveryRepeat.therapy_id)
        .join(Patient, Patient.id == Therapy.patient_id)
        .outerjoin(Driver, Driver.id == DeliveryRepeat.driver_id)
        .where(DeliveryRepeat.ended_at.is_(None))
        .order_by(Patient.last_name, Patient.first_name, DeliveryRepeat.id)
    ).all()
    planned = _planned_through(session)
    changed = session.scalars(select(Therapy).where(Therapy.replaces_id.is_not(None)))
    newer = {each.replaces_id: each for each in changed}
    found: list[_Repeat] = []
    for row, therapy, patient, driver in rows:
        versions = [therapy]
        while (later := newer.get(versions[-1].id)) is not None:
            versions.append(later)
        through = max((planned[each.id] for each in versions if each.id in planned), default=None)
        if len(versions) > 1 and versions[-1].starts_on <= today:
            through = _supplied_through(session, versions[-1], today)
        found.append((row, versions, patient, driver or "", through))
    return found


def _coming(
    row: DeliveryRepeat, versions: Sequence[Therapy], patient: str, driver: str, through: date | None,
    calendar: Calendar, today: date, until: date | None = None,
) -> tuple[Expected, ...]:  # fmt: skip
    """What comes of the versions of an order, one after the other; only the next one without ``until``."""
    found: list[Expected] = []
    for therapy in versions:
        found += _expected(row, therapy, patient, driver, through, calendar, today, until)
        if found and until is None:
            break
        through = found[-1].period.last if found else through
    return tuple(found)


def _supplied_through(session: Session, therapy: Therapy, today: date) -> date | None:
    calendars = therapy_calendars(session, Days(today, today), PatientId(therapy.patient_id))
    mine = [each for each in calendars if each.therapy_id == therapy.id]
    return supplied_through(session, PatientId(therapy.patient_id), mine, today).get(TherapyId(therapy.id))


def plan_due(database: Database, until: date, by: UserId, today: date) -> Generator[Progress, None, tuple[str, ...]]:
    """Draft every recurring delivery that arrives until a day; the sentences say which could not be planned and why.

    Each is a deed of its own: stopping keeps what is planned.
    """
    with database.reading() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        rows = repeats(session, today)
        due = [row for row in rows if row.next is not None and row.next.arrives_on <= until]
    problems: list[str] = []
    for done, row in enumerate(due):
        yield Progress(done, len(due), row.therapy)
        problems += _plan_one(database, row, until, by, today)
    yield Progress(len(due), len(due), "")
    return tuple(problems)


def _plan_one(database: Database, row: RepeatRow, until: date, by: UserId, today: date) -> Sequence[str]:
    """Draft what is due of one repeat, each in a deed of its own; why it could not be, where it could not."""
    for _ in range(_MOST_EXPECTED):
        try:
            if not _plan_next(database, row.id, until, by, today):
                return ()
        except Refused as no:
            return tuple(f"{row.patient_name}, {row.therapy}: {reason}" for reason in no.reasons)
    return ()


def _plan_next(database: Database, repeat_id: RepeatId, until: date, by: UserId, today: date) -> bool:
    """Draft the next delivery of a repeat, if it is due. The repeat is locked: two people never draft the same one."""
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        session.execute(select(DeliveryRepeat.id).where(DeliveryRepeat.id == repeat_id).with_for_update())
        now = next((each for each in repeats(session, today) if each.id == repeat_id), None)
        if now is None or now.next is None or now.next.arrives_on > until:
            return False
        coming, repeat = now.next, now.repeat
        visit = Visit(repeat.window, repeat.carrier, repeat.instructions, "recurring")
        made = plan_in(session, coming.therapy_id, coming.period, coming.arrives_on, {}, by, visit=visit)
        if repeat.driver_id is not None:
            session.add(DeliveryStop(delivery_id=made, driver_id=repeat.driver_id, route="", position=0))
        return True


def _planned_through(session: Session) -> dict[int, date]:
    rows = session.execute(
        select(Delivery.therapy_id, func.max(Delivery.period_last))
        .where(Delivery.therapy_id.is_not(None))
        .where(Delivery.state.not_in((DeliveryState.CANCELLED, DeliveryState.REFUSED)))
        .group_by(Delivery.therapy_id)
    )
    return {therapy: _day(last) for therapy, last in rows if therapy is not None}


def _day(value: date | str) -> date:
    """SQLite gives the largest of some days as its text."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def _expected(
    row: DeliveryRepeat, therapy: Therapy, patient: str, driver: str, through: date | None, calendar: Calendar,
    today: date, until: date | None = None,
) -> tuple[Expected, ...]:  # fmt: skip
    """What comes after the last day planned for: only the next one without ``until``."""
    doses = Frequency.every_hours(therapy.interval_hours, therapy.starts_on)
    first = max(therapy.starts_on, today if through is None else through + ONE_DAY)
    found: list[Expected] = []
    while len(found) < _MOST_EXPECTED:
        period = aligned(first, row.supply_days, doses, therapy.stops_on)
        if period is None:
            break
        arrives = max(today, arrives_on(calendar, period, row.lead_days, row.weekday))
        if until is not None and arrives > until:
            break
        found.append(
            Expected(
                RepeatId(row.id),
                patient,
                therapy.drug,
                period,
                arrives,
                row.window,
                row.carrier,
                driver,
                TherapyId(therapy.id),
            )
        )
        if until is None:
            break
        first = period.last + ONE_DAY
    return tuple(found)
