"""The lists on a patient's page: what each shows of a row."""

from infusion_desktop.dates import show_day, show_days, today
from infusion_desktop.deliveries.follow_ups import FollowUpRow
from infusion_desktop.deliveries.home_counts import AtHome
from infusion_desktop.deliveries.queries import DeliveryRow
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.patients.order_deeds import order_in_words
from infusion_desktop.desktop.patients.person_deeds import covers_in_words
from infusion_desktop.desktop.table import Column
from infusion_desktop.equipment.queries import AssetRow
from infusion_desktop.patients.labs import LabRow
from infusion_desktop.patients.queries import CoverageRow, DeviceRow, InterruptionRow, TherapyRow


def _therapy_state(row: TherapyRow) -> str:
    day = today()
    if row.order.stops_on is not None and row.order.stops_on < day:
        return "Ended"
    return "Runs" if row.order.starts_on <= day else "Begins soon"


_TONES = {"Ended": Tone.NEUTRAL, "Runs": Tone.GOOD, "Begins soon": Tone.INFO}


ORDER: Column[TherapyRow] = Column("Order", text=lambda row: row.order.drug, stretch=True)
THERAPIES: tuple[Column[TherapyRow], ...] = (
    Column("State", text=_therapy_state, tone=lambda row: _TONES[_therapy_state(row)]),
    Column("First day", text=lambda row: show_day(row.order.starts_on), sort_key=lambda row: row.order.starts_on),
    Column(
        "Last day", text=lambda row: show_day(row.order.stops_on) or "goes on", sort_key=lambda row: row.order.stops_on
    ),
    Column("How", text=lambda row: order_in_words(row.order)),
    Column("Through", text=lambda row: row.device),
    Column("Kind", text=lambda row: row.order.therapy_class.value, hidden=True),
    Column("Prescriber", text=lambda row: row.prescriber, hidden=True),
    Column("Why it ended", text=lambda row: row.stop_reason, hidden=True),
)
PAUSES: tuple[Column[InterruptionRow], ...] = (
    Column("Why", text=lambda row: row.pause.kind.value),
    Column("First day", text=lambda row: show_day(row.pause.first_on), sort_key=lambda row: row.pause.first_on),
    Column(
        "Last day",
        text=lambda row: show_day(row.pause.last_on) or "still lasts",
        sort_key=lambda row: row.pause.last_on,
    ),
    Column("Note", text=lambda row: row.pause.note, stretch=True),
)
SUPPLIES: tuple[Column[AtHome], ...] = (
    Column("Item", text=lambda row: row.name, stretch=True),
    Column("Number", text=lambda row: row.number),
    Column(
        "By our books",
        text=lambda row: f"{row.by_ledger:,} {row.unit}",
        sort_key=lambda row: row.by_ledger,
        numeric=True,
    ),
    Column("Counted", text=lambda row: "" if row.counted is None else str(row.counted), numeric=True),
    Column("On", text=lambda row: show_day(row.counted_on), sort_key=lambda row: row.counted_on),
)
EQUIPMENT: tuple[Column[AssetRow], ...] = (
    Column("Tag", text=lambda row: row.tag),
    Column("Item", text=lambda row: row.item_name, stretch=True),
    Column("Serial", text=lambda row: row.serial),
    Column("State", text=lambda row: row.state.value),
    Column(
        "Maintenance due",
        text=lambda row: show_day(row.maintenance_due_on),
        sort_key=lambda row: row.maintenance_due_on,
    ),
)
DELIVERIES: tuple[Column[DeliveryRow], ...] = (
    Column("Number", text=lambda row: row.number),
    Column("Day", text=lambda row: show_day(row.scheduled_on), sort_key=lambda row: row.scheduled_on),
    Column("For", text=lambda row: show_days(row.period), sort_key=lambda row: row.period.first),
    Column("Therapy", text=lambda row: row.therapy, stretch=True),
    Column("State", text=lambda row: row.state.value),
)
LABS: tuple[Column[LabRow], ...] = (
    Column("What is drawn", text=lambda row: row.lab.name, stretch=True),
    Column("With", text=lambda row: row.drug, stretch=True),
    Column("First draw", text=lambda row: show_day(row.lab.first_on), sort_key=lambda row: row.lab.first_on),
    Column("Every", text=lambda row: f"{row.lab.every_days} days", sort_key=lambda row: row.lab.every_days),
    Column("Until", text=lambda row: show_day(row.ended_on) or "goes on", sort_key=lambda row: row.ended_on),
)
DEVICES: tuple[Column[DeviceRow], ...] = (
    Column("What", text=lambda row: row.device.kind.value, width=180),
    Column("Lumens", text=lambda row: str(row.device.lumens), sort_key=lambda row: row.device.lumens, numeric=True),
    Column("Site", text=lambda row: row.device.site, stretch=True),
    Column("Placed", text=lambda row: show_day(row.device.placed_on), sort_key=lambda row: row.device.placed_on),
    Column(
        "State",
        text=lambda row: f"removed {show_day(row.device.removed_on)}" if row.device.removed_on else "in place",
        tone=lambda row: Tone.NEUTRAL if row.device.removed_on else Tone.GOOD,
    ),
)
COVERAGES: tuple[Column[CoverageRow], ...] = (
    Column("Turn", text=lambda row: row.policy.rank.name.capitalize()),
    Column("Payer", text=lambda row: row.payer, stretch=True),
    Column("Member id", text=lambda row: row.policy.member_id),
    Column("Group", text=lambda row: row.policy.group_number),
    Column("From", text=lambda row: show_day(row.policy.starts_on), sort_key=lambda row: row.policy.starts_on),
    Column("Through", text=lambda row: show_day(row.policy.ends_on), sort_key=lambda row: row.policy.ends_on),
    Column(
        "State",
        text=lambda row: covers_in_words(row, today()),
        tone=lambda row: Tone.GOOD if covers_in_words(row, today()) == "covers" else Tone.NEUTRAL,
    ),
)
TASKS: tuple[Column[FollowUpRow], ...] = (
    Column("By", text=lambda row: show_day(row.due_on), sort_key=lambda row: row.due_on),
    Column("What", text=lambda row: row.title, stretch=True),
    Column("Whose", text=lambda row: row.owner or "anybody's"),
    Column(
        "State",
        text=lambda row: "Done" if row.done else "Overdue" if row.due_on < today() else "Open",
        tone=lambda row: Tone.GOOD if row.done else Tone.BAD if row.due_on < today() else Tone.INFO,
    ),
    Column("How it went", text=lambda row: row.outcome, stretch=True),
)
