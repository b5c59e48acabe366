"""Who may do what: roles as sets of permissions, everything else denied."""

from enum import StrEnum
from functools import lru_cache
from typing import NewType

UserId = NewType("UserId", int)


class Role(StrEnum):
    """The hats people wear; one person may wear several."""

    TECHNICIAN = "technician"
    PHARMACIST = "pharmacist"
    COORDINATOR = "coordinator"
    BILLER = "biller"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """One thing a person may do, named as on its button. Services ask; screens only hide what would be refused."""

    SEE_STOCK = "see stock"
    EDIT_CATALOGUE = "edit catalogue"
    RECEIVE = "receive"
    MOVE_STOCK = "move stock"
    WRITE_OFF = "write off"
    COUNT = "count"
    APPROVE_COUNT = "approve count"
    ORDER = "order"
    RECALL = "recall"
    SEE_EQUIPMENT = "see equipment"
    REGISTER_EQUIPMENT = "register equipment"
    CARE_FOR_EQUIPMENT = "clean and test equipment"
    OVERRIDE_EQUIPMENT = "override equipment"
    EDIT_EQUIPMENT_MODELS = "edit equipment models"
    CHARGE_EQUIPMENT = "charge for equipment"
    SEE_PATIENTS = "see patients"
    ADMIT = "admit"
    WRITE_THERAPY = "write therapy"
    EDIT_TEMPLATES = "edit kit templates"
    SEE_DELIVERIES = "see deliveries"
    PLAN_DELIVERY = "plan delivery"
    RELEASE = "release"
    PICK = "pick"
    VERIFY = "verify"
    SHIP = "ship"
    DELIVER = "deliver"
    SEE_BILLING = "see billing"
    EDIT_PAYERS = "edit payers"
    EDIT_COVERAGE = "edit coverage"
    CHARGE = "charge"
    CLAIM = "claim"
    POST_PAYMENT = "post payment"
    ADJUST_ACCOUNTS = "adjust accounts"
    CLOSE_MONTH = "close month"
    TAKE_EMERGENCY = "take emergency access"
    SEE_REPORTS = "see reports"
    SEE_AUDIT = "see audit"
    MANAGE_STAFF = "manage staff"
    EDIT_PHARMACY = "edit pharmacy"
    BACK_UP = "back up"
    PURGE = "purge"


class AuditKind(StrEnum):
    """Changed the books, or only looked at a patient's record."""

    CHANGE = "change"
    VIEW = "view"


class Kept(StrEnum):
    """What may go once its years are over."""

    AUDIT_TRAIL = "audit trail"
    PROOF_PICTURES = "pictures of proofs"
    CLAIM_FILES = "claim files and answers"


_P = Permission
_SEES = frozenset({_P.SEE_STOCK, _P.SEE_EQUIPMENT, _P.SEE_PATIENTS, _P.SEE_DELIVERIES})
_BENCH = frozenset(
    {_P.RECEIVE, _P.MOVE_STOCK, _P.COUNT, _P.REGISTER_EQUIPMENT, _P.CARE_FOR_EQUIPMENT, _P.PICK, _P.VERIFY, _P.SHIP}
    | {_P.DELIVER}
)  # fmt: skip
_CARE = frozenset({_P.ADMIT, _P.WRITE_THERAPY, _P.EDIT_COVERAGE, _P.PLAN_DELIVERY, _P.RELEASE, _P.SHIP, _P.DELIVER})

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.TECHNICIAN: _SEES | _BENCH | {_P.ORDER, _P.TAKE_EMERGENCY},
    Role.PHARMACIST: _SEES | _BENCH | _CARE | {
        _P.EDIT_CATALOGUE, _P.WRITE_OFF, _P.APPROVE_COUNT, _P.ORDER, _P.RECALL, _P.OVERRIDE_EQUIPMENT,
        _P.EDIT_EQUIPMENT_MODELS, _P.CHARGE_EQUIPMENT,
        _P.EDIT_TEMPLATES, _P.SEE_BILLING, _P.SEE_REPORTS, _P.TAKE_EMERGENCY,
    },
    Role.COORDINATOR: _SEES | _CARE | {_P.SEE_BILLING, _P.CHARGE_EQUIPMENT, _P.TAKE_EMERGENCY},
    Role.BILLER: _SEES | {
        _P.SEE_BILLING, _P.EDIT_PAYERS, _P.EDIT_COVERAGE, _P.CHARGE, _P.CLAIM, _P.POST_PAYMENT, _P.SEE_REPORTS,
        _P.ADJUST_ACCOUNTS, _P.CLOSE_MONTH,
        _P.CHARGE_EQUIPMENT, _P.TAKE_EMERGENCY,
    },
    Role.MANAGER: _SEES | {_P.SEE_BILLING, _P.SEE_REPORTS, _P.SEE_AUDIT},
    Role.ADMINISTRATOR: frozenset(Permission),
}  # fmt: skip
"""Deny by default: what is not written here is refused."""


EMERGENCY: frozenset[Permission] = _SEES | _BENCH | _CARE | {_P.OVERRIDE_EQUIPMENT, _P.RECALL}
"""What emergency access adds for its hour: the care of patients, and nothing of money or people."""


def permissions_of(roles: frozenset[Role] | set[Role]) -> frozenset[Permission]:
    """Everything somebody with these roles may do."""
    return _together(frozenset(roles))


@lru_cache
def _together(roles: frozenset[Role]) -> frozenset[Permission]:
    return frozenset().union(*(PERMISSIONS[role] for role in roles))
