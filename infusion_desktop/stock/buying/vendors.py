"""Who we buy from, and how each of them sells an item: its number there, its pack, and its price from a day on."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, today
from infusion_desktop.errors import Refused, Stale, refuse_if, refuse_if_changed
from infusion_desktop.stock.purchase_tables import VendorOffer, VendorPrice
from infusion_desktop.stock.tables import Item, Vendor
from infusion_desktop.stock.words import ItemId, OfferId, VendorId

LONGEST_LEAD = 365


@dataclass(frozen=True, slots=True)
class NewVendor:
    """A vendor as a person describes it; ``address`` is lines as on an envelope."""

    name: str
    account: str = ""
    phone: str = ""
    email: str = ""
    contact: str = ""
    address: str = ""
    terms: str = ""
    lead_days: int = 3
    least_order: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class NewOffer:
    """How a vendor sells an item. ``price`` is dollars for one pack from ``starts_on``; None leaves prices alone."""

    item_id: ItemId
    number: str = ""
    pack_name: str = "each"
    pack_quantity: int = 1
    least_packs: int = 1
    price: Decimal | None = None
    contract: str = ""
    starts_on: date | None = None
    preferred: bool = False


@dataclass(frozen=True, slots=True)
class Price:
    """What one pack costs from a day on."""

    price: Decimal
    contract: str
    starts_on: date


def add_vendor(database: Database, vendor: NewVendor, by: UserId) -> VendorId:
    """A new vendor. Refused when the name is taken."""
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_CATALOGUE)
        return add_vendor_in(session, vendor, by)


def add_vendor_in(session: Session, vendor: NewVendor, by: UserId) -> VendorId:
    """The same within a larger deed."""
    good = _checked(vendor)
    if session.scalar(select(Vendor.id).where(Vendor.name == good.name)) is not None:
        raise Refused(f"There is a vendor {good.name} already.")
    kept = Vendor(**asdict(good))
    session.add(kept)
    session.flush()
    record(session, by, "add vendor", "vendor", kept.id, after=asdict(good))
    return VendorId(kept.id)


def change_vendor(database: Database, vendor_id: VendorId, vendor: NewVendor, version: int, by: UserId) -> None:
    """Change a vendor's facts. Stale when somebody else changed them since."""
    good = _checked(vendor)
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_CATALOGUE)
        kept = the_vendor(session, vendor_id)
        if kept.version != version:
            raise Stale(f"Somebody else changed {kept.name} meanwhile. Look at it again before you save.")
        if session.scalar(select(Vendor.id).where(Vendor.name == good.name, Vendor.id != vendor_id)) is not None:
            raise Refused(f"There is another vendor {good.name} already.")
        before = {name: getattr(kept, name) for name in asdict(good)}
        for name, value in asdict(good).items():
            setattr(kept, name, value)
        record(session, by, "change vendor", "vendor", vendor_id, before=before, after=asdict(good))


def end_vendor(database: Database, vendor_id: VendorId, by: UserId, on: date | None = None) -> None:
    """We buy there no longer; orders that are out stay to be received."""
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_CATALOGUE)
        the_vendor(session, vendor_id).ended_on = on or today()
        record(session, by, "end vendor", "vendor", vendor_id)


