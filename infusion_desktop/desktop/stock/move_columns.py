"""The ledger's entries as every list shows them."""

from infusion_desktop.dates import show_instant
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.table import Chip, Column, capital
from infusion_desktop.stock.queries import MoveRow
from infusion_desktop.stock.words import MoveReason

_R = MoveReason
_TONES = {
    _R.RECEIVED: Tone.GOOD, _R.OPENING: Tone.GOOD, _R.RETURNED: Tone.INFO, _R.SHIPPED: Tone.INFO,
    _R.DELIVERED: Tone.INFO, _R.EXPIRED: Tone.BAD, _R.DAMAGED: Tone.BAD, _R.LOST: Tone.BAD,
    _R.QUARANTINED: Tone.WARN, _R.COUNTED: Tone.WARN, _R.CORRECTED: Tone.WARN, _R.REFUSED: Tone.WARN,
}  # fmt: skip
_WRITTEN_OFF = (_R.EXPIRED, _R.DAMAGED, _R.LOST)
_TO_PATIENTS = (_R.SHIPPED, _R.DELIVERED, _R.USED)
_BACK = (_R.RETURNED, _R.REFUSED, _R.VENDOR_RETURN)
_BY_COUNT = (_R.COUNTED, _R.CORRECTED)

MOVE_COLUMNS: tuple[Column[MoveRow], ...] = (
    Column("When", lambda move: show_instant(move.at), sort_key=lambda move: (move.at, move.id)),
    Column("Why", lambda move: move.reason.value.capitalize(), tone=lambda move: _TONES.get(move.reason, Tone.NEUTRAL),
        hint=lambda move: move.note,),
    Column("Item", lambda move: move.item_name, stretch=True, width=180, hint=lambda move: move.item_name),
    Column("Lot", lambda move: move.lot),
    Column(
        "Quantity", lambda move: f"{move.quantity:,}", sort_key=lambda move: move.quantity, numeric=True,
        value=lambda move: move.quantity,
    ),
    Column("From", lambda move: move.from_place),
    Column("To", lambda move: move.to_place),
    Column("Document", lambda move: capital(move.document)),
    Column("By", lambda move: move.by, hidden=True),
    Column(
        "Corrected", lambda move: f"by move {move.undone_by}" if move.undone_by else
        f"corrects move {move.reverses}" if move.reverses else "", hidden=True,
    ),
    Column("Entry", lambda move: f"{move.id}", sort_key=lambda move: move.id, numeric=True, hidden=True),
    Column("Note", lambda move: move.note, hint=lambda move: move.note, hidden=True),
)  # fmt: skip
MOVE_CHIPS: tuple[Chip[MoveRow], ...] = (
    Chip("Received", lambda move: move.reason in (_R.RECEIVED, _R.OPENING), "why"),
    Chip("To patients", lambda move: move.reason in _TO_PATIENTS, "why"),
    Chip("Returned", lambda move: move.reason in _BACK, "why"),
    Chip("Moved", lambda move: move.reason in (_R.TRANSFERRED, _R.QUARANTINED, _R.RELEASED), "why"),
    Chip("Written off", lambda move: move.reason in _WRITTEN_OFF, "why"),
    Chip("Counted", lambda move: move.reason in _BY_COUNT, "why"),
)


def columns_without(*titles: str) -> tuple[Column[MoveRow], ...]:
    """The columns of a list that says these in its heading already."""
    return tuple(column for column in MOVE_COLUMNS if column.title not in titles)
