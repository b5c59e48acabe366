"""A recall seen whole: where every unit is or went, whom it reached, and what was done about it.

Joins the stock room's lots with kits, homes and people. Everything starts from the recalled lots, by the indexes of
balances, moves, reservations and shipped lots, never from a list of all patients.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.access.tables import Staff
from infusion_desktop.dates import local_day
from infusion_desktop.deliveries.steps import DOCUMENT
from infusion_desktop.deliveries.tables import Delivery, DeliveryLot, FollowUp, RecallCase, RecallContact
from infusion_desktop.deliveries.words import ContactOutcome, ContactWay, DeliveryId, DeliveryState
from infusion_desktop.equipment.tables import Asset
from infusion_desktop.equipment.words import AssetId, AssetState
from infusion_desktop.errors import Refused
from infusion_desktop.identifiers import show_phone, show_zip
from infusion_desktop.money import percent
from infusion_desktop.patients.tables import Patient
from infusion_desktop.patients.words import PatientId
from infusion_desktop.stock.scarce.recall import RecallRow, Whereabouts, held_because, recall_rows, scopes_of, where_are
from infusion_desktop.stock.tables import Balance, Item, Location, Lot, Move, Recall, RecalledLot, Reservation
from infusion_desktop.stock.words import ItemId, LocationKind, LotId, MoveReason, RecallId

_AT_OUR_PLACES = frozenset(
    kind
    for kind in LocationKind
    if kind.keeps_balance and kind not in (LocationKind.QUARANTINE, LocationKind.TRANSIT, LocationKind.PATIENT_HOME)
)


@dataclass(frozen=True, slots=True)
class Tally:
    """Where all units of the recalled lots are, or how they ended; the parts add up to what came in."""

    came_in: int
    on_shelf: int
    """Free in our own places."""
    reserved: int
    packed: int
    quarantined: int
    in_transit: int
    at_home: int
    used: int
    destroyed: int
    to_vendor: int
    came_back: int
    """Of all these, units that came back from patients."""

    @property
    def went_out(self) -> int:
        """Units that reached patients, or are on the way to them, or came back from them."""
        return self.in_transit + self.at_home + self.used + self.came_back

    @property
    def accounted(self) -> int:
        """Units that can harm nobody any more: set aside, destroyed, returned, or used."""
        return self.quarantined + self.destroyed + self.to_vendor + self.used


@dataclass(frozen=True, slots=True)
class KitRow:
    """A kit in the house that holds recalled units."""

    delivery_id: DeliveryId
    number: str
    state: DeliveryState
    patient_name: str
    scheduled_on: date
    lot: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Sent:
    """Units of a lot that a delivery brought to a patient."""

    lot_id: LotId
    lot: str
    serial: str
    delivery_id: DeliveryId
    delivery: str
    delivered_on: date | None
    quantity: int
    came_back: int
    lot_line_id: int


@dataclass(frozen=True, slots=True)
class PatientRow:
    """A patient a recall concerns: how to reach them, what they have, and what was done."""

    id: PatientId
    number: str
    name: str
    phone: str
    phone_2: str
    caregiver: str
    address: str
    sent: tuple[Sent, ...]
    in_transit: int
    at_home: int
    at_home_lots: tuple[tuple[LotId, int], ...]
    used: int
    came_back: int
    assets: tuple[str, ...]
    contacts: int
    last_outcome: ContactOutcome | None
    last_contact_at: datetime | None
    reached: bool
    letters: int
    letter_at: datetime | None
    replacement_id: DeliveryId | None
    replacement: str
    pick_up_due: date | None
    pick_up_done: bool

    @property
    def units(self) -> int:
        """Units that were sent."""
        return sum(each.quantity for each in self.sent)

    @property
    def lots(self) -> str:
        """The lots the patient got, each once."""
        return ", ".join(dict.fromkeys(each.serial or each.lot for each in self.sent))

    @property
    def state(self) -> str:
        """How far it is with this patient, in a word or two."""
        if not self.in_transit and not self.at_home and not self.used and not self.assets and self.came_back:
            return "all back"
        if self.reached:
            return "reached"
        return self.last_outcome.value if self.last_outcome is not None else "not contacted"

    @property
    def is_reached(self) -> bool:
        return self.state in ("reached", "all back")


@dataclass(frozen=True, slots=True)
class ContactRow:
    """A try to reach a patient."""

    id: int
    patient_id: PatientId
    patient_name: str
    at: datetime
    how: ContactWay
    outcome: ContactOutcome
    set_aside: int
    used: int
    note: str
    by: str


@dataclass(frozen=True, slots=True)
class AssetAtRisk:
    """A held pump or pole of a recalled model."""

    id: AssetId
    tag: str
    serial: str
    state: AssetState
    place: str
    patient_id: PatientId | None


@dataclass(frozen=True, slots=True)
class RecallPage:
    """All about a recall."""

    row: RecallRow
    item_id: ItemId
    is_equipment: bool
    manufacturer: str
    unit: str
    opened_by: str
    closed_at: datetime | None
    named: tuple[str, ...]
    places: tuple[Whereabouts, ...]
    tally: Tally
    kits: tuple[KitRow, ...]
    patients: tuple[PatientRow, ...]
    contacts: tuple[ContactRow, ...]
    assets: tuple[AssetAtRisk, ...]

    @property
    def effectiveness(self) -> Decimal:
        """Percent of the patients concerned who were reached or sent everything back; 100 when it concerns nobody.

        The measure of a recall effectiveness check (FDA, Regulatory Procedures Manual, chapter 7): consignees that
        answered among those that were to be notified.
        """
        return percent(sum(each.is_reached for each in self.patients), len(self.patients))

    @property
    def accounted(self) -> Decimal:
        """Percent of all units that are set aside, destroyed, returned or used."""
        return percent(self.tally.accounted, self.tally.came_in)


def recall_page(session: Session, recall_id: RecallId) -> RecallPage:
    """One recall; Refused when there is none."""
    row = next((row for row in recall_rows(session, recall_id)), None)
    kept = session.execute(
        select(Recall.item_id, Recall.closed_at, Staff.name.label("by"), Item.kind, Item.manufacturer, Item.base_unit)
        .join(Staff, Staff.id == Recall.opened_by)
        .join(Item, Item.id == Recall.item_id)
        .where(Recall.id == recall_id)
    ).one_or_none()
    if row is None or kept is None:
        raise Refused("There is no such recall.")
    lots = [LotId(lot) for lot in session.scalars(
        select(RecalledLot.lot_id).where(RecalledLot.recall_id == recall_id).order_by(RecalledLot.lot_id))]  # fmt: skip
    places = where_are(session, lots)
    kits = _kits(session, lots)
    assets = _assets(session, ItemId(kept.item_id), held_because(row.number, row.reason))
    return RecallPage(
        row, ItemId(kept.item_id), kept.kind.is_equipment, kept.manufacturer, kept.base_unit, kept.by, kept.closed_at,
        tuple(scope.shown() for scope in scopes_of(session, recall_id)), places, _tally(session, lots, places, kits),
        kits, _patients(session, recall_id, lots, assets), contacts_of(session, recall_id), assets,
    )  # fmt: skip


def _tally(session: Session, lots: Sequence[LotId], places: Sequence[Whereabouts], kits: Sequence[KitRow]) -> Tally:
    source, target = aliased(Location), aliased(Location)
    flows: dict[tuple[LocationKind, LocationKind], int] = defaultdict(int)
    to_vendor = 0
    undoes = Move.reverses_id.is_not(None)
    for origin, goal, reason, undone, units in session.execute(
        select(source.kind, target.kind, Move.reason, undoes, func.sum(Move.quantity))
        .select_from(Move)
        .join(source, source.id == Move.from_id)
        .join(target, target.id == Move.to_id)
        .where(Move.lot_id.in_(lots))
        .group_by(source.kind, target.kind, Move.reason, undoes)
    ):
        if undone:  # What was undone never went: it does not count as having come back.
            flows[goal, origin] -= int(units)
            continue
        flows[origin, goal] += int(units)
        to_vendor += int(units) if reason is MoveReason.VENDOR_RETURN else 0

    def net(kind: LocationKind) -> int:
        """Units that went to this kind of place and stayed there."""
        went = sum(units for (origin, goal), units in flows.items() if goal is kind and origin is not kind)
        return went - sum(units for (origin, goal), units in flows.items() if origin is kind and goal is not kind)

    on_hand: dict[LocationKind, int] = defaultdict(int)
    for row in places:
        on_hand[row.place_kind] += row.on_hand
    packed = sum(kit.quantity for kit in kits if kit.state is DeliveryState.PACKED)
    reserved = sum(row.reserved for row in places) - packed
    away = (LocationKind.PATIENT_HOME, LocationKind.TRANSIT)
    back = sum(units for (origin, goal), units in flows.items()
               if origin in away and goal not in (*away, LocationKind.USED))  # fmt: skip
    return Tally(
        to_vendor - net(LocationKind.VENDOR) - net(LocationKind.ADJUSTMENT),
        sum(on_hand[kind] for kind in _AT_OUR_PLACES) - reserved - packed, reserved, packed,
        on_hand[LocationKind.QUARANTINE], on_hand[LocationKind.TRANSIT], on_hand[LocationKind.PATIENT_HOME],
        net(LocationKind.USED), net(LocationKind.LOST), to_vendor, back,
    )  # fmt: skip


def _kits(session: Session, lots: Sequence[LotId]) -> tuple[KitRow, ...]:
    rows = session.execute(
        select(Delivery, Patient.last_name, Patient.first_name, Lot.number, func.sum(Reservation.quantity))
        .join(Reservation, (Reservation.document == DOCUMENT) & (Reservation.document_id == Delivery.id))
        .join(Lot, Lot.id == Reservation.lot_id)
        .join(Patient, Patient.id == Delivery.patient_id)
        .where(Reservation.lot_id.in_(lots))
        .group_by(Delivery.id, Patient.id, Lot.id)
        .order_by(Delivery.scheduled_on, Delivery.id)
    )
    return tuple(
        KitRow(DeliveryId(row.id), row.number, row.state, f"{last}, {first}", row.scheduled_on, lot, int(units))
        for row, last, first, lot, units in rows
    )


def _assets(session: Session, item_id: ItemId, held: str) -> tuple[AssetAtRisk, ...]:
    rows = session.execute(
        select(Asset, Location.name, Patient.id.label("patient"))
        .join(Location, Location.id == Asset.location_id)
        .outerjoin(Patient, Patient.home_id == Asset.location_id)
        .where(Asset.item_id == item_id, Asset.held == held)
        .order_by(Asset.tag)
    )
    return tuple(
        AssetAtRisk(AssetId(asset.id), asset.tag, asset.serial, asset.state, place,
                    None if patient is None else PatientId(patient))
        for asset, place, patient in rows
    )  # fmt: skip


def _sent(
    session: Session, lots: Iterable[LotId] | None, patient_id: PatientId | None = None
) -> list[tuple[int, Sent, bool]]:
    """Patient, what a delivery brought them, and whether it is still on the way."""
    query = (
        select(
            DeliveryLot.id, DeliveryLot.lot_id, DeliveryLot.quantity, DeliveryLot.came_back, Lot.number, Lot.serial,
            Delivery.id.label("delivery_id"), Delivery.number.label("delivery"), Delivery.patient_id, Delivery.state,
            Delivery.delivered_at,
        )
        .join(Delivery, Delivery.id == DeliveryLot.delivery_id)
        .join(Lot, Lot.id == DeliveryLot.lot_id)
        .where(Delivery.state.in_((DeliveryState.SHIPPED, DeliveryState.DELIVERED)))
        .order_by(Delivery.id, DeliveryLot.id)
    )  # fmt: skip
    if lots is not None:
        query = query.where(DeliveryLot.lot_id.in_(list(lots)))
    if patient_id is not None:
        query = query.where(Delivery.patient_id == patient_id)
    found = []
    for row in session.execute(query):
        day = local_day(row.delivered_at) if row.delivered_at is not None else None
        sent = Sent(LotId(row.lot_id), row.number, row.serial, DeliveryId(row.delivery_id), row.delivery, day,
                    row.quantity, row.came_back, row.id)  # fmt: skip
        found.append((row.patient_id, sent, row.state is DeliveryState.SHIPPED))
    return found


def _patients(
    session: Session, recall_id: RecallId, lots: Sequence[LotId], assets: Sequence[AssetAtRisk]
) -> tuple[PatientRow, ...]:
    sent: dict[int, list[Sent]] = defaultdict(list)
    on_the_way: dict[int, int] = defaultdict(int)
    for patient, each, is_shipped in _sent(session, lots):
        sent[patient].append(each)
        on_the_way[patient] += each.quantity if is_shipped else 0
    cases = {case.patient_id: case for case in session.scalars(
        select(RecallCase).where(RecallCase.recall_id == recall_id))}  # fmt: skip
    pumps: dict[int, list[str]] = defaultdict(list)
    for asset in assets:
        if asset.patient_id is not None:
            pumps[asset.patient_id].append(f"{asset.tag} ({asset.serial})")
    concerned = {patient for patient, each in sent.items() if any(one.quantity > one.came_back for one in each)}
    ids = concerned | cases.keys() | pumps.keys()
    at_home, used = _at_homes(session, lots, ids)
    contacts = _contacts_by_patient(session, recall_id)
    made = {row.id: row for row in session.scalars(select(Delivery).where(
        Delivery.id.in_({case.replacement_id for case in cases.values()} - {None})))}  # fmt: skip
    fetched = {row.id: row for row in session.scalars(select(FollowUp).where(
        FollowUp.id.in_({case.pick_up_id for case in cases.values()} - {None})))}  # fmt: skip
    found = []
    for person in session.scalars(
        select(Patient).where(Patient.id.in_(ids)).order_by(Patient.last_name, Patient.first_name, Patient.id)
    ):
        case, tries = cases.get(person.id), contacts.get(person.id, [])
        replacement = made.get(case.replacement_id or 0) if case is not None else None
        pick_up = fetched.get(case.pick_up_id or 0) if case is not None else None
        last = tries[-1] if tries else None
        found.append(
            PatientRow(
                PatientId(person.id), person.number, f"{person.last_name}, {person.first_name}",
                show_phone(person.phone), show_phone(person.phone_2), _caregiver(person), _address(person),
                tuple(sent[person.id]), on_the_way[person.id], sum(at_home[person.id].values()),
                tuple(at_home[person.id].items()), used.get(person.id, 0),
                sum(each.came_back for each in sent[person.id]), tuple(pumps[person.id]), len(tries),
                last.outcome if last is not None else None, last.contacted_at if last is not None else None,
                any(each.outcome is ContactOutcome.REACHED for each in tries),
                case.letters if case is not None else 0, case.letter_at if case is not None else None,
                DeliveryId(replacement.id) if replacement is not None else None,
                f"{replacement.number} {replacement.state.value}" if replacement is not None else "",
                pick_up.due_on if pick_up is not None else None, pick_up is not None and pick_up.done_at is not None,
            )
        )  # fmt: skip
    return tuple(found)


def _at_homes(
    session: Session, lots: Sequence[LotId], patients: Iterable[int]
) -> tuple[dict[int, dict[LotId, int]], dict[int, int]]:
    """Units of each lot at each patient's home, and units used up there."""
    rows = session.execute(select(Patient.id, Patient.home_id).where(Patient.id.in_(list(patients))))
    homes = {row.home_id: row.id for row in rows}
    at_home: dict[int, dict[LotId, int]] = defaultdict(dict)
    for lot, place, units in session.execute(
        select(Balance.lot_id, Balance.location_id, Balance.on_hand)
        .where(Balance.lot_id.in_(lots), Balance.on_hand > 0)
        .order_by(Balance.lot_id)
    ):
        if place in homes:
            at_home[homes[place]][LotId(lot)] = units
    used: dict[int, int] = defaultdict(int)
    sink = select(Location.id).where(Location.kind == LocationKind.USED)
    for home, units in session.execute(
        select(Move.from_id, func.sum(Move.quantity))
        .where(Move.lot_id.in_(lots), Move.to_id.in_(sink))
        .group_by(Move.from_id)
    ):
        if home in homes:
            used[homes[home]] += int(units)
    for home, units in session.execute(
        select(Move.to_id, func.sum(Move.quantity))
        .where(Move.lot_id.in_(lots), Move.from_id.in_(sink))
        .group_by(Move.to_id)
    ):
        if home in homes:
            used[homes[home]] -= int(units)
    return at_home, dict(used)


