"""Planning a delivery: what the kit needs for the period, less what is at home, is what is sent."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.counters import next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.database.many import insert_many
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.dates import Days, show_day, show_days, today
from infusion_desktop.deliveries.calls.refill_calls import counted_on_call, the_call
from infusion_desktop.deliveries.care_words import RefillCallId
from infusion_desktop.deliveries.kits.home_counts import keep_counts
from infusion_desktop.deliveries.kits.kinds import answers
from infusion_desktop.deliveries.kits.kit_needs import Reckoned, calendar_of, reckon
from infusion_desktop.deliveries.kits.template_rules import TemplateLine
from infusion_desktop.deliveries.steps import DOCUMENT, Head, core, expect, head_of, keep_step, tell
from infusion_desktop.deliveries.tables import Delivery, DeliveryEquipment, DeliveryLine
from infusion_desktop.deliveries.words import Carrier, DeliveryId, DeliveryLineId, DeliveryState, Step, TemplateId
from infusion_desktop.equipment.tables import Asset
from infusion_desktop.equipment.words import AssetState
from infusion_desktop.errors import Refused, Stale, refuse_if, refuse_if_changed, warn_unless
from infusion_desktop.patients.order_versions import versions_of
from infusion_desktop.patients.queries import TherapyCalendar
from infusion_desktop.patients.tables import Patient, Therapy
from infusion_desktop.patients.words import PatientId, TherapyId
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import ItemId, ItemKind


@dataclass(frozen=True, slots=True)
class Visit:
    """How it shall get there."""

    window: str = ""
    carrier: Carrier = Carrier.OWN_DRIVER
    instructions: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An item asked for by a person: how many, and why."""

    item_id: ItemId
    quantity: int
    why: str = ""


class PlannedLine(NamedTuple):
    """A line before it is kept."""

    item_id: ItemId
    needed: int
    at_home: int
    to_send: int
    why: str
    substitutes: ItemId | None = None


