"""What the demonstration buys: invented vendors with packs and prices, orders in every state, returns, substitutes."""

import random
from datetime import date, timedelta
from decimal import Decimal

from infusion_desktop.access.roles import UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.demonstration.cast import Cast
from infusion_desktop.demonstration.shelves import hash_of, noon
from infusion_desktop.demonstration.stocking import place_of
from infusion_desktop.money import to_cents
from infusion_desktop.stock.buying.purchase_orders import Wanted, draft_order, put_on_backorder, send_order
from infusion_desktop.stock.buying.purchase_queries import differences, order_page
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from infusion_desktop.stock.buying.vendor_returns import NewReturn, receive_credit, return_to_vendor
from infusion_desktop.stock.buying.vendors import NewOffer, NewVendor, add_vendor, set_offers
from infusion_desktop.stock.queries import ItemRow, item_page, item_rows
from infusion_desktop.stock.scarce.substitutes import NewSubstitute, set_substitute
from infusion_desktop.stock.words import Condition, ItemId, ItemKind, OrderId, VendorId

VENDORS = (
    NewVendor("Larkspur Medical Supply", "PHA-20418", "(503) 555-0140", "orders@larkspur.example", "Dana Whitlow",
              "4100 Foundry Road\nPortland, OR 97210", "Net 30", 3, Decimal("150.00")),
    NewVendor("Summit Specialty Drugs", "CHI-7702", "(800) 555-0155", "service@summit.example", "Order desk",
              "PO Box 5120\nBoise, ID 83705", "2 % 10 days, net 30", 2),
    NewVendor("Evergreen Infusion Products", "10-0093", "(206) 555-0172", "cs@evergreen.example", "Lou Abara",
              "88 Harbor Way\nSeattle, WA 98108", "Net 45", 7, Decimal("300.00")),
)  # fmt: skip
_DRUGS = (ItemKind.DRUG, ItemKind.DILUENT)
_SETS = (ItemKind.TUBING, ItemKind.CATHETER)
DEAR = Decimal(60)
"""Above this an item is bought by the vial, not by the case."""
_TENTH = Decimal("0.01")


def buy(database: Database, cast: Cast, last: date, pick: random.Random) -> None:
    """Three vendors with their price lists, and a month of buying that ends today."""
    by, technician = cast.administrator, cast.technicians[0]
    vendors = [add_vendor(database, vendor, by) for vendor in VENDORS]
    with database.reading() as session:
        items = [row for row in item_rows(session) if not row.kind.is_equipment and row.ended_on is None]
        packs = {row.id: page.item.packs for row in items if (page := item_page(session, row.id)) is not None}
    bought: dict[VendorId, list[ItemRow]] = {vendor: [] for vendor in vendors}
    offers: dict[VendorId, list[NewOffer]] = {vendor: [] for vendor in vendors}
    for row in items:
        chosen = vendors[1] if row.kind in _DRUGS else vendors[2] if row.kind in _SETS else vendors[0]
        most = 200 if row.unit_cost < DEAR else 10
        fitting = [pack for pack in packs[row.id] if pack.quantity <= most] or packs[row.id][:1]
        size = max(fitting, key=lambda pack: pack.quantity)
        rise = Decimal(pick.choice((100, 100, 100, 100, 97, 103, 112, 124))) / 100
        price = (row.unit_cost * size.quantity * rise).quantize(_TENTH)
        number = f"{VENDORS[vendors.index(chosen)].name[:2].upper()}-{hash_of(row.number) % 90_000 + 10_000}"
        contract = "GPO 4471" if hash_of(row.name) % 3 else ""
        since = last - timedelta(days=pick.randrange(3, 60))
        offers[chosen].append(NewOffer(
            row.id, number, size.name, size.quantity, price=price, contract=contract, starts_on=since, preferred=True,
        ))  # fmt: skip
        if row.par_level:
            bought[chosen].append(row)
    for vendor, listed in offers.items():
        set_offers(database, vendor, listed, by)
    _orders(database, vendors, bought, by, technician, last)
    _substitutes(database, items, by)


