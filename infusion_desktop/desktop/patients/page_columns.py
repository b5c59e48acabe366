"""The lists on a patient's page: what each shows of a row."""

from infusion_desktop.billing.months.elsewhere import ElsewhereRow
from infusion_desktop.billing.months.visits import Visit
from infusion_desktop.dates import ONE_DAY, local_day, show_day, show_days, show_instant, today
from infusion_desktop.deliveries.calls.follow_ups import FollowUpRow
from infusion_desktop.deliveries.calls.refill_calls import CallRow
from infusion_desktop.deliveries.care.events import EventRow
from infusion_desktop.deliveries.care.patient_glance import HomeSupply, Moment, MomentKind
from infusion_desktop.deliveries.lists import DeliveryRow
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.patients.order_deeds import order_in_words
from infusion_desktop.desktop.patients.person_deeds import covers_in_words
from infusion_desktop.desktop.table import Column
from infusion_desktop.equipment.queries import AssetRow
from infusion_desktop.patients.labs import LabRow
from infusion_desktop.patients.queries import CoverageRow, DeviceRow, InterruptionRow, TherapyRow


def _therapy_state(row: TherapyRow) -> str:
    day = today()
    if row.order.unsigned:
        return "Not signed"
    if row.order.stops_on is not None and row.order.stops_on < day:
        return "Ended"
    return "Runs" if row.order.starts_on <= day else "Begins soon"


def _signature(row: TherapyRow) -> str:
    return "not yet" if row.order.unsigned else show_day(row.signed_on or row.order.ordered_on)


