"""At the bench something else goes instead: by rule, with a reason, and the line says so on every paper."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.deliveries.bench.picking import _rearrange, _reserved_now
from infusion_desktop.deliveries.bench.release import add_lots
from infusion_desktop.deliveries.steps import DOCUMENT, Head, expect, head_of, tell
from infusion_desktop.deliveries.tables import Delivery, DeliveryLine, DeliveryLot, KitAlternative, KitTemplateLine
from infusion_desktop.deliveries.words import DeliveryId, DeliveryLineId, DeliveryState
from infusion_desktop.errors import Refused, refuse_if, warn_unless
from infusion_desktop.stock.allocation import Demand, reserve
from infusion_desktop.stock.purchase_tables import Substitute
from infusion_desktop.stock.tables import Balance, Item
from infusion_desktop.stock.words import ItemId, ItemKind

_ORDERED = (ItemKind.DRUG, ItemKind.DILUENT)
"""Named by the order: another one needs a new order, never a decision at the bench."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """An item that may go instead, and how many are free."""

    item_id: ItemId
    number: str
    name: str
    unit: str
    free: int
    is_named: bool
    """The kit or the list of substitutes names it: the first choice."""


def alternatives(session: Session, line_id: DeliveryLineId) -> tuple[Alternative, ...]:
    """What may go instead of a line's item: of the same kind and unit, free of latex where it must be, and in stock."""
    line, item = _line_and_item(session, line_id)
    head = head_of(session, DeliveryId(line.delivery_id), lock=False)
    if item.kind in _ORDERED:
        return ()
    free = func.coalesce(func.sum(Balance.on_hand - Balance.reserved), 0)
    rows = session.execute(
        select(Item.id, Item.number, Item.name, Item.base_unit, Item.manufacturer, free.label("free"))
        .join(Balance, (Balance.item_id == Item.id) & Balance.usable & (Balance.expires_on > head.period.last))
        .where(Item.kind == item.kind, Item.base_unit == item.base_unit, Item.id != item.id)
        .where(Item.ended_on.is_(None), Item.storage == item.storage)
        .where(~Item.contains_latex if head.latex_allergy else Item.id.is_not(None))
        .group_by(Item.id, Item.number, Item.name, Item.base_unit, Item.manufacturer)
        .having(free > 0)
        .order_by(Item.name)
    )
    named = _named(session, line, item.id)
    found = [
        Alternative(ItemId(row.id), row.number, row.name, row.base_unit, int(row.free), row.id in named) for row in rows
    ]
    order = {each: place for place, each in enumerate(named)}
    return tuple(
        sorted(found, key=lambda each: (order.get(each.item_id, len(order)), not _alike(item.name, each.name)))
    )


def _named(session: Session, line: DeliveryLine, item_id: int) -> list[int]:
    """What the kit names instead of an item, then what the list of substitutes names unit for unit, in their order."""
    by_kit = session.scalars(
        select(KitAlternative.item_id)
        .join(KitTemplateLine, KitTemplateLine.id == KitAlternative.line_id)
        .join(Delivery, Delivery.template_id == KitTemplateLine.template_id)
        .where(Delivery.id == line.delivery_id, KitTemplateLine.item_id == item_id)
        .order_by(KitAlternative.position)
    ).all()
    listed = session.scalars(
        select(Substitute.substitute_id)
        .where(Substitute.item_id == item_id, Substitute.gives == Substitute.for_units, Substitute.ended_on.is_(None))
        .order_by(Substitute.rank)
    ).all()
    return list(dict.fromkeys([*by_kit, *listed]))


