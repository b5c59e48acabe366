"""Months of work in the demonstration: patients come and go, kits leave and arrive, months are billed and paid."""

import random
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import select

from infusion_desktop.access.roles import UserId
from infusion_desktop.billing.claiming.claims import mark_sent
from infusion_desktop.billing.months.visits import NewVisit, add_visit
from infusion_desktop.billing.months.waste import record_waste, waste_page
from infusion_desktop.billing.runs.month_run import run_month
from infusion_desktop.billing.tables import Claim, ClaimBatch
from infusion_desktop.billing.terms.authorizations import NewAuthorization, add_authorization
from infusion_desktop.billing.words import BatchId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import ONE_DAY, Days, month_of
from infusion_desktop.deliveries.bench.picking import pick_all, scan_pick
from infusion_desktop.deliveries.bench.release import Short, fill_owed, release
from infusion_desktop.deliveries.bench.shipping import pack, ship
from infusion_desktop.deliveries.bench.undoing import cancel
from infusion_desktop.deliveries.bench.verifying import verify_all
from infusion_desktop.deliveries.calls.follow_ups import finish_follow_up, follow_ups
from infusion_desktop.deliveries.door.delivering import Proof, deliver
from infusion_desktop.deliveries.kits.home_counts import at_home
from infusion_desktop.deliveries.kits.kinds import answers
from infusion_desktop.deliveries.kits.starter_templates import load_starter_templates
from infusion_desktop.deliveries.plans.planning import Visit as HowItGoes
from infusion_desktop.deliveries.plans.planning import plan
from infusion_desktop.deliveries.pumps.pickups import write_due_tickets
from infusion_desktop.deliveries.schedule.calendar_rules import Calendar, federal_holidays
from infusion_desktop.deliveries.tables import DeliveryEquipment
from infusion_desktop.deliveries.words import DeliveryId
from infusion_desktop.demonstration.care import CALLS_SINCE, call_about, draw_blood, look_after
from infusion_desktop.demonstration.caring_for_shelves import Counting
from infusion_desktop.demonstration.cast import Cast
from infusion_desktop.demonstration.dispatch import tours
from infusion_desktop.demonstration.lending import OVERDUE_SINCE, lend
from infusion_desktop.demonstration.orders import ORDERS, Order, choose
from infusion_desktop.demonstration.payments import bill_who_pays_alone, pay, work_on_money
from infusion_desktop.demonstration.shelves import make_ready, noon
from infusion_desktop.demonstration.signatures import signature
from infusion_desktop.demonstration.stocking import Course, Stocking
from infusion_desktop.equipment import custody
from infusion_desktop.equipment.tables import Asset
from infusion_desktop.equipment.words import AssetId, AssetState
from infusion_desktop.errors import Refused, Warned
from infusion_desktop.patients.admitting import Admission, Checklist, admit
from infusion_desktop.patients.coverage import NewCoverage, add_coverage
from infusion_desktop.patients.demographics import Demographics
from infusion_desktop.patients.devices import NewDevice
from infusion_desktop.patients.interruptions import NewInterruption, interrupt
from infusion_desktop.patients.tables import Therapy
from infusion_desktop.patients.therapies import NewTherapy
from infusion_desktop.patients.words import (
    InterruptionKind,
    PatientId,
    PayerId,
    Rank,
    Relation,
    Sex,
    TherapyClass,
    TherapyId,
)
from infusion_desktop.progress import Progress
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import ItemId

WINDOWS = ("08:00 to 12:00", "10:00 to 14:00", "12:00 to 16:00", "14:00 to 18:00")
UNFILLED = timedelta(days=4)
"""What is short in the last days is not here yet."""


@dataclass(slots=True)
class Case:
    """A patient in the story, and when the next kit is wanted."""

    patient: PatientId
    therapy: TherapyId
    payer: PayerId
    order: Order
    starts_on: date
    stops_on: date | None
    next_first: date
    window: str
    receiver: tuple[str, str]
    pumps: list[AssetId] = field(default_factory=list)


BILLED_ON = 6
"""The day of the next month on which a month is billed; earlier where the demonstration is made before it."""


