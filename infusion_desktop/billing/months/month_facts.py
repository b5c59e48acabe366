"""What a month is counted from, read in one go: therapies, interruptions, deliveries with proof, goods and visits."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from infusion_desktop.billing.months.compounds import compounds_of
from infusion_desktop.billing.months.homes import Policy, homes_of, policies_of
from infusion_desktop.billing.months.visits import Visit, last_visits_before, visits_of_many
from infusion_desktop.billing.months.waste import discarded_of
from infusion_desktop.billing.rules import therapy as engine
from infusion_desktop.billing.rules.delivered import Delivered
from infusion_desktop.billing.rules.ordered import Order
from infusion_desktop.billing.rules.rentals import Possession
from infusion_desktop.database.many import as_ids, is_given
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.database.types import Day, Instant
from infusion_desktop.dates import ONE_DAY, Days, local_day, today
from infusion_desktop.deliveries.door.proof import proof_facts, with_proof
from infusion_desktop.deliveries.door.proof_rules import BY_STAFF, ProofFacts, gaps
from infusion_desktop.deliveries.plans.still_owed import settled
from infusion_desktop.deliveries.tables import Delivery, DeliveryLine, DeliveryLot
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.equipment.tables import AssetSwap
from infusion_desktop.patients.order_versions import ChangedOrder, changed_orders
from infusion_desktop.patients.tables import AccessDevice, Episode, Interruption, Prescriber, Therapy
from infusion_desktop.patients.words import (
    AccessKind,
    InterruptionKind,
    Method,
    PatientId,
    Route,
    TherapyClass,
    TherapyId,
)
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import BillingClass, Container, ItemId, ItemKind
from infusion_desktop.values import value

FAMILIES: Mapping[TherapyClass, str] = {
    TherapyClass.PARENTERAL_NUTRITION: "tpn",
    TherapyClass.ENTERAL_NUTRITION: "enteral",
    TherapyClass.IMMUNE_GLOBULIN: "immunotherapy",
    TherapyClass.FACTOR: "hemophilia",
    TherapyClass.ALPHA_1: "alpha1",
    TherapyClass.PROSTACYCLIN: "pulmonary_hypertension",
    TherapyClass.ANTI_EMETIC: "antiemetic",
    TherapyClass.ENZYME: "enzyme_replacement",
    TherapyClass.ANTI_SPASMODIC: "antispasmodic",
    TherapyClass.BLOOD_PRODUCT: "transfusion",
}
"""Families of the code table that are spelled otherwise than the therapy class."""

_FAMILIES = {each: FAMILIES.get(each, each.value.lower().replace("-", "_").replace(" ", "_")) for each in TherapyClass}
_METHODS: Mapping[Method, str] = {
    Method.GRAVITY: "gravity",
    Method.ENTERAL_PUMP: "pump",
    Method.STATIONARY_PUMP: "pump",
    Method.AMBULATORY_PUMP: "pump",
    Method.SYRINGE_PUMP: "pump",
    Method.IV_PUSH: "bolus",
}
_BY_INJECTION: Mapping[Method, bool | None] = {Method.NONE: None, Method.INJECTION: True}
_DEVICES: Mapping[AccessKind, str] = {AccessKind.PORT: "implanted_port"}
_PAUSES: Mapping[InterruptionKind, engine.InterruptionKind] = {
    InterruptionKind.HOSPITAL: engine.InterruptionKind.HOSPITAL,
    InterruptionKind.SKILLED_NURSING: engine.InterruptionKind.HOSPITAL,
    InterruptionKind.HOLD: engine.InterruptionKind.HOLD,
    InterruptionKind.AWAY: engine.InterruptionKind.OTHER,
}
"""A stay in a nursing facility is counted like one in a hospital: the payer of the stay pays for its days."""


@dataclass(frozen=True, slots=True)
class Goods:
    """Units of an item that stayed with the patient from one delivery."""

    delivery: Delivered
    item_id: ItemId
    name: str
    kind: ItemKind
    billing_class: BillingClass
    hcpcs: str
    ndc: str
    ndc_unit: str
    ndc_per_unit: Decimal
    hcpcs_per_unit: Decimal
    quantity: int
    discarded: Decimal = Decimal(0)
    """What was thrown away of it at dispensing, in units of the NDC."""
    compound: str = ""
    """The number it shares with the other ingredients of its compound."""
    container: Container = Container.AS_ITS_CODE


@value
class MonthFacts:
    """Everything a patient's count in a period rests on."""

    patient_id: PatientId
    period: Days
    courses: tuple[engine.TherapyCourse, ...]
    orders: Mapping[int, Order]
    interruptions: tuple[engine.Interruption, ...]
    deliveries: tuple[Delivered, ...]
    goods: tuple[Goods, ...]
    visits: tuple[Visit, ...]
    homes: tuple[Possession, ...] = ()
    """Pumps and poles that were in the home until the period's last day, from the first one on."""
    last_visit_before: date | None = None
    """The day of the last visit before the period."""
    policies: tuple[Policy, ...] = ()
    """Whose policies the patient has and had, where pumps, poles or earlier visits count."""
    visits_before: tuple[Visit, ...] = ()
    """Those of the six days before the period, with which seven days of visits may be full."""

    def best_first(self) -> list[Delivered]:
        """The deliveries, the one that counts for a day first: with proof, then the newest."""
        return sorted(self.deliveries, key=attrgetter("proven", "delivered_on", "id"), reverse=True)


