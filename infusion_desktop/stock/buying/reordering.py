"""Reorder proposals: where each item stands, who sells it, and what the rule says to order. Demand comes from above."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.money import to_cents
from infusion_desktop.stock.buying.reorder_rules import Position, Reorder, SoldIn, reorder
from infusion_desktop.stock.buying.vendor_queries import OfferRow, offer_rows
from infusion_desktop.stock.purchase_tables import PurchaseOrder, PurchaseOrderLine
from infusion_desktop.stock.tables import Balance, Item, Vendor
from infusion_desktop.stock.words import EXPECTED, ItemId, ItemKind, OrderState, VendorId

REVIEW_DAYS = 7
"""Proposals are looked at at least this often: an order must last until the one after it is here."""
DEFAULT_LEAD_DAYS = 7
"""For an item without a vendor."""


class Source(StrEnum):
    """Where a demand comes from."""

    DELIVERY = "delivery"
    THERAPY = "therapy"


@dataclass(frozen=True, slots=True)
class Demand:
    """Units of an item that somebody will take on a day: a planned delivery, or a therapy that goes on."""

    item_id: ItemId
    on: date
    units: int
    source: Source
    what: str
    """What it is for, without a person's name: the delivery's number, or the drug and the days."""
    priority: int = 5
    """Of the therapy, 1 first."""
    delivery_id: int | None = None
    line_id: int | None = None


@dataclass(frozen=True, slots=True)
class OnOrder:
    """What is coming of an item, in base units."""

    out: int = 0
    drafted: int = 0
    backordered: int = 0
    next_on: date | None = None
    """The first day a vendor named."""


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """An item with its sum; ``reorder.packs`` is 0 when nothing has to be ordered."""

    item_id: ItemId
    number: str
    name: str
    kind: ItemKind
    unit: str
    position: Position
    coming: OnOrder
    offer: OfferRow | None
    offers: tuple[OfferRow, ...]
    vendor_id: VendorId | None
    vendor: str
    lead_days: int
    until: date
    """The last day whose demand is counted: lead time and one review."""
    unit_cost: Decimal
    reorder: Reorder
    demands: tuple[Demand, ...]
    rationed: str = ""
    """Why it is shared out by priority; "" when it is not."""

    @property
    def is_short(self) -> bool:
        """At or below the reorder point now, or patients would go short."""
        p = self.position
        return (0 < p.reorder_point and p.free <= p.reorder_point) or p.free < p.deliveries + p.therapies

    @property
    def is_below_par(self) -> bool:
        return self.position.free < self.position.par

    @property
    def pack_cost(self) -> Decimal:
        """Dollars for one pack: the price in force, or the expected cost."""
        sold = self.sold
        is_known = self.offer is not None and self.offer.price is not None
        return self.offer.price if is_known else self.unit_cost * sold.pack_quantity  # type: ignore[union-attr,return-value]

    @property
    def amount(self) -> Decimal:
        return to_cents(self.reorder.packs * self.pack_cost)

    @property
    def sold(self) -> SoldIn:
        return _sold(self.offer, self.unit)


def bought_from(row: ProposalRow, offer: OfferRow) -> ProposalRow:
    """The same item bought from another vendor: in that vendor's packs and at its price."""
    again = reorder(row.position, _sold(offer, row.unit))
    return replace(row, offer=offer, vendor_id=offer.vendor_id, vendor=offer.vendor, reorder=again)


