"""The columns of a catalogue file that say who sells an item, in which pack and at which price."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.roles import UserId
from infusion_desktop.errors import Refused
from infusion_desktop.stock.buying.vendors import NewOffer, NewVendor, add_vendor_in, set_offers_in
from infusion_desktop.stock.catalogue import NewItem
from infusion_desktop.stock.importing.table_preview import Line
from infusion_desktop.stock.tables import Vendor
from infusion_desktop.stock.words import ItemId, VendorId

FIELDS: dict[str, tuple[str, ...]] = {
    "vendor": ("vendor", "supplier", "preferred vendor", "vendor name"),
    "vendor_number": ("vendor number", "vendor item number", "supplier item number", "order number"),
    "vendor_pack": ("vendor pack", "sold in", "order unit"),
    "vendor_pack_quantity": ("vendor pack quantity", "units in order unit", "order quantity"),
    "vendor_price": ("vendor price", "contract price", "pack price"),
    "contract": ("contract", "contract number"),
}
_PRICE = re.compile(r"\d{1,8}(\.\d{1,4})?", re.ASCII)
_WHOLE = re.compile(r"\d{1,7}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ImportedOffer:
    """Who sells an item of the file, and how."""

    vendor: str
    number: str
    pack_name: str
    pack_quantity: int
    price: Decimal | None
    contract: str


def read_offer(line: Line, item: NewItem) -> ImportedOffer | None:
    """The vendor's columns of a line; None where they are empty. What is wrong is said on the line."""
    vendor = line.text("vendor")
    if not vendor:
        if any(line.text(field) for field in FIELDS):
            line.wrong("vendor", "is empty, but other columns say how a vendor sells it.")
        return None
    if len(vendor) > 120:
        line.wrong("vendor", "has more than 120 characters.")
    price, size = line.text("vendor_price").removeprefix("$").replace(",", ""), line.text("vendor_pack_quantity")
    if price and not _PRICE.fullmatch(price):
        line.wrong("vendor_price", f"“{price[:20]}” is not a price such as 24.50 (at most four places).")
        price = ""
    if size and (not _WHOLE.fullmatch(size) or not int(size)):
        line.wrong("vendor_pack_quantity", f"“{size[:20]}” is not a whole number above zero.")
        size = ""
    name = line.text("vendor_pack").lower()
    named = next((pack for pack in item.packs if pack.name == name), None)
    if name and not size and named is None and name != item.base_unit:
        line.wrong("vendor_pack", f"“{name[:20]}” is no pack of this item; say how many units are in it.")
    quantity = int(size) if size else 1 if named is None else named.quantity
    known = next((pack.name for pack in item.packs if pack.quantity == quantity), "pack")
    cost = Decimal(price) if price else None
    return ImportedOffer(vendor, line.text("vendor_number"), name or known, quantity, cost, line.text("contract"))


def import_offers(
    session: Session, items: Sequence[tuple[ItemId, ImportedOffer | None]], by: UserId
) -> tuple[str, ...]:
    """Keep who sells the new items; vendors that are not known yet are added, by name. Gives the added ones."""
    by_vendor: dict[str, list[NewOffer]] = {}
    for item_id, offer in items:
        if offer is not None:
            by_vendor.setdefault(offer.vendor, []).append(NewOffer(
                item_id, offer.number, offer.pack_name, offer.pack_quantity, price=offer.price, contract=offer.contract,
                preferred=True,
            ))  # fmt: skip
    known = {row.name.casefold(): row for row in session.execute(select(Vendor.id, Vendor.name, Vendor.ended_on))}
    added = []
    for name, offers in by_vendor.items():
        row = known.get(name.casefold())
        if row is not None and row.ended_on is not None:
            raise Refused(f"{row.name} was ended. Give these items another vendor, or leave the column empty.")
        vendor = VendorId(row.id) if row is not None else add_vendor_in(session, NewVendor(name), by)
        if row is None:
            added.append(name)
        set_offers_in(session, vendor, offers, by)
    return tuple(added)
