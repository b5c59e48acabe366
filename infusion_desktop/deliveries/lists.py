"""Lists of deliveries that every start and every search asks for; kept apart so that they load fast."""

from datetime import date

from sqlalchemy.orm import Session

from infusion_desktop.deliveries.queries import DeliveryRow, _board, _row
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.words import DeliveryState

ON_BENCH = (DeliveryState.RELEASED, DeliveryState.PICKED, DeliveryState.VERIFIED, DeliveryState.PACKED)


def on_bench(session: Session, today: date) -> tuple[DeliveryRow, ...]:
    """What is released and not shipped yet, the most urgent first."""
    query = _board().where(Delivery.delivered_at.is_(None), Delivery.state.in_(ON_BENCH))
    query = query.order_by(Delivery.scheduled_on, Delivery.window, Delivery.id)
    return tuple(_row(row, today) for row in session.execute(query))


def find_deliveries(session: Session, typed: str, today: date, limit: int = 8) -> tuple[DeliveryRow, ...]:
    """Deliveries whose number contains what was typed, the newest first."""
    plain = typed.strip().upper().removeprefix("DLV:")
    if len(plain) < 2 or not any(letter.isdigit() for letter in plain):
        return ()
    query = _board().where(Delivery.number.contains(plain, autoescape=True)).order_by(Delivery.id.desc()).limit(limit)
    return tuple(_row(row, today) for row in session.execute(query))


def find_by_number(session: Session, number: str, today: date) -> DeliveryRow | None:
    """The delivery with this number, as printed or scanned; a tote's number may follow after a slash."""
    plain = number.strip().upper().removeprefix("DLV:").partition("/")[0]
    found = session.execute(_board().where(Delivery.number == plain)).one_or_none()
    return None if found is None else _row(found, today)
