"""Which items cost something else than expected, and taking the new cost as the expected one."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import local_day
from infusion_desktop.errors import Refused, refuse_if_changed
from infusion_desktop.stock.buying.cost_queries import item_costs
from infusion_desktop.stock.buying.price_rules import CostChange
from infusion_desktop.stock.buying.vendor_queries import OfferRow, offer_rows
from infusion_desktop.stock.pack_rules import unit_cost_of
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import BillingClass, ItemId


@dataclass(frozen=True, slots=True)
class CostRow:
    """An item whose cost is not the expected one: what was expected, what it is, since when and by whom."""

    change: CostChange
    number: str
    unit: str
    since: date
    source: str
    in_per_diem: bool

    @property
    def item_id(self) -> ItemId:
        return ItemId(self.change.item)


def cost_changes(session: Session, today: date) -> tuple[CostRow, ...]:
    """Items whose newest known cost (last receipt, or the preferred vendor's price in force) is not the expected one.

    The newest of the two counts; of one day the price, which the next order costs. Those that rose most come first.
    """
    received = item_costs(session)
    priced: dict[ItemId, OfferRow] = {}
    for offer in offer_rows(session, today):
        if offer.preferred and offer.price is not None:
            priced[offer.item_id] = offer
    rows = []
    for item in session.scalars(select(Item).where(Item.ended_on.is_(None))):
        came, offer_now = received.get(ItemId(item.id)), priced.get(ItemId(item.id))
        known: list[tuple[date, Decimal, str]] = []
        if offer_now is not None and offer_now.price is not None and offer_now.price_from is not None:
            cost = unit_cost_of(offer_now.price, offer_now.pack_quantity)
            known.append((offer_now.price_from, cost, f"{offer_now.vendor}, {offer_now.contract or 'list price'}"))
        if came is not None:
            known.append((local_day(came.last_at), came.last, "last receipt"))
        if not known:
            continue
        since, now, source = max(known, key=lambda each: each[0])
        if now != item.unit_cost:
            change = CostChange(item.id, item.name, item.unit_cost, now)
            included = item.billing_class is BillingClass.PER_DIEM_INCLUDED
            rows.append(CostRow(change, item.number, item.base_unit, since, source, included))
    return tuple(sorted(rows, key=lambda row: (-row.change.rise, row.change.name)))


def accept_cost(database: Database, item_id: ItemId, cost: Decimal, by: UserId, *, was: Decimal) -> None:
    """From now on this cost is the expected one, where ``was`` was shown; lots keep what they cost."""
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_CATALOGUE)
        item = session.get(Item, item_id)
        if item is None:
            raise Refused("There is no such item.")
        if cost < 0:
            raise Refused("A cost is not below zero.")
        refuse_if_changed(f"what {item.name} is expected to cost", was, item.unit_cost)
        before, item.unit_cost = item.unit_cost, cost
        record(session, by, "accept cost", "item", item_id, before={"unit_cost": before}, after={"unit_cost": cost})
