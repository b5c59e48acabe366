"""The columns of recalls: the list, patients, places, kits, contacts, pumps, and what a patient received."""

from infusion_desktop.dates import show_day, show_instant
from infusion_desktop.deliveries.scarce.recall_queries import AssetAtRisk, ContactRow, KitRow, PatientRow, ReceivedRow
from infusion_desktop.deliveries.words import ContactOutcome
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.stock.scarce.recall import RecallRow, Whereabouts
from infusion_desktop.stock.words import LocationKind, RecallState

RECALL_COLUMNS: tuple[Column[RecallRow], ...] = (
    Column("Number", lambda row: row.number),
    Column("Item", lambda row: row.item_name, stretch=True, hint=lambda row: row.item_name),
    Column("State", lambda row: "Open" if row.state is RecallState.OPEN else "Closed",
           tone=lambda row: Tone.BAD if row.state is RecallState.OPEN else Tone.GOOD),
    Column("Reason", lambda row: row.reason, stretch=True, hint=lambda row: row.reason),
    Column("Notice", lambda row: row.source, hidden=True),
    Column("Opened", lambda row: show_instant(row.opened_at), sort_key=lambda row: row.opened_at),
    Column("Lots", lambda row: f"{row.lots:,}", sort_key=lambda row: row.lots, numeric=True),
    Column("Not in quarantine", lambda row: f"{row.units_left:,}", sort_key=lambda row: row.units_left, numeric=True,
           value=lambda row: row.units_left),
)  # fmt: skip
RECALL_CHIPS: tuple[Chip[RecallRow], ...] = (
    Chip("Open", lambda row: row.state is RecallState.OPEN, "state"),
    Chip("Closed", lambda row: row.state is RecallState.CLOSED, "state"),
)

_TONES = {
    "reached": Tone.GOOD, "all back": Tone.GOOD, "not contacted": Tone.BAD,
    ContactOutcome.LEFT_MESSAGE.value: Tone.WARN, ContactOutcome.NO_ANSWER.value: Tone.WARN,
    ContactOutcome.WRONG_NUMBER.value: Tone.BAD, ContactOutcome.RETURNED_MAIL.value: Tone.BAD,
}  # fmt: skip


def _fetched(row: PatientRow) -> str:
    if row.pick_up_due is None:
        return ""
    return "done" if row.pick_up_done else show_day(row.pick_up_due)


PATIENT_COLUMNS: tuple[Column[PatientRow], ...] = (
    Column("Patient", lambda row: row.name, stretch=True, hint=lambda row: f"{row.name} ({row.number})"),
    Column("State", lambda row: row.state.capitalize(), tone=lambda row: _TONES.get(row.state, Tone.INFO),
           hint=lambda row: f"{row.contacts} tries, the last {show_instant(row.last_contact_at)}"
           if row.contacts else ""),
    Column("Phone", lambda row: row.phone, hint=lambda row: ", ".join(filter(None, (row.phone_2, row.caregiver)))),
    Column("At home", lambda row: f"{row.at_home:,}", sort_key=lambda row: row.at_home, numeric=True,
           value=lambda row: row.at_home),
    Column("On the way", lambda row: f"{row.in_transit:,}", sort_key=lambda row: row.in_transit, numeric=True,
           value=lambda row: row.in_transit, hidden=True),
    Column("Used", lambda row: f"{row.used:,}", sort_key=lambda row: row.used, numeric=True,
           value=lambda row: row.used),
    Column("Back", lambda row: f"{row.came_back:,}", sort_key=lambda row: row.came_back, numeric=True,
           value=lambda row: row.came_back, hidden=True),
    Column("Lots", lambda row: ", ".join(filter(None, (row.lots, *row.assets)))),
    Column("Letters", lambda row: f"{row.letters}" if row.letters else "", sort_key=lambda row: row.letters,
           numeric=True, hint=lambda row: show_instant(row.letter_at), hidden=True),
    Column("Replaced by", lambda row: row.replacement),
    Column("Fetch", _fetched, sort_key=lambda row: row.pick_up_due),
    Column("Address", lambda row: row.address, hint=lambda row: row.address, hidden=True),
    Column("Caregiver", lambda row: row.caregiver, hidden=True),
    Column("Other phone", lambda row: row.phone_2, hidden=True),
)  # fmt: skip
PATIENT_CHIPS: tuple[Chip[PatientRow], ...] = (
    Chip("Not reached", lambda row: not row.is_reached),
    Chip("Units at home", lambda row: row.at_home > 0 or bool(row.assets)),
    Chip("Not fetched", lambda row: (row.at_home > 0 or bool(row.assets)) and not row.pick_up_done),
    Chip("No letter yet", lambda row: not row.letters),
)

