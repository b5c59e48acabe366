"""The words of deliveries: states, steps and how proof of delivery ended."""

from enum import StrEnum
from typing import NewType

DeliveryId = NewType("DeliveryId", int)
DeliveryLineId = NewType("DeliveryLineId", int)
TemplateId = NewType("TemplateId", int)
WHICH_LOT = ": which lot"
"""Follows the item's name in a correction that says another lot of it was sent."""


class DeliveryState(StrEnum):
    """A delivery's life."""

    DRAFT = "draft"
    RELEASED = "released"
    PICKED = "picked"
    VERIFIED = "verified"
    PACKED = "packed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    REFUSED = "refused"
    CANCELLED = "cancelled"


NEXT_STEP = {
    DeliveryState.DRAFT: "Release it first.",
    DeliveryState.RELEASED: "Pick it first.",
    DeliveryState.PICKED: "Have a second person verify it first.",
    DeliveryState.VERIFIED: "Pack it first.",
    DeliveryState.PACKED: "Ship it first.",
    DeliveryState.SHIPPED: "It is on the way: record how the visit ended.",
    DeliveryState.DELIVERED: "It arrived: only a return can change it now.",
    DeliveryState.REFUSED: "It came back. Plan a new delivery.",
    DeliveryState.CANCELLED: "Plan a new delivery.",
}
"""What to do with a delivery that stands in this state."""


class Step(StrEnum):
    """Something a person did with a delivery; each is kept with who and when."""

    DRAFT = "draft"
    RELEASE = "release"
    PICK = "pick"
    VERIFY = "verify"
    PACK = "pack"
    SHIP = "ship"
    DELIVER = "deliver"
    REFUSE = "refuse"
    FAIL = "failed attempt"
    CANCEL = "cancel"
    UNDO = "undo"


class LineOutcome(StrEnum):
    """What came back with the driver."""

    RETURNED = "returned"
    REFUSED = "refused"
    NOT_DELIVERED = "not delivered"


class Carrier(StrEnum):
    """Who takes it there."""

    OWN_DRIVER = "own driver"
    COURIER = "courier"
    PARCEL = "parcel service"
    PICK_UP = "picked up at the pharmacy"


class ContactWay(StrEnum):
    """How a patient was contacted about a recall."""

    PHONE = "phone"
    LETTER = "letter"
    VISIT = "visit"
    MESSAGE = "text or e-mail"


class ContactOutcome(StrEnum):
    """What came of it."""

    REACHED = "reached"
    LEFT_MESSAGE = "left a message"
    NO_ANSWER = "no answer"
    WRONG_NUMBER = "wrong number or address"
    RETURNED_MAIL = "letter came back"
