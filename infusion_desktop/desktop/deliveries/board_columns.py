"""The columns of lists of deliveries."""

from infusion_desktop.dates import show_days, show_instant, today
from infusion_desktop.deliveries.lists import DeliveryRow
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.deliveries.looks import NEXT, scheduled, tone_of
from infusion_desktop.desktop.table import Column


def _day(row: DeliveryRow) -> str:
    return scheduled(row, today())


def _late(row: DeliveryRow) -> Tone | None:
    return Tone.BAD if row.late else None


def _owed(row: DeliveryRow) -> str:
    return f"{row.owed:,} short" if row.owed else ""


_DAY = Column[DeliveryRow](
    "Day", _day, sort_key=lambda row: row.scheduled_on, tone=_late, width=142, value=lambda row: row.scheduled_on,
    hint=lambda row: "Its day has passed and it has not arrived." if row.late else "",
)  # fmt: skip
_STATE = Column[DeliveryRow]("State", lambda row: row.state.value.capitalize(), tone=tone_of,
                             hint=lambda row: NEXT[row.state])  # fmt: skip
_NUMBER = Column[DeliveryRow]("Number", lambda row: row.number)
_PATIENT = Column[DeliveryRow]("Patient", lambda row: row.patient_name, stretch=True, width=170,
                               hint=lambda row: row.patient_number)  # fmt: skip
_THERAPY = Column[DeliveryRow](
    "Therapy", lambda row: row.therapy, stretch=True, width=150, hint=lambda row: row.therapy
)
_WINDOW = Column[DeliveryRow]("Window", lambda row: row.window)
_LINES = Column[DeliveryRow]("Lines", lambda row: str(row.lines), sort_key=lambda row: row.lines, numeric=True,
                             value=lambda row: row.lines)  # fmt: skip
_OWED = Column[DeliveryRow]("Short", _owed, sort_key=lambda row: row.owed, value=lambda row: row.owed,
                            tone=lambda row: Tone.WARN if row.owed else None)  # fmt: skip

BOARD_COLUMNS: tuple[Column[DeliveryRow], ...] = (
    _DAY,
    _WINDOW,
    _NUMBER,
    _PATIENT,
    Column("City", lambda row: row.city, hidden=True),
    Column("Route", lambda row: row.route, hidden=True),
    _THERAPY,
    _STATE,
    _LINES,
    _OWED,
    Column("Carrier", lambda row: row.carrier.value, hidden=True),
    Column("Supply", lambda row: show_days(row.period), sort_key=lambda row: row.period.first, hidden=True),
    Column("Totes", lambda row: str(row.totes or ""), sort_key=lambda row: row.totes, numeric=True, hidden=True),
    Column("Delivered", lambda row: show_instant(row.delivered_at), sort_key=lambda row: row.delivered_at, hidden=True),
)
BENCH_COLUMNS: tuple[Column[DeliveryRow], ...] = (
    _DAY, _WINDOW, _NUMBER, _PATIENT, _STATE,
    Column("Next", lambda row: NEXT[row.state], stretch=True, width=190), _LINES, _OWED,
)  # fmt: skip
