"""How urgent a refill call is: so that nobody calls the night before a dose. Pure decisions."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from infusion_desktop.dates import ONE_DAY
from infusion_desktop.deliveries.rules import RefillRule, contact_from, delivery_from

CALL_DAYS = 5
"""Days before the supply ends on which the call is due: our own working rule, within Medicare's 30 days."""
LAST_CALL_DAYS = 2
"""Days before the supply ends by which the call is made at the latest: a kit leaves the day before it arrives."""
LOOK_AHEAD = 3
"""Days before it is due that a call is shown."""


class Urgency(StrEnum):
    """How soon somebody has to call; in the order of the board."""

    NOW = "call now"
    TODAY = "call today"
    DUE = "due"
    LATER = "soon"


@dataclass(frozen=True, slots=True)
class CallWindow:
    """When a patient is called and supplied: due from, at the latest, and what the payer allows from when on."""

    due_on: date
    latest_on: date
    call_from: date | None
    deliver_from: date | None


def call_window(supply_ends_on: date, rule: RefillRule | None) -> CallWindow:
    """From the last day the supply at home lasts for and the payer's rule (None without one)."""
    due, latest = supply_ends_on - timedelta(days=CALL_DAYS), supply_ends_on - timedelta(days=LAST_CALL_DAYS)
    if rule is None:
        return CallWindow(due, latest, None, None)
    earliest = contact_from(rule, supply_ends_on, supply_ends_on + ONE_DAY)
    return CallWindow(max(due, min(earliest, latest)), latest, earliest, delivery_from(rule, supply_ends_on))


def urgency(window: CallWindow, supply_ends_on: date, today: date) -> Urgency | None:
    """How urgent a call is on a day while nothing is arranged; None while it is too early to show it."""
    if today >= supply_ends_on - ONE_DAY:
        return Urgency.NOW
    if today >= window.latest_on:
        return Urgency.TODAY
    if today >= window.due_on:
        return Urgency.DUE
    return Urgency.LATER if today >= window.due_on - timedelta(days=LOOK_AHEAD) else None