def plan(
    database: Database,
    therapy_id: TherapyId,
    period: Days,
    scheduled_on: date,
    counts: Mapping[ItemId, int],
    by: UserId,
    *,
    counted_on: date | None = None,
    counted_with: str = "",
    template_id: TemplateId | None = None,
    optional: Collection[ItemId] = (),
    visit: Visit | None = None,
    at: datetime | None = None,
    call_id: RefillCallId | None = None,
    override: str = "",
) -> DeliveryId:
    """A draft for a therapy and a supply period. ``counts`` is what was counted at home by item (kept, and booked).

    With ``call_id`` it follows a refill call: the counts are those of the call, kept there already.

    Without ``template_id`` the kit that fits best is taken; ``optional`` names the kit's optional items to send.
    Refused when no kit fits, the therapy does not run in the period, or only latex is to be had for the allergic.
    Warned, unless ``override`` says why, where another delivery supplies days of the period already.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        warn_unless(override, supplied_already(session, therapy_id, period))
        return plan_in(
            session, therapy_id, period, scheduled_on, counts, by, counted_on=counted_on, counted_with=counted_with,
            template_id=template_id, optional=optional, visit=visit, at=at, call_id=call_id, why=override,
        )  # fmt: skip


_D = core(Delivery)
_OVERLAPPING = Prepared(
    select(_D.c.number, _D.c.state, _D.c.therapy_id, _D.c.scheduled_on, _D.c.period_first, _D.c.period_last)
    .where(
        _D.c.patient_id == select(core(Therapy).c.patient_id).where(core(Therapy).c.id == bindparam("therapy"))
        .scalar_subquery(),
        _D.c.therapy_id.is_not(None), _D.c.template_id.is_not(None),
        _D.c.period_first <= bindparam("last"), _D.c.period_last >= bindparam("first"),
        _D.c.state != DeliveryState.CANCELLED, _D.c.state != DeliveryState.REFUSED,
    )
    .order_by(_D.c.period_first, _D.c.id)
)  # fmt: skip


def supplied_already(session: Session, therapy_id: TherapyId, period: Days) -> list[str]:
    """The deliveries that supply days of the period already, under any version of the order, each with these days."""
    rows = _OVERLAPPING.rows(session, {"therapy": therapy_id, "first": period.first, "last": period.last})
    mine = versions_of(session, therapy_id) if rows else frozenset[TherapyId]()
    found = []
    for row in rows:
        days = period.overlap(Days(row.period_first, row.period_last))
        if row.therapy_id in mine and days is not None:
            which = f"{row.number} ({row.state.value}, for {show_day(row.scheduled_on)})"
            found.append(f"{which} supplies {show_days(days)} already.")
    return found


def plan_in(
    session: Session,
    therapy_id: TherapyId,
    period: Days,
    scheduled_on: date,
    counts: Mapping[ItemId, int],
    by: UserId,
    *,
    counted_on: date | None = None,
    counted_with: str = "",
    template_id: TemplateId | None = None,
    optional: Collection[ItemId] = (),
    visit: Visit | None = None,
    at: datetime | None = None,
    call_id: RefillCallId | None = None,
    keep: bool = True,
    why: str = "",
) -> DeliveryId:
    """The same within a larger deed; without ``keep`` the counts were kept by an earlier step of it.

    ``why`` is the reason for supplying days that are supplied already; it stands in the trail.
    """
    calendar = calendar_of(session, therapy_id, period)
    patient = calendar.patient_id
    when = counted_on or today()
    if call_id is not None:
        call = the_call(session, call_id)
        if call.patient_id != patient:
            raise Refused("The refill call is another patient's. Open the patient again.")
        counts, when, counted_with = counted_on_call(session, call_id), call.called_on, call.spoke_with
    elif keep:
        keep_counts(session, patient, counts, when, counted_with, by)
    reckoned = reckon(session, calendar, period, counts, when, template_id=template_id, optional=optional)
    delivery_id = _insert(
        session, patient, therapy_id, reckoned.template_id, period, scheduled_on, visit or Visit(),
        planned_lines(reckoned), when if counts else None, counted_with, by, at, call_id, why,
    )  # fmt: skip
    _ask_for_equipment(session, delivery_id, calendar, reckoned.lines)
    return delivery_id


def plan_items(
    database: Database,
    patient_id: PatientId,
    period: Days,
    scheduled_on: date,
    wanted: Sequence[Wanted],
    by: UserId,
    *,
    therapy_id: TherapyId | None = None,
    equipment: Sequence[str] = (),
    visit: Visit | None = None,
    at: datetime | None = None,
) -> DeliveryId:
    """A draft of items a person names, without a kit: a replacement, an emergency, what is still owed."""
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        return plan_items_in(
            session, patient_id, period, scheduled_on, wanted, by, therapy_id=therapy_id, equipment=equipment,
            visit=visit, at=at,
        )  # fmt: skip


def plan_items_in(
    session: Session,
    patient_id: PatientId,
    period: Days,
    scheduled_on: date,
    wanted: Sequence[Wanted],
    by: UserId,
    *,
    therapy_id: TherapyId | None = None,
    equipment: Sequence[str] = (),
    visit: Visit | None = None,
    at: datetime | None = None,
) -> DeliveryId:
    """The same within a larger deed, such as a swap."""
    reasons = [f"“{each.quantity}” is no quantity to send." for each in wanted if each.quantity <= 0]
    if not wanted and not equipment:
        reasons.append("Name at least one item to send.")
    if len({each.item_id for each in wanted}) != len(wanted):
        reasons.append("An item is named twice. Put its quantities together.")
    reasons += _reasons_against_items(session, patient_id, [each.item_id for each in wanted])
    refuse_if(reasons)
    planned = [PlannedLine(each.item_id, each.quantity, 0, each.quantity, each.why) for each in wanted]
    delivery_id = _insert(
        session, patient_id, therapy_id, None, period, scheduled_on, visit or Visit(), planned, None, "", by, at
    )
    _insert_equipment(session, delivery_id, equipment)
    return delivery_id


def planned_lines(reckoned: Reckoned) -> tuple[PlannedLine, ...]:
    """The delivery's lines from what the kit sends."""
    return tuple(
        PlannedLine(each.item, each.needed, each.at_home, each.to_send, each.why, reckoned.instead.get(each.item))
        for each in reckoned.needs
    )


