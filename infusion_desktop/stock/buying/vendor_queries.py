"""What screens ask about vendors: how we stand with each, and how each sells what we buy."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.stock.buying.vendors import NewVendor, prices_on
from infusion_desktop.stock.purchase_tables import PurchaseOrder, VendorOffer
from infusion_desktop.stock.tables import Item, Receipt, Vendor
from infusion_desktop.stock.words import EXPECTED, ItemId, OfferId, OrderState, VendorId


@dataclass(frozen=True, slots=True)
class VendorRow:
    """A vendor with how we stand with it. ``took_days`` is the usual time from order to first receipt, None unknown."""

    id: VendorId
    version: int
    vendor: NewVendor
    items: int
    drafts: int
    out: int
    late: int
    took_days: int | None
    ended_on: date | None

    @property
    def name(self) -> str:
        return self.vendor.name


@dataclass(frozen=True, slots=True)
class OfferRow:
    """How a vendor sells an item, and what it costs."""

    id: OfferId
    version: int
    vendor_id: VendorId
    vendor: str
    item_id: ItemId
    item_number: str
    item_name: str
    unit: str
    number: str
    pack_name: str
    pack_quantity: int
    least_packs: int
    price: Decimal | None
    contract: str
    price_from: date | None
    preferred_vendor: VendorId | None
    expected_cost: Decimal

    @property
    def preferred(self) -> bool:
        """Whether the item is ordered from this vendor unless somebody chooses another."""
        return self.preferred_vendor == self.vendor_id

    @property
    def unit_price(self) -> Decimal | None:
        """Dollars for one base unit, exactly."""
        return None if self.price is None else self.price / self.pack_quantity


def vendor_rows(session: Session, today: date) -> tuple[VendorRow, ...]:
    """Every vendor by name, with open orders and how long its orders took."""
    sold = select(VendorOffer.vendor_id, func.count()).where(VendorOffer.ended_on.is_(None))
    offers = {row[0]: row[1] for row in session.execute(sold.group_by(VendorOffer.vendor_id))}
    orders: dict[int, list[PurchaseOrder]] = defaultdict(list)
    for order in session.scalars(select(PurchaseOrder)):
        orders[order.vendor_id].append(order)
    came = select(Receipt.order_id, func.min(Receipt.received_at)).where(Receipt.order_id.is_not(None))
    first = {row[0]: row[1] for row in session.execute(came.group_by(Receipt.order_id))}
    rows = []
    for vendor in session.scalars(select(Vendor).order_by(Vendor.name)):
        ours = orders[vendor.id]
        took = [(first[each.id].astimezone().date() - each.ordered_on).days
                for each in ours if each.id in first and each.ordered_on]  # fmt: skip
        out = [each for each in ours if each.state in EXPECTED]
        rows.append(VendorRow(
            VendorId(vendor.id), vendor.version, vendor_facts(vendor), offers.get(vendor.id, 0),
            sum(each.state is OrderState.DRAFT for each in ours), len(out),
            sum(each.expected_on is not None and each.expected_on < today for each in out),
            sorted(took)[len(took) // 2] if took else None, vendor.ended_on,
        ))  # fmt: skip
    return tuple(rows)


def vendor_facts(row: Vendor) -> NewVendor:
    """What a person told us about a vendor."""
    return NewVendor(**{name: getattr(row, name) for name in NewVendor.__dataclass_fields__})


def offer_rows(
    session: Session, today: date, *, vendor_id: VendorId | None = None, item_ids: Iterable[ItemId] | None = None
) -> tuple[OfferRow, ...]:
    """What vendors sell, by item; of one vendor, of some items, or all."""
    query = (
        select(VendorOffer, Vendor.name, Item)
        .join(Vendor, Vendor.id == VendorOffer.vendor_id)
        .join(Item, Item.id == VendorOffer.item_id)
        .where(VendorOffer.ended_on.is_(None), Vendor.ended_on.is_(None))
        .order_by(Item.name, Vendor.name)
    )
    if vendor_id is not None:
        query = query.where(VendorOffer.vendor_id == vendor_id)
    if item_ids is not None:
        query = query.where(VendorOffer.item_id.in_(list(item_ids)))
    found = session.execute(query).all()
    prices = prices_on(session, [OfferId(offer.id) for offer, _, _ in found], today)
    rows = []
    for offer, vendor, item in found:
        price = prices.get(OfferId(offer.id))
        rows.append(OfferRow(
            OfferId(offer.id), offer.version, VendorId(offer.vendor_id), vendor, ItemId(item.id), item.number,
            item.name, item.base_unit, offer.number, offer.pack_name, offer.pack_quantity, offer.least_packs,
            None if price is None else price.price, "" if price is None else price.contract,
            None if price is None else price.starts_on, None if item.vendor_id is None else VendorId(item.vendor_id),
            item.unit_cost,
        ))  # fmt: skip
    return tuple(rows)