def proposals(session: Session, today: date, demands: Iterable[Demand]) -> tuple[ProposalRow, ...]:
    """Every item in use with what to order of it: those that patients need first, then by vendor and name."""
    wanted: dict[ItemId, list[Demand]] = defaultdict(list)
    for each in demands:
        wanted[each.item_id].append(each)
    free, coming = free_units(session, today), on_order(session)
    offers: dict[ItemId, list[OfferRow]] = defaultdict(list)
    for offer in offer_rows(session, today):
        offers[offer.item_id].append(offer)
    vendors = {
        row.id: row for row in session.execute(select(Vendor.id, Vendor.name, Vendor.lead_days, Vendor.ended_on))
    }
    rows = []
    for item in session.scalars(select(Item).where(Item.ended_on.is_(None))):
        if item.kind.is_equipment:
            continue  # Pumps and poles are bought one by one, by hand.
        item_id = ItemId(item.id)
        chosen = _preferred(offers[item_id])
        vendor_id = chosen.vendor_id if chosen is not None else item.vendor_id
        vendor = vendors.get(vendor_id or 0)
        if vendor is not None and vendor.ended_on is not None:
            vendor, vendor_id = None, None
        lead = vendor.lead_days if vendor is not None else DEFAULT_LEAD_DAYS
        until = today + timedelta(days=lead + REVIEW_DAYS)
        counted = tuple(sorted((each for each in wanted[item_id] if each.on <= until), key=_by_day))
        by_source = {source: sum(each.units for each in counted if each.source is source) for source in Source}
        arriving = coming.get(item_id, OnOrder())
        position = Position(
            free.get(item_id, 0), arriving.out + arriving.drafted, item.par_level, item.reorder_point, item.max_level,
            by_source[Source.DELIVERY], by_source[Source.THERAPY],
        )  # fmt: skip
        rows.append(ProposalRow(
            item_id, item.number, item.name, item.kind, item.base_unit, position, arriving, chosen,
            tuple(offers[item_id]), None if vendor_id is None else VendorId(vendor_id),
            "" if vendor is None else vendor.name, lead, until, item.unit_cost,
            reorder(position, _sold(chosen, item.base_unit)), counted, item.rationed,
        ))  # fmt: skip
    return tuple(sorted(rows, key=lambda row: (not row.reorder.is_for_patients, row.vendor, row.name, row.item_id)))


def _by_day(demand: Demand) -> tuple[date, str]:
    return demand.on, demand.what


def _preferred(offers: list[OfferRow]) -> OfferRow | None:
    """The preferred vendor's offer; without one the cheapest for a unit, unknown prices last."""

    def rank(offer: OfferRow) -> tuple[bool, bool, Decimal, str]:
        return not offer.preferred, offer.unit_price is None, offer.unit_price or Decimal(0), offer.vendor

    return min(offers, key=rank, default=None)


def _sold(offer: OfferRow | None, unit: str) -> SoldIn:
    return SoldIn(unit) if offer is None else SoldIn(offer.pack_name, offer.pack_quantity, offer.least_packs)


def free_units(session: Session, today: date, items: Collection[ItemId] | None = None) -> dict[ItemId, int]:
    """Units of all or some items that may be sent: not held, not reserved, not expired, where is picked from."""
    query = (
        select(Balance.item_id, func.sum(Balance.on_hand - Balance.reserved))
        .where(Balance.usable, Balance.expires_on > today)
        .group_by(Balance.item_id)
    )
    if items is not None:
        query = query.where(Balance.item_id.in_(items))
    return {ItemId(item): int(units) for item, units in session.execute(query)}


def on_order(session: Session) -> dict[ItemId, OnOrder]:
    """What is coming of each item, drafts included."""
    query = (
        select(PurchaseOrderLine, PurchaseOrder.state, PurchaseOrder.expected_on)
        .join(PurchaseOrder, PurchaseOrder.id == PurchaseOrderLine.order_id)
        .where(
            PurchaseOrder.state.in_((OrderState.DRAFT, *EXPECTED)),
            PurchaseOrderLine.received < PurchaseOrderLine.quantity,
        )
    )
    found: dict[ItemId, OnOrder] = {}
    for line, state, expected_on in session.execute(query):
        known, left = found.get(ItemId(line.item_id), OnOrder()), line.quantity - line.received
        is_draft = state is OrderState.DRAFT
        named = None if is_draft else line.backordered_until if line.backordered else expected_on
        days = [day for day in (known.next_on, named) if day is not None]
        found[ItemId(line.item_id)] = OnOrder(
            known.out + (0 if is_draft else left), known.drafted + (left if is_draft else 0),
            known.backordered + (left if line.backordered and not is_draft else 0), min(days, default=None),
        )  # fmt: skip
    return found
