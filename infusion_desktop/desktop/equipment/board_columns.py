"""What the board shows of each pump and pole, and the chips that narrow it."""

from collections.abc import Callable
from datetime import date, timedelta

from infusion_desktop.dates import show_day
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.equipment.deeds import tone_of
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.equipment.queries import AssetRow
from infusion_desktop.equipment.words import AssetState

S = AssetState
DUE_DAYS = 14
Day = Callable[[], date]


def is_due(row: AssetRow, day: date) -> bool:
    """Whether maintenance is due within two weeks, or by its hours."""
    by_day = row.maintenance_due_on is not None and row.maintenance_due_on <= day + timedelta(days=DUE_DAYS)
    by_hours = row.hours_left is not None and row.hours_left <= 0
    return by_day or by_hours or row.maintenance_owed


def maintenance_tone(row: AssetRow, day: date) -> Tone | None:
    """Red when maintenance is overdue, a warning when it is near."""
    if not is_due(row, day):
        return None
    over = (row.maintenance_due_on is not None and row.maintenance_due_on <= day) or row.maintenance_owed
    return Tone.BAD if over or (row.hours_left is not None and row.hours_left <= 0) else Tone.WARN


def board_columns(day: Day) -> tuple[Column[AssetRow], ...]:
    """The columns; ``day`` gives the day the board is of."""
    return (
        Column("Tag", lambda row: row.tag),
        Column(
            "State", lambda row: row.state.value.capitalize(), tone=lambda row: tone_of(row.state),
            hint=lambda row: row.why_not or "Ready for a patient.",
        ),
        Column("Item", lambda row: row.item_name, stretch=True, hint=lambda row: row.item_name),
        Column("Serial", lambda row: row.serial),
        Column(
            "PM due", lambda row: show_day(row.maintenance_due_on), sort_key=lambda row: row.maintenance_due_on,
            tone=lambda row: maintenance_tone(row, day()), value=lambda row: row.maintenance_due_on,
        ),
        Column("Where", lambda row: row.place, hint=lambda row: row.place, hidden=True),
        Column(
            "Kept from", lambda row: show_day(row.booked_from), sort_key=lambda row: row.booked_from,
            value=lambda row: row.booked_from, hidden=True,
        ),
        Column("Why not ready", lambda row: row.why_not, hint=lambda row: row.why_not, hidden=True),
        Column("Back by", lambda row: show_day(row.due_back_on), sort_key=lambda row: row.due_back_on, hidden=True),
        Column("For", lambda row: row.document, hidden=True),
        Column(
            "Hours left", lambda row: "" if row.hours_left is None else f"{row.hours_left:,}",
            sort_key=lambda row: row.hours_left, numeric=True, value=lambda row: row.hours_left, hidden=True,
        ),
        Column("Software", lambda row: row.firmware, hidden=True),
        Column("Drug library", lambda row: row.library, hidden=True),
        Column("Owner", lambda row: row.owner or "ours", hidden=True),
        Column("Fault", lambda row: row.fault, hint=lambda row: row.fault, hidden=True),
        Column("Lacks", lambda row: row.lacks, hint=lambda row: row.lacks, hidden=True),
    )  # fmt: skip


def board_chips(day: Day) -> tuple[Chip[AssetRow], ...]:
    """The chips; those of the first group say where in its round a pump is."""
    return (
        Chip("Ready", lambda row: row.is_ready, "state"),
        Chip("Clean", lambda row: row.state in (S.RECEIVED, S.RETURNED), "state"),
        Chip("Check", lambda row: row.state in (S.CLEANED, S.CHECKING), "state"),
        Chip("Out", lambda row: row.state in (S.RESERVED, S.IN_TRANSIT, S.WITH_PATIENT, S.DUE_BACK), "state"),
        Chip("Aside", lambda row: row.state in (S.QUARANTINED, S.MAINTENANCE, S.REPAIR, S.LOST), "state"),
        Chip("PM due", lambda row: is_due(row, day()), "due"),
        Chip("Software", lambda row: row.is_behind, "due"),
    )
