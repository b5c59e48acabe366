"""Working a recall: freeze at once, reach every patient, replace and fetch in one step, close it with its figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record, record_view
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, now_utc
from infusion_desktop.deliveries.calls.follow_ups import Kind, add_task, who_has
from infusion_desktop.deliveries.door.delivering import return_in
from infusion_desktop.deliveries.plans.planning import Visit, Wanted, plan_items_in
from infusion_desktop.deliveries.pumps.pickups import Trip, write_in
from infusion_desktop.deliveries.pumps.returns import open_tickets
from infusion_desktop.deliveries.scarce.recall_queries import PatientRow, RecallPage, recall_page
from infusion_desktop.deliveries.tables import Delivery, DeliveryLot, FollowUp, RecallCase, RecallContact
from infusion_desktop.deliveries.words import ContactOutcome, ContactWay, DeliveryId, DeliveryState
from infusion_desktop.equipment import custody
from infusion_desktop.equipment.holding import hold_in
from infusion_desktop.equipment.tables import Asset
from infusion_desktop.equipment.words import AssetState
from infusion_desktop.errors import Refused
from infusion_desktop.money import percent
from infusion_desktop.patients.tables import Patient
from infusion_desktop.patients.words import PatientId
from infusion_desktop.stock.scarce import recall as stock_recall
from infusion_desktop.stock.scarce.recall import named_lots, where_are
from infusion_desktop.stock.scarce.recall_rules import Scope
from infusion_desktop.stock.tables import Item, Recall
from infusion_desktop.stock.words import ItemId, LocationKind, RecallId, RecallState

_WITH_PATIENT = (AssetState.WITH_PATIENT, AssetState.DUE_BACK)
_ON_THE_WAY = (AssetState.IN_TRANSIT,)
_GONE = (AssetState.LOST, AssetState.RETIRED)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a recall would freeze, before it is opened."""

    lots: int
    in_house: int
    on_the_way: int
    at_homes: int
    homes: int
    noun: str = "lot"

    def shown(self, unit: str) -> str:
        """As one sentence."""
        if not self.lots:
            return "None of it ever came in here. It is held when it does."
        lots = f"1 {self.noun}" if self.lots == 1 else f"{self.lots:,} {self.noun}s"
        homes = "1 home" if self.homes == 1 else f"{self.homes:,} homes"
        return (
            f"{lots} known here: {self.in_house:,} {unit} in the house, {self.on_the_way:,} on the way, "
            f"{self.at_homes:,} at {homes}."
        )


def preview(session: Session, item_id: ItemId, scopes: Sequence[Scope]) -> Preview:
    """What these scopes name now: pumps and poles by their serial numbers, supplies by their lots."""
    if assets := _named_assets(session, item_id, scopes):
        homes = {asset.location_id for asset in assets if asset.state in _WITH_PATIENT}
        at = [sum(asset.state in states for asset in assets) for states in (_WITH_PATIENT, _ON_THE_WAY, _GONE)]
        return Preview(len(assets), len(assets) - sum(at), at[1], at[0], len(homes), "serial number")
    lots = [lot for lot, _, _ in named_lots(session, item_id, scopes)]
    rows = where_are(session, lots) if lots else ()
    home = [row for row in rows if row.place_kind is LocationKind.PATIENT_HOME and row.on_hand]
    way = sum(row.on_hand for row in rows if row.place_kind is LocationKind.TRANSIT)
    at_homes = sum(row.on_hand for row in home)
    everything = sum(row.on_hand for row in rows)
    return Preview(len(lots), everything - way - at_homes, way, at_homes, len({row.location_id for row in home}))


def open_recall(
    database: Database,
    item_id: ItemId,
    scopes: Sequence[Scope],
    reason: str,
    source: str,
    by: UserId,
    at: datetime | None = None,
) -> RecallId:
    """Freeze what is named at once everywhere, supplies by lot or pumps by serial number, and note whom it concerns."""
    with database.transaction() as session:
        item = session.get(Item, item_id)
        if item is not None and item.kind.is_equipment and any(scope.lot_from for scope in scopes):
            raise Refused(f"{item.name} is equipment: name serial numbers, or all of it.")
        recall_id = stock_recall.open_in(session, item_id, scopes, reason, source, by, at)
        kept = session.get_one(Recall, recall_id)
        if item is not None and item.kind.is_equipment:
            serials = [asset.serial for asset in _named_assets(session, item_id, scopes)]
            if serials:
                hold_in(session, item_id, serials, stock_recall.held_because(kept.number, reason), by)
        for patient in recall_page(session, recall_id).patients:
            session.add(RecallCase(recall_id=recall_id, patient_id=patient.id))
        return recall_id