def substitute(
    database: Database, line_id: DeliveryLineId, item_id: ItemId, units: int, reason: str, by: UserId,
    *, override: str = "",
) -> None:  # fmt: skip
    """Send ``units`` of another item instead of as many of a line's that are short or not picked yet.

    What is owed is filled first, then what waits in the bin is given back. Refused for drugs, another unit, latex for
    the allergic, or too few in stock; warned where the item is of another kind.
    """
    if not reason.strip():
        raise Refused("Say why something else goes, such as: out of stock until Friday.")
    with database.transaction() as session:
        authorize(session, by, Permission.PICK)
        line, item = _line_and_item(session, line_id)
        head = head_of(session, DeliveryId(line.delivery_id))
        expect(head, DeliveryState.RELEASED)
        other = session.get(Item, item_id)
        refuse_if(_reasons_against(session, head, line, item, other, units))
        assert other is not None
        if other.kind is not item.kind:
            warn_unless(
                override, [f"{other.name} is {other.kind.value}, {item.name} is {item.kind.value}. Is that right?"]
            )
        _give_back(session, head, line, units)
        added = _line_for(session, head, line, other, units, reason)
        kept = reserve(session, DOCUMENT, head.id, [Demand(added.id, item_id, units, head.period.last)])
        if kept.shortages:
            raise Refused(f"Only {units - kept.shortages[added.id]} of {other.name} are free. Send fewer of it.")
        add_lots(session, head.id, kept.allocations)
        tell(session, head, by, "substitute", reason, line=line_id, item=item_id, units=units)


def _line_and_item(session: Session, line_id: DeliveryLineId) -> tuple[DeliveryLine, Item]:
    found: Any = session.execute(
        select(DeliveryLine, Item).join(Item, Item.id == DeliveryLine.item_id).where(DeliveryLine.id == line_id)
    ).one_or_none()
    if found is None:
        raise Refused("This line is not known. Look at the bench again.")
    return found[0], found[1]


def _reasons_against(
    session: Session, head: Head, line: DeliveryLine, item: Item, other: Item | None, units: int
) -> list[str]:
    if other is None or other.ended_on is not None:
        return ["This item is not in the catalogue any more. Choose another."]
    reasons = []
    if item.kind in _ORDERED or other.kind in _ORDERED:
        reasons.append("A drug or diluent is named by the order. Ask the prescriber for another order.")
    if other.id == item.id:
        reasons.append("This is the same item.")
    if other.base_unit != item.base_unit:
        reasons.append(f"{other.name} is counted in {other.base_unit}, {item.name} in {item.base_unit}.")
    if head.latex_allergy and other.contains_latex:
        reasons.append(f"The patient is allergic to latex and {other.name} contains it. Choose an item without latex.")
    picked = session.scalar(select(func.sum(DeliveryLot.picked)).where(DeliveryLot.line_id == line.id)) or 0
    most = line.to_send - int(picked)
    if not 0 < units <= most:
        reasons.append(f"{most} of {item.name} are short or not picked yet. Type a number from 1 to {most}.")
    return reasons


def _give_back(session: Session, head: Head, line: DeliveryLine, units: int) -> None:
    """The line sends so many fewer: first what it owes, then what is reserved and not picked."""
    from_owed = min(line.owed, units)
    left = units - from_owed
    session.execute(
        update(DeliveryLine)
        .where(DeliveryLine.id == line.id)
        .values(owed=DeliveryLine.owed - from_owed, to_send=DeliveryLine.to_send - units)
    )
    if not left:
        return
    wanted = _reserved_now(session, line.id)
    lots = session.execute(
        select(DeliveryLot.lot_id, DeliveryLot.location_id, DeliveryLot.quantity, DeliveryLot.picked)
        .where(DeliveryLot.line_id == line.id)
        .order_by(DeliveryLot.id.desc())
    ).all()
    for row in lots:
        given = min(left, row.quantity - row.picked)
        wanted[row.lot_id, row.location_id] -= given
        left -= given
    _rearrange(session, head, line.id, wanted)


def _line_for(session: Session, head: Head, line: DeliveryLine, other: Item, units: int, reason: str) -> DeliveryLine:
    """The other item's line on the delivery, a new one or one that is there."""
    mine = session.scalars(
        select(DeliveryLine).where(DeliveryLine.delivery_id == head.id, DeliveryLine.item_id == other.id)
    ).one_or_none()
    if mine is None:
        mine = DeliveryLine(
            delivery_id=head.id, item_id=other.id, position=line.position, needed=0, at_home=0, to_send=0,
            why="substituted at the bench", change_reason=reason.strip(), substitutes_item_id=line.item_id,
        )  # fmt: skip
        session.add(mine)
        session.flush()
    mine.to_send += units
    mine.change_reason = reason.strip()
    mine.substitutes_item_id = line.item_id
    session.flush()
    return mine


def _alike(one: str, other: str) -> bool:
    """Whether two names begin with the same word: the likely substitute stands first."""
    return one.split()[:1] == other.split()[:1]