def month_facts(session: Session, patient: PatientId, period: Days) -> MonthFacts:
    """Read a patient's facts for a period; therapies that do not touch it are left out."""
    return facts_of_many(session, [(patient, period)])[patient, period]


def facts_of_many(
    session: Session, wanted: Collection[tuple[PatientId, Days]]
) -> dict[tuple[PatientId, Days], MonthFacts]:
    """Read the facts of many patients' periods with a few queries for all of them together."""
    read = _Read(session, {patient for patient, _ in wanted}, _around([period for _, period in wanted]))
    return {(patient, period): read.facts(patient, period) for patient, period in wanted}


def _around(periods: Collection[Days]) -> Days:
    return Days(min(each.first for each in periods), max(each.last for each in periods))


Rows = dict[int, list[Any]]
_SIX_DAYS = timedelta(days=6)


class _Read:
    """Everything of some patients around some days, by patient."""

    def __init__(self, session: Session, patients: set[PatientId], around: Days) -> None:
        ids = sorted(patients)
        given = {**as_ids(ids), "first": around.first, "last": around.last}
        self.therapies = _by_patient(_THERAPIES.rows(session, given))
        self.pauses = _by_patient(_INTERRUPTIONS.rows(session, given))
        self.devices = {row.id: row for row in _DEVICES_OF.rows(session, as_ids(ids))}
        self.visits = visits_of_many(session, patients, Days(around.first - _SIX_DAYS, around.last))
        self.visited_before = last_visits_before(session, patients, around.first)
        self.changed = changed_orders(session, ids)
        self.deliveries = _deliveries(session, ids, around, self.changed)
        self.goods = _goods(session, self.deliveries)
        items = {row.drug_item_id for rows in self.therapies.values() for row in rows if row.drug_item_id is not None}
        self.items = {row.id: row.number for row in _ITEMS.rows(session, as_ids(sorted(items)))} if items else {}
        self.homes = homes_of(session, ids, around.last)
        of_whom = sorted({*self.homes, *self.visits})
        self.policies = policies_of(session, of_whom) if of_whom else {}

    def facts(self, patient: PatientId, period: Days) -> MonthFacts:
        """One patient's facts of one period."""
        therapies = [row for row in self.therapies.get(patient, ()) if _touches(row.starts_on, row.stops_on, period)]
        pauses = [row for row in self.pauses.get(patient, ()) if _touches(row.first_on, row.last_on, period)]
        visits = [(local_day(each.visit.started_at), each) for each in self.visits.get(patient, ())]
        inside = tuple([each for day, each in visits if day in period])
        before = [day for day, _ in visits if day < period.first]
        week_before = tuple([each for day, each in visits if period.first - _SIX_DAYS <= day < period.first])
        if patient in self.visited_before:
            before.append(self.visited_before[patient])
        deliveries = tuple([
            each
            for each in self.deliveries.get(patient, ())
            if _touches(each.supply.first, each.supply.last, period)
            or each.delivered_on in period
            or each.shipped_on in period
        ])  # fmt: skip
        courses = tuple([
            _course(
                row, self.changed.get(row.id), therapies, self.devices, pauses, deliveries, inside, self.items, period
            )
            for row in therapies
        ])  # fmt: skip
        return MonthFacts(
            patient,
            period,
            courses,
            {row.id: order_of(row) for row in therapies},
            tuple([_pause(row) for row in pauses if row.kind in _PAUSES]),
            deliveries,
            tuple([goods for each in deliveries for goods in self.goods.get(each.id, ())]),
            inside,
            tuple([each for each in self.homes.get(patient, ()) if each.first_on <= period.last]),
            max(before, default=None),
            self.policies.get(patient, ()),
            week_before,
        )


