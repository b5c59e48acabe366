"""Taking a register of pumps and poles in: CSV or Excel, columns matched by name, every bad cell named, all or none."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, show_day, today
from infusion_desktop.equipment.registering import NewAsset, register_in
from infusion_desktop.equipment.tables import Asset
from infusion_desktop.equipment.transition import do, the_asset
from infusion_desktop.equipment.words import AssetDeed
from infusion_desktop.errors import Refused
from infusion_desktop.money import read_amount
from infusion_desktop.stock.importing.table_preview import Form, Line, Preview, look_at, read_cell_day
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import ItemId, ItemKind

FIELDS: dict[str, tuple[str, ...]] = {
    "model": ("model", "item", "item number", "item no", "catalog number", "product"),
    "serial": ("serial", "serial number", "serial no", "s n", "sn"),
    "tag": ("tag", "asset tag", "asset number", "asset", "our number"),
    "owner": ("owner", "vendor", "rented from"),
    "cost": ("cost", "price", "purchase price", "unit cost"),
    "firmware": ("firmware", "software", "software version"),
    "library": ("library", "drug library", "library version"),
    "run_hours": ("run hours", "hours", "hour meter"),
    "acquired_on": ("acquired on", "acquired", "purchase date", "purchased"),
    "maintenance_due_on": ("maintenance due on", "maintenance due", "pm due", "next pm"),
    "checked_on": ("checked on", "last check", "function check", "last checked"),
    "state": ("state", "status"),
}
"""What can be imported, and the headings that are understood as it without asking."""
FORM = Form("pump or pole", FIELDS, (("model",), ("serial",)))
_READY = ("ready", "patient-ready", "patient ready", "available")
_WHOLE = re.compile(r"\d{1,7}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ImportedAsset:
    """A line of the file: what to register, and the day of its last check where it comes in as patient-ready."""

    line: int
    new: NewAsset
    model: str
    ready_since: date | None


def preview_assets(
    session: Session, content: bytes, name: str, mapping: Mapping[str, int] | None = None
) -> Preview[ImportedAsset]:
    """Read a file against the catalogue and the register, changing nothing. Refused when it is no table at all."""
    return look_at(FORM, content, name, _Reader(session).read, mapping)


def import_assets(database: Database, preview: Preview[ImportedAsset], by: UserId) -> int:
    """Register every row of a preview as one deed, or none; refused while it has problems."""
    preview.refuse_problems()
    with database.transaction() as session:
        authorize(session, by, Permission.REGISTER_EQUIPMENT)
        shelf = place_id(session, "MAIN")
        for row in preview.rows:
            asset_id = register_in(session, row.new, by)
            if row.ready_since is not None:
                authorize(session, by, Permission.CARE_FOR_EQUIPMENT)
                at = datetime(row.ready_since.year, row.ready_since.month, row.ready_since.day, 12).astimezone()
                asset = the_asset(session, asset_id)
                note = "taken over from the earlier register"
                do(session, asset, AssetDeed.CLEAN, by, at=at, note=note, clean=True)
                do(session, asset, AssetDeed.PASS_CHECK, by, at=at, note=note, checked_on=row.ready_since, to_id=shelf)
        record(session, by, "import", "asset", after={"rows": len(preview.rows), "at": now_utc()})
        return len(preview.rows)


class _Reader:
    """Reads line after line, knowing the catalogue, the register and the lines before."""

    def __init__(self, session: Session) -> None:
        kinds = (ItemKind.PUMP, ItemKind.POLE)
        items = session.execute(
            select(Item.id, Item.number, Item.name).where(Item.kind.in_(kinds), Item.ended_on.is_(None))
        ).all()
        self._models = {text.casefold(): (ItemId(row.id), row.name) for row in items for text in (row.name, row.number)}
        known = session.execute(select(Asset.item_id, Asset.serial, Asset.tag)).all()
        self._serials = {(row.item_id, row.serial): row.tag for row in known}
        self._tags = {row.tag: f"the register ({row.serial})" for row in known}

    def read(self, line: Line) -> ImportedAsset | None:
        """One line: a row when all of it is good, problems otherwise."""
        named = line.text("model")
        model = self._models.get(named.casefold())
        if model is None:
            unknown = f"“{named[:40]}” is no pump or pole of the catalogue. Add the model there first."
            line.wrong("model", unknown if named else "is empty.")
        serial, tag = line.text("serial").upper(), line.text("tag").upper()
        self._identity(line, model, serial, tag)
        acquired_on = line.value("acquired_on", read_cell_day, None)
        if acquired_on is not None and acquired_on > today():
            line.wrong("acquired_on", f"{show_day(acquired_on)} is in the future.")
        checked_on = line.value("checked_on", read_cell_day, None)
        is_ready = self._is_ready(line, checked_on)
        for field in ("tag", "owner", "firmware", "library"):
            if len(line.text(field)) > (20 if field == "tag" else 60):
                line.wrong(field, "is too long.")
        cost, hours = line.value("cost", read_amount, Decimal(0)), line.value("run_hours", _hours, 0)
        due_on = line.value("maintenance_due_on", read_cell_day, None)
        if model is None:
            return None
        new = NewAsset(
            model[0], serial, tag, owner=line.text("owner"), firmware=line.text("firmware"),
            library=line.text("library"), cost=cost, run_hours=hours, acquired_on=acquired_on,
            maintenance_due_on=due_on,
        )  # fmt: skip
        return ImportedAsset(line.number, new, model[1], checked_on if is_ready else None)

    def _identity(self, line: Line, model: tuple[ItemId, str] | None, serial: str, tag: str) -> None:
        if not serial or len(serial) > 60:
            line.wrong("serial", "needs 1 to 60 characters.")
        elif model is not None:
            taken = self._serials.get((model[0], serial))
            if taken is not None:
                line.wrong("serial", f"“{serial[:40]}” of this model is in {taken} already.")
            self._serials[model[0], serial] = f"line {line.number}"
        if tag and tag in self._tags:
            line.wrong("tag", f"“{tag[:20]}” is on another one, in {self._tags[tag]}.")
        elif tag:
            self._tags[tag] = f"line {line.number}"

    def _is_ready(self, line: Line, checked_on: date | None) -> bool:
        state = line.text("state")
        plain = state.casefold()
        if plain in ("", "received", "new", "dirty", "returned"):
            return False
        if plain not in _READY:
            line.wrong("state", f"“{state[:30]}” cannot be imported. Known are: received, patient-ready.")
            return False
        if checked_on is None or not 0 <= (today() - checked_on).days <= 366:
            at = "checked_on" if "checked_on" in line.mapping else "state"
            line.wrong(at, "patient-ready needs the day of its last check, within a year.")
            return False
        return True


def _hours(text: str) -> int:
    if not _WHOLE.fullmatch(text.replace(",", "")):
        raise Refused(f"“{text[:20]}” is not a whole number of hours.")
    return int(text.replace(",", ""))