def _reasons_against_items(session: Session, patient_id: PatientId, ids: Sequence[ItemId]) -> list[str]:
    allergic = session.scalar(select(Patient.latex_allergy).where(Patient.id == patient_id))
    if allergic is None:
        return ["This patient is not known. Choose the patient again."]
    rows = session.execute(
        select(Item.name, Item.kind, Item.contains_latex, Item.ended_on).where(Item.id.in_(ids))
    ).all()
    reasons = [] if len(rows) == len(set(ids)) else ["An item is not in the catalogue. Choose it again."]
    for row in rows:
        if row.kind.is_equipment:
            reasons.append(f"{row.name} is equipment: ask for a pump or pole, and scan it when picking.")
        if row.ended_on is not None:
            reasons.append(f"{row.name} was ended. Choose another item.")
        if allergic and row.contains_latex:
            reasons.append(
                f"The patient is allergic to latex and {row.name} contains it. Choose an item without latex."
            )
    return reasons


_ADD = Prepared(insert(core(Delivery)).returning(core(Delivery).c.id))


def _insert(
    session: Session,
    patient_id: PatientId,
    therapy_id: TherapyId | None,
    template_id: TemplateId | None,
    period: Days,
    scheduled_on: date,
    visit: Visit,
    lines: Sequence[PlannedLine],
    counted_on: date | None,
    counted_with: str,
    by: UserId,
    at: datetime | None,
    call_id: RefillCallId | None = None,
    why: str = "",
) -> DeliveryId:
    number = f"D{next_number(session, 'delivery'):06}"
    values = {
        "number": number,
        "patient_id": patient_id,
        "therapy_id": therapy_id,
        "template_id": template_id,
        "state": DeliveryState.DRAFT,
        "period_first": period.first,
        "period_last": period.last,
        "scheduled_on": scheduled_on,
        "window": visit.window.strip(),
        "carrier": visit.carrier,
        "instructions": visit.instructions.strip(),
        "note": visit.note.strip(),
        "home_counted_on": counted_on,
        "counted_with": counted_with.strip(),
        "call_id": call_id,
        "let_go": "",
        "version": 1,
    }
    delivery_id = DeliveryId(_ADD.value(session, values))
    insert_many(
        session,
        core(DeliveryLine),
        [
            {
                "item_id": line.item_id,
                "position": position,
                "needed": line.needed,
                "at_home": line.at_home,
                "to_send": line.to_send,
                "why": line.why,
                "substitutes_item_id": line.substitutes,
            }
            for position, line in enumerate(lines, 1)
        ],
        delivery_id=delivery_id,
        change_reason="",
        owed=0,
    )
    keep_step(session, delivery_id, Step.DRAFT, by, at)
    record(session, by, "plan", DOCUMENT, delivery_id, patient_id=patient_id, before={"state": DeliveryState.DRAFT},
           after={"number": number, "scheduled_on": scheduled_on, "period": show_days(period)},
           reason=why)  # fmt: skip
    return delivery_id


def _ask_for_equipment(
    session: Session, delivery_id: DeliveryId, calendar: TherapyCalendar, lines: Sequence[TemplateLine]
) -> None:
    """Pumps and poles of the kit, less those the patient has for this therapy or bought, or that are under way."""
    wanted = [line.equipment for line in lines if line.equipment and not line.optional for _ in range(int(line.amount))]
    if not wanted:
        return
    there = session.execute(
        select(Item.kind, Item.hcpcs, Delivery.therapy_id)
        .join(Asset, Asset.item_id == Item.id)
        .join(Delivery, (Asset.document == "delivery") & (Asset.document_id == Delivery.id))
        .where(
            Delivery.patient_id == calendar.patient_id,
            Asset.state.in_((AssetState.RESERVED, AssetState.IN_TRANSIT, AssetState.WITH_PATIENT)),
        )
    ).all()
    bought = session.execute(
        select(Item.kind, Item.hcpcs)
        .join(Asset, Asset.item_id == Item.id)
        .join(Patient, Patient.home_id == Asset.location_id)
        .where(Patient.id == calendar.patient_id, Asset.state == AssetState.RETIRED)
    )
    versions: frozenset[TherapyId] = versions_of(session, calendar.therapy_id) if there else frozenset()
    has = [
        (row.kind, row.hcpcs)
        for row in there
        if row.kind is ItemKind.POLE or row.therapy_id is None or row.therapy_id in versions
    ]
    has += [(row.kind, row.hcpcs) for row in bought]
    missing = []
    for kind in wanted:
        match = next((each for each in has if answers(kind, *each)), None)
        if match is None:
            missing.append(kind)
        else:
            has.remove(match)
    _insert_equipment(session, delivery_id, missing)


def _insert_equipment(session: Session, delivery_id: DeliveryId, kinds: Sequence[str]) -> None:
    if kinds:
        rows = [{"delivery_id": delivery_id, "kind": kind, "picked": False, "verified": False} for kind in kinds]
        session.execute(insert(DeliveryEquipment), rows)