def _contacts_by_patient(session: Session, recall_id: RecallId) -> dict[int, list[RecallContact]]:
    found: dict[int, list[RecallContact]] = defaultdict(list)
    for row in session.scalars(
        select(RecallContact).where(RecallContact.recall_id == recall_id).order_by(RecallContact.id)
    ):
        found[row.patient_id].append(row)
    return found


def contacts_of(session: Session, recall_id: RecallId) -> tuple[ContactRow, ...]:
    """Every try to reach somebody, newest first."""
    rows = session.execute(
        select(RecallContact, Patient.last_name, Patient.first_name, Staff.name)
        .join(Patient, Patient.id == RecallContact.patient_id)
        .join(Staff, Staff.id == RecallContact.staff_id)
        .where(RecallContact.recall_id == recall_id)
        .order_by(RecallContact.id.desc())
    )
    return tuple(
        ContactRow(row.id, PatientId(row.patient_id), f"{last}, {first}", row.contacted_at, row.how, row.outcome,
                   row.set_aside, row.used, row.note, by)
        for row, last, first, by in rows
    )  # fmt: skip


def _caregiver(patient: Patient) -> str:
    told = (patient.caregiver_name, patient.caregiver_relation, show_phone(patient.caregiver_phone))
    return ", ".join(filter(None, told))


