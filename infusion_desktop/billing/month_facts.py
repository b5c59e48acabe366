"""What a month is counted from, read in one go: therapies, interruptions, deliveries with proof, goods and visits."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from infusion_desktop.billing.rules import therapy as engine
from infusion_desktop.billing.visits import Visit, visits_in
from infusion_desktop.dates import Days, local_day
from infusion_desktop.deliveries.tables import Delivery, DeliveryLine, DeliveryLot, ProofOfDelivery
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.equipment.tables import AssetSwap
from infusion_desktop.patients.tables import AccessDevice, Interruption, Therapy
from infusion_desktop.patients.words import AccessKind, InterruptionKind, Method, PatientId, TherapyClass, TherapyId
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import BillingClass, ItemId, ItemKind

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

_METHODS: Mapping[Method, str] = {
    Method.GRAVITY: "gravity",
    Method.ENTERAL_PUMP: "pump",
    Method.STATIONARY_PUMP: "pump",
    Method.AMBULATORY_PUMP: "pump",
    Method.SYRINGE_PUMP: "pump",
    Method.IV_PUSH: "bolus",
}
_DEVICES: Mapping[AccessKind, str] = {AccessKind.PORT: "implanted_port"}
_PAUSES: Mapping[InterruptionKind, engine.InterruptionKind] = {
    InterruptionKind.HOSPITAL: engine.InterruptionKind.HOSPITAL,
    InterruptionKind.SKILLED_NURSING: engine.InterruptionKind.HOSPITAL,
    InterruptionKind.HOLD: engine.InterruptionKind.HOLD,
    InterruptionKind.AWAY: engine.InterruptionKind.OTHER,
}
"""A stay in a nursing facility is counted like one in a hospital: the payer of the stay pays for its days."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivery that arrived: the supply period it covers and whether somebody signed for it."""

    id: DeliveryId
    number: str
    therapy_id: TherapyId | None
    period: Days
    shipped_on: date | None
    delivered_on: date
    proven: bool

    def covers(self, therapy: int, day: date) -> bool:
        """Whether it supplies this therapy on that day; a delivery for no therapy in particular supplies all."""
        return day in self.period and self.therapy_id in (None, therapy)


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


@dataclass(frozen=True, slots=True)
class Order:
    """A therapy's facts beside its course: the drug item and how much of it a dose takes."""

    drug: str
    drug_item_id: ItemId | None
    units_per_dose: int
    interval_hours: int


@dataclass(frozen=True, slots=True)
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

    def delivery_for(self, therapy: int, day: date) -> Delivered | None:
        """The delivery that covers a therapy's day: one with proof first, then the newest."""
        covering = [each for each in self.deliveries if each.covers(therapy, day)]
        return max(covering, key=lambda each: (each.proven, each.delivered_on, each.id), default=None)


def month_facts(session: Session, patient: PatientId, period: Days) -> MonthFacts:
    """Read a patient's facts for a period; therapies that do not touch it are left out."""
    therapies = session.scalars(
        select(Therapy)
        .where(
            Therapy.patient_id == patient,
            Therapy.starts_on <= period.last,
            or_(Therapy.stops_on.is_(None), Therapy.stops_on >= period.first),
        )
        .order_by(Therapy.starts_on, Therapy.id)
    ).all()
    pauses = session.scalars(
        select(Interruption)
        .where(Interruption.patient_id == patient, Interruption.removed_at.is_(None))
        .where(Interruption.first_on <= period.last)
        .where(or_(Interruption.last_on.is_(None), Interruption.last_on >= period.first))
        .order_by(Interruption.first_on, Interruption.id)
    ).all()
    devices = {
        device.id: device for device in session.scalars(select(AccessDevice).where(AccessDevice.patient_id == patient))
    }
    deliveries = _deliveries(session, patient, period)
    visits = visits_in(session, patient, period)
    items = _item_numbers(session, therapies)
    courses = tuple(_course(each, therapies, devices, pauses, deliveries, visits, items, period) for each in therapies)
    return MonthFacts(
        patient,
        period,
        courses,
        {each.id: _order(each) for each in therapies},
        tuple(_pause(each) for each in pauses if each.kind in _PAUSES),
        deliveries,
        _goods(session, deliveries),
        visits,
    )


