"""What the day asks for, gathered from every room as plain rows that open the record behind them."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from infusion_desktop.billing.claim_lists import STOPPED, claims, stopped
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, show_day
from infusion_desktop.deliveries.calls.follow_ups import FollowUpRow, follow_ups
from infusion_desktop.deliveries.lists import DeliveryRow, day_board, on_bench
from infusion_desktop.deliveries.words import DeliveryState
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.equipment.due import due_of
from infusion_desktop.equipment.queries import board
from infusion_desktop.stock.queries import expiring, item_rows
from infusion_desktop.stock.words import ItemKind

EXPIRY_DAYS = 30
_DELIVERY_TONES = {
    DeliveryState.DRAFT: Tone.NEUTRAL,
    DeliveryState.SHIPPED: Tone.WARN,
    DeliveryState.DELIVERED: Tone.GOOD,
    DeliveryState.REFUSED: Tone.BAD,
}


@dataclass(frozen=True, slots=True)
class ToDo:
    """One line of the day: what it is, and the record it opens."""

    id: object
    opens: str
    record: object
    what: str
    detail: str
    when: date | None
    when_text: str
    state: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Heap:
    """A figure and the rows behind it."""

    number: str
    detail: str
    tone: Tone
    rows: tuple[ToDo, ...]


Gather = Callable[[Database, date], Heap]


def deliveries_today(database: Database, day: date) -> Heap:
    """What is to arrive today, and what is late."""
    with database.reading() as session:
        rows = day_board(session, Days(day, day), day)
    counts = Counter(row.state for row in rows)
    parts = [f"{counts[state]} {state.value}" for state in DeliveryState if counts[state]]
    late = sum(row.late for row in rows)
    detail = ", ".join([*([f"{late} late"] if late else []), *parts]) or "Nothing goes out today."
    return Heap(str(len(rows)), detail, Tone.BAD if late else Tone.INFO, tuple(_delivery(row, day) for row in rows))


def at_the_bench(database: Database, day: date) -> Heap:
    """What is released and not handed over yet."""
    with database.reading() as session:
        rows = on_bench(session, day)
    short = sum(bool(row.owed) for row in rows)
    detail = f"{short} with something short" if short else "to pick, verify, pack, hand over"
    return Heap(str(len(rows)), detail, Tone.WARN if short else Tone.INFO, tuple(_delivery(row, day) for row in rows))


def _hours(window: str) -> str:
    """A window where room is scarce: "08:00 to 12:00" becomes "8–12"."""
    return re.sub(r"\b0?(\d{1,2}):00\b", r"\1", window).replace(" to ", "–")


def _delivery(row: DeliveryRow, day: date) -> ToDo:
    tone = Tone.BAD if row.late else _DELIVERY_TONES.get(row.state, Tone.INFO)
    detail = "   ".join(part for part in (row.therapy, row.city, row.number) if part)
    when = (_hours(row.window) or "Any time") if row.scheduled_on == day else show_day(row.scheduled_on)
    state = f"{row.state.value.capitalize()}, late" if row.late else row.state.value.capitalize()
    return ToDo(("delivery", row.id), "delivery", row.id, row.patient_name, detail, row.scheduled_on, when, state, tone)


def calls(database: Database, day: date) -> tuple[FollowUpRow, ...]:
    """Calls and other follow-ups due by today."""
    with database.reading() as session:
        return follow_ups(session, day)


def pumps(database: Database, day: date) -> Heap:
    """Pumps that can go out, and what a technician has to do with the others."""
    with database.reading() as session:
        known = board(session, day)
    every, due = [row for row in known if row.kind is ItemKind.PUMP], due_of(known, day)
    ready = sum(row.is_ready for row in every)
    overdue = any(each.on is not None and each.on < day for each in due)
    rows = tuple(
        ToDo(
            ("due", each.id, each.what), "asset", each.id, f"{each.tag}  {each.item_name}", each.what, each.on,
            show_day(each.on), "Overdue" if each.on is not None and each.on < day else "To do",
            Tone.BAD if each.on is not None and each.on < day else Tone.WARN,
        )
        for each in due
    )  # fmt: skip
    tone = Tone.BAD if overdue or (every and not ready) else Tone.GOOD
    return Heap(f"{ready} of {len(every)}", f"ready; {len(due)} things to do", tone, rows)


def items_short(database: Database, day: date) -> Heap:
    """Items at or below their reorder point, and orders that are late."""
    from infusion_desktop.stock.buying.purchase_queries import late_orders

    with database.reading() as session:
        short = item_rows(session, short=True)
        late = late_orders(session, day)
    rows = tuple(
        ToDo(
            ("item", row.id), "item", row.id, row.name, f"{row.number}   reorder at {row.reorder_point:,}", None, "",
            f"{row.available:,} {row.unit} left", Tone.BAD if row.available <= 0 else Tone.WARN,
        )
        for row in sorted(short, key=lambda row: (row.available > 0, row.name.casefold()))
    )  # fmt: skip
    orders = tuple(
        ToDo(
            ("order", row.id), "purchase order", row.id, f"{row.number}  {row.vendor}", f"{row.open_lines} lines open",
            row.expected_on, show_day(row.expected_on),
            "1 day late" if row.days_late == 1 else f"{row.days_late} days late", Tone.WARN,
        )
        for row in late
    )  # fmt: skip
    gone = sum(row.available <= 0 for row in short)
    detail = f"{gone} of them are out" if gone else "at or below their reorder point"
    if late:
        detail = f"{detail}; {len(late)} {'order' if len(late) == 1 else 'orders'} late"
    tone = Tone.BAD if gone else Tone.WARN if short or late else Tone.GOOD
    return Heap(str(len(short)), detail, tone, orders + rows)


def expiring_soon(database: Database, day: date) -> Heap:
    """Lots that expire within a month, or have."""
    with database.reading() as session:
        found = [row for row in expiring(session, day, EXPIRY_DAYS) if row.on_hand]
    over = sum(row.expires_on is not None and row.expires_on <= day for row in found)
    rows = tuple(
        ToDo(
            ("lot", *row.id), "item", row.item_id, row.item_name, f"lot {row.lot}   {row.place}", row.expires_on,
            show_day(row.expires_on), f"{row.on_hand:,} {row.unit}",
            Tone.BAD if row.expires_on is not None and row.expires_on <= day else Tone.WARN,
        )
        for row in found
    )  # fmt: skip
    detail = f"{over} have expired" if over else f"lots within {EXPIRY_DAYS} days"
    return Heap(str(len(found)), detail, Tone.BAD if over else Tone.WARN if found else Tone.GOOD, rows)


def claims_stopped(database: Database, day: date) -> Heap:
    """Claims that something stops, each with what."""
    with database.reading() as session:
        stops = stopped(session)
        kept = [row for row in claims(session, states=STOPPED) if row.id in stops]
    month = Days(day.replace(day=1) - timedelta(days=1), day)
    rows = tuple(
        ToDo(
            ("claim", row.id), "claim", row.id, f"{row.number}  {row.patient}", stops[row.id][0], row.period.first,
            show_day(row.period.first), f"{len(stops[row.id])} to settle", Tone.WARN,
        )
        for row in kept
    )  # fmt: skip
    fresh = sum(month.overlap(row.period) is not None for row in kept)
    detail = f"{fresh} of this month" if kept else "Nothing stops a claim."
    return Heap(str(len(kept)), detail, Tone.WARN if kept else Tone.GOOD, rows)