PLACE_COLUMNS: tuple[Column[Whereabouts], ...] = (
    Column("Place", lambda row: row.place, stretch=True),
    Column("Kind", lambda row: row.place_kind.value.capitalize(),
           tone=lambda row: Tone.GOOD if row.place_kind is LocationKind.QUARANTINE else Tone.WARN),
    Column("Lot", lambda row: f"{row.lot} / {row.serial}" if row.serial else row.lot),
    Column("Expires", lambda row: show_day(row.expires_on), sort_key=lambda row: row.expires_on),
    Column("On hand", lambda row: f"{row.on_hand:,}", sort_key=lambda row: row.on_hand, numeric=True,
           value=lambda row: row.on_hand),
    Column("Reserved", lambda row: f"{row.reserved:,}", sort_key=lambda row: row.reserved, numeric=True,
           value=lambda row: row.reserved),
)  # fmt: skip
KIT_COLUMNS: tuple[Column[KitRow], ...] = (
    Column("Delivery", lambda row: row.number),
    Column("State", lambda row: row.state.value.capitalize(), tone=lambda row: Tone.WARN),
    Column("Patient", lambda row: row.patient_name, stretch=True),
    Column("Scheduled", lambda row: show_day(row.scheduled_on), sort_key=lambda row: row.scheduled_on),
    Column("Lot", lambda row: row.lot),
    Column("Units", lambda row: f"{row.quantity:,}", sort_key=lambda row: row.quantity, numeric=True),
)
CONTACT_COLUMNS: tuple[Column[ContactRow], ...] = (
    Column("When", lambda row: show_instant(row.at), sort_key=lambda row: row.at),
    Column("Patient", lambda row: row.patient_name),
    Column("How", lambda row: row.how.value.capitalize()),
    Column("Outcome", lambda row: row.outcome.value.capitalize(),
           tone=lambda row: _TONES.get(row.outcome.value, Tone.INFO)),
    Column("Set aside", lambda row: f"{row.set_aside:,}" if row.set_aside else "", numeric=True),
    Column("Used", lambda row: f"{row.used:,}" if row.used else "", numeric=True),
    Column("Note", lambda row: row.note, stretch=True, hint=lambda row: row.note),
    Column("By", lambda row: row.by),
)  # fmt: skip
ASSET_COLUMNS: tuple[Column[AssetAtRisk], ...] = (
    Column("Tag", lambda row: row.tag),
    Column("Serial", lambda row: row.serial),
    Column("State", lambda row: row.state.value.capitalize(), tone=lambda row: Tone.WARN),
    Column("Where", lambda row: row.place, stretch=True),
)
RECEIVED_COLUMNS: tuple[Column[ReceivedRow], ...] = (
    Column("Item", lambda row: row.item_name, stretch=True, hint=lambda row: f"{row.item_name} ({row.item_number})"),
    Column("Lot", lambda row: f"{row.lot} / {row.serial}" if row.serial else row.lot),
    Column("Expires", lambda row: show_day(row.expires_on), sort_key=lambda row: row.expires_on,
           value=lambda row: row.expires_on),
    Column("Sent", lambda row: f"{row.quantity:,}", sort_key=lambda row: row.quantity, numeric=True,
           value=lambda row: row.quantity),
    Column("Came back", lambda row: f"{row.came_back:,}" if row.came_back else "",
           sort_key=lambda row: row.came_back, numeric=True),
    Column("Unit", lambda row: row.unit, hidden=True),
    Column("Delivery", lambda row: row.delivery),
    Column("Delivered", lambda row: show_day(row.delivered_on) or "on the way", sort_key=lambda row: row.delivered_on,
           value=lambda row: row.delivered_on),
    Column("Held", lambda row: "Held" if row.held else "", tone=lambda row: Tone.BAD if row.held else None,
           hint=lambda row: row.held),
)  # fmt: skip
RECEIVED_CHIPS: tuple[Chip[ReceivedRow], ...] = (
    Chip("Held or recalled", lambda row: bool(row.held)),
    Chip("Came back", lambda row: row.came_back > 0),
)
