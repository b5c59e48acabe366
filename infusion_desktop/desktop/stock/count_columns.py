"""The columns of counts: the list, the blind sheet, the differences, the plans and their shelves."""

from infusion_desktop.dates import show_day, show_instant
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.money import show_money
from infusion_desktop.stock.counting.count_plans import PlanRow, Shelf
from infusion_desktop.stock.counting.count_queries import CountRow, SheetRow, Variance
from infusion_desktop.stock.words import CountState

_STATES = {
    CountState.OPEN: ("Counting", Tone.INFO),
    CountState.COUNTED: ("To approve", Tone.WARN),
    CountState.POSTED: ("Posted", Tone.GOOD),
    CountState.CANCELLED: ("Given up", Tone.NEUTRAL),
}


def state_of(row: CountRow) -> str:
    """How a count stands, in two words."""
    return "Count again" if row.again else _STATES[row.state][0]


def _tone_of(row: CountRow) -> Tone:
    return Tone.WARN if row.again else _STATES[row.state][1]


COUNT_COLUMNS: tuple[Column[CountRow], ...] = (
    Column("Number", lambda row: row.number),
    Column("Count", lambda row: row.title, stretch=True, hint=lambda row: row.title),
    Column("State", state_of, tone=_tone_of),
    Column("Counted", lambda row: f"{row.counted:,} of {row.lines:,}", sort_key=lambda row: row.counted, numeric=True),
    Column("Opened", lambda row: show_instant(row.opened_at), sort_key=lambda row: row.opened_at),
    Column("Opened by", lambda row: row.opened_by),
    Column("Approved by", lambda row: row.approved_by),
)
COUNT_CHIPS: tuple[Chip[CountRow], ...] = (
    Chip("Counting", lambda row: row.state is CountState.OPEN, "state"),
    Chip("To approve", lambda row: row.state is CountState.COUNTED, "state"),
    Chip("Posted", lambda row: row.state is CountState.POSTED, "state"),
)


def line_state(row: SheetRow) -> str:
    """What is to be done with a line of the sheet."""
    if row.counted is not None:
        return "Counted"
    return "Count again" if row.again else "To count"


SHEET_COLUMNS: tuple[Column[SheetRow], ...] = (
    Column("Place", lambda row: row.place),
    Column("Item", lambda row: row.item_name, stretch=True, hint=lambda row: f"{row.item_name} ({row.item_number})"),
    Column("Lot", lambda row: f"{row.lot} / {row.serial}" if row.serial else row.lot),
    Column("Expires", lambda row: show_day(row.expires_on), sort_key=lambda row: row.expires_on),
    Column(
        "Counted", lambda row: "" if row.counted is None else f"{row.counted:,}", sort_key=lambda row: row.counted,
        numeric=True, value=lambda row: row.counted,
    ),
    Column("Unit", lambda row: row.unit, hidden=True),
    Column(
        "State", line_state, tone=lambda row: {"Counted": Tone.GOOD, "Count again": Tone.WARN}.get(
            line_state(row), Tone.NEUTRAL),
        hint=lambda row: f"First counted by {row.first_by}" if row.first_by else "",
    ),
)  # fmt: skip
SHEET_CHIPS: tuple[Chip[SheetRow], ...] = (
    Chip("Not counted yet", lambda row: row.counted is None, "state"),
    Chip("Counted", lambda row: row.counted is not None, "state"),
)


def _signed(number: int) -> str:
    return f"{number:+,}" if number else "0"


VARIANCE_COLUMNS: tuple[Column[Variance], ...] = (
    Column("Place", lambda row: row.line.place),
    Column("Item", lambda row: row.line.item_name, stretch=True, hint=lambda row: row.line.item_name),
    Column("Lot", lambda row: row.line.lot),
    Column(
        "Expected", lambda row: f"{row.expected:,}", sort_key=lambda row: row.expected, numeric=True,
        value=lambda row: row.expected,
    ),
    Column(
        "First count", lambda row: "" if row.first is None else f"{row.first[0]:,} of {row.first[1]:,}", numeric=True,
        hint=lambda row: f"Counted again, because the first count by {row.line.first_by} differed"
        if row.line.first_by else "",
    ),
    Column(
        "Counted", lambda row: f"{row.line.counted or 0:,}", sort_key=lambda row: row.line.counted or 0, numeric=True,
        value=lambda row: row.line.counted,
    ),
    Column(
        "Difference", lambda row: _signed(row.difference), sort_key=lambda row: row.difference,
        tone=lambda row: None if not row.difference else Tone.WARN if row.difference > 0 else Tone.BAD,
        value=lambda row: row.difference,
    ),
    Column(
        "Value", lambda row: show_money(row.value), sort_key=lambda row: row.value, numeric=True,
        value=lambda row: row.value,
    ),
    Column("Counted by", lambda row: row.counted_by),
    Column("When", lambda row: show_instant(row.counted_at), sort_key=lambda row: row.counted_at, hidden=True),
)  # fmt: skip
VARIANCE_CHIPS: tuple[Chip[Variance], ...] = (
    Chip("Differences", lambda row: row.difference != 0),
    Chip("Counted twice", lambda row: row.first is not None),
)

PLAN_COLUMNS: tuple[Column[PlanRow], ...] = (
    Column("Plan", lambda row: row.plan.title, stretch=True),
    Column("Where", lambda row: row.place or "all places"),
    Column("A, B, C every", lambda row: f"{row.plan.a_days}, {row.plan.b_days}, {row.plan.c_days} days"),
    Column("Classed by", lambda row: " and ".join(
        name for name, yes in (("value", row.plan.by_value), ("risk", row.plan.by_risk)) if yes)),
    Column("Shelves A, B, C", lambda row: ", ".join(f"{number:,}" for _, number in row.by_class), numeric=True),
    Column(
        "Due", lambda row: f"{row.due:,} of {row.shelves:,}", sort_key=lambda row: row.due,
        tone=lambda row: Tone.BAD if row.overdue else Tone.WARN if row.due else Tone.GOOD,
        hint=lambda row: f"{row.overdue:,} since a week or longer" if row.overdue else "",
    ),
)  # fmt: skip

SHELF_COLUMNS: tuple[Column[Shelf], ...] = (
    Column("Place", lambda row: row.place),
    Column("Item", lambda row: row.item_name, stretch=True),
    Column("Class", lambda row: row.kind.value),
    Column("Lots", lambda row: f"{len(row.lots)}", sort_key=lambda row: len(row.lots), numeric=True),
    Column(
        "Last counted", lambda row: show_day(row.last_counted) or "never", sort_key=lambda row: row.last_counted,
        value=lambda row: row.last_counted,
    ),
    Column("Due", lambda row: show_day(row.due_on), sort_key=lambda row: row.due_on, value=lambda row: row.due_on),
    Column("", lambda row: "on a sheet" if row.is_on_sheet else ""),
)  # fmt: skip
