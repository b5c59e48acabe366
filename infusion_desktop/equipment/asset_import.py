"""Taking a register of pumps and poles in: CSV or Excel, columns matched by name, every bad cell named, all or none."""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, read_day, show_day, today
from infusion_desktop.equipment.registering import NewAsset, register_in
from infusion_desktop.equipment.tables import Asset
from infusion_desktop.equipment.transition import do, the_asset
from infusion_desktop.equipment.words import AssetDeed
from infusion_desktop.errors import Refused
from infusion_desktop.money import read_amount
from infusion_desktop.stock.importing.table_files import Problem, read_headed_table
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import ItemId, ItemKind

MOST_PROBLEMS = 200

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
REQUIRED = ("model", "serial")
_READY = ("ready", "patient-ready", "patient ready", "available")
_WHOLE = re.compile(r"\d{1,7}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ImportedAsset:
    """A line of the file: what to register, and the day of its last check where it comes in as patient-ready."""

    line: int
    new: NewAsset
    model: str
    ready_since: date | None


@dataclass(frozen=True, slots=True)
class AssetPreview:
    """What a file would do, before anything is changed: the rows that are good, every problem, the lines as read."""

    headings: tuple[str, ...]
    mapping: dict[str, int]
    rows: tuple[ImportedAsset, ...]
    problems: tuple[Problem, ...]
    cells: dict[int, tuple[str, ...]]


def preview_assets(
    session: Session, content: bytes, name: str, mapping: Mapping[str, int] | None = None
) -> AssetPreview:
    """Read a file against the catalogue and the register, changing nothing. Refused when it is no table at all."""
    headings, table = read_headed_table(content, name)
    if not any(headings):
        raise Refused(f"{name} is empty. Its first line must name the columns, such as model, serial, tag.")
    chosen = dict(mapping) if mapping is not None else guess(headings)
    missing = [field for field in REQUIRED if field not in chosen]
    if missing:
        sentence = f"No column holds the {', '.join(missing)}. Match the columns, or name them in the first line."
        return AssetPreview(headings, chosen, (), (Problem(1, "", sentence),), {})
    reader = _Reader(session, headings, chosen)
    cells: dict[int, tuple[str, ...]] = {}
    for line, row in table:
        if any(cell.strip() for cell in row):
            cells[line] = tuple(row)
            reader.read(line, row)
        if len(reader.problems) > MOST_PROBLEMS:
            reader.problems = [*reader.problems[:MOST_PROBLEMS], Problem(line, "", "... and more. Mend these first.")]
            break
    if not cells:
        reader.problems.append(Problem(1, "", "There is no pump or pole below the first line."))
    return AssetPreview(headings, chosen, tuple(reader.rows), tuple(reader.problems), cells)


def import_assets(database: Database, preview: AssetPreview, by: UserId) -> int:
    """Register every row of a preview as one deed, or none; refused while it has problems."""
    if preview.problems or not preview.rows:
        raise Refused(*[str(each) for each in preview.problems[:20]] or ("There is nothing to import.",))
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


def error_file(preview: AssetPreview) -> bytes:
    """The lines that have a problem, as they came, with what is wrong in a last column: a CSV to mend and bring."""
    found: dict[int, list[str]] = {}
    for each in preview.problems:
        found.setdefault(each.line, []).append(f"{each.column}: {each.reason}" if each.column else each.reason)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*map(_harmless, preview.headings), "problem"])
    for line, reasons in sorted(found.items()):
        row = list(preview.cells.get(line, ()))[: len(preview.headings)]
        row += [""] * (len(preview.headings) - len(row))
        writer.writerow([*map(_harmless, row), _harmless("; ".join(reasons))])
    return out.getvalue().encode("utf-8-sig")


def guess(headings: tuple[str, ...]) -> dict[str, int]:
    """Which column holds which field, by the heading."""
    plain = [re.sub(r"[\s_./#-]+", " ", heading.casefold()).strip() for heading in headings]
    found: dict[str, int] = {}
    for field, names in FIELDS.items():
        place = next((plain.index(name) for name in names if name in plain), None)
        if place is not None and place not in found.values():
            found[field] = place
    return found


