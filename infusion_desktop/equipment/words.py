"""The words of equipment: the states of a pump or pole and the deeds that lead from one to the next."""

from enum import StrEnum
from typing import NewType

AssetId = NewType("AssetId", int)
ModelId = NewType("ModelId", int)


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
    MAINTENANCE = "in maintenance"
    REPAIR = "repair at vendor"
    QUARANTINED = "quarantined"
    LOST = "lost"
    RETIRED = "retired"


class AssetDeed(StrEnum):
    """What somebody did with a pump or pole."""

    REGISTER = "register"
    PASS_CHECK = "pass function check"
    FAIL_CHECK = "fail function check"
    RESERVE = "reserve"
    LET_GO = "let go"
    SHIP = "ship"
    DELIVER = "deliver"
    CALL_BACK = "call back"
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
    MOVE = "move"
