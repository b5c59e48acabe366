"""The words of equipment: the states of a pump or pole and the deeds that lead from one to the next."""

from enum import StrEnum
from typing import NewType

AssetId = NewType("AssetId", int)
ModelId = NewType("ModelId", int)
BookingId = NewType("BookingId", int)
RentalId = NewType("RentalId", int)
PickupId = NewType("PickupId", int)
SwapId = NewType("SwapId", int)
ChargeId = NewType("ChargeId", int)


class AssetState(StrEnum):
    """Where a pump or pole is in its round; always exactly one."""

    RECEIVED = "received"
    READY = "patient-ready"
    RESERVED = "reserved"
    IN_TRANSIT = "in transit"
    WITH_PATIENT = "with patient"
    DUE_BACK = "due back"
    RETURNED = "returned, dirty"
    CLEANED = "cleaned"
    CHECKING = "function check"
    MAINTENANCE = "in maintenance"
    REPAIR = "repair at vendor"
    QUARANTINED = "quarantined"
    LOST = "lost"
    RETIRED = "retired"


class AssetDeed(StrEnum):
    """What somebody did with a pump or pole."""

    REGISTER = "register"
    START_CHECK = "start function check"
    PASS_CHECK = "pass function check"
    STOP_CHECK = "stop function check"
    FAIL_CHECK = "fail function check"
    RESERVE = "reserve"
    LET_GO = "let go"
    SHIP = "ship"
    DELIVER = "deliver"
    CALL_BACK = "call back"
    LEAVE = "leave with the patient"
    TAKE_BACK = "take back"
    CLEAN = "clean"
    START_MAINTENANCE = "start maintenance"
    FINISH_MAINTENANCE = "finish maintenance"
    SEND_TO_VENDOR = "send to vendor"
    RETURN_FROM_VENDOR = "return from vendor"
    QUARANTINE = "quarantine"
    RELEASE = "release from quarantine"
    LOSE = "report lost"
    FIND = "find"
    RETIRE = "retire"
    GIVE_BACK = "give back to the renting vendor"
    SELL = "sell to the patient"
    MOVE = "move"


class Per(StrEnum):
    """What a rental's rate is for."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class ChargeKind(StrEnum):
    """Why somebody is charged for equipment; a waiver takes a charge back."""

    LOST = "lost"
    DAMAGED = "damaged"
    ACCESSORY = "accessory missing"
    WAIVED = "waived"


class CallOutcome(StrEnum):
    """How a call about an overdue return ended."""

    PROMISED = "will return it"
    PICK_UP = "pick-up agreed"
    NO_ANSWER = "no answer"
    MESSAGE = "message left"
    DENIES = "says it was returned"
    LOST = "says it is lost"
    IN_USE = "still needs it"