def set_offer(
    database: Database, vendor_id: VendorId, offer: NewOffer, by: UserId, version: int | None = None
) -> OfferId:
    """How the vendor sells the item from now on; a new price is added to the old ones.

    ``version`` is the one that was read, None when the person saw no offer. Stale when somebody else changed it since.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_CATALOGUE)
        return set_offers_in(session, vendor_id, [offer], by, {offer.item_id: version})[0]


def set_offers(database: Database, vendor_id: VendorId, offers: Iterable[NewOffer], by: UserId) -> list[OfferId]:
    """Many offers of a vendor as one deed, such as its price list; each replaces the one before."""
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_CATALOGUE)
        return set_offers_in(session, vendor_id, offers, by)


def set_offers_in(
    session: Session, vendor_id: VendorId, offers: Iterable[NewOffer], by: UserId,
    versions: Mapping[ItemId, int | None] | None = None,
) -> list[OfferId]:  # fmt: skip
    """Several offers of a vendor within a larger deed; without ``versions`` the newest is simply replaced."""
    vendor = the_vendor(session, vendor_id)
    chosen = list(offers)
    refuse_if(reason for offer in chosen for reason in _reasons_against(offer))
    wanted = {offer.item_id for offer in chosen}
    items = {item.id: item for item in session.scalars(select(Item).where(Item.id.in_(wanted)))}
    if len(items) < len(wanted):
        raise Refused("There is no such item.")
    known = {row.item_id: row for row in session.scalars(
        select(VendorOffer).where(VendorOffer.vendor_id == vendor_id, VendorOffer.item_id.in_(wanted)))}  # fmt: skip
    made = []
    before = [_terms(row) for row in known.values()]
    for offer in chosen:
        kept, item = known.get(offer.item_id), items[offer.item_id]
        here = None if kept is None or kept.ended_on is not None else kept.version
        if versions is not None and here is not None and versions.get(offer.item_id) is None:
            raise Refused(f"{vendor.name} sells {item.name} already. Select it in the list to change it.")
        if versions is not None and here != versions.get(offer.item_id):
            raise Stale(f"Somebody else changed how {vendor.name} sells {item.name}. Look at it again.")
        if kept is None:
            kept = VendorOffer(vendor_id=vendor_id, item_id=offer.item_id)
            session.add(kept)
        kept.number, kept.pack_name = offer.number.strip(), offer.pack_name.strip().lower() or "each"
        kept.pack_quantity, kept.least_packs, kept.ended_on = offer.pack_quantity, offer.least_packs, None
        if offer.preferred or item.vendor_id is None:
            item.vendor_id = vendor_id
        made.append(kept)
    session.flush()
    _add_prices(session, made, chosen, by)
    record(session, by, "set offer", "vendor", vendor_id, before={"offers": before} if before else {},
           after={"offers": [{"item": each.item_id, "number": each.number, "pack": each.pack_quantity,
                              "price": each.price} for each in chosen]})  # fmt: skip
    return [OfferId(row.id) for row in made]


def _terms(row: VendorOffer) -> dict[str, object]:
    return {"item": row.item_id, "number": row.number, "pack": row.pack_quantity, "least": row.least_packs}


def _add_prices(session: Session, made: list[VendorOffer], chosen: list[NewOffer], by: UserId) -> None:
    day = today()
    in_force = prices_on(session, [OfferId(row.id) for row in made], day)
    rows = []
    for row, offer in zip(made, chosen, strict=True):
        now = in_force.get(OfferId(row.id))
        starts_on = offer.starts_on or day
        is_known = now is not None and starts_on <= day and (now.price, now.contract) == (offer.price, offer.contract)
        if offer.price is not None and not is_known:
            rows.append({"offer_id": row.id, "price": offer.price, "contract": offer.contract.strip(),
                         "starts_on": starts_on, "recorded_at": now_utc(), "staff_id": by})  # fmt: skip
    if rows:
        session.execute(insert(VendorPrice), rows)


def end_offer(database: Database, offer_id: OfferId, by: UserId, on: date | None = None) -> None:
    """The vendor sells the item no longer; it stops being the preferred one."""
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_CATALOGUE)
        kept = session.get(VendorOffer, offer_id)
        if kept is None:
            raise Refused("There is no such offer. Look at the vendor again.")
        kept.ended_on = on or today()
        item = session.get_one(Item, kept.item_id)
        if item.vendor_id == kept.vendor_id:
            item.vendor_id = None
        record(session, by, "end offer", "vendor", kept.vendor_id, after={"item": kept.item_id})


def prefer(
    database: Database, item_id: ItemId, vendor_id: VendorId | None, by: UserId, *, was: VendorId | None
) -> None:
    """Order an item from this vendor, and no longer from the one that was shown; None for no preference."""
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_CATALOGUE)
        item = session.get(Item, item_id)
        if item is None:
            raise Refused("There is no such item.")
        refuse_if_changed(f"whom {item.name} is ordered from", was, item.vendor_id)
        if vendor_id is not None and the_vendor(session, vendor_id).ended_on is not None:
            raise Refused("This vendor was ended. Choose another one.")
        before, item.vendor_id = item.vendor_id, vendor_id
        record(session, by, "prefer vendor", "item", item_id, before={"vendor": before}, after={"vendor": vendor_id})


def prices_on(session: Session, offers: Iterable[OfferId], day: date) -> dict[OfferId, Price]:
    """The price of each offer in force on a day: the last that started, of one day's the last that was written."""
    wanted = (
        select(VendorPrice.offer_id, VendorPrice.price, VendorPrice.contract, VendorPrice.starts_on)
        .where(VendorPrice.offer_id.in_(list(offers)), VendorPrice.starts_on <= day)
        .order_by(VendorPrice.starts_on, VendorPrice.id)
    )
    return {OfferId(row.offer_id): Price(row.price, row.contract, row.starts_on) for row in session.execute(wanted)}


def the_vendor(session: Session, vendor_id: VendorId) -> Vendor:
    """The vendor, or Refused."""
    found = session.get(Vendor, vendor_id)
    if found is None:
        raise Refused("There is no such vendor. Choose one from the list.")
    return found


def _checked(vendor: NewVendor) -> NewVendor:
    reasons = []
    if not vendor.name.strip() or len(vendor.name) > 120:
        reasons.append("A vendor needs a name of at most 120 characters.")
    if not 0 <= vendor.lead_days <= LONGEST_LEAD:
        reasons.append(f"The lead time is from 0 to {LONGEST_LEAD} days.")
    if vendor.least_order < 0:
        reasons.append("The least order is not below zero.")
    refuse_if(reasons)
    texts = ("name", "account", "phone", "email", "contact", "address", "terms")
    return NewVendor(**{**asdict(vendor), **{name: getattr(vendor, name).strip() for name in texts}})


def _reasons_against(offer: NewOffer) -> list[str]:
    reasons = []
    if not 1 <= offer.pack_quantity <= 1_000_000:
        reasons.append(f"A {offer.pack_name or 'pack'} holds from 1 to 1,000,000 units.")
    if not 1 <= offer.least_packs <= 100_000:
        reasons.append("The least number of packs is from 1 to 100,000.")
    if offer.price is not None and offer.price < 0:
        reasons.append("A price is not below zero.")
    if len(offer.number) > 60 or len(offer.pack_name) > 20:
        reasons.append("A vendor's number has at most 60 characters and a pack's name 20.")
    return reasons