def ordered(*further: Any) -> Select[*tuple[Any, ...]]:
    """A selection of therapies with what `order_of` reads."""
    return (
        select(
            Therapy.id, Therapy.starts_on, Therapy.stops_on, Therapy.ordered_on, Therapy.unsigned, Therapy.signed_on,
            Therapy.drug_item_id,
            Therapy.units_per_dose, Therapy.interval_hours, Therapy.route, Prescriber.last_name, Prescriber.npi,
            Episode.diagnoses, *further,
        )
        .join(Prescriber, Prescriber.id == Therapy.prescriber_id)
        .join(Episode, Episode.id == Therapy.episode_id)
    )  # fmt: skip


def order_of(row: Any) -> Order:
    """The prescriber's order for a therapy."""
    return Order(
        row.id, Days(row.starts_on, row.stops_on or date.max),
        None if row.unsigned else row.signed_on or row.ordered_on, row.last_name, row.npi,
        tuple(row.diagnoses.split()), row.drug_item_id, row.units_per_dose, row.interval_hours,
        row.route is Route.SUBCUTANEOUS,
    )  # fmt: skip


def _therapies(dialect: str) -> Select[*tuple[Any, ...]]:
    return (
        ordered(
            Therapy.patient_id, Therapy.therapy_class, Therapy.drug, Therapy.method, Therapy.device_id,
            Therapy.run_hours, Therapy.volume_ml_per_day, Therapy.per_diem_code,
        )
        .where(is_given(dialect, Therapy.patient_id), Therapy.starts_on <= bindparam("last"))
        .where(or_(Therapy.stops_on.is_(None), Therapy.stops_on >= bindparam("first")))
        .order_by(Therapy.starts_on, Therapy.id)
    )  # fmt: skip


def _interruptions(dialect: str) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Interruption.id,
            Interruption.patient_id,
            Interruption.kind,
            Interruption.first_on,
            Interruption.last_on,
            Interruption.therapy_id,
        )
        .where(is_given(dialect, Interruption.patient_id), Interruption.removed_at.is_(None))
        .where(Interruption.first_on <= bindparam("last"))
        .where(or_(Interruption.last_on.is_(None), Interruption.last_on >= bindparam("first")))
        .order_by(Interruption.first_on, Interruption.id)
    )


def _devices(dialect: str) -> Select[*tuple[Any, ...]]:
    wanted = is_given(dialect, AccessDevice.patient_id)
    return select(AccessDevice.id, AccessDevice.lumens, AccessDevice.kind).where(wanted)


def _items(dialect: str) -> Select[*tuple[Any, ...]]:
    return select(Item.id, Item.number).where(is_given(dialect, Item.id))


_THERAPIES, _INTERRUPTIONS = Prepared(_therapies), Prepared(_interruptions)
_DEVICES_OF, _ITEMS = Prepared(_devices), Prepared(_items)


def _by_patient(rows: Iterable[Any]) -> Rows:
    found: Rows = defaultdict(list)
    for row in rows:
        found[row.patient_id].append(row)
    return found


def _touches(first: date, last: date | None, period: Days) -> bool:
    return first <= period.last and (last is None or last >= period.first)


