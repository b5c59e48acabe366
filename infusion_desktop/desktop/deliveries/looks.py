"""How deliveries look in every list: their states as badges, days and windows as people say them."""

from datetime import date, timedelta

from infusion_desktop.access.roles import PERMISSIONS, Permission, Role
from infusion_desktop.dates import show_day
from infusion_desktop.deliveries.lists import DeliveryRow
from infusion_desktop.deliveries.words import DeliveryState
from infusion_desktop.desktop.colours import Tone

STATE_TONES = {
    DeliveryState.DRAFT: Tone.NEUTRAL,
    DeliveryState.RELEASED: Tone.INFO,
    DeliveryState.PICKED: Tone.INFO,
    DeliveryState.VERIFIED: Tone.INFO,
    DeliveryState.PACKED: Tone.INFO,
    DeliveryState.SHIPPED: Tone.WARN,
    DeliveryState.DELIVERED: Tone.GOOD,
    DeliveryState.REFUSED: Tone.BAD,
    DeliveryState.CANCELLED: Tone.NEUTRAL,
}

UNDO_PERMISSION = {
    DeliveryState.RELEASED: Permission.RELEASE,
    DeliveryState.PICKED: Permission.PICK,
    DeliveryState.VERIFIED: Permission.VERIFY,
    DeliveryState.PACKED: Permission.PICK,
}
"""Who may take the last step back, by the state it led to."""
NEXT = {
    DeliveryState.DRAFT: "Look it over, then release it.",
    DeliveryState.RELEASED: "Pick it at the bench.",
    DeliveryState.PICKED: "A second person verifies it.",
    DeliveryState.VERIFIED: "Pack it.",
    DeliveryState.PACKED: "Hand it over.",
    DeliveryState.SHIPPED: "On its way: record how the visit ends.",
    DeliveryState.DELIVERED: "It arrived.",
    DeliveryState.REFUSED: "It came back. Plan a new delivery.",
    DeliveryState.CANCELLED: "Cancelled. Plan a new delivery.",
}
"""What comes next, as a person reads it."""


def tone_of(row: DeliveryRow) -> Tone:
    """The badge of a delivery's state."""
    return STATE_TONES[row.state]


def scheduled(row: DeliveryRow, today: date) -> str:
    """The day it is to arrive, with a word for the near ones."""
    near = {0: "Today", 1: "Tomorrow", -1: "Yesterday"}
    return near.get((row.scheduled_on - today).days, show_day(row.scheduled_on))


def in_days(row: DeliveryRow, first: date, days: int) -> bool:
    """Whether it is scheduled within so many days from ``first``."""
    return first <= row.scheduled_on < first + timedelta(days=days)


def who_may(permission: Permission) -> str:
    """A tool tip for what this person may not do: whose roles do it."""
    roles = [role.value for role in Role if permission in PERMISSIONS[role]]
    return f"Done by: {', '.join(roles)}."
