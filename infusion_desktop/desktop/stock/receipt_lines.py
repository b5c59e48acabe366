"""The lines of a receipt while boxes are scanned: same box again counts up, a second code completes the last line."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from infusion_desktop.equipment.registering import NewAsset
from infusion_desktop.errors import Refused
from infusion_desktop.stock.buying.receiving import ReceiptLine, Recognised
from infusion_desktop.stock.scanning.scan_values import Scan, ScanKind
from infusion_desktop.stock.words import Condition, ItemId, PackId


@dataclass(frozen=True, slots=True)
class Line:
    """So many packs of one item with one lot, as the label says so far."""

    id: int
    item_id: ItemId
    item_number: str
    item_name: str
    pack_id: PackId | None
    pack_name: str
    pack_quantity: int
    is_equipment: bool
    lot_tracked: bool
    serial_tracked: bool
    packs: int = 1
    lot: str = ""
    expires_on: date | None = None
    serial: str = ""
    notes: tuple[str, ...] = ()
    condition: Condition = Condition.GOOD
    note: str = ""
    link: str = ""
    """HIBC: the check character that the second code must repeat."""

    @property
    def units(self) -> int:
        return self.packs * self.pack_quantity

    @property
    def needs_serial(self) -> bool:
        return self.serial_tracked or self.is_equipment

    @property
    def missing(self) -> tuple[str, ...]:
        """What must still be scanned or typed."""
        found: list[str] = []
        if self.condition is Condition.MISSING:
            return ()
        if self.lot_tracked and not self.is_equipment and not self.lot:
            found.append("lot")
        if self.needs_serial and not self.serial:
            found.append("serial number")
        return tuple(found)

    def same_box(self, other: "Line") -> bool:
        """Whether both describe the same goods, so that one line with a higher count tells it all."""
        return (self.item_id, self.pack_id, self.lot, self.expires_on, self.serial, self.condition) == (
            other.item_id, other.pack_id, other.lot, other.expires_on, other.serial, other.condition,
        )  # fmt: skip


def is_second_code(scan: Scan) -> bool:
    """Whether a label's second code was scanned: lot, expiry or serial number without the item."""
    return scan.kind is ScanKind.PRODUCT and not scan.gtin14 and not scan.code


