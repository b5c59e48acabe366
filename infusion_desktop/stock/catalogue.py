"""The catalogue: adding, changing and ending items, and tying a scanned code to the right item."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.errors import Refused, Stale, refuse_if
from infusion_desktop.identifiers import read_ndc
from infusion_desktop.stock.scanning.scans import read_pack_code
from infusion_desktop.stock.tables import Item, ItemPack
from infusion_desktop.stock.words import BillingClass, Container, ItemId, ItemKind, PackId, Storage

NDC_UNITS = ("", "F2", "GR", "ME", "ML", "UN")
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Pack:
    """How an item is packed: its name ("each", "box"), the base units in it, and its GTIN or HIBC code, "" for none."""

    name: str
    quantity: int
    gtin: str = ""


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item as a person or a file describes it. Costs are dollars for one base unit."""

    number: str
    name: str
    kind: ItemKind
    manufacturer: str = ""
    base_unit: str = "each"
    lot_tracked: bool = True
    serial_tracked: bool = False
    storage: Storage = Storage.ROOM
    contains_latex: bool = False
    hazardous: bool = False
    billing_class: BillingClass = BillingClass.PER_DIEM_INCLUDED
    hcpcs: str = ""
    ndc: str = ""
    ndc_unit: str = ""
    ndc_quantity_per_unit: Decimal = Decimal(1)
    hcpcs_units_per_unit: Decimal = Decimal(1)
    unit_cost: Decimal = Decimal(0)
    par_level: int = 0
    reorder_point: int = 0
    packs: tuple[Pack, ...] = field(default_factory=tuple)
    max_level: int = 0
    """Never order above this, except what patients need; 0 for no limit."""
    container: Container = Container.AS_ITS_CODE
    """How a drug comes, where its code does not say it right."""


def checked(item: NewItem) -> NewItem:
    """The item in its kept spelling; Refused with every reason."""
    values: dict[str, Any] = {
        name: value.strip() if type(value) is str else value for name, value in _plain(item).items()
    }
    reasons: list[str] = []
    if not values["number"] or len(values["number"]) > 40:
        reasons.append("An item needs a number of at most 40 characters.")
    if not values["name"] or len(values["name"]) > LONGEST_NAME:
        reasons.append(f"An item needs a name of at most {LONGEST_NAME} characters.")
    if values["ndc"]:
        values["ndc"] = _read(read_ndc, values["ndc"], reasons)
    if values["ndc_unit"] not in NDC_UNITS:
        reasons.append("The NDC unit is F2, GR, ME, ML or UN.")
    if any(values[name] < 0 for name in ("unit_cost", "par_level", "reorder_point", "max_level")):
        reasons.append("Cost, par level, reorder point and maximum are not below zero.")
    if values["max_level"] and values["max_level"] < max(values["par_level"], values["reorder_point"]):
        reasons.append("The maximum is not below par level and reorder point; 0 means no maximum.")
    packs = _checked_packs(item.packs, reasons)
    refuse_if(reasons)
    return NewItem(**values, packs=packs)


def _plain(item: NewItem) -> dict[str, Any]:
    values = asdict(item)
    del values["packs"]
    return values


def _checked_packs(packs: Iterable[Pack], reasons: list[str]) -> tuple[Pack, ...]:
    good: list[Pack] = []
    for pack in packs:
        gtin = _read(read_pack_code, pack.gtin, reasons) if pack.gtin.strip() else ""
        if pack.quantity < 1:
            reasons.append(f"A {pack.name} holds at least one base unit.")
        good.append(Pack(pack.name.strip().lower() or "pack", pack.quantity, gtin))
    if not any(pack.quantity == 1 for pack in good):
        good.insert(0, Pack("each", 1))
    if len({pack.name for pack in good}) < len(good):
        reasons.append("Two packs of this item have the same name.")
    return tuple(good)


def _read(reader: Any, text: str, reasons: list[str]) -> str:
    try:
        return str(reader(text))
    except Refused as no:
        reasons += no.reasons
        return text


def add_item(database: Database, item: NewItem, by: UserId) -> ItemId:
    """A new item. Refused when its number or a GTIN belongs to another one."""
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_CATALOGUE)
        return add_items_in(session, [item], by)[0]


