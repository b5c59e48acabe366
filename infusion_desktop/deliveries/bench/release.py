"""Release: a draft becomes work for the bench; stock is reserved first-expired first, what is short stays owed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, literal, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.dates import show_day, today
from infusion_desktop.deliveries.calls.refill_rules_kept import Asked, hold_of, reasons_to_hold
from infusion_desktop.deliveries.rules import (
    SentLot,
    reasons_against_latex,
)
from infusion_desktop.deliveries.steps import DOCUMENT, Head, advance, core, expect, head_of, tell
from infusion_desktop.deliveries.tables import Delivery, DeliveryEquipment, DeliveryLine, DeliveryLot
from infusion_desktop.deliveries.words import DeliveryId, DeliveryLineId, DeliveryState, Step
from infusion_desktop.equipment.custody import let_go as let_asset_go
from infusion_desktop.equipment.words import AssetId
from infusion_desktop.errors import Refused, refuse_if, warn_unless
from infusion_desktop.patients.admitting import Checklist
from infusion_desktop.patients.tables import Episode, Therapy
from infusion_desktop.stock.allocation import Allocation, Demand, let_go, reserve
from infusion_desktop.stock.pack_rules import plural
from infusion_desktop.stock.tables import Item, Reservation
from infusion_desktop.stock.words import ItemId


@dataclass(frozen=True, slots=True)
class Short:
    """Units of a line that could not be reserved; they are owed to the patient."""

    line_id: DeliveryLineId
    item_id: ItemId
    item_name: str
    units: int


@dataclass(frozen=True, slots=True)
class Released:
    """What a release found: nothing short when all is well; ``passed_over`` says which lots were not taken and why."""

    short: tuple[Short, ...]
    passed_over: tuple[str, ...]


def release(
    database: Database, delivery_id: DeliveryId, by: UserId, *, override: str = "", at: datetime | None = None
) -> Released:
    """Reserve stock for a draft, good beyond the period's last day, and hand it to the bench.

    Warned, unless ``override`` names a reason, where the intake checklist is not complete, the order has ended or the
    payer's refill rule holds it (too early, too much, no call with a yes). Refused when there is nothing to send, or
    latex for a patient allergic to it.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.RELEASE)
        head = head_of(session, delivery_id)
        expect(head, DeliveryState.DRAFT)
        lines = _lines(session, delivery_id)
        _check(session, head, lines, override)
        released = _reserve(
            session, head, [(row.id, row.item_id, row.name, row.to_send) for row in lines if row.to_send]
        )
        advance(session, head, DeliveryState.RELEASED, Step.RELEASE, by, at, override)
        tell(session, head, by, "release", override, short={str(each.line_id): each.units for each in released.short})
        return released


def fill_owed(database: Database, delivery_id: DeliveryId, by: UserId) -> Released:
    """New stock came in: try again to reserve what a released delivery still owes."""
    with database.transaction() as session:
        authorize(session, by, Permission.RELEASE)
        head = head_of(session, delivery_id)
        expect(head, DeliveryState.RELEASED)
        owed = [(row.id, row.item_id, row.name, row.owed) for row in _lines(session, delivery_id) if row.owed]
        if not owed:
            raise Refused(f"Delivery {head.number} owes nothing.")
        released = _reserve(session, head, owed, {line for line, _, _, _ in owed})
        tell(session, head, by, "fill owed", short={str(each.line_id): each.units for each in released.short})
        return released


_LINE, _ITEM, _LOTS = core(DeliveryLine), core(Item), core(DeliveryLot)
_LINES = Prepared(
    select(
        _LINE.c.id,
        _LINE.c.item_id,
        _LINE.c.to_send,
        _LINE.c.owed,
        _ITEM.c.name,
        _ITEM.c.contains_latex,
        _ITEM.c.rationed,
    )
    .join(_ITEM, _ITEM.c.id == _LINE.c.item_id)
    .where(_LINE.c.delivery_id == bindparam("delivery"))
)
_KNOWN_LOTS = select(_LOTS.c.id, _LOTS.c.line_id, _LOTS.c.lot_id, _LOTS.c.location_id).where(
    _LOTS.c.delivery_id == bindparam("delivery")
)
_ADD_LOTS = insert(_LOTS)
_RESERVED = core(Reservation)
_NONE = literal(0)
_LOTS_AS_RESERVED = Prepared(
    insert(_LOTS).from_select(
        ["delivery_id", "line_id", "lot_id", "location_id", "quantity", "picked", "verified", "came_back"],
        select(
            _RESERVED.c.document_id,
            _RESERVED.c.line_id,
            _RESERVED.c.lot_id,
            _RESERVED.c.location_id,
            _RESERVED.c.quantity,
            _NONE,
            _NONE,
            _NONE,
        )
        .where(_RESERVED.c.document == DOCUMENT, _RESERVED.c.document_id == bindparam("delivery"))
        .order_by(_RESERVED.c.id),
    )
)


