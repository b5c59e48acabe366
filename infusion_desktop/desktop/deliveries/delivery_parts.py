"""The parts of a delivery's page: its lines with lots, its pumps, and who did what when."""

from infusion_desktop.dates import show_day, show_instant
from infusion_desktop.deliveries.queries import EquipmentRow, LineRow, StepRow
from infusion_desktop.deliveries.words import Step
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.table import Column

_STEP_TONES = {
    Step.DELIVER: Tone.GOOD,
    Step.REFUSE: Tone.BAD,
    Step.FAIL: Tone.WARN,
    Step.UNDO: Tone.WARN,
    Step.CANCEL: Tone.BAD,
}


def _lots(line: LineRow) -> str:
    return "; ".join(
        f"{lot.quantity:,} of {lot.serial or lot.lot or 'no lot'}"
        + (f" to {show_day(lot.expires_on)}" if lot.expires_on else "")
        + (f", {lot.came_back:,} {lot.outcome.value}" if lot.came_back and lot.outcome else "")
        for lot in line.lots
    )


def _why(line: LineRow) -> str:
    return f"{line.change_reason} (instead of: {line.why})" if line.change_reason else line.why


def _numeric(title: str, number: str, tone: bool = False) -> Column[LineRow]:
    def value(line: LineRow) -> int:
        return int(getattr(line, number))

    return Column(
        title,
        lambda line: f"{value(line):,}" if value(line) or not tone else "",
        sort_key=value,
        numeric=not tone,
        value=value,
        tone=(lambda line: Tone.WARN if value(line) else None) if tone else None,
    )


LINE_COLUMNS: tuple[Column[LineRow], ...] = (
    Column("Item", lambda line: line.item_name, stretch=True, hint=lambda line: line.item_number),
    _numeric("Needed", "needed"),
    _numeric("At home", "at_home"),
    Column("To send", lambda line: f"{line.to_send:,} {line.unit}", sort_key=lambda line: line.to_send, numeric=True,
           value=lambda line: line.to_send),
    _numeric("Short", "owed", tone=True),
    Column("Lots", _lots, stretch=True, hint=_lots),
    Column("Why", _why, stretch=True, hint=_why),
)  # fmt: skip
EQUIPMENT_COLUMNS: tuple[Column[EquipmentRow], ...] = (
    Column("Equipment", lambda row: row.model or row.kind.capitalize(), stretch=True),
    Column("Tag", lambda row: row.tag or "to be scanned",
           tone=lambda row: Tone.GOOD if row.asset_id else Tone.NEUTRAL),
    Column("Serial", lambda row: row.serial),
    Column("Checked", lambda row: show_day(row.checked_on)),
)  # fmt: skip
STEP_COLUMNS: tuple[Column[StepRow], ...] = (
    Column("Step", lambda row: row.step.value.capitalize(), tone=lambda row: _STEP_TONES.get(row.step)),
    Column("By", lambda row: row.by, stretch=True),
    Column("When", lambda row: show_instant(row.at), sort_key=lambda row: row.at),
    Column("Note", lambda row: row.note, stretch=True, hint=lambda row: row.note),
)