def _address(patient: Patient) -> str:
    street = ", ".join(filter(None, (patient.street, patient.street_2)))
    return f"{street}, {patient.city}, {patient.state} {show_zip(patient.zip)}"


@dataclass(frozen=True, slots=True)
class ReceivedRow:
    """Something a patient ever received, by lot."""

    lot_line_id: int
    item_name: str
    item_number: str
    lot: str
    serial: str
    expires_on: date | None
    quantity: int
    came_back: int
    unit: str
    delivery_id: DeliveryId
    delivery: str
    delivered_on: date | None
    held: str


def ever_received(session: Session, patient_id: PatientId) -> tuple[ReceivedRow, ...]:
    """Everything a patient ever received, by lot, the newest delivery first; what is on the way has no day yet."""
    rows = session.execute(
        select(DeliveryLot, Delivery, Lot, Item)
        .join(Delivery, Delivery.id == DeliveryLot.delivery_id)
        .join(Lot, Lot.id == DeliveryLot.lot_id)
        .join(Item, Item.id == Lot.item_id)
        .where(Delivery.patient_id == patient_id, Delivery.state.in_((DeliveryState.SHIPPED, DeliveryState.DELIVERED)))
        .order_by(Delivery.id.desc(), Item.name, Lot.number)
    )
    return tuple(
        ReceivedRow(
            row.id, item.name, item.number, lot.number, lot.serial, lot.expires_on, row.quantity, row.came_back,
            item.base_unit, DeliveryId(delivery.id), delivery.number,
            None if delivery.delivered_at is None else local_day(delivery.delivered_at), lot.held,
        )
        for row, delivery, lot, item in rows
    )  # fmt: skip