def _course(
    row: Any,
    changed: ChangedOrder | None,
    every: Iterable[Any],
    devices: Mapping[int, Any],
    pauses: Sequence[Any],
    deliveries: Iterable[Delivered],
    visits: Iterable[Visit],
    items: Mapping[int, str],
    period: Days,
) -> engine.TherapyCourse:
    device = None if row.device_id is None else devices.get(row.device_id)
    versions = frozenset((row.id,)) if changed is None else changed.versions
    in_use = device and any(other.id not in versions and other.device_id == row.device_id for other in every)
    nursing = [local_day(each.visit.started_at) for each in visits if each.visit.therapy_id in (None, *versions)]
    return engine.TherapyCourse(
        id=row.id,
        family=_FAMILIES[row.therapy_class],
        start_on=row.starts_on,
        stop_on=row.stops_on,
        ordered_on=None if changed is None else changed.begun_on,
        goes_on=changed is not None and changed.newest != row.id,
        drug=row.drug,
        interval_hours=row.interval_hours,
        run_hours=row.run_hours or None,
        litres_per_day=Decimal(row.volume_ml_per_day) / 1000 if row.volume_ml_per_day else None,
        lumens=None if device is None else device.lumens,
        method=_METHODS.get(row.method, ""),
        device="" if device is None else _DEVICES.get(device.kind, ""),
        device_in_use=in_use,
        by_injection=_BY_INJECTION.get(row.method, False),
        nursing_days=frozenset(nursing),
        dispensed_on=tuple(sorted([each.delivered_on for each in deliveries if each.therapy_id in (None, row.id)])),
        suite_days=frozenset(_suite_days(row.id, pauses, period)) if pauses else frozenset(),
        manual_code=row.per_diem_code,
        rate_key="" if row.drug_item_id is None else items.get(row.drug_item_id, ""),
    )


def _suite_days(therapy: int, pauses: Iterable[Any], period: Days) -> Iterable[date]:
    for pause in pauses:
        if pause.kind is InterruptionKind.SUITE and pause.therapy_id in (None, therapy):
            shared = period.overlap(Days(pause.first_on, pause.last_on or period.last))
            yield from shared or ()


def _pause(row: Any) -> engine.Interruption:
    return engine.Interruption(_PAUSES[row.kind], row.first_on, row.last_on, row.therapy_id)


_NO_OTHERS: frozenset[TherapyId] = frozenset()


def _deliveries(
    session: Session, patients: list[PatientId], around: Days, changed: Mapping[TherapyId, ChangedOrder]
) -> dict[int, list[Delivered]]:
    """Deliveries that arrived and supply, or were sent or delivered, around the days; a day more at both ends."""
    begin = datetime.combine(around.first - ONE_DAY, time(), UTC)
    end = datetime.combine(around.last + 2 * ONE_DAY, time(), UTC)
    days = {"first": around.first, "last": around.last, "begin": begin, "end": end}
    rows = proof_facts(session, _DELIVERIES.rows(session, {**as_ids(patients), **days}))
    on = today()
    found: dict[int, list[Delivered]] = defaultdict(list)
    short: dict[int, list[str]] = defaultdict(list)
    for line in _SHORT.rows(session, as_ids([row.id for row, _ in rows])):
        short[line.delivery_id].append(f"{line.owed:,} of {line.to_send:,} {line.name}")
    for row, proof in rows:
        therapy = TherapyId(row.therapy_id or 0)
        versions = changed[therapy].versions if therapy in changed else _NO_OTHERS
        found[row.patient_id].append(_delivered(row, proof, gaps(proof, on), versions, tuple(short.get(row.id, ()))))
    return found


