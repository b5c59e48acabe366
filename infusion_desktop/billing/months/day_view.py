"""A patient's month as a calendar of therapies: which days are billed, at which rank, and why others are not."""

from dataclasses import dataclass
from datetime import date
from enum import Enum

from sqlalchemy.orm import Session

from infusion_desktop.billing.months.counting import EVERYTHING, count_month
from infusion_desktop.billing.months.scope import scope_of
from infusion_desktop.billing.rules.counted import MonthCounted
from infusion_desktop.billing.words import ClaimId, LineKind
from infusion_desktop.dates import Days, show_day
from infusion_desktop.patients.words import CoverageId, PatientId


class DayKind(Enum):
    """What a day of a therapy is in the count; the value is how it reads."""

    BILLED = "billed"
    HELD = "held back"
    LEFT_OUT = "not billed"


@dataclass(frozen=True, slots=True)
class DayCell:
    """A day of a therapy: ``mark`` is what it wears (SH) or "!" without a delivery behind it; ``why`` a sentence."""

    day: date
    kind: DayKind
    mark: str
    why: str


@dataclass(frozen=True, slots=True)
class TherapyDays:
    """A therapy's days in the month; days on which it did not run are not among them."""

    therapy_id: int
    name: str
    cells: tuple[DayCell, ...]

    @property
    def billed(self) -> int:
        """How many of its days are billed."""
        return sum(cell.kind is DayKind.BILLED for cell in self.cells)


@dataclass(frozen=True, slots=True)
class DayView:
    """The calendar of a patient's month as it counts now."""

    month: Days
    rows: tuple[TherapyDays, ...]


def day_view(
    session: Session, patient: PatientId, month: Days, claim: ClaimId | None = None, coverage: CoverageId | None = None
) -> DayView:
    """Count a patient's month (as if ``claim`` had taken nothing) day by day; Refused where it cannot be counted."""
    scope = EVERYTHING if claim is None else scope_of(session, claim)
    return view_of(count_month(session, patient, month, coverage, scope=scope), month)


def view_of(counted: MonthCounted, month: Days) -> DayView:
    """The days of a count, by therapy in the order of its lines."""
    cells: dict[int, dict[date, DayCell]] = {}
    names: dict[int, str] = {}
    for line in counted.lines:
        if line.kind is not LineKind.PER_DIEM or line.therapy_id is None:
            continue
        names.setdefault(line.therapy_id, line.description)
        worn = " ".join(line.modifiers)
        for unit in line.evidence:
            kind = DayKind.HELD if line.held else DayKind.BILLED
            told = f", rank {unit.rank}" if unit.rank else ""
            told += f", delivery {unit.delivery_number}" if unit.delivery_number else ", no delivery covers it"
            told += "" if unit.proven or not unit.delivery_number else " (no proof yet)"
            told += f"; held: {line.held}" if line.held else ""
            mark = worn if unit.delivery_number else "!"
            of_therapy = cells.setdefault(line.therapy_id, {})
            for day in unit.days:
                what = f"{show_day(day)}: {line.code} {worn}".rstrip()
                of_therapy[day] = DayCell(day, kind, mark, what + told)
    for out in counted.left_out:
        names.setdefault(out.therapy_id, out.therapy)
        for day in out.days:
            told = f"{show_day(day)}: {out.why}"
            cells.setdefault(out.therapy_id, {}).setdefault(day, DayCell(day, DayKind.LEFT_OUT, "", told))
    rows = (
        TherapyDays(therapy, names[therapy], tuple(days[day] for day in sorted(days)))
        for therapy, days in cells.items()
    )
    return DayView(month, tuple(rows))