def _named_assets(session: Session, item_id: ItemId, scopes: Sequence[Scope]) -> list[Asset]:
    known = session.scalars(select(Asset).where(Asset.item_id == item_id).order_by(Asset.id))
    return [asset for asset in known if any(scope.names("", asset.serial) for scope in scopes)]


def see_recall(database: Database, recall_id: RecallId, by: UserId) -> RecallPage:
    """A recall with the patients it concerns; that their names were seen is noted for each of them."""
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_STOCK)
        page = recall_page(session, recall_id)
        for row in page.patients:
            record_view(session, by, "recall", recall_id, row.id, f"recall {page.row.number}")
        return page


@dataclass(frozen=True, slots=True)
class NewContact:
    """A try to reach a patient; without ``at`` it was just now."""

    how: ContactWay
    outcome: ContactOutcome
    set_aside: int = 0
    used: int = 0
    note: str = ""
    at: datetime | None = None


def log_contact(database: Database, recall_id: RecallId, patient_id: PatientId, contact: NewContact, by: UserId) -> int:
    """Keep a try to reach a patient, whatever came of it."""
    if contact.set_aside < 0 or contact.used < 0:
        raise Refused("Units are not below zero.")
    with database.transaction() as session:
        authorize(session, by, Permission.DELIVER)
        recall = _open(session, recall_id)
        if session.get(Patient, patient_id) is None:
            raise Refused("This patient is not known. Look at the list again.")
        at = contact.at or now_utc()
        if at > now_utc():
            raise Refused("The contact lies in the future. Correct its time.")
        _case(session, recall_id, patient_id)
        row = RecallContact(
            recall_id=recall_id, patient_id=patient_id, how=contact.how, outcome=contact.outcome,
            set_aside=contact.set_aside, used=contact.used, note=contact.note.strip(), contacted_at=at,
            recorded_at=now_utc(), staff_id=by,
        )  # fmt: skip
        session.add(row)
        session.flush()
        after = {"recall": recall.number, "how": contact.how, "outcome": contact.outcome}
        record(session, by, "contact about recall", "recall", recall_id, patient_id=patient_id, after=after)
        return row.id


@dataclass(frozen=True, slots=True)
class Exchange:
    """When somebody goes there, and what is brought instead; without ``item_id`` the units are only fetched."""

    on: date
    item_id: ItemId | None
    window: str = ""


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What was made: drafts of replacement deliveries, pick-ups, and patients who had theirs already."""

    deliveries: tuple[DeliveryId, ...]
    pick_ups: int
    skipped: int


def replace_and_fetch(
    database: Database, recall_id: RecallId, patients: Sequence[PatientId], exchange: Exchange, by: UserId
) -> Exchanged:
    """For each patient in one step: a draft that replaces what they have at home, and a pick-up of the recalled units.

    Who has a replacement or pick-up under way already is passed over. The driver's sheet says what to bring back.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        page = recall_page(session, recall_id)
        _open(session, recall_id)
        wanted = [row for row in page.patients if row.id in set(patients) and (row.at_home or row.assets)]
        if not wanted:
            raise Refused("None of these patients has recalled units at home.")
        made: list[DeliveryId] = []
        pick_ups = skipped = 0
        for row in wanted:
            case = _case(session, recall_id, row.id)
            has_replacement, has_pick_up = _under_way(session, case)
            if has_pick_up and (has_replacement or exchange.item_id is None):
                skipped += 1
                continue
            if exchange.item_id is not None and row.at_home and not has_replacement:
                made.append(_replace(session, page, row, exchange, by))
                case.replacement_id = made[-1]
            if not has_pick_up:
                case.pick_up_id = _fetch(session, page, row, exchange, case.replacement_id, by)
                pick_ups += 1
            _fetch_pumps(session, page, row, exchange, by)
        session.flush()
        record(session, by, "replace and fetch", "recall", recall_id,
               after={"deliveries": made, "pick-ups": pick_ups, "on": exchange.on})  # fmt: skip
        return Exchanged(tuple(made), pick_ups, skipped)