def _delivered_around(dialect: str) -> Select[*tuple[Any, ...]]:
    first, last = bindparam("first", type_=Day()), bindparam("last", type_=Day())
    begin, end = bindparam("begin", type_=Instant()), bindparam("end", type_=Instant())
    return (
        with_proof(
            select(
                Delivery.id, Delivery.patient_id, Delivery.therapy_id, Delivery.period_first, Delivery.period_last,
                Delivery.home_counted_on,
            )
        )
        .where(is_given(dialect, Delivery.patient_id), Delivery.state == DeliveryState.DELIVERED)
        .where(
            or_(
                and_(Delivery.period_first <= last, Delivery.period_last >= first),
                Delivery.shipped_at.between(begin, end),
                Delivery.delivered_at.between(begin, end),
                and_(Delivery.delivered_at.is_(None), Delivery.scheduled_on.between(first, last)),
            )
        )
        # A pump in exchange for another supplies no day: the kit it came for does, before and after.
        .where(Delivery.id.not_in(select(AssetSwap.delivery_id)))
        .order_by(Delivery.period_first, Delivery.id)
    )  # fmt: skip


_DELIVERIES = Prepared(_delivered_around)


def _owed_drugs(dialect: str) -> Select[*tuple[Any, ...]]:
    return (
        select(DeliveryLine.delivery_id, DeliveryLine.owed, DeliveryLine.to_send, Item.name)
        .join(Delivery, Delivery.id == DeliveryLine.delivery_id)
        .join(Item, Item.id == DeliveryLine.item_id)
        .where(is_given(dialect, DeliveryLine.delivery_id), DeliveryLine.owed > 0)
        .where(Item.kind == ItemKind.DRUG, ~settled())
        .order_by(DeliveryLine.delivery_id, DeliveryLine.position)
    )


_SHORT = Prepared(_owed_drugs)


def _delivered(
    row: Any, proof: ProofFacts, lacks: tuple[str, ...], versions: frozenset[TherapyId], short: tuple[str, ...]
) -> Delivered:
    arrived = proof.delivered_on or proof.shipped_on or row.scheduled_on
    by_staff = BY_STAFF in lacks
    return Delivered(
        DeliveryId(row.id),
        row.number,
        Days(row.period_first, row.period_last),
        row.therapy_id,
        proof.shipped_on,
        arrived,
        None if row.received_by is None else arrived,
        by_staff,
        row.home_counted_on,
        tuple([gap for gap in lacks if gap != BY_STAFF]) if by_staff else lacks,
        versions,
        short,
    )


def _goods(session: Session, deliveries: Mapping[int, Iterable[Delivered]]) -> dict[DeliveryId, list[Goods]]:
    """What stayed there, by delivery and item; lots that came back are taken off."""
    by_id = {each.id: each for several in deliveries.values() for each in several}
    ids = sorted(by_id)
    discarded = discarded_of(session, ids)
    rows = _GOODS.rows(session, as_ids(ids))
    compounds = compounds_of(session, ids) if rows else {}
    found: dict[DeliveryId, list[Goods]] = defaultdict(list)
    for row in rows:
        if row.stayed <= 0:
            continue
        delivery, item = DeliveryId(row.delivery_id), ItemId(row.id)
        found[delivery].append(
            Goods(
                by_id[delivery],
                item,
                row.name,
                row.kind,
                row.billing_class,
                row.hcpcs,
                row.ndc,
                row.ndc_unit,
                row.ndc_quantity_per_unit,
                row.hcpcs_units_per_unit,
                int(row.stayed),
                discarded.get((delivery, item), Decimal(0)),
                compounds.get((delivery, item), ""),
                row.container,
            )
        )
    return found


def _goods_of(dialect: str) -> Select[*tuple[Any, ...]]:
    return (
        select(
            DeliveryLot.delivery_id,
            func.sum(DeliveryLot.quantity - DeliveryLot.came_back).label("stayed"),
            Item.id,
            Item.name,
            Item.kind,
            Item.billing_class,
            Item.hcpcs,
            Item.ndc,
            Item.ndc_unit,
            Item.ndc_quantity_per_unit,
            Item.hcpcs_units_per_unit,
            Item.container,
        )
        .join(DeliveryLine, DeliveryLine.id == DeliveryLot.line_id)
        .join(Item, Item.id == DeliveryLine.item_id)
        .where(is_given(dialect, DeliveryLot.delivery_id), Item.hcpcs != "")
        .group_by(DeliveryLot.delivery_id, Item.id)
        .order_by(DeliveryLot.delivery_id, Item.id)
    )


_GOODS = Prepared(_goods_of)
