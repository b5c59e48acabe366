"""The lines of the bench: each lot in its bin and each pump, how much is done of it, and which comes next. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from infusion_desktop.dates import show_day
from infusion_desktop.deliveries.queries import BenchRow, EquipmentRow
from infusion_desktop.deliveries.screen_queries import BenchPage
from infusion_desktop.deliveries.words import DeliveryState
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.table import Column


@dataclass(frozen=True, slots=True)
class BenchLine:
    """One lot to take from one bin, or one pump or pole to scan. ``id`` tells the two apart."""

    id: tuple[str, int]
    turn: int
    place: str
    name: str
    number: str
    lot: str
    expires: str
    unit: str
    done: int
    wanted: int
    cold: bool
    note: str
    held: str = ""
    """Why its lot may not leave the house, "" when it may."""

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return self.done >= self.wanted

    @property
    def is_lot(self) -> bool:
        """Whether units are counted; otherwise a pump or pole is scanned."""
        return self.id[0] == "lot"

    @property
    def lot_line_id(self) -> int:
        """The id that the bench's deeds take."""
        return self.id[1]


def lines_of(kept: BenchPage) -> tuple[BenchLine, ...]:
    """Lots in walking order, then pumps and poles; ``done`` is picked while picking, verified afterwards."""
    picking = kept.page.row.state in (DeliveryState.DRAFT, DeliveryState.RELEASED)
    lots = [_lot(turn, row, picking) for turn, row in enumerate(kept.rows, 1)]
    things = [_thing(len(lots) + turn, row, picking) for turn, row in enumerate(kept.page.equipment, 1)]
    return (*lots, *things)


def _lot(turn: int, row: BenchRow, picking: bool) -> BenchLine:
    lot, line = row.lot, row.line
    notes = [line.change_reason, f"instead of {line.substitutes}" if line.substitutes else "", lot.held]
    return BenchLine(
        ("lot", lot.id),
        turn,
        row.place,
        line.item_name,
        line.item_number,
        lot.serial or lot.lot,
        show_day(lot.expires_on),
        line.unit,
        lot.picked if picking else lot.verified,
        lot.quantity,
        line.storage.is_cold,
        "; ".join(note for note in notes if note),
        lot.held,
    )


def _thing(turn: int, row: EquipmentRow, picking: bool) -> BenchLine:
    return BenchLine(
        ("equipment", row.id),
        turn,
        "Equipment",
        row.model or row.kind.capitalize(),
        row.tag,
        row.serial,
        "",
        "each",
        int(row.picked if picking else row.verified),
        1,
        False,
        "" if row.asset_id else "Scan a patient-ready one",
    )


def next_of(lines: Sequence[BenchLine]) -> BenchLine | None:
    """The first line in walking order that is not done, or None."""
    return next((line for line in lines if not line.is_done), None)


def held_in(lines: Sequence[BenchLine]) -> list[str]:
    """What lies in the kit and may not leave the house, a sentence a lot."""
    return [f"{line.name}, lot {line.lot}, is held: {line.held}. Step back to picking and take another lot."
            for line in lines if line.held]  # fmt: skip


def _progress(line: BenchLine) -> str:
    return "Held" if line.held else f"{line.done:,} of {line.wanted:,}"


def _tone(line: BenchLine) -> Tone:
    if line.held:
        return Tone.BAD
    if line.is_done:
        return Tone.GOOD
    return Tone.INFO if line.done else Tone.NEUTRAL


COLUMNS: tuple[Column[BenchLine], ...] = (
    Column("Bin", lambda line: line.place, sort_key=lambda line: line.turn),
    Column(
        "Item",
        lambda line: f"{line.name} (cold)" if line.cold else line.name,
        stretch=True,
        width=230,
        hint=lambda line: f"{line.name} {line.number} {line.note}".strip(),
    ),
    Column("Lot or serial", lambda line: line.lot),
    Column("Done", _progress, tone=_tone, sort_key=lambda line: line.done / line.wanted if line.wanted else 1.0),
    Column("Expires", lambda line: line.expires, hidden=True),
)