def bring_back(
    database: Database, recall_id: RecallId, patient_id: PatientId, units: Mapping[int, int], by: UserId,
    at: datetime | None = None,
) -> int:  # fmt: skip
    """Recalled units a patient gave back go to quarantine, as their lot is held. How many those are.

    ``units`` is by the line of what was sent. The pick-up is done with it.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.DELIVER)
        recall = _open(session, recall_id)
        sent = session.execute(
            select(DeliveryLot.id, Delivery.patient_id)
            .join(Delivery, Delivery.id == DeliveryLot.delivery_id)
            .where(DeliveryLot.id.in_(list(units)))
        )
        own = {row.id: row.patient_id for row in sent}
        for line, quantity in sorted(units.items()):
            if own.get(line) != patient_id:
                raise Refused("This lot was not sent to this patient. Look at the list again.")
            if quantity:
                return_in(session, line, quantity, f"recall {recall.number}", by, at)
        case = _case(session, recall_id, patient_id)
        pick_up = session.get(FollowUp, case.pick_up_id) if case.pick_up_id is not None else None
        total = sum(units.values())
        if pick_up is not None and pick_up.done_at is None:
            pick_up.done_at, pick_up.done_by = at or now_utc(), by
            pick_up.outcome = f"{total} brought back" if total else "nothing was left"
        record(session, by, "bring back", "recall", recall_id, patient_id=patient_id, after={"units": total})
        return total


def close_recall(
    database: Database, recall_id: RecallId, outcome: str, by: UserId, override: str = "", at: datetime | None = None
) -> None:
    """End a recall with what came of it. Patients nobody reached and kits that hold its lots are warned about."""
    with database.transaction() as session:
        authorize(session, by, Permission.RECALL)
        page = recall_page(session, recall_id)
        missing = [row.name for row in page.patients if not row.is_reached]
        warnings = [f"Delivery {kit.number} still holds {kit.quantity} of lot {kit.lot}." for kit in page.kits]
        if missing:
            reached = len(page.patients) - len(missing)
            share = percent(reached, len(page.patients))
            warnings.append(f"{len(missing)} of {len(page.patients)} patients were not reached ({share} % were).")
        stock_recall.close_in(session, recall_id, outcome, by, override, at, warnings)
        record(session, by, "measure recall", "recall", recall_id,
               after={"effectiveness": page.effectiveness, "accounted": page.accounted})  # fmt: skip


def _open(session: Session, recall_id: RecallId) -> Recall:
    found = session.get(Recall, recall_id)
    if found is None:
        raise Refused("There is no such recall.")
    if found.state is not RecallState.OPEN:
        raise Refused(f"Recall {found.number} is closed.")
    return found


def _case(session: Session, recall_id: RecallId, patient_id: PatientId) -> RecallCase:
    case = session.get(RecallCase, (recall_id, patient_id), with_for_update=True)
    if case is None:
        case = RecallCase(recall_id=recall_id, patient_id=patient_id)
        session.add(case)
        session.flush()
    return case


def _under_way(session: Session, case: RecallCase) -> tuple[bool, bool]:
    """Whether a replacement is planned or sent, and whether somebody fetches the units or did."""
    state = session.scalar(select(Delivery.state).where(Delivery.id == case.replacement_id))
    gone = (None, DeliveryState.CANCELLED, DeliveryState.REFUSED)
    return state not in gone, case.pick_up_id is not None


def _replace(session: Session, page: RecallPage, row: PatientRow, exchange: Exchange, by: UserId) -> DeliveryId:
    assert exchange.item_id is not None
    ends = session.scalars(
        select(Delivery.period_last).where(Delivery.id.in_([each.delivery_id for each in row.sent]))
    ).all()
    period = Days(exchange.on, max([exchange.on, *ends]))
    why = f"replaces recalled units, recall {page.row.number}"
    bring = f"Bring back {what_to_fetch(page, row)} (recall {page.row.number})."
    wanted = [Wanted(exchange.item_id, row.at_home, why)]
    return plan_items_in(
        session, row.id, period, exchange.on, wanted, by, visit=Visit(exchange.window, instructions=bring)
    )


def _fetch(
    session: Session, page: RecallPage, row: PatientRow, exchange: Exchange, delivery: int | None, by: UserId
) -> int:
    title = f"Fetch {what_to_fetch(page, row)}: recall {page.row.number}"
    on_delivery = None if delivery is None else DeliveryId(delivery)
    owner = who_has(session, row.id) or by
    made = add_task(session, row.id, Kind.RECALL, title, exchange.on, on_delivery, owner) or 0
    record(session, by, "add", "follow-up", made, patient_id=row.id, after={"due_on": exchange.on, "owner": owner})
    return made


def what_to_fetch(page: RecallPage, row: PatientRow) -> str:
    """The units a driver shall bring back, such as "4 each of lot A12"; pumps by tag."""
    units = f"{row.at_home:,} {page.unit} of lot {row.lots}" if row.at_home else ""
    return " and ".join(filter(None, (units, ", ".join(row.assets))))


def _fetch_pumps(session: Session, page: RecallPage, row: PatientRow, exchange: Exchange, by: UserId) -> None:
    there = [asset for asset in page.assets if asset.patient_id == row.id and asset.state in _WITH_PATIENT]
    known = open_tickets(session, [asset.id for asset in there])
    fetched = [asset for asset in there if asset.id not in known]
    for asset in fetched:
        if asset.state is AssetState.WITH_PATIENT:
            custody.call_back(session, asset.id, exchange.on, by, note=f"recall {page.row.number}")
    if fetched:
        trip = Trip(exchange.on, exchange.window)
        write_in(session, row.id, [asset.id for asset in fetched], f"Recall {page.row.number}", trip, by)