class ReceiptLines:
    """The lines so far, each change undone one by one."""

    def __init__(self) -> None:
        self.lines: tuple[Line, ...] = ()
        self.latest: int | None = None
        """The line that the last scan made or changed."""
        self._before: list[tuple[tuple[Line, ...], int | None]] = []
        self._edited: int | None = None
        """The line a person is correcting: its keystrokes are one step to undo."""
        self._next = 1

    @property
    def can_undo(self) -> bool:
        return bool(self._before)

    def line(self, line_id: int | None) -> Line | None:
        """The line with this id, or None."""
        return next((line for line in self.lines if line.id == line_id), None)

    def add(self, known: Recognised, packs: int = 1) -> Line:
        """A box was scanned: a new line, or one more on the line that says the same. Refused for a serial twice."""
        if known.item_id is None:
            raise Refused("No item has this code yet.")
        scan = known.scan
        # The last note says how many units such a pack holds; the line shows that already.
        notes = known.notes[:-1] if known.pack_quantity > 1 else known.notes
        line = Line(
            self._next, known.item_id, known.item_number, known.item_name, known.pack_id, known.pack_name,
            known.pack_quantity, known.is_equipment, known.lot_tracked, known.serial_tracked, packs, scan.lot or "",
            scan.expires_on or known.known_expiry, (scan.serial or "").upper(), notes, link=scan.link,
        )  # fmt: skip
        if not line.needs_serial:  # Its lot is enough; a serial number would keep equal boxes on separate lines.
            line = replace(line, serial="")
        self._refuse_serial_twice(line)
        return self._put(line)

    def complete(self, scan: Scan) -> Line:
        """The second code of the last box: fills what is blank there, and never overwrites what is known."""
        last = self.line(self.latest)
        if last is None:
            raise Refused("This code holds only lot and expiry. Scan the code with the item's number first.")
        if last.link and scan.link and last.link != scan.link:
            raise Refused(f"This is the second code of another label, not of {last.item_name}. Scan both of one box.")
        facts: tuple[tuple[str, Any, Any], ...] = (
            ("lot", last.lot, scan.lot),
            ("expiry", last.expires_on, scan.expires_on),
            ("serial number", last.serial, (scan.serial or "").upper()),
        )
        for name, kept, scanned in facts:
            if kept and scanned and kept != scanned:
                raise Refused(f"The last line has another {name}. Scan the item's first code, then this one.")
        fuller = replace(
            last, lot=last.lot or scan.lot or "", expires_on=last.expires_on or scan.expires_on,
            serial=last.serial or ((scan.serial or "").upper() if last.needs_serial else ""),
        )  # fmt: skip
        if fuller == last:
            return last
        self._refuse_serial_twice(fuller)
        return self._change(fuller, merge=True)

    def edit(self, line: Line) -> Line:
        """A person corrected a line; what is typed into one line in a row is one step to undo."""
        is_same = self._edited == line.id
        self._change(line, merge=False)
        if is_same:
            self._before.pop()
        self._edited = line.id
        return line

    def set_aside(self, line_id: int) -> Line | None:
        """One pack of a line is not good: it gets a line of its own (the whole line, where it is the only pack)."""
        line = self.line(line_id)
        if line is None or line.is_equipment:
            return None
        self._remember()
        if line.packs == 1:
            aside = replace(line, condition=Condition.DAMAGED)
            self.lines = tuple(aside if each.id == line_id else each for each in self.lines)
        else:
            aside = replace(line, id=self._next, packs=1, condition=Condition.DAMAGED)
            self._next += 1
            fewer = replace(line, packs=line.packs - 1)
            self.lines = (*(fewer if each.id == line_id else each for each in self.lines), aside)
        self.latest = aside.id
        return aside

    def units_of(self, item_id: ItemId) -> int:
        """Good units of an item on the list so far."""
        return sum(line.units for line in self.lines if line.item_id == item_id and line.condition is Condition.GOOD)

    def remove(self, line_id: int) -> None:
        """Take a line off the receipt."""
        self._remember()
        self.lines = tuple(line for line in self.lines if line.id != line_id)
        if self.latest == line_id:
            self.latest = None

    def undo(self) -> None:
        """Take back the last change."""
        if self._before:
            self.lines, self.latest = self._before.pop()
            self._edited = None

    def received(self, saved: tuple[Line, ...]) -> None:
        """These lines are in stock; boxes scanned meanwhile stay for the next receipt."""
        counts = {line.id: line.packs for line in saved}
        rest = [(line, line.packs - counts.get(line.id, 0)) for line in self.lines]
        self.lines = tuple(replace(line, packs=packs) for line, packs in rest if packs > 0)
        self.latest = self.lines[-1].id if self.lines else None
        self._before, self._edited = [], None

    def receipt_lines(self) -> tuple[ReceiptLine, ...]:
        """The supplies, as receiving takes them."""
        return tuple(
            ReceiptLine(
                line.item_id,
                line.packs,
                line.pack_id,
                line.lot,
                line.expires_on,
                line.serial,
                condition=line.condition,
                note=line.note,
            )
            for line in self.lines
            if not line.is_equipment
        )

    def new_assets(self) -> tuple[NewAsset, ...]:
        """The pumps and poles, as the register takes them."""
        return tuple(NewAsset(line.item_id, line.serial) for line in self.lines if line.is_equipment)

    def number_of(self, line: Line) -> str:
        """The number by which a refusal names a line: supplies are counted, equipment is named by its serial."""
        supplies = [each.id for each in self.lines if not each.is_equipment]
        return str(supplies.index(line.id) + 1) if line.id in supplies else "–"

    def _put(self, line: Line) -> Line:
        same = self._first(lambda each: each.same_box(line) and not (line.needs_serial and line.serial))
        if same is not None and not (line.needs_serial and not line.serial):
            return self._change(replace(same, packs=same.packs + line.packs, notes=line.notes), merge=False)
        self._remember()
        self._next += 1
        self.lines = (*self.lines, line)
        self.latest = line.id
        return line

    def _change(self, line: Line, *, merge: bool) -> Line:
        self._remember()
        twin = self._first(lambda each: each.id != line.id and each.same_box(line)) if merge else None
        if twin is not None and not line.serial:
            line = replace(twin, packs=twin.packs + line.packs)
            gone = self.latest
            self.lines = tuple(each for each in self.lines if each.id != gone)
        self.lines = tuple(line if each.id == line.id else each for each in self.lines)
        self.latest = line.id
        return line

    def _first(self, fits: Callable[[Line], bool]) -> Line | None:
        return next((line for line in self.lines if fits(line)), None)

    def _refuse_serial_twice(self, line: Line) -> None:
        twin = self._first(
            lambda each: bool(line.serial) and (each.item_id, each.serial) == (line.item_id, line.serial)
            and each.id != line.id
        )  # fmt: skip
        if twin is not None:
            raise Refused(f"Serial number {line.serial} of {line.item_name} is on the list already.")

    def _remember(self) -> None:
        self._before.append((self.lines, self.latest))
        self._edited = None