def work_through(
    database: Database, cast: Cast, patients: int, first: date, last: date, pick: random.Random, lots: int
) -> Generator[Progress, None, str]:
    """Live through the days from ``first`` to ``last`` and two weeks of plans beyond; says what was made."""
    load_starter_templates(database, cast.administrator, first - timedelta(days=30))
    with database.reading() as session:
        items = {number: ItemId(item) for number, item in session.execute(select(Item.number, Item.id))}
    cases: list[Case] = []
    for number in range(patients):
        cases.append(_admit(database, cast, number, patients, items, first, last, pick))
        if number % 8 == 0:
            yield Progress(20 + 5 * number // patients, 100, "Admitting patients")
    yield Progress(25, 100, "Filling the shelves")
    courses = [Course(case.therapy, case.starts_on, case.stops_on, case.order.supply_days) for case in cases]
    stocking = Stocking(database, cast, courses, first, last, random.Random(patients), lots)
    counting = Counting(database, cast, last)
    told: Counter[str] = Counter()
    day = first
    while day <= last + timedelta(days=3):
        stocking.live(day)
        for case in cases:
            _live(database, cast, case, day, last, pick, told, stocking)
        counting.live(day)
        if day == last - OVERDUE_SINCE:
            write_due_tickets(database, day, cast.coordinator)
        yield Progress(25 + round(60 * (day - first).days / (last - first).days), 100, f"{day:%B %d}")
        if day == min(last, day.replace(day=BILLED_ON)):
            yield from _bill(database, cast, month_of(day.replace(day=1) - ONE_DAY), first, day, last, told)
        day += ONE_DAY
    stocking.set_levels()
    yield Progress(94, 100, "Follow-ups")
    _work_off_follow_ups(database, cast, last)
    look_after(database, cast, [case.patient for case in cases], last)
    tours(database, cast.coordinator, cast.technicians[0], last)
    lend(database, cast, last)
    yield Progress(96, 100, "Money")
    work_on_money(database, cast, last)
    summary = ", ".join(f"{count} {what}" for what, count in sorted(told.items()))
    return f"Made {patients} patients, {summary}."


def _admit(
    database: Database, cast: Cast, number: int, total: int, items: dict[str, ItemId], first: date, last: date,
    pick: random.Random,
) -> Case:  # fmt: skip
    words = cast.words
    order = ORDERS[number] if number < len(ORDERS) else choose(pick)
    sex = pick.choice((Sex.FEMALE, Sex.MALE))
    town, state, zip_code = pick.choice(words["towns"])
    latex = pick.random() < 0.06
    has_caregiver = pick.random() < 0.6
    relation = pick.choice(words["relations"])
    last_name = words["last_names"][number % len(words["last_names"])]
    caregiver = f"{pick.choice(words['first_names']['F' if sex is Sex.MALE else 'M'])} {last_name}"
    person = Demographics(
        last_name=last_name,
        first_name=pick.choice(words["first_names"][sex.value]),
        born_on=date(pick.randrange(1938, 2012), pick.randrange(1, 13), pick.randrange(1, 29)),
        sex=sex,
        phone=f"503-555-01{pick.randrange(100):02}",
        street=f"{pick.randrange(100, 9900)} {pick.choice(words['streets'])}",
        city=town,
        state=state,
        zip=f"{zip_code}-{pick.randrange(1000, 9999)}",
        delivery_instructions=pick.choice(words["instructions"]),
        route=pick.choice(("North", "South", "East", "West")),
        allergies="Latex" if latex else pick.choice(("", "", "Penicillin", "Sulfa", "Codeine, morphine")),
        latex_allergy=latex,
        weight_kg=Decimal(pick.randrange(45, 110)),
        caregiver_name=caregiver if has_caregiver else "",
        caregiver_phone=f"503-555-01{pick.randrange(100):02}" if has_caregiver else "",
        caregiver_relation=relation if has_caregiver else "",
    )
    starts_on, stops_on = _course(order, number, total, first, last, pick)
    admitted_on = _leaves_on(starts_on, last)
    payer = cast.payers[number % len(cast.payers)]
    prescriber = pick.choice(cast.prescribers)
    therapy = NewTherapy(
        therapy_class=order.therapy_class,
        drug=order.drug,
        route=order.route,
        method=order.method,
        interval_hours=order.interval_hours,
        starts_on=starts_on,
        stops_on=stops_on,
        prescriber_id=prescriber,
        ordered_on=admitted_on - ONE_DAY,
        drug_item_id=items.get(order.item),
        units_per_dose=order.units_per_dose,
        run_hours=order.hours,
        volume_ml_per_day=order.volume_ml,
    )
    admission = Admission(
        person=person,
        admitted_on=admitted_on,
        coverages=(
            NewCoverage(payer, f"{pick.choice('ABCDWX')}{pick.randrange(10**8):08}", date(first.year - 1, 1, 1),
                        relation=Relation.SELF, group_number=f"G{pick.randrange(10**5):05}"),
        ),
        checklist=Checklist(True, True, True, True, True),
        diagnoses=(order.diagnosis,),
        device=NewDevice(order.access, order.lumens, pick.choice(("left arm", "right arm", "right chest")),
                         admitted_on - timedelta(days=2)),
        order=therapy,
        same_name_is_somebody_else=True,
    )  # fmt: skip
    patient = admit(database, admission, cast.pharmacists[number % 2])
    with database.reading() as session:
        therapy_id = TherapyId(session.scalars(select(Therapy.id).where(Therapy.patient_id == patient)).one())
    if number % 4 == 1:
        second = cast.payers[(cast.payers.index(payer) + 1) % len(cast.payers)]
        policy = NewCoverage(second, f"S{number:07}", date(first.year - 1, 1, 1), rank=Rank.SECONDARY)
        add_coverage(database, patient, policy, cast.coordinator)
    if number % 6 != 5:
        through = stops_on or last + timedelta(days=60)
        code, units = _authorized_code(order), (through - starts_on).days + 1
        if number % 9 == 4:  # Some payers allow less than the order asks for.
            units = max(7, units * 4 // 5)
        elif number % 9 == 7 and through > last:
            through = last + timedelta(days=5)
        allowed = NewAuthorization(patient, payer, f"PA{pick.randrange(10**7):07}", code, starts_on, through, units)
        add_authorization(database, allowed, cast.biller)
    case = Case(
        patient, therapy_id, payer, order, starts_on, stops_on, starts_on, pick.choice(WINDOWS),
        (caregiver, relation) if has_caregiver else (f"{person.first_name} {person.last_name}", "self"),
    )  # fmt: skip
    draw_blood(database, therapy_id, order.therapy_class, starts_on, cast.pharmacists[0])
    _pause(database, cast, case, number, last, pick)
    return case


def _authorized_code(order: Order) -> str:
    by_interval = {3: "S9497", 4: "S9504", 6: "S9503", 8: "S9502", 12: "S9501", 24: "S9500"}
    by_class = {
        TherapyClass.PARENTERAL_NUTRITION: "S9366", TherapyClass.HYDRATION: "S9374", TherapyClass.INOTROPE: "S9348",
        TherapyClass.IMMUNE_GLOBULIN: "S9338", TherapyClass.CHEMOTHERAPY: "S9330", TherapyClass.PAIN: "S9326",
        TherapyClass.CHELATION: "S9355", TherapyClass.ENTERAL_NUTRITION: "S9342", TherapyClass.CATHETER_CARE: "S5498",
        TherapyClass.CORTICOSTEROID: "S9490",
    }  # fmt: skip
    if order.therapy_class is TherapyClass.ANTI_INFECTIVE:
        return by_interval.get(order.interval_hours, "S9494")
    return by_class.get(order.therapy_class, "S9379")


def _course(
    order: Order, number: int, total: int, first: date, last: date, pick: random.Random
) -> tuple[date, date | None]:
    """A first day spread over the months, more of them late: some courses are over, more run, and some begin soon."""
    span = (last - first).days
    if not order.course_days:
        return first + timedelta(days=pick.randrange(1, max(2, span - 20))), None
    days = max(2, span - 3)
    early = 1 - (number * 37 % days) / days
    starts_on = first + timedelta(days=1 + round((days - 1) * (1 - early * early)))
    return starts_on, starts_on + timedelta(days=order.course_days - 1)


def _pause(database: Database, cast: Cast, case: Case, number: int, last: date, pick: random.Random) -> None:
    """One patient in six is in hospital for some days."""
    if number % 6 or case.order.supply_days > 14:
        return
    begins = case.starts_on + timedelta(days=pick.randrange(5, 12))
    ends = begins + timedelta(days=pick.randrange(2, 5))
    if ends < last and (case.stops_on is None or ends < case.stops_on):
        pause = NewInterruption(InterruptionKind.HOSPITAL, begins, ends, note="admitted through emergency")
        interrupt(database, case.patient, pause, cast.coordinator)


def _live(
    database: Database, cast: Cast, case: Case, day: date, last: date, pick: random.Random, told: Counter[str],
    stocking: Stocking,
) -> None:  # fmt: skip
    over = case.stops_on is not None and day > case.stops_on
    if over and case.pumps and day <= last:
        _fetch_pumps(database, cast, case, day)
    sends_on = _leaves_on(case.next_first, last)
    if over or day != sends_on or (case.stops_on is not None and case.next_first > case.stops_on):
        return
    until = case.next_first + timedelta(days=case.order.supply_days - 1)
    period = Days(case.next_first, min(until, case.stops_on or until))
    case.next_first = period.last + ONE_DAY
    _send(database, cast, case, period, day, last, pick, told, stocking)


def _leaves_on(first: date, last: date) -> date:
    """The delivery day before a supply begins; on the last day somebody is on call, whatever day it is."""
    day = first - ONE_DAY
    closed = {holiday: name for year in (day.year - 1, day.year) for holiday, name in federal_holidays(year).items()}
    return day if day == last else Calendar(closed=closed).last_by(day)


def _send(
    database: Database, cast: Cast, case: Case, period: Days, day: date, last: date, pick: random.Random,
    told: Counter[str], stocking: Stocking,
) -> None:  # fmt: skip
    at = noon(day)
    counted_on = min(day - ONE_DAY, last)
    counts = _counted(database, case, period.first - counted_on, pick) if period.first > case.starts_on else {}
    call = None
    if counted_on > last - timedelta(days=CALLS_SINCE):
        call = call_about(database, case.patient, counts, counted_on, day, case.receiver, cast.coordinator, pick)
    try:
        delivery = plan(
            database, case.therapy, period, day, {} if call else counts, cast.coordinator, counted_on=counted_on,
            counted_with=case.receiver[0], visit=HowItGoes(case.window), at=min(at, noon(last)), call_id=call,
        )  # fmt: skip
    except Refused:
        told["kits that could not be planned"] += 1
        return
    told["deliveries"] += 1
    if day > last:
        return
    # Today's kits stand at every step of the bench.
    stage = pick.randrange(6) if day == last else 6
    technician, second = pick.sample([*cast.technicians, cast.pharmacists[1]], 2)
    if stage >= 1:
        short = _release(database, delivery, cast, day)
        if short and day < last - UNFILLED:
            stocking.bring_short({each.item_id: each.units for each in short}, day)
            short = fill_owed(database, delivery, cast.pharmacists[0]).short
        if short:
            told["deliveries with something short"] += 1
    if stage >= 2:
        if not _pick_pumps(database, delivery, case, technician, told):
            if day < last:
                cancel(database, delivery, "No pump was to be had; the patient stayed in hospital.", cast.coordinator)
            return
        pick_all(database, delivery, technician, at)
    if stage >= 3:
        verify_all(database, delivery, second, at)
    if stage >= 4:
        pack(database, delivery, 1 + len(period) // 10, 2, technician, override="counted twice", at=at)
    if stage >= 5:
        ship(database, delivery, technician, at=at)
        if pick.random() < 0.2:
            _throw_away(database, delivery, technician, pick, told)
    if stage >= 6:
        signed = None if pick.random() < 0.03 else signature(case.receiver[0])  # A few sheets are never signed.
        proof = Proof(*case.receiver, at + timedelta(hours=2), signed)
        deliver(database, delivery, proof, technician)
        told["delivered"] += 1
        if pick.random() < 0.25:
            begun = at + timedelta(hours=3)
            visit = NewVisit(case.patient, begun, begun + timedelta(minutes=pick.choice((75, 110, 150, 185))),
                             "N. Alvarez, RN", case.therapy)  # fmt: skip
            add_visit(database, visit, cast.biller)
            told["nursing visits"] += 1


def _throw_away(
    database: Database, delivery: DeliveryId, technician: UserId, pick: random.Random, told: Counter[str]
) -> None:
    """The rest of the last vial is thrown away where vials were opened for the dose."""
    with database.reading() as session:
        drugs = [each for each in waste_page(session, delivery).drugs if each.ndc_unit == "UN" and each.sent > 1]
    if drugs:
        part = Decimal(pick.randrange(1, 8)) / 10
        record_waste(database, delivery, drugs[0].item_id, part, "Rest of the last vial", technician)
        told["records of waste"] += 1


def _release(database: Database, delivery: DeliveryId, cast: Cast, day: date) -> tuple[Short, ...]:
    pharmacist = cast.pharmacists[0]
    try:
        return release(database, delivery, pharmacist, at=noon(day)).short
    except Warned:
        return release(database, delivery, pharmacist, override="demonstration", at=noon(day)).short


def _counted(database: Database, case: Case, ahead: timedelta, pick: random.Random) -> dict[ItemId, int]:
    """What is left for the days ``ahead`` of what was sent for all of them, a little more or less."""
    left = min(1, ahead.days / case.order.supply_days)
    with database.reading() as session:
        return {
            row.item_id: round(row.by_ledger * left * pick.choice((1, 1, 1, 0.9, 1.2)))
            for row in at_home(session, case.patient)
        }


def _pick_pumps(database: Database, delivery: DeliveryId, case: Case, technician: UserId, told: Counter[str]) -> bool:
    with database.reading() as session:
        wanted = session.execute(
            select(DeliveryEquipment.kind).where(
                DeliveryEquipment.delivery_id == delivery, DeliveryEquipment.asset_id.is_(None)
            )
        ).scalars().all()  # fmt: skip
        ready = session.execute(
            select(Asset.id, Asset.tag, Item.kind, Item.hcpcs, Item.name)
            .join(Item, Item.id == Asset.item_id)
            .where(Asset.state == AssetState.READY)
            .order_by(Asset.maintenance_due_on.desc(), Asset.id)
        ).all()
    for kind in wanted:
        fitting = [row for row in ready if answers(kind, row.kind, row.hcpcs)]
        for row in fitting:
            if _scanned(database, delivery, row.tag, technician):
                case.pumps.append(AssetId(row.id))
                ready = [other for other in ready if other.id != row.id]
                break
        else:
            told["kits waiting for a pump"] += 1
            return False
    return True


def _scanned(database: Database, delivery: DeliveryId, tag: str, technician: UserId) -> bool:
    """Whether this pump could be taken; one with maintenance due within the period stays on the shelf."""
    try:
        return scan_pick(database, delivery, f"AST:{tag}", technician).right
    except Warned:
        return False


def _fetch_pumps(database: Database, cast: Cast, case: Case, day: date) -> None:
    """Four days after the last day the pump is back, from one in four much later; most are checked at once."""
    if case.stops_on is None or day < case.stops_on + timedelta(days=4 if case.patient % 4 else 40):
        return
    technician = cast.technicians[1]
    for pump in case.pumps:
        with database.reading() as session:
            row = session.execute(
                select(Asset.state, Item.kind).join(Item, Item.id == Asset.item_id).where(Asset.id == pump)
            ).one()
        if row.state in (AssetState.WITH_PATIENT, AssetState.DUE_BACK):
            custody.take_back(database, pump, technician, noon(day))
            if pump % 7:
                make_ready(database, pump, row.kind, technician, noon(day))
    case.pumps.clear()


def _work_off_follow_ups(database: Database, cast: Cast, last: date) -> None:
    """What was due until three days ago is done."""
    with database.reading() as session:
        due = follow_ups(session, last - timedelta(days=3))
    for row in due:
        finish_follow_up(database, row.id, "All well, supplies complete.", row.version, cast.coordinator)


def _bill(
    database: Database,
    cast: Cast,
    month: Days,
    first: date,
    day: date,
    last: date,
    told: Counter[str],
) -> Generator[Progress, None, None]:
    if month.last < first:
        return
    run = yield from run_month(database, month, cast.biller, on=day)
    told["claims"] += len(run.claims)
    told["claim files"] += len(run.files)
    with database.reading() as session:
        batches = session.scalars(
            select(ClaimBatch.id).where(ClaimBatch.id.in_(select(Claim.batch_id).where(Claim.sent_at.is_(None))))
        ).all()
    bill_who_pays_alone(database, cast.biller, day)
    for batch in batches:
        mark_sent(database, BatchId(batch), cast.biller, at=noon(day))
        told["payments"] += pay(database, BatchId(batch), day, last, cast.biller)