def _course(
    row: Therapy,
    every: Iterable[Therapy],
    devices: Mapping[int, AccessDevice],
    pauses: Iterable[Interruption],
    deliveries: Iterable[Delivered],
    visits: Iterable[Visit],
    items: Mapping[int, str],
    period: Days,
) -> engine.TherapyCourse:
    device = None if row.device_id is None else devices.get(row.device_id)
    in_use = any(other.id != row.id and other.device_id == row.device_id for other in every)
    return engine.TherapyCourse(
        id=row.id,
        family=FAMILIES.get(row.therapy_class, row.therapy_class.value.lower().replace("-", "_").replace(" ", "_")),
        start_on=row.starts_on,
        stop_on=row.stops_on,
        drug=row.drug,
        interval_hours=row.interval_hours,
        run_hours=row.run_hours or None,
        litres_per_day=Decimal(row.volume_ml_per_day) / 1000 if row.volume_ml_per_day else None,
        lumens=None if device is None else device.lumens,
        method=_METHODS.get(row.method, ""),
        device="" if device is None else _DEVICES.get(device.kind, ""),
        device_in_use=None if device is None else in_use,
        by_injection=_by_injection(row.method),
        nursing_days=frozenset(
            each.visit.started_at.astimezone().date() for each in visits if each.visit.therapy_id in (None, row.id)
        ),
        dispensed_on=tuple(sorted(each.delivered_on for each in deliveries if each.therapy_id in (None, row.id))),
        suite_days=frozenset(_suite_days(row.id, pauses, period)),
        manual_code=row.per_diem_code,
        rate_key="" if row.drug_item_id is None else items.get(row.drug_item_id, ""),
    )


def _by_injection(method: Method) -> bool | None:
    if method is Method.NONE:
        return None
    return method is Method.INJECTION


def _suite_days(therapy: int, pauses: Iterable[Interruption], period: Days) -> Iterable[date]:
    for pause in pauses:
        if pause.kind is InterruptionKind.SUITE and pause.therapy_id in (None, therapy):
            shared = period.overlap(Days(pause.first_on, pause.last_on or period.last))
            yield from shared or ()


def _pause(row: Interruption) -> engine.Interruption:
    return engine.Interruption(_PAUSES[row.kind], row.first_on, row.last_on, row.therapy_id)


def _order(row: Therapy) -> Order:
    item = None if row.drug_item_id is None else ItemId(row.drug_item_id)
    return Order(row.drug, item, row.units_per_dose, row.interval_hours)


def _item_numbers(session: Session, therapies: Iterable[Therapy]) -> Mapping[int, str]:
    wanted = {each.drug_item_id for each in therapies if each.drug_item_id is not None}
    rows = session.execute(select(Item.id, Item.number).where(Item.id.in_(wanted)))
    return {row.id: row.number for row in rows}


def _deliveries(session: Session, patient: PatientId, period: Days) -> tuple[Delivered, ...]:
    proven = set(
        session.scalars(
            select(ProofOfDelivery.delivery_id)
            .join(Delivery, Delivery.id == ProofOfDelivery.delivery_id)
            .where(Delivery.patient_id == patient)
        )
    )
    rows = session.scalars(
        select(Delivery)
        .where(Delivery.patient_id == patient, Delivery.state == DeliveryState.DELIVERED)
        # A pump in exchange for another supplies no day: the kit it came for does, before and after.
        .where(Delivery.id.not_in(select(AssetSwap.delivery_id)))
        .order_by(Delivery.period_first, Delivery.id)
    )
    found = [_delivered(row, row.id in proven) for row in rows]
    return tuple(
        each
        for each in found
        if each.period.overlap(period) or each.delivered_on in period or each.shipped_on in period
    )


def _delivered(row: Delivery, proven: bool) -> Delivered:
    arrived = row.delivered_at or row.shipped_at
    return Delivered(
        DeliveryId(row.id),
        row.number,
        None if row.therapy_id is None else TherapyId(row.therapy_id),
        Days(row.period_first, row.period_last),
        None if row.shipped_at is None else local_day(row.shipped_at),
        row.scheduled_on if arrived is None else local_day(arrived),
        proven,
    )


def _goods(session: Session, deliveries: Iterable[Delivered]) -> tuple[Goods, ...]:
    """What stayed there, by delivery and item; lots that came back are taken off."""
    by_id = {each.id: each for each in deliveries}
    rows = session.execute(
        select(DeliveryLot.delivery_id, DeliveryLot.quantity, DeliveryLot.came_back, Item)
        .join(DeliveryLine, DeliveryLine.id == DeliveryLot.line_id)
        .join(Item, Item.id == DeliveryLine.item_id)
        .where(DeliveryLot.delivery_id.in_(list(by_id)), Item.hcpcs != "")
    )
    stayed: dict[tuple[int, int], int] = defaultdict(int)
    items: dict[int, Item] = {}
    for delivery, quantity, came_back, item in rows:
        stayed[delivery, item.id] += quantity - came_back
        items[item.id] = item
    return tuple(
        _good(by_id[DeliveryId(delivery)], items[item], quantity)
        for (delivery, item), quantity in sorted(stayed.items())
        if quantity > 0
    )


def _good(delivery: Delivered, item: Item, quantity: int) -> Goods:
    return Goods(
        delivery,
        ItemId(item.id),
        item.name,
        item.kind,
        item.billing_class,
        item.hcpcs,
        item.ndc,
        item.ndc_unit,
        item.ndc_quantity_per_unit,
        item.hcpcs_units_per_unit,
        quantity,
    )