_TONES = {"Not signed": Tone.WARN, "Ended": Tone.NEUTRAL, "Runs": Tone.GOOD, "Begins soon": Tone.INFO}


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
    Column("Signed", text=_signature, hidden=True),
    Column("Why it ended", text=lambda row: row.stop_reason, hidden=True),
)
PAUSES: tuple[Column[InterruptionRow], ...] = (
    Column("Why", text=lambda row: row.pause.kind.value.capitalize()),
    Column("First day", text=lambda row: show_day(row.pause.first_on), sort_key=lambda row: row.pause.first_on),
    Column(
        "Last day",
        text=lambda row: show_day(row.pause.last_on) or "still lasts",
        sort_key=lambda row: row.pause.last_on,
    ),
    Column("Note", text=lambda row: row.pause.note, stretch=True),
)
SUPPLIES: tuple[Column[HomeSupply], ...] = (
    Column("Item", text=lambda row: row.item.name, stretch=True),
    Column("Number", text=lambda row: row.item.number),
    Column(
        "By our books",
        text=lambda row: f"{row.item.by_ledger:,} {row.item.unit}",
        sort_key=lambda row: row.item.by_ledger,
        numeric=True,
    ),
    Column(
        "Should be left",
        text=lambda row: f"{row.left:,}",
        sort_key=lambda row: row.left,
        numeric=True,
        hint=lambda _row: "Our books less what was used since the last count or arrival",
    ),
    Column(
        "Lasts through",
        text=lambda row: show_day(row.lasts_through) or ("over a month" if row.is_used else "not used"),
        sort_key=lambda row: row.lasts_through,
        tone=lambda row: None if row.lasts_through is None or row.lasts_through > today() + ONE_DAY else Tone.WARN,
    ),
    Column("Counted", text=lambda row: "" if row.item.counted is None else str(row.item.counted), numeric=True),
    Column("On", text=lambda row: show_day(row.item.counted_on), sort_key=lambda row: row.item.counted_on),
)
MOMENT_TONES = {
    MomentKind.EVENT: Tone.WARN,
    MomentKind.PAUSE: Tone.INFO,
    MomentKind.DELIVERY: Tone.GOOD,
    MomentKind.ORDER: Tone.INFO,
}
MOMENTS: tuple[Column[Moment], ...] = (
    Column("Day", text=lambda row: show_day(row.on), sort_key=lambda row: row.on),
    Column(
        "Kind", text=lambda row: row.kind.value.capitalize(), tone=lambda row: MOMENT_TONES.get(row.kind, Tone.NEUTRAL)
    ),
    Column("What", text=lambda row: row.what, stretch=True, hint=lambda row: row.what),
)
EVENTS: tuple[Column[EventRow], ...] = (
    Column("When", text=lambda row: show_instant(row.at), sort_key=lambda row: row.at),
    Column("Kind", text=lambda row: row.kind.value.capitalize()),
    Column("What", text=lambda row: row.what, stretch=True, hint=lambda row: row.what),
    Column("Done", text=lambda row: row.action, stretch=True, hint=lambda row: row.action),
    Column("Therapy", text=lambda row: row.effect.value),
    Column("Supplies", text=lambda row: ", ".join(f"{units} {name}" for name, units in row.used), hidden=True),
    Column("Line", text=lambda row: " → ".join(part for part in (row.device, row.new_device) if part)),
    Column("By", text=lambda row: row.by),
    Column("Withdrawn", text=lambda row: row.withdrawn, tone=lambda row: Tone.NEUTRAL if row.withdrawn else None),
)
CALLS: tuple[Column[CallRow], ...] = (
    Column("Day", text=lambda row: show_day(row.called_on), sort_key=lambda row: row.called_on),
    Column("Answer", text=lambda row: row.outcome.value,
           tone=lambda row: Tone.GOOD if row.outcome.reached else Tone.WARN),
    Column("Spoke with", text=lambda row: f"{row.spoke_with} ({row.relation})" if row.relation else row.spoke_with),
    Column("Missed", text=lambda row: f"{row.doses_missed}: {row.missed_why}" if row.doses_missed else ""),
    Column("Site", text=lambda row: row.site.value),
    Column("Catheter", text=lambda row: row.catheter.value),
    Column("Side effects", text=lambda row: row.side_effects, stretch=True),
    Column("Supply ends", text=lambda row: show_day(row.supply_ends_on), sort_key=lambda row: row.supply_ends_on),
    Column("Agreed on", text=lambda row: show_day(row.next_on), sort_key=lambda row: row.next_on),
    Column("By", text=lambda row: row.by),
)  # fmt: skip
EQUIPMENT: tuple[Column[AssetRow], ...] = (
    Column("Tag", text=lambda row: row.tag),
    Column("Item", text=lambda row: row.item_name, stretch=True),
    Column("Serial", text=lambda row: row.serial),
    Column("State", text=lambda row: row.state.value.capitalize()),
    Column(
        "Maintenance due",
        text=lambda row: show_day(row.maintenance_due_on),
        sort_key=lambda row: row.maintenance_due_on,
    ),
)
ELSEWHERE: tuple[Column[ElsewhereRow], ...] = (
    Column("Code", text=lambda row: row.had.code),
    Column(
        "What", text=lambda row: f"{row.had.months} months paid to another supplier" if row.had.months else "Their own",
        stretch=True,
    ),
    Column("Through, or own since", text=lambda row: show_day(row.had.day), sort_key=lambda row: row.had.day),
    Column("Note", text=lambda row: row.had.note),
)  # fmt: skip
DELIVERIES: tuple[Column[DeliveryRow], ...] = (
    Column("Number", text=lambda row: row.number),
    Column("Day", text=lambda row: show_day(row.scheduled_on), sort_key=lambda row: row.scheduled_on),
    Column("For", text=lambda row: show_days(row.period), sort_key=lambda row: row.period.first),
    Column("Therapy", text=lambda row: row.therapy, stretch=True),
    Column("State", text=lambda row: row.state.value.capitalize()),
)
VISITS: tuple[Column[Visit], ...] = (
    Column("Day", text=lambda row: show_day(local_day(row.visit.started_at)),
           sort_key=lambda row: row.visit.started_at),
    Column("From", text=lambda row: f"{row.visit.started_at.astimezone():%H:%M}"),
    Column("To", text=lambda row: f"{row.visit.ended_at.astimezone():%H:%M}"),
    Column("Minutes", text=lambda row: str(row.minutes), sort_key=lambda row: row.minutes, numeric=True),
    Column("Nurse", text=lambda row: row.visit.nurse, stretch=True),
    Column("Where", text=lambda row: "infusion suite" if row.visit.in_suite else "home"),
    Column("Training", text=lambda row: "special" if row.visit.specialised else ""),
)  # fmt: skip
LABS: tuple[Column[LabRow], ...] = (
    Column("What is drawn", text=lambda row: row.lab.name, stretch=True),
    Column("With", text=lambda row: row.drug, stretch=True),
    Column("First draw", text=lambda row: show_day(row.lab.first_on), sort_key=lambda row: row.lab.first_on),
    Column("Every", text=lambda row: f"{row.lab.every_days} days", sort_key=lambda row: row.lab.every_days),
    Column("Until", text=lambda row: show_day(row.ended_on) or "goes on", sort_key=lambda row: row.ended_on),
)
DEVICES: tuple[Column[DeviceRow], ...] = (
    Column("What", text=lambda row: row.device.kind.value.capitalize(), width=180),
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
    Column("Whose", text=lambda row: row.owner or "Anybody's"),
    Column(
        "State",
        text=lambda row: "Done" if row.done else "Overdue" if row.due_on < today() else "Open",
        tone=lambda row: Tone.GOOD if row.done else Tone.BAD if row.due_on < today() else Tone.INFO,
    ),
    Column("How it went", text=lambda row: row.outcome, stretch=True),
)