def add_items_in(session: Session, items: list[NewItem], by: UserId) -> list[ItemId]:
    """Several new items within one deed, all or none."""
    good = [checked(item) for item in items]
    known, used = taken(session, good)
    refuse_if((
        *(f"There is an item {number} already." for number in sorted(known)),
        *(f"{code_named(gtin)} belongs to item {number} already." for gtin, number in used),
    ))  # fmt: skip
    ids = session.scalars(insert(Item).returning(Item.id, sort_by_parameter_order=True), [_row(item) for item in good])
    made = [ItemId(each) for each in ids]
    packs = [
        {"item_id": item_id, "name": pack.name, "quantity": pack.quantity, "gtin": pack.gtin}
        for item_id, item in zip(made, good, strict=True)
        for pack in item.packs
    ]
    session.execute(insert(ItemPack), packs)
    numbers = [item.number for item in good]
    record(session, by, "add items", "item", made[0] if len(made) == 1 else None, after={"numbers": numbers})
    return made


def _row(item: NewItem) -> dict[str, Any]:
    return {**_plain(item), "version": 1}


def taken(session: Session, items: Iterable[NewItem]) -> tuple[set[str], list[tuple[str, str]]]:
    """The numbers that other items have already, and the GTINs, each with the number of its item."""
    chosen = list(items)
    numbers = {item.number for item in chosen}
    gtins = {pack.gtin for item in chosen for pack in item.packs if pack.gtin}
    used = session.execute(
        select(ItemPack.gtin, Item.number).join(Item).where(ItemPack.gtin.in_(gtins)).order_by(ItemPack.gtin)
    )
    return set(session.scalars(select(Item.number).where(Item.number.in_(numbers)))), [(row[0], row[1]) for row in used]


def change_item(database: Database, item_id: ItemId, item: NewItem, version: int, by: UserId) -> None:
    """Change an item's facts (its packs have deeds of their own). Stale when somebody else changed it since."""
    good = checked(item)
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_CATALOGUE)
        kept = _item(session, item_id)
        if kept.version != version:
            raise Stale(f"Somebody else changed item {kept.number} meanwhile. Look at it again before you save.")
        other = session.scalar(select(Item.id).where(Item.number == good.number, Item.id != item_id))
        if other is not None:
            raise Refused(f"There is another item {good.number} already.")
        before = {name: getattr(kept, name) for name in _plain(good)}
        for name, value in _plain(good).items():
            setattr(kept, name, value)
        record(session, by, "change item", "item", item_id, before=before, after=_plain(good))


def end_item(database: Database, item_id: ItemId, by: UserId, on: date | None = None) -> None:
    """An item is no longer bought or sent; what is there stays in the books."""
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_CATALOGUE)
        _item(session, item_id).ended_on = on or today()
        record(session, by, "end item", "item", item_id)


def code_named(code: str) -> str:
    """A pack's code with what it is: "GTIN 0061..." or "HIBC code A99..."."""
    return f"{'GTIN' if code.isdecimal() else 'HIBC code'} {code}"


def attach_code(database: Database, item_id: ItemId, typed: str, pack_name: str, quantity: int, by: UserId) -> PackId:
    """Tie a scanned code to a pack of an item: a known pack without one, or a new pack of ``quantity`` base units."""
    code = read_pack_code(typed)
    with database.transaction() as session:
        authorize(session, by, Permission.RECEIVE)
        item = _item(session, item_id, lock=True)
        other = session.scalar(select(Item.number).join(ItemPack).where(ItemPack.gtin == code))
        if other is not None:
            raise Refused(f"{code_named(code)} belongs to item {other} already.")
        name = pack_name.strip().lower() or "pack"
        pack = session.scalar(select(ItemPack).where(ItemPack.item_id == item_id, ItemPack.name == name))
        if pack is not None and (pack.gtin or pack.quantity != quantity):
            raise Refused(
                f"{item.name} has a {name} of {pack.quantity} already. Give this pack another name, such as “{name} 2”."
            )
        if quantity < 1:
            raise Refused("A pack holds at least one base unit.")
        if pack is None:
            pack = ItemPack(item_id=item_id, name=name, quantity=quantity)
            session.add(pack)
        pack.gtin = code
        session.flush()
        record(session, by, "attach code", "item", item_id, after={"code": code, "pack": name, "quantity": quantity})
        return PackId(pack.id)


def _item(session: Session, item_id: ItemId, *, lock: bool = False) -> Item:
    found = session.get(Item, item_id, with_for_update=lock or None)
    if found is None:
        raise Refused("There is no such item.")
    return found
