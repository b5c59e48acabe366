"""The words of stock: kinds of items, places and moves."""

from datetime import date
from enum import StrEnum
from typing import NewType

ItemId = NewType("ItemId", int)
PackId = NewType("PackId", int)
LotId = NewType("LotId", int)
LocationId = NewType("LocationId", int)
MoveId = NewType("MoveId", int)
ReceiptId = NewType("ReceiptId", int)
CountId = NewType("CountId", int)
CountLineId = NewType("CountLineId", int)
RecallId = NewType("RecallId", int)

NEVER_EXPIRES = date(9999, 12, 31)
"""Stands in balances for a lot without an expiry date, so that it comes last."""


class ItemKind(StrEnum):
    """What sort of thing an item is; also the groups on a manifest, in this order."""

    DRUG = "drug"
    DILUENT = "diluent"
    FLUSH = "flush"
    TUBING = "tubing and administration sets"
    NEEDLE = "needles and syringes"
    CATHETER = "catheter"
    DRESSING = "dressing"
    ANTISEPTIC = "antiseptic"
    SHARPS = "sharps container"
    PUMP = "pump"
    POLE = "pole"
    OTHER = "other"

    @property
    def is_equipment(self) -> bool:
        """Serialised, lent and taken back: lives in the equipment register, not in the stock ledger."""
        return self in (ItemKind.PUMP, ItemKind.POLE)


class Storage(StrEnum):
    """How it must be kept."""

    ROOM = "room temperature"
    REFRIGERATED = "refrigerated"
    FROZEN = "frozen"

    @property
    def is_cold(self) -> bool:
        return self is not Storage.ROOM


class BillingClass(StrEnum):
    """Whether the per diem pays for it, by default; a payer's contract may differ."""

    DRUG = "drug"
    PER_DIEM_INCLUDED = "inside the per diem"
    SEPARATELY_BILLABLE = "billed separately"
    NURSING = "nursing"
    NONE = "not billed"


class LocationKind(StrEnum):
    """What sort of place; the last four are outside and keep no balance."""

    ROOM = "room"
    BIN = "bin"
    VEHICLE = "vehicle"
    QUARANTINE = "quarantine"
    RETURNS = "returns"
    SERVICE = "service area"
    TRANSIT = "in transit"
    PATIENT_HOME = "patient home"
    VENDOR = "vendor"
    USED = "used"
    LOST = "lost or wasted"
    ADJUSTMENT = "count difference"

    @property
    def keeps_balance(self) -> bool:
        return self not in (LocationKind.VENDOR, LocationKind.USED, LocationKind.LOST, LocationKind.ADJUSTMENT)

    @property
    def is_pickable(self) -> bool:
        """Stock here may be reserved for a patient."""
        return self in (LocationKind.ROOM, LocationKind.BIN)


class MoveReason(StrEnum):
    """Why stock moved."""

    OPENING = "opening balance"
    RECEIVED = "received"
    TRANSFERRED = "transferred"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    RETURNED = "returned"
    REFUSED = "refused"
    USED = "used at home"
    EXPIRED = "expired"
    DAMAGED = "damaged"
    LOST = "lost"
    QUARANTINED = "quarantined"
    RELEASED = "released from quarantine"
    COUNTED = "count difference"
    VENDOR_RETURN = "returned to vendor"
    CORRECTED = "corrected"


class OrderState(StrEnum):
    """A purchase order's life."""

    DRAFT = "draft"
    ORDERED = "ordered"
    RECEIVED = "received"
    CANCELLED = "cancelled"


class CountState(StrEnum):
    """A count's life."""

    OPEN = "open"
    COUNTED = "counted"
    POSTED = "posted"
    CANCELLED = "cancelled"


class RecallState(StrEnum):
    """A recall's life."""

    OPEN = "open"
    CLOSED = "closed"
