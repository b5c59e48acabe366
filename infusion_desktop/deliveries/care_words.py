"""The words of caring for a patient between deliveries: calls, clinical events, what a kit's line is for."""

from enum import StrEnum
from typing import NewType

RefillCallId = NewType("RefillCallId", int)
EventId = NewType("EventId", int)


class Ages(StrEnum):
    """Whom a kit is for by age."""

    ANY = "any age"
    ADULT = "adults"
    CHILD = "children"


class Purpose(StrEnum):
    """What a kit's line is for."""

    SUPPLY = "supply"
    ANAPHYLAXIS = "anaphylaxis kit"
    TEACHING = "teaching sheet"


class CallOutcome(StrEnum):
    """How a refill call ended."""

    AGREED = "agreed to the refill"
    NOT_NOW = "wants no refill now"
    NO_ANSWER = "no answer"
    MESSAGE = "left a message"

    @property
    def reached(self) -> bool:
        """Somebody was spoken with."""
        return self in (CallOutcome.AGREED, CallOutcome.NOT_NOW)


class SiteState(StrEnum):
    """How the site or the catheter is, as told on a call."""

    WELL = "well"
    RED = "red or warm"
    SWOLLEN = "swollen"
    PAINFUL = "painful"
    LEAKING = "leaking"
    SLOW = "flushes slowly"
    BLOCKED = "blocked"
    LOOSE = "loose or out"
    NOT_ASKED = "not asked"

    @property
    def worries(self) -> bool:
        """A nurse or pharmacist should look into it."""
        return self not in (SiteState.WELL, SiteState.NOT_ASKED)


class EventKind(StrEnum):
    """Clinical events that touch supplies."""

    SITE_INFECTION = "site infection"
    PHLEBITIS = "phlebitis"
    OCCLUSION = "occlusion"
    INFILTRATION = "infiltration"
    ALLERGIC_REACTION = "allergic reaction"
    AIR_EMBOLISM = "air embolism"
    CATHETER_CHANGE = "catheter change"
    CATHETER_LOSS = "catheter loss"
    LINE_REMOVAL = "line removal"
    PUMP_ALARM = "pump alarm or fault"
    OTHER = "other"


class Effect(StrEnum):
    """What an event does to the therapy: held and hospital take days out of the calendar, stopped ends the order."""

    NONE = "goes on"
    HELD = "held"
    HOSPITAL = "in hospital"
    STOPPED = "stopped"