def _order(
    database: Database, vendor: VendorId, rows: list[ItemRow], by: UserId, sent: date | None, packs: int = 4
) -> OrderId:
    order = draft_order(database, vendor, [Wanted(row.id, packs, "weekly order") for row in rows], by)
    if sent is not None:
        with database.reading() as session:
            version = order_page(session, order, sent).row.version
        send_order(database, order, version, by, how="by e-mail", on=sent)
    return order


def _orders(
    database: Database, vendors: list[VendorId], bought: dict[VendorId, list[ItemRow]], by: UserId, technician: UserId,
    last: date,
) -> None:  # fmt: skip
    supplies, drugs, sets = (bought[vendor] for vendor in vendors)
    _come(database, _order(database, vendors[1], drugs[:6], by, last - timedelta(days=16)), technician,
          last - timedelta(days=14), last)  # fmt: skip
    dear = [row for row in supplies if row.kind is ItemKind.DRESSING and row.unit_cost > 2]
    part = _order(database, vendors[0], dear[:8], by, last - timedelta(days=9))
    _come(database, part, technician, last - timedelta(days=6), last, leave=3, damaged=3)
    with database.reading() as session:
        lines = order_page(session, part, last).lines
        waiting = differences(session, order_id=part)
    put_on_backorder(database, lines[-1].id, last + timedelta(days=24), "plant shut down for repair", by,
                     was=(None, ""))  # fmt: skip
    new = NewReturn(vendors[0], "crushed in transit", tuple(each.id for each in waiting[:1]), (), "RA-30117")
    back = return_to_vendor(database, new, by, on=last - timedelta(days=5))
    half = to_cents(waiting[0].quantity * waiting[0].unit_cost / 2)
    receive_credit(database, back, half, "CM-8812", last - timedelta(days=1), by)
    _order(database, vendors[2], sets[2:7], by, last - timedelta(days=12))  # Seven days' lead: late by now.
    _order(database, vendors[1], drugs[8:11], by, last - timedelta(days=1))
    _order(database, vendors[0], supplies[20:23], by, None, packs=2)


def _come(
    database: Database, order: OrderId, by: UserId, day: date, last: date, *, leave: int = 0, damaged: int = 0
) -> None:
    """This order's truck: the last ``leave`` lines are not on it, of the first ``damaged`` one pack is crushed."""
    with database.reading() as session:
        lines = order_page(session, order, last).lines
        rows = {row.id: row for row in item_rows(session)}
    places: dict[str, list[ReceiptLine]] = {}
    for number, line in enumerate(lines[: len(lines) - leave]):
        lot, until = f"P{order:02}{number}{line.item_number[-2:]}", last + timedelta(days=420 + 20 * number)
        boxes = places.setdefault(place_of(rows[line.item_id]), [])
        whole = ReceiptLine(line.item_id, line.quantity, None, lot, until, note="")
        if number < damaged:
            crushed = ReceiptLine(line.item_id, line.pack_quantity, None, lot, until, condition=Condition.DAMAGED,
                                  note="crushed in transit")  # fmt: skip
            boxes.append(crushed)
            whole = ReceiptLine(line.item_id, line.quantity - line.pack_quantity, None, lot, until)
        boxes.append(whole)
    for place, boxes in sorted(places.items()):
        receive(database, NewReceipt(tuple(boxes), place, f"PS-{order:04}", order_id=order), by, noon(day))


def _substitutes(database: Database, items: list[ItemRow], by: UserId) -> None:
    """Neighbours of one kind stand for each other; the second is tried after the first."""
    by_kind: dict[ItemKind, list[ItemId]] = {}
    for row in items:
        if row.kind in (ItemKind.FLUSH, ItemKind.DRESSING, ItemKind.ANTISEPTIC):
            by_kind.setdefault(row.kind, []).append(row.id)
    for group in by_kind.values():
        for at, item in enumerate(group[:6]):
            for rank, step in enumerate((1, 2), 1):
                set_substitute(database, NewSubstitute(item, group[(at + step) % len(group)], rank, rank, 1), by)