def change_quantity(
    database: Database, line_id: DeliveryLineId, quantity: int, reason: str, by: UserId, *, was: int
) -> None:
    """Send another quantity than ``was`` shown, with the reason; only while it is a draft. 0 sends none."""
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        line, head = _line(session, line_id)
        expect(head, DeliveryState.DRAFT)
        reasons = [] if reason.strip() else ["Say why another quantity is sent."]
        if quantity < 0:
            reasons.append("A quantity is not below zero.")
        refuse_if(reasons)
        refuse_if_changed("this quantity", was, line.to_send)
        tell(session, head, by, "change quantity", reason, line=line_id, was=line.to_send, to_send=quantity)
        line.to_send, line.change_reason = quantity, reason.strip()


def add_line(
    database: Database, delivery_id: DeliveryId, item_id: ItemId, quantity: int, reason: str, by: UserId
) -> DeliveryLineId:
    """Send something the kit does not hold, with the reason; only while it is a draft."""
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        head = head_of(session, delivery_id)
        expect(head, DeliveryState.DRAFT)
        reasons = [] if reason.strip() else ["Say why this item is added."]
        if quantity <= 0:
            reasons.append("A quantity to send is above zero.")
        reasons += _reasons_against_items(session, head.patient_id, [item_id])
        known = select(DeliveryLine.item_id, DeliveryLine.position).where(DeliveryLine.delivery_id == delivery_id)
        positions = {row.item_id: row.position for row in session.execute(known)}
        if item_id in positions:
            reasons.append("This item is on the delivery already. Change its quantity instead.")
        refuse_if(reasons)
        line = DeliveryLine(
            delivery_id=delivery_id, item_id=item_id, position=max(positions.values(), default=0) + 1, needed=quantity,
            to_send=quantity, why="added by hand", change_reason=reason.strip(),
        )  # fmt: skip
        session.add(line)
        session.flush()
        tell(session, head, by, "add line", reason, item=item_id, quantity=quantity)
        return DeliveryLineId(line.id)


def remove_line(database: Database, line_id: DeliveryLineId, reason: str, by: UserId) -> None:
    """Take a line off a draft, with the reason (kept in the trail)."""
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        line, head = _line(session, line_id)
        expect(head, DeliveryState.DRAFT)
        if not reason.strip():
            raise Refused("Say why this item is taken off.")
        tell(session, head, by, "remove line", reason, item=line.item_id, was=line.to_send)
        session.delete(line)


def reschedule(
    database: Database, delivery_id: DeliveryId, scheduled_on: date, visit: Visit, version: int, by: UserId
) -> None:
    """Another day, window, carrier or instruction, until it is shipped; ``version`` is the one that was read."""
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        head = head_of(session, delivery_id)
        before_shipping = set(DeliveryState) - {
            DeliveryState.SHIPPED, DeliveryState.DELIVERED, DeliveryState.REFUSED, DeliveryState.CANCELLED,
        }  # fmt: skip
        expect(head, *before_shipping)
        if head.version != version:
            raise Stale(f"Somebody else changed delivery {head.number} meanwhile. Look at it again.")
        values: dict[str, Any] = {
            "scheduled_on": scheduled_on,
            "window": visit.window.strip(),
            "carrier": visit.carrier,
            "instructions": visit.instructions.strip(),
            "note": visit.note.strip(),
        }
        kept = session.execute(
            select(*(getattr(Delivery, name) for name in values)).where(Delivery.id == head.id)
        ).one()
        session.execute(update(Delivery).where(Delivery.id == delivery_id).values(version=head.version + 1, **values))
        changed = {name: value for name, value in values.items() if value != kept._mapping[name]}
        tell(session, head, by, "reschedule", was={name: kept._mapping[name] for name in changed}, **changed)


def _line(session: Session, line_id: DeliveryLineId) -> tuple[DeliveryLine, Head]:
    """A line as it is once its delivery is locked, and the delivery."""
    delivery = session.scalar(select(DeliveryLine.delivery_id).where(DeliveryLine.id == line_id))
    head = None if delivery is None else head_of(session, DeliveryId(delivery))
    line = session.get(DeliveryLine, line_id)
    if head is None or line is None:
        raise Refused("This line is not known. Open the delivery again.")
    return line, head