def _lines(session: Session, delivery_id: DeliveryId) -> Sequence[Any]:
    return _LINES.rows(session, {"delivery": delivery_id})


def _check(session: Session, head: Head, lines: Sequence[Any], override: str) -> None:
    sent = [row for row in lines if row.to_send]
    lots = (SentLot(row.name, contains_latex=row.contains_latex) for row in sent)
    reasons = reasons_against_latex(head.latex_allergy, lots)
    if not sent and not _asks_for_equipment(session, head):
        reasons.append("There is nothing to send. Change a quantity, or cancel the delivery.")
    refuse_if(reasons)
    held = held_by_refill_rule(session, head)
    warn_unless(override, [*_warnings(session, head), *held, *_beyond_its_share(session, head, sent)])
    if held:
        session.connection().execute(_LET_GO, {"delivery": head.id, "why": override.strip()})


def _asks_for_equipment(session: Session, head: Head) -> bool:
    equipment = select(DeliveryEquipment.id).where(DeliveryEquipment.delivery_id == head.id)
    return session.scalars(equipment).first() is not None


def _beyond_its_share(session: Session, head: Head, sent: Sequence[Any]) -> list[str]:
    rationed = [(ItemId(row.item_id), row.name, row.rationed) for row in sent if row.rationed]
    if not rationed:
        return []
    from infusion_desktop.deliveries.scarce.rationing import beyond_its_share

    return beyond_its_share(session, head.id, rationed, today(), head.scheduled_on)


_EPISODE = core(Episode)
_EPISODES = Prepared(
    select(
        _EPISODE.c.id, _EPISODE.c.admitted_on, _EPISODE.c.discharged_on, _EPISODE.c.clinically_stable,
        _EPISODE.c.trained, _EPISODE.c.home_safe, _EPISODE.c.consent_signed,
        select(core(Therapy).c.stops_on).where(core(Therapy).c.id == bindparam("therapy")).scalar_subquery()
        .label("order_ends_on"),
    ).where(_EPISODE.c.patient_id == bindparam("patient"))
)  # fmt: skip
_DELIVERY = core(Delivery)
_LET_GO = update(_DELIVERY).where(_DELIVERY.c.id == bindparam("delivery")).values(let_go=bindparam("why"))


def _warnings(session: Session, head: Head) -> list[str]:
    warnings = []
    episodes = _EPISODES.rows(session, {"patient": head.patient_id, "therapy": head.therapy_id})
    if episodes:
        episode = max(episodes, key=lambda row: (row.admitted_on, row.id))
        ticked = Checklist(episode.clinically_stable, episode.trained, episode.home_safe, episode.consent_signed, True)
        if ticked.missing:
            warnings.append(f"The intake checklist is not complete: {', '.join(ticked.missing)}.")
        if episode.discharged_on is not None and episode.discharged_on < head.scheduled_on:
            warnings.append("The patient was discharged before this delivery's day.")
        if episode.order_ends_on is not None and episode.order_ends_on < head.period.last:
            warnings.append(_ends_early(session, head, episode.order_ends_on))
    return warnings


def _ends_early(session: Session, head: Head, ends_on: date) -> str:
    """What to do with a supply whose order ends, or changes, before the supply does."""
    if ends_on < head.period.first:
        return (
            f"The order ends on {show_day(ends_on)}, before this supply begins. Cancel it, and plan for the order that "
            "runs."
        )
    beyond = (head.period.last - ends_on).days
    newer = session.execute(
        select(Therapy.drug, Therapy.interval_hours, Therapy.starts_on).where(Therapy.replaces_id == head.therapy_id)
    ).first()
    if newer is None:
        return (
            f"The order ends on {show_day(ends_on)}, but this supply is through {show_day(head.period.last)}, "
            f"{beyond} {plural('day', beyond)} longer. Cancel it and plan through {show_day(ends_on)}, or send less."
        )
    return (
        f"The order changes on {show_day(newer.starts_on)} to {newer.drug}, every {newer.interval_hours} h, in the "
        f"middle of this supply. Cancel it and plan through {show_day(ends_on)}, and the days after for the new order."
    )