class _Reader:
    """Reads line after line, knowing the catalogue, the register and the lines before."""

    def __init__(self, session: Session, headings: tuple[str, ...], mapping: dict[str, int]) -> None:
        self.headings, self.mapping = headings, mapping
        self.rows: list[ImportedAsset] = []
        self.problems: list[Problem] = []
        kinds = (ItemKind.PUMP, ItemKind.POLE)
        items = session.execute(
            select(Item.id, Item.number, Item.name).where(Item.kind.in_(kinds), Item.ended_on.is_(None))
        ).all()
        self._models = {text.casefold(): (ItemId(row.id), row.name) for row in items for text in (row.name, row.number)}
        known = session.execute(select(Asset.item_id, Asset.serial, Asset.tag)).all()
        self._serials = {(row.item_id, row.serial): row.tag for row in known}
        self._tags = {row.tag: f"the register ({row.serial})" for row in known}

    def read(self, line: int, cells: list[str]) -> None:
        """One line: a row when all of it is good, problems otherwise."""
        if len(cells) > len(self.headings):
            self._wrong(line, "", f"{len(cells)} cells, but the first line names {len(self.headings)} columns.")
            return
        before = len(self.problems)
        values = {field: self._cell(cells, field) for field in FIELDS}
        model = self._models.get(values["model"].casefold())
        if model is None:
            named = f"“{values['model'][:40]}” is no pump or pole of the catalogue. Add the model there first."
            self._wrong(line, "model", named if values["model"] else "is empty.")
        serial, tag = values["serial"].upper(), values["tag"].upper()
        self._identity(line, model, serial, tag)
        facts: dict[str, Any] = {
            "cost": self._value(line, values, "cost", read_amount, Decimal(0)),
            "run_hours": self._value(line, values, "run_hours", _hours, 0),
            "acquired_on": self._value(line, values, "acquired_on", _day, None),
            "maintenance_due_on": self._value(line, values, "maintenance_due_on", _day, None),
        }
        checked_on = self._value(line, values, "checked_on", _day, None)
        ready = self._ready(line, values["state"], checked_on)
        if facts["acquired_on"] is not None and facts["acquired_on"] > today():
            self._wrong(line, "acquired_on", f"{show_day(facts['acquired_on'])} is in the future.")
        for field in ("tag", "owner", "firmware", "library"):
            if len(values[field]) > (20 if field == "tag" else 60):
                self._wrong(line, field, "is too long.")
        if len(self.problems) == before and model is not None:
            new = NewAsset(
                model[0], serial, tag, owner=values["owner"], firmware=values["firmware"], library=values["library"],
                **facts,
            )  # fmt: skip
            self.rows.append(ImportedAsset(line, new, model[1], checked_on if ready else None))

    def _identity(self, line: int, model: tuple[ItemId, str] | None, serial: str, tag: str) -> None:
        if not serial or len(serial) > 60:
            self._wrong(line, "serial", "needs 1 to 60 characters.")
        elif model is not None:
            taken = self._serials.get((model[0], serial))
            if taken is not None:
                self._wrong(line, "serial", f"“{serial[:40]}” of this model is in {taken} already.")
            self._serials[model[0], serial] = f"line {line}"
        if tag and tag in self._tags:
            self._wrong(line, "tag", f"“{tag[:20]}” is on another one, in {self._tags[tag]}.")
        elif tag:
            self._tags[tag] = f"line {line}"

    def _ready(self, line: int, state: str, checked_on: date | None) -> bool:
        plain = state.casefold()
        if plain in ("", "received", "new", "dirty", "returned"):
            return False
        if plain not in _READY:
            self._wrong(line, "state", f"“{state[:30]}” cannot be imported. Known are: received, patient-ready.")
            return False
        if checked_on is None or not 0 <= (today() - checked_on).days <= 366:
            self._wrong(line, "checked_on" if "checked_on" in self.mapping else "state",
                        "patient-ready needs the day of its last check, within a year.")  # fmt: skip
            return False
        return True

    def _value(self, line: int, values: Mapping[str, str], field: str, read: Any, default: Any) -> Any:
        if not values[field]:
            return default
        try:
            return read(values[field])
        except Refused as no:
            self._wrong(line, field, str(no))
            return default

    def _cell(self, cells: list[str], field: str) -> str:
        place = self.mapping.get(field, -1)
        return cells[place].strip() if 0 <= place < len(cells) else ""

    def _wrong(self, line: int, field: str, reason: str) -> None:
        place = self.mapping.get(field, -1)
        heading = self.headings[place] if 0 <= place < len(self.headings) else field
        self.problems.append(Problem(line, heading, reason))


def _day(text: str) -> date:
    return read_day(text.removesuffix(" 00:00:00"))


def _hours(text: str) -> int:
    if not _WHOLE.fullmatch(text.replace(",", "")):
        raise Refused(f"“{text[:20]}” is not a whole number of hours.")
    return int(text.replace(",", ""))


def _harmless(text: str) -> str:
    return f"'{text}" if text[:1] in tuple("=+-@\t\r\x00") and text[:1] else text
