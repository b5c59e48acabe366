"""Which items may be sent instead of another: ranked, with how many stand for how many."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.errors import Refused, Stale, refuse_if, refuse_if_changed
from infusion_desktop.stock.purchase_tables import Substitute
from infusion_desktop.stock.scarce.shortage_rules import covers, substitute_units
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import ItemId


@dataclass(frozen=True, slots=True)
class NewSubstitute:
    """``gives`` units of the substitute stand for ``for_units`` of the item; rank 1 is tried first."""

    item_id: ItemId
    substitute_id: ItemId
    rank: int = 1
    gives: int = 1
    for_units: int = 1
    note: str = ""


@dataclass(frozen=True, slots=True)
class SubstituteRow:
    """A substitute with what is there of it."""

    id: int
    item_id: ItemId
    item_name: str
    substitute_id: ItemId
    number: str
    name: str
    unit: str
    contains_latex: bool
    rank: int
    gives: int
    for_units: int
    note: str
    available: int
    version: int

    @property
    def conversion(self) -> str:
        """As people say it: "2 for 1"."""
        return f"{self.gives} for {self.for_units}"

    @property
    def replaces(self) -> int:
        """Units of the item that what is there stands for."""
        return covers(self.available, self.gives, self.for_units)

    def units_for(self, units: int) -> int:
        """How many of it stand for so many units of the item."""
        return substitute_units(units, self.gives, self.for_units)


def set_substitute(database: Database, new: NewSubstitute, by: UserId, *, version: int | None = None) -> int:
    """Allow an item to be sent instead of another, or change its rank and conversion.

    ``version`` is the one that was read, None when the person saw no such substitute.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_CATALOGUE)
        _refuse_wrong(session, new)
        pair = (Substitute.item_id == new.item_id, Substitute.substitute_id == new.substitute_id)
        kept = session.scalar(select(Substitute).where(*pair))
        here = None if kept is None or kept.ended_on is not None else kept.version
        if here != version:
            raise Stale("Somebody else changed this substitute meanwhile. Look at it again before you save.")
        before = {} if kept is None else _facts(kept)
        if kept is None:
            kept = Substitute(item_id=new.item_id, substitute_id=new.substitute_id)
            session.add(kept)
        kept.rank, kept.gives, kept.for_units = new.rank, new.gives, new.for_units
        kept.note, kept.ended_on = new.note.strip(), None
        session.flush()
        record(session, by, "set substitute", "item", new.item_id, before=before, after=_facts(kept))
        return kept.id


def _facts(row: Substitute) -> dict[str, object]:
    ratio = f"{row.gives}:{row.for_units}"
    return {"substitute": row.substitute_id, "rank": row.rank, "ratio": ratio, "note": row.note, "ended": row.ended_on}


def end_substitute(database: Database, substitute: int, by: UserId, on: date | None = None) -> None:
    """It may not be sent instead any more."""
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_CATALOGUE)
        kept = session.get(Substitute, substitute)
        if kept is None:
            raise Refused("There is no such substitute. Look at the item again.")
        kept.ended_on = on or today()
        record(session, by, "end substitute", "item", kept.item_id, after={"substitute": kept.substitute_id})


def ration(database: Database, item_id: ItemId, why: str, by: UserId, *, was: str) -> None:
    """Share an item out by the priority of therapies from now on; "" lets it be taken as it comes again.

    ``was`` is the reason that was shown, "" where it was not rationed.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.RECALL)
        item = session.get(Item, item_id)
        if item is None:
            raise Refused("There is no such item.")
        refuse_if_changed(f"whether {item.name} is rationed", was, item.rationed)
        if not why.strip() and not item.rationed:
            raise Refused("Say why the item is shared out, such as “plant closed until May”.")
        before, item.rationed = item.rationed, why.strip()
        action = "ration" if why.strip() else "stop rationing"
        record(session, by, action, "item", item_id, before={"rationed": before}, after={"rationed": item.rationed})


def _refuse_wrong(session: Session, new: NewSubstitute) -> None:
    reasons = []
    if new.item_id == new.substitute_id:
        reasons.append("An item cannot replace itself. Choose another one.")
    if not 1 <= new.rank <= 99:
        reasons.append("The rank is from 1 (tried first) to 99.")
    if not (1 <= new.gives <= 10_000 and 1 <= new.for_units <= 10_000):
        reasons.append("The conversion is whole numbers from 1, such as 2 for 1.")
    rows = {item.id: item for item in session.scalars(
        select(Item).where(Item.id.in_((new.item_id, new.substitute_id))))}  # fmt: skip
    item, other = rows.get(new.item_id), rows.get(new.substitute_id)
    if item is None or other is None:
        reasons.append("There is no such item. Choose it again.")
    elif item.kind.is_equipment or other.kind.is_equipment:
        reasons.append("Pumps and poles are swapped in the equipment register.")
    elif other.ended_on is not None:
        reasons.append(f"{other.name} was ended. Choose another item.")
    refuse_if(reasons)


def substitutes(
    session: Session, free: dict[ItemId, int], items: Iterable[ItemId] | None = None
) -> dict[ItemId, tuple[SubstituteRow, ...]]:
    """The substitutes of each item in the order they are tried; ``free`` says what may be sent of each item."""
    item, other = aliased(Item), aliased(Item)
    query = (
        select(Substitute, item.name, other)
        .join(item, item.id == Substitute.item_id)
        .join(other, other.id == Substitute.substitute_id)
        .where(Substitute.ended_on.is_(None), other.ended_on.is_(None))
        .order_by(Substitute.rank, other.name)
    )
    if items is not None:
        query = query.where(Substitute.item_id.in_(list(items)))
    found: dict[ItemId, list[SubstituteRow]] = defaultdict(list)
    for row, name, instead in session.execute(query):
        found[ItemId(row.item_id)].append(SubstituteRow(
            row.id, ItemId(row.item_id), name, ItemId(instead.id), instead.number, instead.name, instead.base_unit,
            instead.contains_latex, row.rank, row.gives, row.for_units, row.note, free.get(ItemId(instead.id), 0),
            row.version,
        ))  # fmt: skip
    return {each: tuple(rows) for each, rows in found.items()}