def held_by_refill_rule(session: Session, head: Head) -> list[str]:
    """Why the payer's refill rule holds this delivery: too early, too much, or no call with a yes."""
    return reasons_to_hold(session, _asked(head))


def _asked(head: Head) -> Asked:
    return Asked(head.patient_id, head.therapy_id, head.scheduled_on, head.period, head.id)


def speaks_against(session: Session, delivery_id: DeliveryId) -> tuple[str, ...]:
    """What a release would stop at, as a draft stands: the payer's refill rule by name with its reasons, then all else.

    Nothing for a delivery that is no draft.
    """
    head = head_of(session, delivery_id, lock=False)
    if head.state is not DeliveryState.DRAFT:
        return ()
    sent = [row for row in _lines(session, delivery_id) if row.to_send]
    hold = hold_of(session, _asked(head))
    held = [] if hold is None else [f"Held by a refill rule ({hold.rule}).", *hold.reasons]
    return (*held, *_warnings(session, head), *_beyond_its_share(session, head, sent))


_OWE = update(DeliveryLine.__table__).where(DeliveryLine.id == bindparam("line")).values(owed=bindparam("units"))  # type: ignore[arg-type]


def _reserve(
    session: Session, head: Head, wanted: Sequence[tuple[int, int, str, int]], owing: Collection[int] = ()
) -> Released:
    demands = [Demand(line, ItemId(item), units, head.period.last) for line, item, _, units in wanted]
    kept = reserve(session, DOCUMENT, head.id, demands)
    if owing:
        add_lots(session, head.id, kept.allocations)
    elif kept.allocations:  # A draft has no lots yet: they are the reservations just made.
        _LOTS_AS_RESERVED.change(session, {"delivery": head.id})
    changed = [
        {"line": line, "units": kept.shortages.get(line, 0)}
        for line, _, _, _ in wanted
        if line in kept.shortages or line in owing
    ]
    if changed:
        session.connection().execute(_OWE, changed)
    short = tuple(
        Short(DeliveryLineId(line), ItemId(item), name, kept.shortages[line])
        for line, item, name, _ in wanted
        if line in kept.shortages
    )
    return Released(short, kept.passed_over)


def add_lots(session: Session, delivery_id: DeliveryId, allocations: Sequence[Allocation]) -> None:
    """The lots that fill the lines, as reserved; more of a lot that is there already is added to it."""
    if not allocations:
        return
    known = {
        (row.line_id, row.lot_id, row.location_id): row.id
        for row in session.connection().execute(_KNOWN_LOTS, {"delivery": delivery_id})
    }
    rows = []
    for each in allocations:
        there = known.get((each.line_id, each.lot_id, each.location_id))
        if there is not None:
            session.execute(
                update(DeliveryLot).where(DeliveryLot.id == there).values(quantity=DeliveryLot.quantity + each.quantity)
            )
            continue
        rows.append(
            {
                "delivery_id": delivery_id,
                "line_id": each.line_id,
                "lot_id": each.lot_id,
                "location_id": each.location_id,
                "quantity": each.quantity,
                "picked": 0,
                "verified": 0,
                "came_back": 0,
            }
        )
    if rows:
        session.connection().execute(_ADD_LOTS, rows)


def free_everything(session: Session, head: Head, by: UserId) -> None:
    """Reserved lots and equipment of a delivery are free again; nothing is owed any more."""
    let_go(session, DOCUMENT, head.id)
    free_equipment(session, head, by)
    session.execute(delete(DeliveryLot).where(DeliveryLot.delivery_id == head.id))
    session.execute(update(DeliveryLine).where(DeliveryLine.delivery_id == head.id).values(owed=0))


def free_equipment(session: Session, head: Head, by: UserId) -> None:
    """Pumps and poles that were scanned for a delivery are patient-ready again."""
    mine = (DeliveryEquipment.delivery_id == head.id, DeliveryEquipment.asset_id.is_not(None))
    for asset_id in session.scalars(select(DeliveryEquipment.asset_id).where(*mine)).all():
        assert asset_id is not None
        let_asset_go(session, AssetId(asset_id), by)
    session.execute(update(DeliveryEquipment).where(*mine).values(asset_id=None, picked=False, verified=False))
